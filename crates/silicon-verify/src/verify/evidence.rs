//! What a verified translation leaves behind, before it is sealed.

use super::pipeline::{Facts, Target};
use super::stored;
use super::trace::{Place, Trace};
use proofmark_evidence::FileSet;
use proofmark_evidence::check::{Check, Checks, Tolerance, Tool};
use proofmark_silicon::back::manifest::Sizes;
use proofmark_silicon::interp::Tensor;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One output of one vector, for the report's plots.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Comparison {
    /// Targets that gave these very bits.
    pub targets: Vec<String>,
    /// `entry.port`
    pub output: String,
    /// Which vector.
    pub vector: String,
    /// CPython's value.
    pub reference: Tensor,
    /// The target's value.
    pub actual: Tensor,
    /// Tolerance of this vector.
    #[serde(with = "stored::bits")]
    pub tolerance: f64,
}

/// A seeded fault that no vector showed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// Source file and line.
    pub place: Option<(String, u32)>,
    /// What was changed.
    pub text: String,
    /// What was measured of it.
    pub why: String,
}

/// How many seeded faults were noticed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Mutation {
    /// Noticed.
    pub killed: usize,
    /// Tried.
    pub tried: usize,
    /// Places where one could have been seeded.
    pub places: usize,
    /// Of those noticed: by vectors of single kernels, and before them by none.
    pub by_kernels: usize,
    /// Not noticed, and no faults: the compiler makes the same machine code with and without.
    pub equivalent: Vec<Fault>,
    /// Not noticed.
    pub survivors: Vec<Fault>,
}

impl Mutation {
    /// Share noticed of those that are not equivalent; 1 when there was nothing to seed.
    pub fn score(&self) -> f64 {
        match self.tried - self.equivalent.len() {
            0 => 1.0,
            n => self.killed as f64 / n as f64,
        }
    }
}

/// What an entry of whole arrays has for blocks of a stream.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct BlockForm {
    /// The entry.
    pub entry: String,
    /// Name of the block form, if there is one.
    pub name: Option<String>,
    /// Its sizes.
    pub sizes: Option<Sizes>,
    /// Targets whose code of it is given out.
    pub targets: Vec<String>,
    /// Why the program has none.
    pub reasons: Vec<String>,
    /// What was made and is not given out, with the reason.
    pub withheld: Vec<String>,
}

/// Everything the bundle and the report are made from.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Checks, claims, tolerances.
    pub checks: Checks,
    /// Source files of the user by name.
    pub sources: Vec<(String, String)>,
    /// Generated files by path in the bundle, those of withheld targets left out.
    pub generated: Vec<(String, String)>,
    /// Generated files of withheld targets: shown in the report beside their source, but not given out.
    pub withheld: Vec<(String, String)>,
    /// Further files: HIR, manifest, vectors.
    pub files: FileSet,
    /// Source links.
    pub trace: Trace,
    /// For the plots.
    pub comparisons: Vec<Comparison>,
    /// Block forms of stateless entries.
    pub blocks: Vec<BlockForm>,
    /// Mutation analysis, when done.
    pub mutation: Option<Mutation>,
}

/// What one target adds to the evidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Part {
    /// What its claim rests on.
    pub facts: Facts,
    /// Its checks.
    pub checks: Vec<Check>,
    /// Tools that took part.
    pub tools: Vec<Tool>,
    /// Errors and tolerances of its outputs.
    pub tolerances: Vec<Tolerance>,
    /// What was not shown.
    pub not_shown: Vec<String>,
    /// Generated files by path in the bundle.
    pub generated: Vec<(String, String)>,
    /// Generated files that are not given out, whatever is claimed of the rest.
    pub withheld: Vec<(String, String)>,
    /// Further files for the bundle.
    #[serde(with = "stored::files")]
    pub files: FileSet,
    /// Source places of each line of the generated files.
    pub trace: BTreeMap<String, Vec<Option<Place>>>,
    /// For the plots.
    pub comparisons: Vec<Comparison>,
    /// Of each block form, by its place among the forms: whether its code was made, and why it is not given out.
    pub blocks: Vec<PartOfBlock>,
}

/// What a target makes of a block form.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PartOfBlock {
    /// Place among the forms.
    pub form: usize,
    /// The target can express it.
    pub emitted: bool,
    /// Whether its code is given out, or why not.
    pub given: Result<(), String>,
}

impl Part {
    /// Nothing yet.
    pub fn new(target: Target) -> Part {
        let facts = Facts {
            target,
            tested: false,
            stressed: false,
            bits: false,
            recorded_calls: 0,
            generated_calls: 0,
            mutation: None,
            not_shown: Vec::new(),
        };
        Part {
            facts,
            checks: Vec::new(),
            tools: Vec::new(),
            tolerances: Vec::new(),
            not_shown: Vec::new(),
            generated: Vec::new(),
            withheld: Vec::new(),
            files: FileSet::new(),
            trace: BTreeMap::new(),
            comparisons: Vec::new(),
            blocks: Vec::new(),
        }
    }
}
