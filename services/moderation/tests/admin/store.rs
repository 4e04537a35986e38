//! What `kith_moderation::admin::store::Store` promises.

use std::collections::BTreeSet;

use kith_kernel::{
    EventId, Role, SystemEntropy, Timestamp,
    audit::{Act, Entry},
};
use kith_moderation::admin::{Flag, Name, Percent};
use kith_storage::StoreError;
use kith_testkit::{race, user};
use uuid::Uuid;

use crate::bed::{Bed, postgres, sqlite};

fn flag(id: u128, name: &str) -> Flag {
    Flag {
        id: Uuid::from_u128(id),
        name: Name::new(name).unwrap(),
        percent: Percent::new(30).unwrap(),
        roles: BTreeSet::from([Role::Moderator, Role::Admin]),
        version: 1,
        changed_at: Timestamp::from_millis(1_700_000_000_123),
    }
}

fn entry() -> [Entry; 1] {
    let at = Timestamp::from_millis(5);
    [Entry {
        id: EventId::new(at, &SystemEntropy),
        at,
        actor: user(),
        session: None,
        act: Act::FlagPut,
        subject: "flag:a".to_owned(),
        detail: String::new(),
    }]
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_flag_is_kept_as_it_was_added(bed: &Bed) {
        let bare = Flag { roles: BTreeSet::new(), ..flag(2, "b") };
        for flag in [flag(1, "a"), bare.clone()] {
            bed.store.add(&flag, &entry()).await.unwrap();
            assert_eq!(bed.store.flag(&flag.name).await.unwrap(), Some(flag));
        }
        assert_eq!(bed.store.flag(&Name::new("c").unwrap()).await.unwrap(), None);
        assert_eq!(bed.store.flags(None, 10).await.unwrap(), [flag(1, "a"), bare.clone()]);
        assert_eq!(bed.store.flags(Some(Uuid::from_u128(1)), 10).await.unwrap(), [bare]);
        assert_eq!(bed.store.flags(None, 1).await.unwrap(), [flag(1, "a")]);
        assert_eq!(bed.store.flags(None, i64::MAX).await.unwrap().len(), 2);
        assert_eq!(bed.written_down().await.len(), 2);
    }

    async fn a_name_or_an_id_in_use_is_taken_and_nothing_is_written_down(bed: &Bed) {
        bed.store.add(&flag(1, "a"), &entry()).await.unwrap();
        for (again, column) in [(flag(2, "a"), "name"), (flag(1, "b"), "id")] {
            let refused = bed.store.add(&again, &entry()).await;
            assert!(matches!(&refused, Err(StoreError::Taken(key)) if key == column), "{refused:?}");
        }
        assert_eq!(bed.written_down().await.len(), 1);
    }

    async fn of_many_who_set_one_version_at_once_one_does(bed: &Bed) {
        bed.store.add(&flag(1, "a"), &entry()).await.unwrap();
        let set = race((0..16).map(|number| {
            let next = Flag { version: 2, percent: Percent::new(number).unwrap(), ..flag(1, "a") };
            let store = bed.store.clone();
            async move { store.set(&next, &entry()).await.unwrap() }
        }))
        .await;
        assert_eq!(set.into_iter().filter(|set| *set).count(), 1);
        assert_eq!(bed.store.flag(&Name::new("a").unwrap()).await.unwrap().unwrap().version, 2);
        assert_eq!(bed.written_down().await.len(), 2);
        let absent = Flag { version: 2, ..flag(9, "z") };
        assert!(!bed.store.set(&absent, &entry()).await.unwrap());
    }

    async fn a_flag_that_cannot_be_written_down_is_not_set(bed: &Bed) {
        let formless = [Entry { subject: "a flag of ours".to_owned(), ..entry()[0].clone() }];
        bed.store.add(&flag(1, "a"), &formless).await.unwrap_err();
        assert_eq!(bed.store.flags(None, 10).await.unwrap(), []);
        bed.store.add(&flag(1, "a"), &entry()).await.unwrap();
        bed.store.set(&Flag { version: 2, ..flag(1, "a") }, &formless).await.unwrap_err();
        assert_eq!(bed.store.flags(None, 10).await.unwrap(), [flag(1, "a")]);
    }
}
