//! Values that say who and where: URLs, origins, networks.

use std::{fmt, net::IpAddr};

use axum::http::{HeaderValue, Uri, uri::Scheme};

use super::{
    source::Raw,
    value::{Scalar, Value, items},
};
pub use crate::http::Network;
use crate::http::peer::InvalidNetwork;

/// What clients reach us by: a scheme, a host and a port, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

impl PublicUrl {
    /// Without a slash at its end.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether what passes is encrypted.
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

impl Scalar for PublicUrl {
    const KIND: &'static str = "a URL without a path, as https://kith.example.org";

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("is \"{text}\"; it has to be {}", <Self as Scalar>::KIND);
        let url = origin(text.strip_suffix('/').unwrap_or(text)).ok_or_else(wrong)?;
        let known = url.scheme() == Some(&Scheme::HTTP) || url.scheme() == Some(&Scheme::HTTPS);
        if known { Ok(Self(url.to_string().trim_end_matches('/').to_lowercase())) } else { Err(wrong()) }
    }

    fn nothing() -> Self {
        Self("http://127.0.0.1:8080".to_owned())
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// A scheme, a host, perhaps a port, and nothing else.
fn origin(text: &str) -> Option<Uri> {
    let (_, rest) = text.split_once("://")?;
    let url: Uri = text.parse().ok()?;
    let authority = url.authority()?;
    let bare = rest == authority.as_str() && !authority.as_str().contains('@') && !authority.host().is_empty();
    let port = authority.port().is_some() || !authority.as_str().ends_with(':');
    (bare && port).then_some(url)
}

/// Where a server is, and what lets us in.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// All of it, for the driver.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerUrl(..)")
    }
}

impl Scalar for ServerUrl {
    const KIND: &'static str = "a URL, as its server's clients have them";
    const SECRET: bool = true;

    fn parse(text: &str) -> Result<Self, String> {
        let named = text.split_once("://").is_some_and(|(scheme, rest)| !scheme.is_empty() && !rest.is_empty());
        let plain = !text.chars().any(|letter| letter.is_whitespace() || letter.is_control());
        if named && plain { Ok(Self(text.to_owned())) } else { Err(format!("has to be {}", <Self as Scalar>::KIND)) }
    }

    fn nothing() -> Self {
        Self(String::new())
    }

    fn show(&self) -> String {
        "set".to_owned()
    }
}

/// What the names of one community begin with where several share a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Namespace(String);

impl Namespace {
    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

impl Scalar for Namespace {
    const KIND: &'static str = "1 to 32 small letters, digits and underscores";

    fn parse(text: &str) -> Result<Self, String> {
        let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if (1..=32).contains(&text.len()) && text.chars().all(letters) {
            return Ok(Self(text.to_owned()));
        }
        Err(format!("is \"{text}\"; it has to be {}", <Self as Scalar>::KIND))
    }

    fn nothing() -> Self {
        Self("kith".to_owned())
    }

    fn show(&self) -> String {
        self.0.clone()
    }
}

/// Whose pages may call: those of these origins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Vec<HeaderValue>);

impl Origins {
    /// Those that are listed.
    #[must_use]
    pub fn listed(&self) -> &[HeaderValue] {
        &self.0
    }
}

impl Value for Origins {
    const KIND: &'static str = "a list of origins, as https://app.example.org";

    fn read(raw: &Raw) -> Result<Self, String> {
        let listed = items(raw).into_iter().map(|text| {
            // Browsers send small letters, and are compared with byte by byte.
            let plain = origin(text).filter(|_| text == text.to_lowercase());
            let value = plain.and_then(|_| HeaderValue::from_str(text).ok());
            value.ok_or_else(|| {
                format!("has \"{text}\"; an origin is a scheme, a host and perhaps a port, in small letters, without a slash")
            })
        });
        listed.collect::<Result<_, _>>().map(Self)
    }

    fn nothing() -> Self {
        Self(Vec::new())
    }

    fn show(&self) -> String {
        if self.0.is_empty() {
            return "none".to_owned();
        }
        self.0.iter().filter_map(|origin| origin.to_str().ok()).collect::<Vec<_>>().join(", ")
    }
}

impl Scalar for Network {
    const KIND: &'static str = "a list of networks, as 10.0.0.0/8 or ::1";

    fn parse(text: &str) -> Result<Self, String> {
        text.parse().map_err(|InvalidNetwork| format!("is \"{text}\"; it has to be a network, as 10.0.0.0/8 or ::1"))
    }

    fn nothing() -> Self {
        Self::of(IpAddr::from([127, 0, 0, 1]))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_has_a_host_and_nothing_after_it() {
        assert_eq!(PublicUrl::parse("https://Kith.example.org/").unwrap().text(), "https://kith.example.org");
        assert_eq!(PublicUrl::parse("http://[::1]:8080").unwrap().text(), "http://[::1]:8080");
        for text in ["", "kith.example.org", "ftp://a.b", "https://a.b/c", "https://u@a.b", "https://a.b?c", "https://"]
        {
            assert!(PublicUrl::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn origins_are_as_browsers_send_them() {
        let read = |text: &str| Origins::read(&Raw::Text(text.to_owned()));
        let origins = read("https://app.example.org, capacitor://localhost,http://localhost:5173").unwrap();
        assert_eq!(origins.listed().len(), 3);
        for text in ["https://App.example.org", "https://a.b/", "a.b", "*", "https://a.b,*", "https://*.a.b/c"] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
