-- The sweep of blobs asks whether any tenant's image has one (cloud/bundle-orchestrator/artifacts/sweep-blobs.ts).
CREATE INDEX artifact_blobs_of_anybody ON bundle_orchestrator.artifact_blobs (digest);
