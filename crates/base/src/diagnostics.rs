//! What the user did, told precisely: a diagnostic is a value with a stable code, a message and source
//! spans. Rendering (text, JSON, SARIF) lives beside it; nothing here prints or exits.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Index of a file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// A half-open byte range in one source file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Span {
    /// The file the bytes are in.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The source files diagnostics and traces point into.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: Vec<SourceFile>,
}

impl Serialize for SourceMap {
    /// Names and texts in id order.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.files.iter().map(|f| (&f.name, &*f.text)))
    }
}

impl<'de> Deserialize<'de> for SourceMap {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let files = Vec::<(String, String)>::deserialize(deserializer)?;
        let files = files.into_iter().map(|(name, text)| SourceFile { name, text: text.into() }).collect();
        Ok(SourceMap { files })
    }
}

/// One source file: the name the user knows it by, and its text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Path as the user gave it (or relative to the project root).
    pub name: String,
    /// Whole text.
    pub text: Arc<str>,
}

impl SourceMap {
    /// Adds a file (or finds the one of that name with the same text) and returns its id.
    pub fn add(&mut self, name: &str, text: &str) -> FileId {
        if let Some(i) = self.files.iter().position(|f| f.name == name && &*f.text == text) {
            return FileId(i as u32);
        }
        self.files.push(SourceFile { name: name.to_string(), text: text.into() });
        FileId((self.files.len() - 1) as u32)
    }
    /// The file of that id.
    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }
    /// All files, in id order.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }
    /// 1-based line and column (in characters) of a byte offset.
    pub fn line_column(&self, id: FileId, offset: u32) -> (u32, u32) {
        let text = &self.get(id).text;
        let upto = &text.as_bytes()[..(offset as usize).min(text.len())];
        let line = upto.iter().filter(|b| **b == b'\n').count() as u32 + 1;
        let start = upto.iter().rposition(|b| *b == b'\n').map_or(0, |p| p + 1);
        let column = String::from_utf8_lossy(&upto[start..]).chars().count() as u32 + 1;
        (line, column)
    }
}

/// How bad it is. `Bug` is ours and never blames the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Information.
    Note,
    /// The result stands, but the user should know.
    Warning,
    /// The request is refused.
    Error,
    /// A defect of Proofmark itself.
    Bug,
}

/// A span with what to say about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What to say there; may be empty.
    pub text: String,
}

/// A replacement that would make the diagnostic go away.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suggestion {
    /// The bytes to replace.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
}

/// One finding. The first label is the primary one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Stable code, `PM` and four digits, documented in `docs/errors/<code>.md`.
    pub code: String,
    /// How bad.
    pub severity: Severity,
    /// One sentence, no trailing full stop.
    pub message: String,
    /// Places, primary first.
    pub labels: Vec<Label>,
    /// Further facts.
    pub notes: Vec<String>,
    /// What to do about it.
    pub help: Option<String>,
    /// A mechanical fix.
    pub suggestion: Option<Suggestion>,
}

impl Diagnostic {
    /// A diagnostic of the given severity with no place yet.
    pub fn new(code: &str, severity: Severity, message: impl Into<String>) -> Self {
        Diagnostic {
            code: code.to_string(),
            severity,
            message: message.into(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
            suggestion: None,
        }
    }
    /// An error.
    pub fn error(code: &str, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message)
    }
    /// Adds a place.
    #[must_use]
    pub fn at(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }
    /// Adds a fact.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Self {
        self.notes.push(text.into());
        self
    }
    /// Says what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }
}
