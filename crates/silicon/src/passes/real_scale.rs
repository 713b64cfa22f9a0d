//! `real_scale`: a complex value times a real one scales both parts (two products instead of four and two sums), and
//! plus or minus a real one changes the real part only. The terms left out are products and sums with a zero: results
//! differ in signs of zeros, and where a factor is infinite or NaN. Only with `PassOptions::finite_math_signs`.

use super::parts::Parts;
use super::rewrite::funcs;
use super::{Outcome, PassOptions};
use crate::hir::{Binary, Func, Inst, Module, Op, Region, Unary, ValueId};

pub(super) fn run(m: &mut Module, options: &mut PassOptions<'_>) -> Outcome {
    if !options.finite_math_signs {
        return Outcome::default();
    }
    funcs(m).map(func).sum::<usize>().into()
}

fn func(f: &mut Func) -> usize {
    let mut p = Parts::new(std::mem::take(&mut f.values), &Module::default());
    let changed = region(&mut f.body, &mut p);
    f.values = p.values;
    changed
}

fn region(r: &mut Region, p: &mut Parts) -> usize {
    let mut changed = 0;
    let mut out = Vec::with_capacity(r.body.len());
    for mut inst in std::mem::take(&mut r.body) {
        for r in inst.regions_mut() {
            changed += region(r, p);
        }
        if let (Op::Binary(op), [a, b]) = (&inst.op, inst.args.as_slice())
            && p.ty(*a).dtype.is_complex()
        {
            let scaled = match (op, p.is_real(*a), p.is_real(*b)) {
                (Binary::Mul | Binary::Add | Binary::Sub, false, true) => Some((*a, *b)),
                (Binary::Mul | Binary::Add, true, false) => Some((*b, *a)),
                _ => None,
            };
            if let Some((z, r)) = scaled {
                inst.args = parts(p, *op, z, r, inst.results[0], &mut out);
                inst.op = Op::Binary(Binary::Complex);
                changed += 1;
            }
        }
        p.defs.learn(&inst);
        out.push(inst);
    }
    r.body = out;
    changed
}

/// Both parts of `z op r`.
fn parts(p: &mut Parts, op: Binary, z: ValueId, r: ValueId, result: ValueId, out: &mut Vec<Inst>) -> Vec<ValueId> {
    let (part, whole) = (p.part(z), p.part(result));
    let r = p.real(r, out);
    let re = p.emit(Op::Unary(Unary::Real), vec![z], part.clone(), out);
    let im = p.emit(Op::Unary(Unary::Imag), vec![z], part, out);
    let re = p.emit(Op::Binary(op), vec![re, r], whole.clone(), out);
    let im = if op == Binary::Mul { p.emit(Op::Binary(op), vec![im, r], whole, out) } else { im };
    vec![re, im]
}
