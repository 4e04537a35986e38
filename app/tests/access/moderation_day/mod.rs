//! A moderator's queue of one day, through the whole application: 60 reports by 15 users about 20 posts and responses.
//! Four of the reporters collude against one user.
//!
//! | file | contents |
//! | --- | --- |
//! | here | the steps of the day and their checks |
//! | `scenario` | users, reported content and calls |

mod scenario;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use serde_json::json;

use self::scenario::{Scenario, Subject};
use crate::test_server::{Mode, text};

in_both_modes!(a_moderator_clears_the_queue_and_each_decision_is_enforced_everywhere);

async fn a_moderator_clears_the_queue_and_each_decision_is_enforced_everywhere(mode: Mode) {
    let mut scenario = Scenario::start(mode).await;
    a_doxxing_post_is_hidden_after_one_report(&scenario).await;
    sixty_reports_make_twenty_cases(&scenario).await;
    the_queue_is_cleared(&scenario).await;
    only_removed_content_is_hidden(&scenario).await;
    authors_and_reporters_are_notified(&mut scenario).await;
    an_appeal_overturns_a_decision(&mut scenario).await;
    sanctions_expire(&mut scenario).await;
    the_audit_log_records_every_action(&scenario).await;
}

async fn a_doxxing_post_is_hidden_after_one_report(scenario: &Scenario) {
    let post = scenario.id(Subject::Doxxing);
    assert!(scenario.can_see(&scenario.bystander, post).await);
    scenario.report(&scenario.honest[0], Subject::Doxxing).await;
    scenario.deliver_events().await;
    assert!(!scenario.can_see(&scenario.bystander, post).await, "it is hidden after one report");
    let own = scenario
        .call(scenario::GET_POST, &scenario.log_in(scenario.author(Subject::Doxxing)).await, &json!({ "postId": post }))
        .await
        .unwrap();
    assert!(!own["post"]["moderation"].is_null(), "the author sees the moderation state: {own}");
}

async fn sixty_reports_make_twenty_cases(scenario: &Scenario) {
    scenario.report_all_others().await;
    scenario.deliver_events().await;
    let queue = scenario.queue(&scenario.moderator).await;
    let reports: u64 = queue.iter().map(|case| case["reports"].as_u64().unwrap()).sum();
    assert_eq!((queue.len(), reports), (20, 60));
    let risk: BTreeMap<String, u64> =
        queue.iter().map(|case| (text(&case["subjectId"]), case["risk"].as_u64().unwrap())).collect();
    assert!(queue.windows(2).all(|pair| pair[0]["risk"].as_u64() >= pair[1]["risk"].as_u64()), "{queue:?}");
    let least_cruel = (0..5).map(|nth| risk[scenario.id(Subject::Cruel(nth))]).min().unwrap();
    for nth in 0..5 {
        // The risk of the first colluded report is by now that of the last.
        let colluded = risk[scenario.id(Subject::Colluded(nth))];
        assert!(colluded < least_cruel, "colluding reporters count once: {colluded} and {least_cruel}");
        assert!(colluded < risk[scenario.id(Subject::Doxxing)], "one severe report has a higher risk");
        assert!(
            scenario.can_see(&scenario.bystander, scenario.id(Subject::Colluded(nth))).await,
            "the number of reports alone hides nothing"
        );
    }
}

async fn the_queue_is_cleared(scenario: &Scenario) {
    let mut aliases = BTreeSet::new();
    let mut count = 0;
    loop {
        let queue = scenario.queue(&scenario.moderator).await;
        let Some(first) = queue.first() else { break };
        let subject = scenario.subject(&text(&first["subjectId"]));
        let case = scenario.assign(&scenario.moderator, first).await;
        for report in case["reports"].as_array().unwrap() {
            count += 1;
            assert!(aliases.insert(text(&report["alias"])), "an alias is used in two cases");
        }
        let case_text = case.to_string();
        for user in scenario.users() {
            assert!(!case_text.contains(&user.account), "an account id is exposed");
        }
        assert!(scenario.reporters().all(|reporter| !case_text.contains(&reporter.persona)), "a reporter is exposed");
        scenario.decide(&scenario.moderator, &case["case"], scenario.verdict(subject)).await.unwrap();
    }
    assert_eq!(count, 60);
    scenario.deliver_events().await;
}

async fn only_removed_content_is_hidden(scenario: &Scenario) {
    let feed = scenario.feed(&scenario.bystander).await;
    for subject in Subject::all().filter(|subject| *subject != Subject::CruelResponse) {
        let (post, remains) = (scenario.id(subject), scenario.remains(subject));
        assert_eq!(scenario.can_see(&scenario.bystander, post).await, remains, "{subject:?}");
        assert_eq!(feed.contains(post), remains, "{subject:?} in the feed");
        assert_eq!(scenario.can_find(&scenario.bystander, subject).await, remains, "{subject:?} in a search");
    }
    let responses = json!({ "postId": scenario.id(Subject::Colluded(0)) });
    let responses =
        scenario.call(scenario::LIST_RESPONSES, &scenario.log_in(&scenario.bystander).await, &responses).await.unwrap();
    assert!(!responses.to_string().contains(scenario.id(Subject::CruelResponse)), "{responses}");
}

async fn authors_and_reporters_are_notified(scenario: &mut Scenario) {
    for (reporter, subject, state) in
        [(0, Subject::Doxxing, "REPORT_STATE_ACTION_TAKEN"), (10, Subject::Mistaken(1), "REPORT_STATE_DISMISSED")]
    {
        let reports = scenario
            .call(
                scenario::LIST_MY_REPORTS,
                &scenario.log_in(&scenario.honest[reporter]).await,
                &json!({ "pageSize": 100 }),
            )
            .await
            .unwrap();
        let reports = reports["reports"].as_array().unwrap();
        let report = reports.iter().find(|it| it["subjectId"] == json!(scenario.id(subject))).unwrap();
        assert_eq!(report["state"], json!(state));
    }
    for subject in [Subject::Doxxing, Subject::Cruel(0), Subject::CruelResponse, Subject::Scam(0), Subject::Mistaken(0)]
    {
        let token = scenario.log_in_author(subject).await;
        let standing = scenario.call(scenario::GET_MY_STANDING, &token, &json!({})).await.unwrap();
        let statements = standing["statements"].as_array().unwrap();
        let statement = statements.iter().find(|it| it["subjectId"] == json!(scenario.id(subject)));
        let statement = statement.unwrap_or_else(|| panic!("no statement about {subject:?}: {standing}"));
        assert!(!text(&statement["rule"]).is_empty() && !text(&statement["statement"]).is_empty(), "{statement}");
        assert!(!statement["appealDeadline"].is_null(), "{statement}");
    }
}

async fn an_appeal_overturns_a_decision(scenario: &mut Scenario) {
    let subject = Subject::Mistaken(0);
    let author = scenario.log_in_author(subject).await;
    let standing = scenario.call(scenario::GET_MY_STANDING, &author, &json!({})).await.unwrap();
    let decision = text(&standing["statements"][0]["decisionId"]);
    let appeal = json!({ "decisionId": decision, "reason": "it is about my own week" });
    scenario.call(scenario::APPEAL_DECISION, &scenario.log_in(&scenario.honest[1]).await, &appeal).await.unwrap_err();
    scenario.call(scenario::APPEAL_DECISION, &author, &appeal).await.unwrap();
    scenario
        .call(scenario::APPEAL_DECISION, &author, &json!({ "decisionId": decision, "reason": "once more" }))
        .await
        .ok();
    let body = json!({ "state": "CASE_STATE_APPEALED" });
    let appealed =
        scenario.call(scenario::LIST_CASES, &scenario.log_in(&scenario.other_moderator).await, &body).await.unwrap();
    let cases = appealed["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1, "{appealed}");
    let overturn = json!({ "action": "ACTION_OVERTURN", "statement": "it harms no other user" });
    let attempt = scenario
        .call(scenario::ASSIGN_CASE, &scenario.log_in(&scenario.moderator).await, &json!({ "caseId": cases[0]["id"] }))
        .await;
    if let Ok(assigned) = attempt {
        scenario.decide(&scenario.moderator, &assigned["case"], overturn.clone()).await.unwrap_err();
    }
    let case = scenario.assign(&scenario.other_moderator, &cases[0]).await;
    scenario.decide(&scenario.other_moderator, &case["case"], overturn).await.unwrap();
    scenario.deliver_events().await;
    assert!(scenario.can_see(&scenario.bystander, scenario.id(subject)).await, "the post is visible again");
    assert!(scenario.can_find(&scenario.bystander, subject).await, "the post can be found again");
    let standing =
        scenario.call(scenario::GET_MY_STANDING, &scenario.log_in_author(subject).await, &json!({})).await.unwrap();
    assert_eq!(standing["strikes"].as_u64().unwrap_or(0), 0, "{standing}");
    scenario.call(scenario::APPEAL_DECISION, &scenario.log_in_author(subject).await, &appeal).await.unwrap_err();
}

async fn sanctions_expire(scenario: &mut Scenario) {
    let muted = scenario.log_in_author(Subject::CruelResponse).await;
    let question = json!({ "kind": "POST_KIND_QUESTION", "urgency": 2, "body": "who else is awake?" });
    scenario.call(scenario::CREATE_POST, &muted, &question).await.unwrap_err();
    let sos = json!({ "kind": "POST_KIND_SOS", "urgency": 5, "body": "I am not safe tonight" });
    scenario
        .call(scenario::CREATE_POST, &muted, &sos)
        .await
        .unwrap_or_else(|code| panic!("{code}: {}", "a muted user can post an SOS"));
    let suspended = scenario.log_in_author(Subject::Doxxing).await;
    assert_eq!(scenario.call(scenario::GET_FEED, &suspended, &json!({})).await, Err("permission_denied".to_owned()));

    scenario.advance(Duration::from_hours(3)).await;
    let muted = scenario.log_in_author(Subject::CruelResponse).await;
    scenario
        .call(scenario::CREATE_POST, &muted, &question)
        .await
        .unwrap_or_else(|code| panic!("{code}: {}", "the mute has ended"));
    let suspended = scenario.log_in_author(Subject::Doxxing).await;
    assert_eq!(scenario.call(scenario::GET_FEED, &suspended, &json!({})).await, Err("permission_denied".to_owned()));

    scenario.advance(Duration::from_hours(22)).await;
    let suspended = scenario.log_in_author(Subject::Doxxing).await;
    scenario
        .call(scenario::GET_FEED, &suspended, &json!({}))
        .await
        .unwrap_or_else(|code| panic!("{code}: {}", "the suspension has ended"));
    let banned = scenario.log_in_author(Subject::Scam(0)).await;
    assert_eq!(
        scenario.call(scenario::GET_FEED, &banned, &json!({})).await,
        Err("permission_denied".to_owned()),
        "a ban does not expire"
    );
}

async fn the_audit_log_records_every_action(scenario: &Scenario) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for entry in scenario.audit_log().await {
        *counts.entry(text(&entry["action"])).or_default() += 1;
    }
    for (action, minimum) in
        [("case_decided", 20), ("case_assigned", 20), ("private_content_read", 20), ("appeal_decided", 1)]
    {
        assert!(counts.get(action).is_some_and(|count| *count >= minimum), "{action}: {counts:?}");
    }
}
