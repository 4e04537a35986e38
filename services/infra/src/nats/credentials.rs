//! Who we are, out of the address of a server. The client does not look there by itself.

use async_nats::{ConnectOptions, ServerAddr};
use kith_kernel::{PortError, ErrorKind};

/// How to connect as whom the address names.
pub(super) fn of(server: Option<&ServerAddr>) -> Result<ConnectOptions, PortError> {
    let options = ConnectOptions::new();
    let Some((server, user)) = server.and_then(|server| server.username().map(|user| (server, user))) else {
        return Ok(options);
    };
    let user = decoded(user)?;
    Ok(match server.password() {
        Some(password) => options.user_and_password(user, decoded(password)?),
        None => options.token(user),
    })
}

/// A part of an address as it is meant (RFC 3986, 2.1).
fn decoded(part: &str) -> Result<String, PortError> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [byte, after @ ..] = rest {
        (bytes, rest) = match (byte, after) {
            (b'%', [high, low, after @ ..]) => (with(bytes, hex(*high)? << 4 | hex(*low)?), after),
            (b'%', _) => return Err(undecodable()),
            (byte, after) => (with(bytes, *byte), after),
        };
    }
    String::from_utf8(bytes).map_err(|_| undecodable())
}

fn with(mut bytes: Vec<u8>, byte: u8) -> Vec<u8> {
    bytes.push(byte);
    bytes
}

fn hex(digit: u8) -> Result<u8, PortError> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).ok_or_else(undecodable)
}

/// Without a cause: it would repeat a password.
fn undecodable() -> PortError {
    PortError::new(ErrorKind::InvalidArgument, "the address of a NATS server names nobody that can be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_meant_and_nothing_else_is_read_as_if_it_were() {
        assert_eq!(decoded("kith").unwrap(), "kith");
        assert_eq!(decoded("p%40ss%2Fw%25rd%c3%b8").unwrap(), "p@ss/w%rdø");
        for broken in ["%", "%4", "%zz", "%ff"] {
            assert!(!decoded(broken).unwrap_err().to_string().contains(broken), "{broken}");
        }
    }
}
