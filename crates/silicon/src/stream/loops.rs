//! Loops over the samples: the counter goes on from block to block, what they carry becomes state, and arrays that
//! they read or fill at the counter are streams.

use super::{Access, Kind, Len, Maker, Reason, lengths_within, reason, unreachable};
use crate::dtype::DType;
use crate::hir::{Binary, Dim, Inst, Op, Region, Type, ValueId};
use proofmark_base::diagnostics::Span;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// `scale * counter + low ..= scale * counter + high`.
#[derive(Clone, Copy)]
struct Affine {
    scale: i64,
    low: i64,
    high: i64,
}

/// A stream as a loop sees it: one from outside, or one that it carries, by its position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    Outer(ValueId),
    Carried(usize),
}

/// What a loop does to streams.
struct Survey<'a, 'm> {
    maker: &'a Maker<'m>,
    roots: HashMap<ValueId, Root>,
    affine: HashMap<ValueId, Affine>,
    reads: BTreeMap<Root, Vec<Affine>>,
    writes: BTreeMap<Root, Vec<Affine>>,
    /// Values defined in the loop.
    inner: BTreeSet<ValueId>,
}

/// How values of the loop are written in the block form.
#[derive(Default)]
struct Rewrite {
    roots: HashMap<ValueId, Root>,
    /// The vector that holds a stream from outside, for its root; and for all: what to take from an index, and its extent.
    outer: BTreeMap<Root, ValueId>,
    shift: BTreeMap<Root, ValueId>,
    extent: BTreeMap<Root, Dim>,
}

/// Copies an instruction that means the same in a block.
pub(super) fn clone(m: &mut Maker<'_>, inst: &Inst) {
    copy(m, inst, &Rewrite::default());
}

/// A `For` over the time axis.
pub(super) fn stream<'m>(m: &mut Maker<'m>, inst: &'m Inst, step: i64, body: &'m Region) -> Result<(), Reason> {
    let refuse = |what: &str| Err(reason(what, inst.span));
    let (lo, hi) = (m.known(inst.args[0]), m.kind(inst.args[1]));
    let (Some(lo), Kind::Extent(hi), 1) = (lo, hi, step) else {
        return refuse("a loop over streams that is not over the samples in order");
    };
    let Some(count) = Len::of(&hi, m.n).filter(|_| lo >= 0) else {
        return refuse("a loop whose end is no steady rate of the samples");
    };
    let carried = &inst.args[2..];
    let mut s = Survey {
        maker: m,
        roots: HashMap::new(),
        affine: HashMap::new(),
        reads: BTreeMap::new(),
        writes: BTreeMap::new(),
        inner: super::defined(inst).into_iter().collect(),
    };
    s.affine.insert(body.params[0], Affine { scale: 1, low: 0, high: 0 });
    for (k, v) in carried.iter().enumerate() {
        match m.kind(*v) {
            Kind::Stream(..) => {
                s.roots.insert(body.params[1 + k], Root::Carried(k));
            }
            Kind::Fixed if m.sized(*v).is_some() => {}
            _ => return refuse("a loop over the samples that carries what depends on the length of the stream"),
        }
    }
    s.region(body)?;
    for (k, v) in body.results.iter().enumerate() {
        let own = matches!(m.kind(carried[k]), Kind::Stream(..));
        if s.roots.get(v) != own.then_some(&Root::Carried(k)) {
            return refuse("a loop over the samples that exchanges its arrays");
        }
    }
    let Survey { roots, reads, writes, .. } = s;
    let access = |a: &Affine| Access { scale: a.scale, low: a.low, high: a.high, from: lo };
    let len_of = |m: &Maker<'_>, r: Root| match r {
        Root::Outer(v) => m.stream_of(v),
        Root::Carried(k) => m.stream_of(carried[k]),
    };
    let mut all: BTreeMap<Root, i64> = roots.values().map(|r| (*r, 0)).collect();
    for (r, list) in &reads {
        let Some((len, _)) = len_of(m, *r) else { return refuse("a loop over what is no stream") };
        for a in list {
            let h = count.history(len, access(a)).map_err(|u| unreachable(u, "a loop over the samples", inst))?;
            let most = all.entry(*r).or_insert(0);
            *most = h.max(*most);
        }
    }
    for (r, list) in &writes {
        let Some((len, _)) = len_of(m, *r) else { return refuse("a loop over what is no stream") };
        for a in list {
            let stays =
                count.stays(len, access(a)).map_err(|u| unreachable(u, "a store in a loop over the samples", inst))?;
            if a.low != a.high || !stays || matches!(r, Root::Outer(_)) {
                return refuse("a loop that writes samples of the past");
            }
        }
    }

    let mut w = Rewrite { roots, ..Rewrite::default() };
    let mut init = Vec::new();
    let mut fields = Vec::new();
    for (r, h) in &all {
        let Some((len, v)) = len_of(m, *r) else { return refuse("a loop over what is no stream") };
        let had = m.before(len);
        let shift = m.dim(Dim::from(had).offset(-h));
        let extent = m.count(len).offset(*h);
        if let Root::Outer(_) = r {
            let ext = m.history(v, len, *h);
            w.outer.insert(*r, ext);
        }
        w.shift.insert(*r, shift);
        w.extent.insert(*r, extent);
    }
    for (k, v) in carried.iter().enumerate() {
        match m.stream_of(*v) {
            Some((len, x)) => {
                let h = all.get(&Root::Carried(k)).copied().unwrap_or(0);
                if h == 0 {
                    init.push(x);
                    fields.push((None, len, h));
                    continue;
                }
                let (kept, field) = m.memory(m.out.ty(x).dtype, h);
                let c = m.count(len);
                init.push(m.joined(kept, x, &c, h));
                fields.push((Some(field), len, h));
            }
            None => {
                let (start, field) = m.carry(*v, (count, lo));
                init.push(start);
                fields.push((Some(field), Len::EACH, 0));
            }
        }
    }
    m.absolute = true;
    let done = m.before(count);
    let from = m.dim(Dim::from(done).maximum(&Dim::from(lo)));
    let more = m.count(count);
    let to = m.dim(Dim::from(done).add(&more));
    let made = region(m, body, &w);
    let mut results = Vec::new();
    for v in &init {
        let ty = m.out.ty(*v).clone();
        results.push(m.out.new_value(ty, inst.span));
    }
    let args = [&[from, to], init.as_slice()].concat();
    m.push(Inst { op: Op::For { step: 1, body: made }, args, results: results.clone(), span: inst.span });
    for (k, (old, new)) in inst.results.iter().zip(&results).enumerate() {
        let (field, len, h) = fields[k];
        match (m.stream_of(carried[k]).is_some(), field) {
            (true, None) => {
                m.kinds.insert(*old, Kind::Stream(len, *new));
            }
            (true, Some(field)) => {
                let c = m.count(len);
                let start = m.int(h);
                let y = m.slice(*new, start, 1, c.clone(), inst.span);
                m.keep_last(field, *new, &c, h);
                m.kinds.insert(*old, Kind::Stream(len, y));
            }
            (false, field) => {
                if let Some(field) = field {
                    m.after[field] = *new;
                }
                let what = "a value that only the end of the stream decides";
                m.kinds.insert(*old, Kind::Cannot(reason(what, inst.span)));
            }
        }
    }
    Ok(())
}

impl Survey<'_, '_> {
    fn root(&self, v: ValueId) -> Option<Root> {
        if let Some(r) = self.roots.get(&v) {
            return Some(*r);
        }
        (!self.inner.contains(&v) && matches!(self.maker.kind(v), Kind::Stream(..))).then_some(Root::Outer(v))
    }
    fn affine(&self, v: ValueId) -> Option<Affine> {
        let constant = |c: i64| Affine { scale: 0, low: c, high: c };
        self.affine.get(&v).copied().or_else(|| self.maker.known(v).map(constant))
    }

    fn region(&mut self, r: &Region) -> Result<(), Reason> {
        r.body.iter().try_for_each(|i| self.inst(i))?;
        r.results.iter().try_for_each(|v| self.reached(*v, None))
    }

    /// A value from outside is one that a block knows.
    fn reached(&self, v: ValueId, span: Option<Span>) -> Result<(), Reason> {
        if self.inner.contains(&v) || matches!(self.maker.kind(v), Kind::Fixed | Kind::Stream(..)) {
            return Ok(());
        }
        Err(reason("a loop that depends on the length of the stream", span))
    }

    fn inst(&mut self, inst: &Inst) -> Result<(), Reason> {
        let refuse = |what: &str| Err(reason(what, inst.span));
        match &inst.op {
            Op::Extract | Op::Slice { .. } if self.root(inst.args[0]).is_some() => {
                let Some(root) = self.root(inst.args[0]) else { return Ok(()) };
                let (extra, ok) = match &inst.op {
                    Op::Slice { steps } => {
                        let count = self.maker.func.ty(inst.results[0]).shape[0].as_const();
                        (count.map_or(0, |c| (c - 1).max(0).saturating_mul(steps[0])), count.is_some())
                    }
                    _ => (0, true),
                };
                let at = self.affine(inst.args[1]).filter(|a| a.scale > 0 && ok);
                let Some(a) = at else { return refuse("a loop that reads samples elsewhere than near its counter") };
                let (low, high) = (a.low.saturating_add(extra.min(0)), a.high.saturating_add(extra.max(0)));
                self.reads.entry(root).or_default().push(Affine { low, high, ..a });
                self.operands(inst, &inst.args[1..])
            }
            Op::Insert if self.root(inst.args[0]).is_some() => {
                let Some(root) = self.root(inst.args[0]) else { return Ok(()) };
                let Some(a) = self.affine(inst.args[2]).filter(|a| a.scale > 0) else {
                    return refuse("a loop that writes samples elsewhere than at its counter");
                };
                self.writes.entry(root).or_default().push(a);
                self.roots.insert(inst.results[0], root);
                self.operands(inst, &inst.args[1..])
            }
            Op::If { then, otherwise } => {
                self.plain(inst, &inst.args)?;
                self.region(then)?;
                self.region(otherwise)?;
                for (k, r) in inst.results.iter().enumerate() {
                    let (a, b) = (self.root(then.results[k]), self.root(otherwise.results[k]));
                    match (a, b) {
                        (None, None) => {}
                        (Some(a), Some(b)) if a == b => {
                            self.roots.insert(*r, a);
                        }
                        _ => return refuse("a branch that exchanges arrays over time"),
                    }
                }
                self.own(inst)
            }
            Op::For { step, body } => {
                self.plain(inst, &inst.args[..2])?;
                if let (Some(a), Some(b), true) = (self.affine(inst.args[0]), self.affine(inst.args[1]), *step > 0)
                    && a.scale == b.scale
                {
                    let high = (b.high - 1).max(a.low);
                    self.affine.insert(body.params[0], Affine { scale: a.scale, low: a.low, high });
                }
                self.carried(inst, &inst.args[2..], &body.params[1..], body)
            }
            Op::While { cond, body } => {
                for (v, p) in inst.args.iter().zip(&cond.params) {
                    if let Some(r) = self.root(*v) {
                        self.roots.insert(*p, r);
                    }
                }
                self.region(cond)?;
                self.carried(inst, &inst.args, &body.params, body)
            }
            Op::Binary(op) => {
                self.operands(inst, &inst.args)?;
                let (Some(a), Some(b)) = (self.affine(inst.args[0]), self.affine(inst.args[1])) else {
                    return self.own(inst);
                };
                let sum = |b: Affine| {
                    let (low, high) = (a.low.checked_add(b.low)?, a.high.checked_add(b.high)?);
                    Some(Affine { scale: a.scale.checked_add(b.scale)?, low, high })
                };
                let times = |a: Affine, k: i64| {
                    let (p, q) = (a.low.checked_mul(k)?, a.high.checked_mul(k)?);
                    Some(Affine { scale: a.scale.checked_mul(k)?, low: p.min(q), high: p.max(q) })
                };
                let made = match op {
                    Binary::Add | Binary::AddChecked => sum(b),
                    Binary::Sub | Binary::SubChecked => times(b, -1).and_then(sum),
                    Binary::Mul | Binary::MulChecked if b.scale == 0 && b.low == b.high => times(a, b.low),
                    Binary::Mul | Binary::MulChecked if a.scale == 0 && a.low == a.high => times(b, a.low),
                    _ => None,
                };
                if let Some(made) = made {
                    self.affine.insert(inst.results[0], made);
                }
                self.own(inst)
            }
            Op::Const(s) if s.dtype == DType::Int64 => {
                let c = s.re as i64;
                self.affine.insert(inst.results[0], Affine { scale: 0, low: c, high: c });
                Ok(())
            }
            _ => {
                self.operands(inst, &inst.args)?;
                inst.regions().into_iter().try_for_each(|r| self.region(r))?;
                self.own(inst)
            }
        }
    }

    /// A loop within the loop: every array over time that it carries stays in its place.
    fn carried(&mut self, inst: &Inst, init: &[ValueId], params: &[ValueId], body: &Region) -> Result<(), Reason> {
        init.iter().try_for_each(|v| self.reached(*v, inst.span))?;
        let roots: Vec<Option<Root>> = init.iter().map(|v| self.root(*v)).collect();
        for (k, r) in roots.iter().enumerate() {
            if let Some(r) = r {
                self.roots.insert(params[k], *r);
                self.roots.insert(inst.results[k], *r);
            }
        }
        self.region(body)?;
        for (k, r) in roots.iter().enumerate() {
            if self.root(body.results[k]) != *r {
                return Err(reason("an inner loop that exchanges arrays over time", inst.span));
            }
        }
        self.own(inst)
    }

    /// Operands that a block must know as they are.
    fn operands(&self, inst: &Inst, args: &[ValueId]) -> Result<(), Reason> {
        self.plain(inst, args)?;
        self.own(inst)
    }
    fn plain(&self, inst: &Inst, args: &[ValueId]) -> Result<(), Reason> {
        for v in args {
            if self.root(*v).is_some() {
                let what = format!("{} of a whole stream in a loop over its samples", super::name(&inst.op));
                return Err(reason(what, inst.span));
            }
            if !self.inner.contains(v) && !matches!(self.maker.kind(*v), Kind::Fixed) {
                return Err(reason("a loop that depends on the length of the stream", inst.span));
            }
        }
        Ok(())
    }

    /// Extents of what an instruction makes are not those of the stream, but for the arrays that stand for streams.
    fn own(&self, inst: &Inst) -> Result<(), Reason> {
        let mut used = Vec::new();
        inst.for_each_use(self.maker.func, &mut |v| used.push(v));
        used.iter().try_for_each(|v| self.reached(*v, inst.span))?;
        let long = |v: &ValueId| super::has_length(self.maker.func.ty(*v)) && !self.roots.contains_key(v);
        let dims = matches!(&inst.op, Op::Dim(_)) && lengths_within(self.maker.func, inst);
        if dims || inst.results.iter().any(long) {
            return Err(reason("a loop over the samples that makes whole streams", inst.span));
        }
        Ok(())
    }
}

fn new_value(m: &mut Maker<'_>, v: ValueId) {
    let data = m.func.values[v.0 as usize].clone();
    let made = m.out.new_value(Type::scalar(data.ty.dtype), data.span);
    m.out.values[made.0 as usize].name = data.name;
    m.mapped.insert(v, made);
}

/// Gives new values their extents, once all that these may refer to exist.
fn shape(m: &mut Maker<'_>, v: ValueId, w: &Rewrite) {
    let shape: Vec<Dim> = match w.roots.get(&v).and_then(|r| w.extent.get(r)) {
        Some(d) => vec![d.clone()],
        None => m.func.ty(v).shape.iter().map(|d| m.moved(d)).collect(),
    };
    let to = m.mapped[&v];
    m.out.values[to.0 as usize].ty.shape = shape;
}

fn define(m: &mut Maker<'_>, values: &[ValueId], w: &Rewrite) -> Vec<ValueId> {
    values.iter().for_each(|v| new_value(m, *v));
    values.iter().for_each(|v| shape(m, *v, w));
    values.iter().map(|v| m.mapped[v]).collect()
}

/// The new value of an old one: a clone, or the vector that holds a stream.
fn value(m: &Maker<'_>, v: ValueId, w: &Rewrite) -> ValueId {
    let held = w.outer.get(&Root::Outer(v)).or_else(|| m.mapped.get(&v));
    held.copied().unwrap_or(v)
}

fn region(m: &mut Maker<'_>, r: &Region, w: &Rewrite) -> Region {
    let params = define(m, &r.params, w);
    m.open.push(Vec::new());
    r.body.iter().for_each(|i| copy(m, i, w));
    let body = m.open.pop().unwrap_or_default();
    Region { params, body, results: r.results.iter().map(|v| value(m, *v, w)).collect() }
}

fn copy(m: &mut Maker<'_>, inst: &Inst, w: &Rewrite) {
    let mut args: Vec<ValueId> = inst.args.iter().map(|v| value(m, *v, w)).collect();
    let at = match &inst.op {
        Op::Extract | Op::Slice { .. } => Some(1),
        Op::Insert => Some(2),
        _ => None,
    };
    if let Some(at) = at {
        let root = w.roots.get(&inst.args[0]).copied().unwrap_or(Root::Outer(inst.args[0]));
        if let Some(shift) = w.shift.get(&root) {
            let ty = Type::scalar(DType::Int64);
            args[at] = m.emit(Op::Binary(Binary::Sub), &[args[at], *shift], ty, inst.span);
        }
    }
    let op = match &inst.op {
        Op::For { step, body } => Op::For { step: *step, body: region(m, body, w) },
        Op::While { cond, body } => {
            let cond = region(m, cond, w);
            Op::While { cond, body: region(m, body, w) }
        }
        Op::If { then, otherwise } => {
            let then = region(m, then, w);
            Op::If { then, otherwise: region(m, otherwise, w) }
        }
        Op::Dim(d) => Op::Dim(m.moved(d)),
        other => other.clone(),
    };
    let results = define(m, &inst.results, w);
    m.push(Inst { op, args, results, span: inst.span });
}
