//! Identifiers for variables, buffers and interface parameters, distinct within one function and no keyword of C or Rust.

use crate::lir::{ApiParam, Body, BufKind, Entry, Kernel, Out, Program, VarId};
use std::collections::BTreeSet;

/// Keywords of C99, C++ and Rust, and names the generated files use themselves.
const RESERVED: &[&str] = &[
    "abs",
    "abstract",
    "alignas",
    "alignof",
    "and",
    "as",
    "asm",
    "async",
    "auto",
    "await",
    "become",
    "bool",
    "box",
    "break",
    "case",
    "catch",
    "char",
    "class",
    "compl",
    "const",
    "continue",
    "copysign",
    "crate",
    "default",
    "delete",
    "do",
    "double",
    "dyn",
    "else",
    "end",
    "enum",
    "explicit",
    "export",
    "extern",
    "f32",
    "f64",
    "fabs",
    "false",
    "final",
    "float",
    "floor",
    "fma",
    "fmod",
    "fn",
    "for",
    "friend",
    "gen",
    "goto",
    "i16",
    "i32",
    "i64",
    "i8",
    "if",
    "impl",
    "in",
    "index",
    "inline",
    "int",
    "isize",
    "let",
    "long",
    "loop",
    "macro",
    "main",
    "match",
    "math",
    "mod",
    "move",
    "mut",
    "mutable",
    "namespace",
    "new",
    "not",
    "operator",
    "or",
    "override",
    "priv",
    "private",
    "protected",
    "pub",
    "public",
    "ref",
    "register",
    "restrict",
    "return",
    "rint",
    "self",
    "short",
    "signed",
    "sizeof",
    "sqrt",
    "state",
    "static",
    "std",
    "struct",
    "super",
    "switch",
    "template",
    "this",
    "throw",
    "trait",
    "true",
    "trunc",
    "try",
    "type",
    "typedef",
    "typeid",
    "typename",
    "u16",
    "u32",
    "u64",
    "u8",
    "union",
    "unsafe",
    "unsigned",
    "unsized",
    "use",
    "usize",
    "using",
    "virtual",
    "void",
    "volatile",
    "where",
    "while",
    "work",
    "xor",
    "y0",
    "y1",
    "yn",
    "j0",
    "j1",
    "jn",
    "gamma",
    "exp",
    "log",
    "sin",
    "cos",
    "tan",
    "pow",
    "ceil",
    "round",
    "time",
    "signal",
    "Self",
    "core",
    "core_",
];

/// A valid identifier close to `name`.
pub(super) fn clean(name: &str) -> String {
    let mut s: String = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect();
    if s.is_empty() || s.starts_with(|c: char| c.is_ascii_digit()) {
        s.insert(0, 'v');
    }
    if RESERVED.contains(&s.as_str()) || s.starts_with("pm_") || s.starts_with("__") || s == "_" {
        s.push('_');
    }
    s
}

/// Names of one function.
pub(super) struct Names {
    taken: BTreeSet<String>,
    /// One per variable.
    pub(super) vars: Vec<String>,
    /// One per buffer.
    pub(super) bufs: Vec<String>,
    /// One per port.
    pub(super) ports: Vec<String>,
    /// One per named length taken.
    pub(super) lengths: Vec<String>,
    /// One per scalar given back.
    pub(super) outs: Vec<String>,
}

impl Names {
    fn fresh(&mut self, wish: &str) -> String {
        let base = clean(wish);
        let mut name = base.clone();
        let mut k = 2;
        while !self.taken.insert(name.clone()) {
            name = format!("{base}_{k}");
            k += 1;
        }
        name
    }
    fn new(program: &Program) -> Names {
        let mut n = Names {
            taken: BTreeSet::new(),
            vars: Vec::new(),
            bufs: Vec::new(),
            ports: Vec::new(),
            lengths: Vec::new(),
            outs: Vec::new(),
        };
        // file-scope names cannot be shadowed
        n.taken.extend(program.kernels.iter().map(|k| clean(&k.name)));
        n.taken.extend(program.entries.iter().map(|e| entry_name(program, &e.name)));
        n.taken.extend(program.tables.iter().map(|t| clean(&t.name)));
        n
    }
    fn body(&mut self, program: &Program, body: &Body, preset: &[(VarId, String)]) {
        self.vars = vec![String::new(); body.vars.len()];
        for (v, name) in preset {
            self.vars[v.0 as usize] = name.clone();
        }
        for (i, v) in body.vars.iter().enumerate() {
            if self.vars[i].is_empty() {
                let wish = v.name.clone().unwrap_or_else(|| format!("t{i}"));
                self.vars[i] = self.fresh(&wish);
            }
        }
        for (i, b) in body.bufs.iter().enumerate() {
            let name = match &b.kind {
                BufKind::Port(p) => self.ports[*p].clone(),
                BufKind::State(s) => {
                    let wish = program.state[*s].name.clone();
                    self.fresh(&wish)
                }
                BufKind::Table(t) => clean(&program.tables[*t].name),
                BufKind::Local(_) => self.fresh(&format!("a{i}")),
                BufKind::Work(_) => self.fresh(&format!("w{i}")),
            };
            self.bufs.push(name);
        }
    }
    /// Names of a kernel's variables.
    pub(super) fn kernel(program: &Program, k: &Kernel) -> Names {
        let mut n = Names::new(program);
        n.body(program, &k.body, &[]);
        n
    }
    /// Names of an entry: interface first, so that it gets the plain ones.
    pub(super) fn entry(program: &Program, e: &Entry) -> Names {
        let mut n = Names::new(program);
        for p in &e.ports {
            let name = n.fresh(&p.name);
            n.ports.push(name);
        }
        for (id, _) in &e.lengths {
            let name = n.fresh(&program.lengths[id.0 as usize].name);
            n.lengths.push(name);
        }
        for o in &e.outs {
            let name = match o {
                Out::Value(p) => n.ports[*p].clone(),
                Out::Length(p, axis) => {
                    let several = e.ports[*p].dynamic.iter().filter(|d| **d).count() > 1;
                    let port = n.ports[*p].clone();
                    n.fresh(&if several { format!("{port}_len{axis}") } else { format!("{port}_len") })
                }
            };
            n.outs.push(name);
        }
        let mut preset = Vec::new();
        for p in 0..e.ports.len() {
            let vars = &e.ports[p].vars;
            let base = n.ports[p].clone();
            for (k, v) in vars.iter().enumerate() {
                let name = if vars.len() == 2 { n.fresh(&format!("{base}_{}", ["re", "im"][k])) } else { base.clone() };
                preset.push((*v, name));
            }
        }
        n.body(program, &e.body, &preset);
        n
    }
    /// Name of a named length in this entry.
    pub(super) fn length(&self, e: &Entry, id: crate::hir::LengthId) -> String {
        e.lengths.iter().position(|(l, _)| *l == id).map_or_else(|| "0".to_string(), |i| self.lengths[i].clone())
    }
    /// Name of an interface parameter.
    pub(super) fn param(&self, e: &Entry, p: &ApiParam) -> String {
        match p {
            ApiParam::Length(id) => self.length(e, *id),
            ApiParam::Port(i) => self.ports[*i].clone(),
            ApiParam::Out(i) => self.outs[*i].clone(),
        }
    }
}

/// Public name of an entry: the module's own name if it has it, else prefixed by it.
pub(super) fn entry_name(program: &Program, entry: &str) -> String {
    let (m, e) = (clean(&program.name), clean(entry));
    if m == e { m } else { format!("{m}_{e}") }
}
