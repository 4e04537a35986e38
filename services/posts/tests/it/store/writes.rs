//! Posts, versions, revisions and events.

use super::*;

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn a_post_is_returned_unchanged_with_millisecond_precision(harness: &Harness) {
        let post = post_of(&member(), NOW, full());
        harness.insert(&post).await;
        let back = harness.store.get(post.id).await.unwrap().unwrap();
        assert_eq!(back.created_at.millis(), 1_700_000_000_123);
        assert_eq!(back, post);
    }

    async fn every_version_is_returned_unchanged_also_when_deleted(harness: &Harness) {
        let sos = post_of(&member(), NOW, parts(Kind::Sos, 5, "help"));
        harness.insert(&sos).await;
        let edits = [
            Edit::Body(Body::new("more").unwrap()),
            Edit::Categories(categories(&["grief"])),
            Edit::Tags(Tags::new(["tag"]).unwrap()),
            Edit::SetWarning(ContentWarning::new("loss").unwrap()),
            Edit::Urgency(Urgency::MIN_SOS),
        ];
        let edited = harness.replace(sos.edited(&edits, NOW.after(Duration::from_millis(1))).unwrap()).await;
        let resolved = harness.replace(edited.resolved(NOW.after(Duration::from_millis(2)))).await;
        let deleted_post = harness.replace(resolved.deleted(NOW.after(Duration::from_millis(3)))).await;
        assert_eq!(harness.store.get(sos.id).await.unwrap(), Some(deleted_post.clone()));
        let back = harness.replace(deleted_post.restored()).await;
        assert_eq!(harness.store.get(sos.id).await.unwrap(), Some(back));
    }

    async fn a_post_is_stored_with_its_event(harness: &Harness) {
        let post = post();
        harness.insert(&post).await;
        assert_eq!(harness.published_events().await, [EventPayload::Post(PostEvent::Created(post_ref(&post)))]);
    }

    async fn an_id_in_use_is_a_unique_violation_and_publishes_nothing(harness: &Harness) {
        let post = post();
        harness.store.insert(&post, &[]).await.unwrap();
        let error = harness.store.insert(&post, &[created(&post)]).await.unwrap_err();
        assert!(matches!(&error, StoreError::UniqueViolation(key) if key == "id"), "{error:?}");
        assert_eq!(harness.published_events().await, []);
    }

    async fn a_deleted_post_leaves_every_list_and_its_events_are_still_sent(harness: &Harness) {
        let ann = member();
        let post = post_of(&ann, now(), PostContentParts { categories: categories(&["grief"]), ..full() });
        harness.insert(&post).await;
        assert!(harness.store.replace(&deleted_now(&post), &[deleted(&post)]).await.unwrap());
        for order in ORDERS {
            for filter in [Filter::default(), in_categories(&["grief"])] {
                assert_eq!(harness.list_ids(&viewer(ann.user, now()), &filter, order).await, []);
            }
        }
        assert_eq!(harness.search_ids(&viewer(ann.user, now()), "body").await, []);
        assert_eq!(
            harness.published_events().await,
            [
                EventPayload::Post(PostEvent::Created(post_ref(&post))),
                EventPayload::Post(PostEvent::Deleted(post_ref(&post)))
            ]
        );
    }

    async fn events_of_a_post_are_sent_in_the_order_of_their_writes(harness: &Harness) {
        let post = post();
        // The clock of the second write was set back, so its event has the smaller id.
        let first = Event { id: event_id(NOW.after(MAX_REDELIVERY_AGE)), ..created(&post) };
        let second = Event { id: event_id(NOW), ..deleted(&post) };
        harness.store.insert(&post, std::slice::from_ref(&first)).await.unwrap();
        harness.store.replace(&deleted_now(&post), std::slice::from_ref(&second)).await.unwrap();
        assert_eq!(harness.published_events().await, [first.payload, second.payload]);
    }

    async fn one_of_several_concurrent_writers_of_a_version_succeeds(harness: &Harness) {
        let post = post();
        harness.store.insert(&post, &[]).await.unwrap();
        let attempts: Vec<_> = (0..16)
            .map(|_| {
                let (store, next, event) = (harness.store.clone(), deleted_now(&post), deleted(&post));
                tokio::spawn(async move { store.replace(&next, &[event]).await.unwrap() })
            })
            .collect();
        let mut succeeded = 0;
        for attempt in attempts {
            succeeded += usize::from(attempt.await.unwrap());
        }
        assert_eq!(succeeded, 1);
        assert_eq!(harness.published_events().await, [EventPayload::Post(PostEvent::Deleted(post_ref(&post)))]);
    }

    async fn replacing_a_missing_post_publishes_nothing(harness: &Harness) {
        let post = post();
        assert!(!harness.store.replace(&deleted_now(&post), &[deleted(&post)]).await.unwrap());
        assert_eq!(harness.published_events().await, []);
    }

    async fn a_post_can_be_inserted_as_held(harness: &Harness) {
        let post = Post { moderation: Some(ModerationState::Held(NOW)), ..post() };
        harness.insert(&post).await;
        assert_eq!(harness.store.get(post.id).await.unwrap(), Some(post));
    }

    async fn the_last_revisions_are_stored_in_order_and_purged_with_the_post(harness: &Harness) {
        let (mut post, first) = (post(), post());
        harness.insert(&post).await;
        assert_eq!(harness.store.revisions(post.id).await.unwrap(), []);
        let mut revisions = Vec::new();
        for turn in 0..MAX_REVISIONS + 3 {
            let revision = Revision {
                at: NOW.after(Duration::from_secs(u64::try_from(turn).unwrap())),
                text: format!("$text {turn}"),
            };
            let next = post.edited(&[], revision.at).unwrap();
            // A write of any other version stores no revision.
            assert!(!harness.store.edit(&next.deleted(NOW), &revision, &[created(&post)]).await.unwrap());
            assert!(harness.store.edit(&next, &revision, &[]).await.unwrap());
            revisions.push(revision);
            post = next;
        }
        assert_eq!(harness.store.revisions(post.id).await.unwrap(), revisions.split_off(3));
        assert_eq!(harness.store.get(post.id).await.unwrap(), Some(post.clone()));
        assert_eq!(harness.store.revisions(first.id).await.unwrap(), []);
        let deleted_post = harness.replace(post.deleted(NOW)).await;
        assert_eq!(harness.store.revisions(post.id).await.unwrap().len(), MAX_REVISIONS);
        harness.store.purge(NOW, 10).await.unwrap();
        assert_eq!(harness.store.revisions(deleted_post.id).await.unwrap(), []);
    }

    async fn a_revision_is_stored_with_its_event(harness: &Harness) {
        let post = post();
        harness.store.insert(&post, &[]).await.unwrap();
        let (next, revision) = (post.edited(&[], NOW).unwrap(), Revision { at: NOW, text: "before".to_owned() });
        assert!(harness.store.edit(&next, &revision, &[deleted(&post)]).await.unwrap());
        assert_eq!(harness.published_events().await, [EventPayload::Post(PostEvent::Deleted(post_ref(&post)))]);
    }

    async fn a_purge_deletes_only_posts_deleted_before_the_given_time(harness: &Harness) {
        let ann = member();
        let posts: Vec<Post> = (0..4).map(|_| post_by(&ann, NOW)).collect();
        for post in &posts {
            harness.insert(post).await;
        }
        for (post, millis) in posts.iter().zip([0, 1, 2]) {
            harness.replace(post.deleted(NOW.after(Duration::from_millis(millis)))).await;
        }
        let deleted_by = NOW.after(Duration::from_millis(1));
        assert_eq!(harness.store.purge(deleted_by, 1).await.unwrap(), 1);
        assert_eq!(harness.store.purge(deleted_by, 10).await.unwrap(), 1);
        assert_eq!(harness.store.purge(deleted_by, 10).await.unwrap(), 0);
        let mut left = Vec::new();
        for post in &posts {
            left.push(harness.store.get(post.id).await.unwrap().is_some());
        }
        assert_eq!(left, [false, false, true, true]);
    }
}
