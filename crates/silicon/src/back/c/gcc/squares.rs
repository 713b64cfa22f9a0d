//! Where gcc loses squares: `w[i] = w[i] * w[i]` on signed integers (multiplied as unsigned ones, so that they wrap), in
//! a loop that is repeated. gcc 12.2 at -O3 keeps a vectorised `w` in registers over the repetitions
//! (`-ftree-loop-im`) and then multiplies what stood there before the first. Of the products and sums tried, only those
//! of two elements of the array that is stored into are affected; this analysis errs on the side of yes.

use crate::lir::{BinOp, BufId, Expr, ExprKind, Program, Stmt, StmtKind, UnOp, VarId};
use std::collections::HashMap;

/// Whether some store could be lost.
pub(super) fn possible(program: &Program) -> bool {
    program.bodies().any(|b| {
        let mut squares = Squares::default();
        b.stmts.iter().for_each(|s| squares.learn(s));
        squares.any(&b.stmts, false)
    })
}

/// What variables stand for.
#[derive(Default)]
struct Squares<'a>(HashMap<VarId, &'a Expr>);

impl<'a> Squares<'a> {
    fn learn(&mut self, s: &'a Stmt) {
        if let StmtKind::Let(v, e) = &s.kind {
            self.0.insert(*v, e);
        }
        s.blocks().into_iter().flatten().for_each(|s| self.learn(s));
    }

    /// Whether there is such a store, here in a loop or not.
    fn any(&self, stmts: &[Stmt], looped: bool) -> bool {
        stmts.iter().any(|s| {
            let own = match &s.kind {
                StmtKind::Store(b, _, e) => looped && e.ty.is_signed() && self.factors(e, *b) > 1,
                _ => false,
            };
            let looped = looped || matches!(s.kind, StmtKind::For { .. } | StmtKind::Loop { .. });
            own || s.blocks().into_iter().any(|b| self.any(b, looped))
        })
    }

    /// How many factors of a product are elements of an array.
    fn factors(&self, e: &Expr, array: BufId) -> usize {
        match &e.kind {
            ExprKind::Var(v) => self.0.get(v).map_or(0, |e| self.factors(e, array)),
            ExprKind::Load(b, _) => usize::from(*b == array),
            ExprKind::Unary(UnOp::Cast | UnOp::Bitcast, a) => self.factors(a, array),
            ExprKind::Binary(BinOp::Mul | BinOp::And, a, b) => self.factors(a, array) + self.factors(b, array),
            ExprKind::Mutant { orig, alt, .. } => self.factors(orig, array).max(self.factors(alt, array)),
            _ => 0,
        }
    }
}
