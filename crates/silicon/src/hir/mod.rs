//! The HIR: typed SSA over tensors, with regions for control flow, and the state a translated object keeps
//! between calls passed in and out explicitly. Nothing in it is mutable: a store yields a new tensor, and
//! `lower` decides which buffers can be shared.
//!
//! *When is it evaluated?* Instructions of a region run in order, once per execution of the region. A region may use
//! every value defined before it in the enclosing regions. Values used in the dimensions of a type count as uses.

mod build;
mod check;
mod dim;
mod lex;
mod op;
mod parse;
mod text;
#[cfg(test)]
mod text_tests;

pub use build::Builder;
pub use check::{CheckError, Checked, check};
pub use dim::{Atom, Dim, LengthId};
pub use op::{Binary, Fault, Op, Reduction, Unary};
pub use parse::{ParseError, parse};

use crate::dtype::{DType, Scalar};
use proofmark_base::diagnostics::Span;
use std::collections::BTreeMap;

/// A value of one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub u32);
/// A constant table of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);
/// A scalar kernel function of the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FuncId(pub u32);

/// Element type and shape; a scalar has an empty shape.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Type {
    /// Element type.
    pub dtype: DType,
    /// Extents, outermost first. Storage order is C.
    pub shape: Vec<Dim>,
}

impl Type {
    /// A scalar.
    pub fn scalar(dtype: DType) -> Type {
        Type { dtype, shape: Vec::new() }
    }
    /// Number of axes.
    pub fn rank(&self) -> usize {
        self.shape.len()
    }
    /// Product of the extents.
    pub fn size(&self) -> Dim {
        self.shape.iter().fold(Dim::from(1i64), |acc, d| acc.mul(d))
    }
}

/// What is known of a value besides how it is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct ValueData {
    /// Its type.
    pub ty: Type,
    /// Source that it comes from.
    pub span: Option<Span>,
    /// Name of the source variable, for readable output.
    pub name: Option<String>,
    /// Whether code of the library makes it, whose order of operations no document states.
    pub library: bool,
}

/// One instruction.
#[derive(Clone, Debug, PartialEq)]
pub struct Inst {
    /// What to do.
    pub op: Op,
    /// Operands.
    pub args: Vec<ValueId>,
    /// Values defined.
    pub results: Vec<ValueId>,
    /// Source.
    pub span: Option<Span>,
}

/// A block of instructions with parameters and results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// Values bound on entry.
    pub params: Vec<ValueId>,
    /// Instructions in order.
    pub body: Vec<Inst>,
    /// Values yielded.
    pub results: Vec<ValueId>,
}

/// A function. Kernels take and return scalars only and are straight-line but for `If`/`For`/`While` on rare paths.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Func {
    /// Name: a C and Rust identifier.
    pub name: String,
    /// All values, indexed by [`ValueId`].
    pub values: Vec<ValueData>,
    /// Inclusive bounds of int64 scalars that occur in dimensions (or were proved otherwise useful), in terms of
    /// named lengths, constants and other bounded values.
    pub bounds: BTreeMap<ValueId, (Option<Dim>, Option<Dim>)>,
    /// Body; its params are the function's parameters, its results the function's results.
    pub body: Region,
}

/// A named length of the interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Length {
    /// Identifier, unique in the module.
    pub name: String,
    /// Smallest value accepted (at least 0).
    pub min: i64,
    /// Largest value accepted, if limited.
    pub max: Option<i64>,
}

/// A constant tensor.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Identifier, unique in the module.
    pub name: String,
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub shape: Vec<usize>,
    /// C-order little-endian elements.
    pub data: Vec<u8>,
    /// Where it comes from, as source text (`firwin(64, 0.1)`).
    pub provenance: String,
}

/// A value that survives from call to call.
#[derive(Clone, Debug, PartialEq)]
pub struct StateField {
    /// Identifier, unique in the module.
    pub name: String,
    /// Type; extents are constants.
    pub ty: Type,
    /// Value after `init`.
    pub init: TableId,
}

/// What a parameter of an entry is.
#[derive(Clone, Debug, PartialEq)]
pub enum ParamRole {
    /// The state field's value before the call.
    State(usize),
    /// An input port.
    Input(String),
}

/// What a result of an entry is.
#[derive(Clone, Debug, PartialEq)]
pub enum ResultRole {
    /// The state field's value after the call.
    State(usize),
    /// The input port's contents after the call (the source wrote into its argument). Only inputs that change are listed.
    Mutated(String),
    /// An output port.
    Output(String),
}

/// A function of the interface.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The function.
    pub func: Func,
    /// One role per function parameter.
    pub params: Vec<ParamRole>,
    /// One role per function result.
    pub results: Vec<ResultRole>,
}

/// A whole program.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// Identifier: prefix of every public name.
    pub name: String,
    /// Named lengths.
    pub lengths: Vec<Length>,
    /// Constant tables.
    pub tables: Vec<Table>,
    /// Scalar kernels; a kernel calls only kernels before it.
    pub kernels: Vec<Func>,
    /// State fields.
    pub state: Vec<StateField>,
    /// Public functions.
    pub entries: Vec<Entry>,
    /// Numeric option: fused multiply-add in FIR and reductions where the op allows it.
    pub fma: bool,
}

impl Func {
    /// Type of a value.
    pub fn ty(&self, v: ValueId) -> &Type {
        &self.values[v.0 as usize].ty
    }
    /// A new value.
    pub fn new_value(&mut self, ty: Type, span: Option<Span>) -> ValueId {
        self.values.push(ValueData { ty, span, name: None, library: false });
        ValueId(self.values.len() as u32 - 1)
    }
}

impl Inst {
    /// Regions nested in the instruction.
    pub fn regions(&self) -> Vec<&Region> {
        match &self.op {
            Op::For { body, .. } => vec![body],
            Op::While { cond, body } => vec![cond, body],
            Op::If { then, otherwise } => vec![then, otherwise],
            _ => Vec::new(),
        }
    }
    /// Regions nested in the instruction, to be changed.
    pub fn regions_mut(&mut self) -> Vec<&mut Region> {
        match &mut self.op {
            Op::For { body, .. } => vec![body],
            Op::While { cond, body } => vec![cond, body],
            Op::If { then, otherwise } => vec![then, otherwise],
            _ => Vec::new(),
        }
    }
    /// Calls `f` for every value used by the instruction itself: operands, an [`Op::Dim`] expression and the dimensions of
    /// its results. Nested regions are not entered; their yields and bodies are the caller's to visit.
    pub fn for_each_use(&self, func: &Func, f: &mut impl FnMut(ValueId)) {
        self.args.iter().for_each(|v| f(*v));
        if let Op::Dim(d) = &self.op {
            d.for_each_value(f);
        }
        for r in &self.results {
            func.ty(*r).shape.iter().for_each(|d| {
                d.for_each_value(&mut |v| {
                    // an extent that the instruction itself defines is not a use
                    if !self.results.contains(&v) {
                        f(v);
                    }
                })
            });
        }
    }
    /// The scalar constant the instruction defines, if it does.
    pub fn as_const(&self) -> Option<Scalar> {
        match &self.op {
            Op::Const(s) => Some(*s),
            _ => None,
        }
    }
}
