//! Instructions without regions: data movement, stores in place, joins, products of matrices.

use super::element::{Idx, strided};
use super::plan::Kept;
use super::{Buf, Cx, Lower};
use crate::hir::{Binary, Inst, Op, Type, ValueId};
use crate::lir::{Expr, StmtKind};

impl<'m> Lower<'m> {
    pub(super) fn plain(&mut self, inst: &'m Inst) {
        let Some(first) = inst.results.first().copied() else {
            return self.bug(format!("{:?} has no result", inst.op));
        };
        let ty = self.func.ty(first);
        if let (Op::Kernel(k), true) = (&inst.op, inst.results.len() > 1) {
            return self.several(inst, *k);
        }
        if ty.rank() > 0 && self.plan.kept[first.0 as usize] != Kept::Buffer {
            return;
        }
        match &inst.op {
            Op::Const(s) => self.bind(first, super::element::constant(s)),
            Op::Dim(d) => {
                let e = self.dim(d);
                self.bind(first, Cx::real(e));
            }
            Op::Extract => {
                let idx = inst.args[1..].iter().map(|i| self.index(*i)).collect();
                let cx = self.element(inst.args[0], &Idx::Multi(idx));
                self.bind(first, cx);
            }
            Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) if ty.rank() == 0 => {
                let args: Vec<Cx> = inst.args.iter().map(|a| self.scalar(*a)).collect();
                let cx = self.apply(inst, &args);
                self.bind(first, cx);
            }
            // one element as a scalar
            Op::Reshape | Op::Broadcast | Op::Gather { .. } | Op::Slice { .. } | Op::Transpose(_) if ty.rank() == 0 => {
                let x = inst.args[0];
                let rank = self.func.ty(x).rank();
                let mut at = vec![Expr::int(0); rank];
                if let Op::Gather { axis } = &inst.op {
                    at[*axis] = self.element(inst.args[1], &Idx::Multi(Vec::new())).re;
                }
                let cx = self.element(x, &Idx::Multi(at));
                self.bind(first, cx);
            }
            Op::Unary(_)
            | Op::Binary(_)
            | Op::Select
            | Op::Kernel(_)
            | Op::Iota
            | Op::Broadcast
            | Op::Reshape
            | Op::Transpose(_)
            | Op::Slice { .. }
            | Op::Gather { .. } => {
                let dst = self.buffer(first);
                self.fill(inst, dst);
            }
            Op::Insert => {
                let dst = self.bring(inst.args[0], first);
                let idx = inst.args[2..].iter().map(|i| self.index(*i)).collect();
                let at = self.position(ty, &Idx::Multi(idx));
                let value = self.scalar(inst.args[1]);
                self.store(dst, at, value);
            }
            Op::InsertSlice { steps } => {
                let dst = self.bring(inst.args[0], first);
                let starts: Vec<Expr> = inst.args[2..].iter().map(|i| self.index(*i)).collect();
                let v = inst.args[1];
                let vt = self.func.ty(v);
                self.nest(vt, &mut |l, i| {
                    let at = (0..i.len()).map(|k| strided(starts[k].clone(), i[k].clone(), steps[k])).collect();
                    let value = l.element(v, &Idx::Multi(i.to_vec()));
                    let at = l.position(ty, &Idx::Multi(at));
                    l.store(dst, at, value);
                });
            }
            Op::Scatter { axis } => {
                let dst = self.bring(inst.args[0], first);
                let (idx, v) = (inst.args[1], inst.args[2]);
                let vt = self.func.ty(v);
                // the scattered axis outermost, so that the last write wins whatever the other axes do
                self.nest_from(vt, *axis, &mut |l, i| {
                    let mut at = i.to_vec();
                    at[*axis] = l.element(idx, &Idx::Multi(vec![i[*axis].clone()])).re;
                    let value = l.element(v, &Idx::Multi(i.to_vec()));
                    let at = l.position(ty, &Idx::Multi(at));
                    l.store(dst, at, value);
                });
            }
            Op::Compress => self.compress(inst),
            Op::Concat { axis } => self.concat(inst, *axis),
            Op::Reduce { kind, axes } => self.reduce(inst, *kind, axes),
            Op::ArgReduce { max, axis } => self.arg_reduce(inst, *max, *axis),
            Op::Scan { kind, axis } => self.scan(inst, *kind, *axis),
            Op::MatMul => self.matmul(inst),
            Op::Sort => self.sort(inst, false),
            Op::ArgSort => self.sort(inst, true),
            Op::Fir { up, down } => self.fir(inst, *up, *down),
            Op::Sosfilt => self.sosfilt(inst),
            Op::Table(_) | Op::For { .. } | Op::While { .. } | Op::If { .. } | Op::Check(_) => {
                self.bug(format!("{:?} is not a plain instruction", inst.op));
            }
        }
    }

    /// A kernel with several results: one pass stores them all.
    fn several(&mut self, inst: &'m Inst, k: crate::hir::FuncId) {
        let ty = self.func.ty(inst.results[0]);
        if ty.rank() == 0 {
            let args: Vec<Cx> = inst.args.iter().map(|a| self.scalar(*a)).collect();
            for (r, cx) in inst.results.iter().zip(self.call(k, &args)) {
                self.bind(*r, cx);
            }
            return;
        }
        let targets: Vec<Buf> = inst.results.iter().map(|r| self.buffer(*r)).collect();
        self.nest(ty, &mut |l, i| {
            let idx = Idx::Multi(i.to_vec());
            let mut args = Vec::new();
            for a in &inst.args {
                let at = l.stretch(l.func.ty(*a), ty, &idx);
                args.push(l.element(*a, &at));
            }
            let values = l.call(k, &args);
            let at = l.position(ty, &idx);
            for (dst, value) in targets.iter().zip(values) {
                l.store(*dst, at.clone(), value);
            }
        });
    }

    /// Makes a scalar known under its name.
    pub(super) fn bind(&mut self, v: ValueId, cx: Cx) {
        let name = self.func.values[v.0 as usize].name.clone();
        let cx = self.define_cx(cx, name);
        self.scalars.insert(v, cx);
    }

    /// Runs `f` for every index of a shape, the last axis innermost.
    pub(super) fn nest(&mut self, ty: &Type, f: &mut dyn FnMut(&mut Self, &[Expr])) {
        self.nest_from(ty, 0, f);
    }

    /// As [`Lower::nest`], with one axis outermost.
    fn nest_from(&mut self, ty: &Type, outermost: usize, f: &mut dyn FnMut(&mut Self, &[Expr])) {
        let mut order: Vec<usize> = (0..ty.rank()).collect();
        if outermost > 0 {
            order.remove(outermost);
            order.insert(0, outermost);
        }
        let mut idx = vec![Expr::int(0); ty.rank()];
        let mut open = Vec::new();
        for k in order {
            let hi = self.dim(&ty.shape[k]);
            // an axis of one element needs no loop
            if hi.as_int() == Some(1) {
                continue;
            }
            let (var, i) = self.begin_for();
            idx[k] = i;
            open.push((var, hi));
        }
        f(self, &idx);
        for (var, hi) in open.into_iter().rev() {
            self.end_for(var, Expr::int(0), hi);
        }
    }

    /// Stores a value that could have been pulled.
    fn fill(&mut self, inst: &'m Inst, dst: Buf) {
        let v = inst.results[0];
        let ty = self.func.ty(v);
        if let (Op::Broadcast, None, [value]) = (&inst.op, dst.im, inst.args.as_slice())
            && self.func.ty(*value).rank() == 0
            && let Cx { re, im: Some(im) } = self.scalar(*value)
            && re == im
        {
            // both parts alike: as reals, a fill that is overwritten later is known as one
            let n = self.size(ty).imul(Expr::int(2));
            let (var, i) = self.begin_for();
            self.b.push(StmtKind::Store(dst.re, i, re));
            return self.end_for(var, Expr::int(0), n);
        }
        // pulled as if lazy; its own buffer is not read
        let kept = std::mem::replace(&mut self.plan.kept[v.0 as usize], Kept::Lazy);
        if self.plan.flattenable(self.func, v) {
            let n = self.size(ty);
            let (var, i) = self.begin_for();
            let value = self.element(v, &Idx::Flat(i.clone()));
            self.store(dst, i, value);
            self.end_for(var, Expr::int(0), n);
        } else {
            self.nest(ty, &mut |l, i| {
                let idx = Idx::Multi(i.to_vec());
                let value = l.element(v, &idx);
                let at = l.position(ty, &idx);
                l.store(dst, at, value);
            });
        }
        self.plan.kept[v.0 as usize] = kept;
    }

    /// The result's buffer, holding the operand's contents.
    fn bring(&mut self, x: ValueId, result: ValueId) -> Buf {
        let dst = self.buffer(result);
        let src = self.buffer(x);
        let moves = self.moves(dst, src, x);
        self.parallel_copy(moves);
        dst
    }

    fn compress(&mut self, inst: &'m Inst) {
        let (count, idx) = (inst.results[0], inst.results[1]);
        let dst = self.buffer(idx).re;
        let mask = inst.args[0];
        let n = self.dim(&self.func.ty(mask).shape[0]);
        let name = self.func.values[count.0 as usize].name.clone();
        let c = self.b.mutable(Expr::int(0), name);
        let at = self.b.var(c);
        let (var, i) = self.begin_for();
        let take = self.element(mask, &Idx::Multi(vec![i.clone()])).re;
        self.b.open();
        self.b.push(StmtKind::Store(dst, at.clone(), i));
        self.b.push(StmtKind::Assign(c, at.clone().iadd(Expr::int(1))));
        let then = self.b.close();
        self.b.push(StmtKind::If { cond: take, then, otherwise: Vec::new() });
        self.end_for(var, Expr::int(0), n);
        self.scalars.insert(count, Cx::real(at));
    }

    fn concat(&mut self, inst: &'m Inst, axis: usize) {
        let result = inst.results[0];
        let ty = self.func.ty(result);
        let dst = self.buffer(result);
        let mut offset = Expr::int(0);
        for (k, a) in inst.args.iter().enumerate() {
            let at = self.func.ty(*a);
            let extent = self.dim(&at.shape[axis]);
            // the first part may already stand there
            let in_place = k == 0 && axis == 0 && self.plan.kept[a.0 as usize] != Kept::Lazy && self.buffer(*a) == dst;
            if !in_place {
                let a = *a;
                let base = offset.clone();
                self.nest(at, &mut |l, i| {
                    let mut to = i.to_vec();
                    to[axis] = base.clone().iadd(to[axis].clone());
                    let value = l.element(a, &Idx::Multi(i.to_vec()));
                    let at = l.position(ty, &Idx::Multi(to));
                    l.store(dst, at, value);
                });
            }
            offset = self.b.define(offset.iadd(extent));
        }
    }

    fn matmul(&mut self, inst: &'m Inst) {
        let (a, b, out) = (inst.args[0], inst.args[1], inst.results[0]);
        let ty = self.func.ty(out);
        let at = self.func.ty(a);
        let dst = self.buffer(out);
        let m = self.dim(&ty.shape[0]);
        let n = self.dim(&ty.shape[1]);
        let inner = self.dim(&at.shape[1]);
        let (vi, i) = self.begin_for();
        // the first product, or zero where there is none
        let first = |l: &mut Self| {
            let (vj, j) = l.begin_for();
            let x = l.element(a, &Idx::Multi(vec![i.clone(), Expr::int(0)]));
            let y = l.element(b, &Idx::Multi(vec![Expr::int(0), j.clone()]));
            let p = l.binary(Binary::Mul, &x, &y, ty.dtype);
            let to = l.position(ty, &Idx::Multi(vec![i.clone(), j]));
            l.store(dst, to, p);
            l.end_for(vj, Expr::int(0), n.clone());
        };
        let nothing = |l: &mut Self| {
            let (vj, j) = l.begin_for();
            let to = l.position(ty, &Idx::Multi(vec![i.clone(), j]));
            l.store(dst, to, Cx::zero(ty.dtype));
            l.end_for(vj, Expr::int(0), n.clone());
        };
        match inner.as_int() {
            Some(k) if k > 0 => first(self),
            Some(_) => nothing(self),
            None => {
                self.begin_block();
                first(self);
                let then = self.end_block();
                self.begin_block();
                nothing(self);
                let otherwise = self.end_block();
                self.b.push(StmtKind::If { cond: Expr::int(0).lt(inner.clone()), then, otherwise });
            }
        }
        let (vp, p) = self.begin_for();
        let x = self.element(a, &Idx::Multi(vec![i.clone(), p.clone()]));
        let (vj, j) = self.begin_for();
        let y = self.element(b, &Idx::Multi(vec![p, j.clone()]));
        let product = self.binary(Binary::Mul, &x, &y, ty.dtype);
        let to = self.position(ty, &Idx::Multi(vec![i.clone(), j]));
        let sum = self.load(dst, ty.dtype, to.clone());
        let sum = self.binary(Binary::Add, &sum, &product, ty.dtype);
        self.store(dst, to, sum);
        self.end_for(vj, Expr::int(0), n.clone());
        self.end_for(vp, Expr::int(1), inner);
        self.end_for(vi, Expr::int(0), m);
    }
}
