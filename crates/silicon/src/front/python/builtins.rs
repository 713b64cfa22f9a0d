//! Python's builtins, and methods of arrays, lists, dicts, strings and numbers.

use super::call::Keywords;
use super::eval::{Eval, R};
use super::ops::Truth;
use super::state::Cell;
use super::value::{DynScalar, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, Unary, ValueId};
use ruff_python_ast::{CmpOp, Operator};
use std::rc::Rc;

impl<'a> Eval<'a> {
    /// Builtins and other functions that work on the abstract values themselves.
    pub fn builtin(&mut self, name: &str, args: &[Value], kwargs: &Keywords) -> R<Option<Value>> {
        if name.starts_with("_pm.") {
            return self.intrinsic(name, args);
        }
        if name == "matplotlib.ignored" {
            return Ok(Some(Value::Library(name.into())));
        }
        if name == "copy.deepcopy" || name == "copy.copy" {
            let v = self.deep_copy(&args[0], name == "copy.deepcopy")?;
            return Ok(Some(v));
        }
        if name == "itertools.product" || name == "itertools.combinations" {
            if name == "itertools.product" && !kwargs.is_empty() {
                return Ok(None);
            }
            return self.itertools(name, args).map(Some);
        }
        if name == "functools.reduce" {
            let items = self.known_items(&args[1])?;
            let mut it = items.into_iter();
            let mut acc = match args.get(2) {
                Some(v) => v.clone(),
                None => match it.next() {
                    Some(v) => v,
                    None => return self.raise("TypeError", "reduce() of empty iterable with no initial value"),
                },
            };
            for x in it {
                acc = self.call(&args[0].clone(), vec![acc, x], vec![])?;
            }
            return Ok(Some(acc));
        }
        let Some(n) = name.strip_prefix("builtins.") else { return Ok(None) };
        let takes: &[&str] = match n {
            "enumerate" | "sum" => &["start"],
            "zip" => &["strict"],
            "sorted" => &["key", "reverse"],
            "min" | "max" => &["key", "default"],
            _ => &[],
        };
        if n != "dict" && kwargs.iter().any(|(k, _)| !takes.contains(&&**k)) {
            return Ok(None);
        }
        if matches!(n, "sorted" | "min" | "max" | "sum" | "any" | "all")
            && args.first().is_some_and(|v| self.holds_tuples(v))
        {
            return self
                .refuse("PM0133", format!("`{n}` of a list of tuples whose length depends on data is not supported"));
        }
        let v = match (n, args) {
            ("len", [v]) => self.length(v)?,
            ("range", [n]) => Value::Range(Rc::new([Value::Int(0), self.int_like(n)?, Value::Int(1)])),
            ("range", [a, b]) => Value::Range(Rc::new([self.int_like(a)?, self.int_like(b)?, Value::Int(1)])),
            ("range", [a, b, c]) => Value::Range(Rc::new([self.int_like(a)?, self.int_like(b)?, self.int_like(c)?])),
            ("enumerate", [v, rest @ ..]) => {
                let start = rest
                    .first()
                    .cloned()
                    .or_else(|| kwargs.iter().find(|(k, _)| &**k == "start").map(|(_, v)| v.clone()));
                let start = start.unwrap_or(Value::Int(0));
                let n = self.iter_len(v)?;
                let n = self.dim_int(&n);
                let stop = self.binop(Operator::Add, &start, &n)?;
                Value::Zip(vec![Value::Range(Rc::new([start, stop, Value::Int(1)])), v.clone()].into())
            }
            ("zip", parts) => {
                match kwargs.first() {
                    None | Some((_, Value::Bool(false))) => {}
                    Some((_, Value::Bool(true))) => {
                        let lengths = parts.iter().map(|p| self.iter_len(p)).collect::<R<Vec<_>>>()?;
                        for pair in lengths.windows(2) {
                            self.require_equal(&pair[0], &pair[1], "zip() arguments differ in length")?;
                        }
                    }
                    Some(_) => return Ok(None),
                }
                Value::Zip(parts.to_vec().into())
            }
            ("reversed", [v]) => match v {
                Value::Range(r) => {
                    let r = r.clone();
                    let n = self.length(v)?;
                    let last = self.binop(Operator::Sub, &n, &Value::Int(1))?;
                    let last = self.binop(Operator::Mult, &last, &r[2])?;
                    let last = self.binop(Operator::Add, &r[0], &last)?;
                    let step = self.unop(ruff_python_ast::UnaryOp::USub, &r[2])?;
                    let stop = self.binop(Operator::Sub, &r[0], &r[2])?;
                    let Some(k) = self.known_int(&r[2]) else {
                        return self.refuse("PM0141", "a range step computed at run time is not supported");
                    };
                    // an empty range stays empty
                    let empty_safe = if k == 1 || k == -1 { stop } else { return self.items_reversed(v).map(Some) };
                    Value::Range(Rc::new([last, empty_safe, step]))
                }
                Value::Array(_) => {
                    let s = Value::Slice(Rc::new([Value::None, Value::None, Value::Int(-1)]));
                    self.get_item(v, &s)?
                }
                v => self.items_reversed(v)?,
            },
            ("list", []) => Value::List(self.heap.alloc(Cell::List(vec![]))),
            ("list", [v]) => self.list_of(v)?,
            ("tuple", []) => Value::tuple(vec![]),
            ("tuple", [v]) => Value::tuple(self.known_items(v)?),
            ("iter", [v]) => v.clone(),
            ("dict", []) => {
                let items = kwargs.iter().map(|(k, v)| (Value::Str(k.clone()), v.clone())).collect();
                Value::Dict(self.heap.alloc(Cell::Dict(items)))
            }
            ("dict", [Value::Dict(c)]) if kwargs.is_empty() => {
                let cell = self.heap.get(*c).clone();
                Value::Dict(self.heap.alloc(cell))
            }
            ("dict", [v]) => {
                let mut out = Vec::new();
                for pair in self.known_items(v)? {
                    let kv = self.known_items(&pair)?;
                    if kv.len() == 2 && self.is_static(&kv[0]) {
                        out.push((kv[0].clone(), kv[1].clone()));
                    } else {
                        return self.refuse("PM0134", "a dict is made with a key that depends on data");
                    }
                }
                Value::Dict(self.heap.alloc(Cell::Dict(out)))
            }
            ("slice", v) => {
                let (a, b, c) = match v {
                    [b] => (Value::None, b.clone(), Value::None),
                    [a, b] => (a.clone(), b.clone(), Value::None),
                    [a, b, c] => (a.clone(), b.clone(), c.clone()),
                    _ => return self.raise("TypeError", "slice expected at least 1 argument"),
                };
                Value::Slice(Rc::new([a, b, c]))
            }
            ("isinstance", [v, k]) => Value::Bool(self.is_instance(v, k)?),
            ("issubclass", [Value::Class(a), Value::Class(b)]) => Value::Bool(a.is_subclass(b)),
            ("callable", [v]) => Value::Bool(matches!(
                v,
                Value::Function(_)
                    | Value::Method(..)
                    | Value::Class(_)
                    | Value::Library(_)
                    | Value::BuiltinMethod(..)
                    | Value::Dtype(_)
            )),
            ("hasattr", [v, Value::Str(s)]) => match v {
                Value::Object(c) => {
                    let Cell::Object { class, attrs } = self.heap.get(*c) else { return Ok(None) };
                    let class_attr = class
                        .mro()
                        .iter()
                        .any(|k| matches!(self.heap.get(k.attrs), Cell::Scope { vars, .. } if vars.contains_key(&**s)));
                    Value::Bool(attrs.contains_key(&**s) || class.find(s).is_some() || class_attr)
                }
                Value::Array(_) => {
                    let probe = Value::Scalar(Scalar::f64(0.0));
                    return self.ask("hasattr(numpy.asarray(a0), a1)", &[probe, args[1].clone()]).map(Some);
                }
                Value::Function(_) | Value::Class(_) => Value::Bool(&**s == "__name__" || &**s == "__call__"),
                v if self.is_static(v) => self.ask("hasattr(a0, a1)", &[v.clone(), args[1].clone()])?,
                Value::Sym(_) => self.ask("hasattr(a0, a1)", &[Value::Int(0), args[1].clone()])?,
                Value::Dyn(d) => {
                    let like =
                        if d.kind == Kind::Np { Value::Scalar(Scalar::zero(d.dtype)) } else { Value::Float(0.0) };
                    self.ask("hasattr(a0, a1)", &[like, args[1].clone()])?
                }
                Value::List(_) => self.ask("hasattr([], a0)", &[args[1].clone()])?,
                Value::Tuple(..) => self.ask("hasattr((), a0)", &[args[1].clone()])?,
                v => return self.refuse("PM0109", format!("`hasattr` of {} is not supported", v.describe())),
            },
            ("getattr", [v, Value::Str(s), rest @ ..]) => {
                if let (Value::Object(_), Some(default)) = (v, rest.first()) {
                    let has = self.builtin("builtins.hasattr", &args[..2], &vec![])?;
                    if let Some(Value::Bool(false)) = has {
                        return Ok(Some(default.clone()));
                    }
                }
                self.attribute(v, s)?
            }
            ("setattr", [o, Value::Str(s), v]) => {
                self.set_attribute(o, s, v.clone())?;
                Value::None
            }
            ("type", [v]) => match v {
                Value::Object(c) => match self.heap.get(*c) {
                    Cell::Object { class, .. } => Value::Class(class.clone()),
                    _ => return Ok(None),
                },
                Value::Dyn(d) if d.kind == Kind::Np => Value::Dtype(d.dtype),
                Value::Scalar(s) => Value::Dtype(s.dtype),
                Value::Array(_) => Value::Library("numpy.ndarray".into()),
                Value::Sym(_) | Value::Int(_) => Value::Library("builtins.int".into()),
                Value::Bool(_) => Value::Library("builtins.bool".into()),
                Value::Float(_) => Value::Library("builtins.float".into()),
                Value::Complex(..) => Value::Library("builtins.complex".into()),
                Value::Str(_) => Value::Library("builtins.str".into()),
                Value::List(_) => Value::Library("builtins.list".into()),
                Value::Tuple(..) => Value::Library("builtins.tuple".into()),
                Value::Dict(_) => Value::Library("builtins.dict".into()),
                Value::Dyn(DynScalar { dtype, kind: Kind::Py, .. }) => Value::Library(
                    match dtype {
                        DType::Bool => "builtins.bool",
                        DType::Complex128 => "builtins.complex",
                        _ => "builtins.float",
                    }
                    .into(),
                ),
                v => return self.refuse("PM0109", format!("`type` of {} is not supported", v.describe())),
            },
            ("int", []) => Value::Int(0),
            ("int", [v]) => self.int_from(v)?,
            ("float", []) => Value::Float(0.0),
            ("float", [v]) => self.float_from(v)?,
            ("bool", [v]) => match self.truth(v)? {
                Truth::Known(b) => Value::Bool(b),
                Truth::Dyn(c) => self.scalar(c, Kind::Py),
            },
            ("complex", [v]) if !self.is_static(v) => {
                let id = self.scalar_operand(v, DType::Complex128)?;
                self.scalar(id, Kind::Py)
            }
            ("complex", [a, b]) if !self.is_static(a) || !self.is_static(b) => {
                if [a, b].iter().any(|v| self.number_dtype(v).is_some_and(DType::is_complex)) {
                    return self.refuse("PM0118", "`complex` of complex parts is not supported");
                }
                let (p, q) = (self.scalar_operand(a, DType::Float64)?, self.scalar_operand(b, DType::Float64)?);
                let id = self.emit(Op::Binary(Binary::Complex), vec![p, q], Type::scalar(DType::Complex128))?;
                self.scalar(id, Kind::Py)
            }
            ("abs", [v]) if !self.is_static(v) => match v {
                Value::Sym(d) => {
                    let d = d.clone();
                    if self.proves_nonnegative(&d) {
                        return Ok(Some(v.clone()));
                    }
                    let neg = self.unop(ruff_python_ast::UnaryOp::USub, v)?;
                    let c = self.compare(CmpOp::Lt, v, &Value::Int(0))?;
                    self.pick(&c, &neg, v)?
                }
                Value::Object(_) => {
                    let f = self.attribute(v, "__abs__")?;
                    self.call(&f, vec![], vec![])?
                }
                v => {
                    let v = self.numpy_operand(v)?;
                    self.absolute(&v)?
                }
            },
            ("round", [v]) if !self.is_static(v) => match v {
                Value::Sym(_) => v.clone(),
                Value::Dyn(d) if d.dtype == DType::Float64 => {
                    let id = self.emit(Op::Unary(Unary::Rint), vec![d.id], Type::scalar(DType::Float64))?;
                    let f = self.scalar(id, Kind::Py);
                    self.int_from(&f)?
                }
                Value::Dyn(d) if d.dtype == DType::Float32 => {
                    let id = self.emit(Op::Unary(Unary::Rint), vec![d.id], Type::scalar(DType::Float32))?;
                    let id = self.cast(id, DType::Float64)?;
                    let f = self.scalar(id, Kind::Py);
                    self.int_from(&f)?
                }
                Value::Dyn(d) if d.dtype.is_integer() => self.int_from(v)?,
                v => return self.refuse("PM0118", format!("`round` of {} is not supported", v.describe())),
            },
            ("round", [v, Value::Int(0) | Value::None])
                if !self.is_static(v) && self.number_dtype(v) == Some(DType::Float64) =>
            {
                let id = self.scalar_operand(v, DType::Float64)?;
                let id = self.emit(Op::Unary(Unary::Rint), vec![id], Type::scalar(DType::Float64))?;
                self.rewrap(v, id)
            }
            ("round", [v, d]) if Self::is_numpy(v) && !self.is_static(v) => {
                return self.call_library("numpy.round", vec![v.clone(), d.clone()], vec![]).map(Some);
            }
            ("min" | "max", [_, _, ..]) if args.iter().any(|v| !self.is_static(v)) && kwargs.is_empty() => {
                let mut best = args[0].clone();
                for v in &args[1..] {
                    // ints keep their symbolic form, so that sizes made from them stay bounded
                    let dim = |v: &Value| match v {
                        Value::Int(i) => i64::try_from(*i).ok().map(Dim::from),
                        Value::Sym(d) => Some(d.clone()),
                        _ => None,
                    };
                    if let (Some(p), Some(q)) = (dim(&best), dim(v))
                        && !(p.is_dynamic() && q.is_dynamic())
                    {
                        let d = match (n, self.proves_le(&p, &q), self.proves_le(&q, &p)) {
                            ("max", true, _) | ("min", _, true) => q,
                            ("max", _, true) | ("min", true, _) => p,
                            ("max", ..) => p.maximum(&q),
                            _ => p.minimum(&q),
                        };
                        best = self.dim_int(&d);
                        continue;
                    }
                    let op = if n == "max" { CmpOp::Gt } else { CmpOp::Lt };
                    let c = self.compare(op, v, &best)?;
                    best = self.pick(&c, v, &best)?;
                }
                best
            }
            ("min" | "max" | "sum" | "any" | "all", [v]) if !self.is_static(v) => {
                if let Value::Array(a) = v
                    && a.ty.rank() == 1
                    && (n == "any" || n == "all")
                {
                    let r = self.call_library(&format!("numpy.{n}"), vec![v.clone()], vec![])?;
                    return Ok(Some(match r {
                        Value::Dyn(d) => Value::Dyn(DynScalar { kind: Kind::Py, ..d }),
                        r => r,
                    }));
                }
                let key = kwargs.iter().find(|(k, _)| &**k != "start");
                if key.is_some() {
                    return self.extreme_by_key(n, v, kwargs).map(Some);
                }
                return self.prelude_call(name, args, kwargs);
            }
            ("sum", [v, _]) if !self.is_static(v) => return self.prelude_call(name, args, kwargs),
            ("pow", [a, b]) => self.binop(Operator::Pow, a, b)?,
            ("divmod", [a, b]) => {
                let q = self.binop(Operator::FloorDiv, a, b)?;
                let r = self.binop(Operator::Mod, a, b)?;
                Value::tuple(vec![q, r])
            }
            ("map", [f, parts @ ..]) => {
                let n = parts.iter().map(|p| self.known_items(p)).collect::<R<Vec<_>>>()?;
                let len = n.iter().map(Vec::len).min().unwrap_or(0);
                let mut out = Vec::with_capacity(len);
                for k in 0..len {
                    let row = n.iter().map(|c| c[k].clone()).collect();
                    out.push(self.call(f, row, vec![])?);
                }
                Value::Items(out.into())
            }
            ("filter", [f, v]) => {
                let mut out = Vec::new();
                for x in self.known_items(v)? {
                    let keep =
                        if matches!(f, Value::None) { x.clone() } else { self.call(f, vec![x.clone()], vec![])? };
                    match self.truth(&keep)? {
                        Truth::Known(true) => out.push(x),
                        Truth::Known(false) => {}
                        Truth::Dyn(_) => {
                            return self.refuse(
                                "PM0133",
                                "`filter` on values computed at run time is not supported; use a boolean mask",
                            );
                        }
                    }
                }
                Value::Items(out.into())
            }
            ("sorted", [v])
                if !self.is_static(v)
                    && kwargs.iter().all(|(k, v)| &**k == "reverse" && matches!(v, Value::Bool(_))) =>
            {
                let x = self.array_of(v, None)?;
                let Value::Array(a) = &x else { return Ok(None) };
                if a.ty.rank() != 1 {
                    return self.refuse("PM0118", "`sorted` of these items is not supported");
                }
                let python = !matches!(v, Value::Array(_))
                    && !self.known_items(v).ok().and_then(|i| i.first().cloned()).is_some_and(|i| Self::is_numpy(&i));
                let mut s = self.call_library("numpy.sort", vec![x.clone()], vec![])?;
                if matches!(kwargs.first(), Some((_, Value::Bool(true)))) {
                    let r = Value::Slice(Rc::new([Value::None, Value::None, Value::Int(-1)]));
                    s = self.get_item(&s, &r)?;
                }
                self.list_of_array(&s, python)?
            }
            ("str" | "repr" | "format" | "hex" | "bin", _) if args.iter().any(|v| !self.is_static(v)) => {
                Value::Poison("text made from data is not supported".into())
            }
            ("object", []) => Value::Opaque(Rc::new(crate::oracle::PyValue::Opaque {
                type_name: "object".into(),
                repr: "object()".into(),
                handle: 0,
            })),
            ("object.__init__", _) => Value::None,
            ("id" | "hash" | "globals" | "locals" | "vars", _) => {
                return self.refuse("PM0109", format!("`{n}` is not supported"));
            }
            ("next", _) => return self.refuse("PM0107", "iterators that keep their place are not supported"),
            _ => return Ok(None),
        };
        Ok(Some(v))
    }
    fn items_reversed(&mut self, v: &Value) -> R<Value> {
        let mut items = self.known_items(v)?;
        items.reverse();
        Ok(Value::Items(items.into()))
    }
    pub(super) fn itertools(&mut self, name: &str, args: &[Value]) -> R<Value> {
        let mut rows: Vec<Vec<Value>> = vec![vec![]];
        if name == "itertools.product" {
            for a in args {
                let items = self.known_items(a)?;
                rows = rows
                    .iter()
                    .flat_map(|r| items.iter().map(move |x| r.iter().cloned().chain([x.clone()]).collect()))
                    .collect();
                if rows.len() > 100_000 {
                    return self.refuse("PM0190", "more than 100,000 combinations are handled one by one");
                }
            }
        } else {
            let items = self.known_items(&args[0])?;
            let Some(k) = self.known_int(&args[1]) else {
                return self.refuse("PM0141", "combinations of computed size are not supported");
            };
            let mut out: Vec<Vec<usize>> = vec![vec![]];
            for _ in 0..k {
                out = out
                    .iter()
                    .flat_map(|c| {
                        let from = c.last().map_or(0, |l| l + 1);
                        (from..items.len()).map(move |i| c.iter().copied().chain([i]).collect())
                    })
                    .collect();
            }
            rows = out.into_iter().map(|c| c.into_iter().map(|i| items[i].clone()).collect()).collect();
        }
        Ok(Value::Items(rows.into_iter().map(Value::tuple).collect::<Vec<_>>().into()))
    }
    fn extreme_by_key(&mut self, n: &str, v: &Value, kwargs: &Keywords) -> R<Value> {
        let get = |k: &str| kwargs.iter().find(|(n, _)| &**n == k).map(|(_, v)| v.clone());
        let items = self.known_items(v)?;
        let key = get("key");
        let Some(first) = items.first().cloned().or(get("default")) else {
            return self.raise("ValueError", format!("{n}() arg is an empty sequence"));
        };
        if n != "min" && n != "max" {
            return self.refuse("PM0118", format!("`{n}` with these arguments is not supported"));
        }
        let measure = |ev: &mut Self, x: &Value| match &key {
            Some(f) => ev.call(f, vec![x.clone()], vec![]),
            None => Ok(x.clone()),
        };
        let mut best = first.clone();
        let mut score = measure(self, &first)?;
        for x in items.iter().skip(1) {
            let s = measure(self, x)?;
            let c = self.compare(if n == "max" { CmpOp::Gt } else { CmpOp::Lt }, &s, &score)?;
            best = self.pick(&c, x, &best)?;
            score = self.pick(&c, &s, &score)?;
        }
        Ok(best)
    }
    fn int_like(&mut self, v: &Value) -> R<Value> {
        match v {
            Value::Float(_) => self.raise("TypeError", "'float' object cannot be interpreted as an integer"),
            Value::Dyn(d) if d.dtype.is_float() => {
                self.raise("TypeError", "'float' object cannot be interpreted as an integer")
            }
            v => {
                if let Some(i) = self.known_int(v) {
                    return Ok(Value::Int(i));
                }
                let d = self.dim_of(v)?;
                Ok(self.dim_int(&d))
            }
        }
    }
    fn scalar_operand(&mut self, v: &Value, d: DType) -> R<ValueId> {
        let id = self.operand(v, d)?;
        if self.func.ty(id).rank() > 0 {
            if self.func.ty(id).size().as_const() == Some(1) {
                return self.reshape_to(id, vec![]);
            }
            return self.raise("TypeError", "only length-1 arrays can be converted to Python scalars");
        }
        Ok(id)
    }
    /// `v if c else w` for scalars, evaluated already.
    pub fn pick(&mut self, c: &Value, v: &Value, w: &Value) -> R<Value> {
        match self.truth(c)? {
            Truth::Known(true) => Ok(v.clone()),
            Truth::Known(false) => Ok(w.clone()),
            Truth::Dyn(c) => {
                if let Some((d, kind)) = self.join_scalars(v, w) {
                    let (p, q) = (self.operand(v, d)?, self.operand(w, d)?);
                    let ranges = (self.interval(&self.value_dim(p)), self.interval(&self.value_dim(q)));
                    let (dp, dq) = (self.value_dim(p), self.value_dim(q));
                    let id = self.emit(Op::Select, vec![c, p, q], Type::scalar(d))?;
                    if d == DType::Int64 {
                        self.set_range(id, (ranges.0.0.min(ranges.1.0), ranges.0.1.max(ranges.1.1)));
                        let (lo, hi) = (self.common_bound(&dp, &dq, false), self.common_bound(&dp, &dq, true));
                        self.func.bounds.insert(id, (lo, hi));
                    }
                    return Ok(self.phi_scalar(id, d, kind));
                }
                let (v, w) = (v.clone(), w.clone());
                self.choose(c, |_| Ok(v), |_| Ok(w))
            }
        }
    }
    /// `int(v)`
    pub(super) fn int_from(&mut self, v: &Value) -> R<Value> {
        if let Some(i) = self.known_int(v) {
            return Ok(Value::Int(i));
        }
        if self.is_static(v) {
            return self.ask("int(a0)", std::slice::from_ref(v));
        }
        match v {
            Value::Sym(_) => Ok(v.clone()),
            Value::Dyn(_) | Value::Array(_) => {
                let Some(d) = self.number_dtype(v) else { return self.refuse("PM0110", "this cannot become an int") };
                if d.is_complex() {
                    return self.raise(
                        "TypeError",
                        "int() argument must be a string, a bytes-like object or a real number, not 'complex'",
                    );
                }
                let id = self.scalar_operand(v, d)?;
                if d.is_float() {
                    let wide = self.cast(id, DType::Float64)?;
                    let b = Type::scalar(DType::Bool);
                    let nan = self.emit(Op::Unary(Unary::IsNan), vec![wide], b.clone())?;
                    let ok = self.negate(nan)?;
                    self.check(ok, "ValueError", "cannot convert float NaN to integer")?;
                    let inf = self.emit(Op::Unary(Unary::IsInf), vec![wide], b.clone())?;
                    let ok = self.negate(inf)?;
                    self.check(ok, "OverflowError", "cannot convert float infinity to integer")?;
                    let (lo, hi) = (
                        self.constant(Scalar::f64(-9.223372036854775e18))?,
                        self.constant(Scalar::f64(9.223372036854775e18))?,
                    );
                    let p = self.emit(Op::Binary(Binary::Ge), vec![wide, lo], b.clone())?;
                    let q = self.emit(Op::Binary(Binary::Le), vec![wide, hi], b)?;
                    let ok = self.both(p, q)?;
                    self.check(ok, "Unsupported", "an int beyond 64 bits")?;
                    let out = self.cast(wide, DType::Int64)?;
                    return Ok(Value::Sym(self.value_dim(out)));
                }
                if d == DType::Uint64 {
                    return self.refuse("PM0120", "an int made from uint64 may exceed 63 bits");
                }
                let out = self.cast(id, DType::Int64)?;
                Ok(Value::Sym(self.value_dim(out)))
            }
            v => {
                let what = v.describe();
                self.raise("TypeError", format!("int() argument must be a string or a number, not {what}"))
            }
        }
    }
    fn float_from(&mut self, v: &Value) -> R<Value> {
        if self.is_static(v) {
            return self.ask("float(a0)", std::slice::from_ref(v));
        }
        if self.number_dtype(v).is_some_and(DType::is_complex) {
            return self.raise("TypeError", "float() argument must be a string or a real number, not 'complex'");
        }
        let id = self.scalar_operand(v, DType::Float64)?;
        Ok(self.scalar(id, Kind::Py))
    }
    /// `list(v)`
    fn list_of(&mut self, v: &Value) -> R<Value> {
        if let Value::List(c) = v {
            let cell = self.heap.get(*c).clone();
            return Ok(Value::List(self.heap.alloc(cell)));
        }
        if let Value::Array(a) = v
            && a.ty.rank() == 1
            && (a.ty.shape[0].as_const().is_none_or(|n| n > 64))
            && !self.is_static(v)
        {
            return self.list_of_array(v, false);
        }
        let items = self.known_items(v)?;
        Ok(Value::List(self.heap.alloc(Cell::List(items))))
    }
    pub(super) fn list_of_array(&mut self, v: &Value, python: bool) -> R<Value> {
        let Value::Array(a) = v else { return self.refuse("PM0999", "internal error: not an array") };
        let storage = self.read_array(a)?;
        let n = a.ty.shape[0].clone();
        let d = a.ty.dtype;
        let template = match (python, d) {
            (true, DType::Int64) => Value::Sym(Dim::from(ValueId(0))),
            (true, d) => Value::Dyn(DynScalar { id: ValueId(0), dtype: d, kind: Kind::Py }),
            (false, d) => Value::Dyn(DynScalar { id: ValueId(0), dtype: d, kind: Kind::Np }),
        };
        let item = Type { dtype: d, shape: a.ty.shape[1..].to_vec() };
        let l = super::state::DynList { storage, item, template, len: n.clone(), capacity: n };
        Ok(Value::List(self.heap.alloc(Cell::DynList(l))))
    }
    fn is_instance(&mut self, v: &Value, k: &Value) -> R<bool> {
        if let Value::Tuple(t, _) = k {
            for x in t.clone().iter() {
                if self.is_instance(v, x)? {
                    return Ok(true);
                }
            }
            return Ok(false);
        }
        Ok(match k {
            Value::Class(c) => match v {
                Value::Object(o) => matches!(self.heap.get(*o), Cell::Object { class, .. } if class.is_subclass(c)),
                _ => false,
            },
            Value::Dtype(d) => match v {
                Value::Scalar(s) => s.dtype == *d,
                Value::Dyn(s) => s.kind == Kind::Np && s.dtype == *d,
                _ => false,
            },
            Value::Library(n) => {
                let numpy_scalar = match v {
                    Value::Scalar(s) => Some(s.dtype),
                    Value::Dyn(s) if s.kind == Kind::Np => Some(s.dtype),
                    _ => None,
                };
                if let Value::Dyn(DynScalar { kind: Kind::Mixed, .. }) = v {
                    return self.refuse("PM0122", "whether this is a Python or a NumPy scalar depends on data");
                }
                let py = |d: DType| match v {
                    Value::Bool(_) => d == DType::Bool || d == DType::Int64,
                    Value::Int(_) | Value::Sym(_) => d == DType::Int64,
                    Value::Float(_) => d == DType::Float64,
                    Value::Complex(..) => d == DType::Complex128,
                    Value::Dyn(s) if s.kind == Kind::Py => {
                        s.dtype == d || (s.dtype == DType::Bool && d == DType::Int64)
                    }
                    _ => false,
                };
                match &**n {
                    "builtins.int" => py(DType::Int64),
                    "builtins.float" => py(DType::Float64) || numpy_scalar == Some(DType::Float64),
                    "builtins.complex" => py(DType::Complex128) || numpy_scalar == Some(DType::Complex128),
                    "builtins.bool" => py(DType::Bool),
                    "builtins.str" => matches!(v, Value::Str(_)),
                    "builtins.bytes" => matches!(v, Value::Bytes(_)),
                    "builtins.list" => matches!(v, Value::List(_)),
                    "builtins.tuple" => matches!(v, Value::Tuple(..)),
                    "builtins.dict" => matches!(v, Value::Dict(_)),
                    "builtins.set" => matches!(v, Value::Set(_)),
                    "builtins.range" => matches!(v, Value::Range(_)),
                    "builtins.slice" => matches!(v, Value::Slice(_)),
                    "builtins.object" => true,
                    "numpy.ndarray" => matches!(v, Value::Array(_)),
                    "numpy.generic" => numpy_scalar.is_some(),
                    "numpy.number" => numpy_scalar.is_some_and(|d| d != DType::Bool),
                    "numpy.integer" => numpy_scalar.is_some_and(DType::is_integer),
                    "numpy.signedinteger" => numpy_scalar.is_some_and(DType::is_signed),
                    "numpy.unsignedinteger" => numpy_scalar.is_some_and(DType::is_unsigned),
                    "numpy.floating" => numpy_scalar.is_some_and(DType::is_float),
                    "numpy.complexfloating" => numpy_scalar.is_some_and(DType::is_complex),
                    "numbers.Number" => {
                        numpy_scalar.is_some() || self.number_dtype(v).is_some() && !matches!(v, Value::Array(_))
                    }
                    "numbers.Real" => {
                        self.number_dtype(v).is_some_and(|d| !d.is_complex()) && !matches!(v, Value::Array(_))
                    }
                    "numbers.Integral" | "numbers.Complex" => {
                        let d = self.number_dtype(v);
                        !matches!(v, Value::Array(_)) && d.is_some_and(|d| d.is_integer() || &**n == "numbers.Complex")
                    }
                    _ => {
                        // a library class the value is certainly not an instance of
                        if self.is_static(v) {
                            return Ok(matches!(
                                self.ask("isinstance(a0, a1)", &[v.clone(), k.clone()])?,
                                Value::Bool(true)
                            ));
                        }
                        false
                    }
                }
            }
            Value::Opaque(_) if self.is_static(v) => {
                matches!(self.ask("isinstance(a0, a1)", &[v.clone(), k.clone()])?, Value::Bool(true))
            }
            Value::Opaque(_) => false,
            k => return self.raise("TypeError", format!("isinstance() arg 2 must be a type, not {}", k.describe())),
        })
    }
    fn deep_copy(&mut self, v: &Value, deep: bool) -> R<Value> {
        Ok(match v {
            Value::Array(a) => self.copy_array(&a.clone())?,
            Value::List(c) => {
                let cell = match self.heap.get(*c).clone() {
                    Cell::List(items) if deep => {
                        Cell::List(items.iter().map(|x| self.deep_copy(x, true)).collect::<R<Vec<_>>>()?)
                    }
                    cell => cell,
                };
                Value::List(self.heap.alloc(cell))
            }
            Value::Dict(c) => {
                let cell = match self.heap.get(*c).clone() {
                    Cell::Dict(items) if deep => {
                        let mut out = Vec::new();
                        for (k, x) in items {
                            out.push((k, self.deep_copy(&x, true)?));
                        }
                        Cell::Dict(out)
                    }
                    cell => cell,
                };
                Value::Dict(self.heap.alloc(cell))
            }
            Value::Object(c) => {
                let Cell::Object { class, attrs } = self.heap.get(*c).clone() else {
                    return self.refuse("PM0999", "internal error");
                };
                let mut out = indexmap::IndexMap::new();
                for (k, x) in attrs {
                    let x = if deep { self.deep_copy(&x, true)? } else { x };
                    out.insert(k, x);
                }
                Value::Object(self.heap.alloc(Cell::Object { class, attrs: out }))
            }
            Value::Tuple(t, n) if deep => {
                let items = t.clone().iter().map(|x| self.deep_copy(x, true)).collect::<R<Vec<_>>>()?;
                Value::Tuple(items.into(), n.clone())
            }
            v => v.clone(),
        })
    }
}
