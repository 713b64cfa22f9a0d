//! Subscripts: every slice form, integer and Boolean index arrays, on arrays, lists, tuples and dicts.

use super::eval::{Eval, R};
use super::state::Cell;
use super::value::{ArrayRef, AxisItem, DynScalar, Kind, NdArray, Value, ViewStep};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, Unary, ValueId};
use std::rc::Rc;

/// One item of an array index, evaluated.
pub(super) enum Item {
    At(Dim),
    Range {
        start: Dim,
        step: i64,
        len: Dim,
    },
    NewAxis,
    /// int64 index array, in range
    Fancy(ValueId),
}

impl Eval<'_> {
    /// `object[index]`
    pub fn get_item(&mut self, object: &Value, index: &Value) -> R<Value> {
        let object = &self.settle(object)?;
        let index = &self.settle(index)?;
        match object {
            Value::Array(a) => self.array_get(&a.clone(), index),
            Value::Tuple(items, _) => self.sequence_get(&items.clone(), index, false),
            Value::Items(items) => self.sequence_get(&items.clone(), index, false),
            Value::List(c) => match self.heap.get(*c).clone() {
                Cell::List(items) => self.sequence_get(&items, index, true),
                Cell::DynList(l) => {
                    if let Value::Slice(s) = index {
                        let (start, step, len) = self.resolve_slice(&s.clone(), &l.len)?;
                        let all = self.list_storage(&l)?;
                        let cell = self.heap.alloc(Cell::Array {
                            content: super::state::Content::Dyn(all),
                            ty: self.ty(all),
                            frozen: false,
                        });
                        let whole = ArrayRef { cell, view: Rc::new(vec![]), ty: self.ty(all) };
                        let mut items = vec![AxisItem::Range { start, step, len: len.clone() }];
                        items.extend(l.item.shape.iter().map(|d| AxisItem::Range {
                            start: Dim::from(0i64),
                            step: 1,
                            len: d.clone(),
                        }));
                        let v = self.view(&whole, ViewStep::Index(items));
                        let storage = self.read_array(&v)?;
                        let cell = self.heap.alloc(Cell::DynList(super::state::DynList {
                            storage,
                            len: len.clone(),
                            capacity: len,
                            ..l
                        }));
                        return Ok(Value::List(cell));
                    }
                    let d = self.dim_of(index)?;
                    let at = self.normalise_index(&d, &l.len, "list")?;
                    self.list_item(&l, &at)
                }
                _ => self.refuse("PM0999", "internal error: not a list cell"),
            },
            Value::Dict(c) => {
                if !self.is_static(index) {
                    return self.dict_read(*c, index);
                }
                let Cell::Dict(items) = self.heap.get(*c) else {
                    return self.refuse("PM0999", "internal error: not a dict cell");
                };
                match items.iter().find(|(k, _)| same_key(k, index)) {
                    Some((_, v)) => Ok(v.clone()),
                    None => self.raise("KeyError", index.describe()),
                }
            }
            Value::Range(r) => {
                let r = r.clone();
                let n = self.length(object)?;
                let (n, d) = (self.dim_of(&n)?, self.dim_of(index)?);
                let at = self.normalise_index(&d, &n, "range object")?;
                let at = self.dim_int(&at);
                let scaled = self.binop(ruff_python_ast::Operator::Mult, &at, &r[2])?;
                self.binop(ruff_python_ast::Operator::Add, &r[0], &scaled)
            }
            Value::Library(n) => {
                let n = n.clone();
                self.index_trick(&n, index)
            }
            Value::Object(_) => {
                let f = self.attribute(object, "__getitem__")?;
                self.call(&f, vec![index.clone()], vec![])
            }
            v if self.is_static(v) && self.is_static(index) => self.ask("a0[a1]", &[v.clone(), index.clone()]),
            v => self.refuse("PM0114", format!("{} cannot be subscripted here", v.describe())),
        }
    }
    /// `np.r_[...]`, `np.c_[...]`, `np.s_[...]`, `np.mgrid[...]`.
    fn index_trick(&mut self, name: &str, index: &Value) -> R<Value> {
        if matches!(name, "numpy.s_" | "numpy.index_exp") {
            return Ok(index.clone());
        }
        if self.is_static(index) {
            return self.ask(&format!("{name}[a0]"), std::slice::from_ref(index));
        }
        if name == "numpy.mgrid" || name == "numpy.ogrid" {
            return match self.prelude_call(name, std::slice::from_ref(index), &vec![])? {
                Some(v) => Ok(v),
                None => self.refuse("PM0118", format!("`{name}` is not supported on values computed at run time")),
            };
        }
        if name != "numpy.r_" && name != "numpy.c_" {
            return self.refuse("PM0114", format!("`{name}` cannot be subscripted here"));
        }
        let parts = match index {
            Value::Tuple(t, _) => t.to_vec(),
            v => vec![v.clone()],
        };
        let mut arrays = Vec::new();
        for p in parts {
            arrays.push(match &p {
                Value::Slice(s) => {
                    let start = if matches!(s[0], Value::None) { Value::Int(0) } else { s[0].clone() };
                    let mut args = vec![start, s[1].clone()];
                    if !matches!(s[2], Value::None) {
                        args.push(s[2].clone());
                    }
                    self.call_library("numpy.arange", args, vec![])?
                }
                Value::Str(_) => {
                    return self.refuse("PM0118", format!("`{name}` with a directive string is not supported"));
                }
                v => self.call_library("numpy.atleast_1d", vec![v.clone()], vec![])?,
            });
        }
        if name == "numpy.r_" {
            self.concatenate(&arrays, &Value::Int(0))
        } else {
            let t = Value::tuple(arrays);
            self.call_library("numpy.column_stack", vec![t], vec![])
        }
    }
    /// One item of a list of computed length.
    pub fn list_item(&mut self, l: &super::state::DynList, at: &Dim) -> R<Value> {
        let i = self.dim_value(at)?;
        if let Some(tuple) = self.row_tuple(l, i)? {
            return Ok(tuple);
        }
        if l.item.shape.is_empty() {
            let id = self.extract(vec![l.storage, i], l.item.dtype)?;
            return Ok(match &l.template {
                Value::Sym(_) => Value::Sym(self.value_dim(id)),
                Value::Dyn(d) => Value::Dyn(DynScalar { id, ..*d }),
                _ => self.result(id),
            });
        }
        let ty = self.ty(l.storage);
        let zero = self.constant(Scalar::i64(0))?;
        let mut args = vec![l.storage, i];
        args.extend(std::iter::repeat_n(zero, l.item.rank()));
        let mut shape = ty.shape.clone();
        shape[0] = Dim::from(1i64);
        let row = self.emit(Op::Slice { steps: vec![1; ty.rank()] }, args, Type { dtype: ty.dtype, shape })?;
        let row = self.reshape_to(row, l.item.shape.clone())?;
        Ok(self.result(row))
    }
    /// The items present, as a tensor `[len, ...]`.
    pub fn list_storage(&mut self, l: &super::state::DynList) -> R<ValueId> {
        let len = self.extent(&l.len)?;
        let ty = self.ty(l.storage);
        if ty.shape[0] == len {
            return Ok(l.storage);
        }
        let zero = self.constant(Scalar::i64(0))?;
        let mut args = vec![l.storage];
        args.extend(std::iter::repeat_n(zero, ty.rank()));
        let mut shape = ty.shape.clone();
        shape[0] = len;
        self.emit(Op::Slice { steps: vec![1; ty.rank()] }, args, Type { dtype: ty.dtype, shape })
    }
    fn sequence_get(&mut self, items: &[Value], index: &Value, list: bool) -> R<Value> {
        if let Value::Slice(s) = index {
            let n = items.len() as i128;
            let bound = |ev: &Self, v: &Value| match v {
                Value::None => Some(None),
                v => ev.known_int(v).map(Some),
            };
            let (Some(a), Some(b), Some(c)) = (bound(self, &s[0]), bound(self, &s[1]), bound(self, &s[2])) else {
                return self.refuse("PM0133", "a slice of a list with bounds computed at run time is not supported");
            };
            let step = c.unwrap_or(1);
            if step == 0 {
                return self.raise("ValueError", "slice step cannot be zero");
            }
            let fix = |v: i128| if v < 0 { v + n } else { v };
            let (lo, hi) = if step > 0 { (0, n) } else { (-1, n - 1) };
            let mut i = a.map_or(if step > 0 { 0 } else { n - 1 }, |v| fix(v).clamp(lo, hi));
            let stop = b.map_or(if step > 0 { n } else { -1 }, |v| fix(v).clamp(lo, hi));
            let mut out = Vec::new();
            while if step > 0 { i < stop } else { i > stop } {
                out.push(items[i as usize].clone());
                i += step;
            }
            return Ok(if list { Value::List(self.heap.alloc(Cell::List(out))) } else { Value::tuple(out) });
        }
        if let Some(i) = self.known_int(index) {
            let n = items.len() as i128;
            let at = if i < 0 { i + n } else { i };
            return match usize::try_from(at).ok().and_then(|k| items.get(k)) {
                Some(v) => Ok(v.clone()),
                None => self.raise("IndexError", format!("{} index out of range", if list { "list" } else { "tuple" })),
            };
        }
        let d = self.dim_of(index)?;
        let at = self.normalise_index(&d, &Dim::from(items.len()), if list { "list" } else { "tuple" })?;
        self.select_item(items, &at)
    }
    /// An item of a known sequence by an index computed at run time: items must be alike.
    pub(super) fn select_item(&mut self, items: &[Value], at: &Dim) -> R<Value> {
        let Some(first) = items.first() else { return self.raise("IndexError", "list index out of range") };
        // sequences of equal length: column by column
        let parts: Option<Vec<Vec<Value>>> = items
            .iter()
            .map(|v| match v {
                Value::Tuple(t, _) => Some(t.to_vec()),
                Value::List(c) => match self.heap.get(*c) {
                    Cell::List(l) => Some(l.clone()),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        if let Some(parts) = parts {
            let n = parts[0].len();
            if parts.iter().any(|p| p.len() != n) {
                return self
                    .refuse("PM0133", "this list holds sequences of different lengths and is indexed at run time");
            }
            let mut out = Vec::with_capacity(n);
            for k in 0..n {
                let column: Vec<Value> = parts.iter().map(|p| p[k].clone()).collect();
                out.push(self.select_item(&column, at)?);
            }
            return Ok(match first {
                Value::List(_) => {
                    let cell = self.heap.alloc(Cell::List(out));
                    Value::List(cell)
                }
                _ => Value::tuple(out),
            });
        }
        let kinds: Vec<Option<DType>> = items.iter().map(|v| self.number_dtype(v)).collect();
        if kinds.iter().any(|k| k.is_none() || *k != kinds[0]) {
            return self.refuse_help(
                "PM0133",
                "items of different kinds are chosen by an index computed at run time",
                "make the items all of one type",
            );
        }
        let numpy = Self::is_numpy(first);
        if items.iter().any(|v| Self::is_numpy(v) != numpy) {
            return self.refuse("PM0133", "Python and NumPy items are mixed in a list indexed at run time");
        }
        let dtype = kinds[0].unwrap_or(DType::Float64);
        let tuple = Value::tuple(items.to_vec());
        let array = self.array_of(&tuple, Some(dtype))?;
        let Value::Array(a) = &array else { return self.refuse("PM0999", "internal error: not an array") };
        let mut index = vec![AxisItem::At(at.clone())];
        index.extend(a.ty.shape[1..].iter().map(|d| AxisItem::Range {
            start: Dim::from(0i64),
            step: 1,
            len: d.clone(),
        }));
        let v = self.view(a, ViewStep::Index(index));
        let id = self.read_array(&v)?;
        Ok(match first {
            Value::Int(_) | Value::Sym(_) => Value::Sym(self.value_dim(id)),
            Value::Bool(_) | Value::Float(_) | Value::Complex(..) | Value::Dyn(_) if !numpy => {
                self.scalar(id, Kind::Py)
            }
            _ => self.result(id),
        })
    }

    /// Index items of an array, with masks and integer arrays turned into positions.
    fn parse_index(&mut self, a: &ArrayRef, index: &Value) -> R<(ArrayRef, Vec<Item>)> {
        let raw: Vec<Value> = match index {
            Value::Tuple(t, _) => t.to_vec(),
            v => vec![v.clone()],
        };
        let mut items: Vec<Value> = Vec::new();
        for v in &raw {
            let v = self.settle(v)?;
            items.push(match v {
                Value::List(_) => self.array_of(&v, None)?,
                Value::Bool(_) => return self.refuse("PM0142", "indexing with a single bool is not supported"),
                Value::Dyn(d) if d.dtype == DType::Bool => {
                    return self.refuse("PM0142", "indexing with a single bool is not supported");
                }
                v => v,
            });
        }
        // axes consumed by each item
        let consumed = |v: &Value| match v {
            Value::None | Value::Ellipsis => 0,
            Value::Array(m) if m.ty.dtype == DType::Bool => m.ty.rank(),
            _ => 1,
        };
        let used: usize = items.iter().map(consumed).sum();
        let rank = a.ty.rank();
        if used > rank {
            return self.raise(
                "IndexError",
                format!("too many indices for array: array is {rank}-dimensional, but {used} were indexed"),
            );
        }
        let fill = rank - used;
        if !items.iter().any(|v| matches!(v, Value::Ellipsis)) {
            items.push(Value::Ellipsis);
        }
        let full = Value::Slice(Rc::new([Value::None, Value::None, Value::None]));
        let mut source = a.clone();
        let mut out = Vec::new();
        let mut axis = 0;
        for v in items {
            match v {
                Value::Ellipsis => {
                    for _ in 0..fill {
                        let n = source.ty.shape[axis].clone();
                        let Value::Slice(s) = &full else { continue };
                        let (start, step, len) = self.resolve_slice(s, &n)?;
                        out.push(Item::Range { start, step, len });
                        axis += 1;
                    }
                }
                Value::None => out.push(Item::NewAxis),
                Value::Slice(s) => {
                    let n = source.ty.shape[axis].clone();
                    let (start, step, len) = self.resolve_slice(&s, &n)?;
                    out.push(Item::Range { start, step, len });
                    axis += 1;
                }
                Value::Array(m) if m.ty.dtype == DType::Bool => {
                    // mask over one or more axes: flatten those axes
                    let r = m.ty.rank();
                    if r == 0 {
                        return self.refuse("PM0142", "indexing with a single bool is not supported");
                    }
                    for k in 0..r {
                        let (p, q) = (m.ty.shape[k].clone(), source.ty.shape[axis + k].clone());
                        self.require_equal(&p, &q, "boolean index did not match indexed array along axis")?;
                    }
                    let size = source.ty.shape[axis..axis + r].iter().fold(Dim::from(1i64), |acc, d| acc.mul(d));
                    if r > 1 {
                        let mut shape = source.ty.shape[..axis].to_vec();
                        shape.push(size.clone());
                        shape.extend_from_slice(&source.ty.shape[axis + r..]);
                        source = self.view(&source, ViewStep::Reshape(shape));
                    }
                    let mask = self.read_array(&m)?;
                    let flat = self.reshape_to(mask, vec![size.clone()])?;
                    let (_, idx) = self.compress(flat)?;
                    out.push(Item::Fancy(idx));
                    axis += 1;
                }
                Value::Array(m) if m.ty.dtype.is_integer() && m.ty.rank() > 0 => {
                    let n = source.ty.shape[axis].clone();
                    let idx = self.index_array(&m, &n)?;
                    out.push(Item::Fancy(idx));
                    axis += 1;
                }
                Value::Array(ref m) if m.ty.rank() > 0 => {
                    return self.raise("IndexError", "arrays used as indices must be of integer (or boolean) type");
                }
                v => {
                    if matches!(self.number_dtype(&v), Some(d) if !d.is_integer()) || matches!(v, Value::Float(_)) {
                        return self.raise(
                            "IndexError",
                            "only integers, slices (`:`), ellipsis (`...`), numpy.newaxis (`None`) and integer or boolean arrays are valid indices",
                        );
                    }
                    let n = source.ty.shape[axis].clone();
                    let d = self.dim_of(&v)?;
                    out.push(Item::At(self.normalise_index(&d, &n, "array")?));
                    axis += 1;
                }
            }
        }
        Ok((source, out))
    }
    /// Positions of the true elements of a flat mask: their number and the positions.
    pub fn compress(&mut self, mask: ValueId) -> R<(Dim, ValueId)> {
        let n = self.ty(mask).shape[0].clone();
        // the extent is a result of the same instruction
        let count_ty = Type::scalar(DType::Int64);
        let next = ValueId(self.func.values.len() as u32);
        let idx_ty = Type { dtype: DType::Int64, shape: vec![Dim::from(next)] };
        let r = self.emit_multi(Op::Compress, vec![mask], vec![count_ty, idx_ty])?;
        let Some(top) = self.upper_bound(&n, 8) else {
            return self
                .refuse("PM0140", "the size of this selection depends on data and has no bound that can be seen");
        };
        let d = self.runtime_extent(r[0], Dim::from(0i64), top);
        Ok((d, r[1]))
    }
    /// An integer index array, made non-negative and checked.
    pub fn index_array(&mut self, m: &ArrayRef, n: &Dim) -> R<ValueId> {
        if let (Some(s), Some(n)) = (self.static_array(m), n.as_const()) {
            let mut data = Vec::with_capacity(s.size() * 8);
            for k in 0..s.size() {
                let i = s.get(k).as_int().unwrap_or(0);
                let at = if i < 0 { i + i128::from(n) } else { i };
                if at < 0 || at >= i128::from(n) {
                    return self.raise("IndexError", format!("index {i} is out of bounds for axis with size {n}"));
                }
                data.extend_from_slice(&(at as i64).to_le_bytes());
            }
            return self.table(&NdArray { dtype: DType::Int64, shape: s.shape.clone(), data }, "index");
        }
        let v = self.read_array(m)?;
        let v = self.cast(v, DType::Int64)?;
        self.bring_in_range(v, n, m.ty.dtype.is_unsigned())
    }
    /// Index values made non-negative and checked against `n`.
    fn bring_in_range(&mut self, v: ValueId, n: &Dim, unsigned: bool) -> R<ValueId> {
        if self.index_proved.contains(&(v, n.clone())) {
            return Ok(v);
        }
        let ty = self.ty(v);
        let bty = Type { dtype: DType::Bool, shape: ty.shape.clone() };
        let (zero, len) = (self.constant(Scalar::i64(0))?, self.dim_value(n)?);
        let at = if unsigned {
            v
        } else {
            let neg = self.emit(Op::Binary(Binary::Lt), vec![v, zero], bty.clone())?;
            let shifted = self.emit(Op::Binary(Binary::Add), vec![v, len], ty.clone())?;
            self.emit(Op::Select, vec![neg, shifted, v], ty)?
        };
        let low = self.emit(Op::Binary(Binary::Ge), vec![at, zero], bty.clone())?;
        let high = self.emit(Op::Binary(Binary::Lt), vec![at, len], bty.clone())?;
        let ok = self.emit(Op::Binary(Binary::And), vec![low, high], bty)?;
        self.check_all(ok, "IndexError", "index out of bounds")?;
        Ok(at)
    }

    /// `array[index]`
    pub fn array_get(&mut self, a: &ArrayRef, index: &Value) -> R<Value> {
        let fancy_static = |ev: &Self, v: &Value| match v {
            Value::Array(m) => m.ty.rank() > 0 && ev.is_static(v),
            Value::List(_) => ev.is_static(v),
            _ => false,
        };
        let has_fancy = match index {
            Value::Tuple(t, _) => t.iter().any(|v| fancy_static(self, v)),
            v => fancy_static(self, v),
        };
        if has_fancy && self.is_static(index) && self.is_static(&Value::Array(a.clone())) {
            return self.ask("a0[a1]", &[Value::Array(a.clone()), index.clone()]);
        }
        let (source, items) = self.parse_index(a, index)?;
        if !items.iter().any(|i| matches!(i, Item::Fancy(_))) {
            let v = self.basic_view(&source, &items);
            if v.ty.shape.is_empty()
                && !items.iter().any(|i| matches!(i, Item::NewAxis))
                && !matches!(index, Value::Ellipsis)
            {
                if let Some(n) = self.static_array(&v) {
                    return Ok(Value::Scalar(n.get(0)));
                }
                let id = self.read_array(&v)?;
                return Ok(Value::Dyn(DynScalar { id, dtype: v.ty.dtype, kind: Kind::Np }));
            }
            return Ok(Value::Array(v));
        }
        let (id, _) = self.fancy_read(&source, &items)?;
        Ok(self.result(id))
    }
    /// View of an index without integer arrays.
    fn basic_view(&mut self, a: &ArrayRef, items: &[Item]) -> ArrayRef {
        let axes: Vec<AxisItem> = items
            .iter()
            .filter_map(|i| match i {
                Item::At(d) => Some(AxisItem::At(d.clone())),
                Item::Range { start, step, len } => {
                    Some(AxisItem::Range { start: start.clone(), step: *step, len: len.clone() })
                }
                _ => None,
            })
            .collect();
        let trivial = axes.iter().zip(&a.ty.shape).all(
            |(i, n)| matches!(i, AxisItem::Range { start, step: 1, len } if start.as_const() == Some(0) && len == n),
        );
        let v = if trivial { a.clone() } else { self.view(a, ViewStep::Index(axes)) };
        if !items.iter().any(|i| matches!(i, Item::NewAxis)) {
            return v;
        }
        let shape = items
            .iter()
            .filter_map(|i| match i {
                Item::NewAxis => Some(Dim::from(1i64)),
                Item::Range { len, .. } => Some(len.clone()),
                _ => None,
            })
            .collect();
        self.view(&v, ViewStep::Reshape(shape))
    }
    /// Brings the axes indexed by integer arrays together and merges them: the array as a tensor, the axis, the flat
    /// positions, and how to get from that tensor's axes back to the array's.
    fn fancy_plan(&mut self, a: &ArrayRef, items: &[Item]) -> R<FancyPlan> {
        // ints next to index arrays take part in the advanced indexing
        let fancy_count = items.iter().filter(|i| matches!(i, Item::Fancy(_))).count();
        if fancy_count > 0 && items.iter().any(|i| matches!(i, Item::NewAxis)) {
            return self.refuse("PM0142", "`None` together with an index array in one subscript is not supported");
        }
        let advanced: Vec<usize> = items
            .iter()
            .enumerate()
            .filter(|(_, i)| matches!(i, Item::Fancy(_) | Item::At(_)))
            .map(|(k, _)| k)
            .collect();
        let contiguous = advanced.windows(2).all(|w| w[1] == w[0] + 1);
        // basic slices first, index arrays and ints as whole axes
        let axes: Vec<AxisItem> = items
            .iter()
            .zip(&a.ty.shape)
            .map(|(i, n)| match i {
                Item::Range { start, step, len } => {
                    AxisItem::Range { start: start.clone(), step: *step, len: len.clone() }
                }
                _ => AxisItem::Range { start: Dim::from(0i64), step: 1, len: n.clone() },
            })
            .collect();
        let mut v = self.view(a, ViewStep::Index(axes));
        let mut axis = advanced[0];
        if !contiguous {
            let mut perm = advanced.clone();
            perm.extend((0..items.len()).filter(|k| !advanced.contains(k)));
            v = self.view(&v, ViewStep::Transpose(perm));
            axis = 0;
        }
        let extents: Vec<Dim> = v.ty.shape[axis..axis + advanced.len()].to_vec();
        if advanced.len() > 1 {
            let merged = extents.iter().fold(Dim::from(1i64), |acc, d| acc.mul(d));
            let mut shape = v.ty.shape[..axis].to_vec();
            shape.push(merged);
            shape.extend_from_slice(&v.ty.shape[axis + advanced.len()..]);
            v = self.view(&v, ViewStep::Reshape(shape));
        }
        let mut flat: Option<ValueId> = None;
        for (k, n) in advanced.iter().zip(&extents) {
            let idx = match &items[*k] {
                Item::Fancy(v) => *v,
                Item::At(d) => self.dim_value(&d.clone())?,
                _ => continue,
            };
            flat = Some(match flat {
                None => idx,
                Some(f) => {
                    let n = self.dim_value(n)?;
                    let scaled = self.elementwise(Op::Binary(Binary::Mul), vec![f, n], DType::Int64)?;
                    self.elementwise(Op::Binary(Binary::Add), vec![scaled, idx], DType::Int64)?
                }
            });
        }
        let Some(flat) = flat else { return self.refuse("PM0999", "internal error: no index array") };
        Ok(FancyPlan { view: v, axis, flat })
    }
    fn fancy_read(&mut self, a: &ArrayRef, items: &[Item]) -> R<(ValueId, usize)> {
        let plan = self.fancy_plan(a, items)?;
        let x = self.read_array(&plan.view)?;
        Ok((self.gather(x, plan.flat, plan.axis)?, plan.axis))
    }
    /// Elements along an axis by in-range positions.
    pub fn gather(&mut self, x: ValueId, idx: ValueId, axis: usize) -> R<ValueId> {
        let (tx, ti) = (self.ty(x), self.ty(idx));
        let mut shape = tx.shape[..axis].to_vec();
        shape.extend(ti.shape);
        shape.extend_from_slice(&tx.shape[axis + 1..]);
        self.emit(Op::Gather { axis }, vec![x, idx], Type { dtype: tx.dtype, shape })
    }

    /// `object[index] = value`
    pub fn set_item(&mut self, object: &Value, index: &Value, value: &Value) -> R<()> {
        let object = &self.settle(object)?;
        let index = &self.settle(index)?;
        let value = &self.settle(value)?;
        match object {
            Value::Array(a) => self.array_set(&a.clone(), index, value),
            Value::List(c) => {
                let c = *c;
                if let Cell::DynList(l) = self.heap.get(c) {
                    let mut l = l.clone();
                    if matches!(index, Value::Slice(_)) {
                        return self.refuse(
                            "PM0133",
                            "storing into a slice of a list whose length depends on data is not supported",
                        );
                    }
                    let d = self.dim_of(index)?;
                    let at = self.normalise_index(&d, &l.len.clone(), "list assignment")?;
                    l.storage = self.list_put(&l, &at, value)?;
                    *self.heap.get_mut(c) = Cell::DynList(l);
                    return Ok(());
                }
                let Cell::List(items) = self.heap.get(c) else {
                    return self.refuse("PM0999", "internal error: not a list cell");
                };
                let n = items.len() as i128;
                if let Value::Slice(s) = index {
                    let new = self.known_items(value)?;
                    let bound = |ev: &Self, v: &Value, d: i128| match v {
                        Value::None => Some(d),
                        v => ev.known_int(v).map(|i| (if i < 0 { i + n } else { i }).clamp(0, n)),
                    };
                    let (Some(lo), Some(hi), Value::None) = (bound(self, &s[0], 0), bound(self, &s[1], n), &s[2])
                    else {
                        return self.refuse("PM0133", "storing into this slice of a list is not supported");
                    };
                    if let Cell::List(items) = self.heap.get_mut(c) {
                        items.splice(lo as usize..hi.max(lo) as usize, new);
                    }
                    return Ok(());
                }
                match self.known_int(index) {
                    Some(i) => {
                        let at = if i < 0 { i + n } else { i };
                        if at < 0 || at >= n {
                            return self.raise("IndexError", "list assignment index out of range");
                        }
                        if let Cell::List(items) = self.heap.get_mut(c) {
                            items[at as usize] = value.clone();
                        }
                        Ok(())
                    }
                    None => {
                        self.make_dynamic_list(c, Some(value))?;
                        self.set_item(object, index, value)
                    }
                }
            }
            Value::Dict(c) => {
                if !self.is_static(index) {
                    return self.refuse_help(
                        "PM0134",
                        "a dict is written with a key that depends on data",
                        "use an array indexed by an int",
                    );
                }
                let c = *c;
                if let Cell::Dict(items) = self.heap.get_mut(c) {
                    match items.iter_mut().find(|(k, _)| same_key(k, index)) {
                        Some((_, v)) => *v = value.clone(),
                        None => items.push((index.clone(), value.clone())),
                    }
                }
                Ok(())
            }
            Value::Object(_) => {
                let f = self.attribute(object, "__setitem__")?;
                self.call(&f, vec![index.clone(), value.clone()], vec![])?;
                Ok(())
            }
            v => self.raise("TypeError", format!("{} does not support item assignment", v.describe())),
        }
    }
    /// The storage of a computed list with one item replaced.
    pub fn list_put(&mut self, l: &super::state::DynList, at: &Dim, value: &Value) -> R<ValueId> {
        let i = self.dim_value(at)?;
        let ty = self.ty(l.storage);
        if l.item.shape.is_empty() {
            let v = self.item_operand(value, l)?;
            return self.emit(Op::Insert, vec![l.storage, v, i], ty);
        }
        let v = self.item_operand(value, l)?;
        let mut one = l.item.shape.clone();
        one.insert(0, Dim::from(1i64));
        let v = self.reshape_to(v, one)?;
        let zero = self.constant(Scalar::i64(0))?;
        let mut args = vec![l.storage, v, i];
        args.extend(std::iter::repeat_n(zero, l.item.rank()));
        self.emit(Op::InsertSlice { steps: vec![1; ty.rank()] }, args, ty)
    }
    fn item_operand(&mut self, value: &Value, l: &super::state::DynList) -> R<ValueId> {
        if let Value::Tuple(parts, _) = &l.template {
            return self.tuple_row(value, parts, l.item.dtype);
        }
        let have = match value {
            Value::List(_) | Value::Tuple(..) => None,
            v => self.number_dtype(v),
        };
        let numpy = Self::is_numpy(value);
        let wants_numpy = Self::is_numpy(&l.template);
        let fits = have == Some(l.item.dtype)
            || (!wants_numpy && !numpy && have == Some(DType::Int64) && l.item.dtype == DType::Float64);
        if !fits {
            return self.refuse_help(
                "PM0133",
                format!(
                    "{} is put into a list of {} items whose length depends on data",
                    value.describe(),
                    l.item.dtype
                ),
                "keep all items of the list of one type",
            );
        }
        let v = self.operand(value, l.item.dtype)?;
        let want = l.item.shape.clone();
        let ty = self.ty(v);
        if ty.shape != want {
            if ty.rank() != want.len() {
                return self.refuse("PM0133", "items of different shapes are put into one list");
            }
            for (a, b) in ty.shape.iter().zip(&want) {
                self.require_equal(a, b, "items of a list differ in shape")?;
            }
            return self.reshape_to(v, want);
        }
        Ok(v)
    }

    /// A value about to be stored into an array of this type.
    pub fn store_operand(&mut self, value: &Value, dtype: DType) -> R<ValueId> {
        let lifted;
        let value = match value {
            Value::List(_) | Value::Tuple(..) => {
                lifted = self.array_of(value, None)?;
                &lifted
            }
            v => v,
        };
        let from = match self.number_dtype(value) {
            Some(d) => d,
            None => {
                let what = value.describe();
                return self.refuse("PM0110", format!("{what} cannot be stored into a numpy array"));
            }
        };
        if from.is_complex() && !dtype.is_complex() {
            return self.refuse_help(
                "PM0125",
                "a complex value is stored into a real array, which loses the imaginary part",
                "store `.real`, or make the array complex",
            );
        }
        let whole;
        let value = match value {
            // a float scalar goes the way of int(), an array is cast
            Value::Dyn(_) if dtype.is_integer() && from == DType::Float64 => {
                whole = self.int_from(value)?;
                &whole
            }
            v => v,
        };
        self.check_int_fits(value, dtype)?;
        self.operand(value, dtype)
    }
    /// `array[index] = value`
    pub fn array_set(&mut self, a: &ArrayRef, index: &Value, value: &Value) -> R<()> {
        self.check_writable(a)?;
        let whole = Value::Array(a.clone());
        if self.is_static(&whole) && self.is_static(index) && self.is_static(value) && self.loop_depth == 0 {
            // known contents stay known
            let plain = |v: &Value| matches!(v, Value::Int(_) | Value::Slice(_) | Value::Ellipsis | Value::Scalar(_));
            let basic = match index {
                Value::Tuple(t, _) => t.iter().all(plain),
                v => plain(v),
            };
            if basic
                && let Some(s) = self.known_scalar(value)
                && !s.dtype.is_complex()
            {
                self.check_int_fits(value, a.ty.dtype)?;
                let (source, items) = self.parse_index(a, index)?;
                let target = self.basic_view(&source, &items);
                if let Some(n) = target.ty.size().as_const() {
                    let one = super::eval::convert_constant(s, a.ty.dtype).to_le_bytes();
                    let data = NdArray { dtype: a.ty.dtype, shape: vec![n as usize], data: one.repeat(n as usize) };
                    if self.static_store(&target, &data)? {
                        return Ok(());
                    }
                }
            }
            let stored = self.ask("[a0.__setitem__(a1, a2), a0][1]", &[whole, index.clone(), value.clone()])?;
            if let Value::Array(n) = stored
                && let Some(n) = self.static_array(&n)
                && self.static_store(a, &n)?
            {
                return Ok(());
            }
            return self.refuse("PM0999", "internal error: a static store failed");
        }
        let (source, items) = self.parse_index(a, index)?;
        let dtype = a.ty.dtype;
        if !items.iter().any(|i| matches!(i, Item::Fancy(_))) {
            let target = self.basic_view(&source, &items);
            if target.ty.size().as_const() == Some(0) {
                return Ok(());
            }
            let v = self.store_operand(value, dtype)?;
            let v = self.fit(v, &target.ty.shape)?;
            return self.write_array(&target, v);
        }
        // x[mask] = scalar: a select keeps the shape static
        if let Value::Array(m) = index
            && m.ty.dtype == DType::Bool
            && m.ty.shape == a.ty.shape
            && self.number_dtype(value).is_some()
            && !matches!(value, Value::Array(v) if v.ty.rank() > 0)
        {
            let (mask, old) = (self.read_array(m)?, self.read_array(a)?);
            let v = self.store_operand(value, dtype)?;
            let v = self.reshape_to(v, vec![])?;
            let new = self.emit(Op::Select, vec![mask, v, old], a.ty.clone())?;
            return self.write_array(a, new);
        }
        let plan = self.fancy_plan(&source, &items)?;
        let x = self.read_array(&plan.view)?;
        let tx = self.ty(x);
        let ti = self.ty(plan.flat);
        let count = ti.size();
        let flat = self.reshape_to(plan.flat, vec![count.clone()])?;
        let mut shape = tx.shape[..plan.axis].to_vec();
        shape.extend(ti.shape.iter().cloned());
        shape.extend_from_slice(&tx.shape[plan.axis + 1..]);
        let v = self.store_operand(value, dtype)?;
        let v = self.fit(v, &shape)?;
        let mut merged = tx.shape[..plan.axis].to_vec();
        merged.push(count);
        merged.extend_from_slice(&tx.shape[plan.axis + 1..]);
        let v = self.reshape_to(v, merged)?;
        let new = self.emit(Op::Scatter { axis: plan.axis }, vec![x, flat, v], tx)?;
        self.write_array(&plan.view, new)
    }
    /// A value broadcast to a target shape, leading axes of extent 1 dropped as NumPy's assignment does.
    pub fn fit(&mut self, v: ValueId, shape: &[Dim]) -> R<ValueId> {
        let mut v = v;
        let mut ty = self.ty(v);
        while ty.rank() > shape.len() && ty.shape[0].as_const() == Some(1) {
            v = self.reshape_to(v, ty.shape[1..].to_vec())?;
            ty = self.ty(v);
        }
        if ty.rank() > shape.len() {
            return self.raise("ValueError", "could not broadcast input array into the shape of the target");
        }
        let lead = shape.len() - ty.rank();
        for (k, d) in ty.shape.iter().enumerate() {
            if d.as_const() != Some(1) && *d != shape[lead + k] {
                self.require_equal(
                    d,
                    &shape[lead + k].clone(),
                    "could not broadcast input array into the shape of the target",
                )?;
            }
        }
        let v = self.align(v, shape)?;
        self.broadcast_to(v, shape)
    }
    /// Logical complement of a bool tensor.
    pub fn negate(&mut self, v: ValueId) -> R<ValueId> {
        let ty = self.ty(v);
        self.emit(Op::Unary(Unary::Not), vec![v], ty)
    }
}

pub(super) struct FancyPlan {
    view: ArrayRef,
    axis: usize,
    flat: ValueId,
}

/// Dict keys compare by value: 1 == 1.0 == True.
pub fn same_key(a: &Value, b: &Value) -> bool {
    let number = |v: &Value| match v {
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::Int(i) => Some(*i as f64),
        Value::Float(f) => Some(*f),
        Value::Scalar(s) => Some(s.as_int().map_or_else(|| s.real_f64(), |i| i as f64)),
        _ => None,
    };
    match (number(a), number(b)) {
        (Some(x), Some(y)) => x == y,
        _ => a.same(b),
    }
}
