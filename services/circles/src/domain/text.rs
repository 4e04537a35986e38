//! Texts in the settings of a circle.

/// Text of `MIN` to `MAX` characters, without surrounding white space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// Name of a circle.
pub type Name = Text<3, 80>;
/// Description of a circle.
pub type About = Text<0, 500>;
/// Rules of conduct of a circle.
pub type Rules = Text<0, 4_000>;

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// Validates a text and trims white space around it.
    ///
    /// # Errors
    /// [`InvalidText`] names the rule that the text violates.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if !(MIN..=MAX).contains(&text.chars().count()) {
            return Err(InvalidText::Length { min: MIN, max: MAX });
        }
        if text.chars().any(|character| character.is_control() && character != '\n') {
            return Err(InvalidText::Characters);
        }
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A text violates a rule. The message continues the name of the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    #[error("must be {min} to {max} characters")]
    Length { min: usize, max: usize },
    /// A control character other than a line break.
    #[error("contains invisible characters")]
    Characters,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_trimmed_and_has_3_to_80_characters() {
        let out_of_range = Err(InvalidText::Length { min: 3, max: 80 });
        assert_eq!(Name::new("  calm  ").unwrap().as_str(), "calm");
        assert_eq!(Name::new("  ab  "), out_of_range);
        assert!(Name::new(&"å".repeat(80)).is_ok());
        assert_eq!(Name::new(&"å".repeat(81)), out_of_range);
    }

    #[test]
    fn line_breaks_are_valid_and_other_control_characters_are_not() {
        assert!(Rules::new("be kind\nbe brief").is_ok());
        assert_eq!(Rules::new("be\u{0}kind"), Err(InvalidText::Characters));
        assert!(About::new("").is_ok());
    }
}
