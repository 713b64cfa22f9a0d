//! Operations without regions or calls, on tensors.

use super::elementwise::{binary_tensor, select, unary_tensor};
use super::perturb::Noise;
use super::signal::{Fir, fir, matmul, sosfilt};
use super::tensor::Tensor;
use super::{Fault, index, internal, reduce};
use crate::dtype::DType;
use crate::hir::Op;

/// What an operation needs besides its operands.
pub(crate) struct Env<'a> {
    pub(crate) tables: &'a [Tensor],
    pub(crate) fma: bool,
    pub(crate) noise: Option<&'a mut Noise>,
}

/// Evaluates one operation without regions (control flow, kernels, tables, `Dim` and `Check` excluded), as constant
/// folding needs it. `results` gives element type and extents of each result.
///
/// # Errors
/// `OverflowError` from checked arithmetic; [`super::INTERNAL`] when operands do not fit the operation.
pub fn evaluate(op: &Op, args: Vec<Tensor>, results: &[(DType, Vec<usize>)], fma: bool) -> Result<Vec<Tensor>, Fault> {
    let out = apply(op, args, results, Env { tables: &[], fma, noise: None })?;
    for (t, (dtype, shape)) in out.iter().zip(results) {
        if t.dtype != *dtype || t.shape != *shape {
            return Err(internal(format!("{}{:?} where {dtype}{shape:?} is declared", t.dtype, t.shape)));
        }
    }
    Ok(out)
}

fn ints(args: &[Tensor]) -> Result<Vec<i64>, Fault> {
    args.iter().map(Tensor::int).collect()
}

/// Evaluates one operation. Of `results` only what the operation cannot know otherwise is used: the caller compares
/// the rest.
pub(crate) fn apply(
    op: &Op,
    mut args: Vec<Tensor>,
    results: &[(DType, Vec<usize>)],
    env: Env<'_>,
) -> Result<Vec<Tensor>, Fault> {
    let need = |n: usize| if args.len() >= n { Ok(()) } else { Err(internal(format!("{op:?} needs {n} operands"))) };
    let result = || results.first().map(|r| r.1.clone()).ok_or_else(|| internal("no result"));
    let noise = env.noise;
    Ok(vec![match op {
        Op::Const(s) => Tensor::scalar(*s),
        Op::Table(t) => env.tables.get(t.0 as usize).cloned().ok_or_else(|| internal("no such table"))?,
        Op::Unary(u) => {
            need(1)?;
            let to = results.first().map(|r| r.0).ok_or_else(|| internal("no result"))?;
            unary_tensor(*u, &args[0], to, noise)?
        }
        Op::Binary(b) => {
            need(2)?;
            binary_tensor(*b, &args[0], &args[1], noise)?
        }
        Op::Select => {
            need(3)?;
            select(&args[0], &args[1], &args[2])?
        }
        Op::Iota => index::iota(result()?.first().copied().ok_or_else(|| internal("iota of a scalar"))?),
        Op::Broadcast => {
            need(1)?;
            index::broadcast(&args[0], &result()?)?
        }
        Op::Reshape => {
            need(1)?;
            index::reshape(args.swap_remove(0), result()?)?
        }
        Op::Transpose(perm) => {
            need(1)?;
            index::transpose(&args[0], perm)?
        }
        Op::Slice { steps } => {
            need(1)?;
            index::slice(&args[0], &ints(&args[1..])?, steps, result()?)?
        }
        Op::InsertSlice { steps } => {
            need(2)?;
            let start = ints(&args[2..])?;
            let v = args.swap_remove(1);
            index::insert_slice(args.swap_remove(0), &v, &start, steps)?
        }
        Op::Extract => {
            need(1)?;
            let at = index::element(&args[0], &ints(&args[1..])?)?;
            let c = args[0].cell_at(at).ok_or_else(|| internal("element out of range"))?;
            Tensor::from_cell(args[0].dtype, c)
        }
        Op::Insert => {
            need(2)?;
            let at = index::element(&args[0], &ints(&args[2..])?)?;
            let c = args[1].cell_at(0).filter(|_| args[0].dtype == args[1].dtype);
            let c = c.ok_or_else(|| internal("insert of another type"))?;
            let mut x = args.swap_remove(0);
            x.set_cell(at, c);
            x
        }
        Op::Gather { axis } => {
            need(2)?;
            index::gather(&args[0], &args[1], *axis)?
        }
        Op::Scatter { axis } => {
            need(3)?;
            let (v, idx) = (args.swap_remove(2), args.swap_remove(1));
            index::scatter(args.swap_remove(0), &idx, &v, *axis)?
        }
        Op::Compress => {
            need(1)?;
            let (count, idx) = index::compress(&args[0])?;
            return Ok(vec![Tensor::new(Vec::new(), vec![count]), idx]);
        }
        Op::Concat { axis } => index::concat(&args, *axis)?,
        Op::Reduce { kind, axes } => {
            need(1)?;
            reduce::reduce(&args[0], *kind, axes, noise)?
        }
        Op::ArgReduce { max, axis } => {
            need(1)?;
            reduce::arg_reduce(&args[0], *max, *axis)?
        }
        Op::Scan { kind, axis } => {
            need(1)?;
            reduce::scan(args.swap_remove(0), *kind, *axis, noise)?
        }
        Op::MatMul => {
            need(2)?;
            matmul(&args[0], &args[1], noise)?
        }
        Op::Sort => {
            need(1)?;
            reduce::sort(args.swap_remove(0))?
        }
        Op::ArgSort => {
            need(1)?;
            reduce::arg_sort(&args[0], noise.and_then(|n| n.ties()))?
        }
        Op::Fir { up, down } => {
            need(3)?;
            let count = result()?.first().copied().ok_or_else(|| internal("a FIR yields a vector"))?;
            let f = Fir { up: *up, down: *down, start: args[2].int()?, count, fma: env.fma };
            fir(&args[0], &args[1], f, noise)?
        }
        Op::Sosfilt => {
            need(3)?;
            let (y, z) = sosfilt(&args[0], &args[1], &args[2], noise)?;
            return Ok(vec![y, z]);
        }
        Op::Dim(_) | Op::Kernel(_) | Op::For { .. } | Op::While { .. } | Op::If { .. } | Op::Check(_) => {
            return Err(internal(format!("{op:?} is not evaluated here")));
        }
    }])
}
