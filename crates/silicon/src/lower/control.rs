//! Regions, loops, conditionals, and the copies that join their values.

use super::plan::Kept;
use super::{Buf, Cx, Lower};
use crate::dtype::Scalar;
use crate::hir::{Inst, Op, Region, ValueId};
use crate::lir::{BufId, BufKind, Expr, ExprKind, StmtKind, VarId};
use std::collections::HashMap;

/// Reals to be copied.
pub(super) struct Move {
    to: Side,
    from: Side,
    /// How many.
    len: Expr,
}

/// One end of a copy.
#[derive(Clone, Copy, PartialEq)]
struct Side {
    buf: BufId,
    /// First real.
    first: i64,
    /// Distance between reals.
    step: i64,
}

impl Side {
    fn whole(buf: BufId) -> Side {
        Side { buf, first: 0, step: 1 }
    }
    fn at(&self, i: &Expr) -> Expr {
        i.clone().imul(Expr::int(self.step)).iadd(Expr::int(self.first))
    }
}

impl<'m> Lower<'m> {
    /// Emits a region's instructions.
    pub(super) fn region(&mut self, region: &'m Region) {
        for inst in &region.body {
            let outer = self.b.span;
            if inst.span.is_some() {
                self.b.span = inst.span;
            }
            let memo = std::mem::replace(&mut self.memo, vec![HashMap::new()]);
            self.inst(inst);
            self.memo = memo;
            self.b.span = outer;
        }
    }

    fn inst(&mut self, inst: &'m Inst) {
        match &inst.op {
            Op::For { step, body } => self.for_loop(inst, *step, body),
            Op::While { cond, body } => self.while_loop(inst, cond, body),
            Op::If { then, otherwise } => self.conditional(inst, then, otherwise),
            Op::Check(fault) => {
                let c = self.scalar(inst.args[0]).re;
                if matches!(c.kind, ExprKind::Const(1)) {
                    return;
                }
                let code = self.faults.code(fault);
                self.b.open();
                self.b.push(StmtKind::Fail(code));
                let then = self.b.close();
                self.b.push(StmtKind::If { cond: c.not(), then, otherwise: Vec::new() });
            }
            _ => self.plain(inst),
        }
    }

    /// Reals in a tensor.
    fn reals(&mut self, v: ValueId) -> Expr {
        let ty = self.func.ty(v);
        let n = self.size(ty);
        n.imul(Expr::int(if ty.dtype.is_complex() { 2 } else { 1 }))
    }

    /// What copies a tensor like `v` between buffers.
    pub(super) fn moves(&mut self, dst: Buf, src: Buf, v: ValueId) -> Vec<Move> {
        if dst == src {
            return Vec::new();
        }
        let sides = |b: Buf| match b.im {
            Some(im) => [Side::whole(b.re), Side::whole(im)],
            None => [0, 1].map(|first| Side { buf: b.re, first, step: 2 }),
        };
        if dst.im.is_none() && src.im.is_none() {
            let len = self.reals(v);
            return vec![Move { to: Side::whole(dst.re), from: Side::whole(src.re), len }];
        }
        let ty = self.func.ty(v);
        let len = self.size(ty);
        let parts = sides(dst).into_iter().zip(sides(src));
        parts.map(|(to, from)| Move { to, from, len: len.clone() }).collect()
    }

    /// Copies tensors as if all at once.
    pub(super) fn parallel_copy(&mut self, mut moves: Vec<Move>) {
        moves.retain(|m| m.to != m.from);
        while !moves.is_empty() {
            let ready = (0..moves.len()).find(|i| !moves.iter().any(|m| m.from.buf == moves[*i].to.buf));
            let i = ready.unwrap_or_else(|| {
                // a cycle: what the first one overwrites is saved
                let dst = moves[0].to.buf;
                let saved = moves.iter().position(|m| m.from.buf == dst).unwrap_or(0);
                let tmp = self.spare(dst);
                let len = moves[saved].len.clone().imul(Expr::int(moves[saved].from.step));
                self.copy(&Move { to: Side::whole(tmp), from: Side::whole(dst), len });
                for m in &mut moves {
                    if m.from.buf == dst {
                        m.from.buf = tmp;
                    }
                }
                0
            });
            let m = moves.remove(i);
            self.copy(&m);
        }
    }

    /// A buffer of the same size as another.
    fn spare(&mut self, like: BufId) -> BufId {
        let data = self.b.body.bufs[like.0 as usize].clone();
        let kind = match data.kind {
            BufKind::Local(k) => BufKind::Local(k),
            BufKind::Work(d) => BufKind::Work(d),
            // loop-carried buffers may be ports or state: their size is known to the interface
            BufKind::Port(p) => BufKind::Work(self.port_reals.get(p).cloned().unwrap_or_default()),
            BufKind::State(s) => {
                let f = &self.module.state[s].ty;
                BufKind::Work(f.size().scale(if f.dtype.is_complex() { 2 } else { 1 }))
            }
            BufKind::Table(_) => BufKind::Local(0),
        };
        self.b.new_buf(data.ty, kind, true)
    }

    fn copy(&mut self, m: &Move) {
        let len = m.len.clone();
        if len.as_int() == Some(0) {
            return;
        }
        if m.to.step == 1 && m.from.step == 1 {
            let (dst, src) = (m.to.buf, m.from.buf);
            self.b.push(StmtKind::Copy { dst, dst_at: Expr::int(0), src, src_at: Expr::int(0), len });
            return;
        }
        let (var, i) = self.begin_for();
        let value = self.b.load(m.from.buf, m.from.at(&i));
        self.b.push(StmtKind::Store(m.to.buf, m.to.at(&i), value));
        self.end_for(var, Expr::int(0), len);
    }

    /// What brings a stored tensor into another's buffer.
    fn tensor_move(&mut self, to: ValueId, from: ValueId) -> Vec<Move> {
        if !matches!(self.plan.kept[to.0 as usize], Kept::Buffer) {
            return Vec::new();
        }
        let dst = self.buffer(to);
        let src = self.buffer(from);
        self.moves(dst, src, from)
    }

    /// Declares the variables of carried scalars and moves carried tensors in.
    fn carry_in(&mut self, params: &[ValueId], inits: &[ValueId]) -> Vec<Vec<VarId>> {
        let mut vars = Vec::new();
        let mut moves = Vec::new();
        let values: Vec<Cx> = inits.iter().map(|i| self.scalar_or_zero(*i)).collect();
        for ((p, i), value) in params.iter().zip(inits).zip(values) {
            if self.func.ty(*p).rank() > 0 {
                moves.extend(self.tensor_move(*p, *i));
                vars.push(Vec::new());
                continue;
            }
            let name = self.func.values[p.0 as usize].name.clone();
            let parts = value.parts();
            let complex = parts.len() == 2;
            let mut own = Vec::new();
            for (k, part) in parts.into_iter().enumerate() {
                let name = name.as_ref().map(|n| if complex { format!("{n}_{}", ["re", "im"][k]) } else { n.clone() });
                own.push(self.b.mutable(part, name));
            }
            self.bind_vars(*p, &own);
            vars.push(own);
        }
        self.parallel_copy(moves);
        vars
    }

    fn scalar_or_zero(&mut self, v: ValueId) -> Cx {
        if self.func.ty(v).rank() > 0 { Cx::zero(self.func.ty(v).dtype) } else { self.scalar(v) }
    }

    fn bind_vars(&mut self, v: ValueId, vars: &[VarId]) {
        let cx = Cx { re: self.b.var(vars[0]), im: vars.get(1).map(|v| self.b.var(*v)) };
        self.scalars.insert(v, cx);
    }

    /// Moves the yielded values into the carried ones.
    fn carry_on(&mut self, params: &[ValueId], vars: &[Vec<VarId>], yields: &[ValueId]) {
        let mut moves = Vec::new();
        for (p, y) in params.iter().zip(yields) {
            if self.func.ty(*p).rank() > 0 {
                moves.extend(self.tensor_move(*p, *y));
            }
        }
        self.parallel_copy(moves);
        let changing: Vec<VarId> = vars.iter().flatten().copied().collect();
        let mut assigns = Vec::new();
        for (own, y) in vars.iter().zip(yields) {
            if own.is_empty() {
                continue;
            }
            for (var, part) in own.iter().zip(self.scalar(*y).parts()) {
                match part.kind {
                    ExprKind::Var(v) if v == *var => {}
                    // another carried variable: its old value is meant
                    ExprKind::Var(v) if changing.contains(&v) => {
                        let tmp = self.b.new_var(part.ty, None);
                        self.b.push(StmtKind::Let(tmp, part));
                        assigns.push((*var, self.b.var(tmp)));
                    }
                    _ => assigns.push((*var, part)),
                }
            }
        }
        for (v, e) in assigns {
            self.b.push(StmtKind::Assign(v, e));
        }
    }

    fn carry_out(&mut self, results: &[ValueId], params: &[ValueId], vars: &[Vec<VarId>]) {
        let mut moves = Vec::new();
        for ((r, p), own) in results.iter().zip(params).zip(vars) {
            if own.is_empty() {
                moves.extend(self.tensor_move(*r, *p));
            } else {
                self.bind_vars(*r, own);
            }
        }
        self.parallel_copy(moves);
    }

    fn for_loop(&mut self, inst: &'m Inst, step: i64, body: &'m Region) {
        let (lo, hi) = (self.index(inst.args[0]), self.index(inst.args[1]));
        let params = &body.params[1..];
        let vars = self.carry_in(params, &inst.args[2..]);
        let name = self.func.values[body.params[0].0 as usize].name.clone();
        let var = self.b.begin_for();
        self.b.body.vars[var.0 as usize].name = name;
        let index = Cx::real(self.b.var(var));
        self.scalars.insert(body.params[0], index);
        self.region(body);
        self.carry_on(params, &vars, &body.results);
        self.b.end_for(var, lo, hi, step);
        self.carry_out(&inst.results, params, &vars);
    }

    fn while_loop(&mut self, inst: &'m Inst, cond: &'m Region, body: &'m Region) {
        let vars = self.carry_in(&cond.params, &inst.args);
        for (p, own) in body.params.iter().zip(&vars) {
            if !own.is_empty() {
                self.bind_vars(*p, own);
            }
        }
        self.b.open();
        self.region(cond);
        let test = self.scalar(cond.results[0]).re;
        let head = self.b.close();
        self.b.open();
        self.region(body);
        self.carry_on(&body.params, &vars, &body.results);
        let stmts = self.b.close();
        self.b.push(StmtKind::Loop { head, cond: test, body: stmts });
        self.carry_out(&inst.results, &body.params, &vars);
    }

    fn conditional(&mut self, inst: &'m Inst, then: &'m Region, otherwise: &'m Region) {
        let cond = self.scalar(inst.args[0]).re;
        let mut vars = Vec::new();
        for r in &inst.results {
            let ty = self.func.ty(*r);
            if ty.rank() > 0 {
                vars.push(Vec::new());
                continue;
            }
            let name = self.func.values[r.0 as usize].name.clone();
            let zero = super::element::constant(&Scalar::zero(ty.dtype));
            let own: Vec<VarId> = zero.parts().into_iter().map(|z| self.b.mutable(z, name.clone())).collect();
            vars.push(own);
        }
        let mut arms = Vec::new();
        for region in [then, otherwise] {
            self.b.open();
            self.region(region);
            self.carry_on(&inst.results, &vars, &region.results);
            arms.push(self.b.close());
        }
        let otherwise = arms.pop().unwrap_or_default();
        let then = arms.pop().unwrap_or_default();
        if !then.is_empty() || !otherwise.is_empty() {
            self.b.push(StmtKind::If { cond, then, otherwise });
        }
        for (r, own) in inst.results.iter().zip(&vars) {
            if !own.is_empty() {
                self.bind_vars(*r, own);
            }
        }
    }
}
