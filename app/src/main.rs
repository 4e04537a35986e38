//! `kith`: reads what was asked and chosen, and does it.
#![expect(clippy::print_stderr, reason = "what is wrong before there is a log is said where people look")]

use std::{path::Path, process::ExitCode};

use anyhow::Result;
use clap::Parser as _;
use kith_app::{
    cli::{Audit, Cli, Command, MISUSED, Settings, doctor, environment, settings},
    commands,
    config::{self, Faults, Loaded, Request},
    lifecycle, telemetry,
};

/// A call allocates a few dozen times; the system's allocator takes a tenth of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let environment = environment::ours();
    let request = Request { file: cli.config.as_deref(), folder: Path::new("."), environment: &environment };
    let loaded = config::load(request);
    match Box::pin(run(cli.asked(), loaded)).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("kith: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command, loaded: Result<Loaded, Faults>) -> Result<ExitCode> {
    match command {
        Command::Config(Settings::Docs) => {
            settings::page(&mut std::io::stdout())?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Doctor => return examine(loaded.as_ref()).await,
        Command::Serve(_)
        | Command::Migrate { .. }
        | Command::Seed(_)
        | Command::Config(Settings::Check)
        | Command::Events(_)
        | Command::Grant(_)
        | Command::Audit(_) => {}
    }
    let loaded = match loaded {
        Ok(loaded) => loaded,
        Err(faults) => {
            eprintln!("{faults}");
            return Ok(ExitCode::from(MISUSED));
        }
    };
    if let Command::Config(_) = command {
        settings::check(&loaded, &mut std::io::stdout())?;
        return Ok(ExitCode::SUCCESS);
    }
    telemetry::init(loaded.config.log_format(), &loaded.config.log.level)?;
    match command {
        Command::Serve(serve) => lifecycle::serve(&loaded, serve.ready_file).await?,
        Command::Migrate { asked } => commands::migrate(&loaded, asked.unwrap_or_default()).await?,
        Command::Seed(seed) => commands::seed(&loaded, seed).await?,
        Command::Events(letters) => commands::events(&loaded, letters).await?,
        Command::Grant(grant) => commands::grant(&loaded, &grant).await?,
        Command::Audit(Audit::Verify) => {
            let sound = commands::verify_audit(&loaded).await?;
            return Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        Command::Config(_) | Command::Doctor => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn examine(loaded: Result<&Loaded, &Faults>) -> Result<ExitCode> {
    let findings = doctor::examine(loaded, &commands::tools(loaded)).await;
    doctor::print(&findings, &mut std::io::stdout())?;
    Ok(if doctor::wrong(&findings) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
