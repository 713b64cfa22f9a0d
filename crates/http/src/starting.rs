//! What answers without a platform behind it. A server that cannot work yet, because what it needs is away, listens all
//! the same, says that it lives, what it waits for, and that requests are to come again; nobody restarts it in a loop for
//! what a restart does not mend. A worker never answers anything but how it stands.

use crate::figures;
use crate::listening::Listening;
use crate::problem;
use crate::ready::{Dependency, Ready};
use crate::reply::Reply;
use crate::server::{self, Config, Server};
use crate::trace::TraceId;
use crate::{handlers, pipeline};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use metrics_exporter_prometheus::PrometheusHandle;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_contract::types::common::{self, Readiness};
use proofmark_platform_service::Platform;
use proofmark_store::system::SystemRandom;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How long requests of the start may go on once there is a server.
const DRAIN: Duration = Duration::from_secs(5);

/// How the process stands.
#[derive(Clone)]
enum Standing {
    /// It does no work: what is missing, or what it does instead.
    Away(common::Dependency),
    /// It works, if everything that it needs is there.
    Works(Arc<Ready>),
}

impl Standing {
    fn away(name: &str, reason: String) -> Self {
        Standing::Away(common::Dependency { name: name.into(), ready: false, reason: Some(reason) })
    }

    async fn readiness(&self) -> Readiness {
        match self {
            Standing::Away(why) => Readiness { ready: false, dependencies: vec![why.clone()] },
            Standing::Works(ready) => ready.ask(false).await,
        }
    }

    /// The refusal of a request for anything else.
    fn refusal(&self) -> Error {
        match self {
            Standing::Away(_) => Error::new(Kind::Unavailable, "server.starting", "the server waits for what it needs")
                .help("GET /readyz says what that is")
                .retry_after(2),
            Standing::Works(_) => {
                Error::new(Kind::NotFound, "server.worker", "this process answers no requests: it works")
                    .help("send them to a server; here are /livez, /readyz and /metrics")
            }
        }
    }
}

/// A socket that answers before there is a platform behind it, or where there never is one.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    /// How the server will serve.
    pub config: Config,
    standing: watch::Sender<Standing>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Listening>,
}

impl Front {
    /// Binds the address and begins to answer.
    ///
    /// # Errors
    /// `http.listen` where the address cannot be bound.
    pub async fn bind(config: Config) -> Result<Front> {
        let recorder = figures::recorder()?;
        let listening = Listening::bind(config.listen, config.tls.as_ref()).await?;
        let address = listening.address;
        let (standing, seen) = watch::channel(Standing::away("process", "the process is starting".into()));
        let (tls, limits) = (config.tls.is_some(), config.limits);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let (standing, trace) = (seen.borrow().clone(), TraceId::of(request.headers(), &SystemRandom));
            let path = request.uri().path().to_string();
            async move {
                let made = answer(&path, &standing, recorder).await;
                let mut reply = made.unwrap_or_else(|e| problem::reply(e, trace));
                pipeline::secure(tls, &mut reply, trace);
                reply.into_response()
            }
        });
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(async move {
            let open = listening.accept(&limits, &router, async { drop(stopped.await) }).await;
            // connections that are kept open would see no server for ever
            tokio::spawn(tokio::time::timeout(DRAIN, open.shutdown()));
            listening
        });
        Ok(Front { address, config, standing, stop, done })
    }

    /// Says in `/readyz` what is waited for, and why.
    pub fn waits(&self, dependency: &str, why: &Error) {
        self.standing.send_replace(Standing::away(dependency, format!("{} ({})", why.detail, why.code)));
    }

    /// Says from now on in `/readyz` whether that is there, and turns other requests away: the process is a worker.
    pub fn works(&self, dependencies: Vec<Dependency>) {
        self.standing.send_replace(Standing::Works(Arc::new(Ready::new(dependencies))));
    }

    /// Says in `/readyz` that the process is about to end.
    pub fn stops(&self) {
        self.standing.send_replace(Standing::away("process", "the process is stopping".into()));
    }

    /// Serves the platform at the same socket, until `shutdown`: see [`serve`](crate::serve).
    ///
    /// # Errors
    /// A defect.
    pub async fn serve(
        self,
        platform: Platform,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Server> {
        let _ = self.stop.send(());
        let listening = self.done.await.map_err(|e| Error::bug("the start ended with a panic").because(e))?;
        server::run(listening, platform, &self.config, shutdown)
    }
}

async fn answer(path: &str, standing: &Standing, recorder: &PrometheusHandle) -> Result<Reply> {
    match path {
        "/livez" => handlers::alive(),
        "/readyz" => handlers::readiness(&standing.readiness().await),
        "/metrics" => handlers::figures(recorder),
        _ => Err(standing.refusal()),
    }
}
