//! FIR and biquad cascades. Outputs are computed in blocks with the taps outside, so every output keeps its order of
//! additions while the compiler vectorises across outputs.

use super::element::Idx;
use super::{Buf, Cx, Lower};
use crate::dtype::DType;
use crate::hir::{Dim, Func, Inst, Op};
use crate::lir::{BinOp, BufId, BufKind, Expr, ExprKind, StmtKind, Ty};

/// Outputs computed together.
const BLOCK: i64 = 64;

/// Scratch of an FIR that decimates: the input split into its phases.
pub(super) fn scratch(func: &Func, inst: &Inst) -> Vec<(DType, Dim)> {
    match inst.op {
        Op::Fir { up: 1, down } if down > 1 && super::fir::form(func, inst).is_none() => {
            let x = func.ty(inst.args[0]);
            let phase = x.shape[0].offset(down - 1).div(down);
            vec![(x.dtype, phase.scale(down))]
        }
        _ => Vec::new(),
    }
}

impl<'m> Lower<'m> {
    pub(super) fn fir(&mut self, inst: &'m Inst, up: i64, down: i64) {
        if let Some(form) = super::fir::form(self.func, inst) {
            return self.fir_grouped(inst, form);
        }
        let (x, h, y) = (inst.args[0], inst.args[1], inst.results[0]);
        let start = self.index(inst.args[2]);
        let dst = self.buffer(y);
        let (xt, ht) = (self.func.ty(x), self.func.ty(h));
        let n = self.dim(&xt.shape[0]);
        let k = self.dim(&ht.shape[0]);
        let count = self.dim(&self.func.ty(y).shape[0]);
        // where no group of outputs can be filled its code would never run, and gcc warns of what it would do
        if up != 1 || down == 1 && !self.fir_fills(inst, BLOCK, down) {
            return self.fir_points(inst, (dst, Expr::int(0), count), up, down);
        }
        // interior outputs see all taps: k-1 <= start + m*down <= n-1
        let lo = k.clone().isub(Expr::int(1)).isub(start.clone()).iadd(Expr::int(down - 1)).idiv(Expr::int(down));
        let lo = lo.imax(Expr::int(0)).imin(count.clone());
        let lo = self.b.define(lo);
        let hi = n.clone().isub(Expr::int(1)).isub(start.clone()).idiv(Expr::int(down)).iadd(Expr::int(1));
        let hi = self.b.define(hi.imax(lo.clone()).imin(count.clone()));
        let phases = self.deinterleave(inst, n, down);
        self.fir_points(inst, (dst, Expr::int(0), lo.clone()), up, down);
        self.fir_blocks(inst, dst, phases, (start, k), (lo, hi.clone()), down);
        self.fir_points(inst, (dst, hi, count), up, down);
    }

    /// Splits x into `down` contiguous phases; x itself when nothing is dropped. Gives the buffer and phase length.
    fn deinterleave(&mut self, inst: &'m Inst, n: Expr, down: i64) -> (Buf, Expr) {
        let x = inst.args[0];
        if down == 1 {
            return (self.buffer(x), Expr::int(0));
        }
        let buf = self.scratch(inst)[0];
        let length = n.clone().iadd(Expr::int(down - 1)).idiv(Expr::int(down));
        let length = self.b.define(length);
        let whole = self.b.define(n.clone().idiv(Expr::int(down)));
        let (vq, q) = self.begin_for();
        for p in 0..down {
            let value = self.element(x, &Idx::Multi(vec![q.clone().imul(Expr::int(down)).iadd(Expr::int(p))]));
            self.store(buf, length.clone().imul(Expr::int(p)).iadd(q.clone()), value);
        }
        self.end_for(vq, Expr::int(0), whole.clone());
        let (vp, p) = self.begin_for();
        let value = self.element(x, &Idx::Multi(vec![whole.clone().imul(Expr::int(down)).iadd(p.clone())]));
        self.store(buf, length.clone().imul(p).iadd(whole.clone()), value);
        self.end_for(vp, Expr::int(0), n.isub(whole.imul(Expr::int(down))));
        (buf, length)
    }

    /// Element of x for the edges, from the phases where there are some.
    fn fir_input(&mut self, inst: &'m Inst, down: i64, n: &Expr, at: Expr) -> Cx {
        let x = inst.args[0];
        let dtype = self.func.ty(x).dtype;
        match inst.op {
            Op::Fir { up: 1, .. } if down > 1 && super::fir::form(self.func, inst).is_none() => {
                let buf = self.scratch(inst)[0];
                let length = n.clone().iadd(Expr::int(down - 1)).idiv(Expr::int(down));
                let at = self.b.define(at);
                let place = at.clone().imod(Expr::int(down)).imul(length).iadd(at.idiv(Expr::int(down)));
                self.load(buf, dtype, place)
            }
            _ => self.element(x, &Idx::Multi(vec![at])),
        }
    }

    /// One output after the other, any `up`, with taps that fall outside x left out.
    pub(super) fn fir_points(&mut self, inst: &'m Inst, (dst, lo, hi): (Buf, Expr, Expr), up: i64, down: i64) {
        let (x, h, y) = (inst.args[0], inst.args[1], inst.results[0]);
        let start = self.index(inst.args[2]);
        let dtype = self.func.ty(y).dtype;
        let n = self.dim(&self.func.ty(x).shape[0]);
        let k = self.dim(&self.func.ty(h).shape[0]);
        // gcc warns of what a loop of no round would do unless it is told that there is none
        let some = lo.clone().lt(hi.clone());
        self.begin_block();
        let (vm, m) = self.begin_for();
        let centre = self.b.define(start.iadd(m.clone().imul(Expr::int(down))));
        // j with 0 <= centre - j <= (n-1)*up, j = centre modulo up
        let least = centre.clone().isub(n.clone().isub(Expr::int(1)).imul(Expr::int(up))).imax(Expr::int(0));
        let least = self.b.define(least);
        let first = if up == 1 {
            least
        } else {
            let ahead = centre.clone().isub(least.clone()).imod(Expr::int(up));
            self.b.define(least.iadd(ahead))
        };
        let end = self.b.define(centre.clone().iadd(Expr::int(1)).imin(k));
        let vars: Vec<_> = Cx::zero(dtype).parts().into_iter().map(|p| self.b.mutable(p, None)).collect();
        let acc = Cx { re: self.b.var(vars[0]), im: vars.get(1).map(|v| self.b.var(*v)) };
        let vj = self.b.begin_for();
        self.memo.push(std::collections::HashMap::new());
        let j = self.b.var(vj);
        let at = centre.isub(j.clone()).idiv(Expr::int(up));
        let value = self.fir_input(inst, down, &n, at);
        let value = self.define_cx(value, None);
        let tap = self.element(h, &Idx::Multi(vec![j]));
        let next = self.fir_step(&acc, &tap, &value);
        self.assign(&vars, next);
        self.memo.pop();
        self.b.end_for(vj, first, end, up);
        self.store(dst, m, acc);
        self.end_for(vm, lo, hi);
        let then = self.end_block();
        match some.kind {
            ExprKind::Const(0) => {}
            ExprKind::Const(_) => then.into_iter().for_each(|s| self.b.push(s.kind)),
            _ => self.b.push(StmtKind::If { cond: some, then, otherwise: Vec::new() }),
        }
    }

    /// acc + h * v.
    pub(super) fn fir_step(&mut self, acc: &Cx, h: &Cx, v: &Cx) -> Cx {
        let fma = self.module.fma && h.im.is_none() && acc.re.ty.is_float();
        let one = |acc: &Expr, h: &Expr, v: &Expr| {
            if fma {
                Expr {
                    ty: acc.ty,
                    kind: ExprKind::Fma(Box::new(h.clone()), Box::new(v.clone()), Box::new(acc.clone())),
                }
            } else {
                acc.clone().binary(BinOp::Add, h.clone().binary(BinOp::Mul, v.clone()))
            }
        };
        match (&h.im, &v.im, &acc.im) {
            (None, _, Some(ai)) => {
                Cx { re: one(&acc.re, &h.re, &v.re), im: v.im.as_ref().map(|vi| one(ai, &h.re, vi)) }
            }
            (Some(_), Some(_), _) => {
                let p = self.binary(crate::hir::Binary::Mul, h, v, DType::Complex128);
                self.binary(crate::hir::Binary::Add, acc, &p, DType::Complex128)
            }
            _ => Cx::real(one(&acc.re, &h.re, &v.re)),
        }
    }

    /// Whether a whole group of outputs can see all taps. Where none can, its loop must not be written: with arrays of
    /// known size compilers notice that its constant trip count would run over their end.
    pub(super) fn fir_fills(&self, inst: &Inst, group: i64, down: i64) -> bool {
        let extent = |v| &self.func.ty(v).shape[0];
        let most = |d| self.bounds.most(d).unwrap_or(i128::MAX);
        let taps = self.bounds.least(extent(inst.args[1])).unwrap_or(0).max(1);
        let seen = most(extent(inst.args[0])).saturating_sub(taps).div_euclid(i128::from(down)) + 1;
        seen.min(most(extent(inst.results[0]))) >= i128::from(group)
    }

    /// Interior outputs, [`BLOCK`] at a time.
    fn fir_blocks(
        &mut self,
        inst: &'m Inst,
        dst: Buf,
        (src, phase): (Buf, Expr),
        (start, k): (Expr, Expr),
        (lo, hi): (Expr, Expr),
        down: i64,
    ) {
        let (x, h, y) = (inst.args[0], inst.args[1], inst.results[0]);
        let xt = self.func.ty(x).dtype;
        let dtype = self.func.ty(y).dtype;
        let ty = Ty::of(dtype);
        let real_taps = !self.func.ty(h).dtype.is_complex();
        // pairs of reals with real taps are twice as many real lanes
        let paired = dtype.is_complex() && real_taps && src.im.is_none();
        let wide = if paired { 2 } else { 1 };
        let accs: Vec<BufId> = (0..if dtype.is_complex() && !paired { 2 } else { 1 })
            .map(|_| self.b.new_buf(ty, BufKind::Local((BLOCK * wide) as usize), true))
            .collect();
        let body = |l: &mut Self, m: Expr, outputs: Expr| {
            let lanes = outputs.clone().imul(Expr::int(wide));
            let (vb, b) = l.begin_for();
            for a in &accs {
                l.b.push(StmtKind::Store(*a, b.clone(), Expr::zero(ty)));
            }
            l.end_for(vb, Expr::int(0), lanes.clone());
            let (vj, j) = l.begin_for();
            let tap = l.element(h, &Idx::Multi(vec![j.clone()]));
            // where output m finds the tap's sample
            let from = start.clone().isub(j);
            let base = if down == 1 {
                from.iadd(m.clone())
            } else {
                let from = l.b.define(from);
                let p = from.clone().imod(Expr::int(down));
                p.imul(phase.clone()).iadd(from.idiv(Expr::int(down))).iadd(m.clone())
            };
            let base = l.b.define(base.imul(Expr::int(wide)));
            let (vb, b) = l.begin_for();
            let at = base.iadd(b.clone());
            let (acc, value) = if paired {
                (Cx::real(l.b.load(accs[0], b.clone())), Cx::real(l.b.load(src.re, at)))
            } else {
                let im = accs.get(1).map(|a| l.b.load(*a, b.clone()));
                (Cx { re: l.b.load(accs[0], b.clone()), im }, l.load(src, xt, at))
            };
            let value = if value.im.is_some() { l.define_cx(value, None) } else { value };
            let next = l.fir_step(&acc, &tap, &value);
            let next = if next.im.is_some() { l.define_cx(next, None) } else { next };
            for (a, p) in accs.iter().zip(next.parts()) {
                l.b.push(StmtKind::Store(*a, b.clone(), p));
            }
            l.end_for(vb, Expr::int(0), lanes.clone());
            l.end_for(vj, Expr::int(0), k.clone());
            l.fir_give(dst, &accs, paired, m, outputs);
        };
        let whole = hi.clone().isub(lo.clone());
        let whole = self.b.define(whole.clone().isub(whole.imod(Expr::int(BLOCK))).iadd(lo.clone()));
        if self.fir_fills(inst, BLOCK, down) {
            let vm = self.b.begin_for();
            self.memo.push(std::collections::HashMap::new());
            let m = self.b.var(vm);
            body(self, m, Expr::int(BLOCK));
            self.memo.pop();
            self.b.end_for(vm, lo, whole.clone(), BLOCK);
        }
        let left = self.b.define(hi.isub(whole.clone()));
        self.begin_block();
        body(self, whole, left.clone());
        let then = self.end_block();
        self.b.push(StmtKind::If { cond: Expr::int(0).lt(left), then, otherwise: Vec::new() });
    }

    /// Stores a group's accumulators as the outputs from `m` on.
    pub(super) fn fir_give(&mut self, dst: Buf, accs: &[BufId], paired: bool, m: Expr, outputs: Expr) {
        let (vb, b) = self.begin_for();
        if paired && dst.im.is_none() {
            let v = self.b.load(accs[0], b.clone());
            self.b.push(StmtKind::Store(dst.re, m.imul(Expr::int(2)).iadd(b), v));
            return self.end_for(vb, Expr::int(0), outputs.imul(Expr::int(2)));
        }
        let part = |b: Expr, k: i64| if paired { b.imul(Expr::int(2)).iadd(Expr::int(k)) } else { b };
        let re = self.b.load(accs[0], part(b.clone(), 0));
        let im = if paired { Some(accs[0]) } else { accs.get(1).copied() };
        let im = im.map(|a| self.b.load(a, part(b.clone(), 1)));
        self.store(dst, m.iadd(b), Cx { re, im });
        self.end_for(vb, Expr::int(0), outputs);
    }

    pub(super) fn sosfilt(&mut self, inst: &'m Inst) {
        if let Some(sections) = super::biquads::sections(self.func, inst) {
            return self.wavefront(inst, sections);
        }
        let (sos, x, zi) = (inst.args[0], inst.args[1], inst.args[2]);
        let (y, zf) = (inst.results[0], inst.results[1]);
        let dtype = self.func.ty(y).dtype;
        let (dst, state) = (self.buffer(y), self.buffer(zf));
        let n = self.dim(&self.func.ty(y).shape[0]);
        let zt = self.func.ty(zf);
        let sections = self.dim(&zt.shape[0]);
        self.nest(zt, &mut |l, i| {
            let idx = Idx::Multi(i.to_vec());
            let value = l.element(zi, &idx);
            let at = l.position(zt, &idx);
            l.store(state, at, value);
        });
        let (vi, i) = self.begin_for();
        let value = self.element(x, &Idx::Multi(vec![i.clone()]));
        let vars: Vec<_> = value.parts().into_iter().map(|p| self.b.mutable(p, None)).collect();
        let signal = Cx { re: self.b.var(vars[0]), im: vars.get(1).map(|v| self.b.var(*v)) };
        let (vs, s) = self.begin_for();
        let coefficient = |l: &mut Self, c: i64| l.element(sos, &Idx::Multi(vec![s.clone(), Expr::int(c)])).re;
        let (b0, b1, b2) = (coefficient(self, 0), coefficient(self, 1), coefficient(self, 2));
        let (a1, a2) = (coefficient(self, 4), coefficient(self, 5));
        let z0_at = s.clone().imul(Expr::int(2));
        let z1_at = z0_at.clone().iadd(Expr::int(1));
        let z0 = self.load(state, dtype, z0_at.clone());
        let z0 = self.define_cx(z0, None);
        let z1 = self.load(state, dtype, z1_at.clone());
        let z1 = self.define_cx(z1, None);
        let scaled = |c: &Expr, v: &Cx| Cx {
            re: c.clone().binary(BinOp::Mul, v.re.clone()),
            im: v.im.as_ref().map(|e| c.clone().binary(BinOp::Mul, e.clone())),
        };
        let old = self.define_copy(&signal);
        let out = self.binary(crate::hir::Binary::Add, &scaled(&b0, &old), &z0, dtype);
        let out = self.define_cx(out, None);
        let difference = self.binary(crate::hir::Binary::Sub, &scaled(&b1, &old), &scaled(&a1, &out), dtype);
        let next = self.binary(crate::hir::Binary::Add, &difference, &z1, dtype);
        let last = self.binary(crate::hir::Binary::Sub, &scaled(&b2, &old), &scaled(&a2, &out), dtype);
        self.store(state, z0_at, next);
        self.store(state, z1_at, last);
        self.assign(&vars, out);
        self.end_for(vs, Expr::int(0), sections);
        self.store(dst, i, signal);
        self.end_for(vi, Expr::int(0), n);
    }

    /// The present value of variables that will change.
    fn define_copy(&mut self, cx: &Cx) -> Cx {
        let mut one = |e: &Expr| {
            let v = self.b.new_var(e.ty, None);
            self.b.push(StmtKind::Let(v, e.clone()));
            self.b.var(v)
        };
        Cx { re: one(&cx.re), im: cx.im.as_ref().map(one) }
    }
}
