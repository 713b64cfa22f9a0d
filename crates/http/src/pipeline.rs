//! The way of a request, from its head to its answer: one function, the same for every endpoint.
//!
//! Order: room, trace, query, who asks, limits, idempotency, the handler, conditional answers, figures. A panic is
//! answered and logged; a request that takes too long is given up.

use crate::address;
use crate::call::{self, Call};
use crate::conditional;
use crate::handlers::Handler;
use crate::idempotency;
use crate::listening::Peer;
use crate::problem;
use crate::query::Query;
use crate::rates::Left;
use crate::reply::Reply;
use crate::server::State;
use crate::sign_in_page;
use crate::trace::TraceId;
use axum::body::Body;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, Request};
use axum::response::Response;
use futures_util::FutureExt;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_contract::endpoint::{Access, Endpoint};
use proofmark_kernel::principal::Caller;
use proofmark_platform_service::trace;
use std::net::{IpAddr, Ipv4Addr};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::time::Instant;
use tracing::Instrument;

/// Whose bucket a request was taken from, and what is left in it.
enum Counted {
    Principal(Left),
    Address(Left),
    Nobody,
}

/// Answers a request to an endpoint.
pub(crate) async fn run(
    state: Arc<State>,
    endpoint: &'static Endpoint,
    handler: Handler,
    request: Request<Body>,
) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let trace = TraceId::of(&parts.headers, &*state.platform.random);
    let head = parts.method == Method::HEAD;
    let span = tracing::info_span!("request", endpoint = endpoint.id, %trace);
    let answer = admitted(&state, endpoint, handler, parts, body, trace).instrument(span).await;
    let (mut reply, counted) = answer;
    finish(&state, endpoint, &mut reply, counted, trace);
    let took = began.elapsed();
    state.figures.answered(endpoint.id, reply.status().as_u16(), took);
    tracing::debug!(%trace, endpoint = endpoint.id, status = reply.status().as_u16(), micros = took.as_micros() as u64, "answered");
    let response = reply.into_response();
    if head { response.map(|_| Body::empty()) } else { response }
}

/// An answer to what no endpoint is for: a path or a method that is not there.
pub(crate) fn stray(state: &State, headers: &HeaderMap, e: Error) -> Reply {
    let trace = TraceId::of(headers, &*state.platform.random);
    let mut reply = problem::reply(e, trace);
    secure(state.tls, &mut reply, trace);
    reply
}

async fn admitted(
    state: &Arc<State>,
    endpoint: &'static Endpoint,
    handler: Handler,
    parts: Parts,
    body: Body,
    trace: TraceId,
) -> (Reply, Counted) {
    let mut counted = Counted::Nobody;
    // health must be answered when nothing else can be
    let _room = if endpoint.tag == "health" {
        None
    } else {
        match state.room(endpoint) {
            Ok(room) => Some(room),
            Err(e) => return (problem::reply(e, trace), counted),
        }
    };
    let page = endpoint.pages && sign_in_page::wanted(&parts.headers);
    let work = answer(state, endpoint, handler, parts, body, &mut counted);
    let work = trace::within(trace.to_string(), AssertUnwindSafe(work).catch_unwind());
    let outcome = if endpoint.streams {
        work.await
    } else {
        match tokio::time::timeout(state.limits.request_time, work).await {
            Ok(outcome) => outcome,
            Err(_) => Ok(Err(timeout())),
        }
    };
    let reply = match outcome {
        Ok(Ok(reply)) => reply,
        Ok(Err(e)) if page => sign_in_page::refused(problem::reply(e, trace)),
        Ok(Err(e)) => problem::reply(e, trace),
        Err(panic) => problem::reply(Error::bug(format!("a handler panicked: {}", message(&*panic))), trace),
    };
    (reply, counted)
}

/// The error for a request that took too long.
pub(crate) fn timeout() -> Error {
    Error::unavailable("request.timeout", "the request took longer than a request may")
        .help("whether it was carried out is not known: look, or send it again with the same Idempotency-Key")
}

/// What a panic said.
pub(crate) fn message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

async fn answer(
    state: &Arc<State>,
    endpoint: &'static Endpoint,
    handler: Handler,
    mut parts: Parts,
    body: Body,
    counted: &mut Counted,
) -> Result<Reply> {
    let peer = parts.extensions.remove::<Peer>();
    let socket = peer.as_ref().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |p| p.address);
    let certificate = peer.and_then(|p| p.certificate);
    let address = address::client(socket, &parts.headers, &state.trusted);
    let caller = who(state, endpoint, &parts.headers, certificate.as_deref(), address, counted).await?;
    let query = Query::read(endpoint, parts.uri.query())?;
    let parameters = match endpoint.path.contains('{') {
        true => RawPathParams::from_request_parts(&mut parts, &())
            .await
            .map_err(|e| Error::invalid("id.invalid", "the path is not percent-encoded UTF-8").because(e.to_string()))?
            .iter()
            .map(|(n, v)| (n.to_string(), v.to_string()))
            .collect(),
        false => Vec::new(),
    };
    if !call::takes_body(endpoint) && crate::body::announced(&parts.headers).is_some_and(|n| n > 0) {
        return Err(Error::invalid("request.body", "this endpoint takes no body").at("", "send none"));
    }
    let path = parts.uri.path().to_string();
    let head = parts.method == Method::HEAD;
    let headers = parts.headers;
    let conditions = conditional::conditions(&headers);
    let keyed = headers.contains_key(idempotency::KEY);
    let call = Call::new(Arc::clone(state), endpoint, path, parameters, query, headers, caller, address, head, body);
    let reply =
        if endpoint.idempotent && keyed { idempotency::once(call, handler).await? } else { handler(call).await? };
    let read = endpoint.method == proofmark_contract::endpoint::Method::Get;
    Ok(if read && endpoint.tagged && reply.status() == 200 && conditional::known(&conditions, reply.headers()) {
        reply.not_modified()
    } else {
        reply
    })
}

/// Who asks, and whether they still may within their rate.
async fn who(
    state: &State,
    endpoint: &Endpoint,
    headers: &HeaderMap,
    certificate: Option<&[u8]>,
    address: IpAddr,
    counted: &mut Counted,
) -> Result<Option<Caller>> {
    if endpoint.tag == "health" {
        return Ok(None);
    }
    let place = address::place(address);
    if endpoint.access == Access::Public {
        *counted = Counted::Address(state.addresses.take(place)?);
        return Ok(None);
    }
    // whoever tries secrets runs out of attempts before the database hears of it
    let left = state.addresses.look(place)?;
    let found = match (call::bearer(headers), certificate) {
        (Ok(secret), _) => state.authenticate(secret, address).await,
        // who says nothing is known by the connection; what is said and wrong is refused
        (Err(_), Some(der)) if !headers.contains_key(AUTHORIZATION) => {
            state.authenticate_certificate(der, address).await
        }
        (Err(e), _) => Err(e),
    };
    match found {
        Ok(caller) => {
            *counted = Counted::Principal(state.principals.take(caller.principal)?);
            Ok(Some(caller))
        }
        Err(e) => {
            *counted = Counted::Address(left);
            if e.kind == Kind::Unauthenticated {
                *counted = Counted::Address(state.addresses.take(place)?);
            }
            Err(e)
        }
    }
}

/// Headers that every answer has.
fn finish(state: &State, endpoint: &Endpoint, reply: &mut Reply, counted: Counted, trace: TraceId) {
    match counted {
        Counted::Principal(left) => state.principals.tell(left, reply.headers_mut()),
        Counted::Address(left) => state.addresses.tell(left, reply.headers_mut()),
        Counted::Nobody => {}
    }
    if let Some(d) = endpoint.deprecated {
        let headers = reply.headers_mut();
        for (name, value) in [
            (HeaderName::from_static("deprecation"), format!("@{}", d.since)),
            (HeaderName::from_static("sunset"), d.sunset.to_string()),
            (axum::http::header::LINK, format!("<{}>; rel=\"deprecation\"", d.link)),
        ] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
    secure(state.tls, reply, trace);
}

/// Headers that keep browsers from making something of an answer that it is not.
pub(crate) fn secure(tls: bool, reply: &mut Reply, trace: TraceId) {
    const PLAIN: [(HeaderName, HeaderValue); 4] = [
        (HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
        (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    ];
    const POLICY: HeaderName = HeaderName::from_static("content-security-policy");
    let tagged = reply.headers().contains_key(axum::http::header::ETAG);
    let headers = reply.headers_mut();
    for (name, value) in PLAIN {
        headers.insert(name, value);
    }
    headers.entry(POLICY).or_insert(HeaderValue::from_static(
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static(if tagged {
        "private, no-cache"
    } else {
        "no-store"
    }));
    if tls {
        headers.insert(
            axum::http::header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000; includeSubDomains"),
        );
    }
    if let Some(value) = trace.header() {
        headers.insert(HeaderName::from_static("trace-id"), value);
    }
}
