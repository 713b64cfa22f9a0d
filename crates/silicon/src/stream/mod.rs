//! The block form of a stateless entry: a second entry that takes the stream block by block and keeps what it needs
//! from the past as state.
//!
//! Every vector over the time axis is a *stream*: after `t` samples it has `L(t)` elements ([`length::Len`]), which no
//! later sample changes. A block of `b` samples after `t` earlier ones yields elements `L(t) .. L(t+b)` of each
//! stream; an operation that looks further back gets a history of constant size in front of its operand. What cannot
//! be put that way is refused. Since every element is computed by the same operations in the same order as in the
//! whole call, the outputs of the blocks put together are those of the whole call, bit for bit.
//!
//! Inputs without the time axis are parameters: every block must be given the same. Where the length is limited and
//! something counts samples (an index, a loop), a stream that gets longer than that stops with `Unsupported`.

mod flat;
mod length;
mod long;
mod loops;
mod ops;
mod prefix;
#[cfg(test)]
mod tests;
mod words;

use crate::dtype::{DType, Scalar};
use crate::hir::{
    Atom, Binary, Checked, Dim, Entry, Fault, Func, Inst, Length, LengthId, Module, Op, ParamRole, Region, ResultRole,
    StateField, Table, TableId, Type, ValueId,
};
use length::{Access, Len, Unreachable};
use prefix::Prefixed;
use proofmark_base::diagnostics::Span;
use std::collections::{BTreeMap, HashMap};
pub use words::Reason;
use words::{name, reason, unreachable};

/// The block form of an entry.
#[derive(Clone, Debug, PartialEq)]
pub struct Streamed {
    /// A module with the entry's tables and kernels and the single entry `<entry>_block`. It is yet to be checked.
    pub module: Module,
    /// Samples from which on the blocks' outputs put together are those of the whole call. That takes no shorter streams.
    pub least: i64,
}

/// The block form of a stateless entry: a module with the same tables and kernels and one more length (the block's
/// number of samples, `<length>_block`, from 0), state fields, and the single entry `<entry>_block` with the same
/// ports. The result is yet to be checked.
///
/// # Errors
/// Why there is none, with the source of the construct where there is one.
pub fn streamed(module: &Checked<Module>, entry: &str) -> Result<Streamed, Vec<Reason>> {
    let found = module.entries.iter().find(|e| e.func.name == entry);
    let found = found.ok_or_else(|| vec![reason(format!("there is no entry `{entry}`"), None)])?;
    if !module.state.is_empty() {
        return Err(vec![reason("it keeps state from call to call already", None)]);
    }
    let n = time_axis(module, found).map_err(|r| vec![r])?;
    let mut module = long::long(module, entry, n).unwrap_or_else(|| module.clone()).into_inner();
    let Some(at) = module.entries.iter().position(|e| e.func.name == entry) else { return Err(Vec::new()) };
    module.entries[at].func = flat::flat(&module.entries[at].func);
    let (module, found) = (&module, &module.entries[at]);
    let maker = Maker::new(module, found, n).map_err(|r| vec![r])?;
    maker.make(found)
}

/// The one named length of the entry.
fn time_axis(module: &Module, entry: &Entry) -> Result<LengthId, Reason> {
    let mut found: Vec<LengthId> = Vec::new();
    for p in &entry.func.body.params {
        for d in &entry.func.ty(*p).shape {
            for (i, _) in module.lengths.iter().enumerate() {
                let l = LengthId(i as u32);
                if mentions(d, l) && !found.contains(&l) {
                    found.push(l);
                }
            }
        }
    }
    match found.as_slice() {
        [n] => Ok(*n),
        [] => {
            let what = "no input has a length of its own, so none is a stream (an array of which the bench shows one length only \
                        has that length; call it with another one, too)";
            Err(reason(what, None))
        }
        many => Err(reason(format!("the inputs have {} lengths, so there is no one time axis", many.len()), None)),
    }
}

/// Whether a length occurs in a dimension.
fn mentions(d: &Dim, l: LengthId) -> bool {
    let found = std::cell::Cell::new(false);
    d.substitute(&|a| {
        if *a == Atom::Length(l) {
            found.set(true);
        }
        Dim::from(a.clone())
    });
    found.get()
}

/// Whether any length occurs in a type.
fn has_length(ty: &Type) -> bool {
    let found = std::cell::Cell::new(false);
    for d in &ty.shape {
        d.substitute(&|a| {
            if matches!(a, Atom::Length(_)) {
                found.set(true);
            }
            Dim::from(a.clone())
        });
    }
    found.get()
}

/// What has become of a value of the entry.
#[derive(Clone, Debug)]
enum Kind {
    /// The same in every block; [`Maker::mapped`] has it.
    Fixed,
    /// A stream: the value holds the elements of this block.
    Stream(Len, ValueId),
    /// A dimension of the whole call.
    Extent(Dim),
    /// A stream behind something fixed, with more elements than there were samples.
    Prefixed(Prefixed),
    /// Nothing that a block can know.
    Cannot(Reason),
}

struct Maker<'m> {
    module: &'m Module,
    func: &'m Func,
    n: LengthId,
    defs: HashMap<ValueId, &'m Inst>,
    kinds: HashMap<ValueId, Kind>,
    /// Values cloned one to one.
    mapped: HashMap<ValueId, ValueId>,
    out: Func,
    /// Instructions of the open regions, outermost first.
    open: Vec<Vec<Inst>>,
    tables: Vec<Table>,
    state: Vec<StateField>,
    params: Vec<ParamRole>,
    /// New values of the state fields.
    after: Vec<ValueId>,
    /// Samples before this block.
    time: ValueId,
    /// Samples of this block.
    block: LengthId,
    counts: BTreeMap<Len, Dim>,
    befores: BTreeMap<Len, ValueId>,
    histories: BTreeMap<(ValueId, i64), ValueId>,
    /// Whether something depends on the time since the start.
    absolute: bool,
    errors: Vec<Reason>,
}

impl<'m> Maker<'m> {
    fn new(module: &'m Module, entry: &'m Entry, n: LengthId) -> Result<Maker<'m>, Reason> {
        let func = &entry.func;
        let mut m = Maker {
            module,
            func,
            n,
            defs: func.body.body.iter().flat_map(|i| i.results.iter().map(move |r| (*r, i))).collect(),
            kinds: HashMap::new(),
            mapped: HashMap::new(),
            out: Func { name: format!("{}_block", func.name), ..Func::default() },
            open: vec![Vec::new()],
            tables: module.tables.clone(),
            state: Vec::new(),
            params: Vec::new(),
            after: Vec::new(),
            time: ValueId(0),
            block: LengthId(module.lengths.len() as u32),
            counts: BTreeMap::new(),
            befores: BTreeMap::new(),
            histories: BTreeMap::new(),
            absolute: false,
            errors: Vec::new(),
        };
        m.counts.insert(Len::EACH, Dim::from(m.block));
        for (v, role) in func.body.params.iter().zip(&entry.params) {
            let ParamRole::Input(name) = role else {
                return Err(reason("it keeps state from call to call already", None));
            };
            let ty = func.ty(*v).clone();
            let span = func.values[v.0 as usize].span;
            let mut made = ty.clone();
            if has_length(&ty) {
                if ty.rank() != 1 || ty.shape[0] != Dim::from(n) {
                    let what = format!("the input `{name}` has the time axis other than as its only axis");
                    return Err(reason(what, span));
                }
                made.shape[0] = Dim::from(m.block);
            }
            let p = m.out.new_value(made, span);
            m.out.values[p.0 as usize].name.clone_from(&func.values[v.0 as usize].name);
            m.out.body.params.push(p);
            m.params.push(role.clone());
            m.mapped.insert(*v, p);
            m.kinds.insert(*v, if has_length(&ty) { Kind::Stream(Len::EACH, p) } else { Kind::Fixed });
        }
        let (time, _) = m.field("samples", Type::scalar(DType::Int64), vec![0; 8]);
        m.time = time;
        let next = m.emit(Op::Dim(Dim::from(time).add(&Dim::from(m.block))), &[], Type::scalar(DType::Int64), None);
        m.after[0] = next;
        Ok(m)
    }

    fn make(mut self, entry: &'m Entry) -> Result<Streamed, Vec<Reason>> {
        for inst in &self.func.body.body {
            self.inst(inst);
        }
        let mut results = Vec::new();
        for (v, role) in self.func.body.results.iter().zip(&entry.results) {
            let span = self.func.values[v.0 as usize].span;
            match (role, self.kinds.get(v)) {
                (ResultRole::Output(_), Some(Kind::Stream(_, y))) => results.push(*y),
                (_, Some(Kind::Cannot(r))) => self.errors.push(r.clone()),
                (ResultRole::Output(name), _) => {
                    self.errors.push(reason(format!("the output `{name}` is no stream"), span));
                }
                (ResultRole::Mutated(name), _) => {
                    self.errors.push(reason(format!("the input `{name}` is written into"), span));
                }
                (ResultRole::State(_), _) => self.errors.push(reason("it keeps state already", span)),
            }
        }
        if !self.errors.is_empty() {
            let mut unique: Vec<Reason> = Vec::new();
            for e in self.errors {
                if !unique.contains(&e) {
                    unique.push(e);
                }
            }
            return Err(unique);
        }
        let mut roles = entry.results.clone();
        for (i, v) in self.after.iter().enumerate() {
            results.push(*v);
            roles.push(ResultRole::State(i));
        }
        if let (Some(max), true) = (self.module.lengths[self.n.0 as usize].max, self.absolute) {
            self.limit(max);
        }
        self.copy_bounds();
        self.out.body.body = self.open.pop().unwrap_or_default();
        self.out.body.results = results;
        let old = &self.module.lengths[self.n.0 as usize];
        let mut lengths = self.module.lengths.clone();
        let mut name = format!("{}_block", old.name);
        while lengths.iter().any(|l| l.name == name) {
            name.push('_');
        }
        lengths.push(Length { name, min: 0, max: old.max });
        let least = old.min;
        let module = Module {
            name: self.module.name.clone(),
            lengths,
            tables: self.tables,
            kernels: self.module.kernels.clone(),
            state: self.state,
            entries: vec![Entry { func: self.out, params: self.params, results: roles }],
            fma: self.module.fma,
        };
        Ok(Streamed { module, least })
    }

    /// Stops where the stream gets longer than the whole call may be: counters were proved to fit up to there only.
    fn limit(&mut self, max: i64) {
        let most = self.int(max);
        let fits = self.emit(Op::Binary(Binary::Le), &[self.after[0], most], Type::scalar(DType::Bool), None);
        let message = format!("the stream is longer than {max} samples, up to which the design is translated");
        let fault = Fault { exception: "Unsupported".into(), message };
        self.push(Inst { op: Op::Check(fault), args: vec![fits], results: Vec::new(), span: None });
    }

    /// Bounds of cloned values that do not speak of the whole call.
    fn copy_bounds(&mut self) {
        for (v, (low, high)) in &self.func.bounds {
            let Some(to) = self.mapped.get(v) else { continue };
            let keep = |d: &Option<Dim>| {
                let d = d.as_ref()?;
                let mut known = !has_length(&Type { dtype: DType::Int64, shape: vec![d.clone()] });
                d.for_each_value(&mut |v| known &= self.mapped.contains_key(&v));
                known.then(|| self.moved(d))
            };
            let bound = (keep(low), keep(high));
            if bound != (None, None) {
                self.out.bounds.insert(*to, bound);
            }
        }
    }

    /// A dimension over cloned values.
    fn moved(&self, d: &Dim) -> Dim {
        d.substitute(&|a| match a {
            Atom::Value(v) => Dim::from(self.mapped.get(v).copied().unwrap_or(*v)),
            other => Dim::from(other.clone()),
        })
    }

    // ---- building ----

    fn push(&mut self, inst: Inst) {
        if let Some(r) = self.open.last_mut() {
            r.push(inst);
        }
    }
    fn emit(&mut self, op: Op, args: &[ValueId], ty: Type, span: Option<Span>) -> ValueId {
        let v = self.out.new_value(ty, span);
        self.push(Inst { op, args: args.to_vec(), results: vec![v], span });
        v
    }
    fn int(&mut self, v: i64) -> ValueId {
        self.emit(Op::Const(Scalar::i64(v)), &[], Type::scalar(DType::Int64), None)
    }
    fn dim(&mut self, d: Dim) -> ValueId {
        self.emit(Op::Dim(d), &[], Type::scalar(DType::Int64), None)
    }
    fn slice(&mut self, x: ValueId, start: ValueId, step: i64, count: Dim, span: Option<Span>) -> ValueId {
        let ty = Type { dtype: self.out.ty(x).dtype, shape: vec![count] };
        self.emit(Op::Slice { steps: vec![step] }, &[x, start], ty, span)
    }
    /// A state field: its value before the call, and its index.
    fn field(&mut self, name: &str, ty: Type, init: Vec<u8>) -> (ValueId, usize) {
        let i = self.state.len();
        let name = if name == "samples" { name.to_string() } else { format!("{name}_{i}") };
        let shape = ty.shape.iter().map(|d| d.as_const().unwrap_or(0) as usize).collect();
        let mut table = format!("{name}_init");
        while self.tables.iter().any(|t| t.name == table) {
            table.push('_');
        }
        self.tables.push(Table {
            name: table,
            dtype: ty.dtype,
            shape,
            data: init,
            provenance: "start of the stream".into(),
        });
        let init = TableId(self.tables.len() as u32 - 1);
        let v = self.out.new_value(ty.clone(), None);
        self.state.push(StateField { name, ty, init });
        self.params.push(ParamRole::State(i));
        self.out.body.params.push(v);
        self.after.push(v);
        (v, i)
    }
    /// Elements of a stream of that length in this block.
    fn count(&mut self, len: Len) -> Dim {
        if let Some(d) = self.counts.get(&len) {
            return d.clone();
        }
        let then = self.dim(len.dim(&Dim::from(self.time).add(&Dim::from(self.block))));
        let now = self.before(len);
        // a difference and not a `Dim`: that would be replaced by its terms, which have no bound, where its bound counts
        let v = self.emit(Op::Binary(Binary::Sub), &[then, now], Type::scalar(DType::Int64), None);
        self.out.bounds.insert(v, (Some(Dim::from(0i64)), Some(len.most(&Dim::from(self.block)))));
        self.counts.insert(len, Dim::from(v));
        Dim::from(v)
    }
    /// Elements of a stream of that length before this block.
    fn before(&mut self, len: Len) -> ValueId {
        if len == Len::EACH {
            return self.time;
        }
        if let Some(v) = self.befores.get(&len) {
            return *v;
        }
        let v = self.dim(len.dim(&Dim::from(self.time)));
        self.befores.insert(len, v);
        v
    }
    /// A stream's block with its last `h` elements before in front.
    fn history(&mut self, x: ValueId, len: Len, h: i64) -> ValueId {
        if h == 0 {
            return x;
        }
        if let Some(v) = self.histories.get(&(x, h)) {
            return *v;
        }
        let (kept, i) = self.memory(self.out.ty(x).dtype, h);
        let count = self.count(len);
        let ext = self.joined(kept, x, &count, h);
        self.keep_last(i, ext, &count, h);
        self.histories.insert((x, h), ext);
        ext
    }
    /// A field of `h` zeros for elements before the block.
    fn memory(&mut self, dtype: DType, h: i64) -> (ValueId, usize) {
        let ty = Type { dtype, shape: vec![Dim::from(h)] };
        self.field("history", ty, vec![0; dtype.size() * h as usize])
    }
    fn joined(&mut self, kept: ValueId, x: ValueId, count: &Dim, h: i64) -> ValueId {
        let ty = Type { dtype: self.out.ty(x).dtype, shape: vec![count.offset(h)] };
        self.emit(Op::Concat { axis: 0 }, &[kept, x], ty, None)
    }
    /// The last `h` of `count + h` elements become state field `i`.
    fn keep_last(&mut self, i: usize, ext: ValueId, count: &Dim, h: i64) {
        let start = self.dim(count.clone());
        self.after[i] = self.slice(ext, start, 1, Dim::from(h), None);
    }
    /// What a recurrence starts a block with: `init` where `begun` elements are not more than `from`, else what the block
    /// before left; and the field to leave the new value in.
    fn carry(&mut self, init: ValueId, (begun, from): (Len, i64)) -> (ValueId, usize) {
        let new = self.mapped[&init];
        let ty = self.out.ty(new).clone();
        if let Some(bytes) = self.constant(init) {
            return self.field("carry", ty, bytes);
        }
        let size: i64 = ty.shape.iter().filter_map(Dim::as_const).product();
        let (kept, i) = self.field("carry", ty.clone(), vec![0; ty.dtype.size() * size as usize]);
        let (done, from) = (self.before(begun), self.int(from));
        let fresh = self.emit(Op::Binary(Binary::Le), &[done, from], Type::scalar(DType::Bool), None);
        (self.emit(Op::Select, &[fresh, new, kept], ty, None), i)
    }
    /// Bytes of a value that is a constant.
    fn constant(&self, v: ValueId) -> Option<Vec<u8>> {
        let inst = self.defs.get(&v)?;
        match &inst.op {
            Op::Const(s) => Some(s.to_le_bytes()),
            Op::Table(t) => Some(self.module.tables.get(t.0 as usize)?.data.clone()),
            Op::Broadcast => {
                let scalar = *inst.args.first()?;
                if self.func.ty(scalar).rank() > 0 {
                    return None;
                }
                let one = self.constant(scalar)?;
                let size = self.func.ty(v).size().as_const()?;
                Some(one.repeat(usize::try_from(size).ok()?))
            }
            _ => None,
        }
    }
    /// An int64 that is a constant.
    fn known(&self, v: ValueId) -> Option<i64> {
        match &self.defs.get(&v)?.op {
            Op::Const(s) if s.dtype == DType::Int64 => Some(s.re as i64),
            Op::Dim(d) => d.as_const(),
            _ => None,
        }
    }
}

/// Whether an instruction does something besides its results.
fn effects(inst: &Inst) -> bool {
    let checks = |r: &Region| r.body.iter().any(effects);
    matches!(inst.op, Op::Check(_) | Op::Binary(Binary::AddChecked | Binary::SubChecked | Binary::MulChecked))
        || inst.regions().into_iter().any(checks)
}

/// Every value that an instruction uses, in its regions too.
fn uses(func: &Func, inst: &Inst, out: &mut Vec<ValueId>) {
    inst.for_each_use(func, &mut |v| out.push(v));
    for r in inst.regions() {
        r.body.iter().for_each(|i| uses(func, i, out));
        out.extend(&r.results);
    }
}

/// Every value that an instruction defines, in its regions too.
fn defined(inst: &Inst) -> Vec<ValueId> {
    let mut out = inst.results.clone();
    for r in inst.regions() {
        out.extend(&r.params);
        r.body.iter().for_each(|i| out.extend(defined(i)));
    }
    out
}

/// Whether a length of the whole call occurs in an instruction.
fn lengths_within(func: &Func, inst: &Inst) -> bool {
    let dim = |d: &Dim| has_length(&Type { dtype: DType::Int64, shape: vec![d.clone()] });
    let values = defined(inst);
    let own = matches!(&inst.op, Op::Dim(d) if dim(d));
    let inner = inst.regions().into_iter().any(|r| r.body.iter().any(|i| lengths_within(func, i)));
    own || inner || values.iter().any(|v| has_length(func.ty(*v)))
}
