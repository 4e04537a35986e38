//! Loss of permissions takes effect at once.

use std::time::Duration;

use kith_kernel::{
    AccountEvent, AccountStatus, CircleId, EventPayload, PostEvent,
    event::{CircleChange, CircleEvent, PostRef},
};
use kith_realtime::Limits;
use kith_testkit::{block_on, member, user};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    client::Client,
    harness::{embedded, new_post, two_members},
};

#[test]
fn losing_access_ends_the_subscription_within_a_second() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = two_members();
        let (mut one, mut other) = (node.client(&ann).await, node.client(&bob).await);
        one.subscribe("feed").await;
        other.subscribe("feed").await;
        node.slices.deny(ann.user, "feed");
        node.publish(bob.user, EventPayload::Account(AccountEvent::Unblocked { unblocked: ann.user })).await;
        let notice = timeout(Duration::from_secs(1), one.next()).await.expect("not unsubscribed within 1 s");
        assert_eq!(notice["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND");
        let event_ids = node.post(member().user, 1).await;
        assert_eq!(other.events(1).await.0, event_ids);
        one.subscribe("user").await;
    });
}

#[test]
fn leaving_a_circle_ends_its_subscriptions_and_those_of_its_posts_within_a_second() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = two_members();
        let (mut one, mut other) = (node.client(&ann).await, node.client(&bob).await);
        let circle = CircleId::from_uuid(user().uuid());
        let post = PostRef { circle: Some(circle), ..new_post(&["alcohol"]) };
        let channels = [format!("circle:{circle}"), format!("post:{}", post.post)];
        node.slices.move_to_circle(post.post, circle);
        for channel in &channels {
            one.subscribe(channel).await;
            other.subscribe(channel).await;
        }
        other.subscribe("feed").await;
        other.subscribe("category:alcohol").await;
        for channel in &channels {
            node.slices.deny(ann.user, channel);
        }
        let left = CircleEvent { circle, change: CircleChange::Left, member: Some(ann.user) };
        node.publish(ann.user, EventPayload::Circle(left)).await;
        for _ in &channels {
            let notice = timeout(Duration::from_secs(1), one.next()).await.expect("not unsubscribed within 1 s");
            assert_eq!(notice["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND");
        }
        let event_ids = node.publish(bob.user, EventPayload::Post(PostEvent::Created(post))).await;
        let event_ids = [vec![event_ids.id.to_string()], node.post(bob.user, 1).await].concat();
        let mut received = other.events(2).await.0;
        received.sort_unstable();
        let mut expected = event_ids;
        expected.sort_unstable();
        assert_eq!(received, expected, "only on the channel of the circle");
    });
}

#[test]
fn closing_a_circle_ends_only_its_subscriptions_within_a_second() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = two_members();
        let (mut one, mut other) = (node.client(&ann).await, node.client(&bob).await);
        let circle = CircleId::from_uuid(user().uuid());
        let channel = format!("circle:{circle}");
        for client in [&mut one, &mut other] {
            client.subscribe(&channel).await;
            client.subscribe("feed").await;
        }
        node.slices.deny(ann.user, &channel);
        node.slices.deny(bob.user, &channel);
        let closed = CircleEvent { circle, change: CircleChange::ClosedByStaff, member: None };
        node.publish(user(), EventPayload::Circle(closed)).await;
        for client in [&mut one, &mut other] {
            let notice = timeout(Duration::from_secs(1), client.next()).await.expect("not unsubscribed within 1 s");
            assert_eq!(notice["unsubscribed"]["channel"], json!(channel));
            assert_eq!(notice["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND");
        }
        let event_ids = node.post(bob.user, 1).await;
        assert_eq!(one.events(1).await.0, event_ids);
        assert_eq!(other.events(1).await.0, event_ids);
    });
}

#[test]
fn events_of_a_blocked_author_are_neither_delivered_nor_replayed() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (ann, bob) = two_members();
        let mut client = node.client(&ann).await;
        let position = client.subscribe("feed").await;
        let before = node.post(bob.user, 1).await;
        assert_eq!(client.events(1).await.0, before);

        node.slices.block(ann.user, bob.user);
        node.publish(bob.user, EventPayload::Account(AccountEvent::Blocked { blocked: ann.user })).await;
        // Two channels have no common order. The loop ends when the revalidation has taken effect.
        let mut received = Vec::new();
        let event_ids = loop {
            node.post(bob.user, 1).await;
            let event_ids = node.post(member().user, 1).await;
            let (next, _) = client.events(1).await;
            if next == event_ids {
                break event_ids;
            }
            received.extend(next);
            received.extend(client.events(1).await.0);
            assert!(received.len() < 100, "the revalidation takes effect");
        };

        let hidden = node.post(bob.user, 5).await;
        let shown = node.post(member().user, 1).await;
        assert_eq!(client.events(1).await.0, shown);
        let mut again = node.client(&ann).await;
        assert!(again.resume("feed", &position).await);
        let mut replayed = Vec::new();
        while replayed.last() != shown.last() {
            replayed.extend(again.events(1).await.0);
        }
        assert!(replayed.contains(&event_ids[0]));
        assert!(!hidden.iter().chain(&before).any(|id| replayed.contains(id)), "events of Bob are not replayed");
    });
}

#[test]
fn revoking_a_session_closes_only_its_own_connection() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (phone, mut laptop) = two_members();
        laptop.user = phone.user;
        let (mut one, mut other) = (node.client(&phone).await, node.client(&laptop).await);
        other.subscribe("feed").await;
        node.publish(
            phone.user,
            EventPayload::Account(AccountEvent::SessionRevoked { user: phone.user, session: phone.session }),
        )
        .await;
        assert_eq!(timeout(Duration::from_secs(1), one.closed()).await.unwrap().code, 4501);
        let event_ids = node.post(member().user, 1).await;
        assert_eq!(other.events(1).await.0, event_ids);
    });
}

#[test]
fn suspending_an_account_closes_its_connections_and_rejects_new_ones() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let (mut phone, mut laptop) = two_members();
        laptop.user = phone.user;
        let (mut one, mut two) = (node.client(&phone).await, node.client(&laptop).await);
        let mut other = node.client(&member()).await;
        other.subscribe("feed").await;
        node.publish(member().user, EventPayload::Account(AccountEvent::Suspended { user: phone.user })).await;
        for client in [&mut one, &mut two] {
            let end = timeout(Duration::from_secs(1), client.closed()).await.unwrap();
            assert_eq!((end.code, end.reason["reason"].as_str()), (4504, Some("SUSPENDED")));
            assert!(end.reason.get("retryAfterMs").is_none(), "no retry hint");
        }
        phone.status = AccountStatus::Suspended;
        let mut again = Client::open(&node.address).await;
        again.send(json!({ "hello": { "ticket": node.slices.ticket(&phone, Duration::from_hours(1)) } })).await;
        assert_eq!(again.closed().await.code, 4504);
        let event_ids = node.post(member().user, 1).await;
        assert_eq!(other.events(1).await.0, event_ids, "other connections stay open");
    });
}

#[test]
fn a_reinstated_account_is_revalidated() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let ann = member();
        let mut client = node.client(&ann).await;
        client.subscribe("feed").await;
        node.slices.deny(ann.user, "feed");
        node.publish(member().user, EventPayload::Account(AccountEvent::Reinstated { user: ann.user })).await;
        assert_eq!(client.next().await["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_NOT_FOUND");
    });
}

#[test]
fn access_is_denied_while_the_access_check_is_unavailable() {
    block_on(async {
        let node = embedded(Limits::default()).await;
        let ann = member();
        let mut client = node.client(&ann).await;
        client.subscribe("feed").await;
        node.slices.make_unavailable();
        node.publish(ann.user, EventPayload::Account(AccountEvent::Unblocked { unblocked: user() })).await;
        assert_eq!(client.next().await["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_UNAVAILABLE");
        client.send(json!({ "subscribe": { "channel": "feed" } })).await;
        assert_eq!(client.next().await["unsubscribed"]["reason"], "UNSUBSCRIBED_REASON_UNAVAILABLE");
    });
}
