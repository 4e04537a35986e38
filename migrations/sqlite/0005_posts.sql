-- Posts. `categories` and `tags` are JSON lists of text. `leaves_at` is when a post leaves the feeds of all but its
-- author; `rank` is its place in the order of urgency: 14 and 15 are an open SOS, 1 to 5 all else. `number` is for the
-- index of words, and is never used twice.
CREATE TABLE posts (
    number             INTEGER PRIMARY KEY AUTOINCREMENT,
    id                 BLOB    NOT NULL UNIQUE,
    author             BLOB    NOT NULL,
    persona            BLOB    NOT NULL,
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
    leaves_at          INTEGER,
    rank               INTEGER NOT NULL,
    responses          INTEGER NOT NULL DEFAULT 0,
    supports           INTEGER NOT NULL DEFAULT 0,
    version            INTEGER NOT NULL
) STRICT;
CREATE INDEX posts_latest ON posts (id DESC) WHERE deleted_at IS NULL;
CREATE INDEX posts_urgent ON posts (rank DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX posts_kind_latest ON posts (kind, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX posts_kind_urgent ON posts (kind, rank DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX posts_leaving ON posts (leaves_at) WHERE rank > 5;
CREATE INDEX posts_deleted ON posts (deleted_at) WHERE deleted_at IS NOT NULL;

-- Where each post stands in each of its categories: what `posts.categories` says, in the order of a feed.
CREATE TABLE posts_categories (
    category TEXT    NOT NULL,
    post     BLOB    NOT NULL,
    rank     INTEGER NOT NULL,
    PRIMARY KEY (category, post)
) STRICT, WITHOUT ROWID;
CREATE INDEX posts_categories_urgent ON posts_categories (category, rank DESC, post DESC);

-- The words of posts. It keeps none of them twice: the text itself stays in `posts`. What is deleted leaves no word behind.
CREATE VIRTUAL TABLE posts_words USING fts5 (
    body,
    tags,
    content = 'posts',
    content_rowid = 'number',
    tokenize = 'unicode61 remove_diacritics 2'
);
INSERT INTO posts_words (posts_words, rank) VALUES ('secure-delete', 1);

-- The two tables above follow `posts` by themselves.
CREATE TRIGGER posts_inserted AFTER INSERT ON posts BEGIN
    INSERT INTO posts_words (rowid, body, tags) VALUES (new.number, new.body, new.tags);
    INSERT INTO posts_categories (category, post, rank)
        SELECT value, new.id, new.rank FROM json_each(new.categories);
END;

CREATE TRIGGER posts_reworded AFTER UPDATE OF body, tags ON posts
WHEN old.body IS NOT new.body OR old.tags IS NOT new.tags BEGIN
    INSERT INTO posts_words (posts_words, rowid, body, tags) VALUES ('delete', old.number, old.body, old.tags);
    INSERT INTO posts_words (rowid, body, tags) VALUES (new.number, new.body, new.tags);
END;

CREATE TRIGGER posts_moved AFTER UPDATE OF categories, rank ON posts
WHEN old.categories IS NOT new.categories OR old.rank IS NOT new.rank BEGIN
    DELETE FROM posts_categories
        WHERE post = old.id AND category IN (SELECT value FROM json_each(old.categories));
    INSERT INTO posts_categories (category, post, rank)
        SELECT value, new.id, new.rank FROM json_each(new.categories);
END;

CREATE TRIGGER posts_removed AFTER DELETE ON posts BEGIN
    INSERT INTO posts_words (posts_words, rowid, body, tags) VALUES ('delete', old.number, old.body, old.tags);
    DELETE FROM posts_categories
        WHERE post = old.id AND category IN (SELECT value FROM json_each(old.categories));
END;
