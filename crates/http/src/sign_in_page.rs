//! The pages at the end of a sign-in at a provider: made here, without a script, for a browser that was sent on.

use crate::page::{self, HTML};
use crate::reply::Reply;
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use proofmark_base::html::escape;
use proofmark_base::time::Timestamp;
use proofmark_contract::types::common::Problem;
use std::sync::LazyLock;

/// No script, and so no requests.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| page::policy(None));

/// Whether a browser asks: programs do not name `text/html`.
pub(crate) fn wanted(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok());
    let mut ranges = lines.flat_map(|line| line.split(',')).filter_map(|range| range.split(';').next());
    ranges.any(|range| range.trim().eq_ignore_ascii_case("text/html"))
}

fn shown(reply: Reply, title: &str, body: &str) -> Reply {
    reply
        .replaced(page::framed(&escape(title), body, None))
        .with(CONTENT_TYPE, HeaderValue::from_static(HTML))
        .with(CONTENT_SECURITY_POLICY, POLICY.clone())
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

/// Shows the session's secret to whom it belongs, for a terminal.
pub(crate) fn signed_in(secret: &str, ends_at: Timestamp, url: Option<&str>) -> Reply {
    let server = url.map_or_else(String::new, |url| format!("export PROOFMARK_SERVER={}\n", escape(url)));
    let body = format!(
        "<p>In a terminal:</p>\n<pre>{server}export PROOFMARK_TOKEN={}</pre>\n\
         <p>Whoever has this token acts as you until {}, or until you sign out. It is shown once; you can close this \
         page.</p>",
        escape(secret),
        escape(&ends_at.to_string()),
    );
    shown(Reply::empty(StatusCode::OK), "You are signed in", &body)
}

/// A problem, with the status and the headers that its document had.
pub(crate) fn refused(problem: Reply) -> Reply {
    let found: Option<Problem> = problem.bytes().and_then(|bytes| serde_json::from_slice(bytes).ok());
    let Some(found) = found else { return problem };
    let help = found.help.map_or_else(String::new, |help| format!("<p>{}.</p>\n", escape(&help)));
    let body = format!(
        "<p>{}.</p>\n{help}<p class=\"code\">{}, trace {}</p>",
        escape(&found.detail),
        escape(&found.code),
        escape(&found.trace_id),
    );
    shown(problem, "You are not signed in", &body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem;
    use crate::trace::TraceId;
    use proofmark_base::error::{Error, Kind};

    #[test]
    fn what_others_wrote_is_text() {
        let e = Error::new(Kind::Unauthenticated, "oidc.denied", "<script>alert(1)</script> & \"more\"");
        let reply = refused(problem::reply(e, TraceId::from_bits(1)));
        let text = String::from_utf8_lossy(reply.bytes().unwrap()).into_owned();
        assert_eq!((reply.status(), reply.headers()[CONTENT_TYPE].to_str().unwrap()), (StatusCode::UNAUTHORIZED, HTML));
        assert!(text.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;"), "{text}");
        assert!(!text.contains("<script") && !text.contains("{{"), "{text}");
        let policy = reply.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("style-src 'sha256-") && !policy.contains("script-src"), "{policy}");
    }

    #[test]
    fn only_browsers_are_shown_pages() {
        let asks = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(text));
            wanted(&headers)
        };
        assert!(asks("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"));
        assert!(asks("application/xhtml+xml, Text/HTML;q=0.9"));
        assert!(!asks("application/json") && !asks("*/*") && !wanted(&HeaderMap::new()));
    }
}
