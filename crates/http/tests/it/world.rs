//! A server with two organizations, a user for every role, and ways to make what requests are about.

use proofmark_base::digest::Digest;
use proofmark_base::error::Result;
use proofmark_base::id::Random;
use proofmark_base::time::Clock;
use proofmark_evidence::check::{ClaimLevel, Verdict};
use proofmark_evidence::dsse::SecretKey;
use proofmark_http::{Config, Server, serve};
use proofmark_kernel::approval::{Approval, Choice};
use proofmark_kernel::artifact::{Artifact, ArtifactId};
use proofmark_kernel::organization::{Organization, OrganizationId, Project};
use proofmark_kernel::principal::{Caller, Credential, Grant, Principal, PrincipalId, PrincipalKind, Role, SessionId};
use proofmark_kernel::run::{Run, RunStatus};
use proofmark_platform_service::authorization::Authorizer;
use proofmark_platform_service::identity::Identity;
use proofmark_platform_service::identity::oidc::{GroupRole, Provider, SingleSignOn, Web};
use proofmark_platform_service::identity::secret::{Purpose, Secret};
use proofmark_platform_service::sealing::Sealer;
use proofmark_platform_service::workflows::{Workflow, Workflows};
use proofmark_platform_service::{Limits, Platform, approvals, projects, runs};
use proofmark_store::runs::CheckRow;
use proofmark_store::sessions::{self, Session};
use proofmark_store::system::{SystemClock, SystemRandom};
use proofmark_store::{Blobs, Database, Scope, artifacts, credentials, organizations, principals};
use proofmark_testkit::services::{self, CLIENT_ID, CLIENT_SECRET, Oidc};
use reqwest::redirect::Policy;
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// The password of every user here.
pub const PASSWORD: &str = "seven grey herons wade";

/// A workflow of that name that takes anything and does nothing.
pub struct Echo(&'static str);

impl Workflow for Echo {
    fn name(&self) -> &'static str {
        self.0
    }
    fn queue(&self) -> &'static str {
        "test"
    }
    fn accept(&self, input: Value) -> Result<Value> {
        Ok(input)
    }
    fn artifacts(&self, _: &Value) -> Vec<ArtifactId> {
        Vec::new()
    }
}

/// The server and its world.
pub struct World {
    pub platform: Platform,
    pub address: std::net::SocketAddr,
    pub client: reqwest::Client,
    pub organization: OrganizationId,
    pub other: OrganizationId,
    /// The owner of the first organization, for making things.
    pub owner: Caller,
    /// Whose work it is that others approve.
    pub author: Caller,
    /// Somebody who approves.
    pub approver: Caller,
    /// Where people sign in elsewhere, if they can.
    pub provider: Option<Oidc>,
    stop: Option<oneshot::Sender<()>>,
    server: Option<Server>,
    counter: AtomicU32,
    password_hash: String,
    _folder: TempDir,
}

/// A workflow of each field.
pub const SILICON: &str = "silicon.echo";
pub const CAMPAIGNS: &str = "campaigns.echo";

/// Where the provider sends people back to; it does not compare ports on loopback.
pub const CALLBACK: &str = "http://127.0.0.1/api/v1/single-sign-on/corporate/callback";

fn ids() -> [OrganizationId; 2] {
    let now = SystemClock.now();
    [OrganizationId::new(now, &SystemRandom), OrganizationId::new(now, &SystemRandom)]
}

/// A certificate for these names, and its key, both PEM; the certificate in DER form, too.
pub struct Made {
    pub pem: String,
    pub key: String,
    pub der: Vec<u8>,
}

pub fn certificate(names: &[&str]) -> Made {
    let names: Vec<String> = names.iter().map(|n| n.to_string()).collect();
    let made = rcgen::generate_simple_self_signed(names).unwrap();
    Made { pem: made.cert.pem(), key: made.signing_key.serialize_pem(), der: made.cert.der().to_vec() }
}

/// Bounds that no test runs into by accident.
pub fn config() -> Config {
    let mut config = Config::new((IpAddr::V4(Ipv4Addr::LOCALHOST), 0).into());
    config.limits.per_principal.requests = 100_000;
    config.limits.per_address.requests = 100_000;
    config
}

impl World {
    pub async fn new() -> Self {
        World::with(config()).await
    }

    /// A server whose database holds nothing yet.
    pub async fn empty() -> Self {
        World::start(config(), Identity::default()).await
    }

    /// A server with a real provider of single sign-on, named `corporate`, whose groups give these roles.
    pub async fn with_provider(config: Config, groups: &[(&str, Role)]) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let at = tokio::task::spawn_blocking(|| services::oidc(&[CALLBACK])).await.unwrap();
        let ids = ids();
        let provider = Provider {
            name: "corporate".into(),
            issuer: at.issuer().into(),
            client_id: CLIENT_ID.into(),
            client_secret: CLIENT_SECRET.into(),
            redirect_uri: CALLBACK.into(),
            scopes: ["profile", "email", "groups"].map(String::from).to_vec(),
            groups_claim: "groups".into(),
            groups: groups.iter().map(|(g, r)| GroupRole { group: (*g).into(), role: *r, project: None }).collect(),
            allowed_domains: Vec::new(),
            auto_provision: true,
            link_by_email: false,
            organization: Some(ids[0]),
        };
        let client = reqwest::Client::builder().redirect(Policy::none()).timeout(Duration::from_secs(10)).build();
        let sso = SingleSignOn::new(provider, Arc::new(Web::new(client.unwrap()))).unwrap();
        let mut world = World::populated(config, ids, Identity::default().with_provider(sso)).await;
        world.provider = Some(at);
        world
    }

    async fn start(config: Config, identity: Identity) -> Self {
        // one of many tests comes first
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let platform = Platform {
            database: Database::sqlite(&folder.path().join("proofmark.db")).await.unwrap(),
            blobs: Blobs::local(folder.path().join("blobs")).await.unwrap(),
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            authorizer: Authorizer::shipped().unwrap(),
            identity: Arc::new(identity),
            sealer: Arc::new(Sealer::new(&[7; 32])),
            signer: Arc::new(SecretKey::from_random(&[9; 32])),
            workflows: Arc::new(Workflows::default().with(Echo(SILICON)).with(Echo(CAMPAIGNS))),
            limits: Limits { open_runs: 100_000, pending_uploads: 100_000, ..Limits::default() },
            events_written: Default::default(),
        };
        let (stop, stopped) = oneshot::channel();
        let server = serve(platform.clone(), config, async move {
            let _ = stopped.await;
        })
        .await
        .unwrap();
        let password_hash = platform.identity.passwords.hash(PASSWORD, &SystemRandom).await.unwrap();
        let nobody = Caller {
            principal: PrincipalId::from_bits(0),
            organization: OrganizationId::from_bits(0),
            kind: PrincipalKind::User,
            grants: Vec::new(),
            credential: Credential::System,
            scopes: None,
        };
        World {
            platform,
            address: server.address,
            client: reqwest::Client::builder()
                .redirect(Policy::none())
                .timeout(Duration::from_secs(60))
                .build()
                .unwrap(),
            organization: nobody.organization,
            other: nobody.organization,
            owner: nobody.clone(),
            author: nobody.clone(),
            approver: nobody,
            provider: None,
            stop: Some(stop),
            server: Some(server),
            counter: AtomicU32::new(0),
            password_hash,
            _folder: folder,
        }
    }

    pub async fn with(config: Config) -> Self {
        World::populated(config, ids(), Identity::default()).await
    }

    async fn populated(config: Config, ids: [OrganizationId; 2], identity: Identity) -> Self {
        let mut world = World::start(config, identity).await;
        let now = world.platform.now();
        let mut tx = world.platform.database.begin(Scope::System).await.unwrap();
        for (id, name) in ids.iter().zip(["First", "Second"]) {
            let one = Organization { id: *id, name: name.into(), created_at: now, version: 1 };
            organizations::insert(&mut tx, &one).await.unwrap();
        }
        tx.commit().await.unwrap();
        (world.organization, world.other) = (ids[0], ids[1]);
        world.owner = world.user(ids[0], &[Role::Owner]).await;
        world.author = world.user(ids[0], &[Role::Engineer, Role::Owner]).await;
        world.approver = world.user(ids[0], &[Role::Approver]).await;
        world
    }

    /// Stops the server and waits until it has.
    pub async fn stop(&mut self) {
        self.stop.take().map(|s| s.send(()));
        if let Some(server) = self.server.take() {
            server.stopped().await;
        }
    }

    /// Another name each time.
    pub fn name(&self, what: &str) -> String {
        format!("{what} {}", self.counter.fetch_add(1, Ordering::Relaxed))
    }

    /// A principal with these roles in the whole organization.
    pub async fn principal(&self, organization: OrganizationId, kind: PrincipalKind, roles: &[Role]) -> Caller {
        let now = self.platform.now();
        let id = PrincipalId::new(now, &SystemRandom);
        let person = kind == PrincipalKind::User;
        let principal = Principal {
            id,
            organization,
            kind,
            name: self.name("Person"),
            email: person.then(|| format!("p{}@example.org", self.counter.fetch_add(1, Ordering::Relaxed))),
            disabled_at: None,
            created_at: now,
            version: 1,
        };
        let grants: Vec<Grant> = roles.iter().map(|role| Grant { role: *role, project: None }).collect();
        let mut tx = self.platform.database.begin(Scope::System).await.unwrap();
        principals::insert(&mut tx, &principal).await.unwrap();
        if person {
            credentials::set_password(&mut tx, organization, id, &self.password_hash, now).await.unwrap();
        }
        for grant in &grants {
            principals::give(&mut tx, organization, id, *grant).await.unwrap();
        }
        tx.commit().await.unwrap();
        Caller { principal: id, organization, kind, grants, credential: Credential::System, scopes: None }
    }

    pub async fn user(&self, organization: OrganizationId, roles: &[Role]) -> Caller {
        self.principal(organization, PrincipalKind::User, roles).await
    }

    /// The address that a user signs in with.
    pub async fn email(&self, of: &Caller) -> String {
        let mut tx = self.platform.database.read(Scope::System).await.unwrap();
        principals::get(&mut tx, of.organization, of.principal).await.unwrap().unwrap().email.unwrap()
    }

    /// A session of that principal: the caller that it makes, and its secret.
    pub async fn session(&self, of: &Caller) -> (Caller, String) {
        let now = self.platform.now();
        let secret = Secret::new(Purpose::Session, &SystemRandom);
        let session = Session {
            id: SessionId::new(now, &SystemRandom),
            organization: of.organization,
            principal: of.principal,
            method: "password".into(),
            created_at: now,
            seen_at: now,
            expires_at: now.after(Duration::from_secs(3600)),
        };
        let mut tx = self.platform.database.begin(Scope::System).await.unwrap();
        sessions::insert(&mut tx, &session, secret.hash()).await.unwrap();
        tx.commit().await.unwrap();
        (Caller { credential: Credential::Session(session.id), ..of.clone() }, secret.expose().to_string())
    }

    /// A secret of the owner's.
    pub async fn secret(&self) -> String {
        self.session(&self.owner).await.1
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request with that credential.
    pub fn request(&self, method: Method, path: &str, secret: &str) -> RequestBuilder {
        self.client.request(method, self.url(path)).bearer_auth(secret)
    }

    pub async fn project(&self) -> Project {
        projects::create(&self.platform, &self.owner, &self.name("project"), None).await.unwrap()
    }

    pub async fn run(&self, project: &Project) -> Run {
        runs::create(&self.platform, &self.author, project.id, SILICON, json!({})).await.unwrap()
    }

    /// A run that succeeded, with one artifact and evidence that meets the usual policy.
    pub async fn finished(&self, project: &Project) -> (Run, Artifact) {
        let mut run = self.run(project).await;
        let now = self.platform.now();
        let mut bytes = [0; 64];
        SystemRandom.fill(&mut bytes);
        let digest = self.platform.blobs.put(bytes.to_vec()).await.unwrap();
        let artifact = Artifact {
            id: ArtifactId::new(now, &SystemRandom),
            organization: run.organization,
            project: project.id,
            run: Some(run.id),
            name: "c/receiver.c".into(),
            media_type: "text/x-c".into(),
            digest,
            size: 64,
            created_by: run.created_by,
            created_at: now,
        };
        let check = CheckRow {
            id: "c.compare".into(),
            target: Some("c".into()),
            title: "calls agree".into(),
            verdict: Verdict::Pass,
            reason: String::new(),
        };
        let mut tx = self.platform.database.begin(Scope::System).await.unwrap();
        for next in [RunStatus::Running, RunStatus::Succeeded] {
            run.become_(next, now).unwrap();
            proofmark_store::runs::update(&mut tx, &run).await.unwrap();
        }
        artifacts::insert(&mut tx, &artifact).await.unwrap();
        let claims = [("c".to_string(), ClaimLevel::Tested)];
        proofmark_store::runs::set_evidence(&mut tx, run.id, run.organization, &[check], &claims).await.unwrap();
        tx.commit().await.unwrap();
        (run, artifact)
    }

    pub async fn approval(&self, project: &Project) -> Approval {
        let (run, _) = self.finished(project).await;
        approvals::request(&self.platform, &self.author, run.id).await.unwrap()
    }

    pub async fn approved(&self, project: &Project) -> Approval {
        let open = self.approval(project).await;
        let choice = Choice::Approve;
        approvals::decide(&self.platform, &self.approver, open.id, choice, "read", open.binding()).await.unwrap()
    }
}

/// The answer's JSON, after its status was checked.
pub async fn json_of(answer: reqwest::Response, status: StatusCode) -> Value {
    let found = answer.status();
    let text = answer.text().await.unwrap();
    assert_eq!(found, status, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

/// The problem's code, after it was checked to be one.
pub async fn code_of(answer: reqwest::Response, status: u16) -> String {
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let trace = answer.headers()["trace-id"].to_str().unwrap().to_string();
    let problem = json_of(answer, StatusCode::from_u16(status).unwrap()).await;
    assert_eq!(problem["status"], status);
    assert_eq!(problem["trace_id"], Value::String(trace));
    problem["code"].as_str().unwrap().to_string()
}

/// The digest of bytes, as answers have it.
pub fn digest(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}
