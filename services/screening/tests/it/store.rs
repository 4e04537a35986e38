//! Contract of `kith_screening::store::Store`.

use std::sync::Arc;

use kith_kernel::{
    Clock as _, EventId, SystemClock, SystemEntropy,
    audit::{AuditAction, AuditEntry},
};
use kith_screening::store::RuleSetVersion;
use kith_screening_engine::{Rule, RuleSet};
use kith_testkit::{run_concurrently, user};

use crate::harness::{Harness, postgres, sqlite};

fn version(number: u32, threshold: u8) -> RuleSetVersion {
    let mut rules = RuleSet::default_rules().unwrap();
    rules.version = number;
    let first = rules.rules[0].clone();
    rules.rules[0] = Rule { threshold, ..first };
    RuleSetVersion { rules, changed_rule: "phone".into(), author: user(), at: SystemClock.now() }
}

fn audit_entry(version: &RuleSetVersion) -> AuditEntry {
    AuditEntry {
        id: EventId::new(version.at, &SystemEntropy),
        at: version.at,
        actor: version.author,
        session: None,
        action: AuditAction::RuleChanged,
        subject: "rule:phone".into(),
        detail: format!("version={}", version.rules.version),
    }
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_empty_store_has_no_version(bed: &Harness) {
        assert_eq!(bed.store.newest_version().await.unwrap(), None);
        assert_eq!(bed.store.find(1).await.unwrap(), None);
    }

    async fn every_version_is_stored_unchanged(bed: &Harness) {
        let (second, third) = (version(2, 80), version(3, 90));
        assert!(bed.store.insert(&second, &audit_entry(&second)).await.unwrap());
        assert!(bed.store.insert(&third, &audit_entry(&third)).await.unwrap());
        assert_eq!(bed.store.newest_version().await.unwrap(), Some(3));
        assert_eq!(bed.store.find(2).await.unwrap(), Some(second));
        assert_eq!(bed.store.find(3).await.unwrap(), Some(third));
        assert_eq!(bed.store.find(4).await.unwrap(), None);
    }

    async fn an_existing_version_is_not_replaced_and_adds_no_audit_record(bed: &Harness) {
        let (first, other) = (version(2, 80), version(2, 90));
        assert!(bed.store.insert(&first, &audit_entry(&first)).await.unwrap());
        assert!(!bed.store.insert(&other, &audit_entry(&other)).await.unwrap());
        assert_eq!(bed.store.find(2).await.unwrap(), Some(first));
        let record = (AuditAction::RuleChanged.as_str().to_owned(), "rule:phone".to_owned(), "version=2".to_owned());
        assert_eq!(bed.audit_records().await, [record]);
    }

    async fn a_version_is_not_saved_if_its_audit_entry_is_rejected(bed: &Harness) {
        let new = version(2, 80);
        let malformed = AuditEntry { subject: String::new(), ..audit_entry(&new) };
        assert!(bed.store.insert(&new, &malformed).await.is_err());
        assert_eq!(bed.store.newest_version().await.unwrap(), None);
    }

    async fn exactly_one_of_several_concurrent_inserts_succeeds(bed: &Harness) {
        let inserts = (0..8).map(|it| {
            let (store, new) = (Arc::clone(&bed.store), version(2, 50 + it));
            async move { store.insert(&new, &audit_entry(&new)).await.unwrap() }
        });
        let inserted = run_concurrently(inserts).await;
        assert_eq!(inserted.into_iter().filter(|it| *it).count(), 1);
        assert_eq!(bed.audit_records().await.len(), 1);
    }
}
