//! Passes: HIR in, HIR out. Each is one file, named the same here, on the command line and in `tests/hir/`.
//!
//! A pass may rely on a checked module and must leave one that checks; the caller checks before and after. Passes
//! that are not `value_changing` keep every output bit for bit, and every fault of a `Check`; an overflow fault of
//! checked arithmetic whose value nobody uses may go, signalling NaNs may become quiet.

mod cse;
mod dce;
mod euler;
mod fold;
mod licm;
mod narrow;
mod parts;
mod polyphase;
mod real_scale;
mod rewrite;
#[cfg(test)]
mod tests;
mod thread;

use crate::dtype::DType;
use crate::hir::{FuncId, Module};
use std::collections::BTreeSet;
use std::fmt;

/// Supplies a kernel: `(module, function, element type)` gives the module's kernel for, say, `numpy.sin` of a
/// float64 (`("sin", Float64)`), appended to [`Module::kernels`] if it is not there yet. `None` where there is none.
pub type KernelHook<'a> = &'a mut dyn FnMut(&mut Module, &str, DType) -> Option<FuncId>;

/// What the passes may do.
#[derive(Default)]
pub struct PassOptions<'a> {
    /// Names of passes to leave out.
    pub skip: BTreeSet<String>,
    /// Allows `real_scale`: infinities, NaNs and signs of zero of complex products with a real factor may differ.
    pub finite_math_signs: bool,
    /// Narrows float64 to float32 and complex128 to complex64 (`--numeric f32`).
    pub narrow: bool,
    /// Supplies kernels that a pass needs. Without it only kernels that the module holds already are used,
    /// found by the name `numpy_<function>_<type>`.
    pub kernel: Option<KernelHook<'a>>,
}

impl fmt::Debug for PassOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassOptions")
            .field("skip", &self.skip)
            .field("finite_math_signs", &self.finite_math_signs)
            .field("narrow", &self.narrow)
            .field("kernel", &self.kernel.is_some())
            .finish()
    }
}

/// What one run of a pass did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassReport {
    /// Name of the pass.
    pub name: &'static str,
    /// Number of changes.
    pub changed: usize,
    /// What the user may want to know.
    pub notes: Vec<String>,
}

/// A pass.
pub struct Pass {
    /// Name: of the file, on the command line, of the test folder.
    pub name: &'static str,
    /// One line.
    pub description: &'static str,
    /// Whether results may differ, in the cases that the pass documents.
    pub value_changing: bool,
    /// Does it, and says what it did.
    run: fn(&mut Module, &mut PassOptions<'_>) -> Outcome,
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pass").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Number of changes and notes.
#[derive(Default)]
struct Outcome {
    changed: usize,
    notes: Vec<String>,
}

impl From<usize> for Outcome {
    fn from(changed: usize) -> Outcome {
        Outcome { changed, notes: Vec::new() }
    }
}

/// Every pass.
pub const ALL: &[Pass] = &[
    Pass {
        name: "fold",
        description: "Computes constants and removes operations that change nothing, exactly as the interpreter computes.",
        value_changing: false,
        run: |m, _| fold::run(m).into(),
    },
    Pass {
        name: "thread",
        description: "Joins a branch with the branch before it that decides it, as an early return leaves them.",
        value_changing: false,
        run: |m, _| thread::run(m).into(),
    },
    Pass {
        name: "narrow",
        description: "With `--numeric f32`: float64 becomes float32 and complex128 complex64; scalars that decide indices stay.",
        value_changing: true,
        run: narrow::run,
    },
    Pass {
        name: "cse",
        description: "Computes equal expressions once within the scope of the first.",
        value_changing: false,
        run: |m, _| cse::run(m).into(),
    },
    Pass {
        name: "euler",
        description: "exp of an imaginary value becomes its cosine and sine; only infinite or NaN arguments and signs of zero may differ.",
        value_changing: true,
        run: euler::run,
    },
    Pass {
        name: "real_scale",
        description: "With `finite_math_signs`: a complex value times or plus a real one works on the parts; only infinities, NaNs and signs of zero may differ.",
        value_changing: true,
        run: real_scale::run,
    },
    Pass {
        name: "polyphase",
        description: "A FIR of which only every d-th or a range of samples is used computes only those.",
        value_changing: false,
        run: |m, _| polyphase::run(m).into(),
    },
    Pass {
        name: "licm",
        description: "Moves what does not change in a loop before it.",
        value_changing: false,
        run: |m, _| licm::run(m).into(),
    },
    Pass {
        name: "dce",
        description: "Removes what nothing uses: values, carried values, branch results, kernels, tables, constant state.",
        value_changing: false,
        run: |m, _| dce::run(m).into(),
    },
];

/// The order in which [`run`] applies the passes. Constants are folded before `narrow`, so that they are rounded once;
/// what nothing uses goes before `polyphase`, which looks for results with a single use.
pub const ORDER: &[&str] = &[
    "fold",
    "narrow",
    "cse",
    "euler",
    "real_scale",
    "thread",
    "dce",
    "polyphase",
    "licm",
    "fold",
    "cse",
    "dce",
    "fold",
    "dce",
];

/// The pass of that name.
pub fn find(name: &str) -> Option<&'static Pass> {
    ALL.iter().find(|p| p.name == name)
}

/// Runs one pass on a checked module.
pub fn run_one(pass: &'static Pass, module: &mut Module, options: &mut PassOptions<'_>) -> PassReport {
    let Outcome { changed, notes } = (pass.run)(module, options);
    PassReport { name: pass.name, changed, notes }
}

/// Runs the passes in [`ORDER`] on a checked module; one report per run of a pass. Kernels, tables and state fields
/// that nothing uses go, so their numbers change.
pub fn run(mut module: Module, options: &mut PassOptions<'_>) -> (Module, Vec<PassReport>) {
    let mut reports = Vec::new();
    for pass in ORDER.iter().filter_map(|name| find(name)) {
        if !options.skip.contains(pass.name) {
            reports.push(run_one(pass, &mut module, options));
        }
    }
    (module, reports)
}

/// The kernel for a NumPy function of an element type, from the hook or else from the module.
fn kernel(module: &mut Module, options: &mut PassOptions<'_>, function: &str, dtype: DType) -> Option<FuncId> {
    if let Some(hook) = &mut options.kernel {
        return hook(module, function, dtype);
    }
    let name = format!("numpy_{function}_{}", suffix(dtype)?);
    module.kernels.iter().position(|k| k.name == name).map(|i| FuncId(i as u32))
}

/// How kernel names spell a type.
fn suffix(dtype: DType) -> Option<&'static str> {
    Some(match dtype {
        DType::Float32 => "f32",
        DType::Float64 => "f64",
        DType::Complex64 => "c64",
        DType::Complex128 => "c128",
        _ => return None,
    })
}
