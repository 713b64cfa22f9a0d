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
                break;
            }
            rows = joined(rows.into_iter().chain(covered(s, filled, linear)).collect());
            if rows.iter().any(|r| contains(r, all)) {
                return true;
            }
        }
        marked(&stmts[i + 1..], filled, all, linear)
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

/// Most elements of a fill that are looked at one by one, and most writes to them.
const ELEMENTS: i64 = 1 << 17;
const WRITES: usize = 1 << 20;

/// Whether statements write every element of a range before one of them reads the buffer, element by element: the stages
/// of a transform write in strides, by several statements.
fn marked(stmts: &[Stmt], b: BufId, all: &Row, linear: &dyn Fn(&Expr) -> Option<Linear>) -> bool {
    let Some(n) = all.1.as_const().filter(|n| (1..=ELEMENTS).contains(n)) else { return false };
    let mut m = Marks { b, from: &all.0, linear, loops: Vec::new(), seen: vec![false; n as usize], left: WRITES };
    for s in stmts.iter().filter(|s| touches(s, b)) {
        if reads(s, b) {
            return false;
        }
        m.stmt(s);
        if m.seen.iter().all(|s| *s) {
            return true;
        }
    }
    false
}

struct Marks<'a> {
    b: BufId,
    from: &'a Linear,
    linear: &'a dyn Fn(&Expr) -> Option<Linear>,
    /// Loops around: variable, first, end, step.
    loops: Vec<(VarId, i64, i64, i64)>,
    seen: Vec<bool>,
    left: usize,
}

impl Marks<'_> {
    /// Marks what a statement surely writes, if it comes to its end.
    fn stmt(&mut self, s: &Stmt) {
        match &s.kind {
            StmtKind::Store(x, at, _) if *x == self.b => self.written(at, 1),
            StmtKind::Copy { dst, dst_at, len, .. } if *dst == self.b => {
                if let Some(len) = (self.linear)(len).and_then(|l| l.as_const()) {
                    self.written(dst_at, len);
                }
            }
            StmtKind::For { var, lo, hi, step, body } if *step > 0 => {
                let fixed = |e| (self.linear)(e).and_then(|l| l.as_const());
                if let (Some(lo), Some(hi)) = (fixed(lo), fixed(hi))
                    && lo < hi
                {
                    self.loops.push((*var, lo, hi, *step));
                    body.iter().for_each(|s| self.stmt(s));
                    self.loops.pop();
                }
            }
            _ => {}
        }
    }

    /// Marks so many elements in a row for all values of the loops around.
    fn written(&mut self, at: &Expr, len: i64) {
        let Some(at) = (self.linear)(at).and_then(|l| l.plus(self.from, -1)) else { return };
        let mut places = vec![at.constant];
        for (v, c) in &at.terms {
            let Some((_, lo, hi, step)) = self.loops.iter().find(|(u, ..)| u == v) else { return };
            let rounds = ((hi - lo - 1) / step + 1) as usize;
            if places.len().checked_mul(rounds).is_none_or(|n| n > self.left) {
                return;
            }
            let values = (0..rounds as i64).map(|k| lo + k * step);
            let moved = |v: i64| c.checked_mul(v);
            let Some(moves) = values.map(moved).collect::<Option<Vec<i64>>>() else { return };
            places = places.iter().flat_map(|p| moves.iter().map(|m| p.saturating_add(*m))).collect();
        }
        self.left -= places.len();
        for p in places {
            for k in p.max(0)..p.saturating_add(len).min(self.seen.len() as i64) {
                self.seen[k as usize] = true;
            }
        }
    }
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
    use super::super::build::Builder;
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

    #[test]
    fn a_fill_goes_where_strided_writes_cover_it_before_it_is_read() {
        // 24 elements as rows of 4: written by 0, 2 and 1, 3 in two loops; one row or one column short; read between
        for (rows, columns, looks, gone) in
            [(6, [1, 3], false, true), (5, [1, 3], false, false), (6, [1, 1], false, false), (6, [1, 3], true, false)]
        {
            let mut b = Builder::new();
            let out = b.new_buf(Ty::F64, BufKind::Port(0), true);
            let i = b.begin_for();
            let at = b.var(i);
            b.push(StmtKind::Store(out, at, Expr::zero(Ty::F64)));
            b.end_for(i, Expr::int(0), Expr::int(24), 1);
            for (n, columns) in [(6, [0, 2]), (rows, columns)] {
                let i = b.begin_for();
                for c in columns {
                    let at = b.var(i).imul(Expr::int(4)).iadd(Expr::int(c));
                    let value = if looks && n == 6 { b.load(out, at.clone()) } else { Expr::one(Ty::F64) };
                    b.push(StmtKind::Store(out, at, value));
                }
                b.end_for(i, Expr::int(0), Expr::int(n), 1);
            }
            let mut body = b.finish();
            super::super::range::simplify(&mut body, &mut [], &[], &[], &|_| true);
            assert_eq!(body.stmts.len() == 2, gone, "{rows} {columns:?} {looks}");
        }
    }

    #[test]
    fn a_write_under_a_condition_covers_nothing() {
        let mut b = Builder::new();
        let out = b.new_buf(Ty::F64, BufKind::Port(0), true);
        let x = b.new_buf(Ty::F64, BufKind::Port(1), false);
        let i = b.begin_for();
        let at = b.var(i);
        b.push(StmtKind::Store(out, at, Expr::zero(Ty::F64)));
        b.end_for(i, Expr::int(0), Expr::int(8), 1);
        let i = b.begin_for();
        let at = b.var(i);
        let cond = b.load(x, at.clone()).binary(BinOp::Lt, Expr::zero(Ty::F64));
        let then = vec![Stmt { kind: StmtKind::Store(out, at, Expr::one(Ty::F64)), span: None }];
        b.push(StmtKind::If { cond, then, otherwise: Vec::new() });
        b.end_for(i, Expr::int(0), Expr::int(8), 1);
        let mut body = b.finish();
        super::super::range::simplify(&mut body, &mut [], &[], &[], &|p| p == 0);
        assert_eq!(body.stmts.len(), 2);
    }
}
