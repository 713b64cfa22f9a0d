//! FIRs whose number of taps is known: groups of outputs stay in registers over all taps.
//!
//! The innermost loops run over neighbouring outputs with a constant trip count, so compilers vectorise them and keep the
//! accumulators in registers; every output still adds its taps in ascending order. A decimating FIR first deals a block
//! of input into one row a phase, which makes those loops' loads consecutive. The row of every tap is a constant or
//! affine in the loop index: gcc 12 turns a computed row into gathers. See `docs/adr/0005-kernel-forms.md`.

use super::element::Idx;
use super::{Buf, Cx, Lower};
use crate::dtype::DType;
use crate::hir::{Dim, Func, Inst, Op};
use crate::lir::{BufId, BufKind, Expr, StmtKind, Ty};
use std::collections::HashMap;

/// Accumulators of one group: four vectors of 512 bits.
const GROUP_BYTES: i64 = 256;
/// Workspace for the rows of one block.
const ROWS_BYTES: i64 = 17 * 1024;
/// Largest decimation whose taps are written out, one turn through the phases at a time.
const UNROLLED: i64 = 16;

/// Sizes, in outputs and taps.
pub(super) struct Form {
    taps: i64,
    down: i64,
    /// Outputs in registers, where an output is one real.
    group: i64,
    /// Outputs dealt for at once, a multiple of `group`.
    block: i64,
    /// Columns of a row before the one where the first output finds tap 0, in row 0: the samples its taps reach back to.
    back: i64,
    /// Elements between rows.
    stride: i64,
}

/// The form of an instruction; None where the number of taps is not known or the rows would be too long.
pub(super) fn form(func: &Func, inst: &Inst) -> Option<Form> {
    let Op::Fir { up: 1, down } = inst.op else { return None };
    let taps = func.ty(inst.args[1]).shape[0].as_const().filter(|k| *k > 0)?;
    let size = func.ty(inst.results[0]).dtype.size() as i64;
    let group = GROUP_BYTES / Ty::of(func.ty(inst.results[0]).dtype).size() as i64;
    let back = (taps - 1 + down - 1) / down;
    let fits = ROWS_BYTES / (down * size) - back;
    let block = (fits / group).max(1) * group;
    let stride = (block + back + 15) / 16 * 16;
    let bytes = stride.checked_mul(down)?.checked_mul(size)?;
    (down == 1 || bytes <= 4 * ROWS_BYTES).then_some(Form { taps, down, group, block, back, stride })
}

/// What the emission of one FIR needs throughout.
struct Parts {
    form: Form,
    /// x itself, or the rows.
    src: Buf,
    /// A block of x where its elements take calls to compute: those in one loop over neighbours, dealt from here.
    strip: Option<Buf>,
    dst: Buf,
    accs: Vec<BufId>,
    /// The last group's: of its own, because a length that varies keeps an array out of registers.
    last: Vec<BufId>,
    /// Pairs of reals with real taps: twice as many real lanes.
    wide: i64,
    paired: bool,
    /// Parts computed one after the other; None stands for all at once.
    planes: Vec<Option<usize>>,
    start: Expr,
}

impl<'m> Lower<'m> {
    pub(super) fn fir_grouped(&mut self, inst: &'m Inst, mut form: Form) {
        let (x, h, y) = (inst.args[0], inst.args[1], inst.results[0]);
        let dtype = self.func.ty(y).dtype;
        let start = self.index(inst.args[2]);
        let n = self.dim(&self.func.ty(x).shape[0].clone());
        let count = self.dim(&self.func.ty(y).shape[0].clone());
        let down = form.down;
        let dst = self.buffer(y);
        // outputs lo..hi see all taps, and whole columns of the rows lie inside x
        let lo = Expr::int(form.back * down + down - 1).isub(start.clone()).idiv(Expr::int(down));
        let lo = self.b.define(lo.imax(Expr::int(0)).imin(count.clone()));
        let hi = n.isub(Expr::int(down)).isub(start.clone()).idiv(Expr::int(down)).iadd(Expr::int(1));
        let hi = self.b.define(hi.imax(lo.clone()).imin(count.clone()));
        self.fir_points(inst, (dst, Expr::int(0), lo.clone()), 1, down);

        let ty = Ty::of(dtype);
        let src = if down == 1 {
            self.buffer(x)
        } else {
            // in the workspace and not on the stack: behind a pointer gcc knows what its stores leave alone
            self.fir_rows(self.func.ty(x).dtype, form.stride * down)
        };
        let strip = down > 1 && self.plan.calls(x);
        let strip = strip.then(|| self.fir_rows(self.func.ty(x).dtype, (form.block + form.back) * down));
        let real_taps = !self.func.ty(h).dtype.is_complex();
        let paired = dtype.is_complex() && real_taps && src.im.is_none();
        let wide = if paired { 2 } else { 1 };
        if paired {
            form.group /= 2;
        } else if !real_taps {
            // not below 32: gcc unrolls shorter loops before it vectorises
            form.group = (form.group / 2).max(32);
        }
        let planes = if dtype.is_complex() && real_taps && !paired { vec![Some(0), Some(1)] } else { vec![None] };
        let mut arrays = || -> Vec<BufId> {
            (0..if dtype.is_complex() && !paired { 2 } else { 1 })
                .map(|_| self.b.new_buf(ty, BufKind::Local((form.group * wide) as usize), true))
                .collect()
        };
        let (accs, last) = (arrays(), arrays());
        let block = form.block;
        let mut p = Parts { form, src, strip, dst, accs, last, wide, paired, planes, start };
        if down == 1 {
            self.fir_groups(inst, &mut p, &Expr::int(0), &lo, &hi);
        } else {
            let vm = self.b.begin_for();
            self.memo.push(HashMap::new());
            let m0 = self.b.var(vm);
            let some = self.b.define(hi.clone().isub(m0.clone()).imin(Expr::int(block)));
            self.fir_deal(inst, &p, &m0, &some);
            self.fir_groups(inst, &mut p, &m0, &Expr::int(0), &some);
            self.memo.pop();
            self.b.end_for(vm, lo, hi.clone(), block);
        }
        self.fir_points(inst, (dst, hi, count), 1, down);
    }

    /// Workspace for that many elements, complex ones with their parts apart.
    fn fir_rows(&mut self, dtype: DType, elements: i64) -> Buf {
        let mut part = || self.b.new_buf(Ty::of(dtype), BufKind::Work(Dim::from(elements)), true);
        Buf { re: part(), im: dtype.is_complex().then(part) }
    }

    /// Deals the input of outputs m0 .. m0+some into rows: row r holds the samples r, r+down, ... after the first one needed.
    fn fir_deal(&mut self, inst: &'m Inst, p: &Parts, m0: &Expr, some: &Expr) {
        let f = &p.form;
        let first = p.start.clone().iadd(m0.clone().imul(Expr::int(f.down))).isub(Expr::int(f.back * f.down));
        let first = self.b.define(first);
        let columns = some.clone().iadd(Expr::int(f.back));
        if let Some(strip) = p.strip {
            let (vi, i) = self.begin_for();
            let value = self.element(inst.args[0], &Idx::Multi(vec![first.clone().iadd(i.clone())]));
            self.store(strip, i, value);
            self.end_for(vi, Expr::int(0), columns.clone().imul(Expr::int(f.down)));
        }
        let (vi, i) = self.begin_for();
        for r in 0..f.down {
            let from = i.clone().imul(Expr::int(f.down)).iadd(Expr::int(r));
            let value = match p.strip {
                Some(strip) => self.load(strip, self.func.ty(inst.args[0]).dtype, from),
                None => self.element(inst.args[0], &Idx::Multi(vec![first.clone().iadd(from)])),
            };
            self.store(p.src, i.clone().iadd(Expr::int(r * f.stride)), value);
        }
        self.end_for(vi, Expr::int(0), columns);
    }

    /// Outputs lo..hi after `base`, group by group.
    fn fir_groups(&mut self, inst: &'m Inst, p: &mut Parts, base: &Expr, lo: &Expr, hi: &Expr) {
        let group = p.form.group;
        let some = hi.clone().isub(lo.clone());
        let whole = self.b.define(some.clone().isub(some.imod(Expr::int(group))).iadd(lo.clone()));
        if self.fir_fills(inst, group, p.form.down) {
            let vm = self.b.begin_for();
            self.memo.push(HashMap::new());
            let m = self.b.var(vm);
            self.fir_group(inst, p, base, &m, &Expr::int(group));
            self.memo.pop();
            self.b.end_for(vm, lo.clone(), whole.clone(), group);
        }
        let left = self.b.define(hi.clone().isub(whole.clone()));
        std::mem::swap(&mut p.accs, &mut p.last);
        self.begin_block();
        self.fir_group(inst, p, base, &whole, &left);
        let then = self.end_block();
        self.b.push(StmtKind::If { cond: Expr::int(0).lt(left), then, otherwise: Vec::new() });
    }

    /// `outputs` outputs from base + m on.
    fn fir_group(&mut self, inst: &'m Inst, p: &Parts, base: &Expr, m: &Expr, outputs: &Expr) {
        let f = &p.form;
        let lanes = outputs.clone().imul(Expr::int(p.wide));
        let ty = Ty::of(self.func.ty(inst.results[0]).dtype);
        let unrolled = f.down <= UNROLLED;
        let turn = if unrolled { f.down * ((8 + f.down - 1) / f.down) } else { f.down };
        for plane in p.planes.clone() {
            let (vb, b) = self.begin_for();
            for a in plane.map_or(&p.accs[..], |k| &p.accs[k..=k]) {
                self.b.push(StmtKind::Store(*a, b.clone(), Expr::zero(ty)));
            }
            self.end_for(vb, Expr::int(0), lanes.clone());
            let (vt, t) = self.begin_for();
            self.fir_turn(inst, p, (m, &lanes, plane), &t, turn, turn, unrolled);
            self.end_for(vt, Expr::int(0), Expr::int(f.taps / turn));
            let t = Expr::int(f.taps / turn);
            self.fir_turn(inst, p, (m, &lanes, plane), &t, turn, f.taps % turn, unrolled);
        }
        self.fir_give(p.dst, &p.accs, p.paired, base.clone().iadd(m.clone()), outputs.clone());
    }

    /// The first `some` taps of turn `t`.
    #[allow(clippy::too_many_arguments, reason = "one loop nest, cut in two")]
    fn fir_turn(
        &mut self,
        inst: &'m Inst,
        p: &Parts,
        place: (&Expr, &Expr, Option<usize>),
        t: &Expr,
        turn: i64,
        some: i64,
        unrolled: bool,
    ) {
        let f = &p.form;
        let first = t.clone().imul(Expr::int(turn));
        if unrolled {
            for u in 0..some {
                // the sample lies `e` after the first one dealt for output 0
                let e = f.back * f.down - u;
                let column = Expr::int(e.div_euclid(f.down)).isub(t.clone().imul(Expr::int(turn / f.down)));
                let row = Expr::int(e.rem_euclid(f.down) * f.stride);
                self.fir_tap(inst, p, place, first.clone().iadd(Expr::int(u)), row.iadd(column));
            }
            return;
        }
        // tap 0 of a turn is in row 0, tap r in row down - r, a column earlier
        for (from, to, row, column) in [(0, some.min(1), 0, f.back), (1, some, f.down, f.back - 1)] {
            if from >= to {
                continue;
            }
            let (vr, r) = self.begin_for();
            let row = Expr::int(row * f.stride).isub(r.clone().imul(Expr::int(f.stride)));
            let column = Expr::int(column).isub(t.clone());
            self.fir_tap(inst, p, place, first.clone().iadd(r), row.iadd(column));
            self.end_for(vr, Expr::int(from), Expr::int(to));
        }
    }

    /// Adds tap j to every output of the group; in rows its sample for output 0 stands at `at`.
    fn fir_tap(
        &mut self,
        inst: &'m Inst,
        p: &Parts,
        (m, lanes, plane): (&Expr, &Expr, Option<usize>),
        j: Expr,
        at: Expr,
    ) {
        let (x, h) = (inst.args[0], inst.args[1]);
        let xt = self.func.ty(x).dtype;
        let tap = self.element(h, &Idx::Multi(vec![j.clone()]));
        let tap = self.define_cx(tap, None);
        let from = if p.form.down == 1 { p.start.clone().isub(j) } else { at };
        let from = self.b.define(from.iadd(m.clone()).imul(Expr::int(p.wide)));
        let (vb, b) = self.begin_for();
        let at = from.iadd(b.clone());
        let accs = plane.map_or(&p.accs[..], |k| &p.accs[k..=k]);
        let (acc, value) = if p.paired || plane.is_some() {
            let src = if plane == Some(1) { p.src.im.unwrap_or(p.src.re) } else { p.src.re };
            (Cx::real(self.b.load(accs[0], b.clone())), Cx::real(self.b.load(src, at)))
        } else {
            let im = p.accs.get(1).map(|a| self.b.load(*a, b.clone()));
            (Cx { re: self.b.load(p.accs[0], b.clone()), im }, self.load(p.src, xt, at))
        };
        let value = if value.im.is_some() { self.define_cx(value, None) } else { value };
        let next = self.fir_step(&acc, &tap, &value);
        let next = if next.im.is_some() { self.define_cx(next, None) } else { next };
        for (a, part) in accs.iter().zip(next.parts()) {
            self.b.push(StmtKind::Store(*a, b.clone(), part));
        }
        self.end_for(vb, Expr::int(0), lanes.clone());
    }
}
