//! The oracle against a real CPython: what it records, what it computes, and what it does with benches that misbehave.

mod recording;
mod support;
mod values;
