//! Tests of the use cases through their public face.
#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

mod authorization;
mod identity;
mod maintenance;
mod organizations;
mod support;
mod webhooks;
