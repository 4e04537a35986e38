//! What the screen says of a response, before others see it.

use std::sync::Arc;

use kith_kernel::{
    Fact,
    event::Moderation,
    ports::{Screen, Verdict, Written},
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

/// What the screen says of a response. If it says nothing, the response is published: nobody who needs help waits for it.
/// What is said in one tap is always fine.
pub(crate) async fn look(screen: &Arc<dyn Screen>, response: &Response) -> Verdict {
    let nothing = Verdict { hold: None, crisis: false, version: 0 };
    let Content::Text(text) = &response.content else { return nothing };
    let written = Written {
        content: kith_kernel::Content::Response(response.id),
        author: response.author,
        circle: response.circle,
        text: text.reveal().to_owned(),
    };
    screen.look(&written).await.unwrap_or_else(|failure| {
        tracing::error!(response = %response.id, error = %failure, "a response is published without a look at it");
        nothing
    })
}

/// What is told of a new response.
pub(crate) fn told(response: &Response, crisis: bool) -> Vec<Fact> {
    let (about, weight) = (response.about(), response.weight());
    let there = match response.veil {
        None => Fact::ResponseGiven { about, weight },
        Some(_) => Fact::ResponseModerated { about, weight, how: Moderation::Held },
    };
    let seen = crisis.then_some(Fact::CrisisSeen { content: kith_kernel::Content::Response(response.id) });
    [there].into_iter().chain(seen).collect()
}
