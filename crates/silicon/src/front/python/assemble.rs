//! The module from its entries and the object's first state; a whole script as one entry.

use super::entry::{Built, Signature};
use super::eval::{Eval, Frame, R};
use super::loops::StateSpecs;
use super::merge::Flow;
use super::state::{Cell, Heap};
use super::value::Value;
use crate::hir::{Entry, Region, ResultRole, StateField, Type};
use crate::interp::Machine;
use crate::oracle::{PyValue, Recording};
use crate::translation::{Options, ResultTree, Translation};
use proofmark_base::diagnostics::{Diagnostic, Severity};

impl<'a> Eval<'a> {
    pub(super) fn assemble(
        &mut self,
        rec: &Recording,
        built: Vec<Built>,
        h0: &Heap,
        specs: &StateSpecs,
        instances: Vec<usize>,
        object: Option<&Value>,
    ) -> R<Translation> {
        if rec.instances.len() > 1
            && let Some(name) = specs.shared()
        {
            return self.refuse_help(
                "PM0167",
                format!(
                    "`{name}` is shared by all objects and changes from call to call; the bench uses {} objects",
                    rec.instances.len()
                ),
                "keep the value in each object (`self.name`), or use one object",
            );
        }
        // initial state: run the emission of the initial values once
        self.heap = h0.clone();
        self.open_function("initial");
        let initial = specs.close(self)?;
        let body = self.regions.pop().unwrap_or_default();
        let mut func = std::mem::take(&mut self.func);
        func.body = Region { params: vec![], body, results: initial.clone() };
        let types: Vec<Type> = initial.iter().map(|v| func.ty(*v).clone()).collect();
        let roles: Vec<ResultRole> = (0..initial.len()).map(|k| ResultRole::Output(format!("s{k}"))).collect();
        let mut scratch = self.module.clone();
        scratch.state.clear();
        scratch.entries = vec![Entry { func, params: vec![], results: roles }];
        let tensors = if initial.is_empty() {
            vec![]
        } else {
            match Machine::new(&scratch).call("initial", &[]) {
                Ok(r) => r.outputs,
                Err(f) => return self.refuse("PM0999", format!("internal error: initial state: {}", f.message)),
            }
        };
        let names = specs.names();
        let mut fields = Vec::new();
        for (k, (ty, (_, t))) in types.into_iter().zip(tensors).enumerate() {
            if ty.shape.iter().any(|d| d.as_const().is_none()) {
                return self.refuse("PM0139", "an attribute whose size depends on data is kept between calls");
            }
            let n = super::value::NdArray {
                dtype: ty.dtype,
                shape: ty.shape.iter().filter_map(|d| d.as_const()).map(|c| c as usize).collect(),
                data: t.to_le_bytes(),
            };
            let init = self.table_id(&n, "initial state");
            fields.push(StateField { name: names[k].clone(), ty, init });
        }
        self.module.state = fields;
        let mut entries = Vec::new();
        let mut infos = Vec::new();
        for b in built {
            entries.push(Entry { func: b.func, params: b.params, results: b.results });
            infos.push(b.info);
        }
        self.module.entries = entries;
        let state = match object {
            Some(o) => self.observe(o, h0, specs, &names)?,
            None => Vec::new(),
        };
        let module = std::mem::take(&mut self.module);
        Ok(Translation { module, entries: infos, covered_instances: instances, state, unset: None })
    }
    pub(super) fn translate_script(&mut self, rec: &Recording, options: &Options, names: &str) -> R<Translation> {
        self.script = true;
        let file = self.load(&options.file)?;
        let scope = self.heap.alloc(Cell::Scope { vars: Default::default(), parent: None, outer: vec![] });
        self.captured.insert(scope);
        self.globals.insert("__main__".into(), scope);
        self.open_function("script");
        self.draws = rec.script_draws.iter().map(|(n, _, v)| (n.clone(), v.clone())).collect();
        let largest = rec
            .script_draws
            .iter()
            .map(|d| &d.2)
            .chain(rec.script_results.iter().map(|r| &r.1))
            .map(|v| match v {
                PyValue::Ndarray { shape, .. } => shape.iter().product(),
                PyValue::List { v, .. } => v.len(),
                _ => 0,
            })
            .max()
            .unwrap_or(0);
        self.list_capacity = (largest as i64 * 16).max(4096);
        self.frames.push(Frame { scope, file, def: None, owner: None, call_span: None });
        let flow = self.block(&file.module.body)?;
        if !matches!(flow, Flow::Normal) {
            return self.refuse("PM0163", "the script leaves its top level early");
        }
        let mut results = Vec::new();
        let mut roles = Vec::new();
        let mut used = Vec::new();
        let mut items = Vec::new();
        for n in names.split(',').map(str::trim) {
            let Some(v) = self.lookup(n) else {
                return self.refuse("PM0163", format!("the script has no variable `{n}`"));
            };
            let tree = self.result_tree(&v, n, &mut results, &mut roles, &mut used)?;
            items.push((PyValue::Str { v: n.into() }, tree));
        }
        self.frames.pop();
        if self.random_inputs.is_empty() {
            self.warnings.push(Diagnostic::new(
                "PM0166",
                Severity::Warning,
                "nothing in this script depends on an input: the translation is a table of constants",
            ));
        }
        let s = Signature { name: "script".into(), params: vec![], covered: vec![0], uncovered: vec![] };
        let b = self.close_function(vec![], vec![], results, roles, &s, vec![], ResultTree::Dict { items })?;
        self.assemble(rec, vec![b], &Heap::default(), &StateSpecs::default(), vec![], None)
    }
}
