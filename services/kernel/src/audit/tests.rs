//! Five kinds of tampering at a thousand places each, and all of them are found.

use std::iter;

use uuid::Uuid;

use super::{Act, Broken, Entry, Head, Line, Seals, Verifier};
use crate::{EventId, SessionId, Timestamp, UserId};

/// More than the thousand places, so that the last place is not the last line.
const LINES: usize = 1_200;
const PLACES: usize = 1_000;

fn entry(number: usize) -> Entry {
    let number = u128::try_from(number).unwrap();
    let at = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(number).unwrap());
    Entry {
        id: EventId::from_uuid(Uuid::from_u128(number)),
        at,
        actor: UserId::from_uuid(Uuid::from_u128(number % 7)),
        session: (number % 3 > 0).then(|| SessionId::from_uuid(Uuid::from_u128(number % 11))),
        act: Act::ALL[usize::try_from(number).unwrap() % Act::ALL.len()],
        subject: format!("case:{number}"),
        detail: format!("number={number}"),
    }
}

/// As a store keeps it.
fn kept(entry: &Entry, head: Head) -> Line {
    Line {
        position: head.position,
        id: entry.id.uuid(),
        at: entry.at.millis(),
        actor: entry.actor.uuid(),
        session: entry.session.map(SessionId::uuid),
        act: entry.act.word().to_owned(),
        subject: entry.subject.clone(),
        detail: entry.detail.clone(),
        hash: head.hash.to_vec(),
    }
}

fn chain(entries: impl Iterator<Item = Entry>) -> Vec<Line> {
    let mut head = Head::EMPTY;
    let mut lines = Vec::new();
    for entry in entries {
        head = head.after(&entry);
        lines.push(kept(&entry, head));
    }
    lines
}

fn sound() -> Vec<Line> {
    chain((1..=LINES).map(entry))
}

fn head_of(line: &Line) -> Head {
    Head { position: line.position, hash: line.hash.as_slice().try_into().unwrap() }
}

/// Reads all of it, with no checkpoint and no head.
fn verified<'a>(lines: impl IntoIterator<Item = &'a Line>) -> Result<Head, Broken> {
    verified_to(lines, Verifier::new(&[], None))
}

fn verified_to<'a>(lines: impl IntoIterator<Item = &'a Line>, mut verifier: Verifier) -> Result<Head, Broken> {
    for line in lines {
        verifier.read(line)?;
    }
    verifier.end()
}

fn places() -> impl Iterator<Item = usize> {
    0..PLACES
}

/// As if nobody could have counted.
fn renumbered(mut lines: Vec<Line>) -> Vec<Line> {
    for (line, position) in lines.iter_mut().zip(1..) {
        line.position = position;
    }
    lines
}

/// Lines with the hashes that they should have from this place on.
fn rehashed(mut lines: Vec<Line>, from: usize) -> Vec<Line> {
    let mut before = from.checked_sub(1).map_or(Head::EMPTY.hash, |place| head_of(&lines[place]).hash);
    for line in lines.iter_mut().skip(from) {
        before = line.expected(&before);
        line.hash = before.to_vec();
    }
    lines
}

#[test]
fn a_chain_that_nobody_touched_is_sound() {
    let lines = sound();
    assert_eq!(verified(&lines), Ok(head_of(lines.last().unwrap())));
    assert_eq!(verified(&[]), Ok(Head::EMPTY));
}

#[test]
fn a_change_of_any_column_is_found_at_its_place() {
    let changes: [fn(&mut Line); 8] = [
        |line| line.id = Uuid::max(),
        |line| line.at += 1,
        |line| line.actor = Uuid::max(),
        |line| line.session = Some(line.session.map_or(Uuid::nil(), |_| Uuid::max())),
        |line| line.act.push('x'),
        |line| line.subject.push('1'),
        |line| line.detail.push('1'),
        |line| line.hash[5] ^= 1,
    ];
    let lines = sound();
    for place in places() {
        // One column at each place, and all columns at some.
        let at = i64::try_from(place).unwrap() + 1;
        let mut forged = lines.clone();
        changes[place % changes.len()](&mut forged[place]);
        assert_eq!(verified(&forged), Err(Broken::Changed(at)), "{place}");
    }
}

#[test]
fn a_text_that_moves_from_one_column_to_the_next_is_a_change() {
    let mut lines = sound();
    let moved = lines[4].subject.pop().unwrap();
    lines[4].detail.insert(0, moved);
    assert_eq!(verified(&lines), Err(Broken::Changed(5)));
}

#[test]
fn a_change_with_a_hash_that_fits_is_found_at_the_next_line() {
    let lines = sound();
    for place in places() {
        let mut changed = lines.clone();
        changed[place].subject.push('1');
        let before = place.checked_sub(1).map_or(Head::EMPTY.hash, |place| head_of(&lines[place]).hash);
        changed[place].hash = changed[place].expected(&before).to_vec();
        assert_eq!(verified(&changed), Err(Broken::Changed(i64::try_from(place).unwrap() + 2)), "{place}");
    }
}

#[test]
fn a_deletion_is_found_whether_or_not_the_rest_is_counted_anew() {
    let lines = sound();
    for place in places() {
        let at = i64::try_from(place).unwrap() + 1;
        let mut cut = lines.clone();
        cut.remove(place);
        assert_eq!(verified(&cut), Err(Broken::Missing(at)), "{place}");
        assert_eq!(verified(&renumbered(cut)), Err(Broken::Changed(at)), "{place}");
    }
}

#[test]
fn an_insertion_is_found_whether_or_not_the_rest_is_counted_anew() {
    let lines = sound();
    for place in places() {
        let at = i64::try_from(place).unwrap() + 1;
        let before = place.checked_sub(1).map_or(Head::EMPTY, |place| head_of(&lines[place]));
        // Made with all care: it fits what is before it.
        let false_one = entry(9_999);
        let mut grown = lines.clone();
        grown.insert(place, kept(&false_one, before.after(&false_one)));
        assert_eq!(verified(&grown), Err(Broken::Changed(at)), "{place}: two of one place");
        assert_eq!(verified(&renumbered(grown)), Err(Broken::Changed(at + 1)), "{place}");
    }
}

#[test]
fn two_lines_that_change_places_are_found() {
    let lines = sound();
    for place in places() {
        let at = i64::try_from(place).unwrap() + 1;
        let mut swapped = lines.clone();
        swapped.swap(place, place + 1);
        assert_eq!(verified(&swapped), Err(Broken::Missing(at)), "{place}");
        assert_eq!(verified(&renumbered(swapped)), Err(Broken::Changed(at)), "{place}");
    }
}

#[test]
fn a_tail_that_is_cut_off_is_found_by_its_checkpoint_or_by_the_head() {
    let lines = sound();
    let seals = Seals::new(&[[3; 32]]).unwrap();
    for place in places() {
        let (reached, ends) = (head_of(&lines[place]), i64::try_from(place).unwrap());
        let cut = &lines[..place];
        assert_eq!(verified(cut).map(|head| head.position), Ok(ends), "alone it fits itself");
        let signed = seals.sign(reached, Timestamp::from_millis(1));
        let found = Err(Broken::Truncated { ends, reached: ends + 1 });
        assert_eq!(verified_to(cut, Verifier::new(&[signed], None)), found, "{place}");
        assert_eq!(verified_to(cut, Verifier::new(&[], Some(reached))), found, "{place}");
    }
}

#[test]
fn a_chain_that_was_written_anew_from_any_place_is_found_by_its_checkpoints() {
    let lines = sound();
    let seals = Seals::new(&[[3; 32]]).unwrap();
    let every = lines.iter().skip(99).step_by(100);
    let signed: Vec<_> = every.map(|line| seals.sign(head_of(line), Timestamp::from_millis(1))).collect();
    let head = head_of(lines.last().unwrap());
    assert_eq!(verified_to(&lines, Verifier::new(&signed, Some(head))), Ok(head));
    for place in places().step_by(7) {
        let mut forged = lines.clone();
        forged[place].detail.push('1');
        let forged = rehashed(forged, place);
        assert!(verified(&forged).is_ok(), "alone it fits itself");
        let next = i64::try_from((place / 100 + 1) * 100).unwrap();
        assert_eq!(verified_to(&forged, Verifier::new(&signed, None)), Err(Broken::Rewritten(next)), "{place}");
    }
}

#[test]
fn what_was_appended_since_the_head_was_read_is_no_fault() {
    let lines = sound();
    let head = head_of(&lines[99]);
    assert_eq!(verified_to(&lines, Verifier::new(&[], Some(head))).map(|head| head.position), Ok(1_200));
    let empty = Verifier::new(&[], Some(Head::EMPTY));
    assert!(verified_to(&lines, empty).is_ok());
}

#[test]
fn an_entry_without_a_device_is_not_one_of_a_device_of_zeros() {
    let without = Entry { session: None, ..entry(1) };
    let with = Entry { session: Some(SessionId::from_uuid(Uuid::nil())), ..entry(1) };
    let heads: Vec<_> = iter::once(&without).chain([&with]).map(|entry| Head::EMPTY.after(entry).hash).collect();
    assert_ne!(heads[0], heads[1]);
}

fn about(subject: &str, detail: &str) -> Entry {
    let at = Timestamp::from_millis(7);
    Entry {
        id: EventId::new(at, &crate::SystemEntropy),
        at,
        actor: UserId::new(at, &crate::SystemEntropy),
        session: None,
        act: Act::CaseDecided,
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    }
}

#[test]
fn ids_and_kinds_are_an_entry_and_what_people_write_is_none() {
    for (subject, detail) in [("case:0190-a", ""), ("flag:new_feed", "percent=5 roles=admin,moderator")] {
        assert!(about(subject, detail).is_well_formed(), "{subject} {detail}");
    }
    let long = format!("a={}", "x".repeat(super::DETAIL));
    for (subject, detail) in [
        ("", ""),
        ("case", ""),
        ("case:", ""),
        ("Case:1", ""),
        ("case:a b", ""),
        ("case:1", "they said that they"),
        ("case:1", "a=1  b=2"),
        ("case:1", "note=caf\u{e9}"),
        ("case:1", "a=1\nb=2"),
        ("case:1", "a=\0"),
        ("case:1", long.as_str()),
    ] {
        assert!(!about(subject, detail).is_well_formed(), "{subject} {detail}");
    }
}

#[test]
fn every_act_has_a_word_of_its_own() {
    let words: std::collections::BTreeSet<_> = Act::ALL.iter().map(|act| act.word()).collect();
    assert_eq!(words.len(), Act::ALL.len());
}
