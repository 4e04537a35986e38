//! Text written by users. No type has a `Display`, so that user text cannot be logged by accident.

use super::PostRuleViolation;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $max:literal, $empty:ident, $long:ident, $is_allowed:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// Maximum number of Unicode scalar values.
            pub const MAX_CHARS: usize = $max;

            /// Trims the text and validates it.
            ///
            /// # Errors
            #[doc = concat!("[`PostRuleViolation::", stringify!($empty), "`] or ")]
            #[doc = concat!("[`PostRuleViolation::", stringify!($long), "`].")]
            pub fn new(text: &str) -> Result<Self, PostRuleViolation> {
                let is_allowed: fn(char) -> bool = $is_allowed;
                let text = text.trim();
                if text.is_empty() {
                    return Err(PostRuleViolation::$empty);
                }
                if text.chars().count() > Self::MAX_CHARS || !text.chars().all(is_allowed) {
                    return Err(PostRuleViolation::$long);
                }
                Ok(Self(text.to_owned()))
            }

            /// Returns the text. The caller must check that the recipient can read it.
            #[must_use]
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    )+};
}

texts! {
    /// Body of a post.
    Body, 5_000, BodyEmpty, BodyTooLong, |_| true;
    /// Tag chosen by the author. It contains no control characters.
    Tag, 32, InvalidTag, InvalidTag, |c| !c.is_control();
    /// Warning shown before the body.
    ContentWarning, 200, InvalidContentWarning, InvalidContentWarning, |_| true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_1_to_5000_characters() {
        assert_eq!(Body::new(" \n "), Err(PostRuleViolation::BodyEmpty));
        assert_eq!(Body::new(&format!(" {} ", "ü".repeat(5_000))).unwrap().expose().chars().count(), 5_000);
        assert_eq!(Body::new(&"ü".repeat(5_001)), Err(PostRuleViolation::BodyTooLong));
    }

    #[test]
    fn a_tag_has_1_to_32_characters_without_line_breaks() {
        assert_eq!(Tag::new(" day one ").unwrap().expose(), "day one");
        for broken in ["", " ", "two\nlines", &"x".repeat(33)] {
            assert_eq!(Tag::new(broken), Err(PostRuleViolation::InvalidTag), "{broken:?}");
        }
    }

    #[test]
    fn a_content_warning_has_1_to_200_characters() {
        assert!(ContentWarning::new(&"x".repeat(200)).is_ok());
        assert_eq!(ContentWarning::new(&"x".repeat(201)), Err(PostRuleViolation::InvalidContentWarning));
        assert_eq!(ContentWarning::new(" "), Err(PostRuleViolation::InvalidContentWarning));
    }

    #[test]
    fn debug_output_does_not_contain_user_text() {
        assert_eq!(format!("{:?}", Body::new("my secret").unwrap()), "Body(..)");
        assert_eq!(format!("{:?}", Tag::new("my secret").unwrap()), "Tag(..)");
        assert_eq!(format!("{:?}", ContentWarning::new("my secret").unwrap()), "ContentWarning(..)");
    }
}
