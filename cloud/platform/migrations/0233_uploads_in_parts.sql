-- Uploads of archives in parts that are not finished. What each part must be was said at the start. Staged
-- parts are shared by their digest, so which were received is kept here: only who sent the bytes has them.
-- One row per archive and tenant: whoever begins the same one again goes on with it.
CREATE TABLE bundle_orchestrator.artifact_uploads (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text,
  digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  size_bytes bigint NOT NULL CHECK (size_bytes > 0),
  parts text[] NOT NULL,
  received integer[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT artifact_uploads_once UNIQUE (tenant_id, digest)
);
-- For the sweep, which asks whether anybody waits for a part.
CREATE INDEX artifact_uploads_parts ON bundle_orchestrator.artifact_uploads USING gin (parts);
CREATE INDEX artifact_uploads_age ON bundle_orchestrator.artifact_uploads (expires_at);
SELECT platform.hold_tenant_rows('bundle_orchestrator.artifact_uploads');
