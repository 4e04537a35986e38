//! Categories and tags of a post.

use std::collections::BTreeSet;

use kith_kernel::Category;

use super::{PostRuleViolation, Tag};

/// Up to five distinct categories in alphabetical order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Categories(Vec<Category>);

impl Categories {
    pub const MAX: usize = 5;

    /// Parses slugs. Duplicates count once.
    ///
    /// # Errors
    /// [`PostRuleViolation::UnknownCategory`], [`PostRuleViolation::TooManyCategories`].
    pub fn new<'a>(slugs: impl IntoIterator<Item = &'a str>) -> Result<Self, PostRuleViolation> {
        let mut distinct = BTreeSet::new();
        for slug in slugs {
            distinct.insert(slug.parse().map_err(|_| PostRuleViolation::UnknownCategory)?);
        }
        if distinct.len() > Self::MAX {
            return Err(PostRuleViolation::TooManyCategories);
        }
        Ok(Self(distinct.into_iter().collect()))
    }

    #[must_use]
    pub fn as_slice(&self) -> &[Category] {
        &self.0
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Vec<Category> {
        let both: BTreeSet<Category> = self.0.iter().chain(&other.0).copied().collect();
        both.into_iter().collect()
    }
}

/// Up to ten distinct tags in the order of the author.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags(Vec<Tag>);

impl Tags {
    pub const MAX: usize = 10;

    /// Parses tags. Duplicates count once.
    ///
    /// # Errors
    /// [`PostRuleViolation::InvalidTag`], [`PostRuleViolation::TooManyTags`].
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, PostRuleViolation> {
        let mut distinct = Vec::new();
        for text in texts {
            let tag = Tag::new(text)?;
            if !distinct.contains(&tag) {
                distinct.push(tag);
            }
            if distinct.len() > Self::MAX {
                return Err(PostRuleViolation::TooManyTags);
            }
        }
        Ok(Self(distinct))
    }

    #[must_use]
    pub fn as_slice(&self) -> &[Tag] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_sorted_distinct_and_at_most_five() {
        let some = Categories::new(["work", "alcohol", "work"]).unwrap();
        assert_eq!(some.as_slice().iter().map(|category| category.slug()).collect::<Vec<_>>(), ["alcohol", "work"]);
        assert_eq!(Categories::new(["beer"]), Err(PostRuleViolation::UnknownCategory));
        let six = Category::ALL.into_iter().take(6).map(Category::slug);
        assert_eq!(Categories::new(six), Err(PostRuleViolation::TooManyCategories));
    }

    #[test]
    fn tags_are_ordered_distinct_and_at_most_ten() {
        let tags = Tags::new(["b", " a", "b "]).unwrap();
        assert_eq!(tags.as_slice().iter().map(Tag::expose).collect::<Vec<_>>(), ["b", "a"]);
        let eleven: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        assert_eq!(Tags::new(eleven.iter().map(String::as_str)), Err(PostRuleViolation::TooManyTags));
    }

    #[test]
    fn the_union_contains_the_categories_of_both() {
        let (before, after) = (Categories::new(["work", "grief"]).unwrap(), Categories::new(["alcohol"]).unwrap());
        assert_eq!(before.union(&after), Categories::new(["alcohol", "grief", "work"]).unwrap().as_slice());
    }
}
