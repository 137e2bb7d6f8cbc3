-- Uploaded images, bundles and their immutable versions, desired states and rollouts.

-- An image as it was uploaded: `signalbeam.local/<name>@<digest>`.
CREATE TABLE bundle_orchestrator.artifacts (
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  media_type text NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  tags text[] NOT NULL DEFAULT '{}',
  platforms text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (tenant_id, name, digest)
);
CREATE INDEX artifacts_digest ON bundle_orchestrator.artifacts (tenant_id, digest);
CREATE INDEX artifacts_newest ON bundle_orchestrator.artifacts (tenant_id, created_at DESC, digest);
SELECT platform.hold_tenant_rows('bundle_orchestrator.artifacts', 'SELECT, INSERT, UPDATE');

-- What an image is made of, its manifest first. A tenant may read a blob only if a row here says
-- that it belongs to one of its own images, whoever else uploaded the same bytes.
CREATE TABLE bundle_orchestrator.artifact_blobs (
  tenant_id uuid NOT NULL,
  image_digest text NOT NULL,
  digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
  position integer NOT NULL,
  size_bytes bigint NOT NULL CHECK (size_bytes >= 0),
  media_type text NOT NULL,
  PRIMARY KEY (tenant_id, image_digest, digest)
);
CREATE INDEX artifact_blobs_digest ON bundle_orchestrator.artifact_blobs (tenant_id, digest);
SELECT platform.hold_tenant_rows('bundle_orchestrator.artifact_blobs', 'SELECT, INSERT');

CREATE TABLE bundle_orchestrator.bundles (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  PRIMARY KEY (tenant_id, id),
  CONSTRAINT bundles_name UNIQUE (tenant_id, name)
);
SELECT platform.hold_tenant_rows('bundle_orchestrator.bundles', 'SELECT, INSERT');

-- Immutable: nobody is granted UPDATE or DELETE, and the trigger holds it against the owner too.
-- `order_key` sorts byte by byte as semantic versions do.
CREATE TABLE bundle_orchestrator.bundle_versions (
  tenant_id uuid NOT NULL,
  bundle_id uuid NOT NULL,
  version text NOT NULL,
  order_key text COLLATE "C" NOT NULL,
  containers jsonb NOT NULL,
  release_notes text NOT NULL DEFAULT '',
  release_digest text NOT NULL CHECK (release_digest ~ '^sha256:[0-9a-f]{64}$'),
  release_envelope bytea NOT NULL,
  created_at timestamptz NOT NULL,
  created_by text NOT NULL,
  PRIMARY KEY (tenant_id, bundle_id, version),
  FOREIGN KEY (tenant_id, bundle_id) REFERENCES bundle_orchestrator.bundles (tenant_id, id)
);
CREATE INDEX bundle_versions_order
  ON bundle_orchestrator.bundle_versions (tenant_id, bundle_id, order_key DESC);
CREATE UNIQUE INDEX bundle_versions_digest
  ON bundle_orchestrator.bundle_versions (tenant_id, release_digest);
SELECT platform.hold_tenant_rows('bundle_orchestrator.bundle_versions', 'SELECT, INSERT');

CREATE FUNCTION bundle_orchestrator.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a released version never changes' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER immutable BEFORE UPDATE OR DELETE ON bundle_orchestrator.bundle_versions
  FOR EACH ROW EXECUTE FUNCTION bundle_orchestrator.refuse_change();

-- What the cloud wants of each device: the truth of which the hub's bucket is a copy.
-- `published_*` say how far that copy got; both fall back to 0 when the bucket was lost.
CREATE TABLE bundle_orchestrator.desired_states (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  generation bigint NOT NULL CHECK (generation >= 1),
  slots jsonb NOT NULL,
  envelope bytea NOT NULL,
  issued_at timestamptz NOT NULL,
  published_generation bigint NOT NULL DEFAULT 0,
  published_revision bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, device_id)
) WITH (fillfactor = 70);
CREATE INDEX desired_states_waiting ON bundle_orchestrator.desired_states (tenant_id, device_id)
  WHERE published_generation < generation;
SELECT platform.hold_tenant_rows('bundle_orchestrator.desired_states', 'SELECT, INSERT, UPDATE');
GRANT DELETE ON bundle_orchestrator.desired_states TO sb_system;

CREATE FUNCTION bundle_orchestrator.only_grow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.generation < OLD.generation OR
     (NEW.generation = OLD.generation AND NEW.envelope IS DISTINCT FROM OLD.envelope) THEN
    RAISE EXCEPTION 'a generation only grows' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END
$$;
CREATE TRIGGER only_grow BEFORE UPDATE ON bundle_orchestrator.desired_states
  FOR EACH ROW EXECUTE FUNCTION bundle_orchestrator.only_grow();

-- The bucket's own date of birth: another one means that it was lost and made anew.
CREATE TABLE bundle_orchestrator.desired_bucket (
  "only" boolean PRIMARY KEY DEFAULT true CHECK ("only"),
  created text NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON bundle_orchestrator.desired_bucket TO sb_system;

-- The newest report of each device, as far as it concerns bundles.
CREATE TABLE bundle_orchestrator.device_reports (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  epoch text NOT NULL,
  seq bigint NOT NULL,
  received_at timestamptz NOT NULL,
  generation bigint NOT NULL,
  slots jsonb NOT NULL,
  PRIMARY KEY (tenant_id, device_id)
) WITH (fillfactor = 70);
SELECT platform.hold_tenant_rows('bundle_orchestrator.device_reports', 'SELECT');
GRANT INSERT, UPDATE, DELETE ON bundle_orchestrator.device_reports TO sb_system;

CREATE TABLE bundle_orchestrator.rollouts (
  tenant_id uuid NOT NULL,
  id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  bundle_id uuid NOT NULL,
  version text NOT NULL,
  status text NOT NULL DEFAULT 'in-progress'
    CHECK (status IN ('in-progress', 'succeeded', 'failed', 'cancelled')),
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  completed_at timestamptz,
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, bundle_id, version)
    REFERENCES bundle_orchestrator.bundle_versions (tenant_id, bundle_id, version)
);
CREATE INDEX rollouts_newest ON bundle_orchestrator.rollouts (tenant_id, created_at DESC, id);
CREATE INDEX rollouts_active ON bundle_orchestrator.rollouts (tenant_id, id)
  WHERE status = 'in-progress';
SELECT platform.hold_tenant_rows('bundle_orchestrator.rollouts', 'SELECT, INSERT, UPDATE');

-- `device_name` is what it was called then, for when the device is gone. Going back to an earlier
-- version is simply another rollout: nothing here is unique by version.
CREATE TABLE bundle_orchestrator.rollout_devices (
  tenant_id uuid NOT NULL,
  rollout_id uuid NOT NULL,
  device_id uuid NOT NULL,
  bundle_id uuid NOT NULL,
  device_name text NOT NULL,
  status text NOT NULL DEFAULT 'pending'
    CHECK (status IN ('pending', 'in-progress', 'succeeded', 'failed', 'cancelled')),
  reason text,
  log_tail text[] NOT NULL DEFAULT '{}',
  previous_slot jsonb,
  requested_generation bigint NOT NULL,
  started_at timestamptz,
  completed_at timestamptz,
  retry_count integer NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, rollout_id, device_id),
  FOREIGN KEY (tenant_id, rollout_id) REFERENCES bundle_orchestrator.rollouts (tenant_id, id)
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX rollout_devices_one_active
  ON bundle_orchestrator.rollout_devices (tenant_id, device_id, bundle_id)
  WHERE status IN ('pending', 'in-progress');
SELECT platform.hold_tenant_rows('bundle_orchestrator.rollout_devices', 'SELECT, INSERT, UPDATE');

-- For the other services: what each device shall run, and what it says of it.
CREATE VIEW bundle_orchestrator.public_device_slots
  WITH (security_invoker = true, security_barrier = true) AS
SELECT
  desired.tenant_id,
  desired.device_id,
  desired.generation,
  (slot ->> 'bundleId')::uuid AS bundle_id,
  slot ->> 'bundleName' AS bundle_name,
  slot ->> 'version' AS version,
  coalesce(
    (SELECT reported ->> 'status'
       FROM bundle_orchestrator.device_reports report,
            jsonb_array_elements(report.slots) AS reported
      WHERE report.tenant_id = desired.tenant_id
        AND report.device_id = desired.device_id
        AND reported ->> 'bundleId' = slot ->> 'bundleId'
        AND reported ->> 'version' = slot ->> 'version'
        AND reported ->> 'requestedGeneration' = slot ->> 'requestedGeneration'
      LIMIT 1),
    'pending') AS status
FROM bundle_orchestrator.desired_states desired
CROSS JOIN LATERAL jsonb_array_elements(desired.slots) AS slot;
GRANT SELECT ON bundle_orchestrator.public_device_slots TO sb_api, sb_system;
