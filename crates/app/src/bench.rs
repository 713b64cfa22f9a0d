//! `proofmark bench`: the generated C and CPython on the same calls, timed one after the other on this machine.

use crate::cli::{Bench, SandboxOption};
use crate::console::Console;
use crate::design::{self, Design};
use crate::failure::Failure;
use crate::output;
use proofmark_silicon::back::callfile::{self, Call};
use proofmark_silicon::lir::Direction;
use proofmark_silicon_verify::npy;
use proofmark_silicon_verify::python::{self, Search};
use proofmark_silicon_verify::sandbox::{Sandbox, SandboxSpec};
use proofmark_silicon_verify::tool::run_command;
use proofmark_silicon_verify::verify::bundle::{INDEX, Index, IndexCall};
use proofmark_silicon_verify::verify::pipeline::Target;
use proofmark_silicon_verify::verify::target::RUN_LIMIT;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

/// Times all calls are repeated in C; the least time of each counts.
const REPEATS: usize = 20;
/// Runs of the bench under CPython; the least time of each call counts.
const RUNS: usize = 3;
/// Flags for speed. The bits are the same at every level, and stay so on this machine's instructions.
const FLAGS: [&str; 2] = ["-O3", "-march=native"];

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub fn bench(options: &Bench, console: &mut Console) -> Result<u8, Failure> {
    console.progress("opening the bundle");
    let design = design::open(&options.bundle)?;
    let broken = |what: String| Failure::usage("PM0222", format!("the bundle's vectors cannot be used: {what}"));
    let bytes = design.files.get(INDEX).ok_or_else(|| broken(format!("there is no {INDEX}")))?;
    let index: Index = serde_json::from_slice(bytes).map_err(|e| broken(e.to_string()))?;
    let calls: Vec<Vec<&IndexCall>> = index
        .sequences
        .iter()
        .map(|s| s.calls.iter().filter(|c| c.recorded.is_some() && c.fault.is_none()).collect())
        .filter(|c: &Vec<&IndexCall>| !c.is_empty())
        .collect();
    if calls.is_empty() {
        return Err(broken("it holds no recorded call that returned".into()));
    }
    console.progress("timing the generated C");
    let c = time_c(&design, &calls)?;
    console.progress("timing CPython");
    let (python, version) = time_python(&design, options)?;
    let mut table: BTreeMap<&str, (usize, f64, f64)> = BTreeMap::new();
    for (call, seconds) in calls.iter().flatten().zip(&c) {
        let Some((name, reference)) = call.recorded.and_then(|i| python.get(i)) else { continue };
        if *name != call.source_name {
            return Err(Failure::bug(format!(
                "call {:?} is `{name}` in this run, `{}` in the bundle",
                call.recorded, call.source_name
            )));
        }
        let row = table.entry(&call.source_name).or_insert((0, 0.0, 0.0));
        *row = (row.0 + 1, row.1 + reference, row.2 + seconds);
    }
    let mut text = format!("{:24} {:>6} {:>14} {:>14} {:>9}\n", "entry", "calls", "CPython, us", "C, us", "ratio");
    let mut rows = Vec::new();
    for (name, (n, p, c)) in &table {
        let (p, c) = (1e6 * p / *n as f64, 1e6 * c / *n as f64);
        let _ = writeln!(text, "{name:24} {n:>6} {p:>14.2} {c:>14.3} {:>8.1}x", p / c);
        rows.push(json!({"entry": name, "calls": n, "python_us": p, "c_us": c, "ratio": p / c}));
    }
    let flags = FLAGS.join(" ");
    let _ = writeln!(
        text,
        "\nmean per call; CPython {version}, C with {flags}, one core, best of {RUNS} and {REPEATS} runs"
    );
    console.result(&text, &json!({"bench": {"rows": rows, "python": version, "flags": flags}}));
    Ok(0)
}

/// Seconds of each call, in order.
fn time_c(design: &Design, sequences: &[Vec<&IndexCall>]) -> Result<Vec<f64>, Failure> {
    let files = design.generated(Target::C)?;
    let main = timed(&design.emitted(Target::C)?.driver, design.program.entries.len())?;
    let driver = design.build(Target::C, &files, &main, &FLAGS)?;
    let broken = |what: String| Failure::usage("PM0222", format!("the bundle's vectors cannot be used: {what}"));
    let mut once = Vec::new();
    for sequence in sequences {
        once.push(Call::Init);
        for c in sequence {
            let entry = design.program.entries.iter().position(|e| e.name == c.entry);
            let entry = entry.ok_or_else(|| broken(format!("no entry `{}`", c.entry)))?;
            let mut arrays = Vec::new();
            for p in design.program.entries[entry].ports.iter().filter(|p| p.direction != Direction::Out) {
                let path = c.inputs.get(&p.name).ok_or_else(|| broken(format!("`{}` is missing", p.name)))?;
                let bytes = design.files.get(path).ok_or_else(|| broken(format!("{path} is missing")))?;
                let a = npy::read_npy(bytes.as_slice()).map_err(|e| broken(format!("{path}: {e}")))?;
                arrays.push(callfile::Array { dtype: a.dtype, shape: a.shape, data: a.data });
            }
            once.push(callfile::call(&design.program, entry, &arrays).map_err(broken)?);
        }
    }
    let all: Vec<Call> = (0..REPEATS).flat_map(|_| once.iter().cloned()).collect();
    let scratch = output::scratch()?;
    let path = scratch.path().join("calls.bin");
    std::fs::write(&path, callfile::encode(&all)).map_err(|e| Failure::usage("PM0213", e.to_string()))?;
    let failed = |what: String| Failure::bug(format!("the timed driver failed\n{what}"));
    driver.results(&path, scratch.path(), RUN_LIMIT, &[]).map_err(|e| failed(e.to_string()))?;
    let bytes = std::fs::read(scratch.path().join("times.bin")).map_err(|e| failed(e.to_string()))?;
    let times: Vec<f64> =
        bytes.chunks_exact(8).map(|b| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]])).collect();
    let n = sequences.iter().map(Vec::len).sum::<usize>();
    if times.len() != n * REPEATS {
        return Err(failed(format!("{} times for {} calls", times.len(), n * REPEATS)));
    }
    Ok((0..n).map(|i| times.iter().skip(i).step_by(n).copied().fold(f64::INFINITY, f64::min)).collect())
}

/// The driver with a clock around each call of an entry.
fn timed(driver: &str, entries: usize) -> Result<String, Failure> {
    const CALL: &str = "    const uint64_t status = (uint64_t)";
    let mut text = String::from(
        "#define _POSIX_C_SOURCE 199309L\n#include <time.h>\n#include <stdio.h>\nstatic FILE *times;\n\
         static double now(void)\n{\n    struct timespec t;\n    clock_gettime(CLOCK_MONOTONIC, &t);\n\
         \x20   return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;\n}\n\
         static void spent(double s)\n{\n    if (times == NULL) {\n        times = fopen(\"times.bin\", \"wb\");\n    }\n\
         \x20   if (times != NULL) {\n        fwrite(&s, sizeof s, 1, times);\n    }\n}\n\n",
    );
    let mut found = 0;
    for line in driver.lines() {
        let is_call = line.starts_with(CALL);
        if is_call {
            text.push_str("    const double begin = now();\n");
            found += 1;
        }
        text.push_str(line);
        text.push('\n');
        if is_call {
            text.push_str("    spent(now() - begin);\n");
        }
    }
    if found != entries {
        return Err(Failure::bug(format!("the driver calls {found} entries, the design has {entries}")));
    }
    Ok(text)
}

/// Name and least seconds of each outermost call of the entry, in order; and CPython's version.
fn time_python(design: &Design, options: &Bench) -> Result<(Vec<(String, f64)>, String), Failure> {
    let stated = |key: &str| design.checks.options.get(key).cloned();
    let unknown = || Failure::usage("PM0222", "the bundle does not say what its bench was");
    let file = stated("file").ok_or_else(unknown)?;
    let bench = stated("bench").unwrap_or_else(|| file.clone());
    let folder = output::scratch()?;
    for i in &design.checks.inputs {
        let Some(bytes) = i.path.as_ref().and_then(|p| design.files.get(p)) else { continue };
        let path = folder.path().join(proofmark_silicon_verify::verify::names::safe_path(&i.name));
        let parent = path.parent().unwrap_or(folder.path());
        let written = std::fs::create_dir_all(parent).and_then(|()| std::fs::write(&path, bytes));
        written.map_err(|e| Failure::usage("PM0213", e.to_string()))?;
    }
    let script = folder.path().join("_proofmark_timing.py");
    std::fs::write(&script, include_str!("bench/timing.py")).map_err(|e| Failure::usage("PM0213", e.to_string()))?;
    let search = Search::from_environment(options.python.clone(), Path::new("."));
    let (python, _) = python::find(&search).map_err(|e| {
        Failure::usage("PM0210", e.to_string()).help("python3 -m venv .venv && .venv/bin/pip install 'numpy>=2' scipy")
    })?;
    let sandbox = match options.sandbox {
        SandboxOption::Bubblewrap => Sandbox::Bubblewrap,
        SandboxOption::None => Sandbox::None,
    };
    sandbox
        .check()
        .map_err(|e| Failure::usage("PM0211", e.to_string()).help("apt install bubblewrap, or use `--sandbox none`"))?;
    // /tmp is another place inside the sandbox: the project is seen at its own path, which must not be below it
    let mut read_only = python.places();
    read_only.push(folder.path().to_path_buf());
    let arguments = [script.as_os_str().to_owned(), file.into(), bench.into(), design.checks.entry.clone().into()];
    let mut best: Vec<(String, f64)> = Vec::new();
    for run in 0..RUNS {
        let command = sandbox.command(&SandboxSpec {
            program: python.executable.clone(),
            arguments: arguments.to_vec(),
            read_only: read_only.clone(),
            directory: folder.path().to_path_buf(),
            scratch: folder.path().to_path_buf(),
            scratch_bytes: 64 << 20,
        });
        let ran = run_command(command, &[], Duration::from_secs(300), 64 << 20)
            .map_err(|e| Failure::usage("PM0209", e.to_string()))?;
        let text = String::from_utf8_lossy(&ran.stdout).into_owned();
        let Some((_, times)) = text.split_once("PMTIMES") else {
            let said = String::from_utf8_lossy(&ran.stderr).trim().to_string();
            return Err(Failure::refused("PM0204", "the bench did not run to its end under CPython").note(said));
        };
        let times: Vec<(String, f64)> =
            serde_json::from_str(times.trim()).map_err(|e| Failure::bug(format!("unreadable times: {e}")))?;
        if run == 0 {
            best = times;
        } else {
            for (a, b) in best.iter_mut().zip(&times) {
                a.1 = a.1.min(b.1);
            }
        }
    }
    let numpy = python.numpy.as_deref().unwrap_or("?");
    Ok((best, format!("{} with NumPy {numpy}", python.version)))
}
