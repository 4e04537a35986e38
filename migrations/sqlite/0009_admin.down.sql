-- The audit log is lost.
DROP TABLE feature_flags;
DROP TABLE audit_head;
DROP TABLE audit_log;
