//! What posts are about. A closed list, so that nobody's cry for help goes into a category that nobody reads because of
//! a typing error.

use std::{fmt, str::FromStr};

/// One of [`Category::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(&'static str);

impl Category {
    /// All slugs, in alphabetical order. One that was ever released stays.
    pub const ALL: [Self; 17] = [
        Self("alcohol"),
        Self("anxiety"),
        Self("depression"),
        Self("drugs"),
        Self("eating"),
        Self("family"),
        Self("gambling"),
        Self("gaming"),
        Self("grief"),
        Self("loneliness"),
        Self("nicotine"),
        Self("other"),
        Self("self-harm"),
        Self("sex"),
        Self("sleep"),
        Self("trauma"),
        Self("work"),
    ];

    /// Its slug.
    #[must_use]
    pub const fn slug(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(slug: &str) -> Result<Self, UnknownCategory> {
        Self::ALL.into_iter().find(|known| known.0 == slug).ok_or(UnknownCategory)
    }
}

/// There is no such category.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such category")]
pub struct UnknownCategory;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_sorted_and_read_back() {
        assert!(Category::ALL.is_sorted());
        for category in Category::ALL {
            assert_eq!(category.slug().parse(), Ok(category));
        }
        assert_eq!("Alcohol".parse::<Category>(), Err(UnknownCategory));
    }
}
