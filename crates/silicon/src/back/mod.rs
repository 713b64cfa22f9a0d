//! Back ends: printers from LIR to a target language, and what all of them share: the interface description
//! (manifest), the call file that drives generated code, and the drivers that read it.

pub mod c;
pub mod callfile;
pub mod eva;
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

/// The value of an extent in named lengths; none where one of them has no value or it does not fit.
fn constant_dim(d: &crate::hir::Dim, length: &dyn Fn(crate::hir::LengthId) -> Option<i64>) -> Option<i64> {
    use crate::hir::Atom;
    let missing = || crate::interp::internal("no such length");
    let leaf = |a: &Atom| match a {
        Atom::Length(l) => length(*l).ok_or_else(missing),
        _ => Err(missing()),
    };
    crate::interp::dim_value(d, &leaf).ok()
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
