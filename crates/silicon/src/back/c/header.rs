//! The documented interface.

use super::*;

/// Shape as text, with the names of the entry's lengths.
fn shape(e: &Entry, names: &Names, i: usize) -> String {
    let p = &e.ports[i];
    let leaf = |l: LengthId| names.length(e, l);
    p.shape
        .iter()
        .zip(&p.dynamic)
        .map(|(d, dynamic)| format!("[{}{}]", if *dynamic { "up to " } else { "" }, dim(d, &leaf)))
        .collect()
}

/// Whether the number of elements is simply a length or a constant.
fn plain(d: &Dim) -> bool {
    d.as_const().is_some() || (d.constant == 0 && d.terms.len() == 1 && matches!(d.terms[0], (Atom::Length(_), 1)))
}

/// Signature of a function of the entry's lengths.
fn sized(e: &Entry, names: &Names, d: &Dim) -> (String, Vec<String>) {
    let used: Vec<String> = e
        .lengths
        .iter()
        .enumerate()
        .filter(|(_, (id, _))| {
            let name = std::cell::Cell::new(false);
            let _ = dim(d, &|l| {
                if l == *id {
                    name.set(true);
                }
                String::new()
            });
            name.get()
        })
        .map(|(i, _)| names.lengths[i].clone())
        .collect();
    let params = if used.is_empty() {
        "void".to_string()
    } else {
        used.iter().map(|n| format!("size_t {n}")).collect::<Vec<_>>().join(", ")
    };
    (params, used)
}

/// Name, parameters and value of every size function: workspace and output capacities.
pub(super) fn size_functions(
    program: &Program,
    e: &Entry,
    names: &Names,
) -> Vec<(String, String, String, Dim, String)> {
    let mut out = Vec::new();
    let f = entry_name(program, &e.name);
    let leaf = |l: LengthId| format!("(int64_t){}", names.length(e, l));
    if let Some(d) = work_bytes(&e.body) {
        let (params, _) = sized(e, names, &d);
        out.push((format!("{f}_work_size"), params, dim(&d, &leaf), d, "bytes of workspace".to_string()));
    }
    for (i, p) in e.ports.iter().enumerate() {
        let d = p.capacity();
        if p.direction == Direction::Out && !p.is_scalar() && !plain(&d) {
            let (params, _) = sized(e, names, &d);
            let what = format!("elements of `{}`", names.ports[i]);
            out.push((format!("{f}_{}_capacity", names.ports[i]), params, dim(&d, &leaf), d, what));
        }
    }
    out
}

pub(super) fn header(program: &Program) -> Text {
    let name = clean(&program.name);
    let upper = upper(program);
    let mut t = Text::default();
    t.line(format!("#ifndef {upper}_H\n#define {upper}_H\n"));
    t.line("#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n");
    t.line("#ifdef __cplusplus\nextern \"C\" {\n#endif\n");
    t.line("/* Arrays are in C order. A complex element is two reals: real part, imaginary part.");
    t.line(" * Outputs must not overlap inputs or each other. Nothing is allocated.");
    t.line(" * Compile without -ffast-math; for gcc with GNU extensions add -ffp-contract=off. */\n");
    t.line("typedef enum {");
    t.indent();
    for (i, s) in program.statuses.iter().enumerate() {
        let mut why = s.message.replace("*/", "* /").replace('\n', " ");
        if !s.exception.is_empty() {
            why = format!("{}: {why}", s.exception);
        }
        let comma = if i + 1 < program.statuses.len() { "," } else { "" };
        t.line(format!("{upper}_{} = {}{comma} /* {why} */", s.name, s.code));
    }
    t.dedent();
    t.line(format!("}} {name}_status;\n"));
    if !program.state.is_empty() {
        t.line(format!("/* What survives from call to call. After a call that failed, call {name}_init again. */"));
        t.line("typedef struct {");
        t.indent();
        for f in &program.state {
            let c = c_dtype(f.dtype);
            let field = clean(&f.name);
            if f.shape.is_empty() && !f.dtype.is_complex() {
                t.line(format!("{c} {field};"));
            } else {
                let shape: String = f.shape.iter().map(|d| format!("[{d}]")).collect();
                t.line(format!("{c} {field}[{}]; /* {}{shape} */", f.reals().max(1), f.dtype));
            }
        }
        t.dedent();
        t.line(format!("}} {name}_state;\n"));
        t.line(format!(
            "/* Puts the state as it is before the first call. */\nvoid {name}_init({name}_state *self);\n"
        ));
    }
    for e in &program.entries {
        let names = Names::entry(program, e);
        for (f, params, _, d, what) in size_functions(program, e, &names) {
            if let Some(k) = d.as_const() {
                t.line(format!("/* {what} */\n#define {} {k}U", f.to_ascii_uppercase()));
            }
            t.line(format!("/* {what}, for these lengths */\nsize_t {f}({params});\n"));
        }
        t.from(e.span, format!("/* {}", e.name));
        for (i, p) in e.ports.iter().enumerate() {
            let dir = match p.direction {
                Direction::In => "in",
                Direction::Out => "out",
                Direction::InOut => "in and out",
            };
            let label = if p.is_scalar() && p.direction == Direction::In && p.dtype.is_complex() {
                format!("{0}_re, {0}_im", names.ports[i])
            } else {
                names.ports[i].clone()
            };
            t.line(format!(" *   {label}: {dir}, {}{}", p.dtype, shape(e, &names, i)));
        }
        for (i, o) in e.outs.iter().enumerate() {
            if let Out::Length(p, axis) = o {
                t.line(format!(" *   {}: out, extent of axis {axis} of {}", names.outs[i], names.ports[*p]));
            }
        }
        for (i, (id, _)) in e.lengths.iter().enumerate() {
            let (lo, hi) = program.limits(*id);
            t.line(format!(" *   {}: length, {lo} to {hi}", names.lengths[i]));
        }
        if work_bytes(&e.body).is_some() {
            t.line(format!(" *   work: {}_work_size bytes, aligned to 64", entry_name(program, &e.name)));
        }
        t.line(" */");
        let params = parameters(program, e, &names, false);
        t.from(e.span, format!("{}\n{}({});\n", status_type(program), entry_name(program, &e.name), params.join(", ")));
    }
    t.line("#ifdef __cplusplus\n}\n#endif\n");
    t.line("#endif");
    t
}
