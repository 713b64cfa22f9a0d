//! `fold`: computes constants as the interpreter does and removes operations that change nothing. Float identities
//! are those that hold for every value (`x*1`, `x-0.0`, `x+(-0.0)`, but not `x+0.0` or `x*0.0`); an operation that
//! makes a NaN out of numbers is left to the target. Loops without or with one turn and branches with a constant
//! condition are put in place; extents that are known replace their values in types.

mod algebra;
mod shapes;

use super::rewrite::{Bounds, Defs, Renames, bounds_allow, each_inst, funcs};
use crate::dtype::{DType, Scalar};
use crate::hir::{Atom, Binary, Dim, Func, Inst, Module, Op, Region, Table, Type, ValueData, ValueId};
use std::collections::HashSet;

pub(super) fn run(m: &mut Module) -> usize {
    let tables = std::mem::take(&mut m.tables);
    let changed = funcs(m).map(|f| func(f, &tables)).sum();
    m.tables = tables;
    changed
}

/// What an instruction is replaced by.
enum Act {
    /// An earlier value.
    Same(ValueId),
    /// The constant, filling the type of the result.
    Fill(Scalar),
    /// Another operation with the same result.
    Op(Op, Vec<ValueId>),
}

struct Fold<'a> {
    tables: &'a [Table],
    values: Vec<ValueData>,
    bounds: Bounds,
    defs: Defs,
    renames: Renames,
    changed: usize,
}

fn func(f: &mut Func, tables: &[Table]) -> usize {
    let mut fold = Fold {
        tables,
        values: std::mem::take(&mut f.values),
        bounds: std::mem::take(&mut f.bounds),
        defs: Defs::default(),
        renames: Renames::default(),
        changed: 0,
    };
    fold.region(&mut f.body);
    f.values = fold.values;
    f.bounds = fold.bounds;
    fold.renames.apply(f);
    fold.changed + extents(f, &fold.defs)
}

impl Fold<'_> {
    fn ty(&self, v: ValueId) -> &Type {
        &self.values[v.0 as usize].ty
    }
    fn region(&mut self, r: &mut Region) {
        for p in &r.params {
            self.renames.ty(&mut self.values[p.0 as usize].ty);
        }
        let body = std::mem::take(&mut r.body);
        let mut out = Vec::with_capacity(body.len());
        for inst in body {
            self.inst(inst, &mut out);
        }
        r.body = out;
        r.results.iter_mut().for_each(|v| *v = self.renames.get(*v));
    }

    /// Adds an instruction with a new result.
    fn emit(&mut self, op: Op, args: Vec<ValueId>, ty: Type, out: &mut Vec<Inst>) -> ValueId {
        self.values.push(ValueData { ty, span: None, name: None, library: false });
        let v = ValueId(self.values.len() as u32 - 1);
        let inst = Inst { op, args, results: vec![v], span: None };
        self.defs.learn(&inst);
        out.push(inst);
        v
    }
    fn constant(&mut self, s: Scalar, out: &mut Vec<Inst>) -> ValueId {
        self.emit(Op::Const(s), vec![], Type::scalar(s.dtype), out)
    }
    /// Wrapping int64 arithmetic on scalars, folded where it can be.
    fn index(&mut self, op: Binary, a: ValueId, b: ValueId, out: &mut Vec<Inst>) -> ValueId {
        let inst = Inst { op: Op::Binary(op), args: vec![a, b], results: vec![], span: None };
        match self.simplify(&inst, &Type::scalar(DType::Int64), out) {
            Some(Act::Same(v)) => v,
            Some(Act::Fill(s)) => self.constant(s, out),
            _ => self.emit(Op::Binary(op), vec![a, b], Type::scalar(DType::Int64), out),
        }
    }

    fn inst(&mut self, mut inst: Inst, out: &mut Vec<Inst>) {
        self.renames.inst(&mut inst, &mut self.values);
        match &mut inst.op {
            Op::For { .. } | Op::While { .. } | Op::If { .. } => return self.control(inst, out),
            Op::Check(_) => {
                if inst.args.first().and_then(|c| self.defs.constant(*c)).is_some_and(|s| s.re == 1) {
                    self.changed += 1;
                } else {
                    out.push(inst);
                }
                return;
            }
            _ => {}
        }
        // each step makes the operation simpler; the limit is only a guard
        for _ in 0..16 {
            let [r] = inst.results[..] else { break };
            let ty = self.ty(r).clone();
            match self.simplify(&inst, &ty, out) {
                Some(Act::Same(v)) if *self.ty(v) == ty && bounds_allow(&self.bounds, r, v) => {
                    self.renames.set(r, v);
                    self.changed += 1;
                    return;
                }
                Some(Act::Fill(s)) => {
                    self.changed += 1;
                    inst.args.clear();
                    if ty.shape.is_empty() {
                        inst.op = Op::Const(s);
                    } else {
                        inst.args.push(self.constant(s, out));
                        inst.op = Op::Broadcast;
                    }
                    break;
                }
                Some(Act::Op(op, args)) => {
                    self.changed += 1;
                    (inst.op, inst.args) = (op, args);
                }
                _ => break,
            }
        }
        self.hide_indices(&mut inst, out);
        self.defs.learn(&inst);
        out.push(inst);
    }

    /// An index that turns out to be a constant outside its axis stands in code that a check keeps from being
    /// reached; the checker refuses such constants, so it stays an expression.
    fn hide_indices(&mut self, inst: &mut Inst, out: &mut Vec<Inst>) {
        let (first, part) = match &inst.op {
            Op::Extract | Op::Slice { .. } => (1, inst.results.first()),
            Op::Insert | Op::InsertSlice { .. } => (2, inst.args.get(1)),
            _ => return,
        };
        let (Some(x), Some(part)) = (inst.args.first().copied(), part.copied()) else { return };
        let known = |f: &Fold<'_>, v: ValueId, k: usize| {
            let leaf = |a: &Atom| match a {
                Atom::Value(v) => f.defs.dim(*v),
                other => Dim::from(other.clone()),
            };
            f.ty(v).shape.get(k).and_then(|d| d.substitute(&leaf).as_const()).map(i128::from)
        };
        for k in 0..inst.args.len().saturating_sub(first) {
            let Some(start) = self.defs.int(inst.args[first + k]).map(i128::from) else { continue };
            let last = match &inst.op {
                Op::Slice { steps } | Op::InsertSlice { steps } => match known(self, part, k) {
                    Some(0) | None => continue,
                    Some(count) => start + (count - 1) * i128::from(steps[k]),
                },
                _ => start,
            };
            let (low, high) = (start.min(last), start.max(last));
            if low < 0 || known(self, x, k).is_some_and(|n| high >= n) {
                let zero = self.constant(Scalar::i64(0), out);
                let (op, args) = (Op::Binary(Binary::Add), vec![inst.args[first + k], zero]);
                inst.args[first + k] = self.emit(op, args, Type::scalar(DType::Int64), out);
            }
        }
    }

    /// A simpler form of an operation with one result of type `ty`; operands that it needs are added to `out`.
    fn simplify(&mut self, inst: &Inst, ty: &Type, out: &mut Vec<Inst>) -> Option<Act> {
        let args = inst.args.as_slice();
        match &inst.op {
            Op::Dim(d) => self.dim(d),
            Op::Unary(op) => self.evaluated(&inst.op, args, ty).or_else(|| self.unary(*op, args[0], ty)),
            Op::Binary(op) => self
                .evaluated(&inst.op, args, ty)
                .or_else(|| self.binary(*op, args[0], args[1], ty))
                .or_else(|| self.unstretched(inst, ty)),
            Op::Select => self
                .evaluated(&inst.op, args, ty)
                .or_else(|| self.select(args, ty))
                .or_else(|| self.unstretched(inst, ty)),
            Op::Kernel(_) => self.unstretched(inst, ty),
            _ => self.shape_rule(&inst.op, args, ty, out),
        }
    }

    fn dim(&self, d: &Dim) -> Option<Act> {
        if let Some(c) = d.as_const() {
            return Some(Act::Fill(Scalar::i64(c)));
        }
        if let [(Atom::Value(v), 1)] = d.terms.as_slice()
            && d.constant == 0
        {
            return Some(Act::Same(*v));
        }
        let known = d.substitute(&|a| match a {
            Atom::Value(v) => self.defs.dim(*v),
            other => Dim::from(other.clone()),
        });
        (known != *d && known.as_const().is_none_or(|c| c.unsigned_abs() < 1 << 31))
            .then(|| Act::Op(Op::Dim(known), vec![]))
    }

    /// Runs over branches and loops whose course is known, and into the others.
    fn control(&mut self, mut inst: Inst, out: &mut Vec<Inst>) {
        match &mut inst.op {
            Op::If { then, otherwise } => {
                self.region(then);
                self.region(otherwise);
                let taken = match inst.args.first().and_then(|c| self.defs.constant(*c)) {
                    Some(c) if c.re == 1 => then,
                    Some(_) => otherwise,
                    None => {
                        for ((a, b), r) in then.results.iter().zip(&otherwise.results).zip(&inst.results) {
                            if a == b && self.ty(*a) == self.ty(*r) && bounds_allow(&self.bounds, *r, *a) {
                                self.renames.set(*r, *a);
                                self.changed += 1;
                            }
                        }
                        self.results(&inst);
                        out.push(inst);
                        return;
                    }
                };
                if self.stands_for(&inst.results, &taken.results, taken) {
                    let taken = std::mem::take(taken);
                    self.place(taken, &inst.results, out);
                } else {
                    out.push(inst);
                }
            }
            Op::While { cond, body } => {
                self.region(cond);
                let never = cond.results.first().and_then(|c| self.defs.constant(*c)).is_some_and(|s| s.re == 0);
                let mut faults = false;
                each_inst(cond, &mut |i| faults |= may_stop(&i.op));
                if never && !faults && self.stands_for(&inst.results, &inst.args, &Region::default()) {
                    inst.results.iter().zip(&inst.args).for_each(|(r, a)| self.renames.set(*r, *a));
                    self.changed += 1;
                    return;
                }
                self.region(body);
                self.results(&inst);
                out.push(inst);
            }
            Op::For { step, body } => {
                let bound = |k: usize| inst.args.get(k).and_then(|v| self.defs.int(*v)).map(i128::from);
                let turns = bound(0).zip(bound(1)).map(|(lo, hi)| {
                    let (span, step) =
                        if *step > 0 { (hi - lo, i128::from(*step)) } else { (lo - hi, -i128::from(*step)) };
                    if span <= 0 { 0 } else { (span + step - 1) / step }
                });
                let init = &inst.args[2..];
                match turns {
                    Some(0) if self.stands_for(&inst.results, init, &Region::default()) => {
                        inst.results.iter().zip(init).for_each(|(r, a)| self.renames.set(*r, *a));
                        self.changed += 1;
                    }
                    Some(1) if self.stands_for(&body.params, &[&inst.args[..1], init].concat(), &Region::default()) => {
                        let given = std::iter::once(&inst.args[0]).chain(init);
                        body.params.iter().zip(given).for_each(|(p, a)| self.renames.set(*p, *a));
                        self.region(body);
                        if self.stands_for(&inst.results, &body.results, body) {
                            let body = std::mem::take(body);
                            self.place(body, &inst.results, out);
                        } else {
                            self.results(&inst);
                            out.push(inst);
                        }
                    }
                    _ => {
                        self.region(body);
                        self.results(&inst);
                        out.push(inst);
                    }
                }
            }
            _ => out.push(inst),
        }
    }

    fn results(&mut self, inst: &Inst) {
        for r in &inst.results {
            self.renames.ty(&mut self.values[r.0 as usize].ty);
        }
    }
    /// Whether values can be replaced one by one: bounds must hold for what replaces them, be it defined in `within`.
    fn stands_for(&self, from: &[ValueId], to: &[ValueId], within: &Region) -> bool {
        let own: HashSet<ValueId> = within.body.iter().flat_map(|i| &i.results).copied().collect();
        from.iter().zip(to).all(|(r, v)| {
            let own = own.contains(v) && !self.bounds.contains_key(v);
            own || self.defs.constant(*v).is_some() || bounds_allow(&self.bounds, *r, *v)
        })
    }
    /// Puts a region, itself done, where its instruction stood.
    fn place(&mut self, mut region: Region, results: &[ValueId], out: &mut Vec<Inst>) {
        self.changed += 1;
        out.append(&mut region.body);
        for (r, v) in results.iter().zip(&region.results) {
            self.renames.set(*r, *v);
            // equal, and now defined in the same region: what was recorded of one holds for the other
            if self.defs.constant(*v).is_none()
                && !self.bounds.contains_key(v)
                && let Some(b) = self.bounds.remove(r)
            {
                self.bounds.insert(*v, b);
            }
        }
    }
}

/// Whether an operation may stop the program; kernels are taken to.
fn may_stop(op: &Op) -> bool {
    super::rewrite::own_fault(op, &[])
}

/// Replaces values in the extents of types by what they are known to be. Values that loops carry or regions yield
/// stay: extents that move along with them are recognised by them.
fn extents(f: &mut Func, defs: &Defs) -> usize {
    let mut carried = vec![false; f.values.len()];
    each_inst(&f.body, &mut |inst| {
        let regions = inst.regions();
        if !regions.is_empty() {
            let yielded = regions.iter().flat_map(|r| &r.results);
            inst.args.iter().chain(yielded).for_each(|v| carried[v.0 as usize] = true);
        }
    });
    f.body.results.iter().for_each(|v| carried[v.0 as usize] = true);
    let mut changed = 0;
    for d in f.values.iter_mut().flat_map(|v| &mut v.ty.shape).filter(|d| d.is_dynamic()) {
        let known = d.substitute(&|a| match a {
            Atom::Value(v) if !carried[v.0 as usize] => defs.dim(*v),
            other => Dim::from(other.clone()),
        });
        // code that cannot be reached may well have extents that cannot be
        if known != *d && known.as_const().is_none_or(|c| (0..1 << 31).contains(&c)) {
            *d = known;
            changed += 1;
        }
    }
    changed
}
