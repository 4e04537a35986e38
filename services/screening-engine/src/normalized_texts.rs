//! All normalized forms of a text.

use crate::{
    MappedText, fold,
    numbers::normalize_numbers,
    spelling::{SpelledSigns, join_spaced_letters, replace_leet},
};

/// The normalized forms of a text. Each detector reads those that it needs.
#[derive(Debug)]
pub(crate) struct NormalizedTexts {
    /// Plain letters.
    pub(crate) folded: MappedText,
    /// Folded, with spaced-out words joined and signs in place of sign words.
    pub(crate) joined: MappedText,
    /// Joined, with letters in place of look-alike digits in words.
    pub(crate) unleeted: MappedText,
    /// Folded, with numbers as digits.
    pub(crate) folded_with_digits: MappedText,
    /// Unleeted, with numbers as digits.
    pub(crate) unleeted_with_digits: MappedText,
}

impl NormalizedTexts {
    pub(crate) fn new(text: &str, signs: &SpelledSigns) -> Self {
        let folded = fold(text);
        let joined = signs.replace_in(&join_spaced_letters(&folded));
        let unleeted = replace_leet(&joined);
        let folded_with_digits = normalize_numbers(&folded);
        let unleeted_with_digits = normalize_numbers(&unleeted);
        Self { folded, joined, unleeted, folded_with_digits, unleeted_with_digits }
    }
}
