//! What clients are told of an event on a channel: a table of facts and channels, and nothing that waits.

use std::collections::BTreeSet;

use kith_kernel::{
    CaseId, Channel, Event, EventId, Fact, PostId, ResponseId, Timestamp, UserId,
    event::{AboutPost, AboutResponse, Moderation},
    live::{Entry, Mark},
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
    pub(crate) fn of(channel: &Channel, entry: &Entry) -> Option<Self> {
        let event = Event::open(&entry.parcel)
            .inspect_err(|error| tracing::warn!(event = %entry.parcel.id, %error, "an event is not told"))
            .ok()?;
        Self::of_event(channel, &event)
    }

    fn of_event(channel: &Channel, event: &Event) -> Option<Self> {
        let own = wire::shown(channel) == wire::OWN;
        let (of, what) = match &event.fact {
            Fact::PostCreated(AboutPost { post, .. }) | Fact::PostRestored(AboutPost { post, .. }) => {
                (event.actor, What::PostCreated(*post))
            }
            Fact::PostUpdated(AboutPost { post, .. }) | Fact::SosResolved(AboutPost { post, .. }) => {
                (event.actor, What::PostUpdated(*post))
            }
            Fact::PostDeleted(AboutPost { post, .. }) => (event.actor, What::PostRemoved(*post)),
            Fact::PostModerated { about: AboutPost { post, .. }, how } => (event.actor, moderated(*post, *how)?),
            Fact::ResponseModerated { about, how: Moderation::Reinstated, .. } => {
                (about.author, What::ResponseCreated(about.response))
            }
            Fact::ResponseModerated { about, how: Moderation::Removed, .. } => {
                (about.author, What::ResponseRemoved(about.response, about.post))
            }
            Fact::ResponseGiven { about: AboutResponse { response, author, post, .. }, .. }
            | Fact::ResponseModerated {
                about: AboutResponse { response, author, post, .. },
                how: Moderation::Released,
                ..
            } => {
                let notice = What::Notice(NoticeKind::ResponseReceived, *response, *post);
                (*author, if own { notice } else { What::ResponseCreated(*response) })
            }
            Fact::ResponseDeleted { about: AboutResponse { response, author, post, .. }, .. } => {
                (*author, What::ResponseRemoved(*response, *post))
            }
            // The answerer learns from the author of the post; the readers of the post see the answer.
            Fact::ResponseMarkedHelpful(AboutResponse { response, post, .. }) if own => {
                (event.actor, What::Notice(NoticeKind::MarkedHelpful, *response, *post))
            }
            Fact::ResponseMarkedHelpful(AboutResponse { response, author, .. }) => {
                (*author, What::ResponseUpdated(*response))
            }
            Fact::CaseChanged { case, .. } => (event.actor, What::CaseChanged(*case)),
            Fact::StatementIssued { .. } => (event.actor, What::Word(NoticeKind::StatementIssued)),
            Fact::ReportClosed { .. } => (event.actor, What::Word(NoticeKind::ReportClosed)),
            // Not how many days: what is heard late might be true no more.
            Fact::MilestoneReached { .. } => (event.actor, What::Word(NoticeKind::MilestoneReached)),
            Fact::UserBlocked { .. }
            | Fact::UserUnblocked { .. }
            | Fact::UserSuspended { .. }
            | Fact::UserReinstated { .. }
            | Fact::SessionRevoked { .. }
            | Fact::CircleChanged(_)
            | Fact::ResponseModerated { how: Moderation::Held, .. }
            | Fact::CrisisSeen { .. }
            | Fact::UserMuted { .. }
            | Fact::UserUnmuted { .. }
            | Fact::RoleChanged { .. } => return None,
        };
        // Somebody's own channel carries ids and kinds; content has no business there.
        let told = own == matches!(what, What::Notice(..) | What::Word(_));
        told.then_some(Self { id: event.id, at: event.at, of, what })
    }
}

/// What staff did to a post. The actor is its author: whoever does not see them is not told.
const fn moderated(post: PostId, how: Moderation) -> Option<What> {
    match how {
        Moderation::Released | Moderation::Reinstated => Some(What::PostCreated(post)),
        Moderation::Removed => Some(What::PostRemoved(post)),
        Moderation::Held => None,
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
pub(crate) fn missed(channel: &Channel, entries: &[Entry]) -> Vec<(Mark, News)> {
    let mut gone = BTreeSet::new();
    let mut told = Vec::with_capacity(entries.len());
    for entry in entries.iter().rev() {
        let Some(news) = News::of(channel, entry) else { continue };
        gone.extend(news.what.removes());
        if news.what.shows().is_none_or(|thing| !gone.contains(&thing)) {
            told.push((entry.mark, news));
        }
    }
    told.reverse();
    told
}

#[cfg(test)]
mod tests {
    use kith_kernel::{
        Position, ReportId,
        event::{CaseChange, Weight},
    };
    use kith_testkit::{happened, user};

    use super::*;

    fn post() -> PostId {
        PostId::from_uuid(user().uuid())
    }

    fn about(post: PostId) -> AboutPost {
        AboutPost { post, categories: Vec::new(), circle: None }
    }

    fn entries(facts: impl IntoIterator<Item = Fact>) -> Vec<Entry> {
        let entry = |(sequence, fact)| Entry {
            mark: Mark { sequence, position: Position::sealed([0; 16]) },
            parcel: happened(fact).parcel(),
        };
        (1..).zip(facts).map(entry).collect()
    }

    fn whats(channel: &str, facts: impl IntoIterator<Item = Fact>) -> Vec<What> {
        let told = missed(&Channel::new(channel).unwrap(), &entries(facts));
        told.into_iter().map(|(_, news)| news.what).collect()
    }

    #[test]
    fn what_was_removed_is_not_shown_before_its_removal_and_what_came_back_is_shown_after() {
        let (gone, back) = (post(), post());
        let facts = [
            Fact::PostCreated(about(gone)),
            Fact::PostCreated(about(back)),
            Fact::PostUpdated(about(gone)),
            Fact::PostDeleted(about(back)),
            Fact::PostDeleted(about(gone)),
            Fact::PostRestored(about(back)),
        ];
        let told = [What::PostRemoved(back), What::PostRemoved(gone), What::PostCreated(back)];
        assert_eq!(whats("feed", facts), told);
    }

    #[test]
    fn somebodys_own_channel_tells_notices_and_others_tell_none() {
        let given = AboutResponse {
            response: ResponseId::from_uuid(user().uuid()),
            author: user(),
            post: post(),
            post_author: user(),
        };
        let facts = || {
            [
                Fact::ResponseGiven { about: given, weight: Weight::Text },
                Fact::ResponseMarkedHelpful(given),
                Fact::PostCreated(about(given.post)),
            ]
        };
        let notice = |kind| What::Notice(kind, given.response, given.post);
        let own = Channel::of(given.post_author);
        let notices = [notice(NoticeKind::ResponseReceived), notice(NoticeKind::MarkedHelpful)];
        assert_eq!(whats(own.name(), facts()), notices);
        let shown = [
            What::ResponseCreated(given.response),
            What::ResponseUpdated(given.response),
            What::PostCreated(given.post),
        ];
        assert_eq!(whats("post:1", facts()), shown);
    }

    #[test]
    fn what_staff_take_away_is_gone_and_what_they_give_back_or_publish_is_there() {
        let (held, gone) = (post(), post());
        let of = |post, how| Fact::PostModerated { about: about(post), how };
        let facts = [
            of(held, Moderation::Held),
            Fact::PostCreated(about(gone)),
            of(held, Moderation::Released),
            of(gone, Moderation::Removed),
        ];
        assert_eq!(whats("feed", facts), [What::PostCreated(held), What::PostRemoved(gone)]);
        assert_eq!(whats("feed", [of(gone, Moderation::Reinstated)]), [What::PostCreated(gone)]);
    }

    #[test]
    fn a_held_answer_is_news_when_it_is_published() {
        let held = AboutResponse {
            response: ResponseId::from_uuid(user().uuid()),
            author: user(),
            post: post(),
            post_author: user(),
        };
        let fact = |how| Fact::ResponseModerated { about: held, weight: Weight::Text, how };
        let (own, there) = (Channel::of(held.post_author), What::ResponseCreated(held.response));
        let notice = What::Notice(NoticeKind::ResponseReceived, held.response, held.post);
        assert_eq!(whats(own.name(), Moderation::ALL.iter().copied().map(fact)), [notice]);
        assert_eq!(whats("post:1", [fact(Moderation::Held)]), []);
        assert_eq!(whats("post:1", [fact(Moderation::Released)]), [there]);
        let removed = What::ResponseRemoved(held.response, held.post);
        assert_eq!(whats("post:1", [fact(Moderation::Removed), fact(Moderation::Reinstated)]), [removed, there]);
    }

    #[test]
    fn staff_hear_of_a_case_by_its_id_and_people_that_there_is_something_to_read() {
        let (case, user) = (CaseId::from_uuid(user().uuid()), user());
        let change = |change| Fact::CaseChanged { case, change };
        let told = [What::CaseChanged(case), What::CaseChanged(case)];
        assert_eq!(whats("staff:queue", [change(CaseChange::Opened), change(CaseChange::Decided)]), told);
        let words = [
            Fact::StatementIssued { user, decision: case.uuid() },
            Fact::ReportClosed { user, report: report() },
            Fact::MilestoneReached { days: 7 },
        ];
        let notices = [NoticeKind::StatementIssued, NoticeKind::ReportClosed, NoticeKind::MilestoneReached];
        let notices = notices.map(What::Word);
        assert_eq!(whats(Channel::of(user).name(), words), notices);
    }

    fn report() -> ReportId {
        ReportId::from_uuid(user().uuid())
    }

    #[test]
    fn nobody_is_told_what_steers_the_system() {
        assert_eq!(whats("feed", [Fact::UserBlocked { blocked: user() }, Fact::UserSuspended { user: user() }]), []);
    }
}
