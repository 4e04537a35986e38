//! Use cases and their errors, over SQLite.

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
    harness::{HUG, NOW, created_payload, deleted_payload, some_response, words},
};

/// Ann wrote the post, Bob answered, Eve reads.
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
    let response = env.service.create(&bob, post, words("you are not alone"), None).await.unwrap().response;
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
fn viewers_of_the_post_see_its_responses() {
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
fn circle_responses_use_circle_personas_until_archival() {
    block_on(async {
        let Scenario { env, ann, bob, .. } = scenario().await;
        let (post, persona) = (env.others.post_by(&ann), PersonaId::random(&SystemEntropy));
        let circle = CircleId::from_uuid(claim());
        let member = Member { persona, role: CircleRole::Member, can_post: true };
        env.others.inside(&bob, post, CircleContext { circle, member });
        let given = env.service.create(&bob, post, HUG, None).await.unwrap().response;
        assert_eq!((given.persona, given.circle), (persona, Some(circle)));
        assert_eq!(env.service.persona(&bob, post).await.unwrap(), persona);
        env.others.inside(&bob, post, CircleContext { circle, member: Member { can_post: false, ..member } });
        let refusal = env.service.create(&bob, post, words("hold on"), None).await;
        refused(refusal, ErrorKind::FailedPrecondition, "CIRCLE_ARCHIVED");
        env.service.delete(&bob, given.id).await.unwrap();
    });
}

#[test]
fn response_events_carry_the_response_class() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        let mut expected = Vec::new();
        for content in [words("short"), words(&"long ".repeat(40)), HUG] {
            expected.push(created_payload(&env.service.create(&bob, post, content, None).await.unwrap().response));
        }
        assert_eq!(env.announced().await, expected);
    });
}

#[test]
fn a_repeated_quick_support_emits_one_event() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        let first = env.service.create(&bob, post, HUG, None).await.unwrap().response;
        env.clock.advance(Duration::from_mins(1));
        assert_eq!(env.service.create(&bob, post, HUG, None).await.unwrap().response, first);
        assert_eq!(env.announced().await, [created_payload(&first)]);
    });
}

#[test]
fn a_repeated_call_finds_its_response() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        for content in [words("once"), HUG] {
            let id = Some(claim());
            let first = env.service.create(&bob, post, content.clone(), id).await.unwrap().response;
            assert_eq!(Some(first.id.uuid()), id);
            env.clock.advance(Duration::from_mins(2));
            assert_eq!(env.service.create(&bob, post, content, id).await.unwrap().response, first);
            assert_eq!(env.announced().await, [created_payload(&first)]);
        }
    });
}

#[test]
fn an_id_of_another_author_is_rejected() {
    block_on(async {
        let Scenario { env, eve, post, response, .. } = scenario().await;
        let outcome = env.service.create(&eve, post, words("mine"), Some(response.id.uuid())).await;
        refused(outcome, ErrorKind::AlreadyExists, "INTERNAL");
        assert_eq!(env.announced().await, []);
    });
}

#[test]
fn authors_can_add_text_but_not_quick_support_to_their_post() {
    block_on(async {
        let Scenario { env, ann, post, .. } = scenario().await;
        refused(
            env.service.create(&ann, post, HUG, None).await,
            ErrorKind::FailedPrecondition,
            "CANNOT_SUPPORT_OWN_POST",
        );
        let added = env.service.create(&ann, post, words("still here"), None).await.unwrap().response;
        assert_eq!(env.announced().await, [created_payload(&added)]);
        assert_eq!(env.service.stats(&ann).await.unwrap(), Stats { received: 1, ..Stats::default() });
    });
}

#[test]
fn responses_to_an_invisible_post_cannot_be_read_or_created() {
    block_on(async {
        let scenario = scenario().await;
        scenario.env.others.block(&scenario.ann, &scenario.eve);
        let nowhere = PostId::new(NOW, &SystemEntropy);
        for (viewer, post) in [(&scenario.eve, scenario.post), (&scenario.bob, nowhere)] {
            let service = &scenario.env.service;
            refused(service.create(viewer, post, words("hi"), None).await, ErrorKind::NotFound, "POST_NOT_FOUND");
            refused(service.create(viewer, post, HUG, None).await, ErrorKind::NotFound, "POST_NOT_FOUND");
            let list = service.list(viewer, post, PageSize::DEFAULT, None).await;
            refused(list, ErrorKind::NotFound, "POST_NOT_FOUND");
        }
        assert_eq!(scenario.env.announced().await, []);
    });
}

#[test]
fn responses_of_hidden_accounts_do_not_exist() {
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
fn responses_disappear_with_their_post() {
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
fn only_the_author_can_delete_a_response_once() {
    block_on(async {
        let scenario = scenario().await;
        let (service, id) = (&scenario.env.service, scenario.response.id);
        for stranger in [&scenario.eve, &scenario.ann] {
            refused(service.delete(stranger, id).await, ErrorKind::PermissionDenied, "NOT_AUTHOR");
        }
        service.delete(&scenario.bob, id).await.unwrap();
        for caller in [&scenario.bob, &scenario.eve, &scenario.ann] {
            refused(service.delete(caller, id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        }
        assert_eq!(scenario.listed(&scenario.ann).await.unwrap(), []);
        assert_eq!(scenario.env.announced().await, [deleted_payload(&scenario.response)]);
        let nothing = some_response().id;
        refused(service.delete(&scenario.bob, nothing).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn an_author_can_delete_a_response_to_an_invisible_post() {
    block_on(async {
        let scenario = scenario().await;
        scenario.env.others.block(&scenario.ann, &scenario.bob);
        scenario.env.service.delete(&scenario.bob, scenario.response.id).await.unwrap();
        assert_eq!(scenario.env.announced().await, [deleted_payload(&scenario.response)]);
    });
}

#[test]
fn a_helpful_mark_is_idempotent_and_keeps_the_first_time() {
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
            [EventPayload::Response(ResponseEvent::MarkedHelpful(scenario.response.response_ref()))]
        );
        assert_eq!(env.service.stats(&scenario.bob).await.unwrap().helpful_given, 1);
    });
}

#[test]
fn only_the_post_author_can_mark_responses_of_others() {
    block_on(async {
        let Scenario { env, ann, bob, eve, post, response } = scenario().await;
        for other in [&bob, &eve] {
            let outcome = env.service.mark_helpful(other, response.id).await;
            refused(outcome, ErrorKind::PermissionDenied, "NOT_POST_AUTHOR");
        }
        let own = env.service.create(&ann, post, words("thank you"), None).await.unwrap().response;
        refused(
            env.service.mark_helpful(&ann, own.id).await,
            ErrorKind::FailedPrecondition,
            "CANNOT_MARK_OWN_RESPONSE",
        );
        env.service.delete(&bob, response.id).await.unwrap();
        refused(env.service.mark_helpful(&ann, response.id).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
        let nothing = some_response().id;
        refused(env.service.mark_helpful(&ann, nothing).await, ErrorKind::NotFound, "RESPONSE_NOT_FOUND");
    });
}

#[test]
fn concurrent_quick_supports_count_once() {
    block_on(async {
        let Scenario { env, bob, post, .. } = scenario().await;
        let taps: Vec<_> = (0..200)
            .map(|_| {
                let (service, bob) = (env.service.clone(), bob.clone());
                tokio::spawn(async move { service.create(&bob, post, HUG, None).await.unwrap().response })
            })
            .collect();
        let mut given = Vec::new();
        for tap in taps {
            given.push(tap.await.unwrap());
        }
        given.dedup();
        assert_eq!(given.len(), 1);
        assert_eq!(env.announced().await, [created_payload(&given[0])]);
        assert_eq!(env.service.stats(&bob).await.unwrap().quick_given, 1);
    });
}

#[test]
fn pages_have_no_gaps() {
    block_on(async {
        let Scenario { env, bob, eve, post, response, .. } = scenario().await;
        let mut expected = vec![response.id];
        for _ in 0..6 {
            env.clock.advance(Duration::from_millis(1));
            expected.push(env.service.create(&bob, post, words("hello"), None).await.unwrap().response.id);
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
fn a_failing_port_fails_the_call_without_a_write() {
    block_on(async {
        let scenario = scenario().await;
        let (ann, eve, post, id) = (&scenario.ann, &scenario.eve, scenario.post, scenario.response.id);
        for missing in [Missing::Posts, Missing::Blocks] {
            let service = scenario.env.without(missing);
            let list = service.list(eve, post, PageSize::DEFAULT, None).await;
            refused(list, ErrorKind::Unavailable, "INTERNAL");
            refused(service.delete(eve, id).await, ErrorKind::Unavailable, "INTERNAL");
            refused(service.mark_helpful(ann, id).await, ErrorKind::Unavailable, "INTERNAL");
        }
        let blind = scenario.env.without(Missing::Posts);
        refused(blind.create(eve, post, words("hi"), None).await, ErrorKind::Unavailable, "INTERNAL");
        let stats = scenario.env.without(Missing::Blocks).stats(eve).await;
        refused(stats, ErrorKind::Unavailable, "INTERNAL");
        assert_eq!(scenario.env.announced().await, []);
    });
}
