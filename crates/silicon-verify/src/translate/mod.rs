//! One translation as steps that can be kept: each is a function of the [`Job`], the folder of its sources and the bytes
//! of earlier steps, and gives bytes. A step can run in a process of its own, on another machine, and again after a
//! crash; the command line runs the very same steps one after the other, so both give the same bundle.
//!
//! | step | does | reads the sources |
//! |---|---|---|
//! | `record` | runs the bench in the sandbox, translates, asks CPython for results of generated vectors | yes |
//! | `model` | golden model and tolerances on all these vectors, compared with CPython | |
//! | `faults` | seeds faults, searches vectors that show them, asks CPython for their results | yes |
//! | `blocks` | block forms in the golden model | |
//! | `target.c`, `target.rust` | builds, tools, runs, kernels and block forms of a target | |
//! | `mutants` | what became of the seeded faults, on all vectors | |
//! | `evidence` | claims, documents, report: the files of the bundle | |
//!
//! The cuts lie where the work does. HIR, passes and lowering are not kept: they take less time than reading them back
//! would, and follow from `record`, which keeps the bench's recording and every answer that the front end had from
//! Python; each later step makes them again and compares their digest. References of vectors found for seeded faults need
//! the bench's process as it was before the first call, so `faults` runs the bench once more where that process is gone,
//! and says that these vectors have no reference should the bench not do the same again. Signing is no step: keys stay
//! with whoever holds them ([`Bundle::sealed`]).
//!
//! A step gives the same bytes when it runs again, with the same versions of the tools: what goes by the clock (limits of
//! time) can differ only where a program comes near to such a limit.

mod arguments;
mod bundle;
mod config;
mod declared;
mod job;
mod kept;
mod open;
mod python;
mod refusal;
mod session;
mod tape;

pub use bundle::Bundle;
pub use config::{Options, Origin, Resolved, resolve};
pub use job::{Job, Step, target_list};
pub use kept::StepError;
pub use refusal::{Refusal, Status};
pub use session::{Session, Stopped, unconfined};

use std::collections::BTreeMap;

/// Bytes of steps that were run.
pub type Results = BTreeMap<Step, Vec<u8>>;

/// Stack that a thread needs to run steps, in bytes: the front end follows the nesting of the program.
pub const STACK: usize = 256 << 20;
