//! Where a call comes from. Outside of all that counts by address. An address in a header is believed only from a proxy
//! of ours, and only as far as proxies of ours have written it.

use std::{fmt, net::IpAddr, str::FromStr};

use axum::{
    http::{HeaderMap, HeaderName, header},
    response::Response,
};

use super::chain::{Call, Inside, Layer, Next};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of a connection: of the socket as [`super::connection`] puts it into a request, of the first
/// connection that we know of as this layer leaves it there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// A range of addresses, written as RFC 4632 does: `10.0.0.0/8`, `2001:db8::/32`, or one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    /// This one address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        let bits = if address.is_ipv4() { 32 } else { 128 };
        Self { first: address, bits }
    }

    /// Whether the address is one of these.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let differ = match (self.first, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => (ours.to_bits() ^ theirs.to_bits()).leading_zeros(),
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => (ours.to_bits() ^ theirs.to_bits()).leading_zeros(),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        differ >= u32::from(self.bits)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

/// The text is no range of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a network is an address, or an address and how many bits of it count, like 10.0.0.0/8")]
pub struct InvalidNetwork;

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (first, bits) = text.split_once('/').map_or((text, None), |(first, bits)| (first, Some(bits)));
        let first: IpAddr = first.parse().map_err(|_| InvalidNetwork)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let bits = bits.map_or(Ok(most), str::parse).ok().filter(|bits| *bits <= most).ok_or(InvalidNetwork)?;
        Ok(Self { first, bits })
    }
}

/// See the module. The networks are those of our proxies.
pub struct Believe(pub Vec<Network>);

impl Layer for Believe {
    async fn handle(&self, mut call: Box<Call>, next: &Next<impl Inside>) -> Response {
        if let Some(Peer(socket)) = call.request.extensions().get().copied() {
            let peer = self.peer(socket.to_canonical(), call.request.headers());
            call.peer = Some(peer);
            if peer != socket {
                call.request.extensions_mut().insert(Peer(peer));
            }
        }
        next.run(call).await
    }
}

impl Believe {
    fn is_ours(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    fn peer(&self, socket: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.is_ours(socket) {
            return socket;
        }
        let told = |name: HeaderName, read: fn(&str) -> Option<IpAddr>| {
            headers.contains_key(&name).then(|| self.walk(socket, headers, name, read))
        };
        match (told(X_FORWARDED_FOR, address), told(header::FORWARDED, forwarded)) {
            // A proxy writes one of them. The other is the client's, and we cannot know which it is.
            (Some(one), Some(other)) if one != other => socket,
            (Some(peer), _) | (None, Some(peer)) => peer,
            (None, None) => socket,
        }
    }

    /// From the right, where the nearest proxy wrote, to the first address that is none of ours; or as far as what we
    /// find is an address.
    fn walk(&self, socket: IpAddr, headers: &HeaderMap, name: HeaderName, read: fn(&str) -> Option<IpAddr>) -> IpAddr {
        let lines = headers.get_all(name).iter().rev();
        let hops = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        let mut nearest = socket;
        for hop in hops {
            let Some(address) = read(hop.trim()) else { break };
            nearest = address;
            if !self.is_ours(address) {
                break;
            }
        }
        nearest
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
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

/// The `for` of one hop, RFC 7239.
fn forwarded(hop: &str) -> Option<IpAddr> {
    let pairs = hop.split(';').filter_map(|pair| pair.split_once('='));
    let (_, by) = pairs.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    address(by.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(socket: &str, headers: &[(&'static str, &'static str)]) -> String {
        let ours = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        let headers = headers.iter().map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse().unwrap()));
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        Believe(ours.to_vec()).peer(socket.parse().unwrap(), &all).to_string()
    }

    #[test]
    fn what_a_stranger_says_of_itself_is_not_believed() {
        assert_eq!(peer("192.0.2.7", &[("x-forwarded-for", "203.0.113.1")]), "192.0.2.7");
        assert_eq!(peer("192.0.2.7", &[("forwarded", "for=203.0.113.1")]), "192.0.2.7");
    }

    #[test]
    fn a_proxy_of_ours_is_believed_as_far_as_proxies_of_ours_have_written() {
        let said = |said| peer("10.0.0.1", &[("x-forwarded-for", said)]);
        assert_eq!(said("203.0.113.1"), "203.0.113.1");
        assert_eq!(said("198.51.100.9, 203.0.113.1"), "203.0.113.1", "the left one is the client's own");
        assert_eq!(said("198.51.100.9, 203.0.113.1, 10.2.3.4"), "203.0.113.1");
        assert_eq!(said("203.0.113.1, nonsense, 10.2.3.4"), "10.2.3.4");
        assert_eq!(said("10.9.9.9"), "10.9.9.9", "a call from inside");
        assert_eq!(said(""), "10.0.0.1");
        let lines = [("x-forwarded-for", "198.51.100.9"), ("x-forwarded-for", "203.0.113.1, 10.2.3.4")];
        assert_eq!(peer("10.0.0.1", &lines), "203.0.113.1");
        assert_eq!(peer("fd00::1", &[("forwarded", "for=198.51.100.9;by=x, For=\"[2001:db8::1]:80\"")]), "2001:db8::1");
    }

    #[test]
    fn of_two_headers_that_differ_neither_is_believed() {
        assert_eq!(
            peer("10.0.0.1", &[("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=203.0.113.2")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_other() {
        let holds =
            |network: &str, address: &str| network.parse::<Network>().unwrap().contains(address.parse().unwrap());
        assert!(holds("10.0.0.0/8", "10.255.0.1") && holds("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(!holds("10.0.0.0/8", "11.0.0.1") && !holds("10.0.0.1", "10.0.0.2") && !holds("10.0.0.0/8", "::1"));
        assert!(holds("0.0.0.0/0", "192.0.2.1") && holds("2001:db8::/32", "2001:db8:1::"));
        for broken in ["", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1"] {
            assert_eq!(broken.parse::<Network>(), Err(InvalidNetwork), "{broken}");
        }
    }

    #[test]
    fn an_address_is_read_with_its_port_and_without() {
        for text in ["192.0.2.1", "192.0.2.1:80", "[192.0.2.1]:80", "::ffff:192.0.2.1"] {
            assert_eq!(address(text), Some("192.0.2.1".parse().unwrap()), "{text}");
        }
        assert_eq!(address("2001:db8::1"), address("[2001:db8::1]:80"));
        assert_eq!(address("unknown"), None);
    }
}
