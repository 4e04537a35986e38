//! What a circle says of itself.

/// A text of so many characters, without space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<const LEAST: usize, const MOST: usize>(String);

/// What a circle is called.
pub type Name = Text<3, 80>;
/// What it is for.
pub type About = Text<0, 500>;
/// The rules of the house.
pub type Rules = Text<0, 4_000>;

impl<const LEAST: usize, const MOST: usize> Text<LEAST, MOST> {
    /// The text that somebody wrote.
    ///
    /// # Errors
    /// [`InvalidText`] says which rule it breaks.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if !(LEAST..=MOST).contains(&text.chars().count()) {
            return Err(InvalidText::Length);
        }
        if text.chars().any(|character| character.is_control() && character != '\n') {
            return Err(InvalidText::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Why it cannot be said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Too short or too long.
    #[error("this is too short or too long")]
    Length,
    /// Something that is no letter, no sign and no line.
    #[error("this has characters that nobody can see")]
    Characters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_so_many_characters_and_no_space_around_it() {
        assert_eq!(Name::new("  calm  ").unwrap().as_str(), "calm");
        assert_eq!(Name::new("  ab  "), Err(InvalidText::Length));
        assert!(Name::new(&"å".repeat(80)).is_ok());
        assert_eq!(Name::new(&"å".repeat(81)), Err(InvalidText::Length));
    }

    #[test]
    fn lines_are_fine_and_what_nobody_sees_is_not() {
        assert!(Rules::new("be kind\nbe brief").is_ok());
        assert_eq!(Rules::new("be\u{0}kind"), Err(InvalidText::Characters));
        assert!(About::new("").is_ok());
    }
}
