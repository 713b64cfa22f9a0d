//! Where gcc 12.0 to 12.2 may fuse a product with a sum although told not to (GCC PR 107647).
//!
//! Their vectoriser joins two neighbouring results, one `a - b*c` and one `a + b*c`, into one fused instruction. It finds
//! neighbours among stores to one array, and among the sums a loop carries. This analysis says whether a program could
//! hold such a pair; it errs on the side of yes, and then the file turns the fused instructions off.

use crate::lir::{BinOp, Body, BufId, BufKind, Expr, ExprKind, Kernel, Program, Stmt, StmtKind, VarId};
use std::collections::{BTreeMap, HashMap};

/// What a value is made of, over everything it is computed from since it was last in memory.
#[derive(Clone, Copy, Default, PartialEq)]
struct Made {
    /// Is itself a product.
    product: bool,
    /// Contains a sum with a product as operand.
    sum: bool,
    /// Contains a difference with a product as operand.
    difference: bool,
}

impl Made {
    fn with(self, other: Made) -> Made {
        Made {
            product: self.product || other.product,
            sum: self.sum || other.sum,
            difference: self.difference || other.difference,
        }
    }
}

/// An index as constant + sum of factor * variable; None once it is anything else.
type Affine = Option<(BTreeMap<VarId, i64>, i64)>;

/// Places closer than this count as neighbours.
const NEAR: i64 = 8;

/// Whether some pair of results could be fused.
pub(super) fn possible(program: &Program) -> bool {
    program.bodies().any(|b| Analysis::new(program, b).pairs(&b.stmts))
}

/// Whether what is nested in a statement may end up in the code around it: branches, and loops that may be unrolled.
fn inlined(s: &Stmt) -> bool {
    match &s.kind {
        StmtKind::If { .. } => true,
        StmtKind::For { lo, hi, .. } => {
            matches!((lo.as_int(), hi.as_int()), (Some(a), Some(b)) if (b - a).abs() <= 16)
        }
        _ => false,
    }
}

struct Analysis<'a> {
    program: &'a Program,
    body: &'a Body,
    made: HashMap<VarId, Made>,
    places: HashMap<VarId, Affine>,
    /// What a stretch of code stores in an array: reading it there may find it still in a register.
    kept: HashMap<(usize, BufId), Made>,
    /// The stretch of code being looked at.
    here: usize,
    /// The conditionals and their branches around what is being looked at.
    arms: Vec<(usize, usize)>,
}

/// Something written: an array (all of the state counts as one) at a place, or a variable that changes.
#[derive(PartialEq)]
enum Target {
    Array(BufId),
    /// A scalar output, the parts of a complex one at places 0 and 1.
    Out(usize),
    State,
    Variable(VarId, Vec<(usize, usize)>),
}

impl Target {
    /// Whether two may be two results of one stretch of code.
    fn meets(&self, other: &Target) -> bool {
        match (self, other) {
            // one variable in two branches of one conditional is one result
            (Target::Variable(v, a), Target::Variable(w, b)) => {
                v != w || !a.iter().any(|(at, arm)| b.iter().any(|(by, other)| at == by && arm != other))
            }
            _ => self == other,
        }
    }
}

/// Target, place, what the value is made of.
type Written = (Target, Affine, Made);

impl<'a> Analysis<'a> {
    fn new(program: &'a Program, body: &'a Body) -> Analysis<'a> {
        let mut a = Analysis {
            program,
            body,
            made: HashMap::new(),
            places: HashMap::new(),
            kept: HashMap::new(),
            here: 0,
            arms: Vec::new(),
        };
        // variables that change may feed each other around a loop: until nothing more is learnt
        loop {
            let before = (a.made.clone(), a.kept.clone());
            a.learn(&body.stmts);
            if (&a.made, &a.kept) == (&before.0, &before.1) {
                return a;
            }
        }
    }

    /// Runs `f` on a stretch of code with `here` set for it.
    fn stretch<R>(&mut self, stmts: &[Stmt], f: impl FnOnce(&mut Self) -> R) -> R {
        let outer = std::mem::replace(&mut self.here, stmts.as_ptr() as usize);
        let out = f(self);
        self.here = outer;
        out
    }

    fn learn(&mut self, stmts: &[Stmt]) {
        self.stretch(stmts, |a| a.learn_in(stmts));
    }

    fn learn_in(&mut self, stmts: &[Stmt]) {
        for s in stmts {
            match &s.kind {
                StmtKind::Let(v, e) => {
                    let place = self.affine(e);
                    self.places.insert(*v, place);
                    self.note(*v, e);
                }
                StmtKind::Mut(v, e) | StmtKind::Assign(v, e) => {
                    self.places.insert(*v, None);
                    self.note(*v, e);
                }
                StmtKind::Store(b, _, e) if e.ty.is_float() => {
                    let made = self.made(e);
                    let known = self.kept.entry((self.here, *b)).or_default();
                    *known = known.with(made);
                }
                StmtKind::Call { results, kernel, .. } => {
                    let inside = self.program.kernels.get(*kernel).map_or(Made::default(), |k| self.kernel(k));
                    for v in results {
                        self.made.insert(*v, inside);
                    }
                }
                _ => {}
            }
            for block in s.blocks() {
                if inlined(s) { self.learn_in(block) } else { self.learn(block) }
            }
        }
    }

    /// Everything a kernel contains: it is inlined.
    fn kernel(&self, k: &Kernel) -> Made {
        let inner = Analysis::new(self.program, &k.body);
        let results = k.results.iter().map(|e| inner.made(e));
        inner.made.values().copied().chain(results).fold(Made { product: true, ..Made::default() }, Made::with)
    }

    fn note(&mut self, v: VarId, e: &Expr) {
        if e.ty.is_float() {
            let made = self.made(e);
            let known = self.made.entry(v).or_default();
            *known = known.with(made);
        }
    }

    fn made(&self, e: &Expr) -> Made {
        match &e.kind {
            ExprKind::Const(_) => Made::default(),
            ExprKind::Load(b, _) => self.kept.get(&(self.here, *b)).copied().unwrap_or_default(),
            ExprKind::Var(v) => self.made.get(v).copied().unwrap_or_default(),
            ExprKind::Unary(_, a) => self.made(a),
            ExprKind::Binary(op, a, b) => {
                let (x, y) = (self.made(a), self.made(b));
                let both = x.with(y);
                let mut out = Made { product: *op == BinOp::Mul, ..both };
                // a select or a negation in between hides nothing: `both.product` survives those
                match op {
                    BinOp::Add => out.sum |= both.product,
                    BinOp::Sub => out.difference |= both.product,
                    BinOp::Mul => {}
                    _ => out.product = both.product,
                }
                out
            }
            ExprKind::Select(c, a, b) => self.made(c).with(self.made(a)).with(self.made(b)),
            ExprKind::Mutant { orig, alt, .. } => self.made(orig).with(self.made(alt)),
            ExprKind::Fma(a, b, c) => Made { product: false, ..self.made(a).with(self.made(b)).with(self.made(c)) },
        }
    }

    fn affine(&self, e: &Expr) -> Affine {
        match &e.kind {
            ExprKind::Const(c) => Some((BTreeMap::new(), *c as i64)),
            ExprKind::Var(v) => match self.places.get(v) {
                Some(Some(known)) => Some(known.clone()),
                _ => Some((BTreeMap::from([(*v, 1)]), 0)),
            },
            ExprKind::Binary(op @ (BinOp::IdxAdd | BinOp::IdxSub), a, b) => {
                let ((mut terms, c), (more, d)) = (self.affine(a)?, self.affine(b)?);
                let sign = if *op == BinOp::IdxAdd { 1 } else { -1 };
                for (v, k) in more {
                    *terms.entry(v).or_default() += sign * k;
                }
                terms.retain(|_, k| *k != 0);
                Some((terms, c + sign * d))
            }
            ExprKind::Binary(BinOp::IdxMul, a, b) => {
                let (x, y) = (self.affine(a)?, self.affine(b)?);
                let ((terms, c), k) = if y.0.is_empty() {
                    (x, y.1)
                } else if x.0.is_empty() {
                    (y, x.1)
                } else {
                    return None;
                };
                Some((terms.into_iter().map(|(v, f)| (v, f * k)).filter(|(_, f)| *f != 0).collect(), c * k))
            }
            _ => None,
        }
    }

    /// Whether two results of one straight stretch of code, or of a stretch inside it, could be fused.
    fn pairs(&mut self, stmts: &[Stmt]) -> bool {
        let mut written = Vec::new();
        self.stretch(stmts, |a| a.gather(stmts, &mut written))
            || written.iter().enumerate().any(|(i, a)| written[..i].iter().any(|b| pair(a, b)))
    }

    /// Collects what a stretch writes; true where an inner stretch has a pair.
    fn gather(&mut self, stmts: &[Stmt], out: &mut Vec<Written>) -> bool {
        for s in stmts {
            match &s.kind {
                StmtKind::Store(b, at, e) if e.ty.is_float() => {
                    let target = match self.body.bufs[b.0 as usize].kind {
                        BufKind::State(_) => Target::State,
                        _ => Target::Array(*b),
                    };
                    out.push((target, self.affine(at), self.made(e)));
                }
                StmtKind::Assign(v, e) if e.ty.is_float() => {
                    out.push((Target::Variable(*v, self.arms.clone()), None, self.made(e)))
                }
                StmtKind::SetOut(port, values) => {
                    let place = |k| Some((BTreeMap::new(), k));
                    let parts = values.iter().zip(0..).filter(|(e, _)| e.ty.is_float());
                    out.extend(parts.map(|(e, k)| (Target::Out(*port), place(k), self.made(e))));
                }
                _ => {}
            }
            for (arm, block) in s.blocks().into_iter().enumerate() {
                if matches!(s.kind, StmtKind::If { .. }) {
                    self.arms.push((std::ptr::from_ref(s) as usize, arm));
                }
                let found = if inlined(s) { self.gather(block, out) } else { self.pairs(block) };
                if matches!(s.kind, StmtKind::If { .. }) {
                    self.arms.pop();
                }
                if found {
                    return true;
                }
            }
        }
        false
    }
}

fn pair((t, at, a): &Written, (u, by, b): &Written) -> bool {
    let alternate = (a.sum && b.difference) || (a.difference && b.sum);
    if !alternate || !t.meets(u) {
        return false;
    }
    match (t, at, by) {
        (Target::Array(_) | Target::Out(_), Some((x, c)), Some((y, d))) if x == y => (c - d).abs() < NEAR && c != d,
        _ => true,
    }
}
