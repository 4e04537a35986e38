-- What an account lets others see of what it has earned: 1 if it does. `privacy_version` counts the changes of that.
ALTER TABLE accounts ADD COLUMN shows_points INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN shows_badges INTEGER NOT NULL DEFAULT 1;
ALTER TABLE accounts ADD COLUMN privacy_version INTEGER NOT NULL DEFAULT 1;
