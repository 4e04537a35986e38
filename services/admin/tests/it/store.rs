//! Contract of `kith_admin::store::Store`.

use std::collections::BTreeSet;

use kith_admin::{Flag, FlagName, Percent};
use kith_kernel::{
    EventId, Role, SystemEntropy, Timestamp,
    audit::{AuditAction, AuditEntry},
};
use kith_storage::StoreError;
use kith_testkit::{run_concurrently, user};
use uuid::Uuid;

use crate::harness::{Harness, postgres, sqlite};

fn flag(id: u128, name: &str) -> Flag {
    Flag {
        id: Uuid::from_u128(id),
        name: FlagName::parse(name).unwrap(),
        percent: Percent::new(30).unwrap(),
        roles: BTreeSet::from([Role::Moderator, Role::Admin]),
        version: 1,
        changed_at: Timestamp::from_millis(1_700_000_000_123),
    }
}

fn audit_entry() -> [AuditEntry; 1] {
    let at = Timestamp::from_millis(5);
    [AuditEntry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor: user(),
        session: None,
        action: AuditAction::FlagChanged,
        subject: "flag:a".to_owned(),
        detail: String::new(),
    }]
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_inserted_flag_is_found_and_listed_by_id(harness: &Harness) {
        let without_roles = Flag { roles: BTreeSet::new(), ..flag(2, "b") };
        for flag in [flag(1, "a"), without_roles.clone()] {
            harness.store.insert(&flag, &audit_entry()).await.unwrap();
            assert_eq!(harness.store.find(&flag.name).await.unwrap(), Some(flag));
        }
        assert_eq!(harness.store.find(&FlagName::parse("c").unwrap()).await.unwrap(), None);
        assert_eq!(harness.store.list(None, 10).await.unwrap(), [flag(1, "a"), without_roles.clone()]);
        assert_eq!(harness.store.list(Some(Uuid::from_u128(1)), 10).await.unwrap(), [without_roles]);
        assert_eq!(harness.store.list(None, 1).await.unwrap(), [flag(1, "a")]);
        assert_eq!(harness.store.list(None, i64::MAX).await.unwrap().len(), 2);
        assert_eq!(harness.audit_records().await.len(), 2);
    }

    async fn a_name_or_id_in_use_is_rejected_without_an_audit_record(harness: &Harness) {
        harness.store.insert(&flag(1, "a"), &audit_entry()).await.unwrap();
        for (duplicate, column) in [(flag(2, "a"), "name"), (flag(1, "b"), "id")] {
            let result = harness.store.insert(&duplicate, &audit_entry()).await;
            assert!(matches!(&result, Err(StoreError::UniqueViolation(key)) if key == column), "{result:?}");
        }
        assert_eq!(harness.audit_records().await.len(), 1);
    }

    async fn exactly_one_of_several_concurrent_updates_succeeds(harness: &Harness) {
        harness.store.insert(&flag(1, "a"), &audit_entry()).await.unwrap();
        let updated = run_concurrently((0..16).map(|percent| {
            let next = Flag { version: 2, percent: Percent::new(percent).unwrap(), ..flag(1, "a") };
            let store = harness.store.clone();
            async move { store.update(&next, &audit_entry()).await.unwrap() }
        }))
        .await;
        assert_eq!(updated.into_iter().filter(|updated| *updated).count(), 1);
        assert_eq!(harness.store.find(&FlagName::parse("a").unwrap()).await.unwrap().unwrap().version, 2);
        assert_eq!(harness.audit_records().await.len(), 2);
        let absent = Flag { version: 2, ..flag(9, "z") };
        assert!(!harness.store.update(&absent, &audit_entry()).await.unwrap());
    }

    async fn a_flag_is_not_saved_if_its_audit_entry_is_rejected(harness: &Harness) {
        let malformed = [AuditEntry { subject: "a flag of ours".to_owned(), ..audit_entry()[0].clone() }];
        harness.store.insert(&flag(1, "a"), &malformed).await.unwrap_err();
        assert_eq!(harness.store.list(None, 10).await.unwrap(), []);
        harness.store.insert(&flag(1, "a"), &audit_entry()).await.unwrap();
        harness.store.update(&Flag { version: 2, ..flag(1, "a") }, &malformed).await.unwrap_err();
        assert_eq!(harness.store.list(None, 10).await.unwrap(), [flag(1, "a")]);
    }
}
