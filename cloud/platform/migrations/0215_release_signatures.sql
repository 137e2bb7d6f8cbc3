-- A withdrawn release key: every version is signed again by the new one. What a version says stays
-- for good; only the envelope around it, and with it the digest by which devices fetch it, is another.
CREATE OR REPLACE FUNCTION bundle_orchestrator.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND
     to_jsonb(NEW) - '{release_digest,release_envelope}'::text[]
       = to_jsonb(OLD) - '{release_digest,release_envelope}'::text[] AND
     convert_from(NEW.release_envelope, 'UTF8')::jsonb - 'signatures'
       = convert_from(OLD.release_envelope, 'UTF8')::jsonb - 'signatures' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'a released version never changes' USING ERRCODE = 'restrict_violation';
END
$$;
GRANT UPDATE (release_digest, release_envelope) ON bundle_orchestrator.bundle_versions TO sb_api;

-- Envelopes of before, by the digests that devices may still hold.
CREATE TABLE bundle_orchestrator.former_releases (
  tenant_id uuid NOT NULL,
  release_digest text NOT NULL,
  bundle_id uuid NOT NULL,
  version text NOT NULL,
  release_envelope bytea NOT NULL,
  replaced_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, release_digest),
  FOREIGN KEY (tenant_id, bundle_id, version)
    REFERENCES bundle_orchestrator.bundle_versions (tenant_id, bundle_id, version)
);
SELECT platform.hold_tenant_rows('bundle_orchestrator.former_releases', 'SELECT, INSERT');
