//! `kith seed`: a made-up community goes through the services as a real one does, only faster. The clock that the
//! services see is moved along with it, so that all they compute from time is what it would have been.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use kith_auth::domain::{Appearance, Device};
use kith_kernel::{Actor, Clock, PostId, Standing, SystemClock, Timestamp, actor::Role};
use kith_posts::domain::{Body, Categories, Content, Days, Draft, Kind, Tags, Urgency, Warning};
use kith_support::{QuickKind, Text};
use tokio::time::timeout;

use crate::{
    cli::Seed,
    config::Loaded,
    lifecycle::{self, kept::Kept, settings},
    seed::{self as community, Community, Support},
    wiring::{App, Stores, World},
};

/// How far the clock may run ahead of those who react: far less than they remember.
const PACE: Duration = Duration::from_hours(12);
/// How long nobody else may carry events for this process to do it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Fills the database with a made-up community.
///
/// # Errors
/// If another process uses the data folder, or a service refuses what was made up.
#[expect(clippy::print_stdout, reason = "it tells how to come in as somebody")]
pub async fn seed(loaded: &Loaded, asked: Seed) -> Result<()> {
    let now = lifecycle::world(loaded)?;
    let kept = Kept::open(&loaded.config, &now).await?;
    kept.migrate().await?;
    let clock = Arc::new(Moving(AtomicI64::new(0)));
    let world = World { clock: clock.clone(), ..now };
    let settings = settings::of(&loaded.config, "http://localhost")?;
    let stores = Stores { shared: None, ..kept.stores(&world, &settings)? };
    // Everybody reacts here, at the pace of the moved clock: a node that carried these events to others would carry what
    // is long past.
    let held = timeout(PATIENCE, stores.lease.acquire()).await;
    let _held = held.map_err(|_| anyhow!("a node of this community runs; stop all of them first"))?;
    let app = App::wire(&stores, &world, &settings).await?;
    let made_up = community::community(
        usize::try_from(asked.accounts)?,
        usize::try_from(asked.posts)?,
        asked.seed,
        SystemClock.now(),
    );
    let mut seeding = Seeding { app, clock, told: Timestamp::from_millis(0), people: Vec::new(), codes: Vec::new() };
    seeding.join(&made_up).await?;
    seeding.live(&made_up).await?;
    kept.close().await;
    if let (Some(code), Some(member)) = (seeding.codes.first(), made_up.members.first()) {
        println!("come in as {} with the recovery code {code}", member.handle);
    }
    Ok(())
}

/// Stands where it was put.
struct Moving(AtomicI64);

impl Clock for Moving {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct Seeding {
    app: App,
    clock: Arc<Moving>,
    /// Up to when everybody has reacted.
    told: Timestamp,
    people: Vec<Actor>,
    codes: Vec<String>,
}

/// What happens next.
enum Act<'a> {
    Post(&'a community::Post),
    Answer(&'a community::Answer),
}

impl Seeding {
    async fn join(&mut self, made_up: &Community) -> Result<()> {
        let bar = bar("people", made_up.members.len())?;
        for member in &made_up.members {
            self.move_to(member.joined_at).await?;
            let appearance = Appearance { handle: Some(member.handle.clone()), avatar: Some(member.avatar) };
            let auth = &self.app.services.auth;
            let device = Device::new("made up");
            let welcome = match auth.register_anonymous(None, appearance, &device).await {
                // Somebody has it already: they keep it.
                Err(kith_auth::Error::HandleTaken) => {
                    auth.register_anonymous(None, Appearance::default(), &device).await?
                }
                registered => registered?,
            };
            let actor = self.app.ports.tokens.verify(&welcome.credentials.access).await?;
            let actor = actor.ok_or_else(|| anyhow!("a token that was just given is none"))?;
            self.people.push(Actor { role: Role::Member, standing: Standing::Good, ..actor });
            self.codes.push(welcome.recovery.shown());
            bar.inc(1);
        }
        bar.finish();
        Ok(())
    }

    /// Posts and answers, in the order in which they happened.
    async fn live(&mut self, made_up: &Community) -> Result<()> {
        let mut acts: Vec<(Timestamp, usize, Act<'_>)> = Vec::new();
        for (index, post) in made_up.posts.iter().enumerate() {
            acts.push((post.at, index, Act::Post(post)));
            acts.extend(post.answers.iter().map(|answer| (answer.at, index, Act::Answer(answer))));
        }
        // Stable: what happened at once keeps its order, a post before its answers.
        acts.sort_by_key(|(at, ..)| *at);
        let bar = bar("posts and answers", acts.len())?;
        let mut ids: Vec<Option<PostId>> = vec![None; made_up.posts.len()];
        for (at, index, act) in acts {
            self.move_to(at).await?;
            match act {
                Act::Post(post) => {
                    let made = self.app.services.posts.create(self.person(post.author)?, draft(post)?, None).await?;
                    if let Some(id) = ids.get_mut(index) {
                        *id = Some(made.post.id);
                    }
                }
                Act::Answer(answer) => {
                    let post = ids.get(index).copied().flatten().context("an answer before its post")?;
                    self.answer(post, answer).await?;
                }
            }
            bar.inc(1);
        }
        self.app.edges.relay.drain().await?;
        bar.finish();
        Ok(())
    }

    async fn answer(&self, post: PostId, answer: &community::Answer) -> Result<()> {
        let content = match &answer.words {
            Support::Text(text) => kith_support::Content::Text(Text::new(text)?),
            Support::Quick(number) => kith_support::Content::Quick(quick(*number)),
        };
        self.app.services.support.respond(self.person(answer.author)?, post, content, None).await?;
        Ok(())
    }

    fn person(&self, index: usize) -> Result<&Actor> {
        self.people.get(index).context("a made-up post has somebody made up for an author")
    }

    /// Lets time pass, and those react who must before it passes on.
    async fn move_to(&mut self, at: Timestamp) -> Result<()> {
        if at > self.told.after(PACE) {
            self.app.edges.relay.drain().await?;
            self.told = at;
        }
        self.clock.0.store(at.millis(), Ordering::SeqCst);
        Ok(())
    }
}

fn draft(post: &community::Post) -> Result<Draft> {
    let kind = match post.kind {
        community::Kind::Sos => Kind::Sos,
        community::Kind::CheckIn => Kind::CheckIn,
        community::Kind::Victory => Kind::Victory,
        community::Kind::Question => Kind::Question,
    };
    Ok(Draft::new(Content {
        categories: Categories::new(post.categories.iter().copied())?,
        tags: Tags::new(post.tags.iter().copied())?,
        warning: post.content_warning.map(Warning::new).transpose()?,
        days_since_relapse: post.days_since_relapse.map(Days::new).transpose()?,
        ..Content::new(kind, Urgency::new(post.urgency.into())?, Body::new(&post.text)?)
    })?)
}

const fn quick(number: u8) -> QuickKind {
    match number {
        0 => QuickKind::YouGotThis,
        1 => QuickKind::StayStrong,
        2 => QuickKind::HereForYou,
        3 => QuickKind::ProudOfYou,
        _ => QuickKind::Hug,
    }
}

fn bar(what: &'static str, length: usize) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg:>18} {bar:40} {pos}/{len} {eta}")?;
    Ok(ProgressBar::new(u64::try_from(length)?).with_style(style).with_message(what))
}
