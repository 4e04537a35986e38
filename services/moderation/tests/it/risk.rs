//! Risk of open cases follows what becomes known about their reporters.

use kith_kernel::{Actor, CaseId};
use kith_moderation::domain::{Action, Reason};

use crate::harness::{Harness, postgres, sqlite};

/// Creates a post and reports it by each of these users.
async fn reported_post(harness: &Harness, author: &Actor, by: &[Actor], reason: Reason) -> CaseId {
    let post = harness.slices.add_post(author, None, "one evening more");
    let mut case = None;
    for actor in by {
        case = Some(harness.report(actor, post, reason).await.case);
    }
    case.unwrap()
}

async fn risks(harness: &Harness, cases: &[CaseId]) -> Vec<u32> {
    let mut risks = Vec::new();
    for case in cases {
        risks.push(harness.case(*case).await.risk);
    }
    risks
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn collusion_that_appears_later_lowers_the_risk_of_earlier_cases(harness: &Harness) {
        let (ann, bob) = (harness.member(), harness.member());
        let colluders = [harness.member(), harness.member(), harness.member(), harness.member()];
        let strangers = [harness.member(), harness.member(), harness.member(), harness.member()];
        let independent = reported_post(harness, &bob, &strangers, Reason::Harassment).await;
        let mut colluded = Vec::new();
        for _ in 0..5 {
            colluded.push(reported_post(harness, &ann, &colluders, Reason::Harassment).await);
        }
        let initial = risks(harness, &colluded).await;
        assert!(initial[0] > initial[4], "no collusion is known at first: {initial:?}");
        let before = harness.case(colluded[0]).await;
        harness.handle_events().await;
        let updated = risks(harness, &colluded).await;
        assert_eq!(updated, [initial[4]; 5]);
        assert!(updated[0] < harness.case(independent).await.risk, "independent reporters count separately");
        let after = harness.case(colluded[0]).await;
        assert_eq!((after.etag(), after.due_at), (before.etag(), before.due_at), "the etag does not change");
        assert_eq!(harness.events().await.len(), 0, "no event is published");
        let queue = harness.open_cases(&harness.moderator()).await;
        assert_eq!(queue[0].id, independent);
    }

    async fn decisions_change_the_risk_of_open_cases_of_the_same_reporters_and_author(harness: &Harness) {
        let (ann, eve, bob, mia) = (harness.member(), harness.member(), harness.member(), harness.moderator());
        let waiting = [
            reported_post(harness, &bob, std::slice::from_ref(&ann), Reason::Threat).await,
            reported_post(harness, &bob, std::slice::from_ref(&eve), Reason::Threat).await,
        ];
        harness.handle_events().await;
        let [first, second] = <[u32; 2]>::try_from(risks(harness, &waiting).await).unwrap();
        assert_eq!(first, second);
        for (reporter, action) in [(&ann, Action::Remove), (&eve, Action::Dismiss)] {
            for _ in 0..3 {
                let case =
                    reported_post(harness, &harness.member(), std::slice::from_ref(reporter), Reason::Spam).await;
                harness.decide(&mia, case, action).await;
            }
        }
        harness.handle_events().await;
        let [accurate, inaccurate] = <[u32; 2]>::try_from(risks(harness, &waiting).await).unwrap();
        assert!(accurate > first && inaccurate < first, "{accurate}, {first}, {inaccurate}");
        // Strikes of the author raise the risk of their other cases.
        let case = reported_post(harness, &bob, &[harness.member()], Reason::Spam).await;
        harness.decide(&mia, case, Action::Mute).await;
        harness.handle_events().await;
        let after_strike = risks(harness, &waiting).await;
        assert!(after_strike[0] > accurate && after_strike[1] > inaccurate, "{after_strike:?}");
    }
}
