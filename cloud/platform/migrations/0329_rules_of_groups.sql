-- A rule of alerts may be for a group, or for devices that answer a query, instead of for a site.
ALTER TABLE telemetry.alert_rules ADD COLUMN group_id uuid;
ALTER TABLE telemetry.alert_rules ADD COLUMN query text CHECK (char_length(query) BETWEEN 1 AND 1000);
ALTER TABLE telemetry.alert_rules ADD CONSTRAINT alert_rules_one_scope
  CHECK (num_nonnulls(site, group_id, query) <= 1);
