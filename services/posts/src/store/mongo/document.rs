//! Conversion between posts and documents.

use kith_kernel::{CircleId, ModerationState, PersonaId, PostId, UserId};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{bson_date, id, timestamp, uuid},
};
use mongodb::bson::{self, Bson, DateTime, Document, doc};

use super::tokenizer;
use crate::{
    Post,
    domain::{
        Body, Categories, ContentWarning, DaysSinceRelapse, PostContent, PostContentParts, PostRuleViolation, Tag,
        Tags, Urgency,
    },
};

/// Fields that never change, and the counters, which only events change.
pub(super) fn immutable_fields(post: &Post) -> Document {
    let content = &post.content;
    let mut fields = doc! {
        "_id": id(post.id.uuid()),
        "author": id(post.author.uuid()),
        "persona": id(post.persona.uuid()),
        "kind": content.kind.as_str(),
        "created_at": bson_date(post.created_at),
        "response_count": 0_i64,
        "support_count": 0_i64,
    };
    if let Some(days) = content.days_since_relapse {
        fields.insert("days_since_relapse", i64::from(days.get()));
    }
    if let Some(circle) = post.circle {
        fields.insert("circle", id(circle.uuid()));
    }
    if let Some(end) = content.expires_at {
        fields.insert("expires_at", bson_date(end));
    }
    fields
}

/// Fields that a version sets, and fields that it removes.
pub(super) struct VersionedFields {
    pub(super) set: Document,
    pub(super) unset: Document,
}

/// Fields that can differ between versions. The public index contains posts that are `listed`: neither deleted nor in a
/// circle. Other posts have no search terms.
pub(super) fn versioned_fields(post: &Post) -> VersionedFields {
    let content = &post.content;
    let is_in_public_index = post.deleted_at.is_none() && post.circle.is_none();
    let categories: Vec<&str> = content.categories.as_slice().iter().map(|category| category.slug()).collect();
    let tags: Vec<&str> = content.tags.as_slice().iter().map(Tag::expose).collect();
    let set = doc! {
        "urgency": i64::from(content.urgency.level()),
        "body": content.body.expose(),
        "categories": categories,
        "tags": tags,
        "search_terms": if is_in_public_index { tokenizer::index_terms(content) } else { Vec::new() },
        "urgency_rank": post.urgency_rank(),
        "version": post.version,
    };
    let mut fields = VersionedFields { set, unset: Document::new() };
    let warning = content.warning.as_ref().map(|warning| warning.expose().into());
    fields.put("content_warning", warning);
    fields.put("edited_at", post.edited_at.map(|time| bson_date(time).into()));
    fields.put("resolved_at", post.resolved_at.map(|time| bson_date(time).into()));
    fields.put("deleted_at", post.deleted_at.map(|time| bson_date(time).into()));
    fields.put("held_at", post.moderation.and_then(ModerationState::held_at).map(|time| bson_date(time).into()));
    fields.put("removed_at", post.moderation.and_then(ModerationState::removed_at).map(|time| bson_date(time).into()));
    fields.put("feed_expires_at", post.feed_expiry().map(|time| bson_date(time).into()));
    fields.put("listed", is_in_public_index.then_some(Bson::Boolean(true)));
    fields
}

impl VersionedFields {
    fn put(&mut self, field: &str, value: Option<Bson>) {
        match value {
            Some(value) => self.set.insert(field, value),
            None => self.unset.insert(field, ""),
        };
    }
}

/// Excludes the fields that [`PostDocument`] does not have.
pub(super) fn projection() -> Document {
    doc! { "search_terms": 0, "counted_events": 0, "archived_batches": 0, "revisions": 0, "outbox": 0 }
}

/// A document of `posts`.
#[derive(serde::Deserialize)]
pub(super) struct PostDocument {
    #[serde(rename = "_id")]
    id: bson::Uuid,
    author: bson::Uuid,
    persona: bson::Uuid,
    circle: Option<bson::Uuid>,
    kind: String,
    urgency: i64,
    body: String,
    categories: Vec<String>,
    tags: Vec<String>,
    content_warning: Option<String>,
    days_since_relapse: Option<i64>,
    created_at: DateTime,
    edited_at: Option<DateTime>,
    resolved_at: Option<DateTime>,
    expires_at: Option<DateTime>,
    deleted_at: Option<DateTime>,
    held_at: Option<DateTime>,
    removed_at: Option<DateTime>,
    pub(super) urgency_rank: i64,
    response_count: i64,
    support_count: i64,
    version: i64,
}

impl PostDocument {
    pub(super) const fn id(&self) -> uuid::Uuid {
        uuid(self.id)
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    pub(super) fn tags(&self) -> &[String] {
        &self.tags
    }

    /// Converts the document with the same validation as new posts.
    pub(super) fn into_post(self) -> StoreResult<Post> {
        Ok(Post {
            content: self.content().map_err(StoreError::corrupt)?,
            id: PostId::from_uuid(uuid(self.id)),
            author: UserId::from_uuid(uuid(self.author)),
            persona: PersonaId::from_uuid(uuid(self.persona)),
            circle: self.circle.map(|circle| CircleId::from_uuid(uuid(circle))),
            created_at: timestamp(self.created_at),
            edited_at: self.edited_at.map(timestamp),
            resolved_at: self.resolved_at.map(timestamp),
            deleted_at: self.deleted_at.map(timestamp),
            moderation: ModerationState::from_times(self.held_at.map(timestamp), self.removed_at.map(timestamp)),
            // A counter is below zero while a decrement was processed before its increment.
            responses: u64::try_from(self.response_count).unwrap_or(0),
            supports: u64::try_from(self.support_count).unwrap_or(0),
            version: self.version,
        })
    }

    fn content(&self) -> Result<PostContent, PostRuleViolation> {
        let days = |days: i64| {
            u32::try_from(days).map_err(|_| PostRuleViolation::DaysOutOfRange).and_then(DaysSinceRelapse::new)
        };
        PostContent::new(PostContentParts {
            kind: self.kind.parse()?,
            urgency: Urgency::new(self.urgency)?,
            body: Body::new(&self.body)?,
            categories: Categories::new(self.categories.iter().map(String::as_str))?,
            tags: Tags::new(self.tags.iter().map(String::as_str))?,
            warning: self.content_warning.as_deref().map(ContentWarning::new).transpose()?,
            days_since_relapse: self.days_since_relapse.map(days).transpose()?,
            expires_at: self.expires_at.map(timestamp),
        })
    }
}
