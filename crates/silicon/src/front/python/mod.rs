//! The Python front end: a recording of the user's bench and the sources in, HIR out.

mod array;
mod builtins;
mod call;
mod convert;
mod entry;
mod eval;
mod expr;
mod index;
mod library;
mod loops;
mod merge;
mod names;
mod ops;
mod prelude;
mod state;
mod stmt;
mod value;

pub use entry::translate;
