//! Elementwise identities.

use super::{Act, Fold};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Inst, Op, Type, Unary, ValueId};
use crate::interp::{Tensor, evaluate};

/// Whether every value of `from` is kept by a conversion to `to`.
fn lossless(from: DType, to: DType) -> bool {
    let whole = from == DType::Bool || from.is_integer();
    let wide = whole && from.size() == 8 && !to.is_integer();
    from == to || (from.promote(to) == to && !wide)
}

/// Whether converting to `mid` and then to `to` gives what converting directly does.
fn direct(from: DType, mid: DType, to: DType) -> bool {
    let narrowing = from.is_integer() && mid.is_integer() && to.is_integer() && to.bits() <= mid.bits();
    lossless(from, mid) || narrowing
}

impl Fold<'_> {
    /// The value of an operation on constants.
    pub(super) fn evaluated(&self, op: &Op, args: &[ValueId], ty: &Type) -> Option<Act> {
        let constants: Option<Vec<Scalar>> = args.iter().map(|v| self.defs.splat(*v)).collect();
        let constants = constants?;
        let tensors = constants.into_iter().map(Tensor::scalar).collect();
        let out = evaluate(op, tensors, &[(ty.dtype, vec![])], false).ok()?;
        let s = out.first()?.get(0)?;
        let moves = matches!(
            op,
            Op::Select
                | Op::Unary(Unary::Neg | Unary::Abs | Unary::Real | Unary::Imag | Unary::Bitcast)
                | Op::Binary(Binary::CopySign | Binary::Complex)
        );
        // which NaN an operation makes, and which of two it passes on, is the target's
        (moves || !nan(s)).then_some(Act::Fill(s))
    }

    fn whole(&self, v: ValueId) -> Option<i128> {
        self.defs.splat(v)?.as_int()
    }
    fn float(&self, v: ValueId) -> Option<f64> {
        self.defs.splat(v).filter(|s| s.dtype.is_float()).map(Scalar::real_f64)
    }
    fn zero_minus_one(&self, v: ValueId, d: DType) -> (bool, bool) {
        match self.whole(v) {
            Some(c) => (c == 0, Scalar::int(d, c) == Scalar::int(d, -1)),
            None => (false, false),
        }
    }

    pub(super) fn unary(&self, op: Unary, x: ValueId, ty: &Type) -> Option<Act> {
        let from = self.ty(x).dtype;
        if op == Unary::Cast && from == ty.dtype {
            return Some(Act::Same(x));
        }
        let (inner, args) = self.defs.op(x)?;
        let y = *args.first()?;
        let same = |v: ValueId| Some(Act::Same(v));
        match (op, inner) {
            (Unary::Neg, Op::Unary(Unary::Neg)) | (Unary::Not, Op::Unary(Unary::Not)) => same(y),
            (Unary::Abs, Op::Unary(Unary::Abs)) => same(x),
            (Unary::Abs, Op::Unary(Unary::Neg)) => Some(Act::Op(Op::Unary(Unary::Abs), vec![y])),
            (Unary::Not, Op::Binary(b)) => {
                let d = self.ty(y).dtype;
                let ordered = d == DType::Bool || d.is_integer();
                let opposite = match b {
                    Binary::Eq => Binary::Ne,
                    Binary::Ne => Binary::Eq,
                    Binary::Lt if ordered => Binary::Ge,
                    Binary::Ge if ordered => Binary::Lt,
                    Binary::Gt if ordered => Binary::Le,
                    Binary::Le if ordered => Binary::Gt,
                    _ => return None,
                };
                Some(Act::Op(Op::Binary(opposite), args.to_vec()))
            }
            (Unary::Real, Op::Binary(Binary::Complex)) => same(y),
            (Unary::Imag, Op::Binary(Binary::Complex)) => same(*args.get(1)?),
            (Unary::Real, Op::Unary(Unary::Cast)) if self.ty(y).dtype == ty.dtype => same(y),
            (Unary::Imag, Op::Unary(Unary::Cast)) if !self.ty(y).dtype.is_complex() => {
                Some(Act::Fill(Scalar::zero(ty.dtype)))
            }
            (Unary::Cast, Op::Unary(Unary::Cast)) if direct(self.ty(y).dtype, from, ty.dtype) => {
                Some(Act::Op(Op::Unary(Unary::Cast), vec![y]))
            }
            (Unary::Bitcast, Op::Unary(Unary::Bitcast)) if self.ty(y).dtype == ty.dtype => same(y),
            (Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Rint, Op::Unary(i)) => {
                let cast = *i == Unary::Cast && !self.ty(y).dtype.is_float() && !self.ty(y).dtype.is_complex();
                let whole = cast || matches!(i, Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Rint);
                if whole { same(x) } else { None }
            }
            (Unary::IsNan, Op::Unary(Unary::Cast))
                if !self.ty(y).dtype.is_float() && !self.ty(y).dtype.is_complex() =>
            {
                Some(Act::Fill(Scalar::bool(false)))
            }
            _ => None,
        }
    }

    pub(super) fn binary(&self, op: Binary, a: ValueId, b: ValueId, ty: &Type) -> Option<Act> {
        let d = self.ty(a).dtype;
        let whole = d == DType::Bool || d.is_integer();
        let same = |v: ValueId| Some(Act::Same(v));
        let fill = |s: Scalar| Some(Act::Fill(s));
        let zero = Scalar::zero(ty.dtype);
        let (za, ma) = self.zero_minus_one(a, d);
        let (zb, mb) = self.zero_minus_one(b, d);
        let (one_a, one_b) = (self.whole(a) == Some(1), self.whole(b) == Some(1));
        let (fa, fb) = (self.float(a), self.float(b));
        let negative_zero = |v: Option<f64>| v.is_some_and(|v| v == 0.0 && v.is_sign_negative());
        match op {
            Binary::Add | Binary::AddChecked if zb || negative_zero(fb) => same(a),
            Binary::Add | Binary::AddChecked if za || negative_zero(fa) => same(b),
            Binary::Sub | Binary::SubChecked if zb || fb.is_some_and(|v| v == 0.0 && v.is_sign_positive()) => same(a),
            Binary::Sub | Binary::SubChecked if whole && a == b => fill(zero),
            Binary::Mul | Binary::MulChecked if one_b || fb == Some(1.0) => same(a),
            Binary::Mul | Binary::MulChecked if one_a || fa == Some(1.0) => same(b),
            Binary::Mul | Binary::MulChecked if za || zb => fill(zero),
            Binary::Div if fb == Some(1.0) => same(a),
            Binary::FloorDiv if one_b => same(a),
            Binary::FloorMod if one_b || (mb && d.is_signed()) => fill(zero),
            Binary::Min | Binary::Max | Binary::CopySign if a == b => same(a),
            Binary::And | Binary::Or if a == b => same(a),
            Binary::And if za || zb => fill(zero),
            Binary::And | Binary::Xor | Binary::Or if d == DType::Bool => match (op, one_a, one_b) {
                (Binary::And, true, _) => same(b),
                (Binary::And, _, true) => same(a),
                (Binary::Or, true, _) | (Binary::Or, _, true) => fill(Scalar::bool(true)),
                (Binary::Xor, true, _) => Some(Act::Op(Op::Unary(Unary::Not), vec![b])).filter(|_| self.ty(b) == ty),
                (Binary::Xor, _, true) => Some(Act::Op(Op::Unary(Unary::Not), vec![a])).filter(|_| self.ty(a) == ty),
                _ if op != Binary::And && zb => same(a),
                _ if op != Binary::And && za => same(b),
                _ if op == Binary::Xor && a == b => fill(zero),
                _ => None,
            },
            Binary::And if mb => same(a),
            Binary::And if ma => same(b),
            Binary::Or if ma || mb => fill(Scalar::int(d, -1)),
            Binary::Or | Binary::Xor if zb => same(a),
            Binary::Or | Binary::Xor if za => same(b),
            Binary::Xor if a == b => fill(zero),
            Binary::Shl | Binary::Shr if zb => same(a),
            Binary::Eq | Binary::Le | Binary::Ge if whole && a == b => fill(Scalar::bool(true)),
            Binary::Ne | Binary::Lt | Binary::Gt if whole && a == b => fill(Scalar::bool(false)),
            Binary::Eq | Binary::Ne if d == DType::Bool => {
                let (x, c) = match (self.whole(a), self.whole(b)) {
                    (_, Some(c)) => (a, c),
                    (Some(c), _) => (b, c),
                    _ => return None,
                };
                if (op == Binary::Eq) == (c == 1) {
                    same(x)
                } else {
                    (self.ty(x) == ty).then(|| Act::Op(Op::Unary(Unary::Not), vec![x]))
                }
            }
            Binary::Complex => match (self.defs.op(a)?, self.defs.op(b)?) {
                ((Op::Unary(Unary::Real), [x]), (Op::Unary(Unary::Imag), [y])) if x == y => same(*x),
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn select(&self, args: &[ValueId], ty: &Type) -> Option<Act> {
        let [c, a, b] = *args else { return None };
        let whole = |v: ValueId| if self.ty(v) == ty { Act::Same(v) } else { Act::Op(Op::Broadcast, vec![v]) };
        match self.whole(c) {
            Some(0) => return Some(whole(b)),
            Some(_) => return Some(whole(a)),
            None => {}
        }
        if a == b {
            return Some(whole(a));
        }
        match self.defs.op(c)? {
            (Op::Unary(Unary::Not), [x]) => Some(Act::Op(Op::Select, vec![*x, b, a])),
            _ => None,
        }
    }

    /// An operand that is a stretched scalar needs no stretching where another operand has the whole shape.
    pub(super) fn unstretched(&self, inst: &Inst, ty: &Type) -> Option<Act> {
        let scalar = |v: ValueId| match self.defs.op(v) {
            Some((Op::Broadcast, [x])) if self.ty(*x).shape.is_empty() => Some(*x),
            _ => None,
        };
        let mut args = inst.args.clone();
        for k in 0..args.len() {
            let others = args.iter().enumerate().any(|(j, v)| j != k && self.ty(*v).shape == ty.shape);
            if let Some(x) = scalar(args[k])
                && others
            {
                args[k] = x;
            }
        }
        (args != inst.args).then(|| Act::Op(inst.op.clone(), args))
    }
}

/// Whether a part is not a number.
fn nan(s: Scalar) -> bool {
    let float = s.dtype.is_float() || s.dtype.is_complex();
    float && (s.real_f64().is_nan() || (s.dtype.is_complex() && s.imag_f64().is_nan()))
}
