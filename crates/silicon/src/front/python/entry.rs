//! From a recording to a module: which arguments are ports, which are fixed; state as slots that calls change; results.

use super::eval::{Eval, Frame, R, Stop};
use super::loops::{Slot, StateSpecs};
use super::merge::Flow;
use super::state::{Cell, Content, Heap};
use super::value::{ArrayRef, CellId, DynScalar, Kind, Value};
use crate::dtype::DType;
use crate::hir::{Dim, Entry, Func, Module, ParamRole, Region, ResultRole, StateField, Type, ValueId};
use crate::interp::Machine;
use crate::oracle::{Oracle, PyValue, Recording};
use crate::translation::{ArgTree, EntryInfo, LeafKind, Options, Outcome, ResultTree, Translation};
use proofmark_base::diagnostics::{Diagnostic, Severity, SourceMap};
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
        let sources = std::mem::take(&mut ev.sources);
        let mut diagnostics = std::mem::take(&mut ev.warnings);
        match out {
            Ok(t) => return Outcome { translation: Some(t), diagnostics, sources },
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
                last = last.or(Some(outcome));
                if !retry {
                    break;
                }
            }
        }
    }
    last.unwrap_or_default()
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
    func: Func,
    params: Vec<ParamRole>,
    results: Vec<ResultRole>,
    info: EntryInfo,
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
            index_proved: HashSet::new(),
            equal: HashMap::new(),
            ranged: Vec::new(),
            library_cache: HashMap::new(),
            narrow: false,
            script: false,
            fixed_could_help: false,
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

    // ---- signatures ----

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
    }
    #[allow(clippy::too_many_arguments, reason = "the parts of one entry")]
    fn close_function(
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
    #[allow(clippy::type_complexity, reason = "port name, value, array cell, list cell")]
    fn open_param(
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
    fn bound_for_lists(&self, ports: &[(String, ValueId, Option<ArrayRef>, Option<CellId>)]) -> Option<Dim> {
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
    fn result_tree(
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

    // ---- module ----

    fn assemble(
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
        Ok(Translation { module, entries: infos, covered_instances: instances, state })
    }

    // ---- scripts ----

    fn translate_script(&mut self, rec: &Recording, options: &Options, names: &str) -> R<Translation> {
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
