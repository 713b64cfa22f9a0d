//! `silicon.translate` as a workflow, on a real database, with the real tools.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod fixture;
mod hostile;
mod translate;
