use proptest::{
    prelude::*,
    sample::{select, subsequence},
};

use super::*;
use crate::{
    Category, CircleId, ContentId, PostId, ResponseId,
    event::{CircleChange, CircleEvent, PostKind, PostRef, ResponseClass, ResponseRef},
};

fn uuids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn posts() -> impl Strategy<Value = PostRef> {
    let kinds = select(PostKind::ALL);
    (uuids(), kinds, subsequence(Category::ALL.to_vec(), 0..5), proptest::option::of(uuids())).prop_map(
        |(post, kind, categories, circle)| PostRef {
            post: PostId::from_uuid(post),
            kind,
            categories,
            circle: circle.map(CircleId::from_uuid),
        },
    )
}

fn responses() -> impl Strategy<Value = ResponseRef> {
    (uuids(), uuids(), uuids(), uuids()).prop_map(|(response, author, post, post_author)| ResponseRef {
        response: ResponseId::from_uuid(response),
        author: UserId::from_uuid(author),
        post: PostId::from_uuid(post),
        post_author: UserId::from_uuid(post_author),
    })
}

fn classes() -> impl Strategy<Value = ResponseClass> {
    prop_oneof![Just(ResponseClass::Quick), Just(ResponseClass::Text), Just(ResponseClass::LongText)]
}

fn users() -> impl Strategy<Value = UserId> {
    uuids().prop_map(UserId::from_uuid)
}

fn payloads() -> impl Strategy<Value = EventPayload> {
    prop_oneof![
        posts().prop_map(|it| EventPayload::from(PostEvent::Created(it))),
        posts().prop_map(|it| EventPayload::from(PostEvent::Updated(it))),
        posts().prop_map(|it| EventPayload::from(PostEvent::SosResolved(it))),
        posts().prop_map(|it| EventPayload::from(PostEvent::Deleted(it))),
        posts().prop_map(|it| EventPayload::from(PostEvent::Restored(it))),
        (responses(), classes())
            .prop_map(|(response, class)| EventPayload::from(ResponseEvent::Created { response, class })),
        (responses(), classes())
            .prop_map(|(response, class)| EventPayload::from(ResponseEvent::Deleted { response, class })),
        responses().prop_map(|it| EventPayload::from(ResponseEvent::MarkedHelpful(it))),
        users().prop_map(|blocked| EventPayload::from(AccountEvent::Blocked { blocked })),
        users().prop_map(|unblocked| EventPayload::from(AccountEvent::Unblocked { unblocked })),
        users().prop_map(|user| EventPayload::from(AccountEvent::Suspended { user })),
        users().prop_map(|user| EventPayload::from(AccountEvent::Reinstated { user })),
        (users(), uuids()).prop_map(|(user, session)| EventPayload::from(AccountEvent::SessionRevoked {
            user,
            session: SessionId::from_uuid(session)
        })),
        more_payloads(),
    ]
}

fn more_payloads() -> impl Strategy<Value = EventPayload> {
    let circles = (uuids(), select(CircleChange::ALL), proptest::option::of(users()));
    let contents = prop_oneof![
        uuids().prop_map(|id| ContentId::Post(PostId::from_uuid(id))),
        uuids().prop_map(|id| ContentId::Response(ResponseId::from_uuid(id))),
    ];
    prop_oneof![
        circles.prop_map(|(circle, change, member)| {
            EventPayload::Circle(CircleEvent { circle: CircleId::from_uuid(circle), change, member })
        }),
        (posts(), select(VisibilityChange::ALL))
            .prop_map(|(post, change)| EventPayload::from(PostEvent::VisibilityChanged { post, change })),
        (responses(), classes(), select(VisibilityChange::ALL)).prop_map(|(response, class, change)| {
            EventPayload::from(ResponseEvent::VisibilityChanged { response, class, change })
        }),
        contents.prop_map(|content| EventPayload::from(ModerationEvent::CrisisDetected { content })),
        (uuids(), select(CaseChange::ALL)).prop_map(|(case, change)| EventPayload::from(
            ModerationEvent::CaseChanged { case: CaseId::from_uuid(case), change }
        )),
        (users(), uuids())
            .prop_map(|(user, decision)| EventPayload::from(ModerationEvent::StatementIssued { user, decision })),
        (users(), uuids()).prop_map(|(user, report)| EventPayload::from(ModerationEvent::ReportResolved {
            user,
            report: ReportId::from_uuid(report)
        })),
        users().prop_map(|user| EventPayload::from(AccountEvent::Muted { user })),
        users().prop_map(|user| EventPayload::from(AccountEvent::Unmuted { user })),
        users().prop_map(|user| EventPayload::from(AccountEvent::RoleChanged { user })),
        any::<u32>().prop_map(|days| EventPayload::from(ProgressEvent::MilestoneReached { days })),
    ]
}

proptest! {
    #[test]
    fn every_event_decodes_to_what_was_encoded(id in uuids(), at in any::<i64>(), actor in uuids(), payload in payloads()) {
        let event = Event {
            id: EventId::from_uuid(id),
            at: Timestamp::from_millis(at),
            actor: UserId::from_uuid(actor),
            payload,
        };
        prop_assert_eq!(Event::decode(&event.encode()), Ok(event));
    }

    #[test]
    fn arbitrary_bytes_do_not_panic_the_decoder(bytes in any::<Vec<u8>>()) {
        let _ = decode(&bytes);
    }
}

#[test]
fn an_unknown_payload_is_distinguished_from_malformed_bytes() {
    let newer = EventMessage { id: bytes(Uuid::nil()), at_millis: 0, actor: bytes(Uuid::nil()), payload: None };
    assert_eq!(decode(&newer.encode_to_vec()), Err(EventDecodeError::UnknownEvent));
}
