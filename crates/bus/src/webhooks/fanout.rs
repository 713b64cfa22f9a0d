//! From one event to a delivery for each webhook that wants it.

use crate::cloud_event::CloudEvent;
use crate::relay::{Consumer, Waker};
use async_trait::async_trait;
use proofmark_base::error::Result;
use proofmark_kernel::event::Event;
use proofmark_kernel::webhook::{Delivery, DeliveryId, DeliveryStatus, Webhook};
use proofmark_store::system::SystemRandom;
use proofmark_store::{Database, Scope, deliveries, webhooks};

/// The consumer `webhooks`.
pub struct Fanout {
    database: Database,
    deliverer: Waker,
}

impl Fanout {
    /// Makes deliveries and wakes who sends them.
    pub fn new(database: Database, deliverer: Waker) -> Self {
        Fanout { database, deliverer }
    }
}

/// An event's delivery to a webhook, due now.
pub(crate) fn delivery(webhook: &Webhook, event: &Event, now: proofmark_base::time::Timestamp) -> Result<Delivery> {
    Ok(Delivery {
        id: DeliveryId::new(now, &SystemRandom),
        organization: webhook.organization,
        webhook: webhook.id,
        event: event.id,
        kind: event.kind,
        replay_of: None,
        body: CloudEvent::from(event).to_json()?,
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

#[async_trait]
impl Consumer for Fanout {
    fn name(&self) -> &str {
        "webhooks"
    }

    async fn consume(&self, event: &Event) -> Result<()> {
        let mut read = self.database.read(Scope::Organization(event.organization)).await?;
        let mut wanting = webhooks::enabled(&mut read, event.organization).await?;
        drop(read);
        wanting.retain(|w| w.wants(event));
        if wanting.is_empty() {
            return Ok(());
        }
        let mut tx = self.database.begin(Scope::Organization(event.organization)).await?;
        let now = proofmark_store::database::now(&mut tx).await?;
        for webhook in &wanting {
            // removed in between: there is nobody to send to any more
            if webhooks::get(&mut tx, webhook.organization, webhook.id).await?.is_some() {
                deliveries::insert(&mut tx, &delivery(webhook, event, now)?).await?;
            }
        }
        tx.commit().await?;
        self.deliverer.wake();
        Ok(())
    }
}
