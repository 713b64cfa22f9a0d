//! The outbox: events in the transaction that made them true, until they are delivered.

use crate::connection::{Connection, text};
use crate::values;
use proofmark_base::error::Result;
use proofmark_kernel::event::Event;

/// Adds an event, in the caller's transaction. Once it commits the event will be delivered, at least once.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn append(on: &mut dyn Connection, e: &Event) -> Result<()> {
    // due at once: `at` is some machine's clock, and relays go by the database's
    let sql = "INSERT INTO platform_outbox (id, organization_id, kind, project_id, subject, data, at, attempts, due_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0)";
    let values = values![
        text(e.id),
        text(e.organization),
        e.kind.name(),
        e.project.map(|p| p.to_string()),
        &e.subject,
        &e.data,
        e.at
    ];
    on.execute(sql, values).await?;
    Ok(())
}
