//! Pages of feeds.

use super::*;

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn pages_contain_each_post_once_while_posts_are_inserted_and_deleted(harness: &Harness) {
        let filters = [
            Filter::default(),
            in_categories(&["alcohol", "grief"]),
            Filter { kinds: [Kind::Question, Kind::CheckIn].into(), ..Filter::default() },
        ];
        let new_post = |turn: i64| {
            let parts = parts([Kind::Question, Kind::CheckIn][usize::from(turn % 2 == 0)], turn % 5 + 1, "new");
            post_of(&member(), now(), PostContentParts { categories: categories(&["alcohol", "grief"]), ..parts })
        };
        for filter in &filters {
            for order in ORDERS {
                let mut existing = Vec::new();
                for turn in 0..9 {
                    let post = new_post(turn);
                    harness.insert(&post).await;
                    existing.push(post);
                }
                let mut deleted_count = 0;
                let posts = read_all(harness, (filter, order), 2, async |results| {
                    harness.insert(&new_post(i64::from(deleted_count))).await;
                    // Delete the post at which the page ended.
                    if let Some(last) = results.last() {
                        harness.replace(deleted_now(&last.post)).await;
                        deleted_count += 1;
                    }
                })
                .await;
                let ids: BTreeSet<_> = posts.iter().map(|post| post.id).collect();
                assert_eq!(ids.len(), posts.len(), "no duplicates: {filter} {order:?}");
                let key = |post: &Post| match order {
                    Order::Latest => (0, post.id),
                    Order::Urgent => (post.urgency_rank(), post.id),
                };
                assert!(posts.is_sorted_by(|one, next| key(one) > key(next)), "{filter} {order:?}");
                assert!(existing.iter().all(|post| ids.contains(&post.id)), "no post is missing");
                assert!(deleted_count > 0);
            }
        }
    }

    async fn held_and_removed_posts_are_listed_only_for_their_author(harness: &Harness) {
        let ann = member();
        let post =
            post_of(&ann, now(), PostContentParts { categories: categories(&["grief"]), expires_at: None, ..full() });
        harness.insert(&post).await;
        let held = harness.replace(post.with_moderation(Some(ModerationState::Held(NOW)))).await;
        let removed = harness.replace(held.with_moderation(Some(ModerationState::Removed(NOW)))).await;
        assert_eq!(harness.store.get(post.id).await.unwrap(), Some(removed.clone()));
        let lists = async |viewer: &Viewer| {
            let mut lists = vec![harness.search_ids(viewer, "body").await];
            for order in ORDERS {
                for filter in [Filter::default(), in_categories(&["grief"])] {
                    lists.push(harness.list_ids(viewer, &filter, order).await);
                }
            }
            lists
        };
        for hidden in [
            removed.with_moderation(Some(ModerationState::Held(NOW))),
            removed.with_moderation(Some(ModerationState::Removed(NOW))),
        ] {
            let next = harness.store.get(post.id).await.unwrap().unwrap().with_moderation(hidden.moderation);
            harness.replace(next).await;
            assert!(lists(&any_viewer()).await.iter().all(Vec::is_empty));
            assert!(lists(&viewer(ann.user, now())).await.iter().all(|list| *list == [post.id]));
        }
        let open = harness.store.get(post.id).await.unwrap().unwrap().with_moderation(None);
        harness.replace(open).await;
        assert!(lists(&any_viewer()).await.iter().all(|list| *list == [post.id]));
    }

    async fn a_page_is_full_although_posts_of_blocked_authors_are_skipped(harness: &Harness) {
        let (ann, bob) = (member(), member());
        for millis in 0..3_u64 {
            let at = NOW.after(Duration::from_millis(millis));
            harness.insert(&post_by(&ann, at)).await;
            harness.insert(&post_by(&bob, at)).await;
        }
        let blocking_viewer = Viewer { hidden: BTreeSet::from([bob.user]), ..any_viewer() };
        for order in ORDERS {
            let page_query = PageQuery { filter: &Filter::default(), order, after: None, limit: 3 };
            let page = harness.store.list(&blocking_viewer, &page_query).await.unwrap();
            assert_eq!(page.iter().map(|positioned| positioned.post.author).collect::<Vec<_>>(), [ann.user; 3]);
        }
        assert_eq!(harness.search_ids(&blocking_viewer, "evenings").await.len(), 3);
    }

    async fn urgent_posts_come_first_and_a_resolved_sos_comes_last(harness: &Harness) {
        let of =
            |kind, level, millis| post_of(&member(), NOW.after(Duration::from_millis(millis)), parts(kind, level, "x"));
        let four = of(Kind::Sos, 4, 0);
        let five = of(Kind::Sos, 5, 1);
        let (old, new) = (of(Kind::Question, 5, 2), of(Kind::CheckIn, 5, 3));
        let (low, resolved) = (of(Kind::Victory, 2, 4), of(Kind::Sos, 5, 5));
        for post in [&four, &five, &old, &new, &low, &resolved] {
            harness.insert(post).await;
        }
        harness.replace(resolved.resolved(NOW)).await;
        let viewer = viewer(kith_testkit::user(), NOW);
        let urgent = harness.list_ids(&viewer, &Filter::default(), Order::Urgent).await;
        assert_eq!(urgent, [five.id, four.id, new.id, old.id, low.id, resolved.id]);
        let latest = harness.list_ids(&viewer, &Filter::default(), Order::Latest).await;
        assert_eq!(latest, [resolved.id, low.id, new.id, old.id, five.id, four.id]);
        let filter = Filter { minimum_urgency: Some(Urgency::MIN_SOS), ..Filter::default() };
        assert_eq!(harness.list_ids(&viewer, &filter, Order::Latest).await, [new.id, old.id, five.id, four.id]);
    }

    async fn lists_and_searches_contain_exactly_the_posts_that_match_the_filter(harness: &Harness) {
        let slugs: [&[&str]; 4] = [&[], &["alcohol"], &["alcohol", "grief"], &["work"]];
        let mut all = Vec::new();
        for kind in Kind::ALL {
            for slugs in slugs {
                let level = if kind == Kind::Sos { 5 } else { i64::try_from(slugs.len()).unwrap() + 1 };
                let parts = PostContentParts { categories: categories(slugs), ..parts(kind, level, "the same words") };
                all.push(post_of(&member(), now(), parts));
            }
        }
        for post in &all {
            harness.insert(post).await;
        }
        let kinds = [BTreeSet::new(), [Kind::Sos].into(), [Kind::Victory, Kind::Question].into()];
        let wanted: [BTreeSet<Category>; 3] = [&[][..], &["grief"], &["alcohol", "grief", "work", "sex"]]
            .map(|slugs: &[&str]| slugs.iter().map(|slug| slug.parse().unwrap()).collect());
        for (kinds, categories) in kinds.iter().flat_map(|kinds| wanted.iter().map(move |wanted| (kinds, wanted))) {
            for minimum_urgency in [None, Some(Urgency::new(3).unwrap())] {
                let filter = Filter { kinds: kinds.clone(), categories: categories.clone(), minimum_urgency };
                let matching: BTreeSet<PostId> =
                    all.iter().filter(|post| filter.matches(post)).map(|post| post.id).collect();
                let page_query = |order| PageQuery { filter: &filter, order, after: None, limit: 100 };
                for order in ORDERS {
                    let page = harness.store.list(&any_viewer(), &page_query(order)).await.unwrap();
                    assert_eq!(page.len(), matching.len(), "{filter}");
                    assert_eq!(ids(&page).into_iter().collect::<BTreeSet<_>>(), matching, "{filter}");
                }
                let query = SearchQuery::new("same").unwrap();
                let found = harness.store.search(&any_viewer(), &query, &page_query(Order::Latest)).await.unwrap();
                assert_eq!(ids(&found).into_iter().collect::<BTreeSet<_>>(), matching, "{filter}");
            }
        }
    }

    async fn a_post_that_has_left_the_feeds_is_listed_only_for_its_author(harness: &Harness) {
        let (ann, end) = (member(), NOW.after(SOS_FEED_LIFETIME));
        let sos = post_of(&ann, NOW, parts(Kind::Sos, 5, "words"));
        let expiring =
            post_of(&ann, NOW, PostContentParts { expires_at: Some(end), ..parts(Kind::Question, 5, "words") });
        let resolved = post_of(&ann, NOW, parts(Kind::Sos, 5, "words"));
        for post in [&sos, &expiring, &resolved] {
            harness.insert(post).await;
        }
        let resolved = harness.replace(resolved.resolved(NOW)).await;
        let last = end.before(Duration::from_millis(1));
        for order in ORDERS {
            let listed = async |user, at| harness.list_ids(&viewer(user, at), &Filter::default(), order).await;
            assert_eq!(listed(kith_testkit::user(), last).await.len(), 3);
            assert_eq!(listed(kith_testkit::user(), end).await, [resolved.id]);
            assert_eq!(listed(ann.user, end).await.len(), 3);
        }
        assert_eq!(harness.search_ids(&viewer(kith_testkit::user(), end), "words").await, [resolved.id]);
        assert_eq!(harness.search_ids(&viewer(ann.user, end), "words").await.len(), 3);
    }

    async fn an_sos_is_demoted_after_it_has_left_the_feeds_and_not_before(harness: &Harness) {
        let ann = member();
        let sos =
            post_of(&ann, NOW, PostContentParts { categories: categories(&["grief"]), ..parts(Kind::Sos, 5, "help") });
        let other = post_of(
            &ann,
            NOW,
            PostContentParts { categories: categories(&["grief"]), ..parts(Kind::Question, 2, "how") },
        );
        harness.insert(&sos).await;
        harness.insert(&other).await;
        let end = NOW.after(SOS_FEED_LIFETIME);
        assert_eq!(harness.store.demote_expired_sos(end.before(Duration::from_millis(1)), 10).await.unwrap(), 0);
        assert_eq!(harness.store.demote_expired_sos(end, 10).await.unwrap(), 1);
        assert_eq!(harness.store.demote_expired_sos(end, 10).await.unwrap(), 0);
        for filter in [Filter::default(), in_categories(&["grief"])] {
            let own = harness.list_ids(&viewer(ann.user, end), &filter, Order::Urgent).await;
            assert_eq!(own, [other.id, sos.id]);
        }
        assert_eq!(harness.store.get(sos.id).await.unwrap(), Some(sos), "the content is unchanged");
    }

    async fn an_edit_of_the_categories_moves_the_post_between_category_feeds(harness: &Harness) {
        let parts = PostContentParts { categories: categories(&["alcohol", "grief"]), ..parts(Kind::Question, 1, "x") };
        let post = post_of(&member(), now(), parts);
        harness.insert(&post).await;
        let edits = [Edit::Categories(categories(&["grief", "work"])), Edit::Urgency(Urgency::MIN_SOS)];
        harness.replace(post.edited(&edits, now()).unwrap()).await;
        for order in ORDERS {
            assert_eq!(harness.list_ids(&any_viewer(), &in_categories(&["alcohol"]), order).await, []);
            assert_eq!(harness.list_ids(&any_viewer(), &in_categories(&["work"]), order).await, [post.id]);
            assert_eq!(harness.list_ids(&any_viewer(), &in_categories(&["work", "grief"]), order).await, [post.id]);
        }
    }
}
