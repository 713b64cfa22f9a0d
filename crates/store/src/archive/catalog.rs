//! The tables that there are, as the database itself says: those of the platform and those of the workflow library, under
//! names that both databases share.

use crate::connection::{Connection, Dialect, first};
use crate::values;
use proofmark_base::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where the workflow library has its tables on PostgreSQL. On SQLite they lie beside ours.
const FLOW: &str = "flow";
/// What the migrations themselves keep.
const BOOKKEEPING: &[&str] = &["platform_migrations", "_sqlx_migrations"];

/// What a column holds, whichever database it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Holds {
    /// An integer of 64 bits.
    Int,
    /// A floating-point number of 64 bits.
    Real,
    /// True or false.
    Bool,
    /// Text; also decimal numbers and JSON, in their text form.
    Text,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
    /// Its type here, where a value must be cast to it.
    cast: Option<String>,
    /// Whether it is read as text though its type is another.
    as_text: bool,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// `platform_runs`, `flow.workflow_status`.
    pub name: String,
    /// The same in SQL.
    pub sql: String,
    /// In the order of the database.
    pub columns: Vec<Column>,
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

impl Table {
    /// A query for all rows, columns in order.
    pub(super) fn select(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|c| match c.as_text {
                true => format!("CAST({0} AS TEXT) AS {0}", quoted(&c.name)),
                // one type for all integers, whatever the table has
                false if c.cast.is_some() && c.holds == Holds::Int => {
                    format!("CAST({0} AS BIGINT) AS {0}", quoted(&c.name))
                }
                false => quoted(&c.name),
            })
            .collect();
        format!("SELECT {} FROM {}", columns.join(", "), self.sql)
    }

    /// A statement that adds that many rows with these of its columns.
    pub(super) fn insert(&self, columns: &[&Column], rows: usize) -> String {
        let names: Vec<String> = columns.iter().map(|c| quoted(&c.name)).collect();
        let places: Vec<String> = columns
            .iter()
            .map(|c| c.cast.as_ref().map_or_else(|| "?".to_string(), |t| format!("CAST(? AS {t})")))
            .collect();
        let row = format!("({})", places.join(", "));
        format!("INSERT INTO {} ({}) VALUES {}", self.sql, names.join(", "), vec![row; rows].join(", "))
    }
}

/// What a type of either database holds, the cast it needs on PostgreSQL, and whether it is read as text.
fn holds(dialect: Dialect, declared: &str) -> Option<(Holds, Option<String>, bool)> {
    let name = declared.to_lowercase();
    let word = name.split('(').next().unwrap_or_default().trim();
    let (holds, as_text) = match word {
        "bigint" | "integer" | "int" | "smallint" => (Holds::Int, false),
        "boolean" => (Holds::Bool, false),
        "double precision" | "real" => (Holds::Real, false),
        "text" | "character varying" | "varchar" => (Holds::Text, false),
        "numeric" | "json" | "jsonb" | "uuid" => (Holds::Text, true),
        _ => return None,
    };
    let as_text = as_text || word == "character varying";
    let cast = (dialect == Dialect::Postgres && word != "text").then(|| name.clone());
    Some((holds, cast, as_text))
}

/// All tables with rows of anybody, those before that others refer to.
///
/// # Errors
/// As [`Connection::rows`]; a defect where a column has a type that is not known here.
pub async fn tables(on: &mut dyn Connection) -> Result<Vec<Table>> {
    let dialect = on.dialect();
    let (columns, references) = match dialect {
        Dialect::Sqlite => (
            "SELECT CASE WHEN m.name LIKE 'platform\\_%' ESCAPE '\\' THEN '' ELSE 'flow' END AS space,
                m.name AS table_name, p.name AS column_name, p.type AS type
             FROM sqlite_master m JOIN pragma_table_info(m.name) p
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY m.name, p.cid",
            "SELECT m.name AS child, f.\"table\" AS parent
             FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'",
        ),
        Dialect::Postgres => (
            "SELECT CASE WHEN n.nspname = 'flow' THEN 'flow' ELSE '' END AS space, CAST(c.relname AS TEXT) AS table_name,
                CAST(a.attname AS TEXT) AS column_name, CAST(format_type(a.atttypid, a.atttypmod) AS TEXT) AS type
             FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
                AND (n.nspname = 'flow' OR (n.nspname = current_schema() AND c.relname LIKE 'platform\\_%'))
             ORDER BY c.relname, a.attnum",
            "SELECT CAST(c.relname AS TEXT) AS child, CAST(p.relname AS TEXT) AS parent
             FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
             WHERE k.contype = 'f'",
        ),
    };
    let mut found: BTreeMap<String, Table> = BTreeMap::new();
    for row in on.rows(columns, values![]).await? {
        let (space, name, column) = (row.text("space")?, row.text("table_name")?, row.text("column_name")?);
        if BOOKKEEPING.contains(&name.as_str()) {
            continue;
        }
        let declared = row.text("type")?;
        let (holds, cast, as_text) = holds(dialect, &declared)
            .ok_or_else(|| Error::bug(format!("the column {name}.{column} has the type `{declared}`")))?;
        let table = found.entry(name.clone()).or_insert_with(|| Table {
            sql: match dialect {
                Dialect::Postgres if space == FLOW => format!("{FLOW}.{}", quoted(&name)),
                _ => quoted(&name),
            },
            name: if space == FLOW { format!("{FLOW}.{name}") } else { name.clone() },
            columns: Vec::new(),
        });
        table.columns.push(Column { name: column, holds, cast, as_text });
    }
    let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for row in on.rows(references, values![]).await? {
        let (child, parent) = (row.text("child")?, row.text("parent")?);
        if child != parent && found.contains_key(&child) && found.contains_key(&parent) {
            needs.entry(child).or_default().insert(parent);
        }
    }
    let mut ordered = Vec::new();
    while !found.is_empty() {
        let ready = |name: &String| needs.get(name).is_none_or(|n| n.iter().all(|p| !found.contains_key(p)));
        let next = found.keys().find(|name| ready(name)).cloned();
        let next = next.ok_or_else(|| Error::bug("tables refer to each other in a circle"))?;
        ordered.extend(found.remove(&next));
    }
    Ok(ordered)
}

/// Number of the newest migration of the workflow library; none where it has no tables yet.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn workflow_schema(on: &mut dyn Connection) -> Result<Option<i64>> {
    let (there, version) = match on.dialect() {
        Dialect::Sqlite => (
            "SELECT COUNT(*) AS number FROM sqlite_master WHERE type = 'table' AND name = '_sqlx_migrations'",
            "SELECT MAX(version) AS number FROM _sqlx_migrations",
        ),
        Dialect::Postgres => (
            "SELECT COUNT(*) AS number FROM pg_class WHERE oid = to_regclass('flow._sqlx_migrations')",
            "SELECT MAX(version) AS number FROM flow._sqlx_migrations",
        ),
    };
    let none = || Error::bug("no row from an aggregate");
    if first(on, there, values![]).await?.ok_or_else(none)?.int("number")? == 0 {
        return Ok(None);
    }
    first(on, version, values![]).await?.ok_or_else(none)?.int_opt("number")
}
