//! The database, the blobs and the keys that settings name, opened for the server and for commands beside it.

use crate::server::config::Settings;
use proofmark_base::digest::Digest;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_evidence::dsse::{PublicKey, SecretKey};
use proofmark_store::archive::Fingerprints;
use proofmark_store::{Blobs, Database, migrate};
use std::future::Future;
use std::path::{Path, PathBuf};

/// Runs a command's work.
///
/// # Errors
/// `server.threads`, and what the work meets.
pub fn run<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Error::unavailable("server.threads", "no threads can be started").because(e))?
        .block_on(work)
}

/// The data folder as it is named, there or not.
pub fn data(settings: &Settings) -> PathBuf {
    PathBuf::from(settings.get("data"))
}

/// Makes the data folder, for its owner only.
///
/// # Errors
/// `config.invalid`.
pub fn data_folder(settings: &Settings) -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let folder = PathBuf::from(settings.get("data"));
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)
        .and_then(|()| folder.canonicalize())
        .map_err(|e| settings.unusable("data", e))
}

/// The database as it is: nothing is migrated, and no file is made.
///
/// # Errors
/// `config.invalid` where there is none; `store.*`.
pub async fn database(settings: &Settings) -> Result<Database> {
    if settings.given("database").is_none() && !data(settings).join("proofmark.db").exists() {
        return Err(settings.unusable("data", "there is no database in it"));
    }
    any_database(settings).await
}

/// The same, made if it is a file that is not there.
///
/// # Errors
/// `config.invalid`; `store.*`.
pub async fn any_database(settings: &Settings) -> Result<Database> {
    match settings.given("database") {
        None => Database::sqlite_as_it_is(&data_folder(settings)?.join("proofmark.db")).await,
        Some(url) if url.starts_with("postgres://") || url.starts_with("postgresql://") => {
            let connections: u32 = settings.parsed("database-connections", "a number of connections")?;
            // a backup and its mark are two transactions
            Database::postgres_as_it_is(url, connections.max(2)).await
        }
        Some(_) => Err(settings.unusable("database", "it must begin with postgres://")),
    }
}

/// The same, with the schema of this program.
///
/// # Errors
/// As [`any_database`]; `store.newer-schema`, `store.edited-migration`.
pub async fn migrated_database(settings: &Settings) -> Result<Database> {
    let database = any_database(settings).await?;
    migrate::run(&database).await?;
    Ok(database)
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

/// Opens the place for blobs that the settings name.
///
/// # Errors
/// `blob.*`; `config.invalid`.
pub async fn blobs(settings: &Settings) -> Result<Blobs> {
    match settings.given("blobs") {
        None => Blobs::local(data(settings).join("blobs")).await,
        Some(url) => s3(settings, url),
    }
}

#[cfg(feature = "scale")]
fn s3(settings: &Settings, url: &str) -> Result<Blobs> {
    // endpoint, region and credentials come from the AWS_ variables
    let at = proofmark_store::blobs::S3 { url: url.into(), ..Default::default() };
    Blobs::s3(&at).map_err(|e| settings.unusable("blobs", e))
}

#[cfg(not(feature = "scale"))]
fn s3(settings: &Settings, _: &str) -> Result<Blobs> {
    Err(settings.unusable("blobs", "this program was built without the feature `scale`"))
}

/// Files of the installation's keys: of signing and of secrets.
pub fn key_files(settings: &Settings, data: &Path) -> [PathBuf; 2] {
    [("signing-key", "signing.key"), ("secrets-key", "secrets.key")]
        .map(|(option, file)| settings.given(option).map_or_else(|| data.join(file), PathBuf::from))
}

/// Texts of the key files that are there.
///
/// # Errors
/// `key.unusable`.
pub fn key_texts(settings: &Settings) -> Result<[Option<String>; 2]> {
    let [signing, secrets] = key_files(settings, &data(settings)).map(|path| key_text(&path));
    Ok([signing?, secrets?])
}

fn key_text(path: &Path) -> Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::invalid("key.unusable", format!("the key file {} cannot be read: {e}", path.display()))),
    }
}

/// The public half of the key that checkpoints of the audit log are signed with, if it is here.
///
/// # Errors
/// `key.unusable`.
pub fn own_key(settings: &Settings) -> Result<Option<PublicKey>> {
    let [signing, _] = key_files(settings, &data(settings));
    key_text(&signing)?.map(|text| Ok(signing_key(&text)?.public())).transpose()
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
fn signing_key(text: &str) -> Result<SecretKey> {
    SecretKey::from_file(text)
        .map_err(|e| Error::invalid("key.unusable", format!("the signing key cannot be used: {e}")))
}
