//! While a backup copies blobs, nothing collects any: a mark in the database says so, renewed while the backup lives.

use crate::database::{Database, Scope, now};
use crate::values;
use crate::{Connection, settings};
use proofmark_base::error::Result;
use proofmark_base::id::Random;
use proofmark_base::time::Timestamp;
use std::time::Duration;

/// Marks are values of the installation with such names.
pub(super) const PREFIX: &str = "backup.";
/// How long a mark is good without being renewed.
const LIFE: Duration = Duration::from_secs(600);
/// How often it is renewed.
const RENEWED: Duration = Duration::from_secs(60);

/// A mark of a backup. Dropped without [`end`](Hold::end) it ends by itself ten minutes later.
pub struct Hold {
    database: Database,
    name: String,
    renewing: tokio::task::JoinHandle<()>,
}

async fn mark(database: &Database, name: &str) -> Result<()> {
    let mut tx = database.begin(Scope::System).await?;
    let until = now(&mut tx).await?.after(LIFE);
    settings::set(&mut tx, name, &until.micros().to_string()).await?;
    tx.commit().await
}

impl Hold {
    /// Sets the mark. To be done before the snapshot is taken.
    ///
    /// # Errors
    /// `store.unavailable`, `store.busy`.
    pub async fn begin(database: &Database) -> Result<Hold> {
        let mut bits = [0_u8; 8];
        crate::system::SystemRandom.fill(&mut bits);
        let name = format!("{PREFIX}{:016x}", u64::from_le_bytes(bits));
        mark(database, &name).await?;
        let (of, its) = (database.clone(), name.clone());
        let renewing = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWED).await;
                if let Err(e) = mark(&of, &its).await {
                    tracing::warn!(error = %e, "the mark of a backup is renewed later");
                }
            }
        });
        Ok(Hold { database: database.clone(), name, renewing })
    }

    /// Takes the mark away.
    ///
    /// # Errors
    /// `store.unavailable`, `store.busy`.
    pub async fn end(self) -> Result<()> {
        self.renewing.abort();
        let mut tx = self.database.begin(Scope::System).await?;
        tx.execute("DELETE FROM platform_settings WHERE name = ?", values![&self.name]).await?;
        tx.commit().await
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

/// Until when a backup holds blobs, if one does.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn held(on: &mut dyn Connection) -> Result<Option<Timestamp>> {
    let now = now(on).await?;
    let sql = "SELECT value FROM platform_settings WHERE name LIKE 'backup.%'";
    let mut last = None;
    for row in on.rows(sql, values![]).await? {
        let until = Timestamp::from_micros(row.parsed("value")?);
        if until > now {
            last = last.max(Some(until));
        }
    }
    Ok(last)
}
