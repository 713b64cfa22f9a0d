//! Compiling and running what the back ends emit.

use proofmark_silicon::back::callfile::{self, Array, Call, Outcome};
use proofmark_silicon::back::{Backend, c::C, harness, rust};
use proofmark_silicon::hir::{Checked, Module};
use proofmark_silicon::interp::{Machine, Tensor};
use proofmark_silicon::lir::{Direction, Program, Status};
use std::path::Path;
use std::process::Command;

/// One call: entry and inputs.
pub type Step = (usize, Vec<Array>);

fn run(what: &mut Command) {
    let out = what.output().expect("the tool starts");
    assert!(
        out.status.success(),
        "{what:?}\n{}\n{}",
        String::from_utf8_lossy(&out.stdout),
        String::from_utf8_lossy(&out.stderr)
    );
}

fn write(dir: &Path, files: &proofmark_silicon::back::EmittedFiles) {
    for (name, text) in &files.files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        assert_eq!(files.lines[name].len(), text.lines().count(), "{name}: one origin a line");
    }
}

const STRICT: &[&str] =
    &["-std=c99", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wpedantic", "-Werror", "-fno-common"];

/// Compiles the C with that compiler and flags and runs the calls.
pub fn run_c(program: &Program, calls: &[Call], compiler: &str, flags: &[&str]) -> Vec<Outcome> {
    let mut dir = tempfile::tempdir().unwrap();
    dir.disable_cleanup(std::env::var_os("KEEP").is_some());
    let files = C.emit(program);
    write(dir.path(), &files);
    let source = files.files.keys().find(|f| f.ends_with(".c")).unwrap().clone();
    let at = |f: &str| dir.path().join(f);
    run(Command::new(compiler).args(STRICT).args(flags).arg("-c").arg(at(&source)).arg("-o").arg(at("code.o")));
    std::fs::write(at("main.c"), harness::c_harness(program)).unwrap();
    let mut link = Command::new(compiler);
    link.arg("-std=c11").args(flags).arg("-I").arg(dir.path()).arg(at("main.c")).arg(at("code.o"));
    run(link.arg("-o").arg(at("main")).arg("-lm"));
    std::fs::write(at("calls.bin"), callfile::encode(calls)).unwrap();
    run(Command::new(at("main")).arg(at("calls.bin")).arg(at("results.bin")));
    callfile::decode(program, calls, &std::fs::read(at("results.bin")).unwrap()).unwrap()
}

/// NaNs all look alike: which one an operation gives is not defined by IEEE 754.
fn canonical(a: &Array) -> Vec<u8> {
    use proofmark_silicon::dtype::{DType, Scalar};
    let part = a.dtype.real();
    if !part.is_float() {
        return a.data.clone();
    }
    let mut out = Vec::new();
    for c in a.data.chunks_exact(part.size()) {
        let v = Scalar::from_le_bytes(part, c);
        if v.real_f64().is_nan() {
            out.extend(Scalar::float(part, f64::NAN, 0.0).to_le_bytes());
        } else {
            out.extend_from_slice(c);
        }
    }
    assert!(part == DType::Float32 || part == DType::Float64);
    out
}

/// What the interpreter gives for the same calls, in the shape of the results file.
pub fn interpret(module: &Checked<Module>, program: &Program, steps: &[Step]) -> Vec<Outcome> {
    let mut machine = Machine::new(module);
    let mut out = Vec::new();
    for (entry, inputs) in steps {
        let e = &program.entries[*entry];
        let ports: Vec<_> = e.ports.iter().filter(|p| p.direction != Direction::Out).collect();
        let named: Vec<(String, Tensor)> = ports
            .iter()
            .zip(inputs)
            .map(|(p, a)| (p.name.clone(), Tensor::from_le_bytes(a.dtype, &a.shape, &a.data).unwrap()))
            .collect();
        match machine.call(&e.name, &named) {
            Ok(r) => {
                let mut outputs = Vec::new();
                for p in e.ports.iter().filter(|p| p.direction != Direction::In) {
                    let t = r.outputs.iter().chain(&r.mutated).find(|(n, _)| *n == p.name);
                    let t = &t.unwrap_or_else(|| panic!("no output {}", p.name)).1;
                    outputs.push(Array { dtype: t.dtype, shape: t.shape.clone(), data: t.to_le_bytes() });
                }
                out.push(Outcome { status: 0, outputs, state: Vec::new() });
            }
            Err(f) => {
                let same = |s: &&Status| s.exception == f.exception && (s.message == f.message || s.code == 2);
                let s = program.statuses.iter().find(same).unwrap_or_else(|| panic!("no status for {f:?}"));
                out.push(Outcome { status: s.code, outputs: Vec::new(), state: Vec::new() });
                machine.init();
            }
        }
    }
    out
}

/// The calls of a run; the state starts anew after every call that fails.
pub fn calls(program: &Program, steps: &[Step], expected: &[Outcome]) -> Vec<Call> {
    let mut out = vec![Call::Init];
    for ((entry, inputs), outcome) in steps.iter().zip(expected) {
        out.push(callfile::call(program, *entry, inputs).unwrap());
        if outcome.status != 0 {
            out.push(Call::Init);
        }
    }
    out
}

/// Compares outcomes bit for bit.
pub fn same(expected: &[Outcome], got: &[Outcome], what: &str) {
    assert_eq!(expected.len(), got.len(), "{what}");
    for (i, (e, g)) in expected.iter().zip(got).enumerate() {
        assert_eq!(e.status, g.status, "{what}: status of call {i}");
        for (k, (a, b)) in e.outputs.iter().zip(&g.outputs).enumerate() {
            assert_eq!(a.shape, b.shape, "{what}: shape of output {k} of call {i}");
            let (x, y) = (canonical(a), canonical(b));
            let size = a.dtype.size();
            if let Some(at) = x.chunks(size).zip(y.chunks(size)).position(|(x, y)| x != y) {
                let show = |v: &[u8]| {
                    let s = proofmark_silicon::dtype::Scalar::from_le_bytes(a.dtype, &v[at * size..]);
                    s.as_int().map_or_else(|| format!("{:?} {:?}", s.real_f64(), s.imag_f64()), |i| i.to_string())
                };
                panic!("{what}: output {k} of call {i} at {at}: {} is due, not {}", show(&x), show(&y));
            }
        }
    }
}

/// Compiles the crate with rustc and runs the calls.
pub fn run_rust(program: &Program, calls: &[Call], flags: &[&str]) -> Vec<Outcome> {
    let mut dir = tempfile::tempdir().unwrap();
    dir.disable_cleanup(std::env::var_os("KEEP").is_some());
    write(dir.path(), &rust::Rust.emit(program));
    let name = rust::crate_name(program);
    let at = |f: &str| dir.path().join(f);
    let rustc = || {
        let mut c = Command::new("rustc");
        c.args(["--edition", "2024", "-D", "warnings"]).args(flags).current_dir(dir.path());
        c
    };
    run(rustc().args(["--crate-type", "rlib", "--crate-name", &name, "src/lib.rs"]));
    std::fs::write(at("main.rs"), harness::rust_harness(program)).unwrap();
    run(rustc().args(["main.rs", "--extern", &format!("{name}=lib{name}.rlib")]));
    std::fs::write(at("calls.bin"), callfile::encode(calls)).unwrap();
    run(Command::new(at("main")).arg(at("calls.bin")).arg(at("results.bin")));
    callfile::decode(program, calls, &std::fs::read(at("results.bin")).unwrap()).unwrap()
}

/// Runs clippy on the crate, with and without `std`.
pub fn clippy(program: &Program) {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), &rust::Rust.emit(program));
    for features in [&[][..], &["--no-default-features"]] {
        let mut c = Command::new("cargo");
        c.args(["clippy", "--offline", "--quiet"]).args(features).args(["--", "-D", "warnings"]);
        // the outer build's settings are not this crate's
        run(c
            .current_dir(dir.path())
            .env_remove("CARGO_TARGET_DIR")
            .env_remove("RUSTFLAGS")
            .env_remove("CLIPPY_CONF_DIR"));
    }
}

/// Compiles a program with mutants once, and gives what each mutant makes of the calls: `None` when it crashes.
/// Then what the driver says of each when it tries them all in one run: whether it ended, and a digit per sequence.
#[allow(clippy::type_complexity)]
pub fn run_mutants(program: &Program, calls: &[Call], ids: &[u32]) -> (Vec<Option<Vec<Outcome>>>, Vec<(bool, String)>) {
    let dir = tempfile::tempdir().unwrap();
    let files = C.emit(program);
    write(dir.path(), &files);
    let source = files.files.keys().find(|f| f.ends_with(".c")).unwrap();
    let at = |f: &str| dir.path().join(f);
    std::fs::write(at("main.c"), harness::c_harness(program)).unwrap();
    let mut cc = Command::new("gcc");
    cc.args(["-std=c11", "-O1", "-w"]).arg(at("main.c")).arg(at(source)).arg("-o").arg(at("main")).arg("-lm");
    run(&mut cc);
    std::fs::write(at("calls.bin"), callfile::encode(calls)).unwrap();
    let alone = ids
        .iter()
        .map(|id| {
            let mut c = Command::new(at("main"));
            let out = c.arg(at("calls.bin")).arg(at("results.bin")).arg(id.to_string()).output().unwrap();
            let bytes = std::fs::read(at("results.bin")).ok().filter(|_| out.status.success())?;
            callfile::decode(program, calls, &bytes).ok()
        })
        .collect();
    let mut c = Command::new(at("main"));
    c.arg(at("calls.bin")).arg(at("results.bin")).args(["0", "all", "2"]).args(ids.iter().map(u32::to_string));
    let out = c.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let together = text.lines().zip(ids).map(|(line, id)| {
        let (front, said) = line.split_once(':').unwrap();
        let (number, ended) = front.trim().split_once(' ').unwrap();
        assert_eq!(number, id.to_string());
        (ended == "1", said.split(' ').next().unwrap().to_string())
    });
    let together: Vec<_> = together.collect();
    assert_eq!(together.len(), ids.len());
    (alone, together)
}

/// Whether outcomes are equal bit for bit.
pub fn equal(a: &[Outcome], b: &[Outcome]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(x, y)| {
            x.status == y.status
                && x.outputs.iter().zip(&y.outputs).all(|(p, q)| p.shape == q.shape && canonical(p) == canonical(q))
        })
}
