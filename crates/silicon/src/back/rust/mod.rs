//! A `no_std` crate without unsafe code: the same program as the C, on slices, with a `Result` for a status.

mod expr;

use super::names::{Names, clean};
use super::printer::Text;
use super::{Backend, EmittedFiles, c};
use crate::hir::{Atom, Dim, LengthId, Module};
use crate::lir::{
    ApiParam, Body, BufKind, CheckedOp, Direction, Entry, Expr, Kernel, Out, Program, Stmt, StmtKind, Ty, VarId,
};
use expr::{Printer, literal, rust_type, table_name};
use proofmark_base::diagnostics::Diagnostic;

/// The Rust back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rust;

/// Status code of `Error::BufferTooSmall`, which C cannot report.
pub const BUFFER_TOO_SMALL: u32 = u32::MAX;

impl Backend for Rust {
    fn name(&self) -> &'static str {
        "rust"
    }
    fn validate(&self, _module: &Module) -> Vec<Diagnostic> {
        // every HIR operation has a Rust form
        Vec::new()
    }
    fn emit(&self, program: &Program) -> EmittedFiles {
        let mut out = EmittedFiles::default();
        let mut cargo = Text::default();
        cargo.line(format!("[package]\nname = \"{}\"\nversion = \"0.1.0\"\nedition = \"2024\"", crate_name(program)));
        cargo.line("rust-version = \"1.85\"\n\n[features]\ndefault = [\"std\"]");
        cargo.line("# without it: no_std, the same bits\nstd = []\n\n[workspace]");
        out.add("Cargo.toml".to_string(), cargo);
        let mut math = Text::default();
        math.line(include_str!("math.txt").trim_end());
        out.add("src/math.rs".to_string(), math);
        out.add("src/lib.rs".to_string(), library(program));
        out
    }
}

/// Name of the crate.
pub fn crate_name(program: &Program) -> String {
    clean(&program.name).to_ascii_lowercase()
}

/// The Rust type of a scalar.
pub(super) fn rust_name(ty: Ty) -> &'static str {
    rust_type(ty)
}

/// The Rust type of a dtype's reals.
pub(super) fn real_type(d: crate::dtype::DType) -> &'static str {
    rust_type(Ty::of(d))
}

/// Upper camel case.
pub(super) fn camel(name: &str) -> String {
    let mut out = String::new();
    for part in name.split('_').filter(|p| !p.is_empty()) {
        let mut c = part.chars();
        out.extend(c.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(&c.as_str().to_ascii_lowercase());
    }
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) || out == "Self" || out == "Error" {
        out.insert(0, 'T');
    }
    out
}

/// Name of the state struct.
pub(super) fn state_type(program: &Program) -> String {
    camel(&program.name)
}

fn error(program: &Program, code: u32) -> String {
    let name = program.statuses.iter().find(|s| s.code == code).map_or("Ok", |s| &s.name);
    format!("Error::{}", camel(name))
}

/// A dimension as an i64 expression.
pub(super) fn dim(d: &Dim, leaf: &dyn Fn(LengthId) -> String) -> String {
    fn atom(a: &Atom, leaf: &dyn Fn(LengthId) -> String) -> String {
        match a {
            Atom::Length(l) => leaf(*l),
            // capacities are bounds: no run-time value is left in them
            Atom::Value(_) => "0_i64".to_string(),
            Atom::Div(d, k) => format!("({}).div_euclid({k})", dim(d, leaf)),
            Atom::Product(f) => f.iter().map(|a| atom(a, leaf)).collect::<Vec<_>>().join(" * "),
            Atom::Max(a, b) => format!("({}).max({})", dim(a, leaf), dim(b, leaf)),
            Atom::Min(a, b) => format!("({}).min({})", dim(a, leaf), dim(b, leaf)),
        }
    }
    if d.terms.is_empty() {
        return format!("{}_i64", d.constant);
    }
    let mut s = String::new();
    for (a, k) in &d.terms {
        if !s.is_empty() {
            s.push_str(" + ");
        }
        match k {
            1 => s.push_str(&atom(a, leaf)),
            k if *k < 0 => s.push_str(&format!("({k}) * {}", atom(a, leaf))),
            k => s.push_str(&format!("{k} * {}", atom(a, leaf))),
        }
    }
    match d.constant {
        0 => {}
        k if k < 0 => s.push_str(&format!(" - {}", -k)),
        k => s.push_str(&format!(" + {k}")),
    }
    s
}

/// Element types of the caller's workspaces and the reals in each.
pub(super) fn workspaces(body: &Body) -> Vec<(Ty, Dim)> {
    let mut out: Vec<(Ty, Dim)> = Vec::new();
    for b in c::used_buffers(body) {
        let data = &body.bufs[b.0 as usize];
        if let BufKind::Work(reals) = &data.kind {
            match out.iter_mut().find(|(t, _)| *t == data.ty) {
                Some((_, d)) => *d = d.add(reals),
                None => out.push((data.ty, reals.clone())),
            }
        }
    }
    out.sort_by_key(|(t, _)| *t);
    out
}

/// Name of the function that gives the length of a workspace.
pub(super) fn work_function(e: &Entry, ty: Ty) -> String {
    format!("{}_work_{}", clean(&e.name), rust_type(ty))
}

fn library(program: &Program) -> Text {
    let mut t = Text::default();
    t.line("//! Arrays are slices in C order; a complex element is two reals, real part and imaginary part.");
    t.line(
        "//! Nothing is allocated. Every function gives an error instead of a panic for what the source would raise.",
    );
    t.line("#![cfg_attr(not(feature = \"std\"), no_std)]\n#![forbid(unsafe_code)]");
    for (lint, why) in [
        ("clippy::style", "the code mirrors the program it was made from, not hand-written idiom"),
        ("clippy::complexity", "the code mirrors the program it was made from, not hand-written idiom"),
        ("clippy::approx_constant", "computed values may come near named constants"),
        ("clippy::eq_op", "an expression of the source may compare a value with itself"),
        ("clippy::almost_swapped", "carried values are assigned one after the other on purpose"),
        ("clippy::if_same_then_else", "branches of the source may do the same"),
        ("unused_assignments", "a variable may get its value in every branch"),
        ("unused_mut", "a buffer may only be read"),
        ("unused_parens", "operands are in parentheses throughout"),
        ("unused_variables", "an interface names what it takes, used or not"),
        ("unused_imports", "a program uses some of the arithmetic"),
        ("non_snake_case", "names are the source's"),
    ] {
        t.line(format!("#![allow({lint}, reason = \"{why}\")]"));
    }
    t.line("\nmod math;\n\nuse math::{Float as _, Int as _, Order as _};\n");
    t.line("/// Why a call failed.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\npub enum Error {");
    t.indent();
    t.line("/// A slice is shorter than the interface says.\nBufferTooSmall,");
    for s in program.statuses.iter().filter(|s| s.code != crate::lir::OK) {
        let what = if s.exception.is_empty() { s.message.clone() } else { format!("{}: {}", s.exception, s.message) };
        t.line(format!("/// {}\n{},", what.replace('\n', " "), camel(&s.name)));
    }
    t.dedent();
    t.line("}\n\nimpl Error {\n    /// The status code of the C interface (`u32::MAX` where C has none).");
    t.line("    pub fn code(self) -> u32 {\n        match self {");
    t.line(format!("            Error::BufferTooSmall => {BUFFER_TOO_SMALL},"));
    for s in program.statuses.iter().filter(|s| s.code != crate::lir::OK) {
        t.line(format!("            Error::{} => {},", camel(&s.name), s.code));
    }
    t.line("        }\n    }\n}\n\nimpl core::fmt::Display for Error {");
    t.line(
        "    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {\n        f.write_str(match self {",
    );
    t.line("            Error::BufferTooSmall => \"a slice is too short\",");
    for s in program.statuses.iter().filter(|s| s.code != crate::lir::OK) {
        t.line(format!("            Error::{} => {:?},", camel(&s.name), s.message));
    }
    t.line("        })\n    }\n}\n\nimpl core::error::Error for Error {}\n");
    let used = c::used_tables(program);
    for (_, table) in program.tables.iter().enumerate().filter(|(i, _)| used.contains(i)) {
        let reals = c::table_reals(table);
        let from = table.provenance.replace('\n', " ");
        t.line(format!("/// {}{:?}{}{from}", table.dtype, table.shape, if from.is_empty() { "" } else { ": " }));
        let ty = rust_type(Ty::of(table.dtype));
        t.line(format!("static {}: [{ty}; {}] = [", table_name(&clean(&table.name)), reals.len()));
        t.indent();
        for row in reals.chunks(6) {
            let row: Vec<String> = row.iter().map(|(ty, b)| expr::bare(literal(*ty, *b, false))).collect();
            t.line(format!("{},", row.join(", ")));
        }
        t.dedent();
        t.line("];\n");
    }
    for k in &program.kernels {
        kernel(program, k, &mut t);
    }
    if !program.state.is_empty() {
        state(program, &mut t);
    }
    for e in &program.entries {
        sizes(program, e, &mut t);
        outputs(program, e, &mut t);
        if program.state.is_empty() {
            entry(program, e, &mut t);
        }
    }
    if !program.state.is_empty() {
        t.line(format!("impl {} {{", state_type(program)));
        t.indent();
        for e in &program.entries {
            entry(program, e, &mut t);
        }
        t.dedent();
        t.line("}");
    }
    while t.text.ends_with("\n\n") {
        t.text.pop();
        t.lines.pop();
    }
    t
}

fn state(program: &Program, t: &mut Text) {
    let name = state_type(program);
    t.line("/// What survives from call to call. After a call that failed, start again from `new`.");
    t.line(format!("#[derive(Clone, Debug, PartialEq)]\npub struct {name} {{"));
    for f in &program.state {
        let ty = rust_type(Ty::of(f.dtype));
        let field = clean(&f.name);
        let shape: String = f.shape.iter().map(|d| format!("[{d}]")).collect();
        t.line(format!("    /// {}{shape}", f.dtype));
        t.line(if f.shape.is_empty() && !f.dtype.is_complex() {
            format!("    pub {field}: {ty},")
        } else {
            format!("    pub {field}: [{ty}; {}],", f.reals())
        });
    }
    t.line(format!(
        "}}\n\nimpl {name} {{\n    /// As before the first call.\n    pub const fn new() -> Self {{\n        {name} {{"
    ));
    for f in &program.state {
        let field = clean(&f.name);
        let table = &program.tables[f.init];
        let reals = c::table_reals(table);
        let zero = table.data.iter().all(|b| *b == 0);
        let value = |i: usize| reals.get(i).map_or("0".to_string(), |(ty, b)| expr::bare(literal(*ty, *b, true)));
        t.line(if f.shape.is_empty() && !f.dtype.is_complex() {
            format!("            {field}: {},", value(0))
        } else if f.shape.is_empty() {
            format!("            {field}: [{}, {}],", value(0), value(1))
        } else if zero {
            format!("            {field}: [{}; {}],", literal(Ty::of(f.dtype), 0, true), f.reals())
        } else {
            format!("            {field}: {},", table_name(&clean(&table.name)))
        });
    }
    t.line("        }\n    }\n}\n");
    t.line(format!("impl Default for {name} {{\n    fn default() -> Self {{\n        Self::new()\n    }}\n}}\n"));
}

/// Functions that give the length of every workspace and of outputs whose length is not plain.
fn sizes(program: &Program, e: &Entry, t: &mut Text) {
    let names = Names::entry(program, e);
    let leaf = |l| format!("({} as i64)", names.length(e, l));
    let params: Vec<String> = names.lengths.iter().map(|n| format!("{n}: usize")).collect();
    let mut function = |name: String, what: String, d: &Dim| {
        t.line(format!("/// {what}\npub const fn {name}({}) -> usize {{", params.join(", ")));
        // `max` of integers is not const: the value is computed with comparisons
        t.line(format!("    ({}) as usize\n}}\n", const_dim(d, &leaf)));
    };
    for (ty, d) in workspaces(&e.body) {
        function(work_function(e, ty), format!("Length of `work_{}` of `{}`.", rust_type(ty), e.name), &d);
    }
    for (i, p) in e.ports.iter().enumerate().filter(|(_, p)| p.direction == Direction::Out && !p.is_scalar()) {
        let name = format!("{}_{}_capacity", clean(&e.name), names.ports[i]);
        let d = p.capacity().scale(p.parts() as i64);
        function(name, format!("Length of `{}` of `{}`, in reals.", names.ports[i], e.name), &d);
    }
}

fn const_dim(d: &Dim, leaf: &dyn Fn(LengthId) -> String) -> String {
    fn extreme(a: &Dim, b: &Dim, o: &str, leaf: &dyn Fn(LengthId) -> String) -> String {
        let (x, y) = (const_dim(a, leaf), const_dim(b, leaf));
        format!("(if {x} {o} {y} {{ {x} }} else {{ {y} }})")
    }
    fn atom(a: &Atom, leaf: &dyn Fn(LengthId) -> String) -> String {
        match a {
            Atom::Max(a, b) => extreme(a, b, ">", leaf),
            Atom::Min(a, b) => extreme(a, b, "<", leaf),
            Atom::Div(d, k) => format!("({}).div_euclid({k})", const_dim(d, leaf)),
            Atom::Product(f) => f.iter().map(|a| atom(a, leaf)).collect::<Vec<_>>().join(" * "),
            Atom::Length(l) => leaf(*l),
            Atom::Value(_) => "0_i64".to_string(),
        }
    }
    let mut s = format!("({}_i64", d.constant);
    for (a, k) in &d.terms {
        s.push_str(&format!(" + ({k}) * {}", atom(a, leaf)));
    }
    s.push(')');
    s
}

/// Fields of what an entry gives back: name, type.
pub(super) fn returned(e: &Entry, names: &Names) -> Vec<(String, String)> {
    e.outs
        .iter()
        .enumerate()
        .map(|(i, o)| {
            let ty = match o {
                Out::Length(..) => "usize".to_string(),
                Out::Value(p) => {
                    let port = &e.ports[*p];
                    let ty = rust_type(Ty::of(port.dtype));
                    if port.dtype.is_complex() { format!("[{ty}; 2]") } else { ty.to_string() }
                }
            };
            (names.outs[i].clone(), ty)
        })
        .collect()
}

fn output_type(e: &Entry, names: &Names) -> String {
    match &returned(e, names)[..] {
        [] => "()".to_string(),
        [(_, ty)] => ty.clone(),
        _ => format!("{}Output", camel(&e.name)),
    }
}

fn outputs(program: &Program, e: &Entry, t: &mut Text) {
    let names = Names::entry(program, e);
    let fields = returned(e, &names);
    if fields.len() < 2 {
        return;
    }
    t.line(format!("/// What `{}` gives besides its slices.", e.name));
    t.line(format!("#[derive(Clone, Copy, Debug, PartialEq)]\npub struct {}Output {{", camel(&e.name)));
    for ((name, ty), o) in fields.iter().zip(&e.outs) {
        let what = match o {
            Out::Length(p, axis) => format!("Extent of axis {axis} of `{}`.", names.ports[*p]),
            Out::Value(_) => format!("Output `{name}`."),
        };
        t.line(format!("    /// {what}\n    pub {name}: {ty},"));
    }
    t.line("}\n");
}

fn kernel(program: &Program, k: &Kernel, t: &mut Text) {
    let names = Names::kernel(program, k);
    let params: Vec<String> = k
        .params
        .iter()
        .map(|v| format!("{}: {}", names.vars[v.0 as usize], rust_type(k.body.vars[v.0 as usize].ty)))
        .collect();
    let types: Vec<&str> = k.results.iter().map(|e| rust_type(e.ty)).collect();
    let value = if types.len() == 1 { types[0].to_string() } else { format!("({})", types.join(", ")) };
    let returns = if k.fallible { format!("Result<{value}, Error>") } else { value };
    t.from(k.span, format!("#[inline]\nfn {}({}) -> {returns} {{", clean(&k.name), params.join(", ")));
    t.indent();
    let mut code = Code { p: Printer { program, body: &k.body, names: &names }, t: Text::default(), entry: None };
    code.block(&k.body.stmts);
    let results: Vec<String> = k.results.iter().map(|e| code.p.top(e)).collect();
    let value = if results.len() == 1 { results[0].clone() } else { format!("({})", results.join(", ")) };
    append(t, code.t);
    t.from(k.span, if k.fallible { format!("Ok({value})") } else { value });
    t.dedent();
    t.line("}\n");
}

fn append(t: &mut Text, inner: Text) {
    for (l, s) in inner.text.lines().zip(inner.lines) {
        t.from(s, l);
    }
}

/// Parameters of an entry, without `self`.
pub(super) fn parameters(e: &Entry, names: &Names) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for p in &e.params {
        match p {
            ApiParam::Length(_) => out.push((names.param(e, p), "usize".to_string())),
            ApiParam::Port(i) => {
                let port = &e.ports[*i];
                let ty = rust_type(Ty::of(port.dtype));
                match port.direction {
                    Direction::In if port.is_scalar() => {
                        out.extend(port.vars.iter().map(|v| (names.vars[v.0 as usize].clone(), ty.to_string())));
                    }
                    Direction::In => out.push((names.ports[*i].clone(), format!("&[{ty}]"))),
                    _ if port.is_scalar() => {}
                    _ => out.push((names.ports[*i].clone(), format!("&mut [{ty}]"))),
                }
            }
            ApiParam::Out(_) => {}
        }
    }
    for (ty, _) in workspaces(&e.body) {
        let ty = rust_type(ty);
        out.push((format!("work_{ty}"), format!("&mut [{ty}]")));
    }
    out
}

fn entry(program: &Program, e: &Entry, t: &mut Text) {
    let names = Names::entry(program, e);
    let mut params: Vec<String> = parameters(e, &names).into_iter().map(|(n, t)| format!("{n}: {t}")).collect();
    if !program.state.is_empty() {
        params.insert(0, "&mut self".to_string());
    }
    t.from(e.span, format!("/// {}", e.name));
    let leaf = |l| names.length(e, l);
    for (i, p) in e.ports.iter().enumerate() {
        let shape: String = p.shape.iter().map(|d| format!("[{}]", dim(d, &leaf).replace("_i64", ""))).collect();
        let dir = match p.direction {
            Direction::In => "in",
            Direction::Out => "out",
            Direction::InOut => "in and out",
        };
        t.line(format!("///\n/// - `{}`: {dir}, {}`{shape}`", names.ports[i], p.dtype).replace("``", ""));
    }
    for (i, (id, _)) in e.lengths.iter().enumerate() {
        let (lo, hi) = program.limits(*id);
        t.line(format!("///\n/// - `{}`: length, {lo} to {hi}", names.lengths[i]));
    }
    t.line("///\n/// # Errors\n/// The faults of the source; a length outside its limits; a slice that is too short.");
    t.from(
        e.span,
        format!("pub fn {}({}) -> Result<{}, Error> {{", clean(&e.name), params.join(", "), output_type(e, &names)),
    );
    t.indent();
    let mut code = Code { p: Printer { program, body: &e.body, names: &names }, t: Text::default(), entry: Some(e) };
    code.lengths(e);
    code.buffers(e);
    code.block(&e.body.stmts);
    append(t, code.t);
    let fields = returned(e, &names);
    let value = match &fields[..] {
        [] => "()".to_string(),
        [(n, _)] => format!("out_{n}"),
        many => {
            let list: Vec<String> = many.iter().map(|(n, _)| format!("{n}: out_{n}")).collect();
            format!("{}Output {{ {} }}", camel(&e.name), list.join(", "))
        }
    };
    t.line(format!("Ok({value})"));
    t.dedent();
    t.line("}\n");
}

/// Statements of one function.
struct Code<'a> {
    p: Printer<'a>,
    t: Text,
    entry: Option<&'a Entry>,
}

impl Code<'_> {
    fn lengths(&mut self, e: &Entry) {
        for (i, (id, v)) in e.lengths.iter().enumerate() {
            let (lo, hi) = self.p.program.limits(*id);
            let n = &self.p.names.lengths[i];
            let low = if lo > 0 { format!("{n} < {lo} || ") } else { String::new() };
            self.t.line(format!("if {low}{n} > {hi} {{\n    return Err(Error::BadLength);\n}}"));
            let var = &self.p.names.vars[v.0 as usize];
            self.t.line(format!("let {var} = {n} as i64;"));
        }
    }

    /// Cuts every slice to its exact length and takes the workspaces apart.
    fn buffers(&mut self, e: &Entry) {
        let p = &self.p;
        let leaf = |l: LengthId| {
            e.lengths
                .iter()
                .find(|(id, _)| *id == l)
                .map_or("0_i64".into(), |(_, v)| p.names.vars[v.0 as usize].clone())
        };
        for (i, port) in e.ports.iter().enumerate().filter(|(_, q)| !q.is_scalar()) {
            let name = &p.names.ports[i];
            let d = port.capacity().scale(port.parts() as i64);
            let (get, mutable) = if port.direction == Direction::In { ("get", "") } else { ("get_mut", "mut ") };
            self.t.line(format!(
                "let {name}: &{mutable}[_] = {name}.{get}(..({}) as usize).ok_or(Error::BufferTooSmall)?;",
                dim(&d, &leaf)
            ));
        }
        for b in c::used_buffers(&e.body) {
            let data = &e.body.bufs[b.0 as usize];
            let name = &p.names.bufs[b.0 as usize];
            let ty = rust_type(data.ty);
            match &data.kind {
                BufKind::Local(n) => {
                    self.t.line(format!("let mut {name} = [{}; {n}];", literal(data.ty, 0, true)));
                }
                BufKind::State(s) => {
                    let f = &p.program.state[*s];
                    if !f.shape.is_empty() || f.dtype.is_complex() {
                        self.t.line(format!("let {name} = &mut self.{};", clean(&f.name)));
                    }
                }
                BufKind::Work(reals) => {
                    self.t.line(format!(
                        "let ({name}, work_{ty}) = work_{ty}.split_at_mut_checked(({}) as usize).ok_or(Error::BufferTooSmall)?;",
                        dim(reals, &leaf)
                    ));
                }
                BufKind::Port(_) | BufKind::Table(_) => {}
            }
        }
    }

    fn block(&mut self, stmts: &[Stmt]) {
        for s in stmts {
            self.stmt(s);
        }
    }
    fn nested(&mut self, stmts: &[Stmt]) {
        self.t.indent();
        self.block(stmts);
        self.t.dedent();
    }
    fn name(&self, v: VarId) -> String {
        self.p.names.vars[v.0 as usize].clone()
    }

    fn stmt(&mut self, s: &Stmt) {
        let span = s.span;
        let line = match &s.kind {
            StmtKind::Let(v, e) => format!("let {}: {} = {};", self.name(*v), rust_type(e.ty), self.p.top(e)),
            StmtKind::Mut(v, e) => format!("let mut {}: {} = {};", self.name(*v), rust_type(e.ty), self.p.top(e)),
            StmtKind::Assign(v, e) => format!("{} = {};", self.name(*v), self.p.top(e)),
            StmtKind::Checked(v, op, a, b) => {
                let f = match op {
                    CheckedOp::Add => "checked_add",
                    CheckedOp::Sub => "checked_sub",
                    CheckedOp::Mul => "checked_mul",
                };
                let (a, b) = (self.p.expr(a), self.p.top(b));
                format!("let {}: i64 = {a}.{f}({b}).ok_or(Error::Overflow)?;", self.name(*v))
            }
            StmtKind::Store(b, at, e) => format!("{} = {};", self.p.place(*b, at), self.p.top(e)),
            StmtKind::Copy { dst, dst_at, src, src_at, len } => {
                let shift = |at: &Expr| {
                    if at.as_int() == Some(0) {
                        "pm_i as usize".to_string()
                    } else {
                        format!("({} + pm_i) as usize", self.p.expr(at))
                    }
                };
                let (d, s) = (self.p.buffer(*dst), self.p.buffer(*src));
                let (da, sa) = (shift(dst_at), shift(src_at));
                format!("for pm_i in 0..{} {{\n    {d}[{da}] = {s}[{sa}];\n}}", self.p.expr(len))
            }
            StmtKind::For { var, lo, hi, step, body } => return self.for_loop(span, *var, (lo, hi, *step), body),
            StmtKind::Loop { head, cond, body } => {
                if head.is_empty() {
                    let c = self.p.top(cond);
                    self.t.from(span, format!("while {c} {{"));
                } else {
                    self.t.from(span, "loop {");
                    self.nested(head);
                    let c = self.p.expr(cond);
                    self.t.indent();
                    self.t.from(span, format!("if !{c} {{\n    break;\n}}"));
                    self.t.dedent();
                }
                self.nested(body);
                "}".to_string()
            }
            StmtKind::If { cond, then, otherwise } => {
                let (c, then, otherwise) = if then.is_empty() {
                    (format!("!{}", self.p.expr(cond)), otherwise, then)
                } else {
                    (self.p.top(cond), then, otherwise)
                };
                self.t.from(span, format!("if {c} {{"));
                self.nested(then);
                if !otherwise.is_empty() {
                    self.t.from(span, "} else {");
                    self.nested(otherwise);
                }
                "}".to_string()
            }
            StmtKind::Fail(code) => format!("return Err({});", error(self.p.program, *code)),
            StmtKind::Call { results, kernel, args } => {
                let k = &self.p.program.kernels[*kernel];
                let args: Vec<String> = args.iter().map(|a| self.p.top(a)).collect();
                let names: Vec<String> = results.iter().map(|v| self.name(*v)).collect();
                let pattern = if names.len() == 1 { names[0].clone() } else { format!("({})", names.join(", ")) };
                let q = if k.fallible { "?" } else { "" };
                format!("let {pattern} = {}({}){q};", clean(&k.name), args.join(", "))
            }
            StmtKind::SetOut(i, values) => {
                let Some(e) = self.entry else { return };
                let name = &self.p.names.outs[*i];
                match &e.outs[*i] {
                    Out::Length(..) => format!("let out_{name} = {} as usize;", self.p.expr(&values[0])),
                    Out::Value(_) if values.len() == 1 => format!("let out_{name} = {};", self.p.top(&values[0])),
                    Out::Value(_) => {
                        let v: Vec<String> = values.iter().map(|v| self.p.top(v)).collect();
                        format!("let out_{name} = [{}];", v.join(", "))
                    }
                }
            }
        };
        self.t.from(span, line);
    }

    fn for_loop(
        &mut self,
        span: Option<proofmark_base::diagnostics::Span>,
        var: VarId,
        (lo, hi, step): (&Expr, &Expr, i64),
        body: &[Stmt],
    ) {
        let i = self.name(var);
        let (lo, hi) = (self.p.expr(lo), self.p.expr(hi));
        match step {
            1 => self.t.from(span, format!("for {i} in {lo}..{hi} {{")),
            k => {
                let (test, sign) = if k > 0 { ("<", "+") } else { (">", "-") };
                self.t.from(
                    span,
                    format!("let mut {i}: i64 = {lo};\nlet pm_end_{i}: i64 = {hi};\nwhile {i} {test} pm_end_{i} {{"),
                );
                self.nested(body);
                self.t.indent();
                self.t.from(span, format!("{i} {sign}= {};", k.abs()));
                self.t.dedent();
                self.t.from(span, "}");
                return;
            }
        }
        self.nested(body);
        self.t.from(span, "}");
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn camel_case() {
        assert_eq!(super::camel("INDEX_ERROR_2"), "IndexError2");
        assert_eq!(super::camel("fm_receiver"), "FmReceiver");
    }
}
