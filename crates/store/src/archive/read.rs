//! Reading an archive, and checking a whole one before anything is done with it.

use super::catalog::Holds;
use super::manifest::{self, FORMAT, Header, KIND, Manifest};
use super::{LONGEST_PART, damaged, other_version, rows, tar};
use crate::connection::Value;
use proofmark_base::digest::{Digest, Hasher};
use proofmark_base::error::{Error, Result};
use std::collections::BTreeSet;
use std::io::Read;

/// Largest header and manifest.
const LONGEST: u64 = 64 << 20;
/// Largest key file.
const LONGEST_KEY: u64 = 64 << 10;

/// What comes next in an archive.
pub(super) enum Item {
    /// A key file of the installation, of signing before that of secrets.
    Key(String),
    /// Rows of the table with that place in the header.
    Rows(usize, Vec<Vec<Value>>),
    /// A blob of that size, to be read with [`Walk::chunk`].
    Blob(Digest),
    /// Everything was read, and the manifest agrees with it.
    End(Box<Manifest>, Digest),
}

/// A walk through an archive in its one order. What it gives has been compared with everything that came before; only
/// [`Item::End`] says that it belongs together.
pub(super) struct Walk<R> {
    tar: tar::Reader<R>,
    pub(super) header: Header,
    holds: Vec<Vec<Holds>>,
    seen: Manifest,
    /// Digests of blobs so far.
    blobs: Hasher,
    last_blob: Option<Digest>,
    open: Option<(Digest, Hasher)>,
    /// Where in the order we are: the table whose parts come, and the number of its last part.
    place: (usize, u32),
}

impl<R: Read> Walk<R> {
    pub(super) fn open(from: R) -> Result<Self> {
        let none = || Error::invalid("archive.none", "the file is no backup of Proofmark");
        let mut tar = tar::Reader::new(from);
        match tar.next() {
            Ok(Some((name, _))) if name == manifest::HEADER => {}
            Err(e) if e.code != "archive.damaged" => return Err(e),
            _ => return Err(none()),
        }
        let bytes = tar.all(LONGEST)?;
        let header = header(&bytes)?;
        let mut seen = Manifest { blobs_digest: None, ..Manifest::default() };
        seen.files.push((manifest::HEADER.into(), Digest::of(&bytes)));
        seen.rows = header.tables.iter().map(|t| (t.name.clone(), 0)).collect();
        if seen.rows.len() != header.tables.len() {
            return Err(damaged("a table is in it twice"));
        }
        let holds = header.tables.iter().map(|t| t.columns.iter().map(|(_, h)| *h).collect()).collect();
        Ok(Walk { tar, header, holds, seen, blobs: Hasher::new(), last_blob: None, open: None, place: (0, 0) })
    }

    /// What comes next. A blob before must have been read to its end.
    pub(super) fn next(&mut self) -> Result<Item> {
        let Some((name, size)) = self.tar.next()? else {
            return Err(damaged("it has no manifest"));
        };
        if name == manifest::MANIFEST {
            return self.end();
        }
        if let Some(digest) = name.strip_prefix("blobs/") {
            let digest: Digest = digest.parse().map_err(|_| misplaced(&name))?;
            if self.last_blob.is_some_and(|last| last >= digest) {
                return Err(misplaced(&name));
            }
            self.last_blob = Some(digest);
            self.open = Some((digest, Hasher::new()));
            self.blobs.update(format!("{digest}\n").as_bytes());
            self.seen.blobs += 1;
            self.seen.blob_bytes =
                self.seen.blob_bytes.checked_add(size).ok_or_else(|| damaged("it says it holds too much"))?;
            return Ok(Item::Blob(digest));
        }
        if self.last_blob.is_some() {
            return Err(misplaced(&name));
        }
        if self.place == (0, 0) {
            for (position, key) in [(1, manifest::SIGNING), (2, manifest::SECRETS)] {
                if name == key && self.seen.files.len() == position {
                    let bytes = self.tar.all(LONGEST_KEY)?;
                    self.seen.files.push((name, Digest::of(&bytes)));
                    let text = String::from_utf8(bytes).map_err(|_| damaged("a key file is no text"))?;
                    return Ok(Item::Key(text));
                }
            }
        }
        let (table, number) = self.part(&name)?;
        self.place = (table, number);
        let bytes = self.tar.all(LONGEST_PART)?;
        let rows = rows::decode(&self.holds[table], &bytes)?;
        if rows.is_empty() {
            return Err(misplaced(&name));
        }
        if let Some(count) = self.seen.rows.get_mut(&self.header.tables[table].name) {
            *count += rows.len() as u64;
        }
        self.seen.files.push((name, Digest::of(&bytes)));
        Ok(Item::Rows(table, rows))
    }

    /// Which part of which table a file is: the next of the same table, or the first of a later one.
    fn part(&self, name: &str) -> Result<(usize, u32)> {
        let (table, number) = self.place;
        if number > 0 && number < u32::MAX && manifest::part(&self.header.tables[table].name, number + 1) == name {
            return Ok((table, number + 1));
        }
        let from = if number > 0 { table + 1 } else { table };
        let found = (from..self.header.tables.len()).find(|i| manifest::part(&self.header.tables[*i].name, 1) == name);
        found.map(|i| (i, 1)).ok_or_else(|| misplaced(name))
    }

    /// The next bytes of the open blob; 0 once all of them were there and have its digest.
    pub(super) fn chunk(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let read = self.tar.chunk(buffer)?;
        if read > 0 {
            if let Some((_, hasher)) = &mut self.open {
                hasher.update(&buffer[..read]);
            }
            return Ok(read);
        }
        if let Some((digest, hasher)) = self.open.take()
            && hasher.finish() != digest
        {
            return Err(damaged(&format!("the blob {digest} has another digest")));
        }
        Ok(0)
    }

    fn end(&mut self) -> Result<Item> {
        let bytes = self.tar.all(LONGEST)?;
        let digest = Digest::of(&bytes);
        match self.tar.next()? {
            Some((name, _)) if name == manifest::SEAL => {}
            _ => return Err(damaged("its manifest has no seal")),
        }
        if self.tar.all(LONGEST_KEY)? != format!("{digest}\n").as_bytes() {
            return Err(damaged("its manifest has another digest"));
        }
        if self.tar.next()?.is_some() {
            return Err(damaged("there are files behind its manifest"));
        }
        let said: Manifest =
            serde_json::from_slice(&bytes).map_err(|e| damaged(&format!("its manifest cannot be read: {e}")))?;
        let mut seen = std::mem::take(&mut self.seen);
        seen.blobs_digest = Some(std::mem::take(&mut self.blobs).finish());
        seen.missing.clone_from(&said.missing);
        if let Some((name, _)) = said.files.iter().zip(&seen.files).find(|(a, b)| a != b).map(|(a, _)| a) {
            return Err(damaged(&format!("{name} has another digest")));
        }
        if let Some((table, rows)) = said.rows.iter().find(|(t, n)| seen.rows.get(*t) != Some(n)) {
            let there = seen.rows.get(table).copied().unwrap_or_default();
            return Err(damaged(&format!("it has {there} rows of {table}, and its manifest says {rows}")));
        }
        if said != seen {
            return Err(damaged("its manifest does not agree with what it holds"));
        }
        Ok(Item::End(Box::new(said), digest))
    }
}

fn misplaced(name: &str) -> Error {
    damaged(&format!("{} does not belong where it is", proofmark_base::id::shown(name)))
}

/// Reads a header, version first: a later one may look different behind it.
fn header(bytes: &[u8]) -> Result<Header> {
    #[derive(serde::Deserialize)]
    struct First {
        kind: String,
        format: u32,
        #[serde(default)]
        program: String,
    }
    let none = || Error::invalid("archive.none", "the file is no backup of Proofmark");
    let first: First = serde_json::from_slice(bytes).map_err(|_| none())?;
    if first.kind != KIND {
        return Err(none());
    }
    if first.format > FORMAT {
        let program = proofmark_base::id::shown(&first.program);
        let why = format!(
            "the backup has format {}, and this program reads up to {FORMAT}: it was written by Proofmark {program}",
            first.format
        );
        return Err(other_version("archive.newer-format", why).help("restore it with that version, or a later one"));
    }
    let header: Header =
        serde_json::from_slice(bytes).map_err(|e| damaged(&format!("its header cannot be read: {e}")))?;
    let name = |n: &str| {
        !n.is_empty()
            && n.len() <= 63
            && n.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_' || c == b'.')
    };
    if header.format == 0 || !header.tables.iter().all(|t| name(&t.name) && !t.columns.is_empty()) {
        return Err(damaged("its header names tables that cannot be"));
    }
    Ok(header)
}

/// A whole archive that was read once and is what its manifest says.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it says of itself.
    pub header: Header,
    /// What is in it.
    pub manifest: Manifest,
    /// The manifest's digest: the archive's name.
    pub digest: Digest,
    /// The keys of the installation, where they were put in: of signing and of secrets.
    pub keys: Option<(String, String)>,
    /// Its blobs.
    pub(super) blobs: BTreeSet<Digest>,
}

/// Reads a whole archive and compares every digest and count. Nothing is kept of the rows and blobs.
///
/// # Errors
/// `archive.none`, `archive.newer-format`, `archive.damaged`, `archive.unreadable`.
pub fn check<R: Read>(from: R) -> Result<Checked> {
    let mut walk = Walk::open(from)?;
    let (mut keys, mut blobs) = (Vec::new(), BTreeSet::new());
    let mut buffer = vec![0; 256 << 10];
    loop {
        match walk.next()? {
            Item::Key(text) => keys.push(text),
            Item::Rows(..) => {}
            Item::Blob(digest) => {
                while walk.chunk(&mut buffer)? > 0 {}
                blobs.insert(digest);
            }
            Item::End(manifest, digest) => {
                let keys = match <[String; 2]>::try_from(keys) {
                    Ok([signing, secrets]) => Some((signing, secrets)),
                    Err(keys) if keys.is_empty() => None,
                    Err(_) => return Err(damaged("one of its keys is missing")),
                };
                return Ok(Checked { header: walk.header, manifest: *manifest, digest, keys, blobs });
            }
        }
    }
}
