//! Takes out what can be shown never to matter: every integer variable and buffer gets the interval of the values it
//! can hold (a fixed point over the whole function, not following its flow), index arithmetic is kept as linear forms
//! besides; conditions, clamps, checks and loops of one round that are thereby decided disappear.

use super::interval::{Interval, Linear};
use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Rounds in which intervals grow step by step; then they grow to their types' limits.
const ROUNDS: usize = 4;
/// Rounds after which nothing is changed: not reached, for every bound can grow to its limit only once.
const GIVE_UP: usize = 200;

/// Simplifies a function. `known` are intervals of variables that hold at its start (named lengths); `out` says which
/// ports are for output only.
pub(super) fn simplify(
    body: &mut Body,
    results: &mut [Expr],
    tables: &[Table],
    known: &[(VarId, i64, i64)],
    out: &dyn Fn(usize) -> bool,
) {
    let mut r = Range {
        vars: body.vars.clone(),
        var: BTreeMap::new(),
        buf: BTreeMap::new(),
        moving: BTreeSet::new(),
        narrowed: Vec::new(),
        linear: BTreeMap::new(),
        value: BTreeMap::new(),
        bufs: body.bufs.clone(),
        changed: false,
        wide: false,
    };
    for (v, lo, hi) in known {
        r.var.insert(*v, Interval::new(i128::from(*lo), i128::from(*hi)));
    }
    for (i, b) in body.bufs.iter().enumerate() {
        if let BufKind::Table(t) = b.kind {
            r.buf.extend(contents(&tables[t], b.ty).map(|c| (BufId(i as u32), c)));
        }
    }
    for s in &body.stmts {
        s.visit(&mut |s| {
            if let StmtKind::Mut(v, _) | StmtKind::Assign(v, _) = s.kind {
                r.moving.insert(v);
            }
        });
    }
    let mut done = false;
    for round in 0..GIVE_UP {
        (r.changed, r.wide) = (false, round >= ROUNDS);
        r.learn(&body.stmts);
        if !r.changed {
            done = true;
            break;
        }
    }
    if !done {
        return;
    }
    body.stmts = r.block(std::mem::take(&mut body.stmts));
    for e in results {
        *e = r.expr(e).0;
    }
    // of what a failed call leaves in them nothing is said
    let own = |b: BufId| match body.bufs[b.0 as usize].kind {
        BufKind::Local(_) | BufKind::Work(_) => true,
        BufKind::Port(p) => out(p),
        BufKind::State(_) | BufKind::Table(_) => false,
    };
    super::fill::drop_fills(&mut body.stmts, &|e| r.expr(e).2, &own);
}

/// Least and greatest element of a table of integers.
fn contents(t: &Table, ty: Ty) -> Option<Interval> {
    Interval::of(ty)?;
    let values = t.data.chunks_exact(ty.size()).map(|c| crate::dtype::Scalar::from_le_bytes(ty.dtype(), c).as_int());
    let values: Option<Vec<i128>> = values.collect();
    let values = values?;
    Some(Interval::new(*values.iter().min()?, *values.iter().max()?))
}

struct Range {
    vars: Vec<VarData>,
    bufs: Vec<BufData>,
    /// What a variable can hold; none: nothing yet.
    var: BTreeMap<VarId, Interval>,
    /// What the elements of a buffer can hold.
    buf: BTreeMap<BufId, Interval>,
    /// Variables that are assigned after their declaration.
    moving: BTreeSet<VarId>,
    /// What conditions that hold here say of steady variables.
    narrowed: Vec<(VarId, Interval)>,
    linear: BTreeMap<VarId, Linear>,
    /// Steady variables that are another one or a constant.
    value: BTreeMap<VarId, Expr>,
    changed: bool,
    wide: bool,
}

/// An expression with what is known of it.
type Known = (Expr, Option<Interval>, Option<Linear>);

impl Range {
    fn is_steady(&self, v: VarId) -> bool {
        !self.moving.contains(&v)
    }

    fn type_range(&self, v: VarId) -> Option<Interval> {
        Interval::of(self.vars[v.0 as usize].ty)
    }

    /// Adds to what a variable can hold.
    fn hold(&mut self, v: VarId, i: Option<Interval>) {
        let Some(all) = self.type_range(v) else { return };
        let i = i.unwrap_or(all);
        let (new, changed) = grown(self.var.get(&v).copied(), i, all, self.wide);
        self.changed |= changed;
        self.var.insert(v, new);
    }

    fn store(&mut self, b: BufId, i: Option<Interval>) {
        let Some(all) = Interval::of(self.bufs[b.0 as usize].ty) else { return };
        let i = i.unwrap_or(all);
        let (new, changed) = grown(self.buf.get(&b).copied(), i, all, self.wide);
        self.changed |= changed;
        self.buf.insert(b, new);
    }

    /// What a buffer's elements can hold: only the function's own and tables have no other writer.
    fn load(&self, b: BufId) -> Option<Interval> {
        let data = &self.bufs[b.0 as usize];
        let all = Interval::of(data.ty)?;
        match data.kind {
            BufKind::Port(_) | BufKind::State(_) => Some(all),
            // nothing stored yet: no load has happened either
            BufKind::Table(_) | BufKind::Local(_) | BufKind::Work(_) => self.buf.get(&b).copied().or(Some(all)),
        }
    }

    fn index(&self, lo: Option<Interval>, hi: Option<Interval>, step: i64) -> Option<Interval> {
        let (lo, hi) = (lo?, hi?);
        Some(match step > 0 {
            true => Interval::new(lo.lo, hi.hi - 1),
            false => Interval::new(hi.lo + 1, lo.hi.max(hi.lo + 1)),
        })
    }

    /// One round over the function: what every statement lets its variables hold.
    fn learn(&mut self, stmts: &[Stmt]) {
        let depth = self.narrowed.len();
        for s in stmts {
            match &s.kind {
                StmtKind::Let(v, e) | StmtKind::Mut(v, e) | StmtKind::Assign(v, e) => {
                    let (_, i, l) = self.expr(e);
                    self.hold(*v, i);
                    self.relate(*v, l);
                }
                StmtKind::Checked(v, op, a, b) => {
                    let (i, l) = self.checked(*op, a, b);
                    self.hold(*v, i);
                    self.relate(*v, l);
                }
                StmtKind::Store(b, _, e) => {
                    let i = self.expr(e).1;
                    self.store(*b, i);
                }
                StmtKind::Copy { dst, src, .. } => {
                    let i = self.load(*src);
                    self.store(*dst, i);
                }
                StmtKind::For { var, lo, hi, step, body } => {
                    let (lo, hi) = (self.expr(lo).1, self.expr(hi).1);
                    self.hold(*var, self.index(lo, hi, *step));
                    self.learn(body);
                }
                StmtKind::Loop { head, cond, body } => {
                    self.learn(head);
                    let at = self.narrowed.len();
                    self.narrow(cond, true);
                    self.learn(body);
                    self.narrowed.truncate(at);
                }
                StmtKind::If { cond, then, otherwise } => {
                    for (block, truth) in [(then, true), (otherwise, false)] {
                        let at = self.narrowed.len();
                        self.narrow(cond, truth);
                        self.learn(block);
                        self.narrowed.truncate(at);
                    }
                    self.after(cond, then, otherwise);
                }
                StmtKind::Call { results, .. } => results.iter().for_each(|v| self.hold(*v, None)),
                StmtKind::Fail(_) | StmtKind::SetOut(..) => {}
            }
        }
        self.narrowed.truncate(depth);
    }

    /// What follows an `if` one side of which only fails.
    fn after(&mut self, cond: &Expr, then: &[Stmt], otherwise: &[Stmt]) {
        let fails = |b: &[Stmt]| matches!(b, [.., Stmt { kind: StmtKind::Fail(_), .. }]);
        if fails(then) && !fails(otherwise) {
            self.narrow(cond, false);
        } else if fails(otherwise) && !fails(then) {
            self.narrow(cond, true);
        }
    }

    fn relate(&mut self, v: VarId, l: Option<Linear>) {
        if self.is_steady(v) {
            match l {
                Some(l) => self.linear.insert(v, l),
                None => self.linear.remove(&v),
            };
        }
    }

    /// Notes what a condition says of steady variables.
    fn narrow(&mut self, cond: &Expr, truth: bool) {
        match &cond.kind {
            ExprKind::Binary(BinOp::And, a, b) if truth && cond.ty == Ty::Bool => {
                self.narrow(a, true);
                self.narrow(b, true);
            }
            ExprKind::Binary(BinOp::Or, a, b) if !truth && cond.ty == Ty::Bool => {
                self.narrow(a, false);
                self.narrow(b, false);
            }
            ExprKind::Unary(UnOp::Not, a) => self.narrow(a, !truth),
            ExprKind::Binary(op, a, b) if op.is_comparison() => {
                let op = if truth { *op } else { negated(*op) };
                let (x, y) = (self.expr(a).1, self.expr(b).1);
                self.bound(op, a, y);
                self.bound(mirrored(op), b, x);
            }
            _ => {}
        }
    }

    fn bound(&mut self, op: BinOp, a: &Expr, limit: Option<Interval>) {
        let (ExprKind::Var(v), Some(limit), Some(all)) = (&a.kind, limit, Interval::of(a.ty)) else { return };
        if !self.is_steady(*v) {
            return;
        }
        let i = match op {
            BinOp::Lt => Interval::new(all.lo, limit.hi - 1),
            BinOp::Le => Interval::new(all.lo, limit.hi),
            BinOp::Gt => Interval { lo: limit.lo + 1, hi: all.hi.max(limit.lo + 1) },
            BinOp::Ge => Interval { lo: limit.lo, hi: all.hi.max(limit.lo) },
            BinOp::Eq => limit,
            _ => return,
        };
        self.narrowed.push((*v, i));
    }

    /// Value of a checked operation that went well.
    fn checked(&mut self, op: CheckedOp, a: &Expr, b: &Expr) -> (Option<Interval>, Option<Linear>) {
        let op = index_op(op);
        let ((_, i, l), (_, j, m)) = (self.expr(a), self.expr(b));
        let all = Interval::of(Ty::I64);
        let exact = i.zip(j).and_then(|(i, j)| Interval::binary(op, i, j));
        (exact.zip(all).map(|(e, a)| a.meet(e)), combine(op, l.as_ref(), m.as_ref()))
    }

    /// A variable's interval here.
    fn here(&self, v: VarId) -> Option<Interval> {
        let all = self.type_range(v)?;
        let mut i = self.var.get(&v).copied().unwrap_or(all);
        for (u, n) in &self.narrowed {
            if *u == v {
                i = i.meet(*n);
            }
        }
        Some(i)
    }

    /// The expression simplified, with what is known of it.
    fn expr(&self, e: &Expr) -> Known {
        let (new, i, l) = self.node(e);
        let all = Interval::of(new.ty);
        let i = i.or(all);
        if !matches!(new.kind, ExprKind::Const(_))
            && let Some(Interval { lo, hi }) = i
            && let Some(v) = (lo == hi).then_some(lo).or_else(|| Some(i128::from(l.as_ref()?.as_const()?)))
            && (new.ty == Ty::I64 || new.ty == Ty::Bool)
            && all.is_some_and(|a| a.lo <= v && v <= a.hi)
        {
            let l = (new.ty == Ty::I64).then(|| Linear::constant(v as i64));
            return (Expr::constant(new.ty, v as i64 as u64), Some(Interval::one(v)), l);
        }
        (new, i, l)
    }

    fn node(&self, e: &Expr) -> Known {
        let ty = e.ty;
        match &e.kind {
            ExprKind::Const(bits) => match Interval::of(ty) {
                None => (e.clone(), None, None),
                Some(_) => {
                    let v = if ty.is_signed() { i128::from(*bits as i64) } else { i128::from(*bits) };
                    (e.clone(), Some(Interval::one(v)), (ty == Ty::I64).then(|| Linear::constant(*bits as i64)))
                }
            },
            ExprKind::Var(v) => {
                if let Some(known) = self.value.get(v) {
                    return self.node(known);
                }
                let own = (ty == Ty::I64 && self.is_steady(*v)).then(|| Linear::var(*v));
                (e.clone(), self.here(*v), self.linear.get(v).cloned().or(own))
            }
            ExprKind::Load(b, at) => {
                let at = self.expr(at).0;
                (Expr { ty, kind: ExprKind::Load(*b, Box::new(at)) }, self.load(*b), None)
            }
            ExprKind::Unary(op, a) => self.unary(*op, a, ty),
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b, ty),
            ExprKind::Select(c, a, b) => {
                let c = self.expr(c).0;
                if let ExprKind::Const(bits) = c.kind {
                    return self.expr(if bits != 0 { a } else { b });
                }
                let ((x, i, l), (y, j, m)) = (self.expr(a), self.expr(b));
                let joined = i.zip(j).map(|(i, j)| i.join(j));
                let same = if l == m { l } else { None };
                (c.select(x, y), joined, same)
            }
            ExprKind::Fma(a, b, c) => {
                let [a, b, c] = [a, b, c].map(|x| Box::new(self.expr(x).0));
                (Expr { ty, kind: ExprKind::Fma(a, b, c) }, None, None)
            }
            ExprKind::Mutant { .. } => (e.clone(), None, None),
        }
    }

    fn unary(&self, op: UnOp, a: &Expr, ty: Ty) -> Known {
        let (x, i, l) = self.expr(a);
        let whole = |x: Expr| x.unary(op, ty);
        match (op, i, Interval::of(ty)) {
            (UnOp::Not, Some(i), _) if ty == Ty::Bool => (whole(x), Some(Interval::new(1 - i.hi, 1 - i.lo)), None),
            (UnOp::Cast, Some(i), Some(all)) if i.within(all) && ty != Ty::Bool => {
                let l = if x.ty == Ty::I64 && ty == Ty::I64 { l } else { None };
                (whole(x), Some(i), l)
            }
            (UnOp::Cast, Some(i), Some(_)) if ty == Ty::Bool && (i.lo > 0 || i.hi < 0) => {
                (whole(x), Some(Interval::one(1)), None)
            }
            (UnOp::Neg, Some(i), Some(all)) if Interval::new(-i.hi, -i.lo).within(all) => {
                (whole(x), Some(Interval::new(-i.hi, -i.lo)), None)
            }
            (UnOp::Abs, Some(i), Some(_)) if i.lo >= 0 => (x, Some(i), l),
            // vector units convert 32-bit integers, and few of them wider ones
            (UnOp::Cast, Some(i), None)
                if x.ty == Ty::I64 && ty.is_float() && Interval::of(Ty::I32).is_some_and(|all| i.within(all)) =>
            {
                (whole(x.unary(UnOp::Cast, Ty::I32)), None, None)
            }
            _ => (whole(x), None, None),
        }
    }

    fn binary(&self, op: BinOp, a: &Expr, b: &Expr, ty: Ty) -> Known {
        let ((x, i, l), (y, j, m)) = (self.expr(a), self.expr(b));
        if op.is_comparison() {
            let apart = l.as_ref().zip(m.as_ref()).and_then(|(l, m)| l.plus(m, -1)?.as_const()).map(i128::from);
            let known = i
                .zip(j)
                .and_then(|(i, j)| Interval::compare(op, i, j))
                .or_else(|| Interval::compare(op, Interval::one(apart?), Interval::one(0)));
            return match known {
                Some(v) => (Expr::truth(v), Some(Interval::one(i128::from(v))), None),
                None => (x.binary(op, y), None, None),
            };
        }
        if ty == Ty::Bool {
            let constant = |e: &Expr| if let ExprKind::Const(b) = e.kind { Some(b != 0) } else { None };
            return match (op, constant(&x), constant(&y)) {
                (BinOp::And, Some(true), _) | (BinOp::Or, Some(false), _) => (y, j, None),
                (BinOp::And, _, Some(true)) | (BinOp::Or, _, Some(false)) => (x, i, None),
                (BinOp::And, Some(false), _) | (BinOp::And, _, Some(false)) => (Expr::truth(false), None, None),
                (BinOp::Or, Some(true), _) | (BinOp::Or, _, Some(true)) => (Expr::truth(true), None, None),
                _ => (x.binary(op, y), None, None),
            };
        }
        let (Some(i), Some(j), Some(all)) = (i, j, Interval::of(ty)) else {
            return (Expr { ty, kind: ExprKind::Binary(op, Box::new(x), Box::new(y)) }, None, None);
        };
        let exact = Interval::binary(op, i, j);
        if ty != Ty::I64 {
            let range = exact.filter(|e| e.within(all));
            return (Expr { ty, kind: ExprKind::Binary(op, Box::new(x), Box::new(y)) }, range, None);
        }
        // one of the two is always the result
        let apart = l.as_ref().zip(m.as_ref()).and_then(|(l, m)| l.plus(m, -1)?.as_const());
        match op {
            BinOp::Min if i.hi <= j.lo || apart.is_some_and(|d| d <= 0) => return (x, Some(i), l),
            BinOp::Min if j.hi <= i.lo || apart.is_some_and(|d| d >= 0) => return (y, Some(j), m),
            BinOp::Max if i.lo >= j.hi || apart.is_some_and(|d| d >= 0) => return (x, Some(i), l),
            BinOp::Max if j.lo >= i.hi || apart.is_some_and(|d| d <= 0) => return (y, Some(j), m),
            _ => {}
        }
        let index = match op {
            BinOp::Add => BinOp::IdxAdd,
            BinOp::Sub => BinOp::IdxSub,
            BinOp::Mul => BinOp::IdxMul,
            op => op,
        };
        // exact: either it fits, or it is index arithmetic, which does
        let fits = exact.is_some_and(|e| e.within(all)) || op == index;
        let range = exact.map(|e| all.meet(e)).filter(|_| fits);
        let linear = match index {
            BinOp::IdxDiv => l.as_ref().zip(m.as_ref()).and_then(|(l, m)| self.quotient(l, m.as_const()?)),
            _ if fits => combine(index, l.as_ref(), m.as_ref()),
            _ => None,
        };
        let new = match (index, fits) {
            (BinOp::IdxAdd, true) => x.iadd(y),
            (BinOp::IdxSub, true) => x.isub(y),
            (BinOp::IdxMul, true) => x.imul(y),
            (BinOp::IdxDiv, _) => x.idiv(y),
            (BinOp::IdxMod, _) => match range {
                Some(r) if r == i && i.lo >= 0 && i.hi < j.lo => x,
                _ => x.imod(y),
            },
            _ => x.binary(op, y),
        };
        (new, range, linear)
    }

    /// Floor division of a linear form: the multiples of the divisor in it, if what remains lies below the divisor.
    fn quotient(&self, l: &Linear, k: i64) -> Option<Linear> {
        if k <= 0 {
            return None;
        }
        let near = |c: i64| c.checked_add(k / 2).map(|c| c.div_euclid(k));
        let mut q = Linear::default();
        for (v, c) in &l.terms {
            q = q.plus(&Linear::var(*v), near(*c)?)?;
        }
        let mut rest = l.plus(&q, -k)?;
        q.constant = rest.constant.div_euclid(k);
        if rest.terms.is_empty() {
            return Some(q);
        }
        // the constant of the quotient may lie on either side
        for down in [0, 1] {
            rest.constant = l.constant.checked_sub(k.checked_mul(q.constant - down)?)?;
            let mut range = Interval::one(i128::from(rest.constant));
            for (v, c) in &rest.terms {
                let part = Interval::binary(BinOp::Mul, self.here(*v)?, Interval::one(i128::from(*c)))?;
                range = Interval::binary(BinOp::Add, range, part)?;
            }
            if range.within(Interval::new(0, i128::from(k) - 1)) {
                q.constant -= down;
                return Some(q);
            }
        }
        None
    }

    /// Rewrites statements; what is decided is put in its place.
    fn block(&mut self, stmts: Vec<Stmt>) -> Vec<Stmt> {
        let depth = self.narrowed.len();
        let mut out = Vec::new();
        for s in stmts {
            let span = s.span;
            let mut push = |kind| out.push(Stmt { kind, span });
            match s.kind {
                StmtKind::Let(v, e) => {
                    let e = self.expr(&e).0;
                    let same = match e.kind {
                        ExprKind::Const(_) => !e.ty.is_float(),
                        ExprKind::Var(u) => self.is_steady(u),
                        _ => false,
                    };
                    if same {
                        self.value.insert(v, e.clone());
                    }
                    push(StmtKind::Let(v, e));
                }
                StmtKind::Mut(v, e) => push(StmtKind::Mut(v, self.expr(&e).0)),
                StmtKind::Assign(v, e) => push(StmtKind::Assign(v, self.expr(&e).0)),
                StmtKind::Checked(v, op, a, b) => {
                    let ((x, i, _), (y, j, _)) = (self.expr(&a), self.expr(&b));
                    let exact = i.zip(j).and_then(|(i, j)| Interval::binary(index_op(op), i, j));
                    push(match exact.zip(Interval::of(Ty::I64)) {
                        Some((e, all)) if e.within(all) => StmtKind::Let(
                            v,
                            match op {
                                CheckedOp::Add => x.iadd(y),
                                CheckedOp::Sub => x.isub(y),
                                CheckedOp::Mul => x.imul(y),
                            },
                        ),
                        _ => StmtKind::Checked(v, op, x, y),
                    });
                }
                StmtKind::Store(b, at, e) => push(StmtKind::Store(b, self.expr(&at).0, self.expr(&e).0)),
                StmtKind::Copy { dst, dst_at, src, src_at, len } => {
                    let [dst_at, src_at, len] = [dst_at, src_at, len].map(|e| self.expr(&e).0);
                    push(StmtKind::Copy { dst, dst_at, src, src_at, len });
                }
                StmtKind::For { var, lo, hi, step, body } => {
                    let ((lo, _, l), (hi, _, m)) = (self.expr(&lo), self.expr(&hi));
                    let rounds = l.zip(m).and_then(|(l, m)| m.plus(&l, -1)?.as_const());
                    if step > 0 && rounds.is_some_and(|n| n <= 0) {
                        continue;
                    }
                    let once = step > 0 && rounds.is_some_and(|n| n <= step);
                    if once && !fails(&body) {
                        // its index is a name for the first value
                        let steady = match lo.kind {
                            ExprKind::Const(_) => true,
                            ExprKind::Var(u) => self.is_steady(u),
                            _ => false,
                        };
                        if steady {
                            self.value.insert(var, lo.clone());
                        }
                        push(StmtKind::Let(var, lo));
                        out.extend(self.block(body));
                        continue;
                    }
                    push(StmtKind::For { var, lo, hi, step, body: self.block(body) });
                }
                StmtKind::Loop { head, cond, body } => {
                    let head = self.block(head);
                    let at = self.narrowed.len();
                    self.narrow(&cond, true);
                    let body = self.block(body);
                    self.narrowed.truncate(at);
                    push(StmtKind::Loop { head, cond: self.expr(&cond).0, body });
                }
                StmtKind::If { cond, then, otherwise } => {
                    let new = self.expr(&cond).0;
                    if let ExprKind::Const(bits) = new.kind {
                        let taken = if bits != 0 { &then } else { &otherwise };
                        // statements after a failure would be dead, which the compilers warn of
                        if !fails(taken) {
                            let taken = taken.clone();
                            out.extend(self.block(taken));
                            continue;
                        }
                    }
                    let mut blocks = [(then.clone(), true), (otherwise.clone(), false)].map(|(b, truth)| {
                        let at = self.narrowed.len();
                        self.narrow(&cond, truth);
                        let b = self.block(b);
                        self.narrowed.truncate(at);
                        b
                    });
                    let [a, b] = &mut blocks;
                    push(StmtKind::If { cond: new, then: std::mem::take(a), otherwise: std::mem::take(b) });
                    self.after(&cond, &then, &otherwise);
                }
                StmtKind::Call { results, kernel, args } => {
                    let args = args.iter().map(|a| self.expr(a).0).collect();
                    push(StmtKind::Call { results, kernel, args });
                }
                StmtKind::SetOut(i, e) => push(StmtKind::SetOut(i, e.iter().map(|e| self.expr(e).0).collect())),
                StmtKind::Fail(code) => push(StmtKind::Fail(code)),
            }
        }
        self.narrowed.truncate(depth);
        out
    }
}

/// Whether a block fails at its own level.
fn fails(b: &[Stmt]) -> bool {
    b.iter().any(|s| matches!(s.kind, StmtKind::Fail(_)))
}

fn index_op(op: CheckedOp) -> BinOp {
    match op {
        CheckedOp::Add => BinOp::IdxAdd,
        CheckedOp::Sub => BinOp::IdxSub,
        CheckedOp::Mul => BinOp::IdxMul,
    }
}

/// The linear form of an index operation.
fn combine(op: BinOp, l: Option<&Linear>, m: Option<&Linear>) -> Option<Linear> {
    let (l, m) = (l?, m?);
    match op {
        BinOp::IdxAdd => l.plus(m, 1),
        BinOp::IdxSub => l.plus(m, -1),
        BinOp::IdxMul => match (l.as_const(), m.as_const()) {
            (_, Some(k)) => Linear::default().plus(l, k),
            (Some(k), _) => Linear::default().plus(m, k),
            _ => None,
        },
        _ => None,
    }
}

fn negated(op: BinOp) -> BinOp {
    match op {
        BinOp::Lt => BinOp::Ge,
        BinOp::Le => BinOp::Gt,
        BinOp::Gt => BinOp::Le,
        BinOp::Ge => BinOp::Lt,
        BinOp::Eq => BinOp::Ne,
        _ => BinOp::Eq,
    }
}

fn mirrored(op: BinOp) -> BinOp {
    match op {
        BinOp::Lt => BinOp::Gt,
        BinOp::Le => BinOp::Ge,
        BinOp::Gt => BinOp::Lt,
        BinOp::Ge => BinOp::Le,
        other => other,
    }
}

/// Sizes in bits at which growing bounds stop for a round: masks and the limits of types are among them.
const STEPS: [u32; 7] = [8, 16, 24, 31, 32, 48, 63];

/// An interval that grows, in the end to the limits of its type.
fn grown(old: Option<Interval>, more: Interval, all: Interval, wide: bool) -> (Interval, bool) {
    let Some(old) = old else { return (more, true) };
    let new = old.join(more);
    if new == old || !wide {
        return (new, new != old);
    }
    let high = STEPS.iter().map(|k| (1i128 << k) - 1).find(|h| new.hi <= *h).unwrap_or(all.hi);
    let low = STEPS.iter().map(|k| -(1i128 << k)).find(|l| new.lo >= *l).unwrap_or(all.lo);
    let low = if new.lo >= 0 { 0 } else { low };
    let lo = if new.lo < old.lo { low.max(all.lo) } else { old.lo };
    let hi = if new.hi > old.hi { high.min(all.hi) } else { old.hi };
    (Interval { lo, hi }, true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lir::build::Builder;

    /// Simplifies `f(b, i)` in a loop over i from 0 below `n`, and gives the statements of the loop's body.
    fn body(n: i64, f: impl FnOnce(&mut Builder, Expr)) -> Vec<Stmt> {
        let mut b = Builder::new();
        let i = b.begin_for();
        let index = b.var(i);
        f(&mut b, index);
        b.end_for(i, Expr::int(0), Expr::int(n), 1);
        let mut body = b.finish();
        simplify(&mut body, &mut [], &[], &[], &|_| true);
        match body.stmts.into_iter().next().map(|s| s.kind) {
            Some(StmtKind::For { body, .. }) => body,
            other => panic!("{other:?}"),
        }
    }

    fn wrapping(a: Expr, b: i64) -> Expr {
        a.binary(BinOp::Add, Expr::int(b))
    }

    fn fail_unless(b: &mut Builder, cond: Expr) {
        let then = vec![Stmt { kind: StmtKind::Fail(3), span: None }];
        b.push(StmtKind::If { cond: cond.not(), then, otherwise: Vec::new() });
    }

    #[test]
    fn a_slice_of_fixed_length_needs_no_check() {
        // x[i + 16:i + 240] of 20000 elements, every second, has 112 elements
        let kept = body(19761, |b, i| {
            let clamp = |e: Expr| {
                let below = e.clone().lt(Expr::int(0)).select(wrapping(e.clone(), 20000), e);
                below.imax(Expr::int(0)).imin(Expr::int(20000))
            };
            let from = b.define(clamp(wrapping(i.clone(), 16)));
            let to = b.define(clamp(wrapping(i, 240)));
            let count = from.clone().iadd(to).iadd(Expr::int(1)).idiv(Expr::int(2)).isub(from);
            let count = b.define(Expr::int(0).imax(count));
            fail_unless(b, count.binary(BinOp::Eq, Expr::int(112)));
        });
        assert!(!kept.iter().any(|s| matches!(s.kind, StmtKind::If { .. })), "{kept:?}");
        // one more round and the end is beyond the array
        let kept = body(19762, |b, i| {
            fail_unless(b, wrapping(i, 240).binary(BinOp::Lt, Expr::int(20001)));
        });
        assert!(kept.iter().any(|s| matches!(s.kind, StmtKind::If { .. })));
    }

    #[test]
    fn what_a_round_hands_on_is_not_taken_for_its_first_value() {
        for (mask, stays) in [(255, false), (256, true)] {
            let mut b = Builder::new();
            let v = b.mutable(Expr::int(1), None);
            let i = b.begin_for();
            let x = b.var(v);
            fail_unless(&mut b, x.clone().binary(BinOp::Lt, Expr::int(256)));
            b.push(StmtKind::Assign(v, x.binary(BinOp::Mul, Expr::int(3)).binary(BinOp::And, Expr::int(mask))));
            b.end_for(i, Expr::int(0), Expr::int(100), 1);
            let mut body = b.finish();
            simplify(&mut body, &mut [], &[], &[], &|_| true);
            let mut checks = 0;
            body.stmts
                .iter()
                .for_each(|s| s.visit(&mut |s| checks += usize::from(matches!(s.kind, StmtKind::If { .. }))));
            assert_eq!(checks == 1, stays, "{mask}");
        }
    }

    #[test]
    fn a_wrapping_sum_that_can_wrap_stays_one() {
        let mut b = Builder::new();
        let port = b.new_buf(Ty::I64, BufKind::Port(0), false);
        let x = b.load(port, Expr::int(0));
        let x = b.define(x);
        let sum = b.define(wrapping(x.clone(), 1));
        fail_unless(&mut b, x.binary(BinOp::Lt, sum));
        let mut body = b.finish();
        let before = body.clone();
        simplify(&mut body, &mut [], &[], &[], &|_| true);
        assert_eq!(body, before);
    }

    #[test]
    fn a_quotient_is_known_where_the_rest_lies_below_the_divisor() {
        for (n, known) in [(8, true), (9, false)] {
            let kept = body(n, |b, i| {
                let q = i.clone().imul(Expr::int(7)).iadd(Expr::int(7)).idiv(Expr::int(8));
                let q = b.define(q);
                fail_unless(b, q.binary(BinOp::Eq, i));
            });
            assert_eq!(!kept.iter().any(|s| matches!(s.kind, StmtKind::If { .. })), known);
        }
    }

    #[test]
    fn a_fill_goes_where_all_of_it_is_overwritten_unread() {
        // rows of 4: all of them, one too few, one element too few, or with a look at what is there
        for (rows, row, looks, gone) in
            [(5, 4, false, true), (4, 4, false, false), (5, 3, false, false), (5, 4, true, false)]
        {
            let mut b = Builder::new();
            let out = b.new_buf(Ty::F64, BufKind::Port(0), true);
            let i = b.begin_for();
            let at = b.var(i);
            b.push(StmtKind::Store(out, at, Expr::zero(Ty::F64)));
            b.end_for(i, Expr::int(0), Expr::int(20), 1);
            let i = b.begin_for();
            let j = b.begin_for();
            let at = b.var(i).imul(Expr::int(4)).iadd(b.var(j));
            let value = if looks { b.load(out, at.clone()) } else { Expr::one(Ty::F64) };
            b.push(StmtKind::Store(out, at, value));
            b.end_for(j, Expr::int(0), Expr::int(row), 1);
            b.end_for(i, Expr::int(0), Expr::int(rows), 1);
            let mut body = b.finish();
            simplify(&mut body, &mut [], &[], &[], &|_| true);
            assert_eq!(body.stmts.len() == 1, gone, "{rows} {row} {looks}");
        }
    }
}
