-- Events that have not been sent are lost.
DROP TABLE dead_letters;
DROP TABLE inbox;
DROP TABLE outbox;
