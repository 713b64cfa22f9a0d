//! Keys of a server, in files that only their owner may read; made at the first start.

use proofmark_base::error::{Error, Result};
use proofmark_base::id::Random;
use proofmark_evidence::dsse::SecretKey;
use proofmark_platform_service::sealing::{KEY, Sealer};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The key that releases, bundles and checkpoints are signed with.
///
/// # Errors
/// `key.unusable`.
pub fn signing(path: &Path, random: &dyn Random) -> Result<SecretKey> {
    let make = || {
        let mut bytes = [0; 32];
        random.fill(&mut bytes);
        SecretKey::from_random(&bytes).to_file()
    };
    let text = read_or_make(path, make)?;
    SecretKey::from_file(&text).map_err(|e| unusable(path, e))
}

/// The key that secrets in the database are sealed with: 64 hexadecimal digits.
///
/// # Errors
/// `key.unusable`.
pub fn sealing(path: &Path, random: &dyn Random) -> Result<Sealer> {
    let make = || {
        let mut bytes = [0; KEY];
        random.fill(&mut bytes);
        bytes.iter().map(|b| format!("{b:02x}")).chain(["\n".to_string()]).collect()
    };
    let text = read_or_make(path, make)?;
    let digits = text.trim();
    let byte = |i: usize| digits.get(2 * i..2 * i + 2).and_then(|d| u8::from_str_radix(d, 16).ok());
    let bytes: Option<Vec<u8>> = (0..KEY).map(byte).collect();
    match bytes.and_then(|b| <[u8; KEY]>::try_from(b).ok()) {
        Some(key) if digits.len() == 2 * KEY => Ok(Sealer::new(&key)),
        _ => Err(unusable(path, "it must hold 64 hexadecimal digits")),
    }
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::invalid("key.unusable", format!("the key file {} cannot be used: {why}", path.display()))
}

fn read_or_make(path: &Path, make: impl FnOnce() -> String) -> Result<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => return Ok(text),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
        Err(e) => return Err(unusable(path, e)),
    }
    let made = make();
    // two processes that start at once: the first one's key stands
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => {
            file.write_all(made.as_bytes()).and_then(|()| file.sync_all()).map_err(|e| unusable(path, e))?;
            Ok(made)
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::read_to_string(path).map_err(|e| unusable(path, e))
        }
        Err(e) => Err(unusable(path, e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_store::system::SystemRandom;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn keys_are_made_once_and_are_their_owner_s() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.key");
        let made = signing(&path, &SystemRandom).unwrap();
        assert_eq!(signing(&path, &SystemRandom).unwrap().public().keyid(), made.public().keyid());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let path = folder.path().join("secrets.key");
        let sealed = sealing(&path, &SystemRandom).unwrap().seal(&SystemRandom, "test", b"x").unwrap();
        assert_eq!(sealing(&path, &SystemRandom).unwrap().open("test", &sealed).unwrap(), b"x");
        for bad in ["", "12", &"g".repeat(64), &"a".repeat(66)] {
            std::fs::write(&path, bad).unwrap();
            assert_eq!(sealing(&path, &SystemRandom).err().unwrap().code, "key.unusable", "{bad}");
        }
    }
}
