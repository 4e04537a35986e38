-- Tables that refer to others go first.
DROP TABLE check_ins;
DROP TABLE relapses;
DROP TABLE recovery_profiles;
