//! The screen by the newest rules.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use kith_kernel::{
    Clock, Content, Failure, Timestamp,
    ports::{self, Hold, HoldReason, Written},
};
use kith_screening_engine::{Action, Detector, Kind, Rules, Screen, Verdict};
use tokio::sync::Mutex;

use super::{Error, store::Store};

/// How long rules are taken for the newest. Who finds them older asks for newer ones, and the others go on meanwhile:
/// while the store answers, nobody goes by rules that have been old for five seconds.
const FRESH: Duration = Duration::from_secs(4);

/// How long until the store is asked again if it did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// How long the store has to answer: less than those have who wait for a look.
const PATIENCE: Duration = Duration::from_millis(100);

/// Looks at what people write, by the newest rules that could be had: what a node has seen is not lost with its store.
pub struct Guard {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    current: RwLock<Arc<Screen>>,
    /// When to ask the store again. Who holds it asks.
    due: Mutex<Option<Timestamp>>,
    /// Whether the store has answered once.
    answered: AtomicBool,
}

impl Guard {
    /// Begins with the rules that there are before anybody puts any, and asks the store when it is asked.
    ///
    /// # Errors
    /// [`Error::Kept`] if those cannot be used: a fault of the build, not of the day.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let standard = Rules::standard().and_then(|it| Screen::new(&it)).map_err(Error::Kept)?;
        let current = RwLock::new(Arc::new(standard));
        Ok(Self { store, clock, current, due: Mutex::new(None), answered: AtomicBool::new(false) })
    }

    /// The screen by the rules that this node has.
    #[must_use]
    pub fn current(&self) -> Arc<Screen> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Goes by these rules from now on, if they are newer.
    pub(super) fn take(&self, new: Arc<Screen>) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if new.version() > current.version() {
            *current = new;
        }
    }

    /// Asks for newer rules if it is time. One asks, and the others go on; until the first answer, they wait for it.
    async fn refresh(&self) {
        let mut due = match self.due.try_lock() {
            Ok(due) => due,
            Err(_) if self.answered.load(Ordering::Relaxed) => return,
            Err(_) => self.due.lock().await,
        };
        let now = self.clock.now();
        // A due moment that is too far off is from before the clock was set back.
        if due.is_some_and(|at| now < at && at <= now.after(FRESH)) {
            return;
        }
        let wait = match tokio::time::timeout(PATIENCE, self.newest()).await {
            Ok(Ok(new)) => {
                if let Some(new) = new {
                    self.take(new);
                }
                self.answered.store(true, Ordering::Relaxed);
                FRESH
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the rules of the screen cannot be read: the last are kept");
                AGAIN
            }
            Err(_) => {
                tracing::warn!("the rules of the screen were not there in time: the last are kept");
                AGAIN
            }
        };
        *due = Some(now.after(wait));
    }

    /// The newest rules, if they are newer than those that this node has.
    async fn newest(&self) -> Result<Option<Arc<Screen>>, Error> {
        let current = self.current();
        let Some(version) = self.store.newest().await?.filter(|it| *it > current.version()) else { return Ok(None) };
        let Some(kept) = self.store.version(version).await? else { return Ok(None) };
        Ok(Some(Arc::new(current.by(&kept.rules).map_err(Error::Kept)?)))
    }
}

#[async_trait]
impl ports::Screen for Guard {
    async fn look(&self, written: &Written) -> Result<ports::Verdict, Failure> {
        self.refresh().await;
        let verdict = self.current().look(kind(written.content), &written.text);
        note(written.content, &verdict);
        Ok(ports::Verdict { hold: hold(&verdict), crisis: verdict.crisis.is_some(), version: verdict.version })
    }
}

pub(super) const fn kind(content: Content) -> Kind {
    match content {
        Content::Post(_) => Kind::Post,
        Content::Response(_) => Kind::Response,
    }
}

fn hold(verdict: &Verdict) -> Option<Hold> {
    let held = verdict.hold()?;
    let scam = held.findings.iter().any(|it| it.detector == Detector::Scam);
    let reason = if scam { HoldReason::Scam } else { HoldReason::Contact };
    Some(Hold { rule: held.rule.clone(), reason })
}

/// Writes down what rules in shadow would have done: their names, and nothing of the text.
fn note(content: Content, verdict: &Verdict) {
    for shadow in verdict.matches.iter().filter(|it| it.action == Action::Shadow) {
        tracing::info!(%content, rule = shadow.rule, version = verdict.version, "a rule in shadow matches");
    }
}
