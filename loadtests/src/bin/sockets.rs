//! Compares the WebSocket gateway with other servers: `sockets [rounds] [name=program..]`.
//!
//! | name | program |
//! | --- | --- |
//! | `bun` | Bun with its built-in publish |
//! | `nats` | nats-server with its WebSocket |
//! | any other | the `gateway` of another build, to measure a change |
//!
//! The gateway and a minimal axum server are always measured. Servers run on core 0, one at a time; this client runs on
//! core 1 (with `taskset`, if it is installed). Every round measures all servers once, in random order, each newly
//! started. A round in which the server closes a connection or the client is saturated is reported and not counted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for a terminal")]

use std::path::Path;

use anyhow::Result;
use kith_kernel::{Entropy as _, SystemEntropy};
use kith_loadtests::{
    cores::{self, ClientPlacement},
    peer::Peer,
    process,
    sockets::{
        measure::{self, Round},
        poll_delay,
    },
};
use tokio::task::LocalSet;

/// Maximum number of open files: ten thousand sockets and a reserve.
const FILES: u64 = 11_000;

fn main() -> Result<()> {
    process::raise_file_limit(FILES)?;
    if cores::place_client()? == ClientPlacement::PinnedProcess {
        return Ok(());
    }
    let mut arguments = std::env::args().skip(1).peekable();
    let rounds = arguments.next_if(|first| !first.contains('=')).map_or(Ok(3), |rounds| rounds.parse::<usize>())?;
    let mut peers = Peer::built_in()?;
    for named in arguments {
        peers.extend(Peer::parse(&named)?);
    }
    let folder = std::env::temp_dir().join(format!("kith-sockets-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let results = measure_all(&peers, rounds, &folder);
    std::fs::remove_dir_all(&folder)?;
    print_table(&peers, &results?);
    Ok(())
}

fn measure_all(peers: &[Peer], rounds: usize, folder: &Path) -> Result<Vec<Vec<Round>>> {
    let mut results = vec![Vec::new(); peers.len()];
    for number in 1..=rounds {
        let mut order: Vec<_> = peers.iter().zip(&mut results).collect();
        order.sort_by_cached_key(|_| SystemEntropy.bytes());
        for (peer, rounds_of_peer) in order {
            match LocalSet::new().block_on(&poll_delay::runtime()?, measure::round(peer, folder)) {
                Ok(round) => {
                    eprintln!("{number}/{rounds} {}: {round:.2?}", peer.name);
                    rounds_of_peer.push(round);
                }
                Err(error) => eprintln!("{number}/{rounds} {}: {error:#}", peer.name),
            }
        }
    }
    Ok(results)
}

fn print_table(peers: &[Peer], results: &[Vec<Round>]) {
    println!(
        "| server | rounds | kB per session | deliveries per CPU second | range | client CPU | CPU at 50/s | \
         p50 | p99 | p99.9 ms |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    for (peer, rounds) in peers.iter().zip(results) {
        let of = |value: fn(&Round) -> f64| spread(rounds, value);
        let (memory, deliveries, client, server_load) =
            (of(|it| it.memory), of(|it| it.deliveries), of(|it| it.client), of(|it| it.server_load));
        let [p50, p99, p999] = [of(|it| it.delays[0]), of(|it| it.delays[1]), of(|it| it.delays[2])];
        println!(
            "| {} | {} | {:.2} | {:.0} | {:.0} to {:.0} | {:.0} % | {:.0} % | {:.1} | {:.1} | {:.1} |",
            peer.name,
            rounds.len(),
            memory.median,
            deliveries.median,
            deliveries.lowest,
            deliveries.highest,
            client.median * 100.0,
            server_load.median * 100.0,
            p50.median,
            p99.median,
            p999.median,
        );
    }
}

struct Spread {
    lowest: f64,
    median: f64,
    highest: f64,
}

fn spread(rounds: &[Round], value: fn(&Round) -> f64) -> Spread {
    let mut all: Vec<f64> = rounds.iter().map(value).collect();
    all.sort_by(f64::total_cmp);
    let at = |index: usize| all.get(index).copied().unwrap_or(f64::NAN);
    Spread { lowest: at(0), median: at(all.len() / 2), highest: at(all.len().saturating_sub(1)) }
}
