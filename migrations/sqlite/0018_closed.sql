-- Since when staff have closed a circle: it is there for nobody, whatever it says of itself.
ALTER TABLE circles ADD COLUMN closed_at INTEGER;

-- What a page of the log goes on from, for clients: the id holds a moment, which is nobody's to know.
ALTER TABLE circle_log ADD COLUMN mark BLOB;
UPDATE circle_log SET mark = randomblob(16);
CREATE INDEX circle_log_mark ON circle_log (circle, mark);
