//! What `kith_auth::store::Store` promises, on every database that keeps it.

use std::{collections::BTreeSet, pin::Pin, time::Duration};

use kith_auth::{
    domain::{Digest, Session},
    store::{Enrolment, Entrance},
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
    Session::begin(SessionId::new(now, &SystemEntropy), account, vec![1, 2], digest(), now)
}

fn entrance() -> Entrance {
    Entrance { email: vec![3], email_index: digest(), password: "hash".to_owned() }
}

fn enrolment(harness: &Harness, entrance: Option<Entrance>) -> Enrolment {
    let data_key = DataKey(vec![7]);
    Enrolment { account: user(), data_key, recovery: digest(), entrance, created_at: harness.now() }
}

fn revoked(session: SessionId) -> Event {
    event(EventPayload::Account(AccountEvent::SessionRevoked { user: user(), session }))
}

fn taken<T>(answer: StoreResult<T>) -> String {
    match answer {
        Err(StoreError::UniqueViolation(key)) => key,
        Err(other) => other.to_string(),
        Ok(_) => "nothing".to_owned(),
    }
}

/// Somebody with an address, and their first session.
async fn enrolled(harness: &Harness) -> (Enrolment, Session) {
    let enrolment = enrolment(harness, Some(entrance()));
    let session = session(harness, enrolment.account);
    harness.store.enroll(&enrolment, &session).await.unwrap();
    (enrolment, session)
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_enrolment_is_found_by_all_that_it_was_made_of(harness: &Harness) {
        let (made, first) = enrolled(harness).await;
        let entrance = made.entrance.unwrap();
        let entry = harness.store.by_email(&entrance.email_index).await.unwrap().unwrap();
        assert_eq!((entry.account, entry.password), (made.account, entrance.password));
        assert_eq!(harness.store.by_recovery(&made.recovery).await.unwrap(), Some(made.account));
        assert_eq!(harness.store.data_key(made.account).await.unwrap(), Some(made.data_key));
        assert!(harness.store.has_email(made.account).await.unwrap());
        assert_eq!(harness.store.session(first.id).await.unwrap(), Some(first));
        assert!(harness.store.by_email(&digest()).await.unwrap().is_none());
        assert_eq!(harness.store.by_recovery(&digest()).await.unwrap(), None);
        assert_eq!(harness.store.data_key(user()).await.unwrap(), None);
        assert!(!harness.store.has_email(user()).await.unwrap());
    }

    async fn an_enrolment_is_refused_as_a_whole_and_by_name(harness: &Harness) {
        let (made, _) = enrolled(harness).await;
        let same_account = Enrolment { account: made.account, ..enrolment(harness, made.entrance.clone()) };
        let late = session(harness, made.account);
        assert_eq!(taken(harness.store.enroll(&same_account, &late).await), "owner");
        let same_email = enrolment(harness, made.entrance.clone());
        let other = session(harness, same_email.account);
        assert_eq!(taken(harness.store.enroll(&same_email, &other).await), "email_index");
        assert_eq!(harness.store.data_key(same_email.account).await.unwrap(), None);
        for refused in [late, other] {
            assert_eq!(harness.store.session(refused.id).await.unwrap(), None);
        }
    }

    async fn an_enrolment_that_nobody_heard_of_is_replaced(harness: &Harness) {
        let (made, first) = enrolled(harness).await;
        let index = made.entrance.as_ref().map(|entrance| &entrance.email_index);
        let (code, second) = (digest(), session(harness, made.account));
        assert!(harness.store.enroll_again(&code, index, &second, &revoked).await.unwrap());
        assert_eq!(harness.store.by_recovery(&code).await.unwrap(), Some(made.account));
        assert_eq!(harness.store.by_recovery(&made.recovery).await.unwrap(), None);
        assert!(!harness.store.session(first.id).await.unwrap().unwrap().is_live(harness.now()));
        assert!(harness.store.session(second.id).await.unwrap().unwrap().is_live(harness.now()));
        let foreign = session(harness, user());
        for (index, session) in [(None, &second), (Some(&digest()), &second), (None, &foreign)] {
            assert!(!harness.store.enroll_again(&digest(), index, session, &revoked).await.unwrap());
        }
        assert_eq!(harness.store.by_recovery(&code).await.unwrap(), Some(made.account));
        assert_eq!(harness.announced().await.len(), 1);
    }

    async fn an_account_gets_an_address_once(harness: &Harness) {
        let (other, _) = enrolled(harness).await;
        let made = enrolment(harness, None);
        harness.store.enroll(&made, &session(harness, made.account)).await.unwrap();
        assert_eq!(taken(harness.store.upgrade(made.account, &other.entrance.unwrap()).await), "email_index");
        assert!(!harness.store.has_email(made.account).await.unwrap());
        let first = entrance();
        assert!(harness.store.upgrade(made.account, &first).await.unwrap());
        assert!(!harness.store.upgrade(made.account, &entrance()).await.unwrap());
        assert!(!harness.store.upgrade(user(), &entrance()).await.unwrap());
        let entry = harness.store.by_email(&first.email_index).await.unwrap().unwrap();
        assert_eq!(entry.account, made.account);
    }

    async fn attempts_by_one_address_are_counted_until_one_succeeds(harness: &Harness) {
        let (ann, bob) = (digest(), digest());
        let attempts = (0..32).map(|_| {
            let (store, now) = (harness.store.clone(), harness.now());
            tokio::spawn(async move { store.attempt(&ann, now).await.unwrap() })
        });
        let mut refused = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            refused.extend(attempt.await.unwrap());
        }
        assert_eq!(refused, [harness.now().after(Duration::from_secs(1)); 27]);
        assert_eq!(harness.store.attempt(&bob, harness.now()).await.unwrap(), None);
        harness.store.entered(&ann).await.unwrap();
        assert_eq!(harness.store.attempt(&ann, harness.now()).await.unwrap(), None);
    }

    async fn attempts_are_forgotten_by_their_last_one(harness: &Harness) {
        let address = digest();
        harness.store.attempt(&address, harness.now()).await.unwrap();
        assert_eq!(harness.store.forget_attempts(harness.now()).await.unwrap(), 0);
        harness.clock.advance(Duration::from_millis(1));
        assert_eq!(harness.store.forget_attempts(harness.now()).await.unwrap(), 1);
    }

    async fn a_hash_is_replaced_only_by_who_knows_the_one_before(harness: &Harness) {
        let (made, _) = enrolled(harness).await;
        assert!(!harness.store.rehash(made.account, "another", "new").await.unwrap());
        assert!(harness.store.rehash(made.account, "hash", "new").await.unwrap());
        assert!(!harness.store.rehash(made.account, "hash", "newer").await.unwrap());
        let entry = harness.store.by_email(&made.entrance.unwrap().email_index).await.unwrap().unwrap();
        assert_eq!(entry.password, "new");
    }

    async fn one_session_more_ends_the_oldest_live_ones_of_its_account_with_their_events(harness: &Harness) {
        let (ann, bob) = (user(), user());
        let other = session(harness, bob);
        harness.store.open(&other, 3, &revoked).await.unwrap();
        let made: Vec<Session> = (0..3).map(|_| session(harness, ann)).collect();
        for session in &made {
            assert_eq!(harness.store.open(session, 3, &revoked).await.unwrap(), []);
        }
        assert!(harness.store.end(made[0].id, ann, harness.now(), &[], &[]).await.unwrap());
        assert_eq!(harness.store.open(&session(harness, ann), 3, &revoked).await.unwrap(), []);
        assert_eq!(harness.store.open(&session(harness, ann), 3, &revoked).await.unwrap(), [made[1].id]);
        assert_eq!(harness.announced().await.len(), 1);
        assert!(harness.store.session(other.id).await.unwrap().unwrap().is_live(harness.now()));
        assert_eq!(harness.store.list(ann, None, harness.now(), 10).await.unwrap().len(), 3);
    }

    async fn of_many_sessions_that_begin_at_once_as_many_live_as_may(harness: &Harness) {
        let ann = user();
        let sessions: Vec<Session> = (0..32).map(|_| session(harness, ann)).collect();
        let racers = sessions.into_iter().map(|session| {
            let store = harness.store.clone();
            async move { store.open(&session, 3, &revoked).await.unwrap() }
        });
        let ended: Vec<SessionId> = run_concurrently(racers).await.into_iter().flatten().collect();
        assert_eq!(ended.len(), 29);
        assert_eq!(ended.into_iter().collect::<BTreeSet<_>>().len(), 29, "each is ended once");
        assert_eq!(harness.store.list(ann, None, harness.now(), 10).await.unwrap().len(), 3);
        assert_eq!(harness.announced().await.len(), 29);
    }

    async fn of_many_who_end_a_session_or_push_it_out_at_once_one_announces_it(harness: &Harness) {
        let ann = user();
        for _ in 0..4 {
            let begun = session(harness, ann);
            harness.store.open(&begun, 1, &revoked).await.unwrap();
            harness.announced().await;
            let next = session(harness, ann);
            let mut racers: Vec<Pin<Box<dyn Future<Output = usize> + Send>>> = Vec::new();
            for _ in 0..16 {
                let (store, id, now) = (harness.store.clone(), begun.id, harness.now());
                racers.push(Box::pin(async move {
                    usize::from(store.end(id, ann, now, &[revoked(id)], &[]).await.unwrap())
                }));
            }
            let store = harness.store.clone();
            racers.push(Box::pin(async move { store.open(&next, 1, &revoked).await.unwrap().len() }));
            assert_eq!(run_concurrently(racers).await.into_iter().sum::<usize>(), 1);
            assert_eq!(harness.announced().await.len(), 1);
        }
    }

    async fn of_many_who_enroll_one_account_or_one_address_at_once_one_does(harness: &Harness) {
        let (ann, address) = (user(), entrance());
        let racers = (0..32).map(|turn| {
            let mut asked = enrolment(harness, Some(address.clone()));
            if turn % 2 == 0 {
                asked.account = ann;
            }
            let (store, session) = (harness.store.clone(), session(harness, asked.account));
            async move { taken(store.enroll(&asked, &session).await) }
        });
        let answers = run_concurrently(racers).await;
        assert_eq!(answers.iter().filter(|answer| *answer == "nothing").count(), 1);
        assert!(answers.iter().all(|answer| ["nothing", "owner", "email_index"].contains(&answer.as_str())));
    }

    async fn of_many_who_change_what_they_saw_at_once_one_does(harness: &Harness) {
        let (made, _) = enrolled(harness).await;
        let anonymous = enrolment(harness, None);
        let begun = session(harness, anonymous.account);
        harness.store.enroll(&anonymous, &begun).await.unwrap();
        let traded = begun.traded(digest(), vec![9], harness.now());
        assert!(harness.store.trade(&traded).await.unwrap());
        let racers = (0..32).map(|turn| {
            let (store, made, anonymous) = (harness.store.clone(), made.account, anonymous.account);
            let (traded, hash) = (traded.id, format!("hash {turn}"));
            async move {
                [
                    store.upgrade(anonymous, &entrance()).await.unwrap(),
                    store.rehash(made, "hash", &hash).await.unwrap(),
                    store.confirm(traded, 1).await.unwrap(),
                ]
            }
        });
        let done = run_concurrently(racers).await;
        for change in 0..3 {
            assert_eq!(done.iter().filter(|did| did[change]).count(), 1);
        }
    }

    async fn of_many_who_trade_one_token_one_does(harness: &Harness) {
        let begun = session(harness, user());
        harness.store.open(&begun, 10, &revoked).await.unwrap();
        let attempts = (0..32).map(|_| {
            let (store, traded) = (harness.store.clone(), begun.clone().traded(digest(), vec![9], harness.now()));
            tokio::spawn(async move { store.trade(&traded).await.unwrap().then_some(traded) })
        });
        let mut done = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            done.extend(attempt.await.unwrap());
        }
        assert_eq!(done.len(), 1);
        assert_eq!(harness.store.session(begun.id).await.unwrap(), done.pop());
    }

    async fn a_session_that_is_over_trades_nothing(harness: &Harness) {
        let (ended, expired) = (session(harness, user()), session(harness, user()));
        for session in [&ended, &expired] {
            harness.store.open(session, 10, &revoked).await.unwrap();
        }
        assert!(harness.store.end(ended.id, ended.account, harness.now(), &[], &[]).await.unwrap());
        assert!(!harness.store.trade(&ended.traded(digest(), vec![9], harness.now())).await.unwrap());
        harness.clock.advance(kith_auth::domain::IDLE);
        assert!(!harness.store.trade(&expired.traded(digest(), vec![9], harness.now())).await.unwrap());
    }

    async fn a_trade_is_confirmed_once_and_by_its_own_generation(harness: &Harness) {
        let begun = session(harness, user());
        harness.store.open(&begun, 10, &revoked).await.unwrap();
        assert!(!harness.store.confirm(begun.id, 0).await.unwrap());
        let traded = begun.traded(digest(), vec![9], harness.now());
        assert!(harness.store.trade(&traded).await.unwrap());
        assert!(!harness.store.confirm(traded.id, 0).await.unwrap());
        assert!(harness.store.confirm(traded.id, 1).await.unwrap());
        assert!(!harness.store.confirm(traded.id, 1).await.unwrap());
        let confirmed = Session { retry: None, ..traded };
        assert_eq!(harness.store.session(confirmed.id).await.unwrap(), Some(confirmed));
    }

    async fn a_session_is_ended_once_by_its_account_with_its_events(harness: &Harness) {
        let begun = session(harness, user());
        harness.store.open(&begun, 10, &revoked).await.unwrap();
        let end = async |account| {
            harness.store.end(begun.id, account, harness.now(), &[revoked(begun.id)], &[]).await.unwrap()
        };
        assert!(!end(user()).await);
        assert!(end(begun.account).await);
        assert!(!end(begun.account).await);
        assert_eq!(harness.store.session(begun.id).await.unwrap().unwrap().ended_at, Some(harness.now()));
        assert_eq!(harness.announced().await.len(), 1);
    }

    async fn a_session_whose_event_is_refused_goes_on(harness: &Harness) {
        let (one, other) = (session(harness, user()), session(harness, user()));
        for session in [&one, &other] {
            harness.store.open(session, 10, &revoked).await.unwrap();
        }
        let event = [revoked(one.id)];
        assert!(harness.store.end(one.id, one.account, harness.now(), &event, &[]).await.unwrap());
        harness.store.end(other.id, other.account, harness.now(), &event, &[]).await.unwrap_err();
        assert!(harness.store.session(other.id).await.unwrap().unwrap().is_live(harness.now()));
    }

    async fn a_list_is_of_one_account_and_of_what_lives_newest_first(harness: &Harness) {
        let (ann, bob) = (user(), user());
        harness.store.open(&session(harness, bob), 10, &revoked).await.unwrap();
        let mut made: Vec<Session> = (0..4).map(|_| session(harness, ann)).collect();
        for session in &made {
            harness.store.open(session, 10, &revoked).await.unwrap();
        }
        harness.store.end(made[1].id, ann, harness.now(), &[], &[]).await.unwrap();
        made.remove(1);
        made.reverse();
        assert_eq!(harness.store.list(ann, None, harness.now(), 2).await.unwrap(), made[..2]);
        assert_eq!(harness.store.list(ann, Some(made[1].id), harness.now(), 10).await.unwrap(), made[2..]);
        harness.clock.advance(kith_auth::domain::IDLE);
        assert_eq!(harness.store.list(ann, None, harness.now(), 10).await.unwrap(), []);
    }

    async fn what_is_over_is_forgotten_and_nothing_else(harness: &Harness) {
        let (ended, expired, live) = (session(harness, user()), session(harness, user()), session(harness, user()));
        for session in [&ended, &expired] {
            harness.store.open(session, 10, &revoked).await.unwrap();
        }
        harness.store.end(ended.id, ended.account, harness.now(), &[], &[]).await.unwrap();
        assert_eq!(harness.store.forget(harness.now()).await.unwrap(), 0);
        harness.clock.advance(kith_auth::domain::IDLE);
        let live =
            Session { created_at: harness.now(), expires_at: harness.now().after(kith_auth::domain::IDLE), ..live };
        harness.store.open(&live, 10, &revoked).await.unwrap();
        harness.clock.advance(Duration::from_millis(5));
        assert_eq!(harness.store.forget(harness.now()).await.unwrap(), 2);
        assert_eq!(harness.store.session(ended.id).await.unwrap(), None);
        assert_eq!(harness.store.session(expired.id).await.unwrap(), None);
        assert!(harness.store.session(live.id).await.unwrap().is_some());
    }
}
