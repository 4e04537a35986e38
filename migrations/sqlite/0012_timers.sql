-- Durable timers. `revision` grows whenever a timer is scheduled. `leased_until` is set while a node fires it.
CREATE TABLE timers (
    handler      TEXT    NOT NULL,
    timer_key    TEXT    NOT NULL,
    due_at       INTEGER NOT NULL,
    payload      BLOB    NOT NULL,
    revision     INTEGER NOT NULL,
    attempts     INTEGER NOT NULL,
    leased_until INTEGER,
    PRIMARY KEY (handler, timer_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX timers_due_at ON timers (due_at);
