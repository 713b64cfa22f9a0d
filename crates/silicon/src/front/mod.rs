//! Front ends: source text in, HIR out.

pub mod python;
