-- no-transaction
-- What the audit log is searched by; each in the order in which it is read.
DROP INDEX CONCURRENTLY IF EXISTS platform.audit_log_newest
-- next
CREATE INDEX CONCURRENTLY audit_log_newest ON platform.audit_log (tenant_id, at DESC, id DESC)
-- next
DROP INDEX CONCURRENTLY IF EXISTS platform.audit_log_actor
-- next
CREATE INDEX CONCURRENTLY audit_log_actor ON platform.audit_log (tenant_id, actor, at DESC, id DESC)
-- next
DROP INDEX CONCURRENTLY IF EXISTS platform.audit_log_action
-- next
CREATE INDEX CONCURRENTLY audit_log_action ON platform.audit_log (tenant_id, action, at DESC, id DESC)
-- next
DROP INDEX CONCURRENTLY IF EXISTS platform.audit_log_of
-- next
CREATE INDEX CONCURRENTLY audit_log_of ON platform.audit_log (tenant_id, target, at DESC, id DESC)
-- next
DROP INDEX CONCURRENTLY IF EXISTS platform.audit_log_tenant
-- next
DROP INDEX CONCURRENTLY IF EXISTS platform.audit_log_target
