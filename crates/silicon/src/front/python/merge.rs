//! Joining the two sides of a branch: every slot of the abstract heap that differs becomes a result of the `If`.

use super::eval::{Eval, R, Raised, Stop};
use super::state::{Cell, Content, DynList, Heap};
use super::value::{ArrayRef, CellId, DynScalar, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Fault, Inst, Op, Region, Type, Unary, ValueId};
use indexmap::IndexMap;
use std::collections::HashMap;
use std::rc::Rc;

/// How a statement or block ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flow {
    /// Goes on.
    Normal,
    /// `return`; the value is the variable `$return` of the frame's scope.
    Return,
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// Decided at run time: an int64 code (0 normal, 1 return, 2 break, 3 continue) and the set of possible codes.
    Mixed(ValueId, u8),
}

impl Flow {
    /// Bit set of possible codes.
    pub fn set(self) -> u8 {
        match self {
            Flow::Normal => 1,
            Flow::Return => 2,
            Flow::Break => 4,
            Flow::Continue => 8,
            Flow::Mixed(_, s) => s,
        }
    }
    fn code(self) -> i64 {
        match self {
            Flow::Normal | Flow::Mixed(..) => 0,
            Flow::Return => 1,
            Flow::Break => 2,
            Flow::Continue => 3,
        }
    }
}

/// One side of a branch after it ran.
struct Side {
    heap: Heap,
    insts: Vec<Inst>,
}

struct Merge {
    sides: [Side; 2],
    base: Heap,
    heap: Heap,
    /// Values from this one on were made in the branch.
    first: ValueId,
    yields: [Vec<ValueId>; 2],
    results: Vec<ValueId>,
    arrays: HashMap<(String, String), Value>,
    /// Arrays that a variable joined from both sides may or may not be.
    read_only: Vec<CellId>,
}

impl<'a> Eval<'a> {
    /// `if c: f else: g` on the heap, with the flow of both sides.
    pub fn branch(
        &mut self,
        c: ValueId,
        f: impl FnOnce(&mut Self) -> R<Flow>,
        g: impl FnOnce(&mut Self) -> R<Flow>,
    ) -> R<Flow> {
        if self.static_only > 0 {
            return Err(Stop::NeedsEmission);
        }
        let base = self.heap.clone();
        let start = ValueId(self.func.values.len() as u32);
        let frames = self.frames.len();
        let (first, insts1) = self.side(f)?;
        let heap1 = std::mem::replace(&mut self.heap, base.clone());
        self.heap.reserve_ids(heap1.len());
        self.frames.truncate(frames);
        let (second, insts2) = self.side(g)?;
        self.frames.truncate(frames);
        match (first, second) {
            (Ok(a), Ok(b)) => {
                let heap2 = std::mem::take(&mut self.heap);
                let sides = [Side { heap: heap1, insts: insts1 }, Side { heap: heap2, insts: insts2 }];
                self.merge(c, start, base, sides, a, b)
            }
            (Err(r), Ok(b)) => {
                // the first side raises: what follows is the second side alone
                self.emit_raising(c, insts1, &r, true)?;
                self.append(insts2);
                Ok(b)
            }
            (Ok(a), Err(r)) => {
                self.heap = heap1;
                self.emit_raising(c, insts2, &r, false)?;
                self.append(insts1);
                Ok(a)
            }
            (Err(r1), Err(r2)) => {
                self.emit_raising(c, insts1, &r1, true)?;
                self.append(insts2);
                Err(Stop::Raised(r2))
            }
        }
    }
    fn append(&mut self, insts: Vec<Inst>) {
        if let Some(r) = self.regions.last_mut() {
            r.extend(insts);
        }
    }
    /// Runs one side in a region; a certain exception is its outcome, not an error.
    fn side(&mut self, f: impl FnOnce(&mut Self) -> R<Flow>) -> R<(Result<Flow, Raised>, Vec<Inst>)> {
        let depth = self.regions.len();
        self.regions.push(Vec::new());
        self.extents.push(HashMap::new());
        let out = f(self);
        self.extents.truncate(depth);
        let insts = self.regions.get_mut(depth).map(std::mem::take).unwrap_or_default();
        self.regions.truncate(depth);
        match out {
            Ok(flow) => Ok((Ok(flow), insts)),
            Err(Stop::Raised(r)) if !r.is_refusal => Ok((Err(r), insts)),
            Err(e) => Err(e),
        }
    }
    /// Emits the side of a branch that raises; `when` says for which truth value it is taken.
    fn emit_raising(&mut self, c: ValueId, insts: Vec<Inst>, r: &Raised, when: bool) -> R<()> {
        self.checks += 1;
        let saved = self.span;
        if r.span.is_some() {
            self.span = r.span;
        }
        let has_checks = insts.iter().any(contains_fault);
        let fault = Fault { exception: r.type_name.clone(), message: r.message.clone() };
        if !has_checks {
            let ok = if when { self.emit(Op::Unary(Unary::Not), vec![c], Type::scalar(DType::Bool))? } else { c };
            self.emit_multi(Op::Check(fault), vec![ok], vec![])?;
        } else {
            let depth = self.regions.len();
            self.regions.push(insts);
            self.extents.push(HashMap::new());
            let no = self.constant(Scalar::bool(false))?;
            self.emit_multi(Op::Check(fault), vec![no], vec![])?;
            self.extents.truncate(depth);
            let insts = self.regions.pop().unwrap_or_default();
            let raising = Region { params: vec![], body: insts, results: vec![] };
            let (then, otherwise) = if when { (raising, Region::default()) } else { (Region::default(), raising) };
            self.emit_multi(Op::If { then, otherwise }, vec![c], vec![])?;
        }
        self.span = saved;
        Ok(())
    }

    fn merge(&mut self, c: ValueId, first: ValueId, base: Heap, sides: [Side; 2], a: Flow, b: Flow) -> R<Flow> {
        let mut heap = base.clone();
        heap.reserve_ids(sides[0].heap.len().max(sides[1].heap.len()));
        let mut m = Merge {
            sides,
            base,
            heap,
            first,
            yields: [Vec::new(), Vec::new()],
            results: Vec::new(),
            arrays: HashMap::new(),
            read_only: vec![],
        };
        let ids: Vec<CellId> = m.base.ids().collect();
        for id in ids {
            if m.sides[0].heap.same_cell(&m.sides[1].heap, id) {
                if let Some(cell) = m.sides[0].heap.find(id) {
                    let cell = cell.clone();
                    m.heap.set(id, cell);
                }
                continue;
            }
            self.merge_cell(&mut m, id)?;
        }
        // now that every cell is what it will be
        for id in std::mem::take(&mut m.read_only) {
            if m.heap.find(id).is_some()
                && let Cell::Array { frozen, .. } = m.heap.get_mut(id)
            {
                *frozen = true;
            }
        }
        let flow = match (a, b) {
            (a, b) if a == b && !matches!(a, Flow::Mixed(..)) => a,
            (a, b) => {
                let code = |ev: &mut Self, m: &mut Merge, side: usize, f: Flow| -> R<ValueId> {
                    match f {
                        Flow::Mixed(v, _) => Ok(v),
                        f => ev.in_side(m, side, |ev| ev.constant(Scalar::i64(f.code()))),
                    }
                };
                let x = code(self, &mut m, 0, a)?;
                let y = code(self, &mut m, 1, b)?;
                let ctl = self.result_pair(&mut m, x, y, Type::scalar(DType::Int64));
                Flow::Mixed(ctl, a.set() | b.set())
            }
        };
        let [s1, s2] = m.sides;
        let [y1, y2] = m.yields;
        let then = Region { params: vec![], body: s1.insts, results: y1 };
        let otherwise = Region { params: vec![], body: s2.insts, results: y2 };
        self.heap = m.heap;
        if then.body.is_empty() && otherwise.body.is_empty() && m.results.is_empty() {
            return Ok(flow);
        }
        let span = self.user_span();
        let inst = Inst { op: Op::If { then, otherwise }, args: vec![c], results: m.results, span };
        self.emitted += 1;
        if let Some(r) = self.regions.last_mut() {
            r.push(inst);
        }
        Ok(flow)
    }
    /// Runs `f` with one side's heap and region open.
    fn in_side<T>(&mut self, m: &mut Merge, side: usize, f: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        let s = &mut m.sides[side];
        std::mem::swap(&mut self.heap, &mut s.heap);
        let depth = self.regions.len();
        self.regions.push(std::mem::take(&mut s.insts));
        self.extents.push(HashMap::new());
        let out = f(self);
        self.extents.truncate(depth);
        let insts = self.regions.get_mut(depth).map(std::mem::take).unwrap_or_default();
        self.regions.truncate(depth);
        s.insts = insts;
        std::mem::swap(&mut self.heap, &mut s.heap);
        out
    }
    fn result_pair(&mut self, m: &mut Merge, x: ValueId, y: ValueId, ty: Type) -> ValueId {
        if let Some(k) = (0..m.results.len()).find(|k| m.yields[0][*k] == x && m.yields[1][*k] == y) {
            return m.results[k];
        }
        let span = self.user_span();
        let is_int = ty == Type::scalar(DType::Int64);
        let r = self.func.new_value(ty, span);
        if self.odd_values.contains(&x) || self.odd_values.contains(&y) {
            self.odd_values.insert(r);
        }
        if is_int {
            let (a, b) = (self.interval(&self.value_dim(x)), self.interval(&self.value_dim(y)));
            self.set_range(r, (a.0.min(b.0), a.1.max(b.1)));
        }
        m.yields[0].push(x);
        m.yields[1].push(y);
        m.results.push(r);
        r
    }

    fn merge_cell(&mut self, m: &mut Merge, id: CellId) -> R<()> {
        let (Some(a), Some(b)) = (m.sides[0].heap.find(id).cloned(), m.sides[1].heap.find(id).cloned()) else {
            return Ok(());
        };
        let new = match (&*a, &*b) {
            (Cell::Scope { vars: v1, parent, outer }, Cell::Scope { vars: v2, .. }) => {
                let vars = self.merge_map(m, v1, v2, true)?;
                Cell::Scope { vars, parent: *parent, outer: outer.clone() }
            }
            (Cell::Object { class, attrs: v1 }, Cell::Object { attrs: v2, .. }) => {
                let attrs = self.merge_map(m, v1, v2, false)?;
                Cell::Object { class: class.clone(), attrs }
            }
            (Cell::Dict(x), Cell::Dict(y)) => {
                let mut out = Vec::new();
                for (k, v) in x {
                    let w = y.iter().find(|(q, _)| super::index::same_key(k, q)).map(|(_, w)| w.clone());
                    let w = w.unwrap_or_else(|| Value::Poison("this dict key exists only on some paths".into()));
                    out.push((k.clone(), self.join(m, v, &w)?));
                }
                for (k, w) in y {
                    if !x.iter().any(|(q, _)| super::index::same_key(k, q)) {
                        let _ = w;
                        out.push((k.clone(), Value::Poison("this dict key exists only on some paths".into())));
                    }
                }
                Cell::Dict(out)
            }
            (Cell::Array { ty, frozen: f1, .. }, Cell::Array { frozen: f2, .. }) => {
                let whole = ArrayRef { cell: id, view: Rc::new(vec![]), ty: ty.clone() };
                let x = self.in_side(m, 0, |ev| ev.read_array(&whole))?;
                let y = self.in_side(m, 1, |ev| ev.read_array(&whole))?;
                let r = self.result_pair(m, x, y, ty.clone());
                Cell::Array { content: Content::Dyn(r), ty: ty.clone(), frozen: *f1 || *f2 }
            }
            (Cell::List(x), Cell::List(y)) if x.len() == y.len() => {
                let mut out = Vec::with_capacity(x.len());
                for (v, w) in x.iter().zip(y) {
                    out.push(self.join(m, v, w)?);
                }
                Cell::List(out)
            }
            (Cell::List(_) | Cell::DynList(_), Cell::List(_) | Cell::DynList(_)) => self.merge_lists(m, id)?,
            _ => return self.refuse("PM0130", "an object changes its kind on one path only"),
        };
        m.heap.set(id, Rc::new(new));
        Ok(())
    }
    /// Lists of different lengths become one list of computed length.
    fn merge_lists(&mut self, m: &mut Merge, id: CellId) -> R<Cell> {
        let sample = [0, 1].into_iter().find_map(|s| match m.sides[s].heap.get(id) {
            Cell::DynList(l) => Some(l.template.clone()),
            _ => None,
        });
        for s in [0, 1] {
            let template = sample.clone().or_else(|| match m.sides[1 - s].heap.get(id) {
                Cell::List(v) => v.first().cloned(),
                Cell::DynList(l) => Some(l.template.clone()),
                _ => None,
            });
            if let Cell::List(_) = m.sides[s].heap.get(id) {
                self.in_side(m, s, |ev| ev.make_dynamic_list(id, template.as_ref()))?;
            }
        }
        let (Cell::DynList(x), Cell::DynList(y)) = (m.sides[0].heap.get(id).clone(), m.sides[1].heap.get(id).clone())
        else {
            return self.refuse("PM0999", "internal error: list did not become dynamic");
        };
        if x.item != y.item || !self.alike(&x.template, &y.template) {
            return self.refuse("PM0133", "a list gets items of different types on two paths");
        }
        let capacity = x.capacity.maximum(&y.capacity);
        let s0 = self.in_side(m, 0, |ev| ev.grow(&x, &capacity))?;
        let s1 = self.in_side(m, 1, |ev| ev.grow(&y, &capacity))?;
        let l0 = self.in_side(m, 0, |ev| ev.dim_value(&x.len))?;
        let l1 = self.in_side(m, 1, |ev| ev.dim_value(&y.len))?;
        let mut shape = vec![capacity.clone()];
        shape.extend(x.item.shape.iter().cloned());
        let storage = self.result_pair(m, s0, s1, Type { dtype: x.item.dtype, shape });
        let len = self.result_pair(m, l0, l1, Type::scalar(DType::Int64));
        let (_, top) = self.interval(&capacity);
        self.set_range(len, (0, top));
        self.func.bounds.insert(len, (Some(Dim::from(0i64)), Some(capacity.clone())));
        Ok(Cell::DynList(DynList { storage, item: x.item, template: x.template, len: Dim::from(len), capacity }))
    }
    fn merge_map(
        &mut self,
        m: &mut Merge,
        x: &IndexMap<Rc<str>, Value>,
        y: &IndexMap<Rc<str>, Value>,
        variables: bool,
    ) -> R<IndexMap<Rc<str>, Value>> {
        let mut out = IndexMap::new();
        let what = if variables { "variable" } else { "attribute" };
        let missing = |k: &str| Value::Unbound(format!("{what} `{k}` is assigned only on some paths").into());
        for (k, v) in x {
            let w = y.get(k).cloned().unwrap_or_else(|| missing(k));
            out.insert(k.clone(), self.join(m, v, &w)?);
        }
        for (k, w) in y {
            if !x.contains_key(k) {
                let joined = self.join(m, &missing(k), w)?;
                out.insert(k.clone(), joined);
            }
        }
        Ok(out)
    }
    /// A value that is `v` when the first side was taken and `w` otherwise.
    fn join(&mut self, m: &mut Merge, v: &Value, w: &Value) -> R<Value> {
        if v.same(w) {
            if let Value::Array(a) = v
                && m.base.find(a.cell).is_none()
            {
                return Ok(Value::Poison("internal: array of one branch".into()));
            }
            return Ok(v.clone());
        }
        match (v, w) {
            (Value::Maybe(x, f), Value::Maybe(y, g)) => {
                let inner = self.join(m, x, y)?;
                let flag = self.result_pair(m, *f, *g, Type::scalar(DType::Bool));
                return Ok(Value::Maybe(Box::new(inner), flag));
            }
            (Value::Maybe(x, f), Value::Unbound(_)) => {
                let no = self.in_side(m, 1, |ev| ev.constant(Scalar::bool(false)))?;
                let flag = self.result_pair(m, *f, no, Type::scalar(DType::Bool));
                return self.half(m, x, 0, flag);
            }
            (Value::Unbound(_), Value::Maybe(y, g)) => {
                let no = self.in_side(m, 0, |ev| ev.constant(Scalar::bool(false)))?;
                let flag = self.result_pair(m, no, *g, Type::scalar(DType::Bool));
                return self.half(m, y, 1, flag);
            }
            (Value::Poison(p), _) | (_, Value::Poison(p)) => return Ok(Value::Poison(p.clone())),
            (Value::Maybe(x, f), y) => {
                let inner = self.join(m, x, y)?;
                let yes = self.in_side(m, 1, |ev| ev.constant(Scalar::bool(true)))?;
                let flag = self.result_pair(m, *f, yes, Type::scalar(DType::Bool));
                return Ok(Value::Maybe(Box::new(inner), flag));
            }
            (x, Value::Maybe(y, g)) => {
                let inner = self.join(m, x, y)?;
                let yes = self.in_side(m, 0, |ev| ev.constant(Scalar::bool(true)))?;
                let flag = self.result_pair(m, yes, *g, Type::scalar(DType::Bool));
                return Ok(Value::Maybe(Box::new(inner), flag));
            }
            (Value::Unbound(_), y) => {
                let flag = self.flag_pair(m, 1)?;
                return self.half(m, &y.clone(), 1, flag);
            }
            (x, Value::Unbound(_)) => {
                let flag = self.flag_pair(m, 0)?;
                return self.half(m, &x.clone(), 0, flag);
            }
            _ => {}
        }
        match (v, w) {
            (Value::Tuple(x, n), Value::Tuple(y, _)) if x.len() == y.len() => {
                let mut out = Vec::with_capacity(x.len());
                for (p, q) in x.iter().zip(y.iter()) {
                    out.push(self.join(m, p, q)?);
                }
                Ok(Value::Tuple(out.into(), n.clone()))
            }
            (Value::Array(x), Value::Array(y)) if x.ty.rank() > 0 || y.ty.rank() > 0 => {
                let (x, y) = (x.clone(), y.clone());
                self.join_arrays(m, &x, &y)
            }
            (Value::List(x), Value::List(y)) if m.base.find(*x).is_none() && m.base.find(*y).is_none() => {
                // two new lists: one new list
                let (x, y) = (*x, *y);
                let id = self.fresh_cell(m);
                for (side, c) in [(0, x), (1, y)] {
                    if let Some(cell) = m.sides[side].heap.find(c).cloned() {
                        m.sides[side].heap.set(id, cell);
                    }
                }
                self.merge_cell(m, id)?;
                Ok(Value::List(id))
            }
            _ if is_label(v) && is_label(w) => {
                let options = labels(&labels(&[], v), w);
                let x = self.in_side(m, 0, |ev| ev.label_index(v, &options))?;
                let y = self.in_side(m, 1, |ev| ev.label_index(w, &options))?;
                let r = self.result_pair(m, x, y, Type::scalar(DType::Int64));
                self.set_range(r, (0, options.len() as i128 - 1));
                Ok(Value::OneOf(options.into(), r))
            }
            _ => {
                let Some((dtype, kind)) = self.join_scalars(v, w) else {
                    let why = format!("this is {} on one path and {} on another", v.describe(), w.describe());
                    return Ok(Value::Poison(why.into()));
                };
                let x = self.in_side(m, 0, |ev| ev.operand(v, dtype))?;
                let y = self.in_side(m, 1, |ev| ev.operand(w, dtype))?;
                let r = self.result_pair(m, x, y, Type::scalar(dtype));
                if kind == Kind::Py && dtype == DType::Int64 {
                    let d = |v: &Value| match v {
                        Value::Int(i) => i64::try_from(*i).ok().map(Dim::from),
                        Value::Sym(d) => Some(d.clone()),
                        _ => None,
                    };
                    if let (Some(p), Some(q)) = (d(v), d(w)) {
                        let lo = self.common_bound(&p, &q, false);
                        let hi = self.common_bound(&p, &q, true);
                        self.func.bounds.insert(r, (lo, hi));
                    }
                }
                Ok(self.scalar(r, kind))
            }
        }
    }
    /// A bound both dimensions keep, if one is easily seen.
    pub fn common_bound(&self, p: &Dim, q: &Dim, upper: bool) -> Option<Dim> {
        let bounds = |d: &Dim| -> Vec<Dim> {
            let mut out = vec![d.clone()];
            if let [(crate::hir::Atom::Value(v), 1)] = d.terms.as_slice()
                && let Some((l, h)) = self.func.bounds.get(v)
                && let Some(b) = if upper { h } else { l }
            {
                out.push(b.offset(d.constant));
            }
            out
        };
        let mut candidates = bounds(p);
        candidates.extend(bounds(q));
        candidates.into_iter().filter(|c| !c.is_dynamic()).find(|c| {
            if upper {
                self.proves_le(p, c) && self.proves_le(q, c)
            } else {
                self.proves_le(c, p) && self.proves_le(c, q)
            }
        })
    }
    fn flag_pair(&mut self, m: &mut Merge, bound_side: usize) -> R<ValueId> {
        let x = self.in_side(m, 0, |ev| ev.constant(Scalar::bool(bound_side == 0)))?;
        let y = self.in_side(m, 1, |ev| ev.constant(Scalar::bool(bound_side == 1)))?;
        Ok(self.result_pair(m, x, y, Type::scalar(DType::Bool)))
    }
    /// A value present on one side only, guarded by a flag.
    fn half(&mut self, m: &mut Merge, v: &Value, side: usize, flag: ValueId) -> R<Value> {
        let inner = match v {
            Value::Tuple(items, n) => {
                let mut out = Vec::new();
                for x in items.iter() {
                    match self.half(m, x, side, flag)? {
                        Value::Maybe(x, _) => out.push(*x),
                        other => out.push(other),
                    }
                }
                Value::Tuple(out.into(), n.clone())
            }
            Value::Array(a) if a.ty.rank() > 0 => {
                let a = a.clone();
                if a.ty.shape.iter().any(Dim::is_dynamic) || m.base.find(a.cell).is_some() {
                    if m.base.find(a.cell).is_some() {
                        let mut inner = false;
                        a.for_each_value(&mut |v| inner |= v >= m.first);
                        if inner {
                            return Ok(Value::Poison(
                                "this is a view, made on some paths only, of a size found there".into(),
                            ));
                        }
                        // an older array, bound under a new name on this side only
                        return Ok(Value::Maybe(Box::new(v.clone()), flag));
                    }
                    // data-dependent extents: an empty array stands for the missing one
                    return self.half_dynamic(m, &a, side, flag);
                }
                let x = self.in_side(m, side, |ev| ev.read_array(&a))?;
                let ty = self.ty(x);
                let y = self.in_side(m, 1 - side, |ev| {
                    let z = ev.constant(Scalar::zero(ty.dtype))?;
                    ev.broadcast_to(z, &ty.shape)
                })?;
                let r = if side == 0 { self.result_pair(m, x, y, ty) } else { self.result_pair(m, y, x, ty) };
                self.array_in(m, r)
            }
            v => match self.number_dtype(v) {
                Some(dtype) => {
                    let x = self.in_side(m, side, |ev| ev.operand(v, dtype))?;
                    let y = self.in_side(m, 1 - side, |ev| ev.constant(Scalar::zero(dtype)))?;
                    let ty = Type::scalar(dtype);
                    let r = if side == 0 { self.result_pair(m, x, y, ty) } else { self.result_pair(m, y, x, ty) };
                    match v {
                        Value::Dyn(d) => self.scalar(r, d.kind),
                        Value::Scalar(_) | Value::Array(_) => self.scalar(r, Kind::Np),
                        _ => self.scalar(r, Kind::Py),
                    }
                }
                None => {
                    // known things of any kind may simply be kept behind the flag if they outlive the branch
                    let keeps = match v {
                        Value::List(c) | Value::Dict(c) | Value::Set(c) | Value::Object(c) => m.base.find(*c).is_some(),
                        Value::Items(_) | Value::Zip(_) | Value::BuiltinMethod(..) | Value::Method(..) => false,
                        _ => true,
                    };
                    if !keeps && let Value::List(c) = v {
                        // a new list: an empty one stands for the missing one
                        let c = *c;
                        let id = self.fresh_cell(m);
                        if let Some(cell) = m.sides[side].heap.find(c).cloned() {
                            m.sides[side].heap.set(id, cell);
                            m.sides[1 - side].heap.set(id, Rc::new(Cell::List(Vec::new())));
                            if self.merge_cell(m, id).is_ok() {
                                return Ok(Value::Maybe(Box::new(Value::List(id)), flag));
                            }
                        }
                    }
                    if !keeps {
                        return Ok(Value::Poison("this is assigned only on some paths".into()));
                    }
                    v.clone()
                }
            },
        };
        Ok(Value::Maybe(Box::new(inner), flag))
    }
    fn half_dynamic(&mut self, m: &mut Merge, a: &ArrayRef, side: usize, flag: ValueId) -> R<Value> {
        let x = self.in_side(m, side, |ev| ev.read_array(a))?;
        let ty = self.ty(x);
        let mut shape = Vec::new();
        let mut zeros = Vec::new();
        for d in &ty.shape {
            if !d.is_dynamic() {
                shape.push(d.clone());
                zeros.push(d.clone());
                continue;
            }
            let Some(top) = self.upper_bound(d, 8) else {
                return Ok(Value::Poison("this is assigned only on some paths".into()));
            };
            let p = self.in_side(m, side, |ev| ev.dim_value(d))?;
            let q = self.in_side(m, 1 - side, |ev| ev.constant(Scalar::i64(0)))?;
            let (p, q) = if side == 0 { (p, q) } else { (q, p) };
            let r = self.result_pair(m, p, q, Type::scalar(DType::Int64));
            shape.push(self.runtime_extent(r, Dim::from(0i64), top));
            zeros.push(Dim::from(0i64));
        }
        let y = self.in_side(m, 1 - side, |ev| {
            let z = ev.constant(Scalar::zero(ty.dtype))?;
            ev.broadcast_to(z, &zeros)
        })?;
        let ty = Type { dtype: ty.dtype, shape };
        let r = if side == 0 { self.result_pair(m, x, y, ty) } else { self.result_pair(m, y, x, ty) };
        let v = self.array_in(m, r);
        Ok(Value::Maybe(Box::new(v), flag))
    }
    fn fresh_cell(&mut self, m: &mut Merge) -> CellId {
        let n = m.heap.len().max(m.sides[0].heap.len()).max(m.sides[1].heap.len());
        m.heap.reserve_ids(n);
        let id = m.heap.alloc(Cell::Set(Vec::new()));
        m.sides[0].heap.reserve_ids(n + 1);
        m.sides[1].heap.reserve_ids(n + 1);
        id
    }
    fn array_in(&mut self, m: &mut Merge, r: ValueId) -> Value {
        let ty = self.ty(r);
        let id = self.fresh_cell(m);
        m.heap.set(id, Rc::new(Cell::Array { content: Content::Dyn(r), ty: ty.clone(), frozen: false }));
        self.note_cell(id, r);
        Value::Array(ArrayRef { cell: id, view: Rc::new(vec![]), ty })
    }
    fn join_arrays(&mut self, m: &mut Merge, x: &ArrayRef, y: &ArrayRef) -> R<Value> {
        let key = (format!("{x:?}"), format!("{y:?}"));
        if let Some(v) = m.arrays.get(&key) {
            return Ok(v.clone());
        }
        if x.ty.dtype != y.ty.dtype || x.ty.rank() != y.ty.rank() {
            let why = format!(
                "this array is {} with {} axes on one path and {} with {} axes on another",
                x.ty.dtype,
                x.ty.rank(),
                y.ty.dtype,
                y.ty.rank()
            );
            return Ok(Value::Poison(why.into()));
        }
        let p = self.in_side(m, 0, |ev| ev.read_array(x))?;
        let q = self.in_side(m, 1, |ev| ev.read_array(y))?;
        let mut shape = Vec::new();
        for (a, b) in x.ty.shape.iter().zip(&y.ty.shape) {
            if a == b && !a.is_dynamic() {
                shape.push(a.clone());
                continue;
            }
            let (Some(s), Some(t)) = (self.upper_bound(a, 8), self.upper_bound(b, 8)) else {
                return Ok(Value::Poison("the extent of this array differs on two paths and has no bound".into()));
            };
            let l0 = self.in_side(m, 0, |ev| ev.dim_value(a))?;
            let l1 = self.in_side(m, 1, |ev| ev.dim_value(b))?;
            let r = self.result_pair(m, l0, l1, Type::scalar(DType::Int64));
            shape.push(self.runtime_extent(r, Dim::from(0i64), s.maximum(&t)));
        }
        let r = self.result_pair(m, p, q, Type { dtype: x.ty.dtype, shape });
        let v = self.array_in(m, r);
        // if either side only renamed an array that others still hold, stores would have to be seen there too
        let left = slots_holding(&m.sides[0].heap, x.cell);
        let right = slots_holding(&m.sides[1].heap, y.cell);
        let outside = |c: &CellId| self.parameter_cells.contains(c);
        if left != right || outside(&x.cell) || outside(&y.cell) {
            m.read_only.extend([Some(x.cell), Some(y.cell), array_cell(&v)].into_iter().flatten());
        }
        m.arrays.insert(key, v.clone());
        Ok(v)
    }
    /// Element type and kind of a scalar that may be either of two.
    pub fn join_scalars(&self, v: &Value, w: &Value) -> Option<(DType, Kind)> {
        let kind = |v: &Value| match v {
            Value::Dyn(d) => Some(d.kind),
            Value::Scalar(_) => Some(Kind::Np),
            Value::Array(a) if a.ty.rank() == 0 => Some(Kind::Np),
            Value::Bool(_) | Value::Int(_) | Value::Sym(_) | Value::Float(_) | Value::Complex(..) => Some(Kind::Py),
            _ => None,
        };
        let (k, l) = (kind(v)?, kind(w)?);
        let (a, b) = (self.number_dtype(v)?, self.number_dtype(w)?);
        if k == Kind::Np && l == Kind::Np {
            return (a == b).then_some((a, Kind::Np));
        }
        let level = |d: DType| match d {
            DType::Bool => Some(0),
            DType::Int64 => Some(1),
            DType::Float64 => Some(2),
            DType::Complex128 => Some(3),
            _ => None,
        };
        let (x, y) = (level(a)?, level(b)?);
        // a bool that is sometimes an int would print and index differently
        if (x == 0) != (y == 0) {
            return None;
        }
        let dtype = if x >= y { a } else { b };
        let kind = if k == Kind::Py && l == Kind::Py { Kind::Py } else { Kind::Mixed };
        Some((dtype, kind))
    }
    /// Position of a string (or of each string it may be) among the options.
    pub fn label_index(&mut self, v: &Value, options: &[Value]) -> R<ValueId> {
        let place = |x: &Value| options.iter().position(|o| o.same(x)).unwrap_or(0) as i64;
        match v {
            Value::OneOf(own, id) => {
                let mut out = *id;
                let moved = own.iter().enumerate().any(|(k, x)| place(x) != k as i64);
                if moved {
                    out = self.constant(Scalar::i64(0))?;
                    for (k, x) in own.clone().iter().enumerate() {
                        let (k, to) = (self.constant(Scalar::i64(k as i64))?, self.constant(Scalar::i64(place(x)))?);
                        let hit = self.emit(Op::Binary(Binary::Eq), vec![*id, k], Type::scalar(DType::Bool))?;
                        out = self.emit(Op::Select, vec![hit, to, out], Type::scalar(DType::Int64))?;
                    }
                    self.set_range(out, (0, options.len() as i128 - 1));
                }
                Ok(out)
            }
            v => self.constant(Scalar::i64(place(v))),
        }
    }
    /// Whether a string chosen at run time is among the given ones.
    pub fn label_is(&mut self, own: &[Value], id: ValueId, wanted: &dyn Fn(&Value) -> bool) -> R<Value> {
        let mut acc: Option<ValueId> = None;
        for k in (0..own.len()).filter(|k| wanted(&own[*k])) {
            let k = self.constant(Scalar::i64(k as i64))?;
            let hit = self.emit(Op::Binary(Binary::Eq), vec![id, k], Type::scalar(DType::Bool))?;
            acc = Some(match acc {
                None => hit,
                Some(a) => self.emit(Op::Binary(Binary::Or), vec![a, hit], Type::scalar(DType::Bool))?,
            });
        }
        Ok(match acc {
            None => Value::Bool(false),
            Some(a) => self.scalar(a, Kind::Py),
        })
    }
    /// A scalar phi: the id as a value of that kind.
    pub fn phi_scalar(&self, id: ValueId, dtype: DType, kind: Kind) -> Value {
        if kind == Kind::Py && dtype == DType::Int64 {
            Value::Sym(self.value_dim(id))
        } else {
            Value::Dyn(DynScalar { id, dtype, kind })
        }
    }
}

fn array_cell(v: &Value) -> Option<CellId> {
    match v {
        Value::Array(a) => Some(a.cell),
        _ => None,
    }
}

/// Strings and None, which a state machine may switch between.
pub fn is_label(v: &Value) -> bool {
    matches!(v, Value::Str(_) | Value::None | Value::OneOf(..))
}

/// The options together with those of one more value.
pub fn labels(options: &[Value], v: &Value) -> Vec<Value> {
    let mut out = options.to_vec();
    let more = match v {
        Value::OneOf(own, _) => own.to_vec(),
        v => vec![v.clone()],
    };
    for x in more {
        if !out.iter().any(|o| o.same(&x)) {
            out.push(x);
        }
    }
    out
}

/// The slots of a heap through which the cell of an array or a list is reached.
pub fn slots_holding(heap: &Heap, cell: CellId) -> std::collections::BTreeSet<(CellId, String)> {
    fn holds(v: &Value, cell: CellId) -> bool {
        match v {
            Value::Array(a) => a.cell == cell,
            Value::List(c) => *c == cell,
            Value::Method(x, _) | Value::BuiltinMethod(x, _) => holds(x, cell),
            Value::Tuple(t, _) | Value::Items(t) | Value::Zip(t) => t.iter().any(|x| holds(x, cell)),
            Value::Maybe(x, _) => holds(x, cell),
            _ => false,
        }
    }
    let mut out = std::collections::BTreeSet::new();
    for id in heap.ids() {
        match heap.get(id) {
            Cell::Scope { vars, .. } => {
                out.extend(vars.iter().filter(|(_, v)| holds(v, cell)).map(|(k, _)| (id, k.to_string())));
            }
            Cell::Object { attrs, .. } => {
                out.extend(attrs.iter().filter(|(_, v)| holds(v, cell)).map(|(k, _)| (id, k.to_string())));
            }
            Cell::List(v) => {
                out.extend(v.iter().enumerate().filter(|(_, v)| holds(v, cell)).map(|(k, _)| (id, k.to_string())))
            }
            Cell::Dict(v) => {
                out.extend(v.iter().enumerate().filter(|(_, (_, v))| holds(v, cell)).map(|(k, _)| (id, k.to_string())));
            }
            _ => {}
        }
    }
    out
}

/// Whether an instruction can stop the program.
pub fn contains_fault(i: &Inst) -> bool {
    use crate::hir::Binary::{AddChecked, MulChecked, SubChecked};
    matches!(i.op, Op::Check(_) | Op::Binary(AddChecked | SubChecked | MulChecked))
        || i.regions().iter().any(|r| r.body.iter().any(contains_fault))
}
