//! The platform's tables: one suite on SQLite and on PostgreSQL.

use proofmark_base::digest::Digest;
use proofmark_base::error::Kind;
use proofmark_base::json::Json;
use proofmark_base::time::{Clock, Timestamp};
use proofmark_kernel::approval::{Approval, ApprovalId, ApprovalStatus, Policy, Subject};
use proofmark_kernel::artifact::{Artifact, ArtifactId, Upload, UploadId};
use proofmark_kernel::audit::{Record, Verifier};
use proofmark_kernel::event::{Event, EventId, EventKind};
use proofmark_kernel::organization::{Organization, OrganizationId, Project, ProjectId};
use proofmark_kernel::principal::{Grant, Principal, PrincipalId, PrincipalKind, Role};
use proofmark_kernel::release::{Release, ReleaseId};
use proofmark_kernel::run::{Run, RunEventKind, RunId, RunStatus, StepStatus};
use proofmark_store::page::Page;
use proofmark_store::system::{SystemClock, SystemRandom};
use proofmark_store::{
    Connection, Database, Scope, approvals, artifacts, audit, organizations, outbox, principals, projects, releases,
    runs, uploads, values,
};
use proofmark_testkit::services;
use serde_json::json;

/// A database of either kind, gone with its guard.
struct Fresh {
    database: Database,
    _folder: tempfile::TempDir,
    _postgres: Option<services::Database>,
}

async fn sqlite() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::sqlite(&folder.path().join("proofmark.db")).await.unwrap();
    Fresh { database, _folder: folder, _postgres: None }
}

async fn postgres() -> Fresh {
    let guard = tokio::task::spawn_blocking(|| services::postgres().fresh_database()).await.unwrap();
    let database = Database::postgres(&guard.url(), 8).await.unwrap();
    Fresh { database, _folder: tempfile::tempdir().unwrap(), _postgres: Some(guard) }
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite { $(#[tokio::test(flavor = "multi_thread")] async fn $name() { super::$name(super::sqlite().await.database).await; })+ }
        mod on_postgres { $(#[tokio::test(flavor = "multi_thread")] async fn $name() {
            // the guard outlives the test: dropped early, the database would go
            let fresh = super::postgres().await;
            super::$name(fresh.database.clone()).await;
            fresh.database.close().await;
            tokio::task::spawn_blocking(move || drop(fresh)).await.unwrap();
        })+ }
    };
}

on_both!(
    everything_comes_back_as_it_was_written,
    the_audit_log_is_one_chain_however_many_write,
    a_run_s_log_has_no_gaps_however_many_write,
    what_is_not_committed_is_not_there,
    stale_versions_change_nothing,
    pages_hold_everything_once,
    the_database_s_time_goes_on,
);

fn now() -> Timestamp {
    SystemClock.now()
}

struct Base {
    organization: Organization,
    owner: Principal,
    project: Project,
}

/// An organization with an owner and a project.
async fn base(database: &Database) -> Base {
    let organization = Organization {
        id: OrganizationId::new(now(), &SystemRandom),
        name: "Örg".into(),
        created_at: now(),
        version: 1,
    };
    let owner = Principal {
        id: PrincipalId::new(now(), &SystemRandom),
        organization: organization.id,
        kind: PrincipalKind::User,
        name: "Olga".into(),
        email: Some(format!("{}@example.org", PrincipalId::new(now(), &SystemRandom))),
        disabled_at: None,
        created_at: now(),
        version: 1,
    };
    let project = Project {
        id: ProjectId::new(now(), &SystemRandom),
        organization: organization.id,
        name: "radar".into(),
        policy: Policy::default(),
        policy_version: 1,
        created_by: owner.id,
        created_at: now(),
        archived_at: None,
        version: 1,
    };
    let mut tx = database.begin(Scope::Organization(organization.id)).await.unwrap();
    organizations::insert(&mut tx, &organization).await.unwrap();
    principals::insert(&mut tx, &owner).await.unwrap();
    projects::insert(&mut tx, &project).await.unwrap();
    tx.commit().await.unwrap();
    Base { organization, owner, project }
}

fn run(base: &Base) -> Run {
    Run {
        id: RunId::new(now(), &SystemRandom),
        organization: base.organization.id,
        project: base.project.id,
        workflow: "silicon.translate".into(),
        input: Json::of(&json!({"file": "a.py", "n": 1.5})).unwrap(),
        status: RunStatus::Queued,
        result: None,
        error: None,
        retry_of: None,
        created_by: base.owner.id,
        created_at: now(),
        started_at: None,
        ended_at: None,
        version: 1,
    }
}

async fn everything_comes_back_as_it_was_written(database: Database) {
    let base = base(&database).await;
    let o = base.organization.id;
    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    assert_eq!(organizations::get(&mut tx, o).await.unwrap().unwrap(), base.organization);
    assert_eq!(principals::get(&mut tx, o, base.owner.id).await.unwrap().unwrap(), base.owner);
    assert_eq!(projects::get(&mut tx, o, base.project.id).await.unwrap().unwrap(), base.project);
    let everywhere = Grant { role: Role::Owner, project: None };
    let here = Grant { role: Role::Approver, project: Some(base.project.id) };
    assert!(principals::give(&mut tx, o, base.owner.id, everywhere).await.unwrap());
    assert!(principals::give(&mut tx, o, base.owner.id, here).await.unwrap());
    assert!(!principals::give(&mut tx, o, base.owner.id, here).await.unwrap(), "held already");
    assert_eq!(principals::grants(&mut tx, base.owner.id).await.unwrap(), [everywhere, here]);
    assert_eq!(principals::holders(&mut tx, o, Role::Owner).await.unwrap(), 1);
    assert!(principals::take(&mut tx, o, base.owner.id, here).await.unwrap());

    let mut made = run(&base);
    runs::insert(&mut tx, &made).await.unwrap();
    made.become_(RunStatus::Running, now()).unwrap();
    made.result = Some(Json::of(&json!({"ok": [1, null]})).unwrap());
    runs::update(&mut tx, &made).await.unwrap();
    assert_eq!(runs::get(&mut tx, o, made.id).await.unwrap().unwrap(), made);
    runs::step_began(&mut tx, &made, "record", now()).await.unwrap();
    runs::step_began(&mut tx, &made, "model", now()).await.unwrap();
    runs::step_began(&mut tx, &made, "record", now()).await.unwrap();
    runs::step_ended(&mut tx, made.id, "record", StepStatus::Succeeded, None, now()).await.unwrap();
    let steps = runs::steps(&mut tx, made.id).await.unwrap();
    let shown: Vec<_> = steps.iter().map(|s| (s.name.as_str(), s.position, s.attempts, s.status)).collect();
    assert_eq!(shown, [("record", 1, 2, StepStatus::Succeeded), ("model", 2, 1, StepStatus::Running)]);
    assert!(steps[1].ended_at.is_none());

    let artifact = Artifact {
        id: ArtifactId::new(now(), &SystemRandom),
        organization: o,
        project: base.project.id,
        run: Some(made.id),
        name: "c/a.c".into(),
        media_type: "text/x-c".into(),
        digest: Digest::of(b"int a;"),
        size: 6,
        created_by: base.owner.id,
        created_at: now(),
    };
    artifacts::insert(&mut tx, &artifact).await.unwrap();
    let again = Artifact { id: ArtifactId::new(now(), &SystemRandom), ..artifact.clone() };
    artifacts::insert(&mut tx, &again).await.unwrap();
    assert_eq!(
        artifacts::of_run(&mut tx, o, made.id).await.unwrap(),
        std::slice::from_ref(&artifact),
        "a repeated step adds nothing"
    );

    let subject = Subject { name: artifact.name.clone(), digest: artifact.digest };
    let mut approval = Approval {
        id: ApprovalId::new(now(), &SystemRandom),
        organization: o,
        project: base.project.id,
        run: made.id,
        subjects: vec![subject.clone()],
        policy: Policy::default(),
        policy_version: 1,
        authors: vec![base.owner.id],
        decisions: vec![],
        status: ApprovalStatus::Pending,
        created_at: now(),
        version: 1,
    };
    approvals::insert(&mut tx, &approval).await.unwrap();
    assert_eq!(approvals::of_run(&mut tx, o, made.id).await.unwrap().unwrap(), approval);
    approval.status = ApprovalStatus::Approved;
    approval.version += 1;
    assert!(approvals::update(&mut tx, &approval).await.unwrap());
    let release = Release {
        id: ReleaseId::new(now(), &SystemRandom),
        organization: o,
        project: base.project.id,
        run: made.id,
        approval: approval.id,
        name: "radar 1".into(),
        subjects: vec![subject],
        envelope: Digest::of(b"{}"),
        created_by: base.owner.id,
        created_at: now(),
        revocation: None,
        version: 1,
    };
    releases::insert(&mut tx, &release).await.unwrap();
    let mut revoked = release.clone();
    revoked.revoke("wrong", base.owner.id, now()).unwrap();
    assert!(releases::update(&mut tx, &revoked).await.unwrap());
    assert_eq!(releases::get(&mut tx, o, release.id).await.unwrap().unwrap(), revoked);
    tx.commit().await.unwrap();

    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    let error = releases::insert(&mut tx, &Release { id: ReleaseId::new(now(), &SystemRandom), ..release }).await;
    assert_eq!(error.unwrap_err().code, "store.unique", "an approval is used once");
}

async fn the_audit_log_is_one_chain_however_many_write(database: Database) {
    let base = base(&database).await;
    let o = base.organization.id;
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let database = database.clone();
        writers.spawn(async move {
            for n in 0..10 {
                let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
                let record = Record {
                    organization: o,
                    at: now(),
                    actor: format!("writer {writer}"),
                    credential: "system".into(),
                    action: "test".into(),
                    subject: n.to_string(),
                    detail: json!({"ä": n}),
                    trace: None,
                };
                audit::append(&mut tx, record).await.unwrap();
                // every third is taken back: it must leave no gap
                if n % 3 != 2 {
                    tx.commit().await.unwrap();
                }
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let mut tx = database.read(Scope::Organization(o)).await.unwrap();
    let entries = audit::list(&mut tx, o, 0, 1000).await.unwrap();
    let mut verifier = Verifier::new(o, vec![]);
    entries.iter().for_each(|e| verifier.entry(e));
    assert_eq!(verifier.finish(), (56, vec![]));
    assert_eq!(audit::head(&mut tx, o).await.unwrap(), entries.last().map(|e| (e.seq, e.hash)));
}

async fn a_run_s_log_has_no_gaps_however_many_write(database: Database) {
    let base = base(&database).await;
    let o = base.organization.id;
    let made = run(&base);
    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    runs::insert(&mut tx, &made).await.unwrap();
    tx.commit().await.unwrap();
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (database, id) = (database.clone(), made.id);
        writers.spawn(async move {
            for n in 0..10 {
                let mut tx = database.begin(Scope::System).await.unwrap();
                runs::event(&mut tx, id, o, now(), RunEventKind::Log, json!({"text": n})).await.unwrap();
                tx.commit().await.unwrap();
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.unwrap();
    }
    let mut tx = database.read(Scope::Organization(o)).await.unwrap();
    let events = runs::events(&mut tx, made.id, 0, 100).await.unwrap();
    assert!(events.iter().map(|e| e.seq).eq(1..=60));
    assert_eq!(runs::events(&mut tx, made.id, 58, 100).await.unwrap().len(), 2);
    assert_eq!(runs::last_events(&mut tx, &[made.id]).await.unwrap(), [(made.id, 60, false)]);
}

async fn what_is_not_committed_is_not_there(database: Database) {
    let base = base(&database).await;
    let o = base.organization.id;
    let event = Event {
        id: EventId::new(now(), &SystemRandom),
        kind: EventKind::ProjectCreated,
        organization: o,
        project: Some(base.project.id),
        subject: base.project.id.to_string(),
        data: json!({}),
        at: now(),
    };
    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    outbox::append(&mut tx, &event).await.unwrap();
    drop(tx);
    let count = async |database: &Database| {
        let mut tx = database.read(Scope::System).await.unwrap();
        let rows = tx.rows("SELECT id FROM platform_outbox WHERE organization_id = ?", values![o.to_string()]).await;
        rows.unwrap().len()
    };
    assert_eq!(count(&database).await, 0);
    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    outbox::append(&mut tx, &event).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(count(&database).await, 1);
}

async fn stale_versions_change_nothing(database: Database) {
    let base = base(&database).await;
    let o = base.organization.id;
    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    let mut project = base.project.clone();
    (project.name, project.version) = ("other".into(), 2);
    assert!(projects::update(&mut tx, &project).await.unwrap());
    assert!(!projects::update(&mut tx, &project).await.unwrap());
    let mut made = run(&base);
    runs::insert(&mut tx, &made).await.unwrap();
    made.become_(RunStatus::Cancelled, now()).unwrap();
    runs::update(&mut tx, &made).await.unwrap();
    assert_eq!(runs::update(&mut tx, &made).await.unwrap_err().kind, Kind::Conflict);
    tx.commit().await.unwrap();

    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    let twin = Project { id: ProjectId::new(now(), &SystemRandom), version: 1, ..project };
    assert_eq!(projects::insert(&mut tx, &twin).await.unwrap_err().code, "store.unique");
}

async fn pages_hold_everything_once(database: Database) {
    let base = base(&database).await;
    let o = base.organization.id;
    let mut made: Vec<Run> = (0..23).map(|_| run(&base)).collect();
    let mut tx = database.begin(Scope::Organization(o)).await.unwrap();
    for r in &made {
        runs::insert(&mut tx, r).await.unwrap();
    }
    made.sort_by_key(|r| std::cmp::Reverse(r.id));
    let mut seen = Vec::new();
    let mut page = Page { before: None, limit: 5 };
    loop {
        let listed = runs::list(&mut tx, o, base.project.id, Some(RunStatus::Queued), page).await.unwrap();
        seen.extend(listed.items.iter().map(|r| r.id));
        let Some(next) = listed.next else { break };
        page.before = Some(next);
    }
    assert_eq!(seen, made.iter().map(|r| r.id).collect::<Vec<_>>());
    let none = runs::list(&mut tx, o, base.project.id, Some(RunStatus::Failed), Page::default()).await.unwrap();
    assert!(none.items.is_empty() && none.next.is_none());
    let upload = Upload {
        id: UploadId::new(now(), &SystemRandom),
        organization: o,
        project: base.project.id,
        name: "a".into(),
        media_type: "text/plain".into(),
        size: 7,
        digest: None,
        received: 0,
        created_by: base.owner.id,
        created_at: now(),
        expires_at: now().after(std::time::Duration::from_secs(60)),
        artifact: None,
    };
    uploads::insert(&mut tx, &upload).await.unwrap();
    assert_eq!(uploads::pending(&mut tx, o, now()).await.unwrap(), (1, 7));
    assert_eq!(uploads::get(&mut tx, o, upload.id).await.unwrap().unwrap(), upload);
}

async fn the_database_s_time_goes_on(database: Database) {
    let first = database.now().await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    let second = database.now().await.unwrap();
    let passed = second.since(first);
    assert!(passed.as_millis() >= 4 && passed.as_secs() < 30, "{passed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_other_organizations_rows_out_of_sight() {
    let fresh = postgres().await;
    let (ours, theirs) = (base(&fresh.database).await, base(&fresh.database).await);
    let mut tx = fresh.database.begin(Scope::Organization(ours.organization.id)).await.unwrap();
    // a query that forgets to ask for the organization
    let rows = tx.rows("SELECT id FROM platform_projects", values![]).await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].text("id").unwrap(), ours.project.id.to_string());
    let gone = tx.execute("DELETE FROM platform_projects WHERE id = ?", values![theirs.project.id.to_string()]).await;
    assert_eq!(gone.unwrap(), 0);
    let intruder = Project { id: ProjectId::new(now(), &SystemRandom), name: "x".into(), ..theirs.project.clone() };
    assert!(projects::insert(&mut tx, &intruder).await.is_err(), "a row of somebody else's cannot be written");
    drop(tx);
    let mut tx = fresh.database.read(Scope::System).await.unwrap();
    assert_eq!(tx.rows("SELECT id FROM platform_projects", values![]).await.unwrap().len(), 2);
    // every table that has an organization is behind the wall
    let open = tx
        .rows(
            "SELECT c.relname AS name FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
            WHERE a.attname = 'organization_id' AND c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
            values![],
        )
        .await
        .unwrap();
    assert!(open.is_empty(), "{:?}", open.iter().map(|r| r.text("name").unwrap()).collect::<Vec<_>>());
}
