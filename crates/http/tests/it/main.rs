//! The server as clients see it: a real one on a port of its own, with a database and blobs of its own.

#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

mod conditional;
mod events;
mod health;
mod idempotency;
mod limits;
mod matrix;
mod organizations;
mod pages;
mod requests;
mod single_sign_on;
mod tls;
mod uploads;
mod workflows;
mod world;
