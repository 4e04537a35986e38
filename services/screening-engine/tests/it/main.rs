//! Screening of the texts in `tests/data`, which were written for these tests. The texts in `*_holdout.txt` were written
//! before the rules were tuned and were not used for tuning.

#![expect(clippy::unwrap_used, reason = "a test fails where a step does")]

mod corpora;
mod properties;
