//! Elementwise operations. Each is defined once, as a function of elements handed to a visitor; the visitors make
//! the scalar form and the loop over tensors.

use super::cast::{Cast, cast};
use super::perturb::{Noise, Num, Rounding, each_num};
use super::tensor::{Cell, Complex, Data, Elem, Tensor, each_data, each_dtype};
use super::{Fault, internal};
use crate::dtype::DType;
use crate::hir::{Binary, Unary};

/// Scalar form of an operation on one operand.
pub(crate) type CellFn = Box<dyn Fn(Cell) -> Cell + Send + Sync>;
/// Scalar form of an operation on two operands.
pub(crate) type CellFn2 = Box<dyn Fn(Cell, Cell) -> Cell + Send + Sync>;

/// What to make of a one-operand operation.
pub(crate) trait Visit1: Copy {
    type Out;
    fn visit<A: Elem, B: Elem>(self, f: impl Fn(A) -> B + Copy + Send + Sync + 'static) -> Self::Out;
}
/// What to make of a two-operand operation.
pub(crate) trait Visit2: Copy {
    type Out;
    fn visit<A: Elem, B: Elem>(self, f: impl Fn(A, A) -> B + Copy + Send + Sync + 'static) -> Self::Out;
}

macro_rules! pick {
    ($d:expr, $T:ident, $e:expr, $($v:ident: $t:ty),*) => {
        match $d {
            $(DType::$v => Some({ type $T = $t; $e }),)*
            _ => None,
        }
    };
}
macro_rules! ints {
    ($d:expr, $T:ident, $e:expr) => {
        pick!($d, $T, $e, Int8: i8, Int16: i16, Int32: i32, Int64: i64, Uint8: u8, Uint16: u16, Uint32: u32, Uint64: u64)
    };
}
macro_rules! signed {
    ($d:expr, $T:ident, $e:expr) => {
        pick!($d, $T, $e, Int8: i8, Int16: i16, Int32: i32, Int64: i64)
    };
}
macro_rules! unsigned {
    ($d:expr, $T:ident, $e:expr) => {
        pick!($d, $T, $e, Uint8: u8, Uint16: u16, Uint32: u32, Uint64: u64)
    };
}
macro_rules! floats {
    ($d:expr, $T:ident, $e:expr) => {
        pick!($d, $T, $e, Float32: f32, Float64: f64)
    };
}
macro_rules! reals {
    ($d:expr, $T:ident, $e:expr) => {
        pick!($d, $T, $e, Bool: bool, Int8: i8, Int16: i16, Int32: i32, Int64: i64, Uint8: u8, Uint16: u16,
            Uint32: u32, Uint64: u64, Float32: f32, Float64: f64)
    };
}
/// Runs `$e` with `$F` bound to the part type of a complex type.
macro_rules! complexes {
    ($d:expr, $F:ident, $e:expr) => {
        pick!($d, $F, $e, Complex64: f32, Complex128: f64)
    };
}

/// Hands a one-operand operation to a visitor; `None` when it is not defined for the types.
pub(crate) fn unary<V: Visit1>(op: Unary, from: DType, to: DType, v: V) -> Option<V::Out> {
    let same = |ok: DType| ok == to;
    match op {
        Unary::Neg => ints!(from, T, v.visit(|a: T| a.wrapping_neg()))
            .or_else(|| floats!(from, T, v.visit(|a: T| -a)))
            .or_else(|| complexes!(from, F, v.visit(|a: Complex<F>| Complex { re: -a.re, im: -a.im })))
            .filter(|_| same(from)),
        Unary::Abs => signed!(from, T, v.visit(|a: T| a.wrapping_abs()))
            .or_else(|| unsigned!(from, T, v.visit(|a: T| a)))
            .or_else(|| floats!(from, T, v.visit(|a: T| a.abs())))
            .filter(|_| same(from)),
        Unary::Not => ints!(from, T, v.visit(|a: T| !a))
            .or_else(|| (from == DType::Bool).then(|| v.visit(|a: bool| !a)))
            .filter(|_| same(from)),
        Unary::Sqrt => floats!(from, T, v.visit(|a: T| a.sqrt())).filter(|_| same(from)),
        Unary::Floor => floats!(from, T, v.visit(|a: T| a.floor())).filter(|_| same(from)),
        Unary::Ceil => floats!(from, T, v.visit(|a: T| a.ceil())).filter(|_| same(from)),
        Unary::Trunc => floats!(from, T, v.visit(|a: T| a.trunc())).filter(|_| same(from)),
        Unary::Rint => floats!(from, T, v.visit(|a: T| a.round_ties_even())).filter(|_| same(from)),
        Unary::IsNan => floats!(from, T, v.visit(|a: T| a.is_nan())).filter(|_| same(DType::Bool)),
        Unary::IsInf => floats!(from, T, v.visit(|a: T| a.is_infinite())).filter(|_| same(DType::Bool)),
        Unary::SignBit => floats!(from, T, v.visit(|a: T| a.is_sign_negative())).filter(|_| same(DType::Bool)),
        Unary::Real => complexes!(from, F, v.visit(|a: Complex<F>| a.re)).filter(|_| same(from.real())),
        Unary::Imag => complexes!(from, F, v.visit(|a: Complex<F>| a.im)).filter(|_| same(from.real())),
        Unary::Bitcast if from.size() == to.size() => match (from, to) {
            (DType::Float32, DType::Int32) => Some(v.visit(|a: f32| a.to_bits() as i32)),
            (DType::Float32, DType::Uint32) => Some(v.visit(|a: f32| a.to_bits())),
            (DType::Float64, DType::Int64) => Some(v.visit(|a: f64| a.to_bits() as i64)),
            (DType::Float64, DType::Uint64) => Some(v.visit(|a: f64| a.to_bits())),
            (DType::Int32, DType::Float32) => Some(v.visit(|a: i32| f32::from_bits(a as u32))),
            (DType::Uint32, DType::Float32) => Some(v.visit(|a: u32| f32::from_bits(a))),
            (DType::Int64, DType::Float64) => Some(v.visit(|a: i64| f64::from_bits(a as u64))),
            (DType::Uint64, DType::Float64) => Some(v.visit(|a: u64| f64::from_bits(a))),
            _ => None,
        },
        Unary::Bitcast => None,
        Unary::Cast => Some(each_dtype!(from, A => cast_to::<A, V>(to, v))),
    }
}

fn cast_to<A: Cast, V: Visit1>(to: DType, v: V) -> V::Out {
    each_dtype!(to, B => v.visit(|a: A| cast::<A, B>(a)))
}

/// NumPy's `minimum`: NaN wins, the first of equals.
macro_rules! extreme {
    ($d:expr, $v:expr, $cmp:tt) => {
        reals!($d, T, $v.visit(|a: T, b: T| if a != a { a } else if b != b || b $cmp a { b } else { a }))
    };
}

/// Hands a two-operand operation to a visitor; `None` when it is not defined for the type (checked arithmetic
/// included, see [`checked`]).
pub(crate) fn binary<V: Visit2>(op: Binary, d: DType, v: V) -> Option<V::Out> {
    match op {
        Binary::Add => arith(ArithOp::Add, d, v),
        Binary::Sub => arith(ArithOp::Sub, d, v),
        Binary::Mul => arith(ArithOp::Mul, d, v),
        Binary::Div => floats!(d, T, v.visit(|a: T, b: T| a / b)),
        Binary::AddChecked | Binary::SubChecked | Binary::MulChecked => None,
        Binary::FloorDiv => signed!(
            d,
            T,
            v.visit(|a: T, b: T| {
                if b == 0 {
                    return 0;
                }
                let (q, r) = (a.wrapping_div(b), a.wrapping_rem(b));
                if r != 0 && (r < 0) != (b < 0) { q.wrapping_sub(1) } else { q }
            })
        )
        .or_else(|| unsigned!(d, T, v.visit(|a: T, b: T| a.checked_div(b).unwrap_or(0)))),
        Binary::FloorMod => signed!(
            d,
            T,
            v.visit(|a: T, b: T| {
                if b == 0 {
                    return 0;
                }
                let r = a.wrapping_rem(b);
                if r != 0 && (r < 0) != (b < 0) { r.wrapping_add(b) } else { r }
            })
        )
        .or_else(|| unsigned!(d, T, v.visit(|a: T, b: T| a.checked_rem(b).unwrap_or(0)))),
        Binary::Fmod => floats!(d, T, v.visit(|a: T, b: T| a % b)),
        Binary::Min => extreme!(d, v, <),
        Binary::Max => extreme!(d, v, >),
        Binary::And => ints!(d, T, v.visit(|a: T, b: T| a & b))
            .or_else(|| (d == DType::Bool).then(|| v.visit(|a: bool, b: bool| a & b))),
        Binary::Or => ints!(d, T, v.visit(|a: T, b: T| a | b))
            .or_else(|| (d == DType::Bool).then(|| v.visit(|a: bool, b: bool| a | b))),
        Binary::Xor => ints!(d, T, v.visit(|a: T, b: T| a ^ b))
            .or_else(|| (d == DType::Bool).then(|| v.visit(|a: bool, b: bool| a ^ b))),
        Binary::Shl => ints!(d, T, v.visit(|a: T, b: T| shift(b, T::BITS).map_or(0, |n| a << n))),
        Binary::Shr => signed!(d, T, v.visit(|a: T, b: T| a >> shift(b, T::BITS).unwrap_or(T::BITS - 1)))
            .or_else(|| unsigned!(d, T, v.visit(|a: T, b: T| shift(b, T::BITS).map_or(0, |n| a >> n)))),
        Binary::CopySign => floats!(d, T, v.visit(|a: T, b: T| a.copysign(b))),
        Binary::Lt => reals!(d, T, v.visit(|a: T, b: T| a.lt(&b))),
        Binary::Le => reals!(d, T, v.visit(|a: T, b: T| a.le(&b))),
        Binary::Gt => reals!(d, T, v.visit(|a: T, b: T| a.gt(&b))),
        Binary::Ge => reals!(d, T, v.visit(|a: T, b: T| a.ge(&b))),
        Binary::Eq => Some(each_dtype!(d, T => v.visit(|a: T, b: T| a == b))),
        Binary::Ne => Some(each_dtype!(d, T => v.visit(|a: T, b: T| a != b))),
        Binary::Complex => floats!(d, T, v.visit(|re: T, im: T| Complex { re, im })),
    }
}

/// A shift count below the width.
#[inline]
fn shift<T: TryInto<u32>>(count: T, bits: u32) -> Option<u32> {
    count.try_into().ok().filter(|n| *n < bits)
}

#[derive(Clone, Copy)]
enum ArithOp {
    Add,
    Sub,
    Mul,
}
fn arith<V: Visit2>(op: ArithOp, d: DType, v: V) -> Option<V::Out> {
    use super::perturb::Nearest;
    each_num!(d, T => match op {
        ArithOp::Add => v.visit(|a: T, b: T| T::add(&mut Nearest, a, b)),
        ArithOp::Sub => v.visit(|a: T, b: T| T::sub(&mut Nearest, a, b)),
        ArithOp::Mul => v.visit(|a: T, b: T| T::mul(&mut Nearest, a, b)),
    })
}

/// The type of the result of a two-operand operation.
pub(crate) fn binary_result(op: Binary, d: DType) -> DType {
    match op {
        Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge | Binary::Eq | Binary::Ne => DType::Bool,
        Binary::Complex => d.complex(),
        _ => d,
    }
}

/// Checked int64 arithmetic.
pub(crate) fn checked(op: Binary, a: i64, b: i64) -> Option<i64> {
    match op {
        Binary::AddChecked => a.checked_add(b),
        Binary::SubChecked => a.checked_sub(b),
        _ => a.checked_mul(b),
    }
}

/// Makes the scalar form.
#[derive(Clone, Copy)]
pub(crate) struct ToCell;
impl Visit1 for ToCell {
    type Out = CellFn;
    fn visit<A: Elem, B: Elem>(self, f: impl Fn(A) -> B + Copy + Send + Sync + 'static) -> CellFn {
        Box::new(move |a| f(A::from_cell(a)).cell())
    }
}
impl Visit2 for ToCell {
    type Out = CellFn2;
    fn visit<A: Elem, B: Elem>(self, f: impl Fn(A, A) -> B + Copy + Send + Sync + 'static) -> CellFn2 {
        Box::new(move |a, b| f(A::from_cell(a), A::from_cell(b)).cell())
    }
}

/// Only asks whether the operation is defined.
#[derive(Clone, Copy)]
struct Defined;
impl Visit1 for Defined {
    type Out = ();
    fn visit<A: Elem, B: Elem>(self, _: impl Fn(A) -> B + Copy + Send + Sync + 'static) {}
}
impl Visit2 for Defined {
    type Out = ();
    fn visit<A: Elem, B: Elem>(self, _: impl Fn(A, A) -> B + Copy + Send + Sync + 'static) {}
}
/// Whether a one-operand operation exists between the types.
pub(crate) fn unary_defined(op: Unary, from: DType, to: DType) -> bool {
    unary(op, from, to, Defined).is_some()
}
/// Whether a two-operand operation exists for the type.
pub(crate) fn binary_defined(op: Binary, d: DType) -> bool {
    match op {
        Binary::AddChecked | Binary::SubChecked | Binary::MulChecked => d == DType::Int64,
        _ => binary(op, d, Defined).is_some(),
    }
}

#[derive(Clone, Copy)]
struct Map<'t>(&'t Tensor);
impl Visit1 for Map<'_> {
    type Out = Result<Tensor, Fault>;
    fn visit<A: Elem, B: Elem>(self, f: impl Fn(A) -> B + Copy + Send + Sync + 'static) -> Self::Out {
        Ok(Tensor::new(self.0.shape.clone(), self.0.slice::<A>()?.iter().map(|a| f(*a)).collect()))
    }
}

#[derive(Clone, Copy)]
struct Zip<'t> {
    a: &'t Tensor,
    b: &'t Tensor,
    shape: &'t [usize],
}
impl Visit2 for Zip<'_> {
    type Out = Result<Tensor, Fault>;
    fn visit<A: Elem, B: Elem>(self, f: impl Fn(A, A) -> B + Copy + Send + Sync + 'static) -> Self::Out {
        let (a, b) = (self.a.slice::<A>()?, self.b.slice::<A>()?);
        let n = self.shape.iter().product::<usize>();
        let v: Vec<B> = match (a.len() == n, b.len() == n) {
            (true, true) => a.iter().zip(b).map(|(x, y)| f(*x, *y)).collect(),
            (true, false) => {
                let y = b[0];
                a.iter().map(|x| f(*x, y)).collect()
            }
            _ => {
                let x = a[0];
                b.iter().map(|y| f(x, *y)).collect()
            }
        };
        Ok(Tensor::new(self.shape.to_vec(), v))
    }
}

/// NumPy's broadcast of two shapes.
pub(crate) fn broadcast_shapes(a: &[usize], b: &[usize]) -> Result<Vec<usize>, Fault> {
    let rank = a.len().max(b.len());
    let at = |s: &[usize], k: usize| if k + s.len() < rank { 1 } else { s[k + s.len() - rank] };
    (0..rank)
        .map(|k| match (at(a, k), at(b, k)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            (x, y) => Err(internal(format!("axes of {x} and {y} elements do not broadcast"))),
        })
        .collect()
}

/// Elements as the loops take them: of the result's shape, or one for all.
pub(crate) fn stretched(t: &Tensor, shape: &[usize]) -> Result<Tensor, Fault> {
    if t.shape == shape || (t.len() == 1 && shape.iter().all(|d| *d > 0)) {
        return Ok(t.clone());
    }
    super::index::broadcast(t, shape)
}

/// A one-operand operation on a tensor.
pub(crate) fn unary_tensor(op: Unary, a: &Tensor, to: DType, noise: Option<&mut Noise>) -> Result<Tensor, Fault> {
    let undefined = || internal(format!("{op:?} is not defined from {} to {to}", a.dtype));
    if let Some(noise) = noise
        && rounds_unary(op, a.dtype, to)
    {
        let exact = unary(op, a.dtype, to, ToCell).ok_or_else(undefined)?;
        let cells = (0..a.len()).filter_map(|i| a.cell_at(i));
        let out = cells.map(|c| rounded_unary(op, a.dtype, to, c, exact(c), noise)).collect();
        return Ok(from_cells(to, a.shape.clone(), out));
    }
    unary(op, a.dtype, to, Map(a)).ok_or_else(undefined)?
}

/// A two-operand operation on tensors, broadcasting.
pub(crate) fn binary_tensor(op: Binary, a: &Tensor, b: &Tensor, noise: Option<&mut Noise>) -> Result<Tensor, Fault> {
    if a.dtype != b.dtype {
        return Err(internal(format!("{op:?} of {} and {}", a.dtype, b.dtype)));
    }
    let shape = broadcast_shapes(&a.shape, &b.shape)?;
    let (a, b) = (stretched(a, &shape)?, stretched(b, &shape)?);
    if matches!(op, Binary::AddChecked | Binary::SubChecked | Binary::MulChecked) {
        let (x, y) = (a.slice::<i64>()?, b.slice::<i64>()?);
        let n = shape.iter().product::<usize>();
        let v = (0..n)
            .map(|i| checked(op, x[if x.len() == n { i } else { 0 }], y[if y.len() == n { i } else { 0 }]))
            .collect::<Option<Vec<i64>>>()
            .ok_or_else(overflow)?;
        return Ok(Tensor::new(shape, v));
    }
    if let Some(noise) = noise
        && rounds_binary(op, a.dtype)
    {
        let n = shape.iter().product::<usize>();
        let at = |t: &Tensor, i: usize| t.cell_at(if t.len() == n { i } else { 0 }).unwrap_or_default();
        let out = (0..n).map(|i| rounded_binary(op, a.dtype, at(&a, i), at(&b, i), noise)).collect();
        return Ok(from_cells(a.dtype, shape, out));
    }
    binary(op, a.dtype, Zip { a: &a, b: &b, shape: &shape })
        .ok_or_else(|| internal(format!("{op:?} is not defined for {}", a.dtype)))?
}

/// `(c, a, b)`: a where c, else b.
pub(crate) fn select(c: &Tensor, a: &Tensor, b: &Tensor) -> Result<Tensor, Fault> {
    if a.dtype != b.dtype {
        return Err(internal(format!("select of {} and {}", a.dtype, b.dtype)));
    }
    let shape = broadcast_shapes(&c.shape, &broadcast_shapes(&a.shape, &b.shape)?)?;
    let (c, a, b) = (stretched(c, &shape)?, stretched(a, &shape)?, stretched(b, &shape)?);
    let n = shape.iter().product::<usize>();
    let mask = c.slice::<bool>()?;
    each_data!(&a.data, x => {
        let y = pair(x, &b)?;
        let v = (0..n).map(|i| {
            let from = if mask[if mask.len() == n { i } else { 0 }] { &x[..] } else { y };
            from[if from.len() == n { i } else { 0 }]
        });
        Ok(Tensor::new(shape.clone(), v.collect()))
    })
}

/// The elements of `b`, which has the element type of `_like`.
fn pair<'b, T: Elem>(_like: &[T], b: &'b Tensor) -> Result<&'b [T], Fault> {
    b.slice::<T>()
}

pub(crate) fn overflow() -> Fault {
    Fault { exception: "OverflowError".into(), message: "an integer result does not fit in 64 bits".into() }
}

pub(crate) fn from_cells(dtype: DType, shape: Vec<usize>, cells: Vec<Cell>) -> Tensor {
    each_dtype!(dtype, T => Tensor::new(shape, cells.into_iter().map(T::from_cell).collect()))
}

/// Whether perturbation applies to the operation.
pub(crate) fn rounds_binary(op: Binary, d: DType) -> bool {
    (d.is_float() && matches!(op, Binary::Add | Binary::Sub | Binary::Mul | Binary::Div))
        || (d.is_complex() && matches!(op, Binary::Add | Binary::Sub | Binary::Mul))
}

/// Whether perturbation applies to the operation.
pub(crate) fn rounds_unary(op: Unary, from: DType, to: DType) -> bool {
    match op {
        Unary::Sqrt => true,
        Unary::Cast if to.is_float() || to.is_complex() => match from {
            DType::Bool => false,
            f if f.is_integer() => f.bits() > if to.real() == DType::Float32 { 24 } else { 53 },
            f => f.real() == DType::Float64 && to.real() == DType::Float32,
        },
        _ => false,
    }
}

/// One perturbed result.
pub(crate) fn rounded_binary(op: Binary, d: DType, a: Cell, b: Cell, noise: &mut Noise) -> Cell {
    let div = |noise: &mut Noise| match d {
        DType::Float32 => noise.div(f32::from_cell(a), f32::from_cell(b)).cell(),
        _ => noise.div(f64::from_cell(a), f64::from_cell(b)).cell(),
    };
    fn go<T: Num>(op: Binary, a: Cell, b: Cell, r: &mut impl Rounding) -> Cell {
        let (a, b) = (T::from_cell(a), T::from_cell(b));
        match op {
            Binary::Add => T::add(r, a, b),
            Binary::Sub => T::sub(r, a, b),
            _ => T::mul(r, a, b),
        }
        .cell()
    }
    if op == Binary::Div {
        return div(noise);
    }
    each_num!(d, T => go::<T>(op, a, b, noise)).unwrap_or_default()
}

/// One perturbed result, given the operand and the unperturbed one.
pub(crate) fn rounded_unary(op: Unary, from: DType, to: DType, a: Cell, nearest: Cell, noise: &mut Noise) -> Cell {
    if op == Unary::Sqrt {
        return match from {
            DType::Float32 => noise.sqrt(f32::from_cell(a)).cell(),
            _ => noise.sqrt(f64::from_cell(a)).cell(),
        };
    }
    // a cast that can round: exact when the value survives the way back
    let part = |source: u64, result: u64, noise: &mut Noise| -> u64 {
        let value =
            if to.real() == DType::Float32 { f64::from(f32::from_bits(result as u32)) } else { f64::from_bits(result) };
        let exact = match from {
            f if f.is_signed() => value as i128 == i128::from(source as i64),
            f if f.is_unsigned() => value as i128 == i128::from(source),
            _ => value == f64::from_bits(source),
        };
        match to.real() {
            DType::Float32 => noise.round(f32::from_bits(result as u32), exact).cell().re,
            _ => noise.round(f64::from_bits(result), exact).cell().re,
        }
    };
    let re = part(a.re, nearest.re, noise);
    let im = if from.is_complex() && to.is_complex() { part(a.im, nearest.im, noise) } else { nearest.im };
    Cell { re, im }
}
