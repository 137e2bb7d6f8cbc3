-- What becomes of a bundle and of its versions after they were made: deprecated, and deleted when
-- nobody uses them. What a version says stays in its own row for good; that of a deleted one too, so
-- that its number is never given again and the history of rollouts keeps its meaning.
ALTER TABLE bundle_orchestrator.bundles
  ADD COLUMN deprecated_at timestamptz,
  ADD COLUMN deprecated_by text,
  ADD COLUMN deprecation_reason text,
  ADD COLUMN deleted_at timestamptz,
  ADD COLUMN deleted_by text;
GRANT UPDATE (name, description, deprecated_at, deprecated_by, deprecation_reason, deleted_at, deleted_by),
  DELETE ON bundle_orchestrator.bundles TO sb_api;

CREATE TABLE bundle_orchestrator.version_lives (
  tenant_id uuid NOT NULL,
  bundle_id uuid NOT NULL,
  version text NOT NULL,
  deprecated_at timestamptz,
  deprecated_by text,
  deprecation_reason text,
  deleted_at timestamptz,
  deleted_by text,
  PRIMARY KEY (tenant_id, bundle_id, version),
  FOREIGN KEY (tenant_id, bundle_id, version)
    REFERENCES bundle_orchestrator.bundle_versions (tenant_id, bundle_id, version)
);
SELECT platform.hold_tenant_rows('bundle_orchestrator.version_lives', 'SELECT, INSERT, UPDATE');

-- For finding whoever uses a version.
CREATE INDEX rollouts_version ON bundle_orchestrator.rollouts (tenant_id, bundle_id, version);

CREATE OR REPLACE VIEW bundle_orchestrator.public_bundle_versions WITH (security_invoker = true) AS
  SELECT v.tenant_id, v.bundle_id, b.name AS bundle_name, v.version
    FROM bundle_orchestrator.bundle_versions v
    JOIN bundle_orchestrator.bundles b ON b.tenant_id = v.tenant_id AND b.id = v.bundle_id
   WHERE b.deleted_at IS NULL AND NOT EXISTS (
     SELECT 1 FROM bundle_orchestrator.version_lives life
      WHERE life.tenant_id = v.tenant_id AND life.bundle_id = v.bundle_id
        AND life.version = v.version AND life.deleted_at IS NOT NULL);
