//! Wall clocks that jump by days, forwards and back, in the middle of a run.

use crate::processes::{Server, Site, Watcher, begin, client, pause, project, token, undisturbed};
use proofmark_base::time::Timestamp;
use proofmark_testkit::services;
use proofmark_testkit::wall_clock::WallClock;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

const DAY: i64 = 86_400;

/// Sets the clock three times while steps of the run work, then waits for its end.
async fn jumps(server: &Server, token: &str, folder: &std::path::Path, clock: &WallClock) {
    let mut there = begin(&server.url, token, &folder.join("project"), &folder.join("there"));
    let watcher = Watcher::new(server, token);
    let run = watcher.run().await;
    for (step, days) in [("model", 3), ("target.c", -3), ("mutants", 2)] {
        watcher.works_on(&run, step).await;
        clock.set(days * DAY);
    }
    there.end().await;
    // workers sign the register by the database's clock: it did jump
    let began = Instant::now();
    let limit = Timestamp::from_micros(now() + (DAY + DAY / 2) * 1_000_000).to_string();
    while !beats(server, token).await.iter().any(|beat| *beat > limit) {
        assert!(began.elapsed() < Duration::from_secs(60), "the clock did not jump");
        pause(200).await;
    }
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(now.as_micros()).unwrap()
}

/// When each worker was heard from last.
async fn beats(server: &Server, token: &str) -> Vec<String> {
    let workers = server.get("workers", token).await;
    workers["items"].as_array().unwrap().iter().map(|w| w["beat_at"].as_str().unwrap().into()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_does_not_notice_that_the_clock_of_its_server_jumps() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    project(&at("project"));
    let clock = WallClock::new();
    let variables = clock.environment();
    let server = Server::run(&["--listen", "127.0.0.1:0", "--data", at("data").to_str().unwrap()], &variables);
    let token = token(&server, &client()).await;
    jumps(&server, &token, folder.path(), &clock).await;
    drop(server);
    undisturbed(&[], &at("data"), folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn nor_that_the_clock_of_the_database_jumps() {
    let clock = WallClock::new();
    let variables = clock.environment();
    let launched = tokio::task::spawn_blocking(move || services::own_postgres_with(&variables));
    let postgres = Arc::new(launched.await.unwrap());
    let own = Arc::clone(&postgres);
    let site = Site::new(move || own.fresh_database(), || services::nats().url().to_string()).await;
    let server = site.server("127.0.0.1:0");
    let workers = [site.worker(), site.worker()];
    let token = token(&server, &client()).await;
    jumps(&server, &token, site.folder.path(), &clock).await;
    drop((server, workers));
    site.undisturbed().await;
    tokio::task::spawn_blocking(move || drop(postgres)).await.unwrap();
}
