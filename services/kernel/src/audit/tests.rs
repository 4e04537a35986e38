//! Five kinds of tampering, each at 1,000 positions.

use std::iter;

use uuid::Uuid;

use super::{AuditAction, AuditEntry, AuditRecord, ChainError, ChainHead, ChainVerifier, CheckpointKeys};
use crate::{EventId, SessionId, Timestamp, UserId};

/// More than [`TAMPERED`], so that the last tampered record is not the last record.
const RECORDS: usize = 1_200;
const TAMPERED: usize = 1_000;

fn entry(number: usize) -> AuditEntry {
    let number = u128::try_from(number).unwrap();
    let at = Timestamp::from_millis(1_700_000_000_000 + i64::try_from(number).unwrap());
    AuditEntry {
        id: EventId::from_uuid(Uuid::from_u128(number)),
        at,
        actor: UserId::from_uuid(Uuid::from_u128(number % 7)),
        session: (number % 3 > 0).then(|| SessionId::from_uuid(Uuid::from_u128(number % 11))),
        action: AuditAction::ALL[usize::try_from(number).unwrap() % AuditAction::ALL.len()],
        subject: format!("case:{number}"),
        detail: format!("number={number}"),
    }
}

/// The stored form of an entry.
fn stored(entry: &AuditEntry, head: ChainHead) -> AuditRecord {
    AuditRecord {
        position: head.position,
        id: entry.id.uuid(),
        at: entry.at.millis(),
        actor: entry.actor.uuid(),
        session: entry.session.map(SessionId::uuid),
        action: entry.action.as_str().to_owned(),
        subject: entry.subject.clone(),
        detail: entry.detail.clone(),
        hash: head.hash.to_vec(),
    }
}

fn chain(entries: impl Iterator<Item = AuditEntry>) -> Vec<AuditRecord> {
    let mut head = ChainHead::EMPTY;
    let mut lines = Vec::new();
    for entry in entries {
        head = head.after(&entry);
        lines.push(stored(&entry, head));
    }
    lines
}

fn valid_chain() -> Vec<AuditRecord> {
    chain((1..=RECORDS).map(entry))
}

fn head_of(line: &AuditRecord) -> ChainHead {
    ChainHead { position: line.position, hash: line.hash.as_slice().try_into().unwrap() }
}

/// Verifies without checkpoints and head.
fn verified<'a>(lines: impl IntoIterator<Item = &'a AuditRecord>) -> Result<ChainHead, ChainError> {
    verified_to(lines, ChainVerifier::new(&[], None))
}

fn verified_to<'a>(
    lines: impl IntoIterator<Item = &'a AuditRecord>,
    mut verifier: ChainVerifier,
) -> Result<ChainHead, ChainError> {
    for line in lines {
        verifier.verify(line)?;
    }
    verifier.finish()
}

fn places() -> impl Iterator<Item = usize> {
    0..TAMPERED
}

/// Assigns gapless positions.
fn renumbered(mut lines: Vec<AuditRecord>) -> Vec<AuditRecord> {
    for (line, position) in lines.iter_mut().zip(1..) {
        line.position = position;
    }
    lines
}

/// Recomputes the hashes from a position on.
fn rehashed(mut lines: Vec<AuditRecord>, from: usize) -> Vec<AuditRecord> {
    let mut before = from.checked_sub(1).map_or(ChainHead::EMPTY.hash, |place| head_of(&lines[place]).hash);
    for line in lines.iter_mut().skip(from) {
        before = line.expected(&before);
        line.hash = before.to_vec();
    }
    lines
}

#[test]
fn an_unchanged_chain_verifies() {
    let lines = valid_chain();
    assert_eq!(verified(&lines), Ok(head_of(lines.last().unwrap())));
    assert_eq!(verified(&[]), Ok(ChainHead::EMPTY));
}

#[test]
fn a_change_of_any_column_is_found_at_its_record() {
    let changes: [fn(&mut AuditRecord); 8] = [
        |line| line.id = Uuid::max(),
        |line| line.at += 1,
        |line| line.actor = Uuid::max(),
        |line| line.session = Some(line.session.map_or(Uuid::nil(), |_| Uuid::max())),
        |line| line.action.push('x'),
        |line| line.subject.push('1'),
        |line| line.detail.push('1'),
        |line| line.hash[5] ^= 1,
    ];
    let lines = valid_chain();
    for place in places() {
        // Cycles through the columns.
        let at = i64::try_from(place).unwrap() + 1;
        let mut forged = lines.clone();
        changes[place % changes.len()](&mut forged[place]);
        assert_eq!(verified(&forged), Err(ChainError::Changed(at)), "{place}");
    }
}

#[test]
fn moving_text_between_columns_is_found() {
    let mut lines = valid_chain();
    let moved = lines[4].subject.pop().unwrap();
    lines[4].detail.insert(0, moved);
    assert_eq!(verified(&lines), Err(ChainError::Changed(5)));
}

#[test]
fn a_changed_record_with_a_matching_hash_is_found_at_the_next_record() {
    let lines = valid_chain();
    for place in places() {
        let mut changed = lines.clone();
        changed[place].subject.push('1');
        let before = place.checked_sub(1).map_or(ChainHead::EMPTY.hash, |place| head_of(&lines[place]).hash);
        changed[place].hash = changed[place].expected(&before).to_vec();
        assert_eq!(verified(&changed), Err(ChainError::Changed(i64::try_from(place).unwrap() + 2)), "{place}");
    }
}

#[test]
fn a_deletion_is_found_with_and_without_renumbering() {
    let lines = valid_chain();
    for place in places() {
        let at = i64::try_from(place).unwrap() + 1;
        let mut cut = lines.clone();
        cut.remove(place);
        assert_eq!(verified(&cut), Err(ChainError::Missing(at)), "{place}");
        assert_eq!(verified(&renumbered(cut)), Err(ChainError::Changed(at)), "{place}");
    }
}

#[test]
fn an_insertion_is_found_with_and_without_renumbering() {
    let lines = valid_chain();
    for place in places() {
        let at = i64::try_from(place).unwrap() + 1;
        let before = place.checked_sub(1).map_or(ChainHead::EMPTY, |place| head_of(&lines[place]));
        // The forged record continues the chain before it.
        let inserted = entry(9_999);
        let mut grown = lines.clone();
        grown.insert(place, stored(&inserted, before.after(&inserted)));
        assert_eq!(verified(&grown), Err(ChainError::Changed(at)), "{place}: two of one place");
        assert_eq!(verified(&renumbered(grown)), Err(ChainError::Changed(at + 1)), "{place}");
    }
}

#[test]
fn swapped_records_are_found() {
    let lines = valid_chain();
    for place in places() {
        let at = i64::try_from(place).unwrap() + 1;
        let mut swapped = lines.clone();
        swapped.swap(place, place + 1);
        assert_eq!(verified(&swapped), Err(ChainError::Missing(at)), "{place}");
        assert_eq!(verified(&renumbered(swapped)), Err(ChainError::Changed(at)), "{place}");
    }
}

#[test]
fn truncation_is_found_by_a_checkpoint_or_the_head() {
    let lines = valid_chain();
    let keys = CheckpointKeys::new(&[[3; 32]]).unwrap();
    for place in places() {
        let (reached, ends) = (head_of(&lines[place]), i64::try_from(place).unwrap());
        let cut = &lines[..place];
        assert_eq!(verified(cut).map(|head| head.position), Ok(ends), "consistent by itself");
        let signed = keys.sign(reached, Timestamp::from_millis(1));
        let found = Err(ChainError::Truncated { ends, reached: ends + 1 });
        assert_eq!(verified_to(cut, ChainVerifier::new(&[signed], None)), found, "{place}");
        assert_eq!(verified_to(cut, ChainVerifier::new(&[], Some(reached))), found, "{place}");
    }
}

#[test]
fn a_rewritten_chain_is_found_by_its_checkpoints() {
    let lines = valid_chain();
    let keys = CheckpointKeys::new(&[[3; 32]]).unwrap();
    let every = lines.iter().skip(99).step_by(100);
    let signed: Vec<_> = every.map(|line| keys.sign(head_of(line), Timestamp::from_millis(1))).collect();
    let head = head_of(lines.last().unwrap());
    assert_eq!(verified_to(&lines, ChainVerifier::new(&signed, Some(head))), Ok(head));
    for place in places().step_by(7) {
        let mut forged = lines.clone();
        forged[place].detail.push('1');
        let forged = rehashed(forged, place);
        assert!(verified(&forged).is_ok(), "consistent by itself");
        let next = i64::try_from((place / 100 + 1) * 100).unwrap();
        assert_eq!(
            verified_to(&forged, ChainVerifier::new(&signed, None)),
            Err(ChainError::Rewritten(next)),
            "{place}"
        );
    }
}

#[test]
fn records_appended_after_the_head_was_read_are_accepted() {
    let lines = valid_chain();
    let head = head_of(&lines[99]);
    assert_eq!(verified_to(&lines, ChainVerifier::new(&[], Some(head))).map(|head| head.position), Ok(1_200));
    let empty = ChainVerifier::new(&[], Some(ChainHead::EMPTY));
    assert!(verified_to(&lines, empty).is_ok());
}

#[test]
fn an_entry_without_a_session_differs_from_one_with_a_nil_session() {
    let without = AuditEntry { session: None, ..entry(1) };
    let with = AuditEntry { session: Some(SessionId::from_uuid(Uuid::nil())), ..entry(1) };
    let heads: Vec<_> = iter::once(&without).chain([&with]).map(|entry| ChainHead::EMPTY.after(entry).hash).collect();
    assert_ne!(heads[0], heads[1]);
}

fn about(subject: &str, detail: &str) -> AuditEntry {
    let at = Timestamp::from_millis(7);
    AuditEntry {
        id: EventId::new(at, &crate::SystemEntropy),
        at,
        actor: UserId::new(at, &crate::SystemEntropy),
        session: None,
        action: AuditAction::CaseDecided,
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    }
}

#[test]
fn user_text_is_not_a_well_formed_entry() {
    for (subject, detail) in [("case:0190-a", ""), ("flag:new_feed", "percent=5 roles=admin,moderator")] {
        assert!(about(subject, detail).is_well_formed(), "{subject} {detail}");
    }
    let long = format!("a={}", "x".repeat(super::MAX_DETAIL));
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
fn stored_forms_of_actions_are_distinct() {
    let words: std::collections::BTreeSet<_> = AuditAction::ALL.iter().map(|action| action.as_str()).collect();
    assert_eq!(words.len(), AuditAction::ALL.len());
}
