//! Small modules that cover the operations and the ways buffers are shared, with inputs.

use crate::toolchain::Step;
use proofmark_silicon::back::callfile::Array;
use proofmark_silicon::dtype::{DType, Scalar};
use proofmark_silicon::hir::{
    Binary, Builder, Dim, Entry, Fault, FuncId, Length, LengthId, Module, Op, ParamRole, Reduction, ResultRole,
    StateField, Table, TableId, Type, Unary, ValueId,
};

/// A module and the calls to make.
#[derive(Clone)]
pub struct Case {
    pub module: Module,
    pub steps: Vec<Step>,
}

pub fn vector(d: DType, n: impl Into<Dim>) -> Type {
    Type { dtype: d, shape: vec![n.into()] }
}

/// Pseudo-random elements; floats are mostly near one, with a few odd values.
pub fn noise(dtype: DType, shape: &[usize], seed: u64) -> Array {
    let n: usize = shape.iter().product();
    let mut s = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        s ^= s << 13;
        s ^= s >> 7;
        s ^= s << 17;
        s
    };
    let mut data = Vec::new();
    for _ in 0..n {
        let r = next();
        let real = |r: u64| match r % 499 {
            0 => -0.0,
            1 => 0.0,
            2 => f64::INFINITY,
            3 => 1e-310,
            _ => ((r >> 20) as f64 / (1u64 << 43) as f64 - 1.0) * if r.is_multiple_of(7) { 1e3 } else { 2.0 },
        };
        let v = match dtype {
            DType::Bool => Scalar::bool(r & 64 != 0),
            d if d.is_integer() => Scalar::int(d, i128::from((r >> 8) as i64) >> (r % 40)),
            d => {
                let (a, b) = (real(r), real(next()));
                Scalar::float(d, a, b)
            }
        };
        data.extend(v.to_le_bytes());
    }
    Array { dtype, shape: shape.to_vec(), data }
}

pub fn scalar(s: Scalar) -> Array {
    Array { dtype: s.dtype, shape: vec![], data: s.to_le_bytes() }
}

/// A module of one stateless entry with the lengths n and m.
pub fn simple(name: &str, b: Builder, inputs: usize, results: &[ValueId]) -> Module {
    let func = b.finish(results);
    Module {
        name: name.into(),
        lengths: ["n", "m"].map(|l| Length { name: l.into(), min: 0, max: Some(100_000) }).to_vec(),
        entries: vec![Entry {
            func,
            params: (0..inputs).map(|i| ParamRole::Input(format!("x{i}"))).collect(),
            results: (0..results.len()).map(|i| ResultRole::Output(format!("y{i}"))).collect(),
        }],
        ..Module::default()
    }
}

const N: LengthId = LengthId(0);
const M: LengthId = LengthId(1);

fn sizes(types: &[(DType, usize)], sizes: &[usize]) -> Vec<Step> {
    // every rank-1 input has n elements, rank 0 is a scalar
    sizes
        .iter()
        .map(|n| {
            let inputs = types
                .iter()
                .enumerate()
                .map(|(k, (d, rank))| noise(*d, &vec![*n; *rank], (*n * 7 + k + 1) as u64))
                .collect();
            (0, inputs)
        })
        .collect()
}

pub fn all() -> Vec<Case> {
    let mut out = vec![elementwise(), lane_sums(), in_place(), swap(), shifted_store(), conditional_store(), state()];
    out.extend([compress(), fibonacci(), checked(), matrices(), sorting(), kernels(), append(), axes(), biquads()]);
    for (x, h) in [
        (DType::Float64, DType::Float64),
        (DType::Complex64, DType::Float32),
        (DType::Complex128, DType::Complex128),
        (DType::Int16, DType::Int16),
    ] {
        let factors = [(1, 1), (1, 2), (1, 5), (2, 1), (2, 2), (3, 5)];
        out.push(merged(&format!("fir_{x}_{h}"), factors.map(|(u, d)| fir(x, h, u, d, false)).to_vec()));
    }
    for (taps, down) in [(7, 1), (64, 8), (33, 2), (70, 23)] {
        for (x, h) in [
            (DType::Float32, DType::Float32),
            (DType::Complex64, DType::Float32),
            (DType::Complex128, DType::Complex128),
            (DType::Int32, DType::Int32),
        ] {
            out.push(grouped_fir(x, h, taps, down, x == DType::Complex64));
        }
    }
    out.push(merged("fir_short", [1, 2, 3, 5, 33, 63, 65].into_iter().flat_map(short_fir).collect()));
    for (d, sections) in [(DType::Float32, 8), (DType::Complex128, 3), (DType::Float64, 17)] {
        out.push(wavefront(d, sections));
    }
    out.push(fir(DType::Float32, DType::Float32, 1, 1, true));
    out.push(fir(DType::Complex64, DType::Float32, 2, 3, true));
    out.push(merged("integers", integers()));
    out
}

/// One module with the entries of several that have no tables or state.
fn merged(name: &str, cases: Vec<Case>) -> Case {
    let mut steps = Vec::new();
    let mut module = Module { name: name.into(), lengths: cases[0].module.lengths.clone(), ..Module::default() };
    for c in cases {
        steps.extend(c.steps.into_iter().map(|(_, inputs)| (module.entries.len(), inputs)));
        module.entries.extend(c.module.entries);
    }
    Case { module, steps }
}

fn elementwise() -> Case {
    let mut b = Builder::new("elementwise");
    let x = b.param(vector(DType::Float64, N));
    let z = b.param(vector(DType::Complex64, N));
    let gain = b.param(Type::scalar(DType::Float64));
    let s = b.binary(Binary::Mul, x, gain);
    let one = b.float(1.0);
    let s = b.binary(Binary::Add, s, one);
    let r = b.unary(Unary::Abs, s);
    let r = b.unary(Unary::Sqrt, r);
    let neg = b.binary(Binary::Lt, x, one);
    let picked = b.select(neg, r, s);
    let w = b.binary(Binary::Mul, z, z);
    let re = b.unary(Unary::Real, w);
    let wide = b.convert(Unary::Cast, re, DType::Float64);
    let both = b.binary(Binary::Max, picked, wide);
    let floor = b.unary(Unary::Floor, x);
    let odd = b.binary(Binary::Fmod, x, one);
    let small = b.convert(Unary::Cast, x, DType::Int16);
    let sign = b.binary(Binary::CopySign, floor, odd);
    let steps = sizes(&[(DType::Float64, 1), (DType::Complex64, 1), (DType::Float64, 0)], &[0, 1, 17, 100]);
    Case { module: simple("elementwise", b, 3, &[both, w, sign, small]), steps }
}

fn lane_sums() -> Case {
    let mut b = Builder::new("lane_sums");
    let x = b.param(vector(DType::Float64, N));
    let z = b.param(vector(DType::Complex64, N));
    let i = b.param(vector(DType::Int32, N));
    let sum = |b: &mut Builder, v: ValueId, d: DType| {
        b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[v], Type::scalar(d))
    };
    let sq = b.binary(Binary::Mul, x, x);
    let a = sum(&mut b, sq, DType::Float64);
    let c = sum(&mut b, z, DType::Complex64);
    let k = sum(&mut b, i, DType::Int32);
    let p = b.op1(Op::Reduce { kind: Reduction::Prod, axes: vec![0] }, &[x], Type::scalar(DType::Float64));
    let run = b.op1(Op::Scan { kind: Reduction::Sum, axis: 0 }, &[z], vector(DType::Complex64, N));
    let steps = sizes(&[(DType::Float64, 1), (DType::Complex64, 1), (DType::Int32, 1)], &[0, 1, 15, 16, 17, 100, 1000]);
    Case { module: simple("lane_sums", b, 3, &[a, c, k, p, run]), steps }
}

/// y = zeros; for i: y[i] = x[i] + y[i-1]
fn in_place() -> Case {
    let mut b = Builder::new("in_place");
    let x = b.param(vector(DType::Float64, N));
    let zero = b.float(0.0);
    let y = b.op1(Op::Broadcast, &[zero], vector(DType::Float64, N));
    let (lo, hi) = (b.int(1), b.dim(Dim::from(N)));
    let one = b.int(1);
    let out = b.for_loop((lo, hi, 1), &[y], |b, i, c| {
        let v = b.extract(x, &[i]);
        let before = b.binary(Binary::SubChecked, i, one);
        let w = b.extract(c[0], &[before]);
        let s = b.binary(Binary::Add, v, w);
        vec![b.insert(c[0], s, &[i])]
    });
    let twice = b.binary(Binary::Add, out[0], out[0]);
    Case { module: simple("in_place", b, 1, &[out[0], twice]), steps: sizes(&[(DType::Float64, 1)], &[0, 1, 2, 50]) }
}

/// a, b = b, a + b, arrays and scalars, so that every carried value is another's old one.
fn swap() -> Case {
    let mut b = Builder::new("swap");
    let x = b.param(vector(DType::Float32, N));
    let y = b.param(vector(DType::Float32, N));
    let (lo, hi) = (b.int(0), b.int(5));
    let (p, q) = (b.int(1), b.int(2));
    let out = b.for_loop((lo, hi, 1), &[x, y, p, q], |b, _, c| {
        let s = b.binary(Binary::Add, c[2], c[3]);
        vec![c[1], c[0], c[3], s]
    });
    Case { module: simple("swap", b, 2, &out), steps: sizes(&[(DType::Float32, 1), (DType::Float32, 1)], &[0, 3, 40]) }
}

/// a[1:] = a[:-1]; then a[2:5] += 1, and the argument itself changes.
fn shifted_store() -> Case {
    let mut b = Builder::new("shifted_store");
    let x = b.param(vector(DType::Int32, Dim::from(N)));
    let (zero, one, two) = (b.int(0), b.int(1), b.int(2));
    let short = b.slice(x, &[zero], &[1], vec![Dim::from(N).offset(-1)]);
    let y = b.op1(Op::InsertSlice { steps: vec![1] }, &[x, short, one], vector(DType::Int32, N));
    let part = b.slice(y, &[two], &[1], vec![Dim::from(3i64)]);
    let k = b.constant(Scalar::int(DType::Int32, 1));
    let more = b.binary(Binary::Add, part, k);
    let y = b.op1(Op::InsertSlice { steps: vec![1] }, &[y, more, two], vector(DType::Int32, N));
    let last = b.dim(Dim::from(N).offset(-1));
    let reversed = b.slice(y, &[last], &[-1], vec![Dim::from(N)]);
    let mut module = simple("shifted_store", b, 1, &[y, reversed]);
    module.entries[0].results[0] = ResultRole::Mutated("x0".into());
    module.lengths[0].min = 5;
    Case { module, steps: sizes(&[(DType::Int32, 1)], &[5, 6, 33]) }
}

/// for i: if x[i] > 0: y[i] = x[i] else leave; a while loop afterwards halves until small.
fn conditional_store() -> Case {
    let mut b = Builder::new("conditional_store");
    let x = b.param(vector(DType::Float64, N));
    let y = b.param(vector(DType::Float64, N));
    let (lo, hi) = (b.int(0), b.dim(Dim::from(N)));
    let zero = b.float(0.0);
    let out = b.for_loop((lo, hi, 1), &[y, zero], |b, i, c| {
        let v = b.extract(x, &[i]);
        let up = b.binary(Binary::Gt, v, zero);
        b.if_else(
            up,
            |b| {
                let s = b.binary(Binary::Add, c[1], v);
                vec![b.insert(c[0], v, &[i]), s]
            },
            |_| vec![c[0], c[1]],
        )
    });
    let half = b.float(0.5);
    let limit = b.float(0.1);
    let w = b.while_loop(
        &[out[1], out[0]],
        |b, c| b.binary(Binary::Gt, c[0], limit),
        |b, c| {
            let s = b.binary(Binary::Mul, c[0], half);
            let a = b.binary(Binary::Mul, c[1], half);
            // infinity never gets small
            let big = b.float(1e6);
            let stop = b.binary(Binary::Gt, s, big);
            let s = b.select(stop, zero, s);
            vec![s, a]
        },
    );
    Case {
        module: simple("conditional_store", b, 2, &[w[0], w[1]]),
        steps: sizes(&[(DType::Float64, 1), (DType::Float64, 1)], &[0, 1, 30]),
    }
}

/// A delay line of 4 and a counter, block by block.
fn state() -> Case {
    let mut b = Builder::new("process");
    let line = b.param(vector(DType::Float64, 4i64));
    let count = b.param(Type::scalar(DType::Int64));
    let phase = b.param(Type::scalar(DType::Complex128));
    let x = b.param(vector(DType::Float64, N));
    let joined = b.op1(Op::Concat { axis: 0 }, &[line, x], vector(DType::Float64, Dim::from(N).offset(4)));
    let at = b.dim(Dim::from(N));
    let next = b.slice(joined, &[at], &[1], vec![Dim::from(4i64)]);
    let zero = b.int(0);
    let y = b.slice(joined, &[zero], &[1], vec![Dim::from(N)]);
    let one = b.int(1);
    let more = b.binary(Binary::AddChecked, count, one);
    let turned = b.binary(Binary::Mul, phase, phase);
    let im = b.unary(Unary::Imag, turned);
    let func = b.finish(&[y, im, next, more, turned]);
    let table = |name: &str, dtype: DType, shape: Vec<usize>, values: &[f64]| Table {
        name: name.into(),
        dtype,
        shape,
        data: match dtype {
            DType::Int64 => values.iter().flat_map(|v| Scalar::i64(*v as i64).to_le_bytes()).collect(),
            DType::Complex128 => Scalar::float(dtype, values[0], values[1]).to_le_bytes(),
            d => values.iter().flat_map(|v| Scalar::float(d, *v, 0.0).to_le_bytes()).collect(),
        },
        provenance: "test".into(),
    };
    let module = Module {
        name: "delay".into(),
        lengths: vec![Length { name: "n".into(), min: 0, max: None }],
        tables: vec![
            table("line_init", DType::Float64, vec![4], &[1.0, 2.0, 3.0, 4.0]),
            table("count_init", DType::Int64, vec![], &[i64::MAX as f64]),
            table("phase_init", DType::Complex128, vec![], &[0.6, 0.8]),
        ],
        state: vec![
            StateField { name: "line".into(), ty: vector(DType::Float64, 4i64), init: TableId(0) },
            StateField { name: "count".into(), ty: Type::scalar(DType::Int64), init: TableId(1) },
            StateField { name: "phase".into(), ty: Type::scalar(DType::Complex128), init: TableId(2) },
        ],
        entries: vec![Entry {
            func,
            params: vec![ParamRole::State(0), ParamRole::State(1), ParamRole::State(2), ParamRole::Input("x".into())],
            results: vec![
                ResultRole::Output("y".into()),
                ResultRole::Output("im".into()),
                ResultRole::State(0),
                ResultRole::State(1),
                ResultRole::State(2),
            ],
        }],
        ..Module::default()
    };
    let mut module = module;
    // one call short of an overflow
    module.tables[1].data = Scalar::i64(i64::MAX - 3).to_le_bytes();
    let steps = [3usize, 0, 10, 1, 2].iter().map(|n| (0, vec![noise(DType::Float64, &[*n], *n as u64 + 3)])).collect();
    Case { module, steps }
}

fn compress() -> Case {
    let mut b = Builder::new("compress");
    let x = b.param(vector(DType::Float64, N));
    let zero = b.float(0.0);
    let mask = b.binary(Binary::Gt, x, zero);
    let r = b.op_compress(mask);
    let taken = b.op1(Op::Gather { axis: 0 }, &[x, r.1], vector(DType::Float64, r.0));
    let doubled = b.binary(Binary::Add, taken, taken);
    let k = b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[doubled], Type::scalar(DType::Float64));
    let back = b.op1(Op::Scatter { axis: 0 }, &[x, r.1, doubled], vector(DType::Float64, N));
    Case {
        module: simple("compress", b, 1, &[taken, k, r.1, back]),
        steps: sizes(&[(DType::Float64, 1)], &[0, 1, 30, 200]),
    }
}

trait More {
    fn op_compress(&mut self, mask: ValueId) -> (ValueId, ValueId);
}
impl More for Builder {
    fn op_compress(&mut self, mask: ValueId) -> (ValueId, ValueId) {
        // the extent of the second result is the first
        let next = {
            let probe = self.int(0);
            ValueId(probe.0 + 1)
        };
        let r = self.op(Op::Compress, &[mask], vec![Type::scalar(DType::Int64), vector(DType::Int64, next)]);
        assert_eq!(r[0], next);
        (r[0], r[1])
    }
}

fn fibonacci() -> Case {
    let mut b = Builder::new("fibonacci");
    let n = b.param(Type::scalar(DType::Int64));
    let (zero, one) = (b.int(0), b.int(1));
    let out = b.for_loop((zero, n, 1), &[zero, one], |b, _, c| vec![c[1], b.binary(Binary::AddChecked, c[0], c[1])]);
    let steps = [0, 1, 10, 90, 200].map(|k| (0, vec![scalar(Scalar::i64(k))])).to_vec();
    Case { module: simple("fibonacci", b, 1, &[out[0]]), steps }
}

fn checked() -> Case {
    let mut b = Builder::new("checked");
    let x = b.param(vector(DType::Int64, N));
    let y = b.param(vector(DType::Int64, N));
    let k = b.param(Type::scalar(DType::Int64));
    let zero = b.int(0);
    let ok = b.binary(Binary::Ge, k, zero);
    b.op(Op::Check(Fault { exception: "ValueError".into(), message: "k is negative".into() }), &[ok], vec![]);
    let s = b.binary(Binary::AddChecked, x, y);
    let d = b.binary(Binary::SubChecked, s, k);
    let p = b.binary(Binary::MulChecked, d, d);
    let m = b.binary(Binary::FloorDiv, p, k);
    let r = b.binary(Binary::FloorMod, d, k);
    let mut steps = sizes(&[(DType::Int64, 1), (DType::Int64, 1), (DType::Int64, 0)], &[0, 1, 2, 3, 5, 9]);
    let small = |v: &[i64]| Array {
        dtype: DType::Int64,
        shape: vec![v.len()],
        data: v.iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    for k in [-1i64, 0, 1, 3, 7] {
        steps.push((0, vec![small(&[1, -5, 1000]), small(&[4, 2, -30_000]), scalar(Scalar::i64(k))]));
    }
    steps.push((0, vec![small(&[i64::MAX]), small(&[1]), scalar(Scalar::i64(3))]));
    steps.push((0, vec![small(&[3_037_000_500]), small(&[0]), scalar(Scalar::i64(0))]));
    steps.push((0, vec![small(&[-3_037_000_499]), small(&[0]), scalar(Scalar::i64(0))]));
    Case { module: simple("checked", b, 3, &[p, m, r]), steps }
}

fn matrices() -> Case {
    let mut b = Builder::new("matrices");
    let ty = |d: &[Dim]| Type { dtype: DType::Float64, shape: d.to_vec() };
    let (n, m) = (Dim::from(N), Dim::from(M));
    let a = b.param(ty(&[n.clone(), m.clone()]));
    let t = b.op1(Op::Transpose(vec![1, 0]), &[a], ty(&[m.clone(), n.clone()]));
    let p = b.op1(Op::MatMul, &[a, t], ty(&[n.clone(), n.clone()]));
    let flat = b.op1(Op::Reshape, &[t], ty(&[n.mul(&m)]));
    let two = b.float(2.0);
    let scaled = b.binary(Binary::Mul, flat, two);
    let back = b.op1(Op::Reshape, &[scaled], ty(&[n.clone(), m.clone()]));
    let rows = b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![1] }, &[back], ty(std::slice::from_ref(&n)));
    let columns = b.op1(Op::Reduce { kind: Reduction::Max, axes: vec![0] }, &[back], ty(std::slice::from_ref(&m)));
    let column = b.op1(Op::Reshape, &[rows], ty(&[n.clone(), Dim::from(1i64)]));
    let outer = b.binary(Binary::Sub, column, columns);
    let arg =
        b.op1(Op::ArgReduce { max: true, axis: 1 }, &[outer], Type { dtype: DType::Int64, shape: vec![n.clone()] });
    let all = b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0, 1] }, &[outer], Type::scalar(DType::Float64));
    let mut module = simple("matrices", b, 1, &[p, back, rows, outer, arg, all]);
    module.lengths[0].min = 1;
    module.lengths[1].min = 1;
    let steps = [(1, 1), (3, 4), (5, 20), (20, 5)]
        .map(|(r, c)| (0, vec![noise(DType::Float64, &[r, c], (r * 31 + c) as u64)]))
        .to_vec();
    Case { module, steps }
}

fn sorting() -> Case {
    let mut b = Builder::new("sorting");
    let x = b.param(vector(DType::Float32, N));
    let z = b.param(vector(DType::Complex128, N));
    let i = b.param(vector(DType::Uint8, N));
    // some NaNs
    let zero = b.constant(Scalar::float(DType::Float32, 0.0, 0.0));
    let inf = b.binary(Binary::Div, x, zero);
    let d = b.binary(Binary::Sub, inf, inf);
    let one = b.constant(Scalar::float(DType::Float32, 0.5, 0.0));
    let small = b.binary(Binary::Lt, x, one);
    let x = b.select(small, x, d);
    let sorted = b.op1(Op::Sort, &[x], vector(DType::Float32, N));
    let order = b.op1(Op::ArgSort, &[x], vector(DType::Int64, N));
    let zs = b.op1(Op::Sort, &[z], vector(DType::Complex128, N));
    let zo = b.op1(Op::ArgSort, &[z], vector(DType::Int64, N));
    let io = b.op1(Op::ArgSort, &[i], vector(DType::Int64, N));
    let steps = sizes(&[(DType::Float32, 1), (DType::Complex128, 1), (DType::Uint8, 1)], &[0, 1, 2, 3, 31, 100]);
    Case { module: simple("sorting", b, 3, &[sorted, order, zs, zo, io]), steps }
}

fn kernels() -> Case {
    let mut k = Builder::new("rotate");
    let z = k.param(Type::scalar(DType::Complex128));
    let g = k.param(Type::scalar(DType::Float64));
    let w = k.binary(Binary::Mul, z, z);
    let re = k.unary(Unary::Real, w);
    let big = k.binary(Binary::Gt, re, g);
    let size = k.if_else(big, |b| vec![b.unary(Unary::Neg, re)], |b| vec![b.binary(Binary::Add, re, g)]);
    let rotate = k.finish(&[w, size[0]]);
    let mut k = Builder::new("guarded");
    let a = k.param(Type::scalar(DType::Int64));
    let lim = k.int(1000);
    let ok = k.binary(Binary::Lt, a, lim);
    k.op(Op::Check(Fault { exception: "ValueError".into(), message: "too large".into() }), &[ok], vec![]);
    let r = k.binary(Binary::MulChecked, a, a);
    let guarded = k.finish(&[r]);
    let mut b = Builder::new("kernels");
    let z = b.param(vector(DType::Complex128, N));
    let g = b.param(Type::scalar(DType::Float64));
    let i = b.param(vector(DType::Int64, N));
    let r = b.op(Op::Kernel(FuncId(0)), &[z, g], vec![vector(DType::Complex128, N), vector(DType::Float64, N)]);
    let c = b.op1(Op::Kernel(FuncId(1)), &[i], vector(DType::Int64, N));
    let mut module = simple("kernels", b, 3, &[r[0], r[1], c]);
    module.kernels = vec![rotate, guarded];
    let mut steps = sizes(&[(DType::Complex128, 1), (DType::Float64, 0), (DType::Int64, 1)], &[0, 1, 2, 3, 20]);
    let ints = Array {
        dtype: DType::Int64,
        shape: vec![3],
        data: [1i64, -7, 999].iter().flat_map(|v| v.to_le_bytes()).collect(),
    };
    steps.push((0, vec![noise(DType::Complex128, &[3], 5), scalar(Scalar::f64(0.25)), ints]));
    Case { module, steps }
}

/// A list that grows in a loop: its length is carried with it.
fn append() -> Case {
    let mut b = Builder::new("append");
    let x = b.param(vector(DType::Float64, N));
    let (zero, one) = (b.int(0), b.int(1));
    let hi = b.dim(Dim::from(N));
    let f0 = b.float(0.0);
    let empty = b.op1(Op::Broadcast, &[f0], vector(DType::Float64, zero));
    let out = b.for_loop((zero, hi, 1), &[zero, empty], |b, i, c| {
        let v = b.extract(x, &[i]);
        let up = b.binary(Binary::Gt, v, f0);
        b.if_else(
            up,
            |b| {
                let one_long = b.op1(Op::Reshape, &[v], vector(DType::Float64, 1i64));
                let len = b.binary(Binary::AddChecked, c[0], one);
                let longer =
                    b.op1(Op::Concat { axis: 0 }, &[c[1], one_long], vector(DType::Float64, Dim::from(c[0]).offset(1)));
                let longer = b.op1(Op::Reshape, &[longer], vector(DType::Float64, len));
                vec![len, longer]
            },
            |_| vec![c[0], c[1]],
        )
    });
    let mut module = simple("append", b, 1, &[out[0], out[1]]);
    // the front end proves that the list never outgrows the input
    let f = &mut module.entries[0].func;
    let bounded: Vec<ValueId> = (0..f.values.len() as u32)
        .map(ValueId)
        .filter(|v| {
            f.values.iter().any(|d| d.ty.shape.iter().any(|s| *s == Dim::from(*v) || *s == Dim::from(*v).offset(1)))
        })
        .collect();
    for v in bounded {
        f.bounds.insert(v, (Some(Dim::from(0i64)), Some(Dim::from(N))));
    }
    Case { module, steps: sizes(&[(DType::Float64, 1)], &[0, 1, 40]) }
}

/// Reductions, joins and gathers along inner axes of three.
fn axes() -> Case {
    let mut b = Builder::new("axes");
    let (n, m) = (Dim::from(N), Dim::from(M));
    let c = |k: i64| Dim::from(k);
    let ty = |d: DType, s: &[Dim]| Type { dtype: d, shape: s.to_vec() };
    let f = DType::Float32;
    let x = b.param(ty(f, &[n.clone(), c(3), m.clone()]));
    let sum = b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0, 2] }, &[x], ty(f, &[c(3)]));
    let mid = b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![1] }, &[x], ty(f, &[n.clone(), m.clone()]));
    let shifted = b.binary(Binary::Sub, x, x);
    let joined = b.op1(Op::Concat { axis: 1 }, &[x, shifted], ty(f, &[n.clone(), c(6), m.clone()]));
    let iota = b.op1(Op::Iota, &[], vector(DType::Int64, 2i64));
    let two = b.int(2);
    let idx = b.binary(Binary::Mul, iota, two);
    let g = b.op1(Op::Gather { axis: 1 }, &[joined, idx], ty(f, &[n.clone(), c(2), m.clone()]));
    let put = b.op1(Op::Scatter { axis: 1 }, &[x, idx, g], ty(f, &[n.clone(), c(3), m.clone()]));
    let scan = b.op1(Op::Scan { kind: Reduction::Prod, axis: 1 }, &[put], ty(f, &[n.clone(), c(3), m.clone()]));
    let perm = b.op1(Op::Transpose(vec![2, 0, 1]), &[scan], ty(f, &[m.clone(), n.clone(), c(3)]));
    let flat = b.op1(Op::Reshape, &[perm], ty(f, &[n.mul(&m).scale(3)]));
    let truth = b.binary(Binary::Eq, scan, x);
    let every = b.op1(Op::Reduce { kind: Reduction::All, axes: vec![0, 1, 2] }, &[truth], Type::scalar(DType::Bool));
    let some = b.op1(Op::Reduce { kind: Reduction::Any, axes: vec![2] }, &[truth], ty(DType::Bool, &[n.clone(), c(3)]));
    let lowest = b.op1(Op::ArgReduce { max: false, axis: 1 }, &[x], ty(DType::Int64, &[n.clone(), m.clone()]));
    let mut module = simple("axes", b, 1, &[sum, mid, joined, put, flat, every, some, lowest]);
    module.lengths[0].min = 1;
    let steps = [(1, 1), (2, 9), (7, 4), (3, 0)]
        .map(|(n, m)| (0, vec![noise(DType::Float32, &[n, 3, m], (n * 11 + m) as u64)]))
        .to_vec();
    Case { module, steps }
}

fn biquads() -> Case {
    let mut b = Builder::new("biquads");
    let d = DType::Complex64;
    let x = b.param(vector(d, N));
    let sos = b.param(Type { dtype: DType::Float32, shape: vec![Dim::from(M), Dim::from(6i64)] });
    let zi = b.param(Type { dtype: d, shape: vec![Dim::from(M), Dim::from(2i64)] });
    let r = b.op(
        Op::Sosfilt,
        &[sos, x, zi],
        vec![vector(d, N), Type { dtype: d, shape: vec![Dim::from(M), Dim::from(2i64)] }],
    );
    let module = simple("biquads", b, 3, &r);
    let steps = [(0, 2), (1, 1), (50, 3), (7, 8), (5, 0)]
        .map(|(n, m)| (0, vec![noise(d, &[n], 1 + n as u64), noise(DType::Float32, &[m, 6], 5), noise(d, &[m, 2], 8)]))
        .to_vec();
    Case { module, steps }
}

/// A cascade of a known number of sections, shorter and longer than its wavefront.
fn wavefront(d: DType, sections: usize) -> Case {
    let name = format!("wavefront_{d}_{sections}");
    let mut b = Builder::new(&name);
    let s = Dim::from(sections as i64);
    let x = b.param(vector(d, N));
    let sos = b.param(Type { dtype: d.real(), shape: vec![s.clone(), Dim::from(6i64)] });
    let zi = b.param(Type { dtype: d, shape: vec![s.clone(), Dim::from(2i64)] });
    let zt = Type { dtype: d, shape: vec![s, Dim::from(2i64)] };
    let r = b.op(Op::Sosfilt, &[sos, x, zi], vec![vector(d, N), zt]);
    let module = simple(&name, b, 3, &r);
    let reach = (sections - 1) * 16;
    let steps = [0, 1, reach, reach + 1, reach + 15, reach + 64, reach + 65, 2 * reach + 200]
        .map(|n| {
            // poles well inside the unit circle, so that long signals do not overflow
            let mut coefficients = noise(d.real(), &[sections, 6], 5);
            let size = d.real().size();
            for (k, c) in coefficients.data.chunks_exact_mut(size).enumerate() {
                let v = Scalar::from_le_bytes(d.real(), c).real_f64();
                let v = if k % 6 < 4 { v } else { 0.4 * v / (1.0 + v.abs()) };
                c.copy_from_slice(&Scalar::float(d.real(), v, 0.0).to_le_bytes());
            }
            (0, vec![noise(d, &[n], 1 + n as u64), coefficients, noise(d, &[sections, 2], 8)])
        })
        .to_vec();
    Case { module, steps }
}

/// An FIR whose number of taps is known, around the ends of groups and blocks.
fn grouped_fir(x: DType, h: DType, taps: i64, down: i64, fma: bool) -> Case {
    let name = format!("grouped_fir_{x}_{h}_{taps}_{down}");
    let mut b = Builder::new(&name);
    let xs = b.param(vector(x, N));
    let hs = b.param(vector(h, taps));
    let start = b.param(Type::scalar(DType::Int64));
    let count = Dim::from(N).offset(taps + down).div(down);
    let y = b.op1(Op::Fir { up: 1, down }, &[xs, hs, start], vector(x, count));
    let mut module = simple(&name, b, 3, &[y]);
    module.fma = fma;
    let mut steps = Vec::new();
    for (n, start) in [(0, 0), (1, 0), (63, 2), (64, -3), (200, 0), (1000, taps - 1), (20_000, 0), (9_999, 7)] {
        let (n, taps) = (n as usize, taps as usize);
        steps.push((0, vec![noise(x, &[n], 3 + n as u64), noise(h, &[taps], 9), scalar(Scalar::i64(start))]));
    }
    Case { module, steps }
}

/// Both orders of a convolution of `size` elements with a signal that may be shorter: one side is as long as the other is
/// at most, so a group of outputs can lie outside of the arrays. Local copies make the compiler see the arrays' sizes.
fn short_fir(size: i64) -> Vec<Case> {
    let mut out = Vec::new();
    for (down, swapped) in [(1, false), (1, true), (3, false), (3, true)] {
        let name = format!("fir_short_{size}_{down}_{}", if swapped { "variable" } else { "fixed" });
        let mut b = Builder::new(&name);
        let (x, h) = (b.param(vector(DType::Float32, N)), b.param(vector(DType::Float32, size)));
        let h = b.op1(Op::Sort, &[h], vector(DType::Float32, size));
        let start = b.param(Type::scalar(DType::Int64));
        let (signal, taps, n) = if swapped { (h, x, Dim::from(size)) } else { (x, h, Dim::from(N)) };
        let y = b.op1(
            Op::Fir { up: 1, down },
            &[signal, taps, start],
            vector(DType::Float32, n.offset(down - 1).div(down)),
        );
        let module = simple(&name, b, 3, &[y]);
        let mut steps = Vec::new();
        for n in [1, 2, 33, 64, 65, 200] {
            for start in [0, size.min(n) - 1] {
                let (x, h) = (noise(DType::Float32, &[n as usize], 3), noise(DType::Float32, &[size as usize], 9));
                steps.push((0, vec![x, h, scalar(Scalar::i64(start))]));
            }
        }
        out.push(Case { module, steps });
    }
    out
}

fn fir(x: DType, h: DType, up: i64, down: i64, fma: bool) -> Case {
    let name = format!("fir_{x}_{h}_{up}_{down}{}", if fma { "_fma" } else { "" });
    let mut b = Builder::new(&name);
    let xs = b.param(vector(x, N));
    let hs = b.param(vector(h, M));
    let start = b.param(Type::scalar(DType::Int64));
    let count = Dim::from(N).scale(up).offset(7).div(down).offset(3);
    let y = b.op1(Op::Fir { up, down }, &[xs, hs, start], vector(x, count));
    let mut module = simple(&name, b, 3, &[y]);
    module.fma = fma;
    let mut steps = Vec::new();
    for (n, m, start) in [(0, 3, 0), (5, 0, 0), (1, 1, 0), (300, 31, 0), (300, 31, 15), (10, 40, 3), (200, 8, -5)] {
        steps.push((0, vec![noise(x, &[n], 3 + n as u64), noise(h, &[m], 9), scalar(Scalar::i64(start))]));
    }
    Case { module, steps }
}

/// Every integer operation on every integer type, with extremes; and conversions from floats.
fn integers() -> Vec<Case> {
    let mut out = Vec::new();
    for d in DType::ALL.into_iter().filter(|d| d.is_integer()) {
        let name = format!("integers_{d}");
        let mut b = Builder::new(&name);
        let x = b.param(vector(d, N));
        let y = b.param(vector(d, N));
        let f = b.param(vector(DType::Float64, N));
        let g = b.param(vector(DType::Float32, N));
        let mut results = Vec::new();
        for op in [
            Binary::Add,
            Binary::Sub,
            Binary::Mul,
            Binary::FloorDiv,
            Binary::FloorMod,
            Binary::Min,
            Binary::Max,
            Binary::And,
            Binary::Or,
            Binary::Xor,
            Binary::Shl,
            Binary::Shr,
            Binary::Le,
        ] {
            results.push(b.binary(op, x, y));
        }
        for op in [Unary::Neg, Unary::Abs, Unary::Not] {
            results.push(b.unary(op, x));
        }
        for to in [DType::Int8, DType::Uint16, DType::Int32, DType::Uint64, DType::Float32, DType::Bool] {
            results.push(b.convert(Unary::Cast, x, to));
        }
        results.push(b.convert(Unary::Cast, f, d));
        results.push(b.convert(Unary::Cast, g, d));
        let module = simple(&name, b, 4, &results);
        let (lo, hi) = d.int_range().expect("an integer type");
        let special: Vec<i128> = vec![lo, hi, 0, 1, 2, lo + 1, hi - 1, 5, 7, 31, 63, 64, -1, -2, -7];
        let (mut xs, mut ys) = (Vec::new(), Vec::new());
        for a in &special {
            for b in &special {
                xs.extend(Scalar::int(d, *a).to_le_bytes());
                ys.extend(Scalar::int(d, *b).to_le_bytes());
            }
        }
        let n = special.len() * special.len();
        let odd = [0.0, -0.0, 0.5, -1.5, 127.9, -129.0, 255.5, 65536.0, 2147483647.5, 2147483648.0, -2147483648.9];
        let odder = [4294967296.0, 9.3e18, -9.3e18, 1.9e19, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300];
        let floats: Vec<f64> = odd.iter().chain(&odder).copied().cycle().take(n).collect();
        let array = |dtype: DType, data: Vec<u8>| Array { dtype, shape: vec![n], data };
        let steps = vec![(
            0,
            vec![
                array(d, xs),
                array(d, ys),
                array(DType::Float64, floats.iter().flat_map(|v| v.to_le_bytes()).collect()),
                array(DType::Float32, floats.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect()),
            ],
        )];
        out.push(Case { module, steps });
    }
    out
}
