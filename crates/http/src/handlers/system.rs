//! Health, the document, setting up, workers.

use crate::call::Call;
use crate::reply::Reply;
use axum::http::StatusCode;
use metrics_exporter_prometheus::PrometheusHandle;
use proofmark_base::error::Result;
use proofmark_contract::types::common::{Alive, Readiness};
use proofmark_contract::types::identity::{Setup, SetupDone};
use proofmark_contract::types::system::{Worker, Workers};
use proofmark_platform_service::identity::setup;
use proofmark_platform_service::workers;

pub(crate) async fn live(_: Call) -> Result<Reply> {
    alive()
}

/// That the process is there.
pub(crate) fn alive() -> Result<Reply> {
    Reply::ok(&Alive { status: "alive".into(), version: env!("CARGO_PKG_VERSION").into() })
}

pub(crate) async fn ready(call: Call) -> Result<Reply> {
    let draining = *call.state.draining.borrow();
    readiness(&call.state.ready.ask(draining).await)
}

/// How the process stands.
pub(crate) fn readiness(found: &Readiness) -> Result<Reply> {
    let status = if found.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::json(status, found)
}

pub(crate) async fn metrics(call: Call) -> Result<Reply> {
    figures(call.state.recorder)
}

/// What the process measured of itself.
pub(crate) fn figures(recorder: &PrometheusHandle) -> Result<Reply> {
    Ok(Reply::raw("text/plain; version=0.0.4; charset=utf-8", recorder.render()))
}

pub(crate) async fn document(call: Call) -> Result<Reply> {
    Ok(Reply::raw("application/json", call.state.document.clone()).tag(&call.state.document_tag))
}

pub(crate) async fn setup(mut call: Call) -> Result<Reply> {
    let sent: Setup = call.json().await?;
    let first = setup::First {
        organization: &sent.organization,
        name: &sent.name,
        email: &sent.email,
        password: &sent.password,
    };
    let (organization, principal) = setup::finish(call.platform(), &sent.link, first).await?;
    Reply::created(&SetupDone { organization, principal })
}

pub(crate) async fn workers(call: Call) -> Result<Reply> {
    let found = workers::list(call.platform(), call.caller()?).await?;
    let shown = found.into_iter().map(|e| Worker {
        id: e.registration.id.to_string(),
        host: e.registration.host,
        version: e.registration.version,
        queues: e.registration.queues,
        tools: e.registration.tools,
        started_at: e.started_at,
        beat_at: e.beat_at,
        stopped_at: e.stopped_at.or(e.taken_over_at),
    });
    Reply::ok(&Workers { items: shown.collect() })
}
