//! Contract of `kith_auth::store::Store`, on every database.

use std::{collections::BTreeSet, pin::Pin, time::Duration};

use kith_auth::{
    domain::{Digest, Session},
    store::{EmailCredentials, NewCredentials},
};
use kith_kernel::{AccountEvent, Event, EventPayload, SessionId, SystemEntropy, UserId, ports::DataKey};
use kith_storage::{StoreError, StoreResult};
use kith_testkit::{event, run_concurrently, user};

use crate::harness::{Harness, postgres, sqlite};

fn digest() -> Digest {
    kith_kernel::Entropy::secret(&SystemEntropy)
}

fn session(harness: &Harness, account: UserId) -> Session {
    harness.clock.advance(Duration::from_millis(1));
    let now = harness.now();
    Session::new(SessionId::new(now, &SystemEntropy), account, vec![1, 2], digest(), now)
}

fn email_credentials() -> EmailCredentials {
    EmailCredentials { encrypted_email: vec![3], email_index: digest(), password_hash: "hash".to_owned() }
}

fn new_credentials(harness: &Harness, email: Option<EmailCredentials>) -> NewCredentials {
    let data_key = DataKey(vec![7]);
    NewCredentials { account: user(), data_key, recovery_digest: digest(), email, created_at: harness.now() }
}

fn revocation_event(session: SessionId) -> Event {
    event(EventPayload::Account(AccountEvent::SessionRevoked { user: user(), session }))
}

fn violated_key<T>(result: StoreResult<T>) -> String {
    match result {
        Err(StoreError::UniqueViolation(key)) => key,
        Err(other) => other.to_string(),
        Ok(_) => "none".to_owned(),
    }
}

/// Enrolls an account with an e-mail address and its first session.
async fn enroll(harness: &Harness) -> (NewCredentials, Session) {
    let credentials = new_credentials(harness, Some(email_credentials()));
    let session = session(harness, credentials.account);
    harness.store.enroll(&credentials, &session).await.unwrap();
    (credentials, session)
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn new_credentials_are_found_by_email_and_by_recovery_code(harness: &Harness) {
        let (made, first) = enroll(harness).await;
        let email = made.email.unwrap();
        let record = harness.store.find_by_email_index(&email.email_index).await.unwrap().unwrap();
        assert_eq!((record.account, record.password_hash), (made.account, email.password_hash));
        assert_eq!(harness.store.find_by_recovery_digest(&made.recovery_digest).await.unwrap(), Some(made.account));
        assert_eq!(harness.store.data_key(made.account).await.unwrap(), Some(made.data_key));
        assert!(harness.store.has_email(made.account).await.unwrap());
        assert_eq!(harness.store.find_session(first.id).await.unwrap(), Some(first));
        assert!(harness.store.find_by_email_index(&digest()).await.unwrap().is_none());
        assert_eq!(harness.store.find_by_recovery_digest(&digest()).await.unwrap(), None);
        assert_eq!(harness.store.data_key(user()).await.unwrap(), None);
        assert!(!harness.store.has_email(user()).await.unwrap());
    }

    async fn a_conflicting_enrollment_names_the_key_and_changes_nothing(harness: &Harness) {
        let (made, _) = enroll(harness).await;
        let same_account = NewCredentials { account: made.account, ..new_credentials(harness, made.email.clone()) };
        let late = session(harness, made.account);
        assert_eq!(violated_key(harness.store.enroll(&same_account, &late).await), "owner");
        let same_email = new_credentials(harness, made.email.clone());
        let other = session(harness, same_email.account);
        assert_eq!(violated_key(harness.store.enroll(&same_email, &other).await), "email_index");
        assert_eq!(harness.store.data_key(same_email.account).await.unwrap(), None);
        for rejected in [late, other] {
            assert_eq!(harness.store.find_session(rejected.id).await.unwrap(), None);
        }
    }

    async fn a_repeated_enrollment_replaces_recovery_code_and_session(harness: &Harness) {
        let (made, first) = enroll(harness).await;
        let index = made.email.as_ref().map(|email| &email.email_index);
        let (code, second) = (digest(), session(harness, made.account));
        assert!(harness.store.enroll_retry(&code, index, &second, &revocation_event).await.unwrap());
        assert_eq!(harness.store.find_by_recovery_digest(&code).await.unwrap(), Some(made.account));
        assert_eq!(harness.store.find_by_recovery_digest(&made.recovery_digest).await.unwrap(), None);
        assert!(!harness.store.find_session(first.id).await.unwrap().unwrap().is_live(harness.now()));
        assert!(harness.store.find_session(second.id).await.unwrap().unwrap().is_live(harness.now()));
        let foreign = session(harness, user());
        for (index, session) in [(None, &second), (Some(&digest()), &second), (None, &foreign)] {
            assert!(!harness.store.enroll_retry(&digest(), index, session, &revocation_event).await.unwrap());
        }
        assert_eq!(harness.store.find_by_recovery_digest(&code).await.unwrap(), Some(made.account));
        assert_eq!(harness.published_events().await.len(), 1);
    }

    async fn an_account_is_upgraded_once(harness: &Harness) {
        let (other, _) = enroll(harness).await;
        let made = new_credentials(harness, None);
        harness.store.enroll(&made, &session(harness, made.account)).await.unwrap();
        assert_eq!(violated_key(harness.store.upgrade(made.account, &other.email.unwrap()).await), "email_index");
        assert!(!harness.store.has_email(made.account).await.unwrap());
        let first = email_credentials();
        assert!(harness.store.upgrade(made.account, &first).await.unwrap());
        assert!(!harness.store.upgrade(made.account, &email_credentials()).await.unwrap());
        assert!(!harness.store.upgrade(user(), &email_credentials()).await.unwrap());
        let record = harness.store.find_by_email_index(&first.email_index).await.unwrap().unwrap();
        assert_eq!(record.account, made.account);
    }

    async fn concurrent_attempts_are_counted_per_address_until_one_succeeds(harness: &Harness) {
        let (ann, bob) = (digest(), digest());
        let attempts = (0..32).map(|_| {
            let (store, now) = (harness.store.clone(), harness.now());
            tokio::spawn(async move { store.record_attempt(&ann, now).await.unwrap() })
        });
        let mut rejected = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            rejected.extend(attempt.await.unwrap());
        }
        assert_eq!(rejected, [harness.now().after(Duration::from_secs(1)); 27]);
        assert_eq!(harness.store.record_attempt(&bob, harness.now()).await.unwrap(), None);
        harness.store.clear_attempts(&ann).await.unwrap();
        assert_eq!(harness.store.record_attempt(&ann, harness.now()).await.unwrap(), None);
    }

    async fn attempts_are_purged_by_the_time_of_the_last_one(harness: &Harness) {
        let address = digest();
        harness.store.record_attempt(&address, harness.now()).await.unwrap();
        assert_eq!(harness.store.purge_attempts(harness.now()).await.unwrap(), 0);
        harness.clock.advance(Duration::from_millis(1));
        assert_eq!(harness.store.purge_attempts(harness.now()).await.unwrap(), 1);
    }

    async fn a_hash_is_replaced_only_if_the_previous_one_matches(harness: &Harness) {
        let (made, _) = enroll(harness).await;
        assert!(!harness.store.update_hash(made.account, "another", "new").await.unwrap());
        assert!(harness.store.update_hash(made.account, "hash", "new").await.unwrap());
        assert!(!harness.store.update_hash(made.account, "hash", "newer").await.unwrap());
        let record = harness.store.find_by_email_index(&made.email.unwrap().email_index).await.unwrap().unwrap();
        assert_eq!(record.password_hash, "new");
    }

    async fn a_new_session_ends_the_oldest_live_ones_above_the_limit_with_their_events(harness: &Harness) {
        let (ann, bob) = (user(), user());
        let other = session(harness, bob);
        harness.store.create_session(&other, 3, &revocation_event).await.unwrap();
        let made: Vec<Session> = (0..3).map(|_| session(harness, ann)).collect();
        for session in &made {
            assert_eq!(harness.store.create_session(session, 3, &revocation_event).await.unwrap(), []);
        }
        assert!(harness.store.end_session(made[0].id, ann, harness.now(), &[], &[]).await.unwrap());
        assert_eq!(harness.store.create_session(&session(harness, ann), 3, &revocation_event).await.unwrap(), []);
        assert_eq!(
            harness.store.create_session(&session(harness, ann), 3, &revocation_event).await.unwrap(),
            [made[1].id]
        );
        assert_eq!(harness.published_events().await.len(), 1);
        assert!(harness.store.find_session(other.id).await.unwrap().unwrap().is_live(harness.now()));
        assert_eq!(harness.store.list_sessions(ann, None, harness.now(), 10).await.unwrap().len(), 3);
    }

    async fn concurrent_logins_keep_the_session_limit(harness: &Harness) {
        let ann = user();
        let sessions: Vec<Session> = (0..32).map(|_| session(harness, ann)).collect();
        let tasks = sessions.into_iter().map(|session| {
            let store = harness.store.clone();
            async move { store.create_session(&session, 3, &revocation_event).await.unwrap() }
        });
        let ended: Vec<SessionId> = run_concurrently(tasks).await.into_iter().flatten().collect();
        assert_eq!(ended.len(), 29);
        assert_eq!(ended.into_iter().collect::<BTreeSet<_>>().len(), 29, "each session is ended once");
        assert_eq!(harness.store.list_sessions(ann, None, harness.now(), 10).await.unwrap().len(), 3);
        assert_eq!(harness.published_events().await.len(), 29);
    }

    async fn concurrent_logout_and_eviction_publish_one_event(harness: &Harness) {
        let ann = user();
        for _ in 0..4 {
            let created = session(harness, ann);
            harness.store.create_session(&created, 1, &revocation_event).await.unwrap();
            harness.published_events().await;
            let next = session(harness, ann);
            let mut tasks: Vec<Pin<Box<dyn Future<Output = usize> + Send>>> = Vec::new();
            for _ in 0..16 {
                let (store, id, now) = (harness.store.clone(), created.id, harness.now());
                tasks.push(Box::pin(async move {
                    usize::from(store.end_session(id, ann, now, &[revocation_event(id)], &[]).await.unwrap())
                }));
            }
            let store = harness.store.clone();
            tasks.push(Box::pin(async move { store.create_session(&next, 1, &revocation_event).await.unwrap().len() }));
            assert_eq!(run_concurrently(tasks).await.into_iter().sum::<usize>(), 1);
            assert_eq!(harness.published_events().await.len(), 1);
        }
    }

    async fn one_of_several_concurrent_enrollments_of_an_account_or_address_succeeds(harness: &Harness) {
        let (ann, address) = (user(), email_credentials());
        let tasks = (0..32).map(|turn| {
            let mut credentials = new_credentials(harness, Some(address.clone()));
            if turn % 2 == 0 {
                credentials.account = ann;
            }
            let (store, session) = (harness.store.clone(), session(harness, credentials.account));
            async move { violated_key(store.enroll(&credentials, &session).await) }
        });
        let results = run_concurrently(tasks).await;
        assert_eq!(results.iter().filter(|key| *key == "none").count(), 1);
        assert!(results.iter().all(|key| ["none", "owner", "email_index"].contains(&key.as_str())));
    }

    async fn one_of_several_concurrent_conditional_updates_succeeds(harness: &Harness) {
        let (made, _) = enroll(harness).await;
        let anonymous = new_credentials(harness, None);
        let created = session(harness, anonymous.account);
        harness.store.enroll(&anonymous, &created).await.unwrap();
        let rotated = created.rotated(digest(), vec![9], harness.now());
        assert!(harness.store.rotate(&rotated).await.unwrap());
        let tasks = (0..32).map(|turn| {
            let (store, made, anonymous) = (harness.store.clone(), made.account, anonymous.account);
            let (rotated, hash) = (rotated.id, format!("hash {turn}"));
            async move {
                [
                    store.upgrade(anonymous, &email_credentials()).await.unwrap(),
                    store.update_hash(made, "hash", &hash).await.unwrap(),
                    store.confirm_rotation(rotated, 1).await.unwrap(),
                ]
            }
        });
        let results = run_concurrently(tasks).await;
        for change in 0..3 {
            assert_eq!(results.iter().filter(|did| did[change]).count(), 1);
        }
    }

    async fn one_of_several_concurrent_rotations_succeeds(harness: &Harness) {
        let created = session(harness, user());
        harness.store.create_session(&created, 10, &revocation_event).await.unwrap();
        let attempts = (0..32).map(|_| {
            let (store, rotated) = (harness.store.clone(), created.clone().rotated(digest(), vec![9], harness.now()));
            tokio::spawn(async move { store.rotate(&rotated).await.unwrap().then_some(rotated) })
        });
        let mut results = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            results.extend(attempt.await.unwrap());
        }
        assert_eq!(results.len(), 1);
        assert_eq!(harness.store.find_session(created.id).await.unwrap(), results.pop());
    }

    async fn an_ended_or_expired_session_cannot_be_rotated(harness: &Harness) {
        let (ended, expired) = (session(harness, user()), session(harness, user()));
        for session in [&ended, &expired] {
            harness.store.create_session(session, 10, &revocation_event).await.unwrap();
        }
        assert!(harness.store.end_session(ended.id, ended.account, harness.now(), &[], &[]).await.unwrap());
        assert!(!harness.store.rotate(&ended.rotated(digest(), vec![9], harness.now())).await.unwrap());
        harness.clock.advance(kith_auth::domain::IDLE_TIMEOUT);
        assert!(!harness.store.rotate(&expired.rotated(digest(), vec![9], harness.now())).await.unwrap());
    }

    async fn a_rotation_is_confirmed_once_and_for_its_own_generation(harness: &Harness) {
        let created = session(harness, user());
        harness.store.create_session(&created, 10, &revocation_event).await.unwrap();
        assert!(!harness.store.confirm_rotation(created.id, 0).await.unwrap());
        let rotated = created.rotated(digest(), vec![9], harness.now());
        assert!(harness.store.rotate(&rotated).await.unwrap());
        assert!(!harness.store.confirm_rotation(rotated.id, 0).await.unwrap());
        assert!(harness.store.confirm_rotation(rotated.id, 1).await.unwrap());
        assert!(!harness.store.confirm_rotation(rotated.id, 1).await.unwrap());
        let confirmed = Session { pending_retry: None, ..rotated };
        assert_eq!(harness.store.find_session(confirmed.id).await.unwrap(), Some(confirmed));
    }

    async fn a_session_is_ended_once_and_only_by_its_account(harness: &Harness) {
        let created = session(harness, user());
        harness.store.create_session(&created, 10, &revocation_event).await.unwrap();
        let end = async |account| {
            harness
                .store
                .end_session(created.id, account, harness.now(), &[revocation_event(created.id)], &[])
                .await
                .unwrap()
        };
        assert!(!end(user()).await);
        assert!(end(created.account).await);
        assert!(!end(created.account).await);
        assert_eq!(harness.store.find_session(created.id).await.unwrap().unwrap().ended_at, Some(harness.now()));
        assert_eq!(harness.published_events().await.len(), 1);
    }

    async fn a_session_stays_live_if_its_event_cannot_be_saved(harness: &Harness) {
        let (one, other) = (session(harness, user()), session(harness, user()));
        for session in [&one, &other] {
            harness.store.create_session(session, 10, &revocation_event).await.unwrap();
        }
        let event = [revocation_event(one.id)];
        assert!(harness.store.end_session(one.id, one.account, harness.now(), &event, &[]).await.unwrap());
        harness.store.end_session(other.id, other.account, harness.now(), &event, &[]).await.unwrap_err();
        assert!(harness.store.find_session(other.id).await.unwrap().unwrap().is_live(harness.now()));
    }

    async fn live_sessions_of_one_account_are_listed_newest_first(harness: &Harness) {
        let (ann, bob) = (user(), user());
        harness.store.create_session(&session(harness, bob), 10, &revocation_event).await.unwrap();
        let mut made: Vec<Session> = (0..4).map(|_| session(harness, ann)).collect();
        for session in &made {
            harness.store.create_session(session, 10, &revocation_event).await.unwrap();
        }
        harness.store.end_session(made[1].id, ann, harness.now(), &[], &[]).await.unwrap();
        made.remove(1);
        made.reverse();
        assert_eq!(harness.store.list_sessions(ann, None, harness.now(), 2).await.unwrap(), made[..2]);
        assert_eq!(harness.store.list_sessions(ann, Some(made[1].id), harness.now(), 10).await.unwrap(), made[2..]);
        harness.clock.advance(kith_auth::domain::IDLE_TIMEOUT);
        assert_eq!(harness.store.list_sessions(ann, None, harness.now(), 10).await.unwrap(), []);
    }

    async fn only_ended_and_expired_sessions_are_purged(harness: &Harness) {
        let (ended, expired, live) = (session(harness, user()), session(harness, user()), session(harness, user()));
        for session in [&ended, &expired] {
            harness.store.create_session(session, 10, &revocation_event).await.unwrap();
        }
        harness.store.end_session(ended.id, ended.account, harness.now(), &[], &[]).await.unwrap();
        assert_eq!(harness.store.purge_sessions(harness.now()).await.unwrap(), 0);
        harness.clock.advance(kith_auth::domain::IDLE_TIMEOUT);
        let live = Session {
            created_at: harness.now(),
            expires_at: harness.now().after(kith_auth::domain::IDLE_TIMEOUT),
            ..live
        };
        harness.store.create_session(&live, 10, &revocation_event).await.unwrap();
        harness.clock.advance(Duration::from_millis(5));
        assert_eq!(harness.store.purge_sessions(harness.now()).await.unwrap(), 2);
        assert_eq!(harness.store.find_session(ended.id).await.unwrap(), None);
        assert_eq!(harness.store.find_session(expired.id).await.unwrap(), None);
        assert!(harness.store.find_session(live.id).await.unwrap().is_some());
    }
}
