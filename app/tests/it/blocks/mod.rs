//! Model test of blocks: users who have blocked each other cannot see each other on any path, and other users are not
//! affected.
//!
//! Four users execute random actions on the whole application, including joining and leaving a circle. [`scenario`] is
//! the model: it knows the content that each user can see, and so the exact frames of every socket and stream after each
//! action. [`readers`] compares the responses of read methods with the model. [`listeners`] contains the sockets and
//! streams.

mod listeners;
mod readers;
mod scenario;

use kith_testkit::block_on;
use proptest::{collection::vec, prelude::*};

use self::scenario::{Action, Scenario};

fn action() -> impl Strategy<Value = Action> {
    let (user, other, index) = (1..=4_usize, 1..=4_usize, any::<usize>());
    prop_oneof![
        3 => user.clone().prop_map(Action::Post),
        2 => user.clone().prop_map(Action::PostInCircle),
        1 => index.prop_map(Action::Edit),
        2 => index.prop_map(Action::Delete),
        2 => index.prop_map(Action::Restore),
        4 => (user.clone(), index).prop_map(|(user, index)| Action::Respond(user, index)),
        2 => (user.clone(), index).prop_map(|(user, index)| Action::QuickSupport(user, index)),
        1 => index.prop_map(Action::DeleteResponse),
        2 => index.prop_map(Action::MarkHelpful),
        3 => (user.clone(), other.clone()).prop_map(|(user, other)| Action::Block(user, other)),
        2 => (user.clone(), other).prop_map(|(user, other)| Action::Unblock(user, other)),
        2 => user.clone().prop_map(Action::Leave),
        2 => (user.clone(), any::<bool>()).prop_map(|(user, is_ban)| Action::Remove(user, is_ban)),
        3 => user.prop_map(Action::Join),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(24), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn blocked_users_cannot_see_each_other_and_other_users_see_everything_they_can(
        actions in vec(action(), 1..24)
    ) {
        block_on(async {
            let mut scenario = Scenario::start().await;
            // Content that exists before the random actions.
            for action in [Action::Post(1), Action::Post(2), Action::PostInCircle(3), Action::Respond(2, 0), Action::Respond(3, 0)] {
                scenario.apply(action).await;
            }
            for action in actions {
                scenario.apply(action).await;
            }
            scenario.finish().await;
        });
    }
}
