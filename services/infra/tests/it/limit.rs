//! The limiter of one process.

use std::{sync::Arc, time::Duration};

use infra::limit::Local;
use kernel::{
    Access, Clock as _, Procedure, Quota, SystemClock,
    ports::{Limit as _, Sweep as _},
};
use testkit::{HandClock, block_on};

const HELP: Procedure = Procedure::new("/a.B/Help", Access::Public, Quota::per_minute(2));
const ASK: Procedure = Procedure::new("/a.B/Ask", Access::Public, Quota::per_minute(2));

fn limit() -> (Local, Arc<HandClock>) {
    let clock = Arc::new(HandClock::at(SystemClock.now()));
    (Local::new([HELP, ASK], clock.clone()), clock)
}

#[test]
fn callers_and_procedures_do_not_share_and_a_wait_is_as_long_as_it_says() {
    block_on(async {
        let (limit, clock) = limit();
        for remaining in [1, 0] {
            let allowance = limit.take("ann", &HELP).await.unwrap();
            assert_eq!((allowance.remaining, allowance.wait), (remaining, None));
        }
        let wait = limit.take("ann", &HELP).await.unwrap().wait.unwrap();
        assert_eq!(wait, Duration::from_secs(30));
        assert_eq!(limit.take("bob", &HELP).await.unwrap().wait, None);
        assert_eq!(limit.take("ann", &ASK).await.unwrap().wait, None);
        clock.pass(wait.checked_sub(Duration::from_millis(1)).unwrap());
        assert!(limit.take("ann", &HELP).await.unwrap().wait.is_some());
        clock.pass(Duration::from_millis(1));
        assert_eq!(limit.take("ann", &HELP).await.unwrap().wait, None);
    });
}

#[test]
fn a_procedure_that_nobody_announced_is_not_let_in() {
    block_on(async {
        let other = Procedure { path: "/a.B/Other", ..HELP };
        limit().0.take("ann", &other).await.unwrap_err();
    });
}

#[test]
fn buckets_that_are_full_again_are_dropped_by_a_sweep_and_by_the_calls_of_strangers() {
    block_on(async {
        let (limit, clock) = limit();
        limit.take("ann", &HELP).await.unwrap();
        assert_eq!((limit.sweep().await.unwrap(), limit.held()), (0, 1));
        clock.pass(Duration::from_mins(1));
        assert_eq!((limit.sweep().await.unwrap(), limit.held()), (1, 0));
        for stranger in 0..200_000 {
            clock.pass(Duration::from_millis(1));
            limit.take(&stranger.to_string(), &HELP).await.unwrap();
        }
        // 65,536 calls between two looks, and those of the half minute before.
        assert!(limit.held() <= 65_536 + 30_000, "{}", limit.held());
    });
}
