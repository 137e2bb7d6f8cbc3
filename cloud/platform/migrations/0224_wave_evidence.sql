-- What a wave's gate was last judged by beside confirmations: health scores and alerts of its devices.
ALTER TABLE bundle_orchestrator.rollout_waves ADD COLUMN evidence jsonb;
