//! What every use case works with, and the unit of work that keeps a change, its audit entry and its events together.

use crate::authorization::Authorizer;
use crate::workflows::Workflows;
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::Random;
use proofmark_base::time::{Clock, Timestamp};
use proofmark_bus::Waker;
use proofmark_evidence::dsse::SecretKey;
use proofmark_kernel::action::Action;
use proofmark_kernel::audit::Record;
use proofmark_kernel::event::{Event, EventId, EventKind};
use proofmark_kernel::organization::{Project, ProjectId};
use proofmark_kernel::principal::{Caller, Credential};
use proofmark_store::blobs::Blobs;
use proofmark_store::{Connection, Database, Scope, Transaction, audit, outbox, projects};
use serde_json::Value;
use std::sync::Arc;

/// The platform as its use cases see it. Cheap to clone.
#[derive(Clone)]
pub struct Platform {
    /// Where everything is remembered.
    pub database: Database,
    /// Where bytes lie.
    pub blobs: Blobs,
    /// Wall clock: for what people read; leases and order use the database's.
    pub clock: Arc<dyn Clock>,
    /// For identifiers and secrets.
    pub random: Arc<dyn Random>,
    /// Who may what.
    pub authorizer: Authorizer,
    /// What identity keeps in the process: the password hasher and the cache of who was authenticated.
    pub identity: Arc<crate::identity::Identity>,
    /// Encrypts what must be read again: TOTP and webhook secrets.
    pub sealer: Arc<crate::sealing::Sealer>,
    /// Signs releases and audit checkpoints.
    pub signer: Arc<SecretKey>,
    /// The workflows that runs can be of.
    pub workflows: Arc<Workflows>,
    /// Bounds of what one request and one organization may take.
    pub limits: Limits,
    /// Told after each commit that wrote events: whoever delivers them need not wait for its next look.
    pub events_written: Waker,
}

/// Bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest artifact, bytes.
    pub artifact_bytes: i64,
    /// Bytes that an organization's unfinished uploads may announce together.
    pub pending_bytes: i64,
    /// Unfinished uploads of an organization.
    pub pending_uploads: i64,
    /// Runs of an organization that have not ended.
    pub open_runs: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { artifact_bytes: 8 << 30, pending_bytes: 32 << 30, pending_uploads: 100, open_runs: 1_000 }
    }
}

impl Platform {
    /// Now, by the wall clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A transaction that reads what the caller's organization has.
    ///
    /// # Errors
    /// `store.unavailable`.
    pub async fn read(&self, caller: &Caller) -> Result<Transaction> {
        self.database.read(Scope::Organization(caller.organization)).await
    }

    /// A unit of work of the caller's.
    ///
    /// # Errors
    /// `store.unavailable`, `store.busy`.
    pub async fn work<'a>(&'a self, caller: &'a Caller) -> Result<Work<'a>> {
        let tx = self.database.begin(Scope::Organization(caller.organization)).await?;
        Ok(Work { platform: self, caller, tx, now: self.now(), events: false })
    }

    /// The project, if the caller may do `action` in it. A project that the caller may not see is not there.
    ///
    /// # Errors
    /// `project.not-found`, `authorization.denied`, `authorization.scope`.
    pub async fn project(
        &self,
        on: &mut dyn Connection,
        caller: &Caller,
        action: Action,
        id: ProjectId,
    ) -> Result<Project> {
        let project = projects::get(on, caller.organization, id).await?.ok_or_else(|| Error::not_found("project"))?;
        self.may_in(caller, action, id, "project")?;
        Ok(project)
    }

    /// Whether the caller may do `action` in a project. Whoever may not even see the project learns only that there is
    /// no such `what`.
    ///
    /// # Errors
    /// `WHAT.not-found`, `authorization.denied`, `authorization.scope`.
    pub fn may_in(&self, caller: &Caller, action: Action, project: ProjectId, what: &str) -> Result<()> {
        match self.authorizer.check(caller, action, Some(project)) {
            Ok(()) => Ok(()),
            Err(e) if e.kind == Kind::Forbidden => {
                // limited credentials of somebody who may see the project are told that they are limited
                let unlimited = Caller { scopes: None, ..caller.clone() };
                match self.authorizer.check(&unlimited, Action::ProjectRead, Some(project)) {
                    Ok(()) => Err(e),
                    Err(_) => Err(Error::not_found(what)),
                }
            }
            Err(e) => Err(e),
        }
    }
}

/// How somebody showed who they are, as the audit log has it.
pub fn credential(caller: &Caller) -> String {
    match caller.credential {
        Credential::Session(id) => format!("session {id}"),
        Credential::Token(id) => format!("token {id}"),
        Credential::Certificate(fingerprint) => format!("certificate {fingerprint}"),
        Credential::System => "system".into(),
    }
}

/// One transaction of a caller's: the change, its audit entries and its events commit together or not at all.
pub struct Work<'a> {
    platform: &'a Platform,
    caller: &'a Caller,
    tx: Transaction,
    /// When it happens.
    pub now: Timestamp,
    events: bool,
}

impl Work<'_> {
    /// Where to run SQL.
    pub fn on(&mut self) -> &mut dyn Connection {
        &mut self.tx
    }

    /// The project, if the caller may do `action` in it.
    ///
    /// # Errors
    /// As [`Platform::project`].
    pub async fn project(&mut self, action: Action, id: ProjectId) -> Result<Project> {
        self.platform.project(&mut self.tx, self.caller, action, id).await
    }

    /// Writes to the audit log what the caller did.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn audit(&mut self, action: &str, subject: impl std::fmt::Display, detail: Value) -> Result<()> {
        let record = Record {
            organization: self.caller.organization,
            at: self.now,
            actor: self.caller.principal.to_string(),
            credential: credential(self.caller),
            action: action.into(),
            subject: subject.to_string(),
            detail,
            trace: crate::trace::current(),
        };
        audit::append(&mut self.tx, record).await?;
        Ok(())
    }

    /// Tells others of it, once it is true.
    ///
    /// # Errors
    /// As [`Connection::execute`].
    pub async fn event(
        &mut self,
        kind: EventKind,
        project: Option<ProjectId>,
        subject: impl std::fmt::Display,
        data: Value,
    ) -> Result<()> {
        let event = Event {
            id: EventId::new(self.now, &*self.platform.random),
            kind,
            organization: self.caller.organization,
            project,
            subject: subject.to_string(),
            data,
            at: self.now,
        };
        self.events = true;
        outbox::append(&mut self.tx, &event).await
    }

    /// Makes it all true.
    ///
    /// # Errors
    /// As [`Transaction::commit`]; nothing is kept then.
    pub async fn commit(self) -> Result<()> {
        self.tx.commit().await?;
        if self.events {
            self.platform.events_written.wake();
        }
        Ok(())
    }
}

/// The error for a version that is not the current one any more.
pub fn stale(what: &str) -> Error {
    Error::new(Kind::Precondition, "version.stale", format!("the {what} was changed in the meantime"))
        .help("read it again and repeat the change on its current version")
}
