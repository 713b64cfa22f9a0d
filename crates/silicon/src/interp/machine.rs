//! The machine: a module with its state, and calls of its entries.

use super::compile::{Code, compile, dim_value};
use super::control::{Exec, Frame};
use super::perturb::{Noise, Perturbation};
use super::tensor::Tensor;
use super::{Fault, internal};
use crate::hir::{Atom, Dim, Entry, FuncId, Module, ParamRole, ResultRole, Type};
use proofmark_base::diagnostics::Span;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How close a branch came to going the other way.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Source of the branch.
    pub span: Option<Span>,
    /// Smallest |a-b| / max(|a|,|b|) of the float comparison that decides it; 0 when the two were equal.
    pub margin: f64,
}

/// What a call gives back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallResult {
    /// Output ports in the order of the entry's results.
    pub outputs: Vec<(String, Tensor)>,
    /// Input ports that the program wrote into, with their contents after the call.
    pub mutated: Vec<(String, Tensor)>,
    /// Branches (`If`, `While`; kernels excepted) that were reached and depend directly on a float comparison.
    pub decisions: Vec<Decision>,
    /// Instructions executed, as the step limit counts them.
    pub steps: u64,
}

/// A module ready to be called, with its state.
pub struct Machine<'m> {
    module: &'m Module,
    tables: Vec<Tensor>,
    kernels: Result<Vec<Code<'m>>, Fault>,
    entries: Vec<Result<Code<'m>, Fault>>,
    rounding: Vec<bool>,
    state: Vec<Tensor>,
    noise: Option<Noise>,
    limit: u64,
    stop: Option<Arc<AtomicBool>>,
}

impl<'m> Machine<'m> {
    /// A machine whose state holds its initial values. A module that does not hold together is reported by
    /// [`Machine::call`].
    pub fn new(module: &'m Module) -> Machine<'m> {
        let table = |t: &crate::hir::Table| Tensor::from_le_bytes(t.dtype, &t.shape, &t.data);
        let tables: Option<Vec<Tensor>> = module.tables.iter().map(table).collect();
        let mut kernels = match tables {
            Some(_) => Ok(Vec::with_capacity(module.kernels.len())),
            None => Err(internal("the data of a table does not fit its shape")),
        };
        let mut rounding = Vec::with_capacity(module.kernels.len());
        for (i, k) in module.kernels.iter().enumerate() {
            let code = compile(module, k, &rounding[..i.min(rounding.len())], true, false);
            kernels = kernels.and_then(|mut done: Vec<Code<'m>>| {
                let code = code?;
                rounding.push(code.rounds);
                done.push(code);
                Ok(done)
            });
        }
        let mut machine = Machine {
            module,
            tables: tables.unwrap_or_default(),
            kernels,
            entries: Vec::new(),
            rounding,
            state: Vec::new(),
            noise: None,
            limit: u64::MAX,
            stop: None,
        };
        machine.compile_entries();
        machine.init();
        machine
    }

    /// The same machine with another arithmetic, for deriving tolerances.
    #[must_use]
    pub fn perturbed(mut self, how: Perturbation) -> Machine<'m> {
        self.noise = Some(Noise::new(how));
        self.compile_entries();
        self
    }

    /// The same machine with a limit on the instructions of one call; beyond it the call ends with the fault
    /// [`super::STEP_LIMIT`].
    #[must_use]
    pub fn step_limit(mut self, limit: u64) -> Machine<'m> {
        self.limit = limit;
        self
    }

    /// The same machine, whose calls end with the fault [`super::STOPPED`] soon after the flag is set.
    #[must_use]
    pub fn stop_when(mut self, flag: Arc<AtomicBool>) -> Machine<'m> {
        self.stop = Some(flag);
        self
    }

    fn compile_entries(&mut self) {
        let noisy = self.noise.is_some();
        let made = |e: &'m Entry| compile(self.module, &e.func, &self.rounding, false, noisy);
        self.entries = self.module.entries.iter().map(made).collect();
    }

    /// Gives every state field its initial value.
    pub fn init(&mut self) {
        let initial = |t: &crate::hir::TableId| self.tables.get(t.0 as usize).cloned();
        self.state = self.module.state.iter().filter_map(|s| initial(&s.init)).collect();
    }

    /// The module it runs.
    pub fn module(&self) -> &'m Module {
        self.module
    }

    /// Values of the state fields in the module's order.
    pub fn state(&self) -> &[Tensor] {
        &self.state
    }

    /// Calls an entry. Named lengths follow from the extents of the inputs; the state changes only when the call
    /// succeeds.
    ///
    /// # Errors
    /// The fault that stopped the program; `TypeError` when an input is missing; `Unsupported` when an input has
    /// another type, extents that no lengths explain, or lengths outside their limits; [`super::STEP_LIMIT`]; and
    /// [`super::INTERNAL`] for a malformed module.
    pub fn call(&mut self, entry: &str, inputs: &[(String, Tensor)]) -> Result<CallResult, Fault> {
        let module = self.module;
        let index = module.entries.iter().position(|e| e.func.name == entry);
        let index = index.ok_or_else(|| internal(format!("no entry `{entry}`")))?;
        let entry = &module.entries[index];
        let kernels = self.kernels.as_ref().map_err(Clone::clone)?;
        let code = self.entries[index].as_ref().map_err(Clone::clone)?;
        if self.state.len() != module.state.len()
            || entry.params.len() != code.body.params.len()
            || entry.results.len() != code.body.results.len()
        {
            return Err(internal("roles do not agree with the function"));
        }
        let args = self.arguments(entry, inputs)?;
        let lengths = bind(module, entry, &args)?;
        let mut frame = Frame::new(entry.func.values.len());
        for (slot, t) in code.body.params.iter().zip(args) {
            match slot.scalar {
                true => frame.cells[slot.at as usize] = t.cell_at(0).unwrap_or_default(),
                false => frame.tensors[slot.at as usize] = Some(t),
            }
        }
        let mut exec = Exec {
            kernels,
            tables: &self.tables,
            lengths: &lengths,
            fma: module.fma,
            noise: self.noise.clone(),
            steps: 0,
            limit: self.limit,
            look_at: 0,
            stop: self.stop.as_deref(),
            frames: kernels.iter().map(|_| Frame::default()).collect(),
            margins: vec![f64::INFINITY; code.margins.len()],
        };
        exec.block(&code.body, &mut frame)?;
        let mut out = CallResult { steps: exec.steps, ..CallResult::default() };
        let mut state = self.state.clone();
        for (u, role) in code.body.results.iter().zip(&entry.results) {
            let ty = &entry.func.values[u.slot.at as usize].ty;
            let t = match u.slot.scalar {
                true => Tensor::from_cell(ty.dtype, frame.cells[u.slot.at as usize]),
                false => {
                    let slot = &frame.tensors[u.slot.at as usize];
                    slot.clone().ok_or_else(|| internal("a result is not defined"))?
                }
            };
            match role {
                ResultRole::State(i) => {
                    let field = state.get_mut(*i).ok_or_else(|| internal("no such state field"))?;
                    if t.dtype != field.dtype || t.shape != field.shape {
                        return Err(internal("a state field changes its type"));
                    }
                    *field = t;
                }
                ResultRole::Mutated(name) => out.mutated.push((name.clone(), t)),
                ResultRole::Output(name) => out.outputs.push((name.clone(), t)),
            }
        }
        let reached = exec.margins.iter().zip(&code.margins).filter(|(m, _)| m.is_finite());
        out.decisions = reached.map(|(m, s)| Decision { span: *s, margin: *m }).collect();
        let noise = exec.noise;
        self.state = state;
        self.noise = noise;
        Ok(out)
    }

    /// Applies a kernel elementwise, broadcasting; for constant folding. Not perturbed.
    ///
    /// # Errors
    /// The fault that stopped the kernel; [`super::INTERNAL`] when the operands do not fit it.
    pub fn kernel(&self, kernel: FuncId, args: &[Tensor]) -> Result<Vec<Tensor>, Fault> {
        let kernels = self.kernels.as_ref().map_err(Clone::clone)?;
        let code = kernels.get(kernel.0 as usize).ok_or_else(|| internal("no such kernel"))?;
        let params = code.func.body.params.iter().map(|p| code.func.ty(*p).dtype);
        if !params.eq(args.iter().map(|a| a.dtype)) {
            return Err(internal(format!("operands do not fit the kernel `{}`", code.func.name)));
        }
        let mut exec = Exec {
            kernels,
            tables: &self.tables,
            lengths: &[],
            fma: self.module.fma,
            noise: None,
            steps: 0,
            limit: self.limit,
            look_at: 0,
            stop: self.stop.as_deref(),
            frames: kernels.iter().map(|_| Frame::default()).collect(),
            margins: Vec::new(),
        };
        exec.kernel(kernel.0 as usize, args)
    }

    fn arguments(&self, entry: &Entry, inputs: &[(String, Tensor)]) -> Result<Vec<Tensor>, Fault> {
        let params = entry.params.iter().zip(&entry.func.body.params);
        params
            .map(|(role, v)| {
                let ty = &entry.func.values[v.0 as usize].ty;
                let (name, t) = match role {
                    ParamRole::State(i) => {
                        let field = self.module.state.get(*i).zip(self.state.get(*i));
                        field.map(|(f, t)| (&f.name, t)).ok_or_else(|| internal("no such state field"))?
                    }
                    ParamRole::Input(name) => match inputs.iter().find(|(n, _)| n == name) {
                        Some((n, t)) => (n, t),
                        None => {
                            let message = format!("input `{name}` is missing");
                            return Err(Fault { exception: "TypeError".into(), message });
                        }
                    },
                };
                if t.dtype != ty.dtype || t.shape.len() != ty.shape.len() {
                    let declared = declared(ty);
                    return Err(unsupported(format!("`{name}` is {}{:?}, not {declared}", t.dtype, t.shape)));
                }
                Ok(t.clone())
            })
            .collect()
    }
}

fn declared(ty: &Type) -> String {
    let dims: Vec<String> = ty.shape.iter().map(Dim::to_string).collect();
    format!("{}[{}]", ty.dtype, dims.join(", "))
}

fn unsupported(message: String) -> Fault {
    Fault { exception: "Unsupported".into(), message }
}

/// Finds the named lengths that the arguments' extents imply, and checks every extent against them.
fn bind(module: &Module, entry: &Entry, args: &[Tensor]) -> Result<Vec<Option<i64>>, Fault> {
    let params = &entry.func.body.params;
    let ty = |k: usize| &entry.func.values[params[k].0 as usize].ty;
    let mut lengths: Vec<Option<i64>> = vec![None; module.lengths.len()];
    let dims = |k: usize| ty(k).shape.iter().zip(&args[k].shape);
    // a dimension `c*n + k` gives n
    for (d, extent) in (0..args.len()).flat_map(dims) {
        let [(Atom::Length(l), c)] = d.terms.as_slice() else { continue };
        let rest = i128::from(*extent as i64) - i128::from(d.constant);
        let Some(slot) = lengths.get_mut(l.0 as usize) else { return Err(internal("no such length")) };
        if slot.is_none() && *c != 0 && rest % i128::from(*c) == 0 {
            *slot = i64::try_from(rest / i128::from(*c)).ok();
        }
    }
    for (l, v) in module.lengths.iter().zip(&lengths) {
        if let Some(v) = v
            && (*v < l.min || l.max.is_some_and(|m| *v > m))
        {
            let most = l.max.map_or(String::new(), |m| format!(" and at most {m}"));
            return Err(unsupported(format!("length `{}` is {v}; it must be at least {}{most}", l.name, l.min)));
        }
    }
    let leaf = |a: &Atom| match a {
        Atom::Length(l) => lengths
            .get(l.0 as usize)
            .copied()
            .flatten()
            .ok_or_else(|| unsupported("the inputs do not determine every named length".into())),
        Atom::Value(v) => {
            let at =
                params.iter().position(|p| p == v).ok_or_else(|| internal("an input's extent is computed later"))?;
            args[at].int()
        }
        _ => Err(internal("not a leaf")),
    };
    for (k, t) in args.iter().enumerate() {
        for (d, extent) in ty(k).shape.iter().zip(&t.shape) {
            if dim_value(d, &leaf)? != *extent as i64 {
                return Err(unsupported(format!(
                    "parameter {k} has extents {:?}, which {} does not explain",
                    t.shape,
                    declared(ty(k))
                )));
            }
        }
    }
    Ok(lengths)
}
