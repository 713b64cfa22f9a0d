//! NumPy functions on core operations: ufuncs, reductions, sorting, shapes.

use super::eval::{Eval, R};
use super::library::{Args, widened};
use super::value::{ArrayRef, Value, ViewStep};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Reduction, Type, Unary};
use ruff_python_ast::{CmpOp, Operator, UnaryOp};
use std::rc::Rc;

impl<'a> Eval<'a> {
    pub(super) fn numpy_native(&mut self, name: &str, a: &Args) -> R<Option<Value>> {
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
                let (keep, out) = (a.keyword("keepdims"), a.keyword("out"));
                let d = match n {
                    "sum" | "prod" => a.get(2, "dtype"),
                    _ => None,
                };
                if let Some(extra) = a.leftover(3) {
                    return self.refuse("PM0118", format!("`{name}` with {extra} is not supported"));
                }
                let d = self.optional_dtype(d)?;
                let v = self.reduce(n, &x, axis, d, matches!(keep, Some(Value::Bool(true))))?;
                self.stored_in(v, out)?
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
                let (x, axis) = self.along(x, axis.as_ref())?;
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
                let (d, out) = (a.get(2, "dtype"), a.keyword("out"));
                if let Some(extra) = a.leftover(3) {
                    return self.refuse("PM0118", format!("`{name}` with {extra} is not supported"));
                }
                let d = self.optional_dtype(d)?;
                let (x, _) = self.array_arg(&x)?;
                let (x, axis) = self.along(x, axis.as_ref())?;
                let d = d.unwrap_or(widened(x.ty.dtype));
                let id = self.operand(&Value::Array(x), d)?;
                let ty = self.ty(id);
                let kind = if n == "cumsum" { Reduction::Sum } else { Reduction::Prod };
                let id = self.emit(Op::Scan { kind, axis }, vec![id], ty)?;
                let v = self.result(id);
                self.stored_in(v, out)?
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
                let fortran = self.is_fortran(a.get(1, "order"))?;
                let x = if fortran { self.view(&x, ViewStep::Transpose((0..x.ty.rank()).rev().collect())) } else { x };
                Value::Array(self.ravel(&x)?)
            }
            "diag" | "diagonal" => {
                let k = a.get(1, if n == "diag" { "k" } else { "offset" });
                let (Some(Value::Array(x)), Some(k)) =
                    (a.get(0, if n == "diag" { "v" } else { "a" }), self.known_int(&k.unwrap_or(Value::Int(0))))
                else {
                    return Ok(None);
                };
                match self.diagonal_view(&x, k) {
                    Some(v) => Value::Array(v),
                    None => return Ok(None),
                }
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
                for v in a.all() {
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
                for v in a.all() {
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
                let (x, axis) = self.along(x, axis.as_ref())?;
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
    /// An array and the axis named; without one, a flat view of it and its only axis.
    fn along(&mut self, x: ArrayRef, axis: Option<&Value>) -> R<(ArrayRef, usize)> {
        match axis {
            None | Some(Value::None) => Ok((self.view(&x, ViewStep::Reshape(vec![x.ty.size()])), 0)),
            Some(k) => {
                let k = self.as_axis(k, x.ty.rank())?;
                Ok((x, k))
            }
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
    /// The result of a function with `out=`: stored there, without a change of kind.
    pub(super) fn stored_in(&mut self, v: Value, out: Option<Value>) -> R<Value> {
        match out {
            None | Some(Value::None) => Ok(v),
            Some(Value::Array(o)) => {
                let kind = |d: DType| (d.is_complex(), d.is_float(), d == DType::Bool);
                if self
                    .number_dtype(&v)
                    .is_none_or(|d| kind(d) != kind(o.ty.dtype) || d.is_signed() != o.ty.dtype.is_signed())
                {
                    return self.refuse_help(
                        "PM0118",
                        format!("`out=` with {} elements for this result is not supported", o.ty.dtype),
                        "make the array of `out=` with the element type of the result",
                    );
                }
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
    pub(super) fn conjugate(&mut self, x: &Value) -> R<Value> {
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
    pub(super) fn axes_of(&mut self, v: &Value, rank: usize) -> R<Vec<usize>> {
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
    pub(super) fn reduce(
        &mut self,
        n: &str,
        x: &Value,
        axis: Option<Value>,
        dtype: Option<DType>,
        keep: bool,
    ) -> R<Value> {
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
    pub(super) fn sort(&mut self, x: &ArrayRef, axis: Option<Value>, positions: bool) -> R<Value> {
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
    pub(super) fn nonzero(&mut self, v: &Value) -> R<Value> {
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
            for (k, extent) in shape.iter_mut().enumerate() {
                if k != axis {
                    *extent = self.require_equal(
                        &extent.clone(),
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
}
