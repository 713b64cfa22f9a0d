//! Bytes under their SHA-256, in a local folder or in an S3 bucket: written once, read by everybody, checked on the way
//! out.
//!
//! Below the folder or prefix: `sha256/ab/abcd...` the blobs, `staged/upl_.../START-LENGTH` the pieces of uploads that
//! are under way, `incoming/...` what is being written. A blob appears whole or not at all; on a local disk it is
//! synchronized before it counts. Memory is bounded by a few [`PIECE`]s for each reader and writer, whatever the size.

mod read;
#[cfg(feature = "scale")]
mod s3;
mod staged;
mod sweep;
mod write;

pub use read::Read;
#[cfg(feature = "scale")]
pub use s3::S3;
pub use staged::{Append, Expected, Staged};
pub use sweep::Swept;
pub use write::Writer;

use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt};
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore, ObjectStoreExt};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::Random;
use proofmark_base::time::Timestamp;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

/// Bytes that are sent at once: a part of a multipart upload (S3 wants at least 5 MiB, and at most 10,000 of them) and
/// a piece of a staged upload.
pub const PIECE: usize = 8 << 20;

/// Largest object that S3 copies in one request; a larger one is written again.
const COPIED: u64 = 5 << 30;

/// A place for blobs. Clones are the same place.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The folder, where it is one.
    folder: Option<PathBuf>,
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blobs({})", self.store)
    }
}

/// A blob as a listing gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its digest.
    pub digest: Digest,
    /// Number of bytes.
    pub size: u64,
    /// When it was last put: putting the same bytes again renews it.
    pub put_at: Timestamp,
}

impl Blobs {
    /// Blobs in a folder, which is created if need be.
    ///
    /// # Errors
    /// `blob.folder` where it cannot be created or opened.
    pub async fn local(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let wrong = |e: Box<dyn std::error::Error + Send + Sync>| {
            Error::unavailable(
                "blob.folder",
                format!("the folder {} for blobs cannot be opened: {e}", folder.display()),
            )
            .help("it must be a folder that this program may write to")
            .because(e)
        };
        tokio::fs::create_dir_all(&folder).await.map_err(|e| wrong(e.into()))?;
        let folder = tokio::fs::canonicalize(&folder).await.map_err(|e| wrong(e.into()))?;
        let store = object_store::local::LocalFileSystem::new_with_prefix(&folder).map_err(|e| wrong(e.into()))?;
        Ok(Blobs { store: Arc::new(store.with_fsync(true)), folder: Some(folder) })
    }

    /// Keeps bytes that are in memory.
    ///
    /// # Errors
    /// `blob.full`, `blob.unavailable`, `blob.denied`.
    pub async fn put(&self, bytes: impl Into<Bytes>) -> Result<Digest> {
        let bytes = bytes.into();
        let mut writer = self.writer();
        // in slices, so that hashing never holds up the other tasks of this thread for long
        for slice in bytes.chunks(256 << 10) {
            writer.push(slice).await?;
            tokio::task::yield_now().await;
        }
        Ok(writer.finish().await?.0)
    }

    /// Number of bytes of a blob; none if it is not here.
    ///
    /// # Errors
    /// `blob.unavailable`, `blob.denied`.
    pub async fn size(&self, digest: Digest) -> Result<Option<u64>> {
        match self.store.head(&place(digest)).await {
            Ok(meta) => Ok(Some(meta.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(e) => Err(error(e)),
        }
    }

    /// Opens a blob, or those bytes of it. Read as a whole it is checked: the stream fails with `blob.corrupt` before
    /// its last bytes if they do not have that digest. Of a part nothing can be said.
    ///
    /// # Errors
    /// `blob.not-found`; `blob.range` where the range ends before it starts or beyond the end; `blob.unavailable`,
    /// `blob.denied`.
    pub async fn get(&self, digest: Digest, range: Option<Range<u64>>) -> Result<Read> {
        Read::open(&*self.store, digest, range).await
    }

    /// All bytes of a small blob, checked.
    ///
    /// # Errors
    /// `blob.too-large` if it has more than `limit` bytes, and as [`get`](Blobs::get) and its stream.
    pub async fn bytes(&self, digest: Digest, limit: usize) -> Result<Vec<u8>> {
        let read = self.get(digest, None).await?;
        if read.size > limit as u64 {
            let text = format!("it has {} bytes, and {limit} are the most that are taken here", read.size);
            return Err(Error::invalid("blob.too-large", text));
        }
        let mut stream = read.stream;
        let mut bytes = Vec::with_capacity(usize::try_from(read.size).unwrap_or(0));
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk?);
        }
        Ok(bytes)
    }

    /// Removes a blob that was last put before that moment; whether it did. What collects garbage gives a moment long
    /// before it looked which blobs are referred to, so that a blob put in between is safe. On S3 one that is put
    /// within the very request that removes it is lost.
    ///
    /// # Errors
    /// `blob.unavailable`, `blob.denied`.
    pub async fn delete(&self, digest: Digest, put_before: Timestamp) -> Result<bool> {
        let place = place(digest);
        let meta = match self.store.head(&place).await {
            Ok(meta) => meta,
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(e) => return Err(error(e)),
        };
        if modified(&meta) >= put_before {
            return Ok(false);
        }
        match &self.folder {
            Some(folder) => self.delete_file(folder, &place, put_before).await,
            None => self.remove(&place).await.map(|()| true),
        }
    }

    /// The same of a file: out of the way first, then looked at once more, and put back where it was put again meanwhile.
    async fn delete_file(&self, folder: &std::path::Path, place: &Path, put_before: Timestamp) -> Result<bool> {
        let failed = |e: std::io::Error| {
            Error::unavailable("blob.unavailable", format!("a blob cannot be removed: {e}")).because(e)
        };
        let (from, aside) = (folder.join(place.as_ref()), folder.join(self.incoming().as_ref()));
        tokio::fs::create_dir_all(folder.join("incoming")).await.map_err(failed)?;
        match tokio::fs::rename(&from, &aside).await {
            Ok(()) => {}
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(failed(e)),
        }
        let written = tokio::fs::metadata(&aside).await.and_then(|m| m.modified()).map_err(failed)?;
        let since = written.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        let stays = i64::try_from(since.as_micros()).unwrap_or(i64::MAX) >= put_before.micros();
        if stays {
            match tokio::fs::hard_link(&aside, &from).await {
                Ok(()) => {}
                // the same bytes were put once more
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(failed(e)),
            }
        }
        tokio::fs::remove_file(&aside).await.map_err(failed)?;
        Ok(!stays)
    }

    /// All blobs, in no order.
    pub fn list(&self) -> BoxStream<'static, Result<Listed>> {
        let all = self.store.list(Some(&Path::from("sha256")));
        all.filter_map(async |meta| match meta {
            Ok(meta) => {
                let digest = meta.location.filename().and_then(|name| name.parse().ok())?;
                Some(Ok(Listed { digest, size: meta.size, put_at: modified(&meta) }))
            }
            Err(e) => Some(Err(error(e))),
        })
        .boxed()
    }

    /// Whether the place answers: for health checks.
    ///
    /// # Errors
    /// `blob.unavailable`, `blob.denied`, `blob.folder`.
    pub async fn ready(&self) -> Result<()> {
        if let Some(folder) = &self.folder {
            tokio::fs::metadata(folder).await.map_err(|e| {
                Error::unavailable("blob.folder", format!("the folder for blobs cannot be read: {e}")).because(e)
            })?;
        }
        self.size(Digest::of(b"ready")).await.map(drop)
    }

    async fn remove(&self, place: &Path) -> Result<()> {
        match self.store.delete(place).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(error(e)),
        }
    }

    /// A place for what has no digest yet.
    fn incoming(&self) -> Path {
        let mut name = [0_u8; 16];
        crate::system::SystemRandom.fill(&mut name);
        let name: String = name.iter().map(|b| format!("{b:02x}")).collect();
        Path::from_iter(["incoming", name.as_str()])
    }
}

/// Where a blob lies.
fn place(digest: Digest) -> Path {
    let name = digest.to_string();
    Path::from_iter(["sha256", &name[..2], &name])
}

fn modified(meta: &ObjectMeta) -> Timestamp {
    Timestamp::from_micros(meta.last_modified.timestamp_micros())
}

/// What the place met, in our words.
fn error(e: object_store::Error) -> Error {
    use object_store::Error as E;
    let full = std::iter::successors(Some(&e as &(dyn std::error::Error + 'static)), |e| e.source())
        .filter_map(|e| e.downcast_ref::<std::io::Error>())
        .any(|e| matches!(e.kind(), std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded));
    let made = match &e {
        _ if full => Error::unavailable("blob.full", "the disk for blobs is full").retry_after(30),
        E::NotFound { .. } => Error::not_found("blob"),
        E::PermissionDenied { .. } | E::Unauthenticated { .. } => {
            Error::unavailable("blob.denied", "the place for blobs does not let this program in").retry_after(30)
        }
        E::Generic { .. } | E::Precondition { .. } => {
            Error::unavailable("blob.unavailable", "the place for blobs cannot be reached").retry_after(2)
        }
        _ => Error::new(Kind::Bug, "bug", "the place for blobs refused a request"),
    };
    made.because(e)
}
