//! Contract of `kith_posts::store::Store`, run on every adapter.
//!
//! | file | contents |
//! | --- | --- |
//! | `counters` | exactly-once counters |
//! | `lists` | pages of feeds |
//! | `search` | full-text search |
//! | `writes` | posts, versions, revisions and events |

mod counters;
mod lists;
mod search;
mod writes;

use std::{collections::BTreeSet, time::Duration};

use kith_kernel::{
    Actor, Category, Clock as _, Event, EventId, EventPayload, ModerationState, PostEvent, PostId, SystemClock,
    Timestamp, event::MAX_REDELIVERY_AGE, ports::Revision,
};
use kith_posts::{
    Post,
    domain::{
        Body, ContentWarning, DaysSinceRelapse, Edit, Filter, Kind, Order, PostContentParts, SOS_FEED_LIFETIME,
        SearchQuery, Tags, Urgency,
    },
    policy::Viewer,
    store::{Counter, Delta, MAX_REVISIONS, PageQuery, Positioned},
};
use kith_storage::StoreError;
use kith_testkit::{event_id, member};
use proptest::{
    prelude::any,
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, TestRunner},
};

use crate::harness::{
    Harness, any_viewer, categories, created, deleted, ids, mongo, parts, post, post_by, post_of, post_ref, sqlite,
    viewer,
};

const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_123);
const ORDERS: [Order; 2] = [Order::Latest, Order::Urgent];

fn now() -> Timestamp {
    SystemClock.now()
}

/// Reads all pages and calls `between` before each of them.
async fn read_all(
    harness: &Harness,
    (filter, order): (&Filter, Order),
    limit: i64,
    mut between: impl AsyncFnMut(&[Positioned]),
) -> Vec<Post> {
    let viewer = any_viewer();
    let mut all: Vec<Positioned> = Vec::new();
    loop {
        between(&all).await;
        let after = all.last().map(|positioned| positioned.cursor);
        let page = harness.store.list(&viewer, &PageQuery { filter, order, after, limit }).await.unwrap();
        let ended = i64::try_from(page.len()).unwrap() < limit;
        all.extend(page);
        if ended {
            return all.into_iter().map(|positioned| positioned.post).collect();
        }
    }
}

/// Content with every optional part.
fn full() -> PostContentParts {
    PostContentParts {
        categories: categories(&["work", "alcohol"]),
        tags: Tags::new(["day one", "a \"quoted\" [tag]"]).unwrap(),
        warning: Some(ContentWarning::new("food").unwrap()),
        days_since_relapse: Some(DaysSinceRelapse::new(3).unwrap()),
        expires_at: Some(NOW.after(Duration::from_hours(1))),
        ..parts(Kind::CheckIn, 3, "a body\0 with <everything> & 'quotes'")
    }
}

fn in_categories(slugs: &[&str]) -> Filter {
    Filter { categories: slugs.iter().map(|slug| slug.parse().unwrap()).collect(), ..Filter::default() }
}

fn deleted_now(post: &Post) -> Post {
    post.deleted(now())
}
