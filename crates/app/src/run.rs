//! `proofmark run`: a translated design on new data, whole or in blocks. A design without state is fed in blocks
//! through its block form.

use crate::cli::Run;
use crate::console::Console;
use crate::design::{self, Design};
use crate::failure::{FAILED, Failure};
use crate::output;
use proofmark_base::diagnostics::Diagnostic;
use proofmark_silicon::back::callfile::{self, Call};
use proofmark_silicon::hir::Dim;
use proofmark_silicon::lir::{Direction, Entry, OK, Port};
use proofmark_silicon_verify::npy::{self, Array};
use proofmark_silicon_verify::verify::target::RUN_LIMIT;
use serde_json::json;
use std::path::Path;

/// Runs the command.
///
/// # Errors
/// [`Failure`].
pub fn run(options: &Run, console: &mut Console) -> Result<u8, Failure> {
    let target = design::target(&options.target)?;
    if options.outputs.symlink_metadata().is_ok() && !options.force {
        let help = "choose another file, or replace it with `--force`";
        return Err(Failure::usage("PM0212", format!("{} exists already", options.outputs.display())).help(help));
    }
    console.progress("opening the bundle");
    let mut design = design::open(&options.bundle)?;
    let mut index = entry(&design, options.entry.as_deref())?;
    let mut least = 0;
    if options.block.is_some() && design.program.state.is_empty() {
        let whole = &design.program.entries[index].name;
        least = design.blocks.iter().find(|b| b.entry == *whole).map_or(0, |b| b.least);
        (design, index) = (design.block(whole)?, 0);
    }
    let e = &design.program.entries[index];
    let inputs = read_inputs(&options.inputs, e)?;
    let calls = match options.block {
        None => vec![Call::Init, call(&design, index, &inputs)?],
        Some(block) => blocks(&design, index, &inputs, block as usize, least)?,
    };
    console.progress("building");
    let driver = design.driver(target)?;
    console.progress("running");
    let scratch = output::scratch()?;
    let path = scratch.path().join("calls.bin");
    let failed = |what: String| Failure::new(FAILED, Diagnostic::error("PM0224", what));
    std::fs::write(&path, callfile::encode(&calls)).map_err(|e| Failure::usage("PM0213", e.to_string()))?;
    let results = driver.results(&path, scratch.path(), RUN_LIMIT, &[]).map_err(|e| failed(e.to_string()))?;
    let outcomes = callfile::decode(&design.program, &calls, &results).map_err(failed)?;
    if let Some((i, o)) = outcomes.iter().enumerate().find(|(_, o)| o.status != OK) {
        let status = design.program.statuses.iter().find(|s| s.code == o.status);
        let what = status.map_or(format!("status {}", o.status), |s| match s.exception.is_empty() {
            true => s.message.clone(),
            false => format!("{}: {}", s.exception, s.message),
        });
        let at = if options.block.is_some() { format!(" in block {i}") } else { String::new() };
        return Err(failed(format!("the design stopped{at}: {what}")));
    }
    let made: Vec<&Port> = e.ports.iter().filter(|p| p.direction != Direction::In).collect();
    let mut arrays = Vec::new();
    for (k, p) in made.iter().enumerate() {
        let parts: Vec<&callfile::Array> = outcomes.iter().map(|o| &o.outputs[k]).collect();
        arrays.push((p.name.clone(), joined(&parts)));
    }
    let bytes = npy::npz_bytes(&arrays).map_err(|e| Failure::usage("PM0213", e.to_string()))?;
    output::write_file(&options.outputs, &bytes, options.force)?;
    let text: String = arrays.iter().map(|(n, a)| format!("{n}: {} {:?}\n", a.dtype, a.shape)).collect();
    let value: Vec<_> = arrays.iter().map(|(n, a)| json!({"name": n, "dtype": a.dtype, "shape": a.shape})).collect();
    console.result(&text, &json!({"run": {"outputs": value, "calls": outcomes.len()}}));
    Ok(0)
}

fn entry(design: &Design, name: Option<&str>) -> Result<usize, Failure> {
    let names: Vec<&str> = design.program.entries.iter().map(|e| e.name.as_str()).collect();
    match name {
        Some(name) => names.iter().position(|n| *n == name).ok_or_else(|| {
            Failure::usage("PM0202", format!("the design has no entry `{name}`"))
                .help(format!("it has {}", names.join(", ")))
        }),
        None if names.len() == 1 => Ok(0),
        None => Err(Failure::usage("PM0216", "the design has several entries")
            .help(format!("name one with `--entry`: {}", names.join(", ")))),
    }
}

fn read_inputs(path: &Path, e: &Entry) -> Result<Vec<callfile::Array>, Failure> {
    let wrong = |what: String| Failure::usage("PM0220", what);
    let file = std::fs::File::open(path).map_err(|e| wrong(format!("{} cannot be read: {e}", path.display())))?;
    let arrays = npy::read_npz(std::io::BufReader::new(file)).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
    let ports: Vec<&Port> = e.ports.iter().filter(|p| p.direction != Direction::Out).collect();
    if let Some((name, _)) = arrays.iter().find(|(n, _)| !ports.iter().any(|p| p.name == *n)) {
        let known: Vec<&str> = ports.iter().map(|p| p.name.as_str()).collect();
        return Err(
            wrong(format!("`{}` has no input `{name}`", e.name)).help(format!("its inputs are {}", known.join(", ")))
        );
    }
    ports
        .into_iter()
        .map(|p| {
            let (_, a) = arrays.iter().find(|(n, _)| *n == p.name).ok_or_else(|| {
                wrong(format!("{} has no array `{}`", path.display(), p.name))
                    .help(format!("the input is {}", declared(p)))
            })?;
            if a.dtype != p.dtype || a.shape.len() != p.shape.len() {
                let found = format!("`{}` is {} with {} axes", p.name, a.dtype, a.shape.len());
                return Err(wrong(found).help(format!("the design takes {}; convert it first", declared(p))));
            }
            Ok(callfile::Array { dtype: a.dtype, shape: a.shape.clone(), data: a.data.clone() })
        })
        .collect()
}

fn declared(p: &Port) -> String {
    let dims: Vec<String> = p.shape.iter().map(Dim::to_string).collect();
    if dims.is_empty() { format!("a {} scalar", p.dtype) } else { format!("{}[{}]", p.dtype, dims.join(", ")) }
}

fn call(design: &Design, entry: usize, inputs: &[callfile::Array]) -> Result<Call, Failure> {
    callfile::call(&design.program, entry, inputs).map_err(|why| Failure::usage("PM0220", why))
}

/// The calls that feed the one-dimensional inputs in blocks; state carries over from one to the next.
fn blocks(
    design: &Design,
    index: usize,
    inputs: &[callfile::Array],
    block: usize,
    least: usize,
) -> Result<Vec<Call>, Failure> {
    let e = &design.program.entries[index];
    let none = |why: String| {
        Failure::usage("PM0221", format!("`{}` cannot be run in blocks: {why}", e.name)).help("leave out `--block`")
    };
    let [(length, _)] = e.lengths.as_slice() else {
        return Err(none(format!("it has {} named lengths, not one", e.lengths.len())));
    };
    let plain = Dim::from(*length);
    let ports: Vec<&Port> = e.ports.iter().filter(|p| p.direction != Direction::Out).collect();
    let mut n = None;
    for (p, a) in ports.iter().zip(inputs) {
        match p.shape.as_slice() {
            [d] if *d == plain => n = Some(a.shape[0]),
            dims if dims.iter().all(|d| d.as_const().is_some()) => {}
            _ => return Err(none(format!("the input `{}` is {}, which blocks do not divide", p.name, declared(p)))),
        }
    }
    for p in e.ports.iter().filter(|p| p.direction != Direction::In) {
        if p.shape.len() != 1 {
            return Err(none(format!("the output `{}` is {}, which cannot be joined", p.name, declared(p))));
        }
    }
    let n = n.ok_or_else(|| none("no input has the length of the stream".into()))?;
    if n < least {
        let what = format!("the stream has {n} samples, the design takes at least {least}");
        return Err(Failure::usage("PM0220", what));
    }
    let mut calls = vec![Call::Init];
    // an empty stream is one empty block: its outputs have types and extents too
    let starts = (0..n.max(1)).step_by(block);
    for from in starts {
        let to = (from + block).min(n);
        let cut: Vec<callfile::Array> = ports
            .iter()
            .zip(inputs)
            .map(|(p, a)| {
                if p.shape.first() != Some(&plain) {
                    return a.clone();
                }
                let size = a.dtype.size();
                callfile::Array {
                    dtype: a.dtype,
                    shape: vec![to - from],
                    data: a.data[from * size..to * size].to_vec(),
                }
            })
            .collect();
        calls.push(call(design, index, &cut)?);
    }
    Ok(calls)
}

fn joined(parts: &[&callfile::Array]) -> Array {
    let Some(first) = parts.first() else {
        return Array { dtype: proofmark_silicon::dtype::DType::Float64, shape: vec![0], data: Vec::new() };
    };
    let mut shape = first.shape.clone();
    if parts.len() > 1 {
        shape = vec![parts.iter().map(|p| p.shape.first().copied().unwrap_or(1)).sum()];
    }
    Array { dtype: first.dtype, shape, data: parts.iter().flat_map(|p| p.data.clone()).collect() }
}
