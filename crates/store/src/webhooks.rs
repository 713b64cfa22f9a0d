//! Webhooks and their sealed secrets.

use crate::connection::{Connection, Row, first, text};
use crate::page::{Listed, Page};
use crate::values;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_kernel::organization::{OrganizationId, ProjectId};
use proofmark_kernel::webhook::{Webhook, WebhookId};

/// The secrets of a webhook as they are kept: sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secrets {
    /// The one that counts.
    pub current: String,
    /// The one before, and until when it signs as well.
    pub old: Option<(String, Timestamp)>,
}

const COLUMNS: &str = "id, organization_id, project_id, url, description, kinds, created_by, created_at, failing_since,
    disabled_at, disabled_because, version";

fn webhook(row: &Row) -> Result<Webhook> {
    Ok(Webhook {
        id: row.parsed("id")?,
        organization: row.parsed("organization_id")?,
        project: row.parsed_opt("project_id")?,
        url: row.text("url")?,
        description: row.text("description")?,
        kinds: row.json("kinds")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        failing_since: row.time_opt("failing_since")?,
        disabled_at: row.time_opt("disabled_at")?,
        disabled_because: row.text_opt("disabled_because")?,
        version: row.int("version")?,
    })
}

fn kinds(webhook: &Webhook) -> Result<String> {
    serde_json::to_string(&webhook.kinds).map_err(|e| Error::bug("kinds of event have no JSON").because(e))
}

/// Writes a new one with its secret.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, webhook: &Webhook, secret: &str) -> Result<()> {
    let sql = "INSERT INTO platform_webhooks (id, organization_id, project_id, url, description, kinds, secret,
                   created_by, created_at, failing_since, disabled_at, disabled_because, version)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT), ?, ?)";
    let values = values![
        text(webhook.id),
        text(webhook.organization),
        webhook.project.map(text),
        &webhook.url,
        &webhook.description,
        kinds(webhook)?,
        secret,
        text(webhook.created_by),
        webhook.created_at,
        webhook.failing_since,
        webhook.disabled_at,
        webhook.disabled_because.as_deref(),
        webhook.version,
    ];
    on.execute(sql, values).await.map(drop)
}

/// One of an organization.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, organization: OrganizationId, id: WebhookId) -> Result<Option<Webhook>> {
    let sql = format!("SELECT {COLUMNS} FROM platform_webhooks WHERE organization_id = ? AND id = ?");
    first(on, &sql, values![text(organization), text(id)]).await?.as_ref().map(webhook).transpose()
}

/// A page of those of an organization, or of one project of it.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn list(
    on: &mut dyn Connection,
    organization: OrganizationId,
    project: Option<ProjectId>,
    page: Page<WebhookId>,
) -> Result<Listed<Webhook, WebhookId>> {
    let of = [("organization_id = ?", Some(text(organization)))];
    let project = project.map(|p| ("project_id = ?", Some(text(p))));
    let from = format!("{COLUMNS} FROM platform_webhooks");
    page.read(on, &from, of.into_iter().chain(project), webhook, |w| w.id).await
}

/// Those of an organization that are switched on.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn enabled(on: &mut dyn Connection, organization: OrganizationId) -> Result<Vec<Webhook>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM platform_webhooks WHERE organization_id = ? AND disabled_at IS NULL ORDER BY id"
    );
    on.rows(&sql, values![text(organization)]).await?.iter().map(webhook).collect()
}

/// Number of an organization's webhooks.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn count(on: &mut dyn Connection, organization: OrganizationId) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS n FROM platform_webhooks WHERE organization_id = ?";
    let row = first(on, sql, values![text(organization)]).await?;
    row.ok_or_else(|| Error::bug("no row from an aggregate"))?.int("n")
}

/// Writes what changed, counting the version up; false where `version` is not what is there any more.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn update(on: &mut dyn Connection, webhook: &Webhook) -> Result<bool> {
    let sql = "UPDATE platform_webhooks SET url = ?, description = ?, kinds = ?, failing_since = CAST(? AS BIGINT),
                   disabled_at = CAST(? AS BIGINT), disabled_because = ?, version = version + 1
               WHERE organization_id = ? AND id = ? AND version = ?";
    let values = values![
        &webhook.url,
        &webhook.description,
        kinds(webhook)?,
        webhook.failing_since,
        webhook.disabled_at,
        webhook.disabled_because.as_deref(),
        text(webhook.organization),
        text(webhook.id),
        webhook.version,
    ];
    Ok(on.execute(sql, values).await? == 1)
}

/// Removes one with its deliveries; whether it was there.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn delete(on: &mut dyn Connection, organization: OrganizationId, id: WebhookId) -> Result<bool> {
    let values = values![text(organization), text(id)];
    on.execute("DELETE FROM platform_deliveries WHERE organization_id = ? AND webhook_id = ?", values).await?;
    Ok(on.execute("DELETE FROM platform_webhooks WHERE organization_id = ? AND id = ?", values).await? > 0)
}

/// Its secrets.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn secrets(on: &mut dyn Connection, organization: OrganizationId, id: WebhookId) -> Result<Option<Secrets>> {
    let sql = "SELECT secret, old_secret, old_secret_until FROM platform_webhooks WHERE organization_id = ? AND id = ?";
    let Some(row) = first(on, sql, values![text(organization), text(id)]).await? else { return Ok(None) };
    let old = row.text_opt("old_secret")?.zip(row.time_opt("old_secret_until")?);
    Ok(Some(Secrets { current: row.text("secret")?, old }))
}

/// Gives it a new secret; the one it had signs as well until then. The version counts up.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn rotate(
    on: &mut dyn Connection,
    organization: OrganizationId,
    id: WebhookId,
    secret: &str,
    old_until: Timestamp,
) -> Result<()> {
    let sql = "UPDATE platform_webhooks
               SET old_secret = secret, old_secret_until = ?, secret = ?, version = version + 1
               WHERE organization_id = ? AND id = ?";
    on.execute(sql, values![old_until, secret, text(organization), text(id)]).await.map(drop)
}

/// Notes that a delivery succeeded.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn worked(on: &mut dyn Connection, id: WebhookId) -> Result<()> {
    let sql = "UPDATE platform_webhooks SET failing_since = NULL WHERE id = ? AND failing_since IS NOT NULL";
    on.execute(sql, values![text(id)]).await.map(drop)
}

/// Notes that an attempt failed; gives the webhook as it is now.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn failed(on: &mut dyn Connection, id: WebhookId, now: Timestamp) -> Result<Option<Webhook>> {
    let sql = format!(
        "UPDATE platform_webhooks SET failing_since = COALESCE(failing_since, ?) WHERE id = ? RETURNING {COLUMNS}"
    );
    first(on, &sql, values![now, text(id)]).await?.as_ref().map(webhook).transpose()
}

/// Switches one off that is on; whether it was. Deliveries that wait are given up; what was meant for it in the
/// meantime can be sent again later, one by one.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn disable(on: &mut dyn Connection, id: WebhookId, now: Timestamp, because: &str) -> Result<bool> {
    let sql = "UPDATE platform_webhooks SET disabled_at = ?, disabled_because = ?, version = version + 1
               WHERE id = ? AND disabled_at IS NULL";
    if on.execute(sql, values![now, because, text(id)]).await? == 0 {
        return Ok(false);
    }
    crate::deliveries::give_up(on, id, because).await?;
    Ok(true)
}
