//! What a unary call costs through all layers, beside a bare axum echo: `unary [rounds] [seconds]`.
//!
//! One process serves on core 0, one calls from core 1 (`taskset`, where there is one): 64 connections, one call at a
//! time on each. Every round asks every target once, in an order drawn anew. Beside calls a second stands the time that
//! the serving process had a core, by call: it tells the same and minds less what else the machine does.
#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use kith_kernel::{Entropy as _, SystemEntropy};
use kith_loadtests::{
    closed::{self, Target},
    edge,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve"] => edge::serve(),
        ["call", server, rounds, seconds, targets @ ..] => {
            let seconds = Duration::from_secs(seconds.parse()?);
            let targets = targets.iter().map(|target| target.parse()).collect::<Result<Vec<Target>>>()?;
            call(server.parse()?, rounds.parse()?, seconds, &targets)
        }
        rest => {
            let mut numbers = rest.iter();
            both(numbers.next().unwrap_or(&"7"), numbers.next().unwrap_or(&"3"))
        }
    }
}

/// Starts the one, then the other, each on its core.
fn both(rounds: &str, seconds: &str) -> Result<()> {
    let mut server = on_core(0)?.arg("serve").stdout(Stdio::piped()).spawn()?;
    let told = server.stdout.take().context("the server tells where it is")?;
    // An empty line ends what it tells.
    let targets: Vec<String> =
        BufReader::new(told).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let caller = on_core(1)?.args(["call", &server.id().to_string(), rounds, seconds]).args(&targets).status();
    server.kill()?;
    if !caller?.success() {
        bail!("the caller failed");
    }
    Ok(())
}

fn on_core(core: usize) -> Result<Command> {
    let this = std::env::current_exe()?;
    let pins = Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_ok_and(|it| it.success());
    if !pins || std::thread::available_parallelism()?.get() <= core {
        return Ok(Command::new(this));
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(this);
    Ok(command)
}

fn call(server: u32, rounds: usize, seconds: Duration, targets: &[Target]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for target in targets {
        runtime.block_on(closed::run(target, server, Duration::from_secs(1)))?;
    }
    let mut taken = vec![Vec::new(); targets.len()];
    for _ in 0..rounds {
        let mut order: Vec<_> = targets.iter().zip(&mut taken).collect();
        order.sort_by_cached_key(|_| SystemEntropy.bytes());
        for (target, taken) in order {
            taken.push(runtime.block_on(closed::run(target, server, seconds))?);
        }
    }
    println!(
        "{:>8} {:>10} {:>22} {:>9} {:>7} {:>9} {:>7}",
        "", "calls/s", "lowest..highest", "us/call", "of", "calls/s", "us"
    );
    let echo = targets.iter().zip(&taken).find(|(target, _)| target.name == "echo").context("an echo")?.1;
    let (base, base_cost) = (closed::middle(echo, |it| it.rate), closed::middle(echo, |it| it.cost));
    for (target, taken) in targets.iter().zip(&taken) {
        let (rate, cost) = (closed::middle(taken, |it| it.rate), closed::middle(taken, |it| it.cost));
        let (low, high) = closed::ends(taken, |it| it.rate);
        let range = format!("{low:.0}..{high:.0}");
        let (name, of, of_cost) = (&target.name, rate / base, base_cost / cost);
        println!("{name:>8} {rate:>10.0} {range:>22} {cost:>9.2} {:>7} {of:>9.2} {of_cost:>7.2}", "echo");
    }
    Ok(())
}
