-- Instants are microseconds since 1970. Identifiers and digests are text. JSON is text.
-- Every table with an organization_id is closed to other organizations on PostgreSQL (see the end).

CREATE TABLE platform_organizations (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE platform_principals (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES platform_organizations (id),
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    email TEXT UNIQUE,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX platform_principals_by_organization ON platform_principals (organization_id, id);

CREATE TABLE platform_projects (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES platform_organizations (id),
    name TEXT NOT NULL,
    policy TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    created_by TEXT NOT NULL REFERENCES platform_principals (id),
    created_at BIGINT NOT NULL,
    archived_at BIGINT,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX platform_projects_by_name ON platform_projects (organization_id, name) WHERE archived_at IS NULL;

-- project_id is empty for a role in the whole organization
CREATE TABLE platform_grants (
    organization_id TEXT NOT NULL REFERENCES platform_organizations (id),
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    role TEXT NOT NULL,
    project_id TEXT NOT NULL,
    PRIMARY KEY (principal_id, role, project_id)
);

-- Secrets are never kept: password_hash is Argon2id, the others SHA-256 of random bits.
CREATE TABLE platform_credentials (
    principal_id TEXT PRIMARY KEY REFERENCES platform_principals (id),
    organization_id TEXT NOT NULL,
    password_hash TEXT,
    totp_secret TEXT,
    totp_confirmed_at BIGINT,
    totp_last_step BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE platform_identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
);

CREATE TABLE platform_recovery_codes (
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    code_hash TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    PRIMARY KEY (principal_id, code_hash)
);

-- One-time links by which somebody sets a password.
CREATE TABLE platform_links (
    secret_hash TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX platform_links_by_principal ON platform_links (principal_id);

-- Failed sign-ins, by the hash of an account's name or a network address.
CREATE TABLE platform_throttles (
    name TEXT PRIMARY KEY,
    failures BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX platform_throttles_by_age ON platform_throttles (last_at);

-- Sign-ins that were sent to a provider of single sign-on and have not come back.
CREATE TABLE platform_oidc_sign_ins (
    state_hash TEXT PRIMARY KEY,
    provider TEXT NOT NULL,
    browser_hash TEXT NOT NULL,
    nonce TEXT NOT NULL,
    verifier TEXT NOT NULL,
    then_to TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Roles in platform_grants that a provider gave and nobody gave by hand: they go when the provider takes them.
CREATE TABLE platform_provided_grants (
    issuer TEXT NOT NULL,
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    role TEXT NOT NULL,
    project_id TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    PRIMARY KEY (issuer, principal_id, role, project_id)
);

CREATE TABLE platform_certificates (
    fingerprint TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX platform_certificates_by_principal ON platform_certificates (principal_id);

CREATE TABLE platform_sessions (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    secret_hash TEXT NOT NULL UNIQUE,
    method TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX platform_sessions_by_principal ON platform_sessions (principal_id);

CREATE TABLE platform_tokens (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES platform_organizations (id),
    principal_id TEXT NOT NULL REFERENCES platform_principals (id),
    name TEXT NOT NULL,
    secret_hash TEXT NOT NULL UNIQUE,
    scopes TEXT,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX platform_tokens_by_principal ON platform_tokens (principal_id, id);

CREATE TABLE platform_uploads (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES platform_projects (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    digest TEXT,
    received BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    artifact_id TEXT
);
CREATE INDEX platform_uploads_by_expiry ON platform_uploads (expires_at);

CREATE TABLE platform_runs (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES platform_projects (id),
    workflow TEXT NOT NULL,
    input TEXT NOT NULL,
    status TEXT NOT NULL,
    result TEXT,
    error TEXT,
    retry_of TEXT,
    created_by TEXT NOT NULL REFERENCES platform_principals (id),
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    last_event BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX platform_runs_by_project ON platform_runs (project_id, id);
CREATE INDEX platform_runs_by_status ON platform_runs (status) WHERE ended_at IS NULL;

CREATE TABLE platform_run_events (
    run_id TEXT NOT NULL REFERENCES platform_runs (id),
    organization_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
);

CREATE TABLE platform_steps (
    run_id TEXT NOT NULL REFERENCES platform_runs (id),
    organization_id TEXT NOT NULL,
    name TEXT NOT NULL,
    position BIGINT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    detail TEXT,
    PRIMARY KEY (run_id, name)
);

CREATE TABLE platform_artifacts (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES platform_projects (id),
    run_id TEXT REFERENCES platform_runs (id),
    name TEXT NOT NULL,
    media_type TEXT NOT NULL,
    digest TEXT NOT NULL,
    size BIGINT NOT NULL,
    created_by TEXT NOT NULL REFERENCES platform_principals (id),
    created_at BIGINT NOT NULL
);
CREATE INDEX platform_artifacts_by_project ON platform_artifacts (project_id, id);
CREATE INDEX platform_artifacts_by_digest ON platform_artifacts (digest);
CREATE UNIQUE INDEX platform_artifacts_by_run ON platform_artifacts (run_id, name) WHERE run_id IS NOT NULL;

CREATE TABLE platform_checks (
    run_id TEXT NOT NULL REFERENCES platform_runs (id),
    organization_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    check_id TEXT NOT NULL,
    target TEXT,
    title TEXT NOT NULL,
    verdict TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run_id, position)
);

CREATE TABLE platform_claims (
    run_id TEXT NOT NULL REFERENCES platform_runs (id),
    organization_id TEXT NOT NULL,
    target TEXT NOT NULL,
    level TEXT NOT NULL,
    PRIMARY KEY (run_id, target)
);

CREATE TABLE platform_approvals (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES platform_projects (id),
    run_id TEXT NOT NULL REFERENCES platform_runs (id),
    subjects TEXT NOT NULL,
    policy TEXT NOT NULL,
    policy_version BIGINT NOT NULL,
    authors TEXT NOT NULL,
    decisions TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);
CREATE INDEX platform_approvals_by_project ON platform_approvals (project_id, id);
CREATE UNIQUE INDEX platform_approvals_open ON platform_approvals (run_id) WHERE status = 'pending';

CREATE TABLE platform_releases (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    project_id TEXT NOT NULL REFERENCES platform_projects (id),
    run_id TEXT NOT NULL REFERENCES platform_runs (id),
    approval_id TEXT NOT NULL UNIQUE REFERENCES platform_approvals (id),
    name TEXT NOT NULL,
    subjects TEXT NOT NULL,
    envelope TEXT NOT NULL,
    created_by TEXT NOT NULL REFERENCES platform_principals (id),
    created_at BIGINT NOT NULL,
    revocation TEXT,
    version BIGINT NOT NULL
);
CREATE UNIQUE INDEX platform_releases_by_name ON platform_releases (project_id, name);

CREATE TABLE platform_audit (
    organization_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    credential TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL,
    trace TEXT,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (organization_id, seq)
);
CREATE INDEX platform_audit_by_subject ON platform_audit (organization_id, subject, seq);

-- The row that writers of one organization's log wait for.
CREATE TABLE platform_audit_heads (
    organization_id TEXT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);

CREATE TABLE platform_audit_checkpoints (
    organization_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    envelope TEXT NOT NULL,
    PRIMARY KEY (organization_id, seq)
);

-- Events on their way out. seq is the order in which they were written; done names the consumers that have one
-- already; while a relay holds one, due_at is when the hold ends.
CREATE TABLE platform_outbox (
-- only sqlite
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
-- only postgres
    seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
-- both
    id TEXT NOT NULL UNIQUE,
    organization_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    project_id TEXT,
    subject TEXT NOT NULL,
    data TEXT NOT NULL,
    at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    delivered_at BIGINT,
    done TEXT NOT NULL DEFAULT '',
    failure TEXT
);
CREATE INDEX platform_outbox_due ON platform_outbox (due_at, seq) WHERE delivered_at IS NULL;
CREATE INDEX platform_outbox_by_subject ON platform_outbox (organization_id, subject, seq) WHERE delivered_at IS NULL;
CREATE INDEX platform_outbox_delivered ON platform_outbox (delivered_at) WHERE delivered_at IS NOT NULL;

-- kinds is a JSON list, empty for all. Secrets are sealed with a key that is not in the database. failing_since is
-- when the failures began that no success has interrupted.
CREATE TABLE platform_webhooks (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL REFERENCES platform_organizations (id),
    project_id TEXT REFERENCES platform_projects (id),
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    kinds TEXT NOT NULL,
    secret TEXT NOT NULL,
    old_secret TEXT,
    old_secret_until BIGINT,
    created_by TEXT NOT NULL REFERENCES platform_principals (id),
    created_at BIGINT NOT NULL,
    failing_since BIGINT,
    disabled_at BIGINT,
    disabled_because TEXT,
    version BIGINT NOT NULL
);
CREATE INDEX platform_webhooks_by_organization ON platform_webhooks (organization_id, id);

-- An event goes to a webhook once; what somebody sends again is a row of its own.
CREATE TABLE platform_deliveries (
    id TEXT PRIMARY KEY,
    organization_id TEXT NOT NULL,
    webhook_id TEXT NOT NULL REFERENCES platform_webhooks (id),
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    replay_of TEXT,
    body TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    attempted_at BIGINT,
    ended_at BIGINT,
    answer_status BIGINT,
    answer TEXT,
    failure TEXT
);
CREATE INDEX platform_deliveries_due ON platform_deliveries (webhook_id, due_at, id) WHERE ended_at IS NULL;
CREATE INDEX platform_deliveries_by_webhook ON platform_deliveries (webhook_id, id);
CREATE INDEX platform_deliveries_ended ON platform_deliveries (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX platform_deliveries_once ON platform_deliveries (webhook_id, event_id) WHERE replay_of IS NULL;

CREATE TABLE platform_idempotency (
    principal_id TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    organization_id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status BIGINT,
    headers TEXT,
    body TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, idempotency_key)
);
CREATE INDEX platform_idempotency_by_expiry ON platform_idempotency (expires_at);

-- Values of this installation: one-time links, keys of counters.
CREATE TABLE platform_settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE platform_executors (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    version TEXT NOT NULL,
    queues TEXT NOT NULL,
    tools TEXT NOT NULL,
    started_at BIGINT NOT NULL,
    beat_at BIGINT NOT NULL,
    stopped_at BIGINT,
    taken_over_at BIGINT
);

-- The second wall: whatever a query forgets, rows of other organizations are not there. Each transaction says whose it
-- is (store::database::enter), '*' is the platform itself. A superuser walks through it: serve with an ordinary role.
-- only postgres
ALTER TABLE platform_organizations ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_organizations FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_organizations
    USING (current_setting('proofmark.organization', true) IN (id, '*'));
ALTER TABLE platform_principals ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_principals FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_principals
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_projects ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_projects FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_projects
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_grants FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_grants
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_credentials ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_credentials FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_credentials
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_identities ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_identities FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_identities
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_recovery_codes
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_links ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_links FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_links
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_provided_grants ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_provided_grants FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_provided_grants
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_certificates ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_certificates FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_certificates
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_sessions
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_tokens ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_tokens FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_tokens
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_uploads ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_uploads FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_uploads
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_runs ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_runs FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_runs
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_run_events ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_run_events FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_run_events
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_steps ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_steps FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_steps
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_artifacts ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_artifacts FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_artifacts
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_checks ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_checks FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_checks
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_claims ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_claims FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_claims
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_approvals ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_approvals FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_approvals
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_releases ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_releases FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_releases
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_audit FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_audit
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_audit_heads ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_audit_heads FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_audit_heads
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_audit_checkpoints ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_audit_checkpoints FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_audit_checkpoints
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_outbox ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_outbox FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_outbox
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_webhooks ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_webhooks FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_webhooks
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_deliveries ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_deliveries FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_deliveries
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
ALTER TABLE platform_idempotency ENABLE ROW LEVEL SECURITY;
ALTER TABLE platform_idempotency FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON platform_idempotency
    USING (current_setting('proofmark.organization', true) IN (organization_id, '*'));
-- both
