//! What a post is. Nothing here can be built in a state that breaks a rule.
//!
//! | file | holds |
//! | --- | --- |
//! | [`draft`] | what a post says: [`Draft`], and the [`Edit`]s of it |
//! | [`filter`] | which posts somebody asks for: [`Filter`], [`Order`], [`Words`] |
//! | [`invalid`] | every rule that what was written can break |
//! | [`lists`] | [`Categories`] and [`Tags`] |
//! | [`scale`] | [`Kind`], [`Urgency`], [`Days`] |
//! | [`text`] | [`Body`], [`Tag`], [`Warning`]: what a person wrote |

pub mod draft;
pub mod filter;
pub mod invalid;
pub mod lists;
pub mod scale;
pub mod text;

use std::time::Duration;

use kith_kernel::{Actor, CircleId, PersonaId, PostId, Timestamp, UserId, Veil};

pub use self::{
    draft::{Content, Draft, Edit},
    filter::{Filter, Order, Words},
    invalid::Invalid,
    lists::{Categories, Tags},
    scale::{Days, Kind, Urgency},
    text::{Body, Tag, Warning},
};

/// How long an SOS stays in feeds if nobody says that the need is over.
pub const SOS_LASTS: Duration = Duration::from_hours(24);

/// How long a deleted post can be restored.
pub const RESTORABLE: Duration = Duration::from_hours(30 * 24);

/// A post as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// Which.
    pub id: PostId,
    /// Whose. Nobody but the author learns it from here; others see the persona.
    pub author: UserId,
    /// As whom they wrote it.
    pub persona: PersonaId,
    /// The circle that it belongs to; `None` if it is public. It never changes.
    pub circle: Option<CircleId>,
    /// What it says.
    pub draft: Draft,
    /// When it was published.
    pub created_at: Timestamp,
    /// When its author last changed what it says.
    pub edited_at: Option<Timestamp>,
    /// When its author said that the need is over; only of an SOS.
    pub resolved_at: Option<Timestamp>,
    /// When its author deleted it.
    pub deleted_at: Option<Timestamp>,
    /// Why nobody but its author sees it; `None` if others may.
    pub veil: Option<Veil>,
    /// How many answers in words it has.
    pub responses: u64,
    /// How many quick supports it has.
    pub supports: u64,
    /// Grows by one with each change by its author or by staff. Counts do not change it.
    pub version: i64,
}

impl Post {
    /// A post that nobody has answered yet.
    #[must_use]
    pub const fn new(id: PostId, author: &Actor, draft: Draft, created_at: Timestamp) -> Self {
        Self {
            id,
            author: author.user,
            persona: author.persona,
            circle: None,
            draft,
            created_at,
            edited_at: None,
            resolved_at: None,
            deleted_at: None,
            veil: None,
            responses: 0,
            supports: 0,
            version: 1,
        }
    }

    /// The post, in a circle, by the persona that its author has there.
    #[must_use]
    pub fn inside(self, circle: CircleId, persona: PersonaId) -> Self {
        Self { circle: Some(circle), persona, ..self }
    }

    /// Its version, as clients keep it: text without meaning.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("v{:x}", self.version)
    }

    /// The post with these changes.
    ///
    /// # Errors
    /// Whatever does not fit the rest of it.
    pub fn edited(&self, edits: &[Edit], now: Timestamp) -> Result<Self, Invalid> {
        let draft = self.draft.edited(edits)?;
        Ok(Self { draft, edited_at: Some(now), ..self.next() })
    }

    /// The post, whose need is over.
    #[must_use]
    pub fn resolved(&self, now: Timestamp) -> Self {
        Self { resolved_at: Some(now), ..self.next() }
    }

    /// The post, invisible.
    #[must_use]
    pub fn deleted(&self, now: Timestamp) -> Self {
        Self { deleted_at: Some(now), ..self.next() }
    }

    /// The post, visible again.
    #[must_use]
    pub fn restored(&self) -> Self {
        Self { deleted_at: None, ..self.next() }
    }

    /// The post, kept from others for this, or for nothing.
    #[must_use]
    pub fn veiled(&self, veil: Option<Veil>) -> Self {
        Self { veil, ..self.next() }
    }

    /// The post, as urgent as can be.
    #[must_use]
    pub fn at_once(self) -> Self {
        Self { draft: self.draft.at_once(), ..self }
    }

    /// Until when it can be restored, if it is deleted.
    #[must_use]
    pub fn restorable_until(&self) -> Option<Timestamp> {
        self.deleted_at.map(|at| at.after(RESTORABLE))
    }

    /// When it leaves the feeds of all but its author. An SOS that was resolved in time stays.
    #[must_use]
    pub fn leaves_at(&self) -> Option<Timestamp> {
        if self.draft.kind != Kind::Sos {
            return self.draft.expires_at;
        }
        let end = self.created_at.after(SOS_LASTS);
        let in_time = self.resolved_at.is_some_and(|resolved| resolved < end);
        (!in_time).then_some(end)
    }

    /// How urgent it is in the order of feeds: its urgency; an open SOS before all else, a resolved one as little as can be.
    #[must_use]
    pub fn rank(&self) -> i64 {
        let urgency = i64::from(self.draft.urgency.level());
        match (self.draft.kind, self.resolved_at) {
            (Kind::Sos, None) => OPEN_SOS + urgency,
            (Kind::Sos, Some(_)) => i64::from(Urgency::LEAST.level()),
            (Kind::CheckIn | Kind::Victory | Kind::Question, _) => urgency,
        }
    }

    fn next(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// What an open SOS is ahead of all else.
const OPEN_SOS: i64 = 10;

#[cfg(test)]
mod tests {
    use kith_kernel::{SessionId, Standing, SystemEntropy, actor::Role};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn sos() -> Post {
        let actor = Actor {
            user: UserId::new(NOW, &SystemEntropy),
            persona: PersonaId::random(&SystemEntropy),
            session: SessionId::new(NOW, &SystemEntropy),
            role: Role::Member,
            standing: Standing::Good,
        };
        let content = Content::new(Kind::Sos, Urgency::SOS, Body::new("help").unwrap());
        Post::new(PostId::new(NOW, &SystemEntropy), &actor, Draft::new(content).unwrap(), NOW)
    }

    #[test]
    fn an_sos_leaves_feeds_after_a_day_unless_it_was_resolved_before() {
        let end = NOW.after(SOS_LASTS);
        assert_eq!(sos().leaves_at(), Some(end));
        assert_eq!(sos().resolved(end.before(Duration::from_millis(1))).leaves_at(), None);
        assert_eq!(sos().resolved(end).leaves_at(), Some(end), "it had left already");
    }

    #[test]
    fn a_resolved_sos_is_no_longer_urgent_and_an_open_one_is_before_all_else() {
        assert_eq!(sos().rank(), 14);
        assert_eq!(sos().resolved(NOW).rank(), 1);
    }

    #[test]
    fn every_change_has_another_etag() {
        let post = sos();
        let changes = [post.resolved(NOW), post.deleted(NOW), post.restored(), post.edited(&[], NOW).unwrap()];
        assert!(changes.iter().all(|changed| changed.etag() != post.etag()));
    }

    #[test]
    fn what_a_person_wrote_is_not_shown_by_debug() {
        assert!(!format!("{:?}", sos()).contains("help"));
    }
}
