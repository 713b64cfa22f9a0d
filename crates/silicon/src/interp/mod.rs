//! The interpreter: the golden model. It defines what every HIR operation computes, bit for bit; back ends and
//! simulations are compared with it, and it is compared with the oracle.
//!
//! ```text
//! let mut machine = Machine::new(&module);
//! let result = machine.call("demod", &[("x".into(), samples)])?;
//! ```

mod cast;
mod compile;
mod control;
mod elementwise;
mod eval;
mod index;
mod kernel;
mod machine;
mod perturb;
mod reduce;
mod signal;
mod tensor;
#[cfg(test)]
mod tests;

pub use crate::hir::Fault;
pub(crate) use compile::dim_value;
pub(crate) use elementwise::{binary_defined, binary_result, unary_defined};
pub use eval::evaluate;
pub use machine::{CallResult, Decision, Machine};
pub use perturb::{Perturbation, Stand};
pub use tensor::{Complex, Tensor};

/// Exception class of faults that only a malformed module or a mistake of ours can cause.
pub const INTERNAL: &str = "InternalError";
/// Exception class of the fault raised when the step limit is reached.
pub const STEP_LIMIT: &str = "StepLimit";
/// Exception class of the fault of a call that was stopped from outside ([`Machine::stop_when`]).
pub const STOPPED: &str = "Stopped";

pub(crate) fn internal(message: impl Into<String>) -> Fault {
    Fault { exception: INTERNAL.into(), message: message.into() }
}
