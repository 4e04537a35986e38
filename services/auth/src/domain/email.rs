//! An e-mail address.

use zeroize::Zeroizing;

/// The longest that a mail server takes (RFC 5321, 4.5.3.1.3, without its brackets).
const LONGEST: usize = 254;
/// The longest part before the `@` (RFC 5321, 4.5.3.1.1).
const LONGEST_LOCAL: usize = 64;
/// The longest label of a domain (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// An e-mail address, in the one form in which it is kept and looked up.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(Zeroizing<String>);

opaque!(Email);

/// The text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not an e-mail address")]
pub struct InvalidEmail;

impl Email {
    /// The address that somebody typed. Case and the blanks around it do not matter.
    ///
    /// # Errors
    /// [`InvalidEmail`] for what no address looks like. Whether mail arrives there is another question.
    pub fn new(typed: &str) -> Result<Self, InvalidEmail> {
        let text = Self::normal(typed);
        let (local, domain) = text.split_once('@').ok_or(InvalidEmail)?;
        let visible = !text.chars().any(|c| c.is_control() || c.is_whitespace());
        let sound = text.len() <= LONGEST && visible && is_local(local) && is_domain(domain);
        if sound { Ok(Self(text)) } else { Err(InvalidEmail) }
    }

    /// What an address is looked up by, whatever was typed: who comes with no address finds nobody, at the same cost.
    #[must_use]
    pub fn normal(typed: &str) -> Zeroizing<String> {
        Zeroizing::new(typed.trim().to_lowercase())
    }

    /// The address itself, to be sealed or indexed.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }
}

fn is_local(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= LONGEST_LOCAL
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
        && text.len() <= LONGEST_LABEL
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.chars().all(|c| c.is_alphanumeric() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_blanks_do_not_matter() {
        assert_eq!(Email::new("  Ann.B@Example.ORG ").unwrap(), Email::new("ann.b@example.org").unwrap());
        assert_eq!(Email::new("Ann.B@example.org").unwrap().local(), "ann.b");
    }

    #[test]
    fn what_no_address_looks_like_is_refused() {
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
    fn an_address_is_not_shown_by_accident() {
        assert_eq!(format!("{:?}", Email::new("ann@example.org").unwrap()), "Email(..)");
    }
}
