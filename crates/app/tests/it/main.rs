//! The real binary, as a user meets it: good runs end to end, and every bad input with its status and nothing left.
#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

mod bad_benches;
mod bad_usage;
mod blocks;
mod clock;
mod configured;
mod fleet;
mod killed;
mod lifecycle;
mod processes;
mod secured;
mod steps;
mod support;
mod whole;
