-- Tables that refer to others go first.
DROP TABLE points_held;
DROP TABLE points_revoked;
DROP TABLE points_ledger;
DROP TABLE blocks;
DROP TABLE personas;
DROP TABLE accounts;
