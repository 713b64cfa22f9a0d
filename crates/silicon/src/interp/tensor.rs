//! Tensor values: typed element vectors behind a reference count, so that a copy is cheap and an unshared value can
//! be changed in place.

use super::{Fault, internal};
use crate::dtype::{DType, Scalar};
use std::sync::Arc;

/// A complex number; arithmetic on it is spelled out where it is used, since its order of roundings matters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex<F> {
    /// Real part.
    pub re: F,
    /// Imaginary part.
    pub im: F,
}

/// A scalar of any type in the layout of [`Scalar`]: sign-extended integer, bool, or bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) re: u64,
    pub(crate) im: u64,
}

impl From<Scalar> for Cell {
    fn from(s: Scalar) -> Cell {
        Cell { re: s.re, im: s.im }
    }
}

/// A Rust type that holds one element.
pub(crate) trait Elem: Copy + Default + PartialEq + std::fmt::Debug + Send + Sync + 'static {
    const DTYPE: DType;
    fn wrap(v: Arc<Vec<Self>>) -> Data;
    fn of(d: &Data) -> Option<&Arc<Vec<Self>>>;
    fn of_mut(d: &mut Data) -> Option<&mut Arc<Vec<Self>>>;
    fn cell(self) -> Cell;
    fn from_cell(c: Cell) -> Self;
    fn read(bytes: &[u8]) -> Self;
    fn write(self, out: &mut Vec<u8>);
}

/// Elements in C order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    Bool(Arc<Vec<bool>>),
    Int8(Arc<Vec<i8>>),
    Int16(Arc<Vec<i16>>),
    Int32(Arc<Vec<i32>>),
    Int64(Arc<Vec<i64>>),
    Uint8(Arc<Vec<u8>>),
    Uint16(Arc<Vec<u16>>),
    Uint32(Arc<Vec<u32>>),
    Uint64(Arc<Vec<u64>>),
    Float32(Arc<Vec<f32>>),
    Float64(Arc<Vec<f64>>),
    Complex64(Arc<Vec<Complex<f32>>>),
    Complex128(Arc<Vec<Complex<f64>>>),
}

macro_rules! elem {
    ($t:ty, $v:ident, $cell:expr, $from:expr, $read:expr, $write:expr) => {
        impl Elem for $t {
            const DTYPE: DType = DType::$v;
            fn wrap(v: Arc<Vec<Self>>) -> Data {
                Data::$v(v)
            }
            #[inline]
            fn of(d: &Data) -> Option<&Arc<Vec<Self>>> {
                if let Data::$v(v) = d { Some(v) } else { None }
            }
            #[inline]
            fn of_mut(d: &mut Data) -> Option<&mut Arc<Vec<Self>>> {
                if let Data::$v(v) = d { Some(v) } else { None }
            }
            #[inline]
            fn cell(self) -> Cell {
                let f: fn(Self) -> Cell = $cell;
                f(self)
            }
            #[inline]
            fn from_cell(c: Cell) -> Self {
                let f: fn(Cell) -> Self = $from;
                f(c)
            }
            fn read(bytes: &[u8]) -> Self {
                let f: fn(&[u8]) -> Self = $read;
                f(bytes)
            }
            fn write(self, out: &mut Vec<u8>) {
                let f: fn(Self, &mut Vec<u8>) = $write;
                f(self, out)
            }
        }
    };
}

/// The first `N` bytes; elements are read from chunks of exactly their size.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes).for_each(|(o, b)| *o = *b);
    out
}

macro_rules! int_elem {
    ($t:ty, $v:ident) => {
        elem!($t, $v, |x| Cell { re: x as u64, im: 0 }, |c| c.re as $t, |b| <$t>::from_le_bytes(fixed(b)), |x, out| {
            out.extend_from_slice(&x.to_le_bytes())
        });
    };
}
elem!(bool, Bool, |x| Cell { re: u64::from(x), im: 0 }, |c| c.re != 0, |b| b[0] != 0, |x, out| out.push(u8::from(x)));
int_elem!(i8, Int8);
int_elem!(i16, Int16);
int_elem!(i32, Int32);
int_elem!(i64, Int64);
int_elem!(u8, Uint8);
int_elem!(u16, Uint16);
int_elem!(u32, Uint32);
int_elem!(u64, Uint64);
elem!(
    f32,
    Float32,
    |x| Cell { re: u64::from(x.to_bits()), im: 0 },
    |c| f32::from_bits(c.re as u32),
    |b| f32::from_le_bytes(fixed(b)),
    |x, out| out.extend_from_slice(&x.to_le_bytes())
);
elem!(
    f64,
    Float64,
    |x| Cell { re: x.to_bits(), im: 0 },
    |c| f64::from_bits(c.re),
    |b| f64::from_le_bytes(fixed(b)),
    |x, out| out.extend_from_slice(&x.to_le_bytes())
);
elem!(
    Complex<f32>,
    Complex64,
    |x| Cell { re: u64::from(x.re.to_bits()), im: u64::from(x.im.to_bits()) },
    |c| Complex { re: f32::from_bits(c.re as u32), im: f32::from_bits(c.im as u32) },
    |b| Complex { re: f32::read(b), im: f32::read(&b[4..]) },
    |x, out| {
        x.re.write(out);
        x.im.write(out);
    }
);
elem!(
    Complex<f64>,
    Complex128,
    |x| Cell { re: x.re.to_bits(), im: x.im.to_bits() },
    |c| Complex { re: f64::from_bits(c.re), im: f64::from_bits(c.im) },
    |b| Complex { re: f64::read(b), im: f64::read(&b[8..]) },
    |x, out| {
        x.re.write(out);
        x.im.write(out);
    }
);

/// Runs an expression with `$T` bound to the element type.
macro_rules! each_dtype {
    ($d:expr, $T:ident => $e:expr) => {
        match $d {
            DType::Bool => {
                type $T = bool;
                $e
            }
            DType::Int8 => {
                type $T = i8;
                $e
            }
            DType::Int16 => {
                type $T = i16;
                $e
            }
            DType::Int32 => {
                type $T = i32;
                $e
            }
            DType::Int64 => {
                type $T = i64;
                $e
            }
            DType::Uint8 => {
                type $T = u8;
                $e
            }
            DType::Uint16 => {
                type $T = u16;
                $e
            }
            DType::Uint32 => {
                type $T = u32;
                $e
            }
            DType::Uint64 => {
                type $T = u64;
                $e
            }
            DType::Float32 => {
                type $T = f32;
                $e
            }
            DType::Float64 => {
                type $T = f64;
                $e
            }
            DType::Complex64 => {
                type $T = $crate::interp::tensor::Complex<f32>;
                $e
            }
            DType::Complex128 => {
                type $T = $crate::interp::tensor::Complex<f64>;
                $e
            }
        }
    };
}
/// Runs an expression with `$v` bound to the typed element vector.
macro_rules! each_data {
    ($d:expr, $v:ident => $e:expr) => {
        match $d {
            Data::Bool($v) => $e,
            Data::Int8($v) => $e,
            Data::Int16($v) => $e,
            Data::Int32($v) => $e,
            Data::Int64($v) => $e,
            Data::Uint8($v) => $e,
            Data::Uint16($v) => $e,
            Data::Uint32($v) => $e,
            Data::Uint64($v) => $e,
            Data::Float32($v) => $e,
            Data::Float64($v) => $e,
            Data::Complex64($v) => $e,
            Data::Complex128($v) => $e,
        }
    };
}
pub(crate) use {each_data, each_dtype};

/// A dense array of one element type in C order. Cloning copies no elements.
///
/// Equality compares values the IEEE way (NaN differs from itself); see [`Tensor::same_bits`].
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Element type.
    pub dtype: DType,
    /// Extents, outermost first; empty for a scalar.
    pub shape: Vec<usize>,
    pub(crate) data: Data,
}

/// Element type, extents and the bytes of [`Tensor::to_le_bytes`]: every bit comes back.
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    dtype: DType,
    shape: Vec<usize>,
    data: crate::oracle::Bytes,
}

impl serde::Serialize for Tensor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let data = crate::oracle::Bytes(self.to_le_bytes());
        Stored { dtype: self.dtype, shape: self.shape.clone(), data }.serialize(serializer)
    }
}

impl<'de> serde::Deserialize<'de> for Tensor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let s = Stored::deserialize(deserializer)?;
        let made = Tensor::from_le_bytes(s.dtype, &s.shape, &s.data.0);
        made.ok_or_else(|| serde::de::Error::custom("the number of elements is not the product of the extents"))
    }
}

impl Tensor {
    pub(crate) fn new<T: Elem>(shape: Vec<usize>, v: Vec<T>) -> Tensor {
        debug_assert_eq!(shape.iter().product::<usize>(), v.len());
        Tensor { dtype: T::DTYPE, shape, data: T::wrap(Arc::new(v)) }
    }
    pub(crate) fn from_cell(dtype: DType, c: Cell) -> Tensor {
        each_dtype!(dtype, T => Tensor::new(Vec::new(), vec![T::from_cell(c)]))
    }
    /// A scalar.
    pub fn scalar(s: Scalar) -> Tensor {
        Tensor::from_cell(s.dtype, Cell::from(s))
    }
    /// From little-endian elements in C order; `None` when their number is not the product of the extents.
    pub fn from_le_bytes(dtype: DType, shape: &[usize], bytes: &[u8]) -> Option<Tensor> {
        let count = shape.iter().try_fold(1usize, |a, d| a.checked_mul(*d))?;
        if count.checked_mul(dtype.size())? != bytes.len() {
            return None;
        }
        Some(each_dtype!(dtype, T => {
            Tensor::new(shape.to_vec(), bytes.chunks_exact(dtype.size()).map(T::read).collect::<Vec<T>>())
        }))
    }
    /// Little-endian elements in C order.
    pub fn to_le_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.len() * self.dtype.size());
        each_data!(&self.data, v => v.iter().for_each(|x| x.write(&mut out)));
        out
    }
    /// A float64 array.
    pub fn from_f64(shape: &[usize], v: Vec<f64>) -> Option<Tensor> {
        (shape.iter().product::<usize>() == v.len()).then(|| Tensor::new(shape.to_vec(), v))
    }
    /// An int64 array.
    pub fn from_i64(shape: &[usize], v: Vec<i64>) -> Option<Tensor> {
        (shape.iter().product::<usize>() == v.len()).then(|| Tensor::new(shape.to_vec(), v))
    }
    /// The elements of a float64 array.
    pub fn as_f64(&self) -> Option<&[f64]> {
        f64::of(&self.data).map(|v| v.as_slice())
    }
    /// The elements of an int64 array.
    pub fn as_i64(&self) -> Option<&[i64]> {
        i64::of(&self.data).map(|v| v.as_slice())
    }
    /// Number of elements.
    pub fn len(&self) -> usize {
        each_data!(&self.data, v => v.len())
    }
    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Element by position in C order.
    pub fn get(&self, index: usize) -> Option<Scalar> {
        let c = self.cell_at(index)?;
        Some(Scalar { dtype: self.dtype, re: c.re, im: c.im })
    }
    /// Same type, extents and bits (NaN equals itself, -0.0 differs from 0.0).
    pub fn same_bits(&self, other: &Tensor) -> bool {
        self.dtype == other.dtype
            && self.shape == other.shape
            && (0..self.len()).all(|i| self.cell_at(i) == other.cell_at(i))
    }
    #[inline]
    pub(crate) fn cell_at(&self, index: usize) -> Option<Cell> {
        each_data!(&self.data, v => v.get(index).map(|x| x.cell()))
    }
    /// Replaces one element, in place when nothing else shares the elements.
    #[inline]
    pub(crate) fn set_cell(&mut self, index: usize, c: Cell) {
        fn set<T: Elem>(v: &mut Arc<Vec<T>>, index: usize, c: Cell) {
            Arc::make_mut(v)[index] = T::from_cell(c);
        }
        each_data!(&mut self.data, v => set(v, index, c));
    }
    /// The elements, when they are of type `T`.
    pub(crate) fn slice<T: Elem>(&self) -> Result<&[T], Fault> {
        T::of(&self.data)
            .map(|v| v.as_slice())
            .ok_or_else(|| internal(format!("expected {}, found {}", T::DTYPE, self.dtype)))
    }
    /// The elements to be changed; copies them first when they are shared.
    pub(crate) fn slice_mut<T: Elem>(&mut self) -> Result<&mut [T], Fault> {
        let dtype = self.dtype;
        T::of_mut(&mut self.data)
            .map(|v| Arc::make_mut(v).as_mut_slice())
            .ok_or_else(|| internal(format!("expected {}, found {dtype}", T::DTYPE)))
    }
    /// The one element of an int64 scalar.
    pub(crate) fn int(&self) -> Result<i64, Fault> {
        self.slice::<i64>()?.first().copied().ok_or_else(|| internal("expected an int64 scalar"))
    }
}

/// Position of the element with these indices in C order; a fault of the compiler if one is out of range.
pub(crate) fn offset(shape: &[usize], index: impl Iterator<Item = i64>) -> Result<usize, Fault> {
    let mut at = 0;
    for (d, i) in shape.iter().zip(index) {
        if i < 0 || i as u64 >= *d as u64 {
            return Err(internal(format!("index {i} is outside an axis of {d}")));
        }
        at = at * d + i as usize;
    }
    Ok(at)
}
