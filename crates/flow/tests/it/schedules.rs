//! Schedules.

use crate::backend::until;
use crate::on_both;
use proofmark_flow::{Context, Schedule, Tick};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

on_both! {
    async fn a_schedule_begins_runs_until_it_rests(backend) {
        let ticks = Arc::new(Mutex::new(BTreeMap::new()));
        let seen = ticks.clone();
        let engine = backend
            .engine()
            .register("tick", move |ctx: Context, tick: Tick| {
                let seen = seen.clone();
                async move {
                    *seen.lock().unwrap().entry(tick.at).or_insert(0) += 1;
                    assert_eq!(tick.data["of"], "test");
                    assert!(ctx.run_id().starts_with("sched-every-second-"));
                    Ok(())
                }
            })
            .start()
            .await
            .unwrap();
        let schedule = Schedule {
            name: "every-second".into(),
            workflow: "tick".into(),
            queue: "main".into(),
            cron: "* * * * * *".into(),
            timezone: Some("Europe/Berlin".into()),
            data: serde_json::json!({ "of": "test" }),
            catch_up: false,
            paused: false,
        };
        engine.create_schedule(&schedule).await.unwrap();
        assert_eq!(engine.create_schedule(&schedule).await.unwrap_err().code, "schedule.name-taken");
        let wrong = Schedule { name: "x".into(), cron: "every day".into(), ..schedule.clone() };
        assert_eq!(engine.create_schedule(&wrong).await.unwrap_err().code, "schedule.invalid");
        let wrong = Schedule { name: "x".into(), timezone: Some("Mars".into()), ..schedule.clone() };
        assert_eq!(engine.create_schedule(&wrong).await.unwrap_err().code, "schedule.invalid");
        until("two ticks", Duration::from_secs(10), async || ticks.lock().unwrap().len() >= 2).await;
        engine.pause_schedule("every-second").await.unwrap();
        assert!(engine.schedules().await.unwrap()[0].paused);
        tokio::time::sleep(Duration::from_millis(1800)).await;
        let rested = ticks.lock().unwrap().len();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(ticks.lock().unwrap().len(), rested);
        assert!(ticks.lock().unwrap().values().all(|n| *n == 1));
        engine.resume_schedule("every-second").await.unwrap();
        until("it goes on", Duration::from_secs(10), async || ticks.lock().unwrap().len() > rested).await;
        engine.delete_schedule("every-second").await.unwrap();
        assert_eq!(engine.pause_schedule("every-second").await.unwrap_err().code, "schedule.not-found");
        assert!(engine.schedules().await.unwrap().is_empty());
    }
}
