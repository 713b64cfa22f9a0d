//! The page behind the one-time link: it asks for the first organization and its owner, and posts them to the API.

use crate::reply::Reply;
use crate::server::State;
use crate::trace::TraceId;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proofmark_base::digest::Digest;
use std::sync::LazyLock;

/// Where it is.
pub(crate) const PATH: &str = "/setup";

const PAGE: &str = include_str!("page/setup.html");

/// The content security policy: this page's own style and script, by their digests, and requests to this server.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = |tag: &str| format!("'sha256-{}'", STANDARD.encode(Digest::of(inner(tag).as_bytes()).as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; img-src data:; form-action 'none'; \
         frame-ancestors 'none'; base-uri 'none'",
        hash("style"),
        hash("script"),
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// What stands between the page's one `<tag>` and its end.
fn inner(tag: &str) -> &'static str {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    PAGE.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).map_or("", |(text, _)| text)
}

/// The page. It is the same for everybody: the link's secret stands behind `#`, which browsers do not send.
pub(crate) fn setup(state: &State, headers: &HeaderMap) -> Reply {
    let trace = TraceId::of(headers, &*state.platform.random);
    let mut reply = Reply::raw("text/html; charset=utf-8", PAGE)
        .with(CONTENT_SECURITY_POLICY, POLICY.clone())
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
    crate::pipeline::secure(state.tls, &mut reply, trace);
    reply
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_are_the_ones_that_the_policy_allows() {
        let policy = POLICY.to_str().unwrap();
        assert!(inner("style").len() > 100 && inner("script").len() > 100);
        assert_eq!(policy.matches("'sha256-").count(), 2);
        assert!(!policy.contains("unsafe"));
        for attribute in [" onclick=", " onsubmit=", " style=", "http://", "https://", "javascript:"] {
            assert!(!PAGE.contains(attribute), "{attribute} is not allowed by the policy");
        }
    }
}
