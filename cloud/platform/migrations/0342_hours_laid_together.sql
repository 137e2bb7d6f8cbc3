-- How far the hours of days that are over are laid together by device (cloud/telemetry-processor/store/gather.ts):
-- all days before `day` are, and of `day` the devices up to `after`. Days from before this are left as they lie.
CREATE TABLE telemetry.hours_gathered (
  day timestamptz NOT NULL,
  after uuid NOT NULL
);
INSERT INTO telemetry.hours_gathered
VALUES (date_bin('1 day', now(), 'epoch'), '00000000-0000-0000-0000-000000000000');
-- One row for all tenants, which says nothing of any.
ALTER TABLE telemetry.hours_gathered ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY background ON telemetry.hours_gathered TO sb_ingest USING (true);
GRANT SELECT, UPDATE ON telemetry.hours_gathered TO sb_ingest;
