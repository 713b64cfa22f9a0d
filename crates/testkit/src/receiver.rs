//! A receiver of webhooks: a real, small HTTP server on loopback that writes down what it gets and answers as told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request.
#[derive(Clone, Debug)]
pub struct Got {
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Its body.
    pub body: String,
}

impl Got {
    /// A header; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// How to answer.
#[derive(Clone)]
pub struct Reply {
    /// Status.
    pub status: u16,
    /// Headers besides the length.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// How long the answer takes.
    pub after: Duration,
}

/// An answer at once, of that status and nothing else.
pub fn reply(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: Vec::new(), after: Duration::ZERO }
}

type Script = dyn Fn(&Got, usize) -> Reply + Send + Sync;

/// The server. It stops when this is dropped.
pub struct Receiver {
    /// Its port on 127.0.0.1.
    pub port: u16,
    got: Arc<Mutex<Vec<Got>>>,
    /// Requests that are being answered, and the most there were at once.
    busy: Arc<Mutex<(usize, usize)>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Answers by `script`, which is told the request and how many came before it.
    pub async fn new(script: impl Fn(&Got, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (got, busy) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new((0, 0))));
        let script: Arc<Script> = Arc::new(script);
        let task = tokio::spawn({
            let (got, busy) = (got.clone(), busy.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (got, busy, script) = (got.clone(), busy.clone(), script.clone());
                    tokio::spawn(async move {
                        let _ = serve(stream, &got, &busy, &*script).await;
                    });
                }
            }
        });
        Receiver { port, got, busy, task }
    }

    /// Its address with that path.
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// Every request so far.
    pub fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    /// The most requests that were answered at the same time.
    pub fn most_at_once(&self) -> usize {
        self.busy.lock().unwrap().1
    }
}

async fn serve(
    mut stream: TcpStream,
    got: &Mutex<Vec<Got>>,
    busy: &Mutex<(usize, usize)>,
    script: &Script,
) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    };
    let text = String::from_utf8(bytes[..head].to_vec()).unwrap();
    let mut lines = text.split("\r\n");
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_string();
    let headers: BTreeMap<String, String> = lines
        .filter_map(|l| l.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_string()))
        .collect();
    let length: usize = headers.get("content-length").map_or(0, |l| l.parse().unwrap());
    while bytes.len() < head + length {
        if stream.read_buf(&mut bytes).await? == 0 {
            return Ok(());
        }
    }
    let request = Got { path, headers, body: String::from_utf8(bytes[head..].to_vec()).unwrap() };
    let before = {
        let mut got = got.lock().unwrap();
        got.push(request.clone());
        got.len() - 1
    };
    {
        let mut busy = busy.lock().unwrap();
        busy.0 += 1;
        busy.1 = busy.1.max(busy.0);
    }
    let reply = script(&request, before);
    tokio::time::sleep(reply.after).await;
    busy.lock().unwrap().0 -= 1;
    let mut head =
        format!("HTTP/1.1 {} X\r\ncontent-length: {}\r\nconnection: close\r\n", reply.status, reply.body.len());
    for (name, value) in reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).await?;
    stream.write_all(&reply.body).await?;
    stream.shutdown().await
}
