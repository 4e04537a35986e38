DROP INDEX circle_log_mark;
ALTER TABLE circle_log DROP COLUMN mark;

-- Whoever was declined may ask again.
UPDATE circle_people SET state = 'left' WHERE state = 'declined';
-- What is closed stays closed, as well as it can be said.
UPDATE circles SET archived_at = closed_at, access = 'private' WHERE closed_at IS NOT NULL AND archived_at IS NULL;
ALTER TABLE circles DROP COLUMN closed_at;
