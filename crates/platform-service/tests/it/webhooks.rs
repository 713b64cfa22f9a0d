//! Webhooks from their making to what is sent: who may, what is refused, what is shown once.

use crate::support::{World, ada, postgres, somebody, sqlite};
use proofmark_base::error::Kind;
use proofmark_bus::guard::Guard;
use proofmark_bus::webhooks::{Secret, Vault, purpose};
use proofmark_kernel::event::EventKind;
use proofmark_kernel::principal::{Caller, Role};
use proofmark_kernel::webhook::{DeliveryStatus, WebhookId};
use proofmark_platform_service::platform::Platform;
use proofmark_platform_service::projects;
use proofmark_platform_service::webhooks::{self, Change, New, Outside};
use proofmark_store::page::Page;
use proofmark_store::{Connection, Scope, values};

/// Loopback stands for the public internet here: no name has to be resolved.
fn outside() -> Outside {
    Outside { guard: Guard::new(vec!["127.0.0.0/8".parse().unwrap()], true), ..Outside::default() }
}

fn new(url: &str) -> New {
    New { url: url.into(), description: " build board ".into(), ..New::default() }
}

async fn sealed(platform: &Platform, caller: &Caller, id: WebhookId) -> proofmark_store::webhooks::Secrets {
    let mut tx = platform.read(caller).await.unwrap();
    proofmark_store::webhooks::secrets(&mut tx, caller.organization, id).await.unwrap().unwrap()
}

async fn the_life_of_a_webhook(world: World) {
    let (p, outside) = (&world.platform, outside());
    let ada = ada(p).await.caller;
    let made = webhooks::create(p, &outside, &ada, new("http://127.0.0.1:9/hook")).await.unwrap();
    let id = made.webhook.id;
    assert_eq!((made.webhook.description.as_str(), made.webhook.version), ("build board", 1));
    // the secret is shown once and lies sealed
    assert!(!format!("{made:?}").contains(&made.secret));
    let kept = sealed(p, &ada, id).await;
    assert!(!kept.current.contains(made.secret.strip_prefix("whsec_").unwrap()));
    let opened = Vault::open(&*p.sealer, &purpose(id), &kept.current).unwrap();
    assert_eq!(Secret::from_bytes(opened).unwrap().text(), made.secret);
    assert_eq!(webhooks::get(p, &ada, id).await.unwrap(), made.webhook);

    let change = Change { kinds: Some([EventKind::ReleaseCreated].into()), ..Change::default() };
    let changed = webhooks::update(p, &outside, &ada, id, 1, change.clone()).await.unwrap();
    assert_eq!((changed.version, changed.kinds.len()), (2, 1));
    let stale = webhooks::update(p, &outside, &ada, id, 1, change).await.unwrap_err();
    assert_eq!((stale.kind, &*stale.code), (Kind::Precondition, "version.stale"));

    let rotated = webhooks::rotate_secret(p, &ada, id).await.unwrap();
    assert_ne!(rotated.secret, made.secret);
    let after = sealed(p, &ada, id).await;
    assert_eq!(after.old.unwrap().0, kept.current);
    assert_eq!(webhooks::get(p, &ada, id).await.unwrap().version, rotated.webhook.version);

    // a test goes out whatever it asked for, and again once it has ended
    let test = webhooks::test(p, &outside, &ada, id).await.unwrap();
    assert_eq!((test.kind, test.status), (EventKind::WebhookTest, DeliveryStatus::Pending));
    let early = webhooks::replay(p, &outside, &ada, id, test.id).await.unwrap_err();
    assert_eq!(early.code, "delivery.pending");
    let off = Change { disabled: Some(true), ..Change::default() };
    let off = webhooks::update(p, &outside, &ada, id, rotated.webhook.version, off).await.unwrap();
    assert!(off.disabled_at.is_some());
    let given_up =
        webhooks::deliveries(p, &ada, id, Some(DeliveryStatus::Failed), Page::default()).await.unwrap().items;
    assert_eq!(given_up.len(), 1);
    assert_eq!(webhooks::replay(p, &outside, &ada, id, test.id).await.unwrap_err().code, "webhook.disabled");
    assert_eq!(webhooks::test(p, &outside, &ada, id).await.unwrap_err().code, "webhook.disabled");
    let on = Change { disabled: Some(false), ..Change::default() };
    let on = webhooks::update(p, &outside, &ada, id, off.version, on).await.unwrap();
    assert_eq!((on.disabled_at, on.disabled_because), (None, None));
    let again = webhooks::replay(p, &outside, &ada, id, test.id).await.unwrap();
    assert_eq!((again.event, again.replay_of), (test.event, Some(test.id)));
    assert_eq!(again.body, test.body);
    let all = webhooks::deliveries(p, &ada, id, None, Page { limit: 1, before: None }).await.unwrap();
    assert_eq!((all.items[0].id, all.next), (again.id, Some(again.id)));

    webhooks::delete(p, &ada, id).await.unwrap();
    assert_eq!(webhooks::get(p, &ada, id).await.unwrap_err().code, "webhook.not-found");
    let mut tx = p.database.read(Scope::System).await.unwrap();
    let sql = "SELECT action FROM platform_audit WHERE action LIKE 'webhook.%' ORDER BY seq";
    let rows = tx.rows(sql, values![]).await.unwrap();
    let actions: Vec<String> = rows.iter().map(|r| r.text("action").unwrap()).collect();
    let expected = "create update rotate-secret test update update replay delete";
    assert_eq!(actions, expected.split(' ').map(|a| format!("webhook.{a}")).collect::<Vec<_>>());
    drop(tx);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_life_of_a_webhook_on_sqlite() {
    the_life_of_a_webhook(sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_life_of_a_webhook_on_postgres() {
    the_life_of_a_webhook(postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_and_where_to() {
    let world = sqlite().await;
    let (p, outside) = (&world.platform, outside());
    let ada = ada(p).await.caller;
    let project = projects::create(p, &ada, "Engine", None).await.unwrap().id;
    let eve = somebody(p, &ada, "eve", &[Role::Engineer]).await.caller;
    let refused = webhooks::create(p, &outside, &eve, new("http://127.0.0.1/")).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    // who may not make one does not learn what names resolve to
    let refused = webhooks::create(p, &outside, &eve, new("http://10.0.0.1/")).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Forbidden);
    for (url, code) in [
        ("http://10.0.0.1/", "webhook.address"),
        ("http://169.254.169.254/latest", "webhook.address"),
        ("http://[::ffff:10.0.0.1]/", "webhook.address"),
        ("ftp://127.0.0.1/", "webhook.url"),
        ("http://user@127.0.0.1/", "webhook.url"),
    ] {
        assert_eq!(webhooks::create(p, &outside, &ada, new(url)).await.unwrap_err().code, code, "{url}");
    }
    let long = New { description: "x".repeat(501), ..new("http://127.0.0.1/") };
    assert_eq!(webhooks::create(p, &outside, &ada, long).await.unwrap_err().code, "webhook.description");
    let own = webhooks::create(p, &outside, &ada, New { project: Some(project), ..new("http://127.0.0.1/") }).await;
    let own = own.unwrap().webhook;
    let moved = Change { url: Some("http://192.168.1.1/".into()), ..Change::default() };
    let refused = webhooks::update(p, &outside, &ada, own.id, own.version, moved).await.unwrap_err();
    assert_eq!(refused.code, "webhook.address");
    assert!(webhooks::get(p, &eve, own.id).await.is_err());
    webhooks::create(p, &outside, &ada, new("http://127.0.0.1/")).await.unwrap();
    let page = Page::default();
    assert_eq!(webhooks::list(p, &ada, None, page).await.unwrap().items.len(), 2);
    assert_eq!(webhooks::list(p, &ada, Some(project), page).await.unwrap().items, [own]);
    world.end().await;
}
