//! Tests of the store from outside: one suite for each port, run on every adapter.
#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

mod archive;
mod blobs;
mod given_up;
mod lists;
mod nulls;
mod platform;
mod upgrade;
