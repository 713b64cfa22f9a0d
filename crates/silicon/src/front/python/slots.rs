//! Slots of the heap that a loop or a call changes: opening them as parameters, closing them as yields, widening their types.

use super::eval::{Eval, R};
use super::loops::{Attempt, Shared, Slot, Spec, array_of, class_attribute, is_frozen, is_plain, same_spec, wrap};
use super::state::{Cell, Content, DynList, Heap};
use super::value::{ArrayRef, CellId, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Dim, Type, ValueId};
use std::collections::BTreeMap;
use std::rc::Rc;

impl<'a> Eval<'a> {
    pub(super) fn slot_value(heap: &Heap, slot: &Slot) -> Option<Value> {
        match slot {
            Slot::Var(c, n) => match &**heap.find(*c)? {
                Cell::Scope { vars, .. } => vars.get(n).cloned(),
                _ => None,
            },
            Slot::Attr(c, n) => match &**heap.find(*c)? {
                Cell::Object { attrs, class } => attrs.get(n).cloned().or_else(|| class_attribute(heap, class, n)),
                _ => None,
            },
            Slot::Item(c, k) => match &**heap.find(*c)? {
                Cell::List(v) => v.get(*k).cloned(),
                _ => None,
            },
            Slot::Entry(c, k) => match &**heap.find(*c)? {
                Cell::Dict(v) => v.get(*k).map(|x| x.1.clone()),
                _ => None,
            },
            Slot::Contents(_) | Slot::Length(_) => None,
        }
    }
    fn put_slot(heap: &mut Heap, slot: &Slot, value: Value) {
        match slot {
            Slot::Var(c, n) => {
                if let Cell::Scope { vars, .. } = heap.get_mut(*c) {
                    vars.insert(n.clone(), value);
                }
            }
            Slot::Attr(c, n) => {
                if let Cell::Object { attrs, .. } = heap.get_mut(*c) {
                    attrs.insert(n.clone(), value);
                }
            }
            Slot::Item(c, k) => {
                if let Cell::List(v) = heap.get_mut(*c) {
                    v[*k] = value;
                }
            }
            Slot::Entry(c, k) => {
                if let Cell::Dict(v) = heap.get_mut(*c) {
                    v[*k].1 = value;
                }
            }
            Slot::Contents(_) | Slot::Length(_) => {}
        }
    }
    /// Puts fresh parameters (or results) of the spec into the heap; their ids go to `ids` in order.
    pub(super) fn open_slot(&mut self, slot: &Slot, spec: &Spec, ids: &mut Vec<ValueId>, frozen: bool) -> R<()> {
        match (slot, spec) {
            (Slot::Contents(c), Spec::Array(ty)) => {
                let v = self.func.new_value(ty.clone(), self.user_span());
                ids.push(v);
                if let Cell::Array { content, .. } = self.heap.get_mut(*c) {
                    *content = Content::Dyn(v);
                }
                Ok(())
            }
            (Slot::Length(c), Spec::List(l)) => {
                let mut shape = vec![l.capacity.clone()];
                shape.extend(l.item.shape.iter().cloned());
                let storage = self.func.new_value(Type { dtype: l.item.dtype, shape }, self.user_span());
                let len = self.func.new_value(Type::scalar(DType::Int64), self.user_span());
                let (_, top) = self.interval(&l.capacity);
                self.set_range(len, (0, top));
                self.func.bounds.insert(len, (Some(Dim::from(0i64)), Some(l.capacity.clone())));
                ids.extend([storage, len]);
                *self.heap.get_mut(*c) = Cell::DynList(DynList { storage, len: Dim::from(len), ..l.clone() });
                Ok(())
            }
            (slot, spec) => {
                let v = self.open_spec(spec, ids)?;
                if frozen {
                    let inner = match &v {
                        Value::Maybe(x, _) => x,
                        v => v,
                    };
                    if let Value::Array(a) = inner
                        && let Cell::Array { frozen, .. } = self.heap.get_mut(a.cell)
                    {
                        *frozen = true;
                    }
                }
                Self::put_slot(&mut self.heap, slot, v);
                Ok(())
            }
        }
    }
    fn open_spec(&mut self, spec: &Spec, ids: &mut Vec<ValueId>) -> R<Value> {
        let span = self.user_span();
        Ok(match spec {
            Spec::Int => {
                let v = self.func.new_value(Type::scalar(DType::Int64), span);
                ids.push(v);
                Value::Sym(Dim::from(v))
            }
            Spec::Scalar(d, k) => {
                let v = self.func.new_value(Type::scalar(*d), span);
                ids.push(v);
                self.phi_scalar(v, *d, *k)
            }
            Spec::Array(ty) => {
                let v = self.func.new_value(ty.clone(), span);
                // the order of what the loop carries around is not followed
                self.odd_values.insert(v);
                ids.push(v);
                self.new_array(v)
            }
            Spec::Growing(dtype, rest, top) => {
                let n = self.func.new_value(Type::scalar(DType::Int64), span);
                ids.push(n);
                let d = self.runtime_extent(n, Dim::from(0i64), top.clone());
                let mut shape = vec![d];
                shape.extend(rest.iter().cloned());
                let v = self.func.new_value(Type { dtype: *dtype, shape }, span);
                ids.push(v);
                self.new_array(v)
            }
            Spec::Tuple(items, names) => {
                let items = items.iter().map(|s| self.open_spec(s, ids)).collect::<R<Vec<_>>>()?;
                Value::Tuple(items.into(), names.clone())
            }
            Spec::Fresh(items) => {
                let items = items.iter().map(|s| self.open_spec(s, ids)).collect::<R<Vec<_>>>()?;
                Value::List(self.heap.alloc(Cell::List(items)))
            }
            Spec::Fixed(v) => v.clone(),
            Spec::Label(options) => {
                let v = self.func.new_value(Type::scalar(DType::Int64), span);
                self.set_range(v, (0, options.len() as i128 - 1));
                ids.push(v);
                Value::OneOf(options.clone().into(), v)
            }
            Spec::Maybe(inner) => {
                let flag = self.func.new_value(Type::scalar(DType::Bool), span);
                ids.push(flag);
                Value::Maybe(Box::new(self.open_spec(inner, ids)?), flag)
            }
            Spec::Unknown(why) => Value::Poison(why.clone()),
            Spec::List(_) => return self.refuse("PM0999", "internal error: list spec in a variable"),
        })
    }
    /// HIR values of a slot for the spec (initial values or yields), emitted in the open region on the current heap.
    pub(super) fn close_slot(&mut self, slot: &Slot, spec: &Spec, out: &mut Vec<ValueId>) -> R<()> {
        match (slot, spec) {
            (Slot::Contents(c), Spec::Array(ty)) => {
                let whole = ArrayRef { cell: *c, view: Rc::new(vec![]), ty: ty.clone() };
                out.push(self.read_array(&whole)?);
                Ok(())
            }
            (Slot::Length(c), Spec::List(l)) => {
                self.make_dynamic_list(*c, Some(&l.template.clone()))?;
                let Cell::DynList(have) = self.heap.get(*c).clone() else {
                    return self.refuse("PM0999", "internal error: list did not become dynamic");
                };
                if have.item != l.item || !self.alike(&have.template, &l.template) {
                    return self.refuse("PM0133", "a list gets items of different types");
                }
                let s = self.grow(&have, &l.capacity)?;
                let n = self.dim_value(&have.len)?;
                out.extend([s, n]);
                Ok(())
            }
            (slot, spec) => {
                let v = Self::slot_value(&self.heap, slot).unwrap_or_else(|| Value::Unbound("unbound".into()));
                self.close_spec(&v, spec, out)
            }
        }
    }
    fn close_spec(&mut self, v: &Value, spec: &Spec, out: &mut Vec<ValueId>) -> R<()> {
        match spec {
            Spec::Int => {
                let d = self.dim_of(v)?;
                out.push(self.dim_value(&d)?);
            }
            Spec::Scalar(d, _) => out.push(self.operand(v, *d)?),
            Spec::Label(options) => out.push(self.label_index(v, options)?),
            Spec::Array(ty) => {
                let Value::Array(a) = v else {
                    return self.refuse("PM0130", "a variable is an array on one path only");
                };
                let id = self.read_array(a)?;
                out.push(self.fit(id, &ty.shape)?);
            }
            Spec::Growing(..) => {
                let Value::Array(a) = v else {
                    return self.refuse("PM0130", "a variable is an array on one path only");
                };
                let id = self.read_array(a)?;
                let n = self.ty(id).shape[0].clone();
                out.push(self.dim_value(&n)?);
                out.push(id);
            }
            Spec::Tuple(specs, _) => {
                let Value::Tuple(items, _) = v else {
                    return self.refuse("PM0130", "a variable is a tuple on one path only");
                };
                for (x, s) in items.clone().iter().zip(specs) {
                    self.close_spec(x, s, out)?;
                }
            }
            Spec::Fresh(specs) => {
                let items = match v {
                    Value::List(c) => match self.heap.get(*c) {
                        Cell::List(items) if items.len() == specs.len() => items.clone(),
                        Cell::DynList(l) if l.len == Dim::from(specs.len()) => {
                            (0..specs.len()).map(|k| self.get_item(v, &Value::Int(k as i128))).collect::<R<Vec<_>>>()?
                        }
                        _ => return self.refuse("PM0133", "the length of this list depends on data"),
                    },
                    _ => return self.refuse("PM0130", "a variable is a list on one path only"),
                };
                for (x, s) in items.iter().zip(specs) {
                    self.close_spec(x, s, out)?;
                }
            }
            Spec::Maybe(inner) => match v {
                Value::Maybe(x, flag) => {
                    out.push(*flag);
                    self.close_spec(&x.clone(), inner, out)?;
                }
                Value::Unbound(_) => {
                    out.push(self.constant(Scalar::bool(false))?);
                    self.filler(inner, out)?;
                }
                v => {
                    out.push(self.constant(Scalar::bool(true))?);
                    self.close_spec(v, inner, out)?;
                }
            },
            Spec::Fixed(_) | Spec::Unknown(_) => {}
            Spec::List(_) => return self.refuse("PM0999", "internal error: list spec in a variable"),
        }
        Ok(())
    }
    /// Zeros in place of a value that is not bound yet.
    fn filler(&mut self, spec: &Spec, out: &mut Vec<ValueId>) -> R<()> {
        match spec {
            Spec::Int | Spec::Label(_) => out.push(self.constant(Scalar::i64(0))?),
            Spec::Scalar(d, _) => out.push(self.constant(Scalar::zero(*d))?),
            Spec::Array(ty) => {
                let z = self.constant(Scalar::zero(ty.dtype))?;
                out.push(self.broadcast_to(z, &ty.shape)?);
            }
            Spec::Growing(d, rest, _) => {
                out.push(self.constant(Scalar::i64(0))?);
                let z = self.constant(Scalar::zero(*d))?;
                let mut shape = vec![Dim::from(0i64)];
                shape.extend(rest.iter().cloned());
                out.push(self.broadcast_to(z, &shape)?);
            }
            Spec::Tuple(v, _) | Spec::Fresh(v) => {
                for s in v {
                    self.filler(s, out)?;
                }
            }
            Spec::Maybe(inner) => {
                out.push(self.constant(Scalar::bool(false))?);
                self.filler(inner, out)?;
            }
            Spec::Fixed(_) | Spec::Unknown(_) | Spec::List(_) => {}
        }
        Ok(())
    }
    /// Slots whose value at the end of the body does not fit what the head assumed, with the widened spec. `call`: the
    /// body is a whole call of the entry.
    pub(super) fn changed_slots(
        &mut self,
        a: &Attempt,
        specs: &BTreeMap<Slot, Spec>,
        temporaries: &[Rc<str>],
        h0: &Heap,
        call: bool,
    ) -> R<Vec<(Slot, Spec)>> {
        let scope = self.frames.last().map(|f| f.scope);
        let mut out = Vec::new();
        let ids: Vec<CellId> = a.start.ids().filter(|id| h0.find(*id).is_some()).collect();
        for id in ids {
            if a.start.same_cell(&a.end, id) {
                continue;
            }
            let (Some(x), Some(y)) = (a.start.find(id).cloned(), a.end.find(id).cloned()) else { continue };
            let mut pairs: Vec<(Slot, Option<Value>, Option<Value>)> = Vec::new();
            match (&*x, &*y) {
                (Cell::Scope { vars: v, .. }, Cell::Scope { vars: w, .. }) => {
                    for (k, q) in w {
                        if Some(id) == scope && temporaries.contains(k) {
                            continue;
                        }
                        pairs.push((Slot::Var(id, k.clone()), v.get(k).cloned(), Some(q.clone())));
                    }
                    for (k, p) in v {
                        if !w.contains_key(k) {
                            pairs.push((Slot::Var(id, k.clone()), Some(p.clone()), None));
                        }
                    }
                }
                (Cell::Object { attrs: v, class }, Cell::Object { attrs: w, .. }) => {
                    for (k, q) in w {
                        let before = v.get(k).cloned().or_else(|| class_attribute(&a.start, class, k));
                        pairs.push((Slot::Attr(id, k.clone()), before, Some(q.clone())));
                    }
                }
                (Cell::Dict(v), Cell::Dict(w)) => {
                    if v.len() != w.len() {
                        return self.refuse_help(
                            "PM0134",
                            "a dict gets new keys inside a loop that runs at run time",
                            "create every key before the loop, or use an array",
                        );
                    }
                    for (k, (p, q)) in v.iter().zip(w).enumerate() {
                        pairs.push((Slot::Entry(id, k), Some(p.1.clone()), Some(q.1.clone())));
                    }
                }
                (Cell::List(v), Cell::List(w)) if v.len() == w.len() => {
                    for (k, (p, q)) in v.iter().zip(w).enumerate() {
                        pairs.push((Slot::Item(id, k), Some(p.clone()), Some(q.clone())));
                    }
                }
                (Cell::List(_) | Cell::DynList(_), Cell::List(_) | Cell::DynList(_)) => {
                    let spec = self.list_spec(id, a, h0)?;
                    let known = matches!(specs.get(&Slot::Length(id)), Some(Spec::List(l)) if l.item == spec.item && l.capacity == spec.capacity);
                    if !known {
                        out.push((Slot::Length(id), Spec::List(spec)));
                    }
                    continue;
                }
                (Cell::Array { ty, content: c, .. }, Cell::Array { frozen, content: d, .. }) => {
                    let same = match (c, d) {
                        (Content::Dyn(p), Content::Dyn(q)) => p == q,
                        (Content::Static(p), Content::Static(q)) => Rc::ptr_eq(p, q),
                        _ => false,
                    };
                    if same {
                        continue;
                    }
                    if *frozen {
                        return self.refuse(
                            "PM0131",
                            "an array that a loop stores into may be the same object as another one",
                        );
                    }
                    if !specs.contains_key(&Slot::Contents(id)) {
                        out.push((Slot::Contents(id), Spec::Array(ty.clone())));
                    }
                    continue;
                }
                _ => return self.refuse("PM0130", "an object changes its kind inside a loop"),
            }
            for (slot, p, q) in pairs {
                let unbound = || Value::Unbound("unbound".into());
                let (p, q) = (p.unwrap_or_else(unbound), q.unwrap_or_else(unbound));
                let have = specs.get(&slot);
                // a list made anew may have been stored into: its items are looked at in any case
                if p.same(&q) && !matches!(have, Some(Spec::Fresh(_))) {
                    continue;
                }
                let first = Self::slot_value(h0, &slot).unwrap_or_else(unbound);
                let mut want = self.widen(&first, &q, have, h0, &a.end)?;
                // after a call its own variables are gone; what was there before it may still hold the list
                let lives = |id: &CellId| !call || h0.find(*id).is_some();
                let held = |v: &Value, heap: &Heap| match v {
                    Value::List(c) => {
                        super::merge::slots_holding(heap, *c).iter().filter(|(id, _)| lives(id)).count() > 1
                    }
                    _ => false,
                };
                if matches!(want, Spec::Fresh(_)) && (held(&first, h0) || held(&q, &a.end)) {
                    want = Spec::Unknown("this list is made anew in the loop while another name holds it too".into());
                }
                if !have.is_some_and(|h| same_spec(h, &want)) {
                    out.push((slot, want));
                }
            }
        }
        Ok(out)
    }
    /// Finds rebound slots that share their array with another slot before the loop or at the end of a round; true if new
    /// ones turned up.
    pub(super) fn shared_slots(
        &self,
        a: &Attempt,
        specs: &BTreeMap<Slot, Spec>,
        changed: &[(Slot, Spec)],
        h0: &Heap,
        shared: &mut Shared,
    ) -> bool {
        let mut new = false;
        for slot in specs.keys().chain(changed.iter().map(|(s, _)| s)) {
            for heap in [h0, &a.end] {
                let Some(cell) = array_of(heap, slot) else { continue };
                if super::merge::slots_holding(heap, cell).len() > 1 {
                    new |= shared.insert(slot, cell, h0);
                } else if self.parameter_cells.contains(&cell) {
                    new |= shared.insert_slot(slot);
                }
            }
            // one array or two at the end of the round, depending on data: then so at the head of the next
            if let Some(cell) = array_of(&a.end, slot).filter(|c| is_frozen(&a.end, *c)) {
                new |= shared.insert(slot, cell, h0);
                new |= shared.insert_cells(h0.ids().filter(|id| is_frozen(&a.end, *id)));
            }
        }
        new
    }
    fn spec_of(&self, v: &Value) -> Spec {
        match v {
            Value::Int(i) if i64::try_from(*i).is_ok() => Spec::Int,
            Value::Sym(_) => Spec::Int,
            Value::Bool(_) => Spec::Scalar(DType::Bool, Kind::Py),
            Value::Float(_) => Spec::Scalar(DType::Float64, Kind::Py),
            Value::Complex(..) => Spec::Scalar(DType::Complex128, Kind::Py),
            Value::Scalar(s) => Spec::Scalar(s.dtype, Kind::Np),
            Value::Dyn(d) => Spec::Scalar(d.dtype, d.kind),
            Value::Array(a) => Spec::Array(a.ty.clone()),
            Value::Tuple(t, n) => Spec::Tuple(t.iter().map(|x| self.spec_of(x)).collect(), n.clone()),
            Value::Maybe(x, _) => Spec::Maybe(Box::new(self.spec_of(x))),
            Value::OneOf(own, _) => Spec::Label(own.to_vec()),
            Value::Poison(p) | Value::Unbound(p) => Spec::Unknown(p.clone()),
            v => Spec::Fixed(v.clone()),
        }
    }
    /// The spec that covers the value before the loop, the value at the end of a round, and what was assumed.
    fn widen(&mut self, first: &Value, end: &Value, have: Option<&Spec>, h0: &Heap, end_heap: &Heap) -> R<Spec> {
        let other_list = matches!((first, end), (Value::List(a), Value::List(b)) if a != b);
        if (other_list || matches!(have, Some(Spec::Fresh(_))))
            && let Some(s) = self.fresh_list(end, end_heap)
        {
            return Ok(match have {
                Some(have) => self.join_specs(have, &s),
                None => match self.fresh_list(first, h0) {
                    Some(f) => self.join_specs(&f, &s),
                    None => Spec::Unknown("this list is made anew in the loop and changes its kind".into()),
                },
            });
        }
        let unbound_first = matches!(first, Value::Unbound(_));
        if matches!(end, Value::Unbound(_)) {
            let base = have.cloned().unwrap_or_else(|| self.spec_of(first));
            return Ok(wrap(base));
        }
        let base = match (have, unbound_first) {
            (Some(s), _) => s.clone(),
            (None, true) => {
                let inner = self.spec_of(end);
                return Ok(match inner {
                    Spec::Fixed(v) if !is_plain(&v) => Spec::Unknown("this is assigned inside a loop only".into()),
                    Spec::Unknown(w) => Spec::Unknown(w),
                    Spec::Array(t) if t.shape.iter().any(Dim::is_dynamic) => match self.growing(&t, &t) {
                        Some(g) => Spec::Maybe(Box::new(g)),
                        None => Spec::Unknown("this is assigned inside a loop only".into()),
                    },
                    Spec::Maybe(i) => Spec::Maybe(i),
                    i => Spec::Maybe(Box::new(i)),
                });
            }
            (None, false) => self.spec_of(first),
        };
        let end = self.spec_of(end);
        Ok(self.join_specs(&base, &end))
    }
    /// The items of a list of known length that holds nothing but numbers.
    fn fresh_list(&self, v: &Value, heap: &Heap) -> Option<Spec> {
        let Value::List(c) = v else { return None };
        let items: Vec<Spec> = match &**heap.find(*c)? {
            Cell::List(items) => items.iter().map(|x| self.spec_of(x)).collect(),
            // an argument of a few items
            Cell::DynList(l) if l.item.shape.is_empty() => {
                let n = l.len.as_const().and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= 64)?;
                vec![self.spec_of(&l.template); n]
            }
            _ => return None,
        };
        items.iter().all(|s| matches!(s, Spec::Int | Spec::Scalar(..))).then_some(Spec::Fresh(items))
    }
    fn growing(&self, a: &Type, b: &Type) -> Option<Spec> {
        if a.dtype != b.dtype
            || a.rank() != b.rank()
            || a.rank() == 0
            || a.shape[1..] != b.shape[1..]
            || a.shape[1..].iter().any(Dim::is_dynamic)
        {
            return None;
        }
        let top = self.upper_bound(&a.shape[0], 8)?.maximum(&self.upper_bound(&b.shape[0], 8)?);
        Some(Spec::Growing(a.dtype, a.shape[1..].to_vec(), top))
    }
    pub(super) fn join_specs(&self, a: &Spec, b: &Spec) -> Spec {
        let unknown = |why: &str| Spec::Unknown(why.into());
        match (a, b) {
            (Spec::Unknown(w), _) | (_, Spec::Unknown(w)) => Spec::Unknown(w.clone()),
            (Spec::Maybe(x), Spec::Maybe(y)) => wrap(self.join_specs(x, y)),
            (Spec::Maybe(x), y) => wrap(self.join_specs(x, y)),
            (x, Spec::Maybe(y)) => wrap(self.join_specs(x, y)),
            (Spec::Int, Spec::Int) => Spec::Int,
            (Spec::Int, Spec::Scalar(d, k)) | (Spec::Scalar(d, k), Spec::Int) => match d {
                DType::Float64 | DType::Complex128 => {
                    Spec::Scalar(*d, if *k == Kind::Py { Kind::Py } else { Kind::Mixed })
                }
                DType::Int64 => Spec::Scalar(DType::Int64, Kind::Mixed),
                _ => unknown("this variable has different types in the first and later rounds of the loop"),
            },
            (Spec::Scalar(d, k), Spec::Scalar(e, l)) => {
                let level = |d: &DType| match d {
                    DType::Int64 => 1,
                    DType::Float64 => 2,
                    DType::Complex128 => 3,
                    _ => 0,
                };
                if d == e {
                    Spec::Scalar(*d, if k == l { *k } else { Kind::Mixed })
                } else if level(d) > 0 && level(e) > 0 {
                    let top = if level(d) > level(e) { *d } else { *e };
                    Spec::Scalar(top, if *k == Kind::Py && *l == Kind::Py { Kind::Py } else { Kind::Mixed })
                } else {
                    unknown("this variable has different element types in the first and later rounds of the loop")
                }
            }
            (Spec::Array(t), Spec::Array(u)) => {
                if t == u && !t.shape.iter().any(Dim::is_dynamic) {
                    return a.clone();
                }
                if t.dtype == u.dtype && t.rank() == u.rank() && t.shape.iter().zip(&u.shape).all(|(x, y)| x == y) {
                    // the extents are values: fine if they were computed before the loop
                    return a.clone();
                }
                self.growing(t, u)
                    .unwrap_or_else(|| unknown("the shape or element type of this array changes from round to round"))
            }
            (Spec::Growing(d, r, top), Spec::Array(t)) | (Spec::Array(t), Spec::Growing(d, r, top)) => {
                let own = Type { dtype: *d, shape: std::iter::once(top.clone()).chain(r.iter().cloned()).collect() };
                match self.growing(t, &own) {
                    Some(Spec::Growing(d, r, new)) if new == *top => Spec::Growing(d, r, top.clone()),
                    _ => unknown("this array grows from round to round without a bound that can be seen"),
                }
            }
            (Spec::Growing(..), Spec::Growing(..)) => a.clone(),
            (Spec::Tuple(x, n), Spec::Tuple(y, _)) if x.len() == y.len() => {
                Spec::Tuple(x.iter().zip(y).map(|(p, q)| self.join_specs(p, q)).collect(), n.clone())
            }
            (Spec::Fresh(x), Spec::Fresh(y)) if x.len() == y.len() => {
                let items: Vec<Spec> = x.iter().zip(y).map(|(p, q)| self.join_specs(p, q)).collect();
                match items.iter().find(|s| matches!(s, Spec::Unknown(_))) {
                    Some(why) => why.clone(),
                    None => Spec::Fresh(items),
                }
            }
            (Spec::Fresh(_), Spec::Fresh(_)) => unknown("the length of this list changes from round to round"),
            (Spec::Fixed(x), Spec::Fixed(y)) if x.same(y) => a.clone(),
            (Spec::Label(_) | Spec::Fixed(_), Spec::Label(_) | Spec::Fixed(_)) => {
                let options = |s: &Spec| match s {
                    Spec::Label(o) => Some(o.clone()),
                    Spec::Fixed(v) if super::merge::is_label(v) => Some(vec![v.clone()]),
                    _ => None,
                };
                match (options(a), options(b)) {
                    (Some(p), Some(q)) => Spec::Label(q.iter().fold(p, |acc, v| super::merge::labels(&acc, v))),
                    _ => unknown("this variable holds different kinds of things in different rounds of the loop"),
                }
            }
            _ => unknown("this variable holds different kinds of things in different rounds of the loop"),
        }
    }
    /// What a list that grows in the loop looks like.
    fn list_spec(&mut self, id: CellId, a: &Attempt, h0: &Heap) -> R<DynList> {
        let sample = |h: &Heap| match h.get(id) {
            Cell::DynList(l) => Some(l.template.clone()),
            Cell::List(v) => v.first().cloned(),
            _ => None,
        };
        let Some(item) = sample(&a.end).or_else(|| sample(&a.start)) else {
            return self.refuse("PM0133", "a list changes its length in this loop, but nothing is ever put into it");
        };
        let first_len = match h0.get(id) {
            Cell::List(v) => Dim::from(v.len()),
            Cell::DynList(l) => l.capacity.clone(),
            _ => Dim::from(0i64),
        };
        let capacity = match h0.get(id) {
            Cell::DynList(l) => l.capacity.clone(),
            _ => self.list_capacity_for(&first_len),
        };
        let (item, template) = self.item_kind(&item)?;
        if item.shape.iter().any(Dim::is_dynamic) {
            return self.refuse("PM0133", "a list whose length depends on data holds arrays of computed length");
        }
        Ok(DynList { storage: ValueId(0), item, template, len: Dim::from(0i64), capacity })
    }
    fn list_capacity_for(&self, first: &Dim) -> Dim {
        match &self.list_bound {
            Some(b) => b.add(first),
            None => Dim::from(self.list_capacity).add(first),
        }
    }
}
