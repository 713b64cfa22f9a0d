//! Sorting along the last axis: a bottom-up merge sort, stable, so `Sort` and `ArgSort` agree.

use super::element::Idx;
use super::{Buf, Cx, Lower};
use crate::dtype::DType;
use crate::hir::{Dim, Inst, Op, ValueId};
use crate::lir::{BinOp, Expr, StmtKind, Ty, UnOp};

/// Scratch tensors of a sort: one row of keys for a sort; two rows of positions and one of keys for an argsort.
pub(super) fn scratch(func: &crate::hir::Func, inst: &Inst) -> Vec<(DType, Dim)> {
    let Some(x) = inst.args.first() else { return Vec::new() };
    let ty = func.ty(*x);
    let row = ty.shape.last().cloned().unwrap_or_default();
    match inst.op {
        Op::Sort => vec![(ty.dtype, row)],
        Op::ArgSort => vec![(ty.dtype, row.clone()), (DType::Int64, row)],
        _ => Vec::new(),
    }
}

/// NumPy's order: NaN last, complex lexicographic.
fn less(a: &Cx, b: &Cx) -> Expr {
    let nan = |e: &Expr| e.clone().unary(UnOp::IsNan, Ty::Bool);
    let lt = |a: &Expr, b: &Expr| a.clone().binary(BinOp::Lt, b.clone());
    let real = |a: &Expr, b: &Expr| {
        if a.ty.is_float() { lt(a, b).or(nan(b).and(nan(a).not())) } else { lt(a, b) }
    };
    match (&a.im, &b.im) {
        (Some(ai), Some(bi)) => {
            let (ar, br) = (&a.re, &b.re);
            let same = ar.clone().binary(BinOp::Eq, br.clone()).or(nan(ar).and(nan(br)));
            let smaller = lt(ar, br).and(nan(ai).not().or(nan(bi)));
            let larger = lt(br, ar).and(nan(bi).and(nan(ai).not()));
            let unordered = nan(br).and(nan(ar).not());
            smaller.or(larger).or(same.and(real(ai, bi))).or(unordered)
        }
        _ => real(&a.re, &b.re),
    }
}

impl<'m> Lower<'m> {
    pub(super) fn sort(&mut self, inst: &'m Inst, positions: bool) {
        let (x, result) = (inst.args[0], inst.results[0]);
        let ty = self.func.ty(result);
        let key = self.func.ty(x).dtype;
        let dst = self.buffer(result);
        let spare = self.scratch(inst);
        let n = self.dim(&ty.shape[ty.rank() - 1]);
        let mut rows = ty.clone();
        rows.shape[ty.rank() - 1] = Dim::from(1i64);
        self.nest(&rows, &mut |l, i| {
            let base = l.position(ty, &Idx::Multi(i.to_vec()));
            let base = l.b.define(base);
            l.sort_row(x, i, key, (dst, base), &spare, n.clone(), positions);
        });
    }

    #[allow(clippy::too_many_arguments, reason = "one row of a sort is all of this")]
    fn sort_row(
        &mut self,
        x: ValueId,
        row: &[Expr],
        key: DType,
        (dst, base): (Buf, Expr),
        spare: &[Buf],
        n: Expr,
        positions: bool,
    ) {
        let last = row.len() - 1;
        let (v, j) = self.begin_for();
        let mut idx = row.to_vec();
        idx[last] = j.clone();
        let value = self.element(x, &Idx::Multi(idx));
        if positions {
            self.store(spare[0], j.clone(), value);
            self.store(dst, base.clone().iadd(j.clone()), Cx::real(j));
        } else {
            self.store(dst, base.clone().iadd(j), value);
        }
        self.end_for(v, Expr::int(0), n.clone());
        let other = if positions { spare[1] } else { spare[0] };
        let dtype = if positions { DType::Int64 } else { key };
        // widths 1, 2, 4, ...: merge neighbouring runs into the other buffer, then copy back
        let width = self.b.mutable(Expr::int(1), None);
        let w = self.b.var(width);
        self.b.open();
        let runs = self.b.begin_for();
        self.memo.push(std::collections::HashMap::new());
        let run = self.b.var(runs);
        let pair = self.b.define(run.imul(w.clone()).imul(Expr::int(2)));
        let middle = self.b.define(pair.clone().iadd(w.clone()).imin(n.clone()));
        let end = self.b.define(pair.clone().iadd(w.clone().imul(Expr::int(2))).imin(n.clone()));
        let left = self.b.mutable(pair.clone(), None);
        let right = self.b.mutable(middle.clone(), None);
        let (vo, o) = self.begin_for();
        let (l, r) = (self.b.var(left), self.b.var(right));
        let take = self.b.mutable(Expr::truth(true), None);
        // the right run's head goes first only if it is smaller
        self.begin_block();
        self.begin_block();
        let a = self.sorted_key(l.clone(), key, dst, &base, spare, positions);
        let b = self.sorted_key(r.clone(), key, dst, &base, spare, positions);
        let smaller = less(&b, &a);
        self.b.push(StmtKind::Assign(take, smaller.not()));
        let both = self.end_block();
        self.b.open();
        self.b.push(StmtKind::Assign(take, Expr::truth(false)));
        let exhausted = self.b.close();
        self.b.push(StmtKind::If { cond: l.clone().lt(middle.clone()), then: both, otherwise: exhausted });
        let some_right = self.end_block();
        self.b.push(StmtKind::If { cond: r.clone().lt(end.clone()), then: some_right, otherwise: Vec::new() });
        let mut arms = Vec::new();
        for (from, var) in [(l.clone(), left), (r.clone(), right)] {
            self.begin_block();
            let value = self.load(dst, dtype, base.clone().iadd(from.clone()));
            self.store(other, o.clone(), value);
            self.b.push(StmtKind::Assign(var, from.iadd(Expr::int(1))));
            arms.push(self.end_block());
        }
        let otherwise = arms.pop().unwrap_or_default();
        let then = arms.pop().unwrap_or_default();
        let cond = self.b.var(take);
        self.b.push(StmtKind::If { cond, then, otherwise });
        self.end_for(vo, pair, end);
        self.memo.pop();
        // ceil(n / 2w) pairs of runs
        let both = w.clone().imul(Expr::int(2));
        let pairs = n.clone().iadd(both.clone()).isub(Expr::int(1)).idiv(both.clone());
        self.b.end_for(runs, Expr::int(0), pairs, 1);
        if dst.im.is_none() && other.im.is_none() {
            let (dst, src, len) = (dst.re, other.re, n.clone());
            self.b.push(StmtKind::Copy { dst, dst_at: base, src, src_at: Expr::int(0), len });
        } else {
            let (v, i) = self.begin_for();
            let value = self.load(other, dtype, i.clone());
            self.store(dst, base.iadd(i), value);
            self.end_for(v, Expr::int(0), n.clone());
        }
        self.b.push(StmtKind::Assign(width, both));
        let body = self.b.close();
        self.b.push(StmtKind::Loop { head: Vec::new(), cond: w.lt(n), body });
    }

    /// The key at a place of the row being sorted.
    fn sorted_key(&mut self, at: Expr, key: DType, dst: Buf, base: &Expr, spare: &[Buf], positions: bool) -> Cx {
        let cx = if positions {
            let which = self.b.load(dst.re, base.clone().iadd(at));
            let which = self.b.define(which);
            self.load(spare[0], key, which)
        } else {
            self.load(dst, key, base.clone().iadd(at))
        };
        self.define_cx(cx, None)
    }
}
