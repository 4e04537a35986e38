//! Sessions, tickets and the cache.

use std::time::Duration;

use kith_auth::{Error, domain::MAX_SESSIONS, jobs::PurgeEndedSessions, tickets::CONNECTION_LIFETIME};
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
fn logout_ends_the_current_session_at_once_and_no_other() {
    block_on(async {
        let harness = sqlite().await;
        let registration = harness.register_anonymous().await;
        let other =
            harness.auth.login_with_recovery_code(&registration.recovery_code.formatted(), &phone()).await.unwrap();
        let owner = harness.actor_of(&registration.credentials).await.unwrap();
        harness.auth.logout(&owner).await.unwrap();
        assert_eq!(harness.actor_of(&registration.credentials).await, None);
        assert_eq!(harness.verifier.current_actor(owner.session).await.unwrap(), None);
        assert!(harness.auth.refresh(&registration.credentials.refresh).await.is_err());
        assert!(harness.actor_of(&other).await.is_some());
        harness.auth.logout(&owner).await.unwrap();
        assert_eq!(
            harness.published_events().await,
            [EventPayload::Account(AccountEvent::SessionRevoked { user: owner.user, session: owner.session })]
        );
    });
}

#[test]
fn a_user_can_revoke_only_own_sessions() {
    block_on(async {
        let harness = sqlite().await;
        let (ann, bob) = (harness.register_anonymous().await, harness.register_anonymous().await);
        let other = harness.auth.login_with_recovery_code(&ann.recovery_code.formatted(), &phone()).await.unwrap();
        let (ann, bob) =
            (harness.actor_of(&ann.credentials).await.unwrap(), harness.actor_of(&bob.credentials).await.unwrap());
        let error = harness.auth.revoke_session(&bob, ann.session).await.unwrap_err();
        assert_eq!(error.reason(), "SESSION_NOT_FOUND");
        assert!(harness.actor_of(&other).await.is_some());
        harness.auth.revoke_session(&ann, other.session).await.unwrap();
        assert_eq!(harness.actor_of(&other).await, None);
        assert!(matches!(harness.auth.revoke_session(&ann, other.session).await, Err(Error::SessionNotFound)));
    });
}

#[test]
fn an_eleventh_session_ends_the_oldest_one() {
    block_on(async {
        let harness = sqlite().await;
        let registration = harness.register_anonymous().await;
        let owner = harness.actor_of(&registration.credentials).await.unwrap();
        for _ in 1..MAX_SESSIONS {
            harness.clock.advance(TICK);
            harness.auth.login_with_recovery_code(&registration.recovery_code.formatted(), &phone()).await.unwrap();
        }
        assert!(harness.actor_of(&registration.credentials).await.is_some());
        harness.clock.advance(TICK);
        let newest =
            harness.auth.login_with_recovery_code(&registration.recovery_code.formatted(), &phone()).await.unwrap();
        assert_eq!(harness.actor_of(&registration.credentials).await, None);
        let actor = harness.actor_of(&newest).await.unwrap();
        let first = harness.auth.list_sessions(&actor, PageSize::new(6).unwrap(), None).await.unwrap();
        let second = harness.auth.list_sessions(&actor, PageSize::new(6).unwrap(), first.next).await.unwrap();
        assert_eq!((first.items.len(), second.items.len(), second.next), (6, 4, None));
        assert_eq!(first.items[0].id, newest.session);
        assert_eq!(first.items[0].device, phone());
        let all: Vec<_> = first.items.iter().chain(&second.items).collect();
        assert!(all.is_sorted_by(|newer, older| newer.id > older.id));
        assert_eq!(all.iter().filter(|session| session.is_current).count(), 1);
        assert_eq!(
            harness.published_events().await,
            [EventPayload::Account(AccountEvent::SessionRevoked { user: owner.user, session: owner.session })]
        );
    });
}

#[test]
fn a_session_ended_by_another_process_is_rejected_after_one_second() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.register_anonymous().await.credentials;
        let owner = harness.actor_of(&credentials).await.unwrap();
        // Ended in the store only, as another process would do it.
        assert!(harness.store.end_session(owner.session, owner.user, harness.now(), &[], &[]).await.unwrap());
        harness.clock.advance(Duration::from_millis(999));
        assert!(harness.actor_of(&credentials).await.is_some());
        harness.clock.advance(Duration::from_millis(1));
        assert_eq!(harness.actor_of(&credentials).await, None);
    });
}

#[test]
fn a_suspension_takes_effect_within_a_second_and_keeps_the_session() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.register_anonymous().await.credentials;
        let owner = harness.actor_of(&credentials).await.unwrap();
        harness.accounts.suspend(owner.user, harness.now(), owner.user).await.unwrap();
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(harness.actor_of(&credentials).await.unwrap().status, AccountStatus::Suspended);
        let rotated = harness.auth.refresh(&credentials.refresh).await.unwrap();
        harness.accounts.reinstate(owner.user, owner.user).await.unwrap();
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(harness.actor_of(&rotated).await.unwrap().status, AccountStatus::Active);
    });
}

#[test]
fn verification_fails_while_store_or_accounts_are_unavailable() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.register_anonymous().await.credentials;
        assert!(harness.actor_of(&credentials).await.is_some());
        harness.accounts.make_unavailable();
        assert!(harness.actor_of(&credentials).await.is_some(), "the cached session is fresh");
        harness.clock.advance(Duration::from_secs(1));
        harness.verifier.verify(&credentials.access).await.unwrap_err();
        harness.verifier.current_actor(credentials.session).await.unwrap_err();
        let closed = sqlite().await;
        let credentials = closed.register_anonymous().await.credentials;
        closed.close().await;
        closed.verifier.verify(&credentials.access).await.unwrap_err();
    });
}

#[test]
fn a_ticket_is_redeemed_once() {
    block_on(async {
        let harness = sqlite().await;
        let owner = harness.actor_of(&harness.register_anonymous().await.credentials).await.unwrap();
        let tickets = &harness.tickets;
        let ticket = tickets.issue(&owner).await.unwrap();
        assert_eq!(ticket.expires_at, harness.now().after(Duration::from_secs(30)));
        let redeemed = tickets.redeem(&ticket.text).await.unwrap().unwrap();
        assert_eq!((&redeemed.actor, redeemed.expires_at), (&owner, harness.now().after(CONNECTION_LIFETIME)));
        assert_eq!(tickets.redeem(&ticket.text).await.unwrap(), None);
        assert_eq!(tickets.redeem("forged").await.unwrap(), None);
        let late = tickets.issue(&owner).await.unwrap();
        harness.clock.advance(Duration::from_secs(30));
        assert_eq!(tickets.redeem(&late.text).await.unwrap(), None);
    });
}

#[test]
fn a_ticket_is_rejected_after_logout_or_suspension() {
    block_on(async {
        let harness = sqlite().await;
        let tickets = &harness.tickets;
        let logged_out = harness.actor_of(&harness.register_anonymous().await.credentials).await.unwrap();
        let ticket = tickets.issue(&logged_out).await.unwrap();
        harness.auth.logout(&logged_out).await.unwrap();
        assert_eq!(tickets.redeem(&ticket.text).await.unwrap(), None);
        assert!(matches!(tickets.issue(&logged_out).await, Err(Error::SessionEnded)));
        let suspended = harness.actor_of(&harness.register_anonymous().await.credentials).await.unwrap();
        let ticket = tickets.issue(&suspended).await.unwrap();
        harness.accounts.set_status(suspended.user, AccountStatus::Suspended);
        harness.clock.advance(Duration::from_secs(1));
        assert_eq!(tickets.redeem(&ticket.text).await.unwrap(), None);
        assert_eq!(tickets.issue(&suspended).await.unwrap_err().reason(), "ACCOUNT_SUSPENDED");
        let muted = harness.actor_of(&harness.register_anonymous().await.credentials).await.unwrap();
        harness.accounts.set_status(muted.user, AccountStatus::Muted);
        harness.clock.advance(Duration::from_secs(1));
        let ticket = tickets.issue(&muted).await.unwrap();
        let redeemed = tickets.redeem(&ticket.text).await.unwrap().unwrap();
        assert_eq!(redeemed.actor.status, AccountStatus::Muted, "a muted account can read");
    });
}

#[test]
fn sessions_are_purged_thirty_days_after_their_end_and_their_tokens_stay_invalid() {
    block_on(async {
        let harness = sqlite().await;
        let job = PurgeEndedSessions { store: harness.store.clone(), clock: harness.clock.clone() };
        let credentials = harness.register_anonymous().await.credentials;
        let owner = harness.actor_of(&credentials).await.unwrap();
        harness.auth.logout(&owner).await.unwrap();
        harness.clock.advance(Duration::from_hours(30 * 24));
        assert_eq!(job.run().await.unwrap(), 0);
        harness.clock.advance(TICK);
        assert_eq!((job.run().await.unwrap(), job.run().await.unwrap()), (1, 0));
        assert!(matches!(harness.auth.refresh(&credentials.refresh).await, Err(Error::SessionEnded)));
    });
}

#[test]
fn an_account_event_invalidates_the_cached_status_of_that_account() {
    block_on(async {
        let harness = sqlite().await;
        let credentials = harness.register_anonymous().await.credentials;
        let ann = harness.actor_of(&credentials).await.unwrap();
        harness.accounts.set_status(ann.user, AccountStatus::Suspended);
        assert_eq!(harness.actor_of(&credentials).await.unwrap().status, AccountStatus::Active, "cached for a second");
        let handler = kith_auth::EventHandler { cache: harness.auth.cache.clone() };
        for (user, status) in [(kith_testkit::user(), AccountStatus::Active), (ann.user, AccountStatus::Suspended)] {
            handler
                .handle(&kith_testkit::event(EventPayload::Account(AccountEvent::RoleChanged { user })).into())
                .await
                .unwrap();
            assert_eq!(harness.actor_of(&credentials).await.unwrap().status, status);
        }
    });
}
