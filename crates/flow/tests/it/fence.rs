//! What an executor whose work was given away can still do: nothing. PostgreSQL.

use crate::backend::{Backend, Place, until};
use proofmark_flow::{Context, EnqueueOptions, StepOptions};
use proofmark_kernel::run::RunStatus;
use proofmark_store::{Scope, values};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::sync::Notify;

/// A run that is in a step, or in a transaction, while its executor's work is given away.
async fn given_away_during(what: &'static str) {
    let backend = Backend::postgres().await;
    backend.execute("CREATE TABLE effects (attempt BIGINT)").await;
    let (attempts, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let (count, gate) = (attempts.clone(), go.clone());
    let engine = backend
        .engine()
        .register("work", move |ctx: Context, (): ()| {
            let (count, gate) = (count.clone(), gate.clone());
            async move {
                if what == "step" {
                    ctx.step("work", StepOptions::once(), |_| async {
                        let attempt = count.fetch_add(1, Ordering::SeqCst);
                        if attempt == 0 {
                            gate.notified().await;
                        }
                        Ok(attempt)
                    })
                    .await
                } else {
                    let (count, gate) = (count.clone(), gate.clone());
                    ctx.tx("work", Scope::System, move |on| {
                        let (count, gate) = (count.clone(), gate.clone());
                        Box::pin(async move {
                            let attempt = count.fetch_add(1, Ordering::SeqCst);
                            on.execute("INSERT INTO effects VALUES (?)", values![attempt]).await?;
                            if attempt == 0 {
                                gate.notified().await;
                            }
                            Ok(attempt)
                        })
                    })
                    .await
                }
            }
        })
        .start()
        .await
        .unwrap();
    engine.enqueue("r", "work", &(), "main", EnqueueOptions::default()).await.unwrap();
    until("it works", Duration::from_secs(10), async || attempts.load(Ordering::SeqCst) == 1).await;
    let before = engine.executor().unwrap();
    // what a sweeper does; the executor learns of it with its next beat, and records before that
    backend.execute("UPDATE platform_executors SET taken_over_at = 1").await;
    go.notify_one();
    assert_eq!(engine.wait::<u32>("r").await.unwrap(), 1, "the second attempt's result is the recorded one");
    assert_eq!(attempts.load(Ordering::SeqCst), 2);
    assert_ne!(engine.executor().unwrap(), before, "it goes on under another entry");
    let kept = backend.number("SELECT COUNT(*) AS n FROM effects").await;
    assert_eq!(kept, if what == "step" { 0 } else { 1 });
    assert_eq!(engine.status("r").await.unwrap().unwrap().status, RunStatus::Succeeded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_step_is_not_recorded() {
    given_away_during("step").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_transaction_is_rolled_back() {
    given_away_during("tx").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_and_giving_away_wait_for_each_other() {
    let backend = Backend::postgres().await;
    let engine = backend.engine().register("x", |_: Context, (): ()| async { Ok(()) }).start().await.unwrap();
    engine.enqueue("r", "x", &(), "main", EnqueueOptions::default()).await.unwrap();
    engine.wait::<()>("r").await.unwrap();
    engine.drain(Duration::ZERO).await.unwrap();
    let Place::Postgres(place) = &backend.place else { unreachable!() };
    let options: sqlx::postgres::PgConnectOptions = place.url().parse().unwrap();
    backend
        .execute(
            "INSERT INTO platform_executors (id, host, version, queues, tools, started_at, beat_at)
             VALUES ('exec_00000000000000000000000001', 'h', '1', '[]', '[]', 1, 1)",
        )
        .await;
    let id: proofmark_flow::ExecutorId = "exec_00000000000000000000000001".parse().unwrap();
    let pool = sqlx::PgPool::connect_lazy_with(options.options([("proofmark.executor", id.to_string())]));
    let insert = "INSERT INTO flow.operation_outputs (workflow_uuid, function_id, function_name) VALUES ('r', $1, 'n')";
    // a record that is not committed yet holds the giving away up
    let mut open = pool.begin().await.unwrap();
    sqlx::query(insert).bind(100).execute(&mut *open).await.unwrap();
    let database = backend.database.clone();
    let giving = tokio::spawn(async move {
        let mut tx = database.begin(Scope::System).await.unwrap();
        let seen = proofmark_store::executors::find(&mut tx, id).await.unwrap().unwrap().beat_at;
        assert!(proofmark_store::executors::take_over(&mut tx, id, seen).await.unwrap());
        tx.commit().await.unwrap();
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!giving.is_finished());
    open.commit().await.unwrap();
    giving.await.unwrap();
    // and after it there are none
    let refused = sqlx::query(insert).bind(101).execute(&pool).await.unwrap_err();
    assert!(refused.to_string().contains("was given away"), "{refused}");
    let status = "UPDATE flow.workflow_status SET status = 'ERROR' WHERE workflow_uuid = 'r'";
    assert!(sqlx::query(status).execute(&pool).await.unwrap_err().to_string().contains("was given away"));
}
