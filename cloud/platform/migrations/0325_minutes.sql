-- Metrics by five minutes, beside hours and days and made with them (0320), so that a chart of a day reads
-- some hundred rows and not some thousand samples. Kept for as long as samples are.
CREATE TABLE telemetry.metrics_minutes (LIKE telemetry.metrics_hourly,
  PRIMARY KEY (device_id, bucket)
) PARTITION BY RANGE (bucket);
GRANT SELECT, INSERT, UPDATE, DELETE ON telemetry.metrics_minutes TO sb_ingest;
GRANT SELECT ON telemetry.metrics_minutes TO sb_system;
CREATE VIEW telemetry.public_metrics_minutes WITH (security_barrier = true) AS
  SELECT * FROM telemetry.metrics_minutes WHERE tenant_id = platform.current_tenant();
GRANT SELECT ON telemetry.public_metrics_minutes TO sb_api;

-- Where a row lies: see `placed_hour`.
CREATE FUNCTION telemetry.placed_time(at timestamptz, received_at timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE WHEN at BETWEEN received_at - interval '9600 hours' AND received_at + interval '10 minutes'
            THEN at ELSE received_at END;

-- From when on they are whole: what came before was never summed up by the minute, and for a while a
-- process of before may still take notes.
CREATE TABLE telemetry.rollup_starts (
  minutes_since timestamptz NOT NULL
);
INSERT INTO telemetry.rollup_starts
SELECT CASE WHEN EXISTS (SELECT 1 FROM telemetry.metrics)
            THEN date_bin('1 hour', now(), 'epoch') + interval '2 hours' ELSE 'epoch' END;
-- One row for all tenants, which says nothing of any.
ALTER TABLE telemetry.rollup_starts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody ON telemetry.rollup_starts FOR SELECT USING (true);
GRANT SELECT ON telemetry.rollup_starts TO sb_api, sb_ingest;

CREATE OR REPLACE FUNCTION telemetry.ensure_rollup_partitions(since timestamptz, until timestamptz)
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
    VALUES ('metrics_minutes', 'month', 'YYYYMM'), ('metrics_hourly', 'month', 'YYYYMM'),
           ('metrics_daily', 'year', 'YYYY')
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
CREATE FUNCTION telemetry.drop_old_minutes(before timestamptz) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  part text;
  dropped integer := 0;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('telemetry.rollup partitions'));
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'telemetry.metrics_minutes'::regclass
       AND to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= before
  LOOP
    EXECUTE format('DROP TABLE telemetry.%I', part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END
$$;
REVOKE ALL ON FUNCTION telemetry.drop_old_minutes FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry.drop_old_minutes TO sb_ingest;

-- The partitions of now, which a fresh one would otherwise get with its first note.
SELECT telemetry.ensure_rollup_partitions(now(), now());
