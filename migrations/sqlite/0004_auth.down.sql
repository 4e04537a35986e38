DROP TABLE sessions;
DROP TABLE logins;
DROP TABLE data_keys;
