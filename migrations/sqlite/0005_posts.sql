-- Posts. `circle` is null for a public post. `categories` and `tags` are JSON arrays of strings. `feed_expires_at` is the
-- time from which only the author sees the post in feeds. `urgency_rank` is the sort key by urgency: 14 and 15 for an open
-- SOS, 1 to 5 for all others. `held_at` and `removed_at` hide the post from all but its author; at most one of them is
-- set. `row_id` is the key of the full-text index and is never reused.
CREATE TABLE posts (
    row_id             INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 BLOB    NOT NULL UNIQUE,
    author             BLOB    NOT NULL,
    persona            BLOB    NOT NULL,
    circle             BLOB,
    kind               TEXT    NOT NULL,
    urgency            INTEGER NOT NULL,
    body               TEXT    NOT NULL,
    categories         TEXT    NOT NULL,
    tags               TEXT    NOT NULL,
    content_warning    TEXT,
    days_since_relapse INTEGER,
    created_at         INTEGER NOT NULL,
    edited_at          INTEGER,
    resolved_at        INTEGER,
    expires_at         INTEGER,
    deleted_at         INTEGER,
    held_at            INTEGER,
    removed_at         INTEGER,
    feed_expires_at    INTEGER,
    urgency_rank       INTEGER NOT NULL,
    response_count     INTEGER NOT NULL DEFAULT 0,
    support_count      INTEGER NOT NULL DEFAULT 0,
    version            INTEGER NOT NULL
) STRICT;
CREATE INDEX posts_latest ON posts (id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_urgent ON posts (urgency_rank DESC, id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_kind_latest ON posts (kind, id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_kind_urgent ON posts (kind, urgency_rank DESC, id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_circle_latest ON posts (circle, id DESC) WHERE deleted_at IS NULL AND circle IS NOT NULL;
CREATE INDEX posts_feed_expires_at ON posts (feed_expires_at) WHERE urgency_rank > 5;
CREATE INDEX posts_deleted_at ON posts (deleted_at) WHERE deleted_at IS NOT NULL;

-- Categories of public posts, in feed order. Derived from `posts.categories`. Posts in circles have no rows here.
CREATE TABLE post_categories (
    category     TEXT    NOT NULL,
    post         BLOB    NOT NULL,
    urgency_rank INTEGER NOT NULL,
    PRIMARY KEY (category, post)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_categories_urgent ON post_categories (category, urgency_rank DESC, post DESC);

-- Full-text index of posts. The text itself is stored only in `posts`. With `secure-delete`, no deleted word stays in it.
CREATE VIRTUAL TABLE posts_fts USING fts5 (
    body,
    tags,
    content = 'posts',
    content_rowid = 'row_id',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO posts_fts (posts_fts, rank) VALUES ('secure-delete', 1);

-- Earlier versions of edited posts, for moderators. `version` is the version that had this text.
CREATE TABLE post_revisions (
    post        BLOB    NOT NULL,
    version     INTEGER NOT NULL,
    replaced_at INTEGER NOT NULL,
    text        TEXT    NOT NULL,
    PRIMARY KEY (post, version)
) STRICT, WITHOUT ROWID;

-- Triggers keep the three tables above consistent with `posts`.
CREATE TRIGGER posts_after_insert AFTER INSERT ON posts BEGIN
    INSERT INTO posts_fts (rowid, body, tags) VALUES (new.row_id, new.body, new.tags);
    INSERT INTO post_categories (category, post, urgency_rank)
        SELECT value, new.id, new.urgency_rank FROM json_each(new.categories) WHERE new.circle IS NULL;
END;

CREATE TRIGGER posts_after_text_update AFTER UPDATE OF body, tags ON posts
WHEN old.body IS NOT new.body OR old.tags IS NOT new.tags BEGIN
    INSERT INTO posts_fts (posts_fts, rowid, body, tags) VALUES ('delete', old.row_id, old.body, old.tags);
    INSERT INTO posts_fts (rowid, body, tags) VALUES (new.row_id, new.body, new.tags);
END;

CREATE TRIGGER posts_after_category_update AFTER UPDATE OF categories, urgency_rank ON posts
WHEN old.categories IS NOT new.categories OR old.urgency_rank IS NOT new.urgency_rank BEGIN
    DELETE FROM post_categories
        WHERE post = old.id AND category IN (SELECT value FROM json_each(old.categories));
    INSERT INTO post_categories (category, post, urgency_rank)
        SELECT value, new.id, new.urgency_rank FROM json_each(new.categories) WHERE new.circle IS NULL;
END;

CREATE TRIGGER posts_after_delete AFTER DELETE ON posts BEGIN
    INSERT INTO posts_fts (posts_fts, rowid, body, tags) VALUES ('delete', old.row_id, old.body, old.tags);
    DELETE FROM post_categories
        WHERE post = old.id AND category IN (SELECT value FROM json_each(old.categories));
    DELETE FROM post_revisions WHERE post = old.id;
END;
