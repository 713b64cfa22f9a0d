//! Webhooks from the event to the receiver: signed, once for each event and webhook, patiently, and nowhere they must
//! not go.

use crate::world::{World, both, eventually};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use core::net::SocketAddr;
use hmac::{Hmac, KeyInit, Mac};
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use proofmark_bus::cloud_event::CloudEvent;
use proofmark_bus::guard::Guard;
use proofmark_bus::webhooks::{Deliverer, Fanout, Outcome, Secret, Sender, Vault};
use proofmark_bus::{Consumer, Relay, Waker};
use proofmark_kernel::event::{Event, EventKind};
use proofmark_kernel::webhook::{Delivery, DeliveryStatus, Webhook, WebhookId};
use proofmark_store::page::Page;
use proofmark_store::system::SystemRandom;
use proofmark_store::{Scope, deliveries, values, webhooks};
use proofmark_testkit::receiver::{Got, Receiver, Reply, reply};
use std::sync::Arc;
use std::time::Duration;

both!(
    a_receiver_can_verify_what_it_gets,
    once_for_each_event_and_webhook_however_often_relays_die,
    a_receiver_that_fails_is_asked_again,
    a_receiver_may_ask_for_time_or_to_be_left_alone,
    given_up_after_nine_attempts,
    switched_off_after_five_days,
    secrets_change_hands_without_a_gap,
    no_webhook_is_flooded_or_keeps_others_waiting,
    a_webhook_that_is_switched_off_or_removed_gets_nothing_more,
);

/// Seals nothing: what is sealed and how is somebody else's test.
struct Open;

impl Vault for Open {
    fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>> {
        let text = sealed.strip_prefix(purpose).ok_or_else(|| Error::bug("sealed for something else"))?;
        STANDARD.decode(text).map_err(|e| Error::bug("not sealed").because(e))
    }
}

fn sealed(webhook: WebhookId, secret: &Secret) -> String {
    format!("{}{}", proofmark_bus::webhooks::purpose(webhook), STANDARD.encode(secret.bytes()))
}

fn loopback() -> Guard {
    Guard::new(vec!["127.0.0.0/8".parse().unwrap()], true)
}

/// A relay with the webhooks' consumer, and a deliverer, both running.
struct Running {
    stop: tokio::sync::watch::Sender<()>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
    deliverer: Waker,
    relay: Waker,
}

impl Running {
    fn start(world: &World) -> Running {
        let (stop, stopped) = tokio::sync::watch::channel(());
        let (deliverer, relay) = (Waker::new(), Waker::new());
        let fanout = Arc::new(Fanout::new(world.database.clone(), deliverer.clone())) as Arc<dyn Consumer>;
        let sender = Sender::new(loopback()).unwrap();
        let delivering = Deliverer::new(world.database.clone(), sender, Arc::new(Open), deliverer.clone());
        let relaying = Relay::new(world.database.clone(), vec![fanout], relay.clone()).unwrap();
        let (mut a, mut b) = (stopped.clone(), stopped);
        let tasks = vec![
            tokio::spawn(relaying.run(async move { drop(a.changed().await) })),
            tokio::spawn(delivering.run(async move { drop(b.changed().await) })),
        ];
        Running { stop, tasks, deliverer, relay }
    }

    async fn stop(self) {
        drop(self.stop);
        for task in self.tasks {
            task.await.unwrap();
        }
    }

    /// As kill -9 would.
    async fn kill(self) {
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
    }

    fn wake(&self) {
        self.relay.wake();
        self.deliverer.wake();
    }
}

async fn webhook(world: &World, url: String, kinds: &[EventKind]) -> (Webhook, Secret) {
    let now = world.now().await;
    let webhook = Webhook {
        id: WebhookId::new(now, &SystemRandom),
        organization: world.organization,
        project: None,
        url,
        description: String::new(),
        kinds: kinds.iter().copied().collect(),
        created_by: world.principal,
        created_at: now,
        failing_since: None,
        disabled_at: None,
        disabled_because: None,
        version: 1,
    };
    let secret = Secret::new(&SystemRandom);
    let mut tx = world.database.begin(Scope::Organization(world.organization)).await.unwrap();
    webhooks::insert(&mut tx, &webhook, &sealed(webhook.id, &secret)).await.unwrap();
    tx.commit().await.unwrap();
    (webhook, secret)
}

async fn read(world: &World, id: WebhookId) -> Webhook {
    let mut tx = world.database.read(Scope::Organization(world.organization)).await.unwrap();
    webhooks::get(&mut tx, world.organization, id).await.unwrap().unwrap()
}

async fn sent(world: &World, id: WebhookId) -> Vec<Delivery> {
    let mut tx = world.database.read(Scope::Organization(world.organization)).await.unwrap();
    let page = Page { limit: 200, ..Page::default() };
    deliveries::list(&mut tx, world.organization, id, None, page).await.unwrap().items
}

async fn ended(world: &World) -> i64 {
    world.count("SELECT COUNT(*) AS n FROM platform_deliveries WHERE ended_at IS NOT NULL").await
}

/// Whether that many attempts have failed; the last of them is not under way, which would hold it for a minute.
async fn attempted(world: &World, times: i64) -> bool {
    let sql = format!(
        "SELECT COUNT(*) AS n FROM platform_deliveries
         WHERE attempts = {times} AND failure IS NOT NULL AND due_at - attempted_at <> 60000000"
    );
    world.count(&sql).await == 1
}

/// As a receiver would, with its own arithmetic.
fn genuine(got: &Got, secret: &Secret, now: Timestamp) -> bool {
    let (id, at) = (got.header("webhook-id"), got.header("webhook-timestamp"));
    if (at.parse::<i64>().unwrap() - now.seconds()).abs() > 300 {
        return false;
    }
    got.header("webhook-signature").split(' ').any(|signature| {
        let Some(code) = signature.strip_prefix("v1,") else { return false };
        let key = STANDARD.decode(secret.text().strip_prefix("whsec_").unwrap()).unwrap();
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap();
        mac.update(format!("{id}.{at}.{}", got.body).as_bytes());
        mac.verify_slice(&STANDARD.decode(code).unwrap()).is_ok()
    })
}

async fn a_receiver_can_verify_what_it_gets(world: World) {
    let receiver = Receiver::new(|_, _| Reply { body: vec![b'x'; 10_000], ..reply(202) }).await;
    let (all, secret) = webhook(&world, receiver.url("/all"), &[]).await;
    let (some, other) = webhook(&world, receiver.url("/some"), &[EventKind::ReleaseCreated]).await;
    let running = Running::start(&world);
    let events = [world.event(EventKind::RunRequested, "run_1", 1), world.event(EventKind::ReleaseCreated, "rel_1", 2)];
    world.happens(&events).await;
    running.wake();
    eventually("all are delivered", || async { ended(&world).await == 3 }).await;
    running.stop().await;
    let (got, now) = (receiver.got(), world.now().await);
    assert_eq!(got.len(), 3);
    for got in &got {
        let (right, wrong) = if got.path == "/all" { (&secret, &other) } else { (&other, &secret) };
        assert!(genuine(got, right, now) && !genuine(got, wrong, now));
        assert_eq!(got.header("content-type"), "application/cloudevents+json");
        let event: Event = serde_json::from_str::<CloudEvent>(&got.body).unwrap().event().unwrap();
        assert!(events.contains(&event));
        assert_eq!(got.header("webhook-id"), event.id.to_string());
        let mut changed = got.clone();
        changed.body = got.body.replace("run_1", "run_2").replace("rel_1", "rel_2");
        assert!(!genuine(&changed, right, now));
    }
    let sent_all = sent(&world, all.id).await;
    assert_eq!(sent_all.len(), 2);
    assert!(sent_all.iter().all(|d| d.status == DeliveryStatus::Succeeded && d.answer_status == Some(202)));
    assert!(sent_all.iter().all(|d| d.answer.as_ref().unwrap().len() == 4096 && d.failure.is_none()));
    let sent_some = sent(&world, some.id).await;
    assert_eq!(sent_some.iter().map(|d| d.kind).collect::<Vec<_>>(), [EventKind::ReleaseCreated]);
}

async fn once_for_each_event_and_webhook_however_often_relays_die(world: World) {
    let receiver = Receiver::new(|_, _| reply(200)).await;
    let (a, _) = webhook(&world, receiver.url("/a"), &[]).await;
    let (b, _) = webhook(&world, receiver.url("/b"), &[]).await;
    let events: Vec<Event> = (0..60).map(|n| world.event(EventKind::RunRequested, &format!("s{}", n % 7), n)).collect();
    world.happens(&events).await;
    for millis in [3, 10, 25, 60] {
        let running = Running::start(&world);
        tokio::time::sleep(Duration::from_millis(millis)).await;
        running.kill().await;
        // what the dead held comes up again, here at once
        world.sql("UPDATE platform_outbox SET due_at = 0 WHERE delivered_at IS NULL", values![]).await;
        world.sql("UPDATE platform_deliveries SET due_at = 0 WHERE ended_at IS NULL", values![]).await;
    }
    let running = Running::start(&world);
    // some consumer is asked for an event that it has, too
    let fanout = Fanout::new(world.database.clone(), Waker::new());
    for event in &events[..10] {
        fanout.consume(event).await.unwrap();
    }
    eventually("all are delivered", || async { world.undelivered().await == 0 && ended(&world).await == 120 }).await;
    running.stop().await;
    for webhook in [a, b] {
        let mut ids: Vec<_> = sent(&world, webhook.id).await.iter().map(|d| d.event).collect();
        ids.sort_unstable();
        let mut expected: Vec<_> = events.iter().map(|e| e.id).collect();
        expected.sort_unstable();
        assert_eq!(ids, expected, "one row for each event, and no more");
    }
}

async fn a_receiver_that_fails_is_asked_again(world: World) {
    let receiver = Receiver::new(|_, before| match before {
        0 => Reply { body: b"no \0 way \xff".to_vec(), ..reply(500) },
        1 => Reply { headers: vec![("location", "/elsewhere".into())], ..reply(302) },
        _ => reply(204),
    })
    .await;
    let (hook, secret) = webhook(&world, receiver.url("/hook"), &[]).await;
    let running = Running::start(&world);
    world.happens(&[world.event(EventKind::RunRequested, "x", 1)]).await;
    running.wake();
    eventually("it failed", || attempted(&world, 1)).await;
    let first = &sent(&world, hook.id).await[0];
    assert_eq!((first.status, first.attempts, first.answer_status), (DeliveryStatus::Pending, 1, Some(500)));
    assert_eq!(first.answer.as_deref(), Some("no  way \u{fffd}"));
    let wait = first.due_at.since(first.attempted_at.unwrap()).as_secs_f64();
    assert!(wait > 4.4 && wait < 6.5, "{wait}");
    assert!(read(&world, hook.id).await.failing_since.is_some());
    for attempts in [2, 3] {
        world.sql("UPDATE platform_deliveries SET due_at = 0 WHERE ended_at IS NULL", values![]).await;
        running.wake();
        if attempts == 2 {
            eventually("it failed again", || attempted(&world, 2)).await;
            let second = &sent(&world, hook.id).await[0];
            assert!(second.failure.as_ref().unwrap().contains("redirects are not followed"));
            let wait = second.due_at.since(second.attempted_at.unwrap()).as_secs_f64();
            assert!(wait > 269.0 && wait < 332.0, "{wait}");
        }
    }
    eventually("it is taken", || async { ended(&world).await == 1 }).await;
    running.stop().await;
    let last = &sent(&world, hook.id).await[0];
    assert_eq!((last.status, last.attempts, last.answer_status), (DeliveryStatus::Succeeded, 3, Some(204)));
    assert_eq!(read(&world, hook.id).await.failing_since, None);
    let got = receiver.got();
    assert!(got.iter().all(|g| g.path == "/hook"), "nobody went elsewhere");
    assert!(got.iter().all(|g| g.header("webhook-id") == got[0].header("webhook-id") && g.body == got[0].body));
    let now = world.now().await;
    assert!(got.iter().all(|g| genuine(g, &secret, now)));
}

async fn a_receiver_may_ask_for_time_or_to_be_left_alone(world: World) {
    let receiver = Receiver::new(|got, _| match got.path.as_str() {
        "/busy" => Reply { headers: vec![("retry-after", "3600".into())], ..reply(503) },
        _ => reply(410),
    })
    .await;
    let (busy, _) = webhook(&world, receiver.url("/busy"), &[]).await;
    let (gone, _) = webhook(&world, receiver.url("/gone"), &[]).await;
    let running = Running::start(&world);
    world.happens(&[world.event(EventKind::RunRequested, "x", 1)]).await;
    running.wake();
    eventually("both answered", || async {
        attempted(&world, 1).await || (ended(&world).await == 1 && receiver.got().len() == 2)
    })
    .await;
    eventually("the busy one is put off", || async { sent(&world, busy.id).await[0].failure.is_some() }).await;
    eventually("the other is off", || async { read(&world, gone.id).await.disabled_at.is_some() }).await;
    running.stop().await;
    let delivery = &sent(&world, busy.id).await[0];
    let wait = delivery.due_at.since(delivery.attempted_at.unwrap()).as_secs_f64();
    assert!(wait > 3_230.0 && wait < 3_970.0, "{wait}");
    let off = read(&world, gone.id).await;
    assert!(off.disabled_because.unwrap().contains("410"));
    let failed = &sent(&world, gone.id).await[0];
    assert_eq!((failed.status, failed.attempts, failed.answer_status), (DeliveryStatus::Failed, 1, Some(410)));
    let audited = "SELECT COUNT(*) AS n FROM platform_audit WHERE action = 'webhook.disable' AND actor = 'system'";
    assert_eq!(world.count(audited).await, 1);
}

async fn given_up_after_nine_attempts(world: World) {
    let receiver = Receiver::new(|_, _| reply(500)).await;
    let (hook, _) = webhook(&world, receiver.url("/"), &[]).await;
    let running = Running::start(&world);
    world.happens(&[world.event(EventKind::RunRequested, "x", 1)]).await;
    running.wake();
    for attempts in 1..=9 {
        eventually("it failed", || attempted(&world, attempts)).await;
        world.sql("UPDATE platform_deliveries SET due_at = 0 WHERE ended_at IS NULL", values![]).await;
        running.wake();
    }
    running.stop().await;
    let last = &sent(&world, hook.id).await[0];
    assert_eq!((last.status, last.attempts), (DeliveryStatus::Failed, 9));
    assert!(last.ended_at.is_some());
    assert_eq!(receiver.got().len(), 9);
    assert!(read(&world, hook.id).await.disabled_at.is_none(), "the webhook itself is given five days");
}

async fn switched_off_after_five_days(world: World) {
    let receiver = Receiver::new(|_, _| reply(500)).await;
    let (hook, _) = webhook(&world, receiver.url("/"), &[]).await;
    let day = 24 * 3600 * 1_000_000_i64;
    let ago = world.now().await.micros() - 5 * day - 1;
    world.sql("UPDATE platform_webhooks SET failing_since = ?", values![ago]).await;
    let running = Running::start(&world);
    world.happens(&[world.event(EventKind::RunRequested, "x", 1)]).await;
    running.wake();
    eventually("it is off", || async { read(&world, hook.id).await.disabled_at.is_some() }).await;
    running.stop().await;
    let last = &sent(&world, hook.id).await[0];
    assert_eq!((last.status, last.attempts), (DeliveryStatus::Failed, 1), "and nothing waits for it any more");
}

async fn secrets_change_hands_without_a_gap(world: World) {
    let receiver = Receiver::new(|_, _| reply(200)).await;
    let (hook, old) = webhook(&world, receiver.url("/"), &[]).await;
    let new = Secret::new(&SystemRandom);
    let now = world.now().await;
    let mut tx = world.database.begin(Scope::Organization(world.organization)).await.unwrap();
    let until = now.after(Duration::from_secs(3600));
    webhooks::rotate(&mut tx, world.organization, hook.id, &sealed(hook.id, &new), until).await.unwrap();
    tx.commit().await.unwrap();
    let running = Running::start(&world);
    world.happens(&[world.event(EventKind::RunRequested, "x", 1)]).await;
    running.wake();
    eventually("it is taken", || async { ended(&world).await == 1 }).await;
    world.sql("UPDATE platform_webhooks SET old_secret_until = ?", values![now.before(Duration::from_secs(1))]).await;
    world.happens(&[world.event(EventKind::RunRequested, "x", 2)]).await;
    running.wake();
    eventually("the next is taken", || async { ended(&world).await == 2 }).await;
    running.stop().await;
    let got = receiver.got();
    assert!(genuine(&got[0], &old, now) && genuine(&got[0], &new, now));
    assert!(!genuine(&got[1], &old, now) && genuine(&got[1], &new, now));
}

async fn no_webhook_is_flooded_or_keeps_others_waiting(world: World) {
    let slow = Receiver::new(|_, _| Reply { after: Duration::from_millis(400), ..reply(200) }).await;
    let fast = Receiver::new(|_, _| reply(200)).await;
    webhook(&world, slow.url("/"), &[EventKind::RunRequested]).await;
    let events: Vec<Event> = (0..40).map(|n| world.event(EventKind::RunRequested, &format!("s{n}"), n)).collect();
    world.happens(&events).await;
    let running = Running::start(&world);
    eventually("the slow one is at it", || async { slow.got().len() >= 4 }).await;
    let (quick, _) = webhook(&world, fast.url("/"), &[EventKind::ReleaseCreated]).await;
    world.happens(&[world.event(EventKind::ReleaseCreated, "x", 1)]).await;
    running.wake();
    eventually("the fast one is served", || async { fast.got().len() == 1 }).await;
    assert!(slow.got().len() < 40, "while the slow one is still at it");
    eventually("all are delivered", || async { ended(&world).await == 41 }).await;
    running.stop().await;
    assert!(slow.most_at_once() <= 4, "{}", slow.most_at_once());
    assert!(slow.most_at_once() >= 2);
    assert_eq!(slow.got().len(), 40);
    assert_eq!(sent(&world, quick.id).await.len(), 1);
}

async fn a_webhook_that_is_switched_off_or_removed_gets_nothing_more(world: World) {
    let receiver = Receiver::new(|_, before| reply(if before < 2 { 500 } else { 200 })).await;
    let (off, _) = webhook(&world, receiver.url("/off"), &[]).await;
    let (removed, _) = webhook(&world, receiver.url("/removed"), &[]).await;
    let running = Running::start(&world);
    world.happens(&[world.event(EventKind::RunRequested, "x", 1)]).await;
    running.wake();
    for id in [off.id, removed.id] {
        eventually("it failed", || async { sent(&world, id).await.first().is_some_and(|d| d.failure.is_some()) }).await;
    }
    let mut tx = world.database.begin(Scope::Organization(world.organization)).await.unwrap();
    let now = proofmark_store::database::now(&mut tx).await.unwrap();
    assert!(webhooks::disable(&mut tx, off.id, now, "somebody wanted so").await.unwrap());
    assert!(webhooks::delete(&mut tx, world.organization, removed.id).await.unwrap());
    tx.commit().await.unwrap();
    world.happens(&[world.event(EventKind::RunRequested, "x", 2)]).await;
    running.wake();
    eventually("the event is through", || async { world.undelivered().await == 0 }).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    running.stop().await;
    assert_eq!(receiver.got().len(), 2);
    let given_up = &sent(&world, off.id).await;
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0].failure.as_deref(), Some("somebody wanted so"));
    assert_eq!(given_up[0].status, DeliveryStatus::Failed);
}

async fn attempt(guard: Guard, url: &str) -> Outcome {
    let secret = Secret::new(&SystemRandom);
    Sender::new(guard).unwrap().attempt(url, "evt_x", Timestamp::from_micros(0), "{}", &[secret]).await
}

fn lookup(guard: Guard, addresses: &'static [&'static str]) -> Guard {
    use futures_util::FutureExt;
    let asked = std::sync::atomic::AtomicUsize::new(0);
    guard.with_lookup(Arc::new(move |_, port| {
        let n = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst).min(addresses.len() - 1);
        async move { Ok(vec![SocketAddr::new(addresses[n].parse().unwrap(), port)]) }.boxed()
    }))
}

#[tokio::test]
async fn nothing_reaches_a_private_address() {
    let receiver = Receiver::new(|_, _| reply(200)).await;
    let strict = || Guard::new(Vec::new(), true);
    for url in [receiver.url("/"), format!("http://localhost:{}/", receiver.port)] {
        let Outcome::Failed { status: None, why, .. } = attempt(strict(), &url).await else { panic!("{url}") };
        assert!(why.contains("not of the public internet"), "{why}");
    }
    // a name that is public when it is checked and private when it is connected to
    let url = format!("http://hook.example.org:{}/", receiver.port);
    let rebinding = lookup(strict(), &["8.8.8.8", "127.0.0.1"]);
    let Outcome::Failed { status: None, why, .. } = attempt(rebinding, &url).await else { panic!("it got through") };
    assert!(why.contains("not of the public internet"), "{why}");
    assert!(receiver.got().is_empty());
    // and the connection goes where the check looked
    let pinned = lookup(loopback(), &["127.0.0.1"]);
    assert!(matches!(attempt(pinned, &url).await, Outcome::Taken { status: 200, .. }));
    assert_eq!(receiver.got()[0].header("host"), format!("hook.example.org:{}", receiver.port));
}

#[tokio::test]
async fn attempts_end_in_time_and_say_why() {
    let receiver = Receiver::new(|_, _| Reply { after: Duration::from_secs(60), ..reply(200) }).await;
    let begun = std::time::Instant::now();
    let Outcome::Failed { status: None, why, .. } = attempt(loopback(), &receiver.url("/?token=hidden")).await else {
        panic!("it was taken")
    };
    assert!(begun.elapsed() < Duration::from_secs(17) && begun.elapsed() > Duration::from_secs(14));
    assert_eq!(why, "the receiver took too long");
    let nobody = attempt(loopback(), "http://127.0.0.1:9/?token=hidden").await;
    let Outcome::Failed { why, .. } = nobody else { panic!("nobody listens there") };
    assert!(why.starts_with("no connection to the receiver") && !why.contains("hidden"), "{why}");
    let Outcome::Failed { why, .. } = attempt(Guard::default(), "http://example.org").await else { panic!() };
    assert!(why.contains("cannot be a webhook's address"), "{why}");
}
