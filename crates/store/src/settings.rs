//! Values of this installation, by name.

use crate::connection::{Connection, first};
use crate::values;
use proofmark_base::error::Result;

/// The value of that name.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, name: &str) -> Result<Option<String>> {
    let row = first(on, "SELECT value FROM platform_settings WHERE name = ?", values![name]).await?;
    row.map(|r| r.text("value")).transpose()
}

/// Sets it.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn set(on: &mut dyn Connection, name: &str, value: &str) -> Result<()> {
    let sql = "INSERT INTO platform_settings (name, value) VALUES (?, ?)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    on.execute(sql, values![name, value]).await?;
    Ok(())
}

/// Takes it away if it has that value: of several who try, one does.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn take(on: &mut dyn Connection, name: &str, value: &str) -> Result<bool> {
    let sql = "DELETE FROM platform_settings WHERE name = ? AND value = ?";
    Ok(on.execute(sql, values![name, value]).await? == 1)
}
