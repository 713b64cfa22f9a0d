//! Generated code, compiled by the real compilers and run, against the interpreter.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod lowering;
mod programs;
mod random;
mod toolchain;
