//! Events reach every consumer, in order, whatever happens to some of them.

use crate::world::{World, both, eventually};
use async_trait::async_trait;
use proofmark_base::error::{Error, Result};
use proofmark_bus::relay::{PATIENCE, Round};
use proofmark_bus::{Consumer, Live, Relay, Waker};
use proofmark_kernel::event::{Event, EventKind};
use proofmark_store::values;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

both!(
    everybody_gets_everything_in_order,
    who_is_away_holds_up_nobody_else,
    later_events_of_a_subject_wait_for_the_one_that_failed,
    an_event_that_always_fails_is_passed_in_the_end,
    consumers_that_panic_or_hang_have_failed,
    a_relay_that_died_is_taken_over_from,
    a_relay_is_woken_and_stops,
    relays_side_by_side,
    delivered_events_are_forgotten_after_a_week,
);

type Does = dyn Fn(&Event, usize) -> Do + Send + Sync;

#[derive(Clone, Copy, PartialEq)]
enum Do {
    Take,
    Fail,
    Panic,
    Hang,
}

/// Writes down what it is given, and does as it is told.
struct Ledger {
    name: &'static str,
    seen: Mutex<Vec<(String, i64)>>,
    does: Box<Does>,
}

impl Ledger {
    fn new(name: &'static str, does: impl Fn(&Event, usize) -> Do + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Ledger { name, seen: Mutex::default(), does: Box::new(does) })
    }

    fn taker(name: &'static str) -> Arc<Self> {
        Ledger::new(name, |_, _| Do::Take)
    }

    fn seen(&self) -> Vec<(String, i64)> {
        self.seen.lock().unwrap().clone()
    }

    fn of(&self, subject: &str) -> Vec<i64> {
        self.seen().into_iter().filter(|(s, _)| s == subject).map(|(_, n)| n).collect()
    }
}

#[async_trait]
impl Consumer for Ledger {
    fn name(&self) -> &str {
        self.name
    }

    async fn consume(&self, event: &Event) -> Result<()> {
        let entry = (event.subject.clone(), event.data["n"].as_i64().unwrap());
        let times = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(entry.clone());
            seen.iter().filter(|e| **e == entry).count()
        };
        match (self.does)(event, times) {
            Do::Take => Ok(()),
            Do::Fail => Err(Error::unavailable("test.away", "away")),
            Do::Panic => panic!("as told"),
            Do::Hang => std::future::pending().await,
        }
    }
}

fn relay(world: &World, consumers: &[&Arc<Ledger>]) -> Relay {
    let consumers = consumers.iter().map(|c| (*c).clone() as Arc<dyn Consumer>).collect();
    Relay::new(world.database.clone(), consumers, Waker::new()).unwrap()
}

async fn happen(world: &World, subject: &str, numbers: std::ops::Range<i64>) {
    let events: Vec<Event> = numbers.map(|n| world.event(EventKind::RunStatusChanged, subject, n)).collect();
    world.happens(&events).await;
}

/// Rounds until nothing is left, as if no time had to pass.
async fn drain(world: &World, relay: &Relay) {
    for _ in 0..100 {
        world.sql("UPDATE platform_outbox SET due_at = 0 WHERE delivered_at IS NULL", values![]).await;
        relay.round().await.unwrap();
        if world.undelivered().await == 0 {
            return;
        }
    }
    panic!("something stays");
}

async fn everybody_gets_everything_in_order(world: World) {
    let (a, b) = (Ledger::taker("a"), Ledger::taker("b"));
    // more than one round takes
    for subject in ["x", "y", "z"] {
        happen(&world, subject, 0..60).await;
    }
    let relay = relay(&world, &[&a, &b]);
    assert_eq!(relay.round().await.unwrap().delivered, 64);
    drain(&world, &relay).await;
    for ledger in [&a, &b] {
        assert_eq!(ledger.seen().len(), 180);
        for subject in ["x", "y", "z"] {
            assert_eq!(ledger.of(subject), (0..60).collect::<Vec<_>>());
        }
    }
    assert_eq!(relay.round().await.unwrap(), Round::default());
}

async fn who_is_away_holds_up_nobody_else(world: World) {
    let here = Ledger::taker("here");
    let away = Ledger::new("away", |_, times| if times < 4 { Do::Fail } else { Do::Take });
    happen(&world, "x", 0..3).await;
    let relay = relay(&world, &[&here, &away]);
    let round = relay.round().await.unwrap();
    assert_eq!(round, Round { delivered: 0, failed: 1, waiting: 2 });
    assert_eq!(here.of("x"), [0, 1, 2], "at once, though the other failed");
    assert_eq!(away.of("x"), [0], "the rest waits for its turn");
    drain(&world, &relay).await;
    assert_eq!(here.of("x"), [0, 1, 2], "and once");
    let mut firsts = away.of("x");
    firsts.dedup();
    assert_eq!(firsts, [0, 1, 2]);
}

async fn later_events_of_a_subject_wait_for_the_one_that_failed(world: World) {
    let ledger = Ledger::new(
        "a",
        |e, times| {
            if e.subject == "x" && e.data["n"] == 0 && times < 3 { Do::Fail } else { Do::Take }
        },
    );
    happen(&world, "x", 0..2).await;
    happen(&world, "y", 0..2).await;
    let relay = relay(&world, &[&ledger]);
    relay.round().await.unwrap();
    assert_eq!((ledger.of("x"), ledger.of("y")), (vec![0], vec![0, 1]));
    // what comes later waits too
    happen(&world, "x", 2..4).await;
    relay.round().await.unwrap();
    assert_eq!(ledger.of("x"), [0]);
    drain(&world, &relay).await;
    assert_eq!(ledger.of("x"), [0, 0, 0, 1, 2, 3]);
}

async fn an_event_that_always_fails_is_passed_in_the_end(world: World) {
    let ledger = Ledger::new("a", |e, _| if e.data["n"] == 0 { Do::Fail } else { Do::Take });
    happen(&world, "x", 0..2).await;
    let relay = relay(&world, &[&ledger]);
    for n in 1..=PATIENCE {
        world.sql("UPDATE platform_outbox SET due_at = 0 WHERE delivered_at IS NULL", values![]).await;
        relay.round().await.unwrap();
        assert_eq!(ledger.of("x"), vec![0; n as usize]);
    }
    world.sql("UPDATE platform_outbox SET due_at = 0 WHERE delivered_at IS NULL", values![]).await;
    relay.round().await.unwrap();
    assert_eq!(ledger.of("x"), [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(world.undelivered().await, 1, "it is never dropped");
    let sql = "SELECT COUNT(*) AS n FROM platform_outbox WHERE attempts = 6 AND failure = 'a: away (test.away)'";
    assert_eq!(world.count(sql).await, 1);
}

async fn consumers_that_panic_or_hang_have_failed(world: World) {
    let good = Ledger::taker("good");
    let panics = Ledger::new("panics", |_, times| if times == 1 { Do::Panic } else { Do::Take });
    let hangs = Ledger::new("hangs", |_, times| if times == 1 { Do::Hang } else { Do::Take });
    happen(&world, "x", 0..1).await;
    let relay = relay(&world, &[&good, &panics, &hangs]);
    assert_eq!(relay.round().await.unwrap().failed, 1);
    drain(&world, &relay).await;
    assert_eq!((good.of("x").len(), panics.of("x").len(), hangs.of("x").len()), (1, 2, 2));
}

async fn a_relay_that_died_is_taken_over_from(world: World) {
    let ledger = Ledger::new("a", |_, times| if times == 1 { Do::Hang } else { Do::Take });
    happen(&world, "x", 0..3).await;
    let dying = relay(&world, &[&ledger]);
    let task = tokio::spawn(async move { dying.round().await });
    let seen = ledger.clone();
    eventually("the event is being taken", || async { !seen.seen().is_empty() }).await;
    // as kill -9 would: nothing of it runs any more
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(world.undelivered().await, 3);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let taker = Ledger::taker("a");
    let next = tokio::spawn(relay(&world, &[&taker]).run(async { drop(stopped.await) }));
    eventually("another relay carries on", || async { world.undelivered().await == 0 }).await;
    drop(stop);
    next.await.unwrap();
    assert_eq!(taker.of("x"), [0, 1, 2]);
}

async fn a_relay_is_woken_and_stops(world: World) {
    let (live, waker) = (Live::new(), Waker::new());
    let mut listener = live.subscribe();
    let relay = Relay::new(world.database.clone(), vec![Arc::new(live)], waker.clone()).unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(relay.run(async { drop(stopped.await) }));
    // let it find nothing and lie down
    tokio::time::sleep(Duration::from_millis(300)).await;
    for n in 0..5 {
        happen(&world, "x", n..n + 1).await;
        waker.wake();
        let event = tokio::time::timeout(Duration::from_millis(900), listener.recv()).await.unwrap().unwrap();
        assert_eq!(event.data["n"], n);
    }
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    assert_eq!(world.undelivered().await, 0);
}

async fn relays_side_by_side(world: World) {
    // on SQLite there is one relay
    let number = if world.database.postgres_pool().is_some() { 3 } else { 1 };
    for s in 0..20 {
        happen(&world, &format!("s{s}"), 0..15).await;
    }
    let ledger = Ledger::taker("a");
    let (stop, stopped) = tokio::sync::watch::channel(());
    let running: Vec<_> = (0..number)
        .map(|_| {
            let mut stopped = stopped.clone();
            tokio::spawn(relay(&world, &[&ledger]).run(async move { drop(stopped.changed().await) }))
        })
        .collect();
    eventually("all are delivered", || async { world.undelivered().await == 0 }).await;
    drop(stop);
    for relay in running {
        relay.await.unwrap();
    }
    let mut by_subject: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for (subject, n) in ledger.seen() {
        by_subject.entry(subject).or_default().push(n);
    }
    assert_eq!(by_subject.len(), 20);
    for (subject, numbers) in by_subject {
        assert_eq!(numbers, (0..15).collect::<Vec<_>>(), "{subject}: once each, in order");
    }
}

async fn delivered_events_are_forgotten_after_a_week(world: World) {
    let ledger = Ledger::taker("a");
    happen(&world, "x", 0..4).await;
    let day = 24 * 3600 * 1_000_000_i64;
    let now = world.now().await.micros();
    for (n, age) in [(0, 8), (1, 6)] {
        let sql = "UPDATE platform_outbox SET delivered_at = ? WHERE data = ?";
        let data = format!("{{\"n\":{n}}}");
        assert_eq!(world.sql(sql, values![now - age * day, data]).await, 1);
    }
    // an old one that nobody has got stays
    world.sql("UPDATE platform_outbox SET at = ? WHERE delivered_at IS NULL", values![now - 30 * day]).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(relay(&world, &[&ledger]).run(async { drop(stopped.await) }));
    eventually("the rest is delivered", || async { world.undelivered().await == 0 }).await;
    drop(stop);
    running.await.unwrap();
    assert_eq!(ledger.of("x"), [2, 3]);
    assert_eq!(world.count("SELECT COUNT(*) AS n FROM platform_outbox").await, 3);
}

#[tokio::test]
async fn consumers_have_names_of_their_own() {
    let world = crate::world::sqlite().await;
    for names in [["a", "a"], ["a", ""], ["a", "b c"]] {
        let consumers: Vec<Arc<dyn Consumer>> = names.map(|n| Ledger::taker(n) as Arc<dyn Consumer>).into();
        assert!(Relay::new(world.database.clone(), consumers, Waker::new()).is_err(), "{names:?}");
    }
}

#[tokio::test]
async fn a_live_view_is_told_once_and_a_slow_one_that_it_missed_something() {
    let world = crate::world::sqlite().await;
    let live = Live::new();
    let mut listener = live.subscribe();
    let event = world.event(EventKind::RunRequested, "x", 1);
    assert!(live.tell(&event));
    assert!(!live.tell(&event), "it came by another way as well");
    assert_eq!(*listener.recv().await.unwrap(), event);
    let more: Vec<Event> = (0..3000).map(|n| world.event(EventKind::RunRequested, "x", n)).collect();
    for event in &more {
        live.tell(event);
    }
    assert!(matches!(listener.recv().await, Err(tokio::sync::broadcast::error::RecvError::Lagged(_))));
    let ids: BTreeSet<_> = more.iter().map(|e| e.id).collect();
    assert!(ids.contains(&listener.recv().await.unwrap().id));
}
