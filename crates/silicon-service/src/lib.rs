//! Silicon on the platform: `silicon.translate` as a durable workflow, whose steps are those that the command line runs.

pub mod input;
pub mod sources;
pub mod steps;
pub mod workflow;
