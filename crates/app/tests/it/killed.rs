//! Servers and workers killed (SIGKILL) whenever a step of a run begins or ends: the run ends as if undisturbed, its
//! results have the bytes of the command line's, and what it tells others is told once.

use crate::processes::{Ends, Server, Site, Watcher, begin, client, pause, project, token, undisturbed};
use proofmark_testkit::receiver::{Receiver, reply};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

/// Calls `kill` whenever a step of the run is seen in a state for the first time, until the command line that waits for
/// the run has ended. Gives how often it did.
async fn at_every_state(watcher: &Watcher, run: &str, there: &mut Ends, mut kill: impl AsyncFnMut()) -> usize {
    let (mut seen, mut kills) = (BTreeSet::new(), 0);
    let began = Instant::now();
    while !there.ended() {
        let before = seen.len();
        seen.extend(watcher.steps(run).await.unwrap_or_default());
        if seen.len() > before {
            kill().await;
            kills += 1;
        }
        assert!(began.elapsed() < Duration::from_secs(400), "the run does not end; seen: {seen:?}");
        pause(20).await;
    }
    kills
}

/// What is to be the same of two runs of the same input: how often each entry stands in the log of the run and in the
/// audit log, and each event in the ledger that a receiver of webhooks keeps.
async fn traces(server: &Server, token: &str, run: &str, ledger: &Receiver) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    let mut count = |what: String| *found.entry(what).or_insert(0) += 1;
    let log = client().get(format!("{}/api/v1/runs/{run}/events", server.url)).bearer_auth(token);
    let log = log.send().await.unwrap().text().await.unwrap();
    for line in log.lines().filter_map(|l| l.strip_prefix("data: ")) {
        let entry: Value = serde_json::from_str(line).unwrap();
        let (kind, data) = (entry["kind"].as_str().unwrap(), &entry["data"]);
        match kind {
            // what was interrupted says again that it begins and how far it is
            "progress" | "log" => {}
            "step" if data["status"] == "running" => {}
            _ => count(format!("{kind} {data}")),
        }
    }
    let audit = client().get(format!("{}/api/v1/audit/export", server.url)).bearer_auth(token);
    for line in audit.send().await.unwrap().text().await.unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let entry = &line["entry"];
        if entry["subject"] == run {
            count(format!("audit {}", entry["action"]));
        }
    }
    let told: BTreeSet<(String, String)> = ledger
        .got()
        .iter()
        .filter_map(|got| {
            let event: Value = serde_json::from_str(&got.body).unwrap();
            let what = format!("event {} {}", event["type"], event["data"]["status"]);
            (event["subject"] == run).then(|| (got.header("webhook-id").to_string(), what))
        })
        .collect();
    // one that is sent again, because nobody could write down that it had arrived, has the same identifier
    for (_, what) in told {
        count(what);
    }
    found
}

/// Runs the same once more without a disturbance, and compares.
async fn as_if_undisturbed(server: &Server, token: &str, run: &str, ledger: &Receiver, folder: &Path) {
    let mut again = begin(&server.url, token, &folder.join("project"), &folder.join("again"));
    again.end().await;
    let other = Watcher::new(server, token).run().await;
    assert_ne!(other, run);
    assert_eq!(server.artifacts(run, token).await, server.artifacts(&other, token).await);
    // everything was told: the newest event is there, and no delivery waits. Those that a killed server had begun are made
    // again after a while
    let began = Instant::now();
    let calm = loop {
        let calm = traces(server, token, &other, ledger).await;
        let last = calm.keys().any(|k| k.starts_with("event") && k.ends_with("\"succeeded\""));
        if last && !waits(server, token).await {
            break calm;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "not everything was told: {calm:?}");
        pause(200).await;
    };
    let of = |kind: &str| calm.keys().filter(|k| k.starts_with(kind)).count();
    let found = ["status", "step", "artifact", "audit", "event"].map(of);
    assert!(found.iter().zip([3, 10, 1, 2, 3]).all(|(n, least)| *n >= least), "{calm:?}");
    assert_eq!(traces(server, token, run, ledger).await, calm);
}

/// Whether a delivery of a webhook has not ended.
async fn waits(server: &Server, token: &str) -> bool {
    let webhooks = server.get("webhooks", token).await;
    let webhook = webhooks["items"][0]["id"].as_str().unwrap();
    let deliveries = server.get(&format!("webhooks/{webhook}/deliveries?status=pending"), token).await;
    !deliveries["items"].as_array().unwrap().is_empty()
}

/// Sets the server up with a webhook for everything, and begins a run: the owner's token, who receives the webhook, who
/// watches, the run, and the command line that waits for it.
async fn begun(server: &Server, folder: &Path) -> (String, Receiver, Watcher, String, Ends) {
    let token = token(server, &client()).await;
    let ledger = Receiver::new(|_, _| reply(204)).await;
    server.post("webhooks", &token, json!({"url": ledger.url("/ledger")})).await;
    let watcher = Watcher::new(server, &token);
    let there = begin(&server.url, &token, &folder.join("project"), &folder.join("there"));
    let run = watcher.run().await;
    (token, ledger, watcher, run, there)
}

const OUTSIDE: (&str, &str) = ("PROOFMARK_ALLOW_NETWORKS", "127.0.0.0/8");

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_at_every_step_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    project(&at("project"));
    let mut server = Server::with(&at("data"), "127.0.0.1:0", &[OUTSIDE]);
    let address = server.address().to_string();
    let (token, ledger, watcher, run, mut there) = begun(&server, folder.path()).await;
    let kills = at_every_state(&watcher, &run, &mut there, async || {
        server.process.kill();
        server = Server::with(&at("data"), &address, &[OUTSIDE]);
        assert!(server.setup.is_none(), "there is an owner already");
    })
    .await;
    assert!(kills >= 12, "{kills}");
    as_if_undisturbed(&server, &token, &run, &ledger, folder.path()).await;
    drop(server);
    undisturbed(&[], &at("data"), folder.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_and_servers_that_are_killed_at_every_step_go_on() {
    let mut site = Site::shared().await;
    site.environment.push((OUTSIDE.0, OUTSIDE.1.into()));
    let mut server = site.server("127.0.0.1:0");
    let address = server.address().to_string();
    let mut works = site.worker();
    let mut turn = 0;
    let (token, ledger, watcher, run, mut there) = begun(&server, site.folder.path()).await;
    let kills = at_every_state(&watcher, &run, &mut there, async || {
        turn += 1;
        if turn % 3 == 0 {
            server.process.kill();
            server = site.server(&address);
        } else {
            works.kill();
            works = site.worker();
        }
    })
    .await;
    assert!(kills >= 12, "{kills}");
    as_if_undisturbed(&server, &token, &run, &ledger, site.folder.path()).await;
    drop((works, server));
    site.undisturbed().await;
}
