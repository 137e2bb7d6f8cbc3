-- Of an event: the version of its data, and the trace that the change belongs to, so that the work
-- of its consumers shows up in it.
ALTER TABLE platform.domain_events
  ADD COLUMN version integer NOT NULL DEFAULT 1,
  ADD COLUMN traceparent text;
