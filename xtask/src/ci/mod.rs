//! All that must hold before a change is taken, step by step. A step that fails stops none but itself: whoever reads
//! the end knows everything that is wrong.
//!
//! | file | steps |
//! | --- | --- |
//! | [`code`] | format, lints, documentation |
//! | [`deploy`] | containers, workflows, tasks: files that no compiler reads |
//! | [`protos`] | lint and compatibility of the API |
//! | [`size`] | files and functions that can be read |
//! | [`supply`] | what others wrote: known holes, licences, crates that are not wanted |
//! | [`words`] | what must not be written anywhere |
//!
//! # To add a step
//! Add a row to [`STEPS`], with the sentence that it holds.

mod code;
mod deploy;
mod files;
mod protos;
mod size;
mod supply;
mod words;

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use crate::{codegen, conformance, test};

/// One thing that must hold.
struct Step {
    /// What it is called in the table, and by who wants it alone.
    name: &'static str,
    /// What holds when it passes.
    promise: &'static str,
    run: fn() -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "test", promise: "every promise that a test is named after is kept", run: || test::run(&[]) },
    Step { name: "format", promise: "nobody argues about layout", run: code::format },
    Step { name: "clippy", promise: "no lint of the workspace is broken", run: code::clippy },
    Step { name: "doc", promise: "the documentation builds, and its links lead somewhere", run: code::doc },
    Step { name: "codegen", promise: "the generated code is what the protos give", run: codegen::check },
    Step { name: "lint", promise: "the API keeps the rules that clients know", run: protos::lint },
    Step { name: "breaking", promise: "a client of the last release still works", run: protos::breaking },
    Step {
        name: "conformance",
        promise: "Connect, gRPC and gRPC-Web as the official suite asks",
        run: conformance::run,
    },
    Step { name: "advisories", promise: "no dependency has a known hole", run: supply::advisories },
    Step { name: "licences", promise: "every dependency may be used, and none is banned", run: supply::licences },
    Step { name: "deploy", promise: "images, services, workflows and tasks can be read", run: deploy::check },
    Step { name: "size", promise: "files and functions can be read", run: size::check },
    Step { name: "words", promise: "nothing is left for later, and nothing tells of a machine", run: words::check },
];

struct Outcome {
    step: &'static Step,
    took: Duration,
    result: Result<()>,
}

/// Runs all steps, or those that are named.
///
/// # Errors
/// A name that no step has, or a step that failed; all have run then.
pub(crate) fn run(names: &[&str]) -> Result<()> {
    for name in names {
        let known = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
        ensure!(STEPS.iter().any(|step| step.name == *name), "there is no step {name}; there are {}", known());
    }
    let wanted = STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name));
    let outcomes: Vec<Outcome> = wanted.map(attempt).collect();
    show(&outcomes);
    let failed: Vec<_> = outcomes.iter().filter(|it| it.result.is_err()).map(|it| it.step.name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn attempt(step: &'static Step) -> Outcome {
    eprintln!("\n== {}: {}", step.name, step.promise);
    let started = now();
    let result = (step.run)();
    if let Err(error) = &result {
        eprintln!("{error:#}");
    }
    Outcome { step, took: now().duration_since(started), result }
}

fn show(outcomes: &[Outcome]) {
    eprintln!("\n{:<12} {:>8}  outcome", "step", "seconds");
    for Outcome { step, took, result } in outcomes {
        let outcome = match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("FAILED: {}", error.to_string().lines().next().unwrap_or_default()),
        };
        eprintln!("{:<12} {:>8.1}  {outcome}", step.name, took.as_secs_f64());
    }
}

#[expect(clippy::disallowed_methods, reason = "how long a step really took")]
fn now() -> Instant {
    Instant::now()
}
