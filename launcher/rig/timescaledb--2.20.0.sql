-- Stands in for TimescaleDB where tests run what the cloud does on a hypertable. Of the real one it has what the
-- cloud calls, under the same names, and refuses what that refuses; a hypertable is an ordinary table here, and a
-- chunk is what would lie in one. It compresses nothing, as the Apache edition: `ALTER TABLE … SET
-- (timescaledb.compress …)` is unknown to this server, as it is refused by that. So it shows that no path of the
-- code needs partitions, and nothing of how fast TimescaleDB is, of its planner or of its locks.

-- The real library ends a session that would load it without `shared_preload_libraries`, and defines this
-- setting where it was loaded.
DO $$
BEGIN
  IF current_setting('timescaledb.disable_load', true) IS NULL THEN
    PERFORM pg_terminate_backend(pg_backend_pid());
    PERFORM pg_sleep(10);
  END IF;
END
$$;

CREATE SCHEMA _timescaledb_catalog;
CREATE SCHEMA _timescaledb_functions;
CREATE SCHEMA timescaledb_information;
GRANT USAGE ON SCHEMA _timescaledb_catalog, _timescaledb_functions, timescaledb_information TO PUBLIC;

CREATE TABLE _timescaledb_catalog.stood_in (
  hypertable regclass PRIMARY KEY,
  time_column name NOT NULL,
  every interval NOT NULL
);
GRANT SELECT, INSERT, DELETE ON _timescaledb_catalog.stood_in TO PUBLIC;

CREATE VIEW timescaledb_information.jobs AS
  SELECT NULL::name AS proc_name, NULL::name AS hypertable_schema, NULL::name AS hypertable_name
   WHERE false;
GRANT SELECT ON timescaledb_information.jobs TO PUBLIC;

CREATE FUNCTION _timescaledb_functions.stop_background_workers() RETURNS boolean
LANGUAGE sql AS 'SELECT true';

-- Rows of chunks that are older than a week would be compressed, and more than so many of them are not
-- taken out of compression in one statement.
CREATE FUNCTION _timescaledb_functions.limit_decompression() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
  most constant bigint := coalesce(nullif(
    current_setting('timescaledb.max_tuples_decompressed_per_dml_transaction', true), ''), '100000');
  column_name constant name := TG_ARGV[0];
  found bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM deleted WHERE %I < now() - interval ''7 days''', column_name)
    INTO found;
  IF most > 0 AND found > most THEN
    RAISE EXCEPTION 'tuple decompression limit exceeded by operation'
      USING ERRCODE = 'configuration_limit_exceeded';
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION @extschema@.create_hypertable(
  relation regclass,
  time_column_name name,
  chunk_time_interval interval,
  create_default_indexes boolean DEFAULT true
) RETURNS TABLE (hypertable_id integer, schema_name name, table_name name, created boolean)
LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT relkind FROM pg_class WHERE oid = relation) <> 'r' THEN
    RAISE EXCEPTION 'table "%" is partitioned', relation;
  END IF;
  IF NOT EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = relation AND attname = time_column_name
                    AND atttypid = 'timestamptz'::regtype) THEN
    RAISE EXCEPTION 'column "%" does not exist', time_column_name;
  END IF;
  INSERT INTO _timescaledb_catalog.stood_in VALUES (relation, time_column_name, chunk_time_interval);
  EXECUTE format(
    'CREATE TRIGGER limit_decompression AFTER DELETE ON %s REFERENCING OLD TABLE AS deleted
       FOR EACH STATEMENT EXECUTE FUNCTION _timescaledb_functions.limit_decompression(%L)',
    relation, time_column_name);
  RETURN QUERY SELECT 1, n.nspname, c.relname, true
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
END
$$;

-- By when each begins: the real ones answer names.
CREATE FUNCTION @extschema@.show_chunks(relation regclass, older_than timestamptz DEFAULT 'infinity')
RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
  made _timescaledb_catalog.stood_in;
BEGIN
  SELECT * INTO STRICT made FROM _timescaledb_catalog.stood_in WHERE hypertable = relation;
  RETURN QUERY EXECUTE format(
    'SELECT DISTINCT date_bin($1, %1$I, ''epoch'')::text FROM %2$s
      WHERE date_bin($1, %1$I, ''epoch'') + $1 <= $2', made.time_column, relation)
    USING made.every, older_than;
END
$$;

-- Whole chunks that end before the time given; a chunk that is dropped is not decompressed.
CREATE FUNCTION @extschema@.drop_chunks(relation regclass, older_than timestamptz)
RETURNS SETOF text
LANGUAGE plpgsql SET timescaledb.max_tuples_decompressed_per_dml_transaction = '0' AS $$
DECLARE
  made _timescaledb_catalog.stood_in;
  chunk text;
BEGIN
  SELECT * INTO STRICT made FROM _timescaledb_catalog.stood_in WHERE hypertable = relation;
  FOR chunk IN SELECT @extschema@.show_chunks(relation, older_than) LOOP
    EXECUTE format('DELETE FROM %1$s WHERE date_bin($1, %2$I, ''epoch'') = $2', relation, made.time_column)
      USING made.every, chunk::timestamptz;
    RETURN NEXT chunk;
  END LOOP;
END
$$;
