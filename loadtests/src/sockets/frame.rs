//! WebSocket frames (RFC 6455, section 5.2): parses frames of a server and writes frames of a client.

/// Opcode of a text frame.
pub const TEXT: u8 = 1;
/// Opcode of a binary frame.
pub const BINARY: u8 = 2;
/// Opcode of a close frame.
pub const CLOSE: u8 = 8;
/// Opcode of a ping.
pub const PING: u8 = 9;
/// Opcode of the response to a [`PING`].
pub const PONG: u8 = 10;

/// Mask bit in the length byte, which clients must set.
const MASKED: u8 = 0x80;

/// A frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    pub opcode: u8,
    pub payload: &'a [u8],
}

/// Splits the first frame from the bytes after it. Returns `None` if the frame is incomplete.
#[must_use]
pub fn split(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let (&[first, second], rest) = bytes.split_first_chunk::<2>()?;
    let (length, rest) = match second & 0x7f {
        126 => rest.split_first_chunk::<2>().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest))?,
        127 => rest.split_first_chunk::<8>().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        short => (u64::from(short), rest),
    };
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((Frame { opcode: first & 0x0f, payload }, rest))
}

/// Encodes a client frame. The mask is all zeros, which is valid and leaves the payload unchanged.
#[must_use]
pub fn write(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ 0..=125), _) => frame.push(MASKED + short),
        (_, Ok(length)) => {
            frame.push(MASKED + 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED + 127);
            frame.extend(u64::try_from(payload.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(length: &[u8], payload: &[u8]) -> Vec<u8> {
        [&[0x80 | BINARY], length, payload].concat()
    }

    #[test]
    fn frames_of_all_length_encodings_are_split() {
        for (length, size) in [
            (vec![125], 125),
            (vec![126, 1, 0], 256),
            ([vec![127], 65_536_u64.to_be_bytes().to_vec()].concat(), 65_536),
        ] {
            let payload = vec![7; size];
            let both = [server(&length, &payload), server(&[1], b"x")].concat();
            let (first, rest) = split(&both).unwrap();
            assert_eq!(first, Frame { opcode: BINARY, payload: &payload });
            assert_eq!(split(rest).unwrap(), (Frame { opcode: BINARY, payload: b"x" }, &[][..]));
        }
    }

    #[test]
    fn an_incomplete_frame_is_not_returned() {
        let whole = server(&[126, 1, 0], &[7; 256]);
        assert!((0..whole.len()).all(|length| split(&whole[..length]).is_none()));
    }

    #[test]
    fn client_frames_have_a_length_and_a_mask() {
        assert_eq!(write(TEXT, b"hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(write(TEXT, &[1; 300])[..4], [0x81, 0xfe, 1, 44]);
    }
}
