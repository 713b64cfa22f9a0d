//! Expressions, names, attributes and iteration.

use super::eval::{Code, Eval, R, Stop};
use super::merge::Flow;
use super::ops::Truth;
use super::state::{Cell, Content, DynList};
use super::value::{ArrayRef, CellId, Kind, Member, UserFunction, Value, ViewStep};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, ValueId};
use ruff_python_ast::{self as ast, BoolOp, Expr, Number, Operator};
use ruff_text_size::Ranged;
use std::rc::Rc;

impl<'a> Eval<'a> {
    /// Evaluates an expression.
    pub fn expr(&mut self, e: &'a Expr) -> R<Value> {
        let saved = self.span;
        self.span = self.span_of(e.range());
        let out = self.expr_inner(e);
        if out.is_ok() {
            self.span = saved;
        }
        out
    }
    fn expr_inner(&mut self, e: &'a Expr) -> R<Value> {
        match e {
            Expr::NumberLiteral(n) => Ok(match &n.value {
                Number::Int(i) => match i.to_string().parse::<i128>() {
                    Ok(v) => Value::Int(v),
                    Err(_) => return self.int_literal(&i.to_string()),
                },
                Number::Float(f) => Value::Float(*f),
                Number::Complex { real, imag } => Value::Complex(*real, *imag),
            }),
            Expr::BooleanLiteral(b) => Ok(Value::Bool(b.value)),
            Expr::NoneLiteral(_) => Ok(Value::None),
            Expr::EllipsisLiteral(_) => Ok(Value::Ellipsis),
            Expr::StringLiteral(s) => Ok(Value::str(s.value.to_str())),
            Expr::BytesLiteral(b) => Ok(Value::Bytes(b.value.bytes().collect::<Vec<u8>>().into())),
            Expr::FString(f) => self.f_string(f),
            Expr::Name(n) => {
                let v = self.name(n.id.as_str())?;
                self.settle(&v)
            }
            Expr::Attribute(a) => {
                let o = self.expr(&a.value)?;
                self.span = self.span_of(e.range());
                let v = self.attribute(&o, a.attr.as_str())?;
                self.settle(&v)
            }
            Expr::Subscript(s) => {
                let o = self.expr(&s.value)?;
                let i = self.expr(&s.slice)?;
                self.span = self.span_of(e.range());
                self.get_item(&o, &i)
            }
            Expr::Slice(s) => {
                let part = |ev: &mut Self, e: &'a Option<Box<Expr>>| match e {
                    Some(e) => ev.expr(e),
                    None => Ok(Value::None),
                };
                let v = [part(self, &s.lower)?, part(self, &s.upper)?, part(self, &s.step)?];
                Ok(Value::Slice(Rc::new(v)))
            }
            Expr::BinOp(b) if matches!(b.op, Operator::BitAnd | Operator::Mod) && is_modular(&b.left) => {
                let r = self.expr(&b.right)?;
                self.masked(b, &r)
            }
            Expr::BinOp(b) => {
                let l = self.expr(&b.left)?;
                let r = self.expr(&b.right)?;
                self.span = self.span_of(e.range());
                if b.op == Operator::Mod
                    && let Value::Str(_) = l
                {
                    return if self.is_static(&r) {
                        self.ask("operator.mod(a0, a1)", &[l, r])
                    } else {
                        Ok(Value::Poison("text made from data is not supported".into()))
                    };
                }
                self.binop(b.op, &l, &r)
            }
            Expr::UnaryOp(u) => {
                let v = self.expr(&u.operand)?;
                self.span = self.span_of(e.range());
                self.unop(u.op, &v)
            }
            Expr::BoolOp(b) => self.bool_op(b.op, &b.values),
            Expr::Compare(c) => self.compare_chain(&c.left, &c.ops, &c.comparators),
            Expr::If(i) => match self.condition(&i.test)? {
                Truth::Known(true) => self.expr(&i.body),
                Truth::Known(false) => self.expr(&i.orelse),
                Truth::Dyn(c) => self.choose(c, |ev| ev.expr(&i.body), |ev| ev.expr(&i.orelse)),
            },
            Expr::Tuple(t) => Ok(Value::tuple(self.elements(&t.elts)?)),
            Expr::List(l) => {
                let items = self.elements(&l.elts)?;
                Ok(Value::List(self.heap.alloc(Cell::List(items))))
            }
            Expr::Set(s) => {
                let items = self.elements(&s.elts)?;
                let list = Value::List(self.heap.alloc(Cell::List(items)));
                if !self.is_static(&list) {
                    return self.refuse_help(
                        "PM0106",
                        "a set of values computed at run time is not supported",
                        "use a list or an array",
                    );
                }
                self.ask("set(a0)", &[list])
            }
            Expr::Dict(d) => {
                let mut out: Vec<(Value, Value)> = Vec::new();
                for item in &d.items {
                    match &item.key {
                        Some(k) => {
                            let k = self.expr(k)?;
                            if !self.is_static(&k) {
                                return self.refuse("PM0134", "a dict is made with a key that depends on data");
                            }
                            let v = self.expr(&item.value)?;
                            match out.iter_mut().find(|(q, _)| super::index::same_key(q, &k)) {
                                Some(slot) => slot.1 = v,
                                None => out.push((k, v)),
                            }
                        }
                        None => {
                            let Value::Dict(c) = self.expr(&item.value)? else {
                                return self.refuse("PM0106", "`**` of something that is not a dict");
                            };
                            if let Cell::Dict(items) = self.heap.get(c) {
                                out.extend(items.iter().cloned());
                            }
                        }
                    }
                }
                Ok(Value::Dict(self.heap.alloc(Cell::Dict(out))))
            }
            Expr::ListComp(c) => self.comprehension(&c.elt, &c.generators),
            Expr::Generator(g) => {
                let list = self.comprehension(&g.elt, &g.generators)?;
                match &list {
                    Value::List(c) => match self.heap.get(*c) {
                        Cell::List(v) => Ok(Value::Items(v.clone().into())),
                        _ => Ok(list),
                    },
                    _ => Ok(list),
                }
            }
            Expr::SetComp(c) => {
                let list = self.comprehension(&c.elt, &c.generators)?;
                if !self.is_static(&list) {
                    return self.refuse("PM0106", "a set of values computed at run time is not supported");
                }
                self.ask("set(a0)", &[list])
            }
            Expr::DictComp(c) => {
                let Some(key) = &c.key else {
                    return self.refuse("PM0106", "this dict comprehension is not supported");
                };
                let mut out: Vec<(Value, Value)> = Vec::new();
                self.comprehend(&c.generators, &mut |ev| {
                    let k = ev.expr(key)?;
                    if !ev.is_static(&k) {
                        return ev.refuse("PM0134", "a dict is made with a key that depends on data");
                    }
                    let v = ev.expr(&c.value)?;
                    match out.iter_mut().find(|(q, _)| super::index::same_key(q, &k)) {
                        Some(slot) => slot.1 = v,
                        None => out.push((k, v)),
                    }
                    Ok(())
                })?;
                Ok(Value::Dict(self.heap.alloc(Cell::Dict(out))))
            }
            Expr::Lambda(l) => {
                let def = self.function_id(Code::Lambda(l));
                let mut defaults = Vec::new();
                if let Some(p) = &l.parameters {
                    for d in p.iter_non_variadic_params() {
                        if let Some(e) = &d.default {
                            defaults.push((Rc::from(d.parameter.name.as_str()), self.expr(e)?));
                        }
                    }
                }
                self.mark_captured();
                Ok(Value::Function(Rc::new(UserFunction { def, scope: self.frame().scope, defaults, owner: None })))
            }
            Expr::Call(c) => self.call_expr(c),
            Expr::Named(n) => {
                let v = self.expr(&n.value)?;
                self.assign(&n.target, v.clone())?;
                Ok(v)
            }
            Expr::Starred(s) => self.expr(&s.value),
            Expr::Await(_) | Expr::Yield(_) | Expr::YieldFrom(_) => {
                self.refuse_help("PM0107", "generators and coroutines are not supported", "return a list or an array")
            }
            Expr::TString(_) | Expr::IpyEscapeCommand(_) => self.refuse("PM0105", "this expression is not supported"),
        }
    }
    /// `(sum of products) & mask` and `... % 2**k`: only the low bits matter, so Python's unbounded ints may wrap.
    fn masked(&mut self, b: &'a ast::ExprBinOp, mask: &Value) -> R<Value> {
        let tree = self.modular_tree(&b.left)?;
        let bits = match (b.op, mask) {
            (Operator::BitAnd, Value::Int(m)) if (0..=i128::from(i64::MAX)).contains(m) => Some(*m),
            (Operator::Mod, Value::Int(m)) if *m > 0 && *m <= 1 << 62 && m.count_ones() == 1 => Some(*m - 1),
            _ => None,
        };
        let ints = tree.all(&|v| matches!(v, Value::Int(_) | Value::Sym(_)));
        let dynamic = !tree.all(&|v| matches!(v, Value::Int(_)));
        if let (Some(bits), true, true) = (bits, ints, dynamic) {
            let v = self.modular_value(&tree)?;
            let m = self.constant(Scalar::i64(bits as i64))?;
            let id = self.emit(Op::Binary(Binary::And), vec![v, m], Type::scalar(DType::Int64))?;
            self.set_range(id, (0, bits));
            return Ok(Value::Sym(Dim::from(id)));
        }
        let l = self.plain_value(&tree)?;
        self.binop(b.op, &l, mask)
    }
    fn modular_tree(&mut self, e: &'a Expr) -> R<Modular> {
        if let Expr::BinOp(b) = e
            && is_modular(e)
        {
            let l = self.modular_tree(&b.left)?;
            let r = self.modular_tree(&b.right)?;
            return Ok(Modular::Node(b.op, Box::new((l, r))));
        }
        Ok(Modular::Leaf(self.expr(e)?))
    }
    fn modular_value(&mut self, t: &Modular) -> R<ValueId> {
        match t {
            Modular::Leaf(Value::Int(i)) => self.constant(Scalar::int(DType::Int64, *i)),
            Modular::Leaf(v) => self.operand(v, DType::Int64),
            Modular::Node(op, parts) => {
                let (x, y) = (self.modular_value(&parts.0)?, self.modular_value(&parts.1)?);
                let op = match op {
                    Operator::Add => Binary::Add,
                    Operator::Sub => Binary::Sub,
                    _ => Binary::Mul,
                };
                self.emit(Op::Binary(op), vec![x, y], Type::scalar(DType::Int64))
            }
        }
    }
    fn plain_value(&mut self, t: &Modular) -> R<Value> {
        match t {
            Modular::Leaf(v) => Ok(v.clone()),
            Modular::Node(op, parts) => {
                let (x, y) = (self.plain_value(&parts.0)?, self.plain_value(&parts.1)?);
                self.binop(*op, &x, &y)
            }
        }
    }
    fn int_literal(&mut self, text: &str) -> R<Value> {
        let digits = text.replace('_', "").to_lowercase();
        let parsed = match digits.get(..2) {
            Some("0x") => i128::from_str_radix(&digits[2..], 16).ok(),
            Some("0b") => i128::from_str_radix(&digits[2..], 2).ok(),
            Some("0o") => i128::from_str_radix(&digits[2..], 8).ok(),
            _ => digits.parse().ok(),
        };
        match parsed {
            Some(v) => Ok(Value::Int(v)),
            None => self.refuse("PM0111", "an integer constant needs more than 127 bits"),
        }
    }
    fn elements(&mut self, elts: &'a [Expr]) -> R<Vec<Value>> {
        let mut out = Vec::with_capacity(elts.len());
        for e in elts {
            match e {
                Expr::Starred(s) => {
                    let v = self.expr(&s.value)?;
                    out.extend(self.known_items(&v)?);
                }
                e => out.push(self.expr(e)?),
            }
        }
        Ok(out)
    }
    fn f_string(&mut self, f: &'a ast::ExprFString) -> R<Value> {
        let mut out = String::new();
        for el in f.value.elements() {
            match el {
                ast::InterpolatedStringElement::Literal(l) => out.push_str(&l.value),
                ast::InterpolatedStringElement::Interpolation(i) => {
                    let v = self.expr(&i.expression)?;
                    if !self.is_static(&v) {
                        // text made from data may only end in messages
                        return Ok(Value::Poison("text made from data is not supported".into()));
                    }
                    if i.format_spec.is_some() || !matches!(v, Value::Str(_) | Value::Int(_)) {
                        let spec = match &i.format_spec {
                            Some(s) => s
                                .elements
                                .iter()
                                .filter_map(|e| match e {
                                    ast::InterpolatedStringElement::Literal(l) => Some(l.value.to_string()),
                                    _ => None,
                                })
                                .collect::<String>(),
                            None => String::new(),
                        };
                        match self.ask("format(a0, a1)", &[v, Value::str(&spec)])? {
                            Value::Str(s) => out.push_str(&s),
                            _ => return self.refuse("PM0105", "this f-string is not supported"),
                        }
                    } else {
                        match v {
                            Value::Str(s) => out.push_str(&s),
                            Value::Int(i) => out.push_str(&i.to_string()),
                            _ => {}
                        }
                    }
                }
            }
        }
        Ok(Value::str(&out))
    }
    /// A name: local, global, builtin.
    pub fn name(&mut self, name: &str) -> R<Value> {
        if let Some(v) = self.lookup(name) {
            return Ok(v);
        }
        if super::library::is_builtin(name) {
            return Ok(Value::Library(format!("builtins.{name}").into()));
        }
        if name == "__name__" {
            return Ok(Value::str("__main__"));
        }
        self.refuse("PM0101", format!("name `{name}` is not defined"))
    }
    /// The truth of an expression used as a condition: of `and`, `or` and `not` only the truth of the parts matters.
    pub fn condition(&mut self, e: &'a Expr) -> R<Truth> {
        match e {
            Expr::BoolOp(b) => {
                let span = self.span_of(e.range());
                self.condition_chain(b.op, &b.values, span)
            }
            Expr::UnaryOp(u) if u.op == ast::UnaryOp::Not => Ok(match self.condition(&u.operand)? {
                Truth::Known(b) => Truth::Known(!b),
                Truth::Dyn(c) => Truth::Dyn(self.negate(c)?),
            }),
            e => {
                let v = self.expr(e)?;
                self.span = self.span_of(e.range());
                self.truth(&v)
            }
        }
    }
    fn condition_chain(
        &mut self,
        op: BoolOp,
        values: &'a [Expr],
        span: Option<proofmark_base::diagnostics::Span>,
    ) -> R<Truth> {
        let Some((first, rest)) = values.split_first() else { return Ok(Truth::Known(op == BoolOp::And)) };
        let a = self.condition(first)?;
        if rest.is_empty() {
            return Ok(a);
        }
        self.span = span;
        let stop_at = op == BoolOp::Or;
        match a {
            Truth::Known(b) if b == stop_at => Ok(Truth::Known(b)),
            Truth::Known(_) => self.condition_chain(op, rest, span),
            Truth::Dyn(c) => {
                let go = |ev: &mut Self| {
                    Ok(match ev.condition_chain(op, rest, span)? {
                        Truth::Known(b) => Value::Bool(b),
                        Truth::Dyn(c) => ev.scalar(c, Kind::Py),
                    })
                };
                let keep = |_: &mut Self| Ok(Value::Bool(stop_at));
                let v = if op == BoolOp::And { self.choose(c, go, keep)? } else { self.choose(c, keep, go)? };
                self.truth(&v)
            }
        }
    }
    fn bool_op(&mut self, op: BoolOp, values: &'a [Expr]) -> R<Value> {
        let Some((first, rest)) = values.split_first() else { return Ok(Value::None) };
        let a = self.expr(first)?;
        if rest.is_empty() {
            return Ok(a);
        }
        let stop_at = op == BoolOp::Or;
        match self.truth(&a)? {
            Truth::Known(b) if b == stop_at => Ok(a),
            Truth::Known(_) => self.bool_op(op, rest),
            Truth::Dyn(c) => {
                let kept = a.clone();
                let keep = move |_: &mut Self| Ok(kept);
                let go = |ev: &mut Self| ev.bool_op(op, rest);
                // a plain condition needs only its truth
                if op == BoolOp::And { self.choose(c, go, keep) } else { self.choose(c, keep, go) }
            }
        }
    }
    /// `f if c else g`, both evaluated in branches of their own.
    pub fn choose(
        &mut self,
        c: ValueId,
        f: impl FnOnce(&mut Self) -> R<Value>,
        g: impl FnOnce(&mut Self) -> R<Value>,
    ) -> R<Value> {
        let slot = "$choice";
        let run = |ev: &mut Self, v: R<Value>| -> R<Flow> {
            let v = v?;
            ev.set_local(slot, v);
            Ok(Flow::Normal)
        };
        self.set_local(slot, Value::Unbound("undecided".into()));
        self.branch(
            c,
            |ev| {
                let v = f(ev);
                run(ev, v)
            },
            |ev| {
                let v = g(ev);
                run(ev, v)
            },
        )?;
        let scope = self.frame().scope;
        let v = match self.heap.get_mut(scope) {
            Cell::Scope { vars, .. } => vars.shift_remove(slot),
            _ => None,
        };
        match v {
            Some(v) => self.settle(&v),
            None => self.refuse("PM0999", "internal error: no value chosen"),
        }
    }

    // ---- comprehensions ----

    fn comprehension(&mut self, elt: &'a Expr, generators: &'a [ast::Comprehension]) -> R<Value> {
        let cell = self.heap.alloc(Cell::List(Vec::new()));
        self.comprehend(generators, &mut |ev| {
            let v = ev.expr(elt)?;
            ev.list_append(cell, &v)
        })?;
        Ok(Value::List(cell))
    }
    fn comprehend(&mut self, generators: &'a [ast::Comprehension], leaf: &mut dyn FnMut(&mut Self) -> R<()>) -> R<()> {
        let Some((g, rest)) = generators.split_first() else { return leaf(self) };
        if g.is_async {
            return self.refuse("PM0107", "generators and coroutines are not supported");
        }
        let iterable = self.expr(&g.iter)?;
        let iterable = self.settle(&iterable)?;
        // the targets live in a scope of their own
        let parent = self.frame().scope;
        let scope = self.heap.alloc(Cell::Scope { vars: Default::default(), parent: Some(parent), outer: vec![] });
        let mut frame = self.frame().clone();
        frame.scope = scope;
        frame.def = None;
        self.frames.push(frame);
        let depth = self.frames.len();
        let source = iterable.clone();
        let mut bind = |ev: &mut Self, i: &Dim| -> R<()> {
            let v = ev.iter_item(&source, i)?;
            ev.assign(&g.target, v)
        };
        let mut body = |ev: &mut Self| -> R<Flow> { ev.filtered(&g.ifs, rest, leaf) };
        let names: Vec<Rc<str>> =
            super::names::top_level_stores(&[], Some(&g.target)).into_iter().map(|(n, _)| n.into()).collect();
        let out = self.run_loop(&iterable, &names, &mut bind, &mut body);
        self.frames.truncate(depth - 1);
        out.map(|_| ())
    }
    fn filtered(
        &mut self,
        ifs: &'a [Expr],
        rest: &'a [ast::Comprehension],
        leaf: &mut dyn FnMut(&mut Self) -> R<()>,
    ) -> R<Flow> {
        match ifs.split_first() {
            None => {
                self.comprehend(rest, leaf)?;
                Ok(Flow::Normal)
            }
            Some((test, more)) => {
                let v = self.expr(test)?;
                match self.truth(&v)? {
                    Truth::Known(false) => Ok(Flow::Normal),
                    Truth::Known(true) => self.filtered(more, rest, leaf),
                    Truth::Dyn(c) => self.branch(c, |ev| ev.filtered(more, rest, leaf), |_| Ok(Flow::Normal)),
                }
            }
        }
    }

    // ---- iteration ----

    /// Number of rounds of a loop over the value.
    pub fn iter_len(&mut self, v: &Value) -> R<Dim> {
        match v {
            Value::Object(c) => {
                let indexed = matches!(self.heap.get(*c), Cell::Object { class, .. }
                    if class.find("__iter__").is_none() && class.find("__len__").is_some() && class.find("__getitem__").is_some());
                if !indexed {
                    return self.refuse_help(
                        "PM0108",
                        "iterating over an object is not supported",
                        "iterate over a list or an array it holds",
                    );
                }
                let n = self.length(v)?;
                self.dim_of(&n)
            }
            Value::Zip(parts) => {
                let parts = parts.clone();
                let mut out: Option<Dim> = None;
                for p in parts.iter() {
                    if let Value::Library(n) = p
                        && &**n == "itertools.count"
                    {
                        continue;
                    }
                    let n = self.iter_len(p)?;
                    out = Some(match out {
                        None => n,
                        Some(m) if self.proves_le(&m, &n) => m,
                        Some(m) if self.proves_le(&n, &m) => n,
                        Some(m) => m.minimum(&n),
                    });
                }
                Ok(out.unwrap_or_default())
            }
            v => {
                let n = self.length(v)?;
                self.dim_of(&n)
            }
        }
    }
    /// Item of one round.
    pub fn iter_item(&mut self, v: &Value, i: &Dim) -> R<Value> {
        match v {
            Value::Zip(parts) => {
                let parts = parts.clone();
                let saved = self.range_value.take();
                let items = parts.iter().map(|p| self.iter_item(p, i)).collect::<R<Vec<_>>>();
                self.range_value = saved;
                Ok(Value::tuple(items?))
            }
            Value::Range(r) => {
                if let Some(d) = self.range_value.take() {
                    return Ok(self.dim_int(&d));
                }
                let r = r.clone();
                let at = self.dim_int(i);
                let scaled = self.binop(Operator::Mult, &at, &r[2])?;
                self.binop(Operator::Add, &r[0], &scaled)
            }
            Value::Dict(_) | Value::Set(_) | Value::Str(_) => {
                let items = self.known_items(v)?;
                match i.as_const().and_then(|k| items.get(k as usize)) {
                    Some(x) => Ok(x.clone()),
                    None => Err(Stop::NeedsEmission),
                }
            }
            Value::Array(a) if a.ty.rank() == 0 => self.raise("TypeError", "iteration over a 0-d array"),
            Value::Opaque(_) | Value::Function(_) => {
                let what = v.describe();
                self.refuse("PM0108", format!("iterating over {what} is not supported"))
            }
            v => {
                let at = self.dim_int(i);
                self.get_item(v, &at)
            }
        }
    }
    /// Whether items can be taken by an index computed at run time.
    pub fn iterates_uniformly(&self, v: &Value) -> bool {
        match v {
            Value::Range(_) => true,
            Value::Array(_) => true,
            Value::Zip(parts) => parts.iter().all(|p| self.iterates_uniformly(p)),
            Value::List(c) => match self.heap.get(*c) {
                Cell::List(items) => self.uniform(items),
                _ => true,
            },
            Value::Tuple(items, _) | Value::Items(items) => self.uniform(items),
            _ => false,
        }
    }
    fn uniform(&self, items: &[Value]) -> bool {
        let Some(first) = items.first() else { return true };
        match first {
            Value::Tuple(t, _) => {
                items.iter().all(|v| matches!(v, Value::Tuple(u, _) if u.len() == t.len())) && {
                    (0..t.len()).all(|k| {
                        let column: Vec<Value> = items
                            .iter()
                            .filter_map(|v| match v {
                                Value::Tuple(u, _) => Some(u[k].clone()),
                                _ => None,
                            })
                            .collect();
                        self.uniform(&column)
                    })
                }
            }
            Value::Array(a) => items.iter().all(|v| matches!(v, Value::Array(b) if b.ty == a.ty)),
            v => {
                let Some(d) = self.number_dtype(v) else { return false };
                let numpy = Self::is_numpy(v);
                items.iter().all(|x| self.number_dtype(x) == Some(d) && Self::is_numpy(x) == numpy)
            }
        }
    }
    /// All items, when their number is known.
    pub fn known_items(&mut self, v: &Value) -> R<Vec<Value>> {
        let v = &self.settle(v)?;
        match v {
            Value::Tuple(t, _) | Value::Items(t) => Ok(t.to_vec()),
            Value::List(c) | Value::Set(c) => match self.heap.get(*c) {
                Cell::List(v) | Cell::Set(v) => Ok(v.clone()),
                Cell::DynList(_) => self
                    .refuse("PM0133", "the number of items of this list depends on data, which is not supported here"),
                _ => self.refuse("PM0999", "internal error: not a list cell"),
            },
            Value::Dict(c) => match self.heap.get(*c) {
                Cell::Dict(v) => Ok(v.iter().map(|(k, _)| k.clone()).collect()),
                _ => self.refuse("PM0999", "internal error: not a dict cell"),
            },
            Value::Str(s) => Ok(s.chars().map(|c| Value::str(&c.to_string())).collect()),
            Value::Bytes(b) => Ok(b.iter().map(|x| Value::Int(i128::from(*x))).collect()),
            v => {
                let n = self.iter_len(v)?;
                let Some(n) = n.as_const() else {
                    let what = v.describe();
                    return self.refuse(
                        "PM0133",
                        format!("the number of items of {what} depends on data, which is not supported here"),
                    );
                };
                if n > 1_000_000 {
                    return self.refuse("PM0190", "more than 1,000,000 items are handled one by one");
                }
                (0..n).map(|i| self.iter_item(v, &Dim::from(i))).collect()
            }
        }
    }
    /// `len(v)`
    pub fn length(&mut self, v: &Value) -> R<Value> {
        let v = &self.settle(v)?;
        Ok(match v {
            Value::Tuple(t, _) | Value::Items(t) => Value::Int(t.len() as i128),
            Value::Str(s) => Value::Int(s.chars().count() as i128),
            Value::Bytes(s) => Value::Int(s.len() as i128),
            Value::List(c) | Value::Dict(c) | Value::Set(c) => match self.heap.get(*c) {
                Cell::List(v) | Cell::Set(v) => Value::Int(v.len() as i128),
                Cell::Dict(v) => Value::Int(v.len() as i128),
                Cell::DynList(l) => {
                    let d = l.len.clone();
                    self.dim_int(&d)
                }
                _ => return self.refuse("PM0999", "internal error: not a container cell"),
            },
            Value::Array(a) => match a.ty.shape.first() {
                Some(d) => self.dim_int(d),
                None => return self.raise("TypeError", "len() of unsized object"),
            },
            Value::Range(r) => {
                let r = r.clone();
                let Some(step) = self.known_int(&r[2]) else {
                    return self.refuse("PM0141", "a range step computed at run time is not supported");
                };
                let (a, b) = (self.dim_of(&r[0])?, self.dim_of(&r[1])?);
                let (span, k) =
                    if step > 0 { (self.difference(&b, &a), step) } else { (self.difference(&a, &b), -step) };
                let n = span.offset(k as i64 - 1).div(k as i64);
                let n = if self.proves_nonnegative(&span) { n } else { n.maximum(&Dim::from(0i64)) };
                self.dim_int(&n)
            }
            Value::Zip(_) => {
                let d = self.iter_len(v)?;
                self.dim_int(&d)
            }
            Value::Object(_) => {
                let f = self.attribute(v, "__len__")?;
                self.call(&f, vec![], vec![])?
            }
            v => return self.raise("TypeError", format!("{} has no len()", v.describe())),
        })
    }

    // ---- attributes ----

    /// `object.name`
    pub fn attribute(&mut self, o: &Value, name: &str) -> R<Value> {
        let o = &self.settle(o)?;
        match o {
            Value::Module(m) => {
                let full: Rc<str> = format!("{m}.{name}").into();
                self.library_value(&full)
            }
            Value::Library(m) => {
                if let Some(d) = super::library::dtype_of(m)
                    && name == "__name__"
                {
                    return Ok(Value::str(d.name()));
                }
                let full: Rc<str> = format!("{m}.{name}").into();
                self.library_value(&full)
            }
            Value::UserModule(c) => match self.heap.get(*c) {
                Cell::Scope { vars, .. } => match vars.get(name) {
                    Some(v) => Ok(v.clone()),
                    None => self.refuse("PM0102", format!("this module has no attribute `{name}`")),
                },
                _ => self.refuse("PM0999", "internal error: not a scope cell"),
            },
            Value::Object(c) => self.object_attribute(*c, name),
            Value::Super(c, after) => {
                let object = Value::Object(*c);
                let Cell::Object { class, .. } = self.heap.get(*c) else {
                    return self.refuse("PM0999", "internal error: not an object");
                };
                let mro = class.mro();
                // the class under construction and the finished one share their attributes' scope
                let at = mro.iter().position(|k| k.attrs == after.attrs).map_or(0, |p| p + 1);
                let found = mro[at..]
                    .iter()
                    .find_map(|k| k.members.iter().rev().find(|(n, _)| &**n == name).map(|(_, m)| m.clone()));
                match found {
                    Some(Member::Method(f)) => Ok(Value::Method(Box::new(object), f)),
                    Some(Member::Property(f, _)) => self.call_function(&f, vec![object], vec![]),
                    Some(Member::Static(f)) => Ok(Value::Function(f)),
                    Some(Member::ClassMethod(f)) => Ok(Value::Method(Box::new(object), f)),
                    None if name == "__init__" => Ok(Value::Library("builtins.object.__init__".into())),
                    None => self.raise("AttributeError", format!("'super' object has no attribute '{name}'")),
                }
            }
            Value::Class(k) => {
                match k.find(name) {
                    Some(Member::Method(f) | Member::Static(f) | Member::Property(f, _)) => {
                        return Ok(Value::Function(f));
                    }
                    Some(Member::ClassMethod(f)) => return Ok(Value::Method(Box::new(o.clone()), f)),
                    None => {}
                }
                if name == "__name__" || name == "__qualname__" {
                    return Ok(Value::Str(k.name.clone()));
                }
                for c in k.mro() {
                    if let Cell::Scope { vars, .. } = self.heap.get(c.attrs)
                        && let Some(v) = vars.get(name)
                    {
                        return Ok(v.clone());
                    }
                }
                self.raise("AttributeError", format!("type object '{}' has no attribute '{name}'", k.name))
            }
            Value::Array(a) => self.array_attribute(&a.clone(), name),
            Value::Dtype(_) if name == "type" => Ok(o.clone()),
            Value::Tuple(items, names) if names.iter().any(|n| n == name) => {
                let k = names.iter().position(|n| n == name).unwrap_or(0);
                Ok(items[k].clone())
            }
            Value::Dyn(_)
            | Value::Sym(_)
            | Value::Scalar(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Complex(..)
            | Value::Bool(_) => match name {
                "real" | "imag" => self.part(o, name == "real"),
                "dtype" if Self::is_numpy(o) => match self.number_dtype(o) {
                    Some(d) => Ok(Value::Dtype(d)),
                    None => self.refuse("PM0999", "internal error: scalar without type"),
                },
                "shape" if Self::is_numpy(o) => Ok(Value::tuple(vec![])),
                "ndim" if Self::is_numpy(o) => Ok(Value::Int(0)),
                "size" if Self::is_numpy(o) => Ok(Value::Int(1)),
                "T" if Self::is_numpy(o) => Ok(o.clone()),
                _ => Ok(Value::BuiltinMethod(Box::new(o.clone()), name.into())),
            },
            Value::Opaque(_) | Value::Dtype(_) => {
                self.ask(&format!("a0.{name}"), std::slice::from_ref(o)).or_else(|e| match e {
                    Stop::Raised(_) => Err(e),
                    _ => Ok(Value::BuiltinMethod(Box::new(o.clone()), name.into())),
                })
            }
            Value::Slice(s) => Ok(match name {
                "start" => s[0].clone(),
                "stop" => s[1].clone(),
                _ => s[2].clone(),
            }),
            Value::Range(r) if matches!(name, "start" | "stop" | "step") => Ok(match name {
                "start" => r[0].clone(),
                "stop" => r[1].clone(),
                _ => r[2].clone(),
            }),
            Value::Function(f) if name == "__name__" => Ok(match self.functions[f.def.0 as usize].code {
                Code::Def(d) => Value::str(d.name.as_str()),
                Code::Lambda(_) => Value::str("<lambda>"),
            }),
            Value::None => self.raise("AttributeError", format!("'NoneType' object has no attribute '{name}'")),
            v => Ok(Value::BuiltinMethod(Box::new(v.clone()), name.into())),
        }
    }
    fn object_attribute(&mut self, c: CellId, name: &str) -> R<Value> {
        let object = Value::Object(c);
        let Cell::Object { class, attrs } = self.heap.get(c) else {
            return self.refuse("PM0999", "internal error: not an object");
        };
        let class = class.clone();
        if let Some(Member::Property(f, _)) = class.find(name) {
            return self.call_function(&f, vec![object], vec![]);
        }
        if let Some(v) = attrs.get(name) {
            return Ok(v.clone());
        }
        match class.find(name) {
            Some(Member::Method(f)) => return Ok(Value::Method(Box::new(object), f)),
            Some(Member::Static(f)) => return Ok(Value::Function(f)),
            Some(Member::ClassMethod(f)) => return Ok(Value::Method(Box::new(Value::Class(class)), f)),
            _ => {}
        }
        for k in class.mro() {
            if let Cell::Scope { vars, .. } = self.heap.get(k.attrs)
                && let Some(v) = vars.get(name)
            {
                return Ok(v.clone());
            }
        }
        match name {
            "__class__" => return Ok(Value::Class(class)),
            "__dict__" => return self.refuse("PM0109", "`__dict__` is not supported"),
            _ => {}
        }
        if class.find("__getattr__").is_some() {
            return self.refuse("PM0109", "`__getattr__` is not supported");
        }
        if let Some(base) = &class.foreign_base {
            let base = base.clone();
            return self.refuse(
                "PM0113",
                format!("attribute `{name}` comes from the base class `{base}`, which is not in the project"),
            );
        }
        self.raise("AttributeError", format!("'{}' object has no attribute '{name}'", class.name))
    }
    /// `object.name = v`
    pub fn set_attribute(&mut self, o: &Value, name: &str, v: Value) -> R<()> {
        let o = &self.settle(o)?;
        match o {
            Value::Object(c) => {
                let c = *c;
                if let Cell::Object { class, .. } = self.heap.get(c)
                    && let Some(Member::Property(_, setter)) = class.find(name)
                {
                    return match setter {
                        Some(f) => self.call_function(&f, vec![o.clone(), v], vec![]).map(|_| ()),
                        None => self.raise("AttributeError", format!("property '{name}' of object has no setter")),
                    };
                }
                if let Cell::Object { attrs, .. } = self.heap.get_mut(c) {
                    attrs.insert(name.into(), v);
                }
                Ok(())
            }
            Value::Class(k) => {
                let c = k.attrs;
                if let Cell::Scope { vars, .. } = self.heap.get_mut(c) {
                    vars.insert(name.into(), v);
                }
                Ok(())
            }
            Value::UserModule(c) => {
                let c = *c;
                if let Cell::Scope { vars, .. } = self.heap.get_mut(c) {
                    vars.insert(name.into(), v);
                }
                Ok(())
            }
            Value::Array(a) => match name {
                "shape" | "real" | "imag" if name != "shape" => {
                    let step = if name == "real" { ViewStep::Real } else { ViewStep::Imag };
                    if !a.ty.dtype.is_complex() {
                        return self.refuse("PM0109", "storing into `.real`/`.imag` of a real array is not supported");
                    }
                    let view = self.view(&a.clone(), step);
                    self.array_set(&view, &Value::Ellipsis, &v)
                }
                _ => self.refuse_help(
                    "PM0109",
                    format!("assigning to `.{name}` of an array is not supported"),
                    "use a new array (`x = x.reshape(...)`)",
                ),
            },
            v => self.refuse("PM0109", format!("assigning to an attribute of {} is not supported", v.describe())),
        }
    }
    fn array_attribute(&mut self, a: &ArrayRef, name: &str) -> R<Value> {
        Ok(match name {
            "shape" => Value::tuple(a.ty.shape.iter().map(|d| self.dim_int(d)).collect()),
            "size" => self.dim_int(&a.ty.size()),
            "ndim" => Value::Int(a.ty.rank() as i128),
            "dtype" => Value::Dtype(a.ty.dtype),
            "itemsize" => Value::Int(a.ty.dtype.size() as i128),
            "nbytes" => self.dim_int(&a.ty.size().scale(a.ty.dtype.size() as i64)),
            "T" => {
                let perm = (0..a.ty.rank()).rev().collect();
                if a.ty.rank() < 2 {
                    Value::Array(a.clone())
                } else {
                    Value::Array(self.view(a, ViewStep::Transpose(perm)))
                }
            }
            "real" | "imag" => return self.part(&Value::Array(a.clone()), name == "real"),
            "flat" => Value::Array(self.view(a, ViewStep::Reshape(vec![a.ty.size()]))),
            "base" | "strides" | "ctypes" | "flags" | "data" => {
                return self.refuse("PM0109", format!("`.{name}` of an array is not supported"));
            }
            _ => Value::BuiltinMethod(Box::new(Value::Array(a.clone())), name.into()),
        })
    }
    /// `.real` and `.imag`
    pub fn part(&mut self, v: &Value, real: bool) -> R<Value> {
        if self.is_static(v) && !matches!(v, Value::Array(_)) {
            return self.ask(if real { "a0.real" } else { "a0.imag" }, std::slice::from_ref(v));
        }
        let Some(dtype) = self.number_dtype(v) else { return self.refuse("PM0110", "this has no real part") };
        if dtype.is_complex() {
            if let Value::Array(a) = v
                && a.ty.rank() > 0
            {
                return Ok(Value::Array(self.view(a, if real { ViewStep::Real } else { ViewStep::Imag })));
            }
            let id = self.operand(v, dtype)?;
            let op = if real { crate::hir::Unary::Real } else { crate::hir::Unary::Imag };
            let shape = self.ty(id).shape;
            let id = self.emit(Op::Unary(op), vec![id], Type { dtype: dtype.real(), shape })?;
            return Ok(self.rewrap(v, id));
        }
        if real {
            return Ok(v.clone());
        }
        let id = self.operand(v, dtype)?;
        let shape = self.ty(id).shape;
        let z = self.constant(Scalar::zero(dtype))?;
        let z = self.broadcast_to(z, &shape)?;
        Ok(self.rewrap(v, z))
    }
    /// Turns a list, tuple or number into an array.
    pub fn array_of(&mut self, v: &Value, dtype: Option<DType>) -> R<Value> {
        let v = &self.settle(v)?;
        match v {
            Value::Array(a) => match dtype {
                Some(d) if d != a.ty.dtype => self.astype(v, d),
                _ => Ok(v.clone()),
            },
            Value::List(c) if matches!(self.heap.get(*c), Cell::DynList(_)) => {
                let Cell::DynList(l) = self.heap.get(*c).clone() else {
                    return self.refuse("PM0999", "internal error");
                };
                let id = self.list_storage(&l)?;
                // a copy: the list may change later
                let out = self.new_array(id);
                match dtype {
                    Some(d) if d != l.item.dtype => self.astype(&out, d),
                    _ => Ok(out),
                }
            }
            v if self.is_static(v) => self.ask_array(v, dtype),
            Value::List(_) | Value::Tuple(..) | Value::Items(_) | Value::Range(_) | Value::Zip(_) => {
                if let (Value::Range(_), None) = (v, self.iter_len(v)?.as_const()) {
                    let Value::Range(r) = v else { return self.refuse("PM0999", "internal error") };
                    let r = r.to_vec();
                    let out = self.call_library("numpy.arange", r, vec![])?;
                    return self.array_of(&out, dtype);
                }
                let items = self.known_items(v)?;
                self.stack_items(&items, dtype)
            }
            v => {
                let Some(d) = self.number_dtype(v) else {
                    let what = v.describe();
                    return self.refuse("PM0110", format!("{what} cannot become a numpy array"));
                };
                let id = self.operand(v, dtype.unwrap_or(d))?;
                // rank 0: a cell of its own
                let ty = self.ty(id);
                let cell = self.heap.alloc(Cell::Array { content: Content::Dyn(id), ty: ty.clone(), frozen: false });
                Ok(Value::Array(ArrayRef { cell, view: Rc::new(vec![]), ty }))
            }
        }
    }
    fn stack_items(&mut self, items: &[Value], dtype: Option<DType>) -> R<Value> {
        let mut parts = Vec::with_capacity(items.len());
        for v in items {
            parts.push(match v {
                Value::List(_) | Value::Tuple(..) | Value::Range(_) => self.array_of(v, dtype)?,
                v => self.settle(v)?,
            });
        }
        let refs: Vec<&Value> = parts.iter().collect();
        let d = match dtype {
            Some(d) => d,
            None => {
                // np.array gives Python scalars their own types
                let mut d: Option<DType> = None;
                for v in &refs {
                    let Some(t) = self.number_dtype(v) else {
                        let what = v.describe();
                        return self.refuse("PM0110", format!("{what} cannot become an array element"));
                    };
                    d = Some(d.map_or(t, |x| x.promote(t)));
                }
                d.unwrap_or(DType::Float64)
            }
        };
        let mut shape: Option<Vec<Dim>> = None;
        let mut ids = Vec::with_capacity(parts.len());
        for v in &parts {
            let id = self.operand(v, d)?;
            let s = self.ty(id).shape;
            let s = match &shape {
                None => s,
                Some(t) => {
                    if t.len() != s.len() {
                        return self.raise(
                            "ValueError",
                            "setting an array element with a sequence. The requested array has an inhomogeneous shape",
                        );
                    }
                    let t = t.clone();
                    t.iter()
                        .zip(&s)
                        .map(|(a, b)| self.require_equal(a, b, "setting an array element with a sequence. The requested array has an inhomogeneous shape"))
                        .collect::<R<Vec<_>>>()?
                }
            };
            shape = Some(s);
            ids.push(id);
        }
        let shape = shape.unwrap_or_default();
        let mut one = vec![Dim::from(1i64)];
        one.extend(shape.iter().cloned());
        let ids = ids.into_iter().map(|v| self.reshape_to(v, one.clone())).collect::<R<Vec<_>>>()?;
        let mut full = vec![Dim::from(ids.len())];
        full.extend(shape);
        let out = if ids.len() == 1 {
            self.reshape_to(ids[0], full)?
        } else {
            self.emit(Op::Concat { axis: 0 }, ids, Type { dtype: d, shape: full })?
        };
        Ok(self.new_array(out))
    }
    /// `x.astype(dtype)`: always a new array.
    pub fn astype(&mut self, v: &Value, dtype: DType) -> R<Value> {
        if self.is_static(v) {
            return self.ask("numpy.asarray(a0).astype(a1)[()]", &[v.clone(), Value::Dtype(dtype)]).map(|x| {
                match (x, v) {
                    (x @ Value::Array(_), _) => x,
                    (x, _) => x,
                }
            });
        }
        let from = self.number_dtype(v).unwrap_or(dtype);
        if from.is_complex() && !dtype.is_complex() && dtype != DType::Bool {
            self.warn_once("PM0151", "casting complex values to real discards the imaginary part");
        }
        let id = self.operand(v, from)?;
        let id = self.cast(id, dtype)?;
        Ok(self.result(id))
    }
    /// Appends all items of an iterable.
    pub fn list_extend(&mut self, c: CellId, v: &Value) -> R<()> {
        if let Value::List(o) = v
            && let Cell::DynList(l) = self.heap.get(*o).clone()
        {
            // item by item, at run time
            let source = Value::List(self.heap.alloc(Cell::DynList(DynList { ..l })));
            return self.extend_by_loop(c, &source);
        }
        let n = self.iter_len(v)?;
        match n.as_const() {
            Some(n) if n <= 64 || matches!(self.heap.get(c), Cell::List(_)) && n <= 100_000 => {
                for x in self.known_items(v)? {
                    self.list_append(c, &x)?;
                }
                Ok(())
            }
            _ => self.extend_by_loop(c, &v.clone()),
        }
    }
    fn extend_by_loop(&mut self, c: CellId, source: &Value) -> R<()> {
        let item = std::cell::RefCell::new(Value::None);
        let mut bind = |ev: &mut Self, i: &Dim| -> R<()> {
            let x = ev.iter_item(source, i)?;
            *item.borrow_mut() = x;
            Ok(())
        };
        let mut body = |ev: &mut Self| -> R<Flow> {
            let x = item.borrow().clone();
            ev.list_append(c, &x)?;
            Ok(Flow::Normal)
        };
        self.run_loop(source, &[], &mut bind, &mut body)?;
        Ok(())
    }
    /// Boolean and of two scalars.
    pub fn both(&mut self, a: ValueId, b: ValueId) -> R<ValueId> {
        self.emit(Op::Binary(Binary::And), vec![a, b], Type::scalar(DType::Bool))
    }
}

/// Arithmetic whose low bits are to be kept: operators over evaluated operands.
enum Modular {
    Leaf(Value),
    Node(Operator, Box<(Modular, Modular)>),
}

impl Modular {
    fn all(&self, f: &impl Fn(&Value) -> bool) -> bool {
        match self {
            Modular::Leaf(v) => f(v),
            Modular::Node(_, p) => p.0.all(f) && p.1.all(f),
        }
    }
}

/// Sums, differences and products: the low bits of the result depend only on the low bits of the operands.
fn is_modular(e: &Expr) -> bool {
    matches!(e, Expr::BinOp(b) if matches!(b.op, Operator::Add | Operator::Sub | Operator::Mult))
}
