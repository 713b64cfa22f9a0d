//! Cascades of a known number of biquads as a wavefront: at step t, section s works on sample t - s*SKEW. The sections of
//! one step are then independent and stand side by side in a vector; each keeps its own order of arithmetic.
//!
//! Section s leaves its output in column s+1 of row t + SKEW, where section s+1 finds its input SKEW steps later: by then
//! the store has reached the cache, and nothing waits for a shift. Complex signals take two lanes a section.
//! See `docs/adr/0005-kernel-forms.md`.

use super::element::Idx;
use super::{Buf, Cx, Lower};
use crate::hir::{Dim, Func, Inst};
use crate::lir::{BinOp, BufId, BufKind, Expr, StmtKind, Ty};

/// Steps between a section and the next.
const SKEW: i64 = 16;
/// Steps between two copies of the rows.
const BLOCK: i64 = 64;
/// Fewest lanes: gcc unrolls a shorter loop into scalars before it vectorises; spare lanes compute zeros nobody reads.
const LANES: i64 = 16;

/// Sections, where the wavefront pays: enough of them, and a signal that outlasts its filling.
pub(super) fn sections(func: &Func, inst: &Inst) -> Option<i64> {
    let s = func.ty(inst.args[0]).shape[0].as_const().filter(|s| (3..=32).contains(s))?;
    match func.ty(inst.args[1]).shape[0].as_const() {
        Some(n) if n < 4 * (s - 1) * SKEW => None,
        _ => Some(s),
    }
}

struct Wave {
    ty: Ty,
    sections: i64,
    /// 2 for complex.
    wide: i64,
    lanes: i64,
    width: i64,
    /// b0 b1 b2 a1 a2, one a lane.
    coefficients: [BufId; 5],
    z: [BufId; 2],
    row: BufId,
    dst: Buf,
}

impl<'m> Lower<'m> {
    pub(super) fn wavefront(&mut self, inst: &'m Inst, sections: i64) {
        let (sos, x, zi) = (inst.args[0], inst.args[1], inst.args[2]);
        let (y, zf) = (inst.results[0], inst.results[1]);
        let dtype = self.func.ty(y).dtype;
        let ty = Ty::of(dtype);
        let wide = if dtype.is_complex() { 2 } else { 1 };
        let lanes = ((sections * wide + 7) / 8 * 8).max(LANES);
        let width = lanes + wide;
        let mut local = |n: i64| self.b.new_buf(ty, BufKind::Local(n as usize), true);
        let coefficients = [(); 5].map(|()| local(lanes));
        let z = [local(lanes), local(lanes)];
        // in the workspace and not on the stack: behind a pointer gcc knows that its stores leave the states alone
        let row = self.b.new_buf(ty, BufKind::Work(Dim::from((BLOCK + SKEW) * width)), true);
        let dst = self.buffer(y);
        let state = self.buffer(zf);
        let w = Wave { ty, sections, wide, lanes, width, coefficients, z, row, dst };
        let n = self.dim(&self.func.ty(y).shape[0].clone());

        for buf in w.coefficients.into_iter().chain(w.z) {
            self.zeros(buf, ty, Expr::int(0), Expr::int(lanes));
        }
        for (k, buf) in w.coefficients.into_iter().enumerate() {
            let column = [0, 1, 2, 4, 5][k];
            let (vs, s) = self.begin_for();
            let value = self.element(sos, &Idx::Multi(vec![s.clone(), Expr::int(column)])).re;
            let value = self.b.define(value);
            for part in 0..wide {
                let at = s.clone().imul(Expr::int(wide)).iadd(Expr::int(part));
                self.b.push(StmtKind::Store(buf, at, value.clone()));
            }
            self.end_for(vs, Expr::int(0), Expr::int(sections));
        }
        for (k, buf) in w.z.into_iter().enumerate() {
            let (vs, s) = self.begin_for();
            let value = self.element(zi, &Idx::Multi(vec![s.clone(), Expr::int(k as i64)]));
            for (part, value) in value.parts().into_iter().enumerate() {
                let at = s.clone().imul(Expr::int(wide)).iadd(Expr::int(part as i64));
                self.b.push(StmtKind::Store(buf, at, value));
            }
            self.end_for(vs, Expr::int(0), Expr::int(sections));
        }

        let reach = Expr::int((sections - 1) * SKEW);
        self.begin_block();
        self.whole_wave(inst, &w, &n);
        let then = self.end_block();
        self.begin_block();
        let (vi, i) = self.begin_for();
        let value = self.element(x, &Idx::Multi(vec![i.clone()]));
        let out = self.through(&w, value, Expr::int(0), Expr::int(sections));
        self.store(w.dst, i, out);
        self.end_for(vi, Expr::int(0), n.clone());
        let otherwise = self.end_block();
        self.b.push(StmtKind::If { cond: reach.lt(n), then, otherwise });

        let (vs, s) = self.begin_for();
        for (k, buf) in w.z.into_iter().enumerate() {
            let at = s.clone().imul(Expr::int(wide));
            let re = self.b.load(buf, at.clone());
            let im = (wide == 2).then(|| self.b.load(buf, at.iadd(Expr::int(1))));
            self.store(state, s.clone().imul(Expr::int(2)).iadd(Expr::int(k as i64)), Cx { re, im });
        }
        self.end_for(vs, Expr::int(0), Expr::int(sections));
    }

    /// Zeros.
    fn zeros(&mut self, buf: BufId, ty: Ty, from: Expr, to: Expr) {
        let (v, i) = self.begin_for();
        self.b.push(StmtKind::Store(buf, i, Expr::zero(ty)));
        self.end_for(v, from, to);
    }

    /// A signal longer than the wavefront: filling, full steps, emptying.
    fn whole_wave(&mut self, inst: &'m Inst, w: &Wave, n: &Expr) {
        let x = inst.args[1];
        let reach = (w.sections - 1) * SKEW;
        self.zeros(w.row, w.ty, Expr::int(0), Expr::int((BLOCK + SKEW) * w.width));
        // sample g*SKEW + k goes through the sections before its place in step `reach`
        let (vg, g) = self.begin_for();
        let (vk, k) = self.begin_for();
        let i = self.b.define(g.clone().imul(Expr::int(SKEW)).iadd(k.clone()));
        let value = self.element(x, &Idx::Multi(vec![i]));
        let to = self.b.define(Expr::int(w.sections - 1).isub(g));
        let out = self.through(w, value, Expr::int(0), to.clone());
        self.put(w, &k, &to, &out);
        self.end_for(vk, Expr::int(0), Expr::int(SKEW));
        self.end_for(vg, Expr::int(0), Expr::int(w.sections - 1));

        let steps = self.b.define(n.clone().isub(Expr::int(reach)));
        let vt = self.b.begin_for();
        self.memo.push(std::collections::HashMap::new());
        let t = self.b.var(vt);
        let some = self.b.define(steps.clone().isub(t.clone()).imin(Expr::int(BLOCK)));
        let (vk, k) = self.begin_for();
        let at = t.clone().iadd(k.clone()).iadd(Expr::int(reach));
        let value = self.element(x, &Idx::Multi(vec![at]));
        self.put(w, &k, &Expr::int(0), &value);
        self.end_for(vk, Expr::int(0), some.clone());

        let (vk, k) = self.begin_for();
        let from = self.b.define(k.imul(Expr::int(w.width)));
        let (vl, l) = self.begin_for();
        let value = self.b.load(w.row, from.clone().iadd(l.clone()));
        let out = self.section(w, &l, value);
        let to = from.iadd(l).iadd(Expr::int(SKEW * w.width + w.wide));
        self.b.push(StmtKind::Store(w.row, to, out));
        self.end_for(vl, Expr::int(0), Expr::int(w.lanes));
        self.end_for(vk, Expr::int(0), some.clone());

        let (vk, k) = self.begin_for();
        let out = self.get(w, &k.clone().iadd(Expr::int(SKEW)), &Expr::int(w.sections));
        self.store(w.dst, t.iadd(k), out);
        self.end_for(vk, Expr::int(0), some.clone());
        let (vi, i) = self.begin_for();
        let value = self.b.load(w.row, some.imul(Expr::int(w.width)).iadd(i.clone()));
        self.b.push(StmtKind::Store(w.row, i, value));
        self.end_for(vi, Expr::int(0), Expr::int(SKEW * w.width));
        self.memo.pop();
        self.b.end_for(vt, Expr::int(0), steps.clone(), BLOCK);

        // the last samples go through the sections still before them
        let (vg, g) = self.begin_for();
        let (vk, k) = self.begin_for();
        let first = self.b.define(Expr::int(w.sections - 1).isub(g.clone()));
        let value = self.get(w, &k, &first);
        let out = self.through(w, value, first, Expr::int(w.sections));
        let at = steps.iadd(g.imul(Expr::int(SKEW))).iadd(k);
        self.store(w.dst, at, out);
        self.end_for(vk, Expr::int(0), Expr::int(SKEW));
        self.end_for(vg, Expr::int(0), Expr::int(w.sections - 1));
    }

    /// Place of a section's input in a row.
    fn cell(&self, w: &Wave, row: &Expr, section: &Expr) -> Expr {
        row.clone().imul(Expr::int(w.width)).iadd(section.clone().imul(Expr::int(w.wide)))
    }

    fn put(&mut self, w: &Wave, row: &Expr, section: &Expr, value: &Cx) {
        let at = self.cell(w, row, section);
        for (part, value) in value.parts().into_iter().enumerate() {
            self.b.push(StmtKind::Store(w.row, at.clone().iadd(Expr::int(part as i64)), value));
        }
    }

    fn get(&mut self, w: &Wave, row: &Expr, section: &Expr) -> Cx {
        let at = self.cell(w, row, section);
        let im = (w.wide == 2).then(|| self.b.load(w.row, at.clone().iadd(Expr::int(1))));
        Cx { re: self.b.load(w.row, at), im }
    }

    /// A sample through sections from..to, one after the other.
    fn through(&mut self, w: &Wave, value: Cx, from: Expr, to: Expr) -> Cx {
        let vars: Vec<_> = value.parts().into_iter().map(|p| self.b.mutable(p, None)).collect();
        let (vs, s) = self.begin_for();
        for (part, v) in vars.iter().enumerate() {
            let lane = self.b.define(s.clone().imul(Expr::int(w.wide)).iadd(Expr::int(part as i64)));
            let value = self.b.var(*v);
            let out = self.section(w, &lane, value);
            self.b.push(StmtKind::Assign(*v, out));
        }
        self.end_for(vs, from, to);
        let im = vars.get(1).map(|v| self.b.var(*v));
        Cx { re: self.b.var(vars[0]), im }
    }

    /// One step of one lane: reads and writes its state, gives its output.
    fn section(&mut self, w: &Wave, lane: &Expr, value: Expr) -> Expr {
        let named = |l: &mut Self, e: Expr| {
            let v = l.b.new_var(e.ty, None);
            l.b.push(StmtKind::Let(v, e));
            l.b.var(v)
        };
        let v = named(self, value);
        let [b0, b1, b2, a1, a2] = w.coefficients.map(|c| self.b.load(c, lane.clone()));
        let [z0, z1] = w.z.map(|z| self.b.load(z, lane.clone()));
        let times = |c: Expr, v: &Expr| c.binary(BinOp::Mul, v.clone());
        let out = named(self, times(b0, &v).binary(BinOp::Add, z0));
        let next = times(b1, &v).binary(BinOp::Sub, times(a1, &out)).binary(BinOp::Add, z1);
        self.b.push(StmtKind::Store(w.z[0], lane.clone(), next));
        let next = times(b2, &v).binary(BinOp::Sub, times(a2, &out));
        self.b.push(StmtKind::Store(w.z[1], lane.clone(), next));
        out
    }
}
