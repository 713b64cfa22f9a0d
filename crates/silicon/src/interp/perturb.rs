//! Roundings: to nearest, as the operations are defined, or moved at random by one ULP wherever the nearest value is
//! not the exact one (Monte Carlo arithmetic), from which tolerances are derived; and the ways in which NaN and
//! infinities may pass through complex arithmetic.

use super::tensor::{Complex, Elem};

/// Float arithmetic whose exactness can be decided.
pub(crate) trait Float: Elem + PartialOrd {
    const ZERO: Self;
    const ONE: Self;
    const NAN: Self;
    /// Far above what signals hold, with a square that is [`Float::small`].
    const LARGE: Self;
    fn plus(self, b: Self) -> Self;
    fn minus(self, b: Self) -> Self;
    fn times(self, b: Self) -> Self;
    fn over(self, b: Self) -> Self;
    fn root(self) -> Self;
    fn fma(self, b: Self, c: Self) -> Self;
    fn finite(self) -> bool;
    /// Below 2^-10 of the largest finite number.
    fn small(self) -> bool;
    fn up(self) -> Self;
    fn down(self) -> Self;
    /// Whether `p`, the rounded product, is the exact one.
    fn exact_product(self, b: Self, p: Self) -> bool;
    /// Whether `q`, the rounded quotient `self / b`, is exact.
    fn exact_quotient(self, b: Self, q: Self) -> bool;
    /// Whether `s` is the exact square root.
    fn exact_root(self, s: Self) -> bool;
    fn wide(self) -> f64;
}

/// Whether `s`, the rounded sum, is exact: Knuth's TwoSum.
fn exact_sum<F: Float>(a: F, b: F, s: F) -> bool {
    let bb = s.minus(a);
    let err = a.minus(s.minus(bb)).plus(b.minus(bb));
    err == F::ZERO
}

macro_rules! float_ops {
    ($t:ty) => {
        const ZERO: Self = 0.0;
        const ONE: Self = 1.0;
        const NAN: Self = <$t>::NAN;
        #[inline]
        fn plus(self, b: Self) -> Self {
            self + b
        }
        #[inline]
        fn minus(self, b: Self) -> Self {
            self - b
        }
        #[inline]
        fn times(self, b: Self) -> Self {
            self * b
        }
        #[inline]
        fn over(self, b: Self) -> Self {
            self / b
        }
        #[inline]
        fn root(self) -> Self {
            self.sqrt()
        }
        #[inline]
        fn fma(self, b: Self, c: Self) -> Self {
            self.mul_add(b, c)
        }
        fn finite(self) -> bool {
            self.is_finite()
        }
        fn small(self) -> bool {
            self.abs() < <$t>::MAX / 1024.0
        }
        fn up(self) -> Self {
            self.next_up()
        }
        fn down(self) -> Self {
            self.next_down()
        }
        fn wide(self) -> f64 {
            f64::from(self)
        }
    };
}

impl Float for f32 {
    float_ops!(f32);
    const LARGE: f32 = f32::from_bits((127 + 50) << 23);
    // products and squares of float32 are exact in float64
    fn exact_product(self, b: f32, p: f32) -> bool {
        f64::from(self) * f64::from(b) == f64::from(p)
    }
    fn exact_quotient(self, b: f32, q: f32) -> bool {
        f64::from(q) * f64::from(b) == f64::from(self)
    }
    fn exact_root(self, s: f32) -> bool {
        f64::from(s) * f64::from(s) == f64::from(self)
    }
}

/// 2^600: lifts tiny operands so that a residual does not underflow.
const LIFT: f64 = f64::from_bits((1023 + 600) << 52);
/// Below this a residual may underflow (2^-900).
const TINY: f64 = f64::from_bits((1023 - 900) << 52);

impl Float for f64 {
    float_ops!(f64);
    const LARGE: f64 = f64::from_bits((1023 + 400) << 52);
    fn exact_product(self, b: f64, p: f64) -> bool {
        if p.abs() >= TINY || self == 0.0 || b == 0.0 {
            return self.mul_add(b, -p) == 0.0;
        }
        if p == 0.0 {
            return false; // underflow, so far that the residual would as well
        }
        let (small, large) = if self.abs() < b.abs() { (self, b) } else { (b, self) };
        (small * LIFT).mul_add(large, -(p * LIFT)) == 0.0
    }
    fn exact_quotient(self, b: f64, q: f64) -> bool {
        if self.abs() >= TINY { q.mul_add(b, -self) == 0.0 } else { (q * LIFT).mul_add(b, -(self * LIFT)) == 0.0 }
    }
    fn exact_root(self, s: f64) -> bool {
        if self >= TINY { s.mul_add(s, -self) == 0.0 } else { (s * LIFT).mul_add(s, -(self * LIFT)) == 0.0 }
    }
}

/// How an execution departs from the operations' definition. Equal ones give equal results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Perturbation {
    /// Inexact results move at random by up to `ulps` units in the last place (kernels: twice that).
    Rounding {
        /// Of the random generator.
        seed: u64,
        /// Largest move.
        ulps: u64,
    },
    /// NaN, infinities and numbers near the largest are replaced wherever arithmetic makes them whose order or form
    /// no document states: in code of the library, in matrix products, sums and filters, and in products of complex
    /// numbers, for libraries skip products with a constant 1, j or 0, or multiply by a real number instead.
    Specials(Stand),
}

/// What stands for a NaN, an infinity or a number near the largest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// NaN, in both parts of a complex number.
    Nan,
    /// 1 or -1, at random; in a product of complex numbers what is not finite adds nothing.
    Sign,
    /// The other sign.
    OtherSign,
    /// As [`Stand::Sign`], with a number that outweighs all others as an infinity would.
    Large,
    /// The other sign.
    OtherLarge,
}

impl Stand {
    /// Every one.
    pub const ALL: [Stand; 5] = [Stand::Nan, Stand::Sign, Stand::OtherSign, Stand::Large, Stand::OtherLarge];
}

/// How results are rounded.
pub(crate) trait Rounding {
    fn add<F: Float>(&mut self, a: F, b: F) -> F;
    fn sub<F: Float>(&mut self, a: F, b: F) -> F;
    fn mul<F: Float>(&mut self, a: F, b: F) -> F;
    fn fma<F: Float>(&mut self, a: F, b: F, c: F) -> F;
    /// The product `p` of complex numbers, which may pass on NaN and infinities in another way.
    #[inline]
    fn product<F: Float>(&mut self, _: Complex<F>, _: Complex<F>, p: Complex<F>) -> Complex<F> {
        p
    }
    /// A complex result of real coefficients, which a library may have made with complex ones.
    #[inline]
    fn scaled<F: Float>(&mut self, v: Complex<F>) -> Complex<F> {
        v
    }
}

/// To nearest, ties to even.
pub(crate) struct Nearest;

impl Rounding for Nearest {
    #[inline]
    fn add<F: Float>(&mut self, a: F, b: F) -> F {
        a.plus(b)
    }
    #[inline]
    fn sub<F: Float>(&mut self, a: F, b: F) -> F {
        a.minus(b)
    }
    #[inline]
    fn mul<F: Float>(&mut self, a: F, b: F) -> F {
        a.times(b)
    }
    #[inline]
    fn fma<F: Float>(&mut self, a: F, b: F, c: F) -> F {
        a.fma(b, c)
    }
}

/// A [`Perturbation`] at work: random moves of inexact results (a SplitMix64 generator), other ways of NaN.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    state: u64,
    ulps: u64,
    specials: Option<Stand>,
    /// Whether the instruction at work is one whose order or form no document states.
    pub(crate) loose: bool,
}

impl Noise {
    pub(crate) fn new(how: Perturbation) -> Noise {
        let (state, ulps, specials) = match how {
            Perturbation::Rounding { seed, ulps } => (seed, ulps, None),
            Perturbation::Specials(stand) => (0, 0, Some(stand)),
        };
        Noise { state, ulps, specials, loose: false }
    }
    /// How equal elements are put in another order.
    pub(crate) fn ties(&self) -> Option<Stand> {
        self.specials
    }
    /// Whether NaN spreads.
    pub(crate) fn spreads(&self) -> bool {
        self.specials == Some(Stand::Nan)
    }
    /// What stands for the result `v` of `a` and `b`.
    fn special<F: Float>(&mut self, v: F, a: F, b: F) -> F {
        let Some(stand) = self.specials.filter(|_| self.loose && ![v, a, b].iter().all(|v| v.small())) else {
            return v;
        };
        let (value, turned) = match stand {
            Stand::Nan => return F::NAN,
            Stand::Sign => (F::ONE, false),
            Stand::OtherSign => (F::ONE, true),
            Stand::Large => (F::LARGE, false),
            Stand::OtherLarge => (F::LARGE, true),
        };
        if (self.next() >> 63 == 1) == turned { F::ZERO.minus(value) } else { value }
    }
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// Moves a finite value by at most `ulps`, each step as likely.
    fn shift<F: Float>(&mut self, v: F, ulps: u64) -> F {
        if ulps == 0 || !v.finite() {
            return v;
        }
        let step = ((u128::from(self.next()) * u128::from(2 * ulps + 1)) >> 64) as i64 - ulps as i64;
        (0..step.abs()).fold(v, |v, _| if step > 0 { v.up() } else { v.down() })
    }
    /// The rounded result, moved unless it is exact. Beyond one ULP, where decisions are looked for, exact results of
    /// the library move too: in another order they need not be exact.
    pub(crate) fn round<F: Float>(&mut self, v: F, exact: bool) -> F {
        if exact && !(self.loose && self.ulps > 1) { v } else { self.shift(v, self.ulps) }
    }
    /// The result of a kernel, moved by up to twice as much unless it is of a kind that kernels give exactly.
    pub(crate) fn kernel<F: Float>(&mut self, v: F) -> F {
        let w = v.wide();
        if w == w.trunc() && w.abs() < 4096.0 { v } else { self.shift(v, 2 * self.ulps) }
    }
    pub(crate) fn div<F: Float>(&mut self, a: F, b: F) -> F {
        let q = a.over(b);
        let exact = a.exact_quotient(b, q);
        let v = self.special(q, a, b);
        self.round(v, exact)
    }
    pub(crate) fn sqrt<F: Float>(&mut self, a: F) -> F {
        let s = a.root();
        let exact = a.exact_root(s);
        let v = self.special(s, a, a);
        self.round(v, exact)
    }
}

impl Rounding for Noise {
    fn add<F: Float>(&mut self, a: F, b: F) -> F {
        let s = a.plus(b);
        let v = self.special(s, a, b);
        self.round(v, exact_sum(a, b, s))
    }
    fn sub<F: Float>(&mut self, a: F, b: F) -> F {
        let s = a.minus(b);
        let v = self.special(s, a, b);
        self.round(v, exact_sum(a, F::ZERO.minus(b), s))
    }
    fn mul<F: Float>(&mut self, a: F, b: F) -> F {
        let p = a.times(b);
        let v = self.special(p, a, b);
        self.round(v, a.exact_product(b, p))
    }
    fn fma<F: Float>(&mut self, a: F, b: F, c: F) -> F {
        let r = a.fma(b, c);
        let p = a.times(b);
        // an inexact product that the sum happens to make exact counts as inexact
        let v = self.special(r, a, b);
        let v = self.special(v, c, c);
        self.round(v, a.exact_product(b, p) && exact_sum(p, c, r))
    }
    fn product<F: Float>(&mut self, a: Complex<F>, b: Complex<F>, p: Complex<F>) -> Complex<F> {
        if self.ulps > 1 {
            // NumPy fuses complex products on some machines: what is exact here need not be there
            return Complex { re: self.shift(p.re, self.ulps), im: self.shift(p.im, self.ulps) };
        }
        if self.specials.is_none() || [a.re, a.im, b.re, b.im, p.re, p.im].iter().all(|v| v.finite()) {
            return p;
        }
        if self.spreads() {
            return Complex { re: F::NAN, im: F::NAN };
        }
        let kept = |a: F, b: F| {
            let p = a.times(b);
            if p.finite() { p } else { F::ZERO }
        };
        Complex { re: kept(a.re, b.re).minus(kept(a.im, b.im)), im: kept(a.re, b.im).plus(kept(a.im, b.re)) }
    }
    fn scaled<F: Float>(&mut self, v: Complex<F>) -> Complex<F> {
        match self.spreads() && !(v.re.finite() && v.im.finite()) {
            true => Complex { re: F::NAN, im: F::NAN },
            false => v,
        }
    }
}

/// Element types that add and multiply: integers (wrapping), floats, complex numbers.
pub(crate) trait Num: Elem {
    const ZERO: Self;
    const ONE: Self;
    fn add<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self;
    fn sub<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self;
    fn mul<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self;
    /// `a*b + c`; fused for floats only.
    fn mul_add<R: Rounding>(r: &mut R, a: Self, b: Self, c: Self) -> Self;
    /// Whether sums of it are reordered (see `Reduction::Sum`).
    const LANES: bool;
}

macro_rules! int_num {
    ($($t:ty),*) => {$(
        impl Num for $t {
            const ZERO: Self = 0;
            const ONE: Self = 1;
            const LANES: bool = false;
            #[inline]
            fn add<R: Rounding>(_: &mut R, a: Self, b: Self) -> Self {
                a.wrapping_add(b)
            }
            #[inline]
            fn sub<R: Rounding>(_: &mut R, a: Self, b: Self) -> Self {
                a.wrapping_sub(b)
            }
            #[inline]
            fn mul<R: Rounding>(_: &mut R, a: Self, b: Self) -> Self {
                a.wrapping_mul(b)
            }
            #[inline]
            fn mul_add<R: Rounding>(_: &mut R, a: Self, b: Self, c: Self) -> Self {
                a.wrapping_mul(b).wrapping_add(c)
            }
        }
    )*};
}
int_num!(i8, i16, i32, i64, u8, u16, u32, u64);

macro_rules! float_num {
    ($($t:ty),*) => {$(
        impl Num for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const LANES: bool = true;
            #[inline]
            fn add<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self {
                r.add(a, b)
            }
            #[inline]
            fn sub<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self {
                r.sub(a, b)
            }
            #[inline]
            fn mul<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self {
                r.mul(a, b)
            }
            #[inline]
            fn mul_add<R: Rounding>(r: &mut R, a: Self, b: Self, c: Self) -> Self {
                r.fma(a, b, c)
            }
        }
        impl Num for Complex<$t> {
            const ZERO: Self = Complex { re: 0.0, im: 0.0 };
            const ONE: Self = Complex { re: 1.0, im: 0.0 };
            const LANES: bool = true;
            #[inline]
            fn add<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self {
                Complex { re: r.add(a.re, b.re), im: r.add(a.im, b.im) }
            }
            #[inline]
            fn sub<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self {
                Complex { re: r.sub(a.re, b.re), im: r.sub(a.im, b.im) }
            }
            #[inline]
            fn mul<R: Rounding>(r: &mut R, a: Self, b: Self) -> Self {
                let (rr, ii) = (r.mul(a.re, b.re), r.mul(a.im, b.im));
                let (ri, ir) = (r.mul(a.re, b.im), r.mul(a.im, b.re));
                let p = Complex { re: r.sub(rr, ii), im: r.add(ri, ir) };
                r.product(a, b, p)
            }
            #[inline]
            fn mul_add<R: Rounding>(r: &mut R, a: Self, b: Self, c: Self) -> Self {
                let p = Self::mul(r, a, b);
                Self::add(r, p, c)
            }
        }
    )*};
}
float_num!(f32, f64);

/// Runs an expression with `$T` bound to a [`Num`] type; `None` for bool.
macro_rules! each_num {
    ($d:expr, $T:ident => $e:expr) => {
        match $d {
            DType::Bool => None,
            DType::Int8 => Some({
                type $T = i8;
                $e
            }),
            DType::Int16 => Some({
                type $T = i16;
                $e
            }),
            DType::Int32 => Some({
                type $T = i32;
                $e
            }),
            DType::Int64 => Some({
                type $T = i64;
                $e
            }),
            DType::Uint8 => Some({
                type $T = u8;
                $e
            }),
            DType::Uint16 => Some({
                type $T = u16;
                $e
            }),
            DType::Uint32 => Some({
                type $T = u32;
                $e
            }),
            DType::Uint64 => Some({
                type $T = u64;
                $e
            }),
            DType::Float32 => Some({
                type $T = f32;
                $e
            }),
            DType::Float64 => Some({
                type $T = f64;
                $e
            }),
            DType::Complex64 => Some({
                type $T = $crate::interp::tensor::Complex<f32>;
                $e
            }),
            DType::Complex128 => Some({
                type $T = $crate::interp::tensor::Complex<f64>;
                $e
            }),
        }
    };
}
pub(crate) use each_num;
