//! What a person wrote. None of it has a `Display`, so that it does not end in a log.

use super::Invalid;

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident, $most:literal, $empty:ident, $long:ident, $is_sound:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The most characters (Unicode scalar values).
            pub const MAX_CHARS: usize = $most;

            /// This text, without the space around it.
            ///
            /// # Errors
            #[doc = concat!("[`Invalid::", stringify!($empty), "`] or [`Invalid::", stringify!($long), "`].")]
            pub fn new(text: &str) -> Result<Self, Invalid> {
                let is_sound: fn(char) -> bool = $is_sound;
                let text = text.trim();
                if text.is_empty() {
                    return Err(Invalid::$empty);
                }
                if text.chars().count() > Self::MAX_CHARS || !text.chars().all(is_sound) {
                    return Err(Invalid::$long);
                }
                Ok(Self(text.to_owned()))
            }

            /// The text, for those who may read it.
            #[must_use]
            pub fn reveal(&self) -> &str {
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
    /// The text of a post.
    Body, 5_000, BodyEmpty, BodyTooLong, |_| true;
    /// One of an author's own words for what a post is about. It has no control characters.
    Tag, 32, Tag, Tag, |c| !c.is_control();
    /// What a reader may want to know before reading.
    Warning, 200, Warning, Warning, |_| true;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_one_to_five_thousand_characters() {
        assert_eq!(Body::new(" \n "), Err(Invalid::BodyEmpty));
        assert_eq!(Body::new(&format!(" {} ", "ü".repeat(5_000))).unwrap().reveal().chars().count(), 5_000);
        assert_eq!(Body::new(&"ü".repeat(5_001)), Err(Invalid::BodyTooLong));
    }

    #[test]
    fn a_tag_is_short_and_on_one_line() {
        assert_eq!(Tag::new(" day one ").unwrap().reveal(), "day one");
        for broken in ["", " ", "two\nlines", &"x".repeat(33)] {
            assert_eq!(Tag::new(broken), Err(Invalid::Tag), "{broken:?}");
        }
    }

    #[test]
    fn a_warning_has_one_to_two_hundred_characters() {
        assert!(Warning::new(&"x".repeat(200)).is_ok());
        assert_eq!(Warning::new(&"x".repeat(201)), Err(Invalid::Warning));
        assert_eq!(Warning::new(" "), Err(Invalid::Warning));
    }

    #[test]
    fn no_text_is_shown_by_debug() {
        assert_eq!(format!("{:?}", Body::new("my secret").unwrap()), "Body(..)");
        assert_eq!(format!("{:?}", Tag::new("my secret").unwrap()), "Tag(..)");
        assert_eq!(format!("{:?}", Warning::new("my secret").unwrap()), "Warning(..)");
    }
}
