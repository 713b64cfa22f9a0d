//! How far a value is from its reference: element by element, NaN matching NaN and infinity matching infinity of
//! the same sign, integers exactly.

use proofmark_silicon::dtype::Scalar;
use proofmark_silicon::interp::Tensor;

/// Error of one pair of elements: 0 when they agree, NaN when one is finite and the other is not or they are other
/// infinities.
pub fn element_error(reference: Scalar, actual: Scalar) -> f64 {
    if let (Some(a), Some(b)) = (reference.as_int(), actual.as_int()) {
        return (a - b).unsigned_abs() as f64;
    }
    let part = |a: f64, b: f64| match (a.is_nan(), b.is_nan()) {
        (true, true) => 0.0,
        (false, false) if a == b => 0.0,
        // infinite - finite is infinite, which no tolerance covers: make it NaN as well
        (false, false) if a.is_infinite() || b.is_infinite() => f64::NAN,
        _ => (a - b).abs(),
    };
    let re = part(reference.real_f64(), actual.real_f64());
    if !reference.dtype.is_complex() {
        return re;
    }
    let im = part(reference.imag_f64(), actual.imag_f64());
    if re.is_nan() || im.is_nan() { f64::NAN } else { re.hypot(im) }
}

/// Magnitude of an element; 0 when it is not finite.
pub fn magnitude(s: Scalar) -> f64 {
    let m = match s.as_int() {
        Some(v) => v.unsigned_abs() as f64,
        None if s.dtype.is_complex() => s.real_f64().hypot(s.imag_f64()),
        None => s.real_f64().abs(),
    };
    if m.is_finite() { m } else { 0.0 }
}

/// Figures over all elements compared so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Errors {
    /// Elements compared.
    pub elements: usize,
    /// Largest absolute error; NaN once an element was finite on one side only.
    pub max_abs: f64,
    /// Largest relative error where the reference is not zero.
    pub max_rel: f64,
    /// Sum of squared reference magnitudes, scaled by `scale` squared.
    signal: f64,
    /// Sum of squared errors, scaled the same.
    noise: f64,
}

impl Errors {
    /// Takes in one element.
    pub fn add(&mut self, reference: Scalar, error: f64) {
        self.elements += 1;
        let size = magnitude(reference);
        if error.is_nan() || self.max_abs.is_nan() {
            self.max_abs = f64::NAN;
            self.max_rel = f64::NAN;
        } else {
            self.max_abs = self.max_abs.max(error);
            if size > 0.0 {
                self.max_rel = self.max_rel.max(error / size);
            }
        }
        self.signal += size * size;
        self.noise += error * error;
    }

    /// Takes in what another has seen.
    pub fn merge(&mut self, other: &Errors) {
        let largest = |a: f64, b: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) };
        self.elements += other.elements;
        self.max_abs = largest(self.max_abs, other.max_abs);
        self.max_rel = largest(self.max_rel, other.max_rel);
        self.signal += other.signal;
        self.noise += other.noise;
    }

    /// Signal-to-noise ratio in dB; `inf` when there is no error at all.
    pub fn snr_db(&self) -> f64 {
        if self.max_abs == 0.0 {
            return f64::INFINITY;
        }
        10.0 * (self.signal / self.noise).log10()
    }
}

/// Errors of a tensor against its reference; `None` when element types or extents differ.
pub fn errors(reference: &Tensor, actual: &Tensor) -> Option<Errors> {
    if reference.dtype != actual.dtype || reference.shape != actual.shape {
        return None;
    }
    let mut all = Errors::default();
    for (r, a) in (0..reference.len()).filter_map(|i| reference.get(i).zip(actual.get(i))) {
        all.add(r, element_error(r, a));
    }
    Some(all)
}

/// Index of the first element whose bits differ, not counting NaN against NaN; `Some(0)` for another type or extents.
pub fn first_difference(a: &Tensor, b: &Tensor) -> Option<usize> {
    if a.dtype != b.dtype || a.shape != b.shape {
        return Some(0);
    }
    let nan = |x: f64, y: f64| x.is_nan() && y.is_nan();
    (0..a.len()).find(|i| match (a.get(*i), b.get(*i)) {
        (Some(x), Some(y)) if x == y => false,
        (Some(x), Some(y)) if x.as_int().is_none() => {
            let re = x.re == y.re || nan(x.real_f64(), y.real_f64());
            let im = x.im == y.im || nan(x.imag_f64(), y.imag_f64());
            !(re && im)
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(v: &[f64]) -> Tensor {
        Tensor::from_f64(&[v.len()], v.to_vec()).unwrap()
    }

    #[test]
    fn special_values_match_only_themselves() {
        let (nan, inf) = (f64::NAN, f64::INFINITY);
        let e = |a: f64, b: f64| errors(&t(&[a]), &t(&[b])).unwrap().max_abs;
        assert_eq!((e(nan, nan), e(inf, inf), e(-inf, -inf), e(0.0, -0.0)), (0.0, 0.0, 0.0, 0.0));
        for (a, b) in [(nan, 1.0), (1.0, nan), (inf, -inf), (inf, 1.0), (1.0, inf), (nan, inf)] {
            assert!(e(a, b).is_nan(), "{a} {b}");
        }
        // one bad element is not forgotten when good ones follow
        assert!(errors(&t(&[nan, 1.0]), &t(&[1.0, 1.0])).unwrap().max_abs.is_nan());
        assert!(errors(&t(&[1.0]), &t(&[1.0, 1.0])).is_none());
    }

    #[test]
    fn figures_are_those_of_the_definition() {
        let e = errors(&t(&[3.0, 4.0]), &t(&[3.0, 4.5])).unwrap();
        assert_eq!((e.max_abs, e.max_rel, e.elements), (0.5, 0.125, 2));
        assert!((e.snr_db() - 20.0).abs() < 1e-12);
        assert_eq!(errors(&t(&[1.0]), &t(&[1.0])).unwrap().snr_db(), f64::INFINITY);
        let int = |v| Tensor::from_i64(&[1], vec![v]).unwrap();
        assert_eq!(errors(&int(i64::MAX), &int(i64::MIN)).unwrap().max_abs, 18_446_744_073_709_551_615.0);
    }

    #[test]
    fn bits_differ_but_for_nan() {
        assert_eq!(first_difference(&t(&[1.0, 0.0]), &t(&[1.0, -0.0])), Some(1));
        let quiet = f64::from_bits(0x7ff8_0000_0000_0001);
        assert_eq!(first_difference(&t(&[f64::NAN]), &t(&[quiet])), None);
        assert_eq!(first_difference(&t(&[f64::NAN]), &t(&[1.0])), Some(0));
    }
}
