-- A silence may name a group that is a query: whoever judges alerts reads it, across tenants.
GRANT SELECT ON device_manager.groups, device_manager.public_groups TO sb_system;
