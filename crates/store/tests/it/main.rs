//! Tests of the store from outside: one suite for each port, run on every adapter.

mod blobs;
mod nulls;
mod platform;
