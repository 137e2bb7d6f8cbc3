-- Keys of roles, of which there may be several: one is added before the last one is withdrawn.
-- Programs of before go on reading the first of each in platform.keys, which stay as they are.
CREATE TABLE platform.role_keys (
  tenant_id uuid NOT NULL,
  role text NOT NULL CHECK (role IN ('release', 'director', 'ingest', 'membership')),
  generation integer NOT NULL CHECK (generation > 0),
  public_key text NOT NULL,
  sealed bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- From then on it is in no new key set. Never undone: what it signed before would count again.
  withdrawn_at timestamptz,
  PRIMARY KEY (tenant_id, role, generation)
);
GRANT SELECT, INSERT, UPDATE ON platform.role_keys TO sb_system;
INSERT INTO platform.role_keys (tenant_id, role, generation, public_key, sealed, created_at)
  SELECT tenant_id, kind, 1, public_key, sealed, created_at
    FROM platform.keys WHERE kind IN ('release', 'director', 'ingest');

-- Every root and key set of a tenant, as they were signed: a device that was away walks all roots.
CREATE TABLE platform.tenant_records (
  tenant_id uuid NOT NULL,
  name text NOT NULL CHECK (name IN ('root', 'keyset')),
  version bigint NOT NULL CHECK (version > 0),
  envelope bytea NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, name, version)
);
GRANT SELECT, INSERT ON platform.tenant_records TO sb_system;
