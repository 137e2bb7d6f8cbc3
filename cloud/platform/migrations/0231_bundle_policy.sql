-- What a tenant lets its bundles ask of a device: one row, written whole; none means all that the
-- installation allows.
CREATE TABLE bundle_orchestrator.bundle_policies (
  tenant_id uuid PRIMARY KEY,
  policy jsonb NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL
);
SELECT platform.hold_tenant_rows('bundle_orchestrator.bundle_policies', 'SELECT, INSERT, UPDATE');
