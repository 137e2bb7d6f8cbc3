-- Who decided that a rollout waits for no window of a site, and when. Null for those decided before.
ALTER TABLE bundle_orchestrator.rollouts
  ADD COLUMN windows_ignored_by text CHECK (char_length(windows_ignored_by) <= 400),
  ADD COLUMN windows_ignored_at timestamptz;
