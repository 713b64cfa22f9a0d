//! Lists whose length the program computes: storage, growth, append.

use super::eval::{Eval, R};
use super::state::{Cell, DynList};
use super::value::{CellId, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, ValueId};

impl<'a> Eval<'a> {
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
