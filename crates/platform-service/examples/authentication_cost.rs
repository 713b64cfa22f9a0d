//! Prints what finding out who is asking costs. `cargo run --release -p proofmark-platform-service --example authentication_cost`

use proofmark_base::error::Error;
use proofmark_base::time::Clock;
use proofmark_evidence::dsse::SecretKey;
use proofmark_platform_service::authorization::Authorizer;
use proofmark_platform_service::identity::tokens::{self, NewToken};
use proofmark_platform_service::identity::{Identity, SignIn, authenticate, setup, sign_in};
use proofmark_platform_service::sealing::{KEY, Sealer};
use proofmark_platform_service::workflows::Workflows;
use proofmark_platform_service::{Limits, Platform};
use proofmark_store::Database;
use proofmark_store::blobs::Blobs;
use proofmark_store::system::{SystemClock, SystemRandom};
use std::sync::Arc;
use std::time::{Duration, Instant};

const REMEMBERED: u32 = 50_000;
const QUERIED: u32 = 500;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(|e| Error::bug("a folder").because(e))?;
    let platform = Platform {
        database: Database::sqlite(&folder.path().join("proofmark.db")).await?,
        blobs: Blobs::local(folder.path().join("blobs")).await?,
        clock: Arc::new(SystemClock),
        random: Arc::new(SystemRandom),
        authorizer: Authorizer::shipped()?,
        identity: Arc::new(Identity::default()),
        sealer: Arc::new(Sealer::new(&[7; KEY])),
        signer: Arc::new(SecretKey::from_random(&[1; 32])),
        workflows: Arc::new(Workflows::default()),
        limits: Limits::default(),
        events_written: Default::default(),
    };
    let (email, password) = ("ada@example.org", "lantern gravel seventeen otters");
    let link = setup::begin(&platform).await?.ok_or_else(|| Error::bug("no link on a new database"))?;
    let first = setup::First { organization: "Engines", name: "Ada", email, password };
    setup::finish(&platform, link.expose(), first).await?;
    let shown = SignIn { email, password, code: None, address: "192.0.2.1" };
    let start = Instant::now();
    let caller = sign_in(&platform, shown).await?.caller;
    println!("sign-in with a password          {:9.2} us", start.elapsed().as_secs_f64() * 1e6);
    let expires_at = SystemClock.now().after(Duration::from_secs(3_600));
    let new = NewToken { name: "bench", scopes: None, expires_at };
    let (_, secret) = tokens::create(&platform, &caller, None, new).await?;
    // the first use is noted beside the requests that are measured
    authenticate(&platform, secret.expose(), "192.0.2.1").await?;
    tokio::time::sleep(Duration::from_millis(200)).await;

    let start = Instant::now();
    for _ in 0..REMEMBERED {
        authenticate(&platform, secret.expose(), "192.0.2.1").await?;
    }
    println!("token, remembered                {:9.2} us", start.elapsed().as_secs_f64() * 1e6 / f64::from(REMEMBERED));
    let start = Instant::now();
    for _ in 0..QUERIED {
        platform.identity.forget(caller.principal);
        authenticate(&platform, secret.expose(), "192.0.2.1").await?;
    }
    println!("token, by a query of SQLite      {:9.2} us", start.elapsed().as_secs_f64() * 1e6 / f64::from(QUERIED));
    Ok(())
}
