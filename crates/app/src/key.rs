//! The key bundles are signed with.

use crate::failure::Failure;
use proofmark_evidence::dsse::{PublicKey, SecretKey};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// The key of `--key`, or the user's own, made at first use with mode 0600. The flag says that it was made now.
///
/// # Errors
/// PM0218.
pub fn signing(option: Option<&Path>) -> Result<(SecretKey, PathBuf, bool), Failure> {
    let unusable = |path: &Path, why: String| {
        Failure::usage("PM0218", format!("the signing key {} cannot be used: {why}", path.display()))
            .help("give another with `--key FILE`, or leave the bundle unsigned with `--no-sign`")
    };
    let path = match option {
        Some(path) => path.to_path_buf(),
        None => own().ok_or_else(|| {
            Failure::usage("PM0218", "there is no home folder to keep a signing key in")
                .help("use `--key FILE` or `--no-sign`")
        })?,
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            let key = SecretKey::from_file(&text).map_err(|e| unusable(&path, e.to_string()))?;
            Ok((key, path, false))
        }
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && option.is_none() => {
            let key = make(&path).map_err(|e| unusable(&path, e.to_string()))?;
            Ok((key, path, true))
        }
        Err(e) => Err(unusable(&path, e.to_string())),
    }
}

fn own() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let config =
        set("XDG_CONFIG_HOME").filter(|p| p.is_absolute()).or_else(|| set("HOME").map(|h| h.join(".config")))?;
    Some(config.join("proofmark/signing.key"))
}

fn make(path: &Path) -> std::io::Result<SecretKey> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut random = [0; 32];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let key = SecretKey::from_random(&random);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    // Another run may make one at the same time; the first one stands.
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(mut file) => file.write_all(key.to_file().as_bytes()).map(|()| key),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            let text = std::fs::read_to_string(path)?;
            SecretKey::from_file(&text).map_err(std::io::Error::other)
        }
        Err(e) => Err(e),
    }
}

/// Public keys the user trusts.
///
/// # Errors
/// PM0218.
pub fn trusted(paths: &[PathBuf]) -> Result<Vec<PublicKey>, Failure> {
    paths
        .iter()
        .map(|path| {
            let unusable = |why: String| {
                Failure::usage("PM0218", format!("the public key {} cannot be used: {why}", path.display()))
            };
            let text = std::fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?;
            PublicKey::from_file(&text).map_err(|e| unusable(e.to_string()))
        })
        .collect()
}
