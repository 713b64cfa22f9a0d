//! Control flow, state, lengths and stores.

use super::*;

/// `for i in range(n): x[i] = f(x[i])` with a conditional store.
fn store_loop() -> Func {
    let mut b = Builder::new("run");
    let n = Dim::from(LengthId(0));
    let x = b.param(Type { dtype: DType::Float64, shape: vec![n.clone()] });
    let (lo, hi) = (b.int(0), b.dim(n));
    let r = b.for_loop((lo, hi, 1), &[x], |b, i, c| {
        let v = b.extract(c[0], &[i]);
        let limit = b.float(10.0);
        let big = b.binary(Binary::Gt, v, limit);
        b.if_else(
            big,
            |b| {
                let half = b.float(0.5);
                let w = b.binary(Binary::Mul, v, half);
                vec![b.insert(c[0], w, &[i])]
            },
            |_| vec![c[0]],
        )
    });
    b.finish(&r)
}

fn with_length(func: Func, min: i64, max: Option<i64>) -> Module {
    let mut m = module(func);
    m.lengths.push(Length { name: "n".into(), min, max });
    m
}

#[test]
fn stores_in_a_loop_are_in_place() {
    let m = with_length(store_loop(), 0, None);
    let n = 300_000;
    let x = f64s(&vec![20.0; n]);
    let start = std::time::Instant::now();
    let out = call(&m, std::slice::from_ref(&x)).unwrap();
    // copying the array at each store would move 720 GB
    assert!(start.elapsed().as_secs() < 20);
    assert_eq!(out[0].as_f64().unwrap(), vec![10.0; n]);
    assert_eq!(x.as_f64().unwrap()[0], 20.0, "the caller's array is not written");
    assert_eq!(call(&m, &[f64s(&[9.0, 11.0, f64::NAN])]).unwrap()[0].as_f64().unwrap()[..2], [9.0, 5.5]);
}

#[test]
fn lengths_follow_from_extents() {
    let m = with_length(store_loop(), 2, Some(4));
    assert!(call(&m, &[f64s(&[1.0, 2.0])]).is_ok());
    for n in [1, 5] {
        assert_eq!(call(&m, &[f64s(&vec![0.0; n])]).unwrap_err().exception, "Unsupported");
    }
    assert_eq!(call(&m, &[i64s(&[1, 2])]).unwrap_err().exception, "Unsupported");
    assert_eq!(call(&m, &[]).unwrap_err().exception, "TypeError");

    // x[2n+1], y[n]: n follows from the first and is checked on the second
    let mut b = Builder::new("run");
    let n = Dim::from(LengthId(0));
    b.param(Type { dtype: DType::Float64, shape: vec![n.scale(2).offset(1)] });
    b.param(Type { dtype: DType::Float64, shape: vec![n.clone()] });
    let d = b.dim(n);
    let m = with_length(b.finish(&[d]), 0, None);
    assert_eq!(int(&call(&m, &[f64s(&[0.0; 7]), f64s(&[0.0; 3])]).unwrap()[0]), 3);
    for (p, q) in [(7, 4), (6, 3), (6, 2)] {
        let got = call(&m, &[f64s(&vec![0.0; p]), f64s(&vec![0.0; q])]);
        assert_eq!(got.unwrap_err().exception, "Unsupported", "{p} {q}");
    }
}

#[test]
fn loops_count_as_range_does() {
    let mut b = Builder::new("run");
    let (lo, hi) = (b.param(ty(DType::Int64, &[])), b.param(ty(DType::Int64, &[])));
    let zero = b.int(0);
    let digits = |b: &mut Builder, i: ValueId, c: &[ValueId]| {
        let ten = b.int(10);
        let s = b.binary(Binary::Mul, c[0], ten);
        vec![b.binary(Binary::Add, s, i)]
    };
    let up = b.for_loop((lo, hi, 2), &[zero], digits);
    let down = b.for_loop((lo, hi, -3), &[zero], digits);
    let m = module(b.finish(&[up[0], down[0]]));
    let run = |lo: i64, hi: i64| {
        let s = |v| Tensor::scalar(Scalar::i64(v));
        let r = call(&m, &[s(lo), s(hi)]).unwrap();
        (int(&r[0]), int(&r[1]))
    };
    assert_eq!(run(1, 6), (135, 0));
    assert_eq!(run(9, 2), (0, 963));
    assert_eq!(run(4, 4), (0, 0));
    assert_eq!(run(i64::MAX - 1, i64::MAX).0, i64::MAX - 1, "the counter does not overflow");
}

#[test]
fn carried_values_cross() {
    let mut b = Builder::new("run");
    let (x, y) = (b.param(ty(DType::Float64, &[2])), b.param(ty(DType::Float64, &[2])));
    let (lo, hi, one) = (b.int(0), b.int(3), b.int(1));
    let two = b.int(2);
    let r = b.for_loop((lo, hi, 1), &[x, y, one, two], |_, _, c| vec![c[1], c[0], c[3], c[2]]);
    let m = module(b.finish(&r));
    let out = call(&m, &[f64s(&[1.0, 2.0]), f64s(&[3.0, 4.0])]).unwrap();
    assert_eq!(out[0].as_f64().unwrap(), [3.0, 4.0]);
    assert_eq!(out[1].as_f64().unwrap(), [1.0, 2.0]);
    assert_eq!((int(&out[2]), int(&out[3])), (2, 1));
}

#[test]
fn one_value_carried_twice_stays_two() {
    let mut b = Builder::new("run");
    let x = b.param(ty(DType::Float64, &[2]));
    let (lo, hi) = (b.int(0), b.int(2));
    let r = b.for_loop((lo, hi, 1), &[x, x], |b, i, c| {
        let v = b.float(7.0);
        let y = b.insert(c[0], v, &[i]);
        vec![y, y]
    });
    let after = b.binary(Binary::Add, r[1], x);
    let m = module(b.finish(&[r[0], after, x]));
    let out = call(&m, &[f64s(&[1.0, 2.0])]).unwrap();
    assert_eq!(out[0].as_f64().unwrap(), [7.0, 7.0]);
    assert_eq!(out[1].as_f64().unwrap(), [8.0, 9.0]);
    assert_eq!(out[2].as_f64().unwrap(), [1.0, 2.0], "the operand is still what it was");
}

#[test]
fn while_runs_until_false_and_is_limited() {
    let mut b = Builder::new("run");
    let n = b.param(ty(DType::Int64, &[]));
    let zero = b.int(0);
    let r = b.while_loop(
        &[n, zero],
        |b, c| {
            let one = b.int(1);
            b.binary(Binary::Ne, c[0], one)
        },
        |b, c| {
            // the Collatz step
            let (one, two, three) = (b.int(1), b.int(2), b.int(3));
            let odd = b.binary(Binary::And, c[0], one);
            let zero = b.int(0);
            let even = b.binary(Binary::Eq, odd, zero);
            let next = b.if_else(
                even,
                |b| vec![b.binary(Binary::FloorDiv, c[0], two)],
                |b| {
                    let t = b.binary(Binary::MulChecked, c[0], three);
                    vec![b.binary(Binary::AddChecked, t, one)]
                },
            );
            vec![next[0], b.binary(Binary::Add, c[1], one)]
        },
    );
    let m = module(b.finish(&[r[1]]));
    let run = |v: i64| call(&m, &[Tensor::scalar(Scalar::i64(v))]);
    assert_eq!(int(&run(27).unwrap()[0]), 111);
    assert_eq!(int(&run(1).unwrap()[0]), 0);
    assert_eq!(run(0).unwrap_err().exception, STEP_LIMIT);
    assert_eq!(run(i64::MAX).unwrap_err().exception, "OverflowError");
}

#[test]
fn state_changes_only_when_the_call_succeeds() {
    let mut b = Builder::new("push");
    let (s, v) = (b.param(ty(DType::Float64, &[2])), b.param(ty(DType::Float64, &[])));
    let (zero, one) = (b.int(0), b.int(1));
    let old = b.extract(s, &[zero]);
    let s1 = b.insert(s, v, &[zero]);
    let s2 = b.insert(s1, old, &[one]);
    let limit = b.float(100.0);
    let ok = b.binary(Binary::Lt, v, limit);
    let fault = Fault { exception: "ValueError".into(), message: "too large".into() };
    b.op(Op::Check(fault.clone()), &[ok], vec![]);
    let func = b.finish(&[s2, old]);
    let data = [1.0f64, 2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let m = Module {
        name: "m".into(),
        tables: vec![Table {
            name: "s0".into(),
            dtype: DType::Float64,
            shape: vec![2],
            data,
            provenance: String::new(),
        }],
        state: vec![StateField { name: "s".into(), ty: ty(DType::Float64, &[2]), init: TableId(0) }],
        entries: vec![Entry {
            func,
            params: vec![ParamRole::State(0), ParamRole::Input("v".into())],
            results: vec![ResultRole::State(0), ResultRole::Output("old".into())],
        }],
        ..Module::default()
    };
    let mut machine = Machine::new(&m);
    let mut push = |v: f64| machine.call("push", &[("v".into(), Tensor::scalar(Scalar::f64(v)))]);
    assert_eq!(float(&push(5.0).unwrap().outputs[0].1), 1.0);
    assert_eq!(push(500.0).unwrap_err(), fault);
    let r = push(6.0).unwrap();
    assert_eq!(float(&r.outputs[0].1), 5.0);
    assert!(r.mutated.is_empty());
    assert_eq!(machine.state()[0].as_f64().unwrap(), [6.0, 5.0]);
    machine.init();
    assert_eq!(machine.state()[0].as_f64().unwrap(), [1.0, 2.0]);
}

#[test]
fn run_time_extents() {
    let mut b = Builder::new("run");
    let x = b.param(ty(DType::Float64, &[4]));
    let limit = b.float(0.0);
    let mask = b.binary(Binary::Gt, x, limit);
    let count = b.op(Op::Compress, &[mask], vec![Type::scalar(DType::Int64)]);
    // the positions have the count as their extent: both are results of the same instruction
    let func = b.finish(&[]);
    let mut func = func;
    let idx = func.new_value(Type { dtype: DType::Int64, shape: vec![Dim::from(count[0])] }, None);
    let got = func.new_value(Type { dtype: DType::Float64, shape: vec![Dim::from(count[0])] }, None);
    let n = func.body.body.len();
    func.body.body[n - 1].results.push(idx);
    func.body.body.push(Inst { op: Op::Gather { axis: 0 }, args: vec![x, idx], results: vec![got], span: None });
    func.body.results = vec![count[0], got];
    let m = module(func);
    let out = call(&m, &[f64s(&[1.0, -2.0, 3.0, -4.0])]).unwrap();
    assert_eq!(int(&out[0]), 2);
    assert_eq!(out[1].as_f64().unwrap(), [1.0, 3.0]);
    assert_eq!(call(&m, &[f64s(&[-1.0; 4])]).unwrap()[1].shape, [0]);
}

#[test]
fn a_declared_shape_that_does_not_hold_is_our_fault() {
    let mut b = Builder::new("run");
    let x = b.param(ty(DType::Float64, &[4]));
    let r = b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[x], ty(DType::Float64, &[2]));
    let m = module(b.finish(&[r]));
    assert_eq!(unchecked(&m, &[f64s(&[0.0; 4])]).unwrap_err().exception, INTERNAL);
    let mut b = Builder::new("run");
    let x = b.param(ty(DType::Float64, &[4]));
    let i = b.int(4);
    let r = b.extract(x, &[i]);
    let m = module(b.finish(&[r]));
    assert_eq!(unchecked(&m, &[f64s(&[0.0; 4])]).unwrap_err().exception, INTERNAL);
}

#[test]
fn kernels_take_scalars_and_tensors() {
    // 1/x for x != 0, else 7: the branch makes mixed vectors run element by element
    let mut k = Builder::new("inv");
    let x = k.param(ty(DType::Float64, &[]));
    let zero = k.float(0.0);
    let c = k.binary(Binary::Eq, x, zero);
    let r = k.if_else(
        c,
        |k| vec![k.float(7.0)],
        |k| {
            let one = k.float(1.0);
            vec![k.binary(Binary::Div, one, x)]
        },
    );
    let inv = k.finish(&r);
    let mut k = Builder::new("twice");
    let (x, y) = (k.param(ty(DType::Float64, &[])), k.param(ty(DType::Float64, &[])));
    let v = k.op1(Op::Kernel(FuncId(0)), &[x], ty(DType::Float64, &[]));
    let s = k.binary(Binary::Add, v, y);
    let twice = k.finish(&[s]);

    let mut b = Builder::new("run");
    let x = b.param(ty(DType::Float64, &[5000]));
    let y = b.param(ty(DType::Float64, &[]));
    let r = b.op1(Op::Kernel(FuncId(1)), &[x, y], ty(DType::Float64, &[5000]));
    let s = b.op1(Op::Kernel(FuncId(0)), &[y], ty(DType::Float64, &[]));
    let mut m = module(b.finish(&[r, s]));
    m.kernels = vec![inv, twice];
    let mut x: Vec<f64> = (1..=5000).map(f64::from).collect();
    x[3] = 0.0;
    let out = call(&m, &[f64s(&x), Tensor::scalar(Scalar::f64(0.5))]).unwrap();
    let r = out[0].as_f64().unwrap();
    assert_eq!((r[0], r[3], r[7], r[4999]), (1.5, 7.5, 0.625, 1.0 / 5000.0 + 0.5));
    assert_eq!(float(&out[1]), 2.0);
    let machine = Machine::new(&m);
    let folded = machine.kernel(FuncId(0), &[f64s(&[4.0, 0.0])]).unwrap();
    assert_eq!(folded[0].as_f64().unwrap(), [0.25, 7.0]);
    assert_eq!(machine.kernel(FuncId(0), &[i64s(&[4])]).unwrap_err().exception, INTERNAL);
}

#[test]
fn bounds_of_run_time_extents_are_verified() {
    let mut b = Builder::new("run");
    let n = b.param(Type::scalar(DType::Int64));
    let r = b.op1(Op::Iota, &[], Type { dtype: DType::Int64, shape: vec![Dim::from(n)] });
    let mut func = b.finish(&[r]);
    func.bounds.insert(n, (Some(Dim::from(0i64)), Some(Dim::from(5i64))));
    let m = module(func.clone());
    let run = |m: &Module, n: i64| call(m, &[Tensor::scalar(Scalar::i64(n))]).map(|r| r[0].clone());
    assert_eq!(run(&m, 3).unwrap(), i64s(&[0, 1, 2]));
    assert_eq!(run(&m, 6).unwrap_err().exception, INTERNAL);
    assert_eq!(run(&m, -1).unwrap_err().exception, INTERNAL);
    func.bounds.clear();
    assert_eq!(run(&module(func), 1 << 40).unwrap_err().exception, "MemoryError");
}
