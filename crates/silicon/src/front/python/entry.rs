//! From a recording to a module: which arguments are ports, which are fixed; state as slots that calls change; results.

use super::eval::{Eval, Frame, R, Stop};
use super::loops::{Slot, StateSpecs};
use super::recorded::{identifier, strip_ids};
use super::state::{Cell, Content, Heap};
use super::value::{ArrayRef, CellId, Value};
use crate::dtype::DType;
use crate::hir::{Dim, Func, Module, ParamRole, Region, ResultRole, ValueId};
use crate::oracle::{Oracle, PyValue, Recording};
use crate::translation::{ArgTree, EntryInfo, LeafKind, Options, Outcome, ResultTree, Translation, Unset};
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap, Span};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Translates the entry of a recording. Refusals and warnings are in the outcome's diagnostics.
pub fn translate(recording: &Recording, oracle: &mut dyn Oracle, options: &Options) -> Outcome {
    let arena = typed_arena::Arena::new();
    let mut last = None;
    // numbers given alike in every call are tried as inputs first and fixed if that is refused
    for fix in [Fix::Defaults, Fix::Numbers, Fix::Lengths] {
        let mut ev = Eval::new(&arena, oracle);
        let out = ev.translate(recording, options, fix);
        if out.is_ok() {
            ev.note_untaken_branches();
        }
        let empties = std::mem::take(&mut ev.unset);
        let sources = std::mem::take(&mut ev.sources);
        let mut diagnostics = std::mem::take(&mut ev.warnings);
        match out {
            Ok(mut t) => {
                if !empties.is_empty() {
                    // the same again with other values in that memory
                    let mut ev = Eval::new(&arena, oracle);
                    ev.unset_is_odd = true;
                    match ev.translate(recording, options, fix) {
                        Ok(u) if u.module == t.module => {}
                        Ok(u) => t.unset = Some(Unset { module: u.module, at: empties.into_iter().collect() }),
                        Err(_) => {
                            diagnostics.push(reads_unset(&empties, "code that runs at translation time reads it"));
                            return Outcome { translation: None, diagnostics, sources };
                        }
                    }
                }
                return Outcome { translation: Some(t), diagnostics, sources };
            }
            Err(stop) => {
                let d = match stop {
                    Stop::Refused(d) => *d,
                    Stop::Raised(r) => {
                        let d =
                            Diagnostic::error("PM0160", format!("this always raises {}: {}", r.type_name, r.message));
                        match r.span {
                            Some(s) => d.at(s, ""),
                            None => d,
                        }
                    }
                    Stop::NeedsEmission => {
                        Diagnostic::new("PM0999", Severity::Bug, "internal error: emission outside a function")
                    }
                };
                let retry = d.code != "PM0100" && ev.fixed_could_help;
                diagnostics.push(d);
                let outcome = Outcome { translation: None, diagnostics, sources };
                // what stays refused with most things fixed is the reason
                last = Some(outcome);
                if !retry {
                    break;
                }
            }
        }
    }
    last.unwrap_or_default()
}

/// The refusal of a program whose results depend on what `np.empty` leaves in memory.
pub fn reads_unset<'s>(at: impl IntoIterator<Item = &'s Span>, what: &str) -> Diagnostic {
    let mut d = Diagnostic::error("PM0156", "elements of np.empty are read before they are written")
        .note(what)
        .help("use np.zeros, or write every element first");
    for span in at {
        d = d.at(*span, "");
    }
    d
}

/// Which scalar arguments are taken as constants.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fix {
    /// ints that never change, and anything left at its default.
    Defaults,
    /// Every number that never changes.
    Numbers,
    /// Those, and the shapes of the first call.
    Lengths,
}

/// One method or function with the calls that share its signature.
pub(super) struct Signature {
    pub(super) name: String,
    pub(super) params: Vec<(String, ParamSpec)>,
    pub(super) covered: Vec<usize>,
    pub(super) uncovered: Vec<(usize, String)>,
}

#[derive(Clone, Debug)]
pub(super) enum ParamSpec {
    Port(PortSpec),
    Fixed(PyValue),
    Sequence(bool, Vec<ParamSpec>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct PortSpec {
    pub(super) dtype: DType,
    pub(super) shape: Vec<Dim>,
    pub(super) kind: LeafKind,
    /// Smallest and largest value observed, for ints whose range bounds sizes.
    pub(super) range: Option<(i64, i64)>,
}

pub(super) struct Built {
    pub(super) func: Func,
    pub(super) params: Vec<ParamRole>,
    pub(super) results: Vec<ResultRole>,
    pub(super) info: EntryInfo,
}

impl<'a> Eval<'a> {
    pub(super) fn new(arena: &'a typed_arena::Arena<super::eval::ParsedFile>, oracle: &'a mut dyn Oracle) -> Self {
        Eval {
            arena,
            oracle,
            sources: SourceMap::default(),
            files: HashMap::new(),
            functions: Vec::new(),
            function_ids: HashMap::new(),
            module: Module::default(),
            heap: Heap::default(),
            func: Func::default(),
            regions: Vec::new(),
            ranges: HashMap::new(),
            symbols: HashMap::new(),
            frames: Vec::new(),
            span: None,
            static_only: 0,
            globals: HashMap::new(),
            imported: HashMap::new(),
            classes: HashMap::new(),
            prelude: HashMap::new(),
            kernels: HashMap::new(),
            in_kernel: false,
            warnings: Vec::new(),
            checks: 0,
            table_ids: HashMap::new(),
            emitted: 0,
            steps: 0,
            list_capacity: 4096,
            random_inputs: Vec::new(),
            draws: Default::default(),
            dynamic_extents: 0,
            loop_depth: 0,
            extents: Vec::new(),
            refinements: Vec::new(),
            list_bound: None,
            parameter_cells: HashSet::new(),
            captured: HashSet::new(),
            class_shells: Vec::new(),
            class_defs: Vec::new(),
            range_value: None,
            odd_values: HashSet::new(),
            odd_cells: HashSet::new(),
            apart: HashMap::new(),
            index_proved: HashSet::new(),
            equal: HashMap::new(),
            ranged: Vec::new(),
            library_cache: HashMap::new(),
            narrow: false,
            script: false,
            fixed_could_help: false,
            branches: Default::default(),
            unset: Default::default(),
            unset_is_odd: false,
        }
    }

    pub(super) fn translate(&mut self, rec: &Recording, options: &Options, fix: Fix) -> R<Translation> {
        // the user's file first, so that its syntax errors come before anything else
        self.load(&options.file)?;
        self.module.name = identifier(options.file.rsplit('/').next().unwrap_or("module").trim_end_matches(".py"));
        self.module.fma = options.fma;
        self.narrow = options.numeric == crate::translation::Numeric::F32;
        self.load_prelude()?;
        self.load_modules(rec)?;
        if let Some(names) = options.entry.strip_prefix("script:") {
            return self.translate_script(rec, options, names);
        }
        let instances: Vec<usize> = (0..rec.instances.len())
            .filter(|k| strip_ids(&rec.instances[*k]) == strip_ids(&rec.instances[0]))
            .collect();
        self.refuse_outside(rec, &instances)?;
        let signatures = self.signatures(rec, options, fix, &instances)?;
        if signatures.is_empty() {
            return self.refuse_help(
                "PM0161",
                "the bench never calls the entry",
                "call the entry from the bench script, or give `--arg name=dtype[shape]` for each parameter",
            );
        }
        let scalar_port = |p: &ParamSpec, int_only: bool| matches!(p, ParamSpec::Port(q) if q.shape.is_empty() && (!int_only || q.dtype == DType::Int64));
        let any_port = |int_only| signatures.iter().any(|s| s.params.iter().any(|(_, p)| scalar_port(p, int_only)));
        self.fixed_could_help = match fix {
            Fix::Defaults => any_port(false) || !self.module.lengths.is_empty(),
            Fix::Numbers => any_port(true) || !self.module.lengths.is_empty(),
            Fix::Lengths => false,
        };
        let object = match rec.instances.first() {
            Some(p) => Some(self.import(p, true)?),
            None => None,
        };
        let entry = self.import(&rec.entry, true)?;
        self.warn_of_uncovered(&signatures, &entry);
        let mut h0 = self.heap.clone();
        let mut specs = StateSpecs::default();
        for _round in 0..16 {
            let mut built = Vec::new();
            let mut changes: Vec<(Slot, super::loops::Spec)> = Vec::new();
            let mut grown = false;
            self.reset_function_state();
            for s in &signatures {
                let ids = self.heap.len();
                self.heap = h0.clone();
                self.heap.reserve_ids(ids);
                let b = self.build_entry(rec, s, &entry, object.as_ref(), &specs, &mut h0, &mut changes, &mut grown)?;
                grown |= specs.share(self, &h0);
                built.push(b);
            }
            if changes.is_empty() && !grown {
                return self.assemble(rec, built, &h0, &specs, instances, object.as_ref());
            }
            for (slot, spec) in changes {
                specs.merge(self, slot, spec);
            }
        }
        self.refuse("PM0139", "the types of the object's attributes do not settle from call to call")
    }
    fn reset_function_state(&mut self) {
        self.module.kernels.clear();
        self.module.tables.clear();
        self.table_ids.clear();
        self.kernels.clear();
        self.emitted = 0;
    }
    fn load_modules(&mut self, rec: &Recording) -> R<()> {
        for m in &rec.modules {
            let scope = self.heap.alloc(Cell::Scope { vars: Default::default(), parent: None, outer: vec![] });
            self.captured.insert(scope);
            self.globals.insert(m.module.clone(), scope);
            self.globals.entry(m.file.clone()).or_insert(scope);
        }
        for m in &rec.modules {
            let scope = self.globals[&m.module];
            for (name, v) in &m.globals {
                let v = match self.import(v, true) {
                    Ok(v) => v,
                    // only a problem if the program uses it
                    Err(Stop::Refused(d)) => Value::Poison(d.message.into()),
                    Err(e) => return Err(e),
                };
                if let Cell::Scope { vars, .. } = self.heap.get_mut(scope) {
                    vars.insert(name.as_str().into(), v);
                }
            }
        }
        Ok(())
    }

    // ---- one entry ----

    #[allow(clippy::too_many_arguments, reason = "the parts of one entry")]
    fn build_entry(
        &mut self,
        rec: &Recording,
        s: &Signature,
        entry: &Value,
        object: Option<&Value>,
        specs: &StateSpecs,
        h0: &mut Heap,
        changes: &mut Vec<(Slot, super::loops::Spec)>,
        grown: &mut bool,
    ) -> R<Built> {
        self.open_function(&super::outside::entry_name(rec, &s.name));
        self.draws = s.covered.first().map(|k| rec.calls[*k].draws.iter().cloned().collect()).unwrap_or_default();
        let mut params = Vec::new();
        let mut roles = Vec::new();
        let state_params = specs.open(self)?;
        for (k, v) in state_params.iter().flatten().enumerate() {
            params.push(*v);
            roles.push(ParamRole::State(k));
        }
        let start_of_inputs = params.len();
        // arguments; arrays given twice are one cell
        let mut args: Vec<(Rc<str>, Value)> = Vec::new();
        let mut trees = Vec::new();
        let mut cells: HashMap<u64, Value> = HashMap::new();
        let lead = s.covered.first().map(|k| &rec.calls[*k]);
        let mut ports: Vec<(String, ValueId, Option<ArrayRef>, Option<CellId>)> = Vec::new();
        let mut overlapping: Vec<String> = Vec::new();
        for (name, spec) in &s.params {
            let recorded = lead.and_then(|c| c.args.iter().find(|(n, _)| n == name)).map(|(_, v)| v);
            if let Some(PyValue::Ndarray { base, id, .. }) = recorded
                && *base != 0
                && lead.is_some_and(|c| {
                    c.args.iter().any(|(n, v)| {
                        n != name && matches!(v, PyValue::Ndarray { base: b, id: i, .. } if (*b == *base || *i == *base) && i != id)
                    })
                })
            {
                overlapping.push(name.clone());
            }
            let (v, tree) = self.open_param(name, spec, recorded, &mut params, &mut ports, &mut cells)?;
            args.push((name.as_str().into(), v));
            trees.push((name.clone(), tree));
        }
        for p in &params[start_of_inputs..] {
            let name = ports.iter().find(|q| q.1 == *p).map(|q| q.0.clone()).unwrap_or_default();
            roles.push(ParamRole::Input(name));
        }
        for (id, name, lo, hi) in std::mem::take(&mut self.ranged) {
            let message = format!("`{name}` lies outside {lo}..={hi}, the range the bench showed");
            self.check_between(&Dim::from(id), lo, hi, "Unsupported", &message)?;
            self.set_range(id, (i128::from(lo), i128::from(hi)));
            self.func.bounds.insert(id, (Some(Dim::from(lo)), Some(Dim::from(hi))));
        }
        self.list_bound = self.bound_for_lists(&ports);
        let start = self.heap.clone();
        // run it
        let set = object.filter(|_| super::outside::attribute_set(&s.name).is_some());
        let callee = match (entry, object) {
            _ if set.is_some() => Value::None,
            (_, Some(o)) => self.with_module_frame(entry, |ev| ev.attribute(o, &s.name))?,
            (f, None) => f.clone(),
        };
        let result = self.with_module_frame(entry, |ev| {
            if let Some(o) = set {
                return ev.set_from_outside(rec, s, o, &args);
            }
            let f = match &callee {
                Value::Function(f) | Value::Method(_, f) => f.clone(),
                _ => return ev.refuse("PM0163", "the entry is not a function or a class of the project"),
            };
            let (positional, keywords, receiver) = ev.arrange(&f, &callee, &args)?;
            let mut all = receiver;
            all.extend(positional);
            ev.call_function(&f, all, keywords)
        })?;
        let result = self.settle(&result)?;
        // state
        for id in h0.ids().collect::<Vec<_>>() {
            // caches: new keys with known values are kept
            if let (Some(x), Some(y)) = (start.find(id), self.heap.find(id))
                && let (Cell::Dict(x), Cell::Dict(y)) = (&**x, &**y)
                && y.len() > x.len()
                && y.iter().skip(x.len()).all(|(_, v)| self.is_static(v))
            {
                let cell = y.clone();
                *grown = true;
                for (_, v) in &cell {
                    if let Value::Array(a) = v
                        && let Some(c) = self.heap.find(a.cell)
                    {
                        h0.set(a.cell, c.clone());
                    }
                }
                h0.set(id, Rc::new(Cell::Dict(cell)));
            }
        }
        if *grown {
            return self.close_function(params, roles, vec![], vec![], s, trees, ResultTree::None);
        }
        let found = specs.changes(self, &start, h0)?;
        if !found.is_empty() {
            changes.extend(found);
            return self.close_function(params, roles, vec![], vec![], s, trees, ResultTree::None);
        }
        let mut results = Vec::new();
        let mut result_roles = Vec::new();
        for (k, v) in specs.close(self)?.into_iter().enumerate() {
            results.push(v);
            result_roles.push(ResultRole::State(k));
        }
        for (name, id, array, list) in &ports {
            if let Some(a) = array {
                let now = match self.heap.get(a.cell) {
                    Cell::Array { content, .. } => content.clone(),
                    _ => continue,
                };
                if !matches!(now, Content::Dyn(v) if v == *id) {
                    if overlapping.contains(name) {
                        return self.refuse_help(
                            "PM0162",
                            format!("the argument `{name}` is written into and overlaps another argument in memory"),
                            "pass copies, or one array and slice it inside",
                        );
                    }
                    let v = self.read_array(a)?;
                    results.push(v);
                    result_roles.push(ResultRole::Mutated(name.clone()));
                }
            }
            if let Some(c) = list
                && let Cell::DynList(l) = self.heap.get(*c).clone()
                && l.storage != *id
            {
                if l.len != self.func.ty(*id).shape[0] {
                    return self
                        .refuse("PM0164", format!("the entry changes the length of the list `{name}` it is given"));
                }
                let v = self.list_storage(&l)?;
                results.push(v);
                result_roles.push(ResultRole::Mutated(name.clone()));
            }
        }
        let mut names = Vec::new();
        let tree = self.result_tree(&result, "out", &mut results, &mut result_roles, &mut names)?;
        self.close_function(params, roles, results, result_roles, s, trees, tree)
    }
    pub(super) fn open_function(&mut self, name: &str) {
        self.func = Func { name: name.into(), ..Func::default() };
        self.regions = vec![Vec::new()];
        self.extents = vec![HashMap::new()];
        self.ranges.clear();
        self.symbols.clear();
        self.index_proved.clear();
        self.equal.clear();
        self.refinements.clear();
        self.range_value = None;
        self.loop_depth = 0;
        self.random_inputs.clear();
        self.parameter_cells.clear();
        self.odd_values.clear();
    }
    #[allow(clippy::too_many_arguments, reason = "the parts of one entry")]
    pub(super) fn close_function(
        &mut self,
        mut params: Vec<ValueId>,
        mut roles: Vec<ParamRole>,
        results: Vec<ValueId>,
        result_roles: Vec<ResultRole>,
        s: &Signature,
        trees: Vec<(String, ArgTree)>,
        tree: ResultTree,
    ) -> R<Built> {
        let mut draws = Vec::new();
        for (k, (name, id, _)) in self.random_inputs.clone().into_iter().enumerate() {
            params.push(id);
            roles.push(ParamRole::Input(name.clone()));
            draws.push((name, k));
        }
        let body = self.regions.pop().unwrap_or_default();
        let mut func = std::mem::take(&mut self.func);
        func.body = Region { params, body, results };
        // what is beyond all sizes bounds nothing
        for (low, high) in func.bounds.values_mut() {
            for bound in [low, high] {
                *bound = bound.take().filter(Dim::is_computable);
            }
        }
        func.bounds.retain(|_, (low, high)| low.is_some() || high.is_some());
        let info = EntryInfo {
            name: func.name.clone(),
            source_name: s.name.clone(),
            args: trees,
            draws,
            result: tree,
            covered_calls: s.covered.clone(),
            uncovered_calls: s.uncovered.clone(),
        };
        Ok(Built { func, params: roles, results: result_roles, info })
    }
    /// Runs `f` with a frame of the entry's module, so that diagnostics have a place.
    fn with_module_frame<T>(&mut self, entry: &Value, f: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        let (scope, file) = match entry {
            Value::Function(u) | Value::Method(_, u) => (u.scope, self.functions[u.def.0 as usize].file),
            Value::Class(c) => {
                let at = c.mro().iter().find_map(|k| {
                    k.members.iter().find_map(|(_, m)| match m {
                        super::value::Member::Method(u) => Some((u.scope, self.functions[u.def.0 as usize].file)),
                        _ => None,
                    })
                });
                match at {
                    Some(x) => x,
                    None => return self.refuse("PM0163", "the class has no methods"),
                }
            }
            _ => return self.refuse("PM0163", "the entry is not a function or a class of the project"),
        };
        self.frames.push(Frame { scope, file, def: None, owner: None, call_span: None });
        let depth = self.frames.len();
        let out = f(self);
        self.frames.truncate(depth - 1);
        out
    }
    /// Arguments as the function takes them: `*args` spread, `**kwargs` by name.
    #[allow(clippy::type_complexity, reason = "positional, keyword and receiver")]
    fn arrange(
        &mut self,
        f: &super::value::UserFunction,
        callee: &Value,
        args: &[(Rc<str>, Value)],
    ) -> R<(Vec<Value>, super::call::Keywords, Vec<Value>)> {
        let info = self.functions[f.def.0 as usize];
        let params = match info.code {
            super::eval::Code::Def(d) => Some(&*d.parameters),
            super::eval::Code::Lambda(l) => l.parameters.as_deref(),
        };
        let mut positional = Vec::new();
        let mut keywords = Vec::new();
        let receiver = match callee {
            Value::Method(o, _) => vec![(**o).clone()],
            _ => vec![],
        };
        if let Some(p) = params {
            let plain: Vec<&str> = p.posonlyargs.iter().chain(&p.args).map(|x| x.parameter.name.as_str()).collect();
            for n in plain.iter().skip(receiver.len()) {
                if let Some((_, v)) = args.iter().find(|(k, _)| &**k == *n) {
                    positional.push(v.clone());
                }
            }
            if let Some(v) = &p.vararg
                && let Some((_, given)) = args.iter().find(|(k, _)| &**k == v.name.as_str())
            {
                positional.extend(self.known_items(given)?);
            }
            for x in &p.kwonlyargs {
                if let Some((k, v)) = args.iter().find(|(k, _)| &**k == x.parameter.name.as_str()) {
                    keywords.push((k.clone(), v.clone()));
                }
            }
            if let Some(kw) = &p.kwarg
                && let Some((_, Value::Dict(c))) = args.iter().find(|(k, _)| &**k == kw.name.as_str())
                && let Cell::Dict(items) = self.heap.get(*c)
            {
                for (k, v) in items {
                    if let Value::Str(k) = k {
                        keywords.push((k.clone(), v.clone()));
                    }
                }
            }
        }
        Ok((positional, keywords, receiver))
    }
}
