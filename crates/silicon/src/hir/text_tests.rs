//! The text form and its parser: exact both ways, and no text makes the parser panic.

use super::text::{BINARY, REDUCTION, UNARY};
use super::*;
use proptest::prelude::*;

/// Makes modules of every shape the types allow, most of them nonsense to the checker.
struct Maker {
    state: u64,
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
    fn many<T>(&mut self, most: usize, mut f: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| f(self)).collect()
    }
    fn name(&mut self) -> String {
        let parts = ["x", "taps", "naïve", "\"", "\\", "\n", "\u{7}", "1", " ", "_", "//", "\u{10ffff}"];
        (0..1 + self.below(3)).map(|_| self.of(&parts)).collect()
    }
    fn dim(&mut self, depth: usize) -> Dim {
        match self.below(if depth == 0 { 3 } else { 9 }) {
            0 => Dim::from(self.below(9) as i64 - 2),
            1 => Dim::from(LengthId(self.below(3) as u32)),
            2 => Dim::from(ValueId(self.below(5) as u32)),
            3 => self.dim(depth - 1).scale(self.below(7) as i64 - 3),
            4 => self.dim(depth - 1).add(&self.dim(depth - 1)),
            5 => self.dim(depth - 1).mul(&self.dim(depth - 1)),
            6 => self.dim(depth - 1).div(1 + self.below(5) as i64),
            7 => self.dim(depth - 1).maximum(&self.dim(depth - 1)),
            _ => self.dim(depth - 1).minimum(&self.dim(depth - 1)),
        }
    }
    fn ty(&mut self) -> Type {
        let dtype = self.of(&DType::ALL);
        Type { dtype, shape: self.many(3, |m| m.dim(2)) }
    }
    fn part(&mut self, dtype: DType) -> u64 {
        let special = [0.0, -0.0, 0.1, 1e-310, 1e300, f64::INFINITY, f64::NEG_INFINITY, 123_456_789.0];
        let v = self.of(&special);
        match (dtype.real(), self.below(3)) {
            (DType::Float32, 0) => u64::from((v as f32).to_bits()),
            (DType::Float32, 1) => 0x7fc0_0000 | self.bits() & 0x803f_ffff,
            (DType::Float32, _) => self.bits() >> 32,
            (_, 0) => v.to_bits(),
            (_, 1) => 0x7ff8 << 48 | self.bits() & (1 << 63 | 0xffff),
            _ => self.bits(),
        }
    }
    fn scalar(&mut self) -> Scalar {
        let dtype = self.of(&DType::ALL);
        match dtype {
            _ if self.below(20) == 0 => Scalar { dtype, re: self.bits(), im: self.bits() },
            d if d.is_float() => Scalar { dtype, re: self.part(d), im: 0 },
            d if d.is_complex() => Scalar { dtype, re: self.part(d), im: self.part(d) },
            d => Scalar::int(d, i128::from(self.bits() as i64 >> self.of(&[0, 48, 60]))),
        }
    }
    fn op(&mut self, func: &mut Func, depth: usize) -> Op {
        let axis = self.below(4);
        match self.below(if depth == 0 { 29 } else { 32 }) {
            0..=2 => Op::Const(self.scalar()),
            3 => Op::Table(TableId(self.below(4) as u32)),
            4 => Op::Dim(self.dim(3)),
            5 => Op::Unary(self.of(UNARY).1),
            6 => Op::Binary(self.of(BINARY).1),
            7 => Op::Select,
            8 => Op::Kernel(FuncId(self.below(4) as u32)),
            9 => Op::Iota,
            10 => Op::Broadcast,
            11 => Op::Reshape,
            12 => Op::Transpose(self.many(3, |m| m.below(5))),
            13 => Op::Slice { steps: self.many(3, |m| m.bits() as i64) },
            14 => Op::InsertSlice { steps: self.many(3, |m| m.below(5) as i64 - 2) },
            15 => Op::Extract,
            16 => Op::Insert,
            17 => Op::Gather { axis },
            18 => Op::Scatter { axis },
            19 => Op::Compress,
            20 => Op::Concat { axis },
            21 => Op::Reduce { kind: self.of(REDUCTION).1, axes: self.many(3, |m| m.below(4)) },
            22 => Op::ArgReduce { max: axis > 1, axis },
            23 => Op::Scan { kind: self.of(REDUCTION).1, axis },
            24 => Op::MatMul,
            25 => {
                if axis > 1 {
                    Op::Sort
                } else {
                    Op::ArgSort
                }
            }
            26 => Op::Fir { up: self.bits() as i64, down: 1 },
            27 => Op::Sosfilt,
            28 => Op::Check(Fault { exception: self.name(), message: self.name() }),
            29 => Op::For { step: self.below(5) as i64 - 2, body: self.region(func, depth - 1) },
            30 => Op::While { cond: self.region(func, depth - 1), body: self.region(func, depth - 1) },
            _ => Op::If { then: self.region(func, depth - 1), otherwise: self.region(func, depth - 1) },
        }
    }
    fn values(&mut self, func: &mut Func, most: usize) -> Vec<ValueId> {
        self.many(most, |m| {
            let v = func.new_value(m.ty(), None);
            if m.below(3) == 0 {
                func.values[v.0 as usize].name = Some(m.name());
            }
            if m.below(9) == 0 {
                func.new_value(m.ty(), None); // a hole
            }
            v
        })
    }
    fn uses(&mut self, most: usize) -> Vec<ValueId> {
        self.many(most, |m| ValueId(m.below(30) as u32))
    }
    fn region(&mut self, func: &mut Func, depth: usize) -> Region {
        let params = self.values(func, 3);
        let body = self.many(4, |m| {
            let op = m.op(func, depth);
            Inst { op, args: m.uses(4), results: m.values(func, 2), span: None }
        });
        Region { params, body, results: self.uses(3) }
    }
    fn func(&mut self) -> Func {
        let mut func = Func { name: self.name(), ..Func::default() };
        func.body = self.region(&mut func, 2);
        for _ in 0..self.below(3) {
            let bound = |m: &mut Self| (m.below(2) == 0).then(|| m.dim(1));
            let (v, low, high) = (ValueId(self.below(9) as u32), bound(self), bound(self));
            func.bounds.insert(v, (low, high));
        }
        func
    }
    fn table(&mut self) -> Table {
        let dtype = self.of(&DType::ALL);
        let count = self.of(&[0, 1, 3, 16, 17, 40]);
        let mut data: Vec<u8> = (0..count * dtype.size()).map(|_| self.bits() as u8).collect();
        if self.below(2) == 0 {
            data.iter_mut().for_each(|b| *b &= 1);
        }
        if self.below(9) == 0 {
            data.push(1);
        }
        Table { name: self.name(), dtype, shape: vec![count], data, provenance: self.name() }
    }
    fn module(&mut self) -> Module {
        Module {
            name: self.name(),
            lengths: self.many(3, |m| Length {
                name: m.name(),
                min: m.below(100) as i64 - 5,
                max: (m.below(2) == 0).then(|| m.bits() as i64),
            }),
            tables: self.many(3, Self::table),
            kernels: self.many(2, Self::func),
            state: self.many(2, |m| StateField { name: m.name(), ty: m.ty(), init: TableId(m.below(9) as u32) }),
            entries: self.many(2, |m| Entry {
                func: m.func(),
                params: m.many(3, |m| match m.below(2) {
                    0 => ParamRole::State(m.below(5)),
                    _ => ParamRole::Input(m.name()),
                }),
                results: m.many(3, |m| match m.below(3) {
                    0 => ResultRole::State(m.below(5)),
                    1 => ResultRole::Mutated(m.name()),
                    _ => ResultRole::Output(m.name()),
                }),
            }),
            fma: self.below(2) == 0,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn modules_round_trip(state in any::<u64>()) {
        let m = Maker { state }.module();
        let text = m.to_string();
        let back = parse(&text).map_err(|e| TestCaseError::fail(format!("{e}\n{text}")))?;
        prop_assert_eq!(&back, &m, "{}", text);
        prop_assert_eq!(back.to_string(), text);
    }

    #[test]
    fn any_text_is_parsed_or_refused(text in "\\PC{0,80}|([%$\"(){}\\[\\],:=*+_.0-9a-z \n-]{0,120})") {
        let _ = parse(&text);
        let _ = parse(&format!("module \"m\" kernel func \"f\" {{ {text} }}"));
    }

    /// Modules with a few characters changed are parsed or refused, and what is parsed is checked or refused.
    #[test]
    fn damaged_modules_are_parsed_or_refused(state in any::<u64>(), damage in any::<u64>()) {
        let mut text: Vec<char> = Maker { state }.module().to_string().chars().collect();
        let mut m = Maker { state: damage };
        for _ in 0..1 + m.below(4) {
            let (at, other) = (m.below(text.len()), m.below(text.len()));
            match m.below(3) {
                0 => text[at] = text[other],
                1 => drop(text.remove(at)),
                _ => text.insert(at, m.of(&['0', '9', '%', '$', '*', ',', '(', '}', '-', '"', 'e'])),
            }
        }
        if let Ok(module) = parse(&text.into_iter().collect::<String>()) {
            let _ = check(module);
        }
    }
}

#[test]
fn the_form_is_what_the_documentation_shows() {
    let mut k = Builder::new("twice");
    let x = k.param(Type::scalar(DType::Float64));
    let s = k.binary(Binary::Add, x, x);
    let mut twice = k.finish(&[s]);
    twice.values[0].name = Some("x".into());
    let mut b = Builder::new("run");
    let ty = Type { dtype: DType::Float64, shape: vec![Dim::from(LengthId(0))] };
    let x = b.param(ty.clone());
    let r = b.op1(Op::Kernel(FuncId(0)), &[x], ty);
    let m = Module {
        name: "fm".into(),
        fma: true,
        lengths: vec![Length { name: "n".into(), min: 64, max: None }],
        tables: vec![Table {
            name: "taps".into(),
            dtype: DType::Float64,
            shape: vec![2],
            data: [0.5f64, 0.5].iter().flat_map(|x| x.to_le_bytes()).collect(),
            provenance: "firwin(2, 0.1)".into(),
        }],
        kernels: vec![twice],
        state: vec![],
        entries: vec![Entry {
            func: b.finish(&[r]),
            params: vec![ParamRole::Input("x".into())],
            results: vec![ResultRole::Output("y".into())],
        }],
    };
    let text = r#"module "fm" fma
length "n" 64 ..
table "taps" float64[2] "firwin(2, 0.1)" [0.5, 0.5]
kernel func "twice"(%0 "x": float64) {
  %1: float64 = add(%0, %0)
  yield %1
}
entry (input "x") -> (output "y") func "run"(%0: float64[$0]) {
  %1: float64[$0] = kernel[0](%0)
  yield %1
}
"#;
    assert_eq!(m.to_string(), text);
    assert_eq!(parse(text).unwrap(), m);
    assert!(check(m).is_ok());
}

#[test]
fn errors_name_the_place() {
    let at = |text: &str| parse(text).unwrap_err().to_string();
    assert_eq!(at(""), "1:1: `module` is due");
    assert_eq!(at("module \"m\"\n  kernel func \"f\" { ad(%0) }"), "2:21: there is no operation `ad`");
    assert_eq!(at("module \"m\" kernel func \"f\"(%1: int8) { }"), "1:41: %0 is missing from `f`");
    assert_eq!(at("module \"m\" length \"n\" 99999999999999999999 .."), "1:23: a number is due, or it is out of range");
    assert_eq!(at("module \"m\" kernel func \"f\" { const[int8 200] }"), "1:41: 200 is no int8");
    assert_eq!(at("module \"é\" &"), "1:12: unexpected `&`");
    let deep = format!("module \"m\" kernel func \"f\" {{ dim[{}", "div(".repeat(100_000));
    assert!(at(&deep).ends_with("nested too deeply"));
    let deep = format!("module \"m\" kernel func \"f\" {{ {}", "if(%0) then { ".repeat(100_000));
    assert!(at(&deep).ends_with("nested too deeply"));
}
