//! Counts of given and received responses.

use std::collections::BTreeSet;

use kith_kernel::UserId;
use kith_storage::{StoreError, StoreResult, mongo::id};
use mongodb::bson::{Bson, Document, doc};

use super::excluding_authors;
use crate::Stats;

/// All counts in one pipeline. Grouping by post first counts posts without collecting their ids.
pub(super) fn pipeline(user: UserId, hidden: &BTreeSet<UserId>) -> Vec<Document> {
    let user = id(user.uuid());
    let mut received = doc! { "active": true, "post_author": user, "held_at": null, "removed_at": null };
    received.insert("$and", vec![doc! { "author": { "$ne": user } }, doc! { "author": excluding_authors(hidden) }]);
    let mut given = doc! { "active": true, "author": user, "post_author": { "$ne": user } };
    given.extend(doc! { "held_at": null, "removed_at": null });
    let is_given = doc! { "$eq": ["$author", user] };
    let has = |field: &str| doc! { "$gt": [format!("${field}"), Bson::Null] };
    let count = |what: Document| doc! { "$sum": { "$cond": [what, 1_i64, 0_i64] } };
    let given_with = |field: &str| count(doc! { "$and": [is_given.clone(), has(field)] });
    vec![
        doc! { "$match": { "$or": [given, received] } },
        doc! { "$group": {
            "_id": { "$cond": [is_given.clone(), "$post", Bson::Null] },
            "texts": given_with("text"),
            "quick": given_with("quick_kind"),
            "helpful": given_with("helpful_at"),
            "received": count(doc! { "$not": [is_given.clone()] }),
        } },
        doc! { "$group": {
            "_id": Bson::Null,
            "texts": { "$sum": "$texts" },
            "quick": { "$sum": "$quick" },
            "posts": count(has("_id")),
            "helpful": { "$sum": "$helpful" },
            "received": { "$sum": "$received" },
        } },
    ]
}

/// Result row of the pipeline.
#[derive(serde::Deserialize)]
pub(super) struct StatsRow {
    texts: i64,
    quick: i64,
    posts: i64,
    helpful: i64,
    received: i64,
}

impl StatsRow {
    pub(super) fn stats(&self) -> StoreResult<Stats> {
        let count = |count: i64| u64::try_from(count).map_err(StoreError::corrupt);
        Ok(Stats {
            texts_given: count(self.texts)?,
            quick_given: count(self.quick)?,
            posts_answered: count(self.posts)?,
            helpful_given: count(self.helpful)?,
            received: count(self.received)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use kith_testkit::user;

    use super::*;

    #[test]
    fn counts_are_read_from_two_indexes() {
        kith_testkit::block_on(async {
            let database = kith_testkit::mongo_database().await;
            let figures = pipeline(user(), &BTreeSet::from([user()]));
            let pipeline = doc! { "aggregate": super::super::Mongo::COLLECTION, "pipeline": figures, "cursor": {} };
            let explained = doc! { "explain": pipeline, "verbosity": "queryPlanner" };
            let plan = database.raw().run_command(explained).await.unwrap().to_string();
            assert!(!plan.contains("COLLSCAN"), "{plan}");
            let winner = plan.split("rejectedPlans").next().unwrap();
            assert!(winner.contains("responses_author") && winner.contains("responses_post_author"), "{plan}");
        });
    }
}
