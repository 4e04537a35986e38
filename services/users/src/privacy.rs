//! Privacy settings of an account.

/// Visibility of points and badges for other users. A new account shows both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Privacy {
    /// True if the public profile shows the strength points.
    pub shows_points: bool,
    /// True if personas show the badges that are earned by points.
    pub shows_badges: bool,
}
