-- People and programs that may act now, and how: for what they made that is used without them, such as
-- links for downloading. Why their tenant is suspended, or null.
CREATE VIEW device_manager.public_accounts WITH (security_invoker = true) AS
  SELECT u.tenant_id, u.id AS account_id, u.role, u.sites, t.suspended_reason AS suspension
    FROM device_manager.users u JOIN device_manager.tenants t ON t.id = u.tenant_id
   WHERE u.disabled_at IS NULL
  UNION ALL
  SELECT a.tenant_id, a.id, a.role, a.sites, t.suspended_reason
    FROM device_manager.service_accounts a JOIN device_manager.tenants t ON t.id = a.tenant_id;
GRANT SELECT ON device_manager.public_accounts TO sb_api, sb_system;
