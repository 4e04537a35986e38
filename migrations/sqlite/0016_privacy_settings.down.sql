ALTER TABLE accounts DROP COLUMN privacy_version;
ALTER TABLE accounts DROP COLUMN shows_badges;
ALTER TABLE accounts DROP COLUMN shows_points;
