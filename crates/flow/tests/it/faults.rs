//! Nothing lost, nothing twice: processes, servers and disks that fail.

use crate::backend::{Backend, Place, until};
use crate::victim::{RESULT, Victim, check, engine, own_queue, places, prepare};
use proofmark_base::id::Random;
use proofmark_flow::{Context, Engine, EnqueueOptions, StepOptions};
use proofmark_store::system::SystemRandom;
use proofmark_store::{Connection, Database, Scope, values};
use proofmark_testkit::services;
use rustix::process::Signal;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("r{i}")).collect()
}

fn main(_: usize) -> String {
    "main".into()
}

fn random(below: u64) -> u64 {
    let mut bytes = [0; 8];
    SystemRandom.fill(&mut bytes);
    u64::from_be_bytes(bytes) % below
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_boundary_a_run_ends_as_if_undisturbed_on_sqlite() {
    let backend = Backend::sqlite().await;
    let runs = names(1);
    let (_folder, ledger) = prepare(&backend, &runs, main).await;
    // each process lives until the next place where none died yet
    for place in places() {
        let mut victim = Victim::start(&backend, &ledger, "each", &runs);
        assert_eq!(victim.end(Duration::from_secs(30), &place), None);
        assert_eq!(ledger.count(&format!("r0 killed {place}")), 1, "in order");
    }
    let mut last = Victim::start(&backend, &ledger, "each", &runs);
    assert_eq!(last.end(Duration::from_secs(30), "the last"), Some(true));
    // killed once within each step, after its effect: that one effect is the second of two, no other
    check(&backend, &ledger, &runs, |_, _| 1).await;
    for i in 0..crate::victim::ROUNDS {
        assert_eq!(ledger.count(&format!("r0 s{i}")), 2);
    }
    assert_eq!(ledger.count("r0/leaf leaf"), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_every_boundary_others_end_the_run_on_postgres() {
    let backend = Backend::postgres().await;
    let places = places();
    let runs = names(places.len());
    let (_folder, ledger) = prepare(&backend, &runs, own_queue).await;
    // a process for each run, which dies at a place of its own
    // a few at a time: each has connections of its own
    let all: Vec<_> = runs.iter().zip(&places).enumerate().collect();
    for some in all.chunks(5) {
        let victims: Vec<_> = some
            .iter()
            .map(|(nth, (run, place))| {
                Victim::listening(&backend, &ledger, &format!("{run} {place}"), &[], &own_queue(*nth))
            })
            .collect();
        for (mut victim, (_, (_, place))) in victims.into_iter().zip(some) {
            assert_eq!(victim.end(Duration::from_secs(30), place), None);
        }
    }
    let begun = Instant::now();
    let all: Vec<_> = (0..runs.len()).map(own_queue).collect();
    let engine = engine(&backend.database, &ledger, "none", &all).start().await.unwrap();
    for (run, place) in runs.iter().zip(&places) {
        assert_eq!(engine.wait::<u32>(run).await.unwrap(), RESULT);
        assert_eq!(ledger.count(&format!("{run} killed {place}")), 1);
        assert_eq!(engine.status(run).await.unwrap().unwrap().takeovers, 1);
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    // a step happened twice only where the process died in it, after its effect
    check(&backend, &ledger, &runs, |run, i| {
        let nth = runs.iter().position(|r| r == run).unwrap();
        usize::from(places[nth] == format!("in s{i}"))
    })
    .await;
}

/// Processes killed at random moments until everything has ended anyway.
async fn at_random(backend: Backend, processes: usize, kills: u32) {
    let runs = names(30);
    let (_folder, ledger) = prepare(&backend, &runs, main).await;
    let mut victims: Vec<_> = (0..processes).map(|_| Victim::start(&backend, &ledger, "none", &[])).collect();
    for kill in 0..kills {
        tokio::time::sleep(Duration::from_millis(150 + random(450))).await;
        let one = kill as usize % processes;
        victims[one] = {
            victims[one].signal(Signal::KILL);
            victims[one].end(Duration::from_secs(5), "killed");
            Victim::start(&backend, &ledger, "none", &[])
        };
    }
    drop(victims);
    let engine = engine(&backend.database, &ledger, "none", &[main(0)]).start().await.unwrap();
    for run in &runs {
        assert_eq!(engine.wait::<u32>(run).await.unwrap(), RESULT);
    }
    check(&backend, &ledger, &runs, |_, _| kills as usize).await;
    // a step is done again only where its process was killed in it
    let twice: usize =
        runs.iter().flat_map(|r| (0..3).map(move |i| format!("{r} s{i}"))).map(|l| ledger.count(&l) - 1).sum();
    assert!(twice <= kills as usize * 30, "{twice}");
    engine.drain(Duration::from_secs(5)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_on_sqlite() {
    at_random(Backend::sqlite().await, 1, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_random_moments_on_postgres() {
    at_random(Backend::postgres().await, 2, 6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_wakes_up_after_its_work_was_taken_over_records_nothing() {
    let backend = Backend::postgres().await;
    let (_folder, ledger) = prepare(&backend, &[], main).await;
    let client = engine(&backend.database, &ledger, "none", &[]).start().await.unwrap();
    let zombie = Victim::start(&backend, &ledger, "none", &[]);
    client.enqueue("z", "stuck", &(), "main", EnqueueOptions::default()).await.unwrap();
    let id = zombie.0.id();
    until("it is in the step", Duration::from_secs(20), async || ledger.count(&format!("stuck in {id}")) == 1).await;
    zombie.signal(Signal::STOP);
    let stopped = Instant::now();
    let other = engine(&backend.database, &ledger, "none", &[main(0)]).start().await.unwrap();
    let me = std::process::id();
    assert_eq!(other.wait::<u32>("z").await.unwrap(), me);
    let takeover = stopped.elapsed();
    assert!(takeover < Duration::from_secs(10), "{takeover:?}");
    // it wakes, its step ends, and nothing of that is recorded
    ledger.write("awake");
    zombie.signal(Signal::CONT);
    other.drain(Duration::from_secs(5)).await.unwrap();
    drop(other);
    // it goes on under another entry: the only one left to do this
    client.enqueue("after", "five", "main", "main", EnqueueOptions::default()).await.unwrap();
    client.signal("after", "go", &10, "k").await.unwrap();
    let done = tokio::time::timeout(Duration::from_secs(15), client.wait::<u32>("after")).await;
    assert_eq!(done.expect("the woken process works again").unwrap(), RESULT);
    assert_eq!(client.wait::<u32>("z").await.unwrap(), me);
    assert_eq!(client.steps("z").await.unwrap().len(), 1);
    assert_eq!(ledger.count(&format!("stuck in {id}")), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_goes_away_for_longer_than_a_lease_and_comes_back() {
    let mut server = services::own_postgres();
    let place = server.fresh_database();
    let database = Database::postgres(&place.url(), 8).await.unwrap();
    let backend = Backend { database, place: Place::Postgres(place) };
    let runs = names(10);
    let (_folder, ledger) = prepare(&backend, &runs, main).await;
    let parked = |ctx: Context, (): ()| async move { ctx.recv::<u32>("go", Duration::from_secs(600)).await };
    let engine = engine(&backend.database, &ledger, "none", &[main(0)]).register("park", parked).start().await.unwrap();
    engine.enqueue("p", "park", &(), "main", EnqueueOptions::default()).await.unwrap();
    until("under way", Duration::from_secs(10), async || {
        backend.number("SELECT COUNT(*) AS n FROM effects").await >= 3
    })
    .await;
    let before = engine.executor().unwrap();
    server.crash();
    tokio::time::sleep(Duration::from_secs(4)).await;
    server.start();
    for run in &runs {
        let done = tokio::time::timeout(Duration::from_secs(20), async {
            loop {
                match engine.wait::<u32>(run).await {
                    Err(e) if e.kind == proofmark_base::error::Kind::Unavailable => {
                        tokio::time::sleep(Duration::from_millis(200)).await;
                    }
                    done => return done,
                }
            }
        });
        assert_eq!(done.await.expect("within 20 s").unwrap(), RESULT);
    }
    check(&backend, &ledger, &runs, |_, _| 2).await;
    assert_ne!(engine.executor().unwrap(), before, "the lease was lost in between");
    engine.signal("p", "go", &1, "k").await.unwrap();
    assert_eq!(engine.wait::<Option<u32>>("p").await.unwrap(), Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_a_run_and_room_lets_it_go_on() {
    let backend = Backend::sqlite().await;
    backend.execute("CREATE TABLE filled (text TEXT)").await;
    let attempts = Arc::new(AtomicU32::new(0));
    let count = attempts.clone();
    let engine: Engine = backend
        .engine()
        .register("fill", move |ctx: Context, (): ()| {
            let count = count.clone();
            async move {
                ctx.step("before", StepOptions::once(), |_| async { Ok(()) }).await?;
                ctx.tx("fill", Scope::System, move |on| {
                    count.fetch_add(1, Ordering::SeqCst);
                    Box::pin(async move {
                        on.execute("INSERT INTO filled VALUES (?)", values!["x".repeat(1 << 20)]).await?;
                        Ok(())
                    })
                })
                .await
            }
        })
        .start()
        .await
        .unwrap();
    // the writing connection is one: this binds it as a full disk would, until it is given up
    let mut tx = backend.database.begin(Scope::System).await.unwrap();
    let pages = tx.rows("PRAGMA page_count", values![]).await.unwrap().remove(0).int("page_count").unwrap();
    tx.rows(&format!("PRAGMA max_page_count = {}", pages + 20), values![]).await.unwrap();
    tx.commit().await.unwrap();
    engine.enqueue("r", "fill", &(), "main", EnqueueOptions::default()).await.unwrap();
    tokio::time::timeout(Duration::from_secs(30), engine.wait::<()>("r")).await.expect("it goes on").unwrap();
    assert!(attempts.load(Ordering::SeqCst) >= 2, "it met the end of the disk");
    assert!(engine.steps("r").await.unwrap().iter().all(|s| s.error.is_none()));
    assert_eq!(backend.number("SELECT COUNT(*) AS n FROM filled").await, 1);
}
