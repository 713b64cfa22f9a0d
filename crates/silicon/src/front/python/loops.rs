//! Loops: unrolled where everything in them is known, else one `For` or `While` whose carried values are the slots of
//! the abstract heap that the body changes, found by iteration to a fixed point.

use super::eval::{Eval, FULL, R, Stop};
use super::merge::Flow;
use super::state::{Cell, DynList, Heap};
use super::value::{CellId, Kind, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Inst, Op, Region, Type, ValueId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
pub struct StateSpecs(BTreeMap<Slot, Spec>, Shared);

impl StateSpecs {
    /// Puts fresh values into the heap; their ids, slot by slot.
    pub fn open(&self, ev: &mut Eval<'_>) -> R<Vec<Vec<ValueId>>> {
        let mut out = Vec::new();
        for (slot, spec) in &self.0 {
            let mut ids = Vec::new();
            ev.open_slot(slot, spec, &mut ids, self.1.contains(slot))?;
            out.push(ids);
        }
        self.1.freeze(&mut ev.heap);
        Ok(out)
    }
    /// Looks for slots that hold the same array before the first call or, on the current heap, after one; whether there
    /// are new ones.
    pub fn share(&mut self, ev: &Eval<'_>, h0: &Heap) -> bool {
        let modules: BTreeSet<CellId> = ev.globals.values().copied().collect();
        let mut new = false;
        for slot in self.0.keys() {
            for heap in [h0, &ev.heap] {
                let Some(cell) = array_of(heap, slot) else { continue };
                let holders = super::merge::slots_holding(heap, cell);
                if holders.iter().filter(|(c, _)| !modules.contains(c)).count() > 1 {
                    new |= self.1.insert(slot, cell, h0);
                }
            }
        }
        // arrays of attributes that are one or two, depending on data
        let unsure: Vec<(&Slot, CellId)> = self.0.keys().filter_map(|s| Some((s, array_of(&ev.heap, s)?))).collect();
        let unsure = unsure.into_iter().filter(|(_, c)| is_frozen(&ev.heap, *c));
        let unsure: Vec<(Slot, CellId)> = unsure.map(|(s, c)| (s.clone(), c)).collect();
        let fixed = ev.heap.ids().filter(|id| h0.find(*id).is_some() && is_frozen(&ev.heap, *id));
        let fixed: Vec<CellId> = fixed.collect();
        if unsure.len() + fixed.len() > 1 {
            for (slot, cell) in &unsure {
                new |= self.1.insert(slot, *cell, h0);
            }
            if !unsure.is_empty() {
                new |= self.1.insert_cells(fixed);
            }
        }
        new
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
        let mut out = ev.changed_slots(&a, &self.0, &[], h0, true)?;
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
        super::observe::distinct(self.0.iter().flat_map(|(slot, spec)| {
            let (n, name) = (count(spec), slot_name(slot));
            (0..n).map(move |k| if n > 1 { format!("{name}_{k}") } else { name.clone() })
        }))
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

pub(super) struct Attempt {
    pub(super) start: Heap,
    pub(super) params: BTreeMap<Slot, Vec<ValueId>>,
    pub(super) end: Heap,
    pub(super) insts: Vec<Inst>,
    pub(super) cond: Option<(Vec<Inst>, ValueId)>,
    pub(super) index: Option<ValueId>,
    pub(super) flow: Flow,
}

/// Slots whose array another one may hold too, and the arrays from before: a loop, or a call, keeps them apart, so nothing
/// may be stored into any of them.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    slots: BTreeSet<Slot>,
    cells: BTreeSet<CellId>,
}

impl Shared {
    pub(super) fn contains(&self, slot: &Slot) -> bool {
        self.slots.contains(slot)
    }
    /// Adds a slot that another one holds the array of; whether that is new.
    pub(super) fn insert(&mut self, slot: &Slot, cell: CellId, h0: &Heap) -> bool {
        let array = h0.find(cell).is_some() && self.cells.insert(cell);
        self.slots.insert(slot.clone()) || array
    }
    /// Adds arrays from before; whether some are new.
    pub(super) fn insert_cells(&mut self, cells: impl IntoIterator<Item = CellId>) -> bool {
        let before = self.cells.len();
        self.cells.extend(cells);
        self.cells.len() > before
    }
    /// Adds a slot alone.
    pub(super) fn insert_slot(&mut self, slot: &Slot) -> bool {
        self.slots.insert(slot.clone())
    }
    /// Makes the arrays read-only.
    fn freeze(&self, heap: &mut Heap) {
        for c in &self.cells {
            if let Cell::Array { frozen, .. } = heap.get_mut(*c) {
                *frozen = true;
            }
        }
    }
}

/// Whether an array may be the same as another one, or not.
pub(super) fn is_frozen(heap: &Heap, cell: CellId) -> bool {
    matches!(heap.find(cell).map(|c| &**c), Some(Cell::Array { frozen: true, .. }))
}

/// The array that a slot holds, if it holds one.
pub(super) fn array_of(heap: &Heap, slot: &Slot) -> Option<CellId> {
    let value = Eval::slot_value(heap, slot);
    let inner = match &value {
        Some(Value::Maybe(x, _)) => Some(&**x),
        v => v.as_ref(),
    };
    if let Some(Value::Array(x)) = inner { Some(x.cell) } else { None }
}

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
        let mut shared = Shared::default();
        for _round in 0..24 {
            let a = self.attempt(kind, &h0, &specs, &shared, body)?;
            let escapes = a.flow.set() & (2 | 4) != 0;
            let changed = self.changed_slots(&a, &specs, temporaries, &h0, false)?;
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
    pub(super) fn attempt(
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
        shared.freeze(&mut self.heap);
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
}

/// An attribute an object takes from its class until it has its own.
pub(super) fn class_attribute(heap: &Heap, class: &Rc<super::value::Class>, name: &str) -> Option<Value> {
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

pub(super) fn wrap(s: Spec) -> Spec {
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

pub(super) fn is_plain(v: &Value) -> bool {
    !matches!(v, Value::List(_) | Value::Dict(_) | Value::Set(_) | Value::Object(_) | Value::Items(_) | Value::Zip(_))
}

pub(super) fn same_spec(a: &Spec, b: &Spec) -> bool {
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
