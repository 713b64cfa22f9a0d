//! Expressions, names, attributes and iteration.

use super::eval::{Code, Eval, R};
use super::merge::Flow;
use super::ops::Truth;
use super::state::Cell;
use super::value::{Kind, UserFunction, Value};
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
    pub(super) fn elements(&mut self, elts: &'a [Expr]) -> R<Vec<Value>> {
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

    // ---- iteration ----

    // ---- attributes ----

    /// Boolean and of two scalars.
    pub fn both(&mut self, a: ValueId, b: ValueId) -> R<ValueId> {
        self.emit(Op::Binary(Binary::And), vec![a, b], Type::scalar(DType::Bool))
    }
}

/// Arithmetic whose low bits are to be kept: operators over evaluated operands.
pub(super) enum Modular {
    Leaf(Value),
    Node(Operator, Box<(Modular, Modular)>),
}

impl Modular {
    pub(super) fn all(&self, f: &impl Fn(&Value) -> bool) -> bool {
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
