//! From a translation to its evidence: golden model, targets, vectors, checks, claims, bundle and report.

pub mod blocks;
pub mod bundle;
mod claims;
pub mod compare;
pub mod design;
mod directed;
pub mod evidence;
pub mod generate;
pub mod golden;
mod kernels;
pub(crate) mod mutation;
pub mod names;
pub mod phase;
pub mod pipeline;
pub mod ports;
pub mod report;
pub mod state;
pub mod stored;
pub mod target;
pub mod tolerance;
pub mod trace;
pub mod unset;
pub mod vectors;
