-- Where samples are a hypertable, chunks of more than a week are compressed, by device and in the order of
-- time, as charts read them. Rows that come later than that go into compressed chunks, which TimescaleDB
-- takes since 2.11; on an older one this is left out. The table has no row security, which compression excludes.
-- Not run on TimescaleDB by our tests: it is in no registry they reach.
DO $$
BEGIN
  IF to_regclass('telemetry.metrics_other') IS NULL AND EXISTS (
    SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'
       AND (split_part(extversion, '.', 1)::integer > 2 OR split_part(extversion, '.', 2)::integer >= 11)
  ) THEN
    BEGIN
      EXECUTE $sql$ALTER TABLE telemetry.metrics SET (
        timescaledb.compress, timescaledb.compress_segmentby = 'device_id',
        timescaledb.compress_orderby = 'at')$sql$;
      EXECUTE $sql$SELECT public.add_compression_policy('telemetry.metrics', interval '7 days')$sql$;
    EXCEPTION WHEN OTHERS THEN
      RAISE NOTICE 'samples are not compressed: %', SQLERRM;
    END;
  END IF;
END
$$;
