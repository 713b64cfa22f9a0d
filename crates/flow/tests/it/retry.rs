//! Retrying from a step, and changed workflows.

use crate::on_both;
use proofmark_base::error::{Error, Kind};
use proofmark_flow::{Builder, Context, EnqueueOptions, StepOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

on_both! {
    async fn a_retry_keeps_what_came_before_the_step(backend) {
        let (first, second) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (one, two) = (first.clone(), second.clone());
        let engine = backend
            .engine()
            .register("two", move |ctx: Context, (): ()| {
                let (one, two) = (one.clone(), two.clone());
                async move {
                    let once = StepOptions::once();
                    let a = ctx.step("fetch", once, |_| async { Ok(one.fetch_add(1, Ordering::SeqCst)) }).await?;
                    ctx.step("build", once, |_| async {
                        match two.fetch_add(1, Ordering::SeqCst) {
                            0 => Err(Error::invalid("test.first", "the first time")),
                            n => Ok(n),
                        }
                    })
                    .await?;
                    ctx.step("twice", once, |_| async { Ok(()) }).await?;
                    ctx.step("twice", once, |_| async { Ok(()) }).await?;
                    Ok(a)
                }
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "two", &(), "main", EnqueueOptions::default()).await.unwrap();
        assert_eq!(engine.wait::<u32>("r").await.unwrap_err().code, "test.first");
        engine.retry_from("r", "build", "r2", "main").await.unwrap();
        // the same call once more changes nothing
        engine.retry_from("r", "build", "r2", "main").await.unwrap();
        assert_eq!(engine.wait::<u32>("r2").await.unwrap(), 0);
        assert_eq!((first.load(Ordering::SeqCst), second.load(Ordering::SeqCst)), (1, 2));
        assert_eq!(engine.status("r2").await.unwrap().unwrap().retry_of.as_deref(), Some("r"));
        let code = async |step: &str, new: &str| engine.retry_from("r2", step, new, "main").await.unwrap_err().code;
        assert_eq!(code("nothing", "r3").await, "flow.unknown-step");
        assert_eq!(code("twice", "r3").await, "flow.ambiguous-step");
        assert_eq!(code("build", "r").await, "flow.id-taken");
        engine.retry_from("r2", "twice@3", "r3", "main").await.unwrap();
        assert_eq!(engine.wait::<u32>("r3").await.unwrap(), 0);
        assert_eq!(second.load(Ordering::SeqCst), 2);
    }

    async fn a_changed_workflow_goes_on_with_old_runs_behind_a_patch(backend) {
        let old = |b: Builder| b.register("w", |ctx: Context, (): ()| async move {
            ctx.step("a", StepOptions::once(), |_| async { Ok(()) }).await?;
            ctx.recv::<()>("go", Duration::from_secs(60)).await?;
            ctx.step("c", StepOptions::once(), |_| async { Ok(()) }).await?;
            Ok("old".to_string())
        });
        let new = |b: Builder, guarded: bool| b.register("w", move |ctx: Context, (): ()| async move {
            let changed = !guarded || ctx.patch("better").await?;
            if changed {
                ctx.step("b", StepOptions::once(), |_| async { Ok(()) }).await?;
            } else {
                ctx.step("a", StepOptions::once(), |_| async { Ok(()) }).await?;
            }
            ctx.recv::<()>("go", Duration::from_secs(60)).await?;
            ctx.step("c", StepOptions::once(), |_| async { Ok(()) }).await?;
            Ok(if changed { "new" } else { "old" }.to_string())
        });
        let engine = old(backend.engine()).start().await.unwrap();
        for id in ["r1", "r2"] {
            engine.enqueue(id, "w", &(), "main", EnqueueOptions::default()).await.unwrap();
        }
        crate::backend::until("both wait", Duration::from_secs(10), async || {
            engine.steps("r1").await.unwrap().len() + engine.steps("r2").await.unwrap().len() == 4
        })
        .await;
        engine.drain(Duration::from_secs(5)).await.unwrap();
        drop(engine);
        // without a guard the difference is noticed and nothing is made up
        let engine = new(backend.engine(), false).start().await.unwrap();
        let e = engine.wait::<String>("r1").await.unwrap_err();
        assert_eq!(e.kind, Kind::Bug);
        assert!(e.detail.contains("changed under a run"), "{e}");
        engine.drain(Duration::from_secs(5)).await.unwrap();
        drop(engine);
        backend.execute(&format!(
            "UPDATE {} SET status = 'ENQUEUED', error = NULL, completed_at = NULL WHERE workflow_uuid = 'r2'",
            backend.table("workflow_status")
        ))
        .await;
        let engine = new(backend.engine(), true).start().await.unwrap();
        engine.enqueue("r3", "w", &(), "main", EnqueueOptions::default()).await.unwrap();
        for (id, way) in [("r2", "old"), ("r3", "new")] {
            engine.signal(id, "go", &(), "k").await.unwrap();
            assert_eq!(engine.wait::<String>(id).await.unwrap(), way);
        }
    }
}
