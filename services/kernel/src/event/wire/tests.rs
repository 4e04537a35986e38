use proptest::{
    prelude::*,
    sample::{select, subsequence},
};

use super::*;

fn uuids() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

fn posts() -> impl Strategy<Value = AboutPost> {
    (uuids(), subsequence(Category::ALL.to_vec(), 0..5), proptest::option::of(uuids())).prop_map(
        |(post, categories, circle)| AboutPost {
            post: PostId::from_uuid(post),
            categories,
            circle: circle.map(CircleId::from_uuid),
        },
    )
}

fn responses() -> impl Strategy<Value = AboutResponse> {
    (uuids(), uuids(), uuids(), uuids()).prop_map(|(response, author, post, post_author)| AboutResponse {
        response: ResponseId::from_uuid(response),
        author: UserId::from_uuid(author),
        post: PostId::from_uuid(post),
        post_author: UserId::from_uuid(post_author),
    })
}

fn weights() -> impl Strategy<Value = Weight> {
    prop_oneof![Just(Weight::Quick), Just(Weight::Text), Just(Weight::LongText)]
}

fn users() -> impl Strategy<Value = UserId> {
    uuids().prop_map(UserId::from_uuid)
}

fn facts() -> impl Strategy<Value = Fact> {
    prop_oneof![
        posts().prop_map(Fact::PostCreated),
        posts().prop_map(Fact::PostUpdated),
        posts().prop_map(Fact::SosResolved),
        posts().prop_map(Fact::PostDeleted),
        posts().prop_map(Fact::PostRestored),
        (responses(), weights()).prop_map(|(about, weight)| Fact::ResponseGiven { about, weight }),
        (responses(), weights()).prop_map(|(about, weight)| Fact::ResponseDeleted { about, weight }),
        responses().prop_map(Fact::ResponseMarkedHelpful),
        users().prop_map(|blocked| Fact::UserBlocked { blocked }),
        users().prop_map(|unblocked| Fact::UserUnblocked { unblocked }),
        users().prop_map(|user| Fact::UserSuspended { user }),
        users().prop_map(|user| Fact::UserReinstated { user }),
        (users(), uuids())
            .prop_map(|(user, session)| Fact::SessionRevoked { user, session: SessionId::from_uuid(session) }),
        new_facts(),
    ]
}

fn new_facts() -> impl Strategy<Value = Fact> {
    let circles = (uuids(), select(CircleChange::ALL), proptest::option::of(users()));
    let contents = prop_oneof![
        uuids().prop_map(|id| Content::Post(PostId::from_uuid(id))),
        uuids().prop_map(|id| Content::Response(ResponseId::from_uuid(id))),
    ];
    prop_oneof![
        circles.prop_map(|(circle, change, member)| {
            Fact::CircleChanged(AboutCircle { circle: CircleId::from_uuid(circle), change, member })
        }),
        (posts(), select(Moderation::ALL)).prop_map(|(about, how)| Fact::PostModerated { about, how }),
        (responses(), weights(), select(Moderation::ALL)).prop_map(|(about, weight, how)| Fact::ResponseModerated {
            about,
            weight,
            how
        }),
        contents.prop_map(|content| Fact::CrisisSeen { content }),
        (uuids(), select(CaseChange::ALL))
            .prop_map(|(case, change)| Fact::CaseChanged { case: CaseId::from_uuid(case), change }),
        (users(), uuids()).prop_map(|(user, decision)| Fact::StatementIssued { user, decision }),
        (users(), uuids()).prop_map(|(user, report)| Fact::ReportClosed { user, report: ReportId::from_uuid(report) }),
        users().prop_map(|user| Fact::UserMuted { user }),
        users().prop_map(|user| Fact::UserUnmuted { user }),
        users().prop_map(|user| Fact::RoleChanged { user }),
        any::<u32>().prop_map(|days| Fact::MilestoneReached { days }),
    ]
}

proptest! {
    #[test]
    fn every_event_reads_back_as_it_was_written(id in uuids(), at in any::<i64>(), actor in uuids(), fact in facts()) {
        let event = Event {
            id: EventId::from_uuid(id),
            at: Timestamp::from_millis(at),
            actor: UserId::from_uuid(actor),
            fact,
        };
        prop_assert_eq!(Event::open(&event.parcel()), Ok(event));
    }

    #[test]
    fn no_bytes_of_a_stranger_can_crash_the_reader(bytes in any::<Vec<u8>>()) {
        let _ = decode(&bytes);
    }
}

#[test]
fn a_fact_of_tomorrow_is_told_apart_from_rubbish() {
    let tomorrow = EventMessage { id: bytes(Uuid::nil()), at_millis: 0, actor: bytes(Uuid::nil()), fact: None };
    assert_eq!(decode(&tomorrow.encode_to_vec()), Err(Unreadable::UnknownFact));
}
