//! A made-up community, to try things on.
//!
//! | file | holds |
//! | --- | --- |
//! | `community` | people, posts, answers and their times, from a seed |
//! | `words` | the fragments of texts: `fragments/*.txt`, a line each |
//! | `topics` | what a category adds to a text |
//!
//! # To add words
//! Add a line to a file of fragments; it has to fit every other part of its file. It changes what every seed makes.

mod community;
mod topics;
mod words;

pub use self::community::{Answer, Community, Kind, Member, Post, SHARES, Support, community};
