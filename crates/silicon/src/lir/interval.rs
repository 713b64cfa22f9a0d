//! Intervals of integers, and linear forms over variables: what [`super::range`] knows of a value.

use super::{BinOp, Ty, VarId};
use std::collections::BTreeMap;

/// All integers from `lo` to `hi`; `lo <= hi`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Interval {
    pub(super) lo: i128,
    pub(super) hi: i128,
}

impl Interval {
    pub(super) fn new(lo: i128, hi: i128) -> Interval {
        Interval { lo, hi: hi.max(lo) }
    }
    pub(super) fn one(v: i128) -> Interval {
        Interval { lo: v, hi: v }
    }
    /// Every value of an integer type or bool; `None` for floats.
    pub(super) fn of(ty: Ty) -> Option<Interval> {
        if ty == Ty::Bool {
            return Some(Interval::new(0, 1));
        }
        let (lo, hi) = ty.dtype().int_range()?;
        Some(Interval::new(lo, hi))
    }
    pub(super) fn join(self, o: Interval) -> Interval {
        Interval { lo: self.lo.min(o.lo), hi: self.hi.max(o.hi) }
    }
    /// The common part; `self` when there is none, which code that is never reached may have.
    pub(super) fn meet(self, o: Interval) -> Interval {
        let (lo, hi) = (self.lo.max(o.lo), self.hi.min(o.hi));
        if lo <= hi { Interval { lo, hi } } else { self }
    }
    pub(super) fn within(self, o: Interval) -> bool {
        o.lo <= self.lo && self.hi <= o.hi
    }
    /// The result of an operation before it wraps; `None` when nothing is known.
    pub(super) fn binary(op: BinOp, a: Interval, b: Interval) -> Option<Interval> {
        let corners = |f: &dyn Fn(i128, i128) -> Option<i128>| {
            let all: Option<Vec<i128>> =
                [(a.lo, b.lo), (a.lo, b.hi), (a.hi, b.lo), (a.hi, b.hi)].iter().map(|(x, y)| f(*x, *y)).collect();
            let all = all?;
            Some(Interval::new(*all.iter().min()?, *all.iter().max()?))
        };
        let bits = |v: i128| 127 - v.max(0).leading_zeros().min(127);
        match op {
            BinOp::Add | BinOp::IdxAdd => Some(Interval::new(a.lo + b.lo, a.hi + b.hi)),
            BinOp::Sub | BinOp::IdxSub => Some(Interval::new(a.lo - b.hi, a.hi - b.lo)),
            BinOp::Mul | BinOp::IdxMul => corners(&|x, y| x.checked_mul(y)),
            BinOp::IdxDiv | BinOp::FloorDiv if b.lo > 0 => corners(&|x, y| Some(x.div_euclid(y))),
            BinOp::IdxMod | BinOp::FloorMod if b.lo > 0 => {
                Some(if a.lo >= 0 && a.hi < b.lo { a } else { Interval::new(0, b.hi - 1) })
            }
            BinOp::Min => Some(Interval { lo: a.lo.min(b.lo), hi: a.hi.min(b.hi) }),
            BinOp::Max => Some(Interval { lo: a.lo.max(b.lo), hi: a.hi.max(b.hi) }),
            BinOp::And if a.lo >= 0 && b.lo >= 0 => Some(Interval::new(0, a.hi.min(b.hi))),
            BinOp::And if b.lo >= 0 => Some(Interval::new(0, b.hi)),
            BinOp::And if a.lo >= 0 => Some(Interval::new(0, a.hi)),
            BinOp::Or | BinOp::Xor if a.lo >= 0 && b.lo >= 0 => {
                let all = (1i128 << (bits(a.hi.max(b.hi)) + 1)) - 1;
                Some(Interval::new(if op == BinOp::Or { a.lo.max(b.lo) } else { 0 }, all))
            }
            BinOp::Shr if b.lo >= 0 && b.hi < 64 => corners(&|x, y| Some(x >> y)),
            BinOp::Shl if b.lo >= 0 && b.hi < 32 => corners(&|x, y| x.checked_mul(1 << y)),
            _ => None,
        }
    }
    /// What a comparison surely gives.
    pub(super) fn compare(op: BinOp, a: Interval, b: Interval) -> Option<bool> {
        match op {
            BinOp::Lt if a.hi < b.lo => Some(true),
            BinOp::Lt if a.lo >= b.hi => Some(false),
            BinOp::Le if a.hi <= b.lo => Some(true),
            BinOp::Le if a.lo > b.hi => Some(false),
            BinOp::Gt => Interval::compare(BinOp::Lt, b, a),
            BinOp::Ge => Interval::compare(BinOp::Le, b, a),
            BinOp::Eq | BinOp::Ne if a.hi < b.lo || b.hi < a.lo => Some(op == BinOp::Ne),
            BinOp::Eq | BinOp::Ne if a.lo == a.hi && a == b => Some(op == BinOp::Eq),
            _ => None,
        }
    }
}

/// A sum of variables with coefficients and a constant, exact: no step of it wraps.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Linear {
    /// Coefficients, none of them zero.
    pub(super) terms: BTreeMap<VarId, i64>,
    pub(super) constant: i64,
}

impl Linear {
    pub(super) fn constant(constant: i64) -> Linear {
        Linear { terms: BTreeMap::new(), constant }
    }
    pub(super) fn var(v: VarId) -> Linear {
        Linear { terms: [(v, 1)].into(), constant: 0 }
    }
    pub(super) fn as_const(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }
    /// `self + k * o`; `None` when a coefficient leaves int64.
    pub(super) fn plus(&self, o: &Linear, k: i64) -> Option<Linear> {
        let mut out = self.clone();
        out.constant = out.constant.checked_add(o.constant.checked_mul(k)?)?;
        for (v, c) in &o.terms {
            let slot = out.terms.entry(*v).or_insert(0);
            *slot = slot.checked_add(c.checked_mul(k)?)?;
        }
        out.terms.retain(|_, c| *c != 0);
        Some(out)
    }
}
