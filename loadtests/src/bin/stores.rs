//! What `CreatePost`, `GetFeed` and `GetPost` cost on both sizes, beside the statement that each comes down to:
//! `stores [rounds] [posts]`, the posts being those that each of 64 writes in a round.
//!
//! The whole program serves, over HTTP, a community of its own: on one SQLite file, and on the servers that
//! `KITH_TEST_*_URL` name. `cargo xtask bench stores` starts those. Every round asks everything once, in an order drawn
//! anew; nothing is pinned to a core, because the servers need some, too. What is refused is said, and counts for nothing:
//! a table that lacks a row is a failure.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for a terminal")]

use std::fmt;

use anyhow::{Error, Result};
use kith_kernel::{Entropy as _, SystemEntropy};
use kith_loadtests::{
    closed::{Taken, ends, middle},
    stores::{
        Method,
        bare::Bare,
        program::{Folder, Program},
    },
};
use kith_testkit::TestCluster;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The same for every node of the cluster.
const SECRETS: [(&str, &str); 2] = [
    ("KITH_SECRETS_CURRENT", "41f09ac7e2d85b3360c1fe97a4b82d5e7d6093c5f81be24a90d7361c8efb5a02"),
    ("KITH_SECRETS_BLIND_INDEX", "9be2c04d7a61f385d81c5a9e3fb7240613dd86e5a7904cf1b2e85d3370f69ac1"),
];

/// How often each of those who ask at once does before it counts.
const WARM: usize = 10;

/// How often it is tried to warm a program that has only begun.
const PATIENCE: usize = 5;

/// Where everything is kept.
#[derive(Debug, Clone, Copy)]
enum Size {
    One,
    Cluster,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "SQLite",
            Self::Cluster => "four servers",
        })
    }
}

/// A size that is measured.
struct Bed {
    size: Size,
    program: Program,
    bare: Bare,
    _folder: Folder,
}

/// All that one method came to on one size.
struct Cell {
    bed: usize,
    method: Method,
    program: Vec<Taken>,
    bare: Vec<Taken>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1).map(|argument| argument.parse::<usize>());
    let rounds = arguments.next().unwrap_or(Ok(5))?;
    let posts = arguments.next().unwrap_or(Ok(60))?;
    let beds = [bed(Size::One).await?, bed(Size::Cluster).await?];
    let methods = |bed| Method::ALL.map(|method| Cell { bed, method, program: Vec::new(), bare: Vec::new() });
    let mut cells: Vec<Cell> = (0..beds.len()).flat_map(methods).collect();
    for number in 1..=rounds {
        let mut order: Vec<_> = cells.iter_mut().collect();
        order.sort_by_cached_key(|_| SystemEntropy.bytes());
        for cell in order {
            let Some(bed) = beds.get(cell.bed) else { continue };
            let (size, method) = (bed.size, cell.method);
            match pair(bed, method, method.times(posts)).await {
                Ok((program, bare)) => {
                    let (called, stated) = (program.rate, bare.rate);
                    eprintln!("{number}/{rounds} {size} {method}: {called:.0} calls/s, {stated:.0} statements/s");
                    cell.program.push(program);
                    cell.bare.push(bare);
                }
                Err(why) => eprintln!("{number}/{rounds} {size} {method}: it counts for nothing: {}", brief(&why)),
            }
        }
    }
    show(&beds, &cells);
    anyhow::ensure!(cells.iter().all(|cell| !cell.program.is_empty()), "of what has no row, every round was refused");
    Ok(())
}

/// The program and the statement, one after the other. Whoever comes second finds the database as the first one left it.
async fn pair(bed: &Bed, method: Method, times: usize) -> Result<(Taken, Taken)> {
    let [coin, ..] = SystemEntropy.bytes();
    if coin.is_multiple_of(2) {
        let program = bed.program.measure(method, times).await?;
        return Ok((program, bed.bare.measure(method, times).await?));
    }
    let bare = bed.bare.measure(method, times).await?;
    Ok((bed.program.measure(method, times).await?, bare))
}

/// Starts the program, lets it write, and opens what it wrote.
async fn bed(size: Size) -> Result<Bed> {
    let (name, community) = match size {
        Size::One => ("one", None),
        Size::Cluster => ("cluster", Some(TestCluster::new().await)),
    };
    let folder = Folder::new(name)?;
    let mut program = Program::start(folder.path(), &community.as_ref().map_or_else(Vec::new, chosen)).await?;
    // A node that has only begun has no connections yet, and may refuse some of many calls at once.
    for _ in 0..PATIENCE {
        match program.measure(Method::CreatePost, WARM).await {
            Ok(_) => break,
            Err(why) => eprintln!("{size}: not warm: {}", brief(&why)),
        }
    }
    let known = program.look().await?;
    let bare = match &community {
        None => Bare::sqlite(&folder.path().join("data/kith.db"), known).await?,
        Some(community) => Bare::mongo(&community.mongodb, known).await?,
    };
    let bed = Bed { size, program, bare, _folder: folder };
    for method in Method::ALL {
        // Connections are made, and what is read first is read.
        if let Err(why) = pair(&bed, method, WARM).await {
            eprintln!("{size} {method}: not warm: {}", brief(&why));
        }
    }
    Ok(bed)
}

/// Of an answer that was a refusal, how it begins and how it ends.
fn brief(why: &Error) -> String {
    let text = why.to_string();
    let mut lines = text.lines().filter(|line| !line.is_empty());
    [lines.next(), lines.next_back()].into_iter().flatten().collect::<Vec<_>>().join(" .. ")
}

fn chosen(community: &TestCluster) -> Vec<(String, String)> {
    let said = [
        ("KITH_POSTGRES_URL", community.postgres.as_str()),
        ("KITH_MONGODB_URL", community.mongodb.as_str()),
        ("KITH_REDIS_URL", community.redis.as_str()),
        ("KITH_NATS_URL", community.nats.as_str()),
        ("KITH_CLUSTER_NAMESPACE", community.namespace.as_str()),
        // The servers may be those of the tests, which set aside what each community may take.
        ("KITH_CLUSTER_EVENT_STREAM_MAX_BYTES", "256MiB"),
        ("KITH_CLUSTER_REPLAY_LOG_MAX_BYTES", "256MiB"),
    ];
    said.into_iter().chain(SECRETS).map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn show(beds: &[Bed], cells: &[Cell]) {
    println!(
        "| on | method | calls/s | lowest to highest | us of a core | statements/s | lowest to highest | of the statement |"
    );
    println!("| --- | --- | --: | --: | --: | --: | --: | --: |");
    for Cell { bed, method, program, bare } in cells {
        let Some(size) = beds.get(*bed).filter(|_| !program.is_empty()).map(|bed| bed.size) else { continue };
        let rate = |taken: &[Taken]| middle(taken, |it| it.rate);
        let range = |taken: &[Taken]| {
            let (low, high) = ends(taken, |it| it.rate);
            format!("{low:.0} to {high:.0}")
        };
        let (called, stated, cost) = (rate(program), rate(bare), middle(program, |it| it.cost));
        println!(
            "| {size} | {method} | {called:.0} | {} | {cost:.0} | {stated:.0} | {} | {:.2} |",
            range(program),
            range(bare),
            called / stated
        );
    }
}
