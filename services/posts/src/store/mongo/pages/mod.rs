//! Pages of feeds and searches.
//!
//! A page is read in the order of an index, from the position of the previous page, until it is full. For a feed of
//! several categories or kinds the server reads the index range of each and merges them. Every scan names its index:
//! MongoDB's planner chooses by the performance of earlier queries, and an SOS must not wait until it has learned.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use kith_kernel::Cursor;
use kith_storage::{
    StoreResult,
    mongo::{bson_date, id, ids, not_deleted},
};
use mongodb::{
    Collection,
    bson::{Bson, Document, doc},
    options::Hint,
};
use uuid::Uuid;

use super::{
    document::{self, PostDocument},
    tokenizer::ParsedQuery,
};
use crate::{
    domain::{Filter, Kind, Order, SearchQuery},
    policy::Viewer,
    store::{PageQuery, Positioned},
};

/// Scan of one index.
struct IndexScan {
    filter: Document,
    order: Document,
    index: &'static str,
}

impl IndexScan {
    async fn read(self, posts: &Collection<PostDocument>, limit: i64) -> StoreResult<Vec<PostDocument>> {
        let Self { filter, order, index } = self;
        let found = posts.find(filter).sort(order).limit(limit).projection(document::projection());
        Ok(found.hint(Hint::Name(index.to_owned())).await?.try_collect().await?)
    }
}

pub(super) async fn list(
    posts: &Collection<PostDocument>,
    viewer: &Viewer,
    page_query: &PageQuery<'_>,
) -> StoreResult<Vec<Positioned>> {
    let (mut page, mut seen): (Vec<Positioned>, BTreeSet<Uuid>) = (Vec::new(), BTreeSet::new());
    for scan in scans(viewer, page_query) {
        let missing = page_query.limit.saturating_sub(i64::try_from(page.len()).unwrap_or(i64::MAX));
        // MongoDB reads a limit of 0 as no limit.
        if missing < 1 {
            break;
        }
        for document in scan.read(posts, missing).await? {
            let cursor = match page_query.order {
                Order::Latest => Cursor::at(document.id()),
                Order::Urgent => Cursor { rank: document.urgency_rank, id: document.id() },
            };
            // A post that was demoted between two scans is in both.
            if seen.insert(cursor.id) {
                page.push(Positioned { cursor, post: document.into_post()? });
            }
        }
    }
    Ok(page)
}

/// Scans for a page of a feed, to be read one after the other until the page is full.
///
/// In the order of urgency, a page starts with the remaining posts of the rank at which the previous page ended. One
/// query for both parts would need an `$or`, which MongoDB sorts in memory.
fn scans(viewer: &Viewer, page_query: &PageQuery<'_>) -> Vec<IndexScan> {
    let PageQuery { filter, order, after, .. } = *page_query;
    let listed = listed_filter(viewer, filter);
    let index = if viewer.circle.is_some() { "posts_circle_latest" } else { index(filter, order) };
    let scan = |more: Document, order: Document| {
        let mut filter = listed.clone();
        filter.extend(more);
        IndexScan { filter, order, index }
    };
    let (newest, most_urgent) = (doc! { "_id": -1 }, doc! { "urgency_rank": -1, "_id": -1 });
    let after_cursor = |after: Cursor| doc! { "_id": { "$lt": id(after.id) } };
    let mut rank = minimum_rank(filter);
    match (order, after) {
        (Order::Latest, None) => vec![scan(rank_filter(rank), newest)],
        (Order::Latest, Some(after)) => {
            let mut more = after_cursor(after);
            more.extend(rank_filter(rank));
            vec![scan(more, newest)]
        }
        (Order::Urgent, None) => vec![scan(rank_filter(rank), most_urgent)],
        (Order::Urgent, Some(after)) => {
            let mut rest = after_cursor(after);
            rest.insert("urgency_rank", after.rank);
            rank.insert("$lt", after.rank);
            let scans = [scan(rest, newest), scan(rank_filter(rank), most_urgent)];
            // Below the minimum rank, the cursor was not issued for this filter.
            let skipped = usize::from(after.rank < filter.minimum_rank());
            scans.into_iter().skip(skipped).collect()
        }
    }
}

fn minimum_rank(filter: &Filter) -> Document {
    filter.minimum_urgency.map(|_| doc! { "$gte": filter.minimum_rank() }).unwrap_or_default()
}

fn rank_filter(rank: Document) -> Document {
    if rank.is_empty() {
        rank
    } else {
        doc! { "urgency_rank": rank }
    }
}

/// Conditions of [`crate::policy::is_listed`] and [`Filter::matches`], except for ranks.
fn listed_filter(viewer: &Viewer, filter: &Filter) -> Document {
    let visible = [
        doc! { "feed_expires_at": null, "held_at": null, "removed_at": null },
        doc! { "feed_expires_at": { "$gt": bson_date(viewer.now) }, "held_at": null, "removed_at": null },
        doc! { "author": id(viewer.user.uuid()) },
    ];
    let mut listed = not_deleted(doc! { "$or": visible.to_vec() });
    match viewer.circle {
        // The field `listed` is absent in posts of circles.
        None => listed.insert("listed", true),
        Some(circle) => {
            listed.insert("deleted_at", Bson::Null);
            listed.insert("circle", id(circle.uuid()))
        }
    };
    if !viewer.hidden.is_empty() {
        listed.insert("author", doc! { "$nin": ids(viewer.hidden.iter().map(|user| user.uuid())) });
    }
    if !filter.kinds.is_empty() {
        let kinds: Vec<&str> = filter.kinds.iter().copied().map(Kind::as_str).collect();
        listed.insert("kind", doc! { "$in": kinds });
    }
    if !filter.categories.is_empty() {
        let categories: Vec<&str> = filter.categories.iter().map(|category| category.slug()).collect();
        listed.insert("categories", doc! { "$in": categories });
    }
    listed
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
    posts: &Collection<PostDocument>,
    viewer: &Viewer,
    query: &SearchQuery,
    page_query: &PageQuery<'_>,
) -> StoreResult<Vec<Positioned>> {
    let Some(parsed) = ParsedQuery::new(query) else { return Ok(Vec::new()) };
    let mut page = Vec::new();
    let mut after = page_query.after;
    loop {
        let missing = page_query.limit.saturating_sub(i64::try_from(page.len()).unwrap_or(i64::MAX));
        if missing < 1 {
            return Ok(page);
        }
        let documents = search_scan(viewer, &parsed, page_query.filter, after).read(posts, missing).await?;
        let is_last = i64::try_from(documents.len()).is_ok_and(|read| read < missing);
        for document in documents {
            let cursor = Cursor::at(document.id());
            after = Some(cursor);
            if parsed.has_only_words() || parsed.phrases_occur_in(document.body(), document.tags()) {
                page.push(Positioned { cursor, post: document.into_post()? });
            }
        }
        if is_last {
            return Ok(page);
        }
    }
}

/// Scan of the index of search terms, from the newest post back.
fn search_scan(viewer: &Viewer, parsed: &ParsedQuery, filter: &Filter, after: Option<Cursor>) -> IndexScan {
    let mut listed = listed_filter(viewer, filter);
    listed.insert("search_terms", parsed.filter());
    listed.extend(rank_filter(minimum_rank(filter)));
    if let Some(after) = after {
        listed.insert("_id", doc! { "$lt": id(after.id) });
    }
    IndexScan { filter: listed, order: doc! { "_id": -1 }, index: "posts_search_terms" }
}

#[cfg(test)]
mod tests;
