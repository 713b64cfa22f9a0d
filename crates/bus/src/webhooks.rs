//! Webhooks: events sent to addresses that an organization names, as CloudEvents, signed by the Standard Webhooks scheme.
//!
//! The [`Fanout`] turns an event into one delivery for each webhook that wants it, once; the [`Deliverer`] sends them,
//! patiently. Both may run in any number of processes on PostgreSQL.

mod deliverer;
mod fanout;
mod send;
mod signature;

pub use deliverer::Deliverer;
pub use fanout::Fanout;
pub use send::{Outcome, Sender};
pub use signature::Secret;

use proofmark_base::error::Result;
use proofmark_kernel::webhook::WebhookId;

/// Opens secrets that lie sealed in the database.
pub trait Vault: Send + Sync {
    /// The secret of a sealed text that was sealed for that purpose.
    ///
    /// # Errors
    /// Where the key is not here or the text is damaged.
    fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>>;
}

/// What the secret of a webhook is sealed for.
pub fn purpose(webhook: WebhookId) -> String {
    format!("webhook {webhook}")
}
