//! Lists whose length the program computes: storage, growth, append.

use super::eval::{Eval, R};
use super::state::{Cell, DynList};
use super::value::{CellId, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, ValueId};
use std::rc::Rc;

/// Ints up to this are exact as float64.
const EXACT: i64 = 1 << 53;

impl<'a> Eval<'a> {
    /// Turns a list of known length into one of computed length, with items like `sample`.
    pub fn make_dynamic_list(&mut self, id: CellId, sample: Option<&Value>) -> R<()> {
        let Cell::List(items) = self.heap.get(id).clone() else { return Ok(()) };
        let Some(first) = items.first().cloned().or_else(|| sample.cloned()) else {
            return self.refuse("PM0133", "an empty list whose item type is never seen is used at run time");
        };
        // ints among floats: the list's items are told apart by type in Python, so only exact agreement is taken
        let lead = sample.cloned().unwrap_or_else(|| first.clone());
        let (item, template) = self.item_kind(&lead)?;
        let dtype = item.dtype;
        let len = Dim::from(items.len());
        let capacity = len.clone();
        let mut full = vec![capacity.clone()];
        full.extend(item.shape.iter().cloned());
        let storage = if let Value::Tuple(parts, _) = &template
            && !items.is_empty()
        {
            let mut rows = Vec::with_capacity(items.len());
            for v in &items {
                let row = self.tuple_row(v, parts, dtype)?;
                rows.push(self.new_array(row));
            }
            let all = self.array_of(&Value::tuple(rows), Some(dtype))?;
            let Value::Array(a) = &all else { return self.refuse("PM0999", "internal error: not an array") };
            self.read_array(a)?
        } else if items.is_empty() {
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
    /// Type and look of the items of a list with this one: arrays, numbers, or tuples of numbers.
    pub(super) fn item_kind(&mut self, item: &Value) -> R<(Type, Value)> {
        let template = self.template(item)?;
        if let Value::Array(a) = item {
            return Ok((a.ty.clone(), template));
        }
        if let Value::Tuple(parts, _) = item {
            let types: Option<Vec<DType>> = parts.iter().map(|p| self.number_dtype(p)).collect();
            let row = types.and_then(|t| t.into_iter().reduce(DType::promote));
            let unsigned = |p: &Value| self.number_dtype(p) == Some(DType::Uint64);
            return match row {
                Some(d) if d == DType::Uint64 || !parts.iter().any(unsigned) => {
                    Ok((Type { dtype: d, shape: vec![Dim::from(parts.len())] }, template))
                }
                _ => self.refuse("PM0133", "a list whose length depends on data cannot hold tuples of these things"),
            };
        }
        match self.number_dtype(item) {
            Some(d) => Ok((Type::scalar(d), template)),
            None => {
                let what = item.describe();
                self.refuse("PM0133", format!("a list whose length depends on data cannot hold {what}"))
            }
        }
    }
    /// A tuple like the list's others as a row.
    pub(super) fn tuple_row(&mut self, item: &Value, parts: &Rc<[Value]>, dtype: DType) -> R<ValueId> {
        let given = match item {
            Value::Tuple(given, _) if given.len() == parts.len() => given.clone(),
            v => {
                let what = v.describe();
                return self.refuse_help(
                    "PM0133",
                    format!("{what} is put into a list of tuples of {} whose length depends on data", parts.len()),
                    "keep all items of the list alike",
                );
            }
        };
        let mut row = Vec::with_capacity(given.len());
        for (v, like) in given.iter().zip(parts.iter()) {
            let v = &self.settle(v)?;
            let (have, due) = (self.number_dtype(v), self.number_dtype(like));
            let widens = have == Some(DType::Int64) && due == Some(DType::Float64);
            if Self::is_numpy(v) != Self::is_numpy(like) || have != due && (!widens || Self::is_numpy(v)) {
                return self.refuse_help(
                    "PM0133",
                    format!("the tuples of a list mix {} and {} in one place", v.describe(), like.describe()),
                    "keep all items of the list alike: `float(...)` or `int(...)` where they are made",
                );
            }
            if dtype.is_float() || dtype.is_complex() {
                let d = match v {
                    Value::Dyn(d) if d.dtype == DType::Int64 => Some(Dim::from(d.id)),
                    Value::Int(_) | Value::Sym(_) => Some(self.dim_of(v)?),
                    Value::Scalar(s) if s.dtype == DType::Int64 => Some(self.dim_of(v)?),
                    _ => None,
                };
                if let Some(d) = d {
                    let why = "an int beside floats in the tuples of a list is beyond 2^53";
                    self.check_between(&d, -EXACT, EXACT, "Unsupported", why)?;
                }
            }
            let id = self.operand(v, dtype)?;
            row.push(self.result(id));
        }
        let row = self.array_of(&Value::tuple(row), Some(dtype))?;
        let Value::Array(a) = &row else { return self.refuse("PM0999", "internal error: not an array") };
        self.read_array(a)
    }
    /// A row as the tuple it was.
    pub(super) fn row_tuple(&mut self, l: &DynList, at: ValueId) -> R<Option<Value>> {
        let Value::Tuple(parts, names) = &l.template else { return Ok(None) };
        let mut out = Vec::with_capacity(parts.len());
        for (k, like) in parts.iter().enumerate() {
            let place = self.constant(Scalar::i64(k as i64))?;
            let id = self.extract(vec![l.storage, at, place], l.item.dtype)?;
            let exact = l.item.dtype.is_float() || l.item.dtype.is_complex();
            out.push(match like {
                Value::Dyn(d) => {
                    let id = self.cast(id, d.dtype)?;
                    Value::Dyn(super::value::DynScalar { id, ..*d })
                }
                _ => {
                    let id = self.cast(id, DType::Int64)?;
                    if exact {
                        self.set_range(id, (i128::from(-EXACT), i128::from(EXACT)));
                    }
                    Value::Sym(self.value_dim(id))
                }
            });
        }
        Ok(Some(Value::Tuple(out.into(), names.clone())))
    }
    /// Whether a value is a list of tuples whose length depends on data.
    pub(super) fn holds_tuples(&self, v: &Value) -> bool {
        matches!(v, Value::List(c) if matches!(self.heap.get(*c), Cell::DynList(l) if matches!(l.template, Value::Tuple(..))))
    }
    /// Whether items of two lists look alike.
    pub(super) fn alike(&self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Tuple(p, m), Value::Tuple(q, n)) => {
                m == n && p.len() == q.len() && p.iter().zip(q.iter()).all(|(x, y)| self.alike(x, y))
            }
            (Value::Tuple(..), _) | (_, Value::Tuple(..)) => false,
            (x, y) => self.number_dtype(x) == self.number_dtype(y) && Self::is_numpy(x) == Self::is_numpy(y),
        }
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
