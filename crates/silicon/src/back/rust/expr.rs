//! Expressions as Rust, with wrapping arithmetic spelled out.

use crate::back::names::{Names, clean};
use crate::lir::{BinOp, Body, BufId, BufKind, Expr, ExprKind, Program, Ty, UnOp};

/// The Rust type of a scalar.
pub(super) fn rust_type(ty: Ty) -> &'static str {
    match ty {
        Ty::Bool => "bool",
        Ty::I8 => "i8",
        Ty::I16 => "i16",
        Ty::I32 => "i32",
        Ty::I64 => "i64",
        Ty::U8 => "u8",
        Ty::U16 => "u16",
        Ty::U32 => "u32",
        Ty::U64 => "u64",
        Ty::F32 => "f32",
        Ty::F64 => "f64",
    }
}

/// A literal; `typed` adds the type where the context does not give it.
pub(super) fn literal(ty: Ty, bits: u64, typed: bool) -> String {
    let t = rust_type(ty);
    let suffix = if typed { format!("_{t}") } else { String::new() };
    let float = |nan: bool, infinite: bool, negative: bool, magnitude: String| {
        let s = if nan {
            format!("{t}::NAN")
        } else if infinite {
            format!("{t}::INFINITY")
        } else {
            format!("{magnitude}{suffix}")
        };
        if negative { format!("(-{s})") } else { s }
    };
    match ty {
        Ty::Bool => if bits != 0 { "true" } else { "false" }.to_string(),
        Ty::I64 if bits as i64 == i64::MIN => "i64::MIN".to_string(),
        Ty::I32 if bits as i64 == i64::from(i32::MIN) => "i32::MIN".to_string(),
        Ty::I16 if bits as i64 == i64::from(i16::MIN) => "i16::MIN".to_string(),
        Ty::I8 if bits as i64 == i64::from(i8::MIN) => "i8::MIN".to_string(),
        Ty::I8 | Ty::I16 | Ty::I32 | Ty::I64 => match bits as i64 {
            v if v < 0 => format!("(-{}{suffix})", v.unsigned_abs()),
            v => format!("{v}{suffix}"),
        },
        Ty::U8 | Ty::U16 | Ty::U32 | Ty::U64 => format!("{bits}{suffix}"),
        Ty::F32 => {
            let v = f32::from_bits(bits as u32);
            float(v.is_nan(), v.is_infinite(), v.is_sign_negative(), format!("{:?}", v.abs()))
        }
        Ty::F64 => {
            let v = f64::from_bits(bits);
            float(v.is_nan(), v.is_infinite(), v.is_sign_negative(), format!("{:?}", v.abs()))
        }
    }
}

/// Prints expressions of one function.
pub(super) struct Printer<'a> {
    pub(super) program: &'a Program,
    pub(super) body: &'a Body,
    pub(super) names: &'a Names,
}

/// Takes off one pair of parentheses around the whole.
pub(super) fn bare(s: String) -> String {
    let mut depth = 0;
    let mut whole = s.starts_with('(') && s.ends_with(')');
    for (i, c) in s.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => {
                depth -= 1;
                whole &= depth > 0 || i == s.len() - 1;
            }
            _ => {}
        }
    }
    if whole { s[1..s.len() - 1].to_string() } else { s }
}

impl Printer<'_> {
    /// The expression, not in parentheses.
    pub(super) fn top(&self, e: &Expr) -> String {
        bare(self.expr(e))
    }

    /// An index as usize.
    pub(super) fn index(&self, e: &Expr) -> String {
        match e.as_int() {
            Some(k) if k >= 0 => k.to_string(),
            _ => format!("{} as usize", self.expr(e)),
        }
    }

    /// The element of a buffer.
    pub(super) fn place(&self, b: BufId, at: &Expr) -> String {
        let data = &self.body.bufs[b.0 as usize];
        if let BufKind::State(s) = data.kind {
            let f = &self.program.state[s];
            if f.shape.is_empty() && !f.dtype.is_complex() {
                return format!("self.{}", clean(&f.name));
            }
        }
        format!("{}[{}]", self.buffer(b), self.index(at))
    }

    /// Name of a buffer.
    pub(super) fn buffer(&self, b: BufId) -> String {
        let name = &self.names.bufs[b.0 as usize];
        match self.body.bufs[b.0 as usize].kind {
            BufKind::Table(_) => table_name(name),
            _ => name.clone(),
        }
    }

    /// The expression as an operand.
    pub(super) fn expr(&self, e: &Expr) -> String {
        match &e.kind {
            ExprKind::Const(b) => literal(e.ty, *b, true),
            ExprKind::Var(v) => self.names.vars[v.0 as usize].clone(),
            ExprKind::Load(b, at) => self.place(*b, at),
            ExprKind::Unary(op, a) => self.unary(*op, a, e.ty),
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b, e.ty),
            ExprKind::Select(c, a, b) => {
                format!("(if {} {{ {} }} else {{ {} }})", self.top(c), self.top(a), self.top(b))
            }
            // mutants are for C only
            ExprKind::Mutant { orig, .. } => self.expr(orig),
            ExprKind::Fma(a, b, c) => format!("{}.pm_fma({}, {})", self.expr(a), self.top(b), self.top(c)),
        }
    }

    fn unary(&self, op: UnOp, a: &Expr, ty: Ty) -> String {
        let x = self.expr(a);
        let call = |f: &str| format!("{x}.{f}()");
        match op {
            UnOp::Neg if ty.is_float() => format!("(-{x})"),
            UnOp::Neg => call("wrapping_neg"),
            UnOp::Abs if ty.is_float() => call("abs"),
            UnOp::Abs if ty.is_signed() => call("wrapping_abs"),
            UnOp::Abs => x,
            UnOp::Not => format!("(!{x})"),
            UnOp::Sqrt => call("pm_sqrt"),
            UnOp::Floor => call("pm_floor"),
            UnOp::Ceil => call("pm_ceil"),
            UnOp::Trunc => call("pm_trunc"),
            UnOp::Rint => call("pm_rint"),
            UnOp::IsNan => call("is_nan"),
            UnOp::IsInf => call("is_infinite"),
            UnOp::SignBit => call("is_sign_negative"),
            UnOp::Bitcast => {
                let t = rust_type(ty);
                match (a.ty.is_float(), ty.is_float()) {
                    (true, false) => format!("({x}.to_bits() as {t})"),
                    (false, true) => format!("{t}::from_bits({x} as {})", if ty == Ty::F32 { "u32" } else { "u64" }),
                    (true, true) => x,
                    (false, false) => format!("({x} as {t})"),
                }
            }
            UnOp::Cast => {
                let t = rust_type(ty);
                match (a.ty, ty) {
                    (Ty::Bool, Ty::Bool) => x,
                    (_, Ty::Bool) => format!("({x} != {})", literal(a.ty, 0, true)),
                    (Ty::Bool, Ty::F32 | Ty::F64) => format!("{t}::from(u8::from({x}))"),
                    (Ty::Bool, _) => format!("{t}::from({x})"),
                    (f, i) if f.is_float() && !i.is_float() => match i {
                        Ty::I32 => call("pm_to_i32"),
                        Ty::I64 => call("pm_to_i64"),
                        _ => format!("({} as {t})", call("pm_to_i64")),
                    },
                    _ => format!("({x} as {t})"),
                }
            }
        }
    }

    fn binary(&self, op: BinOp, a: &Expr, b: &Expr, ty: Ty) -> String {
        let infix = |o: &str| format!("({} {o} {})", self.expr(a), self.expr(b));
        let call = |f: &str| format!("{}.{f}({})", self.expr(a), self.top(b));
        match op {
            BinOp::Add if ty.is_float() => infix("+"),
            BinOp::Sub if ty.is_float() => infix("-"),
            BinOp::Mul if ty.is_float() => infix("*"),
            BinOp::Add => call("wrapping_add"),
            BinOp::Sub => call("wrapping_sub"),
            BinOp::Mul => call("wrapping_mul"),
            BinOp::IdxAdd => infix("+"),
            BinOp::IdxSub => infix("-"),
            BinOp::IdxMul => infix("*"),
            BinOp::IdxDiv => call("div_euclid"),
            BinOp::IdxMod => call("rem_euclid"),
            BinOp::Div => infix("/"),
            BinOp::Fmod => infix("%"),
            BinOp::FloorDiv => call("pm_floor_div"),
            BinOp::FloorMod => call("pm_floor_mod"),
            BinOp::Min => call("pm_min"),
            BinOp::Max => call("pm_max"),
            BinOp::And => infix("&"),
            BinOp::Or => infix("|"),
            BinOp::Xor => infix("^"),
            BinOp::Shl => call("pm_shl"),
            BinOp::Shr => call("pm_shr"),
            BinOp::CopySign => call("copysign"),
            BinOp::Lt => infix("<"),
            BinOp::Le => infix("<="),
            BinOp::Gt => infix(">"),
            BinOp::Ge => infix(">="),
            BinOp::Eq => infix("=="),
            BinOp::Ne => infix("!="),
        }
    }
}

/// Name of a constant table.
pub(super) fn table_name(name: &str) -> String {
    name.to_ascii_uppercase()
}
