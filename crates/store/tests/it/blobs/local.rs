//! The suite on a local folder, and what only a folder can suffer.

use super::{Place, noise, read, soon};
use futures_util::StreamExt;
use proofmark_base::digest::Digest;
use proofmark_base::error::Kind;
use proofmark_base::time::Timestamp;
use proofmark_store::blobs::{Blobs, PIECE};
use std::path::{Path, PathBuf};

async fn fresh() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path().join("blobs")).await.unwrap();
    let again = Blobs::local(folder.path().join("blobs")).await.unwrap();
    Place { blobs, again, _keeps: Box::new(folder) }
}

super::all!(fresh);

fn file(folder: &Path, digest: Digest) -> PathBuf {
    let name = digest.to_string();
    folder.join("sha256").join(&name[..2]).join(name)
}

#[tokio::test]
async fn damage_is_never_passed_on_silently() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).await.unwrap();
    for length in [1, 100_000, 600_000] {
        let bytes = noise(length);
        for damage in ["flipped first", "flipped last", "shorter", "longer", "empty"] {
            let digest = blobs.put(bytes.clone()).await.unwrap();
            let mut other = bytes.clone();
            match damage {
                "flipped first" => other[0] ^= 1,
                "flipped last" => *other.last_mut().unwrap() ^= 0x80,
                "shorter" => other.truncate(length - 1),
                "longer" => other.push(0),
                _ => other.clear(),
            }
            std::fs::write(file(folder.path(), digest), &other).unwrap();
            let mut stream = blobs.get(digest, None).await.unwrap().stream;
            let (mut got, mut failed) = (0, None);
            while let Some(chunk) = stream.next().await {
                match chunk {
                    Ok(chunk) => got += chunk.len(),
                    Err(e) => {
                        assert!(failed.is_none(), "nothing comes after an error");
                        failed = Some(e);
                    }
                }
            }
            let failed = failed.unwrap();
            assert_eq!((failed.kind, &*failed.code), (Kind::Bug, "blob.corrupt"), "{length} {damage}");
            assert!(got < other.len().max(1), "{length} {damage}: never all of it");
            assert_eq!(blobs.bytes(digest, 1 << 20).await.unwrap_err().code, "blob.corrupt");
            let whole = Some(0..other.len() as u64);
            let mut stream = blobs.get(digest, whole).await.unwrap().stream;
            let mut last = None;
            while let Some(chunk) = stream.next().await {
                last = Some(chunk);
            }
            assert_eq!(last.unwrap().unwrap_err().code, "blob.corrupt", "a range that is all of it");
            // the same bytes, put again, mend it
            blobs.put(bytes.clone()).await.unwrap();
            assert!(read(&blobs, digest, None).await == bytes);
        }
    }
}

#[tokio::test]
async fn what_a_dead_process_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::local(folder.path()).await.unwrap();
    let kept = blobs.put(noise(100)).await.unwrap();
    let mut writer = blobs.writer();
    writer.push(&noise(2 * PIECE)).await.unwrap();
    writer.push(b"more").await.unwrap();
    // as kill -9 would: nothing of the writer runs any more
    std::mem::forget(writer);
    std::fs::write(file(folder.path(), kept).with_extension("x#12"), b"half").unwrap();
    assert_eq!(blobs.list().count().await, 1);
    assert_eq!(blobs.sweep(Timestamp::from_micros(0)).await.unwrap().removed, 0, "it may still be at work");
    assert_eq!(blobs.sweep(soon()).await.unwrap().removed, 2);
    assert_eq!(blobs.sweep(soon()).await.unwrap().removed, 0);
    assert!(read(&blobs, kept, None).await == noise(100));
}

#[tokio::test]
async fn a_place_that_cannot_be_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, b"").unwrap();
    let refused = Blobs::local(file.join("blobs")).await.unwrap_err();
    assert_eq!((refused.kind, &*refused.code), (Kind::Unavailable, "blob.folder"));
    assert!(refused.detail.contains("file/blobs"));
    let gone = folder.path().join("gone");
    let blobs = Blobs::local(&gone).await.unwrap();
    std::fs::remove_dir_all(&gone).unwrap();
    assert_eq!(blobs.ready().await.unwrap_err().code, "blob.folder");
}
