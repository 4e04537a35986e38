//! Full-text search.

use super::*;

#[kith_testkit::contract(sqlite, mongo)]
mod contract {
    use super::*;

    async fn a_search_matches_all_words_in_body_and_tags_by_prefix_and_without_accents(harness: &Harness) {
        let tags = Tags::new(["Día uno"]).unwrap();
        let post =
            post_of(&member(), now(), PostContentParts { tags, ..parts(Kind::Question, 1, "The café was closing") });
        harness.insert(&post).await;
        for found in ["cafe", "CAFÉ closing", "clos", "café clo", "dia", "uno the", "was AND"] {
            let expected: &[PostId] = if found == "was AND" { &[] } else { &[post.id] };
            assert_eq!(harness.search_ids(&any_viewer(), found).await, expected, "{found}");
        }
        for missed in ["clos cafe", "cafe bar", "afé"] {
            assert_eq!(harness.search_ids(&any_viewer(), missed).await, [], "{missed}");
        }
    }

    async fn single_letters_and_query_operators_are_accepted(harness: &Harness) {
        let post = post_of(&member(), now(), parts(Kind::Question, 1, "nothing but an evening"));
        harness.insert(&post).await;
        let letters = (0..=u32::from(char::MAX)).step_by(61).filter_map(char::from_u32).filter(|c| c.is_alphanumeric());
        let operators = ["NEAR(a b)", "a:b", "{a} : -b", "a* ^b", "'a' + b"];
        for query in letters.map(String::from).chain(operators.map(String::from)) {
            harness.search_ids(&any_viewer(), &query).await;
        }
        assert_eq!(harness.search_ids(&any_viewer(), &"an ".repeat(66)).await, [post.id]);
    }

    async fn a_search_accepts_any_input(harness: &Harness) {
        search_arbitrary_text(harness).await;
    }

    async fn a_search_reflects_every_change(harness: &Harness) {
        let post = post_of(&member(), now(), parts(Kind::Question, 1, "before"));
        harness.insert(&post).await;
        let edits = [Edit::Body(Body::new("afterwards").unwrap())];
        let edited = harness.replace(post.edited(&edits, now()).unwrap()).await;
        assert_eq!(harness.search_ids(&any_viewer(), "before").await, []);
        assert_eq!(harness.search_ids(&any_viewer(), "afterwards").await, [post.id]);
        let deleted_post = harness.replace(edited.deleted(NOW)).await;
        let back = harness.replace(deleted_post.restored()).await;
        assert_eq!(harness.search_ids(&any_viewer(), "afterwards").await, [post.id]);
        harness.replace(back.deleted(NOW)).await;
        assert_eq!(harness.store.purge(NOW, 10).await.unwrap(), 1);
        assert_eq!(harness.search_ids(&any_viewer(), "afterwards").await, []);
    }

    async fn pages_of_a_search_contain_each_post_once_newest_first(harness: &Harness) {
        let mut written = Vec::new();
        for millis in 0..5 {
            let post = post_by(&member(), NOW.after(Duration::from_millis(millis)));
            harness.insert(&post).await;
            written.insert(0, post.id);
        }
        let (viewer, query, filter) = (any_viewer(), SearchQuery::new("evening").unwrap(), Filter::default());
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page_query = PageQuery { filter: &filter, order: Order::Latest, after, limit: 2 };
            let page = harness.store.search(&viewer, &query, &page_query).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.cursor);
            found.extend(ids(&page));
            harness.replace(deleted_now(&last.post)).await;
            harness.insert(&post()).await;
        }
        assert_eq!(found, written);
    }
}

/// Searches for arbitrary text and for text that resembles query syntax.
async fn search_arbitrary_text(harness: &Harness) {
    harness.insert(&post()).await;
    let author: Actor = member();
    let mut runner =
        TestRunner::new(Config { cases: kith_testkit::cases(512), failure_persistence: None, ..Config::default() });
    let syntax = "[a-z0-9 \"'*^+:(){}.,\\-\\\\\\x00-\\x20]{0,24}( (AND|OR|NOT|NEAR) ?[a-z\"(*^:]{0,4}){0,3}";
    let texts = proptest::prop_oneof![any::<String>(), syntax];
    for _ in 0..512 {
        let text = texts.new_tree(&mut runner).unwrap().current();
        let Ok(query) = SearchQuery::new(&text) else { continue };
        let filter = Filter::default();
        let page_query = PageQuery { filter: &filter, order: Order::Latest, after: None, limit: 10 };
        let found = harness.store.search(&viewer(author.user, now()), &query, &page_query).await;
        assert!(found.is_ok(), "{text:?}: {found:?}");
    }
}
