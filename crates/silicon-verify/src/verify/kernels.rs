//! Vectors for single kernels. What a program hands to a library function on its way is often of one size: the reduction
//! of huge angles, the rules for denormals and infinities are in the generated code all the same. So every kernel of
//! float arguments becomes the entry of a design of its own, made by the same lowering and back ends, and is run on
//! values of all magnitudes and on those around its own constants.

mod near_quadrant;

use super::compare::first_difference;
use super::generate::Random;
use super::golden::{self, Judged};
use super::pipeline::{Target, Vectors, emit};
use super::target::{self, Driver};
use super::vectors::{Call, Ports, Sequence};
use crate::tool::Tool;
use proofmark_evidence::check::{Check, Verdict};
use proofmark_silicon::back;
use proofmark_silicon::dtype::{DType, Scalar};
use proofmark_silicon::hir::{
    Builder, Checked, Dim, Entry, FuncId, Length, LengthId, Module, Op, ParamRole, ResultRole, Type, check,
};
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::lir::{ExprKind, Kernel, Program, StmtKind, Ty};
use proofmark_silicon::translation::{EntryInfo, ResultTree, Translation};
use std::collections::BTreeMap;
use std::path::Path;

/// Values of each kernel.
const COUNT: usize = 6000;

/// The kernels of a program as a design of their own, with vectors.
pub(super) struct Kernels {
    module: Checked<Module>,
    /// As the targets print it: its kernels are those of the program.
    pub(super) program: Program,
    t: Translation,
    sequences: Vec<Sequence>,
    judged: Vec<Judged>,
}

impl Kernels {
    /// Of a program and the module it was lowered from; `None` when it has no such kernel.
    pub(super) fn new(made: &Module, program: &Program) -> Option<Kernels> {
        let float = |d: DType| matches!(d.real(), DType::Float32 | DType::Float64) || d == DType::Bool;
        let usable = |k: &proofmark_silicon::hir::Func| {
            let params = &k.body.params;
            let lowered = program.kernels.iter().any(|l| l.name == k.name && !l.fallible);
            lowered
                && params.iter().any(|p| k.ty(*p).dtype != DType::Bool)
                && params.iter().all(|p| float(k.ty(*p).dtype))
        };
        let n = Dim::from(LengthId(0));
        let mut module = Module {
            name: made.name.clone(),
            lengths: vec![Length { name: "n".into(), min: 0, max: None }],
            tables: made.tables.clone(),
            kernels: made.kernels.clone(),
            state: Vec::new(),
            entries: Vec::new(),
            fma: made.fma,
        };
        let mut entries = Vec::new();
        for (i, k) in made.kernels.iter().enumerate().filter(|(_, k)| usable(k)) {
            let wide = |d: DType| Type { dtype: d, shape: vec![n.clone()] };
            let name = format!("vectors_of_{}", k.name);
            let mut b = Builder::new(&name);
            let args: Vec<_> = k.body.params.iter().map(|p| b.param(wide(k.ty(*p).dtype))).collect();
            let types = k.body.results.iter().map(|r| wide(k.ty(*r).dtype)).collect();
            let results = b.op(Op::Kernel(FuncId(i as u32)), &args, types);
            module.entries.push(Entry {
                params: (0..args.len()).map(|j| ParamRole::Input(format!("x{j}"))).collect(),
                results: (0..results.len()).map(|j| ResultRole::Output(format!("y{j}"))).collect(),
                func: b.finish(&results),
            });
            entries.push(EntryInfo {
                source_name: name.clone(),
                name,
                args: Vec::new(),
                draws: Vec::new(),
                result: ResultTree::Constant { value: proofmark_silicon::oracle::PyValue::None },
                covered_calls: Vec::new(),
                uncovered_calls: Vec::new(),
            });
        }
        if entries.is_empty() {
            return None;
        }
        let t = Translation {
            module: module.clone(),
            entries,
            covered_instances: Vec::new(),
            state: Vec::new(),
            unset: None,
        };
        let module = check(module).ok()?;
        let alone = proofmark_silicon::lower::lower(&module).ok()?;
        let mut made = Kernels { module, program: alone, t, sequences: Vec::new(), judged: Vec::new() };
        made.vectors();
        (!made.sequences.is_empty()).then_some(made)
    }

    /// Vectors and what the golden model makes of them; a kernel that stops on some is left out.
    fn vectors(&mut self) {
        let mut random = Random(0x0CE1_70FF);
        let mut machine = golden::machine(&self.module);
        for (i, entry) in self.module.entries.iter().enumerate() {
            let name = entry.func.name.trim_start_matches("vectors_of_");
            let mut pool = constants(&self.program, name);
            pool.dedup_by(|a, b| a.to_bits() == b.to_bits());
            let types: Vec<DType> = entry.func.body.params.iter().map(|p| entry.func.ty(*p).dtype).collect();
            let mut columns: Vec<Vec<u8>> = vec![Vec::new(); types.len()];
            for _ in 0..COUNT {
                let mut before = None;
                for (d, column) in types.iter().zip(&mut columns) {
                    let re = like(before, &pool, *d, &mut random);
                    let im = if d.is_complex() { like(Some(re), &pool, *d, &mut random) } else { 0.0 };
                    let s = match d {
                        DType::Bool => Scalar::int(*d, i128::from(random.below(2) as i64)),
                        _ => Scalar::float(*d, re, im),
                    };
                    before = Some(re);
                    column.extend(s.to_le_bytes());
                }
            }
            let each = types.iter().zip(&columns).enumerate();
            let inputs: Option<Ports> =
                each.map(|(j, (d, c))| Some((format!("x{j}"), Tensor::from_le_bytes(*d, &[COUNT], c)?))).collect();
            let Some(inputs) = inputs else { continue };
            let call = Call { entry: i, inputs, args: Vec::new(), reference: None, recorded: None };
            let sequence = Sequence {
                name: format!("kernel-{i}"),
                what: format!("kernel {name}"),
                instance: None,
                calls: vec![call],
            };
            let trail = golden::run(&mut machine, &self.t, &sequence);
            if trail.outcomes.iter().all(Result::is_ok) {
                self.sequences.push(sequence);
                self.judged.push(Judged {
                    trail,
                    expected: vec![None],
                    tolerances: vec![BTreeMap::new()],
                    stop_moves: vec![false],
                });
            }
        }
    }

    /// The vectors.
    pub(super) fn all(&self) -> Vectors<'_> {
        Vectors { t: &self.t, sequences: &self.sequences, judged: &self.judged, recorded: 0, has_reference: false }
    }

    /// The check that a target's code of the kernels gives the golden model's bits.
    pub(super) fn check(&self, target: Target, scratch: &Path) -> Check {
        let name = target.name();
        let title = "each kernel alone gives the golden model's bits on values of all magnitudes";
        let check = |v, reason: String| Check::new(&format!("{name}.kernels"), title, v, reason).target(name);
        let driver = match self.driver(target, &scratch.join(format!("{name}-kernels"))) {
            Ok(Some(driver)) => driver,
            Ok(None) => return check(Verdict::Skipped, "no compiler is installed".into()),
            Err(why) => return check(Verdict::Inconclusive, why),
        };
        let outcomes = match driver.run(&self.program, &self.t, self.sequences.iter(), scratch) {
            Ok(outcomes) => outcomes,
            Err(failure) => return check(Verdict::Fail, failure.to_string()),
        };
        let mut off = Vec::new();
        for ((s, j), got) in self.sequences.iter().zip(&self.judged).zip(&outcomes) {
            if let Some(d) = golden::outcome_difference(&j.trail.outcomes[0], &got[0]) {
                let inputs = inputs_at(s, &j.trail.outcomes[0], &got[0]);
                off.push(format!("{}{inputs}: {d}", s.what));
            }
        }
        let verdict = if off.is_empty() { Verdict::Pass } else { Verdict::Fail };
        check(verdict, off.join("\n"))
            .figure("kernels", self.sequences.len() as f64)
            .figure("values", (self.sequences.len() * COUNT) as f64)
    }

    fn driver(&self, target: Target, folder: &Path) -> Result<Option<Driver>, String> {
        let emitted = emit(target, &self.program, &self.module).map_err(|_| "the kernels cannot be printed")?;
        let files = &emitted.files.files;
        match target {
            Target::C => {
                let Some(compiler) = ["gcc", "clang"].iter().find_map(|n| Tool::find(n)) else { return Ok(None) };
                let sources = target::c::Sources::lay_out(folder.to_path_buf(), files, &emitted.driver);
                let sources = sources.map_err(|e| e.to_string())?;
                let (output, driver) = sources.build(&compiler, "kernels", &["-O2"]).map_err(|e| e.to_string())?;
                match output.success() {
                    true => Ok(Some(driver)),
                    false => Err(target::excerpt(&output.stderr, 6)),
                }
            }
            Target::Rust => {
                let Some(rustc) = Tool::find("rustc") else { return Ok(None) };
                let name = back::rust::crate_name(&self.program);
                let program = target::rust::build_driver(&rustc, files, &emitted.driver, &name, folder)?;
                Ok(Some(Driver { program, emulator: None }))
            }
        }
    }
}

/// The inputs of the first value that came out otherwise.
fn inputs_at(s: &Sequence, want: &golden::Outcome, got: &golden::Outcome) -> String {
    let (Ok(want), Ok(got)) = (want, got) else { return String::new() };
    let at = want.iter().zip(got).filter_map(|((_, a), (_, b))| first_difference(a, b)).min();
    let Some(at) = at else { return String::new() };
    let values: Vec<String> = s.calls[0].inputs.iter().map(|(_, t)| golden::element(t, at)).collect();
    format!(" of ({})", values.join(", "))
}

/// Float constants in a kernel and in those it calls.
fn constants(program: &Program, name: &str) -> Vec<f64> {
    fn collect(program: &Program, k: &Kernel, out: &mut Vec<f64>) {
        let mut note = |e: &proofmark_silicon::lir::Expr| {
            if let ExprKind::Const(bits) = e.kind {
                match e.ty {
                    Ty::F64 => out.push(f64::from_bits(bits)),
                    Ty::F32 => out.push(f64::from(f32::from_bits(bits as u32))),
                    _ => {}
                }
            }
        };
        k.body.visit_exprs(&mut note);
        k.results.iter().for_each(|r| r.visit(&mut note));
        for s in &k.body.stmts {
            s.visit(&mut |s| {
                if let StmtKind::Call { kernel, .. } = s.kind {
                    collect(program, &program.kernels[kernel], out);
                }
            });
        }
    }
    let mut out = Vec::new();
    if let Some(k) = program.kernels.iter().find(|k| k.name == name) {
        collect(program, k, &mut out);
    }
    out.retain(|c| !c.is_nan());
    out.sort_by(f64::total_cmp);
    out
}

/// A value, often one that has to do with the one before it.
fn like(before: Option<f64>, pool: &[f64], d: DType, random: &mut Random) -> f64 {
    let Some(v) = before.filter(|_| random.below(3) == 0) else { return value(pool, d, random) };
    let sign = if random.below(2) == 0 { 1.0 } else { -1.0 };
    sign * match random.below(4) {
        0 => v,
        1 => v * 2f64.powi(random.below(121) as i32 - 60),
        2 => v * (1.0 + random.normal() * 2f64.powi(-(random.below(53) as i32))),
        _ => pool.get(random.below(pool.len())).map_or(v, |c| v * c),
    }
}

/// A value of some magnitude or next to a constant.
fn value(pool: &[f64], d: DType, random: &mut Random) -> f64 {
    let single = d.real() == DType::Float32;
    let (low, high) = if single { (-149, 127) } else { (-1074, 1023) };
    let step = |v: f64, by: i64| match single {
        true => f64::from(f32::from_bits((v as f32).to_bits().wrapping_add(by as u32))),
        false => f64::from_bits(v.to_bits().wrapping_add(by as u64)),
    };
    let sign = if random.below(2) == 0 { 1.0 } else { -1.0 };
    let near = random.below(3) as i64 - 1;
    match random.below(10) {
        0 | 1 if !pool.is_empty() => {
            let c = sign * pool[random.below(pool.len())];
            step([c, c, 2.0 * c, 0.5 * c, 1.0 / c][random.below(5)], near)
        }
        0..=2 => 4.0 * random.normal(),
        3 => random.normal() * 2f64.powi(random.below(61) as i32 - 30),
        4 | 5 => {
            // in two steps: a power of two below the least normal number is none
            let e = low + random.below((high - low + 1) as usize) as i32;
            sign * (1.0 + random.unit()) * 2f64.powi(e / 2) * 2f64.powi(e - e / 2)
        }
        6 => {
            let (max, least) = match single {
                true => (f64::from(f32::MAX), f64::from(f32::MIN_POSITIVE)),
                false => (f64::MAX, f64::MIN_POSITIVE),
            };
            let all =
                [0.0, 1.0, 0.5, 2.0, f64::INFINITY, f64::NAN, max, least, step(0.0, 1), step(1.0, 1), step(1.0, -1)];
            sign * all[random.below(all.len())]
        }
        7 if random.below(2) == 0 => {
            let all: &[(u64, i32)] = if single { &near_quadrant::FLOAT32 } else { &near_quadrant::FLOAT64 };
            let (m, e) = all[random.below(all.len())];
            step(sign * m as f64 * 2f64.powi(e), if random.below(4) == 0 { near } else { 0 })
        }
        7 => {
            let most = 1 << random.below(25);
            let k = random.below(most) as f64;
            step(sign * k * std::f64::consts::FRAC_PI_4, near)
        }
        8 => (random.below(128) as f64 - 64.0) * [1.0, 0.5, 0.25][random.below(3)],
        _ => 1.0 + random.normal() * 2f64.powi(-(random.below(50) as i32)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::compare::magnitude;
    use proofmark_silicon::hir::{Binary, Func};
    use proofmark_silicon::lir::mutate::same_kernel;

    /// A design whose entry calls a kernel only where its rule for large values is not needed.
    fn design() -> (Checked<Module>, Program) {
        let scalar = Type::scalar(DType::Float64);
        let kernel = |name: &str, limit: f64| -> Func {
            let mut b = Builder::new(name);
            let x = b.param(scalar.clone());
            let (limit, two) = (b.float(limit), b.float(2.0));
            let (large, double) = (b.binary(Binary::Gt, x, limit), b.binary(Binary::Mul, x, two));
            let y = b.select(large, limit, double);
            b.finish(&[y])
        };
        let mut module = Module { name: "design".into(), ..Module::default() };
        module.kernels.extend([kernel("unused", 3.0), kernel("limited", 1e6)]);
        let mut b = Builder::new("entry");
        let x = b.param(scalar.clone());
        let y = b.op(Op::Kernel(FuncId(1)), &[x], vec![scalar]);
        module.entries.push(Entry {
            params: vec![ParamRole::Input("x".into())],
            results: vec![ResultRole::Output("y".into())],
            func: b.finish(&y),
        });
        let module = check(module).unwrap();
        let program = proofmark_silicon::lower::lower(&module).unwrap();
        (module, program)
    }

    #[test]
    fn kernels_run_alone_on_values_on_both_sides_of_their_constants() {
        let (module, program) = design();
        let kernels = Kernels::new(&module, &program).unwrap();
        let all = kernels.all();
        assert_eq!(all.sequences.len(), 1, "what the program does not call has no vectors");
        assert!(same_kernel(&program, &kernels.program, "limited"));
        let x = &all.sequences[0].calls[0].inputs[0].1;
        let values: Vec<f64> = (0..x.len()).filter_map(|i| x.get(i)).map(|s| s.real_f64()).collect();
        let next = f64::from_bits(1e6f64.to_bits() + 1);
        for wanted in [1e6, next, 0.0, f64::INFINITY, f64::MAX] {
            assert!(values.contains(&wanted), "{wanted}");
        }
        assert!(values.iter().any(|v| v.is_nan()));
        assert!((0..x.len()).filter_map(|i| x.get(i)).any(|s| magnitude(s) > 0.0 && magnitude(s) < 1e-300));
    }

    #[test]
    fn a_kernel_that_gives_other_bits_fails_its_check() {
        let (module, program) = design();
        let mut kernels = Kernels::new(&module, &program).unwrap();
        let scratch = tempfile::tempdir().unwrap();
        if Tool::find("gcc").is_none() && Tool::find("clang").is_none() {
            return;
        }
        assert_eq!(kernels.check(Target::C, scratch.path()).verdict, Verdict::Pass);
        // the golden model now has another result for one value
        if let Ok(ports) = &mut kernels.judged[0].trail.outcomes[0] {
            let mut data = ports[0].1.to_le_bytes();
            data[40] ^= 1;
            ports[0].1 = Tensor::from_le_bytes(DType::Float64, &[COUNT], &data).unwrap();
        }
        let failed = kernels.check(Target::C, scratch.path());
        assert_eq!(failed.verdict, Verdict::Fail);
        assert!(failed.reason.contains("element 5"), "{}", failed.reason);
    }
}
