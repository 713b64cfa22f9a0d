//! Conversions between element types, as `Unary::Cast` defines them.

use super::tensor::{Complex, Elem};

/// Any element without loss.
#[derive(Clone, Copy)]
pub(crate) enum Wide {
    Int(i64),
    Uint(u64),
    Float(f64),
    Complex(f64, f64),
}

/// An element that converts.
pub(crate) trait Cast: Elem {
    fn widen(self) -> Wide;
    fn narrow(w: Wide) -> Self;
}

/// Converts one element.
#[inline]
pub(crate) fn cast<A: Cast, B: Cast>(a: A) -> B {
    B::narrow(a.widen())
}

const TWO_63: f64 = 9_223_372_036_854_775_808.0;

/// Truncation to int64; the smallest value for NaN and out of range.
#[inline]
fn to_i64(v: f64) -> i64 {
    if (-TWO_63..TWO_63).contains(&v) { v as i64 } else { i64::MIN }
}

/// Truncation to int32; the smallest value for NaN and out of range.
#[inline]
fn to_i32(v: f64) -> i32 {
    if v > -2_147_483_649.0 && v < 2_147_483_648.0 { v as i32 } else { i32::MIN }
}

macro_rules! int_cast {
    ($t:ty, $wide:ident, $float:expr) => {
        impl Cast for $t {
            #[inline]
            fn widen(self) -> Wide {
                Wide::$wide(self.into())
            }
            #[inline]
            fn narrow(w: Wide) -> Self {
                let f: fn(f64) -> $t = $float;
                match w {
                    Wide::Int(v) => v as $t,
                    Wide::Uint(v) => v as $t,
                    Wide::Float(v) | Wide::Complex(v, _) => f(v),
                }
            }
        }
    };
}
int_cast!(i8, Int, |v| to_i64(v) as i8);
int_cast!(i16, Int, |v| to_i64(v) as i16);
int_cast!(i32, Int, to_i32);
int_cast!(i64, Int, to_i64);
int_cast!(u8, Uint, |v| to_i64(v) as u8);
int_cast!(u16, Uint, |v| to_i64(v) as u16);
int_cast!(u32, Uint, |v| to_i64(v) as u32);
int_cast!(u64, Uint, |v| to_i64(v) as u64);

impl Cast for bool {
    #[inline]
    fn widen(self) -> Wide {
        Wide::Int(self.into())
    }
    #[inline]
    fn narrow(w: Wide) -> bool {
        match w {
            Wide::Int(v) => v != 0,
            Wide::Uint(v) => v != 0,
            Wide::Float(v) => v != 0.0,
            Wide::Complex(re, im) => re != 0.0 || im != 0.0,
        }
    }
}

macro_rules! float_cast {
    ($t:ty) => {
        impl Cast for $t {
            #[inline]
            fn widen(self) -> Wide {
                Wide::Float(self.into())
            }
            #[inline]
            fn narrow(w: Wide) -> Self {
                match w {
                    Wide::Int(v) => v as $t,
                    Wide::Uint(v) => v as $t,
                    Wide::Float(v) | Wide::Complex(v, _) => v as $t,
                }
            }
        }
        impl Cast for Complex<$t> {
            #[inline]
            fn widen(self) -> Wide {
                Wide::Complex(self.re.into(), self.im.into())
            }
            #[inline]
            fn narrow(w: Wide) -> Self {
                match w {
                    Wide::Complex(re, im) => Complex { re: re as $t, im: im as $t },
                    real => Complex { re: <$t>::narrow(real), im: 0.0 },
                }
            }
        }
    };
}
float_cast!(f32);
float_cast!(f64);
