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

    /// The line of the C code, `without` any fault, that a fault changes: before and after.
    pub(super) fn change(&self, without: &BTreeMap<String, String>, id: u32) -> Option<String> {
        let with = C.emit(&only(&self.mutated, id)).files;
        without.iter().find_map(|(name, text)| {
            let (a, b) = (text.lines(), with.get(name)?.lines());
            let (n, (a, b)) = a.zip(b).enumerate().find(|(_, (a, b))| a != b)?;
            let (a, b) = narrowed(a, b);
            Some(format!("{name}:{}: {a} -> {b}", n + 1))
        })
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

/// Where two lines differ, with a little of what stands around it.
fn narrowed(a: &str, b: &str) -> (String, String) {
    const AROUND: usize = 24;
    let (a, b): (Vec<char>, Vec<char>) = (a.trim().chars().collect(), b.trim().chars().collect());
    let least = a.len().min(b.len());
    let front = (0..least).take_while(|i| a[*i] == b[*i]).count();
    let back = (0..least - front).take_while(|i| a[a.len() - 1 - i] == b[b.len() - 1 - i]).count();
    let (from, rest) = (front.saturating_sub(AROUND), back.saturating_sub(AROUND));
    let cut = |line: &[char]| {
        let middle: String = line[from..line.len() - rest].iter().collect();
        format!("`{}{middle}{}`", if from > 0 { "..." } else { "" }, if rest > 0 { "..." } else { "" })
    };
    (cut(&a), cut(&b))
}

#[cfg(test)]
mod tests {
    use super::narrowed;

    #[test]
    fn a_change_is_shown_with_what_stands_around_it() {
        let (a, b) = narrowed("    x = a > b;", "    x = a >= b;");
        assert_eq!((a.as_str(), b.as_str()), ("`x = a > b;`", "`x = a >= b;`"));
        let long = "+ c".repeat(20);
        let (a, b) = narrowed(&format!("y{long} + 1.0 - z{long}"), &format!("y{long} + 2.0 - z{long}"));
        assert_eq!(a, "`...+ c+ c+ c+ c+ c+ c+ c + 1.0 - z+ c+ c+ c+ c+ c+ c...`");
        assert_eq!(b, "`...+ c+ c+ c+ c+ c+ c+ c + 2.0 - z+ c+ c+ c+ c+ c+ c...`");
        let same = narrowed("f(x, x)", "f(x, x, x)");
        assert_eq!(same, ("`f(x, x)`".to_string(), "`f(x, x, x)`".to_string()));
    }
}
