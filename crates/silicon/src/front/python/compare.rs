//! Comparisons, membership and truth.

use super::eval::{Eval, R};
use super::ops::{Truth, plain_int};
use super::state::Cell;
use super::value::{Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Op, Type, Unary, ValueId};
use ruff_python_ast::{CmpOp, Operator, UnaryOp};

impl<'a> Eval<'a> {
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
    pub(super) fn contains(&mut self, container: &Value, item: &Value) -> R<Value> {
        if self.is_static(container) && self.is_static(item) {
            return self.ask("operator.contains(a0, a1)", &[container.clone(), item.clone()]);
        }
        if let Value::Dict(c) = container
            && let Cell::Dict(items) = self.heap.get(*c)
        {
            if !self.is_static(item) {
                return self.dict_contains(*c, item);
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
    pub(super) fn order(&mut self, op: CmpOp, a: &Value, b: &Value) -> R<Value> {
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
        let (a, b) = (&self.array_beside(a, b)?, &self.array_beside(b, a)?);
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
}
