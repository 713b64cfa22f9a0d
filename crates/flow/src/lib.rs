//! Durable workflows: ordinary async functions made of named steps that survive crashes, on SQLite and PostgreSQL.
