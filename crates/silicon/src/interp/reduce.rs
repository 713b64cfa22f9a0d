//! Reductions, scans and sorting, in the orders that `Reduction` documents.

use super::index::transpose;
use super::perturb::{Nearest, Noise, Num, Rounding, Stand, each_num};
use super::tensor::{Complex, Data, Elem, Tensor, each_data, each_dtype};
use super::{Fault, internal};
use crate::dtype::DType;
use crate::hir::Reduction;
use std::cmp::Ordering;

/// A total order with NaN last, as `np.sort` has it.
pub(crate) trait Order: Elem {
    fn order(&self, other: &Self) -> Ordering;
    fn nan(&self) -> bool;
}
macro_rules! int_order {
    ($($t:ty),*) => {$(
        impl Order for $t {
            #[inline]
            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
            #[inline]
            fn nan(&self) -> bool {
                false
            }
        }
    )*};
}
int_order!(bool, i8, i16, i32, i64, u8, u16, u32, u64);
macro_rules! float_order {
    ($($t:ty),*) => {$(
        impl Order for $t {
            #[inline]
            fn order(&self, other: &Self) -> Ordering {
                self.partial_cmp(other).unwrap_or_else(|| self.is_nan().cmp(&other.is_nan()))
            }
            #[inline]
            fn nan(&self) -> bool {
                self.is_nan()
            }
        }
        impl Order for Complex<$t> {
            fn order(&self, other: &Self) -> Ordering {
                // numbers, then NaN in the imaginary part, then in the real part, then in both
                let class = |c: &Self| (c.re.is_nan(), c.im.is_nan());
                class(self)
                    .cmp(&class(other))
                    .then_with(|| self.re.order(&other.re))
                    .then_with(|| self.im.order(&other.im))
            }
            fn nan(&self) -> bool {
                self.re.is_nan() || self.im.is_nan()
            }
        }
    )*};
}
float_order!(f32, f64);

/// Sum of a run of elements in the documented order.
fn sum<T: Num, R: Rounding>(v: &[T], r: &mut R) -> T {
    if !T::LANES || v.len() < 16 {
        let Some((first, rest)) = v.split_first() else { return T::ZERO };
        return rest.iter().fold(*first, |acc, x| T::add(r, acc, *x));
    }
    let mut p = [T::ZERO; 16];
    for chunk in v.chunks(16) {
        for (p, x) in p.iter_mut().zip(chunk) {
            *p = T::add(r, *p, *x);
        }
    }
    for half in [8, 4, 2, 1] {
        for j in 0..half {
            p[j] = T::add(r, p[j], p[j + half]);
        }
    }
    p[0]
}

fn product<T: Num, R: Rounding>(v: &[T], r: &mut R) -> T {
    let Some((first, rest)) = v.split_first() else { return T::ONE };
    rest.iter().fold(*first, |acc, x| T::mul(r, acc, *x))
}

fn extreme<T: Order>(v: &[T], want: Ordering) -> Option<T> {
    let (first, rest) = v.split_first()?;
    Some(rest.iter().fold(*first, |a, b| if a.nan() || (!b.nan() && b.order(&a) != want) { a } else { *b }))
}

/// Position of the first extreme; the first NaN wins.
fn arg_extreme<T: Order>(v: &[T], want: Ordering) -> Option<i64> {
    let mut best = 0;
    let mut found = *v.first()?;
    for (i, x) in v.iter().enumerate().skip(1) {
        if found.nan() {
            break;
        }
        if x.nan() || x.order(&found) == want {
            (best, found) = (i as i64, *x);
        }
    }
    Some(best)
}

/// Runs `f` over runs of `count` elements; an empty run per result when `count` is 0.
fn runs<T: Elem, U: Elem>(v: &[T], count: usize, shape: Vec<usize>, mut f: impl FnMut(&[T]) -> U) -> Tensor {
    let n: usize = shape.iter().product();
    let out = (0..n).map(|i| f(&v[i * count..(i + 1) * count])).collect();
    Tensor::new(shape, out)
}

/// `x` with the given axes last, the extents that remain, and the number of elements reduced into one.
fn axes_last(x: &Tensor, axes: &[usize]) -> Result<(Tensor, Vec<usize>, usize), Fault> {
    if axes.iter().any(|a| *a >= x.shape.len()) {
        return Err(internal("axis out of range"));
    }
    let mut perm: Vec<usize> = (0..x.shape.len()).filter(|k| !axes.contains(k)).collect();
    let shape = perm.iter().map(|k| x.shape[*k]).collect();
    perm.extend(axes);
    Ok((transpose(x, &perm)?, shape, axes.iter().map(|k| x.shape[*k]).product()))
}

macro_rules! ordered {
    ($d:expr, $v:ident => $e:expr) => {
        match $d {
            Data::Complex64(_) | Data::Complex128(_) => Err(internal("complex numbers have no order here")),
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
        }
    };
}

/// Reduces axes.
pub(crate) fn reduce(x: &Tensor, kind: Reduction, axes: &[usize], noise: Option<&mut Noise>) -> Result<Tensor, Fault> {
    let (x, shape, count) = axes_last(x, axes)?;
    match kind {
        Reduction::Sum | Reduction::Prod => match noise {
            Some(r) => fold(&x, kind, shape, count, r),
            None => fold(&x, kind, shape, count, &mut Nearest),
        },
        Reduction::Min | Reduction::Max => {
            let want = if kind == Reduction::Min { Ordering::Less } else { Ordering::Greater };
            if count == 0 && shape.iter().all(|d| *d > 0) {
                return Err(internal("extreme of no elements"));
            }
            ordered!(&x.data, v => Ok(runs(v, count, shape, |r| extreme(r, want).unwrap_or_default())))
        }
        Reduction::Any => Ok(runs(x.slice::<bool>()?, count, shape, |r| r.iter().any(|b| *b))),
        Reduction::All => Ok(runs(x.slice::<bool>()?, count, shape, |r| r.iter().all(|b| *b))),
    }
}

fn fold(x: &Tensor, kind: Reduction, shape: Vec<usize>, count: usize, r: &mut impl Rounding) -> Result<Tensor, Fault> {
    let done = each_num!(x.dtype, T => {
        let v = x.slice::<T>()?;
        match kind {
            Reduction::Sum => runs(v, count, shape, |run| sum(run, r)),
            _ => runs(v, count, shape, |run| product(run, r)),
        }
    });
    done.ok_or_else(|| internal("arithmetic on bool"))
}

/// Index of the first extreme along an axis.
pub(crate) fn arg_reduce(x: &Tensor, max: bool, axis: usize) -> Result<Tensor, Fault> {
    let (x, shape, count) = axes_last(x, &[axis])?;
    let want = if max { Ordering::Greater } else { Ordering::Less };
    if count == 0 && shape.iter().all(|d| *d > 0) {
        return Err(internal("extreme of no elements"));
    }
    ordered!(&x.data, v => Ok(runs(v, count, shape, |r| arg_extreme(r, want).unwrap_or_default())))
}

/// Running sum or product along an axis.
pub(crate) fn scan(mut x: Tensor, kind: Reduction, axis: usize, noise: Option<&mut Noise>) -> Result<Tensor, Fault> {
    fn go<T: Num>(x: &mut Tensor, kind: Reduction, axis: usize, r: &mut impl Rounding) -> Result<(), Fault> {
        let n = x.shape[axis];
        let inner: usize = x.shape[axis + 1..].iter().product();
        let outer: usize = x.shape[..axis].iter().product();
        let v = x.slice_mut::<T>()?;
        for o in 0..outer {
            for i in 1..n {
                for k in 0..inner {
                    let at = (o * n + i) * inner + k;
                    let before = v[at - inner];
                    v[at] = match kind {
                        Reduction::Sum => T::add(r, before, v[at]),
                        _ => T::mul(r, before, v[at]),
                    };
                }
            }
        }
        Ok(())
    }
    if axis >= x.shape.len() || !matches!(kind, Reduction::Sum | Reduction::Prod) {
        return Err(internal("a scan is a sum or product along an axis of its operand"));
    }
    let done = match noise {
        Some(r) => each_num!(x.dtype, T => go::<T>(&mut x, kind, axis, r)),
        None => each_num!(x.dtype, T => go::<T>(&mut x, kind, axis, &mut Nearest)),
    };
    done.ok_or_else(|| internal("arithmetic on bool"))??;
    Ok(x)
}

/// Sorted along the last axis.
pub(crate) fn sort(mut x: Tensor) -> Result<Tensor, Fault> {
    let n = *x.shape.last().ok_or_else(|| internal("sort of a scalar"))?;
    if n > 0 {
        each_dtype!(x.dtype, T => x.slice_mut::<T>()?.chunks_mut(n).for_each(|run| run.sort_by(T::order)));
    }
    Ok(x)
}

/// Stable order of the elements along the last axis. `ties`: equal elements in another order, as
/// another method of sorting may leave them.
pub(crate) fn arg_sort(x: &Tensor, ties: Option<Stand>) -> Result<Tensor, Fault> {
    let n = *x.shape.last().ok_or_else(|| internal("sort of a scalar"))?;
    if n == 0 {
        return Ok(Tensor::new::<i64>(x.shape.clone(), Vec::new()));
    }
    let mut out: Vec<i64> = Vec::with_capacity(x.len());
    each_data!(&x.data, v => for run in v.chunks(n) {
        let mut at: Vec<i64> = (0..n as i64).collect();
        match ties {
            None => {}
            Some(Stand::Nan) => at.reverse(),
            Some(_) => at.rotate_left(n / 2),
        }
        at.sort_by(|a, b| run[*a as usize].order(&run[*b as usize]));
        out.extend(at);
    });
    Ok(Tensor::new(x.shape.clone(), out))
}
