//! The pages of feeds and searches.
//!
//! A page is read along an index, from where the last one ended, until it is full. A feed of several categories, or of
//! several kinds, is read along the part of the index that belongs to each, and the server merges them as it goes. Every
//! walk names its index: MongoDB's planner learns from the queries of others, and an SOS does not wait until it has.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use kith_kernel::Cursor;
use kith_storage::{
    StoreResult,
    mongo::{alive, date, id, ids},
};
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    options::Hint,
};
use uuid::Uuid;

use super::{
    document::{self, Row},
    words::Wanted,
};
use crate::{
    domain::{Filter, Kind, Order, Words},
    policy::Viewer,
    store::{Placed, Question},
};

/// One way along one index.
struct Walk {
    filter: Document,
    order: Document,
    index: &'static str,
}

impl Walk {
    async fn read(self, posts: &Collection<Row>, limit: i64) -> StoreResult<Vec<Row>> {
        let Self { filter, order, index } = self;
        let found = posts.find(filter).sort(order).limit(limit).projection(document::shown());
        Ok(found.hint(Hint::Name(index.to_owned())).await?.try_collect().await?)
    }
}

pub(super) async fn list(
    posts: &Collection<Row>,
    viewer: &Viewer,
    question: &Question<'_>,
) -> StoreResult<Vec<Placed>> {
    let (mut page, mut shown): (Vec<Placed>, BTreeSet<Uuid>) = (Vec::new(), BTreeSet::new());
    for walk in walks(viewer, question) {
        let missing = question.limit.saturating_sub(i64::try_from(page.len()).unwrap_or(i64::MAX));
        // No document at all would be no limit at all.
        if missing < 1 {
            break;
        }
        for row in walk.read(posts, missing).await? {
            let place = match question.order {
                Order::Latest => Cursor::at(row.id()),
                Order::Urgent => Cursor { rank: row.rank, id: row.id() },
            };
            // One that sank between two walks is on both.
            if shown.insert(place.id) {
                page.push(Placed { place, post: row.into_post()? });
            }
        }
    }
    Ok(page)
}

/// What is read for a page of a feed, one walk after the other until it is full.
///
/// In the order of urgency a page begins with the rest of the rank at which the last one ended. Both in one query would be
/// an `$or`, which MongoDB sorts in memory.
fn walks(viewer: &Viewer, question: &Question<'_>) -> Vec<Walk> {
    let Question { filter, order, after, .. } = *question;
    let fits = fits(viewer, filter);
    let index = if viewer.circle.is_some() { "posts_circle_latest" } else { index(filter, order) };
    let walk = |more: Document, order: Document| {
        let mut filter = fits.clone();
        filter.extend(more);
        Walk { filter, order, index }
    };
    let (newest, most_urgent) = (doc! { "_id": -1 }, doc! { "rank": -1, "_id": -1 });
    let behind = |after: Cursor| doc! { "_id": { "$lt": id(after.id) } };
    let mut rank = at_least(filter);
    match (order, after) {
        (Order::Latest, None) => vec![walk(ranked(rank), newest)],
        (Order::Latest, Some(after)) => {
            let mut more = behind(after);
            more.extend(ranked(rank));
            vec![walk(more, newest)]
        }
        (Order::Urgent, None) => vec![walk(ranked(rank), most_urgent)],
        (Order::Urgent, Some(after)) => {
            let mut rest = behind(after);
            rest.insert("rank", after.rank);
            rank.insert("$lt", after.rank);
            let walks = [walk(rest, newest), walk(ranked(rank), most_urgent)];
            // A place that this filter never gave out.
            let skipped = usize::from(after.rank < filter.minimum_rank());
            walks.into_iter().skip(skipped).collect()
        }
    }
}

fn at_least(filter: &Filter) -> Document {
    filter.minimum_urgency.map(|_| doc! { "$gte": filter.minimum_rank() }).unwrap_or_default()
}

fn ranked(rank: Document) -> Document {
    if rank.is_empty() {
        rank
    } else {
        doc! { "rank": rank }
    }
}

/// [`crate::policy::is_listed`] and [`Filter::admits`], but for ranks.
fn fits(viewer: &Viewer, filter: &Filter) -> Document {
    let there = [
        doc! { "leaves_at": null, "held_at": null, "removed_at": null },
        doc! { "leaves_at": { "$gt": date(viewer.now) }, "held_at": null, "removed_at": null },
        doc! { "author": id(viewer.user.uuid()) },
    ];
    let mut fits = alive(doc! { "$or": there.to_vec() });
    match viewer.circle {
        // What is in a circle is not listed.
        None => fits.insert("listed", true),
        Some(circle) => {
            fits.insert("deleted_at", Bson::Null);
            fits.insert("circle", id(circle.uuid()))
        }
    };
    if !viewer.hidden.is_empty() {
        fits.insert("author", doc! { "$nin": ids(viewer.hidden.iter().map(|user| user.uuid())) });
    }
    if !filter.kinds.is_empty() {
        let kinds: Vec<&str> = filter.kinds.iter().copied().map(Kind::word).collect();
        fits.insert("kind", doc! { "$in": kinds });
    }
    if !filter.categories.is_empty() {
        let categories: Vec<&str> = filter.categories.iter().map(|category| category.slug()).collect();
        fits.insert("categories", doc! { "$in": categories });
    }
    fits
}

fn index(filter: &Filter, order: Order) -> &'static str {
    match (filter.categories.is_empty(), filter.kinds.is_empty(), order) {
        (false, _, Order::Latest) => "posts_category_latest",
        (false, _, Order::Urgent) => "posts_category_urgent",
        (true, false, Order::Latest) => "posts_kind_latest",
        (true, false, Order::Urgent) => "posts_kind_urgent",
        (true, true, Order::Latest) => "posts_latest",
        (true, true, Order::Urgent) => "posts_urgent",
    }
}

pub(super) async fn search(
    posts: &Collection<Row>,
    viewer: &Viewer,
    words: &Words,
    question: &Question<'_>,
) -> StoreResult<Vec<Placed>> {
    let Some(wanted) = Wanted::new(words) else { return Ok(Vec::new()) };
    let mut page = Vec::new();
    let mut after = question.after;
    loop {
        let missing = question.limit.saturating_sub(i64::try_from(page.len()).unwrap_or(i64::MAX));
        if missing < 1 {
            return Ok(page);
        }
        let rows = found(viewer, &wanted, question.filter, after).read(posts, missing).await?;
        let is_last = i64::try_from(rows.len()).is_ok_and(|read| read < missing);
        for row in rows {
            let place = Cursor::at(row.id());
            after = Some(place);
            if wanted.is_plain() || wanted.stands_in(row.body(), row.tags()) {
                page.push(Placed { place, post: row.into_post()? });
            }
        }
        if is_last {
            return Ok(page);
        }
    }
}

/// Along the index of words, from the newest post back.
fn found(viewer: &Viewer, wanted: &Wanted, filter: &Filter, after: Option<Cursor>) -> Walk {
    let mut fits = fits(viewer, filter);
    fits.insert("words", wanted.filter());
    fits.extend(ranked(at_least(filter)));
    if let Some(after) = after {
        fits.insert("_id", doc! { "$lt": id(after.id) });
    }
    Walk { filter: fits, order: doc! { "_id": -1 }, index: "posts_words" }
}

#[cfg(test)]
mod tests {
    use kith_kernel::{Clock as _, PostId, SystemClock, SystemEntropy};
    use kith_testkit::Mongo;

    use super::*;
    use crate::{
        Post,
        domain::{Body, Content, Draft, Urgency},
        store::{Store as _, mongo},
    };

    /// The stages of the plan that MongoDB makes, the last one first.
    async fn plan(database: &Mongo, walk: Walk) -> Vec<String> {
        let find = doc! {
            "find": mongo::Mongo::COLLECTION,
            "filter": walk.filter,
            "sort": walk.order,
            "limit": 20,
            "hint": walk.index,
        };
        let explained =
            database.raw().run_command(doc! { "explain": find, "verbosity": "queryPlanner" }).await.unwrap();
        let plan = explained.get_document("queryPlanner").unwrap().get_document("winningPlan").unwrap();
        let mut stages = Vec::new();
        collect(plan.get_document("queryPlan").unwrap_or(plan), &mut stages);
        stages
    }

    fn collect(plan: &Document, stages: &mut Vec<String>) {
        stages.push(plan.get_str("stage").unwrap().to_owned());
        if let Ok(bounds) = plan.get_document("indexBounds") {
            stages.push(format!("{} {bounds}", plan.get_str("indexName").unwrap()));
        }
        if let Ok(input) = plan.get_document("inputStage") {
            collect(input, stages);
        }
        for input in plan.get_array("inputStages").into_iter().flatten().filter_map(Bson::as_document) {
            collect(input, stages);
        }
    }

    fn filters() -> Vec<Filter> {
        let categories = ["alcohol", "grief"].map(|slug| slug.parse().unwrap());
        let one = Filter { categories: categories.into_iter().take(1).collect(), ..Filter::default() };
        let many = Filter { categories: categories.into(), ..Filter::default() };
        let kinds = Filter { kinds: [Kind::Sos, Kind::Question].into(), ..Filter::default() };
        let urgent = Filter { minimum_urgency: Some(Urgency::SOS), ..many.clone() };
        vec![Filter::default(), one, many, kinds, urgent]
    }

    fn viewer() -> Viewer {
        Viewer {
            user: kith_testkit::user(),
            hidden: [kith_testkit::user()].into(),
            circle: None,
            now: SystemClock.now(),
        }
    }

    fn assert_walks(stages: &[String], index: &str) {
        assert!(!stages.iter().any(|stage| stage == "COLLSCAN" || stage == "SORT"), "{stages:#?}");
        let walks: Vec<_> = stages.iter().filter(|stage| stage.contains('{')).collect();
        assert!(!walks.is_empty() && walks.iter().all(|walk| walk.starts_with(index)), "{stages:#?}");
    }

    #[test]
    fn every_page_of_a_feed_is_read_along_an_index_from_where_the_last_one_ended() {
        kith_testkit::block_on(async {
            let (database, viewer) = (kith_testkit::mongo().await, viewer());
            let after = Cursor { rank: 3, id: Uuid::from_u128(42) };
            for filter in filters() {
                for (order, along) in [(Order::Latest, "latest"), (Order::Urgent, "urgent")] {
                    for after in [None, Some(Cursor { rank: 15, ..after }), Some(after)] {
                        let question = Question { filter: &filter, order, after, limit: 20 };
                        for walk in walks(&viewer, &question) {
                            let index = walk.index;
                            assert!(index.ends_with(along));
                            let is_bounded = after.is_some() && walk.filter.contains_key("_id");
                            let stages = plan(&database, walk).await;
                            assert_walks(&stages, index);
                            let ends_there = |stage: &&String| stage.contains("00000000-0000-0000-0000-00000000002a");
                            assert_eq!(stages.iter().any(|stage| ends_there(&stage)), is_bounded, "{stages:#?}");
                        }
                    }
                }
            }
        });
    }

    #[test]
    fn a_circles_feed_is_read_along_its_own_index_from_where_the_last_page_ended() {
        kith_testkit::block_on(async {
            let database = kith_testkit::mongo().await;
            let viewer = Viewer { circle: Some(kith_kernel::CircleId::from_uuid(Uuid::from_u128(7))), ..viewer() };
            let (filter, order) = (Filter::default(), Order::Latest);
            for after in [None, Some(Cursor { rank: 3, id: Uuid::from_u128(42) })] {
                for walk in walks(&viewer, &Question { filter: &filter, order, after, limit: 20 }) {
                    assert_walks(&plan(&database, walk).await, "posts_circle_latest");
                }
            }
        });
    }

    #[test]
    fn a_search_reads_along_the_index_of_words() {
        kith_testkit::block_on(async {
            let (database, viewer) = (kith_testkit::mongo().await, viewer());
            // Where no post has two words, no post can hold two.
            let (author, now) = (kith_testkit::member(), SystemClock.now());
            let body = Body::new("two words").unwrap();
            let draft = Draft::new(Content::new(Kind::Question, Urgency::LEAST, body)).unwrap();
            let post = Post::new(PostId::new(now, &SystemEntropy), &author, draft, now);
            mongo::Mongo::new((*database).clone()).insert(&post, &[]).await.unwrap();
            for typed in ["a", "ab", "abc", "abcd", "some words", "it's", "so many words that it's a pity"] {
                let wanted = Wanted::new(&Words::new(typed).unwrap()).unwrap();
                for filter in filters() {
                    let stages = plan(&database, found(&viewer, &wanted, &filter, None)).await;
                    assert_walks(&stages, "posts_words");
                    assert!(
                        !stages.iter().any(|stage| stage.contains("[\"\", {})")),
                        "not along all words: {stages:#?}"
                    );
                }
            }
        });
    }
}
