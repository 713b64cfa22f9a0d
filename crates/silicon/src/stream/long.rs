//! The entry for streams that are long enough. A program may ask how long its input is: NumPy's `convolve` exchanges
//! its arguments where the second is the longer one, a slice of the first five samples of fewer is shorter. Each
//! such question has one answer from some length on. With that answer put in, the program does the same for every
//! longer input, and what remains can be made block by block.

use super::length::exceeds;
use crate::dtype::{DType, Scalar};
use crate::hir::{Atom, Binary, Checked, Dim, Inst, LengthId, Module, Op, Region, ValueId, check};
use crate::passes::{self, PassOptions};
use std::collections::HashMap;

/// The module with that entry only, doing the same for every length of `n` from its new least value on.
pub(super) fn long(module: &Module, entry: &str, n: LengthId) -> Option<Checked<Module>> {
    let mut m = module.clone();
    m.entries.retain(|e| e.func.name == entry);
    let mut l = Long { n, least: 0, known: HashMap::new() };
    for e in &mut m.entries {
        let func = &mut e.func;
        for v in &mut func.values {
            v.ty.shape = v.ty.shape.iter().map(|d| l.dim(d)).collect();
        }
        for (low, high) in func.bounds.values_mut() {
            *low = low.as_ref().map(|d| l.dim(d));
            *high = high.as_ref().map(|d| l.dim(d));
        }
        l.region(&mut func.body);
    }
    let length = m.lengths.get_mut(n.0 as usize)?;
    length.min = length.min.max(l.least);
    if length.max.is_some_and(|max| max < length.min) {
        return None;
    }
    // every bit is kept: answers are folded in first; then what a slice leaves of a FIR becomes a FIR of that length
    for _ in 0..2 {
        let skip = passes::ALL.iter().filter(|p| p.value_changing).map(|p| p.name.to_string()).collect();
        let checked = check(m).ok()?;
        (m, _) = passes::run(checked.into_inner(), &mut PassOptions { skip, ..PassOptions::default() });
    }
    check(m).ok()
}

struct Long {
    n: LengthId,
    /// From here on all answers hold.
    least: i64,
    /// Scalars that are dimensions of the whole call.
    known: HashMap<ValueId, Dim>,
}

impl Long {
    /// Whether a dimension is at least `least` for long streams.
    fn exceeds(&mut self, d: &Dim, least: i64) -> bool {
        let from = match d.as_const() {
            Some(c) => (c >= least).then_some(0),
            None => exceeds(d, self.n, least),
        };
        self.least = self.least.max(from.unwrap_or(0));
        from.is_some()
    }

    /// A dimension without the cases of short streams.
    fn dim(&mut self, d: &Dim) -> Dim {
        let mut out = Dim::from(d.constant);
        for (a, k) in &d.terms {
            out = out.add(&self.atom(a).scale(*k));
        }
        out
    }
    fn atom(&mut self, a: &Atom) -> Dim {
        match a {
            Atom::Length(_) | Atom::Value(_) => Dim::from(a.clone()),
            Atom::Div(d, k) => self.dim(d).div(*k),
            Atom::Product(f) => f.iter().fold(Dim::from(1i64), |all, a| all.mul(&self.atom(a))),
            Atom::Max(x, y) => {
                let (x, y) = (self.dim(x), self.dim(y));
                match self.larger(&x, &y) {
                    Some(true) => x,
                    Some(false) => y,
                    None => x.maximum(&y),
                }
            }
            Atom::Min(x, y) => {
                let (x, y) = (self.dim(x), self.dim(y));
                match self.larger(&x, &y) {
                    Some(true) => y,
                    Some(false) => x,
                    None => x.minimum(&y),
                }
            }
        }
    }
    /// Whether the first of two dimensions is the larger one, or they are equal.
    fn larger(&mut self, x: &Dim, y: &Dim) -> Option<bool> {
        if self.exceeds(&x.sub(y), 0) { Some(true) } else { self.exceeds(&y.sub(x), 0).then_some(false) }
    }

    fn region(&mut self, r: &mut Region) {
        for inst in &mut r.body {
            self.inst(inst);
            inst.regions_mut().into_iter().for_each(|r| self.region(r));
        }
    }

    fn inst(&mut self, inst: &mut Inst) {
        let [result] = inst.results.as_slice() else { return };
        let both = |l: &Long| Some((l.known.get(inst.args.first()?)?.clone(), l.known.get(inst.args.get(1)?)?.clone()));
        let known = match &mut inst.op {
            Op::Const(s) if s.dtype == DType::Int64 => Some(Dim::from(s.re as i64)),
            Op::Dim(d) => {
                *d = self.dim(d);
                (!d.is_dynamic()).then(|| d.clone())
            }
            Op::Binary(Binary::Add) => both(self).map(|(a, b)| a.add(&b)),
            Op::Binary(Binary::Sub) => both(self).map(|(a, b)| a.sub(&b)),
            Op::Binary(compare) => {
                if let Some(answer) = both(self).and_then(|(a, b)| self.answer(*compare, &a, &b)) {
                    inst.op = Op::Const(Scalar::bool(answer));
                    inst.args.clear();
                }
                None
            }
            _ => None,
        };
        if let Some(d) = known {
            self.known.insert(*result, d);
        }
    }

    /// The one answer that a comparison has for long streams.
    fn answer(&mut self, compare: Binary, a: &Dim, b: &Dim) -> Option<bool> {
        let (up, down) = (a.sub(b), b.sub(a));
        let mut either = |yes: (&Dim, i64), no: (&Dim, i64)| {
            if self.exceeds(yes.0, yes.1) { Some(true) } else { self.exceeds(no.0, no.1).then_some(false) }
        };
        match compare {
            Binary::Gt => either((&up, 1), (&down, 0)),
            Binary::Ge => either((&up, 0), (&down, 1)),
            Binary::Lt => either((&down, 1), (&up, 0)),
            Binary::Le => either((&down, 0), (&up, 1)),
            Binary::Eq | Binary::Ne => {
                let equal = match up.as_const() {
                    Some(c) => c == 0,
                    None if self.exceeds(&up, 1) || self.exceeds(&down, 1) => false,
                    None => return None,
                };
                Some(equal == (compare == Binary::Eq))
            }
            _ => None,
        }
    }
}
