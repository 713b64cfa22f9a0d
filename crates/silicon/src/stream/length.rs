//! How many elements of a stream there are after so many samples, and how far operations look back.

use crate::hir::{Atom, Dim, LengthId};

/// Largest offset, period and history that is worked with, in samples.
const LARGEST: i64 = 1 << 20;

/// `max(0, floor((n + q) / d))` elements after `n` samples; none before the first sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Len {
    q: i64,
    d: i64,
}

/// Why an access along the time axis cannot be made block by block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreachable {
    /// It needs samples that come later.
    Later,
    /// Its distance from the newest sample grows without end.
    Rate,
    /// The history would be too long.
    Long,
}

/// Elements `scale*i + low ..= scale*i + high` of a stream, for a counter `i` that starts at `from`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Access {
    pub(super) scale: i64,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) from: i64,
}

impl Len {
    /// One element for each sample.
    pub(super) const EACH: Len = Len { q: 0, d: 1 };

    /// The form of a dimension over the length `n`; `None` where it is not of that form or not empty at the start.
    pub(super) fn of(dim: &Dim, n: LengthId) -> Option<Len> {
        let (q, d, _) = parts(dim, n)?;
        (q < d && q.abs() <= LARGEST && d <= LARGEST).then_some(Len { q, d })
    }
    /// Elements after `t` samples.
    pub(super) fn at(self, t: i64) -> i64 {
        (t + self.q).div_euclid(self.d).max(0)
    }
    /// The same as a dimension, `t` being at least 0.
    pub(super) fn dim(self, t: &Dim) -> Dim {
        let plain = t.offset(self.q).div(self.d);
        if self.q >= 0 { plain } else { plain.maximum(&Dim::from(0i64)) }
    }
    /// Most elements that a block of `b` samples adds.
    pub(super) fn most(self, b: &Dim) -> Dim {
        b.offset(self.d - 1).div(self.d)
    }

    /// Elements of `x` before the current block that a counter with this length needs for the access.
    ///
    /// # Errors
    /// [`Unreachable`].
    pub(super) fn history(self, x: Len, a: Access) -> Result<i64, Unreachable> {
        self.walk(x, a, |first, x_before| x_before - first)
    }
    /// Whether the counter's accesses of `x` all fall into the block in which the counter takes the value.
    pub(super) fn stays(self, x: Len, a: Access) -> Result<bool, Unreachable> {
        Ok(self.history(x, a)? == 0)
    }
    /// The largest of `need(first index accessed in a block, elements of x before it)`, at least 0. Both lengths
    /// repeat with the counter's period once they have begun, so that looking at one period is enough.
    fn walk(self, x: Len, a: Access, need: impl Fn(i64, i64) -> i64) -> Result<i64, Unreachable> {
        if a.scale < 1 || x.d.checked_mul(a.scale) != Some(self.d) {
            return Err(Unreachable::Rate);
        }
        if [a.scale, a.low.abs(), a.high.abs(), a.from.abs()].iter().any(|v| *v > LARGEST) {
            return Err(Unreachable::Long);
        }
        let last = x.q.abs() + self.q.abs() + (a.from.abs() + 2).saturating_mul(self.d) + x.d + self.d;
        if last > 8 * LARGEST {
            return Err(Unreachable::Long);
        }
        let mut most = 0;
        for t in 0..=last {
            let (count, have) = (self.at(t), x.at(t));
            if count > a.from && a.scale * (count - 1) + a.high >= have {
                return Err(Unreachable::Later);
            }
            most = most.max(need(a.scale * count.max(a.from) + a.low, have));
        }
        if most > LARGEST { Err(Unreachable::Long) } else { Ok(most) }
    }
}

/// The smallest `n` from which on a dimension is at least `least`; `None` where it does not grow with `n`, or too slowly.
pub(super) fn exceeds(dim: &Dim, n: LengthId, least: i64) -> Option<i64> {
    if !grows(dim, n) {
        return None;
    }
    let enough = |t: i64| dim.evaluate(&|a| if *a == Atom::Length(n) { t } else { 0 }) >= least;
    let mut high = 1;
    while !enough(high) {
        high *= 2;
        if high > LARGEST {
            return None;
        }
    }
    // it never falls, so the first place is found by halving
    let (mut low, mut high) = (0, high);
    while low < high {
        let middle = (low + high) / 2;
        (low, high) = if enough(middle) { (low, middle) } else { (middle + 1, high) };
    }
    Some(low)
}

/// Whether a dimension of `n` alone never falls and has no limit.
fn grows(dim: &Dim, n: LengthId) -> bool {
    let atom = |a: &Atom| match a {
        Atom::Length(l) => *l == n,
        Atom::Div(inner, k) => *k > 0 && grows(inner, n),
        Atom::Max(a, b) => {
            let (x, y) = (grows(a, n), grows(b, n));
            (x && (y || b.as_const().is_some())) || (y && a.as_const().is_some())
        }
        _ => false,
    };
    !dim.terms.is_empty() && dim.terms.iter().all(|(a, k)| *k > 0 && atom(a))
}

/// `floor((n + q) / d)` and whether it is the larger of that and 0.
fn parts(dim: &Dim, n: LengthId) -> Option<(i64, i64, bool)> {
    let [(atom, 1)] = dim.terms.as_slice() else { return None };
    let (q, d, clamped) = match atom {
        Atom::Length(l) if *l == n => (0, 1, false),
        Atom::Div(inner, k) => {
            let (q, d, clamped) = parts(inner, n)?;
            (q, d.checked_mul(*k)?, clamped)
        }
        Atom::Max(a, b) => {
            let zero = |d: &Dim| d.as_const() == Some(0);
            let other = if zero(a) { b } else { a };
            if !zero(a) && !zero(b) {
                return None;
            }
            let (q, d, _) = parts(other, n)?;
            (q, d, true)
        }
        _ => return None,
    };
    match dim.constant {
        0 => Some((q, d, clamped)),
        // max(0, f) + c is not the larger of 0 and f + c
        _ if clamped => None,
        c => Some((q.checked_add(c.checked_mul(d)?)?, d, false)),
    }
}
