//! Events on a real NATS server: once each, also when it goes away in between.

use crate::world::{World, both, eventually};
use async_nats::jetstream;
use futures_util::{StreamExt, TryStreamExt};
use proofmark_bus::cloud_event::CloudEvent;
use proofmark_bus::nats::{Nats, Settings};
use proofmark_bus::{Consumer, Live, Relay, Waker};
use proofmark_kernel::event::{Event, EventId, EventKind};
use proofmark_store::values;
use proofmark_testkit::services;
use std::sync::Arc;
use std::time::Duration;

both!(events_arrive_once, a_server_that_is_away_loses_nothing);

fn settings() -> Settings {
    Settings { stream: services::unique_name("TEST"), ..Settings::default() }
}

/// What lies in the stream, with subjects.
async fn stored(url: &str, stream: &str) -> Vec<(String, EventId)> {
    let client = async_nats::connect(url).await.unwrap();
    let mut stream = jetstream::new(client).get_stream(stream).await.unwrap();
    let number = stream.info().await.unwrap().state.messages;
    let consumer = stream.create_consumer(jetstream::consumer::pull::OrderedConfig::default()).await.unwrap();
    let messages = consumer.messages().await.unwrap().take(number as usize);
    messages
        .map_ok(|m| {
            let event = serde_json::from_slice::<CloudEvent>(&m.payload).unwrap();
            (m.subject.to_string(), event.id)
        })
        .try_collect()
        .await
        .unwrap()
}

async fn events_arrive_once(world: World) {
    let server = tokio::task::spawn_blocking(services::nats).await.unwrap();
    let settings = settings();
    let nats = Nats::connect(server.url(), settings.clone()).await.unwrap();
    eventually("it is connected", || async { nats.ready().await.is_ok() }).await;
    let live = Live::new();
    let mut listener = live.subscribe();
    let listening = tokio::spawn({
        let nats = nats.clone();
        async move { nats.listen(live, std::future::pending()).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let events: Vec<Event> = (0..40).map(|n| world.event(EventKind::RunRequested, &format!("s{}", n % 3), n)).collect();
    world.happens(&events).await;
    let relay = Relay::new(world.database.clone(), vec![Arc::new(nats.clone())], Waker::new()).unwrap();
    assert_eq!(relay.round().await.unwrap().delivered, 40);
    // as if it had died before it could write that down
    world.sql("UPDATE platform_outbox SET delivered_at = NULL, done = '', due_at = 0", values![]).await;
    assert_eq!(relay.round().await.unwrap().delivered, 40);
    let found = stored(server.url(), &settings.stream).await;
    assert_eq!(found.len(), 40);
    for event in &events {
        let prefix = settings.stream.to_ascii_lowercase();
        assert!(found.contains(&(format!("{prefix}.{}.run.requested", world.organization), event.id)));
    }
    for _ in 0..40 {
        let told = tokio::time::timeout(Duration::from_secs(10), listener.recv()).await.unwrap().unwrap();
        assert!(events.contains(&told));
    }
    listening.abort();
    // an operator who removes the stream gets it back
    let client = async_nats::connect(server.url()).await.unwrap();
    jetstream::new(client).delete_stream(&settings.stream).await.unwrap();
    let one = world.event(EventKind::RunRequested, "x", 1);
    assert_eq!(nats.consume(&one).await.unwrap_err().code, "event.nats-away");
    nats.consume(&one).await.unwrap();
    assert_eq!(stored(server.url(), &settings.stream).await.len(), 1);
}

async fn a_server_that_is_away_loses_nothing(world: World) {
    let mut server = tokio::task::spawn_blocking(services::own_nats).await.unwrap();
    let (url, settings) = (server.url().to_string(), settings());
    let nats = Nats::connect(&url, settings.clone()).await.unwrap();
    eventually("it is connected", || async { nats.ready().await.is_ok() }).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let relay = Relay::new(world.database.clone(), vec![Arc::new(nats.clone())], Waker::new()).unwrap();
    let running = tokio::spawn(relay.run(async { drop(stopped.await) }));
    let happen = |from: i64| {
        let events: Vec<Event> =
            (from..from + 20).map(|n| world.event(EventKind::RunRequested, &format!("s{n}"), n)).collect();
        let world = &world;
        async move { world.happens(&events).await }
    };
    happen(0).await;
    eventually("the first are delivered", || async { world.undelivered().await == 0 }).await;
    let mut server = tokio::task::spawn_blocking(move || {
        server.crash();
        server
    })
    .await
    .unwrap();
    happen(20).await;
    eventually("it is noticed", || async {
        world.count("SELECT COUNT(*) AS n FROM platform_outbox WHERE attempts > 0").await > 0
    })
    .await;
    assert!(nats.ready().await.is_err());
    let server = tokio::task::spawn_blocking(move || {
        server.start();
        server
    })
    .await
    .unwrap();
    happen(40).await;
    eventually("the rest is delivered", || async { world.undelivered().await == 0 }).await;
    drop(stop);
    running.await.unwrap();
    let found = stored(&url, &settings.stream).await;
    let mut ids: Vec<EventId> = found.into_iter().map(|(_, id)| id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 60);
    assert!(Consumer::name(&nats) == "nats");
    drop(server);
}

#[tokio::test]
async fn addresses_that_make_no_sense_are_refused() {
    for url in ["", "://", "nats://", "http://[::1"] {
        assert_eq!(Nats::connect(url, Settings::default()).await.err().unwrap().code, "event.nats-url", "{url}");
    }
    let settings = Settings { stream: "a.b".into(), ..Settings::default() };
    assert_eq!(Nats::connect("nats://127.0.0.1", settings).await.err().unwrap().code, "event.nats-stream");
}
