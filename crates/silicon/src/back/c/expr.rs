//! Expressions as C99, with explicit conversions, so that no flag of `-Wconversion` and no undefined behaviour remains.

use super::runtime::Helpers;
use crate::back::names::Names;
use crate::dtype::DType;
use crate::lir::{BinOp, Body, BufKind, Expr, ExprKind, Program, Ty, UnOp};

/// The C type of a scalar.
pub(super) fn c_type(ty: Ty) -> &'static str {
    match ty {
        Ty::Bool => "bool",
        Ty::I8 => "int8_t",
        Ty::I16 => "int16_t",
        Ty::I32 => "int32_t",
        Ty::I64 => "int64_t",
        Ty::U8 => "uint8_t",
        Ty::U16 => "uint16_t",
        Ty::U32 => "uint32_t",
        Ty::U64 => "uint64_t",
        Ty::F32 => "float",
        Ty::F64 => "double",
    }
}

/// The unsigned type of the same width, at least 32 bits so that no promotion to int happens.
pub(super) fn unsigned(ty: Ty) -> &'static str {
    if ty.size() == 8 { "uint64_t" } else { "uint32_t" }
}

/// A literal.
pub(super) fn literal(ty: Ty, bits: u64) -> String {
    let signed = |v: i64, suffix: &str| if v < 0 { format!("({v}{suffix})") } else { format!("{v}{suffix}") };
    match ty {
        Ty::Bool => if bits != 0 { "true" } else { "false" }.to_string(),
        Ty::I64 => match bits as i64 {
            i64::MIN => "INT64_MIN".to_string(),
            v if i32::try_from(v).is_ok() => signed(v, ""),
            v if v < 0 => format!("(-INT64_C({}))", -v),
            v => format!("INT64_C({v})"),
        },
        Ty::I32 if bits as i32 == i32::MIN => "INT32_MIN".to_string(),
        Ty::I8 | Ty::I16 | Ty::I32 => signed(bits as i64, ""),
        Ty::U8 | Ty::U16 => format!("{bits}"),
        Ty::U32 => format!("{bits}U"),
        Ty::U64 => format!("UINT64_C({bits})"),
        Ty::F32 => {
            let v = f32::from_bits(bits as u32);
            float(v.is_nan(), v.is_infinite(), v.is_sign_negative(), format!("{:?}F", v.abs()), "(float)")
        }
        Ty::F64 => {
            let v = f64::from_bits(bits);
            float(v.is_nan(), v.is_infinite(), v.is_sign_negative(), format!("{:?}", v.abs()), "(double)")
        }
    }
}

fn float(nan: bool, infinite: bool, negative: bool, magnitude: String, cast: &str) -> String {
    let s = if nan {
        format!("{cast}NAN")
    } else if infinite {
        format!("{cast}INFINITY")
    } else {
        magnitude
    };
    if negative { format!("(-{s})") } else { s }
}

/// A value that takes no arithmetic to have.
fn still(e: &Expr) -> bool {
    matches!(e.kind, ExprKind::Const(_) | ExprKind::Load(..))
}

/// Prints expressions of one function.
pub(super) struct Printer<'a> {
    pub(super) program: &'a Program,
    pub(super) body: &'a Body,
    pub(super) names: &'a Names,
    pub(super) helpers: &'a mut Helpers,
}

impl Printer<'_> {
    /// The expression, not in parentheses.
    pub(super) fn top(&mut self, e: &Expr) -> String {
        let s = self.expr(e);
        let whole = s.starts_with('(') && s.ends_with(')') && {
            let mut depth = 0;
            let mut inside = true;
            for (i, c) in s.char_indices() {
                match c {
                    '(' => depth += 1,
                    ')' => {
                        depth -= 1;
                        inside &= depth > 0 || i == s.len() - 1;
                    }
                    _ => {}
                }
            }
            inside
        };
        if whole { s[1..s.len() - 1].to_string() } else { s }
    }

    /// The element of a buffer as an lvalue.
    pub(super) fn place(&mut self, b: crate::lir::BufId, at: &Expr) -> String {
        let data = &self.body.bufs[b.0 as usize];
        if let BufKind::State(s) = data.kind {
            let f = &self.program.state[s];
            if f.shape.is_empty() && !f.dtype.is_complex() {
                return format!("self->{}", crate::back::names::clean(&f.name));
            }
        }
        let at = self.top(at);
        format!("{}[{at}]", self.names.bufs[b.0 as usize])
    }

    /// The expression as an operand.
    pub(super) fn expr(&mut self, e: &Expr) -> String {
        match &e.kind {
            ExprKind::Const(b) => literal(e.ty, *b),
            ExprKind::Var(v) => self.names.vars[v.0 as usize].clone(),
            ExprKind::Load(b, at) => self.place(*b, at),
            ExprKind::Unary(op, a) => self.unary(*op, a, e.ty),
            ExprKind::Binary(op, a, b) => self.binary(*op, a, b, e.ty),
            // gcc moves arithmetic into the arms of ?: and then, because it may trap, keeps a branch: not vectorised
            ExprKind::Select(c, a, b) if e.ty.is_float() && !(still(a) && still(b)) => {
                let f = self.helpers.need("select", e.ty);
                let (c, a, b) = (self.top(c), self.top(a), self.top(b));
                format!("{f}({c}, {a}, {b})")
            }
            ExprKind::Select(c, a, b) => {
                let (c, a, b) = (self.expr(c), self.expr(a), self.expr(b));
                self.narrow(e.ty, format!("({c} ? {a} : {b})"))
            }
            ExprKind::Mutant { id, orig, alt, probe: true } => {
                let f = self.helpers.need("probe", e.ty);
                let (a, b) = (self.top(orig), self.top(alt));
                format!("{f}({id}, {a}, {b})")
            }
            ExprKind::Mutant { id, orig, alt, .. } => {
                let (a, b) = (self.expr(alt), self.expr(orig));
                self.narrow(e.ty, format!("(pm_mutant == {id} ? {a} : {b})"))
            }
            ExprKind::Fma(a, b, c) => {
                let (a, b, c) = (self.top(a), self.top(b), self.top(c));
                format!("{}({a}, {b}, {c})", if e.ty == Ty::F32 { "fmaf" } else { "fma" })
            }
        }
    }

    /// Undoes the promotion of small integers to int.
    fn narrow(&self, ty: Ty, s: String) -> String {
        if matches!(ty, Ty::I8 | Ty::I16 | Ty::U8 | Ty::U16) { format!("({}){s}", c_type(ty)) } else { s }
    }

    fn math(&mut self, name: &str, ty: Ty, a: &Expr) -> String {
        let a = self.top(a);
        format!("{name}{}({a})", if ty == Ty::F32 { "f" } else { "" })
    }

    fn helper(&mut self, name: &str, ty: Ty, args: &[&Expr]) -> String {
        let f = self.helpers.need(name, ty);
        let args: Vec<String> = args.iter().map(|a| self.top(a)).collect();
        format!("{f}({})", args.join(", "))
    }

    fn unary(&mut self, op: UnOp, a: &Expr, ty: Ty) -> String {
        match op {
            UnOp::Neg if ty.is_float() => format!("(-{})", self.expr(a)),
            UnOp::Neg => {
                let (t, u) = (c_type(ty), unsigned(ty));
                format!("({t})(0U - ({u}){})", self.expr(a))
            }
            UnOp::Abs if ty.is_float() => self.math("fabs", ty, a),
            UnOp::Abs if ty.is_signed() => self.helper("abs", ty, &[a]),
            UnOp::Abs => self.expr(a),
            UnOp::Not if ty == Ty::Bool => format!("(!{})", self.expr(a)),
            UnOp::Not => format!("({})~{}", c_type(ty), self.expr(a)),
            UnOp::Sqrt => self.math("sqrt", ty, a),
            UnOp::Floor => self.math("floor", ty, a),
            UnOp::Ceil => self.math("ceil", ty, a),
            UnOp::Trunc => self.math("trunc", ty, a),
            UnOp::Rint => self.math("rint", ty, a),
            UnOp::IsNan => self.helper("isnan", a.ty, &[a]),
            UnOp::IsInf => format!("(isinf({}) != 0)", self.top(a)),
            // of the bits: gcc 12 does not vectorise signbit of a double
            UnOp::SignBit => {
                let int = if a.ty == Ty::F32 { Ty::I32 } else { Ty::I64 };
                format!("({} < 0)", self.bitcast(a, int))
            }
            UnOp::Bitcast => self.bitcast(a, ty),
            UnOp::Cast => self.cast(a, ty),
        }
    }

    fn bitcast(&mut self, a: &Expr, ty: Ty) -> String {
        let int = |e: &str| format!("({}){e}", c_type(ty));
        match (a.ty.is_float(), ty.is_float()) {
            (true, false) => {
                let bits = self.helper("bits", a.ty, &[a]);
                int(&bits)
            }
            (false, true) => {
                let f = self.helpers.need("from_bits", ty);
                format!("{f}(({}){})", unsigned(ty), self.expr(a))
            }
            (true, true) => self.expr(a),
            (false, false) => {
                let a = self.expr(a);
                int(&a)
            }
        }
    }

    fn cast(&mut self, a: &Expr, ty: Ty) -> String {
        if ty == Ty::Bool {
            let zero = literal(a.ty, 0);
            return format!("({} != {zero})", self.expr(a));
        }
        if a.ty.is_float() && !ty.is_float() {
            let f = self.helpers.need(if ty == Ty::I32 { "to_i32" } else { "to_i64" }, Ty::F64);
            let arg = if a.ty == Ty::F32 { format!("(double){}", self.expr(a)) } else { self.top(a) };
            let call = format!("{f}({arg})");
            return if matches!(ty, Ty::I32 | Ty::I64) { call } else { format!("({}){call}", c_type(ty)) };
        }
        format!("({}){}", c_type(ty), self.expr(a))
    }

    fn binary(&mut self, op: BinOp, a: &Expr, b: &Expr, ty: Ty) -> String {
        let infix = |p: &mut Self, o: &str| {
            let (x, y) = (p.expr(a), p.expr(b));
            format!("({x} {o} {y})")
        };
        let sign = match op {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Mul => "*",
            BinOp::IdxAdd => return infix(self, "+"),
            BinOp::IdxSub => return infix(self, "-"),
            BinOp::IdxMul => return infix(self, "*"),
            BinOp::IdxDiv => return self.helper("index_div", Ty::I64, &[a, b]),
            BinOp::IdxMod => return self.helper("index_mod", Ty::I64, &[a, b]),
            BinOp::Div => return infix(self, "/"),
            BinOp::FloorDiv => return self.helper("floor_div", ty, &[a, b]),
            BinOp::FloorMod => return self.helper("floor_mod", ty, &[a, b]),
            BinOp::Fmod | BinOp::CopySign => {
                let (x, y) = (self.top(a), self.top(b));
                let f = if op == BinOp::Fmod { "fmod" } else { "copysign" };
                return format!("{f}{}({x}, {y})", if ty == Ty::F32 { "f" } else { "" });
            }
            BinOp::Min => return self.helper("min", ty, &[a, b]),
            BinOp::Max => return self.helper("max", ty, &[a, b]),
            BinOp::Shl => return self.helper("shl", ty, &[a, b]),
            BinOp::Shr => return self.helper("shr", ty, &[a, b]),
            BinOp::Xor if ty == Ty::Bool => return infix(self, "!="),
            BinOp::And | BinOp::Or | BinOp::Xor => {
                let o = match op {
                    BinOp::And => "&",
                    BinOp::Or => "|",
                    _ => "^",
                };
                let s = infix(self, o);
                // on bools without branches, but compilers warn of that where functions are called
                return match ty {
                    Ty::Bool if s.contains("pm_") || s.contains("!= 0)") => {
                        infix(self, if op == BinOp::And { "&&" } else { "||" })
                    }
                    Ty::Bool => s,
                    _ => self.narrow(ty, s),
                };
            }
            BinOp::Lt => return infix(self, "<"),
            BinOp::Le => return infix(self, "<="),
            BinOp::Gt => return infix(self, ">"),
            BinOp::Ge => return infix(self, ">="),
            BinOp::Eq => return infix(self, "=="),
            BinOp::Ne => return infix(self, "!="),
        };
        if ty.is_float() || matches!(ty, Ty::U32 | Ty::U64) {
            return infix(self, sign);
        }
        let (x, y) = (self.expr(a), self.expr(b));
        let (t, u) = (c_type(ty), unsigned(ty));
        format!("({t})(({u}){x} {sign} ({u}){y})")
    }
}

/// The dtype as C spells its reals.
pub(in crate::back) fn c_dtype(d: DType) -> &'static str {
    c_type(Ty::of(d))
}
