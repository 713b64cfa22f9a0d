//! Matrix product, FIR and biquad cascades, in their documented orders.

use super::perturb::{Float, Nearest, Noise, Num, Rounding, each_num};
use super::tensor::{Complex, Tensor};
use super::{Fault, internal};
use crate::dtype::DType;

/// `(a[m,k], b[k,n]) -> [m,n]`.
pub(crate) fn matmul(a: &Tensor, b: &Tensor, noise: Option<&mut Noise>) -> Result<Tensor, Fault> {
    let ([m, k], [k2, n]) = (a.shape.as_slice(), b.shape.as_slice()) else {
        return Err(internal("a matrix product needs matrices"));
    };
    if k != k2 {
        return Err(internal(format!("matrix product over {k} and {k2}")));
    }
    fn go<T: Num>(a: &[T], b: &[T], (m, k, n): (usize, usize, usize), r: &mut impl Rounding) -> Vec<T> {
        let mut out = vec![T::ZERO; m * n];
        if n == 0 {
            return out;
        }
        for (i, row) in out.chunks_mut(n).enumerate() {
            for l in 0..k {
                let x = a[i * k + l];
                for (y, c) in row.iter_mut().zip(&b[l * n..]) {
                    let p = T::mul(r, x, *c);
                    *y = if l == 0 { p } else { T::add(r, *y, p) };
                }
            }
        }
        out
    }
    let size = (*m, *k, *n);
    let done = match noise {
        Some(r) => each_num!(a.dtype, T => Tensor::new(vec![*m, *n], go(a.slice::<T>()?, b.slice::<T>()?, size, r))),
        None => each_num!(a.dtype, T => {
            Tensor::new(vec![*m, *n], go(a.slice::<T>()?, b.slice::<T>()?, size, &mut Nearest))
        }),
    };
    done.ok_or_else(|| internal("arithmetic on bool"))
}

/// Parameters of a FIR.
#[derive(Clone, Copy)]
pub(crate) struct Fir {
    pub(crate) up: i64,
    pub(crate) down: i64,
    pub(crate) start: i64,
    pub(crate) count: usize,
    pub(crate) fma: bool,
}

/// `y[m] = sum over j of h[j] * v[start + m*down - j]`.
pub(crate) fn fir(x: &Tensor, h: &Tensor, f: Fir, noise: Option<&mut Noise>) -> Result<Tensor, Fault> {
    let ([_], [_]) = (x.shape.as_slice(), h.shape.as_slice()) else {
        return Err(internal("a FIR needs vectors"));
    };
    match noise {
        // SciPy puts zeros before and behind the taps of a change of rate, which meet samples too
        Some(r) if r.spreads() && f.up.max(f.down) > 1 => {
            let zeros = f.up.max(f.down) as usize;
            let fill = vec![0; zeros * h.dtype.size()];
            let data = [fill.as_slice(), &h.to_le_bytes(), &fill].concat();
            let filled =
                Tensor::from_le_bytes(h.dtype, &[h.len() + 2 * zeros], &data).ok_or_else(|| internal("taps"))?;
            fir_with(x, &filled, Fir { start: f.start + zeros as i64, ..f }, r)
        }
        Some(r) => fir_with(x, h, f, r),
        None => fir_with(x, h, f, &mut Nearest),
    }
}

fn fir_with<R: Rounding>(x: &Tensor, h: &Tensor, f: Fir, r: &mut R) -> Result<Tensor, Fault> {
    if x.dtype.is_complex() && h.dtype == x.dtype.real() {
        return if x.dtype == DType::Complex64 { scaled::<f32, R>(x, h, f, r) } else { scaled::<f64, R>(x, h, f, r) };
    }
    if x.dtype != h.dtype {
        return Err(internal(format!("FIR of {} with taps of {}", x.dtype, h.dtype)));
    }
    let fma = f.fma && x.dtype.is_float();
    each_num!(x.dtype, T => {
        taps(x.slice::<T>()?, h.slice::<T>()?, f, |acc: T, h: T, v: T| {
            if fma {
                <T as Num>::mul_add(r, h, v, acc)
            } else {
                let p = T::mul(r, h, v);
                T::add(r, acc, p)
            }
        })
    })
    .ok_or_else(|| internal("arithmetic on bool"))?
}

/// Complex samples, real taps.
fn scaled<F: Float, R: Rounding>(x: &Tensor, h: &Tensor, f: Fir, r: &mut R) -> Result<Tensor, Fault>
where
    Complex<F>: Num,
{
    taps(x.slice::<Complex<F>>()?, h.slice::<F>()?, f, |acc: Complex<F>, h: F, v: Complex<F>| {
        let mut step = |acc: F, v: F| {
            if f.fma {
                r.fma(h, v, acc)
            } else {
                let p = r.mul(h, v);
                r.add(acc, p)
            }
        };
        let sum = Complex { re: step(acc.re, v.re), im: step(acc.im, v.im) };
        r.scaled(sum)
    })
}

fn taps<T: Num, H: Copy>(x: &[T], h: &[H], f: Fir, mut step: impl FnMut(T, H, T) -> T) -> Result<Tensor, Fault> {
    if f.up < 1 || f.down < 1 {
        return Err(internal("sampling factors must be positive"));
    }
    let (up, down) = (i128::from(f.up), i128::from(f.down));
    let mut out = Vec::with_capacity(f.count);
    for m in 0..f.count {
        let at = i128::from(f.start) + m as i128 * down;
        let mut acc = T::ZERO;
        // v[at - j] is a sample where at - j is a multiple of up: from there on every up-th tap
        let first = at.rem_euclid(up);
        let mut i = (at - first) / up;
        let mut j = first;
        if i >= x.len() as i128 {
            let skip = i - (x.len() as i128 - 1);
            i -= skip;
            j += skip * up;
        }
        while i >= 0 && j < h.len() as i128 {
            acc = step(acc, h[j as usize], x[i as usize]);
            i -= 1;
            j += up;
        }
        out.push(acc);
    }
    Ok(Tensor::new(vec![f.count], out))
}

/// `(sos[s,6], x[n], zi[s,2]) -> (y[n], zf[s,2])`.
pub(crate) fn sosfilt(
    sos: &Tensor,
    x: &Tensor,
    zi: &Tensor,
    noise: Option<&mut Noise>,
) -> Result<(Tensor, Tensor), Fault> {
    match noise {
        Some(r) => sosfilt_with(sos, x, zi, r),
        None => sosfilt_with(sos, x, zi, &mut Nearest),
    }
}

fn sosfilt_with(sos: &Tensor, x: &Tensor, zi: &Tensor, r: &mut impl Rounding) -> Result<(Tensor, Tensor), Fault> {
    let ([s, 6], [_], [s2, 2]) = (sos.shape.as_slice(), x.shape.as_slice(), zi.shape.as_slice()) else {
        return Err(internal("biquads need sos[s,6], x[n], zi[s,2]"));
    };
    if s != s2 || zi.dtype != x.dtype || sos.dtype != x.dtype.real() {
        return Err(internal("biquad operands do not agree"));
    }
    fn real<F: Float>(sos: &[F], x: &mut [F], z: &mut [F], r: &mut impl Rounding) {
        for x in x {
            for (c, z) in sos.chunks_exact(6).zip(z.chunks_exact_mut(2)) {
                *x = biquad(c, *x, z, r);
            }
        }
    }
    fn complex<F: Float>(sos: &[F], x: &mut [Complex<F>], z: &mut [Complex<F>], r: &mut impl Rounding) {
        for x in x {
            for (c, z) in sos.chunks_exact(6).zip(z.chunks_exact_mut(2)) {
                let (mut zr, mut zi) = ([z[0].re, z[1].re], [z[0].im, z[1].im]);
                let y = Complex { re: biquad(c, x.re, &mut zr, r), im: biquad(c, x.im, &mut zi, r) };
                *x = r.scaled(y);
                z[0] = r.scaled(Complex { re: zr[0], im: zi[0] });
                z[1] = r.scaled(Complex { re: zr[1], im: zi[1] });
            }
        }
    }
    let (mut y, mut z) = (x.clone(), zi.clone());
    match x.dtype {
        DType::Float32 => real::<f32>(sos.slice()?, y.slice_mut()?, z.slice_mut()?, r),
        DType::Float64 => real::<f64>(sos.slice()?, y.slice_mut()?, z.slice_mut()?, r),
        DType::Complex64 => complex::<f32>(sos.slice()?, y.slice_mut()?, z.slice_mut()?, r),
        DType::Complex128 => complex::<f64>(sos.slice()?, y.slice_mut()?, z.slice_mut()?, r),
        other => return Err(internal(format!("biquads on {other}"))),
    }
    Ok((y, z))
}

/// One section: `c` is b0 b1 b2 a0 a1 a2 with a0 = 1.
fn biquad<F: Float>(c: &[F], x: F, z: &mut [F], r: &mut impl Rounding) -> F {
    let p = r.mul(c[0], x);
    let y = r.add(p, z[0]);
    let (p, q) = (r.mul(c[1], x), r.mul(c[4], y));
    let d = r.sub(p, q);
    z[0] = r.add(d, z[1]);
    let (p, q) = (r.mul(c[2], x), r.mul(c[5], y));
    z[1] = r.sub(p, q);
    y
}
