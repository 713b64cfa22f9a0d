//! Use cases of the platform: sign-in, authorization, projects, artifacts, runs, approvals, releases, audit.

pub mod authorization;
pub mod sealing;
