//! Domain events: what happened, for whoever wants to know. They are written to the outbox in the transaction that made
//! them true, and leave the building as CloudEvents.

use crate::organization::{OrganizationId, ProjectId};
use proofmark_base::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

proofmark_base::id!(
    /// An event.
    EventId, "evt"
);

proofmark_base::names!(
    /// What happened: the last part of the CloudEvents `type`, `dev.proofmark.run.requested`.
    EventKind, "kind of event", {
        /// A run was accepted; a worker is to take it.
        RunRequested = "run.requested",
        /// Somebody wants a run stopped.
        RunCancelRequested = "run.cancel-requested",
        /// A run's state changed.
        RunStatusChanged = "run.status-changed",
        /// An approval was asked for.
        ApprovalRequested = "approval.requested",
        /// Somebody decided about an approval.
        ApprovalDecided = "approval.decided",
        /// Something was released.
        ReleaseCreated = "release.created",
        /// A release was revoked.
        ReleaseRevoked = "release.revoked",
        /// A project was made.
        ProjectCreated = "project.created",
        /// A project was changed.
        ProjectUpdated = "project.updated",
        /// Somebody asked for a test of a webhook.
        WebhookTest = "webhook.test",
    }
);

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Identifier: what receivers recognise repetitions by.
    pub id: EventId,
    /// What.
    pub kind: EventKind,
    /// In whose house.
    pub organization: OrganizationId,
    /// In which project, if in one.
    pub project: Option<ProjectId>,
    /// The identifier of what it happened to.
    pub subject: String,
    /// More about it; no personal data.
    pub data: Value,
    /// When.
    pub at: Timestamp,
}
