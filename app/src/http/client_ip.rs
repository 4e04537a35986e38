//! Resolves the client's address. It is above all layers that use the address. Forwarding headers are trusted only from
//! trusted proxies, and only as far as trusted proxies have written them.

use std::{fmt, net::IpAddr, str::FromStr};

use axum::{
    http::{HeaderMap, HeaderName, header},
    response::Response,
};

use super::stack::{InnerHandler, Layer, Next, RequestContext};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Request extension with the client's address: the socket's peer as set by [`super::connection`], replaced by this
/// layer with the resolved address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddr(pub IpAddr);

/// CIDR block (RFC 4632), such as `10.0.0.0/8` or `2001:db8::/32`, or a single address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IpNetwork {
    base: IpAddr,
    prefix_len: u8,
}

impl IpNetwork {
    /// The network that contains only this address.
    #[must_use]
    pub const fn from_address(address: IpAddr) -> Self {
        let prefix_len = if address.is_ipv4() { 32 } else { 128 };
        Self { base: address, prefix_len }
    }

    /// Returns true if the network contains the address. An IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let common_bits = match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V6(base), IpAddr::V6(address)) => (base.to_bits() ^ address.to_bits()).leading_zeros(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        common_bits >= u32::from(self.prefix_len)
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix_len)
    }
}

/// The text is not a CIDR block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("network must be an address or a CIDR block, such as 10.0.0.0/8")]
pub struct InvalidIpNetwork;

impl FromStr for IpNetwork {
    type Err = InvalidIpNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidIpNetwork> {
        let (base, prefix_len) = text.split_once('/').map_or((text, None), |(base, len)| (base, Some(len)));
        let base: IpAddr = base.parse().map_err(|_| InvalidIpNetwork)?;
        let max = if base.is_ipv4() { 32 } else { 128 };
        let prefix_len =
            prefix_len.map_or(Ok(max), str::parse).ok().filter(|len| *len <= max).ok_or(InvalidIpNetwork)?;
        Ok(Self { base, prefix_len })
    }
}

/// Sets [`RequestContext::client_ip`] and replaces [`ClientAddr`].
pub struct ClientIpLayer {
    pub trusted_proxies: Vec<IpNetwork>,
}

impl Layer for ClientIpLayer {
    async fn handle(&self, mut context: Box<RequestContext>, next: &Next<impl InnerHandler>) -> Response {
        if let Some(ClientAddr(socket)) = context.request.extensions().get().copied() {
            let client = self.client(socket.to_canonical(), context.request.headers());
            context.client_ip = Some(client);
            if client != socket {
                context.request.extensions_mut().insert(ClientAddr(client));
            }
        }
        next.run(context).await
    }
}

impl ClientIpLayer {
    fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(address))
    }

    fn client(&self, socket: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.is_trusted(socket) {
            return socket;
        }
        let header = |name: HeaderName, read: fn(&str) -> Option<IpAddr>| {
            headers.contains_key(&name).then(|| self.resolve(socket, headers, name, read))
        };
        match (header(X_FORWARDED_FOR, address), header(header::FORWARDED, forwarded)) {
            // A proxy writes one of them. The other comes from the client, and they cannot be distinguished.
            (Some(one), Some(other)) if one != other => socket,
            (Some(client), _) | (None, Some(client)) => client,
            (None, None) => socket,
        }
    }

    /// Walks the hops from the right, where the nearest proxy appends, to the first untrusted address, or as far as the
    /// hops are valid addresses.
    fn resolve(
        &self,
        socket: IpAddr,
        headers: &HeaderMap,
        name: HeaderName,
        read: fn(&str) -> Option<IpAddr>,
    ) -> IpAddr {
        let lines = headers.get_all(name).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut nearest = socket;
        for hop in hops {
            let Some(address) = read(hop.trim()) else { break };
            nearest = address;
            if !self.is_trusted(address) {
                break;
            }
        }
        nearest
    }
}

/// Parses `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => match text.split_once(':') {
            Some((before, after)) if !after.contains(':') => before,
            Some(_) | None => text,
        },
    };
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// The `for` parameter of one hop (RFC 7239).
fn forwarded(hop: &str) -> Option<IpAddr> {
    let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
    let (_, node) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(node.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(socket: &str, headers: &[(&'static str, &'static str)]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let headers = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        ClientIpLayer { trusted_proxies: trusted.to_vec() }.client(socket.parse().unwrap(), &all).to_string()
    }

    #[test]
    fn forwarding_headers_of_untrusted_peers_are_ignored() {
        assert_eq!(client("192.0.2.7", &[("x-forwarded-for", "203.0.113.1")]), "192.0.2.7");
        assert_eq!(client("192.0.2.7", &[("forwarded", "for=203.0.113.1")]), "192.0.2.7");
    }

    #[test]
    fn hops_are_resolved_up_to_the_first_untrusted_address() {
        let forwarded_for = |hops| client("10.0.0.1", &[("x-forwarded-for", hops)]);
        assert_eq!(forwarded_for("203.0.113.1"), "203.0.113.1");
        assert_eq!(forwarded_for("198.51.100.9, 203.0.113.1"), "203.0.113.1", "the leftmost hop is the client's claim");
        assert_eq!(forwarded_for("198.51.100.9, 203.0.113.1, 10.2.3.4"), "203.0.113.1");
        assert_eq!(forwarded_for("203.0.113.1, nonsense, 10.2.3.4"), "10.2.3.4");
        assert_eq!(forwarded_for("10.9.9.9"), "10.9.9.9", "an internal client");
        assert_eq!(forwarded_for(""), "10.0.0.1");
        let lines = [("x-forwarded-for", "198.51.100.9"), ("x-forwarded-for", "203.0.113.1, 10.2.3.4")];
        assert_eq!(client("10.0.0.1", &lines), "203.0.113.1");
        assert_eq!(
            client("fd00::1", &[("forwarded", "for=198.51.100.9;by=x, For=\"[2001:db8::1]:80\"")]),
            "2001:db8::1"
        );
    }

    #[test]
    fn conflicting_forwarding_headers_are_ignored() {
        assert_eq!(
            client("10.0.0.1", &[("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=203.0.113.2")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn a_network_contains_exactly_its_addresses() {
        let contains =
            |network: &str, address: &str| network.parse::<IpNetwork>().unwrap().contains(address.parse().unwrap());
        assert!(contains("10.0.0.0/8", "10.255.0.1") && contains("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(
            !contains("10.0.0.0/8", "11.0.0.1") && !contains("10.0.0.1", "10.0.0.2") && !contains("10.0.0.0/8", "::1")
        );
        assert!(contains("0.0.0.0/0", "192.0.2.1") && contains("2001:db8::/32", "2001:db8:1::"));
        for broken in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1"] {
            assert_eq!(broken.parse::<IpNetwork>(), Err(InvalidIpNetwork), "{broken}");
        }
    }

    #[test]
    fn addresses_parse_with_and_without_port() {
        for text in ["192.0.2.1", "192.0.2.1:80", "[192.0.2.1]:80", "::ffff:192.0.2.1"] {
            assert_eq!(address(text), Some("192.0.2.1".parse().unwrap()), "{text}");
        }
        assert_eq!(address("2001:db8::1"), address("[2001:db8::1]:80"));
        assert_eq!(address("unknown"), None);
    }
}
