//! Where posts stand: in public, or in a circle.

use kith_kernel::{
    CircleId, Failure, PersonaId, UserId,
    event::AboutPost,
    ports::{Inside, Member, Membership},
};

use crate::{Error, Post, policy};

/// Where somebody writes, and as whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standpoint {
    /// In which circle; `None` in public.
    pub circle: Option<CircleId>,
    /// As whom.
    pub persona: PersonaId,
}

/// Which post, on all shelves where it was or is.
pub(crate) fn about(before: &Post, after: &Post) -> AboutPost {
    let categories = before.draft.categories.or(&after.draft.categories);
    AboutPost { post: after.id, categories, circle: after.circle }
}

/// The circle of a post, if it has one and this user is in it, now.
pub(crate) async fn inside(membership: &dyn Membership, user: UserId, post: &Post) -> Result<Option<Inside>, Failure> {
    let Some(circle) = post.circle else { return Ok(None) };
    let member = membership.member(user, circle).await?;
    Ok(member.map(|member| Inside { circle, member }))
}

/// Whether anything can still be written where the post is.
pub(crate) fn writable(post: &Post, member: Option<&Member>) -> Result<(), Error> {
    if post.circle.is_none() { Ok(()) } else { policy::may_write_in(member) }
}
