//! What the screen says of a response, before others see it.

use std::sync::Arc;

use kith_kernel::{
    EventPayload, ModerationEvent, ResponseEvent,
    event::VisibilityChange,
    ports::{ContentScreen, ScreenVerdict, SubmittedText},
};

use crate::{Content, Response};

/// A response as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The response. It is held if it says so.
    pub response: Response,
    /// Whether its author speaks of harming themselves, now.
    pub crisis: bool,
}

/// What the screen says of a response.
/// Quick support is not screened.
pub(crate) async fn look(screen: &Arc<dyn ContentScreen>, response: &Response) -> ScreenVerdict {
    let Content::Text(text) = &response.content else { return ScreenVerdict::UNSCREENED };
    let written = SubmittedText {
        content: kith_kernel::ContentId::Response(response.id),
        author: response.author,
        circle: response.circle,
        text: text.reveal().to_owned(),
    };
    screen.screen(&written).await
}

/// What is told of a new response.
pub(crate) fn told(response: &Response, crisis: bool) -> Vec<EventPayload> {
    let (about, weight) = (response.about(), response.weight());
    let there = match response.veil {
        None => EventPayload::Response(ResponseEvent::Created { response: about, class: weight }),
        Some(_) => EventPayload::Response(ResponseEvent::VisibilityChanged { response: about, class: weight, change: VisibilityChange::Held }),
    };
    let seen = crisis.then_some(EventPayload::Moderation(ModerationEvent::CrisisDetected { content: kith_kernel::ContentId::Response(response.id) }));
    [there].into_iter().chain(seen).collect()
}
