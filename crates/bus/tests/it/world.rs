//! A database with an organization in it.

use proofmark_base::time::{Clock, Timestamp};
use proofmark_kernel::event::{Event, EventId, EventKind};
use proofmark_kernel::organization::{Organization, OrganizationId};
use proofmark_kernel::principal::{Principal, PrincipalId, PrincipalKind};
use proofmark_store::system::{SystemClock, SystemRandom};
use proofmark_store::{Database, Scope, Value, organizations, outbox, principals};
use proofmark_testkit::services;
use serde_json::json;
use std::any::Any;
use std::time::Duration;

pub struct World {
    pub database: Database,
    pub organization: OrganizationId,
    pub principal: PrincipalId,
    _keeps: Box<dyn Any + Send + Sync>,
}

/// On SQLite.
pub async fn sqlite() -> World {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::sqlite(&folder.path().join("proofmark.db")).await.unwrap();
    World::new(database, Box::new(folder)).await
}

/// On PostgreSQL.
pub async fn postgres() -> World {
    let fresh = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
    let database = Database::postgres(&fresh.url(), 10).await.unwrap();
    World::new(database, Box::new(fresh)).await
}

/// The same tests on both databases.
macro_rules! both {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test($crate::world::sqlite().await).await; })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test($crate::world::postgres().await).await; })+
        }
    };
}
pub(crate) use both;

impl World {
    async fn new(database: Database, keeps: Box<dyn Any + Send + Sync>) -> Self {
        let now = SystemClock.now();
        let organization = Organization {
            id: OrganizationId::new(now, &SystemRandom),
            name: "Test".into(),
            created_at: now,
            version: 1,
        };
        let principal = Principal {
            id: PrincipalId::new(now, &SystemRandom),
            organization: organization.id,
            kind: PrincipalKind::User,
            name: "Tester".into(),
            email: None,
            disabled_at: None,
            created_at: now,
            version: 1,
        };
        let mut tx = database.begin(Scope::System).await.unwrap();
        organizations::insert(&mut tx, &organization).await.unwrap();
        principals::insert(&mut tx, &principal).await.unwrap();
        tx.commit().await.unwrap();
        World { database, organization: organization.id, principal: principal.id, _keeps: keeps }
    }

    pub fn event(&self, kind: EventKind, subject: &str, n: i64) -> Event {
        let now = SystemClock.now();
        Event {
            id: EventId::new(now, &SystemRandom),
            kind,
            organization: self.organization,
            project: None,
            subject: subject.into(),
            data: json!({ "n": n }),
            at: now,
        }
    }

    /// Writes events to the outbox, in one transaction.
    pub async fn happens(&self, events: &[Event]) {
        let mut tx = self.database.begin(Scope::Organization(self.organization)).await.unwrap();
        for event in events {
            outbox::append(&mut tx, event).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    pub async fn sql(&self, sql: &str, values: &[Value]) -> u64 {
        let mut tx = self.database.begin(Scope::System).await.unwrap();
        let n = proofmark_store::Connection::execute(&mut tx, sql, values).await.unwrap();
        tx.commit().await.unwrap();
        n
    }

    pub async fn count(&self, sql: &str) -> i64 {
        let mut tx = self.database.read(Scope::System).await.unwrap();
        let row = proofmark_store::connection::first(&mut tx, sql, &[]).await.unwrap().unwrap();
        row.int("n").unwrap()
    }

    pub async fn undelivered(&self) -> i64 {
        self.count("SELECT COUNT(*) AS n FROM platform_outbox WHERE delivered_at IS NULL").await
    }

    pub async fn now(&self) -> Timestamp {
        self.database.now().await.unwrap()
    }
}

/// Waits until that is so, at most 30 s.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut so: impl FnMut() -> F) {
    for _ in 0..1500 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within 30 s: {what}");
}
