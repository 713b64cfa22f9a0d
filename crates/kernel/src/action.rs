//! What can be done: every use case and every endpoint names its action, and policies speak of nothing else.

proofmark_base::names!(
    /// An action, `resource.verb`.
    Action, "action", {
        /// Read the organization.
        OrganizationRead = "organization.read",
        /// Change the organization.
        OrganizationUpdate = "organization.update",
        /// See principals and their roles.
        PrincipalRead = "principal.read",
        /// Add, change and shut out principals, and give and take roles.
        PrincipalManage = "principal.manage",
        /// See projects.
        ProjectRead = "project.read",
        /// Make a project.
        ProjectCreate = "project.create",
        /// Rename or archive a project.
        ProjectUpdate = "project.update",
        /// Change what must hold before a release.
        ProjectSetPolicy = "project.set-policy",
        /// Read artifacts and their bytes.
        ArtifactRead = "artifact.read",
        /// Upload artifacts.
        ArtifactCreate = "artifact.create",
        /// See runs, their steps and their log.
        RunRead = "run.read",
        /// Start a run, or repeat one.
        RunCreate = "run.create",
        /// Stop a run.
        RunCancel = "run.cancel",
        /// See approvals.
        ApprovalRead = "approval.read",
        /// Decide about an approval.
        ApprovalDecide = "approval.decide",
        /// See releases.
        ReleaseRead = "release.read",
        /// Release what was approved.
        ReleaseCreate = "release.create",
        /// Revoke a release.
        ReleaseRevoke = "release.revoke",
        /// Read and export the audit log.
        AuditRead = "audit.read",
        /// See and make one's own tokens, and revoke them.
        TokenOwn = "token.own",
        /// See and revoke everybody's tokens, and make those of service accounts.
        TokenManage = "token.manage",
        /// See and change webhooks, and replay deliveries.
        WebhookManage = "webhook.manage",
        /// See workers and queues.
        SystemRead = "system.read",
    }
);

impl Action {
    /// Whether it only reads.
    pub fn reads(self) -> bool {
        use Action::{
            ApprovalRead, ArtifactRead, AuditRead, OrganizationRead, PrincipalRead, ProjectRead, ReleaseRead, RunRead,
            SystemRead,
        };
        matches!(
            self,
            OrganizationRead
                | PrincipalRead
                | ProjectRead
                | ArtifactRead
                | RunRead
                | ApprovalRead
                | ReleaseRead
                | AuditRead
                | SystemRead
        )
    }
}
