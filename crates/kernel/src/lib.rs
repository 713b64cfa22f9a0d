//! The platform's domain, pure: organizations and projects, principals and what they may, runs, artifacts, approvals,
//! releases, the audit log. Values in, values out; no database, no network, no clock, no async.

pub mod action;
pub mod approval;
pub mod artifact;
pub mod audit;
pub mod event;
pub mod organization;
pub mod principal;
pub mod release;
pub mod run;
pub mod webhook;
