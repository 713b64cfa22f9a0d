//! Making LIR: expression constructors that fold constants, and a builder that keeps the open statement blocks.

use super::*;

impl Expr {
    /// A constant from its integer value or float bits.
    pub fn constant(ty: Ty, bits: u64) -> Expr {
        Expr { ty, kind: ExprKind::Const(bits) }
    }
    /// An int64 constant.
    pub fn int(v: i64) -> Expr {
        Expr::constant(Ty::I64, v as u64)
    }
    /// Positive zero of a type.
    pub fn zero(ty: Ty) -> Expr {
        Expr::constant(ty, 0)
    }
    /// A bool constant.
    pub fn truth(v: bool) -> Expr {
        Expr::constant(Ty::Bool, u64::from(v))
    }
    /// One of a type.
    pub fn one(ty: Ty) -> Expr {
        match ty {
            Ty::F32 => Expr::constant(ty, u64::from(1f32.to_bits())),
            Ty::F64 => Expr::constant(ty, 1f64.to_bits()),
            _ => Expr::constant(ty, 1),
        }
    }
    /// The value of an int64 constant.
    pub fn as_int(&self) -> Option<i64> {
        match self.kind {
            ExprKind::Const(b) if self.ty == Ty::I64 => Some(b as i64),
            _ => None,
        }
    }
    /// Constant or variable.
    pub fn is_atom(&self) -> bool {
        matches!(self.kind, ExprKind::Const(_) | ExprKind::Var(_))
    }
    /// `op self`, of type `ty`.
    pub fn unary(self, op: UnOp, ty: Ty) -> Expr {
        Expr { ty, kind: ExprKind::Unary(op, Box::new(self)) }
    }
    /// `self op other`; the type follows from the operation.
    pub fn binary(self, op: BinOp, other: Expr) -> Expr {
        let clear = |e: &Expr| e.kind == ExprKind::Const(0);
        if op == BinOp::And && (clear(&self) || clear(&other)) {
            // the compilers' linters take a mask of no bits for a mistake
            return Expr::zero(self.ty);
        }
        let ty = if op.is_comparison() { Ty::Bool } else { self.ty };
        Expr { ty, kind: ExprKind::Binary(op, Box::new(self), Box::new(other)) }
    }
    /// `self ? a : b`.
    pub fn select(self, a: Expr, b: Expr) -> Expr {
        if a == b {
            return a;
        }
        if let ExprKind::Const(c) = self.kind {
            return if c != 0 { a } else { b };
        }
        Expr { ty: a.ty, kind: ExprKind::Select(Box::new(self), Box::new(a), Box::new(b)) }
    }
    /// Logical and.
    pub fn and(self, other: Expr) -> Expr {
        self.binary(BinOp::And, other)
    }
    /// Logical or.
    pub fn or(self, other: Expr) -> Expr {
        self.binary(BinOp::Or, other)
    }
    /// Logical not.
    #[allow(clippy::should_implement_trait, reason = "beside `and` and `or`, and on bools only")]
    pub fn not(self) -> Expr {
        self.unary(UnOp::Not, Ty::Bool)
    }
    /// Index sum.
    pub fn iadd(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) => Expr::int(a + b),
            (Some(0), _) => other,
            (_, Some(0)) => self,
            (_, Some(b)) if b < 0 => self.isub(Expr::int(-b)),
            (Some(_), None) => other.iadd(self),
            (None, Some(b)) => {
                if let ExprKind::Binary(op @ (BinOp::IdxAdd | BinOp::IdxSub), x, c) = &self.kind
                    && let Some(c) = c.as_int()
                {
                    let c = if *op == BinOp::IdxSub { -c } else { c };
                    return (**x).clone().iadd(Expr::int(b + c));
                }
                self.binary(BinOp::IdxAdd, other)
            }
            _ => self.binary(BinOp::IdxAdd, other),
        }
    }
    /// Index difference.
    pub fn isub(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) => Expr::int(a - b),
            (_, Some(0)) => self,
            (_, Some(b)) if b < 0 => self.iadd(Expr::int(-b)),
            (None, Some(b)) => {
                if let ExprKind::Binary(op @ (BinOp::IdxAdd | BinOp::IdxSub), x, c) = &self.kind
                    && let Some(c) = c.as_int()
                {
                    let c = if *op == BinOp::IdxSub { -c } else { c };
                    return (**x).clone().iadd(Expr::int(c - b));
                }
                self.binary(BinOp::IdxSub, other)
            }
            _ if self == other => Expr::int(0),
            _ => self.binary(BinOp::IdxSub, other),
        }
    }
    /// Index product.
    pub fn imul(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) => Expr::int(a * b),
            (Some(0), _) | (_, Some(0)) => Expr::int(0),
            (Some(1), _) => other,
            (_, Some(1)) => self,
            (Some(_), None) => other.imul(self),
            _ => self.binary(BinOp::IdxMul, other),
        }
    }
    /// Floor division by a positive index.
    pub fn idiv(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) if b > 0 => Expr::int(a.div_euclid(b)),
            (_, Some(1)) => self,
            _ => self.binary(BinOp::IdxDiv, other),
        }
    }
    /// Remainder by a positive index.
    pub fn imod(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) if b > 0 => Expr::int(a.rem_euclid(b)),
            (_, Some(1)) => Expr::int(0),
            _ => self.binary(BinOp::IdxMod, other),
        }
    }
    /// Smaller index.
    pub fn imin(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) => Expr::int(a.min(b)),
            _ if self == other => self,
            _ => self.binary(BinOp::Min, other),
        }
    }
    /// Larger index.
    pub fn imax(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) => Expr::int(a.max(b)),
            _ if self == other => self,
            _ => self.binary(BinOp::Max, other),
        }
    }
    /// `self < other`.
    pub fn lt(self, other: Expr) -> Expr {
        match (self.as_int(), other.as_int()) {
            (Some(a), Some(b)) => Expr::truth(a < b),
            _ => self.binary(BinOp::Lt, other),
        }
    }
}

/// The function under construction.
#[derive(Default)]
pub struct Builder {
    /// Variables and buffers so far.
    pub body: Body,
    blocks: Vec<Vec<Stmt>>,
    /// Source of what is being emitted.
    pub span: Option<Span>,
}

impl Builder {
    /// An empty function with one open block.
    pub fn new() -> Builder {
        Builder { body: Body::default(), blocks: vec![Vec::new()], span: None }
    }
    /// A new variable.
    pub fn new_var(&mut self, ty: Ty, name: Option<String>) -> VarId {
        self.body.vars.push(VarData { ty, name });
        VarId(self.body.vars.len() as u32 - 1)
    }
    /// A new buffer.
    pub fn new_buf(&mut self, ty: Ty, kind: BufKind, writable: bool) -> BufId {
        self.body.bufs.push(BufData { ty, kind, writable });
        BufId(self.body.bufs.len() as u32 - 1)
    }
    /// The variable as an expression.
    pub fn var(&self, v: VarId) -> Expr {
        Expr { ty: self.body.vars[v.0 as usize].ty, kind: ExprKind::Var(v) }
    }
    /// An element of a buffer.
    pub fn load(&self, b: BufId, at: Expr) -> Expr {
        Expr { ty: self.body.bufs[b.0 as usize].ty, kind: ExprKind::Load(b, Box::new(at)) }
    }
    /// Appends a statement to the open block.
    pub fn push(&mut self, kind: StmtKind) {
        let span = self.span;
        if let Some(b) = self.blocks.last_mut() {
            b.push(Stmt { kind, span });
        }
    }
    /// Opens a nested block.
    pub fn open(&mut self) {
        self.blocks.push(Vec::new());
    }
    /// Closes the innermost block and gives its statements.
    pub fn close(&mut self) -> Vec<Stmt> {
        self.blocks.pop().unwrap_or_default()
    }
    /// Names a value: atoms stay as they are.
    pub fn define(&mut self, e: Expr) -> Expr {
        self.define_named(e, None)
    }
    /// Names a value after a source variable.
    pub fn define_named(&mut self, e: Expr, name: Option<String>) -> Expr {
        if e.is_atom() {
            return e;
        }
        let v = self.new_var(e.ty, name);
        let out = self.var(v);
        self.push(StmtKind::Let(v, e));
        out
    }
    /// Declares a variable that changes.
    pub fn mutable(&mut self, init: Expr, name: Option<String>) -> VarId {
        let v = self.new_var(init.ty, name);
        self.push(StmtKind::Mut(v, init));
        v
    }
    /// Opens the body of a counted loop and gives its index; [`Builder::end_for`] closes it.
    pub fn begin_for(&mut self) -> VarId {
        self.open();
        self.new_var(Ty::I64, None)
    }
    /// Closes a counted loop.
    pub fn end_for(&mut self, var: VarId, lo: Expr, hi: Expr, step: i64) {
        let body = self.close();
        let never = match (lo.as_int(), hi.as_int()) {
            (Some(lo), Some(hi)) => (step > 0 && lo >= hi) || (step < 0 && lo <= hi),
            _ => false,
        };
        if !body.is_empty() && !never {
            self.push(StmtKind::For { var, lo, hi, step, body });
        }
    }
    /// The finished body.
    pub fn finish(mut self) -> Body {
        self.body.stmts = self.close();
        self.body
    }
}
