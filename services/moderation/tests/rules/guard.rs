//! The screen by the newest rules.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use kith_kernel::{
    Content, PostId, SystemEntropy,
    ports::{HoldReason, Screen as _, Verdict, Written},
};
use kith_moderation::rules::Guard;
use kith_screening_engine::{Action, Rule, Rules};
use kith_testkit::{block_on, user};

use crate::bed::{Bed, Breakable, admin, sqlite};

const PHONE: &str = "call me at 555-867-5309";

async fn look(bed: &Bed, guard: &Guard, text: &str) -> Verdict {
    let content = bed.post(text);
    guard.look(&Written { content, author: user(), circle: None, text: text.into() }).await.unwrap()
}

fn rule(name: &str) -> Rule {
    Rules::standard().unwrap().rules.into_iter().find(|it| it.name == name).unwrap()
}

#[test]
fn a_contact_and_a_fraud_are_held_for_what_they_are_and_a_crisis_never() {
    block_on(async {
        let bed = sqlite().await;
        let guard = bed.guard();
        let verdict = look(&bed, &guard, PHONE).await;
        let hold = verdict.hold.unwrap();
        assert_eq!((hold.rule.as_str(), hold.reason, verdict.version), ("phone", HoldReason::Contact, 1));
        let fraud = look(&bed, &guard, "send * me bitcoin and double your bitcoin").await.hold.unwrap();
        assert_eq!(fraud.reason, HoldReason::Scam);
        let crisis = look(&bed, &guard, &format!("I want to die. {PHONE}")).await;
        assert_eq!((crisis.hold, crisis.crisis), (None, true));
        let plain = look(&bed, &guard, "day 12, still here").await;
        assert_eq!((plain.hold, plain.crisis), (None, false));
    });
}

#[test]
fn a_rule_counts_at_once_where_it_was_put_and_within_five_seconds_elsewhere() {
    block_on(async {
        let bed = sqlite().await;
        let (book, elsewhere) = (bed.rulebook(), bed.guard());
        assert!(look(&bed, &elsewhere, PHONE).await.hold.is_some());
        let shadow = Rule { action: Action::Shadow, ..rule("phone") };
        book.put(&admin(), shadow, "1").await.unwrap();
        let here = look(&bed, &book.guard, PHONE).await;
        assert_eq!((here.hold, here.version), (None, 2), "what is in shadow holds nothing");
        assert_eq!(look(&bed, &elsewhere, PHONE).await.version, 1);
        bed.clock.pass(Duration::from_secs(5));
        let there = look(&bed, &elsewhere, PHONE).await;
        assert_eq!((there.hold, there.version), (None, 2));
    });
}

#[test]
fn while_the_store_is_out_of_reach_the_last_rules_count() {
    block_on(async {
        let bed = sqlite().await;
        bed.rulebook().put(&admin(), Rule { name: "more".into(), ..rule("phone") }, "1").await.unwrap();
        let store = Arc::new(Breakable { store: bed.store.clone(), broken: true.into(), asked: 0.into() });
        let guard = Guard::new(store.clone(), bed.clock.clone()).unwrap();
        let first = look(&bed, &guard, PHONE).await;
        assert_eq!((first.hold.is_some(), first.version), (true, 1), "the standard counts before any is read");
        bed.clock.pass(Duration::from_secs(1));
        store.broken.store(false, Ordering::SeqCst);
        assert_eq!(look(&bed, &guard, PHONE).await.version, 2, "it is asked again a second later");
        store.broken.store(true, Ordering::SeqCst);
        bed.clock.pass(Duration::from_mins(5));
        let last = look(&bed, &guard, PHONE).await;
        assert_eq!((last.hold.is_some(), last.version), (true, 2));
    });
}

#[test]
fn the_store_is_asked_no_more_than_it_must_be() {
    block_on(async {
        let bed = sqlite().await;
        let store = Arc::new(Breakable { store: bed.store.clone(), broken: false.into(), asked: 0.into() });
        let guard = Guard::new(store.clone(), bed.clock.clone()).unwrap();
        for _ in 0..50 {
            look(&bed, &guard, "hello").await;
        }
        assert_eq!(*store.asked.lock().unwrap(), 1);
        bed.clock.set(kith_kernel::Timestamp::from_millis(0));
        look(&bed, &guard, "hello").await;
        assert_eq!(*store.asked.lock().unwrap(), 2, "a clock that was set back does not stop it");
    });
}

#[test]
fn rules_that_cannot_be_used_leave_the_last_ones() {
    block_on(async {
        let bed = sqlite().await;
        let guard = bed.guard();
        let mut rules = Rules::standard().unwrap();
        rules.version = 2;
        rules.rules[0].threshold = 0;
        let kept = kith_moderation::rules::store::Kept {
            rules,
            name: "phone".into(),
            by: user(),
            at: kith_kernel::Clock::now(&*bed.clock),
        };
        let entry = kith_kernel::audit::Entry {
            id: kith_kernel::EventId::new(kept.at, &SystemEntropy),
            at: kept.at,
            actor: kept.by,
            session: None,
            act: kith_kernel::audit::Act::RulePut,
            subject: "rule:phone".into(),
            detail: "version=2".into(),
        };
        bed.store.put(&kept, &entry).await.unwrap();
        let content = Content::Post(PostId::new(kept.at, &SystemEntropy));
        let written = Written { content, author: user(), circle: None, text: PHONE.into() };
        let verdict = guard.look(&written).await.unwrap();
        assert_eq!((verdict.hold.is_some(), verdict.version), (true, 1));
    });
}
