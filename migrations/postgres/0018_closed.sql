-- Since when staff have closed a circle: it is there for nobody, whatever it says of itself.
ALTER TABLE circles ADD COLUMN closed_at TIMESTAMPTZ;

-- What a page of the log goes on from, for clients: the id holds a moment, which is nobody's to know.
ALTER TABLE circle_log ADD COLUMN mark UUID DEFAULT gen_random_uuid();
CREATE INDEX circle_log_mark ON circle_log (circle, mark);
