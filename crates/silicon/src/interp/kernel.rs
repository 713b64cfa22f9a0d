//! Kernels applied to tensors: the body runs on vectors of elements as long as all of them take the same branches,
//! else element by element.

use super::control::Exec;
use super::elementwise::{binary_tensor, broadcast_shapes, from_cells, select, stretched, unary_tensor};
use super::index::{concat, gather};
use super::tensor::{Cell, Data, Tensor, each_data};
use super::{Fault, internal};
use crate::hir::{Func, Op, Region, ValueId};

/// Elements that a body is run on at a time: temporaries stay in cache.
const CHUNK: usize = 2048;

impl Exec<'_, '_> {
    /// Applies a kernel elementwise, broadcasting.
    pub(crate) fn kernel(&mut self, func: usize, args: &[Tensor]) -> Result<Vec<Tensor>, Fault> {
        let shape = args.iter().try_fold(Vec::new(), |acc, a| broadcast_shapes(&acc, &a.shape))?;
        let n: usize = shape.iter().product();
        let mut flat = Vec::with_capacity(args.len());
        for a in args {
            let mut t = stretched(a, &shape)?;
            t.shape = if t.len() == 1 { Vec::new() } else { vec![t.len()] };
            flat.push(t);
        }
        let code = self.kernels.get(func).ok_or_else(|| internal("kernel called before it is defined"))?;
        let types: Vec<_> = code.body.results.iter().map(|r| code.func.values[r.slot.at as usize].ty.dtype).collect();
        let source = code.func;
        let mut parts: Vec<Vec<Tensor>> = vec![Vec::new(); types.len()];
        for from in (0..n).step_by(CHUNK) {
            let len = CHUNK.min(n - from);
            let chunk: Vec<Tensor> = flat.iter().map(|t| part(t, from, len)).collect();
            self.steps += source.body.body.len() as u64;
            let done = match self.vector(source, &chunk)? {
                Some(done) => done,
                None => self.each(func, &chunk, len)?,
            };
            for (k, (p, t)) in parts.iter_mut().zip(done).enumerate() {
                let t = if t.shape.is_empty() { super::index::broadcast(&t, &[len])? } else { t };
                p.push(self.settle_tensor(func, k, t));
            }
        }
        parts
            .into_iter()
            .zip(types)
            .map(|(mut p, dtype)| {
                let mut t = match p.len() {
                    0 => from_cells(dtype, vec![0], Vec::new()),
                    1 => p.swap_remove(0),
                    _ => concat(&p, 0)?,
                };
                t.shape.clone_from(&shape);
                Ok(t)
            })
            .collect()
    }

    /// Element by element.
    fn each(&mut self, func: usize, args: &[Tensor], len: usize) -> Result<Vec<Tensor>, Fault> {
        let code = &self.kernels[func];
        let types: Vec<_> = code.body.results.iter().map(|r| code.func.values[r.slot.at as usize].ty.dtype).collect();
        let mut columns: Vec<Vec<Cell>> = vec![Vec::with_capacity(len); types.len()];
        let (mut cells, mut out) = (vec![Cell::default(); args.len()], Vec::new());
        for i in 0..len {
            for (c, a) in cells.iter_mut().zip(args) {
                *c = a.cell_at(if a.shape.is_empty() { 0 } else { i }).unwrap_or_default();
            }
            self.call_cells(func, &cells, &mut out)?;
            columns.iter_mut().zip(&out).for_each(|(col, c)| col.push(*c));
        }
        Ok(columns.into_iter().zip(types).map(|(col, d)| from_cells(d, vec![len], col)).collect())
    }

    /// The whole chunk at once; `None` where the elements part ways.
    fn vector(&mut self, func: &Func, args: &[Tensor]) -> Result<Option<Vec<Tensor>>, Fault> {
        let mut values: Vec<Option<Tensor>> = vec![None; func.values.len()];
        for (p, a) in func.body.params.iter().zip(args) {
            values[p.0 as usize] = Some(a.clone());
        }
        if !self.vector_region(func, &func.body, &mut values)? {
            return Ok(None);
        }
        func.body.results.iter().map(|r| get(&values, *r).cloned().map(Some)).collect()
    }

    /// False where the elements part ways.
    fn vector_region(&mut self, func: &Func, r: &Region, values: &mut [Option<Tensor>]) -> Result<bool, Fault> {
        for inst in &r.body {
            let arg =
                |k: usize| inst.args.get(k).ok_or_else(|| internal("operand missing")).and_then(|v| get(values, *v));
            let result = match &inst.op {
                Op::Const(s) => Tensor::scalar(*s),
                Op::Unary(u) => {
                    let to = inst.results.first().map_or(arg(0)?.dtype, |r| func.ty(*r).dtype);
                    unary_tensor(*u, arg(0)?, to, None)?
                }
                Op::Binary(b) => binary_tensor(*b, arg(0)?, arg(1)?, None)?,
                Op::Select => select(arg(0)?, arg(1)?, arg(2)?)?,
                Op::Table(t) => self.tables.get(t.0 as usize).cloned().ok_or_else(|| internal("no such table"))?,
                Op::Extract if inst.args.len() == 2 => gather(arg(0)?, arg(1)?, 0)?,
                Op::Check(fault) => {
                    if arg(0)?.slice::<bool>()?.contains(&false) {
                        return Err(fault.clone());
                    }
                    continue;
                }
                Op::Kernel(k) => {
                    let inner = self.kernels.get(k.0 as usize).ok_or_else(|| internal("no such kernel"))?.func;
                    let args = inst.args.iter().map(|v| get(values, *v).cloned()).collect::<Result<Vec<_>, _>>()?;
                    let Some(out) = self.vector(inner, &args)? else { return Ok(false) };
                    inst.results.iter().zip(out).for_each(|(r, t)| values[r.0 as usize] = Some(t));
                    continue;
                }
                Op::If { then, otherwise } => {
                    let taken = {
                        let c = arg(0)?.slice::<bool>()?;
                        let Some(first) = c.first() else { return Ok(false) };
                        if c.iter().any(|x| x != first) {
                            return Ok(false);
                        }
                        if *first { then } else { otherwise }
                    };
                    if !self.vector_region(func, taken, values)? {
                        return Ok(false);
                    }
                    for (from, to) in taken.results.iter().zip(&inst.results) {
                        values[to.0 as usize] = Some(get(values, *from)?.clone());
                    }
                    continue;
                }
                _ => return Ok(false),
            };
            if let [r] = inst.results.as_slice() {
                values[r.0 as usize] = Some(result);
            }
        }
        Ok(true)
    }
}

fn get(values: &[Option<Tensor>], v: ValueId) -> Result<&Tensor, Fault> {
    values.get(v.0 as usize).and_then(Option::as_ref).ok_or_else(|| internal(format!("%{} is not defined", v.0)))
}

/// `len` elements of a vector; a scalar stays one.
fn part(t: &Tensor, from: usize, len: usize) -> Tensor {
    if t.shape.is_empty() || t.len() == len {
        return t.clone();
    }
    each_data!(&t.data, v => Tensor::new(vec![len], v[from..from + len].to_vec()))
}
