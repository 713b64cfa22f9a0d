//! The LIR: imperative, structured programs over real scalar types, ready to be printed as C99 or Rust.
//! Buffers replace tensors; a complex element is two consecutive reals (re, im). Every statement keeps the source
//! span it came from. Expressions have no side effects and never trap: the printers guard what their language leaves
//! undefined. Nothing here knows a target language.

pub mod build;
mod fill;
pub mod fold;
pub(crate) mod guard;
mod interval;
pub mod mutate;
mod range;

use crate::dtype::DType;
use crate::hir::{Dim, Length, LengthId};
use proofmark_base::diagnostics::Span;

/// A real scalar type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Ty {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F32,
    F64,
}

impl Ty {
    /// The type of an element of a real dtype, or of the parts of a complex one.
    pub fn of(d: DType) -> Ty {
        match d {
            DType::Bool => Ty::Bool,
            DType::Int8 => Ty::I8,
            DType::Int16 => Ty::I16,
            DType::Int32 => Ty::I32,
            DType::Int64 => Ty::I64,
            DType::Uint8 => Ty::U8,
            DType::Uint16 => Ty::U16,
            DType::Uint32 => Ty::U32,
            DType::Uint64 => Ty::U64,
            DType::Float32 | DType::Complex64 => Ty::F32,
            DType::Float64 | DType::Complex128 => Ty::F64,
        }
    }
    /// The dtype of the same meaning.
    pub fn dtype(self) -> DType {
        match self {
            Ty::Bool => DType::Bool,
            Ty::I8 => DType::Int8,
            Ty::I16 => DType::Int16,
            Ty::I32 => DType::Int32,
            Ty::I64 => DType::Int64,
            Ty::U8 => DType::Uint8,
            Ty::U16 => DType::Uint16,
            Ty::U32 => DType::Uint32,
            Ty::U64 => DType::Uint64,
            Ty::F32 => DType::Float32,
            Ty::F64 => DType::Float64,
        }
    }
    /// Bytes.
    pub fn size(self) -> usize {
        self.dtype().size()
    }
    /// float32 or float64.
    pub fn is_float(self) -> bool {
        matches!(self, Ty::F32 | Ty::F64)
    }
    /// A signed integer.
    pub fn is_signed(self) -> bool {
        self.dtype().is_signed()
    }
}

/// A scalar variable of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VarId(pub u32);
/// A buffer of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BufId(pub u32);

/// One-operand operations; semantics as the HIR operation of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum UnOp {
    Neg,
    Abs,
    Not,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    Rint,
    IsNan,
    IsInf,
    SignBit,
    /// Same bits as another type of the same size (float <-> integer).
    Bitcast,
    /// HIR `Cast` between real types.
    Cast,
}

/// Two-operand operations; semantics as the HIR operation of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum BinOp {
    /// Integers wrap.
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    FloorMod,
    Fmod,
    Min,
    Max,
    And,
    Or,
    Xor,
    Shl,
    Shr,
    CopySign,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    /// Index arithmetic on int64 that is known not to overflow.
    IdxAdd,
    IdxSub,
    IdxMul,
    /// Floor division of an index by a positive constant or extent.
    IdxDiv,
    /// Remainder (never negative) of an index by a positive constant or extent.
    IdxMod,
}

impl BinOp {
    /// Whether the result is a bool.
    pub fn is_comparison(self) -> bool {
        matches!(self, BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge | BinOp::Eq | BinOp::Ne)
    }
}

/// A typed expression.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Expr {
    /// Its type.
    pub ty: Ty,
    /// What it is.
    pub kind: ExprKind,
}

/// What an expression is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ExprKind {
    /// A constant: integer value sign-extended, or float bits.
    Const(u64),
    /// A variable.
    Var(VarId),
    /// An element of a buffer, counted in reals.
    Load(BufId, Box<Expr>),
    /// One operand.
    Unary(UnOp, Box<Expr>),
    /// Two operands.
    Binary(BinOp, Box<Expr>, Box<Expr>),
    /// `c ? a : b`.
    Select(Box<Expr>, Box<Expr>, Box<Expr>),
    /// a * b + c rounded once.
    Fma(Box<Expr>, Box<Expr>, Box<Expr>),
    /// A seeded fault: `alt` while the switch has the value `id`, else `orig` (see [`mutate`]).
    Mutant {
        /// From 1.
        id: u32,
        /// The program as it is.
        orig: Box<Expr>,
        /// The program with the fault.
        alt: Box<Expr>,
        /// Only counts how often `alt` would be another value (see [`mutate::probes`]).
        probe: bool,
    },
}

/// A statement with the source it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    /// What.
    pub kind: StmtKind,
    /// Source.
    pub span: Option<Span>,
}

/// Which checked operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum CheckedOp {
    Add,
    Sub,
    Mul,
}

/// What a statement does.
#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    /// Declares a variable that never changes.
    Let(VarId, Expr),
    /// Declares a variable that changes.
    Mut(VarId, Expr),
    /// Assigns to a declared variable.
    Assign(VarId, Expr),
    /// Declares the int64 result of a checked operation; fails with [`OVERFLOW`].
    Checked(VarId, CheckedOp, Expr, Expr),
    /// Writes an element of a buffer, counted in reals.
    Store(BufId, Expr, Expr),
    /// Copies `len` reals between different buffers.
    Copy {
        /// Destination.
        dst: BufId,
        /// First real written.
        dst_at: Expr,
        /// Source.
        src: BufId,
        /// First real read.
        src_at: Expr,
        /// How many reals.
        len: Expr,
    },
    /// `for var = lo; var < hi (or >); var += step`, var int64 and constant in the body; the bounds are evaluated once.
    For {
        /// Index.
        var: VarId,
        /// First.
        lo: Expr,
        /// End.
        hi: Expr,
        /// Nonzero.
        step: i64,
        /// Body.
        body: Vec<Stmt>,
    },
    /// Runs `head`, leaves when `cond` is false, runs `body`, again.
    Loop {
        /// Computes the condition; its variables are visible in the body.
        head: Vec<Stmt>,
        /// Goes on while true.
        cond: Expr,
        /// Body.
        body: Vec<Stmt>,
    },
    /// Conditional.
    If {
        /// Condition.
        cond: Expr,
        /// When true.
        then: Vec<Stmt>,
        /// When false.
        otherwise: Vec<Stmt>,
    },
    /// Returns the status of that code.
    Fail(u32),
    /// Declares the results of a kernel call.
    Call {
        /// Variables declared.
        results: Vec<VarId>,
        /// Index into [`Program::kernels`].
        kernel: usize,
        /// Arguments: reals.
        args: Vec<Expr>,
    },
    /// Sets a scalar output (index into [`Entry::outs`]); once, at the end of an entry.
    SetOut(usize, Vec<Expr>),
}

/// A variable.
#[derive(Clone, Debug, PartialEq)]
pub struct VarData {
    /// Type.
    pub ty: Ty,
    /// Name of the source variable.
    pub name: Option<String>,
}

/// Where a buffer lives.
#[derive(Clone, Debug, PartialEq)]
pub enum BufKind {
    /// Array port of the entry.
    Port(usize),
    /// State field of the program.
    State(usize),
    /// Constant table of the program.
    Table(usize),
    /// Array on the stack of that many reals.
    Local(usize),
    /// Part of the caller's workspace of that many reals.
    Work(Dim),
}

/// A buffer.
#[derive(Clone, Debug, PartialEq)]
pub struct BufData {
    /// Type of the reals in it.
    pub ty: Ty,
    /// Where.
    pub kind: BufKind,
    /// Whether the function may write to it.
    pub writable: bool,
}

/// Variables, buffers and statements of a function.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Body {
    /// Variables.
    pub vars: Vec<VarData>,
    /// Buffers.
    pub bufs: Vec<BufData>,
    /// Statements.
    pub stmts: Vec<Stmt>,
}

/// A scalar function.
#[derive(Clone, Debug, PartialEq)]
pub struct Kernel {
    /// Identifier.
    pub name: String,
    /// Parameters: reals.
    pub params: Vec<VarId>,
    /// Body.
    pub body: Body,
    /// Results: reals.
    pub results: Vec<Expr>,
    /// Whether it can fail.
    pub fallible: bool,
    /// Source.
    pub span: Option<Span>,
}

/// Data direction of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Direction {
    In,
    Out,
    InOut,
}

/// A port of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Identifier, unique in the entry.
    pub name: String,
    /// Direction.
    pub direction: Direction,
    /// Element type.
    pub dtype: DType,
    /// Extents; for a data-dependent extent its upper bound. Only named lengths occur in them.
    pub shape: Vec<Dim>,
    /// Which extents are data-dependent.
    pub dynamic: Vec<bool>,
    /// Variables of a scalar input: one real, or re and im.
    pub vars: Vec<VarId>,
}

impl Port {
    /// Elements of the largest value, in terms of named lengths.
    pub fn capacity(&self) -> Dim {
        self.shape.iter().fold(Dim::from(1i64), |a, d| a.mul(d))
    }
    /// Whether it is a single value.
    pub fn is_scalar(&self) -> bool {
        self.shape.is_empty()
    }
    /// 2 for complex, else 1.
    pub fn parts(&self) -> usize {
        if self.dtype.is_complex() { 2 } else { 1 }
    }
}

/// A scalar that an entry gives back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Out {
    /// The value of a scalar output port.
    Value(usize),
    /// The run-time extent of an axis of an output port.
    Length(usize, usize),
}

/// A parameter of an entry's interface, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApiParam {
    /// A named length.
    Length(LengthId),
    /// A port.
    Port(usize),
    /// A run-time extent: index into [`Entry::outs`].
    Out(usize),
}

/// A public function.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Identifier.
    pub name: String,
    /// Ports.
    pub ports: Vec<Port>,
    /// Scalars given back.
    pub outs: Vec<Out>,
    /// Interface order.
    pub params: Vec<ApiParam>,
    /// Named lengths it takes, with the variable that holds each.
    pub lengths: Vec<(LengthId, VarId)>,
    /// Code.
    pub body: Body,
    /// Source.
    pub span: Option<Span>,
}

/// A constant table.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Identifier.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub shape: Vec<usize>,
    /// C-order little-endian elements.
    pub data: Vec<u8>,
    /// Source text it was computed from.
    pub provenance: String,
}

/// A value that survives from call to call.
#[derive(Clone, Debug, PartialEq)]
pub struct StateField {
    /// Identifier.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Extents; empty for a scalar.
    pub shape: Vec<usize>,
    /// Table that holds the initial value.
    pub init: usize,
}

impl StateField {
    /// Reals in it.
    pub fn reals(&self) -> usize {
        self.shape.iter().product::<usize>() * if self.dtype.is_complex() { 2 } else { 1 }
    }
}

/// Status code: done.
pub const OK: u32 = 0;
/// Status code: a named length is outside its limits.
pub const BAD_LENGTH: u32 = 1;
/// Status code: checked int64 arithmetic overflowed.
pub const OVERFLOW: u32 = 2;
/// First code of the faults.
pub const FIRST_FAULT: u32 = 3;
/// Largest named length accepted where the source sets no limit: products of two still fit int64.
pub const MAX_LENGTH: i64 = (1 << 31) - 1;

/// A status an entry can return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Number.
    pub code: u32,
    /// Upper snake case identifier without prefix.
    pub name: String,
    /// Python exception class, or empty.
    pub exception: String,
    /// Meaning.
    pub message: String,
}

/// A whole program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    /// Identifier: prefix of every public name.
    pub name: String,
    /// Named lengths; limits filled in.
    pub lengths: Vec<Length>,
    /// Constant tables.
    pub tables: Vec<Table>,
    /// Scalar functions; a kernel calls only kernels before it.
    pub kernels: Vec<Kernel>,
    /// State.
    pub state: Vec<StateField>,
    /// Public functions.
    pub entries: Vec<Entry>,
    /// Every status, in code order.
    pub statuses: Vec<Status>,
    /// Whether fused multiply-add occurs.
    pub fma: bool,
}

impl Program {
    /// Smallest and largest accepted value of a length.
    pub fn limits(&self, id: LengthId) -> (i64, i64) {
        let l = &self.lengths[id.0 as usize];
        (l.min.max(0), l.max.unwrap_or(MAX_LENGTH).min(MAX_LENGTH))
    }
    /// Takes out conditions, clamps, checks and loops that are decided by the ranges of integers.
    pub fn simplify(&mut self) {
        let (lengths, tables) = (self.lengths.clone(), std::mem::take(&mut self.tables));
        let limits = |id: LengthId| {
            let l = &lengths[id.0 as usize];
            (l.min.max(0), l.max.unwrap_or(MAX_LENGTH).min(MAX_LENGTH))
        };
        for i in 0..self.kernels.len() {
            let k = &mut self.kernels[i];
            range::simplify(&mut k.body, &mut k.results, &tables, &[], &|_| false);
            // what could fail may not any more
            let mut fails = false;
            let callees: Vec<bool> = self.kernels.iter().map(|k| k.fallible).collect();
            for s in &self.kernels[i].body.stmts {
                s.visit(&mut |s| {
                    fails |= match s.kind {
                        StmtKind::Fail(_) | StmtKind::Checked(..) => true,
                        StmtKind::Call { kernel, .. } => callees[kernel],
                        _ => false,
                    }
                });
            }
            self.kernels[i].fallible = fails;
        }
        for e in &mut self.entries {
            let known: Vec<(VarId, i64, i64)> = e
                .lengths
                .iter()
                .map(|(id, v)| {
                    let (lo, hi) = limits(*id);
                    (*v, lo, hi)
                })
                .collect();
            let ports = &e.ports;
            let out = |p: usize| ports[p].direction == Direction::Out;
            range::simplify(&mut e.body, &mut [], &tables, &known, &out);
        }
        self.tables = tables;
    }
    /// Calls `f` for every expression and statement list of every function.
    pub fn bodies(&self) -> impl Iterator<Item = &Body> {
        self.kernels.iter().map(|k| &k.body).chain(self.entries.iter().map(|e| &e.body))
    }
}

impl Expr {
    /// Calls `f` for this expression and every expression in it.
    pub fn visit(&self, f: &mut impl FnMut(&Expr)) {
        f(self);
        self.operands().into_iter().for_each(|e| e.visit(f));
    }
    /// The direct operands.
    pub fn operands(&self) -> Vec<&Expr> {
        match &self.kind {
            ExprKind::Const(_) | ExprKind::Var(_) => Vec::new(),
            ExprKind::Load(_, a) | ExprKind::Unary(_, a) => vec![a],
            ExprKind::Binary(_, a, b) | ExprKind::Mutant { orig: a, alt: b, .. } => vec![a, b],
            ExprKind::Select(a, b, c) | ExprKind::Fma(a, b, c) => vec![a, b, c],
        }
    }
    /// The direct operands, to be changed.
    pub fn operands_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            ExprKind::Const(_) | ExprKind::Var(_) => Vec::new(),
            ExprKind::Load(_, a) | ExprKind::Unary(_, a) => vec![a],
            ExprKind::Binary(_, a, b) | ExprKind::Mutant { orig: a, alt: b, .. } => vec![a, b],
            ExprKind::Select(a, b, c) | ExprKind::Fma(a, b, c) => vec![a, b, c],
        }
    }
}

impl Stmt {
    /// The statement's own expressions, not those of nested statements.
    pub fn exprs(&self) -> Vec<&Expr> {
        match &self.kind {
            StmtKind::Let(_, e) | StmtKind::Mut(_, e) | StmtKind::Assign(_, e) => vec![e],
            StmtKind::Checked(_, _, a, b) | StmtKind::Store(_, a, b) => vec![a, b],
            StmtKind::Copy { dst_at, src_at, len, .. } => vec![dst_at, src_at, len],
            StmtKind::For { lo, hi, .. } => vec![lo, hi],
            StmtKind::Loop { cond, .. } | StmtKind::If { cond, .. } => vec![cond],
            StmtKind::Fail(_) => Vec::new(),
            StmtKind::Call { args, .. } | StmtKind::SetOut(_, args) => args.iter().collect(),
        }
    }
    /// The statement's own expressions, to be changed.
    pub fn exprs_mut(&mut self) -> Vec<&mut Expr> {
        match &mut self.kind {
            StmtKind::Let(_, e) | StmtKind::Mut(_, e) | StmtKind::Assign(_, e) => vec![e],
            StmtKind::Checked(_, _, a, b) | StmtKind::Store(_, a, b) => vec![a, b],
            StmtKind::Copy { dst_at, src_at, len, .. } => vec![dst_at, src_at, len],
            StmtKind::For { lo, hi, .. } => vec![lo, hi],
            StmtKind::Loop { cond, .. } | StmtKind::If { cond, .. } => vec![cond],
            StmtKind::Fail(_) => Vec::new(),
            StmtKind::Call { args, .. } | StmtKind::SetOut(_, args) => args.iter_mut().collect(),
        }
    }
    /// Nested statement lists.
    pub fn blocks(&self) -> Vec<&Vec<Stmt>> {
        match &self.kind {
            StmtKind::For { body, .. } => vec![body],
            StmtKind::Loop { head, body, .. } => vec![head, body],
            StmtKind::If { then, otherwise, .. } => vec![then, otherwise],
            _ => Vec::new(),
        }
    }
    /// Nested statement lists, to be changed.
    pub fn blocks_mut(&mut self) -> Vec<&mut Vec<Stmt>> {
        match &mut self.kind {
            StmtKind::For { body, .. } => vec![body],
            StmtKind::Loop { head, body, .. } => vec![head, body],
            StmtKind::If { then, otherwise, .. } => vec![then, otherwise],
            _ => Vec::new(),
        }
    }
    /// Calls `f` for the statement and everything nested in it, outer first.
    pub fn visit(&self, f: &mut impl FnMut(&Stmt)) {
        f(self);
        for b in self.blocks() {
            b.iter().for_each(|s| s.visit(f));
        }
    }
}

impl Body {
    /// Calls `f` for every expression, operands included.
    pub fn visit_exprs(&self, f: &mut impl FnMut(&Expr)) {
        for s in &self.stmts {
            s.visit(&mut |s| s.exprs().into_iter().for_each(|e| e.visit(f)));
        }
    }
}
