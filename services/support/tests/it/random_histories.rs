//! Random histories: stats match a recount and each change has exactly one event.

use std::{collections::BTreeSet, time::Duration};

use kith_kernel::{Actor, DomainError as _, ErrorKind, EventPayload, PostId, ResponseEvent, ResponseId, UserId};
use kith_support::{Content, Error, QuickKind, Response, Stats};
use kith_testkit::{block_on, member};
use proptest::prelude::*;

use crate::{
    env::TestEnv,
    harness::{created_payload, deleted_payload, mongo, words},
};

const PEOPLE: usize = 4;
const POSTS: usize = 3;

/// An attempted action. Numbers select users, posts and responses.
#[derive(Debug, Clone)]
enum Act {
    Say { who: usize, post: usize, chars: usize },
    Tap { who: usize, post: usize, kind: usize },
    Delete { who: usize, which: usize },
    DeleteOwn { which: usize },
    Mark { who: usize, which: usize },
    MarkOwn { which: usize },
    Block { one: usize, other: usize },
    Unblock,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (who, post, which) = (0..PEOPLE, 0..POSTS, 0..64_usize);
    let act = prop_oneof![
        4 => (who.clone(), post.clone(), prop_oneof![Just(1_usize), Just(100), Just(101)])
            .prop_map(|(who, post, chars)| Act::Say { who, post, chars }),
        4 => (who.clone(), post, 0..2_usize).prop_map(|(who, post, kind)| Act::Tap { who, post, kind }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Act::Delete { who, which }),
        2 => which.clone().prop_map(|which| Act::DeleteOwn { which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Act::Mark { who, which }),
        3 => which.prop_map(|which| Act::MarkOwn { which }),
        1 => (who.clone(), who).prop_map(|(one, other)| Act::Block { one, other }),
        1 => Just(Act::Unblock),
    ];
    prop::collection::vec(act, 1..60)
}

/// Reference model: all created responses and their state.
struct Model {
    env: TestEnv,
    people: Vec<Actor>,
    posts: Vec<PostId>,
    given: Vec<Response>,
    told: Vec<EventPayload>,
}

impl Model {
    fn new(env: TestEnv) -> Self {
        let people: Vec<Actor> = (0..PEOPLE).map(|_| member()).collect();
        let posts = (0..POSTS).map(|author| env.others.post_by(&people[author])).collect();
        Self { env, people, posts, given: Vec::new(), told: Vec::new() }
    }

    async fn act(&mut self, act: Act) {
        self.env.clock.advance(Duration::from_millis(1));
        match act {
            Act::Say { who, post, chars } => self.respond(who, post, words(&"x".repeat(chars))).await,
            Act::Tap { who, post, kind } => self.respond(who, post, Content::Quick(QuickKind::ALL[kind])).await,
            Act::Delete { who, which } => self.delete(self.people[who].user, which).await,
            Act::DeleteOwn { which } => {
                if let Some(author) = self.chosen(which).map(|at| self.given[at].author) {
                    self.delete(author, which).await;
                }
            }
            Act::Mark { who, which } => self.mark(self.people[who].user, which).await,
            Act::MarkOwn { which } => {
                if let Some(author) = self.chosen(which).map(|at| self.given[at].post_author) {
                    self.mark(author, which).await;
                }
            }
            Act::Block { one, other } if one != other => {
                self.env.others.block(&self.people[one], &self.people[other]);
            }
            Act::Block { .. } => {}
            Act::Unblock => self.env.others.unblock_all(),
        }
    }

    fn chosen(&self, which: usize) -> Option<usize> {
        which.checked_rem(self.given.len())
    }

    fn person(&self, user: UserId) -> Actor {
        self.people.iter().find(|person| person.user == user).unwrap().clone()
    }

    fn sees(&self, viewer: UserId, response: &Response) -> bool {
        let others = &self.env.others;
        !others.hides(viewer, response.post_author) && !others.hides(viewer, response.author) && response.is_active()
    }

    async fn respond(&mut self, who: usize, post: usize, content: Content) {
        let (actor, author) = (&self.people[who], self.people[post].user);
        let outcome = self.env.service.create(actor, self.posts[post], content.clone(), None).await;
        if self.env.others.hides(actor.user, author) {
            assert!(matches!(outcome, Err(Error::PostNotFound)), "{outcome:?}");
            return;
        }
        if matches!(content, Content::Quick(_)) && actor.user == author {
            assert!(matches!(outcome, Err(Error::OwnPost)), "{outcome:?}");
            return;
        }
        let response = outcome.unwrap().response;
        let before = self.given.iter().find(|given| {
            let is_quick = matches!(given.content, Content::Quick(_));
            let same = given.author == actor.user && given.post == response.post && given.content == content;
            is_quick && same && given.is_active()
        });
        if let Some(before) = before {
            assert_eq!(response, *before);
            return;
        }
        self.told.push(created_payload(&response));
        self.given.push(response);
    }

    async fn delete(&mut self, user: UserId, which: usize) {
        let Some(at) = self.chosen(which) else { return };
        let outcome = self.env.service.delete(&self.person(user), self.given[at].id).await;
        let expected = match &self.given[at] {
            response if response.author == user && response.is_active() => None,
            response if self.sees(user, response) => Some(ErrorKind::PermissionDenied),
            _ => Some(ErrorKind::NotFound),
        };
        assert_eq!(outcome.err().map(|refusal| refusal.kind()), expected);
        if expected.is_none() {
            self.told.push(deleted_payload(&self.given[at]));
            self.given[at] = self.stored(self.given[at].id).await;
            assert!(!self.given[at].is_active());
        }
    }

    async fn mark(&mut self, user: UserId, which: usize) {
        let Some(at) = self.chosen(which) else { return };
        let outcome = self.env.service.mark_helpful(&self.person(user), self.given[at].id).await;
        let expected = match &self.given[at] {
            response if !self.sees(user, response) => Some(ErrorKind::NotFound),
            response if response.post_author != user => Some(ErrorKind::PermissionDenied),
            response if response.author == user => Some(ErrorKind::FailedPrecondition),
            _ => None,
        };
        assert_eq!(outcome.as_ref().err().map(kith_support::Error::kind), expected);
        let Ok(marked) = outcome else { return };
        if self.given[at].helpful_at.is_none() {
            self.told.push(EventPayload::Response(ResponseEvent::MarkedHelpful(marked.response_ref())));
            self.given[at] = marked;
        }
        assert_eq!(self.given[at], self.stored(self.given[at].id).await);
    }

    async fn stored(&self, id: ResponseId) -> Response {
        self.env.service.store.get(id).await.unwrap().unwrap()
    }

    fn recount(&self, user: UserId) -> Stats {
        let living =
            || self.given.iter().filter(|response| response.is_active() && response.author != response.post_author);
        let own: Vec<&Response> = living().filter(|response| response.author == user).collect();
        let count = |is: &dyn Fn(&Response) -> bool| own.iter().filter(|response| is(response)).count();
        let texts = count(&|response| matches!(response.content, Content::Text(_)));
        let posts: BTreeSet<PostId> = own.iter().map(|response| response.post).collect();
        let received = living().filter(|response| response.post_author == user);
        let received = received.filter(|response| !self.env.others.hides(user, response.author)).count();
        let figure = |count: usize| u64::try_from(count).unwrap();
        Stats {
            texts_given: figure(texts),
            quick_given: figure(own.len() - texts),
            posts_answered: figure(posts.len()),
            helpful_given: figure(count(&|response| response.helpful_at.is_some())),
            received: figure(received),
        }
    }

    async fn check(&self) {
        for person in &self.people {
            assert_eq!(self.env.service.stats(person).await.unwrap(), self.recount(person.user));
        }
        let told = self.env.announced().await;
        assert_eq!(told.len(), self.told.len(), "every change is told once");
        for response in &self.given {
            let about = |facts: &[EventPayload]| -> Vec<EventPayload> {
                facts.iter().filter(|fact| is_about(fact, response.id)).cloned().collect()
            };
            assert_eq!(about(&told), about(&self.told), "what is told of one thing is in order");
        }
        for response in &self.given {
            let deleted = told.iter().filter(|fact| **fact == deleted_payload(response)).count();
            assert_eq!(deleted, usize::from(!response.is_active()), "each is taken back at most once");
        }
    }
}

fn is_about(fact: &EventPayload, response: ResponseId) -> bool {
    matches!(fact, EventPayload::Response(
        ResponseEvent::Created { response: subject, .. }
        | ResponseEvent::Deleted { response: subject, .. }
        | ResponseEvent::MarkedHelpful(subject),
    ) if subject.response == response)
}

async fn live(env: TestEnv, acts: Vec<Act>) {
    let mut model = Model::new(env);
    for act in acts {
        model.act(act).await;
    }
    model.check().await;
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(64), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stats_match_a_recount_and_each_change_has_one_event(acts in acts()) {
        block_on(async { live(TestEnv::new().await, acts).await });
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: kith_testkit::cases(16), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stats_match_a_recount_in_mongo(acts in acts()) {
        block_on(async { live(TestEnv::on(mongo().await), acts).await });
    }
}
