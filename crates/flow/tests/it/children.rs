//! Children.

use crate::on_both;
use proofmark_base::error::Error;
use proofmark_flow::{Child, Context, EnqueueOptions, Queue};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

on_both! {
    async fn children_go_through_their_own_queue_and_give_results_and_errors(backend) {
        let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let (running, peak) = (now.clone(), most.clone());
        let engine = backend
            .engine()
            .queue(Queue::new("heavy").per_worker(2))
            .listen(["main", "heavy"])
            .register("parent", |ctx: Context, parts: u32| async move {
                let mut children: Vec<Child<u32>> = Vec::new();
                for part in 0..parts {
                    let suffix = format!("part-{part}");
                    children.push(ctx.child(&suffix, "part", &part, "heavy", EnqueueOptions::default()).await?);
                }
                let mut sum = 0;
                let mut refused = Vec::new();
                for child in &children {
                    match child.result().await {
                        Ok(n) => sum += n,
                        Err(e) => refused.push(e.code.to_string()),
                    }
                }
                Ok((sum, refused))
            })
            .register("part", move |_: Context, n: u32| {
                let (running, peak) = (running.clone(), peak.clone());
                async move {
                    peak.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(60)).await;
                    running.fetch_sub(1, Ordering::SeqCst);
                    if n == 3 { Err(Error::invalid("test.three", "not three")) } else { Ok(n * 10) }
                }
            })
            .start()
            .await
            .unwrap();
        // parents in an unlimited queue do not hold places that their children need
        for id in ["p1", "p2", "p3"] {
            engine.enqueue(id, "parent", &5, "main", EnqueueOptions::default()).await.unwrap();
        }
        for id in ["p1", "p2", "p3"] {
            let got: (u32, Vec<String>) = engine.wait(id).await.unwrap();
            assert_eq!(got, (70, vec!["test.three".to_string()]));
        }
        assert_eq!(most.load(Ordering::SeqCst), 2);
        let children = engine.children("p1").await.unwrap();
        assert_eq!(children.len(), 5);
        assert!(children.iter().all(|c| c.id.starts_with("p1/part-") && c.parent.as_deref() == Some("p1")));
    }
}
