//! Reshaping, transposition, products of matrices, and the prelude's intrinsics.

use super::eval::{Eval, R};
use super::value::{ArrayRef, Value, ViewStep};
use crate::dtype::DType;
use crate::hir::{Binary, Dim, Op, Reduction, Type, ValueId};

impl<'a> Eval<'a> {
    /// `x.reshape(...)`
    pub fn reshape(&mut self, x: &ArrayRef, shape: &[Value], order: Option<Value>) -> R<Value> {
        let fortran = self.is_fortran(order)?;
        let items = match shape {
            [v @ (Value::Tuple(..) | Value::List(_))] => self.known_items(v)?,
            v => v.to_vec(),
        };
        let size = x.ty.size();
        let mut out: Vec<Option<Dim>> = Vec::new();
        for v in &items {
            let d = self.dim_of(v)?;
            out.push(if d.as_const() == Some(-1) { None } else { Some(self.extent(&d)?) });
        }
        if out.iter().filter(|d| d.is_none()).count() > 1 {
            return self.raise("ValueError", "can only specify one unknown dimension");
        }
        let rest = out.iter().flatten().fold(Dim::from(1i64), |acc, d| acc.mul(d));
        let mut dims = Vec::new();
        for d in out {
            match d {
                Some(d) => dims.push(d),
                None => {
                    let quotient = match (size.as_const(), rest.as_const()) {
                        (Some(n), Some(k)) if k > 0 && n % k == 0 => Dim::from(n / k),
                        (Some(n), Some(k)) => {
                            return self.raise(
                                "ValueError",
                                format!("cannot reshape array of size {n} into a multiple of {k}"),
                            );
                        }
                        (None, Some(k)) if k > 0 => {
                            let q = size.div(k);
                            // a remainder is an error at run time
                            if q.scale(k) != size {
                                let (p, s) = (self.dim_value(&q.scale(k))?, self.dim_value(&size)?);
                                let ok = self.emit(Op::Binary(Binary::Eq), vec![p, s], Type::scalar(DType::Bool))?;
                                self.check(ok, "ValueError", "cannot reshape array: the size is not a multiple")?;
                            }
                            self.extent(&q)?
                        }
                        _ => return self.refuse("PM0141", "the missing extent of this reshape cannot be worked out"),
                    };
                    dims.push(quotient);
                }
            }
        }
        let total = dims.iter().fold(Dim::from(1i64), |acc, d| acc.mul(d));
        self.require_equal(&total, &size, "cannot reshape array into this shape")?;
        if fortran {
            let t = self.view(x, ViewStep::Transpose((0..x.ty.rank()).rev().collect()));
            let t = self.reshape_like_numpy(&t, dims.iter().rev().cloned().collect())?;
            let perm: Vec<usize> = (0..dims.len()).rev().collect();
            return Ok(Value::Array(self.view(&t, ViewStep::Transpose(perm))));
        }
        Ok(Value::Array(self.reshape_like_numpy(x, dims)?))
    }
    /// An `order` argument: C or F; other orders depend on how the array lies in memory.
    pub(super) fn is_fortran(&self, order: Option<Value>) -> R<bool> {
        match order {
            None | Some(Value::None) => Ok(false),
            Some(Value::Str(s)) if matches!(&*s, "C" | "F") => Ok(&*s == "F"),
            Some(o) => self.refuse("PM0118", format!("the order {} is not supported here", o.describe())),
        }
    }
    /// `x.transpose(...)`
    pub fn transpose(&mut self, x: &ArrayRef, axes: Option<Value>) -> R<Value> {
        let rank = x.ty.rank();
        let perm = match axes {
            None | Some(Value::None) => (0..rank).rev().collect(),
            Some(v) => self.axes_of(&v, rank)?,
        };
        if perm.len() != rank {
            return self.raise("ValueError", "axes don't match array");
        }
        Ok(Value::Array(self.view(x, ViewStep::Transpose(perm))))
    }
    /// `a @ b`
    pub fn matmul(&mut self, x: &Value, y: &Value) -> R<Value> {
        if self.is_static(x) && self.is_static(y) {
            return self.ask("operator.matmul(a0, a1)", &[x.clone(), y.clone()]);
        }
        let (a, sa) = self.array_arg(x)?;
        let (b, sb) = self.array_arg(y)?;
        if sa || sb || a.ty.rank() == 0 || b.ty.rank() == 0 {
            return self.raise("ValueError", "matmul: Input operand does not have enough dimensions");
        }
        let d = a.ty.dtype.promote(b.ty.dtype);
        let message = "matmul: the inner extents of the operands differ";
        let (ra, rb) = (a.ty.rank(), b.ty.rank());
        let inner = self.require_equal(
            &a.ty.shape[ra - 1].clone(),
            &b.ty.shape[if rb == 1 { 0 } else { rb - 2 }].clone(),
            message,
        )?;
        let p = self.operand(&Value::Array(a.clone()), d)?;
        let q = self.operand(&Value::Array(b.clone()), d)?;
        let mut sa = a.ty.shape.clone();
        sa[ra - 1] = inner.clone();
        let p = self.reshape_to(p, sa.clone())?;
        let mut sb = b.ty.shape.clone();
        sb[if rb == 1 { 0 } else { rb - 2 }] = inner.clone();
        let q = self.reshape_to(q, sb.clone())?;
        let (mul, kind) = if d == DType::Bool { (Binary::And, Reduction::Any) } else { (Binary::Mul, Reduction::Sum) };
        let id = match (ra, rb) {
            (1, 1) => {
                let m = self.emit(Op::Binary(mul), vec![p, q], Type { dtype: d, shape: vec![inner] })?;
                self.emit(Op::Reduce { kind, axes: vec![0] }, vec![m], Type::scalar(d))?
            }
            (2, 1) => {
                let m = self.emit(Op::Binary(mul), vec![p, q], Type { dtype: d, shape: sa.clone() })?;
                self.emit(Op::Reduce { kind, axes: vec![1] }, vec![m], Type { dtype: d, shape: vec![sa[0].clone()] })?
            }
            (1, 2) if d != DType::Bool => {
                let n = sb[1].clone();
                let p = self.reshape_to(p, vec![Dim::from(1i64), inner])?;
                let m =
                    self.emit(Op::MatMul, vec![p, q], Type { dtype: d, shape: vec![Dim::from(1i64), n.clone()] })?;
                self.reshape_to(m, vec![n])?
            }
            (2, 2) if d != DType::Bool => {
                self.emit(Op::MatMul, vec![p, q], Type { dtype: d, shape: vec![sa[0].clone(), sb[1].clone()] })?
            }
            _ => {
                // stacks: every product, summed over the inner axis
                let one = Dim::from(1i64);
                let (mut pa, mut pb) = (sa.clone(), sb.clone());
                let (vector_a, vector_b) = (ra == 1, rb == 1);
                if vector_a {
                    pa.insert(0, one.clone());
                }
                pa.push(one.clone());
                if vector_b {
                    pb.push(one.clone());
                }
                let at = pb.len() - 2;
                pb.insert(at, one);
                let p = self.reshape_to(p, pa)?;
                let q = self.reshape_to(q, pb)?;
                let m = self.elementwise(Op::Binary(mul), vec![p, q], d)?;
                let full = self.ty(m).shape;
                let axis = full.len() - 2;
                let mut shape = full.clone();
                shape.remove(axis);
                let mut r =
                    self.emit(Op::Reduce { kind, axes: vec![axis] }, vec![m], Type { dtype: d, shape: shape.clone() })?;
                if vector_a {
                    shape.remove(shape.len() - 2);
                }
                if vector_b {
                    shape.pop();
                }
                r = self.reshape_to(r, shape)?;
                r
            }
        };
        Ok(self.result(id))
    }
    /// Flat HIR value of an integer id, used by intrinsics.
    pub fn intrinsic(&mut self, name: &str, args: &[Value]) -> R<Option<Value>> {
        let v = match name {
            "_pm.is_static" => Value::Bool(args.iter().all(|v| self.is_static(v))),
            "_pm.unroll" => args[0].clone(),
            "_pm.refuse" => {
                let Some(Value::Str(s)) = args.first() else { return self.refuse("PM0118", "not supported") };
                let s = s.to_string();
                return self.refuse("PM0118", s);
            }
            "_pm.complex_of" => {
                let (re, im) = (self.numpy_operand(&args[0])?, self.numpy_operand(&args[1])?);
                let d = self.result_dtype(&[&re, &im])?;
                let d = if d.is_float() { d } else { DType::Float64 };
                let (p, q) = (self.operand(&re, d)?, self.operand(&im, d)?);
                let id = self.elementwise(Op::Binary(Binary::Complex), vec![p, q], d.complex())?;
                self.result(id)
            }
            "_pm.fir" => {
                let (x, _) = self.array_arg(&args[0])?;
                let (h, _) = self.array_arg(&args[1])?;
                let d = x.ty.dtype.promote(h.ty.dtype);
                let (Some(up), Some(down)) = (self.known_int(&args[2]), self.known_int(&args[3])) else {
                    return self.refuse("PM0141", "resampling factors computed at run time are not supported");
                };
                let start = self.dim_of(&args[4])?;
                let start = self.dim_value(&start)?;
                let count = self.dim_of(&args[5])?;
                let count = if self.proves_nonnegative(&count) { count } else { count.maximum(&Dim::from(0i64)) };
                let count = self.extent(&count)?;
                let real_taps = d.is_complex() && !h.ty.dtype.is_complex();
                let p = self.operand(&Value::Array(x), d)?;
                let q = self.operand(&Value::Array(h), if real_taps { d.real() } else { d })?;
                let op = Op::Fir { up: up as i64, down: down as i64 };
                let id = self.emit(op, vec![p, q, start], Type { dtype: d, shape: vec![count] })?;
                self.new_array(id)
            }
            "_pm.sosfilt" => {
                let (s, _) = self.array_arg(&args[0])?;
                let (x, _) = self.array_arg(&args[1])?;
                let (z, _) = self.array_arg(&args[2])?;
                let d = s.ty.dtype.promote(x.ty.dtype).promote(z.ty.dtype);
                if !d.is_float() && !d.is_complex() {
                    return self.refuse("PM0118", "`sosfilt` of integers is not supported");
                }
                let p = self.operand(&Value::Array(s), d.real())?;
                let q = self.operand(&Value::Array(x), d)?;
                let r = self.operand(&Value::Array(z), d)?;
                let (ty, tz) = (self.ty(q), self.ty(r));
                let out = self.emit_multi(Op::Sosfilt, vec![p, q, r], vec![ty, tz])?;
                let (y, zf) = (self.new_array(out[0]), self.new_array(out[1]));
                Value::tuple(vec![y, zf])
            }
            _ => return Ok(None),
        };
        Ok(Some(v))
    }
    /// HIR ids of kernel results, for code that works on ids.
    pub fn kernel_ids(&mut self, name: &str, ids: &[ValueId]) -> R<ValueId> {
        let dtype = self.ty(ids[0]).dtype;
        let (func, out) = self.kernel_for(name, &vec![dtype; ids.len()])?;
        self.elementwise(Op::Kernel(func), ids.to_vec(), out[0])
    }
}
