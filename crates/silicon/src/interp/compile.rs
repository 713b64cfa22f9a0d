//! Functions made ready to run: value slots resolved, scalar instructions bound to their functions, and the last use
//! of every tensor found, so that a store to a tensor that nothing else needs happens in place.

use super::elementwise::{CellFn, CellFn2, ToCell, binary, rounds_binary, rounds_unary, unary};
use super::tensor::Cell;
use super::{Fault, internal};
use crate::dtype::DType;
use crate::hir::{self, Atom, Binary, Dim, Func, Inst, Module, Op, Region, Unary, ValueId};
use proofmark_base::diagnostics::Span;

/// Place of a value in the frame: scalars and tensors are kept apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) at: u32,
    pub(crate) scalar: bool,
}

/// A use of a value; `take` when the tensor is not needed after it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Use {
    pub(crate) slot: Slot,
    pub(crate) take: bool,
}

pub(crate) struct Block<'m> {
    pub(crate) params: Vec<Slot>,
    pub(crate) nodes: Vec<Node<'m>>,
    pub(crate) results: Vec<Use>,
}

/// An extent.
pub(crate) enum Extent<'m> {
    Const(usize),
    /// Computed, after its run-time values were compared with the bounds declared for them.
    Expr(&'m Dim, Vec<Bounded<'m>>),
}

/// Declared bounds of a run-time value.
pub(crate) struct Bounded<'m> {
    pub(crate) value: ValueId,
    pub(crate) low: Option<&'m Dim>,
    pub(crate) high: Option<&'m Dim>,
}

/// Any instruction on tensors.
pub(crate) struct TensorNode<'m> {
    pub(crate) inst: &'m Inst,
    /// Order or form of its arithmetic is stated nowhere.
    pub(crate) loose: bool,
    pub(crate) args: Vec<(Use, DType)>,
    pub(crate) outs: Vec<(Slot, DType, Vec<Extent<'m>>)>,
}

/// A float comparison that a branch depends on.
#[derive(Clone, Copy)]
pub(crate) struct Margin {
    pub(crate) id: usize,
    pub(crate) a: u32,
    pub(crate) b: u32,
    pub(crate) single: bool,
}

/// Carried values of a loop.
pub(crate) struct Loop<'m> {
    pub(crate) init: Vec<Use>,
    pub(crate) body: Block<'m>,
    /// A yielded value is another parameter of the body: all are read before any is written.
    pub(crate) crossed: bool,
    pub(crate) outs: Vec<Slot>,
}

pub(crate) enum Node<'m> {
    Const { cell: Cell, out: u32 },
    Dim { dim: &'m Dim, out: u32 },
    Unary { f: CellFn, a: u32, out: u32 },
    Binary { f: CellFn2, a: u32, b: u32, out: u32 },
    NoisyUnary { op: Unary, from: DType, to: DType, f: CellFn, a: u32, out: u32, loose: bool },
    NoisyBinary { op: Binary, dtype: DType, a: u32, b: u32, out: u32, loose: bool },
    Checked { op: Binary, a: u32, b: u32, out: u32 },
    Select { c: u32, a: u32, b: u32, out: u32 },
    Extract { x: u32, index: Box<[u32]>, out: u32 },
    Insert { x: u32, take: bool, v: u32, index: Box<[u32]>, out: u32 },
    Call { func: usize, args: Box<[u32]>, outs: Box<[u32]> },
    Check { c: u32, fault: &'m hir::Fault },
    Tensor(Box<TensorNode<'m>>),
    Kill(Box<[u32]>),
    For { lo: u32, hi: u32, step: i64, repeat: Box<Loop<'m>> },
    While { cond: Box<Block<'m>>, margin: Option<Margin>, repeat: Box<Loop<'m>> },
    If { c: u32, margin: Option<Margin>, then: Box<Block<'m>>, otherwise: Box<Block<'m>>, outs: Vec<Slot> },
}

/// A function made ready.
pub(crate) struct Code<'m> {
    pub(crate) func: &'m Func,
    pub(crate) body: Block<'m>,
    /// Source of each branch that has a margin.
    pub(crate) margins: Vec<Option<Span>>,
    /// Some float operation in it rounds.
    pub(crate) rounds: bool,
}

/// A set of values.
#[derive(Clone)]
struct Set(Vec<u64>);
impl Set {
    fn new(n: usize) -> Set {
        Set(vec![0; n.div_ceil(64)])
    }
    fn has(&self, v: u32) -> bool {
        self.0[v as usize / 64] >> (v % 64) & 1 == 1
    }
    fn insert(&mut self, v: u32) {
        self.0[v as usize / 64] |= 1 << (v % 64);
    }
    fn remove(&mut self, v: u32) {
        self.0[v as usize / 64] &= !(1 << (v % 64));
    }
    fn join(&mut self, other: &Set) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }
    /// Members that are not in `other`.
    fn minus(&self, other: &Set) -> Box<[u32]> {
        (0..self.0.len() as u32 * 64).filter(|v| self.has(*v) && !other.has(*v)).collect()
    }
}

struct Compiler<'m, 'r> {
    func: &'m Func,
    defs: Vec<Option<&'m Inst>>,
    kernels: &'m [Func],
    rounding: &'r [bool],
    noisy: bool,
    is_kernel: bool,
    margins: Vec<Option<Span>>,
    rounds: bool,
}

/// Makes a function ready. `rounding` says of each kernel before it whether it rounds; `noisy` asks for perturbation.
pub(crate) fn compile<'m>(
    module: &'m Module,
    func: &'m Func,
    rounding: &[bool],
    is_kernel: bool,
    noisy: bool,
) -> Result<Code<'m>, Fault> {
    let n = func.values.len();
    let mut defs = vec![None; n];
    fn collect<'m>(r: &'m Region, defs: &mut [Option<&'m Inst>]) {
        for inst in &r.body {
            for v in &inst.results {
                if let Some(d) = defs.get_mut(v.0 as usize) {
                    *d = Some(inst);
                }
            }
            inst.regions().into_iter().for_each(|r| collect(r, defs));
        }
    }
    collect(&func.body, &mut defs);
    let mut c = Compiler {
        func,
        defs,
        kernels: &module.kernels,
        rounding,
        noisy,
        is_kernel,
        margins: Vec::new(),
        rounds: false,
    };
    let body = c.block(&func.body, &mut Set::new(n))?;
    Ok(Code { func, body, margins: c.margins, rounds: c.rounds })
}

impl<'m> Compiler<'m, '_> {
    fn slot(&self, v: ValueId) -> Result<Slot, Fault> {
        let data = self.func.values.get(v.0 as usize).ok_or_else(|| internal(format!("no value %{}", v.0)))?;
        Ok(Slot { at: v.0, scalar: data.ty.shape.is_empty() })
    }
    fn slots(&self, v: &[ValueId]) -> Result<Vec<Slot>, Fault> {
        v.iter().map(|v| self.slot(*v)).collect()
    }

    /// Uses of values in turn; the last use of a tensor that is dead after them takes it.
    fn uses(&self, values: &[ValueId], live: &mut Set) -> Result<Vec<Use>, Fault> {
        let mut uses = Vec::with_capacity(values.len());
        for v in values.iter().rev() {
            let slot = self.slot(*v)?;
            uses.push(Use { slot, take: !slot.scalar && !live.has(slot.at) });
            if !slot.scalar {
                live.insert(slot.at);
            }
        }
        uses.reverse();
        Ok(uses)
    }

    /// `live` holds the tensors needed after the block, then those needed before it.
    fn block(&mut self, r: &'m Region, live: &mut Set) -> Result<Block<'m>, Fault> {
        let results = self.uses(&r.results, live)?;
        let mut nodes = Vec::with_capacity(r.body.len());
        for inst in r.body.iter().rev() {
            self.inst(inst, live, &mut nodes)?;
        }
        let params = self.slots(&r.params)?;
        let unused: Box<[u32]> = params.iter().filter(|p| !p.scalar && !live.has(p.at)).map(|p| p.at).collect();
        if !unused.is_empty() {
            nodes.push(Node::Kill(unused));
        }
        params.iter().for_each(|p| live.remove(p.at));
        nodes.reverse();
        Ok(Block { params, nodes, results })
    }

    /// Tensors used in regions but defined outside of them.
    fn captured(&self, regions: &[&Region]) -> Result<Set, Fault> {
        fn visit(c: &Compiler<'_, '_>, r: &Region, used: &mut Set, defined: &mut Set) -> Result<(), Fault> {
            let note = |v: &ValueId, set: &mut Set| {
                c.slot(*v).map(|s| {
                    if !s.scalar {
                        set.insert(s.at)
                    }
                })
            };
            r.params.iter().try_for_each(|v| note(v, defined))?;
            for inst in &r.body {
                inst.args.iter().try_for_each(|v| note(v, used))?;
                inst.results.iter().try_for_each(|v| note(v, defined))?;
                inst.regions().into_iter().try_for_each(|r| visit(c, r, used, defined))?;
            }
            r.results.iter().try_for_each(|v| note(v, used))
        }
        let (mut used, mut defined) = (Set::new(self.func.values.len()), Set::new(self.func.values.len()));
        regions.iter().try_for_each(|r| visit(self, r, &mut used, &mut defined))?;
        used.0.iter_mut().zip(&defined.0).for_each(|(u, d)| *u &= !d);
        Ok(used)
    }

    fn repeat(
        &mut self,
        inst: &'m Inst,
        init: &[ValueId],
        body: &'m Region,
        live: &mut Set,
    ) -> Result<Loop<'m>, Fault> {
        let body = self.block(body, &mut live.clone())?;
        let outs = self.slots(&inst.results)?;
        let init = self.uses(init, live)?;
        let carried = body.params.len() - usize::from(matches!(inst.op, Op::For { .. }));
        if body.results.len() != carried || outs.len() != carried || init.len() != carried {
            return Err(internal("loop-carried values do not agree in number"));
        }
        let first = body.params.len() - carried;
        let crossed = body
            .results
            .iter()
            .enumerate()
            .any(|(i, r)| body.params[first..].iter().enumerate().any(|(j, p)| i != j && r.slot == *p));
        Ok(Loop { init, body, crossed, outs })
    }

    fn margin(&mut self, c: ValueId, span: Option<Span>) -> Option<Margin> {
        let def = (*self.defs.get(c.0 as usize)?)?;
        let Op::Binary(Binary::Lt | Binary::Le | Binary::Gt | Binary::Ge | Binary::Eq | Binary::Ne) = def.op else {
            return None;
        };
        let [a, b] = def.args.as_slice() else { return None };
        let ty = &self.func.values.get(a.0 as usize)?.ty;
        if self.is_kernel || !ty.dtype.is_float() || !ty.shape.is_empty() {
            return None;
        }
        self.margins.push(span.or(def.span));
        Some(Margin { id: self.margins.len() - 1, a: a.0, b: b.0, single: ty.dtype == DType::Float32 })
    }

    /// Pushes the nodes of an instruction in reverse order.
    fn inst(&mut self, inst: &'m Inst, live: &mut Set, nodes: &mut Vec<Node<'m>>) -> Result<(), Fault> {
        let outs = self.slots(&inst.results)?;
        let mut dead: Vec<u32> = outs.iter().filter(|s| !s.scalar && !live.has(s.at)).map(|s| s.at).collect();
        outs.iter().for_each(|s| live.remove(s.at));
        let bad = || internal(format!("malformed {:?}", inst.op));
        let node = match &inst.op {
            Op::For { step, body } => {
                let (bounds, init) = inst.args.split_at_checked(2).ok_or_else(bad)?;
                let used = self.captured(&[body])?;
                dead.extend(used.minus(live));
                live.join(&used);
                let repeat = self.repeat(inst, init, body, live)?;
                if *step == 0 {
                    return Err(bad());
                }
                Node::For { lo: bounds[0].0, hi: bounds[1].0, step: *step, repeat: Box::new(repeat) }
            }
            Op::While { cond, body } => {
                let used = self.captured(&[cond, body])?;
                dead.extend(used.minus(live));
                live.join(&used);
                let test = self.block(cond, &mut live.clone())?;
                let repeat = self.repeat(inst, &inst.args, body, live)?;
                if test.params.len() != inst.args.len() || test.results.len() != 1 || !test.results[0].slot.scalar {
                    return Err(bad());
                }
                let margin = self.margin(cond.results[0], inst.span);
                Node::While { cond: Box::new(test), margin, repeat: Box::new(repeat) }
            }
            Op::If { then, otherwise } => {
                let [c] = inst.args.as_slice() else { return Err(bad()) };
                let (mut lt, mut le) = (live.clone(), live.clone());
                let mut a = self.block(then, &mut lt)?;
                let mut b = self.block(otherwise, &mut le)?;
                if a.results.len() != outs.len() || b.results.len() != outs.len() {
                    return Err(bad());
                }
                // what only the other branch needs is dead here
                for (block, kill) in [(&mut a, le.minus(&lt)), (&mut b, lt.minus(&le))] {
                    if !kill.is_empty() {
                        block.nodes.insert(0, Node::Kill(kill));
                    }
                }
                live.join(&lt);
                live.join(&le);
                let margin = self.margin(*c, inst.span);
                Node::If { c: c.0, margin, then: Box::new(a), otherwise: Box::new(b), outs }
            }
            _ => self.leaf(inst, &outs, live, &mut dead)?,
        };
        if !dead.is_empty() {
            nodes.push(Node::Kill(dead.into()));
        }
        nodes.push(node);
        Ok(())
    }

    fn leaf(&mut self, inst: &'m Inst, outs: &[Slot], live: &mut Set, dead: &mut Vec<u32>) -> Result<Node<'m>, Fault> {
        let args = self.slots(&inst.args)?;
        let dtype = |s: &Slot| self.func.values[s.at as usize].ty.dtype;
        let at: Vec<u32> = args.iter().map(|s| s.at).collect();
        // operands that end here; the first is handed over to operations that can change it in place
        let consumes = matches!(
            inst.op,
            Op::Insert | Op::InsertSlice { .. } | Op::Scatter { .. } | Op::Reshape | Op::Scan { .. } | Op::Sort
        );
        let mut take = false;
        for (k, s) in args.iter().enumerate() {
            if s.scalar || live.has(s.at) {
                continue;
            }
            live.insert(s.at);
            if k == 0 && consumes && !at[1..].contains(&s.at) {
                take = true;
            } else {
                dead.push(s.at);
            }
        }
        let rounds = match &inst.op {
            Op::Unary(op) => args.first().zip(outs.first()).is_some_and(|(a, o)| rounds_unary(*op, dtype(a), dtype(o))),
            Op::Binary(op) => args.first().is_some_and(|a| rounds_binary(*op, dtype(a))),
            Op::Kernel(f) => self.rounding.get(f.0 as usize).copied().unwrap_or(false),
            _ => false,
        };
        self.rounds |= rounds;
        let noisy = self.noisy && rounds;
        let scalars = args.iter().chain(outs).all(|s| s.scalar);
        let undefined = || internal(format!("{:?} is not defined for its operands", inst.op));
        let node = match (&inst.op, at.as_slice(), outs) {
            (Op::Const(s), [], [o]) if o.scalar => Node::Const { cell: (*s).into(), out: o.at },
            (Op::Dim(dim), [], [o]) if o.scalar => Node::Dim { dim, out: o.at },
            (Op::Check(fault), [c], []) if scalars => Node::Check { c: *c, fault },
            (Op::Unary(op), [a], [o]) if scalars => {
                let (from, to) = (dtype(&args[0]), dtype(o));
                let f = unary(*op, from, to, ToCell).ok_or_else(undefined)?;
                match noisy {
                    true => Node::NoisyUnary { op: *op, from, to, f, a: *a, out: o.at, loose: self.loose(inst) },
                    false => Node::Unary { f, a: *a, out: o.at },
                }
            }
            (Op::Binary(op), [a, b], [o]) if scalars => {
                let d = dtype(&args[0]);
                if dtype(&args[1]) != d || dtype(o) != super::elementwise::binary_result(*op, d) {
                    return Err(undefined());
                }
                let (a, b, out) = (*a, *b, o.at);
                match op {
                    Binary::AddChecked | Binary::SubChecked | Binary::MulChecked if d == DType::Int64 => {
                        Node::Checked { op: *op, a, b, out }
                    }
                    _ if noisy => Node::NoisyBinary { op: *op, dtype: d, a, b, out, loose: self.loose(inst) },
                    _ => Node::Binary { f: binary(*op, d, ToCell).ok_or_else(undefined)?, a, b, out },
                }
            }
            (Op::Select, [c, a, b], [o]) if scalars => Node::Select { c: *c, a: *a, b: *b, out: o.at },
            (Op::Extract, [x, index @ ..], [o]) if !args[0].scalar && o.scalar => {
                Node::Extract { x: *x, index: index.into(), out: o.at }
            }
            (Op::Insert, [x, v, index @ ..], [o]) if !args[0].scalar && args[1].scalar && !o.scalar => {
                if dtype(&args[0]) != dtype(&args[1]) {
                    return Err(undefined());
                }
                Node::Insert { x: *x, take, v: *v, index: index.into(), out: o.at }
            }
            (Op::Kernel(f), _, _) => {
                let kernel = self.kernels.get(f.0 as usize).ok_or_else(undefined)?;
                let fits = kernel.body.params.len() == at.len()
                    && kernel.body.results.len() == outs.len()
                    && !(self.is_kernel && self.rounding.len() <= f.0 as usize);
                match fits {
                    false => return Err(undefined()),
                    true if scalars => {
                        Node::Call { func: f.0 as usize, args: at.into(), outs: outs.iter().map(|s| s.at).collect() }
                    }
                    true => self.tensor_node(inst, &args, outs, false),
                }
            }
            _ => self.tensor_node(inst, &args, outs, take),
        };
        Ok(node)
    }

    /// Whether order or form of the arithmetic of an instruction is stated nowhere.
    fn loose(&self, inst: &Inst) -> bool {
        let library = |v: &ValueId| self.func.values.get(v.0 as usize).is_some_and(|v| v.library);
        matches!(inst.op, Op::MatMul | Op::Reduce { .. } | Op::Fir { .. } | Op::Sosfilt)
            || inst.results.iter().any(library)
    }

    fn bounds(&self, d: &Dim) -> Vec<Bounded<'m>> {
        let mut out = Vec::new();
        let func = self.func;
        d.for_each_value(&mut |value| {
            if let Some((low, high)) = func.bounds.get(&value) {
                out.push(Bounded { value, low: low.as_ref(), high: high.as_ref() });
            }
        });
        out
    }

    fn tensor_node(&self, inst: &'m Inst, args: &[Slot], outs: &[Slot], take: bool) -> Node<'m> {
        let ty = |s: &Slot| &self.func.values[s.at as usize].ty;
        Node::Tensor(Box::new(TensorNode {
            inst,
            loose: self.loose(inst),
            args: args.iter().enumerate().map(|(k, s)| (Use { slot: *s, take: take && k == 0 }, ty(s).dtype)).collect(),
            outs: outs
                .iter()
                .map(|s| {
                    let extent = |d: &'m Dim| match d.as_const().and_then(|c| usize::try_from(c).ok()) {
                        Some(c) => Extent::Const(c),
                        None => Extent::Expr(d, self.bounds(d)),
                    };
                    (*s, ty(s).dtype, ty(s).shape.iter().map(extent).collect())
                })
                .collect(),
        }))
    }
}

/// The value of a dimension, overflow detected; `leaf` gives lengths and run-time values.
pub(crate) fn dim_value(d: &Dim, leaf: &impl Fn(&Atom) -> Result<i64, Fault>) -> Result<i64, Fault> {
    fn atom(a: &Atom, leaf: &impl Fn(&Atom) -> Result<i64, Fault>) -> Result<i64, Fault> {
        match a {
            Atom::Length(_) | Atom::Value(_) => leaf(a),
            Atom::Div(d, k) if *k > 0 => Ok(dim_value(d, leaf)?.div_euclid(*k)),
            Atom::Div(..) => Err(internal("division of a dimension by a non-positive constant")),
            Atom::Product(v) => v.iter().try_fold(1i64, |acc, a| acc.checked_mul(atom(a, leaf)?).ok_or_else(too_large)),
            Atom::Max(a, b) => Ok(dim_value(a, leaf)?.max(dim_value(b, leaf)?)),
            Atom::Min(a, b) => Ok(dim_value(a, leaf)?.min(dim_value(b, leaf)?)),
        }
    }
    d.terms.iter().try_fold(d.constant, |acc, (a, c)| {
        atom(a, leaf)?.checked_mul(*c).and_then(|t| acc.checked_add(t)).ok_or_else(too_large)
    })
}

fn too_large() -> Fault {
    Fault { exception: "OverflowError".into(), message: "an extent does not fit in 64 bits".into() }
}
