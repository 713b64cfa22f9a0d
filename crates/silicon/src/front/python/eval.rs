//! The specialising evaluator: runs Python on abstract values, folds what is static and emits HIR for the rest.
//! This file holds its state and the emission of instructions; statements, expressions, calls and library
//! functions are in the files beside it.

use super::state::{Cell, Content, Heap};
use super::value::{ArrayRef, CellId, DynScalar, FuncRef, Kind, NdArray, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{self, Atom, Dim, Fault, Func, Inst, Module, Op, Type, Unary, ValueId};
use crate::oracle::{Oracle, PyException, PyValue};
use proofmark_base::diagnostics::{Diagnostic, FileId, SourceMap, Span};
use ruff_python_ast as ast;
use std::collections::HashMap;
use std::rc::Rc;

/// Why evaluation of the current construct stopped.
#[derive(Debug)]
pub enum Stop {
    /// The program cannot be translated: the reason, for the user.
    Refused(Box<Diagnostic>),
    /// A trial that allowed no emission met something dynamic.
    NeedsEmission,
    /// The source raises here for certain.
    Raised(Raised),
}

/// An exception the program raises.
#[derive(Clone, Debug)]
pub struct Raised {
    /// Class name.
    pub type_name: String,
    /// Message.
    pub message: String,
    /// Where.
    pub span: Option<Span>,
    /// The exception came from a plain `raise NotImplementedError` of the prelude: it is a refusal.
    pub is_refusal: bool,
}

/// Result of one evaluation step.
pub type R<T> = Result<T, Stop>;

/// A parsed source file.
pub struct ParsedFile {
    /// Its id in the source map.
    pub id: FileId,
    /// Text.
    pub text: Rc<str>,
    /// Syntax tree.
    pub module: ast::ModModule,
    /// Whether it is part of the prelude.
    pub is_prelude: bool,
}

/// The code of a function.
#[derive(Clone, Copy)]
pub enum Code<'a> {
    /// `def`
    Def(&'a ast::StmtFunctionDef),
    /// `lambda`
    Lambda(&'a ast::ExprLambda),
}

/// A function known by source.
#[derive(Clone, Copy)]
pub struct FuncInfo<'a> {
    /// Code.
    pub code: Code<'a>,
    /// File.
    pub file: &'a ParsedFile,
}

/// One active call.
#[derive(Clone)]
pub struct Frame<'a> {
    /// Local variables.
    pub scope: CellId,
    /// File of the code.
    pub file: &'a ParsedFile,
    /// Function being run.
    pub def: Option<FuncRef>,
    /// Class the function belongs to.
    pub owner: Option<Rc<super::value::Class>>,
    /// Where the call was made (outermost project span, for code of the prelude).
    pub call_span: Option<Span>,
}

/// The evaluator.
pub struct Eval<'a> {
    /// Parsed files live here.
    pub arena: &'a typed_arena::Arena<ParsedFile>,
    /// The reference interpreter.
    pub oracle: &'a mut dyn Oracle,
    /// Sources, for spans.
    pub sources: SourceMap,
    /// Files by name.
    pub files: HashMap<String, &'a ParsedFile>,
    /// Functions by [`FuncRef`].
    pub functions: Vec<FuncInfo<'a>>,
    /// Function ids by code address.
    pub function_ids: HashMap<usize, FuncRef>,
    /// Module under construction.
    pub module: Module,
    /// Abstract heap.
    pub heap: Heap,
    /// Function under construction.
    pub func: Func,
    /// Open regions, innermost last.
    pub regions: Vec<Vec<Inst>>,
    /// Numeric intervals of int64 values.
    pub ranges: HashMap<ValueId, (i128, i128)>,
    /// Symbolic form of int64 values that were made from a dimension.
    pub symbols: HashMap<ValueId, Dim>,
    /// Active calls.
    pub frames: Vec<Frame<'a>>,
    /// Current source position.
    pub span: Option<Span>,
    /// Above zero: emission is not allowed (a trial evaluation of static code).
    pub static_only: u32,
    /// Globals of project modules, by import name and by file.
    pub globals: HashMap<String, CellId>,
    /// Cells imported from the recording, by identity.
    pub imported: HashMap<u64, Value>,
    /// Classes by module and qualified name.
    pub classes: HashMap<(String, String), Rc<super::value::Class>>,
    /// Prelude bindings: library name -> (file, function).
    pub prelude: HashMap<String, super::prelude::Binding>,
    /// Kernels made so far: (library name, argument types) -> kernel.
    pub kernels: HashMap<(String, Vec<DType>), (hir::FuncId, Vec<DType>)>,
    /// Whether a kernel is being compiled.
    pub in_kernel: bool,
    /// Warnings for the user.
    pub warnings: Vec<Diagnostic>,
    /// Number of faults that can be raised in the code emitted so far.
    pub checks: usize,
    /// Constant tables by contents.
    pub table_ids: HashMap<(DType, Vec<usize>, Vec<u8>), hir::TableId>,
    /// Instructions emitted so far, scratch included.
    pub emitted: usize,
    /// Statements run, to stop static code that does not end.
    pub steps: u64,
    /// Capacity given to lists whose length has no evident bound.
    pub list_capacity: i64,
    /// Inputs made from random draws, in order.
    pub random_inputs: Vec<(String, ValueId, Type)>,
    /// Recorded random draws not yet used.
    pub draws: std::collections::VecDeque<(String, PyValue)>,
    /// Extents that depend on data made while this is watched.
    pub dynamic_extents: usize,
    /// Depth of dynamic loops around the current point.
    pub loop_depth: u32,
    /// Run-time extents by symbolic form, one table per open region.
    pub extents: Vec<HashMap<Dim, ValueId>>,
    /// What refinements replaced, innermost last.
    #[allow(clippy::type_complexity, reason = "value, old interval, old bounds")]
    pub refinements: Vec<Vec<(ValueId, Option<(i128, i128)>, Option<(Option<Dim>, Option<Dim>)>)>>,
    /// Bound for lists without an evident one, from the entry's input lengths.
    pub list_bound: Option<Dim>,
    /// Values that lie in memory in another order than C's, or may.
    pub odd_values: std::collections::HashSet<ValueId>,
    /// Arrays of such values.
    pub odd_cells: std::collections::HashSet<CellId>,
    /// Extents and distances that must differ for an array to be apart from another one.
    pub apart: HashMap<CellId, Vec<(Dim, Dim)>>,
    /// Cells the caller of the entry holds.
    pub parameter_cells: std::collections::HashSet<CellId>,
    /// Scopes closures refer to.
    pub captured: std::collections::HashSet<CellId>,
    /// Classes while their methods were made, and the classes they became.
    pub class_shells: Vec<(Rc<super::value::Class>, Rc<super::value::Class>)>,
    /// Definitions of classes, for dataclass fields.
    pub class_defs: Vec<(Rc<str>, &'a ast::StmtClassDef)>,
    /// Value of the loop variable of a loop over a range, for the next `iter_item`.
    pub range_value: Option<Dim>,
    /// Values of library names seen so far.
    pub library_cache: HashMap<Rc<str>, Value>,
    /// Whether the result will be narrowed to float32.
    pub narrow: bool,
    /// Whether a whole script is translated.
    pub script: bool,
    /// Whether taking unchanging numbers as constants might help a refused translation.
    pub fixed_could_help: bool,
    /// Bodies of `if` statements of the project whose condition was known, and whether any run took them.
    pub branches: std::collections::BTreeMap<Span, bool>,
    /// Calls of `np.empty` in the project.
    pub unset: std::collections::BTreeSet<Span>,
    /// Whether what they leave unset is something else than zeros.
    pub unset_is_odd: bool,
    /// Int inputs with the range they are held to.
    pub ranged: Vec<(ValueId, String, i64, i64)>,
    /// Values checked arithmetic computed, as the sums they are equal to.
    pub equal: HashMap<ValueId, Dim>,
    /// Index tensors known to lie in `0..n`.
    pub index_proved: std::collections::HashSet<(ValueId, Dim)>,
}

impl<'a> Eval<'a> {
    // ---- diagnostics ----

    /// Refuses with a code at the current place.
    pub fn refuse<T>(&self, code: &str, message: impl Into<String>) -> R<T> {
        Err(Stop::Refused(Box::new(self.diagnostic(code, message))))
    }
    /// Refuses and says what would work.
    pub fn refuse_help<T>(&self, code: &str, message: impl Into<String>, help: impl Into<String>) -> R<T> {
        Err(Stop::Refused(Box::new(self.diagnostic(code, message).help(help))))
    }
    /// An error at the current place; inside the prelude the place is the user's call.
    pub fn diagnostic(&self, code: &str, message: impl Into<String>) -> Diagnostic {
        let d = Diagnostic::error(code, message);
        match self.user_span() {
            Some(s) => d.at(s, ""),
            None => d,
        }
    }
    /// The innermost place in the user's own code.
    pub fn user_span(&self) -> Option<Span> {
        let in_prelude = |f: &Frame<'a>| f.file.is_prelude;
        if !self.frames.last().is_some_and(in_prelude) {
            return self.span;
        }
        self.frames.iter().find(|f| in_prelude(f)).and_then(|f| f.call_span).or(self.span)
    }
    /// The program raises here for certain.
    pub fn raise<T>(&self, type_name: &str, message: impl Into<String>) -> R<T> {
        Err(Stop::Raised(Raised {
            type_name: type_name.into(),
            message: message.into(),
            span: self.user_span(),
            is_refusal: false,
        }))
    }
    /// The oracle's exception as this program's.
    pub fn raise_py<T>(&self, e: PyException) -> R<T> {
        self.raise(&e.type_name, e.message)
    }

    // ---- emission ----

    /// Emits an instruction with the given result types.
    pub fn emit_multi(&mut self, op: Op, args: Vec<ValueId>, types: Vec<Type>) -> R<Vec<ValueId>> {
        if self.static_only > 0 {
            return Err(Stop::NeedsEmission);
        }
        self.emitted += 1;
        if self.emitted > 400_000 {
            return self.refuse_help(
                "PM0190",
                "the program unrolls to more than 400,000 operations",
                "replace long static loops by array operations, or let the loop bound come from an argument's shape",
            );
        }
        let span = self.user_span();
        let results: Vec<ValueId> = types.into_iter().map(|t| self.func.new_value(t, span)).collect();
        let library = self.frames.last().is_some_and(|f| f.file.is_prelude);
        results.iter().for_each(|v| self.func.values[v.0 as usize].library = library);
        if !self.odd_values.is_empty() && args.iter().any(|a| self.odd_values.contains(a)) {
            let many = results.iter().filter(|v| self.func.ty(**v).rank() > 1);
            self.odd_values.extend(many.copied().collect::<Vec<_>>());
        }
        let inst = Inst { op, args, results: results.clone(), span };
        match self.regions.last_mut() {
            Some(r) => r.push(inst),
            None => return self.refuse("PM0999", "internal error: no open region"),
        }
        Ok(results)
    }
    /// Emits an instruction with one result.
    pub fn emit(&mut self, op: Op, args: Vec<ValueId>, ty: Type) -> R<ValueId> {
        Ok(self.emit_multi(op, args, vec![ty])?[0])
    }
    /// Type of an emitted value.
    pub fn ty(&self, v: ValueId) -> Type {
        self.func.ty(v).clone()
    }
    /// A constant scalar.
    pub fn constant(&mut self, s: Scalar) -> R<ValueId> {
        let v = self.emit(Op::Const(s), vec![], Type::scalar(s.dtype))?;
        if s.dtype == DType::Int64 {
            self.symbols.insert(v, Dim::from(s.re as i64));
        }
        Ok(v)
    }
    /// An int64 scalar with the value of a dimension.
    pub fn dim_value(&mut self, d: &Dim) -> R<ValueId> {
        if let Some(c) = d.as_const() {
            return self.constant(Scalar::i64(c));
        }
        if let [(Atom::Value(v), 1)] = d.terms.as_slice()
            && d.constant == 0
        {
            return Ok(*v);
        }
        let v = self.emit(Op::Dim(d.clone()), vec![], Type::scalar(DType::Int64))?;
        self.symbols.insert(v, d.clone());
        Ok(v)
    }
    /// The symbolic form of an int64 value.
    pub fn value_dim(&self, v: ValueId) -> Dim {
        self.symbols.get(&v).cloned().unwrap_or_else(|| Dim::from(v))
    }
    /// Conversion of a value to another element type.
    pub fn cast(&mut self, v: ValueId, to: DType) -> R<ValueId> {
        let ty = self.ty(v);
        if ty.dtype == to {
            return Ok(v);
        }
        let out = self.emit(Op::Unary(Unary::Cast), vec![v], Type { dtype: to, shape: ty.shape.clone() })?;
        if to == DType::Int64 && ty.shape.is_empty() {
            let range = match ty.dtype.int_range() {
                Some(r) if ty.dtype != DType::Uint64 => self.ranges.get(&v).copied().unwrap_or(r),
                _ => FULL,
            };
            self.set_range(out, range);
        }
        Ok(out)
    }
    /// Stops the program with a fault unless the condition holds.
    pub fn check(&mut self, cond: ValueId, exception: &str, message: impl Into<String>) -> R<()> {
        self.checks += 1;
        let fault = Fault { exception: exception.into(), message: message.into() };
        self.emit_multi(Op::Check(fault), vec![cond], vec![])?;
        Ok(())
    }
    /// A constant tensor; scalars of rank 0 become plain constants.
    pub fn table(&mut self, a: &NdArray, provenance: &str) -> R<ValueId> {
        if a.shape.is_empty() {
            return self.constant(a.get(0));
        }
        // constant arrays are broadcasts of one element
        let s = a.dtype.size();
        let ty = a.ty();
        if a.size() > 0 && a.data.chunks(s).all(|c| c == &a.data[..s]) {
            let c = self.constant(a.get(0))?;
            return self.emit(Op::Broadcast, vec![c], ty);
        }
        let id = self.table_id(a, provenance);
        self.emit(Op::Table(id), vec![], ty)
    }
    /// The module's table with these contents.
    pub fn table_id(&mut self, a: &NdArray, provenance: &str) -> hir::TableId {
        let key = (a.dtype, a.shape.clone(), a.data.clone());
        if let Some(id) = self.table_ids.get(&key) {
            return *id;
        }
        let id = hir::TableId(self.module.tables.len() as u32);
        self.module.tables.push(hir::Table {
            name: format!("table{}", id.0),
            dtype: a.dtype,
            shape: a.shape.clone(),
            data: a.data.clone(),
            provenance: provenance.chars().take(120).collect(),
        });
        self.table_ids.insert(key, id);
        id
    }
    /// Source text of the current place, for provenance.
    pub fn source_text(&self) -> String {
        self.user_span()
            .and_then(|s| {
                self.sources
                    .get(s.file)
                    .text
                    .get(s.start as usize..s.end as usize)
                    .map(|t| t.split_whitespace().collect::<Vec<_>>().join(" "))
            })
            .unwrap_or_default()
    }

    // ---- scalars ----

    /// A dynamic scalar as a value; int64 of Python kind becomes symbolic.
    pub fn scalar(&self, id: ValueId, kind: Kind) -> Value {
        let dtype = self.func.ty(id).dtype;
        if kind == Kind::Py && dtype == DType::Int64 {
            return Value::Sym(self.value_dim(id));
        }
        Value::Dyn(DynScalar { id, dtype, kind })
    }
    /// The value as one scalar constant, if it is a known number.
    pub fn known_scalar(&self, v: &Value) -> Option<Scalar> {
        match v {
            Value::Bool(b) => Some(Scalar::bool(*b)),
            Value::Int(i) => match i64::try_from(*i) {
                Ok(i) => Some(Scalar::i64(i)),
                // large constants next to uint64 data
                Err(_) => u64::try_from(*i).ok().map(|u| Scalar::int(DType::Uint64, i128::from(u))),
            },
            Value::Float(f) => Some(Scalar::f64(*f)),
            Value::Complex(re, im) => Some(Scalar::float(DType::Complex128, *re, *im)),
            Value::Scalar(s) => Some(*s),
            Value::Array(a) if a.ty.shape.is_empty() => self.static_array(a).map(|n| n.get(0)),
            _ => None,
        }
    }
    /// The int known at translation time (Python int, NumPy integer, bool).
    pub fn known_int(&self, v: &Value) -> Option<i128> {
        match v {
            Value::Int(i) => Some(*i),
            Value::Sym(d) => d.as_const().map(i128::from),
            _ => self.known_scalar(v).and_then(Scalar::as_int),
        }
    }
    /// An index or length as a dimension; emits a conversion for NumPy integers.
    pub fn dim_of(&mut self, v: &Value) -> R<Dim> {
        if let Some(i) = self.known_int(v) {
            return match i64::try_from(i) {
                Ok(i) => Ok(Dim::from(i)),
                Err(_) => self.raise("OverflowError", "Python int too large to convert to C long"),
            };
        }
        match v {
            Value::Sym(d) => Ok(d.clone()),
            Value::Dyn(d) if d.dtype.is_integer() || d.dtype == DType::Bool => {
                let v = self.cast(d.id, DType::Int64)?;
                Ok(self.value_dim(v))
            }
            Value::Array(a) if a.ty.shape.is_empty() && a.ty.dtype.is_integer() => {
                let id = self.read_array(a)?;
                let id = self.cast(id, DType::Int64)?;
                Ok(self.value_dim(id))
            }
            Value::Maybe(inner, flag) => {
                let (inner, flag) = ((**inner).clone(), *flag);
                self.check(flag, "UnboundLocalError", "a variable is used before it is assigned")?;
                self.dim_of(&inner)
            }
            v => {
                let what = v.describe();
                self.raise("TypeError", format!("{what} cannot be interpreted as an integer"))
            }
        }
    }
    /// A dimension as a Python int.
    pub fn dim_int(&self, d: &Dim) -> Value {
        match d.as_const() {
            Some(c) => Value::Int(i128::from(c)),
            None => Value::Sym(d.clone()),
        }
    }
    /// Element type a number has when it becomes an array element by itself.
    pub fn number_dtype(&self, v: &Value) -> Option<DType> {
        Some(match v {
            Value::Bool(_) => DType::Bool,
            Value::Int(_) | Value::Sym(_) => DType::Int64,
            Value::Float(_) => DType::Float64,
            Value::Complex(..) => DType::Complex128,
            Value::Scalar(s) => s.dtype,
            Value::Dyn(d) => d.dtype,
            Value::Array(a) => a.ty.dtype,
            _ => return None,
        })
    }
    /// The HIR value of a number or array, converted to `dtype`.
    pub fn operand(&mut self, v: &Value, dtype: DType) -> R<ValueId> {
        if let Some(s) = self.known_scalar(v) {
            let s = convert_constant(s, dtype);
            return self.constant(s);
        }
        let id = match v {
            Value::Sym(d) => self.dim_value(d)?,
            Value::Dyn(d) => d.id,
            Value::Array(a) => self.read_array(a)?,
            Value::Maybe(inner, flag) => {
                self.check(*flag, "UnboundLocalError", "a variable is used before it is assigned")?;
                return self.operand(inner, dtype);
            }
            v => {
                let what = v.describe();
                return self.refuse("PM0110", format!("{what} cannot be used as a number here"));
            }
        };
        self.cast(id, dtype)
    }

    // ---- arrays ----

    /// A new array cell with computed contents.
    pub fn new_array(&mut self, id: ValueId) -> Value {
        let ty = self.ty(id);
        let cell = self.heap.alloc(Cell::Array { content: Content::Dyn(id), ty: ty.clone(), frozen: false });
        self.note_cell(cell, id);
        Value::Array(ArrayRef { cell, view: Rc::new(Vec::new()), ty })
    }
    /// A new array cell with known contents.
    pub fn new_static(&mut self, a: NdArray) -> Value {
        let ty = a.ty();
        let cell = self.heap.alloc(Cell::Array { content: Content::Static(Rc::new(a)), ty: ty.clone(), frozen: false });
        Value::Array(ArrayRef { cell, view: Rc::new(Vec::new()), ty })
    }
    /// The result of an array operation: a scalar of NumPy kind when it has no axes.
    pub fn result(&mut self, id: ValueId) -> Value {
        if self.func.ty(id).shape.is_empty() {
            Value::Dyn(DynScalar { id, dtype: self.func.ty(id).dtype, kind: Kind::Np })
        } else {
            self.new_array(id)
        }
    }

    // ---- ranges ----

    /// Records what is known of an int64 value numerically.
    pub fn set_range(&mut self, v: ValueId, range: (i128, i128)) {
        self.ranges.insert(v, (range.0.max(FULL.0), range.1.min(FULL.1)));
    }
    /// Numeric interval of a dimension.
    pub fn interval(&self, d: &Dim) -> (i128, i128) {
        let mut lo = i128::from(d.constant);
        let mut hi = lo;
        for (a, c) in &d.terms {
            let (l, h) = self.atom_interval(a);
            let c = i128::from(*c);
            let (x, y) = (l.saturating_mul(c), h.saturating_mul(c));
            lo = lo.saturating_add(x.min(y));
            hi = hi.saturating_add(x.max(y));
        }
        (lo, hi)
    }
    fn atom_interval(&self, a: &Atom) -> (i128, i128) {
        match a {
            Atom::Length(l) => {
                let l = &self.module.lengths[l.0 as usize];
                (i128::from(l.min), i128::from(l.max.unwrap_or(i64::from(i32::MAX))))
            }
            Atom::Value(v) => self.ranges.get(v).copied().unwrap_or(FULL),
            Atom::Div(d, k) => {
                let (l, h) = self.interval(d);
                (l.div_euclid(i128::from(*k)), h.div_euclid(i128::from(*k)))
            }
            Atom::Product(v) => v.iter().fold((1, 1), |(l, h), a| {
                let (x, y) = self.atom_interval(a);
                let p = [l.saturating_mul(x), l.saturating_mul(y), h.saturating_mul(x), h.saturating_mul(y)];
                (p.into_iter().min().unwrap_or(0), p.into_iter().max().unwrap_or(0))
            }),
            Atom::Max(a, b) => {
                let ((l, h), (x, y)) = (self.interval(a), self.interval(b));
                (l.max(x), h.max(y))
            }
            Atom::Min(a, b) => {
                let ((l, h), (x, y)) = (self.interval(a), self.interval(b));
                (l.min(x), h.min(y))
            }
        }
    }
    /// Whether the dimension is certainly at least 0.
    pub fn proves_nonnegative(&self, d: &Dim) -> bool {
        self.prove(&self.expand(d), 8)
    }
    /// Whether `a <= b` for certain.
    pub fn proves_le(&self, a: &Dim, b: &Dim) -> bool {
        self.prove(&self.expand(&b.sub(a)), 8)
    }
    /// The dimension with results of checked sums written out, so that they cancel.
    pub fn expand(&self, d: &Dim) -> Dim {
        if self.equal.is_empty() || !d.is_dynamic() {
            return d.clone();
        }
        d.substitute(&|a| match a {
            Atom::Value(v) => self.equal.get(v).cloned().unwrap_or_else(|| Dim::from(*v)),
            a => Dim::from(a.clone()),
        })
    }
    /// A difference of two dimensions, written out when that makes it simpler.
    pub fn difference(&self, a: &Dim, b: &Dim) -> Dim {
        let plain = a.sub(b);
        let wide = self.expand(&plain);
        if wide.terms.len() < plain.terms.len() { wide } else { plain }
    }
    fn prove(&self, d: &Dim, depth: u32) -> bool {
        if self.interval(d).0 >= 0 {
            return true;
        }
        if depth == 0 {
            return false;
        }
        // replace one atom, the latest computed first, by the bound that makes the sum smaller
        for (a, c) in d.terms.iter().rev() {
            let rest = d.sub(&Dim { terms: vec![(a.clone(), *c)], constant: 0 });
            match a {
                Atom::Value(v) => {
                    if let Some((lo, hi)) = self.func.bounds.get(v) {
                        let bound = if *c > 0 { lo } else { hi };
                        if let Some(b) = bound
                            && self.prove(&rest.add(&b.scale(*c)), depth - 1)
                        {
                            return true;
                        }
                    }
                }
                Atom::Div(inner, k) => {
                    // k*floor(x/k) lies in [x-k+1, x]
                    let bound = if *c > 0 { inner.offset(1 - k) } else { (**inner).clone() };
                    if self.prove(&rest.scale(*k).add(&bound.scale(*c)), depth - 1) {
                        return true;
                    }
                }
                Atom::Max(x, y) | Atom::Min(x, y) => {
                    let either = matches!(a, Atom::Max(..)) == (*c > 0);
                    let p = self.prove(&rest.add(&x.scale(*c)), depth - 1);
                    let q = || self.prove(&rest.add(&y.scale(*c)), depth - 1);
                    if if either { p || q() } else { p && q() } {
                        return true;
                    }
                }
                _ => {}
            }
        }
        false
    }
    /// An extent known only at run time, for which `lo <= v <= hi` holds.
    pub fn runtime_extent(&mut self, v: ValueId, lo: Dim, hi: Dim) -> Dim {
        if let Some(known) = self.symbols.get(&v)
            && !known.is_dynamic()
        {
            return known.clone();
        }
        self.dynamic_extents += 1;
        let range = (self.interval(&lo).0, self.interval(&hi).1);
        let old = self.ranges.get(&v).copied().unwrap_or(FULL);
        self.set_range(v, (range.0.max(old.0), range.1.min(old.1)));
        self.symbols.remove(&v);
        self.func.bounds.insert(v, (Some(lo), Some(hi)));
        Dim::from(v)
    }
}

/// The whole of int64.
pub const FULL: (i128, i128) = (i64::MIN as i128, i64::MAX as i128);

/// A constant of one type as a constant of another, by `astype` rules.
pub fn convert_constant(s: Scalar, to: DType) -> Scalar {
    if s.dtype == to {
        return s;
    }
    if let Some(i) = s.as_int() {
        if to == DType::Float32 || to == DType::Complex64 {
            // one rounding, from the integer
            return Scalar { dtype: to, re: u64::from((i as f32).to_bits()), im: 0 };
        }
        return if to.is_float() || to.is_complex() { Scalar::float(to, i as f64, 0.0) } else { Scalar::int(to, i) };
    }
    let (re, im) = (s.real_f64(), if s.dtype.is_complex() { s.imag_f64() } else { 0.0 });
    match to {
        DType::Bool => Scalar::bool(re != 0.0 || im != 0.0),
        t if t.is_integer() => {
            let wide = if re.is_nan() || !(-9.3e18..=9.3e18).contains(&re) { i128::from(i64::MIN) } else { re as i128 };
            let wide = if i64::try_from(wide).is_err() && t != DType::Uint64 { i128::from(i64::MIN) } else { wide };
            Scalar::int(t, wide)
        }
        t => Scalar::float(t, re, im),
    }
}
