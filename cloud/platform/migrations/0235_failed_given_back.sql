-- Those that failed, too, get back what they had, once their rollout is cancelled or rolled back: they run it.
ALTER TABLE bundle_orchestrator.rollouts
  DROP CONSTRAINT rollouts_giving_back_check,
  ADD CONSTRAINT rollouts_giving_back_check
    CHECK (giving_back IN ('unfinished', 'not-begun', 'failed'));
