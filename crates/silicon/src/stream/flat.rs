//! Vectors that the program looks at as a row or a column: axes of extent 1 are taken off again, so that what reads
//! them reads a vector over time.

use crate::hir::{Dim, Func, Inst, Op, Region, ValueId};
use std::collections::HashMap;

/// A vector and the axis on which it lies.
type Rows = HashMap<ValueId, (ValueId, usize)>;

/// The function with reads of single elements of such values made reads of the vector. An index into an axis of
/// extent 1 is in range, hence 0, and can be left out.
pub(super) fn flat(func: &Func) -> Func {
    let mut out = func.clone();
    let mut rows = Rows::new();
    let mut same = HashMap::new();
    let mut body = std::mem::take(&mut out.body);
    region(&out, &mut body, &mut rows, &mut same);
    out.body = body;
    out
}

fn region(func: &Func, r: &mut Region, rows: &mut Rows, same: &mut HashMap<ValueId, ValueId>) {
    for inst in &mut r.body {
        instruction(func, inst, rows, same);
    }
    for v in &mut r.results {
        *v = same.get(v).copied().unwrap_or(*v);
    }
}

fn instruction(func: &Func, inst: &mut Inst, rows: &mut Rows, same: &mut HashMap<ValueId, ValueId>) {
    for v in &mut inst.args {
        *v = same.get(v).copied().unwrap_or(*v);
    }
    match &inst.op {
        Op::Reshape => {
            let (from, to) = (inst.args[0], inst.results[0]);
            let (vector, _) = rows.get(&from).copied().unwrap_or((from, 0));
            let [extent] = func.ty(vector).shape.as_slice() else { return };
            let shape = &func.ty(to).shape;
            let one = |d: &Dim| d.as_const() == Some(1);
            let long: Vec<usize> = (0..shape.len()).filter(|k| !one(&shape[*k])).collect();
            match long.as_slice() {
                [axis] if shape[*axis] == *extent && shape.len() > 1 => {
                    rows.insert(to, (vector, *axis));
                }
                [_] if shape.len() == 1 && shape[0] == *extent => {
                    same.insert(to, vector);
                }
                _ => {}
            }
        }
        Op::Extract => {
            let Some((vector, axis)) = rows.get(&inst.args[0]).copied() else { return };
            inst.args = vec![vector, inst.args[1 + axis]];
        }
        _ => {
            for r in inst.regions_mut() {
                region(func, r, rows, same);
            }
        }
    }
}
