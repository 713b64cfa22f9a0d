//! Library functions defined here, in Rust: constructors, ufuncs on core operations, reductions, shape, sorting. All others are
//! prelude functions, or static and evaluated by the oracle.

use super::call::Keywords;
use super::eval::{Eval, R};
use super::state::{Cell, Content};
use super::value::{ArrayRef, Kind, NdArray, Value, ViewStep};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type};
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
    fn filled(&mut self, shape: Vec<Dim>, value: &Value, dtype: DType) -> R<Value> {
        let known: Option<Vec<usize>> = shape.iter().map(|d| d.as_const().map(|c| c as usize)).collect();
        if let (Some(shape), Some(s)) = (&known, self.known_scalar(value)) {
            let n: usize = shape.iter().product();
            if n <= 8_000_000 {
                let one = super::eval::convert_constant(s, dtype).to_le_bytes();
                let data = one.repeat(n);
                return Ok(self.new_static(NdArray { dtype, shape: shape.clone(), data }));
            }
        }
        let v = self.operand(value, dtype)?;
        let v = self.broadcast_to(v, &shape)?;
        // a new array even when it is a scalar
        let ty = self.ty(v);
        let cell = self.heap.alloc(Cell::Array { content: Content::Dyn(v), ty: ty.clone(), frozen: false });
        Ok(Value::Array(ArrayRef { cell, view: Rc::new(vec![]), ty }))
    }

    /// What memory of `np.empty` holds: zeros, or, to find out who reads it, something odd. The prelude writes all it
    /// takes.
    fn unset_value(&mut self, dtype: DType) -> Value {
        if self.frames.last().is_some_and(|f| f.file.is_prelude) {
            return Value::Int(0);
        }
        self.unset.extend(self.user_span());
        match (self.unset_is_odd, dtype) {
            (false, _) => Value::Int(0),
            (true, d) if d.is_complex() => Value::Complex(f64::NAN, f64::NAN),
            (true, d) if d.is_float() => Value::Float(f64::NAN),
            (true, DType::Bool) => Value::Int(1),
            (true, _) => Value::Int(85),
        }
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
    fn constructor(&mut self, name: &str, a: &Args) -> R<Option<Value>> {
        let float = DType::Float64;
        let out = match name {
            "numpy.zeros" | "numpy.ones" | "numpy.empty" | "numpy.ndarray" => {
                let Some(shape) = a.get(0, "shape") else { return self.raise("TypeError", "missing shape") };
                let d = a.get(1, "dtype");
                let fortran = self.is_fortran(a.get(2, "order"))?;
                if a.leftover(3).is_some() {
                    return Ok(None);
                }
                let d = self.optional_dtype(d)?.unwrap_or(float);
                let shape = self.as_shape(&shape)?;
                let value = match name {
                    "numpy.empty" | "numpy.ndarray" => self.unset_value(d),
                    _ => Value::Int(i128::from(name == "numpy.ones")),
                };
                let v = self.filled(shape, &value, d)?;
                self.note_odd(&v, fortran);
                v
            }
            "numpy.full" => {
                let (Some(shape), Some(v)) = (a.get(0, "shape"), a.get(1, "fill_value")) else { return Ok(None) };
                let d = a.get(2, "dtype");
                if a.leftover(3).is_some() {
                    return Ok(None);
                }
                let d = match self.optional_dtype(d)? {
                    Some(d) => d,
                    None => match self.number_dtype(&v) {
                        Some(d) => d,
                        None => return Ok(None),
                    },
                };
                if matches!(&v, Value::Array(x) if x.ty.rank() > 0) {
                    let shape = self.as_shape(&shape)?;
                    let id = self.operand(&v, d)?;
                    let id = self.fit(id, &shape)?;
                    return Ok(Some(self.new_array(id)));
                }
                let shape = self.as_shape(&shape)?;
                self.filled(shape, &v, d)?
            }
            "numpy.zeros_like" | "numpy.ones_like" | "numpy.empty_like" | "numpy.full_like" => {
                let Some(x) = a.get(0, "a").or_else(|| a.get(0, "prototype")) else { return Ok(None) };
                let full = name == "numpy.full_like";
                let fill =
                    if full { a.get(1, "fill_value") } else { Some(Value::Int(i128::from(name == "numpy.ones_like"))) };
                let d = a.get(if full { 2 } else { 1 }, "dtype");
                let shape = a.keyword("shape");
                if a.leftover(3).is_some() {
                    return Ok(None);
                }
                let x = match &x {
                    Value::List(_) | Value::Tuple(..) => self.array_of(&x, None)?,
                    x => x.clone(),
                };
                let Some(own) = self.number_dtype(&x) else { return Ok(None) };
                let d = self.optional_dtype(d)?.unwrap_or(own);
                let shape = match shape {
                    Some(s) => self.as_shape(&s)?,
                    None => match &x {
                        Value::Array(x) => x.ty.shape.clone(),
                        _ => vec![],
                    },
                };
                let Some(mut fill) = fill else { return Ok(None) };
                if name == "numpy.empty_like" {
                    fill = self.unset_value(d);
                }
                let v = self.filled(shape, &fill, d)?;
                let odd = matches!(&x, Value::Array(x) if !self.is_contiguous(x));
                self.note_odd(&v, odd);
                v
            }
            "numpy.array"
            | "numpy.asarray"
            | "numpy.asanyarray"
            | "numpy.ascontiguousarray"
            | "numpy.asfarray"
            | "numpy.copy"
            | "numpy.fromiter"
            | "numpy.require"
            | "numpy.asarray_chkfinite" => {
                let Some(x) = a.get(0, "object").or_else(|| a.get(0, "a")) else { return Ok(None) };
                let d = if name == "numpy.copy" { None } else { a.get(1, "dtype") };
                let copy = a.keyword("copy");
                let ndmin = a.keyword("ndmin");
                let fortran = match a.keyword("order") {
                    Some(Value::Str(o)) if &*o == "K" => false,
                    o => self.is_fortran(o)?,
                };
                if a.leftover(2).is_some() || !matches!(ndmin, None | Some(Value::Int(0))) {
                    return Ok(None);
                }
                let d = self.optional_dtype(d)?;
                let d = if name == "numpy.asfarray" { Some(d.unwrap_or(float)) } else { d };
                let fresh = matches!(name, "numpy.array" | "numpy.copy")
                    && !matches!(copy, Some(Value::Bool(false) | Value::None));
                let v = self.array_of(&x, d)?;
                let odd = matches!(&x, Value::Array(x) if !self.is_contiguous(x));
                let v = match (&x, &v) {
                    (Value::Array(p), Value::Array(q)) if name == "numpy.ascontiguousarray" && p.cell == q.cell => {
                        let flat = self.ravel(q)?;
                        Value::Array(self.view(&flat, ViewStep::Reshape(q.ty.shape.clone())))
                    }
                    (Value::Array(p), Value::Array(q)) if fresh && p.cell == q.cell => self.copy_array(q)?,
                    (Value::Array(p), Value::Array(q)) if fortran && p.cell == q.cell => {
                        return self.refuse("PM0118", format!("`{name}` with the order F is not supported"));
                    }
                    _ => v,
                };
                self.note_odd(&v, fortran || odd && name != "numpy.ascontiguousarray");
                v
            }
            "numpy.arange" => {
                let all: Vec<Value> = a.all().to_vec();
                let d = a.get(3, "dtype");
                if a.leftover(3).is_some() || all.iter().all(|v| self.is_static(v)) {
                    return Ok(None);
                }
                let (start, stop, step) = match all.as_slice() {
                    [n] => (Value::Int(0), n.clone(), Value::Int(1)),
                    [x, y] => (x.clone(), y.clone(), Value::Int(1)),
                    [x, y, z] => (x.clone(), y.clone(), z.clone()),
                    _ => return Ok(None),
                };
                let d = self.optional_dtype(d)?;
                let ints = [&start, &stop, &step].iter().all(|v| self.number_dtype(v).is_some_and(DType::is_integer));
                if !ints {
                    return self.refuse_help(
                        "PM0143",
                        "np.arange with floats computed at run time has a length that depends on rounding",
                        "count with integers and scale: `np.arange(n) * step + start`",
                    );
                }
                let Some(k) = self.known_int(&step) else {
                    return self.refuse("PM0141", "an arange step computed at run time is not supported");
                };
                let (x, y) = (self.dim_of(&start)?, self.dim_of(&stop)?);
                let span = if k > 0 { self.difference(&y, &x) } else { self.difference(&x, &y) };
                let n = span.offset(k.abs() as i64 - 1).div(k.abs() as i64);
                let n = if self.proves_nonnegative(&span) { n } else { n.maximum(&Dim::from(0i64)) };
                let n = self.extent(&n)?;
                let ty = Type { dtype: DType::Int64, shape: vec![n] };
                let mut v = self.emit(Op::Iota, vec![], ty.clone())?;
                if k != 1 {
                    let s = self.constant(Scalar::i64(k as i64))?;
                    v = self.emit(Op::Binary(Binary::Mul), vec![v, s], ty.clone())?;
                }
                if x.as_const() != Some(0) {
                    let s = self.dim_value(&x)?;
                    v = self.emit(Op::Binary(Binary::Add), vec![v, s], ty)?;
                }
                let v = self.cast(v, d.unwrap_or(DType::Int64))?;
                self.new_array(v)
            }
            "numpy.shape" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                match self.array_of(&x, None)? {
                    Value::Array(x) => Value::tuple(x.ty.shape.iter().map(|d| self.dim_int(d)).collect()),
                    _ => Value::tuple(vec![]),
                }
            }
            "numpy.ndim" => match a.get(0, "a") {
                Some(Value::Array(x)) => Value::Int(x.ty.rank() as i128),
                Some(v @ (Value::List(_) | Value::Tuple(..))) => match self.array_of(&v, None)? {
                    Value::Array(x) => Value::Int(x.ty.rank() as i128),
                    _ => Value::Int(0),
                },
                Some(_) => Value::Int(0),
                None => return Ok(None),
            },
            "numpy.size" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axis = a.get(1, "axis");
                let x = match &x {
                    Value::List(_) | Value::Tuple(..) => self.array_of(&x, None)?,
                    x => x.clone(),
                };
                match (&x, axis) {
                    (Value::Array(x), None | Some(Value::None)) => self.dim_int(&x.ty.size()),
                    (Value::Array(x), Some(k)) => {
                        let k = self.as_axis(&k, x.ty.rank())?;
                        self.dim_int(&x.ty.shape[k])
                    }
                    _ => Value::Int(1),
                }
            }
            "numpy.iscomplexobj" | "numpy.isrealobj" => {
                let Some(x) = a.get(0, "x") else { return Ok(None) };
                let c = match self.number_dtype(&x) {
                    Some(d) => d.is_complex(),
                    None => match self.array_of(&x, None)? {
                        Value::Array(x) => x.ty.dtype.is_complex(),
                        _ => false,
                    },
                };
                Value::Bool(c == (name == "numpy.iscomplexobj"))
            }
            "numpy.isscalar" => {
                let Some(x) = a.get(0, "element") else { return Ok(None) };
                Value::Bool(matches!(
                    x,
                    Value::Bool(_)
                        | Value::Int(_)
                        | Value::Sym(_)
                        | Value::Float(_)
                        | Value::Complex(..)
                        | Value::Scalar(_)
                        | Value::Dyn(_)
                        | Value::Str(_)
                ))
            }
            "numpy.result_type" | "numpy.promote_types" | "numpy.common_type" => {
                let mut parts = Vec::new();
                for v in a.all() {
                    parts.push(match v {
                        Value::Array(x) => Value::Dtype(x.ty.dtype),
                        Value::Dyn(d) if d.kind == Kind::Np => Value::Dtype(d.dtype),
                        Value::Scalar(s) => Value::Dtype(s.dtype),
                        Value::Library(_) | Value::Str(_) => Value::Dtype(self.as_dtype(v)?),
                        v => v.clone(),
                    });
                }
                let mut out: Option<DType> = None;
                let mut weak: Vec<Value> = Vec::new();
                for p in &parts {
                    match p {
                        Value::Dtype(d) => out = Some(out.map_or(*d, |o| o.promote(*d))),
                        v => weak.push(v.clone()),
                    }
                }
                let strong = out.map(|d| Value::Scalar(Scalar::zero(d)));
                let mut refs: Vec<&Value> = weak.iter().collect();
                if let Some(s) = &strong {
                    refs.push(s);
                }
                let d = self.result_dtype(&refs)?;
                if name == "numpy.common_type" && !d.is_float() && !d.is_complex() {
                    Value::Dtype(DType::Float64)
                } else {
                    Value::Dtype(d)
                }
            }
            "numpy.dtype" => {
                let Some(x) = a.get(0, "dtype") else { return Ok(None) };
                Value::Dtype(self.as_dtype(&x)?)
            }
            "numpy.finfo" | "numpy.iinfo" => {
                let Some(x) = a.get(0, "dtype") else { return Ok(None) };
                let d = match (&x, self.number_dtype(&x)) {
                    (_, Some(d)) => d,
                    (x, None) => self.as_dtype(x)?,
                };
                self.ask(&format!("{name}(a0)"), &[Value::Dtype(d)])?
            }
            "numpy.issubdtype" => {
                let (Some(x), Some(y)) = (a.get(0, "arg1"), a.get(1, "arg2")) else { return Ok(None) };
                return self.ask("numpy.issubdtype(a0, a1)", &[x, y]).map(Some);
            }
            _ => return Ok(None),
        };
        Ok(Some(out))
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
