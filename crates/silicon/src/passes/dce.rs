//! `dce`: removes what nothing uses. Roots are the results of entries and kernels and the checks; a value is needed
//! when something needed uses it or the type of something needed mentions it. A value carried by a loop that feeds
//! only itself goes; one that never changes is replaced by what it starts as. Kernels, tables and state fields
//! without use go; a state field that no entry changes becomes its table. An overflow check of arithmetic that
//! nothing uses goes with it. Values are renumbered.

use super::rewrite::{Renames, bounds_allow, each_inst, funcs};
use crate::hir::{Atom, Dim, Func, FuncId, Inst, Module, Op, ParamRole, Region, ResultRole, TableId, ValueId};

pub(super) fn run(m: &mut Module) -> usize {
    let mut changed = constant_state(m);
    let mut stops: Vec<bool> = Vec::with_capacity(m.kernels.len());
    for k in &mut m.kernels {
        changed += func(k, &stops);
        let mut any = false;
        each_inst(&k.body, &mut |i| any |= effect(&i.op, &stops));
        stops.push(any);
    }
    for e in &mut m.entries {
        changed += func(&mut e.func, &stops);
    }
    changed + unread_state(m) + unused_kernels(m) + unused_tables(m)
}

/// Whether the instruction itself must stay: it may stop the program by a check.
fn effect(op: &Op, stops: &[bool]) -> bool {
    match op {
        Op::Check(_) => true,
        Op::Kernel(k) => stops.get(k.0 as usize).copied().unwrap_or(true),
        _ => false,
    }
}

fn func(f: &mut Func, stops: &[bool]) -> usize {
    let mut changed = unchanging(f);
    let mut body = std::mem::take(&mut f.body);
    let marks = Marks::of(f, &body, stops);
    let mut next = 0;
    changed += sweep(&mut body, &marks, &mut next);
    let needed = marks.live;
    f.body = body;
    let gone = compact(f, &needed);
    // values without a definition, left by other passes
    if changed == 0 { gone } else { changed }
}

/// Replaces carried values that never change by their initial values.
fn unchanging(f: &mut Func) -> usize {
    fn region(f: &Func, r: &Region, renames: &mut Renames) -> usize {
        let mut changed = 0;
        for inst in &r.body {
            // inner loops first: what they leave as it was may be what the outer loop carries
            for r in inst.regions() {
                changed += region(f, r, renames);
            }
            let slots: Vec<(ValueId, ValueId, Vec<ValueId>)> = match &inst.op {
                Op::For { body, .. } => {
                    let slot =
                        |k: usize| (inst.args[k + 2], body.results[k], vec![body.params[k + 1], inst.results[k]]);
                    (0..inst.results.len()).map(slot).collect()
                }
                Op::While { cond, body } => {
                    let names = |k: usize| vec![body.params[k], cond.params[k], inst.results[k]];
                    (0..inst.results.len()).map(|k| (inst.args[k], body.results[k], names(k))).collect()
                }
                _ => Vec::new(),
            };
            for (init, yielded, names) in slots {
                let shape = |v: ValueId| f.ty(v).shape.iter().map(|d| renames.dim(d)).collect::<Vec<Dim>>();
                let due = shape(init);
                let fits = |v: &ValueId| bounds_allow(&f.bounds, *v, init) && shape(*v) == due;
                if renames.get(yielded) == names[0] && names.iter().all(fits) {
                    names.iter().for_each(|v| renames.set(*v, init));
                    changed += 1;
                }
            }
        }
        changed
    }
    let mut renames = Renames::default();
    let changed = region(f, &f.body, &mut renames);
    // the parameters stay defined until `sweep` takes them out
    renames.apply(f);
    changed
}

/// Where a value is defined.
#[derive(Clone, Copy)]
enum Site {
    /// A parameter of the function, or nowhere.
    Outside,
    /// The counter of a loop, or a result of an instruction without slots.
    Of(usize),
    /// Carried value or branch result number k.
    Slot(usize, usize),
}

/// What is needed, instructions numbered in order, each before those nested in it.
struct Marks {
    live: Vec<bool>,
    needed: Vec<bool>,
    slots: Vec<Vec<bool>>,
}

struct Marking<'a> {
    f: &'a Func,
    insts: Vec<&'a Inst>,
    parent: Vec<Option<usize>>,
    site: Vec<Site>,
    marks: Marks,
    work: Vec<ValueId>,
}

impl Marks {
    fn of(f: &Func, body: &Region, stops: &[bool]) -> Marks {
        let n = f.values.len();
        let marks = Marks { live: vec![false; n], needed: Vec::new(), slots: Vec::new() };
        let (insts, parent, site) = (Vec::new(), Vec::new(), vec![Site::Outside; n]);
        let mut m = Marking { f, insts, parent, site, marks, work: Vec::new() };
        m.number(body, None);
        body.params.iter().chain(&body.results).for_each(|v| m.value(*v));
        for i in 0..m.insts.len() {
            if effect(&m.insts[i].op, stops) {
                m.need(i);
            }
        }
        while let Some(v) = m.work.pop() {
            match m.site[v.0 as usize] {
                Site::Outside => {}
                Site::Of(i) => m.need(i),
                Site::Slot(i, k) => m.slot(i, k),
            }
        }
        m.marks
    }
}

impl<'a> Marking<'a> {
    fn number(&mut self, r: &'a Region, parent: Option<usize>) {
        for inst in &r.body {
            let i = self.insts.len();
            self.insts.push(inst);
            self.parent.push(parent);
            self.marks.needed.push(false);
            let slotted = !inst.regions().is_empty();
            self.marks.slots.push(vec![false; if slotted { inst.results.len() } else { 0 }]);
            for (k, v) in inst.results.iter().enumerate() {
                self.site[v.0 as usize] = if slotted { Site::Slot(i, k) } else { Site::Of(i) };
            }
            let skip = usize::from(matches!(inst.op, Op::For { .. }));
            for r in inst.regions() {
                for (k, v) in r.params.iter().enumerate() {
                    self.site[v.0 as usize] = if k < skip { Site::Of(i) } else { Site::Slot(i, k - skip) };
                }
                self.number(r, Some(i));
            }
        }
    }
    fn value(&mut self, v: ValueId) {
        if !std::mem::replace(&mut self.marks.live[v.0 as usize], true) {
            self.work.push(v);
            self.dims(v);
        }
    }
    /// What the type of a value that stays mentions.
    fn dims(&mut self, v: ValueId) {
        let f = self.f;
        for d in &f.ty(v).shape {
            d.for_each_value(&mut |v| self.value(v));
        }
    }
    /// The instruction stays.
    fn need(&mut self, i: usize) {
        if std::mem::replace(&mut self.marks.needed[i], true) {
            return;
        }
        let inst = self.insts[i];
        if let Some(p) = self.parent[i] {
            self.need(p);
        }
        let args = match &inst.op {
            Op::For { body, .. } => {
                // the counter stays defined
                body.params.first().into_iter().for_each(|v| self.value(*v));
                &inst.args[..2]
            }
            Op::While { cond, .. } => {
                cond.results.iter().for_each(|v| self.value(*v));
                &[]
            }
            _ => &inst.args[..],
        };
        args.iter().for_each(|v| self.value(*v));
        if let Op::Dim(d) = &inst.op {
            d.for_each_value(&mut |v| self.value(v));
        }
        if inst.regions().is_empty() {
            // all results stay with the instruction
            inst.results.iter().for_each(|v| self.value(*v));
        }
    }
    /// Carried value or branch result k stays: everything that enters it or holds it.
    fn slot(&mut self, i: usize, k: usize) {
        self.need(i);
        if std::mem::replace(&mut self.marks.slots[i][k], true) {
            return;
        }
        let inst = self.insts[i];
        self.value(inst.results[k]);
        match &inst.op {
            Op::For { body, .. } => {
                [inst.args[k + 2], body.params[k + 1], body.results[k]].into_iter().for_each(|v| self.value(v));
            }
            Op::While { cond, body } => {
                let all = [inst.args[k], cond.params[k], body.params[k], body.results[k]];
                all.into_iter().for_each(|v| self.value(v));
            }
            Op::If { then, otherwise } => {
                [then.results[k], otherwise.results[k]].into_iter().for_each(|v| self.value(v));
            }
            _ => {}
        }
    }
}

fn keep<T>(v: &mut Vec<T>, skip: usize, keep: &[bool]) {
    let mut k = 0;
    v.retain(|_| {
        k += 1;
        k <= skip || keep.get(k - 1 - skip).copied().unwrap_or(true)
    });
}

/// Removes what is not needed; `next` is the number of the next instruction.
fn sweep(r: &mut Region, m: &Marks, next: &mut usize) -> usize {
    let mut changed = 0;
    r.body.retain_mut(|inst| {
        let i = *next;
        *next += 1;
        if !m.needed[i] {
            let mut nested = 0;
            inst.regions().into_iter().for_each(|r| each_inst(r, &mut |_| nested += 1));
            *next += nested;
            changed += 1;
            return false;
        }
        let slots = &m.slots[i];
        changed += slots.iter().filter(|s| !**s).count();
        match &mut inst.op {
            Op::For { body, .. } => {
                keep(&mut inst.args, 2, slots);
                keep(&mut body.params, 1, slots);
                keep(&mut body.results, 0, slots);
                keep(&mut inst.results, 0, slots);
            }
            Op::While { cond, body } => {
                keep(&mut inst.args, 0, slots);
                keep(&mut cond.params, 0, slots);
                keep(&mut body.params, 0, slots);
                keep(&mut body.results, 0, slots);
                keep(&mut inst.results, 0, slots);
            }
            Op::If { then, otherwise } => {
                keep(&mut then.results, 0, slots);
                keep(&mut otherwise.results, 0, slots);
                keep(&mut inst.results, 0, slots);
            }
            _ => {}
        }
        for r in inst.regions_mut() {
            changed += sweep(r, m, next);
        }
        true
    });
    changed
}

/// Renumbers values so that only those in use are left, and gives how many went; bounds of others go unless a bound in
/// use refers to them.
fn compact(f: &mut Func, live: &[bool]) -> usize {
    let mut used = live.to_vec();
    let mut work: Vec<ValueId> = f.bounds.keys().copied().filter(|v| used[v.0 as usize]).collect();
    while let Some(v) = work.pop() {
        let Some((low, high)) = f.bounds.get(&v) else { continue };
        for d in [low, high].into_iter().flatten() {
            d.for_each_value(&mut |w| {
                if !std::mem::replace(&mut used[w.0 as usize], true) {
                    work.push(w);
                }
            });
        }
    }
    let gone = used.iter().filter(|u| !**u).count();
    if gone == 0 {
        return 0;
    }
    let mut next = 0;
    // the order of numbers stays, so dimensions stay in normal form
    let number: Vec<u32> = used
        .iter()
        .map(|u| {
            next += u32::from(*u);
            next.wrapping_sub(1)
        })
        .collect();
    let map = |v: &mut ValueId| v.0 = number[v.0 as usize];
    let dim = |d: &mut Dim| {
        if d.is_dynamic() {
            *d = d.substitute(&|a| match a {
                Atom::Value(v) => Dim::from(ValueId(number[v.0 as usize])),
                other => Dim::from(other.clone()),
            });
        }
    };
    let mut at = 0;
    f.values.retain(|_| {
        at += 1;
        used[at - 1]
    });
    f.values.iter_mut().flat_map(|v| &mut v.ty.shape).for_each(dim);
    let bounds = std::mem::take(&mut f.bounds);
    for (mut v, (mut low, mut high)) in bounds {
        if used[v.0 as usize] {
            map(&mut v);
            [&mut low, &mut high].into_iter().flatten().for_each(dim);
            f.bounds.insert(v, (low, high));
        }
    }
    fn region(r: &mut Region, map: &impl Fn(&mut ValueId), dim: &impl Fn(&mut Dim)) {
        r.params.iter_mut().chain(&mut r.results).for_each(map);
        for inst in &mut r.body {
            inst.args.iter_mut().chain(&mut inst.results).for_each(map);
            if let Op::Dim(d) = &mut inst.op {
                dim(d);
            }
            inst.regions_mut().into_iter().for_each(|r| region(r, map, dim));
        }
    }
    region(&mut f.body, &map, &dim);
    gone
}

/// Parameter and result of a state field in an entry.
fn places(e: &crate::hir::Entry, field: usize) -> (Option<usize>, Option<usize>) {
    (
        e.params.iter().position(|p| *p == ParamRole::State(field)),
        e.results.iter().position(|r| *r == ResultRole::State(field)),
    )
}

/// State fields that every entry gives back as it got them become their tables.
fn constant_state(m: &mut Module) -> usize {
    let mut changed = 0;
    for field in 0..m.state.len() {
        let mut read = false;
        let constant = m.entries.iter().all(|e| {
            let (p, r) = places(e, field);
            read |= p.is_some();
            match (p, r) {
                (_, None) => true,
                (Some(p), Some(r)) => e.func.body.params[p] == e.func.body.results[r],
                (None, Some(_)) => false,
            }
        });
        if !constant || !read {
            continue;
        }
        let table = m.state[field].init;
        for e in &mut m.entries {
            let (p, r) = places(e, field);
            if let Some(r) = r {
                e.results.remove(r);
                e.func.body.results.remove(r);
            }
            if let Some(p) = p {
                e.params.remove(p);
                let v = e.func.body.params.remove(p);
                let inst = Inst { op: Op::Table(table), args: vec![], results: vec![v], span: None };
                e.func.body.body.insert(0, inst);
            }
        }
        changed += 1;
    }
    changed
}

/// State fields that no entry has any more go.
fn unread_state(m: &mut Module) -> usize {
    let used: Vec<bool> = (0..m.state.len()).map(|i| m.entries.iter().any(|e| places(e, i) != (None, None))).collect();
    let number = numbers(&used);
    for e in &mut m.entries {
        for p in &mut e.params {
            if let ParamRole::State(i) = p {
                *i = number[*i];
            }
        }
        for r in &mut e.results {
            if let ResultRole::State(i) = r {
                *i = number[*i];
            }
        }
    }
    retain(&mut m.state, &used)
}

fn unused_kernels(m: &mut Module) -> usize {
    let mut used = vec![false; m.kernels.len()];
    let calls = |f: &Func, used: &mut [bool]| {
        each_inst(&f.body, &mut |i| {
            if let Op::Kernel(k) = i.op {
                used[k.0 as usize] = true;
            }
        });
    };
    m.entries.iter().for_each(|e| calls(&e.func, &mut used));
    // a kernel calls only kernels before it
    for k in (0..m.kernels.len()).rev() {
        if used[k] {
            calls(&m.kernels[k], &mut used);
        }
    }
    let number = numbers(&used);
    let removed = retain(&mut m.kernels, &used);
    if removed > 0 {
        each_op(m, &|op| {
            if let Op::Kernel(k) = op {
                *k = FuncId(number[k.0 as usize] as u32);
            }
        });
    }
    removed
}

fn unused_tables(m: &mut Module) -> usize {
    let mut used = vec![false; m.tables.len()];
    m.state.iter().for_each(|s| used[s.init.0 as usize] = true);
    for f in funcs(m) {
        each_inst(&f.body, &mut |i| {
            if let Op::Table(t) = i.op {
                used[t.0 as usize] = true;
            }
        });
    }
    let number = numbers(&used);
    let removed = retain(&mut m.tables, &used);
    if removed > 0 {
        m.state.iter_mut().for_each(|s| s.init = TableId(number[s.init.0 as usize] as u32));
        each_op(m, &|op| {
            if let Op::Table(t) = op {
                *t = TableId(number[t.0 as usize] as u32);
            }
        });
    }
    removed
}

/// New number of each of the things that stay.
fn numbers(used: &[bool]) -> Vec<usize> {
    used.iter()
        .scan(0, |next, u| {
            let n = *next;
            *next += usize::from(*u);
            Some(n)
        })
        .collect()
}

fn retain<T>(v: &mut Vec<T>, used: &[bool]) -> usize {
    let before = v.len();
    keep(v, 0, used);
    before - v.len()
}

fn each_op(m: &mut Module, f: &impl Fn(&mut Op)) {
    fn region(r: &mut Region, f: &impl Fn(&mut Op)) {
        for inst in &mut r.body {
            f(&mut inst.op);
            inst.regions_mut().into_iter().for_each(|r| region(r, f));
        }
    }
    funcs(m).for_each(|func| region(&mut func.body, f));
}
