//! Webhooks and their deliveries.

use crate::call::Call;
use crate::reply::Reply;
use axum::http::StatusCode;
use proofmark_base::error::Result;
use proofmark_contract::types::webhooks::{CreateWebhook, Delivery, UpdateWebhook, Webhook, WebhookMade};
use proofmark_platform_service::webhooks;

pub(crate) async fn create(mut call: Call) -> Result<Reply> {
    let sent: CreateWebhook = call.json().await?;
    let new = webhooks::New {
        url: sent.url,
        description: sent.description,
        kinds: sent.kinds.into_iter().collect(),
        project: sent.project,
    };
    let made = webhooks::create(call.platform(), &call.state.outside, call.caller()?, new).await?;
    Reply::created(&WebhookMade { secret: made.secret, webhook: made.webhook.into() })
}

pub(crate) async fn list(call: Call) -> Result<Reply> {
    let project = call.query.get("project")?;
    let found = webhooks::list(call.platform(), call.caller()?, project, call.page()?).await?;
    Reply::ok(&call.listed::<_, Webhook, _>(found))
}

fn one(webhook: proofmark_kernel::webhook::Webhook) -> Result<Reply> {
    let version = webhook.version;
    Ok(Reply::ok(&Webhook::from(webhook))?.version(version))
}

pub(crate) async fn get(call: Call) -> Result<Reply> {
    one(webhooks::get(call.platform(), call.caller()?, call.id("webhook")?).await?)
}

pub(crate) async fn update(mut call: Call) -> Result<Reply> {
    let (id, version) = (call.id("webhook")?, call.version()?);
    let sent: UpdateWebhook = call.json().await?;
    let change = webhooks::Change {
        url: sent.url,
        description: sent.description,
        kinds: sent.kinds.map(|kinds| kinds.into_iter().collect()),
        disabled: sent.disabled,
    };
    one(webhooks::update(call.platform(), &call.state.outside, call.caller()?, id, version, change).await?)
}

pub(crate) async fn delete(call: Call) -> Result<Reply> {
    webhooks::delete(call.platform(), call.caller()?, call.id("webhook")?).await?;
    Ok(Reply::done())
}

pub(crate) async fn rotate_secret(call: Call) -> Result<Reply> {
    let made = webhooks::rotate_secret(call.platform(), call.caller()?, call.id("webhook")?).await?;
    Reply::created(&WebhookMade { secret: made.secret, webhook: made.webhook.into() })
}

pub(crate) async fn test(call: Call) -> Result<Reply> {
    let made = webhooks::test(call.platform(), &call.state.outside, call.caller()?, call.id("webhook")?).await?;
    Reply::json(StatusCode::ACCEPTED, &Delivery::from(made))
}

pub(crate) async fn deliveries(call: Call) -> Result<Reply> {
    let (id, status) = (call.id("webhook")?, call.query.get("status")?);
    let found = webhooks::deliveries(call.platform(), call.caller()?, id, status, call.page()?).await?;
    Reply::ok(&call.listed::<_, Delivery, _>(found))
}

pub(crate) async fn replay(call: Call) -> Result<Reply> {
    let (id, delivery) = (call.id("webhook")?, call.id("delivery")?);
    let made = webhooks::replay(call.platform(), &call.state.outside, call.caller()?, id, delivery).await?;
    Reply::json(StatusCode::ACCEPTED, &Delivery::from(made))
}
