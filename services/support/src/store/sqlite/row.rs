//! Rows of the table `responses`.

use kith_kernel::{CircleId, ModerationState, PersonaId, PostId, ResponseId, UserId};
use kith_storage::{StoreResult, sql::SqlTimestamp};
use uuid::Uuid;

use crate::{Response, store::content};

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: Uuid,
    post: Uuid,
    post_author: Uuid,
    author: Uuid,
    persona: Uuid,
    circle: Option<Uuid>,
    text: Option<String>,
    quick_kind: Option<String>,
    created_at: SqlTimestamp,
    helpful_at: Option<SqlTimestamp>,
    deleted_at: Option<SqlTimestamp>,
    held_at: Option<SqlTimestamp>,
    removed_at: Option<SqlTimestamp>,
}

impl Row {
    pub(super) fn into_response(self) -> StoreResult<Response> {
        Ok(Response {
            id: ResponseId::from_uuid(self.id),
            post: PostId::from_uuid(self.post),
            post_author: UserId::from_uuid(self.post_author),
            author: UserId::from_uuid(self.author),
            persona: PersonaId::from_uuid(self.persona),
            circle: self.circle.map(CircleId::from_uuid),
            content: content(self.text.as_deref(), self.quick_kind.as_deref())?,
            created_at: self.created_at.0,
            helpful_at: self.helpful_at.map(|at| at.0),
            deleted_at: self.deleted_at.map(|at| at.0),
            moderation: ModerationState::from_times(self.held_at.map(|at| at.0), self.removed_at.map(|at| at.0)),
        })
    }
}
