//! Statements.

use super::eval::{Eval, Frame, R, Stop};
use super::merge::Flow;
use super::ops::Truth;
use super::state::Cell;
use super::value::{CellId, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Op, Type};
use proofmark_base::diagnostics::{Diagnostic, Severity, Span};
use ruff_python_ast::{self as ast, CmpOp, Expr, Stmt};
use ruff_text_size::{Ranged, TextRange};
use std::rc::Rc;

impl<'a> Eval<'a> {
    /// Span of a node in the current frame's file.
    pub fn span_of(&self, r: TextRange) -> Option<Span> {
        self.frames.last().map(|f| Span { file: f.file.id, start: r.start().to_u32(), end: r.end().to_u32() })
    }
    /// The current frame.
    pub fn frame(&self) -> &Frame<'a> {
        match self.frames.last() {
            Some(f) => f,
            None => unreachable!("no active frame"),
        }
    }
    /// Runs a block.
    pub fn block(&mut self, body: &'a [Stmt]) -> R<Flow> {
        for (k, s) in body.iter().enumerate() {
            let flow = self.statement(s)?;
            match flow {
                Flow::Normal => {}
                Flow::Mixed(ctl, set) if set & 1 != 0 => {
                    // the rest runs only if nothing left the block
                    let rest = &body[k + 1..];
                    if rest.is_empty() {
                        return Ok(flow);
                    }
                    let zero = self.constant(Scalar::i64(0))?;
                    let go = self.emit(Op::Binary(Binary::Eq), vec![ctl, zero], Type::scalar(DType::Bool))?;
                    let left = Flow::Mixed(ctl, set & !1);
                    return self.branch(go, |ev| ev.block(rest), |_| Ok(left));
                }
                f => return Ok(f),
            }
        }
        Ok(Flow::Normal)
    }

    /// Runs one statement.
    pub fn statement(&mut self, s: &'a Stmt) -> R<Flow> {
        self.span = self.span_of(s.range());
        self.steps += 1;
        if self.steps > 20_000_000 {
            return self.refuse_help(
                "PM0190",
                "evaluating the static part of the program takes more than 20 million steps",
                "compute large tables at module level, where they are taken as they are",
            );
        }
        match s {
            Stmt::Expr(e) => {
                if let Expr::Call(c) = &*e.value
                    && let Expr::Name(n) = &*c.func
                    && n.id.as_str() == "print"
                    && self.lookup("print").is_none()
                {
                    self.warn_once("PM0150", "`print` has no effect in the translation");
                    return Ok(Flow::Normal);
                }
                self.expr(&e.value)?;
                Ok(Flow::Normal)
            }
            Stmt::Assign(a) => {
                let v = self.expr(&a.value)?;
                self.span = self.span_of(s.range());
                for t in &a.targets {
                    self.assign(t, v.clone())?;
                }
                Ok(Flow::Normal)
            }
            Stmt::AnnAssign(a) => {
                if let Some(v) = &a.value {
                    let v = self.expr(v)?;
                    self.assign(&a.target, v)?;
                }
                Ok(Flow::Normal)
            }
            Stmt::AugAssign(a) => self.augmented(a),
            Stmt::Return(r) => {
                let v = match &r.value {
                    Some(e) => self.expr(e)?,
                    None => Value::None,
                };
                self.set_local("$return", v);
                Ok(Flow::Return)
            }
            Stmt::If(i) => self.if_statement(i),
            Stmt::For(f) => self.for_statement(f),
            Stmt::While(w) => self.while_statement(w),
            Stmt::Pass(_) => Ok(Flow::Normal),
            Stmt::Break(_) => Ok(Flow::Break),
            Stmt::Continue(_) => Ok(Flow::Continue),
            Stmt::FunctionDef(f) => {
                let v = self.define_function(f)?;
                self.set_variable(f.name.as_str(), v);
                Ok(Flow::Normal)
            }
            Stmt::ClassDef(c) => {
                let v = self.define_class(c)?;
                self.set_variable(c.name.as_str(), v);
                Ok(Flow::Normal)
            }
            Stmt::Raise(r) => self.raise_statement(r),
            Stmt::Assert(a) => {
                let truth = self.condition(&a.test)?;
                let message = match &a.msg {
                    Some(m) => match self.expr(m) {
                        Ok(Value::Str(s)) => s.to_string(),
                        _ => String::new(),
                    },
                    None => String::new(),
                };
                match truth {
                    Truth::Known(true) => {}
                    Truth::Known(false) => return self.raise("AssertionError", message),
                    Truth::Dyn(c) => self.check(c, "AssertionError", message)?,
                }
                Ok(Flow::Normal)
            }
            Stmt::Import(i) => {
                for n in &i.names {
                    let full = n.name.as_str();
                    let v = self.import_module(full)?;
                    match &n.asname {
                        Some(alias) => self.set_variable(alias.as_str(), v),
                        None => {
                            let top = full.split('.').next().unwrap_or(full);
                            let v = self.import_module(top)?;
                            self.set_variable(top, v);
                        }
                    }
                }
                Ok(Flow::Normal)
            }
            Stmt::ImportFrom(i) => {
                let module = i.module.as_ref().map(|m| m.as_str().to_string()).unwrap_or_default();
                let m = self.import_module(&module)?;
                for n in &i.names {
                    let v = self.attribute(&m, n.name.as_str())?;
                    self.set_variable(n.asname.as_ref().unwrap_or(&n.name).as_str(), v);
                }
                Ok(Flow::Normal)
            }
            Stmt::Global(g) => {
                let module = self.module_scope();
                let scope = self.frame().scope;
                for n in &g.names {
                    let name: Rc<str> = n.as_str().into();
                    if let Cell::Scope { outer, .. } = self.heap.get_mut(scope) {
                        outer.push((name, module));
                    }
                }
                Ok(Flow::Normal)
            }
            Stmt::Nonlocal(g) => {
                let scope = self.frame().scope;
                for n in &g.names {
                    let mut at = match self.heap.get(scope) {
                        Cell::Scope { parent, .. } => *parent,
                        _ => None,
                    };
                    while let Some(p) = at {
                        let Cell::Scope { vars, parent, .. } = self.heap.get(p) else { break };
                        if vars.contains_key(n.as_str()) {
                            break;
                        }
                        at = *parent;
                    }
                    let Some(home) = at else { return self.refuse("PM0101", format!("no binding for nonlocal `{n}`")) };
                    let name: Rc<str> = n.as_str().into();
                    if let Cell::Scope { outer, .. } = self.heap.get_mut(scope) {
                        outer.push((name, home));
                    }
                }
                Ok(Flow::Normal)
            }
            Stmt::With(w) => {
                for item in &w.items {
                    let allowed = match &item.context_expr {
                        Expr::Call(c) => match self.expr(&c.func)? {
                            Value::Library(n) => {
                                matches!(&*n, "numpy.errstate" | "warnings.catch_warnings" | "numpy.printoptions")
                            }
                            _ => false,
                        },
                        _ => false,
                    };
                    if !allowed {
                        self.span = self.span_of(item.context_expr.range());
                        return self.refuse_help(
                            "PM0103",
                            "`with` is supported for `np.errstate` and `warnings.catch_warnings` only",
                            "move files, locks and other resources out of the translated function",
                        );
                    }
                }
                self.block(&w.body)
            }
            Stmt::Try(t) => self.try_statement(t),
            Stmt::Delete(d) => {
                for t in &d.targets {
                    match t {
                        Expr::Name(n) => {
                            let scope = self.frame().scope;
                            if let Cell::Scope { vars, .. } = self.heap.get_mut(scope) {
                                vars.shift_remove(n.id.as_str());
                            }
                        }
                        Expr::Subscript(s) => {
                            let o = self.expr(&s.value)?;
                            let i = self.expr(&s.slice)?;
                            self.call_method(&o, "pop", vec![i], vec![])?;
                        }
                        _ => return self.refuse("PM0104", "this form of `del` is not supported"),
                    }
                }
                Ok(Flow::Normal)
            }
            Stmt::Match(m) => {
                self.span = self.span_of(m.range());
                self.refuse_help("PM0105", "`match` is not supported", "write `if`/`elif`")
            }
            Stmt::TypeAlias(_) | Stmt::IpyEscapeCommand(_) => self.refuse("PM0105", "this statement is not supported"),
        }
    }
    /// A warning at the current place, once per place.
    pub fn warn_once(&mut self, code: &str, message: &str) {
        let mut d =
            proofmark_base::diagnostics::Diagnostic::new(code, proofmark_base::diagnostics::Severity::Warning, message);
        if let Some(s) = self.user_span() {
            d = d.at(s, "");
        }
        if !self.warnings.contains(&d) {
            self.warnings.push(d);
        }
    }

    // ---- variables ----

    /// Scope of the module the current code belongs to.
    pub fn module_scope(&self) -> CellId {
        let mut at = self.frame().scope;
        while let Cell::Scope { parent: Some(p), .. } = self.heap.get(at) {
            at = *p;
        }
        at
    }
    /// Binds a name in the current frame's own scope.
    pub fn set_local(&mut self, name: &str, v: Value) {
        let scope = self.frame().scope;
        if let Cell::Scope { vars, .. } = self.heap.get_mut(scope) {
            vars.insert(name.into(), v);
        }
    }
    /// Binds a name, in the scope a `global` or `nonlocal` names.
    pub fn set_variable(&mut self, name: &str, v: Value) {
        let mut scope = self.frame().scope;
        if let Cell::Scope { outer, .. } = self.heap.get(scope)
            && let Some((_, home)) = outer.iter().find(|(n, _)| &**n == name)
        {
            scope = *home;
        }
        if let Cell::Scope { vars, .. } = self.heap.get_mut(scope) {
            vars.insert(name.into(), v);
        }
    }
    /// Finds a name in the scopes around the current code.
    pub fn lookup(&self, name: &str) -> Option<Value> {
        let mut at = Some(self.frame().scope);
        while let Some(c) = at {
            let Cell::Scope { vars, parent, outer } = self.heap.get(c) else { return None };
            if let Some((_, home)) = outer.iter().find(|(n, _)| &**n == name)
                && let Cell::Scope { vars, .. } = self.heap.get(*home)
            {
                return vars.get(name).cloned();
            }
            if let Some(v) = vars.get(name) {
                return Some(v.clone());
            }
            at = *parent;
        }
        None
    }
    /// Assigns to a target expression.
    pub fn assign(&mut self, target: &'a Expr, v: Value) -> R<()> {
        match target {
            Expr::Name(n) => {
                self.set_variable(n.id.as_str(), v);
                Ok(())
            }
            Expr::Attribute(a) => {
                let o = self.expr(&a.value)?;
                self.span = self.span_of(target.range());
                self.set_attribute(&o, a.attr.as_str(), v)
            }
            Expr::Subscript(s) => {
                let o = self.expr(&s.value)?;
                let i = self.expr(&s.slice)?;
                self.span = self.span_of(target.range());
                self.set_item(&o, &i, &v)
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                self.span = self.span_of(target.range());
                let v = self.settle(&v)?;
                let items = self.known_items(&v)?;
                if let Some(star) = elts.iter().position(|e| matches!(e, Expr::Starred(_))) {
                    let tail = elts.len() - star - 1;
                    if items.len() < elts.len() - 1 {
                        return self.raise("ValueError", "not enough values to unpack");
                    }
                    for (e, x) in elts[..star].iter().zip(&items) {
                        self.assign(e, x.clone())?;
                    }
                    let middle = items[star..items.len() - tail].to_vec();
                    let list = Value::List(self.heap.alloc(Cell::List(middle)));
                    if let Expr::Starred(s) = &elts[star] {
                        self.assign(&s.value, list)?;
                    }
                    for (e, x) in elts[star + 1..].iter().zip(&items[items.len() - tail..]) {
                        self.assign(e, x.clone())?;
                    }
                    return Ok(());
                }
                if items.len() != elts.len() {
                    let (n, want) = (items.len(), elts.len());
                    let what = if n > want { "too many values to unpack" } else { "not enough values to unpack" };
                    return self.raise("ValueError", format!("{what} (expected {want})"));
                }
                for (e, x) in elts.iter().zip(items) {
                    self.assign(e, x)?;
                }
                Ok(())
            }
            Expr::Starred(s) => self.assign(&s.value, v),
            _ => self.refuse("PM0104", "this assignment target is not supported"),
        }
    }
    fn augmented(&mut self, a: &'a ast::StmtAugAssign) -> R<Flow> {
        let store = |ev: &mut Self, old: &Value, new: Value| -> R<Option<Value>> {
            // arrays and lists change in place; everything else is rebound
            match old {
                Value::Array(x) => {
                    let x = x.clone();
                    let dtype = ev.number_dtype(&new).unwrap_or(x.ty.dtype);
                    let ok = dtype == x.ty.dtype
                        || (dtype.is_float() && x.ty.dtype.is_float())
                        || (dtype.is_complex() && x.ty.dtype.is_complex())
                        || (dtype.is_float() && x.ty.dtype.is_complex())
                        || (dtype.is_integer()
                            && x.ty.dtype.is_integer()
                            && (dtype.is_signed() == x.ty.dtype.is_signed() || x.ty.dtype.is_signed()));
                    if !ok {
                        return ev.raise(
                            "UFuncTypeError",
                            format!("Cannot cast ufunc output from dtype('{dtype}') to dtype('{}') with casting rule 'same_kind'", x.ty.dtype),
                        );
                    }
                    if let (true, Value::Array(n)) = (ev.loop_depth == 0, &new)
                        && n.ty == x.ty
                        && let Some(n) = ev.static_array(n)
                        && ev.static_store(&x, &n)?
                    {
                        return Ok(None);
                    }
                    let v = ev.operand(&new, x.ty.dtype)?;
                    if ev.ty(v).rank() > x.ty.rank() {
                        return ev.raise("ValueError", "non-broadcastable output operand");
                    }
                    let v = ev.fit(v, &x.ty.shape)?;
                    ev.write_array(&x, v)?;
                    Ok(None)
                }
                _ => Ok(Some(new)),
            }
        };
        let compute = |ev: &mut Self, old: &Value| -> R<Option<Value>> {
            let value = ev.expr(&a.value)?;
            ev.span = ev.span_of(a.range);
            if let Value::List(c) = old
                && a.op == ast::Operator::Add
            {
                let c = *c;
                ev.list_extend(c, &value)?;
                return Ok(None);
            }
            let new = ev.binop(a.op, old, &value)?;
            store(ev, old, new)
        };
        match &*a.target {
            Expr::Name(n) => {
                let old = self.name(n.id.as_str())?;
                let old = self.settle(&old)?;
                if let Some(v) = compute(self, &old)? {
                    self.set_variable(n.id.as_str(), v);
                }
            }
            Expr::Attribute(t) => {
                let o = self.expr(&t.value)?;
                let old = self.attribute(&o, t.attr.as_str())?;
                let old = self.settle(&old)?;
                if let Some(v) = compute(self, &old)? {
                    self.set_attribute(&o, t.attr.as_str(), v)?;
                }
            }
            Expr::Subscript(t) => {
                let o = self.expr(&t.value)?;
                let i = self.expr(&t.slice)?;
                let old = self.get_item(&o, &i)?;
                // a view is written in place; an item of a fancy index is stored back
                let is_view = matches!((&o, &old), (Value::Array(b), Value::Array(v)) if b.cell == v.cell);
                let inner = matches!(
                    (&o, &old),
                    (Value::List(_) | Value::Tuple(..) | Value::Dict(_), Value::Array(_) | Value::List(_))
                );
                if is_view || inner {
                    if let Some(v) = compute(self, &old)? {
                        self.set_item(&o, &i, &v)?;
                    }
                } else {
                    let value = self.expr(&a.value)?;
                    self.span = self.span_of(a.range);
                    let new = self.binop(a.op, &old, &value)?;
                    if let (Value::Array(x), Some(d)) = (&o, self.number_dtype(&new))
                        && ((d.is_complex() && !x.ty.dtype.is_complex())
                            || (matches!(old, Value::Array(_))
                                && d.is_float()
                                && !x.ty.dtype.is_float()
                                && !x.ty.dtype.is_complex()))
                    {
                        let t = x.ty.dtype;
                        return self.raise(
                            "UFuncTypeError",
                            format!("Cannot cast ufunc output from dtype('{d}') to dtype('{t}') with casting rule 'same_kind'"),
                        );
                    }
                    self.set_item(&o, &i, &new)?;
                }
            }
            _ => return self.refuse("PM0104", "this assignment target is not supported"),
        }
        Ok(Flow::Normal)
    }

    // ---- control ----

    fn if_statement(&mut self, i: &'a ast::StmtIf) -> R<Flow> {
        self.if_chain(&i.test, &i.body, &i.elif_else_clauses)
    }
    fn if_chain(&mut self, test: &'a Expr, body: &'a [Stmt], rest: &'a [ast::ElifElseClause]) -> R<Flow> {
        let truth = self.condition(test)?;
        self.span = self.span_of(test.range());
        let otherwise = |ev: &mut Self| -> R<Flow> {
            match rest.split_first() {
                None => Ok(Flow::Normal),
                Some((c, more)) => match &c.test {
                    Some(t) => ev.if_chain(t, &c.body, more),
                    None => {
                        ev.see_branch(&c.body, true);
                        ev.block(&c.body)
                    }
                },
            }
        };
        if let Truth::Known(taken) = truth {
            self.see_branch(body, taken);
            if taken {
                rest.iter().for_each(|c| self.see_branch(&c.body, false));
            }
        }
        match truth {
            Truth::Known(true) => self.block(body),
            Truth::Known(false) => otherwise(self),
            Truth::Dyn(c) => {
                self.see_branch(body, true);
                self.branch(c, |ev| ev.block(body), otherwise)
            }
        }
    }
    /// Remembers whether the body of an `if` of the project ran; one that ends by raising is no loss.
    fn see_branch(&mut self, body: &'a [Stmt], taken: bool) {
        if self.frame().file.is_prelude || matches!(body.last(), Some(Stmt::Raise(_) | Stmt::Pass(_))) {
            return;
        }
        if let Some(span) = body.first().and_then(|s| self.span_of(s.range())) {
            *self.branches.entry(span).or_default() |= taken;
        }
    }
    /// A note for every branch that no call takes: it is not part of the translation.
    pub(super) fn note_untaken_branches(&mut self) {
        for (span, taken) in std::mem::take(&mut self.branches) {
            if !taken {
                let what = "no call of the bench takes this branch: it is not part of the translation";
                self.warnings.push(Diagnostic::new("PM0154", Severity::Note, what).at(span, ""));
            }
        }
    }

    /// Runs `f` with emission forbidden; `None` and everything rolled back when something dynamic is met.
    pub fn static_trial<T>(&mut self, f: impl FnOnce(&mut Self) -> R<T>) -> R<Option<T>> {
        let heap = self.heap.clone();
        let frames = self.frames.len();
        let warnings = self.warnings.len();
        self.static_only += 1;
        let out = f(self);
        self.static_only -= 1;
        match out {
            Ok(v) => Ok(Some(v)),
            Err(Stop::NeedsEmission) => {
                let ids = self.heap.len();
                self.heap = heap;
                self.heap.reserve_ids(ids);
                self.frames.truncate(frames);
                self.warnings.truncate(warnings);
                if self.static_only > 0 { Err(Stop::NeedsEmission) } else { Ok(None) }
            }
            Err(e) => Err(e),
        }
    }
    /// Runs `f`; on a refusal everything is rolled back and the refusal returned.
    pub fn attempt_or_roll_back<T>(&mut self, f: impl FnOnce(&mut Self) -> R<T>) -> R<Result<T, Stop>> {
        let heap = self.heap.clone();
        let frames = self.frames.len();
        let regions = self.regions.len();
        let len = self.regions.last().map_or(0, Vec::len);
        let refinements = self.refinements.len();
        let (depth, emitted, checks) = (self.loop_depth, self.emitted, self.checks);
        match f(self) {
            Ok(v) => Ok(Ok(v)),
            Err(Stop::NeedsEmission) => Err(Stop::NeedsEmission),
            Err(e) => {
                let ids = self.heap.len();
                self.heap = heap;
                self.heap.reserve_ids(ids);
                self.frames.truncate(frames);
                self.regions.truncate(regions);
                self.extents.truncate(regions);
                if let Some(r) = self.regions.last_mut() {
                    r.truncate(len);
                }
                while self.refinements.len() > refinements {
                    self.unrefine();
                }
                self.loop_depth = depth;
                self.emitted = emitted;
                self.checks = checks;
                // extents cached by the failed attempt may be gone
                if let Some(m) = self.extents.last_mut() {
                    m.clear();
                }
                Ok(Err(e))
            }
        }
    }

    /// One comparison of a chain as a bool scalar or array.
    pub fn compare_chain(&mut self, left: &'a Expr, ops: &'a [CmpOp], rest: &'a [Expr]) -> R<Value> {
        let mut a = self.expr(left)?;
        let mut acc: Option<Value> = None;
        for (op, e) in ops.iter().zip(rest) {
            let b = self.expr(e)?;
            let c = self.compare(*op, &a, &b)?;
            acc = Some(match acc {
                None => c,
                Some(p) => match self.truth(&p)? {
                    Truth::Known(false) => return Ok(p),
                    Truth::Known(true) => c,
                    Truth::Dyn(x) => {
                        let y = self.truth_id(&c)?;
                        let id = self.emit(Op::Binary(Binary::And), vec![x, y], Type::scalar(DType::Bool))?;
                        self.scalar(id, super::value::Kind::Py)
                    }
                },
            });
            a = b;
        }
        Ok(acc.unwrap_or(Value::Bool(true)))
    }
}
