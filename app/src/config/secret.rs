//! A secret value.

use std::fmt;

use base64::{
    Engine as _,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::NO_PAD},
};

use super::value::ScalarValue;

/// Secret of 32 bytes. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

const ANY_PADDING: GeneralPurposeConfig = NO_PAD.with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD_BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::STANDARD, ANY_PADDING);
const URL_SAFE_BASE64: GeneralPurpose = GeneralPurpose::new(&base64::alphabet::URL_SAFE, ANY_PADDING);

impl ScalarValue for Secret {
    const TYPE_HINT: &'static str = "32 bytes in base64 or hex";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let bytes =
            from_hex(text).or_else(|| STANDARD_BASE64.decode(text).ok()).or_else(|| URL_SAFE_BASE64.decode(text).ok());
        let bytes = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| format!("must be {}", <Self as ScalarValue>::TYPE_HINT))?;
        // 32 random bytes have more than 20 distinct values, except with a probability of 2^-60.
        let distinct: std::collections::BTreeSet<_> = bytes.iter().collect();
        if distinct.len() < 16 {
            return Err("is not random; generate one with `openssl rand -hex 32`".to_owned());
        }
        Ok(Self(bytes))
    }

    fn placeholder() -> Self {
        Self([0; 32])
    }

    fn display(&self) -> String {
        "set".to_owned()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    Some(digits?.chunks(2).map(|pair| pair.iter().fold(0_u8, |byte, digit| (byte << 4) | digit)).collect())
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    #[test]
    fn secrets_parse_from_hex_and_both_base64_alphabets() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 8 + 7).unwrap());
        let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
        for text in [hex, STANDARD.encode(bytes), STANDARD_BASE64.encode(bytes), URL_SAFE_BASE64.encode(bytes)] {
            assert_eq!(Secret::parse(&text).unwrap().expose(), &bytes, "{text}");
        }
    }

    #[test]
    fn short_or_predictable_secrets_are_rejected_without_quoting_them() {
        for text in ["", "changeme", &"ab".repeat(32), &"0".repeat(64), &"a1".repeat(31)] {
            let message = Secret::parse(text).unwrap_err();
            assert!(text.is_empty() || !message.contains(text), "{message}");
        }
    }
}
