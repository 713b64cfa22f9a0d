//! Pages that are made here: behind one-time links, and at the end of a sign-in. One frame and one style for all; a script
//! only where something is asked for, which it posts to the API.

use crate::reply::Reply;
use crate::server::State;
use crate::trace::TraceId;
use axum::http::HeaderMap;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proofmark_base::digest::Digest;
use std::sync::LazyLock;

/// What the pages are sent as.
pub(crate) const HTML: &str = "text/html; charset=utf-8";

const FRAME: &str = include_str!("page/frame.html");
const STYLE: &str = include_str!("page/style.css");
/// How to go on in a terminal.
const COMMANDS: &str = include_str!("page/commands.html");
const ONE_TIME_LINK: &str = include_str!("page/one_time_link.js");

/// A page. It is the same for everybody: the link's secret stands behind `#`, which browsers do not send.
pub(crate) struct Page {
    /// Where it is.
    pub(crate) path: &'static str,
    text: String,
    policy: HeaderValue,
}

/// The pages behind one-time links.
pub(crate) static PAGES: LazyLock<[Page; 2]> = LazyLock::new(|| {
    let page = |path, title, body: &str| Page {
        path,
        text: framed(title, &body.replace("{{commands}}", COMMANDS.trim_end()), Some(ONE_TIME_LINK)),
        policy: policy(Some(ONE_TIME_LINK)),
    };
    [
        page("/setup", "Set up this installation", include_str!("page/setup.html")),
        page("/invitation", "Set your password", include_str!("page/invitation.html")),
    ]
});

/// A page's HTML. Title and body are HTML already.
pub(crate) fn framed(title: &str, body: &str, script: Option<&str>) -> String {
    let script = script.map_or_else(String::new, |script| format!("<script>{script}</script>\n"));
    // the body last: it may hold texts of others
    let frame = FRAME.replace("{{style}}", STYLE).replace("{{script}}", &script).replace("{{title}}", title);
    frame.replace("{{body}}", body.trim_end())
}

/// The content security policy: the pages' own style and script, by their digests, and requests to this server where
/// there is a script.
pub(crate) fn policy(script: Option<&str>) -> HeaderValue {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Digest::of(text.as_bytes()).as_bytes()));
    let scripts = script.map_or_else(String::new, |s| format!(" script-src {}; connect-src 'self';", hash(s)));
    let policy = format!(
        "default-src 'none'; style-src {};{scripts} form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
        hash(STYLE),
    );
    HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

impl Page {
    /// The answer to a request for it.
    pub(crate) fn reply(&'static self, state: &State, headers: &HeaderMap) -> Reply {
        let trace = TraceId::of(headers, &*state.platform.random);
        let mut reply = Reply::raw(HTML, self.text.as_str())
            .with(CONTENT_SECURITY_POLICY, self.policy.clone())
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with(HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer"));
        crate::pipeline::secure(state.tls, &mut reply, trace);
        reply
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What stands between the page's one `<tag>` and its end.
    fn inner<'a>(page: &'a Page, tag: &str) -> &'a str {
        let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
        assert_eq!(page.text.matches(&open).count(), 1);
        page.text.split_once(&open).and_then(|(_, rest)| rest.split_once(&close)).unwrap().0
    }

    #[test]
    fn style_and_script_are_the_ones_that_the_policy_allows() {
        for page in PAGES.iter() {
            let policy = page.policy.to_str().unwrap();
            for tag in ["style", "script"] {
                let digest = STANDARD.encode(Digest::of(inner(page, tag).as_bytes()).as_bytes());
                assert!(policy.contains(&format!("{tag}-src 'sha256-{digest}'")), "{policy}");
            }
            assert!(!policy.contains("unsafe") && !page.text.contains("{{"));
            for attribute in [" onclick=", " onsubmit=", " style=", "http://", "https://", "javascript:"] {
                assert!(!page.text.contains(attribute), "{attribute} is not allowed by the policy");
            }
        }
        assert!(!policy(None).to_str().unwrap().contains("script"));
    }
}
