//! An S3 server: moto, a Python package that keeps everything in memory and takes any access key and signature.

use super::programs::Programs;
use super::supervised::{Supervised, folder};
use super::{S3_SERVER, Shared, given, or_panic, unique_name};
use anyhow::{Context, Result, ensure};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

const SERVER: &str = "the S3 server moto";

/// An S3 server. Clones name the same server.
#[derive(Clone)]
pub struct S3 {
    url: Arc<str>,
    /// Keeps a server of this process running.
    server: Option<Arc<Server>>,
}

struct Server {
    url: Arc<str>,
    process: Supervised,
}

/// A bucket that no other test has, and what a client needs to use it (path-style addresses, plain HTTP).
pub struct Bucket {
    /// `http://127.0.0.1:PORT`
    pub endpoint: String,
    /// The bucket's name.
    pub name: String,
    /// Where the server says it is: `us-east-1`.
    pub region: String,
    /// Access key id to sign with.
    pub access_key: String,
    /// Secret key to sign with.
    pub secret_key: String,
    _server: S3,
}

/// The server that `PROOFMARK_TEST_S3` names, else one that this process shares.
pub fn s3() -> S3 {
    static SHARED: Shared<Server> = Shared::new();
    if let Some(url) = given(S3_SERVER) {
        return S3 { url: url.trim_end_matches('/').into(), server: None };
    }
    S3::of(or_panic(SHARED.get(Server::launch)))
}

/// A server for the caller alone. It stops with the last clone and bucket.
pub fn own_s3() -> S3 {
    S3::of(Arc::new(or_panic(Server::launch())))
}

impl Server {
    fn launch() -> Result<Server> {
        let program = Programs::here().script(SERVER, "bin/moto_server")?;
        let data = folder("s3")?;
        let command = [program.into(), "-H".into(), "127.0.0.1".into(), "-p".into(), "0".into()];
        let process = Supervised::start(SERVER, &data, "TERM", &command)?;
        let log = data.join("log");
        // Port 0: the server takes a free one and says so.
        let url: Arc<str> = process.ready(|| {
            let text = std::fs::read_to_string(&log).ok()?;
            let (_, rest) = text.split_once("Running on ")?;
            let (url, _) = rest.split_once(|c: char| c.is_whitespace())?;
            Some(url.into())
        })?;
        Ok(Server { url, process })
    }
}

impl S3 {
    pub(super) fn launch() -> Result<S3> {
        Ok(S3::of(Arc::new(Server::launch()?)))
    }

    fn of(server: Arc<Server>) -> S3 {
        S3 { url: server.url.clone(), server: Some(server) }
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process of the server, where this process started it.
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(|s| s.process.pid())
    }

    /// A new, empty bucket.
    pub fn fresh_bucket(&self) -> Bucket {
        let name = unique_name("test").replace('_', "-");
        or_panic(self.make_bucket(&name));
        Bucket {
            endpoint: self.url.to_string(),
            name,
            region: "us-east-1".into(),
            access_key: "test-access-key".into(),
            secret_key: "test-secret-key".into(),
            _server: self.clone(),
        }
    }

    fn make_bucket(&self, name: &str) -> Result<()> {
        let host =
            self.url.strip_prefix("http://").with_context(|| format!("{S3_SERVER}: not http://...: {}", self.url))?;
        let mut stream = TcpStream::connect(host).with_context(|| format!("{SERVER} at {host}"))?;
        stream.set_read_timeout(Some(Duration::from_secs(60))).context("a socket's time limit")?;
        let request = format!("PUT /{name} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).with_context(|| format!("{SERVER} at {host}"))?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).with_context(|| format!("{SERVER} at {host}"))?;
        let status = answer.lines().next().unwrap_or_default();
        ensure!(status.split(' ').nth(1) == Some("200"), "{SERVER} at {host} makes no bucket: {answer}");
        Ok(())
    }
}
