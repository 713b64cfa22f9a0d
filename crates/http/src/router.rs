//! The router: what the table of endpoints says, and problems for everything else.

use crate::handlers;
use crate::page;
use crate::pipeline;
use crate::server::State;
use axum::Router;
use axum::body::Body;
use axum::http::header::{ALLOW, HeaderValue};
use axum::http::{Method, Request};
use axum::response::Response;
use axum::routing::any;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_contract::endpoint::Endpoint;
use proofmark_contract::endpoints;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Serves every endpoint of the table.
///
/// # Errors
/// A defect: an endpoint without a handler.
pub(crate) fn router(state: &Arc<State>) -> Result<Router> {
    let mut paths: BTreeMap<&'static str, Vec<(&'static Endpoint, handlers::Handler)>> = BTreeMap::new();
    for endpoint in endpoints::all() {
        let handler = handlers::of(endpoint.id)
            .ok_or_else(|| Error::bug(format!("the endpoint {} has no handler", endpoint.id)))?;
        paths.entry(endpoint.path).or_default().push((endpoint, handler));
    }
    let mut router = Router::new();
    for (path, served) in paths {
        let state = Arc::clone(state);
        let served: Arc<[_]> = served.into();
        router = router.route(
            path,
            any(move |request: Request<Body>| {
                let (state, served) = (Arc::clone(&state), Arc::clone(&served));
                async move { dispatch(state, &served, request).await }
            }),
        );
    }
    for page in page::PAGES.iter() {
        let state = Arc::clone(state);
        router = router.route(
            page.path,
            any(move |request: Request<Body>| {
                let reply = match *request.method() {
                    Method::GET | Method::HEAD => page.reply(&state, request.headers()),
                    _ => pipeline::stray(&state, request.headers(), not_allowed("GET, HEAD"))
                        .with(ALLOW, HeaderValue::from_static("GET, HEAD")),
                };
                async move { reply.into_response() }
            }),
        );
    }
    let nowhere = Arc::clone(state);
    Ok(router.fallback(move |request: Request<Body>| {
        let e = Error::new(Kind::NotFound, "request.path", "there is nothing at this path")
            .help("GET /api/v1/openapi.json lists what there is");
        let reply = pipeline::stray(&nowhere, request.headers(), e);
        async move { reply.into_response() }
    }))
}

fn not_allowed(allowed: &str) -> Error {
    Error::invalid("request.method", "this path is not for that method").help(format!("it is for {allowed}"))
}

async fn dispatch(
    state: Arc<State>,
    served: &[(&'static Endpoint, handlers::Handler)],
    request: Request<Body>,
) -> Response {
    let method = match request.method().as_str() {
        "HEAD" => "GET",
        other => other,
    };
    let Some((endpoint, handler)) = served.iter().find(|(e, _)| e.method.name() == method) else {
        let mut allowed: Vec<&str> = served.iter().map(|(e, _)| e.method.name()).collect();
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        allowed.sort_unstable();
        let allowed = allowed.join(", ");
        let reply = pipeline::stray(&state, request.headers(), not_allowed(&allowed));
        let value = HeaderValue::try_from(allowed).unwrap_or_else(|_| HeaderValue::from_static("GET"));
        return reply.with(ALLOW, value).into_response();
    };
    pipeline::run(state, endpoint, *handler, request).await
}
