//! `licm`: instructions of a loop body (or condition) whose operands are all defined outside move before the loop,
//! inner loops first. A loop may run zero times, so only what can be computed without harm moves: nothing that can
//! stop the program, no extents that could be negative, and operations that need indices in range or elements to
//! choose from only where that is certain, because constants show it or because the loop runs at least once and
//! gets to the instruction before anything that could stop it. Fills and other data movement stay where they feed a
//! store or an inner loop, which overwrites them in place.

use super::rewrite::{Defs, Ranges, fallible_kernels, funcs, own_fault, stored};
use crate::hir::{Func, Inst, Length, Module, Op, Reduction, Region, Type, ValueId};

pub(super) fn run(m: &mut Module) -> usize {
    let fallible = fallible_kernels(m);
    // a kernel that loops until a condition holds might never end on values that it is not meant for
    let endless = kernels_with_while(m);
    let lengths = std::mem::take(&mut m.lengths);
    let changed = funcs(m).map(|f| func(f, &lengths, &fallible, &endless)).sum();
    m.lengths = lengths;
    changed
}

fn kernels_with_while(m: &Module) -> Vec<bool> {
    let mut out: Vec<bool> = Vec::with_capacity(m.kernels.len());
    for k in &m.kernels {
        let mut any = false;
        super::rewrite::each_inst(&k.body, &mut |i| {
            any |= match i.op {
                Op::While { .. } => true,
                Op::Kernel(k) => out.get(k.0 as usize).copied().unwrap_or(true),
                _ => false,
            }
        });
        out.push(any);
    }
    out
}

struct Licm<'a> {
    func: &'a Func,
    ranges: Ranges<'a>,
    fallible: &'a [bool],
    endless: &'a [bool],
    stored: Vec<bool>,
    defs: Defs,
    /// Depth of the region that defines each value.
    depth: Vec<u32>,
    changed: usize,
}

fn func(f: &mut Func, lengths: &[Length], fallible: &[bool], endless: &[bool]) -> usize {
    let stored = stored(f);
    let mut body = std::mem::take(&mut f.body);
    let mut l = Licm {
        func: f,
        ranges: Ranges { lengths, bounds: &f.bounds },
        fallible,
        endless,
        stored,
        defs: Defs::default(),
        depth: vec![0; f.values.len()],
        changed: 0,
    };
    l.region(&mut body, 0);
    let changed = l.changed;
    f.body = body;
    changed
}

impl Licm<'_> {
    fn region(&mut self, r: &mut Region, depth: u32) {
        r.params.iter().for_each(|v| self.depth[v.0 as usize] = depth);
        let mut out = Vec::with_capacity(r.body.len());
        for mut inst in std::mem::take(&mut r.body) {
            for r in inst.regions_mut() {
                self.region(r, depth + 1);
            }
            let (args, results) = (inst.args.clone(), inst.results.clone());
            match &mut inst.op {
                Op::For { step, body } => {
                    let runs = self.runs(args[0], args[1], *step);
                    self.hoist(body, depth, runs, &mut out);
                }
                Op::While { cond, body } => {
                    // the condition is computed at least once
                    self.hoist(cond, depth, true, &mut out);
                    self.hoist(body, depth, false, &mut out);
                }
                _ => {}
            }
            self.defs.learn(&inst);
            results.iter().for_each(|v| self.depth[v.0 as usize] = depth);
            out.push(inst);
        }
        r.body = out;
    }

    /// Whether a counted loop has a first turn.
    fn runs(&self, lo: ValueId, hi: ValueId, step: i64) -> bool {
        let (lo, hi) = (self.defs.dim(lo), self.defs.dim(hi));
        let span = if step > 0 { hi.sub(&lo) } else { lo.sub(&hi) };
        self.ranges.least(&span).is_some_and(|v| v >= 1)
    }

    /// Moves what it can from a loop's region, itself done, to before the loop at `depth`.
    fn hoist(&mut self, r: &mut Region, depth: u32, runs: bool, out: &mut Vec<Inst>) {
        let mut certain = runs;
        let mut kept = Vec::with_capacity(r.body.len());
        for inst in std::mem::take(&mut r.body) {
            if self.invariant(&inst, depth) && self.harmless(&inst, certain) && self.worthwhile(&inst) {
                inst.results.iter().for_each(|v| self.depth[v.0 as usize] = depth);
                self.changed += 1;
                out.push(inst);
                continue;
            }
            let mut stops = own_fault(&inst.op, self.fallible);
            for r in inst.regions() {
                super::rewrite::each_inst(r, &mut |i| stops |= own_fault(&i.op, self.fallible));
            }
            // a loop inside might not end, and then what follows is not reached
            stops |= matches!(inst.op, Op::While { .. });
            certain &= !stops;
            kept.push(inst);
        }
        r.body = kept;
    }

    fn invariant(&self, inst: &Inst, depth: u32) -> bool {
        let mut outside = inst.regions().is_empty();
        inst.for_each_use(self.func, &mut |v| outside &= self.depth[v.0 as usize] <= depth);
        outside
    }

    /// Whether it may be computed though the program would not; `certain`: it would.
    fn harmless(&self, inst: &Inst, certain: bool) -> bool {
        if own_fault(&inst.op, self.fallible) || matches!(inst.op, Op::Kernel(k) if self.endless[k.0 as usize]) {
            return false;
        }
        if certain {
            return true;
        }
        let types = || inst.args.iter().chain(&inst.results).map(|v| self.func.ty(*v));
        // extents known only at run time may fit only where the loop runs
        if types().any(|t| t.shape.iter().any(|d| d.is_dynamic()) || !self.ranges.valid(t)) {
            return false;
        }
        let first = inst.args.first().map(|v| self.func.ty(*v));
        match &inst.op {
            Op::Extract => self.inside(inst, 1),
            Op::Insert => self.inside(inst, 2),
            Op::Slice { steps } => self.slice_inside(inst, 1, steps, self.func.ty(inst.results[0])),
            Op::InsertSlice { steps } => self.slice_inside(inst, 2, steps, self.func.ty(inst.args[1])),
            Op::Gather { .. } | Op::Scatter { .. } => false,
            Op::Reduce { kind: Reduction::Min | Reduction::Max, .. } | Op::ArgReduce { .. } => {
                first.is_some_and(|t| t.shape.iter().all(|d| self.ranges.least(d).is_some_and(|n| n >= 1)))
            }
            _ => true,
        }
    }

    fn index(&self, v: ValueId) -> Option<i128> {
        self.defs.int(v).map(i128::from)
    }
    /// Whether constant indices are inside.
    fn inside(&self, inst: &Inst, first: usize) -> bool {
        let shape = &self.func.ty(inst.args[0]).shape;
        inst.args[first..]
            .iter()
            .zip(shape)
            .all(|(v, n)| self.index(*v).is_some_and(|i| i >= 0 && self.ranges.least(n).is_some_and(|n| i < n)))
    }
    fn slice_inside(&self, inst: &Inst, first: usize, steps: &[i64], part: &Type) -> bool {
        let shape = &self.func.ty(inst.args[0]).shape;
        inst.args[first..].iter().zip(steps).zip(shape.iter().zip(&part.shape)).all(|((v, step), (n, count))| {
            let Some(start) = self.index(*v) else { return false };
            let Ok(from) = i64::try_from(start) else { return false };
            let last = count.offset(-1).scale(*step).offset(from);
            let below = |d: &crate::hir::Dim| self.ranges.least(&n.sub(d)).is_some_and(|room| room >= 1);
            let from = crate::hir::Dim::from(from);
            start >= 0 && below(&from) && below(&last) && self.ranges.least(&last).is_some_and(|v| v >= 0)
        })
    }

    fn worthwhile(&self, inst: &Inst) -> bool {
        let moves = matches!(inst.op, Op::Broadcast | Op::Iota | Op::Slice { .. } | Op::Reshape | Op::Concat { .. });
        !(moves && inst.results.iter().any(|v| self.stored[v.0 as usize] && self.func.ty(*v).rank() > 0))
    }
}
