//! Upper and lower bounds of dimensions in terms of named lengths only: how large a buffer must be.

use crate::dtype::DType;
use crate::hir::{Atom, Binary, Dim, Func, Inst, Op, Region, ValueId};
use std::collections::BTreeMap;

/// Bounds of the int64 scalars of one function.
pub(super) struct Bounds<'m> {
    func: &'m Func,
    /// Smallest and largest accepted value of every named length.
    limits: Vec<(i64, i64)>,
    def: BTreeMap<ValueId, &'m Inst>,
    /// Loop indices with their loop.
    index: BTreeMap<ValueId, &'m Inst>,
}

/// Nested look-ups before a bound is given up (bounds may refer to each other).
const DEPTH: u32 = 24;

impl<'m> Bounds<'m> {
    pub(super) fn new(func: &'m Func, limits: Vec<(i64, i64)>) -> Bounds<'m> {
        let mut b = Bounds { func, limits, def: BTreeMap::new(), index: BTreeMap::new() };
        b.scan(&func.body);
        b
    }
    fn scan(&mut self, region: &'m Region) {
        for i in &region.body {
            for r in &i.results {
                self.def.insert(*r, i);
            }
            if let Op::For { body, .. } = &i.op
                && let Some(p) = body.params.first()
            {
                self.index.insert(*p, i);
            }
            i.regions().into_iter().for_each(|r| self.scan(r));
        }
    }
    /// Largest value of a dimension, with only named lengths in it.
    pub(super) fn upper(&self, d: &Dim) -> Option<Dim> {
        self.dim(d, true, DEPTH)
    }
    /// Most elements along an axis of that extent: the upper bound, not below zero.
    pub(super) fn extent(&self, d: &Dim) -> Option<Dim> {
        Some(self.not_negative(self.upper(d)?))
    }
    /// The larger of a dimension in named lengths and zero.
    fn not_negative(&self, d: Dim) -> Dim {
        if self.number(&d, false).is_some_and(|k| k >= 0) { d } else { d.maximum(&Dim::from(0i64)) }
    }
    /// Least and greatest number an int64 scalar can be, where known.
    pub(super) fn range(&self, v: ValueId) -> Option<(i128, i128)> {
        let lo = self.dim(&Dim::from(v), false, DEPTH)?;
        let hi = self.dim(&Dim::from(v), true, DEPTH)?;
        Some((self.number(&lo, false)?, self.number(&hi, true)?))
    }
    /// Largest number a dimension can be, where known.
    pub(super) fn most(&self, d: &Dim) -> Option<i128> {
        self.number(&self.upper(d)?, true)
    }
    /// Smallest number a dimension can be, where known.
    pub(super) fn least(&self, d: &Dim) -> Option<i128> {
        self.number(&self.dim(d, false, DEPTH)?, false)
    }
    /// Extreme value of a dimension over all accepted lengths.
    fn number(&self, d: &Dim, upper: bool) -> Option<i128> {
        let mut out = i128::from(d.constant);
        for (a, c) in &d.terms {
            let c = i128::from(*c);
            out = out.checked_add(c.checked_mul(self.atom_number(a, upper == (c > 0))?)?)?;
        }
        Some(out)
    }
    fn atom_number(&self, a: &Atom, upper: bool) -> Option<i128> {
        Some(match a {
            Atom::Length(l) => {
                let (lo, hi) = self.limits.get(l.0 as usize)?;
                i128::from(if upper { *hi } else { *lo })
            }
            Atom::Value(_) => return None,
            Atom::Div(d, k) => self.number(d, upper)?.div_euclid(i128::from(*k)),
            Atom::Product(f) => {
                let mut out = 1i128;
                for a in f {
                    if self.atom_number(a, false)? < 0 {
                        return None;
                    }
                    out = out.checked_mul(self.atom_number(a, upper)?)?;
                }
                out
            }
            Atom::Max(a, b) => self.number(a, upper)?.max(self.number(b, upper)?),
            Atom::Min(a, b) => self.number(a, upper)?.min(self.number(b, upper)?),
        })
    }
    fn dim(&self, d: &Dim, upper: bool, depth: u32) -> Option<Dim> {
        let mut out = Dim::from(d.constant);
        for (a, c) in &d.terms {
            out = out.add(&self.atom(a, upper == (*c > 0), depth)?.scale(*c));
        }
        Some(out)
    }
    fn atom(&self, a: &Atom, upper: bool, depth: u32) -> Option<Dim> {
        if depth == 0 {
            return None;
        }
        Some(match a {
            Atom::Length(_) => Dim::from(a.clone()),
            Atom::Value(v) => return self.value(*v, upper, depth - 1),
            Atom::Div(d, k) => self.dim(d, upper, depth)?.div(*k),
            Atom::Product(factors) => {
                // factors are extents, so not negative
                if !upper {
                    return Some(Dim::from(0i64));
                }
                let mut out = Dim::from(1i64);
                for f in factors {
                    out = out.mul(&self.not_negative(self.atom(f, true, depth)?));
                }
                out
            }
            Atom::Max(a, b) => self.dim(a, upper, depth)?.maximum(&self.dim(b, upper, depth)?),
            Atom::Min(a, b) => match (self.dim(a, upper, depth), self.dim(b, upper, depth)) {
                (Some(a), Some(b)) => a.minimum(&b),
                (Some(one), None) | (None, Some(one)) if upper => one,
                _ => return None,
            },
        })
    }
    fn value(&self, v: ValueId, upper: bool, depth: u32) -> Option<Dim> {
        if depth == 0 {
            return None;
        }
        if let Some((lo, hi)) = self.func.bounds.get(&v)
            && let Some(b) = if upper { hi } else { lo }
            && let Some(b) = self.dim(b, upper, depth)
        {
            return Some(b);
        }
        let of = |v: ValueId, upper: bool| self.value(v, upper, depth - 1);
        if let Some(inst) = self.index.get(&v) {
            let Op::For { step, .. } = &inst.op else { return None };
            return match (upper, *step > 0) {
                (true, true) => of(inst.args[1], true).map(|d| d.offset(-1)),
                (false, true) => of(inst.args[0], false),
                (true, false) => of(inst.args[0], true),
                (false, false) => of(inst.args[1], false).map(|d| d.offset(1)),
            };
        }
        let inst = self.def.get(&v)?;
        let arg = |k: usize| inst.args[k];
        match &inst.op {
            Op::Const(s) if s.dtype == DType::Int64 => Some(Dim::from(s.re as i64)),
            Op::Dim(d) => self.dim(d, upper, depth),
            Op::Compress if v == inst.results[0] => {
                if upper {
                    self.dim(&self.func.ty(arg(0)).shape[0], true, depth)
                } else {
                    Some(Dim::from(0i64))
                }
            }
            Op::Binary(Binary::AddChecked) => Some(of(arg(0), upper)?.add(&of(arg(1), upper)?)),
            Op::Binary(Binary::SubChecked) => Some(of(arg(0), upper)?.sub(&of(arg(1), !upper)?)),
            Op::Binary(Binary::Max) => Some(of(arg(0), upper)?.maximum(&of(arg(1), upper)?)),
            Op::Binary(Binary::Min) => match (of(arg(0), upper), of(arg(1), upper)) {
                (Some(a), Some(b)) => Some(a.minimum(&b)),
                (Some(one), None) | (None, Some(one)) if upper => Some(one),
                _ => None,
            },
            Op::Select => {
                let (a, b) = (of(arg(1), upper)?, of(arg(2), upper)?);
                Some(if upper { a.maximum(&b) } else { a.minimum(&b) })
            }
            Op::If { then, otherwise } => {
                let k = inst.results.iter().position(|r| *r == v)?;
                let (a, b) = (of(then.results[k], upper)?, of(otherwise.results[k], upper)?);
                Some(if upper { a.maximum(&b) } else { a.minimum(&b) })
            }
            _ => None,
        }
    }
}
