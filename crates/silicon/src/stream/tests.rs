//! Whole call and blocks give the same bits; what cannot be cut is refused.

use super::*;
use crate::hir::{Builder, Reduction, Unary, check, parse};
use crate::interp::{Machine, Tensor};

const N: LengthId = LengthId(0);

fn stream(d: DType) -> Type {
    Type { dtype: d, shape: vec![Dim::from(N)] }
}
fn vector(d: DType, n: Dim) -> Type {
    Type { dtype: d, shape: vec![n] }
}
fn module(min: i64, b: Builder, inputs: usize, results: &[ValueId]) -> Module {
    Module {
        name: "m".into(),
        lengths: vec![Length { name: "n".into(), min, max: None }],
        entries: vec![Entry {
            func: b.finish(results),
            params: (0..inputs).map(|i| ParamRole::Input(format!("x{i}"))).collect(),
            results: (0..results.len()).map(|i| ResultRole::Output(format!("y{i}"))).collect(),
        }],
        ..Module::default()
    }
}
/// A module in text form without its header.
fn text(min: i64, entry: &str) -> Module {
    let head = format!(
        "module \"m\"\nlength \"n\" {min} ..\n\
         table \"h\" float64[5] \"given\" [0.25, -0.5, 1.0, 0.0, -1e-200]\n\
         table \"sos\" float64[2, 6] \"given\" [1.0, 2.0, 1.0, 1.0, -0.5, 0.25, 0.5, 0.0, -0.5, 1.0, 0.9, 0.3]\n\
         table \"zi\" float64[2, 2] \"given\" [0.5, -0.25, 0.0, 1.0]\n"
    );
    parse(&format!("{head}{entry}")).unwrap_or_else(|e| panic!("{e}\n{entry}"))
}

/// Xorshift: any spread will do.
struct Random(u64);
impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn tensor(&mut self, dtype: DType, shape: &[usize], odd: bool) -> Tensor {
        let mut real = || match self.next() % 23 {
            0 => -0.0,
            1 => 1e-310,
            2 if odd => f64::INFINITY,
            3 => 0.0,
            _ => (self.next() >> 11) as f64 / (1u64 << 52) as f64 - 1.0,
        };
        let mut data = Vec::new();
        for _ in 0..shape.iter().product() {
            let (a, b) = (real(), real());
            let s =
                if dtype.is_integer() { Scalar::int(dtype, (a * 1000.0) as i128) } else { Scalar::float(dtype, a, b) };
            data.extend(s.to_le_bytes());
        }
        Tensor::from_le_bytes(dtype, shape, &data).unwrap()
    }
}

fn part(t: &Tensor, from: usize, to: usize) -> Tensor {
    let size = t.dtype.size();
    Tensor::from_le_bytes(t.dtype, &[to - from], &t.to_le_bytes()[from * size..to * size]).unwrap()
}

/// Bytes of every output, after many ways of cutting streams of many lengths.
fn same(name: &str, m: Module) {
    let plain = check(m).unwrap_or_else(|e| panic!("{name}: {}", e[0]));
    let entry = plain.entries[0].func.name.clone();
    let made = streamed(&plain, &entry).unwrap_or_else(|e| panic!("{name}: {}", e[0])).module;
    let listing = made.to_string();
    let made = check(made).unwrap_or_else(|e| panic!("{name}: {}\n{listing}", e[0]));
    crate::lower::lower(&made).unwrap_or_else(|e| panic!("{name} does not lower: {e:?}\n{listing}"));
    assert_eq!(parse(&listing).unwrap().to_string(), listing, "{name}: the text form");
    let e = &plain.entries[0];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let min = plain.lengths[0].min as usize;
    let mut some = 0;
    for round in 0..60 {
        let n = min + if round < 12 { round } else { (random.next() % 60) as usize };
        let inputs: Vec<(String, Tensor)> = e
            .func
            .body
            .params
            .iter()
            .zip(&e.params)
            .map(|(v, role)| {
                let ParamRole::Input(port) = role else { panic!() };
                let ty = e.func.ty(*v);
                let shape: Vec<usize> = ty.shape.iter().map(|d| d.as_const().map_or(n, |c| c as usize)).collect();
                (port.clone(), random.tensor(ty.dtype, &shape, round % 4 == 3))
            })
            .collect();
        let whole = Machine::new(&plain).call(&entry, &inputs).unwrap_or_else(|f| panic!("{name} n={n}: {f:?}"));
        let mut machine = Machine::new(&made);
        let mut got: Vec<Vec<u8>> = vec![Vec::new(); whole.outputs.len()];
        let (mut at, mut cuts) = (0, Vec::new());
        while at < n || cuts.len() < 2 {
            let most = [1, 2, 5, 40][round % 4];
            let to = n.min(at + (random.next() % (most + 1)) as usize);
            cuts.push(to - at);
            let cut: Vec<(String, Tensor)> = inputs
                .iter()
                .zip(&e.func.body.params)
                .map(|((port, t), v)| {
                    (port.clone(), if has_length(e.func.ty(*v)) { part(t, at, to) } else { t.clone() })
                })
                .collect();
            let block = machine.call(&format!("{entry}_block"), &cut);
            let block = block.unwrap_or_else(|f| panic!("{name} n={n} {cuts:?}: {f:?}\n{listing}"));
            for (all, (_, t)) in got.iter_mut().zip(&block.outputs) {
                all.extend(t.to_le_bytes());
            }
            at = to;
        }
        for ((port, want), got) in whole.outputs.iter().zip(got) {
            some += got.len();
            assert_eq!(want.to_le_bytes(), got, "{name} `{port}` n={n} {cuts:?}\n{listing}");
        }
    }
    assert!(some > 0, "{name} makes no output at all");
}

fn refused(m: Module, why: &str) {
    let plain = check(m).unwrap_or_else(|e| panic!("{}", e[0]));
    let entry = plain.entries[0].func.name.clone();
    let reasons = streamed(&plain, &entry).expect_err(why);
    let all: Vec<String> = reasons.iter().map(ToString::to_string).collect();
    assert!(all.iter().any(|r| r.contains(why)), "{why}: {all:?}");
}

/// `y = fir(x)` with a start and an extent.
fn fir(min: i64, down: i64, start: i64, extent: &str) -> Module {
    let body = format!(
        "entry (input \"x\") -> (output \"y\") func \"run\"(%0: float64[$0]) {{\n  %1: float64[5] = table[0]\n  \
         %2: int64 = const[int64 {start}]\n  %3: float64[{extent}] = fir[1, {down}](%0, %1, %2)\n  yield %3\n}}\n"
    );
    text(min, &body)
}

#[test]
fn filters_and_decimators() {
    same("fir", fir(0, 1, 0, "$0"));
    same("fir decimated", fir(0, 8, 0, "div($0+7, 8)"));
    same("fir decimated, phase 3", fir(0, 8, 3, "div($0+4, 8)"));
    same("fir by 2", fir(0, 2, 1, "div($0, 2)"));
    same("fir valid", fir(5, 1, 4, "$0-4"));
    let mut fused = fir(0, 1, 0, "$0");
    fused.fma = true;
    same("fir fused", fused);
    refused(fir(1, 1, 0, "$0+4"), "needs a flush");
    refused(fir(1, 1, 2, "$0"), "later");
    refused(fir(2, 2, 0, "div($0, 4)"), "steady rate");
    let sos = "entry (input \"x\") -> (output \"y\") func \"run\"(%0: float64[$0]) {\n  %1: float64[2, 6] = table[1]\n  \
               %2: float64[2, 2] = table[2]\n  %3: float64[$0], %4: float64[2, 2] = sosfilt(%1, %0, %2)\n  yield %3\n}\n";
    same("biquads", text(0, sos));
    let zi = "entry (input \"x\", input \"z\") -> (output \"y\") func \"run\"(%0: float64[$0], %2: float64[2, 2]) {\n  \
              %1: float64[2, 6] = table[1]\n  %3: float64[$0], %4: float64[2, 2] = sosfilt(%1, %0, %2)\n  yield %3\n}\n";
    same("biquads from a parameter", text(0, zi));
}

#[test]
fn elementwise_chains() {
    let mut b = Builder::new("mix");
    let (x, g) = (b.param(stream(DType::Float64)), b.param(Type::scalar(DType::Float64)));
    let i = b.op1(Op::Iota, &[], stream(DType::Int64));
    let t = b.convert(Unary::Cast, i, DType::Float64);
    let p = b.binary(Binary::Mul, t, g);
    let y = b.binary(Binary::Mul, x, p);
    let big = b.binary(Binary::Lt, x, g);
    let z = b.select(big, y, x);
    same("mixer", module(0, b, 2, &[y, z]));

    let mut b = Builder::new("discriminator");
    let x = b.param(stream(DType::Complex128));
    let (one, zero) = (b.int(1), b.int(0));
    let shorter = Dim::from(N).offset(-1);
    let late = b.slice(x, &[one], &[1], vec![shorter.clone()]);
    let early = b.slice(x, &[zero], &[1], vec![shorter]);
    let y = b.binary(Binary::Mul, late, early);
    let re = b.unary(Unary::Real, y);
    let two = b.int(2);
    let down = b.slice(re, &[two], &[4], vec![Dim::from(N).div(4)]);
    same("discriminator", module(1, b, 1, &[y, down]));
}

#[test]
fn a_chain_with_two_rates() {
    let mut b = Builder::new("chain");
    let x = b.param(stream(DType::Float64));
    let (one, three) = (b.int(1), b.int(3));
    let delayed = b.slice(x, &[three], &[1], vec![Dim::from(N).offset(-3)]);
    let zero = b.int(0);
    let base = b.slice(x, &[zero], &[1], vec![Dim::from(N).offset(-3)]);
    let sum = b.binary(Binary::Add, delayed, base);
    let slow = b.slice(sum, &[one], &[4], vec![Dim::from(N).offset(-1).div(4)]);
    let total = b.op1(
        Op::Scan { kind: Reduction::Sum, axis: 0 },
        &[slow],
        vector(DType::Float64, Dim::from(N).offset(-1).div(4)),
    );
    same("rates", module(4, b, 1, &[slow, total]));
}

#[test]
fn running_sums_and_products() {
    for kind in [Reduction::Sum, Reduction::Prod] {
        for d in [DType::Float32, DType::Int16, DType::Complex64] {
            let mut b = Builder::new("scan");
            let x = b.param(stream(d));
            let y = b.op1(Op::Scan { kind, axis: 0 }, &[x], stream(d));
            same("scan", module(0, b, 1, &[y]));
        }
    }
}

/// A loop over the samples from `lo` with an array that it fills.
fn filled(
    lo: i64,
    min: i64,
    f: impl FnOnce(&mut Builder, ValueId, ValueId, &[ValueId]) -> Vec<ValueId>,
    scalars: &[f64],
) -> Module {
    let mut b = Builder::new("loop");
    let x = b.param(stream(DType::Float64));
    let g = b.param(Type::scalar(DType::Float64));
    let zero = b.float(0.0);
    let y = b.op1(Op::Broadcast, &[zero], stream(DType::Float64));
    let mut init = vec![y];
    for s in scalars {
        init.push(b.float(*s));
    }
    init.push(g);
    let (lo, hi) = (b.int(lo), b.dim(Dim::from(N)));
    let out = b.for_loop((lo, hi, 1), &init, |b, i, c| f(b, x, i, c));
    let twice = b.binary(Binary::Add, out[0], out[0]);
    module(min, b, 2, &[out[0], twice])
}

#[test]
fn loops_over_samples() {
    // y[i] = x[i] + s*0.5; s = y[i]; the last carried value starts from a parameter
    let iir = |b: &mut Builder, x: ValueId, i: ValueId, c: &[ValueId]| {
        let half = b.float(0.5);
        let v = b.extract(x, &[i]);
        let s = b.binary(Binary::Mul, c[1], half);
        let v = b.binary(Binary::Add, v, s);
        let w = b.binary(Binary::Sub, v, c[2]);
        vec![b.insert(c[0], w, &[i]), v, w]
    };
    same("one pole", filled(0, 0, iir, &[1.5]));
    // y[i] = x[i] - y[i-1] + x[i-2]
    let own = |b: &mut Builder, x: ValueId, i: ValueId, c: &[ValueId]| {
        let (one, two) = (b.int(1), b.int(2));
        let (p, q) = (b.binary(Binary::Sub, i, one), b.binary(Binary::SubChecked, i, two));
        let (a, d, e) = (b.extract(x, &[i]), b.extract(c[0], &[p]), b.extract(x, &[q]));
        let s = b.binary(Binary::Sub, a, d);
        let s = b.binary(Binary::Add, s, e);
        vec![b.insert(c[0], s, &[i]), s]
    };
    same("reads what it wrote", filled(2, 2, own, &[]));
    // a direct FIR with an inner loop and a branch
    let direct = |b: &mut Builder, x: ValueId, i: ValueId, c: &[ValueId]| {
        let (lo, hi, start) = (b.int(0), b.int(4), b.float(0.0));
        let acc = b.for_loop((lo, hi, 1), &[start], |b, j, a| {
            let k = b.binary(Binary::Sub, i, j);
            let zero = b.int(0);
            let inside = b.binary(Binary::Ge, k, zero);
            b.if_else(
                inside,
                |b| {
                    let v = b.extract(x, &[k]);
                    vec![b.binary(Binary::Add, a[0], v)]
                },
                |_| vec![a[0]],
            )
        });
        let big = b.binary(Binary::Lt, acc[0], c[1]);
        let y = b.if_else(big, |b| vec![b.insert(c[0], acc[0], &[i])], |_| vec![c[0]]);
        vec![y[0], acc[0]]
    };
    same("direct form", filled(0, 0, direct, &[]));
    // a window of the last three samples
    let window = |b: &mut Builder, x: ValueId, i: ValueId, c: &[ValueId]| {
        let two = b.int(2);
        let from = b.binary(Binary::Sub, i, two);
        let w = b.slice(x, &[from], &[1], vec![Dim::from(3i64)]);
        let s = b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[w], Type::scalar(DType::Float64));
        vec![b.insert(c[0], s, &[i]), s]
    };
    same("window", filled(2, 2, window, &[]));
    let ahead = |b: &mut Builder, x: ValueId, i: ValueId, c: &[ValueId]| {
        let v = b.extract(x, &[i]);
        let one = b.int(1);
        let p = b.binary(Binary::Sub, i, one);
        vec![b.insert(c[0], v, &[p]), v]
    };
    refused(filled(1, 1, ahead, &[]), "past");
}

#[test]
fn what_needs_the_whole_is_refused() {
    let one = |f: &dyn Fn(&mut Builder, ValueId) -> ValueId| {
        let mut b = Builder::new("whole");
        let x = b.param(stream(DType::Float64));
        let y = f(&mut b, x);
        module(1, b, 1, &[y])
    };
    let sum = |b: &mut Builder, x: ValueId| {
        b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[x], Type::scalar(DType::Float64))
    };
    refused(one(&sum), "a sum over the time axis");
    refused(
        one(&|b, x| {
            let s = sum(b, x);
            b.binary(Binary::Sub, x, s)
        }),
        "a sum over the time axis",
    );
    refused(one(&|b, x| b.op1(Op::Sort, &[x], stream(DType::Float64))), "a sort over the time axis");
    refused(
        one(&|b, x| {
            let last = b.dim(Dim::from(N).offset(-1));
            b.slice(x, &[last], &[-1], vec![Dim::from(N)])
        }),
        "length of the whole stream",
    );
    refused(
        one(&|b, x| {
            let n = b.dim(Dim::from(N));
            let n = b.convert(Unary::Cast, n, DType::Float64);
            b.binary(Binary::Div, x, n)
        }),
        "length of the whole stream",
    );
    refused(
        one(&|b, x| {
            let (n, two) = (b.dim(Dim::from(N)), b.int(2));
            let ok = b.binary(Binary::Le, n, two);
            b.op(Op::Check(Fault { exception: "ValueError".into(), message: "long".into() }), &[ok], vec![]);
            x
        }),
        "no long stream passes",
    );
    refused(
        one(&|b, x| {
            let zero = b.int(0);
            b.slice(x, &[zero], &[1], vec![Dim::from(1i64)])
        }),
        "a slice makes",
    );
}

#[test]
fn a_check_of_the_length_says_from_where_on_the_two_agree() {
    let checked = |compare: Binary, extent: Dim, than: i64| {
        let mut b = Builder::new("checked");
        let x = b.param(stream(DType::Float64));
        let (n, c) = (b.dim(extent), b.int(than));
        let ok = b.binary(compare, n, c);
        b.op(Op::Check(Fault { exception: "ValueError".into(), message: "short".into() }), &[ok], vec![]);
        let y = b.op1(Op::Scan { kind: Reduction::Sum, axis: 0 }, &[x], stream(DType::Float64));
        module(0, b, 1, &[y])
    };
    let slow = || Dim::from(N).offset(6).div(8);
    for (compare, extent, than, least) in [
        (Binary::Ne, Dim::from(N).offset(-1), 0, 2),
        (Binary::Gt, slow(), 2, 18),
        (Binary::Ge, slow(), 2, 10),
        (Binary::Ge, Dim::from(N), 0, 0),
        (Binary::Lt, Dim::from(N).scale(-1), -5, 6),
    ] {
        let m = checked(compare, extent, than);
        let plain = check(m.clone()).unwrap();
        assert_eq!(streamed(&plain, "checked").unwrap().least, least);
        // at that length the whole call passes, one sample earlier it does not
        for (n, passes) in [(least, true), (least - 1, false)] {
            if n >= 0 {
                let x = Tensor::from_f64(&[n as usize], vec![1.0; n as usize]).unwrap();
                let got = Machine::new(&plain).call("checked", &[("x0".into(), x)]);
                assert_eq!(got.is_ok(), passes, "{compare:?} {n}");
            }
        }
        let longer = Module { lengths: vec![Length { min: least, ..m.lengths[0].clone() }], ..m };
        same("checked", longer);
    }
    refused(checked(Binary::Eq, Dim::from(N), 7), "no long stream passes");
    refused(checked(Binary::Lt, Dim::from(N), 7), "no long stream passes");
}

#[test]
fn questions_about_the_length_get_the_answer_of_long_streams() {
    // what `np.convolve(x, h)[:len(x)]` becomes: the shorter argument is the filter
    let convolve = "entry (input \"x\") -> (output \"y\") func \"run\"(%0: float64[$0]) {
  %1: int64 = const[int64 5]
  %2: int64 = dim[$0]
  %3: bool = gt(%1, %2)
  %4: int64 = const[int64 0]
  %5: float64[5] = table[0]
  %6: float64[$0+4] = if(%3) then {
    %7: float64[$0+4] = fir[1, 1](%5, %0, %4)
    yield %7
  } else {
    %8: float64[$0+4] = fir[1, 1](%0, %5, %4)
    yield %8
  }
  %9: float64[$0] = slice[1](%6, %4)
  %10: int64 = dim[min(3, $0)]
  %11: float64[$0-1*min(3, $0)] = slice[1](%9, %10)
  %12: float64[max(0, $0-3)] = slice[1](%0, %4)
  %13: float64[$0-1*min(3, $0)] = reshape(%12)
  %14: float64[$0-1*min(3, $0)] = add(%11, %13)
  yield %14
}
";
    let m = text(0, convolve);
    assert_eq!(streamed(&check(m.clone()).unwrap(), "run").unwrap().least, 5, "below it the arguments change places");
    same("convolve", Module { lengths: vec![Length { min: 5, ..m.lengths[0].clone() }], ..m });
    let many = text(0, &convolve.replace("const[int64 5]", "const[int64 9000000000]"));
    refused(many, "length of the whole stream");
}

#[test]
fn what_stands_in_front_of_a_stream() {
    // x delayed by three, with zeros, a table or a parameter in front
    let delayed = |front: &dyn Fn(&mut Builder, ValueId) -> ValueId| {
        let mut b = Builder::new("delay");
        let (x, g) = (b.param(stream(DType::Float64)), b.param(Type::scalar(DType::Float64)));
        let p = front(&mut b, g);
        let zero = b.int(0);
        let shorter = Dim::from(N).offset(-3).maximum(&Dim::from(0i64));
        let late = b.slice(x, &[zero], &[1], vec![shorter.clone()]);
        let y = b.op1(Op::Concat { axis: 0 }, &[p, late], vector(DType::Float64, shorter.offset(3)));
        let y = b.op1(Op::Reshape, &[y], stream(DType::Float64));
        let sum = b.binary(Binary::Add, x, y);
        module(3, b, 2, &[sum, y])
    };
    let three = vector(DType::Float64, Dim::from(3i64));
    same(
        "a delay",
        delayed(&|b, _| {
            let zero = b.float(-0.0);
            b.op1(Op::Broadcast, &[zero], three.clone())
        }),
    );
    same("a parameter in front", delayed(&|b, g| b.op1(Op::Broadcast, &[g], three.clone())));

    // [1.5, x0, x1, ...]: what it is without its start and without its end
    let mut b = Builder::new("diff");
    let x = b.param(stream(DType::Float64));
    let (first, zero, one) = (b.float(1.5), b.int(0), b.int(1));
    let p = b.op1(Op::Broadcast, &[first], vector(DType::Float64, Dim::from(1i64)));
    let all = b.op1(Op::Concat { axis: 0 }, &[p, x], vector(DType::Float64, Dim::from(N).offset(1)));
    let late = b.slice(all, &[one], &[1], vec![Dim::from(N)]);
    let early = b.slice(all, &[zero], &[1], vec![Dim::from(N)]);
    let y = b.binary(Binary::Sub, late, early);
    same("a difference", module(0, b, 1, &[y]));

    let mut b = Builder::new("longer");
    let x = b.param(stream(DType::Float64));
    let p = b.float(1.5);
    let p = b.op1(Op::Broadcast, &[p], vector(DType::Float64, Dim::from(1i64)));
    let all = b.op1(Op::Concat { axis: 0 }, &[p, x], vector(DType::Float64, Dim::from(N).offset(1)));
    let twice = b.binary(Binary::Add, all, all);
    refused(module(0, b, 1, &[twice]), "needs a flush");
}

#[test]
fn a_row_is_the_vector_it_was_made_of() {
    // y[i] = row[0, i] - column[i-1, 0], the first a reshape of x and the second one of the first
    let row = |b: &mut Builder, x: ValueId, i: ValueId, c: &[ValueId]| {
        let (zero, one) = (b.int(0), b.int(1));
        let row = b.op1(Op::Reshape, &[x], Type { dtype: DType::Float64, shape: vec![1i64.into(), Dim::from(N)] });
        let shape = vec![Dim::from(N), 1i64.into(), 1i64.into()];
        let column = b.op1(Op::Reshape, &[row], Type { dtype: DType::Float64, shape });
        let again = b.op1(Op::Reshape, &[column], stream(DType::Float64));
        let before = b.binary(Binary::Sub, i, one);
        let (p, q) = (b.extract(row, &[zero, i]), b.extract(column, &[before, zero, zero]));
        let r = b.extract(again, &[i]);
        let v = b.binary(Binary::Sub, p, q);
        let v = b.binary(Binary::Mul, v, r);
        vec![b.insert(c[0], v, &[i]), v]
    };
    let mut m = filled(1, 1, row, &[]);
    // the views are made before the loop, as programs do
    hoist(&mut m);
    same("rows", m);
}

/// Moves the reshapes of a loop's body in front of it.
fn hoist(m: &mut Module) {
    let body = &mut m.entries[0].func.body.body;
    let at = body.iter().position(|i| matches!(i.op, Op::For { .. })).unwrap();
    let Op::For { body: inner, .. } = &mut body[at].op else { panic!() };
    let (views, rest) = inner.body.drain(..).partition(|i| matches!(i.op, Op::Reshape));
    inner.body = rest;
    let views: Vec<Inst> = views;
    assert_eq!(views.len(), 3);
    body.splice(at..at, views);
}

#[test]
fn a_limited_length_limits_what_counts_samples() {
    let mut counting = filled(
        0,
        0,
        |b, x, i, c| {
            let v = b.extract(x, &[i]);
            vec![b.insert(c[0], v, &[i]), c[1]]
        },
        &[],
    );
    let mut plain = fir(0, 1, 0, "$0");
    for (m, stops) in [(&mut counting, true), (&mut plain, false)] {
        m.lengths[0].max = Some(50);
        same("limited", Module { lengths: vec![Length { max: Some(1000), ..m.lengths[0].clone() }], ..m.clone() });
        let entry = m.entries[0].func.name.clone();
        let made = check(streamed(&check(m.clone()).unwrap(), &entry).unwrap().module).unwrap();
        let mut machine = Machine::new(&made);
        let x = Tensor::from_f64(&[30], vec![1.0; 30]).unwrap();
        let inputs =
            [("x0".into(), x.clone()), ("x".into(), x), ("x1".into(), Tensor::from_f64(&[], vec![1.0]).unwrap())];
        let entry = format!("{entry}_block");
        machine.call(&entry, &inputs).unwrap();
        let second = machine.call(&entry, &inputs).map(|_| ()).map_err(|f| f.exception);
        assert_eq!(second, if stops { Err("Unsupported".to_string()) } else { Ok(()) });
    }
}
