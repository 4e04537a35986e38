//! What waits is weighed by what is known when the queue is read, not by what was known when it came in.

use kith_kernel::{Actor, CaseId};
use kith_moderation::domain::{Action, Reason};

use crate::bed::{Bed, postgres, sqlite};

/// One post of this person, reported by all of these one after the other.
async fn reported(bed: &Bed, author: &Actor, by: &[Actor], reason: Reason) -> CaseId {
    let post = bed.people.wrote(author, None, "one evening more");
    let mut case = None;
    for actor in by {
        case = Some(bed.report(actor, post, reason).await.case);
    }
    case.unwrap()
}

async fn risks(bed: &Bed, cases: &[CaseId]) -> Vec<u32> {
    let mut risks = Vec::new();
    for case in cases {
        risks.push(bed.case(*case).await.risk);
    }
    risks
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn what_people_report_together_first_weighs_what_they_report_together_last(bed: &Bed) {
        let (ann, bob) = (bed.person(), bed.person());
        let colluders = [bed.person(), bed.person(), bed.person(), bed.person()];
        let strangers = [bed.person(), bed.person(), bed.person(), bed.person()];
        let cruel = reported(bed, &bob, &strangers, Reason::Harassment).await;
        let mut colluded = Vec::new();
        for _ in 0..5 {
            colluded.push(reported(bed, &ann, &colluders, Reason::Harassment).await);
        }
        let came_in = risks(bed, &colluded).await;
        assert!(came_in[0] > came_in[4], "at first nothing is known of them: {came_in:?}");
        let before = bed.case(colluded[0]).await;
        bed.react().await;
        let known = risks(bed, &colluded).await;
        assert_eq!(known, [came_in[4]; 5]);
        assert!(known[0] < bed.case(cruel).await.risk, "four who have not agreed are four");
        let after = bed.case(colluded[0]).await;
        assert_eq!((after.etag(), after.due_at), (before.etag(), before.due_at), "who is at it is not sent away");
        assert_eq!(bed.events().await.len(), 0, "and nobody is called for it");
        let queue = bed.open_cases(&bed.moderator()).await;
        assert_eq!(queue[0].id, cruel);
    }

    async fn who_turns_out_right_or_wrong_weighs_so_in_what_waits(bed: &Bed) {
        let (ann, eve, bob, mia) = (bed.person(), bed.person(), bed.person(), bed.moderator());
        let waits = [
            reported(bed, &bob, std::slice::from_ref(&ann), Reason::Threat).await,
            reported(bed, &bob, std::slice::from_ref(&eve), Reason::Threat).await,
        ];
        bed.react().await;
        let [first, second] = <[u32; 2]>::try_from(risks(bed, &waits).await).unwrap();
        assert_eq!(first, second);
        for (who, action) in [(&ann, Action::Remove), (&eve, Action::Dismiss)] {
            for _ in 0..3 {
                let case = reported(bed, &bed.person(), std::slice::from_ref(who), Reason::Spam).await;
                bed.decide(&mia, case, action).await;
            }
        }
        bed.react().await;
        let [right, wrong] = <[u32; 2]>::try_from(risks(bed, &waits).await).unwrap();
        assert!(right > first && wrong < first, "{right}, {first}, {wrong}");
        // What counts against the author weighs in whatever else is about them.
        let case = reported(bed, &bob, &[bed.person()], Reason::Spam).await;
        bed.decide(&mia, case, Action::Mute).await;
        bed.react().await;
        let struck = risks(bed, &waits).await;
        assert!(struck[0] > right && struck[1] > wrong, "{struck:?}");
    }
}
