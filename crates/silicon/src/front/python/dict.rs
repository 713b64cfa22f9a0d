//! Dicts with known keys that are read by a key computed at run time: ints, and tuples of ints.

use super::eval::{Eval, R};
use super::state::Cell;
use super::value::{CellId, Kind, NdArray, Value};
use crate::dtype::{DType, Scalar};
use crate::hir::{Binary, Dim, Op, Type, ValueId};

/// Largest table from keys to positions.
const TABLE: i128 = 1 << 16;

impl<'a> Eval<'a> {
    /// `d[key]`
    pub(super) fn dict_read(&mut self, c: CellId, key: &Value) -> R<Value> {
        let items = self.dict_items(c)?;
        let position = self.key_position(&items, key)?;
        let zero = self.constant(Scalar::i64(0))?;
        let found = self.emit(Op::Binary(Binary::Ge), vec![position, zero], Type::scalar(DType::Bool))?;
        self.check(found, "KeyError", "the dict has no such key")?;
        let at = self.emit(Op::Binary(Binary::Max), vec![position, zero], Type::scalar(DType::Int64))?;
        self.position_of(&items, None, at)
    }
    /// `d.get(key, default)`
    pub(super) fn dict_get(&mut self, c: CellId, key: &Value, default: &Value) -> R<Value> {
        let items = self.dict_items(c)?;
        let position = self.key_position(&items, key)?;
        let (zero, last) = (self.constant(Scalar::i64(0))?, self.constant(Scalar::i64(items.len() as i64))?);
        let found = self.emit(Op::Binary(Binary::Ge), vec![position, zero], Type::scalar(DType::Bool))?;
        let at = self.emit(Op::Select, vec![found, position, last], Type::scalar(DType::Int64))?;
        self.position_of(&items, Some(default), at)
    }
    /// `key in d`
    pub(super) fn dict_contains(&mut self, c: CellId, key: &Value) -> R<Value> {
        let items = self.dict_items(c)?;
        let position = self.key_position(&items, key)?;
        let zero = self.constant(Scalar::i64(0))?;
        let found = self.emit(Op::Binary(Binary::Ge), vec![position, zero], Type::scalar(DType::Bool))?;
        Ok(self.scalar(found, Kind::Py))
    }
    fn dict_items(&self, c: CellId) -> R<Vec<(Value, Value)>> {
        match self.heap.get(c) {
            Cell::Dict(items) => Ok(items.clone()),
            _ => self.refuse("PM0999", "internal error: not a dict cell"),
        }
    }
    fn position_of(&mut self, items: &[(Value, Value)], more: Option<&Value>, at: ValueId) -> R<Value> {
        let values: Vec<Value> = items.iter().map(|(_, v)| v).chain(more).cloned().collect();
        self.set_range(at, (0, values.len() as i128 - 1));
        self.select_item(&values, &Dim::from(at))
    }
    /// Position of the key among the known ones, -1 where it is none of them.
    fn key_position(&mut self, items: &[(Value, Value)], key: &Value) -> R<ValueId> {
        let given = match key {
            Value::Tuple(parts, _) => parts.to_vec(),
            v => vec![v.clone()],
        };
        let tuple = matches!(key, Value::Tuple(..));
        let ints = given
            .iter()
            .all(|v| self.number_dtype(v).is_some_and(|d| (d.is_integer() || d == DType::Bool) && d != DType::Uint64));
        // keys of another kind are never equal to it; floats might be
        let floats = items.iter().any(|(k, _)| matches!(k, Value::Float(_) | Value::Complex(..) | Value::Scalar(_)));
        let known: Vec<(usize, Vec<i128>)> = items
            .iter()
            .enumerate()
            .filter_map(|(at, (k, _))| match k {
                Value::Tuple(parts, _) if tuple && parts.len() == given.len() => {
                    parts.iter().map(whole).collect::<Option<Vec<_>>>().map(|p| (at, p))
                }
                Value::Tuple(..) => None,
                k if !tuple => whole(k).map(|i| (at, vec![i])),
                _ => None,
            })
            .collect();
        let odd = items.iter().any(|(k, _)| {
            matches!(k, Value::Tuple(parts, _) if tuple && parts.len() == given.len() && parts.iter().any(|p| whole(p).is_none()))
        });
        let spans: Vec<(i128, i128)> = (0..given.len())
            .map(|k| {
                let column = known.iter().map(|(_, p)| p[k]);
                (column.clone().min().unwrap_or(0), column.max().unwrap_or(0))
            })
            .collect();
        let extent = |(lo, hi): &(i128, i128)| hi.saturating_sub(*lo).saturating_add(1);
        let size = spans.iter().map(extent).fold(1i128, i128::saturating_mul);
        let wide = spans.iter().any(|(lo, hi)| lo.abs() > 1 << 62 || hi.abs() > 1 << 62);
        if !ints || floats || odd || known.is_empty() || size > TABLE || wide {
            return self.refuse_help(
                "PM0134",
                "a dict is read with a key that depends on data",
                "use an array or a list indexed by an int",
            );
        }
        let mut table = vec![-1i64; size as usize];
        for (at, parts) in &known {
            let place = parts.iter().zip(&spans).fold(0, |acc, (p, s)| acc * extent(s) + (p - s.0));
            table[place as usize] = *at as i64;
        }
        let (int, bool) = (Type::scalar(DType::Int64), Type::scalar(DType::Bool));
        let mut inside = self.constant(Scalar::bool(true))?;
        let mut place = self.constant(Scalar::i64(0))?;
        for (v, span) in given.iter().zip(&spans) {
            let d = self.dim_of(v)?;
            let v = self.dim_value(&d)?;
            let (lo, hi) = (self.constant(Scalar::i64(span.0 as i64))?, self.constant(Scalar::i64(span.1 as i64))?);
            let low = self.emit(Op::Binary(Binary::Ge), vec![v, lo], bool.clone())?;
            let high = self.emit(Op::Binary(Binary::Le), vec![v, hi], bool.clone())?;
            let both = self.emit(Op::Binary(Binary::And), vec![low, high], bool.clone())?;
            inside = self.emit(Op::Binary(Binary::And), vec![inside, both], bool.clone())?;
            let near = self.emit(Op::Binary(Binary::Max), vec![v, lo], int.clone())?;
            let near = self.emit(Op::Binary(Binary::Min), vec![near, hi], int.clone())?;
            let step = self.constant(Scalar::i64(extent(span) as i64))?;
            let offset = self.emit(Op::Binary(Binary::Sub), vec![near, lo], int.clone())?;
            let scaled = self.emit(Op::Binary(Binary::Mul), vec![place, step], int.clone())?;
            place = self.emit(Op::Binary(Binary::Add), vec![scaled, offset], int.clone())?;
        }
        self.set_range(place, (0, size - 1));
        let data = table.iter().flat_map(|k| k.to_le_bytes()).collect();
        let table = self.new_static(NdArray { dtype: DType::Int64, shape: vec![size as usize], data });
        let at = self.get_item(&table, &Value::Sym(Dim::from(place)))?;
        let (at, none) = (self.operand(&at, DType::Int64)?, self.constant(Scalar::i64(-1))?);
        self.emit(Op::Select, vec![inside, at, none], int)
    }
}

/// A known int or bool.
fn whole(v: &Value) -> Option<i128> {
    match v {
        Value::Int(i) => Some(*i),
        Value::Bool(b) => Some(i128::from(*b)),
        _ => None,
    }
}
