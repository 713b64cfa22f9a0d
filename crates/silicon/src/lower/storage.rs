//! Which buffers share memory. An interference graph over the stored tensors (Chaitin): a definition of one while
//! another is live means they need different memory. Values joined by a copy (a store and its operand, a loop's
//! initial, carried and final value, a result and its port) are merged where they do not interfere, so that stores
//! happen in place; what remains is coloured into slots. Complex elements outside ports and state have their parts in
//! two slots: loops over them need no shuffles, and neighbouring stores are never the two parts of one product.

use super::bounds::Bounds;
use super::plan::{Kept, Plan};
use crate::dtype::DType;
use crate::hir::{Dim, Func, Inst, Op, Region, Type, ValueId};
use crate::lir::Ty;
use std::collections::{BTreeMap, BTreeSet};

/// A buffer that exists outside the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fixed {
    Port(usize),
    State(usize),
}

/// Where a stored tensor lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Fixed(Fixed),
    Slot(usize),
    /// Complex elements with their real parts in one slot and their imaginary parts in another.
    Planes(usize, usize),
}

/// Memory inside the function.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) ty: Ty,
    /// Reals, in terms of named lengths.
    pub(super) capacity: Dim,
    pub(super) on_stack: bool,
}

/// The layout of one function.
#[derive(Default)]
pub(super) struct Layout {
    pub(super) place: BTreeMap<ValueId, Place>,
    /// Scratch by the first result of the instruction.
    pub(super) scratch: BTreeMap<ValueId, Vec<Place>>,
    pub(super) slots: Vec<Slot>,
}

struct Node {
    dtype: DType,
    capacity: Dim,
    fixed: Option<Fixed>,
    read_only: bool,
}

type Live = BTreeSet<usize>;

struct Builder<'a, 'm> {
    func: &'m Func,
    plan: &'a Plan<'m>,
    bounds: &'a Bounds<'m>,
    nodes: Vec<Node>,
    node_of: BTreeMap<ValueId, usize>,
    fixed_node: BTreeMap<Fixed, usize>,
    edges: Vec<BTreeSet<usize>>,
    /// Pairs to merge, best first within a rank.
    wishes: Vec<(u32, usize, usize)>,
    scratch: BTreeMap<ValueId, Vec<usize>>,
}

/// Bytes of local arrays in one function.
const STACK_BUDGET: usize = 16 * 1024;

/// Computes the layout. `params` and `results` say where the function's parameters and results live; parameters that
/// are not also results must not be written. Errors name the value whose size has no bound.
pub(super) fn layout<'m>(
    func: &'m Func,
    plan: &Plan<'m>,
    bounds: &Bounds<'m>,
    params: &[Option<Fixed>],
    results: &[Option<Fixed>],
    scratch: &dyn Fn(&Inst) -> Vec<(DType, Dim)>,
) -> Result<Layout, ValueId> {
    let mut b = Builder {
        func,
        plan,
        bounds,
        nodes: Vec::new(),
        node_of: BTreeMap::new(),
        fixed_node: BTreeMap::new(),
        edges: Vec::new(),
        wishes: Vec::new(),
        scratch: BTreeMap::new(),
    };
    let written: BTreeSet<Fixed> = results.iter().flatten().copied().collect();
    let mut keep = Live::new();
    for (p, f) in func.body.params.iter().zip(params) {
        if let Some(f) = f {
            let n = b.node(func.ty(*p), *p)?;
            b.nodes[n].fixed = Some(*f);
            b.nodes[n].read_only = !written.contains(f);
            b.fixed_node.insert(*f, n);
            b.node_of.insert(*p, n);
            if !written.contains(f) {
                keep.insert(n);
            }
        }
    }
    for (r, f) in func.body.results.iter().zip(results) {
        if let Some(f) = f
            && !b.fixed_node.contains_key(f)
        {
            let n = b.node(func.ty(*r), *r)?;
            b.nodes[n].fixed = Some(*f);
            b.fixed_node.insert(*f, n);
        }
    }
    b.create(&func.body, scratch)?;
    // the function's end: every port := its result
    let mut live = keep.clone();
    let ports: Vec<usize> = results.iter().flatten().map(|f| b.fixed_node[f]).collect();
    live.extend(&ports);
    for n in &ports {
        b.defined(*n, &live);
    }
    for n in &ports {
        live.remove(n);
    }
    live.extend(&keep);
    for (r, f) in func.body.results.iter().zip(results) {
        b.read(*r, &mut live);
        if let Some(f) = f {
            b.wish(5, *r, b.fixed_node[f]);
        }
    }
    b.walk(&func.body, live);
    Ok(b.assign())
}

impl Builder<'_, '_> {
    fn node(&mut self, ty: &Type, v: ValueId) -> Result<usize, ValueId> {
        let capacity = self.capacity(ty).ok_or(v)?;
        Ok(self.raw_node(ty.dtype, capacity))
    }
    fn raw_node(&mut self, dtype: DType, capacity: Dim) -> usize {
        self.nodes.push(Node { dtype, capacity, fixed: None, read_only: false });
        self.edges.push(BTreeSet::new());
        self.nodes.len() - 1
    }
    fn capacity(&self, ty: &Type) -> Option<Dim> {
        ty.shape.iter().try_fold(Dim::from(1i64), |acc, d| Some(acc.mul(&self.bounds.extent(d)?)))
    }
    fn stored(&self, v: ValueId) -> bool {
        self.plan.kept[v.0 as usize] == Kept::Buffer
    }
    /// Makes a node for every stored value.
    fn create(&mut self, region: &Region, scratch: &dyn Fn(&Inst) -> Vec<(DType, Dim)>) -> Result<(), ValueId> {
        for inst in &region.body {
            if let Op::While { cond, body } = &inst.op {
                for (c, p) in cond.params.iter().zip(&body.params) {
                    if self.stored(*c) {
                        let n = self.node(self.func.ty(*c), *c)?;
                        self.node_of.insert(*c, n);
                        self.node_of.insert(*p, n);
                    }
                }
            }
            for r in inst.regions() {
                for p in &r.params {
                    if self.stored(*p) && !self.node_of.contains_key(p) {
                        let n = self.node(self.func.ty(*p), *p)?;
                        self.node_of.insert(*p, n);
                    }
                }
                self.create(r, scratch)?;
            }
            for r in &inst.results {
                if self.stored(*r) {
                    let n = self.node(self.func.ty(*r), *r)?;
                    self.node_of.insert(*r, n);
                }
            }
            let wanted = scratch(inst);
            if let (Some(first), false) = (inst.results.first(), wanted.is_empty()) {
                let mut ids = Vec::new();
                for (dtype, dim) in wanted {
                    let capacity = self.bounds.upper(&dim).ok_or(*first)?;
                    ids.push(self.raw_node(dtype, capacity));
                }
                self.scratch.insert(*first, ids);
            }
        }
        Ok(())
    }
    fn defined(&mut self, n: usize, live: &Live) {
        for m in live {
            self.edge(n, *m);
        }
    }
    fn edge(&mut self, a: usize, b: usize) {
        if a != b {
            self.edges[a].insert(b);
            self.edges[b].insert(a);
        }
    }
    fn read(&self, v: ValueId, live: &mut Live) {
        live.extend(self.plan.roots[v.0 as usize].iter().filter_map(|r| self.node_of.get(r)));
    }
    fn root_nodes(&self, v: ValueId) -> Vec<usize> {
        self.plan.roots[v.0 as usize].iter().filter_map(|r| self.node_of.get(r).copied()).collect()
    }
    /// Would like `v`'s buffer to be that node's.
    fn wish(&mut self, rank: u32, v: ValueId, node: usize) {
        if matches!(self.plan.kept[v.0 as usize], Kept::Buffer | Kept::Alias(_))
            && let [root] = self.root_nodes(v)[..]
        {
            self.wishes.push((rank, root, node));
        }
    }

    /// Walks a region backwards from what is live after it; gives what is live before it.
    fn walk(&mut self, region: &Region, mut live: Live) -> Live {
        for inst in region.body.iter().rev() {
            live = match &inst.op {
                Op::For { body, .. } => self.walk_loop(inst, &inst.args[2..], None, body, &body.params[1..], live),
                Op::While { cond, body } => self.walk_loop(inst, &inst.args, Some(cond), body, &body.params, live),
                Op::If { then, otherwise } => {
                    self.define_results(inst, &mut live);
                    let mut before = Live::new();
                    for r in [then, otherwise] {
                        let mut l = live.clone();
                        for (y, result) in r.results.iter().zip(&inst.results) {
                            self.read(*y, &mut l);
                            if let Some(n) = self.node_of.get(result).copied() {
                                self.wish(3, *y, n);
                            }
                        }
                        before.extend(self.walk(r, l));
                    }
                    before
                }
                _ => self.walk_plain(inst, live),
            };
        }
        live
    }
    fn define_results(&mut self, inst: &Inst, live: &mut Live) {
        let nodes: Vec<usize> = inst.results.iter().filter_map(|r| self.node_of.get(r).copied()).collect();
        for n in &nodes {
            self.defined(*n, live);
            for m in &nodes {
                self.edge(*n, *m);
            }
        }
        for n in &nodes {
            live.remove(n);
        }
    }
    fn walk_plain(&mut self, inst: &Inst, mut live: Live) -> Live {
        // a lazy or aliasing value does nothing in its place; its consumers read its roots
        if inst
            .results
            .iter()
            .all(|r| matches!(self.plan.kept[r.0 as usize], Kept::Lazy | Kept::Alias(_) | Kept::Table))
            && !inst.results.is_empty()
        {
            return live;
        }
        if let Some(ids) = inst.results.first().and_then(|r| self.scratch.get(r)).cloned() {
            for n in &ids {
                self.defined(*n, &live);
                for v in inst.results.iter().chain(&inst.args) {
                    for m in self.root_nodes(*v) {
                        self.edge(*n, m);
                    }
                }
                for m in &ids {
                    self.edge(*n, *m);
                }
            }
        }
        let results: Vec<usize> = inst.results.iter().filter_map(|r| self.node_of.get(r).copied()).collect();
        self.define_results(inst, &mut live);
        if !results.is_empty() {
            for root in self.clobbered(inst) {
                if let Some(m) = self.node_of.get(&root).copied() {
                    for n in &results {
                        self.edge(*n, m);
                    }
                }
            }
            if matches!(inst.op, Op::Insert | Op::InsertSlice { .. } | Op::Scatter { .. } | Op::Concat { axis: 0 }) {
                self.wish(0, inst.args[0], results[0]);
            }
        }
        for a in &inst.args {
            self.read(*a, &mut live);
        }
        live
    }
    /// Roots of the operands that must not be the result's buffer, though they die here.
    fn clobbered(&self, inst: &Inst) -> BTreeSet<ValueId> {
        let all = |args: &[ValueId]| -> BTreeSet<ValueId> {
            args.iter().flat_map(|a| self.plan.roots[a.0 as usize].iter().copied()).collect()
        };
        match &inst.op {
            Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) => {
                let ty = self.func.ty(inst.results[0]);
                // a complex element takes two places, so that real and complex elements of one number are apart
                let apart = |r: &ValueId| self.func.ty(*r).dtype.is_complex() != ty.dtype.is_complex();
                let mut roots: BTreeSet<ValueId> = all(&inst.args).into_iter().filter(apart).collect();
                roots.extend(inst.args.iter().flat_map(|a| self.plan.displaced_roots(self.func, *a, ty)));
                roots
            }
            Op::Insert => BTreeSet::new(),
            // only the target itself may be read while it is written
            Op::InsertSlice { .. } if self.plan.reads_in_place(inst, inst.args[1]) => {
                let target = &self.plan.roots[inst.args[0].0 as usize];
                all(&inst.args[1..2]).difference(target).copied().collect()
            }
            Op::InsertSlice { .. } => all(&inst.args[1..2]),
            Op::Scatter { .. } => all(&inst.args[1..]),
            Op::Concat { axis: 0 } if self.plan.kept[inst.args[0].0 as usize] != Kept::Lazy => all(&inst.args[1..]),
            _ => all(&inst.args),
        }
    }
    fn walk_loop(
        &mut self,
        inst: &Inst,
        inits: &[ValueId],
        cond: Option<&Region>,
        body: &Region,
        params: &[ValueId],
        mut live: Live,
    ) -> Live {
        self.define_results(inst, &mut live);
        let carried: Vec<usize> = params.iter().filter_map(|p| self.node_of.get(p).copied()).collect();
        for (((p, r), i), y) in params.iter().zip(&inst.results).zip(inits).zip(&body.results) {
            let Some(n) = self.node_of.get(p).copied() else { continue };
            self.wish(1, *y, n);
            self.wish(2, *r, n);
            self.wish(2, *i, n);
        }
        let mut exit = live;
        exit.extend(&carried);
        let mut head = exit.clone();
        // twice: the second round knows what the next iteration reads
        for _ in 0..2 {
            let after: Live = exit.union(&head).copied().collect();
            for n in &carried {
                self.defined(*n, &after);
            }
            let mut l: Live = after.iter().copied().filter(|n| !carried.contains(n)).collect();
            for y in &body.results {
                self.read(*y, &mut l);
            }
            let mut start = self.walk(body, l);
            if let Some(cond) = cond {
                start.extend(&exit);
                start = self.walk(cond, start);
            }
            head = exit.union(&start).copied().collect();
        }
        for n in &carried {
            self.defined(*n, &head);
        }
        let mut before: Live = head.into_iter().filter(|n| !carried.contains(n)).collect();
        for i in inits {
            self.read(*i, &mut before);
        }
        before
    }

    fn assign(mut self) -> Layout {
        let mut class: Vec<usize> = (0..self.nodes.len()).collect();
        fn find(class: &[usize], mut n: usize) -> usize {
            while class[n] != n {
                n = class[n];
            }
            n
        }
        let mut wishes = std::mem::take(&mut self.wishes);
        wishes.sort_by_key(|w| w.0);
        for (_, a, b) in wishes {
            let (a, b) = (find(&class, a), find(&class, b));
            if a == b || self.edges[a].contains(&b) {
                continue;
            }
            let (x, y) = (&self.nodes[a], &self.nodes[b]);
            if x.dtype != y.dtype || x.read_only || y.read_only || (x.fixed.is_some() && y.fixed.is_some()) {
                continue;
            }
            let fits = |inner: &Node, outer: &Node| {
                outer.fixed.is_none() || outer.capacity.sub(&inner.capacity).as_const().is_some_and(|d| d >= 0)
            };
            if !fits(x, y) || !fits(y, x) {
                continue;
            }
            let capacity = match (x.fixed, y.fixed) {
                (Some(_), _) => x.capacity.clone(),
                (_, Some(_)) => y.capacity.clone(),
                _ => x.capacity.maximum(&y.capacity),
            };
            let fixed = x.fixed.or(y.fixed);
            class[b] = a;
            self.nodes[a].capacity = capacity;
            self.nodes[a].fixed = fixed;
            for m in std::mem::take(&mut self.edges[b]) {
                self.edges[m].remove(&b);
                self.edges[m].insert(a);
                self.edges[a].insert(m);
            }
        }
        let mut layout = Layout::default();
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut place_of: BTreeMap<usize, Place> = BTreeMap::new();
        let mut stack = 0;
        for n in 0..self.nodes.len() {
            let node = &self.nodes[n];
            if find(&class, n) != n || node.fixed.is_some() {
                continue;
            }
            let ty = Ty::of(node.dtype);
            let reals = &node.capacity;
            let same_kind = |s: &Slot| s.ty == ty && s.capacity.as_const().is_some() == reals.as_const().is_some();
            let mut slot = || {
                let free = |s: &usize| members[*s].iter().all(|m| *m != n && !self.edges[n].contains(m));
                let found = (0..layout.slots.len()).filter(|s| same_kind(&layout.slots[*s])).find(free);
                let slot = match found {
                    Some(s) => {
                        layout.slots[s].capacity = layout.slots[s].capacity.maximum(reals);
                        s
                    }
                    None => {
                        layout.slots.push(Slot { ty, capacity: reals.clone(), on_stack: false });
                        members.push(Vec::new());
                        layout.slots.len() - 1
                    }
                };
                members[slot].push(n);
                slot
            };
            let first = slot();
            let place = if node.dtype.is_complex() { Place::Planes(first, slot()) } else { Place::Slot(first) };
            place_of.insert(n, place);
        }
        for s in &mut layout.slots {
            if let Some(k) = s.capacity.as_const() {
                let bytes = k.max(0) as usize * s.ty.size();
                if stack + bytes <= STACK_BUDGET {
                    stack += bytes;
                    s.on_stack = true;
                }
            }
        }
        for (v, n) in &self.node_of {
            let c = find(&class, *n);
            let place = match self.nodes[c].fixed {
                Some(f) => Place::Fixed(f),
                None => place_of[&c],
            };
            layout.place.insert(*v, place);
        }
        for (v, ids) in &self.scratch {
            layout.scratch.insert(*v, ids.iter().map(|n| place_of[&find(&class, *n)]).collect());
        }
        layout
    }
}
