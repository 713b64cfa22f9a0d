//! The way of a translation to its evidence: check, passes, golden model, targets, vectors, claims. [`verify`] goes it in
//! one breath; `translate` goes the same phases as steps of their own, each with bytes to show for it.

use super::design::Design;
use super::evidence::Evidence;
use super::golden::Judged;
use super::phase;
use super::target::{self, TargetRun};
use super::vectors::Sequence;
use crate::oracle::CPythonOracle;
use proofmark_base::diagnostics::{Diagnostic, SourceMap};
use proofmark_evidence::check::Sandbox;
use proofmark_silicon::back::{self, Backend, EmittedFiles};
use proofmark_silicon::hir::Module;
use proofmark_silicon::lir::Program;
use proofmark_silicon::oracle::Recording;
use proofmark_silicon::translation::{Numeric, Translation};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A target language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Target {
    C,
    Rust,
}

impl Target {
    /// Every target.
    pub const ALL: [Target; 2] = [Target::C, Target::Rust];
    /// Name on the command line and of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Target::C => "c",
            Target::Rust => "rust",
        }
    }
    /// The target of that name.
    pub fn from_name(name: &str) -> Option<Target> {
        Target::ALL.into_iter().find(|t| t.name() == name)
    }
}

/// Code of a target and the program that drives it from a call file.
pub struct Emitted {
    /// The code.
    pub files: EmittedFiles,
    /// Text of the driver's main file.
    pub driver: String,
}

/// Prints the program for a target.
///
/// # Errors
/// What the target cannot express.
pub fn emit(target: Target, program: &Program, module: &Module) -> Result<Emitted, Vec<Diagnostic>> {
    let print = |backend: &dyn Backend, driver: fn(&Program) -> String| {
        let problems = backend.validate(module);
        match problems.is_empty() {
            true => Ok(Emitted { files: backend.emit(program), driver: driver(program) }),
            false => Err(problems),
        }
    };
    match target {
        Target::C => print(&back::c::C, back::harness::c_harness),
        Target::Rust => print(&back::rust::Rust, back::harness::rust_harness),
    }
}

/// What is verified, and how.
pub struct Request<'a> {
    /// From the front end.
    pub translation: &'a Translation,
    /// What the bench showed; none when there was no bench.
    pub recording: Option<&'a Recording>,
    /// Gives references of generated vectors.
    pub oracle: Option<&'a mut CPythonOracle>,
    /// The user's files.
    pub sources: &'a SourceMap,
    /// What to make, in order, without repetition.
    pub targets: &'a [Target],
    /// Entry as on the command line.
    pub entry: &'a str,
    /// Working precision.
    pub numeric: Numeric,
    /// Version of Proofmark.
    pub version: &'a str,
    /// What confined the bench.
    pub sandbox: Sandbox,
    /// Folder for builds; everything in it may be overwritten.
    pub scratch: &'a Path,
    /// Told what is being done.
    pub progress: &'a mut dyn FnMut(&str),
}

/// Why there is no evidence.
#[derive(Debug)]
pub enum Stopped {
    /// The program cannot be lowered or a target cannot express it.
    Refused(Vec<Diagnostic>),
    /// A defect of ours: what broke.
    Bug(String),
}

/// Verifies a translation.
///
/// # Errors
/// [`Stopped`].
pub fn verify(mut request: Request<'_>) -> Result<Evidence, Stopped> {
    (request.progress)("checking the intermediate form");
    let design = Design::new(request.translation, request.recording, request.sources, request.numeric)?;
    let work = &mut phase::Work { scratch: request.scratch, progress: request.progress };
    let referenced = phase::references::generated(&design, request.oracle.as_deref_mut(), work);
    let phase::model::Modelled { mut set, noted: recorded, left_out: generated } =
        phase::model::model(&design, referenced.sequences, work);
    let explored = phase::faults::explore(&design, &set, !request.targets.is_empty(), work);
    let mut not_shown = Vec::new();
    let found = phase::references::ask(&design.t, explored.found, request.oracle.as_deref_mut(), &mut not_shown);
    let (sequences, judged, mut faults) = phase::faults::judge_found(&design, found);
    faults.not_shown.splice(..0, not_shown);
    set.extend(sequences, judged);
    let all = set.view(&design.t);
    phase::faults::refuse_unset(&design, &all)?;
    let (mut forms, blocks) = phase::block_forms(&design, &all, work);
    let mut parts = Vec::new();
    for target in request.targets {
        parts.push(phase::target::part(&design, *target, &all, &forms, work)?);
    }
    let mutants = phase::faults::mutants(&design, &all, explored.seeded, &parts, work);
    let about = phase::join::About { entry: request.entry, version: request.version, sandbox: request.sandbox };
    let notes = phase::join::Notes { recorded, referenced: referenced.noted, generated, faults, blocks };
    Ok(phase::join::join(&design, about, &all, notes, &mut forms, parts, mutants))
}

/// All vectors with what is known of them.
pub struct Vectors<'a> {
    /// The program.
    pub t: &'a Translation,
    /// Recorded ones first.
    pub sequences: &'a [Sequence],
    /// One per sequence.
    pub judged: &'a [Judged],
    /// How many are recorded.
    pub recorded: usize,
    /// Whether CPython's results are known.
    pub has_reference: bool,
}

/// What the claim of a target rests on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// The target.
    pub target: Target,
    /// Recorded vectors were compared with CPython and agree.
    pub tested: bool,
    /// Generated vectors too.
    pub stressed: bool,
    /// Same bits as the golden model on all vectors.
    pub bits: bool,
    /// Calls per kind.
    pub recorded_calls: usize,
    /// Calls per kind.
    pub generated_calls: usize,
    /// Share of seeded faults noticed.
    pub mutation: Option<f64>,
    /// What was not shown.
    pub not_shown: Vec<String>,
}

/// Builds a program with the target's tools and runs sequences.
pub(super) fn built(
    target: Target,
    made: &Emitted,
    program: &Program,
    t: &Translation,
    sequences: &[Sequence],
    scratch: &Path,
) -> TargetRun {
    let Emitted { files: EmittedFiles { files, .. }, driver } = made;
    match target {
        Target::C => target::c::verify(files, driver, program, t, sequences, scratch),
        Target::Rust => {
            let name = back::rust::crate_name(program);
            target::rust::verify(files, driver, &name, program, t, sequences, scratch)
        }
    }
}
