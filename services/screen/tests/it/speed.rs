//! How long a look takes. It is measured on request, since a busy machine is no reason to fail:
//! `cargo test --release -p screen --test it -- --ignored speed --nocapture`.

use std::time::{Duration, Instant};

use screen::{Kind, Screen};

use crate::corpora::{BENIGN, CONTACT, CRISIS, lines, screen};

#[expect(clippy::disallowed_methods, reason = "it measures")]
fn time(screen: &Screen, text: &str) -> Duration {
    let start = Instant::now();
    std::hint::black_box(screen.look(Kind::Post, text));
    start.elapsed()
}

/// Texts of one kilobyte, made of the sets, from every line on.
fn kilobytes() -> Vec<String> {
    let lines: Vec<String> = BENIGN.into_iter().chain(CONTACT).chain(CRISIS).flat_map(lines).collect();
    let texts = (0..lines.len()).map(|from| {
        let mut text = String::new();
        for line in lines.iter().cycle().skip(from * 7) {
            text.push_str(line.rsplit('\t').next().unwrap());
            text.push_str(". ");
            if text.len() >= 1_000 {
                return text;
            }
        }
        text
    });
    texts.collect()
}

#[test]
#[ignore = "measures"]
fn speed_of_a_kilobyte() {
    let screen = screen();
    let texts = kilobytes();
    // The best of five: what else the machine did meanwhile is not what is measured.
    let best = |text: &String| (0..5).map(|_| time(&screen, text)).min().unwrap();
    let mut times: Vec<_> = texts.iter().map(best).collect();
    times.sort();
    let p99 = times[times.len() * 99 / 100];
    println!("p50 {:?}, p99 {p99:?}, most {:?}, of {}", times[times.len() / 2], times[times.len() - 1], times.len());
    assert!(p99 <= Duration::from_millis(2), "{p99:?}");
}

#[test]
#[ignore = "measures"]
fn speed_grows_as_the_text_does() {
    let screen = screen();
    let nasty =
        ["a", "1 ", "a@", "a.b", "five ", "k i ", "i want to ", "1 a b ", "(at) ", "+1-", "www.", "\u{301}", "my "];
    for part in nasty {
        let best = |length: usize| {
            let text = part.repeat(length / part.len());
            (0..5).map(|_| time(&screen, &text)).min().unwrap()
        };
        // Long places are read by another engine of the expressions than short ones: both are long here.
        let (short, long) = (best(24_000), best(96_000));
        println!("{part:?}: {short:?} for 24 KB, {long:?} for 96 KB");
        // Four times the text; with the square of it, it would be 16 times the time.
        assert!(long < short * 8, "{part:?}: {short:?}, then {long:?}");
    }
}
