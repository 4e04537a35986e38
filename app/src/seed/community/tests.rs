use std::collections::{BTreeMap, BTreeSet};

use kith_kernel::Category;

use super::*;

/// 2026-11-20T12:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_795_176_000_000);

fn sample() -> Community {
    generate(80, 2_000, 7, NOW)
}

#[test]
fn generation_is_deterministic_by_seed() {
    assert_eq!(generate(20, 100, 1, NOW), generate(20, 100, 1, NOW));
    assert_ne!(generate(20, 100, 1, NOW), generate(20, 100, 2, NOW));
}

#[test]
fn kinds_have_the_declared_shares() {
    let count = |kind| sample().posts.iter().filter(|post| post.kind == kind).count();
    for (kind, share) in SHARES {
        assert_eq!(count(kind), usize::try_from(share).unwrap() * 20, "{kind:?}");
    }
    assert_eq!(SHARES.iter().map(|(_, share)| share).sum::<u32>(), 100);
}

#[test]
fn generated_posts_are_valid() {
    for post in sample().posts {
        assert!((1..=5_000).contains(&post.text.chars().count()) && post.text == post.text.trim(), "{}", post.text);
        assert!(!post.text.contains("  "), "{}", post.text);
        assert!((1..=5).contains(&post.urgency));
        assert!(post.kind != Kind::Sos || post.urgency >= 4);
        assert!((1..=2).contains(&post.categories.len()) && post.tags.len() <= 3);
        assert!(post.categories.iter().all(|slug| slug.parse::<Category>().is_ok()), "{:?}", post.categories);
    }
}

#[test]
fn handles_are_valid_and_unique() {
    let members = generate(3_000, 0, 3, NOW).members;
    let handles: BTreeSet<_> = members.iter().map(|member| &member.handle).collect();
    assert_eq!(handles.len(), members.len());
    for handle in handles {
        assert!((3..=30).contains(&handle.len()), "{handle}");
        assert!(handle.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_'), "{handle}");
    }
}

#[test]
fn content_is_ordered_and_within_the_last_month() {
    let community = sample();
    let month = NOW.before(Duration::from_hours(24 * (PERIOD_DAYS + 1)));
    assert!(community.posts.is_sorted_by_key(|post| post.created_at));
    for post in &community.posts {
        assert!(post.created_at > month && post.created_at <= NOW);
        assert!(community.members[post.author].joined_at < post.created_at);
        assert!(post.responses.is_sorted_by_key(|response| response.created_at));
        for response in &post.responses {
            assert!(
                response.created_at > post.created_at && response.created_at <= NOW && response.author != post.author
            );
        }
    }
}

#[test]
fn evenings_have_more_posts_than_nights() {
    let hours =
        sample().posts.into_iter().filter(|post| post.kind != Kind::Sos).fold(BTreeMap::new(), |mut hours, post| {
            *hours.entry(post.created_at.millis().rem_euclid(86_400_000) / 3_600_000).or_insert(0) += 1;
            hours
        });
    let of = |range: std::ops::Range<i64>| range.map(|hour| hours.get(&hour).copied().unwrap_or(0)).sum::<i32>();
    assert!(of(18..22) > 3 * of(2..6), "{hours:?}");
}

#[test]
fn texts_are_varied() {
    let posts = sample().posts;
    let texts: BTreeSet<_> = posts.iter().map(|post| &post.text).collect();
    assert!(texts.len() * 100 > posts.len() * 99, "{} of {}", texts.len(), posts.len());
}

#[test]
fn every_kind_has_enough_distinct_fragments() {
    let Library { sos, check_in, victory, question, response } = Library::load();
    for words in [sos, check_in, victory, question, response] {
        for (part, least) in [(&words.openings, 60), (&words.middles, 60), (&words.endings, 40)] {
            assert!(part.len() >= least, "{part:?}");
            assert_eq!(part.iter().collect::<BTreeSet<_>>().len(), part.len());
            assert!(part.iter().all(|text| text.ends_with(['.', '?'])), "{part:?}");
        }
    }
}

#[test]
fn every_category_has_a_topic() {
    let topics: BTreeSet<_> = TOPICS.iter().map(|topic| topic.slug).collect();
    assert_eq!(topics, Category::ALL.iter().map(|category| category.slug()).collect());
}

#[test]
fn small_communities_are_supported() {
    assert!(generate(0, 10, 1, NOW).posts.is_empty());
    let alone = generate(1, 10, 1, NOW);
    assert!(alone.posts.len() == 10 && alone.posts.iter().all(|post| post.responses.is_empty()));
}
