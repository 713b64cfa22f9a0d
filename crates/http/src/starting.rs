//! A server that cannot work yet: what it needs is away. It listens all the same, says that it lives, what it waits for,
//! and that requests are to come again; nobody restarts it in a loop for what a restart does not mend.

use crate::figures;
use crate::listening::Listening;
use crate::problem;
use crate::reply::Reply;
use crate::server::{self, Config, Server};
use crate::trace::TraceId;
use crate::{handlers, pipeline};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_contract::types::common::{Dependency, Readiness};
use proofmark_platform_service::Platform;
use proofmark_store::system::SystemRandom;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// How long requests of the start may go on once there is a server.
const DRAIN: Duration = Duration::from_secs(5);

/// A socket that answers before there is a platform behind it.
pub struct Front {
    /// Where it listens.
    pub address: SocketAddr,
    /// How the server will serve.
    pub config: Config,
    waiting: watch::Sender<Dependency>,
    stop: oneshot::Sender<()>,
    done: JoinHandle<Listening>,
}

impl Front {
    /// Binds the address and begins to answer.
    ///
    /// # Errors
    /// `http.listen` where the address cannot be bound; `http.tls`.
    pub async fn bind(config: Config) -> Result<Front> {
        figures::recorder()?;
        let listening = Listening::bind(config.listen, config.tls.as_ref()).await?;
        let address = listening.address;
        let reason = Some("the process is starting".to_string());
        let (waiting, seen) = watch::channel(Dependency { name: "process".into(), ready: false, reason });
        let (tls, limits) = (config.tls.is_some(), config.limits);
        let router = Router::new().fallback(move |request: Request<Body>| {
            let reply = answer(&request, &seen.borrow(), tls);
            async move { reply.into_response() }
        });
        let (stop, stopped) = oneshot::channel();
        let done = tokio::spawn(async move {
            let open = listening.accept(&limits, &router, async { drop(stopped.await) }).await;
            // connections that are kept open would see no server for ever
            tokio::spawn(tokio::time::timeout(DRAIN, open.shutdown()));
            listening
        });
        Ok(Front { address, config, waiting, stop, done })
    }

    /// Says in `/readyz` what is waited for, and why.
    pub fn waits(&self, dependency: &str, why: &Error) {
        let reason = Some(format!("{} ({})", why.detail, why.code));
        self.waiting.send_replace(Dependency { name: dependency.into(), ready: false, reason });
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

fn answer(request: &Request<Body>, waiting: &Dependency, tls: bool) -> Reply {
    let trace = TraceId::of(request.headers(), &SystemRandom);
    let made = match request.uri().path() {
        "/livez" => handlers::alive(),
        "/readyz" => {
            let found = Readiness { ready: false, dependencies: vec![waiting.clone()] };
            Reply::json(StatusCode::SERVICE_UNAVAILABLE, &found)
        }
        _ => Err(Error::new(Kind::Unavailable, "server.starting", "the server waits for what it needs")
            .help("GET /readyz says what that is")
            .retry_after(2)),
    };
    let mut reply = made.unwrap_or_else(|e| problem::reply(e, trace));
    pipeline::secure(tls, &mut reply, trace);
    reply
}
