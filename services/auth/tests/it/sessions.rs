//! Who is in, for how long, and how they leave.

use std::time::Duration;

use kith_auth::{Error, Retention, booth::ADMITS, domain::LIVE_AT_MOST};
use kith_kernel::{
    AccountEvent, AccountStatus, DomainError as _, EventPayload, PageSize,
    ports::{
        AccountDirectory as _, EventHandler as _, PeriodicJob as _, SessionLookup as _, TicketRedeemer as _,
        TokenVerifier as _,
    },
};
use kith_testkit::block_on;

use crate::harness::{phone, sqlite};

const TICK: Duration = Duration::from_millis(10);

#[test]
fn who_leaves_is_out_at_once_and_the_others_of_the_account_stay() {
    block_on(async {
        let harness = sqlite().await;
        let welcome = harness.anonymous().await;
        let other = harness.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.unwrap();
        let owner = harness.whose(&welcome.credentials).await.unwrap();
        harness.auth.logout(&owner).await.unwrap();
        assert_eq!(harness.whose(&welcome.credentials).await, None);
        assert_eq!(harness.verifier.current_actor(owner.session).await.unwrap(), None);
        assert!(harness.auth.refresh(&welcome.credentials.refresh).await.is_err());
        assert!(harness.whose(&other).await.is_some());
        harness.auth.logout(&owner).await.unwrap();
        assert_eq!(
            harness.announced().await,
            [EventPayload::Account(AccountEvent::SessionRevoked { user: owner.user, session: owner.session })]
        );
    });
}

#[test]
fn somebody_ends_their_own_sessions_and_nobody_elses() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob) = (harness.anonymous().await, harness.anonymous().await);
        let other = harness.auth.login_with_recovery_code(&ann.recovery.shown(), &phone()).await.unwrap();
        let (ann, bob) =
            (harness.whose(&ann.credentials).await.unwrap(), harness.whose(&bob.credentials).await.unwrap());
        let refusal = harness.auth.revoke(&bob, ann.session).await.unwrap_err();
        assert_eq!(refusal.reason(), "SESSION_NOT_FOUND");
        assert!(harness.whose(&other).await.is_some());
        harness.auth.revoke(&ann, other.session).await.unwrap();
        assert_eq!(harness.whose(&other).await, None);
        assert!(matches!(harness.auth.revoke(&ann, other.session).await, Err(Error::NoSuchSession)));
    });
}

#[test]
fn an_eleventh_session_ends_the_oldest() {
    block_on(async {
        let harness = sqlite().await;
        let welcome = harness.anonymous().await;
        let owner = harness.whose(&welcome.credentials).await.unwrap();
        for _ in 1..LIVE_AT_MOST {
            harness.clock.advance(TICK);
            harness.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.unwrap();
        }
        assert!(harness.whose(&welcome.credentials).await.is_some());
        harness.clock.advance(TICK);
        let newest = harness.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.unwrap();
        assert_eq!(harness.whose(&welcome.credentials).await, None);
        let asks = harness.whose(&newest).await.unwrap();
        let first = harness.auth.list(&asks, PageSize::new(6).unwrap(), None).await.unwrap();
        let second = harness.auth.list(&asks, PageSize::new(6).unwrap(), first.next).await.unwrap();
        assert_eq!((first.items.len(), second.items.len(), second.next), (6, 4, None));
        assert_eq!(first.items[0].id, newest.session);
        assert_eq!(first.items[0].device, phone());
        let all: Vec<_> = first.items.iter().chain(&second.items).collect();
        assert!(all.is_sorted_by(|newer, older| newer.id > older.id));
        assert_eq!(all.iter().filter(|listed| listed.current).count(), 1);
        assert_eq!(
            harness.announced().await,
            [EventPayload::Account(AccountEvent::SessionRevoked { user: owner.user, session: owner.session })]
        );
    });
}

#[test]
fn what_the_store_says_counts_a_second_later_and_not_a_call_earlier() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.anonymous().await.credentials;
        let owner = harness.whose(&credentials).await.unwrap();
        // Ended behind the back of this process, as another would.
        assert!(harness.store.end(owner.session, owner.user, harness.now(), &[], &[]).await.unwrap());
        harness.clock.advance(Duration::from_millis(999));
        assert!(harness.whose(&credentials).await.is_some());
        harness.clock.advance(Duration::from_millis(1));
        assert_eq!(harness.whose(&credentials).await, None);
    });
}

#[test]
fn who_is_suspended_is_known_as_such_within_a_second_and_keeps_their_session() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.anonymous().await.credentials;
        let owner = harness.whose(&credentials).await.unwrap();
        harness.accounts.suspend(owner.user, harness.now(), owner.user).await.unwrap();
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(harness.whose(&credentials).await.unwrap().status, AccountStatus::Suspended);
        let traded = harness.auth.refresh(&credentials.refresh).await.unwrap();
        harness.accounts.reinstate(owner.user, owner.user).await.unwrap();
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(harness.whose(&traded).await.unwrap().status, AccountStatus::Active);
    });
}

#[test]
fn nobody_is_let_in_while_nobody_knows_how_they_stand() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.anonymous().await.credentials;
        assert!(harness.whose(&credentials).await.is_some());
        harness.accounts.close();
        assert!(harness.whose(&credentials).await.is_some(), "what is fresh is known");
        harness.clock.advance(Duration::from_secs(1));
        harness.verifier.verify(&credentials.access).await.unwrap_err();
        harness.verifier.current_actor(credentials.session).await.unwrap_err();
        let closed = sqlite().await;
        let credentials = closed.anonymous().await.credentials;
        closed.close().await;
        closed.verifier.verify(&credentials.access).await.unwrap_err();
    });
}

#[test]
fn a_ticket_lets_its_owner_in_once() {
    block_on(async {
        let harness = sqlite().await;
        let owner = harness.whose(&harness.anonymous().await.credentials).await.unwrap();
        let booth = &harness.auth.booth;
        let ticket = booth.issue(&owner).await.unwrap();
        assert_eq!(ticket.expires_at, harness.now().after(Duration::from_secs(30)));
        let admission = booth.redeem(&ticket.text).await.unwrap().unwrap();
        assert_eq!((&admission.actor, admission.expires_at), (&owner, harness.now().after(ADMITS)));
        assert_eq!(booth.redeem(&ticket.text).await.unwrap(), None);
        assert_eq!(booth.redeem("made up").await.unwrap(), None);
        let late = booth.issue(&owner).await.unwrap();
        harness.clock.advance(Duration::from_secs(30));
        assert_eq!(booth.redeem(&late.text).await.unwrap(), None);
    });
}

#[test]
fn a_ticket_is_worth_nothing_to_who_left_or_was_suspended_since() {
    block_on(async {
        let harness = sqlite().await;
        let booth = &harness.auth.booth;
        let left = harness.whose(&harness.anonymous().await.credentials).await.unwrap();
        let ticket = booth.issue(&left).await.unwrap();
        harness.auth.logout(&left).await.unwrap();
        assert_eq!(booth.redeem(&ticket.text).await.unwrap(), None);
        assert!(matches!(booth.issue(&left).await, Err(Error::SessionEnded)));
        let suspended = harness.whose(&harness.anonymous().await.credentials).await.unwrap();
        let ticket = booth.issue(&suspended).await.unwrap();
        harness.accounts.set(suspended.user, AccountStatus::Suspended);
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(booth.redeem(&ticket.text).await.unwrap(), None);
        assert_eq!(booth.issue(&suspended).await.unwrap_err().reason(), "ACCOUNT_SUSPENDED");
        let muted = harness.whose(&harness.anonymous().await.credentials).await.unwrap();
        harness.accounts.set(muted.user, AccountStatus::Muted);
        harness.clock.advance(Duration::from_secs(1));
        let ticket = booth.issue(&muted).await.unwrap();
        let admission = booth.redeem(&ticket.text).await.unwrap().unwrap();
        assert_eq!(admission.actor.status, AccountStatus::Muted, "who is muted may read");
    });
}

#[test]
fn sessions_that_have_been_over_for_thirty_days_are_forgotten_and_no_token_of_theirs_revives() {
    block_on(async {
        let harness = sqlite().await;
        let retention = Retention { store: harness.store.clone(), clock: harness.clock.clone() };
        let credentials = harness.anonymous().await.credentials;
        let owner = harness.whose(&credentials).await.unwrap();
        harness.auth.logout(&owner).await.unwrap();
        harness.clock.advance(Duration::from_hours(30 * 24));
        assert_eq!(retention.run().await.unwrap(), 0);
        harness.clock.advance(TICK);
        assert_eq!((retention.run().await.unwrap(), retention.run().await.unwrap()), (1, 0));
        assert!(matches!(harness.auth.refresh(&credentials.refresh).await, Err(Error::SessionEnded)));
    });
}

#[test]
fn how_an_account_stands_is_read_again_as_soon_as_it_is_said_to_have_changed() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.anonymous().await.credentials;
        let ann = harness.whose(&credentials).await.unwrap();
        harness.accounts.set(ann.user, AccountStatus::Suspended);
        assert_eq!(harness.whose(&credentials).await.unwrap().status, AccountStatus::Active, "for a second");
        let reactions = kith_auth::Reactions { remembered: harness.auth.remembered.clone() };
        for (user, standing) in [(kith_testkit::user(), AccountStatus::Active), (ann.user, AccountStatus::Suspended)] {
            reactions
                .handle(&kith_testkit::event(EventPayload::Account(AccountEvent::RoleChanged { user })).into())
                .await
                .unwrap();
            assert_eq!(harness.whose(&credentials).await.unwrap().status, standing);
        }
    });
}
