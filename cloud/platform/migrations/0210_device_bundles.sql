-- Which bundles a device shall run, as rows that an index finds: desired states hold them as JSON,
-- which no index reaches under row security. In lower case, because it serves searching only.
CREATE TABLE bundle_orchestrator.device_bundles (
  tenant_id uuid NOT NULL,
  device_id uuid NOT NULL,
  bundle_name text COLLATE "C" NOT NULL,
  version text COLLATE "C" NOT NULL,
  PRIMARY KEY (device_id, bundle_name, version)
);
CREATE INDEX device_bundles_name
  ON bundle_orchestrator.device_bundles (tenant_id, bundle_name, version, device_id);
CREATE INDEX device_bundles_version
  ON bundle_orchestrator.device_bundles (tenant_id, version, device_id);
SELECT platform.hold_tenant_rows('bundle_orchestrator.device_bundles');

CREATE FUNCTION bundle_orchestrator.list_bundles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.slots = NEW.slots THEN
      RETURN NULL;
    END IF;
    DELETE FROM bundle_orchestrator.device_bundles WHERE device_id = NEW.device_id;
  END IF;
  INSERT INTO bundle_orchestrator.device_bundles (tenant_id, device_id, bundle_name, version)
  SELECT NEW.tenant_id, NEW.device_id, lower(slot ->> 'bundleName'), lower(slot ->> 'version')
    FROM jsonb_array_elements(NEW.slots) AS slot
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END
$$;
CREATE TRIGGER desired_states_bundles AFTER INSERT OR UPDATE OF slots
  ON bundle_orchestrator.desired_states
  FOR EACH ROW EXECUTE FUNCTION bundle_orchestrator.list_bundles();

INSERT INTO bundle_orchestrator.device_bundles (tenant_id, device_id, bundle_name, version)
SELECT tenant_id, device_id, lower(slot ->> 'bundleName'), lower(slot ->> 'version')
  FROM bundle_orchestrator.desired_states, jsonb_array_elements(slots) AS slot
ON CONFLICT DO NOTHING;

CREATE VIEW bundle_orchestrator.public_device_bundles WITH (security_invoker = true) AS
  SELECT tenant_id, device_id, bundle_name, version FROM bundle_orchestrator.device_bundles;
GRANT SELECT ON bundle_orchestrator.public_device_bundles TO sb_api, sb_system;

-- Names and versions, for whoever lets people choose one.
CREATE VIEW bundle_orchestrator.public_bundle_versions WITH (security_invoker = true) AS
  SELECT v.tenant_id, v.bundle_id, b.name AS bundle_name, v.version
    FROM bundle_orchestrator.bundle_versions v
    JOIN bundle_orchestrator.bundles b ON b.tenant_id = v.tenant_id AND b.id = v.bundle_id;
GRANT SELECT ON bundle_orchestrator.public_bundle_versions TO sb_api;
