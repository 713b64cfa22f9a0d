//! The files of the bundle: intermediate forms, manifest, vectors with their index, trace, bill of materials, report;
//! and the sealing of all of them. `docs/evidence-bundle.md` is the format.

use super::blocks::{self, Form};
use super::evidence::Evidence;
use super::golden::Outcome;
use super::pipeline::Vectors;
use super::report;
use super::state;
use super::vectors::Ports;
use crate::npy::{self, Array};
use proofmark_evidence::bundle::{self, SealError};
use proofmark_evidence::check::Real;
use proofmark_evidence::dsse::SecretKey;
use proofmark_evidence::{FileSet, sbom};
use proofmark_silicon::hir::Module;
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::lir::Program;
use proofmark_silicon::translation::StateTree;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Path of the index of vectors.
pub const INDEX: &str = "vectors/index.json";
/// The value of its `schema`.
pub const INDEX_SCHEMA: &str = "https://proofmark.dev/schemas/vectors/v1";
/// The optimised module, from which every target was made.
pub const HIR: &str = "hir/optimised.hir";
/// Ports, types, shapes and sizes.
pub const MANIFEST: &str = "manifest.json";
/// Most bytes of vectors kept.
const MOST_BYTES: usize = 48 << 20;

/// `vectors/index.json`: what was run, in order; values lie in `.npy` files beside it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// [`INDEX_SCHEMA`].
    pub schema: String,
    /// Sequences, recorded ones first.
    pub sequences: Vec<IndexSequence>,
    /// Sequences whose values were too large to keep.
    pub omitted: Vec<String>,
    /// How the state fields make up the attributes of the object: where a call has ports `state.name`, they are those
    /// after it. Long sequences keep them for some of their calls, the last among them.
    #[serde(default)]
    pub state: Vec<(String, StateTree)>,
}

/// Calls on one freshly initialised design.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexSequence {
    /// `recorded-0`
    pub name: String,
    /// `recorded`, `normal`, ...
    pub what: String,
    /// In order.
    pub calls: Vec<IndexCall>,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexCall {
    /// Entry of the design.
    pub entry: String,
    /// Function or method of the source.
    pub source_name: String,
    /// Place among the calls of the bench, for a recorded one.
    pub recorded: Option<usize>,
    /// File by input port.
    pub inputs: BTreeMap<String, String>,
    /// CPython's value, by port, file and largest error allowed. Empty when it raised or there is no reference.
    pub expected: BTreeMap<String, IndexExpected>,
    /// The exception CPython raised.
    pub raised: Option<String>,
    /// File by port of what the golden model gives.
    pub golden: BTreeMap<String, String>,
    /// The exception class the golden model stops with.
    pub fault: Option<String>,
}

/// A reference value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndexExpected {
    /// File.
    pub file: String,
    /// Largest absolute error that is agreement.
    pub tolerance: Real,
}

/// A tensor as an array for a file.
pub fn array(t: &Tensor) -> Array {
    Array { dtype: t.dtype, shape: t.shape.clone(), data: t.to_le_bytes() }
}

/// An array from a file as a tensor.
pub fn tensor(a: &Array) -> Option<Tensor> {
    Tensor::from_le_bytes(a.dtype, &a.shape, &a.data)
}

fn npy_bytes(t: &Tensor) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to memory fails only for a size that does not fit, which a tensor's always does.
    let _ = npy::write_npy(&mut bytes, &array(t));
    bytes
}

/// Adds intermediate forms, manifest and vectors to the evidence.
pub(in crate::verify) fn add_documents(
    evidence: &mut Evidence,
    read: &Module,
    made: &Module,
    program: &Program,
    forms: &[Form],
    all: &Vectors<'_>,
) {
    evidence.files.insert("hir/read.hir".into(), read.to_string().into_bytes());
    evidence.files.insert(HIR.into(), made.to_string().into_bytes());
    let (modules, manifest) = blocks::documents(forms, program, evidence);
    evidence.files.extend(modules.into_iter().map(|(path, text)| (path, text.into_bytes())));
    evidence.files.insert(MANIFEST.into(), manifest.into_bytes());
    let mut index = Index { schema: INDEX_SCHEMA.into(), state: all.t.state.clone(), ..Index::default() };
    let mut bytes = 0;
    // whoever opens the bundle knows the optimised module only
    let taken_out = state::taken_out(all.t, made);
    for (s, j) in all.sequences.iter().zip(all.judged) {
        let mut files = FileSet::new();
        let mut calls = Vec::new();
        for (i, call) in s.calls.iter().enumerate() {
            let folder = format!("vectors/{}/{i}", s.name);
            let keeps = |name: &String| state::kept(s.calls.len(), i) && !taken_out.contains(name);
            let mut keep = |kind: &str, ports: &Ports| -> BTreeMap<String, String> {
                let mut paths = BTreeMap::new();
                for (name, t) in ports.iter().filter(|(n, _)| !state::is_state(n) || keeps(n)) {
                    let path = format!("{folder}/{kind}.{name}.npy");
                    files.insert(path.clone(), npy_bytes(t));
                    paths.insert(name.clone(), path);
                }
                paths
            };
            let inputs = keep("in", &call.inputs);
            let expected = j.expected[i].as_ref().map(|e| keep("expected", &e.ports)).unwrap_or_default();
            let tolerance = |name: &String| j.tolerances[i].get(name).map_or(0.0, |t| t.abs);
            let expected = expected
                .into_iter()
                .map(|(name, file)| {
                    let tolerance = tolerance(&name).into();
                    (name, IndexExpected { file, tolerance })
                })
                .collect();
            let outcome: &Outcome = &j.trail.outcomes[i];
            let info = &all.t.entries[call.entry];
            calls.push(IndexCall {
                entry: info.name.clone(),
                source_name: info.source_name.clone(),
                recorded: call.recorded,
                inputs,
                expected,
                raised: call.reference.as_ref().and_then(|r| r.result.as_ref().err()).map(|e| e.type_name.clone()),
                golden: outcome.as_ref().map(|ports| keep("golden", ports)).unwrap_or_default(),
                fault: outcome.as_ref().err().map(|f| f.exception.clone()),
            });
        }
        let size: usize = files.values().map(Vec::len).sum();
        if bytes + size > MOST_BYTES {
            index.omitted.push(s.name.clone());
            continue;
        }
        bytes += size;
        evidence.files.append(&mut files);
        index.sequences.push(IndexSequence { name: s.name.clone(), what: s.what.clone(), calls });
    }
    if !index.omitted.is_empty() {
        evidence.checks.not_shown.push(format!(
            "the values of {} vector sequence(s) are too large to be kept in the bundle: {}",
            index.omitted.len(),
            index.omitted.join(", ")
        ));
    }
    let mut text = serde_json::to_vec_pretty(&index).unwrap_or_default();
    text.push(b'\n');
    evidence.files.insert(INDEX.into(), text);
    for check in evidence.checks.checks.iter_mut().filter(|c| c.id.contains("golden") || c.id.contains("recorded")) {
        check.supports.insert(INDEX.into());
    }
}

/// All files of the bundle but key and signature.
pub fn files(evidence: &Evidence) -> FileSet {
    let mut files = evidence.files.clone();
    let generated: FileSet = evidence.generated.iter().map(|(p, t)| (p.clone(), t.clone().into_bytes())).collect();
    files.extend(generated.clone());
    files.insert("trace.json".into(), evidence.trace.to_bytes());
    files.insert(bundle::BOM.into(), sbom::bill_of_materials(&evidence.checks, &generated));
    files.insert(bundle::CHECKS.into(), evidence.checks.to_bytes());
    files.insert("report.html".into(), report::html(&evidence.checks, evidence).into_bytes());
    files
}

/// The complete, signed bundle.
///
/// # Errors
/// [`SealError`]: the evidence contradicts itself, which is a defect of ours.
pub fn sealed(evidence: &Evidence, key: &SecretKey) -> Result<FileSet, SealError> {
    bundle::seal(files(evidence), key)
}
