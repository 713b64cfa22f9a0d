//! Work that is given up while it begins, as a request is whose client hangs up.

use proofmark_store::{Connection, Database, Scope, values};
use proofmark_testkit::services;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Does the work for so long, and gives it up. Timers are too coarse for it.
async fn for_a_moment(work: impl Future, moment: Duration) {
    let (mut work, began) = (pin!(work), Instant::now());
    loop {
        let done = poll_fn(|context| Poll::Ready(work.as_mut().poll(context).is_ready())).await;
        if done || began.elapsed() >= moment {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_whose_beginning_was_given_up_holds_nobody() {
    let fresh = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
    let database = Database::postgres(&fresh.url(), 2).await.unwrap();
    let mut tx = database.begin(Scope::System).await.unwrap();
    tx.execute("CREATE TABLE counted (number BIGINT)", values![]).await.unwrap();
    tx.execute("INSERT INTO counted VALUES (0)", values![]).await.unwrap();
    tx.commit().await.unwrap();
    for round in 0..300_u64 {
        // given up before it begins, while the server is asked, and after it answered
        for_a_moment(database.read(Scope::System), Duration::from_micros(round)).await;
        let mut tx = database.begin(Scope::System).await.unwrap();
        tx.execute("UPDATE counted SET number = number + 1", values![]).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = database.read(Scope::System).await.unwrap();
    let rows = tx.rows("SELECT number FROM counted", values![]).await.unwrap();
    assert_eq!(rows[0].int("number").unwrap(), 300);
    drop(tx);
    database.close().await;
    tokio::task::spawn_blocking(move || drop(fresh)).await.unwrap();
}
