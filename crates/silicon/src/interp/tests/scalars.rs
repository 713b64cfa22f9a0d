//! Elementwise operations. Each case runs as a tensor operation and as a scalar instruction, which must agree.

use super::*;

/// Evaluates elementwise in both forms.
fn both(op: Op, args: &[Tensor], dtype: DType) -> Tensor {
    let shape = args[0].shape.clone();
    let whole = eval(op.clone(), args, dtype, &shape).unwrap();
    let mut b = Builder::new("f");
    let params: Vec<ValueId> = args.iter().map(|a| b.param(Type::scalar(a.dtype))).collect();
    let r = b.op1(op.clone(), &params, Type::scalar(dtype));
    let m = module(b.finish(&[r]));
    for i in 0..shape[0] {
        let scalars: Vec<Tensor> = args.iter().map(|a| Tensor::scalar(a.get(i).unwrap())).collect();
        let one = call(&m, &scalars).unwrap();
        let (a, b) = (one[0].get(0), whole.get(i));
        assert!(a == b, "{op:?} on {scalars:?}: {a:?} as a scalar, {b:?} in a tensor");
    }
    whole
}
fn unary(op: Unary, x: &[f64]) -> Vec<f64> {
    both(Op::Unary(op), &[f64s(x)], DType::Float64).as_f64().unwrap().to_vec()
}
fn binary(op: Binary, a: &[f64], b: &[f64]) -> Vec<f64> {
    both(Op::Binary(op), &[f64s(a), f64s(b)], DType::Float64).as_f64().unwrap().to_vec()
}
fn ints(op: Binary, d: DType, a: &[i64], b: &[i64]) -> Tensor {
    both(Op::Binary(op), &[of(d, a), of(d, b)], d)
}
fn bools(t: &Tensor) -> Vec<bool> {
    (0..t.len()).map(|i| t.get(i).unwrap().re == 1).collect()
}
fn bits(v: &[f64]) -> Vec<u64> {
    v.iter().map(|x| x.to_bits()).collect()
}
fn cast(x: Tensor, to: DType) -> Tensor {
    both(Op::Unary(Unary::Cast), &[x], to)
}

#[test]
fn unary_on_floats() {
    let x = [-2.5, -0.5, -0.0, 0.5, 1.5, 2.5];
    assert_eq!(bits(&unary(Unary::Rint, &x)), bits(&[-2.0, -0.0, -0.0, 0.0, 2.0, 2.0]));
    assert_eq!(unary(Unary::Floor, &x), [-3.0, -1.0, -0.0, 0.0, 1.0, 2.0]);
    assert_eq!(bits(&unary(Unary::Ceil, &x)), bits(&[-2.0, -0.0, -0.0, 1.0, 2.0, 3.0]));
    assert_eq!(bits(&unary(Unary::Trunc, &x)), bits(&[-2.0, -0.0, -0.0, 0.0, 1.0, 2.0]));
    assert_eq!(bits(&unary(Unary::Neg, &[0.0, -1.0])), bits(&[-0.0, 1.0]));
    assert_eq!(bits(&unary(Unary::Abs, &[-0.0, -1.0])), bits(&[0.0, 1.0]));
    assert_eq!(unary(Unary::Sqrt, &[2.0, 0.25])[..], [std::f64::consts::SQRT_2, 0.5]);
    assert!(unary(Unary::Sqrt, &[-1.0])[0].is_nan());
    let special = f64s(&[f64::NAN, f64::NEG_INFINITY, -0.0, 1.0]);
    let is = |op| bools(&both(Op::Unary(op), std::slice::from_ref(&special), DType::Bool));
    assert_eq!(is(Unary::IsNan), [true, false, false, false]);
    assert_eq!(is(Unary::IsInf), [false, true, false, false]);
    assert_eq!(is(Unary::SignBit)[1..], [true, true, false]);
}

#[test]
fn unary_on_integers_and_complex() {
    let small = of(DType::Int8, &[-128, 5, 0]);
    let got = |op| both(Op::Unary(op), std::slice::from_ref(&small), DType::Int8);
    assert_eq!(got(Unary::Neg), of(DType::Int8, &[-128, -5, 0]));
    assert_eq!(got(Unary::Abs), of(DType::Int8, &[-128, 5, 0]));
    assert_eq!(got(Unary::Not), of(DType::Int8, &[127, -6, -1]));
    let b = of(DType::Bool, &[0, 1]);
    assert_eq!(both(Op::Unary(Unary::Not), &[b], DType::Bool), of(DType::Bool, &[1, 0]));
    let z = complex(&[(1.0, -2.0), (0.0, 0.0)]);
    let parts = |op| both(Op::Unary(op), std::slice::from_ref(&z), DType::Float64).as_f64().unwrap().to_vec();
    assert_eq!((parts(Unary::Real), parts(Unary::Imag)), (vec![1.0, 0.0], vec![-2.0, 0.0]));
    let neg = both(Op::Unary(Unary::Neg), &[z], DType::Complex128);
    assert!(neg.same_bits(&complex(&[(-1.0, 2.0), (-0.0, -0.0)])));
}

#[test]
fn casts_follow_numpy() {
    let x = [1.9, -1.9, 300.7, -1.0, 4e9, 1e19, f64::NAN];
    let to = |d| cast(f64s(&x), d);
    let (low64, low32) = (i64::MIN, i64::from(i32::MIN));
    assert_eq!(to(DType::Int64), i64s(&[1, -1, 300, -1, 4_000_000_000, low64, low64]));
    assert_eq!(to(DType::Int32), of(DType::Int32, &[1, -1, 300, -1, low32, low32, low32]));
    assert_eq!(to(DType::Int8), of(DType::Int8, &[1, -1, 44, -1, 0, 0, 0]));
    assert_eq!(to(DType::Uint8), of(DType::Uint8, &[1, 255, 44, 255, 0, 0, 0]));
    assert_eq!(to(DType::Uint32), of(DType::Uint32, &[1, -1, 300, -1, 4_000_000_000, 0, 0]));
    assert_eq!(to(DType::Uint64), of(DType::Uint64, &[1, -1, 300, -1, 4_000_000_000, low64, low64]));
    assert_eq!(bools(&cast(f64s(&[0.0, -0.0, f64::NAN, 0.5]), DType::Bool)), [false, false, true, true]);
    assert_eq!(cast(of(DType::Uint8, &[200, 255]), DType::Int8), of(DType::Int8, &[-56, -1]));
    assert_eq!(cast(i64s(&[(1 << 53) + 1, -7]), DType::Float64), f64s(&[(1u64 << 53) as f64, -7.0]));
    assert_eq!(cast(of(DType::Uint64, &[-1]), DType::Float64), f64s(&[18_446_744_073_709_551_616.0]));
    // 2^24+1 rounds to even once, not through float64 first (which would be exact here), and 2^60+2^36+1 rounds up
    let narrow = cast(i64s(&[(1 << 24) + 1, (1 << 60) + (1 << 36) + 1]), DType::Float32);
    assert_eq!(narrow.get(0).unwrap().real_f64(), f64::from(1u32 << 24));
    assert_eq!(narrow.get(1).unwrap().real_f64(), ((1i64 << 60) + (1 << 37)) as f64);
    assert_eq!(cast(f64s(&[0.1]), DType::Float32).get(0).unwrap().re, u64::from(0.1f32.to_bits()));
    let z = cast(f64s(&[-0.0]), DType::Complex128);
    assert!(z.same_bits(&complex(&[(-0.0, 0.0)])));
    assert_eq!(cast(complex(&[(3.5, 9.0)]), DType::Int64), i64s(&[3]));
    assert_eq!(bools(&cast(complex(&[(0.0, 2.0), (0.0, 0.0)]), DType::Bool)), [true, false]);
    let one = both(Op::Unary(Unary::Bitcast), &[f64s(&[1.0, -0.0])], DType::Int64);
    assert_eq!(one, i64s(&[0x3ff0 << 48, i64::MIN]));
    let back = both(Op::Unary(Unary::Bitcast), &[of(DType::Uint32, &[0x3f80_0000])], DType::Float32);
    assert_eq!(back.get(0).unwrap().real_f64(), 1.0);
}

#[test]
fn float_arithmetic() {
    assert_eq!(binary(Binary::Add, &[0.1, 1e308], &[0.2, 1e308]), [0.1 + 0.2, f64::INFINITY]);
    assert_eq!(binary(Binary::Div, &[1.0, -1.0], &[3.0, 0.0]), [1.0 / 3.0, f64::NEG_INFINITY]);
    assert_eq!(binary(Binary::Fmod, &[-7.5, 7.5], &[2.0, -2.0]), [-1.5, 1.5]);
    assert_eq!(bits(&binary(Binary::CopySign, &[1.0, 2.0], &[-0.0, 5.0])), bits(&[-1.0, 2.0]));
    // the first of equals; NaN wins on either side
    assert_eq!(bits(&binary(Binary::Min, &[-0.0, 0.0, 3.0], &[0.0, -0.0, 2.0])), bits(&[-0.0, 0.0, 2.0]));
    assert_eq!(bits(&binary(Binary::Max, &[-0.0, 0.0, 3.0], &[0.0, -0.0, 2.0])), bits(&[-0.0, 0.0, 3.0]));
    for op in [Binary::Min, Binary::Max] {
        assert!(binary(op, &[f64::NAN, 1.0], &[1.0, f64::NAN]).iter().all(|x| x.is_nan()));
    }
    let third = |d| {
        let cast = |v: f64| eval(Op::Unary(Unary::Cast), &[f64s(&[v])], d, &[1]).unwrap();
        both(Op::Binary(Binary::Div), &[cast(1.0), cast(3.0)], d).get(0).unwrap().real_f64()
    };
    assert_eq!(third(DType::Float32), f64::from(1.0f32 / 3.0), "float32 is computed in float32");
}

#[test]
fn complex_arithmetic_rounds_each_part() {
    let (a, b) = (complex(&[(0.1, 0.2)]), complex(&[(0.3, 0.7)]));
    let mul = both(Op::Binary(Binary::Mul), &[a.clone(), b.clone()], DType::Complex128);
    assert!(mul.same_bits(&complex(&[(0.1 * 0.3 - 0.2 * 0.7, 0.1 * 0.7 + 0.2 * 0.3)])));
    let sub = both(Op::Binary(Binary::Sub), &[a.clone(), b.clone()], DType::Complex128);
    assert!(sub.same_bits(&complex(&[(0.1 - 0.3, 0.2 - 0.7)])));
    assert_eq!(bools(&both(Op::Binary(Binary::Eq), &[a.clone(), b], DType::Bool)), [false]);
    assert_eq!(bools(&both(Op::Binary(Binary::Ne), &[a.clone(), a], DType::Bool)), [false]);
    let made = both(Op::Binary(Binary::Complex), &[f64s(&[1.0]), f64s(&[-0.0])], DType::Complex128);
    assert!(made.same_bits(&complex(&[(1.0, -0.0)])));
}

#[test]
fn integer_arithmetic_wraps_and_floors() {
    let d = DType::Int8;
    assert_eq!(ints(Binary::Add, d, &[127, -128], &[1, -1]), of(d, &[-128, 127]));
    assert_eq!(ints(Binary::Mul, d, &[64], &[3]), of(d, &[-64]));
    assert_eq!(
        ints(Binary::FloorDiv, d, &[7, -7, 7, -7, 5, -128], &[2, 2, -2, -2, 0, -1]),
        of(d, &[3, -4, -4, 3, 0, -128])
    );
    assert_eq!(
        ints(Binary::FloorMod, d, &[7, -7, 7, -7, 5, -128], &[2, 2, -2, -2, 0, -1]),
        of(d, &[1, 1, -1, -1, 0, 0])
    );
    let u = DType::Uint8;
    assert_eq!(ints(Binary::Sub, u, &[0], &[1]), of(u, &[255]));
    assert_eq!(ints(Binary::FloorDiv, u, &[200, 3], &[7, 0]), of(u, &[28, 0]));
    assert_eq!(ints(Binary::FloorMod, u, &[200, 3], &[7, 0]), of(u, &[4, 0]));
    assert_eq!(ints(Binary::Shl, d, &[1, 1, 1, 3], &[7, 8, -1, 6]), of(d, &[-128, 0, 0, -64]));
    assert_eq!(ints(Binary::Shr, d, &[-128, -128, 127, -1], &[1, 8, 9, -3]), of(d, &[-64, -1, 0, -1]));
    assert_eq!(ints(Binary::Shr, u, &[255, 255], &[4, 8]), of(u, &[15, 0]));
    assert_eq!(ints(Binary::Xor, d, &[5, -1], &[3, 1]), of(d, &[6, -2]));
    assert_eq!(ints(Binary::And, d, &[5, -1], &[3, 1]), of(d, &[1, 1]));
    let t = DType::Bool;
    assert_eq!(ints(Binary::Or, t, &[0, 0, 1], &[0, 1, 1]), of(t, &[0, 1, 1]));
    assert_eq!(ints(Binary::Min, DType::Uint64, &[-1, 2], &[3, 1]), of(DType::Uint64, &[3, 1]));
}

#[test]
fn checked_arithmetic_stops() {
    let run = |op, a: i64, b: i64| eval(Op::Binary(op), &[i64s(&[1, a]), i64s(&[1, b])], DType::Int64, &[2]);
    assert_eq!(run(Binary::AddChecked, i64::MAX - 1, 1).unwrap(), i64s(&[2, i64::MAX]));
    for (op, a, b) in
        [(Binary::AddChecked, i64::MAX, 1), (Binary::SubChecked, i64::MIN, 1), (Binary::MulChecked, i64::MIN, -1)]
    {
        assert_eq!(run(op, a, b).unwrap_err().exception, "OverflowError");
    }
}

#[test]
fn comparisons() {
    let (a, b) = (f64s(&[1.0, 2.0, f64::NAN, -0.0]), f64s(&[2.0, 2.0, 1.0, 0.0]));
    let is = |op| bools(&both(Op::Binary(op), &[a.clone(), b.clone()], DType::Bool));
    assert_eq!(is(Binary::Lt), [true, false, false, false]);
    assert_eq!(is(Binary::Le), [true, true, false, true]);
    assert_eq!(is(Binary::Gt), [false, false, false, false]);
    assert_eq!(is(Binary::Ge), [false, true, false, true]);
    assert_eq!(is(Binary::Eq), [false, true, false, true]);
    assert_eq!(is(Binary::Ne), [true, false, true, false]);
    let big = both(Op::Binary(Binary::Gt), &[of(DType::Uint64, &[-1]), of(DType::Uint64, &[1])], DType::Bool);
    assert_eq!(bools(&big), [true]);
}

#[test]
fn select_and_broadcasting() {
    let c = of(DType::Bool, &[1, 0, 1]);
    let got = both(Op::Select, &[c.clone(), f64s(&[1.0, 2.0, 3.0]), f64s(&[4.0, 5.0, 6.0])], DType::Float64);
    assert_eq!(got.as_f64().unwrap(), [1.0, 5.0, 3.0]);
    let column = f64_matrix(2, &[10.0, 20.0]);
    let got = eval(Op::Select, &[c, column.clone(), Tensor::scalar(Scalar::f64(0.0))], DType::Float64, &[2, 3]);
    assert_eq!(got.unwrap().as_f64().unwrap(), [10.0, 0.0, 10.0, 20.0, 0.0, 20.0]);
    let sum = eval(Op::Binary(Binary::Add), &[column, f64s(&[1.0, 2.0])], DType::Float64, &[2, 2]).unwrap();
    assert_eq!(sum.as_f64().unwrap(), [11.0, 12.0, 21.0, 22.0]);
    let none = eval(Op::Binary(Binary::Add), &[f64s(&[]), f64s(&[1.0])], DType::Float64, &[0]).unwrap();
    assert!(none.is_empty());
    let bad = eval(Op::Binary(Binary::Add), &[f64s(&[1.0, 2.0]), f64s(&[1.0, 2.0, 3.0])], DType::Float64, &[3]);
    assert_eq!(bad.unwrap_err().exception, INTERNAL);
}

#[test]
fn bytes_round_trip() {
    for d in DType::ALL {
        let t = of(d, &[0, 1, 1, 0]);
        let bytes = t.to_le_bytes();
        assert_eq!(bytes.len(), 4 * d.size());
        assert!(Tensor::from_le_bytes(d, &[4], &bytes).unwrap().same_bits(&t));
        assert!(Tensor::from_le_bytes(d, &[5], &bytes).is_none());
    }
    assert_eq!(of(DType::Int16, &[-2]).to_le_bytes(), [0xfe, 0xff]);
}
