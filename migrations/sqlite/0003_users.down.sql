-- Those that point to others go first.
DROP TABLE strength_points_void;
DROP TABLE strength_points;
DROP TABLE blocks;
DROP TABLE personas;
DROP TABLE accounts;
