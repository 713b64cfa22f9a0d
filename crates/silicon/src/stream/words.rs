//! Why something has no block form, in words that need no knowledge of the intermediate form.

use super::Unreachable;
use crate::hir::{Inst, Op, Reduction};
use proofmark_base::diagnostics::Span;
use std::fmt;

/// A construct that has no block form.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// What it is and why.
    pub what: String,
    /// Where it stands in the source.
    pub span: Option<Span>,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

pub(super) fn reason(what: impl Into<String>, span: Option<Span>) -> Reason {
    Reason { what: what.into(), span }
}

/// An access that blocks cannot make.
pub(super) fn unreachable(u: Unreachable, what: &str, inst: &Inst) -> Reason {
    let why = match u {
        Unreachable::Later => "needs samples that come later: the end of its result needs a flush",
        Unreachable::Rate => "does not keep up with the stream at a steady rate",
        Unreachable::Long => "reaches back further than a block form keeps",
    };
    reason(format!("{what} {why}"), inst.span)
}

/// An operation with its article.
pub(super) fn name(op: &Op) -> &'static str {
    let reduction = |kind: &Reduction| match kind {
        Reduction::Sum => "a sum",
        Reduction::Prod => "a product",
        Reduction::Min => "a minimum",
        Reduction::Max => "a maximum",
        Reduction::Any | Reduction::All => "a test of all elements",
    };
    match op {
        Op::Const(_) | Op::Table(_) => "a constant",
        Op::Dim(_) => "a length",
        Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) => "elementwise arithmetic",
        Op::Iota => "a range",
        Op::Broadcast => "a broadcast",
        Op::Reshape => "a change of shape",
        Op::Transpose(_) => "a transposition",
        Op::Slice { .. } => "a slice",
        Op::InsertSlice { .. } => "a store into a slice",
        Op::Extract => "a read of a single element",
        Op::Insert => "a store of a single element",
        Op::Gather { .. } => "a read at computed places",
        Op::Scatter { .. } => "a store at computed places",
        Op::Compress => "a selection whose length depends on the data",
        Op::Concat { .. } => "a joining of arrays (padding included)",
        Op::Reduce { kind, .. } => reduction(kind),
        Op::ArgReduce { .. } => "a search for the largest or smallest element",
        Op::Scan { .. } => "a running sum",
        Op::MatMul => "a matrix product",
        Op::Sort | Op::ArgSort => "a sort",
        Op::Fir { .. } => "a FIR",
        Op::Sosfilt => "a cascade of biquads",
        Op::For { .. } => "a loop",
        Op::While { .. } => "a loop with a condition",
        Op::If { .. } => "a branch around whole arrays",
        Op::Check(_) => "a check of the inputs",
    }
}
