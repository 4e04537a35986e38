//! Screening and moderation of responses.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock as _, ContentId, DomainError as _, EventPayload, ModerationEvent, ModerationState, PageSize,
    PortError, PostId, ResponseEvent, SystemEntropy, UserId,
    event::VisibilityChange,
    ports::{ContentContext as _, ContentModeration, Evidence},
};
use kith_proto::presenters::ResponsePresenter as _;
use kith_support::{Response, Stats, adapters::ResponseModeration, rpc::Presenter};
use kith_testkit::{block_on, member, user};

use crate::{
    env::TestEnv,
    harness::{HUG, created_payload, words},
};

/// Posts with one text.
struct OfPosts(UserId);

#[async_trait]
impl ContentModeration for OfPosts {
    async fn evidence(&self, content: ContentId, _: Option<UserId>) -> Result<Option<Evidence>, PortError> {
        Ok(Some(Evidence {
            content,
            author: self.0,
            persona: member().persona,
            circle: None,
            text: "how?".to_owned(),
            at: crate::harness::NOW,
            edits: Vec::new(),
            context: Vec::new(),
            removed: false,
            held: false,
        }))
    }

    async fn remove(&self, _: ContentId, _: UserId) -> Result<(), PortError> {
        Ok(())
    }

    async fn restore(&self, _: ContentId, _: UserId) -> Result<(), PortError> {
        Ok(())
    }

    async fn release(&self, _: ContentId, _: UserId) -> Result<(), PortError> {
        Ok(())
    }

    async fn recent(&self, _: usize) -> Result<Vec<Evidence>, PortError> {
        Ok(Vec::new())
    }
}

/// Ann wrote the post, Bob answers, Eve reads.
struct Scenario {
    env: TestEnv,
    desk: ResponseModeration,
    presenter: Presenter,
    ann: Actor,
    bob: Actor,
    eve: Actor,
    post: PostId,
}

async fn scenario() -> Scenario {
    let (env, ann, bob, eve) = (TestEnv::new().await, member(), member(), member());
    let post = env.others.post_by(&ann);
    let desk = ResponseModeration {
        store: env.service.store.clone(),
        posts: env.others.clone(),
        post_moderation: Arc::new(OfPosts(ann.user)),
        blocks: env.others.clone(),
        clock: env.clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let presenter =
        Presenter { store: env.service.store.clone(), posts: env.others.clone(), personas: env.others.clone() };
    Scenario { env, desk, presenter, ann, bob, eve, post }
}

impl Scenario {
    async fn says(&self, text: &str) -> Response {
        self.env.service.create(&self.bob, self.post, words(text), None).await.unwrap().response
    }

    /// Returns true if the actor finds the response in every read, and false if in none.
    async fn is_visible_to(&self, actor: &Actor, response: &Response) -> bool {
        let listed = self.env.service.list(actor, self.post, PageSize::DEFAULT, None).await.unwrap().items;
        let ways = [
            listed.iter().any(|listed| listed.id == response.id),
            self.desk.evidence(ContentId::Response(response.id), Some(actor.user)).await.unwrap().is_some(),
        ];
        assert_eq!(ways[0], ways[1]);
        ways[0]
    }

    async fn is_visible_to_all(&self, response: &Response) -> bool {
        assert!(self.is_visible_to(&self.bob, response).await, "its author always does");
        let seen = self.is_visible_to(&self.eve, response).await;
        assert_eq!(self.is_visible_to(&self.ann, response).await, seen);
        assert_eq!(self.presenter.present_response(response.id).await.unwrap().is_some(), seen);
        seen
    }

    async fn remove(&self, response: &Response) {
        self.desk.remove(ContentId::Response(response.id), user()).await.unwrap();
    }

    async fn restore(&self, response: &Response) {
        self.desk.restore(ContentId::Response(response.id), user()).await.unwrap();
    }

    async fn announced(&self) -> Vec<EventPayload> {
        self.env.announced().await
    }
}

fn visibility_changed(response: &Response, how: VisibilityChange) -> EventPayload {
    EventPayload::Response(ResponseEvent::VisibilityChanged {
        response: response.response_ref(),
        class: response.class(),
        change: how,
    })
}

#[test]
fn held_responses_are_visible_to_their_author_only_until_release() {
    block_on(async {
        let scenario = scenario().await;
        let response = scenario.says("call me").await;
        assert_eq!(response.moderation, Some(ModerationState::Held(scenario.env.clock.now())));
        assert!(!scenario.is_visible_to_all(&response).await);
        assert_eq!(scenario.announced().await, [visibility_changed(&response, VisibilityChange::Held)]);
        let refusal = scenario.env.service.mark_helpful(&scenario.ann, response.id).await.unwrap_err();
        assert_eq!(refusal.reason(), "RESPONSE_NOT_FOUND");
        for _ in 0..2 {
            scenario.desk.release(ContentId::Response(response.id), user()).await.unwrap();
        }
        assert!(scenario.is_visible_to_all(&response).await);
        assert_eq!(scenario.announced().await, [visibility_changed(&response, VisibilityChange::Released)]);
    });
}

#[test]
fn crisis_language_is_published_and_announced() {
    block_on(async {
        let scenario = scenario().await;
        let words = words("call me, or I end it all");
        let given = scenario.env.service.create(&scenario.bob, scenario.post, words, None).await.unwrap();
        assert!(given.crisis && scenario.is_visible_to_all(&given.response).await);
        let seen = EventPayload::Moderation(ModerationEvent::CrisisDetected {
            content: ContentId::Response(given.response.id),
        });
        assert_eq!(scenario.announced().await, [created_payload(&given.response), seen]);
    });
}

#[test]
fn quick_support_is_not_screened() {
    block_on(async {
        let scenario = scenario().await;
        let tap = scenario.env.service.create(&scenario.bob, scenario.post, HUG, None).await.unwrap();
        assert!(!tap.crisis && scenario.is_visible_to_all(&tap.response).await);
    });
}

#[test]
fn removed_responses_are_hidden_uncounted_and_restored_once() {
    block_on(async {
        let scenario = scenario().await;
        let response = scenario.says("hello").await;
        scenario.announced().await;
        for _ in 0..2 {
            scenario.remove(&response).await;
        }
        assert!(!scenario.is_visible_to_all(&response).await);
        assert_eq!(scenario.announced().await, [visibility_changed(&response, VisibilityChange::Removed)]);
        assert_eq!(scenario.env.service.stats(&scenario.bob).await.unwrap(), Stats::default());
        for _ in 0..2 {
            scenario.restore(&response).await;
        }
        assert!(scenario.is_visible_to_all(&response).await);
        assert_eq!(scenario.announced().await, [visibility_changed(&response, VisibilityChange::Restored)]);
    });
}

#[test]
fn each_change_of_visibility_is_announced_once() {
    block_on(async {
        let scenario = scenario().await;
        let held = scenario.says("call me").await;
        scenario.announced().await;
        scenario.remove(&held).await;
        let told = [
            visibility_changed(&held, VisibilityChange::Released),
            visibility_changed(&held, VisibilityChange::Removed),
        ];
        assert_eq!(scenario.announced().await, told, "as if it had been there for a moment");
        // A later deletion by the author is not announced: no other user saw the response.
        scenario.env.service.delete(&scenario.bob, held.id).await.unwrap();
        scenario.restore(&held).await;
        assert_eq!(scenario.announced().await, []);
        let open = scenario.says("hello").await;
        scenario.env.service.delete(&scenario.bob, open.id).await.unwrap();
        scenario.announced().await;
        scenario.remove(&open).await;
        assert_eq!(scenario.announced().await, []);
        let evidence = scenario.desk.evidence(ContentId::Response(open.id), None).await.unwrap().unwrap();
        assert!(evidence.removed, "what is deleted can still be judged");
    });
}

#[test]
fn evidence_contains_the_post_and_adjacent_responses() {
    block_on(async {
        let scenario = scenario().await;
        let mut said = Vec::new();
        for turn in 0..13 {
            scenario.env.clock.advance(std::time::Duration::from_millis(1));
            said.push(scenario.says(&format!("answer {turn}")).await);
        }
        scenario.remove(&said[5]).await;
        let evidence =
            scenario.desk.evidence(ContentId::Response(said[6].id), Some(scenario.ann.user)).await.unwrap().unwrap();
        assert_eq!((evidence.author, evidence.text.as_str()), (scenario.bob.user, "answer 6"));
        let context: Vec<ContentId> = evidence.context.iter().map(|excerpt| excerpt.content).collect();
        let around = said[0..5].iter().chain(&said[7..12]).map(|response| ContentId::Response(response.id));
        let expected: Vec<ContentId> = [ContentId::Post(scenario.post)].into_iter().chain(around).collect();
        assert_eq!(context, expected);
        let context = scenario.desk.context_of(ContentId::Post(scenario.post)).await.unwrap();
        let newest: Vec<ContentId> = said[8..].iter().map(|response| ContentId::Response(response.id)).collect();
        assert_eq!(context.iter().map(|excerpt| excerpt.content).collect::<Vec<_>>(), newest);
        assert_eq!(scenario.desk.recent(1).await.unwrap()[0].content, ContentId::Response(said[12].id));
        scenario.env.others.block(&scenario.bob, &scenario.eve);
        let asked = ContentId::Response(said[6].id);
        assert_eq!(scenario.desk.evidence(asked, Some(scenario.eve.user)).await.unwrap(), None);
        assert_eq!(
            scenario.desk.evidence(ContentId::Post(scenario.post), None).await.unwrap(),
            None,
            "that is no answer"
        );
    });
}
