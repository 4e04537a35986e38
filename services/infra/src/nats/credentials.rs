//! Credentials in the URL of a server. The client library does not read them.

use async_nats::{ConnectOptions, ServerAddr};
use kith_kernel::{ErrorKind, PortError};

/// Connect options with the credentials of the URL.
pub(super) fn connect_options(server: Option<&ServerAddr>) -> Result<ConnectOptions, PortError> {
    let options = ConnectOptions::new();
    let Some((server, user)) = server.and_then(|server| server.username().map(|user| (server, user))) else {
        return Ok(options);
    };
    let user = percent_decode(user)?;
    Ok(match server.password() {
        Some(password) => options.user_and_password(user, percent_decode(password)?),
        None => options.token(user),
    })
}

/// Percent-decodes a part of a URL (RFC 3986, section 2.1).
fn percent_decode(part: &str) -> Result<String, PortError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [byte, after @ ..] = rest {
        (bytes, rest) = match (byte, after) {
            (b'%', [high, low, after @ ..]) => (append(bytes, hex(*high)? << 4 | hex(*low)?), after),
            (b'%', _) => return Err(undecodable()),
            (byte, after) => (append(bytes, *byte), after),
        };
    }
    String::from_utf8(bytes).map_err(|_| undecodable())
}

fn append(mut bytes: Vec<u8>, byte: u8) -> Vec<u8> {
    bytes.push(byte);
    bytes
}

fn hex(digit: u8) -> Result<u8, PortError> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(undecodable)
}

/// Has no cause, since that would repeat a password.
fn undecodable() -> PortError {
    PortError::new(ErrorKind::InvalidArgument, "credentials in the NATS URL are not valid percent-encoded text")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_percent_decoded_and_malformed_ones_are_rejected_without_repeating_them() {
        assert_eq!(percent_decode("kith").unwrap(), "kith");
        assert_eq!(percent_decode("p%40ss%2Fw%25rd%c3%b8").unwrap(), "p@ss/w%rdø");
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert!(!percent_decode(broken).unwrap_err().to_string().contains(broken), "{broken}");
        }
    }
}
