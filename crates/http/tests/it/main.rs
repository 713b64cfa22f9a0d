//! The server as clients see it: a real one on a port of its own, with a database and blobs of its own.

mod conditional;
mod events;
mod health;
mod idempotency;
mod limits;
mod matrix;
mod pages;
mod requests;
mod uploads;
mod world;
