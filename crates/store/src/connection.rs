//! One way to run SQL, whichever database is beneath and whoever opened the transaction.

use async_trait::async_trait;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use serde::de::DeserializeOwned;
use std::borrow::Cow;
use std::str::FromStr;

/// The SQL that is spoken. Queries avoid the difference; the few that cannot ask for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite 3, one process per file.
    Sqlite,
    /// PostgreSQL 14 or later.
    Postgres,
}

/// A value bound to a `?`.
///
/// A null has no type of its own and is sent as text: where a nullable column is no `TEXT`, the query says
/// `CAST(? AS BIGINT)`.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `NULL`.
    Null,
    /// `BIGINT`.
    Int(i64),
    /// `DOUBLE PRECISION`.
    Real(f64),
    /// `BOOLEAN`.
    Bool(bool),
    /// `TEXT`.
    Text(String),
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Value::Int(v)
    }
}
impl From<u32> for Value {
    fn from(v: u32) -> Self {
        Value::Int(v.into())
    }
}
impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Value::Real(v)
    }
}
impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Value::Bool(v)
    }
}
impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Value::Text(v.to_string())
    }
}
impl From<String> for Value {
    fn from(v: String) -> Self {
        Value::Text(v)
    }
}
impl From<&String> for Value {
    fn from(v: &String) -> Self {
        Value::Text(v.clone())
    }
}
impl From<Timestamp> for Value {
    fn from(v: Timestamp) -> Self {
        Value::Int(v.micros())
    }
}
impl From<proofmark_base::digest::Digest> for Value {
    fn from(v: proofmark_base::digest::Digest) -> Self {
        Value::Text(v.to_string())
    }
}
impl From<&serde_json::Value> for Value {
    fn from(v: &serde_json::Value) -> Self {
        Value::Text(v.to_string())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(v: Option<T>) -> Self {
        v.map_or(Value::Null, Into::into)
    }
}

/// A value that is stored as its text: identifiers, names of states.
pub fn text(v: impl std::fmt::Display) -> Value {
    Value::Text(v.to_string())
}

/// The values of a query in order: `values![id, now, None::<i64>]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::connection::Value::from($value)),*] };
}

/// The columns of one row, by name.
pub trait Columns: Send + Sync {
    /// An integer column.
    ///
    /// # Errors
    /// No such column, or of another type.
    fn int(&self, name: &str) -> Result<Option<i64>>;
    /// A floating-point column.
    ///
    /// # Errors
    /// No such column, or of another type.
    fn real(&self, name: &str) -> Result<Option<f64>>;
    /// A boolean column.
    ///
    /// # Errors
    /// No such column, or of another type.
    fn bool(&self, name: &str) -> Result<Option<bool>>;
    /// A text column.
    ///
    /// # Errors
    /// No such column, or of another type.
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>>;
}

/// A row. What is read from it and does not fit is a defect of ours or a database that somebody edited: a
/// [`Kind::Bug`](proofmark_base::error::Kind::Bug) that names the column.
pub struct Row(Box<dyn Columns>);

impl Row {
    /// A row of these columns.
    pub fn new(columns: impl Columns + 'static) -> Self {
        Row(Box::new(columns))
    }

    /// Integer.
    ///
    /// # Errors
    /// Null, or no such column.
    pub fn int(&self, name: &str) -> Result<i64> {
        self.0.int(name)?.ok_or_else(|| null(name))
    }

    /// Integer or null.
    ///
    /// # Errors
    /// No such column.
    pub fn int_opt(&self, name: &str) -> Result<Option<i64>> {
        self.0.int(name)
    }

    /// Floating-point number.
    ///
    /// # Errors
    /// Null, or no such column.
    pub fn real(&self, name: &str) -> Result<f64> {
        self.0.real(name)?.ok_or_else(|| null(name))
    }

    /// Floating-point number or null.
    ///
    /// # Errors
    /// No such column.
    pub fn real_opt(&self, name: &str) -> Result<Option<f64>> {
        self.0.real(name)
    }

    /// Boolean or null.
    ///
    /// # Errors
    /// No such column.
    pub fn bool_opt(&self, name: &str) -> Result<Option<bool>> {
        self.0.bool(name)
    }

    /// Boolean.
    ///
    /// # Errors
    /// Null, or no such column.
    pub fn bool(&self, name: &str) -> Result<bool> {
        self.0.bool(name)?.ok_or_else(|| null(name))
    }

    /// Text.
    ///
    /// # Errors
    /// Null, or no such column.
    pub fn text(&self, name: &str) -> Result<String> {
        self.0.text(name)?.map(Cow::into_owned).ok_or_else(|| null(name))
    }

    /// Text or null.
    ///
    /// # Errors
    /// No such column.
    pub fn text_opt(&self, name: &str) -> Result<Option<String>> {
        Ok(self.0.text(name)?.map(Cow::into_owned))
    }

    /// A value with a text form: an identifier, a digest, the name of a state.
    ///
    /// # Errors
    /// Null, no such column, or not of that form.
    pub fn parsed<T: FromStr>(&self, name: &str) -> Result<T>
    where
        T::Err: std::fmt::Display,
    {
        let text = self.0.text(name)?.ok_or_else(|| null(name))?;
        text.parse().map_err(|e: T::Err| Error::bug(format!("the column {name} holds `{text}`: {e}")))
    }

    /// The same, or null.
    ///
    /// # Errors
    /// No such column, or not of that form.
    pub fn parsed_opt<T: FromStr>(&self, name: &str) -> Result<Option<T>>
    where
        T::Err: std::fmt::Display,
    {
        self.0
            .text(name)?
            .map(|text| text.parse().map_err(|e: T::Err| Error::bug(format!("the column {name} holds `{text}`: {e}"))))
            .transpose()
    }

    /// An instant, stored as microseconds.
    ///
    /// # Errors
    /// Null, or no such column.
    pub fn time(&self, name: &str) -> Result<Timestamp> {
        Ok(Timestamp::from_micros(self.int(name)?))
    }

    /// An instant or null.
    ///
    /// # Errors
    /// No such column.
    pub fn time_opt(&self, name: &str) -> Result<Option<Timestamp>> {
        Ok(self.int_opt(name)?.map(Timestamp::from_micros))
    }

    /// A value stored as JSON.
    ///
    /// # Errors
    /// Null, no such column, or other JSON.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let text = self.0.text(name)?.ok_or_else(|| null(name))?;
        serde_json::from_str(&text).map_err(|e| Error::bug(format!("the column {name} holds other JSON")).because(e))
    }

    /// The same, or null.
    ///
    /// # Errors
    /// No such column, or not of that form.
    pub fn json_opt<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        if self.0.text(name)?.is_none() { Ok(None) } else { self.json(name).map(Some) }
    }
}

fn null(name: &str) -> Error {
    Error::bug(format!("the column {name} is null"))
}

/// Runs SQL: a connection, or a transaction that somebody opened.
#[async_trait]
pub trait Connection: Send {
    /// What is spoken here.
    fn dialect(&self) -> Dialect;

    /// Runs a statement; gives the number of rows it changed. `?` are placeholders, also in PostgreSQL, and stand
    /// nowhere else.
    ///
    /// # Errors
    /// `Conflict` (`store.unique`, `store.reference`) for a broken constraint, `Unavailable` (`store.unavailable`,
    /// `store.busy`, `store.full`) where trying again may help, else a defect.
    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64>;

    /// Runs a query; gives all rows.
    ///
    /// # Errors
    /// As [`execute`](Connection::execute).
    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>>;
}

/// The first row, if any.
///
/// # Errors
/// As [`Connection::rows`].
pub async fn first(on: &mut dyn Connection, sql: &str, values: &[Value]) -> Result<Option<Row>> {
    Ok(on.rows(sql, values).await?.into_iter().next())
}

/// The SQL with PostgreSQL's numbered placeholders.
pub fn numbered(sql: &str) -> Cow<'_, str> {
    if !sql.contains('?') {
        return Cow::Borrowed(sql);
    }
    let mut out = String::with_capacity(sql.len() + 16);
    let mut n = 0;
    for c in sql.chars() {
        if c == '?' {
            n += 1;
            out.push('$');
            out.push_str(&n.to_string());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}
