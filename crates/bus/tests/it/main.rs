//! Tests of the bus from outside, on SQLite and on PostgreSQL, against receivers that are real servers.

mod receiver;
mod relay;
mod webhooks;
mod world;
