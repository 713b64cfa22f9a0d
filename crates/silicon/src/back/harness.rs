//! Test drivers: programs that run generated code on a call file ([`super::callfile`]) and write a result file.
//! Array outputs get exactly their capacity on the heap, so that an address sanitizer sees every overrun.

use super::c;
use super::names::{Names, clean, entry_name};
use crate::lir::{ApiParam, Direction, Entry, Out, Program};
use std::fmt::Write;

/// `main.c`: `main CALLS RESULTS`, to be compiled with the generated `<name>.c`.
/// Exits with 2 when a file cannot be read or written, 3 when the call file does not fit.
pub fn c_harness(program: &Program) -> String {
    let name = clean(&program.name);
    let mut s = format!(
        "#include \"{name}.h\"\n\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\n\
static FILE *calls;\nstatic FILE *results;\n\n\
static void stop(int code)\n{{\n    fprintf(stderr, \"harness: %s\\n\", code == 2 ? \"a file cannot be read or written\" : \"the call file does not fit\");\n    exit(code);\n}}\n\n\
static void get(void *to, size_t n)\n{{\n    if (n > 0 && fread(to, 1, n, calls) != n) {{\n        stop(2);\n    }}\n}}\n\n\
static void put(const void *from, size_t n)\n{{\n    if (n > 0 && fwrite(from, 1, n, results) != n) {{\n        stop(2);\n    }}\n}}\n\n\
static uint64_t number(int bytes)\n{{\n    unsigned char b[8];\n    uint64_t v = 0;\n    get(b, (size_t)bytes);\n    while (bytes-- > 0) {{\n        v = v << 8 | b[bytes];\n    }}\n    return v;\n}}\n\n\
static void word(uint64_t v, int bytes)\n{{\n    for (int i = 0; i < bytes; i++) {{\n        unsigned char b = (unsigned char)(v >> (8 * i));\n        put(&b, 1);\n    }}\n}}\n\n\
/* exactly n bytes, aligned to 64 as a caller's workspace is */\n\
static void *room(size_t n)\n{{\n    void *p = n % 64 == 0 && n > 0 ? aligned_alloc(64, n) : malloc(n > 0 ? n : 1);\n    if (p == NULL) {{\n        stop(2);\n    }}\n    memset(p, 0xa5, n);\n    return p;\n}}\n\n"
    );
    if !program.state.is_empty() {
        let _ = writeln!(s, "static {name}_state state;\n");
    }
    for (i, e) in program.entries.iter().enumerate() {
        c_call(program, e, i, &mut s);
    }
    s.push_str("int main(int argc, char **argv)\n{\n    if (argc != 3) {\n        stop(2);\n    }\n");
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
    for i in 0..program.entries.len() {
        let _ = writeln!(s, "        case {i}:\n            call_{i}();\n            break;");
    }
    s.push_str("        default:\n            stop(3);\n        }\n    }\n");
    s.push_str("    if (fclose(results) != 0) {\n        stop(2);\n    }\n    fclose(calls);\n    return 0;\n}\n");
    s
}

fn c_call(program: &Program, e: &Entry, index: usize, s: &mut String) {
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
    let mut args = Vec::new();
    if !program.state.is_empty() {
        args.push("&state".to_string());
    }
    for p in &e.params {
        args.push(match p {
            ApiParam::Length(id) => format!("n_{}", names.length(e, *id)),
            ApiParam::Port(k) => {
                let port = &e.ports[*k];
                match (port.direction, port.is_scalar(), port.dtype.is_complex()) {
                    (Direction::In, true, false) => format!("p_{k}[0]"),
                    (Direction::In, true, true) => format!("p_{k}[0], p_{k}[1]"),
                    _ => format!("p_{k}"),
                }
            }
            ApiParam::Out(i) => format!("&out_{i}"),
        });
    }
    let work = c::work_bytes(&e.body);
    if let Some(d) = &work {
        let leaf = |l| format!("(int64_t)n_{}", names.length(e, l));
        let _ = writeln!(s, "    const int64_t work_size = {};", c::dim(d, &leaf));
        s.push_str("    void *work = room((size_t)(work_size > 0 ? work_size : 0));\n");
        args.push("work".to_string());
    }
    let _ = writeln!(s, "    const uint64_t status = (uint64_t){}({});", entry_name(program, &e.name), args.join(", "));
    s.push_str("    word(status, 4);\n    if (status == 0) {\n");
    for (k, p) in e.ports.iter().enumerate().filter(|(_, p)| p.direction != Direction::In) {
        let leaf = |l| format!("(int64_t)n_{}", names.length(e, l));
        let _ = writeln!(s, "        word({}, 4);\n        size_t bytes_{k} = {};", p.shape.len(), p.dtype.size());
        for (axis, d) in p.shape.iter().enumerate() {
            let out = e.outs.iter().position(|o| *o == Out::Length(k, axis));
            let n = out.map_or_else(|| c::dim(d, &leaf), |i| format!("out_{i}"));
            let _ = writeln!(s, "        word((uint64_t){n}, 8);\n        bytes_{k} *= (size_t){n};");
        }
        let _ = writeln!(s, "        put(p_{k}, bytes_{k});");
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
