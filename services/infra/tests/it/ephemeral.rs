//! What is kept for a short time, on every adapter.

use std::{sync::Arc, time::Duration};

use infra::ephemeral::{Local, Redis};
use kernel::{Clock as _, SystemClock, ports::Ephemeral};
use testkit::HandClock;

use crate::redis_bed;

struct Bed {
    kept: Arc<dyn Ephemeral>,
    /// The same, from another node where there is one.
    elsewhere: Arc<dyn Ephemeral>,
    time: Time,
}

enum Time {
    Here(Arc<HandClock>),
    There(redis_bed::Bed),
}

impl Bed {
    async fn pass(&self, span: Duration) {
        match &self.time {
            Time::Here(clock) => clock.pass(span),
            Time::There(bed) => bed.pass(span).await,
        }
    }
}

async fn local() -> Bed {
    let clock = Arc::new(HandClock::at(SystemClock.now()));
    let kept: Arc<dyn Ephemeral> = Arc::new(Local::new(clock.clone()));
    Bed { elsewhere: kept.clone(), kept, time: Time::Here(clock) }
}

async fn redis() -> Bed {
    let bed = redis_bed::Bed::new().await;
    let (kept, elsewhere) = (Arc::new(Redis::new(bed.node())), Arc::new(Redis::new(bed.node())));
    Bed { kept, elsewhere, time: Time::There(bed) }
}

#[testkit::contract(local, redis)]
mod contract {
    use futures_util::future::join_all;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    async fn what_is_put_is_taken_once_by_whoever_knows_its_name(bed: &Bed) {
        let bytes = vec![0, 255, 10, 13];
        bed.kept.put("ticket/a b:{c}", bytes.clone(), MINUTE).await.unwrap();
        assert_eq!(bed.elsewhere.take("ticket/other").await.unwrap(), None);
        assert_eq!(bed.elsewhere.take("ticket/a b:{c}").await.unwrap(), Some(bytes));
        assert_eq!(bed.kept.take("ticket/a b:{c}").await.unwrap(), None);
    }

    async fn of_all_who_come_at_once_one_gets_it(bed: &Bed) {
        bed.kept.put("one", vec![1], MINUTE).await.unwrap();
        let comers = (0..64).map(|nth| if nth % 2 == 0 { bed.kept.take("one") } else { bed.elsewhere.take("one") });
        let got = join_all(comers).await.into_iter().filter(|it| it.as_ref().unwrap().is_some()).count();
        assert_eq!(got, 1);
    }

    async fn what_is_put_again_is_in_the_place_of_the_first(bed: &Bed) {
        bed.kept.put("name", vec![1], MINUTE).await.unwrap();
        bed.elsewhere.put("name", vec![2], MINUTE).await.unwrap();
        assert_eq!(bed.kept.take("name").await.unwrap(), Some(vec![2]));
        assert_eq!(bed.kept.take("name").await.unwrap(), None);
    }

    async fn what_has_lasted_its_time_is_gone(bed: &Bed) {
        bed.kept.put("short", vec![1], MINUTE).await.unwrap();
        bed.kept.put("long", vec![2], 2 * MINUTE).await.unwrap();
        bed.pass(MINUTE).await;
        assert_eq!(bed.kept.take("short").await.unwrap(), None);
        assert_eq!(bed.kept.take("long").await.unwrap(), Some(vec![2]));
    }
}
