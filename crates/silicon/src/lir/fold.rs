//! Clean-up after lowering: values used once move to their use, unused values and buffers disappear. A load never
//! moves past a write to its buffer, a variable never past an assignment to it.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Largest expression (in operations) made by moving values to their use.
const LIMIT: usize = 12;

/// Cleans a function. `results` are expressions evaluated after the body.
pub fn fold(body: &mut Body, results: &mut [Expr]) {
    let mut stmts = std::mem::take(&mut body.stmts);
    loop {
        let uses = count(&stmts, results);
        if !remove_unused(&mut stmts, &uses) {
            break;
        }
    }
    let uses = count(&stmts, results);
    block(&mut stmts, &uses);
    body.stmts = stmts;
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
    for s in stmts {
        s.visit(&mut |s| s.exprs().into_iter().for_each(&mut note));
    }
    results.iter().for_each(note);
    uses
}

/// Drops declarations and assignments of variables nobody reads, and what thereby becomes empty.
fn remove_unused(stmts: &mut Vec<Stmt>, uses: &BTreeMap<VarId, usize>) -> bool {
    let mut changed = false;
    for s in stmts.iter_mut() {
        for b in s.blocks_mut() {
            changed |= remove_unused(b, uses);
        }
    }
    let before = stmts.len();
    stmts.retain(|s| match &s.kind {
        StmtKind::Let(v, _) | StmtKind::Mut(v, _) | StmtKind::Assign(v, _) => uses.contains_key(v),
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
