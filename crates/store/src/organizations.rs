//! Organizations.

use crate::connection::{Connection, Row, first, text};
use crate::values;
use proofmark_base::error::Result;
use proofmark_kernel::organization::{Organization, OrganizationId};

fn read(row: &Row) -> Result<Organization> {
    Ok(Organization {
        id: row.parsed("id")?,
        name: row.text("name")?,
        created_at: row.time("created_at")?,
        version: row.int("version")?,
    })
}

/// Adds one.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn insert(on: &mut dyn Connection, o: &Organization) -> Result<()> {
    let sql = "INSERT INTO platform_organizations (id, name, created_at, version) VALUES (?, ?, ?, ?)";
    on.execute(sql, values![text(o.id), &o.name, o.created_at, o.version]).await?;
    Ok(())
}

/// One by its identifier.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn get(on: &mut dyn Connection, id: OrganizationId) -> Result<Option<Organization>> {
    let sql = "SELECT id, name, created_at, version FROM platform_organizations WHERE id = ?";
    first(on, sql, values![text(id)]).await?.map(|r| read(&r)).transpose()
}

/// Every organization of this installation, oldest first.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn all(on: &mut dyn Connection) -> Result<Vec<Organization>> {
    let sql = "SELECT id, name, created_at, version FROM platform_organizations ORDER BY id";
    on.rows(sql, values![]).await?.iter().map(read).collect()
}

/// Writes a changed one; false where `version - 1` is not what is there.
///
/// # Errors
/// As [`Connection::execute`].
pub async fn update(on: &mut dyn Connection, o: &Organization) -> Result<bool> {
    let sql = "UPDATE platform_organizations SET name = ?, version = ? WHERE id = ? AND version = ?";
    Ok(on.execute(sql, values![&o.name, o.version, text(o.id), o.version - 1]).await? == 1)
}
