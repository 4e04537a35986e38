//! Contract of `kith_support::store::Store`.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use kith_kernel::{
    CircleId, EventPayload, ModerationState, ResponseEvent, ResponseId, UserId,
    event::VisibilityChange,
    ports::{PostSummary, ResponseTally},
};
use kith_storage::StoreError;
use kith_support::{Content, QuickKind, Response, Stats};
use kith_testkit::{event, user};

use crate::harness::{
    HUG, Harness, NOW, created_payload, deleted, deleted_payload, given, marked, mongo, post, response, response_at,
    some_response, sqlite, words,
};

/// Number of concurrent callers of which one may succeed.
const CROWD: usize = 200;

async fn ids(harness: &Harness, post: &PostSummary, hidden: &BTreeSet<UserId>) -> Vec<ResponseId> {
    let responses = harness.store.list(post.id, None, user(), hidden, 1_000).await.unwrap();
    responses.into_iter().map(|response| response.id).collect()
}

fn removed_payload(response: &Response) -> EventPayload {
    let (about, weight) = (response.response_ref(), response.class());
    EventPayload::Response(ResponseEvent::VisibilityChanged {
        response: about,
        class: weight,
        change: VisibilityChange::Removed,
    })
}

/// Runs an attempt concurrently and returns all results.
async fn at_once<T: Send + 'static, F>(attempt: impl Fn() -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
{
    let attempts: Vec<_> = (0..CROWD).map(|_| tokio::spawn(attempt())).collect();
    let mut outcomes = Vec::new();
    for attempt in attempts {
        outcomes.push(attempt.await.unwrap());
    }
    outcomes
}

/// Reads all responses to a post page by page and runs `between` before each page.
async fn read_all(harness: &Harness, post: &PostSummary, mut between: impl AsyncFnMut(&[Response])) -> Vec<Response> {
    let (mut all, limit) = (Vec::<Response>::new(), 2);
    loop {
        between(&all).await;
        let after = all.last().map(|response| response.id);
        let page = harness.store.list(post.id, after, user(), &BTreeSet::new(), limit).await.unwrap();
        let ended = page.len() < 2;
        all.extend(page);
        if ended {
            return all;
        }
    }
}

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn a_stored_response_equals_the_inserted_one(harness: &Harness) {
        let post = post();
        let contents = QuickKind::ALL.map(Content::Quick).into_iter().chain([words("søvn & 'quotes' \u{1f917}")]);
        for content in contents {
            let made = response_at(&post, user(), content, NOW);
            assert_eq!(harness.store.insert(&made, &[]).await.unwrap(), made);
            let back = harness.store.get(made.id).await.unwrap().unwrap();
            assert_eq!(back.created_at.millis(), 1_700_000_000_123);
            assert_eq!(back, made);
        }
        assert_eq!(harness.store.get(some_response().id).await.unwrap(), None);
    }

    async fn counts_by_author_include_visible_responses_only(harness: &Harness) {
        let (one, other, bob, eve) = (post(), post(), user(), user());
        let held = Response { moderation: Some(ModerationState::Held(NOW)), ..response(&one, bob, words("call me")) };
        let gone = response(&one, bob, words("never mind"));
        let kept = [
            response(&one, bob, words("hold on")),
            response(&one, bob, HUG),
            response(&one, eve, words("me too")),
            response(&other, bob, HUG),
            response(&post(), bob, HUG),
        ];
        for response in kept.iter().chain([&held, &gone]) {
            harness.insert(response).await;
        }
        assert!(harness.store.delete(&gone, NOW, &[]).await.unwrap());
        let counted = harness.store.count_by_authors(&BTreeSet::from([bob]), &[one.id, other.id]).await.unwrap();
        let expected =
            [(one.id, ResponseTally { texts: 1, quick: 1 }), (other.id, ResponseTally { texts: 0, quick: 1 })];
        assert_eq!(counted, HashMap::from(expected));
        let both = harness.store.count_by_authors(&BTreeSet::from([bob, eve]), &[one.id]).await.unwrap();
        assert_eq!(both, HashMap::from([(one.id, ResponseTally { texts: 2, quick: 1 })]));
        assert_eq!(harness.store.count_by_authors(&BTreeSet::from([user()]), &[one.id]).await.unwrap(), HashMap::new());
    }

    async fn circle_responses_are_not_in_the_latest_public_ones(harness: &Harness) {
        let circle = Some(CircleId::from_uuid(user().uuid()));
        let (post, public) = (post(), some_response());
        let inside = Response { circle, ..response(&post, user(), words("between us")) };
        harness.insert(&public).await;
        harness.insert(&inside).await;
        assert_eq!(harness.store.get(inside.id).await.unwrap().unwrap(), inside);
        assert_eq!(harness.store.latest(None, None, 10).await.unwrap(), [public]);
        assert_eq!(harness.store.latest(Some(post.id), None, 10).await.unwrap(), [inside]);
    }

    async fn a_response_is_stored_with_its_event(harness: &Harness) {
        let response = some_response();
        harness.insert(&response).await;
        assert_eq!(harness.announced().await, [created_payload(&response)]);
    }

    async fn a_duplicate_id_is_rejected_without_an_event(harness: &Harness) {
        let post = post();
        for content in [words("again"), HUG] {
            let first = response(&post, user(), content.clone());
            harness.store.insert(&first, &[]).await.unwrap();
            let second = Response { author: user(), ..first };
            let refusal = harness.store.insert(&second, &[given(&second)]).await.unwrap_err();
            assert!(matches!(&refusal, StoreError::UniqueViolation(key) if key == "id"), "{refusal:?}");
        }
        assert_eq!(harness.announced().await, []);
    }

    async fn a_repeated_quick_support_is_returned_without_an_event(harness: &Harness) {
        let (post, ann) = (post(), user());
        let (first, again) = (response(&post, ann, HUG), response(&post, ann, HUG));
        harness.insert(&first).await;
        assert_eq!(harness.store.insert(&again, &[given(&again)]).await.unwrap(), first);
        assert_eq!(harness.store.get(again.id).await.unwrap(), None);
        assert_eq!(harness.announced().await, [created_payload(&first)]);
    }

    async fn quick_supports_are_unique_per_kind_author_and_post(harness: &Harness) {
        let (here, there, ann) = (post(), post(), user());
        let all = [
            response(&here, ann, HUG),
            response(&here, ann, Content::Quick(QuickKind::StayStrong)),
            response(&here, user(), HUG),
            response(&there, ann, HUG),
        ];
        for one in &all {
            assert_eq!(harness.store.insert(one, &[]).await.unwrap(), *one);
        }
        assert_eq!(
            (ids(harness, &here, &BTreeSet::new()).await.len(), ids(harness, &there, &BTreeSet::new()).await.len()),
            (3, 1)
        );
    }

    async fn a_deleted_quick_support_can_be_given_again(harness: &Harness) {
        let (post, ann) = (post(), user());
        let (first, anew) = (response(&post, ann, HUG), response(&post, ann, HUG));
        harness.insert(&first).await;
        assert!(harness.store.delete(&first, NOW, &[deleted(&first)]).await.unwrap());
        assert_eq!(harness.announced().await, [created_payload(&first), deleted_payload(&first)]);
        assert_eq!(harness.store.insert(&anew, &[given(&anew)]).await.unwrap(), anew);
        assert_eq!(harness.announced().await, [created_payload(&anew)]);
    }

    async fn equal_texts_are_separate_responses(harness: &Harness) {
        let (post, ann) = (post(), user());
        for _ in 0..2 {
            harness.insert(&response(&post, ann, words("stay"))).await;
        }
        assert_eq!(ids(harness, &post, &BTreeSet::new()).await.len(), 2);
    }

    async fn of_200_concurrent_quick_supports_one_is_stored_and_announced(harness: &Harness) {
        let (post, ann) = (post(), user());
        let kept = at_once(|| {
            let (store, response) = (harness.store.clone(), response(&post, ann, HUG));
            async move { store.insert(&response, &[given(&response)]).await.unwrap() }
        })
        .await;
        assert!(kept.iter().all(|one| *one == kept[0]), "all are given the same");
        assert_eq!(ids(harness, &post, &BTreeSet::new()).await, [kept[0].id]);
        assert_eq!(harness.announced().await, [created_payload(&kept[0])]);
    }

    async fn of_concurrent_deletions_one_succeeds(harness: &Harness) {
        let response = some_response();
        harness.store.insert(&response, &[]).await.unwrap();
        let told = at_once(|| {
            let (store, event) = (harness.store.clone(), deleted(&response));
            let response = response.clone();
            async move { store.delete(&response, NOW, &[event]).await.unwrap() }
        })
        .await;
        assert_eq!(told.into_iter().filter(|told| *told).count(), 1);
        assert_eq!(harness.announced().await, [deleted_payload(&response)]);
    }

    async fn held_and_removed_responses_are_listed_for_their_author_and_uncounted(harness: &Harness) {
        let (post, bob) = (post(), user());
        let held = Response { moderation: Some(ModerationState::Held(NOW)), ..response(&post, bob, words("call me")) };
        harness.store.insert(&held, &[]).await.unwrap();
        assert_eq!(harness.store.get(held.id).await.unwrap(), Some(held.clone()));
        let listed = async |viewer| harness.store.list(post.id, None, viewer, &BTreeSet::new(), 9).await.unwrap();
        let mut before = held.clone();
        for moderation in
            [Some(ModerationState::Held(NOW)), Some(ModerationState::Removed(NOW)), Some(ModerationState::Held(NOW))]
        {
            assert!(harness.store.moderate(&before, moderation, &[]).await.unwrap());
            before = Response { moderation, ..before };
            assert_eq!(harness.store.get(held.id).await.unwrap(), Some(before.clone()));
            assert_eq!(listed(bob).await, std::slice::from_ref(&before));
            assert_eq!(listed(post.author).await, []);
            assert_eq!(harness.store.mark_helpful(held.id, NOW, &[marked(&held)]).await.unwrap(), None);
            for person in [bob, post.author] {
                assert_eq!(harness.store.stats(person, &BTreeSet::new()).await.unwrap(), Stats::default());
            }
            assert_eq!(harness.store.latest(Some(post.id), None, 9).await.unwrap(), []);
        }
        assert!(harness.store.moderate(&before, None, &[]).await.unwrap());
        let open = Response { moderation: None, ..before };
        assert_eq!(listed(post.author).await, std::slice::from_ref(&open));
        assert_eq!(harness.store.latest(Some(post.id), None, 9).await.unwrap(), [open]);
        assert_eq!(harness.store.stats(bob, &BTreeSet::new()).await.unwrap().texts_given, 1);
        assert_eq!(harness.announced().await, []);
    }

    async fn of_concurrent_moderations_of_one_state_one_succeeds(harness: &Harness) {
        let response = some_response();
        harness.insert(&response).await;
        harness.announced().await;
        let told = at_once(|| {
            let (store, response) = (harness.store.clone(), response.clone());
            let event = event(removed_payload(&response));
            async move { store.moderate(&response, Some(ModerationState::Removed(NOW)), &[event]).await.unwrap() }
        })
        .await;
        assert_eq!(told.into_iter().filter(|told| *told).count(), 1);
        assert_eq!(harness.announced().await, [removed_payload(&response)]);
        assert!(
            !harness.store.delete(&response, NOW, &[deleted(&response)]).await.unwrap(),
            "it is not as it was read"
        );
        let removed = Response { moderation: Some(ModerationState::Removed(NOW)), ..response };
        assert!(harness.store.delete(&removed, NOW, &[]).await.unwrap());
        assert!(!harness.store.moderate(&removed, None, &[given(&removed)]).await.unwrap(), "nor is it now");
        let gone = Response { deleted_at: Some(NOW), ..removed };
        assert!(harness.store.moderate(&gone, None, &[]).await.unwrap());
        assert_eq!(harness.store.get(gone.id).await.unwrap(), Some(Response { moderation: None, ..gone }));
        assert_eq!(harness.announced().await, []);
        assert!(!harness.store.moderate(&some_response(), None, &[]).await.unwrap());
    }

    async fn latest_returns_visible_texts_before_the_cursor(harness: &Harness) {
        let (here, there) = (post(), post());
        let mut said = Vec::new();
        for turn in 0..4_u64 {
            for post in [&here, &there] {
                let at = NOW.after(Duration::from_millis(turn));
                let one = response_at(post, user(), words("hello"), at);
                harness.insert(&one).await;
                harness.insert(&response_at(post, user(), HUG, at)).await;
                said.push(one);
            }
        }
        let gone = said.remove(7);
        harness.store.delete(&gone, NOW, &[]).await.unwrap();
        said.sort_by_key(|one| std::cmp::Reverse(one.id));
        let newest = async |post, before, limit| harness.store.latest(post, before, limit).await.unwrap();
        assert_eq!(newest(None, None, 100).await, said);
        assert_eq!(newest(None, None, 2).await, said[..2]);
        assert_eq!(newest(None, None, 0).await, []);
        let of_here: Vec<Response> = said.iter().filter(|one| one.post == here.id).cloned().collect();
        assert_eq!(newest(Some(here.id), None, 100).await, of_here);
        assert_eq!(newest(Some(here.id), Some(of_here[1].id), 1).await, of_here[2..3]);
    }

    async fn of_concurrent_helpful_marks_the_first_is_kept_and_announced(harness: &Harness) {
        let response = some_response();
        harness.store.insert(&response, &[]).await.unwrap();
        let turn = Arc::new(std::sync::atomic::AtomicU64::new(0));
        let moments = at_once(|| {
            let millis = turn.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            let (store, event, at) =
                (harness.store.clone(), marked(&response), NOW.after(Duration::from_millis(millis)));
            let id = response.id;
            async move { store.mark_helpful(id, at, &[event]).await.unwrap().unwrap().helpful_at }
        })
        .await;
        assert!(moments[0].is_some() && moments.iter().all(|moment| *moment == moments[0]), "{moments:?}");
        assert_eq!(harness.store.get(response.id).await.unwrap().unwrap().helpful_at, moments[0]);
        assert_eq!(
            harness.announced().await,
            [EventPayload::Response(ResponseEvent::MarkedHelpful(response.response_ref()))]
        );
    }

    async fn a_deleted_response_is_unlisted_and_loadable_until_purged(harness: &Harness) {
        let (post, ann) = (post(), user());
        let response = response(&post, ann, words("sorry"));
        harness.insert(&response).await;
        assert!(harness.store.delete(&response, NOW, &[deleted(&response)]).await.unwrap());
        assert_eq!(ids(harness, &post, &BTreeSet::new()).await, []);
        let known = harness.store.get(response.id).await.unwrap().unwrap();
        assert_eq!(known, Response { deleted_at: Some(NOW), ..response.clone() });
        assert_eq!(harness.announced().await, [created_payload(&response), deleted_payload(&response)]);
    }

    async fn failed_deletions_and_marks_emit_no_event(harness: &Harness) {
        let response = some_response();
        assert!(!harness.store.delete(&response, NOW, &[deleted(&response)]).await.unwrap());
        assert_eq!(harness.store.mark_helpful(response.id, NOW, &[marked(&response)]).await.unwrap(), None);
        harness.store.insert(&response, &[]).await.unwrap();
        harness.store.delete(&response, NOW, &[]).await.unwrap();
        assert!(!harness.store.delete(&response, NOW, &[deleted(&response)]).await.unwrap());
        assert_eq!(harness.store.mark_helpful(response.id, NOW, &[marked(&response)]).await.unwrap(), None);
        assert_eq!(harness.announced().await, []);
    }

    async fn a_list_contains_one_post_oldest_first(harness: &Harness) {
        let (here, there) = (post(), post());
        let mut expected = Vec::new();
        for millis in [5, 1, 3, 2, 4] {
            let at = NOW.after(Duration::from_millis(millis));
            let response = response_at(&here, user(), words("hello"), at);
            harness.insert(&response).await;
            harness.insert(&response_at(&there, user(), words("hello"), at)).await;
            expected.push(response.id);
        }
        expected.sort();
        assert_eq!(ids(harness, &here, &BTreeSet::new()).await, expected);
    }

    async fn hidden_accounts_do_not_shorten_a_page(harness: &Harness) {
        let (post, ann, bob) = (post(), user(), user());
        for millis in 0..3 {
            let at = NOW.after(Duration::from_millis(millis));
            harness.insert(&response_at(&post, bob, words("unheard"), at)).await;
            harness.insert(&response_at(&post, ann, words("heard"), at)).await;
        }
        // More accounts than a statement can have parameters.
        let mut hidden: BTreeSet<UserId> = (0..40_000).map(|_| user()).collect();
        hidden.insert(bob);
        let page = harness.store.list(post.id, None, user(), &hidden, 3).await.unwrap();
        assert_eq!(page.iter().map(|response| response.author).collect::<Vec<_>>(), [ann; 3]);
        assert_eq!(harness.store.stats(post.author, &hidden).await.unwrap().received, 3);
    }

    async fn pages_contain_each_response_once_under_concurrent_changes(harness: &Harness) {
        let post = post();
        let mut lasting = BTreeSet::new();
        for _ in 0..9 {
            let response = response(&post, user(), words("hello"));
            harness.insert(&response).await;
            lasting.insert(response.id);
        }
        let (mut shown_and_gone, mut late) = (0, 0);
        let seen = read_all(harness, &post, async |so_far| {
            // The loop ends although responses are added continuously.
            if late < 5 {
                harness.insert(&response(&post, user(), words("late"))).await;
                late += 1;
            }
            // The last response of the page.
            if let Some(last) = so_far.last() {
                harness.store.delete(last, NOW, &[]).await.unwrap();
                shown_and_gone += 1;
            }
        })
        .await;
        let once: BTreeSet<ResponseId> = seen.iter().map(|response| response.id).collect();
        assert_eq!(once.len(), seen.len(), "no response is shown twice");
        assert!(seen.is_sorted_by_key(|response| response.id));
        assert!(lasting.is_subset(&once), "no response is left out");
        assert!(shown_and_gone > 0);
    }

    async fn stats_exclude_deleted_responses_and_own_posts(harness: &Harness) {
        let (ann, bob, eve) = (user(), user(), user());
        let (of_ann, of_eve) = (PostSummary { author: ann, ..post() }, PostSummary { author: eve, ..post() });
        let helped = response(&of_ann, bob, words("it passes"));
        let gone = response(&of_eve, bob, words("never mind"));
        let quick = response(&of_ann, bob, HUG);
        let own = response(&of_ann, ann, words("thank you all"));
        let unseen = response(&of_ann, eve, words("hello"));
        for response in [&helped, &gone, &quick, &own, &unseen] {
            harness.insert(response).await;
        }
        harness.store.mark_helpful(helped.id, NOW, &[]).await.unwrap();
        harness.store.delete(&gone, NOW, &[]).await.unwrap();
        let bobs = Stats { texts_given: 1, quick_given: 1, posts_answered: 1, helpful_given: 1, received: 0 };
        assert_eq!(harness.store.stats(bob, &BTreeSet::new()).await.unwrap(), bobs);
        let anns = Stats { received: 2, ..Stats::default() };
        assert_eq!(harness.store.stats(ann, &BTreeSet::from([eve])).await.unwrap(), anns);
        assert_eq!(harness.store.stats(ann, &BTreeSet::new()).await.unwrap(), Stats { received: 3, ..anns });
        assert_eq!(harness.store.stats(user(), &BTreeSet::new()).await.unwrap(), Stats::default());
    }

    async fn purge_removes_only_responses_deleted_before_the_limit(harness: &Harness) {
        let (post, later) = (post(), NOW.after(Duration::from_millis(1)));
        let [old, new, living] = [(); 3].map(|()| response(&post, user(), words("hello")));
        for response in [&old, &new, &living] {
            harness.insert(response).await;
        }
        harness.store.delete(&old, NOW, &[deleted(&old)]).await.unwrap();
        harness.store.delete(&new, later, &[deleted(&new)]).await.unwrap();
        assert_eq!(harness.store.purge(NOW, 0).await.unwrap(), 0);
        assert_eq!(harness.store.purge(NOW, 10).await.unwrap(), 1);
        assert_eq!(harness.store.get(old.id).await.unwrap(), None);
        assert!(harness.store.get(new.id).await.unwrap().is_some());
        assert_eq!(ids(harness, &post, &BTreeSet::new()).await, [living.id]);
        assert_eq!(harness.store.purge(NOW, 10).await.unwrap(), 0);
        assert_eq!(harness.announced().await.len(), 5, "events that wait are sent all the same");
    }
}
