//! The `kith` binary: parses the command line and the configuration, and runs the command.
#![expect(clippy::print_stderr, reason = "errors before logging is initialized are printed to standard error")]

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use clap::Parser as _;
use kith_app::{
    cli::{AuditCommand, Cli, Command, ConfigCommand, EXIT_USAGE, config as config_output, doctor, environment},
    commands,
    config::{self, ConfigErrors, ConfigSource, LoadedConfig},
    lifecycle, telemetry,
};

/// A call makes a few dozen allocations; the system allocator takes a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = environment::kith_variables();
    let source = ConfigSource { file: cli.config.as_deref(), folder: Path::new("."), environment: &environment };
    let loaded = config::load(source);
    match Box::pin(run(cli.command_or_default(), loaded)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("kith: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, loaded: Result<LoadedConfig, ConfigErrors>) -> Result<ExitCode> {
    match command {
        Command::Config(ConfigCommand::Docs) => {
            config_output::print_docs(&mut std::io::stdout())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Doctor => return run_doctor(loaded.as_ref()).await,
        Command::Serve(_)
        | Command::Migrate { .. }
        | Command::Seed(_)
        | Command::Config(ConfigCommand::Check)
        | Command::Events(_)
        | Command::Grant(_)
        | Command::Audit(_) => {}
    }
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(errors) => {
            eprintln!("{errors}");
            return Ok(ExitCode::from(EXIT_USAGE));
        }
    };
    if let Command::Config(_) = command {
        config_output::check(&loaded, &mut std::io::stdout())?;
        return Ok(ExitCode::SUCCESS);
    }
    telemetry::init(loaded.config.log_format(), &loaded.config.log.level)?;
    match command {
        Command::Serve(serve) => lifecycle::serve(&loaded, serve.ready_file).await?,
        Command::Migrate { command } => commands::migrate(&loaded, command.unwrap_or_default()).await?,
        Command::Seed(seed) => commands::seed(&loaded, seed).await?,
        Command::Events(command) => commands::events(&loaded, command).await?,
        Command::Grant(grant) => commands::grant(&loaded, &grant).await?,
        Command::Audit(AuditCommand::Verify) => {
            let is_valid = commands::verify_audit(&loaded).await?;
            return Ok(if is_valid { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Config(_) | Command::Doctor => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn run_doctor(loaded: Result<&LoadedConfig, &ConfigErrors>) -> Result<ExitCode> {
    let results = doctor::run_checks(loaded, &commands::check_context(loaded)).await;
    doctor::print(&results, &mut std::io::stdout())?;
    Ok(if doctor::has_errors(&results) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
