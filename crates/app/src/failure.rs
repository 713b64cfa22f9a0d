//! Why a command ends early: diagnostics and the exit status they mean.

use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};

/// Our bug.
pub const BUG: u8 = 1;
/// The command line or the environment.
pub const USAGE: u8 = 2;
/// The program or its bench is refused.
pub const REFUSED: u8 = 3;
/// Verification failed.
pub const FAILED: u8 = 4;

/// An early end.
#[derive(Debug, Default)]
pub struct Failure {
    /// What to tell.
    pub diagnostics: Vec<Diagnostic>,
    /// What the places point into.
    pub sources: SourceMap,
    /// Exit status.
    pub status: u8,
}

impl Failure {
    /// One diagnostic without a place in a source.
    pub fn new(status: u8, diagnostic: Diagnostic) -> Failure {
        Failure { diagnostics: vec![diagnostic], sources: SourceMap::default(), status }
    }
    /// The command line or the environment is at fault.
    pub fn usage(code: &str, message: impl Into<String>) -> Failure {
        Failure::new(USAGE, Diagnostic::error(code, message))
    }
    /// The program, bench or data is refused.
    pub fn refused(code: &str, message: impl Into<String>) -> Failure {
        Failure::new(REFUSED, Diagnostic::error(code, message))
    }
    /// We are at fault; a report to send is written.
    pub fn bug(message: impl Into<String>) -> Failure {
        let message = message.into();
        let mut lines = message.lines();
        let first = lines.next().unwrap_or("something went wrong").to_string();
        let mut diagnostic = Diagnostic::new("PM0390", Severity::Bug, first);
        diagnostic.notes = lines.map(str::to_string).collect();
        if let Some(path) = crate::panics::write_report(&message) {
            let report = format!("please send the report {} with the source file", path.display());
            diagnostic = diagnostic.help(report);
        }
        Failure::new(BUG, diagnostic)
    }
    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Failure {
        if let Some(d) = self.diagnostics.last_mut() {
            d.help = Some(text.into());
        }
        self
    }
    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Failure {
        if let Some(d) = self.diagnostics.last_mut() {
            d.notes.push(text.into());
        }
        self
    }
}
