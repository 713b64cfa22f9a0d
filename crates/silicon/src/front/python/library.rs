//! Calls of library functions: which are defined in Rust (here and in the files beside this one). All others are
//! prelude functions, or static and evaluated by the oracle.

use super::call::Keywords;
use super::eval::{Eval, R};
use super::value::{ArrayRef, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::Dim;
use crate::oracle::PyValue;
use std::rc::Rc;

/// Names of Python's builtins that programs may use.
pub fn is_builtin(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "abs",
        "all",
        "any",
        "bin",
        "bool",
        "bytes",
        "callable",
        "chr",
        "complex",
        "dict",
        "divmod",
        "enumerate",
        "eval",
        "exec",
        "filter",
        "float",
        "format",
        "frozenset",
        "getattr",
        "globals",
        "hasattr",
        "hash",
        "hex",
        "id",
        "input",
        "int",
        "isinstance",
        "issubclass",
        "iter",
        "len",
        "list",
        "locals",
        "map",
        "max",
        "min",
        "next",
        "object",
        "open",
        "ord",
        "pow",
        "print",
        "property",
        "range",
        "repr",
        "reversed",
        "round",
        "set",
        "setattr",
        "slice",
        "sorted",
        "str",
        "sum",
        "super",
        "tuple",
        "type",
        "vars",
        "zip",
        "NotImplemented",
        "bytearray",
        "memoryview",
    ];
    NAMES.contains(&name)
        || name.ends_with("Error")
        || matches!(
            name,
            "Exception"
                | "BaseException"
                | "StopIteration"
                | "KeyboardInterrupt"
                | "Warning"
                | "RuntimeWarning"
                | "UserWarning"
                | "DeprecationWarning"
        )
}

/// The element type a library name stands for.
pub fn dtype_of(name: &str) -> Option<DType> {
    let n = name.strip_prefix("numpy.")?;
    Some(match n {
        "bool_" | "bool" => DType::Bool,
        "int_" | "intp" | "longlong" | "long" => DType::Int64,
        "intc" => DType::Int32,
        "short" => DType::Int16,
        "byte" => DType::Int8,
        "ubyte" => DType::Uint8,
        "ushort" => DType::Uint16,
        "uintc" => DType::Uint32,
        "uint" | "uintp" | "ulonglong" | "ulong" => DType::Uint64,
        "single" => DType::Float32,
        "double" | "float_" => DType::Float64,
        "csingle" => DType::Complex64,
        "cdouble" | "complex_" => DType::Complex128,
        n => return DType::from_name(n),
    })
}

/// Arguments by position and name.
pub struct Args<'v> {
    pub(super) positional: &'v [Value],
    pub(super) keywords: &'v Keywords,
    pub(super) used: std::cell::RefCell<Vec<String>>,
    /// Positions asked for.
    positions: std::cell::Cell<usize>,
}

impl<'v> Args<'v> {
    pub(super) fn new(positional: &'v [Value], keywords: &'v Keywords) -> Self {
        Args { positional, keywords, used: Default::default(), positions: Default::default() }
    }
    /// An argument, if given.
    pub fn get(&self, at: usize, name: &str) -> Option<Value> {
        self.used.borrow_mut().push(name.to_string());
        if at != usize::MAX {
            self.positions.set(self.positions.get().max(at + 1));
        }
        self.positional
            .get(at)
            .cloned()
            .or_else(|| self.keywords.iter().find(|(k, _)| &**k == name).map(|(_, v)| v.clone()))
    }
    /// An argument by keyword only.
    pub fn keyword(&self, name: &str) -> Option<Value> {
        self.get(usize::MAX, name)
    }
    /// All arguments by position.
    pub(super) fn all(&self) -> &'v [Value] {
        self.positions.set(self.positional.len());
        self.positional
    }
    /// An argument that nobody asked for: what it asks for would not be done.
    pub(super) fn ignored(&self) -> Option<String> {
        self.leftover(self.positions.get())
    }
    pub(super) fn leftover(&self, positional: usize) -> Option<String> {
        if self.positional.len() > positional {
            return Some(format!("{} positional arguments", self.positional.len()));
        }
        self.keywords
            .iter()
            .find(|(k, _)| !self.used.borrow().iter().any(|u| u == &**k))
            .map(|(k, _)| format!("the argument `{k}`"))
    }
}

impl<'a> Eval<'a> {
    /// The value of a library name.
    pub fn library_value(&mut self, full: &Rc<str>) -> R<Value> {
        if let Some(d) = dtype_of(full) {
            return Ok(Value::Dtype(d));
        }
        if let Some(v) = self.library_cache.get(full) {
            return Ok(v.clone());
        }
        if full.starts_with("_pm.") || self.prelude.contains_key(&**full) || is_native(full) {
            return Ok(Value::Library(full.clone()));
        }
        if full.starts_with("matplotlib") || full.starts_with("numpy.random.") || full.starts_with("random.") {
            return Ok(Value::Library(full.clone()));
        }
        let v = match &**full {
            "numpy.newaxis" => Value::None,
            "numpy.r_" | "numpy.c_" | "numpy.mgrid" | "numpy.ogrid" | "numpy.s_" | "numpy.index_exp" => {
                Value::Library(full.clone())
            }
            "numpy.pi" | "math.pi" | "scipy.pi" | "cmath.pi" => Value::Float(std::f64::consts::PI),
            "math.e" | "numpy.e" => Value::Float(std::f64::consts::E),
            "numpy.inf" | "math.inf" => Value::Float(f64::INFINITY),
            "numpy.nan" | "math.nan" => Value::Float(f64::NAN),
            "_pm.unroll" => Value::Library(full.clone()),
            n if n.starts_with("builtins.") => return Ok(Value::Library(full.clone())),
            _ => {
                let v = self.ask(full, &[])?;
                match v {
                    // the oracle's canonical name may differ from the path used; ours is the path
                    Value::Library(_) => Value::Library(full.clone()),
                    v => v,
                }
            }
        };
        self.library_cache.insert(full.clone(), v.clone());
        Ok(v)
    }
    /// A dtype argument.
    pub fn as_dtype(&mut self, v: &Value) -> R<DType> {
        Ok(match v {
            Value::Dtype(d) => *d,
            Value::Library(n) => match &**n {
                "builtins.float" => DType::Float64,
                "builtins.int" => DType::Int64,
                "builtins.complex" => DType::Complex128,
                "builtins.bool" => DType::Bool,
                n => match dtype_of(n) {
                    Some(d) => d,
                    None if n.starts_with("numpy.") => {
                        return self.refuse("PM0126", format!("the element type `{n}` is not supported"));
                    }
                    None => return self.raise("TypeError", format!("Cannot interpret '{n}' as a data type")),
                },
            },
            Value::Str(s) => match DType::from_name(s) {
                Some(d) => d,
                None => match self.ask("numpy.dtype(a0)", std::slice::from_ref(v))? {
                    Value::Dtype(d) => d,
                    _ => return self.refuse("PM0126", format!("the element type {s:?} is not supported")),
                },
            },
            Value::Opaque(p) => {
                let what = match &**p {
                    PyValue::Opaque { repr, .. } => repr.clone(),
                    _ => v.describe(),
                };
                return self.refuse("PM0126", format!("the element type `{what}` is not supported"));
            }
            v => return self.raise("TypeError", format!("Cannot interpret {} as a data type", v.describe())),
        })
    }
    pub(super) fn optional_dtype(&mut self, v: Option<Value>) -> R<Option<DType>> {
        match v {
            None | Some(Value::None) => Ok(None),
            Some(v) => self.as_dtype(&v).map(Some),
        }
    }
    /// A shape argument.
    pub fn as_shape(&mut self, v: &Value) -> R<Vec<Dim>> {
        let items = match v {
            Value::Tuple(..) | Value::List(_) => self.known_items(v)?,
            Value::Array(a) if a.ty.rank() == 1 => self.known_items(v)?,
            v => vec![v.clone()],
        };
        let mut out = Vec::with_capacity(items.len());
        for v in items {
            let d = self.dim_of(&v)?;
            if let Some(c) = d.as_const() {
                if c < 0 {
                    return self.raise("ValueError", "negative dimensions are not allowed");
                }
            } else if !self.proves_nonnegative(&d) {
                self.check_between(&d, 0, i64::MAX, "ValueError", "negative dimensions are not allowed")?;
            }
            let d = if self.proves_nonnegative(&d) { d } else { d.maximum(&Dim::from(0i64)) };
            out.push(self.extent(&d)?);
        }
        Ok(out)
    }
    /// An axis argument brought into range.
    pub fn as_axis(&mut self, v: &Value, rank: usize) -> R<usize> {
        let Some(i) = self.known_int(v) else {
            return self.refuse("PM0141", "an axis computed at run time is not supported");
        };
        let at = if i < 0 { i + rank as i128 } else { i };
        if at < 0 || at >= rank as i128 {
            return self.raise("AxisError", format!("axis {i} is out of bounds for array of dimension {rank}"));
        }
        Ok(at as usize)
    }
    /// Calls a library function.
    pub fn call_library(&mut self, name: &str, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        let mut args = args;
        for a in &mut args {
            *a = self.settle(a)?;
            if let Value::Zip(_) = a
                && name != "builtins.enumerate"
                && name != "builtins.zip"
                && self.iter_len(a)?.as_const().is_some()
            {
                *a = Value::Items(self.known_items(a)?.into());
            }
        }
        if let Some(d) = dtype_of(name) {
            return self.call_dtype(d, args);
        }
        if let Some(fields) = name.strip_prefix("namedtuple:") {
            return self.make_namedtuple(fields, args, kwargs);
        }
        if let Some(module) = [
            "time.",
            "datetime.",
            "os.",
            "sys.",
            "secrets.",
            "uuid.",
            "threading.",
            "multiprocessing.",
            "socket.",
            "subprocess.",
            "shutil.",
            "pathlib.",
            "tempfile.",
            "urllib.",
            "io.",
            "builtins.open",
            "builtins.input",
            "builtins.eval",
            "builtins.exec",
            "numpy.load",
            "numpy.save",
            "numpy.fromfile",
            "numpy.loadtxt",
            "numpy.genfromtxt",
            "scipy.io.",
        ]
        .iter()
        .find(|m| name.starts_with(*m))
        {
            let short = name.trim_start_matches("builtins.");
            let _ = module;
            return self.refuse_help(
                "PM0119",
                format!("`{short}` inside the entry is not supported: a translation has no files, clock, processes or interpreter"),
                "do input and output in the bench script and pass arrays in",
            );
        }
        if name.starts_with("numpy.random.") || name.starts_with("random.") {
            return self.random_draw(name, &args, &kwargs);
        }
        if name.starts_with("matplotlib") {
            if self.script {
                self.warn_once("PM0152", "plotting has no effect in the translation");
                return Ok(Value::Library("matplotlib.ignored".into()));
            }
            return self.refuse_help(
                "PM0119",
                "plotting inside the entry is not supported",
                "plot in the bench script, from the returned values",
            );
        }
        if let Some(v) = self.builtin(name, &args, &kwargs)? {
            return Ok(v);
        }
        let a = Args::new(&args, &kwargs);
        if let Some(v) = self.constructor(name, &a)? {
            self.refuse_ignored(name, &a)?;
            return Ok(v);
        }
        let all_static = args.iter().all(|v| self.is_static(v)) && kwargs.iter().all(|(_, v)| self.is_static(v));
        let seen_through = shows_argument(name) && args.iter().any(|v| matches!(v, Value::Array(_)));
        if all_static && !name.starts_with("_pm.") && !mutates(name) && !seen_through {
            return self.ask_call(name, &args, 0, &kwargs);
        }
        let a = Args::new(&args, &kwargs);
        if let Some(v) = self.numpy_native(name, &a)? {
            self.refuse_ignored(name, &a)?;
            return Ok(v);
        }
        if matches!(name, "numpy.linalg.eigh" | "scipy.linalg.eigh" | "numpy.linalg.svd" | "scipy.linalg.svd")
            && !["compute_uv", "eigvals_only"].iter().any(|k| kwargs.iter().any(|(n, _)| &**n == *k))
            && !self.frames.last().is_some_and(|f| f.file.is_prelude)
        {
            let what =
                "the signs (complex: phases) of these vectors are not defined, and versions of LAPACK differ in them";
            self.warn_once("PM0157", what);
        }
        if let Some(v) = self.prelude_call(name, &args, &kwargs)? {
            return Ok(v);
        }
        let short = name.trim_start_matches("builtins.");
        if matches!(short, "open" | "input" | "eval" | "exec") {
            return self.refuse_help(
                "PM0119",
                format!("`{short}` inside the entry is not supported: a translation has no files or interpreter"),
                "do input and output in the bench script and pass arrays in",
            );
        }
        self.refuse_help(
            "PM0118",
            format!("`{short}` is not supported on values computed at run time"),
            "see docs/supported.md for the functions that are; constant arguments are evaluated by CPython and may call anything",
        )
    }

    fn refuse_ignored(&self, name: &str, a: &Args) -> R<()> {
        match a.ignored() {
            None => Ok(()),
            Some(what) => self.refuse("PM0118", format!("`{name}` with {what} is not supported")),
        }
    }

    /// `np.float32(x)`
    pub fn call_dtype(&mut self, d: DType, args: Vec<Value>) -> R<Value> {
        let Some(v) = args.first() else { return Ok(Value::Scalar(Scalar::zero(d))) };
        let v = &self.settle(v)?;
        if let Some(s) = self.known_scalar(v)
            && !matches!(v, Value::Array(a) if a.ty.rank() > 0)
        {
            if let Value::Int(_) = v {
                self.check_int_fits(v, d)?;
            }
            return Ok(Value::Scalar(super::eval::convert_constant(s, d)));
        }
        if self.is_static(v) {
            return self.ask(
                "a0(a1)",
                &[
                    Value::Library(format!("numpy.{}", if d == DType::Bool { "bool_" } else { d.name() }).into()),
                    v.clone(),
                ],
            );
        }
        let v = match v {
            Value::List(_) | Value::Tuple(..) => self.array_of(v, None)?,
            v => v.clone(),
        };
        self.check_int_fits(&v, d)?;
        let from = self.number_dtype(&v);
        let Some(from) = from else { return self.refuse("PM0110", format!("{} cannot become a {d}", v.describe())) };
        if from.is_complex() && !d.is_complex() && d != DType::Bool {
            return self.raise("TypeError", "float() argument must be a string or a real number, not 'complex'");
        }
        let id = self.operand(&v, d)?;
        Ok(self.result(id))
    }

    fn make_namedtuple(&mut self, fields: &str, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        let names: Vec<String> = fields.split(',').map(str::to_string).collect();
        let mut given = args.into_iter();
        let mut items = Vec::new();
        for n in &names {
            match given.next().or_else(|| kwargs.iter().find(|(k, _)| **k == **n).map(|(_, v)| v.clone())) {
                Some(v) => items.push(v),
                None => return self.raise("TypeError", format!("missing 1 required positional argument: '{n}'")),
            }
        }
        Ok(Value::Tuple(items.into(), names.into()))
    }

    /// A new array with the same elements.
    pub fn copy_array(&mut self, a: &ArrayRef) -> R<Value> {
        if let Some(n) = self.static_array(a) {
            return Ok(self.new_static((*n).clone()));
        }
        let id = self.read_array(a)?;
        let copy = self.new_array(id);
        if let Value::Array(c) = &copy {
            self.odd_cells.remove(&c.cell);
        }
        Ok(copy)
    }

    pub(super) fn array_arg(&mut self, v: &Value) -> R<(ArrayRef, bool)> {
        // rank 0 stays rank 0; the flag says that it was a scalar
        let scalar =
            !matches!(v, Value::Array(_) | Value::List(_) | Value::Tuple(..) | Value::Items(_) | Value::Range(_));
        match self.array_of(v, None)? {
            Value::Array(a) => Ok((a, scalar)),
            _ => self.refuse("PM0999", "internal error: not an array"),
        }
    }
}

/// Type of a sum or product of elements of this type.
pub fn widened(d: DType) -> DType {
    match d {
        DType::Bool | DType::Int8 | DType::Int16 | DType::Int32 => DType::Int64,
        DType::Uint8 | DType::Uint16 | DType::Uint32 => DType::Uint64,
        d => d,
    }
}

/// Library functions that change an argument: never evaluated apart from the heap.
/// Whether a function may give a view of its argument: CPython would give one of a copy.
fn shows_argument(name: &str) -> bool {
    const VIEWS: [&str; 33] = [
        "array_split",
        "asanyarray",
        "asarray",
        "ascontiguousarray",
        "atleast_1d",
        "atleast_2d",
        "atleast_3d",
        "broadcast_arrays",
        "broadcast_to",
        "diag",
        "diagonal",
        "dsplit",
        "expand_dims",
        "flip",
        "fliplr",
        "flipud",
        "hsplit",
        "imag",
        "lib.stride_tricks.sliding_window_view",
        "matrix_transpose",
        "moveaxis",
        "permute_dims",
        "ravel",
        "real",
        "reshape",
        "rollaxis",
        "rot90",
        "split",
        "squeeze",
        "swapaxes",
        "transpose",
        "trim_zeros",
        "vsplit",
    ];
    name.strip_prefix("numpy.").is_some_and(|n| VIEWS.contains(&n))
}

fn mutates(name: &str) -> bool {
    name.ends_with(".at")
        || matches!(
            name,
            "numpy.fill_diagonal"
                | "numpy.put"
                | "numpy.copyto"
                | "numpy.place"
                | "numpy.putmask"
                | "random.shuffle"
                | "builtins.setattr"
                | "builtins.next"
        )
}

/// Names defined in this file and `builtins.rs`.
pub fn is_native(full: &str) -> bool {
    const NUMPY: &[&str] = &[
        "zeros",
        "ones",
        "empty",
        "full",
        "zeros_like",
        "ones_like",
        "empty_like",
        "full_like",
        "array",
        "asarray",
        "asanyarray",
        "ascontiguousarray",
        "copy",
        "arange",
        "shape",
        "ndim",
        "size",
        "iscomplexobj",
        "isrealobj",
        "isscalar",
        "result_type",
        "promote_types",
        "dtype",
        "finfo",
        "iinfo",
        "issubdtype",
        "add",
        "subtract",
        "multiply",
        "divide",
        "true_divide",
        "floor_divide",
        "mod",
        "remainder",
        "power",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "left_shift",
        "right_shift",
        "equal",
        "not_equal",
        "less",
        "less_equal",
        "greater",
        "greater_equal",
        "negative",
        "invert",
        "abs",
        "absolute",
        "fabs",
        "sqrt",
        "floor",
        "ceil",
        "trunc",
        "rint",
        "isnan",
        "isinf",
        "signbit",
        "maximum",
        "minimum",
        "copysign",
        "fmod",
        "conj",
        "conjugate",
        "real",
        "imag",
        "where",
        "sum",
        "prod",
        "max",
        "min",
        "amax",
        "amin",
        "any",
        "all",
        "argmax",
        "argmin",
        "cumsum",
        "cumprod",
        "dot",
        "matmul",
        "sort",
        "argsort",
        "nonzero",
        "concatenate",
        "reshape",
        "transpose",
        "ravel",
        "squeeze",
        "expand_dims",
        "broadcast_to",
        "broadcast_arrays",
        "broadcast_shapes",
        "take",
        "ndarray",
        "generic",
    ];
    match full.strip_prefix("numpy.") {
        Some(n) => NUMPY.contains(&n),
        None => full.starts_with("builtins."),
    }
}
