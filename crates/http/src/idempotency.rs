//! `Idempotency-Key`: a request that is sent again is answered again, and carried out once.
//!
//! The key is taken before the request is carried out, and the answer kept after. A request that was refused did nothing,
//! so its key is free again. If the process dies in between nobody knows whether it was carried out: whoever comes back
//! with the key is told that, and nothing is done twice.

use crate::call::Call;
use crate::handlers::Handler;
use crate::pipeline;
use crate::reply::Reply;
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use futures_util::FutureExt;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_platform_service::platform::Platform;
use proofmark_platform_service::trace;
use proofmark_store::idempotency::{self, Answer, Known, Request};
use proofmark_store::{Dialect, Scope};
use std::panic::AssertUnwindSafe;
use std::time::Duration;

/// The header.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Headers that are kept with an answer; the others are made anew for each.
const HEADERS: [&str; 3] = ["content-type", "etag", "location"];

/// Carries the request out, unless it was.
pub(crate) async fn once(mut call: Call, handler: Handler) -> Result<Reply> {
    let request = request(&mut call).await?;
    let platform = call.platform().clone();
    let patience = call.state.limits.request_time * 2;
    match take(&platform, &request).await? {
        Known::First => {}
        Known::Answered(answer) => return replay(answer),
        Known::Other => {
            return Err(Error::invalid("idempotency.mismatch", "this key stands for another request")
                .at("header:idempotency-key", "use a key of its own for each request that is meant once"));
        }
        Known::Begun(since) if platform.now().since(since) < patience => {
            return Err(Error::new(
                Kind::Conflict,
                "idempotency.in-progress",
                "the request with this key is being carried out",
            )
            .retry_after(1));
        }
        Known::Begun(_) => {
            return Err(Error::new(
                Kind::Conflict,
                "idempotency.unknown",
                "the request with this key was cut off; whether it was carried out is not known",
            )
            .help("look whether what it was to make is there; if not, send it with another key"));
        }
    }
    // whoever hangs up must not stop it halfway: they will come back with the key and want its answer
    let work = tokio::spawn(trace::go_on(async move {
        let outcome = AssertUnwindSafe(handler(call)).catch_unwind().await;
        let outcome = match outcome {
            Ok(outcome) => outcome,
            Err(panic) => {
                return Err(Error::bug(format!("a handler panicked: {}", pipeline::message(&*panic))));
            }
        };
        let settled = match &outcome {
            Ok(reply) => kept(reply).map(Settled::Answered),
            // a commit whose connection broke may have been one
            Err(e) if e.code == "store.unavailable" && platform.database.dialect() == Dialect::Postgres => {
                Ok(Settled::Unknown)
            }
            Err(_) => Ok(Settled::Refused),
        };
        let settled = match settled {
            Ok(settled) => settle(&platform, &request, settled).await,
            Err(e) => Err(e),
        };
        // what fails here fails towards doing nothing twice: the key stays taken
        if let Err(e) = settled {
            tracing::warn!(error = %e, "the answer of a request with an idempotency key could not be kept");
        }
        outcome
    }));
    work.await.map_err(|e| Error::bug("the task of a request ended").because(e))?
}

/// Key and fingerprint of the call.
async fn request(call: &mut Call) -> Result<Request> {
    let mut sent = call.headers.get_all(&KEY).iter();
    let (key, more) = (sent.next().and_then(|v| v.to_str().ok()).unwrap_or_default().to_string(), sent.next());
    if more.is_some() || key.is_empty() || key.len() > 255 || !key.bytes().all(|c| c.is_ascii_graphic()) {
        return Err(Error::invalid("idempotency.key", "the idempotency key cannot be used")
            .at("header:idempotency-key", "one key of 1 to 255 visible ASCII characters"));
    }
    let body = call.bytes().await?;
    let mut asked = format!("{} {} {:?}\n", call.endpoint.method.name(), call.path, call.query).into_bytes();
    asked.extend_from_slice(&body);
    let caller = call.caller()?;
    Ok(Request { principal: caller.principal, organization: caller.organization, key, fingerprint: Digest::of(&asked) })
}

async fn take(platform: &Platform, request: &Request) -> Result<Known> {
    let now = platform.now();
    let mut tx = platform.database.begin(Scope::Organization(request.organization)).await?;
    let known = idempotency::begin(&mut tx, request, now, now.after(KEPT)).await?;
    if known == Known::First {
        tx.commit().await?;
    }
    Ok(known)
}

/// What came of a request.
enum Settled {
    Answered(Answer),
    Refused,
    Unknown,
}

/// Keeps the answer, or lets the key go.
async fn settle(platform: &Platform, request: &Request, settled: Settled) -> Result<()> {
    let mut tx = platform.database.begin(Scope::Organization(request.organization)).await?;
    match settled {
        Settled::Answered(answer) => idempotency::finish(&mut tx, request, &answer).await?,
        Settled::Refused => idempotency::release(&mut tx, request).await?,
        Settled::Unknown => {}
    }
    tx.commit().await
}

fn kept(reply: &Reply) -> Result<Answer> {
    let body = reply.bytes().ok_or_else(|| Error::bug("a stream answers an idempotent request"))?;
    let headers = HEADERS
        .iter()
        .filter_map(|name| Some(((*name).to_string(), reply.headers().get(*name)?.to_str().ok()?.to_string())))
        .collect();
    Ok(Answer {
        status: reply.status().as_u16(),
        headers,
        body: String::from_utf8(body.to_vec()).map_err(|e| Error::bug("an idempotent answer is no text").because(e))?,
    })
}

fn replay(answer: Answer) -> Result<Reply> {
    let wrong = |_| Error::bug("a kept answer cannot be given again");
    let status = StatusCode::from_u16(answer.status).map_err(|_| wrong(()))?;
    let mut headers = HeaderMap::new();
    for (name, value) in answer.headers {
        let name = HeaderName::try_from(name).map_err(|_| wrong(()))?;
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| wrong(()))?);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(Reply::new(status, headers, answer.body))
}
