//! Messages to runs.

use crate::backend::{Backend, until};
use crate::on_both;
use proofmark_flow::{Context, EnqueueOptions};
use std::time::{Duration, Instant};

on_both! {
    async fn a_message_wakes_the_run_that_waits_for_it(backend) {
        let engine = backend
            .engine()
            .register("ask", |ctx: Context, (): ()| async move {
                let first = ctx.recv::<u32>("answer", Duration::from_secs(60)).await?;
                let second = ctx.recv::<u32>("answer", Duration::from_secs(60)).await?;
                let none = ctx.recv::<u32>("answer", Duration::from_millis(200)).await?;
                Ok((first, second, none))
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("r", "ask", &(), "main", EnqueueOptions::default()).await.unwrap();
        // one is there before it is waited for; a repeated one counts once
        engine.signal("r", "answer", &1, "k1").await.unwrap();
        engine.signal("r", "answer", &1, "k1").await.unwrap();
        until("it took the first", Duration::from_secs(10), async || {
            engine.steps("r").await.unwrap().iter().filter(|s| s.name == "recv").count() == 2
        })
        .await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        engine.signal("r", "other topic", &9, "k9").await.unwrap();
        let sent = Instant::now();
        engine.signal("r", "answer", &2, "k2").await.unwrap();
        let got: (Option<u32>, Option<u32>, Option<u32>) = engine.wait("r").await.unwrap();
        assert_eq!(got, (Some(1), Some(2), None));
        // far below any look that is taken without a signal
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
    }

    async fn runs_send_to_each_other_once(backend) {
        let engine = backend
            .engine()
            .register("hear", |ctx: Context, (): ()| async move {
                let mut heard = Vec::new();
                while let Some(word) = ctx.recv::<String>("word", Duration::from_millis(1500)).await? {
                    heard.push(word);
                }
                Ok(heard)
            })
            .register("say", |ctx: Context, to: String| async move {
                ctx.send(&to, "word", &"a").await?;
                ctx.send(&to, "word", &"b").await?;
                Ok(ctx.send("nobody", "word", &"c").await.unwrap_err().code.to_string())
            })
            .start()
            .await
            .unwrap();
        engine.enqueue("h", "hear", &(), "main", EnqueueOptions::default()).await.unwrap();
        engine.enqueue("s", "say", "h", "main", EnqueueOptions::default()).await.unwrap();
        assert_eq!(engine.wait::<String>("s").await.unwrap(), "run.not-found");
        assert_eq!(engine.wait::<Vec<String>>("h").await.unwrap(), ["a", "b"]);
    }
}

/// Processor time of this process so far.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = text.rsplit_once(')').unwrap().1.split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

/// Run by the test below in a process of its own, so that other tests' work is not counted.
#[tokio::test]
#[ignore = "started by `parked_runs_cost_next_to_nothing_on_sqlite`"]
async fn parked() {
    let backend = Backend::sqlite().await;
    let engine = backend
        .engine()
        .register("park", |ctx: Context, (): ()| async move {
            ctx.recv::<bool>("approval", Duration::from_secs(86_400)).await
        })
        .start()
        .await
        .unwrap();
    for i in 0..200 {
        engine.enqueue(&format!("r{i}"), "park", &(), "main", EnqueueOptions::default()).await.unwrap();
    }
    until("all wait", Duration::from_secs(30), async || {
        backend.number("SELECT COUNT(*) AS n FROM operation_outputs").await == 200
    })
    .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (begun, before) = (Instant::now(), cpu());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let share = (cpu() - before).as_secs_f64() / begun.elapsed().as_secs_f64();
    println!("share of a core: {share:.4}");
    // unoptimized code; bench/flow prints the figure of the release build
    assert!(share < 0.05, "200 parked runs use {share:.3} of a core");
    engine.signal("r7", "approval", &true, "k").await.unwrap();
    assert_eq!(engine.wait::<Option<bool>>("r7").await.unwrap(), Some(true));
}

#[test]
fn parked_runs_cost_next_to_nothing_on_sqlite() {
    let me = std::env::current_exe().unwrap();
    let done =
        std::process::Command::new(me).args(["--exact", "mail::parked", "--ignored", "--nocapture"]).output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(done.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&done.stderr));
}
