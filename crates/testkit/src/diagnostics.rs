//! Programs that must be refused, or reported on, at the line their header names (`tests/diagnostics/*.py`).

use crate::corpus::{Case, header, prepare};
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
use proofmark_silicon::oracle::PyException;
use proofmark_silicon::translation::Outcome;
use proofmark_silicon_verify::oracle::{Limits, OracleError};
use proofmark_silicon_verify::verify::{unset, vectors};
use std::path::Path;
use std::time::Duration;

/// What a program of `tests/diagnostics` met with, in the words of its `expect` line, and the lines pointed at.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// `refused`, `reported`, `accepted`, `syntax-error`, `bench-raises`, ...
    pub what: &'static str,
    /// Lines of the user's file that diagnostics point at, primary ones.
    pub lines: Vec<u32>,
    /// Codes and messages.
    pub text: String,
}

/// Limits under which a bench without end is soon over.
fn limits() -> Limits {
    Limits { wall: Duration::from_secs(20), cpu: Duration::from_secs(10), memory: 2 << 30, ..Limits::default() }
}

/// Records and translates a program.
pub fn find(file: &Path, entry: &str) -> Found {
    let root = file.parent().unwrap_or(file);
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let innermost = |e: &PyException| e.trace.iter().rev().find(|(f, _)| *f == name).map(|(_, l)| *l);
    match prepare(file, None, root, entry, limits(), false) {
        Ok(Case { mut outcome, recording, .. }) => {
            if let Some(t) = &outcome.translation {
                outcome.diagnostics.extend(unset::refusal(t, &vectors::recorded(t, &recording, false).sequences));
            }
            translated(&outcome, &name)
        }
        Err(e) => {
            let text = e.to_string();
            let (what, line) = match &e {
                OracleError::Raised { exception, .. } => {
                    let syntax = ["SyntaxError", "IndentationError", "TabError"];
                    let what =
                        if syntax.contains(&exception.type_name.as_str()) { "syntax-error" } else { "bench-raises" };
                    (what, innermost(exception))
                }
                OracleError::SandboxDenied { exception, .. } => ("bench-raises", innermost(exception)),
                OracleError::EntryNeverCalled { .. } => ("bench-never-calls", None),
                OracleError::TooMuchOutput { .. } => ("bench-prints", None),
                OracleError::Memory { exception, .. } => ("bench-hangs", innermost(exception)),
                OracleError::Timeout { .. } => ("bench-hangs", None),
                _ => ("bench-fails", None),
            };
            Found { what, lines: line.into_iter().collect(), text }
        }
    }
}

fn translated(outcome: &Outcome, name: &str) -> Found {
    let mut diagnostics = outcome.diagnostics.clone();
    let mut refused = outcome.translation.is_none() || diagnostics.iter().any(|d| d.severity == Severity::Error);
    if let Some(t) = &outcome.translation {
        let lowered = match proofmark_silicon::hir::check(t.module.clone()) {
            Ok(module) => proofmark_silicon::lower::lower(&module).map(|_| ()),
            Err(errors) => {
                let text = errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
                Err(vec![Diagnostic::new("PM0999", Severity::Bug, text)])
            }
        };
        if let Err(more) = lowered {
            refused = true;
            diagnostics.extend(more);
        }
    }
    let bug = diagnostics.iter().any(|d| d.severity == Severity::Bug);
    let what = match (bug, refused, diagnostics.is_empty()) {
        (true, ..) => "BUG",
        (_, true, _) => "refused",
        (_, _, true) => "accepted",
        _ => "reported",
    };
    let lines = diagnostics.iter().filter_map(|d| line(d, &outcome.sources, name)).collect();
    let text = diagnostics.iter().map(|d| format!("{}: {}", d.code, d.message)).collect::<Vec<_>>().join("; ");
    Found { what, lines, text }
}

/// The line of the user's file that a diagnostic points at.
fn line(d: &Diagnostic, sources: &SourceMap, name: &str) -> Option<u32> {
    let span = d.labels.iter().find(|l| sources.get(l.span.file).name == name)?.span;
    Some(sources.line_column(span.file, span.start).0)
}

/// How a file deviates from its header: nothing, or the deviation in a word (`kind` or `line`) and a sentence.
pub fn deviation(file: &Path) -> Option<(&'static str, String)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let key = |k: &str| header(&text, k).unwrap_or_default();
    let (expect, line, entry) = (key("expect"), key("line").parse::<u32>().unwrap_or(0), key("entry"));
    let found = find(file, &entry);
    if found.what != expect {
        return Some(("kind", format!("{expect} is due, found {} ({})", found.what, found.text)));
    }
    // A bench stopped from outside has no line, and one that never calls its entry has none to point at.
    let placeless = ["bench-never-calls", "bench-prints", "bench-hangs"];
    if placeless.contains(&found.what) || found.lines.contains(&line) {
        return None;
    }
    Some(("line", format!("line {line} is due, found {:?} ({})", found.lines, found.text)))
}
