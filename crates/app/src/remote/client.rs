//! A client of the public API, as far as a translation needs it. Requests that failed on the way are repeated; what was
//! done is recognised by its idempotency key.

use crate::cli::Connection;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::Random;
use proofmark_evidence::FileSet;
use proofmark_store::system::SystemRandom;
use reqwest::{Certificate, ClientBuilder, Identity, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Bytes that are sent in one request.
const PIECE: usize = 8 << 20;
/// Attempts at a request.
const ATTEMPTS: u32 = 6;

/// Speaks to one server as one principal.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

fn away(e: reqwest::Error) -> Error {
    match handshake(&e) {
        // a certificate that is not good now is not good in a second
        Some(rustls::Error::InvalidCertificate(why)) => {
            Error::new(Kind::Forbidden, "server.untrusted", format!("the server's certificate is not trusted: {why}"))
                .help("`--ca-certificate FILE` names the authority that issued it, where the system does not know it")
        }
        Some(refused @ rustls::Error::AlertReceived(_)) => {
            Error::new(Kind::Forbidden, "server.handshake", format!("the server breaks the handshake off: {refused}"))
                .help("it may not accept the client certificate")
        }
        _ => Error::unavailable("server.away", "the server cannot be reached").because(e),
    }
}

/// What TLS said, if it was TLS: errors of streams hold it as their own, one within another.
fn handshake(e: &reqwest::Error) -> Option<&rustls::Error> {
    let mut beneath = std::error::Error::source(e)?;
    loop {
        if let Some(found) = beneath.downcast_ref() {
            return Some(found);
        }
        beneath = match beneath.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(inner) => inner,
            None => beneath.source()?,
        };
    }
}

fn wrong(option: &str, why: impl fmt::Display) -> Error {
    Error::invalid("server.certificate", format!("`{option}` cannot be used: {why}"))
}

/// The client with the authorities that it believes and the certificate that it shows.
fn protected(client: ClientBuilder, connection: &Connection, https: bool) -> Result<ClientBuilder> {
    let read = |option: &str, path: &PathBuf| {
        std::fs::read(path).map_err(|e| wrong(option, format!("{}: {e}", path.display())))
    };
    let mut client = client;
    if let Some(path) = connection.ca_certificate.as_ref().filter(|_| https) {
        let of = |e: String| wrong("--ca-certificate", format!("{}: {e}", path.display()));
        let pem = read("--ca-certificate", path)?;
        let authorities = Certificate::from_pem_bundle(&pem).map_err(|e| of(e.to_string()))?;
        if authorities.is_empty() {
            return Err(of("there is no certificate in it".into()));
        }
        client = client.tls_certs_only(authorities);
    }
    match (&connection.client_certificate, &connection.client_key) {
        (None, None) => Ok(client),
        (Some(_), None) => Err(wrong("--client-certificate", "it wants its key: `--client-key FILE`")),
        (None, Some(_)) => Err(wrong("--client-key", "it wants its certificate: `--client-certificate FILE`")),
        (Some(_), Some(_)) if !https => {
            Err(wrong("--client-certificate", "it is shown over https:// only, and the server's address is http://"))
        }
        (Some(certificate), Some(key)) => {
            let mut pem = read("--client-certificate", certificate)?;
            pem.push(b'\n');
            pem.extend(read("--client-key", key)?);
            let identity = Identity::from_pem(&pem).map_err(|e| {
                wrong("--client-certificate", format!("{} with {}: {e}", certificate.display(), key.display()))
            })?;
            Ok(client.identity(identity))
        }
    }
}

/// A key that nobody else uses.
fn once() -> String {
    let mut bytes = [0; 16];
    SystemRandom.fill(&mut bytes);
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Client {
    /// For the server at `url`.
    ///
    /// # Errors
    /// `server.url`; `server.certificate` for files that cannot be used.
    pub fn new(url: &str, connection: &Connection, token: Option<&str>) -> Result<Client> {
        let base = url.trim_end_matches('/').to_string();
        if !(base.starts_with("http://") || base.starts_with("https://")) {
            return Err(Error::invalid("server.url", "the server's address is not understood")
                .help("write it as https://proofmark.example.org"));
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = protected(reqwest::Client::builder(), connection, base.starts_with("https://"))?
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(Duration::from_secs(60))
            // what is sent is for this server: an answer that leads elsewhere is none of the API's
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| match connection.client_certificate {
                Some(_) => wrong("--client-certificate", "its key may be another one's").because(e),
                None => Error::unavailable("server.client", "no HTTP client can be made").because(e),
            })?;
        Ok(Client { http, base, token: token.map(String::from) })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Sends until there is an answer that is not about the moment.
    async fn send(&self, make: impl Fn() -> RequestBuilder) -> Result<Response> {
        let mut attempt = 0;
        loop {
            let error = match make().send().await {
                Ok(answer) if answer.status().is_success() => return Ok(answer),
                Ok(answer) => problem(answer).await,
                Err(e) => away(e),
            };
            attempt += 1;
            if attempt == ATTEMPTS || !matches!(error.kind, Kind::Unavailable | Kind::RateLimited) {
                return Err(error);
            }
            let pause = error.retry_after.unwrap_or(1 << attempt.min(4)).min(60);
            tokio::time::sleep(Duration::from_secs(pause.into())).await;
        }
    }

    async fn json(&self, make: impl Fn() -> RequestBuilder) -> Result<Value> {
        self.send(make).await?.json().await.map_err(away)
    }

    /// A document.
    ///
    /// # Errors
    /// What the server says; `server.away`.
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.json(|| self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let key = once();
        self.json(|| self.request(Method::POST, path).header("Idempotency-Key", &key).json(body)).await
    }

    /// Every item of a list.
    async fn all(&self, path: &str) -> Result<Vec<Value>> {
        let (mut items, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page = match &cursor {
                None => self.get(&format!("{path}?limit=200")).await?,
                Some(c) => self.get(&format!("{path}?limit=200&cursor={c}")).await?,
            };
            items.extend(page["items"].as_array().cloned().unwrap_or_default());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = Some(next.to_string()),
                None => return Ok(items),
            }
        }
    }

    /// Identifier of the project of that name or identifier, which is made if there is none; of the only one, if none is
    /// named.
    ///
    /// # Errors
    /// `server.project` where it is not clear which; what the server says.
    pub async fn project(&self, wanted: Option<&str>) -> Result<String> {
        let all = self.all("/api/v1/projects").await?;
        let text = |p: &Value, name: &str| p[name].as_str().unwrap_or_default().to_string();
        let found = match wanted {
            Some(w) => all.iter().find(|p| text(p, "id") == w || text(p, "name") == w),
            None if all.len() == 1 => all.first(),
            None => None,
        };
        if let Some(found) = found {
            return Ok(text(found, "id"));
        }
        match wanted {
            Some(name) if !name.starts_with("prj_") => {
                Ok(text(&self.post("/api/v1/projects", &json!({"name": name})).await?, "id"))
            }
            _ => {
                let names: Vec<String> = all.iter().map(|p| text(p, "name")).collect();
                Err(Error::invalid("server.project", "it is not clear in which project to work")
                    .help(format!("name one with `--project NAME`; there are: {}", names.join(", "))))
            }
        }
    }

    /// Uploads bytes; gives the artifact's identifier.
    ///
    /// # Errors
    /// What the server says; `server.away`.
    pub async fn upload(&self, project: &str, name: &str, media_type: &str, bytes: &[u8]) -> Result<String> {
        let announced =
            json!({"name": name, "media_type": media_type, "size": bytes.len(), "digest": Digest::of(bytes)});
        let mut upload = self.post(&format!("/api/v1/projects/{project}/uploads"), &announced).await?;
        let path = format!("/api/v1/uploads/{}", upload["id"].as_str().unwrap_or_default());
        let mut attempt = 0;
        while upload["artifact"].is_null() {
            let at = usize::try_from(upload["received"].as_u64().unwrap_or(0)).unwrap_or(0).min(bytes.len());
            let piece = bytes[at..bytes.len().min(at + PIECE)].to_vec();
            let sent = self
                .request(Method::PATCH, &path)
                .header("Upload-Offset", at)
                .header("Content-Type", "application/octet-stream")
                .body(piece)
                .send()
                .await;
            upload = match sent {
                Ok(answer) if answer.status().is_success() => answer.json().await.map_err(away)?,
                other => {
                    let error = match other {
                        Ok(answer) => problem(answer).await,
                        Err(e) => away(e),
                    };
                    attempt += 1;
                    let passes =
                        matches!(error.kind, Kind::Unavailable | Kind::RateLimited) || error.code == "upload.offset";
                    if attempt == ATTEMPTS || !passes {
                        return Err(error);
                    }
                    tokio::time::sleep(Duration::from_secs(1 << attempt.min(4))).await;
                    // how far it came
                    self.get(&path).await?
                }
            };
        }
        Ok(upload["artifact"].as_str().unwrap_or_default().to_string())
    }

    /// Starts a run; gives its identifier.
    ///
    /// # Errors
    /// What the server says; `server.away`.
    pub async fn start(&self, project: &str, workflow: &str, input: Value) -> Result<String> {
        let body = json!({"workflow": workflow, "input": input});
        let run = self.post(&format!("/api/v1/projects/{project}/runs"), &body).await?;
        Ok(run["id"].as_str().unwrap_or_default().to_string())
    }

    /// Follows a run to its end. `tell` is given each entry of its log, once.
    ///
    /// # Errors
    /// What the server says; `server.away` where it stays away.
    pub async fn watch(&self, run: &str, tell: &mut dyn FnMut(&Value)) -> Result<()> {
        let path = format!("/api/v1/runs/{run}/events");
        let (mut last, mut silent) = (0_u64, 0);
        loop {
            let from = last.to_string();
            let mut answer = self
                .send(|| {
                    self.request(Method::GET, &path)
                        .header("Last-Event-ID", &from)
                        .header("Accept", "text/event-stream")
                })
                .await?;
            let mut buffer = Vec::new();
            let before = last;
            // a stream that breaks off is taken up where it was
            while let Ok(Some(chunk)) = answer.chunk().await {
                buffer.extend_from_slice(&chunk);
                while let Some(end) = find(&buffer) {
                    let block: Vec<u8> = buffer.drain(..end + 2).collect();
                    let event = event(&String::from_utf8_lossy(&block));
                    let Some((id, data)) = event else { continue };
                    if id > last {
                        last = id;
                        tell(&data);
                    }
                }
            }
            let now = self.get(&format!("/api/v1/runs/{run}")).await?;
            if matches!(now["status"].as_str(), Some("succeeded" | "failed" | "cancelled")) {
                return Ok(());
            }
            silent = if last == before { silent + 1 } else { 0 };
            tokio::time::sleep(Duration::from_secs(silent.min(10))).await;
        }
    }

    /// Every file that a run made, each held to its digest.
    ///
    /// # Errors
    /// `server.corrupt`; what the server says; `server.away`.
    pub async fn artifacts(&self, run: &str) -> Result<FileSet> {
        let mut files = FileSet::new();
        for artifact in self.all(&format!("/api/v1/runs/{run}/artifacts")).await? {
            let text = |name: &str| artifact[name].as_str().unwrap_or_default().to_string();
            let path = format!("/api/v1/artifacts/{}/content", text("id"));
            let bytes = self.send(|| self.request(Method::GET, &path)).await?.bytes().await.map_err(away)?;
            if Digest::of(&bytes).to_string() != text("digest") {
                return Err(Error::unavailable(
                    "server.corrupt",
                    format!("`{}` arrived with other bytes", text("name")),
                ));
            }
            // the server is not believed where a file goes
            files.insert(proofmark_kernel::artifact::path(&text("name"))?, bytes.to_vec());
        }
        Ok(files)
    }
}

/// The end of the first event in the buffer: where its empty line begins.
fn find(buffer: &[u8]) -> Option<usize> {
    buffer.windows(2).position(|w| w == b"\n\n")
}

/// Number and data of an event of a stream (WHATWG HTML, section 9.2); none for a comment.
fn event(block: &str) -> Option<(u64, Value)> {
    let (mut id, mut data) = (None, String::new());
    for line in block.lines() {
        let Some((field, value)) = line.split_once(':') else { continue };
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => id = value.parse().ok(),
            "data" => data.push_str(value),
            _ => {}
        }
    }
    Some((id?, serde_json::from_str(&data).ok()?))
}

/// The server's problem document as an error here.
async fn problem(answer: Response) -> Error {
    let status = answer.status();
    let after = answer.headers().get("Retry-After").and_then(|v| v.to_str().ok()?.parse().ok());
    let body: Value = answer.json().await.unwrap_or_default();
    let kind = match status {
        StatusCode::UNAUTHORIZED => Kind::Unauthenticated,
        StatusCode::FORBIDDEN => Kind::Forbidden,
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::CONFLICT => Kind::Conflict,
        StatusCode::TOO_MANY_REQUESTS => Kind::RateLimited,
        s if s.is_server_error() => Kind::Unavailable,
        _ => Kind::Invalid,
    };
    let text = |name: &str| body[name].as_str().map(str::to_string);
    let detail = text("detail").unwrap_or_else(|| format!("the server answered {status}"));
    let mut error = Error::new(kind, text("code").unwrap_or_else(|| "server.answer".into()), detail);
    for place in body["errors"].as_array().into_iter().flatten() {
        let at = ["pointer", "parameter", "header"].iter().find_map(|k| place[*k].as_str()).unwrap_or_default();
        error = error.at(at, place["detail"].as_str().unwrap_or_default());
    }
    error.help = text("help");
    error.retry_after = after;
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_and_comments_are_not() {
        assert_eq!(event("id: 7\nevent: progress\ndata: {\"a\":1}\n\n"), Some((7, json!({"a": 1}))));
        assert_eq!(event(": still here\n\n"), None);
        assert_eq!(event("data: {}\n\n"), None, "without a number it cannot be taken up again");
        assert_eq!(find(b"id: 1\ndata: {}\n\nid"), Some(14));
    }
}
