//! Compares the cost of a unary call through the whole HTTP stack with an axum echo: `unary [rounds] [seconds]`.
//!
//! The server runs on core 0 and the client on core 1 (with `taskset`, if it is installed), with 64 connections and one
//! call at a time on each. Every round measures every target once, in random order. The table also shows the CPU time
//! of the server process per call, which depends less on other load of the machine than calls per second.
#![expect(clippy::print_stdout, reason = "a tool for a terminal")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use kith_kernel::{Entropy as _, SystemEntropy};
use kith_loadtests::{
    closed_loop::{self, Target},
    unary_server,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["serve"] => unary_server::serve(),
        ["call", server, rounds, seconds, targets @ ..] => {
            let seconds = Duration::from_secs(seconds.parse()?);
            let targets = targets.iter().map(|target| target.parse()).collect::<Result<Vec<Target>>>()?;
            call(server.parse()?, rounds.parse()?, seconds, &targets)
        }
        rest => {
            let mut numbers = rest.iter();
            run(numbers.next().unwrap_or(&"7"), numbers.next().unwrap_or(&"3"))
        }
    }
}

/// Starts the server and the client on their cores.
fn run(rounds: &str, seconds: &str) -> Result<()> {
    let mut server = pinned_to(0)?.arg("serve").stdout(Stdio::piped()).spawn()?;
    let output = server.stdout.take().context("no standard output")?;
    // An empty line ends the list of targets.
    let targets: Vec<String> =
        BufReader::new(output).lines().map_while(Result::ok).take_while(|line| !line.is_empty()).collect();
    let caller = pinned_to(1)?.args(["call", &server.id().to_string(), rounds, seconds]).args(&targets).status();
    server.kill()?;
    if !caller?.success() {
        bail!("the client failed");
    }
    Ok(())
}

fn pinned_to(core: usize) -> Result<Command> {
    let this = std::env::current_exe()?;
    let can_pin = Command::new("taskset").arg("--version").stdout(Stdio::null()).status().is_ok_and(|it| it.success());
    if !can_pin || std::thread::available_parallelism()?.get() <= core {
        return Ok(Command::new(this));
    }
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string()]).arg(this);
    Ok(command)
}

fn call(server: u32, rounds: usize, seconds: Duration, targets: &[Target]) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for target in targets {
        runtime.block_on(closed_loop::run(target, server, Duration::from_secs(1)))?;
    }
    let mut measurements = vec![Vec::new(); targets.len()];
    for _ in 0..rounds {
        let mut order: Vec<_> = targets.iter().zip(&mut measurements).collect();
        order.sort_by_cached_key(|_| SystemEntropy.bytes());
        for (target, measurements) in order {
            measurements.push(runtime.block_on(closed_loop::run(target, server, seconds))?);
        }
    }
    println!(
        "{:>8} {:>10} {:>22} {:>9} {:>7} {:>9} {:>7}",
        "", "calls/s", "lowest..highest", "us/call", "of", "calls/s", "us"
    );
    let echo = targets.iter().zip(&measurements).find(|(target, _)| target.name == "echo").context("no echo target")?.1;
    let (base, base_cost) = (closed_loop::median(echo, |it| it.rate), closed_loop::median(echo, |it| it.cost));
    for (target, measurements) in targets.iter().zip(&measurements) {
        let (rate, cost) =
            (closed_loop::median(measurements, |it| it.rate), closed_loop::median(measurements, |it| it.cost));
        let (low, high) = closed_loop::min_max(measurements, |it| it.rate);
        let range = format!("{low:.0}..{high:.0}");
        let (name, of, of_cost) = (&target.name, rate / base, base_cost / cost);
        println!("{name:>8} {rate:>10.0} {range:>22} {cost:>9.2} {:>7} {of:>9.2} {of_cost:>7.2}", "echo");
    }
    Ok(())
}
