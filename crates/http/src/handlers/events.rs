//! The log of a run as server-sent events.

use crate::call::{self, Call};
use crate::hub::{self, Position, Watch};
use crate::reply::Reply;
use crate::server::{State, busy};
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use bytes::Bytes;
use futures_util::stream;
use proofmark_base::error::{Error, Result};
use proofmark_kernel::action::Action;
use proofmark_kernel::organization::ProjectId;
use proofmark_kernel::principal::Caller;
use proofmark_kernel::run::RunId;
use proofmark_platform_service::{Platform, runs};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::Instant;

/// Longest silence: proxies and watchers see that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A stream that is being sent.
struct Stream {
    state: Arc<State>,
    caller: Caller,
    /// What was shown at the beginning; asked about again at every heartbeat, so that what is revoked ends.
    secret: String,
    address: IpAddr,
    run: RunId,
    project: ProjectId,
    /// Number of the last entry that was sent.
    after: i64,
    watch: Watch,
    /// Texts that are ready.
    ready: VecDeque<Bytes>,
    draining: watch::Receiver<bool>,
    heartbeat: Instant,
    _place: Place,
}

/// A place among the streams.
struct Place {
    state: Arc<State>,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.state.figures.watchers.decrement(1.0);
    }
}

pub(crate) async fn watch(call: Call) -> Result<Reply> {
    let run: RunId = call.id("run")?;
    let after = after(&call)?;
    let permit = Arc::clone(&call.state.watchers).try_acquire_owned().map_err(|_| busy())?;
    call.state.figures.watchers.increment(1.0);
    let place = Place { state: Arc::clone(&call.state), _permit: permit };
    let (platform, caller) = (call.platform().clone(), call.caller()?.clone());
    let (found, events) = runs::events(&platform, &caller, run, after, hub::BATCH).await?;
    if events.is_empty() && after > 0 {
        known(&platform, &caller, run, after).await?;
    }
    let sent = events.last().map_or(after, |e| e.seq);
    let mut ready = VecDeque::from([Bytes::from_static(b"retry: 2000\n\n")]);
    ready.extend(events.into_iter().map(hub::text));
    // the position may be behind by now: the next look corrects it
    let watch = call.state.hub.watch(run, Position { last: sent, ended: false });
    let stream = Stream {
        caller,
        secret: call::bearer(&call.headers)?.to_string(),
        address: call.address,
        run,
        project: found.project,
        after: sent,
        watch,
        ready,
        draining: call.state.draining.clone(),
        heartbeat: Instant::now() + HEARTBEAT,
        state: Arc::clone(&call.state),
        _place: place,
    };
    let body = Body::from_stream(stream::unfold(stream, |mut s| async move {
        let next = s.next().await?;
        Some((Ok::<_, std::io::Error>(next), s))
    }));
    Ok(Reply::stream(StatusCode::OK, body)
        .with(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"))
        .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")))
}

/// Number of the last entry that the caller has.
fn after(call: &Call) -> Result<i64> {
    let wrong = || {
        Error::invalid("request.header", "the header `Last-Event-ID` cannot be used")
            .at("header:last-event-id", "the number of an entry")
    };
    match call.headers.get(&LAST_EVENT_ID) {
        Some(value) => {
            let number = value.to_str().ok().and_then(|t| t.trim().parse::<i64>().ok());
            number.filter(|n| *n >= 0).ok_or_else(wrong)
        }
        None => Ok(call.query.number("after")?.unwrap_or(0)),
    }
}

/// Whether there is an entry with that number: whoever claims to have it would wait for what never comes.
async fn known(platform: &Platform, caller: &Caller, run: RunId, seq: i64) -> Result<()> {
    let (_, events) = runs::events(platform, caller, run, seq - 1, 1).await?;
    if events.first().is_some_and(|e| e.seq == seq) {
        return Ok(());
    }
    Err(Error::invalid("run.event", format!("the run's log has no entry {seq} yet")).help("begin without a number"))
}

impl Stream {
    /// The next bytes; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(text) = self.ready.pop_front() {
                return Some(text);
            }
            let position = self.watch.position();
            if self.after < position.last {
                if self.fetch().await.is_err() {
                    return None;
                }
                continue;
            }
            if position.ended || *self.draining.borrow() {
                return None;
            }
            tokio::select! {
                () = self.watch.moved() => {}
                _ = self.draining.changed() => {}
                () = tokio::time::sleep_until(self.heartbeat) => {
                    self.heartbeat = Instant::now() + HEARTBEAT;
                    if self.still_may().await.is_err() {
                        return None;
                    }
                    return Some(Bytes::from_static(b":\n\n"));
                }
            }
        }
    }

    /// Makes the entries behind `after` ready: those that are kept for all, else from the database.
    async fn fetch(&mut self) -> Result<()> {
        if let Some((text, last)) = self.watch.recent(self.after) {
            self.ready.push_back(text);
            self.after = last;
            return Ok(());
        }
        let (_, events) = runs::events(&self.state.platform, &self.caller, self.run, self.after, hub::BATCH).await?;
        let last = events.last().map(|e| e.seq).ok_or_else(|| Error::bug("a run's log has a gap"))?;
        self.ready.extend(events.into_iter().map(hub::text));
        self.after = last;
        Ok(())
    }

    /// Whether the caller still may watch.
    async fn still_may(&mut self) -> Result<()> {
        self.caller = self.state.authenticate(&self.secret, self.address).await?;
        self.state.platform.may_in(&self.caller, Action::RunRead, self.project, "run")
    }
}
