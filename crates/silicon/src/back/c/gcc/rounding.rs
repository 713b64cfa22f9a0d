//! Where gcc 12 drops a rounding to float32: it takes a vector converted from float64 to float32 and back for the vector
//! itself (its rule for scalars compares precisions, of which vectors have none). Such vectors arise where code that is
//! no loop is vectorised, -O2 included, not where loops are. This analysis says whether a float32 that a conversion made
//! may come to a conversion back without an operation in between; it errs on the side of yes.

use crate::lir::{BinOp, Body, BufId, BufKind, Expr, ExprKind, Kernel, Program, Stmt, StmtKind, Ty, UnOp, VarId};
use std::collections::HashSet;

/// Whether some rounding could be dropped.
pub(super) fn possible(program: &Program) -> bool {
    let mut a = Analysis { program, made: HashSet::new(), found: false };
    loop {
        let before = a.made.len();
        for (i, k) in program.kernels.iter().enumerate() {
            let here = Here { function: i, body: &k.body };
            a.stmts(&here, &k.body.stmts);
            for (j, r) in k.results.iter().enumerate() {
                if a.expr(&here, r) {
                    a.made.insert(Place::Result(i, j));
                }
            }
        }
        for (i, e) in program.entries.iter().enumerate() {
            let here = Here { function: program.kernels.len() + i, body: &e.body };
            a.stmts(&here, &e.body.stmts);
        }
        if a.found || a.made.len() == before {
            return a.found;
        }
    }
}

/// What can hold a float32 just made from a float64.
#[derive(PartialEq, Eq, Hash)]
enum Place {
    Variable(usize, VarId),
    Array(usize, BufId),
    State(usize),
    /// Result of a kernel.
    Result(usize, usize),
}

struct Here<'a> {
    /// Kernels first, then entries.
    function: usize,
    body: &'a Body,
}

struct Analysis<'a> {
    program: &'a Program,
    made: HashSet<Place>,
    /// Such a value is converted back.
    found: bool,
}

impl Analysis<'_> {
    fn array(&self, here: &Here<'_>, b: BufId) -> Place {
        match here.body.bufs[b.0 as usize].kind {
            BufKind::State(field) => Place::State(field),
            _ => Place::Array(here.function, b),
        }
    }

    fn set(&mut self, place: Place, made: bool) {
        if made {
            self.made.insert(place);
        }
    }

    fn stmts(&mut self, here: &Here<'_>, stmts: &[Stmt]) {
        for s in stmts {
            match &s.kind {
                StmtKind::Let(v, e) | StmtKind::Mut(v, e) | StmtKind::Assign(v, e) => {
                    let made = self.expr(here, e);
                    self.set(Place::Variable(here.function, *v), made);
                }
                StmtKind::Store(b, at, e) => {
                    self.expr(here, at);
                    let made = self.expr(here, e);
                    self.set(self.array(here, *b), made);
                }
                StmtKind::Copy { dst, src, .. } => {
                    let made = self.made.contains(&self.array(here, *src));
                    self.set(self.array(here, *dst), made);
                }
                StmtKind::Call { results, kernel, args } => {
                    let callee: &Kernel = &self.program.kernels[*kernel];
                    for (p, a) in callee.params.iter().zip(args) {
                        let made = self.expr(here, a);
                        self.set(Place::Variable(*kernel, *p), made);
                    }
                    for (j, v) in results.iter().enumerate() {
                        let made = self.made.contains(&Place::Result(*kernel, j));
                        self.set(Place::Variable(here.function, *v), made);
                    }
                }
                _ => s.exprs().into_iter().for_each(|e| {
                    self.expr(here, e);
                }),
            }
            s.blocks().into_iter().for_each(|b| self.stmts(here, b));
        }
    }

    /// Whether a value may be a float32 just made from a float64; notes those converted back on the way.
    fn expr(&mut self, here: &Here<'_>, e: &Expr) -> bool {
        let of: Vec<bool> = e.operands().into_iter().map(|o| self.expr(here, o)).collect();
        match &e.kind {
            ExprKind::Var(v) => self.made.contains(&Place::Variable(here.function, *v)),
            ExprKind::Load(b, _) => self.made.contains(&self.array(here, *b)),
            ExprKind::Unary(UnOp::Cast, a) if e.ty == Ty::F64 && a.ty == Ty::F32 => {
                self.found |= of.contains(&true);
                false
            }
            ExprKind::Unary(UnOp::Cast, a) => e.ty == Ty::F32 && a.ty == Ty::F64,
            ExprKind::Select(..) | ExprKind::Mutant { .. } => e.ty == Ty::F32 && of.contains(&true),
            // these choose, or may be carried out on the wider type
            ExprKind::Unary(UnOp::Neg | UnOp::Abs, _)
            | ExprKind::Binary(BinOp::Min | BinOp::Max | BinOp::CopySign, ..) => of.contains(&true),
            _ => false,
        }
    }
}
