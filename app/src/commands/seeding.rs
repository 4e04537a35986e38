//! `kith seed`: creates generated sample data through the services.
//!
//! The clock of the services is advanced along with the data, so that everything that they derive from time is
//! realistic.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use kith_auth::domain::{Device, ProfileInput};
use kith_kernel::ports::TokenVerifier as _;
use kith_kernel::{AccountStatus, Actor, Clock, PostId, SystemClock, Timestamp, actor::Role};
use kith_posts::domain::{
    Body, Categories, ContentWarning, DaysSinceRelapse, Kind, PostContent, PostContentParts, Tags, Urgency,
};
use kith_support::{QuickKind, Text};
use tokio::time::timeout;

use crate::{
    cli::Seed,
    config::LoadedConfig,
    lifecycle::{self, backend::Backend, settings},
    seed::{self as sample, Community, ResponseContent},
    wiring::{App, RuntimeContext, Stores},
};

/// Maximum simulated time between two deliveries of events. It is far less than the retention of the inboxes.
const MAX_CLOCK_LEAD: Duration = Duration::from_hours(12);
/// Maximum time to wait for the relay lease. It is held while a node runs.
const LEASE_TIMEOUT: Duration = Duration::from_secs(3);

/// Fills the database with generated sample data.
///
/// # Errors
/// If another process uses the data folder, or a service refuses the generated data.
#[expect(clippy::print_stdout, reason = "output of the command")]
pub async fn seed(loaded: &LoadedConfig, args: Seed) -> Result<()> {
    let system = lifecycle::runtime_context(loaded)?;
    let backend = Backend::open(&loaded.config, &system).await?;
    backend.migrate().await?;
    let clock = Arc::new(ManualClock(AtomicI64::new(0)));
    let runtime = RuntimeContext { clock: clock.clone(), ..system };
    let settings = settings::server_settings(&loaded.config, "http://localhost")?;
    let stores = Stores { cluster: None, ..backend.stores(&runtime, &settings)? };
    // All events are handled here, in simulated time: a node that forwarded them would receive events with past times.
    let lease = timeout(LEASE_TIMEOUT, stores.lease.acquire()).await;
    let _lease = lease.map_err(|_| anyhow!("a node is running; stop all nodes first"))?;
    let app = App::wire(&stores, &runtime, &settings).await?;
    let community =
        sample::generate(usize::try_from(args.accounts)?, usize::try_from(args.posts)?, args.seed, SystemClock.now());
    let mut run = SeedRun {
        app,
        clock,
        delivered_until: Timestamp::from_millis(0),
        actors: Vec::new(),
        recovery_codes: Vec::new(),
    };
    run.register_members(&community).await?;
    run.create_content(&community).await?;
    backend.close().await;
    if let (Some(code), Some(member)) = (run.recovery_codes.first(), community.members.first()) {
        println!("log in as {} with recovery code {code}", member.handle);
    }
    Ok(())
}

/// Clock that shows the time to which it was set.
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct SeedRun {
    app: App,
    clock: Arc<ManualClock>,
    /// Simulated time up to which all events have been delivered.
    delivered_until: Timestamp,
    actors: Vec<Actor>,
    recovery_codes: Vec<String>,
}

/// The next write.
enum Step<'a> {
    Post(&'a sample::Post),
    Response(&'a sample::Response),
}

impl SeedRun {
    async fn register_members(&mut self, community: &Community) -> Result<()> {
        let bar = progress_bar("accounts", community.members.len())?;
        for member in &community.members {
            self.advance_to(member.joined_at).await?;
            let profile = ProfileInput { handle: Some(member.handle.clone()), avatar: Some(member.avatar) };
            let auth = &self.app.services.auth;
            let device = Device::new("sample data");
            let registration = match auth.register_anonymous(None, profile, &device).await {
                // The handle is taken: the account gets a generated one.
                Err(kith_auth::Error::HandleTaken) => {
                    auth.register_anonymous(None, ProfileInput::default(), &device).await?
                }
                registered => registered?,
            };
            let actor = self.app.ports.auth.verifier.verify(&registration.credentials.access).await?;
            let actor = actor.ok_or_else(|| anyhow!("a new access token is invalid"))?;
            self.actors.push(Actor { role: Role::Member, status: AccountStatus::Active, ..actor });
            self.recovery_codes.push(registration.recovery_code.formatted());
            bar.inc(1);
        }
        bar.finish();
        Ok(())
    }

    /// Creates posts and responses in chronological order.
    async fn create_content(&mut self, community: &Community) -> Result<()> {
        let mut steps: Vec<(Timestamp, usize, Step<'_>)> = Vec::new();
        for (index, post) in community.posts.iter().enumerate() {
            steps.push((post.created_at, index, Step::Post(post)));
            steps.extend(post.responses.iter().map(|response| (response.created_at, index, Step::Response(response))));
        }
        // The sort is stable: a post stays before its responses of the same time.
        steps.sort_by_key(|(at, ..)| *at);
        let bar = progress_bar("posts and responses", steps.len())?;
        let mut ids: Vec<Option<PostId>> = vec![None; community.posts.len()];
        for (at, index, step) in steps {
            self.advance_to(at).await?;
            match step {
                Step::Post(post) => {
                    let created = self
                        .app
                        .services
                        .posts
                        .create_public(self.actor(post.author)?, post_content(post)?, None)
                        .await?;
                    if let Some(id) = ids.get_mut(index) {
                        *id = Some(created.post.id);
                    }
                }
                Step::Response(response) => {
                    let post = ids.get(index).copied().flatten().context("response precedes its post")?;
                    self.response(post, response).await?;
                }
            }
            bar.inc(1);
        }
        self.app.entrypoints.relay.drain().await?;
        bar.finish();
        Ok(())
    }

    async fn response(&self, post: PostId, response: &sample::Response) -> Result<()> {
        let content = match &response.content {
            ResponseContent::Text(text) => kith_support::Content::Text(Text::new(text)?),
            ResponseContent::Quick(number) => kith_support::Content::Quick(quick(*number)),
        };
        self.app.services.support.create(self.actor(response.author)?, post, content, None).await?;
        Ok(())
    }

    fn actor(&self, index: usize) -> Result<&Actor> {
        self.actors.get(index).context("unknown author of generated content")
    }

    /// Advances the clock, and first delivers pending events if it would run too far ahead.
    async fn advance_to(&mut self, at: Timestamp) -> Result<()> {
        if at > self.delivered_until.after(MAX_CLOCK_LEAD) {
            self.app.entrypoints.relay.drain().await?;
            self.delivered_until = at;
        }
        self.clock.0.store(at.millis(), Ordering::SeqCst);
        Ok(())
    }
}

fn post_content(post: &sample::Post) -> Result<PostContent> {
    let kind = match post.kind {
        sample::Kind::Sos => Kind::Sos,
        sample::Kind::CheckIn => Kind::CheckIn,
        sample::Kind::Victory => Kind::Victory,
        sample::Kind::Question => Kind::Question,
    };
    Ok(PostContent::new(PostContentParts {
        categories: Categories::new(post.categories.iter().copied())?,
        tags: Tags::new(post.tags.iter().copied())?,
        warning: post.content_warning.map(ContentWarning::new).transpose()?,
        days_since_relapse: post.days_since_relapse.map(DaysSinceRelapse::new).transpose()?,
        ..PostContentParts::new(kind, Urgency::new(post.urgency.into())?, Body::new(&post.text)?)
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

fn progress_bar(label: &'static str, length: usize) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg:>18} {bar:40} {pos}/{len} {eta}")?;
    Ok(ProgressBar::new(u64::try_from(length)?).with_style(style).with_message(label))
}
