-- Those that point to others go first.
DROP TABLE check_ins;
DROP TABLE relapses;
DROP TABLE journeys;
