//! Random programs with stores, loops and branches: a tensor is never taken from a place that still needs it, and
//! stores in place never reach a value that must keep what it was.

use super::*;
use proptest::prelude::*;

struct Maker {
    state: u64,
}

impl Maker {
    fn below(&mut self, n: usize) -> usize {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.state >> 33) as usize) % n
    }
    fn of(&mut self, v: &[ValueId]) -> ValueId {
        v[self.below(v.len())]
    }
    /// Adds instructions; `tensors` are int64[3] values in scope, `ints` scalars.
    fn block(&mut self, b: &mut Builder, tensors: &mut Vec<ValueId>, ints: &mut Vec<ValueId>, depth: usize) {
        for _ in 0..1 + self.below(5) {
            let (x, y, k) = (self.of(tensors), self.of(tensors), self.of(ints));
            match self.below(if depth == 0 { 6 } else { 10 }) {
                0 | 1 => {
                    let at = self.below(3) as i64;
                    let i = b.int(at);
                    tensors.push(b.insert(x, k, &[i]));
                }
                2 => {
                    let at = self.below(3) as i64;
                    let i = b.int(at);
                    ints.push(b.extract(x, &[i]));
                }
                3 => tensors.push(b.binary(Binary::Add, x, y)),
                4 => {
                    let ty = b.ty(x).clone();
                    tensors.push(b.op1(Op::Reshape, &[x], ty));
                }
                5 => {
                    let zero = b.int(0);
                    let ty = b.ty(x).clone();
                    tensors.push(b.op1(Op::InsertSlice { steps: vec![1] }, &[x, y, zero], ty));
                }
                6 | 7 => {
                    let (lo, hi) = (b.int(0), b.int(3));
                    let out = b.for_loop((lo, hi, 1), &[x, y, k], |b, i, c| {
                        let (mut t, mut n) = (tensors.clone(), ints.clone());
                        t.extend(&c[..2]);
                        n.extend([i, c[2]]);
                        self.block(b, &mut t, &mut n, depth - 1);
                        vec![self.of(&t), self.of(&t), self.of(&n)]
                    });
                    tensors.extend(&out[..2]);
                    ints.push(out[2]);
                }
                8 => {
                    let three = b.int(3);
                    let c = b.binary(Binary::Lt, k, three);
                    let mut region = |b: &mut Builder| {
                        let (mut t, mut n) = (tensors.clone(), ints.clone());
                        self.block(b, &mut t, &mut n, depth - 1);
                        vec![self.of(&t), self.of(&n)]
                    };
                    // both branches are made by the same closure, one after the other
                    let region = std::cell::RefCell::new(&mut region);
                    let out = b.if_else(c, |b| (region.borrow_mut())(b), |b| (region.borrow_mut())(b));
                    tensors.push(out[0]);
                    ints.push(out[1]);
                }
                _ => {
                    let zero = b.int(0);
                    let out = b.while_loop(
                        &[zero, x],
                        |b, c| {
                            let (two, one) = (b.int(2), b.int(1));
                            let probe = b.insert(c[1], two, &[one]);
                            let seen = b.extract(probe, &[one]);
                            b.binary(Binary::Lt, c[0], seen)
                        },
                        |b, c| {
                            let (mut t, mut n) = (tensors.clone(), ints.clone());
                            t.push(c[1]);
                            self.block(b, &mut t, &mut n, depth - 1);
                            let one = b.int(1);
                            vec![b.binary(Binary::Add, c[0], one), self.of(&t)]
                        },
                    );
                    tensors.push(out[1]);
                    ints.push(out[0]);
                }
            }
        }
    }
}

/// The program once more, every store and every carried tensor replaced by one that shares nothing: a sum with zero.
fn unshared(func: &Func) -> Func {
    fn region(func: &mut Func, r: &mut Region, zero: ValueId) {
        let mut body = Vec::new();
        for mut inst in std::mem::take(&mut r.body) {
            inst.regions_mut().into_iter().for_each(|r| region(func, r, zero));
            if matches!(inst.op, Op::Insert | Op::InsertSlice { .. } | Op::For { .. } | Op::While { .. }) {
                for a in &mut inst.args {
                    let ty = func.ty(*a).clone();
                    if !ty.shape.is_empty() {
                        let copy = func.new_value(ty, None);
                        let args = vec![*a, zero];
                        body.push(Inst { op: Op::Binary(Binary::Add), args, results: vec![copy], span: None });
                        *a = copy;
                    }
                }
            }
            body.push(inst);
        }
        r.body = body;
    }
    let mut func = func.clone();
    let zero = func.new_value(Type::scalar(DType::Int64), None);
    let mut body = std::mem::take(&mut func.body);
    region(&mut func, &mut body, zero);
    let inst = Inst { op: Op::Const(Scalar::i64(0)), args: vec![], results: vec![zero], span: None };
    body.body.insert(0, inst);
    func.body = body;
    func
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn values_stay_what_they_were(state in any::<u64>()) {
        let mut b = Builder::new("f");
        let mut tensors = vec![b.param(ty(DType::Int64, &[3])), b.param(ty(DType::Int64, &[3]))];
        let mut ints = vec![b.param(Type::scalar(DType::Int64))];
        Maker { state }.block(&mut b, &mut tensors, &mut ints, 3);
        // everything that is still in scope is looked at in the end, or only some of it
        let results: Vec<ValueId> = tensors.iter().chain(&ints).copied().filter(|v| state >> (v.0 % 64) & 1 == 0).collect();
        let m = module(b.finish(&results));
        let copy = module(unshared(&m.entries[0].func));
        let args = [i64s(&[1, 2, 3]), i64s(&[4, 5, 6]), Tensor::scalar(Scalar::i64(1))];
        let (got, expect) = (call(&m, &args).unwrap(), call(&copy, &args).unwrap());
        prop_assert_eq!(got, expect, "{}", m);
        prop_assert_eq!(crate::hir::parse(&m.to_string()).unwrap(), m);
    }
}
