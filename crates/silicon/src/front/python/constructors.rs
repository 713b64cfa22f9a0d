//! NumPy functions that make arrays (`zeros`, `full_like`, `array`, `arange`) and those that ask for a shape or type.

use super::eval::{Eval, R};
use super::library::Args;
use super::state::{Cell, Content};
use super::value::{ArrayRef, Kind, NdArray, Value, ViewStep};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type};
use std::rc::Rc;

impl Eval<'_> {
    /// Functions of this file by their full name; `None` for others, and where all is known and CPython answers.
    pub(super) fn constructor(&mut self, name: &str, a: &Args) -> R<Option<Value>> {
        let float = DType::Float64;
        let out = match name {
            "numpy.zeros" | "numpy.ones" | "numpy.empty" | "numpy.ndarray" => {
                let Some(shape) = a.get(0, "shape") else { return self.raise("TypeError", "missing shape") };
                let d = a.get(1, "dtype");
                let fortran = self.is_fortran(a.get(2, "order"))?;
                if a.leftover(3).is_some() {
                    return Ok(None);
                }
                let d = self.optional_dtype(d)?.unwrap_or(float);
                let shape = self.as_shape(&shape)?;
                let value = match name {
                    "numpy.empty" | "numpy.ndarray" => self.unset_value(d),
                    _ => Value::Int(i128::from(name == "numpy.ones")),
                };
                let v = self.filled(shape, &value, d)?;
                self.note_odd(&v, fortran);
                v
            }
            "numpy.full" => {
                let (Some(shape), Some(v)) = (a.get(0, "shape"), a.get(1, "fill_value")) else { return Ok(None) };
                let d = a.get(2, "dtype");
                if a.leftover(3).is_some() {
                    return Ok(None);
                }
                let d = match self.optional_dtype(d)? {
                    Some(d) => d,
                    None => match self.number_dtype(&v) {
                        Some(d) => d,
                        None => return Ok(None),
                    },
                };
                if matches!(&v, Value::Array(x) if x.ty.rank() > 0) {
                    let shape = self.as_shape(&shape)?;
                    let id = self.operand(&v, d)?;
                    let id = self.fit(id, &shape)?;
                    return Ok(Some(self.new_array(id)));
                }
                let shape = self.as_shape(&shape)?;
                self.filled(shape, &v, d)?
            }
            "numpy.zeros_like" | "numpy.ones_like" | "numpy.empty_like" | "numpy.full_like" => {
                let Some(x) = a.get(0, "a").or_else(|| a.get(0, "prototype")) else { return Ok(None) };
                let full = name == "numpy.full_like";
                let fill =
                    if full { a.get(1, "fill_value") } else { Some(Value::Int(i128::from(name == "numpy.ones_like"))) };
                let d = a.get(if full { 2 } else { 1 }, "dtype");
                let shape = a.keyword("shape");
                if a.leftover(3).is_some() {
                    return Ok(None);
                }
                let x = match &x {
                    Value::List(_) | Value::Tuple(..) => self.array_of(&x, None)?,
                    x => x.clone(),
                };
                let Some(own) = self.number_dtype(&x) else { return Ok(None) };
                let d = self.optional_dtype(d)?.unwrap_or(own);
                let shape = match shape {
                    Some(s) => self.as_shape(&s)?,
                    None => match &x {
                        Value::Array(x) => x.ty.shape.clone(),
                        _ => vec![],
                    },
                };
                let Some(mut fill) = fill else { return Ok(None) };
                if name == "numpy.empty_like" {
                    fill = self.unset_value(d);
                }
                let v = self.filled(shape, &fill, d)?;
                let odd = matches!(&x, Value::Array(x) if !self.is_contiguous(x));
                self.note_odd(&v, odd);
                v
            }
            "numpy.array"
            | "numpy.asarray"
            | "numpy.asanyarray"
            | "numpy.ascontiguousarray"
            | "numpy.asfarray"
            | "numpy.copy"
            | "numpy.fromiter"
            | "numpy.require"
            | "numpy.asarray_chkfinite" => {
                let Some(x) = a.get(0, "object").or_else(|| a.get(0, "a")) else { return Ok(None) };
                let d = if name == "numpy.copy" { None } else { a.get(1, "dtype") };
                let copy = a.keyword("copy");
                let ndmin = a.keyword("ndmin");
                let fortran = match a.keyword("order") {
                    Some(Value::Str(o)) if &*o == "K" => false,
                    o => self.is_fortran(o)?,
                };
                if a.leftover(2).is_some() || !matches!(ndmin, None | Some(Value::Int(0))) {
                    return Ok(None);
                }
                let d = self.optional_dtype(d)?;
                let d = if name == "numpy.asfarray" { Some(d.unwrap_or(float)) } else { d };
                let fresh = matches!(name, "numpy.array" | "numpy.copy")
                    && !matches!(copy, Some(Value::Bool(false) | Value::None));
                let v = self.array_of(&x, d)?;
                let odd = matches!(&x, Value::Array(x) if !self.is_contiguous(x));
                let v = match (&x, &v) {
                    (Value::Array(p), Value::Array(q)) if name == "numpy.ascontiguousarray" && p.cell == q.cell => {
                        let flat = self.ravel(q)?;
                        Value::Array(self.view(&flat, ViewStep::Reshape(q.ty.shape.clone())))
                    }
                    (Value::Array(p), Value::Array(q)) if fresh && p.cell == q.cell => self.copy_array(q)?,
                    (Value::Array(p), Value::Array(q)) if fortran && p.cell == q.cell => {
                        return self.refuse("PM0118", format!("`{name}` with the order F is not supported"));
                    }
                    _ => v,
                };
                self.note_odd(&v, fortran || odd && name != "numpy.ascontiguousarray");
                v
            }
            "numpy.arange" => {
                let all: Vec<Value> = a.all().to_vec();
                let d = a.get(3, "dtype");
                if a.leftover(3).is_some() || all.iter().all(|v| self.is_static(v)) {
                    return Ok(None);
                }
                let (start, stop, step) = match all.as_slice() {
                    [n] => (Value::Int(0), n.clone(), Value::Int(1)),
                    [x, y] => (x.clone(), y.clone(), Value::Int(1)),
                    [x, y, z] => (x.clone(), y.clone(), z.clone()),
                    _ => return Ok(None),
                };
                let d = self.optional_dtype(d)?;
                let ints = [&start, &stop, &step].iter().all(|v| self.number_dtype(v).is_some_and(DType::is_integer));
                if !ints {
                    return self.refuse_help(
                        "PM0143",
                        "np.arange with floats computed at run time has a length that depends on rounding",
                        "count with integers and scale: `np.arange(n) * step + start`",
                    );
                }
                let Some(k) = self.known_int(&step) else {
                    return self.refuse("PM0141", "an arange step computed at run time is not supported");
                };
                let (x, y) = (self.dim_of(&start)?, self.dim_of(&stop)?);
                let span = if k > 0 { self.difference(&y, &x) } else { self.difference(&x, &y) };
                let n = span.offset(k.abs() as i64 - 1).div(k.abs() as i64);
                let n = if self.proves_nonnegative(&span) { n } else { n.maximum(&Dim::from(0i64)) };
                let n = self.extent(&n)?;
                let ty = Type { dtype: DType::Int64, shape: vec![n] };
                let mut v = self.emit(Op::Iota, vec![], ty.clone())?;
                if k != 1 {
                    let s = self.constant(Scalar::i64(k as i64))?;
                    v = self.emit(Op::Binary(Binary::Mul), vec![v, s], ty.clone())?;
                }
                if x.as_const() != Some(0) {
                    let s = self.dim_value(&x)?;
                    v = self.emit(Op::Binary(Binary::Add), vec![v, s], ty)?;
                }
                let v = self.cast(v, d.unwrap_or(DType::Int64))?;
                self.new_array(v)
            }
            "numpy.shape" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                match self.array_of(&x, None)? {
                    Value::Array(x) => Value::tuple(x.ty.shape.iter().map(|d| self.dim_int(d)).collect()),
                    _ => Value::tuple(vec![]),
                }
            }
            "numpy.ndim" => match a.get(0, "a") {
                Some(Value::Array(x)) => Value::Int(x.ty.rank() as i128),
                Some(v @ (Value::List(_) | Value::Tuple(..))) => match self.array_of(&v, None)? {
                    Value::Array(x) => Value::Int(x.ty.rank() as i128),
                    _ => Value::Int(0),
                },
                Some(_) => Value::Int(0),
                None => return Ok(None),
            },
            "numpy.size" => {
                let Some(x) = a.get(0, "a") else { return Ok(None) };
                let axis = a.get(1, "axis");
                let x = match &x {
                    Value::List(_) | Value::Tuple(..) => self.array_of(&x, None)?,
                    x => x.clone(),
                };
                match (&x, axis) {
                    (Value::Array(x), None | Some(Value::None)) => self.dim_int(&x.ty.size()),
                    (Value::Array(x), Some(k)) => {
                        let k = self.as_axis(&k, x.ty.rank())?;
                        self.dim_int(&x.ty.shape[k])
                    }
                    _ => Value::Int(1),
                }
            }
            "numpy.iscomplexobj" | "numpy.isrealobj" => {
                let Some(x) = a.get(0, "x") else { return Ok(None) };
                let c = match self.number_dtype(&x) {
                    Some(d) => d.is_complex(),
                    None => match self.array_of(&x, None)? {
                        Value::Array(x) => x.ty.dtype.is_complex(),
                        _ => false,
                    },
                };
                Value::Bool(c == (name == "numpy.iscomplexobj"))
            }
            "numpy.isscalar" => {
                let Some(x) = a.get(0, "element") else { return Ok(None) };
                let array = matches!(x, Value::Array(_));
                Value::Bool(matches!(x, Value::Str(_)) || Self::is_number(&x) && !array)
            }
            "numpy.result_type" | "numpy.promote_types" | "numpy.common_type" => {
                let mut parts = Vec::new();
                for v in a.all() {
                    parts.push(match v {
                        Value::Array(x) => Value::Dtype(x.ty.dtype),
                        Value::Dyn(d) if d.kind == Kind::Np => Value::Dtype(d.dtype),
                        Value::Scalar(s) => Value::Dtype(s.dtype),
                        Value::Library(_) | Value::Str(_) => Value::Dtype(self.as_dtype(v)?),
                        v => v.clone(),
                    });
                }
                let mut out: Option<DType> = None;
                let mut weak: Vec<Value> = Vec::new();
                for p in &parts {
                    match p {
                        Value::Dtype(d) => out = Some(out.map_or(*d, |o| o.promote(*d))),
                        v => weak.push(v.clone()),
                    }
                }
                let strong = out.map(|d| Value::Scalar(Scalar::zero(d)));
                let mut refs: Vec<&Value> = weak.iter().collect();
                if let Some(s) = &strong {
                    refs.push(s);
                }
                let d = self.result_dtype(&refs)?;
                if name == "numpy.common_type" && !d.is_float() && !d.is_complex() {
                    Value::Dtype(DType::Float64)
                } else {
                    Value::Dtype(d)
                }
            }
            "numpy.dtype" => {
                let Some(x) = a.get(0, "dtype") else { return Ok(None) };
                Value::Dtype(self.as_dtype(&x)?)
            }
            "numpy.finfo" | "numpy.iinfo" => {
                let Some(x) = a.get(0, "dtype") else { return Ok(None) };
                let d = match (&x, self.number_dtype(&x)) {
                    (_, Some(d)) => d,
                    (x, None) => self.as_dtype(x)?,
                };
                self.ask(&format!("{name}(a0)"), &[Value::Dtype(d)])?
            }
            "numpy.issubdtype" => {
                let (Some(x), Some(y)) = (a.get(0, "arg1"), a.get(1, "arg2")) else { return Ok(None) };
                return self.ask("numpy.issubdtype(a0, a1)", &[x, y]).map(Some);
            }
            _ => return Ok(None),
        };
        Ok(Some(out))
    }

    fn filled(&mut self, shape: Vec<Dim>, value: &Value, dtype: DType) -> R<Value> {
        let known: Option<Vec<usize>> = shape.iter().map(|d| d.as_const().map(|c| c as usize)).collect();
        if let (Some(shape), Some(s)) = (&known, self.known_scalar(value)) {
            let n: usize = shape.iter().product();
            if n <= 8_000_000 {
                let one = super::eval::convert_constant(s, dtype).to_le_bytes();
                let data = one.repeat(n);
                return Ok(self.new_static(NdArray { dtype, shape: shape.clone(), data }));
            }
        }
        let v = self.operand(value, dtype)?;
        let v = self.broadcast_to(v, &shape)?;
        // a new array even when it is a scalar
        let ty = self.ty(v);
        let cell = self.heap.alloc(Cell::Array { content: Content::Dyn(v), ty: ty.clone(), frozen: false });
        Ok(Value::Array(ArrayRef { cell, view: Rc::new(vec![]), ty }))
    }

    /// What memory of `np.empty` holds: zeros, or, to find out who reads it, something odd. The prelude writes all it
    /// takes.
    fn unset_value(&mut self, dtype: DType) -> Value {
        if self.frames.last().is_some_and(|f| f.file.is_prelude) {
            return Value::Int(0);
        }
        self.unset.extend(self.user_span());
        match (self.unset_is_odd, dtype) {
            (false, _) => Value::Int(0),
            (true, d) if d.is_complex() => Value::Complex(f64::NAN, f64::NAN),
            (true, d) if d.is_float() => Value::Float(f64::NAN),
            (true, DType::Bool) => Value::Int(1),
            (true, _) => Value::Int(85),
        }
    }
}
