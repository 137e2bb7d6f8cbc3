-- Letters are counted, tried again and thrown away by what they have in common.
CREATE INDEX dead_letters_cause ON telemetry.dead_letters (tenant_id, code, id);
CREATE INDEX dead_letters_cause ON platform.dead_letters (tenant_id, consumer, id);
