//! All checks that a change must pass, as a list of steps. A failed step does not stop the others, so that one run
//! reports all failures.
//!
//! | file | steps |
//! | --- | --- |
//! | [`code`] | formatting, lints, documentation |
//! | [`commits`] | commit messages |
//! | [`deploy`] | container, workflow and task files, which no compiler reads |
//! | [`forbidden_text`], [`prose`], [`retired_words`] | text that must not be committed |
//! | [`protos`] | lint and compatibility of the API |
//! | [`size`] | length of files and functions |
//! | [`supply`] | dependencies: advisories, licences, banned crates |
//!
//! # To add a step
//! Add a row to [`STEPS`]. Steps that take seconds come first. Steps that compile follow in an order in which each uses
//! the artifacts of the one before: `test` and `conformance` those of `build`, `doc` those of `clippy`.

mod code;
mod commits;
mod deploy;
mod files;
mod forbidden_text;
mod prose;
mod protos;
mod retired_words;
mod size;
mod supply;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    codegen, conformance,
    test::{self, Depth},
};

struct Step {
    /// Name in the report and on the command line.
    name: &'static str,
    /// Condition that the step checks.
    checks: &'static str,
    run: fn(&Options) -> Result<()>,
}

const STEPS: &[Step] = &[
    Step { name: "format", checks: "rustfmt changes no file", run: |_| code::format() },
    Step { name: "words", checks: "text is plain English in standard terms", run: |_| words() },
    Step { name: "size", checks: "files and functions are short", run: |_| size::check() },
    Step {
        name: "commits",
        checks: "commit messages follow the style",
        run: |options| commits::check(options.base.as_deref()),
    },
    Step { name: "licences", checks: "all dependencies are allowed", run: |_| supply::licences() },
    Step { name: "advisories", checks: "no dependency has a known vulnerability", run: |_| supply::advisories() },
    Step { name: "codegen", checks: "generated code matches the protos", run: |_| codegen::check() },
    Step { name: "lint", checks: "the protos follow the API rules", run: |_| protos::lint() },
    Step { name: "breaking", checks: "the API is compatible with the last release", run: |_| protos::breaking() },
    Step { name: "deploy", checks: "container, workflow and task files are valid", run: |_| deploy::check() },
    Step { name: "build", checks: "all tests compile", run: |_| test::build() },
    Step { name: "test", checks: "all tests pass", run: |options| test::run(&[], options.depth) },
    Step { name: "conformance", checks: "the official Connect suite passes", run: |_| conformance::run() },
    Step { name: "clippy", checks: "no lint is violated", run: |_| code::clippy() },
    Step { name: "doc", checks: "documentation builds without broken links", run: |_| code::doc() },
];

/// Command-line arguments.
struct Options {
    depth: Depth,
    /// Revision after which commit messages are checked.
    base: Option<String>,
}

struct StepResult {
    step: &'static Step,
    duration: Duration,
    result: Result<()>,
}

/// Runs all steps, or the named ones.
///
/// # Errors
/// If a step is unknown or fails. All selected steps are run first.
pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    let (options, names) = parse(arguments)?;
    for name in &names {
        let known = || STEPS.iter().map(|step| step.name).collect::<Vec<_>>().join(", ");
        ensure!(STEPS.iter().any(|step| step.name == *name), "unknown step {name}: use {}", known());
    }
    let selected = STEPS.iter().filter(|step| names.is_empty() || names.contains(&step.name));
    let results: Vec<StepResult> = selected.map(|step| run_step(step, &options)).collect();
    report(&results);
    let failed: Vec<_> = results.iter().filter(|it| it.result.is_err()).map(|it| it.step.name).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Splits the arguments into options and names of steps.
fn parse<'a>(arguments: &[&'a str]) -> Result<(Options, Vec<&'a str>)> {
    let mut options = Options { depth: Depth::Standard, base: None };
    let mut names = Vec::new();
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "full" => options.depth = Depth::Full,
            "--base" => options.base = Some((*arguments.next().context("--base needs a revision")?).to_owned()),
            name => names.push(name),
        }
    }
    Ok((options, names))
}

fn run_step(step: &'static Step, options: &Options) -> StepResult {
    eprintln!("\n== {}: {}", step.name, step.checks);
    let started = now();
    let result = (step.run)(options);
    let duration = now().duration_since(started);
    if let Err(error) = &result {
        eprintln!("{error:#}");
    }
    eprintln!("== {}: {} in {:.1} s", step.name, if result.is_ok() { "ok" } else { "FAILED" }, duration.as_secs_f64());
    StepResult { step, duration, result }
}

fn report(results: &[StepResult]) {
    eprintln!("\n{:<12} {:>8}  result", "step", "seconds");
    for StepResult { step, duration, result } in results {
        let text = match result {
            Ok(()) => "ok".to_owned(),
            Err(error) => format!("FAILED: {}", error.to_string().lines().next().unwrap_or_default()),
        };
        eprintln!("{:<12} {:>8.1}  {text}", step.name, duration.as_secs_f64());
    }
    let total: Duration = results.iter().map(|it| it.duration).sum();
    eprintln!("{:<12} {:>8.1}", "total", total.as_secs_f64());
}

/// Runs the three checks of text, so that one run reports the findings of all.
fn words() -> Result<()> {
    let results = [forbidden_text::check(), prose::check(), retired_words::check()];
    let errors: Vec<String> = results.into_iter().filter_map(|it| it.err().map(|error| format!("{error:#}"))).collect();
    ensure!(errors.is_empty(), "{}", errors.join("; "));
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "measures the real duration of steps")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_options_or_names_of_steps() {
        let (options, names) = parse(&["full", "test", "--base", "main", "commits"]).unwrap();
        assert_eq!((options.depth, options.base.as_deref()), (Depth::Full, Some("main")));
        assert_eq!(names, ["test", "commits"]);
        assert!(parse(&["--base"]).is_err());
    }
}
