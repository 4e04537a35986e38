//! Implementation of the commands other than `serve`.
//!
//! | file | content |
//! | --- | --- |
//! | here | `migrate`, `events` |
//! | `staff` | `grant` and `audit verify`, which can run next to a server |
//! | `seeding` | `seed`: sample data, created through the services with a simulated clock |

mod seeding;
mod staff;

use std::{io, sync::Arc};

use anyhow::{Result, ensure};
use kith_kernel::{Delivery, EncodedEvent, SystemClock, SystemEntropy};
use kith_storage::{SchemaState, sql::DeadLetter};

pub use self::{
    seeding::seed,
    staff::{grant, verify_audit},
};
use crate::{
    cli::{DeadLetterCommand, MigrateCommand, dead_letters, doctor::CheckContext},
    config::{ConfigErrors, LoadedConfig, Mode},
    lifecycle::{
        self,
        backend::{Backend, DeadLetterAdmin},
        data_dir::DATABASE_FILE,
        settings,
    },
    wiring::App,
};

/// Inputs of the checks of `kith doctor`.
#[must_use]
pub fn check_context(loaded: Result<&LoadedConfig, &ConfigErrors>) -> CheckContext {
    let folder = loaded.map_or_else(|_| std::path::PathBuf::from("data"), |loaded| loaded.config.data_dir.clone());
    CheckContext {
        database: folder.join(DATABASE_FILE),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(SystemEntropy),
    }
}

/// Applies, lists, verifies or reverts migrations.
///
/// # Errors
/// If another process uses the data folder, a migration fails, or a verified schema is not up to date.
#[expect(clippy::print_stdout, reason = "output of the command")]
pub async fn migrate(loaded: &LoadedConfig, command: MigrateCommand) -> Result<()> {
    let runtime = lifecycle::runtime_context(loaded)?;
    let backend = Backend::open(&loaded.config, &runtime).await?;
    match command {
        MigrateCommand::Up => {
            backend.migrate().await?;
            tracing::info!("schemas are up to date");
        }
        MigrateCommand::Status => {
            for schema in backend.schemas() {
                for step in schema.statuses().await? {
                    let applied_at =
                        step.applied_at.map_or_else(|| "pending".to_owned(), |at| dead_letters::utc(at.millis()));
                    println!("{:<14}{:04}  {:<24}{applied_at}", schema.name(), step.version, step.name);
                }
            }
        }
        MigrateCommand::Verify => {
            for schema in backend.schemas() {
                let (name, state) = (schema.name(), schema.state().await?);
                ensure!(state == SchemaState::Current, "{name} is not up to date: {state:?}");
                println!("{name} is up to date");
            }
        }
        MigrateCommand::Down => {
            ensure!(loaded.config.mode == Mode::Development, "migrations cannot be reverted in production");
            for schema in backend.schemas() {
                match schema.down().await? {
                    Some(step) => println!("{}: reverted {:04} {}", schema.name(), step.version, step.name),
                    None => println!("{}: no migration to revert", schema.name()),
                }
            }
        }
    }
    backend.close().await;
    Ok(())
}

/// Lists, replays or discards dead letters.
///
/// # Errors
/// If another process uses the data folder, or a replay fails.
pub async fn events(loaded: &LoadedConfig, command: DeadLetterCommand) -> Result<()> {
    let runtime = lifecycle::runtime_context(loaded)?;
    let backend = Backend::open(&loaded.config, &runtime).await?;
    backend.migrate().await?;
    let store = backend.dead_letters(runtime.clock.clone());
    match command {
        DeadLetterCommand::List { limit } => dead_letters::list(&store.list(limit.into()).await?, &mut io::stdout())?,
        DeadLetterCommand::Replay { event, consumer } => {
            let settings = settings::server_settings(&loaded.config, "http://localhost")?;
            let app = App::wire(&backend.stores(&runtime, &settings)?, &runtime, &settings).await?;
            let mut selected = store.list(i64::MAX).await?;
            selected.retain(|dead_letter| event.is_none_or(|event| dead_letter.event.id == event));
            selected.retain(|dead_letter| consumer.as_ref().is_none_or(|consumer| dead_letter.consumer == *consumer));
            replay_all(&app, &*store, &selected).await?;
        }
        DeadLetterCommand::Discard { event, consumer } => {
            ensure!(store.remove(event, &consumer).await?, "no dead letter of event {event} and consumer {consumer}");
            tracing::info!(%event, consumer, "dead letter discarded");
        }
    }
    backend.close().await;
    Ok(())
}

async fn replay_all(app: &App, store: &dyn DeadLetterAdmin, dead_letters: &[DeadLetter]) -> Result<()> {
    let mut failed = 0_usize;
    for DeadLetter { event: encoded, consumer, .. } in dead_letters {
        if let Err(error) = replay(app, encoded, consumer).await {
            tracing::warn!(event = %encoded.id, consumer, error = %format!("{error:#}"), "replay failed");
            failed += 1;
        } else {
            store.remove(encoded.id, consumer).await?;
        }
    }
    tracing::info!(processed = dead_letters.len() - failed, failed, "dead letters replayed");
    ensure!(failed == 0, "{failed} events failed again and remain dead letters");
    Ok(())
}

/// Delivers an event to the consumer that failed, or to all consumers if the event could not be decoded.
async fn replay(app: &App, encoded: &EncodedEvent, consumer: &str) -> Result<()> {
    let delivery = Delivery::decode(encoded.clone())?;
    let handlers = app.entrypoints.event_handlers.iter();
    let selected: Vec<_> =
        handlers.filter(|handler| handler.name() == consumer || consumer == kith_infra::bus::DECODE_CONSUMER).collect();
    ensure!(!selected.is_empty(), "unknown consumer {consumer}");
    for handler in selected {
        handler.handle(&delivery).await?;
    }
    Ok(())
}
