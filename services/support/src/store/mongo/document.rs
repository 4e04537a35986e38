//! Conversion between responses and documents.

use kith_kernel::{CircleId, ModerationState, PersonaId, PostId, ResponseId, UserId};
use kith_storage::{
    StoreResult,
    mongo::{bson_date, id, timestamp, uuid},
};
use mongodb::bson::{self, DateTime, Document, doc};

use crate::{Content, Response, store::content};

pub(super) fn from_response(response: &Response) -> Document {
    let mut document = doc! {
        "_id": id(response.id.uuid()),
        "post": id(response.post.uuid()),
        "post_author": id(response.post_author.uuid()),
        "author": id(response.author.uuid()),
        "persona": id(response.persona.uuid()),
        "created_at": bson_date(response.created_at),
    };
    if let Some(circle) = response.circle {
        document.insert("circle", id(circle.uuid()));
    }
    match &response.content {
        Content::Text(text) => document.insert("text", text.expose()),
        Content::Quick(kind) => document.insert("quick_kind", kind.as_str()),
    };
    if let Some(moment) = response.helpful_at {
        document.insert("helpful_at", bson_date(moment));
    }
    match response.deleted_at {
        Some(moment) => document.insert("deleted_at", bson_date(moment)),
        None => document.insert("active", true),
    };
    if let Some(moment) = response.moderation.and_then(ModerationState::held_at) {
        document.insert("held_at", bson_date(moment));
    }
    if let Some(moment) = response.moderation.and_then(ModerationState::removed_at) {
        document.insert("removed_at", bson_date(moment));
    }
    document
}

/// Projection to the fields of [`Row`].
pub(super) fn projection() -> Document {
    doc! { "outbox": 0 }
}

#[derive(serde::Deserialize)]
pub(super) struct Row {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    post: bson::Uuid,
    post_author: bson::Uuid,
    author: bson::Uuid,
    persona: bson::Uuid,
    circle: Option<bson::Uuid>,
    text: Option<String>,
    quick_kind: Option<String>,
    created_at: DateTime,
    helpful_at: Option<DateTime>,
    deleted_at: Option<DateTime>,
    held_at: Option<DateTime>,
    removed_at: Option<DateTime>,
}

impl Row {
    pub(super) fn into_response(self) -> StoreResult<Response> {
        Ok(Response {
            id: ResponseId::from_uuid(uuid(self.id)),
            post: PostId::from_uuid(uuid(self.post)),
            post_author: UserId::from_uuid(uuid(self.post_author)),
            author: UserId::from_uuid(uuid(self.author)),
            persona: PersonaId::from_uuid(uuid(self.persona)),
            circle: self.circle.map(|circle| CircleId::from_uuid(uuid(circle))),
            content: content(self.text.as_deref(), self.quick_kind.as_deref())?,
            created_at: timestamp(self.created_at),
            helpful_at: self.helpful_at.map(timestamp),
            deleted_at: self.deleted_at.map(timestamp),
            moderation: ModerationState::from_times(self.held_at.map(timestamp), self.removed_at.map(timestamp)),
        })
    }
}
