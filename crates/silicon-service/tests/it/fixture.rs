//! A platform of one organization, with a worker.

use proofmark_base::id::Random;
use proofmark_base::time::Clock;
use proofmark_evidence::dsse::SecretKey;
use proofmark_flow::{Engine, EnqueueOptions, ExecutorInfo};
use proofmark_kernel::approval::Policy;
use proofmark_kernel::artifact::{Artifact, ArtifactId};
use proofmark_kernel::organization::{Organization, OrganizationId, Project, ProjectId};
use proofmark_kernel::principal::{Caller, Credential, Grant, Principal, PrincipalId, PrincipalKind, Role};
use proofmark_kernel::run::Run;
use proofmark_platform_service::authorization::Authorizer;
use proofmark_platform_service::sealing::Sealer;
use proofmark_platform_service::workflows::Workflows;
use proofmark_platform_service::{Limits, Platform, runs};
use proofmark_silicon_service::input::{TRANSLATE, Translate};
use proofmark_silicon_service::steps::Worker;
use proofmark_silicon_service::workflow::{self, Service, TOOLS};
use proofmark_silicon_verify::python::Search;
use proofmark_store::blobs::Blobs;
use proofmark_store::system::{SystemClock, SystemRandom};
use proofmark_store::{Database, Scope, artifacts, organizations, principals, projects};
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Everything, gone with its guard.
pub struct Fixture {
    pub platform: Platform,
    pub engine: Engine,
    pub author: Caller,
    pub approver: Caller,
    pub project: Project,
    pub folder: tempfile::TempDir,
}

/// A fixed key, so that bundles can be compared.
pub fn key() -> SecretKey {
    SecretKey::from_random(&[7; 32])
}

/// The Python that tests use.
pub fn python() -> Search {
    Search { folders: vec![], ..Search::from_environment(None, Path::new("/")) }
}

impl Fixture {
    pub async fn new() -> Fixture {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::sqlite(&folder.path().join("proofmark.db")).await.unwrap();
        let platform = Platform {
            database: database.clone(),
            blobs: Blobs::local(folder.path().join("blobs")).await.unwrap(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            authorizer: Authorizer::shipped().unwrap(),
            identity: Arc::default(),
            sealer: Arc::new(Sealer::new(&[1; 32])),
            signer: Arc::new(key()),
            workflows: Arc::new(Workflows::default().with(Translate)),
            limits: Limits::default(),
            events_written: Default::default(),
        };
        let (author, approver, project) = people(&platform).await;
        let scratch = folder.path().join("scratch");
        std::fs::create_dir(&scratch).unwrap();
        let worker = Worker { blobs: platform.blobs.clone(), python: python(), scratch };
        let service = Arc::new(Service { platform: platform.clone(), worker });
        let tools = TOOLS.map(String::from).to_vec();
        let engine = workflow::declare(Engine::builder(&database), &service, 2)
            .version("test")
            .executor(ExecutorInfo { host: "test".into(), tools })
            .listen_by_tools()
            .start()
            .await
            .unwrap();
        Fixture { platform, engine, author, approver, project, folder }
    }

    /// Puts bytes into the project.
    pub async fn artifact(&self, name: &str, bytes: &[u8]) -> ArtifactId {
        let artifact = Artifact {
            id: ArtifactId::new(SystemClock.now(), &SystemRandom),
            organization: self.author.organization,
            project: self.project.id,
            run: None,
            name: name.into(),
            media_type: "text/x-python".into(),
            digest: self.platform.blobs.put(bytes.to_vec()).await.unwrap(),
            size: bytes.len() as i64,
            created_by: self.author.principal,
            created_at: SystemClock.now(),
        };
        let mut tx = self.platform.database.begin(Scope::Organization(self.author.organization)).await.unwrap();
        artifacts::insert(&mut tx, &artifact).await.unwrap();
        tx.commit().await.unwrap();
        artifact.id
    }

    /// Starts a run, as the outbox's consumer would.
    pub async fn start(&self, input: Value) -> Run {
        let run = runs::create(&self.platform, &self.author, self.project.id, TRANSLATE, input).await.unwrap();
        let (id, queue) = (run.id.to_string(), proofmark_silicon_service::input::RUNS);
        self.engine.enqueue(&id, TRANSLATE, &Value::Null, queue, EnqueueOptions::default()).await.unwrap();
        run
    }

    /// The run once `until` holds of it.
    pub async fn wait(&self, run: &Run, until: impl Fn(&Run) -> bool) -> Run {
        for _ in 0..6_000 {
            let now = runs::get(&self.platform, &self.author, run.id).await.unwrap();
            if until(&now) {
                return now;
            }
            assert!(!now.status.ended(), "{now:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{run:?} does not get there");
    }
}

async fn people(platform: &Platform) -> (Caller, Caller, Project) {
    let (now, random): (_, &dyn Random) = (SystemClock.now(), &SystemRandom);
    let organization = OrganizationId::new(now, random);
    let mut tx = platform.database.begin(Scope::System).await.unwrap();
    let row = Organization { id: organization, name: "Test".into(), created_at: now, version: 1 };
    organizations::insert(&mut tx, &row).await.unwrap();
    let mut callers = Vec::new();
    for (name, role) in [("Ada", Role::Engineer), ("Bob", Role::Approver)] {
        let principal = Principal {
            id: PrincipalId::new(now, random),
            organization,
            kind: PrincipalKind::User,
            name: name.into(),
            email: Some(format!("{name}@example.org")),
            disabled_at: None,
            created_at: now,
            version: 1,
        };
        principals::insert(&mut tx, &principal).await.unwrap();
        let grant = Grant { role, project: None };
        principals::give(&mut tx, organization, principal.id, grant).await.unwrap();
        callers.push(Caller {
            principal: principal.id,
            organization,
            kind: PrincipalKind::User,
            grants: vec![grant],
            credential: Credential::System,
            scopes: None,
        });
    }
    let project = Project {
        id: ProjectId::new(now, random),
        organization,
        name: "test".into(),
        policy: Policy::default(),
        policy_version: 1,
        created_by: callers[0].principal,
        created_at: now,
        archived_at: None,
        version: 1,
    };
    projects::insert(&mut tx, &project).await.unwrap();
    tx.commit().await.unwrap();
    let approver = callers.pop().unwrap();
    (callers.pop().unwrap(), approver, project)
}
