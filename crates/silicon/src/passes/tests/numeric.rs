//! Passes that may change values: what they may not change.

use super::random::{Maker, calls};
use crate::dtype::{DType, Scalar};
use crate::hir::{Module, check, parse};
use crate::interp::{INTERNAL, Machine, Tensor};
use crate::passes::{PassOptions, find, run, run_one};

/// Kernels with the names of NumPy's: `exp` in terms of `cos` and `sin` as in the prelude, those two only stand-ins,
/// division by Smith's method where the divisor's real part is the larger.
const KERNELS: &str = r#"
kernel func "numpy_cos_f64"(%0: float64) {
  %1: float64 = const[float64 1.5]
  %2: float64 = add(%0, %1)
  yield %2
}
kernel func "numpy_sin_f64"(%0: float64) {
  %1: float64 = const[float64 3.0]
  %2: float64 = mul(%0, %1)
  yield %2
}
kernel func "numpy_exp_c128"(%0: complex128) {
  %1: float64 = imag(%0)
  %2: float64 = kernel[0](%1)
  %3: float64 = kernel[1](%1)
  %4: complex128 = complex(%2, %3)
  yield %4
}
kernel func "numpy_divide_c128"(%0: complex128, %1: complex128) {
  %2: float64 = real(%0)
  %3: float64 = imag(%0)
  %4: float64 = real(%1)
  %5: float64 = imag(%1)
  %6: float64 = div(%5, %4)
  %7: float64 = mul(%5, %6)
  %8: float64 = add(%4, %7)
  %9: float64 = const[float64 1.0]
  %10: float64 = div(%9, %8)
  %11: float64 = mul(%3, %6)
  %12: float64 = add(%2, %11)
  %13: float64 = mul(%12, %10)
  %14: float64 = mul(%2, %6)
  %15: float64 = sub(%3, %14)
  %16: float64 = mul(%15, %10)
  %17: complex128 = complex(%13, %16)
  yield %17
}
"#;

/// A module over `t: float64[5]`, `z: complex128[5]` and `g: float64` with outputs %20 and %21 of five elements.
fn module(body: &str) -> Module {
    let text = format!(
        "module \"m\"\n{KERNELS}entry (input \"t\", input \"z\", input \"g\") -> (output \"a\", output \"b\") func \"run\"\
         (%0: float64[5], %1: complex128[5], %2: float64) {{\n{body}\n}}\n"
    );
    check(parse(&text).unwrap_or_else(|e| panic!("{e}\n{text}"))).unwrap_or_else(|e| panic!("{}", e[0])).into_inner()
}

/// Both outputs for finite inputs without zeros.
fn outputs(m: &Module) -> Vec<Tensor> {
    let t = [0.3, -1.7, 2e5, 4e-9, 31.25];
    let z = [(0.1, -3.0), (1e6, 2.5), (-0.7, 0.2), (3.0, 3.0), (1e-3, -9.1)];
    let bytes =
        z.iter().flat_map(|(re, im)| Scalar::float(DType::Complex128, *re, *im).to_le_bytes()).collect::<Vec<u8>>();
    let inputs = [
        ("t".to_string(), Tensor::from_f64(&[5], t.to_vec()).unwrap()),
        ("z".to_string(), Tensor::from_le_bytes(DType::Complex128, &[5], &bytes).unwrap()),
        ("g".to_string(), Tensor::scalar(Scalar::f64(48e3))),
    ];
    Machine::new(m).call("run", &inputs).unwrap().outputs.into_iter().map(|o| o.1).collect()
}

fn unchanged_by(pass: &str, body: &str, changes: usize) {
    let mut m = module(body);
    let before = outputs(&m);
    let mut options = PassOptions { finite_math_signs: true, ..PassOptions::default() };
    assert_eq!(run_one(find(pass).unwrap(), &mut m, &mut options).changed, changes);
    let m = check(m).unwrap_or_else(|e| panic!("{}", e[0]));
    for (a, b) in before.iter().zip(outputs(&m)) {
        assert!(a.same_bits(&b), "{a:?}\n{b:?}\n{}", *m);
    }
}

#[test]
fn euler_keeps_the_bits_of_ordinary_angles() {
    // exp(-(1j*w*t)/g), with the factors in either order, and exp(1j*g + 1j*t stretched)
    unchanged_by(
        "euler",
        "  %3: complex128 = const[complex128 (0.0, 6.283185307179586)]
  %4: complex128[5] = cast(%0)
  %5: complex128[5] = mul(%4, %3)
  %6: complex128 = cast(%2)
  %7: complex128[5] = kernel[3](%5, %6)
  %8: complex128[5] = neg(%7)
  %9: complex128[5] = kernel[2](%8)
  %10: float64 = const[float64 0.0]
  %11: complex128 = complex(%10, %2)
  %12: complex128[5] = broadcast(%11)
  %13: complex128[5] = sub(%12, %5)
  %14: complex128[5] = kernel[2](%13)
  yield %9, %14",
        2,
    );
}

#[test]
fn euler_leaves_what_is_not_imaginary() {
    unchanged_by(
        "euler",
        "  %3: complex128 = const[complex128 (1e-300, 1.0)]
  %4: complex128[5] = cast(%0)
  %5: complex128[5] = mul(%4, %3)
  %6: complex128[5] = kernel[2](%5)
  %7: complex128[5] = mul(%1, %4)
  %8: complex128[5] = kernel[2](%7)
  yield %6, %8",
        0,
    );
}

#[test]
fn real_scale_keeps_the_bits_of_ordinary_numbers() {
    unchanged_by(
        "real_scale",
        "  %3: complex128[5] = cast(%0)
  %4: complex128[5] = mul(%3, %1)
  %5: complex128 = cast(%2)
  %6: complex128[5] = add(%4, %5)
  %7: complex128[5] = sub(%1, %3)
  yield %6, %7",
        3,
    );
}

#[test]
fn narrowing_leaves_a_module_that_checks_and_runs() {
    for state in 0..200 {
        let module = Maker { state }.module();
        let mut options = PassOptions { narrow: true, ..PassOptions::default() };
        let (m, reports) = run(module, &mut options);
        assert!(reports.iter().any(|r| r.name == "narrow" && r.changed > 0));
        let m = check(m).unwrap_or_else(|e| panic!("{}", e[0]));
        let ports = m.entries.iter().flat_map(|e| e.func.body.params.iter().map(|v| e.func.ty(*v).dtype));
        assert!(ports.into_iter().all(|d| !matches!(d, DType::Float64 | DType::Complex128)));
        for r in calls(&m, state) {
            assert!(r.as_ref().err().is_none_or(|f| f.exception != INTERNAL), "{r:?}\n{}", *m);
        }
    }
}
