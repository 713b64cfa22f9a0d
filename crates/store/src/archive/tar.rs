//! The container: a tar file (POSIX ustar) of plain files, in one canonical form. A header is accepted only if it is byte
//! for byte what would be written for that name and size, so links, folders, devices, owners, other names and trailing
//! bytes cannot occur. Any `tar` program can list and unpack it.

use super::{damaged, unreadable, unwritable};
use proofmark_base::error::Result;
use std::io::{Read, Seek, SeekFrom, Write};

const BLOCK: usize = 512;
/// Largest size that eleven octal digits hold; a larger one is written in base 256, as GNU tar does.
const OCTAL: u64 = 0o777_7777_7777;

/// The header of a plain file. Names are shorter than 100 bytes.
fn header(name: &str, size: u64) -> [u8; BLOCK] {
    let mut block = [0_u8; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    if size <= OCTAL {
        put(124, format!("{size:011o}\0").as_bytes());
    } else {
        put(124, &[0x80]);
        put(128, &size.to_be_bytes());
    }
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, b"0");
    put(257, b"ustar\x0000");
    put(329, b"0000000\0");
    put(337, b"0000000\0");
    let sum: u32 = block.iter().map(|b| u32::from(*b)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

fn padding(size: u64) -> usize {
    (BLOCK - (size % BLOCK as u64) as usize) % BLOCK
}

/// Writes a container.
pub(super) struct Writer<W> {
    to: W,
    /// Bytes so far.
    at: u64,
    /// Bytes that the open file still needs, and its size.
    open: Option<(u64, u64)>,
}

impl<W: Write + Seek> Writer<W> {
    pub(super) fn new(to: W) -> Self {
        Writer { to, at: 0, open: None }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.to.write_all(bytes).map_err(unwritable)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// A whole file.
    pub(super) fn file(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        self.begin(name, bytes.len() as u64)?;
        self.data(bytes)?;
        self.end()
    }

    /// Begins a file; gives where, for [`back_to`](Writer::back_to).
    pub(super) fn begin(&mut self, name: &str, size: u64) -> Result<u64> {
        debug_assert!(name.len() < 100 && self.open.is_none());
        let start = self.at;
        self.put(&header(name, size))?;
        self.open = Some((size, size));
        Ok(start)
    }

    /// The next bytes of the file.
    pub(super) fn data(&mut self, bytes: &[u8]) -> Result<()> {
        if let Some((left, _)) = &mut self.open {
            *left -= bytes.len() as u64;
        }
        self.put(bytes)
    }

    /// Ends the file.
    pub(super) fn end(&mut self) -> Result<()> {
        let (left, size) = self.open.take().unwrap_or_default();
        debug_assert!(left == 0);
        self.put(&[0; BLOCK][..padding(size)])
    }

    /// Takes back what was written since then.
    pub(super) fn back_to(&mut self, start: u64) -> Result<()> {
        self.to.seek(SeekFrom::Start(start)).map_err(unwritable)?;
        self.at = start;
        self.open = None;
        Ok(())
    }

    /// Ends the container; gives its length: what lies behind it was taken back.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.put(&[0; 2 * BLOCK])?;
        self.to.flush().map_err(unwritable)?;
        Ok(self.at)
    }
}

/// Reads a container.
pub(super) struct Reader<R> {
    from: R,
    /// Bytes of the open file that were not read yet, and its size.
    left: u64,
    size: u64,
}

impl<R: Read> Reader<R> {
    pub(super) fn new(from: R) -> Self {
        Reader { from, left: 0, size: 0 }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.from.read_exact(bytes).map_err(|e| match e.kind() {
            std::io::ErrorKind::UnexpectedEof => damaged("it ends early"),
            _ => unreadable(e),
        })
    }

    /// The next file: its name and size; none at the end, behind which nothing may follow. The file before must have been
    /// read.
    pub(super) fn next(&mut self) -> Result<Option<(String, u64)>> {
        debug_assert!(self.left == 0);
        let mut block = [0; BLOCK];
        let pad = padding(self.size);
        self.fill(&mut block[..pad])?;
        if block[..pad].iter().any(|b| *b != 0) {
            return Err(damaged("there are bytes between its files"));
        }
        self.size = 0;
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        if block == [0; BLOCK] {
            self.fill(&mut block)?;
            let mut more = [0];
            let behind = self.from.read(&mut more).map_err(unreadable)?;
            if block != [0; BLOCK] || behind > 0 {
                return Err(damaged("there are bytes behind its end"));
            }
            return Ok(None);
        }
        let strange = || damaged("a file in it is not as this program writes them");
        let name = block[..100].split(|b| *b == 0).next().unwrap_or_default();
        let name = std::str::from_utf8(name).map_err(|_| strange())?;
        let size = if block[124] == 0x80 {
            let bytes = block[128..136].try_into().map_err(|_| strange())?;
            u64::from_be_bytes(bytes)
        } else {
            let digits = std::str::from_utf8(&block[124..135]).map_err(|_| strange())?;
            u64::from_str_radix(digits, 8).map_err(|_| strange())?
        };
        if name.len() > 99 || size > i64::MAX as u64 || header(name, size) != block {
            return Err(strange());
        }
        (self.left, self.size) = (size, size);
        Ok(Some((name.to_string(), size)))
    }

    /// The next bytes of the open file; 0 at its end.
    pub(super) fn chunk(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let wanted = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.fill(&mut buffer[..wanted])?;
        self.left -= wanted as u64;
        Ok(wanted)
    }

    /// All bytes of the open file, which says it has at most `limit`. Memory grows with what is there, not with what is
    /// said.
    pub(super) fn all(&mut self, limit: u64) -> Result<Vec<u8>> {
        if self.left > limit {
            return Err(damaged(&format!("a file in it has {} bytes, and {limit} are the most", self.left)));
        }
        let (mut all, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
        loop {
            match self.chunk(&mut buffer)? {
                0 => return Ok(all),
                read => all.extend_from_slice(&buffer[..read]),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    fn written(files: &[(String, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(Cursor::new(&mut bytes));
        for (name, content) in files {
            writer.file(name, content).unwrap();
        }
        let length = writer.finish().unwrap();
        assert_eq!(length, bytes.len() as u64);
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>> {
        let mut reader = Reader::new(bytes);
        let mut files = Vec::new();
        while let Some((name, _)) = reader.next()? {
            files.push((name, reader.all(1 << 20)?));
        }
        Ok(files)
    }

    #[test]
    fn sizes_beyond_eleven_octal_digits() {
        for size in [0, 1, OCTAL, OCTAL + 1, i64::MAX as u64] {
            let mut bytes = header("blobs/x", size).to_vec();
            bytes.extend([0; 2 * BLOCK]);
            assert_eq!(Reader::new(&bytes[..]).next().unwrap(), Some(("blobs/x".into(), size)));
        }
    }

    #[test]
    fn what_was_taken_back_is_not_there() {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(Cursor::new(&mut bytes));
        let start = writer.begin("a", 10_000).unwrap();
        writer.data(&[7; 9_000]).unwrap();
        writer.back_to(start).unwrap();
        writer.file("b", b"1").unwrap();
        let length = writer.finish().unwrap();
        bytes.truncate(usize::try_from(length).unwrap());
        assert_eq!(read(&bytes).unwrap(), [("b".to_string(), b"1".to_vec())]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(files in prop::collection::vec(("[a-z/.]{1,99}", prop::collection::vec(any::<u8>(), 0..1500)), 0..5)) {
            prop_assert_eq!(read(&written(&files)).unwrap(), files);
        }

        /// What is not the content of a file is fixed: another byte there is refused.
        #[test]
        fn nothing_but_contents_can_change(at in 0_usize..2048, by in 1_u8..=255) {
            let files = vec![("a".to_string(), vec![1; 5]), ("b".to_string(), Vec::new())];
            let mut bytes = written(&files);
            let at = at % bytes.len();
            bytes[at] = bytes[at].wrapping_add(by);
            let changed = read(&bytes);
            if (BLOCK..BLOCK + 5).contains(&at) {
                prop_assert_ne!(changed.unwrap(), files);
            } else if let Ok(read) = changed {
                // a longer or shorter name, with the checksum that belongs to it, takes more than one byte
                prop_assert!(false, "{:?}", read);
            }
        }

        #[test]
        fn a_piece_of_it_is_refused(cut in 0_usize..3000) {
            let bytes = written(&[("a".to_string(), vec![1; 600])]);
            prop_assert!(cut >= bytes.len() || read(&bytes[..cut]).is_err());
        }
    }
}
