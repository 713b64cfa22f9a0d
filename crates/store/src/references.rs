//! Which blobs rows refer to: what a backup copies and what a collection of garbage leaves alone.
//!
//! Workflows write digests wherever they like in what they record. So every run of 64 hexadecimal digits in a column
//! that may refer to a blob counts as a reference: a text that only looks like one keeps a blob, or names none.

use crate::archive::catalog;
use crate::connection::{Connection, Dialect};
use crate::database::Transaction;
use crate::values;
use futures_util::stream::StreamExt;
use proofmark_base::digest::Digest;
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use std::collections::{BTreeSet, HashSet};

/// Columns that may refer to blobs, by table. A table that is neither here nor in [`WITHOUT`] fails a test.
pub const REFERRING: &[(&str, &[&str])] = &[
    ("platform_artifacts", &["digest"]),
    ("platform_approvals", &["subjects"]),
    ("platform_releases", &["subjects", "envelope"]),
    ("platform_runs", &["input", "result"]),
    ("platform_uploads", &["digest"]),
];

/// The same of the workflow library. Rows of runs that ended long ago count for a backup only.
pub const REFERRING_OF_RUNS: &[(&str, &str, &[&str])] = &[
    ("flow.workflow_status", "workflow_uuid", &["inputs", "output", "error"]),
    ("flow.operation_outputs", "workflow_uuid", &["output", "error"]),
    ("flow.notifications", "destination_uuid", &["message"]),
    ("flow.workflow_events", "workflow_uuid", &["value"]),
    ("flow.workflow_events_history", "workflow_uuid", &["value"]),
    ("flow.streams", "workflow_uuid", &["value"]),
];

/// Tables whose rows refer to no blob.
pub const WITHOUT: &[&str] = &[
    "platform_organizations",
    "platform_principals",
    "platform_projects",
    "platform_grants",
    "platform_credentials",
    "platform_identities",
    "platform_recovery_codes",
    "platform_links",
    "platform_throttles",
    "platform_oidc_sign_ins",
    "platform_provided_grants",
    "platform_certificates",
    "platform_sessions",
    "platform_tokens",
    "platform_run_events",
    "platform_steps",
    "platform_checks",
    "platform_claims",
    "platform_audit",
    "platform_audit_heads",
    "platform_audit_checkpoints",
    "platform_outbox",
    "platform_webhooks",
    "platform_deliveries",
    "platform_idempotency",
    "platform_settings",
    "platform_executors",
    "flow.application_versions",
    "flow.event_dispatch_kv",
    "flow.queues",
    "flow.workflow_schedules",
];

/// Adds the digests in a text.
fn scan(text: &str, to: &mut BTreeSet<Digest>) {
    let hex = |c: &u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    let mut run = 0;
    for (at, byte) in text.as_bytes().iter().enumerate() {
        run = if hex(byte) { run + 1 } else { 0 };
        // every window: an escape before a digest may end in a digit
        if run >= 64
            && let Ok(digest) = text[at - 63..=at].parse()
        {
            to.insert(digest);
        }
    }
}

/// Digests that are those of blobs and nothing else: of artifacts and of the envelopes of releases. One that is not in
/// the blob store is lost.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn needed(tx: &mut Transaction) -> Result<BTreeSet<Digest>> {
    let mut found = BTreeSet::new();
    let mut rows = tx.stream("SELECT digest FROM platform_artifacts UNION SELECT envelope FROM platform_releases");
    while let Some(row) = rows.next().await.transpose()? {
        found.insert(row.parsed("digest")?);
    }
    Ok(found)
}

/// Digests of all blobs that rows refer to. With `ended_before`, what only the records of runs refer to that ended before
/// then is left out: such a run can be repeated, but no more from one of its steps.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn referred(tx: &mut Transaction, ended_before: Option<Timestamp>) -> Result<BTreeSet<Digest>> {
    let mut found = BTreeSet::new();
    let tables = catalog::tables(tx).await?;
    let sql_of = |name: &str| tables.iter().find(|t| t.name == name).map(|t| t.sql.clone());
    for (table, columns) in REFERRING {
        let Some(table) = sql_of(table) else { continue };
        each(tx, &table, None, columns, &mut |_, text| scan(text, &mut found)).await?;
    }
    let over = match ended_before {
        Some(moment) if sql_of("flow.workflow_status").is_some() => over(tx, moment).await?,
        _ => HashSet::new(),
    };
    for (table, run, columns) in REFERRING_OF_RUNS {
        let Some(table) = sql_of(table) else { continue };
        let mut text = |id: &str, text: &str| {
            if !over.contains(root(id)) {
                scan(text, &mut found);
            }
        };
        each(tx, &table, Some(run), columns, &mut text).await?;
    }
    Ok(found)
}

async fn each(
    tx: &mut Transaction,
    table: &str,
    run: Option<&str>,
    columns: &[&str],
    text: &mut (dyn FnMut(&str, &str) + Send),
) -> Result<()> {
    let mut names = columns.to_vec();
    names.extend(run);
    let sql = format!("SELECT {} FROM {table}", names.join(", "));
    let mut rows = tx.stream(&sql);
    while let Some(row) = rows.next().await.transpose()? {
        let id = run.map(|r| row.text(r)).transpose()?.unwrap_or_default();
        for column in columns {
            if let Some(value) = row.text_opt(column)? {
                text(&id, &value);
            }
        }
    }
    Ok(())
}

/// The run that starts an execution's family: children are named `RUN/STEP`.
fn root(id: &str) -> &str {
    id.split('/').next().unwrap_or_default()
}

/// Runs that ended before that moment, all their children with them, by the records of the workflow library and of the
/// platform. A run that only one of them knows to have ended counts as open.
async fn over(tx: &mut Transaction, moment: Timestamp) -> Result<HashSet<String>> {
    let table = match tx.dialect() {
        Dialect::Sqlite => "workflow_status",
        Dialect::Postgres => "flow.workflow_status",
    };
    let mut over = HashSet::new();
    let sql = format!(
        "SELECT r.id AS id FROM platform_runs r JOIN {table} w ON w.workflow_uuid = r.id
         WHERE r.ended_at < {} AND w.updated_at < {} AND w.status IN ('SUCCESS', 'ERROR', 'CANCELLED')",
        moment.micros(),
        moment.millis()
    );
    for row in tx.rows(&sql, values![]).await? {
        over.insert(row.text("id")?);
    }
    let sql = format!(
        "SELECT workflow_uuid AS id FROM {table}
         WHERE updated_at >= {} OR status NOT IN ('SUCCESS', 'ERROR', 'CANCELLED') OR status IS NULL",
        moment.millis()
    );
    for row in tx.rows(&sql, values![]).await? {
        over.remove(root(&row.text("id")?));
    }
    Ok(over)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[tokio::test]
    async fn every_table_says_whether_it_refers_to_blobs() {
        let folder = tempfile::tempdir().unwrap();
        let database = crate::Database::sqlite(&folder.path().join("a.db")).await.unwrap();
        let mut tx = database.read(crate::Scope::System).await.unwrap();
        for table in catalog::tables(&mut tx).await.unwrap() {
            let refers = REFERRING.iter().find(|(name, _)| *name == table.name);
            assert!(refers.is_some() != WITHOUT.contains(&table.name.as_str()), "{}: say so here", table.name);
            for column in refers.iter().flat_map(|(_, columns)| columns.iter()) {
                assert!(table.columns.iter().any(|c| c.name == **column), "{}.{column}", table.name);
            }
        }
    }

    proptest! {
        /// Wherever a digest stands in a text, it is found.
        #[test]
        fn a_digest_in_any_text_is_found(before in "\\PC{0,40}[0-9a-f\\\\\"]{0,9}", after in "[0-9a-f\"]{0,9}\\PC{0,40}", bytes in any::<u64>()) {
            let digest = Digest::of(&bytes.to_le_bytes());
            let mut found = BTreeSet::new();
            scan(&format!("{before}{digest}{after}"), &mut found);
            prop_assert!(found.contains(&digest));
            let escaped = serde_json::json!({"x": format!("{before}\u{8}{digest}")}).to_string();
            found.clear();
            scan(&escaped, &mut found);
            prop_assert!(found.contains(&digest));
        }
    }
}
