//! The screen over the texts in `tests/data`, which were written for it. Those in `*_held_back.txt` were written before
//! the rules were tuned, and no rule was tuned on them.

#![expect(clippy::unwrap_used, reason = "a test fails where a step does")]

mod corpora;
mod properties;
