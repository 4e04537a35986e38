//! What is posted in a circle is for its members, on every way to it.

use std::sync::Arc;

use kith_kernel::{
    Actor, CircleId, Clock as _, Content as Kernel, Fact, PageSize, Pager, PostId, Problem as _, SystemClock,
    SystemEntropy,
    ports::{Contents as _, PostLookup as _, Tallies},
};
use kith_posts::{
    Desk, Post, Service, Shelf,
    domain::{Draft, Edit, Filter, Kind, Order, Urgency, Words},
    policy::Viewer,
    rpc::{CircleFeed, Views},
};
use kith_proto::{posts::v1 as messages, views::CircleFeeds as _};
use kith_testkit::{HandClock, Parrot, block_on, member};

use crate::bed::{Bed, Others, anybody, categories, clock, content, ids, mongo, plenty, post_of, sqlite};

/// Ann and Eve are in a circle, and Bob is not.
struct Town {
    bed: Bed,
    posts: Arc<Service>,
    desk: Desk,
    shelf: Shelf,
    feeds: CircleFeed,
    others: Arc<Others>,
    circle: CircleId,
    ann: Actor,
    eve: Actor,
    bob: Actor,
}

async fn town() -> Town {
    let (bed, clock, others) = (sqlite().await, clock(), Arc::new(Others::default()));
    let posts = Arc::new(service(&bed, &others, &clock));
    let desk = Desk {
        store: bed.store.clone(),
        blocks: others.clone(),
        membership: others.clone(),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let (store, blocks, membership) = (bed.store.clone(), others.clone(), others.clone());
    let shelf = Shelf { store, blocks, membership, clock: clock.clone() };
    let views = Views {
        store: bed.store.clone(),
        personas: others.clone(),
        blocks: others.clone(),
        counts: others.clone(),
        clock: clock.clone(),
    };
    let pager = Arc::new(Pager::new(&[7; 32]));
    let feeds = CircleFeed { service: posts.clone(), views: Arc::new(views), pager };
    let (ann, eve, bob, circle) = (member(), member(), member(), a_circle());
    others.join(&eve, circle);
    Town { bed, posts, desk, shelf, feeds, others, circle, ann, eve, bob }
}

fn service(bed: &Bed, others: &Arc<Others>, clock: &Arc<HandClock>) -> Service {
    Service {
        store: bed.store.clone(),
        blocks: others.clone(),
        membership: others.clone(),
        screen: Arc::new(Parrot),
        rations: plenty(clock),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    }
}

fn a_circle() -> CircleId {
    CircleId::from_uuid(kith_testkit::user().uuid())
}

fn sos() -> Draft {
    let sos = content(Kind::Sos, 5, "please");
    Draft::new(kith_posts::domain::Content { categories: categories(&["alcohol"]), ..sos }).unwrap()
}

impl Town {
    async fn post(&self, author: &Actor) -> Post {
        let at = self.posts.enter(author, Some(self.circle)).await.unwrap();
        self.posts.create_at(author, at, sos(), None).await.unwrap().post
    }

    /// The ids of the circle's feed, as this actor gets it.
    async fn feed(&self, actor: &Actor) -> Result<Vec<String>, String> {
        let page = self.feeds.feed(actor, self.circle, PageSize::DEFAULT, "").await;
        let page = page.map_err(|refusal| format!("{refusal:?}"))?;
        Ok(page.0.into_iter().map(|post| post.id).collect())
    }

    /// Whether somebody finds it by its id: on all ways, or on none.
    async fn is_there_for(&self, actor: &Actor, post: &Post) -> bool {
        let got = self.posts.get(actor, post.id).await;
        let ways = [
            got.is_ok(),
            self.shelf.brief(actor.user, post.id).await.unwrap().is_some(),
            self.desk.evidence(Kernel::Post(post.id), Some(actor.user)).await.unwrap().is_some(),
            self.feed(actor).await.is_ok_and(|feed| feed.contains(&post.id.to_string())),
        ];
        assert!(ways.iter().all(|way| *way == ways[0]), "{ways:?}");
        assert!(got.is_ok() || got.unwrap_err().reason() == "POST_NOT_FOUND");
        ways[0]
    }

    /// What everything that changes a post refuses.
    async fn refusals(&self, actor: &Actor, post: &Post) -> Vec<&'static str> {
        let (posts, edits) = (&self.posts, [Edit::Urgency(Urgency::MOST)]);
        vec![
            posts.update(actor, post.id, &post.etag(), &edits).await.unwrap_err().reason(),
            posts.resolve(actor, post.id).await.unwrap_err().reason(),
            posts.restore(actor, post.id).await.unwrap_err().reason(),
        ]
    }
}

#[test]
fn a_circles_post_is_for_its_members_under_the_persona_of_that_circle() {
    block_on(async {
        let town = town().await;
        let persona = town.others.join(&town.ann, town.circle);
        let post = town.post(&town.ann).await;
        assert_eq!((post.circle, post.persona), (Some(town.circle), persona));
        assert_ne!(persona, town.ann.persona);
        let [Fact::PostCreated(about)] = &town.bed.announced().await[..] else { panic!("it is announced") };
        assert_eq!(about.circle, Some(town.circle));
        assert!(town.is_there_for(&town.ann, &post).await && town.is_there_for(&town.eve, &post).await);
        assert!(!town.is_there_for(&town.bob, &post).await);
        assert_eq!(town.refusals(&town.bob, &post).await, ["POST_NOT_FOUND"; 3]);
        assert_eq!(town.posts.delete(&town.bob, post.id).await.unwrap_err().reason(), "POST_NOT_FOUND");
        assert_eq!(town.refusals(&town.eve, &post).await, ["NOT_THE_AUTHOR"; 3]);
        assert_eq!(town.posts.enter(&town.bob, Some(town.circle)).await.unwrap_err().reason(), "CIRCLE_NOT_FOUND");
    });
}

#[test]
fn a_circles_post_stands_in_no_public_list_not_even_its_authors() {
    block_on(async {
        let town = town().await;
        town.others.join(&town.ann, town.circle);
        let public = town.posts.create(&town.ann, sos(), None).await.unwrap().post;
        town.post(&town.ann).await;
        let of_alcohol = Filter { categories: ["alcohol".parse().unwrap()].into(), ..Filter::default() };
        let of_kind = Filter { kinds: [Kind::Sos].into(), ..Filter::default() };
        for actor in [&town.ann, &town.eve, &town.bob] {
            for filter in [&Filter::default(), &of_alcohol, &of_kind] {
                for order in [Order::Latest, Order::Urgent] {
                    let page = town.posts.feed(actor, filter, order, PageSize::DEFAULT, None).await.unwrap();
                    assert_eq!(page.items, std::slice::from_ref(&public));
                }
                let words = Words::new("please").unwrap();
                let found = town.posts.search(actor, &words, filter, PageSize::DEFAULT, None).await.unwrap();
                assert_eq!(found.items, std::slice::from_ref(&public));
            }
        }
        let recent = town.desk.recent(10).await.unwrap();
        assert_eq!(recent.iter().map(|it| it.content).collect::<Vec<_>>(), [Kernel::Post(public.id)]);
    });
}

#[test]
fn who_left_reads_nothing_more_and_may_still_take_back_what_they_wrote() {
    block_on(async {
        let town = town().await;
        let persona = town.others.join(&town.ann, town.circle);
        let post = town.post(&town.ann).await;
        town.others.leave(&town.ann, town.circle);
        assert!(!town.is_there_for(&town.ann, &post).await && town.is_there_for(&town.eve, &post).await);
        assert_eq!(town.posts.get(&town.eve, post.id).await.unwrap().persona, persona, "it stays theirs");
        assert_eq!(town.refusals(&town.ann, &post).await, ["POST_NOT_FOUND"; 3]);
        town.posts.delete(&town.ann, post.id).await.unwrap();
        assert!(!town.is_there_for(&town.eve, &post).await);
        assert_eq!(town.posts.restore(&town.ann, post.id).await.unwrap_err().reason(), "POST_NOT_FOUND");
        town.others.join(&town.ann, town.circle);
        town.posts.restore(&town.ann, post.id).await.unwrap();
        assert!(town.is_there_for(&town.eve, &post).await);
    });
}

#[test]
fn in_an_archived_circle_everything_is_read_and_nothing_more_is_written() {
    block_on(async {
        let town = town().await;
        town.others.join(&town.ann, town.circle);
        let post = town.post(&town.ann).await;
        town.others.archive(town.circle);
        assert!(town.is_there_for(&town.eve, &post).await);
        assert_eq!(town.posts.enter(&town.ann, Some(town.circle)).await.unwrap_err().reason(), "CIRCLE_ARCHIVED");
        let edits = [Edit::Urgency(Urgency::MOST)];
        let update = town.posts.update(&town.ann, post.id, &post.etag(), &edits).await;
        assert_eq!(update.unwrap_err().reason(), "CIRCLE_ARCHIVED");
        town.posts.resolve(&town.ann, post.id).await.unwrap();
        town.posts.delete(&town.ann, post.id).await.unwrap();
        assert_eq!(town.posts.restore(&town.ann, post.id).await.unwrap_err().reason(), "CIRCLE_ARCHIVED");
    });
}

#[test]
fn somebody_hidden_is_not_found_in_a_circle_either_nor_counted() {
    block_on(async {
        let town = town().await;
        town.others.join(&town.ann, town.circle);
        let (post, own) = (town.post(&town.ann).await, town.post(&town.eve).await);
        town.others.gave(&town.ann, own.id, Tallies { texts: 1, quick: 1 });
        for tally in [kith_posts::store::Tally::Responses, kith_posts::store::Tally::Supports] {
            let event = kith_testkit::event_id(SystemClock.now());
            town.bed.store.count(own.id, event, tally, kith_posts::store::Step::Up).await.unwrap();
        }
        let counts = async || {
            let (page, _) = town.feeds.feed(&town.eve, town.circle, PageSize::DEFAULT, "").await.unwrap();
            let shown = page.into_iter().find(|shown| shown.id == own.id.to_string()).unwrap();
            assert_eq!(shown.visibility(), messages::PostVisibility::Circle);
            assert_eq!(shown.circle_id, Some(town.circle.to_string()));
            (shown.response_count, shown.support_count)
        };
        assert_eq!(counts().await, (Some(1), Some(1)));
        town.others.part(&town.ann, &town.eve);
        assert_eq!(counts().await, (Some(0), Some(0)));
        assert!(!town.is_there_for(&town.eve, &post).await && !town.is_there_for(&town.ann, &own).await);
    });
}

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn a_store_lists_each_circle_by_itself_from_page_to_page(bed: &Bed) {
        let (one, other, author, now) = (a_circle(), a_circle(), member(), anybody().now);
        let persona = author.persona;
        let mut written: Vec<PostId> = Vec::new();
        for number in 0..6 {
            let post = post_of(&author, now, content(Kind::Question, 2, "hello there"));
            let post = post.inside(if number % 2 == 0 { one } else { other }, persona);
            bed.insert(&post).await;
            assert_eq!(bed.store.get(post.id).await.unwrap().unwrap(), post);
            written.push(post.id);
        }
        let mut expected: Vec<PostId> = written.iter().copied().step_by(2).collect();
        expected.sort_unstable_by(|one, other| other.cmp(one));
        let inside = Viewer { circle: Some(one), ..anybody() };
        assert_eq!(bed.listed(&inside, &Filter::default(), Order::Latest).await, expected);
        let mut question =
            kith_posts::store::Question { filter: &Filter::default(), order: Order::Latest, after: None, limit: 2 };
        let first = bed.store.list(&inside, &question).await.unwrap();
        question.after = first.last().map(|placed| placed.place);
        let second = bed.store.list(&inside, &question).await.unwrap();
        assert_eq!([ids(&first), ids(&second)].concat(), expected);
        let post = bed.store.get(expected[0]).await.unwrap().unwrap();
        bed.replace(post.deleted(now)).await;
        assert_eq!(bed.listed(&inside, &Filter::default(), Order::Latest).await, expected[1..]);
        assert_eq!(bed.listed(&anybody(), &Filter::default(), Order::Latest).await, []);
        assert_eq!(bed.found(&anybody(), "hello").await, []);
        let apart = Viewer { hidden: [author.user].into(), ..inside };
        assert_eq!(bed.listed(&apart, &Filter::default(), Order::Latest).await, []);
    }
}
