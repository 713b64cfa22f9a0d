//! Webhooks and their deliveries.

use super::Shape;
use crate::fields::{self, of};
use proofmark_base::time::Timestamp;
use proofmark_kernel::{event, organization, principal, webhook};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A webhook to be made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateWebhook {
    /// Where events are sent: `https:`, no private address.
    #[schema(min_length = 1, max_length = 2000, format = "uri")]
    pub url: String,
    /// What it is for, for people.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: String,
    /// What is sent; everything if left out or empty.
    #[serde(default)]
    #[schema(value_type = Vec<fields::EventKind>)]
    pub kinds: Vec<event::EventKind>,
    /// Only what happens in this project.
    #[serde(default)]
    #[schema(value_type = Option<fields::ProjectId>)]
    pub project: Option<organization::ProjectId>,
}

impl Shape for CreateWebhook {
    fn example() -> Self {
        CreateWebhook {
            url: "https://hooks.example.org/proofmark".into(),
            description: "build board".into(),
            kinds: vec![of::<_, fields::EventKind>()],
            project: None,
        }
    }
}

/// What changes in a webhook; what is left out stays.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateWebhook {
    /// Where events are sent.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 2000)]
    pub url: Option<String>,
    /// What it is for, for people.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub description: Option<String>,
    /// What is sent.
    #[serde(default)]
    #[schema(value_type = Option<Vec<fields::EventKind>>)]
    pub kinds: Option<Vec<event::EventKind>>,
    /// Whether nothing is sent.
    #[serde(default)]
    pub disabled: Option<bool>,
}

impl Shape for UpdateWebhook {
    fn example() -> Self {
        UpdateWebhook { url: None, description: None, kinds: None, disabled: Some(true) }
    }
}

/// A webhook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Webhook {
    /// Identifier.
    #[schema(value_type = fields::WebhookId)]
    pub id: webhook::WebhookId,
    /// Only what happens in this project.
    #[schema(value_type = Option<fields::ProjectId>, required)]
    pub project: Option<organization::ProjectId>,
    /// Where events are sent.
    pub url: String,
    /// What it is for, for people.
    pub description: String,
    /// What is sent; everything if empty.
    #[schema(value_type = Vec<fields::EventKind>)]
    pub kinds: Vec<event::EventKind>,
    /// Who made it.
    #[schema(value_type = fields::PrincipalId)]
    pub created_by: principal::PrincipalId,
    /// When it was made.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// Since when nothing but failures came of it.
    #[schema(value_type = Option<fields::Time>, required)]
    pub failing_since: Option<Timestamp>,
    /// When it was switched off.
    #[schema(value_type = Option<fields::Time>, required)]
    pub disabled_at: Option<Timestamp>,
    /// Why it was switched off.
    #[schema(required)]
    pub disabled_because: Option<String>,
    /// Counts changes, from 1; the entity tag is this number in quotes.
    pub version: i64,
}

impl From<webhook::Webhook> for Webhook {
    fn from(w: webhook::Webhook) -> Self {
        Webhook {
            id: w.id,
            project: w.project,
            url: w.url,
            description: w.description,
            kinds: w.kinds.into_iter().collect(),
            created_by: w.created_by,
            created_at: w.created_at,
            failing_since: w.failing_since,
            disabled_at: w.disabled_at,
            disabled_because: w.disabled_because,
            version: w.version,
        }
    }
}

impl Shape for Webhook {
    fn example() -> Self {
        Webhook {
            id: of::<_, fields::WebhookId>(),
            project: None,
            url: "https://hooks.example.org/proofmark".into(),
            description: "build board".into(),
            kinds: vec![of::<_, fields::EventKind>()],
            created_by: of::<_, fields::PrincipalId>(),
            created_at: of::<_, fields::Time>(),
            failing_since: None,
            disabled_at: None,
            disabled_because: None,
            version: 1,
        }
    }
}

/// A webhook that was made.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct WebhookMade {
    /// Key of the signatures (Standard Webhooks, `whsec_...`). Shown once.
    pub secret: String,
    /// The webhook.
    pub webhook: Webhook,
}

impl Shape for WebhookMade {
    fn example() -> Self {
        WebhookMade { secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into(), webhook: Webhook::example() }
    }
}

/// The sending of one event to one webhook.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Identifier.
    #[schema(value_type = fields::DeliveryId)]
    pub id: webhook::DeliveryId,
    /// To which.
    #[schema(value_type = fields::WebhookId)]
    pub webhook: webhook::WebhookId,
    /// Which event; the same in every repetition.
    #[schema(value_type = fields::EventId)]
    pub event: event::EventId,
    /// Its kind.
    #[schema(value_type = fields::EventKind)]
    pub kind: event::EventKind,
    /// The delivery that somebody wanted sent again.
    #[schema(value_type = Option<fields::DeliveryId>, required)]
    pub replay_of: Option<webhook::DeliveryId>,
    /// How it stands.
    #[schema(value_type = fields::DeliveryStatus)]
    pub status: webhook::DeliveryStatus,
    /// Times it was tried.
    pub attempts: i64,
    /// When it was made.
    #[schema(value_type = fields::Time)]
    pub created_at: Timestamp,
    /// When it is tried next, or was tried last if it has ended.
    #[schema(value_type = fields::Time)]
    pub due_at: Timestamp,
    /// When it was tried last.
    #[schema(value_type = Option<fields::Time>, required)]
    pub attempted_at: Option<Timestamp>,
    /// When it ended.
    #[schema(value_type = Option<fields::Time>, required)]
    pub ended_at: Option<Timestamp>,
    /// HTTP status of the last answer.
    #[schema(required)]
    pub answer_status: Option<i64>,
    /// Beginning of its body.
    #[schema(required)]
    pub answer: Option<String>,
    /// Why the last attempt failed.
    #[schema(required)]
    pub failure: Option<String>,
}

impl From<webhook::Delivery> for Delivery {
    fn from(d: webhook::Delivery) -> Self {
        Delivery {
            id: d.id,
            webhook: d.webhook,
            event: d.event,
            kind: d.kind,
            replay_of: d.replay_of,
            status: d.status,
            attempts: d.attempts,
            created_at: d.created_at,
            due_at: d.due_at,
            attempted_at: d.attempted_at,
            ended_at: d.ended_at,
            answer_status: d.answer_status,
            answer: d.answer,
            failure: d.failure,
        }
    }
}

impl Shape for Delivery {
    fn example() -> Self {
        Delivery {
            id: of::<_, fields::DeliveryId>(),
            webhook: of::<_, fields::WebhookId>(),
            event: of::<_, fields::EventId>(),
            kind: of::<_, fields::EventKind>(),
            replay_of: None,
            status: of::<_, fields::DeliveryStatus>(),
            attempts: 1,
            created_at: of::<_, fields::Time>(),
            due_at: of::<_, fields::Time>(),
            attempted_at: Some(of::<_, fields::Time>()),
            ended_at: Some(of::<_, fields::Time>()),
            answer_status: Some(204),
            answer: None,
            failure: None,
        }
    }
}
