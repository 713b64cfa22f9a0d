//! Limits of queues.

use crate::backend::{Backend, here};
use crate::on_both;
use proofmark_flow::{Context, Engine, EnqueueOptions, Queue};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

on_both! {
    async fn a_rate_is_kept(backend) {
        let starts = Arc::new(Mutex::new(Vec::new()));
        let seen = starts.clone();
        let engine = backend
            .engine()
            .queue(Queue::new("slow").rate(3, Duration::from_millis(1500)))
            .listen(["slow"])
            .register("note", move |_: Context, (): ()| {
                let seen = seen.clone();
                async move {
                    seen.lock().unwrap().push(Instant::now());
                    Ok(())
                }
            })
            .start()
            .await
            .unwrap();
        for i in 0..5 {
            engine.enqueue(&format!("r{i}"), "note", &(), "slow", EnqueueOptions::default()).await.unwrap();
        }
        for i in 0..5 {
            engine.wait::<()>(&format!("r{i}")).await.unwrap();
        }
        let starts = starts.lock().unwrap();
        assert!(starts[3] - starts[0] > Duration::from_millis(1300), "{:?}", starts[3] - starts[0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_a_global_limit_and_each_gets_what_its_tools_can_do() {
    let backend = Backend::postgres().await;
    let log = Arc::new(Mutex::new(Vec::<(String, String)>::new()));
    let now = Arc::new(Mutex::new((0, 0)));
    let worker = async |name: &'static str, tools: &[&str]| {
        let (log, now) = (log.clone(), now.clone());
        Engine::builder(&backend.database)
            .version("1")
            .queue(Queue::new("any"))
            .queue(Queue::new("narrow").global(1))
            .queue(Queue::new("gpu").needs("cuda"))
            .executor(here(tools))
            .listen_by_tools()
            .register("work", move |ctx: Context, (): ()| {
                let (log, now) = (log.clone(), now.clone());
                async move {
                    {
                        let mut now = now.lock().unwrap();
                        now.0 += 1;
                        now.1 = now.1.max(now.0);
                    }
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    now.lock().unwrap().0 -= 1;
                    log.lock().unwrap().push((ctx.run_id().to_string(), name.to_string()));
                    Ok(())
                }
            })
            .start()
            .await
            .unwrap()
    };
    let plain = worker("plain", &[]).await;
    for i in 0..4 {
        plain.enqueue(&format!("gpu{i}"), "work", &(), "gpu", EnqueueOptions::default()).await.unwrap();
        plain.enqueue(&format!("narrow{i}"), "work", &(), "narrow", EnqueueOptions::default()).await.unwrap();
    }
    for i in 0..4 {
        plain.wait::<()>(&format!("narrow{i}")).await.unwrap();
    }
    assert_eq!(now.lock().unwrap().1, 1, "one at a time in all workers together");
    assert!(!log.lock().unwrap().iter().any(|(id, _)| id.starts_with("gpu")), "nobody with cuda is up");
    let _with_cuda = worker("cuda", &["cuda"]).await;
    for i in 0..4 {
        plain.wait::<()>(&format!("gpu{i}")).await.unwrap();
    }
    assert!(log.lock().unwrap().iter().all(|(id, who)| !id.starts_with("gpu") || who == "cuda"));
}
