//! Where the attributes of the entry's object lie in the state of the translation, so that they can be compared with
//! CPython's after a call.

use super::eval::{Eval, R};
use super::loops::StateSpecs;
use super::recorded::identifier;
use super::state::{Cell, Content, Heap};
use super::value::{CellId, Kind, Value};
use crate::hir::{Dim, ValueId};
use crate::translation::{LeafKind, StateTree};
use std::collections::HashMap;

/// State fields by the value that stands for each of them in the heap that is looked at.
type Fields = HashMap<ValueId, String>;

impl Eval<'_> {
    /// The object's attributes, on a heap whose state slots hold fresh values.
    pub(super) fn observe(
        &mut self,
        object: &Value,
        h0: &Heap,
        specs: &StateSpecs,
        names: &[String],
    ) -> R<Vec<(String, StateTree)>> {
        self.heap = h0.clone();
        self.open_function("observe");
        let opened = specs.open(self)?;
        let fields: Fields = opened.into_iter().flatten().zip(names.iter().cloned()).collect();
        let found = match self.state_tree(object, &fields, &mut Vec::new()) {
            StateTree::Object { attrs } => attrs,
            _ => Vec::new(),
        };
        self.regions.clear();
        self.func = Default::default();
        Ok(found)
    }

    /// `open`: the containers on the way here, for an object may hold itself.
    fn state_tree(&self, v: &Value, fields: &Fields, open: &mut Vec<CellId>) -> StateTree {
        let hidden = |reason: &str| StateTree::Hidden { reason: reason.into() };
        let field = |id: ValueId, kind: LeafKind| match fields.get(&id) {
            Some(name) => StateTree::Field { field: name.clone(), kind },
            None => hidden("it is computed from other attributes"),
        };
        if let Value::List(c) | Value::Dict(c) | Value::Set(c) | Value::Object(c) = v {
            if open.contains(c) {
                return hidden("it leads back to itself");
            }
            open.push(*c);
            let tree = self.container_tree(*c, fields, open);
            open.pop();
            return tree;
        }
        match v {
            Value::Array(a) => match self.heap.get(a.cell) {
                Cell::Array { content: Content::Static(_), .. } => StateTree::Unchanged,
                Cell::Array { content: Content::Dyn(id), .. } if a.view.is_empty() => field(*id, LeafKind::Array),
                _ => hidden("it is a view of another array"),
            },
            Value::Dyn(d) => field(
                d.id,
                match d.kind {
                    Kind::Py => LeafKind::Python,
                    Kind::Np => LeafKind::Scalar,
                    Kind::Mixed => LeafKind::Either,
                },
            ),
            Value::Sym(d) => match fields.keys().find(|id| *d == Dim::from(**id)) {
                Some(id) => field(*id, LeafKind::Python),
                None => hidden("it is computed from other attributes"),
            },
            Value::Tuple(items, _) => {
                StateTree::Items { items: items.iter().map(|x| self.state_tree(x, fields, open)).collect() }.settled()
            }
            Value::Maybe(x, flag) => match fields.get(flag) {
                Some(bound) => {
                    StateTree::Maybe { bound: bound.clone(), value: Box::new(self.state_tree(x, fields, open)) }
                }
                None => hidden("whether it exists is computed from other attributes"),
            },
            Value::OneOf(options, index) => {
                let options: Option<Vec<_>> = options.iter().map(|o| self.export(o)).collect();
                match (options, fields.get(index)) {
                    (Some(options), Some(index)) => StateTree::Label { index: index.clone(), options },
                    _ => hidden("it is one of several things"),
                }
            }
            Value::Poison(why) | Value::Unbound(why) => {
                let why = why.rsplit_once("kept between calls: ").map_or(&**why, |(_, why)| why);
                hidden(&why.replace("this variable", "it").replace("rounds of the loop", "calls"))
            }
            _ => StateTree::Unchanged,
        }
    }

    fn container_tree(&self, c: CellId, fields: &Fields, open: &mut Vec<CellId>) -> StateTree {
        let tree = match self.heap.get(c) {
            Cell::Object { attrs, .. } => StateTree::Object {
                attrs: attrs.iter().map(|(n, v)| (n.to_string(), self.state_tree(v, fields, open))).collect(),
            },
            Cell::List(items) => {
                StateTree::Items { items: items.iter().map(|x| self.state_tree(x, fields, open)).collect() }
            }
            Cell::Dict(items) => StateTree::Entries {
                items: items
                    .iter()
                    .map(|(k, x)| {
                        let tree = self.state_tree(x, fields, open);
                        // a key that cannot be named is at least of known value
                        self.export(k).map(|k| (k, tree))
                    })
                    .collect::<Option<Vec<_>>>()
                    .unwrap_or_default(),
            },
            Cell::DynList(l) if matches!(l.template, Value::Tuple(..)) => {
                StateTree::Hidden { reason: "it is a list of tuples of computed length".into() }
            }
            Cell::DynList(l) => {
                let length = fields.iter().find(|(id, _)| l.len == Dim::from(**id)).map(|(_, n)| n.clone());
                match (fields.get(&l.storage), length) {
                    (Some(items), Some(length)) => StateTree::List { items: items.clone(), length },
                    _ => StateTree::Hidden { reason: "it is a list of computed length".into() },
                }
            }
            _ => StateTree::Unchanged,
        };
        tree.settled()
    }
}

impl StateTree {
    /// A container of which nothing changes is unchanged itself.
    fn settled(self) -> StateTree {
        let still = |t: &StateTree| matches!(t, StateTree::Unchanged);
        let all = match &self {
            StateTree::Items { items } => items.iter().all(still),
            StateTree::Entries { items } => items.iter().all(|(_, t)| still(t)),
            _ => false,
        };
        if all { StateTree::Unchanged } else { self }
    }
}

/// Field names made from wishes: identifiers that stay different when trailing underscores are taken off.
pub(super) fn distinct(wishes: impl Iterator<Item = String>) -> Vec<String> {
    let mut taken = std::collections::BTreeSet::new();
    wishes
        .map(|wish| {
            let base = identifier(&wish);
            let mut name = base.clone();
            let mut k = 2;
            while !taken.insert(name.trim_end_matches('_').to_string()) {
                name = format!("{}_{k}", base.trim_end_matches('_'));
                k += 1;
            }
            name
        })
        .collect()
}
