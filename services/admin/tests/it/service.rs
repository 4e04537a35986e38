//! Use cases and their errors.

use std::collections::BTreeSet;

use kith_admin::{Error, FlagName, FlagUpdate, Percent, service::AuditFilter};
use kith_kernel::{
    Actor, DomainError as _, EventId, PageSize, PersonaId, Role, SystemEntropy,
    audit::{AuditAction, AuditEntry, OPERATOR},
};
use kith_testkit::block_on;
use uuid::Uuid;

use crate::harness::{Harness, StubAccounts, sqlite};

fn update(percent: u32, roles: &[Role]) -> FlagUpdate {
    FlagUpdate {
        name: FlagName::parse("new_feed").unwrap(),
        percent: Percent::new(percent).unwrap(),
        roles: roles.iter().copied().collect::<BTreeSet<_>>(),
    }
}

fn two() -> PageSize {
    PageSize::new(2).unwrap()
}

fn reason<T>(result: Result<T, Error>) -> &'static str {
    result.map(drop).unwrap_err().reason()
}

#[test]
fn only_an_admin_is_authorized() {
    block_on(async {
        let harness = sqlite().await;
        let ann = harness.account("ann", Role::Member);
        for role in [Role::Member, Role::Moderator] {
            let actor = harness.account("other", role);
            let service = &harness.service;
            assert_eq!(reason(service.set_role(&actor, ann.persona, Role::Moderator).await), "INSUFFICIENT_ROLE");
            assert_eq!(reason(service.list_staff(&actor, two(), "").await), "INSUFFICIENT_ROLE");
            assert_eq!(reason(service.list_flags(&actor, two(), "").await), "INSUFFICIENT_ROLE");
            assert_eq!(reason(service.put_flag(&actor, update(1, &[]), "", None).await), "INSUFFICIENT_ROLE");
            let log = service.list_audit_log(&actor, AuditFilter::default(), two(), "").await;
            assert_eq!(reason(log), "INSUFFICIENT_ROLE");
        }
        assert_eq!(harness.audit_records().await, []);
    });
}

#[test]
fn a_role_is_set_by_public_persona_only() {
    block_on(async {
        let harness = sqlite().await;
        let (admin, ann) = (harness.account("admin", Role::Admin), harness.account("ann", Role::Member));
        let member = harness.service.set_role(&admin, ann.persona, Role::Moderator).await.unwrap();
        assert_eq!((member.persona.handle.as_str(), member.role), ("ann", Role::Moderator));
        harness.service.set_role(&admin, ann.persona, Role::Moderator).await.unwrap();
        assert_eq!(harness.audit_records().await.len(), 1);
        let unknown = PersonaId::random(&SystemEntropy);
        for persona in [unknown, StubAccounts::circle_persona(&ann)] {
            let result = harness.service.set_role(&admin, persona, Role::Admin).await;
            assert_eq!(reason(result), "PERSONA_NOT_FOUND");
        }
        let own = harness.service.set_role(&admin, admin.persona, Role::Member).await;
        assert_eq!(reason(own), "CANNOT_CHANGE_OWN_ROLE");
        // An admin by the token, demoted since.
        let demoted = harness.account("demoted", Role::Admin);
        harness.service.set_role(&admin, demoted.persona, Role::Member).await.unwrap();
        assert_eq!(reason(harness.service.set_role(&demoted, admin.persona, Role::Member).await), "LAST_ADMIN");
    });
}

#[test]
fn staff_is_listed_in_pages_admins_first() {
    block_on(async {
        let harness = sqlite().await;
        let admin = harness.account("admin_1", Role::Admin);
        harness.account("moderator_1", Role::Moderator);
        harness.account("admin_2", Role::Admin);
        harness.account("moderator_2", Role::Moderator);
        harness.account("moderator_3", Role::Moderator);
        harness.account("member", Role::Member);
        let (mut roles, mut handles, mut token) = (Vec::new(), BTreeSet::new(), String::new());
        loop {
            let (page, next) = harness.service.list_staff(&admin, two(), &token).await.unwrap();
            assert!(page.len() <= 2);
            roles.extend(page.iter().map(|member| member.role));
            handles.extend(page.into_iter().map(|member| member.persona.handle));
            token = next;
            if token.is_empty() {
                break;
            }
        }
        let (admin, moderator) = (Role::Admin, Role::Moderator);
        assert_eq!((roles, handles.len()), (vec![admin, admin, moderator, moderator, moderator], 5));
    });
}

#[test]
fn a_flag_is_created_once_and_changed_by_etag() {
    block_on(async {
        let harness = sqlite().await;
        let admin = harness.account("admin", Role::Admin);
        let claimed = Some(Uuid::from_u128(5));
        let created = harness.service.put_flag(&admin, update(30, &[Role::Moderator]), "", claimed).await.unwrap();
        let repeated = harness.service.put_flag(&admin, update(30, &[Role::Moderator]), "", claimed).await.unwrap();
        assert_eq!((created.id, repeated), (Uuid::from_u128(5), created.clone()));
        for etag in ["", "2", "x"] {
            let result = harness.service.put_flag(&admin, update(1, &[]), etag, None).await;
            assert_eq!(reason(result), "ETAG_MISMATCH", "{etag}");
        }
        let changed = harness.service.put_flag(&admin, update(40, &[]), "1", None).await.unwrap();
        let (percent, roles) = (changed.percent.get(), changed.roles.len());
        assert_eq!((changed.id, changed.version, percent, roles), (created.id, 2, 40, 0));
        let (flags, next) = harness.service.list_flags(&admin, two(), "").await.unwrap();
        assert_eq!((flags, next), (vec![changed], String::new()));
        let (action, subject) = (AuditAction::FlagChanged.as_str().to_owned(), "flag:new_feed".to_owned());
        let expected = [
            (action.clone(), subject.clone(), "percent=30 roles=moderator version=1".to_owned()),
            (action, subject, "percent=40 roles=none version=2".to_owned()),
        ];
        assert_eq!(harness.audit_records().await, expected);
    });
}

async fn append(harness: &Harness, actor: kith_kernel::UserId, subject: &str, detail: &str) {
    let at = kith_kernel::Timestamp::from_millis(1_700_000_000_000);
    let entry = AuditEntry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor,
        session: None,
        action: AuditAction::CaseDecided,
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    };
    harness.audit.append(&[entry]).await.unwrap();
}

#[test]
fn the_audit_log_is_listed_newest_first_with_personas_in_place_of_accounts() {
    block_on(async {
        let harness = sqlite().await;
        let (admin, ann) = (harness.account("admin", Role::Admin), harness.account("ann", Role::Member));
        let erased = kith_testkit::user();
        append(&harness, OPERATOR, &format!("account:{}", admin.user), "role=admin").await;
        append(&harness, admin.user, &format!("account:{erased}"), &format!("a=1 account={} b=2", ann.user)).await;
        append(&harness, admin.user, "case:1", "decision=removed").await;
        append(&harness, erased, "case:2", "").await;
        let all = AuditFilter::default;
        let (first, next) = harness.service.list_audit_log(&admin, all(), two(), "").await.unwrap();
        let (second, end) = harness.service.list_audit_log(&admin, all(), two(), &next).await.unwrap();
        assert_eq!(end, "");
        let entries: Vec<_> = first.into_iter().chain(second).collect();
        let actors: Vec<_> =
            entries.iter().map(|it| it.actor.as_ref().map(|persona| persona.handle.as_str())).collect();
        assert_eq!(actors, [None, Some("admin"), Some("admin"), None]);
        let texts: Vec<_> = entries.iter().map(|it| (it.subject.clone(), it.detail.clone())).collect();
        let expected = [
            ("case:2".to_owned(), String::new()),
            ("case:1".to_owned(), "decision=removed".to_owned()),
            ("persona:gone".to_owned(), format!("a=1 persona={} b=2", ann.persona)),
            (format!("persona:{}", admin.persona), "role=admin".to_owned()),
        ];
        assert_eq!(texts, expected);
    });
}

#[test]
fn the_audit_log_is_filtered_by_actor_and_subject() {
    block_on(async {
        let harness = sqlite().await;
        let (admin, ann) = (harness.account("admin", Role::Admin), harness.account("ann", Role::Member));
        append(&harness, admin.user, &format!("account:{}", ann.user), "").await;
        append(&harness, ann.user, "case:1", "").await;
        let list = async |actor: Option<PersonaId>, subject: Option<String>| {
            let filter = AuditFilter { actor, subject };
            let (entries, _) = harness.service.list_audit_log(&admin, filter, two(), "").await?;
            Ok::<_, Error>(entries.into_iter().map(|it| it.record.position).collect::<Vec<_>>())
        };
        assert_eq!(list(Some(ann.persona), None).await.unwrap(), [2]);
        assert_eq!(list(None, Some(format!("persona:{}", ann.persona))).await.unwrap(), [1]);
        assert_eq!(list(None, Some("case:1".to_owned())).await.unwrap(), [2]);
        assert_eq!(list(Some(admin.persona), Some("case:1".to_owned())).await.unwrap(), [0_i64; 0]);
        let in_circle = StubAccounts::circle_persona(&ann);
        assert_eq!(reason(list(Some(in_circle), None).await), "PERSONA_NOT_FOUND");
        for subject in [format!("persona:{in_circle}"), "persona:x".to_owned(), format!("account:{}", ann.user)] {
            assert_eq!(reason(list(None, Some(subject)).await), "PERSONA_NOT_FOUND");
        }
        let one = PageSize::new(1).unwrap();
        let (_, token) = harness.service.list_audit_log(&admin, AuditFilter::default(), one, "").await.unwrap();
        let other = AuditFilter { actor: Some(ann.persona), subject: None };
        assert_eq!(reason(harness.service.list_audit_log(&admin, other, two(), &token).await), "PAGE_TOKEN_INVALID");
    });
}

#[test]
fn the_role_of_the_caller_is_decisive_not_the_stored_one() {
    block_on(async {
        let harness = sqlite().await;
        let admin = harness.account("admin", Role::Admin);
        let demoted = Actor { role: Role::Member, ..admin };
        assert_eq!(reason(harness.service.list_flags(&demoted, two(), "").await), "INSUFFICIENT_ROLE");
    });
}
