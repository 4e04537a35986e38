//! What the commands do that do not serve.
//!
//! | file | holds |
//! | --- | --- |
//! | here | `migrate`, `events` |
//! | `seeding` | `seed`: a made-up community, through the services, at its own pace in time |

mod seeding;

use std::{io, sync::Arc};

use anyhow::{Context as _, Result, bail};
use kernel::{Event, SystemClock, SystemEntropy};
use storage::sql::{DeadLetter, SqlDeadLetters};

pub use self::seeding::seed;
use crate::{
    cli::{Letters, doctor::Tools, letters},
    config::{Faults, Loaded},
    lifecycle::{
        self,
        data::{DATABASE, Data},
        settings,
    },
    wiring::{App, Stores},
};

/// What the doctor examines with.
#[must_use]
pub fn tools(loaded: Result<&Loaded, &Faults>) -> Tools {
    let folder = loaded.map_or_else(|_| std::path::PathBuf::from("data"), |loaded| loaded.config.data_dir.clone());
    Tools { database: folder.join(DATABASE), clock: Arc::new(SystemClock), entropy: Arc::new(SystemEntropy) }
}

/// Brings the database up to this build.
///
/// # Errors
/// If another process uses the data folder, or a migration fails.
pub async fn migrate(loaded: &Loaded) -> Result<()> {
    let data = Data::open(&loaded.config.data_dir).await?;
    data.database.migrate().await.context("the database cannot be migrated")?;
    tracing::info!("the database is up to this build");
    data.database.close().await;
    Ok(())
}

/// Lists events that were given up, or gives them to their consumers once more.
///
/// # Errors
/// If another process uses the data folder, or an event is given up again.
pub async fn events(loaded: &Loaded, asked: Letters) -> Result<()> {
    let data = Data::open(&loaded.config.data_dir).await?;
    data.database.migrate().await.context("the database cannot be migrated")?;
    let world = lifecycle::world(loaded)?;
    let dead = SqlDeadLetters::new(data.database.clone(), world.clock.clone());
    match asked {
        Letters::List { limit } => letters::list(&dead.list(limit.into()).await?, &mut io::stdout())?,
        Letters::Replay { event, consumer } => {
            let settings = settings::of(&loaded.config, "http://localhost")?;
            let app = App::wire(&Stores::embedded(&data.database, &world, &settings)?, &world, &settings).await?;
            let all = dead.list(i64::MAX).await?;
            let wanted = all.into_iter().filter(|letter| {
                event.is_none_or(|event| letter.parcel.id == event)
                    && consumer.as_ref().is_none_or(|consumer| letter.consumer == *consumer)
            });
            let (mut digested, mut refused) = (0_u32, 0_u32);
            for letter in wanted {
                match replay(&app, &letter).await {
                    Ok(()) => {
                        dead.remove(letter.parcel.id, &letter.consumer).await?;
                        digested += 1;
                    }
                    Err(error) => {
                        tracing::warn!(event = %letter.parcel.id, consumer = letter.consumer, error = %format!("{error:#}"), "given up again");
                        refused += 1;
                    }
                }
            }
            tracing::info!(digested, refused, "what was given up was given once more");
            if refused > 0 {
                bail!("{refused} of them were given up again; they stay where they are");
            }
        }
    }
    data.database.close().await;
    Ok(())
}

/// Gives one event to the consumer that gave it up; to all, if nobody could open it then.
async fn replay(app: &App, letter: &DeadLetter) -> Result<()> {
    let event = Event::open(&letter.parcel)?;
    let consumers = app.edges.reactions.iter();
    let mut known =
        consumers.filter(|it| it.name() == letter.consumer || letter.consumer == infra::bus::READER).peekable();
    if known.peek().is_none() {
        bail!("nobody here is called {}", letter.consumer);
    }
    for consumer in known {
        consumer.on(&event).await?;
    }
    Ok(())
}
