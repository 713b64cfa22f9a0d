//! The attributes of a design's object after each call: what CPython holds, and what the state of the design says they
//! are. Both sides come under port names `state.PATH`, so that they are compared, and kept, like outputs.

use super::ports::{self, PortType, same, tensor_of};
use super::vectors::{Expected, Ports, Sequence, port};
use proofmark_silicon::hir::Module;
use proofmark_silicon::interp::Tensor;
use proofmark_silicon::oracle::{PyValue, Recording};
use proofmark_silicon::translation::{LeafKind, ResultTree, StateTree, Translation};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What the names of these ports begin with.
pub const PREFIX: &str = "state.";
/// Most bytes of state looked at in one sequence, and most calls after which it is looked at.
const MOST_BYTES: usize = 16 << 20;
const MOST_CALLS: usize = 2000;
/// Calls of a sequence of which the bundle keeps the state.
const KEPT: usize = 8;

/// Whether a port is an attribute of the object.
pub fn is_state(port: &str) -> bool {
    port.starts_with(PREFIX)
}

/// Attributes by dotted name.
pub type Attributes = BTreeMap<String, Arc<PyValue>>;

/// The object after a call in CPython.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// As the call left it.
    pub now: Attributes,
    /// As it was before the first call; empty when only those attributes were asked for that calls change.
    pub first: Arc<Attributes>,
}

/// Whether the state is compared after call `i` of a sequence of so many: after every one, or evenly spread and after the
/// last where that would be too much.
pub fn watched(t: &Translation, calls: usize, i: usize) -> bool {
    let elements = |f: &proofmark_silicon::hir::StateField| -> usize {
        f.ty.shape.iter().filter_map(|d| d.as_const()).map(|n| n.max(0) as usize).product()
    };
    let bytes: usize = t.module.state.iter().map(|f| elements(f) * f.ty.dtype.size()).sum();
    !t.module.state.is_empty() && spread((MOST_BYTES / bytes.max(1)).clamp(KEPT, MOST_CALLS), calls, i)
}

/// Whether the bundle keeps the state after call `i` of so many.
pub fn kept(calls: usize, i: usize) -> bool {
    spread(KEPT, calls, i)
}

fn spread(most: usize, calls: usize, i: usize) -> bool {
    i + 1 == calls || (i + 1).is_multiple_of(calls.div_ceil(most).max(1))
}

/// Dotted names of the attributes that calls change: what CPython is asked for.
pub fn wanted(t: &Translation) -> Vec<String> {
    fn add(name: String, tree: &StateTree, out: &mut Vec<String>) {
        match tree {
            StateTree::Object { attrs } => attrs.iter().for_each(|(n, t)| add(format!("{name}.{n}"), t, out)),
            StateTree::Unchanged | StateTree::Hidden { .. } => {}
            _ => out.push(name),
        }
    }
    let mut out = Vec::new();
    t.state.iter().for_each(|(n, tree)| add(n.clone(), tree, &mut out));
    out
}

// ---- the recording ----

/// The object after each recorded call, where it is known.
pub fn recorded(recording: &Recording) -> Vec<Option<Held>> {
    let mut objects: BTreeMap<usize, Option<Held>> = BTreeMap::new();
    let held = |call: &proofmark_silicon::oracle::RecordedCall| {
        let instance = call.instance?;
        let object = objects.entry(instance).or_insert_with(|| {
            let first = recording.instances.get(instance).map(attributes)?;
            Some(Held { now: first.clone(), first: Arc::new(first) })
        });
        match (object.as_mut(), &call.state) {
            (Some(held), Some(changes)) => {
                held.now.extend(changes.iter().map(|(n, v)| (n.clone(), Arc::new(v.clone()))));
            }
            // too much to record: not known from here on
            _ => *object = None,
        }
        object.clone()
    };
    recording.calls.iter().map(held).collect()
}

/// The attributes of a recorded object, those of objects in attributes in their place, as the oracle names them.
fn attributes(object: &PyValue) -> Attributes {
    fn objects<'a>(v: &'a PyValue, found: &mut BTreeMap<u64, &'a PyValue>) {
        match v {
            PyValue::Tuple { v, .. } | PyValue::List { v, .. } | PyValue::Set { v, .. } => {
                v.iter().for_each(|x| objects(x, found));
            }
            PyValue::Dict { v, .. } => v.iter().for_each(|(_, x)| objects(x, found)),
            PyValue::Object { attrs, id, .. } => {
                if !attrs.is_empty() {
                    found.entry(*id).or_insert(v);
                }
                attrs.iter().for_each(|(_, x)| objects(x, found));
            }
            _ => {}
        }
    }
    fn class(v: &PyValue, prefix: &str, out: &mut Attributes) {
        if let PyValue::Class { attrs, bases, .. } = v {
            for (n, v) in attrs {
                out.entry(format!("{prefix}{n}")).or_insert_with(|| Arc::new(v.clone()));
            }
            bases.iter().for_each(|b| class(b, prefix, out));
        }
    }
    fn walk<'a>(
        v: &'a PyValue,
        prefix: &str,
        path: &mut Vec<u64>,
        all: &BTreeMap<u64, &'a PyValue>,
        out: &mut Attributes,
    ) {
        let PyValue::Object { class: of, id, .. } = v else { return };
        let Some(PyValue::Object { attrs, .. }) = all.get(id) else { return };
        path.push(*id);
        for (n, x) in attrs {
            let name = format!("{prefix}{n}");
            match x {
                PyValue::Object { id, .. } if !path.contains(id) && path.len() < 6 && !is_enum(x) => {
                    walk(x, &format!("{name}."), path, all, out);
                }
                _ => {
                    out.insert(name, Arc::new(x.clone()));
                }
            }
        }
        path.pop();
        class(of, prefix, out);
    }
    let mut all = BTreeMap::new();
    objects(object, &mut all);
    let mut out = Attributes::new();
    walk(object, "", &mut Vec::new(), &all, &mut out);
    out
}

fn is_enum(v: &PyValue) -> bool {
    matches!(v, PyValue::Object { attrs, .. } if attrs.iter().any(|(n, _)| n == "_value_"))
}

// ---- the design's side ----

/// The attributes as the state fields (by name, in the module's order) hold them, and the fields that are none of them.
pub fn observed(trees: &[(String, StateTree)], fields: &[(String, Tensor)]) -> Ports {
    let mut out = Ports::new();
    let mut used = BTreeSet::new();
    for (name, tree) in trees {
        observe(tree, &format!("{PREFIX}{name}"), fields, &mut used, &mut out);
    }
    for (name, t) in fields.iter().filter(|(n, _)| !used.contains(n.as_str())) {
        let mut name = format!("{PREFIX}{name}");
        while port(&out, &name).is_some() {
            name.push_str(".field");
        }
        out.push((name, t.clone()));
    }
    out
}

fn observe<'a>(
    tree: &'a StateTree,
    name: &str,
    fields: &[(String, Tensor)],
    used: &mut BTreeSet<&'a str>,
    out: &mut Ports,
) {
    let mut field = |f: &'a str| {
        used.insert(f);
        port_of(fields, f)
    };
    match tree {
        StateTree::Field { field: f, .. } | StateTree::Label { index: f, .. } => {
            out.extend(field(f).map(|t| (name.to_string(), t.clone())));
        }
        StateTree::List { items, length } => {
            let (items, length) = (field(items), field(length));
            let cut = items.zip(length).and_then(|(items, length)| front(items, length.get(0)?.as_int()?));
            out.extend(cut.map(|t| (name.to_string(), t)));
        }
        StateTree::Maybe { bound, value } => {
            let Some(flag) = field(bound) else { return };
            out.push((bound_name(name), flag.clone()));
            if flag.get(0).is_some_and(|s| s.re != 0) {
                observe(value, name, fields, used, out);
            } else {
                // what stands in for a value that is not there is nobody's
                observe(value, name, fields, used, &mut Ports::new());
            }
        }
        StateTree::Items { items } => {
            items.iter().enumerate().for_each(|(i, t)| observe(t, &format!("{name}.{i}"), fields, used, out));
        }
        StateTree::Entries { items } => {
            let each = items.iter().enumerate();
            each.for_each(|(i, (k, t))| observe(t, &format!("{name}.{}", key(k, i)), fields, used, out));
        }
        StateTree::Object { attrs } => {
            attrs.iter().for_each(|(n, t)| observe(t, &format!("{name}.{n}"), fields, used, out));
        }
        StateTree::Unchanged | StateTree::Hidden { .. } => {}
    }
}

fn port_of<'a>(fields: &'a [(String, Tensor)], name: &str) -> Option<&'a Tensor> {
    fields.iter().find(|(n, _)| n == name).map(|(_, t)| t)
}

fn bound_name(name: &str) -> String {
    format!("{name}.is_set")
}

fn key(key: &PyValue, i: usize) -> String {
    match key {
        PyValue::Str { v } if !v.is_empty() && v.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') => v.clone(),
        _ => i.to_string(),
    }
}

/// The first items of a tensor.
fn front(t: &Tensor, count: i128) -> Option<Tensor> {
    let (room, rest) = t.shape.split_first()?;
    let count = usize::try_from(count).ok().filter(|n| n <= room)?;
    let shape: Vec<usize> = std::iter::once(count).chain(rest.iter().copied()).collect();
    let bytes = shape.iter().product::<usize>() * t.dtype.size();
    Tensor::from_le_bytes(t.dtype, &shape, &t.to_le_bytes()[..bytes])
}

/// The state of a module under its fields' names. A field that the passes have taken out, for every call leaves it as it
/// is, has its first value.
pub fn fields(t: &Translation, module: &Module, values: &[Tensor]) -> Vec<(String, Tensor)> {
    let given: Vec<(String, Tensor)> =
        module.state.iter().zip(values).map(|(f, v)| (f.name.clone(), v.clone())).collect();
    completed(t, given)
}

/// The fields with those of the translation that are not among them at their first values.
pub fn completed(t: &Translation, mut given: Vec<(String, Tensor)>) -> Vec<(String, Tensor)> {
    let first = |f: &proofmark_silicon::hir::StateField| {
        let table = t.module.tables.get(f.init.0 as usize)?;
        Tensor::from_le_bytes(table.dtype, &table.shape, &table.data).map(|v| (f.name.clone(), v))
    };
    let lost = t.module.state.iter().filter(|f| port_of(&given, &f.name).is_none());
    let lost: Vec<_> = lost.filter_map(first).collect();
    given.extend(lost);
    given
}

/// Ports of [`observed`] that rest on fields which the passes have taken out of the module.
pub fn taken_out(t: &Translation, module: &Module) -> BTreeSet<String> {
    let lost = t.module.state.iter().filter(|f| module.state.iter().all(|g| g.name != f.name));
    // every flag set, every list empty
    let value = |f: &proofmark_silicon::hir::StateField| {
        let shape: Vec<usize> = f.ty.shape.iter().map(|d| d.as_const().unwrap_or(0).max(0) as usize).collect();
        let one = proofmark_silicon::dtype::Scalar::bool(true);
        match f.ty.dtype {
            d if d == one.dtype && shape.is_empty() => Some(Tensor::scalar(one)),
            d => Tensor::from_le_bytes(d, &shape, &vec![0; shape.iter().product::<usize>() * d.size()]),
        }
    };
    let lost: Vec<(String, Tensor)> = lost.filter_map(|f| Some((f.name.clone(), value(f)?))).collect();
    observed(&t.state, &lost).into_iter().map(|(n, _)| n).collect()
}

// ---- CPython's side ----

/// Adds what CPython holds after a call to what is expected of it.
pub fn expect(t: &Translation, sequence: &Sequence, i: usize, narrow: bool, into: &mut Expected) {
    let Some(held) = sequence.calls[i].reference.as_ref().and_then(|r| r.state.as_ref()) else { return };
    if !watched(t, sequence.calls.len(), i) {
        return;
    }
    let mut walk = Walk { module: &t.module, held, narrow, into };
    for (name, tree) in &t.state {
        walk.attribute(tree, name, Place::Attribute);
    }
    for path in held.now.keys().filter(|p| !held.first.is_empty() && !held.first.contains_key(*p)) {
        if !known(&t.state, path) {
            into.structure.push(format!("CPython has set `self.{path}`, the translation knows of no such attribute"));
        }
    }
}

/// Whether some tree covers the attribute.
fn known(trees: &[(String, StateTree)], path: &str) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(n, r)| (n, Some(r)));
    match (trees.iter().find(|(n, _)| n == name), rest) {
        (Some((_, StateTree::Object { attrs })), Some(rest)) => known(attrs, rest),
        (found, _) => found.is_some(),
    }
}

/// Where the value of a tree is found.
#[derive(Clone, Copy)]
enum Place<'a> {
    /// Among the attributes, under the path.
    Attribute,
    /// Here, inside a container.
    Inside(&'a PyValue),
}

struct Walk<'a> {
    module: &'a Module,
    held: &'a Held,
    narrow: bool,
    into: &'a mut Expected,
}

impl Walk<'_> {
    fn problem(&mut self, path: &str, text: &str) {
        self.into.structure.push(format!("`self.{path}` {text}"));
    }

    fn port_type(&self, field: &str) -> Option<PortType> {
        let f = self.module.state.iter().find(|f| f.name == field)?;
        Some(PortType { dtype: f.ty.dtype, rank: f.ty.rank() })
    }

    fn attribute(&mut self, tree: &StateTree, path: &str, place: Place<'_>) {
        if let (StateTree::Object { attrs }, Place::Attribute) = (tree, place) {
            attrs.iter().for_each(|(n, t)| self.attribute(t, &format!("{path}.{n}"), place));
            return;
        }
        let held = self.held;
        let value = match place {
            Place::Attribute => held.now.get(path).map(Arc::as_ref),
            Place::Inside(v) => Some(v),
        };
        let value = value.filter(|v| !matches!(v, PyValue::Opaque { type_name, .. } if type_name == "<deleted>"));
        match tree {
            StateTree::Hidden { .. } => {}
            StateTree::Unchanged => self.unchanged(path, place),
            StateTree::Maybe { value: inner, .. } => {
                let flag = Tensor::scalar(proofmark_silicon::dtype::Scalar::bool(value.is_some()));
                self.into.ports.push((bound_name(&format!("{PREFIX}{path}")), flag));
                if value.is_some() {
                    self.attribute(inner, path, place);
                }
            }
            tree => match value {
                Some(v) => self.value(tree, path, v),
                None => self.problem(path, "does not exist in CPython, the translation holds it"),
            },
        }
    }

    fn value(&mut self, tree: &StateTree, path: &str, value: &PyValue) {
        match (tree, value) {
            (StateTree::Field { field, kind }, v) => self.number(field, *kind, path, v),
            (StateTree::List { items, .. }, PyValue::List { .. }) => {
                self.number(items, LeafKind::List, path, value);
            }
            (StateTree::Label { options, .. }, v) => match options.iter().position(|o| same(o, v)) {
                Some(k) => {
                    let index = Tensor::scalar(proofmark_silicon::dtype::Scalar::i64(k as i64));
                    self.into.ports.push((format!("{PREFIX}{path}"), index));
                }
                None => self.problem(path, "is none of the values the translation knows"),
            },
            (StateTree::Items { items }, PyValue::Tuple { v, .. } | PyValue::List { v, .. })
                if items.len() == v.len() =>
            {
                for (i, (t, v)) in items.iter().zip(v).enumerate() {
                    self.attribute(t, &format!("{path}.{i}"), Place::Inside(v));
                }
            }
            (StateTree::Entries { items }, PyValue::Dict { v, .. }) => {
                for (i, (k, t)) in items.iter().enumerate() {
                    match v.iter().find(|(l, _)| same(k, l)) {
                        Some((_, x)) => self.attribute(t, &format!("{path}.{}", key(k, i)), Place::Inside(x)),
                        None => self.problem(path, "has lost a key"),
                    }
                }
                if v.len() != items.len() {
                    self.problem(path, "has other keys in CPython");
                }
            }
            // an object met before in the same value comes without its attributes
            (StateTree::Object { .. }, PyValue::Object { attrs, .. }) if attrs.is_empty() => {}
            (StateTree::Object { attrs: trees }, PyValue::Object { attrs, .. }) => {
                for (n, t) in trees {
                    match attrs.iter().find(|(m, _)| m == n) {
                        Some((_, x)) => self.attribute(t, &format!("{path}.{n}"), Place::Inside(x)),
                        None if matches!(t, StateTree::Unchanged | StateTree::Hidden { .. }) => {}
                        None => self.problem(&format!("{path}.{n}"), "does not exist in CPython"),
                    }
                }
            }
            (_, v) => self.problem(path, &format!("is {}, not what the translation holds", ports::kind_of(v))),
        }
    }

    fn number(&mut self, field: &str, kind: LeafKind, path: &str, value: &PyValue) {
        let name = format!("{PREFIX}{path}");
        let Some(ty) = self.port_type(field) else { return };
        // an attribute that is an int until a call makes it a float is a float in the state: the same number
        if matches!(kind, LeafKind::Either | LeafKind::Python)
            && let Some(t) = tensor_of(value).filter(|t| t.shape.is_empty() && t.dtype != ty.dtype && ty.rank == 0)
            && (t.dtype.is_integer() || (t.dtype.is_float() && ty.dtype.is_complex()))
            && (ty.dtype.is_float() || ty.dtype.is_complex())
        {
            let wide = ports::converted(&t, ty.dtype);
            if t.get(0).zip(wide.get(0)).is_some_and(|(a, b)| a.as_int().is_none_or(|v| b.real_f64() as i128 == v)) {
                self.into.ports.push((name, wide));
                return;
            }
        }
        let tree = ResultTree::Output { port: name, kind };
        let mut found = ports::expected(&tree, value, &[], &|_| Some(ty), self.narrow);
        self.into.ports.append(&mut found.ports);
        let own = format!("`self.{path}`");
        self.into.structure.extend(found.problems.into_iter().map(|p| p.replacen("result", &own, 1)));
    }

    /// What the translation takes as fixed must be as it was before the first call.
    fn unchanged(&mut self, path: &str, place: Place<'_>) {
        let Place::Attribute = place else { return };
        let held = self.held;
        let inside = format!("{path}.");
        let names = held.first.range(path.to_string()..).take_while(|(n, _)| n.starts_with(path));
        for (name, first) in names.filter(|(n, _)| *n == path || n.starts_with(&inside)) {
            let now = held.now.get(name);
            if !now.is_some_and(|now| Arc::ptr_eq(now, first) || same(now, first)) {
                self.problem(name, "changes in CPython; the translation takes it as fixed");
            }
        }
    }
}

// ---- what is not compared ----

/// What of the object's state the vectors say nothing of.
pub fn not_shown(t: &Translation, module: &Module, sequences: &[Sequence]) -> Vec<String> {
    fn hidden<'a>(name: String, tree: &'a StateTree, out: &mut BTreeMap<&'a str, Vec<String>>) {
        match tree {
            StateTree::Hidden { reason } => out.entry(reason).or_default().push(format!("`{name}`")),
            StateTree::Object { attrs } => attrs.iter().for_each(|(n, t)| hidden(format!("{name}.{n}"), t, out)),
            StateTree::Items { items } => {
                items.iter().enumerate().for_each(|(i, t)| hidden(format!("{name}[{i}]"), t, out));
            }
            StateTree::Entries { items } => {
                items.iter().enumerate().for_each(|(i, (k, t))| hidden(format!("{name}[{}]", key(k, i)), t, out));
            }
            StateTree::Maybe { value, .. } => hidden(name, value, out),
            _ => {}
        }
    }
    let mut out = Vec::new();
    if module.state.is_empty() {
        return out;
    }
    let mut reasons = BTreeMap::new();
    t.state.iter().for_each(|(n, tree)| hidden(format!("self.{n}"), tree, &mut reasons));
    out.extend(
        reasons.into_iter().map(|(why, names)| format!("the value of {} after a call: {why}", names.join(", "))),
    );
    let empty: Vec<(String, Tensor)> = module
        .state
        .iter()
        .map(|f| (f.name.clone(), Tensor::scalar(proofmark_silicon::dtype::Scalar::zero(f.ty.dtype))))
        .collect();
    let mut used = BTreeSet::new();
    t.state.iter().for_each(|(n, tree)| observe(tree, n, &empty, &mut used, &mut Ports::new()));
    let others: Vec<String> =
        module.state.iter().filter(|f| !used.contains(f.name.as_str())).map(|f| format!("`{}`", f.name)).collect();
    if !others.is_empty() {
        let names = others.join(", ");
        out.push(format!("{names}: state that is no attribute of the object, compared between the targets only"));
    }
    let mut lost = 0;
    for s in sequences {
        let n = s.calls.len();
        let looked = (0..n).filter(|i| watched(t, n, *i)).count();
        if looked < n {
            out.push(format!("the state after {} of the {n} calls of {}", n - looked, s.name));
        }
        lost += s.calls.iter().filter(|c| c.reference.as_ref().is_some_and(|r| r.state.is_none())).count();
    }
    if lost > 0 && !t.state.is_empty() {
        out.push(format!("the state after {lost} calls: there is too much of it to be recorded"));
    }
    out
}

#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
