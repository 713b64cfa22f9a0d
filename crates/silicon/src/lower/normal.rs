//! Dimensions that mention run-time values with a known value or a known dimension, in their plain form, so that
//! equal extents are recognised as equal.

use crate::dtype::DType;
use crate::hir::{Atom, Dim, Func, Module, Op, Region, ValueId};
use std::collections::BTreeMap;

/// The module with every dimension in plain form.
pub(super) fn normal(module: &Module) -> Module {
    let mut m = module.clone();
    let funcs = m.kernels.iter_mut().chain(m.entries.iter_mut().map(|e| &mut e.func));
    funcs.for_each(function);
    m
}

fn function(f: &mut Func) {
    let mut known = BTreeMap::new();
    collect(&f.body, &mut known);
    if known.is_empty() {
        return;
    }
    for v in &mut f.values {
        for d in &mut v.ty.shape {
            *d = plain(d, &known);
        }
    }
    dims(&mut f.body, &known);
}

fn plain(d: &Dim, known: &BTreeMap<ValueId, Dim>) -> Dim {
    if !d.is_dynamic() {
        return d.clone();
    }
    d.substitute(&|a| match a {
        Atom::Value(v) => known.get(v).cloned().unwrap_or_else(|| Dim::from(*v)),
        other => Dim::from(other.clone()),
    })
}

/// Known values, in order of definition: each is already in terms of earlier ones.
fn collect(r: &Region, known: &mut BTreeMap<ValueId, Dim>) {
    for i in &r.body {
        match (&i.op, i.results.first()) {
            (Op::Const(s), Some(v)) if s.dtype == DType::Int64 => {
                known.insert(*v, Dim::from(s.re as i64));
            }
            (Op::Dim(d), Some(v)) => {
                let d = plain(d, known);
                known.insert(*v, d);
            }
            _ => {}
        }
        i.regions().into_iter().for_each(|r| collect(r, known));
    }
}

fn dims(r: &mut Region, known: &BTreeMap<ValueId, Dim>) {
    for i in &mut r.body {
        if let Op::Dim(d) = &mut i.op {
            *d = plain(d, known);
        }
        i.regions_mut().into_iter().for_each(|r| dims(r, known));
    }
}
