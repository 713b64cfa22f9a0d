//! Abstract values of the specialising evaluator: what is known of a Python value at translation time.
//! A value is *static* when it is fully known, *dynamic* when it is computed by the emitted program.

use crate::dtype::{DType, Scalar};
use crate::hir::{Dim, Type, ValueId};
use crate::oracle::PyValue;
use std::rc::Rc;

/// A mutable object of the abstract heap (array, list, dict, instance, scope).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellId(pub u32);

/// Python scalars and NumPy scalars differ in promotion, division by zero and overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A Python `bool`, `float` or `complex`.
    Py,
    /// A NumPy scalar.
    Np,
    /// One or the other, depending on the path taken.
    Mixed,
}

/// A scalar computed by the program (Python ints are [`Value::Sym`]).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DynScalar {
    /// HIR value, rank 0.
    pub id: ValueId,
    /// Element type.
    pub dtype: DType,
    /// Python's or NumPy's.
    pub kind: Kind,
}

/// One axis of an indexing step of a view.
#[derive(Clone, Debug, PartialEq)]
pub enum AxisItem {
    /// One element; the axis disappears.
    At(Dim),
    /// `start + k*step`, k < len.
    Range {
        /// First index, in range.
        start: Dim,
        /// Nonzero.
        step: i64,
        /// Number of elements.
        len: Dim,
    },
}

/// One step of a view onto an array: how the seen array is made from the one below.
#[derive(Clone, Debug, PartialEq)]
pub enum ViewStep {
    /// Basic indexing, one item per axis of the operand.
    Index(Vec<AxisItem>),
    /// Same elements, another shape.
    Reshape(Vec<Dim>),
    /// Axis permutation.
    Transpose(Vec<usize>),
    /// Real part of a complex array.
    Real,
    /// Imaginary part.
    Imag,
    /// Broadcast to a shape (read-only).
    Broadcast(Vec<Dim>),
}

impl ArrayRef {
    /// Calls `f` for every run-time value that its extents and places depend on.
    pub fn for_each_value(&self, f: &mut impl FnMut(ValueId)) {
        for step in self.view.iter() {
            match step {
                ViewStep::Index(items) => items.iter().for_each(|item| match item {
                    AxisItem::At(at) => at.for_each_value(f),
                    AxisItem::Range { start, len, .. } => [start, len].into_iter().for_each(|d| d.for_each_value(f)),
                }),
                ViewStep::Reshape(shape) | ViewStep::Broadcast(shape) => {
                    shape.iter().for_each(|d| d.for_each_value(f));
                }
                ViewStep::Transpose(_) | ViewStep::Real | ViewStep::Imag => {}
            }
        }
        self.ty.shape.iter().for_each(|d| d.for_each_value(f));
    }
}

/// A NumPy array as the program holds it: a cell and how it is seen.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrayRef {
    /// The cell that owns the elements.
    pub cell: CellId,
    /// Steps from the cell's contents to this array; empty for the array itself.
    pub view: Rc<Vec<ViewStep>>,
    /// Type as seen.
    pub ty: Type,
}

/// A static array: NumPy's contents in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct NdArray {
    /// Element type.
    pub dtype: DType,
    /// Extents.
    pub shape: Vec<usize>,
    /// Little-endian elements.
    pub data: Vec<u8>,
}

impl NdArray {
    /// Number of elements.
    pub fn size(&self) -> usize {
        self.shape.iter().product()
    }
    /// Element by flat C-order position.
    pub fn get(&self, at: usize) -> Scalar {
        let s = self.dtype.size();
        Scalar::from_le_bytes(self.dtype, &self.data[at * s..(at + 1) * s])
    }
    /// Its type.
    pub fn ty(&self) -> Type {
        Type { dtype: self.dtype, shape: self.shape.iter().map(|n| Dim::from(*n)).collect() }
    }
}

/// Index into the evaluator's table of functions known by source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FuncRef(pub u32);

/// A function of the project (or the prelude) with what it closes over.
#[derive(Clone, Debug)]
pub struct UserFunction {
    /// Its definition.
    pub def: FuncRef,
    /// Scope it was defined in.
    pub scope: CellId,
    /// Values of defaulted parameters, evaluated at definition: name -> value.
    pub defaults: Vec<(Rc<str>, Value)>,
    /// Class the function was defined in, for `super()`.
    pub owner: Option<Rc<Class>>,
}

/// A class of the project.
#[derive(Clone, Debug)]
pub struct Class {
    /// `__qualname__`.
    pub name: Rc<str>,
    /// Bases that are project classes.
    pub bases: Vec<Rc<Class>>,
    /// Name of the first base that is not a project class, if any.
    pub foreign_base: Option<Rc<str>>,
    /// Methods, properties, static and class methods, in definition order.
    pub members: Vec<(Rc<str>, Member)>,
    /// Scope cell holding plain class attributes.
    pub attrs: CellId,
}

/// A function of a class body and how it binds.
#[derive(Clone, Debug)]
pub enum Member {
    /// Ordinary method.
    Method(Rc<UserFunction>),
    /// `@property` getter, and setter if there is one.
    Property(Rc<UserFunction>, Option<Rc<UserFunction>>),
    /// `@staticmethod`.
    Static(Rc<UserFunction>),
    /// `@classmethod`.
    ClassMethod(Rc<UserFunction>),
}

impl Class {
    /// Method resolution order: depth first, the class itself first (diamonds keep the last occurrence, as C3 does for the
    /// simple hierarchies that occur).
    pub fn mro(self: &Rc<Class>) -> Vec<Rc<Class>> {
        let mut out: Vec<Rc<Class>> = vec![self.clone()];
        for b in &self.bases {
            for c in b.mro() {
                if let Some(at) = out.iter().position(|x| Rc::ptr_eq(x, &c)) {
                    out.remove(at);
                }
                out.push(c);
            }
        }
        out
    }
    /// Finds a member along the method resolution order.
    pub fn find(self: &Rc<Class>, name: &str) -> Option<Member> {
        self.mro().iter().find_map(|c| c.members.iter().rev().find(|(n, _)| &**n == name).map(|(_, m)| m.clone()))
    }
    /// Whether it is the class or one of its bases.
    pub fn is_subclass(self: &Rc<Class>, other: &Rc<Class>) -> bool {
        self.mro().iter().any(|c| Rc::ptr_eq(c, other))
    }
}

/// A Python value, as far as it is known.
#[derive(Clone, Debug)]
pub enum Value {
    /// `None`
    None,
    /// `...`
    Ellipsis,
    /// Python bool
    Bool(bool),
    /// Python int, known
    Int(i128),
    /// Python int computed by the program, within int64
    Sym(Dim),
    /// Python float, known
    Float(f64),
    /// Python complex, known
    Complex(f64, f64),
    /// str
    Str(Rc<str>),
    /// bytes
    Bytes(Rc<[u8]>),
    /// NumPy scalar, known
    Scalar(Scalar),
    /// Scalar computed by the program
    Dyn(DynScalar),
    /// ndarray
    Array(ArrayRef),
    /// tuple; field names if it has any
    Tuple(Rc<[Value]>, Rc<[String]>),
    /// list
    List(CellId),
    /// dict
    Dict(CellId),
    /// set of known values
    Set(CellId),
    /// slice object
    Slice(Rc<[Value; 3]>),
    /// range object
    Range(Rc<[Value; 3]>),
    /// Function of the project or prelude
    Function(Rc<UserFunction>),
    /// Bound method
    Method(Box<Value>, Rc<UserFunction>),
    /// Class of the project
    Class(Rc<Class>),
    /// Instance of a project class
    Object(CellId),
    /// `super()` proxy: object and the class after which to look
    Super(CellId, Rc<Class>),
    /// Function, class or constant of a library, by dotted name
    Library(Rc<str>),
    /// Method of a built-in value (`x.sum`)
    BuiltinMethod(Box<Value>, Rc<str>),
    /// Library module, by dotted name
    Module(Rc<str>),
    /// Module of the project: its globals' scope
    UserModule(CellId),
    /// numpy.dtype or scalar type
    Dtype(DType),
    /// Iterator over known items (enumerate, zip, map, generator expression, iter)
    Items(Rc<[Value]>),
    /// Lazy zip/enumerate over something dynamic
    Zip(Rc<[Value]>),
    /// Something only the oracle knows
    Opaque(Rc<PyValue>),
    /// Bound only where the flag is true
    Maybe(Box<Value>, ValueId),
    /// One of several known strings or None, by an int64 index the program computes (the state of a state machine)
    OneOf(Rc<[Value]>, ValueId),
    /// Not bound on some path, and how to say so
    Unbound(Rc<str>),
    /// Not usable, and why (different kinds of thing on different paths)
    Poison(Rc<str>),
}

impl Value {
    /// A str.
    pub fn str(s: &str) -> Value {
        Value::Str(s.into())
    }
    /// A plain tuple.
    pub fn tuple(items: Vec<Value>) -> Value {
        Value::Tuple(items.into(), Rc::from(Vec::new()))
    }
    /// Whether two abstract values are the same thing (floats by bits).
    pub fn same(&self, other: &Value) -> bool {
        use Value::*;
        match (self, other) {
            (None, None) | (Ellipsis, Ellipsis) => true,
            (Bool(a), Bool(b)) => a == b,
            (Int(a), Int(b)) => a == b,
            (Sym(a), Sym(b)) => a == b,
            (Float(a), Float(b)) => a.to_bits() == b.to_bits(),
            (Complex(a, b), Complex(c, d)) => a.to_bits() == c.to_bits() && b.to_bits() == d.to_bits(),
            (Str(a), Str(b)) => a == b,
            (Bytes(a), Bytes(b)) => a == b,
            (Scalar(a), Scalar(b)) => a == b,
            (Dyn(a), Dyn(b)) => a == b,
            (Array(a), Array(b)) => a == b,
            (Tuple(a, _), Tuple(b, _)) | (Items(a), Items(b)) | (Zip(a), Zip(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| x.same(y))
            }
            (List(a), List(b)) | (Dict(a), Dict(b)) | (Set(a), Set(b)) | (Object(a), Object(b)) => a == b,
            (UserModule(a), UserModule(b)) => a == b,
            (Slice(a), Slice(b)) | (Range(a), Range(b)) => a.iter().zip(b.iter()).all(|(x, y)| x.same(y)),
            (Function(a), Function(b)) => Rc::ptr_eq(a, b) || (a.def == b.def && a.scope == b.scope),
            (Method(a, f), Method(b, g)) => a.same(b) && f.def == g.def,
            (Class(a), Class(b)) => Rc::ptr_eq(a, b),
            (Super(a, c), Super(b, d)) => a == b && Rc::ptr_eq(c, d),
            (Library(a), Library(b)) | (Module(a), Module(b)) => a == b,
            (BuiltinMethod(a, m), BuiltinMethod(b, n)) => m == n && a.same(b),
            (Dtype(a), Dtype(b)) => a == b,
            (Opaque(a), Opaque(b)) => Rc::ptr_eq(a, b) || a == b,
            (Maybe(a, x), Maybe(b, y)) => x == y && a.same(b),
            (OneOf(_, x), OneOf(_, y)) => x == y,
            (Poison(_), Poison(_)) | (Unbound(_), Unbound(_)) => true,
            _ => false,
        }
    }
    /// How messages call this kind of value.
    pub fn describe(&self) -> String {
        match self {
            Value::None => "None".into(),
            Value::Ellipsis => "Ellipsis".into(),
            Value::Bool(v) => format!("the bool {}", if *v { "True" } else { "False" }),
            Value::Int(v) => format!("the int {v}"),
            Value::Sym(_) => "an int computed at run time".into(),
            Value::Float(v) => format!("the float {v:?}"),
            Value::Complex(..) => "a complex constant".into(),
            Value::Str(s) => format!("the str {s:?}"),
            Value::Bytes(_) => "a bytes object".into(),
            Value::Scalar(s) => format!("a numpy.{} constant", s.dtype),
            Value::Dyn(d) => match d.kind {
                Kind::Np => format!("a numpy.{} scalar", d.dtype),
                _ => format!(
                    "a Python {}",
                    match d.dtype {
                        DType::Bool => "bool",
                        DType::Complex128 => "complex",
                        _ => "float",
                    }
                ),
            },
            Value::Array(a) => format!("a numpy.ndarray of {} with {} axes", a.ty.dtype, a.ty.rank()),
            Value::Tuple(v, _) => format!("a tuple of {}", v.len()),
            Value::List(_) => "a list".into(),
            Value::Dict(_) => "a dict".into(),
            Value::Set(_) => "a set".into(),
            Value::Slice(_) => "a slice".into(),
            Value::Range(_) => "a range".into(),
            Value::Function(_) => "a function".into(),
            Value::Method(..) | Value::BuiltinMethod(..) => "a method".into(),
            Value::Class(c) => format!("the class {}", c.name),
            Value::Object(_) | Value::Super(..) => "an object".into(),
            Value::Library(n) => format!("`{n}`"),
            Value::Module(n) => format!("the module {n}"),
            Value::UserModule(_) => "a module".into(),
            Value::Dtype(d) => format!("the dtype {d}"),
            Value::Items(_) | Value::Zip(_) => "an iterator".into(),
            Value::Opaque(p) => match &**p {
                PyValue::Opaque { type_name, .. } => format!("an object of type {type_name}"),
                _ => "an object".into(),
            },
            Value::Maybe(v, _) => v.describe(),
            Value::OneOf(..) => "a string chosen at run time".into(),
            Value::Poison(_) | Value::Unbound(_) => "a value that is not known".into(),
        }
    }
}
