//! A platform on a database of its own, with a clock that a test moves.

use proofmark_base::time::{Clock, Timestamp};
use proofmark_evidence::dsse::SecretKey;
use proofmark_kernel::organization::OrganizationId;
use proofmark_kernel::principal::{Caller, Grant, Principal, PrincipalId, Role};
use proofmark_platform_service::authorization::Authorizer;
use proofmark_platform_service::identity::{Identity, SignIn, SignedIn, accounts, members, setup, sign_in};
use proofmark_platform_service::sealing::{KEY, Sealer};
use proofmark_platform_service::workflows::Workflows;
use proofmark_platform_service::{Limits, Platform};
use proofmark_store::blobs::Blobs;
use proofmark_store::system::SystemRandom;
use proofmark_store::{Database, Scope, audit};
use proofmark_testkit::services;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// Shows what it was set to.
pub struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl HandClock {
    pub fn on(&self, by: Duration) {
        self.0.fetch_add(by.as_micros() as i64, Ordering::SeqCst);
    }
}

/// A platform, gone with its guard.
pub struct World {
    pub platform: Platform,
    pub clock: Arc<HandClock>,
    _folder: tempfile::TempDir,
    _postgres: Option<services::Database>,
}

pub async fn sqlite() -> World {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::sqlite(&folder.path().join("proofmark.db")).await.unwrap();
    world(database, folder, None).await
}

pub async fn postgres() -> World {
    let guard = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
    let database = Database::postgres(&guard.url(), 8).await.unwrap();
    world(database, tempfile::tempdir().unwrap(), Some(guard)).await
}

async fn world(database: Database, folder: tempfile::TempDir, postgres: Option<services::Database>) -> World {
    let clock = Arc::new(HandClock(AtomicI64::new(1_795_340_422_000_000)));
    let platform = Platform {
        database,
        blobs: Blobs::local(folder.path().join("blobs")).await.unwrap(),
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
        authorizer: Authorizer::shipped().unwrap(),
        identity: Arc::new(Identity::default()),
        sealer: Arc::new(Sealer::new(&[7; KEY])),
        signer: Arc::new(SecretKey::from_random(&[1; 32])),
        workflows: Arc::new(Workflows::default()),
        limits: Limits::default(),
        events_written: Default::default(),
    };
    World { platform, clock, _folder: folder, _postgres: postgres }
}

impl World {
    /// Closes the database before its guard drops it.
    pub async fn end(self) {
        self.platform.database.close().await;
        tokio::task::spawn_blocking(move || drop(self)).await.unwrap();
    }
}

pub const PASSWORD: &str = "lantern gravel seventeen otters";
pub const ADDRESS: &str = "192.0.2.7";

/// Ada owns the organization and is signed in.
pub async fn ada(platform: &Platform) -> SignedIn {
    let secret = setup::begin(platform).await.unwrap().unwrap();
    let first =
        setup::First { organization: "Analytical Engines", name: "Ada", email: "ada@example.org", password: PASSWORD };
    setup::finish(platform, secret.expose(), first).await.unwrap();
    enter(platform, "ada@example.org", PASSWORD).await.unwrap()
}

pub async fn enter(platform: &Platform, email: &str, password: &str) -> proofmark_base::error::Result<SignedIn> {
    sign_in(platform, SignIn { email, password, code: None, address: ADDRESS }).await
}

/// Somebody with these roles, signed in.
pub async fn somebody(platform: &Platform, by: &Caller, name: &str, roles: &[Role]) -> SignedIn {
    let email = format!("{name}@example.org");
    let new = accounts::NewUser { name, email: &email, password: Some(PASSWORD) };
    let (user, link) = accounts::create_user(platform, by, new).await.unwrap();
    assert!(link.is_none());
    for role in roles {
        give(platform, by, user.id, *role).await;
    }
    enter(platform, &email, PASSWORD).await.unwrap()
}

pub async fn give(platform: &Platform, by: &Caller, to: PrincipalId, role: Role) {
    assert!(members::grant(platform, by, to, Grant { role, project: None }).await.unwrap());
}

/// A service account with these roles.
pub async fn program(platform: &Platform, by: &Caller, roles: &[Role]) -> Principal {
    let account = accounts::create_service_account(platform, by, "ci").await.unwrap();
    for role in roles {
        give(platform, by, account.id, *role).await;
    }
    account
}

/// What the audit log says was done, oldest first.
pub async fn done(platform: &Platform, organization: OrganizationId) -> Vec<String> {
    let mut tx = platform.database.read(Scope::Organization(organization)).await.unwrap();
    let entries = audit::list(&mut tx, organization, 0, 1_000).await.unwrap();
    entries.into_iter().map(|e| e.action).collect()
}

/// Runs each test on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let world = $crate::support::sqlite().await;
                super::$name(&world).await;
                world.end().await;
            }
        )+ }
        mod on_postgres { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let world = $crate::support::postgres().await;
                super::$name(&world).await;
                world.end().await;
            }
        )+ }
    };
}
