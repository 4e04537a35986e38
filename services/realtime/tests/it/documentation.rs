//! The documentation for client authors matches the code.

use kith_realtime::{CloseReason, Format, Limits};

const DOCUMENT: &str = include_str!("../../../../docs/realtime.md");

/// Rows of the table of close codes: code, reason, resumable.
fn codes() -> Vec<(u16, String, bool)> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>();
    let rows = DOCUMENT.lines().map(cells).filter(|row| row.len() > 4);
    rows.filter_map(|row| Some((row[1].parse().ok()?, row[2].clone(), row[3] == "yes"))).collect()
}

#[test]
fn the_documented_close_codes_match_the_code() {
    let known = CloseReason::ALL.map(|reason| (reason.code(), reason.as_str().to_owned(), reason.is_resumable()));
    assert_eq!(codes(), known);
}

#[test]
fn the_documented_limits_match_the_defaults() {
    let limits = Limits::default();
    for row in [
        format!("| connections of one account | {} |", limits.max_connections),
        format!("| channels of one connection | {} |", limits.max_channels),
        format!("| bytes of a frame from a client | {} |", limits.max_frame_bytes),
        format!("| frames from a client at once | {} |", limits.frame_burst),
        format!("| frames from a client a second, after that | {} |", limits.frame_rate),
        format!("| bytes in the outbound queue of a connection | {} |", limits.max_queue_bytes),
        format!("| events in a replay | {} |", limits.max_replay_events),
        format!("| seconds from the upgrade to the first frame | {} |", limits.hello_timeout.as_secs()),
        format!("| seconds of silence before a ping | {} |", limits.ping_interval.as_secs()),
        format!("| seconds to answer a ping | {} |", limits.pong_timeout.as_secs()),
    ] {
        assert!(DOCUMENT.contains(&row), "{row}");
    }
}

#[test]
fn every_subprotocol_is_documented() {
    for format in Format::ALL {
        assert!(DOCUMENT.contains(&format!("`{}`", format.subprotocol())));
    }
}
