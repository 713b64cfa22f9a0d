//! The operations of the HIR. This enum is the whole core: everything else a program may call is defined by
//! decomposition into these (in `prelude/`), so the interpreter and every back end stay small.
//!
//! Conventions: `T` is any element type; every shape is the shape in the *result type*; every index operand is an
//! in-range int64 scalar (the front end emits [`Op::Check`] where it cannot prove it). All operations but `Check`
//! and trapping arithmetic are free of effects.

use super::{FuncId, Region, TableId};
use crate::dtype::Scalar;

/// One-operand elementwise operations. Operand and result have the same shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unary {
    /// Arithmetic negation; wraps for integers. Float: flips the sign bit. Complex: both parts.
    Neg,
    /// Absolute value of integers (wraps for the smallest) and floats (clears the sign bit). Not complex.
    Abs,
    /// Boolean not; bitwise complement for integers.
    Not,
    /// IEEE square root, correctly rounded (float only).
    Sqrt,
    /// Towards minus infinity (float only).
    Floor,
    /// Towards plus infinity (float only).
    Ceil,
    /// Towards zero (float only).
    Trunc,
    /// To nearest, ties to even (float only), sign of zero kept.
    Rint,
    /// float -> bool.
    IsNan,
    /// float -> bool.
    IsInf,
    /// float -> bool: the sign bit.
    SignBit,
    /// complex -> float.
    Real,
    /// complex -> float.
    Imag,
    /// Same bits, another type of the same size (float <-> integer); the result type says which.
    Bitcast,
    /// Conversion to the result's element type with NumPy `astype` rules: integers wrap; float to integer truncates
    /// (out of range and NaN give the smallest value of int32/int64, and for narrower and unsigned types, uint64
    /// included, the wrapped low bits of the int64 conversion); float to float rounds to nearest even; anything to
    /// bool is `!= 0` (complex: either part); real to complex adds +0 as imaginary part; complex to real drops it.
    Cast,
}

/// Two-operand elementwise operations. Operands have the same element type; shapes broadcast NumPy's way
/// (aligned right; a constant 1 or a missing axis stretches).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binary {
    /// Sum. Integers wrap. Complex by parts.
    Add,
    /// Difference. Integers wrap.
    Sub,
    /// Product. Integers wrap. Complex: (ar*br - ai*bi, ar*bi + ai*br), each operation rounded once.
    Mul,
    /// IEEE division (float only; complex division is a prelude kernel).
    Div,
    /// int64 sum that stops the program with the fault `OverflowError` when it does not fit (Python int).
    AddChecked,
    /// int64 difference, checked.
    SubChecked,
    /// int64 product, checked.
    MulChecked,
    /// Integer floor division; 0 where the divisor is 0 (NumPy's value); smallest / -1 wraps.
    FloorDiv,
    /// Integer remainder with the divisor's sign; 0 where the divisor is 0.
    FloorMod,
    /// C's `fmod` (float only): exact, sign of the dividend.
    Fmod,
    /// Smaller one; NaN if either is NaN (NumPy `minimum`), the first NaN; of -0.0 and +0.0 the first operand.
    /// Bool, integers, floats.
    Min,
    /// Larger one; NaN if either is NaN.
    Max,
    /// Bitwise or logical and (bool, integers).
    And,
    /// Bitwise or logical or.
    Or,
    /// Bitwise or logical exclusive or.
    Xor,
    /// Shift left; 0 when the count is >= the width; a negative count counts as >= the width.
    Shl,
    /// Arithmetic (signed) or logical (unsigned) shift right; counts >= width give 0 or -1; negative counts as >= width.
    Shr,
    /// Magnitude of the first, sign bit of the second (float).
    CopySign,
    /// Comparison -> bool. Floats by IEEE. Complex only Eq and Ne.
    Lt,
    /// Comparison -> bool.
    Le,
    /// Comparison -> bool.
    Gt,
    /// Comparison -> bool.
    Ge,
    /// Comparison -> bool.
    Eq,
    /// Comparison -> bool.
    Ne,
    /// Two floats -> complex.
    Complex,
}

/// Reductions. An empty reduction gives the neutral element where there is one (front end checks Min/Max non-empty).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reduction {
    /// Sum in the element type (integers wrap). Float and complex order, the *lane order*: elements are numbered in C
    /// order over the reduced axes; 16 partial sums p[j] (all starting at +0.0; -0.0 is not preserved) take elements
    /// j, j+16, j+32, ... in turn; then p[j] += p[j+8] (j<8), p[j] += p[j+4] (j<4), p[j] += p[j+2] (j<2), p[0] += p[1].
    /// Reductions of fewer than 16 elements, and all whose reduced extent is a constant below 16, are summed
    /// sequentially from the first element (start with it, not with 0).
    Sum,
    /// Product, sequential from the first element.
    Prod,
    /// As [`Binary::Min`], sequential.
    Min,
    /// As [`Binary::Max`], sequential.
    Max,
    /// Logical or (bool).
    Any,
    /// Logical and (bool).
    All,
}

/// A run-time fault of the source program, turned into a status of the generated API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Fault {
    /// Python exception class (`IndexError`, `ValueError`, `ZeroDivisionError`, `OverflowError`, ...), or
    /// `Unsupported` for input the translation does not cover.
    pub exception: String,
    /// What the report says.
    pub message: String,
}

/// An operation. Operand lists are written `(a, b, ...)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// `() -> scalar`
    Const(Scalar),
    /// `() -> tensor` from the module's constant tables.
    Table(TableId),
    /// `() -> int64`: the value of a symbolic dimension.
    Dim(super::Dim),
    /// `(x) -> same shape`
    Unary(Unary),
    /// `(a, b) -> broadcast shape`
    Binary(Binary),
    /// `(c: bool, a, b) -> broadcast shape`: a where c, else b. Both are evaluated.
    Select,
    /// `(x, ...) -> broadcast shape`: a scalar kernel function applied elementwise; one result for each of its results.
    Kernel(FuncId),
    /// `() -> int64[d]`: 0, 1, ..., d-1.
    Iota,
    /// `(x) -> wider shape` by NumPy's broadcasting rules.
    Broadcast,
    /// `(x)`: same elements in C order, another shape.
    Reshape,
    /// `(x)`: result axis k is operand axis `perm[k]`.
    Transpose(Vec<usize>),
    /// `(x, start_0, ..., start_{r-1})`: along axis k, element `start_k + j*steps[k]`.
    Slice {
        /// One nonzero step per axis.
        steps: Vec<i64>,
    },
    /// `(x, v, start_0, ...)`: x with the slice replaced by v (whose shape is the slice's).
    InsertSlice {
        /// One nonzero step per axis.
        steps: Vec<i64>,
    },
    /// `(x, i_0, ...) -> scalar`
    Extract,
    /// `(x, v, i_0, ...)`: x with one element replaced.
    Insert,
    /// `(x, idx: int64[any shape])`: along `axis`, elements by index; idx's axes stand where the axis stood.
    Gather {
        /// Axis of x.
        axis: usize,
    },
    /// `(x, idx: int64[k], v)`: x with `x[..., idx[j], ...] = v[..., j, ...]`, in order, the last write wins.
    Scatter {
        /// Axis of x.
        axis: usize,
    },
    /// `(mask: bool[n]) -> (count: int64, idx: int64[count])`: positions of the true elements, ascending.
    Compress,
    /// `(x, ...)` joined along an axis.
    Concat {
        /// Axis.
        axis: usize,
    },
    /// `(x)`: axes removed.
    Reduce {
        /// What.
        kind: Reduction,
        /// Sorted axes of x to reduce; at least one.
        axes: Vec<usize>,
    },
    /// `(x) -> int64`: index of the first extreme along the axis; a NaN counts as extreme (the first NaN wins). Not complex.
    ArgReduce {
        /// argmax or argmin.
        max: bool,
        /// Axis removed.
        axis: usize,
    },
    /// `(x)`: running Sum or Prod (only these) along the axis, sequential.
    Scan {
        /// Sum or Prod.
        kind: Reduction,
        /// Axis.
        axis: usize,
    },
    /// `(a: T[m,k], b: T[k,n]) -> T[m,n]`: each element summed over k sequentially, starting with the first product (0 when k = 0).
    MatMul,
    /// `(x)`: sorted ascending along the last axis as NumPy does: NaN last; complex lexicographic. Stable (seen with
    /// -0.0 and NaN payloads only).
    Sort,
    /// `(x) -> int64`: stable argsort along the last axis, same order as [`Op::Sort`].
    ArgSort,
    /// `(x: T[n], h: T[k], start: int64) -> T[count]`: y[m] = sum over j ascending of h[j] * v[start + m*down - j], where v is x
    /// with up-1 zeros after every element and is zero outside; terms with v = 0 by construction are skipped, the sum
    /// starts with +0. T float, complex, or integer (wraps). x complex with h real is allowed: h scales both parts.
    /// With `fma` each step is one fused multiply-add wherever h is float (for complex x: one for each part);
    /// complex h is never fused.
    Fir {
        /// Upsampling factor, positive.
        up: i64,
        /// Downsampling factor, positive.
        down: i64,
    },
    /// `(sos: R[s,6], x: T[n], zi: T[s,2]) -> (y: T[n], zf: T[s,2])`: cascade of biquads, direct form II transposed, a0 = 1:
    /// y = b0*x + z0; z0 = b1*x - a1*y + z1; z1 = b2*x - a2*y, evaluated left to right. T is R or the complex of R.
    Sosfilt,
    /// `(lo, hi, init...) -> carried...`: for i = lo; i < hi (or > for a negative step); i += step.
    /// Region params: i, carried...; results: carried...
    For {
        /// Nonzero.
        step: i64,
        /// Body.
        body: Region,
    },
    /// `(init...) -> carried...`. `cond` and `body` take carried...; `cond` yields one bool; `body` yields carried...
    While {
        /// Condition.
        cond: Region,
        /// Body.
        body: Region,
    },
    /// `(c: bool) -> results...`; the regions take no parameters and yield the results.
    If {
        /// Taken when true.
        then: Region,
        /// Taken when false.
        otherwise: Region,
    },
    /// `(c: bool)`: stops the program with the fault when false.
    Check(Fault),
}
