DROP INDEX reports_waiting;
ALTER TABLE cases DROP COLUMN reach;
