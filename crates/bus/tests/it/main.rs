//! Tests of the bus from outside, on SQLite and on PostgreSQL, against receivers that are real servers.

#[cfg(feature = "scale")]
mod nats;
mod receiver;
mod relay;
mod webhooks;
mod world;
