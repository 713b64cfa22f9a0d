//! Operations against values computed by hand.

use super::*;
use crate::dtype::{DType, Scalar};
use crate::hir::*;

mod loops;
mod noise;
mod ops;
mod random;
mod scalars;

fn ty(dtype: DType, shape: &[usize]) -> Type {
    Type { dtype, shape: shape.iter().map(|d| Dim::from(*d)).collect() }
}
fn f64s(v: &[f64]) -> Tensor {
    Tensor::from_f64(&[v.len()], v.to_vec()).unwrap()
}
fn i64s(v: &[i64]) -> Tensor {
    Tensor::from_i64(&[v.len()], v.to_vec()).unwrap()
}
fn f64_matrix(rows: usize, v: &[f64]) -> Tensor {
    Tensor::from_f64(&[rows, v.len() / rows], v.to_vec()).unwrap()
}
/// A tensor of any real type from int64 values.
fn of(dtype: DType, v: &[i64]) -> Tensor {
    evaluate(&Op::Unary(Unary::Cast), vec![i64s(v)], &[(dtype, vec![v.len()])], false).unwrap().swap_remove(0)
}
fn complex(v: &[(f64, f64)]) -> Tensor {
    Tensor::new(vec![v.len()], v.iter().map(|(re, im)| Complex { re: *re, im: *im }).collect())
}
/// One operation with one result.
fn eval(op: Op, args: &[Tensor], dtype: DType, shape: &[usize]) -> Result<Tensor, Fault> {
    evaluate(&op, args.to_vec(), &[(dtype, shape.to_vec())], false).map(|mut v| v.swap_remove(0))
}
/// A module whose only entry takes inputs `p0, p1, ...` and gives outputs `r0, r1, ...`.
fn module(func: Func) -> Module {
    let params = (0..func.body.params.len()).map(|i| ParamRole::Input(format!("p{i}"))).collect();
    let results = (0..func.body.results.len()).map(|i| ResultRole::Output(format!("r{i}"))).collect();
    Module { name: "m".into(), entries: vec![Entry { func, params, results }], ..Module::default() }
}
fn call(m: &Module, args: &[Tensor]) -> Result<Vec<Tensor>, Fault> {
    check(m.clone()).unwrap_or_else(|e| panic!("{}", e[0]));
    unchecked(m, args)
}
fn unchecked(m: &Module, args: &[Tensor]) -> Result<Vec<Tensor>, Fault> {
    let inputs: Vec<_> = args.iter().enumerate().map(|(i, t)| (format!("p{i}"), t.clone())).collect();
    let name = m.entries[0].func.name.clone();
    Machine::new(m).step_limit(100_000_000).call(&name, &inputs).map(|r| r.outputs.into_iter().map(|o| o.1).collect())
}
fn int(t: &Tensor) -> i64 {
    t.as_i64().unwrap()[0]
}
fn float(t: &Tensor) -> f64 {
    t.as_f64().unwrap()[0]
}
