//! Starting CPython and recording the bench; what goes wrong there, told to the user.

use super::{Job, Refusal, Stopped};
use crate::oracle::{CPythonOracle, OracleError, OracleOptions};
use crate::python::{self, Search};
use crate::sandbox::SandboxError;
use proofmark_base::diagnostics::{Diagnostic, Span};
use proofmark_silicon::oracle::{PyException, Recording};
use std::path::Path;

/// Finds a Python and starts it confined as asked. `job.bench` is in `folder`.
///
/// # Errors
/// PM0210, PM0211, PM0201.
pub(super) fn start(job: &Job, folder: &Path, search: &Search) -> Result<CPythonOracle, Stopped> {
    let (python, _) = python::find(search).map_err(|e| {
        let mut refusal = Refusal::usage("PM0210", "no Python with NumPy 2 or newer was found");
        for t in &e.tried {
            refusal = refusal.note(format!("{} ({}): {}", t.program.display(), t.source, t.problem));
        }
        refusal
            .help("python3 -m venv .venv && .venv/bin/pip install 'numpy>=2' scipy, or give one with `--python PATH`")
    })?;
    let options = OracleOptions {
        python: python.executable,
        project_root: folder.to_path_buf(),
        source_file: job.file.clone(),
        bench_file: job.bench.clone(),
        entry: job.entry.clone(),
        allow_read: job.allow_read.clone(),
        sandbox: job.sandbox,
        limits: job.limits.clone(),
    };
    CPythonOracle::start(options).map_err(|e| explain(&e, job, folder))
}

/// Runs the bench.
///
/// # Errors
/// PM0202 to PM0209.
pub(super) fn record(oracle: &mut CPythonOracle, job: &Job, folder: &Path) -> Result<Recording, Stopped> {
    oracle.record().map_err(|e| explain(&e, job, folder))
}

fn explain(error: &OracleError, job: &Job, folder: &Path) -> Stopped {
    let bench = job.bench.as_ref().unwrap_or(&job.file).display().to_string();
    let by_hand = format!("run it by hand to see more: python {bench}");
    let refusal = match error {
        OracleError::PythonMissing { .. }
        | OracleError::PythonTooOld { .. }
        | OracleError::NumpyMissing { .. }
        | OracleError::NumpyTooOld { .. } => Refusal::usage("PM0210", error.to_string())
            .help("python3 -m venv .venv && .venv/bin/pip install 'numpy>=2' scipy, or give one with `--python PATH`"),
        OracleError::Sandbox(SandboxError::Missing) => Refusal::usage("PM0211", error.to_string())
            .help("apt install bubblewrap, or run your bench unconfined with `--sandbox none`"),
        OracleError::Sandbox(_) => Refusal::usage("PM0211", error.to_string())
            .help("allow unprivileged user namespaces, or run your bench unconfined with `--sandbox none`"),
        OracleError::Path { .. } => Refusal::usage("PM0201", error.to_string()),
        OracleError::EntryNotFound { candidates, .. } => {
            let refusal = Refusal::usage("PM0202", format!("{} in {}", error, job.file.display()));
            match candidates.as_slice() {
                [] => refusal,
                some => refusal
                    .help(format!("did you mean {}?", some.iter().take(3).cloned().collect::<Vec<_>>().join(" or "))),
            }
        }
        OracleError::EntryNeverCalled { .. } => {
            let help = match job.bench {
                Some(_) => format!("let {bench} call `{}` with typical arguments", job.entry),
                None => format!(
                    "give a script that calls `{}` with `--bench FILE`, or declare its arguments with `--arg`",
                    job.entry
                ),
            };
            Refusal::refused("PM0203", error.to_string()).help(help)
        }
        OracleError::Raised { exception, .. } => {
            at(Refusal::refused("PM0204", error.to_string()), exception, folder).help(by_hand)
        }
        OracleError::SandboxDenied { exception, .. } => {
            let help = "make the data in the script, keep it beside the source, or name it with `--allow-read PATH`";
            at(Refusal::refused("PM0205", error.to_string()), exception, folder).help(help)
        }
        OracleError::Timeout { .. } => Refusal::refused("PM0206", format!("the bench was {error}"))
            .help("a bench should call the entry with small typical inputs and end"),
        OracleError::Memory { exception, .. } => {
            at(Refusal::refused("PM0207", format!("the bench ran {error}")), exception, folder)
                .help("a bench should call the entry with small typical inputs")
        }
        OracleError::TooMuchOutput { .. }
        | OracleError::TooMuchRecorded { .. }
        | OracleError::TooManyProcesses { .. } => Refusal::refused("PM0208", error.to_string())
            .help("a bench should call the entry with small typical inputs and print little"),
        OracleError::Crashed { stderr, .. } => {
            let refusal = Refusal::refused("PM0209", error.to_string());
            let said = stderr.trim();
            if said.is_empty() { refusal.help(by_hand) } else { refusal.note(said.to_string()).help(by_hand) }
        }
        OracleError::Refused { message } => Refusal::refused("PM0226", message.clone()),
        OracleError::Protocol(_) => return Stopped::Bug(error.to_string()),
    };
    refusal.into()
}

/// Points at the lines of the exception's trace, innermost first.
fn at(mut refusal: Refusal, exception: &PyException, folder: &Path) -> Refusal {
    let mut diagnostic = match refusal.diagnostics.pop() {
        Some(d) => d,
        None => Diagnostic::error("PM0204", exception.message.clone()),
    };
    for (k, (file, line)) in exception.trace.iter().rev().take(4).enumerate() {
        let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
        let id = refusal.sources.add(file, &text);
        let start: usize = text.split_inclusive('\n').take(*line as usize - usize::from(*line > 0)).map(str::len).sum();
        let row = text[start.min(text.len())..].lines().next().unwrap_or_default();
        let indent = row.len() - row.trim_start().len();
        let span = Span { file: id, start: (start + indent) as u32, end: (start + row.trim_end().len()) as u32 };
        let label =
            if k == 0 { format!("{}: {}", exception.type_name, exception.message) } else { "called from here".into() };
        diagnostic = diagnostic.at(span, label);
    }
    refusal.diagnostics.push(diagnostic);
    refusal
}
