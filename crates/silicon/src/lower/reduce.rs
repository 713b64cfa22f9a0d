//! Reductions, running sums and extremes.

use super::element::Idx;
use super::{Cx, Lower};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Inst, Reduction, ValueId};
use crate::lir::{BinOp, BufId, BufKind, Expr, StmtKind, Ty, UnOp, VarId};

/// Partial sums of the lane order.
const LANES: i64 = 16;

impl<'m> Lower<'m> {
    pub(super) fn reduce(&mut self, inst: &'m Inst, kind: Reduction, axes: &[usize]) {
        let (x, result) = (inst.args[0], inst.results[0]);
        let ty = self.func.ty(result);
        if ty.rank() == 0 {
            let cx = self.reduce_one(x, kind, axes, &[]);
            return self.bind(result, cx);
        }
        let dst = self.buffer(result);
        self.nest(ty, &mut |l, i| {
            let cx = l.reduce_one(x, kind, axes, i);
            let at = l.position(ty, &Idx::Multi(i.to_vec()));
            l.store(dst, at, cx);
        });
    }

    /// Reduces the elements of `x` whose kept axes have the indices `kept`.
    fn reduce_one(&mut self, x: ValueId, kind: Reduction, axes: &[usize], kept: &[Expr]) -> Cx {
        let xt = self.func.ty(x);
        let dtype = xt.dtype;
        let mut extents = Vec::new();
        for a in axes {
            extents.push(self.dim(&xt.shape[*a]));
        }
        let count = extents.iter().fold(Expr::int(1), |acc, e| acc.imul(e.clone()));
        let count = self.b.define(count);
        let flat = kept.is_empty() && self.plan.flattenable(self.func, x);
        let rank = xt.rank();
        let axes = axes.to_vec();
        let kept = kept.to_vec();
        // element number e of the reduction
        let at = |l: &mut Self, e: Expr| -> Cx {
            if flat {
                return l.element(x, &Idx::Flat(e));
            }
            let mut idx = vec![Expr::int(0); rank];
            let mut k = kept.iter();
            for (a, slot) in idx.iter_mut().enumerate() {
                if !axes.contains(&a)
                    && let Some(i) = k.next()
                {
                    *slot = i.clone();
                }
            }
            let mut rest = e;
            for (n, a) in axes.iter().enumerate().rev() {
                if n == 0 {
                    idx[*a] = rest.clone();
                } else {
                    idx[*a] = l.b.define(rest.clone().imod(extents[n].clone()));
                    rest = l.b.define(rest.idiv(extents[n].clone()));
                }
            }
            l.element(x, &Idx::Multi(idx))
        };
        let floating = dtype.is_float() || dtype.is_complex();
        if kind == Reduction::Sum && floating {
            // compilers warn of lanes beyond an array's end, though they are never reached
            let most = axes.iter().try_fold(1i64, |p, a| p.checked_mul(self.most(&xt.shape[*a])?));
            if most.is_some_and(|k| k < LANES) {
                return self.sequential(dtype, Cx::zero(dtype), Binary::Add, count, false, &at);
            }
            return self.lane_sum(dtype, count, &at);
        }
        let (neutral, op) = match kind {
            Reduction::Sum => (super::element::constant(&Scalar::zero(dtype)), Binary::Add),
            Reduction::Prod => {
                let one = if floating { Scalar::float(dtype, 1.0, 0.0) } else { Scalar::int(dtype, 1) };
                (super::element::constant(&one), Binary::Mul)
            }
            Reduction::Min => (Cx::zero(dtype), Binary::Min),
            Reduction::Max => (Cx::zero(dtype), Binary::Max),
            Reduction::Any => (Cx::real(Expr::truth(false)), Binary::Or),
            Reduction::All => (Cx::real(Expr::truth(true)), Binary::And),
        };
        let from_neutral = !floating && !matches!(kind, Reduction::Min | Reduction::Max);
        self.sequential(dtype, neutral, op, count, from_neutral, &at)
    }

    /// In order: from the neutral element, or from the first element where there is one.
    fn sequential(
        &mut self,
        dtype: DType,
        neutral: Cx,
        op: Binary,
        count: Expr,
        from_neutral: bool,
        at: &dyn Fn(&mut Self, Expr) -> Cx,
    ) -> Cx {
        let vars: Vec<VarId> = neutral.parts().into_iter().map(|p| self.b.mutable(p, None)).collect();
        let acc = Cx { re: self.b.var(vars[0]), im: vars.get(1).map(|v| self.b.var(*v)) };
        if count.as_int() == Some(0) {
            return acc;
        }
        if !from_neutral {
            self.begin_block();
            let first = at(self, Expr::int(0));
            self.assign(&vars, first);
            let then = self.end_block();
            if count.as_int().is_some() {
                for s in then {
                    self.b.span = s.span.or(self.b.span);
                    self.b.push(s.kind);
                }
            } else {
                let cond = Expr::int(0).lt(count.clone());
                self.b.push(StmtKind::If { cond, then, otherwise: Vec::new() });
            }
        }
        let (var, e) = self.begin_for();
        let value = at(self, e);
        let next = self.binary(op, &acc, &value, dtype);
        self.assign(&vars, next);
        self.end_for(var, Expr::int(i64::from(!from_neutral)), count);
        acc
    }

    /// Assigns the parts; all are computed before any is written.
    pub(super) fn assign(&mut self, vars: &[VarId], value: Cx) {
        let value = if vars.len() > 1 { self.define_cx(value, None) } else { value };
        for (v, p) in vars.iter().zip(value.parts()) {
            self.b.push(StmtKind::Assign(*v, p));
        }
    }

    fn lane_sum(&mut self, dtype: DType, count: Expr, at: &dyn Fn(&mut Self, Expr) -> Cx) -> Cx {
        let zero = Cx::zero(dtype);
        if count.as_int().is_some_and(|k| k < LANES) {
            return self.sequential(dtype, zero, Binary::Add, count, false, at);
        }
        if count.as_int().is_some() {
            return self.lanes(dtype, count, at);
        }
        let vars: Vec<VarId> = zero.parts().into_iter().map(|p| self.b.mutable(p, None)).collect();
        self.begin_block();
        let few = self.sequential(dtype, zero, Binary::Add, count.clone(), false, at);
        self.assign(&vars, few);
        let then = self.end_block();
        self.begin_block();
        let many = self.lanes(dtype, count.clone(), at);
        self.assign(&vars, many);
        let otherwise = self.end_block();
        self.b.push(StmtKind::If { cond: count.lt(Expr::int(LANES)), then, otherwise });
        Cx { re: self.b.var(vars[0]), im: vars.get(1).map(|v| self.b.var(*v)) }
    }

    /// The lane order, written so that a compiler turns the lanes into vectors.
    fn lanes(&mut self, dtype: DType, count: Expr, at: &dyn Fn(&mut Self, Expr) -> Cx) -> Cx {
        let ty = Ty::of(dtype);
        let parts = if dtype.is_complex() { 2 } else { 1 };
        let sums: Vec<BufId> = (0..parts).map(|_| self.b.new_buf(ty, BufKind::Local(LANES as usize), true)).collect();
        let (var, j) = self.begin_for();
        for s in &sums {
            self.b.push(StmtKind::Store(*s, j.clone(), Expr::zero(ty)));
        }
        self.end_for(var, Expr::int(0), Expr::int(LANES));
        let whole = self.b.define(count.clone().isub(count.clone().imod(Expr::int(LANES))));
        let step = |l: &mut Self, base: Expr, lanes: Expr| {
            let (vj, j) = l.begin_for();
            let e = l.b.define(base.iadd(j.clone()));
            let value = at(l, e);
            for (s, p) in sums.iter().zip(value.parts()) {
                let sum = l.b.load(*s, j.clone()).binary(BinOp::Add, p);
                l.b.push(StmtKind::Store(*s, j.clone(), sum));
            }
            l.end_for(vj, Expr::int(0), lanes);
        };
        let var = self.b.begin_for();
        self.memo.push(std::collections::HashMap::new());
        let base = self.b.var(var);
        step(self, base, Expr::int(LANES));
        self.memo.pop();
        self.b.end_for(var, Expr::int(0), whole.clone(), LANES);
        let left = count.isub(whole.clone());
        if left.as_int() != Some(0) {
            step(self, whole, left);
        }
        for half in [8i64, 4, 2] {
            let (vj, j) = self.begin_for();
            for s in &sums {
                let sum =
                    self.b.load(*s, j.clone()).binary(BinOp::Add, self.b.load(*s, j.clone().iadd(Expr::int(half))));
                self.b.push(StmtKind::Store(*s, j.clone(), sum));
            }
            self.end_for(vj, Expr::int(0), Expr::int(half));
        }
        let mut out = Vec::new();
        for s in &sums {
            let e = self.b.load(*s, Expr::int(0)).binary(BinOp::Add, self.b.load(*s, Expr::int(1)));
            out.push(self.b.define(e));
        }
        Cx::from_parts(out.into_iter()).unwrap_or_else(|| Cx::zero(dtype))
    }

    pub(super) fn arg_reduce(&mut self, inst: &'m Inst, max: bool, axis: usize) {
        let (x, result) = (inst.args[0], inst.results[0]);
        let ty = self.func.ty(result);
        let one = |l: &mut Self, kept: &[Expr]| -> Cx {
            let extent = l.dim(&l.func.ty(x).shape[axis]);
            let with = |e: Expr| {
                let mut idx = kept.to_vec();
                idx.insert(axis, e);
                Idx::Multi(idx)
            };
            let first = l.element(x, &with(Expr::int(0))).re;
            let floating = first.ty.is_float();
            let best = l.b.mutable(first, None);
            let which = l.b.mutable(Expr::int(0), None);
            let (var, e) = l.begin_for();
            let value = l.element(x, &with(e.clone())).re;
            let best_now = l.b.var(best);
            let better = value.clone().binary(if max { BinOp::Gt } else { BinOp::Lt }, best_now.clone());
            // the first NaN wins and stays
            let cond = if floating {
                let nan = |e: &Expr| e.clone().unary(UnOp::IsNan, Ty::Bool);
                nan(&best_now).not().and(better.or(nan(&value)))
            } else {
                better
            };
            l.b.open();
            l.b.push(StmtKind::Assign(best, value));
            l.b.push(StmtKind::Assign(which, e));
            let then = l.b.close();
            l.b.push(StmtKind::If { cond, then, otherwise: Vec::new() });
            l.end_for(var, Expr::int(1), extent);
            Cx::real(l.b.var(which))
        };
        if ty.rank() == 0 {
            let cx = one(self, &[]);
            return self.bind(result, cx);
        }
        let dst = self.buffer(result);
        self.nest(ty, &mut |l, i| {
            let cx = one(l, i);
            let at = l.position(ty, &Idx::Multi(i.to_vec()));
            l.store(dst, at, cx);
        });
    }

    pub(super) fn scan(&mut self, inst: &'m Inst, kind: Reduction, axis: usize) {
        let (x, result) = (inst.args[0], inst.results[0]);
        let ty = self.func.ty(result);
        let dst = self.buffer(result);
        let op = if kind == Reduction::Sum { Binary::Add } else { Binary::Mul };
        let extent = self.dim(&ty.shape[axis]);
        let mut others = ty.clone();
        others.shape[axis] = crate::hir::Dim::from(1i64);
        self.nest(&others, &mut |l, i| {
            let with = |e: Expr| {
                let mut idx = i.to_vec();
                idx[axis] = e;
                Idx::Multi(idx)
            };
            // an accumulator in registers: the first element starts it
            let vars: Vec<VarId> = Cx::zero(ty.dtype).parts().into_iter().map(|p| l.b.mutable(p, None)).collect();
            let acc = Cx { re: l.b.var(vars[0]), im: vars.get(1).map(|v| l.b.var(*v)) };
            let (var, e) = l.begin_for();
            let value = l.element(x, &with(e.clone()));
            let sum = l.binary(op, &acc, &value, ty.dtype);
            let first = e.clone().binary(BinOp::Eq, Expr::int(0));
            let next = Cx {
                re: first.clone().select(value.re, sum.re),
                im: match (value.im, sum.im) {
                    (Some(a), Some(b)) => Some(first.select(a, b)),
                    _ => None,
                },
            };
            let next = l.define_cx(next, None);
            l.assign(&vars, next.clone());
            let at = l.position(ty, &with(e));
            l.store(dst, at, next);
            l.end_for(var, Expr::int(0), extent.clone());
        });
    }
}
