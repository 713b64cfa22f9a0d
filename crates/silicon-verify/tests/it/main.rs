//! The oracle against a real CPython: what it records, what it computes, and what it does with benches that misbehave.
#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

mod files;
mod misbehaviour;
mod pipeline;
mod recording;
mod reference;
mod state;
mod support;
mod values;
