//! Clean-up after lowering: values used once move to their use, unused values and buffers disappear. A load never
//! moves past a write to its buffer, a variable never past an assignment to it.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Largest expression (in operations) made by moving values to their use.
const LIMIT: usize = 12;

/// Cleans a function. `results` are expressions evaluated after the body; `fallible` says which kernels can fail.
pub fn fold(body: &mut Body, results: &[Expr], fallible: &[bool]) {
    let mut stmts = std::mem::take(&mut body.stmts);
    loop {
        loop {
            let uses = count(&stmts, results);
            let unread = unread(&body.bufs, &stmts);
            let dropped = remove_stores(&mut stmts, &unread);
            if !remove_unused(&mut stmts, &uses, fallible) && !dropped {
                break;
            }
        }
        let uses = count(&stmts, results);
        block(&mut stmts, &uses);
        if !remove_idle(&mut stmts) {
            break;
        }
    }
    let mut assignments = BTreeMap::new();
    for s in &stmts {
        s.visit(&mut |s| {
            if let StmtKind::Assign(v, _) = &s.kind {
                *assignments.entry(*v).or_insert(0) += 1;
            }
        });
    }
    declare_late(&mut stmts, &assignments);
    body.stmts = stmts;
}

/// Drops kernels that nothing calls.
pub fn drop_unused_kernels(program: &mut Program) {
    fn callees(body: &Body) -> BTreeSet<usize> {
        let mut out = BTreeSet::new();
        for s in &body.stmts {
            s.visit(&mut |s| {
                if let StmtKind::Call { kernel, .. } = s.kind {
                    out.insert(kernel);
                }
            });
        }
        out
    }
    let mut used: BTreeSet<usize> = program.entries.iter().flat_map(|e| callees(&e.body)).collect();
    // callees stand before their callers
    for k in (0..program.kernels.len()).rev() {
        if used.contains(&k) {
            used.extend(callees(&program.kernels[k].body));
        }
    }
    let place: BTreeMap<usize, usize> = used.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    let mut index = 0;
    program.kernels.retain(|_| {
        index += 1;
        used.contains(&(index - 1))
    });
    fn renumber(stmts: &mut [Stmt], place: &BTreeMap<usize, usize>) {
        for s in stmts {
            if let StmtKind::Call { kernel, .. } = &mut s.kind {
                *kernel = place[kernel];
            }
            s.blocks_mut().into_iter().for_each(|b| renumber(b, place));
        }
    }
    for body in program.kernels.iter_mut().map(|k| &mut k.body).chain(program.entries.iter_mut().map(|e| &mut e.body)) {
        renumber(&mut body.stmts, &place);
    }
}

fn count(stmts: &[Stmt], results: &[Expr]) -> BTreeMap<VarId, usize> {
    let mut uses = BTreeMap::new();
    let mut note = |e: &Expr| {
        e.visit(&mut |e| {
            if let ExprKind::Var(v) = e.kind {
                *uses.entry(v).or_insert(0) += 1;
            }
        });
    };
    // a variable that only feeds itself is not used
    let mut own: Vec<(VarId, &Expr)> = Vec::new();
    for s in stmts {
        fn walk<'a>(s: &'a Stmt, note: &mut impl FnMut(&Expr), own: &mut Vec<(VarId, &'a Expr)>) {
            match &s.kind {
                StmtKind::Assign(v, e) => own.push((*v, e)),
                _ => s.exprs().into_iter().for_each(&mut *note),
            }
            for b in s.blocks() {
                b.iter().for_each(|s| walk(s, note, own));
            }
        }
        walk(s, &mut note, &mut own);
    }
    results.iter().for_each(&mut note);
    for (v, e) in own {
        e.visit(&mut |x| match x.kind {
            ExprKind::Var(u) if u != v => *uses.entry(u).or_insert(0) += 1,
            _ => {}
        });
        // the assignment counts once the variable is read elsewhere; moving needs a count above one
        if let Some(n) = uses.get_mut(&v) {
            *n += 1;
        }
    }
    uses
}

/// Buffers of the function's own that nothing reads.
fn unread(bufs: &[BufData], stmts: &[Stmt]) -> BTreeSet<BufId> {
    let own = |b: &BufData| matches!(b.kind, BufKind::Local(_) | BufKind::Work(_));
    let mut out: BTreeSet<BufId> =
        bufs.iter().enumerate().filter(|(_, b)| own(b)).map(|(i, _)| BufId(i as u32)).collect();
    for s in stmts {
        s.visit(&mut |s| {
            if let StmtKind::Copy { src, .. } = &s.kind {
                out.remove(src);
            }
            for e in s.exprs() {
                e.visit(&mut |e| {
                    if let ExprKind::Load(b, _) = &e.kind {
                        out.remove(b);
                    }
                });
            }
        });
    }
    out
}

/// Drops what is written to them.
fn remove_stores(stmts: &mut Vec<Stmt>, unread: &BTreeSet<BufId>) -> bool {
    let mut changed = false;
    for s in stmts.iter_mut() {
        for b in s.blocks_mut() {
            changed |= remove_stores(b, unread);
        }
    }
    let before = stmts.len();
    stmts.retain(|s| match &s.kind {
        StmtKind::Store(b, ..) | StmtKind::Copy { dst: b, .. } => !unread.contains(b),
        _ => true,
    });
    changed | (stmts.len() != before)
}

/// Drops stores of what stands there already: elements that stay in place while others move.
fn remove_idle(stmts: &mut Vec<Stmt>) -> bool {
    let mut changed = false;
    for s in stmts.iter_mut() {
        for b in s.blocks_mut() {
            changed |= remove_idle(b);
        }
    }
    let before = stmts.len();
    stmts.retain(|s| match &s.kind {
        StmtKind::Store(b, at, e) => !matches!(&e.kind, ExprKind::Load(from, place) if from == b && **place == *at),
        _ => true,
    });
    changed | (stmts.len() != before)
}

/// Drops declarations and assignments of variables nobody reads, and what thereby becomes empty.
fn remove_unused(stmts: &mut Vec<Stmt>, uses: &BTreeMap<VarId, usize>, fallible: &[bool]) -> bool {
    let mut changed = false;
    for s in stmts.iter_mut() {
        for b in s.blocks_mut() {
            changed |= remove_unused(b, uses, fallible);
        }
    }
    let before = stmts.len();
    stmts.retain(|s| match &s.kind {
        StmtKind::Let(v, _) | StmtKind::Mut(v, _) | StmtKind::Assign(v, _) => uses.contains_key(v),
        StmtKind::Call { results, kernel, .. } => fallible[*kernel] || results.iter().any(|v| uses.contains_key(v)),
        StmtKind::For { body, .. } => !body.is_empty(),
        StmtKind::If { then, otherwise, .. } => !then.is_empty() || !otherwise.is_empty(),
        _ => true,
    });
    changed | (stmts.len() != before)
}

fn size(e: &Expr) -> usize {
    let mut n = 0;
    e.visit(&mut |e| n += usize::from(!e.is_atom()));
    n
}

/// What a statement writes, nested ones included.
fn writes(s: &Stmt) -> (BTreeSet<VarId>, BTreeSet<BufId>) {
    let (mut vars, mut bufs) = (BTreeSet::new(), BTreeSet::new());
    s.visit(&mut |s| match &s.kind {
        StmtKind::Assign(v, _) => {
            vars.insert(*v);
        }
        StmtKind::Store(b, ..) | StmtKind::Copy { dst: b, .. } => {
            bufs.insert(*b);
        }
        _ => {}
    });
    (vars, bufs)
}

/// Moves single-use values of a block into the statement of the same block that uses them.
fn block(stmts: &mut Vec<Stmt>, uses: &BTreeMap<VarId, usize>) {
    for s in stmts.iter_mut() {
        for b in s.blocks_mut() {
            block(b, uses);
        }
    }
    let mut i = 0;
    while i < stmts.len() {
        if let StmtKind::Let(v, e) = &stmts[i].kind
            && uses.get(v) == Some(&1)
            && let Some(target) = destination(stmts, i, *v, e)
        {
            let (v, e) = (*v, e.clone());
            for slot in stmts[target].exprs_mut() {
                replace(slot, v, &e);
            }
            stmts.remove(i);
            // a value moved into an earlier-seen statement may let others move
            i = i.saturating_sub(1);
            continue;
        }
        i += 1;
    }
}

fn destination(stmts: &[Stmt], i: usize, v: VarId, e: &Expr) -> Option<usize> {
    let (mut vars, mut bufs) = (BTreeSet::new(), BTreeSet::new());
    e.visit(&mut |e| match &e.kind {
        ExprKind::Var(v) => {
            vars.insert(*v);
        }
        ExprKind::Load(b, _) => {
            bufs.insert(*b);
        }
        _ => {}
    });
    for (k, s) in stmts.iter().enumerate().skip(i + 1) {
        for own in s.exprs() {
            let mut found = false;
            own.visit(&mut |x| found |= x.kind == ExprKind::Var(v));
            if found {
                // the condition of a loop with a body is evaluated again and again
                let again = matches!(s.kind, StmtKind::Loop { .. });
                return (!again && size(own) + size(e) <= LIMIT).then_some(k);
            }
        }
        let mut nested = false;
        for b in s.blocks() {
            for n in b {
                n.visit(&mut |n| {
                    for x in n.exprs() {
                        x.visit(&mut |x| nested |= x.kind == ExprKind::Var(v));
                    }
                });
            }
        }
        if nested {
            return None;
        }
        let (wv, wb) = writes(s);
        if !wv.is_disjoint(&vars) || !wb.is_disjoint(&bufs) {
            return None;
        }
    }
    None
}

fn replace(slot: &mut Expr, v: VarId, e: &Expr) {
    if slot.kind == ExprKind::Var(v) {
        *slot = e.clone();
        return;
    }
    for o in slot.operands_mut() {
        replace(o, v, e);
    }
}

fn mentions(e: &Expr, v: VarId) -> bool {
    let mut found = false;
    e.visit(&mut |e| found |= e.kind == ExprKind::Var(v));
    found
}

/// Whether a statement, or one in it, reads or assigns the variable.
fn touches(s: &Stmt, v: VarId) -> bool {
    let mut found = false;
    s.visit(&mut |s| {
        found |= matches!(s.kind, StmtKind::Assign(u, _) if u == v) || s.exprs().into_iter().any(|e| mentions(e, v));
    });
    found
}

/// Declares variables where they get a value that is used, when the first thing done with them is to overwrite them.
fn declare_late(stmts: &mut Vec<Stmt>, assignments: &BTreeMap<VarId, usize>) {
    for s in stmts.iter_mut() {
        for b in s.blocks_mut() {
            declare_late(b, assignments);
        }
    }
    let mut i = 0;
    while i < stmts.len() {
        if let StmtKind::Mut(v, _) = stmts[i].kind
            && let Some(k) = (i + 1..stmts.len()).find(|k| touches(&stmts[*k], v))
            && let StmtKind::Assign(u, e) = &stmts[k].kind
            && *u == v
            && !mentions(e, v)
        {
            let e = e.clone();
            stmts[k].kind = if assignments.get(&v) == Some(&1) { StmtKind::Let(v, e) } else { StmtKind::Mut(v, e) };
            stmts.remove(i);
            continue;
        }
        i += 1;
    }
}

/// Whether a variable is surely overwritten before it is read, by statements that follow its declaration.
pub(super) fn overwritten(stmts: &[Stmt], v: VarId) -> bool {
    let Some(first) = stmts.iter().find(|s| touches(s, v)) else { return false };
    match &first.kind {
        StmtKind::Assign(u, e) => *u == v && !mentions(e, v),
        StmtKind::If { cond, then, otherwise } => {
            let ends = |b: &[Stmt]| {
                overwritten(b, v)
                    || (!b.iter().any(|s| touches(s, v)) && matches!(b, [.., Stmt { kind: StmtKind::Fail(_), .. }]))
            };
            !mentions(cond, v) && ends(then) && ends(otherwise)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lir::build::Builder;

    /// A zero that both arms overwrite, or only one.
    fn program(both: bool) -> (Body, VarId) {
        let mut b = Builder::new();
        let v = b.mutable(Expr::int(0), None);
        b.open();
        b.push(StmtKind::Assign(v, Expr::int(1)));
        let then = b.close();
        b.open();
        if both {
            b.push(StmtKind::Assign(v, Expr::int(2)));
        }
        let otherwise = b.close();
        let cond = b.new_var(Ty::Bool, None);
        let cond = b.var(cond);
        b.push(StmtKind::If { cond, then, otherwise });
        b.push(StmtKind::SetOut(0, vec![Expr { ty: Ty::I64, kind: ExprKind::Var(v) }]));
        (b.finish(), v)
    }

    #[test]
    fn a_value_counts_as_overwritten_only_on_every_path() {
        for both in [true, false] {
            let (body, v) = program(both);
            assert_eq!(overwritten(&body.stmts[1..], v), both);
        }
    }

    #[test]
    fn a_store_of_what_stands_there_goes_and_its_loop_with_it() {
        for apart in [0, 1] {
            let mut b = Builder::new();
            let out = b.new_buf(Ty::F64, BufKind::Port(0), true);
            let (var, i) = {
                let v = b.new_var(Ty::I64, None);
                b.open();
                (v, b.var(v))
            };
            let value = b.load(out, i.clone().iadd(Expr::int(apart)));
            b.push(StmtKind::Store(out, i, value));
            let body = b.close();
            b.push(StmtKind::For { var, lo: Expr::int(0), hi: Expr::int(4), step: 1, body });
            let mut body = b.finish();
            fold(&mut body, &[], &[]);
            assert_eq!(body.stmts.len() as i64, apart);
        }
    }

    #[test]
    fn a_variable_is_declared_with_the_first_value_that_is_used() {
        for again in [false, true] {
            let mut b = Builder::new();
            let v = b.mutable(Expr::int(0), None);
            let x = b.var(v);
            b.push(StmtKind::Assign(v, Expr::int(5)));
            if again {
                b.push(StmtKind::Assign(v, x.clone().iadd(Expr::int(1))));
            }
            b.push(StmtKind::SetOut(0, vec![x]));
            let mut body = b.finish();
            fold(&mut body, &[], &[]);
            let first = &body.stmts[0].kind;
            let due = if again { StmtKind::Mut(v, Expr::int(5)) } else { StmtKind::Let(v, Expr::int(5)) };
            assert_eq!(*first, due);
        }
    }
}
