//! A fresh database for each test.

use proofmark_flow::{Builder, Engine, ExecutorInfo, Queue};
use proofmark_store::connection::first;
use proofmark_store::{Connection, Database, Scope, values};
use proofmark_testkit::services;
use std::time::Duration;

pub enum Place {
    Sqlite(tempfile::TempDir),
    Postgres(services::Database),
}

pub struct Backend {
    pub database: Database,
    pub place: Place,
}

impl Backend {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("proofmark.db")).await.unwrap();
        Backend { database, place: Place::Sqlite(folder) }
    }

    pub async fn postgres() -> Self {
        let place = services::postgres().fresh_database();
        let database = Database::postgres(&place.url(), 8).await.unwrap();
        Backend { database, place: Place::Postgres(place) }
    }

    /// What a process is told to find the database.
    pub fn address(&self) -> String {
        match &self.place {
            Place::Sqlite(folder) => folder.path().join("proofmark.db").display().to_string(),
            Place::Postgres(place) => place.url(),
        }
    }

    /// A worker with a queue without limits.
    pub fn engine(&self) -> Builder {
        Engine::builder(&self.database).version("1").executor(here(&[])).queue(Queue::new("main")).listen(["main"])
    }

    pub async fn execute(&self, sql: &str) {
        let mut tx = self.database.begin(Scope::System).await.unwrap();
        tx.execute(sql, values![]).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// The one number that a query gives as `n`.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut tx = self.database.read(Scope::System).await.unwrap();
        first(&mut tx, sql, values![]).await.unwrap().unwrap().int("n").unwrap()
    }

    /// A table of the library.
    pub fn table(&self, name: &str) -> String {
        match &self.place {
            Place::Sqlite(_) => name.into(),
            Place::Postgres(_) => format!("flow.{name}"),
        }
    }
}

pub fn here(tools: &[&str]) -> ExecutorInfo {
    ExecutorInfo { host: "test".into(), tools: tools.iter().map(ToString::to_string).collect() }
}

/// Looks until it is so.
pub async fn until<F: AsyncFn() -> bool>(what: &str, limit: Duration, so: F) {
    let begun = std::time::Instant::now();
    while !so().await {
        assert!(begun.elapsed() < limit, "{what}: not within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
