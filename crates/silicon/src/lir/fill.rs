//! Drops fills of a buffer that the next statements to touch it overwrite whole, as in `y = np.zeros(n)` before a loop
//! that sets every `y[k]`, or several loops that set a part each.

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
        let ([all], true) = (&all[..], own(filled)) else { return false };
        let mut rows = Vec::new();
        for s in stmts[i + 1..].iter().filter(|s| touches(s, filled)) {
            if reads(s, filled) {
                return false;
            }
            rows = joined(rows.into_iter().chain(covered(s, filled, linear)).collect());
            if rows.iter().any(|r| contains(r, all)) {
                return true;
            }
        }
        false
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

/// Elements in a row: the first, and how many.
type Row = (Linear, Linear);

/// Whether `outer` surely holds all of `inner`.
fn contains((start, len): &Row, (first, n): &Row) -> bool {
    let before = first.plus(start, -1);
    let ends = start.plus(len, 1).zip(first.plus(n, 1));
    let after = ends.and_then(|(outer, inner)| outer.plus(&inner, -1));
    [before, after].into_iter().all(|d| d.is_some_and(|d| d.as_const().is_some_and(|k| k >= 0)))
}

/// Rows of which one begins where another ends become one.
fn joined(mut rows: Vec<Row>) -> Vec<Row> {
    let mut out: Vec<Row> = Vec::new();
    while let Some((start, mut len)) = rows.pop() {
        let mut start = start;
        loop {
            let end = start.plus(&len, 1);
            let next = |(s, n): &Row| end.as_ref() == Some(s) || s.plus(n, 1).as_ref() == Some(&start);
            let Some(list) = [&mut rows, &mut out].into_iter().find(|l| l.iter().any(next)) else { break };
            let Some(at) = list.iter().position(next) else { break };
            let Some(both) = len.plus(&list[at].1, 1) else { break };
            let (first, _) = list.remove(at);
            len = both;
            if end.as_ref() != Some(&first) {
                start = first;
            }
        }
        out.push((start, len));
    }
    out
}

/// The rows of elements that a statement surely writes, if it comes to its end.
fn covered(s: &Stmt, b: BufId, linear: &dyn Fn(&Expr) -> Option<Linear>) -> Vec<Row> {
    match &s.kind {
        StmtKind::Store(x, at, _) if *x == b => linear(at).map(|at| (at, Linear::constant(1))).into_iter().collect(),
        StmtKind::Copy { dst, dst_at, len, .. } if *dst == b => linear(dst_at).zip(linear(len)).into_iter().collect(),
        StmtKind::For { var, lo, hi, step: 1, body } => {
            let Some((from, to)) = linear(lo).zip(linear(hi)) else { return Vec::new() };
            // a row in each round: one row where each begins at the end of the last
            let over = |(start, len): Row| {
                let each = len.as_const().filter(|k| *k > 0)?;
                if start.terms.get(var) != Some(&each) {
                    return None;
                }
                let rounds = to.plus(&from, -1)?;
                let start = start.plus(&Linear::var(*var), -each)?.plus(&from, each)?;
                Some((start, Linear::default().plus(&rounds, each)?))
            };
            let rows = joined(body.iter().flat_map(|s| covered(s, b, linear)).collect());
            joined(rows.into_iter().filter_map(over).collect())
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const B: BufId = BufId(0);

    fn linear(e: &Expr) -> Option<Linear> {
        match &e.kind {
            ExprKind::Const(c) => Some(Linear::constant(*c as i64)),
            ExprKind::Var(v) => Some(Linear::var(*v)),
            ExprKind::Binary(BinOp::IdxAdd, a, b) => linear(a)?.plus(&linear(b)?, 1),
            ExprKind::Binary(BinOp::IdxSub, a, b) => linear(a)?.plus(&linear(b)?, -1),
            ExprKind::Binary(BinOp::IdxMul, a, b) => Linear::default().plus(&linear(a)?, linear(b)?.as_const()?),
            _ => None,
        }
    }
    fn stmt(kind: StmtKind) -> Stmt {
        Stmt { kind, span: None }
    }
    fn var(v: u32) -> Expr {
        Expr { ty: Ty::I64, kind: ExprKind::Var(VarId(v)) }
    }
    fn turn(v: u32, hi: Expr, body: Vec<Stmt>) -> Stmt {
        stmt(StmtKind::For { var: VarId(v), lo: Expr::int(0), hi, step: 1, body })
    }
    fn store(at: Expr) -> Stmt {
        stmt(StmtKind::Store(B, at, Expr::one(Ty::F32)))
    }
    fn load(at: Expr) -> Expr {
        Expr { ty: Ty::F32, kind: ExprKind::Load(B, Box::new(at)) }
    }
    /// How many statements are left of a fill of `n` elements and what follows it.
    fn left(n: Expr, mut after: Vec<Stmt>) -> usize {
        after.insert(0, turn(100, n, vec![store(var(100))]));
        drop_fills(&mut after, &linear, &|_| true);
        after.len()
    }
    /// Sets elements from .. from + 8 in a loop of its own.
    fn part(v: u32, from: i64) -> Stmt {
        turn(v, Expr::int(8), vec![store(var(v).iadd(Expr::int(from)))])
    }

    #[test]
    fn a_fill_that_several_loops_overwrite_goes() {
        assert_eq!(left(Expr::int(32), vec![part(1, 0), part(2, 24), part(3, 8), part(4, 16)]), 4);
        // four places a round, a quarter apart
        let round = (0..4).map(|k| store(var(1).iadd(Expr::int(8 * k)))).collect();
        assert_eq!(left(Expr::int(32), vec![turn(1, Expr::int(8), round)]), 1);
        // rows of rows, as many as a length says
        let row = turn(2, Expr::int(8), vec![store(var(1).imul(Expr::int(8)).iadd(var(2)))]);
        assert_eq!(left(var(9).imul(Expr::int(8)), vec![turn(1, var(9), vec![row])]), 1);
        // more is overwritten than was filled
        assert_eq!(left(Expr::int(8), vec![part(1, 4), part(2, -4)]), 2);
    }

    #[test]
    fn a_fill_of_which_something_is_left_stays() {
        assert_eq!(left(Expr::int(32), vec![part(1, 0), part(2, 8), part(3, 24)]), 4);
        assert_eq!(left(Expr::int(33), vec![part(1, 0), part(2, 24), part(3, 8), part(4, 16)]), 5);
        // every second element only
        let sparse = turn(1, Expr::int(32), vec![store(var(1).imul(Expr::int(2)))]);
        assert_eq!(left(Expr::int(32), vec![sparse]), 2);
        // a length that may be another
        assert_eq!(left(var(9), vec![turn(1, var(8), vec![store(var(1))])]), 2);
        // one branch writes
        let cond = Expr::int(0).lt(var(9));
        let some = stmt(StmtKind::If { cond, then: vec![part(1, 0)], otherwise: Vec::new() });
        assert_eq!(left(Expr::int(8), vec![some]), 2);
    }

    #[test]
    fn a_fill_that_is_read_before_all_is_overwritten_stays() {
        let read = stmt(StmtKind::Let(VarId(50), load(Expr::int(9))));
        assert_eq!(left(Expr::int(16), vec![part(1, 0), read.clone(), part(2, 8)]), 4);
        assert_eq!(left(Expr::int(16), vec![part(1, 0), part(2, 8), read]), 3);
        let next = stmt(StmtKind::Store(B, var(2).iadd(Expr::int(8)), load(var(2))));
        assert_eq!(left(Expr::int(16), vec![part(1, 0), turn(2, Expr::int(8), vec![next])]), 3);
    }
}
