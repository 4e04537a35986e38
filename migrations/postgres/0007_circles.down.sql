-- Tables that refer to others go first.
DROP TABLE circle_log;
DROP TABLE circle_invites;
DROP TABLE circle_members;
DROP TABLE circles;
