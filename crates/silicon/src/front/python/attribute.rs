//! Attributes of objects, arrays and modules.

use super::eval::{Code, Eval, R, Stop};
use super::state::Cell;
use super::value::{ArrayRef, CellId, Member, Value, ViewStep};
use crate::dtype::Scalar;
use crate::hir::{Op, Type};
use std::rc::Rc;

impl<'a> Eval<'a> {
    /// `object.name`
    pub fn attribute(&mut self, o: &Value, name: &str) -> R<Value> {
        let o = &self.settle(o)?;
        match o {
            Value::Module(m) => {
                let full: Rc<str> = format!("{m}.{name}").into();
                self.library_value(&full)
            }
            Value::Library(m) => {
                if let Some(d) = super::library::dtype_of(m)
                    && name == "__name__"
                {
                    return Ok(Value::str(d.name()));
                }
                let full: Rc<str> = format!("{m}.{name}").into();
                self.library_value(&full)
            }
            Value::UserModule(c) => match self.heap.get(*c) {
                Cell::Scope { vars, .. } => match vars.get(name) {
                    Some(v) => Ok(v.clone()),
                    None => self.refuse("PM0102", format!("this module has no attribute `{name}`")),
                },
                _ => self.refuse("PM0999", "internal error: not a scope cell"),
            },
            Value::Object(c) => self.object_attribute(*c, name),
            Value::Super(c, after) => {
                let object = Value::Object(*c);
                let Cell::Object { class, .. } = self.heap.get(*c) else {
                    return self.refuse("PM0999", "internal error: not an object");
                };
                let mro = class.mro();
                // the class under construction and the finished one share their attributes' scope
                let at = mro.iter().position(|k| k.attrs == after.attrs).map_or(0, |p| p + 1);
                let found = mro[at..]
                    .iter()
                    .find_map(|k| k.members.iter().rev().find(|(n, _)| &**n == name).map(|(_, m)| m.clone()));
                match found {
                    Some(Member::Method(f)) => Ok(Value::Method(Box::new(object), f)),
                    Some(Member::Property(f, _)) => self.call_function(&f, vec![object], vec![]),
                    Some(Member::Static(f)) => Ok(Value::Function(f)),
                    Some(Member::ClassMethod(f)) => Ok(Value::Method(Box::new(object), f)),
                    None if name == "__init__" => Ok(Value::Library("builtins.object.__init__".into())),
                    None => self.raise("AttributeError", format!("'super' object has no attribute '{name}'")),
                }
            }
            Value::Class(k) => {
                match k.find(name) {
                    Some(Member::Method(f) | Member::Static(f) | Member::Property(f, _)) => {
                        return Ok(Value::Function(f));
                    }
                    Some(Member::ClassMethod(f)) => return Ok(Value::Method(Box::new(o.clone()), f)),
                    None => {}
                }
                if name == "__name__" || name == "__qualname__" {
                    return Ok(Value::Str(k.name.clone()));
                }
                for c in k.mro() {
                    if let Cell::Scope { vars, .. } = self.heap.get(c.attrs)
                        && let Some(v) = vars.get(name)
                    {
                        return Ok(v.clone());
                    }
                }
                self.raise("AttributeError", format!("type object '{}' has no attribute '{name}'", k.name))
            }
            Value::Array(a) => self.array_attribute(&a.clone(), name),
            Value::Dtype(_) if name == "type" => Ok(o.clone()),
            Value::Tuple(items, names) if names.iter().any(|n| n == name) => {
                let k = names.iter().position(|n| n == name).unwrap_or(0);
                Ok(items[k].clone())
            }
            Value::Dyn(_)
            | Value::Sym(_)
            | Value::Scalar(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Complex(..)
            | Value::Bool(_) => match name {
                "real" | "imag" => self.part(o, name == "real"),
                "dtype" if Self::is_numpy(o) => match self.number_dtype(o) {
                    Some(d) => Ok(Value::Dtype(d)),
                    None => self.refuse("PM0999", "internal error: scalar without type"),
                },
                "shape" if Self::is_numpy(o) => Ok(Value::tuple(vec![])),
                "ndim" if Self::is_numpy(o) => Ok(Value::Int(0)),
                "size" if Self::is_numpy(o) => Ok(Value::Int(1)),
                "T" if Self::is_numpy(o) => Ok(o.clone()),
                _ => Ok(Value::BuiltinMethod(Box::new(o.clone()), name.into())),
            },
            Value::Opaque(_) | Value::Dtype(_) => {
                self.ask(&format!("a0.{name}"), std::slice::from_ref(o)).or_else(|e| match e {
                    Stop::Raised(_) => Err(e),
                    _ => Ok(Value::BuiltinMethod(Box::new(o.clone()), name.into())),
                })
            }
            Value::Slice(s) => Ok(match name {
                "start" => s[0].clone(),
                "stop" => s[1].clone(),
                _ => s[2].clone(),
            }),
            Value::Range(r) if matches!(name, "start" | "stop" | "step") => Ok(match name {
                "start" => r[0].clone(),
                "stop" => r[1].clone(),
                _ => r[2].clone(),
            }),
            Value::Function(f) if name == "__name__" => Ok(match self.functions[f.def.0 as usize].code {
                Code::Def(d) => Value::str(d.name.as_str()),
                Code::Lambda(_) => Value::str("<lambda>"),
            }),
            Value::None => self.raise("AttributeError", format!("'NoneType' object has no attribute '{name}'")),
            v => Ok(Value::BuiltinMethod(Box::new(v.clone()), name.into())),
        }
    }
    fn object_attribute(&mut self, c: CellId, name: &str) -> R<Value> {
        let object = Value::Object(c);
        let Cell::Object { class, attrs } = self.heap.get(c) else {
            return self.refuse("PM0999", "internal error: not an object");
        };
        let class = class.clone();
        if let Some(Member::Property(f, _)) = class.find(name) {
            return self.call_function(&f, vec![object], vec![]);
        }
        if let Some(v) = attrs.get(name) {
            return Ok(v.clone());
        }
        match class.find(name) {
            Some(Member::Method(f)) => return Ok(Value::Method(Box::new(object), f)),
            Some(Member::Static(f)) => return Ok(Value::Function(f)),
            Some(Member::ClassMethod(f)) => return Ok(Value::Method(Box::new(Value::Class(class)), f)),
            _ => {}
        }
        for k in class.mro() {
            if let Cell::Scope { vars, .. } = self.heap.get(k.attrs)
                && let Some(v) = vars.get(name)
            {
                return Ok(v.clone());
            }
        }
        match name {
            "__class__" => return Ok(Value::Class(class)),
            "__dict__" => return self.refuse("PM0109", "`__dict__` is not supported"),
            _ => {}
        }
        if class.find("__getattr__").is_some() {
            return self.refuse("PM0109", "`__getattr__` is not supported");
        }
        if let Some(base) = &class.foreign_base {
            let base = base.clone();
            return self.refuse(
                "PM0113",
                format!("attribute `{name}` comes from the base class `{base}`, which is not in the project"),
            );
        }
        self.raise("AttributeError", format!("'{}' object has no attribute '{name}'", class.name))
    }
    /// `object.name = v`
    pub fn set_attribute(&mut self, o: &Value, name: &str, v: Value) -> R<()> {
        let o = &self.settle(o)?;
        match o {
            Value::Object(c) => {
                let c = *c;
                if let Cell::Object { class, .. } = self.heap.get(c)
                    && let Some(Member::Property(_, setter)) = class.find(name)
                {
                    return match setter {
                        Some(f) => self.call_function(&f, vec![o.clone(), v], vec![]).map(|_| ()),
                        None => self.raise("AttributeError", format!("property '{name}' of object has no setter")),
                    };
                }
                if let Cell::Object { attrs, .. } = self.heap.get_mut(c) {
                    attrs.insert(name.into(), v);
                }
                Ok(())
            }
            Value::Class(k) => {
                let c = k.attrs;
                if let Cell::Scope { vars, .. } = self.heap.get_mut(c) {
                    vars.insert(name.into(), v);
                }
                Ok(())
            }
            Value::UserModule(c) => {
                let c = *c;
                if let Cell::Scope { vars, .. } = self.heap.get_mut(c) {
                    vars.insert(name.into(), v);
                }
                Ok(())
            }
            Value::Array(a) => match name {
                "shape" | "real" | "imag" if name != "shape" => {
                    let step = if name == "real" { ViewStep::Real } else { ViewStep::Imag };
                    if !a.ty.dtype.is_complex() {
                        return self.refuse("PM0109", "storing into `.real`/`.imag` of a real array is not supported");
                    }
                    let view = self.view(&a.clone(), step);
                    self.array_set(&view, &Value::Ellipsis, &v)
                }
                _ => self.refuse_help(
                    "PM0109",
                    format!("assigning to `.{name}` of an array is not supported"),
                    "use a new array (`x = x.reshape(...)`)",
                ),
            },
            v => self.refuse("PM0109", format!("assigning to an attribute of {} is not supported", v.describe())),
        }
    }
    fn array_attribute(&mut self, a: &ArrayRef, name: &str) -> R<Value> {
        Ok(match name {
            "shape" => Value::tuple(a.ty.shape.iter().map(|d| self.dim_int(d)).collect()),
            "size" => self.dim_int(&a.ty.size()),
            "ndim" => Value::Int(a.ty.rank() as i128),
            "dtype" => Value::Dtype(a.ty.dtype),
            "itemsize" => Value::Int(a.ty.dtype.size() as i128),
            "nbytes" => self.dim_int(&a.ty.size().scale(a.ty.dtype.size() as i64)),
            "T" => {
                let perm = (0..a.ty.rank()).rev().collect();
                if a.ty.rank() < 2 {
                    Value::Array(a.clone())
                } else {
                    Value::Array(self.view(a, ViewStep::Transpose(perm)))
                }
            }
            "real" | "imag" => return self.part(&Value::Array(a.clone()), name == "real"),
            "flat" => Value::Array(self.view(a, ViewStep::Reshape(vec![a.ty.size()]))),
            "base" | "strides" | "ctypes" | "flags" | "data" => {
                return self.refuse("PM0109", format!("`.{name}` of an array is not supported"));
            }
            _ => Value::BuiltinMethod(Box::new(Value::Array(a.clone())), name.into()),
        })
    }
    /// `.real` and `.imag`
    pub fn part(&mut self, v: &Value, real: bool) -> R<Value> {
        if self.is_static(v) && !matches!(v, Value::Array(_)) {
            return self.ask(if real { "a0.real" } else { "a0.imag" }, std::slice::from_ref(v));
        }
        let Some(dtype) = self.number_dtype(v) else { return self.refuse("PM0110", "this has no real part") };
        if dtype.is_complex() {
            if let Value::Array(a) = v
                && a.ty.rank() > 0
            {
                return Ok(Value::Array(self.view(a, if real { ViewStep::Real } else { ViewStep::Imag })));
            }
            let id = self.operand(v, dtype)?;
            let op = if real { crate::hir::Unary::Real } else { crate::hir::Unary::Imag };
            let shape = self.ty(id).shape;
            let id = self.emit(Op::Unary(op), vec![id], Type { dtype: dtype.real(), shape })?;
            return Ok(self.rewrap(v, id));
        }
        if real {
            return Ok(v.clone());
        }
        let id = self.operand(v, dtype)?;
        let shape = self.ty(id).shape;
        let z = self.constant(Scalar::zero(dtype))?;
        let z = self.broadcast_to(z, &shape)?;
        Ok(self.rewrap(v, z))
    }
}
