//! Backups: what was written comes back, on either database, and what was changed on the way is refused.

mod hostile;

use proofmark_base::digest::Digest;
use proofmark_base::time::Clock;
use proofmark_store::archive::{self, About, Fingerprints, Purpose, Written};
use proofmark_store::blobs::Blobs;
use proofmark_store::system::SystemClock;
use proofmark_store::{Connection, Database, Scope, settings, values};
use proofmark_testkit::services;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Cursor;

/// A place to back up or restore into, gone with its guards.
pub struct Place {
    pub database: Database,
    pub blobs: Blobs,
    _folder: tempfile::TempDir,
    _postgres: Option<services::Database>,
    #[cfg(feature = "scale")]
    _bucket: Option<services::Bucket>,
}

impl Place {
    pub async fn sqlite() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite_as_it_is(&folder.path().join("proofmark.db")).await.unwrap();
        let blobs = Blobs::local(folder.path().join("blobs")).await.unwrap();
        Place {
            database,
            blobs,
            _folder: folder,
            _postgres: None,
            #[cfg(feature = "scale")]
            _bucket: None,
        }
    }

    pub async fn postgres() -> Place {
        let guard = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
        let database = Database::postgres_as_it_is(&guard.url(), 4).await.unwrap();
        Place { database, _postgres: Some(guard), ..Place::sqlite().await }
    }

    /// The same with its blobs in S3.
    #[cfg(feature = "scale")]
    async fn in_s3(mut self) -> Place {
        use proofmark_store::blobs::S3;
        let bucket = tokio::task::spawn_blocking(|| services::s3().fresh_bucket()).await.unwrap();
        let at = S3 {
            url: format!("s3://{}/a", bucket.name),
            endpoint: Some(bucket.endpoint.clone()),
            region: Some(bucket.region.clone()),
            access_key_id: Some(bucket.access_key.clone()),
            secret_access_key: Some(bucket.secret_key.clone()),
        };
        self.blobs = Blobs::s3(&at).unwrap();
        self._bucket = Some(bucket);
        self
    }

    pub async fn end(self) {
        self.database.close().await;
        tokio::task::spawn_blocking(move || drop(self)).await.unwrap();
    }

    pub async fn backup(&self) -> (Vec<u8>, Written) {
        let mut file = Cursor::new(Vec::new());
        let written = archive::write(&self.database, &self.blobs, &about(), &mut file, &mut |_| {}).await.unwrap();
        let mut bytes = file.into_inner();
        bytes.truncate(usize::try_from(written.length).unwrap());
        (bytes, written)
    }

    pub async fn restore(&self, bytes: &[u8]) -> proofmark_base::error::Result<archive::Restored> {
        self.restore_to(bytes, Purpose::GoOn).await
    }

    async fn restore_to(&self, bytes: &[u8], purpose: Purpose) -> proofmark_base::error::Result<archive::Restored> {
        let checked = archive::check(bytes)?;
        archive::ready(&checked, &self.database, &self.blobs).await?;
        let how = (purpose, SystemClock.now());
        archive::restore(bytes, &checked, &self.database, &self.blobs, how, &mut |_| {}).await
    }

    async fn count(&self, table: &str) -> i64 {
        let mut tx = self.database.read(Scope::System).await.unwrap();
        let rows = tx.rows(&format!("SELECT COUNT(*) AS n FROM {table}"), values![]).await.unwrap();
        rows[0].int("n").unwrap()
    }
}

fn about() -> About {
    About {
        program: "1.2.3".into(),
        at: SystemClock.now(),
        keys: Fingerprints { signing: Some("key".into()), secrets: Some(Digest::of(b"secret")) },
        with_keys: None,
    }
}

/// The files of an archive. The test's own reading of tar: names, sizes, contents.
pub fn files(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (mut found, mut at) = (Vec::new(), 0);
    while bytes[at] != 0 {
        let name = String::from_utf8(bytes[at..at + 100].split(|b| *b == 0).next().unwrap().to_vec()).unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&bytes[at + 124..at + 135]).unwrap(), 8).unwrap();
        found.push((name, bytes[at + 512..at + 512 + size].to_vec()));
        at += 512 + size.div_ceil(512) * 512;
    }
    found
}

/// All rows of an archive by table, each as its columns, in an order of their own.
fn rows(bytes: &[u8]) -> BTreeMap<String, Vec<Map<String, Value>>> {
    let files = files(bytes);
    let header: Value = serde_json::from_slice(&files[0].1).unwrap();
    let mut all = BTreeMap::new();
    for table in header["tables"].as_array().unwrap() {
        let name = table["name"].as_str().unwrap();
        let columns: Vec<&str> = table["columns"].as_array().unwrap().iter().map(|c| c[0].as_str().unwrap()).collect();
        let mut rows = Vec::new();
        for (_, part) in files.iter().filter(|(n, _)| n.starts_with(&format!("rows/{name}/"))) {
            for line in std::str::from_utf8(part).unwrap().lines() {
                let cells: Vec<Value> = serde_json::from_str(line).unwrap();
                rows.push(columns.iter().map(ToString::to_string).zip(cells).collect::<Map<_, _>>());
            }
        }
        rows.sort_by_key(|r| r.values().map(ToString::to_string).collect::<Vec<_>>());
        all.insert(name.to_string(), rows);
    }
    all
}

/// Rows of every table: those of the installation that `schema-1.sql` has, and blobs for its artifacts.
pub async fn populate(place: &Place) {
    proofmark_store::migrate::run(&place.database).await.unwrap();
    let mut tx = place.database.begin(Scope::System).await.unwrap();
    for statement in crate::upgrade::fixture() {
        if !statement.contains("platform_migrations") {
            tx.execute(&statement, values![]).await.unwrap();
        }
    }
    // texts that a careless encoding would change, and numbers at their limits
    let strange = "tab\t quote\" backslash\\ line\nreturn\r null? é \u{1f980} \u{7f} '; DROP TABLE";
    settings::set(&mut tx, strange, strange).await.unwrap();
    settings::set(&mut tx, "empty", "").await.unwrap();
    settings::set(&mut tx, "long", &"x".repeat(5 << 20)).await.unwrap();
    for (name, number) in [("largest", i64::MAX), ("smallest", i64::MIN), ("exact", 9_007_199_254_740_993)] {
        let sql = "INSERT INTO platform_throttles (name, failures, last_at) VALUES (?, ?, 0)";
        tx.execute(sql, values![name, number]).await.unwrap();
    }
    for n in 0..3000 {
        settings::set(&mut tx, &format!("many {n}"), &"y".repeat(n)).await.unwrap();
    }
    tx.commit().await.unwrap();
    for content in crate::upgrade::CONTENTS {
        place.blobs.put(content.as_bytes().to_vec()).await.unwrap();
    }
    place.blobs.put(b"nobody refers to this".to_vec()).await.unwrap();
}

/// What `populate` made comes back from `from` in `to`, and from there once more.
async fn there_and_back(from: Place, to: Place) {
    populate(&from).await;
    let large = vec![7_u8; 20 << 20];
    let large = from.blobs.put(large).await.unwrap();
    let mut tx = from.database.begin(Scope::System).await.unwrap();
    let sql = "UPDATE platform_artifacts SET digest = ? WHERE name = 'large.bin'";
    assert_eq!(tx.execute(sql, values![large]).await.unwrap(), 1);
    tx.commit().await.unwrap();

    let (bytes, written) = from.backup().await;
    assert!(written.manifest.missing.is_empty(), "{:?}", written.manifest.missing);
    // the large one in place of the one that stood for it
    assert_eq!(written.manifest.blobs, crate::upgrade::CONTENTS.len() as u64);
    assert_eq!(from.count("platform_settings WHERE name LIKE 'backup.%'").await, 0, "the mark is gone");
    let restored = to.restore(&bytes).await.unwrap();
    assert_eq!(restored.rows, written.manifest.rows.values().sum::<u64>());
    assert_eq!((restored.executors, restored.uploads), (1, 1));
    for (name, _) in files(&bytes).iter().filter(|(n, _)| n.starts_with("blobs/")) {
        let digest: Digest = name.trim_start_matches("blobs/").parse().unwrap();
        to.blobs.bytes(digest, 64 << 20).await.unwrap();
    }

    let (again, second) = to.backup().await;
    let (mut before, after) = (rows(&bytes), rows(&again));
    // what is not true of processes and bytes that are elsewhere
    before.get_mut("platform_settings").unwrap().retain(|r| !r["name"].as_str().unwrap().starts_with("backup."));
    // and what tells of the backup itself
    let added = |table: &str, r: &Map<String, Value>| match table {
        "platform_settings" => r["name"].as_str().unwrap().starts_with("backup."),
        "platform_audit" => r["action"] == "backup.restore",
        _ => false,
    };
    assert_eq!(after["platform_audit"].iter().filter(|r| added("platform_audit", r)).count(), 2);
    before.remove("platform_audit_heads");
    for row in before.get_mut("platform_executors").unwrap().iter_mut().filter(|r| r["stopped_at"].is_null()) {
        row["taken_over_at"] = row["beat_at"].clone();
    }
    for row in before.get_mut("platform_uploads").unwrap().iter_mut().filter(|r| r["artifact_id"].is_null()) {
        row["received"] = json!(0);
    }
    for row in before.get_mut("platform_outbox").unwrap().iter_mut().filter(|r| r["delivered_at"].is_null()) {
        row["due_at"] = row["at"].clone();
    }
    for (table, rows) in &before {
        let other: Vec<_> = after[table].iter().filter(|r| !added(table, r)).cloned().collect();
        assert!(rows == &other, "{table} came back as\n{other:?}\nand was\n{rows:?}");
        assert!(!rows.is_empty() || table.starts_with("flow."), "the test has no row of {table}");
    }
    assert_eq!(second.manifest.blobs_digest, written.manifest.blobs_digest);
    // numbers that the database gives go on behind those that were given
    let mut tx = to.database.begin(Scope::System).await.unwrap();
    let sql = "INSERT INTO platform_outbox (id, organization_id, kind, subject, data, at, attempts, due_at)
        VALUES ('evt_x', 'org', 'k', 's', '{}', 0, 0, 0) RETURNING seq";
    let next = tx.rows(sql, values![]).await.unwrap()[0].int("seq").unwrap();
    assert!(next > crate::upgrade::LAST_EVENT, "{next}");
    drop(tx);

    // and nothing is restored on top of something
    let refused = to.restore(&bytes).await.unwrap_err();
    assert_eq!(refused.code, "restore.not-empty");
    assert!(refused.detail.contains("rows of platform_"), "{}", refused.detail);
    from.end().await;
    to.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_to_sqlite() {
    there_and_back(Place::sqlite().await, Place::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_to_postgres() {
    there_and_back(Place::sqlite().await, Place::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_to_sqlite() {
    there_and_back(Place::postgres().await, Place::sqlite().await).await;
}

#[cfg(feature = "scale")]
#[tokio::test(flavor = "multi_thread")]
async fn postgres_with_s3_to_the_same() {
    there_and_back(Place::postgres().await.in_s3().await, Place::postgres().await.in_s3().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_that_is_lost_or_damaged_is_named_and_the_rest_is_saved() {
    let from = Place::sqlite().await;
    populate(&from).await;
    let [lost, damaged] = [0, 1].map(|n| Digest::of(crate::upgrade::CONTENTS[n].as_bytes()));
    assert!(from.blobs.delete(lost, SystemClock.now().after(std::time::Duration::from_secs(60))).await.unwrap());
    let name = damaged.to_string();
    let file = from._folder.path().join("blobs/sha256").join(&name[..2]).join(&name);
    std::fs::write(&file, "other bytes of any length").unwrap();
    let (bytes, written) = from.backup().await;
    let missing: Vec<Digest> = written.manifest.missing.iter().map(|(d, _)| *d).collect();
    let mut expected = vec![lost, damaged];
    expected.sort();
    assert_eq!(missing, expected);
    let to = Place::sqlite().await;
    let restored = to.restore(&bytes).await.unwrap();
    assert_eq!(restored.blobs, crate::upgrade::CONTENTS.len() as u64 - 2);
    assert_eq!(to.blobs.size(damaged).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_written_while_the_backup_runs_is_in_it_whole_or_not_at_all() {
    let from = Place::postgres().await;
    populate(&from).await;
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (database, ended) = (from.database.clone(), stop.clone());
    // pairs of rows in two tables, each pair in one transaction
    let writer = tokio::spawn(async move {
        let mut n = 0_i64;
        while !ended.load(std::sync::atomic::Ordering::SeqCst) {
            let mut tx = database.begin(Scope::System).await.unwrap();
            let name = format!("pair {n}");
            settings::set(&mut tx, &name, "x").await.unwrap();
            let sql = "INSERT INTO platform_throttles (name, failures, last_at) VALUES (?, 0, 0)";
            tx.execute(sql, values![&name]).await.unwrap();
            tx.commit().await.unwrap();
            n += 1;
        }
        n
    });
    let mut pairs = Vec::new();
    for _ in 0..3 {
        let (bytes, _) = from.backup().await;
        let rows = rows(&bytes);
        let of = |table: &str| rows[table].iter().filter(|r| r["name"].as_str().unwrap().starts_with("pair ")).count();
        assert_eq!(of("platform_settings"), of("platform_throttles"));
        pairs.push(of("platform_settings"));
    }
    stop.store(true, std::sync::atomic::Ordering::SeqCst);
    let made = writer.await.unwrap();
    assert!(pairs[0] < pairs[2] && (pairs[2] as i64) <= made, "{pairs:?} of {made}");
    from.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_tells_no_receiver() {
    let from = Place::sqlite().await;
    populate(&from).await;
    let (bytes, _) = from.backup().await;
    let on = "SELECT COUNT(*) AS n FROM platform_webhooks WHERE disabled_at IS NULL";
    let waits = "SELECT COUNT(*) AS n FROM platform_deliveries WHERE ended_at IS NULL";
    for to in [Place::sqlite().await, Place::postgres().await] {
        let restored = to.restore_to(&bytes, Purpose::Copy).await.unwrap();
        let mut tx = to.database.read(Scope::System).await.unwrap();
        let mut number = async |sql: &str| tx.rows(sql, values![]).await.unwrap()[0].int("n").unwrap();
        assert!(restored.webhooks_off > 0);
        assert_eq!((number(on).await, number(waits).await), (0, 0));
        let said = "SELECT COUNT(*) AS n FROM platform_audit WHERE action = 'backup.restore' AND detail LIKE '%\"webhooks_off\":%'";
        assert!(number(said).await > 0);
        drop(tx);
        to.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_breaks_off_leaves_no_row_and_can_be_done_again() {
    let from = Place::sqlite().await;
    populate(&from).await;
    let (bytes, _) = from.backup().await;
    let to = Place::sqlite().await;
    let checked = archive::check(&bytes[..]).unwrap();
    archive::ready(&checked, &to.database, &to.blobs).await.unwrap();
    // the file is cut off after it was checked: rows and some blobs are there already
    let cut = &bytes[..bytes.len() - 3000];
    let broken =
        archive::restore(cut, &checked, &to.database, &to.blobs, (Purpose::GoOn, SystemClock.now()), &mut |_| {})
            .await
            .unwrap_err();
    assert_eq!(broken.code, "archive.damaged");
    let mut tx = to.database.read(Scope::System).await.unwrap();
    assert_eq!(proofmark_store::migrate::version(&mut tx).await.unwrap(), 0, "not even the tables are there");
    drop(tx);
    to.restore(&bytes).await.unwrap();
    assert_eq!(to.count("platform_runs").await, from.count("platform_runs").await);
    // another archive than the one that was checked
    let (other, _) = from.backup().await;
    let fresh = Place::sqlite().await;
    let changed = archive::restore(
        &other[..],
        &checked,
        &fresh.database,
        &fresh.blobs,
        (Purpose::GoOn, SystemClock.now()),
        &mut |_| {},
    )
    .await;
    assert_eq!(changed.unwrap_err().code, "restore.changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_named() {
    let from = Place::sqlite().await;
    populate(&from).await;
    let (bytes, _) = from.backup().await;
    let to = Place::sqlite().await;
    to.blobs.put(b"something else".to_vec()).await.unwrap();
    let refused = to.restore(&bytes).await.unwrap_err();
    assert_eq!(
        (&*refused.code, &*refused.detail),
        ("restore.not-empty", "there is something already: 1 blobs that are not the backup's")
    );
    // a server was started there: its first row is enough
    let to = Place::sqlite().await;
    proofmark_store::migrate::run(&to.database).await.unwrap();
    let mut tx = to.database.begin(Scope::System).await.unwrap();
    settings::set(&mut tx, "setup", "{}").await.unwrap();
    tx.commit().await.unwrap();
    let refused = to.restore(&bytes).await.unwrap_err();
    assert!(refused.detail.contains("1 rows of platform_settings"), "{}", refused.detail);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_no_backup() {
    let empty = Place::sqlite().await;
    let mut file = Cursor::new(Vec::new());
    let nothing = archive::write(&empty.database, &empty.blobs, &about(), &mut file, &mut |_| {}).await.unwrap_err();
    assert_eq!(nothing.code, "backup.nothing");
    assert!(file.into_inner().is_empty());
}
