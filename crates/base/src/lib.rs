//! Values every other crate speaks: diagnostics with source spans, errors, digests, identifiers, instants, text forms.
//! Nothing here reads a file, a clock, a random source or the environment.

pub mod diagnostics;
pub mod digest;
pub mod error;
pub mod html;
pub mod id;
pub mod json;
pub mod names;
pub mod render;
pub mod time;
