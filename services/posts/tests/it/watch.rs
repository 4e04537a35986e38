//! The feed as it happens, and its end.

use std::{sync::Arc, time::Duration};

use kith_infra::live::{Bounds, Local};
use kith_kernel::{
    Actor, Channel, Clock as _, Event, Fact, Problem as _, Standing, SystemClock, SystemEntropy, Veil,
    event::Moderation,
    ports::{Live, Sessions},
};
use kith_posts::{
    Error, Post, Watch,
    domain::{Content, Edit, Filter, Kind, Urgency},
    watch::{News, Watching},
};
use kith_testkit::{HandClock, block_on, happened, member};
use tokio::time::timeout;

use crate::bed::{Bed, Others, about, categories, clock, content, post_of, sqlite};

/// How much of each channel is kept, so that a test can make somebody miss something.
const KEPT: usize = 4;

struct Town {
    bed: Bed,
    live: Arc<dyn Live>,
    others: Arc<Others>,
    watch: Watch,
    clock: Arc<HandClock>,
    ann: Actor,
    eve: Actor,
}

/// Eve watches what Ann writes.
async fn town() -> Town {
    let (bed, clock, others) = (sqlite().await, clock(), Arc::new(Others::default()));
    let bounds = Bounds { entries: KEPT, bytes: 1 << 20, age: Duration::from_hours(48) };
    let live: Arc<dyn Live> = Arc::new(Local::new(&[7; 16], 1, bounds, Arc::new(SystemClock)));
    let (ann, eve) = (member(), member());
    others.admit(&eve);
    let watch = Watch {
        store: bed.store.clone(),
        blocks: others.clone(),
        sessions: others.clone(),
        live: live.clone(),
        clock: clock.clone(),
        patrol: Duration::from_mins(1),
    };
    Town { bed, live, others, watch, clock, ann, eve }
}

impl Town {
    async fn begin(&self, filter: Filter) -> Watching {
        let mut watching = self.watch.begin(self.eve.clone(), filter).await.unwrap();
        assert_eq!(next(&mut watching).await.unwrap(), News::Started);
        watching
    }

    async fn tell(&self, channel: &Channel, event: &Event) {
        self.live.publish(channel, &event.parcel()).await.unwrap();
    }

    /// What Ann did.
    async fn feed(&self, fact: Fact) {
        let event = Event::new(self.clock.now(), self.ann.user, fact, &SystemEntropy);
        self.tell(&Channel::new("feed").unwrap(), &event).await;
    }

    async fn publish(&self, content: Content) -> Post {
        let post = post_of(&self.ann, self.clock.now(), content);
        self.bed.insert(&post).await;
        self.feed(Fact::PostCreated(about(&post))).await;
        post
    }
}

async fn next(watching: &mut Watching) -> Result<News, Error> {
    timeout(Duration::from_secs(20), watching.next()).await.expect("something is heard in time")
}

fn question() -> Content {
    content(Kind::Question, 2, "how?")
}

#[test]
fn what_happens_is_told_in_order() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        let post = town.publish(question()).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Created(Box::new(post.clone())));
        let edited = town.bed.replace(post.edited(&[Edit::Urgency(Urgency::SOS)], post.created_at).unwrap()).await;
        town.feed(Fact::PostUpdated(about(&post))).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Updated(Box::new(edited.clone())));
        let gone = town.bed.replace(edited.deleted(post.created_at)).await;
        town.feed(Fact::PostDeleted(about(&post))).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Removed(post.id));
        let back = town.bed.replace(gone.restored()).await;
        town.feed(Fact::PostRestored(about(&post))).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Created(Box::new(back)));
    });
}

#[test]
fn nothing_of_somebody_hidden_is_told_from_the_moment_they_are() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        let post = town.publish(question()).await;
        assert!(matches!(next(&mut watching).await.unwrap(), News::Created(_)));
        town.others.part(&town.ann, &town.eve);
        town.bed.replace(post.deleted(post.created_at)).await;
        town.feed(Fact::PostDeleted(about(&post))).await;
        town.publish(question()).await;
        let bob = member();
        let other = post_of(&bob, post.created_at, question());
        town.bed.insert(&other).await;
        let told = Event { actor: bob.user, ..happened(Fact::PostCreated(about(&other))) };
        town.tell(&Channel::new("feed").unwrap(), &told).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Created(Box::new(other)));
    });
}

#[test]
fn only_what_the_filter_admits_is_told_and_what_it_no_longer_admits_is_gone() {
    block_on(async {
        let town = town().await;
        let filter = Filter {
            kinds: [Kind::Question].into(),
            categories: ["grief".parse().unwrap()].into(),
            minimum_urgency: Some(Urgency::new(2).unwrap()),
        };
        let mut watching = town.begin(filter).await;
        let in_grief = |content: Content| Content { categories: categories(&["grief"]), ..content };
        town.publish(question()).await;
        town.publish(in_grief(content(Kind::Victory, 5, "yes"))).await;
        town.publish(in_grief(content(Kind::Question, 1, "how?"))).await;
        let post = town.publish(in_grief(question())).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Created(Box::new(post.clone())));
        town.bed.replace(post.edited(&[Edit::Categories(categories(&[]))], post.created_at).unwrap()).await;
        town.feed(Fact::PostUpdated(about(&post))).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Removed(post.id));
    });
}

#[test]
fn what_is_gone_when_it_is_told_is_not_shown() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        let post = post_of(&town.ann, town.clock.now(), question());
        town.bed.insert(&post).await;
        town.bed.replace(post.deleted(post.created_at)).await;
        town.feed(Fact::PostCreated(about(&post))).await;
        town.feed(Fact::PostDeleted(about(&post))).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Removed(post.id));
    });
}

#[test]
fn who_missed_something_is_told_so_and_goes_on() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        for _ in 0..KEPT + 2 {
            town.publish(question()).await;
        }
        assert_eq!(next(&mut watching).await.unwrap(), News::Lost);
        assert!(matches!(next(&mut watching).await.unwrap(), News::Created(_)));
    });
}

#[test]
fn it_ends_when_the_session_does_although_nothing_happens() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        let revoked = |actor: &Actor| happened(Fact::SessionRevoked { user: actor.user, session: actor.session });
        town.tell(&Channel::rights(), &revoked(&town.ann)).await;
        town.others.revoke(&town.eve);
        town.tell(&Channel::rights(), &revoked(&town.eve)).await;
        assert_eq!(next(&mut watching).await.unwrap_err().reason(), "SESSION_ENDED");
    });
}

#[test]
fn it_ends_when_the_account_is_suspended_although_nothing_happens() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        town.others.admit(&Actor { standing: Standing::Suspended, ..town.eve.clone() });
        town.tell(&Channel::rights(), &happened(Fact::UserSuspended { user: town.eve.user })).await;
        assert_eq!(next(&mut watching).await.unwrap_err().reason(), "ACCOUNT_SUSPENDED");
    });
}

#[test]
fn nothing_is_told_to_whom_has_lost_the_right_before_it_happened() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        town.others.revoke(&town.eve);
        town.publish(question()).await;
        assert_eq!(next(&mut watching).await.unwrap_err().reason(), "SESSION_ENDED");
        let mut late = town.watch.begin(town.eve.clone(), Filter::default()).await.unwrap();
        assert_eq!(next(&mut late).await.unwrap_err().reason(), "SESSION_ENDED");
    });
}

#[test]
fn it_ends_with_a_session_of_whose_end_nobody_told() {
    block_on(async {
        let mut town = town().await;
        town.watch.patrol = Duration::from_millis(5);
        let mut watching = town.begin(Filter::default()).await;
        town.others.revoke(&town.eve);
        assert!(town.others.current(town.eve.session).await.unwrap().is_none());
        assert_eq!(next(&mut watching).await.unwrap_err().reason(), "SESSION_ENDED");
    });
}

#[test]
fn what_is_held_is_told_of_when_it_is_released_and_what_is_removed_is_gone() {
    block_on(async {
        let town = town().await;
        let mut watching = town.begin(Filter::default()).await;
        let moderated = |post: &Post, how| Fact::PostModerated { about: about(post), how };
        let post = post_of(&town.ann, town.clock.now(), question());
        let held = Post { veil: Some(Veil::Held(post.created_at)), ..post };
        town.bed.insert(&held).await;
        town.feed(moderated(&held, Moderation::Held)).await;
        let open = town.bed.replace(held.veiled(None)).await;
        town.feed(moderated(&held, Moderation::Released)).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Created(Box::new(open.clone())));
        let held = town.bed.replace(open.veiled(Some(Veil::Held(open.created_at)))).await;
        town.feed(Fact::PostUpdated(about(&held))).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Removed(held.id), "it was changed and is held");
        let removed = town.bed.replace(held.veiled(Some(Veil::Removed(held.created_at)))).await;
        town.feed(moderated(&held, Moderation::Removed)).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Removed(held.id));
        let back = town.bed.replace(removed.veiled(None)).await;
        town.feed(moderated(&held, Moderation::Reinstated)).await;
        assert_eq!(next(&mut watching).await.unwrap(), News::Created(Box::new(back)));
    });
}
