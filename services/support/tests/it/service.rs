//! The use cases of support and their refusals, on the embedded store.

use std::time::Duration;

use kith_kernel::{
    Actor, CircleId, Clock as _, DomainError as _, ErrorKind, EventPayload, PageSize, PersonaId, PostId, ResponseEvent,
    ResponseId, SystemEntropy,
    ports::{CircleContext, CircleRole, Member},
};
use kith_support::{Error, Response, Stats};
use kith_testkit::{block_on, member};
use uuid::Uuid;

use crate::{
    env::{Missing, TestEnv},
    harness::{HUG, NOW, deleted_fact, given_fact, some_response, words},
};

/// Ann, who has posted; Bob, who has answered; and Eve.
struct Scenario {
    env: TestEnv,
    ann: Actor,
    bob: Actor,
    eve: Actor,
    post: PostId,
    response: Response,
}

async fn scenario() -> Scenario {
    let (env, ann, bob, eve) = (TestEnv::new().await, member(), member(), member());
    let post = env.others.post_by(&ann);
    let response = env.service.respond(&bob, post, words("you are not alone"), None).await.unwrap().response;
    env.announced().await;
    Scenario { env, ann, bob, eve, post, response }
}

impl Scenario {
    async fn listed(&self, viewer: &Actor) -> Result<Vec<Response>, Error> {
        Ok(self.env.service.list(viewer, self.post, PageSize::DEFAULT, None).await?.items)
    }
}

fn claim() -> Uuid {
    ResponseId::new(NOW, &SystemEntropy).uuid()
}

#[track_caller]
fn refused<T: std::fmt::Debug>(outcome: Result<T, Error>, kind: ErrorKind, reason: &str) {
    let refusal = outcome.unwrap_err();
    assert_eq!((refusal.kind(), refusal.reason()), (kind, reason));
}

#[test]
fn an_answer_is_seen_by_all_who_see_the_post() {
    block_on(async {
        let scenario = scenario().await;
        for viewer in [&scenario.ann, &scenario.bob, &scenario.eve] {
            assert_eq!(scenario.listed(viewer).await.unwrap(), std::slice::from_ref(&scenario.response));
        }
        assert_eq!((scenario.response.author, scenario.response.persona), (scenario.bob.user, scenario.bob.persona));
        assert_eq!((scenario.response.post_author, scenario.response.created_at), (scenario.ann.user, NOW));
    });
}

#[test]
fn in_a_circle_people_answer_as_who_they_are_there_until_it_is_archived() {
    block_on(async {
        let Scenario { env, ann, bob, .. } = scenario().await;
        let (post, persona) = (env.others.post_by(&ann), PersonaId::random(&SystemEntropy));
        let circle = CircleId::from_uuid(claim());
        let member = Member { persona, role: CircleRole::Member, can_post: true };
        env.others.inside(&bob, post, CircleContext { circle, member });
        let given = env.service.respond(&bob, post, HUG, None).await.unwrap().response;
        assert_eq!((given.persona, given.circle), (persona, Some(circle)));
        assert_eq!(env.service.persona(&bob, post).await.unwrap(), persona);
        env.others.inside(&bob, post, CircleContext { circle, member: Member { can_post: false, ..member } });
        let refusal = env.service.respond(&bob, post, words("hold on"), None).await;
        refused(refusal, ErrorKind::FailedPrecondition, "CIRCLE_ARCHIVED");
        env.service.delete(&bob, given.id).await.unwrap();
    });
}

#[test]
fn an_answer_is_announced_with_what_it_weighs() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        let mut expected = Vec::new();
        for content in [words("short"), words(&"long ".repeat(40)), HUG] {
            expected.push(given_fact(&env.service.respond(&bob, post, content, None).await.unwrap().response));
        }
        assert_eq!(env.announced().await, expected);
    });
}

#[test]
fn a_quick_support_given_again_is_the_same_and_told_once() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        let first = env.service.respond(&bob, post, HUG, None).await.unwrap().response;
        env.clock.advance(Duration::from_mins(1));
        assert_eq!(env.service.respond(&bob, post, HUG, None).await.unwrap().response, first);
        assert_eq!(env.announced().await, [given_fact(&first)]);
    });
}

#[test]
fn a_call_repeated_under_its_claim_finds_what_it_gave() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        for content in [words("once"), HUG] {
            let id = Some(claim());
            let first = env.service.respond(&bob, post, content.clone(), id).await.unwrap().response;
            assert_eq!(Some(first.id.uuid()), id);
            env.clock.advance(Duration::from_mins(2));
            assert_eq!(env.service.respond(&bob, post, content, id).await.unwrap().response, first);
            assert_eq!(env.announced().await, [given_fact(&first)]);
        }
    });
}

#[test]
fn an_id_that_somebody_else_holds_is_refused() {
    block_on(async {
        let Scenario { env, eve, post, response, .. } = scenario().await;
        let outcome = env.service.respond(&eve, post, words("mine"), Some(response.id.uuid())).await;
        refused(outcome, ErrorKind::AlreadyExists, "BACKEND_FAILED");
        assert_eq!(env.announced().await, []);
    });
}

#[test]
fn nobody_cheers_themselves_but_everybody_may_add_words() {
    block_on(async {
        let Scenario { env, ann, post, .. } = scenario().await;
        refused(env.service.respond(&ann, post, HUG, None).await, ErrorKind::FailedPrecondition, "OWN_POST");
        let added = env.service.respond(&ann, post, words("still here"), None).await.unwrap().response;
        assert_eq!(env.announced().await, [given_fact(&added)]);
        assert_eq!(env.service.stats(&ann).await.unwrap(), Stats { received: 1, ..Stats::default() });
    });
}

#[test]
fn a_post_that_is_not_there_for_the_caller_has_no_answers_and_gets_none() {
    block_on(async {
        let scenario = scenario().await;
        scenario.env.others.block(&scenario.ann, &scenario.eve);
        let nowhere = PostId::new(NOW, &SystemEntropy);
        for (viewer, post) in [(&scenario.eve, scenario.post), (&scenario.bob, nowhere)] {
            let service = &scenario.env.service;
            refused(service.respond(viewer, post, words("hi"), None).await, ErrorKind::NotFound, "POST_NOT_FOUND");
            refused(service.respond(viewer, post, HUG, None).await, ErrorKind::NotFound, "POST_NOT_FOUND");
            let list = service.list(viewer, post, PageSize::DEFAULT, None).await;
            refused(list, ErrorKind::NotFound, "POST_NOT_FOUND");
        }
        assert_eq!(scenario.env.announced().await, []);
    });
}

#[test]
fn an_answer_of_somebody_hidden_does_not_exist() {
    block_on(async {
        let scenario = scenario().await;
        let (env, id) = (&scenario.env, scenario.response.id);
        env.others.block(&scenario.eve, &scenario.bob);
        assert_eq!(scenario.listed(&scenario.eve).await.unwrap(), []);
        assert_eq!(scenario.listed(&scenario.ann).await.unwrap().len(), 1);
        refused(env.service.delete(&scenario.eve, id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        refused(env.service.mark_helpful(&scenario.eve, id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        env.others.block(&scenario.ann, &scenario.bob);
        refused(env.service.mark_helpful(&scenario.ann, id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        assert_eq!(env.service.stats(&scenario.ann).await.unwrap().received, 0);
        env.others.unblock_all();
        assert_eq!(scenario.listed(&scenario.eve).await.unwrap().len(), 1);
        assert_eq!(env.service.stats(&scenario.ann).await.unwrap().received, 1);
    });
}

#[test]
fn an_answer_goes_where_its_post_goes() {
    block_on(async {
        let scenario = scenario().await;
        let (service, id) = (&scenario.env.service, scenario.response.id);
        scenario.env.others.delete_post(scenario.post);
        refused(scenario.listed(&scenario.bob).await, ErrorKind::NotFound, "POST_NOT_FOUND");
        refused(service.delete(&scenario.eve, id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        refused(service.mark_helpful(&scenario.ann, id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn an_author_takes_their_answer_back_once_and_nobody_else_does() {
    block_on(async {
        let scenario = scenario().await;
        let (service, id) = (&scenario.env.service, scenario.response.id);
        for stranger in [&scenario.eve, &scenario.ann] {
            refused(service.delete(stranger, id).await, ErrorKind::PermissionDenied, "NOT_THE_AUTHOR");
        }
        service.delete(&scenario.bob, id).await.unwrap();
        for caller in [&scenario.bob, &scenario.eve, &scenario.ann] {
            refused(service.delete(caller, id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        }
        assert_eq!(scenario.listed(&scenario.ann).await.unwrap(), []);
        assert_eq!(scenario.env.announced().await, [deleted_fact(&scenario.response)]);
        let nothing = some_response().id;
        refused(service.delete(&scenario.bob, nothing).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn an_author_takes_their_answer_back_even_if_they_do_not_see_the_post_any_more() {
    block_on(async {
        let scenario = scenario().await;
        scenario.env.others.block(&scenario.ann, &scenario.bob);
        scenario.env.service.delete(&scenario.bob, scenario.response.id).await.unwrap();
        assert_eq!(scenario.env.announced().await, [deleted_fact(&scenario.response)]);
    });
}

#[test]
fn what_helped_is_said_once_and_the_first_moment_stands() {
    block_on(async {
        let scenario = scenario().await;
        let (env, id) = (&scenario.env, scenario.response.id);
        env.clock.advance(Duration::from_secs(1));
        let marked = env.service.mark_helpful(&scenario.ann, id).await.unwrap();
        assert_eq!(marked, Response { helpful_at: Some(env.clock.now()), ..scenario.response.clone() });
        env.clock.advance(Duration::from_secs(1));
        assert_eq!(env.service.mark_helpful(&scenario.ann, id).await.unwrap(), marked);
        assert_eq!(
            env.announced().await,
            [EventPayload::Response(ResponseEvent::MarkedHelpful(scenario.response.about()))]
        );
        assert_eq!(env.service.stats(&scenario.bob).await.unwrap().helpful_given, 1);
    });
}

#[test]
fn only_who_wrote_the_post_says_what_helped_and_only_of_others() {
    block_on(async {
        let Scenario { env, ann, bob, eve, post, response } = scenario().await;
        for other in [&bob, &eve] {
            let outcome = env.service.mark_helpful(other, response.id).await;
            refused(outcome, ErrorKind::PermissionDenied, "NOT_THE_POSTS_AUTHOR");
        }
        let own = env.service.respond(&ann, post, words("thank you"), None).await.unwrap().response;
        refused(env.service.mark_helpful(&ann, own.id).await, ErrorKind::FailedPrecondition, "OWN_RESPONSE");
        env.service.delete(&bob, response.id).await.unwrap();
        refused(env.service.mark_helpful(&ann, response.id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        let nothing = some_response().id;
        refused(env.service.mark_helpful(&ann, nothing).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn two_hundred_taps_at_once_count_once() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        let taps: Vec<_> = (0..200)
            .map(|_| {
                let (service, bob) = (env.service.clone(), bob.clone());
                tokio::spawn(async move { service.respond(&bob, post, HUG, None).await.unwrap().response })
            })
            .collect();
        let mut given = Vec::new();
        for tap in taps {
            given.push(tap.await.unwrap());
        }
        given.dedup();
        assert_eq!(given.len(), 1);
        assert_eq!(env.announced().await, [given_fact(&given[0])]);
        assert_eq!(env.service.stats(&bob).await.unwrap().quick_given, 1);
    });
}

#[test]
fn pages_join_without_a_gap() {
    block_on(async {
        let Scenario { env, bob, eve, post, response, .. } = scenario().await;
        let mut expected = vec![response.id];
        for _ in 0..6 {
            env.clock.advance(Duration::from_millis(1));
            expected.push(env.service.respond(&bob, post, words("hello"), None).await.unwrap().response.id);
        }
        let (size, mut seen, mut after) = (PageSize::new(2).unwrap(), Vec::new(), None);
        loop {
            let page = env.service.list(&eve, post, size, after).await.unwrap();
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
        let scenario = scenario().await;
        let (ann, eve, post, id) = (&scenario.ann, &scenario.eve, scenario.post, scenario.response.id);
        for missing in [Missing::Posts, Missing::Blocks] {
            let service = scenario.env.without(missing);
            let list = service.list(eve, post, PageSize::DEFAULT, None).await;
            refused(list, ErrorKind::Unavailable, "BACKEND_FAILED");
            refused(service.delete(eve, id).await, ErrorKind::Unavailable, "BACKEND_FAILED");
            refused(service.mark_helpful(ann, id).await, ErrorKind::Unavailable, "BACKEND_FAILED");
        }
        let blind = scenario.env.without(Missing::Posts);
        refused(blind.respond(eve, post, words("hi"), None).await, ErrorKind::Unavailable, "BACKEND_FAILED");
        let stats = scenario.env.without(Missing::Blocks).stats(eve).await;
        refused(stats, ErrorKind::Unavailable, "BACKEND_FAILED");
        assert_eq!(scenario.env.announced().await, []);
    });
}
