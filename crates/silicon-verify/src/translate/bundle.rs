//! What comes out: the files of the bundle, without key and signature, and what is said of them.

use super::Job;
use super::open::Open;
use crate::verify::evidence::{BlockForm, Evidence};
use crate::verify::{bundle, names, stored};
use proofmark_base::diagnostics::{Diagnostic, SourceMap};
use proofmark_base::digest::Digest;
use proofmark_evidence::FileSet;
use proofmark_evidence::bundle::SealError;
use proofmark_evidence::check::{Checks, Input};
use proofmark_evidence::dsse::SecretKey;
use serde::{Deserialize, Serialize};

/// The outcome of a translation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bundle {
    /// All files but key and signature, by path.
    #[serde(with = "stored::files")]
    pub files: FileSet,
    /// Checks and claims, as in its `checks.json`.
    pub checks: Checks,
    /// Block forms of stateless entries.
    pub blocks: Vec<BlockForm>,
    /// Whether the bench called the entry, so that there is something to compare with.
    pub has_reference: bool,
    /// Whether the arguments were declared and the vectors are made up.
    pub declared: bool,
}

impl Bundle {
    /// From evidence, with what only the job knows.
    pub(super) fn new(job: &Job, open: &Open, mut evidence: Evidence) -> Bundle {
        let declared = !job.args.is_empty();
        let not_shown = &mut evidence.checks.not_shown;
        if !job.signed {
            not_shown.push("origin and integrity of this bundle: it is not signed (`--no-sign`)".into());
        }
        if declared {
            not_shown.push(
                "agreement on the user's own data: no bench was given, the vectors are random values of the declared \
                 types"
                    .into(),
            );
        }
        not_shown.extend(open.warnings.iter().map(|d| said(d, &open.design.sources)));
        evidence.checks.options.insert("file".into(), job.file.to_string_lossy().into_owned());
        add_bench(&mut evidence, job, open);
        let files = bundle::files(&evidence);
        let Evidence { checks, blocks, .. } = evidence;
        Bundle { files, checks, blocks, has_reference: open.has_calls(), declared }
    }

    /// The signed bundle.
    ///
    /// # Errors
    /// [`SealError`]: the evidence contradicts itself, which is a defect of ours.
    pub fn sealed(&self, key: &SecretKey) -> Result<FileSet, SealError> {
        proofmark_evidence::bundle::seal(self.files.clone(), key)
    }
}

/// The bench is an input too, though no generated line comes from it.
fn add_bench(evidence: &mut Evidence, job: &Job, open: &Open) {
    let Some(bench) = &job.bench else { return };
    let name = bench.to_string_lossy().into_owned();
    evidence.checks.options.insert("bench".into(), name.clone());
    if evidence.checks.inputs.iter().any(|i| i.name == name) {
        return;
    }
    let Some(bytes) = &open.bench else { return };
    let path = format!("sources/{}", names::safe_path(&name));
    evidence.checks.inputs.push(Input { name, sha256: Digest::of(&bytes.0), path: Some(path.clone()) });
    evidence.files.insert(path, bytes.0.clone());
}

/// What the front end had to say, with its place, as an item of what is not shown.
fn said(d: &Diagnostic, sources: &SourceMap) -> String {
    match d.labels.first() {
        Some(l) => {
            let line = sources.line_column(l.span.file, l.span.start).0;
            format!("{}:{line}: {} ({})", sources.get(l.span.file).name, d.message, d.code)
        }
        None => format!("{} ({})", d.message, d.code),
    }
}
