//! Iteration, comprehensions and conversion to arrays.

use super::eval::{Eval, R, Stop};
use super::merge::Flow;
use super::ops::Truth;
use super::state::{Cell, Content, DynList};
use super::value::{ArrayRef, CellId, Value};
use crate::dtype::DType;
use crate::hir::{Dim, Op, Type};
use ruff_python_ast::{self as ast, Expr, Operator};
use std::rc::Rc;

impl<'a> Eval<'a> {
    pub(super) fn comprehension(&mut self, elt: &'a Expr, generators: &'a [ast::Comprehension]) -> R<Value> {
        let cell = self.heap.alloc(Cell::List(Vec::new()));
        self.comprehend(generators, &mut |ev| {
            let v = ev.expr(elt)?;
            ev.list_append(cell, &v)
        })?;
        Ok(Value::List(cell))
    }
    pub(super) fn comprehend(
        &mut self,
        generators: &'a [ast::Comprehension],
        leaf: &mut dyn FnMut(&mut Self) -> R<()>,
    ) -> R<()> {
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
                if dtype.is_none() && l.item.dtype != DType::Float64 && self.interval(&l.len).0 < 1 {
                    let (n, one) = (self.dim_value(&l.len)?, self.constant(crate::dtype::Scalar::i64(1))?);
                    let ok = self.emit(Op::Binary(crate::hir::Binary::Ge), vec![n, one], Type::scalar(DType::Bool))?;
                    self.check(ok, "Unsupported", "an array of an empty list is float64 in NumPy; give its dtype")?;
                }
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
}
