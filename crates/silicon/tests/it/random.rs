//! Random programs, made to provoke mistakes in fusion and in the sharing of buffers: stores into arrays that are
//! still read, carried arrays that change places, slices that overlap what is written, results used twice.

use crate::programs::{Case, noise, vector};
use proofmark_silicon::dtype::{DType, Scalar};
use proofmark_silicon::hir::{
    Binary, Builder, Dim, Entry, Length, LengthId, Module, Op, ParamRole, Reduction, ResultRole, StateField, Table,
    TableId, Type, Unary, ValueId,
};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 >> 11
    }
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }
    fn pick<T: Clone>(&mut self, v: &[T]) -> T {
        v[self.below(v.len())].clone()
    }
}

const N: LengthId = LengthId(0);
const D: DType = DType::Float64;

/// What may be used where the generator stands.
#[derive(Clone)]
struct Scope {
    vectors: Vec<ValueId>,
    scalars: Vec<ValueId>,
    matrices: Vec<ValueId>,
    /// int64 scalars from 0 to n-1.
    indices: Vec<ValueId>,
}

fn matrix() -> Type {
    Type { dtype: D, shape: vec![Dim::from(4i64), Dim::from(3i64)] }
}

fn arithmetic(r: &mut Random, b: &mut Builder, x: ValueId, y: ValueId) -> ValueId {
    match r.below(6) {
        0 => b.binary(Binary::Add, x, y),
        1 => b.binary(Binary::Sub, x, y),
        2 => {
            let h = b.float(0.375);
            let y = b.binary(Binary::Mul, y, h);
            b.binary(Binary::Add, x, y)
        }
        3 => b.binary(Binary::Max, x, y),
        4 => {
            let c = b.binary(Binary::Lt, x, y);
            let a = b.unary(Unary::Neg, y);
            b.select(c, a, x)
        }
        _ => {
            let a = b.unary(Unary::Abs, y);
            let a = b.unary(Unary::Sqrt, a);
            b.binary(Binary::Min, a, x)
        }
    }
}

/// One step; what it makes is added to the scope.
fn step(r: &mut Random, b: &mut Builder, s: &mut Scope, depth: u32) {
    let n = Dim::from(N);
    let v = r.pick(&s.vectors);
    let w = r.pick(&s.vectors);
    match r.below(if depth > 0 { 17 } else { 14 }) {
        0 | 1 => {
            let x = arithmetic(r, b, v, w);
            s.vectors.push(x);
        }
        2 => {
            let k = r.pick(&s.scalars);
            let x = arithmetic(r, b, v, k);
            s.vectors.push(x);
        }
        3 => {
            let (i, k) = (r.pick(&s.indices), r.pick(&s.scalars));
            let x = b.insert(v, k, &[i]);
            s.vectors.push(x);
        }
        4 => {
            let i = r.pick(&s.indices);
            let x = b.extract(v, &[i]);
            s.scalars.push(x);
        }
        // overlapping slices: v[p:n-8+p] = f(w[q:n-8+q]), often of the same array
        5 | 6 => {
            let w = if r.below(2) == 0 { v } else { w };
            let (p, q) = (r.below(8) as i64, r.below(8) as i64);
            let (p, q) = (b.int(p), b.int(q));
            let part = b.slice(w, &[q], &[1], vec![n.offset(-8)]);
            let part = match r.below(3) {
                0 => part,
                1 => {
                    let k = r.pick(&s.scalars);
                    arithmetic(r, b, part, k)
                }
                _ => {
                    let other = b.slice(v, &[p], &[1], vec![n.offset(-8)]);
                    arithmetic(r, b, part, other)
                }
            };
            let x = b.op1(Op::InsertSlice { steps: vec![1] }, &[v, part, p], vector(D, n.clone()));
            s.vectors.push(x);
        }
        7 => {
            let last = b.dim(n.offset(-1));
            let x = b.slice(v, &[last], &[-1], vec![n]);
            s.vectors.push(x);
        }
        8 => {
            let kind = r.pick(&[Reduction::Sum, Reduction::Max]);
            let x = b.op1(Op::Reduce { kind, axes: vec![0] }, &[v], Type::scalar(D));
            let h = b.float(0.01);
            let x = b.binary(Binary::Mul, x, h);
            s.scalars.push(x);
        }
        9 => {
            let op = if r.below(2) == 0 { Op::Sort } else { Op::Scan { kind: Reduction::Sum, axis: 0 } };
            let x = b.op1(op, &[v], vector(D, n));
            s.vectors.push(x);
        }
        // halves change places
        10 => {
            let (z, five) = (b.int(0), b.int(5));
            let head = b.slice(v, &[z], &[1], vec![Dim::from(5i64)]);
            let tail = b.slice(w, &[five], &[1], vec![n.offset(-5)]);
            let x = b.op1(Op::Concat { axis: 0 }, &[tail, head], vector(D, n));
            s.vectors.push(x);
        }
        11 => {
            let order = b.op1(Op::ArgSort, &[w], vector(DType::Int64, n.clone()));
            let x = if r.below(2) == 0 {
                b.op1(Op::Gather { axis: 0 }, &[v, order], vector(D, n))
            } else {
                b.op1(Op::Scatter { axis: 0 }, &[v, order, w], vector(D, n))
            };
            s.vectors.push(x);
        }
        12 => {
            let z = b.int(0);
            let twelve = b.slice(v, &[z], &[1], vec![Dim::from(12i64)]);
            let m = b.op1(Op::Reshape, &[twelve], matrix());
            let other = r.pick(&s.matrices);
            let x = arithmetic(r, b, m, other);
            s.matrices.push(x);
        }
        13 => {
            let m = r.pick(&s.matrices);
            let t = Type { dtype: D, shape: vec![Dim::from(3i64), Dim::from(4i64)] };
            let t = b.op1(Op::Transpose(vec![1, 0]), &[m], t);
            let flat = b.op1(Op::Reshape, &[t], vector(D, 12i64));
            let at = b.int(0);
            let x = b.op1(Op::InsertSlice { steps: vec![1] }, &[v, flat, at], vector(D, n));
            s.vectors.push(x);
            let back = b.op1(Op::Reshape, &[flat], matrix());
            s.matrices.push(back);
        }
        14 => {
            let (lo, hi) = (b.int(1), b.dim(n));
            let k = r.pick(&s.scalars);
            let m = r.pick(&s.matrices);
            let init = [v, w, k, m];
            let steps = 1 + r.below(4);
            let shuffle = r.below(3);
            let outer = s.clone();
            let out = b.for_loop((lo, hi, 1), &init, |b, i, c| {
                let mut inner = outer;
                inner.vectors.extend([c[0], c[1], c[0], c[1]]);
                inner.scalars.extend([c[2], c[2]]);
                inner.matrices.push(c[3]);
                inner.indices.extend([i, i, i]);
                for _ in 0..steps {
                    step(r, b, &mut inner, depth - 1);
                }
                let x = r.pick(&inner.vectors);
                let last = inner.vectors[inner.vectors.len() - 1];
                let k = inner.scalars[inner.scalars.len() - 1];
                let m = r.pick(&inner.matrices);
                match shuffle {
                    0 => vec![last, c[1], k, m],
                    1 => vec![c[1], last, k, m],
                    _ => vec![x, last, k, m],
                }
            });
            s.vectors.extend([out[0], out[1]]);
            s.scalars.push(out[2]);
            s.matrices.push(out[3]);
        }
        15 => {
            let (k, h) = (r.pick(&s.scalars), r.pick(&s.scalars));
            let c = b.binary(Binary::Lt, k, h);
            let mut branch = |b: &mut Builder, from: &Scope| {
                let mut inner = from.clone();
                for _ in 0..r.below(3) {
                    step(r, b, &mut inner, depth - 1);
                }
                let last = inner.vectors[inner.vectors.len() - 1];
                vec![last, r.pick(&inner.vectors), inner.scalars[inner.scalars.len() - 1]]
            };
            let branch = std::cell::RefCell::new(&mut branch);
            let scope = s.clone();
            let out = b.if_else(c, |b| branch.borrow_mut()(b, &scope), |b| branch.borrow_mut()(b, &scope));
            s.vectors.extend([out[0], out[1]]);
            s.scalars.push(out[2]);
        }
        // three rounds of a while loop
        _ => {
            let (zero, one, three) = (b.int(0), b.int(1), b.int(3));
            let scope = s.clone();
            let out = b.while_loop(
                &[zero, v, w],
                |b, c| b.binary(Binary::Lt, c[0], three),
                |b, c| {
                    let mut inner = scope;
                    inner.vectors.extend([c[1], c[2], c[1], c[2]]);
                    for _ in 0..1 + r.below(3) {
                        step(r, b, &mut inner, depth - 1);
                    }
                    let i = b.binary(Binary::AddChecked, c[0], one);
                    let last = inner.vectors[inner.vectors.len() - 1];
                    vec![i, r.pick(&inner.vectors), last]
                },
            );
            s.vectors.extend([out[1], out[2]]);
        }
    }
}

/// A module of `count` entries with a state array each, and calls of every entry with several lengths.
pub fn module(name: &str, seed: u64, count: usize) -> Case {
    let mut r = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut module = Module {
        name: name.into(),
        lengths: vec![Length { name: "n".into(), min: 16, max: Some(1000) }],
        tables: vec![Table {
            name: "grid".into(),
            dtype: D,
            shape: vec![4, 3],
            data: (0..12).flat_map(|i| Scalar::f64(f64::from(i) * 0.5 - 2.0).to_le_bytes()).collect(),
            provenance: String::new(),
        }],
        state: vec![StateField { name: "memory".into(), ty: matrix(), init: TableId(0) }],
        ..Module::default()
    };
    let mut steps = Vec::new();
    for e in 0..count {
        let mut b = Builder::new(&format!("f{e}"));
        let memory = b.param(matrix());
        let x = b.param(vector(D, N));
        let y = b.param(vector(D, N));
        let k = b.param(Type::scalar(D));
        let grid = b.op1(Op::Table(TableId(0)), &[], matrix());
        let zero = b.float(0.0);
        let zeros = b.op1(Op::Broadcast, &[zero], vector(D, N));
        let indices = vec![b.int(0), b.int(7), b.int(15)];
        let mut s = Scope { vectors: vec![x, y, zeros], scalars: vec![k, zero], matrices: vec![memory, grid], indices };
        for _ in 0..3 + r.below(6) {
            step(&mut r, &mut b, &mut s, 2);
        }
        let last = s.vectors.len() - 1;
        let outs = [s.vectors[last], r.pick(&s.vectors), s.scalars[s.scalars.len() - 1]];
        let next = r.pick(&s.matrices);
        let mutated = r.pick(&s.vectors);
        let func = b.finish(&[outs[0], mutated, next, outs[1], outs[2]]);
        module.entries.push(Entry {
            func,
            params: vec![
                ParamRole::State(0),
                ParamRole::Input("x".into()),
                ParamRole::Input("y".into()),
                ParamRole::Input("k".into()),
            ],
            results: vec![
                ResultRole::Output("p".into()),
                ResultRole::Mutated("y".into()),
                ResultRole::State(0),
                ResultRole::Output("q".into()),
                ResultRole::Output("r".into()),
            ],
        });
        for n in [16usize, 33] {
            let seed = seed * 1000 + e as u64 * 10 + n as u64;
            steps.push((e, vec![noise(D, &[n], seed), noise(D, &[n], seed + 1), noise(D, &[], seed + 2)]));
        }
    }
    Case { module, steps }
}
