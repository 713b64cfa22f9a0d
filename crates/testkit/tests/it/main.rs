//! The tests that are data, in one binary.

mod corpus;
mod diagnostics;
mod error_pages;
mod fuzz;
mod stress;
