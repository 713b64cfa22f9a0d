//! Operators: Python's own arithmetic on its scalars, NumPy's promotion (NEP 50) on arrays and NumPy scalars.

use super::eval::{Eval, FULL, R};
use super::state::Cell;
use super::value::{DynScalar, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, Unary, ValueId};
use ruff_python_ast::{Operator, UnaryOp};

/// A truth value, known or not.
pub enum Truth {
    /// Known.
    Known(bool),
    /// A bool scalar of the program.
    Dyn(ValueId),
}

impl Eval<'_> {
    /// Whether a value behaves as NumPy (array or NumPy scalar) in arithmetic.
    pub fn is_numpy(v: &Value) -> bool {
        matches!(v, Value::Array(_) | Value::Scalar(_) | Value::Dyn(DynScalar { kind: Kind::Np, .. }))
    }
    pub(super) fn is_number(v: &Value) -> bool {
        matches!(
            v,
            Value::Bool(_)
                | Value::Int(_)
                | Value::Sym(_)
                | Value::Float(_)
                | Value::Complex(..)
                | Value::Scalar(_)
                | Value::Dyn(_)
                | Value::Array(_)
        )
    }
    /// Resolves a possibly unbound variable.
    pub fn settle(&mut self, v: &Value) -> R<Value> {
        match v {
            Value::Maybe(inner, flag) => {
                self.check(*flag, "UnboundLocalError", "a variable is used before it is assigned")?;
                Ok((**inner).clone())
            }
            Value::Poison(why) | Value::Unbound(why) => self.refuse("PM0132", why.to_string()),
            v => Ok(v.clone()),
        }
    }

    /// A value as NumPy takes it next to the other operand: lists and tuples beside arrays become arrays.
    pub(super) fn array_beside(&mut self, v: &Value, other: &Value) -> R<Value> {
        match v {
            Value::List(_) | Value::Tuple(..) if Self::is_numpy(other) => self.array_of(v, None),
            v => Ok(v.clone()),
        }
    }

    /// A binary operator.
    pub fn binop(&mut self, op: Operator, a: &Value, b: &Value) -> R<Value> {
        let (a, b) = (&self.settle(a)?, &self.settle(b)?);
        if let Some(v) = self.python_static(op, a, b)? {
            return Ok(v);
        }
        if let Some(v) = self.sequence_op(op, a, b)? {
            return Ok(v);
        }
        if let (Value::Set(_), _) | (Value::Str(_), _) | (Value::Bytes(_), _) = (a, b)
            && self.is_static(a)
            && self.is_static(b)
        {
            return self.ask(&format!("operator.{}(a0, a1)", operator_name(op)), &[a.clone(), b.clone()]);
        }
        let (a, b) = (&self.array_beside(a, b)?, &self.array_beside(b, a)?);
        if !Self::is_number(a) || !Self::is_number(b) {
            if let Some(v) = self.object_op(op, a, b)? {
                return Ok(v);
            }
            return self.refuse(
                "PM0114",
                format!("operator `{}` on {} and {} is not supported", op.as_str(), a.describe(), b.describe()),
            );
        }
        if op == Operator::MatMult {
            return self.matmul(a, b);
        }
        if Self::is_numpy(a) || Self::is_numpy(b) {
            if let Some(v) = self.numpy_static(op, a, b)? {
                return Ok(v);
            }
            if self.is_static(a) && self.is_static(b) {
                return self.ask(&format!("operator.{}(a0, a1)", operator_name(op)), &[a.clone(), b.clone()]);
            }
            return self.numpy_binop(op, a, b);
        }
        self.python_binop(op, a, b)
    }

    /// Arithmetic on known Python scalars.
    fn python_static(&mut self, op: Operator, a: &Value, b: &Value) -> R<Option<Value>> {
        let int = |v: &Value| match v {
            Value::Int(i) => Some(*i),
            Value::Bool(b) => Some(i128::from(*b)),
            _ => None,
        };
        let float = |v: &Value| match v {
            Value::Float(f) => Some(*f),
            Value::Int(i) => Some(*i as f64),
            Value::Bool(b) => Some(f64::from(u8::from(*b))),
            _ => None,
        };
        if let (Value::Bool(x), Value::Bool(y)) = (a, b) {
            match op {
                Operator::BitAnd => return Ok(Some(Value::Bool(x & y))),
                Operator::BitOr => return Ok(Some(Value::Bool(x | y))),
                Operator::BitXor => return Ok(Some(Value::Bool(x ^ y))),
                _ => {}
            }
        }
        if let (Some(x), Some(y)) = (int(a), int(b)) {
            let r = match op {
                Operator::Add => x.checked_add(y),
                Operator::Sub => x.checked_sub(y),
                Operator::Mult => x.checked_mul(y),
                Operator::FloorDiv | Operator::Mod if y == 0 => {
                    return self.raise("ZeroDivisionError", "integer division or modulo by zero");
                }
                Operator::FloorDiv => {
                    let (q, r) = (x / y, x % y);
                    Some(if r != 0 && (r < 0) != (y < 0) { q - 1 } else { q })
                }
                Operator::Mod => {
                    let r = x % y;
                    Some(if r != 0 && (r < 0) != (y < 0) { r + y } else { r })
                }
                Operator::BitAnd => Some(x & y),
                Operator::BitOr => Some(x | y),
                Operator::BitXor => Some(x ^ y),
                Operator::LShift if (0..100).contains(&y) && x.unsigned_abs() < 1 << 26 => Some(x << y),
                Operator::RShift if y >= 0 => Some(if y > 126 { if x < 0 { -1 } else { 0 } } else { x >> y }),
                Operator::Pow if (0..=127).contains(&y) => x.checked_pow(y as u32),
                Operator::Div if y != 0 && x.unsigned_abs() <= 1 << 53 && y.unsigned_abs() <= 1 << 53 => {
                    return Ok(Some(Value::Float(x as f64 / y as f64)));
                }
                _ => None,
            };
            if let Some(v) = r {
                return Ok(Some(Value::Int(v)));
            }
        } else if let (Some(x), Some(y)) = (float(a), float(b)) {
            let r = match op {
                Operator::Add => Some(x + y),
                Operator::Sub => Some(x - y),
                Operator::Mult => Some(x * y),
                Operator::Div if y != 0.0 => Some(x / y),
                _ => None,
            };
            if let Some(v) = r {
                return Ok(Some(Value::Float(v)));
            }
        }
        let scalar = |v: &Value| matches!(v, Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Complex(..));
        if scalar(a) && scalar(b) {
            return self.ask(&format!("operator.{}(a0, a1)", operator_name(op)), &[a.clone(), b.clone()]).map(Some);
        }
        Ok(None)
    }

    /// Arithmetic on known scalars of which one is NumPy's, where the result is plain.
    fn numpy_static(&mut self, op: Operator, a: &Value, b: &Value) -> R<Option<Value>> {
        let scalar = |v: &Value| matches!(v, Value::Scalar(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_));
        if !scalar(a) || !scalar(b) {
            return Ok(None);
        }
        let d = self.result_dtype(&[a, b])?;
        let (Some(x), Some(y)) = (self.known_scalar(a), self.known_scalar(b)) else { return Ok(None) };
        if d == DType::Float64 {
            let f = |s: Scalar| super::eval::convert_constant(s, DType::Float64).real_f64();
            let (x, y) = (f(x), f(y));
            let r = match op {
                Operator::Add => x + y,
                Operator::Sub => x - y,
                Operator::Mult => x * y,
                Operator::Div if y != 0.0 => x / y,
                _ => return Ok(None),
            };
            return Ok(Some(Value::Scalar(Scalar::f64(r))));
        }
        if d == DType::Int64
            && let (Some(x), Some(y)) = (x.as_int(), y.as_int())
        {
            let r = match op {
                Operator::Add => x + y,
                Operator::Sub => x - y,
                Operator::Mult => x * y,
                Operator::BitAnd => x & y,
                Operator::BitOr => x | y,
                Operator::BitXor => x ^ y,
                Operator::Mod if y > 0 => x.rem_euclid(y),
                Operator::FloorDiv if y > 0 => x.div_euclid(y),
                _ => return Ok(None),
            };
            if i64::try_from(r).is_ok() {
                return Ok(Some(Value::Scalar(Scalar::int(DType::Int64, r))));
            }
        }
        Ok(None)
    }

    /// Concatenation and repetition of lists, tuples and strings.
    fn sequence_op(&mut self, op: Operator, a: &Value, b: &Value) -> R<Option<Value>> {
        match (op, a, b) {
            (Operator::Add, Value::List(x), Value::List(y)) => {
                if let (Cell::List(p), Cell::List(q)) = (self.heap.get(*x), self.heap.get(*y)) {
                    let joined = p.iter().chain(q).cloned().collect();
                    return Ok(Some(Value::List(self.heap.alloc(Cell::List(joined)))));
                }
                self.refuse("PM0133", "joining lists whose length depends on data is not supported; use `extend`")
            }
            (Operator::Add, Value::Tuple(x, _), Value::Tuple(y, _)) => {
                Ok(Some(Value::tuple(x.iter().chain(y.iter()).cloned().collect())))
            }
            (Operator::Mult, seq @ (Value::List(_) | Value::Tuple(..)), n)
            | (Operator::Mult, n, seq @ (Value::List(_) | Value::Tuple(..)))
                if !Self::is_numpy(n) =>
            {
                let Some(count) = self.known_int(n) else {
                    if let (Value::List(c), Value::Sym(d)) = (seq, n) {
                        return self.repeat_list(*c, &d.clone()).map(Some);
                    }
                    return self.refuse(
                        "PM0133",
                        "repeating a sequence a number of times that depends on data is not supported",
                    );
                };
                let items = self.known_items(seq)?;
                let count = usize::try_from(count.max(0)).unwrap_or(0);
                if items.len() * count > 4_000_000 {
                    return self.refuse("PM0190", "a list of more than 4,000,000 items");
                }
                let mut out = Vec::with_capacity(items.len() * count);
                for _ in 0..count {
                    out.extend(items.iter().cloned());
                }
                Ok(Some(match seq {
                    Value::List(_) => Value::List(self.heap.alloc(Cell::List(out))),
                    _ => Value::tuple(out),
                }))
            }
            _ => Ok(None),
        }
    }

    /// Operators of project classes (`__add__` and so on).
    fn object_op(&mut self, op: Operator, a: &Value, b: &Value) -> R<Option<Value>> {
        let name = match op {
            Operator::Add => "add",
            Operator::Sub => "sub",
            Operator::Mult => "mul",
            Operator::Div => "truediv",
            Operator::FloorDiv => "floordiv",
            Operator::Mod => "mod",
            Operator::Pow => "pow",
            Operator::MatMult => "matmul",
            Operator::BitAnd => "and",
            Operator::BitOr => "or",
            Operator::BitXor => "xor",
            Operator::LShift => "lshift",
            Operator::RShift => "rshift",
        };
        for (object, other, prefix) in [(a, b, "__"), (b, a, "__r")] {
            if let Value::Object(c) = object
                && let Cell::Object { class, .. } = self.heap.get(*c)
                && let Some(super::value::Member::Method(f)) = class.find(&format!("{prefix}{name}__"))
            {
                return self.call_function(&f, vec![object.clone(), other.clone()], vec![]).map(Some);
            }
        }
        Ok(None)
    }

    // ---- Python scalars ----

    pub(super) fn fits(&self, d: &Dim) -> bool {
        let (lo, hi) = self.interval(d);
        lo >= FULL.0 && hi <= FULL.1 && d.terms.len() <= 12
    }
    pub(super) fn int_of(&self, v: &Value) -> Option<Dim> {
        match v {
            Value::Int(i) => i64::try_from(*i).ok().map(Dim::from),
            Value::Bool(b) => Some(Dim::from(i64::from(*b))),
            Value::Sym(d) => Some(d.clone()),
            _ => None,
        }
    }
    /// Python's arithmetic on its own scalars, at least one of them dynamic.
    fn python_binop(&mut self, op: Operator, a: &Value, b: &Value) -> R<Value> {
        if self.number_dtype(a) == Some(DType::Bool)
            && self.number_dtype(b) == Some(DType::Bool)
            && let Some(bop) = logic_op(op)
        {
            let (x, y) = (self.operand(a, DType::Bool)?, self.operand(b, DType::Bool)?);
            let id = self.emit(Op::Binary(bop), vec![x, y], Type::scalar(DType::Bool))?;
            return Ok(Value::Dyn(DynScalar { id, dtype: DType::Bool, kind: self.joint_kind(a, b) }));
        }
        let promote_bool = |ev: &mut Self, v: &Value| -> R<Value> {
            match v {
                Value::Dyn(d) if d.kind == Kind::Mixed && d.dtype == DType::Bool => ev.refuse(
                    "PM0122",
                    "this is a Python bool on one path and a numpy.bool on another, which add differently",
                ),
                Value::Dyn(d) if d.kind == Kind::Mixed && d.dtype == DType::Int64 => Ok(Value::Sym(ev.value_dim(d.id))),
                Value::Dyn(d) if d.dtype == DType::Bool => {
                    let id = ev.cast(d.id, DType::Int64)?;
                    ev.set_range(id, (0, 1));
                    Ok(Value::Sym(Dim::from(id)))
                }
                v => Ok(v.clone()),
            }
        };
        let (a, b) = (&promote_bool(self, a)?, &promote_bool(self, b)?);
        if let (Some(x), Some(y)) = (self.int_of(a), self.int_of(b)) {
            return self.int_binop(op, &x, &y);
        }
        if [a, b].iter().any(|v| matches!(v, Value::Int(i) if i64::try_from(*i).is_err()))
            && [a, b].iter().all(|v| matches!(v, Value::Int(_) | Value::Sym(_)))
        {
            return self.refuse_help(
                "PM0120",
                "this int arithmetic needs more than 64 bits",
                "mask the result to at most 63 bits in the same expression (`(a * b + c) & 0xFFFFFFFF`), or use np.uint64, which wraps",
            );
        }
        let complex = [a, b].iter().any(|v| self.number_dtype(v).is_some_and(DType::is_complex));
        let dtype = if complex { DType::Complex128 } else { DType::Float64 };
        let kind = self.joint_kind(a, b);
        match op {
            Operator::Add | Operator::Sub | Operator::Mult => {
                let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
                let bop = arithmetic(op);
                let id = self.emit(Op::Binary(bop), vec![x, y], Type::scalar(dtype))?;
                Ok(self.scalar(id, kind))
            }
            Operator::Div => {
                self.check_nonzero(b, dtype, "float division by zero")?;
                let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
                let id = self.divide(x, y)?;
                Ok(self.scalar(id, kind))
            }
            Operator::FloorDiv | Operator::Mod if !complex => {
                self.check_nonzero(b, dtype, "float floor division or modulo by zero")?;
                let name = if op == Operator::Mod { "numpy.mod" } else { "numpy.floor_divide" };
                let v = self.kernel_call(name, &[a.clone(), b.clone()], dtype)?;
                Ok(self.with_kind(v, kind))
            }
            Operator::Pow => self.python_pow(a, b, dtype, kind),
            _ => self.raise("TypeError", format!("unsupported operand type(s) for {}: 'float'", op.as_str())),
        }
    }
    /// Kind of a result of two scalars.
    fn joint_kind(&self, a: &Value, b: &Value) -> Kind {
        let kind = |v: &Value| match v {
            Value::Dyn(d) => d.kind,
            Value::Scalar(_) | Value::Array(_) => Kind::Np,
            _ => Kind::Py,
        };
        match (kind(a), kind(b)) {
            (Kind::Np, _) | (_, Kind::Np) => Kind::Np,
            (Kind::Mixed, _) | (_, Kind::Mixed) => Kind::Mixed,
            _ => Kind::Py,
        }
    }
    /// The same scalar, seen as of another kind.
    pub fn with_kind(&self, v: Value, kind: Kind) -> Value {
        match v {
            Value::Dyn(d) if d.dtype == DType::Int64 && kind == Kind::Py => Value::Sym(self.value_dim(d.id)),
            Value::Dyn(d) => Value::Dyn(DynScalar { kind, ..d }),
            v => v,
        }
    }
    fn check_nonzero(&mut self, v: &Value, dtype: DType, message: &str) -> R<()> {
        if let Some(s) = self.known_scalar(v) {
            let zero = s.as_int() == Some(0) || (s.as_int().is_none() && s.real_f64() == 0.0 && s.imag_f64() == 0.0);
            if zero {
                return self.raise("ZeroDivisionError", message);
            }
            return Ok(());
        }
        let x = self.operand(v, dtype)?;
        let zero = self.constant(Scalar::zero(dtype))?;
        let ok = self.emit(Op::Binary(Binary::Ne), vec![x, zero], Type::scalar(DType::Bool))?;
        self.check(ok, "ZeroDivisionError", message)
    }
    /// Division of two values of one float or complex type.
    pub fn divide(&mut self, x: ValueId, y: ValueId) -> R<ValueId> {
        let dtype = self.ty(x).dtype;
        if dtype.is_complex() {
            return self.kernel_ids("numpy.divide", &[x, y]);
        }
        let shape = self.joint_shape(x, y)?;
        self.emit(Op::Binary(Binary::Div), vec![x, y], Type { dtype, shape })
    }
    fn joint_shape(&mut self, x: ValueId, y: ValueId) -> R<Vec<Dim>> {
        let (a, b) = (self.ty(x).shape, self.ty(y).shape);
        self.broadcast_shapes(&[a, b])
    }
    fn python_pow(&mut self, a: &Value, b: &Value, dtype: DType, kind: Kind) -> R<Value> {
        let exponent = self.known_scalar(b);
        let whole = exponent.and_then(|s| match s.as_int() {
            Some(i) => Some(i),
            None if !s.dtype.is_complex() && s.real_f64().fract() == 0.0 && s.real_f64().abs() < 64.0 => {
                Some(s.real_f64() as i128)
            }
            None => None,
        });
        if whole == Some(2) {
            let x = self.operand(a, dtype)?;
            let id = self.emit(Op::Binary(Binary::Mul), vec![x, x], Type::scalar(dtype))?;
            if kind == Kind::Py && dtype.is_complex() {
                self.check_complex_overflow(id)?;
            } else if kind == Kind::Py {
                self.check_overflow(id, &[x])?;
            }
            return Ok(self.scalar(id, kind));
        }
        if let (true, Some(k @ 4..=99)) = (dtype.is_complex(), whole) {
            let x = self.operand(a, dtype)?;
            let id = self.complex_power(x, k as u32)?;
            if kind == Kind::Py {
                self.check_complex_overflow(id)?;
            }
            return Ok(self.scalar(id, kind));
        }
        if !dtype.is_complex() {
            // a negative base with a fractional exponent gives a complex number in Python
            let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
            let zero = self.constant(Scalar::f64(0.0))?;
            if whole.is_none() {
                let known_positive =
                    self.known_scalar(a).is_some_and(|s| s.as_int().map_or(s.real_f64() > 0.0, |i| i > 0));
                if !known_positive {
                    let ok = self.emit(Op::Binary(Binary::Ge), vec![x, zero], Type::scalar(DType::Bool))?;
                    let nan = self.emit(Op::Unary(Unary::IsNan), vec![x], Type::scalar(DType::Bool))?;
                    let ok = self.emit(Op::Binary(Binary::Or), vec![ok, nan], Type::scalar(DType::Bool))?;
                    self.check(ok, "Unsupported", "a negative number to a fractional power is complex in Python")?;
                }
            }
            if kind == Kind::Py {
                let real = |s: Option<Scalar>| s.map(|s| s.as_int().map_or(s.real_f64(), |i| i as f64));
                let safe_base = real(self.known_scalar(a)).is_some_and(|v| v != 0.0);
                let safe_exponent = real(exponent).is_some_and(|v| v >= 0.0);
                if !safe_base && !safe_exponent {
                    let b = Type::scalar(DType::Bool);
                    let nonzero = self.emit(Op::Binary(Binary::Ne), vec![x, zero], b.clone())?;
                    let low = self.constant(Scalar::f64(f64::NEG_INFINITY))?;
                    let finite = self.emit(Op::Binary(Binary::Gt), vec![y, low], b.clone())?;
                    let negative = self.emit(Op::Binary(Binary::Lt), vec![y, zero], b.clone())?;
                    let divides = self.emit(Op::Binary(Binary::And), vec![finite, negative], b.clone())?;
                    let fine = self.emit(Op::Unary(Unary::Not), vec![divides], b.clone())?;
                    let ok = self.emit(Op::Binary(Binary::Or), vec![nonzero, fine], b)?;
                    self.check(ok, "ZeroDivisionError", "0.0 cannot be raised to a negative power")?;
                }
            }
            let out = self.kernel_ids("numpy.power", &[x, y])?;
            if kind == Kind::Py {
                self.check_overflow(out, &[x, y])?;
            }
            return Ok(self.scalar(out, kind));
        }
        let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
        let out = self.kernel_ids("numpy.power", &[x, y])?;
        if kind == Kind::Py {
            self.check_complex_overflow(out)?;
        }
        Ok(self.scalar(out, kind))
    }
    /// Python raises OverflowError where a part of a complex power is infinite.
    fn check_complex_overflow(&mut self, out: ValueId) -> R<()> {
        let part = Type::scalar(self.ty(out).dtype.real());
        let bool = Type::scalar(DType::Bool);
        for op in [Unary::Real, Unary::Imag] {
            let v = self.emit(Op::Unary(op), vec![out], part.clone())?;
            let big = self.emit(Op::Unary(Unary::IsInf), vec![v], bool.clone())?;
            let ok = self.emit(Op::Unary(Unary::Not), vec![big], bool.clone())?;
            self.check(ok, "OverflowError", "complex exponentiation")?;
        }
        Ok(())
    }
    /// Python raises OverflowError where a power of finite operands is infinite.
    fn check_overflow(&mut self, out: ValueId, operands: &[ValueId]) -> R<()> {
        let b = Type::scalar(DType::Bool);
        let big = self.emit(Op::Unary(Unary::IsInf), vec![out], b.clone())?;
        let mut ok = self.emit(Op::Unary(Unary::Not), vec![big], b.clone())?;
        for x in operands {
            let was = self.emit(Op::Unary(Unary::IsInf), vec![*x], b.clone())?;
            ok = self.emit(Op::Binary(Binary::Or), vec![ok, was], b.clone())?;
        }
        self.check(ok, "OverflowError", "(34, 'Numerical result out of range')")
    }

    /// Python int arithmetic within int64, with checks where it might not fit.
    fn int_binop(&mut self, op: Operator, x: &Dim, y: &Dim) -> R<Value> {
        let (xi, yi) = (self.interval(x), self.interval(y));
        let i64ty = Type::scalar(DType::Int64);
        let checked = |ev: &mut Self, op: Binary, range: (i128, i128)| -> R<Value> {
            let (a, b) = (ev.dim_value(x)?, ev.dim_value(y)?);
            ev.checks += 1;
            let id = ev.emit(Op::Binary(op), vec![a, b], Type::scalar(DType::Int64))?;
            ev.set_range(id, range);
            Ok(Value::Sym(Dim::from(id)))
        };
        match op {
            Operator::Add => {
                let d = x.add(y);
                if self.fits(&d) {
                    return Ok(self.dim_int(&d));
                }
                let v = checked(self, Binary::AddChecked, self.interval(&d))?;
                if let Value::Sym(s) = &v
                    && let [(crate::hir::Atom::Value(id), 1)] = s.terms.as_slice()
                {
                    let sum = self.expand(&d);
                    self.equal.insert(*id, sum);
                }
                Ok(v)
            }
            Operator::Sub => {
                let d = x.sub(y);
                if self.fits(&d) {
                    return Ok(self.dim_int(&d));
                }
                let v = checked(self, Binary::SubChecked, self.interval(&d))?;
                if let Value::Sym(s) = &v
                    && let [(crate::hir::Atom::Value(id), 1)] = s.terms.as_slice()
                {
                    let sum = self.expand(&d);
                    self.equal.insert(*id, sum);
                }
                Ok(v)
            }
            Operator::Mult => {
                let p = [
                    xi.0.saturating_mul(yi.0),
                    xi.0.saturating_mul(yi.1),
                    xi.1.saturating_mul(yi.0),
                    xi.1.saturating_mul(yi.1),
                ];
                let range = (p.into_iter().min().unwrap_or(0), p.into_iter().max().unwrap_or(0));
                let simple = x.as_const().is_some() || y.as_const().is_some() || x.terms.len() * y.terms.len() <= 4;
                if range.0 >= FULL.0 && range.1 <= FULL.1 && simple {
                    let d = x.mul(y);
                    if self.fits(&d) {
                        return Ok(self.dim_int(&d));
                    }
                }
                checked(self, Binary::MulChecked, range)
            }
            Operator::FloorDiv | Operator::Mod => {
                if let Some(k) = y.as_const()
                    && k > 0
                    && (op == Operator::FloorDiv || !x.is_dynamic())
                {
                    let q = x.div(k);
                    let d = if op == Operator::FloorDiv { q } else { x.sub(&q.scale(k)) };
                    return Ok(self.dim_int(&d));
                }
                if yi.0 <= 0 && yi.1 >= 0 {
                    self.check_nonzero(&Value::Sym(y.clone()), DType::Int64, "integer division or modulo by zero")?;
                }
                if op == Operator::FloorDiv && xi.0 == FULL.0 && yi.0 <= -1 && yi.1 >= -1 {
                    // only the smallest int by -1 leaves int64
                    let (a, least) = (self.dim_value(x)?, self.constant(Scalar::i64(i64::MIN))?);
                    let (b, minus) = (self.dim_value(y)?, self.constant(Scalar::i64(-1))?);
                    let p = self.emit(Op::Binary(Binary::Ne), vec![a, least], Type::scalar(DType::Bool))?;
                    let q = self.emit(Op::Binary(Binary::Ne), vec![b, minus], Type::scalar(DType::Bool))?;
                    let ok = self.emit(Op::Binary(Binary::Or), vec![p, q], Type::scalar(DType::Bool))?;
                    self.check(ok, "Unsupported", "an int beyond 64 bits")?;
                }
                let (a, b) = (self.dim_value(x)?, self.dim_value(y)?);
                let bop = if op == Operator::Mod { Binary::FloorMod } else { Binary::FloorDiv };
                let id = self.emit(Op::Binary(bop), vec![a, b], i64ty)?;
                let range = match op {
                    Operator::Mod if yi.0 > 0 => (0, yi.1 - 1),
                    Operator::Mod => (yi.0.min(0), yi.1.max(0)),
                    _ => {
                        let m = xi.0.abs().max(xi.1.abs());
                        if yi.0 > 0 && xi.0 >= 0 { (0, xi.1) } else { (-m, m) }
                    }
                };
                self.set_range(id, range);
                if op == Operator::Mod && yi.0 > 0 {
                    // the remainder stays below the divisor, whatever that is
                    self.func.bounds.insert(id, (Some(Dim::from(0i64)), Some(y.offset(-1))));
                }
                Ok(Value::Sym(Dim::from(id)))
            }
            Operator::Div => {
                self.check_nonzero(&Value::Sym(y.clone()), DType::Int64, "division by zero")?;
                let limit = 1i128 << 53;
                for (d, r) in [(x, xi), (y, yi)] {
                    if r.0 < -limit || r.1 > limit {
                        let v = self.dim_value(d)?;
                        let (lo, hi) = (self.constant(Scalar::i64(-(1 << 53)))?, self.constant(Scalar::i64(1 << 53))?);
                        let p = self.emit(Op::Binary(Binary::Ge), vec![v, lo], Type::scalar(DType::Bool))?;
                        let q = self.emit(Op::Binary(Binary::Le), vec![v, hi], Type::scalar(DType::Bool))?;
                        let ok = self.emit(Op::Binary(Binary::And), vec![p, q], Type::scalar(DType::Bool))?;
                        self.check(ok, "Unsupported", "true division of integers beyond 2**53")?;
                    }
                }
                let (a, b) = (
                    self.operand(&Value::Sym(x.clone()), DType::Float64)?,
                    self.operand(&Value::Sym(y.clone()), DType::Float64)?,
                );
                let id = self.emit(Op::Binary(Binary::Div), vec![a, b], Type::scalar(DType::Float64))?;
                Ok(self.scalar(id, Kind::Py))
            }
            Operator::Pow => {
                if let Some(k) = y.as_const()
                    && (0..=62).contains(&k)
                {
                    let mut acc = Value::Int(1);
                    for _ in 0..k {
                        acc = self.binop(Operator::Mult, &acc, &self.dim_int(x))?;
                    }
                    return Ok(acc);
                }
                if yi.0 < 0 {
                    return self.refuse_help(
                        "PM0121",
                        "an int to a power that may be negative is an int or a float in Python, depending on data",
                        "make the base a float (`2.0 ** n`)",
                    );
                }
                if x.as_const() == Some(2) {
                    return self.int_binop(Operator::LShift, &Dim::from(1i64), y);
                }
                self.refuse_help(
                    "PM0121",
                    "an int to a power computed at run time is not supported",
                    "use a float base",
                )
            }
            Operator::LShift => {
                self.check_between(y, 0, 62, "ValueError", "shift count is negative or above 62")?;
                let (one, count) = (self.constant(Scalar::i64(1))?, self.dim_value(y)?);
                let f = self.emit(Op::Binary(Binary::Shl), vec![one, count], i64ty)?;
                let top = yi.1.clamp(0, 62) as u32;
                self.set_range(f, (1, 1i128 << top));
                self.int_binop(Operator::Mult, x, &Dim::from(f))
            }
            Operator::RShift => {
                if let Some(k) = y.as_const()
                    && (0..=62).contains(&k)
                {
                    return Ok(self.dim_int(&x.div(1 << k)));
                }
                self.check_between(y, 0, i64::MAX, "ValueError", "negative shift count")?;
                let (a, b) = (self.dim_value(x)?, self.dim_value(y)?);
                let id = self.emit(Op::Binary(Binary::Shr), vec![a, b], i64ty)?;
                self.set_range(id, (xi.0.min(0), xi.1.max(0)));
                Ok(Value::Sym(Dim::from(id)))
            }
            Operator::BitAnd | Operator::BitOr | Operator::BitXor => {
                let (a, b) = (self.dim_value(x)?, self.dim_value(y)?);
                let id = self.emit(Op::Binary(logic_op(op).unwrap_or(Binary::And)), vec![a, b], i64ty)?;
                let bound = |r: (i128, i128)| if r.0 >= 0 { Some(r.1) } else { None };
                let mask =
                    |m: i128| if m >= 1 << 62 { FULL.1 } else { (m as u128 + 1).next_power_of_two() as i128 - 1 };
                let range = match (op, bound(xi), bound(yi)) {
                    (Operator::BitAnd, Some(p), Some(q)) => (0, p.min(q)),
                    (Operator::BitAnd, Some(p), None) | (Operator::BitAnd, None, Some(p)) => (0, p),
                    (_, Some(p), Some(q)) => (0, mask(p.max(q))),
                    _ => FULL,
                };
                self.set_range(id, range);
                Ok(Value::Sym(Dim::from(id)))
            }
            Operator::MatMult => self.raise("TypeError", "unsupported operand type(s) for @: 'int' and 'int'"),
        }
    }
    /// Stops the program unless `lo <= d <= hi`; nothing is emitted where it is known.
    pub fn check_between(&mut self, d: &Dim, lo: i64, hi: i64, exception: &str, message: &str) -> R<()> {
        let (l, h) = self.interval(d);
        let (lo, hi) = (i128::from(lo), i128::from(hi));
        if l > hi || h < lo {
            return self.raise(exception, message);
        }
        let b = Type::scalar(DType::Bool);
        if l < lo {
            let (v, c) = (self.dim_value(d)?, self.constant(Scalar::i64(lo as i64))?);
            let ok = self.emit(Op::Binary(Binary::Ge), vec![v, c], b.clone())?;
            self.check(ok, exception, message)?;
        }
        if h > hi {
            let (v, c) = (self.dim_value(d)?, self.constant(Scalar::i64(hi as i64))?);
            let ok = self.emit(Op::Binary(Binary::Le), vec![v, c], b)?;
            self.check(ok, exception, message)?;
        }
        Ok(())
    }

    // ---- NumPy ----

    // ---- unary, comparison, truth ----

    /// A unary operator.
    pub fn unop(&mut self, op: UnaryOp, v: &Value) -> R<Value> {
        let v = &self.settle(v)?;
        if op == UnaryOp::Not {
            return Ok(match self.truth(v)? {
                Truth::Known(b) => Value::Bool(!b),
                Truth::Dyn(c) => {
                    let id = self.emit(Op::Unary(Unary::Not), vec![c], Type::scalar(DType::Bool))?;
                    self.scalar(id, Kind::Py)
                }
            });
        }
        match (op, v) {
            (UnaryOp::USub, Value::Int(i)) => return Ok(Value::Int(-i)),
            (UnaryOp::UAdd, Value::Int(i)) => return Ok(Value::Int(*i)),
            (UnaryOp::Invert, Value::Int(i)) => return Ok(Value::Int(!i)),
            (UnaryOp::USub, Value::Float(f)) => return Ok(Value::Float(-f)),
            (UnaryOp::USub, Value::Complex(re, im)) => return Ok(Value::Complex(-re, -im)),
            (UnaryOp::USub, Value::Sym(d)) => {
                let d = d.clone();
                return self.int_binop(Operator::Sub, &Dim::from(0i64), &d);
            }
            (UnaryOp::UAdd, Value::Sym(_) | Value::Float(_) | Value::Complex(..)) => return Ok(v.clone()),
            (UnaryOp::Invert, Value::Sym(d)) => {
                let d = d.clone();
                return self.int_binop(Operator::Sub, &Dim::from(-1i64), &d);
            }
            _ => {}
        }
        if self.is_static(v) {
            let name = match op {
                UnaryOp::USub => "neg",
                UnaryOp::UAdd => "pos",
                _ => "invert",
            };
            return self.ask(&format!("operator.{name}(a0)"), std::slice::from_ref(v));
        }
        let v = match v {
            Value::Dyn(d) if d.dtype == DType::Bool && d.kind != Kind::Np => {
                let id = self.cast(d.id, DType::Int64)?;
                self.set_range(id, (0, 1));
                return self.unop(op, &Value::Sym(Dim::from(id)));
            }
            v => v,
        };
        let Some(dtype) = self.number_dtype(v) else {
            if let Value::Object(c) = v
                && let Cell::Object { class, .. } = self.heap.get(*c)
                && let Some(super::value::Member::Method(f)) = class.find("__neg__")
                && op == UnaryOp::USub
            {
                return self.call_function(&f, vec![v.clone()], vec![]);
            }
            return self.raise("TypeError", format!("bad operand type for unary {}: {}", op.as_str(), v.describe()));
        };
        if matches!(v, Value::Dyn(d) if d.kind == Kind::Mixed && d.dtype == DType::Bool) {
            return self.refuse(
                "PM0122",
                "this is a Python bool on one path and a numpy.bool on another, which `~` and `-` treat differently",
            );
        }
        let x = self.operand(v, dtype)?;
        let ty = self.ty(x);
        let u = match op {
            UnaryOp::UAdd => {
                let id = self.emit(Op::Reshape, vec![x], ty)?;
                return Ok(self.rewrap(v, id));
            }
            UnaryOp::USub if dtype == DType::Bool => {
                return self.raise("TypeError", "The numpy boolean negative, the `-` operator, is not supported");
            }
            UnaryOp::USub => Unary::Neg,
            _ if dtype.is_integer() || dtype == DType::Bool => Unary::Not,
            _ => return self.raise("TypeError", format!("bad operand type for unary ~: '{dtype}'")),
        };
        let id = self.emit(Op::Unary(u), vec![x], ty)?;
        Ok(self.rewrap(v, id))
    }
    /// A result of the same kind (Python or NumPy) as the operand it came from.
    pub fn rewrap(&mut self, like: &Value, id: ValueId) -> Value {
        match like {
            Value::Dyn(d) => self.scalar(id, d.kind),
            _ => self.result(id),
        }
    }
    fn repeat_list(&mut self, c: super::value::CellId, times: &Dim) -> R<Value> {
        let Cell::List(items) = self.heap.get(c) else {
            return self.refuse("PM0133", "repeating a list whose length depends on data is not supported");
        };
        let [item] = items.as_slice() else {
            return self
                .refuse("PM0133", "only a list of one item can be repeated a number of times known at run time");
        };
        let item = item.clone();
        let Some(dtype) = self.number_dtype(&item) else {
            return self.refuse("PM0133", "a list of this item cannot be repeated a number of times known at run time");
        };
        if !self.proves_nonnegative(times) {
            self.check_between(times, 0, i64::MAX, "Unsupported", "a list is repeated a negative number of times")?;
        }
        let v = self.operand(&item, dtype)?;
        let storage = self.broadcast_to(v, std::slice::from_ref(times))?;
        let template = self.template(&item)?;
        let cell = self.heap.alloc(Cell::DynList(super::state::DynList {
            storage,
            item: Type::scalar(dtype),
            template,
            len: times.clone(),
            capacity: times.clone(),
        }));
        Ok(Value::List(cell))
    }
    /// What items of a computed list look like when read: the kind of scalar, without its value.
    pub fn template(&mut self, item: &Value) -> R<Value> {
        let z = ValueId(0);
        Ok(match item {
            Value::Int(_) | Value::Sym(_) => Value::Sym(Dim::from(z)),
            Value::Bool(_) | Value::Float(_) | Value::Complex(..) => {
                let dtype = self.number_dtype(item).unwrap_or(DType::Float64);
                Value::Dyn(DynScalar { id: z, dtype, kind: Kind::Py })
            }
            Value::Scalar(s) => Value::Dyn(DynScalar { id: z, dtype: s.dtype, kind: Kind::Np }),
            Value::Dyn(d) => Value::Dyn(DynScalar { id: z, ..*d }),
            Value::Array(a) => Value::Array(a.clone()),
            Value::Tuple(parts, names) if !parts.is_empty() && parts.iter().all(Self::is_number) => {
                let scalar = |p: &Value| !matches!(p, Value::Array(_));
                if !parts.iter().all(scalar) {
                    return self.refuse("PM0133", "a list whose length depends on data cannot hold tuples of arrays");
                }
                let parts = parts.iter().map(|p| self.template(p)).collect::<R<Vec<_>>>()?;
                Value::Tuple(parts.into(), names.clone())
            }
            v => {
                return self
                    .refuse("PM0133", format!("a list whose length depends on data cannot hold {}", v.describe()));
            }
        })
    }
}

pub(super) fn plain_int(v: &Value) -> Option<i128> {
    match v {
        Value::Int(i) => Some(*i),
        Value::Bool(b) => Some(i128::from(*b)),
        _ => None,
    }
}

pub(super) fn convert_one(dtype: DType) -> Scalar {
    super::eval::convert_constant(Scalar::i64(1), dtype)
}

pub(super) fn arithmetic(op: Operator) -> Binary {
    match op {
        Operator::Add => Binary::Add,
        Operator::Sub => Binary::Sub,
        _ => Binary::Mul,
    }
}

pub(super) fn logic_op(op: Operator) -> Option<Binary> {
    match op {
        Operator::BitAnd => Some(Binary::And),
        Operator::BitOr => Some(Binary::Or),
        Operator::BitXor => Some(Binary::Xor),
        _ => None,
    }
}

/// Name in Python's `operator` module.
pub fn operator_name(op: Operator) -> &'static str {
    match op {
        Operator::Add => "add",
        Operator::Sub => "sub",
        Operator::Mult => "mul",
        Operator::MatMult => "matmul",
        Operator::Div => "truediv",
        Operator::Mod => "mod",
        Operator::Pow => "pow",
        Operator::LShift => "lshift",
        Operator::RShift => "rshift",
        Operator::BitOr => "or_",
        Operator::BitXor => "xor",
        Operator::BitAnd => "and_",
        Operator::FloorDiv => "floordiv",
    }
}
