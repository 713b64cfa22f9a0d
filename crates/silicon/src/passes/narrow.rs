//! `narrow` (`--numeric f32`): float64 becomes float32 and complex128 complex64 in tables, state, interface and
//! operations. Scalars that are converted to integers, and the scalar arithmetic that leads to them, stay float64:
//! they decide indices and counts. A kernel of float64 is replaced by that of float32 where there is one
//! (`numpy_sin_f64` by the hook's `sin` of float32); other kernels and bit patterns are computed in float64 between
//! conversions. Results differ by the rounding of float32; the report compares them with the float64 reference.

use super::rewrite::each_inst;
use super::{Outcome, PassOptions, kernel, suffix};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Func, FuncId, Inst, Module, Op, Region, Table, Type, Unary, ValueData, ValueId};

fn narrowed(d: DType) -> DType {
    match d {
        DType::Float64 => DType::Float32,
        DType::Complex128 => DType::Complex64,
        other => other,
    }
}

pub(super) fn run(m: &mut Module, options: &mut PassOptions<'_>) -> Outcome {
    let mut out = Outcome::default();
    if !options.narrow {
        return out;
    }
    let mut infinite = 0;
    for t in &mut m.tables {
        out.changed += usize::from(narrowed(t.dtype) != t.dtype);
        infinite += table(t);
    }
    for s in &mut m.state {
        s.ty.dtype = narrowed(s.ty.dtype);
    }
    let mut entries = std::mem::take(&mut m.entries);
    let mut calls: Vec<Option<FuncId>> = vec![None; m.kernels.len()];
    let mut seen = vec![false; m.kernels.len()];
    for e in &entries {
        each_inst(&e.func.body, &mut |i| {
            if let Op::Kernel(k) = i.op {
                seen[k.0 as usize] = true;
            }
        });
    }
    for k in (0..seen.len()).filter(|k| seen[*k]) {
        calls[k] = counterpart(m, options, k);
        if calls[k].is_none() && wide(&m.kernels[k]) {
            out.notes.push(format!("kernel {} stays float64", m.kernels[k].name));
        }
    }
    for e in &mut entries {
        out.changed += func(&mut e.func, m, &calls, &mut infinite);
    }
    m.entries = entries;
    if infinite > 0 {
        out.notes.push(format!("{infinite} constants are too large for float32 and become infinite"));
    }
    out
}

/// Narrows one constant; whether it becomes infinite.
fn scalar(s: Scalar) -> (Scalar, bool) {
    let to = narrowed(s.dtype);
    if to == s.dtype {
        return (s, false);
    }
    let r = Scalar::float(to, s.real_f64(), s.imag_f64());
    let lost = |before: f64, after: f64| before.is_finite() && !after.is_finite();
    (r, lost(s.real_f64(), r.real_f64()) || (to.is_complex() && lost(s.imag_f64(), r.imag_f64())))
}

fn table(t: &mut Table) -> usize {
    if narrowed(t.dtype) == t.dtype {
        return 0;
    }
    let done = t.data.chunks_exact(t.dtype.size()).map(|b| scalar(Scalar::from_le_bytes(t.dtype, b)));
    let (elements, lost): (Vec<Scalar>, Vec<bool>) = done.unzip();
    t.data = elements.into_iter().flat_map(Scalar::to_le_bytes).collect();
    t.dtype = narrowed(t.dtype);
    lost.into_iter().filter(|l| *l).count()
}

fn signature(k: &Func) -> impl Iterator<Item = DType> {
    k.body.params.iter().chain(&k.body.results).map(|v| k.ty(*v).dtype)
}
fn wide(k: &Func) -> bool {
    signature(k).any(|d| narrowed(d) != d)
}

/// The kernel that does the same in float32.
fn counterpart(m: &mut Module, options: &mut PassOptions<'_>, k: usize) -> Option<FuncId> {
    let (name, from) = m.kernels[k].name.strip_prefix("numpy_")?.rsplit_once('_')?;
    let to = [DType::Float64, DType::Complex128].into_iter().find(|d| suffix(*d) == Some(from))?;
    let name = name.to_string();
    let id = kernel(m, options, &name, narrowed(to))?;
    let due: Vec<DType> = signature(&m.kernels[k]).map(narrowed).collect();
    let other = m.kernels.get(id.0 as usize)?;
    (other.body.params.len() == m.kernels[k].body.params.len() && signature(other).eq(due)).then_some(id)
}

struct Narrow<'a> {
    module: &'a Module,
    calls: &'a [Option<FuncId>],
    values: Vec<ValueData>,
    /// Element types before.
    old: Vec<DType>,
    changed: usize,
    infinite: usize,
}

fn func(f: &mut Func, module: &Module, calls: &[Option<FuncId>], infinite: &mut usize) -> usize {
    let keep = kept(f);
    let old: Vec<DType> = f.values.iter().map(|v| v.ty.dtype).collect();
    let mut values = std::mem::take(&mut f.values);
    let mut changed = 0;
    for (v, keep) in values.iter_mut().zip(&keep) {
        let to = if *keep { v.ty.dtype } else { narrowed(v.ty.dtype) };
        changed += usize::from(to != v.ty.dtype);
        v.ty.dtype = to;
    }
    let mut n = Narrow { module, calls, values, old, changed, infinite: 0 };
    n.region(&mut f.body, None);
    // results of the entry are narrow whatever they come from
    let due: Vec<DType> = f.body.results.iter().map(|v| narrowed(n.old[v.0 as usize])).collect();
    let mut body = std::mem::take(&mut f.body);
    n.yields(&mut body, &due);
    f.body = body;
    f.values = n.values;
    *infinite += n.infinite;
    n.changed
}

/// Scalars that lead to a conversion to an integer.
fn kept(f: &Func) -> Vec<bool> {
    let n = f.values.len();
    // what a value is computed from, where that is scalar arithmetic
    let mut from: Vec<Vec<ValueId>> = vec![Vec::new(); n];
    let mut possible = vec![false; n];
    let mut work = Vec::new();
    let scalar = |v: ValueId| *f.ty(v) == Type::scalar(DType::Float64);
    each_inst(&f.body, &mut |inst| {
        let mut link = |v: ValueId, sources: &[ValueId]| {
            possible[v.0 as usize] = scalar(v);
            from[v.0 as usize].extend(sources);
        };
        match &inst.op {
            Op::Unary(Unary::Bitcast) => {}
            Op::Const(_) | Op::Unary(_) | Op::Binary(_) => link(inst.results[0], &inst.args),
            Op::Select => link(inst.results[0], &inst.args[1..]),
            Op::If { then, otherwise } => {
                for (k, r) in inst.results.iter().enumerate() {
                    link(*r, &[then.results[k], otherwise.results[k]]);
                }
            }
            Op::For { body, .. } => {
                for (k, r) in inst.results.iter().enumerate() {
                    let (p, all) = (body.params[k + 1], [inst.args[k + 2], body.results[k]]);
                    link(*r, &[p]);
                    link(p, &[all[0], all[1], *r]);
                }
            }
            Op::While { cond, body } => {
                for (k, r) in inst.results.iter().enumerate() {
                    let (p, q) = (cond.params[k], body.params[k]);
                    link(*r, &[p]);
                    link(p, &[q]);
                    link(q, &[inst.args[k], body.results[k], *r]);
                }
            }
            _ => {}
        }
        if let (Op::Unary(Unary::Cast), [r], [x]) = (&inst.op, &inst.results[..], &inst.args[..])
            && f.ty(*r).dtype.is_integer()
        {
            work.push(*x);
        }
    });
    let mut keep = vec![false; n];
    while let Some(v) = work.pop() {
        let i = v.0 as usize;
        if possible[i] && !std::mem::replace(&mut keep[i], true) {
            work.extend(from[i].iter().filter(|v| scalar(**v)));
        }
    }
    keep
}

impl Narrow<'_> {
    fn dtype(&self, v: ValueId) -> DType {
        self.values[v.0 as usize].ty.dtype
    }
    fn was(&self, v: ValueId) -> DType {
        self.old.get(v.0 as usize).copied().unwrap_or(self.dtype(v))
    }
    fn fresh(&mut self, like: ValueId, dtype: DType) -> ValueId {
        let shape = self.values[like.0 as usize].ty.shape.clone();
        self.values.push(ValueData { ty: Type { dtype, shape }, span: None, name: None, library: false });
        ValueId(self.values.len() as u32 - 1)
    }
    /// The value as another type.
    fn convert(&mut self, v: ValueId, dtype: DType, out: &mut Vec<Inst>) -> ValueId {
        if self.dtype(v) == dtype {
            return v;
        }
        let r = self.fresh(v, dtype);
        out.push(Inst { op: Op::Unary(Unary::Cast), args: vec![v], results: vec![r], span: None });
        r
    }
    fn yields(&mut self, r: &mut Region, due: &[DType]) {
        for (k, d) in due.iter().enumerate() {
            r.results[k] = self.convert(r.results[k], *d, &mut r.body);
        }
    }
    fn region(&mut self, r: &mut Region, due: Option<&[DType]>) {
        let mut out = Vec::with_capacity(r.body.len());
        for inst in std::mem::take(&mut r.body) {
            self.inst(inst, &mut out);
        }
        r.body = out;
        if let Some(due) = due {
            self.yields(r, due);
        }
    }

    fn inst(&mut self, mut inst: Inst, out: &mut Vec<Inst>) {
        let types = |n: &Self, v: &[ValueId]| v.iter().map(|v| n.dtype(*v)).collect::<Vec<DType>>();
        // types that the operands must have
        let mut due: Vec<DType> = inst.args.iter().map(|v| narrowed(self.was(*v))).collect();
        let mut wide_results = false;
        match &mut inst.op {
            Op::Const(s) if self.dtype(inst.results[0]) != s.dtype => {
                let (c, lost) = scalar(*s);
                *s = c;
                self.infinite += usize::from(lost);
            }
            Op::Unary(Unary::Bitcast) => {
                due = inst.args.iter().map(|v| self.was(*v)).collect();
                wide_results = true;
            }
            Op::Unary(Unary::Cast | Unary::IsNan | Unary::IsInf | Unary::SignBit) => due = types(self, &inst.args),
            Op::Binary(Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge | Binary::Eq | Binary::Ne) => {
                let any = inst.args.iter().any(|v| self.dtype(*v) == self.was(*v));
                if any {
                    due = inst.args.iter().map(|v| self.was(*v)).collect();
                }
            }
            Op::Unary(_) | Op::Binary(_) if self.dtype(inst.results[0]) == self.was(inst.results[0]) => {
                due = inst.args.iter().map(|v| self.was(*v)).collect();
            }
            Op::Select => {
                let d = self.dtype(inst.results[0]);
                due = vec![DType::Bool, d, d];
            }
            Op::Kernel(k) => match self.calls.get(k.0 as usize).copied().flatten() {
                Some(other) => *k = other,
                None => {
                    let kernel = &self.module.kernels[k.0 as usize];
                    due = kernel.body.params.iter().map(|v| kernel.ty(*v).dtype).collect();
                    wide_results = true;
                }
            },
            Op::For { body, .. } => {
                let carried = types(self, &body.params[1..]);
                due = [&[DType::Int64; 2], carried.as_slice()].concat();
                self.region(body, Some(&carried));
            }
            Op::While { cond, body } => {
                due = types(self, &body.params);
                self.region(cond, None);
                self.region(body, Some(&due));
            }
            Op::If { then, otherwise } => {
                let results = types(self, &inst.results);
                self.region(then, Some(&results));
                self.region(otherwise, Some(&results));
            }
            _ => {}
        }
        for (v, d) in inst.args.iter_mut().zip(&due) {
            *v = self.convert(*v, *d, out);
        }
        let mut after = Vec::new();
        if wide_results {
            for v in &mut inst.results {
                let (now, was) = (self.dtype(*v), self.was(*v));
                if now != was {
                    let w = self.fresh(*v, was);
                    after.push(Inst { op: Op::Unary(Unary::Cast), args: vec![w], results: vec![*v], span: inst.span });
                    *v = w;
                }
            }
        }
        out.push(inst);
        out.append(&mut after);
    }
}
