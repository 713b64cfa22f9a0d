//! Values across the oracle's border: what the recording holds becomes abstract values, and static abstract values
//! become arguments of oracle evaluations.

use super::eval::{Eval, R};
use super::state::{Cell, Content};
use super::value::{ArrayRef, NdArray, Value};
use crate::dtype::{DType, Scalar};
use crate::oracle::{Bytes, PyValue};
use std::rc::Rc;

/// Name of a method of a random generator, from its repr.
fn random_method(repr: &str) -> Option<&str> {
    let generator = ["RandomState", "Generator", "random.Random"].iter().any(|g| repr.contains(g));
    if !generator {
        return None;
    }
    let rest = repr.strip_prefix("<built-in method ").or_else(|| repr.strip_prefix("<bound method "))?;
    rest.split_whitespace().next()?.rsplit('.').next()
}

fn bits(v: f64) -> String {
    format!("{:016x}", v.to_bits())
}
fn from_bits(v: &str) -> f64 {
    u64::from_str_radix(v, 16).map_or(f64::NAN, f64::from_bits)
}

impl Eval<'_> {
    /// A value from the oracle. Objects seen before (same identity in the recording) keep their cell when `shared`.
    pub fn import(&mut self, p: &PyValue, shared: bool) -> R<Value> {
        let mut local = std::collections::HashMap::new();
        self.import_with(p, shared, &mut local)
    }
    fn import_with(
        &mut self,
        p: &PyValue,
        shared: bool,
        local: &mut std::collections::HashMap<u64, Value>,
    ) -> R<Value> {
        let known = |ev: &Self, local: &std::collections::HashMap<u64, Value>, id: &u64| {
            if *id == 0 {
                return None;
            }
            if shared { ev.imported.get(id).cloned() } else { local.get(id).cloned() }
        };
        Ok(match p {
            PyValue::None => Value::None,
            PyValue::Ellipsis => Value::Ellipsis,
            PyValue::Bool { v } => Value::Bool(*v),
            PyValue::Int { v } => match v.parse::<i128>() {
                Ok(i) => Value::Int(i),
                Err(_) => return self.refuse("PM0111", "an integer constant needs more than 127 bits"),
            },
            PyValue::Float { v } => Value::Float(from_bits(v)),
            PyValue::Complex { re, im } => Value::Complex(from_bits(re), from_bits(im)),
            PyValue::Str { v } => Value::str(v),
            PyValue::Bytes { v } => Value::Bytes(v.0.clone().into()),
            PyValue::Tuple { v, names } => {
                let items = v.iter().map(|x| self.import_with(x, shared, local)).collect::<R<Vec<_>>>()?;
                Value::Tuple(items.into(), names.clone().into())
            }
            PyValue::List { v, id } => {
                if let Some(k) = known(self, local, id) {
                    return Ok(k);
                }
                let cell = self.heap.alloc(Cell::List(Vec::new()));
                self.remember(*id, Value::List(cell), shared, local);
                let items = v.iter().map(|x| self.import_with(x, shared, local)).collect::<R<Vec<_>>>()?;
                *self.heap.get_mut(cell) = Cell::List(items);
                Value::List(cell)
            }
            PyValue::Dict { v, id } => {
                if let Some(k) = known(self, local, id) {
                    return Ok(k);
                }
                let cell = self.heap.alloc(Cell::Dict(Vec::new()));
                self.remember(*id, Value::Dict(cell), shared, local);
                let mut items = Vec::new();
                for (k, x) in v {
                    items.push((self.import_with(k, shared, local)?, self.import_with(x, shared, local)?));
                }
                *self.heap.get_mut(cell) = Cell::Dict(items);
                Value::Dict(cell)
            }
            PyValue::Set { v, id } => {
                if let Some(k) = known(self, local, id) {
                    return Ok(k);
                }
                let items = v.iter().map(|x| self.import_with(x, shared, local)).collect::<R<Vec<_>>>()?;
                let value = Value::Set(self.heap.alloc(Cell::Set(items)));
                self.remember(*id, value.clone(), shared, local);
                value
            }
            PyValue::Slice { v } => {
                let mut it = [Value::None, Value::None, Value::None];
                for (slot, x) in it.iter_mut().zip(v.iter()) {
                    *slot = self.import_with(x, shared, local)?;
                }
                Value::Slice(Rc::new(it))
            }
            PyValue::Range { v } => Value::Range(Rc::new(v.map(|i| Value::Int(i128::from(i))))),
            PyValue::Ndarray { dtype, shape, data, id, .. } => {
                if let Some(k) = known(self, local, id) {
                    return Ok(k);
                }
                let value = self.new_static(NdArray { dtype: *dtype, shape: shape.clone(), data: data.0.clone() });
                self.remember(*id, value.clone(), shared, local);
                value
            }
            PyValue::Scalar { dtype, data } => Value::Scalar(Scalar::from_le_bytes(*dtype, &data.0)),
            PyValue::Dtype { v } => Value::Dtype(*v),
            PyValue::Module { v } => match self.globals.get(v) {
                Some(cell) => Value::UserModule(*cell),
                None => Value::Module(v.as_str().into()),
            },
            PyValue::Library { v } => Value::Library(v.as_str().into()),
            PyValue::Function { .. } => self.import_function(p)?,
            PyValue::Method { object, function } => {
                let o = self.import_with(object, shared, local)?;
                match self.import_with(function, shared, local)? {
                    Value::Function(f) => Value::Method(Box::new(o), f),
                    other => other,
                }
            }
            PyValue::Class { .. } => self.import_class(p)?,
            PyValue::Object { class, id, attrs } => {
                if let Some(k) = known(self, local, id) {
                    return Ok(k);
                }
                let class = match self.import_with(class, shared, local)? {
                    Value::Class(c) => c,
                    _ => return self.refuse("PM0113", "an object whose class is not in the project is used"),
                };
                let cell = self.heap.alloc(Cell::Object { class: class.clone(), attrs: Default::default() });
                self.remember(*id, Value::Object(cell), shared, local);
                let mut map = indexmap::IndexMap::new();
                for (k, v) in attrs {
                    let v = self.import_with(v, shared, local)?;
                    map.insert(Rc::from(k.as_str()), v);
                }
                *self.heap.get_mut(cell) = Cell::Object { class, attrs: map };
                Value::Object(cell)
            }
            // SciPy's FFT functions dispatch through objects
            PyValue::Opaque { type_name, repr, .. } if type_name == "_Function" => match repr.split('\'').nth(1) {
                Some(n) => Value::Library(format!("scipy.fft.{n}").into()),
                None => Value::Opaque(Rc::new(p.clone())),
            },
            PyValue::Opaque { type_name, .. } if type_name == "RClass" => Value::Library("numpy.r_".into()),
            PyValue::Opaque { type_name, .. } if type_name == "CClass" => Value::Library("numpy.c_".into()),
            PyValue::Opaque { type_name, .. } if type_name == "MGridClass" => Value::Library("numpy.mgrid".into()),
            // methods of the global random generators
            PyValue::Opaque { repr, .. } if random_method(repr).is_some() => {
                Value::Library(format!("numpy.random.{}", random_method(repr).unwrap_or_default()).into())
            }
            PyValue::Opaque { .. } => Value::Opaque(Rc::new(p.clone())),
        })
    }
    fn remember(&mut self, id: u64, v: Value, shared: bool, local: &mut std::collections::HashMap<u64, Value>) {
        if id != 0 {
            if shared {
                self.imported.insert(id, v);
            } else {
                local.insert(id, v);
            }
        }
    }

    /// A static value for the oracle; `None` when some part is computed by the program or has no form there.
    pub fn export(&self, v: &Value) -> Option<PyValue> {
        let list = |ev: &Self, v: &[Value]| v.iter().map(|x| ev.export(x)).collect::<Option<Vec<_>>>();
        Some(match v {
            Value::None => PyValue::None,
            Value::Ellipsis => PyValue::Ellipsis,
            Value::Bool(v) => PyValue::Bool { v: *v },
            Value::Int(v) => PyValue::Int { v: v.to_string() },
            Value::Sym(d) => PyValue::Int { v: d.as_const()?.to_string() },
            Value::Float(v) => PyValue::Float { v: bits(*v) },
            Value::Complex(re, im) => PyValue::Complex { re: bits(*re), im: bits(*im) },
            Value::Str(s) => PyValue::Str { v: s.to_string() },
            Value::Bytes(b) => PyValue::Bytes { v: Bytes(b.to_vec()) },
            Value::Scalar(s) => PyValue::Scalar { dtype: s.dtype, data: Bytes(s.to_le_bytes()) },
            Value::Array(a) => {
                let n = self.static_array(a)?;
                PyValue::Ndarray { dtype: n.dtype, shape: n.shape.clone(), data: Bytes(n.data.clone()), id: 0, base: 0 }
            }
            Value::Tuple(v, names) => PyValue::Tuple { v: list(self, v)?, names: names.to_vec() },
            Value::Items(v) => PyValue::List { v: list(self, v)?, id: 0 },
            Value::List(c) => match self.heap.get(*c) {
                Cell::List(v) => PyValue::List { v: list(self, v)?, id: 0 },
                _ => return None,
            },
            Value::Set(c) => match self.heap.get(*c) {
                Cell::Set(v) => PyValue::Set { v: list(self, v)?, id: 0 },
                _ => return None,
            },
            Value::Dict(c) => match self.heap.get(*c) {
                Cell::Dict(v) => PyValue::Dict {
                    v: v.iter().map(|(k, x)| Some((self.export(k)?, self.export(x)?))).collect::<Option<Vec<_>>>()?,
                    id: 0,
                },
                _ => return None,
            },
            Value::Slice(v) => {
                PyValue::Slice { v: Box::new([self.export(&v[0])?, self.export(&v[1])?, self.export(&v[2])?]) }
            }
            Value::Range(v) => {
                let i = |x: &Value| self.known_int(x).and_then(|i| i64::try_from(i).ok());
                PyValue::Range { v: [i(&v[0])?, i(&v[1])?, i(&v[2])?] }
            }
            Value::Dtype(d) => PyValue::Dtype { v: *d },
            Value::Library(n) => PyValue::Library { v: n.to_string() },
            Value::Module(n) => PyValue::Module { v: n.to_string() },
            Value::Opaque(p) => (**p).clone(),
            _ => return None,
        })
    }
    /// Whether a value is wholly known, so that the oracle could compute with it.
    pub fn is_static(&self, v: &Value) -> bool {
        match v {
            Value::Tuple(v, _) | Value::Items(v) => v.iter().all(|x| self.is_static(x)),
            Value::List(c) => matches!(self.heap.get(*c), Cell::List(v) if v.iter().all(|x| self.is_static(x))),
            Value::Dict(c) => {
                matches!(self.heap.get(*c), Cell::Dict(v) if v.iter().all(|(k, x)| self.is_static(k) && self.is_static(x)))
            }
            Value::Array(ArrayRef { cell, view, .. }) => {
                matches!(self.heap.get(*cell), Cell::Array { content: Content::Static(_), .. })
                    && (view.is_empty() || self.export(v).is_some())
            }
            v => self.export(v).is_some(),
        }
    }
    /// Evaluates an expression over static values with the oracle.
    pub fn ask(&mut self, expression: &str, args: &[Value]) -> R<Value> {
        let mut exported = Vec::with_capacity(args.len());
        for a in args {
            match self.export(a) {
                Some(p) => exported.push(p),
                None => {
                    return self.refuse("PM0999", format!("internal error: `{expression}` asked of a dynamic value"));
                }
            }
        }
        match self.oracle.eval(expression, &exported) {
            Ok(p) => self.import(&p, false),
            Err(e) => self.raise_py(e),
        }
    }
    /// A list or tuple of numbers (nested or not) as a static array, by `np.array`.
    pub fn ask_array(&mut self, v: &Value, dtype: Option<DType>) -> R<Value> {
        match dtype {
            Some(d) => self.ask("numpy.array(a0, dtype=a1)", &[v.clone(), Value::Dtype(d)]),
            None => self.ask("numpy.array(a0)", std::slice::from_ref(v)),
        }
    }
}
