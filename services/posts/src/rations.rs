//! How much somebody may post. Counted here and not at the edge, which does not know what a call says: who has used up
//! their posts still has a reserve, and it is for an SOS alone.

use std::{sync::Arc, time::Duration};

use kith_kernel::{Access::Member, Actor, Blind, Procedure, Quota, ports::Limit};

use crate::{Error, domain::Kind};

/// Posts of any kind.
pub const POSTS: Procedure = Procedure::new("kith.posts/post", Member, Quota::per_minute(10));
/// An SOS of somebody who has no more posts. It is there whatever they did with those.
pub const RESERVE: Procedure = Procedure::new("kith.posts/sos", Member, Quota::per_hour(3));
/// What a limiter has to know beside the methods.
pub const RATIONS: &[Procedure] = &[POSTS, RESERVE];

/// What each may post.
pub struct Rations {
    limit: Arc<dyn Limit>,
    posts: Procedure,
    reserve: Procedure,
}

impl Rations {
    /// Counted by this limiter, which knows [`RATIONS`].
    #[must_use]
    pub const fn held(limit: Arc<dyn Limit>) -> Self {
        Self { limit, posts: POSTS, reserve: RESERVE }
    }

    /// The same, with these quotas in place of the usual ones.
    #[must_use]
    pub fn with(mut self, posts: Quota, reserve: Quota) -> Self {
        (self.posts.quota, self.reserve.quota) = (posts, reserve);
        self
    }

    /// Takes one post of this kind.
    ///
    /// # Errors
    /// [`Error::TooOften`]. Never that a limiter does not answer.
    pub(crate) async fn take(&self, actor: &Actor, kind: Kind) -> Result<(), Error> {
        let Some(wait) = self.wait(actor, &self.posts).await? else { return Ok(()) };
        if kind != Kind::Sos {
            return Err(Error::TooOften(wait));
        }
        let Some(longer) = self.wait(actor, &self.reserve).await? else { return Ok(()) };
        // The first that fills again serves.
        Err(Error::TooOften(wait.min(longer)))
    }

    async fn wait(&self, actor: &Actor, ration: &Procedure) -> Result<Option<Duration>, Error> {
        match self.limit.take(&actor.user.to_string(), ration).await {
            Ok(allowance) => Ok(allowance.wait),
            Err(failure) => {
                tracing::error!(%failure, "the limiter does not answer");
                match ration.quota.blind {
                    Blind::Admit => Ok(None),
                    Blind::Refuse => Err(failure.into()),
                }
            }
        }
    }
}
