//! Responses as messages, for RPC methods and WebSocket frames.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_trait::async_trait;
use kith_kernel::{
    PersonaId, PortError, ResponseId,
    ports::{Persona, PersonaLookup, PostLookup},
};
use kith_proto::{
    convert::{moderation_notice, persona, timestamp},
    presenters::ResponsePresenter,
    support::v1::{QuickKind as WireKind, Response as WireResponse, response::Content as WireContent},
};

use crate::{Content, QuickKind, Response, store::Store};

/// Presents responses with the personas of their authors. Responses whose persona does not exist are omitted.
pub struct Presenter {
    pub store: Arc<dyn Store>,
    pub posts: Arc<dyn PostLookup>,
    pub personas: Arc<dyn PersonaLookup>,
}

impl Presenter {
    /// Returns the persona, as a map for [`message`].
    pub(super) async fn personas_of(&self, persona: PersonaId) -> Result<HashMap<PersonaId, Persona>, PortError> {
        self.personas.find_many(&[persona]).await
    }

    /// Presents responses in their order, with one lookup of personas.
    pub(super) async fn messages(&self, responses: &[Response]) -> Result<Vec<WireResponse>, PortError> {
        let authors: BTreeSet<PersonaId> = responses.iter().map(|response| response.persona).collect();
        let authors: Vec<PersonaId> = authors.into_iter().collect();
        let personas = self.personas.find_many(&authors).await?;
        Ok(responses.iter().filter_map(|response| message(response, &personas)).collect())
    }

    /// Presents one response.
    pub(super) async fn message(&self, response: &Response) -> Result<Option<WireResponse>, PortError> {
        let personas = self.personas.find_many(&[response.persona]).await?;
        Ok(message(response, &personas))
    }
}

#[async_trait]
impl ResponsePresenter for Presenter {
    async fn present_response(&self, response: ResponseId) -> Result<Option<WireResponse>, PortError> {
        let Some(response) = self.store.get(response).await?.filter(Response::is_visible) else { return Ok(None) };
        if !self.posts.is_visible_to_all_readers(response.post).await? {
            return Ok(None);
        }
        self.message(&response).await
    }
}

pub(super) fn message(response: &Response, personas: &HashMap<PersonaId, Persona>) -> Option<WireResponse> {
    let Some(author) = personas.get(&response.persona) else {
        tracing::warn!(response = %response.id, "response omitted, author persona not found");
        return None;
    };
    let content = match &response.content {
        Content::Text(text) => WireContent::Text(text.expose().to_owned()),
        Content::Quick(kind) => WireContent::Quick(wire_kind(*kind).into()),
    };
    Some(WireResponse {
        id: response.id.to_string(),
        post_id: response.post.to_string(),
        author: Some(persona(author)),
        created_at: Some(timestamp(response.created_at)),
        helpful_at: response.helpful_at.map(timestamp),
        content: Some(content),
        moderation: response.moderation.map(moderation_notice),
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
