//! Runs steps. A session keeps between them what would otherwise be made again (the translation, the vectors, the running
//! Python); that saves time and changes no byte.

use super::bundle::Bundle;
use super::kept::{self, StepError};
use super::open::{self, Open, Record};
use super::tape::Taping;
use super::{Job, Refusal, Results, Status, Step, declared, python};
use crate::cancel::Cancel;
use crate::oracle::CPythonOracle;
use crate::python::Search;
use crate::sandbox::Sandbox;
use crate::verify::blocks::{self, Form, StoredForm};
use crate::verify::evidence::Part;
use crate::verify::mutation::Tried;
use crate::verify::phase::faults::Mutants;
use crate::verify::phase::{self, Noted, VectorSet, Work};
use crate::verify::pipeline::Target;
use crate::verify::stored::{StoredJudged, StoredSequence};
use crate::verify::vectors::Sequence;
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
use proofmark_base::digest::Digest;
use proofmark_evidence::check;
use proofmark_silicon::oracle::{Bytes, Recording};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::path::{Path, PathBuf};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why a step gave no bytes.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The program, its bench or the options are refused.
    #[error("refused: {}", .0.diagnostics.last().map_or("", |d| d.message.as_str()))]
    Refused(Box<Refusal>),
    /// A defect of ours: what broke.
    #[error("{0}")]
    Bug(String),
    /// The session's flag was set.
    #[error("cancelled")]
    Cancelled,
    /// The bytes of earlier steps are not what this step needs.
    #[error(transparent)]
    Steps(#[from] StepError),
}

impl From<Refusal> for Stopped {
    fn from(refusal: Refusal) -> Stopped {
        Stopped::Refused(Box::new(refusal))
    }
}

/// What is kept of `model`.
#[derive(Serialize, Deserialize)]
struct ModelStep {
    judged: Vec<StoredJudged>,
    noted: Noted,
    left_out: Noted,
}

/// What is kept of `faults`.
#[derive(Serialize, Deserialize)]
struct FaultsStep {
    seeded: Option<Result<Tried, String>>,
    sequences: Vec<StoredSequence>,
    judged: Vec<StoredJudged>,
    noted: Noted,
}

/// What is kept of `blocks`.
#[derive(Serialize, Deserialize)]
struct BlocksStep {
    forms: Vec<StoredForm>,
    noted: Noted,
}

/// A Python in which the bench was run, and the folder it runs in where that is a copy.
struct Running {
    oracle: CPythonOracle,
    _copy: Option<tempfile::TempDir>,
}

/// Runs steps of one job.
pub struct Session<'a> {
    job: &'a Job,
    folder: &'a Path,
    python: &'a Search,
    scratch: &'a Path,
    cancel: Cancel,
    /// Each with the digest of the bytes that it was read from.
    open: Option<(Digest, Open)>,
    set: Option<(Digest, VectorSet)>,
    running: Option<(Digest, Running)>,
}

impl<'a> Session<'a> {
    /// A session for a job whose sources lie in `folder` (canonical). `python` says where to look for an interpreter; a
    /// server leaves its `folders` empty, for what lies there would be run outside of the sandbox. Everything in `scratch`
    /// may be overwritten.
    pub fn new(job: &'a Job, folder: &'a Path, python: &'a Search, scratch: &'a Path, cancel: Cancel) -> Session<'a> {
        Session { job, folder, python, scratch, cancel, open: None, set: None, running: None }
    }

    /// Runs a step and gives its bytes. `earlier` holds at least the steps that it [needs](Step::needs). `progress` is told
    /// what is being done. When the session's flag is set, what runs is killed and the step ends within seconds.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn run(&mut self, step: Step, earlier: &Results, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, Stopped> {
        let cancel = self.cancel.clone();
        let done = cancel.over(|| self.step(step, earlier, progress));
        // what was cut short may look like a finding
        if cancel.is_set() { Err(Stopped::Cancelled) } else { done }
    }

    /// What the front end had to say of the program: warnings that end nothing. From the bytes of `record`.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn warnings(&mut self, earlier: &Results) -> Result<(Vec<Diagnostic>, SourceMap), Stopped> {
        self.opened(earlier)?;
        let open = self.open.as_ref().map(|(_, open)| open);
        Ok(open.map(|o| (o.warnings.clone(), o.design.sources.clone())).unwrap_or_default())
    }

    /// The outcome, from the bytes of `evidence`.
    ///
    /// # Errors
    /// [`StepError`].
    pub fn bundle(job: &Job, results: &Results) -> Result<Bundle, StepError> {
        read(job, Step::Evidence, results)
    }

    fn step(&mut self, step: Step, earlier: &Results, progress: &mut dyn FnMut(&str)) -> Result<Vec<u8>, Stopped> {
        let job = self.job;
        let inputs = kept::inputs(job, step, earlier)?;
        let scratch = self.scratch;
        let name = step.name();
        let work = &mut Work { scratch, progress };
        match step {
            Step::Record => self.record(&inputs, work),
            Step::Model => {
                let open = self.opened(earlier)?;
                let made = phase::model::model(&open.design, open.generated.clone(), work);
                let judged = made.set.view(&open.design.t).judged.iter().map(StoredJudged::from).collect();
                Ok(kept::write(&name, &inputs, &ModelStep { judged, noted: made.noted, left_out: made.left_out }))
            }
            Step::Faults => self.faults(&inputs, earlier, work),
            Step::Blocks => {
                let (open, set) = self.vectors(earlier, Step::Faults)?;
                let (forms, noted) = phase::block_forms(&open.design, &set.view(&open.design.t), work);
                Ok(kept::write(&name, &inputs, &BlocksStep { forms: blocks::stored(forms), noted }))
            }
            Step::Target(target) => {
                let kept: BlocksStep = read(job, Step::Blocks, earlier)?;
                let (open, set) = self.vectors(earlier, Step::Faults)?;
                let forms = forms(open, set, kept.forms)?;
                let all = set.view(&open.design.t);
                let part = phase::target::part(&open.design, target, &all, &forms, work)
                    .map_err(|s| open::refused(s, &open.warnings, &open.design.sources))?;
                Ok(kept::write(&name, &inputs, &part))
            }
            Step::Mutants => {
                let kept: FaultsStep = read(job, Step::Faults, earlier)?;
                let parts = parts(job, earlier)?;
                let (open, set) = self.vectors(earlier, Step::Faults)?;
                let all = set.view(&open.design.t);
                let mutants = phase::faults::mutants(&open.design, &all, kept.seeded, &parts, work);
                Ok(kept::write(&name, &inputs, &mutants))
            }
            Step::Evidence => {
                let bundle = self.evidence(earlier, work)?;
                Ok(kept::write(&name, &inputs, &bundle))
            }
        }
    }

    fn record(&mut self, inputs: &Digest, work: &mut Work<'_>) -> Result<Vec<u8>, Stopped> {
        let (job, script) = effective(self.job)?;
        let (mut running, recording) = self.start(&job, script.as_deref(), work)?;
        (work.progress)("translating");
        let mut taping = Taping::new(&mut running.oracle);
        let (design, warnings) = open::front_end(&job, &recording, &mut taping)?;
        let tape = taping.done();
        let made = phase::references::generated(&design, Some(&mut running.oracle), work);
        let bench = match (script, &job.bench) {
            (Some(script), _) => Some(script.into_bytes()),
            (None, Some(bench)) => std::fs::read(self.folder.join(bench)).ok(),
            (None, None) => None,
        };
        let record = Record {
            recording,
            tape,
            bench: bench.map(Bytes),
            generated: made.sequences.iter().map(StoredSequence::from).collect(),
            noted: made.noted,
            module: open::digest(&design),
        };
        let bytes = kept::write(&Step::Record.name(), inputs, &record);
        let digest = Digest::of(&bytes);
        let Record { recording, bench, noted, .. } = record;
        self.open = Some((digest, Open { recording, bench, design, generated: made.sequences, noted, warnings }));
        self.running = Some((digest, running));
        Ok(bytes)
    }

    /// Starts Python and runs the bench.
    fn start(&self, job: &Job, script: Option<&str>, work: &mut Work<'_>) -> Result<(Running, Recording), Stopped> {
        let mut copy = None;
        let mut folder: PathBuf = self.folder.to_path_buf();
        if let Some(script) = script {
            let made = tempfile::tempdir_in(self.scratch).map_err(|e| Refusal::usage("PM0213", e.to_string()))?;
            declared::lay_out(self.folder, script, made.path())?;
            folder = made.path().to_path_buf();
            copy = Some(made);
        }
        (work.progress)("starting Python");
        let mut oracle = python::start(job, &folder, self.python)?;
        (work.progress)("running the bench");
        let recording = python::record(&mut oracle, job, &folder)?;
        Ok((Running { oracle, _copy: copy }, recording))
    }

    fn faults(&mut self, inputs: &Digest, earlier: &Results, work: &mut Work<'_>) -> Result<Vec<u8>, Stopped> {
        let targets = !self.job.targets.is_empty();
        let (open, set) = self.vectors(earlier, Step::Model)?;
        let explored = phase::faults::explore(&open.design, set, targets, work);
        let mut not_shown = Vec::new();
        let found = match explored.found.is_empty() {
            true => Vec::new(),
            false => self.references(explored.found, earlier, &mut not_shown, work)?,
        };
        let (open, set) = self.vectors(earlier, Step::Model)?;
        let (sequences, judged, mut noted) = phase::faults::judge_found(&open.design, found);
        noted.not_shown.splice(..0, not_shown);
        let step = FaultsStep {
            seeded: explored.seeded,
            sequences: sequences.iter().map(StoredSequence::from).collect(),
            judged: judged.iter().map(StoredJudged::from).collect(),
            noted,
        };
        let mut set = set.clone();
        set.extend(sequences, judged);
        phase::faults::refuse_unset(&open.design, &set.view(&open.design.t))
            .map_err(|s| open::refused(s, &open.warnings, &open.design.sources))?;
        Ok(kept::write(&Step::Faults.name(), inputs, &step))
    }

    /// Asks the Python of `record` for references; where it is gone, one in which the bench was run again and did the
    /// same.
    fn references(
        &mut self,
        found: Vec<Sequence>,
        earlier: &Results,
        not_shown: &mut Vec<String>,
        work: &mut Work<'_>,
    ) -> Result<Vec<Sequence>, Stopped> {
        let digest = digest_of(earlier, Step::Record)?;
        let mut running = match self.running.take() {
            Some((of, running)) if of == digest => running,
            _ => {
                let (job, script) = effective(self.job)?;
                let (running, again) = self.start(&job, script.as_deref(), work)?;
                if !same(&self.opened(earlier)?.recording, &again) {
                    let n = found.len();
                    let why = "the bench did something else when it was run again";
                    not_shown.push(format!("{n} generated vector(s) have no reference: {why}"));
                    return Ok(Vec::new());
                }
                running
            }
        };
        let t = &self.opened(earlier)?.design.t;
        let found = phase::references::ask(t, found, Some(&mut running.oracle), not_shown);
        self.running = Some((digest, running));
        Ok(found)
    }

    fn evidence(&mut self, earlier: &Results, work: &mut Work<'_>) -> Result<Bundle, Stopped> {
        let (job, _) = effective(self.job)?;
        let model: ModelStep = read(self.job, Step::Model, earlier)?;
        let faults: FaultsStep = read(self.job, Step::Faults, earlier)?;
        let blocks: BlocksStep = read(self.job, Step::Blocks, earlier)?;
        let parts = parts(self.job, earlier)?;
        let mutants: Mutants = read(self.job, Step::Mutants, earlier)?;
        let (open, set) = self.vectors(earlier, Step::Faults)?;
        (work.progress)("writing the evidence");
        let mut forms = forms(open, set, blocks.forms)?;
        let sandbox = match job.sandbox {
            Sandbox::Bubblewrap => check::Sandbox::Bubblewrap,
            Sandbox::None => check::Sandbox::None,
        };
        let about = phase::join::About { entry: &job.entry, version: VERSION, sandbox };
        let notes = phase::join::Notes {
            recorded: model.noted,
            referenced: open.noted.clone(),
            generated: model.left_out,
            faults: faults.noted,
            blocks: blocks.noted,
        };
        let all = set.view(&open.design.t);
        let evidence = phase::join::join(&open.design, about, &all, notes, &mut forms, parts, mutants);
        Ok(Bundle::new(&job, open, evidence))
    }

    fn opened(&mut self, earlier: &Results) -> Result<&Open, Stopped> {
        let digest = digest_of(earlier, Step::Record)?;
        if self.open.as_ref().is_none_or(|(of, _)| *of != digest) {
            let record: Record = read(self.job, Step::Record, earlier)?;
            let (job, _) = effective(self.job)?;
            self.open = Some((digest, Open::new(&job, record)?));
        }
        match &self.open {
            Some((_, open)) => Ok(open),
            None => Err(StepError::Missing(Step::Record.name()).into()),
        }
    }

    /// The vectors as they are after `model` or after `faults`.
    fn vectors(&mut self, earlier: &Results, after: Step) -> Result<(&Open, &VectorSet), Stopped> {
        let digest = digest_of(earlier, after)?;
        self.opened(earlier)?;
        let Some((_, open)) = &self.open else { return Err(StepError::Missing(Step::Record.name()).into()) };
        if self.set.as_ref().is_none_or(|(of, _)| *of != digest) {
            let model: ModelStep = read(self.job, Step::Model, earlier)?;
            let further = open.generated.clone();
            let known = open.design.recorded.sequences.iter().chain(&further);
            let judged = known.zip(model.judged).map(|(s, j)| j.read(&open.design, s)).collect();
            let set = VectorSet::new(&open.design, further, judged);
            let mut set = set.ok_or_else(|| StepError::Damaged(Step::Model.name()))?;
            if after == Step::Faults {
                let damaged = || StepError::Damaged(Step::Faults.name());
                let faults: FaultsStep = read(self.job, Step::Faults, earlier)?;
                let found: Option<Vec<Sequence>> = faults.sequences.into_iter().map(|s| s.read(&open.design)).collect();
                let found = found.ok_or_else(damaged)?;
                if found.len() != faults.judged.len() {
                    return Err(damaged().into());
                }
                let judged = found.iter().zip(faults.judged).map(|(s, j)| j.read(&open.design, s)).collect();
                set.extend(found, judged);
            }
            self.set = Some((digest, set));
        }
        match &self.set {
            Some((_, set)) => Ok((open, set)),
            None => Err(StepError::Missing(after.name()).into()),
        }
    }
}

/// The warning that the bench runs unconfined, where it does.
pub fn unconfined(job: &Job) -> Option<Diagnostic> {
    let message = "the bench runs without a sandbox: it can read, write and send whatever you can";
    let d = || Diagnostic::new("PM0217", Severity::Warning, message).note("the evidence says so");
    (job.sandbox == Sandbox::None).then(d)
}

/// The job with its bench made where arguments are declared, and that bench's text.
fn effective(job: &Job) -> Result<(Job, Option<String>), Stopped> {
    match job.args.is_empty() {
        true => Ok((job.clone(), None)),
        false => declared::bench(job).map(|(job, script)| (job, Some(script))).map_err(Stopped::from),
    }
}

fn digest_of(earlier: &Results, step: Step) -> Result<Digest, StepError> {
    earlier.get(&step).map(|b| Digest::of(b)).ok_or_else(|| StepError::Missing(step.name()))
}

/// Reads the bytes of a step of a job.
fn read<T: DeserializeOwned>(job: &Job, step: Step, earlier: &Results) -> Result<T, StepError> {
    let bytes = earlier.get(&step).ok_or_else(|| StepError::Missing(step.name()))?;
    kept::read(&step.name(), &kept::inputs(job, step, earlier)?, bytes)
}

fn parts(job: &Job, earlier: &Results) -> Result<Vec<Part>, StepError> {
    let part = |t: &Target| read(job, Step::Target(*t), earlier);
    job.targets.iter().map(part).collect()
}

fn forms(open: &Open, set: &VectorSet, kept: Vec<StoredForm>) -> Result<Vec<Form>, StepError> {
    let all = set.view(&open.design.t);
    let forms = blocks::restored(&open.design.made, &open.design.sources, &all, kept);
    forms.ok_or_else(|| StepError::Damaged(Step::Blocks.name()))
}

/// Whether two runs of a bench are the same to the translation: what it prints may differ.
fn same(a: &Recording, b: &Recording) -> bool {
    let silent = |r: &Recording| {
        let r = Recording { stdout: String::new(), ..r.clone() };
        serde_json::to_vec(&r).unwrap_or_default()
    };
    silent(a) == silent(b)
}

impl Stopped {
    /// Whose move it is.
    pub fn status(&self) -> Option<Status> {
        match self {
            Stopped::Refused(r) => Some(r.status),
            Stopped::Bug(_) => Some(Status::Bug),
            Stopped::Cancelled | Stopped::Steps(_) => None,
        }
    }
}
