//! Events to the world inside: NATS JetStream.
//!
//! Stream `PROOFMARK`, subjects `proofmark.ORGANIZATION.KIND` (`proofmark.org_....run.requested`), each message a
//! CloudEvent in JSON. The event's identifier is the message's identifier, so that the server drops what a relay sends
//! twice. What the server has not acknowledged comes again; while it is away, events wait in the outbox.

use crate::cloud_event::{CloudEvent, MEDIA_TYPE};
use crate::live::Live;
use crate::relay::Consumer;
use async_nats::HeaderMap;
use async_nats::jetstream::{self, stream};
use async_trait::async_trait;
use futures_util::StreamExt;
use proofmark_base::error::{Error, Result};
use proofmark_kernel::event::Event;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where messages lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Name of the stream, and what subjects begin with in lower case: `PROOFMARK`, for a server of one's own.
    pub stream: String,
    /// How long messages are kept.
    pub kept: Duration,
    /// Copies that a cluster keeps of each.
    pub replicas: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { stream: "PROOFMARK".into(), kept: Duration::from_secs(7 * 24 * 3600), replicas: 1 }
    }
}

/// The consumer `nats`. Clones share a connection.
#[derive(Clone)]
pub struct Nats {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    settings: Settings,
    /// Whether the stream was there when it was last asked for.
    stream_seen: Arc<AtomicBool>,
}

/// How long the server remembers identifiers of messages: longer than a relay that comes back needs.
const REMEMBERED: Duration = Duration::from_secs(3600);

impl Nats {
    /// Connects to `nats://user:password@host:4222`, or `tls://...`; several with commas between them. A server that is
    /// away is no error: connecting goes on behind the scenes.
    ///
    /// # Errors
    /// `event.nats-url` where the address is not understood.
    pub async fn connect(url: &str, settings: Settings) -> Result<Self> {
        let wrong = |why: String| {
            Error::invalid("event.nats-url", format!("the address of the NATS server is not understood: {why}"))
                .help("write it as nats://host:4222, or tls://user:password@host:4222")
        };
        let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        if settings.stream.is_empty() || !settings.stream.bytes().all(fits) {
            return Err(Error::invalid("event.nats-stream", "a stream's name has letters, digits, `_` and `-`"));
        }
        // the one provider of cryptography in this program; whoever comes second changes nothing
        let _ = rustls::crypto::ring::default_provider().install_default();
        let servers = url
            .split(',')
            .map(|one| {
                let server = one.trim().parse::<async_nats::ServerAddr>().map_err(|e| wrong(e.to_string()))?;
                if server.host().is_empty() { Err(wrong("it names no host".into())) } else { Ok(server) }
            })
            .collect::<Result<Vec<_>>>()?;
        let client = async_nats::ConnectOptions::new()
            .name("proofmark")
            .retry_on_initial_connect()
            .connection_timeout(Duration::from_secs(3))
            .request_timeout(Some(Duration::from_secs(3)))
            .reconnect_delay_callback(|attempts| {
                let millis = 100_u64.saturating_mul(1 << attempts.min(6));
                Duration::from_millis(millis.min(5_000))
            })
            .connect(servers)
            .await
            .map_err(|e| wrong(e.to_string()).because(e))?;
        let jetstream = jetstream::context::ContextBuilder::new()
            .timeout(Duration::from_secs(3))
            .ack_timeout(Duration::from_secs(3))
            .build(client.clone());
        Ok(Nats { client, jetstream, settings, stream_seen: Arc::default() })
    }

    fn prefix(&self) -> String {
        self.settings.stream.to_ascii_lowercase()
    }

    /// Whether the server answers: for health checks.
    ///
    /// # Errors
    /// `event.nats-away`.
    pub async fn ready(&self) -> Result<()> {
        if self.client.connection_state() != async_nats::connection::State::Connected {
            return Err(away("the NATS server is not connected"));
        }
        self.jetstream.query_account().await.map(drop).map_err(|e| away("JetStream does not answer").because(e))
    }

    /// Makes the stream if it is not there. One that is there is the operator's and stays as it is.
    async fn stream(&self) -> Result<()> {
        let config = stream::Config {
            name: self.settings.stream.clone(),
            subjects: vec![format!("{}.>", self.prefix())],
            max_age: self.settings.kept,
            duplicate_window: REMEMBERED.min(self.settings.kept),
            num_replicas: self.settings.replicas,
            storage: stream::StorageType::File,
            ..stream::Config::default()
        };
        let made = self.jetstream.get_or_create_stream(config).await;
        made.map(drop).map_err(|e| away("the stream on the NATS server cannot be had").because(e))
    }

    /// Tells this process's listeners of events that other processes published, until `stop`. A hint, as all that
    /// [`Live`] tells: what is missed while the server is away stays missed.
    pub async fn listen(&self, live: Live, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let subject = format!("{}.>", self.prefix());
        loop {
            let told = async {
                match self.client.subscribe(subject.clone()).await {
                    Ok(mut messages) => {
                        while let Some(message) = messages.next().await {
                            match serde_json::from_slice::<CloudEvent>(&message.payload) {
                                Ok(told) => match told.event() {
                                    Ok(event) => drop(live.tell(&event)),
                                    Err(e) => tracing::debug!(error = %e, "a message that is no event of ours"),
                                },
                                Err(e) => tracing::debug!(error = %e, "a message that is no event"),
                            }
                        }
                    }
                    Err(e) => tracing::warn!(error = %e, "events of other processes cannot be listened to"),
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = told => {}
            }
        }
    }
}

fn away(what: &str) -> Error {
    Error::unavailable("event.nats-away", what).retry_after(2)
}

#[async_trait]
impl Consumer for Nats {
    fn name(&self) -> &str {
        "nats"
    }

    async fn consume(&self, event: &Event) -> Result<()> {
        // without a connection the client would keep the message and send it later, after it was given up here
        if self.client.connection_state() != async_nats::connection::State::Connected {
            return Err(away("the NATS server is not connected"));
        }
        let subject = format!("{}.{}.{}", self.prefix(), event.organization, event.kind);
        let body = CloudEvent::from(event).to_json()?;
        // a missing stream would not show by itself: listeners of the subject are there, and do not acknowledge
        if !self.stream_seen.load(Ordering::Relaxed) {
            self.stream().await?;
            self.stream_seen.store(true, Ordering::Relaxed);
        }
        self.publish(subject, event, &body).await.map_err(|e| {
            self.stream_seen.store(false, Ordering::Relaxed);
            away("the NATS server did not take an event").because(e)
        })
    }
}

impl Nats {
    async fn publish(
        &self,
        subject: String,
        event: &Event,
        body: &str,
    ) -> Result<(), jetstream::context::PublishError> {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", event.id.to_string());
        headers.insert("Content-Type", MEDIA_TYPE);
        let sent = self.jetstream.publish_with_headers(subject, headers, body.to_string().into()).await?;
        // the acknowledgement comes when the message is stored
        sent.await.map(drop)
    }
}
