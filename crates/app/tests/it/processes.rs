//! Servers, workers and command lines as processes, and what their users ask of them.

use crate::support::python;
use proofmark_testkit::services::{self, Database};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const SOURCE: &str = "import numpy as np\n\n\ndef scale(x, gain):\n    return np.clip(x * gain, -1.0, 1.0)\n";
pub const BENCH: &str = "import numpy as np\nfrom scale import scale\n\nrng = np.random.default_rng(1)\nfor n in (5, 64):\n    y = scale(rng.standard_normal(n), 0.75)\n    assert np.all(np.abs(y) <= 1.0)\n";
pub const PASSWORD: &str = "a long enough pass phrase";

/// How long a run may take beside other tests.
pub const PATIENCE: Duration = Duration::from_secs(240);

pub async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

/// A process that ends with the test.
pub struct Ends(pub Child);

impl Ends {
    /// SIGKILL.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Whether it has ended, which it must have done well.
    pub fn ended(&mut self) -> bool {
        let status = self.0.try_wait().unwrap();
        assert!(status.is_none_or(|s| s.success()), "{status:?}");
        status.is_some()
    }

    /// Waits for its end.
    pub async fn end(&mut self) {
        let began = Instant::now();
        while !self.ended() {
            assert!(began.elapsed() < PATIENCE, "the run does not end");
            pause(100).await;
        }
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `proofmark serve`, ready.
pub struct Server {
    pub process: Ends,
    pub url: String,
    pub setup: Option<String>,
}

impl Server {
    /// By a command that says in JSON where it answers.
    pub fn start(command: &mut Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let text = |name: &str| said["serve"][name].as_str().map(String::from);
        Server { process: Ends(child), url: text("url").unwrap(), setup: text("setup") }
    }

    /// With these options and variables.
    pub fn run(options: &[&str], environment: &[(&str, String)]) -> Server {
        Server::start(
            Command::new(env!("CARGO_BIN_EXE_proofmark"))
                .args(["--message-format", "json", "serve"])
                .args(options)
                .env("PROOFMARK_PYTHON", python())
                .envs(environment.iter().cloned()),
        )
    }

    /// On a data folder, with more options by the environment.
    pub fn with(data: &Path, listen: &str, variables: &[(&str, &str)]) -> Server {
        let variables: Vec<_> = variables.iter().map(|(n, v)| (*n, v.to_string())).collect();
        Server::run(&["--listen", listen, "--data", data.to_str().unwrap()], &variables)
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        self.url.trim_start_matches("http://")
    }

    /// A request; gives the answer, which must be one.
    pub async fn ask(&self, method: Method, path: &str, secret: Option<&str>, body: Option<Value>) -> Value {
        ask(&client(), &self.url, method, path, secret, body).await
    }

    pub async fn get(&self, path: &str, secret: &str) -> Value {
        self.ask(Method::GET, path, Some(secret), None).await
    }

    pub async fn post(&self, path: &str, secret: &str, body: Value) -> Value {
        self.ask(Method::POST, path, Some(secret), Some(body)).await
    }

    /// Signs somebody in.
    pub async fn enter(&self, email: &str) -> String {
        let body = json!({"email": email, "password": PASSWORD});
        let session = self.ask(Method::POST, "sessions", None, Some(body)).await;
        session["secret"].as_str().unwrap().to_string()
    }

    /// Waits until a run has that status.
    pub async fn until(&self, run: &str, secret: &str, wanted: &str) -> Value {
        let begun = Instant::now();
        loop {
            let found = self.get(&format!("runs/{run}"), secret).await;
            if found["status"] == wanted {
                return found;
            }
            let dead = found["ended_at"] != Value::Null;
            assert!(!dead && begun.elapsed() < PATIENCE, "{wanted}: {found}");
            pause(200).await;
        }
    }

    /// Names and digests of what a run made, each read whole.
    pub async fn artifacts(&self, run: &str, secret: &str) -> BTreeMap<String, String> {
        let listed = self.get(&format!("runs/{run}/artifacts"), secret).await;
        let mut found = BTreeMap::new();
        for artifact in listed["items"].as_array().unwrap() {
            let text = |name: &str| artifact[name].as_str().unwrap().to_string();
            let url = format!("{}/api/v1/artifacts/{}/content", self.url, text("id"));
            let answer = client().get(url).bearer_auth(secret).send().await.unwrap();
            assert!(answer.status().is_success());
            let bytes = answer.bytes().await.unwrap();
            assert_eq!(proofmark_base::digest::Digest::of(&bytes).to_string(), text("digest"), "{}", text("name"));
            found.insert(text("name"), text("digest"));
        }
        assert!(!found.is_empty());
        found
    }
}

pub fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

async fn ask(
    client: &Client,
    url: &str,
    method: Method,
    path: &str,
    secret: Option<&str>,
    body: Option<Value>,
) -> Value {
    let mut request = client.request(method.clone(), format!("{url}/api/v1/{path}"));
    if let Some(secret) = secret {
        request = request.bearer_auth(secret);
    }
    if let Some(body) = &body {
        request = request.json(body);
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{method} {path}: {status} {text}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}: {text}"))
}

/// Sets a server up; gives the first owner's token.
pub async fn token(server: &Server, client: &Client) -> String {
    let post = |path: &'static str, secret: Option<String>, body: Value| async move {
        ask(client, &server.url, Method::POST, path, secret.as_deref(), Some(body)).await
    };
    let link = server.setup.as_deref().unwrap().split('#').nth(1).unwrap();
    let email = "ada@example.org";
    let who = json!({"link": link, "organization": "Test", "name": "Ada", "email": email, "password": PASSWORD});
    post("setup", None, who).await;
    let session = post("sessions", None, json!({"email": email, "password": PASSWORD})).await;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let month = proofmark_base::time::Timestamp::from_micros(i64::try_from(now).unwrap())
        .after(Duration::from_secs(30 * 86_400));
    let secret = session["secret"].as_str().map(String::from);
    let made = post("tokens", secret, json!({"name": "test", "expires_at": month})).await;
    made["secret"].as_str().unwrap().to_string()
}

/// A server that may be away for a moment, asked by somebody who waits.
pub struct Watcher {
    client: Client,
    url: String,
    token: String,
}

impl Watcher {
    pub fn new(server: &Server, token: &str) -> Watcher {
        Watcher { client: client(), url: server.url.clone(), token: token.into() }
    }

    async fn items(&self, path: &str) -> Option<Vec<Value>> {
        let request = self.client.get(format!("{}/api/v1/{path}", self.url)).bearer_auth(&self.token);
        let answer = request.timeout(Duration::from_secs(2)).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json::<Value>().await.ok()?["items"].as_array().cloned()
    }

    /// The newest run.
    pub async fn run(&self) -> String {
        let began = Instant::now();
        loop {
            let id = |items: Option<Vec<Value>>| Some(items?.first()?["id"].as_str()?.to_string());
            if let Some(project) = id(self.items("projects").await)
                && let Some(run) = id(self.items(&format!("projects/{project}/runs")).await)
            {
                return run;
            }
            assert!(began.elapsed() < PATIENCE, "no run was made");
            pause(50).await;
        }
    }

    /// Names and states of a run's steps; none while the server is away.
    pub async fn steps(&self, run: &str) -> Option<Vec<(String, String)>> {
        let items = self.items(&format!("runs/{run}/steps")).await?;
        let text = |s: &Value, name: &str| s[name].as_str().unwrap().to_string();
        Some(items.iter().map(|s| (text(s, "name"), text(s, "status"))).collect())
    }

    /// Waits until that step of a run works; it must be seen before it has ended.
    pub async fn works_on(&self, run: &str, step: &str) {
        let began = Instant::now();
        loop {
            let steps = self.steps(run).await.unwrap_or_default();
            if let Some((_, status)) = steps.into_iter().find(|(name, _)| name == step) {
                assert_eq!(status, "running", "{step} was over before anybody looked");
                return;
            }
            assert!(began.elapsed() < PATIENCE, "{step} does not begin");
            pause(20).await;
        }
    }
}

/// A folder with a project in it, and PostgreSQL, S3 and NATS for a server and workers that share the folder's keys.
pub struct Site {
    pub folder: tempfile::TempDir,
    /// What all processes are told.
    pub environment: Vec<(&'static str, String)>,
    /// Removed with this.
    _database: Database,
}

impl Site {
    /// With the database that `database` makes, and the address of NATS that `events` gives.
    pub async fn new(
        database: impl FnOnce() -> Database + Send + 'static,
        events: impl FnOnce() -> String + Send + 'static,
    ) -> Site {
        let made = tokio::task::spawn_blocking(|| (database(), services::s3().fresh_bucket(), events()));
        let (database, bucket, events) = made.await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        project(&folder.path().join("project"));
        let environment = vec![
            ("PROOFMARK_DATABASE", database.url()),
            ("PROOFMARK_BLOBS", format!("s3://{}/blobs", bucket.name)),
            ("PROOFMARK_EVENTS", events),
            ("PROOFMARK_DATA", folder.path().join("data").display().to_string()),
            ("AWS_ENDPOINT", bucket.endpoint.clone()),
            ("AWS_REGION", bucket.region.clone()),
            ("AWS_ACCESS_KEY_ID", bucket.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", bucket.secret_key.clone()),
            ("PROOFMARK_PYTHON", python().display().to_string()),
        ];
        Site { folder, environment, _database: database }
    }

    /// On the servers that tests share.
    pub async fn shared() -> Site {
        Site::new(|| services::postgres().fresh_database(), || services::nats().url().to_string()).await
    }

    pub fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// A server that leaves the work to others.
    pub fn server(&self, listen: &str) -> Server {
        Server::run(&["--workers", "0", "--listen", listen], &self.environment)
    }

    pub fn worker(&self) -> Ends {
        worker(&self.environment)
    }

    /// Compares with the command line, then removes the database.
    pub async fn undisturbed(self) {
        undisturbed(&self.environment, &self.at("data"), self.folder.path());
        tokio::task::spawn_blocking(move || drop(self)).await.unwrap();
    }
}

/// `proofmark worker`.
pub fn worker(environment: &[(&str, String)]) -> Ends {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    command.arg("worker").envs(environment.iter().cloned()).stdout(Stdio::null()).stderr(Stdio::null());
    Ends(command.spawn().unwrap())
}

/// A folder with a program and its bench.
pub fn project(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join("scale.py"), SOURCE).unwrap();
    std::fs::write(folder.join("bench.py"), BENCH).unwrap();
}

/// The translation of that folder's program.
pub fn translate(folder: &Path, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    command.env("PROOFMARK_PYTHON", python());
    command
        .current_dir(folder)
        .args(["translate", "scale.py", "--bench", "bench.py", "--target", "c,rust", "-o"])
        .arg(out);
    command
}

/// The same on a server, in the background.
pub fn begin(server: &str, token: &str, project: &Path, out: &Path) -> Ends {
    let mut command = translate(project, out);
    command.args(["--project", "test", "--server", server]).env("PROOFMARK_TOKEN", token);
    Ends(command.stdout(Stdio::null()).spawn().unwrap())
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(next) = left.pop() {
        for entry in std::fs::read_dir(next).unwrap().map(Result::unwrap) {
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            } else {
                let name = entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_string();
                found.push((name, std::fs::read(entry.path()).unwrap()));
            }
        }
    }
    found.sort();
    found
}

/// The bundle `folder/there` has the bytes that the command line makes of `folder/project`, and the audit log is whole.
pub fn undisturbed(environment: &[(&str, String)], data: &Path, folder: &Path) {
    let mut here = translate(&folder.join("project"), &folder.join("here"));
    let done = here.arg("--key").arg(data.join("signing.key")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let (there, here) = (files(&folder.join("there")), files(&folder.join("here")));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&there), names(&here));
    for (a, b) in there.iter().zip(&here) {
        assert!(a == b, "{} has other bytes", a.0);
    }
    let mut audit = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    let audit = audit.args(["audit", "verify", "--data"]).arg(data).envs(environment.iter().cloned()).output().unwrap();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}
