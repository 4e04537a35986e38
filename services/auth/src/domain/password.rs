//! Passwords: as somebody typed them, and as somebody may choose them.
//!
//! Length is what makes one strong, not its mixture of signs (NIST SP 800-63B-4, 3.1.1.2): 15 characters at least, and
//! none of those that guessers try first.

use std::{collections::HashSet, sync::LazyLock};

use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use super::Email;

/// Well-known passwords of at least 15 characters: lower case, letters and digits only.
static WELL_KNOWN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("well-known.txt").lines().collect());

const SHORTEST: usize = 15;
const LONGEST: usize = 128;
/// The shortest part before an `@` that a password may not hold: shorter ones turn up in words by chance.
const TELLING: usize = 4;
/// With fewer different characters, a password is a pattern.
const DIFFERENT: usize = 5;

/// What somebody typed as their password.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

/// A password that keeps the rules.
#[derive(Clone)]
pub struct NewPassword(Password);

opaque!(Password, NewPassword);

/// Why a password may not be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// Too short, or too long.
    #[error("a password has 15 to 128 characters")]
    Length,
    /// On the list.
    #[error("this password is too well known")]
    WellKnown,
    /// The same again and again, or a row of signs.
    #[error("this password is a pattern that is quickly guessed")]
    Pattern,
    /// Who knows the one knows the other.
    #[error("a password may not hold the name of the e-mail address")]
    Address,
}

impl Password {
    /// Whatever was typed. Two keyboards may write one letter in two ways, so it is brought into one form (NFKC, as
    /// NIST SP 800-63B-4, 3.1.1.2, asks).
    #[must_use]
    pub fn new(typed: &str) -> Self {
        Self(Zeroizing::new(typed.nfkc().collect()))
    }

    /// What is hashed.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl NewPassword {
    /// A password for whoever has this address.
    ///
    /// # Errors
    /// [`WeakPassword`] says which rule it breaks.
    pub fn new(typed: &str, email: &Email) -> Result<Self, WeakPassword> {
        if !(SHORTEST..=LONGEST).contains(&typed.chars().count()) {
            return Err(WeakPassword::Length);
        }
        let lower = Zeroizing::new(typed.to_lowercase());
        let bare: Zeroizing<String> = Zeroizing::new(lower.chars().filter(|c| c.is_alphanumeric()).collect());
        if WELL_KNOWN.contains(bare.as_str()) {
            return Err(WeakPassword::WellKnown);
        }
        if is_pattern(&lower) {
            return Err(WeakPassword::Pattern);
        }
        if email.local().chars().count() >= TELLING && lower.contains(email.local()) {
            return Err(WeakPassword::Address);
        }
        Ok(Self(Password::new(typed)))
    }

    /// As it will be typed.
    #[must_use]
    pub const fn password(&self) -> &Password {
        &self.0
    }
}

fn is_pattern(text: &str) -> bool {
    let signs: Vec<char> = text.chars().collect();
    let different: HashSet<char> = signs.iter().copied().collect();
    different.len() < DIFFERENT || is_row(&signs) || repeats(&signs)
}

/// Whether each sign follows the one before, up or down; after 9 comes 0.
fn is_row(signs: &[char]) -> bool {
    let follows = |a: char, b: char| u32::from(a) + 1 == u32::from(b) || (a, b) == ('9', '0');
    let pairs = || signs.iter().zip(signs.iter().skip(1));
    pairs().all(|(a, b)| follows(*a, *b)) || pairs().all(|(a, b)| follows(*b, *a))
}

/// Whether it is something, and then the same again to the end.
fn repeats(signs: &[char]) -> bool {
    (1..=signs.len() / 2).any(|period| signs.iter().zip(signs.iter().skip(period)).all(|(a, b)| a == b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(typed: &str) -> Result<(), WeakPassword> {
        NewPassword::new(typed, &Email::new("marianne@example.org").unwrap()).map(|_| ())
    }

    #[test]
    fn a_long_password_of_any_signs_may_be_chosen() {
        for typed in [
            "seven green kettles",
            "ein Haus am See mit Übermut",
            "七つの緑のやかんが静かに歌っている夜",
            "aaaaaaaaaab c d e",
        ] {
            assert_eq!(chosen(typed), Ok(()), "{typed}");
        }
        let longest = format!("{}{}", "kettle green ", "x".repeat(115));
        assert_eq!(chosen(&longest), Ok(()));
    }

    #[test]
    fn a_letter_that_two_keyboards_write_in_two_ways_is_one() {
        let (composed, apart) = ("gr\u{fc}n ist die Wiese", "gru\u{308}n ist die Wiese");
        assert_ne!(composed, apart);
        assert_eq!(Password::new(composed).reveal(), Password::new(apart).reveal());
    }

    #[test]
    fn what_guessers_try_first_is_refused() {
        assert_eq!(chosen("fourteen signs"), Err(WeakPassword::Length));
        assert_eq!(chosen(&"kettle green ".repeat(10)), Err(WeakPassword::Length));
        for typed in ["Correct Horse Battery Staple", "qwertyuiop[]asdfghjkl", "iloveyouforever1"] {
            assert_eq!(chosen(typed), Err(WeakPassword::WellKnown), "{typed}");
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
            assert_eq!(chosen(typed), Err(WeakPassword::Pattern), "{typed}");
        }
        assert_eq!(chosen("Marianne's green kettle"), Err(WeakPassword::Address));
    }

    #[test]
    fn the_list_is_in_the_form_in_which_it_is_asked() {
        for word in WELL_KNOWN.iter() {
            let bare = word.chars().all(|c| c.is_alphanumeric() && !c.is_uppercase());
            assert!(bare && word.chars().count() >= 10, "{word}");
        }
    }
}
