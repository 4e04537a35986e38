//! What `kith_auth::store::Store` promises, on every database that keeps it.

use std::{collections::BTreeSet, pin::Pin, time::Duration};

use kith_auth::{
    domain::{Digest, Session},
    store::{Enrolment, Entrance},
};
use kith_kernel::{Event, Fact, SessionId, SystemEntropy, UserId, ports::DataKey};
use kith_storage::{StoreError, StoreResult};
use kith_testkit::{happened, race, user};

use crate::bed::{Bed, postgres, sqlite};

fn digest() -> Digest {
    kith_kernel::Entropy::secret(&SystemEntropy)
}

fn session(bed: &Bed, account: UserId) -> Session {
    bed.clock.pass(Duration::from_millis(1));
    let now = bed.now();
    Session::begin(SessionId::new(now, &SystemEntropy), account, vec![1, 2], digest(), now)
}

fn entrance() -> Entrance {
    Entrance { email: vec![3], email_index: digest(), password: "hash".to_owned() }
}

fn enrolment(bed: &Bed, entrance: Option<Entrance>) -> Enrolment {
    let data_key = DataKey(vec![7]);
    Enrolment { account: user(), data_key, recovery: digest(), entrance, created_at: bed.now() }
}

fn revoked(session: SessionId) -> Event {
    happened(Fact::SessionRevoked { user: user(), session })
}

fn taken<T>(answer: StoreResult<T>) -> String {
    match answer {
        Err(StoreError::Taken(key)) => key,
        Err(other) => other.to_string(),
        Ok(_) => "nothing".to_owned(),
    }
}

/// Somebody with an address, and their first session.
async fn enrolled(bed: &Bed) -> (Enrolment, Session) {
    let enrolment = enrolment(bed, Some(entrance()));
    let session = session(bed, enrolment.account);
    bed.store.enroll(&enrolment, &session).await.unwrap();
    (enrolment, session)
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn an_enrolment_is_found_by_all_that_it_was_made_of(bed: &Bed) {
        let (made, first) = enrolled(bed).await;
        let entrance = made.entrance.unwrap();
        let entry = bed.store.by_email(&entrance.email_index).await.unwrap().unwrap();
        assert_eq!((entry.account, entry.password), (made.account, entrance.password));
        assert_eq!(bed.store.by_recovery(&made.recovery).await.unwrap(), Some(made.account));
        assert_eq!(bed.store.data_key(made.account).await.unwrap(), Some(made.data_key));
        assert!(bed.store.has_email(made.account).await.unwrap());
        assert_eq!(bed.store.session(first.id).await.unwrap(), Some(first));
        assert!(bed.store.by_email(&digest()).await.unwrap().is_none());
        assert_eq!(bed.store.by_recovery(&digest()).await.unwrap(), None);
        assert_eq!(bed.store.data_key(user()).await.unwrap(), None);
        assert!(!bed.store.has_email(user()).await.unwrap());
    }

    async fn an_enrolment_is_refused_as_a_whole_and_by_name(bed: &Bed) {
        let (made, _) = enrolled(bed).await;
        let same_account = Enrolment { account: made.account, ..enrolment(bed, made.entrance.clone()) };
        let late = session(bed, made.account);
        assert_eq!(taken(bed.store.enroll(&same_account, &late).await), "owner");
        let same_email = enrolment(bed, made.entrance.clone());
        let other = session(bed, same_email.account);
        assert_eq!(taken(bed.store.enroll(&same_email, &other).await), "email_index");
        assert_eq!(bed.store.data_key(same_email.account).await.unwrap(), None);
        for refused in [late, other] {
            assert_eq!(bed.store.session(refused.id).await.unwrap(), None);
        }
    }

    async fn an_enrolment_that_nobody_heard_of_is_replaced(bed: &Bed) {
        let (made, first) = enrolled(bed).await;
        let index = made.entrance.as_ref().map(|entrance| &entrance.email_index);
        let (code, second) = (digest(), session(bed, made.account));
        assert!(bed.store.enroll_again(&code, index, &second, &revoked).await.unwrap());
        assert_eq!(bed.store.by_recovery(&code).await.unwrap(), Some(made.account));
        assert_eq!(bed.store.by_recovery(&made.recovery).await.unwrap(), None);
        assert!(!bed.store.session(first.id).await.unwrap().unwrap().is_live(bed.now()));
        assert!(bed.store.session(second.id).await.unwrap().unwrap().is_live(bed.now()));
        let foreign = session(bed, user());
        for (index, session) in [(None, &second), (Some(&digest()), &second), (None, &foreign)] {
            assert!(!bed.store.enroll_again(&digest(), index, session, &revoked).await.unwrap());
        }
        assert_eq!(bed.store.by_recovery(&code).await.unwrap(), Some(made.account));
        assert_eq!(bed.announced().await.len(), 1);
    }

    async fn an_account_gets_an_address_once(bed: &Bed) {
        let (other, _) = enrolled(bed).await;
        let made = enrolment(bed, None);
        bed.store.enroll(&made, &session(bed, made.account)).await.unwrap();
        assert_eq!(taken(bed.store.upgrade(made.account, &other.entrance.unwrap()).await), "email_index");
        assert!(!bed.store.has_email(made.account).await.unwrap());
        let first = entrance();
        assert!(bed.store.upgrade(made.account, &first).await.unwrap());
        assert!(!bed.store.upgrade(made.account, &entrance()).await.unwrap());
        assert!(!bed.store.upgrade(user(), &entrance()).await.unwrap());
        let entry = bed.store.by_email(&first.email_index).await.unwrap().unwrap();
        assert_eq!(entry.account, made.account);
    }

    async fn attempts_by_one_address_are_counted_until_one_succeeds(bed: &Bed) {
        let (ann, bob) = (digest(), digest());
        let attempts = (0..32).map(|_| {
            let (store, now) = (bed.store.clone(), bed.now());
            tokio::spawn(async move { store.attempt(&ann, now).await.unwrap() })
        });
        let mut refused = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            refused.extend(attempt.await.unwrap());
        }
        assert_eq!(refused, [bed.now().after(Duration::from_secs(1)); 27]);
        assert_eq!(bed.store.attempt(&bob, bed.now()).await.unwrap(), None);
        bed.store.entered(&ann).await.unwrap();
        assert_eq!(bed.store.attempt(&ann, bed.now()).await.unwrap(), None);
    }

    async fn attempts_are_forgotten_by_their_last_one(bed: &Bed) {
        let address = digest();
        bed.store.attempt(&address, bed.now()).await.unwrap();
        assert_eq!(bed.store.forget_attempts(bed.now()).await.unwrap(), 0);
        bed.clock.pass(Duration::from_millis(1));
        assert_eq!(bed.store.forget_attempts(bed.now()).await.unwrap(), 1);
    }

    async fn a_hash_is_replaced_only_by_who_knows_the_one_before(bed: &Bed) {
        let (made, _) = enrolled(bed).await;
        assert!(!bed.store.rehash(made.account, "another", "new").await.unwrap());
        assert!(bed.store.rehash(made.account, "hash", "new").await.unwrap());
        assert!(!bed.store.rehash(made.account, "hash", "newer").await.unwrap());
        let entry = bed.store.by_email(&made.entrance.unwrap().email_index).await.unwrap().unwrap();
        assert_eq!(entry.password, "new");
    }

    async fn one_session_more_ends_the_oldest_live_ones_of_its_account_with_their_events(bed: &Bed) {
        let (ann, bob) = (user(), user());
        let other = session(bed, bob);
        bed.store.open(&other, 3, &revoked).await.unwrap();
        let made: Vec<Session> = (0..3).map(|_| session(bed, ann)).collect();
        for session in &made {
            assert_eq!(bed.store.open(session, 3, &revoked).await.unwrap(), []);
        }
        assert!(bed.store.end(made[0].id, ann, bed.now(), &[], &[]).await.unwrap());
        assert_eq!(bed.store.open(&session(bed, ann), 3, &revoked).await.unwrap(), []);
        assert_eq!(bed.store.open(&session(bed, ann), 3, &revoked).await.unwrap(), [made[1].id]);
        assert_eq!(bed.announced().await.len(), 1);
        assert!(bed.store.session(other.id).await.unwrap().unwrap().is_live(bed.now()));
        assert_eq!(bed.store.list(ann, None, bed.now(), 10).await.unwrap().len(), 3);
    }

    async fn of_many_sessions_that_begin_at_once_as_many_live_as_may(bed: &Bed) {
        let ann = user();
        let sessions: Vec<Session> = (0..32).map(|_| session(bed, ann)).collect();
        let racers = sessions.into_iter().map(|session| {
            let store = bed.store.clone();
            async move { store.open(&session, 3, &revoked).await.unwrap() }
        });
        let ended: Vec<SessionId> = race(racers).await.into_iter().flatten().collect();
        assert_eq!(ended.len(), 29);
        assert_eq!(ended.into_iter().collect::<BTreeSet<_>>().len(), 29, "each is ended once");
        assert_eq!(bed.store.list(ann, None, bed.now(), 10).await.unwrap().len(), 3);
        assert_eq!(bed.announced().await.len(), 29);
    }

    async fn of_many_who_end_a_session_or_push_it_out_at_once_one_announces_it(bed: &Bed) {
        let ann = user();
        for _ in 0..4 {
            let begun = session(bed, ann);
            bed.store.open(&begun, 1, &revoked).await.unwrap();
            bed.announced().await;
            let next = session(bed, ann);
            let mut racers: Vec<Pin<Box<dyn Future<Output = usize> + Send>>> = Vec::new();
            for _ in 0..16 {
                let (store, id, now) = (bed.store.clone(), begun.id, bed.now());
                racers.push(Box::pin(async move {
                    usize::from(store.end(id, ann, now, &[revoked(id)], &[]).await.unwrap())
                }));
            }
            let store = bed.store.clone();
            racers.push(Box::pin(async move { store.open(&next, 1, &revoked).await.unwrap().len() }));
            assert_eq!(race(racers).await.into_iter().sum::<usize>(), 1);
            assert_eq!(bed.announced().await.len(), 1);
        }
    }

    async fn of_many_who_enroll_one_account_or_one_address_at_once_one_does(bed: &Bed) {
        let (ann, address) = (user(), entrance());
        let racers = (0..32).map(|turn| {
            let mut asked = enrolment(bed, Some(address.clone()));
            if turn % 2 == 0 {
                asked.account = ann;
            }
            let (store, session) = (bed.store.clone(), session(bed, asked.account));
            async move { taken(store.enroll(&asked, &session).await) }
        });
        let answers = race(racers).await;
        assert_eq!(answers.iter().filter(|answer| *answer == "nothing").count(), 1);
        assert!(answers.iter().all(|answer| ["nothing", "owner", "email_index"].contains(&answer.as_str())));
    }

    async fn of_many_who_change_what_they_saw_at_once_one_does(bed: &Bed) {
        let (made, _) = enrolled(bed).await;
        let anonymous = enrolment(bed, None);
        let begun = session(bed, anonymous.account);
        bed.store.enroll(&anonymous, &begun).await.unwrap();
        let traded = begun.traded(digest(), vec![9], bed.now());
        assert!(bed.store.trade(&traded).await.unwrap());
        let racers = (0..32).map(|turn| {
            let (store, made, anonymous) = (bed.store.clone(), made.account, anonymous.account);
            let (traded, hash) = (traded.id, format!("hash {turn}"));
            async move {
                [
                    store.upgrade(anonymous, &entrance()).await.unwrap(),
                    store.rehash(made, "hash", &hash).await.unwrap(),
                    store.confirm(traded, 1).await.unwrap(),
                ]
            }
        });
        let done = race(racers).await;
        for change in 0..3 {
            assert_eq!(done.iter().filter(|did| did[change]).count(), 1);
        }
    }

    async fn of_many_who_trade_one_token_one_does(bed: &Bed) {
        let begun = session(bed, user());
        bed.store.open(&begun, 10, &revoked).await.unwrap();
        let attempts = (0..32).map(|_| {
            let (store, traded) = (bed.store.clone(), begun.clone().traded(digest(), vec![9], bed.now()));
            tokio::spawn(async move { store.trade(&traded).await.unwrap().then_some(traded) })
        });
        let mut done = Vec::new();
        for attempt in attempts.collect::<Vec<_>>() {
            done.extend(attempt.await.unwrap());
        }
        assert_eq!(done.len(), 1);
        assert_eq!(bed.store.session(begun.id).await.unwrap(), done.pop());
    }

    async fn a_session_that_is_over_trades_nothing(bed: &Bed) {
        let (ended, expired) = (session(bed, user()), session(bed, user()));
        for session in [&ended, &expired] {
            bed.store.open(session, 10, &revoked).await.unwrap();
        }
        assert!(bed.store.end(ended.id, ended.account, bed.now(), &[], &[]).await.unwrap());
        assert!(!bed.store.trade(&ended.traded(digest(), vec![9], bed.now())).await.unwrap());
        bed.clock.pass(kith_auth::domain::IDLE);
        assert!(!bed.store.trade(&expired.traded(digest(), vec![9], bed.now())).await.unwrap());
    }

    async fn a_trade_is_confirmed_once_and_by_its_own_generation(bed: &Bed) {
        let begun = session(bed, user());
        bed.store.open(&begun, 10, &revoked).await.unwrap();
        assert!(!bed.store.confirm(begun.id, 0).await.unwrap());
        let traded = begun.traded(digest(), vec![9], bed.now());
        assert!(bed.store.trade(&traded).await.unwrap());
        assert!(!bed.store.confirm(traded.id, 0).await.unwrap());
        assert!(bed.store.confirm(traded.id, 1).await.unwrap());
        assert!(!bed.store.confirm(traded.id, 1).await.unwrap());
        let confirmed = Session { retry: None, ..traded };
        assert_eq!(bed.store.session(confirmed.id).await.unwrap(), Some(confirmed));
    }

    async fn a_session_is_ended_once_by_its_account_with_its_events(bed: &Bed) {
        let begun = session(bed, user());
        bed.store.open(&begun, 10, &revoked).await.unwrap();
        let end = async |account| bed.store.end(begun.id, account, bed.now(), &[revoked(begun.id)], &[]).await.unwrap();
        assert!(!end(user()).await);
        assert!(end(begun.account).await);
        assert!(!end(begun.account).await);
        assert_eq!(bed.store.session(begun.id).await.unwrap().unwrap().ended_at, Some(bed.now()));
        assert_eq!(bed.announced().await.len(), 1);
    }

    async fn a_session_whose_event_is_refused_goes_on(bed: &Bed) {
        let (one, other) = (session(bed, user()), session(bed, user()));
        for session in [&one, &other] {
            bed.store.open(session, 10, &revoked).await.unwrap();
        }
        let event = [revoked(one.id)];
        assert!(bed.store.end(one.id, one.account, bed.now(), &event, &[]).await.unwrap());
        bed.store.end(other.id, other.account, bed.now(), &event, &[]).await.unwrap_err();
        assert!(bed.store.session(other.id).await.unwrap().unwrap().is_live(bed.now()));
    }

    async fn a_list_is_of_one_account_and_of_what_lives_newest_first(bed: &Bed) {
        let (ann, bob) = (user(), user());
        bed.store.open(&session(bed, bob), 10, &revoked).await.unwrap();
        let mut made: Vec<Session> = (0..4).map(|_| session(bed, ann)).collect();
        for session in &made {
            bed.store.open(session, 10, &revoked).await.unwrap();
        }
        bed.store.end(made[1].id, ann, bed.now(), &[], &[]).await.unwrap();
        made.remove(1);
        made.reverse();
        assert_eq!(bed.store.list(ann, None, bed.now(), 2).await.unwrap(), made[..2]);
        assert_eq!(bed.store.list(ann, Some(made[1].id), bed.now(), 10).await.unwrap(), made[2..]);
        bed.clock.pass(kith_auth::domain::IDLE);
        assert_eq!(bed.store.list(ann, None, bed.now(), 10).await.unwrap(), []);
    }

    async fn what_is_over_is_forgotten_and_nothing_else(bed: &Bed) {
        let (ended, expired, live) = (session(bed, user()), session(bed, user()), session(bed, user()));
        for session in [&ended, &expired] {
            bed.store.open(session, 10, &revoked).await.unwrap();
        }
        bed.store.end(ended.id, ended.account, bed.now(), &[], &[]).await.unwrap();
        assert_eq!(bed.store.forget(bed.now()).await.unwrap(), 0);
        bed.clock.pass(kith_auth::domain::IDLE);
        let live = Session { created_at: bed.now(), expires_at: bed.now().after(kith_auth::domain::IDLE), ..live };
        bed.store.open(&live, 10, &revoked).await.unwrap();
        bed.clock.pass(Duration::from_millis(5));
        assert_eq!(bed.store.forget(bed.now()).await.unwrap(), 2);
        assert_eq!(bed.store.session(ended.id).await.unwrap(), None);
        assert_eq!(bed.store.session(expired.id).await.unwrap(), None);
        assert!(bed.store.session(live.id).await.unwrap().is_some());
    }
}
