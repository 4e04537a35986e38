//! A post as a document.

use kith_kernel::{CircleId, PersonaId, PostId, UserId, Veil};
use kith_storage::{
    StoreError, StoreResult,
    mongo::{at, date, id, uuid},
};
use mongodb::bson::{self, Bson, DateTime, Document, doc};

use super::words;
use crate::{
    Post,
    domain::{Body, Categories, Content, Days, Draft, Invalid, Kind, Tag, Tags, Urgency, Warning},
};

/// What never changes about a post, and its counts, which only events change.
pub(super) fn fixed(post: &Post) -> Document {
    let draft = &post.draft;
    let mut fixed = doc! {
        "_id": id(post.id.uuid()),
        "author": id(post.author.uuid()),
        "persona": id(post.persona.uuid()),
        "kind": draft.kind.word(),
        "created_at": date(post.created_at),
        "responses": 0_i64,
        "supports": 0_i64,
    };
    if let Some(days) = draft.days_since_relapse {
        fixed.insert("days_since_relapse", i64::from(days.count()));
    }
    if let Some(circle) = post.circle {
        fixed.insert("circle", id(circle.uuid()));
    }
    if let Some(end) = draft.expires_at {
        fixed.insert("expires_at", date(end));
    }
    fixed
}

/// The fields that a version has, and those that it has not.
pub(super) struct Changes {
    pub(super) set: Document,
    pub(super) unset: Document,
}

/// What may differ from version to version. A post that is deleted, or in a circle, is not
/// `listed`, and has no word there.
pub(super) fn changes(post: &Post) -> Changes {
    let draft = &post.draft;
    let is_listed = post.deleted_at.is_none() && post.circle.is_none();
    let categories: Vec<&str> = draft.categories.all().iter().map(|category| category.slug()).collect();
    let tags: Vec<&str> = draft.tags.all().iter().map(Tag::reveal).collect();
    let set = doc! {
        "urgency": i64::from(draft.urgency.level()),
        "body": draft.body.reveal(),
        "categories": categories,
        "tags": tags,
        "words": if is_listed { words::indexed(draft) } else { Vec::new() },
        "rank": post.rank(),
        "version": post.version,
    };
    let mut changes = Changes { set, unset: Document::new() };
    let warning = draft.warning.as_ref().map(|warning| warning.reveal().into());
    changes.put("content_warning", warning);
    changes.put("edited_at", post.edited_at.map(|moment| date(moment).into()));
    changes.put("resolved_at", post.resolved_at.map(|moment| date(moment).into()));
    changes.put("deleted_at", post.deleted_at.map(|moment| date(moment).into()));
    changes.put("held_at", post.veil.and_then(Veil::held_at).map(|moment| date(moment).into()));
    changes.put("removed_at", post.veil.and_then(Veil::removed_at).map(|moment| date(moment).into()));
    changes.put("leaves_at", post.leaves_at().map(|moment| date(moment).into()));
    changes.put("listed", is_listed.then_some(Bson::Boolean(true)));
    changes
}

impl Changes {
    fn put(&mut self, field: &str, value: Option<Bson>) {
        match value {
            Some(value) => self.set.insert(field, value),
            None => self.unset.insert(field, ""),
        };
    }
}

/// All of a document that a [`Row`] has.
pub(super) fn shown() -> Document {
    doc! { "words": 0, "counted": 0, "moved": 0, "edits": 0, "outbox": 0 }
}

/// A document of `posts`.
#[derive(serde::Deserialize)]
pub(super) struct Row {
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
    pub(super) rank: i64,
    responses: i64,
    supports: i64,
    version: i64,
}

impl Row {
    pub(super) const fn id(&self) -> uuid::Uuid {
        uuid(self.id)
    }

    pub(super) fn body(&self) -> &str {
        &self.body
    }

    pub(super) fn tags(&self) -> &[String] {
        &self.tags
    }

    /// The post, checked on the way out as it was on the way in.
    pub(super) fn into_post(self) -> StoreResult<Post> {
        Ok(Post {
            draft: self.draft().map_err(StoreError::corrupt)?,
            id: PostId::from_uuid(uuid(self.id)),
            author: UserId::from_uuid(uuid(self.author)),
            persona: PersonaId::from_uuid(uuid(self.persona)),
            circle: self.circle.map(|circle| CircleId::from_uuid(uuid(circle))),
            created_at: at(self.created_at),
            edited_at: self.edited_at.map(at),
            resolved_at: self.resolved_at.map(at),
            deleted_at: self.deleted_at.map(at),
            veil: Veil::of(self.held_at.map(at), self.removed_at.map(at)),
            // Below zero is whoever was told of the one less first.
            responses: u64::try_from(self.responses).unwrap_or(0),
            supports: u64::try_from(self.supports).unwrap_or(0),
            version: self.version,
        })
    }

    fn draft(&self) -> Result<Draft, Invalid> {
        let days = |days: i64| u32::try_from(days).map_err(|_| Invalid::Days).and_then(Days::new);
        Draft::new(Content {
            kind: Kind::of_word(&self.kind)?,
            urgency: Urgency::new(self.urgency)?,
            body: Body::new(&self.body)?,
            categories: Categories::new(self.categories.iter().map(String::as_str))?,
            tags: Tags::new(self.tags.iter().map(String::as_str))?,
            warning: self.content_warning.as_deref().map(Warning::new).transpose()?,
            days_since_relapse: self.days_since_relapse.map(days).transpose()?,
            expires_at: self.expires_at.map(at),
        })
    }
}
