//! Compares `CreatePost`, `GetFeed` and `GetPost` in both modes with their database statements: `stores [rounds]
//! [posts]`, where `posts` is the number of posts that each of 64 callers writes in a round.
//!
//! The server runs with its own database: one SQLite file in embedded mode, the servers of `KITH_TEST_*_URL` in
//! cluster mode. `cargo xtask bench stores` starts these. Every round measures everything once, in random order. No
//! process is pinned to a core, because the database servers need cores, too. A failed measurement is reported and not
//! counted. The benchmark fails if a method has no successful round.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for a terminal")]

use std::fmt;

use anyhow::{Error, Result};
use kith_kernel::{Entropy as _, SystemEntropy};
use kith_loadtests::{
    closed_loop::{Measurement, median, min_max},
    stores::{
        Method,
        baseline::Baseline,
        server::{Folder, KithServer},
    },
};
use kith_testkit::TestCluster;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Secrets of the cluster.
const SECRETS: [(&str, &str); 2] = [
    ("KITH_SECRETS_CURRENT", "41f09ac7e2d85b3360c1fe97a4b82d5e7d6093c5f81be24a90d7361c8efb5a02"),
    ("KITH_SECRETS_BLIND_INDEX", "9be2c04d7a61f385d81c5a9e3fb7240613dd86e5a7904cf1b2e85d3370f69ac1"),
];

/// Number of calls of each caller before the measurement.
const WARM_UP_CALLS: usize = 10;

/// Maximum number of warm-up attempts after a start.
const WARM_UP_ATTEMPTS: usize = 5;

/// Storage mode.
#[derive(Debug, Clone, Copy)]
enum Mode {
    Embedded,
    Cluster,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Embedded => "embedded",
            Self::Cluster => "cluster",
        })
    }
}

/// Server and baseline in one mode.
struct Setup {
    mode: Mode,
    server: KithServer,
    baseline: Baseline,
    _folder: Folder,
}

/// Measurements of one method in one mode.
struct Cell {
    setup: usize,
    method: Method,
    server: Vec<Measurement>,
    baseline: Vec<Measurement>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let rounds = arguments.next().unwrap_or(Ok(5))?;
    let posts = arguments.next().unwrap_or(Ok(60))?;
    let setups = [set_up(Mode::Embedded).await?, set_up(Mode::Cluster).await?];
    let methods = |setup| Method::ALL.map(|method| Cell { setup, method, server: Vec::new(), baseline: Vec::new() });
    let mut cells: Vec<Cell> = (0..setups.len()).flat_map(methods).collect();
    for number in 1..=rounds {
        let mut order: Vec<_> = cells.iter_mut().collect();
        order.sort_by_cached_key(|_| SystemEntropy.bytes());
        for cell in order {
            let Some(setup) = setups.get(cell.setup) else { continue };
            let (mode, method) = (setup.mode, cell.method);
            match pair(setup, method, method.calls_per_caller(posts)).await {
                Ok((server, baseline)) => {
                    let (calls, statements) = (server.rate, baseline.rate);
                    eprintln!("{number}/{rounds} {mode} {method}: {calls:.0} calls/s, {statements:.0} statements/s");
                    cell.server.push(server);
                    cell.baseline.push(baseline);
                }
                Err(error) => eprintln!("{number}/{rounds} {mode} {method}: failed, not counted: {}", brief(&error)),
            }
        }
    }
    print_table(&setups, &cells);
    anyhow::ensure!(cells.iter().all(|cell| !cell.server.is_empty()), "a method has no successful round");
    Ok(())
}

/// Measures the server and the statement in random order. The second runs on the database that the first has changed.
async fn pair(setup: &Setup, method: Method, times: usize) -> Result<(Measurement, Measurement)> {
    let [coin, ..] = SystemEntropy.bytes();
    if coin.is_multiple_of(2) {
        let server = setup.server.measure(method, times).await?;
        return Ok((server, setup.baseline.measure(method, times).await?));
    }
    let baseline = setup.baseline.measure(method, times).await?;
    Ok((setup.server.measure(method, times).await?, baseline))
}

/// Starts the server, lets it write posts, and opens its database.
async fn set_up(mode: Mode) -> Result<Setup> {
    let (name, cluster) = match mode {
        Mode::Embedded => ("embedded", None),
        Mode::Cluster => ("cluster", Some(TestCluster::new().await)),
    };
    let folder = Folder::new(name)?;
    let mut server = KithServer::start(folder.path(), &cluster.as_ref().map_or_else(Vec::new, settings)).await?;
    // A new node has no database connections yet and can reject some of many concurrent calls.
    for _ in 0..WARM_UP_ATTEMPTS {
        match server.measure(Method::CreatePost, WARM_UP_CALLS).await {
            Ok(_) => break,
            Err(error) => eprintln!("{mode}: warm-up failed: {}", brief(&error)),
        }
    }
    let known = server.load_known_posts().await?;
    let baseline = match &cluster {
        None => Baseline::sqlite(&folder.path().join("data/kith.db"), known).await?,
        Some(cluster) => Baseline::mongo(&cluster.mongodb, known).await?,
    };
    let setup = Setup { mode, server, baseline, _folder: folder };
    for method in Method::ALL {
        // Warm-up: opens connections and fills caches.
        if let Err(error) = pair(&setup, method, WARM_UP_CALLS).await {
            eprintln!("{mode} {method}: warm-up failed: {}", brief(&error));
        }
    }
    Ok(setup)
}

/// First and last line of an error response.
fn brief(error: &Error) -> String {
    let text = error.to_string();
    let mut lines = text.lines().filter(|line| !line.is_empty());
    [lines.next(), lines.next_back()].into_iter().flatten().collect::<Vec<_>>().join(" .. ")
}

fn settings(cluster: &TestCluster) -> Vec<(String, String)> {
    let settings = [
        ("KITH_POSTGRES_URL", cluster.postgres.as_str()),
        ("KITH_MONGODB_URL", cluster.mongodb.as_str()),
        ("KITH_REDIS_URL", cluster.redis.as_str()),
        ("KITH_NATS_URL", cluster.nats.as_str()),
        ("KITH_CLUSTER_NAMESPACE", cluster.namespace.as_str()),
        // The servers can be shared with tests, and they reserve the maximum size of each stream.
        ("KITH_CLUSTER_EVENT_STREAM_MAX_BYTES", "256MiB"),
        ("KITH_CLUSTER_REPLAY_LOG_MAX_BYTES", "256MiB"),
    ];
    settings.into_iter().chain(SECRETS).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn print_table(setups: &[Setup], cells: &[Cell]) {
    println!("| mode | method | calls/s | range | us of a core per call | statements/s | range | call / statement |");
    println!("| --- | --- | --: | --: | --: | --: | --: | --: |");
    for Cell { setup, method, server, baseline } in cells {
        let Some(mode) = setups.get(*setup).filter(|_| !server.is_empty()).map(|setup| setup.mode) else { continue };
        let rate = |rounds: &[Measurement]| median(rounds, |it| it.rate);
        let range = |rounds: &[Measurement]| {
            let (low, high) = min_max(rounds, |it| it.rate);
            format!("{low:.0} to {high:.0}")
        };
        let (calls, statements, cost) = (rate(server), rate(baseline), median(server, |it| it.cost));
        println!(
            "| {mode} | {method} | {calls:.0} | {} | {cost:.0} | {statements:.0} | {} | {:.2} |",
            range(server),
            range(baseline),
            calls / statements
        );
    }
}
