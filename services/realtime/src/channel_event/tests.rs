use kith_kernel::{
    AccountEvent, Position, PostKind, ReportId,
    event::{CaseChange, ResponseClass},
};
use kith_testkit::{event, user};
use uuid::Uuid;

use super::*;

const POST: Channel = Channel::Post(PostId::from_uuid(Uuid::from_u128(1)));

fn post() -> PostId {
    PostId::from_uuid(user().uuid())
}

fn post_ref(post: PostId) -> PostRef {
    PostRef { post, kind: PostKind::Question, categories: Vec::new(), circle: None }
}

fn entries(payloads: impl IntoIterator<Item = EventPayload>) -> Vec<LogEntry> {
    let entry = |(sequence, payload)| LogEntry {
        offset: LogOffset { sequence, position: Position::sealed([0; 16]) },
        event: event(payload).encode(),
    };
    (1..).zip(payloads).map(entry).collect()
}

fn kinds(channel: &Channel, payloads: impl IntoIterator<Item = EventPayload>) -> Vec<ChannelEventKind> {
    let events = collapse_replay(channel, &entries(payloads));
    events.into_iter().map(|(_, event)| event.kind).collect()
}

#[test]
fn a_replay_omits_events_of_content_that_is_removed_later() {
    let (removed_post, restored_post) = (post(), post());
    let payloads = [
        EventPayload::Post(PostEvent::Created(post_ref(removed_post))),
        EventPayload::Post(PostEvent::Created(post_ref(restored_post))),
        EventPayload::Post(PostEvent::Updated(post_ref(removed_post))),
        EventPayload::Post(PostEvent::Deleted(post_ref(restored_post))),
        EventPayload::Post(PostEvent::Deleted(post_ref(removed_post))),
        EventPayload::Post(PostEvent::Restored(post_ref(restored_post))),
    ];
    let expected = [
        ChannelEventKind::PostRemoved(restored_post),
        ChannelEventKind::PostRemoved(removed_post),
        ChannelEventKind::PostCreated(restored_post),
    ];
    assert_eq!(kinds(&Channel::Feed, payloads), expected);
}

#[test]
fn notices_appear_only_on_the_user_channel() {
    let response = ResponseRef {
        response: ResponseId::from_uuid(user().uuid()),
        author: user(),
        post: post(),
        post_author: user(),
    };
    let payloads = || {
        [
            EventPayload::Response(ResponseEvent::Created { response, class: ResponseClass::Text }),
            EventPayload::Response(ResponseEvent::MarkedHelpful(response)),
            EventPayload::Post(PostEvent::Created(post_ref(response.post))),
        ]
    };
    let notice = |kind| ChannelEventKind::ResponseNotice(kind, response.response, response.post);
    let user_channel = Channel::User(response.post_author);
    let notices = [notice(NoticeKind::ResponseReceived), notice(NoticeKind::MarkedHelpful)];
    assert_eq!(kinds(&user_channel, payloads()), notices);
    let content_events = [
        ChannelEventKind::ResponseCreated(response.response),
        ChannelEventKind::ResponseUpdated(response.response),
        ChannelEventKind::PostCreated(response.post),
    ];
    assert_eq!(kinds(&POST, payloads()), content_events);
}

#[test]
fn visibility_changes_of_a_post_appear_as_creation_and_removal() {
    let (held, removed_post) = (post(), post());
    let visibility_changed =
        |post, change| EventPayload::Post(PostEvent::VisibilityChanged { post: post_ref(post), change });
    let payloads = [
        visibility_changed(held, VisibilityChange::Held),
        EventPayload::Post(PostEvent::Created(post_ref(removed_post))),
        visibility_changed(held, VisibilityChange::Released),
        visibility_changed(removed_post, VisibilityChange::Removed),
    ];
    assert_eq!(
        kinds(&Channel::Feed, payloads),
        [ChannelEventKind::PostCreated(held), ChannelEventKind::PostRemoved(removed_post)]
    );
    assert_eq!(
        kinds(&Channel::Feed, [visibility_changed(removed_post, VisibilityChange::Restored)]),
        [ChannelEventKind::PostCreated(removed_post)]
    );
}

#[test]
fn a_held_response_appears_when_it_is_released() {
    let held = ResponseRef {
        response: ResponseId::from_uuid(user().uuid()),
        author: user(),
        post: post(),
        post_author: user(),
    };
    let payload = |change| {
        EventPayload::Response(ResponseEvent::VisibilityChanged { response: held, class: ResponseClass::Text, change })
    };
    let (user_channel, created) = (Channel::User(held.post_author), ChannelEventKind::ResponseCreated(held.response));
    let notice = ChannelEventKind::ResponseNotice(NoticeKind::ResponseReceived, held.response, held.post);
    assert_eq!(kinds(&user_channel, VisibilityChange::ALL.iter().copied().map(payload)), [notice]);
    assert_eq!(kinds(&POST, [payload(VisibilityChange::Held)]), []);
    assert_eq!(kinds(&POST, [payload(VisibilityChange::Released)]), [created]);
    let removed = ChannelEventKind::ResponseRemoved(held.response, held.post);
    assert_eq!(
        kinds(&POST, [payload(VisibilityChange::Removed), payload(VisibilityChange::Restored)]),
        [removed, created]
    );
}

#[test]
fn staff_receive_case_ids_and_users_receive_notices_without_content() {
    let (case, user) = (CaseId::from_uuid(user().uuid()), user());
    let change = |change| EventPayload::Moderation(ModerationEvent::CaseChanged { case, change });
    let expected = [ChannelEventKind::CaseChanged(case), ChannelEventKind::CaseChanged(case)];
    assert_eq!(kinds(&Channel::StaffQueue, [change(CaseChange::Opened), change(CaseChange::Decided)]), expected);
    let payloads = [
        EventPayload::Moderation(ModerationEvent::StatementIssued { user, decision: case.uuid() }),
        EventPayload::Moderation(ModerationEvent::ReportResolved { user, report: report() }),
        EventPayload::Progress(ProgressEvent::MilestoneReached { days: 7 }),
    ];
    let notices = [NoticeKind::StatementIssued, NoticeKind::ReportResolved, NoticeKind::MilestoneReached];
    let notices = notices.map(ChannelEventKind::Notice);
    assert_eq!(kinds(&Channel::User(user), payloads), notices);
}

fn report() -> ReportId {
    ReportId::from_uuid(user().uuid())
}

#[test]
fn internal_account_events_do_not_appear_on_any_channel() {
    assert_eq!(
        kinds(
            &Channel::Feed,
            [
                EventPayload::Account(AccountEvent::Blocked { blocked: user() }),
                EventPayload::Account(AccountEvent::Suspended { user: user() })
            ]
        ),
        []
    );
}
