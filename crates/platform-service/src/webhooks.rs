//! Webhooks: where an organization wants its events sent, and what became of each.

use crate::platform::{Platform, Work, stale};
use crate::sealing::Sealer;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_bus::Waker;
use proofmark_bus::cloud_event::CloudEvent;
use proofmark_bus::guard::Guard;
use proofmark_bus::webhooks::{Secret, Vault, purpose};
use proofmark_kernel::action::Action;
use proofmark_kernel::event::{Event, EventId, EventKind};
use proofmark_kernel::organization::ProjectId;
use proofmark_kernel::principal::Caller;
use proofmark_kernel::webhook::{Delivery, DeliveryId, DeliveryStatus, OLD_SECRET, Webhook, WebhookId};
use proofmark_store::page::{Listed, Page};
use proofmark_store::{deliveries, webhooks};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt;

/// Most webhooks of an organization.
pub const MOST: i64 = 100;
/// Longest description, in characters.
const DESCRIPTION: usize = 500;

/// The way out of the building: what may be reached, and who sends.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// Which addresses may be named.
    pub guard: Guard,
    /// Woken when something is to be sent.
    pub deliverer: Waker,
}

impl Vault for Sealer {
    fn open(&self, purpose: &str, sealed: &str) -> Result<Vec<u8>> {
        Sealer::open(self, purpose, sealed)
    }
}

/// A webhook to be made.
#[derive(Clone, Debug, Default)]
pub struct New {
    /// Where events are sent.
    pub url: String,
    /// What it is for, for people.
    pub description: String,
    /// Kinds of event; all if none is named.
    pub kinds: BTreeSet<EventKind>,
    /// The project whose events it gets; those of the whole organization if none.
    pub project: Option<ProjectId>,
}

/// What can be changed about a webhook; what is none stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Another address.
    pub url: Option<String>,
    /// Another description.
    pub description: Option<String>,
    /// Other kinds of event.
    pub kinds: Option<BTreeSet<EventKind>>,
    /// Switched off, or on again.
    pub disabled: Option<bool>,
}

/// A webhook and its secret, which is shown this once.
#[derive(Clone)]
pub struct Made {
    /// The webhook.
    pub webhook: Webhook,
    /// `whsec_...`: what the receiver verifies signatures with.
    pub secret: String,
}

impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made").field("webhook", &self.webhook).finish_non_exhaustive()
    }
}

fn description(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() > DESCRIPTION || text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Error::invalid("webhook.description", "the description cannot be used")
            .at("/description", "it has more than 500 characters, or control characters"));
    }
    Ok(text.to_string())
}

/// The address, if it may be reached: its name is resolved now, and again for every delivery.
async fn address(outside: &Outside, url: &str) -> Result<String> {
    let url = outside.guard.url(url)?;
    outside.guard.resolve(&url).await?;
    Ok(url.to_string())
}

fn missing() -> Error {
    Error::not_found("webhook")
}

/// The webhook, if the caller manages webhooks where it belongs.
async fn own(platform: &Platform, work: &mut Work<'_>, caller: &Caller, id: WebhookId) -> Result<Webhook> {
    let webhook = webhooks::get(work.on(), caller.organization, id).await?.ok_or_else(missing)?;
    may(platform, caller, &webhook)?;
    Ok(webhook)
}

fn may(platform: &Platform, caller: &Caller, webhook: &Webhook) -> Result<()> {
    match webhook.project {
        Some(project) => platform.may_in(caller, Action::WebhookManage, project, "webhook"),
        None => platform.authorizer.check(caller, Action::WebhookManage, None),
    }
}

/// Makes a webhook with a new secret.
///
/// # Errors
/// `webhook.url`, `webhook.address`, `webhook.unresolved`, `webhook.description`, `webhook.too-many`,
/// `project.not-found`, `authorization.denied`.
pub async fn create(platform: &Platform, outside: &Outside, caller: &Caller, new: New) -> Result<Made> {
    // who may not make one is not helped to find out which names resolve to what
    match new.project {
        Some(project) => platform.may_in(caller, Action::WebhookManage, project, "project")?,
        None => platform.authorizer.check(caller, Action::WebhookManage, None)?,
    }
    let description = description(&new.description)?;
    let url = address(outside, &new.url).await?;
    let secret = Secret::new(&*platform.random);
    let mut work = platform.work(caller).await?;
    if let Some(project) = new.project {
        work.project(Action::WebhookManage, project).await?;
    }
    if webhooks::count(work.on(), caller.organization).await? >= MOST {
        let text = format!("an organization has at most {MOST} webhooks");
        return Err(Error::new(Kind::Conflict, "webhook.too-many", text).help("delete one that nobody needs"));
    }
    let webhook = Webhook {
        id: WebhookId::new(work.now, &*platform.random),
        organization: caller.organization,
        project: new.project,
        url,
        description,
        kinds: new.kinds,
        created_by: caller.principal,
        created_at: work.now,
        failing_since: None,
        disabled_at: None,
        disabled_because: None,
        version: 1,
    };
    let sealed = platform.sealer.seal(&*platform.random, &purpose(webhook.id), secret.bytes())?;
    webhooks::insert(work.on(), &webhook, &sealed).await?;
    work.audit("webhook.create", webhook.id, json!({"project": webhook.project, "kinds": webhook.kinds})).await?;
    work.commit().await?;
    Ok(Made { webhook, secret: secret.text() })
}

/// One webhook.
///
/// # Errors
/// `webhook.not-found`, `authorization.denied`.
pub async fn get(platform: &Platform, caller: &Caller, id: WebhookId) -> Result<Webhook> {
    let mut tx = platform.read(caller).await?;
    let webhook = webhooks::get(&mut tx, caller.organization, id).await?.ok_or_else(missing)?;
    may(platform, caller, &webhook)?;
    Ok(webhook)
}

/// The webhooks of a project, or of the whole organization, newest first.
///
/// # Errors
/// `project.not-found`, `authorization.denied`.
pub async fn list(
    platform: &Platform,
    caller: &Caller,
    project: Option<ProjectId>,
    page: Page<WebhookId>,
) -> Result<Listed<Webhook, WebhookId>> {
    let mut tx = platform.read(caller).await?;
    match project {
        Some(project) => drop(platform.project(&mut tx, caller, Action::WebhookManage, project).await?),
        None => platform.authorizer.check(caller, Action::WebhookManage, None)?,
    }
    webhooks::list(&mut tx, caller.organization, project, page).await
}

/// Changes one. `version` is the one that the caller saw. Switched on again, it starts without a history of failures.
///
/// # Errors
/// `webhook.not-found`, `version.stale`, and as [`create`].
pub async fn update(
    platform: &Platform,
    outside: &Outside,
    caller: &Caller,
    id: WebhookId,
    version: i64,
    change: Change,
) -> Result<Webhook> {
    get(platform, caller, id).await?;
    let url = match &change.url {
        Some(url) => Some(address(outside, url).await?),
        None => None,
    };
    let mut work = platform.work(caller).await?;
    let mut webhook = own(platform, &mut work, caller, id).await?;
    if webhook.version != version {
        return Err(stale("webhook"));
    }
    if let Some(text) = &change.description {
        webhook.description = description(text)?;
    }
    webhook.url = url.unwrap_or(webhook.url);
    webhook.kinds = change.kinds.clone().unwrap_or(webhook.kinds);
    let (was, wanted) = (webhook.disabled_at.is_some(), change.disabled);
    if was && wanted == Some(false) {
        (webhook.disabled_at, webhook.disabled_because, webhook.failing_since) = (None, None, None);
    }
    if !webhooks::update(work.on(), &webhook).await? {
        return Err(stale("webhook"));
    }
    webhook.version += 1;
    if !was && wanted == Some(true) {
        let now = work.now;
        webhooks::disable(work.on(), id, now, "a person switched it off").await?;
        webhook = webhooks::get(work.on(), caller.organization, id).await?.ok_or_else(missing)?;
    }
    let changed = json!({
        "url": change.url.is_some(), "description": change.description.is_some(), "kinds": change.kinds,
        "disabled": wanted,
    });
    work.audit("webhook.update", id, changed).await?;
    work.commit().await?;
    Ok(webhook)
}

/// Removes one with its deliveries.
///
/// # Errors
/// `webhook.not-found`, `authorization.denied`.
pub async fn delete(platform: &Platform, caller: &Caller, id: WebhookId) -> Result<()> {
    let mut work = platform.work(caller).await?;
    let webhook = own(platform, &mut work, caller, id).await?;
    webhooks::delete(work.on(), caller.organization, id).await?;
    work.audit("webhook.delete", id, json!({"project": webhook.project})).await?;
    work.commit().await
}

/// Gives a new secret, shown this once. The former one signs as well for a day, so that the receiver can be told in
/// between.
///
/// # Errors
/// `webhook.not-found`, `authorization.denied`.
pub async fn rotate_secret(platform: &Platform, caller: &Caller, id: WebhookId) -> Result<Made> {
    let secret = Secret::new(&*platform.random);
    let mut work = platform.work(caller).await?;
    let mut webhook = own(platform, &mut work, caller, id).await?;
    let sealed = platform.sealer.seal(&*platform.random, &purpose(id), secret.bytes())?;
    let until = proofmark_store::database::now(work.on()).await?.after(OLD_SECRET);
    webhooks::rotate(work.on(), caller.organization, id, &sealed, until).await?;
    work.audit("webhook.rotate-secret", id, json!({})).await?;
    work.commit().await?;
    webhook.version += 1;
    Ok(Made { webhook, secret: secret.text() })
}

/// What became of events on their way to a webhook, newest first.
///
/// # Errors
/// `webhook.not-found`, `authorization.denied`.
pub async fn deliveries(
    platform: &Platform,
    caller: &Caller,
    id: WebhookId,
    status: Option<DeliveryStatus>,
    page: Page<DeliveryId>,
) -> Result<Listed<Delivery, DeliveryId>> {
    let mut tx = platform.read(caller).await?;
    let webhook = webhooks::get(&mut tx, caller.organization, id).await?.ok_or_else(missing)?;
    may(platform, caller, &webhook)?;
    deliveries::list(&mut tx, caller.organization, id, status, page).await
}

/// Sends an event again that ended, either way: a new delivery with the same event identifier, by which the receiver
/// can tell that it is the same.
///
/// # Errors
/// `webhook.not-found`, `delivery.not-found`, `delivery.pending`, `webhook.disabled`.
pub async fn replay(
    platform: &Platform,
    outside: &Outside,
    caller: &Caller,
    id: WebhookId,
    delivery: DeliveryId,
) -> Result<Delivery> {
    let mut work = platform.work(caller).await?;
    let webhook = own(platform, &mut work, caller, id).await?;
    switched_on(&webhook)?;
    let found = deliveries::get(work.on(), caller.organization, delivery).await?;
    let former = found.filter(|d| d.webhook == id).ok_or_else(|| Error::not_found("delivery"))?;
    if former.ended_at.is_none() {
        return Err(Error::new(Kind::Conflict, "delivery.pending", "the delivery has not ended: it will be tried")
            .help("wait until it succeeded or failed"));
    }
    let made = fresh(platform, &mut work, &webhook, former.event, former.kind, former.body).await?;
    let made = Delivery { replay_of: Some(former.id), ..made };
    deliveries::insert(work.on(), &made).await?;
    work.audit("webhook.replay", id, json!({"delivery": former.id, "as": made.id})).await?;
    work.commit().await?;
    outside.deliverer.wake();
    Ok(made)
}

/// Sends a test event to one webhook, whatever kinds it asked for.
///
/// # Errors
/// `webhook.not-found`, `webhook.disabled`, `authorization.denied`.
pub async fn test(platform: &Platform, outside: &Outside, caller: &Caller, id: WebhookId) -> Result<Delivery> {
    let mut work = platform.work(caller).await?;
    let webhook = own(platform, &mut work, caller, id).await?;
    switched_on(&webhook)?;
    let event = Event {
        id: EventId::new(work.now, &*platform.random),
        kind: EventKind::WebhookTest,
        organization: caller.organization,
        project: webhook.project,
        subject: id.to_string(),
        data: json!({}),
        at: work.now,
    };
    let body = CloudEvent::from(&event).to_json()?;
    let made = fresh(platform, &mut work, &webhook, event.id, event.kind, body).await?;
    deliveries::insert(work.on(), &made).await?;
    work.audit("webhook.test", id, json!({"delivery": made.id})).await?;
    work.commit().await?;
    outside.deliverer.wake();
    Ok(made)
}

fn switched_on(webhook: &Webhook) -> Result<()> {
    match &webhook.disabled_because {
        Some(because) => {
            Err(Error::new(Kind::Conflict, "webhook.disabled", format!("the webhook is switched off: {because}"))
                .help("switch it on first"))
        }
        None => Ok(()),
    }
}

/// A delivery that is due at once, by the database's time.
async fn fresh(
    platform: &Platform,
    work: &mut Work<'_>,
    webhook: &Webhook,
    event: EventId,
    kind: EventKind,
    body: String,
) -> Result<Delivery> {
    let now = proofmark_store::database::now(work.on()).await?;
    Ok(Delivery {
        id: DeliveryId::new(now, &*platform.random),
        organization: webhook.organization,
        webhook: webhook.id,
        event,
        kind,
        replay_of: None,
        body,
        status: DeliveryStatus::Pending,
        attempts: 0,
        due_at: now,
        created_at: now,
        attempted_at: None,
        ended_at: None,
        answer_status: None,
        answer: None,
        failure: None,
    })
}
