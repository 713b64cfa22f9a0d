//! The type rule of each operation.

use super::FuncCheck;
use crate::dtype::{DType, Scalar};
use crate::hir::{Atom, Dim, Inst, Op, Reduction, Region, Type, ValueId};
use crate::interp::{binary_defined, binary_result, unary_defined};

type Rule = Result<(), String>;

fn ensure(ok: bool, message: impl FnOnce() -> String) -> Rule {
    if ok { Ok(()) } else { Err(message()) }
}

impl<'a> FuncCheck<'a> {
    fn ty(&self, v: ValueId) -> &'a Type {
        &self.func.values[v.0 as usize].ty
    }
    fn types(&self, v: &[ValueId]) -> Vec<&'a Type> {
        v.iter().map(|v| self.ty(*v)).collect()
    }

    /// The results have these types.
    fn yields(&self, inst: &Inst, types: &[Type]) -> Rule {
        ensure(inst.results.len() == types.len(), || format!("{} results are due", types.len()))?;
        for (r, due) in inst.results.iter().zip(types) {
            let t = self.ty(*r);
            ensure(t.dtype == due.dtype && self.same_shape(&t.shape, &due.shape), || {
                format!("%{} is {} where {} is due", r.0, show(t), show(due))
            })?;
        }
        Ok(())
    }

    /// Trailing operands are in-range indices: int64 scalars, one for each axis.
    fn indices(&self, args: &[ValueId], x: &Type) -> Rule {
        ensure(args.len() == x.rank(), || format!("{} indices for {} axes", args.len(), x.rank()))?;
        for (v, d) in args.iter().zip(&x.shape) {
            ensure(self.int_scalar(*v), || format!("index %{} is not an int64 scalar", v.0))?;
            let (i, n) = (self.normal(&Dim::from(*v)).as_const(), self.normal(d).as_const());
            if let Some(i) = i {
                let inside = i >= 0 && n.is_none_or(|n| i < n);
                ensure(inside, || format!("index {i} is outside an axis of {d}"))?;
            }
        }
        Ok(())
    }

    /// A slice of `count` elements lies inside `x`, as far as constants show.
    fn slice(&self, x: &Type, start: &[ValueId], steps: &[i64], count: &[Dim]) -> Rule {
        let n = x.rank();
        ensure(start.len() == n && steps.len() == n && count.len() == n, || {
            "a slice needs one start, step and extent for each axis".into()
        })?;
        for k in 0..n {
            ensure(steps[k] != 0, || "a step of 0".into())?;
            ensure(self.int_scalar(start[k]), || format!("start %{} is not an int64 scalar", start[k].0))?;
            let from = self.normal(&Dim::from(start[k])).as_const();
            let (Some(from), Some(count)) = (from, self.normal(&count[k]).as_const()) else { continue };
            if count == 0 {
                continue;
            }
            let last = i128::from(from) + (i128::from(count) - 1) * i128::from(steps[k]);
            let (low, high) = (i128::from(from).min(last), i128::from(from).max(last));
            let inside = low >= 0 && self.normal(&x.shape[k]).as_const().is_none_or(|n| high < i128::from(n));
            ensure(inside, || format!("slice {low}..={high} leaves an axis of {}", x.shape[k]))?;
        }
        Ok(())
    }

    fn broadcast(&self, a: &[Dim], b: &[Dim]) -> Result<Vec<Dim>, String> {
        let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
        let lead = long.len() - short.len();
        let mut out = long.to_vec();
        for (o, s) in out[lead..].iter_mut().zip(short) {
            let one = |d: &Dim| self.normal(d).as_const() == Some(1);
            if one(o) {
                o.clone_from(s);
            } else if !one(s) {
                ensure(self.same(o, s), || format!("extents {o} and {s} do not broadcast"))?;
                if o.is_dynamic() && !s.is_dynamic() {
                    o.clone_from(s);
                }
            }
        }
        Ok(out)
    }

    pub(super) fn rule(&self, inst: &Inst) -> Rule {
        let args = self.types(&inst.args);
        let result = inst.results.first().map(|r| self.ty(*r));
        let one = || result.filter(|_| inst.results.len() == 1).ok_or_else(|| "one result is due".to_string());
        let arity = |n: usize| ensure(args.len() == n, || format!("{n} operands are due, not {}", args.len()));
        let at_least = |n: usize| ensure(args.len() >= n, || format!("at least {n} operands are due"));
        let axis_of = |axis: usize, x: &Type| ensure(axis < x.rank(), || format!("there is no axis {axis}"));
        let of = |dtype: DType, shape: Vec<Dim>| Type { dtype, shape };
        match &inst.op {
            Op::Const(s) => {
                arity(0)?;
                ensure(canonical(*s), || "the constant's bits are not those of its type".into())?;
                self.yields(inst, &[Type::scalar(s.dtype)])
            }
            Op::Table(t) => {
                arity(0)?;
                let t = self.module.tables.get(t.0 as usize).ok_or("there is no such table")?;
                self.yields(inst, &[of(t.dtype, t.shape.iter().map(|d| Dim::from(*d)).collect())])
            }
            Op::Dim(_) => {
                arity(0)?;
                self.yields(inst, &[Type::scalar(DType::Int64)])
            }
            Op::Unary(op) => {
                arity(1)?;
                let to = one()?.dtype;
                ensure(unary_defined(*op, args[0].dtype, to), || {
                    format!("{op:?} is not defined from {} to {to}", args[0].dtype)
                })?;
                self.yields(inst, &[of(to, args[0].shape.clone())])
            }
            Op::Binary(op) => {
                arity(2)?;
                let d = args[0].dtype;
                ensure(d == args[1].dtype && binary_defined(*op, d), || {
                    format!("{op:?} is not defined for {d} and {}", args[1].dtype)
                })?;
                self.yields(inst, &[of(binary_result(*op, d), self.broadcast(&args[0].shape, &args[1].shape)?)])
            }
            Op::Select => {
                arity(3)?;
                ensure(args[0].dtype == DType::Bool, || "the condition is not bool".into())?;
                ensure(args[1].dtype == args[2].dtype, || "the operands differ in type".into())?;
                let shape = self.broadcast(&args[0].shape, &self.broadcast(&args[1].shape, &args[2].shape)?)?;
                self.yields(inst, &[of(args[1].dtype, shape)])
            }
            Op::Kernel(f) => {
                let kernels = &self.module.kernels[..self.callable];
                let k = kernels.get(f.0 as usize).ok_or("there is no such kernel before this function")?;
                let dtype = |v: &ValueId| k.values.get(v.0 as usize).map(|d| d.ty.dtype);
                let due: Option<Vec<DType>> = k.body.params.iter().map(dtype).collect();
                let given: Vec<DType> = args.iter().map(|t| t.dtype).collect();
                ensure(due.as_ref() == Some(&given), || format!("operands do not fit the kernel `{}`", k.name))?;
                let shape = args.iter().try_fold(Vec::new(), |s, t| self.broadcast(&s, &t.shape))?;
                let out: Option<Vec<Type>> =
                    k.body.results.iter().map(|v| dtype(v).map(|d| of(d, shape.clone()))).collect();
                self.yields(inst, &out.unwrap_or_default())
            }
            Op::Iota => {
                arity(0)?;
                let r = one()?;
                ensure(r.dtype == DType::Int64 && r.rank() == 1, || "the result is not an int64 vector".into())
            }
            Op::Broadcast => {
                arity(1)?;
                let r = one()?;
                ensure(r.dtype == args[0].dtype && r.rank() >= args[0].rank(), || "the result does not fit".into())?;
                let lead = r.rank() - args[0].rank();
                let fits = |(d, s): (&Dim, &Dim)| self.normal(d).as_const() == Some(1) || self.same(d, s);
                ensure(args[0].shape.iter().zip(&r.shape[lead..]).all(fits), || {
                    format!("{} does not broadcast to {}", show(args[0]), show(r))
                })
            }
            Op::Reshape => {
                arity(1)?;
                let r = one()?;
                // sizes that only a preceding `Check` makes equal are taken; the interpreter verifies them
                let (have, want) = (self.normal(&args[0].size()), self.normal(&r.size()));
                let unequal = have.sub(&want).as_const().is_some_and(|d| d != 0);
                ensure(r.dtype == args[0].dtype && !unequal, || {
                    format!("{} does not reshape to {}", show(args[0]), show(r))
                })
            }
            Op::Transpose(perm) => {
                arity(1)?;
                let mut sorted = perm.clone();
                sorted.sort_unstable();
                ensure(sorted.iter().copied().eq(0..args[0].rank()), || "not a permutation of the axes".into())?;
                self.yields(inst, &[of(args[0].dtype, perm.iter().map(|k| args[0].shape[*k].clone()).collect())])
            }
            Op::Slice { steps } => {
                at_least(1)?;
                let r = one()?;
                ensure(r.dtype == args[0].dtype, || "the result has another element type".into())?;
                self.slice(args[0], &inst.args[1..], steps, &r.shape)
            }
            Op::InsertSlice { steps } => {
                at_least(2)?;
                ensure(args[0].dtype == args[1].dtype, || "the operands differ in type".into())?;
                self.slice(args[0], &inst.args[2..], steps, &args[1].shape)?;
                self.yields(inst, &[args[0].clone()])
            }
            Op::Extract => {
                at_least(1)?;
                self.indices(&inst.args[1..], args[0])?;
                self.yields(inst, &[Type::scalar(args[0].dtype)])
            }
            Op::Insert => {
                at_least(2)?;
                ensure(*args[1] == Type::scalar(args[0].dtype), || "the value is not an element".into())?;
                self.indices(&inst.args[2..], args[0])?;
                self.yields(inst, &[args[0].clone()])
            }
            Op::Gather { axis } => {
                arity(2)?;
                axis_of(*axis, args[0])?;
                ensure(args[1].dtype == DType::Int64, || "the indices are not int64".into())?;
                let x = &args[0].shape;
                self.yields(inst, &[of(args[0].dtype, [&x[..*axis], &args[1].shape, &x[axis + 1..]].concat())])
            }
            Op::Scatter { axis } => {
                arity(3)?;
                axis_of(*axis, args[0])?;
                ensure(args[1].dtype == DType::Int64 && args[1].rank() == 1, || "the indices are not int64[k]".into())?;
                let mut due = args[0].clone();
                due.shape[*axis].clone_from(&args[1].shape[0]);
                ensure(args[2].dtype == due.dtype && self.same_shape(&args[2].shape, &due.shape), || {
                    format!("the values are {} where {} is due", show(args[2]), show(&due))
                })?;
                self.yields(inst, &[args[0].clone()])
            }
            Op::Compress => {
                arity(1)?;
                ensure(args[0].dtype == DType::Bool && args[0].rank() == 1, || "the mask is not bool[n]".into())?;
                let count = *inst.results.first().ok_or("two results are due")?;
                self.yields(inst, &[Type::scalar(DType::Int64), of(DType::Int64, vec![Dim::from(count)])])
            }
            Op::Concat { axis } => {
                at_least(1)?;
                axis_of(*axis, args[0])?;
                let mut due = args[0].clone();
                for t in &args[1..] {
                    ensure(t.dtype == due.dtype && t.rank() == due.rank(), || "the parts differ in type".into())?;
                    let (mut a, mut b) = (t.shape.clone(), due.shape.clone());
                    let (x, y) = (a.remove(*axis), b.remove(*axis));
                    ensure(self.same_shape(&a, &b), || "the parts differ in extents".into())?;
                    due.shape[*axis] = x.add(&y);
                }
                self.yields(inst, &[due])
            }
            Op::Reduce { kind, axes } => {
                arity(1)?;
                let x = args[0];
                ensure(!axes.is_empty() && axes.windows(2).all(|w| w[0] < w[1]), || "the axes are not sorted".into())?;
                axes.iter().try_for_each(|a| axis_of(*a, x))?;
                let ok = match kind {
                    Reduction::Sum | Reduction::Prod => x.dtype != DType::Bool,
                    Reduction::Min | Reduction::Max => !x.dtype.is_complex(),
                    Reduction::Any | Reduction::All => x.dtype == DType::Bool,
                };
                ensure(ok, || format!("{kind:?} is not defined for {}", x.dtype))?;
                let kept = (0..x.rank()).filter(|k| !axes.contains(k)).map(|k| x.shape[k].clone());
                self.yields(inst, &[of(x.dtype, kept.collect())])
            }
            Op::ArgReduce { axis, .. } => {
                arity(1)?;
                axis_of(*axis, args[0])?;
                ensure(!args[0].dtype.is_complex(), || "complex numbers have no order here".into())?;
                let mut shape = args[0].shape.clone();
                shape.remove(*axis);
                self.yields(inst, &[of(DType::Int64, shape)])
            }
            Op::Scan { kind, axis } => {
                arity(1)?;
                axis_of(*axis, args[0])?;
                let ok = matches!(kind, Reduction::Sum | Reduction::Prod) && args[0].dtype != DType::Bool;
                ensure(ok, || format!("a scan by {kind:?} of {}", args[0].dtype))?;
                self.yields(inst, &[args[0].clone()])
            }
            Op::MatMul => {
                arity(2)?;
                let (a, b) = (args[0], args[1]);
                let ok = a.dtype == b.dtype && a.dtype != DType::Bool && a.rank() == 2 && b.rank() == 2;
                ensure(ok && self.same(&a.shape[1], &b.shape[0]), || format!("{} times {}", show(a), show(b)))?;
                self.yields(inst, &[of(a.dtype, vec![a.shape[0].clone(), b.shape[1].clone()])])
            }
            Op::Sort | Op::ArgSort => {
                arity(1)?;
                ensure(args[0].rank() > 0, || "sort of a scalar".into())?;
                let dtype = if inst.op == Op::Sort { args[0].dtype } else { DType::Int64 };
                self.yields(inst, &[of(dtype, args[0].shape.clone())])
            }
            Op::Fir { up, down } => {
                arity(3)?;
                let (x, h, r) = (args[0], args[1], one()?);
                ensure(*up > 0 && *down > 0, || "sampling factors are not positive".into())?;
                let taps = h.dtype == x.dtype || (x.dtype.is_complex() && h.dtype == x.dtype.real());
                let ok = taps && x.dtype != DType::Bool && x.rank() == 1 && h.rank() == 1;
                ensure(ok, || format!("FIR of {} with {}", show(x), show(h)))?;
                ensure(self.int_scalar(inst.args[2]), || "the start is not an int64 scalar".into())?;
                ensure(r.dtype == x.dtype && r.rank() == 1, || "the result is not a vector of x's type".into())
            }
            Op::Sosfilt => {
                arity(3)?;
                let (sos, x, zi) = (args[0], args[1], args[2]);
                let types = (x.dtype.is_float() || x.dtype.is_complex())
                    && sos.dtype == x.dtype.real()
                    && zi.dtype == x.dtype
                    && (sos.rank(), x.rank(), zi.rank()) == (2, 1, 2);
                let shapes = || {
                    self.same(&sos.shape[1], &Dim::from(6i64))
                        && self.same_shape(&zi.shape, &[sos.shape[0].clone(), Dim::from(2i64)])
                };
                ensure(types && shapes(), || format!("biquads {} on {} from {}", show(sos), show(x), show(zi)))?;
                self.yields(inst, &[x.clone(), zi.clone()])
            }
            Op::For { step, .. } => {
                at_least(2)?;
                ensure(*step != 0, || "a step of 0".into())?;
                let bounds = inst.args[..2].iter().all(|v| self.int_scalar(*v));
                ensure(bounds, || "the bounds are not int64 scalars".into())?;
                self.alike(&inst.args[2..], &inst.results, "results")
            }
            Op::While { .. } => self.alike(&inst.args, &inst.results, "results"),
            Op::If { .. } => {
                arity(1)?;
                ensure(*args[0] == Type::scalar(DType::Bool), || "the condition is not a bool scalar".into())
            }
            Op::Check(_) => {
                arity(1)?;
                ensure(*args[0] == Type::scalar(DType::Bool), || "the condition is not a bool scalar".into())?;
                self.yields(inst, &[])
            }
        }
    }

    /// What a region takes and yields fits its instruction; called while the region's values are in scope.
    pub(super) fn region_rule(&self, inst: &Inst, r: &Region, name: &str) -> Rule {
        let init = match &inst.op {
            Op::For { .. } => inst.args.get(2..).ok_or("bounds are missing")?,
            Op::While { .. } => &inst.args[..],
            _ => &[],
        };
        // operands and results that are no values are reported where they stand
        let exist = |v: &[ValueId]| v.iter().all(|v| (v.0 as usize) < self.func.values.len());
        if !exist(init) || !exist(&inst.results) || !exist(&r.params) {
            return Ok(());
        }
        match (&inst.op, name) {
            (Op::For { .. }, _) => {
                let (i, carried) = r.params.split_first().ok_or("the counter is missing")?;
                ensure(self.int_scalar(*i), || "the counter is not an int64 scalar".into())?;
                self.alike(init, carried, "parameters")?;
                self.alike(carried, &r.results, "yielded values")
            }
            (Op::While { .. }, "cond") => {
                self.alike(init, &r.params, "parameters")?;
                let [c] = r.results.as_slice() else { return Err("the condition yields one value".into()) };
                ensure(*self.ty(*c) == Type::scalar(DType::Bool), || "the condition is not a bool scalar".into())
            }
            (Op::While { .. }, _) => {
                self.alike(init, &r.params, "parameters")?;
                self.alike(&r.params, &r.results, "yielded values")
            }
            _ => {
                ensure(r.params.is_empty(), || "a branch takes no parameters".into())?;
                self.alike(&inst.results, &r.results, "yielded values")
            }
        }
    }

    /// Values that stand for each other one by one: the same types once the extents that they carry are renamed.
    fn alike(&self, from: &[ValueId], to: &[ValueId], what: &str) -> Rule {
        ensure(from.len() == to.len(), || format!("{} {what} are due, not {}", from.len(), to.len()))?;
        let renamed = |a: &Atom| match a {
            Atom::Value(v) => Dim::from(from.iter().position(|x| x == v).map_or(*v, |k| to[k])),
            other => Dim::from(other.clone()),
        };
        for (a, b) in from.iter().zip(to) {
            let (x, y) = (self.ty(*a), self.ty(*b));
            // either way round: an extent may be carried, or be the same outside and inside
            let shape: Vec<Dim> = x.shape.iter().map(|d| d.substitute(&renamed)).collect();
            let fits = x.dtype == y.dtype && (self.same_shape(&shape, &y.shape) || self.same_shape(&x.shape, &y.shape));
            ensure(fits, || format!("{what}: %{} is {} where {} is due", b.0, show(y), show(x)))?;
        }
        Ok(())
    }
}

/// Whether a constant's bits are in the form that [`Scalar`] documents.
fn canonical(s: Scalar) -> bool {
    let part = |bits: u64| s.dtype.real() != DType::Float32 || bits >> 32 == 0;
    match s.dtype {
        d if d.is_float() => part(s.re) && s.im == 0,
        d if d.is_complex() => part(s.re) && part(s.im),
        d => s.as_int().is_some_and(|v| Scalar::int(d, v) == s),
    }
}

fn show(t: &Type) -> String {
    let dims: Vec<String> = t.shape.iter().map(Dim::to_string).collect();
    format!("{}[{}]", t.dtype, dims.join(", "))
}
