//! Which posts somebody asks for, and in what order.

use std::{collections::BTreeSet, fmt};

use kith_kernel::Category;

use super::{Invalid, Kind, Post, Urgency};

/// Which posts of a feed. What is empty excludes nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of any of these kinds.
    pub kinds: BTreeSet<Kind>,
    /// In any of these categories.
    pub categories: BTreeSet<Category>,
    /// At least this urgent. A resolved SOS is not.
    pub minimum_urgency: Option<Urgency>,
}

impl Filter {
    /// The least [`Post::rank`] that it admits.
    #[must_use]
    pub fn minimum_rank(&self) -> i64 {
        self.minimum_urgency.map_or(0, |urgency| urgency.level().into())
    }

    /// Whether the post is one of them.
    #[must_use]
    pub fn admits(&self, post: &Post) -> bool {
        self.is_of_kind(post) && self.touches(post.draft.categories.all()) && post.rank() >= self.minimum_rank()
    }

    /// Whether the post is of a kind that is asked for. That never changes.
    #[must_use]
    pub fn is_of_kind(&self, post: &Post) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&post.draft.kind)
    }

    /// Whether something that is, or was, in these categories concerns whoever asks.
    #[must_use]
    pub fn touches(&self, categories: &[Category]) -> bool {
        self.categories.is_empty() || categories.iter().any(|category| self.categories.contains(category))
    }
}

/// Its name: the same for filters that admit the same, and for no others.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for kind in &self.kinds {
            write!(f, "{} ", kind.word())?;
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
    /// Open SOS first, then the most urgent, then the newest: by [`Post::rank`].
    Urgent,
}

/// What somebody searches for: at least one word. It has no `Display`, so that it does not end in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// The words of this text: what stands between space, if it holds a letter or a digit.
    ///
    /// # Errors
    /// [`Invalid::NoWords`] if there is none.
    pub fn new(text: &str) -> Result<Self, Invalid> {
        let is_border = |c: char| c.is_whitespace() || c.is_control() || c == '"';
        let words = text.split(is_border).filter(|word| word.chars().any(char::is_alphanumeric));
        let words: Vec<String> = words.map(ToOwned::to_owned).collect();
        if words.is_empty() { Err(Invalid::NoWords) } else { Ok(Self(words)) }
    }

    /// All of them, for whoever looks for them. None holds space, a quotation mark or a control character.
    #[must_use]
    pub fn reveal(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_that_differ_have_names_that_differ() {
        let alcohol: Category = "alcohol".parse().unwrap();
        let filters = [
            Filter::default(),
            Filter { kinds: [Kind::Sos].into(), ..Filter::default() },
            Filter { kinds: [Kind::Sos, Kind::Question].into(), ..Filter::default() },
            Filter { categories: [alcohol].into(), ..Filter::default() },
            Filter { minimum_urgency: Some(Urgency::SOS), ..Filter::default() },
        ];
        let names: BTreeSet<String> = filters.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), filters.len());
    }

    #[test]
    fn a_search_has_a_word() {
        for wordless in ["", "  ", "\"\"", "* - ()", "\0"] {
            assert_eq!(Words::new(wordless), Err(Invalid::NoWords), "{wordless:?}");
        }
        assert_eq!(Words::new(" it's \"one\0two\" - 3 ").unwrap().reveal(), ["it's", "one", "two", "3"]);
        assert_eq!(format!("{:?}", Words::new("mine").unwrap()), "Words(..)");
    }
}
