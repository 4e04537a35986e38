//! Filter, order and search query of a feed.

use std::{collections::BTreeSet, fmt};

use kith_kernel::Category;

use super::{Kind, Post, PostRuleViolation, Urgency};

/// Filter of a feed. An empty set matches every post.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub kinds: BTreeSet<Kind>,
    /// A post matches if it has at least one of these categories.
    pub categories: BTreeSet<Category>,
    /// A resolved SOS counts as [`Urgency::MIN`].
    pub minimum_urgency: Option<Urgency>,
}

impl Filter {
    /// Lowest [`Post::urgency_rank`] that matches.
    #[must_use]
    pub fn minimum_rank(&self) -> i64 {
        self.minimum_urgency.map_or(0, |urgency| urgency.level().into())
    }

    #[must_use]
    pub fn matches(&self, post: &Post) -> bool {
        self.kind_matches(post)
            && self.concerns_any(post.content.categories.as_slice())
            && post.urgency_rank() >= self.minimum_rank()
    }

    /// Returns true if the kind of the post matches. The kind of a post never changes.
    #[must_use]
    pub fn kind_matches(&self, post: &Post) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&post.content.kind)
    }

    /// Returns true if a change of a post with these current or former categories can affect the filtered feed.
    #[must_use]
    pub fn concerns_any(&self, categories: &[Category]) -> bool {
        self.categories.is_empty() || categories.iter().any(|category| self.categories.contains(category))
    }
}

/// Canonical form: equal for filters that match the same posts, different otherwise. It is part of page tokens.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in &self.kinds {
            write!(f, "{} ", kind.as_str())?;
        }
        f.write_str("in ")?;
        for category in &self.categories {
            write!(f, "{category} ")?;
        }
        write!(f, "from {}", self.minimum_rank())
    }
}

/// The order of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Newest first.
    Latest,
    /// By [`Post::urgency_rank`]: open SOS posts, then by urgency; newest first within a rank.
    Urgent,
}

/// Search query with at least one word. It has no `Display`, so that it cannot be logged by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct SearchQuery(Vec<String>);

impl SearchQuery {
    /// Splits the text at white space, control characters and quotation marks. Parts without a letter or digit are
    /// dropped.
    ///
    /// # Errors
    /// [`PostRuleViolation::EmptyQuery`] if no word is left.
    pub fn new(text: &str) -> Result<Self, PostRuleViolation> {
        let is_border = |c: char| c.is_whitespace() || c.is_control() || c == '"';
        let words = text.split(is_border).filter(|word| word.chars().any(char::is_alphanumeric));
        let words: Vec<String> = words.map(ToOwned::to_owned).collect();
        if words.is_empty() { Err(PostRuleViolation::EmptyQuery) } else { Ok(Self(words)) }
    }

    /// Returns the words. No word contains white space, a quotation mark or a control character.
    #[must_use]
    pub fn expose(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for SearchQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SearchQuery(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_filters_have_different_canonical_forms() {
        let alcohol: Category = "alcohol".parse().unwrap();
        let filters = [
            Filter::default(),
            Filter { kinds: [Kind::Sos].into(), ..Filter::default() },
            Filter { kinds: [Kind::Sos, Kind::Question].into(), ..Filter::default() },
            Filter { categories: [alcohol].into(), ..Filter::default() },
            Filter { minimum_urgency: Some(Urgency::MIN_SOS), ..Filter::default() },
        ];
        let names: BTreeSet<String> = filters.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), filters.len());
    }

    #[test]
    fn a_search_query_needs_a_word() {
        for wordless in ["", "  ", "\"\"", "* - ()", "\0"] {
            assert_eq!(SearchQuery::new(wordless), Err(PostRuleViolation::EmptyQuery), "{wordless:?}");
        }
        assert_eq!(SearchQuery::new(" it's \"one\0two\" - 3 ").unwrap().expose(), ["it's", "one", "two", "3"]);
        assert_eq!(format!("{:?}", SearchQuery::new("mine").unwrap()), "SearchQuery(..)");
    }
}
