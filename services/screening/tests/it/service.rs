//! Use cases and their errors.

use kith_kernel::{Actor, DomainError as _, ErrorKind, Role, audit::AuditAction};
use kith_screening_engine::{Action, Detector, Kind, Rule, RuleSet};
use kith_testkit::{block_on, member, moderator};

use crate::harness::{admin, sqlite};

fn rule(name: &str) -> Rule {
    RuleSet::default_rules().unwrap().rules.into_iter().find(|it| it.name == name).unwrap()
}

#[test]
fn the_built_in_rule_set_is_version_one() {
    block_on(async {
        let bed = sqlite().await;
        let view = bed.service().list(&moderator(), None).await.unwrap();
        assert_eq!((view.rules, view.etag.as_deref(), view.at), (RuleSet::default_rules().unwrap(), Some("1"), None));
    });
}

#[test]
fn a_rule_put_by_an_admin_becomes_the_next_version_and_is_audited() {
    block_on(async {
        let bed = sqlite().await;
        let service = bed.service();
        let stricter = Rule { threshold: 95, ..rule("phone") };
        let second = service.put(&admin(), stricter.clone(), "1").await.unwrap();
        assert_eq!((second.rules.version, second.etag.as_deref()), (2, Some("2")));
        assert_eq!(service.list(&moderator(), None).await.unwrap(), second);
        assert!(second.rules.rules.contains(&stricter) && second.rules.rules.len() == 6);
        let first = service.list(&moderator(), Some(1)).await.unwrap();
        assert_eq!((first.rules, first.etag), (RuleSet::default_rules().unwrap(), None), "an old version has no etag");
        assert_eq!(service.list(&moderator(), Some(2)).await.unwrap(), second);
        let missing = service.list(&moderator(), Some(3)).await.unwrap_err();
        assert_eq!((missing.kind(), missing.reason()), (ErrorKind::NotFound, "RULE_SET_VERSION_NOT_FOUND"));
        let record = (AuditAction::RuleChanged.as_str().to_owned(), "rule:phone".to_owned(), "version=2".to_owned());
        assert_eq!(bed.audit_records().await, [record]);
    });
}

#[test]
fn a_stale_etag_or_an_insufficient_role_changes_nothing() {
    block_on(async {
        let bed = sqlite().await;
        let service = bed.service();
        service.put(&admin(), rule("phone"), "1").await.unwrap();
        for etag in ["1", "3", "", "x"] {
            let stale = service.put(&admin(), rule("url"), etag).await.unwrap_err();
            assert_eq!((stale.kind(), stale.reason()), (ErrorKind::Aborted, "ETAG_MISMATCH"));
        }
        for role in [Role::Moderator, Role::Member] {
            let actor = Actor { role, ..member() };
            let denied = service.put(&actor, rule("url"), "2").await.unwrap_err();
            assert_eq!((denied.kind(), denied.reason()), (ErrorKind::PermissionDenied, "INSUFFICIENT_ROLE"));
        }
        assert_eq!(service.list(&moderator(), None).await.unwrap().rules.version, 2);
        assert_eq!(bed.audit_records().await.len(), 1);
    });
}

#[test]
fn an_invalid_rule_is_rejected_with_the_field() {
    block_on(async {
        let bed = sqlite().await;
        let service = bed.service();
        for (invalid, field) in [
            (Rule { name: "No name".into(), ..rule("scam") }, "rule.name"),
            (Rule { threshold: 0, ..rule("scam") }, "rule.threshold"),
            (Rule { kinds: [].into(), ..rule("scam") }, "rule.kinds"),
            (Rule { words: vec!["(".into()], ..rule("scam") }, "rule.words"),
            (Rule { domains: vec!["*".into()], ..rule("scam") }, "rule.domains"),
            (Rule { allow: vec!["x".into()], ..rule("handle") }, "rule.allow"),
        ] {
            let error = service.put(&admin(), invalid.clone(), "1").await.unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::InvalidArgument, Some(field)), "{error}");
            let error = service.test(&moderator(), invalid, 10).await.unwrap_err();
            assert_eq!(error.field(), Some(field));
        }
        assert_eq!(bed.audit_records().await, []);
    });
}

#[test]
fn a_rule_test_reports_matches_in_recent_content_and_saves_nothing() {
    block_on(async {
        let bed = sqlite().await;
        let service = bed.service();
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
        let report = service.test(&moderator(), candidate.clone(), 100).await.unwrap();
        assert_eq!((report.evaluated, report.matched, report.held), (4, 3, 2));
        let texts: Vec<_> = report.shown.iter().map(|it| it.evidence.text.as_str()).collect();
        assert_eq!(texts[1..], ["relief gold saved me", "buy pills at cheap-relief.store, ask for relief gold"]);
        assert_eq!(report.shown.iter().map(|it| it.crisis).collect::<Vec<_>>(), [true, false, false]);
        let posts_only = Rule { kinds: [Kind::Post].into(), ..candidate.clone() };
        assert_eq!(service.test(&moderator(), posts_only, 100).await.unwrap().evaluated, 3);
        let shadow = Rule { action: Action::Shadow, ..candidate.clone() };
        let report = service.test(&moderator(), shadow, 100).await.unwrap();
        assert_eq!((report.matched, report.held), (3, 0), "a shadow rule holds nothing");
        assert_eq!(service.test(&moderator(), candidate, 2).await.unwrap().evaluated, 2);
        assert_eq!(service.list(&moderator(), None).await.unwrap().rules.version, 1);
        assert_eq!(bed.audit_records().await, []);
    });
}
