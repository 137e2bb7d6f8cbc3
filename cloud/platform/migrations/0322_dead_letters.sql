-- Letters are looked at, tried again and thrown away by a tenant's admins. A letter that nobody is
-- known to have sent is nobody's, and so are events of before, which did not say whose they are.
ALTER TABLE platform.dead_letters ADD COLUMN tenant_id uuid;
CREATE INDEX dead_letters_tenant ON platform.dead_letters (tenant_id, id DESC);
CREATE INDEX dead_letters_age ON platform.dead_letters (at);
SELECT platform.hold_tenant_rows('platform.dead_letters', 'SELECT, DELETE');

CREATE INDEX dead_letters_tenant ON telemetry.dead_letters (tenant_id, id DESC);
SELECT platform.hold_tenant_rows('telemetry.dead_letters', 'SELECT, DELETE');

CREATE POLICY site_rows ON platform.dead_letters AS RESTRICTIVE TO sb_site USING (false);
CREATE POLICY site_rows ON telemetry.dead_letters AS RESTRICTIVE TO sb_site USING (false);
