//! The servers that tests run against: each answers, and none outlives its owner.
#![allow(clippy::unwrap_used, reason = "a helper that panics fails the test that calls it")]

mod gone;
mod nats;
mod oidc;
mod postgres;
mod s3;
mod support;
