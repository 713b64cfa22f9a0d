//! What the platform remembers: SQL databases, their migrations and queries.
//!
//! Queries are written once, with `?` placeholders, in the SQL that SQLite and PostgreSQL share, and run on a
//! [`Connection`](connection::Connection). Nothing here decides; the domain in `kernel` does.

pub mod connection;
pub mod database;
pub mod migrate;
mod postgres;
mod sqlite;
pub mod system;

pub use connection::{Connection, Dialect, Row, Value};
pub use database::{Database, Scope, Transaction};
