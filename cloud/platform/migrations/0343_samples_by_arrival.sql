-- Where samples are a hypertable its chunks go by when samples arrived, not by the clock of their device. By that
-- clock, which may say anything, each day that a device ever claimed would be a chunk of its own, without end;
-- `drop_chunks` would take away what a device sent late, before it was counted, and never what claims to be
-- of 2099. So a sample of whatever time lies in the chunk of the day on which it came, it goes when that is past its
-- time, and what comes does not go into chunks that are compressed. Queries say from when on what they ask for
-- can have come (telemetry-processor's store/series.ts, alerts/by-samples.ts), so that other chunks are left out.
--
-- Compressed by device and tenant: rows of both can then be deleted by whole batches, without being decompressed
-- (TimescaleDB since 2.17), and the view's condition on the tenant is seen before anything is. The order by time and
-- arrival gives each batch a least and a greatest of both.
-- Where samples lie in native partitions this changes nothing of them.

-- A note says when its rows came: all of a frame came at once. Null in one that code of before wrote.
ALTER TABLE telemetry.rollup_marks ADD COLUMN received_at timestamptz;

DO $$
DECLARE
  -- Whoever made the extension chose its schema.
  extension constant name := (
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
     WHERE e.extname = 'timescaledb');
  definition constant text := pg_get_viewdef('telemetry.public_metrics'::regclass);
  held record;
BEGIN
  IF to_regclass('telemetry.metrics_other') IS NOT NULL THEN
    RETURN;
  END IF;
  ALTER TABLE telemetry.metrics RENAME TO metrics_by_time;
  ALTER INDEX telemetry.metrics_device_at RENAME TO metrics_by_time_device_at;
  CREATE TABLE telemetry.metrics (LIKE telemetry.metrics_by_time);
  EXECUTE format(
    $sql$SELECT %I.create_hypertable('telemetry.metrics', 'received_at',
           chunk_time_interval => interval '1 day', create_default_indexes => false)$sql$, extension);
  CREATE INDEX metrics_device_at ON telemetry.metrics (device_id, at);
  FOR held IN
    SELECT r.rolname, string_agg(a.privilege_type, ', ') AS privileges
      FROM pg_class c, aclexplode(c.relacl) AS a JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.oid = 'telemetry.metrics_by_time'::regclass AND a.grantee <> c.relowner
     GROUP BY r.rolname
  LOOP
    EXECUTE format('GRANT %s ON telemetry.metrics TO %I', held.privileges, held.rolname);
  END LOOP;
  INSERT INTO telemetry.metrics SELECT * FROM telemetry.metrics_by_time;
  EXECUTE 'CREATE OR REPLACE VIEW telemetry.public_metrics WITH (security_barrier = true) AS ' || definition;
  DROP TABLE telemetry.metrics_by_time;
  BEGIN
    EXECUTE $sql$ALTER TABLE telemetry.metrics SET (
      timescaledb.compress, timescaledb.compress_segmentby = 'device_id, tenant_id',
      timescaledb.compress_orderby = 'at, received_at')$sql$;
    EXECUTE format(
      $sql$SELECT %I.add_compression_policy('telemetry.metrics', interval '7 days')$sql$, extension);
  EXCEPTION WHEN OTHERS THEN
    -- Its Apache edition has no compression, and an owner who can't log in no background work.
    RAISE WARNING 'samples are not compressed: %', SQLERRM;
  END;
END
$$;

-- Of a hypertable: chunks of which every sample came before. Of partitions as before, now also by days in UTC
-- whatever time zone the server has.
CREATE OR REPLACE FUNCTION telemetry.drop_old_metrics(today date, days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  part text;
  dropped integer := 0;
BEGIN
  IF days < 1 THEN
    RAISE EXCEPTION 'at least one day of metrics is kept';
  END IF;
  IF to_regclass('telemetry.metrics_other') IS NULL THEN
    EXECUTE format(
      $sql$SELECT count(*) FROM %I.drop_chunks('telemetry.metrics', older_than => $1)$sql$,
      (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
        WHERE e.extname = 'timescaledb'))
      INTO dropped USING (today - days)::timestamptz;
    RETURN dropped;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('telemetry.metrics partitions'));
  FOR part IN
    SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'telemetry.metrics'::regclass AND c.relname ~ '^metrics_\d{8}$'
       AND to_date(right(c.relname, 8), 'YYYYMMDD') < today - days
  LOOP
    EXECUTE format('DROP TABLE telemetry.%I', part);
    dropped := dropped + 1;
  END LOOP;
  DELETE FROM telemetry.metrics_other WHERE received_at < today - days;
  RETURN dropped;
END
$$;
