//! What passes share: replacing values, looking at definitions, and ranges of dimensions.

use crate::dtype::{DType, Scalar};
use crate::hir::{Atom, Binary, Dim, Func, Inst, Length, Module, Op, Region, Type, ValueData, ValueId};
use std::collections::BTreeMap;

/// Inclusive bounds as [`Func::bounds`] holds them.
pub(super) type Bounds = BTreeMap<ValueId, (Option<Dim>, Option<Dim>)>;

/// Replacements of values by values.
#[derive(Default)]
pub(super) struct Renames {
    /// Own number where it is not replaced.
    to: Vec<u32>,
    any: bool,
}

impl Renames {
    pub(super) fn set(&mut self, from: ValueId, to: ValueId) {
        let to = self.get(to);
        let last = from.0.max(to.0) as usize;
        let known = self.to.len() as u32;
        self.to.extend(known..=last as u32);
        if from != to {
            self.to[from.0 as usize] = to.0;
            self.any = true;
        }
    }
    pub(super) fn get(&self, v: ValueId) -> ValueId {
        let mut v = v.0;
        while let Some(w) = self.to.get(v as usize)
            && *w != v
        {
            v = *w;
        }
        ValueId(v)
    }
    pub(super) fn dim(&self, d: &Dim) -> Dim {
        if !self.any || !d.is_dynamic() {
            return d.clone();
        }
        d.substitute(&|a| match a {
            Atom::Value(v) => Dim::from(self.get(*v)),
            other => Dim::from(other.clone()),
        })
    }
    pub(super) fn ty(&self, t: &mut Type) {
        if self.any {
            t.shape.iter_mut().filter(|d| d.is_dynamic()).for_each(|d| *d = self.dim(d));
        }
    }
    /// Replaces operands of an instruction, without its regions, and what the types of its results refer to.
    pub(super) fn inst(&self, inst: &mut Inst, values: &mut [ValueData]) {
        if !self.any {
            return;
        }
        inst.args.iter_mut().for_each(|v| *v = self.get(*v));
        if let Op::Dim(d) = &mut inst.op {
            *d = self.dim(d);
        }
        for r in &inst.results {
            self.ty(&mut values[r.0 as usize].ty);
        }
    }
    /// Replaces everywhere in a function.
    pub(super) fn apply(&self, func: &mut Func) {
        if !self.any {
            return;
        }
        func.values.iter_mut().for_each(|v| self.ty(&mut v.ty));
        for (low, high) in func.bounds.values_mut() {
            for d in [low, high].into_iter().flatten() {
                *d = self.dim(d);
            }
        }
        self.region(&mut func.body);
    }
    /// Replaces in a region, but for what types and bounds refer to.
    pub(super) fn region(&self, r: &mut Region) {
        for inst in &mut r.body {
            inst.args.iter_mut().for_each(|v| *v = self.get(*v));
            if let Op::Dim(d) = &mut inst.op {
                *d = self.dim(d);
            }
            inst.regions_mut().into_iter().for_each(|r| self.region(r));
        }
        r.results.iter_mut().for_each(|v| *v = self.get(*v));
    }
}

/// Whether `to`, an equal value defined earlier, may stand for `from` as far as recorded bounds go. A bound may
/// follow from the place where a value is defined, so it does not pass to the other.
pub(super) fn bounds_allow(bounds: &Bounds, from: ValueId, to: ValueId) -> bool {
    bounds.get(&from).is_none_or(|b| bounds.get(&to) == Some(b))
}

/// All functions, kernels first.
pub(super) fn funcs(m: &mut Module) -> impl Iterator<Item = &mut Func> {
    m.kernels.iter_mut().chain(m.entries.iter_mut().map(|e| &mut e.func))
}

/// Calls `f` for every instruction, nested ones included, in order, an instruction before what is nested in it.
pub(super) fn each_inst<'a>(r: &'a Region, f: &mut impl FnMut(&'a Inst)) {
    for inst in &r.body {
        f(inst);
        inst.regions().into_iter().for_each(|r| each_inst(r, f));
    }
}

/// How often each value is used: operands, yields, dimensions of types.
pub(super) fn use_counts(func: &Func) -> Vec<u32> {
    fn region(func: &Func, r: &Region, count: &mut [u32]) {
        for inst in &r.body {
            inst.for_each_use(func, &mut |v| count[v.0 as usize] += 1);
            for r in inst.regions() {
                for p in &r.params {
                    let dims = &func.ty(*p).shape;
                    dims.iter().for_each(|d| d.for_each_value(&mut |v| count[v.0 as usize] += 1));
                }
                region(func, r, count);
            }
        }
        r.results.iter().for_each(|v| count[v.0 as usize] += 1);
    }
    let mut count = vec![0; func.values.len()];
    region(func, &func.body, &mut count);
    count
}

/// Values that an instruction may overwrite in place: first operands of stores, and everything that enters a loop or
/// leaves a region. Sharing such a value costs a copy.
pub(super) fn stored(func: &Func) -> Vec<bool> {
    let mut out = vec![false; func.values.len()];
    each_inst(&func.body, &mut |inst| {
        let args = match inst.op {
            Op::Insert | Op::InsertSlice { .. } | Op::Scatter { .. } => &inst.args[..inst.args.len().min(1)],
            Op::For { .. } | Op::While { .. } => &inst.args[..],
            _ => &[],
        };
        let yielded = inst.regions().into_iter().flat_map(|r| &r.results);
        args.iter().chain(yielded).for_each(|v| out[v.0 as usize] = true);
    });
    func.body.results.iter().for_each(|v| out[v.0 as usize] = true);
    out
}

/// Per kernel: whether calling it can stop the program.
pub(super) fn fallible_kernels(m: &Module) -> Vec<bool> {
    let mut out: Vec<bool> = Vec::with_capacity(m.kernels.len());
    for k in &m.kernels {
        let mut any = false;
        each_inst(&k.body, &mut |i| any |= own_fault(&i.op, &out));
        out.push(any);
    }
    out
}

/// Whether the operation itself can stop the program; what its regions do is not looked at.
pub(super) fn own_fault(op: &Op, fallible: &[bool]) -> bool {
    match op {
        Op::Check(_) | Op::Binary(Binary::AddChecked | Binary::SubChecked | Binary::MulChecked) => true,
        Op::Kernel(k) => fallible.get(k.0 as usize).copied().unwrap_or(true),
        _ => false,
    }
}

/// The definition of each value that is the single result of an instruction without regions.
#[derive(Default)]
pub(super) struct Defs(Vec<Option<Inst>>);

impl Defs {
    pub(super) fn learn(&mut self, inst: &Inst) {
        if let [r] = inst.results.as_slice()
            && inst.regions().is_empty()
        {
            let at = r.0 as usize;
            if self.0.len() <= at {
                self.0.resize(at + 1, None);
            }
            self.0[at] = Some(inst.clone());
        }
    }
    pub(super) fn get(&self, v: ValueId) -> Option<&Inst> {
        self.0.get(v.0 as usize)?.as_ref()
    }
    /// Operation and operands.
    pub(super) fn op(&self, v: ValueId) -> Option<(&Op, &[ValueId])> {
        self.get(v).map(|i| (&i.op, i.args.as_slice()))
    }
    pub(super) fn constant(&self, v: ValueId) -> Option<Scalar> {
        self.get(v)?.as_const()
    }
    /// An int64 constant.
    pub(super) fn int(&self, v: ValueId) -> Option<i64> {
        match self.get(v)?.op {
            Op::Const(s) if s.dtype == DType::Int64 => Some(s.re as i64),
            Op::Dim(ref d) => d.as_const(),
            _ => None,
        }
    }
    /// What an int64 scalar is, as a dimension.
    pub(super) fn dim(&self, v: ValueId) -> Dim {
        match self.get(v).map(|i| &i.op) {
            Some(Op::Const(s)) if s.dtype == DType::Int64 && (s.re as i64).unsigned_abs() < 1 << 31 => {
                Dim::from(s.re as i64)
            }
            Some(Op::Dim(d)) => d.clone(),
            _ => Dim::from(v),
        }
    }
    /// The constant that fills a tensor, or that a scalar is.
    pub(super) fn splat(&self, v: ValueId) -> Option<Scalar> {
        match self.op(v)? {
            (Op::Const(s), _) => Some(*s),
            (Op::Broadcast, [x]) => self.constant(*x),
            _ => None,
        }
    }
}

/// What is known of lengths and bounded values.
pub(super) struct Ranges<'a> {
    pub(super) lengths: &'a [Length],
    pub(super) bounds: &'a Bounds,
}

/// Smallest and largest value, where known.
type Range = (Option<i128>, Option<i128>);

impl Ranges<'_> {
    /// Smallest value of a dimension, if one is known.
    pub(super) fn least(&self, d: &Dim) -> Option<i128> {
        self.dim(d, 6).0
    }
    /// Whether no extent can be negative.
    pub(super) fn valid(&self, t: &Type) -> bool {
        t.shape.iter().all(|d| self.least(d).is_some_and(|v| v >= 0))
    }
    /// Bounds may refer to each other, hence `depth`.
    fn dim(&self, d: &Dim, depth: u32) -> Range {
        let mut sum: Range = (Some(d.constant.into()), Some(d.constant.into()));
        for (a, c) in &d.terms {
            let (low, high) = self.atom(a, depth);
            let (low, high) = if *c > 0 { (low, high) } else { (high, low) };
            let add = |s: Option<i128>, v: Option<i128>| s?.checked_add(v?.checked_mul(i128::from(*c))?);
            sum = (add(sum.0, low), add(sum.1, high));
        }
        sum
    }
    fn atom(&self, a: &Atom, depth: u32) -> Range {
        let Some(depth) = depth.checked_sub(1) else { return (None, None) };
        match a {
            Atom::Length(l) => match self.lengths.get(l.0 as usize) {
                Some(l) => (Some(l.min.into()), l.max.map(i128::from)),
                None => (None, None),
            },
            Atom::Value(v) => match self.bounds.get(v) {
                Some((low, high)) => {
                    let low = low.as_ref().and_then(|d| self.dim(d, depth).0);
                    (low, high.as_ref().and_then(|d| self.dim(d, depth).1))
                }
                None => (None, None),
            },
            Atom::Div(d, k) => {
                let (low, high) = self.dim(d, depth);
                let div = |v: Option<i128>| v.map(|v| v.div_euclid(i128::from(*k)));
                (div(low), div(high))
            }
            Atom::Product(v) => {
                let mut product: Range = (Some(1), Some(1));
                for a in v {
                    let (low, high) = self.atom(a, depth);
                    if low.is_none_or(|l| l < 0) {
                        return (None, None);
                    }
                    let mul = |p: Option<i128>, v: Option<i128>| p?.checked_mul(v?);
                    product = (mul(product.0, low), mul(product.1, high));
                }
                product
            }
            Atom::Max(a, b) => {
                let (a, b) = (self.dim(a, depth), self.dim(b, depth));
                // `None` is below every number, as an unknown smallest value is
                (a.0.max(b.0), a.1.zip(b.1).map(|(x, y)| x.max(y)))
            }
            Atom::Min(a, b) => {
                let (a, b) = (self.dim(a, depth), self.dim(b, depth));
                let high = match (a.1, b.1) {
                    (Some(x), Some(y)) => Some(x.min(y)),
                    (x, y) => x.or(y),
                };
                (a.0.zip(b.0).map(|(x, y)| x.min(y)), high)
            }
        }
    }
}
