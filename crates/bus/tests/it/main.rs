//! Tests of the bus from outside, on SQLite and on PostgreSQL, against receivers that are real servers.
#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

#[cfg(feature = "scale")]
mod nats;
mod relay;
mod webhooks;
mod world;
