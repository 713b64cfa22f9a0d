//! `thread`: jump threading. Two branches of which the first decides the second become one: an early return
//!
//! ```text
//! y, done = if c { a, 1 } else { zeros, 0 }
//! z = if done == 0 { b } else { y }
//! ```
//!
//! becomes `z = if c { a } else { b }`. Each arm of the second goes into one arm of the first, so nothing is written
//! out twice and nothing is computed that was not.

use super::rewrite::{Defs, Renames, bounds_allow, each_inst, fallible_kernels, funcs, own_fault};
use crate::dtype::{DType, Scalar};
use crate::hir::{Func, Inst, Module, Op, Region, ValueId};
use crate::interp::{Tensor, evaluate};
use std::collections::HashSet;

pub(super) fn run(m: &mut Module) -> usize {
    let fallible = fallible_kernels(m);
    funcs(m).map(|f| func(f, &fallible)).sum()
}

fn func(f: &mut Func, fallible: &[bool]) -> usize {
    let mut body = std::mem::take(&mut f.body);
    let mut defs = Defs::default();
    each_inst(&body, &mut |i| defs.learn(i));
    let mut t = Thread { func: f, defs, fallible, changed: 0 };
    t.region(&mut body);
    let changed = t.changed;
    f.body = body;
    changed
}

struct Thread<'a> {
    func: &'a mut Func,
    defs: Defs,
    fallible: &'a [bool],
    changed: usize,
}

/// The arms of an `if`.
fn arms(inst: &Inst) -> Option<[&Region; 2]> {
    match &inst.op {
        Op::If { then, otherwise } => Some([then, otherwise]),
        _ => None,
    }
}

impl Thread<'_> {
    fn region(&mut self, r: &mut Region) {
        let mut out: Vec<Inst> = Vec::with_capacity(r.body.len());
        for inst in std::mem::take(&mut r.body) {
            out.push(inst);
            self.join(&mut out);
        }
        // after joining: what came together inside an arm may be joined there
        out.iter_mut().flat_map(Inst::regions_mut).for_each(|r| self.region(r));
        r.body = out;
    }

    /// Joins the last instruction with the `if` before it, if that decides it.
    fn join(&mut self, out: &mut Vec<Inst>) -> Option<()> {
        let (second, before) = out.split_last()?;
        arms(second)?;
        let at = before.iter().rposition(|i| !i.regions().is_empty())?;
        let between = &before[at + 1..];
        let first = &before[at];
        let decided = arms(first)?.map(|arm| self.decided(second.args[0], first, arm, between));
        let takes = match decided {
            [Some(true), Some(false)] => [0, 1],
            [Some(false), Some(true)] => [1, 0],
            _ => return None,
        };
        // what stands between and does not come from the first goes before it, the rest after both
        let mut made: HashSet<ValueId> = first.results.iter().copied().collect();
        let (mut early, mut late) = (Vec::new(), Vec::new());
        for inst in between {
            if own_fault(&inst.op, self.fallible) {
                return None;
            }
            let mut uses = false;
            inst.for_each_use(self.func, &mut |v| uses |= made.contains(&v));
            match uses {
                true => {
                    made.extend(&inst.results);
                    late.push(inst.clone());
                }
                false => early.push(inst.clone()),
            }
        }
        let given: Vec<Renames> = arms(first)?.iter().map(|arm| self.given(first, arm)).collect::<Option<_>>()?;
        let own: HashSet<ValueId> = first.results.iter().copied().collect();
        let computed: HashSet<ValueId> = made.difference(&own).copied().collect();
        let held = arms(second)?.iter().any(|arm| reads(arm, &computed) || shaped_in(self.func, arm, &made));
        if held || second.results.iter().any(|r| shaped(self.func, *r, &made)) {
            return None;
        }
        let (second, mut first) = (out.pop()?, out.swap_remove(at));
        let Op::If { then, otherwise } = second.op else { return None };
        let mut rest = [Some(then), Some(otherwise)];
        for ((arm, take), given) in first.regions_mut().into_iter().zip(takes).zip(&given) {
            let Some(mut region) = rest[take].take() else { continue };
            given.region(&mut region);
            arm.body.extend(region.body);
            arm.results.extend(region.results);
        }
        first.results.extend(second.results);
        out.truncate(at);
        out.extend(early);
        out.push(first);
        out.extend(late);
        self.changed += 1;
        Some(())
    }

    /// What a condition is when the first `if` has gone through `arm`.
    fn decided(&self, v: ValueId, first: &Inst, arm: &Region, between: &[Inst]) -> Option<bool> {
        self.value(v, first, arm, between).map(|s| s.re != 0)
    }

    fn value(&self, v: ValueId, first: &Inst, arm: &Region, between: &[Inst]) -> Option<Scalar> {
        if let Some(k) = first.results.iter().position(|r| *r == v) {
            return self.defs.constant(arm.results[k]);
        }
        if let Some(s) = self.defs.constant(v) {
            return Some(s);
        }
        let inst = between.iter().find(|i| i.results == [v])?;
        let ty = self.func.ty(v);
        if !matches!(inst.op, Op::Unary(_) | Op::Binary(_)) || !ty.shape.is_empty() || ty.dtype != DType::Bool {
            return None;
        }
        let args: Option<Vec<Tensor>> =
            inst.args.iter().map(|a| self.value(*a, first, arm, between).map(Tensor::scalar)).collect();
        let made = evaluate(&inst.op, args?, &[(ty.dtype, Vec::new())], false).ok()?;
        made.first()?.get(0)
    }

    /// The results of the first `if` as what an arm yields for them.
    fn given(&self, first: &Inst, arm: &Region) -> Option<Renames> {
        let mut renames = Renames::default();
        for (r, v) in first.results.iter().zip(&arm.results) {
            if self.func.ty(*r) != self.func.ty(*v) || !bounds_allow(&self.func.bounds, *r, *v) {
                return None;
            }
            renames.set(*r, *v);
        }
        Some(renames)
    }
}

/// Whether a region reads one of those values, other than in types.
fn reads(r: &Region, values: &HashSet<ValueId>) -> bool {
    let mut any = r.results.iter().any(|v| values.contains(v));
    each_inst(r, &mut |i| {
        any |= i.args.iter().any(|v| values.contains(v));
        any |= i.regions().iter().any(|r| r.results.iter().any(|v| values.contains(v)));
        if let Op::Dim(d) = &i.op {
            d.for_each_value(&mut |v| any |= values.contains(&v));
        }
    });
    any
}

/// Whether the type or bounds of a value defined in a region refer to one of those values.
fn shaped_in(func: &Func, r: &Region, values: &HashSet<ValueId>) -> bool {
    let mut any = r.params.iter().any(|v| shaped(func, *v, values));
    each_inst(r, &mut |i| {
        let params = i.regions().into_iter().flat_map(|r| &r.params);
        any |= i.results.iter().chain(params).any(|v| shaped(func, *v, values));
    });
    any
}

/// Whether the type or bounds of a value refer to one of those values.
fn shaped(func: &Func, v: ValueId, values: &HashSet<ValueId>) -> bool {
    let (low, high) = func.bounds.get(&v).cloned().unwrap_or_default();
    let mut any = false;
    for d in func.ty(v).shape.iter().chain(&low).chain(&high) {
        d.for_each_value(&mut |u| any |= u != v && values.contains(&u));
    }
    any
}
