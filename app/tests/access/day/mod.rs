//! A moderator's day, through the whole program: sixty reports about twenty things by fifteen people, four of whom have
//! agreed on whom to get rid of.
//!
//! | file | holds |
//! | --- | --- |
//! | here | the day, from morning to the next |
//! | `town` | who there is, what they wrote, what they are asked |

mod town;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::{Value, json};

use self::town::{Subject, Town};
use crate::house::{Size, text};

on_both_sizes!(a_days_queue_is_cleared_and_each_decision_is_true_everywhere);

async fn a_days_queue_is_cleared_and_each_decision_is_true_everywhere(size: Size) {
    let mut town = Town::open(size).await;
    a_doxxing_post_is_hidden_after_one_report(&town).await;
    sixty_reports_are_twenty_cases(&town).await;
    the_queue_is_cleared(&town).await;
    what_was_removed_is_gone_and_what_was_not_is_there(&town).await;
    everybody_is_told(&mut town).await;
    an_appeal_overturns(&mut town).await;
    what_has_an_end_ends(&mut town).await;
    all_of_it_is_in_the_trail(&town).await;
}

async fn a_doxxing_post_is_hidden_after_one_report(town: &Town) {
    let post = town.id(Subject::Doxxing);
    assert!(town.sees(&town.passer_by, post).await);
    town.report(&town.honest[0], Subject::Doxxing).await;
    town.settle().await;
    assert!(!town.sees(&town.passer_by, post).await, "it is hidden after one report");
    let own = town
        .ask(town::POST, &town.fresh(town.author(Subject::Doxxing)).await, &json!({ "postId": post }))
        .await
        .unwrap();
    assert!(!own["post"]["moderation"].is_null(), "its author is told: {own}");
}

async fn sixty_reports_are_twenty_cases(town: &Town) {
    town.report_all_others().await;
    town.settle().await;
    let queue = town.queue(&town.judge).await;
    let reports: u64 = queue.iter().map(|case| case["reports"].as_u64().unwrap()).sum();
    assert_eq!((queue.len(), reports), (20, 60));
    let risk: BTreeMap<String, u64> =
        queue.iter().map(|case| (text(&case["subjectId"]), case["risk"].as_u64().unwrap())).collect();
    assert!(queue.windows(2).all(|pair| pair[0]["risk"].as_u64() >= pair[1]["risk"].as_u64()), "{queue:?}");
    let least_cruel = (0..5).map(|nth| risk[town.id(Subject::Cruel(nth))]).min().unwrap();
    for nth in 0..5 {
        // What they reported first weighs by now what they reported last.
        let colluded = risk[town.id(Subject::Colluded(nth))];
        assert!(colluded < least_cruel, "who agree again and again are one voice: {colluded} and {least_cruel}");
        assert!(colluded < risk[town.id(Subject::Doxxing)], "one grave report weighs more");
        assert!(town.sees(&town.passer_by, town.id(Subject::Colluded(nth))).await, "numbers hide nothing");
    }
}

async fn the_queue_is_cleared(town: &Town) {
    let mut aliases = BTreeSet::new();
    let mut count = 0;
    loop {
        let queue = town.queue(&town.judge).await;
        let Some(first) = queue.first() else { break };
        let subject = town.subject(&text(&first["subjectId"]));
        let case = town.take(&town.judge, first).await;
        for report in case["reports"].as_array().unwrap() {
            count += 1;
            assert!(aliases.insert(text(&report["alias"])), "one alias names nobody in two cases");
        }
        let said = case.to_string();
        for person in town.everybody() {
            assert!(!said.contains(&person.account), "an account is named");
        }
        assert!(town.reporters().all(|reporter| !said.contains(&reporter.persona)), "a reporter is named");
        town.decide(&town.judge, &case["case"], town.verdict(subject)).await.unwrap();
    }
    assert_eq!(count, 60);
    town.settle().await;
}

async fn what_was_removed_is_gone_and_what_was_not_is_there(town: &Town) {
    let feed = town.feed(&town.passer_by).await;
    for subject in Subject::all().filter(|subject| *subject != Subject::CruelAnswer) {
        let (post, stays) = (town.id(subject), town.stays(subject));
        assert_eq!(town.sees(&town.passer_by, post).await, stays, "{subject:?}");
        assert_eq!(feed.contains(post), stays, "{subject:?} in the feed");
        assert_eq!(town.finds(&town.passer_by, subject).await, stays, "{subject:?} in a search");
    }
    let answers = json!({ "postId": town.id(Subject::Colluded(0)) });
    let answers = town.ask(town::ANSWERS, &town.fresh(&town.passer_by).await, &answers).await.unwrap();
    assert!(!answers.to_string().contains(town.id(Subject::CruelAnswer)), "{answers}");
}

async fn everybody_is_told(town: &mut Town) {
    for (reporter, subject, state) in
        [(0, Subject::Doxxing, "REPORT_STATE_ACTION_TAKEN"), (10, Subject::Mistaken(1), "REPORT_STATE_DISMISSED")]
    {
        let mine = town
            .ask(town::MY_REPORTS, &town.fresh(&town.honest[reporter]).await, &json!({ "pageSize": 100 }))
            .await
            .unwrap();
        let mine = mine["reports"].as_array().unwrap();
        let report = mine.iter().find(|it| it["subjectId"] == json!(town.id(subject))).unwrap();
        assert_eq!(report["state"], json!(state));
    }
    for subject in [Subject::Doxxing, Subject::Cruel(0), Subject::CruelAnswer, Subject::Scam(0), Subject::Mistaken(0)] {
        let token = town.enter(subject).await;
        let standing = town.ask(town::STANDING, &token, &json!({})).await.unwrap();
        let statements = standing["statements"].as_array().unwrap();
        let told = statements.iter().find(|it| it["subjectId"] == json!(town.id(subject)));
        let told = told.unwrap_or_else(|| panic!("{subject:?} is told nothing: {standing}"));
        assert!(!text(&told["rule"]).is_empty() && !text(&told["statement"]).is_empty(), "{told}");
        assert!(!told["appealDeadline"].is_null(), "{told}");
    }
}

async fn an_appeal_overturns(town: &mut Town) {
    let subject = Subject::Mistaken(0);
    let author = town.enter(subject).await;
    let standing = town.ask(town::STANDING, &author, &json!({})).await.unwrap();
    let decision = text(&standing["statements"][0]["decisionId"]);
    let appeal = json!({ "decisionId": decision, "reason": "it is about my own week" });
    town.ask(town::APPEAL, &town.fresh(&town.honest[1]).await, &appeal).await.unwrap_err();
    town.ask(town::APPEAL, &author, &appeal).await.unwrap();
    town.ask(town::APPEAL, &author, &json!({ "decisionId": decision, "reason": "once more" })).await.ok();
    let body = json!({ "state": "CASE_STATE_APPEALED" });
    let for_other = town.ask(town::CASES, &town.fresh(&town.other).await, &body).await.unwrap();
    let cases = for_other["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1, "{for_other}");
    let overturn = json!({ "action": "ACTION_OVERTURN", "statement": "nobody is harmed by it" });
    let attempt = town.ask(town::ASSIGN, &town.fresh(&town.judge).await, &json!({ "caseId": cases[0]["id"] })).await;
    if let Ok(taken) = attempt {
        town.decide(&town.judge, &taken["case"], overturn.clone()).await.unwrap_err();
    }
    let case = town.take(&town.other, &cases[0]).await;
    town.decide(&town.other, &case["case"], overturn).await.unwrap();
    town.settle().await;
    assert!(town.sees(&town.passer_by, town.id(subject)).await, "it is back");
    assert!(town.finds(&town.passer_by, subject).await, "and found");
    let standing = town.ask(town::STANDING, &town.enter(subject).await, &json!({})).await.unwrap();
    assert_eq!(standing["strikes"].as_u64().unwrap_or(0), 0, "{standing}");
    town.ask(town::APPEAL, &town.enter(subject).await, &appeal).await.unwrap_err();
}

async fn what_has_an_end_ends(town: &mut Town) {
    let muted = town.enter(Subject::CruelAnswer).await;
    let words = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "who else is awake?" });
    town.ask(town::CREATE, &muted, &words).await.unwrap_err();
    let sos = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "I am not safe tonight" });
    town.ask(town::CREATE, &muted, &sos)
        .await
        .unwrap_or_else(|code| panic!("{code}: {}", "nobody is kept from an SOS"));
    let suspended = town.enter(Subject::Doxxing).await;
    assert_eq!(town.ask(town::FEED, &suspended, &json!({})).await, Err("permission_denied".to_owned()));

    town.pass(Duration::from_hours(3)).await;
    let muted = town.enter(Subject::CruelAnswer).await;
    town.ask(town::CREATE, &muted, &words).await.unwrap_or_else(|code| panic!("{code}: {}", "the mute has ended"));
    let suspended = town.enter(Subject::Doxxing).await;
    assert_eq!(town.ask(town::FEED, &suspended, &json!({})).await, Err("permission_denied".to_owned()));

    town.pass(Duration::from_hours(22)).await;
    let suspended = town.enter(Subject::Doxxing).await;
    town.ask(town::FEED, &suspended, &json!({}))
        .await
        .unwrap_or_else(|code| panic!("{code}: {}", "the suspension has ended"));
    let banned = town.enter(Subject::Scam(0)).await;
    assert_eq!(town.ask(town::FEED, &banned, &json!({})).await, Err("permission_denied".to_owned()), "a ban stays");
}

async fn all_of_it_is_in_the_trail(town: &Town) {
    let mut acts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in town.trail().await {
        *acts.entry(act(&entry)).or_default() += 1;
    }
    for (act, least) in [("case_decided", 20), ("case_assigned", 20), ("private_content_read", 20), ("appeal_decided", 1)] {
        assert!(acts.get(act).is_some_and(|count| *count >= least), "{act}: {acts:?}");
    }
}

fn act(entry: &Value) -> String {
    text(&entry["action"])
}
