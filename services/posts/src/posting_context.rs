//! Circle and persona under which a post is written.

use kith_kernel::{
    CircleId, PersonaId, PortError, UserId,
    event::PostRef,
    ports::{CircleContext, Member, Membership},
};

use crate::{Error, Post, policy};

/// Circle and persona under which a post is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostingContext {
    /// `None` for a public post.
    pub circle: Option<CircleId>,
    pub persona: PersonaId,
}

/// Reference to a post in an event, with the categories of the post before and after the write.
pub(crate) fn post_ref(before: &Post, after: &Post) -> PostRef {
    let categories = before.content.categories.union(&after.content.categories);
    PostRef { post: after.id, kind: after.content.kind.into(), categories, circle: after.circle }
}

/// Returns the circle of a post if the user is currently a member of it. `None` for public posts.
pub(crate) async fn circle_context(
    membership: &dyn Membership,
    user: UserId,
    post: &Post,
) -> Result<Option<CircleContext>, PortError> {
    let Some(circle) = post.circle else { return Ok(None) };
    let member = membership.find(user, circle).await?;
    Ok(member.map(|member| CircleContext { circle, member }))
}

/// Checks that the circle of the post, if it has one, still accepts posts of this member.
pub(crate) fn ensure_writable(post: &Post, member: Option<&Member>) -> Result<(), Error> {
    if post.circle.is_none() { Ok(()) } else { policy::ensure_can_post_in_circle(member) }
}
