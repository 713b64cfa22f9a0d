//! Sends deliveries that are due, many at once and few to any one address, and again until they are taken or given up.

use super::{Outcome, Secret, Sender, Vault, purpose};
use crate::rounds::{self, Waker, about};
use proofmark_base::error::Result;
use proofmark_base::time::Timestamp;
use proofmark_kernel::audit::Record;
use proofmark_kernel::webhook::{Delivery, DeliveryStatus, Webhook, WebhookId, wait};
use proofmark_store::database::now;
use proofmark_store::deliveries::{self, Answer};
use proofmark_store::{Connection, Database, Scope, audit, webhooks};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;

/// Attempts of this process that may be under way at once.
const AT_ONCE: usize = 32;
/// Of those, to one webhook.
const EACH: usize = 4;
/// How long an attempt is held: longer than it can take. When its process dies it is made again after this.
const HOLD: Duration = Duration::from_secs(60);
/// How long to wait where nothing is due: another process may have made deliveries.
const POLL: Duration = Duration::from_secs(5);
/// How long deliveries that ended are kept.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Rows removed at once.
const PRUNED: i64 = 500;

/// Sends deliveries.
pub struct Deliverer {
    inner: Arc<Inner>,
    attempts: tokio::sync::Mutex<JoinSet<()>>,
    rounds: AtomicU64,
}

struct Inner {
    database: Database,
    sender: Sender,
    vault: Arc<dyn Vault>,
    waker: Waker,
    /// Attempts under way.
    busy: Mutex<BTreeMap<WebhookId, usize>>,
}

impl Deliverer {
    /// `waker` is woken when deliveries were made.
    pub fn new(database: Database, sender: Sender, vault: Arc<dyn Vault>, waker: Waker) -> Self {
        let inner = Inner { database, sender, vault, waker, busy: Mutex::default() };
        Deliverer { inner: Arc::new(inner), attempts: tokio::sync::Mutex::default(), rounds: AtomicU64::new(0) }
    }

    /// Sends what is due until `stop`; attempts that are under way then are finished first, which takes seconds.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let waker = self.inner.waker.clone();
        let this = &self;
        rounds::go("the sender of webhooks", &waker, stop, || async move {
            if this.rounds.fetch_add(1, Ordering::Relaxed).is_multiple_of(512) {
                this.prune().await?;
            }
            this.round().await
        })
        .await;
        let mut attempts = self.attempts.lock().await;
        while attempts.join_next().await.is_some() {}
    }

    /// Begins the attempts that are due, as far as there is room; gives the time until it makes sense to look again.
    async fn round(&self) -> Result<Duration> {
        let mut attempts = self.attempts.lock().await;
        while attempts.try_join_next().is_some() {}
        // whoever ends wakes us
        let room = AT_ONCE.saturating_sub(attempts.len());
        if room == 0 {
            return Ok(POLL);
        }
        let database = &self.inner.database;
        let mut read = database.read(Scope::System).await?;
        let due = deliveries::due(&mut read, EACH as i64, AT_ONCE as i64).await?;
        let next = deliveries::next(&mut read).await?;
        drop(read);
        let mut begun = 0;
        for due in due {
            if begun == room {
                break;
            }
            let Some(place) = Inner::place(&self.inner, due.webhook) else { continue };
            let mut tx = database.begin(Scope::System).await?;
            let taken = deliveries::take(&mut tx, &due, HOLD).await?;
            tx.commit().await?;
            if let Some(delivery) = taken {
                begun += 1;
                attempts.spawn(attempt(place, delivery));
            }
        }
        let soon = if begun > 0 { Duration::from_millis(20) } else { Duration::from_secs(1) };
        Ok(next.map_or(POLL, |next| next.clamp(soon, POLL)))
    }

    async fn prune(&self) -> Result<()> {
        loop {
            let mut tx = self.inner.database.begin(Scope::System).await?;
            let before = now(&mut tx).await?.before(KEPT);
            let gone = deliveries::prune(&mut tx, before, PRUNED).await?;
            tx.commit().await?;
            if gone < PRUNED as u64 {
                return Ok(());
            }
        }
    }
}

/// One of the places that a webhook has in this process, given back when dropped.
struct Place {
    inner: Arc<Inner>,
    webhook: WebhookId,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut busy = self.inner.busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = busy.get_mut(&self.webhook) {
            *n -= 1;
            if *n == 0 {
                busy.remove(&self.webhook);
            }
        }
        drop(busy);
        self.inner.waker.wake();
    }
}

impl Inner {
    fn place(this: &Arc<Self>, webhook: WebhookId) -> Option<Place> {
        let mut busy = this.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let n = busy.entry(webhook).or_default();
        if *n >= EACH {
            return None;
        }
        *n += 1;
        Some(Place { inner: this.clone(), webhook })
    }
}

async fn attempt(place: Place, delivery: Delivery) {
    if let Err(e) = place.inner.make(&delivery).await {
        // it is made again when the hold ends
        tracing::error!(delivery = %delivery.id, error = %e, source = ?e.source, "a webhook's delivery could not be made");
    }
}

impl Inner {
    async fn make(&self, delivery: &Delivery) -> Result<()> {
        let mut read = self.database.read(Scope::System).await?;
        let now = now(&mut read).await?;
        let webhook = webhooks::get(&mut read, delivery.organization, delivery.webhook).await?;
        let secrets = webhooks::secrets(&mut read, delivery.organization, delivery.webhook).await?;
        drop(read);
        // removed, or switched off, since it was taken
        let (Some(webhook), Some(secrets)) = (webhook, secrets) else { return Ok(()) };
        if webhook.disabled_at.is_some() {
            return Ok(());
        }
        let purpose = purpose(webhook.id);
        let open = |sealed: &str| Secret::from_bytes(self.vault.open(&purpose, sealed)?);
        let mut keys = vec![open(&secrets.current)?];
        if let Some((old, _)) = secrets.old.filter(|(_, until)| *until > now) {
            keys.push(open(&old)?);
        }
        let id = delivery.event.to_string();
        let outcome = self.sender.attempt(&webhook.url, &id, now, &delivery.body, &keys).await;
        self.settle(&webhook, delivery, outcome).await
    }

    async fn settle(&self, webhook: &Webhook, delivery: &Delivery, outcome: Outcome) -> Result<()> {
        let mut tx = self.database.begin(Scope::System).await?;
        let now = now(&mut tx).await?;
        let told = match outcome {
            Outcome::Taken { status, body } => {
                let answer = Answer { status: Some(status.into()), body: Some(body), failure: None };
                deliveries::settle(&mut tx, delivery, &answer, DeliveryStatus::Succeeded, Duration::ZERO).await?;
                webhooks::worked(&mut tx, webhook.id).await?;
                "taken"
            }
            Outcome::Gone { body } => {
                let why = "the receiver answered 410: it wants no more";
                let answer = Answer { status: Some(410), body: Some(body), failure: Some(why.into()) };
                deliveries::settle(&mut tx, delivery, &answer, DeliveryStatus::Failed, Duration::ZERO).await?;
                disable(&mut tx, webhook, now, why).await?;
                "gone"
            }
            Outcome::Failed { status, body, why, retry_after } => {
                let again = wait(delivery.attempts, retry_after);
                let status_now = if again.is_some() { DeliveryStatus::Pending } else { DeliveryStatus::Failed };
                let answer = Answer { status: status.map(i64::from), body, failure: Some(why) };
                let again = again.map(about).unwrap_or_default();
                deliveries::settle(&mut tx, delivery, &answer, status_now, again).await?;
                let seen = webhooks::failed(&mut tx, webhook.id, now).await?;
                if seen.is_some_and(|w| w.hopeless(now)) {
                    disable(&mut tx, webhook, now, "nothing has been taken for five days").await?;
                }
                "failed"
            }
        };
        tx.commit().await?;
        metrics::counter!("proofmark_webhook_attempts_total", "outcome" => told).increment(1);
        Ok(())
    }
}

/// Switches a webhook off on the program's own account, which its organization finds in the audit log.
async fn disable(on: &mut dyn Connection, webhook: &Webhook, now: Timestamp, because: &str) -> Result<()> {
    if !webhooks::disable(on, webhook.id, now, because).await? {
        return Ok(());
    }
    tracing::warn!(webhook = %webhook.id, because, "a webhook was switched off");
    let record = Record {
        organization: webhook.organization,
        at: now,
        actor: "system".into(),
        credential: "system".into(),
        action: "webhook.disable".into(),
        subject: webhook.id.to_string(),
        detail: serde_json::json!({ "because": because }),
        trace: None,
    };
    audit::append(on, record).await.map(drop)
}
