//! Operations on tensors against values computed by hand.

use super::*;

fn floats(op: Op, args: &[Tensor], shape: &[usize]) -> Vec<f64> {
    eval(op, args, DType::Float64, shape).unwrap().as_f64().unwrap().to_vec()
}
fn s(v: i64) -> Tensor {
    Tensor::scalar(Scalar::i64(v))
}
/// 0, 1, ..., n-1 in rows.
fn ramp(rows: usize, n: usize) -> Tensor {
    f64_matrix(rows, &(0..n).map(|i| i as f64).collect::<Vec<_>>())
}

#[test]
fn moving_elements() {
    let m = ramp(2, 6);
    assert_eq!(floats(Op::Transpose(vec![1, 0]), std::slice::from_ref(&m), &[3, 2]), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
    assert_eq!(floats(Op::Reshape, std::slice::from_ref(&m), &[3, 2]), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(floats(Op::Broadcast, &[f64s(&[1.0, 2.0])], &[2, 2]), [1.0, 2.0, 1.0, 2.0]);
    assert_eq!(floats(Op::Broadcast, &[f64_matrix(2, &[1.0, 2.0])], &[2, 2]), [1.0, 1.0, 2.0, 2.0]);
    assert_eq!(eval(Op::Iota, &[], DType::Int64, &[3]).unwrap(), i64s(&[0, 1, 2]));
    let cat = floats(Op::Concat { axis: 1 }, &[m.clone(), f64_matrix(2, &[7.0, 8.0])], &[2, 4]);
    assert_eq!(cat, [0.0, 1.0, 2.0, 7.0, 3.0, 4.0, 5.0, 8.0]);
    let cat = floats(Op::Concat { axis: 0 }, &[m, f64_matrix(1, &[7.0, 8.0, 9.0])], &[3, 3]);
    assert_eq!(cat[5..], [5.0, 7.0, 8.0, 9.0]);
    let cube = Tensor::from_f64(&[2, 2, 2], (0..8).map(f64::from).collect()).unwrap();
    let turned = floats(Op::Transpose(vec![2, 0, 1]), &[cube], &[2, 2, 2]);
    assert_eq!(turned, [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]);
}

#[test]
fn slices() {
    let x = ramp(1, 6);
    let x = eval(Op::Reshape, &[x], DType::Float64, &[6]).unwrap();
    let slice = |start, step, n: usize| floats(Op::Slice { steps: vec![step] }, &[x.clone(), s(start)], &[n]);
    assert_eq!(slice(1, 2, 3), [1.0, 3.0, 5.0]);
    assert_eq!(slice(5, -2, 3), [5.0, 3.0, 1.0]);
    assert_eq!(slice(2, 1, 3), [2.0, 3.0, 4.0]);
    assert!(slice(6, 1, 0).is_empty());
    for (start, step, n) in [(4, 1, 3), (-1, 1, 2), (1, -1, 3), (0, i64::MAX, 3)] {
        let got = eval(Op::Slice { steps: vec![step] }, &[x.clone(), s(start)], DType::Float64, &[n]);
        assert_eq!(got.unwrap_err().exception, INTERNAL, "{start} {step} {n}");
    }
    let m = ramp(3, 9);
    let corner = floats(Op::Slice { steps: vec![1, -2] }, &[m.clone(), s(1), s(2)], &[2, 2]);
    assert_eq!(corner, [5.0, 3.0, 8.0, 6.0]);
    let v = f64_matrix(2, &[-1.0, -2.0, -3.0, -4.0]);
    let put = floats(Op::InsertSlice { steps: vec![1, -2] }, &[m, v, s(1), s(2)], &[3, 3]);
    assert_eq!(put, [0.0, 1.0, 2.0, -2.0, 4.0, -1.0, -4.0, 7.0, -3.0]);
}

#[test]
fn elements() {
    let m = ramp(2, 6);
    assert_eq!(float(&eval(Op::Extract, &[m.clone(), s(1), s(2)], DType::Float64, &[]).unwrap()), 5.0);
    let put = floats(Op::Insert, &[m.clone(), Tensor::scalar(Scalar::f64(9.0)), s(0), s(1)], &[2, 3]);
    assert_eq!(put, [0.0, 9.0, 2.0, 3.0, 4.0, 5.0]);
    assert_eq!(m.as_f64().unwrap()[1], 1.0);
    assert_eq!(eval(Op::Extract, &[m, s(2), s(0)], DType::Float64, &[]).unwrap_err().exception, INTERNAL);
}

#[test]
fn gather_and_scatter() {
    let m = ramp(2, 6);
    let idx = i64s(&[2, 0]);
    let got = floats(Op::Gather { axis: 1 }, &[m.clone(), idx.clone()], &[2, 2]);
    assert_eq!(got, [2.0, 0.0, 5.0, 3.0]);
    let square = Tensor::from_i64(&[2, 2], vec![1, 0, 1, 1]).unwrap();
    let got = floats(Op::Gather { axis: 0 }, &[f64s(&[5.0, 6.0]), square], &[2, 2]);
    assert_eq!(got, [6.0, 5.0, 6.0, 6.0]);
    let v = f64_matrix(2, &[-1.0, -2.0, -3.0, -4.0]);
    let put = floats(Op::Scatter { axis: 1 }, &[m.clone(), idx, v.clone()], &[2, 3]);
    assert_eq!(put, [-2.0, 1.0, -1.0, -4.0, 4.0, -3.0]);
    let last = floats(Op::Scatter { axis: 1 }, &[m.clone(), i64s(&[0, 0]), v], &[2, 3]);
    assert_eq!(last, [-2.0, 1.0, 2.0, -4.0, 4.0, 5.0], "the last write wins");
    let bad = eval(Op::Gather { axis: 1 }, &[m, i64s(&[3])], DType::Float64, &[2, 1]);
    assert_eq!(bad.unwrap_err().exception, INTERNAL);
}

#[test]
fn sums_follow_the_lane_order() {
    let sum = |v: &[f64]| floats(Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[f64s(v)], &[])[0];
    let x: Vec<f64> = (0..37).map(|i| (1.0 + 0.37 * f64::from(i)).sin() * 1e5f64.powi(i % 3)).collect();
    // fewer than 16: from the first element on
    assert_eq!(sum(&x[..15]), x[1..15].iter().fold(x[0], |a, b| a + b));
    assert_eq!(sum(&[-0.0, -0.0]).to_bits(), (-0.0f64).to_bits());
    assert_eq!(sum(&[-0.0; 16]).to_bits(), 0.0f64.to_bits());
    assert_eq!(sum(&[]).to_bits(), 0.0f64.to_bits());
    // the lanes written out: element i goes to lane i mod 16
    let lane = |j: usize| (j..37).step_by(16).fold(0.0, |a, i| a + x[i]);
    let p: Vec<f64> = (0..16).map(lane).collect();
    let q: Vec<f64> = (0..8).map(|j| p[j] + p[j + 8]).collect();
    let r: Vec<f64> = (0..4).map(|j| q[j] + q[j + 4]).collect();
    let expect = (r[0] + r[2]) + (r[1] + r[3]);
    assert_eq!(sum(&x), expect);
    assert_ne!(sum(&x), x.iter().sum::<f64>(), "the case tells the orders apart");
}

#[test]
fn reductions() {
    let m = Tensor::from_f64(&[2, 3], vec![3.0, 1.0, 2.0, -1.0, f64::NAN, 4.0]).unwrap();
    let over = |kind, axes: &[usize], shape: &[usize]| {
        floats(Op::Reduce { kind, axes: axes.to_vec() }, std::slice::from_ref(&m), shape)
    };
    assert_eq!(over(Reduction::Prod, &[0], &[3])[..1], [-3.0]);
    assert_eq!(over(Reduction::Min, &[0], &[3])[..1], [-1.0]);
    assert_eq!(over(Reduction::Max, &[0], &[3])[2], 4.0);
    assert_eq!(over(Reduction::Max, &[1], &[2])[0], 3.0);
    assert!(over(Reduction::Max, &[1], &[2])[1].is_nan());
    assert!(over(Reduction::Min, &[0, 1], &[])[0].is_nan());
    assert_eq!(over(Reduction::Sum, &[0], &[3])[2], 6.0);
    let of_ints = |d: DType, kind, v: &[i64]| {
        eval(Op::Reduce { kind, axes: vec![0] }, &[of(d, v)], d, &[]).unwrap().get(0).unwrap().as_int().unwrap()
    };
    assert_eq!(of_ints(DType::Int8, Reduction::Sum, &[100, 100]), -56);
    assert_eq!(of_ints(DType::Int64, Reduction::Prod, &[]), 1);
    assert_eq!(of_ints(DType::Bool, Reduction::Any, &[0, 1]), 1);
    assert_eq!(of_ints(DType::Bool, Reduction::All, &[0, 1]), 0);
    assert_eq!((of_ints(DType::Bool, Reduction::Any, &[]), of_ints(DType::Bool, Reduction::All, &[])), (0, 1));
    let none = eval(Op::Reduce { kind: Reduction::Max, axes: vec![0] }, &[f64s(&[])], DType::Float64, &[]);
    assert_eq!(none.unwrap_err().exception, INTERNAL);
    let z = complex(&[(1.0, 1.0), (0.0, 2.0)]);
    let p = eval(Op::Reduce { kind: Reduction::Prod, axes: vec![0] }, &[z], DType::Complex128, &[]).unwrap();
    assert_eq!((p.get(0).unwrap().real_f64(), p.get(0).unwrap().imag_f64()), (-2.0, 2.0));
}

#[test]
fn extremes_by_index() {
    let arg = |max, v: &[f64]| int(&eval(Op::ArgReduce { max, axis: 0 }, &[f64s(v)], DType::Int64, &[]).unwrap());
    assert_eq!((arg(true, &[1.0, 3.0, 3.0]), arg(false, &[1.0, 0.0, 0.0])), (1, 1));
    assert_eq!((arg(true, &[1.0, f64::NAN, 9.0, f64::NAN]), arg(false, &[1.0, f64::NAN, -9.0])), (1, 1));
    let m = f64_matrix(2, &[1.0, 9.0, 5.0, 2.0]);
    assert_eq!(eval(Op::ArgReduce { max: true, axis: 0 }, &[m], DType::Int64, &[2]).unwrap(), i64s(&[1, 0]));
}

#[test]
fn scans_are_sequential() {
    let x = [0.1, 0.2, 0.3, 1e9];
    let sum = floats(Op::Scan { kind: Reduction::Sum, axis: 0 }, &[f64s(&x)], &[4]);
    assert_eq!(sum, [0.1, 0.1 + 0.2, 0.1 + 0.2 + 0.3, 0.1 + 0.2 + 0.3 + 1e9]);
    let down = floats(Op::Scan { kind: Reduction::Prod, axis: 0 }, &[ramp(3, 6)], &[3, 2]);
    assert_eq!(down, [0.0, 1.0, 0.0, 3.0, 0.0, 15.0]);
}

#[test]
fn sorting() {
    let nan = f64::NAN;
    let sorted = floats(Op::Sort, &[f64_matrix(2, &[3.0, nan, 1.0, -0.0, 0.0, -1.0])], &[2, 3]);
    assert_eq!(sorted[..2], [1.0, 3.0]);
    assert!(sorted[2].is_nan());
    assert_eq!(sorted[3..], [-1.0, 0.0, 0.0]);
    let order = eval(Op::ArgSort, &[f64s(&[2.0, nan, 1.0, 2.0, nan])], DType::Int64, &[5]).unwrap();
    assert_eq!(order, i64s(&[2, 0, 3, 1, 4]), "stable, NaN last");
    let z = complex(&[(nan, 0.0), (1.0, nan), (1.0, 2.0), (nan, nan), (1.0, 1.0), (0.0, nan), (nan, -1.0)]);
    let order = eval(Op::ArgSort, &[z], DType::Int64, &[7]).unwrap();
    assert_eq!(order, i64s(&[4, 2, 5, 1, 6, 0, 3]));
    assert_eq!(
        eval(Op::Sort, &[of(DType::Int8, &[3, -1, 2])], DType::Int8, &[3]).unwrap(),
        of(DType::Int8, &[-1, 2, 3])
    );
}

#[test]
fn matrix_products() {
    let (a, b) = (ramp(2, 6), ramp(3, 6));
    assert_eq!(floats(Op::MatMul, &[a.clone(), b], &[2, 2]), [10.0, 13.0, 28.0, 40.0]);
    let x = f64_matrix(3, &[0.1, 0.7, 1e-9]);
    let y = floats(Op::MatMul, &[a, x], &[2, 1]);
    assert_eq!(y[0], 0.0 * 0.1 + 1.0 * 0.7 + 2.0 * 1e-9);
    assert_eq!(y[1], (3.0 * 0.1 + 4.0 * 0.7) + 5.0 * 1e-9);
    let none = [Tensor::from_f64(&[2, 0], vec![]).unwrap(), Tensor::from_f64(&[0, 2], vec![]).unwrap()];
    assert_eq!(floats(Op::MatMul, &none, &[2, 2]), [0.0; 4]);
    let negative = [f64_matrix(1, &[-0.0]), f64_matrix(1, &[1.0])];
    assert_eq!(floats(Op::MatMul, &negative, &[1, 1])[0].to_bits(), (-0.0f64).to_bits(), "starts with the product");
}

/// The definition of `Fir`, term by term.
fn fir_by_definition(x: &[f64], h: &[f64], start: i64, count: usize, up: i64, down: i64) -> Vec<f64> {
    let v = |p: i64| (p >= 0 && p % up == 0).then(|| x.get((p / up) as usize)).flatten();
    (0..count as i64)
        .map(|m| {
            let terms = h.iter().enumerate().filter_map(|(j, h)| v(start + m * down - j as i64).map(|v| h * v));
            terms.fold(0.0, |a, t| a + t)
        })
        .collect()
}

#[test]
fn fir() {
    let x: Vec<f64> = (0..11).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let h = [0.1, 0.3, -0.2, 0.45, 0.05];
    for (up, down) in [(1, 1), (1, 3), (2, 1), (3, 2), (7, 5)] {
        for start in [-9, -1, 0, 2, 40, 500] {
            let got = floats(Op::Fir { up, down }, &[f64s(&x), f64s(&h), s(start)], &[20]);
            assert_eq!(got, fir_by_definition(&x, &h, start, 20, up, down), "{up} {down} {start}");
        }
    }
    let y = floats(Op::Fir { up: 1, down: 1 }, &[f64s(&[1.0, 2.0, 3.0]), f64s(&[1.0, 10.0]), s(0)], &[4]);
    assert_eq!(y, [1.0, 12.0, 23.0, 30.0]);
    let wraps =
        eval(Op::Fir { up: 1, down: 1 }, &[of(DType::Int8, &[100]), of(DType::Int8, &[2]), s(0)], DType::Int8, &[1]);
    assert_eq!(wraps.unwrap(), of(DType::Int8, &[-56]));
}

#[test]
fn fir_of_complex_samples_and_fused_steps() {
    let z = complex(&[(0.1, 0.7), (0.2, -0.3)]);
    let op = Op::Fir { up: 1, down: 1 };
    let real = eval(op.clone(), &[z.clone(), f64s(&[0.3, 0.9]), s(1)], DType::Complex128, &[1]).unwrap();
    assert!(real.same_bits(&complex(&[(0.3 * 0.2 + 0.9 * 0.1, 0.3 * -0.3 + 0.9 * 0.7)])));
    let taps = complex(&[(0.3, 0.4)]);
    let full = eval(op.clone(), &[z, taps, s(0)], DType::Complex128, &[1]).unwrap();
    assert!(full.same_bits(&complex(&[(0.3 * 0.1 - 0.4 * 0.7, 0.3 * 0.7 + 0.4 * 0.1)])));
    let x = [f64s(&[0.1, 0.2]), f64s(&[0.3, 0.7]), s(1)];
    let fused = evaluate(&op, x.to_vec(), &[(DType::Float64, vec![1])], true).unwrap();
    assert_eq!(float(&fused[0]), 0.7f64.mul_add(0.1, 0.3f64.mul_add(0.2, 0.0)));
}

#[test]
fn biquads() {
    let sos = f64_matrix(2, &[0.2, 0.3, 0.1, 1.0, -0.5, 0.25, 1.0, -1.0, 0.0, 1.0, 0.5, 0.0]);
    let x = [1.0, -0.5, 0.25, 2.0];
    let zi = f64_matrix(2, &[0.1, 0.2, 0.3, 0.4]);
    // section after section over the whole signal gives the same as sample after sample
    let (mut y, mut z) = (x.to_vec(), zi.as_f64().unwrap().to_vec());
    for (k, c) in sos.as_f64().unwrap().chunks(6).enumerate() {
        let (mut z0, mut z1) = (z[2 * k], z[2 * k + 1]);
        for v in &mut y {
            let out = c[0] * *v + z0;
            z0 = c[1] * *v - c[4] * out + z1;
            z1 = c[2] * *v - c[5] * out;
            *v = out;
        }
        (z[2 * k], z[2 * k + 1]) = (z0, z1);
    }
    let types = [(DType::Float64, vec![4]), (DType::Float64, vec![2, 2])];
    let got = evaluate(&Op::Sosfilt, vec![sos.clone(), f64s(&x), zi], &types, false).unwrap();
    assert_eq!((got[0].as_f64().unwrap(), got[1].as_f64().unwrap()), (&y[..], &z[..]));
    // complex samples are two real signals
    let cx = complex(&[(1.0, 0.0), (-0.5, 1.0)]);
    let cz = Tensor::from_le_bytes(DType::Complex128, &[2, 2], &[0; 64]).unwrap();
    let types = [(DType::Complex128, vec![2]), (DType::Complex128, vec![2, 2])];
    let got = evaluate(&Op::Sosfilt, vec![sos.clone(), cx, cz], &types, false).unwrap();
    let real = |v: &[f64]| {
        let types = [(DType::Float64, vec![2]), (DType::Float64, vec![2, 2])];
        evaluate(&Op::Sosfilt, vec![sos.clone(), f64s(v), f64_matrix(2, &[0.0; 4])], &types, false).unwrap()
    };
    let (re, im) = (real(&[1.0, -0.5]), real(&[0.0, 1.0]));
    for k in 0..2 {
        let part = |t: &Tensor| t.as_f64().unwrap()[k];
        let c = got[0].get(k).unwrap();
        assert_eq!((c.real_f64(), c.imag_f64()), (part(&re[0]), part(&im[0])));
    }
}
