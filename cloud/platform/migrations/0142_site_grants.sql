-- Technicians' grants: who may sign in at the devices of a site, until when. The row is what was
-- granted and whether it was taken back; the secret is with the technician alone. A grant is checked
-- by the device without any link, so one that is taken back is told with the tenant's revocation.
CREATE TABLE device_manager.site_grants (
  id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES device_manager.tenants (id),
  site text NOT NULL,
  holder text NOT NULL CHECK (char_length(holder) BETWEEN 1 AND 200),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX site_grants_listed ON device_manager.site_grants (tenant_id, site, created_at DESC, id);
CREATE INDEX site_grants_revoked ON device_manager.site_grants (tenant_id, revoked_at DESC)
  WHERE revoked_at IS NOT NULL;
CREATE INDEX site_grants_expired ON device_manager.site_grants (expires_at);
SELECT platform.hold_tenant_rows('device_manager.site_grants', 'SELECT, INSERT, UPDATE, DELETE');
CREATE POLICY site_rows ON device_manager.site_grants AS RESTRICTIVE TO sb_site
  USING (site = ANY (platform.current_sites())) WITH CHECK (site = ANY (platform.current_sites()));

-- Whoever takes one back has the revocation signed again, in the same transaction.
CREATE FUNCTION device_manager.note_grant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM device_manager.note_change(NEW.tenant_id, '', 0);
  RETURN NULL;
END
$$;
CREATE TRIGGER site_grants_revocation
  AFTER UPDATE OF revoked_at ON device_manager.site_grants
  FOR EACH ROW WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL)
  EXECUTE FUNCTION device_manager.note_grant();
