//! A moderator's day: 60 reports over 20 subjects from 15 people, some of whom act together.

use kith_kernel::{Actor, CaseId, PostId, ports::Sweep as _};
use kith_moderation::domain::{Accuracy, Action, AppealState, Outcome, Reason, State};
use kith_testkit::block_on;

use crate::bed::{Bed, hours, sqlite};

const ADDRESS: &str = "Her full name is Maria Weber, 12 Elm Street, phone 555 012 3456. Pay her a visit.";

/// Whoever is there on this day.
struct Town {
    /// Report what is wrong.
    honest: Vec<Actor>,
    /// Report the same people together, for nothing.
    colluders: Vec<Actor>,
    authors: Vec<Actor>,
    reports: u32,
}

impl Town {
    fn new(bed: &Bed) -> Self {
        let people = |many: usize| (0..many).map(|_| bed.person()).collect();
        Self { honest: people(10), colluders: people(5), authors: people(6), reports: 0 }
    }

    async fn report(&mut self, bed: &Bed, by: &[Actor], post: PostId, reason: Reason) -> CaseId {
        let mut case = None;
        for actor in by {
            case = Some(bed.report(actor, post, reason).await.case);
            self.reports += 1;
        }
        case.unwrap()
    }
}

/// Earlier, the colluders reported three things together for nothing, and four honest people three that were wrong.
async fn before(bed: &Bed, town: &mut Town) {
    let (honest, colluders) = (town.honest.clone(), town.colluders.clone());
    for round in 0..3 {
        let harmless = bed.people.wrote(&town.authors[0], None, &format!("day {round} without a drink"));
        let case = town.report(bed, &colluders, harmless, Reason::Harassment).await;
        bed.decide(&bed.moderator(), case, Action::Dismiss).await;
        let spam = bed.people.wrote(&town.authors[1], None, "buy now");
        let case = town.report(bed, &honest[..1], spam, Reason::Spam).await;
        bed.decide(&bed.moderator(), case, Action::Remove).await;
    }
}

#[test]
fn a_day_of_sixty_reports_is_cleared_in_the_order_of_risk() {
    block_on(async {
        let bed = sqlite().await;
        let mut town = Town::new(&bed);
        let (honest, colluders) = (town.honest.clone(), town.colluders.clone());
        before(&bed, &mut town).await;
        bed.clock.pass(hours(100 * 24));
        town.reports = 0;
        let (mia, max) = (bed.moderator(), bed.moderator());

        // One report hides an address at once.
        let address = bed.people.wrote(&town.authors[2], None, ADDRESS);
        let doxxing = town.report(&bed, &honest[..1], address, Reason::Doxxing).await;
        assert!(!bed.people.is_there(address));

        // Five who act together report one person for nothing; nothing is hidden, and it waits behind one honest report.
        let target = bed.people.wrote(&town.authors[0], None, "Thank you all. Thirty days today.");
        let collusion = town.report(&bed, &colluders, target, Reason::Threat).await;
        assert!(bed.people.is_there(target));
        let threat = bed.people.wrote(&town.authors[3], None, "I will find you and I will hurt you.");
        let threatened = town.report(&bed, &honest[1..2], threat, Reason::Threat).await;
        assert!(!bed.people.is_there(threat));

        // All else that came in: 17 subjects, 53 reports.
        let reasons = [Reason::Harassment, Reason::Spam, Reason::Scam, Reason::Substances, Reason::Other];
        for number in 0..17_usize {
            let post = bed.people.wrote(&town.authors[number % 6], None, &format!("something {number}"));
            let many = if number < 2 { 4 } else { 3 };
            let from = number % 7;
            let by = town.honest[from..].iter().chain(&town.honest[..from]).take(many).cloned().collect::<Vec<_>>();
            town.report(&bed, &by, post, reasons[number % 5]).await;
        }
        assert_eq!(town.reports, 60);
        let queue = bed.open_cases(&mia).await;
        assert_eq!(queue.len(), 20);
        assert!(queue.is_sorted_by(|one, other| one.risk >= other.risk));
        let place = |case| queue.iter().position(|it| it.id == case).unwrap();
        assert!(place(threatened) < place(collusion) && place(doxxing) < place(collusion));
        assert!(place(collusion) > 5, "five who are always wrong weigh less than most: {}", place(collusion));
        let dossier = bed.service().dossier(&mia, collusion).await.unwrap();
        assert!(dossier.reports.iter().all(|report| report.accuracy == Accuracy::Low));

        // The day's work. Nobody decides what a colleague has taken.
        let mut appealable = None;
        for case in &queue {
            let action = match case.id {
                it if it == doxxing => Action::Ban,
                it if it == threatened => Action::Suspend,
                it if it == collusion => Action::Dismiss,
                _ if case.reasons == [Reason::Other] => Action::Dismiss,
                _ => Action::Warn,
            };
            let decision = bed.decide(&mia, case.id, action).await;
            if action == Action::Warn {
                appealable = Some((case.clone(), decision));
            }
        }
        assert_eq!(bed.open_cases(&mia).await, []);
        assert!(bed.people.is_there(target));
        let suspended = &town.authors[3];
        assert!(bed.people.suspended_until(suspended).is_some());
        assert!(bed.people.suspended_until(&town.authors[2]).is_some());

        // An appeal overturns, by somebody else.
        let (case, decision) = appealable.unwrap();
        let author = town.authors.iter().find(|it| Some(it.user) == case.concerned).unwrap();
        let strikes = bed.standing(author).await.strikes;
        bed.service().appeal(author, decision.id, "It was a joke between friends.").await.unwrap();
        bed.service().assign(&mia, case.id).await.unwrap_err();
        bed.decide(&max, case.id, Action::Overturn).await;
        let standing = bed.standing(author).await;
        assert_eq!(standing.strikes, strikes - 1);
        let told = standing.statements.iter().find(|it| it.decision.id == decision.id).unwrap();
        assert_eq!(told.decision.appeal.state, AppealState::Overturned);
        assert_eq!(bed.case(case.id).await.state, State::Settled);

        // A suspension ends by itself; the ban does not.
        bed.clock.pass(hours(24));
        bed.endings().sweep().await.unwrap();
        assert_eq!(bed.people.suspended_until(suspended), None);
        assert!(bed.people.suspended_until(&town.authors[2]).is_some());

        // Everybody who reported knows that it is done, and the books agree.
        for actor in town.honest.iter().chain(&town.colluders) {
            let (reports, _) = bed.service().my_reports(actor, kith_kernel::PageSize::MAX, "").await.unwrap();
            assert!(reports.iter().all(|report| report.outcome.is_some()));
        }
        let (reports, _) = bed.service().my_reports(&town.colluders[0], kith_kernel::PageSize::MAX, "").await.unwrap();
        assert!(reports.iter().all(|report| report.outcome == Some(Outcome::Dismissed)));
        let stats = bed.service().stats(&mia).await.unwrap();
        assert_eq!((stats.open, stats.appealed, stats.overturned, stats.hidden), (0, 0, 1, 0));
        bed.react().await;
        assert!(bed.people.suspended_until(suspended).is_none(), "what was heard late changes nothing");
    });
}
