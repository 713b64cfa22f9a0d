//! `manifest.json`: what a caller of the generated code, or a tool, must know of it, in both languages.

use super::names::{Names, clean, entry_name};
use super::{c, rust};
use crate::hir::{Dim, LengthId};
use crate::lir::{ApiParam, Body, BufKind, Direction, Entry, Out, Port, Program};
use serde_json::{Value, json};

/// Version of the file's layout.
pub const VERSION: u32 = 2;

/// What an entry of whole arrays has for blocks of a stream.
#[derive(Clone, Copy, Debug)]
pub struct BlockForm<'a> {
    /// Name of the entry.
    pub entry: &'a str,
    /// The block form, or why there is none.
    pub form: Result<BlockDesign<'a>, &'a [String]>,
}

/// A block form in its bundle.
#[derive(Clone, Copy, Debug)]
pub struct BlockDesign<'a> {
    /// Its program.
    pub program: &'a Program,
    /// Samples from which on it does what the whole call does.
    pub least_samples: i64,
    /// Path of its module.
    pub hir: &'a str,
    /// Folder by target.
    pub folders: &'a [(String, String)],
}

/// What a program takes of a device's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sizes {
    /// Bytes of the state that the caller keeps.
    pub state: usize,
    /// Bytes of constants.
    pub rom: usize,
    /// Bytes of stack of the entry that needs most, estimated from above.
    pub stack: usize,
}

/// The sizes of a program.
pub fn sizes(program: &Program) -> Sizes {
    Sizes {
        state: program.state.iter().map(|f| f.reals().max(1) * f.dtype.real().size()).sum(),
        rom: c::used_tables(program).into_iter().map(|t| program.tables[t].data.len()).sum(),
        stack: program.entries.iter().map(|e| stack(&e.body)).max().unwrap_or(0),
    }
}

/// The manifest of a program and the block forms of its entries: pretty-printed JSON that ends with a newline.
pub fn manifest(program: &Program, blocks: &[BlockForm<'_>]) -> String {
    let mut value = design(program);
    value["version"] = json!(VERSION);
    let entries = value["entries"].as_array_mut().into_iter().flatten();
    for (e, entry) in program.entries.iter().zip(entries) {
        // a design with state takes blocks by itself
        entry["block"] = match blocks.iter().find(|b| b.entry == e.name).map(|b| b.form) {
            None => Value::Null,
            Some(Err(reasons)) => json!({ "form": null, "reasons": reasons }),
            Some(Ok(block)) => {
                let mut form = design(block.program);
                form["least_samples"] = json!(block.least_samples);
                form["hir"] = json!(block.hir);
                let folders = block.folders.iter().map(|(target, folder)| (target.clone(), json!(folder)));
                form["folders"] = Value::Object(folders.collect());
                json!({ "form": form, "reasons": [] })
            }
        };
    }
    let mut text = serde_json::to_string_pretty(&value).unwrap_or_default();
    text.push('\n');
    text
}

fn design(program: &Program) -> Value {
    let Sizes { state, rom, .. } = sizes(program);
    json!({
        "name": program.name,
        "state": {
            "bytes": state,
            "fields": program.state.iter().map(|f| json!({
                "name": f.name, "dtype": f.dtype.name(), "shape": f.shape,
            })).collect::<Vec<_>>(),
        },
        "rom_bytes": rom,
        "fused_multiply_add": program.fma,
        "statuses": program.statuses.iter().map(|s| json!({
            "code": s.code,
            "name": s.name,
            "exception": if s.exception.is_empty() { Value::Null } else { Value::from(s.exception.clone()) },
            "message": s.message,
        })).collect::<Vec<_>>(),
        "entries": program.entries.iter().map(|e| entry(program, e)).collect::<Vec<_>>(),
        "c": {
            "header": format!("{}.h", clean(&program.name)),
            "source": format!("{}.c", clean(&program.name)),
            "init": if program.state.is_empty() { Value::Null } else { json!(format!("{}_init", clean(&program.name))) },
        },
        "rust": {
            "crate": rust::crate_name(program),
            "state": if program.state.is_empty() { Value::Null } else { json!(rust::state_type(program)) },
        },
    })
}

fn entry(program: &Program, e: &Entry) -> Value {
    let names = Names::entry(program, e);
    let leaf = |l: LengthId| names.length(e, l);
    let text = |d: &Dim| d.as_const().map_or_else(|| json!(c::dim(d, &leaf)), |k| json!(k));
    let work = c::work_bytes(&e.body);
    json!({
        "name": e.name,
        "lengths": e.lengths.iter().enumerate().map(|(i, (id, _))| {
            let (min, max) = program.limits(*id);
            json!({ "name": names.lengths[i], "min": min, "max": max })
        }).collect::<Vec<_>>(),
        "ports": e.ports.iter().enumerate().map(|(i, p)| port(e, &names, i, p, &text)).collect::<Vec<_>>(),
        "workspace_bytes": work.as_ref().map_or(json!(0), text),
        "stack_bytes": stack(&e.body),
        "c": {
            "function": entry_name(program, &e.name),
            "workspace_size": work.map(|_| format!("{}_work_size", entry_name(program, &e.name))),
            "parameters": c_parameters(program, e, &names),
        },
        "rust": {
            "function": clean(&e.name),
            "method": !program.state.is_empty(),
            "parameters": rust::parameters(e, &names).into_iter()
                .map(|(name, ty)| json!({ "name": name, "type": ty })).collect::<Vec<_>>(),
            "workspaces": rust::workspaces(&e.body).iter().map(|(ty, d)| json!({
                "parameter": format!("work_{}", rust::rust_name(*ty)),
                "length": text(d),
                "length_function": rust::work_function(e, *ty),
            })).collect::<Vec<_>>(),
            "returns": rust::returned(e, &names).into_iter()
                .map(|(name, ty)| json!({ "name": name, "type": ty })).collect::<Vec<_>>(),
        },
    })
}

fn port(e: &Entry, names: &Names, i: usize, p: &Port, text: &dyn Fn(&Dim) -> Value) -> Value {
    let shape: Vec<Value> = p
        .shape
        .iter()
        .enumerate()
        .map(|(axis, d)| {
            let out = e.outs.iter().position(|o| *o == Out::Length(i, axis));
            json!({ "extent": text(d), "upper_bound_only": out.is_some(), "given_by": out.map(|k| names.outs[k].clone()) })
        })
        .collect();
    json!({
        "name": names.ports[i],
        "source_name": p.name,
        "direction": match p.direction {
            Direction::In => "in",
            Direction::Out => "out",
            Direction::InOut => "inout",
        },
        "dtype": p.dtype.name(),
        "shape": shape,
        "capacity": text(&p.capacity()),
        "unit": Value::Null,
    })
}

/// Bytes of local arrays, and eight for every variable: an estimate from above of what compilers keep on the stack.
fn stack(body: &Body) -> usize {
    let arrays: usize = c::used_buffers(body)
        .into_iter()
        .map(|b| &body.bufs[b.0 as usize])
        .map(|d| if let BufKind::Local(n) = d.kind { n * d.ty.size() } else { 0 })
        .sum();
    arrays + 8 * body.vars.len()
}

fn c_parameters(program: &Program, e: &Entry, names: &Names) -> Vec<Value> {
    let mut out = Vec::new();
    let mut add = |name: String, ty: String, role: &str| out.push(json!({ "name": name, "type": ty, "role": role }));
    if !program.state.is_empty() {
        add("self".into(), format!("{}_state *", clean(&program.name)), "state");
    }
    for p in &e.params {
        let name = names.param(e, p);
        match p {
            ApiParam::Length(_) => add(name, "size_t".into(), "length"),
            ApiParam::Out(_) => add(name, "size_t *".into(), "extent"),
            ApiParam::Port(i) => {
                let port = &e.ports[*i];
                let t = c::c_dtype(port.dtype);
                match port.direction {
                    Direction::In if port.is_scalar() => {
                        for v in &port.vars {
                            add(names.vars[v.0 as usize].clone(), t.into(), "in");
                        }
                    }
                    Direction::In => add(name, format!("const {t} *"), "in"),
                    Direction::Out => add(name, format!("{t} *"), "out"),
                    Direction::InOut => add(name, format!("{t} *"), "inout"),
                }
            }
        }
    }
    if c::work_bytes(&e.body).is_some() {
        add("work".into(), "void *".into(), "workspace");
    }
    out
}
