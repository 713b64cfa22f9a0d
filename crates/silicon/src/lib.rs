//! The translator: Python source in, checked C99 and `no_std` Rust out. Pure: no process, file, clock or
//! network; whatever must be asked of CPython goes through the [`oracle::Oracle`] port.

pub mod back;
pub mod dtype;
pub mod front;

pub mod hir;
pub mod interp;
pub mod lir;
pub mod lower;
pub mod oracle;
pub mod passes;
pub mod stream;
pub mod translation;
