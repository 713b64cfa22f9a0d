//! Cancelling.

use crate::backend::{Backend, until};
use crate::on_both;
use proofmark_flow::{Child, Context, Engine, EnqueueOptions, Queue, StepOptions};
use proofmark_kernel::run::RunStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

on_both! {
    async fn a_cancelled_run_stops_with_its_children_and_blocking_work_is_told(backend) {
        let (told, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (tell, begin) = (told.clone(), begun.clone());
        let engine = backend
            .engine()
            .register("parent", |ctx: Context, (): ()| async move {
                let one: Child<()> = ctx.child("a", "child", &(), "main", EnqueueOptions::default()).await?;
                one.result().await
            })
            .register("child", move |ctx: Context, (): ()| {
                let (tell, begin) = (tell.clone(), begin.clone());
                async move {
                    ctx.step("block", StepOptions::once(), |cancelled| {
                        let (tell, begin) = (tell.clone(), begin.clone());
                        async move {
                            begin.fetch_add(1, Ordering::SeqCst);
                            let blocking = tokio::task::spawn_blocking(move || {
                                while !cancelled.is_set() {
                                    std::thread::sleep(Duration::from_millis(5));
                                }
                                tell.store(true, Ordering::SeqCst);
                            });
                            blocking.await.unwrap();
                            Ok(())
                        }
                    })
                    .await
                }
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "parent", &(), "main", EnqueueOptions::default()).await.unwrap();
        until("the child runs", Duration::from_secs(10), async || begun.load(Ordering::SeqCst) == 1).await;
        engine.cancel("r").await.unwrap();
        assert_eq!(engine.wait::<()>("r").await.unwrap_err().code, "flow.cancelled");
        assert_eq!(engine.wait::<()>("r/a").await.unwrap_err().code, "flow.cancelled");
        until("told", Duration::from_secs(5), async || told.load(Ordering::SeqCst)).await;
        until("nothing runs", Duration::from_secs(5), async || engine.metrics().await.unwrap().runs == 0).await;
        assert_eq!(engine.status("r/a").await.unwrap().unwrap().status, RunStatus::Cancelled);
        assert_eq!(engine.status("r/a").await.unwrap().unwrap().parent.as_deref(), Some("r"));
        // again: nothing happens, and what has ended stays as it is
        engine.cancel("r").await.unwrap();
    }

    async fn a_run_that_waits_for_a_person_can_be_cancelled(backend) {
        let engine = backend
            .engine()
            .register("park", |ctx: Context, (): ()| async move {
                ctx.recv::<bool>("approval", Duration::from_secs(86_400)).await
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "park", &(), "main", EnqueueOptions::default()).await.unwrap();
        until("it waits", Duration::from_secs(10), async || engine.steps("r").await.unwrap().len() == 1).await;
        engine.cancel("r").await.unwrap();
        until("it is gone", Duration::from_secs(3), async || engine.metrics().await.unwrap().runs == 0).await;
        // a queued one never begins
        engine.enqueue("q", "park", &(), "main", EnqueueOptions { priority: 0, delay: Some(Duration::from_secs(60)) })
            .await
            .unwrap();
        engine.cancel("q").await.unwrap();
        assert_eq!(engine.status("q").await.unwrap().unwrap().status, RunStatus::Cancelled);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_cancels_and_signals_on_postgres() {
    let backend = Backend::postgres().await;
    let declare = |builder: proofmark_flow::Builder| {
        builder.version("1").register("park", |ctx: Context, (): ()| async move {
            ctx.recv::<bool>("approval", Duration::from_secs(86_400)).await
        })
    };
    let worker = declare(backend.engine()).start().await.unwrap();
    // an engine that runs nothing, as an API server has it
    let client = declare(Engine::builder(&backend.database).queue(Queue::new("main"))).start().await.unwrap();
    assert!(client.executor().is_none());
    for id in ["a", "b"] {
        client.enqueue(id, "park", &(), "main", EnqueueOptions::default()).await.unwrap();
    }
    until("both wait", Duration::from_secs(10), async || {
        client.steps("a").await.unwrap().len() + client.steps("b").await.unwrap().len() == 2
    })
    .await;
    client.cancel("a").await.unwrap();
    client.signal("b", "approval", &true, "k").await.unwrap();
    assert_eq!(client.wait::<Option<bool>>("b").await.unwrap(), Some(true));
    until("nothing runs", Duration::from_secs(5), async || worker.metrics().await.unwrap().runs == 0).await;
    assert_eq!(client.wait::<Option<bool>>("a").await.unwrap_err().code, "flow.cancelled");
    assert_eq!(client.executors(10).await.unwrap().len(), 1);
}
