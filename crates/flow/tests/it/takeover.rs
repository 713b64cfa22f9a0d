//! Work of executors that are gone.

use crate::backend::{Backend, until};
use crate::on_both;
use proofmark_flow::{Builder, Context, EnqueueOptions, StepOptions};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Counts its first step and waits for a decision.
fn declare(builder: Builder, count: &Arc<AtomicU32>) -> Builder {
    let count = count.clone();
    builder.register("wait", move |ctx: Context, (): ()| {
        let count = count.clone();
        async move {
            ctx.step("count", StepOptions::once(), |_| async { Ok(count.fetch_add(1, Ordering::SeqCst)) }).await?;
            ctx.recv::<u32>("go", Duration::from_secs(600)).await
        }
    })
}

async fn waiting(engine: &proofmark_flow::Engine, id: &str) {
    until("it waits", Duration::from_secs(10), async || engine.steps(id).await.unwrap().len() == 2).await;
}

on_both! {
    async fn the_next_process_goes_on_where_the_last_one_died(backend) {
        let count = Arc::new(AtomicU32::new(0));
        let first = declare(backend.engine(), &count).start().await.unwrap();
        first.enqueue("r", "wait", &(), "main", EnqueueOptions::default()).await.unwrap();
        waiting(&first, "r").await;
        let dead = first.executor().unwrap();
        drop(first);
        tokio::time::sleep(Duration::from_millis(100)).await;
        let died = Instant::now();
        let second = declare(backend.engine(), &count).start().await.unwrap();
        assert_ne!(second.executor().unwrap(), dead);
        second.signal("r", "go", &7, "k").await.unwrap();
        assert_eq!(second.wait::<Option<u32>>("r").await.unwrap(), Some(7));
        assert!(died.elapsed() < Duration::from_secs(10), "{:?}", died.elapsed());
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert_eq!(second.status("r").await.unwrap().unwrap().takeovers, 1);
        let registry = second.executors(5).await.unwrap();
        let old = registry.iter().find(|e| e.registration.id == dead).unwrap();
        assert!(old.taken_over_at.is_some() && old.stopped_at.is_none());
    }

    async fn a_drain_hands_work_back_at_once_and_lets_steps_end(backend) {
        let count = Arc::new(AtomicU32::new(0));
        let slow = |builder: Builder| {
            declare(builder, &count).register("slow", |ctx: Context, (): ()| async move {
                ctx.step("slow", StepOptions::once(), |_| async {
                    tokio::time::sleep(Duration::from_millis(600)).await;
                    Ok(1)
                })
                .await?;
                ctx.step("next", StepOptions::once(), |_| async { Ok(2) }).await
            })
        };
        let first = slow(backend.engine()).start().await.unwrap();
        first.enqueue("r", "wait", &(), "main", EnqueueOptions::default()).await.unwrap();
        first.enqueue("s", "slow", &(), "main", EnqueueOptions::default()).await.unwrap();
        waiting(&first, "r").await;
        until("in the step", Duration::from_secs(5), async || first.metrics().await.unwrap().busy == 1).await;
        let begun = Instant::now();
        first.drain(Duration::from_secs(5)).await.unwrap();
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        // the step that was under way is recorded, the next one was not begun
        assert_eq!(first.steps("s").await.unwrap().len(), 1);
        first.signal("r", "go", &7, "k").await.unwrap();
        drop(first);
        let second = slow(backend.engine()).start().await.unwrap();
        assert_eq!(second.wait::<Option<u32>>("r").await.unwrap(), Some(7));
        assert_eq!(second.wait::<i32>("s").await.unwrap(), 2);
        assert_eq!(count.load(Ordering::SeqCst), 1);
        assert_eq!(second.status("r").await.unwrap().unwrap().takeovers, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_that_watch_take_each_run_over_once() {
    let backend = Backend::postgres().await;
    let count = Arc::new(AtomicU32::new(0));
    let doomed = declare(backend.engine(), &count).start().await.unwrap();
    let ids: Vec<_> = (0..12).map(|i| format!("r{i}")).collect();
    for id in &ids {
        doomed.enqueue(id, "wait", &(), "main", EnqueueOptions::default()).await.unwrap();
    }
    for id in &ids {
        waiting(&doomed, id).await;
    }
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(declare(backend.engine(), &count).start().await.unwrap());
    }
    drop(doomed);
    let died = Instant::now();
    for id in &ids {
        others[0].signal(id, "go", &1, "k").await.unwrap();
    }
    for id in &ids {
        others[1].wait::<Option<u32>>(id).await.unwrap();
        assert_eq!(others[2].status(id).await.unwrap().unwrap().takeovers, 1);
    }
    assert!(died.elapsed() < Duration::from_secs(10), "{:?}", died.elapsed());
    assert_eq!(count.load(Ordering::SeqCst), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_clock_decides_who_is_alive() {
    let backend = Backend::postgres().await;
    let count = Arc::new(AtomicU32::new(0));
    let one = declare(backend.engine(), &count).start().await.unwrap();
    let two = declare(backend.engine(), &count).start().await.unwrap();
    let both = (one.executor(), two.executor());
    // the database's clock went forward by years, and back again: both still beat
    for beat in [1_i64, 9_000_000_000_000_000] {
        let moved = std::time::Instant::now();
        while moved.elapsed() < Duration::from_millis(2500) {
            backend.execute(&format!("UPDATE platform_executors SET beat_at = {beat} + beat_at % 1000000")).await;
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((one.executor(), two.executor()), both);
    assert!(one.executors(5).await.unwrap().iter().all(|e| e.owns_work()));
    // a dead one is found though its last sign of life lies in the future
    drop(one);
    until("found", Duration::from_secs(10), async || {
        two.executors(5).await.unwrap().iter().any(|e| e.taken_over_at.is_some())
    })
    .await;
}
