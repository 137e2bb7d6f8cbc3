-- Lanes that open in one batch are numbered in the order in which their frames came, so ingest
-- draws the numbers itself.
GRANT USAGE ON SEQUENCE telemetry.watermarks_opened_seq TO sb_ingest;
