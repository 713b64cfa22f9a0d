//! Deliveries of events to webhooks: one for each event and webhook, and one more each time somebody sends it again.

use crate::connection::{Connection, Row, first, text};
use crate::database::now;
use crate::page::{Listed, Page};
use crate::values;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::webhook::{Delivery, DeliveryId, DeliveryStatus, WebhookId};
use std::time::Duration;

const COLUMNS: &str = "id, organization_id, webhook_id, event_id, kind, replay_of, body, status, attempts, due_at,
    created_at, attempted_at, ended_at, answer_status, answer, failure";

fn delivery(row: &Row) -> Result<Delivery> {
    Ok(Delivery {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        webhook: row.parsed("webhook_id")?,
        event: row.parsed("event_id")?,
        kind: row.parsed("kind")?,
        replay_of: row.parsed_opt("replay_of")?,
        body: row.text("body")?,
        status: row.parsed("status")?,
        attempts: row.int("attempts")?,
        due_at: row.time("due_at")?,
        created_at: row.time("created_at")?,
        attempted_at: row.time_opt("attempted_at")?,
        ended_at: row.time_opt("ended_at")?,
        answer_status: row.int_opt("answer_status")?,
        answer: row.text_opt("answer")?,
        failure: row.text_opt("failure")?,
    })
}

/// Writes a new one, to be tried from `due_at` on; whether it was new. An event's own delivery to a webhook is written
/// once, however often this is asked.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, delivery: &Delivery) -> Result<bool> {
    let sql = "INSERT INTO platform_deliveries
                   (id, organization_id, webhook_id, event_id, kind, replay_of, body, status, attempts, due_at, created_at)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
               ON CONFLICT (webhook_id, event_id) WHERE replay_of IS NULL DO NOTHING";
    let values = values![
        text(delivery.id),
        text(delivery.organization),
        text(delivery.webhook),
        text(delivery.event),
        text(delivery.kind),
        delivery.replay_of.map(text),
        &delivery.body,
        text(delivery.status),
        delivery.attempts,
        delivery.due_at,
        delivery.created_at,
    ];
    Ok(on.execute(sql, values).await? > 0)
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: DeliveryId) -> Result<Option<Delivery>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_deliveries WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.as_ref().map(delivery).transpose()
}

/// A page of those of a webhook; of that status only, if one is named.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    webhook: WebhookId,
    status: Option<DeliveryStatus>,
    page: Page<DeliveryId>,
) -> Result<Listed<Delivery, DeliveryId>> {
    let of = [("organization_id = ?", Some(text(organization))), ("webhook_id = ?", Some(text(webhook)))];
    let status = status.map(|s| ("status = ?", Some(text(s))));
    let from = format!("{COLUMNS} FROM platform_deliveries");
    page.read(on, &from, of.into_iter().chain(status), delivery, |d| d.id).await
}

/// A delivery that is due, before anybody has taken it.
#[derive(Clone, Debug)]
pub struct Due {
    /// Which.
    pub id: DeliveryId,
    /// Where to.
    pub webhook: WebhookId,
    due_at: Timestamp,
}

/// Deliveries that are due, no more than `each` of one webhook, so that none that is slow keeps others waiting.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn due(on: &mut dyn Connection, each: i64, limit: i64) -> Result<Vec<Due>> {
    let sql = "SELECT id, webhook_id, due_at FROM (
                   SELECT d.id, d.webhook_id, d.due_at,
                          ROW_NUMBER() OVER (PARTITION BY d.webhook_id ORDER BY d.due_at, d.id) AS place
                   FROM platform_deliveries d JOIN platform_webhooks w ON w.id = d.webhook_id
                   WHERE d.ended_at IS NULL AND d.due_at <= ? AND w.disabled_at IS NULL) AS waiting
               WHERE place <= ? ORDER BY due_at, id LIMIT ?";
    let now = now(on).await?;
    let rows = on.rows(sql, values![now, each, limit]).await?;
    rows.iter()
        .map(|row| Ok(Due { id: row.parsed("id")?, webhook: row.parsed("webhook_id")?, due_at: row.time("due_at")? }))
        .collect()
}

/// Time until the next is due; none if none is waiting.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn next(on: &mut dyn Connection) -> Result<Option<Duration>> {
    let sql = "SELECT MIN(d.due_at) AS next FROM platform_deliveries d JOIN platform_webhooks w ON w.id = d.webhook_id
               WHERE d.ended_at IS NULL AND w.disabled_at IS NULL";
    let now = now(on).await?;
    let row = first(on, sql, values![]).await?;
    Ok(row.map(|row| row.time_opt("next")).transpose()?.flatten().map(|at| at.since(now)))
}

/// Takes one that was due, counting the attempt; nobody else gets it for the time of `hold`, after which whoever took it
/// is taken for dead. None where somebody else was faster.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn take(on: &mut dyn Connection, due: &Due, hold: Duration) -> Result<Option<Delivery>> {
    let now = now(on).await?;
    let sql = format!(
        "UPDATE platform_deliveries SET due_at = ?, attempts = attempts + 1, attempted_at = ?
         WHERE id = ? AND due_at = ? AND ended_at IS NULL RETURNING {COLUMNS}"
    );
    let values = values![now.after(hold), now, text(due.id), due.due_at];
    first(on, &sql, values).await?.as_ref().map(delivery).transpose()
}

/// What came of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Status of the answer, if there was one.
    pub status: Option<i64>,
    /// Beginning of its body.
    pub body: Option<String>,
    /// Why it is no success.
    pub failure: Option<String>,
}

/// Writes down what came of an attempt: it ends with `status`, or, if that is `pending`, is tried again after `again`.
/// An attempt that lost its hold changes nothing; whether this one did.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn settle(
    on: &mut dyn Connection,
    delivery: &Delivery,
    answer: &Answer,
    status: DeliveryStatus,
    again: Duration,
) -> Result<bool> {
    let now = now(on).await?;
    let ended = (status != DeliveryStatus::Pending).then_some(now);
    let sql = "UPDATE platform_deliveries
               SET status = ?, due_at = ?, ended_at = CAST(? AS BIGINT), answer_status = CAST(? AS BIGINT), answer = ?,
                   failure = ?
               WHERE id = ? AND attempts = ? AND ended_at IS NULL";
    let values = values![
        text(status),
        now.after(again),
        ended,
        answer.status,
        answer.body.as_deref(),
        answer.failure.as_deref(),
        text(delivery.id),
        delivery.attempts,
    ];
    Ok(on.execute(sql, values).await? > 0)
}

/// Gives up all that wait for that webhook; how many.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn give_up(on: &mut dyn Connection, webhook: WebhookId, because: &str) -> Result<u64> {
    let now = now(on).await?;
    let sql = "UPDATE platform_deliveries SET status = 'failed', ended_at = ?, failure = ?
               WHERE webhook_id = ? AND ended_at IS NULL";
    on.execute(sql, values![now, because, text(webhook)]).await
}

/// Forgets up to `limit` deliveries that ended before that moment; how many.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn prune(on: &mut dyn Connection, ended_before: Timestamp, limit: i64) -> Result<u64> {
    let sql = "DELETE FROM platform_deliveries WHERE id IN (
                   SELECT id FROM platform_deliveries WHERE ended_at IS NOT NULL AND ended_at < ? LIMIT ?)";
    on.execute(sql, values![ended_before, limit]).await
}
