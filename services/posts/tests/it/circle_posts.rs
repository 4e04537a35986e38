//! Posts of circles: visibility, membership and archived circles.

use std::sync::Arc;

use kith_kernel::{
    Actor, CircleId, Clock as _, ContentId, DomainError as _, EventPayload, PageSize, PageTokenCodec, PostEvent,
    PostId, SystemClock, SystemEntropy,
    ports::{ContentModeration as _, PostLookup as _, ResponseTally},
};
use kith_posts::{
    Post, Service,
    adapters::{CircleFeedAdapter, PostLookupAdapter, PostModeration},
    domain::{Edit, Filter, Kind, Order, PostContent, SearchQuery, Urgency},
    policy::Viewer,
    rpc::Presenter,
};
use kith_proto::{posts::v1 as messages, presenters::CircleFeed as _};
use kith_testkit::{block_on, member};

use crate::harness::{Harness, StubPorts, any_viewer, categories, clock, ids, mongo, parts, post_of, service, sqlite};

/// Eve is a member of the circle, Ann can join, and Bob is not a member.
struct Scenario {
    harness: Harness,
    posts: Arc<Service>,
    moderation: PostModeration,
    post_lookup: PostLookupAdapter,
    circle_feed: CircleFeedAdapter,
    stubs: Arc<StubPorts>,
    circle: CircleId,
    ann: Actor,
    eve: Actor,
    bob: Actor,
}

async fn scenario() -> Scenario {
    let (harness, clock, stubs) = (sqlite().await, clock(), Arc::new(StubPorts::default()));
    let posts = Arc::new(service(&harness, &stubs, &clock));
    let moderation = PostModeration {
        store: harness.store.clone(),
        blocks: stubs.clone(),
        membership: stubs.clone(),
        clock: clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let (store, blocks, membership) = (harness.store.clone(), stubs.clone(), stubs.clone());
    let post_lookup = PostLookupAdapter { store, blocks, membership, clock: clock.clone() };
    let presenter = Presenter {
        store: harness.store.clone(),
        personas: stubs.clone(),
        blocks: stubs.clone(),
        counts: stubs.clone(),
        clock: clock.clone(),
    };
    let page_tokens = Arc::new(PageTokenCodec::new(&[7; 32]));
    let circle_feed = CircleFeedAdapter { service: posts.clone(), presenter: Arc::new(presenter), page_tokens };
    let (ann, eve, bob, circle) = (member(), member(), member(), a_circle());
    stubs.join(&eve, circle);
    Scenario { harness, posts, moderation, post_lookup, circle_feed, stubs, circle, ann, eve, bob }
}

fn a_circle() -> CircleId {
    CircleId::from_uuid(kith_testkit::user().uuid())
}

fn sos() -> PostContent {
    let sos = parts(Kind::Sos, 5, "please");
    PostContent::new(kith_posts::domain::PostContentParts { categories: categories(&["alcohol"]), ..sos }).unwrap()
}

impl Scenario {
    async fn post(&self, author: &Actor) -> Post {
        let at = self.posts.posting_context(author, Some(self.circle)).await.unwrap();
        self.posts.create(author, at, sos(), None).await.unwrap().post
    }

    /// Returns the ids of the posts in the circle's feed for this actor.
    async fn feed(&self, actor: &Actor) -> Result<Vec<String>, String> {
        let page = self.circle_feed.list_posts(actor, self.circle, PageSize::DEFAULT, "").await;
        let page = page.map_err(|error| format!("{error:?}"))?;
        Ok(page.0.into_iter().map(|post| post.id).collect())
    }

    /// Returns true if the actor can see the post. Every way to read it must agree.
    async fn is_visible_to(&self, actor: &Actor, post: &Post) -> bool {
        let got = self.posts.get(actor, post.id).await;
        let results = [
            got.is_ok(),
            self.post_lookup.find_visible(actor.user, post.id).await.unwrap().is_some(),
            self.moderation.evidence(ContentId::Post(post.id), Some(actor.user)).await.unwrap().is_some(),
            self.feed(actor).await.is_ok_and(|feed| feed.contains(&post.id.to_string())),
        ];
        assert!(results.iter().all(|result| *result == results[0]), "{results:?}");
        assert!(got.is_ok() || got.unwrap_err().reason() == "POST_NOT_FOUND");
        results[0]
    }

    /// Returns the reasons with which update, resolve and restore fail.
    async fn change_errors(&self, actor: &Actor, post: &Post) -> Vec<&'static str> {
        let (posts, edits) = (&self.posts, [Edit::Urgency(Urgency::MAX)]);
        vec![
            posts.update(actor, post.id, &post.etag(), &edits).await.unwrap_err().reason(),
            posts.resolve(actor, post.id).await.unwrap_err().reason(),
            posts.restore(actor, post.id).await.unwrap_err().reason(),
        ]
    }
}

#[test]
fn a_circle_post_is_visible_to_members_under_the_circle_persona() {
    block_on(async {
        let scenario = scenario().await;
        let persona = scenario.stubs.join(&scenario.ann, scenario.circle);
        let post = scenario.post(&scenario.ann).await;
        assert_eq!((post.circle, post.persona), (Some(scenario.circle), persona));
        assert_ne!(persona, scenario.ann.persona);
        let [EventPayload::Post(PostEvent::Created(about))] = &scenario.harness.published_events().await[..] else {
            panic!("one event is published")
        };
        assert_eq!(about.circle, Some(scenario.circle));
        assert!(
            scenario.is_visible_to(&scenario.ann, &post).await && scenario.is_visible_to(&scenario.eve, &post).await
        );
        assert!(!scenario.is_visible_to(&scenario.bob, &post).await);
        assert_eq!(scenario.change_errors(&scenario.bob, &post).await, ["POST_NOT_FOUND"; 3]);
        assert_eq!(scenario.posts.delete(&scenario.bob, post.id).await.unwrap_err().reason(), "POST_NOT_FOUND");
        assert_eq!(scenario.change_errors(&scenario.eve, &post).await, ["NOT_AUTHOR"; 3]);
        assert_eq!(
            scenario.posts.posting_context(&scenario.bob, Some(scenario.circle)).await.unwrap_err().reason(),
            "CIRCLE_NOT_FOUND"
        );
    });
}

#[test]
fn a_circle_post_is_in_no_public_list_of_any_user() {
    block_on(async {
        let scenario = scenario().await;
        scenario.stubs.join(&scenario.ann, scenario.circle);
        let public = scenario.posts.create_public(&scenario.ann, sos(), None).await.unwrap().post;
        scenario.post(&scenario.ann).await;
        let by_category = Filter { categories: ["alcohol".parse().unwrap()].into(), ..Filter::default() };
        let by_kind = Filter { kinds: [Kind::Sos].into(), ..Filter::default() };
        for actor in [&scenario.ann, &scenario.eve, &scenario.bob] {
            for filter in [&Filter::default(), &by_category, &by_kind] {
                for order in [Order::Latest, Order::Urgent] {
                    let page = scenario.posts.feed(actor, filter, order, PageSize::DEFAULT, None).await.unwrap();
                    assert_eq!(page.items, std::slice::from_ref(&public));
                }
                let words = SearchQuery::new("please").unwrap();
                let found = scenario.posts.search(actor, &words, filter, PageSize::DEFAULT, None).await.unwrap();
                assert_eq!(found.items, std::slice::from_ref(&public));
            }
        }
        let recent = scenario.moderation.recent(10).await.unwrap();
        assert_eq!(recent.iter().map(|it| it.content).collect::<Vec<_>>(), [ContentId::Post(public.id)]);
    });
}

#[test]
fn a_former_member_cannot_read_circle_posts_but_can_delete_their_own() {
    block_on(async {
        let scenario = scenario().await;
        let persona = scenario.stubs.join(&scenario.ann, scenario.circle);
        let post = scenario.post(&scenario.ann).await;
        scenario.stubs.leave(&scenario.ann, scenario.circle);
        assert!(
            !scenario.is_visible_to(&scenario.ann, &post).await && scenario.is_visible_to(&scenario.eve, &post).await
        );
        assert_eq!(
            scenario.posts.get(&scenario.eve, post.id).await.unwrap().persona,
            persona,
            "the persona is unchanged"
        );
        assert_eq!(scenario.change_errors(&scenario.ann, &post).await, ["POST_NOT_FOUND"; 3]);
        scenario.posts.delete(&scenario.ann, post.id).await.unwrap();
        assert!(!scenario.is_visible_to(&scenario.eve, &post).await);
        assert_eq!(scenario.posts.restore(&scenario.ann, post.id).await.unwrap_err().reason(), "POST_NOT_FOUND");
        scenario.stubs.join(&scenario.ann, scenario.circle);
        scenario.posts.restore(&scenario.ann, post.id).await.unwrap();
        assert!(scenario.is_visible_to(&scenario.eve, &post).await);
    });
}

#[test]
fn posts_of_an_archived_circle_can_be_read_but_not_written() {
    block_on(async {
        let scenario = scenario().await;
        scenario.stubs.join(&scenario.ann, scenario.circle);
        let post = scenario.post(&scenario.ann).await;
        scenario.stubs.archive(scenario.circle);
        assert!(scenario.is_visible_to(&scenario.eve, &post).await);
        assert_eq!(
            scenario.posts.posting_context(&scenario.ann, Some(scenario.circle)).await.unwrap_err().reason(),
            "CIRCLE_ARCHIVED"
        );
        let edits = [Edit::Urgency(Urgency::MAX)];
        let update = scenario.posts.update(&scenario.ann, post.id, &post.etag(), &edits).await;
        assert_eq!(update.unwrap_err().reason(), "CIRCLE_ARCHIVED");
        scenario.posts.resolve(&scenario.ann, post.id).await.unwrap();
        scenario.posts.delete(&scenario.ann, post.id).await.unwrap();
        assert_eq!(scenario.posts.restore(&scenario.ann, post.id).await.unwrap_err().reason(), "CIRCLE_ARCHIVED");
    });
}

#[test]
fn a_blocked_member_is_neither_shown_nor_counted_in_a_circle() {
    block_on(async {
        let scenario = scenario().await;
        scenario.stubs.join(&scenario.ann, scenario.circle);
        let (post, own) = (scenario.post(&scenario.ann).await, scenario.post(&scenario.eve).await);
        scenario.stubs.set_responses(&scenario.ann, own.id, ResponseTally { texts: 1, quick: 1 });
        for tally in [kith_posts::store::Counter::Responses, kith_posts::store::Counter::Supports] {
            let event = kith_testkit::event_id(SystemClock.now());
            scenario.harness.store.count(own.id, event, tally, kith_posts::store::Delta::Increment).await.unwrap();
        }
        let counts = async || {
            let (page, _) =
                scenario.circle_feed.list_posts(&scenario.eve, scenario.circle, PageSize::DEFAULT, "").await.unwrap();
            let shown = page.into_iter().find(|shown| shown.id == own.id.to_string()).unwrap();
            assert_eq!(shown.visibility(), messages::PostVisibility::Circle);
            assert_eq!(shown.circle_id, Some(scenario.circle.to_string()));
            (shown.response_count, shown.support_count)
        };
        assert_eq!(counts().await, (Some(1), Some(1)));
        scenario.stubs.block(&scenario.ann, &scenario.eve);
        assert_eq!(counts().await, (Some(0), Some(0)));
        assert!(
            !scenario.is_visible_to(&scenario.eve, &post).await && !scenario.is_visible_to(&scenario.ann, &own).await
        );
    });
}

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn the_pages_of_a_circle_contain_its_posts_only(harness: &Harness) {
        let (one, other, author, now) = (a_circle(), a_circle(), member(), any_viewer().now);
        let persona = author.persona;
        let mut written: Vec<PostId> = Vec::new();
        for number in 0..6 {
            let post = post_of(&author, now, parts(Kind::Question, 2, "hello there"));
            let post = post.in_circle(if number % 2 == 0 { one } else { other }, persona);
            harness.insert(&post).await;
            assert_eq!(harness.store.get(post.id).await.unwrap().unwrap(), post);
            written.push(post.id);
        }
        let mut expected: Vec<PostId> = written.iter().copied().step_by(2).collect();
        expected.sort_unstable_by(|one, other| other.cmp(one));
        let inside = Viewer { circle: Some(one), ..any_viewer() };
        assert_eq!(harness.list_ids(&inside, &Filter::default(), Order::Latest).await, expected);
        let mut page_query =
            kith_posts::store::PageQuery { filter: &Filter::default(), order: Order::Latest, after: None, limit: 2 };
        let first = harness.store.list(&inside, &page_query).await.unwrap();
        page_query.after = first.last().map(|positioned| positioned.cursor);
        let second = harness.store.list(&inside, &page_query).await.unwrap();
        assert_eq!([ids(&first), ids(&second)].concat(), expected);
        let post = harness.store.get(expected[0]).await.unwrap().unwrap();
        harness.replace(post.deleted(now)).await;
        assert_eq!(harness.list_ids(&inside, &Filter::default(), Order::Latest).await, expected[1..]);
        assert_eq!(harness.list_ids(&any_viewer(), &Filter::default(), Order::Latest).await, []);
        assert_eq!(harness.search_ids(&any_viewer(), "hello").await, []);
        let blocking_viewer = Viewer { hidden: [author.user].into(), ..inside };
        assert_eq!(harness.list_ids(&blocking_viewer, &Filter::default(), Order::Latest).await, []);
    }
}
