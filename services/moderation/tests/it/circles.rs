//! Cases about circles: the circle is closed, and who answers for it is the person concerned.

use kith_kernel::{
    Actor, CaseId, CircleId, Fact, PersonaId, SystemEntropy,
    ports::{CircleRole, Reaction as _, Sweep as _},
};
use kith_moderation::{
    domain::{Action, Reason, State, Subject},
    policy::Refusal,
};

use crate::bed::{Bed, hours, postgres, sqlite};

/// A circle, who owns it, and who is in it.
struct Circle {
    id: CircleId,
    owner: Actor,
    persona: PersonaId,
    member: Actor,
}

fn circle(bed: &Bed) -> Circle {
    let (owner, member) = (bed.person(), bed.person());
    let id = CircleId::new(bed.now(), &SystemEntropy);
    bed.people.joins(&member, id, CircleRole::Member);
    Circle { id, persona: bed.people.joins(&owner, id, CircleRole::Owner), owner, member }
}

async fn reported(bed: &Bed, by: &Actor, circle: CircleId) -> CaseId {
    bed.service().report(by, Subject::Circle(circle), Reason::Scam, "look at this", None).await.unwrap().case
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_report_keeps_what_the_circle_says_and_concerns_who_owns_it(bed: &Bed) {
        let circle = circle(bed);
        let id = reported(bed, &circle.member, circle.id).await;
        let case = bed.case(id).await;
        assert_eq!((case.concerned, case.persona), (Some(circle.owner.user), Some(circle.persona)));
        assert_eq!(case.circle, Some(circle.id));
        let dossier = bed.service().dossier(&bed.moderator(), id).await.unwrap();
        assert_eq!(dossier.evidence[0].1.text, "Nights\n\nFor who cannot sleep.\n\nNo phones.\n\nsleep");
        let subject = Subject::Circle(circle.id);
        let own = bed.service().report(&circle.owner, subject, Reason::Scam, "", None).await.unwrap_err();
        assert!(matches!(own, kith_moderation::Error::Oneself), "{own:?}");
    }

    async fn whatever_is_done_to_the_owner_closes_the_circle_and_is_told(bed: &Bed) {
        for action in [Action::Remove, Action::Warn, Action::Mute, Action::Suspend, Action::Ban] {
            let circle = circle(bed);
            let case = reported(bed, &circle.member, circle.id).await;
            bed.announced().await;
            let decision = bed.decide(&bed.moderator(), case, action).await;
            assert!(bed.people.is_closed(circle.id), "{action:?}");
            let statement = Fact::StatementIssued { user: circle.owner.user, decision: decision.id };
            let told = bed.announced().await;
            assert!(told.contains(&statement), "{told:?}");
            assert!(
                told.iter().any(|fact| matches!(fact, Fact::ReportClosed { user, .. } if *user == circle.member.user))
            );
            assert_eq!(bed.people.muted_until(&circle.owner).is_some(), action == Action::Mute);
            let out = matches!(action, Action::Suspend | Action::Ban);
            assert_eq!(bed.people.suspended_until(&circle.owner).is_some(), out);
            assert!(bed.store.strikes(circle.owner.user, bed.now()).await.unwrap() > 0);
        }
    }

    async fn an_appeal_that_is_right_opens_it_and_one_that_is_not_leaves_it_closed(bed: &Bed) {
        for (action, closed) in [(Action::Uphold, true), (Action::Overturn, false)] {
            let circle = circle(bed);
            let case = reported(bed, &circle.member, circle.id).await;
            let decision = bed.decide(&bed.moderator(), case, Action::Suspend).await;
            bed.service().appeal(&circle.owner, decision.id, "We do no harm.").await.unwrap();
            assert!(bed.people.is_closed(circle.id), "an appeal alone opens nothing");
            bed.decide(&bed.moderator(), case, action).await;
            assert_eq!(bed.people.is_closed(circle.id), closed, "{action:?}");
            assert_eq!(bed.people.suspended_until(&circle.owner).is_some(), closed, "{action:?}");
        }
    }

    async fn what_was_decided_and_not_done_is_done_by_who_hears_of_it(bed: &Bed) {
        let circle = circle(bed);
        let case = reported(bed, &circle.member, circle.id).await;
        bed.react().await;
        let staff = bed.moderator();
        let etag = bed.service().assign(&staff, case).await.unwrap().etag();
        // Who keeps the circle is asked before; the rest does not answer.
        bed.people.close_nothing(true);
        bed.service().decide(&staff, case, &etag, &bed.proposal(Action::Remove), None).await.unwrap_err();
        assert!(!bed.people.is_closed(circle.id));
        bed.people.close_nothing(false);
        let events = bed.events().await;
        for _ in 0..2 {
            for event in &events {
                bed.reactions().on(event).await.unwrap();
            }
        }
        assert!(bed.people.is_closed(circle.id));
        assert_eq!(bed.people.acts(), 1, "once is enough");
    }

    async fn a_later_word_holds_and_an_old_event_does_not_undo_it(bed: &Bed) {
        let circle = circle(bed);
        let first = reported(bed, &circle.member, circle.id).await;
        bed.people.close_nothing(true);
        let staff = bed.moderator();
        let etag = bed.service().assign(&staff, first).await.unwrap().etag();
        bed.service().decide(&staff, first, &etag, &bed.proposal(Action::Remove), None).await.unwrap_err();
        // Before it is closed, somebody reports it once more.
        let second = reported(bed, &circle.member, circle.id).await;
        assert_ne!(first, second);
        bed.people.close_nothing(false);
        let old = bed.events().await;
        bed.decide(&bed.moderator(), second, Action::Restore).await;
        for event in &old {
            bed.reactions().on(event).await.unwrap();
        }
        assert!(!bed.people.is_closed(circle.id));
    }

    async fn an_end_of_what_keeps_the_owner_out_opens_nothing(bed: &Bed) {
        let circle = circle(bed);
        let case = reported(bed, &circle.member, circle.id).await;
        bed.decide(&bed.moderator(), case, Action::Suspend).await;
        bed.clock.pass(hours(25));
        bed.endings().sweep().await.unwrap();
        assert!(bed.people.suspended_until(&circle.owner).is_none());
        assert!(bed.people.is_closed(circle.id), "as what somebody wrote stays removed");
    }

    async fn where_nobody_answers_for_it_the_circle_alone_is_closed(bed: &Bed) {
        let member = bed.person();
        let id = CircleId::new(bed.now(), &SystemEntropy);
        bed.people.joins(&member, id, CircleRole::Member);
        let (case, staff) = (reported(bed, &member, id).await, bed.moderator());
        let etag = bed.service().assign(&staff, case).await.unwrap().etag();
        for action in [Action::Warn, Action::Mute, Action::Suspend, Action::Ban] {
            let refused = bed.service().decide(&staff, case, &etag, &bed.proposal(action), None).await.unwrap_err();
            assert!(matches!(refused, kith_moderation::Error::Refused(Refusal::WrongAction)), "{refused:?}");
        }
        let decision = bed.decide(&staff, case, Action::Remove).await;
        assert!(bed.people.is_closed(id));
        assert_eq!((decision.concerned, decision.appeal.until), (None, None));
        let told = bed.announced().await;
        assert!(!told.iter().any(|fact| matches!(fact, Fact::StatementIssued { .. })), "{told:?}");
    }

    async fn who_keeps_a_closed_circle_still_decides_nothing_about_it(bed: &Bed) {
        let circle = circle(bed);
        let keeper = bed.moderator();
        bed.people.joins(keeper.actor(), circle.id, CircleRole::Keeper);
        let case = reported(bed, &circle.member, circle.id).await;
        assert_eq!(bed.open_cases(&keeper).await, []);
        let decision = bed.decide(&bed.moderator(), case, Action::Remove).await;
        bed.service().appeal(&circle.owner, decision.id, "We do no harm.").await.unwrap();
        let appealed = bed.service().queue(&keeper, State::Appealed, kith_kernel::PageSize::MAX, "").await.unwrap().0;
        assert_eq!(appealed, []);
        let refused = bed.service().assign(&keeper, case).await.unwrap_err();
        assert!(matches!(refused, kith_moderation::Error::NoSuchCase), "{refused:?}");
    }

    async fn what_is_closed_cannot_be_reported(bed: &Bed) {
        let circle = circle(bed);
        let case = reported(bed, &circle.member, circle.id).await;
        bed.decide(&bed.moderator(), case, Action::Remove).await;
        let subject = Subject::Circle(circle.id);
        let refused = bed.service().report(&circle.member, subject, Reason::Scam, "", None).await.unwrap_err();
        assert!(matches!(refused, kith_moderation::Error::NoSuchSubject), "{refused:?}");
    }
}
