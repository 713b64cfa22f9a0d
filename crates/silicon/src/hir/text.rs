//! The text form of a module, which [`super::parse()`] reads back exactly. Source spans are not written.
//!
//! ```text
//! module "fm" fma
//! length "n" 64 ..
//! table "taps" float64[2] "firwin(2, 0.1)" [0.5, 0.5]
//! state "s": float64[1] = table 0
//! kernel func "twice"(%0 "x": float64) {
//!   %1: float64 = add(%0, %0)
//!   yield %1
//! }
//! entry (input "x") -> (output "y") func "run"(%0: float64[$0]) {
//!   %1: float64[$0] = kernel[0](%0)
//!   yield %1
//! }
//! ```
//!
//! `%1` is a value, `$0` a named length. A value is followed by its source name, if it has one, and its type where it
//! is defined.

use super::{
    Binary, Dim, Func, Inst, Module, Op, ParamRole, Reduction, Region, ResultRole, Table, Type, Unary, ValueId,
};
use crate::dtype::{DType, Scalar};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt::{self, Display, Formatter, Write};

/// Tables of at most this many elements are written as numbers.
const READABLE: usize = 16;

macro_rules! names {
    ($name:ident: $t:ty, $($s:literal => $v:ident),* $(,)?) => {
        /// Spelling of each operation.
        pub(super) const $name: &[(&str, $t)] = &[$(($s, <$t>::$v)),*];
    };
}
names!(UNARY: Unary,
    "neg" => Neg, "abs" => Abs, "not" => Not, "sqrt" => Sqrt, "floor" => Floor, "ceil" => Ceil, "trunc" => Trunc,
    "rint" => Rint, "isnan" => IsNan, "isinf" => IsInf, "signbit" => SignBit, "real" => Real, "imag" => Imag,
    "bitcast" => Bitcast, "cast" => Cast);
names!(BINARY: Binary,
    "add" => Add, "sub" => Sub, "mul" => Mul, "div" => Div, "add_checked" => AddChecked,
    "sub_checked" => SubChecked, "mul_checked" => MulChecked, "floor_div" => FloorDiv, "floor_mod" => FloorMod,
    "fmod" => Fmod, "min" => Min, "max" => Max, "and" => And, "or" => Or, "xor" => Xor, "shl" => Shl, "shr" => Shr,
    "copysign" => CopySign, "lt" => Lt, "le" => Le, "gt" => Gt, "ge" => Ge, "eq" => Eq, "ne" => Ne,
    "complex" => Complex);
names!(REDUCTION: Reduction,
    "sum" => Sum, "prod" => Prod, "min" => Min, "max" => Max, "any" => Any, "all" => All);

fn spell<T: PartialEq>(names: &[(&'static str, T)], op: &T) -> &'static str {
    names.iter().find(|(_, o)| o == op).map_or("?", |(s, _)| s)
}

/// A string in quotes.
struct Quoted<'a>(&'a str);
impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for c in self.0.chars() {
            match c {
                '"' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                c if c.is_control() => write!(f, "\\u{{{:x}}}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('"')
    }
}

/// Items with commas between them.
fn list<T>(
    f: &mut Formatter<'_>,
    items: &[T],
    mut each: impl FnMut(&mut Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        each(f, item)?;
    }
    Ok(())
}

/// One part of a float: shortest digits that read back to it, or its bits.
fn float(f: &mut Formatter<'_>, dtype: DType, bits: u64) -> fmt::Result {
    if dtype.real() == DType::Float32 {
        let v = f32::from_bits(bits as u32);
        if v.is_nan() { write!(f, "nan(0x{bits:08x})") } else { write!(f, "{v:?}") }
    } else {
        let v = f64::from_bits(bits);
        if v.is_nan() { write!(f, "nan(0x{bits:016x})") } else { write!(f, "{v:?}") }
    }
}

/// The value of a constant without its type.
struct Value(Scalar);
impl Display for Value {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let s = self.0;
        let fits = |bits: u64| s.dtype.real() != DType::Float32 || bits >> 32 == 0;
        match s.as_int() {
            Some(v) if Scalar::int(s.dtype, v) == s && s.dtype == DType::Bool => write!(f, "{}", v != 0),
            Some(v) if Scalar::int(s.dtype, v) == s => write!(f, "{v}"),
            None if s.dtype.is_float() && fits(s.re) && s.im == 0 => float(f, s.dtype, s.re),
            None if s.dtype.is_complex() && fits(s.re) && fits(s.im) => {
                f.write_str("(")?;
                float(f, s.dtype, s.re)?;
                f.write_str(", ")?;
                float(f, s.dtype, s.im)?;
                f.write_str(")")
            }
            // bits that the type does not have: the checker refuses them, but they can be looked at
            _ => write!(f, "raw(0x{:x}, 0x{:x})", s.re, s.im),
        }
    }
}

impl Display for Type {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.dtype)?;
        if !self.shape.is_empty() {
            f.write_str("[")?;
            list(f, &self.shape, |f, d| write!(f, "{d}"))?;
            f.write_str("]")?;
        }
        Ok(())
    }
}

fn value(f: &mut Formatter<'_>, v: &ValueId) -> fmt::Result {
    write!(f, "%{}", v.0)
}

/// A value where it is defined.
fn define(f: &mut Formatter<'_>, func: &Func, v: &ValueId) -> fmt::Result {
    value(f, v)?;
    let Some(data) = func.values.get(v.0 as usize) else { return f.write_str(": ?") };
    if let Some(name) = &data.name {
        write!(f, " {}", Quoted(name))?;
    }
    write!(f, ": {}", data.ty)
}

fn region(f: &mut Formatter<'_>, func: &Func, r: &Region, depth: usize) -> fmt::Result {
    if !r.params.is_empty() {
        f.write_str("(")?;
        list(f, &r.params, |f, v| define(f, func, v))?;
        f.write_str(")")?;
    }
    f.write_str(" {\n")?;
    for i in &r.body {
        inst(f, func, i, depth + 1)?;
    }
    if !r.results.is_empty() {
        write!(f, "{:1$}yield ", "", 2 * depth + 2)?;
        list(f, &r.results, value)?;
        f.write_str("\n")?;
    }
    write!(f, "{:1$}}}", "", 2 * depth)
}

fn numbers<T: Display>(f: &mut Formatter<'_>, name: &str, v: &[T]) -> fmt::Result {
    f.write_str(name)?;
    if !v.is_empty() {
        f.write_str("[")?;
        list(f, v, |f, n| write!(f, "{n}"))?;
        f.write_str("]")?;
    }
    Ok(())
}

fn inst(f: &mut Formatter<'_>, func: &Func, i: &Inst, depth: usize) -> fmt::Result {
    write!(f, "{:1$}", "", 2 * depth)?;
    if !i.results.is_empty() {
        list(f, &i.results, |f, v| define(f, func, v))?;
        f.write_str(" = ")?;
    }
    match &i.op {
        Op::Const(s) => write!(f, "const[{} {}]", s.dtype, Value(*s))?,
        Op::Table(t) => write!(f, "table[{}]", t.0)?,
        Op::Dim(d) => write!(f, "dim[{d}]")?,
        Op::Unary(op) => f.write_str(spell(UNARY, op))?,
        Op::Binary(op) => f.write_str(spell(BINARY, op))?,
        Op::Select => f.write_str("select")?,
        Op::Kernel(k) => write!(f, "kernel[{}]", k.0)?,
        Op::Iota => f.write_str("iota")?,
        Op::Broadcast => f.write_str("broadcast")?,
        Op::Reshape => f.write_str("reshape")?,
        Op::Transpose(perm) => numbers(f, "transpose", perm)?,
        Op::Slice { steps } => numbers(f, "slice", steps)?,
        Op::InsertSlice { steps } => numbers(f, "insert_slice", steps)?,
        Op::Extract => f.write_str("extract")?,
        Op::Insert => f.write_str("insert")?,
        Op::Gather { axis } => write!(f, "gather[{axis}]")?,
        Op::Scatter { axis } => write!(f, "scatter[{axis}]")?,
        Op::Compress => f.write_str("compress")?,
        Op::Concat { axis } => write!(f, "concat[{axis}]")?,
        Op::Reduce { kind, axes } => {
            write!(f, "reduce_{}", spell(REDUCTION, kind))?;
            numbers(f, "", axes)?;
        }
        Op::ArgReduce { max: true, axis } => write!(f, "argmax[{axis}]")?,
        Op::ArgReduce { max: false, axis } => write!(f, "argmin[{axis}]")?,
        Op::Scan { kind, axis } => write!(f, "scan_{}[{axis}]", spell(REDUCTION, kind))?,
        Op::MatMul => f.write_str("matmul")?,
        Op::Sort => f.write_str("sort")?,
        Op::ArgSort => f.write_str("argsort")?,
        Op::Fir { up, down } => write!(f, "fir[{up}, {down}]")?,
        Op::Sosfilt => f.write_str("sosfilt")?,
        Op::For { step, .. } => write!(f, "for[{step}]")?,
        Op::While { .. } => f.write_str("while")?,
        Op::If { .. } => f.write_str("if")?,
        Op::Check(fault) => write!(f, "check[{}, {}]", Quoted(&fault.exception), Quoted(&fault.message))?,
    }
    if !i.args.is_empty() {
        f.write_str("(")?;
        list(f, &i.args, value)?;
        f.write_str(")")?;
    }
    let names: &[&str] = match &i.op {
        Op::For { .. } => &["body"],
        Op::While { .. } => &["cond", "body"],
        Op::If { .. } => &["then", "else"],
        _ => &[],
    };
    for (name, r) in names.iter().zip(i.regions()) {
        write!(f, " {name}")?;
        region(f, func, r, depth)?;
    }
    f.write_str("\n")
}

impl Display for Func {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "func {}", Quoted(&self.name))?;
        region(f, self, &self.body, 0)?;
        f.write_str("\n")?;
        for (v, (low, high)) in &self.bounds {
            let bound = |d: &Option<Dim>| d.as_ref().map_or("_".to_string(), Dim::to_string);
            writeln!(f, "bound %{} [{}, {}]", v.0, bound(low), bound(high))?;
        }
        // values that no instruction defines any more keep their numbers
        let mut defined = vec![false; self.values.len()];
        mark(&self.body, &mut defined);
        for (i, _) in defined.iter().enumerate().filter(|(_, d)| !**d) {
            f.write_str("unused ")?;
            define(f, self, &ValueId(i as u32))?;
            f.write_str("\n")?;
        }
        Ok(())
    }
}

fn mark(r: &Region, defined: &mut [bool]) {
    let results = r.body.iter().flat_map(|i| &i.results);
    for v in r.params.iter().chain(results) {
        if let Some(d) = defined.get_mut(v.0 as usize) {
            *d = true;
        }
    }
    r.body.iter().flat_map(Inst::regions).for_each(|r| mark(r, defined));
}

fn table(f: &mut Formatter<'_>, t: &Table) -> fmt::Result {
    write!(f, "table {} ", Quoted(&t.name))?;
    numbers(f, t.dtype.name(), &t.shape)?;
    write!(f, " {} ", Quoted(&t.provenance))?;
    let size = t.dtype.size();
    let elements: Vec<Scalar> = t.data.chunks_exact(size).map(|b| Scalar::from_le_bytes(t.dtype, b)).collect();
    let exact = elements.iter().flat_map(|s| s.to_le_bytes()).eq(t.data.iter().copied());
    let sound = t.dtype != DType::Bool || t.data.iter().all(|b| *b < 2);
    if elements.len() <= READABLE && exact && sound {
        f.write_str("[")?;
        list(f, &elements, |f, s| write!(f, "{}", Value(*s)))?;
        f.write_str("]\n")
    } else {
        writeln!(f, "base64 {}", Quoted(&STANDARD.encode(&t.data)))
    }
}

impl Display for Module {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "module {}{}", Quoted(&self.name), if self.fma { " fma" } else { "" })?;
        for l in &self.lengths {
            write!(f, "length {} {} ..", Quoted(&l.name), l.min)?;
            match l.max {
                Some(max) => writeln!(f, " {max}")?,
                None => writeln!(f)?,
            }
        }
        self.tables.iter().try_for_each(|t| table(f, t))?;
        for s in &self.state {
            writeln!(f, "state {}: {} = table {}", Quoted(&s.name), s.ty, s.init.0)?;
        }
        for k in &self.kernels {
            write!(f, "kernel {k}")?;
        }
        for e in &self.entries {
            f.write_str("entry (")?;
            list(f, &e.params, |f, p| match p {
                ParamRole::State(i) => write!(f, "state {i}"),
                ParamRole::Input(name) => write!(f, "input {}", Quoted(name)),
            })?;
            f.write_str(") -> (")?;
            list(f, &e.results, |f, r| match r {
                ResultRole::State(i) => write!(f, "state {i}"),
                ResultRole::Mutated(name) => write!(f, "mutated {}", Quoted(name)),
                ResultRole::Output(name) => write!(f, "output {}", Quoted(name)),
            })?;
            write!(f, ") {}", e.func)?;
        }
        Ok(())
    }
}
