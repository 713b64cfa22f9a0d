//! Symbolic dimensions: integer linear forms over named lengths, run-time extents and a few non-linear atoms,
//! kept in a normal form so that equal dimensions compare equal.

use super::ValueId;
use std::fmt;

/// Index of a named length in [`super::Module::lengths`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LengthId(pub u32);

/// What a dimension can be a multiple of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// A named length of the interface (`n`), known when the entry is called.
    Length(LengthId),
    /// An int64 scalar computed by the program: a run-time extent.
    Value(ValueId),
    /// Floor division by a positive constant.
    Div(Box<Dim>, i64),
    /// Product of atoms, sorted, two or more.
    Product(Vec<Atom>),
    /// The larger of two.
    Max(Box<Dim>, Box<Dim>),
    /// The smaller of two.
    Min(Box<Dim>, Box<Dim>),
}

/// `constant + sum(coefficient * atom)`, atoms sorted, no zero coefficient.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Dim {
    /// Sorted by atom; no coefficient is zero.
    pub terms: Vec<(Atom, i64)>,
    /// Constant part.
    pub constant: i64,
}

impl From<i64> for Dim {
    fn from(constant: i64) -> Dim {
        Dim { terms: Vec::new(), constant }
    }
}
impl From<usize> for Dim {
    fn from(v: usize) -> Dim {
        Dim::from(v as i64)
    }
}
impl From<Atom> for Dim {
    fn from(a: Atom) -> Dim {
        Dim { terms: vec![(a, 1)], constant: 0 }
    }
}
impl From<ValueId> for Dim {
    fn from(v: ValueId) -> Dim {
        Dim::from(Atom::Value(v))
    }
}
impl From<LengthId> for Dim {
    fn from(v: LengthId) -> Dim {
        Dim::from(Atom::Length(v))
    }
}

/// Largest constant or coefficient of a dimension: products of two do not overflow.
const LARGEST: u64 = 1 << 31;

impl Dim {
    /// Whether all its numbers are small enough to compute with.
    pub fn is_computable(&self) -> bool {
        fn atom(a: &Atom) -> bool {
            match a {
                Atom::Length(_) | Atom::Value(_) => true,
                Atom::Div(d, _) => d.is_computable(),
                Atom::Product(v) => v.iter().all(atom),
                Atom::Max(a, b) | Atom::Min(a, b) => a.is_computable() && b.is_computable(),
            }
        }
        self.constant.unsigned_abs() <= LARGEST
            && self.terms.iter().all(|(a, c)| c.unsigned_abs() <= LARGEST && atom(a))
    }
    /// The constant, if there are no atoms.
    pub fn as_const(&self) -> Option<i64> {
        self.terms.is_empty().then_some(self.constant)
    }
    /// Sum.
    pub fn add(&self, other: &Dim) -> Dim {
        let mut terms: Vec<(Atom, i64)> = Vec::with_capacity(self.terms.len() + other.terms.len());
        let (mut i, mut j) = (0, 0);
        while i < self.terms.len() || j < other.terms.len() {
            let order = match (self.terms.get(i), other.terms.get(j)) {
                (Some(a), Some(b)) => a.0.cmp(&b.0),
                (Some(_), None) => std::cmp::Ordering::Less,
                _ => std::cmp::Ordering::Greater,
            };
            match order {
                std::cmp::Ordering::Less => {
                    terms.push(self.terms[i].clone());
                    i += 1;
                }
                std::cmp::Ordering::Greater => {
                    terms.push(other.terms[j].clone());
                    j += 1;
                }
                std::cmp::Ordering::Equal => {
                    let c = self.terms[i].1 + other.terms[j].1;
                    if c != 0 {
                        terms.push((self.terms[i].0.clone(), c));
                    }
                    i += 1;
                    j += 1;
                }
            }
        }
        Dim { terms, constant: self.constant.saturating_add(other.constant) }
    }
    /// Product with a constant.
    pub fn scale(&self, k: i64) -> Dim {
        if k == 0 {
            return Dim::default();
        }
        Dim {
            terms: self.terms.iter().map(|(a, c)| (a.clone(), c * k)).collect(),
            constant: self.constant.saturating_mul(k),
        }
    }
    /// Difference.
    pub fn sub(&self, other: &Dim) -> Dim {
        self.add(&other.scale(-1))
    }
    /// Sum with a constant.
    pub fn offset(&self, k: i64) -> Dim {
        Dim { terms: self.terms.clone(), constant: self.constant.saturating_add(k) }
    }
    /// Product.
    pub fn mul(&self, other: &Dim) -> Dim {
        if let Some(k) = other.as_const() {
            return self.scale(k);
        }
        if let Some(k) = self.as_const() {
            return other.scale(k);
        }
        let factors = |a: &Atom| match a {
            Atom::Product(v) => v.clone(),
            a => vec![a.clone()],
        };
        let mut out =
            self.scale(other.constant).add(&other.scale(self.constant)).offset(-self.constant * other.constant);
        for (a, c) in &self.terms {
            for (b, d) in &other.terms {
                let mut f = factors(a);
                f.extend(factors(b));
                f.sort();
                out = out.add(&Dim { terms: vec![(Atom::Product(f), c * d)], constant: 0 });
            }
        }
        out
    }
    /// Floor division by a positive constant.
    pub fn div(&self, k: i64) -> Dim {
        debug_assert!(k > 0);
        if k == 1 {
            return self.clone();
        }
        // whole multiples come out: floor((k*q + r)/k) = q + floor(r/k)
        let mut whole = Dim::default();
        let mut rest = Dim::default();
        for (a, c) in &self.terms {
            let (q, r) = (c.div_euclid(k), c.rem_euclid(k));
            if q != 0 {
                whole = whole.add(&Dim { terms: vec![(a.clone(), q)], constant: 0 });
            }
            if r != 0 {
                rest = rest.add(&Dim { terms: vec![(a.clone(), r)], constant: 0 });
            }
        }
        whole.constant += self.constant.div_euclid(k);
        rest.constant = self.constant.rem_euclid(k);
        if rest.terms.is_empty() { whole } else { whole.add(&Dim::from(Atom::Div(Box::new(rest), k))) }
    }
    /// The larger.
    pub fn maximum(&self, other: &Dim) -> Dim {
        self.extreme(other, true)
    }
    /// The smaller.
    pub fn minimum(&self, other: &Dim) -> Dim {
        self.extreme(other, false)
    }
    /// The largest or smallest of what both are made of, each once, in order; `max(x, min(x, y))` is x.
    fn extreme(&self, other: &Dim, largest: bool) -> Dim {
        // whether x stands for y too
        let covers = |x: &Dim, y: &Dim| {
            let over = |x: &Dim, y: &Dim| x.sub(y).as_const().is_some_and(|d| if largest { d >= 0 } else { d <= 0 });
            over(x, y) || y.parts(!largest).iter().any(|part| y != *part && over(x, part))
        };
        let mut kept: Vec<&Dim> = Vec::new();
        for part in self.parts(largest).into_iter().chain(other.parts(largest)) {
            if !kept.iter().any(|k| covers(k, part)) {
                kept.retain(|k| !covers(part, k));
                kept.push(part);
            }
        }
        kept.sort();
        let mut out = kept.pop().cloned().unwrap_or_default();
        while let Some(part) = kept.pop() {
            let (a, b) = (Box::new(part.clone()), Box::new(out));
            out = Dim::from(if largest { Atom::Max(a, b) } else { Atom::Min(a, b) });
        }
        out
    }
    /// What a dimension is the largest (or smallest) of; itself if it is no such thing.
    fn parts(&self, largest: bool) -> Vec<&Dim> {
        match (self.terms.as_slice(), self.constant) {
            ([(Atom::Max(a, b), 1)], 0) if largest => [a.parts(largest), b.parts(largest)].concat(),
            ([(Atom::Min(a, b), 1)], 0) if !largest => [a.parts(largest), b.parts(largest)].concat(),
            _ => vec![self],
        }
    }
    /// Calls `f` for every run-time value the dimension depends on.
    pub fn for_each_value(&self, f: &mut impl FnMut(ValueId)) {
        fn atom(a: &Atom, f: &mut impl FnMut(ValueId)) {
            match a {
                Atom::Length(_) => {}
                Atom::Value(v) => f(*v),
                Atom::Div(d, _) => d.for_each_value(f),
                Atom::Product(v) => v.iter().for_each(|a| atom(a, f)),
                Atom::Max(a, b) | Atom::Min(a, b) => {
                    a.for_each_value(f);
                    b.for_each_value(f);
                }
            }
        }
        self.terms.iter().for_each(|(a, _)| atom(a, f));
    }
    /// Whether some run-time value occurs in it (a data-dependent extent).
    pub fn is_dynamic(&self) -> bool {
        let mut any = false;
        self.for_each_value(&mut |_| any = true);
        any
    }
    /// Rebuilds the dimension with every leaf atom (length or value) replaced.
    pub fn substitute(&self, leaf: &impl Fn(&Atom) -> Dim) -> Dim {
        fn atom(a: &Atom, leaf: &impl Fn(&Atom) -> Dim) -> Dim {
            match a {
                Atom::Length(_) | Atom::Value(_) => leaf(a),
                Atom::Div(d, k) => d.substitute(leaf).div(*k),
                Atom::Product(v) => v.iter().fold(Dim::from(1i64), |acc, a| acc.mul(&atom(a, leaf))),
                Atom::Max(a, b) => a.substitute(leaf).maximum(&b.substitute(leaf)),
                Atom::Min(a, b) => a.substitute(leaf).minimum(&b.substitute(leaf)),
            }
        }
        self.terms.iter().fold(Dim::from(self.constant), |acc, (a, c)| acc.add(&atom(a, leaf).scale(*c)))
    }
    /// Its value, given the leaves.
    pub fn evaluate(&self, leaf: &impl Fn(&Atom) -> i64) -> i64 {
        fn atom(a: &Atom, leaf: &impl Fn(&Atom) -> i64) -> i64 {
            match a {
                Atom::Length(_) | Atom::Value(_) => leaf(a),
                Atom::Div(d, k) => d.evaluate(leaf).div_euclid(*k),
                Atom::Product(v) => v.iter().map(|a| atom(a, leaf)).product(),
                Atom::Max(a, b) => a.evaluate(leaf).max(b.evaluate(leaf)),
                Atom::Min(a, b) => a.evaluate(leaf).min(b.evaluate(leaf)),
            }
        }
        self.constant + self.terms.iter().map(|(a, c)| c * atom(a, leaf)).sum::<i64>()
    }
}

impl fmt::Display for Atom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Atom::Length(l) => write!(f, "${}", l.0),
            Atom::Value(v) => write!(f, "%{}", v.0),
            Atom::Div(d, k) => write!(f, "div({d}, {k})"),
            Atom::Product(v) => {
                for (i, a) in v.iter().enumerate() {
                    write!(f, "{}{a}", if i > 0 { "*" } else { "" })?;
                }
                Ok(())
            }
            Atom::Max(a, b) => write!(f, "max({a}, {b})"),
            Atom::Min(a, b) => write!(f, "min({a}, {b})"),
        }
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (a, c) in &self.terms {
            match (first, *c) {
                (true, 1) => write!(f, "{a}")?,
                (true, c) => write!(f, "{c}*{a}")?,
                (false, 1) => write!(f, "+{a}")?,
                (false, c) if c < 0 => write!(f, "{c}*{a}")?,
                (false, c) => write!(f, "+{c}*{a}")?,
            }
            first = false;
        }
        if first {
            write!(f, "{}", self.constant)
        } else if self.constant != 0 {
            write!(f, "{:+}", self.constant)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_form_makes_equal_dimensions_equal() {
        let n = Dim::from(LengthId(0));
        assert_eq!(n.scale(2).sub(&n), n);
        assert_eq!(n.scale(8).offset(3).div(8), n);
        assert_eq!(n.offset(9).div(8), n.offset(1).div(8).offset(1));
        assert_eq!(n.mul(&n.offset(1)), n.mul(&n).add(&n));
        assert_eq!(n.offset(1).maximum(&n), n.offset(1));
        assert_eq!(n.offset(-64).div(8).to_string(), "div($0, 8)-8");
    }

    #[test]
    fn extremes_hold_each_part_once() {
        let (n, m, k) = (Dim::from(LengthId(0)), Dim::from(LengthId(1)), Dim::from(LengthId(2)));
        let all = n.maximum(&m).maximum(&k);
        assert_eq!(all, k.maximum(&m.maximum(&n)));
        assert_eq!(all.maximum(&m), all);
        assert_eq!(all.maximum(&m.offset(1)).to_string(), "max($0, max($1+1, $2))");
        assert_eq!(n.maximum(&n.minimum(&m)), n);
        assert_eq!(n.offset(2).maximum(&n.minimum(&m)), n.offset(2));
        assert_eq!(n.minimum(&n.offset(1).maximum(&m)), n);
        // what merging two branches again and again does
        let (mut size, half) = (n.clone(), n.offset(1).div(2));
        for _ in 0..50 {
            size = half.minimum(&size.maximum(&half)).maximum(&n);
        }
        assert_eq!(size, half.maximum(&n));
    }

    proptest::proptest! {
        #[test]
        fn extremes_are_what_their_values_say(
            steps in proptest::collection::vec((0usize..12, 0usize..12, -2i64..3, proptest::bool::ANY), 1..12),
            lengths in proptest::array::uniform3(0i64..20),
        ) {
            let mut made: Vec<(Dim, i64)> = (0u32..3).map(|i| (Dim::from(LengthId(i)), lengths[i as usize])).collect();
            for (i, j, k, largest) in steps {
                let ((a, x), (b, y)) = (made[i % made.len()].clone(), made[j % made.len()].clone());
                let b = b.offset(k);
                made.push(match largest {
                    true => (a.maximum(&b), x.max(y + k)),
                    false => (a.minimum(&b), x.min(y + k)),
                });
                let (dim, value) = &made[made.len() - 1];
                let known = dim.substitute(&|a| match a {
                    Atom::Length(l) => Dim::from(lengths[l.0 as usize]),
                    other => Dim::from(other.clone()),
                });
                proptest::prop_assert_eq!(known.as_const(), Some(*value), "{}", dim);
            }
        }
    }
}
