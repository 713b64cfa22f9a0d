//! What becomes of the faults that no vector shows: some leave the optimised machine code as it is (trivial compiler
//! equivalence: Papadakis et al., ICSE 2015); of the others it is counted how often their place is evaluated and how
//! often with another value.

use super::{BUILD_LIMIT, PRINT_LIMIT, Seeded, Until, Vectors, build, write_files};
use proofmark_silicon::back::{Backend, c::C};
use proofmark_silicon::lir::Program;
use proofmark_silicon::lir::mutate::{only, probes};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How far a fault got on all vectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Met {
    /// Times its place was evaluated, and with another value.
    Counted(u64, u64),
    /// It could not be counted.
    Unknown,
}

impl std::fmt::Display for Met {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Met::Unknown => f.write_str("not measured: the code with a probe in it did not run"),
            Met::Counted(0, _) => f.write_str("no vector reaches it"),
            Met::Counted(n, 0) => write!(f, "evaluated {n} times, always with the value of the original"),
            Met::Counted(n, m) => {
                write!(f, "evaluated {n} times, {m} of them with another value, which changes no result")
            }
        }
    }
}

impl Seeded<'_> {
    /// The surviving faults with which the compiler makes the same machine code as without.
    pub(super) fn equivalent(&self) -> Result<BTreeSet<usize>, String> {
        if self.survived.is_empty() {
            return Ok(BTreeSet::new());
        }
        let levels = ["-O2", "-O3"];
        let object = |program: &Program, folder: &Path, level: &str| self.object(program, folder, level);
        let mut base = BTreeMap::new();
        for level in levels {
            base.insert(level, object(self.program, &self.folder.join("original"), level)?);
        }
        self.each(|id| {
            let folder = self.folder.join(format!("only-{id}"));
            let program = only(&self.mutated, id);
            let mut same = false;
            for level in levels {
                same = same || object(&program, &folder, level)? == base[level];
            }
            let _ = std::fs::remove_dir_all(&folder);
            Ok(same)
        })
    }

    /// Compiles and gives the object file. Overflow wraps and loops may run past the end of an array, so that nothing is
    /// equal only because the compiler may assume what the fault breaks.
    fn object(&self, program: &Program, folder: &Path, level: &str) -> Result<Vec<Vec<u8>>, String> {
        let files = C.emit(program).files;
        write_files(folder, &files).map_err(|e| e.to_string())?;
        let mut objects = Vec::new();
        for unit in files.keys().filter(|f| f.ends_with(".c")) {
            let mut arguments: Vec<String> =
                ["-std=c99", "-ffp-contract=off", level, "-w", "-fwrapv", "-c"].map(str::to_string).to_vec();
            if self.compiler.name == "gcc" {
                arguments.push("-fno-aggressive-loop-optimizations".into());
            }
            arguments.extend([unit.clone(), "-o".into(), "unit.o".into()]);
            let output =
                self.compiler.run(&arguments, folder, &[], BUILD_LIMIT, PRINT_LIMIT).map_err(|e| e.to_string())?;
            if !output.success() {
                return Err("a program with one fault does not compile".into());
            }
            objects.push(std::fs::read(folder.join("unit.o")).map_err(|e| e.to_string())?);
        }
        Ok(objects)
    }

    /// How far each surviving fault gets on all vectors.
    pub(super) fn met(&self, all: &Vectors<'_>) -> Result<BTreeMap<usize, Met>, String> {
        let ids = self.left();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let driver = build(&self.compiler, &probes(&self.mutated, &ids), &self.folder.join("probes"), &[])?;
        let sequences: Vec<_> = all.sequences.iter().collect();
        let (_, said) = self.batch(&driver, "probes.bin", all.t, &sequences, (&ids, Until::All))?;
        let counted = |i: &usize| match said.get(&self.chosen[*i].id).and_then(|s| s.counts) {
            Some((seen, other)) => Met::Counted(seen, other),
            None => Met::Unknown,
        };
        Ok(self.survived.iter().map(|i| (*i, counted(i))).collect())
    }
}
