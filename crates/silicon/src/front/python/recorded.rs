//! Questions about recorded values.

use crate::dtype::DType;
use crate::oracle::PyValue;

pub(super) fn python_number(v: &PyValue) -> Option<DType> {
    match v {
        PyValue::Int { v } if v.parse::<i64>().is_ok() => Some(DType::Int64),
        PyValue::Float { .. } => Some(DType::Float64),
        PyValue::Complex { .. } => Some(DType::Complex128),
        PyValue::Bool { .. } => Some(DType::Bool),
        _ => None,
    }
}

pub(super) fn shape_of(v: &PyValue) -> Vec<usize> {
    match v {
        PyValue::Ndarray { shape, .. } => shape.clone(),
        PyValue::Tuple { v, .. } | PyValue::List { v, .. } => v.iter().flat_map(shape_of).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn array_id(v: &PyValue) -> Option<u64> {
    match v {
        PyValue::Ndarray { id, .. } if *id != 0 => Some(*id),
        _ => None,
    }
}

/// The value without object identities, for comparison.
pub fn strip_ids(v: &PyValue) -> PyValue {
    let all = |v: &[PyValue]| v.iter().map(strip_ids).collect();
    match v {
        PyValue::List { v, .. } => PyValue::List { v: all(v), id: 0 },
        PyValue::Tuple { v, names } => PyValue::Tuple { v: all(v), names: names.clone() },
        PyValue::Set { v, .. } => PyValue::Set { v: all(v), id: 0 },
        PyValue::Dict { v, .. } => {
            PyValue::Dict { v: v.iter().map(|(k, x)| (strip_ids(k), strip_ids(x))).collect(), id: 0 }
        }
        PyValue::Ndarray { dtype, shape, data, .. } => {
            PyValue::Ndarray { dtype: *dtype, shape: shape.clone(), data: data.clone(), id: 0, base: 0 }
        }
        PyValue::Object { class, attrs, .. } => PyValue::Object {
            class: Box::new(strip_ids(class)),
            id: 0,
            attrs: attrs.iter().map(|(k, x)| (k.clone(), strip_ids(x))).collect(),
        },
        PyValue::Class { module, qualname, file, line, .. } => PyValue::Class {
            module: module.clone(),
            qualname: qualname.clone(),
            file: file.clone(),
            line: *line,
            bases: vec![],
            attrs: vec![],
        },
        PyValue::Opaque { type_name, repr, .. } => {
            PyValue::Opaque { type_name: type_name.clone(), repr: repr.clone(), handle: 0 }
        }
        v => v.clone(),
    }
}

/// A name as a C and Rust identifier.
pub fn identifier(name: &str) -> String {
    let mut out: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, '_');
    }
    out
}
