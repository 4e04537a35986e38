//! Generator of sample data.
//!
//! | file | content |
//! | --- | --- |
//! | `community` | accounts, posts, responses and their times, from a random seed |
//! | `fragments` | fragments of texts: `fragments/*.txt`, one a line |
//! | `topics` | sentences and tags of each category |
//!
//! # To add fragments
//! Add a line to a file in `fragments/`. It must fit all other parts of its file. It changes the output of every seed.

mod community;
mod fragments;
mod topics;

pub use self::community::{Community, Kind, Member, Post, Response, ResponseContent, SHARES, generate};
