//! Recovery codes, which log in to an account without a password.

use kith_kernel::Entropy;
use zeroize::Zeroizing;

/// Crockford's base32: without `I`, `L`, `O` and `U`, which are easily confused.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Entropy in bytes: 160 bits.
const BYTES: usize = 20;
const SYMBOLS: usize = BYTES * 8 / 5;
/// Symbols per group in the display form.
const GROUP: usize = 4;

/// Recovery code: 160 random bits as 32 symbols. Only a keyed digest is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

secret_type!(RecoveryCode);

impl RecoveryCode {
    /// Generates a code.
    #[must_use]
    pub fn random(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        entropy.fill(&mut *bytes);
        let mut code = String::with_capacity(SYMBOLS);
        let (mut bits, mut bit_count) = (0_u32, 0_u32);
        for byte in bytes.iter() {
            bits = ((bits << 8) | u32::from(*byte)) & 0xffff;
            bit_count += 8;
            while bit_count >= 5 {
                bit_count -= 5;
                code.push(symbol(bits >> bit_count));
            }
        }
        Self(Zeroizing::new(code))
    }

    /// Parses a typed code. Case, white space and dashes are ignored; letters that look like digits are read as digits.
    /// Returns `None` for a text that is not a code.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut code = Zeroizing::new(String::with_capacity(SYMBOLS));
        for character in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let symbol = match character.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let is_valid = u8::try_from(symbol).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !is_valid || code.len() == SYMBOLS {
                return None;
            }
            code.push(symbol);
        }
        (code.len() == SYMBOLS).then_some(Self(code))
    }

    /// Returns the symbols without separators, to be digested.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the display form: groups of four symbols.
    #[must_use]
    pub fn formatted(&self) -> String {
        let mut formatted = String::with_capacity(SYMBOLS + SYMBOLS / GROUP);
        for (index, symbol) in self.0.chars().enumerate() {
            if index > 0 && index % GROUP == 0 {
                formatted.push('-');
            }
            formatted.push(symbol);
        }
        formatted
    }
}

/// Returns the symbol of the lowest five bits.
fn symbol(bits: u32) -> char {
    let index = usize::try_from(bits & 31).unwrap_or_default();
    ALPHABET.get(index).map_or('0', |byte| char::from(*byte))
}

#[cfg(test)]
mod tests {
    use kith_kernel::SystemEntropy;

    use super::*;

    struct Fixed(u8);

    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn a_code_has_eight_groups_of_four_and_is_parsed_in_every_spelling() {
        let code = RecoveryCode::random(&SystemEntropy);
        let formatted = code.formatted();
        assert_eq!(formatted.split('-').map(str::len).collect::<Vec<_>>(), [4; 8]);
        for typed in
            [formatted.clone(), formatted.to_lowercase(), formatted.replace('-', " "), format!(" {} ", code.expose())]
        {
            assert!(RecoveryCode::parse(&typed).unwrap() == code, "{typed}");
        }
        let confused = formatted.replace('0', "o").replace('1', "L");
        assert!(RecoveryCode::parse(&confused).unwrap() == code);
    }

    #[test]
    fn every_random_bit_is_encoded() {
        assert_eq!(RecoveryCode::random(&Fixed(0)).expose(), "0".repeat(32));
        assert_eq!(RecoveryCode::random(&Fixed(0xff)).expose(), "Z".repeat(32));
        assert_eq!(RecoveryCode::random(&Fixed(0b0000_0001)).expose(), "040G2081".repeat(4).as_str());
    }

    #[test]
    fn malformed_codes_are_rejected() {
        for typed in ["", "-", "ABCD", &"U".repeat(32), &"A".repeat(31), &"A".repeat(33), &"ä".repeat(32)] {
            assert!(RecoveryCode::parse(typed).is_none(), "{typed}");
        }
    }
}
