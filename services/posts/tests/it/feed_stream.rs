//! Streams of the public feed, and the conditions that end them.

use std::{sync::Arc, time::Duration};

use kith_infra::replay_log::{InMemory, Retention};
use kith_kernel::{
    AccountEvent, AccountStatus, Actor, Channel, Clock as _, DomainError as _, Event, EventPayload, ModerationState,
    PostEvent, SystemClock, SystemEntropy,
    event::VisibilityChange,
    ports::{ReplayLog, SessionLookup},
};
use kith_posts::{
    Error, FeedStreams, Post,
    domain::{Edit, Filter, Kind, PostContentParts, Urgency},
    feed_stream::{FeedItem, FeedStream},
};
use kith_testkit::{ManualClock, block_on, event, member};
use tokio::time::timeout;

use crate::harness::{Harness, StubPorts, categories, clock, parts, post_of, post_ref, sqlite};

/// Number of retained log entries per channel. It is small, so that a test can cause a gap.
const RETAINED_ENTRIES: usize = 4;

struct Scenario {
    harness: Harness,
    replay_log: Arc<dyn ReplayLog>,
    stubs: Arc<StubPorts>,
    feed_streams: FeedStreams,
    clock: Arc<ManualClock>,
    ann: Actor,
    eve: Actor,
}

pub(crate) fn replay_log() -> Arc<dyn ReplayLog> {
    let retention = Retention { max_entries: RETAINED_ENTRIES, max_bytes: 1 << 20, max_age: Duration::from_hours(48) };
    Arc::new(InMemory::new(&[7; 16], 1, retention, Arc::new(SystemClock)))
}

/// Eve streams the feed and Ann writes.
async fn scenario() -> Scenario {
    let (harness, clock, stubs) = (sqlite().await, clock(), Arc::new(StubPorts::default()));
    let replay_log = replay_log();
    let (ann, eve) = (member(), member());
    stubs.add_session(&eve);
    let feed_streams = FeedStreams {
        flags: Arc::<kith_testkit::StubFlags>::default(),
        store: harness.store.clone(),
        blocks: stubs.clone(),
        sessions: stubs.clone(),
        replay_log: replay_log.clone(),
        clock: clock.clone(),
        recheck_interval: Duration::from_mins(1),
    };
    Scenario { harness, replay_log, stubs, feed_streams, clock, ann, eve }
}

impl Scenario {
    async fn subscribe(&self, filter: Filter) -> FeedStream {
        let mut stream = self.feed_streams.subscribe(self.eve.clone(), filter).await.unwrap();
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Started);
        stream
    }

    async fn append(&self, channel: &Channel, event: &Event) {
        self.replay_log.append(channel, &event.encode()).await.unwrap();
    }

    /// Appends an event of Ann to the feed channel.
    async fn publish_event(&self, payload: EventPayload) {
        let event = Event::new(self.clock.now(), self.ann.user, payload, &SystemEntropy);
        self.append(&Channel::Feed, &event).await;
    }

    async fn publish(&self, parts: PostContentParts) -> Post {
        let post = post_of(&self.ann, self.clock.now(), parts);
        self.harness.insert(&post).await;
        self.publish_event(EventPayload::Post(PostEvent::Created(post_ref(&post)))).await;
        post
    }
}

async fn next(stream: &mut FeedStream) -> Result<FeedItem, Error> {
    timeout(Duration::from_secs(20), stream.next()).await.expect("an item arrives in time")
}

fn question() -> PostContentParts {
    parts(Kind::Question, 2, "how?")
}

#[test]
fn events_are_delivered_in_order() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        let post = scenario.publish(question()).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Created(Box::new(post.clone())));
        let edited =
            scenario.harness.replace(post.edited(&[Edit::Urgency(Urgency::MIN_SOS)], post.created_at).unwrap()).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Updated(post_ref(&post)))).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Updated(Box::new(edited.clone())));
        let deleted = scenario.harness.replace(edited.deleted(post.created_at)).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Deleted(post_ref(&post)))).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Removed(post.id));
        let back = scenario.harness.replace(deleted.restored()).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Restored(post_ref(&post)))).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Created(Box::new(back)));
    });
}

#[test]
fn events_of_a_blocked_author_are_not_delivered_after_the_block() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        let post = scenario.publish(question()).await;
        assert!(matches!(next(&mut stream).await.unwrap(), FeedItem::Created(_)));
        scenario.stubs.block(&scenario.ann, &scenario.eve);
        scenario.harness.replace(post.deleted(post.created_at)).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Deleted(post_ref(&post)))).await;
        scenario.publish(question()).await;
        let bob = member();
        let other = post_of(&bob, post.created_at, question());
        scenario.harness.insert(&other).await;
        let created = Event { actor: bob.user, ..event(EventPayload::Post(PostEvent::Created(post_ref(&other)))) };
        scenario.append(&Channel::Feed, &created).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Created(Box::new(other)));
    });
}

#[test]
fn only_matching_posts_are_delivered_and_a_post_that_no_longer_matches_is_removed() {
    block_on(async {
        let scenario = scenario().await;
        let filter = Filter {
            kinds: [Kind::Question].into(),
            categories: ["grief".parse().unwrap()].into(),
            minimum_urgency: Some(Urgency::new(2).unwrap()),
        };
        let mut stream = scenario.subscribe(filter).await;
        let in_grief = |parts: PostContentParts| PostContentParts { categories: categories(&["grief"]), ..parts };
        scenario.publish(question()).await;
        scenario.publish(in_grief(parts(Kind::Victory, 5, "yes"))).await;
        scenario.publish(in_grief(parts(Kind::Question, 1, "how?"))).await;
        let post = scenario.publish(in_grief(question())).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Created(Box::new(post.clone())));
        scenario.harness.replace(post.edited(&[Edit::Categories(categories(&[]))], post.created_at).unwrap()).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Updated(post_ref(&post)))).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Removed(post.id));
    });
}

#[test]
fn a_post_deleted_before_its_event_is_processed_is_not_shown() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        let post = post_of(&scenario.ann, scenario.clock.now(), question());
        scenario.harness.insert(&post).await;
        scenario.harness.replace(post.deleted(post.created_at)).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Created(post_ref(&post)))).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Deleted(post_ref(&post)))).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Removed(post.id));
    });
}

#[test]
fn a_gap_is_reported_and_the_stream_continues() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        for _ in 0..RETAINED_ENTRIES + 2 {
            scenario.publish(question()).await;
        }
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Gap);
        assert!(matches!(next(&mut stream).await.unwrap(), FeedItem::Created(_)));
    });
}

#[test]
fn a_revoked_session_ends_the_stream_without_a_feed_event() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        let revoked = |actor: &Actor| {
            event(EventPayload::Account(AccountEvent::SessionRevoked { user: actor.user, session: actor.session }))
        };
        scenario.append(&Channel::PermissionChanges, &revoked(&scenario.ann)).await;
        scenario.stubs.revoke_session(&scenario.eve);
        scenario.append(&Channel::PermissionChanges, &revoked(&scenario.eve)).await;
        assert_eq!(next(&mut stream).await.unwrap_err().reason(), "SESSION_ENDED");
    });
}

#[test]
fn a_suspension_ends_the_stream_without_a_feed_event() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        scenario.stubs.add_session(&Actor { status: AccountStatus::Suspended, ..scenario.eve.clone() });
        scenario
            .append(
                &Channel::PermissionChanges,
                &event(EventPayload::Account(AccountEvent::Suspended { user: scenario.eve.user })),
            )
            .await;
        assert_eq!(next(&mut stream).await.unwrap_err().reason(), "ACCOUNT_SUSPENDED");
    });
}

#[test]
fn no_event_is_delivered_after_the_session_ended() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        scenario.stubs.revoke_session(&scenario.eve);
        scenario.publish(question()).await;
        assert_eq!(next(&mut stream).await.unwrap_err().reason(), "SESSION_ENDED");
        let mut late = scenario.feed_streams.subscribe(scenario.eve.clone(), Filter::default()).await.unwrap();
        assert_eq!(next(&mut late).await.unwrap_err().reason(), "SESSION_ENDED");
    });
}

#[test]
fn the_periodic_check_ends_a_stream_whose_session_ended_without_an_event() {
    block_on(async {
        let mut scenario = scenario().await;
        scenario.feed_streams.recheck_interval = Duration::from_millis(5);
        let mut stream = scenario.subscribe(Filter::default()).await;
        scenario.stubs.revoke_session(&scenario.eve);
        assert!(scenario.stubs.current_actor(scenario.eve.session).await.unwrap().is_none());
        assert_eq!(next(&mut stream).await.unwrap_err().reason(), "SESSION_ENDED");
    });
}

#[test]
fn a_held_post_is_delivered_on_release_and_a_removed_one_is_withdrawn() {
    block_on(async {
        let scenario = scenario().await;
        let mut stream = scenario.subscribe(Filter::default()).await;
        let moderated =
            |post: &Post, how| EventPayload::Post(PostEvent::VisibilityChanged { post: post_ref(post), change: how });
        let post = post_of(&scenario.ann, scenario.clock.now(), question());
        let held = Post { moderation: Some(ModerationState::Held(post.created_at)), ..post };
        scenario.harness.insert(&held).await;
        scenario.publish_event(moderated(&held, VisibilityChange::Held)).await;
        let open = scenario.harness.replace(held.with_moderation(None)).await;
        scenario.publish_event(moderated(&held, VisibilityChange::Released)).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Created(Box::new(open.clone())));
        let held = scenario.harness.replace(open.with_moderation(Some(ModerationState::Held(open.created_at)))).await;
        scenario.publish_event(EventPayload::Post(PostEvent::Updated(post_ref(&held)))).await;
        assert_eq!(
            next(&mut stream).await.unwrap(),
            FeedItem::Removed(held.id),
            "an edited post that is held is removed"
        );
        let removed =
            scenario.harness.replace(held.with_moderation(Some(ModerationState::Removed(held.created_at)))).await;
        scenario.publish_event(moderated(&held, VisibilityChange::Removed)).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Removed(held.id));
        let back = scenario.harness.replace(removed.with_moderation(None)).await;
        scenario.publish_event(moderated(&held, VisibilityChange::Restored)).await;
        assert_eq!(next(&mut stream).await.unwrap(), FeedItem::Created(Box::new(back)));
    });
}
