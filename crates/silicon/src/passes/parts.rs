//! Complex values of which one part is known to be zero, for `euler` and `real_scale`.

use super::rewrite::Defs;
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Inst, Module, Op, Type, Unary, ValueData, ValueId};

/// Nesting of expressions looked into.
const DEPTH: u32 = 12;

/// Looks at and builds parts of complex values of one function.
pub(super) struct Parts {
    pub(super) values: Vec<ValueData>,
    pub(super) defs: Defs,
    /// Per kernel: whether it is complex division.
    pub(super) divides: Vec<bool>,
}

impl Parts {
    pub(super) fn new(values: Vec<ValueData>, m: &Module) -> Parts {
        let divide = |name: &str| name.starts_with("numpy_divide_c") || name.starts_with("numpy_true_divide_c");
        Parts { values, defs: Defs::default(), divides: m.kernels.iter().map(|k| divide(&k.name)).collect() }
    }
    pub(super) fn ty(&self, v: ValueId) -> &Type {
        &self.values[v.0 as usize].ty
    }
    /// The type of a part.
    pub(super) fn part(&self, v: ValueId) -> Type {
        let t = self.ty(v);
        Type { dtype: t.dtype.real(), shape: t.shape.clone() }
    }
    pub(super) fn emit(&mut self, op: Op, args: Vec<ValueId>, ty: Type, out: &mut Vec<Inst>) -> ValueId {
        self.values.push(ValueData { ty, span: None, name: None, library: false });
        let v = ValueId(self.values.len() as u32 - 1);
        let inst = Inst { op, args, results: vec![v], span: None };
        self.defs.learn(&inst);
        out.push(inst);
        v
    }
    fn constant(&mut self, dtype: DType, v: f64, out: &mut Vec<Inst>) -> ValueId {
        self.emit(Op::Const(Scalar::float(dtype, v, 0.0)), vec![], Type::scalar(dtype), out)
    }
    fn divide(&self, op: &Op) -> bool {
        matches!(op, Op::Kernel(k) if self.divides.get(k.0 as usize).copied().unwrap_or(false))
    }

    /// Whether the imaginary part is zero (either sign) for finite values.
    pub(super) fn is_real(&self, v: ValueId) -> bool {
        self.real_within(v, DEPTH)
    }
    fn real_within(&self, v: ValueId, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match self.defs.op(v) {
            Some((Op::Const(s), _)) => s.dtype.is_complex() && s.imag_f64() == 0.0,
            Some((Op::Unary(Unary::Cast), [x])) => self.ty(v).dtype.is_complex() && !self.ty(*x).dtype.is_complex(),
            Some((Op::Broadcast, [x])) => self.ty(v).dtype.is_complex() && self.real_within(*x, depth),
            _ => false,
        }
    }
    /// The real part of such a value.
    pub(super) fn real(&mut self, v: ValueId, out: &mut Vec<Inst>) -> ValueId {
        let part = self.part(v);
        match self.defs.op(v).map(|(op, args)| (op.clone(), args.to_vec())) {
            Some((Op::Const(s), _)) => self.constant(part.dtype, s.real_f64(), out),
            Some((Op::Unary(Unary::Cast), x)) if self.ty(x[0]).dtype == part.dtype => x[0],
            Some((Op::Unary(Unary::Cast), x)) => self.emit(Op::Unary(Unary::Cast), x, part, out),
            Some((Op::Broadcast, x)) => {
                let y = self.real(x[0], out);
                self.emit(Op::Broadcast, vec![y], part, out)
            }
            _ => self.emit(Op::Unary(Unary::Real), vec![v], part, out),
        }
    }

    /// Whether the real part is zero (either sign) for finite values.
    pub(super) fn is_imaginary(&self, v: ValueId) -> bool {
        self.imaginary_within(v, DEPTH)
    }
    fn imaginary_within(&self, v: ValueId, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let imaginary = |v: ValueId| self.imaginary_within(v, depth);
        if !self.ty(v).dtype.is_complex() {
            return false;
        }
        match self.defs.op(v) {
            Some((Op::Const(s), _)) => s.real_f64() == 0.0,
            Some((Op::Broadcast | Op::Reshape | Op::Unary(Unary::Neg), [x])) => imaginary(*x),
            Some((Op::Binary(Binary::Add | Binary::Sub), [a, b])) => imaginary(*a) && imaginary(*b),
            Some((Op::Binary(Binary::Mul), [a, b])) => {
                (imaginary(*a) && self.is_real(*b)) || (self.is_real(*a) && imaginary(*b))
            }
            Some((Op::Binary(Binary::Complex), [a, _])) => self.defs.splat(*a).is_some_and(|s| s.real_f64() == 0.0),
            Some((op, [a, b])) if self.divide(op) => imaginary(*a) && self.is_real(*b),
            _ => false,
        }
    }
    /// The imaginary part of such a value, by the operations that compute it in the complex ones.
    pub(super) fn imaginary(&mut self, v: ValueId, out: &mut Vec<Inst>) -> ValueId {
        let part = self.part(v);
        let Some((op, args)) = self.defs.op(v).map(|(op, args)| (op.clone(), args.to_vec())) else {
            return self.emit(Op::Unary(Unary::Imag), vec![v], part, out);
        };
        match op {
            Op::Const(s) => self.constant(part.dtype, s.imag_f64(), out),
            Op::Binary(Binary::Complex) if self.ty(args[1]) == &part => args[1],
            Op::Binary(Binary::Complex) => self.emit(Op::Broadcast, vec![args[1]], part, out),
            Op::Binary(Binary::Mul) => {
                let (i, r) = if self.is_real(args[1]) && self.is_imaginary(args[0]) { (0, 1) } else { (1, 0) };
                let mut both = [args[0]; 2];
                both[i] = self.imaginary(args[i], out);
                both[r] = self.real(args[r], out);
                self.emit(Op::Binary(Binary::Mul), both.to_vec(), part, out)
            }
            Op::Kernel(_) => {
                // as the division kernel does: by the reciprocal
                let (x, y) = (self.imaginary(args[0], out), self.real(args[1], out));
                let one = self.constant(part.dtype, 1.0, out);
                let shape = self.part(args[1]);
                let inverse = self.emit(Op::Binary(Binary::Div), vec![one, y], shape, out);
                self.emit(Op::Binary(Binary::Mul), vec![x, inverse], part, out)
            }
            op => {
                let args = args.into_iter().map(|v| self.imaginary(v, out)).collect();
                self.emit(op, args, part, out)
            }
        }
    }
}
