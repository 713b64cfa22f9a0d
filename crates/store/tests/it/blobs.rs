//! The suite for places where blobs lie. Every test of it runs on every adapter.

mod local;
#[cfg(feature = "scale")]
mod s3;

use futures_util::StreamExt;
use proofmark_base::digest::Digest;
use proofmark_base::error::Kind;
use proofmark_base::time::{Clock, Timestamp};
use proofmark_kernel::artifact::UploadId;
use proofmark_store::blobs::{Blobs, Expected, PIECE};
use proofmark_store::system::{SystemClock, SystemRandom};
use std::ops::Range;
use std::time::Duration;

/// A place for blobs and what keeps it there.
struct Place {
    blobs: Blobs,
    /// The same place as another process would open it.
    again: Blobs,
    _keeps: Box<dyn std::any::Any>,
}

/// Runs each test of the suite on the place that `$fresh` makes.
macro_rules! suite {
    ($fresh:path; $($test:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            crate::blobs::$test($fresh().await).await;
        })+
    };
}

/// All tests of the suite.
macro_rules! all {
    ($fresh:path) => {
        crate::blobs::suite!($fresh;
            what_is_put_is_got,
            parts_of_a_blob,
            large_blobs,
            what_is_given_up_leaves_nothing,
            what_was_put_twice_is_there_once,
            an_upload_survives_its_process,
            uploads_in_any_pieces,
            an_upload_is_what_was_announced,
            a_request_taken_for_dead_does_no_harm,
            garbage_goes_and_the_rest_stays,
        );
    };
}
use {all, suite};

fn upload() -> UploadId {
    UploadId::new(SystemClock.now(), &SystemRandom)
}

fn soon() -> Timestamp {
    SystemClock.now().after(Duration::from_secs(5))
}

/// Bytes without a period that a piece could hide.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&next().to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

async fn read(blobs: &Blobs, digest: Digest, range: Option<Range<u64>>) -> Vec<u8> {
    let read = blobs.get(digest, range).await.unwrap();
    let (range, mut stream, mut bytes) = (read.range, read.stream, Vec::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        assert!(!chunk.is_empty());
        bytes.extend_from_slice(&chunk);
    }
    assert_eq!(bytes.len() as u64, range.end - range.start);
    bytes
}

async fn what_is_put_is_got(place: Place) {
    let blobs = &place.blobs;
    blobs.ready().await.unwrap();
    for length in [0, 1, 1000, (256 << 10) - 1, 256 << 10, 600_001] {
        let bytes = noise(length);
        let digest = blobs.put(bytes.clone()).await.unwrap();
        assert_eq!(digest, Digest::of(&bytes));
        assert_eq!(blobs.size(digest).await.unwrap(), Some(length as u64));
        assert!(read(&place.again, digest, None).await == bytes);
        assert!(blobs.bytes(digest, length).await.unwrap() == bytes);
    }
    let digest = Digest::of(&noise(1000));
    assert_eq!(blobs.bytes(digest, 999).await.unwrap_err().code, "blob.too-large");
    let nowhere = Digest::of(b"nobody put this");
    assert_eq!(blobs.size(nowhere).await.unwrap(), None);
    let refused = blobs.get(nowhere, None).await.err().unwrap();
    assert_eq!((refused.kind, &*refused.code), (Kind::NotFound, "blob.not-found"));
    assert_eq!(blobs.get(nowhere, Some(0..1)).await.err().unwrap().kind, Kind::NotFound);
}

async fn parts_of_a_blob(place: Place) {
    let blobs = &place.blobs;
    let bytes = noise(700_000);
    let digest = blobs.put(bytes.clone()).await.unwrap();
    for range in [0..1, 0..700_000, 699_999..700_000, 262_143..262_145, 5..600_000, 0..0, 9..9, 700_000..700_000] {
        let expected = &bytes[range.start as usize..range.end as usize];
        assert!(read(blobs, digest, Some(range.clone())).await == expected, "{range:?}");
    }
    #[expect(clippy::reversed_empty_ranges)]
    for range in [0..700_001, 700_001..700_001, 5..4, 0..u64::MAX] {
        assert_eq!(blobs.get(digest, Some(range)).await.err().unwrap().code, "blob.range");
    }
    let empty = blobs.put(Vec::new()).await.unwrap();
    assert!(read(blobs, empty, Some(0..0)).await.is_empty());
}

async fn large_blobs(place: Place) {
    let blobs = &place.blobs;
    for length in [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 12_345] {
        let bytes = noise(length);
        let mut writer = blobs.writer();
        for chunk in bytes.chunks(1_000_003) {
            writer.push(chunk).await.unwrap();
        }
        assert_eq!(writer.size(), length as u64);
        let (digest, size) = writer.finish().await.unwrap();
        assert_eq!((digest, size), (Digest::of(&bytes), length as u64));
        assert!(read(blobs, digest, None).await == bytes);
        let middle = length as u64 / 2..length as u64 / 2 + 10;
        assert!(read(blobs, digest, Some(middle.clone())).await == bytes[middle.start as usize..middle.end as usize]);
    }
    assert_eq!(blobs.list().count().await, 4);
    assert_eq!(blobs.sweep(soon()).await.unwrap().removed, 0, "nothing is left of writing them");
}

async fn what_is_given_up_leaves_nothing(place: Place) {
    let blobs = &place.blobs;
    let bytes = noise(PIECE + 100);
    let mut writer = blobs.writer();
    writer.push(&bytes).await.unwrap();
    assert_eq!(blobs.list().count().await, 0, "it does not appear before it is whole");
    let no = |_, _| Err(proofmark_base::error::Error::invalid("test.no", "no"));
    assert_eq!(writer.finish_if(no).await.unwrap_err().code, "test.no");
    let mut writer = blobs.writer();
    writer.push(&bytes).await.unwrap();
    writer.abandon().await;
    let mut writer = blobs.writer();
    writer.push(&bytes[..100]).await.unwrap();
    drop(writer);
    assert_eq!(blobs.list().count().await, 0);
    assert_eq!(blobs.size(Digest::of(&bytes)).await.unwrap(), None);
}

async fn what_was_put_twice_is_there_once(place: Place) {
    let blobs = &place.blobs;
    let bytes = noise(PIECE + 1);
    let (a, b) = tokio::join!(blobs.put(bytes.clone()), place.again.put(bytes.clone()));
    assert_eq!(a.unwrap(), b.unwrap());
    let digest = blobs.put(bytes.clone()).await.unwrap();
    let listed: Vec<_> = blobs.list().map(Result::unwrap).collect().await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].digest, listed[0].size), (digest, bytes.len() as u64));
    assert!(read(blobs, digest, None).await == bytes);
}

async fn an_upload_survives_its_process(place: Place) {
    let id = upload();
    let bytes = noise(2 * PIECE + 777);
    let staged = place.blobs.staged(id);
    assert_eq!(staged.length().await.unwrap(), 0);
    let mut append = staged.append(0).await.unwrap();
    append.push(&bytes[..PIECE + 500]).await.unwrap();
    assert_eq!(append.length(), PIECE as u64 + 500);
    // the process dies: what was not a full piece is lost, and nothing else
    drop(append);
    let staged = place.again.staged(id);
    assert_eq!(staged.length().await.unwrap(), PIECE as u64);
    assert_eq!(staged.append(PIECE as u64 + 500).await.err().unwrap().code, "blob.offset");
    assert_eq!(staged.append(0).await.err().unwrap().code, "blob.offset");
    let mut append = staged.append(PIECE as u64).await.unwrap();
    append.push(&bytes[PIECE..PIECE + 900]).await.unwrap();
    assert_eq!(append.finish().await.unwrap(), PIECE as u64 + 900);
    let mut append = place.blobs.staged(id).append(PIECE as u64 + 900).await.unwrap();
    append.push(&bytes[PIECE + 900..]).await.unwrap();
    assert_eq!(append.finish().await.unwrap(), bytes.len() as u64);
    assert_eq!(place.blobs.staged_uploads().await.unwrap().into_iter().collect::<Vec<_>>(), [id]);

    let digest = Digest::of(&bytes);
    let expected = Expected { size: Some(bytes.len() as u64), digest: Some(digest) };
    // twice: whoever sealed it may not have lived to write it down
    for _ in 0..2 {
        assert_eq!(staged.seal(expected).await.unwrap(), (digest, bytes.len() as u64));
    }
    staged.discard().await.unwrap();
    assert!(place.blobs.staged_uploads().await.unwrap().is_empty());
    assert_eq!(staged.length().await.unwrap(), 0);
    assert!(read(&place.blobs, digest, None).await == bytes);
}

async fn uploads_in_any_pieces(place: Place) {
    let bytes = noise(PIECE + 70_000);
    let staged = place.blobs.staged(upload());
    let mut at = 0;
    for length in [0, 1, 1, 40_000, 0, PIECE - 50_000, 9_998, 1, 1, 70_000 - 2] {
        let mut append = staged.append(at as u64).await.unwrap();
        for chunk in bytes[at..at + length].chunks(30_000) {
            append.push(chunk).await.unwrap();
        }
        at += length;
        assert_eq!(append.finish().await.unwrap(), at as u64);
        assert_eq!(staged.length().await.unwrap(), at as u64);
    }
    let digest = Digest::of(&bytes[..at]);
    assert_eq!(staged.seal(Expected::default()).await.unwrap(), (digest, at as u64));
    assert!(read(&place.blobs, digest, None).await == bytes[..at]);
    // nothing at all is an upload too
    let empty = place.blobs.staged(upload());
    assert_eq!(empty.seal(Expected::default()).await.unwrap(), (Digest::of(b""), 0));
    empty.discard().await.unwrap();
}

async fn an_upload_is_what_was_announced(place: Place) {
    let staged = place.blobs.staged(upload());
    let mut append = staged.append(0).await.unwrap();
    append.push(b"abc").await.unwrap();
    append.finish().await.unwrap();
    let short = staged.seal(Expected { size: Some(4), digest: None }).await.unwrap_err();
    assert_eq!((short.kind, &*short.code), (Kind::Conflict, "blob.incomplete"));
    let other = Expected { size: Some(3), digest: Some(Digest::of(b"abd")) };
    assert_eq!(staged.seal(other).await.unwrap_err().code, "blob.mismatch");
    assert_eq!(place.blobs.list().count().await, 0);
    let right = Expected { size: Some(3), digest: Some(Digest::of(b"abc")) };
    assert_eq!(staged.seal(right).await.unwrap(), (Digest::of(b"abc"), 3));
}

async fn a_request_taken_for_dead_does_no_harm(place: Place) {
    let id = upload();
    let bytes = noise(PIECE + 5_000);
    let staged = place.blobs.staged(id);
    let mut zombie = staged.append(0).await.unwrap();
    zombie.push(&bytes[..10_000]).await.unwrap();
    // the client gave up and sends everything again
    let mut append = place.again.staged(id).append(0).await.unwrap();
    append.push(&bytes).await.unwrap();
    assert_eq!(append.finish().await.unwrap(), bytes.len() as u64);
    zombie.finish().await.unwrap();
    assert_eq!(staged.length().await.unwrap(), bytes.len() as u64);
    assert_eq!(staged.seal(Expected::default()).await.unwrap().0, Digest::of(&bytes));
}

async fn garbage_goes_and_the_rest_stays(place: Place) {
    let blobs = &place.blobs;
    let old = blobs.put(noise(10)).await.unwrap();
    let kept = blobs.put(noise(20)).await.unwrap();
    let before = blobs.list().map(Result::unwrap).map(|l| l.put_at).collect::<Vec<_>>().await;
    let earlier = before.iter().min().unwrap().before(Duration::from_secs(3600));
    assert!(!blobs.delete(old, earlier).await.unwrap(), "it was put after that moment");
    assert_eq!(blobs.size(old).await.unwrap(), Some(10));
    assert!(blobs.delete(old, soon()).await.unwrap());
    assert!(!blobs.delete(old, soon()).await.unwrap());
    assert_eq!(blobs.size(old).await.unwrap(), None);
    let listed: Vec<_> = blobs.list().map(|l| l.unwrap().digest).collect().await;
    assert_eq!(listed, [kept]);
}
