//! Compares the kernel's hand-written encoding of events with the generated code of `kith.events.v1`.
use std::{collections::BTreeSet, mem::discriminant};

use kith_kernel::{
    AccountEvent, CaseId, Category, CircleId, ContentId, EncodedEvent, Event, EventId, EventPayload, ModerationEvent,
    PostEvent, PostId, ProgressEvent, ReportId, ResponseEvent, ResponseId, SessionId, Timestamp, UserId,
    event::{CaseChange, CircleChange, CircleEvent, PostKind, PostRef, ResponseClass, ResponseRef, VisibilityChange},
};
use kith_proto::events::v1::{self as wire, event::Payload};
use prost::Message;
use uuid::Uuid;

const POST: Uuid = Uuid::from_u128(1);
const USER: Uuid = Uuid::from_u128(2);
const OTHER: Uuid = Uuid::from_u128(3);
const RESPONSE: Uuid = Uuid::from_u128(4);
const SESSION: Uuid = Uuid::from_u128(5);
const CIRCLE: Uuid = Uuid::from_u128(6);
const CASE: Uuid = Uuid::from_u128(7);
const EVENT: Uuid = Uuid::from_u128(9);

/// An event payload and its expected form on the wire.
type Case = (EventPayload, Payload);

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn post_ref(kind: PostKind, wire_kind: wire::PostKind) -> (PostRef, wire::PostRef) {
    let categories = vec![Category::ALL[0], Category::ALL[3]];
    let slugs = categories.iter().map(ToString::to_string).collect();
    let circle = Some(CircleId::from_uuid(CIRCLE));
    (
        PostRef { post: PostId::from_uuid(POST), kind, categories, circle },
        wire::PostRef { id: bytes(POST), categories: slugs, circle: bytes(CIRCLE), kind: wire_kind.into() },
    )
}

fn question() -> (PostRef, wire::PostRef) {
    post_ref(PostKind::Question, wire::PostKind::Question)
}

fn response_ref() -> ResponseRef {
    ResponseRef {
        response: ResponseId::from_uuid(RESPONSE),
        author: UserId::from_uuid(USER),
        post: PostId::from_uuid(POST),
        post_author: UserId::from_uuid(OTHER),
    }
}

fn wire_response_ref(class: wire::ResponseClass) -> wire::ResponseRef {
    wire::ResponseRef {
        id: bytes(RESPONSE),
        author: bytes(USER),
        post: bytes(POST),
        post_author: bytes(OTHER),
        class: class.into(),
    }
}

fn post_events() -> Vec<Case> {
    let kinds = [
        (PostKind::Sos, wire::PostKind::Sos),
        (PostKind::CheckIn, wire::PostKind::CheckIn),
        (PostKind::Victory, wire::PostKind::Victory),
        (PostKind::Question, wire::PostKind::Question),
    ];
    let created = kinds.map(|(kind, wire_kind)| {
        let (post, wire_post) = post_ref(kind, wire_kind);
        (PostEvent::Created(post).into(), Payload::PostCreated(wire_post))
    });
    let (post, wire_post) = question();
    let mut cases = created.to_vec();
    cases.extend([
        (PostEvent::Updated(post.clone()).into(), Payload::PostUpdated(wire_post.clone())),
        (PostEvent::SosResolved(post.clone()).into(), Payload::SosResolved(wire_post.clone())),
        (PostEvent::Deleted(post.clone()).into(), Payload::PostDeleted(wire_post.clone())),
        (PostEvent::Restored(post).into(), Payload::PostRestored(wire_post)),
    ]);
    cases
}

fn response_events() -> Vec<Case> {
    let classes = [
        (ResponseClass::Quick, wire::ResponseClass::Quick),
        (ResponseClass::Text, wire::ResponseClass::Text),
        (ResponseClass::LongText, wire::ResponseClass::LongText),
    ];
    let response = response_ref();
    let marked = wire_response_ref(wire::ResponseClass::Unspecified);
    let mut cases = vec![(ResponseEvent::MarkedHelpful(response).into(), Payload::ResponseMarkedHelpful(marked))];
    for (class, wire_class) in classes {
        let message = wire_response_ref(wire_class);
        cases.extend([
            (ResponseEvent::Created { response, class }.into(), Payload::ResponseCreated(message.clone())),
            (ResponseEvent::Deleted { response, class }.into(), Payload::ResponseDeleted(message)),
        ]);
    }
    cases
}

fn visibility_events() -> Vec<Case> {
    let changes = [
        (VisibilityChange::Held, wire::VisibilityChange::Held),
        (VisibilityChange::Released, wire::VisibilityChange::Released),
        (VisibilityChange::Removed, wire::VisibilityChange::Removed),
        (VisibilityChange::Restored, wire::VisibilityChange::Restored),
    ];
    let (response, class) = (response_ref(), ResponseClass::Text);
    let mut cases = Vec::new();
    for (change, wire_change) in changes {
        let (post, wire_post) = question();
        let message = wire::PostVisibilityChange { post: Some(wire_post), change: wire_change.into() };
        cases.push((PostEvent::VisibilityChanged { post, change }.into(), Payload::PostVisibilityChanged(message)));
        let wire_response = Some(wire_response_ref(wire::ResponseClass::Text));
        let message = wire::ResponseVisibilityChange { response: wire_response, change: wire_change.into() };
        cases.push((
            ResponseEvent::VisibilityChanged { response, class, change }.into(),
            Payload::ResponseVisibilityChanged(message),
        ));
    }
    cases
}

fn account_events() -> Vec<Case> {
    let (user, session) = (UserId::from_uuid(OTHER), SessionId::from_uuid(SESSION));
    let user_ref = || wire::UserRef { id: bytes(OTHER) };
    let session_ref = wire::SessionRef { user: bytes(OTHER), session: bytes(SESSION) };
    vec![
        (AccountEvent::Blocked { blocked: user }.into(), Payload::UserBlocked(user_ref())),
        (AccountEvent::Unblocked { unblocked: user }.into(), Payload::UserUnblocked(user_ref())),
        (AccountEvent::Suspended { user }.into(), Payload::UserSuspended(user_ref())),
        (AccountEvent::Reinstated { user }.into(), Payload::UserReinstated(user_ref())),
        (AccountEvent::Muted { user }.into(), Payload::UserMuted(user_ref())),
        (AccountEvent::Unmuted { user }.into(), Payload::UserUnmuted(user_ref())),
        (AccountEvent::RoleChanged { user }.into(), Payload::RoleChanged(user_ref())),
        (AccountEvent::SessionRevoked { user, session }.into(), Payload::SessionRevoked(session_ref)),
        (ProgressEvent::MilestoneReached { days: 7 }.into(), Payload::MilestoneReached(wire::Milestone { days: 7 })),
    ]
}

fn circle_events() -> Vec<Case> {
    let (user, circle) = (UserId::from_uuid(OTHER), CircleId::from_uuid(CIRCLE));
    let mut cases = Vec::new();
    for (number, &change) in (1..).zip(CircleChange::ALL) {
        for member in [None, Some(user)] {
            let wire_member = member.map(|_| bytes(OTHER)).unwrap_or_default();
            let message = wire::CircleRef { id: bytes(CIRCLE), change: number, member: wire_member };
            cases.push((CircleEvent { circle, change, member }.into(), Payload::CircleChanged(message)));
        }
    }
    cases
}

fn moderation_events() -> Vec<Case> {
    let (user, case) = (UserId::from_uuid(OTHER), CaseId::from_uuid(CASE));
    let notice = || wire::Notice { user: bytes(OTHER), subject: bytes(CASE) };
    let detected = |content| Payload::CrisisDetected(wire::ContentRef { content: Some(content) });
    let (post, response) = (PostId::from_uuid(POST), ResponseId::from_uuid(RESPONSE));
    let mut cases = vec![
        (
            ModerationEvent::CrisisDetected { content: ContentId::Post(post) }.into(),
            detected(wire::content_ref::Content::Post(bytes(POST))),
        ),
        (
            ModerationEvent::CrisisDetected { content: ContentId::Response(response) }.into(),
            detected(wire::content_ref::Content::Response(bytes(RESPONSE))),
        ),
        (ModerationEvent::StatementIssued { user, decision: CASE }.into(), Payload::StatementIssued(notice())),
        (
            ModerationEvent::ReportResolved { user, report: ReportId::from_uuid(CASE) }.into(),
            Payload::ReportResolved(notice()),
        ),
    ];
    for (number, &change) in (1..).zip(CaseChange::ALL) {
        let message = wire::CaseRef { id: bytes(CASE), change: number };
        cases.push((ModerationEvent::CaseChanged { case, change }.into(), Payload::CaseChanged(message)));
    }
    cases
}

fn cases() -> Vec<Case> {
    [post_events(), response_events(), visibility_events(), account_events(), circle_events(), moderation_events()]
        .concat()
}

#[test]
fn kernel_encoding_equals_generated_encoding() {
    for (payload, wire_payload) in cases() {
        let event = Event {
            id: EventId::from_uuid(EVENT),
            at: Timestamp::from_millis(1_700_000_000_123),
            actor: UserId::from_uuid(USER),
            payload,
        };
        let message = wire::Event {
            id: bytes(EVENT),
            at_millis: 1_700_000_000_123,
            actor: bytes(USER),
            payload: Some(wire_payload),
        };
        let encoded = event.encode();
        assert!(wire::Event::decode(encoded.bytes.as_slice()).unwrap() == message, "{event:?}");
        assert_eq!(encoded.bytes, message.encode_to_vec(), "{event:?}");
        let generated = EncodedEvent { id: event.id, bytes: message.encode_to_vec() };
        assert_eq!(Event::decode(&generated).unwrap(), event);
    }
}

#[test]
fn every_payload_in_the_proto_is_tested() {
    let tested: BTreeSet<_> =
        cases().iter().map(|(_, payload)| discriminant(payload)).map(|it| format!("{it:?}")).collect();
    let set = prost_types::FileDescriptorSet::decode(kith_proto::DESCRIPTORS).unwrap();
    let file = set.file.iter().find(|file| file.package() == "kith.events.v1").unwrap();
    let event = file.message_type.iter().find(|message| message.name() == "Event").unwrap();
    let declared = event.field.iter().filter(|field| field.oneof_index.is_some()).count();
    assert_eq!(tested.len(), declared);
}
