//! Operations that move data or read one element.

use super::{Act, Fold};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Inst, Op, Type, ValueId};

impl Fold<'_> {
    pub(super) fn shape_rule(&mut self, op: &Op, args: &[ValueId], ty: &Type, out: &mut Vec<Inst>) -> Option<Act> {
        let x = *args.first()?;
        let unchanged = self.ty(x) == ty;
        let inner = self.defs.op(x).map(|(op, args)| (op.clone(), args.to_vec()));
        // every element of a stretched scalar is that scalar
        let scalar = match &inner {
            Some((Op::Broadcast, y)) if self.ty(y[0]).shape.is_empty() => Some(y[0]),
            _ => None,
        };
        let stretch = |y: ValueId| Act::Op(Op::Broadcast, vec![y]);
        match op {
            Op::Broadcast | Op::Reshape if unchanged => Some(Act::Same(x)),
            Op::Broadcast => match inner {
                Some((Op::Broadcast, y)) => Some(stretch(y[0])),
                _ => None,
            },
            Op::Reshape => match inner {
                Some((Op::Reshape, y)) => Some(Act::Op(Op::Reshape, y)),
                _ => scalar.map(stretch),
            },
            Op::Transpose(perm) if perm.iter().copied().eq(0..perm.len()) => Some(Act::Same(x)),
            Op::Transpose(perm) => match inner {
                Some((Op::Transpose(first), y)) => {
                    Some(Act::Op(Op::Transpose(perm.iter().map(|k| first[*k]).collect()), y))
                }
                _ => scalar.map(stretch),
            },
            Op::Slice { steps } => {
                let start = &args[1..];
                let zero = |v: &ValueId| self.defs.int(*v) == Some(0);
                if unchanged && steps.iter().all(|s| *s == 1) && start.iter().all(zero) {
                    return Some(Act::Same(x));
                }
                match inner {
                    Some((Op::Slice { steps: first }, y)) => self.slice_of_slice(steps, start, &first, &y, out),
                    _ => scalar.map(stretch),
                }
            }
            Op::InsertSlice { steps } => {
                let zero = |v: &ValueId| self.defs.int(*v) == Some(0);
                let all = steps.iter().all(|s| *s == 1) && args[2..].iter().all(zero) && self.ty(args[1]) == ty;
                all.then(|| Act::Same(args[1]))
            }
            Op::Concat { .. } if args.len() == 1 => Some(Act::Same(x)),
            Op::Extract => match (inner, &args[1..]) {
                (Some((Op::Iota, _)), [i]) => Some(Act::Same(*i)),
                (Some((Op::Table(t), _)), index) => self.element(t.0 as usize, index).map(Act::Fill),
                (Some((Op::Insert, y)), index) if y[2..] == *index => Some(Act::Same(y[1])),
                _ => scalar.map(Act::Same),
            },
            _ => None,
        }
    }

    /// Element of a table by constant indices.
    fn element(&self, table: usize, index: &[ValueId]) -> Option<Scalar> {
        let t = self.tables.get(table)?;
        let mut at = 0usize;
        for (v, n) in index.iter().zip(&t.shape) {
            let i = usize::try_from(self.defs.int(*v)?).ok().filter(|i| i < n)?;
            at = at * n + i;
        }
        let size = t.dtype.size();
        t.data.get(at * size..(at + 1) * size).map(|b| Scalar::from_le_bytes(t.dtype, b))
    }

    /// One slice for two: start = first + second * step, step = step * step.
    fn slice_of_slice(
        &mut self,
        steps: &[i64],
        start: &[ValueId],
        first: &[i64],
        inner: &[ValueId],
        out: &mut Vec<Inst>,
    ) -> Option<Act> {
        let product: Option<Vec<i64>> = steps.iter().zip(first).map(|(a, b)| a.checked_mul(*b)).collect();
        let mut args = vec![inner[0]];
        for (k, s) in start.iter().enumerate() {
            let scaled = match first[k] {
                1 => *s,
                step => {
                    let step = self.constant(Scalar::i64(step), out);
                    self.index(Binary::Mul, *s, step, out)
                }
            };
            args.push(self.index(Binary::Add, inner[k + 1], scaled, out));
        }
        debug_assert!(args.iter().skip(1).all(|v| self.ty(*v).dtype == DType::Int64));
        product.map(|steps| Act::Op(Op::Slice { steps }, args))
    }
}
