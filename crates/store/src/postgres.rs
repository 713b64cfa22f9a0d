//! PostgreSQL behind [`Connection`].

use crate::connection::{Columns, Connection, Dialect, Row, Value, numbered};
use crate::database::error;
use async_trait::async_trait;
use proofmark_base::error::Result;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _};
use std::borrow::Cow;

impl Columns for PgRow {
    fn int(&self, name: &str) -> Result<Option<i64>> {
        self.try_get(name).map_err(error)
    }
    fn real(&self, name: &str) -> Result<Option<f64>> {
        self.try_get(name).map_err(error)
    }
    fn bool(&self, name: &str) -> Result<Option<bool>> {
        self.try_get(name).map_err(error)
    }
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>> {
        Ok(self.try_get::<Option<&str>, _>(name).map_err(error)?.map(Cow::Borrowed))
    }
}

fn bound<'q>(sql: &'q str, values: &'q [Value]) -> Query<'q, Postgres, PgArguments> {
    values.iter().fold(sqlx::query(sql), |q, v| match v {
        Value::Null => q.bind(None::<&str>),
        Value::Int(v) => q.bind(*v),
        Value::Real(v) => q.bind(*v),
        Value::Bool(v) => q.bind(*v),
        Value::Text(v) => q.bind(v.as_str()),
    })
}

/// The statement for these values. The driver keeps prepared statements by their text, with the types that the values
/// had when it first saw them, and a null is sent as text: which ones are null must show in the text, or a number would
/// be read as text later on.
fn statement<'s>(sql: &'s str, values: &[Value]) -> Cow<'s, str> {
    let numbered = numbered(sql);
    let nulls: Vec<String> =
        values.iter().zip(1..).filter(|(v, _)| **v == Value::Null).map(|(_, n): (_, usize)| n.to_string()).collect();
    if nulls.is_empty() { numbered } else { Cow::Owned(format!("{numbered} /* null: {} */", nulls.join(" "))) }
}

#[async_trait]
impl Connection for PgConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        Ok(bound(&statement(sql, values), values).execute(self).await.map_err(error)?.rows_affected())
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        Ok(bound(&statement(sql, values), values)
            .fetch_all(self)
            .await
            .map_err(error)?
            .into_iter()
            .map(Row::new)
            .collect())
    }
}
