//! Arrays as cells and views: reading what a view shows, storing through it, and the same on known contents.

use super::eval::{Eval, R};
use super::state::{Cell, Content};
use super::value::{ArrayRef, AxisItem, NdArray, ViewStep};
use crate::dtype::DType;
use crate::hir::{Binary, Dim, Op, Type, Unary, ValueId};
use std::rc::Rc;

impl Eval<'_> {
    /// The contents of the array's cell as a HIR value.
    fn read_cell(&mut self, a: &ArrayRef) -> R<ValueId> {
        match self.heap.get(a.cell) {
            Cell::Array { content: Content::Dyn(v), .. } => Ok(*v),
            Cell::Array { content: Content::Static(n), .. } => {
                let n = n.clone();
                let text = self.source_text();
                self.table(&n, &text)
            }
            _ => self.refuse("PM0999", "internal error: not an array cell"),
        }
    }
    /// The elements seen through the view, as a HIR value.
    pub fn read_array(&mut self, a: &ArrayRef) -> R<ValueId> {
        if let Some(n) = self.static_array(a) {
            let text = self.source_text();
            return self.table(&n, &text);
        }
        let mut v = self.read_cell(a)?;
        for step in a.view.iter() {
            v = self.apply_step(v, step)?;
        }
        self.note_order(a, v);
        Ok(v)
    }
    /// One view step as instructions.
    pub fn apply_step(&mut self, v: ValueId, step: &ViewStep) -> R<ValueId> {
        let ty = self.ty(v);
        match step {
            ViewStep::Index(items) => {
                let (starts, steps, seen, lens) = self.slice_operands(items)?;
                if seen.is_empty() {
                    let mut args = vec![v];
                    args.extend(starts);
                    return self.extract(args, ty.dtype);
                }
                let mut args = vec![v];
                args.extend(starts);
                let whole = Type { dtype: ty.dtype, shape: lens };
                let out = self.emit(Op::Slice { steps }, args, whole)?;
                self.reshape_to(out, seen)
            }
            ViewStep::Reshape(shape) => self.reshape_to(v, shape.clone()),
            ViewStep::Transpose(perm) => {
                let shape = perm.iter().map(|p| ty.shape[*p].clone()).collect();
                self.emit(Op::Transpose(perm.clone()), vec![v], Type { dtype: ty.dtype, shape })
            }
            ViewStep::Real | ViewStep::Imag => {
                let op = if *step == ViewStep::Real { Unary::Real } else { Unary::Imag };
                self.emit(Op::Unary(op), vec![v], Type { dtype: ty.dtype.real(), shape: ty.shape })
            }
            ViewStep::Broadcast(shape) => self.broadcast_to(v, shape),
        }
    }
    /// An element load; small unsigned and signed types keep their range.
    pub fn extract(&mut self, args: Vec<ValueId>, dtype: DType) -> R<ValueId> {
        let out = self.emit(Op::Extract, args, Type::scalar(dtype))?;
        if let Some(r) = dtype.int_range()
            && dtype != DType::Uint64
        {
            self.set_range(out, r);
        }
        Ok(out)
    }
    /// Starts, steps, the shape seen (dropped axes left out) and the slice's extents (dropped axes are 1).
    #[allow(clippy::type_complexity, reason = "four parallel lists of one indexing step")]
    fn slice_operands(&mut self, items: &[AxisItem]) -> R<(Vec<ValueId>, Vec<i64>, Vec<Dim>, Vec<Dim>)> {
        let (mut starts, mut steps, mut seen, mut lens) = (vec![], vec![], vec![], vec![]);
        for item in items {
            match item {
                AxisItem::At(d) => {
                    starts.push(self.dim_value(d)?);
                    steps.push(1);
                    lens.push(Dim::from(1i64));
                }
                AxisItem::Range { start, step, len } => {
                    starts.push(self.dim_value(start)?);
                    steps.push(*step);
                    seen.push(len.clone());
                    lens.push(len.clone());
                }
            }
        }
        Ok((starts, steps, seen, lens))
    }
    /// Reshape unless the shape is already so.
    pub fn reshape_to(&mut self, v: ValueId, shape: Vec<Dim>) -> R<ValueId> {
        let ty = self.ty(v);
        if ty.shape == shape {
            return Ok(v);
        }
        self.emit(Op::Reshape, vec![v], Type { dtype: ty.dtype, shape })
    }
    /// Broadcast unless the shape is already so.
    pub fn broadcast_to(&mut self, v: ValueId, shape: &[Dim]) -> R<ValueId> {
        let ty = self.ty(v);
        if ty.shape == shape {
            return Ok(v);
        }
        self.emit(Op::Broadcast, vec![v], Type { dtype: ty.dtype, shape: shape.to_vec() })
    }

    /// Replaces the contents of a cell.
    fn write_cell(&mut self, a: &ArrayRef, v: ValueId) -> R<()> {
        match self.heap.get_mut(a.cell) {
            Cell::Array { content, .. } => {
                *content = Content::Dyn(v);
                Ok(())
            }
            _ => self.refuse("PM0999", "internal error: not an array cell"),
        }
    }
    /// Refuses stores that another name might or might not see.
    pub fn check_writable(&mut self, a: &ArrayRef) -> R<()> {
        if let Cell::Array { frozen: true, .. } = self.heap.get(a.cell) {
            return self.refuse_help(
                "PM0131",
                "this stores into an array that may or may not share its memory with another one: that depends on data or on how they lie in memory",
                "take a `.copy()` where the variable is assigned",
            );
        }
        if a.view.iter().any(|s| matches!(s, ViewStep::Broadcast(_))) {
            return self.raise("ValueError", "assignment destination is read-only");
        }
        self.check_apart(a)
    }
    /// Stores a HIR value of the view's own shape and type through the view.
    pub fn write_array(&mut self, a: &ArrayRef, v: ValueId) -> R<()> {
        self.check_writable(a)?;
        let new = if a.view.is_empty() {
            v
        } else {
            let base = self.read_cell(a)?;
            self.put(base, &a.view.clone(), v)?
        };
        self.write_cell(a, new)
    }
    /// The base with what the view shows replaced.
    fn put(&mut self, base: ValueId, steps: &[ViewStep], v: ValueId) -> R<ValueId> {
        let Some((step, rest)) = steps.split_first() else { return Ok(v) };
        let ty = self.ty(base);
        let v = if rest.is_empty() {
            v
        } else {
            let inner = self.apply_step(base, step)?;
            self.put(inner, rest, v)?
        };
        match step {
            ViewStep::Index(items) => {
                let (starts, steps, seen, lens) = self.slice_operands(items)?;
                if seen.is_empty() {
                    let mut args = vec![base, v];
                    args.extend(starts);
                    return self.emit(Op::Insert, args, ty);
                }
                let v = self.reshape_to(v, lens)?;
                let mut args = vec![base, v];
                args.extend(starts);
                self.emit(Op::InsertSlice { steps }, args, ty)
            }
            ViewStep::Reshape(_) => self.reshape_to(v, ty.shape),
            ViewStep::Transpose(perm) => {
                let mut inverse = vec![0; perm.len()];
                for (k, p) in perm.iter().enumerate() {
                    inverse[*p] = k;
                }
                self.emit(Op::Transpose(inverse), vec![v], ty)
            }
            ViewStep::Real | ViewStep::Imag => {
                let real = *step == ViewStep::Real;
                let other = if real { Unary::Imag } else { Unary::Real };
                let part = Type { dtype: ty.dtype.real(), shape: ty.shape.clone() };
                let kept = self.emit(Op::Unary(other), vec![base], part)?;
                let args = if real { vec![v, kept] } else { vec![kept, v] };
                self.emit(Op::Binary(Binary::Complex), args, ty)
            }
            ViewStep::Broadcast(_) => self.raise("ValueError", "assignment destination is read-only"),
        }
    }

    /// A further view of an array.
    pub fn view(&mut self, a: &ArrayRef, step: ViewStep) -> ArrayRef {
        let mut ty = a.ty.clone();
        match &step {
            ViewStep::Index(items) => {
                ty.shape = items
                    .iter()
                    .filter_map(|i| match i {
                        AxisItem::Range { len, .. } => Some(len.clone()),
                        AxisItem::At(_) => None,
                    })
                    .collect();
            }
            ViewStep::Reshape(s) | ViewStep::Broadcast(s) => {
                if *s == ty.shape {
                    return a.clone();
                }
                ty.shape = s.clone();
            }
            ViewStep::Transpose(perm) => ty.shape = perm.iter().map(|p| a.ty.shape[*p].clone()).collect(),
            ViewStep::Real | ViewStep::Imag => ty.dtype = ty.dtype.real(),
        }
        let mut steps = (*a.view).clone();
        match (steps.last(), &step) {
            (Some(ViewStep::Index(inner)), ViewStep::Index(outer)) => {
                let joined = compose(inner, outer);
                steps.pop();
                steps.push(ViewStep::Index(joined));
            }
            (Some(ViewStep::Transpose(inner)), ViewStep::Transpose(outer)) => {
                let joined = outer.iter().map(|p| inner[*p]).collect();
                steps.pop();
                steps.push(ViewStep::Transpose(joined));
            }
            (Some(ViewStep::Reshape(_)), ViewStep::Reshape(_)) => {
                steps.pop();
                steps.push(step);
            }
            _ => steps.push(step),
        }
        ArrayRef { cell: a.cell, view: Rc::new(steps), ty }
    }

    // ---- known contents ----

    /// The elements seen, when they are known.
    pub fn static_array(&self, a: &ArrayRef) -> Option<Rc<NdArray>> {
        let Cell::Array { content: Content::Static(n), .. } = self.heap.get(a.cell) else { return None };
        if a.view.is_empty() {
            return Some(n.clone());
        }
        let mut n = (**n).clone();
        for step in a.view.iter() {
            n = static_step(&n, step)?;
        }
        Some(Rc::new(n))
    }
    /// Stores a known constant at known indices of a known array; false when something is not known.
    pub fn static_store(&mut self, a: &ArrayRef, value: &NdArray) -> R<bool> {
        self.check_writable(a)?;
        let Cell::Array { content: Content::Static(n), .. } = self.heap.get_mut(a.cell) else { return Ok(false) };
        // positions of the cell's elements, seen through the same view
        let size = n.size();
        if a.view.len() == 1
            && let ViewStep::Index(items) = &a.view[0]
        {
            let Some(at) = flat_positions(items, &n.shape) else { return Ok(false) };
            if at.len() != value.size() {
                return Ok(false);
            }
            let s = n.dtype.size();
            let target = Rc::make_mut(n);
            for (k, p) in at.into_iter().enumerate() {
                target.data[p * s..(p + 1) * s].copy_from_slice(&value.data[k * s..(k + 1) * s]);
            }
            return Ok(true);
        }
        let mut positions = NdArray {
            dtype: DType::Int64,
            shape: n.shape.clone(),
            data: (0..size as i64).flat_map(i64::to_le_bytes).collect(),
        };
        for step in a.view.iter() {
            if matches!(step, ViewStep::Real | ViewStep::Imag | ViewStep::Broadcast(_)) {
                return Ok(false);
            }
            match static_step(&positions, step) {
                Some(p) => positions = p,
                None => return Ok(false),
            }
        }
        if positions.size() != value.size() {
            return Ok(false);
        }
        let s = n.dtype.size();
        let target = Rc::make_mut(n);
        for k in 0..positions.size() {
            let p = positions.get(k).re as usize;
            target.data[p * s..(p + 1) * s].copy_from_slice(&value.data[k * s..(k + 1) * s]);
        }
        Ok(true)
    }
}

/// `x[inner][outer]` as one indexing step.
fn compose(inner: &[AxisItem], outer: &[AxisItem]) -> Vec<AxisItem> {
    let mut rest = outer.iter();
    inner
        .iter()
        .map(|item| match item {
            AxisItem::At(d) => AxisItem::At(d.clone()),
            AxisItem::Range { start, step, .. } => match rest.next() {
                Some(AxisItem::At(d)) => AxisItem::At(start.add(&d.scale(*step))),
                Some(AxisItem::Range { start: s, step: t, len }) => {
                    AxisItem::Range { start: start.add(&s.scale(*step)), step: step * t, len: len.clone() }
                }
                None => item.clone(),
            },
        })
        .collect()
}

/// Flat positions of an indexing step of constants, in C order.
fn flat_positions(items: &[AxisItem], shape: &[usize]) -> Option<Vec<usize>> {
    let mut out = vec![0i64];
    for (item, n) in items.iter().zip(shape) {
        let (start, step, len) = match item {
            AxisItem::At(d) => (d.as_const()?, 1, 1),
            AxisItem::Range { start, step, len } => (start.as_const()?, *step, len.as_const()?),
        };
        let mut next = Vec::with_capacity(out.len() * usize::try_from(len).ok()?);
        for base in &out {
            for k in 0..len {
                let i = start + k * step;
                if i < 0 || i >= *n as i64 {
                    return None;
                }
                next.push(base * *n as i64 + i);
            }
        }
        out = next;
    }
    Some(out.into_iter().map(|p| p as usize).collect())
}

fn const_shape(shape: &[Dim]) -> Option<Vec<usize>> {
    shape.iter().map(|d| d.as_const().and_then(|c| usize::try_from(c).ok())).collect()
}

/// One view step on known contents.
pub fn static_step(n: &NdArray, step: &ViewStep) -> Option<NdArray> {
    let s = n.dtype.size();
    let pick = |shape: Vec<usize>, at: &[usize]| NdArray {
        dtype: n.dtype,
        shape,
        data: at.iter().flat_map(|p| n.data[p * s..(p + 1) * s].iter().copied()).collect(),
    };
    match step {
        ViewStep::Index(items) => {
            let at = flat_positions(items, &n.shape)?;
            let shape = items
                .iter()
                .filter_map(|i| match i {
                    AxisItem::Range { len, .. } => Some(len.as_const().map(|c| c as usize)),
                    AxisItem::At(_) => None,
                })
                .collect::<Option<Vec<_>>>()?;
            Some(pick(shape, &at))
        }
        ViewStep::Reshape(shape) => {
            let shape = const_shape(shape)?;
            Some(NdArray { dtype: n.dtype, shape, data: n.data.clone() })
        }
        ViewStep::Transpose(perm) => {
            let shape: Vec<usize> = perm.iter().map(|p| n.shape[*p]).collect();
            let mut strides = vec![1usize; n.shape.len()];
            for k in (0..n.shape.len().saturating_sub(1)).rev() {
                strides[k] = strides[k + 1] * n.shape[k + 1];
            }
            let at = walk(&shape, &perm.iter().map(|p| strides[*p]).collect::<Vec<_>>());
            Some(pick(shape, &at))
        }
        ViewStep::Broadcast(shape) => {
            let shape = const_shape(shape)?;
            let lead = shape.len().checked_sub(n.shape.len())?;
            let mut strides = vec![0usize; shape.len()];
            let mut acc = 1;
            for k in (0..n.shape.len()).rev() {
                strides[lead + k] = if n.shape[k] == 1 { 0 } else { acc };
                acc *= n.shape[k];
            }
            let at = walk(&shape, &strides);
            Some(pick(shape, &at))
        }
        ViewStep::Real | ViewStep::Imag => {
            if !n.dtype.is_complex() {
                return None;
            }
            let h = s / 2;
            let off = if *step == ViewStep::Real { 0 } else { h };
            let data = n.data.chunks(s).flat_map(|c| c[off..off + h].iter().copied()).collect();
            Some(NdArray { dtype: n.dtype.real(), shape: n.shape.clone(), data })
        }
    }
}

/// Flat positions visited in C order over `shape` with the given strides.
fn walk(shape: &[usize], strides: &[usize]) -> Vec<usize> {
    let mut out = vec![0usize];
    for (n, st) in shape.iter().zip(strides) {
        out = out.iter().flat_map(|b| (0..*n).map(move |k| b + k * st)).collect();
    }
    out
}
