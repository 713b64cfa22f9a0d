//! Back ends: printers from LIR to a target language, and what all of them share: the interface description
//! (manifest), the call file that drives generated code, and the drivers that read it.

pub mod c;
pub mod callfile;
pub mod harness;
pub mod manifest;
mod names;
mod printer;
pub mod rust;

use crate::hir::Module;
use crate::lir::Program;
use proofmark_base::diagnostics::{Diagnostic, Span};
use std::collections::BTreeMap;

/// What a back end emits: files by relative path, and for every file the source of each line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EmittedFiles {
    /// Text by path, `/` between folders.
    pub files: BTreeMap<String, String>,
    /// For each file, one entry per line.
    pub lines: BTreeMap<String, Vec<Option<Span>>>,
}

impl EmittedFiles {
    fn add(&mut self, path: String, text: printer::Text) {
        self.lines.insert(path.clone(), text.lines);
        self.files.insert(path, text.text);
    }
}

/// A target language.
pub trait Backend {
    /// Name on the command line.
    fn name(&self) -> &'static str;
    /// What the module uses that this target cannot express; empty when it can.
    fn validate(&self, module: &Module) -> Vec<Diagnostic>;
    /// Prints the program.
    fn emit(&self, program: &Program) -> EmittedFiles;
}
