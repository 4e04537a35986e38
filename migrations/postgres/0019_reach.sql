-- How many pieces stand around what a case is about, as it was reported last: the risk is computed anew when more is known
-- of its reporters. Of cases from before, none.
ALTER TABLE cases ADD COLUMN reach BIGINT NOT NULL DEFAULT 0;
-- What somebody reported and nobody has decided.
CREATE INDEX reports_waiting ON reports (reporter, case_id) WHERE outcome IS NULL;
