//! From a translation to its evidence: golden model, targets, vectors, checks, claims, bundle and report.

pub mod compare;
pub mod evidence;
pub mod generate;
pub mod golden;
pub mod ports;
pub mod report;
pub mod tolerance;
pub mod trace;
pub mod vectors;
