//! Mutation analysis: faults seeded in the program that the targets are printed from, one at a time, and whether the
//! vectors notice them. All of them are in one executable behind a switch, so it is compiled once. Inputs are searched
//! for that show what the vectors miss ([`search`]); a fault that leaves the machine code as it is is equivalent, and
//! of each survivor it is measured how far it got ([`explain`]).

mod explain;
mod search;

use super::compare::first_difference;
use super::evidence::{Fault, Mutation};
use super::golden::Outcome;
use super::kernels::Kernels;
use super::pipeline::Vectors;
use super::target::{BUILD_LIMIT, CallFile, Driver, PRINT_LIMIT, RunFailure, call_file, excerpt, write_files};
use super::tolerance::Agreement;
use super::vectors::port;
use crate::cancel::Cancel;
use crate::tool::Tool;
use proofmark_base::diagnostics::SourceMap;
use proofmark_base::digest::Digest;
use proofmark_silicon::back::harness::c_harness;
use proofmark_silicon::back::{Backend, c::C};
use proofmark_silicon::lir::Program;
use proofmark_silicon::lir::mutate::{self, Mutant};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Most faults tried; more are sampled evenly.
const MOST: usize = 150;
/// Runs at one time.
const THREADS: usize = 2;

/// A program with faults in it, built.
pub(super) struct Seeded<'p> {
    program: &'p Program,
    mutated: Program,
    compiler: Tool,
    folder: PathBuf,
    /// Without a sanitizer: fast.
    plain: Driver,
    /// Under the address sanitizer, as in the check `c.sanitize`: a fault that reads or writes out of bounds is noticed
    /// even where the stray value happens to be the right one. The plain build where there is no sanitizer.
    guarded: Driver,
    /// Places where a fault could be seeded.
    places: usize,
    chosen: Vec<Mutant>,
    /// Of `chosen`: how many faults stand before it in its function.
    ordinals: Vec<usize>,
    /// Noticed by vectors of single kernels and by nothing before them.
    by_kernels: usize,
    /// Of `chosen`, by index: tried on vectors of their kernel alone.
    alone: BTreeSet<usize>,
    /// Of `chosen`, by index: not noticed so far.
    survived: BTreeSet<usize>,
    /// Sequences that they survived.
    tried: usize,
    /// Whether the code without a fault gives the golden model's bits: then any other bit is noticed, else what lies
    /// outside of the tolerance.
    exact: bool,
}

/// Seeds faults.
///
/// # Errors
/// Why none could be seeded.
pub(super) fn seed<'p>(program: &'p Program, scratch: &Path) -> Result<Seeded<'p>, String> {
    let compiler = ["gcc", "clang"].iter().find_map(|n| Tool::find(n)).ok_or("no C compiler is installed")?;
    let (mutated, mutants) = mutate::mutate(program);
    if mutants.is_empty() {
        return Err("the generated code has no place to seed a fault in".into());
    }
    let places = mutants.len();
    let n = places.min(MOST);
    let chosen: Vec<Mutant> = (0..n).map(|k| mutants[k * places / n].clone()).collect();
    let before = |m: &Mutant| mutants[..m.id as usize - 1].iter().filter(|o| o.function == m.function).count();
    let ordinals = chosen.iter().map(before).collect();
    ready(program, &mutated, compiler, chosen, ordinals, places, scratch.join("mutants"))
}

/// How far seeded faults were tried: with the program, all that is needed to go on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// As in [`Seeded`].
    by_kernels: usize,
    alone: BTreeSet<usize>,
    survived: BTreeSet<usize>,
    tried: usize,
    exact: bool,
}

/// Seeds the faults of a program again and goes on where they were left.
///
/// # Errors
/// Why none could be seeded.
pub(super) fn resume<'p>(program: &'p Program, scratch: &Path, tried: Tried) -> Result<Seeded<'p>, String> {
    let mut seeded = seed(program, scratch)?;
    let Tried { by_kernels, alone, survived, tried, exact } = tried;
    if alone.iter().chain(&survived).any(|i| *i >= seeded.chosen.len()) {
        return Err("they were seeded in another program".into());
    }
    (seeded.by_kernels, seeded.alone, seeded.survived) = (by_kernels, alone, survived);
    (seeded.tried, seeded.exact) = (tried, exact);
    Ok(seeded)
}

/// Builds a program with the chosen faults.
fn ready<'p>(
    program: &'p Program,
    mutated: &Program,
    compiler: Tool,
    chosen: Vec<Mutant>,
    ordinals: Vec<usize>,
    places: usize,
    folder: PathBuf,
) -> Result<Seeded<'p>, String> {
    let ids: Vec<u32> = chosen.iter().map(|m| m.id).collect();
    // a switch costs time wherever it stands
    let mutated = mutate::chosen(mutated, &ids);
    let sanitizer = ["-fsanitize=address", "-fno-omit-frame-pointer"];
    let cancel = Cancel::current();
    let (plain, guarded) = std::thread::scope(|scope| {
        let guarded = scope.spawn(|| cancel.over(|| build(&compiler, &mutated, &folder.join("guarded"), &sanitizer)));
        (build(&compiler, &mutated, &folder.join("plain"), &[]), guarded.join())
    });
    let plain = plain?;
    let guarded = guarded.ok().and_then(Result::ok).unwrap_or_else(|| plain.clone());
    Ok(Seeded {
        program,
        mutated,
        compiler,
        folder,
        plain,
        guarded,
        places,
        survived: (0..chosen.len()).collect(),
        chosen,
        ordinals,
        by_kernels: 0,
        alone: BTreeSet::new(),
        tried: 0,
        exact: true,
    })
}

/// Seeds faults, tries them on the vectors there are, and looks for inputs that show those left.
///
/// # Errors
/// Why that could not be done.
pub(super) fn explore<'p>(
    program: &'p Program,
    all: &Vectors<'_>,
    kernels: Option<&Kernels>,
    scratch: &Path,
) -> Result<(Seeded<'p>, Vec<super::vectors::Sequence>), String> {
    let mut seeded = seed(program, scratch)?;
    seeded.try_vectors(all, false)?;
    if let Some(kernels) = kernels {
        seeded.try_kernels(kernels)?;
    }
    let found = seeded.search(all)?;
    Ok((seeded, found))
}

/// Compiles a program with faults or probes and the driver of it.
fn build(compiler: &Tool, program: &Program, folder: &Path, flags: &[&str]) -> Result<Driver, String> {
    let files = C.emit(program).files;
    write_files(folder, &files).map_err(|e| e.to_string())?;
    std::fs::write(folder.join("main.c"), c_harness(program)).map_err(|e| e.to_string())?;
    let mut arguments: Vec<String> =
        ["-std=c11", "-ffp-contract=off", "-O1", "-w", "main.c"].map(str::to_string).to_vec();
    arguments.extend(flags.iter().map(|f| f.to_string()));
    arguments.extend(files.keys().filter(|f| f.ends_with(".c")).cloned());
    arguments.extend(["-o", "mutants", "-lm"].map(str::to_string));
    let driver = Driver { program: folder.join("mutants"), emulator: None };
    // built before in this folder, of the same files by the same compiler
    let (mark, key) = (folder.join("built"), build_key(compiler, &files, &c_harness(program), &arguments));
    if std::fs::read_to_string(&mark).is_ok_and(|k| k == key) {
        return Ok(driver);
    }
    let output = compiler.run(&arguments, folder, &[], BUILD_LIMIT, PRINT_LIMIT).map_err(|e| e.to_string())?;
    match output.success() {
        true => std::fs::write(&mark, key).map(|()| driver).map_err(|e| e.to_string()),
        false => Err(format!("the code with seeded faults does not compile: {}", excerpt(&output.stderr, 6))),
    }
}

/// What a build is made of, as one digest.
fn build_key(compiler: &Tool, files: &BTreeMap<String, String>, main: &str, arguments: &[String]) -> String {
    let mut parts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    parts.extend(files.iter().map(|(name, text)| (format!("file {name}"), text.clone().into_bytes())));
    parts.insert("main".into(), main.as_bytes().to_vec());
    parts.insert("arguments".into(), arguments.join("\0").into_bytes());
    parts.insert("compiler".into(), format!("{} {}", compiler.path.display(), compiler.version).into_bytes());
    Digest::of_files(&parts).to_string()
}

/// Sequences in one call file, run without a fault.
struct Batch {
    calls: CallFile,
    path: PathBuf,
    /// Results of the code without a fault.
    base: Vec<u8>,
    /// Wall time a run of a single fault may take.
    limit: Duration,
}

/// How far faults are tried.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Until {
    /// Until a sequence differs.
    First,
    /// On all sequences.
    All,
}

/// What the driver says of one fault: see [`c_harness`].
#[derive(Clone, Debug, Default, PartialEq)]
struct Said {
    /// It did not crash or loop.
    ended: bool,
    /// Of each sequence it came to: `0`, `1` or `2`.
    sequences: Vec<u8>,
    /// Counts of a probe.
    counts: Option<(u64, u64)>,
}

/// What a run with a fault in it shows.
enum Seen {
    /// The results are the same bytes.
    Same,
    /// Results of each call.
    Other(Vec<Vec<Outcome>>),
    /// It crashed, did not end, or left no results that can be read.
    Broke,
}

/// What the driver printed, by number of the fault.
fn said(text: &str) -> Result<BTreeMap<u32, Said>, String> {
    let line = |line: &str| -> Option<(u32, Said)> {
        let (front, rest) = line.split_once(':')?;
        let mut front = front.split_whitespace();
        let (id, ended) = (front.next()?.parse().ok()?, front.next()? == "1");
        let mut rest = rest.splitn(2, ' ');
        let sequences = rest.next()?.bytes().collect();
        let counts =
            rest.next().and_then(|c| c.split_once(' ')).and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        Some((id, Said { ended, sequences, counts }))
    };
    text.lines().map(|l| line(l).ok_or_else(|| format!("the driver of seeded faults said `{l}`"))).collect()
}

impl Seeded<'_> {
    /// How far the faults were tried.
    pub(super) fn tried(&self) -> Tried {
        Tried {
            by_kernels: self.by_kernels,
            alone: self.alone.clone(),
            survived: self.survived.clone(),
            tried: self.tried,
            exact: self.exact,
        }
    }

    /// Runs sequences without a fault and then with each of `ids`.
    fn batch(
        &self,
        driver: &Driver,
        name: &str,
        t: &proofmark_silicon::translation::Translation,
        sequences: &[&super::vectors::Sequence],
        (ids, until): (&[u32], Until),
    ) -> Result<(Batch, BTreeMap<u32, Said>), String> {
        let calls = call_file(self.program, t, sequences.iter().copied());
        let path = self.folder.join(name);
        std::fs::write(&path, calls.bytes()).map_err(|e| e.to_string())?;
        let start = Instant::now();
        let scratch = tempfile::tempdir_in(&self.folder).map_err(|e| e.to_string())?;
        let mut switches = vec!["0".to_string()];
        if !ids.is_empty() {
            switches.push(if until == Until::First { "first" } else { "all" }.into());
            switches.push(THREADS.to_string());
            switches.extend(ids.iter().map(u32::to_string));
        }
        // the driver itself limits each fault, by processor time
        let limit = Duration::from_secs(120 + 60 * ids.len() as u64);
        let (text, base) = driver
            .said(&path, scratch.path(), limit, &switches)
            .map_err(|e| format!("with all faults switched off: {e}"))?;
        let said = said(&text)?;
        if let Some(lost) = ids.iter().find(|id| !said.contains_key(id)) {
            return Err(format!("the driver of seeded faults says nothing of fault {lost}"));
        }
        Ok((Batch { calls, path, base, limit: start.elapsed() * 20 + Duration::from_secs(1) }, said))
    }

    /// All results with a fault on.
    fn look(&self, driver: &Driver, batch: &Batch, id: u32) -> Result<Seen, String> {
        let scratch = tempfile::tempdir_in(&self.folder).map_err(|e| e.to_string())?;
        match driver.results(&batch.path, scratch.path(), batch.limit, &[id.to_string()]) {
            Err(RunFailure::Broken(why)) => Err(why),
            Err(RunFailure::Crashed(_) | RunFailure::TimedOut) => Ok(Seen::Broke),
            Ok(bytes) if bytes == batch.base => Ok(Seen::Same),
            Ok(bytes) => Ok(batch.calls.outcomes(self.program, &bytes).map_or(Seen::Broke, Seen::Other)),
        }
    }

    /// Numbers of the faults not noticed so far.
    fn left(&self) -> Vec<u32> {
        self.survived.iter().map(|i| self.chosen[*i].id).collect()
    }

    /// Tries the surviving faults on the vectors they have not been tried on. The sanitizer is slow: but for the cheapest
    /// vectors it waits until the search is done (`last`).
    ///
    /// # Errors
    /// Why they could not be tried.
    pub(super) fn try_vectors(&mut self, all: &Vectors<'_>, last: bool) -> Result<(), String> {
        let (plain, guarded) = (self.plain.clone(), self.guarded.clone());
        let count = all.sequences.len();
        let mut runs: Vec<(&Driver, &str, Vec<usize>)> =
            parts(all, self.tried..count).into_iter().map(|p| (&plain, "plain", p)).collect();
        let slow = parts(all, 0..count).into_iter().take(if last { usize::MAX } else { 1 });
        runs.extend(slow.map(|p| (&guarded, "guarded", p)));
        for (driver, kind, part) in runs {
            if self.survived.is_empty() {
                break;
            }
            let sequences: Vec<_> = part.iter().map(|k| &all.sequences[*k]).collect();
            // where a tolerance decides, results are read here
            let ids = if self.exact { self.left() } else { Vec::new() };
            let name = format!("{kind}.bin");
            let (batch, said) = self.batch(driver, &name, all.t, &sequences, (&ids, Until::First))?;
            let base = batch.calls.outcomes(self.program, &batch.base)?;
            if self.exact && differs(all, &part, &base, true) {
                // by the tolerance then, and from the start
                self.exact = false;
                self.tried = 0;
                self.survived = (0..self.chosen.len()).collect();
                self.by_kernels = 0;
                return self.try_vectors(all, last);
            }
            if !self.exact && differs(all, &part, &base, false) {
                return Err("the code with all faults switched off does not give the original's results".into());
            }
            let noticed = self.each(|id| {
                if let Some(said) = said.get(&id) {
                    if !said.ended || said.sequences.contains(&b'1') {
                        return Ok(true);
                    }
                    // another state is another result only where an attribute shows it
                    if !said.sequences.contains(&b'2') {
                        return Ok(false);
                    }
                }
                Ok(match self.look(driver, &batch, id)? {
                    Seen::Same => false,
                    Seen::Broke => true,
                    Seen::Other(outcomes) => differs(all, &part, &outcomes, self.exact),
                })
            })?;
            self.survived.retain(|i| !noticed.contains(i));
        }
        self.tried = count;
        Ok(())
    }

    /// Tries the surviving faults of kernels on the vectors of single kernels.
    fn try_kernels(&mut self, kernels: &Kernels) -> Result<(), String> {
        let (mutated, mutants) = mutate::mutate(&kernels.program);
        // the same fault of the same kernel there
        let there = |i: &usize| {
            let (m, ordinal) = (&self.chosen[*i], self.ordinals[*i]);
            let other = mutants.iter().filter(|o| o.function == m.function).nth(ordinal)?;
            let same = other.what == m.what && mutate::same_kernel(self.program, &kernels.program, &m.function);
            same.then(|| (*i, other.clone()))
        };
        let found: Vec<(usize, Mutant)> = self.survived.iter().filter_map(there).collect();
        if found.is_empty() {
            return Ok(());
        }
        let (places, faults): (Vec<usize>, Vec<Mutant>) = found.into_iter().unzip();
        let folder = self.folder.join("kernels");
        let mut alone = ready(&kernels.program, &mutated, self.compiler.clone(), faults, Vec::new(), 0, folder)?;
        alone.try_vectors(&kernels.all(), true)?;
        self.alone.extend(&places);
        for (k, i) in places.iter().enumerate() {
            if !alone.survived.contains(&k) {
                self.survived.remove(i);
                self.by_kernels += 1;
            }
        }
        Ok(())
    }

    /// The surviving faults for which `f` says yes, by index.
    fn each(&self, f: impl Fn(u32) -> Result<bool, String> + Sync) -> Result<BTreeSet<usize>, String> {
        let left: Vec<usize> = self.survived.iter().copied().collect();
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<usize>, String> {
            let mut yes = Vec::new();
            while let Some(i) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                if f(self.chosen[*i].id)? {
                    yes.push(*i);
                }
            }
            Ok(yes)
        };
        let cancel = Cancel::current();
        let results: Vec<Result<Vec<usize>, String>> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..THREADS).map(|_| scope.spawn(|| cancel.over(work))).collect();
            handles.into_iter().map(|h| h.join().unwrap_or_else(|_| Err("a run broke off".into()))).collect()
        });
        let mut yes = BTreeSet::new();
        for r in results {
            yes.extend(r?);
        }
        Ok(yes)
    }

    /// The figures, once all vectors have been tried.
    ///
    /// # Errors
    /// Why they could not be made.
    pub(super) fn finish(mut self, all: &Vectors<'_>, sources: &SourceMap) -> Result<Mutation, String> {
        self.try_vectors(all, true)?;
        let same = self.equivalent()?;
        self.survived.retain(|i| !same.contains(i));
        let met = self.met(all)?;
        let without = C.emit(self.program).files;
        let change = |i: &usize| self.change(&without, self.chosen[*i].id).map(|c| format!(" ({c})"));
        let fault = |i: &usize, why: String| {
            let m = &self.chosen[*i];
            let place = m.span.and_then(|s| super::trace::place(s, sources));
            Fault {
                place: place.map(|p| (sources.files()[p.source].name.clone(), p.first_line)),
                text: format!("{}: {}{}", m.function, m.what, change(i).unwrap_or_default()),
                why: why + if self.alone.contains(i) { "; no vector of the kernel alone shows it" } else { "" },
            }
        };
        Ok(Mutation {
            killed: self.chosen.len() - self.survived.len() - same.len(),
            tried: self.chosen.len(),
            places: self.places,
            by_kernels: self.by_kernels,
            equivalent: same.iter().map(|i| fault(i, "equivalent: the same machine code".into())).collect(),
            survivors: self.survived.iter().map(|i| fault(i, met[i].to_string())).collect(),
        })
    }
}

/// Sequences in up to three parts, the cheap ones first: what they show needs no long run.
fn parts(all: &Vectors<'_>, range: std::ops::Range<usize>) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = range.collect();
    order.sort_by_key(|k| (all.judged[*k].trail.work, *k));
    let total: u64 = order.iter().map(|k| all.judged[*k].trail.work).sum();
    let mut parts: Vec<Vec<usize>> = Vec::new();
    let (mut sum, mut part) = (0, usize::MAX);
    for k in order {
        sum += all.judged[k].trail.work;
        let now = if sum * 50 < total { 0 } else { 1 + usize::from(sum * 4 >= total) };
        if now != part {
            parts.push(Vec::new());
            part = now;
        }
        parts.last_mut().into_iter().for_each(|p| p.push(k));
    }
    parts
}

/// Whether the outcomes of those sequences are not the golden model's.
fn differs(all: &Vectors<'_>, part: &[usize], outcomes: &[Vec<Outcome>], exact: bool) -> bool {
    part.iter().map(|k| &all.judged[*k]).zip(outcomes).any(|(judged, got)| {
        judged.trail.outcomes.iter().zip(got).zip(&judged.tolerances).any(|((want, got), tolerances)| {
            other(want, got, |name, want, got| match tolerances.get(name).filter(|_| !exact) {
                Some(t) => !matches!(t.judge(want, got), Agreement::Within(_)),
                None => first_difference(want, got).is_some(),
            })
        })
    })
}

/// Whether an outcome is another one, by `apart` for values.
fn other(
    want: &Outcome,
    got: &Outcome,
    apart: impl Fn(&str, &proofmark_silicon::interp::Tensor, &proofmark_silicon::interp::Tensor) -> bool,
) -> bool {
    match (want, got) {
        (Ok(want), Ok(got)) => want.iter().any(|(name, want)| port(got, name).is_none_or(|got| apart(name, want, got))),
        (Err(want), Err(got)) => want.exception != got.exception,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_driver_says_is_read() {
        let said = said("7 1 :0012 5 3\n9 0 :01\n11 0 :\n").unwrap();
        let one = |ended, sequences: &[u8], counts| Said { ended, sequences: sequences.to_vec(), counts };
        assert_eq!(said[&7], one(true, b"0012", Some((5, 3))));
        assert_eq!(said[&9], one(false, b"01", None));
        assert_eq!(said[&11], one(false, b"", None));
        assert!(super::said("harness: oh\n").is_err());
    }
}
