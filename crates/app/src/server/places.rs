//! The database, the blobs and the keys that settings name, opened for commands that are no server.

use crate::server::assembly;
use crate::server::config::Settings;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_evidence::dsse::SecretKey;
use proofmark_store::archive::Fingerprints;
use proofmark_store::{Blobs, Database, migrate};
use std::future::Future;
use std::path::PathBuf;

/// Runs a command's work.
///
/// # Errors
/// `server.threads`, and what the work meets.
pub fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Error::unavailable("server.threads", "no threads can be started").because(e))?
        .block_on(work)
}

/// The data folder as it is named, there or not.
pub fn data(settings: &Settings) -> PathBuf {
    PathBuf::from(settings.get("data"))
}

/// The database as it is: nothing is migrated, and no file is made.
///
/// # Errors
/// `config.invalid` where there is none; `store.*`.
pub async fn database(settings: &Settings) -> Result<Database> {
    let file = data(settings).join("proofmark.db");
    match settings.given("database") {
        None if !file.exists() => Err(settings.unusable("data", "there is no database in it")),
        None => Database::sqlite_as_it_is(&file).await,
        Some(_) => any_database(settings).await,
    }
}

/// The same, made if it is a file that is not there.
///
/// # Errors
/// `config.invalid`; `store.*`.
pub async fn any_database(settings: &Settings) -> Result<Database> {
    match settings.given("database") {
        None => Database::sqlite_as_it_is(&assembly::data_folder(settings)?.join("proofmark.db")).await,
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            let connections: u32 = settings.parsed("database-connections", "a number of connections")?;
            // one transaction and its mark are at work at a time
            Database::postgres_as_it_is(url, connections.max(2)).await
        }
        Some(_) => Err(settings.unusable("database", "it must begin with postgres://")),
    }
}

/// The database, if it has the schema of this program.
///
/// # Errors
/// `store.older-schema`, `store.newer-schema`, and as [`database`].
pub async fn current_database(settings: &Settings) -> Result<Database> {
    let database = database(settings).await?;
    let missing = migrate::missing(&database).await?;
    if let Some(last) = missing.last() {
        let text = format!("the database's schema is older than {}, which this program works with", last.number);
        return Err(
            Error::new(Kind::Unavailable, "store.older-schema", text).help("bring it up to date: `proofmark migrate`")
        );
    }
    Ok(database)
}

/// The blobs that belong to it.
///
/// # Errors
/// `config.invalid`; `blob.*`.
pub async fn blobs(settings: &Settings) -> Result<Blobs> {
    assembly::blobs(settings, &data(settings)).await
}

/// Files of the installation's keys: of signing and of secrets.
pub fn key_files(settings: &Settings) -> [PathBuf; 2] {
    [("signing-key", "signing.key"), ("secrets-key", "secrets.key")]
        .map(|(option, file)| settings.given(option).map_or_else(|| data(settings).join(file), PathBuf::from))
}

/// Texts of the key files that are there.
///
/// # Errors
/// `key.unusable`.
pub fn key_texts(settings: &Settings) -> Result<[Option<String>; 2]> {
    let [signing, secrets] = key_files(settings).map(|path| match std::fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::invalid("key.unusable", format!("the key file {} cannot be read: {e}", path.display()))),
    });
    Ok([signing?, secrets?])
}

/// What tells whether keys are those that belong to some data. The key of secrets is 256 random bits: its digest says
/// nothing about it.
///
/// # Errors
/// `key.unusable`.
pub fn fingerprints(texts: &[Option<String>; 2]) -> Result<Fingerprints> {
    let [signing, secrets] = texts;
    let signing = match signing {
        Some(text) => Some(signing_key(text)?.public().keyid().to_string()),
        None => None,
    };
    let secrets = secrets.as_ref().map(|t| Digest::of(format!("key of secrets {}", t.trim()).as_bytes()));
    Ok(Fingerprints { signing, secrets })
}

/// A signing key from its file's text.
///
/// # Errors
/// `key.unusable`.
pub fn signing_key(text: &str) -> Result<SecretKey> {
    SecretKey::from_file(text)
        .map_err(|e| Error::invalid("key.unusable", format!("the signing key cannot be used: {e}")))
}
