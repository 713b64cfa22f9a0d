//! The bytes of `record`, and what follows from them: the translation and the design, made again without Python.

use super::kept::StepError;
use super::tape::{Replay, Tape};
use super::{Job, Refusal, Status, Stopped};
use crate::verify::design::Design;
use crate::verify::phase::Noted;
use crate::verify::pipeline;
use crate::verify::stored::StoredSequence;
use crate::verify::vectors::Sequence;
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
use proofmark_base::digest::Digest;
use proofmark_silicon::oracle::{Bytes, Oracle, Recording};
use proofmark_silicon::translation::{Options, Outcome};
use serde::{Deserialize, Serialize};

/// What is kept of `record`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) recording: Recording,
    pub(super) tape: Tape,
    /// Text of the script that called the entry.
    pub(super) bench: Option<Bytes>,
    /// Generated vectors with references.
    pub(super) generated: Vec<StoredSequence>,
    pub(super) noted: Noted,
    /// Digest of the optimised module.
    pub(super) module: Digest,
}

/// A translation at hand.
pub(super) struct Open {
    pub(super) recording: Recording,
    pub(super) bench: Option<Bytes>,
    pub(super) design: Design,
    pub(super) generated: Vec<Sequence>,
    pub(super) noted: Noted,
    /// What the front end had to say.
    pub(super) warnings: Vec<Diagnostic>,
}

impl Open {
    /// Whether the bench called the entry.
    pub(super) fn has_calls(&self) -> bool {
        has_calls(&self.recording)
    }

    /// Makes the translation again.
    pub(super) fn new(job: &Job, record: Record) -> Result<Open, Stopped> {
        let diverged = |what: String| Stopped::from(StepError::Diverged(what));
        let Record { recording, tape, bench, generated, noted, module } = record;
        let mut replay = Replay::new(&tape);
        let made = front_end(job, &recording, &mut replay);
        if let Some(what) = replay.diverged() {
            return Err(diverged(what));
        }
        let (design, warnings) = made?;
        if digest(&design) != module {
            return Err(diverged("the module is another one".into()));
        }
        let generated: Option<Vec<Sequence>> = generated.into_iter().map(|s| s.read(&design)).collect();
        let generated = generated.ok_or_else(|| diverged("a vector calls an entry that is not there".into()))?;
        Ok(Open { recording, bench, design, generated, noted, warnings })
    }
}

pub(super) fn has_calls(recording: &Recording) -> bool {
    !recording.calls.is_empty() || !recording.script_results.is_empty()
}

pub(super) fn digest(design: &Design) -> Digest {
    Digest::of(design.made.to_string().as_bytes())
}

/// Translates a recorded program; gives the design with the front end's warnings.
pub(super) fn front_end(
    job: &Job,
    recording: &Recording,
    oracle: &mut dyn Oracle,
) -> Result<(Design, Vec<Diagnostic>), Stopped> {
    let options = Options {
        entry: job.entry.clone(),
        numeric: job.numeric,
        fma: job.fma,
        args: job.args.clone(),
        file: job.file.to_string_lossy().into_owned(),
    };
    let Outcome { translation, diagnostics, sources } =
        proofmark_silicon::front::python::translate(recording, oracle, &options);
    let worst = diagnostics.iter().map(|d| d.severity).max();
    let translation = match (translation, worst) {
        (Some(t), None | Some(Severity::Note | Severity::Warning)) => t,
        (_, None) => return Err(Stopped::Bug("the front end gave neither a program nor a reason".into())),
        (_, Some(worst)) => {
            let status = if worst == Severity::Bug { Status::Bug } else { Status::Refused };
            return Err(Refusal::new(status, diagnostics, sources).into());
        }
    };
    let known = has_calls(recording).then_some(recording);
    let design = Design::new(&translation, known, &sources, job.numeric);
    match design {
        Ok(design) => Ok((design, diagnostics)),
        Err(stopped) => Err(refused(stopped, &diagnostics, &sources)),
    }
}

/// A stop of the pipeline with the warnings that came before it.
pub(super) fn refused(stopped: pipeline::Stopped, warnings: &[Diagnostic], sources: &SourceMap) -> Stopped {
    match stopped {
        pipeline::Stopped::Bug(what) => Stopped::Bug(what),
        pipeline::Stopped::Refused(why) => {
            let diagnostics = warnings.iter().cloned().chain(why).collect();
            Refusal::new(Status::Refused, diagnostics, sources.clone()).into()
        }
    }
}
