//! Two who are blocked from each other see nothing of each other, by whichever way they look, and nobody else misses
//! anything for it.
//!
//! Four people, who come into one circle and leave it, or are sent away, do as they like, in random order, on the whole of Kith. [`town`] knows what each of them may see, and so
//! what each socket and each stream has to say after every step: every frame of it, and not one more. [`eyes`] compares
//! what is read. [`ears`] holds the sockets and streams.

mod ears;
mod eyes;
mod town;

use kith_testkit::block_on;
use proptest::{collection::vec, prelude::*};

use self::town::{Act, Town};

fn act() -> impl Strategy<Value = Act> {
    let (who, other, which) = (1..=4_usize, 1..=4_usize, any::<usize>());
    prop_oneof![
        3 => who.clone().prop_map(Act::Post),
        2 => who.clone().prop_map(Act::Inside),
        1 => which.prop_map(Act::Edit),
        2 => which.prop_map(Act::Delete),
        2 => which.prop_map(Act::Restore),
        4 => (who.clone(), which).prop_map(|(who, which)| Act::Answer(who, which)),
        2 => (who.clone(), which).prop_map(|(who, which)| Act::Cheer(who, which)),
        1 => which.prop_map(Act::TakeBack),
        2 => which.prop_map(Act::Mark),
        3 => (who.clone(), other.clone()).prop_map(|(who, other)| Act::Block(who, other)),
        2 => (who.clone(), other).prop_map(|(who, other)| Act::Unblock(who, other)),
        2 => who.clone().prop_map(Act::Leave),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, is_for_ever)| Act::Expel(who, is_for_ever)),
        3 => who.prop_map(Act::Join),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(24), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn two_who_are_blocked_see_nothing_of_each_other_and_nobody_misses_what_they_may_see(
        acts in vec(act(), 1..24)
    ) {
        block_on(async {
            let mut town = Town::open().await;
            // There is something to look at from the beginning.
            for act in [Act::Post(1), Act::Post(2), Act::Inside(3), Act::Answer(2, 0), Act::Answer(3, 0)] {
                town.live(act).await;
            }
            for act in acts {
                town.live(act).await;
            }
            town.end().await;
        });
    }
}
