//! The port to the reference interpreter (CPython in a sandbox) and the values that cross it.
//! `proofmark-silicon-verify` implements it; the JSON form of these types *is* the wire protocol.

use serde::{Deserialize, Serialize};

pub use crate::dtype::DType;

/// Bytes written as standard base64 (with padding) in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Bytes(pub Vec<u8>);

/// A Python value the translator may look into. Mutable containers carry `id`: two occurrences with the same
/// nonzero id within one answer are the same object. A [`Recording`] is one answer: an array seen in two calls has one
/// id and may have two contents. Ids of different answers have nothing to do with each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", rename_all = "snake_case")]
pub enum PyValue {
    /// `None`
    None,
    /// `...`
    Ellipsis,
    /// `True`/`False` (Python's, not NumPy's)
    Bool {
        /// value
        v: bool,
    },
    /// Python int (or member of an `IntEnum`), decimal digits, any size
    Int {
        /// decimal
        v: String,
    },
    /// Python float as the 16 hex digits of its IEEE bits, most significant first
    Float {
        /// bits
        v: String,
    },
    /// Python complex, both parts as for `Float`
    Complex {
        /// real bits
        re: String,
        /// imaginary bits
        im: String,
    },
    /// str (or member of a string enum)
    Str {
        /// text
        v: String,
    },
    /// bytes
    Bytes {
        /// base64
        v: Bytes,
    },
    /// tuple; `names` is non-empty for a namedtuple (or any result with named fields)
    Tuple {
        /// items
        v: Vec<PyValue>,
        /// field names
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        names: Vec<String>,
    },
    /// list
    List {
        /// items
        v: Vec<PyValue>,
        /// identity
        id: u64,
    },
    /// dict in insertion order
    Dict {
        /// keys and values
        v: Vec<(PyValue, PyValue)>,
        /// identity
        id: u64,
    },
    /// set or frozenset, sorted where sortable
    Set {
        /// items
        v: Vec<PyValue>,
        /// identity
        id: u64,
    },
    /// slice object
    Slice {
        /// start, stop, step
        v: Box<[PyValue; 3]>,
    },
    /// range object
    Range {
        /// start, stop, step
        v: [i64; 3],
    },
    /// numpy.ndarray: C-order little-endian bytes; `bool` one byte; complex interleaved re, im
    Ndarray {
        /// element type
        dtype: DType,
        /// shape
        shape: Vec<usize>,
        /// C-order bytes
        data: Bytes,
        /// identity
        id: u64,
        /// identity of the array that owns the memory if this one is a view onto another (else 0)
        #[serde(default)]
        base: u64,
    },
    /// NumPy scalar
    Scalar {
        /// element type
        dtype: DType,
        /// little-endian bytes of one element
        data: Bytes,
    },
    /// numpy.dtype instance, or a scalar type such as `np.float32` used as a value
    Dtype {
        /// element type
        v: DType,
    },
    /// module, by its import name
    Module {
        /// dotted name
        v: String,
    },
    /// function defined in a Python file of the project; one that closes over itself is met again there with its
    /// defaults and closure left empty
    Function {
        /// import name of the defining module (`__main__` for a script)
        module: String,
        /// `__qualname__`
        qualname: String,
        /// path of the source file, relative to the project root
        file: String,
        /// first line of the `def`/`lambda` (decorators excluded), 1-based
        line: u32,
        /// default values of positional parameters, last parameters first-aligned as in `__defaults__`
        defaults: Vec<PyValue>,
        /// `__kwdefaults__`
        kwdefaults: Vec<(String, PyValue)>,
        /// closure cells by name
        closure: Vec<(String, PyValue)>,
    },
    /// bound method of a project object
    Method {
        /// the object
        object: Box<PyValue>,
        /// the function
        function: Box<PyValue>,
    },
    /// function, ufunc, builtin or class that is not in the project, by a name that imports
    /// (`numpy.fft.fft`, `math.sqrt`, `builtins.len`, `scipy.signal.lfilter`)
    Library {
        /// dotted name
        v: String,
    },
    /// class defined in a project file; met again inside its own attributes, bases and attributes are left empty
    Class {
        /// import name of the defining module
        module: String,
        /// `__qualname__`
        qualname: String,
        /// path relative to the project root
        file: String,
        /// line of `class`
        line: u32,
        /// base classes, in order (`object` left out)
        bases: Vec<PyValue>,
        /// class attributes that are not functions/properties/static methods
        attrs: Vec<(String, PyValue)>,
    },
    /// instance of a project class (or of a dataclass / SimpleNamespace)
    Object {
        /// the class
        class: Box<PyValue>,
        /// identity
        id: u64,
        /// instance attributes; left empty on a second occurrence of the same id within one field (the arguments of
        /// a call, its arguments afterwards, its result, one instance, all modules)
        attrs: Vec<(String, PyValue)>,
    },
    /// anything else; can be handed back to the oracle by handle
    Opaque {
        /// type name
        type_name: String,
        /// repr, cut to 200 characters
        repr: String,
        /// handle in the oracle process
        handle: u64,
    },
}

/// Why a reference evaluation failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PyException {
    /// exception class name
    pub type_name: String,
    /// `str(exception)`
    pub message: String,
    /// file (relative to the project root), line; innermost project frame last
    #[serde(default)]
    pub trace: Vec<(String, u32)>,
}

/// One recorded call of the entry.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RecordedCall {
    /// For a class entry: index of the instance the method was called on, in order of first call.
    pub instance: Option<usize>,
    /// Function name, or method name for a class entry; `name=` for an attribute of that (dotted) name, or a property,
    /// which the bench sets between two calls: its one argument is the value.
    pub name: String,
    /// Arguments as bound to parameter names in declaration order (defaults filled in), deep-copied before the call.
    /// `*args` arrive as a tuple, `**kwargs` as a dict.
    pub args: Vec<(String, PyValue)>,
    /// The same arguments after the call (to see what was written into them).
    pub args_after: Vec<(String, PyValue)>,
    /// Draws from numpy.random/random inside the call, in order: qualified function name, result (for `shuffle` the
    /// argument afterwards). Generators left unseeded are given fixed seeds, so that recordings are reproducible.
    pub draws: Vec<(String, PyValue)>,
    /// Result or exception.
    pub result: Result<PyValue, PyException>,
    /// For a class entry: attributes of the instance that are not as they were after its call before (for the first: as
    /// in [`Recording::instances`]), by dotted name; one that was deleted is an `Opaque` of type `<deleted>`. `None`
    /// for a function, and where there is too much to record.
    #[serde(default)]
    pub state: Option<Vec<(String, PyValue)>>,
    /// For an attribute that the bench sets: where.
    #[serde(default)]
    pub at: Option<Place>,
}

/// A file, a line, and whether it is that of the assignment (else of the next call).
pub type Place = (String, u32, bool);

/// A change of an object between two calls that no call of the translated program can repeat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutsideChange(
    /// Index of the instance.
    pub usize,
    /// Dotted name of the attribute.
    pub String,
    /// Where.
    pub Place,
    /// Why it cannot be repeated.
    pub String,
);

/// What one run of the bench showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// The entry as found: `Function`, `Class`, `Method` (whose object is the `Class`), or `Module` for a script.
    pub entry: PyValue,
    /// Calls in order.
    pub calls: Vec<RecordedCall>,
    /// Instances (class entry): the object as it was just before its first recorded call.
    pub instances: Vec<PyValue>,
    /// What the bench did to them between two calls beyond what calls tell.
    #[serde(default)]
    pub outside: Vec<OutsideChange>,
    /// Globals of every project module as they were just before the first recorded call: module import name,
    /// relative file, name -> value. For a script entry: of each imported module, just after its import.
    pub modules: Vec<ModuleSnapshot>,
    /// For a script entry: final values of the named result variables.
    pub script_results: Vec<(String, PyValue)>,
    /// Random draws of a script, with the line of the call.
    pub script_draws: Vec<(String, u32, PyValue)>,
    /// `python`, `numpy`, `scipy` versions.
    pub versions: Vec<(String, String)>,
    /// What the bench printed (cut to 64 KiB).
    pub stdout: String,
}

/// Globals of one module of the project.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModuleSnapshot {
    /// import name (`__main__` for a script run as such)
    pub module: String,
    /// path relative to the project root
    pub file: String,
    /// globals, sorted by name; dunders left out
    pub globals: Vec<(String, PyValue)>,
}

/// The reference interpreter as the translator sees it.
pub trait Oracle {
    /// Evaluates a Python expression over `a0`, `a1`, ... (the arguments) with `np`/`numpy`, `scipy` (and submodules),
    /// `math`, `cmath`, `builtins`, `operator`, `itertools`, `functools`, `copy` importable by dotted name.
    /// Example: `eval("scipy.signal.firwin(a0, a1)", ..)`. Must be free of side effects on later answers.
    fn eval(&mut self, expression: &str, args: &[PyValue]) -> Result<PyValue, PyException>;
    /// Text of a project source file, by path relative to the project root.
    fn source(&mut self, file: &str) -> Option<String>;
}

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        s.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = std::borrow::Cow::<str>::deserialize(d)?;
        base64::engine::general_purpose::STANDARD.decode(text.as_bytes()).map(Bytes).map_err(serde::de::Error::custom)
    }
}
