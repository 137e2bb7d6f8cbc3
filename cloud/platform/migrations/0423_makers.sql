-- Whoever may make something that is used without them, such as a link for downloading, and how: a
-- person, or one token of a program, so that what a revoked token made ends with it. A token does what both
-- it and its account may. Takes the place of public_accounts, which replicas of before still ask.
CREATE VIEW device_manager.public_makers WITH (security_invoker = true) AS
  SELECT u.tenant_id, u.id AS maker_id, u.role, NULL::text AS account_role, u.sites,
         t.suspended_reason AS suspension, NULL::timestamptz AS expires_at
    FROM device_manager.users u JOIN device_manager.tenants t ON t.id = u.tenant_id
   WHERE u.disabled_at IS NULL
  UNION ALL
  SELECT k.tenant_id, k.id, k.role, a.role, a.sites, t.suspended_reason, k.expires_at
    FROM device_manager.service_tokens k
    JOIN device_manager.service_accounts a ON a.id = k.account_id
    JOIN device_manager.tenants t ON t.id = k.tenant_id
   WHERE k.revoked_at IS NULL;
GRANT SELECT ON device_manager.public_makers TO sb_api, sb_system;
