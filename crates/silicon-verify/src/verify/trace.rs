//! `trace.json`: which source lines made which generated lines, and the HIR values in between.
//!
//! ```json
//! {"schema": "https://proofmark.dev/schemas/trace/v1",
//!  "sources": ["demod.py"],
//!  "files": {"c/demod.c": [null, {"source": 0, "first_line": 3, "last_line": 3, "first_column": 5, "last_column": 20}]},
//!  "values": [{"function": "demod", "value": 7, "name": "y", "type": "float64[n]", "at": {"source": 0, ...}}]}
//! ```
//! Lines and columns count from 1; `files` has one element per line of the generated file.

use proofmark_base::diagnostics::{SourceMap, Span};
use proofmark_silicon::hir::{Func, Module};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The value of `schema`.
pub const SCHEMA: &str = "https://proofmark.dev/schemas/trace/v1";

/// Lines and columns of a source file, the last ones included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Index into [`Trace::sources`].
    pub source: usize,
    /// First line.
    pub first_line: u32,
    /// Last line.
    pub last_line: u32,
    /// Column of the first character.
    pub first_column: u32,
    /// Column after the last character.
    pub last_column: u32,
}

/// A HIR value with its source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Value {
    /// Function of the module.
    pub function: String,
    /// Number, as in the HIR text (`%7`).
    pub value: u32,
    /// Source variable.
    pub name: Option<String>,
    /// Element type and extents.
    #[serde(rename = "type")]
    pub ty: String,
    /// Where it comes from.
    pub at: Place,
}

/// The document.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trace {
    /// [`SCHEMA`].
    pub schema: String,
    /// Source files by name.
    pub sources: Vec<String>,
    /// One element per line of each generated file, by path in the bundle.
    pub files: BTreeMap<String, Vec<Option<Place>>>,
    /// HIR values of the optimised module.
    pub values: Vec<Value>,
}

impl Trace {
    /// A trace without files, with the values of the module.
    pub fn new(module: &Module, sources: &SourceMap) -> Trace {
        let mut trace = Trace {
            schema: SCHEMA.into(),
            sources: sources.files().iter().map(|f| f.name.clone()).collect(),
            ..Trace::default()
        };
        trace.add_module(module, sources);
        trace
    }

    /// Adds the values of a module's entries.
    pub fn add_module(&mut self, module: &Module, sources: &SourceMap) {
        for func in module.entries.iter().map(|e| &e.func) {
            self.add_values(func, sources);
        }
    }

    fn add_values(&mut self, func: &Func, sources: &SourceMap) {
        for (i, v) in func.values.iter().enumerate() {
            let Some(at) = v.span.and_then(|s| place(s, sources)) else { continue };
            let dims: Vec<String> = v.ty.shape.iter().map(ToString::to_string).collect();
            let ty =
                if dims.is_empty() { v.ty.dtype.to_string() } else { format!("{}[{}]", v.ty.dtype, dims.join(", ")) };
            self.values.push(Value { function: func.name.clone(), value: i as u32, name: v.name.clone(), ty, at });
        }
    }

    /// Adds a generated file.
    pub fn add_file(&mut self, path: &str, lines: &[Option<Span>], sources: &SourceMap) {
        self.files.insert(path.to_string(), Trace::places(lines, sources));
    }

    /// Places of the lines of a generated file.
    pub fn places(lines: &[Option<Span>], sources: &SourceMap) -> Vec<Option<Place>> {
        lines.iter().map(|s| s.and_then(|s| place(s, sources))).collect()
    }

    /// The bytes of `trace.json`.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }
}

/// Where a span lies; `None` when its file is not one of the sources.
pub fn place(span: Span, sources: &SourceMap) -> Option<Place> {
    sources.files().get(span.file.0 as usize)?;
    let (first_line, first_column) = sources.line_column(span.file, span.start);
    let (last_line, last_column) = sources.line_column(span.file, span.end.max(span.start));
    Some(Place { source: span.file.0 as usize, first_line, last_line, first_column, last_column })
}
