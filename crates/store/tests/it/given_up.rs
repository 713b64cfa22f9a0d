//! Work that is given up while it begins, as a request is whose client hangs up.

use proofmark_store::{Connection, Database, Scope, values};
use proofmark_testkit::services;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Looks so often at the work, letting the database answer in between, and gives it up.
async fn give_up(work: impl Future, looks: u64) {
    let mut work = pin!(work);
    for _ in 0..looks {
        if poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Two beginnings are given up, one to read and one to write: before they begin, while the database is asked, and after it
/// answered. What comes next works.
async fn works_on(database: &Database) {
    let mut tx = database.begin(Scope::System).await.unwrap();
    tx.execute("CREATE TABLE counted (number BIGINT)", values![]).await.unwrap();
    tx.execute("INSERT INTO counted VALUES (0)", values![]).await.unwrap();
    tx.commit().await.unwrap();
    for round in 0..40 {
        give_up(database.read(Scope::System), round % 8).await;
        give_up(database.begin(Scope::System), round % 8).await;
        let mut tx = database.begin(Scope::System).await.unwrap();
        tx.execute("UPDATE counted SET number = number + 1", values![]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = database.read(Scope::System).await.unwrap();
    let rows = tx.rows("SELECT number FROM counted", values![]).await.unwrap();
    assert_eq!(rows[0].int("number").unwrap(), 40);
    drop(tx);
    database.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    works_on(&Database::sqlite(&folder.path().join("a.db")).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let fresh = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
    works_on(&Database::postgres(&fresh.url(), 2).await.unwrap()).await;
    tokio::task::spawn_blocking(move || drop(fresh)).await.unwrap();
}
