//! The one binary `proofmark`.
fn main() {}
