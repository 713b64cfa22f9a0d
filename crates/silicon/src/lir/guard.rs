//! Loops over kernels with a rare branch, such as the exact reduction of large arguments of a sine: per strip, the loop
//! first asks whether any element needs the branch, and runs a kernel without it where none does. Compilers make
//! vector code of both loops, which a branch in the element would prevent. No bit changes.

use super::*;
use std::collections::{BTreeMap, BTreeSet};

/// Iterations of a strip.
const STRIP: i64 = 256;
/// A loop of fewer iterations is left as it is.
const SHORT: i64 = 32;

/// Splits the loops of every entry, before single uses are folded into expressions.
pub(crate) fn split_guards(program: &mut Program) {
    let guards: Vec<Option<Guard>> = program.kernels.iter().map(guard).collect();
    if guards.iter().all(Option::is_none) {
        return;
    }
    let mut fast: BTreeMap<usize, usize> = BTreeMap::new();
    for e in &mut program.entries {
        let mut stmts = std::mem::take(&mut e.body.stmts);
        split_block(&mut stmts, &mut e.body, &guards, &mut fast, program.kernels.len());
        e.body.stmts = stmts;
    }
    let mut made: Vec<(usize, usize)> = fast.into_iter().map(|(kernel, at)| (at, kernel)).collect();
    made.sort_unstable();
    for (_, kernel) in made {
        if let Some(g) = &guards[kernel] {
            program.kernels.push(g.fast.clone());
        }
    }
}

/// What is known of a kernel with a rare branch.
struct Guard {
    /// Parameters, in the kernel's variables.
    params: Vec<VarId>,
    /// Whether the branch is needed, in terms of the parameters.
    needed: Expr,
    /// The kernel without it.
    fast: Kernel,
}

/// A kernel that is straight but for one conditional whose first branch is the longer one.
fn guard(k: &Kernel) -> Option<Guard> {
    let at = k.body.stmts.iter().position(|s| matches!(s.kind, StmtKind::If { .. }))?;
    let StmtKind::If { cond, then, otherwise } = &k.body.stmts[at].kind else { return None };
    let straight = |s: &Stmt| matches!(s.kind, StmtKind::Let(..) | StmtKind::Mut(..) | StmtKind::Assign(..));
    let others = k.body.stmts.iter().enumerate().filter(|(i, _)| *i != at).map(|(_, s)| s);
    if !others.chain(otherwise).all(straight) || then.len() <= otherwise.len() {
        return None;
    }
    let mut known: BTreeMap<VarId, Expr> = BTreeMap::new();
    for s in &k.body.stmts[..at] {
        if let StmtKind::Let(v, e) = &s.kind {
            let mut e = e.clone();
            substitute(&mut e, &known);
            known.insert(*v, e);
        }
    }
    let mut needed = cond.clone();
    substitute(&mut needed, &known);
    let mut pure = true;
    needed.visit(&mut |e| {
        pure &= match &e.kind {
            ExprKind::Var(v) => k.params.contains(v),
            ExprKind::Load(..) => false,
            _ => true,
        }
    });
    if !pure {
        return None;
    }
    let mut fast = k.clone();
    fast.name = format!("{}_fast", k.name);
    fast.fallible = false;
    fast.body.stmts.splice(at..=at, otherwise.iter().cloned());
    Some(Guard { params: k.params.clone(), needed, fast })
}

fn substitute(e: &mut Expr, known: &BTreeMap<VarId, Expr>) {
    if let ExprKind::Var(v) = e.kind {
        if let Some(x) = known.get(&v) {
            *e = x.clone();
        }
        return;
    }
    e.operands_mut().into_iter().for_each(|o| substitute(o, known));
}

fn split_block(
    stmts: &mut Vec<Stmt>,
    body: &mut Body,
    guards: &[Option<Guard>],
    fast: &mut BTreeMap<usize, usize>,
    kernels: usize,
) {
    let mut out = Vec::with_capacity(stmts.len());
    for mut s in stmts.drain(..) {
        match split_loop(&s, body, guards, fast, kernels) {
            Some(made) => out.extend(made),
            None => {
                s.blocks_mut().into_iter().for_each(|b| split_block(b, body, guards, fast, kernels));
                out.push(s);
            }
        }
    }
    *stmts = out;
}

/// The strips of a loop that calls kernels with guards; none where it does not, or where what they are called with is
/// not known before the loop's body runs.
fn split_loop(
    s: &Stmt,
    body: &mut Body,
    guards: &[Option<Guard>],
    fast: &mut BTreeMap<usize, usize>,
    kernels: usize,
) -> Option<Vec<Stmt>> {
    let StmtKind::For { var, lo, hi, step: 1, body: inner } = &s.kind else { return None };
    if hi.as_int().zip(lo.as_int()).is_some_and(|(hi, lo)| hi - lo < SHORT) {
        return None;
    }
    let calls: Vec<(usize, &Vec<Expr>)> = inner
        .iter()
        .filter_map(|s| match &s.kind {
            StmtKind::Call { kernel, args, .. } if guards.get(*kernel)?.is_some() => Some((*kernel, args)),
            _ => None,
        })
        .collect();
    if calls.is_empty() {
        return None;
    }
    // what the arguments are made of: declared in the body before, or never changed in it
    let mut wanted: BTreeSet<VarId> = BTreeSet::new();
    let mut loads: Vec<(BufId, Expr)> = Vec::new();
    let mut note = |e: &Expr, wanted: &mut BTreeSet<VarId>| {
        e.visit(&mut |e| match &e.kind {
            ExprKind::Var(v) => drop(wanted.insert(*v)),
            ExprKind::Load(b, at) => loads.push((*b, (**at).clone())),
            _ => {}
        })
    };
    calls.iter().flat_map(|(_, args)| args.iter()).for_each(|a| note(a, &mut wanted));
    let mut before = Vec::new();
    for s in inner.iter().rev() {
        if let StmtKind::Let(v, e) = &s.kind
            && wanted.contains(v)
        {
            note(e, &mut wanted);
            before.push(s.clone());
        }
    }
    before.reverse();
    let mut steady = true;
    for s in inner {
        s.visit(&mut |s| match &s.kind {
            StmtKind::Mut(v, _) | StmtKind::Assign(v, _) | StmtKind::Checked(v, ..) => steady &= !wanted.contains(v),
            StmtKind::Call { results, .. } => steady &= !results.iter().any(|v| wanted.contains(v)),
            StmtKind::For { var, .. } => steady &= !wanted.contains(var),
            // an element that is read and then written in the same place is read in time
            StmtKind::Store(b, at, _) => steady &= loads.iter().all(|(l, from)| l != b || from == at),
            StmtKind::Copy { dst, .. } => steady &= loads.iter().all(|(l, _)| l != dst),
            _ => {}
        });
    }
    if !steady {
        return None;
    }

    let span = s.span;
    let at = |kind| Stmt { kind, span };
    let mut new_var = |ty: Ty| {
        body.vars.push(VarData { ty, name: None });
        VarId(body.vars.len() as u32 - 1)
    };
    let read = |v: VarId, ty: Ty| Expr { ty, kind: ExprKind::Var(v) };
    // as wide as the numbers asked about, so that the question runs over vectors
    let wide = calls.iter().any(|(_, args)| args.iter().any(|a| a.ty.size() == 8));
    let word = if wide { Ty::I64 } else { Ty::I32 };
    let (end, start, stop, rare) = (new_var(Ty::I64), new_var(Ty::I64), new_var(Ty::I64), new_var(word));
    let mut strip = Vec::new();
    let after = read(start, Ty::I64).iadd(Expr::int(STRIP)).imin(read(end, Ty::I64));
    strip.push(at(StmtKind::Let(stop, after)));
    strip.push(at(StmtKind::Mut(rare, Expr::zero(word))));

    let asked = new_var(Ty::I64);
    let mut names: BTreeMap<VarId, VarId> = BTreeMap::from([(*var, asked)]);
    let mut question = renamed(&before, &mut names, body);
    let mut asked_for: Vec<Expr> = Vec::new();
    for (kernel, args) in &calls {
        let Some(g) = &guards[*kernel] else { return None };
        let mut args: Vec<Expr> = args.to_vec();
        args.iter_mut().for_each(|a| rename(a, &names));
        let mut needed = g.needed.clone();
        substitute(&mut needed, &g.params.iter().copied().zip(args).collect());
        if !asked_for.contains(&needed) {
            asked_for.push(needed);
        }
    }
    let any = asked_for
        .into_iter()
        .fold(read(rare, word), |any, needed| any.binary(BinOp::Or, needed.select(Expr::one(word), Expr::zero(word))));
    question.push(at(StmtKind::Assign(rare, any)));
    let turn = |var: VarId, body: Vec<Stmt>| {
        at(StmtKind::For { var, lo: read(start, Ty::I64), hi: read(stop, Ty::I64), step: 1, body })
    };
    strip.push(turn(asked, question));

    let mut quick = inner.clone();
    for s in &mut quick {
        if let StmtKind::Call { kernel, .. } = &mut s.kind
            && guards.get(*kernel).is_some_and(Option::is_some)
        {
            let next = kernels + fast.len();
            *kernel = *fast.entry(*kernel).or_insert(next);
        }
    }
    body.vars.push(VarData { ty: Ty::I64, name: None });
    let quick_var = VarId(body.vars.len() as u32 - 1);
    let mut names = BTreeMap::from([(*var, quick_var)]);
    let quick = renamed(&quick, &mut names, body);
    strip.push(at(StmtKind::If {
        cond: read(rare, word).binary(BinOp::Eq, Expr::zero(word)),
        then: vec![turn(quick_var, quick)],
        otherwise: vec![turn(*var, inner.clone())],
    }));
    Some(vec![
        at(StmtKind::Let(end, hi.clone())),
        at(StmtKind::For { var: start, lo: lo.clone(), hi: read(end, Ty::I64), step: STRIP, body: strip }),
    ])
}

fn rename(e: &mut Expr, names: &BTreeMap<VarId, VarId>) {
    if let ExprKind::Var(v) = &mut e.kind {
        *v = names.get(v).copied().unwrap_or(*v);
    }
    e.operands_mut().into_iter().for_each(|o| rename(o, names));
}

/// A copy of statements that declares variables of its own.
fn renamed(stmts: &[Stmt], names: &mut BTreeMap<VarId, VarId>, body: &mut Body) -> Vec<Stmt> {
    let declare = |v: &mut VarId, names: &mut BTreeMap<VarId, VarId>, body: &mut Body| {
        let data = body.vars[v.0 as usize].clone();
        body.vars.push(data);
        let new = VarId(body.vars.len() as u32 - 1);
        names.insert(*v, new);
        *v = new;
    };
    let mut out = stmts.to_vec();
    for s in &mut out {
        s.exprs_mut().into_iter().for_each(|e| rename(e, names));
        match &mut s.kind {
            StmtKind::Let(v, _) | StmtKind::Mut(v, _) | StmtKind::Checked(v, ..) => declare(v, names, body),
            StmtKind::Assign(v, _) => *v = names.get(v).copied().unwrap_or(*v),
            StmtKind::Call { results, .. } => results.iter_mut().for_each(|v| declare(v, names, body)),
            StmtKind::For { var, body: inner, .. } => {
                declare(var, names, body);
                *inner = renamed(inner, names, body);
            }
            StmtKind::Loop { head, cond, body: inner } => {
                *head = renamed(head, names, body);
                rename(cond, names);
                *inner = renamed(inner, names, body);
            }
            StmtKind::If { then, otherwise, .. } => {
                *then = renamed(then, names, body);
                *otherwise = renamed(otherwise, names, body);
            }
            StmtKind::Store(..) | StmtKind::Copy { .. } | StmtKind::Fail(_) | StmtKind::SetOut(..) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn var(v: u32, ty: Ty) -> Expr {
        Expr { ty, kind: ExprKind::Var(VarId(v)) }
    }
    fn stmt(kind: StmtKind) -> Stmt {
        Stmt { kind, span: None }
    }
    /// `x > 1 ? (a long way) : x`, and a loop over `n` elements of a buffer that calls it.
    fn program(store_at: Expr) -> Program {
        let x = || var(0, Ty::F64);
        let long = (0..3).map(|_| stmt(StmtKind::Assign(VarId(1), x()))).collect();
        let branch = StmtKind::If {
            cond: x().binary(BinOp::Gt, Expr::one(Ty::F64)),
            then: long,
            otherwise: vec![stmt(StmtKind::Assign(VarId(1), x()))],
        };
        let plain = |ty| VarData { ty, name: None };
        let kernel = Kernel {
            name: "k".into(),
            params: vec![VarId(0)],
            body: Body {
                vars: vec![plain(Ty::F64), plain(Ty::F64)],
                bufs: Vec::new(),
                stmts: vec![stmt(StmtKind::Mut(VarId(1), Expr::zero(Ty::F64))), stmt(branch)],
            },
            results: vec![var(1, Ty::F64)],
            fallible: false,
            span: None,
        };
        let load = Expr { ty: Ty::F64, kind: ExprKind::Load(BufId(0), Box::new(var(0, Ty::I64))) };
        let body = vec![
            stmt(StmtKind::Let(VarId(2), load)),
            stmt(StmtKind::Call { results: vec![VarId(3)], kernel: 0, args: vec![var(2, Ty::F64)] }),
            stmt(StmtKind::Store(BufId(0), store_at, var(3, Ty::F64))),
        ];
        let turn = StmtKind::For { var: VarId(0), lo: Expr::int(0), hi: var(1, Ty::I64), step: 1, body };
        let entry = Entry {
            name: "f".into(),
            ports: Vec::new(),
            outs: Vec::new(),
            params: Vec::new(),
            lengths: Vec::new(),
            body: Body {
                vars: vec![plain(Ty::I64), plain(Ty::I64), plain(Ty::F64), plain(Ty::F64)],
                bufs: Vec::new(),
                stmts: vec![stmt(turn)],
            },
            span: None,
        };
        Program { kernels: vec![kernel], entries: vec![entry], ..Program::default() }
    }

    fn calls(p: &Program) -> Vec<usize> {
        let mut found = Vec::new();
        p.entries[0].body.stmts.iter().for_each(|s| {
            s.visit(&mut |s| {
                if let StmtKind::Call { kernel, .. } = s.kind {
                    found.push(kernel);
                }
            })
        });
        found
    }

    #[test]
    fn a_loop_runs_by_strips_with_and_without_the_branch() {
        let mut p = program(var(0, Ty::I64));
        split_guards(&mut p);
        assert_eq!(calls(&p), [1, 0]);
        assert_eq!(p.kernels[1].name, "k_fast");
        assert!(!p.kernels[1].body.stmts.iter().any(|s| matches!(s.kind, StmtKind::If { .. })));
    }

    #[test]
    fn a_loop_that_writes_what_a_later_turn_reads_is_left_alone() {
        let mut p = program(var(0, Ty::I64).iadd(Expr::int(1)));
        let before = p.clone();
        split_guards(&mut p);
        assert_eq!(p, before);
    }
}
