//! Arguments as ports of the module and results as its outputs.

use super::entry::ParamSpec;
use super::eval::{Eval, R};
use super::recorded::{array_id, identifier};
use super::state::Cell;
use super::value::{ArrayRef, CellId, DynScalar, Kind, Value};
use crate::dtype::DType;
use crate::hir::{Dim, ResultRole, Type, ValueId};
use crate::oracle::PyValue;
use crate::translation::{ArgTree, LeafKind, ResultTree};
use std::collections::HashMap;

impl<'a> Eval<'a> {
    #[allow(clippy::type_complexity, reason = "port name, value, array cell, list cell")]
    pub(super) fn open_param(
        &mut self,
        name: &str,
        spec: &ParamSpec,
        recorded: Option<&PyValue>,
        params: &mut Vec<ValueId>,
        ports: &mut Vec<(String, ValueId, Option<ArrayRef>, Option<CellId>)>,
        cells: &mut HashMap<u64, Value>,
    ) -> R<(Value, ArgTree)> {
        match spec {
            ParamSpec::Fixed(p) => {
                let v = self.import(p, true)?;
                Ok((v, ArgTree::Fixed { value: p.clone() }))
            }
            ParamSpec::Sequence(tuple, parts) => {
                let recorded: Vec<Option<&PyValue>> = match recorded {
                    Some(PyValue::Tuple { v, .. } | PyValue::List { v, .. }) => v.iter().map(Some).collect(),
                    _ => vec![None; parts.len()],
                };
                let mut values = Vec::new();
                let mut trees = Vec::new();
                for (k, p) in parts.iter().enumerate() {
                    let (v, t) = self.open_param(
                        &format!("{name}_{k}"),
                        p,
                        recorded.get(k).copied().flatten(),
                        params,
                        ports,
                        cells,
                    )?;
                    values.push(v);
                    trees.push(t);
                }
                let v = if *tuple { Value::tuple(values) } else { Value::List(self.heap.alloc(Cell::List(values))) };
                Ok((v, ArgTree::Sequence { items: trees }))
            }
            ParamSpec::Port(p) => {
                let id_of = recorded.and_then(array_id).unwrap_or(0);
                if id_of != 0
                    && let Some(v) = cells.get(&id_of)
                    && let Value::Array(a) = v
                {
                    let port =
                        ports.iter().find(|q| q.2.as_ref().is_some_and(|x| x.cell == a.cell)).map(|q| q.0.clone());
                    return Ok((v.clone(), ArgTree::Input { port: port.unwrap_or_default() }));
                }
                let mut port = identifier(name);
                while ports.iter().any(|q| q.0 == port) {
                    port.push('_');
                }
                let ty = Type { dtype: p.dtype, shape: p.shape.clone() };
                let id = self.func.new_value(ty.clone(), None);
                self.func.values[id.0 as usize].name = Some(port.clone());
                params.push(id);
                let (mut array, mut list) = (None, None);
                let v = match p.kind {
                    LeafKind::Array => {
                        let v = self.new_array(id);
                        if let Value::Array(a) = &v {
                            self.parameter_cells.insert(a.cell);
                            array = Some(a.clone());
                        }
                        if id_of != 0 {
                            cells.insert(id_of, v.clone());
                        }
                        v
                    }
                    LeafKind::List => {
                        let template = match p.dtype {
                            DType::Int64 => Value::Sym(Dim::from(ValueId(0))),
                            d => Value::Dyn(DynScalar { id: ValueId(0), dtype: d, kind: Kind::Py }),
                        };
                        let n = p.shape[0].clone();
                        let l = super::state::DynList {
                            storage: id,
                            item: Type::scalar(p.dtype),
                            template,
                            len: n.clone(),
                            capacity: n,
                        };
                        let c = self.heap.alloc(Cell::DynList(l));
                        list = Some(c);
                        Value::List(c)
                    }
                    LeafKind::Python => {
                        if let Some((lo, hi)) = p.range {
                            self.ranged.push((id, port.clone(), lo, hi));
                        }
                        self.scalar(id, Kind::Py)
                    }
                    _ => {
                        if let Some(r) = p.dtype.int_range()
                            && p.dtype != DType::Uint64
                        {
                            self.set_range(id, r);
                        }
                        Value::Dyn(DynScalar { id, dtype: p.dtype, kind: Kind::Np })
                    }
                };
                ports.push((port.clone(), id, array, list));
                Ok((v, ArgTree::Input { port }))
            }
        }
    }
    #[allow(clippy::type_complexity, reason = "port name, value, array cell, list cell")]
    pub(super) fn bound_for_lists(&self, ports: &[(String, ValueId, Option<ArrayRef>, Option<CellId>)]) -> Option<Dim> {
        let mut best: Option<Dim> = None;
        for (_, id, _, _) in ports {
            let size = self.func.ty(*id).size();
            if self.func.ty(*id).rank() == 0 {
                continue;
            }
            best = Some(match best {
                None => size,
                Some(b) if self.proves_le(&size, &b) => b,
                Some(b) if self.proves_le(&b, &size) => size,
                Some(b) => b.add(&size),
            });
        }
        best.map(|b| b.offset(64))
    }
    pub(super) fn result_tree(
        &mut self,
        v: &Value,
        name: &str,
        results: &mut Vec<ValueId>,
        roles: &mut Vec<ResultRole>,
        names: &mut Vec<String>,
    ) -> R<ResultTree> {
        let v = &self.settle(v)?;
        if self.is_static(v)
            && let Some(value) = self.export(v)
        {
            return Ok(if matches!(v, Value::None) { ResultTree::None } else { ResultTree::Constant { value } });
        }
        let mut output = |id: ValueId, kind: LeafKind| {
            let mut port = identifier(name);
            while names.contains(&port) {
                port.push('_');
            }
            names.push(port.clone());
            results.push(id);
            roles.push(ResultRole::Output(port.clone()));
            ResultTree::Output { port, kind }
        };
        Ok(match v {
            Value::Array(a) => {
                let id = self.read_array(a)?;
                output(id, LeafKind::Array)
            }
            Value::Dyn(d) => output(
                d.id,
                match d.kind {
                    Kind::Py => LeafKind::Python,
                    Kind::Np => LeafKind::Scalar,
                    Kind::Mixed => LeafKind::Either,
                },
            ),
            Value::Sym(d) => {
                let id = self.dim_value(d)?;
                output(id, LeafKind::Python)
            }
            Value::Tuple(items, _) => {
                let mut out = Vec::new();
                for (k, x) in items.clone().iter().enumerate() {
                    out.push(self.result_tree(x, &format!("{name}{k}"), results, roles, names)?);
                }
                ResultTree::Tuple { items: out }
            }
            Value::List(c) => match self.heap.get(*c).clone() {
                Cell::DynList(l) if matches!(l.template, Value::Tuple(..)) => {
                    return self.refuse_help(
                        "PM0133",
                        "a list of tuples whose length depends on data is a result",
                        "return `np.array(...)` of it, or a list for each place of the tuples",
                    );
                }
                Cell::DynList(l) => {
                    let id = self.list_storage(&l)?;
                    output(id, LeafKind::List)
                }
                Cell::List(items) => {
                    let mut out = Vec::new();
                    for (k, x) in items.iter().enumerate() {
                        out.push(self.result_tree(x, &format!("{name}{k}"), results, roles, names)?);
                    }
                    ResultTree::List { items: out }
                }
                _ => return self.refuse("PM0999", "internal error: not a list cell"),
            },
            Value::Dict(c) => {
                let Cell::Dict(items) = self.heap.get(*c).clone() else {
                    return self.refuse("PM0999", "internal error");
                };
                let mut out = Vec::new();
                for (k, x) in items {
                    let Some(key) = self.export(&k) else { return self.refuse("PM0134", "a dict key depends on data") };
                    let label = match &k {
                        Value::Str(s) => format!("{name}_{s}"),
                        _ => format!("{name}_{}", out.len()),
                    };
                    out.push((key, self.result_tree(&x, &label, results, roles, names)?));
                }
                ResultTree::Dict { items: out }
            }
            Value::Object(_) => ResultTree::Argument { name: "self".into() },
            v => {
                let what = v.describe();
                return self.refuse("PM0165", format!("the entry returns {what}, which cannot be an output"));
            }
        })
    }
}
