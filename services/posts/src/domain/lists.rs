//! What a post is about: in our words, and in the author's.

use std::collections::BTreeSet;

use kith_kernel::Category;

use super::{Invalid, Tag};

/// Up to five categories, in alphabetical order, none of them twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Categories(Vec<Category>);

impl Categories {
    /// The most.
    pub const MAX: usize = 5;

    /// The categories of these slugs; one that comes twice counts once.
    ///
    /// # Errors
    /// [`Invalid::Category`] for a slug that is none, [`Invalid::TooManyCategories`].
    pub fn new<'a>(slugs: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut distinct = BTreeSet::new();
        for slug in slugs {
            distinct.insert(slug.parse().map_err(|_| Invalid::Category)?);
        }
        if distinct.len() > Self::MAX {
            return Err(Invalid::TooManyCategories);
        }
        Ok(Self(distinct.into_iter().collect()))
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Category] {
        &self.0
    }

    /// Every category that is here or there.
    #[must_use]
    pub fn or(&self, other: &Self) -> Vec<Category> {
        let both: BTreeSet<Category> = self.0.iter().chain(&other.0).copied().collect();
        both.into_iter().collect()
    }
}

/// Up to ten tags, in the order in which they were given, none of them twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<Tag>);

impl Tags {
    /// The most.
    pub const MAX: usize = 10;

    /// The tags of these texts; one that comes twice counts once.
    ///
    /// # Errors
    /// [`Invalid::Tag`] for a text that is none, [`Invalid::TooManyTags`].
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, Invalid> {
        let mut distinct = Vec::new();
        for text in texts {
            let tag = Tag::new(text)?;
            if !distinct.contains(&tag) {
                distinct.push(tag);
            }
            if distinct.len() > Self::MAX {
                return Err(Invalid::TooManyTags);
            }
        }
        Ok(Self(distinct))
    }

    /// All of them.
    #[must_use]
    pub fn all(&self) -> &[Tag] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_sorted_and_distinct_and_at_most_five() {
        let some = Categories::new(["work", "alcohol", "work"]).unwrap();
        assert_eq!(some.all().iter().map(|category| category.slug()).collect::<Vec<_>>(), ["alcohol", "work"]);
        assert_eq!(Categories::new(["beer"]), Err(Invalid::Category));
        let six = Category::ALL.into_iter().take(6).map(Category::slug);
        assert_eq!(Categories::new(six), Err(Invalid::TooManyCategories));
    }

    #[test]
    fn tags_keep_their_order_and_are_distinct_and_at_most_ten() {
        let tags = Tags::new(["b", " a", "b "]).unwrap();
        assert_eq!(tags.all().iter().map(Tag::reveal).collect::<Vec<_>>(), ["b", "a"]);
        let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        assert_eq!(Tags::new(eleven.iter().map(String::as_str)), Err(Invalid::TooManyTags));
    }

    #[test]
    fn a_post_that_moves_concerns_both_shelves() {
        let (before, after) = (Categories::new(["work", "grief"]).unwrap(), Categories::new(["alcohol"]).unwrap());
        assert_eq!(before.or(&after), Categories::new(["alcohol", "grief", "work"]).unwrap().all());
    }
}
