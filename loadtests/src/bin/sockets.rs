//! What the WebSocket gateway costs, beside others: `sockets [rounds] [name=program..]`.
//!
//! | name | program |
//! | --- | --- |
//! | `bun` | Bun, whose publish is what many compare with |
//! | `nats` | nats-server, with its WebSocket |
//! | any other | the `gateway` of another build, to see what a change did |
//!
//! The gateway itself and a bare axum are always asked. Servers run on core 0, one at a time; this client on core 1
//! (`taskset`, where there is one). Every round asks everybody once, in an order drawn anew, and starts each afresh.
//! What a server cannot be asked, because it cuts the client or the client itself gets out of breath, is said and
//! counts for nothing.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for a terminal")]

use std::path::Path;

use anyhow::Result;
use kith_kernel::{Entropy as _, SystemEntropy};
use kith_loadtests::{
    cores::{self, Moved},
    peer::Peer,
    process,
    sockets::{
        measure::{self, Round},
        nap,
    },
};
use tokio::task::LocalSet;

/// Ten thousand sockets, and what else a process has open.
const FILES: u64 = 11_000;

fn main() -> Result<()> {
    process::allow_files(FILES)?;
    if cores::move_client()? == Moved::Done {
        return Ok(());
    }
    let mut arguments = std::env::args().skip(1).peekable();
    let rounds = arguments.next_if(|first| !first.contains('=')).map_or(Ok(3), |rounds| rounds.parse::<usize>())?;
    let mut peers = Peer::own()?;
    for named in arguments {
        peers.extend(Peer::named(&named)?);
    }
    let folder = std::env::temp_dir().join(format!("kith-sockets-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let asked = ask(&peers, rounds, &folder);
    std::fs::remove_dir_all(&folder)?;
    show(&peers, &asked?);
    Ok(())
}

fn ask(peers: &[Peer], rounds: usize, folder: &Path) -> Result<Vec<Vec<Round>>> {
    let mut asked = vec![Vec::new(); peers.len()];
    for number in 1..=rounds {
        let mut order: Vec<_> = peers.iter().zip(&mut asked).collect();
        order.sort_by_cached_key(|_| SystemEntropy.bytes());
        for (peer, asked) in order {
            match LocalSet::new().block_on(&nap::runtime()?, measure::round(peer, folder)) {
                Ok(round) => {
                    eprintln!("{number}/{rounds} {}: {round:.2?}", peer.name);
                    asked.push(round);
                }
                Err(error) => eprintln!("{number}/{rounds} {}: {error:#}", peer.name),
            }
        }
    }
    Ok(asked)
}

fn show(peers: &[Peer], asked: &[Vec<Round>]) {
    println!(
        "| server | rounds | kB a session | deliveries a CPU second | lowest to highest | client | at 50/s | \
         p50 | p99 | p99.9 ms |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |");
    for (peer, rounds) in peers.iter().zip(asked) {
        let of = |what: fn(&Round) -> f64| spread(rounds, what);
        let (memory, deliveries, client, trickle) =
            (of(|it| it.memory), of(|it| it.deliveries), of(|it| it.client), of(|it| it.trickle));
        let [half, most, nearly_all] = [of(|it| it.delays[0]), of(|it| it.delays[1]), of(|it| it.delays[2])];
        println!(
            "| {} | {} | {:.2} | {:.0} | {:.0} to {:.0} | {:.0} % | {:.0} % | {:.1} | {:.1} | {:.1} |",
            peer.name,
            rounds.len(),
            memory.middle,
            deliveries.middle,
            deliveries.lowest,
            deliveries.highest,
            client.middle * 100.0,
            trickle.middle * 100.0,
            half.middle,
            most.middle,
            nearly_all.middle,
        );
    }
}

struct Spread {
    lowest: f64,
    middle: f64,
    highest: f64,
}

fn spread(rounds: &[Round], what: fn(&Round) -> f64) -> Spread {
    let mut all: Vec<f64> = rounds.iter().map(what).collect();
    all.sort_by(f64::total_cmp);
    let at = |index: usize| all.get(index).copied().unwrap_or(f64::NAN);
    Spread { lowest: at(0), middle: at(all.len() / 2), highest: at(all.len().saturating_sub(1)) }
}
