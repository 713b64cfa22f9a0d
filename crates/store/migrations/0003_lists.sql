-- Lists are read by organization or project and identifier, newest first: so that a page is found and not searched for.
-- Adds only, as 0002 does.

CREATE INDEX platform_projects_by_organization ON platform_projects (organization_id, id);
CREATE INDEX platform_tokens_by_organization ON platform_tokens (organization_id, id);
CREATE INDEX platform_releases_by_project ON platform_releases (project_id, id);
