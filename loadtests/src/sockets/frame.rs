//! WebSocket frames: those of a server read, those of a client written.

/// What a frame is.
pub const TEXT: u8 = 1;
/// See [`TEXT`].
pub const BINARY: u8 = 2;
/// The server says goodbye.
pub const CLOSE: u8 = 8;
/// The server asks for a [`PONG`].
pub const PING: u8 = 9;
/// Answers a [`PING`].
pub const PONG: u8 = 10;

/// What a client adds to a length.
const MASKED: u8 = 0x80;

/// A frame of a server.
#[derive(Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What it is.
    pub opcode: u8,
    /// What it says.
    pub payload: &'a [u8],
}

/// The first frame of these bytes and what comes after it; `None` until all of it is there.
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

/// A frame of a client. The mask of all zeros changes nothing and is as good to the server as any.
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
    fn frames_of_all_lengths_are_read_one_by_one() {
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
    fn a_part_of_a_frame_is_none() {
        let whole = server(&[126, 1, 0], &[7; 256]);
        assert!((0..whole.len()).all(|length| split(&whole[..length]).is_none()));
    }

    #[test]
    fn what_a_client_writes_says_its_length_and_is_masked() {
        assert_eq!(write(TEXT, b"hi"), [0x81, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(write(TEXT, &[1; 300])[..4], [0x81, 0xfe, 1, 44]);
    }
}
