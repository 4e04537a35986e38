-- Answers to posts: in words (`text`) or in one tap (`quick`), never both. What is deleted stays for thirty days.
-- `post_author` is copied from the post, whose author never changes.
CREATE TABLE responses (
    id          BLOB    NOT NULL PRIMARY KEY,
    post        BLOB    NOT NULL,
    post_author BLOB    NOT NULL,
    author      BLOB    NOT NULL,
    persona     BLOB    NOT NULL,
    text        TEXT,
    quick       TEXT,
    created_at  INTEGER NOT NULL,
    helpful_at  INTEGER,
    deleted_at  INTEGER,
    CHECK ((text IS NULL) <> (quick IS NULL))
) STRICT;
CREATE UNIQUE INDEX responses_quick ON responses (post, author, quick) WHERE quick IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX responses_post ON responses (post, id) WHERE deleted_at IS NULL;
CREATE INDEX responses_author ON responses (author) WHERE deleted_at IS NULL;
CREATE INDEX responses_post_author ON responses (post_author) WHERE deleted_at IS NULL;
CREATE INDEX responses_deleted_at ON responses (deleted_at) WHERE deleted_at IS NOT NULL;
