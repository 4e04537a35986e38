//! Query plans of the pages.

use kith_kernel::{Clock as _, PostId, SystemClock, SystemEntropy};
use kith_testkit::MongoDatabase;

use super::*;
use crate::{
    Post,
    domain::{Body, PostContent, PostContentParts, Urgency},
    store::{Store as _, mongo},
};

/// Stages of the query plan, last one first.
async fn plan(database: &MongoDatabase, scan: IndexScan) -> Vec<String> {
    let find = doc! {
        "find": mongo::Mongo::COLLECTION,
        "filter": scan.filter,
        "sort": scan.order,
        "limit": 20,
        "hint": scan.index,
    };
    let explained = database.raw().run_command(doc! { "explain": find, "verbosity": "queryPlanner" }).await.unwrap();
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
    let urgent = Filter { minimum_urgency: Some(Urgency::MIN_SOS), ..many.clone() };
    vec![Filter::default(), one, many, kinds, urgent]
}

fn viewer() -> Viewer {
    Viewer { user: kith_testkit::user(), hidden: [kith_testkit::user()].into(), circle: None, now: SystemClock.now() }
}

fn assert_index_scans(stages: &[String], index: &str) {
    assert!(!stages.iter().any(|stage| stage == "COLLSCAN" || stage == "SORT"), "{stages:#?}");
    let scans: Vec<_> = stages.iter().filter(|stage| stage.contains('{')).collect();
    assert!(!scans.is_empty() && scans.iter().all(|scan| scan.starts_with(index)), "{stages:#?}");
}

#[test]
fn every_feed_page_is_an_index_scan_from_the_end_of_the_previous_page() {
    kith_testkit::block_on(async {
        let (database, viewer) = (kith_testkit::mongo_database().await, viewer());
        let after = Cursor { rank: 3, id: Uuid::from_u128(42) };
        for filter in filters() {
            for (order, suffix) in [(Order::Latest, "latest"), (Order::Urgent, "urgent")] {
                for after in [None, Some(Cursor { rank: 15, ..after }), Some(after)] {
                    let page_query = PageQuery { filter: &filter, order, after, limit: 20 };
                    for scan in scans(&viewer, &page_query) {
                        let index = scan.index;
                        assert!(index.ends_with(suffix));
                        let is_bounded = after.is_some() && scan.filter.contains_key("_id");
                        let stages = plan(&database, scan).await;
                        assert_index_scans(&stages, index);
                        let is_bounded_by_cursor =
                            |stage: &&String| stage.contains("00000000-0000-0000-0000-00000000002a");
                        assert_eq!(stages.iter().any(|stage| is_bounded_by_cursor(&stage)), is_bounded, "{stages:#?}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_circle_feed_page_is_an_index_scan_from_the_end_of_the_previous_page() {
    kith_testkit::block_on(async {
        let database = kith_testkit::mongo_database().await;
        let viewer = Viewer { circle: Some(kith_kernel::CircleId::from_uuid(Uuid::from_u128(7))), ..viewer() };
        let (filter, order) = (Filter::default(), Order::Latest);
        for after in [None, Some(Cursor { rank: 3, id: Uuid::from_u128(42) })] {
            for scan in scans(&viewer, &PageQuery { filter: &filter, order, after, limit: 20 }) {
                assert_index_scans(&plan(&database, scan).await, "posts_circle_latest");
            }
        }
    });
}

#[test]
fn a_search_reads_the_index_of_search_terms() {
    kith_testkit::block_on(async {
        let (database, viewer) = (kith_testkit::mongo_database().await, viewer());
        // Until a post with two terms exists, the index is not multikey and the plan of a query for two terms is empty.
        let (author, now) = (kith_testkit::member(), SystemClock.now());
        let body = Body::new("two words").unwrap();
        let content = PostContent::new(PostContentParts::new(Kind::Question, Urgency::MIN, body)).unwrap();
        let post = Post::new(PostId::new(now, &SystemEntropy), &author, content, now);
        mongo::Mongo::new((*database).clone()).insert(&post, &[]).await.unwrap();
        for text in ["a", "ab", "abc", "abcd", "some words", "it's", "so many words that it's a pity"] {
            let parsed = ParsedQuery::new(&SearchQuery::new(text).unwrap()).unwrap();
            for filter in filters() {
                let stages = plan(&database, search_scan(&viewer, &parsed, &filter, None)).await;
                assert_index_scans(&stages, "posts_search_terms");
                assert!(
                    !stages.iter().any(|stage| stage.contains("[\"\", {})")),
                    "the scan is not bounded: {stages:#?}"
                );
            }
        }
    });
}
