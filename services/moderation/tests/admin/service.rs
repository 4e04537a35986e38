//! What admins can do, and each refusal.

use std::{collections::BTreeSet, time::Duration};

use kith_kernel::{
    Actor, EventId, PageSize, PersonaId, Problem as _, Role, SystemEntropy,
    audit::{Act, Entry, OPERATOR},
    ports::Flags as _,
};
use kith_moderation::admin::{
    Error, Name, Percent,
    service::{Setting, Wanted},
};
use kith_testkit::{block_on, member};
use uuid::Uuid;

use crate::bed::{Bed, House, sqlite};

fn setting(percent: u32, roles: &[Role]) -> Setting {
    Setting {
        name: Name::new("new_feed").unwrap(),
        percent: Percent::new(percent).unwrap(),
        roles: roles.iter().copied().collect::<BTreeSet<_>>(),
    }
}

fn two() -> PageSize {
    PageSize::new(2).unwrap()
}

fn reason<T>(answer: Result<T, Error>) -> &'static str {
    answer.map(drop).unwrap_err().reason()
}

#[test]
fn only_an_admin_may_do_any_of_it() {
    block_on(async {
        let bed = sqlite().await;
        let ann = bed.person("ann", Role::Member);
        for role in [Role::Member, Role::Moderator] {
            let actor = bed.person("somebody", role);
            let service = &bed.service;
            assert_eq!(reason(service.set_role(&actor, ann.persona, Role::Moderator).await), "ROLE_NEEDED");
            assert_eq!(reason(service.staff(&actor, two(), "").await), "ROLE_NEEDED");
            assert_eq!(reason(service.flags(&actor, two(), "").await), "ROLE_NEEDED");
            assert_eq!(reason(service.put_flag(&actor, setting(1, &[]), "", None).await), "ROLE_NEEDED");
            assert_eq!(reason(service.audit_log(&actor, Wanted::default(), two(), "").await), "ROLE_NEEDED");
        }
        assert_eq!(bed.written_down().await, []);
    });
}

#[test]
fn a_role_is_given_to_who_is_known_in_public_and_to_nobody_else() {
    block_on(async {
        let bed = sqlite().await;
        let (admin, ann) = (bed.person("admin", Role::Admin), bed.person("ann", Role::Member));
        let given = bed.service.set_role(&admin, ann.persona, Role::Moderator).await.unwrap();
        assert_eq!((given.persona.handle.as_str(), given.role), ("ann", Role::Moderator));
        bed.service.set_role(&admin, ann.persona, Role::Moderator).await.unwrap();
        assert_eq!(bed.written_down().await.len(), 1);
        let nobody = PersonaId::random(&SystemEntropy);
        for persona in [nobody, House::hidden(&ann)] {
            let refused = bed.service.set_role(&admin, persona, Role::Admin).await;
            assert_eq!(reason(refused), "PERSONA_NOT_FOUND");
        }
        assert_eq!(reason(bed.service.set_role(&admin, admin.persona, Role::Member).await), "OWN_ROLE");
        // Who is an admin by their token, and is none any more.
        let late = bed.person("late", Role::Admin);
        bed.service.set_role(&admin, late.persona, Role::Member).await.unwrap();
        assert_eq!(reason(bed.service.set_role(&late, admin.persona, Role::Member).await), "LAST_ADMIN");
    });
}

#[test]
fn staff_is_listed_page_by_page_admins_first() {
    block_on(async {
        let bed = sqlite().await;
        let admin = bed.person("admin_1", Role::Admin);
        bed.person("moderator_1", Role::Moderator);
        bed.person("admin_2", Role::Admin);
        bed.person("moderator_2", Role::Moderator);
        bed.person("moderator_3", Role::Moderator);
        bed.person("member", Role::Member);
        let (mut roles, mut handles, mut token) = (Vec::new(), BTreeSet::new(), String::new());
        loop {
            let (page, next) = bed.service.staff(&admin, two(), &token).await.unwrap();
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
fn a_flag_is_made_once_and_set_by_who_knows_how_it_stands() {
    block_on(async {
        let bed = sqlite().await;
        let admin = bed.person("admin", Role::Admin);
        let claimed = Some(Uuid::from_u128(5));
        let made = bed.service.put_flag(&admin, setting(30, &[Role::Moderator]), "", claimed).await.unwrap();
        let again = bed.service.put_flag(&admin, setting(30, &[Role::Moderator]), "", claimed).await.unwrap();
        assert_eq!((made.id, again), (Uuid::from_u128(5), made.clone()));
        for etag in ["", "2", "x"] {
            let refused = bed.service.put_flag(&admin, setting(1, &[]), etag, None).await;
            assert_eq!(reason(refused), "ETAG_MISMATCH", "{etag}");
        }
        let set = bed.service.put_flag(&admin, setting(40, &[]), "1", None).await.unwrap();
        assert_eq!((set.id, set.version, set.percent.number(), set.roles.len()), (made.id, 2, 40, 0));
        let (flags, next) = bed.service.flags(&admin, two(), "").await.unwrap();
        assert_eq!((flags, next), (vec![set], String::new()));
        let (act, about) = ("flag_put".to_owned(), "flag:new_feed".to_owned());
        let expected = [
            (act.clone(), about.clone(), "percent=30 roles=moderator version=1".to_owned()),
            (act, about, "percent=40 roles=none version=2".to_owned()),
        ];
        assert_eq!(bed.written_down().await, expected);
    });
}

#[test]
fn a_flag_is_known_here_at_once_and_elsewhere_within_five_seconds() {
    block_on(async {
        let bed = sqlite().await;
        let (admin, ann) = (bed.person("admin", Role::Admin), member());
        assert!(!bed.switches.on("new_feed", &ann).await.unwrap(), "what nobody has set is off");
        bed.service.put_flag(&admin, setting(100, &[]), "", None).await.unwrap();
        assert!(bed.switches.on("new_feed", &ann).await.unwrap());
        assert!(!bed.switches.on("another", &ann).await.unwrap());
        // As another node sets it.
        let off = kith_moderation::admin::Flag {
            percent: Percent::new(0).unwrap(),
            version: 2,
            ..bed.store.flag(&Name::new("new_feed").unwrap()).await.unwrap().unwrap()
        };
        assert!(bed.store.set(&off, &[]).await.unwrap());
        bed.clock.pass(Duration::from_millis(4_999));
        assert!(bed.switches.on("new_feed", &ann).await.unwrap());
        bed.clock.pass(Duration::from_millis(1));
        assert!(!bed.switches.on("new_feed", &ann).await.unwrap());
    });
}

async fn append(bed: &Bed, actor: kith_kernel::UserId, subject: &str, detail: &str) {
    let at = kith_kernel::Timestamp::from_millis(1_700_000_000_000);
    let entry = Entry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor,
        session: None,
        act: Act::CaseDecided,
        subject: subject.to_owned(),
        detail: detail.to_owned(),
    };
    bed.audit.append(&[entry]).await.unwrap();
}

#[test]
fn the_trail_is_shown_newest_first_and_names_nobody_but_by_their_persona() {
    block_on(async {
        let bed = sqlite().await;
        let (admin, ann) = (bed.person("admin", Role::Admin), bed.person("ann", Role::Member));
        let gone = kith_testkit::user();
        append(&bed, OPERATOR, &format!("account:{}", admin.user), "role=admin").await;
        append(&bed, admin.user, &format!("account:{gone}"), &format!("a=1 account={} b=2", ann.user)).await;
        append(&bed, admin.user, "case:1", "decision=removed").await;
        append(&bed, gone, "case:2", "").await;
        let wanted = Wanted::default;
        let (first, next) = bed.service.audit_log(&admin, wanted(), two(), "").await.unwrap();
        let (second, end) = bed.service.audit_log(&admin, wanted(), two(), &next).await.unwrap();
        assert_eq!(end, "");
        let all: Vec<_> = first.into_iter().chain(second).collect();
        let actors: Vec<_> = all.iter().map(|it| it.actor.as_ref().map(|persona| persona.handle.as_str())).collect();
        assert_eq!(actors, [None, Some("admin"), Some("admin"), None]);
        let said: Vec<_> = all.iter().map(|it| (it.subject.clone(), it.detail.clone())).collect();
        let expected = [
            ("case:2".to_owned(), String::new()),
            ("case:1".to_owned(), "decision=removed".to_owned()),
            ("persona:gone".to_owned(), format!("a=1 persona={} b=2", ann.persona)),
            (format!("persona:{}", admin.persona), "role=admin".to_owned()),
        ];
        assert_eq!(said, expected);
    });
}

#[test]
fn the_trail_is_asked_for_by_who_and_by_what() {
    block_on(async {
        let bed = sqlite().await;
        let (admin, ann) = (bed.person("admin", Role::Admin), bed.person("ann", Role::Member));
        append(&bed, admin.user, &format!("account:{}", ann.user), "").await;
        append(&bed, ann.user, "case:1", "").await;
        let ask = async |actor: Option<PersonaId>, subject: Option<String>| {
            let wanted = Wanted { actor, subject };
            let shown = bed.service.audit_log(&admin, wanted, two(), "").await?;
            Ok::<_, Error>(shown.0.into_iter().map(|it| it.line.position).collect::<Vec<_>>())
        };
        assert_eq!(ask(Some(ann.persona), None).await.unwrap(), [2]);
        assert_eq!(ask(None, Some(format!("persona:{}", ann.persona))).await.unwrap(), [1]);
        assert_eq!(ask(None, Some("case:1".to_owned())).await.unwrap(), [2]);
        assert_eq!(ask(Some(admin.persona), Some("case:1".to_owned())).await.unwrap(), [0_i64; 0]);
        let hidden = House::hidden(&ann);
        assert_eq!(reason(ask(Some(hidden), None).await), "PERSONA_NOT_FOUND");
        for subject in [format!("persona:{hidden}"), "persona:x".to_owned(), format!("account:{}", ann.user)] {
            assert_eq!(reason(ask(None, Some(subject)).await), "PERSONA_NOT_FOUND");
        }
        let (_, token) = bed.service.audit_log(&admin, Wanted::default(), PageSize::new(1).unwrap(), "").await.unwrap();
        let other = Wanted { actor: Some(ann.persona), subject: None };
        assert_eq!(reason(bed.service.audit_log(&admin, other, two(), &token).await), "PAGE_TOKEN_INVALID");
    });
}

#[test]
fn what_another_actor_may_is_not_what_this_one_may() {
    block_on(async {
        let bed = sqlite().await;
        // The role of the caller counts, as the edge has found it; not what the accounts say a moment later.
        let admin = bed.person("admin", Role::Admin);
        let demoted = Actor { role: Role::Member, ..admin };
        assert_eq!(reason(bed.service.flags(&demoted, two(), "").await), "ROLE_NEEDED");
    });
}
