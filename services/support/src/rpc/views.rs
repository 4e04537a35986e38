//! Responses as messages: for methods, and for the frames of the WebSocket.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use kith_kernel::{
    Failure, PersonaId, ResponseId,
    ports::{Persona, Personas, PostLookup},
};
use kith_proto::{
    convert::{moderation, persona, timestamp},
    support::v1::{QuickKind as WireKind, Response as WireResponse, response::Content as WireContent},
    views::ResponseViews,
};

use crate::{Content, QuickKind, Response, store::Store};

/// Shows responses with the personas who gave them. One whose persona is not there is left out.
pub struct Views {
    /// Where responses are kept.
    pub store: Arc<dyn Store>,
    /// Which posts there are.
    pub posts: Arc<dyn PostLookup>,
    /// How people appear.
    pub personas: Arc<dyn Personas>,
}

impl Views {
    /// How this persona appears to others.
    pub(super) async fn shown(&self, persona: PersonaId) -> Result<HashMap<PersonaId, Persona>, Failure> {
        self.personas.shown(&[persona]).await
    }

    /// These responses, in their order. The personas are asked for once.
    pub(super) async fn messages(&self, responses: &[Response]) -> Result<Vec<WireResponse>, Failure> {
        let authors: BTreeSet<PersonaId> = responses.iter().map(|response| response.persona).collect();
        let authors: Vec<PersonaId> = authors.into_iter().collect();
        let shown = self.personas.shown(&authors).await?;
        Ok(responses.iter().filter_map(|response| message(response, &shown)).collect())
    }

    /// One response.
    pub(super) async fn message(&self, response: &Response) -> Result<Option<WireResponse>, Failure> {
        let shown = self.personas.shown(&[response.persona]).await?;
        Ok(message(response, &shown))
    }
}

#[async_trait]
impl ResponseViews for Views {
    async fn response(&self, response: ResponseId) -> Result<Option<WireResponse>, Failure> {
        let Some(response) = self.store.get(response).await?.filter(Response::is_open) else { return Ok(None) };
        if !self.posts.is_public(response.post).await? {
            return Ok(None);
        }
        self.message(&response).await
    }
}

pub(super) fn message(response: &Response, personas: &HashMap<PersonaId, Persona>) -> Option<WireResponse> {
    let Some(author) = personas.get(&response.persona) else {
        tracing::warn!(response = %response.id, "a response is left out, because the persona who gave it is not there");
        return None;
    };
    let content = match &response.content {
        Content::Text(text) => WireContent::Text(text.reveal().to_owned()),
        Content::Quick(kind) => WireContent::Quick(wire_kind(*kind).into()),
    };
    Some(WireResponse {
        id: response.id.to_string(),
        post_id: response.post.to_string(),
        author: Some(persona(author)),
        created_at: Some(timestamp(response.created_at)),
        helpful_at: response.helpful_at.map(timestamp),
        content: Some(content),
        moderation: response.veil.map(moderation),
    })
}

const fn wire_kind(kind: QuickKind) -> WireKind {
    match kind {
        QuickKind::YouGotThis => WireKind::YouGotThis,
        QuickKind::StayStrong => WireKind::StayStrong,
        QuickKind::HereForYou => WireKind::HereForYou,
        QuickKind::ProudOfYou => WireKind::ProudOfYou,
        QuickKind::Hug => WireKind::Hug,
    }
}
