//! A post as a row.

use std::fmt::Display;

use kith_kernel::{CircleId, PersonaId, PostId, UserId, Veil};
use kith_storage::{StoreError, StoreResult, sql::At};
use uuid::Uuid;

use crate::{
    Post,
    domain::{Body, Categories, Content, Days, Draft, Invalid, Kind, Tag, Tags, Urgency, Warning},
};

/// A row of `posts`.
#[derive(sqlx::FromRow)]
pub(super) struct Row {
    pub(super) number: i64,
    pub(super) id: Uuid,
    author: Uuid,
    persona: Uuid,
    circle: Option<Uuid>,
    kind: String,
    urgency: i64,
    body: String,
    categories: String,
    tags: String,
    content_warning: Option<String>,
    days_since_relapse: Option<i64>,
    created_at: At,
    edited_at: Option<At>,
    resolved_at: Option<At>,
    expires_at: Option<At>,
    deleted_at: Option<At>,
    held_at: Option<At>,
    removed_at: Option<At>,
    pub(super) rank: i64,
    responses: i64,
    supports: i64,
    version: i64,
}

impl Row {
    /// The post, checked on the way out as it was on the way in.
    pub(super) fn into_post(self) -> StoreResult<Post> {
        Ok(Post {
            draft: self.draft()?,
            id: PostId::from_uuid(self.id),
            author: UserId::from_uuid(self.author),
            persona: PersonaId::from_uuid(self.persona),
            circle: self.circle.map(CircleId::from_uuid),
            created_at: self.created_at.0,
            edited_at: self.edited_at.map(|at| at.0),
            resolved_at: self.resolved_at.map(|at| at.0),
            deleted_at: self.deleted_at.map(|at| at.0),
            veil: Veil::of(self.held_at.map(|at| at.0), self.removed_at.map(|at| at.0)),
            responses: u64::try_from(self.responses).unwrap_or(0),
            supports: u64::try_from(self.supports).unwrap_or(0),
            version: self.version,
        })
    }

    fn draft(&self) -> StoreResult<Draft> {
        let categories = texts(&self.categories)?;
        let tags = texts(&self.tags)?;
        let days = |days: i64| u32::try_from(days).map_err(|_| Invalid::Days).and_then(Days::new);
        let draft = || {
            Draft::new(Content {
                kind: Kind::of_word(&self.kind)?,
                urgency: Urgency::new(self.urgency)?,
                body: Body::new(&self.body)?,
                categories: Categories::new(categories.iter().map(String::as_str))?,
                tags: Tags::new(tags.iter().map(String::as_str))?,
                warning: self.content_warning.as_deref().map(Warning::new).transpose()?,
                days_since_relapse: self.days_since_relapse.map(days).transpose()?,
                expires_at: self.expires_at.map(|at| at.0),
            })
        };
        draft().map_err(StoreError::corrupt)
    }
}

/// The categories as a JSON list, for `json_each` in the migration's triggers.
pub(super) fn categories(draft: &Draft) -> String {
    list(draft.categories.all().iter().map(|category| category.slug()))
}

/// The tags as a JSON list.
pub(super) fn tags(draft: &Draft) -> String {
    list(draft.tags.all().iter().map(Tag::reveal))
}

/// A JSON list of texts.
pub(super) fn list<'a, T: Display + ?Sized + 'a>(texts: impl Iterator<Item = &'a T>) -> String {
    texts.map(ToString::to_string).collect::<serde_json::Value>().to_string()
}

fn texts(json: &str) -> StoreResult<Vec<String>> {
    serde_json::from_str(json).map_err(StoreError::corrupt)
}
