//! The prelude: library functions defined once, in Python, and specialised like user code. This file finds them,
//! loads their modules and compiles scalar kernels.

use super::call::Keywords;
use super::eval::{Eval, Frame, ParsedFile, R, Stop};
use super::state::Cell;
use super::value::{DynScalar, Kind, Value};
use crate::dtype::DType;
use crate::hir::{Func, FuncId, Region, Type, ValueId};
use std::collections::HashMap;

/// Where a library function is defined.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Definitions: prelude module, function name, whether it is a scalar kernel.
    pub definitions: Vec<(&'static str, String, bool)>,
}

macro_rules! modules {
    ($($name:literal),* $(,)?) => {
        /// The prelude's modules: name and text.
        pub const MODULES: &[(&str, &str)] = &[$(($name, include_str!(concat!("../../prelude/", $name, ".py")))),*];
    };
}

modules!(
    "builtins",
    "axes",
    "construct",
    "convolution",
    "dct",
    "elementwise",
    "fft",
    "fft_kernel",
    "filtering",
    "kernels_complex",
    "kernels_f32",
    "kernels_f64",
    "kernels_real",
    "linalg",
    "linalg_eigen",
    "linalg_kernel",
    "logic",
    "misc",
    "peaks",
    "polynomials",
    "products",
    "reductions",
    "resampling",
    "scalar_math",
    "scipy_linalg",
    "sets",
    "shape",
    "smoothing",
    "spectral",
    "ufunc_methods",
    "waveforms",
    "windows",
);

/// Names bound by the comments of the prelude's files.
pub fn bindings() -> HashMap<String, Binding> {
    let mut out: HashMap<String, Binding> = HashMap::new();
    for (module, text) in MODULES {
        let mut pending: Vec<(String, bool)> = Vec::new();
        for line in text.lines() {
            let (list, kernel) = match (line.strip_prefix("# binds:"), line.strip_prefix("# kernel:")) {
                (Some(l), _) => (l, false),
                (_, Some(l)) => (l, true),
                _ => {
                    if let Some(rest) = line.strip_prefix("def ")
                        && let Some(name) = rest.split('(').next()
                    {
                        for (bound, kernel) in pending.drain(..) {
                            out.entry(bound).or_insert_with(|| Binding { definitions: Vec::new() }).definitions.push((
                                module,
                                name.trim().to_string(),
                                kernel,
                            ));
                        }
                    }
                    continue;
                }
            };
            pending.extend(list.split(',').map(|n| (n.trim().to_string(), kernel)));
        }
    }
    out
}

impl<'a> Eval<'a> {
    /// Loads every module of the prelude, so that its scopes exist in every branch.
    pub fn load_prelude(&mut self) -> R<()> {
        self.prelude = bindings();
        for (name, _) in MODULES {
            self.prelude_module(name)?;
        }
        Ok(())
    }
    /// Scope of a prelude module.
    pub fn prelude_module(&mut self, name: &str) -> R<Value> {
        let key = format!("<prelude>/{name}");
        if let Some(c) = self.globals.get(&key) {
            return Ok(Value::UserModule(*c));
        }
        let Some((_, text)) = MODULES.iter().find(|(n, _)| *n == name) else {
            return self.refuse("PM0999", format!("internal error: no prelude module `{name}`"));
        };
        let file = self.parse(&format!("{key}.py"), text, true)?;
        let scope = self.heap.alloc(Cell::Scope { vars: Default::default(), parent: None, outer: vec![] });
        self.globals.insert(key, scope);
        self.captured.insert(scope);
        let span = self.span;
        self.frames.push(Frame { scope, file, def: None, owner: None, call_span: span });
        let depth = self.frames.len();
        let out = self.block(&file.module.body);
        self.frames.truncate(depth - 1);
        self.span = span;
        out?;
        Ok(Value::UserModule(scope))
    }
    /// Parses a file, once.
    pub fn parse(&mut self, name: &str, text: &str, is_prelude: bool) -> R<&'a ParsedFile> {
        if let Some(f) = self.files.get(name) {
            return Ok(f);
        }
        let id = self.sources.add(name, text);
        let module = match ruff_python_parser::parse_module(text) {
            Ok(p) => p.into_syntax(),
            Err(e) => {
                let r = e.location;
                let span =
                    proofmark_base::diagnostics::Span { file: id, start: r.start().to_u32(), end: r.end().to_u32() };
                let d = proofmark_base::diagnostics::Diagnostic::error("PM0100", format!("syntax error: {}", e.error))
                    .at(span, "");
                return Err(Stop::Refused(Box::new(d)));
            }
        };
        let f = self.arena.alloc(ParsedFile { id, text: text.into(), module, is_prelude });
        let f: &'a ParsedFile = f;
        self.files.insert(name.into(), f);
        Ok(f)
    }
    /// A source file of the project.
    pub fn load(&mut self, file: &str) -> R<&'a ParsedFile> {
        if let Some(f) = self.files.get(file) {
            return Ok(f);
        }
        let Some(text) = self.oracle.source(file) else {
            return self.refuse("PM0117", format!("the source file `{file}` cannot be read"));
        };
        self.parse(file, &text, false)
    }

    /// Calls a library function that the prelude defines.
    pub fn prelude_call(&mut self, name: &str, args: &[Value], kwargs: &Keywords) -> R<Option<Value>> {
        let Some(binding) = self.prelude.get(name).cloned() else { return Ok(None) };
        let python = name.starts_with("math.") || name.starts_with("cmath.");
        let kernel = binding.definitions.iter().any(|d| d.2);
        let function = binding.definitions.iter().find(|d| !d.2).cloned();
        if kernel && (function.is_none() || !python) {
            return self.kernel_ufunc(name, args, kwargs, python).map(Some);
        }
        let Some((module, def, _)) = function else { return Ok(None) };
        let Value::UserModule(scope) = self.prelude_module(module)? else { return Ok(None) };
        let f = match self.heap.get(scope) {
            Cell::Scope { vars, .. } => vars.get(def.as_str()).cloned(),
            _ => None,
        };
        let Some(Value::Function(f)) = f else {
            return self.refuse("PM0999", format!("internal error: `{def}` is not in the prelude module `{module}`"));
        };
        // `out=` works alike everywhere, and is no business of the definitions
        let (mut kwargs, mut target) = (kwargs.clone(), None);
        if name.starts_with("numpy.") {
            let at = kwargs.iter().position(|(k, _)| &**k == "out");
            target = at.map(|k| kwargs.remove(k).1).filter(|v| !matches!(v, Value::None));
        }
        let out = match self.call_function(&f, args.to_vec(), kwargs) {
            Err(Stop::Raised(r)) if r.is_refusal => {
                return self.refuse("PM0118", format!("`{name}`: {}", r.message));
            }
            Err(Stop::Raised(r)) if r.message.contains("got an unexpected keyword argument") => {
                let what = r.message.rsplit(' ').next().unwrap_or_default().to_string();
                return self.refuse("PM0118", format!("`{name}` with the argument {what} is not supported"));
            }
            other => other?,
        };
        if let Some(target) = target {
            return self.stored_in(out, Some(target)).map(Some);
        }
        // views in NumPy, copies in the prelude
        if matches!(name, "numpy.diag" | "numpy.diagonal" | "numpy.lib.stride_tricks.sliding_window_view")
            && let (Some(Value::Array(x)), false) =
                (args.first(), self.frames.last().is_some_and(|f| f.file.is_prelude))
            && (name != "numpy.diag" || x.ty.rank() == 2)
        {
            self.freeze_together(x, &out);
        }
        Ok(Some(match out {
            // NumPy gives scalars, not arrays without axes
            Value::Array(a) if a.ty.rank() == 0 => match self.static_array(&a) {
                Some(n) => Value::Scalar(n.get(0)),
                None => {
                    let id = self.read_array(&a)?;
                    self.scalar(id, if python { Kind::Py } else { Kind::Np })
                }
            },
            v if python => self.as_python(v)?,
            v => v,
        }))
    }
    /// The same number as a Python scalar.
    fn as_python(&mut self, v: Value) -> R<Value> {
        Ok(match v {
            Value::Dyn(d) if d.kind != Kind::Py => match d.dtype {
                DType::Bool | DType::Float64 | DType::Complex128 => Value::Dyn(DynScalar { kind: Kind::Py, ..d }),
                t if t.is_integer() => {
                    let id = self.cast(d.id, DType::Int64)?;
                    Value::Sym(self.value_dim(id))
                }
                t => {
                    let id = self.cast(d.id, if t.is_complex() { DType::Complex128 } else { DType::Float64 })?;
                    self.scalar(id, Kind::Py)
                }
            },
            Value::Scalar(_) => self.ask("a0.item()", &[v])?,
            Value::Tuple(t, n) => {
                let items = t.iter().map(|x| self.as_python(x.clone())).collect::<R<Vec<_>>>()?;
                Value::Tuple(items.into(), n)
            }
            v => v,
        })
    }
    fn kernel_ufunc(&mut self, name: &str, args: &[Value], kwargs: &Keywords, python: bool) -> R<Value> {
        let mut operands = Vec::new();
        for v in args {
            operands.push(self.numpy_operand(v)?);
        }
        let arity = self.kernel_arity(name)?;
        let mut out = kwargs.iter().find(|(k, _)| &**k == "out").map(|(_, v)| v.clone());
        if operands.len() == arity + 1 {
            out = operands.pop();
        }
        if let Some((k, _)) = kwargs.iter().find(|(k, _)| &**k != "out") {
            return self.refuse("PM0118", format!("`{name}` with the argument `{k}` is not supported"));
        }
        if operands.len() != arity {
            return self
                .raise("TypeError", format!("{name}() takes {arity} arguments but {} were given", operands.len()));
        }
        let refs: Vec<&Value> = operands.iter().collect();
        let mut d = if python { DType::Float64 } else { self.result_dtype(&refs)? };
        if name.starts_with("cmath.") {
            d = DType::Complex128;
        } else if !python {
            d = self.float_for(d)?;
        }
        let v = self.kernel_call(name, &operands, d)?;
        let v = if python { self.as_python(v)? } else { v };
        self.stored_in(v, out)
    }
    /// Applies a scalar kernel elementwise to operands converted to one type.
    pub fn kernel_call(&mut self, name: &str, args: &[Value], dtype: DType) -> R<Value> {
        if args.iter().all(|v| self.is_static(v)) {
            return self.ask_call(name, args, 0, &vec![]);
        }
        if self.static_only > 0 {
            return Err(Stop::NeedsEmission);
        }
        let ids = args.iter().map(|v| self.operand(v, dtype)).collect::<R<Vec<_>>>()?;
        let id = self.kernel_ids(name, &ids)?;
        Ok(self.result(id))
    }
    fn kernel_definition(&self, name: &str, dtype: DType) -> Option<(&'static str, String)> {
        let wanted: &[&str] = match dtype {
            DType::Float32 => &["kernels_f32", "kernels_real"],
            DType::Float64 => &["kernels_f64", "kernels_real"],
            _ => &["kernels_complex"],
        };
        let b = self.prelude.get(name)?;
        b.definitions.iter().find(|d| d.2 && wanted.contains(&d.0)).map(|d| (d.0, d.1.clone()))
    }
    fn kernel_arity(&mut self, name: &str) -> R<usize> {
        let Some((module, def, _)) = self.prelude.get(name).and_then(|b| b.definitions.iter().find(|d| d.2).cloned())
        else {
            return self.refuse("PM0118", format!("`{name}` is not supported on values computed at run time"));
        };
        let Value::UserModule(scope) = self.prelude_module(module)? else { return Ok(1) };
        if let Cell::Scope { vars, .. } = self.heap.get(scope)
            && let Some(Value::Function(f)) = vars.get(def.as_str())
            && let super::eval::Code::Def(d) = self.functions[f.def.0 as usize].code
        {
            return Ok(d.parameters.iter_non_variadic_params().count());
        }
        Ok(1)
    }
    /// The kernel of that name for these argument types, compiled on first use: its id and result types.
    pub fn kernel_for(&mut self, name: &str, types: &[DType]) -> R<(FuncId, Vec<DType>)> {
        let key = (name.to_string(), types.to_vec());
        if let Some(k) = self.kernels.get(&key) {
            return Ok(k.clone());
        }
        let Some((module, def)) = self.kernel_definition(name, types[0]) else {
            return self
                .refuse("PM0118", format!("`{name}` of {} values computed at run time is not supported", types[0]));
        };
        let Value::UserModule(scope) = self.prelude_module(module)? else {
            return self.refuse("PM0999", "internal error: prelude module");
        };
        let f = match self.heap.get(scope) {
            Cell::Scope { vars, .. } => vars.get(def.as_str()).cloned(),
            _ => None,
        };
        let Some(Value::Function(f)) = f else {
            return self.refuse("PM0999", format!("internal error: `{def}` is not in the prelude module `{module}`"));
        };
        // a function of its own: everything that belongs to the one under construction is put aside
        let short = |d: &DType| match d {
            DType::Float32 => "f32",
            DType::Float64 => "f64",
            DType::Complex64 => "c64",
            _ => "c128",
        };
        let label = format!("{}_{}", name.replace('.', "_"), short(&types[0]));
        let saved_func = std::mem::replace(&mut self.func, Func { name: label, ..Func::default() });
        let saved_regions = std::mem::replace(&mut self.regions, vec![Vec::new()]);
        let saved_extents = std::mem::replace(&mut self.extents, vec![HashMap::new()]);
        let saved_ranges = std::mem::take(&mut self.ranges);
        let saved_symbols = std::mem::take(&mut self.symbols);
        let saved_proved = std::mem::take(&mut self.index_proved);
        let saved_equal = std::mem::take(&mut self.equal);
        let saved_refinements = std::mem::take(&mut self.refinements);
        let saved_range_value = self.range_value.take();
        let saved_depth = std::mem::take(&mut self.loop_depth);
        let was_kernel = std::mem::replace(&mut self.in_kernel, true);
        let span = self.span;
        let mut params = Vec::new();
        let mut values = Vec::new();
        for t in types {
            let v = self.func.new_value(Type::scalar(*t), None);
            params.push(v);
            values.push(Value::Dyn(DynScalar { id: v, dtype: *t, kind: Kind::Np }));
        }
        let out = self.call_function(&f, values, vec![]).and_then(|v| {
            let Some(d) = self.number_dtype(&v) else {
                return self.refuse("PM0999", format!("internal error: kernel `{name}`"));
            };
            let id = self.operand(&v, d)?;
            Ok((id, d))
        });
        let body = self.regions.pop().unwrap_or_default();
        let func = std::mem::replace(&mut self.func, saved_func);
        self.regions = saved_regions;
        self.extents = saved_extents;
        self.ranges = saved_ranges;
        self.symbols = saved_symbols;
        self.index_proved = saved_proved;
        self.equal = saved_equal;
        self.refinements = saved_refinements;
        self.range_value = saved_range_value;
        self.loop_depth = saved_depth;
        self.in_kernel = was_kernel;
        self.span = span;
        let (id, d): (ValueId, DType) = out?;
        if name == "numpy.exp" && types[0].is_complex() {
            // the pass `euler` replaces exp(1j*x) by these; what is not used is dropped
            self.kernel_for("numpy.cos", &[types[0].real()])?;
            self.kernel_for("numpy.sin", &[types[0].real()])?;
        }
        let func = Func { body: Region { params, body, results: vec![id] }, ..func };
        let made = FuncId(self.module.kernels.len() as u32);
        self.module.kernels.push(func);
        self.kernels.insert(key, (made, vec![d]));
        if self.narrow {
            // the pass `narrow` replaces the kernel by its float32 form
            let small: Vec<DType> = types
                .iter()
                .map(|t| match t {
                    DType::Float64 => DType::Float32,
                    DType::Complex128 => DType::Complex64,
                    t => *t,
                })
                .collect();
            if small != types && self.kernel_definition(name, small[0]).is_some() {
                self.kernel_for(name, &small)?;
            }
        }
        Ok((made, vec![d]))
    }
}
