//! What staff can do with rules, and what they cannot.

use kith_kernel::{Fault, Problem as _, actor::Role};
use kith_screening_engine::{Action, Detector, Rule, Rules};
use kith_testkit::{block_on, member, moderator};

use crate::bed::{admin, sqlite};

fn rule(name: &str) -> Rule {
    Rules::standard().unwrap().rules.into_iter().find(|it| it.name == name).unwrap()
}

#[test]
fn the_first_version_is_there_before_anybody_puts_one() {
    block_on(async {
        let bed = sqlite().await;
        let page = bed.rulebook().list(&moderator(), None).await.unwrap();
        assert_eq!((page.rules, page.etag.as_deref(), page.at), (Rules::standard().unwrap(), Some("1"), None));
    });
}

#[test]
fn an_admin_puts_a_rule_as_the_next_version_and_it_is_written_down() {
    block_on(async {
        let bed = sqlite().await;
        let book = bed.rulebook();
        let stricter = Rule { threshold: 95, ..rule("phone") };
        let put = book.put(&admin(), stricter.clone(), "1").await.unwrap();
        assert_eq!((put.rules.version, put.etag.as_deref()), (2, Some("2")));
        assert_eq!(book.list(&moderator(), None).await.unwrap(), put);
        assert!(put.rules.rules.contains(&stricter) && put.rules.rules.len() == 6);
        let old = book.list(&moderator(), Some(1)).await.unwrap();
        assert_eq!((old.rules, old.etag), (Rules::standard().unwrap(), None), "what is old cannot be changed");
        assert_eq!(book.list(&moderator(), Some(2)).await.unwrap(), put);
        let missing = book.list(&moderator(), Some(3)).await.unwrap_err();
        assert_eq!((missing.kind(), missing.reason()), (Fault::NotFound, "RULES_NOT_FOUND"));
        let line = ("rule_put".to_owned(), "rule:phone".to_owned(), "version=2".to_owned());
        assert_eq!(bed.trail().await, [line]);
    });
}

#[test]
fn a_stale_etag_and_those_who_are_no_admins_change_nothing() {
    block_on(async {
        let bed = sqlite().await;
        let book = bed.rulebook();
        book.put(&admin(), rule("phone"), "1").await.unwrap();
        for etag in ["1", "3", "", "x"] {
            let stale = book.put(&admin(), rule("url"), etag).await.unwrap_err();
            assert_eq!((stale.kind(), stale.reason()), (Fault::Stale, "ETAG_MISMATCH"));
        }
        for role in [Role::Moderator, Role::Member] {
            let actor = kith_kernel::Actor { role, ..member() };
            let denied = book.put(&actor, rule("url"), "2").await.unwrap_err();
            assert_eq!((denied.kind(), denied.reason()), (Fault::Denied, "ROLE_NEEDED"));
        }
        assert_eq!(book.list(&moderator(), None).await.unwrap().rules.version, 2);
        assert_eq!(bed.trail().await.len(), 1);
    });
}

#[test]
fn a_rule_that_cannot_be_names_what_is_wrong_with_it() {
    block_on(async {
        let bed = sqlite().await;
        let book = bed.rulebook();
        for (wrong, field) in [
            (Rule { name: "No name".into(), ..rule("scam") }, "rule.name"),
            (Rule { threshold: 0, ..rule("scam") }, "rule.threshold"),
            (Rule { on: [].into(), ..rule("scam") }, "rule.kinds"),
            (Rule { words: vec!["(".into()], ..rule("scam") }, "rule.words"),
            (Rule { domains: vec!["*".into()], ..rule("scam") }, "rule.domains"),
            (Rule { allow: vec!["x".into()], ..rule("handle") }, "rule.allow"),
        ] {
            let refused = book.put(&admin(), wrong.clone(), "1").await.unwrap_err();
            assert_eq!((refused.kind(), refused.field()), (Fault::Invalid, Some(field)), "{refused}");
            let refused = book.try_rule(&moderator(), wrong, 10).await.unwrap_err();
            assert_eq!(refused.field(), Some(field));
        }
        assert_eq!(bed.trail().await, []);
    });
}

#[test]
fn a_rule_is_tried_on_what_was_written_and_changes_nothing() {
    block_on(async {
        let bed = sqlite().await;
        let book = bed.rulebook();
        bed.post("day 12, still here");
        bed.post("buy pills at cheap-relief.store, ask for relief gold");
        bed.response("relief gold saved me");
        bed.post("relief gold did nothing. I want to die");
        let candidate = Rule {
            name: "relief".into(),
            detector: Detector::Scam,
            words: vec!["relief gold".into()],
            domains: Vec::new(),
            allow: Vec::new(),
            ..rule("scam")
        };
        let trials = book.try_rule(&moderator(), candidate.clone(), 100).await.unwrap();
        assert_eq!((trials.tried, trials.matched, trials.held), (4, 3, 2));
        let texts: Vec<_> = trials.shown.iter().map(|it| it.evidence.text.as_str()).collect();
        assert_eq!(texts[1..], ["relief gold saved me", "buy pills at cheap-relief.store, ask for relief gold"]);
        assert_eq!(trials.shown.iter().map(|it| it.crisis).collect::<Vec<_>>(), [true, false, false]);
        let posts_only = Rule { on: [kith_screening_engine::Kind::Post].into(), ..candidate.clone() };
        assert_eq!(book.try_rule(&moderator(), posts_only, 100).await.unwrap().tried, 3);
        let shadow = Rule { action: Action::Shadow, ..candidate.clone() };
        let trials = book.try_rule(&moderator(), shadow, 100).await.unwrap();
        assert_eq!((trials.matched, trials.held), (3, 0), "what is in shadow holds nothing");
        assert_eq!(book.try_rule(&moderator(), candidate, 2).await.unwrap().tried, 2, "as many as were asked for");
        assert_eq!(book.list(&moderator(), None).await.unwrap().rules.version, 1);
        assert_eq!(bed.trail().await, []);
    });
}
