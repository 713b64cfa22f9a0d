//! PostgreSQL behind [`Connection`].

use crate::connection::{Columns, Connection, Dialect, Row, Value, numbered};
use crate::database::error;
use async_trait::async_trait;
use proofmark_base::error::Result;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Postgres, Row as _};

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
    fn text(&self, name: &str) -> Result<Option<String>> {
        self.try_get(name).map_err(error)
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

#[async_trait]
impl Connection for PgConnection {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        Ok(bound(&numbered(sql), values).execute(self).await.map_err(error)?.rows_affected())
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        Ok(bound(&numbered(sql), values).fetch_all(self).await.map_err(error)?.into_iter().map(Row::new).collect())
    }
}
