//! Mutation analysis: faults seeded in the program that the targets are printed from, one at a time, and whether the
//! vectors notice them. All of them are in one executable behind a switch, so it is compiled once.

use super::compare::first_difference;
use super::evidence::{Mutation, Survivor};
use super::golden::Outcome;
use super::pipeline::Vectors;
use super::target::{BUILD_LIMIT, CallFile, Driver, PRINT_LIMIT, RunFailure, call_file, excerpt, write_files};
use super::tolerance::Agreement;
use super::vectors::port;
use crate::tool::Tool;
use proofmark_base::diagnostics::SourceMap;
use proofmark_silicon::back::harness::c_harness;
use proofmark_silicon::back::{Backend, c::C};
use proofmark_silicon::lir::Program;
use proofmark_silicon::lir::mutate::{Mutant, mutate};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Most faults tried; more are sampled evenly.
const MOST: usize = 150;
/// Runs at one time.
const THREADS: usize = 2;

/// Seeds faults and counts those noticed.
///
/// # Errors
/// Why none could be seeded.
pub(super) fn analyse(
    program: &Program,
    all: &Vectors<'_>,
    sources: &SourceMap,
    scratch: &Path,
) -> Result<Mutation, String> {
    let compiler = ["gcc", "clang"].iter().find_map(|n| Tool::find(n)).ok_or("no C compiler is installed")?;
    let (mutated, mutants) = mutate(program);
    if mutants.is_empty() {
        return Err("the generated code has no place to seed a fault in".into());
    }
    let folder = scratch.join("mutants");
    let files = C.emit(&mutated).files;
    write_files(&folder, &files).map_err(|e| e.to_string())?;
    std::fs::write(folder.join("main.c"), c_harness(&mutated)).map_err(|e| e.to_string())?;
    // Under the address sanitizer, as in the check `c.sanitize`, a fault that reads or writes out of bounds is noticed
    // even where the stray value happens to be the right one.
    let mut output = compile(&compiler, &files, &["-fsanitize=address", "-fno-omit-frame-pointer"], &folder)?;
    if !output.success() {
        output = compile(&compiler, &files, &[], &folder)?;
    }
    if !output.success() {
        return Err(format!("the code with seeded faults does not compile: {}", excerpt(&output.stderr, 6)));
    }
    let driver = Driver { program: folder.join("mutants"), emulator: None };
    let calls = call_file(program, all.t, all.sequences.iter());
    let path = folder.join("calls.bin");
    std::fs::write(&path, calls.bytes()).map_err(|e| e.to_string())?;
    let mut trial = Trial { driver: &driver, calls: &calls, path: &path, program, all, folder: &folder, exact: true };
    let start = Instant::now();
    if trial.notices(0, Duration::from_secs(120))? {
        trial.exact = false;
        if trial.notices(0, Duration::from_secs(120))? {
            return Err("the code with all faults switched off does not give the original's results".into());
        }
    }
    let limit = start.elapsed() * 20 + Duration::from_secs(1);
    let chosen = sample(&mutants);
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<usize>, String> {
        let mut survived = Vec::new();
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            let Some(m) = chosen.get(i) else { return Ok(survived) };
            if !trial.notices(m.id, limit)? {
                survived.push(i);
            }
        }
    };
    let results: Vec<Result<Vec<usize>, String>> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..THREADS).map(|_| scope.spawn(work)).collect();
        handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err("a run broke off".into()))).collect()
    });
    let mut survived = Vec::new();
    for r in results {
        survived.extend(r?);
    }
    survived.sort_unstable();
    let survivor = |m: &Mutant| Survivor {
        place: m
            .span
            .and_then(|s| super::trace::place(s, sources))
            .map(|p| (sources.files()[p.source].name.clone(), p.first_line)),
        text: format!("{}: {}", m.function, m.what),
    };
    Ok(Mutation {
        killed: chosen.len() - survived.len(),
        tried: chosen.len(),
        places: mutants.len(),
        survivors: survived.into_iter().map(|i| survivor(chosen[i])).collect(),
    })
}

fn compile(
    compiler: &Tool,
    files: &BTreeMap<String, String>,
    flags: &[&str],
    folder: &Path,
) -> Result<crate::tool::Output, String> {
    let mut arguments: Vec<String> =
        ["-std=c11", "-ffp-contract=off", "-O1", "-w", "main.c"].map(str::to_string).to_vec();
    arguments.extend(flags.iter().map(|f| f.to_string()));
    arguments.extend(files.keys().filter(|f| f.ends_with(".c")).cloned());
    arguments.extend(["-o", "mutants", "-lm"].map(str::to_string));
    compiler.run(&arguments, folder, &[], BUILD_LIMIT, PRINT_LIMIT).map_err(|e| e.to_string())
}

/// At most [`MOST`], spread evenly.
fn sample(mutants: &[Mutant]) -> Vec<&Mutant> {
    let n = mutants.len().min(MOST);
    (0..n).map(|k| &mutants[k * mutants.len() / n]).collect()
}

struct Trial<'a> {
    driver: &'a Driver,
    calls: &'a CallFile,
    path: &'a Path,
    program: &'a Program,
    all: &'a Vectors<'a>,
    folder: &'a Path,
    /// Whether the code without a fault gives the golden model's bits: then any other bit is noticed, else what lies
    /// outside of the tolerance.
    exact: bool,
}

impl Trial<'_> {
    /// Whether the vectors show a difference while that fault is switched on.
    fn notices(&self, id: u32, limit: Duration) -> Result<bool, String> {
        let scratch = tempfile::tempdir_in(self.folder).map_err(|e| e.to_string())?;
        match self.driver.results(self.path, scratch.path(), limit, Some(&id.to_string())) {
            Err(RunFailure::Broken(why)) => Err(why),
            // A crash or a run without end is noticed by anybody.
            Err(RunFailure::Crashed(_) | RunFailure::TimedOut) => Ok(true),
            Ok(bytes) => match self.calls.outcomes(self.program, &bytes) {
                Err(_) => Ok(true),
                Ok(outcomes) => Ok(self.differs(&outcomes)),
            },
        }
    }

    /// Whether the outcomes are not the golden model's.
    fn differs(&self, outcomes: &[Vec<Outcome>]) -> bool {
        self.all.judged.iter().zip(outcomes).any(|(judged, got)| {
            judged.trail.outcomes.iter().zip(got).zip(&judged.tolerances).any(|((want, got), tolerances)| {
                match (want, got) {
                    (Ok(want), Ok(got)) => want.iter().any(|(name, want)| match port(got, name) {
                        None => true,
                        Some(got) => match tolerances.get(name).filter(|_| !self.exact) {
                            Some(t) => !matches!(t.judge(want, got), Agreement::Within(_)),
                            None => first_difference(want, got).is_some(),
                        },
                    }),
                    (Err(want), Err(got)) => want.exception != got.exception,
                    _ => true,
                }
            })
        })
    }
}
