//! Fixtures and runners of the tests that are data: `tests/run/*.py` checked in CPython, the golden model, C and Rust,
//! `tests/diagnostics/*.py` refused where they say, and random programs. Beside them, what tests of the platform need:
//! real servers, a receiver of webhooks, a wall clock that jumps.

#[cfg(feature = "programs")]
pub mod batch;
#[cfg(feature = "programs")]
pub mod corpus;
#[cfg(feature = "programs")]
pub mod diagnostics;
#[cfg(feature = "programs")]
pub mod fuzz;
#[cfg(feature = "databases")]
#[allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]
pub mod receiver;
pub mod services;
#[cfg(feature = "programs")]
pub mod stages;
#[cfg(feature = "programs")]
pub mod stress;
#[cfg(feature = "programs")]
pub mod targets;

#[allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]
pub mod wall_clock;

/// The workspace's root, from the crate's own place.
pub fn workspace() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap_or_default()
}
