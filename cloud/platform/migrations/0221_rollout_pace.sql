-- The pace of rollouts: windows, rates, sites' limits and redundancy groups; what they wait for; and
-- when time alone moves them on, so that nobody looks at those that nothing happens to.
ALTER TABLE bundle_orchestrator.rollouts
  ADD COLUMN pace jsonb NOT NULL DEFAULT
    '{"windows": [], "devicesPerHourMax": null, "perSiteMax": null, "redundancyTag": null}',
  ADD COLUMN pace_waits jsonb NOT NULL DEFAULT '[]',
  -- How many were told in which minute of the last hour.
  ADD COLUMN told_lately jsonb NOT NULL DEFAULT '[]',
  -- Due at once when an older service made it.
  ADD COLUMN waves_due_at timestamptz DEFAULT now(),
  ADD COLUMN tell_due_at timestamptz DEFAULT now(),
  -- When all its open rows were last compared with the devices' reports.
  ADD COLUMN looked_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX rollouts_due ON bundle_orchestrator.rollouts (least(waves_due_at, tell_due_at))
  WHERE status IN ('scheduled', 'in-progress', 'rolling-back');

GRANT SELECT ON device_manager.public_device_tags TO sb_system;
