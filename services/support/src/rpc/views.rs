//! Responses as messages: for methods, and for the frames of the WebSocket.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use kith_kernel::{
    PortError, PersonaId, ResponseId,
    ports::{Persona, PersonaLookup, PostLookup},
};
use kith_proto::{
    convert::{moderation_notice, persona, timestamp},
    support::v1::{QuickKind as WireKind, Response as WireResponse, response::Content as WireContent},
    presenters::ResponsePresenter,
};

use crate::{Content, QuickKind, Response, store::Store};

/// Shows responses with the personas who gave them. One whose persona is not there is left out.
pub struct Views {
    /// Where responses are kept.
    pub store: Arc<dyn Store>,
    /// Which posts there are.
    pub posts: Arc<dyn PostLookup>,
    /// How people appear.
    pub personas: Arc<dyn PersonaLookup>,
}

impl Views {
    /// How this persona appears to others.
    pub(super) async fn shown(&self, persona: PersonaId) -> Result<HashMap<PersonaId, Persona>, PortError> {
        self.personas.find_many(&[persona]).await
    }

    /// These responses, in their order. The personas are asked for once.
    pub(super) async fn messages(&self, responses: &[Response]) -> Result<Vec<WireResponse>, PortError> {
        let authors: BTreeSet<PersonaId> = responses.iter().map(|response| response.persona).collect();
        let authors: Vec<PersonaId> = authors.into_iter().collect();
        let shown = self.personas.find_many(&authors).await?;
        Ok(responses.iter().filter_map(|response| message(response, &shown)).collect())
    }

    /// One response.
    pub(super) async fn message(&self, response: &Response) -> Result<Option<WireResponse>, PortError> {
        let shown = self.personas.find_many(&[response.persona]).await?;
        Ok(message(response, &shown))
    }
}

#[async_trait]
impl ResponsePresenter for Views {
    async fn present_response(&self, response: ResponseId) -> Result<Option<WireResponse>, PortError> {
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
        moderation: response.veil.map(moderation_notice),
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
