//! Mutants: small faults seeded into a program, all in one copy of it behind a run-time switch, so that one
//! compilation serves every one of them. How many of them the vectors notice is the mutation score.

use super::*;
use crate::dtype::DType;

/// One seeded fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutant {
    /// Value of the switch that turns it on; from 1.
    pub id: u32,
    /// Kernel or entry it is in.
    pub function: String,
    /// What it changes.
    pub what: String,
    /// Source of the statement it is in.
    pub span: Option<Span>,
}

/// The program with every mutant in it, all off while the switch is 0, and the list of them.
/// Only the C back end prints the switch (`extern int pm_mutant`; of probes also `extern unsigned long long pm_seen[2]`).
pub fn mutate(program: &Program) -> (Program, Vec<Mutant>) {
    let mut out = program.clone();
    let mut m = Maker { mutants: Vec::new(), function: String::new(), span: None };
    for k in &mut out.kernels {
        m.function.clone_from(&k.name);
        m.block(&mut k.body.stmts);
        m.span = k.span;
        for r in &mut k.results {
            *r = m.value(r.clone());
        }
    }
    for e in &mut out.entries {
        m.function.clone_from(&e.name);
        m.block(&mut e.body.stmts);
    }
    (out, m.mutants)
}

/// The program with the fault of that number in it for good, and no other.
pub fn only(mutated: &Program, id: u32) -> Program {
    rewritten(mutated, &|found, orig, alt| if found == id { alt } else { orig })
}

/// The program with the faults of those numbers only, each behind its switch.
pub fn chosen(mutated: &Program, ids: &[u32]) -> Program {
    rewritten(mutated, &|id, orig, alt| match ids.contains(&id) {
        true => {
            Expr { ty: orig.ty, kind: ExprKind::Mutant { id, orig: Box::new(orig), alt: Box::new(alt), probe: false } }
        }
        false => orig,
    })
}

/// The program with the faults of those numbers only, as probes: switched on, a probe counts how often its place is
/// evaluated and how often the fault would give another value, but goes on with the value of the program as it is.
pub fn probes(mutated: &Program, ids: &[u32]) -> Program {
    rewritten(mutated, &|id, orig, alt| match ids.contains(&id) {
        true => {
            Expr { ty: orig.ty, kind: ExprKind::Mutant { id, orig: Box::new(orig), alt: Box::new(alt), probe: true } }
        }
        false => orig,
    })
}

/// The program with every fault replaced by what `f` makes of its number, the program as it is and the fault.
fn rewritten(mutated: &Program, f: &dyn Fn(u32, Expr, Expr) -> Expr) -> Program {
    fn expr(e: &mut Expr, f: &dyn Fn(u32, Expr, Expr) -> Expr) {
        e.operands_mut().into_iter().for_each(|o| expr(o, f));
        if let ExprKind::Mutant { id, orig, alt, .. } = &e.kind {
            *e = f(*id, (**orig).clone(), (**alt).clone());
        }
    }
    fn block(stmts: &mut Vec<Stmt>, f: &dyn Fn(u32, Expr, Expr) -> Expr) {
        for mut s in std::mem::take(stmts) {
            s.exprs_mut().into_iter().for_each(|e| expr(e, f));
            s.blocks_mut().into_iter().for_each(|b| block(b, f));
            match s.kind {
                // a store whose own switch is not among those asked for
                StmtKind::If { cond, then, otherwise } if cond == Expr::truth(true) && otherwise.is_empty() => {
                    stmts.extend(then);
                }
                kind => stmts.push(Stmt { kind, span: s.span }),
            }
        }
    }
    let mut out = mutated.clone();
    for k in &mut out.kernels {
        block(&mut k.body.stmts, f);
        k.results.iter_mut().for_each(|r| expr(r, f));
    }
    out.entries.iter_mut().for_each(|e| block(&mut e.body.stmts, f));
    out
}

/// Whether two programs have the same kernel of that name. Their lists of kernels may differ.
pub fn same_kernel(a: &Program, b: &Program, name: &str) -> bool {
    fn renumbered(stmts: &mut [Stmt], from: &Program, to: &Program) {
        for s in stmts {
            if let StmtKind::Call { kernel, .. } = &mut s.kind {
                let name = &from.kernels[*kernel].name;
                *kernel = to.kernels.iter().position(|k| k.name == *name).unwrap_or(usize::MAX);
            }
            s.blocks_mut().into_iter().for_each(|b| renumbered(b, from, to));
        }
    }
    let find = |p: &Program| p.kernels.iter().find(|k| k.name == name).cloned();
    let (Some(mut x), Some(y)) = (find(a), find(b)) else { return false };
    renumbered(&mut x.body.stmts, a, b);
    x == y
}

/// Whether a program carries probes.
pub fn has_probes(program: &Program) -> bool {
    any_expr(program, |e| matches!(e.kind, ExprKind::Mutant { probe: true, .. }))
}

/// Whether a program carries mutants.
pub fn has_mutants(program: &Program) -> bool {
    any_expr(program, |e| matches!(e.kind, ExprKind::Mutant { .. }))
}

fn any_expr(program: &Program, is: impl Fn(&Expr) -> bool) -> bool {
    let mut any = false;
    let mut look = |e: &Expr| any |= is(e);
    program.bodies().for_each(|b| b.visit_exprs(&mut look));
    program.kernels.iter().for_each(|k| k.results.iter().for_each(|r| r.visit(&mut look)));
    any
}

struct Maker {
    mutants: Vec<Mutant>,
    function: String,
    span: Option<Span>,
}

fn symbol(op: BinOp) -> String {
    match op {
        BinOp::Add | BinOp::IdxAdd => "+",
        BinOp::Sub | BinOp::IdxSub => "-",
        BinOp::Mul | BinOp::IdxMul => "*",
        BinOp::Div => "/",
        BinOp::Lt => "<",
        BinOp::Le => "<=",
        BinOp::Gt => ">",
        BinOp::Ge => ">=",
        BinOp::Eq => "==",
        BinOp::Ne => "!=",
        other => return format!("{other:?}").to_lowercase(),
    }
    .to_string()
}

impl Maker {
    fn site(&mut self, orig: Expr, alt: Expr, what: String) -> Expr {
        let id = self.mutants.len() as u32 + 1;
        self.mutants.push(Mutant { id, function: self.function.clone(), what, span: self.span });
        Expr { ty: orig.ty, kind: ExprKind::Mutant { id, orig: Box::new(orig), alt: Box::new(alt), probe: false } }
    }

    fn block(&mut self, stmts: &mut [Stmt]) {
        for i in 0..stmts.len() {
            // a value that is overwritten before it is read: no change of it can matter
            if let StmtKind::Mut(v, _) = stmts[i].kind
                && super::fold::overwritten(&stmts[i + 1..], v)
            {
                continue;
            }
            let s = &mut stmts[i];
            self.span = s.span;
            if matches!(s.kind, StmtKind::Store(..)) {
                self.store(s);
                continue;
            }
            self.stmt(s);
            for b in s.blocks_mut() {
                self.block(b);
            }
        }
    }

    /// A store: other values, other places, or none at all.
    fn store(&mut self, s: &mut Stmt) {
        let StmtKind::Store(buf, at, e) = s.kind.clone() else { return };
        let (e, at) = (self.value(e), self.index(at));
        let cond = self.site(Expr::truth(true), Expr::truth(false), "store dropped".to_string());
        let then = vec![Stmt { kind: StmtKind::Store(buf, at, e), span: s.span }];
        s.kind = StmtKind::If { cond, then, otherwise: Vec::new() };
    }

    fn stmt(&mut self, s: &mut Stmt) {
        match &mut s.kind {
            StmtKind::For { hi, step: 1, .. } => {
                let less = hi.clone().isub(Expr::int(1));
                *hi = self.site(hi.clone(), less, "last iteration dropped".to_string());
            }
            StmtKind::For { .. } | StmtKind::Copy { .. } | StmtKind::Fail(_) | StmtKind::Store(..) => {}
            StmtKind::Let(_, e) | StmtKind::Mut(_, e) | StmtKind::Assign(_, e) => *e = self.value(e.clone()),
            StmtKind::Checked(_, op, a, b) => {
                if *op == CheckedOp::Sub {
                    let (x, y) = (a.clone(), b.clone());
                    *a = self.site(x.clone(), y, "operands of - swapped, first".to_string());
                }
                *b = self.value(b.clone());
            }
            StmtKind::Loop { cond, .. } | StmtKind::If { cond, .. } => *cond = self.value(cond.clone()),
            StmtKind::Call { args, .. } | StmtKind::SetOut(_, args) => {
                for a in args {
                    *a = self.value(a.clone());
                }
            }
        }
    }

    /// An index: off by one either way; not its insides.
    fn index(&mut self, e: Expr) -> Expr {
        let more = e.clone().iadd(Expr::int(1));
        let less = e.clone().isub(Expr::int(1));
        let e = self.site(e, more, "index + 1".to_string());
        self.site(e, less, "index - 1".to_string())
    }

    fn value(&mut self, e: Expr) -> Expr {
        let ty = e.ty;
        match e.kind.clone() {
            ExprKind::Const(bits) => self.constant(e, bits),
            ExprKind::Var(_) | ExprKind::Mutant { .. } => e,
            ExprKind::Load(b, at) => {
                let at = self.index(*at);
                Expr { ty, kind: ExprKind::Load(b, Box::new(at)) }
            }
            ExprKind::Unary(op, a) => {
                let inner = self.value((*a).clone());
                let whole = Expr { ty, kind: ExprKind::Unary(op, Box::new(inner)) };
                let other = match op {
                    UnOp::Neg | UnOp::Abs | UnOp::Not => Some(((*a).clone(), format!("{op:?} dropped"))),
                    UnOp::Floor => Some(((*a).clone().unary(UnOp::Ceil, ty), "floor -> ceil".to_string())),
                    UnOp::Ceil => Some(((*a).clone().unary(UnOp::Floor, ty), "ceil -> floor".to_string())),
                    UnOp::Rint => Some(((*a).clone().unary(UnOp::Trunc, ty), "rint -> trunc".to_string())),
                    _ => None,
                };
                match other {
                    Some((alt, what)) => self.site(whole, alt, what),
                    None => whole,
                }
            }
            ExprKind::Binary(op, a, b) => self.binary(op, *a, *b, ty),
            ExprKind::Select(c, a, b) => {
                let alt = c.clone().select((*b).clone(), (*a).clone());
                let [c, a, b] = [self.value(*c), self.value(*a), self.value(*b)].map(Box::new);
                let whole = Expr { ty, kind: ExprKind::Select(c, a, b) };
                self.site(whole, alt, "choices swapped".to_string())
            }
            ExprKind::Fma(a, b, c) => {
                let minus = (*a).clone().unary(UnOp::Neg, ty);
                let alt = Expr { ty, kind: ExprKind::Fma(Box::new(minus), b.clone(), c.clone()) };
                let [a, b, c] = [self.value(*a), self.value(*b), self.value(*c)].map(Box::new);
                let whole = Expr { ty, kind: ExprKind::Fma(a, b, c) };
                self.site(whole, alt, "sign of the product".to_string())
            }
        }
    }

    fn binary(&mut self, op: BinOp, a: Expr, b: Expr, ty: Ty) -> Expr {
        let make = |op: BinOp, a: Expr, b: Expr| Expr { ty, kind: ExprKind::Binary(op, Box::new(a), Box::new(b)) };
        let other: &[BinOp] = match op {
            BinOp::Add => &[BinOp::Sub],
            BinOp::Sub => &[BinOp::Add],
            BinOp::Mul if ty.is_float() => &[BinOp::Div],
            BinOp::Mul => &[BinOp::Add],
            BinOp::Div => &[BinOp::Mul],
            BinOp::FloorDiv => &[BinOp::FloorMod],
            BinOp::FloorMod => &[BinOp::FloorDiv],
            BinOp::Min => &[BinOp::Max],
            BinOp::Max => &[BinOp::Min],
            BinOp::And => &[BinOp::Or],
            BinOp::Or => &[BinOp::And],
            BinOp::Xor => &[BinOp::Or],
            BinOp::Shl => &[BinOp::Shr],
            BinOp::Shr => &[BinOp::Shl],
            BinOp::Lt => &[BinOp::Le, BinOp::Ge],
            BinOp::Le => &[BinOp::Lt, BinOp::Gt],
            BinOp::Gt => &[BinOp::Ge, BinOp::Le],
            BinOp::Ge => &[BinOp::Gt, BinOp::Lt],
            BinOp::Eq => &[BinOp::Ne],
            BinOp::Ne => &[BinOp::Eq],
            BinOp::IdxAdd => &[BinOp::IdxSub],
            BinOp::IdxSub => &[BinOp::IdxAdd],
            BinOp::Fmod | BinOp::CopySign | BinOp::IdxMul | BinOp::IdxDiv | BinOp::IdxMod => &[],
        };
        let swaps =
            matches!(op, BinOp::Sub | BinOp::Div | BinOp::FloorDiv | BinOp::FloorMod | BinOp::Fmod | BinOp::CopySign);
        // a flag or an index has no constants worth changing
        let inside = !matches!(op, BinOp::IdxAdd | BinOp::IdxSub | BinOp::IdxMul | BinOp::IdxDiv | BinOp::IdxMod);
        let (x, y) = if inside { (self.value(a.clone()), self.value(b.clone())) } else { (a.clone(), b.clone()) };
        let mut whole = make(op, x, y);
        for o in other {
            whole = self.site(whole, make(*o, a.clone(), b.clone()), format!("{} -> {}", symbol(op), symbol(*o)));
        }
        if swaps && a != b {
            whole = self.site(whole, make(op, b, a), format!("operands of {} swapped", symbol(op)));
        }
        whole
    }

    fn constant(&mut self, e: Expr, bits: u64) -> Expr {
        let ty = e.ty;
        let mut alternatives = Vec::new();
        match ty {
            Ty::Bool => alternatives.push((Expr::truth(bits == 0), "constant flipped")),
            Ty::F32 | Ty::F64 => {
                let v = if ty == Ty::F32 { f64::from(f32::from_bits(bits as u32)) } else { f64::from_bits(bits) };
                let d = if ty == Ty::F32 { DType::Float32 } else { DType::Float64 };
                let c = |v: f64| Expr::constant(ty, crate::dtype::Scalar::float(d, v, 0.0).re);
                if v.is_finite() {
                    alternatives.push((c(v + 1.0), "constant + 1"));
                }
                if v != 0.0 && !v.is_nan() {
                    alternatives.push((c(-v), "sign of a constant"));
                    alternatives.push((c(v * 2.0), "constant * 2"));
                }
            }
            _ => {
                let c = crate::dtype::Scalar::int(ty.dtype(), i128::from(bits as i64) + 1);
                alternatives.push((Expr::constant(ty, c.re), "constant + 1"));
            }
        }
        let mut whole = e;
        for (alt, what) in alternatives {
            // a doubled infinity is the same
            if alt != whole {
                whole = self.site(whole, alt, what.to_string());
            }
        }
        whole
    }
}
