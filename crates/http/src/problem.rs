//! Errors as problem+json (RFC 9457). Nothing else decides about error statuses.

use crate::reply::Reply;
use crate::trace::TraceId;
use axum::http::header::{CONNECTION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use proofmark_base::error::{Error, Kind, Place};
use proofmark_contract::document;
use proofmark_contract::types::common::{Problem, ProblemPlace};

/// Where the codes are explained, in front of the code.
const PAGES: &str = "https://proofmark.dev/errors/";

/// The status for an error. Most follow from the kind; a few codes are HTTP's own matters.
pub(crate) fn status(e: &Error) -> u16 {
    match e.code.as_ref() {
        "request.method" => 405,
        "request.too-large" => 413,
        "request.media-type" => 415,
        "artifact.range" => 416,
        "idempotency.mismatch" => 422,
        "request.if-match" => 428,
        "request.timeout" => 504,
        _ => match e.kind {
            Kind::Invalid => 400,
            Kind::Unauthenticated => 401,
            Kind::BudgetExceeded => 402,
            Kind::Forbidden => 403,
            Kind::NotFound => 404,
            Kind::Conflict => 409,
            Kind::Precondition => 412,
            Kind::RateLimited => 429,
            Kind::Bug => 500,
            Kind::Unavailable => 503,
        },
    }
}

/// The answer for an error; logs what must not be shown.
pub(crate) fn reply(e: Error, trace: TraceId) -> Reply {
    let status = status(&e);
    log(&e, status, trace);
    let hidden = e.kind == Kind::Bug;
    let problem = Problem {
        kind: format!("{PAGES}{}", e.code),
        title: document::title(status).into(),
        status,
        // what a defect was about is for the log
        detail: if hidden { "a defect of the server; its log has the rest".into() } else { e.detail },
        code: e.code.into_owned(),
        trace_id: trace.to_string(),
        errors: if hidden { Vec::new() } else { e.places.into_iter().map(place).collect() },
        help: match e.help {
            _ if hidden => Some("report it with the trace id".into()),
            help => help,
        },
    };
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut headers = HeaderMap::new();
    headers.insert(axum::http::header::CONTENT_TYPE, HeaderValue::from_static(document::PROBLEM));
    if let Some(seconds) = e.retry_after.or(matches!(status, 429 | 503).then_some(1)) {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == 413 {
        // what is left of the body is not read: the connection ends, and clients must not send another request on it
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if status == 401 {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    Reply::new(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), headers, body)
}

fn place(p: Place) -> ProblemPlace {
    let named = |name: &str| Some(name.to_string());
    match p.at.split_once(':') {
        Some(("query" | "path", name)) => {
            ProblemPlace { parameter: named(name), detail: p.message, ..ProblemPlace::default() }
        }
        Some(("header", name)) => ProblemPlace { header: named(name), detail: p.message, ..ProblemPlace::default() },
        _ => ProblemPlace { pointer: Some(p.at), detail: p.message, ..ProblemPlace::default() },
    }
}

fn log(e: &Error, status: u16, trace: TraceId) {
    let mut beneath = String::new();
    let mut source = std::error::Error::source(e);
    while let Some(s) = source {
        beneath.push_str(": ");
        beneath.push_str(&s.to_string());
        source = s.source();
    }
    if e.kind == Kind::Bug {
        tracing::error!(%trace, code = %e.code, "{}{beneath}", e.detail);
    } else if status >= 500 {
        tracing::warn!(%trace, code = %e.code, "{}{beneath}", e.detail);
    } else {
        tracing::debug!(%trace, code = %e.code, status, "{}{beneath}", e.detail);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem_of(e: Error) -> (Reply, Problem) {
        let reply = reply(e, TraceId::from_bits(7));
        let problem = serde_json::from_slice(reply.bytes().unwrap()).unwrap();
        (reply, problem)
    }

    #[test]
    fn places_say_where_in_the_request() {
        let e =
            Error::invalid("a.b", "x").at("/name", "1").at("query:limit", "2").at("header:if-match", "3").at("", "4");
        let (_, p) = problem_of(e);
        assert_eq!(p.errors[0].pointer.as_deref(), Some("/name"));
        assert_eq!(p.errors[1].parameter.as_deref(), Some("limit"));
        assert_eq!(p.errors[2].header.as_deref(), Some("if-match"));
        assert_eq!(p.errors[3].pointer.as_deref(), Some(""));
    }

    #[test]
    fn a_defect_shows_nothing_of_what_lies_beneath() {
        let beneath = std::io::Error::other("secret path");
        let (reply, p) = problem_of(Error::bug("the column x is null").at("/x", "null").because(beneath));
        let text = String::from_utf8_lossy(reply.bytes().unwrap()).into_owned();
        assert_eq!((p.status, p.code.as_str()), (500, "bug"));
        assert!(!text.contains("secret") && !text.contains("column") && p.errors.is_empty());
        assert_eq!(p.trace_id, "00000000000000000000000000000007");
    }

    #[test]
    fn whoever_may_come_again_is_told_when() {
        let (reply, _) = problem_of(Error::unavailable("store.busy", "x").retry_after(3));
        assert_eq!(reply.headers()[RETRY_AFTER], "3");
        let (reply, _) = problem_of(Error::new(Kind::Unauthenticated, "a.b", "x"));
        assert_eq!(reply.headers()[WWW_AUTHENTICATE], "Bearer");
    }
}
