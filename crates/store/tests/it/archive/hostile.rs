//! Archives that were cut off, changed or made up.

use super::{Place, files, populate};
use proofmark_base::digest::Digest;
use proofmark_store::Connection;
use proofmark_store::archive::check;
use proofmark_store::{Scope, migrate, values};
use serde_json::{Value, json};

/// A small archive: without what `populate` adds to the rows of the fixture.
async fn small() -> Vec<u8> {
    let from = Place::sqlite().await;
    populate(&from).await;
    let mut tx = from.database.begin(Scope::System).await.unwrap();
    tx.execute("DELETE FROM platform_settings", values![]).await.unwrap();
    tx.commit().await.unwrap();
    from.backup().await.0
}

/// A header as any program might write it.
fn entry(name: &str, content: &[u8], kind: u8, link: &str, size: Option<u64>) -> Vec<u8> {
    let mut block = [0_u8; 512];
    let mut put = |at: usize, text: &str| block[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, name);
    put(100, "0000600\0");
    put(108, "0000000\0");
    put(116, "0000000\0");
    put(124, &format!("{:011o}\0", size.unwrap_or(content.len() as u64)));
    put(136, "00000000000\0");
    put(148, "        ");
    put(157, link);
    put(257, "ustar\x0000");
    put(329, "0000000\0");
    put(337, "0000000\0");
    block[156] = kind;
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut bytes = block.to_vec();
    bytes.extend_from_slice(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut bytes: Vec<u8> = files.iter().flat_map(|(n, c)| entry(n, c, b'0', "", None)).collect();
    bytes.extend([0; 1024]);
    bytes
}

/// The archive with files changed, and manifest and seal made to fit, as somebody who knows the format would.
fn forged(bytes: &[u8], change: impl FnOnce(&mut Vec<(String, Vec<u8>)>, &mut Value)) -> Vec<u8> {
    let mut all = files(bytes);
    all.pop();
    let mut manifest: Value = serde_json::from_slice(&all.pop().unwrap().1).unwrap();
    let keep = manifest.clone();
    change(&mut all, &mut manifest);
    if manifest == keep {
        let digests: Vec<Value> =
            all.iter().filter(|(n, _)| !n.starts_with("blobs/")).map(|(n, c)| json!([n, Digest::of(c)])).collect();
        manifest["files"] = json!(digests);
    }
    let text = format!("{manifest}\n").into_bytes();
    let seal = format!("{}\n", Digest::of(&text)).into_bytes();
    all.push(("manifest.json".into(), text));
    all.push(("manifest.sha256".into(), seal));
    tar(&all)
}

fn with_header(bytes: &[u8], change: impl FnOnce(&mut Value)) -> Vec<u8> {
    forged(bytes, |files, _| {
        let mut header: Value = serde_json::from_slice(&files[0].1).unwrap();
        change(&mut header);
        files[0].1 = format!("{header}\n").into_bytes();
    })
}

fn refused(bytes: &[u8]) -> String {
    match check(bytes) {
        Ok(_) => "taken".into(),
        Err(e) => e.code.into_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_changed_byte_anywhere_is_refused_and_so_is_every_piece() {
    let bytes = small().await;
    assert_eq!(refused(&bytes), "taken");
    assert_eq!(tar(&files(&bytes)), bytes, "the test writes what the program writes");
    let mut changed = bytes.clone();
    // every 101st byte, each time another bit: all fields of headers and all files are met
    for at in (0..bytes.len()).step_by(101).chain(0..600) {
        changed[at] ^= 1 << (at % 8);
        let code = refused(&changed);
        assert!(code == "archive.damaged" || code == "archive.none" || code == "archive.newer-format", "{at}: {code}");
        changed[at] = bytes[at];
    }
    for cut in (0..bytes.len()).step_by(409) {
        let code = refused(&bytes[..cut]);
        assert!(code == "archive.damaged" || code == "archive.none", "{cut}: {code}");
    }
    let longer = [&bytes[..], &[0]].concat();
    assert_eq!(refused(&longer), "archive.damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_belong_are_refused() {
    let bytes = small().await;
    let good = files(&bytes);
    let rows = good.iter().position(|f| f.0.starts_with("rows/")).unwrap();
    let blob = good.iter().position(|f| f.0.starts_with("blobs/")).unwrap();
    let insert = |at: usize, entry: Vec<u8>| {
        let whole: Vec<u8> = good[..at].iter().flat_map(|(n, c)| self::entry(n, c, b'0', "", None)).collect();
        let rest = tar(&good[at..]);
        [whole, entry, rest].concat()
    };
    for name in [
        "../../escaped",
        "/etc/passwd",
        "rows/../x",
        "rows/platform_runs/00000009.jsonl",
        "blobs/x",
        "",
        "keys/signing.key",
    ] {
        assert_eq!(refused(&insert(rows + 1, entry(name, b"x", b'0', "", None))), "archive.damaged", "{name}");
    }
    for kind in [b'1', b'2', b'3', b'5', b'L', b'x', b'g', 0] {
        let link = entry("blobs/a", b"", kind, "/etc/passwd", None);
        assert_eq!(refused(&insert(blob, link)), "archive.damaged", "{}", char::from(kind));
    }
    // says it is a terabyte, and is not: nothing is made ready for it
    let bomb = entry(&good[rows].0, b"x", b'0', "", Some(1 << 32));
    assert_eq!(refused(&insert(rows, bomb)), "archive.damaged");
    let swapped = forged(&bytes, |files, _| files.swap(rows, rows + 1));
    assert_eq!(refused(&swapped), "archive.damaged");
    let twice = forged(&bytes, |files, _| files.insert(blob, files[blob].clone()));
    assert_eq!(refused(&twice), "archive.damaged");
    let late = forged(&bytes, |files, _| {
        let part = files.remove(rows);
        files.push(part);
    });
    assert_eq!(refused(&late), "archive.damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_manifest_that_says_otherwise_is_refused_though_its_seal_fits() {
    let bytes = small().await;
    type Lie = fn(&mut Value);
    let lies: [(&str, Lie); 5] = [
        ("rows", |m| m["rows"]["platform_runs"] = json!(m["rows"]["platform_runs"].as_u64().unwrap() + 1)),
        ("blobs", |m| m["blobs"] = json!(m["blobs"].as_u64().unwrap() + 1)),
        ("bytes", |m| m["blob_bytes"] = json!(1)),
        ("files", |m| drop(m["files"].as_array_mut().unwrap().pop())),
        ("unknown", |m| m["more"] = json!(1)),
    ];
    for (what, lie) in lies {
        assert_eq!(refused(&forged(&bytes, |_, m| lie(m))), "archive.damaged", "{what}");
    }
    // a row that its columns do not allow, with digests that fit
    let row = forged(&bytes, |files, _| {
        let part = files.iter_mut().find(|f| f.0.starts_with("rows/platform_runs/")).unwrap();
        part.1 = b"[1,2]\n".to_vec();
    });
    assert_eq!(refused(&row), "archive.damaged");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_versions_are_named() {
    let bytes = small().await;
    let code = |bytes: &[u8]| check(bytes).unwrap_err();
    let newer = code(&with_header(&bytes, |h| {
        h["format"] = json!(2);
        h["program"] = json!("9.9.9");
        h["something"] = json!("new");
    }));
    assert_eq!(newer.code, "archive.newer-format");
    assert!(newer.detail.contains("9.9.9"), "{}", newer.detail);
    assert_eq!(refused(b"PK\x03\x04 a zip"), "archive.none");
    assert_eq!(refused(b""), "archive.none");
    let to = Place::sqlite().await;
    let refused = async |bytes: Vec<u8>| to.restore(&bytes).await.unwrap_err();
    let newer = refused(with_header(&bytes, |h| {
        h["program"] = json!("9.9.9");
        h["schema"].as_array_mut().unwrap().push(json!(["later", Digest::of(b"")]));
    }))
    .await;
    assert_eq!(newer.code, "restore.newer-schema");
    assert!(newer.detail.contains("9.9.9"), "{}", newer.detail);
    let edited = refused(with_header(&bytes, |h| h["schema"][0][1] = json!(Digest::of(b"")))).await;
    assert_eq!(edited.code, "restore.other-migrations");
    // names that are none of the database's go into no statement
    for name in ["platform_none", "sqlite_master", "platform_migrations"] {
        let made_up = refused(with_header(&bytes, |h| {
            let tables = h["tables"].as_array_mut().unwrap();
            tables.push(json!({"name": name, "columns": [["name", "text"]]}));
        }));
        let e = made_up.await;
        assert!(e.code == "restore.columns" || e.code == "archive.damaged", "{name}: {e}");
    }
    let column = refused(with_header(&bytes, |h| {
        h["tables"][0]["columns"][0][0] = json!("id\", \"name");
    }));
    assert_eq!(column.await.code, "restore.columns");
    let mut tx = to.database.read(Scope::System).await.unwrap();
    assert_eq!(migrate::version(&mut tx).await.unwrap(), 0, "nothing was done");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_breaks_a_constraint_is_refused_and_nothing_stays() {
    let bytes = small().await;
    let orphan = forged(&bytes, |files, _| {
        let part = files.iter_mut().find(|f| f.0.starts_with("rows/platform_grants/")).unwrap();
        let text = String::from_utf8(part.1.clone()).unwrap();
        part.1 = text.replace("usr_", "usr_0").replace("prn_", "prn_0").into_bytes();
    });
    let to = Place::sqlite().await;
    let e = to.restore(&orphan).await.unwrap_err();
    assert_eq!(e.code, "restore.rows");
    let mut tx = to.database.read(Scope::System).await.unwrap();
    assert_eq!(migrate::version(&mut tx).await.unwrap(), 0);
}

mod fuzzed {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            prop_assert!(check(&bytes[..]).is_err());
        }

        /// Entries in any order, with any names and contents that look like ours.
        #[test]
        fn no_mixture_of_files_is_taken(files in prop::collection::vec((
            prop::sample::select(vec!["proofmark-backup.json", "manifest.json", "manifest.sha256", "keys/signing.key", "rows/a/00000001.jsonl", "blobs/x"]),
            prop_oneof![Just(String::new()), Just("{}".to_string()), "\\PC{0,50}",
                Just(r#"{"kind":"proofmark-backup","format":1,"program":"1","created_at":"2026-11-22T09:40:22.000000Z","schema":[],"workflow_schema":null,"keys":{"signing":null,"secrets":null},"counters":{},"tables":[{"name":"a","columns":[["b","int"]]}]}"#.to_string()),
                Just("[1]\n".to_string())],
        ), 0..6)) {
            let all: Vec<(String, Vec<u8>)> = files.into_iter().map(|(n, c)| (n.to_string(), c.into_bytes())).collect();
            prop_assert!(check(&tar(&all)[..]).is_err());
        }
    }
}
