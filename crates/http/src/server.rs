//! What all requests share, and an orderly end.

use crate::address::Network;
use crate::figures::{self, Figures};
use crate::hub::Hub;
use crate::listening::Listening;
use crate::rates::{Rate, Rates};
use crate::ready::{Dependency, Ready};
use crate::router;
use crate::starting::Front;
use crate::tls::Tls;
use bytes::Bytes;
use metrics_exporter_prometheus::PrometheusHandle;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_bus::Live;
use proofmark_contract::endpoint::{self, Endpoint};
use proofmark_contract::{document, endpoints};
use proofmark_kernel::principal::{Caller, PrincipalId};
use proofmark_platform_service::identity;
use proofmark_platform_service::platform::Platform;
use proofmark_platform_service::webhooks::Outside;
use proofmark_store::{Scope, idempotency};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit, watch};
use tokio::task::JoinHandle;

/// How the server listens and what it allows.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where to listen; port 0 for any that is free.
    pub listen: SocketAddr,
    /// Certificate and key; without them connections are plain.
    pub tls: Option<Tls>,
    /// Bounds.
    pub limits: Limits,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// What `/readyz` asks besides database and blobs.
    pub dependencies: Vec<Dependency>,
    /// What webhooks may reach, and who sends to them.
    pub outside: Outside,
    /// How browsers reach the server, `https://proofmark.example.org`; made from the address and TLS if none.
    pub public_url: Option<String>,
    /// Tells of events as they happen.
    pub live: Option<Live>,
}

impl Config {
    /// The usual bounds at that address.
    pub fn new(listen: SocketAddr) -> Self {
        Config {
            listen,
            tls: None,
            limits: Limits::default(),
            trusted_proxies: Vec::new(),
            dependencies: Vec::new(),
            outside: Outside::default(),
            public_url: None,
            live: None,
        }
    }
}

/// Bounds of what the server does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Open connections; more wait to be accepted.
    pub connections: usize,
    /// Requests that are answered at the same time; more are told to come back.
    pub requests: usize,
    /// Uploads that are received at the same time.
    pub uploads: usize,
    /// Streams of run events.
    pub watchers: usize,
    /// Longest time for a request that is no stream.
    pub request_time: Duration,
    /// Longest silence of a body that is being received.
    pub body_silence: Duration,
    /// Longest time for a request's head.
    pub head_time: Duration,
    /// How long requests may go on once the server is to stop.
    pub drain: Duration,
    /// Requests of one principal.
    pub per_principal: Rate,
    /// Requests of one address that nobody is known for: public ones, and refused credentials.
    pub per_address: Rate,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            connections: 10_000,
            requests: 512,
            uploads: 64,
            watchers: 5_000,
            request_time: Duration::from_secs(30),
            body_silence: Duration::from_secs(30),
            head_time: Duration::from_secs(10),
            drain: Duration::from_secs(30),
            per_principal: Rate { requests: 5_000, window: Duration::from_secs(10) },
            per_address: Rate { requests: 600, window: Duration::from_secs(60) },
        }
    }
}

/// What all requests share.
pub(crate) struct State {
    pub(crate) platform: Platform,
    pub(crate) limits: Limits,
    pub(crate) trusted: Vec<Network>,
    pub(crate) tls: bool,
    pub(crate) public_url: Option<String>,
    pub(crate) figures: Figures,
    pub(crate) recorder: &'static PrometheusHandle,
    pub(crate) addresses: Rates<u128>,
    pub(crate) principals: Rates<PrincipalId>,
    pub(crate) ready: Ready,
    pub(crate) hub: Hub,
    pub(crate) outside: Outside,
    pub(crate) document: Bytes,
    pub(crate) document_tag: String,
    pub(crate) watchers: Arc<Semaphore>,
    pub(crate) draining: watch::Receiver<bool>,
    requests: Semaphore,
    uploads: Semaphore,
}

/// Principals and addresses whose use is remembered at the same time.
const REMEMBERED: usize = 100_000;

impl State {
    fn new(platform: Platform, config: &Config, draining: watch::Receiver<bool>) -> Result<Arc<Self>> {
        let mut dependencies = Dependency::of(&platform);
        dependencies.extend(config.dependencies.iter().cloned());
        let limits = config.limits;
        let document = document::text();
        Ok(Arc::new(State {
            hub: Hub::new(platform.clone(), config.live.clone()),
            platform,
            outside: config.outside.clone(),
            limits,
            trusted: config.trusted_proxies.clone(),
            tls: config.tls.is_some(),
            public_url: config.public_url.clone(),
            figures: Figures::new(endpoints::all()),
            recorder: figures::recorder()?,
            addresses: Rates::new("address", limits.per_address, REMEMBERED),
            principals: Rates::new("principal", limits.per_principal, REMEMBERED),
            ready: Ready::new(dependencies),
            document_tag: Digest::of(document.as_bytes()).to_string(),
            document: document.into(),
            watchers: Arc::new(Semaphore::new(limits.watchers)),
            draining,
            requests: Semaphore::new(limits.requests),
            uploads: Semaphore::new(limits.uploads),
        }))
    }

    /// A place among the requests that are being answered.
    ///
    /// # Errors
    /// `server.busy`.
    pub(crate) fn room(&self, endpoint: &Endpoint) -> Result<Room<'_>> {
        let places = if matches!(endpoint.body, endpoint::Body::Bytes) { &self.uploads } else { &self.requests };
        let permit = places.try_acquire().map_err(|_| busy())?;
        self.figures.in_flight.increment(1.0);
        Ok(Room { state: self, _permit: permit })
    }

    /// Who shows that secret.
    ///
    /// # Errors
    /// Those of [`identity::authenticate::authenticate`].
    pub(crate) async fn authenticate(&self, secret: &str, address: IpAddr) -> Result<Caller> {
        identity::authenticate::authenticate(&self.platform, secret, &address.to_string()).await
    }

    /// Who shows that certificate, whose key the handshake has shown.
    ///
    /// # Errors
    /// Those of [`identity::authenticate_certificate`].
    pub(crate) async fn authenticate_certificate(&self, der: &[u8], address: IpAddr) -> Result<Caller> {
        let found = identity::authenticate_certificate(&self.platform, der).await;
        if let Err(e) = &found
            && e.kind == Kind::Unauthenticated
        {
            tracing::info!(%address, code = %e.code, fingerprint = %Digest::of(der), "a certificate was refused");
        }
        found
    }

    /// Whether browsers come over HTTPS, so that their cookies are for HTTPS only.
    pub(crate) fn secure(&self) -> bool {
        self.public_url.as_ref().map_or(self.tls, |url| url.starts_with("https://"))
    }
}

/// The error for a server that is full.
pub(crate) fn busy() -> Error {
    Error::new(Kind::Unavailable, "server.busy", "the server answers as many requests as it can").retry_after(1)
}

/// A request that is being answered.
pub(crate) struct Room<'a> {
    state: &'a State,
    _permit: SemaphorePermit<'a>,
}

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.state.figures.in_flight.decrement(1.0);
    }
}

/// A server that is running.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    done: JoinHandle<()>,
}

impl Server {
    /// Waits until it has stopped: until `shutdown` is done and requests have ended or had their time.
    pub async fn stopped(self) {
        if let Err(e) = self.done.await {
            tracing::error!(error = %e, "the server ended with a panic");
        }
    }
}

/// Starts to listen; comes back once the address is bound. When `shutdown` is done no connection is accepted any more,
/// requests that have begun may end, streams are closed.
///
/// # Errors
/// `http.listen` where the address cannot be bound.
pub async fn serve(
    platform: Platform,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<Server> {
    Front::bind(config).await?.serve(platform, shutdown).await
}

/// Serves at a socket that is bound.
pub(crate) fn run(
    listening: Listening,
    platform: Platform,
    config: &Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<Server> {
    let (drain, draining) = watch::channel(false);
    let state = State::new(platform, config, draining)?;
    let router = router::router(&state)?;
    let address = listening.address;
    let done = tokio::spawn(async move {
        let sweep = tokio::spawn(sweep(state.platform.clone()));
        let open = listening.accept(&state.limits, &router, shutdown).await;
        drop(listening);
        let _ = drain.send(true);
        tracing::info!(connections = open.count(), "stopping: no new connections");
        if tokio::time::timeout(state.limits.drain, open.shutdown()).await.is_err() {
            tracing::warn!("requests did not end in time and are cut off");
        }
        sweep.abort();
    });
    Ok(Server { address, done })
}

/// Forgets idempotency keys that expired. Every process does it; what one has deleted the next does not find.
async fn sweep(platform: Platform) {
    let mut tick = tokio::time::interval(Duration::from_secs(60 * 60));
    loop {
        tick.tick().await;
        let swept = async {
            let mut tx = platform.database.begin(Scope::System).await?;
            idempotency::sweep(&mut tx, platform.now()).await?;
            tx.commit().await
        };
        if let Err(e) = swept.await {
            tracing::warn!(error = %e, "expired idempotency keys could not be forgotten");
        }
    }
}
