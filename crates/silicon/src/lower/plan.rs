//! Which tensors are computed where they are consumed (*lazy*) and which get a buffer. A lazy value is written into
//! its consumers by pulling elements; it reads its operands at the consumer's position, so everything that asks
//! about liveness works on its *roots*: the buffers that evaluating it reads.

use crate::hir::{Binary, Func, Inst, Module, Op, Region, Type, ValueId};
use std::collections::BTreeSet;

/// How a tensor is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// Scalar (a variable), or not a result of an instruction seen yet.
    Scalar,
    /// In a buffer of its own (a storage node).
    Buffer,
    /// A constant table.
    Table,
    /// Same buffer as the operand (a reshape).
    Alias(ValueId),
    /// Pulled by its consumers.
    Lazy,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// Every element at most once.
    Once,
    /// Elements repeatedly or at random.
    Many,
    /// A buffer.
    Buffer,
}

struct Use {
    need: Need,
    /// Position of the consuming instruction, or of the end of the loop it stands in.
    position: u32,
    /// First result of the consumer, where that could be lazy.
    consumer: Option<ValueId>,
}

/// The decisions for one function.
pub(super) struct Plan<'m> {
    /// Defining instruction of every value that has one.
    pub(super) def: Vec<Option<&'m Inst>>,
    /// How it is kept.
    pub(super) kept: Vec<Kept>,
    /// Buffer values read by evaluating it.
    pub(super) roots: Vec<BTreeSet<ValueId>>,
    position: Vec<u32>,
    depth: Vec<u32>,
    uses: Vec<Vec<Use>>,
    forced: Vec<bool>,
    /// Tensor values in order of definition.
    order: Vec<ValueId>,
    /// (position, operand) of everything that may overwrite an operand.
    overwrites: Vec<(u32, ValueId)>,
}

/// Whether an evaluation can stop the program.
pub(super) fn traps(module: &Module, op: &Op) -> bool {
    match op {
        Op::Binary(Binary::AddChecked | Binary::SubChecked | Binary::MulChecked) | Op::Check(_) => true,
        Op::Kernel(k) => fallible(module, &module.kernels[k.0 as usize]),
        _ => false,
    }
}

/// Whether a kernel can stop the program.
pub(super) fn fallible(module: &Module, f: &Func) -> bool {
    fn region(module: &Module, r: &Region) -> bool {
        r.body.iter().any(|i| traps(module, &i.op) || i.regions().into_iter().any(|r| region(module, r)))
    }
    region(module, &f.body)
}

/// For two shapes that differ only by constant-1 axes: for each operand axis the result axis that indexes it (`None`: 0).
pub(super) fn unit_axes(from: &Type, to: &Type) -> Option<Vec<Option<usize>>> {
    let real = |t: &Type| -> Vec<usize> { (0..t.rank()).filter(|k| t.shape[*k].as_const() != Some(1)).collect() };
    let (a, b) = (real(from), real(to));
    if a.len() != b.len() || a.iter().zip(&b).any(|(i, j)| from.shape[*i] != to.shape[*j]) {
        return None;
    }
    let mut map = vec![None; from.rank()];
    for (i, j) in a.into_iter().zip(b) {
        map[i] = Some(j);
    }
    Some(map)
}

fn lazy_able(op: &Op) -> bool {
    matches!(
        op,
        Op::Unary(_)
            | Op::Binary(_)
            | Op::Select
            | Op::Kernel(_)
            | Op::Iota
            | Op::Broadcast
            | Op::Reshape
            | Op::Transpose(_)
            | Op::Slice { .. }
            | Op::Gather { .. }
    )
}

fn own_cost(op: &Op) -> u32 {
    match op {
        Op::Unary(crate::hir::Unary::Sqrt) => 8,
        Op::Unary(_) | Op::Select => 1,
        Op::Binary(Binary::Div | Binary::Fmod | Binary::FloorDiv | Binary::FloorMod) => 8,
        Op::Binary(_) => 1,
        Op::Kernel(_) => 20,
        Op::Gather { .. } => 2,
        _ => 0,
    }
}

/// Total cost up to which a value is computed again rather than stored.
const CHEAP: u32 = 2;

impl<'m> Plan<'m> {
    pub(super) fn new(module: &'m Module, func: &'m Func) -> Plan<'m> {
        let n = func.values.len();
        let mut plan = Plan {
            def: vec![None; n],
            kept: vec![Kept::Scalar; n],
            roots: vec![BTreeSet::new(); n],
            position: vec![0; n],
            depth: vec![0; n],
            uses: (0..n).map(|_| Vec::new()).collect(),
            forced: vec![false; n],
            order: Vec::new(),
            overwrites: Vec::new(),
        };
        let mut clock = 0;
        for p in &func.body.params {
            plan.order.push(*p);
        }
        plan.scan(func, &func.body, 0, &mut clock);
        for r in &func.body.results {
            plan.note_use(func, *r, Need::Buffer, clock, 0, None);
        }
        plan.decide(module, func);
        if plan.force_crossing() {
            plan.decide(module, func);
        }
        plan
    }

    fn note_use(&mut self, func: &Func, v: ValueId, need: Need, position: u32, depth: u32, consumer: Option<ValueId>) {
        if func.ty(v).rank() == 0 {
            return;
        }
        let deeper = depth > self.depth[v.0 as usize];
        let need = if deeper { need.max(Need::Many) } else { need };
        self.uses[v.0 as usize].push(Use { need, position, consumer });
    }

    fn define(&mut self, v: ValueId, position: u32, depth: u32) {
        self.position[v.0 as usize] = position;
        self.depth[v.0 as usize] = depth;
        self.order.push(v);
    }

    fn scan(&mut self, func: &Func, region: &'m Region, depth: u32, clock: &mut u32) {
        for inst in &region.body {
            *clock += 1;
            let at = *clock;
            let consumer = if lazy_able(&inst.op) { inst.results.first().copied() } else { None };
            for (i, a) in inst.args.iter().enumerate() {
                let mut need = need(func, inst, i);
                if matches!(inst.op, Op::Reshape)
                    && unit_axes(func.ty(*a), func.ty(inst.results[0])).is_none()
                    && !surely_flat(func, &self.def, *a)
                {
                    need = Need::Buffer;
                }
                self.note_use(func, *a, need, at, depth, consumer);
            }
            if matches!(inst.op, Op::Insert | Op::InsertSlice { .. } | Op::Scatter { .. }) {
                self.overwrites.push((at, inst.args[0]));
            }
            let looping = matches!(inst.op, Op::For { .. } | Op::While { .. });
            if looping {
                for a in &inst.args {
                    if func.ty(*a).rank() > 0 {
                        self.overwrites.push((at, *a));
                    }
                }
            }
            let inner = depth + u32::from(looping);
            for r in inst.regions() {
                for p in &r.params {
                    self.define(*p, *clock, inner);
                }
                self.scan(func, r, inner, clock);
                for y in &r.results {
                    self.note_use(func, *y, Need::Buffer, *clock, inner, None);
                }
            }
            if looping {
                // what stands in the loop may run again until the loop ends
                *clock += 1;
                let end = *clock;
                for v in 0..self.uses.len() {
                    if self.depth[v] <= depth {
                        for u in &mut self.uses[v] {
                            if u.position > at {
                                u.position = u.position.max(end);
                            }
                        }
                    }
                }
            }
            for r in &inst.results {
                self.def[r.0 as usize] = Some(inst);
                self.define(*r, *clock, depth);
            }
        }
    }

    fn decide(&mut self, module: &Module, func: &Func) {
        let mut cost = vec![0u32; func.values.len()];
        for v in self.order.clone() {
            let i = v.0 as usize;
            if func.ty(v).rank() == 0 {
                continue;
            }
            self.kept[i] = Kept::Buffer;
            self.roots[i] = BTreeSet::from([v]);
            let Some(inst) = self.def[i] else { continue };
            if matches!(inst.op, Op::Table(_)) {
                self.kept[i] = Kept::Table;
                self.roots[i].clear();
                continue;
            }
            let stored = |v: ValueId| !matches!(self.kept[v.0 as usize], Kept::Lazy | Kept::Scalar);
            if matches!(inst.op, Op::Reshape) && stored(inst.args[0]) {
                self.kept[i] = Kept::Alias(inst.args[0]);
                self.roots[i] = self.roots[inst.args[0].0 as usize].clone();
                continue;
            }
            let one = inst.results.len() == 1;
            if !lazy_able(&inst.op) || !one || traps(module, &inst.op) || self.forced[i] {
                continue;
            }
            let need = self.uses[i].iter().map(|u| u.need).max();
            if need == Some(Need::Buffer) {
                continue;
            }
            cost[i] = own_cost(&inst.op)
                + inst
                    .args
                    .iter()
                    .filter(|a| self.kept[a.0 as usize] == Kept::Lazy)
                    .map(|a| cost[a.0 as usize])
                    .sum::<u32>();
            if cost[i] <= CHEAP || (self.uses[i].len() <= 1 && need != Some(Need::Many)) {
                self.kept[i] = Kept::Lazy;
                self.roots[i] = inst.args.iter().flat_map(|a| self.roots[a.0 as usize].iter().copied()).collect();
            }
        }
    }

    /// Stores lazy values that would still read a buffer after something wants to overwrite it.
    fn force_crossing(&mut self) -> bool {
        let n = self.kept.len();
        let mut last = vec![0u32; n];
        for v in self.order.iter().rev() {
            let i = v.0 as usize;
            for u in &self.uses[i] {
                let via = match u.consumer {
                    Some(c) if self.kept[c.0 as usize] == Kept::Lazy => last[c.0 as usize].max(u.position),
                    _ => u.position,
                };
                last[i] = last[i].max(via);
            }
        }
        let mut forced = Vec::new();
        for (at, operand) in &self.overwrites {
            let roots = &self.roots[operand.0 as usize];
            let crosses = |v: ValueId| {
                let i = v.0 as usize;
                self.kept[i] == Kept::Lazy
                    && self.position[i] < *at
                    && last[i] >= *at
                    && !self.roots[i].is_disjoint(roots)
            };
            for v in &self.order {
                // a consumer that is stored in its place, before the overwrite, will do
                let covered = |u: &Use| u.position < *at && u.consumer.is_some_and(&crosses);
                if crosses(*v) && !self.uses[v.0 as usize].iter().all(covered) && !self.same_place(*at, *v, *operand) {
                    forced.push(*v);
                }
            }
        }
        for v in &forced {
            self.forced[v.0 as usize] = true;
        }
        !forced.is_empty()
    }

    /// Whether the value is only read by the slice store at that position, element by element from the place written.
    fn same_place(&self, at: u32, v: ValueId, operand: ValueId) -> bool {
        let mut u = &self.uses[v.0 as usize];
        let mut top = v;
        while let [only] = &u[..] {
            match only.consumer {
                Some(c) if self.kept[c.0 as usize] == Kept::Lazy => {
                    top = c;
                    u = &self.uses[c.0 as usize];
                }
                _ => {
                    return only.position == at
                        && self.overwrites.iter().any(|(p, o)| *p == at && *o == operand)
                        && self.store_at(top, operand).is_some_and(|inst| self.reads_in_place(inst, inst.args[1]));
                }
            }
        }
        false
    }

    fn store_at(&self, value: ValueId, operand: ValueId) -> Option<&'m Inst> {
        self.def
            .iter()
            .flatten()
            .copied()
            .find(|i| matches!(i.op, Op::InsertSlice { .. }) && i.args[0] == operand && i.args[1] == value)
    }

    /// Whether the stored value reads the slice store's target only at the element about to be written.
    pub(super) fn reads_in_place(&self, store: &Inst, value: ValueId) -> bool {
        let Op::InsertSlice { steps } = &store.op else { return false };
        let target = &self.roots[store.args[0].0 as usize];
        let i = value.0 as usize;
        if self.roots[i].is_disjoint(target) {
            return true;
        }
        let Some(def) = self.def[i].filter(|_| self.kept[i] == Kept::Lazy) else { return false };
        match &def.op {
            Op::Slice { steps: s } => {
                s == steps
                    && def.args[1..] == store.args[2..]
                    && matches!(self.kept[def.args[0].0 as usize], Kept::Buffer)
                    && self.roots[def.args[0].0 as usize].len() == 1
            }
            Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) => {
                def.args.iter().all(|a| self.reads_in_place(store, *a))
            }
            _ => false,
        }
    }

    /// Roots that evaluating `v` element by element in order reads at other places than the element itself.
    pub(super) fn displaced_roots(&self, func: &Func, v: ValueId, shape: &Type) -> BTreeSet<ValueId> {
        let i = v.0 as usize;
        let same = func.ty(v).shape == shape.shape;
        match (self.kept[i], self.def[i]) {
            _ if func.ty(v).rank() == 0 => BTreeSet::new(),
            (Kept::Buffer | Kept::Alias(_), _) if same => BTreeSet::new(),
            (Kept::Lazy, Some(inst))
                if same && matches!(inst.op, Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_)) =>
            {
                inst.args.iter().flat_map(|a| self.displaced_roots(func, *a, shape)).collect()
            }
            _ => self.roots[i].clone(),
        }
    }

    /// Whether pulling an element of `v` calls a kernel.
    pub(super) fn calls(&self, v: ValueId) -> bool {
        let i = v.0 as usize;
        self.kept[i] == Kept::Lazy
            && self.def[i]
                .is_some_and(|inst| matches!(inst.op, Op::Kernel(_)) || inst.args.iter().any(|a| self.calls(*a)))
    }

    /// Whether the elements of `v` can be pulled by their position in C order.
    pub(super) fn flattenable(&self, func: &Func, v: ValueId) -> bool {
        let ty = func.ty(v);
        if ty.rank() <= 1 || self.kept[v.0 as usize] != Kept::Lazy {
            return true;
        }
        self.def[v.0 as usize].is_some_and(|inst| match &inst.op {
            Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) => inst.args.iter().all(|a| {
                let t = func.ty(*a);
                t.rank() == 0 || (t.shape == ty.shape && self.flattenable(func, *a))
            }),
            Op::Broadcast => func.ty(inst.args[0]).rank() == 0,
            Op::Reshape => self.flattenable(func, inst.args[0]),
            _ => false,
        })
    }
}

/// Whether flattening would work if every value that can be lazy were.
fn surely_flat(func: &Func, defs: &[Option<&Inst>], v: ValueId) -> bool {
    let ty = func.ty(v);
    if ty.rank() <= 1 {
        return true;
    }
    let Some(inst) = defs[v.0 as usize] else { return true };
    match &inst.op {
        Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) => inst.args.iter().all(|a| {
            let t = func.ty(*a);
            t.rank() == 0 || (t.shape == ty.shape && surely_flat(func, defs, *a))
        }),
        Op::Broadcast => func.ty(inst.args[0]).rank() == 0,
        Op::Reshape => surely_flat(func, defs, inst.args[0]),
        op => !lazy_able(op),
    }
}

fn need(func: &Func, inst: &Inst, arg: usize) -> Need {
    let whole = |same: bool| if same { Need::Once } else { Need::Many };
    match &inst.op {
        Op::Unary(_) | Op::Binary(_) | Op::Select | Op::Kernel(_) | Op::Broadcast => {
            whole(func.ty(inst.args[arg]).shape == func.ty(inst.results[0]).shape)
        }
        Op::Insert => Need::Buffer,
        Op::InsertSlice { .. } if arg == 0 => Need::Buffer,
        Op::Scatter { .. } if arg == 0 => Need::Buffer,
        Op::Scatter { .. } if arg == 1 => whole(func.ty(inst.args[0]).rank() == 1),
        Op::Gather { .. } if arg == 0 => Need::Many,
        Op::Gather { .. } => whole(func.ty(inst.args[0]).rank() == 1),
        Op::MatMul => Need::Buffer,
        Op::Fir { up: 1, down } if *down > 1 && arg == 0 => Need::Once,
        Op::Fir { .. } => Need::Buffer,
        Op::Sosfilt if arg == 0 => Need::Buffer,
        Op::For { .. } | Op::While { .. } => Need::Buffer,
        _ => Need::Once,
    }
}
