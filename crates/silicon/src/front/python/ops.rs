//! Operators: Python's own arithmetic on its scalars, NumPy's promotion (NEP 50) on arrays and NumPy scalars.

use super::eval::{Eval, FULL, R};
use super::state::Cell;
use super::value::{DynScalar, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, Unary, ValueId};
use ruff_python_ast::{CmpOp, Operator, UnaryOp};

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
    fn is_number(v: &Value) -> bool {
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
        // lists and tuples next to arrays become arrays
        let lift = |ev: &mut Self, v: &Value, other: &Value| -> R<Value> {
            match v {
                Value::List(_) | Value::Tuple(..) if Self::is_numpy(other) => ev.array_of(v, None),
                v => Ok(v.clone()),
            }
        };
        let (a, b) = (&lift(self, a, b)?, &lift(self, b, a)?);
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

    fn fits(&self, d: &Dim) -> bool {
        let (lo, hi) = self.interval(d);
        lo >= FULL.0 && hi <= FULL.1 && d.terms.len() <= 12
    }
    fn int_of(&self, v: &Value) -> Option<Dim> {
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
            if kind == Kind::Py && !dtype.is_complex() {
                self.check_overflow(id, x)?;
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
            let out = self.kernel_ids("numpy.power", &[x, y])?;
            if kind == Kind::Py {
                self.check_overflow(out, x)?;
            }
            return Ok(self.scalar(out, kind));
        }
        let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
        let out = self.kernel_ids("numpy.power", &[x, y])?;
        Ok(self.scalar(out, kind))
    }
    /// Python raises OverflowError where a finite base gives an infinite power.
    fn check_overflow(&mut self, out: ValueId, x: ValueId) -> R<()> {
        let b = Type::scalar(DType::Bool);
        let big = self.emit(Op::Unary(Unary::IsInf), vec![out], b.clone())?;
        let was = self.emit(Op::Unary(Unary::IsInf), vec![x], b.clone())?;
        let fine = self.emit(Op::Unary(Unary::Not), vec![big], b.clone())?;
        let ok = self.emit(Op::Binary(Binary::Or), vec![fine, was], b)?;
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

    /// NEP 50: the common element type of operands; Python scalars follow the others.
    pub fn result_dtype(&self, operands: &[&Value]) -> R<DType> {
        let mixed = |v: &&&Value| matches!(v, Value::Dyn(d) if d.kind == Kind::Mixed);
        if operands.iter().any(|v| mixed(&v)) {
            // both readings must agree
            let as_kind = |kind: Kind| -> Vec<Value> {
                operands
                    .iter()
                    .map(|v| match v {
                        Value::Dyn(d) if d.kind == Kind::Mixed && kind == Kind::Np => {
                            Value::Dyn(DynScalar { kind, ..*d })
                        }
                        Value::Dyn(d) if d.kind == Kind::Mixed && d.dtype == DType::Int64 => {
                            Value::Sym(Dim::from(d.id))
                        }
                        Value::Dyn(d) if d.kind == Kind::Mixed => Value::Dyn(DynScalar { kind, ..*d }),
                        v => (*v).clone(),
                    })
                    .collect()
            };
            let (numpy, python) = (as_kind(Kind::Np), as_kind(Kind::Py));
            let p = self.result_dtype(&numpy.iter().collect::<Vec<_>>())?;
            let q = self.result_dtype(&python.iter().collect::<Vec<_>>())?;
            if p != q {
                return self.refuse_help(
                    "PM0122",
                    format!("this scalar is Python's on one path and NumPy's on another, which gives {q} on one and {p} on the other"),
                    "write `float(...)`/`int(...)` or `np.float64(...)`/`np.int64(...)` where it is assigned",
                );
            }
            return Ok(p);
        }
        let mut strong: Option<DType> = None;
        let mut weak = 0; // 1 bool, 2 int, 3 float, 4 complex
        for v in operands {
            match v {
                Value::Bool(_) => weak = weak.max(1),
                Value::Int(_) | Value::Sym(_) => weak = weak.max(2),
                Value::Float(_) => weak = weak.max(3),
                Value::Complex(..) => weak = weak.max(4),
                Value::Dyn(d) if d.kind != Kind::Np => {
                    weak = weak.max(match d.dtype {
                        DType::Bool => 1,
                        DType::Float64 => 3,
                        DType::Complex128 => 4,
                        _ => 2,
                    });
                }
                v => match self.number_dtype(v) {
                    Some(d) => strong = Some(strong.map_or(d, |s| s.promote(d))),
                    None => return self.refuse("PM0110", format!("{} cannot be used as a number here", v.describe())),
                },
            }
        }
        let Some(s) = strong else {
            return Ok(match weak {
                1 => DType::Bool,
                2 => DType::Int64,
                3 => DType::Float64,
                _ => DType::Complex128,
            });
        };
        Ok(match weak {
            2 if s == DType::Bool => DType::Int64,
            3 if !s.is_float() && !s.is_complex() => DType::Float64,
            4 if s.is_float() => s.complex(),
            4 if !s.is_complex() => DType::Complex128,
            _ => s,
        })
    }
    /// A Python int next to integer arrays must fit their type.
    pub fn check_int_fits(&mut self, v: &Value, dtype: DType) -> R<()> {
        let Some((lo, hi)) = dtype.int_range() else { return Ok(()) };
        if dtype == DType::Bool {
            return Ok(());
        }
        match v {
            Value::Int(i) if *i < lo || *i > hi => {
                self.raise("OverflowError", format!("Python integer {i} out of bounds for {dtype}"))
            }
            Value::Sym(d) => {
                let d = d.clone();
                let (lo, hi) = (lo.max(FULL.0) as i64, hi.min(FULL.1) as i64);
                self.check_between(&d, lo, hi, "OverflowError", &format!("Python integer out of bounds for {dtype}"))
            }
            _ => Ok(()),
        }
    }
    /// Broadcasts shapes; extents that are not known to be equal are checked at run time.
    pub fn broadcast_shapes(&mut self, shapes: &[Vec<Dim>]) -> R<Vec<Dim>> {
        let rank = shapes.iter().map(Vec::len).max().unwrap_or(0);
        let mut out: Vec<Dim> = vec![Dim::from(1i64); rank];
        for s in shapes {
            for (k, d) in s.iter().enumerate() {
                let at = rank - s.len() + k;
                let cur = out[at].clone();
                if cur == *d || d.as_const() == Some(1) {
                    continue;
                }
                if cur.as_const() == Some(1) {
                    out[at] = d.clone();
                    continue;
                }
                out[at] = self.require_equal(&cur, d, "operands could not be broadcast together")?;
            }
        }
        Ok(out)
    }
    /// Two extents that must be equal; gives the better known one.
    pub fn require_equal(&mut self, a: &Dim, b: &Dim, message: &str) -> R<Dim> {
        if a == b {
            return Ok(a.clone());
        }
        let (x, y) = (self.interval(a), self.interval(b));
        if (a.as_const().is_some() && b.as_const().is_some()) || x.1 < y.0 || y.1 < x.0 {
            return self.raise("ValueError", message);
        }
        let (p, q) = (self.dim_value(a)?, self.dim_value(b)?);
        let ok = self.emit(Op::Binary(Binary::Eq), vec![p, q], Type::scalar(DType::Bool))?;
        self.check(ok, "ValueError", message)?;
        let rank = |d: &Dim| if d.as_const().is_some() { 0 } else { 1 + usize::from(d.is_dynamic()) };
        Ok(if rank(b) < rank(a) { b.clone() } else { a.clone() })
    }
    /// Gives operands the extents of the broadcast shape where those are equal only by a run-time check.
    pub fn align(&mut self, v: ValueId, shape: &[Dim]) -> R<ValueId> {
        let ty = self.ty(v);
        let lead = shape.len() - ty.shape.len();
        let want: Vec<Dim> = ty
            .shape
            .iter()
            .enumerate()
            .map(|(k, d)| if d.as_const() == Some(1) { d.clone() } else { shape[lead + k].clone() })
            .collect();
        self.reshape_to(v, want)
    }
    /// Elementwise operation on operands of one type.
    pub fn elementwise(&mut self, op: Op, args: Vec<ValueId>, out: DType) -> R<ValueId> {
        let shapes: Vec<Vec<Dim>> = args.iter().map(|a| self.ty(*a).shape).collect();
        let shape = self.broadcast_shapes(&shapes)?;
        let args = args.into_iter().map(|a| self.align(a, &shape)).collect::<R<Vec<_>>>()?;
        self.emit(op, args, Type { dtype: out, shape })
    }
    /// The result of an elementwise operation as a value.
    pub fn elementwise_value(&mut self, op: Op, args: Vec<ValueId>, out: DType) -> R<Value> {
        let id = self.elementwise(op, args, out)?;
        Ok(self.result(id))
    }

    /// Arithmetic with at least one NumPy operand.
    pub fn numpy_binop(&mut self, op: Operator, a: &Value, b: &Value) -> R<Value> {
        let mut dtype = self.result_dtype(&[a, b])?;
        if dtype.is_integer() {
            self.check_int_fits(a, dtype)?;
            self.check_int_fits(b, dtype)?;
        }
        match op {
            Operator::Div => {
                if !dtype.is_float() && !dtype.is_complex() {
                    dtype = DType::Float64;
                }
                let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
                let id = if dtype.is_complex() {
                    self.kernel_ids("numpy.divide", &[x, y])?
                } else {
                    self.elementwise(Op::Binary(Binary::Div), vec![x, y], dtype)?
                };
                Ok(self.result(id))
            }
            Operator::Add | Operator::Sub | Operator::Mult => {
                let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
                let bop = match (op, dtype) {
                    (Operator::Add, DType::Bool) => Binary::Or,
                    (Operator::Mult, DType::Bool) => Binary::And,
                    (Operator::Sub, DType::Bool) => {
                        return self.raise("TypeError", "numpy boolean subtract, the `-` operator, is not supported");
                    }
                    _ => arithmetic(op),
                };
                self.elementwise_value(Op::Binary(bop), vec![x, y], dtype)
            }
            Operator::FloorDiv | Operator::Mod => {
                if dtype.is_float() {
                    let name = if op == Operator::Mod { "numpy.mod" } else { "numpy.floor_divide" };
                    return self.kernel_call(name, &[a.clone(), b.clone()], dtype);
                }
                if dtype.is_complex() {
                    return self.raise("TypeError", "ufunc 'floor_divide' not supported for complex");
                }
                if dtype == DType::Bool {
                    dtype = DType::Int8;
                }
                let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
                let bop = if op == Operator::Mod { Binary::FloorMod } else { Binary::FloorDiv };
                let v = self.elementwise_value(Op::Binary(bop), vec![x, y], dtype)?;
                if op == Operator::Mod
                    && let (Value::Dyn(d), Some(k)) = (&v, self.known_int(b))
                    && k > 0
                {
                    self.set_range(d.id, (0, k - 1));
                }
                Ok(v)
            }
            Operator::BitAnd | Operator::BitOr | Operator::BitXor => {
                if !dtype.is_integer() && dtype != DType::Bool {
                    return self.raise("TypeError", format!("ufunc '{}' not supported for {dtype}", operator_name(op)));
                }
                let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
                let v = self.elementwise_value(Op::Binary(logic_op(op).unwrap_or(Binary::And)), vec![x, y], dtype)?;
                if let (Operator::BitAnd, Value::Dyn(d), Some(m)) = (op, &v, self.known_int(b).or(self.known_int(a)))
                    && m >= 0
                {
                    self.set_range(d.id, (0, m));
                }
                Ok(v)
            }
            Operator::LShift | Operator::RShift => {
                if dtype == DType::Bool {
                    dtype = DType::Int8;
                }
                if !dtype.is_integer() {
                    return self.raise("TypeError", format!("ufunc '{}' not supported for {dtype}", operator_name(op)));
                }
                let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
                let bop = if op == Operator::LShift { Binary::Shl } else { Binary::Shr };
                let v = self.elementwise_value(Op::Binary(bop), vec![x, y], dtype)?;
                if let (Value::Dyn(d), Value::Dyn(x), Operator::RShift) = (&v, a, op) {
                    let r = self.ranges.get(&x.id).copied().unwrap_or(FULL);
                    self.set_range(d.id, (r.0.min(0), r.1.max(0)));
                }
                Ok(v)
            }
            Operator::Pow => self.numpy_pow(a, b, dtype),
            Operator::MatMult => self.matmul(a, b),
        }
    }
    fn numpy_pow(&mut self, a: &Value, b: &Value, dtype: DType) -> R<Value> {
        if dtype == DType::Bool {
            return self.numpy_pow(a, b, DType::Int8);
        }
        let known = self.known_scalar(b);
        let whole = known.and_then(|s| match s.as_int() {
            Some(i) => Some(i),
            None if !s.dtype.is_complex() && s.real_f64().fract() == 0.0 && s.real_f64().abs() < 64.0 => {
                Some(s.real_f64() as i128)
            }
            None => None,
        });
        if dtype.is_integer() {
            let Some(k) = whole else {
                if self.known_int(a) == Some(2) {
                    let (one, y) = (self.constant(Scalar::int(dtype, 1))?, self.operand(b, dtype)?);
                    if dtype.is_signed() {
                        let zero = self.constant(Scalar::int(dtype, 0))?;
                        let shape = self.ty(y).shape;
                        let ok =
                            self.emit(Op::Binary(Binary::Ge), vec![y, zero], Type { dtype: DType::Bool, shape })?;
                        self.check_all(ok, "ValueError", "Integers to negative integer powers are not allowed.")?;
                    }
                    return self.elementwise_value(Op::Binary(Binary::Shl), vec![one, y], dtype);
                }
                return self.refuse_help(
                    "PM0121",
                    "integers to an integer power that is not a constant are not supported",
                    "use a float base",
                );
            };
            if k < 0 {
                return self.raise("ValueError", "Integers to negative integer powers are not allowed.");
            }
            let x = self.operand(a, dtype)?;
            return self.power_by_squaring(x, k as u32, dtype);
        }
        match (whole, known.map(|s| s.real_f64())) {
            (Some(k @ 1..=2), _) => {
                let x = self.operand(a, dtype)?;
                self.power_by_squaring(x, k as u32, dtype)
            }
            (None, Some(h)) if h == 0.5 && !dtype.is_complex() => {
                let x = self.operand(a, dtype)?;
                let ty = self.ty(x);
                let id = self.emit(Op::Unary(Unary::Sqrt), vec![x], ty)?;
                Ok(self.result(id))
            }
            (Some(-1), _) if !dtype.is_complex() => {
                let (one, y) = (self.constant(Scalar::float(dtype, 1.0, 0.0))?, self.operand(a, dtype)?);
                self.elementwise_value(Op::Binary(Binary::Div), vec![one, y], dtype)
            }
            _ => self.kernel_call("numpy.power", &[a.clone(), b.clone()], dtype),
        }
    }
    fn power_by_squaring(&mut self, x: ValueId, k: u32, dtype: DType) -> R<Value> {
        let ty = self.ty(x);
        if k == 0 {
            let one = self.constant(convert_one(dtype))?;
            let id = self.broadcast_to(one, &ty.shape)?;
            return Ok(self.result(id));
        }
        let mut acc: Option<ValueId> = None;
        let mut base = x;
        let mut k = k;
        loop {
            if k & 1 == 1 {
                acc = Some(match acc {
                    None => base,
                    Some(a) => self.emit(Op::Binary(Binary::Mul), vec![a, base], ty.clone())?,
                });
            }
            k >>= 1;
            if k == 0 {
                break;
            }
            base = self.emit(Op::Binary(Binary::Mul), vec![base, base], ty.clone())?;
        }
        let id = acc.unwrap_or(x);
        // never alias the operand
        Ok(self.result(id))
    }
    /// Stops the program unless every element is true.
    pub fn check_all(&mut self, v: ValueId, exception: &str, message: &str) -> R<()> {
        let rank = self.ty(v).rank();
        let all = if rank == 0 {
            v
        } else {
            let op = Op::Reduce { kind: crate::hir::Reduction::All, axes: (0..rank).collect() };
            self.emit(op, vec![v], Type::scalar(DType::Bool))?
        };
        self.check(all, exception, message)
    }

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
            return self.ask(&format!("operator.{name}(a0)"), &[v.clone()]);
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
    /// One comparison.
    pub fn compare(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
        let (a, b) = (&self.settle(a)?, &self.settle(b)?);
        if let (Value::OneOf(own, id), other) | (other, Value::OneOf(own, id)) = (a, b) {
            let (own, id) = (own.clone(), *id);
            let equal = match op {
                CmpOp::Eq | CmpOp::NotEq | CmpOp::Is | CmpOp::IsNot if !matches!(other, Value::OneOf(..)) => {
                    Some(self.label_is(&own, id, &|x| x.same(other))?)
                }
                CmpOp::In | CmpOp::NotIn if matches!(a, Value::OneOf(..)) => {
                    let items = self.known_items(b)?;
                    Some(self.label_is(&own, id, &|x| items.iter().any(|i| i.same(x)))?)
                }
                _ => None,
            };
            let Some(equal) = equal else {
                return self.refuse("PM0115", "comparing two strings chosen at run time is not supported");
            };
            let negated = matches!(op, CmpOp::NotEq | CmpOp::IsNot | CmpOp::NotIn);
            return if negated { self.unop(UnaryOp::Not, &equal) } else { Ok(equal) };
        }
        match op {
            CmpOp::Is | CmpOp::IsNot => {
                let same = match (a, b) {
                    (Value::None, Value::None) => true,
                    (Value::None, _) | (_, Value::None) => false,
                    (Value::Bool(x), Value::Bool(y)) => x == y,
                    (Value::Dyn(d), Value::Bool(t)) | (Value::Bool(t), Value::Dyn(d))
                        if d.dtype == DType::Bool && d.kind == Kind::Py =>
                    {
                        let want = *t == (op == CmpOp::Is);
                        if want {
                            return Ok(self.scalar(d.id, Kind::Py));
                        }
                        let id = self.emit(Op::Unary(Unary::Not), vec![d.id], Type::scalar(DType::Bool))?;
                        return Ok(self.scalar(id, Kind::Py));
                    }
                    (Value::Array(x), Value::Array(y)) => x == y,
                    (Value::Library(_) | Value::Dtype(_), _) | (_, Value::Library(_) | Value::Dtype(_)) => a.same(b),
                    (x, y) if std::mem::discriminant(x) == std::mem::discriminant(y) => match x {
                        Value::List(_)
                        | Value::Dict(_)
                        | Value::Object(_)
                        | Value::Class(_)
                        | Value::Function(_)
                        | Value::Str(_)
                        | Value::Int(_)
                        | Value::Ellipsis
                        | Value::Module(_)
                        | Value::Opaque(_) => x.same(y),
                        _ => return self.refuse("PM0115", "`is` between these values is not supported; use `==`"),
                    },
                    _ => false,
                };
                Ok(Value::Bool(same == (op == CmpOp::Is)))
            }
            CmpOp::In | CmpOp::NotIn => {
                let v = self.contains(b, a)?;
                if op == CmpOp::In { Ok(v) } else { self.unop(UnaryOp::Not, &v) }
            }
            _ => self.order(op, a, b),
        }
    }
    fn contains(&mut self, container: &Value, item: &Value) -> R<Value> {
        if self.is_static(container) && self.is_static(item) {
            return self.ask("operator.contains(a0, a1)", &[container.clone(), item.clone()]);
        }
        if let Value::Dict(c) = container
            && let Cell::Dict(items) = self.heap.get(*c)
        {
            if !self.is_static(item) {
                return self.refuse("PM0134", "a dict is searched with a key that depends on data");
            }
            return Ok(Value::Bool(items.iter().any(|(k, _)| k.same(item))));
        }
        if let Value::Range(r) = container
            && let (Some(0), Some(1)) = (self.known_int(&r[0]), self.known_int(&r[2]))
        {
            let r = r.clone();
            let low = self.compare(CmpOp::LtE, &Value::Int(0), item)?;
            let high = self.compare(CmpOp::Lt, item, &r[1])?;
            return self.binop(Operator::BitAnd, &low, &high);
        }
        if let Value::Array(_) = container {
            let eq = self.compare(CmpOp::Eq, container, item)?;
            return self.call_library("numpy.any", vec![eq], vec![]);
        }
        let items = self.known_items(container)?;
        let mut acc = Value::Bool(false);
        for x in items {
            let eq = self.compare(CmpOp::Eq, &x, item)?;
            match self.truth(&eq)? {
                Truth::Known(true) => return Ok(Value::Bool(true)),
                Truth::Known(false) => {}
                Truth::Dyn(c) => {
                    let c = self.scalar(c, Kind::Py);
                    acc = self.binop(Operator::BitOr, &acc, &c)?;
                }
            }
        }
        Ok(acc)
    }
    fn order(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
        if let (Some(x), Some(y)) = (plain_int(a), plain_int(b)) {
            return Ok(Value::Bool(match op {
                CmpOp::Eq => x == y,
                CmpOp::NotEq => x != y,
                CmpOp::Lt => x < y,
                CmpOp::LtE => x <= y,
                CmpOp::Gt => x > y,
                _ => x >= y,
            }));
        }
        if let (Value::Str(x), Value::Str(y)) = (a, b) {
            return Ok(Value::Bool(match op {
                CmpOp::Eq => x == y,
                CmpOp::NotEq => x != y,
                CmpOp::Lt => x < y,
                CmpOp::LtE => x <= y,
                CmpOp::Gt => x > y,
                _ => x >= y,
            }));
        }
        let equality = matches!(op, CmpOp::Eq | CmpOp::NotEq);
        if equality {
            if let (
                Value::Dtype(_) | Value::Library(_) | Value::Str(_),
                Value::Dtype(_) | Value::Library(_) | Value::Str(_),
            ) = (a, b)
                && let (Ok(x), Ok(y)) = (self.as_dtype(a), self.as_dtype(b))
            {
                return Ok(Value::Bool((x == y) == (op == CmpOp::Eq)));
            }
            let plain = |v: &Value| {
                matches!(
                    v,
                    Value::None
                        | Value::Str(_)
                        | Value::Dtype(_)
                        | Value::Library(_)
                        | Value::Class(_)
                        | Value::Function(_)
                        | Value::Ellipsis
                        | Value::Module(_)
                )
            };
            if plain(a) || plain(b) {
                if matches!((a, b), (Value::Array(_), _) | (_, Value::Array(_)))
                    && !matches!((a, b), (Value::None, _) | (_, Value::None))
                {
                    return self.refuse(
                        "PM0115",
                        format!("comparing {} with {} is not supported", a.describe(), b.describe()),
                    );
                }
                return Ok(Value::Bool(a.same(b) == (op == CmpOp::Eq)));
            }
        }
        if let (Value::Sym(x), Value::Sym(_) | Value::Int(_)) | (Value::Int(_), Value::Sym(x)) = (a, b) {
            let _ = x;
            let (Some(x), Some(y)) = (self.int_of(a), self.int_of(b)) else {
                // a constant beyond int64
                let big = plain_int(b).map(|i| i > 0).or(plain_int(a).map(|i| i < 0)).unwrap_or(false);
                return Ok(Value::Bool(match op {
                    CmpOp::Eq => false,
                    CmpOp::NotEq => true,
                    CmpOp::Lt | CmpOp::LtE => big,
                    _ => !big,
                }));
            };
            let d = y.sub(&x);
            let (lo, hi) = self.interval(&d);
            let known = match op {
                CmpOp::Lt if self.proves_nonnegative(&d.offset(-1)) => Some(true),
                CmpOp::Lt if self.proves_nonnegative(&d.scale(-1)) => Some(false),
                CmpOp::LtE if self.proves_nonnegative(&d) => Some(true),
                CmpOp::LtE if self.proves_nonnegative(&d.scale(-1).offset(-1)) => Some(false),
                CmpOp::Gt if self.proves_nonnegative(&d.scale(-1).offset(-1)) => Some(true),
                CmpOp::Gt if self.proves_nonnegative(&d) => Some(false),
                CmpOp::GtE if self.proves_nonnegative(&d.scale(-1)) => Some(true),
                CmpOp::GtE if self.proves_nonnegative(&d.offset(-1)) => Some(false),
                CmpOp::Eq | CmpOp::NotEq if lo == 0 && hi == 0 => Some(op == CmpOp::Eq),
                CmpOp::Eq | CmpOp::NotEq
                    if lo > 0
                        || hi < 0
                        || self.proves_nonnegative(&d.offset(-1))
                        || self.proves_nonnegative(&d.scale(-1).offset(-1)) =>
                {
                    Some(op == CmpOp::NotEq)
                }
                _ => None,
            };
            if let Some(k) = known {
                return Ok(Value::Bool(k));
            }
        }
        if let (Some(x), Some(y)) = (self.known_scalar(a), self.known_scalar(b))
            && !matches!(a, Value::Array(_))
            && !matches!(b, Value::Array(_))
            && !x.dtype.is_complex()
            && !y.dtype.is_complex()
        {
            let order = match (x.as_int(), y.as_int()) {
                (Some(x), Some(y)) => Some(x.cmp(&y)),
                (p, q) if p.is_none_or(|i| i.abs() < 1 << 53) && q.is_none_or(|i| i.abs() < 1 << 53) => {
                    let f = |s: Scalar| s.as_int().map_or_else(|| s.real_f64(), |i| i as f64);
                    match f(x).partial_cmp(&f(y)) {
                        Some(o) => Some(o),
                        None => {
                            return Ok(if Self::is_numpy(a) || Self::is_numpy(b) {
                                Value::Scalar(Scalar::bool(op == CmpOp::NotEq))
                            } else {
                                Value::Bool(op == CmpOp::NotEq)
                            });
                        }
                    }
                }
                _ => None,
            };
            if let Some(o) = order {
                let r = match op {
                    CmpOp::Eq => o.is_eq(),
                    CmpOp::NotEq => o.is_ne(),
                    CmpOp::Lt => o.is_lt(),
                    CmpOp::LtE => o.is_le(),
                    CmpOp::Gt => o.is_gt(),
                    _ => o.is_ge(),
                };
                return Ok(if Self::is_numpy(a) || Self::is_numpy(b) {
                    Value::Scalar(Scalar::bool(r))
                } else {
                    Value::Bool(r)
                });
            }
        }
        if self.is_static(a) && self.is_static(b) {
            let name = match op {
                CmpOp::Eq => "eq",
                CmpOp::NotEq => "ne",
                CmpOp::Lt => "lt",
                CmpOp::LtE => "le",
                CmpOp::Gt => "gt",
                _ => "ge",
            };
            return self.ask(&format!("operator.{name}(a0, a1)"), &[a.clone(), b.clone()]);
        }
        if let (Value::Tuple(x, _), Value::Tuple(y, _)) = (a, b)
            && equality
        {
            if x.len() != y.len() {
                return Ok(Value::Bool(op == CmpOp::NotEq));
            }
            let mut acc = Value::Bool(true);
            for (p, q) in x.clone().iter().zip(y.clone().iter()) {
                let e = self.compare(CmpOp::Eq, p, q)?;
                acc = self.binop(Operator::BitAnd, &acc, &e)?;
            }
            return if op == CmpOp::Eq { Ok(acc) } else { self.unop(UnaryOp::Not, &acc) };
        }
        let lift = |ev: &mut Self, v: &Value, other: &Value| -> R<Value> {
            match v {
                Value::List(_) | Value::Tuple(..) if Self::is_numpy(other) => ev.array_of(v, None),
                v => Ok(v.clone()),
            }
        };
        let (a, b) = (&lift(self, a, b)?, &lift(self, b, a)?);
        if !Self::is_number(a) || !Self::is_number(b) {
            return self.refuse("PM0115", format!("comparing {} with {} is not supported", a.describe(), b.describe()));
        }
        let numpy = Self::is_numpy(a) || Self::is_numpy(b);
        let mut dtype = self.result_dtype(&[a, b])?;
        if numpy && dtype.is_integer() {
            for v in [a, b] {
                // a Python int outside the array's type decides the comparison by itself
                if let (Value::Int(i), Some((lo, hi))) = (v, dtype.int_range())
                    && (*i < lo || *i > hi)
                {
                    dtype = DType::Int64;
                }
                if matches!(v, Value::Sym(_)) {
                    dtype = if dtype == DType::Uint64 { dtype } else { DType::Int64 };
                }
            }
        }
        if dtype == DType::Float64
            && let (Some(x), Some(y)) = (self.number_dtype(a), self.number_dtype(b))
            && ((x.is_integer() && y == DType::Uint64) || (y.is_integer() && x == DType::Uint64))
        {
            return self.refuse("PM0123", "comparing int64 with uint64 is not supported");
        }
        if dtype.is_complex() && !equality {
            return self.refuse("PM0124", "complex numbers are ordered lexicographically here, which is not supported");
        }
        // Python compares int with float exactly
        if !numpy && dtype == DType::Float64 {
            for v in [a, b] {
                if let Value::Sym(d) = v {
                    let d = d.clone();
                    self.check_between(
                        &d,
                        -(1 << 53),
                        1 << 53,
                        "Unsupported",
                        "an int beyond 2**53 is compared with a float",
                    )?;
                }
            }
        }
        let (x, y) = (self.operand(a, dtype)?, self.operand(b, dtype)?);
        let bop = match op {
            CmpOp::Eq => Binary::Eq,
            CmpOp::NotEq => Binary::Ne,
            CmpOp::Lt => Binary::Lt,
            CmpOp::LtE => Binary::Le,
            CmpOp::Gt => Binary::Gt,
            _ => Binary::Ge,
        };
        let id = self.elementwise(Op::Binary(bop), vec![x, y], DType::Bool)?;
        if numpy { Ok(self.result(id)) } else { Ok(self.scalar(id, Kind::Py)) }
    }
    /// `bool(v)`.
    pub fn truth(&mut self, v: &Value) -> R<Truth> {
        let v = &self.settle(v)?;
        Ok(match v {
            Value::None => Truth::Known(false),
            Value::Bool(b) => Truth::Known(*b),
            Value::Int(i) => Truth::Known(*i != 0),
            Value::Float(f) => Truth::Known(*f != 0.0),
            Value::Complex(a, b) => Truth::Known(*a != 0.0 || *b != 0.0),
            Value::Str(s) => Truth::Known(!s.is_empty()),
            Value::Tuple(t, _) => Truth::Known(!t.is_empty()),
            Value::Scalar(s) => Truth::Known(super::eval::convert_constant(*s, DType::Bool).re != 0),
            Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Range(_) => {
                let n = self.length(v)?;
                return self.truth(&n);
            }
            Value::Sym(d) => {
                let d = d.clone();
                let (lo, hi) = self.interval(&d);
                if lo > 0 || hi < 0 {
                    return Ok(Truth::Known(true));
                }
                let c = self.compare(CmpOp::NotEq, &Value::Sym(d), &Value::Int(0))?;
                return self.truth(&c);
            }
            Value::Dyn(d) => {
                let c = self.cast(d.id, DType::Bool)?;
                Truth::Dyn(c)
            }
            Value::Array(a) => {
                if let Some(n) = self.static_array(a)
                    && n.size() == 1
                {
                    return Ok(Truth::Known(super::eval::convert_constant(n.get(0), DType::Bool).re != 0));
                }
                let size = a.ty.size();
                if size.as_const() == Some(1) {
                    let id = self.read_array(a)?;
                    let id = self.reshape_to(id, vec![])?;
                    return Ok(Truth::Dyn(self.cast(id, DType::Bool)?));
                }
                return self.raise(
                    "ValueError",
                    "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()",
                );
            }
            Value::Object(c) => {
                let c = *c;
                if let Cell::Object { class, .. } = self.heap.get(c)
                    && let Some(super::value::Member::Method(f)) = class.find("__len__").or(class.find("__bool__"))
                {
                    let n = self.call_function(&f, vec![v.clone()], vec![])?;
                    return self.truth(&n);
                }
                Truth::Known(true)
            }
            Value::OneOf(own, id) => {
                let (own, id) = (own.clone(), *id);
                let v = self.label_is(&own, id, &|x| matches!(x, Value::Str(s) if !s.is_empty()))?;
                return self.truth(&v);
            }
            Value::Opaque(_) => return self.refuse("PM0112", format!("the truth of {} is not known", v.describe())),
            _ => Truth::Known(true),
        })
    }
    /// The truth value as a HIR scalar.
    pub fn truth_id(&mut self, v: &Value) -> R<ValueId> {
        match self.truth(v)? {
            Truth::Known(b) => self.constant(Scalar::bool(b)),
            Truth::Dyn(c) => Ok(c),
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
            v => {
                return self
                    .refuse("PM0133", format!("a list whose length depends on data cannot hold {}", v.describe()));
            }
        })
    }
}

fn plain_int(v: &Value) -> Option<i128> {
    match v {
        Value::Int(i) => Some(*i),
        Value::Bool(b) => Some(i128::from(*b)),
        _ => None,
    }
}

fn convert_one(dtype: DType) -> Scalar {
    super::eval::convert_constant(Scalar::i64(1), dtype)
}

fn arithmetic(op: Operator) -> Binary {
    match op {
        Operator::Add => Binary::Add,
        Operator::Sub => Binary::Sub,
        _ => Binary::Mul,
    }
}

fn logic_op(op: Operator) -> Option<Binary> {
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
