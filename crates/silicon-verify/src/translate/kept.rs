//! The bytes of steps: one line that says what they are, then JSON.
//!
//! ```text
//! proofmark-step 1 model 0.1.0 INPUTS CONTENT
//! ```
//! `INPUTS` is a digest of the job and of the bytes of the steps that went in, `CONTENT` one of everything after the line.
//! Bytes that were cut or changed, or belong to another job, another run or another version are an error.

use super::{Job, Results, Step};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind};
use serde::{Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;

const MAGIC: &str = "proofmark-step 1";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Why bytes are not what a step needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StepError {
    /// A step that it needs was not given.
    #[error("the bytes of step `{0}` are missing")]
    Missing(String),
    /// The first line is not that of a step.
    #[error("these are not the bytes of a step of this format")]
    Foreign,
    /// Another version of Proofmark wrote them: what it computed may differ.
    #[error("they were written by Proofmark {0}, this is {VERSION}")]
    Version(String),
    /// It is another step.
    #[error("these are the bytes of `{found}`, not of `{wanted}`")]
    Other {
        /// Expected.
        wanted: String,
        /// Found.
        found: String,
    },
    /// They are cut, or something in them was changed.
    #[error("the bytes of `{0}` are damaged")]
    Damaged(String),
    /// They do not come from this job and these earlier steps.
    #[error("the bytes of `{0}` belong to another translation")]
    Elsewhere(String),
    /// The same recording did not give the same program.
    #[error("the translation does not come out as it was recorded: {0}")]
    Diverged(String),
    /// The job is one that cannot be run.
    #[error("the job is not valid: {0}")]
    Job(String),
}

impl StepError {
    /// A stable name for programs.
    pub fn code(&self) -> &'static str {
        match self {
            StepError::Missing(_) => "step.missing",
            StepError::Foreign => "step.foreign",
            StepError::Version(_) => "step.version",
            StepError::Other { .. } => "step.other",
            StepError::Damaged(_) => "step.damaged",
            StepError::Elsewhere(_) => "step.elsewhere",
            StepError::Diverged(_) => "step.diverged",
            StepError::Job(_) => "step.job",
        }
    }
}

impl From<StepError> for Error {
    /// The caller has bytes of the wrong step or translation, or kept them badly; a program that does not come out again
    /// is our defect.
    fn from(e: StepError) -> Error {
        let kind = match &e {
            StepError::Diverged(_) => Kind::Bug,
            StepError::Version(_) => Kind::Conflict,
            _ => Kind::Invalid,
        };
        Error::new(kind, e.code(), e.to_string())
    }
}

/// The digest of no inputs.
pub(super) fn no_inputs() -> Digest {
    Digest::of(b"")
}

/// The digest of what goes into a step.
///
/// # Errors
/// [`StepError::Missing`], [`StepError::Job`].
pub(super) fn inputs(job: &Job, step: Step, earlier: &Results) -> Result<Digest, StepError> {
    let mut parts: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    parts.insert("job".into(), serde_json::to_vec(job).map_err(|e| StepError::Job(e.to_string()))?);
    for needed in step.needs(job) {
        let bytes = earlier.get(&needed).ok_or_else(|| StepError::Missing(needed.name()))?;
        parts.insert(needed.name(), Digest::of(bytes).as_bytes().to_vec());
    }
    Ok(Digest::of_files(&parts))
}

/// Writes a value.
pub(super) fn write(name: &str, inputs: &Digest, value: &impl Serialize) -> Vec<u8> {
    // in memory, with text keys: nothing that could fail
    let content = serde_json::to_vec(value).unwrap_or_default();
    let mut bytes = format!("{MAGIC} {name} {VERSION} {inputs} {}\n", Digest::of(&content)).into_bytes();
    bytes.extend(content);
    bytes
}

/// Reads a value.
///
/// # Errors
/// [`StepError`].
pub(super) fn read<T: DeserializeOwned>(name: &str, inputs: &Digest, bytes: &[u8]) -> Result<T, StepError> {
    let end = bytes.iter().take(512).position(|b| *b == b'\n').ok_or(StepError::Foreign)?;
    let line = std::str::from_utf8(&bytes[..end]).map_err(|_| StepError::Foreign)?;
    let words = line.strip_prefix(MAGIC).and_then(|l| l.strip_prefix(' ')).ok_or(StepError::Foreign)?;
    let words: Vec<&str> = words.split(' ').collect();
    let [found, version, of, digest] = words.as_slice() else { return Err(StepError::Foreign) };
    if *version != VERSION {
        return Err(StepError::Version(version.to_string()));
    }
    if *found != name {
        return Err(StepError::Other { wanted: name.into(), found: found.to_string() });
    }
    let content = &bytes[end + 1..];
    let damaged = || StepError::Damaged(name.into());
    if Digest::of(content) != digest.parse().map_err(|_| damaged())? {
        return Err(damaged());
    }
    if *inputs != of.parse().map_err(|_| damaged())? {
        return Err(StepError::Elsewhere(name.into()));
    }
    serde_json::from_slice(content).map_err(|_| damaged())
}
