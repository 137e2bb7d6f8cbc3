-- Tenants that people ask for themselves. Of no tenant yet: only background work and sign-in see it.
CREATE TABLE device_manager.sign_ups (
  id uuid PRIMARY KEY,
  email text NOT NULL CHECK (char_length(email) <= 254),
  -- Of the secret in the mail's link, which is nowhere at rest.
  secret_hash bytea NOT NULL UNIQUE,
  ip text NOT NULL CHECK (char_length(ip) <= 64),
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  -- When its mail is sent, or tried again; null: it was sent, given up, or there is none.
  mail_due_at timestamptz,
  tries integer NOT NULL DEFAULT 0,
  used_at timestamptz
);
CREATE INDEX sign_ups_mail ON device_manager.sign_ups (mail_due_at) WHERE mail_due_at IS NOT NULL;
CREATE INDEX sign_ups_age ON device_manager.sign_ups (created_at);
CREATE INDEX sign_ups_used ON device_manager.sign_ups (used_at) WHERE used_at IS NOT NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON device_manager.sign_ups TO sb_system;
