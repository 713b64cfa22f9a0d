//! The workflow library's tables, made without starting an engine: for migrations and restores.

use crate::error::read;
use crate::postgres::Connections;
use durare::{SqliteProvider, StateProvider};
use proofmark_base::error::{Error, Result};
use proofmark_store::Database;

/// Makes the tables of the workflow library, or brings them up to date. Engines do so when they start.
///
/// # Errors
/// `store.*`.
pub async fn prepare(database: &Database) -> Result<()> {
    if let Some(writer) = database.sqlite_writer() {
        return SqliteProvider::from_pool(writer.clone()).init().await.map_err(read);
    }
    let model =
        database.postgres_pool().ok_or_else(|| Error::bug("a database that is neither SQLite nor PostgreSQL"))?;
    // connections of its own: the migration leaves another search path on the one it ran on
    let connections = Connections::new(model, None, 1);
    let made = connections.provider().await;
    connections.pool.close().await;
    made.map(drop)
}
