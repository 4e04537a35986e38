-- Durable timers. `revision` grows whenever a timer is scheduled. `leased_until` is set while a node fires it.
CREATE TABLE timers (
    handler      TEXT        NOT NULL,
    timer_key    TEXT        NOT NULL,
    due_at       TIMESTAMPTZ NOT NULL,
    payload      BYTEA       NOT NULL,
    revision     BIGINT      NOT NULL,
    attempts     BIGINT      NOT NULL,
    leased_until TIMESTAMPTZ,
    CONSTRAINT timers_timer_key PRIMARY KEY (handler, timer_key)
);
CREATE INDEX timers_due_at ON timers (due_at);
