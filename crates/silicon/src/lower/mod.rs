//! HIR to LIR: chooses what is fused and what is stored, shares buffers, and writes every operation as loops with
//! exactly the arithmetic its documentation gives. Nothing here depends on a target language.

mod biquads;
mod bounds;
mod control;
mod element;
mod entry;
mod fir;
mod inst;
mod normal;
mod plan;
mod reduce;
mod signal;
mod sort;
mod storage;

use crate::dtype::DType;
use crate::hir::{self, Atom, Checked, Dim, Fault, Func, LengthId, Module, TableId, ValueId};
use crate::lir::build::Builder;
use crate::lir::{
    BAD_LENGTH, BufId, BufKind, Expr, ExprKind, FIRST_FAULT, Kernel, MAX_LENGTH, OK, OVERFLOW, Program, StateField,
    Status, Table, Ty, fold, guard,
};
use bounds::Bounds;
use element::Idx;
use plan::{Kept, Plan};
use proofmark_base::diagnostics::{Diagnostic, Severity};
use std::collections::{BTreeMap, HashMap};
use storage::{Fixed, Layout, Place};

/// The parts of a scalar.
#[derive(Clone, Debug, PartialEq)]
struct Cx {
    re: Expr,
    im: Option<Expr>,
}

impl Cx {
    fn real(re: Expr) -> Cx {
        Cx { re, im: None }
    }
    fn zero(d: DType) -> Cx {
        let z = Expr::zero(Ty::of(d));
        Cx { re: z.clone(), im: d.is_complex().then_some(z) }
    }
    fn parts(&self) -> Vec<Expr> {
        std::iter::once(self.re.clone()).chain(self.im.clone()).collect()
    }
    fn from_parts(mut parts: impl Iterator<Item = Expr>) -> Option<Cx> {
        Some(Cx { re: parts.next()?, im: parts.next() })
    }
}

/// Where the elements of a tensor stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Buf {
    /// Real elements, pairs of reals, or real parts.
    re: BufId,
    /// Imaginary parts that stand apart.
    im: Option<BufId>,
}

impl From<BufId> for Buf {
    fn from(re: BufId) -> Buf {
        Buf { re, im: None }
    }
}

/// The distinct faults of a program, in order of first use.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn code(&mut self, f: &Fault) -> u32 {
        let i = self.0.iter().position(|g| g == f).unwrap_or_else(|| {
            self.0.push(f.clone());
            self.0.len() - 1
        });
        FIRST_FAULT + i as u32
    }
}

/// One function being lowered.
struct Lower<'m> {
    module: &'m Module,
    func: &'m Func,
    plan: Plan<'m>,
    bounds: Bounds<'m>,
    layout: Layout,
    b: Builder,
    scalars: BTreeMap<ValueId, Cx>,
    lengths: BTreeMap<LengthId, Expr>,
    places: BTreeMap<Place, Buf>,
    tables: BTreeMap<TableId, BufId>,
    /// Reals of every port's largest value.
    port_reals: Vec<Dim>,
    memo: Vec<HashMap<(ValueId, Idx), Cx>>,
    faults: &'m mut Faults,
    errors: Vec<Diagnostic>,
}

/// Lowers a checked module. Errors: an extent without an upper bound (`PM0601`), or a defect of ours (`PM0600`).
pub fn lower(module: &Checked<Module>) -> Result<Program, Vec<Diagnostic>> {
    let module = &normal::normal(module);
    let mut faults = Faults::default();
    let mut errors = Vec::new();
    let mut program = Program {
        name: module.name.clone(),
        lengths: module.lengths.clone(),
        tables: module
            .tables
            .iter()
            .map(|t| Table {
                name: t.name.clone(),
                dtype: t.dtype,
                shape: t.shape.clone(),
                data: t.data.clone(),
                provenance: t.provenance.clone(),
            })
            .collect(),
        state: module
            .state
            .iter()
            .zip(state_names(module))
            .map(|(f, name)| StateField {
                name,
                dtype: f.ty.dtype,
                shape: f.ty.shape.iter().map(|d| d.as_const().unwrap_or(0).max(0) as usize).collect(),
                init: f.init.0 as usize,
            })
            .collect(),
        fma: module.fma,
        ..Program::default()
    };
    for k in &module.kernels {
        match lower_kernel(module, k, &mut faults) {
            Ok(k) => program.kernels.push(k),
            Err(e) => errors.extend(e),
        }
    }
    if errors.is_empty() {
        for e in &module.entries {
            match entry::lower_entry(module, e, &mut faults) {
                Ok(e) => program.entries.push(e),
                Err(e) => errors.extend(e),
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    program.statuses = statuses(&faults);
    program.simplify();
    guard::split_guards(&mut program);
    let fallible: Vec<bool> = program.kernels.iter().map(|k| k.fallible).collect();
    for k in &mut program.kernels {
        fold::fold(&mut k.body, &k.results, &fallible);
    }
    for e in &mut program.entries {
        fold::fold(&mut e.body, &[], &fallible);
    }
    fold::drop_unused_kernels(&mut program);
    let fma = program.bodies().any(|b| {
        let mut any = false;
        b.visit_exprs(&mut |e| any |= matches!(e.kind, ExprKind::Fma(..)));
        any
    });
    program.fma = fma;
    Ok(program)
}

fn statuses(faults: &Faults) -> Vec<Status> {
    let fixed = |code, name: &str, exception: &str, message: &str| Status {
        code,
        name: name.to_string(),
        exception: exception.to_string(),
        message: message.to_string(),
    };
    let mut out = vec![
        fixed(OK, "OK", "", "done"),
        fixed(BAD_LENGTH, "BAD_LENGTH", "", "a length is outside its limits"),
        fixed(OVERFLOW, "OVERFLOW", "OverflowError", "an integer result does not fit 64 bits"),
    ];
    for (i, f) in faults.0.iter().enumerate() {
        let mut base = String::new();
        for c in f.exception.chars() {
            if c.is_ascii_uppercase() && base.chars().last().is_some_and(|l| l.is_ascii_lowercase() || l == '_') {
                base.push('_');
            }
            base.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        }
        if base.is_empty() || base.starts_with(|c: char| c.is_ascii_digit()) {
            base.insert_str(0, "FAULT");
        }
        let mut name = base.clone();
        let mut k = 2;
        while out.iter().any(|s| s.name == name) {
            name = format!("{base}_{k}");
            k += 1;
        }
        out.push(Status {
            code: FIRST_FAULT + i as u32,
            name,
            exception: f.exception.clone(),
            message: f.message.clone(),
        });
    }
    out
}

/// Names of the state's fields. The back ends put an underscore after names of their language, so that names which
/// differ only by one could become the same.
fn state_names(module: &Module) -> Vec<String> {
    let mut taken = std::collections::BTreeSet::new();
    let mut names = Vec::new();
    for f in &module.state {
        let base = f.name.trim_end_matches('_');
        let mut name = f.name.clone();
        let mut k = 2;
        while !taken.insert(name.trim_end_matches('_').to_string()) {
            name = format!("{base}_{k}");
            k += 1;
        }
        names.push(name);
    }
    names
}

fn limits(module: &Module) -> Vec<(i64, i64)> {
    module.lengths.iter().map(|l| (l.min.max(0), l.max.unwrap_or(MAX_LENGTH).min(MAX_LENGTH))).collect()
}

fn lower_kernel(module: &Module, func: &Func, faults: &mut Faults) -> Result<Kernel, Vec<Diagnostic>> {
    let mut l = Lower {
        module,
        func,
        plan: Plan::new(module, func),
        bounds: Bounds::new(func, limits(module)),
        layout: Layout::default(),
        b: Builder::new(),
        scalars: BTreeMap::new(),
        lengths: BTreeMap::new(),
        places: BTreeMap::new(),
        tables: BTreeMap::new(),
        port_reals: Vec::new(),
        memo: vec![HashMap::new()],
        faults,
        errors: Vec::new(),
    };
    let mut params = Vec::new();
    for p in &func.body.params {
        let d = func.ty(*p).dtype;
        let name = func.values[p.0 as usize].name.clone();
        let vars: Vec<_> = if d.is_complex() {
            ["re", "im"].map(|s| l.b.new_var(Ty::of(d), name.as_ref().map(|n| format!("{n}_{s}")))).to_vec()
        } else {
            vec![l.b.new_var(Ty::of(d), name)]
        };
        let cx = Cx { re: l.b.var(vars[0]), im: vars.get(1).map(|v| l.b.var(*v)) };
        l.scalars.insert(*p, cx);
        params.extend(vars);
    }
    l.region(&func.body);
    let results = func.body.results.iter().flat_map(|r| l.scalar(*r).parts()).collect();
    if !l.errors.is_empty() {
        return Err(l.errors);
    }
    let span = func.body.body.iter().find_map(|i| i.span);
    let fallible = plan::fallible(module, func);
    Ok(Kernel { name: func.name.clone(), params, body: l.b.finish(), results, fallible, span })
}

impl Lower<'_> {
    /// Reports a defect of ours.
    fn bug(&mut self, what: impl Into<String>) {
        let mut d = Diagnostic::new("PM0600", Severity::Bug, format!("in `{}`: {}", self.func.name, what.into()));
        if let Some(s) = self.b.span {
            d = d.at(s, "");
        }
        self.errors.push(d);
    }
    /// The variables or constants of a scalar.
    fn scalar(&mut self, v: ValueId) -> Cx {
        match self.scalars.get(&v) {
            Some(cx) => cx.clone(),
            None => {
                self.bug(format!("%{} is used before it is computed", v.0));
                Cx::zero(self.func.ty(v).dtype)
            }
        }
    }
    /// An int64 scalar.
    fn index(&mut self, v: ValueId) -> Expr {
        self.scalar(v).re
    }
    /// The most elements along an axis of that extent, where it is a number.
    fn most(&self, d: &Dim) -> Option<i64> {
        self.bounds.extent(d)?.as_const()
    }
    /// The value of a dimension.
    fn dim(&mut self, d: &Dim) -> Expr {
        let mut out = Expr::int(0);
        for (a, c) in d.terms.iter().filter(|t| t.1 > 0) {
            let a = self.atom(a);
            out = out.iadd(a.imul(Expr::int(*c)));
        }
        if out.as_int() == Some(0) && d.terms.iter().any(|t| t.1 < 0) {
            out = Expr::int(d.constant);
            for (a, c) in d.terms.iter() {
                let a = self.atom(a);
                out = out.isub(a.imul(Expr::int(-*c)));
            }
            return out;
        }
        for (a, c) in d.terms.iter().filter(|t| t.1 < 0) {
            let a = self.atom(a);
            out = out.isub(a.imul(Expr::int(-*c)));
        }
        out.iadd(Expr::int(d.constant))
    }
    fn atom(&mut self, a: &Atom) -> Expr {
        match a {
            Atom::Length(l) => match self.lengths.get(l) {
                Some(e) => e.clone(),
                None => {
                    self.bug(format!("length ${} is not a parameter", l.0));
                    Expr::int(0)
                }
            },
            Atom::Value(v) => self.index(*v),
            Atom::Div(d, k) => self.dim(d).idiv(Expr::int(*k)),
            Atom::Product(f) => {
                let mut out = Expr::int(1);
                for a in f {
                    out = out.imul(self.atom(a));
                }
                out
            }
            Atom::Max(a, b) => {
                let a = self.dim(a);
                a.imax(self.dim(b))
            }
            Atom::Min(a, b) => {
                let a = self.dim(a);
                a.imin(self.dim(b))
            }
        }
    }
    /// Number of elements.
    fn size(&mut self, ty: &hir::Type) -> Expr {
        let mut out = Expr::int(1);
        for d in &ty.shape {
            out = out.imul(self.dim(d));
        }
        out
    }
    /// The buffer that holds a stored tensor.
    fn buffer(&mut self, v: ValueId) -> Buf {
        match self.plan.kept[v.0 as usize] {
            Kept::Alias(x) => self.buffer(x),
            Kept::Table => {
                let Some(hir::Op::Table(t)) = self.plan.def[v.0 as usize].map(|i| &i.op) else {
                    self.bug("a table without definition");
                    return BufId(0).into();
                };
                if let Some(b) = self.tables.get(t) {
                    return (*b).into();
                }
                let ty = Ty::of(self.module.tables[t.0 as usize].dtype);
                let b = self.b.new_buf(ty, BufKind::Table(t.0 as usize), false);
                self.tables.insert(*t, b);
                b.into()
            }
            _ => match self.layout.place.get(&v).copied() {
                Some(p) => self.place(p, self.func.ty(v).dtype),
                None => {
                    self.bug(format!("%{} has no buffer", v.0));
                    BufId(0).into()
                }
            },
        }
    }
    fn place(&mut self, p: Place, dtype: DType) -> Buf {
        if let Some(b) = self.places.get(&p) {
            return *b;
        }
        let (ty, kind) = match p {
            Place::Fixed(Fixed::Port(i)) => (Ty::of(dtype), BufKind::Port(i)),
            Place::Fixed(Fixed::State(i)) => (Ty::of(dtype), BufKind::State(i)),
            Place::Slot(s) => {
                let s = &self.layout.slots[s];
                let kind = match (s.on_stack, s.capacity.as_const()) {
                    (true, Some(k)) => BufKind::Local(k.max(0) as usize),
                    _ => BufKind::Work(s.capacity.clone()),
                };
                (s.ty, kind)
            }
            Place::Planes(re, im) => {
                let (re, im) = (self.place(Place::Slot(re), dtype), self.place(Place::Slot(im), dtype));
                return Buf { re: re.re, im: Some(im.re) };
            }
        };
        let b = self.b.new_buf(ty, kind, true).into();
        self.places.insert(p, b);
        b
    }
    /// The scratch buffers of an instruction.
    fn scratch(&mut self, inst: &hir::Inst) -> Vec<Buf> {
        let places = inst.results.first().and_then(|r| self.layout.scratch.get(r)).cloned().unwrap_or_default();
        places.into_iter().map(|p| self.place(p, DType::Bool)).collect()
    }
    /// Opens a loop body in which elements are pulled afresh.
    fn begin_for(&mut self) -> (crate::lir::VarId, Expr) {
        let v = self.b.begin_for();
        self.memo.push(HashMap::new());
        (v, self.b.var(v))
    }
    fn end_for(&mut self, var: crate::lir::VarId, lo: Expr, hi: Expr) {
        self.memo.pop();
        self.b.end_for(var, lo, hi, 1);
    }
    fn begin_block(&mut self) {
        self.b.open();
        self.memo.push(HashMap::new());
    }
    fn end_block(&mut self) -> Vec<crate::lir::Stmt> {
        self.memo.pop();
        self.b.close()
    }
}
