//! The use cases of support and their refusals, on the embedded store.

use std::time::Duration;

use kith_kernel::{
    Actor, CircleId, Clock as _, Fact, Fault, PageSize, PersonaId, PostId, Problem as _, ResponseId, SystemEntropy,
    ports::{CircleRole, Inside, Member},
};
use kith_support::{Error, Response, Stats};
use kith_testkit::{block_on, member};
use uuid::Uuid;

use crate::{
    bed::{HUG, NOW, deleted_fact, given_fact, some_response, words},
    world::{Missing, World},
};

/// Ann, who has posted; Bob, who has answered; and Eve.
struct Scene {
    world: World,
    ann: Actor,
    bob: Actor,
    eve: Actor,
    post: PostId,
    response: Response,
}

async fn scene() -> Scene {
    let (world, ann, bob, eve) = (World::new().await, member(), member(), member());
    let post = world.others.post_by(&ann);
    let response = world.service.respond(&bob, post, words("you are not alone"), None).await.unwrap().response;
    world.announced().await;
    Scene { world, ann, bob, eve, post, response }
}

impl Scene {
    async fn listed(&self, viewer: &Actor) -> Result<Vec<Response>, Error> {
        Ok(self.world.service.list(viewer, self.post, PageSize::DEFAULT, None).await?.items)
    }
}

fn claim() -> Uuid {
    ResponseId::new(NOW, &SystemEntropy).uuid()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, kind: Fault, reason: &str) {
    let refusal = outcome.unwrap_err();
    assert_eq!((refusal.kind(), refusal.reason()), (kind, reason));
}

#[test]
fn an_answer_is_seen_by_all_who_see_the_post() {
    block_on(async {
        let scene = scene().await;
        for viewer in [&scene.ann, &scene.bob, &scene.eve] {
            assert_eq!(scene.listed(viewer).await.unwrap(), std::slice::from_ref(&scene.response));
        }
        assert_eq!((scene.response.author, scene.response.persona), (scene.bob.user, scene.bob.persona));
        assert_eq!((scene.response.post_author, scene.response.created_at), (scene.ann.user, NOW));
    });
}

#[test]
fn in_a_circle_people_answer_as_who_they_are_there_until_it_is_archived() {
    block_on(async {
        let Scene { world, ann, bob, .. } = scene().await;
        let (post, persona) = (world.others.post_by(&ann), PersonaId::random(&SystemEntropy));
        let circle = CircleId::from_uuid(claim());
        let member = Member { persona, role: CircleRole::Member, writable: true };
        world.others.inside(&bob, post, Inside { circle, member });
        let given = world.service.respond(&bob, post, HUG, None).await.unwrap().response;
        assert_eq!((given.persona, given.circle), (persona, Some(circle)));
        assert_eq!(world.service.persona(&bob, post).await.unwrap(), persona);
        world.others.inside(&bob, post, Inside { circle, member: Member { writable: false, ..member } });
        let refusal = world.service.respond(&bob, post, words("hold on"), None).await;
        refused(refusal, Fault::Precondition, "CIRCLE_ARCHIVED");
        world.service.delete(&bob, given.id).await.unwrap();
    });
}

#[test]
fn an_answer_is_announced_with_what_it_weighs() {
    block_on(async {
        let Scene { world, bob, post, .. } = scene().await;
        let mut expected = Vec::new();
        for content in [words("short"), words(&"long ".repeat(40)), HUG] {
            expected.push(given_fact(&world.service.respond(&bob, post, content, None).await.unwrap().response));
        }
        assert_eq!(world.announced().await, expected);
    });
}

#[test]
fn a_quick_support_given_again_is_the_same_and_told_once() {
    block_on(async {
        let Scene { world, bob, post, .. } = scene().await;
        let first = world.service.respond(&bob, post, HUG, None).await.unwrap().response;
        world.clock.pass(Duration::from_mins(1));
        assert_eq!(world.service.respond(&bob, post, HUG, None).await.unwrap().response, first);
        assert_eq!(world.announced().await, [given_fact(&first)]);
    });
}

#[test]
fn a_call_repeated_under_its_claim_finds_what_it_gave() {
    block_on(async {
        let Scene { world, bob, post, .. } = scene().await;
        for content in [words("once"), HUG] {
            let id = Some(claim());
            let first = world.service.respond(&bob, post, content.clone(), id).await.unwrap().response;
            assert_eq!(Some(first.id.uuid()), id);
            world.clock.pass(Duration::from_mins(2));
            assert_eq!(world.service.respond(&bob, post, content, id).await.unwrap().response, first);
            assert_eq!(world.announced().await, [given_fact(&first)]);
        }
    });
}

#[test]
fn an_id_that_somebody_else_holds_is_refused() {
    block_on(async {
        let Scene { world, eve, post, response, .. } = scene().await;
        let outcome = world.service.respond(&eve, post, words("mine"), Some(response.id.uuid())).await;
        refused(outcome, Fault::Taken, "BACKEND_FAILED");
        assert_eq!(world.announced().await, []);
    });
}

#[test]
fn nobody_cheers_themselves_but_everybody_may_add_words() {
    block_on(async {
        let Scene { world, ann, post, .. } = scene().await;
        refused(world.service.respond(&ann, post, HUG, None).await, Fault::Precondition, "OWN_POST");
        let added = world.service.respond(&ann, post, words("still here"), None).await.unwrap().response;
        assert_eq!(world.announced().await, [given_fact(&added)]);
        assert_eq!(world.service.stats(&ann).await.unwrap(), Stats { received: 1, ..Stats::default() });
    });
}

#[test]
fn a_post_that_is_not_there_for_the_caller_has_no_answers_and_gets_none() {
    block_on(async {
        let scene = scene().await;
        scene.world.others.block(&scene.ann, &scene.eve);
        let nowhere = PostId::new(NOW, &SystemEntropy);
        for (viewer, post) in [(&scene.eve, scene.post), (&scene.bob, nowhere)] {
            let service = &scene.world.service;
            refused(service.respond(viewer, post, words("hi"), None).await, Fault::NotFound, "POST_NOT_FOUND");
            refused(service.respond(viewer, post, HUG, None).await, Fault::NotFound, "POST_NOT_FOUND");
            let list = service.list(viewer, post, PageSize::DEFAULT, None).await;
            refused(list, Fault::NotFound, "POST_NOT_FOUND");
        }
        assert_eq!(scene.world.announced().await, []);
    });
}

#[test]
fn an_answer_of_somebody_hidden_does_not_exist() {
    block_on(async {
        let scene = scene().await;
        let (world, id) = (&scene.world, scene.response.id);
        world.others.block(&scene.eve, &scene.bob);
        assert_eq!(scene.listed(&scene.eve).await.unwrap(), []);
        assert_eq!(scene.listed(&scene.ann).await.unwrap().len(), 1);
        refused(world.service.delete(&scene.eve, id).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
        refused(world.service.mark_helpful(&scene.eve, id).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
        world.others.block(&scene.ann, &scene.bob);
        refused(world.service.mark_helpful(&scene.ann, id).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
        assert_eq!(world.service.stats(&scene.ann).await.unwrap().received, 0);
        world.others.unblock_all();
        assert_eq!(scene.listed(&scene.eve).await.unwrap().len(), 1);
        assert_eq!(world.service.stats(&scene.ann).await.unwrap().received, 1);
    });
}

#[test]
fn an_answer_goes_where_its_post_goes() {
    block_on(async {
        let scene = scene().await;
        let (service, id) = (&scene.world.service, scene.response.id);
        scene.world.others.delete_post(scene.post);
        refused(scene.listed(&scene.bob).await, Fault::NotFound, "POST_NOT_FOUND");
        refused(service.delete(&scene.eve, id).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
        refused(service.mark_helpful(&scene.ann, id).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn an_author_takes_their_answer_back_once_and_nobody_else_does() {
    block_on(async {
        let scene = scene().await;
        let (service, id) = (&scene.world.service, scene.response.id);
        for stranger in [&scene.eve, &scene.ann] {
            refused(service.delete(stranger, id).await, Fault::Denied, "NOT_THE_AUTHOR");
        }
        service.delete(&scene.bob, id).await.unwrap();
        for caller in [&scene.bob, &scene.eve, &scene.ann] {
            refused(service.delete(caller, id).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
        }
        assert_eq!(scene.listed(&scene.ann).await.unwrap(), []);
        assert_eq!(scene.world.announced().await, [deleted_fact(&scene.response)]);
        let nothing = some_response().id;
        refused(service.delete(&scene.bob, nothing).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn an_author_takes_their_answer_back_even_if_they_do_not_see_the_post_any_more() {
    block_on(async {
        let scene = scene().await;
        scene.world.others.block(&scene.ann, &scene.bob);
        scene.world.service.delete(&scene.bob, scene.response.id).await.unwrap();
        assert_eq!(scene.world.announced().await, [deleted_fact(&scene.response)]);
    });
}

#[test]
fn what_helped_is_said_once_and_the_first_moment_stands() {
    block_on(async {
        let scene = scene().await;
        let (world, id) = (&scene.world, scene.response.id);
        world.clock.pass(Duration::from_secs(1));
        let marked = world.service.mark_helpful(&scene.ann, id).await.unwrap();
        assert_eq!(marked, Response { helpful_at: Some(world.clock.now()), ..scene.response.clone() });
        world.clock.pass(Duration::from_secs(1));
        assert_eq!(world.service.mark_helpful(&scene.ann, id).await.unwrap(), marked);
        assert_eq!(world.announced().await, [Fact::ResponseMarkedHelpful(scene.response.about())]);
        assert_eq!(world.service.stats(&scene.bob).await.unwrap().helpful_given, 1);
    });
}

#[test]
fn only_who_wrote_the_post_says_what_helped_and_only_of_others() {
    block_on(async {
        let Scene { world, ann, bob, eve, post, response } = scene().await;
        for other in [&bob, &eve] {
            let outcome = world.service.mark_helpful(other, response.id).await;
            refused(outcome, Fault::Denied, "NOT_THE_POSTS_AUTHOR");
        }
        let own = world.service.respond(&ann, post, words("thank you"), None).await.unwrap().response;
        refused(world.service.mark_helpful(&ann, own.id).await, Fault::Precondition, "OWN_RESPONSE");
        world.service.delete(&bob, response.id).await.unwrap();
        refused(world.service.mark_helpful(&ann, response.id).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
        let nothing = some_response().id;
        refused(world.service.mark_helpful(&ann, nothing).await, Fault::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn two_hundred_taps_at_once_count_once() {
    block_on(async {
        let Scene { world, bob, post, .. } = scene().await;
        let taps: Vec<_> = (0..200)
            .map(|_| {
                let (service, bob) = (world.service.clone(), bob.clone());
                tokio::spawn(async move { service.respond(&bob, post, HUG, None).await.unwrap().response })
            })
            .collect();
        let mut given = Vec::new();
        for tap in taps {
            given.push(tap.await.unwrap());
        }
        given.dedup();
        assert_eq!(given.len(), 1);
        assert_eq!(world.announced().await, [given_fact(&given[0])]);
        assert_eq!(world.service.stats(&bob).await.unwrap().quick_given, 1);
    });
}

#[test]
fn pages_join_without_a_gap() {
    block_on(async {
        let Scene { world, bob, eve, post, response, .. } = scene().await;
        let mut expected = vec![response.id];
        for _ in 0..6 {
            world.clock.pass(Duration::from_millis(1));
            expected.push(world.service.respond(&bob, post, words("hello"), None).await.unwrap().response.id);
        }
        let (size, mut seen, mut after) = (PageSize::new(2).unwrap(), Vec::new(), None);
        loop {
            let page = world.service.list(&eve, post, size, after).await.unwrap();
            seen.extend(page.items.iter().map(|response| response.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected);
    });
}

#[test]
fn a_slice_that_does_not_answer_hides_everything_and_writes_nothing() {
    block_on(async {
        let scene = scene().await;
        let (ann, eve, post, id) = (&scene.ann, &scene.eve, scene.post, scene.response.id);
        for missing in [Missing::Posts, Missing::Blocks] {
            let service = scene.world.without(missing);
            let list = service.list(eve, post, PageSize::DEFAULT, None).await;
            refused(list, Fault::Unavailable, "BACKEND_FAILED");
            refused(service.delete(eve, id).await, Fault::Unavailable, "BACKEND_FAILED");
            refused(service.mark_helpful(ann, id).await, Fault::Unavailable, "BACKEND_FAILED");
        }
        let blind = scene.world.without(Missing::Posts);
        refused(blind.respond(eve, post, words("hi"), None).await, Fault::Unavailable, "BACKEND_FAILED");
        let stats = scene.world.without(Missing::Blocks).stats(eve).await;
        refused(stats, Fault::Unavailable, "BACKEND_FAILED");
        assert_eq!(scene.world.announced().await, []);
    });
}
