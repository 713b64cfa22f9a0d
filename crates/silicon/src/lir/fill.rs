//! Drops fills of a buffer that the next statements to touch it overwrite whole, as in `y = np.zeros(n)` before a loop
//! that sets every `y[k]`.

use super::interval::Linear;
use super::*;

/// Drops dead fills in a block and those nested in it. `linear` gives the linear form of an index; `own` says of which
/// buffers nothing is seen when the function fails.
pub(super) fn drop_fills(stmts: &mut Vec<Stmt>, linear: &dyn Fn(&Expr) -> Option<Linear>, own: &dyn Fn(BufId) -> bool) {
    for s in stmts.iter_mut() {
        s.blocks_mut().into_iter().for_each(|b| drop_fills(b, linear, own));
    }
    let dead = |i: usize| {
        let s = &stmts[i];
        let (filled, all) = match &s.kind {
            StmtKind::For { body, .. } => match body.as_slice() {
                [Stmt { kind: StmtKind::Store(b, _, e), .. }] if !loads(e, *b) => (*b, covered(s, *b, linear)),
                _ => return false,
            },
            StmtKind::Copy { dst, .. } => (*dst, covered(s, *dst, linear)),
            _ => return false,
        };
        let Some(all) = all.filter(|_| own(filled)) else { return false };
        let next = stmts[i + 1..].iter().find(|s| touches(s, filled));
        next.is_some_and(|n| !reads(n, filled) && covered(n, filled, linear) == Some(all))
    };
    let dead: Vec<bool> = (0..stmts.len()).map(dead).collect();
    let mut dead = dead.into_iter();
    stmts.retain(|_| dead.next() != Some(true));
}

fn loads(e: &Expr, b: BufId) -> bool {
    let mut found = false;
    e.visit(&mut |e| found |= matches!(e.kind, ExprKind::Load(x, _) if x == b));
    found
}

/// Whether a statement, or one in it, reads the buffer.
fn reads(s: &Stmt, b: BufId) -> bool {
    let mut found = false;
    s.visit(&mut |s| {
        found |= matches!(s.kind, StmtKind::Copy { src, .. } if src == b);
        found |= s.exprs().into_iter().any(|e| loads(e, b));
    });
    found
}

fn touches(s: &Stmt, b: BufId) -> bool {
    let mut found = reads(s, b);
    s.visit(&mut |s| match s.kind {
        StmtKind::Store(x, ..) | StmtKind::Copy { dst: x, .. } => found |= x == b,
        _ => {}
    });
    found
}

/// First element and number of the elements in a row that a statement surely writes, if it comes to its end.
fn covered(s: &Stmt, b: BufId, linear: &dyn Fn(&Expr) -> Option<Linear>) -> Option<(Linear, Linear)> {
    match &s.kind {
        StmtKind::Store(x, at, _) if *x == b => Some((linear(at)?, Linear::constant(1))),
        StmtKind::Copy { dst, dst_at, len, .. } if *dst == b => Some((linear(dst_at)?, linear(len)?)),
        StmtKind::For { var, lo, hi, step: 1, body } => {
            let mut row: Option<(Linear, Linear)> = None;
            for (start, len) in body.iter().filter_map(|s| covered(s, b, linear)) {
                row = Some(match row {
                    None => (start, len),
                    Some((first, n)) if first.plus(&n, 1).as_ref() == Some(&start) => (first, n.plus(&len, 1)?),
                    // not the next one: what has been found so far is written all the same
                    Some(row) => row,
                });
            }
            let (start, len) = row?;
            let each = len.as_const().filter(|k| *k > 0)?;
            if start.terms.get(var) != Some(&each) {
                return None;
            }
            let (from, to) = (linear(lo)?, linear(hi)?);
            let rounds = to.plus(&from, -1)?;
            let start = start.plus(&Linear::var(*var), -each)?.plus(&from, each)?;
            Some((start, Linear::default().plus(&rounds, each)?))
        }
        _ => None,
    }
}
