//! Loops: unrolled where everything in them is known, else one `For` or `While` whose carried values are the slots of
//! the abstract heap that the body changes, found by iteration to a fixed point.

use super::eval::{Eval, FULL, R, Stop};
use super::merge::Flow;
use super::state::{Cell, Content, DynList, Heap};
use super::value::{ArrayRef, CellId, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Inst, Op, Region, Type, ValueId};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// A place of the heap that a loop body may change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Variable of a scope.
    Var(CellId, Rc<str>),
    /// Attribute of an object.
    Attr(CellId, Rc<str>),
    /// Item of a list of known length.
    Item(CellId, usize),
    /// Value of a dict entry.
    Entry(CellId, usize),
    /// Elements of an array.
    Contents(CellId),
    /// A list whose length changes.
    Length(CellId),
}

/// What a carried slot holds at the head of the loop.
#[derive(Clone, Debug)]
pub enum Spec {
    /// Python int.
    Int,
    /// Any other scalar.
    Scalar(DType, Kind),
    /// Array of unchanging type.
    Array(Type),
    /// Array whose first extent changes from round to round: element type, other extents, bound of the first.
    Growing(DType, Vec<Dim>, Dim),
    /// Tuple, item by item.
    Tuple(Vec<Spec>, Rc<[String]>),
    /// One of several strings.
    Label(Vec<Value>),
    /// List of known length that nothing else holds, made anew in the loop: its items, all of them numbers.
    Fresh(Vec<Spec>),
    /// The same known thing in every round.
    Fixed(Value),
    /// List of computed length.
    List(DynList),
    /// Bound only after the first round.
    Maybe(Box<Spec>),
    /// Not usable at the head, and why.
    Unknown(Rc<str>),
}

/// Slots that calls of an entry change, with what they hold: the state of the translation.
#[derive(Clone, Debug, Default)]
pub struct StateSpecs(BTreeMap<Slot, Spec>);

impl StateSpecs {
    /// Puts fresh values into the heap; their ids, slot by slot.
    pub fn open(&self, ev: &mut Eval<'_>) -> R<Vec<Vec<ValueId>>> {
        let mut out = Vec::new();
        for (slot, spec) in &self.0 {
            let mut ids = Vec::new();
            ev.open_slot(slot, spec, &mut ids, false)?;
            out.push(ids);
        }
        Ok(out)
    }
    /// Values of the slots on the current heap, in the order of [`Self::open`].
    pub fn close(&self, ev: &mut Eval<'_>) -> R<Vec<ValueId>> {
        let mut out = Vec::new();
        for (slot, spec) in &self.0 {
            ev.close_slot(slot, spec, &mut out)?;
        }
        Ok(out)
    }
    /// Slots that a call changed and that are not state yet, or not of the type assumed.
    pub fn changes(&self, ev: &mut Eval<'_>, start: &Heap, h0: &Heap) -> R<Vec<(Slot, Spec)>> {
        let a = Attempt {
            start: start.clone(),
            params: BTreeMap::new(),
            end: ev.heap.clone(),
            insts: Vec::new(),
            cond: None,
            index: None,
            flow: Flow::Normal,
        };
        let mut out = ev.changed_slots(&a, &self.0, &[], h0)?;
        // what cannot be kept is no state: a call that reads it before it writes it is refused there
        for (slot, spec) in &mut out {
            let name = slot_name(slot);
            let array = matches!(Eval::slot_value(h0, slot), Some(Value::Array(_)));
            match spec {
                Spec::Unknown(why) if array => {
                    return ev.refuse("PM0139", format!("`{name}` is kept between calls: {why}"));
                }
                Spec::Growing(..) => {
                    return ev.refuse("PM0139", format!("`{name}` is kept between calls and its size changes"));
                }
                Spec::Unknown(why) => {
                    let why = format!("`{name}` is read before this call sets it, but not kept between calls: {why}");
                    *spec = Spec::Unknown(why.into());
                }
                _ => {}
            }
        }
        out.retain(|(slot, spec)| !matches!((spec, self.0.get(slot)), (Spec::Unknown(_), Some(Spec::Unknown(_)))));
        Ok(out)
    }
    /// Adds or widens a slot.
    pub fn merge(&mut self, ev: &Eval<'_>, slot: Slot, spec: Spec) {
        let joined = match self.0.get(&slot) {
            Some(old) => ev.join_specs(old, &spec),
            None => spec,
        };
        self.0.insert(slot, joined);
    }
    /// A variable of a class or module among the slots: state that several objects share.
    pub fn shared(&self) -> Option<&str> {
        self.0.keys().find_map(|s| match s {
            Slot::Var(_, n) => Some(&**n),
            _ => None,
        })
    }
    /// Field names, one per value of [`Self::close`].
    pub fn names(&self) -> Vec<String> {
        fn count(s: &Spec) -> usize {
            match s {
                Spec::Int | Spec::Scalar(..) | Spec::Array(_) | Spec::Label(_) => 1,
                Spec::Growing(..) | Spec::List(_) => 2,
                Spec::Tuple(v, _) | Spec::Fresh(v) => v.iter().map(count).sum(),
                Spec::Maybe(i) => 1 + count(i),
                Spec::Fixed(_) | Spec::Unknown(_) => 0,
            }
        }
        let mut out: Vec<String> = Vec::new();
        for (slot, spec) in &self.0 {
            let n = count(spec);
            for k in 0..n {
                let mut name = super::entry::identifier(&slot_name(slot));
                if n > 1 {
                    name = format!("{name}_{k}");
                }
                while out.contains(&name) {
                    name.push('_');
                }
                out.push(name);
            }
        }
        out
    }
}

fn slot_name(slot: &Slot) -> String {
    match slot {
        Slot::Var(_, n) | Slot::Attr(_, n) => n.to_string(),
        Slot::Item(c, k) | Slot::Entry(c, k) => format!("item{}_{k}", c.0),
        Slot::Contents(c) => format!("array{}", c.0),
        Slot::Length(c) => format!("list{}", c.0),
    }
}

/// How a dynamic loop steps.
pub enum LoopKind<'f, 'a> {
    /// For i in lo..hi by step; the callback binds the targets.
    Count { lo: Dim, hi: Dim, step: i64, bind: &'f mut dyn FnMut(&mut Eval<'a>, &Dim) -> R<()> },
    /// While the condition holds.
    Test { test: &'f mut dyn FnMut(&mut Eval<'a>) -> R<Value> },
}

struct Attempt {
    start: Heap,
    params: BTreeMap<Slot, Vec<ValueId>>,
    end: Heap,
    insts: Vec<Inst>,
    cond: Option<(Vec<Inst>, ValueId)>,
    index: Option<ValueId>,
    flow: Flow,
}

/// Slots of a loop whose array some other slot may hold too: stores through them are refused.
type Shared = std::collections::BTreeSet<Slot>;

impl<'a> Eval<'a> {
    /// Emits a dynamic loop. `temporaries` are variables that need not survive a round.
    pub fn dynamic_loop(
        &mut self,
        mut kind: LoopKind<'_, 'a>,
        temporaries: &[Rc<str>],
        body: &mut dyn FnMut(&mut Self) -> R<Flow>,
    ) -> R<Flow> {
        if self.static_only > 0 {
            return Err(Stop::NeedsEmission);
        }
        self.loop_depth += 1;
        let out = self.dynamic_loop_inner(&mut kind, temporaries, body);
        self.loop_depth -= 1;
        out
    }

    fn dynamic_loop_inner(
        &mut self,
        kind: &mut LoopKind<'_, 'a>,
        temporaries: &[Rc<str>],
        body: &mut dyn FnMut(&mut Self) -> R<Flow>,
    ) -> R<Flow> {
        let mut h0 = self.heap.clone();
        if let Some(f) = self.frames.last() {
            let scope = f.scope;
            if let Cell::Scope { vars, .. } = h0.get_mut(scope) {
                for t in temporaries {
                    if let Some(v) = vars.get_mut(t) {
                        *v = Value::Unbound(format!("variable `{t}` is assigned inside a loop only").into());
                    }
                }
            }
        }
        let mut specs: BTreeMap<Slot, Spec> = BTreeMap::new();
        let mut leaves = false;
        let mut shared = Shared::new();
        for _round in 0..24 {
            let a = self.attempt(kind, &h0, &specs, &shared, body)?;
            let escapes = a.flow.set() & (2 | 4) != 0;
            let changed = self.changed_slots(&a, &specs, temporaries, &h0)?;
            let newly = self.shared_slots(&a, &specs, &changed, &h0, &mut shared);
            let stable = changed.is_empty() && (leaves || !escapes) && !newly;
            if stable {
                // arrays that may have been given a second name in the body stay read-only
                for id in h0.ids().collect::<Vec<_>>() {
                    if let Some(Cell::Array { frozen: true, .. }) = a.end.find(id).map(|c| &**c)
                        && let Cell::Array { frozen, .. } = h0.get_mut(id)
                    {
                        *frozen = true;
                    }
                }
                return self.finish_loop(kind, &h0, &specs, &shared, a, leaves);
            }
            leaves |= escapes;
            for (slot, spec) in changed {
                specs.insert(slot, spec);
            }
            self.heap = h0.clone();
            self.heap.reserve_ids(a.end.len());
        }
        self.refuse_help(
            "PM0135",
            "the types of this loop's variables do not settle",
            "give every variable of the loop its final type before the loop (`x = 0.0`, `y = np.zeros(n)`)",
        )
    }

    /// One run of the body from the loop's head.
    fn attempt(
        &mut self,
        kind: &mut LoopKind<'_, 'a>,
        h0: &Heap,
        specs: &BTreeMap<Slot, Spec>,
        shared: &Shared,
        body: &mut dyn FnMut(&mut Self) -> R<Flow>,
    ) -> R<Attempt> {
        let ids = self.heap.len();
        self.heap = h0.clone();
        self.heap.reserve_ids(ids);
        let mut params = BTreeMap::new();
        for (slot, spec) in specs {
            let mut ids = Vec::new();
            self.open_slot(slot, spec, &mut ids, shared.contains(slot))?;
            params.insert(slot.clone(), ids);
        }
        let start = self.heap.clone();
        let frames = self.frames.len();
        let depth = self.regions.len();
        let mut index = None;
        let mut cond = None;
        match kind {
            LoopKind::Count { lo, hi, step, bind } => {
                let i = self.func.new_value(Type::scalar(DType::Int64), self.user_span());
                let (l, h) = (self.interval(lo), self.interval(hi));
                if *step > 0 {
                    self.set_range(i, (l.0, (h.1 - 1).max(l.0)));
                    self.func.bounds.insert(i, (Some(lo.clone()), Some(hi.offset(-1))));
                } else {
                    self.set_range(i, (h.0 + 1, l.1.max(h.0 + 1)));
                    self.func.bounds.insert(i, (Some(hi.offset(1)), Some(lo.clone())));
                }
                index = Some(i);
                self.regions.push(Vec::new());
                self.extents.push(HashMap::new());
                let out = (|| {
                    bind(self, &Dim::from(i))?;
                    body(self)
                })();
                self.finish_attempt(out, depth, frames, start, params, cond, index)
            }
            LoopKind::Test { test } => {
                self.regions.push(Vec::new());
                self.extents.push(HashMap::new());
                let c = (|| {
                    let v = test(self)?;
                    self.truth_id(&v)
                })();
                self.extents.truncate(depth);
                let insts = self.regions.get_mut(depth).map(std::mem::take).unwrap_or_default();
                self.regions.truncate(depth);
                cond = Some((insts, c?));
                if start.ids().any(|id| !unchanged(&start, &self.heap, id)) {
                    return self.refuse_help(
                        "PM0136",
                        "the condition of this loop changes variables or objects",
                        "compute the condition at the end of the loop body",
                    );
                }
                // the body may rely on what the test computed only through the heap
                self.regions.push(Vec::new());
                self.extents.push(HashMap::new());
                self.refine_by_test(cond.as_ref().map(|c| (&c.0, c.1)));
                let out = body(self);
                self.unrefine();
                self.finish_attempt(out, depth, frames, start, params, cond, index)
            }
        }
    }
    #[allow(clippy::too_many_arguments, reason = "the parts of one attempt")]
    fn finish_attempt(
        &mut self,
        out: R<Flow>,
        depth: usize,
        frames: usize,
        start: Heap,
        params: BTreeMap<Slot, Vec<ValueId>>,
        cond: Option<(Vec<Inst>, ValueId)>,
        index: Option<ValueId>,
    ) -> R<Attempt> {
        self.extents.truncate(depth);
        let insts = self.regions.get_mut(depth).map(std::mem::take).unwrap_or_default();
        self.regions.truncate(depth);
        self.frames.truncate(frames);
        let (flow, insts) = match out {
            Ok(f) => (f, insts),
            // a body that raises for certain: the loop runs at most once and stops the program
            Err(Stop::Raised(r)) if !r.is_refusal => {
                let depth = self.regions.len();
                self.regions.push(insts);
                self.extents.push(HashMap::new());
                self.span = r.span.or(self.span);
                let no = self.constant(Scalar::bool(false))?;
                self.check(no, &r.type_name, r.message.clone())?;
                self.extents.truncate(depth);
                let insts = self.regions.pop().unwrap_or_default();
                self.heap = start.clone();
                (Flow::Normal, insts)
            }
            Err(e) => return Err(e),
        };
        let end = self.heap.clone();
        Ok(Attempt { start, params, end, insts, cond, index, flow })
    }
    /// While the body runs, an int compared with `<` in the test is known to be below the other side.
    fn refine_by_test(&mut self, cond: Option<(&Vec<Inst>, ValueId)>) {
        self.refinements.push(Vec::new());
        let Some((insts, c)) = cond else { return };
        let mut work = vec![c];
        while let Some(c) = work.pop() {
            let Some(inst) = insts.iter().find(|i| i.results.first() == Some(&c)) else { continue };
            match inst.op {
                Op::Binary(Binary::And) => work.extend(inst.args.iter().copied()),
                Op::Binary(op @ (Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge)) => {
                    let (mut a, mut b) = (self.value_dim(inst.args[0]), self.value_dim(inst.args[1]));
                    if matches!(op, Binary::Gt | Binary::Ge) {
                        std::mem::swap(&mut a, &mut b);
                    }
                    if self.func.ty(inst.args[0]).dtype != DType::Int64 {
                        continue;
                    }
                    let strict = i64::from(matches!(op, Binary::Lt | Binary::Gt));
                    // a + strict <= b
                    if let [(crate::hir::Atom::Value(v), 1)] = a.terms.as_slice() {
                        let v = *v;
                        let top = b.offset(-strict - a.constant);
                        self.refine(v, None, Some(top));
                    }
                    if let [(crate::hir::Atom::Value(v), 1)] = b.terms.as_slice() {
                        let v = *v;
                        let low = a.offset(strict - b.constant);
                        self.refine(v, Some(low), None);
                    }
                }
                _ => {}
            }
        }
    }
    /// Narrows what is known of a value until [`Self::unrefine`].
    pub fn refine(&mut self, v: ValueId, lo: Option<Dim>, hi: Option<Dim>) {
        let old = (v, self.ranges.get(&v).copied(), self.func.bounds.get(&v).cloned());
        let range = old.1.unwrap_or(FULL);
        let l = lo.as_ref().map_or(range.0, |d| self.interval(d).0.max(range.0));
        let h = hi.as_ref().map_or(range.1, |d| self.interval(d).1.min(range.1));
        if l <= h {
            self.ranges.insert(v, (l, h));
        }
        let bounds = self.func.bounds.entry(v).or_insert((None, None));
        if lo.is_some() && bounds.0.is_none() {
            bounds.0 = lo;
        }
        if hi.is_some() {
            bounds.1 = hi;
        }
        if let Some(r) = self.refinements.last_mut() {
            r.push(old);
        }
    }
    /// Forgets the latest refinements.
    pub fn unrefine(&mut self) {
        for (v, range, bounds) in self.refinements.pop().unwrap_or_default().into_iter().rev() {
            match range {
                Some(r) => self.ranges.insert(v, r),
                None => self.ranges.remove(&v),
            };
            match bounds {
                Some(b) => self.func.bounds.insert(v, b),
                None => self.func.bounds.remove(&v),
            };
        }
    }

    // ---- slots ----

    fn slot_value(heap: &Heap, slot: &Slot) -> Option<Value> {
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
    fn open_slot(&mut self, slot: &Slot, spec: &Spec, ids: &mut Vec<ValueId>, frozen: bool) -> R<()> {
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
    fn close_slot(&mut self, slot: &Slot, spec: &Spec, out: &mut Vec<ValueId>) -> R<()> {
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
                if have.item != l.item {
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

    /// Slots whose value at the end of the body does not fit what the head assumed, with the widened spec.
    fn changed_slots(
        &mut self,
        a: &Attempt,
        specs: &BTreeMap<Slot, Spec>,
        temporaries: &[Rc<str>],
        h0: &Heap,
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
                let held = |v: &Value, heap: &Heap| match v {
                    Value::List(c) => super::merge::slots_holding(heap, *c).len() > 1,
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
    fn shared_slots(
        &self,
        a: &Attempt,
        specs: &BTreeMap<Slot, Spec>,
        changed: &[(Slot, Spec)],
        h0: &Heap,
        shared: &mut Shared,
    ) -> bool {
        let before = shared.len();
        for slot in specs.keys().chain(changed.iter().map(|(s, _)| s)) {
            for heap in [h0, &a.end] {
                let value = Self::slot_value(heap, slot);
                let inner = match &value {
                    Some(Value::Maybe(x, _)) => Some(&**x),
                    v => v.as_ref(),
                };
                if let Some(Value::Array(x)) = inner
                    && (self.parameter_cells.contains(&x.cell) || super::merge::slots_holding(heap, x.cell).len() > 1)
                {
                    shared.insert(slot.clone());
                }
            }
        }
        shared.len() > before
    }
    fn spec_of(&self, v: &Value, heap: &Heap) -> Spec {
        match v {
            Value::Int(i) if i64::try_from(*i).is_ok() => Spec::Int,
            Value::Sym(_) => Spec::Int,
            Value::Bool(_) => Spec::Scalar(DType::Bool, Kind::Py),
            Value::Float(_) => Spec::Scalar(DType::Float64, Kind::Py),
            Value::Complex(..) => Spec::Scalar(DType::Complex128, Kind::Py),
            Value::Scalar(s) => Spec::Scalar(s.dtype, Kind::Np),
            Value::Dyn(d) => Spec::Scalar(d.dtype, d.kind),
            Value::Array(a) => Spec::Array(a.ty.clone()),
            Value::Tuple(t, n) => Spec::Tuple(t.iter().map(|x| self.spec_of(x, heap)).collect(), n.clone()),
            Value::Maybe(x, _) => Spec::Maybe(Box::new(self.spec_of(x, heap))),
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
            let base = have.cloned().unwrap_or_else(|| self.spec_of(first, h0));
            return Ok(wrap(base));
        }
        let base = match (have, unbound_first) {
            (Some(s), _) => s.clone(),
            (None, true) => {
                let inner = self.spec_of(end, end_heap);
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
            (None, false) => self.spec_of(first, h0),
        };
        let end = self.spec_of(end, end_heap);
        Ok(self.join_specs(&base, &end))
    }
    /// The items of a list of known length that holds nothing but numbers.
    fn fresh_list(&self, v: &Value, heap: &Heap) -> Option<Spec> {
        let Value::List(c) = v else { return None };
        let Cell::List(items) = &**heap.find(*c)? else { return None };
        let items: Vec<Spec> = items.iter().map(|x| self.spec_of(x, heap)).collect();
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
    fn join_specs(&self, a: &Spec, b: &Spec) -> Spec {
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
        let template = self.template(&item)?;
        let (dtype, shape) = match &item {
            Value::Array(x) => (x.ty.dtype, x.ty.shape.clone()),
            v => match self.number_dtype(v) {
                Some(d) => (d, vec![]),
                None => {
                    let what = v.describe();
                    return self.refuse("PM0133", format!("a list whose length depends on data cannot hold {what}"));
                }
            },
        };
        if shape.iter().any(Dim::is_dynamic) {
            return self.refuse("PM0133", "a list whose length depends on data holds arrays of computed length");
        }
        Ok(DynList { storage: ValueId(0), item: Type { dtype, shape }, template, len: Dim::from(0i64), capacity })
    }
    fn list_capacity_for(&self, first: &Dim) -> Dim {
        match &self.list_bound {
            Some(b) => b.add(first),
            None => Dim::from(self.list_capacity).add(first),
        }
    }

    fn finish_loop(
        &mut self,
        kind: &mut LoopKind<'_, 'a>,
        h0: &Heap,
        specs: &BTreeMap<Slot, Spec>,
        shared: &Shared,
        a: Attempt,
        leaves: bool,
    ) -> R<Flow> {
        // initial values, before the loop
        let last = self.heap.len();
        self.heap = h0.clone();
        self.heap.reserve_ids(last);
        let mut init = Vec::new();
        for (slot, spec) in specs {
            self.close_slot(slot, spec, &mut init)?;
        }
        // yields, at the end of the body
        self.heap = a.end.clone();
        let depth = self.regions.len();
        self.regions.push(a.insts);
        self.extents.push(HashMap::new());
        let mut yields = Vec::new();
        let closed = (|| {
            for (slot, spec) in specs {
                self.close_slot(slot, spec, &mut yields)?;
            }
            Ok(())
        })();
        self.extents.truncate(depth);
        let mut insts = self.regions.pop().unwrap_or_default();
        closed?;
        let mut params: Vec<ValueId> = a.params.values().flatten().copied().collect();
        // results and the heap after the loop
        let ids = self.heap.len();
        self.heap = h0.clone();
        self.heap.reserve_ids(ids);
        let mut results = Vec::new();
        for (slot, spec) in specs {
            self.open_slot(slot, spec, &mut results, shared.contains(slot))?;
        }
        let span = self.user_span();
        let int = Type::scalar(DType::Int64);
        let mut after = Flow::Normal;
        let op;
        let mut args;
        match kind {
            LoopKind::Count { lo, hi, step, .. } => {
                let index = a.index.unwrap_or(ValueId(0));
                let (l, h) = (self.dim_value(lo)?, self.dim_value(hi)?);
                if !leaves {
                    args = vec![l, h];
                    args.extend(init);
                    params.insert(0, index);
                    op = Op::For { step: *step, body: Region { params, body: insts, results: yields } };
                } else {
                    // for with break or return: while (ctl == 0 and i < hi)
                    let ctl = self.func.new_value(int.clone(), span);
                    let mut body_params = vec![index, ctl];
                    body_params.extend(&params);
                    let depth = self.regions.len();
                    self.regions.push(insts);
                    self.extents.push(HashMap::new());
                    let end = self.loop_code(a.flow)?;
                    let s = self.constant(Scalar::i64(*step))?;
                    let next = self.emit(Op::Binary(Binary::Add), vec![index, s], int.clone())?;
                    self.extents.truncate(depth);
                    insts = self.regions.pop().unwrap_or_default();
                    let mut all = vec![next, end];
                    all.extend(&yields);
                    let (cond, cond_params) = self.loop_condition(&body_params, |ev, p| {
                        let zero = ev.constant(Scalar::i64(0))?;
                        let go = ev.emit(Op::Binary(Binary::Eq), vec![p[1], zero], Type::scalar(DType::Bool))?;
                        let cmp = if *step > 0 { Binary::Lt } else { Binary::Gt };
                        let more = ev.emit(Op::Binary(cmp), vec![p[0], h], Type::scalar(DType::Bool))?;
                        ev.emit(Op::Binary(Binary::And), vec![go, more], Type::scalar(DType::Bool))
                    })?;
                    let zero = self.constant(Scalar::i64(0))?;
                    args = vec![l, zero];
                    args.extend(init);
                    let ri = self.func.new_value(int.clone(), span);
                    let rc = self.func.new_value(int, span);
                    let mut rs = vec![ri, rc];
                    rs.append(&mut results);
                    results = rs;
                    let cond = Region { params: cond_params, ..cond };
                    op = Op::While { cond, body: Region { params: body_params, body: insts, results: all } };
                    after = loop_flow(a.flow, rc);
                }
            }
            LoopKind::Test { .. } => {
                let Some((cond_insts, cond_value)) = a.cond else {
                    return self.refuse("PM0999", "internal error: loop without test");
                };
                if !leaves {
                    args = init;
                    // the condition region has parameters of its own: substitute
                    let cond = self.rename_region(&params, cond_insts, vec![cond_value]);
                    op = Op::While { cond, body: Region { params, body: insts, results: yields } };
                } else {
                    let ctl = self.func.new_value(int.clone(), span);
                    let mut body_params = vec![ctl];
                    body_params.extend(&params);
                    let depth = self.regions.len();
                    self.regions.push(insts);
                    self.extents.push(HashMap::new());
                    let end = self.loop_code(a.flow)?;
                    self.extents.truncate(depth);
                    insts = self.regions.pop().unwrap_or_default();
                    let mut all = vec![end];
                    all.extend(&yields);
                    // ctl == 0 and test; the test must not be evaluated once the loop was left
                    let depth = self.regions.len();
                    self.regions.push(Vec::new());
                    self.extents.push(HashMap::new());
                    let zero = self.constant(Scalar::i64(0))?;
                    let go = self.emit(Op::Binary(Binary::Eq), vec![ctl, zero], Type::scalar(DType::Bool))?;
                    let depth2 = self.regions.len();
                    self.regions.push(Vec::new());
                    let no = self.constant(Scalar::bool(false))?;
                    let off = self.regions.pop().unwrap_or_default();
                    debug_assert_eq!(depth2, self.regions.len());
                    let then = Region { params: vec![], body: cond_insts, results: vec![cond_value] };
                    let otherwise = Region { params: vec![], body: off, results: vec![no] };
                    let c = self.emit(Op::If { then, otherwise }, vec![go], Type::scalar(DType::Bool))?;
                    self.extents.truncate(depth);
                    let cond_insts = self.regions.pop().unwrap_or_default();
                    let cond = self.rename_region(&body_params, cond_insts, vec![c]);
                    let zero = self.constant(Scalar::i64(0))?;
                    args = vec![zero];
                    args.extend(init);
                    let rc = self.func.new_value(int, span);
                    let mut rs = vec![rc];
                    rs.append(&mut results);
                    results = rs;
                    op = Op::While { cond, body: Region { params: body_params, body: insts, results: all } };
                    after = loop_flow(a.flow, rc);
                }
            }
        }
        self.emitted += 1;
        let inst = Inst { op, args, results, span };
        if let Some(r) = self.regions.last_mut() {
            r.push(inst);
        }
        Ok(after)
    }
    /// Code to carry round: break and return leave, continue and normal go on.
    fn loop_code(&mut self, flow: Flow) -> R<ValueId> {
        match flow {
            Flow::Normal | Flow::Continue => self.constant(Scalar::i64(0)),
            Flow::Return => self.constant(Scalar::i64(1)),
            Flow::Break => self.constant(Scalar::i64(2)),
            Flow::Mixed(v, set) => {
                if set & 8 == 0 {
                    return Ok(v);
                }
                let three = self.constant(Scalar::i64(3))?;
                let zero = self.constant(Scalar::i64(0))?;
                let again = self.emit(Op::Binary(Binary::Eq), vec![v, three], Type::scalar(DType::Bool))?;
                self.emit(Op::Select, vec![again, zero, v], Type::scalar(DType::Int64))
            }
        }
    }
    fn loop_condition(
        &mut self,
        like: &[ValueId],
        f: impl FnOnce(&mut Self, &[ValueId]) -> R<ValueId>,
    ) -> R<(Region, Vec<ValueId>)> {
        let params = self.fresh_like(like);
        let depth = self.regions.len();
        self.regions.push(Vec::new());
        self.extents.push(HashMap::new());
        let c = f(self, &params);
        self.extents.truncate(depth);
        let body = self.regions.pop().unwrap_or_default();
        Ok((Region { params: vec![], body, results: vec![c?] }, params))
    }
    /// Fresh values of the same types; extents among them are renamed.
    fn fresh_like(&mut self, like: &[ValueId]) -> Vec<ValueId> {
        let mut map = HashMap::new();
        let mut out = Vec::new();
        for v in like {
            let data = self.func.values[v.0 as usize].clone();
            let shape = data.ty.shape.iter().map(|d| rename_dim(d, &map)).collect();
            let n = self.func.new_value(Type { dtype: data.ty.dtype, shape }, data.span);
            if let Some(b) = self.func.bounds.get(v).cloned() {
                self.func.bounds.insert(n, b);
            }
            if let Some(r) = self.ranges.get(v).copied() {
                self.ranges.insert(n, r);
            }
            map.insert(*v, n);
            out.push(n);
        }
        out
    }
    /// A copy of instructions with parameters of its own (a value is defined once).
    fn rename_region(&mut self, params: &[ValueId], body: Vec<Inst>, results: Vec<ValueId>) -> Region {
        let fresh = self.fresh_like(params);
        let mut map: HashMap<ValueId, ValueId> = params.iter().copied().zip(fresh.iter().copied()).collect();
        let body = body.iter().map(|i| self.rename_inst(i, &mut map)).collect();
        let results = results.iter().map(|r| map.get(r).copied().unwrap_or(*r)).collect();
        Region { params: fresh, body, results }
    }
    fn rename_inst(&mut self, i: &Inst, map: &mut HashMap<ValueId, ValueId>) -> Inst {
        let args = i.args.iter().map(|v| map.get(v).copied().unwrap_or(*v)).collect();
        let mut op = i.op.clone();
        if let Op::Dim(d) = &op {
            op = Op::Dim(rename_dim(d, map));
        }
        let rename = |ev: &mut Self, r: &mut Region, map: &mut HashMap<ValueId, ValueId>| {
            let fresh = ev.fresh_like(&r.params);
            for (p, f) in r.params.iter().zip(&fresh) {
                map.insert(*p, *f);
            }
            r.params = fresh;
            r.body = r.body.iter().map(|i| ev.rename_inst(i, map)).collect();
            r.results = r.results.iter().map(|v| map.get(v).copied().unwrap_or(*v)).collect();
        };
        match &mut op {
            Op::For { body, .. } => rename(self, body, map),
            Op::While { cond, body } => {
                rename(self, cond, map);
                rename(self, body, map);
            }
            Op::If { then, otherwise } => {
                rename(self, then, map);
                rename(self, otherwise, map);
            }
            _ => {}
        }
        let results = i
            .results
            .iter()
            .map(|v| {
                let data = self.func.values[v.0 as usize].clone();
                let n = ValueId(self.func.values.len() as u32);
                map.insert(*v, n);
                let shape = data.ty.shape.iter().map(|d| rename_dim(d, map)).collect();
                self.func.new_value(Type { dtype: data.ty.dtype, shape }, data.span);
                if let Some(b) = self.func.bounds.get(v).cloned() {
                    let b = (b.0.map(|d| rename_dim(&d, map)), b.1.map(|d| rename_dim(&d, map)));
                    self.func.bounds.insert(n, b);
                }
                n
            })
            .collect();
        Inst { op, args, results, span: i.span }
    }

    // ---- lists ----

    /// Turns a list of known length into one of computed length, with items like `sample`.
    pub fn make_dynamic_list(&mut self, id: CellId, sample: Option<&Value>) -> R<()> {
        let Cell::List(items) = self.heap.get(id).clone() else { return Ok(()) };
        let Some(first) = items.first().cloned().or_else(|| sample.cloned()) else {
            return self.refuse("PM0133", "an empty list whose item type is never seen is used at run time");
        };
        // ints among floats: the list's items are told apart by type in Python, so only exact agreement is taken
        let lead = sample.cloned().unwrap_or_else(|| first.clone());
        let template = self.template(&lead)?;
        let (dtype, shape) = match &lead {
            Value::Array(a) => (a.ty.dtype, a.ty.shape.clone()),
            v => (self.number_dtype(v).unwrap_or(DType::Float64), vec![]),
        };
        let item = Type { dtype, shape };
        let len = Dim::from(items.len());
        let capacity = len.clone();
        let mut full = vec![capacity.clone()];
        full.extend(item.shape.iter().cloned());
        let storage = if items.is_empty() {
            let z = self.constant(Scalar::zero(dtype))?;
            self.broadcast_to(z, &full)?
        } else {
            let as_tuple = Value::tuple(items.clone());
            let numpy = Self::is_numpy(&template);
            for v in &items {
                let d = self.number_dtype(v);
                let widens = !numpy && d == Some(DType::Int64) && dtype == DType::Float64 && !Self::is_numpy(v);
                if (d != Some(dtype) || Self::is_numpy(v) != numpy) && !widens {
                    return self.refuse_help(
                        "PM0133",
                        format!("a list used at run time mixes items: {} and {}", v.describe(), lead.describe()),
                        "keep all items of the list of one type",
                    );
                }
            }
            let v = self.array_of(&as_tuple, Some(dtype))?;
            let Value::Array(a) = &v else { return self.refuse("PM0999", "internal error: not an array") };
            self.read_array(a)?
        };
        *self.heap.get_mut(id) = Cell::DynList(DynList { storage, item, template, len, capacity });
        Ok(())
    }
    /// The list's storage in a larger tensor.
    pub fn grow(&mut self, l: &DynList, capacity: &Dim) -> R<ValueId> {
        if l.capacity == *capacity {
            return Ok(l.storage);
        }
        let mut shape = vec![capacity.clone()];
        shape.extend(l.item.shape.iter().cloned());
        let ty = Type { dtype: l.item.dtype, shape };
        let z = self.constant(Scalar::zero(l.item.dtype))?;
        let big = self.broadcast_to(z, &ty.shape)?;
        if l.capacity.as_const() == Some(0) {
            return Ok(big);
        }
        let zero = self.constant(Scalar::i64(0))?;
        // only as much as fits: the length never exceeds either capacity
        let keep =
            if self.proves_le(&l.capacity, capacity) { l.capacity.clone() } else { l.capacity.minimum(capacity) };
        let have = if keep == l.capacity {
            l.storage
        } else {
            let mut args = vec![l.storage];
            args.extend(std::iter::repeat_n(zero, ty.rank()));
            let mut s = ty.shape.clone();
            s[0] = keep;
            self.emit(Op::Slice { steps: vec![1; ty.rank()] }, args, Type { dtype: ty.dtype, shape: s })?
        };
        let mut args = vec![big, have];
        args.extend(std::iter::repeat_n(zero, ty.rank()));
        self.emit(Op::InsertSlice { steps: vec![1; ty.rank()] }, args, ty)
    }
    /// `list.append(value)`
    pub fn list_append(&mut self, id: CellId, value: &Value) -> R<()> {
        match self.heap.get(id) {
            Cell::List(_) => {
                if let Cell::List(v) = self.heap.get_mut(id) {
                    v.push(value.clone());
                }
                Ok(())
            }
            Cell::DynList(l) => {
                let mut l = l.clone();
                if !self.proves_le(&l.len.offset(1), &l.capacity) {
                    if self.loop_depth == 0 {
                        // outside loops the capacity simply grows
                        let capacity = l.capacity.offset(1);
                        l.storage = self.grow(&l, &capacity)?;
                        l.capacity = capacity;
                    } else {
                        let (n, c) = (self.dim_value(&l.len)?, self.dim_value(&l.capacity)?);
                        let ok = self.emit(Op::Binary(Binary::Lt), vec![n, c], Type::scalar(DType::Bool))?;
                        self.check(ok, "Unsupported", "a list outgrows the capacity the translation gave it")?;
                    }
                }
                let at = l.len.clone();
                l.storage = self.list_put(&l, &at, value)?;
                // a fresh value, so that its bound is known
                let n = self.dim_value(&l.len)?;
                let one = self.constant(Scalar::i64(1))?;
                let n = self.emit(Op::Binary(Binary::Add), vec![n, one], Type::scalar(DType::Int64))?;
                let (_, top) = self.interval(&l.capacity);
                self.set_range(n, (1, top));
                self.func.bounds.insert(n, (Some(Dim::from(0i64)), Some(l.capacity.clone())));
                l.len = Dim::from(n);
                *self.heap.get_mut(id) = Cell::DynList(l);
                Ok(())
            }
            _ => self.refuse("PM0999", "internal error: not a list cell"),
        }
    }
}

/// An attribute an object takes from its class until it has its own.
fn class_attribute(heap: &Heap, class: &Rc<super::value::Class>, name: &str) -> Option<Value> {
    class.mro().iter().find_map(|k| match heap.find(k.attrs).map(|c| &**c) {
        Some(Cell::Scope { vars, .. }) => vars.get(name).cloned(),
        _ => None,
    })
}

/// Whether a cell holds the same things in both heaps (temporaries of a condition may have come and gone).
fn unchanged(a: &Heap, b: &Heap, id: CellId) -> bool {
    if a.same_cell(b, id) {
        return true;
    }
    match (a.find(id).map(|c| &**c), b.find(id).map(|c| &**c)) {
        (Some(Cell::Scope { vars: x, .. }), Some(Cell::Scope { vars: y, .. })) => {
            x.len() == y.len() && x.iter().all(|(k, v)| y.get(k).is_some_and(|w| v.same(w)))
        }
        _ => false,
    }
}

fn wrap(s: Spec) -> Spec {
    match s {
        Spec::Unknown(w) => Spec::Unknown(w),
        Spec::Maybe(i) => Spec::Maybe(i),
        s => Spec::Maybe(Box::new(s)),
    }
}

fn loop_flow(body: Flow, code: ValueId) -> Flow {
    // after the loop: a break has been dealt with, a return goes on
    let set = body.set();
    if set & 2 == 0 && set & 4 == 0 { Flow::Normal } else { Flow::Mixed(code, 1 | (set & 2) | (set & 4)) }
}

fn is_plain(v: &Value) -> bool {
    !matches!(v, Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Object(_) | Value::Items(_) | Value::Zip(_))
}

fn same_spec(a: &Spec, b: &Spec) -> bool {
    match (a, b) {
        (Spec::Int, Spec::Int) | (Spec::Unknown(_), Spec::Unknown(_)) => true,
        (Spec::Scalar(d, k), Spec::Scalar(e, l)) => d == e && k == l,
        (Spec::Array(t), Spec::Array(u)) => t == u,
        (Spec::Growing(d, r, t), Spec::Growing(e, s, u)) => d == e && r == s && t == u,
        (Spec::Tuple(x, _), Spec::Tuple(y, _)) => x.len() == y.len() && x.iter().zip(y).all(|(p, q)| same_spec(p, q)),
        (Spec::Fresh(x), Spec::Fresh(y)) => x.len() == y.len() && x.iter().zip(y).all(|(p, q)| same_spec(p, q)),
        (Spec::Fixed(x), Spec::Fixed(y)) => x.same(y),
        (Spec::Label(x), Spec::Label(y)) => x.len() == y.len() && x.iter().zip(y).all(|(p, q)| p.same(q)),
        (Spec::Maybe(x), Spec::Maybe(y)) => same_spec(x, y),
        (Spec::List(x), Spec::List(y)) => x.item == y.item && x.capacity == y.capacity,
        _ => false,
    }
}

/// A dimension with values replaced.
pub fn rename_dim(d: &Dim, map: &HashMap<ValueId, ValueId>) -> Dim {
    if !d.is_dynamic() {
        return d.clone();
    }
    d.substitute(&|a| match a {
        crate::hir::Atom::Value(v) => Dim::from(map.get(v).copied().unwrap_or(*v)),
        a => Dim::from(a.clone()),
    })
}
