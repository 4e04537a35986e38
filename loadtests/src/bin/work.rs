//! What the program works out by itself, beside the least that any such work takes: `work [rounds]`.
//!
//! The screen's look at a text, beside a walk over its letters that makes them small; the same for texts that are there to
//! take long, at two lengths; the check of a line of the audit trail, beside the hash of as many bytes. Each round asks
//! each once, one after the other, on one core.
#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use std::{hint::black_box, time::Duration};

use anyhow::{Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use kith_kernel::{
    EventId, SystemEntropy, Timestamp, UserId,
    audit::{AuditAction, AuditEntry, ChainHead, AuditRecord, ChainVerifier},
};
use kith_screening_engine::{Kind, Rules, Screen};
use tokio::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BENIGN: &str = include_str!("../../../services/screening-engine/tests/data/benign.txt");
const CONTACT: &str = include_str!("../../../services/screening-engine/tests/data/contact.txt");
const CRISIS: &str = include_str!("../../../services/screening-engine/tests/data/crisis.txt");

/// How many lines of a trail are checked.
const LINES: usize = 20_000;
/// What a line hashes, in bytes: the form of [`entry`], and the hash before it.
const HASHED: usize = 153;
/// What a text is made of that takes long: what rules begin with, again and again.
const NASTY: [&str; 13] =
    ["a", "1 ", "a@", "a.b", "five ", "k i ", "i want to ", "1 a b ", "(at) ", "+1-", "www.", "\u{301}", "my "];
/// The lengths at which they are looked at, in bytes.
const SHORT: usize = 24_000;
const LONG: usize = 96_000;

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(5), |rounds| rounds.parse::<usize>())?;
    let screen = Screen::new(&Rules::standard()?)?;
    texts(&screen, rounds)?;
    lengths(&screen, rounds);
    trail(rounds)
}

/// Of as many rounds the shortest: what else the machine did meanwhile is not what is measured.
fn best(rounds: usize, mut work: impl FnMut()) -> Duration {
    let one = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    (0..rounds.max(1)).map(one).min().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Texts of a kilobyte, from every line of the sets on.
fn kilobytes() -> Vec<String> {
    let lines: Vec<&str> = [BENIGN, CONTACT, CRISIS].into_iter().flat_map(str::lines).collect();
    let text = |from| {
        let mut text = String::new();
        for line in lines.iter().cycle().skip(from) {
            text.push_str(line.rsplit('\t').next().unwrap_or_default());
            text.push_str(". ");
            if text.len() >= 1_000 {
                break;
            }
        }
        text
    };
    (0..lines.len()).map(text).collect()
}

fn texts(screen: &Screen, rounds: usize) -> Result<()> {
    let (mut looks, mut walks) = (Vec::new(), Vec::new());
    for text in kilobytes() {
        looks.push(best(rounds, || drop(black_box(screen.look(Kind::Post, &text)))));
        walks.push(best(rounds, || drop(black_box(text.to_lowercase()))));
    }
    looks.sort();
    walks.sort();
    let at = |times: &[Duration], percent: usize| {
        let place = (times.len() * percent).div_euclid(100).min(times.len().saturating_sub(1));
        times.get(place).copied().map(micros)
    };
    println!("| of a kilobyte | p50 us | p99 us | p50 of the walk |");
    println!("| --- | --: | --: | --: |");
    let (Some(look), Some(most), Some(walk)) = (at(&looks, 50), at(&looks, 99), at(&walks, 50)) else {
        anyhow::bail!("there are no texts");
    };
    ensure!(walk > 0.0, "the walk took no time");
    println!("| the screen's look | {look:.0} | {most:.0} | {:.0} |", look / walk);
    Ok(())
}

fn lengths(screen: &Screen, rounds: usize) {
    println!("\n| made of | us of 24 kB | us of 96 kB | times |\n| --- | --: | --: | --: |");
    for part in NASTY {
        let time = |length: usize| {
            let text = part.repeat(length.div_euclid(part.len()));
            micros(best(rounds, || drop(black_box(screen.look(Kind::Post, &text)))))
        };
        let (short, long) = (time(SHORT), time(LONG));
        println!("| {part:?} | {short:.0} | {long:.0} | {:.1} |", long / short);
    }
}

fn entry(number: usize) -> Result<AuditEntry> {
    let at = Timestamp::from_millis(i64::try_from(number)?);
    Ok(AuditEntry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor: UserId::new(at, &SystemEntropy),
        session: None,
        action: AuditAction::CaseDecided,
        subject: format!("case:{number}"),
        detail: "action=remove".to_owned(),
    })
}

fn trail(rounds: usize) -> Result<()> {
    let (mut head, mut lines) = (ChainHead::EMPTY, Vec::with_capacity(LINES));
    for number in 0..LINES {
        let entry = entry(number)?;
        head = head.after(&entry);
        lines.push(AuditRecord {
            position: head.position,
            id: entry.id.uuid(),
            at: entry.at.millis(),
            actor: entry.actor.uuid(),
            session: None,
            action: entry.action.as_str().to_owned(),
            subject: entry.subject,
            detail: entry.detail,
            hash: head.hash.to_vec(),
        });
    }
    let mut sound = true;
    let checked = best(rounds, || {
        let mut verifier = ChainVerifier::new(&[], None);
        sound &= lines.iter().all(|line| verifier.verify(line).is_ok()) && verifier.finish().is_ok();
    });
    ensure!(sound, "a sound trail was found broken");
    let bytes = [7_u8; HASHED];
    let hashed = best(rounds, || {
        for _ in 0..LINES {
            black_box(digest(&SHA256, black_box(&bytes)));
        }
    });
    let rate = |time: Duration| f64::from(u32::try_from(LINES).unwrap_or(u32::MAX)) / time.as_secs_f64();
    println!("\n| of a trail | lines/s | bare hashes/s | of the hash |\n| --- | --: | --: | --: |");
    println!("| checked | {:.0} | {:.0} | {:.2} |", rate(checked), rate(hashed), rate(checked) / rate(hashed));
    Ok(())
}
