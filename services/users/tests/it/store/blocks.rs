//! Contract of `kith_users::store::BlockStore`.

use std::{collections::BTreeSet, pin::Pin};

use kith_kernel::{
    AccountEvent, Actor, BlockId, Clock as _, Event, EventPayload, PersonaId, SystemClock, SystemEntropy,
};
use kith_storage::StoreError;
use kith_testkit::{event, run_concurrently};
use kith_users::Block;

use crate::harness::{Harness, postgres, sqlite};

async fn block(harness: &Harness, owner: &Actor, persona: PersonaId) -> Block {
    let profile = harness.store.get_profile(persona).await.unwrap().unwrap();
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

    async fn a_block_is_returned_as_it_was_made_after_the_persona_changes(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        harness.set_role(&bob, "moderator").await;
        let made = block(harness, &ann, bob.persona).await;
        assert_eq!(harness.store.block(&made, &[]).await.unwrap(), made);
        harness.set_role(&bob, "member").await;
        assert_eq!(harness.store.list_blocks(ann.user, None, 10).await.unwrap(), [made]);
    }

    async fn a_block_hides_only_its_two_accounts_from_each_other(harness: &Harness) {
        let (ann, bob, eve) = (
            harness.create_account("ann").await,
            harness.create_account("bob").await,
            harness.create_account("eve").await,
        );
        harness.store.block(&block(harness, &ann, bob.persona).await, &[]).await.unwrap();
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert_eq!(harness.store.hidden_from(bob.user).await.unwrap(), BTreeSet::from([ann.user]));
        assert_eq!(harness.store.hidden_from(eve.user).await.unwrap(), BTreeSet::new());
    }

    async fn blocking_is_idempotent_and_publishes_one_event(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let (first, second) = (block(harness, &ann, bob.persona).await, block(harness, &ann, bob.persona).await);
        harness.store.block(&first, &blocked(&first)).await.unwrap();
        assert_eq!(harness.store.block(&second, &blocked(&second)).await.unwrap(), first);
        assert_eq!(
            harness.published_events().await,
            [EventPayload::Account(AccountEvent::Blocked { blocked: bob.user })]
        );
    }

    async fn concurrent_blocks_publish_one_event(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let mut tasks = Vec::new();
        for _ in 0..16 {
            let (store, block) = (harness.store.clone(), block(harness, &ann, bob.persona).await);
            tasks.push(tokio::spawn(async move { store.block(&block, &blocked(&block)).await.unwrap().id }));
        }
        let mut ids = BTreeSet::new();
        for task in tasks {
            ids.insert(task.await.unwrap());
        }
        assert_eq!(ids.len(), 1);
        assert_eq!(harness.published_events().await.len(), 1);
    }

    async fn concurrent_unblocks_publish_one_event_for_the_last_persona(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let robert = harness.second_persona(&bob, "robert").await;
        for _ in 0..8 {
            for persona in [bob.persona, robert] {
                harness.store.block(&block(harness, &ann, persona).await, &[]).await.unwrap();
            }
            let tasks = (0..32).map(|turn| {
                let (store, persona) = (harness.store.clone(), if turn % 2 == 0 { bob.persona } else { robert });
                let event = event(EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user }));
                async move { store.unblock(ann.user, persona, &[event]).await.unwrap() }
            });
            let done = run_concurrently(tasks).await.into_iter().filter(|done| *done).count();
            assert_eq!(done, 2);
            assert_eq!(
                harness.published_events().await,
                [EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user })]
            );
        }
    }

    async fn events_of_concurrent_blocks_and_unblocks_end_in_the_stored_state(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        for _ in 0..4 {
            let mut tasks: Vec<BoxFuture<'static, ()>> = Vec::new();
            for _ in 0..16 {
                let (store, block) = (harness.store.clone(), block(harness, &ann, bob.persona).await);
                tasks.push(Box::pin(async move {
                    store.block(&block, &blocked(&block)).await.unwrap();
                }));
                let store = harness.store.clone();
                let event = event(EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user }));
                tasks.push(Box::pin(async move {
                    store.unblock(ann.user, bob.persona, &[event]).await.unwrap();
                }));
            }
            let before = harness.store.hidden_from(ann.user).await.unwrap();
            run_concurrently(tasks).await;
            let mut hidden = before.contains(&bob.user);
            for payload in harness.published_events().await {
                let hides = matches!(payload, EventPayload::Account(AccountEvent::Blocked { .. }));
                assert_ne!(hides, hidden, "every event changes the state");
                hidden = hides;
            }
            assert_eq!(harness.store.hidden_from(ann.user).await.unwrap().contains(&bob.user), hidden);
        }
    }

    async fn an_id_in_use_is_rejected_and_publishes_no_event(harness: &Harness) {
        let (ann, bob, eve) = (
            harness.create_account("ann").await,
            harness.create_account("bob").await,
            harness.create_account("eve").await,
        );
        let first = block(harness, &ann, bob.persona).await;
        let other = Block { id: first.id, ..block(harness, &ann, eve.persona).await };
        harness.store.block(&first, &[]).await.unwrap();
        let error = harness.store.block(&other, &blocked(&other)).await.unwrap_err();
        assert!(matches!(&error, StoreError::UniqueViolation(key) if key == "id"), "{error:?}");
        assert_eq!(harness.published_events().await, []);
    }

    async fn a_block_is_rolled_back_if_its_event_is_rejected(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let (first, second) = (block(harness, &ann, bob.persona).await, block(harness, &bob, ann.persona).await);
        let event = blocked(&first);
        harness.store.block(&first, &event).await.unwrap();
        harness.store.block(&second, &event).await.unwrap_err();
        assert_eq!(harness.store.list_blocks(bob.user, None, 10).await.unwrap(), []);
    }

    async fn an_account_stays_hidden_until_its_last_persona_is_unblocked(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let robert = harness.second_persona(&bob, "robert").await;
        let (one, two) = (block(harness, &ann, bob.persona).await, block(harness, &ann, robert).await);
        harness.store.block(&one, &[]).await.unwrap();
        harness.store.block(&two, &[]).await.unwrap();
        assert_eq!(harness.store.list_blocks(ann.user, None, 10).await.unwrap().len(), 2);
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert!(harness.store.unblock(ann.user, bob.persona, &unblocked(&one)).await.unwrap());
        assert_eq!(harness.store.list_blocks(ann.user, None, 10).await.unwrap(), std::slice::from_ref(&two));
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert_eq!(harness.published_events().await, [], "the account is still hidden");
        assert!(harness.store.unblock(ann.user, robert, &unblocked(&two)).await.unwrap());
        assert!(!harness.store.unblock(ann.user, robert, &unblocked(&two)).await.unwrap());
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::new());
        assert_eq!(
            harness.published_events().await,
            [EventPayload::Account(AccountEvent::Unblocked { unblocked: bob.user })]
        );
    }

    async fn unblocking_does_not_affect_the_block_in_the_other_direction(harness: &Harness) {
        let (ann, bob) = (harness.create_account("ann").await, harness.create_account("bob").await);
        let made = block(harness, &ann, bob.persona).await;
        harness.store.block(&made, &[]).await.unwrap();
        harness.store.block(&block(harness, &bob, ann.persona).await, &[]).await.unwrap();
        harness.store.unblock(ann.user, bob.persona, &unblocked(&made)).await.unwrap();
        assert_eq!(harness.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
    }

    async fn a_list_continues_after_a_block_that_was_deleted(harness: &Harness) {
        let ann = harness.create_account("ann").await;
        let mut made = Vec::new();
        for turn in 0..5 {
            let other = harness.create_account(&format!("other_{turn}")).await;
            made.push(harness.store.block(&block(harness, &ann, other.persona).await, &[]).await.unwrap());
        }
        made.sort_by_key(|block| std::cmp::Reverse(block.id));
        assert_eq!(harness.store.list_blocks(ann.user, None, 2).await.unwrap(), made[..2]);
        harness.store.unblock(ann.user, made[1].persona.id, &[]).await.unwrap();
        assert_eq!(harness.store.list_blocks(ann.user, Some(made[1].id), 10).await.unwrap(), made[2..]);
    }
}
