-- All that was written down is lost.
DROP TABLE audit_head;
DROP TABLE audit_log;
