//! What becomes of answers when the screen or staff look at them.

use std::sync::Arc;

use async_trait::async_trait;
use kith_kernel::{
    Actor, Clock as _, Content, Fact, Failure, PageSize, PostId, Problem as _, SystemEntropy, UserId, Veil,
    event::Moderation,
    ports::{Contents, Evidence},
};
use kith_proto::views::ResponseViews as _;
use kith_support::{Desk, Response, Stats, rpc::Views};
use kith_testkit::{block_on, member, user};

use crate::{
    bed::{HUG, given_fact, words},
    world::World,
};

/// Posts that all say the same.
struct OfPosts(UserId);

#[async_trait]
impl Contents for OfPosts {
    async fn evidence(&self, content: Content, _: Option<UserId>) -> Result<Option<Evidence>, Failure> {
        Ok(Some(Evidence {
            content,
            author: self.0,
            persona: member().persona,
            circle: None,
            text: "how?".to_owned(),
            at: crate::bed::NOW,
            edits: Vec::new(),
            context: Vec::new(),
            removed: false,
            held: false,
        }))
    }

    async fn remove(&self, _: Content, _: UserId) -> Result<(), Failure> {
        Ok(())
    }

    async fn restore(&self, _: Content, _: UserId) -> Result<(), Failure> {
        Ok(())
    }

    async fn release(&self, _: Content, _: UserId) -> Result<(), Failure> {
        Ok(())
    }

    async fn recent(&self, _: usize) -> Result<Vec<Evidence>, Failure> {
        Ok(Vec::new())
    }
}

/// Ann, who has posted; Bob, who answers; and Eve.
struct Scene {
    world: World,
    desk: Desk,
    views: Views,
    ann: Actor,
    bob: Actor,
    eve: Actor,
    post: PostId,
}

async fn scene() -> Scene {
    let (world, ann, bob, eve) = (World::new().await, member(), member(), member());
    let post = world.others.post_by(&ann);
    let desk = Desk {
        store: world.service.store.clone(),
        posts: world.others.clone(),
        of_posts: Arc::new(OfPosts(ann.user)),
        blocks: world.others.clone(),
        clock: world.clock.clone(),
        entropy: Arc::new(SystemEntropy),
    };
    let views =
        Views { store: world.service.store.clone(), posts: world.others.clone(), personas: world.others.clone() };
    Scene { world, desk, views, ann, bob, eve, post }
}

impl Scene {
    async fn says(&self, text: &str) -> Response {
        self.world.service.respond(&self.bob, self.post, words(text), None).await.unwrap().response
    }

    /// On how many of the ways to an answer somebody finds it: all of them, or none.
    async fn is_there_for(&self, actor: &Actor, response: &Response) -> bool {
        let listed = self.world.service.list(actor, self.post, PageSize::DEFAULT, None).await.unwrap().items;
        let ways = [
            listed.iter().any(|listed| listed.id == response.id),
            self.desk.evidence(Content::Response(response.id), Some(actor.user)).await.unwrap().is_some(),
        ];
        assert_eq!(ways[0], ways[1]);
        ways[0]
    }

    async fn everybody_sees(&self, response: &Response) -> bool {
        assert!(self.is_there_for(&self.bob, response).await, "its author always does");
        let seen = self.is_there_for(&self.eve, response).await;
        assert_eq!(self.is_there_for(&self.ann, response).await, seen);
        assert_eq!(self.views.response(response.id).await.unwrap().is_some(), seen);
        seen
    }

    async fn remove(&self, response: &Response) {
        self.desk.remove(Content::Response(response.id), user()).await.unwrap();
    }

    async fn restore(&self, response: &Response) {
        self.desk.restore(Content::Response(response.id), user()).await.unwrap();
    }

    async fn announced(&self) -> Vec<Fact> {
        self.world.announced().await
    }
}

fn moderated(response: &Response, how: Moderation) -> Fact {
    Fact::ResponseModerated { about: response.about(), weight: response.weight(), how }
}

#[test]
fn what_the_screen_holds_is_its_authors_alone_until_it_is_released() {
    block_on(async {
        let scene = scene().await;
        let response = scene.says("call me").await;
        assert_eq!(response.veil, Some(Veil::Held(scene.world.clock.now())));
        assert!(!scene.everybody_sees(&response).await);
        assert_eq!(scene.announced().await, [moderated(&response, Moderation::Held)]);
        let refusal = scene.world.service.mark_helpful(&scene.ann, response.id).await.unwrap_err();
        assert_eq!(refusal.reason(), "RESPONSE_NOT_FOUND");
        for _ in 0..2 {
            scene.desk.release(Content::Response(response.id), user()).await.unwrap();
        }
        assert!(scene.everybody_sees(&response).await);
        assert_eq!(scene.announced().await, [moderated(&response, Moderation::Released)]);
    });
}

#[test]
fn a_crisis_is_never_held_and_somebody_hears_of_it() {
    block_on(async {
        let scene = scene().await;
        let words = words("call me, or I end it all");
        let given = scene.world.service.respond(&scene.bob, scene.post, words, None).await.unwrap();
        assert!(given.crisis && scene.everybody_sees(&given.response).await);
        let seen = Fact::CrisisSeen { content: Content::Response(given.response.id) };
        assert_eq!(scene.announced().await, [given_fact(&given.response), seen]);
    });
}

#[test]
fn a_screen_that_does_not_answer_holds_nobody_up_and_a_tap_asks_none() {
    block_on(async {
        let scene = scene().await;
        let response = scene.says("out of order, call me").await;
        assert!(scene.everybody_sees(&response).await);
        let tap = scene.world.service.respond(&scene.bob, scene.post, HUG, None).await.unwrap();
        assert!(!tap.crisis && scene.everybody_sees(&tap.response).await);
    });
}

#[test]
fn what_staff_take_away_is_gone_for_others_counts_for_nobody_and_comes_back_once() {
    block_on(async {
        let scene = scene().await;
        let response = scene.says("hello").await;
        scene.announced().await;
        for _ in 0..2 {
            scene.remove(&response).await;
        }
        assert!(!scene.everybody_sees(&response).await);
        assert_eq!(scene.announced().await, [moderated(&response, Moderation::Removed)]);
        assert_eq!(scene.world.service.stats(&scene.bob).await.unwrap(), Stats::default());
        for _ in 0..2 {
            scene.restore(&response).await;
        }
        assert!(scene.everybody_sees(&response).await);
        assert_eq!(scene.announced().await, [moderated(&response, Moderation::Reinstated)]);
    });
}

#[test]
fn every_appearance_and_disappearance_is_told_once_whatever_is_done_to_it() {
    block_on(async {
        let scene = scene().await;
        let held = scene.says("call me").await;
        scene.announced().await;
        scene.remove(&held).await;
        let told = [moderated(&held, Moderation::Released), moderated(&held, Moderation::Removed)];
        assert_eq!(scene.announced().await, told, "as if it had been there for a moment");
        // What its author takes back after that, others do not see go.
        scene.world.service.delete(&scene.bob, held.id).await.unwrap();
        scene.restore(&held).await;
        assert_eq!(scene.announced().await, []);
        let open = scene.says("hello").await;
        scene.world.service.delete(&scene.bob, open.id).await.unwrap();
        scene.announced().await;
        scene.remove(&open).await;
        assert_eq!(scene.announced().await, []);
        let evidence = scene.desk.evidence(Content::Response(open.id), None).await.unwrap().unwrap();
        assert!(evidence.removed, "what is deleted can still be judged");
    });
}

#[test]
fn evidence_has_the_post_and_the_answers_around_it() {
    block_on(async {
        let scene = scene().await;
        let mut said = Vec::new();
        for turn in 0..13 {
            scene.world.clock.pass(std::time::Duration::from_millis(1));
            said.push(scene.says(&format!("answer {turn}")).await);
        }
        scene.remove(&said[5]).await;
        let evidence = scene.desk.evidence(Content::Response(said[6].id), Some(scene.ann.user)).await.unwrap().unwrap();
        assert_eq!((evidence.author, evidence.text.as_str()), (scene.bob.user, "answer 6"));
        let context: Vec<Content> = evidence.context.iter().map(|excerpt| excerpt.content).collect();
        let around = said[0..5].iter().chain(&said[7..12]).map(|response| Content::Response(response.id));
        let expected: Vec<Content> = [Content::Post(scene.post)].into_iter().chain(around).collect();
        assert_eq!(context, expected);
        let under = scene.desk.under(scene.post).await.unwrap();
        let newest: Vec<Content> = said[8..].iter().map(|response| Content::Response(response.id)).collect();
        assert_eq!(under.iter().map(|excerpt| excerpt.content).collect::<Vec<_>>(), newest);
        assert_eq!(scene.desk.recent(1).await.unwrap()[0].content, Content::Response(said[12].id));
        scene.world.others.block(&scene.bob, &scene.eve);
        let asked = Content::Response(said[6].id);
        assert_eq!(scene.desk.evidence(asked, Some(scene.eve.user)).await.unwrap(), None);
        assert_eq!(scene.desk.evidence(Content::Post(scene.post), None).await.unwrap(), None, "that is no answer");
    });
}
