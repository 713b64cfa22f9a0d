//! Starting CPython and recording the bench; what goes wrong there, told to the user.

use super::Job;
use crate::cli::SandboxOption;
use crate::failure::Failure;
use proofmark_base::diagnostics::{Diagnostic, Span};
use proofmark_silicon::oracle::{PyException, Recording};
use proofmark_silicon_verify::oracle::{CPythonOracle, Limits, OracleError, OracleOptions};
use proofmark_silicon_verify::python::{self, Search};
use proofmark_silicon_verify::sandbox::{Sandbox, SandboxError};

/// Finds a Python and starts it confined as asked.
///
/// # Errors
/// PM0210, PM0211, PM0201.
pub fn start(job: &Job) -> Result<CPythonOracle, Failure> {
    let search = Search::from_environment(job.options.python.clone(), &job.root);
    let (python, _) = python::find(&search).map_err(|e| {
        let mut failure = Failure::usage("PM0210", "no Python with NumPy 2 or newer was found");
        for t in &e.tried {
            failure = failure.note(format!("{} ({}): {}", t.program.display(), t.source, t.problem));
        }
        failure
            .help("python3 -m venv .venv && .venv/bin/pip install 'numpy>=2' scipy, or give one with `--python PATH`")
    })?;
    let sandbox = match job.options.sandbox {
        Some(SandboxOption::None) => Sandbox::None,
        _ => Sandbox::Bubblewrap,
    };
    CPythonOracle::start(OracleOptions {
        python: python.executable,
        project_root: job.root.clone(),
        source_file: job.file.clone(),
        bench_file: job.bench.clone(),
        entry: job.entry.clone(),
        allow_read: job.options.allow_read.clone(),
        sandbox,
        limits: Limits::default(),
    })
    .map_err(|e| explain(&e, job))
}

/// Runs the bench.
///
/// # Errors
/// PM0202 to PM0209.
pub fn record(oracle: &mut CPythonOracle, job: &Job) -> Result<Recording, Failure> {
    oracle.record().map_err(|e| explain(&e, job))
}

fn explain(error: &OracleError, job: &Job) -> Failure {
    let bench = job.bench.as_ref().unwrap_or(&job.file).display().to_string();
    let by_hand = format!("run it by hand to see more: python {bench}");
    match error {
        OracleError::PythonMissing { .. }
        | OracleError::PythonTooOld { .. }
        | OracleError::NumpyMissing { .. }
        | OracleError::NumpyTooOld { .. } => Failure::usage("PM0210", error.to_string())
            .help("python3 -m venv .venv && .venv/bin/pip install 'numpy>=2' scipy, or give one with `--python PATH`"),
        OracleError::Sandbox(SandboxError::Missing) => Failure::usage("PM0211", error.to_string())
            .help("apt install bubblewrap, or run your bench unconfined with `--sandbox none`"),
        OracleError::Sandbox(_) => Failure::usage("PM0211", error.to_string())
            .help("allow unprivileged user namespaces, or run your bench unconfined with `--sandbox none`"),
        OracleError::Path { .. } => Failure::usage("PM0201", error.to_string()),
        OracleError::EntryNotFound { candidates, .. } => {
            let failure = Failure::usage("PM0202", format!("{} in {}", error, job.file.display()));
            match candidates.as_slice() {
                [] => failure,
                some => failure
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
            Failure::refused("PM0203", error.to_string()).help(help)
        }
        OracleError::Raised { exception, .. } => {
            at(Failure::refused("PM0204", error.to_string()), exception, job).help(by_hand)
        }
        OracleError::SandboxDenied { exception, .. } => {
            let help = "make the data in the script, keep it beside the source, or name it with `--allow-read PATH`";
            at(Failure::refused("PM0205", error.to_string()), exception, job).help(help)
        }
        OracleError::Timeout { .. } => Failure::refused("PM0206", format!("the bench was {error}"))
            .help("a bench should call the entry with small typical inputs and end"),
        OracleError::Memory { exception, .. } => {
            at(Failure::refused("PM0207", format!("the bench ran {error}")), exception, job)
                .help("a bench should call the entry with small typical inputs")
        }
        OracleError::TooMuchOutput { .. }
        | OracleError::TooMuchRecorded { .. }
        | OracleError::TooManyProcesses { .. } => Failure::refused("PM0208", error.to_string())
            .help("a bench should call the entry with small typical inputs and print little"),
        OracleError::Crashed { stderr, .. } => {
            let failure = Failure::refused("PM0209", error.to_string());
            let said = stderr.trim();
            if said.is_empty() { failure.help(by_hand) } else { failure.note(said.to_string()).help(by_hand) }
        }
        OracleError::Refused { message } => Failure::refused("PM0226", message.clone()),
        OracleError::Protocol(_) => Failure::bug(error.to_string()),
    }
}

/// Points at the lines of the exception's trace, innermost first.
fn at(mut failure: Failure, exception: &PyException, job: &Job) -> Failure {
    let mut diagnostic = match failure.diagnostics.pop() {
        Some(d) => d,
        None => Diagnostic::error("PM0204", exception.message.clone()),
    };
    for (k, (file, line)) in exception.trace.iter().rev().take(4).enumerate() {
        let Ok(text) = std::fs::read_to_string(job.root.join(file)) else { continue };
        let id = failure.sources.add(file, &text);
        let start: usize = text.split_inclusive('\n').take(*line as usize - usize::from(*line > 0)).map(str::len).sum();
        let row = text[start.min(text.len())..].lines().next().unwrap_or_default();
        let indent = row.len() - row.trim_start().len();
        let span = Span { file: id, start: (start + indent) as u32, end: (start + row.trim_end().len()) as u32 };
        let label =
            if k == 0 { format!("{}: {}", exception.type_name, exception.message) } else { "called from here".into() };
        diagnostic = diagnostic.at(span, label);
    }
    failure.diagnostics.push(diagnostic);
    failure
}
