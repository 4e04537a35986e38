DROP TABLE strength_points_withheld;
DROP TRIGGER posts_forgotten;
DROP TABLE posts_edits;
ALTER TABLE responses DROP COLUMN removed_at;
ALTER TABLE responses DROP COLUMN held_at;
ALTER TABLE posts DROP COLUMN removed_at;
ALTER TABLE posts DROP COLUMN held_at;
