//! What `kith_users::store::BlockStore` promises.

use std::{collections::BTreeSet, pin::Pin};

use kith_kernel::{Actor, BlockId, Clock as _, Event, Fact, PersonaId, SystemClock, SystemEntropy};
use kith_storage::StoreError;
use kith_testkit::{happened, race};
use kith_users::Block;

use crate::bed::{Bed, postgres, sqlite};

async fn block(bed: &Bed, owner: &Actor, persona: PersonaId) -> Block {
    let profile = bed.store.profile(persona).await.unwrap().unwrap();
    let now = SystemClock.now();
    Block::new(BlockId::new(now, &SystemEntropy), owner.user, &profile, now).unwrap()
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

fn blocked(block: &Block) -> [Event; 1] {
    [happened(Fact::UserBlocked { blocked: block.blocked })]
}

fn unblocked(block: &Block) -> [Event; 1] {
    [happened(Fact::UserUnblocked { unblocked: block.blocked })]
}

#[kith_testkit::contract(sqlite, postgres)]
mod contract {
    use super::*;

    async fn a_block_comes_back_as_it_was_made_whatever_becomes_of_the_other(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        bed.set_role(&bob, "moderator").await;
        let made = block(bed, &ann, bob.persona).await;
        assert_eq!(bed.store.block(&made, &[]).await.unwrap(), made);
        bed.set_role(&bob, "member").await;
        assert_eq!(bed.store.blocks(ann.user, None, 10).await.unwrap(), [made]);
    }

    async fn a_block_hides_both_from_each_other_and_nobody_else(bed: &Bed) {
        let (ann, bob, eve) = (bed.person("ann").await, bed.person("bob").await, bed.person("eve").await);
        bed.store.block(&block(bed, &ann, bob.persona).await, &[]).await.unwrap();
        assert_eq!(bed.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert_eq!(bed.store.hidden_from(bob.user).await.unwrap(), BTreeSet::from([ann.user]));
        assert_eq!(bed.store.hidden_from(eve.user).await.unwrap(), BTreeSet::new());
    }

    async fn blocking_again_gives_the_first_and_announces_nothing(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        let (first, second) = (block(bed, &ann, bob.persona).await, block(bed, &ann, bob.persona).await);
        bed.store.block(&first, &blocked(&first)).await.unwrap();
        assert_eq!(bed.store.block(&second, &blocked(&second)).await.unwrap(), first);
        assert_eq!(bed.announced().await, [Fact::UserBlocked { blocked: bob.user }]);
    }

    async fn of_many_who_block_at_once_one_is_announced(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        let mut racers = Vec::new();
        for _ in 0..16 {
            let (store, block) = (bed.store.clone(), block(bed, &ann, bob.persona).await);
            racers.push(tokio::spawn(async move { store.block(&block, &blocked(&block)).await.unwrap().id }));
        }
        let mut given = BTreeSet::new();
        for racer in racers {
            given.insert(racer.await.unwrap());
        }
        assert_eq!(given.len(), 1);
        assert_eq!(bed.announced().await.len(), 1);
    }

    async fn of_many_who_unblock_at_once_the_last_persona_is_announced_once(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        let robert = bed.second_persona(&bob, "robert").await;
        for _ in 0..8 {
            for persona in [bob.persona, robert] {
                bed.store.block(&block(bed, &ann, persona).await, &[]).await.unwrap();
            }
            let racers = (0..32).map(|turn| {
                let (store, persona) = (bed.store.clone(), if turn % 2 == 0 { bob.persona } else { robert });
                let event = happened(Fact::UserUnblocked { unblocked: bob.user });
                async move { store.unblock(ann.user, persona, &[event]).await.unwrap() }
            });
            let done = race(racers).await.into_iter().filter(|done| *done).count();
            assert_eq!(done, 2);
            assert_eq!(bed.announced().await, [Fact::UserUnblocked { unblocked: bob.user }]);
        }
    }

    async fn what_is_announced_in_a_quarrel_ends_as_it_stands(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        for _ in 0..4 {
            let mut racers: Vec<BoxFuture<'static, ()>> = Vec::new();
            for _ in 0..16 {
                let (store, block) = (bed.store.clone(), block(bed, &ann, bob.persona).await);
                racers.push(Box::pin(async move {
                    store.block(&block, &blocked(&block)).await.unwrap();
                }));
                let store = bed.store.clone();
                let event = happened(Fact::UserUnblocked { unblocked: bob.user });
                racers.push(Box::pin(async move {
                    store.unblock(ann.user, bob.persona, &[event]).await.unwrap();
                }));
            }
            let stood = bed.store.hidden_from(ann.user).await.unwrap();
            race(racers).await;
            let mut hidden = stood.contains(&bob.user);
            for fact in bed.announced().await {
                let hides = matches!(fact, Fact::UserBlocked { .. });
                assert_ne!(hides, hidden, "each changes what the one before it said");
                hidden = hides;
            }
            assert_eq!(bed.store.hidden_from(ann.user).await.unwrap().contains(&bob.user), hidden);
        }
    }

    async fn an_id_in_use_is_taken_and_announces_nothing(bed: &Bed) {
        let (ann, bob, eve) = (bed.person("ann").await, bed.person("bob").await, bed.person("eve").await);
        let first = block(bed, &ann, bob.persona).await;
        let other = Block { id: first.id, ..block(bed, &ann, eve.persona).await };
        bed.store.block(&first, &[]).await.unwrap();
        let refusal = bed.store.block(&other, &blocked(&other)).await.unwrap_err();
        assert!(matches!(&refusal, StoreError::Taken(key) if key == "id"), "{refusal:?}");
        assert_eq!(bed.announced().await, []);
    }

    async fn a_block_whose_event_is_refused_was_never_made(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        let (first, second) = (block(bed, &ann, bob.persona).await, block(bed, &bob, ann.persona).await);
        let event = blocked(&first);
        bed.store.block(&first, &event).await.unwrap();
        bed.store.block(&second, &event).await.unwrap_err();
        assert_eq!(bed.store.blocks(bob.user, None, 10).await.unwrap(), []);
    }

    async fn two_personas_of_one_account_are_hidden_until_the_last_is_unblocked(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        let robert = bed.second_persona(&bob, "robert").await;
        let (one, two) = (block(bed, &ann, bob.persona).await, block(bed, &ann, robert).await);
        bed.store.block(&one, &[]).await.unwrap();
        bed.store.block(&two, &[]).await.unwrap();
        assert_eq!(bed.store.blocks(ann.user, None, 10).await.unwrap().len(), 2);
        assert_eq!(bed.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert!(bed.store.unblock(ann.user, bob.persona, &unblocked(&one)).await.unwrap());
        assert_eq!(bed.store.blocks(ann.user, None, 10).await.unwrap(), std::slice::from_ref(&two));
        assert_eq!(bed.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
        assert_eq!(bed.announced().await, [], "they are still hidden");
        assert!(bed.store.unblock(ann.user, robert, &unblocked(&two)).await.unwrap());
        assert!(!bed.store.unblock(ann.user, robert, &unblocked(&two)).await.unwrap());
        assert_eq!(bed.store.hidden_from(ann.user).await.unwrap(), BTreeSet::new());
        assert_eq!(bed.announced().await, [Fact::UserUnblocked { unblocked: bob.user }]);
    }

    async fn unblocking_leaves_the_other_direction(bed: &Bed) {
        let (ann, bob) = (bed.person("ann").await, bed.person("bob").await);
        let made = block(bed, &ann, bob.persona).await;
        bed.store.block(&made, &[]).await.unwrap();
        bed.store.block(&block(bed, &bob, ann.persona).await, &[]).await.unwrap();
        bed.store.unblock(ann.user, bob.persona, &unblocked(&made)).await.unwrap();
        assert_eq!(bed.store.hidden_from(ann.user).await.unwrap(), BTreeSet::from([bob.user]));
    }

    async fn a_list_goes_on_where_it_stopped_even_if_that_block_is_gone(bed: &Bed) {
        let ann = bed.person("ann").await;
        let mut made = Vec::new();
        for turn in 0..5 {
            let other = bed.person(&format!("other_{turn}")).await;
            made.push(bed.store.block(&block(bed, &ann, other.persona).await, &[]).await.unwrap());
        }
        made.sort_by_key(|block| std::cmp::Reverse(block.id));
        assert_eq!(bed.store.blocks(ann.user, None, 2).await.unwrap(), made[..2]);
        bed.store.unblock(ann.user, made[1].persona.id, &[]).await.unwrap();
        assert_eq!(bed.store.blocks(ann.user, Some(made[1].id), 10).await.unwrap(), made[2..]);
    }
}
