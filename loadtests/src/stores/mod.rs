//! What a call that reads or writes a store costs, beside the statement that it comes down to.
//!
//! | file | holds |
//! | --- | --- |
//! | here | what is asked, and how often |
//! | [`bare`] | the statement alone, by the driver alone |
//! | [`program`] | the whole program, over HTTP |
//!
//! Both are asked by as many at once, on the same database: the statement reads what the program wrote, and writes more of
//! the same.

pub mod bare;
pub mod program;

use std::fmt;

/// How many ask at once.
pub const AT_ONCE: usize = 64;

/// How many posts an account may write at once.
const POSTS_EACH: usize = 10;
/// How often an account may read a feed at once.
const FEEDS_EACH: usize = 300;
/// How many reads there are for each write, so that all of it takes about as long.
const READS: usize = 5;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// One post is written, acknowledged by the disk.
    CreatePost,
    /// The newest 20 are read.
    GetFeed,
    /// One is read by its id.
    GetPost,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::CreatePost, Self::GetFeed, Self::GetPost];

    /// How often each of those who ask at once does, where they write so many posts.
    #[must_use]
    pub const fn times(self, posts: usize) -> usize {
        match self {
            Self::CreatePost => posts,
            Self::GetFeed | Self::GetPost => posts.saturating_mul(READS),
        }
    }

    /// How many of these one account may ask for at once.
    #[must_use]
    pub const fn each(self) -> usize {
        match self {
            Self::CreatePost => POSTS_EACH,
            // What a post may be read besides is of no use here.
            Self::GetFeed | Self::GetPost => FEEDS_EACH,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
