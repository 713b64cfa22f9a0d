//! The socket: connections, their limits, and TLS.

use crate::server::Limits;
use crate::tls::Tls;
use axum::Router;
use axum::http::Request;
use axum::response::Response;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use metrics::gauge;
use proofmark_base::error::{Error, Result};
use rustls::pki_types::CertificateDer;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::Service;

/// The other end of the connection a request came by.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The address of the socket.
    pub(crate) address: IpAddr,
    /// The certificate, in DER form, whose key it has shown in the handshake.
    pub(crate) certificate: Option<CertificateDer<'static>>,
}

/// The router behind one connection.
#[derive(Clone)]
struct Connection {
    router: Router,
    peer: Peer,
}

impl<B> Service<Request<B>> for Connection
where
    Router: Service<Request<B>, Response = Response, Error = Infallible>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = <Router as Service<Request<B>>>::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.router.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        request.extensions_mut().insert(self.peer.clone());
        self.router.call(request)
    }
}

/// A bound socket.
pub(crate) struct Listening {
    listener: TcpListener,
    tls: Option<Tls>,
    /// Where it is.
    pub(crate) address: SocketAddr,
}

impl Listening {
    /// Binds an address.
    ///
    /// # Errors
    /// `http.listen`.
    pub(crate) async fn bind(listen: SocketAddr, tls: Option<&Tls>) -> Result<Self> {
        let listener = TcpListener::bind(listen).await.map_err(|e| {
            Error::unavailable("http.listen", format!("cannot listen on {listen}: {e}"))
                .help("choose another address or port, or stop what has it")
                .because(e)
        })?;
        let address = listener.local_addr().map_err(|e| Error::bug("a bound socket has no address").because(e))?;
        Ok(Listening { listener, tls: tls.cloned(), address })
    }

    /// Accepts connections until `shutdown` is done; gives those that are open.
    pub(crate) async fn accept(
        &self,
        limits: &Limits,
        router: &Router,
        shutdown: impl Future<Output = ()>,
    ) -> GracefulShutdown {
        let open = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(limits.connections));
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head_time).max_headers(100);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(128)
            .max_header_list_size(64 << 10)
            .keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(20));
        let (builder, head_time) = (Arc::new(builder), limits.head_time);
        let connections = gauge!("http_server_connections");
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                next = next => next,
                () = &mut shutdown => return open,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(e) => {
                    // out of file descriptors, most likely: what is open goes on, and some of it ends
                    tracing::warn!(error = %e, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let _ = stream.set_nodelay(true);
            let peer = Peer { address: peer.ip(), certificate: None };
            let mut service = Connection { router: router.clone(), peer };
            let (builder, watcher, connections) = (Arc::clone(&builder), open.watcher(), connections.clone());
            let tls = self.tls.as_ref().map(Tls::acceptor);
            tokio::spawn(async move {
                let _place = place;
                connections.increment(1.0);
                match tls {
                    None => talk(&builder, stream, service, watcher).await,
                    Some(tls) => match tokio::time::timeout(head_time, tls.accept(stream)).await {
                        Ok(Ok(stream)) => {
                            let shown = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
                            service.peer.certificate = shown.cloned();
                            talk(&builder, stream, service, watcher).await;
                        }
                        Ok(Err(e)) => tracing::debug!(error = %e, "a TLS handshake failed"),
                        Err(_) => tracing::debug!("a TLS handshake took too long"),
                    },
                }
                connections.decrement(1.0);
            });
        }
    }
}

/// Answers the requests of one connection.
async fn talk(
    builder: &auto::Builder<TokioExecutor>,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    service: Connection,
    watcher: Watcher,
) {
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(e) = watcher.watch(connection.into_owned()).await {
        tracing::debug!(error = %e, "a connection broke");
    }
}
