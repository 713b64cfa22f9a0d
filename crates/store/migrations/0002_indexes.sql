-- Indexes for queries that read a whole table: roles and single sign-on of an organization's members, uploads and runs
-- that are under way, sign-ins that did not come back. Adds only: servers of the version before go on beside it. While an
-- index is made on PostgreSQL, writes to its table wait.

CREATE INDEX platform_grants_by_organization ON platform_grants (organization_id);
CREATE INDEX platform_identities_by_principal ON platform_identities (principal_id);
CREATE INDEX platform_uploads_open ON platform_uploads (organization_id) WHERE artifact_id IS NULL;
CREATE INDEX platform_runs_open ON platform_runs (organization_id) WHERE ended_at IS NULL;
CREATE INDEX platform_oidc_sign_ins_by_expiry ON platform_oidc_sign_ins (expires_at);
