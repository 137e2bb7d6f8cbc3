-- How many of a wave's devices were not heard of when they were last counted, where its gate leaves them
-- out: counting asks for each that it waits for, which is not done again for every report.
ALTER TABLE bundle_orchestrator.rollout_waves
  ADD COLUMN unreached bigint,
  ADD COLUMN unreached_at timestamptz;
