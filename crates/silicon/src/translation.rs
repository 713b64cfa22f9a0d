//! What a translation is given and what it gives: options in; HIR, the shape of each entry's result and the
//! source map out.

use crate::dtype::DType;
use crate::hir::Module;
use crate::oracle::PyValue;
use proofmark_base::diagnostics::{Diagnostic, SourceMap, Span};
use serde::{Deserialize, Serialize};

/// Working precision.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Numeric {
    /// NumPy's own result types.
    #[default]
    F64,
    /// float64 and complex128 narrowed to float32 and complex64.
    F32,
}

/// An argument declared on the command line: `--arg x=complex64[n]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArgSpec {
    /// Parameter name.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Extents: a number or a name. Empty for a scalar.
    pub shape: Vec<ArgExtent>,
}

/// One declared extent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ArgExtent {
    /// `64`
    Fixed(usize),
    /// `n`
    Named(String),
}

/// What to translate and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `name`, `Class`, `Class.method` or `script:name1,name2`.
    pub entry: String,
    /// Working precision.
    pub numeric: Numeric,
    /// Fused multiply-add where the golden model defines it.
    pub fma: bool,
    /// Declared arguments, when there is no bench call to learn from.
    pub args: Vec<ArgSpec>,
    /// Source file of the entry, relative to the project root.
    pub file: String,
}

/// How a leaf of a result looks in Python.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeafKind {
    /// Python bool, int, float or complex.
    Python,
    /// NumPy scalar.
    Scalar,
    /// ndarray.
    Array,
    /// A Python list of numbers (compared item by item with the port's elements).
    List,
    /// Python or NumPy scalar, depending on the path.
    Either,
}

/// How the outputs of an entry make up its Python result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "node", rename_all = "snake_case")]
pub enum ResultTree {
    /// An output port.
    Output {
        /// Port name.
        port: String,
        /// How Python holds it.
        kind: LeafKind,
    },
    /// A value that does not depend on the inputs.
    Constant {
        /// The value.
        value: PyValue,
    },
    /// tuple
    Tuple {
        /// Items.
        items: Vec<ResultTree>,
    },
    /// list of fixed length
    List {
        /// Items.
        items: Vec<ResultTree>,
    },
    /// dict with known keys
    Dict {
        /// Keys and values.
        items: Vec<(PyValue, ResultTree)>,
    },
    /// `None`
    None,
    /// The array passed in as this argument (possibly changed in place), or the object itself for `self`.
    Argument {
        /// Parameter name.
        name: String,
    },
}

/// How one parameter of the source maps to input ports.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "node", rename_all = "snake_case")]
pub enum ArgTree {
    /// An input port.
    Input {
        /// Port name.
        port: String,
    },
    /// Fixed at translation time to this value (modes, flags, objects): other values are not covered.
    Fixed {
        /// The value.
        value: PyValue,
    },
    /// tuple or list of parts
    Sequence {
        /// Items.
        items: Vec<ArgTree>,
    },
}

/// Where an attribute of the entry's object lies in the state ([`Module::state`], by the names of its fields).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "node", rename_all = "snake_case")]
pub enum StateTree {
    /// A state field.
    Field {
        /// Name of the field.
        field: String,
        /// How Python holds it.
        kind: LeafKind,
    },
    /// A list of computed length.
    List {
        /// Field with room for the items, first axis.
        items: String,
        /// Field with their number.
        length: String,
    },
    /// Set by the first call that comes by.
    Maybe {
        /// Field that says whether it is set.
        bound: String,
        /// The attribute.
        value: Box<StateTree>,
    },
    /// One of several known values.
    Label {
        /// Field with the index.
        index: String,
        /// The values.
        options: Vec<PyValue>,
    },
    /// tuple or list of fixed length
    Items {
        /// Items.
        items: Vec<StateTree>,
    },
    /// dict with known keys
    Entries {
        /// Keys and values.
        items: Vec<(PyValue, StateTree)>,
    },
    /// Another object.
    Object {
        /// Its attributes.
        attrs: Vec<(String, StateTree)>,
    },
    /// No call changes it.
    Unchanged,
    /// The translation does not hold it, or not as a value of its own.
    Hidden {
        /// Why.
        reason: String,
    },
}

/// One translated entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EntryInfo {
    /// Name of the HIR entry (a C and Rust identifier).
    pub name: String,
    /// Function or method name in the source, as in [`crate::oracle::RecordedCall::name`].
    pub source_name: String,
    /// Parameters in declaration order.
    pub args: Vec<(String, ArgTree)>,
    /// Input ports that stand for random draws inside the call: port name, index of the draw.
    pub draws: Vec<(String, usize)>,
    /// The result.
    pub result: ResultTree,
    /// Indices into [`crate::oracle::Recording::calls`] that this translation covers (same fixed arguments and types).
    pub covered_calls: Vec<usize>,
    /// Calls it does not cover, with the reason.
    pub uncovered_calls: Vec<(usize, String)>,
}

/// A translated program.
#[derive(Clone, Debug)]
pub struct Translation {
    /// As read from the source, before any pass. It has not been checked yet.
    pub module: Module,
    /// Its entries, in module order.
    pub entries: Vec<EntryInfo>,
    /// Class entry: which instances of the recording this translation covers (same configuration as the first).
    pub covered_instances: Vec<usize>,
    /// Class entry: the attributes of its object.
    pub state: Vec<(String, StateTree)>,
    /// The program once more, where it differs with what `np.empty` leaves in memory.
    pub unset: Option<Unset>,
}

/// Where a program takes memory from `np.empty`. The translation holds zeros there; CPython holds anything, so that a
/// program whose results show the difference has no defined result.
#[derive(Clone, Debug)]
pub struct Unset {
    /// The module with NaN (85 in integers, true in booleans) there instead of zeros.
    pub module: Module,
    /// The calls of `np.empty` and `np.empty_like`.
    pub at: Vec<Span>,
}

/// Diagnostics with the sources they point into.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The program, unless something was refused.
    pub translation: Option<Translation>,
    /// Errors and warnings.
    pub diagnostics: Vec<Diagnostic>,
    /// Files.
    pub sources: SourceMap,
}
