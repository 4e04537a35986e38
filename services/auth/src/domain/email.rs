//! E-mail addresses.

use zeroize::Zeroizing;

/// Maximum length of an address in bytes (RFC 5321, section 4.5.3.1.3, without the angle brackets).
const MAX_LENGTH: usize = 254;
/// Maximum length of the part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_LENGTH: usize = 64;
/// Maximum length of a domain label, in bytes (RFC 1035, section 2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

/// Normalized e-mail address. It is stored and looked up in this form.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(Zeroizing<String>);

secret_type!(Email);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// Parses an address. Case and surrounding white space are ignored.
    ///
    /// # Errors
    /// [`InvalidEmail`] if the syntax is wrong. Delivery is not checked.
    pub fn new(typed: &str) -> Result<Self, InvalidEmail> {
        let text = Self::normalized(typed);
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        let is_printable = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        let is_valid = text.len() <= MAX_LENGTH && is_printable && is_local(local) && is_domain(domain);
        if is_valid { Ok(Self(text)) } else { Err(InvalidEmail) }
    }

    /// Returns the normalized form of a text without checking its syntax. A login with an invalid address then takes
    /// the same time as one with an unknown address.
    #[must_use]
    pub fn normalized(typed: &str) -> Zeroizing<String> {
        Zeroizing::new(typed.trim().to_lowercase())
    }

    /// Returns the address, to be encrypted or indexed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the part before the `@`.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

fn is_local(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LOCAL_LENGTH
        && !text.starts_with('.')
        && !text.ends_with('.')
        && !text.contains("..")
        && !text.chars().any(|c| matches!(c, '"' | '(' | ')' | ',' | ':' | ';' | '<' | '>' | '[' | ']' | '\\'))
}

fn is_domain(text: &str) -> bool {
    text.contains('.') && text.split('.').all(is_label)
}

fn is_label(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LABEL_LENGTH
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_surrounding_white_space_are_ignored() {
        assert_eq!(Email::new("  Ann.B@Example.ORG ").unwrap(), Email::new("ann.b@example.org").unwrap());
        assert_eq!(Email::new("Ann.B@example.org").unwrap().local_part(), "ann.b");
    }

    #[test]
    fn malformed_addresses_are_rejected() {
        let long = format!("{}@example.org", "a".repeat(65));
        let longer = format!("a@{}.org", "a.".repeat(126));
        for typed in [
            "",
            "a",
            "@",
            "a@",
            "@b.c",
            "a@b",
            "a@b@c.d",
            "a b@c.d",
            "a@b c.d",
            "a@.b",
            "a@b.",
            "a@b..c",
            ".a@b.c",
            "a.@b.c",
            "a..b@c.d",
            "a\u{0}@b.c",
            "a\n@b.c",
            "a\u{a0}b@c.d",
            "a@-b.c",
            "a@b-.c",
            "a@b_c.d",
            "<a@b.c>",
            "a,b@c.d",
            &long,
            &longer,
        ] {
            assert_eq!(Email::new(typed).err(), Some(InvalidEmail), "{typed:?}");
        }
    }

    #[test]
    fn the_debug_output_of_an_address_is_opaque() {
        assert_eq!(format!("{:?}", Email::new("ann@example.org").unwrap()), "Email(..)");
    }
}
