ALTER TABLE accounts DROP COLUMN muted_until;
-- Those that point to others go first.
DROP TABLE strikes;
DROP TABLE decisions;
DROP TABLE reports;
DROP TABLE evidence;
DROP TABLE cases;
