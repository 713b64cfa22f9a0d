//! Errors from where they arise to who asks.

use crate::backend::Backend;
use crate::on_both;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_flow::{Context, EnqueueOptions, StepOptions};
use proofmark_kernel::run::RunStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

fn full() -> Error {
    Error::new(Kind::BudgetExceeded, "test.budget", "too much")
        .at("/amount", "this")
        .help("ask for less")
        .retry_after(9)
}

on_both! {
    async fn a_failed_run_gives_its_error_as_it_was(backend) {
        let engine = backend
            .engine()
            .register("fail", |ctx: Context, at: String| async move {
                match at.as_str() {
                    "step" => ctx.step("s", StepOptions::once(), |_| async { Err::<(), _>(full()) }).await,
                    "panic" => panic!("oh"),
                    "step panic" => {
                        ctx.step("s", StepOptions::once(), |_| async { if true { panic!("oh") } Ok(()) }).await
                    }
                    _ => Err(full()),
                }
            })
            .start()
            .await
            .unwrap();
        for at in ["step", "body"] {
            engine.enqueue(at, "fail", at, "main", EnqueueOptions::default()).await.unwrap();
            let e = engine.wait::<()>(at).await.unwrap_err();
            assert_eq!((e.kind, e.code.as_ref(), e.detail.as_str()), (Kind::BudgetExceeded, "test.budget", "too much"));
            assert_eq!((e.places, e.help, e.retry_after), (full().places, full().help, full().retry_after));
            assert_eq!(engine.status(at).await.unwrap().unwrap().status, RunStatus::Failed);
        }
        for (id, at) in [("p1", "panic"), ("p2", "step panic")] {
            engine.enqueue(id, "fail", at, "main", EnqueueOptions::default()).await.unwrap();
            assert_eq!(engine.wait::<()>(id).await.unwrap_err().kind, Kind::Bug);
        }
        engine.enqueue("input", "fail", &7, "main", EnqueueOptions::default()).await.unwrap();
        assert_eq!(engine.wait::<()>("input").await.unwrap_err().code, "flow.input");
    }

    async fn a_step_is_tried_again_when_that_may_help_and_only_then(backend) {
        let tries = Arc::new(AtomicU32::new(0));
        let seen = tries.clone();
        let engine = backend
            .engine()
            .register("try", move |ctx: Context, kind: String| {
                let seen = seen.clone();
                async move {
                    let options = StepOptions::default().retries(2).backoff(Duration::from_millis(10));
                    ctx.step("s", options.timeout(Duration::from_millis(80)), |cancelled| {
                        let (seen, kind) = (seen.clone(), kind.clone());
                        async move {
                            let nth = seen.fetch_add(1, Ordering::SeqCst);
                            match kind.as_str() {
                                "slow" if nth < 1 => {
                                    cancelled.wait().await;
                                    Ok(nth)
                                }
                                "away" if nth < 2 => Err(Error::unavailable("test.away", "away")),
                                "always" => Err(Error::unavailable("test.away", "away")),
                                "wrong" => Err(Error::invalid("test.wrong", "wrong")),
                                _ => Ok(nth),
                            }
                        }
                    })
                    .await
                }
            })
            .start()
            .await
            .unwrap();
        let run = async |kind: &str| -> (Result<u32>, u32) {
            tries.store(0, Ordering::SeqCst);
            engine.enqueue(kind, "try", kind, "main", EnqueueOptions::default()).await.unwrap();
            (engine.wait::<u32>(kind).await, tries.load(Ordering::SeqCst))
        };
        assert_eq!(run("away").await.0.unwrap(), 2);
        assert_eq!(run("slow").await.0.unwrap(), 1);
        let (done, times) = run("always").await;
        assert_eq!((done.unwrap_err().code.as_ref(), times), ("test.away", 3));
        let (done, times) = run("wrong").await;
        assert_eq!((done.unwrap_err().code.as_ref(), times), ("test.wrong", 1));
    }

    async fn what_is_not_declared_is_refused(backend) {
        let engine = backend
            .engine()
            .register("x", |_: Context, (): ()| async { Ok(()) })
            .start()
            .await
            .unwrap();
        let put = async |id: &str, workflow: &str, queue: &str| {
            let done = engine.enqueue(id, workflow, &(), queue, EnqueueOptions::default()).await;
            done.unwrap_err().code.to_string()
        };
        assert_eq!(put("r", "y", "main").await, "flow.unknown-workflow");
        // two strings side by side cannot be mistaken for each other: neither is the other's name
        assert_eq!(put("r", "main", "x").await, "flow.unknown-workflow");
        assert_eq!(put("r", "x", "other").await, "flow.unknown-queue");
        assert_eq!(put("a/b", "x", "main").await, "flow.id");
        assert_eq!(engine.signal("nobody", "t", &1, "k").await.unwrap_err().code, "run.not-found");
        assert_eq!(engine.cancel("nobody").await.unwrap_err().code, "run.not-found");
        assert_eq!(engine.wait::<()>("nobody").await.unwrap_err().code, "run.not-found");
        assert!(engine.status("nobody").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn odd_declarations_are_refused() {
    let backend = Backend::sqlite().await;
    let none = |_: Context, (): ()| async { Ok(()) };
    let queue = proofmark_flow::Queue::new;
    let cases = [
        backend.engine().register("a", none).register("a", none),
        backend.engine().queue(queue("main")),
        backend.engine().queue(queue("none").per_worker(0)),
        backend.engine().listen(["elsewhere"]),
        backend.engine().version(""),
        // work that needs a tool goes only to who has it
        backend.engine().queue(queue("gpu").needs("cuda")).listen(["gpu"]),
    ];
    for case in cases {
        assert_eq!(case.start().await.err().unwrap().code, "flow.declaration");
    }
}
