//! A program, bench or option that is refused: an ordinary outcome of a step, which can be kept and shown as the terminal
//! shows it.

use super::kept::{self, StepError};
use proofmark_base::diagnostics::{Diagnostic, SourceMap};
use proofmark_base::render::{render_json, render_sarif, render_text};
use serde::{Deserialize, Serialize};

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Options or environment.
    Usage,
    /// The program or its bench.
    Refused,
    /// A defect of Proofmark.
    Bug,
}

/// Diagnostics with the sources they point into.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    /// What to tell: warnings first, then what the refusal is for.
    pub diagnostics: Vec<Diagnostic>,
    /// What the places point into.
    pub sources: SourceMap,
    /// Whose move it is.
    pub status: Status,
}

impl Refusal {
    /// Diagnostics of a program.
    pub fn new(status: Status, diagnostics: Vec<Diagnostic>, sources: SourceMap) -> Refusal {
        Refusal { diagnostics, sources, status }
    }
    /// Options or environment are at fault.
    pub fn usage(code: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(Status::Usage, vec![Diagnostic::error(code, message)], SourceMap::default())
    }
    /// The program, bench or data is refused.
    pub fn refused(code: &str, message: impl Into<String>) -> Refusal {
        Refusal::new(Status::Refused, vec![Diagnostic::error(code, message)], SourceMap::default())
    }
    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Refusal {
        if let Some(d) = self.diagnostics.last_mut() {
            d.help = Some(text.into());
        }
        self
    }
    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Refusal {
        if let Some(d) = self.diagnostics.last_mut() {
            d.notes.push(text.into());
        }
        self
    }
    /// As a terminal shows it.
    pub fn text(&self, color: bool) -> String {
        render_text(&self.diagnostics, &self.sources, color)
    }
    /// One JSON object a line.
    pub fn json(&self) -> String {
        render_json(&self.diagnostics, &self.sources)
    }
    /// A SARIF 2.1.0 document.
    pub fn sarif(&self) -> String {
        render_sarif(&self.diagnostics, &self.sources)
    }
    /// To be kept.
    pub fn to_bytes(&self) -> Vec<u8> {
        kept::write("refusal", &kept::no_inputs(), self)
    }
    /// Kept before.
    ///
    /// # Errors
    /// [`StepError`]: these are not the bytes of a refusal, or not all of them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Refusal, StepError> {
        kept::read("refusal", &kept::no_inputs(), bytes)
    }
}
