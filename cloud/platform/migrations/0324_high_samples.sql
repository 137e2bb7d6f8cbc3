-- Which devices are high is asked every few seconds: found by an index of those alone. A flag changes
-- seldom, so a row is still updated in place by every sample (an index on the value would be written each
-- time). The same numbers are in cloud/telemetry-processor/alerts/candidates.ts.
ALTER TABLE telemetry.latest_metrics
  ADD COLUMN cpu_percent_is_high boolean GENERATED ALWAYS AS (cpu_percent >= 80) STORED,
  ADD COLUMN memory_percent_is_high boolean GENERATED ALWAYS AS (memory_percent >= 80) STORED,
  ADD COLUMN disk_percent_is_high boolean GENERATED ALWAYS AS (disk_percent >= 80) STORED,
  ADD COLUMN temperature_celsius_is_high boolean
    GENERATED ALWAYS AS (temperature_celsius >= 70) STORED;
CREATE INDEX latest_metrics_cpu ON telemetry.latest_metrics (device_id) WHERE cpu_percent_is_high;
CREATE INDEX latest_metrics_memory ON telemetry.latest_metrics (device_id)
  WHERE memory_percent_is_high;
CREATE INDEX latest_metrics_disk ON telemetry.latest_metrics (device_id) WHERE disk_percent_is_high;
CREATE INDEX latest_metrics_temperature ON telemetry.latest_metrics (device_id)
  WHERE temperature_celsius_is_high;
