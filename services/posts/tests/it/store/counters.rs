//! Exactly-once counters.

use super::*;

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn an_event_is_counted_once_however_often_it_is_delivered(harness: &Harness) {
        let (post, event) = (post(), event_id(now()));
        harness.insert(&post).await;
        let count = async || harness.store.count(post.id, event, Counter::Responses, Delta::Increment).await.unwrap();
        assert!(count().await);
        assert!(!count().await);
        let back = harness.store.get(post.id).await.unwrap().unwrap();
        assert_eq!((back.responses, back.supports, back.etag()), (1, 0, post.etag()));
    }

    async fn concurrent_deliveries_are_counted_exactly(harness: &Harness) {
        let post = post();
        harness.insert(&post).await;
        let events: Vec<EventId> = (0..24).map(|_| event_id(now())).collect();
        let deliveries: Vec<_> = [&events[..], &events[..]]
            .concat()
            .into_iter()
            .map(|event| {
                let store = harness.store.clone();
                tokio::spawn(
                    async move { store.count(post.id, event, Counter::Supports, Delta::Increment).await.unwrap() },
                )
            })
            .collect();
        let mut counted = 0;
        for delivery in deliveries {
            counted += usize::from(delivery.await.unwrap());
        }
        assert_eq!(counted, 24);
        assert_eq!(harness.store.get(post.id).await.unwrap().unwrap().supports, 24);
    }

    async fn many_events_are_counted_exactly_despite_late_redeliveries(harness: &Harness) {
        let post = post();
        harness.insert(&post).await;
        let events: Vec<EventId> = (0..400).map(|_| event_id(now())).collect();
        let mut counted = 0;
        for turn in 0..3 {
            let deliveries: Vec<_> = (0..16)
                .map(|task| {
                    let (store, events) = (harness.store.clone(), events.clone());
                    tokio::spawn(async move {
                        let mut counted = 0;
                        // Each task delivers a quarter of the events, so that each event is delivered four times
                        // concurrently.
                        for event in events.iter().skip((task + turn) % 4).step_by(4) {
                            counted += u64::from(
                                store.count(post.id, *event, Counter::Supports, Delta::Increment).await.unwrap(),
                            );
                        }
                        counted
                    })
                })
                .collect();
            for delivery in deliveries {
                counted += delivery.await.unwrap();
            }
        }
        assert_eq!(counted, 400);
        assert_eq!(harness.store.get(post.id).await.unwrap().unwrap().supports, 400);
    }

    async fn an_edit_keeps_the_counters_and_no_counter_reads_below_zero(harness: &Harness) {
        let post = post();
        harness.insert(&post).await;
        harness.store.count(post.id, event_id(now()), Counter::Supports, Delta::Increment).await.unwrap();
        harness.replace(post.edited(&[], now()).unwrap()).await;
        harness.store.count(post.id, event_id(now()), Counter::Responses, Delta::Decrement).await.unwrap();
        let back = harness.store.get(post.id).await.unwrap().unwrap();
        assert_eq!((back.supports, back.responses), (1, 0));
    }

    async fn a_decrement_delivered_before_its_increment_is_counted(harness: &Harness) {
        let post = post();
        harness.insert(&post).await;
        for step in [Delta::Decrement, Delta::Increment, Delta::Increment] {
            harness.store.count(post.id, event_id(now()), Counter::Responses, step).await.unwrap();
        }
        assert_eq!(harness.store.get(post.id).await.unwrap().unwrap().responses, 1);
    }

    async fn counting_keeps_pending_events(harness: &Harness) {
        let post = post();
        harness.insert(&post).await;
        harness.store.count(post.id, event_id(now()), Counter::Responses, Delta::Increment).await.unwrap();
        assert_eq!(harness.published_events().await, [EventPayload::Post(PostEvent::Created(post_ref(&post)))]);
    }

    async fn nothing_is_counted_on_a_missing_post(harness: &Harness) {
        let counted =
            harness.store.count(post().id, event_id(now()), Counter::Responses, Delta::Increment).await.unwrap();
        assert!(!counted);
    }
}
