//! A builder of functions that infers result types; for tests and small generated functions.

use super::{Atom, Binary, Dim, Func, Inst, Op, Region, Type, Unary, ValueId};
use crate::dtype::{DType, Scalar};

/// Builds one function, instruction by instruction.
#[derive(Debug)]
pub struct Builder {
    func: Func,
    /// Open regions, outermost first.
    open: Vec<Region>,
}

impl Builder {
    /// An empty function.
    pub fn new(name: &str) -> Builder {
        Builder { func: Func { name: name.into(), ..Func::default() }, open: vec![Region::default()] }
    }
    /// A parameter of the function.
    pub fn param(&mut self, ty: Type) -> ValueId {
        let v = self.func.new_value(ty, None);
        self.open[0].params.push(v);
        v
    }
    /// Type of a value.
    pub fn ty(&self, v: ValueId) -> &Type {
        self.func.ty(v)
    }
    /// Adds an instruction with the given result types.
    pub fn op(&mut self, op: Op, args: &[ValueId], types: Vec<Type>) -> Vec<ValueId> {
        let results: Vec<ValueId> = types.into_iter().map(|t| self.func.new_value(t, None)).collect();
        self.push(Inst { op, args: args.to_vec(), results: results.clone(), span: None });
        results
    }
    /// Adds an instruction with one result.
    pub fn op1(&mut self, op: Op, args: &[ValueId], ty: Type) -> ValueId {
        let v = self.func.new_value(ty, None);
        self.push(Inst { op, args: args.to_vec(), results: vec![v], span: None });
        v
    }
    fn push(&mut self, inst: Inst) {
        if let Some(r) = self.open.last_mut() {
            r.body.push(inst);
        }
    }
    /// A constant.
    pub fn constant(&mut self, s: Scalar) -> ValueId {
        self.op1(Op::Const(s), &[], Type::scalar(s.dtype))
    }
    /// An int64 constant.
    pub fn int(&mut self, v: i64) -> ValueId {
        self.constant(Scalar::i64(v))
    }
    /// A float64 constant.
    pub fn float(&mut self, v: f64) -> ValueId {
        self.constant(Scalar::f64(v))
    }
    /// The value of a dimension.
    pub fn dim(&mut self, d: Dim) -> ValueId {
        self.op1(Op::Dim(d), &[], Type::scalar(DType::Int64))
    }
    /// A one-operand operation; `Cast` and `Bitcast` go through [`Builder::convert`].
    pub fn unary(&mut self, op: Unary, x: ValueId) -> ValueId {
        let mut ty = self.ty(x).clone();
        match op {
            Unary::IsNan | Unary::IsInf | Unary::SignBit => ty.dtype = DType::Bool,
            Unary::Real | Unary::Imag => ty.dtype = ty.dtype.real(),
            _ => {}
        }
        self.op1(Op::Unary(op), &[x], ty)
    }
    /// `Cast` or `Bitcast` to an element type.
    pub fn convert(&mut self, op: Unary, x: ValueId, dtype: DType) -> ValueId {
        let ty = Type { dtype, shape: self.ty(x).shape.clone() };
        self.op1(Op::Unary(op), &[x], ty)
    }
    /// A two-operand operation, broadcasting.
    pub fn binary(&mut self, op: Binary, a: ValueId, b: ValueId) -> ValueId {
        let d = self.ty(a).dtype;
        let dtype = match op {
            Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge | Binary::Eq | Binary::Ne => DType::Bool,
            Binary::Complex => d.complex(),
            _ => d,
        };
        let shape = broadcast(&self.ty(a).shape, &self.ty(b).shape);
        self.op1(Op::Binary(op), &[a, b], Type { dtype, shape })
    }
    /// `a` where `c`, else `b`.
    pub fn select(&mut self, c: ValueId, a: ValueId, b: ValueId) -> ValueId {
        let shape = broadcast(&self.ty(c).shape, &broadcast(&self.ty(a).shape, &self.ty(b).shape));
        let dtype = self.ty(a).dtype;
        self.op1(Op::Select, &[c, a, b], Type { dtype, shape })
    }
    /// One element.
    pub fn extract(&mut self, x: ValueId, index: &[ValueId]) -> ValueId {
        let ty = Type::scalar(self.ty(x).dtype);
        self.op1(Op::Extract, &[&[x], index].concat(), ty)
    }
    /// `x` with one element replaced.
    pub fn insert(&mut self, x: ValueId, v: ValueId, index: &[ValueId]) -> ValueId {
        let ty = self.ty(x).clone();
        self.op1(Op::Insert, &[&[x, v], index].concat(), ty)
    }
    /// `count[k]` elements along axis k from `start[k]` by `steps[k]`.
    pub fn slice(&mut self, x: ValueId, start: &[ValueId], steps: &[i64], count: Vec<Dim>) -> ValueId {
        let ty = Type { dtype: self.ty(x).dtype, shape: count };
        self.op1(Op::Slice { steps: steps.to_vec() }, &[&[x], start].concat(), ty)
    }
    fn region(&mut self, params: &[ValueId], f: impl FnOnce(&mut Builder) -> Vec<ValueId>) -> Region {
        self.open.push(Region { params: params.to_vec(), ..Region::default() });
        let results = f(self);
        let mut r = self.open.pop().unwrap_or_default();
        r.results = results;
        r
    }
    /// New values of the types of others, extents that are carried themselves renamed with them.
    fn like(&mut self, values: &[ValueId]) -> Vec<ValueId> {
        let first = self.func.values.len() as u32;
        let renamed = |a: &Atom| match a {
            Atom::Value(v) => match values.iter().position(|x| x == v) {
                Some(k) => Dim::from(ValueId(first + k as u32)),
                None => Dim::from(*v),
            },
            other => Dim::from(other.clone()),
        };
        let types: Vec<Type> = values
            .iter()
            .map(|v| {
                let ty = self.ty(*v);
                Type { dtype: ty.dtype, shape: ty.shape.iter().map(|d| d.substitute(&renamed)).collect() }
            })
            .collect();
        types.into_iter().map(|t| self.func.new_value(t, None)).collect()
    }
    /// A counted loop: `body(builder, i, carried)` gives what is carried on.
    pub fn for_loop(
        &mut self,
        (lo, hi, step): (ValueId, ValueId, i64),
        init: &[ValueId],
        body: impl FnOnce(&mut Builder, ValueId, &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let i = self.func.new_value(Type::scalar(DType::Int64), None);
        let carried = self.like(init);
        let body = self.region(&[&[i], carried.as_slice()].concat(), |b| body(b, i, &carried));
        let results = self.like(init);
        let args = [&[lo, hi], init].concat();
        self.push(Inst { op: Op::For { step, body }, args, results: results.clone(), span: None });
        results
    }
    /// A loop while `cond(builder, carried)` holds.
    pub fn while_loop(
        &mut self,
        init: &[ValueId],
        cond: impl FnOnce(&mut Builder, &[ValueId]) -> ValueId,
        body: impl FnOnce(&mut Builder, &[ValueId]) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let tested = self.like(init);
        let cond = self.region(&tested.clone(), |b| vec![cond(b, &tested)]);
        let carried = self.like(init);
        let body = self.region(&carried.clone(), |b| body(b, &carried));
        let results = self.like(init);
        self.push(Inst { op: Op::While { cond, body }, args: init.to_vec(), results: results.clone(), span: None });
        results
    }
    /// A conditional; result types are those that `then` yields.
    pub fn if_else(
        &mut self,
        c: ValueId,
        then: impl FnOnce(&mut Builder) -> Vec<ValueId>,
        otherwise: impl FnOnce(&mut Builder) -> Vec<ValueId>,
    ) -> Vec<ValueId> {
        let then = self.region(&[], then);
        let otherwise = self.region(&[], otherwise);
        let results = self.like(&then.results);
        self.push(Inst { op: Op::If { then, otherwise }, args: vec![c], results: results.clone(), span: None });
        results
    }
    /// The function with these results.
    pub fn finish(mut self, results: &[ValueId]) -> Func {
        let mut body = self.open.pop().unwrap_or_default();
        body.results = results.to_vec();
        self.func.body = body;
        self.func
    }
}

/// NumPy's broadcast of two shapes where a constant 1 stretches; where extents differ otherwise the first stands.
fn broadcast(a: &[Dim], b: &[Dim]) -> Vec<Dim> {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let lead = long.len() - short.len();
    let mut out = long.to_vec();
    for (o, s) in out[lead..].iter_mut().zip(short) {
        if o.as_const() == Some(1) {
            o.clone_from(s);
        }
    }
    out
}
