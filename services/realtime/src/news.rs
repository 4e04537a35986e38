//! What clients are told of an event on a channel: a table of facts and channels, and nothing that waits.

use std::collections::BTreeSet;

use kith_kernel::{
    CaseId, Channel, Event, EventId, AccountEvent, EventPayload, ModerationEvent, PostEvent, ProgressEvent, ResponseEvent, PostId, ResponseId, Timestamp, UserId,
    event::{PostRef, ResponseRef, VisibilityChange},
    replay_log::{LogEntry, LogOffset},
};

use crate::wire::{self, NoticeKind};

/// An event, as one channel tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct News {
    pub(crate) id: EventId,
    pub(crate) at: Timestamp,
    /// Whose doing it shows: who does not see this person is not told.
    pub(crate) of: UserId,
    pub(crate) what: What,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    /// A post is there.
    PostCreated(PostId),
    /// A post is another.
    PostUpdated(PostId),
    /// A post is gone.
    PostRemoved(PostId),
    /// An answer is there.
    ResponseCreated(ResponseId),
    /// An answer is another.
    ResponseUpdated(ResponseId),
    /// An answer to this post is gone.
    ResponseRemoved(ResponseId, PostId),
    /// Something for one person alone: about this answer to this post.
    Notice(NoticeKind, ResponseId, PostId),
    /// Something for one person alone, to be read where it is kept.
    Word(NoticeKind),
    /// A case is there, or another than it was.
    CaseChanged(CaseId),
}

/// Something that is read before it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Thing {
    Post(PostId),
    Response(ResponseId),
}

impl News {
    /// What the channel tells of this entry. `None` for what clients are not told, and for a fact that this build does
    /// not know: the node that announced it has its own.
    pub(crate) fn of(channel: &Channel, entry: &LogEntry) -> Option<Self> {
        let event = Event::decode(&entry.event)
            .inspect_err(|error| tracing::warn!(event = %entry.event.id, %error, "an event is not told"))
            .ok()?;
        Self::of_event(channel, &event)
    }

    fn of_event(channel: &Channel, event: &Event) -> Option<Self> {
        let own = channel.owner().is_some();
        let (of, what) = match &event.payload {
            EventPayload::Post(PostEvent::Created(PostRef { post, .. })) | EventPayload::Post(PostEvent::Restored(PostRef { post, .. })) => {
                (event.actor, What::PostCreated(*post))
            }
            EventPayload::Post(PostEvent::Updated(PostRef { post, .. })) | EventPayload::Post(PostEvent::SosResolved(PostRef { post, .. })) => {
                (event.actor, What::PostUpdated(*post))
            }
            EventPayload::Post(PostEvent::Deleted(PostRef { post, .. })) => (event.actor, What::PostRemoved(*post)),
            EventPayload::Post(PostEvent::VisibilityChanged { post: PostRef { post, .. }, change: how }) => (event.actor, moderated(*post, *how)?),
            EventPayload::Response(ResponseEvent::VisibilityChanged { response: about, change: VisibilityChange::Restored, .. }) => {
                (about.author, What::ResponseCreated(about.response))
            }
            EventPayload::Response(ResponseEvent::VisibilityChanged { response: about, change: VisibilityChange::Removed, .. }) => {
                (about.author, What::ResponseRemoved(about.response, about.post))
            }
            EventPayload::Response(ResponseEvent::Created { response: ResponseRef { response, author, post, .. }, .. })
            | EventPayload::Response(ResponseEvent::VisibilityChanged {
                response: ResponseRef { response, author, post, .. },
                change: VisibilityChange::Released,
                ..
            }) => {
                let notice = What::Notice(NoticeKind::ResponseReceived, *response, *post);
                (*author, if own { notice } else { What::ResponseCreated(*response) })
            }
            EventPayload::Response(ResponseEvent::Deleted { response: ResponseRef { response, author, post, .. }, .. }) => {
                (*author, What::ResponseRemoved(*response, *post))
            }
            // The answerer learns from the author of the post; the readers of the post see the answer.
            EventPayload::Response(ResponseEvent::MarkedHelpful(ResponseRef { response, post, .. })) if own => {
                (event.actor, What::Notice(NoticeKind::MarkedHelpful, *response, *post))
            }
            EventPayload::Response(ResponseEvent::MarkedHelpful(ResponseRef { response, author, .. })) => {
                (*author, What::ResponseUpdated(*response))
            }
            EventPayload::Moderation(ModerationEvent::CaseChanged { case, .. }) => (event.actor, What::CaseChanged(*case)),
            EventPayload::Moderation(ModerationEvent::StatementIssued { .. }) => (event.actor, What::Word(NoticeKind::StatementIssued)),
            EventPayload::Moderation(ModerationEvent::ReportResolved { .. }) => (event.actor, What::Word(NoticeKind::ReportResolved)),
            // Not how many days: what is heard late might be true no more.
            EventPayload::Progress(ProgressEvent::MilestoneReached { .. }) => (event.actor, What::Word(NoticeKind::MilestoneReached)),
            EventPayload::Account(AccountEvent::Blocked { .. })
            | EventPayload::Account(AccountEvent::Unblocked { .. })
            | EventPayload::Account(AccountEvent::Suspended { .. })
            | EventPayload::Account(AccountEvent::Reinstated { .. })
            | EventPayload::Account(AccountEvent::SessionRevoked { .. })
            | EventPayload::Circle(_)
            | EventPayload::Response(ResponseEvent::VisibilityChanged { change: VisibilityChange::Held, .. })
            | EventPayload::Moderation(ModerationEvent::CrisisDetected { .. })
            | EventPayload::Account(AccountEvent::Muted { .. })
            | EventPayload::Account(AccountEvent::Unmuted { .. })
            | EventPayload::Account(AccountEvent::RoleChanged { .. }) => return None,
        };
        // Somebody's own channel carries ids and kinds; content has no business there.
        let told = own == matches!(what, What::Notice(..) | What::Word(_));
        told.then_some(Self { id: event.id, at: event.at, of, what })
    }
}

/// What staff did to a post. The actor is its author: whoever does not see them is not told.
const fn moderated(post: PostId, how: VisibilityChange) -> Option<What> {
    match how {
        VisibilityChange::Released | VisibilityChange::Restored => Some(What::PostCreated(post)),
        VisibilityChange::Removed => Some(What::PostRemoved(post)),
        VisibilityChange::Held => None,
    }
}

impl What {
    /// What has to be read to tell it.
    pub(crate) const fn shows(self) -> Option<Thing> {
        match self {
            Self::PostCreated(post) | Self::PostUpdated(post) => Some(Thing::Post(post)),
            Self::ResponseCreated(response) | Self::ResponseUpdated(response) => Some(Thing::Response(response)),
            Self::PostRemoved(_)
            | Self::ResponseRemoved(..)
            | Self::Notice(..)
            | Self::Word(_)
            | Self::CaseChanged(_) => None,
        }
    }

    /// What is gone by it.
    pub(crate) const fn removes(self) -> Option<Thing> {
        match self {
            Self::PostRemoved(post) => Some(Thing::Post(post)),
            Self::ResponseRemoved(response, _) => Some(Thing::Response(response)),
            Self::PostCreated(_)
            | Self::PostUpdated(_)
            | Self::ResponseCreated(_)
            | Self::ResponseUpdated(_)
            | Self::Notice(..)
            | Self::Word(_)
            | Self::CaseChanged(_) => None,
        }
    }
}

/// What is worth telling of what somebody missed: nothing shows a thing of which the removal follows.
pub(crate) fn missed(channel: &Channel, entries: &[LogEntry]) -> Vec<(LogOffset, News)> {
    let mut gone = BTreeSet::new();
    let mut told = Vec::with_capacity(entries.len());
    for entry in entries.iter().rev() {
        let Some(news) = News::of(channel, entry) else { continue };
        gone.extend(news.what.removes());
        if news.what.shows().is_none_or(|thing| !gone.contains(&thing)) {
            told.push((entry.offset, news));
        }
    }
    told.reverse();
    told
}

#[cfg(test)]
mod tests {
    use kith_kernel::{
        Position, PostKind, ReportId,
        event::{CaseEvent, ResponseClass},
    };
    use kith_testkit::{event, user};
    use uuid::Uuid;

    use super::*;

    const POST: Channel = Channel::Post(PostId::from_uuid(Uuid::from_u128(1)));

    fn post() -> PostId {
        PostId::from_uuid(user().uuid())
    }

    fn about(post: PostId) -> PostRef {
        PostRef { post, kind: PostKind::Question, categories: Vec::new(), circle: None }
    }

    fn entries(facts: impl IntoIterator<Item = EventPayload>) -> Vec<LogEntry> {
        let entry = |(sequence, fact)| LogEntry {
            offset: LogOffset { sequence, position: Position::sealed([0; 16]) },
            event: event(fact).encode(),
        };
        (1..).zip(facts).map(entry).collect()
    }

    fn whats(channel: &Channel, facts: impl IntoIterator<Item = EventPayload>) -> Vec<What> {
        let told = missed(channel, &entries(facts));
        told.into_iter().map(|(_, news)| news.what).collect()
    }

    #[test]
    fn what_was_removed_is_not_shown_before_its_removal_and_what_came_back_is_shown_after() {
        let (gone, back) = (post(), post());
        let facts = [
            EventPayload::Post(PostEvent::Created(about(gone))),
            EventPayload::Post(PostEvent::Created(about(back))),
            EventPayload::Post(PostEvent::Updated(about(gone))),
            EventPayload::Post(PostEvent::Deleted(about(back))),
            EventPayload::Post(PostEvent::Deleted(about(gone))),
            EventPayload::Post(PostEvent::Restored(about(back))),
        ];
        let told = [What::PostRemoved(back), What::PostRemoved(gone), What::PostCreated(back)];
        assert_eq!(whats(&Channel::Feed, facts), told);
    }

    #[test]
    fn somebodys_own_channel_tells_notices_and_others_tell_none() {
        let given = ResponseRef {
            response: ResponseId::from_uuid(user().uuid()),
            author: user(),
            post: post(),
            post_author: user(),
        };
        let facts = || {
            [
                EventPayload::Response(ResponseEvent::Created { response: given, class: ResponseClass::Text }),
                EventPayload::Response(ResponseEvent::MarkedHelpful(given)),
                EventPayload::Post(PostEvent::Created(about(given.post))),
            ]
        };
        let notice = |kind| What::Notice(kind, given.response, given.post);
        let own = Channel::User(given.post_author);
        let notices = [notice(NoticeKind::ResponseReceived), notice(NoticeKind::MarkedHelpful)];
        assert_eq!(whats(&own, facts()), notices);
        let shown = [
            What::ResponseCreated(given.response),
            What::ResponseUpdated(given.response),
            What::PostCreated(given.post),
        ];
        assert_eq!(whats(&POST, facts()), shown);
    }

    #[test]
    fn what_staff_take_away_is_gone_and_what_they_give_back_or_publish_is_there() {
        let (held, gone) = (post(), post());
        let of = |post, how| EventPayload::Post(PostEvent::VisibilityChanged { post: about(post), change: how });
        let facts = [
            of(held, VisibilityChange::Held),
            EventPayload::Post(PostEvent::Created(about(gone))),
            of(held, VisibilityChange::Released),
            of(gone, VisibilityChange::Removed),
        ];
        assert_eq!(whats(&Channel::Feed, facts), [What::PostCreated(held), What::PostRemoved(gone)]);
        assert_eq!(whats(&Channel::Feed, [of(gone, VisibilityChange::Restored)]), [What::PostCreated(gone)]);
    }

    #[test]
    fn a_held_answer_is_news_when_it_is_published() {
        let held = ResponseRef {
            response: ResponseId::from_uuid(user().uuid()),
            author: user(),
            post: post(),
            post_author: user(),
        };
        let fact = |how| EventPayload::Response(ResponseEvent::VisibilityChanged { response: held, class: ResponseClass::Text, change: how });
        let (own, there) = (Channel::User(held.post_author), What::ResponseCreated(held.response));
        let notice = What::Notice(NoticeKind::ResponseReceived, held.response, held.post);
        assert_eq!(whats(&own, VisibilityChange::ALL.iter().copied().map(fact)), [notice]);
        assert_eq!(whats(&POST, [fact(VisibilityChange::Held)]), []);
        assert_eq!(whats(&POST, [fact(VisibilityChange::Released)]), [there]);
        let removed = What::ResponseRemoved(held.response, held.post);
        assert_eq!(whats(&POST, [fact(VisibilityChange::Removed), fact(VisibilityChange::Restored)]), [removed, there]);
    }

    #[test]
    fn staff_hear_of_a_case_by_its_id_and_people_that_there_is_something_to_read() {
        let (case, user) = (CaseId::from_uuid(user().uuid()), user());
        let change = |change| EventPayload::Moderation(ModerationEvent::CaseChanged { case, change });
        let told = [What::CaseChanged(case), What::CaseChanged(case)];
        assert_eq!(whats(&Channel::StaffQueue, [change(CaseEvent::Opened), change(CaseEvent::Decided)]), told);
        let words = [
            EventPayload::Moderation(ModerationEvent::StatementIssued { user, decision: case.uuid() }),
            EventPayload::Moderation(ModerationEvent::ReportResolved { user, report: report() }),
            EventPayload::Progress(ProgressEvent::MilestoneReached { days: 7 }),
        ];
        let notices = [NoticeKind::StatementIssued, NoticeKind::ReportResolved, NoticeKind::MilestoneReached];
        let notices = notices.map(What::Word);
        assert_eq!(whats(&Channel::User(user), words), notices);
    }

    fn report() -> ReportId {
        ReportId::from_uuid(user().uuid())
    }

    #[test]
    fn nobody_is_told_what_steers_the_system() {
        assert_eq!(whats(&Channel::Feed, [EventPayload::Account(AccountEvent::Blocked { blocked: user() }), EventPayload::Account(AccountEvent::Suspended { user: user() })]), []);
    }
}
