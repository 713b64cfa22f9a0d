//! Blobs on their way out.

use super::{error, place};
use bytes::Bytes;
use futures_util::stream::{self, BoxStream, StreamExt};
use object_store::{GetOptions, GetRange, GetResultPayload, ObjectStore, ObjectStoreExt};
use proofmark_base::digest::{Digest, Hasher};
use proofmark_base::error::{Error, Kind, Result};
use std::io::SeekFrom;
use std::ops::Range;
use tokio::io::{AsyncReadExt, AsyncSeekExt};

/// Bytes read from a local file at once.
const CHUNK: u64 = 256 << 10;

/// An open blob.
pub struct Read {
    /// Bytes that the whole blob has.
    pub size: u64,
    /// Which of them the stream gives.
    pub range: Range<u64>,
    /// The bytes, in chunks that are not empty. After an error comes nothing.
    pub stream: BoxStream<'static, Result<Bytes>>,
}

impl Read {
    pub(super) async fn open(store: &dyn ObjectStore, digest: Digest, range: Option<Range<u64>>) -> Result<Self> {
        let place = place(digest);
        let (whole, options) = match &range {
            None => (true, GetOptions::default()),
            Some(range) => {
                let size = store.head(&place).await.map_err(error)?.size;
                if range.start > range.end || range.end > size {
                    let text = format!("there are no bytes {} to {} in a blob of {size}", range.start, range.end);
                    return Err(Error::invalid("blob.range", text));
                }
                if range.is_empty() && size > 0 {
                    return Ok(Read { size, range: range.clone(), stream: stream::empty().boxed() });
                }
                let whole = range.start == 0 && range.end == size;
                let part = (!whole).then(|| GetRange::Bounded(range.clone()));
                (whole, GetOptions { range: part, ..GetOptions::default() })
            }
        };
        let result = store.get_opts(&place, options).await.map_err(error)?;
        let (size, range) = (result.meta.size, result.range.clone());
        let stream = match result.payload {
            GetResultPayload::File(file, _) => file_stream(tokio::fs::File::from_std(file), range.clone()),
            GetResultPayload::Stream(stream) => stream.map(|chunk| chunk.map_err(error)).boxed(),
        };
        let wanted = range.end - range.start;
        Ok(Read { size, range, stream: checked(stream, wanted, whole.then_some(digest)) })
    }
}

fn file_stream(file: tokio::fs::File, range: Range<u64>) -> BoxStream<'static, Result<Bytes>> {
    let broken = |e: std::io::Error| Error::unavailable("blob.unavailable", "a blob cannot be read").because(e);
    let start = range.start;
    let file = stream::once(async move {
        let mut file = file;
        file.set_max_buf_size(CHUNK as usize);
        file.seek(SeekFrom::Start(start)).await.map_err(broken)?;
        Ok(file)
    });
    let chunks = move |file: Result<tokio::fs::File>| {
        stream::try_unfold((file, range.end - range.start), move |(file, left)| async move {
            let mut file = file?;
            let mut chunk = vec![0; usize::try_from(left.min(CHUNK)).unwrap_or(0)];
            if chunk.is_empty() {
                return Ok(None);
            }
            let read = file.read(&mut chunk).await.map_err(broken)?;
            chunk.truncate(read);
            // a file that ends early is found out by whoever counts
            Ok((read > 0).then(|| (Bytes::from(chunk), (Ok(file), left - read as u64))))
        })
    };
    file.flat_map(chunks).boxed()
}

/// What is being checked.
struct Check {
    stream: BoxStream<'static, Result<Bytes>>,
    left: u64,
    hash: Option<(Hasher, Digest)>,
    /// The chunk before: it is let go when the one after it has come, the last when the digest agrees, so that nobody
    /// ever holds all bytes of a blob that is not what it says.
    held: Option<Bytes>,
    over: bool,
}

/// The same bytes; fails where there are more or fewer than there should be, or where all of them have another digest.
fn checked(
    stream: BoxStream<'static, Result<Bytes>>,
    wanted: u64,
    digest: Option<Digest>,
) -> BoxStream<'static, Result<Bytes>> {
    let hash = digest.map(|d| (Hasher::new(), d));
    let check = Check { stream, left: wanted, hash, held: None, over: false };
    stream::unfold(check, |mut check| async move {
        if check.over {
            return None;
        }
        match check.next().await {
            Ok(Some(chunk)) => Some((Ok(chunk), check)),
            Ok(None) => None,
            Err(e) => {
                check.over = true;
                Some((Err(e), check))
            }
        }
    })
    .boxed()
}

impl Check {
    async fn next(&mut self) -> Result<Option<Bytes>> {
        while let Some(chunk) = self.stream.next().await.transpose()? {
            if chunk.is_empty() {
                continue;
            }
            let Some(left) = self.left.checked_sub(chunk.len() as u64) else {
                return Err(corrupt("it has more bytes than it said"));
            };
            self.left = left;
            if let Some((hasher, _)) = &mut self.hash {
                hasher.update(&chunk);
            }
            if let Some(before) = self.held.replace(chunk) {
                return Ok(Some(before));
            }
        }
        self.over = true;
        if self.left > 0 {
            return Err(corrupt("it ends early"));
        }
        if let Some((hasher, digest)) = self.hash.take()
            && hasher.finish() != digest
        {
            return Err(corrupt(&format!("its bytes do not have the digest {digest}")));
        }
        Ok(self.held.take())
    }
}

fn corrupt(why: &str) -> Error {
    Error::new(Kind::Bug, "blob.corrupt", format!("a blob is damaged: {why}"))
        .help("put the same bytes again, or restore them from a backup")
}
