//! Passwords and the rules for new ones.
//!
//! Strength comes from length, not from a mixture of character classes (NIST SP 800-63B-4, section 3.1.1.2): a new
//! password has at least 15 characters and is none of those that attackers try first.

use std::{collections::HashSet, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::Email;

/// Common long passwords, reduced to lower-case letters and digits.
static COMMON_PASSWORDS: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common-passwords.txt").lines().collect());

/// Minimum length in characters.
const MIN_LENGTH: usize = 15;
/// Maximum length in characters.
const MAX_LENGTH: usize = 128;
/// Minimum length of a local part that a password must not contain. Shorter ones occur in ordinary words.
const MIN_FORBIDDEN_PART: usize = 4;
/// Minimum number of distinct characters.
const MIN_DISTINCT: usize = 5;

/// A password as the user typed it.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// A password that satisfies the rules for new passwords.
#[derive(Clone)]
pub struct NewPassword(Password);

secret_type!(Password, NewPassword);

/// Rule that a new password breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    #[error("password must be 15 to 128 characters")]
    Length,
    #[error("password is too common")]
    Common,
    /// A repetition, a sequence of neighbouring characters, or too few distinct characters.
    #[error("password is a predictable pattern")]
    Pattern,
    #[error("password must not contain the local part of the e-mail address")]
    ContainsEmail,
}

impl Password {
    /// Normalizes the text to NFKC, because two keyboards can encode the same letter differently (NIST SP 800-63B-4,
    /// section 3.1.1.2).
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self(Zeroizing::new(typed.nfkc().collect()))
    }

    /// Returns the bytes to hash.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl NewPassword {
    /// Checks the rules for a new password of the account with this address.
    ///
    /// # Errors
    /// [`WeakPassword`].
    pub fn new(typed: &str, email: &Email) -> Result<Self, WeakPassword> {
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&typed.chars().count()) {
            return Err(WeakPassword::Length);
        }
        let lower = Zeroizing::new(typed.to_lowercase());
        let reduced: Zeroizing<String> = Zeroizing::new(lower.chars().filter(|c| c.is_alphanumeric()).collect());
        if COMMON_PASSWORDS.contains(reduced.as_str()) {
            return Err(WeakPassword::Common);
        }
        if is_pattern(&lower) {
            return Err(WeakPassword::Pattern);
        }
        if email.local_part().chars().count() >= MIN_FORBIDDEN_PART && lower.contains(email.local_part()) {
            return Err(WeakPassword::ContainsEmail);
        }
        Ok(Self(Password::new(typed)))
    }

    #[must_use]
    pub const fn password(&self) -> &Password {
        &self.0
    }
}

fn is_pattern(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let distinct: HashSet<char> = characters.iter().copied().collect();
    distinct.len() < MIN_DISTINCT || is_sequence(&characters) || is_repetition(&characters)
}

/// Returns true if the characters are consecutive, ascending or descending. 0 follows 9.
fn is_sequence(characters: &[char]) -> bool {
    let follows = |a: char, b: char| u32::from(a) + 1 == u32::from(b) || (a, b) == ('9', '0');
    let pairs = || characters.iter().zip(characters.iter().skip(1));
    pairs().all(|(a, b)| follows(*a, *b)) || pairs().all(|(a, b)| follows(*b, *a))
}

/// Returns true if the text repeats its own beginning, the last time perhaps incompletely.
fn is_repetition(characters: &[char]) -> bool {
    (1..=characters.len() / 2).any(|period| characters.iter().zip(characters.iter().skip(period)).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn validate(typed: &str) -> Result<(), WeakPassword> {
        NewPassword::new(typed, &Email::new("marianne@example.org").unwrap()).map(|_| ())
    }

    #[test]
    fn a_long_password_of_any_characters_is_accepted() {
        for typed in [
            "seven green kettles",
            "ein Haus am See mit Übermut",
            "七つの緑のやかんが静かに歌っている夜",
            "aaaaaaaaaab c d e",
        ] {
            assert_eq!(validate(typed), Ok(()), "{typed}");
        }
        let longest = format!("{}{}", "kettle green ", "x".repeat(115));
        assert_eq!(validate(&longest), Ok(()));
    }

    #[test]
    fn equivalent_encodings_of_a_letter_are_equal() {
        let (composed, decomposed) = ("gr\u{fc}n ist die Wiese", "gru\u{308}n ist die Wiese");
        assert_ne!(composed, decomposed);
        assert_eq!(Password::new(composed).expose(), Password::new(decomposed).expose());
    }

    #[test]
    fn easily_guessed_passwords_are_rejected() {
        assert_eq!(validate("fourteen signs"), Err(WeakPassword::Length));
        assert_eq!(validate(&"kettle green ".repeat(10)), Err(WeakPassword::Length));
        for typed in ["Correct Horse Battery Staple", "qwertyuiop[]asdfghjkl", "iloveyouforever1"] {
            assert_eq!(validate(typed), Err(WeakPassword::Common), "{typed}");
        }
        for typed in [
            "aaaaaaaaaaaaaaaa",
            "abababababababab",
            "kettlekettlekettle",
            "kettle-kettle-ket",
            "PassWordpassword",
            "123456789012345678",
            "9876543210987654",
            "abcdefghijklmnop",
            "ponmlkjihgfedcba",
        ] {
            assert_eq!(validate(typed), Err(WeakPassword::Pattern), "{typed}");
        }
        assert_eq!(validate("Marianne's green kettle"), Err(WeakPassword::ContainsEmail));
    }

    #[test]
    fn common_passwords_are_stored_in_reduced_form() {
        for word in COMMON_PASSWORDS.iter() {
            let is_reduced = word.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase());
            assert!(is_reduced && word.chars().count() >= 10, "{word}");
        }
    }
}
