//! Calls: functions and classes of the project (always specialised in place), methods of built-in values.

use super::eval::{Code, Eval, Frame, FuncInfo, R, Stop};
use super::merge::Flow;
use super::state::{Cell, Heap};
use super::value::{CellId, Class, FuncRef, Member, UserFunction, Value};
use crate::oracle::PyValue;
use indexmap::IndexMap;
use ruff_python_ast::{self as ast, Expr, Stmt};
use ruff_text_size::Ranged;
use std::rc::Rc;

/// Keyword arguments of a call.
pub type Keywords = Vec<(Rc<str>, Value)>;

impl<'a> Eval<'a> {
    /// Id of a function by its code.
    pub fn function_id(&mut self, code: Code<'a>) -> FuncRef {
        let file = self.frame().file;
        self.function_id_in(code, file)
    }
    /// Id of a function of a given file.
    pub fn function_id_in(&mut self, code: Code<'a>, file: &'a super::eval::ParsedFile) -> FuncRef {
        let key = match code {
            Code::Def(d) => std::ptr::from_ref(d) as usize,
            Code::Lambda(l) => std::ptr::from_ref(l) as usize,
        };
        if let Some(id) = self.function_ids.get(&key) {
            return *id;
        }
        let id = FuncRef(self.functions.len() as u32);
        self.functions.push(FuncInfo { code, file });
        self.function_ids.insert(key, id);
        id
    }
    /// The current scope is referred to by a closure and must outlive its call.
    pub fn mark_captured(&mut self) {
        let scope = self.frame().scope;
        self.captured.insert(scope);
    }

    /// A call expression.
    pub fn call_expr(&mut self, c: &'a ast::ExprCall) -> R<Value> {
        let f = self.expr(&c.func)?;
        if let Value::Library(n) = &f
            && &**n == "builtins.super"
        {
            return self.super_call();
        }
        if let Value::Library(n) = &f
            && &**n == "builtins.print"
        {
            self.warn_once("PM0150", "`print` has no effect in the translation");
            return Ok(Value::None);
        }
        let mut args = Vec::with_capacity(c.arguments.args.len());
        for a in &c.arguments.args {
            match a {
                Expr::Starred(s) => {
                    let v = self.expr(&s.value)?;
                    args.extend(self.known_items(&v)?);
                }
                a => args.push(self.expr(a)?),
            }
        }
        let mut kwargs: Keywords = Vec::new();
        for k in &c.arguments.keywords {
            let v = self.expr(&k.value)?;
            match &k.arg {
                Some(n) => kwargs.push((n.as_str().into(), v)),
                None => {
                    let Value::Dict(d) = v else {
                        return self.refuse("PM0106", "`**` of something that is not a dict");
                    };
                    if let Cell::Dict(items) = self.heap.get(d).clone() {
                        for (k, v) in items {
                            let Value::Str(k) = k else { return self.raise("TypeError", "keywords must be strings") };
                            kwargs.push((k, v));
                        }
                    }
                }
            }
        }
        self.span = self.span_of(c.range());
        self.call(&f, args, kwargs)
    }
    fn super_call(&mut self) -> R<Value> {
        let frame = self.frame().clone();
        let (Some(owner), Some(def)) = (frame.owner, frame.def) else {
            return self.refuse("PM0103", "`super()` outside a method");
        };
        let first = match self.functions[def.0 as usize].code {
            Code::Def(d) => d.parameters.iter_non_variadic_params().next().map(|p| p.parameter.name.as_str()),
            Code::Lambda(_) => None,
        };
        match first.and_then(|n| self.lookup(n)) {
            Some(Value::Object(c)) => Ok(Value::Super(c, owner)),
            _ => self.refuse("PM0103", "`super()` outside a method"),
        }
    }

    /// Calls a value.
    pub fn call(&mut self, f: &Value, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        let f = &self.settle(f)?;
        match f {
            Value::Function(u) => self.call_function(&u.clone(), args, kwargs),
            Value::Method(o, u) => {
                let mut all = vec![(**o).clone()];
                all.extend(args);
                self.call_function(&u.clone(), all, kwargs)
            }
            Value::Class(k) => self.instantiate(&k.clone(), args, kwargs),
            Value::Library(n) => self.call_library(&n.clone(), args, kwargs),
            Value::BuiltinMethod(o, n) => self.call_method(&o.clone(), &n.clone(), args, kwargs),
            Value::Dtype(d) => {
                let d = *d;
                self.call_dtype(d, args)
            }
            Value::Object(_) => {
                let m = self.attribute(f, "__call__")?;
                self.call(&m, args, kwargs)
            }
            Value::Opaque(_) => {
                if args.iter().all(|a| self.is_static(a)) && kwargs.iter().all(|(_, v)| self.is_static(v)) {
                    let mut all = vec![f.clone()];
                    all.extend(args.iter().cloned());
                    return self.ask_call("a0", &all, 1, &kwargs);
                }
                let what = f.describe();
                self.refuse("PM0112", format!("calling {what} with values computed at run time is not supported"))
            }
            v => {
                let what = v.describe();
                self.raise("TypeError", format!("{what} is not callable"))
            }
        }
    }
    /// Asks the oracle to call `callee` (an expression) with the arguments from position `skip` on.
    pub fn ask_call(&mut self, callee: &str, args: &[Value], skip: usize, kwargs: &Keywords) -> R<Value> {
        let mut all = args.to_vec();
        let mut text: Vec<String> = (skip..args.len()).map(|k| format!("a{k}")).collect();
        for (k, v) in kwargs {
            text.push(format!("{k}=a{}", all.len()));
            all.push(v.clone());
        }
        self.ask(&format!("{callee}({})", text.join(", ")), &all)
    }

    /// Calls a function of the project or prelude.
    pub fn call_function(&mut self, f: &Rc<UserFunction>, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        if self.frames.len() > 60 {
            return self.refuse_help(
                "PM0116",
                "calls nest more than 60 deep: recursion whose depth depends on data is not supported",
                "write the recursion as a loop",
            );
        }
        let info = self.functions[f.def.0 as usize];
        let call_span = self.span;
        let (params, name): (Option<&'a ast::Parameters>, &str) = match info.code {
            Code::Def(d) => {
                if d.is_async {
                    return self.refuse("PM0107", "generators and coroutines are not supported");
                }
                (Some(&d.parameters), d.name.as_str())
            }
            Code::Lambda(l) => (l.parameters.as_deref(), "<lambda>"),
        };
        let vars = self.bind_arguments(f, params, name, args, kwargs)?;
        let scope = self.heap.alloc(Cell::Scope { vars, parent: Some(f.scope), outer: vec![] });
        self.frames.push(Frame { scope, file: info.file, def: Some(f.def), owner: f.owner.clone(), call_span });
        let depth = self.frames.len();
        let out = match info.code {
            Code::Lambda(l) => self.expr(&l.body),
            Code::Def(d) => {
                if super::names::yields(&d.body) {
                    self.refuse_help(
                        "PM0107",
                        "generators and coroutines are not supported",
                        "return a list or an array",
                    )
                } else {
                    self.block(&d.body).and_then(|flow| self.returned(scope, flow))
                }
            }
        };
        self.frames.truncate(depth - 1);
        self.span = call_span;
        if out.is_ok() && !self.captured.contains(&scope) {
            self.heap.free(scope);
        }
        out
    }
    fn returned(&mut self, scope: CellId, flow: Flow) -> R<Value> {
        let value = match self.heap.get(scope) {
            Cell::Scope { vars, .. } => vars.get("$return").cloned(),
            _ => None,
        };
        Ok(match (flow, value) {
            (Flow::Normal, _) => Value::None,
            (Flow::Mixed(_, set), Some(Value::Maybe(v, _))) if set & 1 == 0 => *v,
            (Flow::Mixed(_, set), v) if set & 1 != 0 => match v {
                Some(Value::None) | None => Value::None,
                _ => Value::Poison("this function returns a value on some paths and None on others".into()),
            },
            (_, v) => v.unwrap_or(Value::None),
        })
    }
    fn bind_arguments(
        &mut self,
        f: &UserFunction,
        params: Option<&'a ast::Parameters>,
        name: &str,
        args: Vec<Value>,
        kwargs: Keywords,
    ) -> R<IndexMap<Rc<str>, Value>> {
        let mut vars: IndexMap<Rc<str>, Value> = IndexMap::new();
        let Some(p) = params else {
            if args.is_empty() && kwargs.is_empty() {
                return Ok(vars);
            }
            return self
                .raise("TypeError", format!("{name}() takes 0 positional arguments but {} were given", args.len()));
        };
        let positional: Vec<&str> = p.posonlyargs.iter().chain(&p.args).map(|x| x.parameter.name.as_str()).collect();
        let given = args.len();
        let mut rest = args.into_iter();
        for n in &positional {
            match rest.next() {
                Some(v) => {
                    vars.insert((*n).into(), v);
                }
                None => break,
            }
        }
        let extra: Vec<Value> = rest.collect();
        match &p.vararg {
            Some(v) => {
                vars.insert(v.name.as_str().into(), Value::tuple(extra));
            }
            None if !extra.is_empty() => {
                return self.raise(
                    "TypeError",
                    format!("{name}() takes {} positional arguments but {given} were given", positional.len()),
                );
            }
            None => {}
        }
        let mut unknown: Vec<(Value, Value)> = Vec::new();
        for (k, v) in kwargs {
            let known = positional.iter().skip(p.posonlyargs.len()).any(|n| **n == *k)
                || p.kwonlyargs.iter().any(|x| x.parameter.name.as_str() == &*k);
            if known {
                if vars.contains_key(&k) {
                    return self.raise("TypeError", format!("{name}() got multiple values for argument '{k}'"));
                }
                vars.insert(k, v);
            } else if p.kwarg.is_some() {
                unknown.push((Value::Str(k), v));
            } else {
                return self.raise("TypeError", format!("{name}() got an unexpected keyword argument '{k}'"));
            }
        }
        if let Some(kw) = &p.kwarg {
            let cell = self.heap.alloc(Cell::Dict(unknown));
            vars.insert(kw.name.as_str().into(), Value::Dict(cell));
        }
        for x in p.iter_non_variadic_params() {
            let n = x.parameter.name.as_str();
            if vars.contains_key(n) {
                continue;
            }
            match f.defaults.iter().find(|(k, _)| &**k == n) {
                Some((_, v)) => {
                    vars.insert(n.into(), v.clone());
                }
                None => {
                    return self.raise("TypeError", format!("{name}() missing 1 required positional argument: '{n}'"));
                }
            }
        }
        Ok(vars)
    }

    // ---- definitions ----

    /// A `def` met while running code.
    pub fn define_function(&mut self, d: &'a ast::StmtFunctionDef) -> R<Value> {
        self.check_decorators(&d.decorator_list)?;
        let def = self.function_id(Code::Def(d));
        let defaults = self.default_values(d)?;
        self.mark_captured();
        Ok(Value::Function(Rc::new(UserFunction { def, scope: self.frame().scope, defaults, owner: None })))
    }
    fn default_values(&mut self, d: &'a ast::StmtFunctionDef) -> R<Vec<(Rc<str>, Value)>> {
        let mut out = Vec::new();
        for p in d.parameters.iter_non_variadic_params() {
            if let Some(e) = &p.default {
                out.push((Rc::from(p.parameter.name.as_str()), self.expr(e)?));
            }
        }
        Ok(out)
    }
    fn check_decorators(&mut self, list: &'a [ast::Decorator]) -> R<()> {
        for d in list {
            let text = decorator_name(&d.expression);
            let last = text.rsplit('.').next().unwrap_or(&text);
            let harmless = [
                "staticmethod",
                "classmethod",
                "property",
                "setter",
                "lru_cache",
                "cache",
                "njit",
                "jit",
                "wraps",
                "abstractmethod",
                "override",
                "cached_property",
                "vectorize",
                "dataclass",
                "errstate",
            ];
            if !harmless.contains(&last) {
                self.span = self.span_of(d.range());
                return self.refuse("PM0103", format!("the decorator `{text}` is not supported"));
            }
        }
        Ok(())
    }
    /// A `class` met while running code.
    pub fn define_class(&mut self, c: &'a ast::StmtClassDef) -> R<Value> {
        let file = self.frame().file;
        let outer = self.frame().scope;
        let mut bases = Vec::new();
        let mut foreign = None;
        if let Some(a) = &c.arguments {
            for b in &a.args {
                match self.expr(b)? {
                    Value::Class(k) => bases.push(k),
                    Value::Library(n) if &*n == "builtins.object" || &*n == "abc.ABC" => {}
                    Value::Library(n) => foreign = Some(n),
                    _ => foreign = Some("object".into()),
                }
            }
        }
        let attrs = self.heap.alloc(Cell::Scope { vars: Default::default(), parent: Some(outer), outer: vec![] });
        let mut frame = self.frame().clone();
        frame.scope = attrs;
        self.frames.push(frame);
        let depth = self.frames.len();
        let mut result = Ok(());
        for s in &c.body {
            if matches!(s, Stmt::FunctionDef(_)) {
                continue;
            }
            if let Err(e) = self.statement(s) {
                result = Err(e);
                break;
            }
        }
        self.frames.truncate(depth - 1);
        result?;
        self.captured.insert(outer);
        let class = self.class_from(c, file, outer, bases, foreign, attrs)?;
        Ok(Value::Class(class))
    }
    fn class_from(
        &mut self,
        c: &'a ast::StmtClassDef,
        file: &'a super::eval::ParsedFile,
        scope: CellId,
        bases: Vec<Rc<Class>>,
        foreign_base: Option<Rc<str>>,
        attrs: CellId,
    ) -> R<Rc<Class>> {
        // methods refer to their class for `super()`: two steps
        let shell = Rc::new(Class {
            name: c.name.as_str().into(),
            bases: bases.clone(),
            foreign_base: foreign_base.clone(),
            members: Vec::new(),
            attrs,
        });
        let mut members: Vec<(Rc<str>, Member)> = Vec::new();
        for s in &c.body {
            let Stmt::FunctionDef(d) = s else { continue };
            self.frames.push(Frame { scope, file, def: None, owner: None, call_span: self.span });
            let depth = self.frames.len();
            let made = self.check_decorators(&d.decorator_list).and_then(|()| self.default_values(d));
            let def = self.function_id_in(Code::Def(d), file);
            self.frames.truncate(depth - 1);
            let defaults = made?;
            let f = Rc::new(UserFunction { def, scope, defaults, owner: Some(shell.clone()) });
            let name: Rc<str> = d.name.as_str().into();
            let decorators: Vec<String> = d.decorator_list.iter().map(|d| decorator_name(&d.expression)).collect();
            let member = if decorators.iter().any(|t| t == "staticmethod") {
                Member::Static(f)
            } else if decorators.iter().any(|t| t == "classmethod") {
                Member::ClassMethod(f)
            } else if decorators.iter().any(|t| t == "property" || t.ends_with("cached_property")) {
                Member::Property(f, None)
            } else if decorators.iter().any(|t| t.ends_with(".setter")) {
                if let Some((_, Member::Property(_, setter))) = members.iter_mut().find(|(n, _)| *n == name) {
                    *setter = Some(f);
                }
                continue;
            } else {
                Member::Method(f)
            };
            members.push((name, member));
        }
        let class = Rc::new(Class { name: shell.name.clone(), bases, foreign_base, members, attrs });
        self.class_shells.push((shell, class.clone()));
        Ok(class)
    }
    /// An instance of a project class made by the program.
    fn instantiate(&mut self, class: &Rc<Class>, args: Vec<Value>, kwargs: Keywords) -> R<Value> {
        if let Some(b) = &class.foreign_base
            && !b.ends_with("Exception")
            && !b.ends_with("Error")
        {
            let b = b.clone();
            return self.refuse("PM0113", format!("the class derives from `{b}`, which is not in the project"));
        }
        let cell = self.heap.alloc(Cell::Object { class: class.clone(), attrs: IndexMap::new() });
        let object = Value::Object(cell);
        match class.find("__init__") {
            Some(Member::Method(f)) => {
                let mut all = vec![object.clone()];
                all.extend(args);
                self.call_function(&f, all, kwargs)?;
            }
            _ => {
                if let Some(fields) = self.dataclass_fields(class)? {
                    let mut given = args.into_iter();
                    for (name, default) in fields {
                        let v = match given
                            .next()
                            .or_else(|| kwargs.iter().find(|(k, _)| *k == name).map(|(_, v)| v.clone()))
                            .or(default)
                        {
                            Some(v) => v,
                            None => {
                                return self.raise(
                                    "TypeError",
                                    format!("__init__() missing 1 required positional argument: '{name}'"),
                                );
                            }
                        };
                        self.set_attribute(&object, &name, v)?;
                    }
                    if let Some(Member::Method(f)) = class.find("__post_init__") {
                        self.call_function(&f, vec![object.clone()], vec![])?;
                    }
                } else if (!args.is_empty() || !kwargs.is_empty()) && class.foreign_base.is_none() {
                    return self.raise("TypeError", format!("{}() takes no arguments", class.name));
                }
            }
        }
        Ok(object)
    }
    /// Fields of a dataclass with their defaults, those of a factory made anew; none for other classes.
    #[allow(clippy::type_complexity, reason = "names with defaults")]
    fn dataclass_fields(&mut self, class: &Rc<Class>) -> R<Option<Vec<(Rc<str>, Option<Value>)>>> {
        let Some((_, def)) = self.class_defs.iter().find(|(n, _)| *n == class.name).cloned() else { return Ok(None) };
        if !def.decorator_list.iter().any(|d| decorator_name(&d.expression).ends_with("dataclass")) {
            return Ok(None);
        }
        let mut out = Vec::new();
        for s in &def.body {
            if let Stmt::AnnAssign(a) = s
                && let Expr::Name(n) = &*a.target
            {
                let default = match self.heap.get(class.attrs) {
                    Cell::Scope { vars, .. } => vars.get(n.id.as_str()).cloned(),
                    _ => None,
                };
                let default = match (default, a.value.as_deref()) {
                    (None, Some(Expr::Call(c))) if decorator_name(&c.func).ends_with("field") => {
                        self.field_default(&n.id, c)?
                    }
                    (default, _) => default,
                };
                out.push((Rc::from(n.id.as_str()), default));
            }
        }
        Ok(Some(out))
    }
    /// What `field(default_factory=...)` makes.
    fn field_default(&mut self, name: &str, call: &ruff_python_ast::ExprCall) -> R<Option<Value>> {
        let Some(factory) = call.arguments.find_keyword("default_factory") else { return Ok(None) };
        let cell = match &factory.value {
            Expr::Name(n) if n.id.as_str() == "list" => Cell::List(vec![]),
            Expr::Name(n) if n.id.as_str() == "dict" => Cell::Dict(vec![]),
            _ => {
                return self.refuse_help(
                    "PM0113",
                    format!("the default of the field `{name}` is made by something else than `list` or `dict`"),
                    "pass the field when the object is made, or make it in `__post_init__`",
                );
            }
        };
        let is_list = matches!(cell, Cell::List(_));
        let id = self.heap.alloc(cell);
        Ok(Some(if is_list { Value::List(id) } else { Value::Dict(id) }))
    }

    // ---- from the recording ----

    /// A function the recording refers to.
    pub fn import_function(&mut self, p: &PyValue) -> R<Value> {
        let PyValue::Function { module, qualname, file, line, defaults, kwdefaults, closure } = p else {
            return self.refuse("PM0999", "internal error: not a function");
        };
        let parsed = self.load(file)?;
        let Some(code) = super::names::find_function(&parsed.module.body, &parsed.text, qualname, *line) else {
            return self.refuse("PM0117", format!("the source of `{qualname}` was not found in `{file}`"));
        };
        let mut scope = match self.globals.get(module).or_else(|| self.globals.get(file)) {
            Some(s) => *s,
            None => {
                return self
                    .refuse("PM0117", format!("the module `{module}` of `{qualname}` is not part of the project"));
            }
        };
        if !closure.is_empty() {
            let inner = self.heap.alloc(Cell::Scope { vars: Default::default(), parent: Some(scope), outer: vec![] });
            for (k, v) in closure {
                let v = self.import(v, true)?;
                if let Cell::Scope { vars, .. } = self.heap.get_mut(inner) {
                    vars.insert(k.as_str().into(), v);
                }
            }
            scope = inner;
        }
        let params = match code {
            Code::Def(d) => Some(&*d.parameters),
            Code::Lambda(l) => l.parameters.as_deref(),
        };
        let mut values = Vec::new();
        if let Some(ps) = params {
            let names: Vec<&str> = ps.posonlyargs.iter().chain(&ps.args).map(|x| x.parameter.name.as_str()).collect();
            for (n, v) in names[names.len().saturating_sub(defaults.len())..].iter().zip(defaults) {
                let v = self.import(v, true)?;
                values.push((Rc::from(*n), v));
            }
        }
        for (n, v) in kwdefaults {
            let v = self.import(v, true)?;
            values.push((n.as_str().into(), v));
        }
        let def = self.function_id_in(code, parsed);
        Ok(Value::Function(Rc::new(UserFunction { def, scope, defaults: values, owner: None })))
    }
    /// A class the recording refers to.
    pub fn import_class(&mut self, p: &PyValue) -> R<Value> {
        let PyValue::Class { module, qualname, file, line, bases, attrs } = p else {
            return self.refuse("PM0999", "internal error: not a class");
        };
        if let Some((_, PyValue::Tuple { v, .. })) = attrs.iter().find(|(k, _)| k == "_fields") {
            let names: Vec<String> = v
                .iter()
                .filter_map(|x| match x {
                    PyValue::Str { v } => Some(v.clone()),
                    _ => None,
                })
                .collect();
            return Ok(Value::Library(format!("namedtuple:{}", names.join(",")).into()));
        }
        let key = (module.clone(), qualname.clone());
        if let Some(c) = self.classes.get(&key) {
            return Ok(Value::Class(c.clone()));
        }
        let parsed = self.load(file)?;
        let Some(def) = super::names::find_class(&parsed.module.body, &parsed.text, qualname, *line) else {
            return self.refuse("PM0117", format!("the source of `{qualname}` was not found in `{file}`"));
        };
        let mut own = Vec::new();
        let mut foreign = None;
        for b in bases {
            match self.import(b, true)? {
                Value::Class(c) => own.push(c),
                Value::Library(n) if &*n == "abc.ABC" => {}
                Value::Library(n) => foreign = Some(n),
                _ => foreign = Some("object".into()),
            }
        }
        let Some(scope) = self.globals.get(module).or_else(|| self.globals.get(file)).copied() else {
            return self.refuse("PM0117", format!("the module `{module}` of `{qualname}` is not part of the project"));
        };
        let cell = self.heap.alloc(Cell::Scope { vars: Default::default(), parent: Some(scope), outer: vec![] });
        let class = self.class_from(def, parsed, scope, own, foreign, cell)?;
        self.classes.insert(key, class.clone());
        self.class_defs.push((class.name.clone(), def));
        for (k, v) in attrs {
            let v = match self.import(v, true) {
                Ok(v) => v,
                Err(Stop::Refused(d)) => Value::Poison(d.message.into()),
                Err(e) => return Err(e),
            };
            if let Cell::Scope { vars, .. } = self.heap.get_mut(cell) {
                vars.insert(k.as_str().into(), v);
            }
        }
        Ok(Value::Class(class))
    }
    /// A module by import name: of the project, or a library.
    pub fn import_module(&mut self, name: &str) -> R<Value> {
        if self.frame().file.is_prelude
            && name != "numpy"
            && !name.starts_with("scipy")
            && name != "math"
            && name != "_pm"
        {
            return self.prelude_module(name);
        }
        if let Some(c) = self.globals.get(name) {
            return Ok(Value::UserModule(*c));
        }
        Ok(Value::Module(name.into()))
    }
}

fn decorator_name(e: &Expr) -> String {
    match e {
        Expr::Name(n) => n.id.to_string(),
        Expr::Attribute(a) => format!("{}.{}", decorator_name(&a.value), a.attr),
        Expr::Call(c) => decorator_name(&c.func),
        _ => String::new(),
    }
}

impl Heap {
    /// Forgets a cell nothing refers to any more.
    pub fn free(&mut self, id: CellId) {
        self.clear(id);
    }
}
