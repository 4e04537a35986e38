-- The triggers go with the table that they watch.
DROP TABLE posts;
DROP TABLE posts_categories;
DROP TABLE posts_words;
