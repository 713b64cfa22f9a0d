//! A NATS server with JetStream, from a Python wheel.

use super::programs::Programs;
use super::supervised::{Supervised, folder};
use super::{NATS, Shared, given, or_panic};
use anyhow::{Context, Result};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

const SERVER: &str = "NATS";

/// A NATS server that tests may use and must not stop. Clones name the same server. Tests share its streams and
/// subjects: name yours with [`super::unique_name`].
#[derive(Clone)]
pub struct Nats {
    url: Arc<str>,
    /// Keeps a server of this process running.
    _server: Option<Arc<OwnNats>>,
}

/// The server that `PROOFMARK_TEST_NATS` names, else one that this process shares.
pub fn nats() -> Nats {
    static SHARED: Shared<OwnNats> = Shared::new();
    if let Some(url) = given(NATS) {
        return Nats { url: url.into(), _server: None };
    }
    let server = or_panic(SHARED.get(OwnNats::launch));
    Nats { url: server.handle.url.clone(), _server: Some(server) }
}

/// A server for the caller alone, to be stopped and crashed at will.
pub fn own_nats() -> OwnNats {
    or_panic(OwnNats::launch())
}

impl Nats {
    /// `nats://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// A NATS server of the caller's own. It stops when this is dropped.
pub struct OwnNats {
    handle: Nats,
    server: Supervised,
}

impl Deref for OwnNats {
    type Target = Nats;

    fn deref(&self) -> &Nats {
        &self.handle
    }
}

impl OwnNats {
    pub(super) fn launch() -> Result<OwnNats> {
        let program = Programs::here().script(SERVER, "bin/nats-server")?;
        let data = folder("nats")?;
        // Port -1: the server takes a free one and writes it down.
        configure(&data, -1)?;
        let command = [program.into(), "-c".into(), "nats.conf".into()];
        let server = Supervised::start(SERVER, &data, "TERM", &command)?;
        let port = ready(&server)?;
        // After a restart clients must find it where it was.
        configure(&data, i32::from(port))?;
        let url = format!("nats://127.0.0.1:{port}").into();
        Ok(OwnNats { handle: Nats { url, _server: None }, server })
    }

    /// The process of the server.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Ends all connections and the server; streams kept in files stay.
    pub fn stop(&mut self) {
        or_panic(self.server.stop());
    }

    /// Kills the server (SIGKILL).
    pub fn crash(&mut self) {
        or_panic(self.server.kill());
    }

    /// Starts the server again after [`OwnNats::stop`] or [`OwnNats::crash`], on the same port.
    pub fn start(&mut self) {
        or_panic(self.server.start_again());
        or_panic(ready(&self.server));
    }

    /// Stops and starts the server.
    pub fn restart(&mut self) {
        self.stop();
        self.start();
    }
}

fn configure(data: &Path, port: i32) -> Result<()> {
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: \".\"\n\
         jetstream {{ store_dir: \"jetstream\", max_memory_store: 256M, max_file_store: 4G }}\n"
    );
    std::fs::write(data.join("nats.conf"), text).context("the configuration of NATS")
}

/// Waits until the server takes connections, which is when it writes `nats-server_PID.ports`; the port in it.
fn ready(server: &Supervised) -> Result<u16> {
    let file = server.folder().join(format!("nats-server_{}.ports", server.pid()));
    server.ready(|| {
        let text = std::fs::read_to_string(&file).ok()?;
        let (_, rest) = text.split_once("nats://127.0.0.1:")?;
        let (port, _) = rest.split_once('"')?;
        port.parse().ok()
    })
}
