//! The way back in without a device.

use kith_kernel::Entropy;
use zeroize::Zeroizing;

/// Crockford's base32: no letter that is read as a digit, and no `U`.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 160 bits.
const BYTES: usize = 20;
const SIGNS: usize = BYTES * 8 / 5;
const GROUP: usize = 4;

/// 160 bits that nobody can guess, as 32 signs. Kept only as a keyed digest.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

opaque!(RecoveryCode);

impl RecoveryCode {
    /// A new one.
    #[must_use]
    pub fn new(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        entropy.fill(&mut *bytes);
        let mut code = String::with_capacity(SIGNS);
        let (mut bits, mut held) = (0_u32, 0_u32);
        for byte in bytes.iter() {
            bits = ((bits << 8) | u32::from(*byte)) & 0xffff;
            held += 8;
            while held >= 5 {
                held -= 5;
                code.push(sign(bits >> held));
            }
        }
        Self(Zeroizing::new(code))
    }

    /// The code that somebody typed: case, blanks and dashes do not matter, and letters that look like digits are those.
    /// `None` for what can be no code.
    #[must_use]
    pub fn read(typed: &str) -> Option<Self> {
        let mut code = Zeroizing::new(String::with_capacity(SIGNS));
        for typed in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let meant = match typed.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let known = u8::try_from(meant).is_ok_and(|byte| ALPHABET.contains(&byte));
            if !known || code.len() == SIGNS {
                return None;
            }
            code.push(meant);
        }
        (code.len() == SIGNS).then_some(Self(code))
    }

    /// The bare signs, to be digested.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// As its owner writes it down: groups of four.
    #[must_use]
    pub fn shown(&self) -> String {
        let mut shown = String::with_capacity(SIGNS + SIGNS / GROUP);
        for (place, sign) in self.0.chars().enumerate() {
            if place > 0 && place % GROUP == 0 {
                shown.push('-');
            }
            shown.push(sign);
        }
        shown
    }
}

/// The sign of the lowest five bits.
fn sign(bits: u32) -> char {
    let place = usize::try_from(bits & 31).unwrap_or_default();
    ALPHABET.get(place).map_or('0', |byte| char::from(*byte))
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
    fn a_code_is_eight_groups_of_four_and_reads_back_however_it_is_typed() {
        let code = RecoveryCode::new(&SystemEntropy);
        let shown = code.shown();
        assert_eq!(shown.split('-').map(str::len).collect::<Vec<_>>(), [4; 8]);
        for typed in [shown.clone(), shown.to_lowercase(), shown.replace('-', " "), format!(" {} ", code.reveal())] {
            assert!(RecoveryCode::read(&typed).unwrap() == code, "{typed}");
        }
        let confused = shown.replace('0', "o").replace('1', "L");
        assert!(RecoveryCode::read(&confused).unwrap() == code);
    }

    #[test]
    fn every_bit_is_in_the_code() {
        assert_eq!(RecoveryCode::new(&Fixed(0)).reveal(), "0".repeat(32));
        assert_eq!(RecoveryCode::new(&Fixed(0xff)).reveal(), "Z".repeat(32));
        assert_eq!(RecoveryCode::new(&Fixed(0b0000_0001)).reveal(), "040G2081".repeat(4).as_str());
    }

    #[test]
    fn what_can_be_no_code_is_none() {
        for typed in ["", "-", "ABCD", &"U".repeat(32), &"A".repeat(31), &"A".repeat(33), &"ä".repeat(32)] {
            assert!(RecoveryCode::read(typed).is_none(), "{typed}");
        }
    }
}
