-- Whoever runs the cloud may give a tenant another tier (`set-tier`); no request may.
GRANT UPDATE (tier) ON device_manager.tenants TO sb_system;
