//! Execution of compiled functions.

use super::compile::{Block, Code, Extent, Loop, Margin, Node, Slot, TensorNode, Use, dim_value};
use super::elementwise::{checked, overflow, rounded_binary, rounded_unary};
use super::eval::{Env, apply};
use super::perturb::Noise;
use super::tensor::{Cell, Elem, Tensor, offset};
use super::{Fault, STEP_LIMIT, STOPPED, internal};
use crate::hir::{Atom, Dim, Op};
use std::sync::atomic::{AtomicBool, Ordering};

/// Most elements of a tensor: what a mistake asks for ends in a fault, not in the process being killed.
const LARGEST: usize = 1 << 30;

/// Values of one activation, scalars and tensors apart.
#[derive(Default)]
pub(crate) struct Frame {
    pub(crate) cells: Vec<Cell>,
    pub(crate) tensors: Vec<Option<Tensor>>,
}

impl Frame {
    pub(crate) fn new(values: usize) -> Frame {
        Frame { cells: vec![Cell::default(); values], tensors: vec![None; values] }
    }
    fn int(&self, at: u32) -> i64 {
        self.cells[at as usize].re as i64
    }
    fn tensor(&mut self, u: Use) -> Result<Tensor, Fault> {
        let slot = &mut self.tensors[u.slot.at as usize];
        if u.take { slot.take() } else { slot.clone() }.ok_or_else(|| missing(u.slot.at))
    }
    /// Copies or moves a value to another slot.
    fn pass(&mut self, from: Use, to: Slot) -> Result<(), Fault> {
        match (from.slot.scalar, to.scalar) {
            (true, true) => self.cells[to.at as usize] = self.cells[from.slot.at as usize],
            (false, false) => self.tensors[to.at as usize] = Some(self.tensor(from)?),
            _ => return Err(internal("a scalar where a tensor is due, or the reverse")),
        }
        Ok(())
    }
}

fn missing(at: u32) -> Fault {
    internal(format!("%{at} is used before it is defined"))
}

/// One run of an entry.
pub(crate) struct Exec<'a, 'm> {
    pub(crate) kernels: &'a [Code<'m>],
    pub(crate) tables: &'a [Tensor],
    pub(crate) lengths: &'a [Option<i64>],
    pub(crate) fma: bool,
    pub(crate) noise: Option<Noise>,
    pub(crate) steps: u64,
    pub(crate) limit: u64,
    /// Steps at which limit and flag are looked at next: seldom, for this is the inner loop.
    pub(crate) look_at: u64,
    pub(crate) stop: Option<&'a AtomicBool>,
    /// Frames of kernels, kept between calls of them.
    pub(crate) frames: Vec<Frame>,
    /// Smallest relative margin of each branch, infinite before it is reached.
    pub(crate) margins: Vec<f64>,
}

impl<'m> Exec<'_, 'm> {
    pub(crate) fn dim(&self, d: &Dim, f: &Frame) -> Result<i64, Fault> {
        dim_value(d, &|a| match a {
            Atom::Length(l) => self
                .lengths
                .get(l.0 as usize)
                .copied()
                .flatten()
                .ok_or_else(|| internal(format!("length ${} is not known", l.0))),
            Atom::Value(v) => f.cells.get(v.0 as usize).map(|c| c.re as i64).ok_or_else(|| internal("no such value")),
            _ => Err(internal("not a leaf")),
        })
    }

    fn extent(&self, e: &Extent<'_>, f: &Frame) -> Result<usize, Fault> {
        let (d, bounds) = match e {
            Extent::Const(c) => return Ok(*c),
            Extent::Expr(d, bounds) => (*d, bounds),
        };
        for b in bounds {
            let v = f.int(b.value.0);
            let low = b.low.map(|d| self.dim(d, f)).transpose()?;
            let high = b.high.map(|d| self.dim(d, f)).transpose()?;
            if low.is_some_and(|low| v < low) || high.is_some_and(|high| v > high) {
                return Err(internal(format!("%{} is {v}, outside its bounds {low:?} to {high:?}", b.value.0)));
            }
        }
        let v = self.dim(d, f)?;
        usize::try_from(v).map_err(|_| internal(format!("extent {d} is {v}")))
    }

    /// Extents of a result, refused when it would have more than [`LARGEST`] elements.
    fn extents(&self, shape: &[Extent<'_>], f: &Frame) -> Result<Vec<usize>, Fault> {
        let shape = shape.iter().map(|e| self.extent(e, f)).collect::<Result<Vec<usize>, Fault>>()?;
        match shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)) {
            Some(n) if n <= LARGEST => Ok(shape),
            _ => Err(Fault { exception: "MemoryError".into(), message: format!("an array of extents {shape:?}") }),
        }
    }

    fn note(&mut self, m: Margin, f: &Frame) {
        let (a, b) = (f.cells[m.a as usize], f.cells[m.b as usize]);
        let (a, b) = match m.single {
            true => (f64::from(f32::from_cell(a)), f64::from(f32::from_cell(b))),
            false => (f64::from_cell(a), f64::from_cell(b)),
        };
        let scale = a.abs().max(b.abs());
        let margin = if a == b { 0.0 } else { (a - b).abs() / scale };
        let least = &mut self.margins[m.id];
        if margin < *least {
            *least = margin;
        }
    }

    #[cold]
    fn look(&mut self) -> Result<(), Fault> {
        const SELDOM: u64 = 1 << 16;
        if self.steps > self.limit {
            return Err(Fault { exception: STEP_LIMIT.into(), message: format!("more than {} steps", self.limit) });
        }
        if self.stop.is_some_and(|s| s.load(Ordering::Relaxed)) {
            return Err(Fault { exception: STOPPED.into(), message: "stopped from outside".into() });
        }
        self.look_at = self.limit.min(self.steps + SELDOM);
        Ok(())
    }

    pub(crate) fn block(&mut self, b: &Block<'m>, f: &mut Frame) -> Result<(), Fault> {
        self.steps += b.nodes.len() as u64 + 1;
        if self.steps > self.look_at {
            self.look()?;
        }
        for node in &b.nodes {
            match node {
                Node::Const { cell, out } => f.cells[*out as usize] = *cell,
                Node::Unary { f: op, a, out } => f.cells[*out as usize] = op(f.cells[*a as usize]),
                Node::Binary { f: op, a, b, out } => {
                    f.cells[*out as usize] = op(f.cells[*a as usize], f.cells[*b as usize]);
                }
                Node::Select { c, a, b, out } => {
                    let from = if f.cells[*c as usize].re != 0 { a } else { b };
                    f.cells[*out as usize] = f.cells[*from as usize];
                }
                Node::Extract { x, index, out } => {
                    let t = f.tensors[*x as usize].as_ref().ok_or_else(|| missing(*x))?;
                    let at = position(t, index, f)?;
                    f.cells[*out as usize] = t.cell_at(at).ok_or_else(|| internal("element out of range"))?;
                }
                Node::Insert { x, take, v, index, out } => {
                    let at = position(f.tensors[*x as usize].as_ref().ok_or_else(|| missing(*x))?, index, f)?;
                    let mut t = f.tensor(Use { slot: Slot { at: *x, scalar: false }, take: *take })?;
                    t.set_cell(at, f.cells[*v as usize]);
                    f.tensors[*out as usize] = Some(t);
                }
                Node::Checked { op, a, b, out } => {
                    let v = checked(*op, f.int(*a), f.int(*b)).ok_or_else(overflow)?;
                    f.cells[*out as usize] = v.cell();
                }
                Node::Call { func, args, outs } => self.call(*func, args, outs, f)?,
                Node::Kill(slots) => slots.iter().for_each(|s| f.tensors[*s as usize] = None),
                Node::Check { c, fault } => {
                    if f.cells[*c as usize].re == 0 {
                        return Err((*fault).clone());
                    }
                }
                Node::Dim { dim, out } => f.cells[*out as usize] = self.dim(dim, f)?.cell(),
                Node::NoisyUnary { op, from, to, f: nearest, a, out, loose } => {
                    let a = f.cells[*a as usize];
                    let plain = nearest(a);
                    f.cells[*out as usize] = match &mut self.noise {
                        Some(noise) => {
                            noise.loose = *loose;
                            rounded_unary(*op, *from, *to, a, plain, noise)
                        }
                        None => plain,
                    };
                }
                Node::NoisyBinary { op, dtype, a, b, out, loose } => {
                    let (a, b) = (f.cells[*a as usize], f.cells[*b as usize]);
                    let noise = self.noise.as_mut().ok_or_else(|| internal("no source of noise"))?;
                    noise.loose = *loose;
                    f.cells[*out as usize] = rounded_binary(*op, *dtype, a, b, noise);
                }
                Node::Tensor(node) => self.tensor(node, f)?,
                Node::If { c, margin, then, otherwise, outs } => {
                    if let Some(m) = margin {
                        self.note(*m, f);
                    }
                    let branch = if f.cells[*c as usize].re != 0 { then } else { otherwise };
                    self.block(branch, f)?;
                    for (from, to) in branch.results.iter().zip(outs) {
                        f.pass(*from, *to)?;
                    }
                }
                Node::For { lo, hi, step, repeat } => {
                    let (mut i, hi) = (f.int(*lo), f.int(*hi));
                    let Some((counter, carried)) = repeat.body.params.split_first() else {
                        return Err(internal("a loop body without a counter"));
                    };
                    for (from, to) in repeat.init.iter().zip(carried) {
                        f.pass(*from, *to)?;
                    }
                    while if *step > 0 { i < hi } else { i > hi } {
                        f.cells[counter.at as usize] = i.cell();
                        self.block(&repeat.body, f)?;
                        carry(repeat, carried, f)?;
                        match i.checked_add(*step) {
                            Some(next) => i = next,
                            None => break, // beyond every bound
                        }
                    }
                    finish(repeat, carried, f)?;
                }
                Node::While { cond, margin, repeat } => {
                    let carried = &repeat.body.params;
                    for (from, to) in repeat.init.iter().zip(carried) {
                        f.pass(*from, *to)?;
                    }
                    loop {
                        for (from, to) in carried.iter().zip(&cond.params) {
                            f.pass(Use { slot: *from, take: false }, *to)?;
                        }
                        self.block(cond, f)?;
                        if let Some(m) = margin {
                            self.note(*m, f);
                        }
                        if f.cells[cond.results[0].slot.at as usize].re == 0 {
                            break;
                        }
                        self.block(&repeat.body, f)?;
                        carry(repeat, carried, f)?;
                    }
                    finish(repeat, carried, f)?;
                }
            }
        }
        Ok(())
    }

    /// The frame of a kernel, made when it is first called.
    fn frame(&mut self, func: usize) -> Frame {
        let frame = std::mem::take(&mut self.frames[func]);
        let values = self.kernels[func].func.values.len();
        if frame.cells.len() == values { frame } else { Frame::new(values) }
    }

    /// A kernel on scalars.
    fn call(&mut self, func: usize, args: &[u32], outs: &[u32], f: &mut Frame) -> Result<(), Fault> {
        let kernels = self.kernels;
        let code = kernels.get(func).ok_or_else(|| internal("kernel called before it is defined"))?;
        let mut inner = self.frame(func);
        for (from, to) in args.iter().zip(&code.body.params) {
            inner.cells[to.at as usize] = f.cells[*from as usize];
        }
        let noise = self.noise.take();
        let done = self.block(&code.body, &mut inner);
        self.noise = noise;
        for (from, to) in code.body.results.iter().zip(outs) {
            f.cells[*to as usize] = self.settle(code, *from, inner.cells[from.slot.at as usize]);
        }
        self.frames[func] = inner;
        done
    }

    /// A kernel's result, perturbed where that is asked for.
    fn settle(&mut self, code: &Code<'m>, result: Use, c: Cell) -> Cell {
        let Some(noise) = self.noise.as_mut().filter(|_| code.rounds) else { return c };
        use crate::dtype::DType;
        match code.func.values[result.slot.at as usize].ty.dtype {
            DType::Float32 => noise.kernel(f32::from_cell(c)).cell(),
            DType::Float64 => noise.kernel(f64::from_cell(c)).cell(),
            DType::Complex64 => {
                let part =
                    |bits: u64, noise: &mut Noise| u64::from(noise.kernel(f32::from_bits(bits as u32)).to_bits());
                Cell { re: part(c.re, noise), im: part(c.im, noise) }
            }
            DType::Complex128 => {
                let part = |bits: u64, noise: &mut Noise| noise.kernel(f64::from_bits(bits)).to_bits();
                Cell { re: part(c.re, noise), im: part(c.im, noise) }
            }
            _ => c,
        }
    }

    /// A kernel on one element of each operand.
    pub(crate) fn call_cells(&mut self, func: usize, args: &[Cell], out: &mut Vec<Cell>) -> Result<(), Fault> {
        let kernels = self.kernels;
        let code = kernels.get(func).ok_or_else(|| internal("kernel called before it is defined"))?;
        let mut inner = self.frame(func);
        for (from, to) in args.iter().zip(&code.body.params) {
            inner.cells[to.at as usize] = *from;
        }
        let noise = self.noise.take();
        let done = self.block(&code.body, &mut inner);
        self.noise = noise;
        out.clear();
        out.extend(code.body.results.iter().map(|r| inner.cells[r.slot.at as usize]));
        self.frames[func] = inner;
        done
    }

    /// Perturbs the results of a kernel on tensors.
    pub(crate) fn settle_tensor(&mut self, func: usize, result: usize, t: Tensor) -> Tensor {
        let code = &self.kernels[func];
        if self.noise.is_none() || !code.rounds || !(t.dtype.is_float() || t.dtype.is_complex()) {
            return t;
        }
        let from = code.body.results[result];
        let cells = (0..t.len()).filter_map(|i| t.cell_at(i)).collect::<Vec<Cell>>();
        let cells = cells.into_iter().map(|c| self.settle(code, from, c)).collect();
        super::elementwise::from_cells(t.dtype, t.shape, cells)
    }

    fn tensor(&mut self, node: &TensorNode<'m>, f: &mut Frame) -> Result<(), Fault> {
        let mut args = Vec::with_capacity(node.args.len());
        for (u, dtype) in &node.args {
            args.push(match u.slot.scalar {
                true => Tensor::from_cell(*dtype, f.cells[u.slot.at as usize]),
                false => f.tensor(*u)?,
            });
        }
        let kernel = match &node.inst.op {
            Op::Kernel(k) => Some(k.0 as usize),
            _ => None,
        };
        let compress = matches!(node.inst.op, Op::Compress);
        let mut types = Vec::with_capacity(node.outs.len());
        if !compress {
            for (_, dtype, shape) in &node.outs {
                types.push((*dtype, self.extents(shape, f)?));
            }
        }
        let out = match kernel {
            Some(k) => self.kernel(k, &args)?,
            None => {
                if let Some(noise) = &mut self.noise {
                    noise.loose = node.loose;
                }
                let env = Env { tables: self.tables, fma: self.fma, noise: self.noise.as_mut() };
                apply(&node.inst.op, args, &types, env)?
            }
        };
        if out.len() != node.outs.len() {
            return Err(internal(format!("{:?} yields {} results", node.inst.op, out.len())));
        }
        for (k, (t, (slot, dtype, shape))) in out.into_iter().zip(&node.outs).enumerate() {
            // the count of a `Compress` is in place before the extent of its positions is computed
            let fits = match compress {
                false => t.dtype == types[k].0 && t.shape == types[k].1,
                true => t.dtype == *dtype && self.extents(shape, f)? == t.shape,
            };
            if !fits {
                let declared = types.get(k).map_or(&[][..], |t| &t.1);
                return Err(internal(format!(
                    "{:?} yields {}{:?} where %{} is declared {dtype}{declared:?}",
                    node.inst.op, t.dtype, t.shape, slot.at
                )));
            }
            match slot.scalar {
                true => f.cells[slot.at as usize] = t.cell_at(0).unwrap_or_default(),
                false => f.tensors[slot.at as usize] = Some(t),
            }
        }
        Ok(())
    }
}

#[inline]
fn position(t: &Tensor, index: &[u32], f: &Frame) -> Result<usize, Fault> {
    if t.shape.len() != index.len() {
        return Err(internal(format!("{} indices for {} axes", index.len(), t.shape.len())));
    }
    offset(&t.shape, index.iter().map(|i| f.int(*i)))
}

/// What a body yields becomes what the next turn starts from.
fn carry(repeat: &Loop<'_>, carried: &[Slot], f: &mut Frame) -> Result<(), Fault> {
    if !repeat.crossed {
        for (from, to) in repeat.body.results.iter().zip(carried) {
            if from.slot != *to {
                f.pass(*from, *to)?;
            }
        }
        return Ok(());
    }
    let mut cells = Vec::with_capacity(carried.len());
    let mut tensors = Vec::with_capacity(carried.len());
    for from in &repeat.body.results {
        match from.slot.scalar {
            true => cells.push(f.cells[from.slot.at as usize]),
            false => tensors.push(f.tensor(*from)?),
        }
    }
    let (mut cells, mut tensors) = (cells.into_iter(), tensors.into_iter());
    for to in carried {
        match to.scalar {
            true => f.cells[to.at as usize] = cells.next().ok_or_else(|| internal("carried types differ"))?,
            false => f.tensors[to.at as usize] = Some(tensors.next().ok_or_else(|| internal("carried types differ"))?),
        }
    }
    Ok(())
}

/// What is carried becomes the results of the loop.
fn finish(repeat: &Loop<'_>, carried: &[Slot], f: &mut Frame) -> Result<(), Fault> {
    for (from, to) in carried.iter().zip(&repeat.outs) {
        f.pass(Use { slot: *from, take: !from.scalar }, *to)?;
    }
    Ok(())
}
