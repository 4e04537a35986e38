//! Conversion between domain types and documents.

use kith_kernel::{CheckInId, RelapseId, Timestamp, UserId, ports::DataKey};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{bson_date, id, timestamp, uuid},
};
use mongodb::bson::{self, Binary, Bson, DateTime, Document, doc, spec::BinarySubtype};

use crate::{
    AnnouncedMilestone, CheckIn, Goal, RecoveryProfile, Relapse, TimeZone, ZonedInstant,
    store::{parse_cravings, parse_goal, parse_mood, parse_start, parse_time_zone, parse_triggers, trigger_names},
};

/// Fields of a profile except its id and outbox, with the next version.
pub(super) fn profile_fields(profile: &RecoveryProfile, due: Option<Timestamp>) -> Document {
    let announced = profile.announced_milestones.iter().map(|milestone| {
        doc! { "days": i64::from(milestone.days), "announced_at": bson_date(milestone.announced_at) }
    });
    doc! {
        "version": profile.version.saturating_add(1),
        "settings_version": profile.settings_version,
        "time_zone": profile.time_zone.as_ref().map(TimeZone::name),
        "start_date": profile.start.as_ref().map(|start| start.date.to_string()),
        "start_time_zone": profile.start.as_ref().map(|start| start.time_zone.name()),
        "goal": profile.goal.map(Goal::as_str),
        "relapses": profile.relapses.iter().map(relapse_fields).collect::<Vec<Document>>(),
        "announced_milestones": announced.collect::<Vec<Document>>(),
        "data_key": binary(profile.data_key.0.clone()),
        "next_due_at": due.map(bson_date),
    }
}

fn relapse_fields(relapse: &Relapse) -> Document {
    doc! {
        "id": id(relapse.id.uuid()),
        "occurred_at": bson_date(relapse.occurred_at.at),
        "time_zone": relapse.occurred_at.time_zone.as_ref().map(TimeZone::name),
        "triggers": trigger_names(&relapse.triggers),
    }
}

/// The document of a check-in.
pub(super) fn check_in_fields(check_in: &CheckIn) -> Document {
    doc! {
        "_id": id(check_in.id.uuid()),
        "owner": id(check_in.owner.uuid()),
        "occurred_at": bson_date(check_in.occurred_at.at),
        "time_zone": check_in.occurred_at.time_zone.as_ref().map(TimeZone::name),
        "mood": i64::from(check_in.mood.get()),
        "cravings": i64::from(check_in.cravings.met()),
        "cravings_resisted": i64::from(check_in.cravings.resisted()),
        "triggers": trigger_names(&check_in.triggers),
        "note": check_in.note.clone().map_or(Bson::Null, |note| binary(note).into()),
    }
}

const fn binary(bytes: Vec<u8>) -> Binary {
    Binary { subtype: BinarySubtype::Generic, bytes }
}

/// Projection of a profile to its owner.
#[derive(serde::Deserialize)]
pub(super) struct OwnerDocument {
    #[serde(rename = "_id")]
    pub(super) id: bson::Uuid,
}

#[derive(serde::Deserialize)]
pub(super) struct ProfileDocument {
    #[serde(rename = "_id")]
    owner: bson::Uuid,
    version: i64,
    settings_version: i64,
    time_zone: Option<String>,
    start_date: Option<String>,
    start_time_zone: Option<String>,
    goal: Option<String>,
    relapses: Vec<RelapseDocument>,
    announced_milestones: Vec<AnnouncedMilestoneDocument>,
    data_key: Binary,
}

#[derive(serde::Deserialize)]
struct RelapseDocument {
    id: bson::Uuid,
    occurred_at: DateTime,
    time_zone: Option<String>,
    triggers: Vec<String>,
}

#[derive(serde::Deserialize)]
struct AnnouncedMilestoneDocument {
    days: i64,
    announced_at: DateTime,
}

impl ProfileDocument {
    pub(super) fn into_profile(self) -> StoreResult<RecoveryProfile> {
        let announced = self.announced_milestones.iter().map(AnnouncedMilestoneDocument::to_announced_milestone);
        Ok(RecoveryProfile {
            owner: UserId::from_uuid(uuid(self.owner)),
            version: self.version,
            settings_version: self.settings_version,
            time_zone: parse_time_zone(self.time_zone.as_deref())?,
            start: parse_start(self.start_date.as_deref(), self.start_time_zone.as_deref())?,
            goal: self.goal.as_deref().map(parse_goal).transpose()?,
            relapses: self.relapses.into_iter().map(RelapseDocument::into_relapse).collect::<StoreResult<_>>()?,
            announced_milestones: announced.collect::<StoreResult<_>>()?,
            data_key: DataKey(self.data_key.bytes),
        })
    }
}

impl RelapseDocument {
    fn into_relapse(self) -> StoreResult<Relapse> {
        let time_zone = parse_time_zone(self.time_zone.as_deref())?;
        Ok(Relapse {
            id: RelapseId::from_uuid(uuid(self.id)),
            occurred_at: ZonedInstant { at: timestamp(self.occurred_at), time_zone },
            triggers: parse_triggers(self.triggers.iter().map(String::as_str))?,
        })
    }
}

impl AnnouncedMilestoneDocument {
    fn to_announced_milestone(&self) -> StoreResult<AnnouncedMilestone> {
        let days = u32::try_from(self.days).map_err(StoreError::corrupt)?;
        Ok(AnnouncedMilestone { days, announced_at: timestamp(self.announced_at) })
    }
}

#[derive(serde::Deserialize)]
pub(super) struct CheckInDocument {
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

impl CheckInDocument {
    pub(super) fn into_check_in(self) -> StoreResult<CheckIn> {
        let time_zone = parse_time_zone(self.time_zone.as_deref())?;
        Ok(CheckIn {
            id: CheckInId::from_uuid(uuid(self.id)),
            owner: UserId::from_uuid(uuid(self.owner)),
            occurred_at: ZonedInstant { at: timestamp(self.occurred_at), time_zone },
            mood: parse_mood(self.mood)?,
            cravings: parse_cravings(self.cravings, self.cravings_resisted)?,
            triggers: parse_triggers(self.triggers.iter().map(String::as_str))?,
            note: self.note.map(|note| note.bytes),
        })
    }
}
