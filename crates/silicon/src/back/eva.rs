//! The driver of Frama-C's value analysis (EVA): any sequence of calls with any values, for given lengths.

use super::harness::c_arguments;
use super::names::{Names, clean, entry_name};
use super::{c, constant_dim};
use crate::hir::{Dim, LengthId};
use crate::lir::{Direction, Entry, Out, Program};
use std::fmt::Write;

/// `eva.c`, to be analysed together with the generated files. `lengths` gives the value of each named length of each
/// entry, in the order of [`Entry::lengths`]; entries without are left out. `None` when nothing is left or an array is
/// too large to be analysed.
pub fn eva_driver(program: &Program, lengths: &[Option<Vec<i64>>]) -> Option<String> {
    /// Bytes of an array beyond which an analysis does not end in time.
    const LARGEST: i64 = 1 << 22;
    let name = clean(&program.name);
    let mut globals = String::new();
    let mut calls = String::new();
    let mut count = 0;
    for (i, (e, values)) in program.entries.iter().zip(lengths).enumerate() {
        let Some(values) = values else { continue };
        let at = |id: LengthId| e.lengths.iter().position(|(l, _)| *l == id).and_then(|k| values.get(k)).copied();
        let size = |d: &Dim| constant_dim(d, &at).map(|n| n.max(0)).filter(|n| *n <= LARGEST);
        for (k, p) in e.ports.iter().enumerate() {
            let n = size(&p.capacity())? * p.parts() as i64;
            let _ = writeln!(globals, "static {} p_{i}_{k}[{}];", c::c_dtype(p.dtype), n.max(1));
        }
        for (o, _) in e.outs.iter().enumerate().filter(|(_, o)| matches!(o, Out::Length(..))) {
            let _ = writeln!(globals, "static size_t out_{i}_{o};");
        }
        let work = match c::work_bytes(&e.body) {
            Some(d) => Some(size(&d)?),
            None => None,
        };
        if let Some(bytes) = work {
            let _ = writeln!(globals, "static double work_{i}[{}];", (bytes / 8).max(1));
        }
        let _ = writeln!(calls, "        case {i}:");
        call(program, e, i, values, work.is_some(), &mut calls);
        calls.push_str("            break;\n");
        count += 1;
    }
    if count == 0 {
        return None;
    }
    let mut s = format!("#include \"{name}.h\"\n#include \"__fc_builtin.h\"\n\n");
    if !program.state.is_empty() {
        let _ = writeln!(s, "static {name}_state state;");
    }
    s.push_str(&globals);
    s.push_str("\nint main(void)\n{\n");
    if !program.state.is_empty() {
        let _ = writeln!(s, "    {name}_init(&state);");
    }
    let _ = writeln!(s, "    while (Frama_C_nondet(0, 1)) {{");
    let _ = writeln!(s, "        switch (Frama_C_interval(0, {})) {{", program.entries.len() - 1);
    s.push_str(&calls);
    s.push_str("        default:\n            break;\n        }\n    }\n    return 0;\n}\n");
    Some(s)
}

fn call(program: &Program, e: &Entry, i: usize, values: &[i64], work: bool, s: &mut String) {
    let names = Names::entry(program, e);
    for (k, p) in e.ports.iter().enumerate().filter(|(_, p)| p.direction != Direction::Out) {
        // any bits are a number, but not any byte is a bool
        if p.dtype == crate::dtype::DType::Bool {
            let _ = writeln!(
                s,
                "            for (size_t j = 0; j < sizeof p_{i}_{k}; j++) {{\n                p_{i}_{k}[j] = Frama_C_interval(0, 1) != 0;\n            }}"
            );
        } else {
            let _ = writeln!(s, "            Frama_C_make_unknown((char *)p_{i}_{k}, sizeof p_{i}_{k});");
        }
    }
    let length = |id| {
        let at = e.lengths.iter().position(|(l, _)| *l == id).and_then(|k| values.get(k));
        at.map_or_else(|| names.length(e, id).to_string(), i64::to_string)
    };
    let args = c_arguments(program, e, &length, &format!("{i}_"), work.then(|| format!("work_{i}")));
    let _ = writeln!(s, "            (void){}({});", entry_name(program, &e.name), args);
}
