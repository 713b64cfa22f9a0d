//! A null and a number by turns in one place of one statement, on one connection.

use proofmark_store::connection::first;
use proofmark_store::{Connection, Database, Scope, values};
use proofmark_testkit::services;

async fn by_turns(database: &Database) {
    let mut tx = database.begin(Scope::System).await.unwrap();
    tx.execute("CREATE TABLE turns (n BIGINT, t TEXT, r DOUBLE PRECISION, b BOOLEAN)", values![]).await.unwrap();
    let insert = "INSERT INTO turns VALUES (CAST(? AS BIGINT), ?, CAST(? AS DOUBLE PRECISION), CAST(? AS BOOLEAN))";
    let select = "SELECT COUNT(*) AS n FROM turns WHERE COALESCE(n, -1) = COALESCE(CAST(? AS BIGINT), -1)";
    let rows = [
        (None, None, None, None),
        (Some(0), Some("a"), Some(0.5), Some(true)),
        (None, Some("b"), Some(-1.0), None),
        (Some(i64::MAX), None, None, Some(false)),
        (Some(0x6162_6364_6566_6768), Some("abcdefgh"), None, None),
        (None, None, None, None),
    ];
    for (n, t, r, b) in rows {
        tx.execute(insert, values![n, t, r, b]).await.unwrap();
    }
    for (n, wanted) in [(None, 3), (Some(i64::MAX), 1), (None, 3), (Some(0x6162_6364_6566_6768), 1), (Some(5), 0)] {
        assert_eq!(first(&mut tx, select, values![n]).await.unwrap().unwrap().int("n").unwrap(), wanted, "{n:?}");
    }
    let all = tx.rows("SELECT n, t FROM turns WHERE n IS NOT NULL ORDER BY n", values![]).await.unwrap();
    let numbers: Vec<i64> = all.iter().map(|row| row.int("n").unwrap()).collect();
    assert_eq!(numbers, [0, 0x6162_6364_6566_6768, i64::MAX]);
}

#[tokio::test]
async fn on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    by_turns(&Database::sqlite(&folder.path().join("a.db")).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_postgres() {
    let fresh = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
    by_turns(&Database::postgres(&fresh.url(), 1).await.unwrap()).await;
}
