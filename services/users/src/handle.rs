//! What people are called, and when two names look alike.

use std::{collections::BTreeSet, sync::LazyLock};

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};
use unicode_security::{GeneralSecurityProfile as _, MixedScript as _, skeleton};

/// A name that somebody may have, in Unicode's composed form (NFC).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle(String);

impl Handle {
    /// The fewest characters.
    pub const SHORTEST: usize = 3;
    /// The most characters.
    pub const LONGEST: usize = 30;

    /// The name that somebody wrote.
    ///
    /// # Errors
    /// [`InvalidHandle`] says which rule it breaks.
    pub fn new(text: &str) -> Result<Self, InvalidHandle> {
        let text: String = text.nfc().collect();
        if !(Self::SHORTEST..=Self::LONGEST).contains(&text.chars().count()) {
            return Err(InvalidHandle::Length);
        }
        if !is_spelled(&text) {
            return Err(InvalidHandle::Characters);
        }
        if !text.as_str().is_single_script() {
            return Err(InvalidHandle::MixedScripts);
        }
        Ok(Self(text))
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it looks like: two names with the same skeleton cannot be told apart by a hurried reader.
    #[must_use]
    pub fn skeleton(&self) -> String {
        look(&self.0)
    }

    /// Whether it looks like somebody who speaks for the system. `_` does not change that.
    #[must_use]
    pub fn is_reserved(&self) -> bool {
        RESERVED_LOOKS.contains(&self.skeleton().replace('_', ""))
    }
}

/// Why a text is no handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidHandle {
    /// Too short or too long.
    #[error("a handle has 3 to 30 characters")]
    Length,
    /// Something that is neither a letter nor a digit nor `_`.
    #[error("a handle is made of letters, digits and `_`")]
    Characters,
    /// Letters of several scripts: most names that look like somebody else's are made so.
    #[error("the letters of a handle are of one script")]
    MixedScripts,
}

/// Letters with at most two marks each (which many scripts cannot be written without), digits and `_`, of those that
/// Unicode recommends for names (UTS 39, 3.1).
fn is_spelled(text: &str) -> bool {
    const MARKS: usize = 2;
    let mut room = 0;
    for character in text.chars() {
        room = match character {
            '_' => 0,
            _ if !character.identifier_allowed() => return false,
            _ if is_combining_mark(character) && room > 0 => room - 1,
            _ if is_combining_mark(character) => return false,
            _ if character.is_alphanumeric() => MARKS,
            _ => return false,
        };
    }
    true
}

/// What a text looks like, whatever its case: the skeleton of UTS 39, 4, of its large letters, and then of the small
/// ones of that. Large letters come first since anybody can write them, and those of different scripts are more alike:
/// `ВОВА` and `BOBA`. Small ones come second for `rn` and `m`.
fn look(text: &str) -> String {
    let large: String = skeleton(&large(&text.nfkc().collect::<String>())).collect();
    let look: String = skeleton(&small(&large)).collect();
    small(&look)
}

/// Small letters, by way of the large ones: some, as `ς` and `σ`, have one large letter for two small ones.
fn small(text: &str) -> String {
    large(text).chars().flat_map(char::to_lowercase).collect()
}

fn large(text: &str) -> String {
    text.to_uppercase()
}

/// Who could be taken for the system itself, or for those who work for it.
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

static RESERVED_LOOKS: LazyLock<BTreeSet<String>> = LazyLock::new(|| RESERVED.into_iter().map(look).collect());

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn handle(text: &str) -> Handle {
        Handle::new(text).unwrap()
    }

    fn look_alike(one: &str, other: &str) -> bool {
        handle(one).skeleton() == handle(other).skeleton()
    }

    #[test]
    fn a_handle_has_3_to_30_characters_however_many_bytes() {
        assert_eq!(Handle::new("ab"), Err(InvalidHandle::Length));
        assert_eq!(Handle::new(&"a".repeat(31)), Err(InvalidHandle::Length));
        assert_eq!(Handle::new("юля").unwrap().as_str(), "юля");
        assert!(Handle::new(&"é".repeat(30)).is_ok());
    }

    #[test]
    fn letters_digits_and_underscores_of_any_one_script_make_a_handle() {
        for good in ["ann_7", "___", "007", "Zoë", "Łukasz", "юлия_90", "ελένη", "さくら花", "हिन्दी", "דנה"]
        {
            assert!(Handle::new(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn nothing_else_makes_one() {
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
        assert_eq!(Handle::new("x\u{323}\u{31b}\u{304}yz"), Err(InvalidHandle::Characters), "marks in a pile");
    }

    #[test]
    fn scripts_do_not_mix() {
        assert_eq!(Handle::new("аnn"), Err(InvalidHandle::MixedScripts), "the first letter is Cyrillic");
        assert_eq!(Handle::new("ann_юля"), Err(InvalidHandle::MixedScripts));
    }

    #[test]
    fn what_is_composed_and_what_is_not_are_one_handle() {
        assert_eq!(Handle::new("Zoe\u{308}"), Handle::new("Zoë"));
    }

    #[test]
    fn case_makes_no_difference() {
        for (one, other) in
            [("Ann_B", "aNN_b"), ("ИВАН", "иван"), ("straße", "STRASSE"), ("ΣΑΣ", "σας"), ("ILL", "ill")]
        {
            assert!(look_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_looks_alike_is_alike() {
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
            assert!(look_alike(one, other), "{one} {other}");
        }
        for (one, other) in
            [("ann", "anne"), ("ann", "a_nn"), ("zoe", "zoë"), ("юля", "юра"), ("bob", "dod"), ("ann2", "ann3")]
        {
            assert!(!look_alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn who_could_be_taken_for_the_system_is_reserved() {
        for bad in ["admin", "Admin", "adm1n", "AdMlN", "_moderator_", "rnoderator", "kith", "K1TH", "s_o_s", "5upport"]
        {
            assert_eq!(handle(bad).is_reserved(), bad != "5upport", "{bad}");
        }
        assert!(!handle("administer").is_reserved());
        assert!(!handle("keith").is_reserved());
    }

    proptest! {
        #[test]
        fn no_text_is_too_strange_and_none_differs_by_its_case(text in "\\PC{0,32}") {
            if let Ok(handle) = Handle::new(&text) {
                prop_assert_eq!(look(&handle.as_str().to_uppercase()), handle.skeleton());
                prop_assert_eq!(look(&handle.as_str().to_lowercase()), handle.skeleton());
            }
        }
    }

    #[test]
    fn every_letter_looks_like_itself_in_the_other_case() {
        let cased = ('\0'..=char::MAX).filter(|it| it.identifier_allowed() && (it.is_lowercase() || it.is_uppercase()));
        for letter in cased {
            let look = look(&letter.to_string());
            assert_eq!(self::look(&letter.to_uppercase().to_string()), look, "{letter}");
            assert_eq!(self::look(&letter.to_lowercase().to_string()), look, "{letter}");
        }
    }
}
