DROP TABLE password_attempts;
DROP TABLE sessions;
DROP TABLE email_credentials;
DROP TABLE data_keys;
