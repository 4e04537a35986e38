//! Handles: validation, reserved handles and look-alikes.

use std::{collections::BTreeSet, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::{GeneralSecurityProfile as _, MixedScript as _, skeleton};

/// Valid handle of a persona, in Unicode normalization form C.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle(String);

impl Handle {
    /// Minimum number of characters.
    pub const MIN_CHARS: usize = 3;
    /// Maximum number of characters.
    pub const MAX_CHARS: usize = 30;

    /// Normalizes and validates a handle.
    ///
    /// # Errors
    /// [`InvalidHandle`] names the rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, InvalidHandle> {
        let text: String = text.nfc().collect();
        if !(Self::MIN_CHARS..=Self::MAX_CHARS).contains(&text.chars().count()) {
            return Err(InvalidHandle::Length);
        }
        if !is_valid_spelling(&text) {
            return Err(InvalidHandle::Characters);
        }
        if !text.as_str().is_single_script() {
            return Err(InvalidHandle::MixedScripts);
        }
        Ok(Self(text))
    }

    /// Returns the handle in display form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the skeleton of the handle. Handles that look alike have the same skeleton.
    #[must_use]
    pub fn skeleton(&self) -> String {
        skeleton_of(&self.0)
    }

    /// Returns true if the handle looks like a reserved one. `_` is ignored.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        RESERVED_SKELETONS.contains(&self.skeleton().replace('_', ""))
    }
}

/// Rule that a text breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHandle {
    #[error("handle must be 3 to 30 characters")]
    Length,
    #[error("handle can contain only letters, digits and `_`")]
    Characters,
    /// Most look-alikes of a handle mix letters of several scripts.
    #[error("letters of a handle must be of one script")]
    MixedScripts,
}

/// Returns true if the text consists of letters, digits and `_`. Letters and digits must be allowed in identifiers by
/// UTS 39, section 3.1, and can have up to two combining marks each, which many scripts need.
fn is_valid_spelling(text: &str) -> bool {
    const MAX_MARKS: usize = 2;
    let mut marks_left = 0;
    for character in text.chars() {
        marks_left = match character {
            '_' => 0,
            _ if !character.identifier_allowed() => return false,
            _ if is_combining_mark(character) && marks_left > 0 => marks_left - 1,
            _ if is_combining_mark(character) => return false,
            _ if character.is_alphanumeric() => MAX_MARKS,
            _ => return false,
        };
    }
    true
}

/// Returns the case-insensitive skeleton of a text: the skeleton of UTS 39, section 4, of the uppercase text, and then
/// that of the lowercase form of the result.
///
/// Uppercase comes first because more uppercase letters of different scripts look alike: `ВОВА` and `BOBA`. Lowercase
/// comes second for `rn` and `m`.
fn skeleton_of(text: &str) -> String {
    let upper: String = skeleton(&uppercase(&text.nfkc().collect::<String>())).collect();
    let lower: String = skeleton(&lowercase(&upper)).collect();
    lowercase(&lower)
}

/// Converts to lowercase by way of uppercase, because some letters have two lowercase forms, such as `ς` and `σ`.
fn lowercase(text: &str) -> String {
    uppercase(text).chars().flat_map(char::to_lowercase).collect()
}

fn uppercase(text: &str) -> String {
    text.to_uppercase()
}

/// Handles that could be mistaken for the system or its staff.
const RESERVED: [&str; 42] = [
    "admin",
    "administration",
    "administrator",
    "admins",
    "anonymous",
    "bot",
    "deleted",
    "emergency",
    "everyone",
    "guide",
    "help",
    "helpdesk",
    "helpline",
    "hotline",
    "kith",
    "kithadmin",
    "kithbot",
    "kithhelp",
    "kithmoderator",
    "kithofficial",
    "kithsupport",
    "kithstaff",
    "kithteam",
    "mod",
    "moderation",
    "moderator",
    "moderators",
    "mods",
    "nobody",
    "official",
    "operator",
    "owner",
    "police",
    "root",
    "security",
    "service",
    "sos",
    "staff",
    "support",
    "supporter",
    "system",
    "team",
];

static RESERVED_SKELETONS: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| RESERVED.into_iter().map(skeleton_of).collect());

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn handle(text: &str) -> Handle {
        Handle::new(text).unwrap()
    }

    fn looks_like(one: &str, other: &str) -> bool {
        handle(one).skeleton() == handle(other).skeleton()
    }

    #[test]
    fn the_length_of_a_handle_is_limited_in_characters_not_bytes() {
        assert_eq!(Handle::new("ab"), Err(InvalidHandle::Length));
        assert_eq!(Handle::new(&"a".repeat(31)), Err(InvalidHandle::Length));
        assert_eq!(Handle::new("юля").unwrap().as_str(), "юля");
        assert!(Handle::new(&"é".repeat(30)).is_ok());
    }

    #[test]
    fn letters_digits_and_underscores_of_one_script_are_allowed() {
        for good in ["ann_7", "___", "007", "Zoë", "Łukasz", "юлия_90", "ελένη", "さくら花", "हिन्दी", "דנה"]
        {
            assert!(Handle::new(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn other_characters_are_rejected() {
        for bad in [
            "a b",
            "ann!",
            "a-b-c",
            "ann.b",
            "ann\u{200d}",
            "a\u{202e}bc",
            "ann🙂",
            "ａｎｎ",
            "ann½",
            "@ann",
            "\u{301}ann",
        ] {
            assert_eq!(Handle::new(bad), Err(InvalidHandle::Characters), "{bad:?}");
        }
        assert_eq!(
            Handle::new("x\u{323}\u{31b}\u{304}yz"),
            Err(InvalidHandle::Characters),
            "more than two combining marks"
        );
    }

    #[test]
    fn handles_of_mixed_scripts_are_rejected() {
        assert_eq!(Handle::new("аnn"), Err(InvalidHandle::MixedScripts), "the first letter is Cyrillic");
        assert_eq!(Handle::new("ann_юля"), Err(InvalidHandle::MixedScripts));
    }

    #[test]
    fn composed_and_decomposed_spellings_are_equal() {
        assert_eq!(Handle::new("Zoe\u{308}"), Handle::new("Zoë"));
    }

    #[test]
    fn handles_that_differ_only_in_case_look_alike() {
        for (one, other) in
            [("Ann_B", "aNN_b"), ("ИВАН", "иван"), ("straße", "STRASSE"), ("ΣΑΣ", "σας"), ("ILL", "ill")]
        {
            assert!(looks_like(one, other), "{one} {other}");
        }
    }

    #[test]
    fn handles_with_confusable_letters_look_alike() {
        for (one, other) in [
            ("Ill", "l1I"),
            ("lily", "1i1y"),
            ("bOb", "b0b"),
            ("modern", "rnodem"),
            ("corner", "comer"),
            ("ВОВА", "BOBA"),
            ("сора", "copa"),
            ("вова", "BOBA"),
        ] {
            assert!(looks_like(one, other), "{one} {other}");
        }
        for (one, other) in
            [("ann", "anne"), ("ann", "a_nn"), ("zoe", "zoë"), ("юля", "юра"), ("bob", "dod"), ("ann2", "ann3")]
        {
            assert!(!looks_like(one, other), "{one} {other}");
        }
    }

    #[test]
    fn handles_that_look_like_the_system_or_its_staff_are_reserved() {
        for bad in ["admin", "Admin", "adm1n", "AdMlN", "_moderator_", "rnoderator", "kith", "K1TH", "s_o_s", "5upport"]
        {
            assert_eq!(handle(bad).is_reserved(), bad != "5upport", "{bad}");
        }
        assert!(!handle("administer").is_reserved());
        assert!(!handle("keith").is_reserved());
    }

    proptest! {
        #[test]
        fn the_skeleton_of_any_text_ignores_case(text in "\\PC{0,32}") {
            if let Ok(handle) = Handle::new(&text) {
                prop_assert_eq!(skeleton_of(&handle.as_str().to_uppercase()), handle.skeleton());
                prop_assert_eq!(skeleton_of(&handle.as_str().to_lowercase()), handle.skeleton());
            }
        }
    }

    #[test]
    fn the_skeleton_of_every_letter_ignores_case() {
        let letters = ('\0'..=char::MAX)
            .filter(|letter| letter.identifier_allowed() && (letter.is_lowercase() || letter.is_uppercase()));
        for letter in letters {
            let skeleton = skeleton_of(&letter.to_string());
            assert_eq!(skeleton_of(&letter.to_uppercase().to_string()), skeleton, "{letter}");
            assert_eq!(skeleton_of(&letter.to_lowercase().to_string()), skeleton, "{letter}");
        }
    }
}
