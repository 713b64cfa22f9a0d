//! The HTTP server: the public API of `contract`, served as its table of endpoints says. Problems, limits, idempotency,
//! conditional requests and streams are here; what is done and who may do it is in the services.
//!
//! A request goes through [`pipeline`] to one of [`handlers`]; nothing else answers.

mod address;
mod body;
mod call;
mod conditional;
mod figures;
mod handlers;
mod hub;
mod idempotency;
mod listening;
mod page;
mod pipeline;
mod problem;
mod query;
mod rates;
mod ready;
mod reply;
mod router;
mod server;
mod sign_in_page;
mod starting;
mod tls;
mod trace;

pub use address::Network;
pub use rates::Rate;
pub use ready::Dependency;
pub use server::{Config, Limits, Server, serve};
pub use starting::Front;
pub use tls::{Clients, Pem, Tls};
