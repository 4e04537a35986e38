//! What becomes of what people write when the screen or staff look at it.

use std::sync::Arc;

use kith_kernel::{
    Actor, Clock as _, Content as Kernel, Fact, PageSize, Problem as _, ResponseId, SystemEntropy, Veil,
    event::{AboutPost, Moderation},
    ports::{Contents as _, Edit as Past, PostLookup as _},
};
use kith_posts::{
    Desk, Post, Published, Service, Shelf,
    domain::{Body, Content, Draft, Edit, Filter, Kind, Order, Tags, Urgency, Words},
};
use kith_testkit::{HandClock, Parrot, block_on, member, user};

use crate::bed::{Bed, Others, clock, content, plenty, sqlite};

/// Ann writes, Eve reads, staff judge.
struct Town {
    bed: Bed,
    posts: Service,
    desk: Desk,
    shelf: Shelf,
    others: Arc<Others>,
    clock: Arc<HandClock>,
    ann: Actor,
    eve: Actor,
}

async fn town() -> Town {
    let (bed, clock, others) = (sqlite().await, clock(), Arc::new(Others::default()));
    let posts = Service {
        store: bed.store.clone(),
        blocks: others.clone(),
        membership: others.clone(),
        screen: Arc::new(Parrot),
        rations: plenty(&clock),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let desk = Desk {
        store: bed.store.clone(),
        blocks: others.clone(),
        membership: others.clone(),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let (store, blocks, membership) = (bed.store.clone(), others.clone(), others.clone());
    let shelf = Shelf { store, blocks, membership, clock: clock.clone() };
    Town { bed, posts, desk, shelf, others, clock, ann: member(), eve: member() }
}

impl Town {
    async fn write(&self, content: Content) -> Published {
        self.posts.create(&self.ann, Draft::new(content).unwrap(), None).await.unwrap()
    }

    async fn question(&self, body: &str) -> Post {
        self.write(content(Kind::Question, 2, body)).await.post
    }

    async fn say(&self, post: &Post, body: &str) -> Published {
        let edits = [Edit::Body(Body::new(body).unwrap())];
        self.posts.update(&self.ann, post.id, &post.etag(), &edits).await.unwrap()
    }

    async fn get(&self, post: &Post) -> Post {
        self.posts.get(&self.ann, post.id).await.unwrap()
    }

    /// On how many of the ways to a post somebody finds it: all of them, or none.
    async fn is_there_for(&self, actor: &Actor, post: &Post) -> bool {
        let (posts, filter) = (&self.posts, Filter::default());
        let feed = posts.feed(actor, &filter, Order::Latest, PageSize::DEFAULT, None).await.unwrap().items;
        let word = Words::new(post.draft.body.reveal().split(' ').next().unwrap()).unwrap();
        let found = posts.search(actor, &word, &filter, PageSize::DEFAULT, None).await.unwrap().items;
        let ways = [
            posts.get(actor, post.id).await.is_ok(),
            feed.iter().any(|listed| listed.id == post.id),
            found.iter().any(|found| found.id == post.id),
            self.shelf.brief(actor.user, post.id).await.unwrap().is_some(),
            self.desk.evidence(Kernel::Post(post.id), Some(actor.user)).await.unwrap().is_some(),
        ];
        assert!(ways.iter().all(|way| *way == ways[0]), "{ways:?}");
        ways[0]
    }

    async fn everybody_sees(&self, post: &Post) -> bool {
        assert!(self.is_there_for(&self.ann, post).await, "its author always does");
        let seen = self.is_there_for(&self.eve, post).await;
        assert_eq!(self.shelf.is_public(post.id).await.unwrap(), seen);
        seen
    }
}

fn about(post: &Post) -> AboutPost {
    AboutPost { post: post.id, categories: Vec::new(), circle: None }
}

fn moderated(post: &Post, how: Moderation) -> Fact {
    Fact::PostModerated { about: about(post), how }
}

#[test]
fn what_the_screen_holds_is_its_authors_alone_until_it_is_released() {
    block_on(async {
        let town = town().await;
        let post = town.question("hello, call me").await;
        assert_eq!(post.veil, Some(Veil::Held(town.clock.now())));
        assert!(!town.everybody_sees(&post).await);
        assert_eq!(town.bed.announced().await, [moderated(&post, Moderation::Held)]);
        for _ in 0..2 {
            town.desk.release(Kernel::Post(post.id), user()).await.unwrap();
        }
        assert!(town.everybody_sees(&post).await);
        assert_eq!(town.bed.announced().await, [moderated(&post, Moderation::Released)]);
    });
}

#[test]
fn an_sos_and_a_crisis_are_never_held_and_a_crisis_is_as_urgent_as_can_be() {
    block_on(async {
        let town = town().await;
        let sos = town.write(content(Kind::Sos, 4, "please, call me")).await;
        assert_eq!((sos.post.veil, sos.crisis, sos.post.draft.urgency), (None, false, Urgency::SOS));
        town.bed.announced().await;
        for kind in Kind::ALL {
            let urgency = if kind == Kind::Sos { 4 } else { 1 };
            let written = town.write(content(kind, urgency, "tonight I end it all, call me")).await;
            let post = written.post;
            assert!(written.crisis && town.everybody_sees(&post).await);
            assert_eq!(town.get(&post).await.draft.urgency, Urgency::MOST);
            let seen = Fact::CrisisSeen { content: Kernel::Post(post.id) };
            assert_eq!(town.bed.announced().await, [Fact::PostCreated(about(&post)), seen]);
        }
    });
}

#[test]
fn a_screen_that_does_not_answer_holds_nobody_up() {
    block_on(async {
        let town = town().await;
        let post = town.question("hello, call me, out of order").await;
        assert!(town.everybody_sees(&post).await);
        assert_eq!(town.bed.announced().await, [Fact::PostCreated(about(&post))]);
    });
}

#[test]
fn a_call_that_is_repeated_says_again_who_helps() {
    block_on(async {
        let town = town().await;
        let claimed = Some(user().uuid());
        let draft = Draft::new(content(Kind::CheckIn, 1, "end it all")).unwrap();
        let first = town.posts.create(&town.ann, draft.clone(), claimed).await.unwrap();
        assert!(first.crisis);
        assert_eq!(town.posts.create(&town.ann, draft, claimed).await.unwrap(), first);
    });
}

#[test]
fn an_edit_is_looked_at_and_what_it_mends_is_published() {
    block_on(async {
        let town = town().await;
        let post = town.question("hello").await;
        town.bed.announced().await;
        let held = town.say(&post, "hello, call me").await.post;
        assert!(!town.everybody_sees(&held).await);
        let told = [Fact::PostUpdated(about(&post)), moderated(&post, Moderation::Held)];
        assert_eq!(town.bed.announced().await, told);
        // What others do not see does not change for them, and another urgency says nothing new.
        let urgent = [Edit::Urgency(Urgency::MOST)];
        let held = town.posts.update(&town.ann, held.id, &held.etag(), &urgent).await.unwrap().post;
        assert_eq!((held.veil.is_some(), town.bed.announced().await), (true, vec![]));
        let held = town.say(&held, "hello, do call me").await.post;
        assert_eq!(town.bed.announced().await, [moderated(&post, Moderation::Held)]);
        let tagged = [Edit::Tags(Tags::new(["call me"]).unwrap()), Edit::Body(Body::new("hello").unwrap())];
        let held = town.posts.update(&town.ann, held.id, &held.etag(), &tagged).await.unwrap().post;
        assert!(held.veil.is_some(), "tags are looked at, too");
        town.bed.announced().await;
        let mended = [Edit::Tags(Tags::default())];
        let mended = town.posts.update(&town.ann, held.id, &held.etag(), &mended).await.unwrap().post;
        assert!(town.everybody_sees(&mended).await);
        assert_eq!(town.bed.announced().await, [moderated(&post, Moderation::Released)]);
        let crisis = town.say(&mended, "hello, call me, or I end it all").await;
        assert!(crisis.crisis && town.everybody_sees(&crisis.post).await);
        let seen = Fact::CrisisSeen { content: Kernel::Post(post.id) };
        assert_eq!(town.bed.announced().await, [Fact::PostUpdated(about(&post)), seen]);
    });
}

#[test]
fn what_staff_take_away_is_gone_for_others_and_comes_back_once() {
    block_on(async {
        let town = town().await;
        let post = town.question("hello").await;
        town.bed.announced().await;
        for _ in 0..2 {
            town.desk.remove(Kernel::Post(post.id), user()).await.unwrap();
        }
        assert!(!town.everybody_sees(&post).await);
        assert_eq!(town.get(&post).await.veil, Some(Veil::Removed(town.clock.now())));
        assert_eq!(town.bed.announced().await, [moderated(&post, Moderation::Removed)]);
        town.desk.release(Kernel::Post(post.id), user()).await.unwrap();
        assert!(!town.everybody_sees(&post).await, "it was not held");
        for _ in 0..2 {
            town.desk.restore(Kernel::Post(post.id), user()).await.unwrap();
        }
        assert!(town.everybody_sees(&post).await);
        assert_eq!(town.bed.announced().await, [moderated(&post, Moderation::Reinstated)]);
    });
}

#[test]
fn what_was_removed_is_not_edited_but_deleted_and_does_not_come_back_by_that() {
    block_on(async {
        let town = town().await;
        let post = town.question("hello").await;
        town.desk.remove(Kernel::Post(post.id), user()).await.unwrap();
        let removed = town.get(&post).await;
        let edits = [Edit::Urgency(Urgency::LEAST)];
        let refusal = town.posts.update(&town.ann, post.id, &removed.etag(), &edits).await.unwrap_err();
        assert_eq!(refusal.reason(), "POST_REMOVED");
        let refusal = town.posts.update(&town.eve, post.id, &removed.etag(), &edits).await.unwrap_err();
        assert_eq!(refusal.reason(), "POST_NOT_FOUND");
        town.posts.delete(&town.ann, post.id).await.unwrap();
        let evidence = town.desk.evidence(Kernel::Post(post.id), None).await.unwrap().unwrap();
        assert_eq!((evidence.text.as_str(), evidence.removed), ("hello", true));
        town.posts.restore(&town.ann, post.id).await.unwrap();
        assert!(!town.everybody_sees(&post).await);
    });
}

#[test]
fn evidence_is_all_that_was_ever_said_and_who_may_not_see_it_has_none() {
    block_on(async {
        let town = town().await;
        let post = town.write(Content { tags: Tags::new(["one"]).unwrap(), ..content(Kind::Question, 2, "first") });
        let post = post.await.post;
        let edited = town.say(&post, "second").await.post;
        let evidence = town.desk.evidence(Kernel::Post(post.id), Some(town.eve.user)).await.unwrap().unwrap();
        assert_eq!((evidence.author, evidence.persona), (town.ann.user, town.ann.persona));
        assert_eq!((evidence.text.as_str(), evidence.at), ("second\none", post.created_at));
        assert_eq!(evidence.edits, [Past { at: edited.edited_at.unwrap(), text: "first\none".to_owned() }]);
        assert_eq!((evidence.removed, evidence.held), (false, false));
        town.others.part(&town.ann, &town.eve);
        assert_eq!(town.desk.evidence(Kernel::Post(post.id), Some(town.eve.user)).await.unwrap(), None);
        let response = Kernel::Response(ResponseId::from_uuid(post.id.uuid()));
        assert_eq!(town.desk.evidence(response, None).await.unwrap(), None, "that is no post");
        town.desk.remove(response, user()).await.unwrap();
        assert_eq!(town.get(&post).await.veil, None);
    });
}

#[test]
fn what_nobody_wrote_can_be_taken_away_without_an_error() {
    block_on(async {
        let town = town().await;
        let nothing = Kernel::Post(kith_kernel::PostId::from_uuid(user().uuid()));
        assert_eq!(town.desk.evidence(nothing, None).await.unwrap(), None);
        town.desk.remove(nothing, user()).await.unwrap();
        assert_eq!(town.bed.announced().await, []);
    });
}

#[test]
fn the_newest_are_those_that_everybody_sees() {
    block_on(async {
        let town = town().await;
        let mut open = Vec::new();
        for body in ["one", "two", "three, call me", "four", "five"] {
            town.clock.pass(std::time::Duration::from_millis(1));
            let post = town.question(body).await;
            if post.veil.is_none() {
                open.insert(0, post.id);
            }
        }
        town.desk.remove(Kernel::Post(open.remove(0)), user()).await.unwrap();
        let recent = town.desk.recent(2).await.unwrap();
        let recent: Vec<Kernel> = recent.into_iter().map(|evidence| evidence.content).collect();
        assert_eq!(recent, open.iter().take(2).map(|id| Kernel::Post(*id)).collect::<Vec<_>>());
    });
}
