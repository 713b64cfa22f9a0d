//! The library's transaction as a [`Connection`] of ours: values and errors one to one.

use async_trait::async_trait;
use durare::{Param, Tx};
use proofmark_base::error::{Error, Result};
use proofmark_store::connection::Columns;
use proofmark_store::{Connection, Dialect, Row, Value};
use std::borrow::Cow;

/// An open transaction of the library.
pub(crate) struct TxConnection<'a, 'c> {
    pub(crate) tx: &'a mut Tx<'c>,
    pub(crate) dialect: Dialect,
}

fn params(values: &[Value]) -> Vec<Param> {
    values
        .iter()
        .map(|v| match v {
            Value::Null => Param::Null,
            Value::Int(v) => Param::Int(*v),
            Value::Real(v) => Param::Float(*v),
            Value::Bool(v) => Param::Bool(*v),
            Value::Text(v) => Param::Text(v.clone()),
        })
        .collect()
}

fn error(e: durare::Error) -> Error {
    match e {
        durare::Error::Db(e) => proofmark_store::database::error(e),
        other => Error::bug("the database answered in a way that was not expected").because(other),
    }
}

/// A row as the library gives it.
struct Found(durare::Row);

impl Columns for Found {
    fn int(&self, name: &str) -> Result<Option<i64>> {
        self.0.try_get(name).map_err(error)
    }
    fn real(&self, name: &str) -> Result<Option<f64>> {
        self.0.try_get(name).map_err(error)
    }
    fn bool(&self, name: &str) -> Result<Option<bool>> {
        self.0.try_get(name).map_err(error)
    }
    fn text(&self, name: &str) -> Result<Option<Cow<'_, str>>> {
        Ok(self.0.try_get::<Option<String>>(name).map_err(error)?.map(Cow::Owned))
    }
}

#[async_trait]
impl Connection for TxConnection<'_, '_> {
    fn dialect(&self) -> Dialect {
        self.dialect
    }

    async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64> {
        self.tx.execute(sql, &params(values)).await.map_err(error)
    }

    async fn rows(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>> {
        let found = self.tx.query_all(sql, &params(values)).await.map_err(error)?;
        Ok(found.into_iter().map(|row| Row::new(Found(row))).collect())
    }
}
