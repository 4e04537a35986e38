-- Responses to posts: either a `text` or a quick support of `quick_kind`. `post_author` is copied from the post, whose
-- author never changes. `circle` is null if the post is public. `held_at` and `removed_at` hide the response from all
-- but its author; at most one of them is set. Deleted responses are purged after 30 days.
CREATE TABLE responses (
    id          BLOB    NOT NULL PRIMARY KEY,
    post        BLOB    NOT NULL,
    post_author BLOB    NOT NULL,
    author      BLOB    NOT NULL,
    persona     BLOB    NOT NULL,
    circle      BLOB,
    text        TEXT,
    quick_kind  TEXT,
    created_at  INTEGER NOT NULL,
    helpful_at  INTEGER,
    deleted_at  INTEGER,
    held_at     INTEGER,
    removed_at  INTEGER,
    CHECK ((text IS NULL) <> (quick_kind IS NULL))
) STRICT;
CREATE UNIQUE INDEX responses_quick_kind ON responses (post, author, quick_kind)
    WHERE quick_kind IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX responses_post ON responses (post, id) WHERE deleted_at IS NULL;
CREATE INDEX responses_author ON responses (author) WHERE deleted_at IS NULL;
CREATE INDEX responses_post_author ON responses (post_author) WHERE deleted_at IS NULL;
CREATE INDEX responses_deleted_at ON responses (deleted_at) WHERE deleted_at IS NOT NULL;
