//! Extents and positions: upper bounds, indices brought into range, slices resolved.

use super::eval::{Eval, R};
use super::value::Value;
use crate::dtype::{DType, Scalar};
use crate::hir::{Atom, Binary, Dim, Op, Type};

impl<'a> Eval<'a> {
    /// Upper bound of a dimension in terms of named lengths and constants; `None` when there is none.
    pub fn upper_bound(&self, d: &Dim, depth: u32) -> Option<Dim> {
        if !d.is_dynamic() {
            return Some(d.clone());
        }
        let (_, hi) = self.interval(d);
        let numeric = (hi < 1 << 40).then(|| Dim::from(hi as i64));
        if depth == 0 {
            return numeric;
        }
        let mut best: Option<Dim> = None;
        let mut better = |c: Option<Dim>| {
            if let Some(c) = c {
                best = Some(match best.take() {
                    Some(b) if self.interval(&b).1 <= self.interval(&c).1 => b,
                    _ => c,
                });
            }
        };
        for (a, c) in d.terms.iter().rev() {
            let rest = d.sub(&Dim { terms: vec![(a.clone(), *c)], constant: 0 });
            match a {
                Atom::Value(v) => {
                    if let Some((lo, hi)) = self.func.bounds.get(v)
                        && let Some(b) = if *c > 0 { hi } else { lo }
                    {
                        better(self.upper_bound(&rest.add(&b.scale(*c)), depth - 1));
                        break;
                    }
                }
                Atom::Min(x, y) if *c > 0 => {
                    better(self.upper_bound(&rest.add(&x.scale(*c)), depth - 1));
                    better(self.upper_bound(&rest.add(&y.scale(*c)), depth - 1));
                    break;
                }
                Atom::Max(x, y) if *c > 0 => {
                    let p = self.upper_bound(&rest.add(&x.scale(*c)), depth - 1);
                    let q = self.upper_bound(&rest.add(&y.scale(*c)), depth - 1);
                    better(p.zip(q).map(|(p, q)| p.maximum(&q)));
                    break;
                }
                Atom::Max(x, y) => {
                    // subtracting the larger of two subtracts at least either
                    better(self.upper_bound(&rest.add(&x.scale(*c)), depth - 1));
                    better(self.upper_bound(&rest.add(&y.scale(*c)), depth - 1));
                    break;
                }
                Atom::Div(inner, k) if inner.is_dynamic() && *c > 0 => {
                    if let Some(b) = self.upper_bound(inner, depth - 1) {
                        better(self.upper_bound(&rest.add(&b.div(*k).scale(*c)), depth - 1));
                        break;
                    }
                }
                _ => {}
            }
        }
        match (best, numeric) {
            (Some(b), Some(n)) => Some(if self.interval(&b).1 <= hi { b } else { n }),
            (b, n) => b.or(n),
        }
    }
    /// An extent as it stands in a type: extents that depend on data become a value of their own.
    pub fn extent(&mut self, d: &Dim) -> R<Dim> {
        if !d.is_dynamic() {
            return Ok(d.clone());
        }
        let (lo, hi) = self.interval(d);
        if lo == hi {
            return Ok(Dim::from(lo as i64));
        }
        if let [(Atom::Value(v), 1)] = d.terms.as_slice()
            && d.constant == 0
            && matches!(self.func.bounds.get(v), Some((Some(_), Some(h))) if !h.is_dynamic())
        {
            return Ok(d.clone());
        }
        for scope in self.extents.iter().rev() {
            if let Some(v) = scope.get(d) {
                return Ok(Dim::from(*v));
            }
        }
        let Some(top) = self.upper_bound(d, 8) else {
            return self.refuse_help(
                "PM0140",
                "the size of this array depends on data and has no bound that can be seen",
                "slice with bounds made from the array's own length, or loop over a known range",
            );
        };
        let v = self.emit(Op::Dim(d.clone()), vec![], Type::scalar(DType::Int64))?;
        let out = self.runtime_extent(v, Dim::from(0i64), top);
        if let Some(scope) = self.extents.last_mut() {
            scope.insert(d.clone(), v);
        }
        Ok(out)
    }
    /// An index brought into `0..n`, checked where that is not known.
    pub fn normalise_index(&mut self, d: &Dim, n: &Dim, what: &str) -> R<Dim> {
        let message = format!("{what} index out of range");
        if self.proves_nonnegative(d) {
            if !self.proves_le(&d.offset(1), n) {
                let (lo, _) = self.interval(&d.sub(n));
                if lo >= 0 {
                    return self.raise("IndexError", message);
                }
                let (i, len) = (self.dim_value(d)?, self.dim_value(n)?);
                let ok = self.emit(Op::Binary(Binary::Lt), vec![i, len], Type::scalar(DType::Bool))?;
                self.check(ok, "IndexError", message)?;
            }
            return Ok(d.clone());
        }
        if self.proves_nonnegative(&d.scale(-1).offset(-1)) {
            let shifted = d.add(n);
            if !self.proves_nonnegative(&shifted) {
                if self.interval(&shifted).1 < 0 {
                    return self.raise("IndexError", message);
                }
                let (i, zero) = (self.dim_value(&shifted)?, self.constant(Scalar::i64(0))?);
                let ok = self.emit(Op::Binary(Binary::Ge), vec![i, zero], Type::scalar(DType::Bool))?;
                self.check(ok, "IndexError", message)?;
            }
            return Ok(shifted);
        }
        let b = Type::scalar(DType::Bool);
        let (i, zero) = (self.dim_value(d)?, self.constant(Scalar::i64(0))?);
        let len = self.dim_value(n)?;
        let neg = self.emit(Op::Binary(Binary::Lt), vec![i, zero], b.clone())?;
        let shifted = self.emit(Op::Binary(Binary::Add), vec![i, len], Type::scalar(DType::Int64))?;
        let at = self.emit(Op::Select, vec![neg, shifted, i], Type::scalar(DType::Int64))?;
        let low = self.emit(Op::Binary(Binary::Ge), vec![at, zero], b.clone())?;
        let high = self.emit(Op::Binary(Binary::Lt), vec![at, len], b.clone())?;
        let ok = self.emit(Op::Binary(Binary::And), vec![low, high], b)?;
        self.check(ok, "IndexError", message)?;
        let (_, top) = self.interval(n);
        self.set_range(at, (0, (top - 1).max(0)));
        self.func.bounds.insert(at, (Some(Dim::from(0i64)), Some(n.offset(-1))));
        Ok(Dim::from(at))
    }
    /// A slice bound clipped as Python does, for a positive (`lo` = 0, `hi` = n) or negative step (`lo` = -1, `hi` = n-1).
    pub(super) fn clip(&mut self, v: &Value, n: &Dim, default: Dim, negative: bool) -> R<Dim> {
        let v = self.settle(v)?;
        if matches!(v, Value::None) {
            return Ok(default);
        }
        let d = self.dim_of(&v)?;
        let (lo, hi) = if negative { (Dim::from(-1i64), n.offset(-1)) } else { (Dim::from(0i64), n.clone()) };
        if self.proves_nonnegative(&d) {
            return Ok(if self.proves_le(&d, &hi) {
                d
            } else if self.proves_le(&hi, &d) {
                hi
            } else {
                d.minimum(&hi)
            });
        }
        if self.proves_nonnegative(&d.scale(-1).offset(-1)) {
            let s = d.add(n);
            return Ok(if self.proves_le(&lo, &s) {
                s
            } else if self.proves_le(&s, &lo) {
                lo
            } else {
                s.maximum(&lo)
            });
        }
        let (i, zero) = (self.dim_value(&d)?, self.constant(Scalar::i64(0))?);
        let len = self.dim_value(n)?;
        let i64ty = Type::scalar(DType::Int64);
        let neg = self.emit(Op::Binary(Binary::Lt), vec![i, zero], Type::scalar(DType::Bool))?;
        let shifted = self.emit(Op::Binary(Binary::Add), vec![i, len], i64ty.clone())?;
        let at = self.emit(Op::Select, vec![neg, shifted, i], i64ty.clone())?;
        let (l, h) = (self.dim_value(&lo)?, self.dim_value(&hi)?);
        let at = self.emit(Op::Binary(Binary::Max), vec![at, l], i64ty.clone())?;
        let at = self.emit(Op::Binary(Binary::Min), vec![at, h], i64ty)?;
        let range = (self.interval(&lo).0, self.interval(&hi).1);
        self.set_range(at, range);
        self.func.bounds.insert(at, (Some(lo), Some(hi)));
        Ok(Dim::from(at))
    }
    /// Start, step and length of a slice of `n` elements.
    pub fn resolve_slice(&mut self, s: &[Value; 3], n: &Dim) -> R<(Dim, i64, Dim)> {
        let step = match &s[2] {
            Value::None => 1,
            v => match self.known_int(v) {
                Some(0) => return self.raise("ValueError", "slice step cannot be zero"),
                Some(k) => k.clamp(-(1 << 62), 1 << 62) as i64,
                None => {
                    return self.refuse_help(
                        "PM0141",
                        "a slice step computed at run time is not supported",
                        "make the step a constant",
                    );
                }
            },
        };
        let (start, stop) = if step > 0 {
            (self.clip(&s[0], n, Dim::from(0i64), false)?, self.clip(&s[1], n, n.clone(), false)?)
        } else {
            (self.clip(&s[0], n, n.offset(-1), true)?, self.clip(&s[1], n, Dim::from(-1i64), true)?)
        };
        let span = if step > 0 { self.difference(&stop, &start) } else { self.difference(&start, &stop) };
        let len = if self.proves_nonnegative(&span) {
            span.offset(step.abs() - 1).div(step.abs())
        } else if self.proves_nonnegative(&span.scale(-1)) {
            Dim::from(0i64)
        } else {
            span.offset(step.abs() - 1).div(step.abs()).maximum(&Dim::from(0i64))
        };
        let len = self.extent(&len)?;
        // an empty slice may start anywhere; bring it inside
        let start = if len.as_const() == Some(0) { Dim::from(0i64) } else { start };
        Ok((start, step, len))
    }
}
