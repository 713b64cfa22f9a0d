//! Databases that an older Proofmark left: brought up to date, and read by the code of today.

use proofmark_base::digest::Digest;
use proofmark_kernel::approval::ApprovalStatus;
use proofmark_kernel::audit::Verifier;
use proofmark_kernel::run::RunStatus;
use proofmark_store::page::Page;
use proofmark_store::{
    Connection, Database, Dialect, Scope, approvals, artifacts, audit, executors, migrate, organizations, principals,
    projects, releases, runs, uploads, values, webhooks,
};
use std::collections::BTreeSet;

use crate::archive::Place;

/// The statements of `schema-1.sql`, one a line.
pub fn fixture() -> Vec<String> {
    let text = include_str!("../fixtures/schema-1.sql");
    text.lines().filter(|l| !l.starts_with("--")).map(String::from).collect()
}

/// The bytes of the blobs that its rows name.
pub const CONTENTS: [&str; 4] =
    ["int scale(void);\n", "{\"payloadType\":\"release\"}\n", "import numpy as np\n", "stands for a large file\n"];

/// The last number that its outbox gave.
pub const LAST_EVENT: i64 = 42;

/// A database of schema 1 with these rows.
async fn of_schema_1(place: &Place) {
    let mut tx = place.database.begin(Scope::System).await.unwrap();
    migrate::run_to(&mut tx, 1).await.unwrap();
    for statement in fixture() {
        if statement.contains("INTO platform_migrations") {
            // the text of the first migration is what it was when these rows were written
            let digest = tx.rows("SELECT digest FROM platform_migrations", values![]).await.unwrap();
            assert!(statement.contains(&digest[0].text("digest").unwrap()), "migration 1 was edited");
        } else {
            tx.execute(&statement, values![]).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
    for content in CONTENTS {
        place.blobs.put(content.as_bytes().to_vec()).await.unwrap();
    }
}

/// Everything that a server reads, read by the code of today.
async fn is_understood(database: &Database) {
    let mut tx = database.read(Scope::System).await.unwrap();
    let all = organizations::all(&mut tx).await.unwrap();
    assert_eq!(all.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), ["Analytical Engines", "L'Ätelier"]);
    let o = all[0].id;
    let people = principals::all(&mut tx, None).await.unwrap();
    assert_eq!(people.len(), 4);
    let ada = &people[0];
    assert_eq!(principals::grants(&mut tx, ada.id).await.unwrap().len(), 1);
    assert!(people[3].disabled_at.is_some());
    let listed = projects::list(&mut tx, o, false, Page::default()).await.unwrap();
    let radar = listed.items.iter().find(|p| p.name == "radar").unwrap();
    let all = runs::list(&mut tx, o, radar.id, None, Page::default()).await.unwrap().items;
    let of = |status| all.iter().find(|r| r.status == status).unwrap();
    let done = of(RunStatus::Succeeded);
    assert_eq!(done.result.as_ref().unwrap().value().unwrap()["ratio"], 0.1);
    assert_eq!(of(RunStatus::Waiting).retry_of, Some(of(RunStatus::Failed).id));
    assert_eq!(of(RunStatus::Failed).error.as_ref().unwrap().code, "PM0101");
    assert_eq!(runs::events(&mut tx, done.id, 0, 10).await.unwrap().len(), 3);
    assert_eq!(runs::steps(&mut tx, done.id).await.unwrap()[0].attempts, 2);
    assert_eq!(runs::checks(&mut tx, done.id).await.unwrap().len(), 2);
    assert_eq!(runs::claims(&mut tx, done.id).await.unwrap().len(), 1);
    let made = artifacts::of_run(&mut tx, o, done.id).await.unwrap();
    assert_eq!(made[0].digest, Digest::of(CONTENTS[0].as_bytes()));
    let approval = approvals::of_run(&mut tx, o, done.id).await.unwrap().unwrap();
    assert_eq!((approval.status, approval.decisions.len()), (ApprovalStatus::Approved, 1));
    let released = releases::list(&mut tx, o, radar.id, Page::default()).await.unwrap().items;
    assert_eq!(released[0].revocation.as_ref().unwrap().reason, "wrong gain");
    let hooks = webhooks::list(&mut tx, o, None, Page::default()).await.unwrap().items;
    assert_eq!(hooks[0].url, "https://hooks.example.org/in");
    assert_eq!(executors::newest(&mut tx, 10).await.unwrap().len(), 2);
    assert_eq!(uploads::pending(&mut tx, o, radar.created_at).await.unwrap(), (1, 9_000_000));
    let mut verifier = Verifier::new(o, vec![]);
    audit::list(&mut tx, o, 0, 100).await.unwrap().iter().for_each(|e| verifier.entry(e));
    let (entries, faults) = verifier.finish();
    assert!(entries >= 3 && faults.is_empty(), "{faults:?}");
}

async fn upgrades(place: Place) {
    of_schema_1(&place).await;
    let missing = migrate::missing(&place.database).await.unwrap();
    assert_eq!(missing.iter().map(|m| m.number).collect::<Vec<_>>(), (2..=migrate::newest()).collect::<Vec<_>>());
    assert_eq!(migrate::run(&place.database).await.unwrap(), missing);
    is_understood(&place.database).await;
    // what a server of schema 1 still does while a newer one is beside it
    let mut tx = place.database.begin(Scope::System).await.unwrap();
    for statement in fixture().iter().filter(|s| s.contains("INTO platform_settings")) {
        tx.execute(&statement.replace("'setup'", "'other'"), values![]).await.unwrap();
    }
    tx.commit().await.unwrap();
    place.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_goes_forward_with_its_rows() {
    upgrades(Place::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_goes_forward_with_its_rows() {
    upgrades(Place::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_older_schema_goes_forward_when_it_is_restored() {
    let from = Place::sqlite().await;
    of_schema_1(&from).await;
    let (bytes, _) = from.backup().await;
    for to in [Place::sqlite().await, Place::postgres().await] {
        let restored = to.restore(&bytes).await.unwrap();
        assert_eq!((restored.schema, restored.migrated.len() as i64), (1, migrate::newest() - 1));
        assert!(migrate::missing(&to.database).await.unwrap().is_empty());
        is_understood(&to.database).await;
        to.end().await;
    }
    // tables of today are no place for rows of then
    let to = Place::sqlite().await;
    migrate::run(&to.database).await.unwrap();
    let refused = to.restore(&bytes).await.unwrap_err();
    assert!(refused.detail.contains("tables of schema"), "{}", refused.detail);
}

/// Both databases have the same indexes after all migrations.
#[tokio::test(flavor = "multi_thread")]
async fn both_databases_have_the_same_indexes() {
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for place in [Place::sqlite().await, Place::postgres().await] {
        migrate::run(&place.database).await.unwrap();
        let mut tx = place.database.read(Scope::System).await.unwrap();
        let sql = match tx.dialect() {
            Dialect::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
            Dialect::Postgres => {
                "SELECT CAST(c.relname AS TEXT) AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                 JOIN pg_class t ON t.oid = i.indrelid WHERE t.relname LIKE 'platform%'
                    AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid)"
            }
        };
        let rows = tx.rows(sql, values![]).await.unwrap();
        found.push(rows.iter().map(|r| r.text("name").unwrap()).collect());
        drop(tx);
        place.end().await;
    }
    assert_eq!(found[0], found[1]);
    assert!(found[0].contains("platform_identities_by_principal"));
}
