//! What the platform remembers: SQL databases, their migrations and queries.
//!
//! Queries are written once, with `?` placeholders, in the SQL that SQLite and PostgreSQL share, and run on a
//! [`Connection`](connection::Connection). Nothing here decides; the domain in `kernel` does.

pub mod approvals;
pub mod archive;
pub mod artifacts;
pub mod audit;
pub mod blobs;
pub mod connection;
pub mod credentials;
pub mod database;
pub mod deliveries;
pub mod executors;
pub mod idempotency;
pub mod identities;
pub mod migrate;
pub mod organizations;
pub mod outbox;
pub mod outbox_relay;
pub mod page;
mod postgres;
pub mod principals;
pub mod projects;
mod readers;
pub mod references;
pub mod releases;
pub mod runs;
pub mod sessions;
pub mod settings;
mod sqlite;
pub mod system;
pub mod throttles;
pub mod tokens;
pub mod uploads;
pub mod webhooks;

pub use blobs::Blobs;
pub use connection::{Connection, Dialect, Row, Value};
pub use database::{Database, Scope, Transaction};
pub use sqlite::SoleProcess;
