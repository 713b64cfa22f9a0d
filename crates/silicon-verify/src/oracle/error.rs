//! What can go wrong between us, the interpreter and the user's bench.

use super::Limits;
use crate::sandbox::SandboxError;
use proofmark_silicon::oracle::{PyException, Recording};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// Why there is no interpreter, no recording or no reference. `partial` is what had been recorded until then (its
/// `entry` is `PyValue::None` when the entry had not been called yet).
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum OracleError {
    #[error("no Python at {path}: {problem}")]
    PythonMissing { path: PathBuf, problem: String },
    #[error("{path} is Python {found}; 3.9 or newer is needed")]
    PythonTooOld { path: PathBuf, found: String },
    #[error("{python} has no usable NumPy: {problem}")]
    NumpyMissing { python: PathBuf, problem: String },
    #[error("{python} has NumPy {found}; 2.0 or newer is needed")]
    NumpyTooOld { python: PathBuf, found: String },
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("{path}: {problem}")]
    Path { path: PathBuf, problem: String },
    /// No such function, class, method or script variable; the closest names come first.
    #[error("no entry `{name}` in the source file")]
    EntryNotFound { name: String, candidates: Vec<String> },
    /// The bench ran to its end without calling the entry.
    #[error("the bench never called the entry{}", if *source_imported { "" } else { " (it does not even import its file)" })]
    EntryNeverCalled { source_imported: bool, partial: Box<Recording> },
    #[error("the bench raised {}: {}", exception.type_name, exception.message)]
    Raised { exception: Box<PyException>, partial: Box<Recording> },
    /// `action` completes "the bench tried to ...".
    #[error("the bench tried to {action}: {target}")]
    SandboxDenied { action: String, target: String, exception: Box<PyException>, partial: Box<Recording> },
    /// `what` is `wall` or `cpu`.
    #[error("stopped after {} s of {what} time", limit.as_secs_f64())]
    Timeout { what: String, limit: Duration, partial: Option<Box<Recording>> },
    #[error("out of memory (limit {} MiB)", limit >> 20)]
    Memory { limit: u64, exception: Box<PyException>, partial: Box<Recording> },
    #[error("the bench printed more than {} KiB", limit >> 10)]
    TooMuchOutput { limit: u64, partial: Box<Recording> },
    #[error("the recorded values exceed {} MiB", limit >> 20)]
    TooMuchRecorded { limit: u64 },
    #[error("the bench started more than {limit} processes")]
    TooManyProcesses { limit: u32, partial: Box<Recording> },
    /// The process died: `how` is a signal name or exit status.
    #[error("the interpreter died ({how})")]
    Crashed { how: String, stderr: String, partial: Option<Box<Recording>> },
    /// A request this oracle will not guess about.
    #[error("refused: {message}")]
    Refused { message: String },
    /// Ours, not the user's.
    #[error("oracle protocol: {0}")]
    Protocol(String),
}

impl OracleError {
    /// What had been recorded when it went wrong.
    pub fn partial(&self) -> Option<&Recording> {
        match self {
            OracleError::EntryNeverCalled { partial, .. }
            | OracleError::Raised { partial, .. }
            | OracleError::SandboxDenied { partial, .. }
            | OracleError::Memory { partial, .. }
            | OracleError::TooMuchOutput { partial, .. }
            | OracleError::TooManyProcesses { partial, .. } => Some(partial),
            OracleError::Timeout { partial, .. } | OracleError::Crashed { partial, .. } => partial.as_deref(),
            _ => None,
        }
    }
}

/// The error frame of the wire.
#[derive(Deserialize)]
pub(super) struct Failure {
    kind: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    candidates: Vec<String>,
    #[serde(default)]
    imported: bool,
    #[serde(default)]
    action: String,
    #[serde(default)]
    target: String,
    #[serde(default)]
    what: String,
    #[serde(default)]
    how: String,
    #[serde(default)]
    stderr: String,
    exception: Option<PyException>,
    partial: Option<Box<Recording>>,
}

impl Failure {
    pub(super) fn into_error(self, limits: &Limits) -> OracleError {
        let recording = self.partial.is_some();
        let partial = self.partial.clone().unwrap_or_else(|| {
            Box::new(Recording {
                entry: proofmark_silicon::oracle::PyValue::None,
                calls: Vec::new(),
                instances: Vec::new(),
                outside: Vec::new(),
                modules: Vec::new(),
                script_results: Vec::new(),
                script_draws: Vec::new(),
                versions: Vec::new(),
                stdout: String::new(),
            })
        });
        let exception = Box::new(self.exception.unwrap_or_else(|| PyException {
            type_name: String::new(),
            message: String::new(),
            trace: Vec::new(),
        }));
        match self.kind.as_str() {
            "raised" => OracleError::Raised { exception, partial },
            "memory" => OracleError::Memory { limit: limits.memory, exception, partial },
            "denied" => OracleError::SandboxDenied { action: self.action, target: self.target, exception, partial },
            "entry_not_found" => OracleError::EntryNotFound { name: self.name, candidates: self.candidates },
            "never_called" => OracleError::EntryNeverCalled { source_imported: self.imported, partial },
            "timeout" => OracleError::Timeout {
                limit: match (self.what.as_str(), recording) {
                    ("cpu", _) => limits.cpu,
                    (_, true) => limits.wall,
                    (_, false) => limits.evaluation,
                },
                what: self.what,
                partial: self.partial,
            },
            "too_much_output" => OracleError::TooMuchOutput { limit: limits.output, partial },
            "too_much_recorded" => OracleError::TooMuchRecorded { limit: limits.recorded },
            "too_many_processes" => OracleError::TooManyProcesses { limit: limits.processes, partial },
            "crashed" => OracleError::Crashed { how: self.how, stderr: self.stderr, partial: self.partial },
            "refused" => OracleError::Refused { message: self.message },
            other => OracleError::Protocol(format!("unknown failure `{other}`")),
        }
    }
}
