//! The command line: what can be asked for, and what is printed in answer.
//!
//! | file | holds |
//! | --- | --- |
//! | here | the commands and their help |
//! | [`environment`] | the one place that reads the process's variables |
//! | [`settings`] | `kith config check` and `kith config docs` |
//! | [`banner`] | where everything is, at a start in development |
//! | [`ready`] | the file that says where everything is, for programs |
//! | [`doctor`] | `kith doctor` |
//! | [`letters`] | `kith events list` |
//!
//! # To add a command
//! Add it to [`Command`] with its help, write what it does in a file of its own, and call it in `main`.

pub mod banner;
pub mod doctor;
pub mod environment;
pub mod letters;
pub mod ready;
pub mod settings;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// What everything that is wrong with the configuration, or with how the program was called, ends with.
pub const MISUSED: u8 = 2;

/// Kith: an anonymous community of people who help each other, in one program.
///
/// Without a command it serves. Everything that can be chosen is in docs/configuration.md.
#[derive(Debug, Clone, PartialEq, Eq, Parser)]
#[command(name = "kith", version, propagate_version = true)]
pub struct Cli {
    /// The configuration, in TOML or YAML. Without it, `KITH_CONFIG`, or kith.toml or kith.yaml here.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    command: Option<Command>,
}

impl Cli {
    /// What to do: to serve, where nothing is said.
    #[must_use]
    pub fn asked(self) -> Command {
        self.command.unwrap_or_else(|| Command::Serve(Serve::default()))
    }
}

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Command {
    /// Serves until it is told to stop; a second signal ends it at once.
    Serve(Serve),
    /// The schemas of the databases: without more, brings them up to this build, and ends. Serving does so, too.
    Migrate {
        /// What to do with them.
        #[command(subcommand)]
        asked: Option<Migrate>,
    },
    /// Fills the database with a made-up community, to try things on.
    Seed(Seed),
    /// Looks for what would keep the server from working. Ends with 1 if it finds something.
    Doctor,
    /// The configuration.
    #[command(subcommand)]
    Config(Settings),
    /// Events that were given up, and wait for somebody to look at them.
    #[command(subcommand)]
    Events(Letters),
    /// Gives somebody a role, as the operator's own act: the first admin is made so. Also beside a server that runs.
    Grant(Grant),
    /// What was written down of privileged acts.
    #[command(subcommand)]
    Audit(Audit),
}

/// Which role, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct Grant {
    /// Which.
    #[arg(long, value_enum)]
    pub role: Granted,
    /// The id of their public persona, or their handle, letter for letter.
    #[arg(value_name = "PERSONA-OR-HANDLE")]
    pub whom: String,
}

/// A role that can be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Granted {
    /// Works the queue of cases.
    Moderator,
    /// Gives and takes roles.
    Admin,
}

/// What can be done with the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Audit {
    /// Reads all of it, with its signed checkpoints, and ends with 1 at the first fault. Also beside a server that runs.
    Verify,
}

/// How to serve.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args)]
pub struct Serve {
    /// Where to write, once calls are taken, where everything is: JSON, in one piece.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// How large a community. The same seed makes the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub struct Seed {
    /// How many people.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub accounts: u32,
    /// How many posts.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub posts: u32,
    /// What chance begins with.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What can be done with the schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Subcommand)]
pub enum Migrate {
    /// Brings them up to this build.
    #[default]
    Up,
    /// Shows every migration, and when it was applied.
    Status,
    /// Ends with 1 if a schema is not exactly this build's.
    Verify,
    /// Takes the last migration of each back, with all that was kept in it. For development alone.
    Down,
}

/// What can be asked about the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub enum Settings {
    /// Shows every value and where it comes from, secrets apart; or everything that is wrong.
    Check,
    /// Prints docs/configuration.md.
    Docs,
}

/// What can be done about events that were given up.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub enum Letters {
    /// Shows the oldest of them: which event, who gave it up, why, and when.
    List {
        /// How many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        limit: u32,
    },
    /// Gives them to their consumers once more. What is digested leaves the list.
    Replay {
        /// Only this event.
        #[arg(long, value_name = "ID")]
        event: Option<kith_kernel::EventId>,
        /// Only what this consumer gave up.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
    },
    /// Takes one away for good: somebody has looked at it, and it cannot or need not be digested.
    Discard {
        /// Which event.
        #[arg(long, value_name = "ID")]
        event: kith_kernel::EventId,
        /// What this consumer gave up.
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
    fn the_commands_fit_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_at_all_means_to_serve() {
        assert_eq!(parse("kith").unwrap().asked(), Command::Serve(Serve::default()));
        let cli = parse("kith serve --ready-file r.json --config k.toml").unwrap();
        assert_eq!(cli.config, Some(PathBuf::from("k.toml")));
        assert_eq!(cli.asked(), Command::Serve(Serve { ready_file: Some(PathBuf::from("r.json")) }));
    }

    #[test]
    fn every_command_is_understood() {
        let seed = parse("kith seed --accounts 3 --posts 9 --seed 7").unwrap().asked();
        assert_eq!(seed, Command::Seed(Seed { accounts: 3, posts: 9, seed: 7 }));
        assert_eq!(parse("kith --config k.toml doctor").unwrap().asked(), Command::Doctor);
        assert_eq!(parse("kith migrate").unwrap().asked(), Command::Migrate { asked: None });
        let status = Command::Migrate { asked: Some(Migrate::Status) };
        assert_eq!(parse("kith migrate status").unwrap().asked(), status);
        assert_eq!(parse("kith config docs").unwrap().asked(), Command::Config(Settings::Docs));
        let list = Command::Events(Letters::List { limit: 50 });
        assert_eq!(parse("kith events list").unwrap().asked(), list);
        let grant = Grant { role: Granted::Admin, whom: "ann".to_owned() };
        assert_eq!(parse("kith grant --role admin ann").unwrap().asked(), Command::Grant(grant));
        assert_eq!(parse("kith audit verify").unwrap().asked(), Command::Audit(Audit::Verify));
        let replay = "kith events replay --event 0190163d-8694-739b-aea5-966c26f8ad91 --consumer support";
        assert!(matches!(parse(replay).unwrap().asked(), Command::Events(Letters::Replay { event: Some(_), .. })));
    }

    #[test]
    fn what_is_not_understood_ends_with_two() {
        for line in [
            "kith dance",
            "kith seed --accounts 0",
            "kith seed --posts many",
            "kith events replay --event x",
            "kith grant ann",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), i32::from(MISUSED), "{line}");
        }
    }
}
