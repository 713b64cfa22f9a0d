//! Operators with a NumPy operand: promotion (NEP 50), broadcasting, elementwise operations.

use super::eval::{Eval, FULL, R};
use super::ops::{arithmetic, convert_one, logic_op, operator_name};
use super::value::{DynScalar, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, Unary, ValueId};
use ruff_python_ast::Operator;

impl<'a> Eval<'a> {
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
                self.refuse_stretching(&cur, d)?;
                out[at] = self.require_equal(&cur, d, "operands could not be broadcast together")?;
            }
        }
        Ok(out)
    }
    /// Extents that differ broadcast in NumPy where one of them is 1, which is not translated for extents that the
    /// bench did not show so.
    fn refuse_stretching(&mut self, a: &Dim, b: &Dim) -> R<()> {
        let may = |r: (i128, i128)| r.0 <= 1 && r.1 >= 1;
        let (x, y) = (self.interval(a), self.interval(b));
        if !(may(x) || may(y)) || x.1 < y.0 && !may(x) || y.1 < x.0 && !may(y) {
            return Ok(());
        }
        let bool = Type::scalar(DType::Bool);
        let one = self.constant(Scalar::i64(1))?;
        let (p, q) = (self.dim_value(a)?, self.dim_value(b)?);
        let mut ok = self.emit(Op::Binary(Binary::Eq), vec![p, q], bool.clone())?;
        let mut many = None;
        for (v, _) in [(p, x), (q, y)].into_iter().filter(|(_, r)| may(*r)) {
            let more = self.emit(Op::Binary(Binary::Ne), vec![v, one], bool.clone())?;
            many = Some(match many {
                None => more,
                Some(m) => self.emit(Op::Binary(Binary::And), vec![m, more], bool.clone())?,
            });
        }
        if let Some(many) = many {
            ok = self.emit(Op::Binary(Binary::Or), vec![ok, many], bool)?;
            self.check(ok, "Unsupported", "an extent of 1 broadcasts here, unlike in any call of the bench")?;
        }
        Ok(())
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
            (Some(k @ 4..=99), _) if dtype.is_complex() => {
                let x = self.operand(a, dtype)?;
                let id = self.complex_power(x, k as u32)?;
                Ok(self.result(id))
            }
            (None, Some(h)) if h == 0.5 && dtype.is_complex() && matches!(a, Value::Array(_)) => {
                self.kernel_call("numpy.sqrt", std::slice::from_ref(a), dtype)
            }
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
    /// A complex number to a power from 4, in NumPy's and Python's order: 1 times the squares that the bits of the
    /// exponent ask for.
    pub fn complex_power(&mut self, x: ValueId, k: u32) -> R<ValueId> {
        let ty = self.ty(x);
        let one = self.constant(convert_one(ty.dtype))?;
        let mut acc = self.broadcast_to(one, &ty.shape)?;
        let mut base = x;
        for bit in 0..=k.ilog2() {
            if bit > 0 {
                base = self.emit(Op::Binary(Binary::Mul), vec![base, base], ty.clone())?;
            }
            if k >> bit & 1 == 1 {
                acc = self.emit(Op::Binary(Binary::Mul), vec![acc, base], ty.clone())?;
            }
        }
        Ok(acc)
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
}
