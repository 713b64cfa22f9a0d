//! Library functions defined here, in Rust: constructors, ufuncs on core operations, reductions, shape, sorting. All others are
//! prelude functions, or static and evaluated by the oracle.

use super::call::Keywords;
use super::eval::{Eval, R};
use super::state::{Cell, Content};
use super::value::{ArrayRef, Kind, NdArray, Value, ViewStep};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Reduction, Type, Unary, ValueId};
use crate::oracle::PyValue;
use ruff_python_ast::{CmpOp, Operator, UnaryOp};
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
    positional: &'v [Value],
    keywords: &'v Keywords,
    used: std::cell::RefCell<Vec<String>>,
}

impl<'v> Args<'v> {
    fn new(positional: &'v [Value], keywords: &'v Keywords) -> Self {
        Args { positional, keywords, used: Default::default() }
    }
    /// An argument, if given.
    pub fn get(&self, at: usize, name: &str) -> Option<Value> {
        self.used.borrow_mut().push(name.to_string());
        self.positional
            .get(at)
            .cloned()
            .or_else(|| self.keywords.iter().find(|(k, _)| &**k == name).map(|(_, v)| v.clone()))
    }
    /// An argument by keyword only.
    pub fn keyword(&self, name: &str) -> Option<Value> {
        self.get(usize::MAX, name)
    }
    fn leftover(&self, positional: usize) -> Option<String> {
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
    fn optional_dtype(&mut self, v: Option<Value>) -> R<Option<DType>> {
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
            return Ok(v);
        }
        let all_static = args.iter().all(|v| self.is_static(v)) && kwargs.iter().all(|(_, v)| self.is_static(v));
        if all_static && !name.starts_with("_pm.") && !mutates(name) {
            return self.ask_call(name, &args, 0, &kwargs);
        }
        if let Some(v) = self.numpy_native(name, &a)? {
            return Ok(v);
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
                let _ = a.get(2, "order");
                if a.leftover(3).is_some() {
                    return Ok(None);
                }
                let d = self.optional_dtype(d)?.unwrap_or(float);
                let shape = self.as_shape(&shape)?;
                let value = Value::Int(i128::from(name == "numpy.ones"));
                self.filled(shape, &value, d)?
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
                let Some(fill) = fill else { return Ok(None) };
                self.filled(shape, &fill, d)?
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
                let _ = a.keyword("order");
                if a.leftover(2).is_some() || !matches!(ndmin, None | Some(Value::Int(0))) {
                    return Ok(None);
                }
                let d = self.optional_dtype(d)?;
                let d = if name == "numpy.asfarray" { Some(d.unwrap_or(float)) } else { d };
                let fresh = matches!(name, "numpy.array" | "numpy.copy")
                    && !matches!(copy, Some(Value::Bool(false) | Value::None));
                let v = self.array_of(&x, d)?;
                match (&x, &v) {
                    (Value::Array(p), Value::Array(q)) if fresh && p.cell == q.cell => self.copy_array(q)?,
                    _ => v,
                }
            }
            "numpy.arange" => {
                let all: Vec<Value> = a.positional.to_vec();
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
                for v in a.positional {
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
        Ok(self.new_array(id))
    }

    fn array_arg(&mut self, v: &Value) -> R<(ArrayRef, bool)> {
        // rank 0 stays rank 0; the flag says that it was a scalar
        let scalar =
            !matches!(v, Value::Array(_) | Value::List(_) | Value::Tuple(..) | Value::Items(_) | Value::Range(_));
        match self.array_of(v, None)? {
            Value::Array(a) => Ok((a, scalar)),
            _ => self.refuse("PM0999", "internal error: not an array"),
        }
    }

    fn numpy_native(&mut self, name: &str, a: &Args) -> R<Option<Value>> {
        let Some(n) = name.strip_prefix("numpy.") else { return Ok(None) };
        // ufuncs with two operands as operators
        let operator = match n {
            "add" => Some(Operator::Add),
            "subtract" => Some(Operator::Sub),
            "multiply" => Some(Operator::Mult),
            "divide" | "true_divide" => Some(Operator::Div),
            "floor_divide" => Some(Operator::FloorDiv),
            "mod" | "remainder" => Some(Operator::Mod),
            "power" | "pow" => Some(Operator::Pow),
            "bitwise_and" => Some(Operator::BitAnd),
            "bitwise_or" => Some(Operator::BitOr),
            "bitwise_xor" => Some(Operator::BitXor),
            "left_shift" | "bitwise_left_shift" => Some(Operator::LShift),
            "right_shift" | "bitwise_right_shift" => Some(Operator::RShift),
            _ => None,
        };
        let comparison = match n {
            "equal" => Some(CmpOp::Eq),
            "not_equal" => Some(CmpOp::NotEq),
            "less" => Some(CmpOp::Lt),
            "less_equal" => Some(CmpOp::LtE),
            "greater" => Some(CmpOp::Gt),
            "greater_equal" => Some(CmpOp::GtE),
            _ => None,
        };
        if operator.is_some() || comparison.is_some() {
            let (Some(x), Some(y)) = (a.get(0, "x1"), a.get(1, "x2")) else { return Ok(None) };
            let out = a.get(2, "out");
            let mask = a.keyword("where");
            if a.leftover(3).is_some() {
                return self
                    .refuse("PM0118", format!("`{name}` with {} is not supported", a.leftover(3).unwrap_or_default()));
            }
            let (x, y) = (self.numpy_operand(&x)?, self.numpy_operand(&y)?);
            let v = match (operator, comparison) {
                (Some(op), _) => self.numpy_binop(op, &x, &y)?,
                (_, Some(op)) => self.compare(op, &x, &y)?,
                _ => return Ok(None),
            };
            let v = match (mask, &out) {
                (None, _) => v,
                (Some(m), Some(o)) => self.call_library("numpy.where", vec![m, v, o.clone()], vec![])?,
                (Some(_), None) => {
                    return self
                        .refuse("PM0118", format!("`{name}` with `where=` and no `out=` leaves elements undefined"));
                }
            };
            return self.stored_in(v, out).map(Some);
        }
        let v = match n {
            "negative" | "invert" | "bitwise_not" => {
                let Some(x) = a.get(0, "x") else { return Ok(None) };
                let x = self.numpy_operand(&x)?;
                let v = self.unop(if n == "negative" { UnaryOp::USub } else { UnaryOp::Invert }, &x)?;
                let out = a.get(1, "out");
                self.stored_in(v, out)?
            }
            "abs" | "absolute" | "fabs" => {
                let Some(x) = a.get(0, "x") else { return Ok(None) };
                let out = a.get(1, "out");
                let x = self.numpy_operand(&x)?;
                let v = self.absolute(&x)?;
                self.stored_in(v, out)?
            }
            "sqrt" | "floor" | "ceil" | "trunc" | "rint" | "isnan" | "isinf" | "signbit" => {
                let Some(x) = a.get(0, "x") else { return Ok(None) };
                let out = a.get(1, "out");
                let x = self.numpy_operand(&x)?;
                let Some(d) = self.number_dtype(&x) else { return Ok(None) };
                if d.is_complex() {
                    if n == "isnan" || n == "isinf" {
                        let (re, im) = (self.part(&x, true)?, self.part(&x, false)?);
                        let p = self.call_library(name, vec![re], vec![])?;
                        let q = self.call_library(name, vec![im], vec![])?;
                        return self.numpy_binop(Operator::BitOr, &p, &q).map(Some);
                    }
                    if n == "sqrt" {
                        let v = self.kernel_call("numpy.sqrt", std::slice::from_ref(&x), d)?;
                        return self.stored_in(v, out).map(Some);
                    }
                    return self.raise("TypeError", format!("ufunc '{n}' not supported for the input types"));
                }
                if !d.is_float() && matches!(n, "floor" | "ceil" | "trunc") {
                    let id = self.operand(&x, d)?;
                    let v = self.result(id);
                    return self.stored_in(v, out).map(Some);
                }
                if !d.is_float() && matches!(n, "isnan" | "isinf" | "signbit") {
                    let id = self.operand(&x, DType::Float64)?;
                    let shape = self.ty(id).shape;
                    let z = self.constant(Scalar::f64(0.0))?;
                    let v = if n == "signbit" {
                        self.elementwise(Op::Binary(Binary::Lt), vec![id, z], DType::Bool)?
                    } else {
                        let f = self.constant(Scalar::bool(false))?;
                        self.broadcast_to(f, &shape)?
                    };
                    return Ok(Some(self.result(v)));
                }
                let f = self.float_for(d)?;
                let id = self.operand(&x, f)?;
                let shape = self.ty(id).shape;
                let (u, t) = match n {
                    "sqrt" => (Unary::Sqrt, f),
                    "floor" => (Unary::Floor, f),
                    "ceil" => (Unary::Ceil, f),
                    "trunc" => (Unary::Trunc, f),
                    "rint" => (Unary::Rint, f),
                    "isnan" => (Unary::IsNan, DType::Bool),
                    "isinf" => (Unary::IsInf, DType::Bool),
                    _ => (Unary::SignBit, DType::Bool),
                };
                let id = self.emit(Op::Unary(u), vec![id], Type { dtype: t, shape })?;
                let v = self.result(id);
                self.stored_in(v, out)?
            }
            "maximum" | "minimum" | "copysign" | "fmod" => {
                let (Some(x), Some(y)) = (a.get(0, "x1"), a.get(1, "x2")) else { return Ok(None) };
                let out = a.get(2, "out");
                let (x, y) = (self.numpy_operand(&x)?, self.numpy_operand(&y)?);
                let mut d = self.result_dtype(&[&x, &y])?;
                if d.is_complex() {
                    return self.refuse(
                        "PM0124",
                        "complex numbers are ordered lexicographically here, which is not supported",
                    );
                }
                if d.is_integer() {
                    self.check_int_fits(&x, d)?;
                    self.check_int_fits(&y, d)?;
                }
                if matches!(n, "copysign" | "fmod") && !d.is_float() {
                    if n == "fmod" {
                        return self.refuse("PM0118", "`np.fmod` on integers is not supported; use `%`");
                    }
                    d = self.float_for(d)?;
                }
                let (p, q) = (self.operand(&x, d)?, self.operand(&y, d)?);
                let op = match (n, d) {
                    ("maximum", DType::Bool) => Binary::Or,
                    ("minimum", DType::Bool) => Binary::And,
                    ("maximum", _) => Binary::Max,
                    ("minimum", _) => Binary::Min,
                    ("copysign", _) => Binary::CopySign,
                    _ => Binary::Fmod,
                };
                let v = self.elementwise_value(Op::Binary(op), vec![p, q], d)?;
                if let Value::Dyn(s) = &v
                    && d.is_integer()
                {
                    let bound = |ev: &Self, v: &Value| match v {
                        Value::Dyn(z) => ev.ranges.get(&z.id).copied().or(d.int_range()),
                        Value::Sym(z) => Some(ev.interval(z)),
                        v => ev.known_int(v).map(|i| (i, i)),
                    };
                    if let (Some(r), Some(t)) = (bound(self, &x), bound(self, &y)) {
                        let range =
                            if op == Binary::Max { (r.0.max(t.0), r.1.max(t.1)) } else { (r.0.min(t.0), r.1.min(t.1)) };
                        self.set_range(s.id, range);
                    }
                }
                self.stored_in(v, out)?
            }
            "reciprocal" if !matches!(a.get(0, "x").as_ref().and_then(|x| self.number_dtype(x)), Some(d) if d.is_complex()) =>
            {
                let Some(x) = a.get(0, "x") else { return Ok(None) };
                let x = self.numpy_operand(&x)?;
                if self.number_dtype(&x).is_some_and(|d| !d.is_float()) {
                    return self.refuse("PM0118", "`numpy.reciprocal` of integers is not supported");
                }
                self.numpy_binop(Operator::Div, &Value::Float(1.0), &x)?
            }
            "conj" | "conjugate" => {
                let Some(x) = a.get(0, "x") else { return Ok(None) };
                let x = self.numpy_operand(&x)?;
                self.conjugate(&x)?
            }
            "real" | "imag" => {
                let Some(x) = a.get(0, "val") else { return Ok(None) };
                let x = self.numpy_operand(&x)?;
                self.part(&x, n == "real")?
            }
            "where" => {
                let Some(c) = a.get(0, "condition") else { return Ok(None) };
                let (x, y) = (a.get(1, "x"), a.get(2, "y"));
                let (Some(x), Some(y)) = (x, y) else {
                    return self.nonzero(&c).map(Some);
                };
                let (c, x, y) = (self.numpy_operand(&c)?, self.numpy_operand(&x)?, self.numpy_operand(&y)?);
                let d = self.result_dtype(&[&x, &y])?;
                let d = match (Self::is_numpy(&x), Self::is_numpy(&y)) {
                    (false, false) => match (self.number_dtype(&x), self.number_dtype(&y)) {
                        (Some(p), Some(q)) => p.promote(q),
                        _ => d,
                    },
                    _ => d,
                };
                let cid = self.operand(&c, DType::Bool)?;
                let (p, q) = (self.operand(&x, d)?, self.operand(&y, d)?);
                let range = if d == DType::Int64 { Some((self.value_dim(p), self.value_dim(q))) } else { None };
                let v = self.elementwise_value(Op::Select, vec![cid, p, q], d)?;
                if let (Value::Dyn(s), Some((p, q))) = (&v, range) {
                    let (r, t) = (self.interval(&p), self.interval(&q));
                    self.set_range(s.id, (r.0.min(t.0), r.1.max(t.1)));
                }
                v
            }
            "sum" | "prod" | "max" | "min" | "amax" | "amin" | "any" | "all" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axis = a.get(1, "axis");
                let keep = a.keyword("keepdims");
                let d = match n {
                    "sum" | "prod" => a.get(2, "dtype"),
                    _ => None,
                };
                if let Some(extra) = a.leftover(3) {
                    return self.refuse("PM0118", format!("`{name}` with {extra} is not supported"));
                }
                let d = self.optional_dtype(d)?;
                self.reduce(n, &x, axis, d, matches!(keep, Some(Value::Bool(true))))?
            }
            "argmax" | "argmin" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axis = a.get(1, "axis");
                if let Some(extra) = a.leftover(2) {
                    return self.refuse("PM0118", format!("`{name}` with {extra} is not supported"));
                }
                let (x, _) = self.array_arg(&x)?;
                if x.ty.dtype.is_complex() {
                    return self.refuse(
                        "PM0124",
                        "complex numbers are ordered lexicographically here, which is not supported",
                    );
                }
                let (x, axis) = match axis {
                    None | Some(Value::None) => (self.view(&x, ViewStep::Reshape(vec![x.ty.size()])), 0),
                    Some(k) => {
                        let k = self.as_axis(&k, x.ty.rank())?;
                        (x, k)
                    }
                };
                let len = x.ty.shape[axis].clone();
                self.require_nonempty(&len, &format!("attempt to get {n} of an empty sequence"))?;
                let id = self.read_array(&x)?;
                let id = if x.ty.dtype == DType::Bool { self.cast(id, DType::Uint8)? } else { id };
                let mut shape = x.ty.shape.clone();
                shape.remove(axis);
                let scalar = shape.is_empty();
                let id = self.emit(
                    Op::ArgReduce { max: n == "argmax", axis },
                    vec![id],
                    Type { dtype: DType::Int64, shape },
                )?;
                if scalar {
                    let (_, top) = self.interval(&len);
                    self.set_range(id, (0, (top - 1).max(0)));
                    self.func.bounds.insert(id, (Some(Dim::from(0i64)), Some(len.offset(-1))));
                } else {
                    self.index_proved.insert((id, len));
                }
                self.result(id)
            }
            "cumsum" | "cumprod" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axis = a.get(1, "axis");
                let d = a.get(2, "dtype");
                if let Some(extra) = a.leftover(3) {
                    return self.refuse("PM0118", format!("`{name}` with {extra} is not supported"));
                }
                let d = self.optional_dtype(d)?;
                let (x, _) = self.array_arg(&x)?;
                let (x, axis) = match axis {
                    None | Some(Value::None) => (self.view(&x, ViewStep::Reshape(vec![x.ty.size()])), 0),
                    Some(k) => {
                        let k = self.as_axis(&k, x.ty.rank())?;
                        (x, k)
                    }
                };
                let d = d.unwrap_or(widened(x.ty.dtype));
                let id = self.operand(&Value::Array(x), d)?;
                let ty = self.ty(id);
                let kind = if n == "cumsum" { Reduction::Sum } else { Reduction::Prod };
                let id = self.emit(Op::Scan { kind, axis }, vec![id], ty)?;
                self.result(id)
            }
            "dot" | "matmul" => {
                let (Some(x), Some(y)) = (a.get(0, "a").or(a.get(0, "x1")), a.get(1, "b").or(a.get(1, "x2"))) else {
                    return Ok(None);
                };
                let out = a.get(2, "out");
                let scalar = |ev: &Self, v: &Value| {
                    !matches!(v, Value::Array(z) if z.ty.rank() > 0) && ev.number_dtype(v).is_some()
                };
                if n == "dot" && (scalar(self, &x) || scalar(self, &y)) {
                    let (x, y) = (self.numpy_operand(&x)?, self.numpy_operand(&y)?);
                    return self.numpy_binop(Operator::Mult, &x, &y).map(Some);
                }
                let v = self.matmul(&x, &y)?;
                self.stored_in(v, out)?
            }
            "sort" | "argsort" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axis = a.get(1, "axis");
                let kind = a.get(2, "kind");
                let stable = matches!(&kind, Some(Value::Str(s)) if matches!(&**s, "stable" | "mergesort"))
                    || matches!(a.keyword("stable"), Some(Value::Bool(true)));
                if let Some(extra) = a.leftover(3) {
                    return self.refuse("PM0118", format!("`{name}` with {extra} is not supported"));
                }
                if n == "argsort" && !stable && !self.frame().file.is_prelude {
                    self.warn_once("PM0153", "the order of equal elements is unspecified here; the translation keeps their order (`kind=\"stable\"`)");
                }
                let (x, _) = self.array_arg(&x)?;
                self.sort(&x, axis, n == "argsort")?
            }
            "nonzero" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                self.nonzero(&x)?
            }
            "concatenate" | "concat" => {
                let Some(x) = a.get(0, "arrays") else { return Ok(None) };
                let axis = a.get(1, "axis").unwrap_or(Value::Int(0));
                let items = self.known_items(&x)?;
                self.concatenate(&items, &axis)?
            }
            "reshape" => {
                let (Some(x), Some(s)) = (a.get(0, "a"), a.get(1, "shape").or(a.keyword("newshape"))) else {
                    return Ok(None);
                };
                let order = a.get(2, "order");
                let (x, _) = self.array_arg(&x)?;
                self.reshape(&x, &[s], order)?
            }
            "transpose" | "permute_dims" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axes = a.get(1, "axes");
                let (x, _) = self.array_arg(&x)?;
                self.transpose(&x, axes)?
            }
            "ravel" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let (x, _) = self.array_arg(&x)?;
                Value::Array(self.view(&x, ViewStep::Reshape(vec![x.ty.size()])))
            }
            "squeeze" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axis = a.get(1, "axis");
                let (x, _) = self.array_arg(&x)?;
                let mut drop = Vec::new();
                match axis {
                    None | Some(Value::None) => {
                        drop.extend((0..x.ty.rank()).filter(|k| x.ty.shape[*k].as_const() == Some(1)))
                    }
                    Some(v) => {
                        for k in self.axes_of(&v, x.ty.rank())? {
                            drop.push(k);
                        }
                    }
                }
                let shape = (0..x.ty.rank()).filter(|k| !drop.contains(k)).map(|k| x.ty.shape[k].clone()).collect();
                Value::Array(self.view(&x, ViewStep::Reshape(shape)))
            }
            "expand_dims" => {
                let (Some(x), Some(axis)) = (a.get(0, "a"), a.get(1, "axis")) else { return Ok(None) };
                let (x, _) = self.array_arg(&x)?;
                let count = match &axis {
                    Value::Tuple(t, _) => t.len(),
                    _ => 1,
                };
                let rank = x.ty.rank() + count;
                let at = self.axes_of(&axis, rank)?;
                let mut rest = x.ty.shape.iter();
                let shape = (0..rank)
                    .map(|k| if at.contains(&k) { Dim::from(1i64) } else { rest.next().cloned().unwrap_or_default() })
                    .collect();
                Value::Array(self.view(&x, ViewStep::Reshape(shape)))
            }
            "broadcast_to" => {
                let (Some(x), Some(s)) = (a.get(0, "array"), a.get(1, "shape")) else { return Ok(None) };
                let (x, _) = self.array_arg(&x)?;
                let shape = self.as_shape(&s)?;
                let joint = self.broadcast_shapes(&[x.ty.shape.clone(), shape.clone()])?;
                let _ = joint;
                Value::Array(self.view(&x, ViewStep::Broadcast(shape)))
            }
            "broadcast_arrays" => {
                let mut arrays = Vec::new();
                for v in a.positional {
                    arrays.push(self.array_arg(v)?.0);
                }
                let shapes: Vec<Vec<Dim>> = arrays.iter().map(|x| x.ty.shape.clone()).collect();
                let shape = self.broadcast_shapes(&shapes)?;
                let out =
                    arrays.iter().map(|x| Value::Array(self.view(x, ViewStep::Broadcast(shape.clone())))).collect();
                Value::tuple(out)
            }
            "broadcast_shapes" => {
                let mut shapes = Vec::new();
                for v in a.positional {
                    shapes.push(self.as_shape(v)?);
                }
                let s = self.broadcast_shapes(&shapes)?;
                Value::tuple(s.iter().map(|d| self.dim_int(d)).collect())
            }
            "take" => {
                let (Some(x), Some(i)) = (a.get(0, "a"), a.get(1, "indices")) else { return Ok(None) };
                let axis = a.get(2, "axis");
                if let Some(extra) = a.leftover(3) {
                    return self.refuse("PM0118", format!("`{name}` with {extra} is not supported"));
                }
                let (x, _) = self.array_arg(&x)?;
                let (x, axis) = match axis {
                    None | Some(Value::None) => (self.view(&x, ViewStep::Reshape(vec![x.ty.size()])), 0),
                    Some(k) => {
                        let k = self.as_axis(&k, x.ty.rank())?;
                        (x, k)
                    }
                };
                let full = Value::Slice(Rc::new([Value::None, Value::None, Value::None]));
                let mut index = vec![full; axis];
                index.push(match i {
                    Value::Tuple(..) | Value::List(_) => self.array_of(&i, None)?,
                    i => i,
                });
                self.array_get(&x, &Value::tuple(index))?
            }
            _ => return Ok(None),
        };
        Ok(Some(v))
    }
    /// Lists and tuples as arrays; numbers stay.
    pub fn numpy_operand(&mut self, v: &Value) -> R<Value> {
        let v = self.settle(v)?;
        match &v {
            Value::List(_) | Value::Tuple(..) | Value::Items(_) | Value::Range(_) => self.array_of(&v, None),
            Value::None | Value::Str(_) | Value::Object(_) | Value::Dict(_) => {
                self.refuse("PM0110", format!("{} is used as a number", v.describe()))
            }
            _ => Ok(v),
        }
    }
    /// The float type NumPy computes a float ufunc in for this operand type.
    pub fn float_for(&self, d: DType) -> R<DType> {
        Ok(match d {
            d if d.is_float() || d.is_complex() => d,
            DType::Int16 | DType::Uint16 => DType::Float32,
            DType::Bool | DType::Int8 | DType::Uint8 => {
                return self.refuse_help(
                    "PM0127",
                    format!("NumPy computes this function of {d} in float16, which is not supported"),
                    "convert to float32 or float64 first",
                );
            }
            _ => DType::Float64,
        })
    }
    fn stored_in(&mut self, v: Value, out: Option<Value>) -> R<Value> {
        match out {
            None | Some(Value::None) => Ok(v),
            Some(Value::Array(o)) => {
                self.array_set(&o, &Value::Ellipsis, &v)?;
                Ok(Value::Array(o))
            }
            Some(Value::Tuple(t, _)) if t.len() == 1 => self.stored_in(v, Some(t[0].clone())),
            Some(o) => self.refuse("PM0118", format!("`out=` with {} is not supported", o.describe())),
        }
    }
    /// `abs` of any number.
    pub fn absolute(&mut self, x: &Value) -> R<Value> {
        let Some(d) = self.number_dtype(x) else {
            return self.refuse("PM0110", format!("{} is used as a number", x.describe()));
        };
        if d.is_complex() {
            let v = self.kernel_call("numpy.absolute", std::slice::from_ref(x), d)?;
            return Ok(match x {
                Value::Dyn(s) => self.with_kind(v, s.kind),
                _ => v,
            });
        }
        if d.is_unsigned() || d == DType::Bool {
            let id = self.operand(x, d)?;
            return Ok(self.rewrap(x, id));
        }
        let id = self.operand(x, d)?;
        let ty = self.ty(id);
        let out = self.emit(Op::Unary(Unary::Abs), vec![id], ty)?;
        Ok(self.rewrap(x, out))
    }
    fn conjugate(&mut self, x: &Value) -> R<Value> {
        let Some(d) = self.number_dtype(x) else {
            return self.refuse("PM0110", format!("{} is used as a number", x.describe()));
        };
        let id = self.operand(x, d)?;
        if !d.is_complex() {
            return Ok(if matches!(x, Value::Array(_)) { self.result(id) } else { x.clone() });
        }
        let ty = self.ty(id);
        let part = Type { dtype: d.real(), shape: ty.shape.clone() };
        let re = self.emit(Op::Unary(Unary::Real), vec![id], part.clone())?;
        let im = self.emit(Op::Unary(Unary::Imag), vec![id], part.clone())?;
        let im = self.emit(Op::Unary(Unary::Neg), vec![im], part)?;
        let out = self.emit(Op::Binary(Binary::Complex), vec![re, im], ty)?;
        Ok(self.rewrap(x, out))
    }
    fn axes_of(&mut self, v: &Value, rank: usize) -> R<Vec<usize>> {
        match v {
            Value::Tuple(..) | Value::List(_) => {
                let items = self.known_items(v)?;
                items.iter().map(|k| self.as_axis(k, rank)).collect()
            }
            k => Ok(vec![self.as_axis(k, rank)?]),
        }
    }
    fn require_nonempty(&mut self, n: &Dim, message: &str) -> R<()> {
        if n.as_const() == Some(0) {
            return self.raise("ValueError", message);
        }
        if !self.proves_nonnegative(&n.offset(-1)) {
            let (v, one) = (self.dim_value(n)?, self.constant(Scalar::i64(1))?);
            let ok = self.emit(Op::Binary(Binary::Ge), vec![v, one], Type::scalar(DType::Bool))?;
            self.check(ok, "ValueError", message)?;
        }
        Ok(())
    }
    fn reduce(&mut self, n: &str, x: &Value, axis: Option<Value>, dtype: Option<DType>, keep: bool) -> R<Value> {
        let (x, _) = self.array_arg(x)?;
        let rank = x.ty.rank();
        let mut axes = match axis {
            None | Some(Value::None) => (0..rank).collect(),
            Some(v) => self.axes_of(&v, rank)?,
        };
        axes.sort_unstable();
        let d = x.ty.dtype;
        let (kind, d) = match n {
            "sum" => (Reduction::Sum, dtype.unwrap_or(widened(d))),
            "prod" => (Reduction::Prod, dtype.unwrap_or(widened(d))),
            "max" | "amax" => (Reduction::Max, d),
            "min" | "amin" => (Reduction::Min, d),
            "any" => (Reduction::Any, DType::Bool),
            _ => (Reduction::All, DType::Bool),
        };
        let (kind, d) = match (kind, d) {
            (Reduction::Max, DType::Bool) => (Reduction::Any, DType::Bool),
            (Reduction::Min, DType::Bool) => (Reduction::All, DType::Bool),
            other => other,
        };
        if matches!(kind, Reduction::Max | Reduction::Min) {
            if d.is_complex() {
                return self
                    .refuse("PM0124", "complex numbers are ordered lexicographically here, which is not supported");
            }
            for k in &axes {
                let len = x.ty.shape[*k].clone();
                let word = if kind == Reduction::Max { "maximum" } else { "minimum" };
                self.require_nonempty(
                    &len,
                    &format!("zero-size array to reduction operation {word} which has no identity"),
                )?;
            }
        }
        let ranges = d.int_range();
        let id = self.operand(&Value::Array(x.clone()), d)?;
        if axes.is_empty() {
            return Ok(self.result(id));
        }
        let shape: Vec<Dim> = (0..rank).filter(|k| !axes.contains(k)).map(|k| x.ty.shape[k].clone()).collect();
        let out = self.emit(Op::Reduce { kind, axes: axes.clone() }, vec![id], Type { dtype: d, shape })?;
        if self.ty(out).rank() == 0
            && d == DType::Int64
            && let Some((lo, hi)) = x.ty.dtype.int_range()
        {
            let _ = ranges;
            let size = self.interval(&x.ty.size()).1;
            match kind {
                Reduction::Sum => self.set_range(out, (lo.saturating_mul(size), hi.saturating_mul(size))),
                Reduction::Max | Reduction::Min => self.set_range(out, (lo, hi)),
                _ => {}
            }
        }
        if keep {
            let shape =
                (0..rank).map(|k| if axes.contains(&k) { Dim::from(1i64) } else { x.ty.shape[k].clone() }).collect();
            let out = self.reshape_to(out, shape)?;
            return Ok(self.new_array(out));
        }
        Ok(self.result(out))
    }
    fn sort(&mut self, x: &ArrayRef, axis: Option<Value>, positions: bool) -> R<Value> {
        let rank = x.ty.rank();
        let (x, axis) = match axis {
            Some(Value::None) => (self.view(x, ViewStep::Reshape(vec![x.ty.size()])), 0),
            None => (x.clone(), rank.saturating_sub(1)),
            Some(k) => {
                let k = self.as_axis(&k, rank)?;
                (x.clone(), k)
            }
        };
        let rank = x.ty.rank();
        let mut perm: Vec<usize> = (0..rank).collect();
        perm.swap(axis, rank - 1);
        let v = if axis + 1 == rank { x.clone() } else { self.view(&x, ViewStep::Transpose(perm.clone())) };
        let id = self.read_array(&v)?;
        let id = if x.ty.dtype == DType::Bool { self.cast(id, DType::Uint8)? } else { id };
        let ty = self.ty(id);
        let mut out = if positions {
            self.emit(Op::ArgSort, vec![id], Type { dtype: DType::Int64, shape: ty.shape.clone() })?
        } else {
            self.emit(Op::Sort, vec![id], ty.clone())?
        };
        if !positions {
            out = self.cast(out, x.ty.dtype)?;
        }
        if axis + 1 != rank {
            let shape = perm.iter().map(|p| self.func.ty(out).shape[*p].clone()).collect();
            let dtype = self.func.ty(out).dtype;
            out = self.emit(Op::Transpose(perm), vec![out], Type { dtype, shape })?;
        }
        if positions {
            self.index_proved.insert((out, x.ty.shape[axis].clone()));
        }
        Ok(self.result(out))
    }
    fn nonzero(&mut self, v: &Value) -> R<Value> {
        if self.is_static(v) {
            return self.ask("numpy.nonzero(a0)", std::slice::from_ref(v));
        }
        let (x, _) = self.array_arg(v)?;
        let rank = x.ty.rank();
        if rank == 0 {
            return self.raise("ValueError", "Calling nonzero on 0d arrays is not allowed.");
        }
        let mask = self.operand(&Value::Array(x.clone()), DType::Bool)?;
        let flat = self.reshape_to(mask, vec![x.ty.size()])?;
        let (_, idx) = self.compress(flat)?;
        if rank == 1 {
            self.index_proved.insert((idx, x.ty.shape[0].clone()));
            let v = self.new_array(idx);
            return Ok(Value::tuple(vec![v]));
        }
        let mut out = Vec::new();
        let mut rest = idx;
        for k in (0..rank).rev() {
            let ty = self.ty(idx);
            let n = self.dim_value(&x.ty.shape[k].clone())?;
            let digit = if k == 0 { rest } else { self.emit(Op::Binary(Binary::FloorMod), vec![rest, n], ty.clone())? };
            self.index_proved.insert((digit, x.ty.shape[k].clone()));
            out.push(self.new_array(digit));
            if k > 0 {
                rest = self.emit(Op::Binary(Binary::FloorDiv), vec![rest, n], ty)?;
            }
        }
        out.reverse();
        Ok(Value::tuple(out))
    }
    /// `np.concatenate`
    pub fn concatenate(&mut self, items: &[Value], axis: &Value) -> R<Value> {
        let mut arrays = Vec::new();
        for v in items {
            let v = self.array_of(v, None)?;
            let Value::Array(x) = &v else { continue };
            let x = if matches!(axis, Value::None) {
                self.view(x, ViewStep::Reshape(vec![x.ty.size()]))
            } else {
                x.clone()
            };
            arrays.push(x);
        }
        let Some(first) = arrays.first().cloned() else {
            return self.raise("ValueError", "need at least one array to concatenate");
        };
        let rank = first.ty.rank();
        if rank == 0 {
            return self.raise("ValueError", "zero-dimensional arrays cannot be concatenated");
        }
        let axis = if matches!(axis, Value::None) { 0 } else { self.as_axis(axis, rank)? };
        let dtype = arrays.iter().fold(first.ty.dtype, |d, x| d.promote(x.ty.dtype));
        let mut shape = first.ty.shape.clone();
        let mut total = Dim::default();
        for x in &arrays {
            if x.ty.rank() != rank {
                return self.raise(
                    "ValueError",
                    "all the input array dimensions except for the concatenation axis must match exactly",
                );
            }
            for k in 0..rank {
                if k != axis {
                    shape[k] = self.require_equal(
                        &shape[k].clone(),
                        &x.ty.shape[k].clone(),
                        "all the input array dimensions except for the concatenation axis must match exactly",
                    )?;
                }
            }
            total = total.add(&x.ty.shape[axis]);
        }
        let mut ids = Vec::new();
        for x in &arrays {
            let id = self.operand(&Value::Array(x.clone()), dtype)?;
            let mut want = shape.clone();
            want[axis] = x.ty.shape[axis].clone();
            ids.push(self.reshape_to(id, want)?);
        }
        shape[axis] = self.extent(&total)?;
        let id = if ids.len() == 1 { ids[0] } else { self.emit(Op::Concat { axis }, ids, Type { dtype, shape })? };
        Ok(self.new_array(id))
    }
    /// `x.reshape(...)`
    pub fn reshape(&mut self, x: &ArrayRef, shape: &[Value], order: Option<Value>) -> R<Value> {
        let fortran = match order {
            None => false,
            Some(Value::Str(s)) => match &*s {
                "C" | "A" => false,
                "F" => true,
                _ => return self.refuse("PM0118", "this reshape order is not supported"),
            },
            Some(Value::None) => false,
            Some(_) => return self.refuse("PM0118", "this reshape order is not supported"),
        };
        let items = match shape {
            [v @ (Value::Tuple(..) | Value::List(_))] => self.known_items(v)?,
            v => v.to_vec(),
        };
        let size = x.ty.size();
        let mut out: Vec<Option<Dim>> = Vec::new();
        for v in &items {
            let d = self.dim_of(v)?;
            out.push(if d.as_const() == Some(-1) { None } else { Some(self.extent(&d)?) });
        }
        if out.iter().filter(|d| d.is_none()).count() > 1 {
            return self.raise("ValueError", "can only specify one unknown dimension");
        }
        let rest = out.iter().flatten().fold(Dim::from(1i64), |acc, d| acc.mul(d));
        let mut dims = Vec::new();
        for d in out {
            match d {
                Some(d) => dims.push(d),
                None => {
                    let quotient = match (size.as_const(), rest.as_const()) {
                        (Some(n), Some(k)) if k > 0 && n % k == 0 => Dim::from(n / k),
                        (Some(n), Some(k)) => {
                            return self.raise(
                                "ValueError",
                                format!("cannot reshape array of size {n} into a multiple of {k}"),
                            );
                        }
                        (None, Some(k)) if k > 0 => {
                            let q = size.div(k);
                            // a remainder is an error at run time
                            if q.scale(k) != size {
                                let (p, s) = (self.dim_value(&q.scale(k))?, self.dim_value(&size)?);
                                let ok = self.emit(Op::Binary(Binary::Eq), vec![p, s], Type::scalar(DType::Bool))?;
                                self.check(ok, "ValueError", "cannot reshape array: the size is not a multiple")?;
                            }
                            self.extent(&q)?
                        }
                        _ => return self.refuse("PM0141", "the missing extent of this reshape cannot be worked out"),
                    };
                    dims.push(quotient);
                }
            }
        }
        let total = dims.iter().fold(Dim::from(1i64), |acc, d| acc.mul(d));
        self.require_equal(&total, &size, "cannot reshape array into this shape")?;
        if fortran {
            let t = self.view(x, ViewStep::Transpose((0..x.ty.rank()).rev().collect()));
            let t = self.view(&t, ViewStep::Reshape(dims.iter().rev().cloned().collect()));
            let perm: Vec<usize> = (0..dims.len()).rev().collect();
            return Ok(Value::Array(self.view(&t, ViewStep::Transpose(perm))));
        }
        Ok(Value::Array(self.view(x, ViewStep::Reshape(dims))))
    }
    /// `x.transpose(...)`
    pub fn transpose(&mut self, x: &ArrayRef, axes: Option<Value>) -> R<Value> {
        let rank = x.ty.rank();
        let perm = match axes {
            None | Some(Value::None) => (0..rank).rev().collect(),
            Some(v) => self.axes_of(&v, rank)?,
        };
        if perm.len() != rank {
            return self.raise("ValueError", "axes don't match array");
        }
        Ok(Value::Array(self.view(x, ViewStep::Transpose(perm))))
    }
    /// `a @ b`
    pub fn matmul(&mut self, x: &Value, y: &Value) -> R<Value> {
        if self.is_static(x) && self.is_static(y) {
            return self.ask("operator.matmul(a0, a1)", &[x.clone(), y.clone()]);
        }
        let (a, sa) = self.array_arg(x)?;
        let (b, sb) = self.array_arg(y)?;
        if sa || sb || a.ty.rank() == 0 || b.ty.rank() == 0 {
            return self.raise("ValueError", "matmul: Input operand does not have enough dimensions");
        }
        let d = a.ty.dtype.promote(b.ty.dtype);
        let message = "matmul: the inner extents of the operands differ";
        let (ra, rb) = (a.ty.rank(), b.ty.rank());
        let inner = self.require_equal(
            &a.ty.shape[ra - 1].clone(),
            &b.ty.shape[if rb == 1 { 0 } else { rb - 2 }].clone(),
            message,
        )?;
        let p = self.operand(&Value::Array(a.clone()), d)?;
        let q = self.operand(&Value::Array(b.clone()), d)?;
        let mut sa = a.ty.shape.clone();
        sa[ra - 1] = inner.clone();
        let p = self.reshape_to(p, sa.clone())?;
        let mut sb = b.ty.shape.clone();
        sb[if rb == 1 { 0 } else { rb - 2 }] = inner.clone();
        let q = self.reshape_to(q, sb.clone())?;
        let (mul, kind) = if d == DType::Bool { (Binary::And, Reduction::Any) } else { (Binary::Mul, Reduction::Sum) };
        let id = match (ra, rb) {
            (1, 1) => {
                let m = self.emit(Op::Binary(mul), vec![p, q], Type { dtype: d, shape: vec![inner] })?;
                self.emit(Op::Reduce { kind, axes: vec![0] }, vec![m], Type::scalar(d))?
            }
            (2, 1) => {
                let m = self.emit(Op::Binary(mul), vec![p, q], Type { dtype: d, shape: sa.clone() })?;
                self.emit(Op::Reduce { kind, axes: vec![1] }, vec![m], Type { dtype: d, shape: vec![sa[0].clone()] })?
            }
            (1, 2) if d != DType::Bool => {
                let n = sb[1].clone();
                let p = self.reshape_to(p, vec![Dim::from(1i64), inner])?;
                let m =
                    self.emit(Op::MatMul, vec![p, q], Type { dtype: d, shape: vec![Dim::from(1i64), n.clone()] })?;
                self.reshape_to(m, vec![n])?
            }
            (2, 2) if d != DType::Bool => {
                self.emit(Op::MatMul, vec![p, q], Type { dtype: d, shape: vec![sa[0].clone(), sb[1].clone()] })?
            }
            _ => {
                // stacks: every product, summed over the inner axis
                let one = Dim::from(1i64);
                let (mut pa, mut pb) = (sa.clone(), sb.clone());
                let (vector_a, vector_b) = (ra == 1, rb == 1);
                if vector_a {
                    pa.insert(0, one.clone());
                }
                pa.push(one.clone());
                if vector_b {
                    pb.push(one.clone());
                }
                let at = pb.len() - 2;
                pb.insert(at, one);
                let p = self.reshape_to(p, pa)?;
                let q = self.reshape_to(q, pb)?;
                let m = self.elementwise(Op::Binary(mul), vec![p, q], d)?;
                let full = self.ty(m).shape;
                let axis = full.len() - 2;
                let mut shape = full.clone();
                shape.remove(axis);
                let mut r =
                    self.emit(Op::Reduce { kind, axes: vec![axis] }, vec![m], Type { dtype: d, shape: shape.clone() })?;
                if vector_a {
                    shape.remove(shape.len() - 2);
                }
                if vector_b {
                    shape.pop();
                }
                r = self.reshape_to(r, shape)?;
                r
            }
        };
        Ok(self.result(id))
    }
    /// Flat HIR value of an integer id, used by intrinsics.
    pub fn intrinsic(&mut self, name: &str, args: &[Value]) -> R<Option<Value>> {
        let v = match name {
            "_pm.is_static" => Value::Bool(args.iter().all(|v| self.is_static(v))),
            "_pm.unroll" => args[0].clone(),
            "_pm.refuse" => {
                let Some(Value::Str(s)) = args.first() else { return self.refuse("PM0118", "not supported") };
                let s = s.to_string();
                return self.refuse("PM0118", s);
            }
            "_pm.complex_of" => {
                let (re, im) = (self.numpy_operand(&args[0])?, self.numpy_operand(&args[1])?);
                let d = self.result_dtype(&[&re, &im])?;
                let d = if d.is_float() { d } else { DType::Float64 };
                let (p, q) = (self.operand(&re, d)?, self.operand(&im, d)?);
                let id = self.elementwise(Op::Binary(Binary::Complex), vec![p, q], d.complex())?;
                self.result(id)
            }
            "_pm.fir" => {
                let (x, _) = self.array_arg(&args[0])?;
                let (h, _) = self.array_arg(&args[1])?;
                let d = x.ty.dtype.promote(h.ty.dtype);
                let (Some(up), Some(down)) = (self.known_int(&args[2]), self.known_int(&args[3])) else {
                    return self.refuse("PM0141", "resampling factors computed at run time are not supported");
                };
                let start = self.dim_of(&args[4])?;
                let start = self.dim_value(&start)?;
                let count = self.dim_of(&args[5])?;
                let count = if self.proves_nonnegative(&count) { count } else { count.maximum(&Dim::from(0i64)) };
                let count = self.extent(&count)?;
                let real_taps = d.is_complex() && !h.ty.dtype.is_complex();
                let p = self.operand(&Value::Array(x), d)?;
                let q = self.operand(&Value::Array(h), if real_taps { d.real() } else { d })?;
                let op = Op::Fir { up: up as i64, down: down as i64 };
                let id = self.emit(op, vec![p, q, start], Type { dtype: d, shape: vec![count] })?;
                self.new_array(id)
            }
            "_pm.sosfilt" => {
                let (s, _) = self.array_arg(&args[0])?;
                let (x, _) = self.array_arg(&args[1])?;
                let (z, _) = self.array_arg(&args[2])?;
                let d = s.ty.dtype.promote(x.ty.dtype).promote(z.ty.dtype);
                if !d.is_float() && !d.is_complex() {
                    return self.refuse("PM0118", "`sosfilt` of integers is not supported");
                }
                let p = self.operand(&Value::Array(s), d.real())?;
                let q = self.operand(&Value::Array(x), d)?;
                let r = self.operand(&Value::Array(z), d)?;
                let (ty, tz) = (self.ty(q), self.ty(r));
                let out = self.emit_multi(Op::Sosfilt, vec![p, q, r], vec![ty, tz])?;
                let (y, zf) = (self.new_array(out[0]), self.new_array(out[1]));
                Value::tuple(vec![y, zf])
            }
            _ => return Ok(None),
        };
        Ok(Some(v))
    }
    /// HIR ids of kernel results, for code that works on ids.
    pub fn kernel_ids(&mut self, name: &str, ids: &[ValueId]) -> R<ValueId> {
        let dtype = self.ty(ids[0]).dtype;
        let (func, out) = self.kernel_for(name, &vec![dtype; ids.len()])?;
        self.elementwise(Op::Kernel(func), ids.to_vec(), out[0])
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
