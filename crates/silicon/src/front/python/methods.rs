//! Methods of arrays, lists, dicts, strings and numbers.

use super::call::Keywords;
use super::eval::{Eval, R};
use super::state::Cell;
use super::value::{ArrayRef, Kind, Value, ViewStep};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, Unary};
use std::rc::Rc;

/// Fewest and most positional arguments of a method, and its keywords.
type Takes = (usize, usize, &'static [&'static str]);

/// Of arrays; none of those that are functions of the library, which look themselves.
fn takes_array(name: &str) -> Option<Takes> {
    Some(match name {
        "flatten" | "copy" => (0, 1, &["order"]),
        "__copy__" | "__deepcopy__" => (0, 1, &[]),
        "reshape" => (1, usize::MAX, &["order"]),
        "transpose" => (0, usize::MAX, &[]),
        "astype" => (0, 1, &["dtype", "copy"]),
        "view" => (0, 1, &["dtype"]),
        "item" => (0, usize::MAX, &[]),
        "tolist" | "__len__" => (0, 0, &[]),
        "fill" => (1, 1, &[]),
        "sort" => (0, 1, &["axis", "kind"]),
        _ => return None,
    })
}

fn takes_list(name: &str) -> Option<Takes> {
    Some(match name {
        "append" | "extend" | "remove" | "count" => (1, 1, &[]),
        "index" => (1, 3, &[]),
        "clear" | "copy" | "reverse" => (0, 0, &[]),
        "pop" => (0, 1, &[]),
        "insert" => (2, 2, &[]),
        "sort" => (0, 0, &["key", "reverse"]),
        _ => return None,
    })
}

fn takes_dict(name: &str) -> Option<Takes> {
    Some(match name {
        "get" | "setdefault" | "pop" => (1, 2, &[]),
        "keys" | "values" | "items" | "copy" | "clear" => (0, 0, &[]),
        "update" => (0, 1, &["*"]),
        _ => return None,
    })
}

impl<'a> Eval<'a> {
    /// Calls a method of a built-in value.
    pub fn call_method(&mut self, o: &Value, name: &str, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        let mut args = args;
        for a in &mut args {
            *a = self.settle(a)?;
        }
        match o {
            Value::Array(a) => self.array_method(&a.clone(), name, args, kwargs),
            Value::List(c) => {
                self.check_takes(takes_list(name), name, &args, &kwargs)?;
                self.list_method(*c, name, args, kwargs)
            }
            Value::Dict(c) => {
                self.check_takes(takes_dict(name), name, &args, &kwargs)?;
                self.dict_method(*c, name, args, kwargs)
            }
            Value::Dyn(_) | Value::Sym(_) => match name {
                "conjugate" | "conj" => {
                    let v = self.call_library("numpy.conj", vec![o.clone()], vec![])?;
                    Ok(match (o, v) {
                        (Value::Dyn(s), v) => self.with_kind(v, s.kind),
                        (_, v) => v,
                    })
                }
                "item" | "tolist" => Ok(match o {
                    Value::Dyn(d) if d.dtype.is_integer() => {
                        let v = self.cast(d.id, DType::Int64)?;
                        Value::Sym(self.value_dim(v))
                    }
                    Value::Dyn(d) => {
                        let wide = match d.dtype {
                            DType::Float32 => DType::Float64,
                            DType::Complex64 => DType::Complex128,
                            t => t,
                        };
                        let v = self.cast(d.id, wide)?;
                        self.scalar(v, Kind::Py)
                    }
                    v => v.clone(),
                }),
                "is_integer" => {
                    let id = self.operand(o, DType::Float64)?;
                    let t = self.emit(Op::Unary(Unary::Floor), vec![id], Type::scalar(DType::Float64))?;
                    let eq = self.emit(Op::Binary(Binary::Eq), vec![id, t], Type::scalar(DType::Bool))?;
                    let inf = self.emit(Op::Unary(Unary::IsInf), vec![id], Type::scalar(DType::Bool))?;
                    let fin = self.negate(inf)?;
                    let ok = self.both(eq, fin)?;
                    Ok(self.scalar(ok, Kind::Py))
                }
                "bit_length" => self.refuse("PM0118", "`bit_length` of a value computed at run time is not supported"),
                _ if Self::is_numpy(o) => {
                    let Value::Array(a) = self.array_of(o, None)? else {
                        return self.refuse("PM0999", "internal error");
                    };
                    let v = self.array_method(&a, name, args, kwargs)?;
                    Ok(match v {
                        Value::Array(x) if x.ty.rank() == 0 => {
                            let id = self.read_array(&x)?;
                            self.scalar(id, Kind::Np)
                        }
                        v => v,
                    })
                }
                _ => self.refuse("PM0118", format!("the method `{name}` of {} is not supported", o.describe())),
            },
            Value::Str(_) if name == "join" || name == "format" => {
                if self.is_static(&Value::tuple(args.clone())) {
                    let mut all = vec![o.clone()];
                    all.extend(args);
                    return self.ask_call(&format!("a0.{name}"), &all, 1, &kwargs);
                }
                Ok(Value::Poison("text made from data is not supported".into()))
            }
            Value::Library(n) => self.call_library(&format!("{n}.{name}"), args, kwargs),
            Value::Opaque(p) if matches!(&**p, crate::oracle::PyValue::Opaque { type_name, .. } if matches!(type_name.as_str(), "Generator" | "RandomState" | "Random")) => {
                self.random_draw(&format!("numpy.random.{name}"), &args, &kwargs)
            }
            o if self.is_static(o)
                && args.iter().all(|a| self.is_static(a))
                && kwargs.iter().all(|(_, v)| self.is_static(v)) =>
            {
                let mut all = vec![o.clone()];
                all.extend(args);
                self.ask_call(&format!("a0.{name}"), &all, 1, &kwargs)
            }
            o => self.refuse("PM0118", format!("the method `{name}` of {} is not supported", o.describe())),
        }
    }
    /// Raises or refuses what a method does not take.
    fn check_takes(&self, takes: Option<Takes>, name: &str, args: &[Value], kwargs: &Keywords) -> R<()> {
        let Some((least, most, keywords)) = takes else { return Ok(()) };
        if args.len() < least || args.len() > most {
            return self.raise("TypeError", format!("{name}() given {} positional arguments", args.len()));
        }
        match kwargs.iter().find(|(k, _)| !keywords.contains(&&**k) && keywords != ["*"]) {
            None => Ok(()),
            Some((k, _)) => self.refuse("PM0118", format!("`{name}` with the argument `{k}` is not supported")),
        }
    }
    fn array_method(&mut self, a: &ArrayRef, name: &str, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        self.check_takes(takes_array(name), name, &args, &kwargs)?;
        let keyword = |name: &str| kwargs.iter().find(|(k, _)| &**k == name).map(|(_, v)| v.clone());
        let me = Value::Array(a.clone());
        let with_me = |args: &[Value]| {
            let mut all = vec![me.clone()];
            all.extend(args.iter().cloned());
            all
        };
        Ok(match name {
            // unlike np.conj, which copies
            "conj" | "conjugate" if !a.ty.dtype.is_complex() => me,
            "sum" | "prod" | "max" | "min" | "any" | "all" | "argmax" | "argmin" | "cumsum" | "cumprod" | "mean"
            | "std" | "var" | "argsort" | "dot" | "ravel" | "squeeze" | "take" | "repeat" | "clip" | "round"
            | "nonzero" | "swapaxes" | "trace" | "diagonal" | "searchsorted" | "ptp" | "conj" | "conjugate"
            | "compress" | "argpartition" => {
                let f = if name == "conjugate" { "conj" } else { name };
                return self.call_library(&format!("numpy.{f}"), with_me(&args), kwargs);
            }
            "flatten" => {
                let order = args.first().cloned().or_else(|| keyword("order"));
                let fortran = self.is_fortran(order)?;
                let a = match fortran {
                    true => self.view(a, ViewStep::Transpose((0..a.ty.rank()).rev().collect())),
                    false => a.clone(),
                };
                let v = self.view(&a, ViewStep::Reshape(vec![a.ty.size()]));
                self.copy_array(&v)?
            }
            "copy" | "__copy__" | "__deepcopy__" => {
                if name == "copy" && self.is_fortran(args.first().cloned().or_else(|| keyword("order")))? {
                    return self.refuse("PM0118", "`copy` in the order F is not supported");
                }
                self.copy_array(a)?
            }
            "reshape" => self.reshape(a, &args, keyword("order"))?,
            "transpose" => {
                let axes = match args.as_slice() {
                    [] => None,
                    [v] => Some(v.clone()),
                    many => Some(Value::tuple(many.to_vec())),
                };
                self.transpose(a, axes)?
            }
            "astype" => {
                let Some(d) = args.first().cloned().or_else(|| keyword("dtype")) else {
                    return self.raise("TypeError", "astype() missing required argument 'dtype'");
                };
                let d = self.as_dtype(&d)?;
                let copy = !kwargs.iter().any(|(k, v)| &**k == "copy" && matches!(v, Value::Bool(false)));
                if d == a.ty.dtype && !copy {
                    me
                } else {
                    let v = self.astype(&me, d)?;
                    match v {
                        Value::Array(x) if x.cell == a.cell => self.copy_array(&x)?,
                        Value::Scalar(_) | Value::Dyn(_) => self.array_of(&v, None)?,
                        v => v,
                    }
                }
            }
            "view" => {
                let Some(v) = args.first().cloned().or_else(|| keyword("dtype")) else { return Ok(me) };
                let d = self.as_dtype(&v)?;
                if self.is_static(&me) {
                    let v = self.ask("a0.view(a1)", &[me, Value::Dtype(d)])?;
                    self.freeze_together(a, &v);
                    return Ok(v);
                }
                if d.size() == a.ty.dtype.size() && !d.is_complex() && !a.ty.dtype.is_complex() {
                    if d == a.ty.dtype {
                        return Ok(me);
                    }
                    let id = self.read_array(a)?;
                    let ty = Type { dtype: d, shape: a.ty.shape.clone() };
                    let between_ints = !d.is_float() && !a.ty.dtype.is_float();
                    let op = if between_ints { Unary::Cast } else { Unary::Bitcast };
                    let id = self.emit(Op::Unary(op), vec![id], ty)?;
                    // not a view any more: a store into it would not be seen by the original
                    let v = self.result(id);
                    if let Value::Array(x) = &v
                        && let Cell::Array { frozen, .. } = self.heap.get_mut(x.cell)
                    {
                        *frozen = true;
                    }
                    v
                } else if a.ty.dtype.is_complex() && d == a.ty.dtype.real() && a.ty.rank() == 1 {
                    let (re, im) = (self.part(&me, true)?, self.part(&me, false)?);
                    let pair = self.call_library(
                        "numpy.stack",
                        vec![Value::tuple(vec![re, im])],
                        vec![("axis".into(), Value::Int(1))],
                    )?;
                    self.call_library("numpy.ravel", vec![pair], vec![])?
                } else if d.is_complex() && d.real() == a.ty.dtype && a.ty.rank() == 1 {
                    let s = |k: i128| Value::Slice(Rc::new([Value::Int(k), Value::None, Value::Int(2)]));
                    let (re, im) = (self.get_item(&me, &s(0))?, self.get_item(&me, &s(1))?);
                    self.call_library("_pm.complex_of", vec![re, im], vec![])?
                } else {
                    return self.refuse("PM0118", format!("viewing {} elements as {d} is not supported", a.ty.dtype));
                }
            }
            "item" => {
                let v = match args.as_slice() {
                    [] => {
                        let v = self.view(a, ViewStep::Reshape(vec![]));
                        let one = a.ty.size();
                        self.require_equal(
                            &one,
                            &Dim::from(1i64),
                            "can only convert an array of size 1 to a Python scalar",
                        )?;
                        match self.static_array(&v) {
                            Some(n) => return self.ask("a0.item()", &[Value::Scalar(n.get(0))]),
                            None => {
                                let id = self.read_array(&v)?;
                                self.scalar(id, Kind::Np)
                            }
                        }
                    }
                    [i] => {
                        let flat = self.view(a, ViewStep::Reshape(vec![a.ty.size()]));
                        let i = match i {
                            Value::Tuple(..) => return self.get_item(&me, i),
                            i => i.clone(),
                        };
                        self.array_get(&flat, &i)?
                    }
                    many => self.array_get(a, &Value::tuple(many.to_vec()))?,
                };
                match v {
                    Value::Dyn(_) => self.call_method(&v, "item", vec![], vec![])?,
                    v => self.ask("a0.item()", &[v])?,
                }
            }
            "tolist" => {
                if self.is_static(&me) {
                    return self.ask("a0.tolist()", &[me]);
                }
                if a.ty.rank() == 0 {
                    return self.array_method(a, "item", vec![], vec![]);
                }
                if a.ty.rank() == 1 {
                    let wide = match a.ty.dtype {
                        d if d.is_integer() && d != DType::Uint64 => DType::Int64,
                        DType::Float32 => DType::Float64,
                        DType::Complex64 => DType::Complex128,
                        d => d,
                    };
                    let id = self.operand(&me, wide)?;
                    let v = self.new_array(id);
                    return self.list_of_array(&v, true);
                }
                let rows = self.known_items(&me)?;
                let mut out = Vec::new();
                for r in rows {
                    out.push(self.call_method(&r, "tolist", vec![], vec![])?);
                }
                Value::List(self.heap.alloc(Cell::List(out)))
            }
            "fill" => {
                self.array_set(a, &Value::Ellipsis, &args[0])?;
                Value::None
            }
            "sort" => {
                let axis = args.first().cloned().or_else(|| keyword("axis"));
                let s = self.call_library("numpy.sort", vec![me.clone(), axis.unwrap_or(Value::Int(-1))], vec![])?;
                self.array_set(a, &Value::Ellipsis, &s)?;
                Value::None
            }
            "tobytes" | "tofile" | "dump" | "resize" | "partition" | "byteswap" | "put" | "setflags" | "setfield" => {
                if self.is_static(&me) && name == "tobytes" {
                    return self.ask("a0.tobytes()", &[me]);
                }
                return self.refuse("PM0118", format!("the method `{name}` of arrays is not supported"));
            }
            "__len__" => self.length(&me)?,
            _ => return self.raise("AttributeError", format!("'numpy.ndarray' object has no attribute '{name}'")),
        })
    }
    fn list_method(&mut self, c: super::value::CellId, name: &str, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        let me = Value::List(c);
        match name {
            "append" => {
                self.list_append(c, &args[0])?;
                return Ok(Value::None);
            }
            "extend" => {
                self.list_extend(c, &args[0])?;
                return Ok(Value::None);
            }
            "clear" => {
                match self.heap.get_mut(c) {
                    Cell::List(v) => v.clear(),
                    Cell::DynList(l) => l.len = Dim::from(0i64),
                    _ => {}
                }
                return Ok(Value::None);
            }
            "copy" => {
                let cell = self.heap.get(c).clone();
                return Ok(Value::List(self.heap.alloc(cell)));
            }
            _ => {}
        }
        if let Cell::DynList(l) = self.heap.get(c).clone() {
            return match name {
                "pop" => {
                    let (one, n) = (Dim::from(1i64), l.len.clone());
                    let low = n.sub(&one);
                    if !self.proves_nonnegative(&low) {
                        self.check_between(&n, 1, i64::MAX, "IndexError", "pop from empty list")?;
                    }
                    let front = match args.first().map(|v| self.known_int(v)) {
                        None | Some(Some(-1)) => false,
                        Some(Some(0)) => true,
                        _ => {
                            return self.refuse(
                                "PM0133",
                                "`pop` at this position of a list of computed length is not supported",
                            );
                        }
                    };
                    let at = if front { Dim::from(0i64) } else { low.clone() };
                    let item = self.list_item(&l, &at)?;
                    let mut next = l.clone();
                    let v = self.dim_value(&low)?;
                    let fresh = self
                        .emit(Op::Dim(Dim::from(v)), vec![], Type::scalar(DType::Int64))
                        .map(|x| if x == v { v } else { x })?;
                    let (_, top) = self.interval(&l.capacity);
                    self.symbols.remove(&fresh);
                    self.set_range(fresh, (0, (top - 1).max(0)));
                    self.func.bounds.insert(fresh, (Some(Dim::from(0i64)), Some(l.capacity.clone())));
                    next.len = Dim::from(fresh);
                    if front {
                        // everything moves one place down
                        let ty = self.ty(l.storage);
                        let zero = self.constant(Scalar::i64(0))?;
                        let first = self.constant(Scalar::i64(1))?;
                        let mut shape = ty.shape.clone();
                        shape[0] = l.capacity.offset(-1);
                        let mut args = vec![l.storage, first];
                        args.extend(std::iter::repeat_n(zero, ty.rank() - 1));
                        let tail =
                            self.emit(Op::Slice { steps: vec![1; ty.rank()] }, args, Type { dtype: ty.dtype, shape })?;
                        let mut args = vec![l.storage, tail];
                        args.extend(std::iter::repeat_n(zero, ty.rank()));
                        next.storage = self.emit(Op::InsertSlice { steps: vec![1; ty.rank()] }, args, ty)?;
                    }
                    *self.heap.get_mut(c) = Cell::DynList(next);
                    Ok(item)
                }
                "sort" if !kwargs.is_empty() || matches!(l.template, Value::Tuple(..)) => self.refuse(
                    "PM0133",
                    "sorting a list whose length depends on data by a key, backwards or of tuples is not supported",
                ),
                "sort" => {
                    let a = self.array_of(&me, None)?;
                    let python = !Self::is_numpy(&l.template);
                    let s = self.call_library("numpy.sort", vec![a], vec![])?;
                    let Value::List(n) = self.list_of_array(&s, python)? else {
                        return self.refuse("PM0999", "internal error");
                    };
                    let cell = self.heap.get(n).clone();
                    *self.heap.get_mut(c) = cell;
                    Ok(Value::None)
                }
                _ => self.refuse("PM0133", format!("`{name}` of a list whose length depends on data is not supported")),
            };
        }
        let Cell::List(items) = self.heap.get(c).clone() else {
            return self.refuse("PM0999", "internal error: not a list cell");
        };
        let mut items = items;
        let n = items.len() as i128;
        let known = |ev: &Self, v: &Value| ev.known_int(v).map(|i| if i < 0 { i + n } else { i });
        let out = match name {
            "pop" => {
                let at = match args.first() {
                    None => n - 1,
                    Some(v) => match known(self, v) {
                        Some(k) => k,
                        None => {
                            self.make_dynamic_list(c, None)?;
                            return self.list_method(c, name, args, kwargs);
                        }
                    },
                };
                if at < 0 || at >= n {
                    return self
                        .raise("IndexError", if n == 0 { "pop from empty list" } else { "pop index out of range" });
                }
                items.remove(at as usize)
            }
            "insert" => {
                let Some(k) = known(self, &args[0]) else {
                    return self.refuse("PM0133", "`insert` at a computed position is not supported");
                };
                items.insert(k.clamp(0, n) as usize, args[1].clone());
                Value::None
            }
            "reverse" => {
                items.reverse();
                Value::None
            }
            "remove" | "index" | "count" => {
                if !self.is_static(&me) || !self.is_static(&args[0]) {
                    return self.refuse(
                        "PM0133",
                        format!("`{name}` of a list of values computed at run time is not supported"),
                    );
                }
                if name != "remove" {
                    let mut all = vec![me];
                    all.extend(args);
                    return self.ask_call(&format!("a0.{name}"), &all, 1, &kwargs);
                }
                let Some(k) = items.iter().position(|x| super::index::same_key(x, &args[0])) else {
                    return self.raise("ValueError", "list.remove(x): x not in list");
                };
                items.remove(k);
                Value::None
            }
            "sort" => {
                if self.is_static(&me) && kwargs.iter().all(|(_, v)| self.is_static(v)) {
                    let mut all = vec![me];
                    all.extend(args);
                    let s = self.ask_call("sorted", &all, 0, &kwargs)?;
                    items = self.known_items(&s)?;
                } else {
                    let s = self.builtin("builtins.sorted", &[me], &kwargs)?;
                    let Some(Value::List(l)) = s else {
                        return self.refuse("PM0133", "sorting this list is not supported");
                    };
                    let cell = self.heap.get(l).clone();
                    *self.heap.get_mut(c) = cell;
                    return Ok(Value::None);
                }
                Value::None
            }
            _ => return self.raise("AttributeError", format!("'list' object has no attribute '{name}'")),
        };
        *self.heap.get_mut(c) = Cell::List(items);
        Ok(out)
    }
    fn dict_method(&mut self, c: super::value::CellId, name: &str, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        let Cell::Dict(items) = self.heap.get(c).clone() else {
            return self.refuse("PM0999", "internal error: not a dict cell");
        };
        if let ("get", Some(k), Some(default)) = (name, args.first(), args.get(1))
            && !self.is_static(k)
        {
            return self.dict_get(c, k, default);
        }
        if let Some(k) = args.first()
            && name != "update"
            && !self.is_static(k)
        {
            return self.refuse_help(
                "PM0134",
                "a dict is searched with a key that depends on data",
                "use an array indexed by an int",
            );
        }
        let find = |k: &Value| items.iter().position(|(q, _)| super::index::same_key(q, k));
        Ok(match name {
            "get" => match find(&args[0]) {
                Some(k) => items[k].1.clone(),
                None => args.get(1).cloned().unwrap_or(Value::None),
            },
            "setdefault" => match find(&args[0]) {
                Some(k) => items[k].1.clone(),
                None => {
                    let v = args.get(1).cloned().unwrap_or(Value::None);
                    self.set_item(&Value::Dict(c), &args[0], &v)?;
                    v
                }
            },
            "keys" => Value::Items(items.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>().into()),
            "values" => Value::Items(items.iter().map(|(_, v)| v.clone()).collect::<Vec<_>>().into()),
            "items" => Value::Items(
                items.iter().map(|(k, v)| Value::tuple(vec![k.clone(), v.clone()])).collect::<Vec<_>>().into(),
            ),
            "copy" => Value::Dict(self.heap.alloc(Cell::Dict(items))),
            "pop" => match find(&args[0]) {
                Some(k) => {
                    let mut items = items.clone();
                    let (_, v) = items.remove(k);
                    *self.heap.get_mut(c) = Cell::Dict(items);
                    v
                }
                None => match args.get(1) {
                    Some(v) => v.clone(),
                    None => return self.raise("KeyError", args[0].describe()),
                },
            },
            "update" => {
                match args.first() {
                    None => {}
                    Some(Value::Dict(o)) => {
                        if let Cell::Dict(more) = self.heap.get(*o).clone() {
                            for (k, v) in more {
                                self.set_item(&Value::Dict(c), &k, &v)?;
                            }
                        }
                    }
                    Some(_) => return self.refuse("PM0106", "`update` with this argument is not supported"),
                }
                for (k, v) in kwargs {
                    self.set_item(&Value::Dict(c), &Value::Str(k), &v)?;
                }
                Value::None
            }
            "clear" => {
                *self.heap.get_mut(c) = Cell::Dict(vec![]);
                Value::None
            }
            _ => return self.raise("AttributeError", format!("'dict' object has no attribute '{name}'")),
        })
    }
}
