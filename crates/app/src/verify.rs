//! `proofmark verify`: is the bundle whole, who signed it, and do the tools at hand give the recorded figures again?

use crate::cli::Verify;
use crate::console::Console;
use crate::design::{self, Design};
use crate::failure::{FAILED, Failure};
use crate::{key, output};
use proofmark_base::diagnostics::{Diagnostic, SourceMap};
use proofmark_evidence::bundle as evidence;
use proofmark_evidence::check::Checks;
use proofmark_silicon::hir::Module;
use proofmark_silicon::interp::{Machine, Tensor};
use proofmark_silicon::translation::StateTree;
use proofmark_silicon_verify::npy;
use proofmark_silicon_verify::verify::blocks::Block;
use proofmark_silicon_verify::verify::bundle::{INDEX, Index, IndexCall, tensor};
use proofmark_silicon_verify::verify::compare;
use proofmark_silicon_verify::verify::pipeline::Target;
use proofmark_silicon_verify::verify::state;
use proofmark_silicon_verify::verify::target::{Driver, RUN_LIMIT, state_fields};
use proofmark_silicon_verify::verify::vectors::{Ports, after, port};
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Runs the command: 0 when everything holds, 4 when something does not.
///
/// # Errors
/// [`Failure`].
pub fn verify(options: &Verify, console: &mut Console) -> Result<u8, Failure> {
    let trusted = key::trusted(&options.key)?;
    let files = output::read(&options.bundle)?;
    let Some(bytes) = files.get(evidence::CHECKS) else {
        let message = format!("{} is not a usable bundle: it has no checks.json", options.bundle.display());
        return Err(Failure::usage("PM0222", message));
    };
    let found = evidence::verify(&files, &trusted);
    let mut text = format!("{}\n", found.summary());
    let mut problems: Vec<Diagnostic> = Vec::new();
    if !found.passed() {
        let mut d = Diagnostic::error("PM0303", "the bundle is not what was signed");
        d.notes = found.findings.iter().map(ToString::to_string).collect();
        problems.push(d);
    }
    if let Ok(checks) = Checks::from_bytes(bytes) {
        for c in &checks.claims {
            let _ = writeln!(text, "{:6} {}", c.target, c.level);
        }
    }
    let mut repeated = Vec::new();
    if problems.is_empty() && !options.no_rerun {
        console.progress("running the vectors again");
        let design = design::open(&options.bundle)?;
        again(&design, &mut text, &mut problems, &mut repeated, console)?;
    }
    let status = if problems.is_empty() { 0 } else { FAILED };
    console.report(&problems, &SourceMap::default());
    let value = json!({"verify": {"passed": status == 0, "summary": found.summary(), "trust": found.trust,
        "findings": found.findings, "repeated": repeated}});
    console.result(&text, &value);
    Ok(status)
}

/// Values of one vector.
struct Vector<'a> {
    sequence: &'a str,
    call: &'a IndexCall,
    inputs: Ports,
    golden: Ports,
}

fn again(
    design: &Design,
    text: &mut String,
    problems: &mut Vec<Diagnostic>,
    repeated: &mut Vec<serde_json::Value>,
    console: &mut Console,
) -> Result<(), Failure> {
    let broken = |what: String| Failure::usage("PM0222", format!("the bundle's vectors cannot be used: {what}"));
    let bytes = design.files.get(INDEX).ok_or_else(|| broken(format!("there is no {INDEX}")))?;
    let index: Index = serde_json::from_slice(bytes).map_err(|e| broken(e.to_string()))?;
    let read = |path: &String| -> Result<Tensor, Failure> {
        let bytes = design.files.get(path).ok_or_else(|| broken(format!("{path} is missing")))?;
        let a = npy::read_npy(bytes.as_slice()).map_err(|e| broken(format!("{path}: {e}")))?;
        tensor(&a).ok_or_else(|| broken(format!("{path} has a wrong size")))
    };
    let ports = |map: &BTreeMap<String, String>| -> Result<Ports, Failure> {
        map.iter().map(|(n, p)| Ok((n.clone(), read(p)?))).collect()
    };
    let mut vectors: Vec<Vec<Vector<'_>>> = Vec::new();
    for s in &index.sequences {
        let calls = s
            .calls
            .iter()
            .map(|c| Ok(Vector { sequence: &s.name, call: c, inputs: ports(&c.inputs)?, golden: ports(&c.golden)? }));
        vectors.push(calls.collect::<Result<_, Failure>>()?);
    }
    let count: usize = vectors.iter().map(Vec::len).sum();
    let mut tell = |what: &str, result: Result<String, String>| {
        let (passed, detail) = match &result {
            Ok(d) => (true, d.clone()),
            Err(d) => (false, d.clone()),
        };
        let _ = writeln!(text, "{}  {what}: {detail}", if passed { "ok  " } else { "FAIL" });
        repeated.push(json!({"what": what, "passed": passed, "detail": detail}));
        if let Err(d) = result {
            problems.push(Diagnostic::error("PM0304", format!("{what}: {d}")));
        }
    };
    let mut machine = Machine::new(&design.module);
    let mut golden = Ok(format!("the recorded bits on {count} calls"));
    'all: for sequence in &vectors {
        machine.init();
        for (i, v) in sequence.iter().enumerate() {
            let got = machine.call(&v.call.entry, &v.inputs).map(|r| {
                let mutated = r.mutated.into_iter().map(|(n, t)| (after(&n), t));
                let held = state::observed(&index.state, &state_values(&design.module, machine.state()));
                r.outputs.into_iter().chain(mutated).chain(held).collect::<Ports>()
            });
            if let Some(d) = differs(v, got.as_ref().map_err(|f| f.exception.clone())) {
                golden = Err(format!("{}, call {i}: {d}", v.sequence));
                break 'all;
            }
        }
    }
    tell("golden model", golden);
    if let Some(worst) = recorded_errors(&design.checks, &vectors, &read)? {
        tell("errors against Python", worst);
    }
    for target in Target::ALL {
        if !design.files.keys().any(|p| p.starts_with(&format!("{}/", target.name()))) {
            continue;
        }
        let name = target.name();
        let files = design.generated(target)?;
        if design.emitted(target).is_ok_and(|e| e.files.files == files) {
            tell(&format!("{name} code"), Ok("follows from the intermediate form in the bundle".into()));
        }
        console.progress(&format!("building {name}"));
        let run = match built(design, target)? {
            Ok(driver) => rerun(design, &driver, &index.state, &vectors),
            Err(why) => Ok(why),
        };
        tell(&format!("{name} code run"), run);
    }
    for entry in design.blocks.iter().filter(|b| b.form.is_ok()).map(|b| &b.entry) {
        again_in_blocks(design, entry, &vectors, &mut tell, console)?;
    }
    Ok(())
}

/// A target's driver, or why it cannot be built here: that is said, and speaks neither for nor against the bundle.
fn built(design: &Design, target: Target) -> Result<Result<Driver, String>, Failure> {
    match design.driver(target) {
        Ok(driver) => Ok(Ok(driver)),
        Err(f) if f.status == crate::failure::USAGE => {
            let why = f.diagnostics.first().map_or(String::new(), |d| d.message.clone());
            Ok(Err(format!("not repeated: {why}")))
        }
        Err(f) => Err(f),
    }
}

/// The block form of an entry on the same vectors, cut.
fn again_in_blocks(
    design: &Design,
    entry: &str,
    vectors: &[Vec<Vector<'_>>],
    tell: &mut impl FnMut(&str, Result<String, String>),
    console: &mut Console,
) -> Result<(), Failure> {
    let form = design.block(entry)?;
    let least = design.blocks.iter().find(|b| b.entry == *entry).map_or(0, |b| b.least);
    let name = &form.program.name;
    let block = Block::of(form.module.clone(), entry, least).map_err(|why| {
        Failure::usage("PM0222", format!("the block form `{name}` is not usable: {}", why.join("; ")))
    })?;
    // whole calls that stop say nothing of the outputs put together
    let vectors: Vec<(&str, &Ports, &Ports)> = vectors
        .iter()
        .flatten()
        .filter(|v| v.call.entry == entry && v.call.fault.is_none())
        .map(|v| (v.sequence, &v.inputs, &v.golden))
        .collect();
    let said = |n: usize| format!("the whole calls' bits in {n} blocks");
    tell(&format!("golden model of {name}"), block.again(&vectors, None).map(said));
    for target in Target::ALL {
        let Ok(files) = form.generated(target) else { continue };
        let what = format!("{} code of {name}", target.name());
        if form.emitted(target).is_ok_and(|e| e.files.files == files) {
            tell(&what, Ok("follows from the intermediate form in the bundle".into()));
        }
        console.progress(&format!("building {what}"));
        let run = match built(&form, target)? {
            Ok(driver) => block.again(&vectors, Some((&driver, output::scratch()?.path()))).map(said),
            Err(why) => Ok(why),
        };
        tell(&format!("{what} run"), run);
    }
    Ok(())
}

fn state_values(module: &Module, values: &[Tensor]) -> Vec<(String, Tensor)> {
    module.state.iter().zip(values).map(|(f, v)| (f.name.clone(), v.clone())).collect()
}

fn differs(v: &Vector<'_>, got: Result<&Ports, String>) -> Option<String> {
    match (&v.call.fault, got) {
        (Some(f), Err(e)) if *f == e => None,
        (Some(f), _) => Some(format!("it should stop with {f}")),
        (None, Err(e)) => Some(format!("it stops with {e}")),
        (None, Ok(ports)) => v.golden.iter().find_map(|(name, want)| {
            let Some(got) = port(ports, name) else { return Some(format!("`{name}` is missing")) };
            compare::first_difference(want, got).map(|i| format!("`{name}` differs at element {i}"))
        }),
    }
}

/// The largest error of each output over the recorded vectors is the one the claims state.
fn recorded_errors(
    checks: &Checks,
    vectors: &[Vec<Vector<'_>>],
    read: &impl Fn(&String) -> Result<Tensor, Failure>,
) -> Result<Option<Result<String, String>>, Failure> {
    let mut errors: BTreeMap<String, f64> = BTreeMap::new();
    for v in vectors.iter().flatten().filter(|v| v.sequence.starts_with("recorded")) {
        for (name, e) in &v.call.expected {
            let want = read(&e.file)?;
            let Some(got) = port(&v.golden, name) else { continue };
            let error = compare::errors(&want, got).map_or(f64::NAN, |e| e.max_abs);
            if error.is_nan() || error > e.tolerance.0 {
                let what = format!("{}: `{name}` is off by {error:e}, tolerance {:e}", v.sequence, e.tolerance.0);
                return Ok(Some(Err(what)));
            }
            for key in [name.clone(), format!("{}.{name}", v.call.entry)] {
                let slot = errors.entry(key).or_insert(0.0);
                *slot = slot.max(error);
            }
        }
    }
    if errors.is_empty() {
        return Ok(None);
    }
    let mut compared = 0;
    for t in &checks.tolerances {
        let Some(error) = errors.get(&t.output) else { continue };
        // Vectors left out for their size can only have made the recorded figure larger.
        if *error > t.max_abs_error.0 {
            return Ok(Some(Err(format!("`{}` is off by {error:e}, {:e} was recorded", t.output, t.max_abs_error.0))));
        }
        compared += 1;
    }
    Ok(Some(Ok(format!("{compared} recorded figure(s) hold"))))
}

fn rerun(
    design: &Design,
    driver: &proofmark_silicon_verify::verify::target::Driver,
    attributes: &[(String, StateTree)],
    vectors: &[Vec<Vector<'_>>],
) -> Result<String, String> {
    use proofmark_silicon::back::callfile::{self, Call};
    use proofmark_silicon::lir::{Direction, OK};
    let program = &design.program;
    let mut calls = Vec::new();
    let mut of = Vec::new();
    for sequence in vectors {
        calls.push(Call::Init);
        for v in sequence {
            let entry = program.entries.iter().position(|e| e.name == v.call.entry).ok_or("an entry is missing")?;
            let mut arrays = Vec::new();
            for p in program.entries[entry].ports.iter().filter(|p| p.direction != Direction::Out) {
                let t = port(&v.inputs, &p.name).ok_or_else(|| format!("`{}` is missing", p.name))?;
                arrays.push(callfile::Array { dtype: t.dtype, shape: t.shape.clone(), data: t.to_le_bytes() });
            }
            // Inputs that no length explains are refused before the code is reached.
            let Ok(call) = callfile::call(program, entry, &arrays) else { continue };
            calls.push(call);
            if v.golden.iter().any(|(n, _)| state::is_state(n)) {
                calls.push(Call::State);
            }
            of.push((entry, v));
        }
    }
    let scratch = output::scratch().map_err(|_| "no temporary folder")?;
    let path = scratch.path().join("calls.bin");
    std::fs::write(&path, callfile::encode(&calls)).map_err(|e| e.to_string())?;
    let results = driver.results(&path, scratch.path(), RUN_LIMIT, &[]).map_err(|e| e.to_string())?;
    let outcomes = callfile::decode(program, &calls, &results)?;
    for ((entry, v), o) in of.iter().zip(&outcomes) {
        let ports = program.entries[*entry].ports.iter().filter(|p| p.direction != Direction::In);
        if o.status != OK {
            if v.call.fault.is_none() {
                return Err(format!("{}: it stops with status {}", v.sequence, o.status));
            }
            continue;
        }
        if v.call.fault.is_some() {
            return Err(format!("{}: it gives a result where it should stop", v.sequence));
        }
        for (p, a) in ports.zip(&o.outputs) {
            let name = if p.direction == Direction::InOut { after(&p.name) } else { p.name.clone() };
            let (Some(want), Some(got)) = (port(&v.golden, &name), Tensor::from_le_bytes(a.dtype, &a.shape, &a.data))
            else {
                return Err(format!("{}: `{name}` has no recorded value", v.sequence));
            };
            if let Some(i) = compare::first_difference(want, &got) {
                return Err(format!("{}: `{name}` differs at element {i}", v.sequence));
            }
        }
        let held = state::observed(attributes, &state_fields(program, &o.state)?);
        for (name, want) in v.golden.iter().filter(|(n, _)| state::is_state(n)) {
            if port(&held, name).is_none_or(|got| compare::first_difference(want, got).is_some()) {
                return Err(format!("{}: `{name}` differs", v.sequence));
            }
        }
    }
    Ok(format!("the recorded bits on {} calls", outcomes.len()))
}
