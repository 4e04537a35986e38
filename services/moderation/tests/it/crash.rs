//! Crashes and unavailable slices between a decision and its enforcement.

use kith_moderation::domain::{Action, Reason};

use crate::harness::{Harness, hours, postgres, sqlite};

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn the_event_handler_completes_an_interrupted_enforcement(harness: &Harness) {
        let (ann, bob, staff) = (harness.member(), harness.member(), harness.moderator());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        harness.handle_events().await;
        let etag = harness.service().assign(&staff, case).await.unwrap().etag();
        harness.slices.set_unavailable(true);
        let decided = harness.service().decide(&staff, case, &etag, &harness.proposal(Action::Suspend), None).await;
        decided.unwrap_err();
        assert!(harness.slices.is_visible(post) && harness.slices.suspended_until(&bob).is_none());
        let decided = harness.store.decisions(case).await.unwrap();
        assert_eq!(decided.len(), 1, "decided but not enforced");
        let events = harness.events().await;
        assert!(harness.handle(&events[0]).await.unwrap_err().kind().is_retryable(), "the event is redelivered");
        harness.slices.set_unavailable(false);
        for event in &events {
            harness.handle(event).await.unwrap();
        }
        assert!(!harness.slices.is_visible(post) && harness.slices.suspended_until(&bob).is_some());
        let acts = harness.slices.action_count();
        for event in &events {
            harness.handle(event).await.unwrap();
        }
        assert_eq!(harness.slices.action_count(), acts, "enforced once");
    }

    async fn an_old_event_does_not_reverse_a_later_decision(harness: &Harness) {
        let (ann, bob) = (harness.member(), harness.member());
        let post = harness.slices.add_post(&bob, None, "a quote");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        let decision = harness.decide(&harness.moderator(), case, Action::Suspend).await;
        let old = harness.events().await;
        harness.service().appeal(&bob, decision.id, "It was a quote.").await.unwrap();
        harness.decide(&harness.moderator(), case, Action::Overturn).await;
        for event in &old {
            harness.handle(event).await.unwrap();
        }
        assert!(harness.slices.is_visible(post) && harness.slices.suspended_until(&bob).is_none());
    }

    async fn a_failed_expiry_is_repeated(harness: &Harness) {
        let (ann, bob) = (harness.member(), harness.member());
        let post = harness.slices.add_post(&bob, None, "spam");
        let case = harness.report(&ann, post, Reason::Spam).await.case;
        harness.decide(&harness.moderator(), case, Action::Mute).await;
        harness.clock.advance(hours(24));
        harness.slices.set_unavailable(true);
        harness.expire_sanctions().expire_due().await.unwrap_err();
        harness.slices.set_unavailable(false);
        assert_eq!(harness.expire_sanctions().expire_due().await.unwrap(), 1);
        assert!(harness.slices.muted_until(&bob).is_none());
        assert_eq!(harness.expire_sanctions().expire_due().await.unwrap(), 0);
    }
}
