-- What a device that lives on its battery has used of it, as its newest report says; 0 while it has power,
-- null where it has none. By half of it on found by index, as 0324 does for samples.
ALTER TABLE telemetry.reported ADD COLUMN battery_used_percent float8 GENERATED ALWAYS AS (
  CASE WHEN body #>> '{power,onBattery}' = 'true'
       THEN 100 - (body #>> '{power,batteryPercent}')::float8
       WHEN body ? 'power' THEN 0 END) STORED;
CREATE INDEX reported_battery ON telemetry.reported (device_id) WHERE battery_used_percent >= 50;
