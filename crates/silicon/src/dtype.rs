//! Element types, by NumPy's own names, and scalar constants of them.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A NumPy element type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names say it")]
pub enum DType {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
    Complex64,
    Complex128,
}

impl DType {
    /// Every element type, in promotion-table order.
    pub const ALL: [DType; 13] = [
        DType::Bool,
        DType::Int8,
        DType::Int16,
        DType::Int32,
        DType::Int64,
        DType::Uint8,
        DType::Uint16,
        DType::Uint32,
        DType::Uint64,
        DType::Float32,
        DType::Float64,
        DType::Complex64,
        DType::Complex128,
    ];
    /// NumPy's name.
    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::Int8 => "int8",
            DType::Int16 => "int16",
            DType::Int32 => "int32",
            DType::Int64 => "int64",
            DType::Uint8 => "uint8",
            DType::Uint16 => "uint16",
            DType::Uint32 => "uint32",
            DType::Uint64 => "uint64",
            DType::Float32 => "float32",
            DType::Float64 => "float64",
            DType::Complex64 => "complex64",
            DType::Complex128 => "complex128",
        }
    }
    /// The type of that NumPy name.
    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|d| d.name() == name)
    }
    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            DType::Bool | DType::Int8 | DType::Uint8 => 1,
            DType::Int16 | DType::Uint16 => 2,
            DType::Int32 | DType::Uint32 | DType::Float32 => 4,
            DType::Int64 | DType::Uint64 | DType::Float64 | DType::Complex64 => 8,
            DType::Complex128 => 16,
        }
    }
    /// Bits of one integer element (8 for bool).
    pub fn bits(self) -> u32 {
        self.size() as u32 * 8
    }
    /// int8 to int64.
    pub fn is_signed(self) -> bool {
        matches!(self, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64)
    }
    /// uint8 to uint64.
    pub fn is_unsigned(self) -> bool {
        matches!(self, DType::Uint8 | DType::Uint16 | DType::Uint32 | DType::Uint64)
    }
    /// Any integer type, bool not included.
    pub fn is_integer(self) -> bool {
        self.is_signed() || self.is_unsigned()
    }
    /// float32 or float64.
    pub fn is_float(self) -> bool {
        matches!(self, DType::Float32 | DType::Float64)
    }
    /// complex64 or complex128.
    pub fn is_complex(self) -> bool {
        matches!(self, DType::Complex64 | DType::Complex128)
    }
    /// The type of a complex type's parts; any other type itself.
    pub fn real(self) -> DType {
        match self {
            DType::Complex64 => DType::Float32,
            DType::Complex128 => DType::Float64,
            other => other,
        }
    }
    /// The complex type whose parts are this float type.
    pub fn complex(self) -> DType {
        match self {
            DType::Float32 => DType::Complex64,
            DType::Float64 => DType::Complex128,
            other => other,
        }
    }
    /// Smallest and largest value of an integer type (0 and 1 for bool).
    pub fn int_range(self) -> Option<(i128, i128)> {
        match self {
            DType::Bool => Some((0, 1)),
            d if d.is_signed() => Some((-(1i128 << (d.bits() - 1)), (1i128 << (d.bits() - 1)) - 1)),
            d if d.is_unsigned() => Some((0, (1i128 << d.bits()) - 1)),
            _ => None,
        }
    }
    /// NumPy's `np.promote_types`.
    pub fn promote(self, other: DType) -> DType {
        use DType::*;
        if self == other {
            return self;
        }
        if self == Bool {
            return other;
        }
        if other == Bool {
            return self;
        }
        if self.is_integer() && other.is_integer() {
            if self.is_signed() == other.is_signed() {
                return if self.size() >= other.size() { self } else { other };
            }
            let (s, u) = if self.is_signed() { (self, other) } else { (other, self) };
            if s.size() > u.size() {
                return s;
            }
            return match u.size() {
                1 => Int16,
                2 => Int32,
                4 => Int64,
                _ => Float64,
            };
        }
        // at least one is floating: the float width that holds both parts
        let width = |d: DType| match d {
            Float32 | Complex64 => 4,
            Float64 | Complex128 => 8,
            d if d.size() <= 2 => 4,
            _ => 8,
        };
        let w = width(self).max(width(other));
        let float = if w == 4 { Float32 } else { Float64 };
        if self.is_complex() || other.is_complex() { float.complex() } else { float }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A constant of one element type, held as bits so that it is `Eq` and survives NaN payloads and `-0.0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scalar {
    /// Element type.
    pub dtype: DType,
    /// Integer value (sign-extended), bool, float bits, or the bits of the real part.
    pub re: u64,
    /// Bits of the imaginary part (complex only).
    pub im: u64,
}

impl Scalar {
    /// A Boolean.
    pub fn bool(v: bool) -> Scalar {
        Scalar { dtype: DType::Bool, re: u64::from(v), im: 0 }
    }
    /// An int64.
    pub fn i64(v: i64) -> Scalar {
        Scalar { dtype: DType::Int64, re: v as u64, im: 0 }
    }
    /// A float64.
    pub fn f64(v: f64) -> Scalar {
        Scalar { dtype: DType::Float64, re: v.to_bits(), im: 0 }
    }
    /// An integer (or bool) of the given type, wrapped to its width.
    pub fn int(dtype: DType, v: i128) -> Scalar {
        let re = match dtype {
            DType::Bool => u64::from(v != 0),
            DType::Int8 => v as i8 as u64,
            DType::Int16 => v as i16 as u64,
            DType::Int32 => v as i32 as u64,
            DType::Uint8 => v as u8 as u64,
            DType::Uint16 => v as u16 as u64,
            DType::Uint32 => v as u32 as u64,
            _ => v as u64,
        };
        Scalar { dtype, re, im: 0 }
    }
    /// A float or complex constant from f64 parts, rounded to the type.
    pub fn float(dtype: DType, re: f64, im: f64) -> Scalar {
        let bits = |v: f64| if dtype.real() == DType::Float32 { u64::from((v as f32).to_bits()) } else { v.to_bits() };
        Scalar { dtype, re: bits(re), im: if dtype.is_complex() { bits(im) } else { 0 } }
    }
    /// Zero of the type.
    pub fn zero(dtype: DType) -> Scalar {
        Scalar { dtype, re: 0, im: 0 }
    }
    /// From one little-endian element.
    pub fn from_le_bytes(dtype: DType, bytes: &[u8]) -> Scalar {
        let word = |b: &[u8]| b.iter().rev().fold(0u64, |acc, x| acc << 8 | u64::from(*x));
        if dtype.is_complex() {
            let half = dtype.size() / 2;
            return Scalar { dtype, re: word(&bytes[..half]), im: word(&bytes[half..dtype.size()]) };
        }
        let raw = word(&bytes[..dtype.size()]);
        if dtype.is_integer() { Scalar::int(dtype, i128::from(raw)) } else { Scalar { dtype, re: raw, im: 0 } }
    }
    /// One little-endian element.
    pub fn to_le_bytes(self) -> Vec<u8> {
        let half = self.dtype.real().size();
        let mut out = self.re.to_le_bytes()[..half].to_vec();
        if self.dtype.is_complex() {
            out.extend_from_slice(&self.im.to_le_bytes()[..half]);
        }
        out
    }
    /// The value of an integer or bool constant.
    pub fn as_int(self) -> Option<i128> {
        match self.dtype {
            DType::Bool => Some(i128::from(self.re)),
            d if d.is_signed() => Some(i128::from(self.re as i64)),
            d if d.is_unsigned() => Some(i128::from(self.re)),
            _ => None,
        }
    }
    /// Real part of a float or complex constant as f64 (exact).
    pub fn real_f64(self) -> f64 {
        if self.dtype.real() == DType::Float32 {
            f64::from(f32::from_bits(self.re as u32))
        } else {
            f64::from_bits(self.re)
        }
    }
    /// Imaginary part as f64 (exact).
    pub fn imag_f64(self) -> f64 {
        if self.dtype.real() == DType::Float32 {
            f64::from(f32::from_bits(self.im as u32))
        } else {
            f64::from_bits(self.im)
        }
    }
}
