//! What a verified translation leaves behind, before it is sealed.

use super::trace::Trace;
use proofmark_evidence::FileSet;
use proofmark_evidence::check::Checks;
use proofmark_silicon::back::manifest::Sizes;
use proofmark_silicon::interp::Tensor;

/// One output of one vector, for the report's plots.
#[derive(Clone, Debug)]
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
    pub tolerance: f64,
}

/// A seeded fault that no vector showed.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Source file and line.
    pub place: Option<(String, u32)>,
    /// What was changed.
    pub text: String,
    /// What was measured of it.
    pub why: String,
}

/// How many seeded faults were noticed.
#[derive(Clone, Debug, Default)]
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
#[derive(Clone, Debug, Default)]
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
