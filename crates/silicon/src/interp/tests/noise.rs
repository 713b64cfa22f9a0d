//! Perturbed runs and margins of decisions.

use super::*;

fn run(m: &Module, seed: u64, args: &[Tensor]) -> Vec<Tensor> {
    let inputs: Vec<_> = args.iter().enumerate().map(|(i, t)| (format!("p{i}"), t.clone())).collect();
    let mut machine = Machine::new(m).perturbed(Perturbation::Rounding { seed, ulps: 1 });
    machine.call("f", &inputs).unwrap().outputs.into_iter().map(|o| o.1).collect()
}
/// The values that many perturbed runs of a scalar operation give, in ULP of the plain one.
fn spread(op: Op, args: &[f64], dtype: DType) -> Vec<i64> {
    let mut b = Builder::new("f");
    let params: Vec<ValueId> = args.iter().map(|_| b.param(Type::scalar(DType::Float64))).collect();
    let r = b.op1(op, &params, Type::scalar(dtype));
    let m = module(b.finish(&[r]));
    let args: Vec<Tensor> = args.iter().map(|v| Tensor::scalar(Scalar::f64(*v))).collect();
    let plain = call(&m, &args).unwrap()[0].get(0).unwrap().re as i64;
    let mut seen: Vec<i64> = (0..64).map(|seed| run(&m, seed, &args)[0].get(0).unwrap().re as i64 - plain).collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}
fn binary(op: Binary, a: f64, b: f64) -> Vec<i64> {
    spread(Op::Binary(op), &[a, b], DType::Float64)
}

#[test]
fn inexact_results_move_and_exact_ones_stay() {
    for (op, a, b) in [
        (Binary::Add, 0.1, 0.2),
        (Binary::Sub, 1.0, 1e-20),
        (Binary::Mul, 0.1, 0.1),
        (Binary::Div, 1.0, 3.0),
        (Binary::Mul, 0.1, 1e-309),
        (Binary::Div, 3e-310, 0.7),
    ] {
        assert_eq!(binary(op, a, b), [-1, 0, 1], "{op:?} {a} {b}");
    }
    for (op, a, b) in [
        (Binary::Add, 0.5, 0.25),
        (Binary::Sub, 0.3, 0.3),
        (Binary::Mul, 3.0, 0.125),
        (Binary::Div, 1.0, 8.0),
        (Binary::Mul, 3.0, 2f64.powi(-1060)),
        (Binary::Div, 2f64.powi(-1060), 4.0),
        (Binary::Add, f64::INFINITY, 1.0),
        (Binary::Mul, 0.0, 0.1),
        (Binary::Min, 0.1, 0.2),
    ] {
        assert_eq!(binary(op, a, b), [0], "{op:?} {a} {b}");
    }
    assert_eq!(spread(Op::Unary(Unary::Sqrt), &[2.0], DType::Float64), [-1, 0, 1]);
    assert_eq!(spread(Op::Unary(Unary::Sqrt), &[2.25], DType::Float64), [0]);
    assert_eq!(spread(Op::Unary(Unary::Cast), &[0.1], DType::Float32), [-1, 0, 1]);
    assert_eq!(spread(Op::Unary(Unary::Cast), &[0.5], DType::Float32), [0]);
    assert_eq!(spread(Op::Unary(Unary::Cast), &[2.7], DType::Int64), [0]);
}

#[test]
fn tensor_operations_move_too() {
    let cases: Vec<(Op, Vec<Type>, Type)> = vec![
        (Op::Binary(Binary::Mul), vec![ty(DType::Float64, &[40]); 2], ty(DType::Float64, &[40])),
        (Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, vec![ty(DType::Float64, &[40])], ty(DType::Float64, &[])),
        (Op::Scan { kind: Reduction::Sum, axis: 0 }, vec![ty(DType::Float64, &[40])], ty(DType::Float64, &[40])),
        (
            Op::Reduce { kind: Reduction::Sum, axes: vec![0] },
            vec![ty(DType::Complex128, &[20])],
            ty(DType::Complex128, &[]),
        ),
        (Op::MatMul, vec![ty(DType::Float64, &[1, 40]), ty(DType::Float64, &[40, 1])], ty(DType::Float64, &[1, 1])),
    ];
    for (op, params, result) in cases {
        let mut b = Builder::new("f");
        let p: Vec<ValueId> = params.iter().map(|t| b.param(t.clone())).collect();
        let r = b.op1(op.clone(), &p, result);
        let m = module(b.finish(&[r]));
        let inexact: Vec<u8> = (1..=40).flat_map(|i| (0.1 * f64::from(i)).to_le_bytes()).collect();
        let exact: Vec<u8> = (1..=40).flat_map(|i| f64::from(i).to_le_bytes()).collect();
        let args = |data: &[u8]| {
            let of = |t: &Type| {
                let shape: Vec<usize> = t.shape.iter().map(|d| d.as_const().unwrap() as usize).collect();
                Tensor::from_le_bytes(t.dtype, &shape, data).unwrap()
            };
            params.iter().map(of).collect::<Vec<Tensor>>()
        };
        let plain = call(&m, &args(&inexact)).unwrap();
        let moved = (0..8).filter(|s| !run(&m, *s, &args(&inexact))[0].same_bits(&plain[0])).count();
        assert!(moved > 0, "{op:?} never moves");
        assert!(run(&m, 3, &args(&inexact))[0].same_bits(&run(&m, 3, &args(&inexact))[0]), "{op:?} is not repeatable");
        assert!(
            run(&m, 3, &args(&exact))[0].same_bits(&call(&m, &args(&exact)).unwrap()[0]),
            "{op:?} moves exact sums"
        );
    }
}

#[test]
fn filters_move_too() {
    let x: Vec<f64> = (1..=40).map(|i| 0.1 * f64::from(i)).collect();
    let whole: Vec<f64> = (1..=40).map(f64::from).collect();
    for fma in [false, true] {
        let mut b = Builder::new("f");
        let (x_in, h) = (b.param(ty(DType::Float64, &[40])), b.param(ty(DType::Float64, &[6])));
        let start = b.int(0);
        let y = b.op1(Op::Fir { up: 2, down: 3 }, &[x_in, h, start], ty(DType::Float64, &[20]));
        let sos = b.op1(Op::Reshape, &[h], ty(DType::Float64, &[1, 6]));
        let two = b.slice(h, &[start], &[1], vec![Dim::from(2i64)]);
        let zi = b.op1(Op::Reshape, &[two], ty(DType::Float64, &[1, 2]));
        let types = vec![ty(DType::Float64, &[40]), ty(DType::Float64, &[1, 2])];
        let z = b.op(Op::Sosfilt, &[sos, x_in, zi], types);
        let mut m = module(b.finish(&[y, z[0], z[1]]));
        m.fma = fma;
        let h = f64s(&[0.5, 0.25, 1.0, 1.0, 0.0, 0.5]);
        let args = |x: &[f64], h: &Tensor| [f64s(x), h.clone()];
        let plain = call(&m, &args(&x, &h)).unwrap();
        for (k, plain) in plain.iter().enumerate() {
            assert!((0..8).any(|s| !run(&m, s, &args(&x, &h))[k].same_bits(plain)), "{k} never moves");
        }
        // whole samples and dyadic taps: nothing rounds without feedback, so nothing moves
        assert!(run(&m, 1, &args(&whole, &h))[0].same_bits(&call(&m, &args(&whole, &h)).unwrap()[0]));
    }
}

#[test]
fn kernels_move_by_two_ulp_but_not_inside() {
    let mut k = Builder::new("fifth");
    let x = k.param(Type::scalar(DType::Float64));
    let five = k.float(5.0);
    let r = k.binary(Binary::Div, x, five);
    let kernel = k.finish(&[r]);
    let mut k = Builder::new("pick");
    let x = k.param(Type::scalar(DType::Float64));
    let pick = k.finish(&[x]);
    let run_all = |func: u32, v: f64, shape: &[usize]| {
        let mut b = Builder::new("f");
        let x = b.param(ty(DType::Float64, shape));
        let r = b.op1(Op::Kernel(FuncId(func)), &[x], ty(DType::Float64, shape));
        let mut m = module(b.finish(&[r]));
        m.kernels = vec![kernel.clone(), pick.clone()];
        let x = Tensor::from_f64(shape, vec![v; shape.iter().product()]).unwrap();
        let plain = call(&m, std::slice::from_ref(&x)).unwrap()[0].get(0).unwrap().re as i64;
        let mut seen: Vec<i64> = (0..99)
            .flat_map(|s| {
                let t = run(&m, s, std::slice::from_ref(&x)).swap_remove(0);
                (0..t.len()).map(|i| t.get(i).unwrap().re as i64 - plain).collect::<Vec<_>>()
            })
            .collect();
        seen.sort_unstable();
        seen.dedup();
        seen
    };
    for shape in [&[][..], &[7]] {
        assert_eq!(run_all(0, 1.0, shape), [-2, -1, 0, 1, 2]);
        assert_eq!(run_all(0, 10.0, shape), [0], "integers are exact");
        assert_eq!(run_all(1, 0.1, shape), [0], "a kernel without roundings");
    }
}

#[test]
fn margins_of_decisions() {
    let mut b = Builder::new("f");
    let x = b.param(ty(DType::Float64, &[3]));
    let (lo, hi, limit) = (b.int(0), b.int(3), b.float(2.0));
    let zero = b.int(0);
    let r = b.for_loop((lo, hi, 1), &[zero], |b, i, c| {
        let v = b.extract(x, &[i]);
        let over = b.binary(Binary::Gt, v, limit);
        b.if_else(
            over,
            |b| {
                let one = b.int(1);
                vec![b.binary(Binary::Add, c[0], one)]
            },
            |_| vec![c[0]],
        )
    });
    let m = module(b.finish(&r));
    let margin = |v: &[f64]| Machine::new(&m).call("f", &[("p0".into(), f64s(v))]).unwrap().decisions;
    assert_eq!(margin(&[1.0, 2.5, 100.0])[0].margin, 0.2);
    assert_eq!(margin(&[1.0, 2.0, 100.0])[0].margin, 0.0);
    assert_eq!(margin(&[1.0, 2.5, 100.0]).len(), 1);
}

/// `sqrt(a * b)`, the product made by the library or not, in an execution of that kind.
fn root_of_product(library: bool, how: Perturbation, a: f64, b: f64) -> (f64, f64) {
    let mut builder = Builder::new("f");
    let float = Type::scalar(DType::Float64);
    let params = [builder.param(float.clone()), builder.param(float.clone())];
    let p = builder.op1(Op::Binary(Binary::Mul), &params, float.clone());
    let r = builder.op1(Op::Unary(Unary::Sqrt), &[p], float);
    let mut m = module(builder.finish(&[p, r]));
    m.entries[0].func.values[p.0 as usize].library = library;
    let inputs = [a, b].iter().enumerate().map(|(i, v)| (format!("p{i}"), Tensor::scalar(Scalar::f64(*v)))).collect();
    let inputs: Vec<(String, Tensor)> = inputs;
    let out = Machine::new(&m).perturbed(how).call("f", &inputs).unwrap().outputs;
    (out[0].1.get(0).unwrap().real_f64(), out[1].1.get(0).unwrap().real_f64())
}

#[test]
fn an_underflow_is_inexact() {
    let moved = |seed| root_of_product(false, Perturbation::Rounding { seed, ulps: 1 }, 1e-200, 1e-200).0;
    assert!((0..32).any(|seed| moved(seed) != 0.0));
}

#[test]
fn what_the_library_makes_of_specials_is_replaced_and_what_the_program_makes_is_not() {
    let special = |library, stand| root_of_product(library, Perturbation::Specials(stand), 1e200, 1e200);
    for stand in Stand::ALL {
        // the root is the program's own, though it comes behind an instruction of the library
        assert_eq!(special(false, stand), (f64::INFINITY, f64::INFINITY), "{stand:?}");
        assert_eq!(root_of_product(true, Perturbation::Specials(stand), 2.0, 3.0).0, 6.0, "{stand:?}");
    }
    assert!(special(true, Stand::Nan).0.is_nan());
    assert_eq!(special(true, Stand::Sign).0.abs(), 1.0);
    assert_eq!(special(true, Stand::Sign).0, -special(true, Stand::OtherSign).0);
    assert!(special(true, Stand::Large).0.abs() > 1e100);
    assert_eq!(special(true, Stand::Large).0, -special(true, Stand::OtherLarge).0);
    let behind = |stand| {
        let mut builder = Builder::new("f");
        let float = Type::scalar(DType::Float64);
        let x = builder.param(float.clone());
        let y = builder.op1(Op::Binary(Binary::Add), &[x, x], float.clone());
        let r = builder.op1(Op::Unary(Unary::Sqrt), &[x], float);
        let mut m = module(builder.finish(&[y, r]));
        m.entries[0].func.values[y.0 as usize].library = true;
        let inputs = [("p0".to_string(), Tensor::scalar(Scalar::f64(f64::INFINITY)))];
        Machine::new(&m).perturbed(Perturbation::Specials(stand)).call("f", &inputs).unwrap().outputs[1].1.clone()
    };
    assert_eq!(behind(Stand::Nan).get(0).unwrap().real_f64(), f64::INFINITY);
}

#[test]
fn wide_executions_move_exact_results_of_the_library_only() {
    let moved = |library| {
        (0..32).any(|seed| root_of_product(library, Perturbation::Rounding { seed, ulps: 16 }, 2.0, 3.0).0 != 6.0)
    };
    assert!(moved(true) && !moved(false));
}

#[test]
fn products_of_complex_numbers_pass_specials_on_in_other_ways() {
    let mut builder = Builder::new("f");
    let complex = Type::scalar(DType::Complex128);
    let params = [builder.param(complex.clone()), builder.param(complex.clone())];
    let p = builder.op1(Op::Binary(Binary::Mul), &params, complex);
    let m = module(builder.finish(&[p]));
    let value = |re, im| Tensor::scalar(Scalar::float(DType::Complex128, re, im));
    let inputs = [("p0".to_string(), value(f64::INFINITY, 1.0)), ("p1".to_string(), value(2.0, 3.0))];
    let product = |how| {
        let out = Machine::new(&m).perturbed(how).call("f", &inputs).unwrap().outputs[0].1.get(0).unwrap();
        (out.real_f64(), out.imag_f64())
    };
    let (re, im) = product(Perturbation::Specials(Stand::Nan));
    assert!(re.is_nan() && im.is_nan());
    assert_eq!(product(Perturbation::Specials(Stand::Sign)), (-3.0, 2.0), "what is not finite adds nothing");
}

#[test]
fn equal_elements_are_ordered_in_other_ways() {
    let mut builder = Builder::new("f");
    let row = |dtype| Type { dtype, shape: vec![Dim::from(4i64)] };
    let x = builder.param(row(DType::Float64));
    let order = builder.op1(Op::ArgSort, &[x], row(DType::Int64));
    let m = module(builder.finish(&[order]));
    let inputs = [("p0".to_string(), Tensor::from_f64(&[4], vec![1.0, 0.0, 1.0, 1.0]).unwrap())];
    let order = |stand| -> Vec<i128> {
        let mut machine = Machine::new(&m).perturbed(Perturbation::Specials(stand));
        let t = machine.call("f", &inputs).unwrap().outputs[0].1.clone();
        (0..4).filter_map(|i| t.get(i)?.as_int()).collect()
    };
    assert_eq!(order(Stand::Nan), [1, 3, 2, 0]);
    assert_eq!(order(Stand::Sign), [1, 2, 3, 0]);
}
