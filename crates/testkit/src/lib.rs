//! Fixtures and runners of the tests that are data: `tests/run/*.py` checked in CPython, the golden model, C and Rust,
//! `tests/diagnostics/*.py` refused where they say, and random programs.

pub mod batch;
pub mod corpus;
pub mod diagnostics;
pub mod fuzz;
pub mod stages;
pub mod stress;
pub mod targets;
