//! Command-line interface: commands, help and output.
//!
//! | file | content |
//! | --- | --- |
//! | here | commands and help texts |
//! | [`environment`] | the only place that reads environment variables |
//! | [`config`] | `kith config check` and `kith config docs` |
//! | [`doctor`] | `kith doctor` |
//! | [`dead_letters`] | `kith events list` |
//!
//! # To add a command
//! Add it to [`Command`] with its help text, implement it in a file of [`crate::commands`], and call it in `main`.

pub mod config;
pub mod dead_letters;
pub mod doctor;
pub mod environment;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Exit code for an invalid configuration or command line.
pub const EXIT_USAGE: u8 = 2;

/// Kith: backend of an anonymous peer-support community.
///
/// Without a command it runs the server. Settings are documented in docs/configuration.md.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "kith", version, propagate_version = true)]
pub struct Cli {
    /// Configuration file in TOML or YAML. Defaults to the value of `KITH_CONFIG`, or to kith.toml or kith.yaml in the
    /// working directory
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

impl Cli {
    /// The command, or [`Command::Serve`] if none is given.
    #[must_use]
    pub fn command_or_default(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Serve::default()))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Run the server
    Serve(Serve),
    /// Apply or inspect database migrations. Without a subcommand, apply them. The server applies them at its start too
    Migrate {
        #[command(subcommand)]
        command: Option<MigrateCommand>,
    },
    /// Fill the database with generated sample data
    Seed(Seed),
    /// Check configuration, storage and dependencies. Exits with code 1 if a check fails
    Doctor,
    /// Check or document the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Manage dead-lettered events
    #[command(subcommand)]
    Events(DeadLetterCommand),
    /// Grant a staff role. Can be used while the server is running, and for the first admin
    Grant(Grant),
    /// Audit log commands
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Grant {
    /// Role to grant
    #[arg(long, value_enum)]
    pub role: GrantableRole,
    /// Id of the public persona, or its exact handle
    #[arg(value_name = "PERSONA-OR-HANDLE")]
    pub persona_or_handle: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum GrantableRole {
    /// Reviews reports and cases
    Moderator,
    /// Manages staff roles
    Admin,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum AuditCommand {
    /// Verify the audit log and its signed checkpoints. Exits with code 1 at the first error. Can be used while the
    /// server is running
    Verify,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Serve {
    /// File to which the server's addresses are written once it is ready, as JSON. The file is created atomically
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Seed {
    /// Number of accounts
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub accounts: u32,
    /// Number of posts
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub posts: u32,
    /// Random seed. The same seed and size generate the same data
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Subcommand)]
pub enum MigrateCommand {
    /// Apply all pending migrations
    #[default]
    Up,
    /// List all migrations with the time of their application
    Status,
    /// Exit with code 1 if a schema is not up to date
    Verify,
    /// Revert the last migration of each database and delete its data. Development only
    Down,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Print every value and its origin, without secrets, or all errors
    Check,
    /// Print docs/configuration.md
    Docs,
}

#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum DeadLetterCommand {
    /// List the oldest dead letters with event id, consumer, error and time
    List {
        /// Maximum number of dead letters
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Deliver dead letters to their consumers again. Events that are processed are removed from the list
    Replay {
        /// Only this event
        #[arg(long, value_name = "ID")]
        event: Option<kith_kernel::EventId>,
        /// Only dead letters of this consumer
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
    },
    /// Delete a dead letter that cannot or need not be processed
    Discard {
        /// Event id
        #[arg(long, value_name = "ID")]
        event: kith_kernel::EventId,
        /// Consumer that failed
        #[arg(long, value_name = "NAME")]
        consumer: String,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_is_the_default_command() {
        assert_eq!(parse("kith").unwrap().command_or_default(), Command::Serve(Serve::default()));
        let cli = parse("kith serve --ready-file r.json --config k.toml").unwrap();
        assert_eq!(cli.config, Some(PathBuf::from("k.toml")));
        assert_eq!(cli.command_or_default(), Command::Serve(Serve { ready_file: Some(PathBuf::from("r.json")) }));
    }

    #[test]
    fn every_command_is_parsed() {
        let seed = parse("kith seed --accounts 3 --posts 9 --seed 7").unwrap().command_or_default();
        assert_eq!(seed, Command::Seed(Seed { accounts: 3, posts: 9, seed: 7 }));
        assert_eq!(parse("kith --config k.toml doctor").unwrap().command_or_default(), Command::Doctor);
        assert_eq!(parse("kith migrate").unwrap().command_or_default(), Command::Migrate { command: None });
        let status = Command::Migrate { command: Some(MigrateCommand::Status) };
        assert_eq!(parse("kith migrate status").unwrap().command_or_default(), status);
        assert_eq!(parse("kith config docs").unwrap().command_or_default(), Command::Config(ConfigCommand::Docs));
        let list = Command::Events(DeadLetterCommand::List { limit: 50 });
        assert_eq!(parse("kith events list").unwrap().command_or_default(), list);
        let grant = Grant { role: GrantableRole::Admin, persona_or_handle: "ann".to_owned() };
        assert_eq!(parse("kith grant --role admin ann").unwrap().command_or_default(), Command::Grant(grant));
        assert_eq!(parse("kith audit verify").unwrap().command_or_default(), Command::Audit(AuditCommand::Verify));
        let replay = "kith events replay --event 0190163d-8694-739b-aea5-966c26f8ad91 --consumer support";
        assert!(matches!(
            parse(replay).unwrap().command_or_default(),
            Command::Events(DeadLetterCommand::Replay { event: Some(_), .. })
        ));
    }

    #[test]
    fn usage_errors_exit_with_code_two() {
        for line in [
            "kith dance",
            "kith seed --accounts 0",
            "kith seed --posts many",
            "kith events replay --event x",
            "kith grant ann",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), i32::from(EXIT_USAGE), "{line}");
        }
    }
}
