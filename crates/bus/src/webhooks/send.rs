//! One attempt: a signed POST to an address that was checked, and what to make of the answer.

use super::Secret;
use crate::cloud_event::MEDIA_TYPE;
use crate::guard::Guard;
use proofmark_base::error::{Error, Result};
use proofmark_base::time::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use std::time::Duration;

/// How long an attempt may take, all in all.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// Bytes of an answer that are kept.
const KEPT: usize = 4 << 10;

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Status 2xx.
    Taken {
        /// The status.
        status: u16,
        /// Beginning of the answer.
        body: String,
    },
    /// Status 410: nothing is wanted there any more.
    Gone {
        /// Beginning of the answer.
        body: String,
    },
    /// Anything else.
    Failed {
        /// The status, if there was an answer.
        status: Option<u16>,
        /// Beginning of the answer.
        body: Option<String>,
        /// Why, in one sentence.
        why: String,
        /// What the receiver asked to wait.
        retry_after: Option<Duration>,
    },
}

/// Sends messages. It follows no redirect, uses no proxy and keeps no connection, so that each attempt goes to an address
/// that was checked for it.
#[derive(Clone)]
pub struct Sender {
    client: reqwest::Client,
    guard: Guard,
}

impl Sender {
    /// Sends to what `guard` lets through.
    ///
    /// # Errors
    /// Where the system's certificates cannot be read.
    pub fn new(guard: Guard) -> Result<Self> {
        // the one provider of cryptography in this program; whoever comes second changes nothing
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .dns_resolver(guard.clone())
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .pool_max_idle_per_host(0)
            .connect_timeout(CONNECTING)
            .timeout(PATIENCE)
            .user_agent(concat!("Proofmark/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|e| Error::unavailable("webhook.client", "no HTTPS client can be made").because(e))?;
        Ok(Sender { client, guard })
    }

    /// What it lets through.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Makes one attempt, signed with each of the secrets. `id` is the same for all attempts of a message.
    pub async fn attempt(&self, url: &str, id: &str, now: Timestamp, body: &str, secrets: &[Secret]) -> Outcome {
        let failed = |why: String| Outcome::Failed { status: None, body: None, why, retry_after: None };
        let url = match self.guard.url(url) {
            Ok(url) => url,
            Err(e) => return failed(e.detail),
        };
        // the client's resolver checks what it connects to; asking here as well says why, and stops numbers
        if let Err(e) = Guard::resolve(&self.guard, &url).await {
            return failed(e.detail);
        }
        let seconds = now.seconds();
        let signatures: Vec<String> = secrets.iter().map(|s| s.sign(id, seconds, body)).collect();
        let sent = self
            .client
            .post(url)
            .header(CONTENT_TYPE, MEDIA_TYPE)
            .header("webhook-id", id)
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signatures.join(" "))
            .body(body.to_string())
            .send()
            .await;
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(e) => return failed(reason(&e)),
        };
        let status = answer.status();
        let retry_after = retry_after(answer.headers(), now);
        let mut kept = Vec::new();
        let broken = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => {
                    kept.extend_from_slice(&chunk[..chunk.len().min(KEPT - kept.len())]);
                    if kept.len() == KEPT {
                        break None;
                    }
                }
                Ok(None) => break None,
                Err(e) => break Some(reason(&e)),
            }
        };
        let body = readable(&kept);
        match (status.as_u16(), broken) {
            // the receiver said that it took it; how its answer goes on does not matter
            (200..=299, _) => Outcome::Taken { status: status.as_u16(), body },
            (410, _) => Outcome::Gone { body },
            (code, _) => {
                let why = match code {
                    300..=399 => format!("the receiver answered {code}, and redirects are not followed"),
                    _ => format!("the receiver answered {code}"),
                };
                Outcome::Failed { status: Some(code), body: Some(body), why, retry_after }
            }
        }
    }
}

/// What went wrong, without the address, which may hold a token.
fn reason(e: &reqwest::Error) -> String {
    let what = if e.is_timeout() {
        "the receiver took too long"
    } else if e.is_connect() {
        "no connection to the receiver"
    } else {
        "the exchange with the receiver broke off"
    };
    let mut last: &dyn std::error::Error = e;
    while let Some(next) = last.source() {
        last = next;
    }
    let detail = last.to_string();
    if e.is_timeout() || detail.contains("://") {
        what.to_string()
    } else {
        format!("{what}: {}", readable(detail.as_bytes()))
    }
}

/// Bytes of strangers as text that every database takes.
fn readable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control() || *c == '\n' || *c == '\t').collect()
}

/// `Retry-After` in either of its forms (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    Some(http_date(text)?.since(now))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn http_date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let mut parts = rest.split(' ');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let month = MONTHS.iter().position(|m| *m == month)? + 1;
    let (time, zone) = (parts.next()?, parts.next()?);
    if zone != "GMT" || parts.next().is_some() {
        return None;
    }
    format!("{year}-{month:02}-{day}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_retry_after() {
        let now: Timestamp = "2026-11-22T09:40:00Z".parse().unwrap();
        let after = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers, now)
        };
        assert_eq!(after("120"), Some(Duration::from_secs(120)));
        assert_eq!(after("Sun, 22 Nov 2026 09:41:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(after("Sun, 22 Nov 2020 09:41:30 GMT"), Some(Duration::ZERO));
        for nonsense in ["", "-1", "soon", "Sun, 31 Feb 2027 09:41:30 GMT", "Sun, 22 Nov 2026 09:41:30 CET", "1.5"] {
            assert_eq!(after(nonsense), None, "{nonsense}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
    }

    #[test]
    fn answers_of_strangers_become_text() {
        assert_eq!(readable(b"a\0b\xff\x1b[31m\n"), "ab\u{fffd}[31m\n");
    }
}
