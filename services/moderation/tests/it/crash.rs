//! A process that dies, or slices that do not answer, between a decision and what it does.

use kith_kernel::ports::{Reaction as _, Sweep as _};
use kith_moderation::domain::{Action, Reason};

use crate::bed::{Bed, hours, postgres, sqlite};

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn what_was_decided_and_not_done_is_done_by_who_hears_of_it(bed: &Bed) {
        let (ann, bob, staff) = (bed.person(), bed.person(), bed.moderator());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        bed.react().await;
        let etag = bed.service().assign(&staff, case).await.unwrap().etag();
        bed.people.are_away(true);
        let membership_answers = bed.service().decide(&staff, case, &etag, &bed.proposal(Action::Suspend), None).await;
        membership_answers.unwrap_err();
        assert!(bed.people.is_there(post) && bed.people.suspended_until(&bob).is_none());
        let decided = bed.store.decisions(case).await.unwrap();
        assert_eq!(decided.len(), 1, "it is decided, and not yet true");
        let events = bed.events().await;
        assert!(bed.reactions().on(&events[0]).await.unwrap_err().kind().is_retryable(), "it comes again");
        bed.people.are_away(false);
        for event in &events {
            bed.reactions().on(event).await.unwrap();
        }
        assert!(!bed.people.is_there(post) && bed.people.suspended_until(&bob).is_some());
        let acts = bed.people.acts();
        for event in &events {
            bed.reactions().on(event).await.unwrap();
        }
        assert_eq!(bed.people.acts(), acts, "once is enough");
    }

    async fn an_old_event_does_not_undo_what_was_decided_since(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let post = bed.people.wrote(&bob, None, "a quote");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        let decision = bed.decide(&bed.moderator(), case, Action::Suspend).await;
        let old = bed.events().await;
        bed.service().appeal(&bob, decision.id, "It was a quote.").await.unwrap();
        bed.decide(&bed.moderator(), case, Action::Overturn).await;
        for event in &old {
            bed.reactions().on(event).await.unwrap();
        }
        assert!(bed.people.is_there(post) && bed.people.suspended_until(&bob).is_none());
    }

    async fn an_end_that_could_not_be_told_is_told_later(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let post = bed.people.wrote(&bob, None, "spam");
        let case = bed.report(&ann, post, Reason::Spam).await.case;
        bed.decide(&bed.moderator(), case, Action::Mute).await;
        bed.clock.pass(hours(24));
        bed.people.are_away(true);
        bed.endings().sweep().await.unwrap_err();
        bed.people.are_away(false);
        assert_eq!(bed.endings().sweep().await.unwrap(), 1);
        assert!(bed.people.muted_until(&bob).is_none());
        assert_eq!(bed.endings().sweep().await.unwrap(), 0);
    }
}
