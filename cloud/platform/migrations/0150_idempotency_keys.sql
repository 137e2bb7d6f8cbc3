-- Answers to requests that carried an Idempotency-Key, so that a repeat is answered and not carried
-- out again. Request and answer are sealed: both may hold a secret that is shown once.
CREATE TABLE platform.idempotency_keys (
  tenant_id uuid NOT NULL,
  caller text NOT NULL,
  key text NOT NULL,
  -- Which attempt may act on it now, and until when it alone may.
  claim uuid NOT NULL,
  held_until timestamptz NOT NULL,
  request bytea NOT NULL,
  -- Set in the transaction of the change: from then on it is never carried out again.
  committed_at timestamptz,
  answer bytea,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, caller, key)
);
CREATE INDEX idempotency_keys_expiry ON platform.idempotency_keys (expires_at);
SELECT platform.hold_tenant_rows('platform.idempotency_keys', 'SELECT, UPDATE');
GRANT INSERT, DELETE ON platform.idempotency_keys TO sb_system;
GRANT SELECT, UPDATE ON platform.idempotency_keys TO sb_ingest;
