//! Who is in, for how long, and how they leave.

use std::time::Duration;

use kith_auth::{Error, Retention, booth::ADMITS, domain::LIVE_AT_MOST};
use kith_kernel::{
    Fact, PageSize, Problem as _, Standing,
    ports::{Accounts as _, Reaction as _, Sessions as _, Sweep as _, Tickets as _, Tokens as _},
};
use kith_testkit::block_on;

use crate::bed::{phone, sqlite};

const TICK: Duration = Duration::from_millis(10);

#[test]
fn who_leaves_is_out_at_once_and_the_others_of_the_account_stay() {
    block_on(async {
        let bed = sqlite().await;
        let welcome = bed.anonymous().await;
        let other = bed.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.unwrap();
        let owner = bed.whose(&welcome.credentials).await.unwrap();
        bed.auth.logout(&owner).await.unwrap();
        assert_eq!(bed.whose(&welcome.credentials).await, None);
        assert_eq!(bed.verifier.current(owner.session).await.unwrap(), None);
        assert!(bed.auth.refresh(&welcome.credentials.refresh).await.is_err());
        assert!(bed.whose(&other).await.is_some());
        bed.auth.logout(&owner).await.unwrap();
        assert_eq!(bed.announced().await, [Fact::SessionRevoked { user: owner.user, session: owner.session }]);
    });
}

#[test]
fn somebody_ends_their_own_sessions_and_nobody_elses() {
    block_on(async {
        let bed = sqlite().await;
        let (ann, bob) = (bed.anonymous().await, bed.anonymous().await);
        let other = bed.auth.login_with_recovery_code(&ann.recovery.shown(), &phone()).await.unwrap();
        let (ann, bob) = (bed.whose(&ann.credentials).await.unwrap(), bed.whose(&bob.credentials).await.unwrap());
        let refusal = bed.auth.revoke(&bob, ann.session).await.unwrap_err();
        assert_eq!(refusal.reason(), "SESSION_NOT_FOUND");
        assert!(bed.whose(&other).await.is_some());
        bed.auth.revoke(&ann, other.session).await.unwrap();
        assert_eq!(bed.whose(&other).await, None);
        assert!(matches!(bed.auth.revoke(&ann, other.session).await, Err(Error::NoSuchSession)));
    });
}

#[test]
fn an_eleventh_session_ends_the_oldest() {
    block_on(async {
        let bed = sqlite().await;
        let welcome = bed.anonymous().await;
        let owner = bed.whose(&welcome.credentials).await.unwrap();
        for _ in 1..LIVE_AT_MOST {
            bed.clock.pass(TICK);
            bed.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.unwrap();
        }
        assert!(bed.whose(&welcome.credentials).await.is_some());
        bed.clock.pass(TICK);
        let newest = bed.auth.login_with_recovery_code(&welcome.recovery.shown(), &phone()).await.unwrap();
        assert_eq!(bed.whose(&welcome.credentials).await, None);
        let asks = bed.whose(&newest).await.unwrap();
        let first = bed.auth.list(&asks, PageSize::new(6).unwrap(), None).await.unwrap();
        let second = bed.auth.list(&asks, PageSize::new(6).unwrap(), first.next).await.unwrap();
        assert_eq!((first.items.len(), second.items.len(), second.next), (6, 4, None));
        assert_eq!(first.items[0].id, newest.session);
        assert_eq!(first.items[0].device, phone());
        let all: Vec<_> = first.items.iter().chain(&second.items).collect();
        assert!(all.is_sorted_by(|newer, older| newer.id > older.id));
        assert_eq!(all.iter().filter(|listed| listed.current).count(), 1);
        assert_eq!(bed.announced().await, [Fact::SessionRevoked { user: owner.user, session: owner.session }]);
    });
}

#[test]
fn what_the_store_says_counts_a_second_later_and_not_a_call_earlier() {
    block_on(async {
        let bed = sqlite().await;
        let credentials = bed.anonymous().await.credentials;
        let owner = bed.whose(&credentials).await.unwrap();
        // Ended behind the back of this process, as another would.
        assert!(bed.store.end(owner.session, owner.user, bed.now(), &[], &[]).await.unwrap());
        bed.clock.pass(Duration::from_millis(999));
        assert!(bed.whose(&credentials).await.is_some());
        bed.clock.pass(Duration::from_millis(1));
        assert_eq!(bed.whose(&credentials).await, None);
    });
}

#[test]
fn who_is_suspended_is_known_as_such_within_a_second_and_keeps_their_session() {
    block_on(async {
        let bed = sqlite().await;
        let credentials = bed.anonymous().await.credentials;
        let owner = bed.whose(&credentials).await.unwrap();
        bed.town.suspend(owner.user, bed.now(), owner.user).await.unwrap();
        bed.clock.pass(Duration::from_secs(1));
        assert_eq!(bed.whose(&credentials).await.unwrap().standing, Standing::Suspended);
        let traded = bed.auth.refresh(&credentials.refresh).await.unwrap();
        bed.town.reinstate(owner.user, owner.user).await.unwrap();
        bed.clock.pass(Duration::from_secs(1));
        assert_eq!(bed.whose(&traded).await.unwrap().standing, Standing::Good);
    });
}

#[test]
fn nobody_is_let_in_while_nobody_knows_how_they_stand() {
    block_on(async {
        let bed = sqlite().await;
        let credentials = bed.anonymous().await.credentials;
        assert!(bed.whose(&credentials).await.is_some());
        bed.town.close();
        assert!(bed.whose(&credentials).await.is_some(), "what is fresh is known");
        bed.clock.pass(Duration::from_secs(1));
        bed.verifier.verify(&credentials.access).await.unwrap_err();
        bed.verifier.current(credentials.session).await.unwrap_err();
        let closed = sqlite().await;
        let credentials = closed.anonymous().await.credentials;
        closed.close().await;
        closed.verifier.verify(&credentials.access).await.unwrap_err();
    });
}

#[test]
fn a_ticket_lets_its_owner_in_once() {
    block_on(async {
        let bed = sqlite().await;
        let owner = bed.whose(&bed.anonymous().await.credentials).await.unwrap();
        let booth = &bed.auth.booth;
        let ticket = booth.issue(&owner).await.unwrap();
        assert_eq!(ticket.expires_at, bed.now().after(Duration::from_secs(30)));
        let admission = booth.redeem(&ticket.text).await.unwrap().unwrap();
        assert_eq!((&admission.actor, admission.until), (&owner, bed.now().after(ADMITS)));
        assert_eq!(booth.redeem(&ticket.text).await.unwrap(), None);
        assert_eq!(booth.redeem("made up").await.unwrap(), None);
        let late = booth.issue(&owner).await.unwrap();
        bed.clock.pass(Duration::from_secs(30));
        assert_eq!(booth.redeem(&late.text).await.unwrap(), None);
    });
}

#[test]
fn a_ticket_is_worth_nothing_to_who_left_or_was_suspended_since() {
    block_on(async {
        let bed = sqlite().await;
        let booth = &bed.auth.booth;
        let left = bed.whose(&bed.anonymous().await.credentials).await.unwrap();
        let ticket = booth.issue(&left).await.unwrap();
        bed.auth.logout(&left).await.unwrap();
        assert_eq!(booth.redeem(&ticket.text).await.unwrap(), None);
        assert!(matches!(booth.issue(&left).await, Err(Error::SessionEnded)));
        let suspended = bed.whose(&bed.anonymous().await.credentials).await.unwrap();
        let ticket = booth.issue(&suspended).await.unwrap();
        bed.town.set(suspended.user, Standing::Suspended);
        bed.clock.pass(Duration::from_secs(1));
        assert_eq!(booth.redeem(&ticket.text).await.unwrap(), None);
        assert_eq!(booth.issue(&suspended).await.unwrap_err().reason(), "ACCOUNT_SUSPENDED");
        let muted = bed.whose(&bed.anonymous().await.credentials).await.unwrap();
        bed.town.set(muted.user, Standing::Muted);
        bed.clock.pass(Duration::from_secs(1));
        let ticket = booth.issue(&muted).await.unwrap();
        let admission = booth.redeem(&ticket.text).await.unwrap().unwrap();
        assert_eq!(admission.actor.standing, Standing::Muted, "who is muted may read");
    });
}

#[test]
fn sessions_that_have_been_over_for_thirty_days_are_forgotten_and_no_token_of_theirs_revives() {
    block_on(async {
        let bed = sqlite().await;
        let retention = Retention { store: bed.store.clone(), clock: bed.clock.clone() };
        let credentials = bed.anonymous().await.credentials;
        let owner = bed.whose(&credentials).await.unwrap();
        bed.auth.logout(&owner).await.unwrap();
        bed.clock.pass(Duration::from_hours(30 * 24));
        assert_eq!(retention.sweep().await.unwrap(), 0);
        bed.clock.pass(TICK);
        assert_eq!((retention.sweep().await.unwrap(), retention.sweep().await.unwrap()), (1, 0));
        assert!(matches!(bed.auth.refresh(&credentials.refresh).await, Err(Error::SessionEnded)));
    });
}

#[test]
fn how_an_account_stands_is_read_again_as_soon_as_it_is_said_to_have_changed() {
    block_on(async {
        let bed = sqlite().await;
        let credentials = bed.anonymous().await.credentials;
        let ann = bed.whose(&credentials).await.unwrap();
        bed.town.set(ann.user, Standing::Suspended);
        assert_eq!(bed.whose(&credentials).await.unwrap().standing, Standing::Good, "for a second");
        let reactions = kith_auth::Reactions { remembered: bed.auth.remembered.clone() };
        for (user, standing) in [(kith_testkit::user(), Standing::Good), (ann.user, Standing::Suspended)] {
            reactions.on(&kith_testkit::happened(Fact::RoleChanged { user })).await.unwrap();
            assert_eq!(bed.whose(&credentials).await.unwrap().standing, standing);
        }
    });
}
