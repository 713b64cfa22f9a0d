//! Each rule is broken once.

use crate::dtype::{DType, Scalar};
use crate::hir::*;

fn ty(dtype: DType, shape: &[i64]) -> Type {
    Type { dtype, shape: shape.iter().map(|d| Dim::from(*d)).collect() }
}
const F: DType = DType::Float64;
const I: DType = DType::Int64;

fn module(func: Func) -> Module {
    let params = (0..func.body.params.len()).map(|i| ParamRole::Input(format!("p{i}"))).collect();
    let results = (0..func.body.results.len()).map(|i| ResultRole::Output(format!("r{i}"))).collect();
    Module {
        name: "m".into(),
        lengths: vec![Length { name: "n".into(), min: 0, max: None }],
        entries: vec![Entry { func, params, results }],
        ..Module::default()
    }
}
fn fault() -> Fault {
    Fault { exception: "ValueError".into(), message: String::new() }
}

/// Checks a function made by `f`; its first complaint, or "" when it is accepted.
fn complaint(f: impl FnOnce(&mut Builder) -> Vec<ValueId>) -> String {
    let mut b = Builder::new("f");
    let r = f(&mut b);
    complaint_of(module(b.finish(&r)))
}
fn complaint_of(m: Module) -> String {
    check(m).err().map_or(String::new(), |e| e[0].to_string())
}
fn assert_complains(got: &str, expect: &str) {
    assert!(got.contains(expect) && !got.is_empty(), "`{got}` does not say `{expect}`");
}

#[test]
fn operations_with_wrong_operands() {
    type Case = (Op, Vec<Type>, Vec<Type>, &'static str);
    let s = Type::scalar;
    let cases: Vec<Case> = vec![
        (Op::Unary(Unary::Sqrt), vec![s(I)], vec![s(I)], "Sqrt is not defined"),
        (Op::Unary(Unary::Neg), vec![s(F)], vec![s(DType::Float32)], "Neg is not defined"),
        (Op::Unary(Unary::Bitcast), vec![s(F)], vec![s(DType::Int32)], "Bitcast is not defined"),
        (Op::Unary(Unary::Floor), vec![ty(F, &[2])], vec![ty(F, &[3])], "is due"),
        (Op::Unary(Unary::Floor), vec![s(F), s(F)], vec![s(F)], "1 operands"),
        (Op::Unary(Unary::Floor), vec![s(F)], vec![], "one result"),
        (Op::Binary(Binary::Add), vec![s(F), s(I)], vec![s(F)], "Add is not defined"),
        (Op::Binary(Binary::Add), vec![s(DType::Bool), s(DType::Bool)], vec![s(DType::Bool)], "Add is not defined"),
        (Op::Binary(Binary::AddChecked), vec![s(F), s(F)], vec![s(F)], "AddChecked is not defined"),
        (Op::Binary(Binary::Lt), vec![s(F), s(F)], vec![s(F)], "is due"),
        (Op::Binary(Binary::Mul), vec![ty(F, &[2]), ty(F, &[3])], vec![ty(F, &[3])], "do not broadcast"),
        (Op::Binary(Binary::Mul), vec![ty(F, &[2, 1]), ty(F, &[3])], vec![ty(F, &[3])], "is due"),
        (Op::Select, vec![s(I), s(F), s(F)], vec![s(F)], "not bool"),
        (Op::Select, vec![s(DType::Bool), s(F), s(I)], vec![s(F)], "differ in type"),
        (Op::Kernel(FuncId(0)), vec![s(F)], vec![s(F)], "no such kernel"),
        (Op::Table(TableId(0)), vec![], vec![s(F)], "no such table"),
        (Op::Iota, vec![], vec![ty(F, &[3])], "not an int64 vector"),
        (Op::Broadcast, vec![ty(F, &[2])], vec![ty(F, &[4])], "does not broadcast"),
        (Op::Reshape, vec![ty(F, &[2, 3])], vec![ty(F, &[5])], "does not reshape"),
        (Op::Transpose(vec![0, 0]), vec![ty(F, &[2, 3])], vec![ty(F, &[2, 3])], "permutation"),
        (Op::Slice { steps: vec![1] }, vec![ty(F, &[2]), s(F)], vec![ty(F, &[1])], "not an int64 scalar"),
        (Op::Slice { steps: vec![0] }, vec![ty(F, &[2]), s(I)], vec![ty(F, &[1])], "a step of 0"),
        (Op::Slice { steps: vec![] }, vec![ty(F, &[2]), s(I)], vec![ty(F, &[1])], "one start, step"),
        (Op::InsertSlice { steps: vec![1] }, vec![ty(F, &[2]), ty(I, &[1]), s(I)], vec![ty(F, &[2])], "differ in type"),
        (Op::Extract, vec![ty(F, &[2]), s(I), s(I)], vec![s(F)], "2 indices for 1 axes"),
        (Op::Insert, vec![ty(F, &[2]), s(I), s(I)], vec![ty(F, &[2])], "not an element"),
        (Op::Gather { axis: 1 }, vec![ty(F, &[2]), ty(I, &[3])], vec![ty(F, &[3])], "no axis 1"),
        (Op::Gather { axis: 0 }, vec![ty(F, &[2]), ty(F, &[3])], vec![ty(F, &[3])], "not int64"),
        (Op::Scatter { axis: 0 }, vec![ty(F, &[2]), ty(I, &[3]), ty(F, &[4])], vec![ty(F, &[2])], "is due"),
        (Op::Compress, vec![ty(I, &[2])], vec![s(I), ty(I, &[2])], "mask"),
        (Op::Concat { axis: 0 }, vec![ty(F, &[2]), ty(F, &[3])], vec![ty(F, &[6])], "is due"),
        (Op::Concat { axis: 0 }, vec![ty(F, &[2, 2]), ty(F, &[3, 1])], vec![ty(F, &[5, 2])], "differ in extents"),
        (Op::Reduce { kind: Reduction::Sum, axes: vec![] }, vec![ty(F, &[2])], vec![ty(F, &[2])], "not sorted"),
        (Op::Reduce { kind: Reduction::Any, axes: vec![0] }, vec![ty(F, &[2])], vec![s(F)], "Any is not defined"),
        (Op::ArgReduce { max: true, axis: 0 }, vec![ty(F, &[2])], vec![s(F)], "is due"),
        (Op::Scan { kind: Reduction::Max, axis: 0 }, vec![ty(F, &[2])], vec![ty(F, &[2])], "scan by Max"),
        (Op::MatMul, vec![ty(F, &[2, 3]), ty(F, &[2, 3])], vec![ty(F, &[2, 3])], "times"),
        (Op::Sort, vec![s(F)], vec![s(F)], "sort of a scalar"),
        (Op::Fir { up: 0, down: 1 }, vec![ty(F, &[2]), ty(F, &[2]), s(I)], vec![ty(F, &[2])], "not positive"),
        (Op::Fir { up: 1, down: 1 }, vec![ty(F, &[2]), ty(I, &[2]), s(I)], vec![ty(F, &[2])], "FIR of"),
        (Op::Sosfilt, vec![ty(F, &[1, 5]), ty(F, &[9]), ty(F, &[1, 2])], vec![ty(F, &[9]), ty(F, &[1, 2])], "biquads"),
        (Op::Check(fault()), vec![s(I)], vec![], "not a bool scalar"),
        (Op::Dim(Dim::from(LengthId(7))), vec![], vec![s(I)], "length that is not there"),
        (Op::Const(Scalar { dtype: DType::Int8, re: 200, im: 0 }), vec![], vec![s(DType::Int8)], "bits"),
        (Op::Const(Scalar::i64(1)), vec![], vec![s(F)], "is due"),
    ];
    for (op, args, types, expect) in cases {
        let name = format!("{op:?}");
        let got = complaint(|b| {
            let args: Vec<ValueId> = args.into_iter().map(|t| b.param(t)).collect();
            b.op(op, &args, types);
            vec![]
        });
        assert!(got.contains(expect) && !got.is_empty(), "{name}: `{got}` does not say `{expect}`");
    }
}

#[test]
fn constants_are_followed_into_indices_and_extents() {
    let at = |i: i64| {
        complaint(|b| {
            let x = b.param(ty(F, &[3]));
            let i = b.int(i);
            vec![b.extract(x, &[i])]
        })
    };
    assert_eq!(at(2), "");
    assert_complains(&at(3), "outside an axis of 3");
    assert_complains(&at(-1), "outside");
    let slice = |from: i64, step: i64, count: i64| {
        complaint(|b| {
            let x = b.param(ty(F, &[6]));
            let i = b.int(from);
            vec![b.slice(x, &[i], &[step], vec![Dim::from(count)])]
        })
    };
    assert_eq!(slice(5, -2, 3), "");
    assert_eq!(slice(1, 2, 3), "");
    assert_eq!(slice(9, 1, 0), "");
    assert_complains(&slice(5, -2, 4), "leaves an axis");
    assert_complains(&slice(2, 2, 3), "leaves an axis");
}

#[test]
fn extents_are_compared_symbolically() {
    let n = Dim::from(LengthId(0));
    let add = |a: Dim, b: Dim| {
        complaint(|f| {
            let x = f.param(Type { dtype: F, shape: vec![a] });
            let y = f.param(Type { dtype: F, shape: vec![b] });
            vec![f.binary(Binary::Add, x, y)]
        })
    };
    assert_eq!(add(n.clone(), n.scale(2).sub(&n)), "");
    assert_complains(&add(n.clone(), n.offset(1)), "do not broadcast");
    assert_complains(&add(n.clone(), n.div(2)), "do not broadcast");
    // a run-time extent may equal anything but itself plus one
    let dynamic = |k: i64| {
        complaint(|f| {
            let c = f.param(Type::scalar(I));
            let x = f.param(Type { dtype: F, shape: vec![Dim::from(c)] });
            let y = f.param(Type { dtype: F, shape: vec![Dim::from(c).offset(k)] });
            f.param(Type { dtype: F, shape: vec![Dim::from(c).sub(&Dim::from(c))] });
            vec![f.binary(Binary::Add, x, y)]
        })
    };
    assert_eq!(dynamic(0), "");
    assert_complains(&dynamic(1), "do not broadcast");
    assert_complains(&add(n.offset(1 << 40), n), "malformed");
}

#[test]
fn scopes() {
    let inner = complaint(|b| {
        let c = b.param(Type::scalar(DType::Bool));
        let mut leaked = None;
        b.if_else(
            c,
            |b| {
                leaked = Some(b.int(1));
                vec![]
            },
            |_| vec![],
        );
        vec![leaked.unwrap()]
    });
    assert_complains(&inner, "used where it is not defined");
    let mut b = Builder::new("f");
    let v = b.int(1);
    let w = b.binary(Binary::Add, v, v);
    let mut f = b.finish(&[w]);
    f.body.body.swap(0, 1);
    assert_complains(&complaint_of(module(f.clone())), "used where it is not defined");
    f.body.body.swap(0, 1);
    f.body.body.push(f.body.body[0].clone());
    assert_complains(&complaint_of(module(f.clone())), "defined twice");
    f.body.body[2].results[0] = ValueId(99);
    assert_complains(&complaint_of(module(f)), "not a value");
    let late = complaint(|b| {
        let x = b.param(Type { dtype: F, shape: vec![Dim::from(ValueId(1))] });
        b.int(1);
        vec![x]
    });
    assert_complains(&late, "depends on %1");
    let float = complaint(|b| {
        let c = b.param(Type::scalar(F));
        vec![b.op1(Op::Dim(Dim::from(c)), &[], Type::scalar(I))]
    });
    assert_complains(&float, "depends on %0");
    assert_complains(&complaint(|b| vec![b.param(ty(F, &[-1]))]), "negative extent");
}

#[test]
fn regions() {
    let looped = |step: i64, carried: DType, yields: DType| {
        complaint(|b| {
            let (lo, hi) = (b.int(0), b.int(3));
            let x = b.param(Type::scalar(carried));
            let y = b.param(Type::scalar(yields));
            b.for_loop((lo, hi, step), &[x], |_, _, _| vec![y])
        })
    };
    assert_eq!(looped(1, F, F), "");
    assert_complains(&looped(0, F, F), "step of 0");
    assert_complains(&looped(1, F, I), "yielded values");
    let count = complaint(|b| {
        let (lo, hi) = (b.int(0), b.int(3));
        b.for_loop((lo, hi, 1), &[lo], |_, _, _| vec![])
    });
    assert_complains(&count, "1 yielded values are due");
    let cond = complaint(|b| {
        let x = b.int(0);
        b.while_loop(&[x], |_, c| c[0], |_, c| c.to_vec())
    });
    assert_complains(&cond, "at 1.cond: the condition is not a bool scalar");
    let branch = complaint(|b| {
        let c = b.param(Type::scalar(DType::Bool));
        let (x, y) = (b.int(0), b.float(0.0));
        b.if_else(c, |_| vec![x], |_| vec![y])
    });
    assert_complains(&branch, "at 2.else: yielded values");
    let test = complaint(|b| {
        let c = b.int(0);
        b.if_else(c, |_| vec![], |_| vec![])
    });
    assert_complains(&test, "not a bool scalar");
    // an extent that is carried along with the vector that has it
    let carried = |dtype: DType| {
        complaint(|b| {
            let c = b.param(Type::scalar(I));
            let x = b.param(Type { dtype, shape: vec![Dim::from(c)] });
            let (lo, hi, zero) = (b.int(0), b.int(3), b.float(0.0));
            b.for_loop((lo, hi, 1), &[c, x], |b, _, v| {
                let one = b.int(1);
                let more = b.binary(Binary::Add, v[0], one);
                vec![more, b.op1(Op::Broadcast, &[zero], Type { dtype: F, shape: vec![Dim::from(more)] })]
            })
        })
    };
    assert_eq!(carried(F), "");
    assert_complains(&carried(I), "yielded values");
}

#[test]
fn modules() {
    let base = || {
        let mut b = Builder::new("f");
        let x = b.param(ty(F, &[2]));
        let mut k = Builder::new("k");
        let p = k.param(Type::scalar(F));
        let mut m = module(b.finish(&[x]));
        m.kernels.push(k.finish(&[p]));
        m.tables.push(Table {
            name: "t".into(),
            dtype: F,
            shape: vec![2],
            data: vec![0; 16],
            provenance: String::new(),
        });
        m.state.push(StateField { name: "s".into(), ty: ty(F, &[2]), init: TableId(0) });
        m
    };
    assert_eq!(complaint_of(base()), "");
    type Spoil = fn(&mut Module);
    let cases: Vec<(Spoil, &str)> = vec![
        (|m| m.name = "a b".into(), "module name"),
        (|m| m.kernels[0].name = "f".into(), "two functions are named `f`"),
        (|m| m.lengths[0].name = String::new(), "length name"),
        (|m| m.lengths[0].max = Some(-1), "no valid range"),
        (|m| m.tables[0].data.truncate(15), "has 15 bytes"),
        (|m| m.tables[0].shape = vec![usize::MAX, 3], "bytes"),
        (|m| m.state[0].init = TableId(4), "starts from no table"),
        (|m| m.state[0].ty = ty(F, &[3]), "not of the type of its initial value"),
        (|m| m.kernels[0].values[0].ty = ty(F, &[3]), "scalars only"),
        (|m| m.entries[0].params.clear(), "do not agree in number"),
        (|m| m.entries[0].params[0] = ParamRole::State(3), "no state field 3"),
        (|m| m.entries[0].params[0] = ParamRole::Input("1x".into()), "input `1x`"),
        (|m| m.entries[0].results[0] = ResultRole::Mutated("q".into()), "is no input"),
        (|m| m.entries[0].results[0] = ResultRole::Output("q-".into()), "output `q-`"),
        (
            |m| {
                m.state[0].ty = ty(I, &[2]);
                m.tables[0].dtype = I;
                m.entries[0].results[0] = ResultRole::State(0);
            },
            "another type",
        ),
        (
            |m| {
                m.entries[0].func.bounds.insert(ValueId(0), (None, None));
            },
            "bound of %0",
        ),
        (
            |m| {
                let r = m.entries[0].func.body.results[0];
                m.entries[0].func.body.results.push(r);
                m.entries[0].results.push(ResultRole::Output("r0".into()));
            },
            "two outputs are named",
        ),
        (
            |m| {
                m.kernels[0].body.body.push(Inst {
                    op: Op::Kernel(FuncId(0)),
                    args: vec![ValueId(0)],
                    results: vec![ValueId(0)],
                    span: None,
                });
            },
            "k at 0",
        ),
    ];
    for (spoil, expect) in cases {
        let mut m = base();
        spoil(&mut m);
        assert_complains(&complaint_of(m), expect);
    }
    // a kernel may call only kernels before it
    let mut m = base();
    let k = &mut m.kernels[0];
    let v = k.new_value(Type::scalar(F), None);
    let inst = Inst { op: Op::Kernel(FuncId(0)), args: vec![ValueId(0)], results: vec![v], span: None };
    k.body.body.push(inst);
    assert_complains(&complaint_of(m), "no such kernel before this function");
}
