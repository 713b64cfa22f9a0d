//! Test drivers: programs that run generated code on a call file ([`super::callfile`]) and write a result file.
//! Array outputs get exactly their capacity on the heap, so that an address sanitizer sees every overrun.

use super::names::{Names, clean, entry_name};
use super::{c, rust};
use crate::dtype::DType;
use crate::hir::LengthId;
use crate::lir::mutate::has_mutants;
use crate::lir::{ApiParam, Direction, Entry, Out, Program};
use std::fmt::Write;

mod faults;

/// `main.c`: `main CALLS RESULTS`, to be compiled with the generated `<name>.c`.
/// Exits with 2 when a file cannot be read or written, 3 when the call file does not fit.
///
/// Of a program with mutants: `main CALLS RESULTS NUMBER [first|all JOBS NUMBER...]`. The results are those with the first
/// mutant on (0: none). Each of the others is then tried against them, so many at a time; of each it prints a line
/// `NUMBER ENDED :SAID SEEN OTHER`. `ENDED` is 0 if it crashed or used more than twenty times the processor time; `SAID`
/// has a digit per sequence that it came to: 0 the same results, 1 others, 2 the same but for the state. With `first` it
/// stops at the first 1. `SEEN` and `OTHER` are the counts of a probe, there if it ended.
pub fn c_harness(program: &Program) -> String {
    let name = clean(&program.name);
    let faults = has_mutants(program);
    let mut s = if faults { faults::head(program) } else { plain_head(&name) };
    if !program.state.is_empty() {
        let _ = writeln!(s, "static {name}_state state;\n");
    }
    for (i, e) in program.entries.iter().enumerate() {
        c_call(program, e, i, faults, &mut s);
    }
    s.push_str(&if faults { faults::main(program) } else { plain_main(program, &name) });
    s
}

fn plain_head(name: &str) -> String {
    format!(
        "#include \"{name}.h\"\n\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n\
static FILE *calls;\nstatic FILE *results;\n\n\
static void stop(int code)\n{{\n    fprintf(stderr, \"harness: %s\\n\", code == 2 ? \"a file cannot be read or written\" : \"the call file does not fit\");\n    exit(code);\n}}\n\n\
static void get(void *to, size_t n)\n{{\n    if (n > 0 && fread(to, 1, n, calls) != n) {{\n        stop(2);\n    }}\n}}\n\n\
static void put(const void *from, size_t n)\n{{\n    if (n > 0 && fwrite(from, 1, n, results) != n) {{\n        stop(2);\n    }}\n}}\n\n\
static uint64_t number(int bytes)\n{{\n    unsigned char b[8];\n    uint64_t v = 0;\n    get(b, (size_t)bytes);\n    while (bytes-- > 0) {{\n        v = v << 8 | b[bytes];\n    }}\n    return v;\n}}\n\n\
static void word(uint64_t v, int bytes)\n{{\n    for (int i = 0; i < bytes; i++) {{\n        unsigned char b = (unsigned char)(v >> (8 * i));\n        put(&b, 1);\n    }}\n}}\n\n\
/* exactly n bytes, aligned to 64 as a caller's workspace is */\n\
static void *room(size_t n)\n{{\n    void *p = n % 64 == 0 && n > 0 ? aligned_alloc(64, n) : malloc(n > 0 ? n : 1);\n    if (p == NULL) {{\n        stop(2);\n    }}\n    memset(p, 0xa5, n);\n    return p;\n}}\n\n"
    )
}

fn plain_main(program: &Program, name: &str) -> String {
    let mut s = String::from("int main(int argc, char **argv)\n{\n    if (argc != 3) {\n        stop(2);\n    }\n");
    s.push_str("    calls = fopen(argv[1], \"rb\");\n    results = fopen(argv[2], \"wb\");\n");
    s.push_str("    if (calls == NULL || results == NULL) {\n        stop(2);\n    }\n");
    s.push_str(
        "    char magic[4];\n    get(magic, 4);\n    if (memcmp(magic, \"PMC1\", 4) != 0) {\n        stop(3);\n    }\n",
    );
    s.push_str("    put(\"PMR1\", 4);\n");
    if !program.state.is_empty() {
        let _ = writeln!(s, "    {name}_init(&state);");
    }
    s.push_str("    for (uint64_t left = number(4); left > 0; left--) {\n        switch (number(4)) {\n");
    s.push_str("        case 0xffffffffU:\n");
    if !program.state.is_empty() {
        let _ = writeln!(s, "            {name}_init(&state);");
    }
    s.push_str("            break;\n");
    if !program.state.is_empty() {
        s.push_str("        case 0xfffffffeU:\n");
        for f in program.state.iter().filter(|f| f.reals() > 0) {
            let field = clean(&f.name);
            let _ = writeln!(s, "            put(&state.{field}, sizeof state.{field});");
        }
        s.push_str("            break;\n");
    }
    for i in 0..program.entries.len() {
        let _ = writeln!(s, "        case {i}:\n            call_{i}();\n            break;");
    }
    s.push_str("        default:\n            stop(3);\n        }\n    }\n");
    s.push_str("    if (fclose(results) != 0) {\n        stop(2);\n    }\n    fclose(calls);\n");
    s.push_str("    return 0;\n}\n");
    s
}

/// Bytes of the floats that elements are made of; 0 for other types.
fn real_size(d: DType) -> usize {
    match d.real() {
        DType::Float32 => 4,
        DType::Float64 => 8,
        _ => 0,
    }
}

fn c_call(program: &Program, e: &Entry, index: usize, faults: bool, s: &mut String) {
    let names = Names::entry(program, e);
    let _ = writeln!(s, "static void call_{index}(void)\n{{");
    let _ = writeln!(s, "    if (number(4) != {}) {{\n        stop(3);\n    }}", e.lengths.len());
    for n in &names.lengths {
        let _ = writeln!(s, "    const size_t n_{n} = (size_t)number(8);\n    (void)n_{n};");
    }
    let inputs = e.ports.iter().filter(|p| p.direction != Direction::Out).count();
    let _ = writeln!(s, "    if (number(4) != {inputs}) {{\n        stop(3);\n    }}");
    for (k, p) in e.ports.iter().enumerate() {
        let t = c::c_dtype(p.dtype);
        if p.direction != Direction::Out {
            let _ = writeln!(s, "    const size_t size_{k} = (size_t)number(8);");
            let _ = writeln!(s, "    {t} *p_{k} = room(size_{k});\n    get(p_{k}, size_{k});");
        } else {
            let leaf = |l| format!("(int64_t)n_{}", names.length(e, l));
            let n = c::dim(&p.capacity(), &leaf);
            let _ = writeln!(s, "    const int64_t count_{k} = {n};");
            let _ = writeln!(s, "    {t} *p_{k} = room((size_t)(count_{k} > 0 ? count_{k} : 0) * {});", p.dtype.size());
        }
    }
    for (i, o) in e.outs.iter().enumerate() {
        if matches!(o, Out::Length(..)) {
            let _ = writeln!(s, "    size_t out_{i} = 0;");
        }
    }
    let work = c::work_bytes(&e.body);
    if let Some(d) = &work {
        let leaf = |l| format!("(int64_t)n_{}", names.length(e, l));
        let _ = writeln!(s, "    const int64_t work_size = {};", c::dim(d, &leaf));
        s.push_str("    void *work = room((size_t)(work_size > 0 ? work_size : 0));\n");
    }
    let length = |id| format!("n_{}", names.length(e, id));
    let args = c_arguments(program, e, &length, "", work.as_ref().map(|_| "work".to_string()));
    let _ = writeln!(s, "    const uint64_t status = (uint64_t){}({});", entry_name(program, &e.name), args);
    let put_status = if faults { "put_status(status)" } else { "word(status, 4)" };
    let _ = writeln!(s, "    {put_status};\n    if (status == 0) {{");
    for (k, p) in e.ports.iter().enumerate().filter(|(_, p)| p.direction != Direction::In) {
        let leaf = |l| format!("(int64_t)n_{}", names.length(e, l));
        let _ = writeln!(s, "        word({}, 4);\n        size_t bytes_{k} = {};", p.shape.len(), p.dtype.size());
        for (axis, d) in p.shape.iter().enumerate() {
            let out = e.outs.iter().position(|o| *o == Out::Length(k, axis));
            let n = out.map_or_else(|| c::dim(d, &leaf), |i| format!("out_{i}"));
            let _ = writeln!(s, "        word((uint64_t){n}, 8);\n        bytes_{k} *= (size_t){n};");
        }
        let real = if faults { format!(", {}", real_size(p.dtype)) } else { String::new() };
        let _ = writeln!(s, "        put(p_{k}, bytes_{k}{real});");
    }
    s.push_str("    }\n");
    for k in 0..e.ports.len() {
        let _ = writeln!(s, "    free(p_{k});");
    }
    if work.is_some() {
        s.push_str("    free(work);\n");
    }
    s.push_str("}\n\n");
}

/// The arguments of a call of an entry in C: the state, its parameters in order and the workspace. Ports are the arrays
/// `p_<prefix><port>`, lengths given back are `out_<prefix><output>`.
pub(super) fn c_arguments(
    program: &Program,
    e: &Entry,
    length: &dyn Fn(LengthId) -> String,
    prefix: &str,
    work: Option<String>,
) -> String {
    let state = (!program.state.is_empty()).then(|| "&state".to_string());
    let params = e.params.iter().map(|p| match p {
        ApiParam::Length(id) => length(*id),
        ApiParam::Port(k) => {
            let port = &e.ports[*k];
            match (port.direction, port.is_scalar(), port.dtype.is_complex()) {
                (Direction::In, true, false) => format!("p_{prefix}{k}[0]"),
                (Direction::In, true, true) => format!("p_{prefix}{k}[0], p_{prefix}{k}[1]"),
                _ => format!("p_{prefix}{k}"),
            }
        }
        ApiParam::Out(i) => format!("&out_{prefix}{i}"),
    });
    state.into_iter().chain(params).chain(work).collect::<Vec<_>>().join(", ")
}

/// `main.rs`: `main CALLS RESULTS`, to be compiled against the generated crate (`--extern`).
/// Exits with 2 when a file cannot be read or written, 3 when the call file does not fit.
pub fn rust_harness(program: &Program) -> String {
    let mut s = String::from(
        "//! Runs generated code on a call file.\n#![allow(unused_parens, unused_variables, unused_mut, non_snake_case)]\n\nuse std::io::{Read, Write};\nuse std::process::exit;\n\n\
struct File {\n    calls: Vec<u8>,\n    at: usize,\n    out: Vec<u8>,\n}\n\n\
impl File {\n    fn take(&mut self, n: usize) -> &[u8] {\n        if self.calls.len() - self.at < n {\n            exit(2);\n        }\n        self.at += n;\n        &self.calls[self.at - n..self.at]\n    }\n\
    fn number(&mut self, bytes: usize) -> u64 {\n        self.take(bytes).iter().rev().fold(0, |acc, b| acc << 8 | u64::from(*b))\n    }\n\
    fn word(&mut self, v: u64, bytes: usize) {\n        self.out.extend_from_slice(&v.to_le_bytes()[..bytes]);\n    }\n}\n\n\
trait Element: Copy + Default {\n    const SIZE: usize;\n    fn get(b: &[u8]) -> Self;\n    fn put(self, out: &mut Vec<u8>);\n}\n\n\
macro_rules! element {\n    ($($t:ty)*) => {$(\n        impl Element for $t {\n            const SIZE: usize = size_of::<$t>();\n            fn get(b: &[u8]) -> Self {\n                let mut a = [0; size_of::<$t>()];\n                a.copy_from_slice(b);\n                <$t>::from_le_bytes(a)\n            }\n            fn put(self, out: &mut Vec<u8>) {\n                out.extend_from_slice(&self.to_le_bytes());\n            }\n        }\n    )*};\n}\n\
element!(i8 i16 i32 i64 u8 u16 u32 u64 f32 f64);\n\n\
impl Element for bool {\n    const SIZE: usize = 1;\n    fn get(b: &[u8]) -> Self {\n        b[0] != 0\n    }\n    fn put(self, out: &mut Vec<u8>) {\n        out.push(u8::from(self));\n    }\n}\n\n\
fn read<T: Element>(f: &mut File) -> Vec<T> {\n    let n = f.number(8) as usize;\n    f.take(n).chunks_exact(T::SIZE).map(T::get).collect()\n}\n\n\
fn write<T: Element>(f: &mut File, v: &[T]) {\n    for x in v {\n        x.put(&mut f.out);\n    }\n}\n\n",
    );
    let name = rust::crate_name(program);
    let state = rust::state_type(program);
    let with_state = !program.state.is_empty();
    for (i, e) in program.entries.iter().enumerate() {
        rust_call(program, e, i, &mut s);
    }
    s.push_str("fn main() {\n    let mut args = std::env::args().skip(1);\n");
    s.push_str("    let (Some(from), Some(to)) = (args.next(), args.next()) else { exit(2) };\n");
    s.push_str("    let mut calls = Vec::new();\n    let read = std::fs::File::open(from).and_then(|mut f| f.read_to_end(&mut calls));\n");
    s.push_str("    if read.is_err() {\n        exit(2);\n    }\n");
    s.push_str("    let mut f = File { calls, at: 0, out: b\"PMR1\".to_vec() };\n");
    s.push_str("    if f.take(4) != b\"PMC1\" {\n        exit(3);\n    }\n");
    if with_state {
        let _ = writeln!(s, "    let mut state = {name}::{state}::new();");
    }
    s.push_str("    for _ in 0..f.number(4) {\n        match f.number(4) {\n");
    let init = if with_state { format!("state = {name}::{state}::new()") } else { "{}".to_string() };
    let _ = writeln!(s, "            0xffff_ffff => {init},");
    if with_state {
        s.push_str("            0xffff_fffe => {\n");
        for f in &program.state {
            let scalar = f.shape.is_empty() && !f.dtype.is_complex();
            let field = clean(&f.name);
            let value = if scalar { format!("[state.{field}]") } else { format!("state.{field}") };
            let _ = writeln!(s, "                write(&mut f, &{value});");
        }
        s.push_str("            }\n");
    }
    for i in 0..program.entries.len() {
        let _ = writeln!(s, "            {i} => call_{i}(&mut f{}),", if with_state { ", &mut state" } else { "" });
    }
    s.push_str("            _ => exit(3),\n        }\n    }\n");
    s.push_str("    let written = std::fs::File::create(to).and_then(|mut o| o.write_all(&f.out));\n");
    s.push_str("    if written.is_err() {\n        exit(2);\n    }\n}\n");
    s
}

fn rust_call(program: &Program, e: &Entry, index: usize, s: &mut String) {
    let names = Names::entry(program, e);
    let name = rust::crate_name(program);
    let with_state = !program.state.is_empty();
    let state = if with_state { format!(", state: &mut {name}::{}", rust::state_type(program)) } else { String::new() };
    let _ = writeln!(s, "fn call_{index}(f: &mut File{state}) {{");
    let _ = writeln!(s, "    if f.number(4) != {} {{\n        exit(3);\n    }}", e.lengths.len());
    for n in &names.lengths {
        let _ = writeln!(s, "    let n_{n} = f.number(8) as usize;");
    }
    let lengths: Vec<String> = names.lengths.iter().map(|n| format!("n_{n}")).collect();
    let lengths = lengths.join(", ");
    let inputs = e.ports.iter().filter(|p| p.direction != Direction::Out).count();
    let _ = writeln!(s, "    if f.number(4) != {inputs} {{\n        exit(3);\n    }}");
    for (k, p) in e.ports.iter().enumerate() {
        let ty = rust::real_type(p.dtype);
        if p.direction != Direction::Out {
            let _ = writeln!(s, "    let mut p_{k} = read::<{ty}>(f);");
        } else if !p.is_scalar() {
            let size = format!("{name}::{}_{}_capacity({lengths})", clean(&e.name), names.ports[k]);
            let _ = writeln!(s, "    let mut p_{k} = vec![<{ty}>::default(); {size}];");
        }
    }
    let mut args = Vec::new();
    for p in &e.params {
        match p {
            ApiParam::Length(id) => args.push(format!("n_{}", names.length(e, *id))),
            ApiParam::Port(k) => {
                let port = &e.ports[*k];
                match (port.direction, port.is_scalar(), port.dtype.is_complex()) {
                    (Direction::In, true, false) => args.push(format!("p_{k}[0]")),
                    (Direction::In, true, true) => args.push(format!("p_{k}[0], p_{k}[1]")),
                    (Direction::In, false, _) => args.push(format!("&p_{k}")),
                    (_, true, _) => {}
                    _ => args.push(format!("&mut p_{k}")),
                }
            }
            ApiParam::Out(_) => {}
        }
    }
    for (ty, _) in rust::workspaces(&e.body) {
        let size = format!("{name}::{}({lengths})", rust::work_function(e, ty));
        args.push(format!("&mut vec![<{}>::default(); {size}]", rust::rust_name(ty)));
    }
    let f = clean(&e.name);
    let callee = if with_state { format!("state.{f}") } else { format!("{name}::{f}") };
    let _ = writeln!(s, "    match {callee}({}) {{", args.join(", "));
    s.push_str(
        "        Err(e) => f.word(u64::from(e.code()), 4),\n        Ok(given) => {\n            f.word(0, 4);\n",
    );
    let several = e.outs.len() > 1;
    let given = |i: usize| if several { format!("given.{}", names.outs[i]) } else { "given".to_string() };
    for (k, p) in e.ports.iter().enumerate().filter(|(_, p)| p.direction != Direction::In) {
        let _ = writeln!(s, "            f.word({}, 4);", p.shape.len());
        if let Some(i) = e.outs.iter().position(|o| *o == Out::Value(k)) {
            let v = if p.dtype.is_complex() { format!("&{}", given(i)) } else { format!("&[{}]", given(i)) };
            let _ = writeln!(s, "            write(f, {v});");
            continue;
        }
        let _ = writeln!(s, "            let mut count = {};", p.parts());
        for (axis, d) in p.shape.iter().enumerate() {
            let leaf = |l| format!("(n_{} as i64)", names.length(e, l));
            let out = e.outs.iter().position(|o| *o == Out::Length(k, axis));
            let n = out.map_or_else(|| format!("({}) as usize", rust::dim(d, &leaf)), given);
            let _ = writeln!(s, "            f.word({n} as u64, 8);\n            count *= {n};");
        }
        let _ = writeln!(s, "            write(f, &p_{k}[..count]);");
    }
    s.push_str("        }\n    }\n}\n\n");
}
