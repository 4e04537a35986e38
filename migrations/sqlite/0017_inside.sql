-- Posts and answers of circles. A post of a circle stands in no public feed, in no category and in no public search.
ALTER TABLE posts ADD COLUMN circle BLOB;
ALTER TABLE responses ADD COLUMN circle BLOB;

DROP INDEX posts_latest;
DROP INDEX posts_urgent;
DROP INDEX posts_kind_latest;
DROP INDEX posts_kind_urgent;
CREATE INDEX posts_latest ON posts (id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_urgent ON posts (rank DESC, id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_kind_latest ON posts (kind, id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_kind_urgent ON posts (kind, rank DESC, id DESC) WHERE deleted_at IS NULL AND circle IS NULL;
CREATE INDEX posts_circle_latest ON posts (circle, id DESC) WHERE deleted_at IS NULL AND circle IS NOT NULL;

DROP TRIGGER posts_inserted;
CREATE TRIGGER posts_inserted AFTER INSERT ON posts BEGIN
    INSERT INTO posts_words (rowid, body, tags) VALUES (new.number, new.body, new.tags);
    INSERT INTO posts_categories (category, post, rank)
        SELECT value, new.id, new.rank FROM json_each(new.categories) WHERE new.circle IS NULL;
END;

DROP TRIGGER posts_moved;
CREATE TRIGGER posts_moved AFTER UPDATE OF categories, rank ON posts
WHEN old.categories IS NOT new.categories OR old.rank IS NOT new.rank BEGIN
    DELETE FROM posts_categories
        WHERE post = old.id AND category IN (SELECT value FROM json_each(old.categories));
    INSERT INTO posts_categories (category, post, rank)
        SELECT value, new.id, new.rank FROM json_each(new.categories) WHERE new.circle IS NULL;
END;
