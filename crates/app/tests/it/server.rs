//! A server as a newcomer starts it, killed in the middle of its work.

use crate::support::python;
use reqwest::Client;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const SOURCE: &str = "import numpy as np\n\n\ndef scale(x, gain):\n    return np.clip(x * gain, -1.0, 1.0)\n";
pub const BENCH: &str = "import numpy as np\nfrom scale import scale\n\nrng = np.random.default_rng(1)\nfor n in (5, 64):\n    y = scale(rng.standard_normal(n), 0.75)\n    assert np.all(np.abs(y) <= 1.0)\n";

pub struct Server {
    child: Child,
    pub url: String,
    setup: Option<String>,
}

impl Server {
    fn start(data: &Path, listen: &str) -> Server {
        Server::with(data, listen, &[])
    }

    /// With more options, by the environment.
    pub fn with(data: &Path, listen: &str, variables: &[(&str, &str)]) -> Server {
        let variables: Vec<_> = variables.iter().map(|(n, v)| (*n, v.to_string())).collect();
        Server::run(&["--listen", listen, "--data", data.to_str().unwrap()], &variables)
    }

    /// With these options and variables.
    pub fn run(options: &[&str], environment: &[(&str, String)]) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_proofmark"))
            .args(["--message-format", "json", "serve"])
            .args(options)
            .env("PROOFMARK_PYTHON", python())
            .envs(environment.iter().cloned())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let text = |name: &str| said["serve"][name].as_str().map(String::from);
        Server { child, url: text("url").unwrap(), setup: text("setup") }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn post(client: &Client, url: &str, path: &str, secret: Option<&str>, body: Value) -> Value {
    let mut request = client.post(format!("{url}{path}")).json(&body);
    if let Some(secret) = secret {
        request = request.bearer_auth(secret);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {} {}", answer.status(), answer.text().await.unwrap());
    answer.json().await.unwrap()
}

/// The first owner's token.
pub async fn token(server: &Server, client: &Client) -> String {
    let link = server.setup.as_deref().unwrap().split('#').nth(1).unwrap();
    let (email, password) = ("ada@example.org", "a long enough pass phrase");
    let who = json!({"link": link, "organization": "Test", "name": "Ada", "email": email, "password": password});
    post(client, &server.url, "/api/v1/setup", None, who).await;
    let session =
        post(client, &server.url, "/api/v1/sessions", None, json!({"email": email, "password": password})).await;
    let secret = session["secret"].as_str().unwrap();
    let year = proofmark_base::time::Timestamp::from_micros(
        i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_micros()).unwrap(),
    )
    .after(Duration::from_secs(30 * 86_400));
    let made =
        post(client, &server.url, "/api/v1/tokens", Some(secret), json!({"name": "test", "expires_at": year})).await;
    made["secret"].as_str().unwrap().to_string()
}

pub fn translate(folder: &Path, out: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    command.env("PROOFMARK_PYTHON", python());
    command
        .current_dir(folder)
        .args(["translate", "scale.py", "--bench", "bench.py", "--target", "c,rust", "-o"])
        .arg(out);
    command
}

pub fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_at_work_goes_on_and_gives_the_bytes_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("project")).unwrap();
    std::fs::write(at("project/scale.py"), SOURCE).unwrap();
    std::fs::write(at("project/bench.py"), BENCH).unwrap();

    let mut server = Server::start(&at("data"), "127.0.0.1:0");
    let (url, address) = (server.url.clone(), server.url.trim_start_matches("http://").to_string());
    let _ = rustls::crypto::ring::default_provider().install_default();
    let token = token(&server, &Client::new()).await;
    let mut there = translate(&at("project"), &at("there"));
    there.args(["--project", "test", "--server", &url]).env("PROOFMARK_TOKEN", &token);
    let mut there = there.stdout(Stdio::null()).spawn().unwrap();

    // killed three times, a little later each time, with the run somewhere in its steps
    for pause in [1500, 2500, 3500] {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        server = Server::start(&at("data"), &address);
        assert!(server.setup.is_none(), "there is an owner already");
    }
    let began = Instant::now();
    let status = loop {
        if let Some(status) = there.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(240), "the run does not end");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert!(status.success(), "{status}");

    let mut here = translate(&at("project"), &at("here"));
    let done = here.arg("--key").arg(at("data/signing.key")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let (there, here) = (files(&at("there")), files(&at("here")));
    let names = |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
    assert_eq!(names(&there), names(&here));
    for (a, b) in there.iter().zip(&here) {
        assert!(a == b, "{} has other bytes", a.0);
    }
    drop(server);
    let audit =
        Command::new(env!("CARGO_BIN_EXE_proofmark")).args(["audit", "verify", "--data"]).arg(at("data")).output();
    let audit = audit.unwrap();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

#[test]
fn a_wrong_configuration_stops_the_start_with_the_option_and_its_origin() {
    let run = |arguments: &[&str], variable: Option<(&str, &str)>| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        command.args(arguments).envs(variable);
        let done = command.output().unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
    };
    let (code, text) = run(&["serve", "--listen", "here"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("`listen` (flag --listen)"), "{text}");
    let (code, text) = run(&["serve"], Some(("PROOFMARK_PORT", "80")));
    assert_eq!(code, Some(2));
    assert!(text.contains("environment PROOFMARK_PORT"), "{text}");
    let (code, text) = run(&["worker"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("PostgreSQL"), "{text}");
    let (code, text) = run(&["serve", "--database", "postgres://u:secret@h/d"], None);
    assert_eq!(code, Some(2));
    assert!(text.contains("PROOFMARK_DATABASE") && !text.contains("secret@"), "{text}");
}
