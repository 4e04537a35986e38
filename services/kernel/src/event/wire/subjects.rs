//! Encoding of the subjects of events: posts, responses, circles and content ids.

use uuid::Uuid;

use super::{
    EventDecodeError, bytes, known,
    messages::{Circle, ContentIdMessage, ContentMessage, Post, Response},
    optional,
};
use crate::{
    Category, CircleId, ContentId, PostId, ResponseId, UserId,
    event::{CircleChange, CircleEvent, PostKind, PostRef, ResponseClass, ResponseRef},
};

impl From<&CircleEvent> for Circle {
    fn from(event: &CircleEvent) -> Self {
        let member = event.member.map(|member| bytes(member.uuid())).unwrap_or_default();
        Self { id: bytes(event.circle.uuid()), change: event.change.number(), member }
    }
}

impl Circle {
    pub(super) fn parse(&self) -> Result<CircleEvent, EventDecodeError> {
        Ok(CircleEvent {
            circle: CircleId::from_uuid(Uuid::from_slice(&self.id)?),
            change: known(CircleChange::from_number(self.change))?,
            member: optional(&self.member)?.map(UserId::from_uuid),
        })
    }
}

impl From<ContentId> for ContentIdMessage {
    fn from(content: ContentId) -> Self {
        match content {
            ContentId::Post(id) => Self::Post(bytes(id.uuid())),
            ContentId::Response(id) => Self::Response(bytes(id.uuid())),
        }
    }
}

impl ContentMessage {
    pub(super) fn parse(&self) -> Result<ContentId, EventDecodeError> {
        Ok(match self.content.as_ref().ok_or(EventDecodeError::UnknownEvent)? {
            ContentIdMessage::Post(id) => ContentId::Post(PostId::from_uuid(Uuid::from_slice(id)?)),
            ContentIdMessage::Response(id) => ContentId::Response(ResponseId::from_uuid(Uuid::from_slice(id)?)),
        })
    }
}

impl From<&PostRef> for Post {
    fn from(post: &PostRef) -> Self {
        let categories = post.categories.iter().map(ToString::to_string).collect();
        let circle = post.circle.map(|circle| bytes(circle.uuid())).unwrap_or_default();
        Self { id: bytes(post.post.uuid()), categories, circle, kind: post.kind.number() }
    }
}

impl Post {
    pub(super) fn parse(&self) -> Result<PostRef, EventDecodeError> {
        let categories = self.categories.iter().map(|slug| slug.parse::<Category>()).collect::<Result<_, _>>()?;
        let circle = optional(&self.circle)?.map(CircleId::from_uuid);
        let kind = known(PostKind::from_number(self.kind))?;
        Ok(PostRef { post: PostId::from_uuid(Uuid::from_slice(&self.id)?), kind, categories, circle })
    }
}

impl Response {
    pub(super) fn parse(&self) -> Result<ResponseRef, EventDecodeError> {
        Ok(ResponseRef {
            response: ResponseId::from_uuid(Uuid::from_slice(&self.id)?),
            author: UserId::from_uuid(Uuid::from_slice(&self.author)?),
            post: PostId::from_uuid(Uuid::from_slice(&self.post)?),
            post_author: UserId::from_uuid(Uuid::from_slice(&self.post_author)?),
        })
    }

    pub(super) const fn class(&self) -> Result<ResponseClass, EventDecodeError> {
        match self.class {
            1 => Ok(ResponseClass::Quick),
            2 => Ok(ResponseClass::Text),
            3 => Ok(ResponseClass::LongText),
            _ => Err(EventDecodeError::UnknownEvent),
        }
    }
}

pub(super) fn response_message(response: &ResponseRef, class: Option<ResponseClass>) -> Response {
    let class = match class {
        None => 0,
        Some(ResponseClass::Quick) => 1,
        Some(ResponseClass::Text) => 2,
        Some(ResponseClass::LongText) => 3,
    };
    Response {
        id: bytes(response.response.uuid()),
        author: bytes(response.author.uuid()),
        post: bytes(response.post.uuid()),
        post_author: bytes(response.post_author.uuid()),
        class,
    }
}
