//! `euler`: the kernel `numpy_exp_c64` or `numpy_exp_c128` of a value whose real part is zero becomes
//! `complex(cos(im), sin(im))`. For finite values the kernel computes just that, with `exp(0) = 1` as a factor; what
//! may differ is the sign of a zero imaginary part, and the result where the argument is infinite or NaN, as complex
//! multiplication then makes a NaN of the zero real part. Recognised are constants, casts of real values times or
//! divided by them, sums, negation, stretching. Entries only.

use super::parts::Parts;
use super::{Outcome, PassOptions, kernel};
use crate::dtype::DType;
use crate::hir::{Binary, FuncId, Inst, Module, Op, Region};

pub(super) fn run(m: &mut Module, options: &mut PassOptions<'_>) -> Outcome {
    let mut out = Outcome::default();
    let mut missing = false;
    let mut entries = std::mem::take(&mut m.entries);
    let exp: Vec<bool> =
        m.kernels.iter().map(|k| matches!(k.name.as_str(), "numpy_exp_c64" | "numpy_exp_c128")).collect();
    for e in &mut entries {
        let mut parts = Parts::new(std::mem::take(&mut e.func.values), m);
        let mut pair = |dtype: DType| {
            let found = real_kernel(m, options, "cos", dtype).zip(real_kernel(m, options, "sin", dtype));
            missing |= found.is_none();
            found
        };
        out.changed += region(&mut e.func.body, &mut parts, &exp, &mut pair);
        e.func.values = parts.values;
    }
    m.entries = entries;
    if missing {
        out.notes.push("exp of an imaginary value stays: there are no kernels for its cosine and sine".into());
    }
    out
}

/// A kernel that takes and returns one real value.
fn real_kernel(m: &mut Module, options: &mut PassOptions<'_>, function: &str, dtype: DType) -> Option<FuncId> {
    let id = kernel(m, options, function, dtype)?;
    let k = m.kernels.get(id.0 as usize)?;
    let one = |v: &[crate::hir::ValueId]| v.len() == 1 && k.ty(v[0]).dtype == dtype;
    (one(&k.body.params) && one(&k.body.results)).then_some(id)
}

fn region(
    r: &mut Region,
    p: &mut Parts,
    exp: &[bool],
    pair: &mut impl FnMut(DType) -> Option<(FuncId, FuncId)>,
) -> usize {
    let mut changed = 0;
    let mut out = Vec::with_capacity(r.body.len());
    for mut inst in std::mem::take(&mut r.body) {
        for r in inst.regions_mut() {
            changed += region(r, p, exp, pair);
        }
        if let (Op::Kernel(k), [z]) = (&inst.op, inst.args.as_slice())
            && exp.get(k.0 as usize).copied().unwrap_or(false)
            && p.is_imaginary(*z)
            && let Some((cos, sin)) = pair(p.ty(*z).dtype.real())
        {
            let (z, part) = (*z, p.part(*z));
            let angle = p.imaginary(z, &mut out);
            let mut call = |k: FuncId, out: &mut Vec<Inst>| p.emit(Op::Kernel(k), vec![angle], part.clone(), out);
            inst.args = vec![call(cos, &mut out), call(sin, &mut out)];
            inst.op = Op::Binary(Binary::Complex);
            changed += 1;
        }
        p.defs.learn(&inst);
        out.push(inst);
    }
    r.body = out;
    changed
}
