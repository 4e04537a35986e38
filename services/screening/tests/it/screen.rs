//! `RuleScreen`: screening by the newest rules.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use kith_kernel::{
    Clock as _, ContentId, EventId, PostId, SystemEntropy,
    audit::{AuditAction, AuditEntry},
    ports::{HoldReason, ScreenVerdict, SubmittedText},
};
use kith_screening::{RuleScreen, TextScreen as _, store::RuleSetVersion};
use kith_screening_engine::{Action, Rule, RuleSet};
use kith_testkit::{block_on, user};

use crate::harness::{FaultyStore, Harness, admin, sqlite};

const PHONE: &str = "call me at 555-867-5309";

async fn screen_post(bed: &Harness, screen: &RuleScreen, text: &str) -> ScreenVerdict {
    let content = bed.post(text);
    screen.screen(&SubmittedText { content, author: user(), circle: None, text: text.into() }).await.unwrap()
}

fn rule(name: &str) -> Rule {
    RuleSet::default_rules().unwrap().rules.into_iter().find(|it| it.name == name).unwrap()
}

#[test]
fn contact_details_and_scams_are_held_with_a_reason_and_a_crisis_never() {
    block_on(async {
        let bed = sqlite().await;
        let screen = bed.screen();
        let verdict = screen_post(&bed, &screen, PHONE).await;
        let hold = verdict.hold.unwrap();
        assert_eq!((hold.rule.as_str(), hold.reason, verdict.version), ("phone", HoldReason::Contact, 1));
        let scam = screen_post(&bed, &screen, "send * me bitcoin and double your bitcoin").await.hold.unwrap();
        assert_eq!(scam.reason, HoldReason::Scam);
        let crisis = screen_post(&bed, &screen, &format!("I want to die. {PHONE}")).await;
        assert_eq!((crisis.hold, crisis.crisis), (None, true));
        let plain = screen_post(&bed, &screen, "day 12, still here").await;
        assert_eq!((plain.hold, plain.crisis), (None, false));
    });
}

#[test]
fn a_rule_applies_at_once_here_and_within_five_seconds_on_another_node() {
    block_on(async {
        let bed = sqlite().await;
        let (service, other_node) = (bed.service(), bed.screen());
        assert!(screen_post(&bed, &other_node, PHONE).await.hold.is_some());
        let shadow = Rule { action: Action::Shadow, ..rule("phone") };
        service.put(&admin(), shadow, "1").await.unwrap();
        let here = screen_post(&bed, &service.screen, PHONE).await;
        assert_eq!((here.hold, here.version), (None, 2), "a shadow rule holds nothing");
        assert_eq!(screen_post(&bed, &other_node, PHONE).await.version, 1);
        bed.clock.advance(Duration::from_secs(5));
        let there = screen_post(&bed, &other_node, PHONE).await;
        assert_eq!((there.hold, there.version), (None, 2));
    });
}

#[test]
fn while_the_store_is_unavailable_the_last_known_rules_apply() {
    block_on(async {
        let bed = sqlite().await;
        bed.service().put(&admin(), Rule { name: "more".into(), ..rule("phone") }, "1").await.unwrap();
        let store = Arc::new(FaultyStore { store: bed.store.clone(), is_broken: true.into(), calls: 0.into() });
        let screen = RuleScreen::new(store.clone(), bed.clock.clone()).unwrap();
        let first = screen_post(&bed, &screen, PHONE).await;
        assert_eq!((first.hold.is_some(), first.version), (true, 1), "built-in rules apply before the first read");
        bed.clock.advance(Duration::from_secs(1));
        store.is_broken.store(false, Ordering::SeqCst);
        assert_eq!(screen_post(&bed, &screen, PHONE).await.version, 2, "the read is retried after a second");
        store.is_broken.store(true, Ordering::SeqCst);
        bed.clock.advance(Duration::from_mins(5));
        let last = screen_post(&bed, &screen, PHONE).await;
        assert_eq!((last.hold.is_some(), last.version), (true, 2));
    });
}

#[test]
fn the_store_is_read_once_per_ttl() {
    block_on(async {
        let bed = sqlite().await;
        let store = Arc::new(FaultyStore { store: bed.store.clone(), is_broken: false.into(), calls: 0.into() });
        let screen = RuleScreen::new(store.clone(), bed.clock.clone()).unwrap();
        for _ in 0..50 {
            screen_post(&bed, &screen, "hello").await;
        }
        assert_eq!(*store.calls.lock().unwrap(), 1);
        bed.clock.set(kith_kernel::Timestamp::from_millis(0));
        screen_post(&bed, &screen, "hello").await;
        assert_eq!(*store.calls.lock().unwrap(), 2, "a clock that is set back does not stop refreshes");
    });
}

#[test]
fn an_invalid_stored_rule_set_leaves_the_last_valid_one_in_force() {
    block_on(async {
        let bed = sqlite().await;
        let screen = bed.screen();
        let mut rules = RuleSet::default_rules().unwrap();
        rules.version = 2;
        rules.rules[0].threshold = 0;
        let version = RuleSetVersion { rules, changed_rule: "phone".into(), author: user(), at: bed.clock.now() };
        let entry = AuditEntry {
            id: EventId::new(version.at, &SystemEntropy),
            at: version.at,
            actor: version.author,
            session: None,
            action: AuditAction::RuleChanged,
            subject: "rule:phone".into(),
            detail: "version=2".into(),
        };
        bed.store.insert(&version, &entry).await.unwrap();
        let content = ContentId::Post(PostId::new(version.at, &SystemEntropy));
        let text = SubmittedText { content, author: user(), circle: None, text: PHONE.into() };
        let verdict = screen.screen(&text).await.unwrap();
        assert_eq!((verdict.hold.is_some(), verdict.version), (true, 1));
    });
}
