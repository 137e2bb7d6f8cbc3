-- Sign-in elsewhere, by OpenID Connect: at most one provider per tenant.
CREATE TABLE device_manager.identity_providers (
  tenant_id uuid PRIMARY KEY REFERENCES device_manager.tenants (id),
  -- What the button says.
  name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  issuer text NOT NULL CHECK (char_length(issuer) <= 500),
  client_id text NOT NULL CHECK (char_length(client_id) <= 500),
  -- Sealed under the key-encryption key; null: a public client.
  secret_sealed bytea,
  -- Whether the sign-in page of everybody shows its button.
  listed boolean NOT NULL,
  -- Which claim names what somebody is there, and what that makes them here.
  role_claim text NOT NULL CHECK (char_length(role_claim) BETWEEN 1 AND 200),
  role_rules jsonb NOT NULL,
  default_role text CHECK (default_role IN ('admin', 'operator', 'viewer')),
  -- Whether a verified address there is the account of that address here.
  link_by_email boolean NOT NULL,
  changed_at timestamptz NOT NULL DEFAULT now()
);
SELECT platform.hold_tenant_rows('device_manager.identity_providers');

ALTER TABLE device_manager.users
  ADD COLUMN oidc_issuer text,
  ADD COLUMN oidc_subject text CHECK (char_length(oidc_subject) <= 255);
CREATE UNIQUE INDEX users_oidc ON device_manager.users (tenant_id, oidc_issuer, oidc_subject);

-- A sign-in that is on its way. Taken once, by the browser that began it.
CREATE TABLE device_manager.oidc_attempts (
  state_hash bytea PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  sealed bytea NOT NULL,
  expires_at timestamptz NOT NULL
);
CREATE INDEX oidc_attempts_expiry ON device_manager.oidc_attempts (expires_at);
GRANT SELECT, INSERT, DELETE ON device_manager.oidc_attempts TO sb_system;
