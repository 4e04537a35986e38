//! The screen over the texts in `tests/data`, which were written for it. Those in `*_held_back.txt` were written before
//! the rules were tuned, and no rule was tuned on them.

mod corpora;
mod properties;
mod speed;
