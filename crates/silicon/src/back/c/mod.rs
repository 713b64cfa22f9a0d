//! C99: one header with the documented interface, one source file. No heap, no globals but constants.

mod expr;
mod gcc;
mod header;
mod runtime;

use super::names::{Names, clean, entry_name};
use super::printer::Text;
use super::{Backend, EmittedFiles};
use crate::hir::{Atom, Dim, LengthId, Module};
use crate::lir::mutate::{has_mutants, has_probes};
use crate::lir::{
    ApiParam, Body, BufKind, CheckedOp, Direction, Entry, Expr, ExprKind, Kernel, MAX_LENGTH, OVERFLOW, Out, Program,
    Stmt, StmtKind, Table, Ty, VarId,
};
pub(super) use expr::c_dtype;
use expr::{Printer, c_type, literal};
use proofmark_base::diagnostics::Diagnostic;
use runtime::Helpers;
use std::collections::BTreeSet;

/// The C99 back end.
#[derive(Clone, Copy, Debug, Default)]
pub struct C;

impl Backend for C {
    fn name(&self) -> &'static str {
        "c"
    }
    fn validate(&self, _module: &Module) -> Vec<Diagnostic> {
        // every HIR operation has a C form
        Vec::new()
    }
    fn emit(&self, program: &Program) -> EmittedFiles {
        let mut out = EmittedFiles::default();
        let name = clean(&program.name);
        out.add(format!("{name}.h"), header::header(program));
        out.add(format!("{name}.c"), source(program));
        out
    }
}

/// Upper-case prefix of macros and statuses.
fn upper(program: &Program) -> String {
    clean(&program.name).to_ascii_uppercase()
}

fn status_type(program: &Program) -> String {
    format!("{}_status", clean(&program.name))
}

fn status(program: &Program, code: u32) -> String {
    let name = program.statuses.iter().find(|s| s.code == code).map_or("OK", |s| &s.name);
    format!("{}_{name}", upper(program))
}

/// Bytes of the caller's workspace: a multiple of 64 for every buffer in it.
pub(super) fn work_bytes(body: &Body) -> Option<Dim> {
    let mut total = None;
    for b in used_buffers(body) {
        let data = &body.bufs[b.0 as usize];
        if let BufKind::Work(reals) = &data.kind {
            let bytes = aligned(reals, data.ty);
            total = Some(total.unwrap_or_default()).map(|t: Dim| t.add(&bytes));
        }
    }
    total
}

fn aligned(reals: &Dim, ty: Ty) -> Dim {
    reals.scale(ty.size() as i64).offset(63).div(64).scale(64)
}

/// Buffers that occur in the code, in order.
pub(super) fn used_buffers(body: &Body) -> BTreeSet<crate::lir::BufId> {
    let mut used = BTreeSet::new();
    body.visit_exprs(&mut |e| {
        if let ExprKind::Load(b, _) = e.kind {
            used.insert(b);
        }
    });
    for s in &body.stmts {
        s.visit(&mut |s| match &s.kind {
            StmtKind::Store(b, ..) => {
                used.insert(*b);
            }
            StmtKind::Copy { dst, src, .. } => {
                used.insert(*dst);
                used.insert(*src);
            }
            _ => {}
        });
    }
    used
}

/// A dimension as an int64 expression.
pub(super) fn dim(d: &Dim, leaf: &dyn Fn(LengthId) -> String) -> String {
    fn atom(a: &Atom, leaf: &dyn Fn(LengthId) -> String) -> String {
        let pick = |a: &Dim, b: &Dim, o: &str| {
            let (x, y) = (dim(a, leaf), dim(b, leaf));
            format!("({x} {o} {y} ? {x} : {y})")
        };
        match a {
            Atom::Length(l) => leaf(*l),
            // capacities are bounds: no run-time value is left in them
            Atom::Value(_) => "0".to_string(),
            Atom::Div(d, k) => {
                let x = dim(d, leaf);
                // floor, also below zero
                if d.constant >= 0 && d.terms.iter().all(|(_, c)| *c >= 0) {
                    format!("({x} / {k})")
                } else {
                    format!("({x} >= 0 ? {x} / {k} : -(({} - {x}) / {k}))", k - 1)
                }
            }
            Atom::Product(f) => f.iter().map(|a| atom(a, leaf)).collect::<Vec<_>>().join(" * "),
            Atom::Max(a, b) => pick(a, b, ">"),
            Atom::Min(a, b) => pick(a, b, "<"),
        }
    }
    let mut s = String::new();
    for (a, c) in &d.terms {
        let (sign, c) = if *c < 0 { ("-", -c) } else { ("+", *c) };
        if s.is_empty() {
            s.push_str(if sign == "-" { "-" } else { "" });
        } else {
            s.push_str(&format!(" {sign} "));
        }
        if c != 1 {
            s.push_str(&format!("{c} * "));
        }
        s.push_str(&atom(a, leaf));
    }
    if s.is_empty() {
        return d.constant.to_string();
    }
    match d.constant {
        0 => {}
        k if k < 0 => s.push_str(&format!(" - {}", -k)),
        k => s.push_str(&format!(" + {k}")),
    }
    if d.terms.len() > 1 || d.constant != 0 { format!("({s})") } else { s }
}

/// Type and name of every parameter of an entry; `restrict` only where it is defined.
fn parameters(program: &Program, e: &Entry, names: &Names, restrict: bool) -> Vec<String> {
    let mut out = Vec::new();
    let r = if restrict { "restrict " } else { "" };
    if !program.state.is_empty() {
        out.push(format!("{}_state *{r}self", clean(&program.name)));
    }
    for p in &e.params {
        match p {
            ApiParam::Length(_) => out.push(format!("size_t {}", names.param(e, p))),
            ApiParam::Port(i) => {
                let port = &e.ports[*i];
                let t = c_dtype(port.dtype);
                let name = &names.ports[*i];
                match port.direction {
                    Direction::In if port.is_scalar() => {
                        for v in &port.vars {
                            out.push(format!("{t} {}", names.vars[v.0 as usize]));
                        }
                    }
                    Direction::In => out.push(format!("const {t} *{r}{name}")),
                    _ => out.push(format!("{t} *{r}{name}")),
                }
            }
            ApiParam::Out(i) => out.push(format!("size_t *{r}{}", names.outs[*i])),
        }
    }
    if work_bytes(&e.body).is_some() {
        out.push(format!("void *{r}work"));
    }
    if out.is_empty() {
        out.push("void".to_string());
    }
    out
}

fn source(program: &Program) -> Text {
    let name = clean(&program.name);
    let mut helpers = Helpers::default();
    let mut code = Text::default();
    for k in &program.kernels {
        kernel(program, k, &mut helpers, &mut code);
    }
    if !program.state.is_empty() {
        init(program, &mut code);
    }
    for e in &program.entries {
        let names = Names::entry(program, e);
        for (f, params, value, _, _) in header::size_functions(program, e, &names) {
            code.line(format!("size_t {f}({params})\n{{\n    return (size_t)({value});\n}}\n"));
        }
        entry(program, e, &mut helpers, &mut code);
    }
    let mut t = Text::default();
    t.line(format!("#include \"{name}.h\"\n"));
    t.line("#include <math.h>\n");
    t.line("/* The results below are exact to the bit only if the compiler neither reassociates nor contracts. */");
    t.line("#if defined(__FAST_MATH__)\n#error \"do not compile this file with -ffast-math\"\n#endif");
    t.line("#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0 && __FLT_EVAL_METHOD__ != 16");
    t.line(
        "#error \"float and double must be evaluated in their own precision (x86-32: -msse2 -mfpmath=sse)\"\n#endif",
    );
    t.line("#if defined(__clang__) || !defined(__GNUC__)\n#pragma STDC FP_CONTRACT OFF");
    t.line("#else\n#pragma GCC optimize(\"fp-contract=off\")");
    gcc::guards(program).into_iter().for_each(|line| t.line(line));
    t.line("#endif\n");
    if program.bodies().any(|b| b.bufs.iter().any(|b| matches!(b.kind, BufKind::Local(_)))) {
        t.line("#if defined(__GNUC__)\n#define PM_ALIGNED __attribute__((aligned(64)))\n#else\n#define PM_ALIGNED\n#endif\n");
    }
    if has_mutants(program) {
        t.line("/* which seeded fault is on */\nextern int pm_mutant;\n");
        if has_probes(program) {
            t.line("/* how often a fault was met, and gave another value */\nextern unsigned long long pm_seen[2];\n");
        }
    }
    for h in helpers.text() {
        t.line(h);
        t.line("");
    }
    let used = used_tables(program);
    for (i, table) in program.tables.iter().enumerate() {
        if used.contains(&i) {
            print_table(table, &mut t);
        }
    }
    t.append(code);
    t
}

/// Tables that occur in code or hold initial state that is not all zero.
pub(super) fn used_tables(program: &Program) -> BTreeSet<usize> {
    let mut used: BTreeSet<usize> = program
        .state
        .iter()
        .filter(|f| !f.shape.is_empty() && program.tables[f.init].data.iter().any(|b| *b != 0))
        .map(|f| f.init)
        .collect();
    for body in program.bodies() {
        for b in used_buffers(body) {
            if let BufKind::Table(t) = body.bufs[b.0 as usize].kind {
                used.insert(t);
            }
        }
    }
    used
}

/// The reals of a table, as LIR constants.
pub(super) fn table_reals(t: &Table) -> Vec<(Ty, u64)> {
    let ty = Ty::of(t.dtype);
    t.data.chunks_exact(ty.size()).map(|c| (ty, crate::dtype::Scalar::from_le_bytes(ty.dtype(), c).re)).collect()
}

fn print_table(table: &Table, t: &mut Text) {
    let shape: Vec<String> = table.shape.iter().map(usize::to_string).collect();
    let from = table.provenance.replace("*/", "* /").replace('\n', " ");
    t.line(format!("/* {}[{}]{}{} */", table.dtype, shape.join("]["), if from.is_empty() { "" } else { ": " }, from));
    let reals = table_reals(table);
    let c = c_dtype(table.dtype);
    t.line(format!("static const {c} {}[{}] = {{", clean(&table.name), reals.len().max(1)));
    t.indent();
    if reals.is_empty() {
        t.line("0");
    }
    for row in reals.chunks(6) {
        let row: Vec<String> = row.iter().map(|(ty, b)| literal(*ty, *b)).collect();
        t.line(format!("{},", row.join(", ")));
    }
    t.dedent();
    t.line("};\n");
}

fn init(program: &Program, t: &mut Text) {
    let name = clean(&program.name);
    t.line(format!("void {name}_init({name}_state *self)\n{{"));
    t.indent();
    for f in &program.state {
        let field = clean(&f.name);
        let table = &program.tables[f.init];
        let reals = table_reals(table);
        let zero = |ty: Ty| literal(ty, 0);
        if f.shape.is_empty() && !f.dtype.is_complex() {
            if let Some((ty, b)) = reals.first() {
                t.line(format!("self->{field} = {};", literal(*ty, *b)));
            }
        } else if f.shape.is_empty() {
            for (k, (ty, b)) in reals.iter().enumerate() {
                t.line(format!("self->{field}[{k}] = {};", literal(*ty, *b)));
            }
        } else if f.reals() > 0 {
            let value = if table.data.iter().all(|b| *b == 0) {
                zero(Ty::of(f.dtype))
            } else {
                format!("{}[i]", clean(&table.name))
            };
            t.line(format!("for (size_t i = 0; i < {}U; i++) {{", f.reals()));
            t.line(format!("    self->{field}[i] = {value};\n}}"));
        }
    }
    t.dedent();
    t.line("}\n");
}

fn kernel(program: &Program, k: &Kernel, helpers: &mut Helpers, t: &mut Text) {
    let names = Names::kernel(program, k);
    let ty = |v: &VarId| c_type(k.body.vars[v.0 as usize].ty);
    let mut params: Vec<String> = k.params.iter().map(|v| format!("{} {}", ty(v), names.vars[v.0 as usize])).collect();
    let single = k.results.len() == 1 && !k.fallible;
    let returns = if single {
        c_type(k.results[0].ty).to_string()
    } else {
        params.extend(k.results.iter().enumerate().map(|(i, e)| format!("{} *pm_out{i}", c_type(e.ty))));
        if k.fallible { status_type(program) } else { "void".to_string() }
    };
    if params.is_empty() {
        params.push("void".to_string());
    }
    t.from(k.span, format!("static inline {returns} {}({})\n{{", clean(&k.name), params.join(", ")));
    t.indent();
    let mut body =
        Code { p: Printer { program, body: &k.body, names: &names, helpers }, t: Text::default(), entry: None };
    body.block(&k.body.stmts);
    let results: Vec<String> = k.results.iter().map(|e| body.p.top(e)).collect();
    let text = body.t;
    for v in &k.params {
        let name = &names.vars[v.0 as usize];
        if !mentions(&text.text, name) && !results.iter().any(|r| mentions(r, name)) {
            t.line(format!("(void){name};"));
        }
    }
    append_indented(t, text);
    if single {
        t.from(k.span, format!("return {};", results[0]));
    } else {
        for (i, r) in results.iter().enumerate() {
            t.from(k.span, format!("*pm_out{i} = {r};"));
        }
        if k.fallible {
            t.line(format!("return {};", status(program, crate::lir::OK)));
        }
    }
    t.dedent();
    t.line("}\n");
}

/// Appends text one level deeper.
fn append_indented(t: &mut Text, inner: Text) {
    for (l, s) in inner.text.lines().zip(inner.lines) {
        t.from(s, l);
    }
}

/// Whether an identifier occurs in text.
fn mentions(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices(name).any(|(i, _)| {
        !text[..i].chars().next_back().is_some_and(word) && !text[i + name.len()..].chars().next().is_some_and(word)
    })
}

fn entry(program: &Program, e: &Entry, helpers: &mut Helpers, t: &mut Text) {
    let names = Names::entry(program, e);
    let params = parameters(program, e, &names, true);
    let public = entry_name(program, &e.name);
    let mut code =
        Code { p: Printer { program, body: &e.body, names: &names, helpers }, t: Text::default(), entry: Some(e) };
    let parts = code.work_parts(e);
    if parts.len() < 2 {
        code.lengths(e, true);
        for (declared, at) in parts {
            code.t.line(format!("{declared} = {at};"));
        }
        code.buffers(e);
        code.block(&e.body.stmts);
        return function(program, e, (&public, ""), &params, code.t, None, t);
    }
    // clang takes `restrict` at its word for parameters only, and else suspects the parts of the workspace of overlapping
    let inner = format!("pm_run_{public}");
    let (outside, work) = params.split_at(params.len() - 1);
    let (declared, places): (Vec<String>, Vec<String>) = parts.into_iter().unzip();
    code.lengths(e, false);
    code.buffers(e);
    code.block(&e.body.stmts);
    let body = std::mem::take(&mut code.t);
    let inside: Vec<String> = outside.iter().cloned().chain(declared).collect();
    function(program, e, (&inner, "static inline "), &inside, body, None, t);
    code.lengths(e, true);
    let given = outside.iter().chain(work).map(|p| parameter_name(p)).take(outside.len());
    let given: Vec<String> = given.map(str::to_string).chain(places).collect();
    let call = format!("{inner}({})", given.join(", "));
    function(program, e, (&public, ""), &params, code.t, Some(call), t);
}

/// The name in a parameter's declaration.
fn parameter_name(declared: &str) -> &str {
    declared.rsplit([' ', '*']).next().unwrap_or(declared)
}

/// Prints a function that returns a status: of the call, else `OK`.
fn function(
    program: &Program,
    e: &Entry,
    (name, storage): (&str, &str),
    params: &[String],
    text: Text,
    call: Option<String>,
    t: &mut Text,
) {
    let span = e.span;
    t.from(span, format!("{storage}{} {name}({})\n{{", status_type(program), params.join(", ")));
    t.indent();
    let result = call.unwrap_or_else(|| status(program, crate::lir::OK));
    for n in params.iter().map(|p| parameter_name(p)).filter(|n| *n != "void") {
        if !mentions(&text.text, n) && !mentions(&result, n) {
            t.line(format!("(void){n};"));
        }
    }
    append_indented(t, text);
    t.line(format!("return {result};"));
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
    /// Makes the named lengths int64, after a check.
    fn lengths(&mut self, e: &Entry, check: bool) {
        for (i, (id, v)) in e.lengths.iter().enumerate() {
            let (lo, hi) = self.p.program.limits(*id);
            let n = &self.p.names.lengths[i];
            let mut tests = Vec::new();
            if lo > 0 {
                tests.push(format!("{n} < {lo}U"));
            }
            if hi <= MAX_LENGTH {
                tests.push(format!("{n} > {hi}U"));
            }
            let fail = status(self.p.program, crate::lir::BAD_LENGTH);
            if check {
                self.t.line(format!("if ({}) {{\n    return {fail};\n}}", tests.join(" || ")));
            }
            let mut used = false;
            e.body.visit_exprs(&mut |x| used |= x.kind == ExprKind::Var(*v));
            used |= used_buffers(&e.body)
                .iter()
                .any(|b| matches!(&e.body.bufs[b.0 as usize].kind, BufKind::Work(d) if d.as_const().is_none()));
            if used {
                let var = &self.p.names.vars[v.0 as usize];
                self.t.line(format!("const int64_t {var} = (int64_t){n};"));
                self.t.line(format!("(void){var};"));
            }
        }
    }

    /// Declaration and value of a pointer to every part of the workspace.
    fn work_parts(&self, e: &Entry) -> Vec<(String, String)> {
        let (mut offset, mut out) = (Dim::default(), Vec::new());
        let vars = &self.p.names.vars;
        let leaf = |l: LengthId| {
            e.lengths.iter().find(|(id, _)| *id == l).map_or("0".to_string(), |(_, v)| vars[v.0 as usize].clone())
        };
        for b in used_buffers(&e.body) {
            let data = &e.body.bufs[b.0 as usize];
            if let BufKind::Work(reals) = &data.kind {
                let c = c_type(data.ty);
                let at = dim(&offset, &leaf);
                let base =
                    if at == "0" { "work".to_string() } else { format!("(void *)((unsigned char *)work + {at})") };
                let name = &self.p.names.bufs[b.0 as usize];
                out.push((format!("{c} *const restrict {name}"), format!("({c} *){base}")));
                offset = offset.add(&aligned(reals, data.ty));
            }
        }
        out
    }

    /// Declares local arrays and pointers to state.
    fn buffers(&mut self, e: &Entry) {
        for b in used_buffers(&e.body) {
            let data = &e.body.bufs[b.0 as usize];
            let name = self.p.names.bufs[b.0 as usize].clone();
            let c = c_type(data.ty);
            match &data.kind {
                BufKind::Local(n) => self.t.line(format!("PM_ALIGNED {c} {name}[{}];", (*n).max(1))),
                BufKind::State(s) => {
                    let f = &self.p.program.state[*s];
                    if !f.shape.is_empty() || f.dtype.is_complex() {
                        self.t.line(format!("{c} *const restrict {name} = self->{};", clean(&f.name)));
                    }
                }
                BufKind::Work(_) | BufKind::Port(_) | BufKind::Table(_) => {}
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

    /// Whether an expression may have another value later in the loop body.
    fn changes(&self, e: &Expr, body: &[Stmt]) -> bool {
        let mut assigned = BTreeSet::new();
        let mut stored = false;
        for s in body {
            s.visit(&mut |s| match &s.kind {
                StmtKind::Assign(v, _) => {
                    assigned.insert(*v);
                }
                StmtKind::Store(..) | StmtKind::Copy { .. } => stored = true,
                _ => {}
            });
        }
        let mut found = false;
        e.visit(&mut |e| match &e.kind {
            ExprKind::Var(v) => found |= assigned.contains(v),
            ExprKind::Load(..) => found |= stored,
            // a call in a loop condition is not hoisted by every compiler
            ExprKind::Binary(op, ..) => {
                found |=
                    !matches!(op, crate::lir::BinOp::IdxAdd | crate::lir::BinOp::IdxSub | crate::lir::BinOp::IdxMul)
            }
            _ => {}
        });
        found
    }

    fn stmt(&mut self, s: &Stmt) {
        let span = s.span;
        match &s.kind {
            StmtKind::Let(v, e) => {
                let e2 = self.p.top(e);
                let line = format!("const {} {} = {e2};", c_type(e.ty), self.name(*v));
                self.t.from(span, line);
            }
            StmtKind::Mut(v, e) => {
                let e2 = self.p.top(e);
                let line = format!("{} {} = {e2};", c_type(e.ty), self.name(*v));
                self.t.from(span, line);
            }
            StmtKind::Assign(v, e) => {
                let e = self.p.top(e);
                let line = format!("{} = {e};", self.name(*v));
                self.t.from(span, line);
            }
            StmtKind::Checked(v, op, a, b) => {
                let (a, b) = (self.p.expr(a), self.p.expr(b));
                let (f, sign) = match op {
                    CheckedOp::Add => ("add_overflows", "+"),
                    CheckedOp::Sub => ("sub_overflows", "-"),
                    CheckedOp::Mul => ("mul_overflows", "*"),
                };
                let f = self.p.helpers.need(f, Ty::I64);
                let fail = status(self.p.program, OVERFLOW);
                self.t.from(span, format!("if ({f}({a}, {b})) {{\n    return {fail};\n}}"));
                let line = format!("const int64_t {} = {a} {sign} {b};", self.name(*v));
                self.t.from(span, line);
                let unused = format!("(void){};", self.name(*v));
                self.t.from(span, unused);
            }
            StmtKind::Store(b, at, e) => {
                let e = self.p.top(e);
                let place = self.p.place(*b, at);
                self.t.from(span, format!("{place} = {e};"));
            }
            StmtKind::Copy { dst, dst_at, src, src_at, len } => {
                let (d, s) = (self.p.names.bufs[dst.0 as usize].clone(), self.p.names.bufs[src.0 as usize].clone());
                let shift = |p: &mut Printer, at: &Expr| {
                    if at.as_int() == Some(0) { "pm_i".to_string() } else { format!("{} + pm_i", p.expr(at)) }
                };
                let (da, sa) = (shift(&mut self.p, dst_at), shift(&mut self.p, src_at));
                let len = self.p.top(len);
                self.t.from(
                    span,
                    format!("for (int64_t pm_i = 0; pm_i < {len}; pm_i++) {{\n    {d}[{da}] = {s}[{sa}];\n}}"),
                );
            }
            StmtKind::For { var, lo, hi, step, body } => {
                let lo = self.p.top(lo);
                let hoist = self.changes(hi, body);
                let mut end = self.p.expr(hi);
                let i = self.name(*var);
                if hoist {
                    let bound = self.p.top(hi);
                    end = format!("pm_end_{i}");
                    self.t.from(span, format!("const int64_t {end} = {bound};"));
                }
                let (test, next) = match step {
                    1 => ("<", format!("{i}++")),
                    -1 => (">", format!("{i}--")),
                    k if *k > 0 => ("<", format!("{i} += {k}")),
                    k => (">", format!("{i} -= {}", -k)),
                };
                self.t.from(span, format!("for (int64_t {i} = {lo}; {i} {test} {end}; {next}) {{"));
                self.nested(body);
                self.t.from(span, "}");
            }
            StmtKind::Loop { head, cond, body } => {
                if head.is_empty() {
                    let c = self.p.top(cond);
                    self.t.from(span, format!("while ({c}) {{"));
                    self.nested(body);
                } else {
                    self.t.from(span, "for (;;) {");
                    self.nested(head);
                    let c = self.p.top(cond);
                    self.t.indent();
                    self.t.from(span, format!("if (!({c})) {{\n    break;\n}}"));
                    self.block(body);
                    self.t.dedent();
                }
                self.t.from(span, "}");
            }
            StmtKind::If { cond, then, otherwise } => {
                if then.is_empty() {
                    let c = self.p.expr(cond);
                    self.t.from(span, format!("if (!{c}) {{"));
                    self.nested(otherwise);
                } else {
                    let c = self.p.top(cond);
                    self.t.from(span, format!("if ({c}) {{"));
                    self.nested(then);
                    if !otherwise.is_empty() {
                        self.t.from(span, "} else {");
                        self.nested(otherwise);
                    }
                }
                self.t.from(span, "}");
            }
            StmtKind::Fail(code) => {
                let s = status(self.p.program, *code);
                self.t.from(span, format!("return {s};"));
            }
            StmtKind::Call { results, kernel, args } => {
                let k = &self.p.program.kernels[*kernel];
                let f = clean(&k.name);
                let mut args: Vec<String> = args.iter().map(|a| self.p.top(a)).collect();
                let c = |r: &Expr| c_type(r.ty);
                if results.len() == 1 && !k.fallible {
                    let line =
                        format!("const {} {} = {f}({});", c(&k.results[0]), self.name(results[0]), args.join(", "));
                    self.t.from(span, line);
                    return;
                }
                for (v, r) in results.iter().zip(&k.results) {
                    let line = format!("{} {};", c(r), self.name(*v));
                    self.t.from(span, line);
                    args.push(format!("&{}", self.name(*v)));
                }
                let call = format!("{f}({})", args.join(", "));
                if k.fallible {
                    let (ty, ok) = (status_type(self.p.program), status(self.p.program, crate::lir::OK));
                    let status = format!("pm_status_{}", self.name(results[0]));
                    self.t.from(span, format!("const {ty} {status} = {call};"));
                    self.t.from(span, format!("if ({status} != {ok}) {{\n    return {status};\n}}"));
                } else {
                    self.t.from(span, format!("{call};"));
                }
            }
            StmtKind::SetOut(i, values) => {
                let Some(e) = self.entry else { return };
                let name = self.p.names.outs[*i].clone();
                match &e.outs[*i] {
                    Out::Length(..) => {
                        let v = self.p.expr(&values[0]);
                        self.t.from(span, format!("*{name} = (size_t){v};"));
                    }
                    Out::Value(_) => {
                        for (k, v) in values.iter().enumerate() {
                            let v = self.p.top(v);
                            self.t.from(span, format!("{name}[{k}] = {v};"));
                        }
                    }
                }
            }
        }
    }
}
