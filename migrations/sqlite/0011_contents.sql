-- What was held or removed: nobody but its author sees it. Never both at once.
ALTER TABLE posts ADD COLUMN held_at INTEGER;
ALTER TABLE posts ADD COLUMN removed_at INTEGER;
ALTER TABLE responses ADD COLUMN held_at INTEGER;
ALTER TABLE responses ADD COLUMN removed_at INTEGER;

-- What posts said before they were changed, for who has to judge them. `version` is the one that said so.
CREATE TABLE posts_edits (
    post    BLOB    NOT NULL,
    version INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    text    TEXT    NOT NULL,
    PRIMARY KEY (post, version)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER posts_forgotten AFTER DELETE ON posts BEGIN
    DELETE FROM posts_edits WHERE post = old.id;
END;

-- How often an answer was removed, less how often it was given back: above none, it earns nothing.
CREATE TABLE strength_points_withheld (
    response BLOB    NOT NULL PRIMARY KEY,
    removals INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
