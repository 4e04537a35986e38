//! Feature flags that the server evaluates.

use async_trait::async_trait;

use crate::{Actor, Role, UserId};

/// A feature that an admin can switch off while the server runs.
///
/// The content of an SOS and the responses to it do not depend on any of them: creating, reading and answering an SOS
/// works with all features off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Feature {
    /// Creation of accounts.
    Registration,
    /// Full-text search of posts.
    PostSearch,
    /// The server stream of the feed.
    FeedStream,
    CircleCreation,
    /// Screening of texts. While it is off, texts are published unscreened.
    ContentScreen,
}

/// Caller for whom a flag is evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagSubject {
    /// A caller without an account. Included only in a percentage of 100.
    Anonymous,
    /// An account whose role is not known to the caller of the port. Roles of a flag do not apply.
    Account(UserId),
    Caller {
        user: UserId,
        role: Role,
    },
}

/// Evaluates feature flags. Implemented by `admin`.
#[async_trait]
pub trait FeatureFlags: Send + Sync {
    /// Returns true if the feature is enabled for the subject.
    ///
    /// A change takes effect within five seconds on every node. A feature without a flag is enabled. If flags cannot be
    /// read, the last known ones apply: a call does not fail because of a flag that cannot be read.
    async fn is_enabled(&self, feature: Feature, subject: FlagSubject) -> bool;

    /// Returns an error if the feature is disabled for the subject.
    async fn require(&self, feature: Feature, subject: FlagSubject) -> Result<(), FeatureDisabled> {
        if self.is_enabled(feature, subject).await { Ok(()) } else { Err(FeatureDisabled(feature)) }
    }
}

/// Error of a call to a feature that is disabled for the caller. Slices report it as
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) with [`FeatureDisabled::REASON`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("feature {} is disabled", .0.name())]
pub struct FeatureDisabled(pub Feature);

impl FeatureDisabled {
    pub const REASON: &'static str = "FEATURE_DISABLED";
}

impl Feature {
    pub const ALL: [Self; 5] =
        [Self::Registration, Self::PostSearch, Self::FeedStream, Self::CircleCreation, Self::ContentScreen];

    /// Name of the flag. Stable: flags are stored under it and clients know it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::PostSearch => "post_search",
            Self::FeedStream => "feed_stream",
            Self::CircleCreation => "circle_creation",
            Self::ContentScreen => "content_screen",
        }
    }
}

impl From<&Actor> for FlagSubject {
    fn from(actor: &Actor) -> Self {
        Self::Caller { user: actor.user, role: actor.role }
    }
}
