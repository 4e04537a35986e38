//! Compares a call that reads or writes a store with its database statement alone.
//!
//! | file | contents |
//! | --- | --- |
//! | here | the measured methods and their counts |
//! | [`baseline`] | the statement alone, through the driver |
//! | [`server`] | the whole server, over HTTP |
//!
//! Both run with the same concurrency on the same database: the statement reads the rows that the server wrote, and
//! writes copies of them.

pub mod baseline;
pub mod server;

use std::fmt;

/// Number of concurrent callers.
pub const CONCURRENCY: usize = 64;

/// Posts that the rate limit admits per account in one burst.
const POSTS_PER_ACCOUNT: usize = 10;
/// Reads that the rate limit admits per account in one burst.
const READS_PER_ACCOUNT: usize = 300;
/// Number of reads for each write, so that both take about the same time.
const READS_PER_WRITE: usize = 5;

/// Measured method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Writes one post durably.
    CreatePost,
    /// Reads the newest 20 posts.
    GetFeed,
    /// Reads one post by its id.
    GetPost,
}

impl Method {
    pub const ALL: [Self; 3] = [Self::CreatePost, Self::GetFeed, Self::GetPost];

    /// Number of calls of each concurrent caller if it writes `posts` posts.
    #[must_use]
    pub const fn calls_per_caller(self, posts: usize) -> usize {
        match self {
            Self::CreatePost => posts,
            Self::GetFeed | Self::GetPost => posts.saturating_mul(READS_PER_WRITE),
        }
    }

    /// Number of calls that one account can make in one burst.
    #[must_use]
    pub const fn calls_per_account(self) -> usize {
        match self {
            Self::CreatePost => POSTS_PER_ACCOUNT,
            Self::GetFeed | Self::GetPost => READS_PER_ACCOUNT,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
