//! Real servers for tests: PostgreSQL, NATS, an S3 server and an OpenID Connect provider, on loopback and on free ports.
//!
//! [`postgres`], [`nats`] and [`s3`] use the server that the environment names (`PROOFMARK_TEST_POSTGRES`, `..._NATS`,
//! `..._S3`; `cargo xtask services -- COMMAND` starts all three and sets them), else they start one that all handles
//! of the process share and that stops with the last of them. The `own_...` functions start one for the caller alone,
//! which it may stop, restart and crash. A server that cannot be had is a panic that says what installs it, never a
//! skipped test. No server outlives its process, however that ends; its data goes with it.

mod browser;
#[cfg(feature = "databases")]
mod databases;
mod nats;
mod oidc;
mod postgres;
mod programs;
mod s3;
mod supervised;

#[cfg(feature = "databases")]
pub use databases::Database;
pub use nats::{Nats, OwnNats, nats, own_nats};
pub use oidc::{CLIENT_ID, CLIENT_SECRET, Oidc, USERS, User, oidc};
pub use postgres::{OwnPostgres, Postgres, own_postgres, own_postgres_with, postgres};
pub use s3::{Bucket, S3, own_s3, s3};

use anyhow::{Context, Result};
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// Names the running PostgreSQL to use: a superuser's `postgres://` URL.
pub const POSTGRES: &str = "PROOFMARK_TEST_POSTGRES";
/// Names the running NATS server to use: a `nats://` URL, JetStream enabled.
pub const NATS: &str = "PROOFMARK_TEST_NATS";
/// Names the running S3 server to use: an `http://` URL; it must take any access key and signature, as moto does.
pub const S3_SERVER: &str = "PROOFMARK_TEST_S3";

/// A PostgreSQL, a NATS and an S3 server for the processes that [`All::environment`] is given to.
pub struct All {
    postgres: OwnPostgres,
    nats: OwnNats,
    s3: S3,
}

impl All {
    /// Starts the three, whatever the environment names.
    pub fn start() -> Result<All> {
        Ok(All { postgres: OwnPostgres::launch()?, nats: OwnNats::launch()?, s3: S3::launch()? })
    }

    /// The variables that make [`postgres`], [`nats`] and [`s3`] use these servers.
    pub fn environment(&self) -> [(&'static str, &str); 3] {
        [(POSTGRES, self.postgres.url()), (NATS, self.nats.url()), (S3_SERVER, self.s3.url())]
    }
}

/// A name that no other test has, of lower-case letters, digits and `_`: for databases, streams, buckets' prefixes.
pub fn unique_name(prefix: &str) -> String {
    match secret() {
        Ok(random) => format!("{prefix}_{}", random.get(..16).unwrap_or(&random)),
        Err(error) => panic!("{error:#}"),
    }
}

/// 128 random bits in hexadecimal.
fn secret() -> Result<String> {
    let mut bytes = [0; 16];
    let mut source = std::fs::File::open("/dev/urandom").context("/dev/urandom")?;
    source.read_exact(&mut bytes).context("/dev/urandom")?;
    Ok(bytes.iter().map(|b| format!("{b:02x}")).collect())
}

/// The value of `variable`, unless it is unset or empty.
fn given(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|v| !v.is_empty())
}

/// The server that the handles of this process share: made by the first, dropped with the last.
struct Shared<T>(Mutex<Weak<T>>);

impl<T> Shared<T> {
    const fn new() -> Self {
        Shared(Mutex::new(Weak::new()))
    }

    fn get(&self, start: impl FnOnce() -> Result<T>) -> Result<Arc<T>> {
        // A panic of another test while it held the lock left the weak reference whole.
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = held.upgrade() {
            return Ok(running);
        }
        let started = Arc::new(start()?);
        *held = Arc::downgrade(&started);
        Ok(started)
    }
}

/// The value, or a panic with all causes: a test without its server must fail, and say why.
fn or_panic<T>(result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error:#}"),
    }
}
