-- Those that point to others go first.
DROP TABLE circle_log;
DROP TABLE circle_invites;
DROP TABLE circle_people;
DROP TABLE circles;
