//! A journey and a check-in as documents.

use kith_kernel::{CheckInId, RelapseId, Timestamp, UserId, ports::DataKey};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{timestamp, bson_date, id, uuid},
};
use mongodb::bson::{self, Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};

use crate::{
    CheckIn, Journey, Moment, Relapse, Told, Zone,
    store::{cravings, goal, goal_word, mood, start, triggers, words, zone},
};

/// All of a journey's document but its id and its outbox, with the version that it has after this.
pub(super) fn of_journey(journey: &Journey, due: Option<Timestamp>) -> Document {
    let told = journey.told.iter().map(|told| doc! { "days": i64::from(told.days), "announced_at": bson_date(told.at) });
    doc! {
        "version": journey.version.saturating_add(1),
        "settings_version": journey.edition,
        "time_zone": journey.zone.as_ref().map(Zone::name),
        "start_date": journey.start.as_ref().map(|start| start.day.to_string()),
        "start_time_zone": journey.start.as_ref().map(|start| start.zone.name()),
        "goal": journey.goal.map(goal_word),
        "relapses": journey.relapses.iter().map(of_relapse).collect::<Vec<Document>>(),
        "announced_milestones": told.collect::<Vec<Document>>(),
        "data_key": binary(journey.key.0.clone()),
        "next_due_at": due.map(bson_date),
    }
}

fn of_relapse(relapse: &Relapse) -> Document {
    doc! {
        "id": id(relapse.id.uuid()),
        "occurred_at": bson_date(relapse.moment.at),
        "time_zone": relapse.moment.zone.as_ref().map(Zone::name),
        "triggers": words(&relapse.triggers),
    }
}

pub(super) fn of_check_in(check_in: &CheckIn) -> Document {
    doc! {
        "_id": id(check_in.id.uuid()),
        "owner": id(check_in.owner.uuid()),
        "occurred_at": bson_date(check_in.moment.at),
        "time_zone": check_in.moment.zone.as_ref().map(Zone::name),
        "mood": i64::from(check_in.mood.number()),
        "cravings": i64::from(check_in.cravings.met()),
        "cravings_resisted": i64::from(check_in.cravings.resisted()),
        "triggers": words(&check_in.triggers),
        "note": check_in.note.clone().map_or(Bson::Null, |note| binary(note).into()),
    }
}

const fn binary(bytes: Vec<u8>) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes }
}

/// A journey, of which only its owner is read.
#[derive(serde::Deserialize)]
pub(super) struct OwnerRow {
    #[serde(rename = "_id")]
    pub(super) id: bson::Uuid,
}

#[derive(serde::Deserialize)]
pub(super) struct JourneyRow {
    #[serde(rename = "_id")]
    owner: bson::Uuid,
    version: i64,
    settings_version: i64,
    time_zone: Option<String>,
    start_date: Option<String>,
    start_time_zone: Option<String>,
    goal: Option<String>,
    relapses: Vec<RelapseRow>,
    announced_milestones: Vec<ToldRow>,
    data_key: Binary,
}

#[derive(serde::Deserialize)]
struct RelapseRow {
    id: bson::Uuid,
    occurred_at: DateTime,
    time_zone: Option<String>,
    triggers: Vec<String>,
}

#[derive(serde::Deserialize)]
struct ToldRow {
    days: i64,
    announced_at: DateTime,
}

impl JourneyRow {
    pub(super) fn into_journey(self) -> StoreResult<Journey> {
        Ok(Journey {
            owner: UserId::from_uuid(uuid(self.owner)),
            version: self.version,
            edition: self.settings_version,
            zone: zone(self.time_zone.as_deref())?,
            start: start(self.start_date.as_deref(), self.start_time_zone.as_deref())?,
            goal: self.goal.as_deref().map(goal).transpose()?,
            relapses: self.relapses.into_iter().map(RelapseRow::into_relapse).collect::<StoreResult<_>>()?,
            told: self.announced_milestones.iter().map(ToldRow::told).collect::<StoreResult<_>>()?,
            key: DataKey(self.data_key.bytes),
        })
    }
}

impl RelapseRow {
    fn into_relapse(self) -> StoreResult<Relapse> {
        Ok(Relapse {
            id: RelapseId::from_uuid(uuid(self.id)),
            moment: Moment { at: timestamp(self.occurred_at), zone: zone(self.time_zone.as_deref())? },
            triggers: triggers(self.triggers.iter().map(String::as_str))?,
        })
    }
}

impl ToldRow {
    fn told(&self) -> StoreResult<Told> {
        Ok(Told { days: u32::try_from(self.days).map_err(StoreError::corrupt)?, at: timestamp(self.announced_at) })
    }
}

#[derive(serde::Deserialize)]
pub(super) struct CheckInRow {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    owner: bson::Uuid,
    occurred_at: DateTime,
    time_zone: Option<String>,
    mood: i64,
    cravings: i64,
    cravings_resisted: i64,
    triggers: Vec<String>,
    note: Option<Binary>,
}

impl CheckInRow {
    pub(super) fn into_check_in(self) -> StoreResult<CheckIn> {
        Ok(CheckIn {
            id: CheckInId::from_uuid(uuid(self.id)),
            owner: UserId::from_uuid(uuid(self.owner)),
            moment: Moment { at: timestamp(self.occurred_at), zone: zone(self.time_zone.as_deref())? },
            mood: mood(self.mood)?,
            cravings: cravings(self.cravings, self.cravings_resisted)?,
            triggers: triggers(self.triggers.iter().map(String::as_str))?,
            note: self.note.map(|note| note.bytes),
        })
    }
}
