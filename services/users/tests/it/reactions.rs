//! What helping earns, whatever the order in which it is heard of.

use std::{collections::BTreeMap, time::Duration};

use kith_kernel::{
    AccountEvent, Actor, Clock as _, ErrorKind, Event, EventPayload, PostId, ResponseEvent, ResponseId, SystemEntropy,
    Timestamp, UserId,
    event::{MAX_REDELIVERY_AGE, ResponseClass, ResponseRef, VisibilityChange},
    ports::EventHandler as _,
};
use kith_testkit::{block_on, event_id, user};
use kith_users::policy::{self, DAILY_POINTS};
use proptest::{prelude::*, sample::Index};

use crate::harness::{Harness, postgres, sqlite};

fn answer(author: UserId, post_author: UserId, at: Timestamp) -> ResponseRef {
    ResponseRef {
        response: ResponseId::new(at, &SystemEntropy),
        author,
        post: PostId::new(at, &SystemEntropy),
        post_author,
    }
}

fn event(at: Timestamp, fact: EventPayload) -> Event {
    Event { id: event_id(at), at, actor: user(), payload: fact }
}

fn given(about: ResponseRef, weight: ResponseClass) -> EventPayload {
    EventPayload::Response(ResponseEvent::Created { response: about, class: weight })
}

fn deleted(about: ResponseRef) -> EventPayload {
    EventPayload::Response(ResponseEvent::Deleted { response: about, class: ResponseClass::Quick })
}

async fn hear(harness: &Harness, facts: impl IntoIterator<Item = EventPayload>) {
    for fact in facts {
        harness.reactions().handle(&event(harness.clock.now(), fact).into()).await.unwrap();
    }
}

#[test]
fn answers_earn_their_weight_and_more_if_they_helped() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.person("ann").await;
        let helped = answer(ann.user, user(), harness.clock.now());
        let others = [ResponseClass::Quick, ResponseClass::Text]
            .map(|it| given(answer(ann.user, user(), harness.clock.now()), it));
        hear(&harness, others).await;
        assert_eq!(harness.points(&ann).await, 1 + 3);
        hear(
            &harness,
            [given(helped, ResponseClass::LongText), EventPayload::Response(ResponseEvent::MarkedHelpful(helped))],
        )
        .await;
        assert_eq!(harness.points(&ann).await, 4 + 5 + 10);
    });
}

#[test]
fn nobody_earns_by_answering_themselves() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.person("ann").await;
        let own = answer(ann.user, ann.user, harness.clock.now());
        hear(
            &harness,
            [
                given(own, ResponseClass::LongText),
                EventPayload::Response(ResponseEvent::MarkedHelpful(own)),
                deleted(own),
            ],
        )
        .await;
        assert_eq!(harness.points(&ann).await, 0);
    });
}

#[test]
fn giving_and_taking_back_gains_nothing_at_the_limit_either() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.person("ann").await;
        let kept = answer(ann.user, user(), harness.clock.now());
        hear(&harness, [given(kept, ResponseClass::Text)]).await;
        for _ in 0..120 {
            let quick = answer(ann.user, user(), harness.clock.now());
            hear(&harness, [given(quick, ResponseClass::Quick), deleted(quick)]).await;
        }
        assert_eq!(harness.points(&ann).await, 3);
    });
}

#[test]
fn an_event_that_is_too_old_is_refused_for_good() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.person("ann").await;
        let about = answer(ann.user, user(), harness.clock.now());
        let facts = [
            given(about, ResponseClass::Text),
            EventPayload::Response(ResponseEvent::MarkedHelpful(about)),
            deleted(about),
        ];
        let old = harness.clock.now();
        harness.clock.advance(MAX_REDELIVERY_AGE + Duration::from_millis(1));
        for fact in facts {
            let refusal = harness.reactions().handle(&event(old, fact).into()).await.unwrap_err();
            assert_eq!(refusal.kind(), ErrorKind::FailedPrecondition);
            assert!(!refusal.kind().is_retryable());
        }
        assert_eq!(harness.points(&ann).await, 0);
    });
}

#[test]
fn all_else_that_happens_earns_nothing() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.person("ann").await;
        hear(
            &harness,
            [
                EventPayload::Account(AccountEvent::Blocked { blocked: ann.user }),
                EventPayload::Account(AccountEvent::Reinstated { user: ann.user }),
            ],
        )
        .await;
        assert_eq!((harness.points(&ann).await, harness.reactions().name()), (0, "users"));
    });
}

/// One answer's life: how heavy it is, on which of the two days, and what became of it.
#[derive(Debug, Clone, Copy)]
struct Life {
    weight: ResponseClass,
    day: u8,
    to_oneself: bool,
    helped_on: Option<u8>,
    deleted: bool,
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    let weight = prop_oneof![Just(ResponseClass::Quick), Just(ResponseClass::Text), Just(ResponseClass::LongText)];
    let life = (weight, 0..2_u8, prop::bool::weighted(0.1), prop::option::of(0..2_u8), prop::bool::weighted(0.3));
    let life = life.prop_map(|(weight, day, to_oneself, helped_on, deleted)| Life {
        weight,
        day,
        to_oneself,
        helped_on,
        deleted,
    });
    prop::collection::vec(life, 0..40)
}

/// What the rules say that a history earns: of each day what is left of it, up to the limit.
fn model(lives: &[Life]) -> u32 {
    let mut days = BTreeMap::<u8, u32>::new();
    for life in lives.iter().filter(|life| !life.deleted && !life.to_oneself) {
        let worth = match life.weight {
            ResponseClass::Quick => 1,
            ResponseClass::Text => 3,
            ResponseClass::LongText => 5,
        };
        *days.entry(life.day).or_default() += worth;
        if let Some(day) = life.helped_on {
            *days.entry(day).or_default() += 10;
        }
    }
    days.into_values().map(|earned| earned.min(DAILY_POINTS)).sum()
}

fn history(ann: &Actor, lives: &[Life], start: Timestamp) -> Vec<Event> {
    let mut events = Vec::new();
    for life in lives {
        let on = |day: u8| start.after(Duration::from_hours(24) * u32::from(day));
        let about = answer(ann.user, if life.to_oneself { ann.user } else { user() }, on(life.day));
        events.push(event(on(life.day), given(about, life.weight)));
        events.extend(
            life.helped_on.map(|day| event(on(day), EventPayload::Response(ResponseEvent::MarkedHelpful(about)))),
        );
        events.extend(life.deleted.then(|| event(on(1), deleted(about))));
    }
    events
}

/// Brings all of it, some of it again, in some order, and looks at what is earned after each.
async fn hear_in_disorder(harness: &Harness, lives: &[Life], order: u64, repeated: &[Index]) {
    let ann = harness.person("ann").await;
    let mut events = history(&ann, lives, harness.clock.now().before(Duration::from_hours(30)));
    if !events.is_empty() {
        let again: Vec<_> = repeated.iter().map(|at| at.get(&events).clone()).collect();
        events.extend(again);
    }
    let mut shuffled: Vec<_> = events.iter().enumerate().collect();
    shuffled.sort_by_key(|(at, _)| (u64::try_from(*at).unwrap() + 1).wrapping_mul(order | 1).rotate_left(17));
    for (_, event) in shuffled {
        harness.reactions().handle(&event.clone().into()).await.unwrap();
        harness.points(&ann).await;
    }
    assert_eq!(harness.points(&ann).await, model(lives));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(24)))]

    #[test]
    fn any_order_with_any_repetitions_earns_what_the_rules_say(
        lives in lives(),
        order in any::<u64>(),
        repeated in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        block_on(async { hear_in_disorder(&sqlite().await, &lives, order, &repeated).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(kith_testkit::cases(8)))]

    #[test]
    fn any_order_with_any_repetitions_earns_what_the_rules_say_on_a_server(
        lives in lives(),
        order in any::<u64>(),
        repeated in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        block_on(async { hear_in_disorder(&postgres().await, &lives, order, &repeated).await });
    }
}

#[test]
fn an_answer_earns_when_it_is_published_and_while_staff_have_not_taken_it_away() {
    block_on(async {
        let harness = sqlite().await;
        let bob = harness.person("bob").await;
        let about = answer(bob.user, user(), harness.clock.now());
        let mut points = Vec::new();
        let acts = [
            VisibilityChange::Held,
            VisibilityChange::Released,
            VisibilityChange::Removed,
            VisibilityChange::Restored,
            VisibilityChange::Removed,
        ];
        for how in acts {
            let fact = EventPayload::Response(ResponseEvent::VisibilityChanged {
                response: about,
                class: ResponseClass::LongText,
                change: how,
            });
            let event = event(harness.clock.now(), fact);
            for _ in 0..2 {
                harness.reactions().handle(&event.clone().into()).await.unwrap();
            }
            points.push(harness.points(&bob).await);
        }
        let worth = policy::worth(ResponseClass::LongText);
        assert_eq!(points, [0, worth, 0, worth, 0]);
    });
}
