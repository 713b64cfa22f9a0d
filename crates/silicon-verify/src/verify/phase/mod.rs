//! The phases of verification, in order: references of generated vectors, golden model, seeded faults, block forms, each
//! target, what became of the faults, and all of it joined. Each takes what those before it found and gives a value, so
//! that they can run in processes of their own.

pub mod faults;
pub mod join;
pub mod model;
pub mod references;
pub mod target;

use super::blocks::{self, Form};
use super::design::Design;
use super::golden::{self, Finding, Judged, Outcome};
use super::pipeline::Vectors;
use super::vectors::Sequence;
use proofmark_evidence::check::{Check, Checks, Sandbox, Tool, Verdict};
use proofmark_silicon::translation::Translation;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// Most findings that a check's reason lists.
const LISTED: usize = 8;

/// Where a phase works and whom it tells.
pub struct Work<'a> {
    /// Folder for builds; everything in it may be overwritten.
    pub scratch: &'a Path,
    /// Told what is being done.
    pub progress: &'a mut dyn FnMut(&str),
}

/// What a phase adds to the evidence as it is.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Noted {
    /// Checks.
    pub checks: Vec<Check>,
    /// What was not shown.
    pub not_shown: Vec<String>,
}

/// Vectors with what the golden model says of them, recorded ones first.
#[derive(Clone, Debug, Default)]
pub struct VectorSet {
    sequences: Vec<Sequence>,
    judged: Vec<Judged>,
    recorded: usize,
    has_reference: bool,
}

impl VectorSet {
    /// The recorded vectors of a design and further ones, with one judgement for each; vectors beyond those judged are
    /// left out. `None` when not even the recorded ones are judged.
    pub fn new(design: &Design, further: Vec<Sequence>, judged: Vec<Judged>) -> Option<VectorSet> {
        let recorded = design.recorded.sequences.len();
        let mut sequences = design.recorded.sequences.clone();
        sequences.extend(further);
        sequences.truncate(judged.len());
        let fits = |s: &Sequence, j: &Judged| {
            let n = s.calls.len();
            [j.trail.outcomes.len(), j.expected.len(), j.tolerances.len(), j.stop_moves.len()] == [n; 4]
        };
        let whole = sequences.len() == judged.len()
            && judged.len() >= recorded
            && sequences.iter().zip(&judged).all(|(s, j)| fits(s, j));
        whole.then_some(VectorSet { sequences, judged, recorded, has_reference: design.has_reference })
    }
    /// Adds vectors.
    pub fn extend(&mut self, sequences: Vec<Sequence>, judged: Vec<Judged>) {
        self.sequences.extend(sequences);
        self.judged.extend(judged);
    }
    /// All of them, for a translation.
    pub fn view<'a>(&'a self, t: &'a Translation) -> Vectors<'a> {
        Vectors {
            t,
            sequences: &self.sequences,
            judged: &self.judged,
            recorded: self.recorded,
            has_reference: self.has_reference,
        }
    }
}

/// Makes the block forms and runs them in the golden model.
pub fn block_forms(design: &Design, all: &Vectors<'_>, work: &mut Work<'_>) -> (Vec<Form>, Noted) {
    (work.progress)("running the block form");
    let mut forms = blocks::forms(&design.made, &design.sources);
    let nobody = Tool { name: String::new(), version: String::new() };
    let mut checks = Checks::new(nobody, "", Sandbox::NotUsed);
    blocks::golden(&mut forms, all, &mut checks);
    (forms, Noted { checks: checks.checks, not_shown: checks.not_shown })
}

fn list(findings: &[Finding]) -> String {
    let mut text: Vec<String> = findings.iter().take(LISTED).map(ToString::to_string).collect();
    if findings.len() > LISTED {
        text.push(format!("and {} more", findings.len() - LISTED));
    }
    text.join("\n")
}

/// Fail for findings, inconclusive for undecided ones, otherwise pass.
fn verdict(failures: &[Finding], undecided: &[Finding]) -> (Verdict, String) {
    match (failures.is_empty(), undecided.is_empty()) {
        (false, _) => (Verdict::Fail, list(failures)),
        (true, false) => (
            Verdict::Inconclusive,
            format!("within rounding distance of a decision, so neither result is wrong:\n{}", list(undecided)),
        ),
        (true, true) => (Verdict::Pass, String::new()),
    }
}

/// Generated sequences compared with CPython. Those that a decision within rounding distance settles are kept apart:
/// neither result is wrong there, and nothing is shown by them.
#[derive(Default)]
struct Generated {
    /// What speaks for or against agreement.
    decided: golden::Comparison,
    /// Sequences that count.
    sequences: usize,
    /// Sequences that do not, each by its first finding.
    undecided: Vec<Finding>,
}

impl Generated {
    fn add(&mut self, t: &Translation, s: &Sequence, j: &Judged, outcomes: &[Outcome]) {
        let mut alone = golden::Comparison::default();
        golden::compare(t, s, j, outcomes, &mut alone);
        match (alone.fails(), alone.undecided.first()) {
            (0, Some(first)) => self.undecided.push(first.clone()),
            _ => {
                self.sequences += 1;
                self.decided.merge(alone);
            }
        }
    }

    /// Fails by a failure; passes when at least half of the sequences are decided.
    fn verdict(&self) -> (Verdict, String) {
        let c = &self.decided;
        let failures: Vec<Finding> =
            [&c.off, &c.structure, &c.arguments, &c.exceptions].into_iter().flatten().cloned().collect();
        let few = self.sequences < self.undecided.len();
        match (failures.is_empty(), self.undecided.is_empty()) {
            (false, _) => (Verdict::Fail, list(&failures)),
            (true, true) => (Verdict::Pass, String::new()),
            (true, false) => (
                if few { Verdict::Inconclusive } else { Verdict::Pass },
                format!(
                    "{} of {} sequences show nothing, for they end in a decision within rounding distance, or in a NaN or \
                     infinity that no definition places:\n{}",
                    self.undecided.len(),
                    self.sequences + self.undecided.len(),
                    list(&self.undecided)
                ),
            ),
        }
    }
}
