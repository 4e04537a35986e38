-- Tables that refer to others go first.
DROP TABLE strikes;
DROP TABLE decisions;
DROP TABLE reports;
DROP TABLE evidence;
DROP TABLE cases;
