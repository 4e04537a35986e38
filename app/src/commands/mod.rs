//! What the commands do that do not serve.
//!
//! | file | holds |
//! | --- | --- |
//! | here | `migrate`, `events` |
//! | `staff` | `grant` and `audit verify`: beside a server, too |
//! | `seeding` | `seed`: a made-up community, through the services, at its own pace in time |

mod seeding;
mod staff;

use std::{io, sync::Arc};

use anyhow::{Result, ensure};
use kith_kernel::{Event, Parcel, SystemClock, SystemEntropy};
use kith_storage::sql::{DeadLetter, Schema};

pub use self::{
    seeding::seed,
    staff::{grant, verify_audit},
};
use crate::{
    cli::{Letters, Migrate, doctor::Tools, letters},
    config::{Faults, Loaded, Mode},
    lifecycle::{
        self,
        data::DATABASE,
        kept::{Kept, Letters as GivenUp},
        settings,
    },
    wiring::App,
};

/// What the doctor examines with.
#[must_use]
pub fn tools(loaded: Result<&Loaded, &Faults>) -> Tools {
    let folder = loaded.map_or_else(|_| std::path::PathBuf::from("data"), |loaded| loaded.config.data_dir.clone());
    Tools { database: folder.join(DATABASE), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
}

/// Changes the schemas, or says how they stand.
///
/// # Errors
/// If another process uses the data folder, a migration fails, or a schema that is verified is not this build's.
#[expect(clippy::print_stdout, reason = "what is asked is answered")]
pub async fn migrate(loaded: &Loaded, asked: Migrate) -> Result<()> {
    let world = lifecycle::world(loaded)?;
    let kept = Kept::open(&loaded.config, &world).await?;
    match asked {
        Migrate::Up => {
            kept.migrate().await?;
            tracing::info!("everything is up to this build");
        }
        Migrate::Status => {
            for schema in kept.schemas() {
                for step in schema.steps().await? {
                    let when = step.applied_at.map_or_else(|| "waits".to_owned(), |at| letters::utc(at.millis()));
                    println!("{:<14}{:04}  {:<24}{when}", schema.name(), step.version, step.name);
                }
            }
        }
        Migrate::Verify => {
            for schema in kept.schemas() {
                let (name, found) = (schema.name(), schema.schema().await?);
                ensure!(found == Schema::Current, "{name} is not this build's: {found:?}");
                println!("{name} is this build's");
            }
        }
        Migrate::Down => {
            ensure!(loaded.config.mode == Mode::Development, "in production, nothing is taken back");
            for schema in kept.schemas() {
                match schema.down().await? {
                    Some(step) => println!("{}: {:04} {} was taken back", schema.name(), step.version, step.name),
                    None => println!("{}: nothing is left to take back", schema.name()),
                }
            }
        }
    }
    kept.close().await;
    Ok(())
}

/// Lists events that were given up, or gives them to their consumers once more.
///
/// # Errors
/// If another process uses the data folder, or an event is given up again.
pub async fn events(loaded: &Loaded, asked: Letters) -> Result<()> {
    let world = lifecycle::world(loaded)?;
    let kept = Kept::open(&loaded.config, &world).await?;
    kept.migrate().await?;
    let dead = kept.letters(world.clock.clone());
    match asked {
        Letters::List { limit } => letters::list(&dead.list(limit.into()).await?, &mut io::stdout())?,
        Letters::Replay { event, consumer } => {
            let settings = settings::of(&loaded.config, "http://localhost")?;
            let app = App::wire(&kept.stores(&world, &settings)?, &world, &settings).await?;
            let mut wanted = dead.list(i64::MAX).await?;
            wanted.retain(|letter| event.is_none_or(|event| letter.parcel.id == event));
            wanted.retain(|letter| consumer.as_ref().is_none_or(|consumer| letter.consumer == *consumer));
            replay_all(&app, &*dead, &wanted).await?;
        }
        Letters::Discard { event, consumer } => {
            ensure!(dead.remove(event, &consumer).await?, "{consumer} has not given {event} up");
            tracing::info!(%event, consumer, "taken away for good");
        }
    }
    kept.close().await;
    Ok(())
}

async fn replay_all(app: &App, dead: &dyn GivenUp, letters: &[DeadLetter]) -> Result<()> {
    let mut refused = 0_usize;
    for DeadLetter { parcel, consumer, .. } in letters {
        if let Err(error) = replay(app, parcel, consumer).await {
            tracing::warn!(event = %parcel.id, consumer, error = %format!("{error:#}"), "given up again");
            refused += 1;
        } else {
            dead.remove(parcel.id, consumer).await?;
        }
    }
    tracing::info!(digested = letters.len() - refused, refused, "what was given up was given once more");
    ensure!(refused == 0, "{refused} of them were given up again; they stay where they are");
    Ok(())
}

/// Gives one event to the consumer that gave it up; to all, if nobody could open it then.
async fn replay(app: &App, parcel: &Parcel, consumer: &str) -> Result<()> {
    let event = Event::open(parcel)?;
    let all = app.edges.reactions.iter();
    let known: Vec<_> = all.filter(|it| it.name() == consumer || consumer == kith_infra::bus::READER).collect();
    ensure!(!known.is_empty(), "nobody here is called {consumer}");
    for reaction in known {
        reaction.on(&event).await?;
    }
    Ok(())
}
