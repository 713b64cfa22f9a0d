//! Between Python values and ports: recorded arguments become input tensors, recorded results become the values the
//! output ports must have. What does not fit exactly is said, never coerced; only `--numeric f32` narrows.

use proofmark_silicon::dtype::{DType, Scalar};
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::oracle::{Bytes, PyValue};
use proofmark_silicon::translation::{ArgTree, LeafKind, ResultTree};

/// A Python number or array as a tensor of its own element type; `None` for anything else, ints outside int64
/// included.
pub fn tensor_of(value: &PyValue) -> Option<Tensor> {
    let bits = |text: &str| u64::from_str_radix(text, 16).ok();
    Some(match value {
        PyValue::Bool { v } => Tensor::scalar(Scalar::bool(*v)),
        PyValue::Int { v } => Tensor::scalar(Scalar::i64(v.parse().ok()?)),
        PyValue::Float { v } => Tensor::scalar(Scalar { dtype: DType::Float64, re: bits(v)?, im: 0 }),
        PyValue::Complex { re, im } => {
            Tensor::scalar(Scalar { dtype: DType::Complex128, re: bits(re)?, im: bits(im)? })
        }
        PyValue::Scalar { dtype, data } => Tensor::from_le_bytes(*dtype, &[], &data.0)?,
        PyValue::Ndarray { dtype, shape, data, .. } => Tensor::from_le_bytes(*dtype, shape, &data.0)?,
        PyValue::List { v, .. } | PyValue::Tuple { v, .. } => {
            stack(&v.iter().map(tensor_of).collect::<Option<Vec<_>>>()?)?
        }
        _ => return None,
    })
}

/// Equal tensors joined along a new first axis; `None` when there are none or they differ in type or extents.
fn stack(items: &[Tensor]) -> Option<Tensor> {
    let first = items.first()?;
    if items.iter().any(|t| t.dtype != first.dtype || t.shape != first.shape) {
        return None;
    }
    let shape: Vec<usize> = std::iter::once(items.len()).chain(first.shape.iter().copied()).collect();
    let data: Vec<u8> = items.iter().flat_map(Tensor::to_le_bytes).collect();
    Tensor::from_le_bytes(first.dtype, &shape, &data)
}

/// The same values in another element type, each rounded to nearest.
pub fn converted(t: &Tensor, dtype: DType) -> Tensor {
    if t.dtype == dtype {
        return t.clone();
    }
    let mut data = Vec::with_capacity(t.len() * dtype.size());
    for i in 0..t.len() {
        let s = t.get(i).unwrap_or(Scalar::zero(t.dtype));
        let to = match s.as_int() {
            Some(v) if dtype.is_integer() || dtype == DType::Bool => Scalar::int(dtype, v),
            Some(v) => Scalar::float(dtype, v as f64, 0.0),
            None => Scalar::float(dtype, s.real_f64(), s.imag_f64()),
        };
        data.extend(to.to_le_bytes());
    }
    Tensor::from_le_bytes(dtype, &t.shape, &data).unwrap_or_else(|| t.clone())
}

/// Whether `--numeric f32` turns `from` into `to`.
pub fn narrows(from: DType, to: DType) -> bool {
    matches!((from, to), (DType::Float64, DType::Float32) | (DType::Complex128, DType::Complex64))
}

/// What a port must be given: element type and number of axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortType {
    /// Element type.
    pub dtype: DType,
    /// Number of axes.
    pub rank: usize,
}

/// The tensor for an input port of type `port`.
///
/// # Errors
/// What does not fit.
pub fn input(value: &PyValue, port: PortType, narrow: bool) -> Result<Tensor, String> {
    let empty = match value {
        PyValue::List { v, .. } | PyValue::Tuple { v, .. } if v.is_empty() => {
            let shape: Vec<usize> = (0..port.rank.max(1)).map(|_| 0).collect();
            Tensor::from_le_bytes(port.dtype, &shape, &[])
        }
        _ => None,
    };
    let t = empty.or_else(|| tensor_of(value)).ok_or_else(|| format!("{} is not numeric", kind_of(value)))?;
    if t.shape.len() != port.rank {
        return Err(format!("it has {} axes, the port {}", t.shape.len(), port.rank));
    }
    match t.dtype {
        d if d == port.dtype => Ok(t),
        d if narrow && narrows(d, port.dtype) => Ok(converted(&t, port.dtype)),
        d => Err(format!("it is {d}, the port {}", port.dtype)),
    }
}

/// Collects the input ports of one argument.
///
/// # Errors
/// Parameter path and what does not fit.
pub fn inputs(
    tree: &ArgTree,
    value: &PyValue,
    path: &str,
    take: &mut impl FnMut(&str, &PyValue) -> Result<(), String>,
) -> Result<(), String> {
    match (tree, value) {
        (ArgTree::Input { port }, v) => take(port, v).map_err(|e| format!("`{path}`: {e}")),
        (ArgTree::Fixed { value }, v) if same(value, v) => Ok(()),
        (ArgTree::Fixed { .. }, _) => Err(format!("`{path}` is not the value the translation is for")),
        (ArgTree::Sequence { items }, PyValue::Tuple { v, .. } | PyValue::List { v, .. }) if items.len() == v.len() => {
            items.iter().zip(v).enumerate().try_for_each(|(i, (t, v))| inputs(t, v, &format!("{path}[{i}]"), take))
        }
        (ArgTree::Sequence { items }, v) => Err(format!("`{path}` is {}, not {} items", kind_of(v), items.len())),
    }
}

/// The argument with the values of its input ports replaced, held by Python as before.
pub fn rebuilt(tree: &ArgTree, template: &PyValue, port: &impl Fn(&str) -> Option<Tensor>) -> Option<PyValue> {
    match (tree, template) {
        (ArgTree::Input { port: name }, v) => like(v, &port(name)?),
        (ArgTree::Fixed { .. }, v) => Some(v.clone()),
        (ArgTree::Sequence { items }, PyValue::Tuple { v, names }) => Some(PyValue::Tuple {
            v: items.iter().zip(v).map(|(t, v)| rebuilt(t, v, port)).collect::<Option<_>>()?,
            names: names.clone(),
        }),
        (ArgTree::Sequence { items }, PyValue::List { v, id }) => Some(PyValue::List {
            v: items.iter().zip(v).map(|(t, v)| rebuilt(t, v, port)).collect::<Option<_>>()?,
            id: *id,
        }),
        _ => None,
    }
}

/// The tensor as a Python value of the template's kind and element type (widened if that is wider).
fn like(template: &PyValue, t: &Tensor) -> Option<PyValue> {
    let hex = |v: f64| format!("{:016x}", v.to_bits());
    let one = |i: usize| t.get(i);
    Some(match template {
        PyValue::Bool { .. } => PyValue::Bool { v: one(0)?.re != 0 },
        PyValue::Int { .. } => PyValue::Int { v: one(0)?.as_int()?.to_string() },
        PyValue::Float { .. } => PyValue::Float { v: hex(one(0)?.real_f64()) },
        PyValue::Complex { .. } => PyValue::Complex { re: hex(one(0)?.real_f64()), im: hex(one(0)?.imag_f64()) },
        PyValue::Scalar { dtype, .. } => {
            PyValue::Scalar { dtype: *dtype, data: Bytes(converted(t, *dtype).to_le_bytes()) }
        }
        PyValue::Ndarray { dtype, id, .. } => PyValue::Ndarray {
            dtype: *dtype,
            shape: t.shape.clone(),
            data: Bytes(converted(t, *dtype).to_le_bytes()),
            id: *id,
            base: 0,
        },
        PyValue::List { v, id } => PyValue::List { v: items_like(v.first()?, t)?, id: *id },
        PyValue::Tuple { v, names } => PyValue::Tuple { v: items_like(v.first()?, t)?, names: names.clone() },
        _ => return None,
    })
}

fn items_like(template: &PyValue, t: &Tensor) -> Option<Vec<PyValue>> {
    let (count, rest) = t.shape.split_first()?;
    let size = rest.iter().product::<usize>() * t.dtype.size();
    let data = t.to_le_bytes();
    (0..*count)
        .map(|i| like(template, &Tensor::from_le_bytes(t.dtype, rest, &data[i * size..(i + 1) * size])?))
        .collect()
}

/// What a result or argument should have been, as found by walking its Python form.
#[derive(Clone, Debug, Default)]
pub struct Expectation {
    /// Value of each output port.
    pub ports: Vec<(String, Tensor)>,
    /// What does not have the stated form, with the path in the result.
    pub problems: Vec<String>,
}

/// Walks the recorded result along the tree: gives each output port its reference value and lists every difference
/// of structure, kind (Python or NumPy) and element type. `ports` gives the port's element type and rank.
pub fn expected(
    tree: &ResultTree,
    value: &PyValue,
    after: &[(String, PyValue)],
    ports: &impl Fn(&str) -> Option<PortType>,
    narrow: bool,
) -> Expectation {
    let mut found = Expectation::default();
    walk(tree, value, "result", after, ports, narrow, &mut found);
    found
}

fn walk(
    tree: &ResultTree,
    value: &PyValue,
    path: &str,
    after: &[(String, PyValue)],
    ports: &impl Fn(&str) -> Option<PortType>,
    narrow: bool,
    found: &mut Expectation,
) {
    let items = |trees: &[ResultTree], values: &[PyValue], found: &mut Expectation| {
        if trees.len() != values.len() {
            found.problems.push(format!("{path} has {} items, the translation {}", values.len(), trees.len()));
        }
        for (i, (t, v)) in trees.iter().zip(values).enumerate() {
            walk(t, v, &format!("{path}[{i}]"), after, ports, narrow, found);
        }
    };
    match (tree, value) {
        (ResultTree::Output { port, kind }, v) => {
            if !held_as(*kind, v) {
                found.problems.push(format!("{path} is {}, the translation says {}", kind_of(v), kind_name(*kind)));
            }
            let Some(ty) = ports(port) else {
                found.problems.push(format!("{path}: there is no output port `{port}`"));
                return;
            };
            match input(v, ty, narrow) {
                Ok(t) => found.ports.push((port.clone(), t)),
                Err(problem) => found.problems.push(format!("{path}: {problem}")),
            }
        }
        (ResultTree::Constant { value }, v) => {
            if !same(value, v) {
                found.problems.push(format!("{path} is not the constant the translation found"));
            }
        }
        (ResultTree::Tuple { items: t }, PyValue::Tuple { v, .. }) => items(t, v, found),
        (ResultTree::List { items: t }, PyValue::List { v, .. }) => items(t, v, found),
        (ResultTree::Dict { items: t }, PyValue::Dict { v, .. }) => {
            if t.len() != v.len() || t.iter().zip(v).any(|(a, b)| !same(&a.0, &b.0)) {
                found.problems.push(format!("{path} has other keys, or in another order"));
            }
            for ((key, t), (_, v)) in t.iter().zip(v) {
                walk(t, v, &format!("{path}[{}]", text(key)), after, ports, narrow, found);
            }
        }
        (ResultTree::None, PyValue::None) => {}
        (ResultTree::Argument { name }, v) => {
            let argument = after.iter().find(|(n, _)| n == name).map(|(_, v)| v);
            let itself = argument.is_none() && matches!(v, PyValue::Object { .. });
            if !itself && !argument.is_some_and(|a| same(a, v)) {
                found.problems.push(format!("{path} is not the argument `{name}`"));
            }
        }
        (_, v) => found.problems.push(format!("{path} is {}, the translation says {}", kind_of(v), shape_name(tree))),
    }
}

fn held_as(kind: LeafKind, value: &PyValue) -> bool {
    let python =
        matches!(value, PyValue::Bool { .. } | PyValue::Int { .. } | PyValue::Float { .. } | PyValue::Complex { .. });
    match kind {
        LeafKind::Python => python,
        LeafKind::Scalar => matches!(value, PyValue::Scalar { .. }),
        LeafKind::Either => python || matches!(value, PyValue::Scalar { .. }),
        LeafKind::Array => matches!(value, PyValue::Ndarray { .. }),
        LeafKind::List => matches!(value, PyValue::List { .. }),
    }
}

fn kind_name(kind: LeafKind) -> &'static str {
    match kind {
        LeafKind::Python => "a Python number",
        LeafKind::Scalar => "a NumPy scalar",
        LeafKind::Either => "a number",
        LeafKind::Array => "an array",
        LeafKind::List => "a list",
    }
}

fn shape_name(tree: &ResultTree) -> &'static str {
    match tree {
        ResultTree::Output { kind, .. } => kind_name(*kind),
        ResultTree::Constant { .. } => "a constant",
        ResultTree::Tuple { .. } => "a tuple",
        ResultTree::List { .. } => "a list",
        ResultTree::Dict { .. } => "a dict",
        ResultTree::None => "None",
        ResultTree::Argument { .. } => "an argument",
    }
}

/// What a Python value is, for messages.
pub fn kind_of(value: &PyValue) -> String {
    match value {
        PyValue::None => "None".into(),
        PyValue::Bool { .. } => "a Python bool".into(),
        PyValue::Int { .. } => "a Python int".into(),
        PyValue::Float { .. } => "a Python float".into(),
        PyValue::Complex { .. } => "a Python complex".into(),
        PyValue::Str { .. } => "a string".into(),
        PyValue::Tuple { v, .. } => format!("a tuple of {}", v.len()),
        PyValue::List { v, .. } => format!("a list of {}", v.len()),
        PyValue::Dict { .. } => "a dict".into(),
        PyValue::Ndarray { dtype, shape, .. } => format!("a {dtype} array of shape {shape:?}"),
        PyValue::Scalar { dtype, .. } => format!("a NumPy {dtype}"),
        PyValue::Opaque { type_name, .. } => format!("a {type_name}"),
        PyValue::Object { .. } => "an object".into(),
        _ => "another kind of value".into(),
    }
}

fn text(value: &PyValue) -> String {
    match value {
        PyValue::Str { v } => format!("{v:?}"),
        PyValue::Int { v } => v.clone(),
        other => kind_of(other),
    }
}

/// Whether two Python values are the same but for identities and handles. Arrays and floats are compared by bits.
pub fn same(a: &PyValue, b: &PyValue) -> bool {
    use PyValue as P;
    let all = |a: &[P], b: &[P]| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b));
    let named = |a: &[(String, P)], b: &[(String, P)]| {
        a.len() == b.len() && a.iter().zip(b).all(|((m, a), (n, b))| m == n && same(a, b))
    };
    match (a, b) {
        (P::Tuple { v: a, .. }, P::Tuple { v: b, .. }) | (P::List { v: a, .. }, P::List { v: b, .. }) => all(a, b),
        (P::Set { v: a, .. }, P::Set { v: b, .. }) => all(a, b),
        (P::Dict { v: a, .. }, P::Dict { v: b, .. }) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(&a.0, &b.0) && same(&a.1, &b.1))
        }
        (P::Ndarray { dtype: d, shape: s, data: x, .. }, P::Ndarray { dtype: e, shape: t, data: y, .. }) => {
            (d, s, x) == (e, t, y)
        }
        (P::Object { class: c, attrs: x, .. }, P::Object { class: d, attrs: y, .. }) => same(c, d) && named(x, y),
        (P::Opaque { type_name: t, repr: r, .. }, P::Opaque { type_name: u, repr: q, .. }) => (t, r) == (u, q),
        (P::Method { object: o, function: f }, P::Method { object: p, function: g }) => same(o, p) && same(f, g),
        (P::Function { module: m, qualname: n, line: l, .. }, P::Function { module: p, qualname: q, line: k, .. }) => {
            (m, n, l) == (p, q, k)
        }
        (P::Class { module: m, qualname: n, .. }, P::Class { module: p, qualname: q, .. }) => (m, n) == (p, q),
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(v: &[f64]) -> PyValue {
        let data = v.iter().flat_map(|x| x.to_le_bytes()).collect();
        PyValue::Ndarray { dtype: DType::Float64, shape: vec![v.len()], data: Bytes(data), id: 7, base: 3 }
    }
    fn float(v: f64) -> PyValue {
        PyValue::Float { v: format!("{:016x}", v.to_bits()) }
    }
    fn output(port: &str, kind: LeafKind) -> ResultTree {
        ResultTree::Output { port: port.into(), kind }
    }

    #[test]
    fn a_result_is_taken_apart_and_every_difference_told() {
        let tree = ResultTree::Tuple { items: vec![output("y", LeafKind::Array), output("peak", LeafKind::Python)] };
        let ports = |name: &str| Some(PortType { dtype: DType::Float64, rank: usize::from(name == "y") });
        let good = PyValue::Tuple { v: vec![array(&[1.0, -0.0]), float(1.0)], names: vec![] };
        let found = expected(&tree, &good, &[], &ports, false);
        assert!(found.problems.is_empty(), "{:?}", found.problems);
        assert_eq!(found.ports[0].1.as_f64().unwrap()[0], 1.0);
        // NumPy scalar where a Python float was promised; list where an array was; float32 where float64 was
        let scalar = PyValue::Scalar { dtype: DType::Float64, data: Bytes(1f64.to_le_bytes().to_vec()) };
        let list = PyValue::List { v: vec![float(1.0)], id: 1 };
        let single =
            PyValue::Ndarray { dtype: DType::Float32, shape: vec![1], data: Bytes(vec![0; 4]), id: 0, base: 0 };
        for (y, peak) in [(array(&[1.0]), scalar), (list, float(1.0)), (single, float(1.0))] {
            let value = PyValue::Tuple { v: vec![y, peak], names: vec![] };
            assert_eq!(expected(&tree, &value, &[], &ports, false).problems.len(), 1);
        }
        assert_eq!(expected(&tree, &PyValue::None, &[], &ports, false).problems.len(), 1);
    }

    #[test]
    fn arguments_go_to_ports_and_back() {
        let tree = ArgTree::Sequence {
            items: vec![
                ArgTree::Input { port: "x".into() },
                ArgTree::Fixed { value: PyValue::Str { v: "same".into() } },
            ],
        };
        let value = PyValue::Tuple { v: vec![array(&[3.0, 4.0]), PyValue::Str { v: "same".into() }], names: vec![] };
        let mut taken = Vec::new();
        inputs(&tree, &value, "a", &mut |port, v| {
            taken.push((port.to_string(), input(v, PortType { dtype: DType::Float64, rank: 1 }, false)?));
            Ok(())
        })
        .unwrap();
        let back = rebuilt(&tree, &value, &|name| taken.iter().find(|(n, _)| n == name).map(|(_, t)| t.clone()));
        assert!(same(&back.unwrap(), &value));
        let other = PyValue::Tuple { v: vec![array(&[3.0]), PyValue::Str { v: "full".into() }], names: vec![] };
        assert!(inputs(&tree, &other, "a", &mut |_, _| Ok(())).unwrap_err().contains("a[1]"));
        // an int is not silently a float
        let one = PyValue::Int { v: "1".into() };
        assert!(input(&one, PortType { dtype: DType::Float64, rank: 0 }, false).is_err());
    }
}
