-- All that was written down is lost.
DROP TABLE audit_head;
DROP TABLE audit_log;
DROP FUNCTION audit_is_not_changed();
