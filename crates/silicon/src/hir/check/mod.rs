//! The checker: the only maker of [`Checked`]. What it accepts, the interpreter and the emitters take without
//! further question.
//!
//! Extents are compared in normal form. Two that differ are an error unless one of them contains a run-time value
//! and they are not provably unequal: those are compared when the program runs, by the interpreter.

mod rules;
#[cfg(test)]
mod tests;

use super::{Atom, Dim, Entry, Func, Inst, Module, Op, ParamRole, Region, ResultRole, Type, ValueId};
use crate::dtype::DType;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// Something that [`check`] accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked<T>(T);

impl<T> Checked<T> {
    /// Gives it up to be changed; it must be checked again.
    pub fn into_inner(self) -> T {
        self.0
    }
}
impl<T> std::ops::Deref for Checked<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A rule that a module breaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckError {
    /// Function; empty for the module itself.
    pub func: String,
    /// Positions of instructions from the outermost in, regions named: `3.then.0`. Empty for the function itself.
    pub path: String,
    /// The rule.
    pub message: String,
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.func.as_str(), self.path.as_str()) {
            ("", _) => f.write_str(&self.message),
            (func, "") => write!(f, "{func}: {}", self.message),
            (func, path) => write!(f, "{func} at {path}: {}", self.message),
        }
    }
}
impl std::error::Error for CheckError {}

/// Checks a module against every rule of the HIR.
///
/// # Errors
/// All rules that it breaks, in the order of the module.
pub fn check(module: Module) -> Result<Checked<Module>, Vec<CheckError>> {
    let mut errors = Vec::new();
    module_rules(&module, &mut errors);
    for (i, k) in module.kernels.iter().enumerate() {
        let mut c = FuncCheck::new(&module, k, i, &mut errors);
        c.func();
        let values = k.body.params.iter().chain(&k.body.results);
        if values.filter_map(|v| k.values.get(v.0 as usize)).any(|d| !d.ty.shape.is_empty()) {
            c.error("a kernel takes and returns scalars only");
        }
    }
    for e in &module.entries {
        let mut c = FuncCheck::new(&module, &e.func, module.kernels.len(), &mut errors);
        c.func();
        c.roles(e);
    }
    if errors.is_empty() { Ok(Checked(module)) } else { Err(errors) }
}

fn identifier(s: &str) -> bool {
    let mut chars = s.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn module_rules(m: &Module, errors: &mut Vec<CheckError>) {
    let mut error = |message: String| errors.push(CheckError { func: String::new(), path: String::new(), message });
    if !identifier(&m.name) {
        error(format!("module name `{}` is not an identifier", m.name));
    }
    let funcs = m.kernels.iter().map(|k| &k.name).chain(m.entries.iter().map(|e| &e.func.name));
    let kinds: [(&str, Vec<&String>); 4] = [
        ("function", funcs.collect()),
        ("length", m.lengths.iter().map(|l| &l.name).collect()),
        ("table", m.tables.iter().map(|t| &t.name).collect()),
        ("state field", m.state.iter().map(|s| &s.name).collect()),
    ];
    for (kind, names) in kinds {
        let mut seen = BTreeSet::new();
        for name in names {
            if !identifier(name) {
                error(format!("{kind} name `{name}` is not an identifier"));
            }
            if !seen.insert(name) {
                error(format!("two {kind}s are named `{name}`"));
            }
        }
    }
    for l in &m.lengths {
        if l.min < 0 || l.max.is_some_and(|max| max < l.min) {
            error(format!("length `{}` has no valid range", l.name));
        }
    }
    for t in &m.tables {
        let size = t.shape.iter().try_fold(t.dtype.size(), |a, d| a.checked_mul(*d));
        if size != Some(t.data.len()) {
            error(format!("table `{}` has {} bytes, not those of {}{:?}", t.name, t.data.len(), t.dtype, t.shape));
        }
        if t.dtype == DType::Bool && t.data.iter().any(|b| *b > 1) {
            error(format!("table `{}` holds a bool that is neither 0 nor 1", t.name));
        }
    }
    for s in &m.state {
        let Some(t) = m.tables.get(s.init.0 as usize) else {
            error(format!("state field `{}` starts from no table", s.name));
            continue;
        };
        let same = s.ty.shape.len() == t.shape.len()
            && s.ty.shape.iter().zip(&t.shape).all(|(d, e)| d.as_const() == i64::try_from(*e).ok());
        if s.ty.dtype != t.dtype || !same {
            error(format!("state field `{}` is not of the type of its initial value", s.name));
        }
    }
}

/// The check of one function.
struct FuncCheck<'a> {
    module: &'a Module,
    func: &'a Func,
    /// Kernels that may be called: those before this one.
    callable: usize,
    /// Values that the place looked at may use.
    visible: Vec<bool>,
    /// Values defined anywhere so far.
    defined: Vec<bool>,
    /// What is known of int64 scalars, in normal form.
    known: HashMap<ValueId, Dim>,
    path: Vec<String>,
    errors: &'a mut Vec<CheckError>,
}

impl<'a> FuncCheck<'a> {
    fn new(module: &'a Module, func: &'a Func, callable: usize, errors: &'a mut Vec<CheckError>) -> FuncCheck<'a> {
        let n = func.values.len();
        FuncCheck {
            module,
            func,
            callable,
            visible: vec![false; n],
            defined: vec![false; n],
            known: HashMap::new(),
            path: Vec::new(),
            errors,
        }
    }

    fn error(&mut self, message: impl Into<String>) {
        let func = self.func.name.clone();
        self.errors.push(CheckError { func, path: self.path.join("."), message: message.into() });
    }

    fn func(&mut self) {
        self.region(&self.func.body, None);
        for (v, (low, high)) in &self.func.bounds {
            if !self.int_scalar(*v) {
                self.error(format!("bound of %{}, which is not an int64 scalar", v.0));
            }
            for d in [low, high].into_iter().flatten() {
                let mut ok = true;
                d.for_each_value(&mut |v| ok &= self.int_scalar(v));
                if !ok || !self.well_formed(d) {
                    self.error(format!("bound {d} of %{} refers to what is not there", v.0));
                }
            }
        }
    }

    fn int_scalar(&self, v: ValueId) -> bool {
        self.func.values.get(v.0 as usize).is_some_and(|d| d.ty == Type::scalar(DType::Int64))
    }

    /// In normal form, of a size that can be computed with, and over lengths that exist.
    fn well_formed(&self, d: &Dim) -> bool {
        fn atom(a: &Atom, n: usize) -> bool {
            match a {
                Atom::Length(l) => (l.0 as usize) < n,
                Atom::Value(_) => true,
                Atom::Div(d, k) => *k > 0 && dim(d, n),
                Atom::Product(v) => v.len() > 1 && v.iter().all(|a| atom(a, n)),
                Atom::Max(a, b) | Atom::Min(a, b) => dim(a, n) && dim(b, n),
            }
        }
        fn dim(d: &Dim, n: usize) -> bool {
            d.terms.iter().all(|(a, c)| *c != 0 && atom(a, n)) && d.terms.windows(2).all(|w| w[0].0 < w[1].0)
        }
        d.is_computable() && dim(d, self.module.lengths.len())
    }

    /// A dimension with what is known of its values put in.
    fn normal(&self, d: &Dim) -> Dim {
        if !d.is_dynamic() || !self.well_formed(d) {
            return d.clone();
        }
        d.substitute(&|a| match a {
            Atom::Value(v) => self.known.get(v).cloned().unwrap_or_else(|| Dim::from(*v)),
            other => Dim::from(other.clone()),
        })
    }

    /// Whether two extents may be equal (see the module documentation).
    fn same(&self, a: &Dim, b: &Dim) -> bool {
        let (a, b) = (self.normal(a), self.normal(b));
        a == b || ((a.is_dynamic() || b.is_dynamic()) && a.sub(&b).as_const().is_none_or(|d| d == 0))
    }

    fn same_shape(&self, a: &[Dim], b: &[Dim]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| self.same(x, y))
    }

    /// Uses of a dimension: its values are visible int64 scalars, its lengths exist.
    fn dim_uses(&mut self, d: &Dim, what: &str) {
        let mut bad = Vec::new();
        d.for_each_value(&mut |v| {
            let seen = self.visible.get(v.0 as usize).copied().unwrap_or(false);
            if !seen || !self.int_scalar(v) {
                bad.push(v);
            }
        });
        for v in bad {
            self.error(format!("{what} depends on %{}, which is no int64 scalar defined before", v.0));
        }
        if !self.well_formed(d) {
            self.error(format!("{what} {d} is malformed or names a length that is not there"));
        }
    }

    /// Defines values together: extents of each may refer to the others.
    fn define(&mut self, values: &[ValueId]) {
        for v in values {
            match self.defined.get(v.0 as usize) {
                None => self.error(format!("%{} is not a value of the function", v.0)),
                Some(true) => self.error(format!("%{} is defined twice", v.0)),
                Some(false) => {
                    self.defined[v.0 as usize] = true;
                    self.visible[v.0 as usize] = true;
                }
            }
        }
        let func = self.func;
        for v in values {
            for d in func.values.get(v.0 as usize).map_or(&[][..], |v| &v.ty.shape) {
                self.dim_uses(d, &format!("an extent of %{}", v.0));
                if d.as_const().is_some_and(|c| c < 0) {
                    self.error(format!("%{} has a negative extent", v.0));
                }
            }
        }
    }

    fn uses(&mut self, values: &[ValueId]) -> bool {
        let bad: Vec<ValueId> =
            values.iter().copied().filter(|v| !self.visible.get(v.0 as usize).copied().unwrap_or(false)).collect();
        for v in &bad {
            self.error(format!("%{} is used where it is not defined", v.0));
        }
        bad.is_empty()
    }

    /// Checks a region; `within` is the instruction it belongs to, whose rules need the region's values in scope.
    fn region(&mut self, r: &'a Region, within: Option<(&'a Inst, &str)>) {
        let outer = self.visible.clone();
        self.define(&r.params);
        for (i, inst) in r.body.iter().enumerate() {
            self.path.push(i.to_string());
            self.inst(inst);
            self.path.pop();
        }
        let complete = self.uses(&r.results);
        if let Some((inst, name)) = within
            && complete
            && let Err(message) = self.region_rule(inst, r, name)
        {
            self.error(message);
        }
        self.visible = outer;
    }

    fn inst(&mut self, inst: &'a Inst) {
        let complete = self.uses(&inst.args);
        if let Op::Dim(d) = &inst.op {
            self.dim_uses(d, "the dimension");
        }
        let names: &[&str] = match &inst.op {
            Op::For { .. } => &["body"],
            Op::While { .. } => &["cond", "body"],
            Op::If { .. } => &["then", "else"],
            _ => &[],
        };
        for (name, r) in names.iter().zip(inst.regions()) {
            self.path.push((*name).into());
            self.region(r, Some((inst, name)));
            self.path.pop();
        }
        let before = self.errors.len();
        self.define(&inst.results);
        if complete
            && self.errors.len() == before
            && let Err(message) = self.rule(inst)
        {
            self.error(message);
        }
        self.learn(inst);
    }

    /// Remembers what an int64 scalar is, for comparing extents.
    fn learn(&mut self, inst: &Inst) {
        let [r] = inst.results.as_slice() else { return };
        let value = match &inst.op {
            Op::Const(s) if s.dtype == DType::Int64 => Dim::from(s.re as i64),
            Op::Dim(d) => self.normal(d),
            _ => return,
        };
        self.known.insert(*r, value);
    }

    fn roles(&mut self, e: &Entry) {
        let func = self.func;
        let (params, results) = (&func.body.params, &func.body.results);
        if e.params.len() != params.len() || e.results.len() != results.len() {
            self.error("roles and parameters or results do not agree in number");
            return;
        }
        let ty = |v: &ValueId| func.values.get(v.0 as usize).map(|d| &d.ty);
        let mut seen = BTreeSet::new();
        let mut inputs: HashMap<&str, &Type> = HashMap::new();
        for (role, v) in e.params.iter().zip(params) {
            let Some(t) = ty(v) else { continue };
            match role {
                ParamRole::State(i) => self.state_role(*i, t, "in", &mut seen),
                ParamRole::Input(name) => {
                    if !identifier(name) {
                        self.error(format!("input `{name}` is not an identifier"));
                    }
                    if inputs.insert(name, t).is_some() {
                        self.error(format!("two inputs are named `{name}`"));
                    }
                }
            }
        }
        let mut ports = BTreeSet::new();
        for (role, v) in e.results.iter().zip(results) {
            let Some(t) = ty(v) else { continue };
            match role {
                ResultRole::State(i) => self.state_role(*i, t, "out", &mut seen),
                ResultRole::Output(name) => {
                    if !identifier(name) {
                        self.error(format!("output `{name}` is not an identifier"));
                    }
                    if !ports.insert((true, name)) {
                        self.error(format!("two outputs are named `{name}`"));
                    }
                }
                ResultRole::Mutated(name) => {
                    if !ports.insert((false, name)) {
                        self.error(format!("input `{name}` is written twice"));
                    }
                    match inputs.get(name.as_str()) {
                        Some(i) if i.dtype == t.dtype && self.same_shape(&i.shape, &t.shape) => {}
                        Some(_) => self.error(format!("input `{name}` is written with another type")),
                        None => self.error(format!("`{name}` is written but is no input")),
                    }
                }
            }
        }
    }

    fn state_role(&mut self, i: usize, t: &Type, way: &'static str, seen: &mut BTreeSet<(&'static str, usize)>) {
        match self.module.state.get(i) {
            None => self.error(format!("there is no state field {i}")),
            Some(s) if s.ty.dtype != t.dtype || !self.same_shape(&s.ty.shape, &t.shape) => {
                self.error(format!("state field `{}` has another type", s.name));
            }
            Some(_) => {}
        }
        if !seen.insert((way, i)) {
            self.error(format!("state field {i} goes {way} twice"));
        }
    }
}
