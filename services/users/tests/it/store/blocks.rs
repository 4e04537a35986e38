//! What `kith_users::store::BlockStore` promises.

use std::{collections::BTreeSet, pin::Pin};

use kith_kernel::{
    AccountEvent, Actor, BlockId, Clock as _, Event, EventPayload, PersonaId, SystemClock, SystemEntropy,
};
use kith_storage::StoreError;
use kith_testkit::{event, run_concurrently};
use kith_users::Block;

use crate::harness::{Harness, postgres, sqlite};

async fn block(harness: &Harness, owner: &Actor, persona: PersonaId) -> Block {
    let profile = harness.store.profile(persona).await.unwrap().unwrap();
    let now = SystemClock.now();
    Block::new(BlockId::new(now, &SystemEntropy), owner.user, &profile, now).unwrap()
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

fn blocked(block: &Block) -> [Event; 1] {
    [event(EventPayload::Account(AccountEvent::Blocked { blocked: block.blocked }))]
}

fn unblocked(block: &Block) -> [Event; 1] {
    [event(EventPayload::Account(AccountEvent::Unblocked { unblocked: block.blocked }))]
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_block_comes_back_as_it_was_made_whatever_becomes_of_the_other(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        harness.set_role(&bob, "moderator").await;
        let made = block(harness, &ann, bob.persona).await;
        assert_eq!(harness.store.block(&made, &[]).await.unwrap(), made);
        harness.set_role(&bob, "member").await;
        assert_eq!(harness.store.blocks(ann.user, None, 10).await.unwrap(), [made]);
    }

    async fn a_block_hides_both_from_each_other_and_nobody_else(harness: &Harness) {
        let (ann, bob, eve) = (harness.person("ann").await, harness.person("bob").await, harness.person("eve").await);
        harness.store.block(&block(harness, &ann, bob.persona).await, &[]).await.unwrap();
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert_eq!(harness.store.hidden_from(bob.user).await.unwrap(), BTreeSet::from([ann.user]));
        assert_eq!(harness.store.hidden_from(eve.user).await.unwrap(), BTreeSet::new());
    }

    async fn blocking_again_gives_the_first_and_announces_nothing(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let (first, second) = (block(harness, &ann, bob.persona).await, block(harness, &ann, bob.persona).await);
        harness.store.block(&first, &blocked(&first)).await.unwrap();
        assert_eq!(harness.store.block(&second, &blocked(&second)).await.unwrap(), first);
        assert_eq!(harness.announced().await, [EventPayload::Account(AccountEvent::Blocked { blocked: bob.user })]);
    }

    async fn of_many_who_block_at_once_one_is_announced(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let mut racers = Vec::new();
        for _ in 0..16 {
            let (store, block) = (harness.store.clone(), block(harness, &ann, bob.persona).await);
            racers.push(tokio::spawn(async move { store.block(&block, &blocked(&block)).await.unwrap().id }));
        }
        let mut given = BTreeSet::new();
        for racer in racers {
            given.insert(racer.await.unwrap());
        }
        assert_eq!(given.len(), 1);
        assert_eq!(harness.announced().await.len(), 1);
    }

    async fn of_many_who_unblock_at_once_the_last_persona_is_announced_once(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let robert = harness.second_persona(&bob, "robert").await;
        for _ in 0..8 {
            for persona in [bob.persona, robert] {
                harness.store.block(&block(harness, &ann, persona).await, &[]).await.unwrap();
            }
            let racers = (0..32).map(|turn| {
                let (store, persona) = (harness.store.clone(), if turn % 2 == 0 { bob.persona } else { robert });
                let event = event(EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user }));
                async move { store.unblock(ann.user, persona, &[event]).await.unwrap() }
            });
            let done = run_concurrently(racers).await.into_iter().filter(|done| *done).count();
            assert_eq!(done, 2);
            assert_eq!(
                harness.announced().await,
                [EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user })]
            );
        }
    }

    async fn what_is_announced_in_a_quarrel_ends_as_it_stands(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        for _ in 0..4 {
            let mut racers: Vec<BoxFuture<'static, ()>> = Vec::new();
            for _ in 0..16 {
                let (store, block) = (harness.store.clone(), block(harness, &ann, bob.persona).await);
                racers.push(Box::pin(async move {
                    store.block(&block, &blocked(&block)).await.unwrap();
                }));
                let store = harness.store.clone();
                let event = event(EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user }));
                racers.push(Box::pin(async move {
                    store.unblock(ann.user, bob.persona, &[event]).await.unwrap();
                }));
            }
            let stood = harness.store.hidden_from(ann.user).await.unwrap();
            run_concurrently(racers).await;
            let mut hidden = stood.contains(&bob.user);
            for fact in harness.announced().await {
                let hides = matches!(fact, EventPayload::Account(AccountEvent::Blocked { .. }));
                assert_ne!(hides, hidden, "each changes what the one before it said");
                hidden = hides;
            }
            assert_eq!(harness.store.hidden_from(ann.user).await.unwrap().contains(&bob.user), hidden);
        }
    }

    async fn an_id_in_use_is_taken_and_announces_nothing(harness: &Harness) {
        let (ann, bob, eve) = (harness.person("ann").await, harness.person("bob").await, harness.person("eve").await);
        let first = block(harness, &ann, bob.persona).await;
        let other = Block { id: first.id, ..block(harness, &ann, eve.persona).await };
        harness.store.block(&first, &[]).await.unwrap();
        let refusal = harness.store.block(&other, &blocked(&other)).await.unwrap_err();
        assert!(matches!(&refusal, StoreError::UniqueViolation(key) if key == "id"), "{refusal:?}");
        assert_eq!(harness.announced().await, []);
    }

    async fn a_block_whose_event_is_refused_was_never_made(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let (first, second) = (block(harness, &ann, bob.persona).await, block(harness, &bob, ann.persona).await);
        let event = blocked(&first);
        harness.store.block(&first, &event).await.unwrap();
        harness.store.block(&second, &event).await.unwrap_err();
        assert_eq!(harness.store.blocks(bob.user, None, 10).await.unwrap(), []);
    }

    async fn two_personas_of_one_account_are_hidden_until_the_last_is_unblocked(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let robert = harness.second_persona(&bob, "robert").await;
        let (one, two) = (block(harness, &ann, bob.persona).await, block(harness, &ann, robert).await);
        harness.store.block(&one, &[]).await.unwrap();
        harness.store.block(&two, &[]).await.unwrap();
        assert_eq!(harness.store.blocks(ann.user, None, 10).await.unwrap().len(), 2);
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert!(harness.store.unblock(ann.user, bob.persona, &unblocked(&one)).await.unwrap());
        assert_eq!(harness.store.blocks(ann.user, None, 10).await.unwrap(), std::slice::from_ref(&two));
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert_eq!(harness.announced().await, [], "they are still hidden");
        assert!(harness.store.unblock(ann.user, robert, &unblocked(&two)).await.unwrap());
        assert!(!harness.store.unblock(ann.user, robert, &unblocked(&two)).await.unwrap());
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::new());
        assert_eq!(harness.announced().await, [EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user })]);
    }

    async fn unblocking_leaves_the_other_direction(harness: &Harness) {
        let (ann, bob) = (harness.person("ann").await, harness.person("bob").await);
        let made = block(harness, &ann, bob.persona).await;
        harness.store.block(&made, &[]).await.unwrap();
        harness.store.block(&block(harness, &bob, ann.persona).await, &[]).await.unwrap();
        harness.store.unblock(ann.user, bob.persona, &unblocked(&made)).await.unwrap();
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
    }

    async fn a_list_goes_on_where_it_stopped_even_if_that_block_is_gone(harness: &Harness) {
        let ann = harness.person("ann").await;
        let mut made = Vec::new();
        for turn in 0..5 {
            let other = harness.person(&format!("other_{turn}")).await;
            made.push(harness.store.block(&block(harness, &ann, other.persona).await, &[]).await.unwrap());
        }
        made.sort_by_key(|block| std::cmp::Reverse(block.id));
        assert_eq!(harness.store.blocks(ann.user, None, 2).await.unwrap(), made[..2]);
        harness.store.unblock(ann.user, made[1].persona.id, &[]).await.unwrap();
        assert_eq!(harness.store.blocks(ann.user, Some(made[1].id), 10).await.unwrap(), made[2..]);
    }
}
