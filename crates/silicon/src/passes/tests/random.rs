//! Random modules compute the same bits before and after.

use crate::dtype::{DType, Scalar};
use crate::hir::*;
use crate::interp::{Machine, Tensor};
use crate::passes::{ALL, Pass, PassOptions, run, run_one};
use proptest::prelude::*;

pub(super) struct Maker {
    pub(super) state: u64,
}

const FLOATS: [f64; 8] = [0.0, -0.0, 1.0, -1.0, 0.1, 3.0, f64::INFINITY, f64::NAN];
/// The length `n` in the calls made.
const N: usize = 7;

fn ty(dtype: DType, shape: &[Dim]) -> Type {
    Type { dtype, shape: shape.to_vec() }
}
fn n() -> Dim {
    Dim::from(LengthId(0))
}

impl Maker {
    fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
    fn of<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }
    /// A visible value of a type, recent ones preferred; made if there is none.
    fn pick(&mut self, b: &mut Builder, pool: &[ValueId], t: &Type) -> ValueId {
        let all: Vec<ValueId> = pool.iter().copied().filter(|v| b.ty(*v) == t).collect();
        if all.is_empty() || (t.shape.is_empty() && self.below(5) == 0) {
            let c = self.constant(b, t.dtype);
            return if t.shape.is_empty() { c } else { b.op1(Op::Broadcast, &[c], t.clone()) };
        }
        let k = self.below(all.len()).max(self.below(all.len()));
        all[k]
    }
    fn scalar(&mut self, b: &mut Builder, pool: &[ValueId], d: DType) -> ValueId {
        self.pick(b, pool, &Type::scalar(d))
    }
    fn constant(&mut self, b: &mut Builder, d: DType) -> ValueId {
        let s = match d {
            d if d.is_float() || d.is_complex() => Scalar::float(d, self.of(&FLOATS), self.of(&FLOATS)),
            d => Scalar::int(d, self.of(&[0i128, 1, -1, 2, 3, 8])),
        };
        b.constant(s)
    }
    fn dtype(&mut self) -> DType {
        self.of(&[
            DType::Int64,
            DType::Int64,
            DType::Float64,
            DType::Float64,
            DType::Complex128,
            DType::Bool,
            DType::Uint8,
        ])
    }
    fn shape(&mut self) -> Vec<Dim> {
        match self.below(6) {
            0 => vec![n()],
            1 => vec![Dim::from(5i64)],
            2 => vec![Dim::from(2i64), n()],
            _ => vec![],
        }
    }
    /// An index in range.
    fn index(&mut self, b: &mut Builder, pool: &[ValueId], extent: &Dim) -> ValueId {
        if self.below(3) == 0 {
            return b.int(self.below(2) as i64);
        }
        let i = self.scalar(b, pool, DType::Int64);
        let e = b.dim(extent.clone());
        b.binary(Binary::FloorMod, i, e)
    }
    /// Adds instructions and what they define.
    fn block(&mut self, b: &mut Builder, pool: &mut Vec<ValueId>, steps: usize, depth: usize) {
        for _ in 0..steps {
            let (d, shape) = (self.dtype(), self.shape());
            let t = ty(d, &shape);
            let v = match self.below(20) {
                0 => vec![self.constant(b, d)],
                1..=4 => vec![self.binary(b, pool, &t)],
                5 | 6 => vec![self.unary(b, pool, &t)],
                7 => {
                    let c = self.pick(b, pool, &ty(DType::Bool, &shape));
                    let (x, y) = (self.pick(b, pool, &t), self.pick(b, pool, &t));
                    vec![b.select(c, x, y)]
                }
                8 => vec![self.slice(b, pool, d)],
                9 => {
                    let x = self.pick(b, pool, &t);
                    let index: Vec<ValueId> = shape.iter().map(|e| self.index(b, pool, e)).collect();
                    vec![b.extract(x, &index)]
                }
                10 => {
                    let (x, v) = (self.pick(b, pool, &t), self.scalar(b, pool, d));
                    let index: Vec<ValueId> = shape.iter().map(|e| self.index(b, pool, e)).collect();
                    vec![b.insert(x, v, &index)]
                }
                11 => {
                    let x = self.scalar(b, pool, d);
                    vec![b.op1(Op::Broadcast, &[x], t)]
                }
                12 => {
                    let x = self.pick(b, pool, &ty(d, &[Dim::from(2i64), n()]));
                    if self.below(2) == 0 {
                        let t = b.op1(Op::Transpose(vec![1, 0]), &[x], ty(d, &[n(), Dim::from(2i64)]));
                        vec![b.op1(Op::Transpose(vec![1, 0]), &[t], ty(d, &[Dim::from(2i64), n()]))]
                    } else {
                        let t = b.op1(Op::Reshape, &[x], ty(d, &[n().scale(2)]));
                        vec![b.op1(Op::Reshape, &[t], ty(d, &[Dim::from(2i64), n()]))]
                    }
                }
                13 => vec![self.fir(b, pool)],
                14 => {
                    let k = self.of(&[DType::Float64, DType::Int64]);
                    let x = self.pick(b, pool, &ty(k, &[n()]));
                    vec![b.op1(Op::Reduce { kind: Reduction::Sum, axes: vec![0] }, &[x], Type::scalar(k))]
                }
                15 if self.below(4) == 0 => {
                    let c = self.scalar(b, pool, DType::Bool);
                    let message = format!("check {}", self.below(1000));
                    b.op(Op::Check(Fault { exception: "ValueError".into(), message }), &[c], vec![])
                }
                16 => {
                    let (f, args) = (self.below(2) as u32, [DType::Float64; 2]);
                    let x: Vec<ValueId> =
                        args[..1 + f as usize].iter().map(|d| self.pick(b, pool, &ty(*d, &[n()]))).collect();
                    vec![b.op1(Op::Kernel(FuncId(f)), &x, ty(DType::Float64, &[n()]))]
                }
                17 if depth > 0 => self.branch(b, pool, depth - 1),
                18 if depth > 0 => self.counted(b, pool, depth - 1),
                19 if depth > 0 => self.conditional_loop(b, pool, depth - 1),
                _ => vec![self.binary(b, pool, &Type::scalar(d))],
            };
            pool.extend(v);
        }
    }
    fn binary(&mut self, b: &mut Builder, pool: &[ValueId], t: &Type) -> ValueId {
        use Binary::*;
        let (mut x, mut y) = (self.pick(b, pool, t), self.pick(b, pool, t));
        if self.below(6) == 0 {
            y = x;
        }
        let ops: &[Binary] = match t.dtype {
            DType::Bool => &[And, Or, Xor, Eq, Ne],
            DType::Int64 => &[Add, Sub, Mul, AddChecked, MulChecked, FloorDiv, FloorMod, Min, And, Or, Shl, Eq, Lt],
            DType::Uint8 => &[Add, Sub, Mul, FloorDiv, FloorMod, And, Xor, Shr, Ge],
            DType::Complex128 => &[Add, Sub, Mul, Eq],
            _ => &[Add, Sub, Mul, Div, Min, Max, CopySign, Lt, Eq, Complex],
        };
        let op = self.of(ops);
        // a scalar may stand for either operand
        match self.below(5) {
            0 => x = self.scalar(b, pool, t.dtype),
            1 => y = self.scalar(b, pool, t.dtype),
            _ => {}
        }
        b.binary(op, x, y)
    }
    fn unary(&mut self, b: &mut Builder, pool: &[ValueId], t: &Type) -> ValueId {
        use Unary::*;
        let x = self.pick(b, pool, t);
        let op = match t.dtype {
            DType::Bool => self.of(&[Not, Cast]),
            DType::Int64 | DType::Uint8 => self.of(&[Neg, Abs, Not, Cast]),
            DType::Complex128 => self.of(&[Neg, Real, Imag]),
            _ => self.of(&[Neg, Abs, Sqrt, Floor, IsNan, SignBit, Cast, Rint]),
        };
        if op == Cast {
            let to = self.of(&DType::ALL);
            let c = b.convert(Cast, x, to);
            let back = self.dtype();
            return b.convert(Cast, c, back);
        }
        b.unary(op, x)
    }
    /// A slice of a slice.
    fn slice(&mut self, b: &mut Builder, pool: &[ValueId], d: DType) -> ValueId {
        let x = self.pick(b, pool, &ty(d, &[n()]));
        let (lo, step) = (self.below(2) as i64, self.of(&[1i64, 1, 2]));
        let start = b.int(lo);
        // ceil((n - lo) / step)
        let count = n().offset(step - 1 - lo).div(step);
        let y = b.slice(x, &[start], &[step], vec![count.clone()]);
        let last = b.dim(count.offset(-1));
        let zero = b.int(0);
        match self.below(3) {
            0 => b.slice(y, &[last], &[-1], vec![count]),
            1 => b.slice(y, &[zero], &[2], vec![count.offset(1).div(2)]),
            _ => {
                let i = self.index(b, pool, &count);
                b.slice(y, &[i], &[1], vec![Dim::from(1i64)])
            }
        }
    }
    /// A FIR, often decimated.
    fn fir(&mut self, b: &mut Builder, pool: &[ValueId]) -> ValueId {
        let d = self.of(&[DType::Float64, DType::Int64, DType::Complex128]);
        let x = self.pick(b, pool, &ty(d, &[n()]));
        let h = self.pick(b, pool, &ty(d, &[Dim::from(5i64)]));
        let start = b.int(self.of(&[-2i64, 0, 4]));
        let (up, down) = (self.of(&[1i64, 1, 3]), self.of(&[1i64, 1, 2]));
        let y = b.op1(Op::Fir { up, down }, &[x, h, start], ty(d, &[n()]));
        let (lo, step) = (self.below(2) as i64, self.of(&[1i64, 2, 3]));
        let count = n().offset(step - 1 - lo).div(step);
        let start = b.int(lo);
        match self.below(4) {
            0 => y,
            1 => {
                let i = b.op1(Op::Iota, &[], ty(DType::Int64, std::slice::from_ref(&count)));
                let s = b.int(step);
                let i = b.binary(Binary::Mul, i, s);
                b.op1(Op::Gather { axis: 0 }, &[y, i], ty(d, &[count]))
            }
            _ => b.slice(y, &[start], &[step], vec![count]),
        }
    }
    /// A few values to carry or yield.
    fn some(&mut self, b: &mut Builder, pool: &[ValueId]) -> Vec<ValueId> {
        (0..1 + self.below(3)).map(|_| self.of(pool)).filter(|v| !b.ty(*v).shape.iter().any(Dim::is_dynamic)).collect()
    }
    fn like(&mut self, b: &mut Builder, pool: &[ValueId], types: &[Type]) -> Vec<ValueId> {
        types.iter().map(|t| self.pick(b, pool, t)).collect()
    }
    fn branch(&mut self, b: &mut Builder, pool: &[ValueId], depth: usize) -> Vec<ValueId> {
        let c = self.scalar(b, pool, DType::Bool);
        let types: Vec<Type> = self.some(b, pool).iter().map(|v| b.ty(*v).clone()).collect();
        if self.below(3) > 0 {
            return self.arms(b, pool, depth, c, &types, None);
        }
        // a flag set in the arms, and a second branch that asks for it
        let flags = self.of(&[[0, 1], [1, 0], [2, 0], [1, 1]]);
        let first = self.arms(b, pool, depth, c, &types, Some(flags));
        let mut pool = [pool, &first].concat();
        let steps = self.below(3);
        self.block(b, &mut pool, steps, 0);
        let (flag, zero) = (first[first.len() - 1], b.int(0));
        let c = b.binary(self.of(&[Binary::Eq, Binary::Ne]), flag, zero);
        let second = self.arms(b, &pool, depth, c, &types, None);
        [&pool[pool.len() - 1..], &second].concat()
    }
    fn arms(
        &mut self,
        b: &mut Builder,
        pool: &[ValueId],
        depth: usize,
        c: ValueId,
        types: &[Type],
        flags: Option<[i64; 2]>,
    ) -> Vec<ValueId> {
        let steps = 1 + self.below(6);
        // both closures need the maker: the first branch is built with a copy that the second continues
        let mut other = Maker { state: self.bits() };
        let arm = |m: &mut Maker, b: &mut Builder, k: usize| {
            let mut inner = pool.to_vec();
            m.block(b, &mut inner, steps, depth);
            let mut out = m.like(b, &inner, types);
            out.extend(flags.map(|f| b.int(f[k])));
            out
        };
        b.if_else(c, |b| arm(self, b, 0), |b| arm(&mut other, b, 1))
    }
    fn counted(&mut self, b: &mut Builder, pool: &[ValueId], depth: usize) -> Vec<ValueId> {
        let init = self.some(b, pool);
        let lo = b.int(self.below(3) as i64);
        let hi = if self.below(3) == 0 { b.dim(n()) } else { b.int(self.below(5) as i64) };
        let step = self.of(&[1, 1, 2, -1]);
        let types: Vec<Type> = init.iter().map(|v| b.ty(*v).clone()).collect();
        let steps = 1 + self.below(8);
        let mut keep = self.below(4) == 0;
        b.for_loop((lo, hi, step), &init, |b, i, c| {
            let mut inner = [pool, &[i], c].concat();
            self.block(b, &mut inner, steps, depth);
            let mut out = self.like(b, &inner, &types);
            for (o, c) in out.iter_mut().zip(c) {
                if std::mem::replace(&mut keep, self.below(3) == 0) {
                    *o = *c;
                }
            }
            out
        })
    }
    fn conditional_loop(&mut self, b: &mut Builder, pool: &[ValueId], depth: usize) -> Vec<ValueId> {
        let mut init = self.some(b, pool);
        init.insert(0, b.int(0));
        let types: Vec<Type> = init.iter().map(|v| b.ty(*v).clone()).collect();
        let turns = self.below(4) as i64;
        let steps = self.below(5);
        let mut other = Maker { state: self.bits() };
        b.while_loop(
            &init,
            |b, c| {
                let limit = b.int(turns);
                b.binary(Binary::Lt, c[0], limit)
            },
            |b, c| {
                let mut inner = [pool, &c[1..]].concat();
                other.block(b, &mut inner, steps, depth);
                let one = b.int(1);
                let mut out = other.like(b, &inner, &types);
                out[0] = b.binary(Binary::Add, c[0], one);
                out
            },
        )
    }
    fn kernels() -> Vec<Func> {
        let mut k = Builder::new("half");
        let x = k.param(Type::scalar(DType::Float64));
        let (h, one) = (k.float(0.5), k.float(1.0));
        let y = k.binary(Binary::Mul, x, h);
        let y = k.binary(Binary::Mul, y, one);
        let half = k.finish(&[y]);
        let mut k = Builder::new("mean");
        let (x, y) = (k.param(Type::scalar(DType::Float64)), k.param(Type::scalar(DType::Float64)));
        let s = k.binary(Binary::Add, x, y);
        let h = k.op1(Op::Kernel(FuncId(0)), &[s], Type::scalar(DType::Float64));
        vec![half, k.finish(&[h])]
    }
    pub(super) fn module(&mut self) -> Module {
        let mut b = Builder::new("run");
        let five = [Dim::from(5i64)];
        let mut pool: Vec<ValueId> = [
            ty(DType::Float64, &five),
            ty(DType::Float64, &[]),
            ty(DType::Float64, &[n()]),
            ty(DType::Int64, &[]),
            ty(DType::Complex128, &[n()]),
            ty(DType::Bool, &[n()]),
        ]
        .into_iter()
        .map(|t| b.param(t))
        .collect();
        pool.push(b.op1(Op::Table(TableId(1)), &[], ty(DType::Float64, &five)));
        let steps = 5 + self.below(25);
        self.block(&mut b, &mut pool, steps, 3);
        let mut results = vec![
            self.pick(&mut b, &pool, &ty(DType::Float64, &five)),
            self.pick(&mut b, &pool, &ty(DType::Float64, &[])),
        ];
        for _ in 0..4 {
            let v = self.of(&pool);
            results.push(v);
        }
        let table = |name: &str, v: f64, shape: &[usize]| Table {
            name: name.into(),
            dtype: DType::Float64,
            shape: shape.to_vec(),
            data: v.to_le_bytes().repeat(shape.iter().product()),
            provenance: String::new(),
        };
        let inputs = ["x", "i", "z", "m"].map(|s| ParamRole::Input(s.into()));
        let outputs = (0..4).map(|i| ResultRole::Output(format!("r{i}")));
        Module {
            name: "m".into(),
            lengths: vec![Length { name: "n".into(), min: 3, max: None }],
            tables: vec![table("zeros", 0.0, &[5]), table("taps", 0.25, &[5]), table("one", 1.0, &[])],
            kernels: Self::kernels(),
            state: vec![
                StateField { name: "s".into(), ty: ty(DType::Float64, &five), init: TableId(0) },
                StateField { name: "t".into(), ty: Type::scalar(DType::Float64), init: TableId(2) },
            ],
            entries: vec![Entry {
                func: b.finish(&results),
                params: [ParamRole::State(0), ParamRole::State(1)].into_iter().chain(inputs).collect(),
                results: [ResultRole::State(0), ResultRole::State(1)].into_iter().chain(outputs).collect(),
            }],
            fma: self.below(2) == 0,
        }
    }
}

fn tensor(d: DType, v: &[Scalar]) -> Tensor {
    let bytes: Vec<u8> = v.iter().flat_map(|s| s.to_le_bytes()).collect();
    Tensor::from_le_bytes(d, &[v.len()], &bytes).unwrap()
}

/// Outputs of three calls, or the fault that ended them.
pub(super) fn calls(m: &Module, seed: u64) -> Vec<Result<Vec<Tensor>, Fault>> {
    let mut r = Maker { state: seed };
    let mut machine = Machine::new(m).step_limit(2_000_000);
    let e = &m.entries[0];
    let mut out = Vec::new();
    for _ in 0..3 {
        let mut inputs = Vec::new();
        for (role, v) in e.params.iter().zip(&e.func.body.params) {
            let (ParamRole::Input(name), d) = (role, e.func.ty(*v).dtype) else { continue };
            let mut one = || match d {
                DType::Bool => Scalar::bool(r.below(2) == 0),
                DType::Int64 => Scalar::i64(r.below(9) as i64 - 3),
                _ => Scalar::float(d, r.of(&FLOATS), r.of(&FLOATS)),
            };
            let t = match e.func.ty(*v).rank() {
                0 => Tensor::scalar(one()),
                _ => tensor(d, &(0..N).map(|_| one()).collect::<Vec<Scalar>>()),
            };
            inputs.push((name.clone(), t));
        }
        let result = machine.call("run", &inputs);
        out.push(result.map(|r| r.outputs.into_iter().map(|o| o.1).collect()));
    }
    out
}

fn compare(state: u64, name: &str, pass: impl FnOnce(Module) -> Module) -> Result<(), TestCaseError> {
    let module = Maker { state }.module();
    let module = check(module).map_err(|e| TestCaseError::fail(format!("the generator: {}", e[0])))?.into_inner();
    let before = calls(&module, state);
    // checked arithmetic that nothing uses may go, and with it its fault and what it kept from happening
    let overflowed = before.iter().any(|r| r.as_ref().is_err_and(|f| f.exception != "ValueError"));
    let text = module.to_string();
    let after = pass(module);
    let shown = after.to_string();
    let after = check(after).map_err(|e| TestCaseError::fail(format!("{name}: {}\n{text}\n{shown}", e[0])))?;
    if overflowed {
        return Ok(());
    }
    for (a, b) in before.iter().zip(calls(&after, state)) {
        let equal = match (a, &b) {
            (Ok(a), Ok(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same_bits(b)),
            (Err(a), Err(b)) => a == b,
            _ => false,
        };
        prop_assert!(equal, "{name}: {a:?}\n{b:?}\n{text}\n{shown}");
    }
    Ok(())
}

fn one(pass: &'static Pass, module: &mut Module) {
    let before = module.clone();
    let report = run_one(pass, module, &mut PassOptions::default());
    assert_eq!(report.changed > 0, before != *module, "{}: changes and their count\n{before}\n{module}", pass.name);
}

proptest! {
    #[test]
    fn each_exact_pass_keeps_every_bit(state in any::<u64>()) {
        for pass in ALL.iter().filter(|p| !p.value_changing) {
            compare(state, pass.name, |mut m| {
                one(pass, &mut m);
                m
            })?;
        }
    }

    #[test]
    fn the_pipeline_keeps_every_bit_and_comes_to_rest(state in any::<u64>()) {
        compare(state, "all", |m| {
            let (m, _) = run(m, &mut PassOptions::default());
            let (m, _) = run(m, &mut PassOptions::default());
            m
        })?;
    }
}

#[test]
fn the_generator_reaches_what_the_passes_change() {
    let mut changed = vec![0; ALL.len()];
    let mut fine = 0;
    for state in 0..300 {
        let module = Maker { state }.module();
        fine += usize::from(calls(&module, state).iter().all(Result::is_ok));
        for (k, pass) in ALL.iter().enumerate() {
            changed[k] += run_one(pass, &mut module.clone(), &mut PassOptions::default()).changed;
        }
    }
    assert!(fine > 100, "{fine} modules run without a fault");
    for (pass, n) in ALL.iter().zip(changed).filter(|(p, _)| !p.value_changing) {
        assert!(n > 50, "{}: {n}", pass.name);
    }
}

/// Straight code of 50,000 instructions, a long chain of stores and nested loops come through (a quadratic pass would take
/// minutes, and the test runner stops it; nothing here is timed).
#[test]
fn long_functions_come_through() {
    let mut b = Builder::new("run");
    let x = b.param(ty(DType::Float64, &[Dim::from(5i64)]));
    let mut pool = vec![x];
    let mut sum = b.float(0.5);
    for k in 0..9_000i64 {
        let (i, g) = (b.int(k % 5), b.float((k % 100) as f64));
        let v = b.extract(pool[pool.len() - 1], &[i]);
        let w = b.binary(Binary::Mul, v, g);
        sum = b.binary(Binary::Add, sum, w);
        let last = pool[pool.len() - 1];
        pool.push(b.insert(last, sum, &[i]));
    }
    let (lo, hi) = (b.int(0), b.int(3));
    let last = pool[pool.len() - 1];
    let r = b.for_loop((lo, hi, 1), &[last], |b, i, c| {
        let mut y = c[0];
        for _ in 0..500 {
            let f = b.float(2.0);
            let s = b.binary(Binary::Mul, sum, f);
            y = b.insert(y, s, &[i]);
        }
        vec![y]
    });
    let m = Module {
        name: "m".into(),
        entries: vec![Entry {
            func: b.finish(&r),
            params: vec![ParamRole::Input("x".into())],
            results: vec![ResultRole::Output("y".into())],
        }],
        ..Module::default()
    };
    let (m, reports) = run(m, &mut PassOptions::default());
    assert!(reports.iter().any(|r| r.changed > 0));
    assert!(check(m).is_ok());
}
