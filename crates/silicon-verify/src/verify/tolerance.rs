//! How far a result may be from CPython's: derived from the program itself by Monte Carlo arithmetic, never tuned.
//! `docs/adr/0003-tolerances.md` gives the reasons.

use super::compare::{element_error, magnitude};
use super::stored;
use proofmark_silicon::dtype::DType;
use proofmark_silicon::interp::Tensor;
use serde::{Deserialize, Serialize};

/// Seeded executions in which every inexact float operation is moved by -1, 0 or +1 unit in the last place.
pub const EXECUTIONS: usize = 6;
/// Executions moved by [`SPREAD_FACTOR`] units instead of one: a decision that they change lies as near as an error
/// that the tolerance allows.
pub const WIDE_EXECUTIONS: usize = 4;
/// Factor on the largest change those executions show.
pub const SPREAD_FACTOR: f64 = 16.0;
/// Factor on the unit roundoff of the largest reference value.
pub const ROUNDOFF_FACTOR: f64 = 4.0;
/// A comparison with a tolerance above this part of the largest reference value (60 dB) shows nothing.
pub const CEILING: f64 = 1.0 / 1024.0;

/// Unit roundoff of a type; 0 for types without rounding.
pub fn unit_roundoff(dtype: DType) -> f64 {
    match dtype.real() {
        DType::Float32 => f64::from(f32::EPSILON) / 2.0,
        DType::Float64 => f64::EPSILON / 2.0,
        _ => 0.0,
    }
}

/// Largest finite magnitude.
pub fn peak(t: &Tensor) -> f64 {
    (0..t.len()).filter_map(|i| t.get(i)).map(magnitude).fold(0.0, f64::max)
}

/// What the perturbed executions say of one port of one call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Largest error that is agreement.
    #[serde(with = "stored::bits")]
    pub abs: f64,
    /// Largest change any element showed.
    #[serde(with = "stored::bits")]
    pub spread: f64,
    /// Largest magnitude of the reference.
    #[serde(with = "stored::bits")]
    pub peak: f64,
    /// Per element: the error beyond which it cannot be explained by rounding; infinite where the executions made it
    /// another integer, NaN or infinite.
    #[serde(with = "stored::floats")]
    explained: Vec<f64>,
    /// Some execution gave other extents or stopped with a fault.
    pub shape_moves: bool,
}

/// How one port of one call compares.
#[derive(Clone, Debug, PartialEq)]
pub enum Agreement {
    /// Within tolerance; the errors.
    Within(super::compare::Errors),
    /// The element (index in C order) is off by more, but by no more than rounding changes it.
    Undecided(super::compare::Errors, usize),
    /// The element is off by more than rounding explains.
    Off(super::compare::Errors, usize),
    /// Other extents. `true`: rounding changes them too.
    Shape(bool),
}

impl Tolerance {
    /// From the reference value, the unperturbed value and the perturbed ones (`None`: that execution had a fault).
    /// `scale` is the largest magnitude that the port has over all calls that belong together: a sample near zero of a
    /// signal is measured by the signal.
    pub fn derive(reference: &Tensor, plain: &Tensor, perturbed: &[Option<Tensor>], scale: f64) -> Tolerance {
        let exact = !(plain.dtype.is_float() || plain.dtype.is_complex());
        let (moved, shape_moves) = moves(plain, perturbed);
        let spread = moved.iter().copied().filter(|m| m.is_finite()).fold(0.0, f64::max);
        let peak = peak(reference);
        let floor = ROUNDOFF_FACTOR * unit_roundoff(plain.dtype) * peak;
        let abs = match exact {
            true => 0.0,
            false => (SPREAD_FACTOR * spread + floor).min(CEILING * scale.max(peak)),
        };
        let explained = moved.iter().map(|m| SPREAD_FACTOR * m + floor).collect();
        Tolerance { abs, spread, peak, explained, shape_moves }
    }

    /// Takes in executions that depart by as much as the tolerance allows, which the tolerance itself does not rest
    /// on: what they change is a decision.
    pub fn explain(&mut self, plain: &Tensor, others: &[Option<Tensor>]) {
        let (moved, shape_moves) = moves(plain, others);
        self.shape_moves |= shape_moves;
        for (e, m) in self.explained.iter_mut().zip(moved) {
            *e = e.max(m);
        }
    }

    /// Compares a value with the reference.
    pub fn judge(&self, reference: &Tensor, actual: &Tensor) -> Agreement {
        if reference.shape != actual.shape || reference.dtype != actual.dtype {
            return Agreement::Shape(self.shape_moves && reference.dtype == actual.dtype);
        }
        let mut errors = super::compare::Errors::default();
        let (mut off, mut undecided) = (None, None);
        for i in 0..reference.len() {
            let Some((r, a)) = reference.get(i).zip(actual.get(i)) else { continue };
            let e = element_error(r, a);
            errors.add(r, e);
            if e <= self.abs {
                continue;
            }
            let limit = self.explained.get(i).copied().unwrap_or(0.0);
            if e <= limit || (e.is_nan() && limit.is_infinite()) {
                undecided.get_or_insert(i);
            } else {
                off.get_or_insert(i);
            }
        }
        match (off, undecided) {
            (Some(i), _) => Agreement::Off(errors, i),
            (None, Some(i)) => Agreement::Undecided(errors, i),
            (None, None) => Agreement::Within(errors),
        }
    }

    /// Whether some element is a decision that rounding can change.
    pub fn decides(&self) -> bool {
        self.shape_moves || self.explained.iter().any(|e| e.is_infinite())
    }
}

/// The largest change of each element over some executions: infinite for another integer, and where one is finite and
/// the other is not. And whether an execution had other extents or a fault.
fn moves(plain: &Tensor, executions: &[Option<Tensor>]) -> (Vec<f64>, bool) {
    let exact = !(plain.dtype.is_float() || plain.dtype.is_complex());
    let mut moved = vec![0f64; plain.len()];
    let mut shape_moves = false;
    for run in executions {
        match run {
            Some(t) if t.shape == plain.shape => {
                for (i, m) in moved.iter_mut().enumerate() {
                    let Some((a, b)) = plain.get(i).zip(t.get(i)) else { continue };
                    let e = element_error(a, b);
                    let e = if e.is_nan() || (exact && e > 0.0) { f64::INFINITY } else { e };
                    *m = m.max(e);
                }
            }
            _ => shape_moves = true,
        }
    }
    (moved, shape_moves)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(v: &[f64]) -> Tensor {
        Tensor::from_f64(&[v.len()], v.to_vec()).unwrap()
    }

    #[test]
    fn follows_spread_and_roundoff() {
        let plain = t(&[1.0, 2.0]);
        let tol = Tolerance::derive(&plain, &plain, &[Some(t(&[1.0, 2.0 + 1e-12]))], 0.0);
        let u = f64::EPSILON / 2.0;
        assert!((tol.abs - (16.0 * 1e-12 + 8.0 * u)).abs() < 1e-13);
        assert!(matches!(tol.judge(&plain, &t(&[1.0, 2.0 + 1e-11])), Agreement::Within(_)));
        // the first element never moved: an error there that the port's spread hides from `Off` still passes only within abs
        assert!(matches!(tol.judge(&plain, &t(&[1.0 + 1e-9, 2.0])), Agreement::Off(_, 0)));
        assert!(matches!(tol.judge(&plain, &t(&[f64::NAN, 2.0])), Agreement::Off(_, 0)));
        assert_eq!(tol.judge(&plain, &t(&[1.0])), Agreement::Shape(false));
    }

    #[test]
    fn no_tolerance_hides_a_wrong_result() {
        // a decision flips in one execution: the spread is as large as the signal, the tolerance is not
        let plain = t(&[1.0, 1.0]);
        let tol = Tolerance::derive(&plain, &plain, &[Some(t(&[-1.0, 1.0]))], 0.0);
        assert!(tol.abs <= CEILING);
        assert!(matches!(tol.judge(&plain, &t(&[-1.0, 1.0])), Agreement::Undecided(_, 0)));
        assert!(matches!(tol.judge(&plain, &t(&[1.0, -1.0])), Agreement::Off(_, 1)));
    }

    #[test]
    fn a_sample_near_zero_is_measured_by_its_signal() {
        let plain = t(&[1e-20]);
        let run = [Some(t(&[1e-17]))];
        assert!(Tolerance::derive(&plain, &plain, &run, 1.0).abs > 1e-16);
        assert!(Tolerance::derive(&plain, &plain, &run, 0.0).abs < 1e-22);
    }

    #[test]
    fn what_other_executions_change_is_a_decision_and_no_tolerance() {
        let plain = t(&[1.0, 2.0, 3.0]);
        let mut tol = Tolerance::derive(&plain, &plain, &[Some(plain.clone())], 0.0);
        let before = tol.abs;
        tol.explain(&plain, &[Some(t(&[1.0, 2.5, f64::NAN]))]);
        assert_eq!(tol.abs, before);
        assert!(matches!(tol.judge(&plain, &t(&[1.0, 2.25, 3.0])), Agreement::Undecided(_, 1)));
        assert!(matches!(tol.judge(&plain, &t(&[1.0, 2.75, 3.0])), Agreement::Off(_, 1)));
        assert!(matches!(tol.judge(&plain, &t(&[1.0, 2.0, f64::INFINITY])), Agreement::Undecided(_, 2)));
        assert!(matches!(tol.judge(&plain, &t(&[f64::NAN, 2.0, 3.0])), Agreement::Off(_, 0)));
    }

    #[test]
    fn integers_are_exact_or_undecided() {
        let int = |v: &[i64]| Tensor::from_i64(&[v.len()], v.to_vec()).unwrap();
        let plain = int(&[5, 6]);
        let tol = Tolerance::derive(&plain, &plain, &[Some(int(&[5, 7]))], 0.0);
        assert_eq!(tol.abs, 0.0);
        assert!(tol.decides());
        assert!(matches!(tol.judge(&plain, &int(&[5, 6])), Agreement::Within(_)));
        assert!(matches!(tol.judge(&plain, &int(&[5, 7])), Agreement::Undecided(_, 1)));
        assert!(matches!(tol.judge(&plain, &int(&[4, 6])), Agreement::Off(_, 0)));
        let moves = Tolerance::derive(&plain, &plain, &[None], 0.0);
        assert_eq!(moves.judge(&plain, &int(&[5])), Agreement::Shape(true));
    }
}
