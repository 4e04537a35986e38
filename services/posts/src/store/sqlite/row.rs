//! Conversion between posts and rows.

use std::fmt::Display;

use kith_kernel::{CircleId, ModerationState, PersonaId, PostId, UserId};
use kith_storage::{StoreError, StoreResult, sql::SqlTimestamp};
use uuid::Uuid;

use crate::{
    Post,
    domain::{
        Body, Categories, ContentWarning, DaysSinceRelapse, PostContent, PostContentParts, PostRuleViolation, Tag,
        Tags, Urgency,
    },
};

/// A row of `posts`.
#[derive(sqlx::FromRow)]
pub(super) struct PostRow {
    pub(super) row_id: i64,
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
    created_at: SqlTimestamp,
    edited_at: Option<SqlTimestamp>,
    resolved_at: Option<SqlTimestamp>,
    expires_at: Option<SqlTimestamp>,
    deleted_at: Option<SqlTimestamp>,
    held_at: Option<SqlTimestamp>,
    removed_at: Option<SqlTimestamp>,
    pub(super) urgency_rank: i64,
    response_count: i64,
    support_count: i64,
    version: i64,
}

impl PostRow {
    /// Converts the row with the same validation as new posts.
    pub(super) fn into_post(self) -> StoreResult<Post> {
        Ok(Post {
            content: self.content()?,
            id: PostId::from_uuid(self.id),
            author: UserId::from_uuid(self.author),
            persona: PersonaId::from_uuid(self.persona),
            circle: self.circle.map(CircleId::from_uuid),
            created_at: self.created_at.0,
            edited_at: self.edited_at.map(|at| at.0),
            resolved_at: self.resolved_at.map(|at| at.0),
            deleted_at: self.deleted_at.map(|at| at.0),
            moderation: ModerationState::from_times(self.held_at.map(|at| at.0), self.removed_at.map(|at| at.0)),
            responses: u64::try_from(self.response_count).unwrap_or(0),
            supports: u64::try_from(self.support_count).unwrap_or(0),
            version: self.version,
        })
    }

    fn content(&self) -> StoreResult<PostContent> {
        let categories = texts(&self.categories)?;
        let tags = texts(&self.tags)?;
        let days = |days: i64| {
            u32::try_from(days).map_err(|_| PostRuleViolation::DaysOutOfRange).and_then(DaysSinceRelapse::new)
        };
        let content = || {
            PostContent::new(PostContentParts {
                kind: self.kind.parse()?,
                urgency: Urgency::new(self.urgency)?,
                body: Body::new(&self.body)?,
                categories: Categories::new(categories.iter().map(String::as_str))?,
                tags: Tags::new(tags.iter().map(String::as_str))?,
                warning: self.content_warning.as_deref().map(ContentWarning::new).transpose()?,
                days_since_relapse: self.days_since_relapse.map(days).transpose()?,
                expires_at: self.expires_at.map(|at| at.0),
            })
        };
        content().map_err(StoreError::corrupt)
    }
}

/// JSON list of the categories, for `json_each` in the triggers of the migration.
pub(super) fn categories(content: &PostContent) -> String {
    list(content.categories.as_slice().iter().map(|category| category.slug()))
}

/// JSON list of the tags.
pub(super) fn tags(content: &PostContent) -> String {
    list(content.tags.as_slice().iter().map(Tag::expose))
}

/// JSON list of texts.
pub(super) fn list<'a, T: Display + ?Sized + 'a>(texts: impl Iterator<Item = &'a T>) -> String {
    texts.map(ToString::to_string).collect::<serde_json::Value>().to_string()
}

fn texts(json: &str) -> StoreResult<Vec<String>> {
    serde_json::from_str(json).map_err(StoreError::corrupt)
}
