//! `silicon.translate` as a workflow, on a real database, with the real tools.

mod fixture;
mod translate;
