//! Progress in MongoDB: a document for each journey, with its outbox in it, and one for each check-in, which is never
//! changed and of which nobody is told.
//!
//! | file | holds |
//! | --- | --- |
//! | [`document`] | both as documents |

mod document;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{CheckInId, Cursor, Event, Timestamp, UserId};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{Database, not_deleted, bson_date, outbox_entries, id, uuid},
};
use mongodb::{
    Collection,
    bson::{Document, doc},
    options::Hint,
};

use self::document::{CheckInRow, JourneyRow, OwnerRow};
use super::Store;
use crate::{CheckIn, Journey};

/// Progress in MongoDB.
pub struct Mongo {
    database: Database,
    journeys: Collection<Document>,
    check_ins: Collection<Document>,
}

/// What check-ins are read along.
const LIST: &str = "check_ins_owner";
/// What those who are due are read along.
const DUE: &str = "recovery_profiles_next_due_at";

impl Mongo {
    /// The collection that announces, for the [`kith_storage::mongo::MongoOutbox`] that drains it.
    pub const COLLECTION: &'static str = "recovery_profiles";

    /// The progress of this database.
    #[must_use]
    pub fn new(database: Database) -> Self {
        let (journeys, check_ins) = (database.collection(Self::COLLECTION), database.collection("check_ins"));
        Self { database, journeys, check_ins }
    }

    async fn keep(&self, journey: &Journey, due: Option<Timestamp>, events: &[Event]) -> StoreResult<bool> {
        let mut kept = document::of_journey(journey, due);
        let owner = id(journey.owner.uuid());
        if journey.version == 0 {
            kept.extend(doc! { "_id": owner, "outbox": outbox_entries(events) });
            return match self.journeys.insert_one(kept).await.map_err(StoreError::from) {
                Ok(_) => Ok(true),
                Err(StoreError::UniqueViolation(key)) if key == "id" => Ok(false),
                Err(failure) => Err(failure),
            };
        }
        let one = not_deleted(doc! { "_id": owner, "version": journey.version });
        let change = doc! { "$set": kept, "$push": { "outbox": { "$each": outbox_entries(events) } } };
        Ok(self.journeys.update_one(one, change).await?.matched_count == 1)
    }
}

#[async_trait]
impl Store for Mongo {
    async fn journey(&self, owner: UserId) -> StoreResult<Option<Journey>> {
        let one = not_deleted(doc! { "_id": id(owner.uuid()) });
        self.database
            .with_timeout(async {
                let rows = self.journeys.clone_with_type::<JourneyRow>();
                let found = rows.find_one(one).projection(doc! { "outbox": 0, "next_due_at": 0 }).await?;
                found.map(JourneyRow::into_journey).transpose()
            })
            .await
    }

    async fn save(&self, journey: &Journey, due: Option<Timestamp>, events: &[Event]) -> StoreResult<bool> {
        self.database.write_with_events(events, self.keep(journey, due, events)).await
    }

    async fn due(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<UserId>> {
        self.database
            .with_timeout(async {
                let rows = self.journeys.clone_with_type::<OwnerRow>();
                let found = rows.find(awaited(now)).sort(doc! { "next_due_at": 1 }).limit(limit);
                let found = found.hint(Hint::Name(DUE.to_owned())).projection(doc! { "_id": 1 }).await?;
                let found: Vec<OwnerRow> = found.try_collect().await?;
                Ok(found.into_iter().map(|row| UserId::from_uuid(uuid(row.id))).collect())
            })
            .await
    }

    async fn add_check_in(&self, check_in: &CheckIn) -> StoreResult<()> {
        let document = document::of_check_in(check_in);
        self.database.with_timeout(async { Ok(self.check_ins.insert_one(document).await.map(|_| ())?) }).await
    }

    async fn check_in(&self, owner: UserId, one: CheckInId) -> StoreResult<Option<CheckIn>> {
        let one = doc! { "_id": id(one.uuid()), "owner": id(owner.uuid()) };
        self.database
            .with_timeout(async {
                let found = self.check_ins.clone_with_type::<CheckInRow>().find_one(one).await?;
                found.map(CheckInRow::into_check_in).transpose()
            })
            .await
    }

    async fn check_ins(
        &self,
        owner: UserId,
        span: (Timestamp, Timestamp),
        before: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<CheckIn>> {
        self.database
            .with_timeout(async {
                let rows = self.check_ins.clone_with_type::<CheckInRow>();
                let found = rows.find(listed(owner, span, before)).sort(doc! { "occurred_at": -1, "_id": -1 });
                let found = found.limit(limit).hint(Hint::Name(LIST.to_owned())).await?;
                let found: Vec<CheckInRow> = found.try_collect().await?;
                found.into_iter().map(CheckInRow::into_check_in).collect()
            })
            .await
    }
}

/// Those whose moment has come. The second half is, word for word, the condition of the index.
fn awaited(now: Timestamp) -> Document {
    doc! { "next_due_at": { "$lte": bson_date(now), "$type": "date" } }
}

fn listed(owner: UserId, (from, until): (Timestamp, Timestamp), before: Option<Cursor>) -> Document {
    let mut listed = doc! { "owner": id(owner.uuid()), "occurred_at": { "$gte": bson_date(from), "$lt": bson_date(until) } };
    if let Some(cursor) = before {
        let at = bson_date(Timestamp::from_millis(cursor.rank));
        let behind =
            [doc! { "occurred_at": { "$lt": at } }, doc! { "occurred_at": at, "_id": { "$lt": id(cursor.id) } }];
        listed.insert("$or", behind.to_vec());
    }
    listed
}

#[cfg(test)]
mod tests {
    use kith_testkit::user;

    use super::*;

    /// How MongoDB goes about it, in its own words.
    async fn plan(question: Document) -> String {
        let database = kith_testkit::mongo_database().await;
        let explained = doc! { "explain": question, "verbosity": "queryPlanner" };
        database.raw().run_command(explained).await.unwrap().to_string()
    }

    #[test]
    fn lists_are_read_along_their_index_and_sorted_by_it() {
        kith_testkit::block_on(async {
            let now = Timestamp::from_millis(1_700_000_000_000);
            let place = Cursor { rank: now.millis(), id: user().uuid() };
            let filter = listed(user(), (now, now), Some(place));
            let sort = doc! { "occurred_at": -1, "_id": -1 };
            let list = doc! { "find": "check_ins", "filter": filter, "sort": sort, "hint": LIST };
            let due = doc! { "find": Mongo::COLLECTION, "filter": awaited(now), "sort": { "next_due_at": 1 }, "hint": DUE };
            for question in [list, due] {
                let plan = plan(question).await;
                assert!(!plan.contains("COLLSCAN") && !plan.contains("\"SORT\""), "{plan}");
            }
        });
    }
}
