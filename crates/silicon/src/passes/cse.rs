//! `cse`: an expression whose operation, operands and types are those of one computed before in the same or an
//! enclosing region is replaced by it. Checked arithmetic and checks count too: the first one has already stopped the
//! program if the second would.
//!
//! Tensors that only move data (a fill, a slice, ...) stay apart where one of them enters a store or a loop: sharing
//! them would trade a fill for a copy and one more buffer.

use super::rewrite::{Renames, bounds_allow, funcs, stored};
use crate::hir::{Binary, Func, Inst, Module, Op, Region, Type, ValueData, ValueId};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

pub(super) fn run(m: &mut Module) -> usize {
    funcs(m).map(func).sum()
}

struct Cse {
    renames: Renames,
    stored: Vec<bool>,
    /// Instructions available, by hash.
    seen: HashMap<u64, Vec<Inst>>,
    /// Hashes in the order in which they were added.
    log: Vec<u64>,
    changed: usize,
}

fn func(f: &mut Func) -> usize {
    let stored = stored(f);
    let mut c = Cse { renames: Renames::default(), stored, seen: HashMap::new(), log: Vec::new(), changed: 0 };
    let mut body = std::mem::take(&mut f.body);
    c.region(f, &mut body);
    f.body = body;
    c.renames.apply(f);
    c.changed
}

impl Cse {
    fn region(&mut self, f: &mut Func, r: &mut Region) {
        let scope = self.log.len();
        for p in &r.params {
            self.renames.ty(&mut f.values[p.0 as usize].ty);
        }
        let mut kept = Vec::with_capacity(r.body.len());
        for mut inst in std::mem::take(&mut r.body) {
            self.renames.inst(&mut inst, &mut f.values);
            for r in inst.regions_mut() {
                self.region(f, r);
            }
            if !self.replaced(f, &inst) {
                kept.push(inst);
            }
        }
        r.body = kept;
        for h in self.log.drain(scope..) {
            if let Some(v) = self.seen.get_mut(&h) {
                v.pop();
            }
        }
    }

    /// Whether an earlier instruction does the same; remembers this one if not.
    fn replaced(&mut self, f: &Func, inst: &Inst) -> bool {
        let Some(key) = hash(&f.values, inst) else { return false };
        let moved = moves_data(&inst.op) && inst.results.iter().any(|r| f.ty(*r).rank() > 0);
        let apart = |v: &[ValueId], stored: &[bool]| moved && v.iter().any(|r| stored[r.0 as usize]);
        if apart(&inst.results, &self.stored) {
            return false;
        }
        let candidates = self.seen.entry(key).or_default();
        let first = candidates.iter().find(|c| {
            same(&f.values, c, inst)
                && inst.results.iter().zip(&c.results).all(|(from, to)| bounds_allow(&f.bounds, *from, *to))
        });
        match first {
            Some(c) => {
                for (from, to) in inst.results.iter().zip(&c.results) {
                    self.renames.set(*from, *to);
                    self.stored[to.0 as usize] |= self.stored[from.0 as usize];
                }
                self.changed += 1;
                true
            }
            None => {
                candidates.push(inst.clone());
                self.log.push(key);
                false
            }
        }
    }
}

/// Operations that compute nothing.
fn moves_data(op: &Op) -> bool {
    matches!(op, Op::Broadcast | Op::Iota | Op::Slice { .. } | Op::Reshape | Op::Transpose(_) | Op::Concat { .. })
}

/// Operands in an order that equal expressions share: sorted where exchanging them changes nothing. Floats keep
/// theirs, as which NaN comes out depends on it.
fn operands(values: &[ValueData], inst: &Inst) -> Vec<ValueId> {
    let mut args = inst.args.clone();
    if let (Op::Binary(op), [a, b]) = (&inst.op, &mut args[..]) {
        let dtype = values[a.0 as usize].ty.dtype;
        let exact = matches!(op, Binary::Eq | Binary::Ne) || !(dtype.is_float() || dtype.is_complex());
        let symmetric = matches!(
            op,
            Binary::Add
                | Binary::Mul
                | Binary::AddChecked
                | Binary::MulChecked
                | Binary::And
                | Binary::Or
                | Binary::Xor
                | Binary::Eq
                | Binary::Ne
        );
        if exact && symmetric && a > b {
            std::mem::swap(a, b);
        }
    }
    args
}

/// Hash of what [`same`] compares; `None` for instructions with regions.
fn hash(values: &[ValueData], inst: &Inst) -> Option<u64> {
    let h = &mut DefaultHasher::new();
    std::mem::discriminant(&inst.op).hash(h);
    match &inst.op {
        Op::For { .. } | Op::While { .. } | Op::If { .. } => return None,
        Op::Const(s) => s.hash(h),
        Op::Table(t) => t.hash(h),
        Op::Dim(d) => d.hash(h),
        Op::Unary(op) => op.hash(h),
        Op::Binary(op) => op.hash(h),
        Op::Kernel(k) => k.hash(h),
        Op::Slice { steps } | Op::InsertSlice { steps } => steps.hash(h),
        // what is left out only makes equal hashes of different operations a little more frequent
        _ => {}
    }
    operands(values, inst).hash(h);
    for r in &inst.results {
        let ty = &values[r.0 as usize].ty;
        ty.dtype.hash(h);
        // an extent that the instruction itself defines has another number in each
        ty.shape.iter().filter(|d| !d.is_dynamic()).for_each(|d| d.hash(h));
    }
    Some(h.finish())
}

fn same(values: &[ValueData], a: &Inst, b: &Inst) -> bool {
    // of two checks of one condition, the first has stopped the program, whatever either says
    let op = a.op == b.op || matches!((&a.op, &b.op), (Op::Check(_), Op::Check(_)));
    if !op || a.results.len() != b.results.len() || operands(values, a) != operands(values, b) {
        return false;
    }
    let mut own = Renames::default();
    b.results.iter().zip(&a.results).for_each(|(from, to)| own.set(*from, *to));
    a.results.iter().zip(&b.results).all(|(x, y)| {
        let (x, y): (&Type, &Type) = (&values[x.0 as usize].ty, &values[y.0 as usize].ty);
        let shape = x.shape.iter().zip(&y.shape).all(|(d, e)| *d == own.dim(e));
        x.dtype == y.dtype && x.rank() == y.rank() && shape
    })
}
