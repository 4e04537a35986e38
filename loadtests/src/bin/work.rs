//! Compares CPU-bound work of the server with a lower bound for it: `work [rounds]`.
//!
//! Measured are: screening a text, compared with lowercasing it; screening adversarial texts of two lengths; verifying
//! an audit record, compared with hashing as many bytes. Each round runs each measurement once, sequentially on one
//! core.
#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use std::{hint::black_box, time::Duration};

use anyhow::{Result, ensure};
use aws_lc_rs::digest::{SHA256, digest};
use kith_kernel::{
    EventId, SystemEntropy, Timestamp, UserId,
    audit::{AuditAction, AuditEntry, AuditRecord, ChainHead, ChainVerifier},
};
use kith_screening_engine::{Engine, Kind, RuleSet};
use tokio::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BENIGN: &str = include_str!("../../../services/screening-engine/tests/data/benign.txt");
const CONTACT: &str = include_str!("../../../services/screening-engine/tests/data/contact.txt");
const CRISIS: &str = include_str!("../../../services/screening-engine/tests/data/crisis.txt");

/// Number of audit records to verify.
const RECORDS: usize = 20_000;
/// Bytes that are hashed for a record: the encoded [`entry`] and the previous hash.
const HASHED_BYTES: usize = 153;
/// Parts that are repeated to adversarial texts: the beginnings of patterns.
const ADVERSARIAL: [&str; 13] =
    ["a", "1 ", "a@", "a.b", "five ", "k i ", "i want to ", "1 a b ", "(at) ", "+1-", "www.", "\u{301}", "my "];
/// Lengths of the adversarial texts, in bytes.
const SHORT: usize = 24_000;
const LONG: usize = 96_000;

fn main() -> Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(5), |rounds| rounds.parse::<usize>())?;
    let engine = Engine::new(&RuleSet::default_rules()?)?;
    texts(&engine, rounds)?;
    lengths(&engine, rounds);
    audit(rounds)
}

/// Shortest duration of all rounds, which excludes other load of the machine.
fn best(rounds: usize, mut work: impl FnMut()) -> Duration {
    let one = |_| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    (0..rounds.max(1)).map(one).min().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// Texts of 1 kB, one starting at each line of the corpora.
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

fn texts(engine: &Engine, rounds: usize) -> Result<()> {
    let (mut screened, mut lowercased) = (Vec::new(), Vec::new());
    for text in kilobytes() {
        screened.push(best(rounds, || drop(black_box(engine.screen(Kind::Post, &text)))));
        lowercased.push(best(rounds, || drop(black_box(text.to_lowercase()))));
    }
    screened.sort();
    lowercased.sort();
    let at = |times: &[Duration], percent: usize| {
        let place = (times.len() * percent).div_euclid(100).min(times.len().saturating_sub(1));
        times.get(place).copied().map(micros)
    };
    println!("| text of 1 kB | p50 us | p99 us | p50 / lowercasing |");
    println!("| --- | --: | --: | --: |");
    let (Some(screen), Some(p99), Some(lowercase)) = (at(&screened, 50), at(&screened, 99), at(&lowercased, 50)) else {
        anyhow::bail!("the corpora are empty");
    };
    ensure!(lowercase > 0.0, "lowercasing took no time");
    println!("| screening | {screen:.0} | {p99:.0} | {:.0} |", screen / lowercase);
    Ok(())
}

fn lengths(engine: &Engine, rounds: usize) {
    println!("\n| repeated part | us for 24 kB | us for 96 kB | ratio |\n| --- | --: | --: | --: |");
    for part in ADVERSARIAL {
        let time = |length: usize| {
            let text = part.repeat(length.div_euclid(part.len()));
            micros(best(rounds, || drop(black_box(engine.screen(Kind::Post, &text)))))
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

fn audit(rounds: usize) -> Result<()> {
    let (mut head, mut records) = (ChainHead::EMPTY, Vec::with_capacity(RECORDS));
    for number in 0..RECORDS {
        let entry = entry(number)?;
        head = head.after(&entry);
        records.push(AuditRecord {
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
    let mut valid = true;
    let verified = best(rounds, || {
        let mut verifier = ChainVerifier::new(&[], None);
        valid &= records.iter().all(|record| verifier.verify(record).is_ok()) && verifier.finish().is_ok();
    });
    ensure!(valid, "a valid chain was rejected");
    let bytes = [7_u8; HASHED_BYTES];
    let hashed = best(rounds, || {
        for _ in 0..RECORDS {
            black_box(digest(&SHA256, black_box(&bytes)));
        }
    });
    let rate = |time: Duration| f64::from(u32::try_from(RECORDS).unwrap_or(u32::MAX)) / time.as_secs_f64();
    println!("\n| audit log | records/s | hashes/s | ratio |\n| --- | --: | --: | --: |");
    println!("| verified | {:.0} | {:.0} | {:.2} |", rate(verified), rate(hashed), rate(verified) / rate(hashed));
    Ok(())
}
