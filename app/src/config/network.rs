//! Values of the network: URLs, origins, namespaces, IP networks.

use std::{fmt, net::IpAddr};

use axum::http::{HeaderValue, Uri, uri::Scheme};

use super::value::{ConfigValue, RawValue, ScalarValue, items};
use crate::http::client_ip::InvalidIpNetwork;
pub use crate::http::client_ip::IpNetwork;

/// URL under which clients reach the server: scheme, host and optional port, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// The URL without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ScalarValue for PublicUrl {
    const TYPE_HINT: &'static str = "a URL without a path, such as https://kith.example.org";

    fn parse(text: &str) -> Result<Self, String> {
        let invalid = || format!("must be {}, got \"{text}\"", <Self as ScalarValue>::TYPE_HINT);
        let url = origin(text.strip_suffix('/').unwrap_or(text)).ok_or_else(invalid)?;
        let known = url.scheme() == Some(&Scheme::HTTP) || url.scheme() == Some(&Scheme::HTTPS);
        if known { Ok(Self(url.to_string().trim_end_matches('/').to_lowercase())) } else { Err(invalid()) }
    }

    fn placeholder() -> Self {
        Self("http://127.0.0.1:8080".to_owned())
    }

    fn display(&self) -> String {
        self.0.clone()
    }
}

/// Parses a scheme, a host and an optional port, without anything else.
fn origin(text: &str) -> Option<Uri> {
    let (_, rest) = text.split_once("://")?;
    let url: Uri = text.parse().ok()?;
    let authority = url.authority()?;
    let bare = rest == authority.as_str() && !authority.as_str().contains('@') && !authority.host().is_empty();
    let port = authority.port().is_some() || !authority.as_str().ends_with(':');
    (bare && port).then_some(url)
}

/// URL of a server, with credentials.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// The complete URL with credentials, for the driver.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerUrl(..)")
    }
}

impl ScalarValue for ServerUrl {
    const TYPE_HINT: &'static str = "a URL in the format of the server's clients";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let has_scheme = text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        let is_printable = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        if has_scheme && is_printable {
            Ok(Self(text.to_owned()))
        } else {
            Err(format!("must be {}", <Self as ScalarValue>::TYPE_HINT))
        }
    }

    fn placeholder() -> Self {
        Self(String::new())
    }

    fn display(&self) -> String {
        "set".to_owned()
    }
}

/// Prefix of the names of one community on shared servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ScalarValue for Namespace {
    const TYPE_HINT: &'static str = "1 to 32 lower-case letters, digits and underscores";

    fn parse(text: &str) -> Result<Self, String> {
        let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if (1..=32).contains(&text.len()) && text.chars().all(letters) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("must be {}, got \"{text}\"", <Self as ScalarValue>::TYPE_HINT))
    }

    fn placeholder() -> Self {
        Self("kith".to_owned())
    }

    fn display(&self) -> String {
        self.0.clone()
    }
}

/// Origins of web pages, as browsers send them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    #[must_use]
    pub fn as_slice(&self) -> &[HeaderValue] {
        &self.0
    }
}

impl ConfigValue for Origins {
    const TYPE_HINT: &'static str = "a list of origins, such as https://app.example.org";

    fn from_raw(raw: &RawValue) -> Result<Self, String> {
        let origins = items(raw).into_iter().map(|text| {
            // Browsers send lower case, and origins are compared byte by byte.
            let plain = origin(text).filter(|_| text == text.to_lowercase());
            let value = plain.and_then(|_| HeaderValue::from_str(text).ok());
            value.ok_or_else(|| {
                format!("must contain origins of scheme, host and optional port, in lower case and without a slash, got \"{text}\"")
            })
        });
        origins.collect::<Result<_, _>>().map(Self)
    }

    fn placeholder() -> Self {
        Self(Vec::new())
    }

    fn display(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        self.0.iter().filter_map(|origin| origin.to_str().ok()).collect::<Vec<_>>().join(", ")
    }
}

impl ScalarValue for IpNetwork {
    const TYPE_HINT: &'static str = "a list of networks, such as 10.0.0.0/8 or ::1";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|InvalidIpNetwork| format!("must be a network, such as 10.0.0.0/8 or ::1, got \"{text}\""))
    }

    fn placeholder() -> Self {
        Self::from_address(IpAddr::from([127, 0, 0, 1]))
    }

    fn display(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_a_host_and_no_path() {
        assert_eq!(PublicUrl::parse("https://Kith.example.org/").unwrap().as_str(), "https://kith.example.org");
        assert_eq!(PublicUrl::parse("http://[::1]:8080").unwrap().as_str(), "http://[::1]:8080");
        for text in ["", "kith.example.org", "ftp://a.b", "https://a.b/c", "https://u@a.b", "https://a.b?c", "https://"]
        {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_must_be_in_the_form_that_browsers_send() {
        let parse = |text: &str| Origins::from_raw(&RawValue::Text(text.to_owned()));
        let origins = parse("https://app.example.org, capacitor://localhost,http://localhost:5173").unwrap();
        assert_eq!(origins.as_slice().len(), 3);
        for text in ["https://App.example.org", "https://a.b/", "a.b", "*", "https://a.b,*", "https://*.a.b/c"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
