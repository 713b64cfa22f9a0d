//! Blobs on their way in.

use super::{Blobs, COPIED, PIECE, error, place};
use bytes::Bytes;
use futures_util::stream::StreamExt;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload, WriteMultipart};
use proofmark_base::digest::{Digest, Hasher};
use proofmark_base::error::{Error, Result};

/// Parts that may be under way at once.
const AT_ONCE: usize = 2;

impl Blobs {
    /// Begins a blob whose bytes come in pieces. Dropped, nothing of it stays.
    pub fn writer(&self) -> Writer {
        Writer { blobs: self.clone(), hash: Hasher::new(), size: 0, buffer: Vec::new(), large: None }
    }
}

/// A blob that is being written.
pub struct Writer {
    blobs: Blobs,
    hash: Hasher,
    size: u64,
    buffer: Vec<u8>,
    /// Where it goes once it is more than one piece.
    large: Option<(Path, WriteMultipart)>,
}

impl Writer {
    /// The next bytes.
    ///
    /// # Errors
    /// `blob.full`, `blob.unavailable`, `blob.denied`: nothing of the blob is kept then.
    pub async fn push(&mut self, mut bytes: &[u8]) -> Result<()> {
        self.hash.update(bytes);
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            if self.buffer.len() == PIECE {
                self.send().await?;
            }
            let fits = bytes.len().min(PIECE - self.buffer.len());
            let (now, later) = bytes.split_at(fits);
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    async fn send(&mut self) -> Result<()> {
        if self.large.is_none() {
            let place = self.blobs.incoming();
            let upload = self.blobs.store.put_multipart(&place).await.map_err(error)?;
            self.large = Some((place, WriteMultipart::new_with_chunk_size(upload, PIECE)));
        }
        if let Some((_, upload)) = &mut self.large {
            upload.wait_for_capacity(AT_ONCE).await.map_err(error)?;
            upload.put(Bytes::from(std::mem::take(&mut self.buffer)));
        }
        Ok(())
    }

    /// Makes it a blob; gives its digest and size.
    ///
    /// # Errors
    /// As [`push`](Writer::push).
    pub async fn finish(self) -> Result<(Digest, u64)> {
        self.finish_if(|_, _| Ok(())).await
    }

    /// The same, if that digest and size are agreed to; else nothing is kept.
    ///
    /// # Errors
    /// As [`push`](Writer::push), and what `agreed` says.
    pub async fn finish_if(mut self, agreed: impl FnOnce(Digest, u64) -> Result<()>) -> Result<(Digest, u64)> {
        let digest = std::mem::take(&mut self.hash).finish();
        if let Err(refused) = agreed(digest, self.size) {
            self.abandon().await;
            return Err(refused);
        }
        let to = place(digest);
        if self.large.is_none() {
            let bytes = PutPayload::from(std::mem::take(&mut self.buffer));
            self.blobs.store.put(&to, bytes).await.map_err(error)?;
            return Ok((digest, self.size));
        }
        if !self.buffer.is_empty() {
            self.send().await?;
        }
        if let Some((from, upload)) = self.large.take() {
            upload.finish().await.map_err(error)?;
            // also where the blob is there already: that renews the time that keeps it from being collected, and mends
            // one that was damaged
            if self.size <= COPIED || self.blobs.folder.is_some() {
                self.blobs.store.rename(&from, &to).await.map_err(error)?;
            } else {
                self.blobs.copy_large(&from, &to, digest).await?;
                self.blobs.remove(&from).await?;
            }
        }
        Ok((digest, self.size))
    }

    /// Leaves it. Parts that S3 has already are forgotten there at once, not only by the bucket's own rule.
    pub async fn abandon(mut self) {
        if let Some((_, upload)) = self.large.take()
            && let Err(e) = upload.abort().await
        {
            tracing::warn!(error = %e, "the parts of a blob that was given up could not be removed");
        }
    }
}

impl Blobs {
    /// Writes an object again under another name, and looks once more whether it is what it should be.
    async fn copy_large(&self, from: &Path, to: &Path, digest: Digest) -> Result<()> {
        let mut read = self.store.get(from).await.map_err(error)?.into_stream();
        let upload = self.store.put_multipart(to).await.map_err(error)?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE);
        let mut hash = Hasher::new();
        let copied: Result<()> = async {
            while let Some(chunk) = read.next().await {
                let chunk = chunk.map_err(error)?;
                hash.update(&chunk);
                upload.wait_for_capacity(AT_ONCE).await.map_err(error)?;
                upload.put(chunk);
            }
            Ok(())
        }
        .await;
        let copied = copied.and_then(|()| {
            if hash.finish() == digest { Ok(()) } else { Err(Error::bug("an object changed while it was copied")) }
        });
        match copied {
            Ok(()) => upload.finish().await.map(drop).map_err(error),
            Err(e) => {
                if let Err(e) = upload.abort().await {
                    tracing::warn!(error = %e, "the parts of a copy that was given up could not be removed");
                }
                Err(e)
            }
        }
    }
}
