-- Rollouts in waves: every rollout has at least one, with the gate that says when the next begins and
-- with counts of its devices, kept by the statement that moves them, so that nobody counts a fleet.
ALTER TABLE bundle_orchestrator.rollouts
  DROP CONSTRAINT rollouts_status_check,
  ADD CONSTRAINT rollouts_status_check CHECK (status IN (
    'scheduled', 'in-progress', 'paused', 'rolling-back',
    'succeeded', 'failed', 'cancelled', 'rolled-back')),
  -- Why it is paused, or rolled back.
  ADD COLUMN status_reason text,
  ADD COLUMN starts_at timestamptz,
  ADD COLUMN on_failure text NOT NULL DEFAULT 'pause' CHECK (on_failure IN ('pause', 'roll-back')),
  -- Whom it is for, as it was wished.
  ADD COLUMN target jsonb;

ALTER TABLE bundle_orchestrator.rollout_devices
  DROP CONSTRAINT rollout_devices_status_check,
  ADD CONSTRAINT rollout_devices_status_check CHECK (status IN (
    'planned', 'pending', 'in-progress', 'succeeded', 'failed', 'cancelled',
    'rolling-back', 'rolled-back')),
  ADD COLUMN wave integer NOT NULL DEFAULT 0;

CREATE TABLE bundle_orchestrator.rollout_waves (
  tenant_id uuid NOT NULL,
  rollout_id uuid NOT NULL,
  wave integer NOT NULL CHECK (wave >= 0),
  name text NOT NULL,
  size jsonb NOT NULL,
  gate jsonb NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'open', 'passed')),
  opened_at timestamptz,
  good_since timestamptz,
  passed_at timestamptz,
  -- Whoever let it pass although its gate was not good.
  passed_by text,
  approvals text[] NOT NULL DEFAULT '{}',
  -- Failures that a person let pass.
  accepted_failed bigint NOT NULL DEFAULT 0,
  planned bigint NOT NULL DEFAULT 0,
  pending bigint NOT NULL DEFAULT 0,
  in_progress bigint NOT NULL DEFAULT 0,
  succeeded bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  cancelled bigint NOT NULL DEFAULT 0,
  rolling_back bigint NOT NULL DEFAULT 0,
  rolled_back bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, rollout_id, wave),
  FOREIGN KEY (tenant_id, rollout_id) REFERENCES bundle_orchestrator.rollouts (tenant_id, id)
) WITH (fillfactor = 50);
SELECT platform.hold_tenant_rows('bundle_orchestrator.rollout_waves', 'SELECT, INSERT, UPDATE');

-- A rollout of an older service, and those that were there before, are one wave that everybody is in
-- and nothing stops; it is made when its first device is.
CREATE FUNCTION bundle_orchestrator.open_gate() RETURNS jsonb LANGUAGE sql IMMUTABLE
  RETURN '{"succeededPercentMin": 0, "failedPercentMax": 100, "failedSampleMin": 1, "soakMs": 0,
           "approval": "none", "unreached": {"rule": "wait"}}'::jsonb;

CREATE FUNCTION bundle_orchestrator.count_new_rollout_devices() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO bundle_orchestrator.rollout_waves AS counted
    (tenant_id, rollout_id, wave, name, size, gate, state, opened_at, passed_at, planned, pending)
  SELECT tenant_id, rollout_id, wave, 'all', '{"kind": "rest"}', bundle_orchestrator.open_gate(),
         'passed', now(), now(),
         count(*) FILTER (WHERE status = 'planned'), count(*) FILTER (WHERE status <> 'planned')
    FROM new_rows GROUP BY tenant_id, rollout_id, wave
  ON CONFLICT (tenant_id, rollout_id, wave) DO UPDATE
    SET planned = counted.planned + excluded.planned,
        pending = counted.pending + excluded.pending;
  RETURN NULL;
END
$$;
CREATE TRIGGER rollout_devices_counted_new AFTER INSERT ON bundle_orchestrator.rollout_devices
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION bundle_orchestrator.count_new_rollout_devices();

CREATE FUNCTION bundle_orchestrator.count_moved_rollout_devices() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE bundle_orchestrator.rollout_waves counted
     SET planned = counted.planned + moved.planned,
         pending = counted.pending + moved.pending,
         in_progress = counted.in_progress + moved.in_progress,
         succeeded = counted.succeeded + moved.succeeded,
         failed = counted.failed + moved.failed,
         cancelled = counted.cancelled + moved.cancelled,
         rolling_back = counted.rolling_back + moved.rolling_back,
         rolled_back = counted.rolled_back + moved.rolled_back,
         -- One that is tried again and fails again was not let pass.
         accepted_failed = least(counted.accepted_failed, counted.failed + moved.failed)
    FROM (SELECT tenant_id, rollout_id, wave,
                 sum(sign) FILTER (WHERE status = 'planned') AS planned,
                 sum(sign) FILTER (WHERE status = 'pending') AS pending,
                 sum(sign) FILTER (WHERE status = 'in-progress') AS in_progress,
                 sum(sign) FILTER (WHERE status = 'succeeded') AS succeeded,
                 sum(sign) FILTER (WHERE status = 'failed') AS failed,
                 sum(sign) FILTER (WHERE status = 'cancelled') AS cancelled,
                 sum(sign) FILTER (WHERE status = 'rolling-back') AS rolling_back,
                 sum(sign) FILTER (WHERE status = 'rolled-back') AS rolled_back
            FROM (SELECT tenant_id, rollout_id, wave, status, 1 AS sign FROM new_rows
                  UNION ALL
                  SELECT tenant_id, rollout_id, wave, status, -1 FROM old_rows) both_times
           GROUP BY tenant_id, rollout_id, wave) sums,
         LATERAL (SELECT coalesce(sums.planned, 0) AS planned, coalesce(sums.pending, 0) AS pending,
                         coalesce(sums.in_progress, 0) AS in_progress,
                         coalesce(sums.succeeded, 0) AS succeeded, coalesce(sums.failed, 0) AS failed,
                         coalesce(sums.cancelled, 0) AS cancelled,
                         coalesce(sums.rolling_back, 0) AS rolling_back,
                         coalesce(sums.rolled_back, 0) AS rolled_back) moved
   WHERE counted.tenant_id = sums.tenant_id AND counted.rollout_id = sums.rollout_id
     AND counted.wave = sums.wave;
  RETURN NULL;
END
$$;
CREATE TRIGGER rollout_devices_counted_moved AFTER UPDATE ON bundle_orchestrator.rollout_devices
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION bundle_orchestrator.count_moved_rollout_devices();

INSERT INTO bundle_orchestrator.rollout_waves
  (tenant_id, rollout_id, wave, name, size, gate, state, opened_at, passed_at,
   pending, in_progress, succeeded, failed, cancelled)
SELECT rollout.tenant_id, rollout.id, 0, 'all', '{"kind": "rest"}', bundle_orchestrator.open_gate(),
       'passed', rollout.created_at, rollout.created_at,
       count(*) FILTER (WHERE member.status = 'pending'),
       count(*) FILTER (WHERE member.status = 'in-progress'),
       count(*) FILTER (WHERE member.status = 'succeeded'),
       count(*) FILTER (WHERE member.status = 'failed'),
       count(*) FILTER (WHERE member.status = 'cancelled')
  FROM bundle_orchestrator.rollouts rollout
  JOIN bundle_orchestrator.rollout_devices member
    ON member.tenant_id = rollout.tenant_id AND member.rollout_id = rollout.id
 GROUP BY rollout.tenant_id, rollout.id, rollout.created_at;

DROP INDEX bundle_orchestrator.rollouts_active;
CREATE INDEX rollouts_active ON bundle_orchestrator.rollouts (tenant_id, id)
  WHERE status IN ('scheduled', 'in-progress', 'rolling-back');
DROP INDEX bundle_orchestrator.rollout_devices_one_active;
CREATE UNIQUE INDEX rollout_devices_one_active
  ON bundle_orchestrator.rollout_devices (tenant_id, device_id, bundle_id)
  WHERE status IN ('pending', 'in-progress', 'rolling-back');
-- The rows that a rollout waits for, and those it has yet to tell.
CREATE INDEX rollout_devices_open
  ON bundle_orchestrator.rollout_devices (tenant_id, rollout_id, status, wave, device_name, device_id)
  WHERE status IN ('planned', 'pending', 'in-progress', 'rolling-back');

-- For those that wait until another rollout is done with their device.
CREATE INDEX rollout_devices_waiting ON bundle_orchestrator.rollout_devices (tenant_id, device_id)
  WHERE status = 'planned';

-- For choosing devices by a tag, by a site or by a group whose members were chosen by hand.
CREATE VIEW device_manager.public_device_tags WITH (security_invoker = true) AS
  SELECT tenant_id, device_id, key, value FROM device_manager.device_tags;
CREATE VIEW device_manager.public_groups WITH (security_invoker = true) AS
  SELECT tenant_id, id AS group_id, name, query IS NOT NULL AS is_dynamic FROM device_manager.groups;
CREATE VIEW device_manager.public_group_members WITH (security_invoker = true) AS
  SELECT tenant_id, group_id, device_id FROM device_manager.group_members;
GRANT SELECT ON device_manager.public_device_tags, device_manager.public_groups,
  device_manager.public_group_members TO sb_api;
