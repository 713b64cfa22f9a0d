//! Generated code, compiled by the real compilers and run, against the interpreter.

mod lowering;
mod programs;
mod toolchain;
