-- Which hours that were over some of a device was added to, so that who keeps what it made of hours that are over knows
-- what to make again (cloud/telemetry-processor/store/kept-spread.ts). `added_by` is the transaction that did: one that a
-- reader's snapshot did not see has no smaller number than that snapshot's xmin, whenever it ends. Gone after a day.
CREATE TABLE telemetry.late_hours (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  hour timestamptz NOT NULL,
  added_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
  added_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (device_id, hour)
);
CREATE INDEX late_hours_added ON telemetry.late_hours (tenant_id, added_by);
GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry.late_hours TO sb_ingest;
GRANT SELECT ON telemetry.late_hours TO sb_system;
GRANT SELECT, DELETE ON telemetry.late_hours TO sb_eraser;

-- From when on that is noted: for a while a process of before, which notes nothing, may still add.
DO $$
BEGIN
  IF EXISTS (SELECT 1 FROM telemetry.metrics) THEN
    ALTER TABLE telemetry.rollup_starts
      ADD COLUMN late_since timestamptz NOT NULL DEFAULT now() + interval '2 hours';
  ELSE
    ALTER TABLE telemetry.rollup_starts ADD COLUMN late_since timestamptz NOT NULL DEFAULT now();
  END IF;
END
$$;

-- As 0422 has it for metrics.
CREATE VIEW telemetry.public_late_hours WITH (security_barrier = true) AS
  SELECT * FROM telemetry.late_hours AS sent
   WHERE tenant_id = (SELECT platform.current_tenant())
     AND ((SELECT current_user <> 'sb_site') OR EXISTS (
       SELECT 1 FROM device_manager.devices d
        WHERE d.id = sent.device_id AND d.tenant_id = sent.tenant_id
          AND d.site = ANY (platform.current_sites())));
GRANT SELECT ON telemetry.public_late_hours TO sb_api;
