//! Events on their way out: the outbox relay, in-process and NATS delivery, signed webhooks.
//!
//! A use case writes its events to the outbox in its own transaction (`store::outbox`) and calls [`Waker::wake`] after
//! the commit. A [`Relay`] hands each event to every [`Consumer`] at least once; consumers recognise repetitions by the
//! event's identifier. Nothing here decides what is an event.

pub mod cloud_event;
pub mod guard;
pub mod live;
#[cfg(feature = "scale")]
pub mod nats;
pub mod relay;
mod rounds;
pub mod webhooks;

pub use live::Live;
pub use relay::{Consumer, Relay, Waker};
