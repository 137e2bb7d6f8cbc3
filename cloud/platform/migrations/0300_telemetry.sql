-- What devices send: where each lane stands, and the rows themselves. Nothing here is granted to
-- `sb_api`: requests read the security_barrier views of 0301, which know one tenant only (design
-- §9: COPY and compression exclude row security on telemetry tables).

-- (device, lane, epoch) → how far its rows are committed and what they hash to. Exactly once rests
-- on this row: it is locked and moved in the transaction that stores the rows.
CREATE TABLE telemetry.watermarks (
  device_id uuid NOT NULL,
  lane text NOT NULL,
  epoch text NOT NULL,
  tenant_id uuid NOT NULL,
  -- Later epochs have larger numbers: a report of an older epoch never replaces one of a newer.
  opened bigint GENERATED ALWAYS AS IDENTITY,
  up_to bigint NOT NULL DEFAULT 0,
  hash text NOT NULL DEFAULT repeat('0', 32),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (device_id, lane, epoch)
) WITH (fillfactor = 70);

-- One wide row per sample. `at` is the device's clock, which may be years off; `received_at` is ours.
-- Daily partitions by `at` (ensure_metrics_partitions), what fits none lands in the default one.
-- Where TimescaleDB is installed the same table is a hypertable. No unique index: the watermark
-- already keeps a row from being stored twice, and an index costs 40 % of the ingest rate.
DO $$
DECLARE
  columns constant text := $columns$
    tenant_id uuid NOT NULL,
    device_id uuid NOT NULL,
    received_at timestamptz NOT NULL,
    epoch text NOT NULL,
    seq bigint NOT NULL,
    at timestamptz NOT NULL,
    cpu_percent float8,
    memory_percent float8,
    memory_used_bytes float8,
    disk_percent float8,
    disk_used_bytes float8,
    network_received_bytes float8,
    network_sent_bytes float8,
    load_average float8,
    temperature_celsius float8,
    uptime_seconds float8
  $columns$;
BEGIN
  IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'timescaledb') THEN
    BEGIN
      CREATE EXTENSION IF NOT EXISTS timescaledb;
      EXECUTE 'CREATE TABLE telemetry.metrics (' || columns || ')';
      EXECUTE $sql$SELECT create_hypertable('telemetry.metrics', 'at',
        chunk_time_interval => interval '1 day', create_default_indexes => false)$sql$;
    EXCEPTION WHEN OTHERS THEN
      -- Available but not preloaded, or not ours to create: native partitions do the same.
      RAISE NOTICE 'TimescaleDB is not usable (%): native partitions are used', SQLERRM;
    END;
  END IF;
  IF to_regclass('telemetry.metrics') IS NULL THEN
    EXECUTE 'CREATE TABLE telemetry.metrics (' || columns || ') PARTITION BY RANGE (at)';
    CREATE TABLE telemetry.metrics_other PARTITION OF telemetry.metrics DEFAULT;
  END IF;
END
$$;
CREATE INDEX metrics_device_at ON telemetry.metrics (device_id, at);

-- Makes the partitions of the days from `days_back` before to `days_ahead` after `today`, moving
-- rows that had landed in the default one. Returns how many it made. Safe to run at any time by
-- any replica; nothing to do on TimescaleDB.
CREATE FUNCTION telemetry.ensure_metrics_partitions(
  today date, days_back integer DEFAULT 14, days_ahead integer DEFAULT 3
) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  day date;
  part text;
  made integer := 0;
BEGIN
  IF to_regclass('telemetry.metrics_other') IS NULL THEN
    RETURN 0;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('telemetry.metrics partitions'));
  FOR day IN SELECT generate_series(today - days_back, today + days_ahead, interval '1 day')::date LOOP
    part := 'metrics_' || to_char(day, 'YYYYMMDD');
    CONTINUE WHEN to_regclass('telemetry.' || part) IS NOT NULL;
    -- Ingest must not add a row of this day to the default partition between the two steps.
    LOCK TABLE telemetry.metrics_other IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE telemetry.%I (LIKE telemetry.metrics INCLUDING DEFAULTS)', part);
    EXECUTE format(
      'WITH moved AS (DELETE FROM telemetry.metrics_other
                       WHERE at >= %2$L::timestamptz AND at < %3$L::timestamptz RETURNING *)
       INSERT INTO telemetry.%1$I SELECT * FROM moved', part,
      day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00');
    EXECUTE format('ALTER TABLE telemetry.metrics ATTACH PARTITION telemetry.%I
                    FOR VALUES FROM (%L) TO (%L)', part,
      day || ' 00:00:00+00', (day + 1) || ' 00:00:00+00');
    made := made + 1;
  END LOOP;
  RETURN made;
END
$$;

-- Deletes metrics whose device time and arrival are both older than `days`. Returns how many
-- partitions (or chunks) went; rows of devices with a wrong clock go by when they arrived.
CREATE FUNCTION telemetry.drop_old_metrics(today date, days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part text;
  dropped integer := 0;
BEGIN
  IF days < 1 THEN
    RAISE EXCEPTION 'at least one day of metrics is kept';
  END IF;
  IF to_regclass('telemetry.metrics_other') IS NULL THEN
    EXECUTE format($sql$SELECT count(*) FROM public.drop_chunks('telemetry.metrics', %L::timestamptz)$sql$,
      (today - days) || ' 00:00:00+00') INTO dropped;
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
REVOKE ALL ON FUNCTION telemetry.ensure_metrics_partitions, telemetry.drop_old_metrics FROM PUBLIC;
GRANT EXECUTE ON FUNCTION telemetry.ensure_metrics_partitions, telemetry.drop_old_metrics
  TO sb_ingest, sb_system;

CREATE TABLE telemetry.events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  epoch text NOT NULL,
  seq bigint NOT NULL,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  type text NOT NULL,
  severity text NOT NULL,
  message text NOT NULL,
  data jsonb NOT NULL
);
CREATE INDEX events_device ON telemetry.events (device_id, id DESC);

-- Every report, and the newest one of each device.
CREATE TABLE telemetry.reported_history (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  epoch text NOT NULL,
  seq bigint NOT NULL,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  generation bigint NOT NULL,
  body jsonb NOT NULL
);
CREATE INDEX reported_history_device ON telemetry.reported_history (device_id, received_at DESC);

CREATE TABLE telemetry.reported (
  device_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  opened bigint NOT NULL,
  epoch text NOT NULL,
  seq bigint NOT NULL,
  at timestamptz NOT NULL,
  received_at timestamptz NOT NULL,
  generation bigint NOT NULL,
  body jsonb NOT NULL
) WITH (fillfactor = 70);

-- Rows that will never come: what the device said it dropped, and rows that could not be read
-- (`refused`, whose bytes are in dead_letters). Every sequence is in its table or in here.
CREATE TABLE telemetry.gaps (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  lane text NOT NULL,
  epoch text NOT NULL,
  from_seq bigint NOT NULL,
  to_seq bigint NOT NULL,
  reason text NOT NULL,
  received_at timestamptz NOT NULL
);
CREATE INDEX gaps_device ON telemetry.gaps (device_id, lane, epoch, from_seq);

-- Messages and rows that could not be taken: kept for a person to look at, never retried.
CREATE TABLE telemetry.dead_letters (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid,
  device_id uuid,
  subject text NOT NULL,
  lane text,
  epoch text,
  seq bigint,
  code text NOT NULL,
  reason text NOT NULL,
  payload bytea NOT NULL,
  -- The same bytes refused for the same reason are kept once, however often they come.
  digest text NOT NULL UNIQUE,
  at timestamptz NOT NULL
);
CREATE INDEX dead_letters_age ON telemetry.dead_letters (at);

-- Presence is not durable data: flushed in batches, never confirms anything.
CREATE TABLE telemetry.presence (
  device_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  last_seen_at timestamptz NOT NULL,
  next_beat_ms integer NOT NULL,
  presence text NOT NULL CHECK (presence IN ('online', 'offline')),
  changed_at timestamptz NOT NULL
) WITH (fillfactor = 60);

GRANT SELECT, INSERT, UPDATE, DELETE ON
  telemetry.watermarks, telemetry.metrics, telemetry.events, telemetry.reported_history,
  telemetry.reported, telemetry.gaps, telemetry.dead_letters, telemetry.presence
  TO sb_ingest;
GRANT SELECT ON
  telemetry.watermarks, telemetry.metrics, telemetry.events, telemetry.reported_history,
  telemetry.reported, telemetry.gaps, telemetry.dead_letters, telemetry.presence
  TO sb_system;
