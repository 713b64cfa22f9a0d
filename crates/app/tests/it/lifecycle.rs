//! The life of an installation with the real binary: set up at the console, backed up while it works, restored elsewhere,
//! on the same kind of database and on the other, where what was parked goes on to its end.

use crate::processes::{PASSWORD, Server, project};
use crate::support::python;
use proofmark_store::{Connection, Scope, values};
use proofmark_testkit::services;
use reqwest::Method;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

/// A place that the program works on: a data folder, and PostgreSQL where it has a database there.
struct Place<'a> {
    data: &'a Path,
    database: Option<&'a str>,
}

impl Place<'_> {
    /// A command on it, answering in JSON.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_proofmark"));
        command.args(["--message-format", "json"]).args(arguments).arg("--data").arg(self.data);
        command.env("PROOFMARK_PYTHON", python());
        if let Some(url) = self.database {
            command.env("PROOFMARK_DATABASE", url);
        }
        command
    }

    /// Runs a command; gives its status and what it answered.
    fn run(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&stdout).into_owned();
        let line = text.lines().last().unwrap_or_default();
        let value = serde_json::from_str(line)
            .unwrap_or_else(|e| panic!("{arguments:?}: {status} {e}: {text} {}", String::from_utf8_lossy(&stderr)));
        (status.code(), value)
    }

    fn done(&self, arguments: &[&str]) -> Value {
        let (code, value) = self.run(arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {value}");
        value
    }

    fn serve(&self) -> Server {
        Server::start(&mut self.command(&["serve", "--listen", "127.0.0.1:0"]))
    }
}

/// Approves the release that a run waits for, and waits for its end.
async fn approve(server: &Server, run: &str, binding: &str, approval: &str) {
    let grace = server.enter("grace@example.org").await;
    let body = json!({"choice": "approve", "binding": binding, "comment": "agreed"});
    server.post(&format!("approvals/{approval}/decisions"), &grace, body).await;
    server.until(run, &grace, "succeeded").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_working_server_goes_on_elsewhere() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    project(&at("project"));
    let data = at("data");
    let old = Place { data: &data, database: None };

    // set up at the console, before any server runs
    assert_eq!(old.run(&["migrate", "--check"]).0, Some(4));
    assert!(!data.exists(), "looking makes nothing");
    old.done(&["migrate"]);
    assert_eq!(old.run(&["migrate", "--check"]).0, Some(0));
    let made = old.done(&["admin", "organizations", "create", "Test", "--email", "ada@example.org"]);
    let server = old.serve();
    assert_eq!(server.setup, None, "there is an owner already");
    let secret = &made["admin"]["secret"];
    server.ask(Method::POST, "invitations", None, Some(json!({"link": secret, "password": PASSWORD}))).await;
    let ada = server.enter("ada@example.org").await;
    let grace = json!({"kind": "user", "name": "Grace", "email": "grace@example.org", "password": PASSWORD});
    let grace = server.post("principals", &ada, grace).await["principal"]["id"].as_str().unwrap().to_string();
    server.ask(Method::PUT, &format!("principals/{grace}/grants/approver"), Some(&ada), None).await;

    // a finished run
    let mut translate = Command::new(env!("CARGO_BIN_EXE_proofmark"));
    translate
        .current_dir(at("project"))
        .args(["translate", "scale.py", "--bench", "bench.py", "--target", "c", "--project", "test"])
        .args(["--server", &server.url, "-o"])
        .arg(at("bundle"))
        .env("PROOFMARK_TOKEN", &ada)
        .env("PROOFMARK_PYTHON", python());
    let translated = translate.output().unwrap();
    assert!(translated.status.success(), "{}", String::from_utf8_lossy(&translated.stderr));
    let project = server.get("projects", &ada).await["items"][0]["id"].as_str().unwrap().to_string();
    let finished = server.get(&format!("projects/{project}/runs"), &ada).await["items"][0].clone();
    let finished_id = finished["id"].as_str().unwrap();
    let artifacts = server.artifacts(finished_id, &ada).await;

    // one that waits for people
    let mut input = finished["input"].clone();
    input["release"] = json!("1.0");
    let body = json!({"workflow": finished["workflow"], "input": input});
    let parked = server.post(&format!("projects/{project}/runs"), &ada, body).await["id"].as_str().unwrap().to_string();
    server.until(&parked, &ada, "waiting").await;
    let approvals = server.get(&format!("projects/{project}/approvals"), &ada).await;
    let approval = &approvals["items"][0];
    let (approval_id, binding) = (approval["id"].as_str().unwrap(), approval["binding"].as_str().unwrap());

    // a backup while the server runs, with and without the keys
    let file = |name: &str| at(name).to_str().unwrap().to_string();
    let backup = old.done(&["backup", "-o", &file("whole.tar"), "--with-keys"])["backup"].clone();
    assert_eq!((&backup["missing"], &backup["keys"]), (&json!([]), &json!(true)));
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(at("whole.tar")).unwrap().permissions().mode() & 0o777, 0o600);
    old.done(&["backup", "-o", &file("bare.tar")]);
    assert_eq!(old.run(&["backup", "-o", &file("bare.tar")]).0, Some(2), "there is one already");
    let listed = Command::new("tar").arg("-tf").arg(at("bare.tar")).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.starts_with("proofmark-backup.json\n") && listed.ends_with("manifest.json\nmanifest.sha256\n"));
    assert!(listed.contains("rows/flow.workflow_status/") && !listed.contains("keys/"), "{listed}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(!left.iter().any(|n| n.to_string_lossy().ends_with(".part")), "{left:?}");

    // into a fresh folder, where the run goes on
    let copied = at("copied");
    let new = Place { data: &copied, database: None };
    let restored = new.done(&["restore", &file("whole.tar")])["restore"].clone();
    assert_eq!(restored["keys_lacking"], json!([]));
    assert_eq!(restored["audit"][0]["faults"], json!([]));
    assert_eq!(restored["rows"], backup["rows"]);
    assert_eq!(new.run(&["restore", &file("whole.tar")]).0, Some(2), "there is something already");
    let second = new.serve();
    let again = second.enter("ada@example.org").await;
    assert_eq!(second.artifacts(finished_id, &again).await, artifacts);
    approve(&second, &parked, binding, approval_id).await;
    let released = second.get(&format!("projects/{project}/releases"), &again).await;
    assert_eq!(released["items"][0]["name"], "1.0");
    drop(second);
    new.done(&["audit", "verify"]);
    // the old one still waits: nothing of it was touched
    assert_eq!(server.get(&format!("runs/{parked}"), &ada).await["status"], "waiting");
    drop(server);

    // the archive without keys into PostgreSQL: the keys are brought by hand
    let database = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
    let (moved, url) = (at("moved"), database.url());
    let moved = Place { data: &moved, database: Some(&url) };
    std::fs::create_dir(moved.data).unwrap();
    std::fs::write(moved.data.join("secrets.key"), "0".repeat(64)).unwrap();
    let (code, refused) = moved.run(&["restore", &file("bare.tar")]);
    assert_eq!((code, refused["code"].as_str()), (Some(2), Some("restore.other-key")), "{refused}");
    for key in ["signing.key", "secrets.key"] {
        std::fs::copy(data.join(key), moved.data.join(key)).unwrap();
    }
    let restored = moved.done(&["restore", &file("bare.tar")])["restore"].clone();
    assert_eq!((&restored["keys_lacking"], &restored["missing"]), (&json!([]), &json!([])));
    assert!(
        restored["audit"][0]["checkpoints"].as_u64().unwrap() > 0 || restored["audit"][0]["entries"].as_u64() > Some(0)
    );
    let third = moved.serve();
    let there = third.enter("ada@example.org").await;
    assert_eq!(third.artifacts(finished_id, &there).await, artifacts);
    approve(&third, &parked, binding, approval_id).await;
    drop(third);
    moved.done(&["audit", "verify"]);
    let swept = moved.done(&["admin", "sweep", "--dry-run"])["admin"].clone();
    assert_eq!(swept["blobs"], 0, "everything is younger than the grace period");
    tokio::task::spawn_blocking(move || drop(database)).await.unwrap();
}

#[test]
fn the_console_answers_and_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let here = Place { data: &data, database: None };
    let refused = |arguments: &[&str]| {
        let (code, value) = here.run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {value}");
        value["code"].as_str().unwrap().to_string()
    };
    let file = folder.path().join("b.tar");
    let file = file.to_str().unwrap();
    assert_eq!(refused(&["admin", "organizations"]), "config.invalid");
    assert_eq!(refused(&["backup", "-o", file]), "config.invalid");
    here.done(&["migrate"]);
    assert_eq!(here.done(&["admin", "organizations"])["admin"]["organizations"], json!([]));
    here.done(&["admin", "organizations", "create", "One", "--email", "ada@example.org"]);
    assert_eq!(here.done(&["admin", "organizations"])["admin"]["organizations"][0]["principals"], 1);
    let link = here.done(&["admin", "link", "--organization", "One"]);
    assert!(link["admin"]["link"].as_str().unwrap().contains("/invitation#pmo_"), "{link}");
    let ada = here.done(&["admin", "principals"])["admin"]["principals"][0].clone();
    assert_eq!((&ada["email"], &ada["roles"][0]["role"]), (&json!("ada@example.org"), &json!("owner")));
    let id = ada["id"].as_str().unwrap();
    assert_eq!(here.done(&["admin", "disable", id])["admin"]["disabled"], true);
    assert_eq!(here.done(&["admin", "enable", "ada@example.org"])["admin"]["disabled"], false);
    assert_eq!(here.done(&["admin", "revoke-sessions", id])["admin"]["sessions"], 0);
    assert_eq!(here.done(&["admin", "reset-second-factor", id])["admin"]["had_second_factor"], false);
    assert_eq!(refused(&["admin", "disable", "nobody@example.org"]), "principal.not-found");
    assert_eq!(here.done(&["admin", "sweep"])["admin"]["blobs"], 0);
    assert_eq!(refused(&["backup", "-o", file, "--with-keys"]), "key.unusable");
    // a later version was here
    let database = data.join("proofmark.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let said = |sql: &str| {
        runtime.block_on(async {
            let database = proofmark_store::Database::sqlite_as_it_is(&database).await.unwrap();
            let mut tx = database.begin(Scope::System).await.unwrap();
            tx.execute(sql, values![]).await.unwrap();
            tx.commit().await.unwrap();
            database.close().await;
        });
    };
    said("INSERT INTO platform_migrations (number, name, digest) VALUES (99, 'later', 'x')");
    for arguments in [
        &["serve", "--listen", "127.0.0.1:0"][..],
        &["migrate"],
        &["migrate", "--check"],
        &["backup", "-o", file],
        &["admin", "organizations"],
    ] {
        assert_eq!(refused(arguments), "store.newer-schema");
    }
    said("DELETE FROM platform_migrations WHERE number = 99");
    std::fs::write(file, "not a backup").unwrap();
    assert_eq!(refused(&["restore", file]), "archive.none");
    let text = Command::new(env!("CARGO_BIN_EXE_proofmark"))
        .args(["admin", "principals", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&text.stdout).contains("ada@example.org"));
    // and an earlier one: what reads and writes rows waits for the migration
    said("DELETE FROM platform_migrations WHERE number > 1");
    assert_eq!(refused(&["admin", "organizations"]), "store.older-schema");
    assert_eq!(here.run(&["migrate", "--check"]).0, Some(4));
}
