//! Uploads that arrive in several requests and survive a restart in between.
//!
//! Pieces lie beside each other as `START-LENGTH`, both hexadecimal, and none is ever overwritten by a shorter one: a
//! request that everybody took for dead can do no harm when it wakes up.

use super::{Blobs, PIECE, error};
use futures_util::stream::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_kernel::artifact::UploadId;

/// The bytes of an upload that are safely here.
#[derive(Clone, Debug)]
pub struct Staged {
    blobs: Blobs,
    folder: Path,
}

/// What was announced about an upload, and so must be true of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// Number of bytes.
    pub size: Option<u64>,
    /// Digest.
    pub digest: Option<Digest>,
}

#[derive(Clone, Debug)]
struct Piece {
    start: u64,
    length: u64,
    place: Path,
}

impl Blobs {
    /// The bytes of that upload; there need not be any yet.
    pub fn staged(&self, upload: UploadId) -> Staged {
        Staged { blobs: self.clone(), folder: Path::from_iter(["staged", upload.to_string().as_str()]) }
    }
}

impl Staged {
    /// The pieces that follow each other from the start.
    async fn chain(&self) -> Result<Vec<Piece>> {
        let found: Vec<_> = self.blobs.store.list(Some(&self.folder)).try_collect().await.map_err(error)?;
        let mut pieces: Vec<Piece> = found
            .into_iter()
            .filter_map(|meta| {
                let (start, length) = meta.location.filename()?.split_once('-')?;
                let start = u64::from_str_radix(start, 16).ok()?;
                let length = u64::from_str_radix(length, 16).ok()?;
                (length == meta.size).then_some(Piece { start, length, place: meta.location })
            })
            .collect();
        // of those with one start the longest counts, and comes last
        pieces.sort_by_key(|p| (p.start, p.length));
        let (mut chain, mut end): (Vec<Piece>, u64) = (Vec::new(), 0);
        while let Some(next) = pieces.iter().rfind(|p| p.start == end && p.length > 0) {
            end += next.length;
            chain.push(next.clone());
        }
        Ok(chain)
    }

    /// Bytes that are safely here.
    ///
    /// # Errors
    /// `blob.unavailable`, `blob.denied`.
    pub async fn length(&self) -> Result<u64> {
        Ok(self.chain().await?.last().map_or(0, |p| p.start + p.length))
    }

    /// Goes on at that offset, which must be the [`length`](Staged::length).
    ///
    /// # Errors
    /// `blob.offset` where it is not; `blob.unavailable`, `blob.denied`.
    pub async fn append(&self, offset: u64) -> Result<Append> {
        let chain = self.chain().await?;
        let length = chain.last().map_or(0, |p| p.start + p.length);
        if offset != length {
            let text = format!("the upload has {length} bytes, and these begin at {offset}");
            return Err(
                Error::new(Kind::Conflict, "blob.offset", text).help("ask how far the upload is, and go on from there")
            );
        }
        let mut append = Append { staged: self.clone(), start: length, buffer: Vec::new(), replaces: None };
        // many small requests do not make many small pieces: the last is filled up
        if let Some(last) = chain.last().filter(|p| p.length < PIECE as u64) {
            let bytes = self.blobs.store.get(&last.place).await.map_err(error)?.bytes().await.map_err(error)?;
            append.start = last.start;
            append.buffer.extend_from_slice(&bytes);
            append.replaces = Some(last.clone());
        }
        Ok(append)
    }

    /// Makes a blob of it. The pieces stay until [`discard`](Staged::discard), so that it can be done again if whoever
    /// asked did not live to write down that it was done.
    ///
    /// # Errors
    /// `blob.incomplete`, `blob.mismatch` where it is not as expected; `blob.full`, `blob.unavailable`, `blob.denied`.
    pub async fn seal(&self, expected: Expected) -> Result<(Digest, u64)> {
        let chain = self.chain().await?;
        let length = chain.last().map_or(0, |p| p.start + p.length);
        let fits = |size: u64| match expected.size {
            Some(all) if all != size => {
                let text = format!("the upload has {size} bytes of {all}");
                Err(Error::new(Kind::Conflict, "blob.incomplete", text).help("send the rest, or begin again"))
            }
            _ => Ok(()),
        };
        fits(length)?;
        let mut writer = self.blobs.writer();
        for piece in &chain {
            let mut stream = self.blobs.store.get(&piece.place).await.map_err(error)?.into_stream();
            while let Some(chunk) = stream.next().await {
                writer.push(&chunk.map_err(error)?).await?;
            }
        }
        writer
            .finish_if(|digest, size| {
                fits(size)?;
                match expected.digest {
                    Some(announced) if announced != digest => Err(Error::invalid(
                        "blob.mismatch",
                        format!("the bytes that arrived have the digest {digest}, not {announced}"),
                    )
                    .help("they changed on the way or at their source: begin again")),
                    _ => Ok(()),
                }
            })
            .await
    }

    /// Forgets its bytes; a blob that was made of them stays.
    ///
    /// # Errors
    /// `blob.unavailable`, `blob.denied`.
    pub async fn discard(&self) -> Result<()> {
        let mut all = self.blobs.store.list(Some(&self.folder));
        while let Some(meta) = all.next().await {
            self.blobs.remove(&meta.map_err(error)?.location).await?;
        }
        if let Some(root) = &self.blobs.folder {
            // it is not there, or a piece came in between: the next who asks sees that
            let _ = tokio::fs::remove_dir(root.join(self.folder.as_ref())).await;
        }
        Ok(())
    }
}

/// Bytes that are being added to an upload. Dropped, those since the last full [`PIECE`] are lost.
pub struct Append {
    staged: Staged,
    /// Where the buffer begins.
    start: u64,
    buffer: Vec<u8>,
    /// The shorter piece that the buffer began with.
    replaces: Option<Piece>,
}

impl Append {
    /// The next bytes.
    ///
    /// # Errors
    /// `blob.full`, `blob.unavailable`, `blob.denied`. What [`Staged::length`] then says is safe.
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            let fits = bytes.len().min(PIECE - self.buffer.len());
            let (now, later) = bytes.split_at(fits);
            self.buffer.extend_from_slice(now);
            bytes = later;
            if self.buffer.len() == PIECE {
                self.flush().await?;
            }
        }
        Ok(())
    }

    /// Bytes the upload will have when this is finished.
    pub fn length(&self) -> u64 {
        self.start + self.buffer.len() as u64
    }

    async fn flush(&mut self) -> Result<()> {
        let bytes = std::mem::take(&mut self.buffer);
        let length = bytes.len() as u64;
        let before = self.replaces.take();
        if length == 0 || before.as_ref().is_some_and(|b| b.length == length) {
            self.start += length;
            return Ok(());
        }
        let place = self.staged.folder.clone().join(format!("{:016x}-{length:08x}", self.start));
        self.staged.blobs.store.put(&place, PutPayload::from(bytes)).await.map_err(error)?;
        self.start += length;
        if let Some(before) = before {
            self.staged.blobs.remove(&before.place).await?;
        }
        Ok(())
    }

    /// Makes the rest safe; gives the bytes that are now safely here.
    ///
    /// # Errors
    /// As [`push`](Append::push).
    pub async fn finish(mut self) -> Result<u64> {
        self.flush().await?;
        Ok(self.start)
    }
}
