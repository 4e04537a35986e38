//! Content screening before publication.

use kith_kernel::{
    ContentId, EventPayload, ModerationEvent, ModerationState, ResponseEvent,
    event::VisibilityChange,
    ports::{ContentScreen, ScreenVerdict, SubmittedText},
};

use crate::{Content, Response, policy};

/// A response and the crisis flag of the content screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScreenedResponse {
    /// The response: held or unchanged.
    pub response: Response,
    /// True if the text contains crisis language.
    pub crisis: bool,
}

/// Screens a new response and applies the verdict. It is called once per write. Returns the payloads of the events to
/// store with the response.
pub(crate) async fn apply(screen: &dyn ContentScreen, response: Response) -> (ScreenedResponse, Vec<EventPayload>) {
    let verdict = verdict(screen, &response).await;
    let moderation = policy::must_hold(&verdict).then_some(ModerationState::Held(response.created_at));
    let response = Response { moderation, ..response };
    let events = events(&response, verdict.crisis);
    (ScreenedResponse { response, crisis: verdict.crisis }, events)
}

/// Quick support is not screened.
async fn verdict(screen: &dyn ContentScreen, response: &Response) -> ScreenVerdict {
    let Content::Text(text) = &response.content else { return ScreenVerdict::UNSCREENED };
    let text = SubmittedText {
        content: ContentId::Response(response.id),
        author: response.author,
        circle: response.circle,
        text: text.expose().to_owned(),
    };
    screen.screen(&text).await
}

fn events(response: &Response, crisis: bool) -> Vec<EventPayload> {
    let (subject, class) = (response.response_ref(), response.class());
    let created = match response.moderation {
        None => ResponseEvent::Created { response: subject, class },
        Some(_) => ResponseEvent::VisibilityChanged { response: subject, class, change: VisibilityChange::Held },
    };
    let mut events = vec![created.into()];
    if crisis {
        events.push(ModerationEvent::CrisisDetected { content: ContentId::Response(response.id) }.into());
    }
    events
}
