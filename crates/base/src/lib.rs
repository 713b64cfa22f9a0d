//! Values every other crate speaks: diagnostics with source spans, digests, numeric element types.
//! Nothing here reads a file, a clock or the environment.

pub mod diagnostics;
pub mod digest;
pub mod render;
