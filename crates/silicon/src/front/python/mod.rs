//! The Python front end: a recording of the user's bench and the sources in, HIR out.

mod array;
mod attribute;
mod bounds;
mod builtins;
mod call;
mod compare;
mod convert;
mod dynlist;
mod entry;
mod eval;
mod expr;
mod index;
mod iterate;
mod library;
mod loops;
mod merge;
mod methods;
mod names;
mod numpy;
mod numpy_ops;
mod observe;
mod ops;
mod outside;
mod prelude;
mod random;
mod shape;
mod signature;
mod slots;
mod state;
mod stmt;
mod value;

pub use entry::translate;
