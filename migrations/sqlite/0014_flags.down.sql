-- What was switched on is off.
DROP TABLE flags;
