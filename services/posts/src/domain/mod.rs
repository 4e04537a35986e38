//! Domain types of posts. Constructors validate, so that no value breaks a rule.
//!
//! | file | contents |
//! | --- | --- |
//! | [`days_since_relapse`] | [`DaysSinceRelapse`] |
//! | [`filter`] | [`Filter`], [`Order`] and [`SearchQuery`] of a feed |
//! | [`kind`] | [`Kind`] |
//! | [`lists`] | [`Categories`] and [`Tags`] |
//! | [`post_content`] | [`PostContent`] and its [`Edit`]s |
//! | [`rule_violation`] | [`PostRuleViolation`] |
//! | [`text`] | [`Body`], [`Tag`], [`ContentWarning`]: text written by users |
//! | [`urgency`] | [`Urgency`] |

pub mod days_since_relapse;
pub mod filter;
pub mod kind;
pub mod lists;
pub mod post_content;
pub mod rule_violation;
pub mod text;
pub mod urgency;

use std::time::Duration;

use kith_kernel::{Actor, CircleId, ModerationState, PersonaId, PostId, Timestamp, UserId};

pub use self::{
    days_since_relapse::DaysSinceRelapse,
    filter::{Filter, Order, SearchQuery},
    kind::Kind,
    lists::{Categories, Tags},
    post_content::{Edit, PostContent, PostContentParts},
    rule_violation::PostRuleViolation,
    text::{Body, ContentWarning, Tag},
    urgency::Urgency,
};

/// Time that an unresolved SOS stays in the feeds of other users.
pub const SOS_FEED_LIFETIME: Duration = Duration::from_hours(24);

/// Time in which a deleted post can be restored.
pub const RESTORE_WINDOW: Duration = Duration::from_hours(30 * 24);

/// A stored post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub id: PostId,
    /// Account of the author. It is never sent to clients; they see the persona.
    pub author: UserId,
    pub persona: PersonaId,
    /// `None` for a public post. It never changes.
    pub circle: Option<CircleId>,
    pub content: PostContent,
    pub created_at: Timestamp,
    /// Time of the last edit by the author.
    pub edited_at: Option<Timestamp>,
    /// Time at which the author resolved the SOS; `None` for other kinds.
    pub resolved_at: Option<Timestamp>,
    /// Time at which the author deleted the post.
    pub deleted_at: Option<Timestamp>,
    /// Held or removed: only the author sees the post.
    pub moderation: Option<ModerationState>,
    /// Number of text responses.
    pub responses: u64,
    /// Number of quick supports.
    pub supports: u64,
    /// Incremented by each change of the author or a moderator. Counters do not change it.
    pub version: i64,
}

impl Post {
    /// A new public post.
    #[must_use]
    pub const fn new(id: PostId, author: &Actor, content: PostContent, created_at: Timestamp) -> Self {
        Self {
            id,
            author: author.user,
            persona: author.persona,
            circle: None,
            content,
            created_at,
            edited_at: None,
            resolved_at: None,
            deleted_at: None,
            moderation: None,
            responses: 0,
            supports: 0,
            version: 1,
        }
    }

    /// Moves a new post to a circle, under the persona that its author has there.
    #[must_use]
    pub fn in_circle(self, circle: CircleId, persona: PersonaId) -> Self {
        Self { circle: Some(circle), persona, ..self }
    }

    /// Opaque form of the version.
    #[must_use]
    pub fn etag(&self) -> String {
        format!("v{:x}", self.version)
    }

    /// Returns the next version with the edits applied.
    ///
    /// # Errors
    /// The rule that the edited content violates.
    pub fn edited(&self, edits: &[Edit], now: Timestamp) -> Result<Self, PostRuleViolation> {
        let content = self.content.apply(edits)?;
        Ok(Self { content, edited_at: Some(now), ..self.bump_version() })
    }

    /// Returns the next version, resolved.
    #[must_use]
    pub fn resolved(&self, now: Timestamp) -> Self {
        Self { resolved_at: Some(now), ..self.bump_version() }
    }

    /// Returns the next version, deleted.
    #[must_use]
    pub fn deleted(&self, now: Timestamp) -> Self {
        Self { deleted_at: Some(now), ..self.bump_version() }
    }

    /// Returns the next version, no longer deleted.
    #[must_use]
    pub fn restored(&self) -> Self {
        Self { deleted_at: None, ..self.bump_version() }
    }

    /// Returns the next version with this moderation state.
    #[must_use]
    pub fn with_moderation(&self, moderation: Option<ModerationState>) -> Self {
        Self { moderation, ..self.bump_version() }
    }

    /// Raises the urgency to [`Urgency::MAX`] within the same version.
    #[must_use]
    pub fn with_max_urgency(self) -> Self {
        Self { content: self.content.with_max_urgency(), ..self }
    }

    /// End of the restore window of a deleted post.
    #[must_use]
    pub fn restorable_until(&self) -> Option<Timestamp> {
        self.deleted_at.map(|at| at.after(RESTORE_WINDOW))
    }

    /// Time at which the post leaves the feeds of users other than its author. An SOS resolved before that time stays.
    #[must_use]
    pub fn feed_expiry(&self) -> Option<Timestamp> {
        if self.content.kind != Kind::Sos {
            return self.content.expires_at;
        }
        let end = self.created_at.after(SOS_FEED_LIFETIME);
        let in_time = self.resolved_at.is_some_and(|resolved| resolved < end);
        (!in_time).then_some(end)
    }

    /// Sort key of [`Order::Urgent`], highest first: the urgency, raised for an open SOS and lowest for a resolved one.
    #[must_use]
    pub fn urgency_rank(&self) -> i64 {
        let urgency = i64::from(self.content.urgency.level());
        match (self.content.kind, self.resolved_at) {
            (Kind::Sos, None) => OPEN_SOS_BOOST + urgency,
            (Kind::Sos, Some(_)) => i64::from(Urgency::MIN.level()),
            (Kind::CheckIn | Kind::Victory | Kind::Question, _) => urgency,
        }
    }

    fn bump_version(&self) -> Self {
        Self { version: self.version.saturating_add(1), ..self.clone() }
    }
}

/// Added to the rank of an open SOS, so that it sorts before every other post.
const OPEN_SOS_BOOST: i64 = 10;

#[cfg(test)]
mod tests {
    use kith_kernel::{AccountStatus, SessionId, SystemEntropy, actor::Role};

    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(0);

    fn sos() -> Post {
        let actor = Actor {
            user: UserId::new(NOW, &SystemEntropy),
            persona: PersonaId::random(&SystemEntropy),
            session: SessionId::new(NOW, &SystemEntropy),
            role: Role::Member,
            status: AccountStatus::Active,
        };
        let parts = PostContentParts::new(Kind::Sos, Urgency::MIN_SOS, Body::new("help").unwrap());
        Post::new(PostId::new(NOW, &SystemEntropy), &actor, PostContent::new(parts).unwrap(), NOW)
    }

    #[test]
    fn an_sos_leaves_the_feeds_after_a_day_unless_it_was_resolved() {
        let end = NOW.after(SOS_FEED_LIFETIME);
        assert_eq!(sos().feed_expiry(), Some(end));
        assert_eq!(sos().resolved(end.before(Duration::from_millis(1))).feed_expiry(), None);
        assert_eq!(sos().resolved(end).feed_expiry(), Some(end), "resolved after it had left the feeds");
    }

    #[test]
    fn an_open_sos_has_the_highest_rank_and_a_resolved_one_the_lowest() {
        assert_eq!(sos().urgency_rank(), 14);
        assert_eq!(sos().resolved(NOW).urgency_rank(), 1);
    }

    #[test]
    fn every_change_has_a_new_etag() {
        let post = sos();
        let changes = [post.resolved(NOW), post.deleted(NOW), post.restored(), post.edited(&[], NOW).unwrap()];
        assert!(changes.iter().all(|changed| changed.etag() != post.etag()));
    }

    #[test]
    fn debug_output_of_a_post_does_not_contain_its_text() {
        assert!(!format!("{:?}", sos()).contains("help"));
    }
}
