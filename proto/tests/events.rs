//! The bytes that the kernel writes by hand are those that the proto describes.
use kith_kernel::{
    CaseId, Category, CircleId, Content, Event, EventId, Fact, PostId, ReportId, ResponseId, SessionId, Timestamp,
    UserId,
    event::{AboutCircle, AboutPost, AboutResponse, CaseChange, CircleChange, Moderation, Weight},
};
use kith_proto::events::v1 as wire;
use prost::Message;
use uuid::Uuid;

const POST: Uuid = Uuid::from_u128(1);
const USER: Uuid = Uuid::from_u128(2);
const OTHER: Uuid = Uuid::from_u128(3);
const RESPONSE: Uuid = Uuid::from_u128(4);
const SESSION: Uuid = Uuid::from_u128(5);
const CIRCLE: Uuid = Uuid::from_u128(6);
const CASE: Uuid = Uuid::from_u128(7);

fn about_post() -> (AboutPost, wire::AboutPost) {
    let categories = [Category::ALL[0], Category::ALL[3]];
    let slugs = categories.iter().map(ToString::to_string).collect();
    (
        AboutPost {
            post: PostId::from_uuid(POST),
            categories: categories.to_vec(),
            circle: Some(CircleId::from_uuid(CIRCLE)),
        },
        wire::AboutPost { id: bytes(POST), categories: slugs, circle: bytes(CIRCLE) },
    )
}

fn about_response(weight: wire::Weight) -> (AboutResponse, wire::AboutResponse) {
    (
        AboutResponse {
            response: ResponseId::from_uuid(RESPONSE),
            author: UserId::from_uuid(USER),
            post: PostId::from_uuid(POST),
            post_author: UserId::from_uuid(OTHER),
        },
        wire::AboutResponse {
            id: bytes(RESPONSE),
            author: bytes(USER),
            post: bytes(POST),
            post_author: bytes(OTHER),
            weight: weight.into(),
        },
    )
}

fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

fn facts() -> Vec<(Fact, wire::event::Fact)> {
    let (post, wire_post) = about_post();
    let response = |weight| about_response(weight).1;
    let about = about_response(wire::Weight::Unspecified).0;
    let user = UserId::from_uuid(OTHER);
    let wire_user = || wire::AboutUser { id: bytes(OTHER) };
    let mut facts = vec![
        (Fact::PostCreated(post.clone()), wire::event::Fact::PostCreated(wire_post.clone())),
        (Fact::PostUpdated(post.clone()), wire::event::Fact::PostUpdated(wire_post.clone())),
        (Fact::SosResolved(post.clone()), wire::event::Fact::SosResolved(wire_post.clone())),
        (Fact::PostDeleted(post.clone()), wire::event::Fact::PostDeleted(wire_post.clone())),
        (Fact::PostRestored(post), wire::event::Fact::PostRestored(wire_post)),
        (
            Fact::ResponseMarkedHelpful(about),
            wire::event::Fact::ResponseMarkedHelpful(response(wire::Weight::Unspecified)),
        ),
        (Fact::UserBlocked { blocked: user }, wire::event::Fact::UserBlocked(wire_user())),
        (Fact::UserUnblocked { unblocked: user }, wire::event::Fact::UserUnblocked(wire_user())),
        (Fact::UserSuspended { user }, wire::event::Fact::UserSuspended(wire_user())),
        (Fact::UserReinstated { user }, wire::event::Fact::UserReinstated(wire_user())),
        (
            Fact::SessionRevoked { user, session: SessionId::from_uuid(SESSION) },
            wire::event::Fact::SessionRevoked(wire::AboutSession { user: bytes(OTHER), session: bytes(SESSION) }),
        ),
    ];
    let weights = [
        (Weight::Quick, wire::Weight::Quick),
        (Weight::Text, wire::Weight::Text),
        (Weight::LongText, wire::Weight::LongText),
    ];
    for (weight, on_wire) in weights {
        facts.push((Fact::ResponseGiven { about, weight }, wire::event::Fact::ResponseGiven(response(on_wire))));
        facts.push((Fact::ResponseDeleted { about, weight }, wire::event::Fact::ResponseDeleted(response(on_wire))));
    }
    facts.extend(moderated());
    facts.extend(circles_and_cases());
    facts
}

fn moderated() -> Vec<(Fact, wire::event::Fact)> {
    let hows = [
        (Moderation::Held, wire::Moderation::Held),
        (Moderation::Released, wire::Moderation::Released),
        (Moderation::Removed, wire::Moderation::Removed),
        (Moderation::Reinstated, wire::Moderation::Reinstated),
    ];
    let mut facts = Vec::new();
    for (how, on_wire) in hows {
        let (about, wire_about) = about_post();
        let post = wire::ModeratedPost { about: Some(wire_about), how: on_wire.into() };
        facts.push((Fact::PostModerated { about, how }, wire::event::Fact::PostModerated(post)));
        let (about, wire_about) = about_response(wire::Weight::Text);
        let response = wire::ModeratedResponse { about: Some(wire_about), how: on_wire.into() };
        let fact = Fact::ResponseModerated { about, weight: Weight::Text, how };
        facts.push((fact, wire::event::Fact::ResponseModerated(response)));
    }
    facts
}

fn circles_and_cases() -> Vec<(Fact, wire::event::Fact)> {
    let (user, circle, case) = (UserId::from_uuid(OTHER), CircleId::from_uuid(CIRCLE), CaseId::from_uuid(CASE));
    let wire_user = || wire::AboutUser { id: bytes(OTHER) };
    let notice = |of| wire::Notice { user: bytes(OTHER), of: bytes(of) };
    let content = |what| wire::event::Fact::CrisisSeen(wire::AboutContent { what: Some(what) });
    let mut facts = vec![
        (
            Fact::CrisisSeen { content: Content::Post(PostId::from_uuid(POST)) },
            content(wire::about_content::What::Post(bytes(POST))),
        ),
        (
            Fact::CrisisSeen { content: Content::Response(ResponseId::from_uuid(RESPONSE)) },
            content(wire::about_content::What::Response(bytes(RESPONSE))),
        ),
        (Fact::StatementIssued { user, decision: CASE }, wire::event::Fact::StatementIssued(notice(CASE))),
        (Fact::ReportClosed { user, report: ReportId::from_uuid(CASE) }, wire::event::Fact::ReportClosed(notice(CASE))),
        (Fact::UserMuted { user }, wire::event::Fact::UserMuted(wire_user())),
        (Fact::UserUnmuted { user }, wire::event::Fact::UserUnmuted(wire_user())),
        (Fact::RoleChanged { user }, wire::event::Fact::RoleChanged(wire_user())),
        (Fact::MilestoneReached { days: 7 }, wire::event::Fact::MilestoneReached(wire::Milestone { days: 7 })),
    ];
    for (number, &change) in (1..).zip(CircleChange::ALL) {
        for member in [None, Some(user)] {
            let about = AboutCircle { circle, change, member };
            let member = member.map(|_| bytes(OTHER)).unwrap_or_default();
            let on_wire = wire::AboutCircle { id: bytes(CIRCLE), change: number, member };
            facts.push((Fact::CircleChanged(about), wire::event::Fact::CircleChanged(on_wire)));
        }
    }
    for (number, &change) in (1..).zip(CaseChange::ALL) {
        let on_wire = wire::AboutCase { id: bytes(CASE), change: number };
        facts.push((Fact::CaseChanged { case, change }, wire::event::Fact::CaseChanged(on_wire)));
    }
    facts
}

#[test]
fn every_fact_is_written_as_the_proto_describes_it_and_read_back() {
    for (fact, expected) in facts() {
        let event = Event {
            id: EventId::from_uuid(Uuid::from_u128(9)),
            at: Timestamp::from_millis(1_700_000_000_123),
            actor: UserId::from_uuid(USER),
            fact,
        };
        let described = wire::Event {
            id: bytes(Uuid::from_u128(9)),
            at_millis: 1_700_000_000_123,
            actor: bytes(USER),
            fact: Some(expected),
        };
        let parcel = event.parcel();
        assert!(wire::Event::decode(parcel.bytes.as_slice()).unwrap() == described, "{event:?}");
        assert_eq!(parcel.bytes, described.encode_to_vec(), "{event:?}");
    }
}

#[test]
fn the_proto_describes_no_fact_that_is_not_tried_here() {
    let described = kith_proto::DESCRIPTORS;
    let tags: std::collections::BTreeSet<_> =
        facts().iter().map(|(_, fact)| std::mem::discriminant(fact)).map(|it| format!("{it:?}")).collect();
    let set = prost_types::FileDescriptorSet::decode(described).unwrap();
    let file = set.file.iter().find(|file| file.package() == "kith.events.v1").unwrap();
    let event = file.message_type.iter().find(|message| message.name() == "Event").unwrap();
    let in_oneof = event.field.iter().filter(|field| field.oneof_index.is_some()).count();
    assert_eq!(tags.len(), in_oneof);
}
