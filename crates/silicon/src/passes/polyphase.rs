//! `polyphase`: a FIR whose only use is a slice, or a gather by `start + step*iota`, becomes a FIR that computes the
//! samples kept: `y[start + j*step] = sum h[i] * v[s + (start + j*step)*down - i]`, a FIR of start `s + start*down`
//! and down `down*step`. The sums are the same, term by term. Both stand in the same region, so nothing is computed
//! more often than before.

use super::rewrite::{Defs, funcs, use_counts};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Func, Inst, Module, Op, Region, Type, ValueData, ValueId};
use std::collections::HashMap;

pub(super) fn run(m: &mut Module) -> usize {
    funcs(m).map(func).sum()
}

struct Polyphase {
    values: Vec<ValueData>,
    counts: Vec<u32>,
    defs: Defs,
    changed: usize,
}

/// Samples kept: first and distance. No first is 0.
struct Kept {
    start: Option<ValueId>,
    step: i64,
}

fn func(f: &mut Func) -> usize {
    let counts = use_counts(f);
    let values = std::mem::take(&mut f.values);
    let mut p = Polyphase { values, counts, defs: Defs::default(), changed: 0 };
    p.region(&mut f.body);
    f.values = p.values;
    p.changed
}

impl Polyphase {
    fn region(&mut self, r: &mut Region) {
        // FIRs of this region by result, and where they stand
        let mut firs: HashMap<ValueId, usize> = HashMap::new();
        let mut out: Vec<Option<Inst>> = Vec::with_capacity(r.body.len());
        for mut inst in std::mem::take(&mut r.body) {
            inst.regions_mut().into_iter().for_each(|r| self.region(r));
            if let Some(kept) = self.kept(&inst)
                && let Some(at) = firs.get(&inst.args[0])
                && let Some(Inst { op: Op::Fir { up, down }, args, .. }) = &out[*at]
                && let Some(product) = down.checked_mul(kept.step)
            {
                let (at, up, args, down) = (*at, *up, args.clone(), *down);
                let start = self.start(args[2], kept.start, down, &mut out);
                out[at] = None;
                inst.op = Op::Fir { up, down: product };
                inst.args = vec![args[0], args[1], start];
                self.changed += 1;
            }
            if let (Op::Fir { .. }, [y]) = (&inst.op, inst.results.as_slice())
                && self.counts.get(y.0 as usize) == Some(&1)
            {
                firs.insert(*y, out.len());
            }
            self.defs.learn(&inst);
            out.push(Some(inst));
        }
        r.body = out.into_iter().flatten().collect();
    }

    fn kept(&self, inst: &Inst) -> Option<Kept> {
        match (&inst.op, inst.args.as_slice()) {
            (Op::Slice { steps }, [_, start]) if steps[0] > 0 => Some(Kept { start: Some(*start), step: steps[0] }),
            (Op::Gather { axis: 0 }, [_, index]) if self.values[index.0 as usize].ty.rank() == 1 => {
                self.progression(*index)
            }
            _ => None,
        }
    }

    /// Whether a vector is start, start + step, start + 2*step, ...
    fn progression(&self, v: ValueId) -> Option<Kept> {
        let scalar = |v: ValueId| match self.defs.op(v) {
            Some((Op::Broadcast, [x])) if self.values[x.0 as usize].ty.rank() == 0 => Some(*x),
            _ if self.values[v.0 as usize].ty.rank() == 0 => Some(v),
            _ => None,
        };
        let iota = |v: ValueId| matches!(self.defs.op(v), Some((Op::Iota, _)));
        match self.defs.op(v)? {
            (Op::Iota, _) => Some(Kept { start: None, step: 1 }),
            (Op::Binary(Binary::Mul), [a, b]) => {
                let factor = if iota(*a) { *b } else { *a };
                let step = self.defs.splat(factor)?.as_int().and_then(|c| i64::try_from(c).ok())?;
                ((iota(*a) || iota(*b)) && step > 0).then_some(Kept { start: None, step })
            }
            (Op::Binary(Binary::Add), [a, b]) => {
                let (rest, start) = match (scalar(*a), scalar(*b)) {
                    (None, Some(s)) => (*a, s),
                    (Some(s), None) => (*b, s),
                    _ => return None,
                };
                let kept = self.progression(rest)?;
                kept.start.is_none().then_some(Kept { start: Some(start), ..kept })
            }
            _ => None,
        }
    }

    /// first + start * down
    fn start(&mut self, first: ValueId, start: Option<ValueId>, down: i64, out: &mut Vec<Option<Inst>>) -> ValueId {
        let Some(start) = start.filter(|s| self.defs.int(*s) != Some(0)) else { return first };
        let scaled = match (self.defs.int(start).and_then(|s| s.checked_mul(down)), down) {
            (_, 1) => start,
            (Some(c), _) => self.emit(Op::Const(Scalar::i64(c)), vec![], out),
            _ => {
                let factor = self.emit(Op::Const(Scalar::i64(down)), vec![], out);
                self.emit(Op::Binary(Binary::Mul), vec![start, factor], out)
            }
        };
        match (self.defs.int(first), self.defs.int(scaled)) {
            (Some(0), _) => scaled,
            (Some(a), Some(b)) if a.checked_add(b).is_some() => self.emit(Op::Const(Scalar::i64(a + b)), vec![], out),
            _ => self.emit(Op::Binary(Binary::Add), vec![first, scaled], out),
        }
    }
    fn emit(&mut self, op: Op, args: Vec<ValueId>, out: &mut Vec<Option<Inst>>) -> ValueId {
        self.values.push(ValueData { ty: Type::scalar(DType::Int64), span: None, name: None, library: false });
        let v = ValueId(self.values.len() as u32 - 1);
        let inst = Inst { op, args, results: vec![v], span: None };
        self.defs.learn(&inst);
        out.push(Some(inst));
        v
    }
}
