-- The device's own time of its newest sample: from there its samples are counted back, to see how long it
-- has been so. Null until the next sample.
ALTER TABLE telemetry.latest_metrics ADD COLUMN at timestamptz;
