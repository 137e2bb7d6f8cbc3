-- Which rollouts of its bundle were under way on how many of its devices when a rollout was made: the
-- pages of both say so, and counting them at each look would read all rows.
ALTER TABLE bundle_orchestrator.rollouts ADD COLUMN meets jsonb NOT NULL DEFAULT '[]';
CREATE INDEX rollouts_meeting ON bundle_orchestrator.rollouts (tenant_id, bundle_id)
  WHERE meets <> '[]';
