//! The document for client authors says what the code does.

use kith_realtime::{Close, Format, Limits};

const DOCUMENT: &str = include_str!("../../../../docs/realtime.md");

/// The rows of a table whose first cell is a number.
fn codes() -> Vec<(u16, String, bool)> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows = DOCUMENT.lines().map(cells).filter(|row| row.len() > 4);
    rows.filter_map(|row| Some((row[1].parse().ok()?, row[2].clone(), row[3] == "yes"))).collect()
}

#[test]
fn the_table_of_close_codes_is_that_of_the_code() {
    let known = Close::ALL.map(|close| (close.code(), close.reason().to_owned(), close.is_resumable()));
    assert_eq!(codes(), known);
}

#[test]
fn the_limits_are_those_of_the_code() {
    let limits = Limits::default();
    for row in [
        format!("| connections of one account | {} |", limits.connections),
        format!("| channels of one connection | {} |", limits.channels),
        format!("| bytes of a frame from a client | {} |", limits.frame_bytes),
        format!("| frames from a client at once | {} |", limits.burst),
        format!("| frames from a client a second, after that | {} |", limits.rate),
        format!("| bytes that may wait for a client | {} |", limits.queue_bytes),
        format!("| events that a replay may have | {} |", limits.replay),
        format!("| seconds from the opening to the first frame | {} |", limits.hello_within.as_secs()),
        format!("| seconds of silence before a ping | {} |", limits.ping_after.as_secs()),
        format!("| seconds to answer a ping | {} |", limits.pong_within.as_secs()),
    ] {
        assert!(DOCUMENT.contains(&row), "{row}");
    }
}

#[test]
fn every_subprotocol_is_named() {
    for format in Format::ALL {
        assert!(DOCUMENT.contains(&format!("`{}`", format.subprotocol())));
    }
}
