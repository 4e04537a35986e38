//! Points of responses, independent of the order of the events.

use std::{collections::BTreeMap, time::Duration};

use kith_kernel::{
    AccountEvent, Actor, Clock as _, ErrorKind, Event, EventPayload, PostId, ResponseEvent, ResponseId, SystemEntropy,
    Timestamp, UserId,
    event::{MAX_REDELIVERY_AGE, ResponseClass, ResponseRef, VisibilityChange},
    ports::EventHandler as _,
};
use kith_testkit::{block_on, event_id, user};
use kith_users::policy::{self, MAX_DAILY_POINTS};
use proptest::{prelude::*, sample::Index};

use crate::harness::{Harness, postgres, sqlite};

fn response(author: UserId, post_author: UserId, at: Timestamp) -> ResponseRef {
    ResponseRef {
        response: ResponseId::new(at, &SystemEntropy),
        author,
        post: PostId::new(at, &SystemEntropy),
        post_author,
    }
}

fn event(at: Timestamp, payload: EventPayload) -> Event {
    Event { id: event_id(at), at, actor: user(), payload }
}

fn created(response: ResponseRef, class: ResponseClass) -> EventPayload {
    EventPayload::Response(ResponseEvent::Created { response, class })
}

fn deleted(response: ResponseRef) -> EventPayload {
    EventPayload::Response(ResponseEvent::Deleted { response, class: ResponseClass::Quick })
}

async fn deliver(harness: &Harness, payloads: impl IntoIterator<Item = EventPayload>) {
    for payload in payloads {
        harness.event_handler().handle(&event(harness.clock.now(), payload).into()).await.unwrap();
    }
}

#[test]
fn responses_earn_points_by_class_and_more_if_marked_helpful() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.create_account("ann").await;
        let helped = response(ann.user, user(), harness.clock.now());
        let others = [ResponseClass::Quick, ResponseClass::Text]
            .map(|it| created(response(ann.user, user(), harness.clock.now()), it));
        deliver(&harness, others).await;
        assert_eq!(harness.points(&ann).await, 1 + 3);
        deliver(
            &harness,
            [created(helped, ResponseClass::LongText), EventPayload::Response(ResponseEvent::MarkedHelpful(helped))],
        )
        .await;
        assert_eq!(harness.points(&ann).await, 4 + 5 + 10);
    });
}

#[test]
fn responses_to_own_posts_earn_no_points() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.create_account("ann").await;
        let own = response(ann.user, ann.user, harness.clock.now());
        deliver(
            &harness,
            [
                created(own, ResponseClass::LongText),
                EventPayload::Response(ResponseEvent::MarkedHelpful(own)),
                deleted(own),
            ],
        )
        .await;
        assert_eq!(harness.points(&ann).await, 0);
    });
}

#[test]
fn creating_and_deleting_responses_earns_nothing_at_the_daily_cap() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.create_account("ann").await;
        let first = response(ann.user, user(), harness.clock.now());
        deliver(&harness, [created(first, ResponseClass::Text)]).await;
        for _ in 0..120 {
            let quick = response(ann.user, user(), harness.clock.now());
            deliver(&harness, [created(quick, ResponseClass::Quick), deleted(quick)]).await;
        }
        assert_eq!(harness.points(&ann).await, 3);
    });
}

#[test]
fn events_beyond_the_deduplication_window_are_rejected_permanently() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.create_account("ann").await;
        let response = response(ann.user, user(), harness.clock.now());
        let payloads = [
            created(response, ResponseClass::Text),
            EventPayload::Response(ResponseEvent::MarkedHelpful(response)),
            deleted(response),
        ];
        let old = harness.clock.now();
        harness.clock.advance(MAX_REDELIVERY_AGE + Duration::from_millis(1));
        for payload in payloads {
            let error = harness.event_handler().handle(&event(old, payload).into()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
            assert!(!error.kind().is_retryable());
        }
        assert_eq!(harness.points(&ann).await, 0);
    });
}

#[test]
fn other_events_earn_no_points() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.create_account("ann").await;
        deliver(
            &harness,
            [
                EventPayload::Account(AccountEvent::Blocked { blocked: ann.user }),
                EventPayload::Account(AccountEvent::Reinstated { user: ann.user }),
            ],
        )
        .await;
        assert_eq!((harness.points(&ann).await, harness.event_handler().name()), (0, "users"));
    });
}

/// History of one response, on two days.
#[derive(Debug, Clone, Copy)]
struct History {
    class: ResponseClass,
    day: u8,
    to_own_post: bool,
    helpful_on: Option<u8>,
    deleted: bool,
}

fn histories() -> impl Strategy<Value = Vec<History>> {
    let class = prop_oneof![Just(ResponseClass::Quick), Just(ResponseClass::Text), Just(ResponseClass::LongText)];
    let history = (class, 0..2_u8, prop::bool::weighted(0.1), prop::option::of(0..2_u8), prop::bool::weighted(0.3));
    let history = history.prop_map(|(class, day, to_own_post, helpful_on, deleted)| History {
        class,
        day,
        to_own_post,
        helpful_on,
        deleted,
    });
    prop::collection::vec(history, 0..40)
}

/// Expected points: the sum of each day, up to the daily cap.
fn model(histories: &[History]) -> u32 {
    let mut days = BTreeMap::<u8, u32>::new();
    for history in histories.iter().filter(|history| !history.deleted && !history.to_own_post) {
        let points = match history.class {
            ResponseClass::Quick => 1,
            ResponseClass::Text => 3,
            ResponseClass::LongText => 5,
        };
        *days.entry(history.day).or_default() += points;
        if let Some(day) = history.helpful_on {
            *days.entry(day).or_default() += 10;
        }
    }
    days.into_values().map(|earned| earned.min(MAX_DAILY_POINTS)).sum()
}

fn events_of(ann: &Actor, histories: &[History], start: Timestamp) -> Vec<Event> {
    let mut events = Vec::new();
    for history in histories {
        let on = |day: u8| start.after(Duration::from_hours(24) * u32::from(day));
        let response = response(ann.user, if history.to_own_post { ann.user } else { user() }, on(history.day));
        events.push(event(on(history.day), created(response, history.class)));
        events.extend(
            history
                .helpful_on
                .map(|day| event(on(day), EventPayload::Response(ResponseEvent::MarkedHelpful(response)))),
        );
        events.extend(history.deleted.then(|| event(on(1), deleted(response))));
    }
    events
}

/// Delivers all events in a permuted order, some repeatedly, and checks the ledger after each.
async fn deliver_in_disorder(harness: &Harness, histories: &[History], order: u64, repeated: &[Index]) {
    let ann = harness.create_account("ann").await;
    let mut events = events_of(&ann, histories, harness.clock.now().before(Duration::from_hours(30)));
    if !events.is_empty() {
        let duplicates: Vec<_> = repeated.iter().map(|at| at.get(&events).clone()).collect();
        events.extend(duplicates);
    }
    let mut shuffled: Vec<_> = events.iter().enumerate().collect();
    shuffled.sort_by_key(|(at, _)| (u64::try_from(*at).unwrap() + 1).wrapping_mul(order | 1).rotate_left(17));
    for (_, event) in shuffled {
        harness.event_handler().handle(&event.clone().into()).await.unwrap();
        harness.points(&ann).await;
    }
    assert_eq!(harness.points(&ann).await, model(histories));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(24)))]

    #[test]
    fn points_are_independent_of_order_and_repetitions(
        histories in histories(),
        order in any::<u64>(),
        repeated in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        block_on(async { deliver_in_disorder(&sqlite().await, &histories, order, &repeated).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(8)))]

    #[test]
    fn points_are_independent_of_order_and_repetitions_on_postgres(
        histories in histories(),
        order in any::<u64>(),
        repeated in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        block_on(async { deliver_in_disorder(&postgres().await, &histories, order, &repeated).await });
    }
}

#[test]
fn a_response_earns_points_only_while_it_is_published_and_not_removed() {
    block_on(async {
        let harness = sqlite().await;
        let bob = harness.create_account("bob").await;
        let response = response(bob.user, user(), harness.clock.now());
        let mut points = Vec::new();
        let changes = [
            VisibilityChange::Held,
            VisibilityChange::Released,
            VisibilityChange::Removed,
            VisibilityChange::Restored,
            VisibilityChange::Removed,
        ];
        for change in changes {
            let payload = EventPayload::Response(ResponseEvent::VisibilityChanged {
                response,
                class: ResponseClass::LongText,
                change,
            });
            let event = event(harness.clock.now(), payload);
            for _ in 0..2 {
                harness.event_handler().handle(&event.clone().into()).await.unwrap();
            }
            points.push(harness.points(&bob).await);
        }
        let earned = policy::points_for(ResponseClass::LongText);
        assert_eq!(points, [0, earned, 0, earned, 0]);
    });
}
