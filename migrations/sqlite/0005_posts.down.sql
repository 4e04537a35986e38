-- The triggers are dropped with `posts`.
DROP TABLE posts;
DROP TABLE post_revisions;
DROP TABLE post_categories;
DROP TABLE posts_fts;
