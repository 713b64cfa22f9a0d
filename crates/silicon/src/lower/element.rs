//! Pulling one element of a tensor: emits what computes it and gives the expressions of its parts. Elements already
//! pulled in the open block are not computed again.

use super::plan::{Kept, unit_axes};
use super::{Buf, Cx, Lower};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, FuncId, Inst, Op, Type, Unary, ValueId};
use crate::lir::{BinOp, CheckedOp, Expr, StmtKind, Ty, UnOp};

/// Which element: by position in C order, or by one index per axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Idx {
    Flat(Expr),
    Multi(Vec<Expr>),
}

impl Lower<'_> {
    /// The element of `v` at `idx`.
    pub(super) fn element(&mut self, v: ValueId, idx: &Idx) -> Cx {
        if self.func.ty(v).rank() == 0 {
            return self.scalar(v);
        }
        let key = (v, idx.clone());
        for level in self.memo.iter().rev() {
            if let Some(cx) = level.get(&key) {
                return cx.clone();
            }
        }
        let cx = self.pull(v, idx);
        let cx = self.define_cx(cx, None);
        if let Some(level) = self.memo.last_mut() {
            level.insert(key, cx.clone());
        }
        cx
    }

    fn pull(&mut self, v: ValueId, idx: &Idx) -> Cx {
        let func = self.func;
        let ty = func.ty(v);
        let Some(inst) = self.plan.def[v.0 as usize].filter(|_| self.plan.kept[v.0 as usize] == Kept::Lazy) else {
            let buf = self.buffer(v);
            let at = self.position(ty, idx);
            return self.load(buf, ty.dtype, at);
        };
        // a vector's position is its index
        let idx = &match idx {
            Idx::Flat(e) if ty.rank() == 1 => Idx::Multi(vec![e.clone()]),
            other => other.clone(),
        };
        match &inst.op {
            Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) | Op::Broadcast => {
                let args: Vec<Cx> = inst
                    .args
                    .iter()
                    .map(|a| {
                        let at = self.stretch(func.ty(*a), ty, idx);
                        self.element(*a, &at)
                    })
                    .collect();
                self.apply(inst, &args)
            }
            Op::Iota => Cx::real(self.position(ty, idx)),
            Op::Reshape => {
                let x = inst.args[0];
                let from = func.ty(x);
                if let (Idx::Multi(i), Some(map)) = (idx, unit_axes(from, ty)) {
                    let at = map.iter().map(|m| m.map_or(Expr::int(0), |k| i[k].clone())).collect();
                    return self.element(x, &Idx::Multi(at));
                }
                let at = self.position(ty, idx);
                let at = self.b.define(at);
                self.element(x, &Idx::Flat(at))
            }
            Op::Transpose(perm) => {
                let i = self.axes(ty, idx);
                let mut at = vec![Expr::int(0); i.len()];
                for (k, p) in perm.iter().enumerate() {
                    at[*p] = i[k].clone();
                }
                self.element(inst.args[0], &Idx::Multi(at))
            }
            Op::Slice { steps } => {
                let i = self.axes(ty, idx);
                let mut at = Vec::new();
                for (k, s) in steps.iter().enumerate() {
                    let start = self.index(inst.args[k + 1]);
                    at.push(strided(start, i[k].clone(), *s));
                }
                self.element(inst.args[0], &Idx::Multi(at))
            }
            Op::Gather { axis } => {
                let i = self.axes(ty, idx);
                let n = func.ty(inst.args[1]).rank();
                let which = self.element(inst.args[1], &Idx::Multi(i[*axis..axis + n].to_vec())).re;
                let mut at = i[..*axis].to_vec();
                at.push(which);
                at.extend_from_slice(&i[axis + n..]);
                self.element(inst.args[0], &Idx::Multi(at))
            }
            other => {
                self.bug(format!("{other:?} cannot be pulled"));
                Cx::zero(ty.dtype)
            }
        }
    }

    /// Index into an operand that is broadcast to `to`.
    pub(super) fn stretch(&self, from: &Type, to: &Type, idx: &Idx) -> Idx {
        if from.rank() == 0 {
            return Idx::Multi(Vec::new());
        }
        match idx {
            Idx::Flat(e) => Idx::Flat(e.clone()),
            Idx::Multi(i) => {
                let skip = to.rank() - from.rank();
                let one = |d: &Dim| d.as_const() == Some(1);
                Idx::Multi(
                    (0..from.rank())
                        .map(|k| if one(&from.shape[k]) { Expr::int(0) } else { i[skip + k].clone() })
                        .collect(),
                )
            }
        }
    }

    /// One index per axis.
    fn axes(&mut self, ty: &Type, idx: &Idx) -> Vec<Expr> {
        match idx {
            Idx::Multi(i) => i.clone(),
            Idx::Flat(e) => {
                let mut rest = e.clone();
                let mut out = vec![Expr::int(0); ty.rank()];
                for k in (0..ty.rank()).rev() {
                    if k == 0 {
                        out[0] = rest.clone();
                        break;
                    }
                    let extent = self.dim(&ty.shape[k]);
                    out[k] = self.b.define(rest.clone().imod(extent.clone()));
                    rest = self.b.define(rest.idiv(extent));
                }
                out
            }
        }
    }

    /// Position in C order.
    pub(super) fn position(&mut self, ty: &Type, idx: &Idx) -> Expr {
        match idx {
            Idx::Flat(e) => e.clone(),
            Idx::Multi(i) => {
                let mut at = Expr::int(0);
                for (k, e) in i.iter().enumerate() {
                    let extent = self.dim(&ty.shape[k]);
                    at = at.imul(extent).iadd(e.clone());
                }
                at
            }
        }
    }

    /// An element of a buffer by position.
    pub(super) fn load(&mut self, buf: impl Into<Buf>, dtype: DType, at: Expr) -> Cx {
        let Buf { re: buf, im } = buf.into();
        if !dtype.is_complex() {
            return Cx::real(self.b.load(buf, at));
        }
        if let Some(im) = im {
            return Cx { re: self.b.load(buf, at.clone()), im: Some(self.b.load(im, at)) };
        }
        let at = self.b.define(at.imul(Expr::int(2)));
        Cx { re: self.b.load(buf, at.clone()), im: Some(self.b.load(buf, at.iadd(Expr::int(1)))) }
    }

    /// Writes an element of a buffer by position.
    pub(super) fn store(&mut self, buf: impl Into<Buf>, at: Expr, value: Cx) {
        let Buf { re: buf, im: apart } = buf.into();
        match value.im {
            None => self.b.push(StmtKind::Store(buf, at, value.re)),
            Some(im) => {
                // both parts before either is written: the target may be read for them
                let re = self.b.define(value.re);
                let im = self.b.define(im);
                if let Some(apart) = apart {
                    self.b.push(StmtKind::Store(buf, at.clone(), re));
                    self.b.push(StmtKind::Store(apart, at, im));
                    return;
                }
                let at = self.b.define(at.imul(Expr::int(2)));
                self.b.push(StmtKind::Store(buf, at.clone(), re));
                self.b.push(StmtKind::Store(buf, at.iadd(Expr::int(1)), im));
            }
        }
    }

    /// Names the parts.
    pub(super) fn define_cx(&mut self, cx: Cx, name: Option<String>) -> Cx {
        let im = name.as_ref().map(|n| format!("{n}_im"));
        let name = if cx.im.is_some() { name.map(|n| format!("{n}_re")) } else { name };
        let re = self.b.define_named(cx.re, name);
        Cx { re, im: cx.im.map(|e| self.b.define_named(e, im)) }
    }

    /// The elementwise operation of an instruction on one element of every operand.
    pub(super) fn apply(&mut self, inst: &Inst, args: &[Cx]) -> Cx {
        let to = self.func.ty(inst.results[0]).dtype;
        match &inst.op {
            Op::Unary(op) => self.unary(*op, &args[0], to),
            Op::Binary(op) => {
                if let Some(checked) = checked(*op) {
                    return self.checked(inst, checked, op, args);
                }
                self.binary(*op, &args[0], &args[1], to)
            }
            Op::Select => {
                let c = args[0].re.clone();
                let (a, b) = (args[1].clone(), args[2].clone());
                let im = match (a.im, b.im) {
                    (Some(a), Some(b)) => Some(c.clone().select(a, b)),
                    _ => None,
                };
                Cx { re: c.select(a.re, b.re), im }
            }
            Op::Kernel(k) => {
                let mut results = self.call(*k, args);
                if results.is_empty() { Cx::zero(to) } else { results.swap_remove(0) }
            }
            _ => args[0].clone(),
        }
    }

    /// Calls a kernel on one element of every operand.
    pub(super) fn call(&mut self, k: FuncId, args: &[Cx]) -> Vec<Cx> {
        let args = args.iter().flat_map(Cx::parts).collect();
        let kernel = &self.module.kernels[k.0 as usize];
        let mut vars = Vec::new();
        let mut out = Vec::new();
        for r in &kernel.body.results {
            let d = kernel.ty(*r).dtype;
            let own: Vec<_> =
                (0..if d.is_complex() { 2 } else { 1 }).map(|_| self.b.new_var(Ty::of(d), None)).collect();
            out.push(Cx { re: self.b.var(own[0]), im: own.get(1).map(|v| self.b.var(*v)) });
            vars.extend(own);
        }
        self.b.push(StmtKind::Call { results: vars, kernel: k.0 as usize, args });
        out
    }

    fn checked(&mut self, inst: &Inst, checked: CheckedOp, op: &Binary, args: &[Cx]) -> Cx {
        let (a, b) = (args[0].re.clone(), args[1].re.clone());
        let fits = inst.args.iter().all(|v| self.func.ty(*v).rank() == 0)
            && match (self.bounds.range(inst.args[0]), self.bounds.range(inst.args[1])) {
                (Some((al, ah)), Some((bl, bh))) => {
                    let corners = [(al, bl), (al, bh), (ah, bl), (ah, bh)];
                    corners.iter().all(|(a, b)| {
                        let r = match checked {
                            CheckedOp::Add => a.checked_add(*b),
                            CheckedOp::Sub => a.checked_sub(*b),
                            CheckedOp::Mul => a.checked_mul(*b),
                        };
                        r.is_some_and(|r| i64::try_from(r).is_ok())
                    })
                }
                _ => false,
            };
        if let (Some(x), Some(y)) = (a.as_int(), b.as_int()) {
            let r = match op {
                Binary::AddChecked => x.checked_add(y),
                Binary::SubChecked => x.checked_sub(y),
                _ => x.checked_mul(y),
            };
            if let Some(r) = r {
                return Cx::real(Expr::int(r));
            }
        }
        if fits {
            return Cx::real(match checked {
                CheckedOp::Add => a.iadd(b),
                CheckedOp::Sub => a.isub(b),
                CheckedOp::Mul => a.imul(b),
            });
        }
        let v = self.b.new_var(Ty::I64, None);
        self.b.push(StmtKind::Checked(v, checked, a, b));
        Cx::real(self.b.var(v))
    }

    pub(super) fn unary(&mut self, op: Unary, x: &Cx, to: DType) -> Cx {
        let plain = |u: UnOp| Cx::real(x.re.clone().unary(u, Ty::of(to)));
        match op {
            Unary::Neg => {
                let ty = Ty::of(to);
                let neg = |e: &Expr| e.clone().unary(UnOp::Neg, ty);
                Cx { re: neg(&x.re), im: x.im.as_ref().map(neg) }
            }
            Unary::Abs => plain(UnOp::Abs),
            Unary::Not => plain(UnOp::Not),
            Unary::Sqrt => plain(UnOp::Sqrt),
            Unary::Floor => plain(UnOp::Floor),
            Unary::Ceil => plain(UnOp::Ceil),
            Unary::Trunc => plain(UnOp::Trunc),
            Unary::Rint => plain(UnOp::Rint),
            Unary::IsNan => plain(UnOp::IsNan),
            Unary::IsInf => plain(UnOp::IsInf),
            Unary::SignBit => plain(UnOp::SignBit),
            Unary::Bitcast => plain(UnOp::Bitcast),
            Unary::Real => Cx::real(x.re.clone()),
            Unary::Imag => Cx::real(x.im.clone().unwrap_or_else(|| Expr::zero(x.re.ty))),
            Unary::Cast => {
                let ty = Ty::of(to);
                let cast = |e: &Expr| if e.ty == ty { e.clone() } else { e.clone().unary(UnOp::Cast, ty) };
                if to == DType::Bool
                    && let Some(im) = &x.im
                {
                    return Cx::real(cast(&x.re).or(cast(im)));
                }
                let im = to.is_complex().then(|| x.im.as_ref().map_or(Expr::zero(ty), cast));
                Cx { re: cast(&x.re), im }
            }
        }
    }

    pub(super) fn binary(&mut self, op: Binary, a: &Cx, b: &Cx, _to: DType) -> Cx {
        if let (Some(ai), Some(bi)) = (&a.im, &b.im) {
            let (ar, br) = (a.re.clone(), b.re.clone());
            let (ai, bi) = (ai.clone(), bi.clone());
            return match op {
                Binary::Add => Cx { re: ar.binary(BinOp::Add, br), im: Some(ai.binary(BinOp::Add, bi)) },
                Binary::Sub => Cx { re: ar.binary(BinOp::Sub, br), im: Some(ai.binary(BinOp::Sub, bi)) },
                Binary::Mul => {
                    let (ar, ai) = (self.b.define(ar), self.b.define(ai));
                    let (br, bi) = (self.b.define(br), self.b.define(bi));
                    let mul = |x: &Expr, y: &Expr| x.clone().binary(BinOp::Mul, y.clone());
                    Cx {
                        re: mul(&ar, &br).binary(BinOp::Sub, mul(&ai, &bi)),
                        im: Some(mul(&ar, &bi).binary(BinOp::Add, mul(&ai, &br))),
                    }
                }
                Binary::Eq => Cx::real(ar.binary(BinOp::Eq, br).and(ai.binary(BinOp::Eq, bi))),
                Binary::Ne => Cx::real(ar.binary(BinOp::Ne, br).or(ai.binary(BinOp::Ne, bi))),
                other => {
                    self.bug(format!("{other:?} on complex values"));
                    a.clone()
                }
            };
        }
        let simple = match op {
            Binary::Add => BinOp::Add,
            Binary::Sub => BinOp::Sub,
            Binary::Mul => BinOp::Mul,
            Binary::Div => BinOp::Div,
            Binary::FloorDiv => BinOp::FloorDiv,
            Binary::FloorMod => BinOp::FloorMod,
            Binary::Fmod => BinOp::Fmod,
            Binary::Min => BinOp::Min,
            Binary::Max => BinOp::Max,
            Binary::And => BinOp::And,
            Binary::Or => BinOp::Or,
            Binary::Xor => BinOp::Xor,
            Binary::Shl => BinOp::Shl,
            Binary::Shr => BinOp::Shr,
            Binary::CopySign => BinOp::CopySign,
            Binary::Lt => BinOp::Lt,
            Binary::Le => BinOp::Le,
            Binary::Gt => BinOp::Gt,
            Binary::Ge => BinOp::Ge,
            Binary::Eq => BinOp::Eq,
            Binary::Ne => BinOp::Ne,
            Binary::Complex => return Cx { re: a.re.clone(), im: Some(b.re.clone()) },
            Binary::AddChecked | Binary::SubChecked | Binary::MulChecked => {
                self.bug(format!("{op:?} reached as a plain operation"));
                BinOp::Add
            }
        };
        if a.re.ty == Ty::Bool && matches!(simple, BinOp::Add | BinOp::Sub | BinOp::Mul) {
            self.bug(format!("{op:?} on bool"));
        }
        Cx::real(a.re.clone().binary(simple, b.re.clone()))
    }
}

fn checked(op: Binary) -> Option<CheckedOp> {
    match op {
        Binary::AddChecked => Some(CheckedOp::Add),
        Binary::SubChecked => Some(CheckedOp::Sub),
        Binary::MulChecked => Some(CheckedOp::Mul),
        _ => None,
    }
}

/// `start + i * step`.
pub(super) fn strided(start: Expr, i: Expr, step: i64) -> Expr {
    if step < 0 { start.isub(i.imul(Expr::int(-step))) } else { start.iadd(i.imul(Expr::int(step))) }
}

/// A constant's parts.
pub(super) fn constant(s: &Scalar) -> Cx {
    let ty = Ty::of(s.dtype);
    Cx { re: Expr::constant(ty, s.re), im: s.dtype.is_complex().then(|| Expr::constant(ty, s.im)) }
}
