//! One server and two workers on PostgreSQL, S3 and NATS; the worker that works is killed.

use crate::server::{BENCH, SOURCE, Server, files, token, translate};
use crate::support::python;
use proofmark_testkit::services;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What all processes of the fleet are told by the environment.
struct Fleet {
    environment: Vec<(&'static str, String)>,
}

impl Fleet {
    fn new(database: &services::Database, bucket: &services::Bucket, nats: &str, data: &Path) -> Fleet {
        let environment = vec![
            ("PROOFMARK_DATABASE", database.url()),
            ("PROOFMARK_BLOBS", format!("s3://{}/blobs", bucket.name)),
            ("PROOFMARK_EVENTS", nats.to_string()),
            // a folder that all share, for the keys
            ("PROOFMARK_DATA", data.display().to_string()),
            ("AWS_ENDPOINT", bucket.endpoint.clone()),
            ("AWS_REGION", bucket.region.clone()),
            ("AWS_ACCESS_KEY_ID", bucket.access_key.clone()),
            ("AWS_SECRET_ACCESS_KEY", bucket.secret_key.clone()),
            ("PROOFMARK_PYTHON", python().display().to_string()),
        ];
        Fleet { environment }
    }

    fn worker(&self) -> Child {
        Command::new(env!("CARGO_BIN_EXE_proofmark"))
            .arg("worker")
            .envs(self.environment.iter().cloned())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }
}

/// Ends its process with the test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for the end of a command line's translation.
async fn ended(child: &mut Ends) {
    let began = Instant::now();
    let status = loop {
        if let Some(status) = child.0.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < Duration::from_secs(240), "the run does not end");
        pause(200).await;
    };
    assert!(status.success(), "{status}");
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

fn project(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    std::fs::write(folder.join("scale.py"), SOURCE).unwrap();
    std::fs::write(folder.join("bench.py"), BENCH).unwrap();
}

/// A translation on the server, in the background.
fn begin(server: &str, token: &str, project: &Path, out: &Path) -> Ends {
    let mut command = translate(project, out);
    command.args(["--project", "test", "--server", server]).env("PROOFMARK_TOKEN", token);
    Ends(command.stdout(Stdio::null()).spawn().unwrap())
}

/// The bundle has the bytes of the command line's, and the audit log is whole.
fn undisturbed(fleet: &Fleet, folder: &Path) {
    let mut here = translate(&folder.join("project"), &folder.join("here"));
    let done = here.arg("--key").arg(folder.join("data/signing.key")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    assert!(files(&folder.join("there")) == files(&folder.join("here")), "a file has other bytes");
    let audit = Command::new(env!("CARGO_BIN_EXE_proofmark"))
        .args(["audit", "verify"])
        .envs(fleet.environment.iter().cloned())
        .output()
        .unwrap();
    assert!(audit.status.success(), "{}", String::from_utf8_lossy(&audit.stdout));
}

/// Status of a health endpoint, and its JSON.
async fn health(url: &str, path: &str) -> (u16, serde_json::Value) {
    let answer = reqwest::get(format!("{url}{path}")).await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

/// Waits until `/readyz` has that dependency in that state.
async fn shows(url: &str, name: &str, ready: bool) {
    let began = Instant::now();
    loop {
        let (_, found) = health(url, "/readyz").await;
        let dependencies = found["dependencies"].as_array().unwrap();
        if let Some(one) = dependencies.iter().find(|d| d["name"] == name && d["ready"] == ready) {
            assert_eq!(one["reason"].is_null(), ready, "{one}");
            assert_eq!(health(url, "/livez").await.0, 200);
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{name} is not shown as {ready}: {found}");
        pause(200).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_take_over_from_each_other_and_give_the_bytes_of_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    project(&at("project"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (database, bucket, nats) = tokio::task::spawn_blocking(|| {
        (services::postgres().fresh_database(), services::s3().fresh_bucket(), services::nats())
    })
    .await
    .unwrap();
    let fleet = Fleet::new(&database, &bucket, nats.url(), &at("data"));

    let server = Server::run(&["--workers", "0", "--listen", "127.0.0.1:0"], &fleet.environment);
    let token = token(&server, &reqwest::Client::new()).await;
    let mut there = begin(&server.url, &token, &at("project"), &at("there"));
    // nobody works yet: the run waits
    pause(500).await;
    assert!(there.0.try_wait().unwrap().is_none());
    let first = Ends(fleet.worker());
    pause(3500).await;
    let second = Ends(fleet.worker());
    pause(1500).await;
    // SIGKILL, wherever it is in its steps
    drop(first);
    ended(&mut there).await;
    undisturbed(&fleet, folder.path());
    drop((second, server));
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_away_is_named_and_waited_for_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    project(&at("project"));
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (mut postgres, database, bucket, mut nats) = tokio::task::spawn_blocking(|| {
        let mut postgres = services::own_postgres();
        let database = postgres.fresh_database();
        postgres.stop();
        (postgres, database, services::s3().fresh_bucket(), services::own_nats())
    })
    .await
    .unwrap();
    let fleet = Fleet::new(&database, &bucket, nats.url(), &at("data"));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");

    // the server and its workers start without their database
    let (environment, listen) = (fleet.environment.clone(), free.to_string());
    let server = tokio::task::spawn_blocking(move || Server::run(&["--listen", &listen], &environment));
    let worker = Ends(fleet.worker());
    let began = Instant::now();
    while tokio::net::TcpStream::connect(free).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(30), "the server does not listen");
        pause(50).await;
    }
    shows(&url, "database", false).await;
    assert_eq!(reqwest::get(format!("{url}/api/v1/me")).await.unwrap().status(), 503);
    let mut postgres = tokio::task::spawn_blocking(move || {
        postgres.start();
        postgres
    })
    .await
    .unwrap();
    let server = server.await.unwrap();
    shows(&url, "database", true).await;
    let token = token(&server, &reqwest::Client::new()).await;

    // both go away in the middle of a run, the database by a crash
    let mut there = begin(&server.url, &token, &at("project"), &at("there"));
    pause(2500).await;
    let (mut postgres, mut nats) = tokio::task::spawn_blocking(move || {
        nats.stop();
        postgres.crash();
        (postgres, nats)
    })
    .await
    .unwrap();
    shows(&url, "database", false).await;
    shows(&url, "events", false).await;
    let (postgres, nats) = tokio::task::spawn_blocking(move || {
        postgres.start();
        nats.start();
        (postgres, nats)
    })
    .await
    .unwrap();
    shows(&url, "database", true).await;
    shows(&url, "events", true).await;
    ended(&mut there).await;
    undisturbed(&fleet, folder.path());
    drop((server, worker));
    tokio::task::spawn_blocking(move || drop((database, postgres, nats))).await.unwrap();
}
