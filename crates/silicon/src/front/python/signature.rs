//! Which arguments of the recorded calls become ports, and which are fixed.

use super::entry::{Fix, ParamSpec, PortSpec, Signature};
use super::eval::{Code, Eval, R};
use super::recorded::{array_id, identifier, python_number, shape_of, strip_ids};
use super::value::{Member, Value};
use crate::dtype::DType;
use crate::hir::{self, Dim, LengthId};
use crate::oracle::{PyValue, RecordedCall, Recording};
use crate::translation::{ArgExtent, ArgSpec, LeafKind, Options};
use proofmark_base::diagnostics::{Diagnostic, Severity, Span};
use std::collections::{HashMap, HashSet};

impl<'a> Eval<'a> {
    pub(super) fn signatures(
        &mut self,
        rec: &Recording,
        options: &Options,
        fix: Fix,
        instances: &[usize],
    ) -> R<Vec<Signature>> {
        let mut names: Vec<String> = Vec::new();
        for c in &rec.calls {
            if !names.contains(&c.name) {
                names.push(c.name.clone());
            }
        }
        let mut out = Vec::new();
        let defaults = self.default_values_of(&rec.entry);
        for name in names {
            let calls: Vec<usize> = (0..rec.calls.len()).filter(|k| rec.calls[*k].name == name).collect();
            let mut uncovered = Vec::new();
            let mut covered: Vec<usize> = Vec::new();
            // the first call that succeeded sets the signature
            let lead = calls.iter().copied().find(|k| rec.calls[*k].result.is_ok()).unwrap_or(calls[0]);
            for k in calls {
                let c = &rec.calls[k];
                if let Some(i) = c.instance
                    && !instances.contains(&i)
                {
                    uncovered
                        .push((k, "the object was made with another configuration than the first one".to_string()));
                    continue;
                }
                match self.compatible(&rec.calls[lead], c) {
                    None => covered.push(k),
                    Some(why) => uncovered.push((k, why)),
                }
            }
            // scalars that differ from call to call are inputs; fixed things must agree with the lead
            let mut params = Vec::new();
            let mut lengths: HashMap<Vec<usize>, LengthId> = HashMap::new();
            if fix == Fix::Lengths {
                let shapes = |k: usize| rec.calls[k].args.iter().map(|(_, v)| shape_of(v)).collect::<Vec<_>>();
                let first = shapes(lead);
                for k in covered.clone() {
                    if shapes(k) != first {
                        covered.retain(|c| *c != k);
                        uncovered.push((
                            k,
                            "the arguments have other shapes than in the first call, which this program fixes".into(),
                        ));
                    }
                }
            }
            let lead_call = &rec.calls[lead];
            let mut drop: Vec<(usize, String)> = Vec::new();
            for (p, (pname, v)) in lead_call.args.iter().enumerate() {
                if pname == "self" || pname == "cls" {
                    continue;
                }
                let values: Vec<&PyValue> =
                    covered.iter().filter_map(|k| rec.calls[*k].args.get(p).map(|a| &a.1)).collect();
                // what a bench sets is meant to be set: an input, unless that is refused
                let set = fix == Fix::Defaults && super::outside::attribute_set(&name).is_some();
                let same = !set && values.iter().all(|x| strip_ids(x) == strip_ids(v));
                let is_default = defaults.iter().any(|(n, d)| n == pname && strip_ids(d) == strip_ids(v));
                let spec = self.param_spec(v, &values, same, is_default, fix, &mut lengths);
                if let ParamSpec::Fixed(f) = &spec {
                    let changed = covered.iter().any(|k| {
                        let c = &rec.calls[*k];
                        c.args_after.get(p).is_some_and(|(_, after)| strip_ids(after) != strip_ids(&c.args[p].1))
                    });
                    if changed && !matches!(f, PyValue::Object { .. } | PyValue::Opaque { .. }) {
                        return self.refuse_help(
                            "PM0164",
                            format!("the entry changes its argument `{pname}`, which is fixed at translation time"),
                            "return the new value, or keep it in an object's attribute",
                        );
                    }
                    for k in &covered {
                        if strip_ids(&rec.calls[*k].args[p].1) != strip_ids(f) {
                            drop.push((*k, format!("`{pname}` has another value than in the first call, and is fixed at translation time")));
                        }
                    }
                }
                params.push((pname.clone(), spec));
            }
            for (k, why) in drop {
                if covered.contains(&k) {
                    covered.retain(|c| *c != k);
                    uncovered.push((k, why));
                }
            }
            out.push(Signature { name, params, covered, uncovered });
        }
        if out.is_empty() && !options.args.is_empty() {
            out.push(self.declared_signature(rec, &options.args)?);
        }
        Ok(out)
    }
    /// A warning where calls of the bench differ from the one translated: nothing is shown for them.
    pub(super) fn warn_of_uncovered(&mut self, signatures: &[Signature], entry: &Value) {
        for s in signatures {
            let Some((_, why)) = s.uncovered.first() else { continue };
            let (left, all) = (s.uncovered.len(), s.uncovered.len() + s.covered.len());
            let what = format!("{left} of {all} calls of `{}` are not part of the translation: {why}", s.name);
            let mut d = Diagnostic::new("PM0155", Severity::Warning, what)
                .help("give each form a function of its own, or translate it with a bench of its own");
            let f = match entry {
                Value::Function(f) | Value::Method(_, f) => Some(f.clone()),
                Value::Class(c) => match c.find(&s.name) {
                    Some(Member::Method(f)) => Some(f),
                    _ => None,
                },
                _ => None,
            };
            if let Some(f) = f
                && let info = self.functions[f.def.0 as usize]
                && let Code::Def(def) = info.code
            {
                let r = def.name.range;
                d = d.at(Span { file: info.file.id, start: r.start().to_u32(), end: r.end().to_u32() }, "");
            }
            self.warnings.push(d);
        }
    }
    fn default_values_of(&self, entry: &PyValue) -> Vec<(String, PyValue)> {
        match entry {
            PyValue::Function { kwdefaults, .. } => kwdefaults.clone(),
            PyValue::Method { function, .. } => self.default_values_of(function),
            _ => Vec::new(),
        }
    }
    fn declared_signature(&mut self, rec: &Recording, args: &[ArgSpec]) -> R<Signature> {
        let mut params = Vec::new();
        for a in args {
            let mut shape = Vec::new();
            for e in &a.shape {
                shape.push(match e {
                    ArgExtent::Fixed(n) => Dim::from(*n),
                    ArgExtent::Named(n) => Dim::from(self.length_named(n)),
                });
            }
            let kind = if !shape.is_empty() {
                LeafKind::Array
            } else if matches!(a.dtype, DType::Float64 | DType::Int64 | DType::Complex128 | DType::Bool) {
                LeafKind::Python
            } else {
                LeafKind::Scalar
            };
            params.push((a.name.clone(), ParamSpec::Port(PortSpec { dtype: a.dtype, shape, kind, range: None })));
        }
        let name = match &rec.entry {
            PyValue::Function { qualname, .. } => qualname.clone(),
            PyValue::Method { function, .. } => match &**function {
                PyValue::Function { qualname, .. } => qualname.rsplit('.').next().unwrap_or(qualname).to_string(),
                _ => "entry".into(),
            },
            _ => {
                return self
                    .refuse("PM0161", "`--arg` needs a function entry; a class needs a bench that makes the object");
            }
        };
        Ok(Signature { name, params, covered: vec![], uncovered: vec![] })
    }
    fn length_named(&mut self, name: &str) -> LengthId {
        let name = identifier(name);
        if let Some(k) = self.module.lengths.iter().position(|l| l.name == name) {
            return LengthId(k as u32);
        }
        self.module.lengths.push(hir::Length { name, min: 0, max: None });
        LengthId(self.module.lengths.len() as u32 - 1)
    }
    /// Why two calls cannot share one translation; `None` if they can.
    fn compatible(&self, a: &RecordedCall, b: &RecordedCall) -> Option<String> {
        if a.args.len() != b.args.len() {
            return Some("another number of arguments than in the first call".into());
        }
        for ((n, x), (_, y)) in a.args.iter().zip(&b.args) {
            if let Some(why) = Self::value_compatible(x, y) {
                return Some(format!("`{n}` {why}"));
            }
        }
        // the same array passed twice must be so in both
        let shared = |c: &RecordedCall| {
            let ids: Vec<u64> = c.args.iter().filter_map(|(_, v)| array_id(v)).collect();
            (0..ids.len()).map(|i| ids.iter().position(|x| *x == ids[i]).unwrap_or(i)).collect::<Vec<_>>()
        };
        if shared(a) != shared(b) {
            return Some("arguments share arrays in one call and not in the other".into());
        }
        None
    }
    fn value_compatible(x: &PyValue, y: &PyValue) -> Option<String> {
        match (x, y) {
            (PyValue::Ndarray { dtype: d, shape: s, .. }, PyValue::Ndarray { dtype: e, shape: t, .. }) => {
                if d != e {
                    return Some(format!("is {e} here and {d} in the first call"));
                }
                if s.len() != t.len() {
                    return Some(format!("has {} axes here and {} in the first call", t.len(), s.len()));
                }
                // an extent of 1 broadcasts: it is never the same program as another extent
                if s.iter().zip(t).any(|(p, q)| (*p == 1) != (*q == 1)) {
                    return Some("has an extent of 1 in one call and not in the other".into());
                }
                None
            }
            (PyValue::Scalar { dtype: d, .. }, PyValue::Scalar { dtype: e, .. }) if d != e => {
                Some(format!("is {e} here and {d} in the first call"))
            }
            (PyValue::Tuple { v: a, .. }, PyValue::Tuple { v: b, .. })
            | (PyValue::List { v: a, .. }, PyValue::List { v: b, .. }) => {
                if a.len() != b.len() {
                    return Some("has another number of items than in the first call".into());
                }
                a.iter().zip(b).find_map(|(p, q)| Self::value_compatible(p, q))
            }
            (a, b) if std::mem::discriminant(a) != std::mem::discriminant(b) => {
                Some("has another type than in the first call".into())
            }
            _ => None,
        }
    }
    fn param_spec(
        &mut self,
        v: &PyValue,
        values: &[&PyValue],
        same: bool,
        is_default: bool,
        fix: Fix,
        lengths: &mut HashMap<Vec<usize>, LengthId>,
    ) -> ParamSpec {
        let fixed = || ParamSpec::Fixed(v.clone());
        // once sizes are known to matter, an int is taken to stay within what the bench showed
        let observed = values.iter().map(|x| match x {
            PyValue::Int { v } => v.parse::<i64>().ok(),
            _ => None,
        });
        let observed: Option<Vec<i64>> = observed.collect();
        let range = match (fix, observed) {
            (Fix::Numbers | Fix::Lengths, Some(v)) if !v.is_empty() => {
                v.iter().min().copied().zip(v.iter().max().copied())
            }
            _ => None,
        };
        let number = |dtype: DType, kind: LeafKind, int: bool| {
            let pinned = fix == Fix::Lengths && dtype == DType::Int64;
            if pinned || (same && (is_default || int || fix != Fix::Defaults)) {
                return fixed();
            }
            ParamSpec::Port(PortSpec { dtype, shape: vec![], kind, range })
        };
        match v {
            PyValue::Bool { .. } => {
                if same {
                    fixed()
                } else {
                    ParamSpec::Port(PortSpec { dtype: DType::Bool, shape: vec![], kind: LeafKind::Python, range: None })
                }
            }
            PyValue::Int { v } if v.parse::<i64>().is_ok() => {
                number(DType::Int64, LeafKind::Python, !values.is_empty() && same)
            }
            PyValue::Float { .. } => number(DType::Float64, LeafKind::Python, false),
            PyValue::Complex { .. } => number(DType::Complex128, LeafKind::Python, false),
            PyValue::Scalar { dtype, .. } => number(*dtype, LeafKind::Scalar, false),
            PyValue::Ndarray { dtype, shape, .. } => {
                let shapes: Vec<&Vec<usize>> = values
                    .iter()
                    .filter_map(|x| match x {
                        PyValue::Ndarray { shape, .. } => Some(shape),
                        _ => None,
                    })
                    .collect();
                let mut dims = Vec::new();
                for (k, n) in shape.iter().enumerate() {
                    let column: Vec<usize> = shapes.iter().map(|s| s[k]).collect();
                    if column.iter().all(|c| c == n) {
                        dims.push(Dim::from(*n));
                        continue;
                    }
                    // zero-length calls are covered by the same program
                    let next = ["n", "m", "k", "p", "q", "r"];
                    let id = match lengths.get(&column) {
                        Some(id) => *id,
                        None => {
                            let used = self.module.lengths.len();
                            let name = next.get(used).map_or_else(|| format!("n{used}"), |s| (*s).to_string());
                            let id = self.length_named(&name);
                            // empty input is accepted where the bench shows it
                            self.module.lengths[id.0 as usize].min = i64::from(!column.contains(&0));
                            lengths.insert(column, id);
                            id
                        }
                    };
                    dims.push(Dim::from(id));
                }
                ParamSpec::Port(PortSpec { dtype: *dtype, shape: dims, kind: LeafKind::Array, range: None })
            }
            PyValue::List { v: items, .. } => {
                let dtypes: HashSet<Option<DType>> = items.iter().map(python_number).collect();
                if same && matches!(dtypes.iter().next(), Some(Some(DType::Int64 | DType::Bool))) && dtypes.len() == 1 {
                    return fixed();
                }
                if let (1, Some(Some(d))) = (dtypes.len(), dtypes.iter().next().copied()) {
                    return ParamSpec::Port(PortSpec {
                        dtype: d,
                        shape: vec![Dim::from(items.len())],
                        kind: LeafKind::List,
                        range: None,
                    });
                }
                self.sequence_spec(false, items, values, same, fix, lengths, v)
            }
            PyValue::Tuple { v: items, names } if names.is_empty() => {
                self.sequence_spec(true, items, values, same, fix, lengths, v)
            }
            _ => fixed(),
        }
    }
    #[allow(clippy::too_many_arguments, reason = "the parts of one parameter")]
    fn sequence_spec(
        &mut self,
        tuple: bool,
        items: &[PyValue],
        values: &[&PyValue],
        same: bool,
        fix: Fix,
        lengths: &mut HashMap<Vec<usize>, LengthId>,
        whole: &PyValue,
    ) -> ParamSpec {
        let has_array = items.iter().any(|x| matches!(x, PyValue::Ndarray { .. }));
        if items.is_empty() || (same && !has_array) {
            return ParamSpec::Fixed(whole.clone());
        }
        let parts = items
            .iter()
            .enumerate()
            .map(|(k, x)| {
                let column: Vec<&PyValue> = values
                    .iter()
                    .filter_map(|v| match v {
                        PyValue::Tuple { v, .. } | PyValue::List { v, .. } => v.get(k),
                        _ => None,
                    })
                    .collect();
                let same = column.iter().all(|c| strip_ids(c) == strip_ids(x));
                self.param_spec(x, &column, same, false, fix, lengths)
            })
            .collect();
        ParamSpec::Sequence(tuple, parts)
    }
}
