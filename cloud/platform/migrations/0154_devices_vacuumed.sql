-- A search reads the index of the list alone where Postgres knows a page to be visible to all. A change of one
-- device in a hundred takes that from a sixth of the pages, and left it so until a fifth of all had changed: by then
-- a search took twice the time and more. A thousand changes are vacuumed within a minute now, and so are new devices.
ALTER TABLE device_manager.devices SET (
  autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 1000);
