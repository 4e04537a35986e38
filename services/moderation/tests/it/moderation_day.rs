//! One day of moderation: 60 reports on 20 subjects by 15 users, some of whom collude.

use kith_kernel::{Actor, CaseId, PostId};
use kith_moderation::domain::{Accuracy, Action, AppealState, CaseState, Reason, ReportOutcome};
use kith_testkit::block_on;

use crate::harness::{Harness, hours, sqlite};

const ADDRESS: &str = "Her full name is Maria Weber, 12 Elm Street, phone 555 012 3456. Pay her a visit.";

/// Accounts of the scenario.
struct Scenario {
    /// Report violations.
    honest: Vec<Actor>,
    /// Report the same users together without a violation.
    colluders: Vec<Actor>,
    authors: Vec<Actor>,
    reports: u32,
}

impl Scenario {
    fn new(harness: &Harness) -> Self {
        let slices = |count: usize| (0..count).map(|_| harness.member()).collect();
        Self { honest: slices(10), colluders: slices(5), authors: slices(6), reports: 0 }
    }

    async fn report(&mut self, harness: &Harness, by: &[Actor], post: PostId, reason: Reason) -> CaseId {
        let mut case = None;
        for actor in by {
            case = Some(harness.report(actor, post, reason).await.case);
            self.reports += 1;
        }
        case.unwrap()
    }
}

/// Earlier reports: three common reports of the colluders were dismissed, and three reports of an honest user led to
/// action.
async fn earlier_reports(harness: &Harness, scenario: &mut Scenario) {
    let (honest, colluders) = (scenario.honest.clone(), scenario.colluders.clone());
    for round in 0..3 {
        let harmless = harness.slices.add_post(&scenario.authors[0], None, &format!("day {round} without a drink"));
        let case = scenario.report(harness, &colluders, harmless, Reason::Harassment).await;
        harness.decide(&harness.moderator(), case, Action::Dismiss).await;
        let spam = harness.slices.add_post(&scenario.authors[1], None, "buy now");
        let case = scenario.report(harness, &honest[..1], spam, Reason::Spam).await;
        harness.decide(&harness.moderator(), case, Action::Remove).await;
    }
}

#[test]
fn sixty_reports_of_a_day_are_decided_in_order_of_risk() {
    block_on(async {
        let harness = sqlite().await;
        let mut scenario = Scenario::new(&harness);
        let (honest, colluders) = (scenario.honest.clone(), scenario.colluders.clone());
        earlier_reports(&harness, &mut scenario).await;
        harness.clock.advance(hours(100 * 24));
        scenario.reports = 0;
        let (mia, max) = (harness.moderator(), harness.moderator());

        // One report hides an address.
        let address = harness.slices.add_post(&scenario.authors[2], None, ADDRESS);
        let doxxing = scenario.report(&harness, &honest[..1], address, Reason::Doxxing).await;
        assert!(!harness.slices.is_visible(address));

        // Five colluders report a user without a violation. Nothing is hidden, and the case ranks below one honest
        // report.
        let target = harness.slices.add_post(&scenario.authors[0], None, "Thank you all. Thirty days today.");
        let collusion = scenario.report(&harness, &colluders, target, Reason::Threat).await;
        assert!(harness.slices.is_visible(target));
        let threat = harness.slices.add_post(&scenario.authors[3], None, "I will find you and I will hurt you.");
        let threatened = scenario.report(&harness, &honest[1..2], threat, Reason::Threat).await;
        assert!(!harness.slices.is_visible(threat));

        // The other 53 reports on 17 subjects.
        let reasons = [Reason::Harassment, Reason::Spam, Reason::Scam, Reason::Substances, Reason::Other];
        for number in 0..17_usize {
            let post = harness.slices.add_post(&scenario.authors[number % 6], None, &format!("something {number}"));
            let count = if number < 2 { 4 } else { 3 };
            let from = number % 7;
            let by =
                scenario.honest[from..].iter().chain(&scenario.honest[..from]).take(count).cloned().collect::<Vec<_>>();
            scenario.report(&harness, &by, post, reasons[number % 5]).await;
        }
        assert_eq!(scenario.reports, 60);
        let queue = harness.open_cases(&mia).await;
        assert_eq!(queue.len(), 20);
        assert!(queue.is_sorted_by(|one, other| one.risk >= other.risk));
        let rank = |case| queue.iter().position(|it| it.id == case).unwrap();
        assert!(rank(threatened) < rank(collusion) && rank(doxxing) < rank(collusion));
        assert!(rank(collusion) > 5, "five inaccurate reporters rank below most cases: {}", rank(collusion));
        let case_details = harness.service().case_details(&mia, collusion).await.unwrap();
        assert!(case_details.reports.iter().all(|report| report.accuracy == Accuracy::Low));

        // One moderator decides all cases.
        let mut appealable = None;
        for case in &queue {
            let action = match case.id {
                it if it == doxxing => Action::Ban,
                it if it == threatened => Action::Suspend,
                it if it == collusion => Action::Dismiss,
                _ if case.reasons == [Reason::Other] => Action::Dismiss,
                _ => Action::Warn,
            };
            let decision = harness.decide(&mia, case.id, action).await;
            if action == Action::Warn {
                appealable = Some((case.clone(), decision));
            }
        }
        assert_eq!(harness.open_cases(&mia).await, []);
        assert!(harness.slices.is_visible(target));
        let suspended = &scenario.authors[3];
        assert!(harness.slices.suspended_until(suspended).is_some());
        assert!(harness.slices.suspended_until(&scenario.authors[2]).is_some());

        // Another moderator overturns a decision on appeal.
        let (case, decision) = appealable.unwrap();
        let author = scenario.authors.iter().find(|it| Some(it.user) == case.affected_account).unwrap();
        let strikes = harness.account_standing(author).await.strikes;
        harness.service().appeal(author, decision.id, "It was a joke between friends.").await.unwrap();
        harness.service().assign(&mia, case.id).await.unwrap_err();
        harness.decide(&max, case.id, Action::Overturn).await;
        let standing = harness.account_standing(author).await;
        assert_eq!(standing.strikes, strikes - 1);
        let statement = standing.statements.iter().find(|it| it.decision.id == decision.id).unwrap();
        assert_eq!(statement.decision.appeal.state, AppealState::Overturned);
        assert_eq!(harness.case(case.id).await.state, CaseState::AppealDecided);

        // The suspension expires; the ban does not.
        harness.clock.advance(hours(24));
        harness.expire_sanctions().expire_due().await.unwrap();
        assert_eq!(harness.slices.suspended_until(suspended), None);
        assert!(harness.slices.suspended_until(&scenario.authors[2]).is_some());

        // All reports have an outcome, and the statistics agree.
        for actor in scenario.honest.iter().chain(&scenario.colluders) {
            let (reports, _) = harness.service().my_reports(actor, kith_kernel::PageSize::MAX, "").await.unwrap();
            assert!(reports.iter().all(|report| report.outcome.is_some()));
        }
        let (reports, _) =
            harness.service().my_reports(&scenario.colluders[0], kith_kernel::PageSize::MAX, "").await.unwrap();
        assert!(reports.iter().all(|report| report.outcome == Some(ReportOutcome::Dismissed)));
        let stats = harness.service().stats(&mia).await.unwrap();
        assert_eq!((stats.open, stats.appealed, stats.overturned, stats.hidden), (0, 0, 1, 0));
        harness.handle_events().await;
        assert!(harness.slices.suspended_until(suspended).is_none(), "late events change nothing");
    });
}
