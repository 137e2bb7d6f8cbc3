-- Metrics by the hour and by the day: per metric minimum, maximum, sum and count, so that averages of
-- averages are right, and the newest sample. Ingest notes in its own transaction which rows came
-- (`rollup_marks`); the holder of the lease takes notes and adds just those rows. A note and the rows
-- it is about are committed together and it is taken once, so each row counts once, however late it
-- comes and though the samples of its hour may be gone by then.

-- A row lies in the hour of its device's clock. A clock that cannot be right (ahead of ours, or older
-- than anything a device keeps) says nothing: such a row lies in the hour in which it arrived.
-- cloud/telemetry-processor/core/placement.ts says the same.
CREATE FUNCTION telemetry.placed_hour(at timestamptz, received_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN date_bin('1 hour',
  CASE WHEN at BETWEEN received_at - interval '9600 hours' AND received_at + interval '10 minutes'
       THEN at ELSE received_at END, 'epoch');

-- Rows `from_seq` to `to_seq` of an epoch that lie in `hour`; `at_from` and `at_to` (both within) find
-- them by index. Never unique: a note that is there already may be being taken at this moment.
CREATE TABLE telemetry.rollup_marks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  lane text NOT NULL,
  epoch text NOT NULL,
  hour timestamptz NOT NULL,
  at_from timestamptz NOT NULL,
  at_to timestamptz NOT NULL,
  from_seq bigint NOT NULL,
  to_seq bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 10000);

DO $$
DECLARE
  columns text := '';
  metric text;
BEGIN
  FOREACH metric IN ARRAY ARRAY[
    'cpu_percent', 'memory_percent', 'memory_used_bytes', 'disk_percent', 'disk_used_bytes',
    'network_received_bytes', 'network_sent_bytes', 'load_average', 'temperature_celsius',
    'uptime_seconds'
  ] LOOP
    columns := columns || format(
      ', %1$s_min float8, %1$s_max float8, %1$s_sum float8, %1$s_count integer NOT NULL', metric);
  END LOOP;
  EXECUTE 'CREATE TABLE telemetry.metrics_hourly (
      tenant_id uuid NOT NULL,
      device_id uuid NOT NULL,
      bucket timestamptz NOT NULL,
      -- Samples, those that a device had summed up included; of them those without a right clock.
      samples integer NOT NULL,
      misdated integer NOT NULL,
      -- Of the newest sample: milliseconds since 1970, then its values in the order of the metrics.
      newest float8[] NOT NULL' || columns || ',
      PRIMARY KEY (device_id, bucket)
    ) PARTITION BY RANGE (bucket)';
  EXECUTE 'CREATE TABLE telemetry.metrics_daily (LIKE telemetry.metrics_hourly,
      PRIMARY KEY (device_id, bucket)
    ) PARTITION BY RANGE (bucket)';
END
$$;

-- Hours by the month, days by the year; room on each page, for a bucket is written several times.
CREATE FUNCTION telemetry.ensure_rollup_partitions(since timestamptz, until timestamptz)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  parent text;
  unit text;
  pattern text;
  start timestamptz;
  part text;
  made integer := 0;
BEGIN
  IF until - since > interval '1000 days' THEN
    RAISE EXCEPTION 'partitions of at most 1000 days are made at once';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('telemetry.rollup partitions'));
  FOR parent, unit, pattern IN
    VALUES ('metrics_hourly', 'month', 'YYYYMM'), ('metrics_daily', 'year', 'YYYY')
  LOOP
    FOR start IN SELECT generate_series(date_trunc(unit, since), until, ('1 ' || unit)::interval) LOOP
      part := parent || '_' || to_char(start, pattern);
      CONTINUE WHEN to_regclass('telemetry.' || part) IS NOT NULL;
      EXECUTE format(
        'CREATE TABLE telemetry.%I PARTITION OF telemetry.%I FOR VALUES FROM (%L) TO (%L)
           WITH (fillfactor = 70)', part, parent, start, start + ('1 ' || unit)::interval);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

-- Deletes partitions of which every bucket is before the time given. Returns how many went.
CREATE FUNCTION telemetry.drop_old_rollups(hours_before timestamptz, days_before timestamptz)
RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  part text;
  dropped integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('telemetry.rollup partitions'));
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE (i.inhparent = 'telemetry.metrics_hourly'::regclass AND c.relname ~ '^metrics_hourly_\d{6}$'
            AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= hours_before)
        OR (i.inhparent = 'telemetry.metrics_daily'::regclass AND c.relname ~ '^metrics_daily_\d{4}$'
            AND to_date(right(c.relname, 4), 'YYYY') + interval '1 year' <= days_before)
  LOOP
    EXECUTE format('DROP TABLE telemetry.%I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION telemetry.ensure_rollup_partitions, telemetry.drop_old_rollups FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry.ensure_rollup_partitions, telemetry.drop_old_rollups TO sb_ingest;

GRANT SELECT, INSERT, UPDATE, DELETE ON
  telemetry.rollup_marks, telemetry.metrics_hourly, telemetry.metrics_daily TO sb_ingest;
GRANT SELECT ON
  telemetry.rollup_marks, telemetry.metrics_hourly, telemetry.metrics_daily TO sb_system;

CREATE VIEW telemetry.public_metrics_hourly WITH (security_barrier = true) AS
  SELECT * FROM telemetry.metrics_hourly WHERE tenant_id = platform.current_tenant();
CREATE VIEW telemetry.public_metrics_daily WITH (security_barrier = true) AS
  SELECT * FROM telemetry.metrics_daily WHERE tenant_id = platform.current_tenant();
GRANT SELECT ON telemetry.public_metrics_hourly, telemetry.public_metrics_daily TO sb_api;

-- What was stored before.
INSERT INTO telemetry.rollup_marks
  (tenant_id, device_id, lane, epoch, hour, at_from, at_to, from_seq, to_seq)
SELECT tenant_id, device_id, 'backfill', epoch, hour, min(at), max(at), min(seq), max(seq)
  FROM (
    SELECT tenant_id, device_id, epoch, seq, at, telemetry.placed_hour(at, received_at) AS hour
      FROM telemetry.metrics
    UNION ALL
    SELECT tenant_id, device_id, epoch, seq, at, telemetry.placed_hour(at, received_at)
      FROM telemetry.metrics_thinned) AS stored
 GROUP BY tenant_id, device_id, epoch, hour;
