//! Use cases of the platform: sign-in, authorization, projects, artifacts, runs, approvals, releases, audit. Each one
//! authorizes its caller, works in one transaction, and writes what it did to the audit log in it.

pub mod approvals;
pub mod artifacts;
pub mod audit;
pub mod authorization;
pub mod dispatch;
pub mod execution;
pub mod identity;
pub mod maintenance;
pub mod organizations;
pub mod platform;
pub mod projects;
pub mod releases;
pub mod runs;
pub mod sealing;
pub mod trace;
pub mod uploads;
pub mod webhooks;
pub mod workers;
pub mod workflows;

pub use platform::{Limits, Platform};
