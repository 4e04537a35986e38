//! Progress in MongoDB: one document per profile, which contains its relapses and its outbox, and one document per
//! check-in, which is never changed and has no events.
//!
//! | file | contents |
//! | --- | --- |
//! | [`document`] | conversion between domain types and documents |

mod document;

use async_trait::async_trait;
use futures_util::TryStreamExt as _;
use kith_kernel::{CheckInId, Cursor, Event, Timestamp, UserId};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{Database, bson_date, id, not_deleted, outbox_entries, uuid},
};
use mongodb::{
    Collection,
    bson::{Document, doc},
    options::Hint,
};

use self::document::{CheckInDocument, OwnerDocument, ProfileDocument};
use super::Store;
use crate::{CheckIn, RecoveryProfile};

/// Progress in MongoDB.
pub struct Mongo {
    database: Database,
    profiles: Collection<Document>,
    check_ins: Collection<Document>,
}

/// Index of the check-ins of an owner.
const CHECK_INS_INDEX: &str = "check_ins_owner";
/// Index of the owners that have a due time.
const DUE_INDEX: &str = "recovery_profiles_next_due_at";

impl Mongo {
    /// Name of the collection with the outbox, for its [`kith_storage::mongo::MongoOutbox`].
    pub const COLLECTION: &'static str = "recovery_profiles";

    #[must_use]
    pub fn new(database: Database) -> Self {
        let (profiles, check_ins) = (database.collection(Self::COLLECTION), database.collection("check_ins"));
        Self { database, profiles, check_ins }
    }

    async fn write_profile(
        &self,
        profile: &RecoveryProfile,
        due: Option<Timestamp>,
        events: &[Event],
    ) -> StoreResult<bool> {
        let mut fields = document::profile_fields(profile, due);
        let owner = id(profile.owner.uuid());
        if profile.version == 0 {
            fields.extend(doc! { "_id": owner, "outbox": outbox_entries(events) });
            return match self.profiles.insert_one(fields).await.map_err(StoreError::from) {
                Ok(_) => Ok(true),
                Err(StoreError::UniqueViolation(key)) if key == "id" => Ok(false),
                Err(error) => Err(error),
            };
        }
        let filter = not_deleted(doc! { "_id": owner, "version": profile.version });
        let update = doc! { "$set": fields, "$push": { "outbox": { "$each": outbox_entries(events) } } };
        Ok(self.profiles.update_one(filter, update).await?.matched_count == 1)
    }
}

#[async_trait]
impl Store for Mongo {
    async fn get_profile(&self, owner: UserId) -> StoreResult<Option<RecoveryProfile>> {
        let filter = not_deleted(doc! { "_id": id(owner.uuid()) });
        self.database
            .with_timeout(async {
                let documents = self.profiles.clone_with_type::<ProfileDocument>();
                let found = documents.find_one(filter).projection(doc! { "outbox": 0, "next_due_at": 0 }).await?;
                found.map(ProfileDocument::into_profile).transpose()
            })
            .await
    }

    async fn save_profile(
        &self,
        profile: &RecoveryProfile,
        due: Option<Timestamp>,
        events: &[Event],
    ) -> StoreResult<bool> {
        self.database.write_with_events(events, self.write_profile(profile, due, events)).await
    }

    async fn list_due_owners(&self, now: Timestamp, limit: i64) -> StoreResult<Vec<UserId>> {
        self.database
            .with_timeout(async {
                let documents = self.profiles.clone_with_type::<OwnerDocument>();
                let found = documents.find(due_filter(now)).sort(doc! { "next_due_at": 1 }).limit(limit);
                let found = found.hint(Hint::Name(DUE_INDEX.to_owned())).projection(doc! { "_id": 1 }).await?;
                let found: Vec<OwnerDocument> = found.try_collect().await?;
                Ok(found.into_iter().map(|document| UserId::from_uuid(uuid(document.id))).collect())
            })
            .await
    }

    async fn insert_check_in(&self, check_in: &CheckIn) -> StoreResult<()> {
        let document = document::check_in_fields(check_in);
        self.database.with_timeout(async { Ok(self.check_ins.insert_one(document).await.map(|_| ())?) }).await
    }

    async fn get_check_in(&self, owner: UserId, check_in: CheckInId) -> StoreResult<Option<CheckIn>> {
        let filter = doc! { "_id": id(check_in.uuid()), "owner": id(owner.uuid()) };
        self.database
            .with_timeout(async {
                let found = self.check_ins.clone_with_type::<CheckInDocument>().find_one(filter).await?;
                found.map(CheckInDocument::into_check_in).transpose()
            })
            .await
    }

    async fn list_check_ins(
        &self,
        owner: UserId,
        bounds: (Timestamp, Timestamp),
        cursor: Option<Cursor>,
        limit: i64,
    ) -> StoreResult<Vec<CheckIn>> {
        self.database
            .with_timeout(async {
                let documents = self.check_ins.clone_with_type::<CheckInDocument>();
                let found = documents.find(check_ins_filter(owner, bounds, cursor));
                let found = found.sort(doc! { "occurred_at": -1, "_id": -1 }).limit(limit);
                let found = found.hint(Hint::Name(CHECK_INS_INDEX.to_owned())).await?;
                let found: Vec<CheckInDocument> = found.try_collect().await?;
                found.into_iter().map(CheckInDocument::into_check_in).collect()
            })
            .await
    }
}

/// Owners that are due. The `$type` condition must equal the condition of the partial index.
fn due_filter(now: Timestamp) -> Document {
    doc! { "next_due_at": { "$lte": bson_date(now), "$type": "date" } }
}

fn check_ins_filter(owner: UserId, (start, end): (Timestamp, Timestamp), cursor: Option<Cursor>) -> Document {
    let within = doc! { "$gte": bson_date(start), "$lt": bson_date(end) };
    let mut filter = doc! { "owner": id(owner.uuid()), "occurred_at": within };
    if let Some(cursor) = cursor {
        let at = bson_date(Timestamp::from_millis(cursor.rank));
        let after =
            [doc! { "occurred_at": { "$lt": at } }, doc! { "occurred_at": at, "_id": { "$lt": id(cursor.id) } }];
        filter.insert("$or", after.to_vec());
    }
    filter
}

#[cfg(test)]
mod tests {
    use kith_testkit::user;

    use super::*;

    /// Returns the query plan as text.
    async fn explain(command: Document) -> String {
        let database = kith_testkit::mongo_database().await;
        let explain = doc! { "explain": command, "verbosity": "queryPlanner" };
        database.raw().run_command(explain).await.unwrap().to_string()
    }

    #[test]
    fn lists_use_their_index_and_need_no_sort() {
        kith_testkit::block_on(async {
            let now = Timestamp::from_millis(1_700_000_000_000);
            let cursor = Cursor { rank: now.millis(), id: user().uuid() };
            let filter = check_ins_filter(user(), (now, now), Some(cursor));
            let sort = doc! { "occurred_at": -1, "_id": -1 };
            let check_ins = doc! { "find": "check_ins", "filter": filter, "sort": sort, "hint": CHECK_INS_INDEX };
            let sort = doc! { "next_due_at": 1 };
            let due = doc! { "find": Mongo::COLLECTION, "filter": due_filter(now), "sort": sort, "hint": DUE_INDEX };
            for command in [check_ins, due] {
                let plan = explain(command).await;
                assert!(!plan.contains("COLLSCAN") && !plan.contains("\"SORT\""), "{plan}");
            }
        });
    }
}
