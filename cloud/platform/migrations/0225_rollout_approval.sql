-- Whose word counts: what a tenant asks of approvals, and which person a rollout was made for. A program
-- acts for whoever made its account.
CREATE TABLE bundle_orchestrator.rollout_settings (
  tenant_id uuid PRIMARY KEY,
  approval_by_another boolean NOT NULL,
  changed_at timestamptz NOT NULL,
  changed_by text NOT NULL
);
SELECT platform.hold_tenant_rows('bundle_orchestrator.rollout_settings', 'SELECT, INSERT, UPDATE');

-- Null: made before this was kept; whoever made it counts.
ALTER TABLE bundle_orchestrator.rollouts ADD COLUMN requested_by text;

CREATE VIEW device_manager.public_service_accounts WITH (security_invoker = true) AS
  SELECT tenant_id, name, created_by FROM device_manager.service_accounts;
GRANT SELECT ON device_manager.public_service_accounts TO sb_api, sb_system;
